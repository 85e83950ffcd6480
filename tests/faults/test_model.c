/* Networks and connections, built and simulated while allocations fail. */
#include <string.h>

#include "faulty.h"
#include "support/support.h"

/* -- a network ---------------------------------------------------------------------------------------------------- */

enum { NUM_E = 40, NUM_I = 10, STEPS = 30 };

typedef struct model {
    eg_system *net, *E, *I, *drive, *spikes;
    eg_csr *to_E, *to_I;
    eg_system *exc, *inh;
    eg_var *V[2]; /* what is recorded */
} model;

static void build(eg_context *eg, model *m)
{
    if (!m->net) m->net = eg_network(eg, NULL, NULL);
    eg_lif_params cell = eg_lif_defaults();
    cell.tau_ref = 0.3;
    cell.V_init = eg_init_uniform(0, 19);
    if (!m->E) m->E = eg_lif(m->net, "E", NUM_E, &cell);
    if (!m->I) m->I = eg_lif(m->net, "I", NUM_I, NULL);
    if (!m->drive) m->drive = eg_current(m->net, NULL, m->E, 60);
    eg_fixed_prob_options p = {.prob = 0.2, .seed = 7};
    if (!m->to_I) m->to_I = eg_fixed_prob(eg, NUM_E, NUM_I, &p);
    if (!m->to_E) m->to_E = eg_fixed_prob(eg, NUM_I, NUM_E, &p);
    eg_exp_synapse_params exc = eg_exp_synapse_defaults();
    exc.g_max = 9;
    exc.delay_step.steps = 2; /* makes a line of spikes besides */
    if (!m->exc) m->exc = eg_exp_synapse(m->net, NULL, m->E, m->I, m->to_I, &exc);
    if (!m->inh) m->inh = eg_delta_synapse(m->net, "I2E", m->I, m->E, m->to_E, NULL);
    if (!m->spikes) m->spikes = eg_spike_counter(m->net, "spikes", m->E);
    if (!m->V[0]) m->V[0] = eg_system_variable(m->net, "E.V");
    if (!m->V[1]) m->V[1] = eg_system_variable(m->net, "I.V");
}

static bool simulate(eg_context *eg, model *m, outcome *o, int threads)
{
    static float rows_E[STEPS][NUM_E], rows_I[STEPS][NUM_I];
    build(eg, m);
    if (eg_error(eg)) return false;
    eg_run_options run = {.threads = threads, .interpret = threads == 0};
    eg_simulate_options record = {.num_record = 2, .record = m->V, .out = (void *[]){rows_E, rows_I}, .run = &run};
    eg_var *step = eg_system_variable(m->net, "step");
    const int64_t *steps = eg_data(NULL, step);
    if (!steps) return false;
    if (*steps == 0 && !faulty_run(eg, NULL, eg_simulate(m->net, STEPS, &record))) {
        ck_assert_msg(!(steps = eg_data(NULL, step)) || *steps == 0, "half a run: %d steps", (int)*steps);
        return false;
    }
    steps = eg_data(NULL, step);
    ck_assert(steps && *steps == STEPS);
    int64_t count = eg_spike_count(m->spikes, NULL);
    if (count < 0) return false;
    ck_assert_int_gt(count, 0);
    outcome_add(o, rows_E, sizeof rows_E);
    outcome_add(o, rows_I, sizeof rows_I);
    ck_assert(rows_I[STEPS - 1][0] > 0 || rows_I[STEPS - 1][1] > 0); /* spikes of E have arrived */
    outcome_add(o, &count, sizeof count);
    return true;
}

static bool interpreted(eg_context *eg, void *made, outcome *o) { return simulate(eg, made, o, 0); }
static bool compiled(eg_context *eg, void *made, outcome *o) { return simulate(eg, made, o, 1); }

START_TEST(a_network_is_built_and_simulated)
{
    faulty_check(&(scenario){"network", interpreted, sizeof(model), .most = 350}, 1);
}
END_TEST
START_TEST(a_network_is_compiled)
{
    faulty_check(&(scenario){"compiled", compiled, sizeof(model), .most = 400, .from = 200}, 29);
}
END_TEST

