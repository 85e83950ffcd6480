/* Runs in the modes that have batches: each sample as it would be alone. */
#include "scene.h"

enum { N = 7, T = 60, B = 3 };

typedef struct scene {
    eg_context *eg;
    eg_system *net, *group, *runner;
} scene;

/* LIF neurons that are fed x, watched by rows, in part, and every fourth step. */
static scene build(int way, eg_data_axis axis)
{
    static const int64_t two[] = {1, 4};
    scene s = {.eg = test_open(way)};
    s.net = eg_network(s.eg, NULL, &(eg_network_options){.dt = 0.5});
    eg_lif_params p = eg_lif_defaults();
    p.V_th = 5;
    p.tau_ref = 2;
    s.group = eg_lif(s.net, "N", N, &p);
    eg_monitor see[] = {{.variable = "V", .key = "V"},
                        {.variable = "spike", .key = "spike"},
                        {.variable = "V", .key = "two", .indices = two, .num_indices = 2, .every = 4}};
    s.runner =
        eg_dsrunner(s.group, NULL, &(eg_dsrunner_options){.num_monitors = 3, .monitors = see, .data_first_axis = axis});
    test_fine(s.eg);
    return s;
}

static float drive(int b, int t, int k) { return 4 + (float)((b * 5 + t * 3 + k * 7) % 11); }

static void feed(float *x, eg_data_axis axis)
{
    for (int b = 0; b < B; b++) {
        for (int t = 0; t < T; t++) {
            for (int k = 0; k < N; k++) {
                int at = axis == EG_TIME_FIRST ? t * B + b : b * T + t;
                x[at * N + k] = drive(b, t, k);
            }
        }
    }
}

static void alone(int way, int b, float V[T][N], float two[T / 4][2])
{
    scene s = build(way, EG_AXIS_BY_MODE);
    float x[T][N];
    for (int t = 0; t < T; t++) {
        for (int k = 0; k < N; k++) x[t][k] = drive(b, t, k);
    }
    eg_run_inputs(s.runner, eg_matrix(EG_F32, T, N), x, NULL);
    test_fine(s.eg);
    memcpy(V, eg_history_of(s.runner, "V").data, sizeof(float[T][N]));
    memcpy(two, eg_history_of(s.runner, "two").data, sizeof(float[T / 4][2]));
    test_close(s.eg);
}

static eg_spec batch_spec(eg_data_axis axis)
{
    eg_spec x = {EG_F32, 3, {B, T, N}};
    if (axis == EG_TIME_FIRST) x.dim[0] = T, x.dim[1] = B;
    return x;
}

static void check_batch(int way, eg_mode mode, eg_data_axis axis)
{
    scene s = build(way, axis);
    eg_set_mode(s.net, mode, 0);
    float *x = malloc(sizeof(float[B * T * N]));
    feed(x, axis);
    eg_run_inputs(s.runner, batch_spec(axis), x, NULL);
    free(x);
    test_fine(s.eg);
    eg_history V = eg_history_of(s.runner, "V"), two = eg_history_of(s.runner, "two");
    eg_history spike = eg_history_of(s.runner, "spike");
    ck_assert_int_eq(spike.spec.dtype, mode == EG_TRAINING ? EG_F32 : EG_BOOL);
    bool time = axis == EG_TIME_FIRST;
    ck_assert_int_eq(V.spec.rank, 3);
    ck_assert_int_eq(V.spec.dim[0], time ? T : B);
    ck_assert_int_eq(two.spec.dim[time ? 0 : 1], T / 4);
    const float *got = V.data, *some = two.data;
    int fired = 0;
    for (int b = 0; b < B; b++) {
        float want[T][N], pair[T / 4][2];
        alone(way, b, want, pair);
        for (int t = 0; t < T; t++) {
            int at = time ? t * B + b : b * T + t;
            ck_assert_mem_eq(got + at * N, want[t], sizeof want[t]);
            fired += want[t][0] == -5;
            if (t >= T / 4) continue;
            at = time ? t * B + b : b * (T / 4) + t;
            ck_assert_mem_eq(some + at * 2, pair[t], sizeof pair[t]);
        }
    }
    ck_assert_int_gt(fired, 0);
    test_close(s.eg);
}

START_TEST(a_batch_is_its_samples_bit_for_bit)
{
    check_batch(_i, EG_BATCHING, EG_AXIS_BY_MODE);
    check_batch(_i, EG_BATCHING, EG_TIME_FIRST);
}
END_TEST

START_TEST(training_gives_the_same_potentials_and_spikes_as_floats) { check_batch(_i, EG_TRAINING, EG_BATCH_FIRST); }
END_TEST

