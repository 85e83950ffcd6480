/* Projections: weights, delays, parts of groups, against loops in plain C. */
#include "model.h"

enum { PRE = 6, POST = 5, T = 60, SPIKES = 40 };

/* Synapses in no order at all, one pair twice. */
static const int32_t from[] = {5, 0, 3, 0, 2, 5, 1, 3, 3, 4, 0}, to[] = {4, 2, 0, 1, 2, 0, 3, 4, 0, 1, 2};
enum { SYNAPSES = sizeof from / sizeof *from };
static double weight[SYNAPSES];
static double times[SPIKES];
static int32_t who[SPIKES];

static void scene(void)
{
    for (int k = 0; k < SYNAPSES; k++) weight[k] = 0.5 + k;
    for (int k = 0; k < SPIKES; k++) {
        times[k] = 0.1 * ((k * 7) % 50);
        who[k] = (k * 5 + k / 6) % PRE;
    }
}

/* Spikes of source i in step k. */
static bool fires(int i, int k)
{
    for (int s = 0; s < SPIKES; s++) {
        if (who[s] == i && k * 0.1 >= times[s] && (k == 0 || (k - 1) * 0.1 < times[s])) return true;
    }
    return false;
}

/* Conductance of each target after each step, all in f64; delay[s] of synapse s. */
static void expected(double g[T][POST], const double *w, const int32_t *delay)
{
    double decay = exp(-0.1 / 8), now[POST] = {0};
    for (int k = 0; k < T; k++) {
        for (int j = 0; j < POST; j++) now[j] *= decay;
        for (int s = 0; s < SYNAPSES; s++) {
            int at = k - 1 - delay[s];
            if (at >= 0 && fires(from[s], at)) now[to[s]] += w[s];
        }
        memcpy(g[k], now, sizeof now);
    }
}

static void record(eg_system *s, const char *name, void *out, int64_t steps)
{
    eg_system *net = s;
    while (eg_system_parent(net)) net = eg_system_parent(net);
    eg_var *v = eg_system_variable(s, name);
    eg_simulate(net, steps, &(eg_simulate_options){.num_record = 1, .record = &v, .out = &out});
    ck_assert_msg(!eg_error(eg_system_context(net)), "%s", eg_message(eg_system_context(net)));
}

static void check_g(const eg_exp_synapse_params *p, bool floats, const double *w, const int32_t *delay, int way)
{
    eg_context *eg = test_open(way);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_system *pre = eg_spike_time_group(net, "pre", PRE, SPIKES, times, who);
    eg_lif_params cell = eg_lif_defaults();
    cell.V_th = INFINITY;
    eg_system *post = eg_lif(net, "post", POST, &cell);
    eg_exp_synapse_params q = *p;
    if (floats) q.weight = eg_floats_of(net, SYNAPSES, w);
    eg_csr *c = eg_from_pairs(eg, PRE, POST, SYNAPSES, from, to);
    eg_system *y = eg_exp_synapse(net, "y", pre, post, c, &q);
    double got[T][POST], want[T][POST];
    record(y, "g", got, T);
    expected(want, w, delay);
    for (int k = 0; k < T; k++)
        for (int j = 0; j < POST; j++) ck_assert_double_eq_tol(got[k][j], want[k][j], 1e-12 * (1 + want[k][j]));
    /* From the start again: lines of spikes are empty. */
    eg_reset_state(net, NULL);
    double again[T][POST];
    record(y, "g", again, T);
    ck_assert(!memcmp(got, again, sizeof got));
    test_close(eg);
}

static const int32_t none[SYNAPSES];

START_TEST(weights_of_single_synapses_follow_the_order_in_which_they_were_given)
{
    eg_exp_synapse_params p = eg_exp_synapse_defaults();
    check_g(&p, true, weight, none, _i);
}
END_TEST

START_TEST(one_delay_holds_for_all_synapses)
{
    eg_exp_synapse_params p = eg_exp_synapse_defaults();
    static const int steps[] = {0, 1, 7};
    for (int k = 0; k < 3; k++) {
        int32_t delay[SYNAPSES];
        for (int s = 0; s < SYNAPSES; s++) delay[s] = steps[k];
        p.delay_step = (eg_delay_step){.steps = steps[k]};
        check_g(&p, true, weight, delay, _i);
    }
}
END_TEST

