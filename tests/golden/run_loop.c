/* Kind `runner`, systems around systems: batches over time, loops, systems without shared arguments, functions. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "layers.h"
#include "neurons.h"

static eg_spec spec_of(const golden_array *a)
{
    eg_spec s = {.dtype = EG_F64, .rank = a->rank};
    for (int k = 0; k < a->rank && k < EG_MAX_RANK; k++) s.dim[k] = a->dim[k];
    return s;
}

static eg_system *network(golden *g, eg_mode mode, double dt)
{
    eg_system *net = eg_network(g->eg, NULL, &(eg_network_options){.dt = dt, .dtype = EG_F64});
    eg_set_mode(net, mode, 0);
    return net;
}

static void layout(golden *g)
{
    bool batch_first = !strcmp(golden_name(g, "data_first_axis"), "B");
    eg_system *net = network(g, EG_BATCHING, 0), *cell = golden_cell(g, net, golden_name(g, "layer"));
    const golden_array *x = golden_input_array(g, "args", "x");
    if (!x || !cell) return;
    eg_data_axis axis = batch_first ? EG_BATCH_FIRST : EG_TIME_FIRST;
    eg_monitor see[] = {{.variable = "state"}};
    eg_dsrunner_options o = {.num_monitors = 1, .monitors = see, .data_first_axis = axis};
    eg_system *r = eg_dsrunner(cell, NULL, &o);
    eg_run_inputs(r, spec_of(x), x->data, NULL);
    golden_check_history(g, "y", eg_output_of(r, 0));
    golden_check_history(g, "state", eg_history_of(r, "state"));
    eg_reset_state(cell, NULL);
    static const char *const out_vars[] = {"state"};
    eg_loop_over_time_options l = {.num_out_vars = 1, .out_vars = out_vars, .data_first_axis = axis};
    eg_system *loop = eg_loop_over_time(cell, NULL, &l);
    eg_loop_run(loop, spec_of(x), x->data, NULL);
    golden_check_history(g, "loop_y", eg_loop_output(loop, 0));
    golden_check_history(g, "loop_state", eg_loop_history(loop, "state"));
}

/* With its first two axes swapped; of the caller's to free. */
static double *swapped(const golden_array *x)
{
    int64_t a = x->dim[0], b = x->dim[1], row = x->num / (a * b);
    double *to = malloc((size_t)(x->num + 1) * sizeof *to);
    for (int64_t i = 0; to && i < a * b; i++)
        memcpy(to + (i % b * a + i / b) * row, x->data + i * row, (size_t)row * sizeof *to);
    return to;
}

static void check_first(golden *g, eg_system *layer, const golden_array *x)
{
    eg_spec batch = eg_matrix(EG_F64, x->dim[1], x->dim[2]);
    eg_func *f = eg_system_function(eg_no_shared_arg(layer, NULL), batch);
    int64_t n = x->dim[1] * (int64_t)golden_number(g, "num_out");
    double *y = calloc((size_t)n + 1, sizeof *y);
    if (f) eg_call(f, NULL, (const void *[]){x->data}, (void *[]){y}, NULL);
    eg_history h = {.spec = eg_vector(EG_F64, n), .data = y};
    golden_check_history(g, "y0", h);
    free(y);
}

static void no_shared_arg(golden *g)
{
    eg_system *net = network(g, EG_BATCHING, 0), *layer = golden_cell(g, net, golden_name(g, "layer"));
    const golden_array *x = golden_input_array(g, "args", "x");
    if (!x || !layer) return;
    check_first(g, layer, x);
    eg_system *by_time = eg_loop_over_time(
        layer, NULL, &(eg_loop_over_time_options){.no_state = true, .data_first_axis = EG_TIME_FIRST});
    eg_system *by_batch = eg_loop_over_time(layer, NULL, &(eg_loop_over_time_options){.no_state = true});
    eg_loop_run(by_time, spec_of(x), x->data, NULL);
    golden_check_history(g, "y_T", eg_loop_output(by_time, 0));
    double *other = swapped(x);
    eg_spec s = spec_of(x);
    s.dim[0] = x->dim[1];
    s.dim[1] = x->dim[0];
    eg_loop_run(by_batch, s, other, NULL);
    golden_check_history(g, "y_B", eg_loop_output(by_batch, 0));
    free(other);
}

/* A group "N" with the case's model, parameters and initial states. */
static eg_system *group(golden *g)
{
    const golden_array *V = golden_input_array(g, "init", "V");
    eg_system *net = network(g, EG_NONBATCHING, golden_number(g, "dt"));
    eg_system *s = V ? golden_group(g, net, "N", V->num, golden_name(g, "model"), "params") : NULL;
    const char *state;
    json_t *name;
    if (!s) return NULL;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(g->run, "init"), state, name)
    {
        golden_start(g, s, state, golden_input_array(g, "init", state));
    }
    return s;
}

static void loop_duration(golden *g)
{
    static const char *const V[] = {"V"}, *const results[] = {"V_first", "V_second"};
    eg_system *s = group(g);
    if (!s) return;
    eg_loop_over_time_options o = {.num_out_vars = 1, .out_vars = V, .t0 = golden_number(g, "t0")};
    eg_system *loop = eg_loop_over_time(s, NULL, &o);
    for (int k = 0; k < 2; k++) {
        eg_loop_run_until(loop, golden_number(g, "end"), NULL);
        golden_check_history(g, results[k], eg_loop_history(loop, "V"));
    }
}

typedef struct fed {
    eg_system *group;
    const char *to;
} fed;

static eg_val run_group(void *user, eg_system *self, eg_shared s, eg_val x)
{
    const fed *f = user;
    (void)self;
    eg_accumulate(f->group, f->to, x);
    return eg_update(f->group, s, eg_no_input());
}

static void to_dynsys(golden *g)
{
    eg_system *s = group(g);
    const golden_array *x = golden_input_array(g, "input", NULL);
    if (!s || !x) return;
    fed to = {s, golden_input_of(golden_name(g, "model"))};
    eg_system *f = eg_to_dynsys(eg_system_parent(s), NULL, run_group, &to, 1, &s);
    eg_monitor see[] = {{.variable = "N.V"}};
    eg_system *r = eg_dsrunner(f, NULL, &(eg_dsrunner_options){.num_monitors = 1, .monitors = see});
    eg_run_inputs(r, spec_of(x), x->data, NULL);
    golden_check_history(g, "V", eg_history_of(r, "N.V"));
}

bool golden_loop(golden *g, const char *scenario)
{
    static const struct {
        const char *name;
        void (*run)(golden *g);
    } scenarios[] = {{"layout", layout},
                     {"no_shared_arg", no_shared_arg},
                     {"loop_duration", loop_duration},
                     {"to_dynsys", to_dynsys}};
    for (size_t k = 0; k < sizeof scenarios / sizeof *scenarios; k++) {
        if (strcmp(scenario, scenarios[k].name) != 0) continue;
        scenarios[k].run(g);
        return true;
    }
    return false;
}