START_TEST(a_model_runs_in_one_mode_after_the_other)
{
    scene s = build(_i, EG_AXIS_BY_MODE);
    float first[T][N], again[T][N], pair[T / 4][2];
    alone(_i, 0, first, pair);
    float *x = malloc(sizeof(float[B * T * N]));
    feed(x, EG_BATCH_FIRST);
    eg_set_mode(s.net, EG_TRAINING, 0);
    eg_run_inputs(s.runner, batch_spec(EG_BATCH_FIRST), x, NULL);
    eg_set_mode(s.net, EG_NONBATCHING, 0);
    eg_run_inputs(s.runner, eg_matrix(EG_F32, T, N), x, &(eg_dsrun_options){.reset_state = true});
    test_fine(s.eg);
    memcpy(again, eg_history_of(s.runner, "V").data, sizeof again);
    ck_assert_mem_eq(again, first, sizeof first);
    free(x);
    test_close(s.eg);
}
END_TEST

START_TEST(states_of_a_batch_go_on_and_are_reset)
{
    scene s = build(_i, EG_AXIS_BY_MODE);
    eg_set_mode(s.net, EG_BATCHING, B);
    ck_assert_int_eq(eg_batch_size(s.net), B);
    eg_run(s.runner, 5, NULL);
    float *x = malloc(sizeof(float[B * T * N]));
    feed(x, EG_BATCH_FIRST);
    eg_run_inputs(s.runner, batch_spec(EG_BATCH_FIRST), x, NULL);
    free(x);
    test_fine(s.eg);
    eg_var *V = eg_batch_variable(s.net, "N.V", B);
    const float *now = eg_data(NULL, V), *rows = eg_history_of(s.runner, "V").data;
    for (int b = 0; b < B; b++) ck_assert_mem_eq(now + b * N, rows + (b * T + T - 1) * N, sizeof(float[N]));
    eg_reset_state(s.net, NULL);
    now = eg_data(NULL, V);
    for (int k = 0; k < B * N; k++) ck_assert(now[k] == 0);
    test_close(s.eg);
}
END_TEST

START_TEST(samples_start_at_values_of_their_own)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_lif(net, "N", N, &(eg_lif_params){.V_th = 20, .R = 1, .tau = 10, .V_init = eg_init_uniform(0, 1)});
    eg_var *V = eg_batch_variable(net, "N.V", B);
    const float *at = eg_data(NULL, V);
    ck_assert(memcmp(at, at + N, sizeof(float[N])) != 0);
    eg_set_mode(net, EG_BATCHING, B);
    eg_simulate(net, 3, NULL);
    test_fine(eg);
    test_close(eg);
}
END_TEST

START_TEST(a_stepper_runs_the_batch_as_well)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_lif(net, "N", N, &(eg_lif_params){.V_rest = 3, .V_th = 20, .R = 1, .tau = 10});
    eg_var *V = eg_system_variable(net, "N.V");
    float one[4][N], all[B][4][N];
    void *to = one;
    eg_simulate(net, 4, &(eg_simulate_options){.num_record = 1, .record = &V, .out = &to});
    eg_reset_state(net, NULL);
    eg_set_mode(net, EG_BATCHING, B);
    to = all;
    eg_simulate(net, 4, &(eg_simulate_options){.num_record = 1, .record = &V, .out = &to});
    test_fine(eg);
    for (int b = 0; b < B; b++) ck_assert_mem_eq(all[b], one, sizeof one);
    test_close(eg);
}
END_TEST

/* -- projections --------------------------------------------------------------------------------------------------- */

enum kind { PLAIN, DELAYED, EACH_DELAYED, RULE, DELTA, KINDS };

/* Fed neurons that project to others, whose potentials are watched. */
static scene project(int way, enum kind kind)
{
    enum { POST = 5 };
    static const int32_t each[N] = {0, 3, 1, 2, 0, 5, 4};
    scene s = {.eg = test_open(way)};
    s.net = eg_network(s.eg, NULL, &(eg_network_options){.dt = 0.5});
    s.group = eg_lif(s.net, "N", N, &(eg_lif_params){.V_th = 5, .R = 1, .tau = 10});
    eg_system *post = eg_lif(s.net, "P", POST, &(eg_lif_params){.V_th = 1e3, .R = 1, .tau = 10});
    eg_csr *c = kind == RULE ? NULL : eg_fixed_prob(s.eg, N, POST, &(eg_fixed_prob_options){.prob = 0.5, .seed = 3});
    eg_exp_synapse_params p = {
        .tau = 3, .g_max = 0.5, .output = eg_cuba(), .rule = kind == RULE ? EG_RULE_ALL_TO_ALL : 0};
    if (kind == DELAYED) p.delay_step.steps = 3;
    if (kind == EACH_DELAYED) p.delay_step.each = each, p.delay_step.num = N;
    if (kind == DELTA)
        eg_delta_synapse(s.net, "syn", s.group, post, c, NULL);
    else
        eg_exp_synapse(s.net, "syn", s.group, post, c, &p);
    float x[T][N];
    for (int t = 0; t < T; t++) {
        for (int k = 0; k < N; k++) x[t][k] = drive(0, t, k);
    }
    eg_input give[] = {
        {.variable = "N.input", .kind = EG_INPUT_ITER, .array = eg_array_new(s.eg, eg_matrix(EG_F32, T, N), x)}};
    eg_monitor see[] = {{.variable = "P.V"}};
    s.runner =
        eg_dsrunner(s.net, NULL,
                    &(eg_dsrunner_options){
                        .num_monitors = 1, .monitors = see, .num_inputs = 1, .inputs = give, .no_outputs = true});
    test_fine(s.eg);
    return s;
}