/* -- an equation: a trace within a trace, differentiated there ----------------------------------------------------- */

static bool equation(eg_context *eg, void *made, outcome *o)
{
    model *m = made;
    if (!m->net) m->net = eg_network(eg, NULL, NULL);
    if (!m->E) m->E = eg_exp_if(m->net, "E", 3, NULL);
    if (!m->V[0]) m->V[0] = eg_system_variable(m->net, "E.V");
    eg_var *step = m->net ? eg_system_variable(m->net, "step") : NULL;
    const int64_t *steps = step ? eg_data(NULL, step) : NULL;
    const eg_simulate_options how = {.run = &(eg_run_options){.interpret = true}};
    if (!steps || (*steps == 0 && !faulty_run(eg, NULL, eg_simulate(m->net, 5, &how)))) return false;
    float V[3];
    if (eg_read(m->V[0], V, sizeof V)) return false;
    ck_assert(V[0] > -65 && V[0] < -64);
    outcome_add(o, V, sizeof V);
    return true;
}

START_TEST(a_neuron_steps_by_its_equation)
{
    faulty_check(&(scenario){"equation", equation, sizeof(model), .most = 550}, 1);
}
END_TEST

/* -- gates that begin where the potential says, four equations together -------------------------------------------- */

static bool gates(eg_context *eg, void *made, outcome *o)
{
    model *m = made;
    eg_hh_params p = eg_hh_defaults();
    p.method = EG_METHOD_RK4;
    if (!m->net) m->net = eg_network(eg, NULL, NULL);
    if (!m->E) m->E = eg_hh(m->net, "E", 3, &p);
    if (!m->V[0]) m->V[0] = eg_system_variable(m->net, "E.n");
    eg_var *step = m->net ? eg_system_variable(m->net, "step") : NULL;
    const int64_t *steps = step ? eg_data(NULL, step) : NULL;
    const eg_simulate_options how = {.run = &(eg_run_options){.interpret = true}};
    if (!steps || (*steps == 0 && !faulty_run(eg, NULL, eg_simulate(m->net, 5, &how)))) return false;
    float n[3];
    if (eg_read(m->V[0], n, sizeof n)) return false;
    ck_assert(n[0] > 0.2f && n[0] < 0.5f);
    outcome_add(o, n, sizeof n);
    return true;
}

START_TEST(a_neuron_with_gates_begins_and_steps)
{
    faulty_check(&(scenario){"gates", gates, sizeof(model), .most = 550}, 1);
}
END_TEST

/* -- a class whose setup makes much -------------------------------------------------------------------------------- */

typedef struct busy {
    eg_var *V, *w, *Q;
    eg_system *inner;
    eg_delay *line;
} busy;

static const eg_class inner_class = {.name = "Inner"};

static void busy_setup(eg_system *self)
{
    busy *b = eg_self(self);
    b->V = eg_add_variable(self, "V", eg_floats(self), eg_init_normal(0, 1));
    b->inner = eg_system_new(self, "inner", &inner_class, 3, NULL);
    b->w = eg_add_variable(b->inner, "w", eg_floats(b->inner), eg_init_array((double[]){1, 2, 3}, 3));
    b->Q = eg_add_variable(b->inner, "Q", eg_matrix(EG_F32, 4, 3), eg_init_orthogonal(1));
    b->line = eg_delay_new(eg_system_context(self), "busy.line", eg_floats(self), 4);
    eg_set_shared(self, "gain", 2);
    eg_system_new(eg_system_parent(self), "beside", &inner_class, 1, NULL);
}

static const eg_class busy_class = {.name = "Busy", .size = sizeof(busy), .setup = busy_setup};

