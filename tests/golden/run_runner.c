/* Kind `runner`: input forms, monitors, continued runs. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "neurons.h"

enum { MOST = 8 };

/* A function of the start of the step, added by the inputs' rules or by itself. */
typedef struct wave {
    const char *function;
    double offset, amplitude, omega, slope;
} wave;

static eg_val wave_at(void *user, eg_system *target, eg_shared s)
{
    const wave *w = user;
    (void)target;
    if (!strcmp(w->function, "sine")) return eg_add(w->offset, eg_mul(w->amplitude, eg_sin(eg_mul(w->omega, s.t))));
    return eg_add(w->offset, eg_mul(w->slope, s.t));
}

static void add_wave(void *user, eg_system *target, eg_shared s)
{
    eg_accumulate(target, "N.input", wave_at(user, target, s));
}

static double number_of(const json_t *map, const char *name)
{
    return json_number_value(json_object_get(json_object_get(map, "params"), name));
}

static wave wave_of(golden *g, const json_t *in)
{
    const char *name = json_string_value(json_object_get(in, "function"));
    if (!name || (strcmp(name, "sine") != 0 && strcmp(name, "line") != 0))
        golden_unsupported(g, "function", name ? name : "none");
    return (wave){name ? name : "", number_of(in, "offset"), number_of(in, "amplitude"), number_of(in, "omega"),
                  number_of(in, "slope")};
}

static eg_array *rows_of(golden *g, const json_t *in)
{
    const char *name = json_string_value(json_object_get(in, "array"));
    const golden_array *a = name ? golden_array_named(g, name) : NULL;
    if (!a) return NULL;
    eg_spec spec = {.dtype = EG_F64, .rank = a->rank};
    for (int k = 0; k < a->rank && k < EG_MAX_RANK; k++) spec.dim[k] = a->dim[k];
    return eg_array_new(g->eg, spec, a->data);
}

static eg_input_op op_of(golden *g, const json_t *in)
{
    static const char names[] = "+-*/=";
    const char *op = json_string_value(json_object_get(in, "op")), *at = op && *op ? strchr(names, *op) : NULL;
    if (!at) golden_unsupported(g, "op", op ? op : "none");
    return at ? (eg_input_op)(at - names) : EG_INPUT_ADD;
}

/* Puts the case's inputs into the options; waves live as long as the run. */
static void inputs_of(golden *g, eg_dsrunner_options *o, eg_input *in, wave *waves)
{
    const json_t *list = json_object_get(g->run, "inputs");
    size_t n = json_array_size(list);
    if (n > MOST) golden_fail(g, "too many inputs");
    for (size_t k = 0; k < n && !*g->why; k++) {
        const json_t *from = json_array_get(list, k);
        const char *type = json_string_value(json_object_get(from, "type"));
        eg_input i = {.variable = "N.input", .op = op_of(g, from)};
        if (!type) type = "none";
        if (!strcmp(type, "fix")) {
            i.value = json_number_value(json_object_get(from, "value"));
        } else if (!strcmp(type, "iter")) {
            i.kind = EG_INPUT_ITER;
            i.array = rows_of(g, from);
        } else if (!strcmp(type, "func") || !strcmp(type, "callable")) {
            waves[k] = wave_of(g, from);
            i.kind = EG_INPUT_FUNC;
            i.fn = wave_at;
            i.user = &waves[k];
        } else {
            golden_unsupported(g, "type", type);
        }
        if (!strcmp(type, "callable")) {
            o->inputs_fn = add_wave;
            o->inputs_user = &waves[k];
        } else {
            in[o->num_inputs++] = i;
        }
    }
    o->inputs = in;
}

/* -- monitors ------------------------------------------------------------------------------------------------------ */

static eg_val sum_of(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    (void)s;
    return eg_sum(eg_value(target, "N.V"));
}

static eg_val end_of(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    (void)target;
    return s.t;
}

static eg_val step_of(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    (void)target;
    return s.i;
}

static eg_val spike_of(void *user, eg_system *target, eg_shared s)
{
    (void)s;
    return eg_gather(eg_value(target, "N.spike"), eg_int(*(const int64_t *)user), 0);
}