static void potentials(scene *s, int64_t rows, float *to)
{
    eg_run(s->runner, (int)T * 0.5, &(eg_dsrun_options){.reset_state = true});
    test_fine(s->eg);
    eg_history h = eg_history_of(s->runner, "P.V");
    memcpy(to, h.data, (size_t)rows * sizeof(float[5]));
}

START_TEST(projections_and_delays_are_those_of_each_sample)
{
    for (enum kind kind = PLAIN; kind < KINDS; kind++) {
        scene s = project(_i, kind);
        static float one[T][5], all[B][T][5], again[T][5];
        eg_set_mode(s.net, EG_BATCHING, B);
        potentials(&s, B * T, all[0][0]);
        eg_set_mode(s.net, EG_NONBATCHING, 0);
        potentials(&s, T, one[0]);
        ck_assert_float_gt(one[T - 1][0], 0);
        for (int b = 0; b < B; b++) ck_assert_mem_eq(all[b], one, sizeof one);
        eg_set_mode(s.net, EG_TRAINING, 2);
        potentials(&s, 2 * T, all[0][0]);
        for (int b = 0; b < 2; b++) ck_assert_mem_eq(all[b], one, sizeof one);
        eg_set_mode(s.net, EG_NONBATCHING, 0);
        potentials(&s, T, again[0]);
        ck_assert_mem_eq(again, one, sizeof one);
        test_close(s.eg);
    }
}
END_TEST

START_TEST(spikes_on_their_way_stay_with_their_sample)
{
    enum { HALF = T / 2 };
    scene s = project(_i, DELAYED), whole = project(_i, DELAYED);
    static float want[T][5], rest[HALF][5];
    potentials(&whole, T, want[0]);
    eg_system *go = eg_dsrunner(
        s.net, "go",
        &(eg_dsrunner_options){.num_monitors = 1, .monitors = &(eg_monitor){.variable = "P.V"}, .no_outputs = true});
    eg_run(s.runner, (int)HALF * 0.5, NULL);
    eg_set_mode(s.net, EG_BATCHING, B);
    eg_run(go, 3.5, NULL); /* others in between */
    eg_set_mode(s.net, EG_NONBATCHING, 0);
    eg_run(go, 2, NULL);
    test_fine(s.eg);
    memcpy(rest, eg_history_of(go, "P.V").data, sizeof(float[3][5]));
    ck_assert_mem_eq(rest, want[HALF], sizeof(float[3][5])); /* what has fired before arrives */
    test_close(s.eg);
    test_close(whole.eg);
}
END_TEST

START_TEST(counts_of_spikes_are_those_of_one_sample)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_set_mode(net, EG_TRAINING, B);
    eg_lif_params p = {.V_rest = 10, .V_th = 5, .R = 1, .tau = 1};
    eg_system *count = eg_spike_counter(net, NULL, eg_lif(net, "N", N, &p));
    eg_simulate(net, 50, NULL);
    ck_assert_int_eq(eg_spike_count(count, NULL), -1);
    test_expect(eg, EG_ERR_STATE, "SpikeCounter0", "eg_batch_variable", NULL);
    const int32_t *n = eg_data(NULL, eg_batch_variable(count, "count", B));
    ck_assert_int_gt(n[0], 0);
    ck_assert_int_eq(n[B * N - 1], n[0]);
    eg_set_mode(net, EG_NONBATCHING, 0);
    eg_simulate(net, 50, NULL);
    ck_assert_int_ge(eg_spike_count(count, NULL), N * n[0]);
    ck_assert_int_le(eg_spike_count(count, NULL), N * (n[0] + 1));
    test_close(eg);
}
END_TEST

/* -- spikes of a class of one's own -------------------------------------------------------------------------------- */

static void firing_setup(eg_system *s) { eg_add_spike(s); }

static eg_val firing_update(eg_system *s, eg_shared shared, eg_val x)
{
    (void)shared;
    return eg_fire(s, x, 6, NULL);
}

