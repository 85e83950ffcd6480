/* Kind `runner`: inputs, monitors and continued runs of a DSRunner. */
#include <string.h>

#include "golden.h"
#include "neurons.h"

enum { MOST = 8 };

/* An input that the case describes: its function of time, traced. */
typedef struct function {
    const char *name;
    double offset, amplitude, omega, slope;
} function;

static eg_val value_at(const function *f, eg_val t)
{
    if (!strcmp(f->name, "sine")) return eg_add(f->offset, eg_mul(f->amplitude, eg_sin(eg_mul(f->omega, t))));
    return eg_add(f->offset, eg_mul(f->slope, t));
}

static eg_val traced(void *user, eg_system *target, eg_shared s)
{
    (void)target;
    return value_at(user, s.t);
}

static void added(void *user, eg_system *target, eg_shared s)
{
    const function *f = user;
    if (f->name) eg_accumulate(target, "N.input", value_at(f, s.t));
}

typedef struct scene {
    golden *g;
    eg_system *net, *group;
    int64_t num;
    double dt;
    eg_input inputs[MOST];
    function functions[MOST], callable;
    int num_inputs;
} scene;

static double number(const json_t *of, const char *key) { return json_number_value(json_object_get(of, key)); }

static eg_array *array_of(golden *g, const char *name)
{
    golden named = *g;
    json_t *run = json_object();
    json_object_set_new(run, "a", json_string(name));
    named.run = run;
    const golden_array *a = golden_input_array(&named, "a", NULL);
    g->loaded = named.loaded;
    json_decref(run);
    if (!a) {
        golden_fail(g, "%s", named.why);
        return NULL;
    }
    eg_spec s = {.dtype = EG_F64, .rank = a->rank};
    for (int k = 0; k < a->rank; k++) s.dim[k] = a->dim[k];
    return eg_array_new(g->eg, s, a->data);
}

static void read_function(function *f, const json_t *e)
{
    const json_t *p = json_object_get(e, "params");
    *f = (function){json_string_value(json_object_get(e, "function")), number(p, "offset"), number(p, "amplitude"),
                    number(p, "omega"), number(p, "slope")};
}

static void read_input(scene *s, const json_t *e)
{
    static const char ops[] = "+-*/=";
    const char *type = json_string_value(json_object_get(e, "type")), *op = json_string_value(json_object_get(e, "op"));
    const char *at = op && *op ? strchr(ops, *op) : NULL;
    if (!type || !at || s->num_inputs == MOST) {
        golden_fail(s->g, "an input without type or op, or more than %d", MOST);
        return;
    }
    if (!strcmp(type, "callable")) {
        read_function(&s->callable, e);
        return;
    }
    int k = s->num_inputs++;
    eg_input *in = &s->inputs[k];
    *in = (eg_input){.variable = "N.input", .op = (eg_input_op)(at - ops), .value = number(e, "value")};
    if (!strcmp(type, "iter")) {
        in->kind = EG_INPUT_ITER;
        in->array = array_of(s->g, json_string_value(json_object_get(e, "array")));
    } else if (!strcmp(type, "func")) {
        read_function(&s->functions[k], e);
        in->kind = EG_INPUT_FUNC;
        in->fn = traced;
        in->user = &s->functions[k];
    } else if (strcmp(type, "fix") != 0) {
        golden_unsupported(s->g, "input type", type);
    }
}

static bool build(scene *s)
{
    golden *g = s->g;
    const golden_array *V = golden_input_array(g, "init", "V");
    if (!V) return false;
    s->num = V->num;
    s->dt = golden_number(g, "dt");
    s->net = eg_network(g->eg, NULL, &(eg_network_options){.dt = s->dt, .dtype = EG_F64});
    s->group = golden_group(g, s->net, "N", s->num, golden_name(g, "model"), "params");
    if (!s->group) return false;
    golden_start(g, s->group, "V", V);
    const json_t *list = json_object_get(g->run, "inputs");
    for (size_t k = 0; k < json_array_size(list) && !*g->why; k++) read_input(s, json_array_get(list, k));
    return !*g->why;
}