START_TEST(delays_of_sources_hold_for_all_their_synapses)
{
    static const int32_t each[PRE] = {3, 0, 9, 1, 1, 20};
    int32_t delay[SYNAPSES];
    for (int s = 0; s < SYNAPSES; s++) delay[s] = each[from[s]];
    eg_exp_synapse_params p = eg_exp_synapse_defaults();
    p.delay_step = (eg_delay_step){.each = each, .num = PRE};
    check_g(&p, true, weight, delay, _i);
}
END_TEST

START_TEST(delays_of_single_synapses_follow_the_order_in_which_they_were_given)
{
    static const int32_t each[SYNAPSES] = {3, 0, 9, 1, 1, 20, 0, 2, 3, 5, 1};
    eg_exp_synapse_params p = eg_exp_synapse_defaults();
    p.delay_step = (eg_delay_step){.each = each, .num = SYNAPSES};
    check_g(&p, true, weight, each, _i);
    double ones[SYNAPSES];
    for (int s = 0; s < SYNAPSES; s++) ones[s] = 1;
    check_g(&p, false, ones, each, _i);
}
END_TEST

START_TEST(a_matrix_of_weights_gives_each_pair_its_own)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_system *pre = eg_spike_time_group(net, "pre", PRE, SPIKES, times, who);
    eg_system *post = eg_leaky_integrator(net, "post", POST, NULL);
    double w[PRE][POST], got[T][POST];
    for (int k = 0; k < PRE * POST; k++) w[k / POST][k % POST] = 1 + k * 0.25;
    eg_delta_synapse_params p = eg_delta_synapse_defaults();
    p.weight = eg_array_new(eg, eg_matrix(EG_F64, PRE, POST), w);
    eg_delta_synapse(net, NULL, pre, post, eg_all_to_all(eg, PRE, POST, true), &p);
    record(post, "V", got, T);
    double V[POST] = {0};
    for (int k = 0; k < T; k++) {
        for (int j = 0; j < POST; j++) {
            for (int i = 0; i < PRE; i++) V[j] += k > 0 && fires(i, k - 1) ? w[i][j] : 0;
            V[j] *= exp(-0.1 / 10);
            ck_assert_double_eq_tol(got[k][j], V[j], 1e-12 * (1 + V[j]));
        }
    }
    test_close(eg);
}
END_TEST

/* -- parts --------------------------------------------------------------------------------------------------------- */

START_TEST(a_part_is_source_and_target_like_a_group)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_system *pre = eg_spike_time_group(net, "pre", PRE, SPIKES, times, who);
    eg_system *post = eg_leaky_integrator(net, "post", POST, NULL);
    eg_system *source = eg_part(pre, "late", 2, 3), *target = eg_part(post, NULL, 1, 3);
    ck_assert_ptr_eq(eg_whole(target, NULL), post);
    eg_delta_synapse_params p = eg_delta_synapse_defaults();
    p.delay_step.steps = 2;
    eg_delta_synapse(net, NULL, source, target, eg_one_to_one(eg, 3), &p);
    eg_current(net, NULL, eg_part(target, NULL, 2, 1), 4);
    double got[T][POST], V[POST] = {0}, decay = exp(-0.1 / 10);
    record(post, "V", got, T);
    for (int k = 0; k < T; k++) {
        for (int j = 0; j < POST; j++) {
            if (j >= 1 && j < 4) V[j] += k > 2 && fires(j + 1, k - 3);
            double I = j == 3 ? 4 : 0;
            V[j] = I + (V[j] - I) * decay;
            ck_assert_double_eq_tol(got[k][j], V[j], 1e-12 * (1 + V[j]));
        }
    }
    test_close(eg);
}
END_TEST

START_TEST(nothing_arrives_at_neurons_that_are_held)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_system *pre = eg_spike_time_group(net, "pre", 1, 3, (double[]){0.1, 0.3, 1.2}, (int32_t[]){0, 0, 0});
    eg_lif_params cell = {.V_th = 10, .R = 1, .tau = 10, .tau_ref = 0.5};
    eg_system *post = eg_lif(net, "post", 2, &cell);
    for (int k = 0; k < 2; k++) {
        eg_delta_synapse_params p = eg_delta_synapse_defaults();
        p.g_max = k ? 3 : 20;
        p.skip_refractory = true;
        eg_delta_synapse(net, NULL, pre, eg_part(post, NULL, k, 1), eg_one_to_one(eg, 1), &p);
    }
    float V[20][2];
    record(post, "V", V, 20);
    /* Neuron 0 spikes at 0.2, is held in the steps 3 to 7; what would come at 0.4 does not, what comes at 1.3 does. */
    for (int k = 0; k < 20; k++) ck_assert_float_eq(V[k][0], 0);
    ck_assert_float_gt(V[4][1], 5.5f);
    test_close(eg);
}
END_TEST