static void check_history(golden *g, const char *result, eg_history h)
{
    int64_t n = 1;
    for (int k = 0; k < h.spec.rank; k++) n *= h.spec.dim[k];
    double *x = calloc((size_t)(n > 0 ? n : 0) + 1, sizeof *x);
    for (int64_t k = 0; x && h.data && k < n; k++) {
        x[k] = h.spec.dtype == EG_F64   ? ((const double *)h.data)[k]
               : h.spec.dtype == EG_I64 ? (double)((const int64_t *)h.data)[k]
                                        : ((const uint8_t *)h.data)[k];
    }
    if (h.data && x)
        golden_check(g, result, x, n);
    else
        golden_fail(g, "%s: %s", result, eg_message(g->eg));
    free(x);
}

typedef struct scene {
    eg_system *net, *run;
    eg_input in[MOST];
    wave waves[MOST];
    eg_monitor see[MOST];
    int64_t index, indices[MOST];
} scene;

static bool build(golden *g, scene *s, int num_monitors)
{
    const golden_array *V = golden_input_array(g, "init", "V");
    if (!V) return false;
    s->net = eg_network(g->eg, NULL, &(eg_network_options){.dt = golden_number(g, "dt"), .dtype = EG_F64});
    eg_system *group = golden_group(g, s->net, "N", V->num, golden_name(g, "model"), "params");
    if (!group || *g->why) return false;
    golden_start(g, group, "V", V);
    eg_dsrunner_options o = {.num_monitors = num_monitors, .monitors = s->see};
    inputs_of(g, &o, s->in, s->waves);
    s->run = *g->why ? NULL : eg_dsrunner(s->net, NULL, &o);
    if (!s->run && !*g->why) golden_fail(g, "%s", eg_message(g->eg));
    return s->run != NULL;
}

static void run_for(golden *g, scene *s, double duration)
{
    if (eg_run(s->run, duration, NULL)) golden_fail(g, "%s", eg_message(g->eg));
}

static double steps_time(golden *g) { return golden_number(g, "steps") * golden_number(g, "dt"); }

static void inputs(golden *g)
{
    scene s = {.see = {{.key = "input", .variable = "N.input"}, {.key = "V", .variable = "N.V"}}};
    if (!build(g, &s, 2)) return;
    run_for(g, &s, steps_time(g));
    check_history(g, "input", eg_history_of(s.run, "input"));
    check_history(g, "V", eg_history_of(s.run, "V"));
    check_history(g, "ts", eg_times_of(s.run, NULL));
}

static void monitors(golden *g)
{
    static const char *const keys[] = {"V", "spike", "V_index", "V_indices", "sum_V", "t_end", "i", "spike_index"};
    const json_t *list = json_object_get(g->run, "indices");
    scene s = {.index = (int64_t)golden_number(g, "index")};
    size_t n = json_array_size(list);
    for (size_t k = 0; k < n && k < MOST; k++) s.indices[k] = json_integer_value(json_array_get(list, k));
    const eg_monitor see[] = {{.variable = "N.V"},
                              {.variable = "N.spike"},
                              {.variable = "N.V", .indices = &s.index, .num_indices = 1},
                              {.variable = "N.V", .indices = s.indices, .num_indices = (int64_t)n},
                              {.fn = sum_of},
                              {.fn = end_of},
                              {.fn = step_of},
                              {.fn = spike_of, .user = &s.index}};
    for (int k = 0; k < MOST; k++) {
        s.see[k] = see[k];
        s.see[k].key = keys[k];
    }
    if (!build(g, &s, MOST)) return;
    run_for(g, &s, steps_time(g));
    for (int k = 0; k < MOST; k++) check_history(g, keys[k], eg_history_of(s.run, keys[k]));
}

static void continued(golden *g)
{
    scene s = {.see = {{.key = "V", .variable = "N.V"}}};
    const json_t *durations = json_object_get(g->run, "durations");
    if (!build(g, &s, 1)) return;
    for (size_t k = 0; k < json_array_size(durations); k++) {
        char result[32];
        run_for(g, &s, json_number_value(json_array_get(durations, k)));
        snprintf(result, sizeof result, "V_run%zu", k + 1);
        check_history(g, result, eg_history_of(s.run, "V"));
        snprintf(result, sizeof result, "ts_run%zu", k + 1);
        check_history(g, result, eg_times_of(s.run, NULL));
    }
}

void golden_runner(golden *g)
{
    const char *scenario = golden_name(g, "scenario");
    if (!strncmp(scenario, "inputs_", 7))
        inputs(g);
    else if (!strcmp(scenario, "monitors"))
        monitors(g);
    else if (!strcmp(scenario, "continued"))
        continued(g);
    else
        golden_unsupported(g, "scenario", scenario);
}