static eg_system *runner_of(scene *s, const eg_monitor *monitors, int num)
{
    return eg_dsrunner(s->net, NULL,
                       &(eg_dsrunner_options){.num_monitors = num,
                                              .monitors = monitors,
                                              .num_inputs = s->num_inputs,
                                              .inputs = s->inputs,
                                              .inputs_fn = added,
                                              .inputs_user = &s->callable});
}

/* -- scenarios ----------------------------------------------------------------------------------------------------- */

static void inputs(scene *s)
{
    eg_monitor see[] = {{.variable = "N.V"}, {.variable = "N.input"}};
    eg_system *r = runner_of(s, see, 2);
    eg_run(r, golden_number(s->g, "steps") * s->dt, NULL);
    golden_check_history(s->g, "V", eg_history_of(r, "N.V"));
    golden_check_history(s->g, "input", eg_history_of(r, "N.input"));
    golden_check_history(s->g, "ts", eg_times_of(r, NULL));
}

static eg_val sum_V(void *user, eg_system *target, eg_shared sh)
{
    (void)user;
    (void)sh;
    return eg_sum(eg_value(target, "N.V"));
}
static eg_val t_end(void *user, eg_system *target, eg_shared sh) { return (void)user, (void)target, sh.t; }
static eg_val step(void *user, eg_system *target, eg_shared sh) { return (void)user, (void)target, sh.i; }
static eg_val one_spike(void *user, eg_system *target, eg_shared sh)
{
    (void)sh;
    return eg_row(eg_value(target, "N.spike"), *(int64_t *)user);
}

static void monitors(scene *s)
{
    golden *g = s->g;
    int64_t index = (int64_t)golden_number(g, "index"), indices[MOST], num = 0;
    const json_t *list = json_object_get(g->run, "indices");
    for (; num < (int64_t)json_array_size(list) && num < MOST; num++)
        indices[num] = (int64_t)json_number_value(json_array_get(list, (size_t)num));
    eg_monitor see[] = {{.variable = "N.V"},
                        {.variable = "N.spike"},
                        {.key = "V_index", .variable = "N.V", .indices = &index, .num_indices = 1},
                        {.key = "V_indices", .variable = "N.V", .indices = indices, .num_indices = num},
                        {.key = "sum_V", .fn = sum_V},
                        {.key = "t_end", .fn = t_end},
                        {.key = "i", .fn = step},
                        {.key = "spike_index", .fn = one_spike, .user = &index}};
    eg_system *r = runner_of(s, see, 8);
    eg_run(r, golden_number(g, "steps") * s->dt, NULL);
    golden_check_history(g, "V", eg_history_of(r, "N.V"));
    golden_check_history(g, "spike", eg_history_of(r, "N.spike"));
    for (int k = 2; k < 8; k++) golden_check_history(g, see[k].key, eg_history_of(r, see[k].key));
}

static void continued(scene *s)
{
    static const char *const V[] = {"V_run1", "V_run2"}, *const ts[] = {"ts_run1", "ts_run2"};
    eg_monitor see[] = {{.variable = "N.V"}};
    eg_system *r = runner_of(s, see, 1);
    const json_t *durations = json_object_get(s->g->run, "durations");
    for (int k = 0; k < 2; k++) {
        eg_run(r, json_number_value(json_array_get(durations, (size_t)k)), NULL);
        golden_check_history(s->g, V[k], eg_history_of(r, "N.V"));
        golden_check_history(s->g, ts[k], eg_times_of(r, "N.V"));
    }
}

void golden_runner(golden *g)
{
    static const struct {
        const char *name;
        void (*run)(scene *s);
    } scenarios[] = {{"inputs_fix", inputs},      {"inputs_iter", inputs},  {"inputs_func", inputs},
                     {"inputs_callable", inputs}, {"inputs_mixed", inputs}, {"monitors", monitors},
                     {"continued", continued}};
    const char *name = golden_name(g, "scenario");
    if (golden_loop(g, name)) return;
    for (size_t k = 0; k < sizeof scenarios / sizeof *scenarios; k++) {
        if (strcmp(name, scenarios[k].name) != 0) continue;
        scene s = {.g = g};
        if (build(&s)) scenarios[k].run(&s);
        return;
    }
    golden_unsupported(g, "scenario", name);
}