static bool parts(eg_context *eg, void *made, outcome *o)
{
    model *m = made;
    if (!m->net) m->net = eg_network(eg, NULL, NULL);
    if (!m->E) m->E = eg_system_new(m->net, "first", &inner_class, 1, NULL);
    if (!m->I) {
        m->I = eg_system_new(m->net, "busy", &busy_class, 5, NULL);
        /* All of it or nothing. */
        ck_assert(!eg_find_variable(eg, "busy.V") == !m->I && !eg_find_system(m->net, "busy.inner") == !m->I);
        ck_assert(!eg_find_system(m->net, "beside") == !m->I);
    }
    if (!m->drive) m->drive = eg_part(m->I, "part", 1, 3);
    if (!m->V[0]) m->V[0] = eg_system_variable(m->net, "busy.V");
    if (eg_error(eg)) return false;
    static const char *const names[] = {"first", "busy", "beside"};
    for (int k = 0; k < 3; k++) ck_assert_str_eq(eg_system_name(eg_system_child(m->net, k)), names[k]);
    ck_assert_ptr_null(eg_system_child(m->net, 3));
    ck_assert_int_eq(eg_num_variables(eg), 7);
    float V[5];
    double gain;
    if (eg_read(m->V[0], V, sizeof V) || eg_read(eg_find_variable(eg, "gain"), &gain, sizeof gain)) return false;
    outcome_add(o, V, sizeof V);
    outcome_add(o, &gain, sizeof gain);
    return true;
}

START_TEST(a_setup_that_fails_half_way_leaves_nothing)
{
    faulty_check(&(scenario){"setup", parts, sizeof(model), .most = 200}, 1);
}
END_TEST

START_TEST(names_are_free_again_after_a_wrong_parameter)
{
    eg_context *eg = eg_open(NULL);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_lif_params cell = eg_lif_defaults();
    cell.V_init = eg_init_array((double[]){1, 2}, 2); /* too few: found when V has been made */
    ck_assert_ptr_null(eg_lif(net, "E", 3, &cell));
    ck_assert_int_ne(eg_error(eg), EG_OK);
    eg_clear_error(eg);
    ck_assert_ptr_null(eg_find_variable(eg, "E.V"));
    cell.V_init = eg_init_array((double[]){1, 2, 3}, 3);
    eg_system *E = eg_lif(net, "E", 3, &cell);
    ck_assert_msg(E != NULL, "%s", eg_message(eg));
    ck_assert_msg(eg_simulate(net, 3, NULL) == EG_OK, "%s", eg_message(eg));
    const float *V = eg_data(NULL, eg_system_variable(E, "V"));
    ck_assert(V && V[2] > V[1] && V[1] > V[0]);
    eg_close(eg);
}
END_TEST

/* -- variables that were dropped ----------------------------------------------------------------------------------- */

static eg_val increment(void *user, eg_val x)
{
    eg_set(user, eg_add(eg_get(user), 1));
    return x;
}

START_TEST(dropped_variables_are_nothing_and_their_names_are_free)
{
    eg_context *eg = eg_open(NULL);
    eg_var *a = eg_variable(eg, "a", eg_vector(EG_F32, 3)), *b = eg_variable(eg, "b", eg_vector(EG_F32, 5));
    eg_state *s = eg_state_new(eg);
    float x[5] = {1, 2, 3, 4, 5};
    ck_assert_int_eq(eg_init(a, x, 12), EG_OK);
    ck_assert_int_eq(eg_init(b, x, 20), EG_OK);
    ck_assert_int_eq(eg_write(a, x + 2, 12), EG_OK);
    eg_drop_variables(eg, 1);
    ck_assert_int_eq(eg_num_variables(eg), 1);
    ck_assert_ptr_null(eg_find_variable(eg, "b"));
    ck_assert_ptr_null(eg_data(s, b));
    ck_assert_int_eq(eg_write(b, x, 20), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_read(b, x, 20), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_fill(b, 1), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_init_fill(b, 1), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_variable_spec(b).rank, -1);
    ck_assert_str_eq(eg_variable_name(b), "");
    eg_trace(eg, "uses b", increment, b, 0, NULL);
    eg_clear_error(eg);
    eg_var *c = eg_variable(eg, "b", eg_vector(EG_F32, 4)); /* where b was: but nothing of it is there */
    float *at = eg_data(s, c);
    ck_assert(at && at[0] == 0 && at[3] == 0);
    at = eg_data(NULL, a);
    ck_assert(at && at[0] == 3 && at[2] == 5);
    eg_func *f = eg_trace(eg, "uses c", increment, c, 0, NULL);
    eg_drop_variables(eg, 1); /* not while a function uses it */
    ck_assert_int_eq(eg_num_variables(eg), 2);
    ck_assert_int_eq(eg_call(f, s, NULL, NULL, NULL), EG_OK);
    eg_func_free(f);
    eg_drop_variables(eg, 1);
    ck_assert_int_eq(eg_num_variables(eg), 1);
    eg_drop_variables(eg, -1);
    eg_drop_variables(NULL, 0);
    ck_assert_int_eq(eg_num_variables(NULL), 0);
    eg_close(eg);
}
END_TEST