/* -- lines of past spikes ------------------------------------------------------------------------------------------ */

static int num_lines(eg_system *net)
{
    int n = 0;
    for (int k = 0; eg_system_child(net, k); k++) n += !strcmp(eg_class_of(eg_system_child(net, k))->name, "SpikeLine");
    return n;
}

START_TEST(past_spikes_of_a_group_are_kept_once_for_all)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_system *pre = eg_spike_time_group(net, "pre", PRE, SPIKES, times, who);
    eg_system *post = eg_leaky_integrator(net, "post", POST, NULL), *y[4];
    eg_state *early = eg_state_new(eg); /* has room for what is made later */
    eg_csr *c = eg_from_pairs(eg, PRE, POST, SYNAPSES, from, to);
    static const int steps[] = {2, 9, 4, 15};
    double got[T][POST], want[T][POST], ones[SYNAPSES];
    eg_exp_synapse_params p = eg_exp_synapse_defaults();
    for (int k = 0; k < 3; k++) {
        p.delay_step.steps = steps[k];
        y[k] = eg_exp_synapse(net, NULL, pre, post, c, &p);
    }
    ck_assert_int_eq(num_lines(net), 1);
    record(y[0], "g", got, T);
    ck_assert_int_eq(eg_variable_spec(eg_find_variable(eg, "SpikeLine0.line.ring")).dim[0], 10);
    /* What was traced cannot become longer. */
    p.delay_step.steps = steps[3];
    y[3] = eg_exp_synapse(net, NULL, pre, post, c, &p);
    ck_assert_int_eq(num_lines(net), 2);
    for (int s = 0; s < SYNAPSES; s++) ones[s] = 1;
    for (int k = 0; k < 4; k++) {
        int32_t delay[SYNAPSES];
        for (int s = 0; s < SYNAPSES; s++) delay[s] = steps[k];
        expected(want, ones, delay);
        eg_reset_state(net, early);
        eg_var *g = eg_system_variable(y[k], "g");
        eg_simulate(net, T,
                    &(eg_simulate_options){.state = early, .num_record = 1, .record = &g, .out = (void *[]){got}});
        ck_assert_msg(!eg_error(eg), "%s", eg_message(eg));
        for (int e = 0; e < T * POST; e++)
            ck_assert_double_eq_tol(got[e / POST][e % POST], want[e / POST][e % POST],
                                    1e-12 * (1 + want[e / POST][e % POST]));
    }
    test_close(eg);
}
END_TEST

START_TEST(a_projection_that_failed_leaves_nothing_behind)
{
    eg_context *eg = test_open(_i), *other = test_open(0);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_system *pre = eg_spike_time_group(net, "pre", PRE, SPIKES, times, who);
    eg_system *post = eg_lif(net, "post", POST, NULL);
    eg_csr *c = eg_from_pairs(eg, PRE, POST, SYNAPSES, from, to);
    eg_exp_synapse_params p = eg_exp_synapse_defaults();
    p.delay_step = (eg_delay_step){.each = from, .num = SYNAPSES};
    p.output.target = "nothing";
    ck_assert_ptr_null(eg_exp_synapse(net, "y", pre, post, c, &p));
    test_expect(eg, EG_ERR_ARGUMENT, "has no variable 'nothing'", "test_projection.c", NULL);
    ck_assert_int_eq(num_lines(net), 0);
    p.output.target = NULL;
    ck_assert_ptr_null(eg_exp_synapse(net, "y", pre, post, eg_from_pairs(other, PRE, POST, SYNAPSES, from, to), &p));
    test_expect(eg, EG_ERR_SCOPE, "Exponential 'y'", "connections must be of its own context", NULL);
    p.weight = eg_array_new(other, eg_vector(EG_F32, PRE), NULL);
    ck_assert_ptr_null(eg_exp_synapse(net, "y", pre, post, c, &p));
    test_expect(eg, EG_ERR_SCOPE, "Exponential 'y'", "weights must be of its own context", NULL);
    p.weight = NULL;
    ck_assert_ptr_nonnull(eg_exp_synapse(net, "y", pre, post, c, &p));
    ck_assert_int_eq(eg_simulate(net, 3, NULL), EG_OK);
    test_close(eg);
    test_close(other);
}
END_TEST

/* -- shared numbers ------------------------------------------------------------------------------------------------ */

