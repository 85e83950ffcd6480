/* Loops over time, functions as systems and environments while allocations fail. */
#include <string.h>

#include "faulty.h"
#include "support/support.h"

enum { N = 4, T = 6, B = 2 };

typedef struct model {
    eg_system *net, *E, *f, *loop, *rows, *plain;
    eg_over_time times;
    bool set;
} model;

static eg_val run_group(void *user, eg_system *self, eg_shared s, eg_val x)
{
    (void)self;
    return eg_update((eg_system *)user, s, x);
}

static void build(eg_context *eg, model *m)
{
    static const char *const V[] = {"E.V"};
    if (!m->set) m->set = !eg_set_environment(eg, &(eg_environment){.dt = 0.5, .x64 = EG_X64_OFF});
    if (!m->net) m->net = eg_network(eg, NULL, NULL);
    if (!m->E) m->E = eg_leaky_integrator(m->net, "E", N, NULL);
    if (!m->f) m->f = eg_to_dynsys(m->net, "f", run_group, m->E, 1, &m->E);
    if (m->E) ck_assert_ptr_eq(eg_system_parent(m->E), m->f ? m->f : m->net); /* all or nothing */
    eg_loop_over_time_options o = {.num_out_vars = 1, .out_vars = V};
    if (!m->loop) m->loop = eg_loop_over_time(m->f, NULL, &o);
    o.no_state = true;
    if (!m->rows) m->rows = eg_loop_over_time(m->f, NULL, &o);
    if (!m->plain) m->plain = eg_no_shared_arg(m->E, NULL);
    if (!m->times.i) m->times = eg_shared_over_time(m->net, &(eg_over_time_options){.steps = T});
}

static bool call(eg_context *eg, eg_system *loop, eg_spec spec, const float *x, outcome *o)
{
    if (!faulty_run(eg, NULL, eg_loop_run(loop, spec, x, NULL))) return false;
    eg_history h = eg_loop_history(loop, "E.V");
    size_t num = 1;
    for (int k = 0; k < h.spec.rank; k++) num *= (size_t)h.spec.dim[k];
    if (!h.data) return false;
    outcome_add(o, h.data, num * sizeof(float));
    return true;
}

static bool attempt(eg_context *eg, void *made, outcome *o)
{
    static float x[B * T * N];
    model *m = made;
    for (int k = 0; k < B * T * N; k++) x[k] = (float)k;
    build(eg, m);
    if (eg_error(eg)) return false;
    eg_reset_state(m->net, NULL); /* a try that was lost may have run */
    if (eg_set_mode(m->net, EG_NONBATCHING, 0) || !call(eg, m->loop, eg_matrix(EG_F32, T, N), x, o)) return false;
    eg_spec batch = {EG_F32, 3, {B, T, N}};
    if (eg_set_mode(m->net, EG_BATCHING, 0) || !call(eg, m->rows, batch, x, o)) return false;
    outcome_add(o, eg_array_data(m->times.t), T * sizeof(float));
    return !eg_error(eg);
}

START_TEST(loops_are_made_and_called) { faulty_check(&(scenario){"loops", attempt, sizeof(model), .most = 700}, 3); }
END_TEST

int main(void)
{
    Suite *s = suite_create("loops");
    TCase *t = tcase_create("loops");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, loops_are_made_and_called);
    suite_add_tcase(s, t);
    return test_run(s);
}
