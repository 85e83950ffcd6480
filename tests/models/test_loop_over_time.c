/* Loops over time: clock, state, inputs, records, batches, rows without state. */
#include "loop_scene.h"

/* -- time ---------------------------------------------------------------------------------------------------------- */

static void check_times(eg_system *loop, int64_t n, double t0, double dt)
{
    const double *t = f64(eg_loop_output(loop, 0), 1, n), *t64 = f64(eg_loop_output(loop, 2), 1, n);
    const int64_t *i = eg_loop_output(loop, 1).data;
    test_fine(eg_system_context(loop));
    for (int64_t k = 0; k < n; k++) {
        ck_assert_double_eq(t[k], fma((double)k, dt, t0));
        ck_assert_double_eq(t64[k], t[k]);
        ck_assert_int_eq(i[k], k);
    }
}

START_TEST(times_are_products_for_all_lengths)
{
    static const int64_t lengths[] = {0, 1, 3, 6, 12, 24, 29, 48, 100};
    double x[100] = {0};
    eg_context *eg = test_open(_i);
    eg_system *loop = eg_loop_over_time(clock_of(eg), NULL, NULL);
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        int64_t n = lengths[k];
        eg_loop_run(loop, eg_vector(EG_F64, n), x, NULL);
        check_times(loop, n, 0, 0.1);
        eg_loop_run_until(loop, (double)n * 0.1, NULL);
        check_times(loop, n, 0, 0.1);
    }
    test_close(eg);
}
END_TEST

START_TEST(time_begins_at_t0_in_every_call)
{
    double x[6] = {0}, from = -3, zero = 0;
    eg_context *eg = test_open(_i);
    eg_system *loop = LOOP(clock_of(eg), .t0 = 0.5);
    for (int k = 0; k < 2; k++) {
        eg_loop_run_until(loop, 1.0, NULL);
        check_times(loop, 5, 0.5, 0.1);
    }
    eg_loop_run(loop, eg_vector(EG_F64, 6), x, NULL);
    check_times(loop, 6, 0.5, 0.1);
    int64_t traces = eg_get_stats(eg).traces;
    eg_loop_run(loop, eg_vector(EG_F64, 6), x, &(eg_loop_run_options){.t0 = &from, .dt = 0.25});
    check_times(loop, 6, -3, 0.25);
    eg_loop_run(loop, eg_vector(EG_F64, 6), x, &(eg_loop_run_options){.t0 = &zero});
    check_times(loop, 6, 0, 0.1);
    ck_assert_int_eq(eg_get_stats(eg).traces, traces);
    eg_set_dt(loop, 0.2);
    eg_loop_run(loop, eg_vector(EG_F64, 6), x, NULL);
    check_times(loop, 6, 0.5, 0.2);
    eg_loop_run_until(LOOP(eg_system_parent(loop), .dt = 0.05), 0.2, NULL);
    test_close(eg);
}
END_TEST

START_TEST(rows_without_state_are_all_at_t0)
{
    const double x[] = {5, 6};
    eg_context *eg = test_open(_i);
    eg_system *loop = LOOP(clock_of(eg), .t0 = 3, .no_state = true);
    eg_loop_run(loop, eg_vector(EG_F64, 2), x, NULL);
    const double *t = f64(eg_loop_output(loop, 0), 1, 2), *dt = f64(eg_loop_output(loop, 3), 1, 2),
                 *fed = f64(eg_loop_output(loop, 5), 1, 2);
    const int64_t *i = eg_loop_output(loop, 1).data;
    test_fine(eg);
    for (int k = 0; k < 2; k++) {
        ck_assert_double_eq(t[k], 3);
        ck_assert_double_eq(dt[k], 0.1);
        ck_assert_double_eq(fed[k], x[k]);
        ck_assert_int_eq(i[k], 0);
    }
    test_close(eg);
}
END_TEST

START_TEST(fit_is_passed_on)
{
    eg_context *eg = test_open(_i);
    eg_system *loop = eg_loop_over_time(clock_of(eg), NULL, NULL);
    for (int fit = 0; fit < 2; fit++) {
        eg_loop_run_until(loop, 0.2, &(eg_loop_run_options){.fit = fit, .threads = 1, .interpret = fit});
        test_fine(eg);
        ck_assert_int_eq(((const bool *)eg_loop_output(loop, 4).data)[1], fit);
    }
    test_close(eg);
}
END_TEST

/* -- state, inputs, records ---------------------------------------------------------------------------------------- */