START_TEST(a_class_that_fires_has_spikes_of_the_type_of_the_mode)
{
    static const eg_class firing = {.name = "Firing", .role = EG_GROUP, .setup = firing_setup, .update = firing_update};
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, NULL), *group = eg_system_new(net, NULL, &firing, N, NULL);
    eg_system *runner = eg_dsrunner(group, NULL, NULL);
    float *x = malloc(sizeof(float[B * T * N]));
    feed(x, EG_BATCH_FIRST);
    for (eg_mode mode = EG_NONBATCHING; mode <= EG_TRAINING; mode++) {
        eg_set_mode(net, mode, 0);
        eg_run_inputs(runner, mode == EG_NONBATCHING ? eg_matrix(EG_F32, B * T, N) : batch_spec(EG_BATCH_FIRST), x,
                      NULL);
        test_fine(eg);
        eg_history h = eg_output_of(runner, 0);
        ck_assert_int_eq(h.spec.dtype, mode == EG_TRAINING ? EG_F32 : EG_BOOL);
        ck_assert_int_eq(eg_variable_spec(eg_system_variable(group, "spike")).dtype, h.spec.dtype);
        for (int k = 0; k < B * T * N; k++) {
            bool fired = mode == EG_TRAINING ? ((const float *)h.data)[k] == 1 : ((const bool *)h.data)[k];
            ck_assert_int_eq(fired, x[k] >= 6);
        }
    }
    free(x);
    test_close(eg);
}
END_TEST

START_TEST(what_a_batch_cannot_do_is_said)
{
    scene s = build(_i, EG_TIME_FIRST);
    float x[T * N] = {0};
    eg_set_mode(s.net, EG_BATCHING, 0);
    eg_run_inputs(s.runner, eg_vector(EG_F32, T), x, NULL);
    test_expect(s.eg, EG_ERR_SHAPE, "eg_run_inputs", "[T, B, ...]", NULL);
    eg_set_mode(s.net, (eg_mode)7, 0);
    test_expect(s.eg, EG_ERR_ARGUMENT, "Network", "mode 7", "EG_TRAINING", NULL);
    eg_set_mode(s.net, EG_BATCHING, -1);
    test_expect(s.eg, EG_ERR_ARGUMENT, "batch of -1", NULL);
    eg_batch_variable(s.net, "N.W", 3);
    test_expect(s.eg, EG_ERR_ARGUMENT, "no variable 'N.W'", "N.V", NULL);
    eg_batch_variable(s.net, "N.V", 0);
    test_expect(s.eg, EG_ERR_SHAPE, "a batch of 0 of 'N.V'", NULL);
    eg_batched(s.net, eg_stepper(s.net), 0, NULL);
    test_expect(s.eg, EG_ERR_ARGUMENT, "eg_batched", "batch of 0", NULL);
    eg_system *watch = eg_dsrunner(
        s.group, "watch",
        &(eg_dsrunner_options){.num_monitors = 1, .monitors = &(eg_monitor){.variable = "spike", .events = true}});
    eg_run(watch, 5, NULL);
    test_expect(s.eg, EG_ERR_ARGUMENT, "monitor 'spike'", "rows", NULL);
    ck_assert_int_eq(eg_mode_of(s.net), EG_BATCHING);
    ck_assert_int_eq(eg_mode_of(NULL), EG_NONBATCHING);
    ck_assert_int_eq(eg_set_mode(NULL, EG_BATCHING, 0), EG_ERR_ARGUMENT);
    test_close(s.eg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batch");
    TCase *c = tcase_create("runs");
    tcase_add_loop_test(c, a_batch_is_its_samples_bit_for_bit, 0, WAYS);
    tcase_add_loop_test(c, training_gives_the_same_potentials_and_spikes_as_floats, 0, WAYS);
    tcase_add_loop_test(c, a_model_runs_in_one_mode_after_the_other, 0, WAYS);
    tcase_add_loop_test(c, states_of_a_batch_go_on_and_are_reset, 0, WAYS);
    tcase_add_loop_test(c, samples_start_at_values_of_their_own, 0, WAYS);
    tcase_add_loop_test(c, a_stepper_runs_the_batch_as_well, 0, WAYS);
    tcase_add_loop_test(c, projections_and_delays_are_those_of_each_sample, 0, WAYS);
    tcase_add_loop_test(c, spikes_on_their_way_stay_with_their_sample, 0, WAYS);
    tcase_add_loop_test(c, counts_of_spikes_are_those_of_one_sample, 0, WAYS);
    tcase_add_loop_test(c, a_class_that_fires_has_spikes_of_the_type_of_the_mode, 0, WAYS);
    tcase_add_loop_test(c, what_a_batch_cannot_do_is_said, 0, WAYS);
    suite_add_tcase(suite, c);
    return test_run(suite);
}