/* -- connections -------------------------------------------------------------------------------------------------- */

enum { CONNECTORS = 11 };

static eg_csr *connect(eg_context *eg, int k, eg_csr *const *made)
{
    static const bool matrix[12] = {1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 1};
    static const int32_t pre[] = {2, 0, 1, 2, 0}, post[] = {1, 3, 3, 0, 3};
    const eg_fixed_prob_options rule = {.prob = 0.3, .seed = 1, .pre_ratio = 0.5};
    const eg_fixed_prob_options pairs = {.prob = 0.01, .seed = 2, .bernoulli = true};
    const eg_fixed_prob_options multi = {.prob = 0.5, .seed = 3, .allow_multi = true, .exclude_self = true};
    const eg_fixed_num_options num = {.num = 4, .seed = 4}, part = {.fraction = 0.5, .seed = 5, .allow_multi = true};
    switch (k) {
    case 0: return eg_fixed_prob(eg, 50, 30, &rule);
    case 1: return eg_fixed_prob(eg, 50, 30, &pairs);
    case 2: return eg_fixed_prob(eg, 20, 20, &multi);
    case 3: return eg_fixed_pre_num(eg, 30, 20, &num);
    case 4: return eg_fixed_post_num(eg, 30, 20, &part);
    case 5: return eg_one_to_one(eg, 12);
    case 6: return eg_all_to_all(eg, 8, 8, false);
    case 7: return eg_from_matrix(eg, 3, 4, matrix);
    case 8: return eg_from_pairs(eg, 3, 4, 5, pre, post);
    case 9: return eg_transposed(eg, made[8]);
    default: return eg_csr_new(eg, 3, 8, (int64_t[]){0, 2, 2, 5}, (int32_t[]){7, 0, 3, 2, 3});
    }
}

static bool connections(eg_context *eg, void *made, outcome *o)
{
    eg_csr **c = made;
    for (int k = 0; k < CONNECTORS; k++) {
        if (!c[k]) c[k] = connect(eg, k, c);
        if (!c[k]) return false;
        outcome_add(o, eg_csr_indptr(c[k]), (size_t)(eg_csr_num_pre(c[k]) + 1) * sizeof(int64_t));
        outcome_add(o, eg_csr_indices(c[k]), (size_t)eg_csr_size(c[k]) * sizeof(int32_t));
        if (eg_csr_order(c[k])) outcome_add(o, eg_csr_order(c[k]), (size_t)eg_csr_size(c[k]) * sizeof(int64_t));
    }
    return true;
}

START_TEST(connections_are_made)
{
    faulty_check(&(scenario){"connections", connections, CONNECTORS * sizeof(eg_csr *), .most = 300}, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("model");
    TCase *t = tcase_create("model");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, a_network_is_built_and_simulated);
    tcase_add_test(t, a_network_is_compiled);
    tcase_add_test(t, a_neuron_steps_by_its_equation);
    tcase_add_test(t, a_neuron_with_gates_begins_and_steps);
    tcase_add_test(t, a_setup_that_fails_half_way_leaves_nothing);
    tcase_add_test(t, names_are_free_again_after_a_wrong_parameter);
    tcase_add_test(t, dropped_variables_are_nothing_and_their_names_are_free);
    tcase_add_test(t, connections_are_made);
    suite_add_tcase(s, t);
    return test_run(s);
}