START_TEST(state_goes_on_and_inputs_are_cleared_behind_the_step)
{
    eg_context *eg = test_open(_i);
    eg_system *A = adder_of(eg), *loop = LOOP(A, .num_out_vars = 2, .out_vars = PATHS("V", "input"));
    const double x[] = {1, 2, 3};
    eg_fill(eg_system_variable(A, "input"), 10); /* the first step sees it */
    eg_loop_run(loop, eg_vector(EG_F64, 3), x, NULL);
    const double *y = f64(eg_loop_output(loop, 0), 1, 3), *V = f64(eg_loop_history(loop, "V"), 1, 3),
                 *in = f64(eg_loop_history(loop, "input"), 1, 3);
    test_fine(eg);
    const double want_V[] = {6.5, 7.5, 9}, want_in[] = {11, 2, 3};
    for (int k = 0; k < 3; k++) {
        ck_assert_double_eq(V[k], want_V[k]);
        ck_assert_double_eq(y[k], 2 * want_V[k]);
        ck_assert_double_eq(in[k], want_in[k]);
    }
    ck_assert_double_eq(value_of(A, "input"), 0);
    eg_loop_run(loop, eg_vector(EG_F64, 3), x, NULL);
    ck_assert_double_eq(f64(eg_loop_output(loop, 0), 1, 3)[2], 24);
    eg_loop_run_until(loop, 0.2, NULL);
    ck_assert_double_eq(f64(eg_loop_output(loop, 0), 1, 2)[1], 24);
    eg_reset_state(A, NULL);
    eg_loop_run(loop, eg_vector(EG_F64, 3), x, NULL);
    ck_assert_double_eq(f64(eg_loop_output(loop, 0), 1, 3)[2], 8);
    test_close(eg);
}
END_TEST

START_TEST(a_state_of_its_own_leaves_the_contexts_alone)
{
    eg_context *eg = test_open(_i);
    eg_system *A = adder_of(eg), *loop = eg_loop_over_time(A, NULL, NULL);
    eg_state *s = eg_state_new(eg);
    const float x[] = {1, 2, 3}; /* floats of another type are converted */
    eg_loop_run(loop, eg_vector(EG_F32, 3), x, &(eg_loop_run_options){.state = s, .check = EG_CHECK_OUTPUT});
    ck_assert_double_eq(f64(eg_loop_output(loop, 0), 1, 3)[2], 8);
    ck_assert_double_eq(value_of(A, "V"), 1);
    ck_assert_double_eq(*(double *)eg_data(s, eg_system_variable(A, "V")), 4);
    test_close(eg);
}
END_TEST

/* -- rows without state -------------------------------------------------------------------------------------------- */

START_TEST(rows_without_state_follow_the_axes_of_the_data)
{
    eg_context *eg = test_open(_i);
    eg_system *A = adder_of(eg);
    eg_system *batch = LOOP(A, .no_state = true, .num_out_vars = 1, .out_vars = PATHS("V"));
    eg_system *time = LOOP(A, .no_state = true, .data_first_axis = EG_TIME_FIRST);
    double x[6];
    for (int k = 0; k < 6; k++) x[k] = k;
    eg_loop_run(batch, eg_vector(EG_F64, 6), x, NULL); /* one sample: [T] */
    const double *y = f64(eg_loop_output(batch, 0), 1, 6), *V = f64(eg_loop_history(batch, "V"), 1, 6);
    for (int k = 0; k < 6; k++) ck_assert_double_eq(y[k], 2 + k);
    for (int k = 0; k < 6; k++) ck_assert_double_eq(V[k], 1 + 0.5 * k);
    eg_set_mode(A, EG_BATCHING, 0);
    for (int first = 0; first < 2; first++) {
        eg_system *loop = first ? time : batch;
        eg_loop_run(loop, eg_matrix(EG_F64, 2, 3), x, NULL);
        y = f64(eg_loop_output(loop, 0), 2, 2);
        ck_assert_int_eq(eg_loop_output(loop, 0).spec.dim[1], 3);
        for (int k = 0; k < 6; k++) ck_assert_double_eq(y[k], 2 + k);
    }
    ck_assert_double_eq(value_of(A, "V"), 1);
    ck_assert_double_eq(value_of(A, "input"), 0);
    test_close(eg);
}
END_TEST

/* -- batches ------------------------------------------------------------------------------------------------------- */

enum { N = 5, T = 40, B = 3 };

static float drive(int b, int t, int k) { return 4 + (float)((b * 5 + t * 3 + k * 7) % 11); }

static eg_system *spiking(eg_context *eg)
{
    eg_lif_params p = eg_lif_defaults();
    p.V_th = 5;
    p.tau_ref = 2;
    return eg_lif(eg_network(eg, NULL, &(eg_network_options){.dt = 0.5}), "N", N, &p);
}