static eg_val gain_update(eg_system *self, eg_shared s, eg_val x)
{
    (void)s;
    (void)x;
    eg_val gain = eg_shared_value(self, "gain", NAN), extra = eg_shared_value(self, "extra", 0.5);
    eg_accumulate(eg_system_parent(self), "N.input", eg_add(gain, extra));
    return eg_nothing();
}
static const eg_class gain_class = {.name = "Gain", .role = EG_PROJECTION, .update = gain_update};

START_TEST(updates_find_shared_numbers_by_name)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_system *N = eg_leaky_integrator(net, "N", 1, NULL);
    eg_system_new(net, NULL, &gain_class, 0, NULL);
    eg_simulate(net, 1, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "Gain 'Gain0'", "'gain'", "eg_set_shared", "none", NULL);
    eg_set_shared(net, "gain", 2);
    eg_simulate(net, 2000, NULL);
    float V = 0;
    eg_read(eg_system_variable(N, "V"), &V, sizeof V);
    ck_assert_float_eq_tol(V, 2.5f, 1e-4f);
    int64_t traces = eg_get_stats(eg).traces;
    eg_set_shared(net, "gain", 5);
    eg_simulate(net, 2000, NULL);
    eg_read(eg_system_variable(N, "V"), &V, sizeof V);
    ck_assert_float_eq_tol(V, 5.5f, 1e-4f);
    ck_assert_int_eq(eg_get_stats(eg).traces, traces);
    eg_set_shared(net, "step", 1);
    test_expect(eg, EG_ERR_ARGUMENT, "'step' exists", NULL);
    test_close(eg);
}
END_TEST

START_TEST(wrong_delays_weights_and_parts_are_named)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_system *pre = eg_spike_time_group(net, "pre", PRE, SPIKES, times, who);
    eg_system *post = eg_lif(net, "post", POST, NULL);
    eg_csr *c = eg_from_pairs(eg, PRE, POST, SYNAPSES, from, to);
    eg_exp_synapse_params p = eg_exp_synapse_defaults();
    p.delay_step.steps = -1;
    eg_exp_synapse(net, "y", pre, post, c, &p);
    test_expect(eg, EG_ERR_ARGUMENT, "Exponential 'y'", "delay_step[0] is -1", NULL);
    p.delay_step = (eg_delay_step){.each = from, .num = 3};
    eg_exp_synapse(net, "y", pre, post, c, &p);
    test_expect(eg, EG_ERR_SHAPE, "delay_step has 3 numbers", "6 (one a source) or 11 (one a synapse)", NULL);
    p = eg_exp_synapse_defaults();
    p.weight = eg_array_new(eg, eg_matrix(EG_F32, POST, PRE), NULL);
    eg_exp_synapse(net, "y", pre, post, c, &p);
    test_expect(eg, EG_ERR_SHAPE, "or a matrix [pre, post]", NULL);
    eg_part(post, NULL, 3, 3);
    test_expect(eg, EG_ERR_ARGUMENT, "3 elements from 3 on are not in 'post', which has 5", NULL);
    eg_spike_time_group(net, NULL, 2, 1, (double[]){1}, (int32_t[]){2});
    test_expect(eg, EG_ERR_ARGUMENT, "event 0 is of neuron 2 at 1 ms; use 0 to 1", NULL);
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("projection");
    TCase *t = tcase_create("projection");
    tcase_add_checked_fixture(t, scene, NULL);
    tcase_add_loop_test(t, weights_of_single_synapses_follow_the_order_in_which_they_were_given, 0, WAYS);
    tcase_add_loop_test(t, one_delay_holds_for_all_synapses, 0, WAYS);
    tcase_add_loop_test(t, delays_of_sources_hold_for_all_their_synapses, 0, WAYS);
    tcase_add_loop_test(t, delays_of_single_synapses_follow_the_order_in_which_they_were_given, 0, WAYS);
    tcase_add_loop_test(t, a_matrix_of_weights_gives_each_pair_its_own, 0, WAYS);
    tcase_add_loop_test(t, a_part_is_source_and_target_like_a_group, 0, WAYS);
    tcase_add_loop_test(t, nothing_arrives_at_neurons_that_are_held, 0, WAYS);
    tcase_add_loop_test(t, past_spikes_of_a_group_are_kept_once_for_all, 0, WAYS);
    tcase_add_loop_test(t, a_projection_that_failed_leaves_nothing_behind, 0, WAYS);
    tcase_add_loop_test(t, updates_find_shared_numbers_by_name, 0, WAYS);
    tcase_add_loop_test(t, wrong_delays_weights_and_parts_are_named, 0, WAYS);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