/* Two calls, one after the other. */
static void alone(int way, int b, float V[2][T][N], bool spike[2][T][N])
{
    eg_context *eg = test_open(way);
    eg_system *loop = LOOP(spiking(eg), .num_out_vars = 1, .out_vars = PATHS("V"));
    float x[T][N];
    for (int t = 0; t < T; t++) {
        for (int k = 0; k < N; k++) x[t][k] = drive(b, t, k);
    }
    for (int run = 0; run < 2; run++) {
        eg_loop_run(loop, eg_matrix(EG_F32, T, N), x, NULL);
        test_fine(eg);
        memcpy(V[run], eg_loop_history(loop, "V").data, sizeof V[run]);
        memcpy(spike[run], eg_loop_output(loop, 0).data, sizeof spike[run]);
    }
    test_close(eg);
}

/* Results are time first whatever the data are. */
static void batch_of(int way, eg_data_axis axis, float V[2][T][B][N], bool spike[2][T][B][N])
{
    eg_context *eg = test_open(way);
    eg_system *loop = LOOP(spiking(eg), .num_out_vars = 1, .out_vars = PATHS("V"), .data_first_axis = axis);
    static float x[B * T * N];
    bool time = axis == EG_TIME_FIRST;
    for (int b = 0; b < B; b++) {
        for (int t = 0; t < T; t++) {
            for (int k = 0; k < N; k++) x[(time ? t * B + b : b * T + t) * N + k] = drive(b, t, k);
        }
    }
    eg_spec spec = {EG_F32, 3, {time ? T : B, time ? B : T, N}};
    eg_set_mode(loop, EG_BATCHING, 0);
    for (int run = 0; run < 2; run++) {
        eg_loop_run(loop, spec, x, NULL);
        eg_history h = eg_loop_history(loop, "V");
        test_fine(eg);
        ck_assert_int_eq(h.spec.rank, 3);
        ck_assert_int_eq(h.spec.dim[0], T);
        ck_assert_int_eq(h.spec.dim[1], B);
        memcpy(V[run], h.data, sizeof V[run]);
        memcpy(spike[run], eg_loop_output(loop, 0).data, sizeof spike[run]);
    }
    test_close(eg);
}

START_TEST(samples_of_a_batch_are_as_they_would_be_alone)
{
    static float V[2][T][B][N], one[2][T][N];
    static bool spike[2][T][B][N], fired[2][T][N];
    for (int axis = EG_AXIS_BY_MODE; axis <= EG_BATCH_FIRST; axis++) {
        batch_of(_i, (eg_data_axis)axis, V, spike);
        int spikes = 0;
        for (int b = 0; b < B; b++) {
            alone(_i, b, one, fired);
            for (int k = 0; k < 2 * T; k++) {
                test_check_f32("V", V[k / T][k % T][b], one[k / T][k % T], N);
                ck_assert_mem_eq(spike[k / T][k % T][b], fired[k / T][k % T], N);
                for (int j = 0; j < N; j++) spikes += fired[k / T][k % T][j];
            }
        }
        ck_assert_int_gt(spikes, 20);
    }
}
END_TEST

START_TEST(without_data_there_are_as_many_samples_as_the_mode_says)
{
    eg_context *eg = test_open(_i);
    eg_system *A = spiking(eg), *loop = LOOP(A, .num_out_vars = 1, .out_vars = PATHS("spike"));
    eg_set_mode(A, EG_TRAINING, 4);
    eg_loop_run_until(loop, 3, NULL);
    eg_history h = eg_loop_history(loop, "spike");
    test_fine(eg);
    ck_assert_int_eq(h.spec.dtype, EG_F32); /* as spikes are in training */
    ck_assert_int_eq(h.spec.dim[0], 6);
    ck_assert_int_eq(h.spec.dim[1], 4);
    eg_set_mode(A, EG_NONBATCHING, 0);
    eg_loop_run_until(loop, 3, NULL);
    h = eg_loop_history(loop, "spike");
    ck_assert_int_eq(h.spec.dtype, EG_BOOL);
    ck_assert_int_eq(h.spec.rank, 2);
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop_over_time");
    TCase *t = tcase_create("loop_over_time");
    tcase_set_timeout(t, 0);
    tcase_add_loop_test(t, times_are_products_for_all_lengths, 0, WAYS);
    tcase_add_loop_test(t, time_begins_at_t0_in_every_call, 0, WAYS);
    tcase_add_loop_test(t, rows_without_state_are_all_at_t0, 0, WAYS);
    tcase_add_loop_test(t, fit_is_passed_on, 0, WAYS);
    tcase_add_loop_test(t, state_goes_on_and_inputs_are_cleared_behind_the_step, 0, WAYS);
    tcase_add_loop_test(t, a_state_of_its_own_leaves_the_contexts_alone, 0, WAYS);
    tcase_add_loop_test(t, rows_without_state_follow_the_axes_of_the_data, 0, WAYS);
    tcase_add_loop_test(t, samples_of_a_batch_are_as_they_would_be_alone, 0, WAYS);
    tcase_add_loop_test(t, without_data_there_are_as_many_samples_as_the_mode_says, 0, WAYS);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
