/* Steps, times, states: what a runner does without inputs and special monitors. */
#include "scene.h"

static eg_system *runner_of(eg_system *target, int num, const eg_monitor *m, const eg_input *in)
{
    eg_dsrunner_options o = {.num_monitors = num, .monitors = m, .num_inputs = in != NULL, .inputs = in};
    return eg_dsrunner(target, "run", &o);
}

static const eg_monitor see_V = {.variable = "A.V"};
static const eg_input give_one = {.variable = "A.input", .value = 1};

START_TEST(rows_are_what_is_there_after_each_step)
{
    eg_context *eg = test_open(_i);
    eg_system *run = runner_of(scene_net(eg, 3), 1, &see_V, &give_one);
    ck_assert_int_eq(eg_run(run, 5, NULL), EG_OK);
    ck_assert_int_eq(eg_steps_done(run), 50);
    const double *V = scene_f64(eg_history_of(run, "A.V"), 2, 50, 3);
    for (int k = 0; k < 150; k++) ck_assert_double_eq(V[k], k / 3 + 1);
    test_close(eg);
}
END_TEST

START_TEST(times_are_the_ends_of_the_steps_each_one_product)
{
    eg_context *eg = test_open(_i);
    eg_system *run = runner_of(scene_net(eg, 3), 1, &see_V, NULL);
    eg_run(run, 100, NULL);
    eg_run(run, 100, NULL);
    const double *t = scene_f64(eg_times_of(run, NULL), 1, 1000, 0);
    for (int k = 0; k < 1000; k++) ck_assert_double_eq(t[k], (1000 + k + 1) * 0.1);
    test_close(eg);
}
END_TEST

START_TEST(a_second_run_goes_on_and_replaces_the_histories_in_their_memory)
{
    eg_context *eg = test_open(_i);
    eg_system *run = runner_of(scene_net(eg, 3), 1, &see_V, &give_one);
    eg_run(run, 3, NULL);
    const void *before = eg_history_of(run, "A.V").data;
    eg_run(run, 2, NULL);
    eg_history h = eg_history_of(run, "A.V");
    const double *V = scene_f64(h, 2, 20, 3), *t = scene_f64(eg_times_of(run, "A.V"), 1, 20, 0);
    ck_assert_ptr_eq(h.data, before);
    ck_assert_double_eq(V[0], 31);
    ck_assert_double_eq(V[59], 50);
    ck_assert_double_eq(t[0], 31 * 0.1);
    test_close(eg);
}
END_TEST

/* Upstream lost a step in 348 of these. */
START_TEST(every_multiple_of_dt_gives_its_number_of_steps)
{
    eg_context *eg = test_open(_i);
    eg_system *run = runner_of(scene_net(eg, 2), 0, NULL, NULL);
    double sum = 0;
    for (int k = 1; k <= 300; k++) {
        eg_run(run, k * 0.1, NULL);
        ck_assert_int_eq(eg_steps_done(run), k);
        sum += 0.1;
        eg_run(run, sum, NULL);
        ck_assert_int_eq(eg_steps_done(run), k);
    }
    ck_assert_int_le(eg_get_stats(eg).compiles, 1);
    test_close(eg);
}
END_TEST

START_TEST(the_clock_advances_by_whole_steps_exactly)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 2), *run = runner_of(net, 0, NULL, NULL);
    for (int k = 0; k < 1000; k++) eg_run(run, 0.3, NULL);
    int64_t i0 = 0;
    eg_read(eg_system_variable(run, "i0"), &i0, sizeof i0);
    ck_assert_int_eq(i0, 3000);
    eg_run(run, 0.1, NULL);
    ck_assert_double_eq(scene_f64(eg_times_of(run, NULL), 1, 1, 0)[0], 3001 * 0.1);
    test_close(eg);
}
END_TEST

START_TEST(a_duration_that_is_no_whole_number_of_steps_is_an_error)
{
    eg_context *eg = test_open(1);
    eg_system *run = runner_of(scene_net(eg, 2), 0, NULL, NULL);
    static const double wrong[] = {0.25, -1, NAN, INFINITY, 0.1001};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        ck_assert_int_eq(eg_run(run, wrong[k], NULL), EG_ERR_ARGUMENT);
        test_expect(eg, EG_ERR_ARGUMENT, "eg_run", "ms", NULL);
    }
    ck_assert_int_eq(eg_run(run, 0, NULL), EG_OK);
    ck_assert_int_eq(eg_steps_done(run), 0);
    eg_run(run, 0.25, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "0.25", "no whole number of steps of 0.1 ms", "0.3 ms are 3 steps", NULL);
    test_close(eg);
}
END_TEST

static eg_val time_of(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    (void)target;
    return s.t;
}

START_TEST(time_begins_at_t0_and_after_a_reset_there_again)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 3);
    eg_monitor m[] = {see_V, {.key = "t", .fn = time_of}};
    eg_system *run = eg_dsrunner(
        net, "run",
        &(eg_dsrunner_options){.num_monitors = 2, .monitors = m, .num_inputs = 1, .inputs = &give_one, .t0 = 7});
    eg_run(run, 2, NULL);
    eg_run(run, 1, NULL);
    ck_assert_double_eq(scene_f64(eg_times_of(run, NULL), 1, 10, 0)[9], fma(30, 0.1, 7));
    ck_assert_double_eq(scene_f64(eg_history_of(run, "t"), 1, 10, 0)[9], fma(30, 0.1, 7));
    eg_run(run, 1, &(eg_dsrun_options){.reset_state = true});
    ck_assert_double_eq(scene_f64(eg_history_of(run, "t"), 1, 10, 0)[0], fma(1, 0.1, 7));
    ck_assert_double_eq(scene_f64(eg_history_of(run, "A.V"), 2, 10, 3)[0], 1);
    test_close(eg);
}
END_TEST

START_TEST(states_of_ones_own_have_their_own_clock)
{
    eg_context *eg = test_open(_i);
    eg_system *run = runner_of(scene_net(eg, 3), 1, &see_V, &give_one);
    eg_state *a = eg_state_new(eg), *b = eg_state_new(eg);
    eg_run(run, 1, &(eg_dsrun_options){.state = a});
    eg_run(run, 2, &(eg_dsrun_options){.state = b});
    eg_run(run, 1, &(eg_dsrun_options){.state = a});
    ck_assert_double_eq(scene_f64(eg_history_of(run, "A.V"), 2, 10, 3)[29], 20);
    ck_assert_double_eq(scene_f64(eg_times_of(run, NULL), 1, 10, 0)[0], 11 * 0.1);
    test_close(eg);
}
END_TEST

START_TEST(outputs_of_the_update_are_recorded_unless_told_otherwise)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 3), *A = eg_find_system(net, "A");
    eg_system *run = eg_dsrunner(A, "run", NULL);
    eg_run(run, 2, NULL);
    ck_assert_int_eq(eg_num_outputs(run), 1);
    eg_history y = eg_output_of(run, 0);
    ck_assert_int_eq(y.spec.dtype, EG_BOOL);
    ck_assert_int_eq(y.spec.rank, 2);
    ck_assert_int_eq(y.spec.dim[0], 20);
    for (int k = 0; k < 60; k++) ck_assert_int_eq(((const bool *)y.data)[k], scene_spikes(k / 3, k % 3));
    eg_output_of(run, 1);
    test_expect(eg, EG_ERR_ARGUMENT, "no output 1 of 'A'; it has 1", NULL);
    eg_system *quiet = eg_dsrunner(A, "quiet", &(eg_dsrunner_options){.no_outputs = true});
    eg_run(quiet, 2, NULL);
    ck_assert_int_eq(eg_num_outputs(quiet), 0);
    eg_output_of(quiet, 0);
    test_expect(eg, EG_ERR_ARGUMENT, "no_outputs", NULL);
    test_close(eg);
}
END_TEST

START_TEST(rows_of_x_are_fed_into_the_update_and_end_the_run)
{
    eg_context *eg = test_open(_i);
    eg_system *A = eg_find_system(scene_net(eg, 3), "A");
    eg_monitor m = {.variable = "V"};
    eg_system *run = runner_of(A, 1, &m, NULL);
    float x[7][3];
    for (int k = 0; k < 21; k++) x[k / 3][k % 3] = (float)k;
    ck_assert_int_eq(eg_run_inputs(run, eg_matrix(EG_F32, 7, 3), x, NULL), EG_OK);
    double V[3] = {0};
    const double *got = scene_f64(eg_history_of(run, "V"), 2, 7, 3);
    for (int k = 0; k < 21; k++) ck_assert_double_eq(got[k], V[k % 3] += k);
    eg_run_inputs(run, eg_matrix(EG_F32, 7, 3), x, NULL); /* and goes on */
    ck_assert_double_eq(scene_f64(eg_history_of(run, "V"), 2, 7, 3)[0], V[0]);
    double scalars[2] = {1, 2};
    eg_run_inputs(run, eg_vector(EG_F64, 2), scalars, NULL);
    ck_assert_double_eq(scene_f64(eg_history_of(run, "V"), 2, 2, 3)[3], 2 * V[0] + 3);
    test_close(eg);
}
END_TEST

START_TEST(wrong_x_is_an_error)
{
    eg_context *eg = test_open(1);
    eg_system *A = eg_find_system(scene_net(eg, 3), "A"), *run = eg_dsrunner(A, NULL, NULL);
    double x[4] = {0};
    eg_run_inputs(run, eg_scalar(EG_F64), x, NULL);
    test_expect(eg, EG_ERR_SHAPE, "[T, ...]", NULL);
    eg_run_inputs(run, eg_vector(EG_F64, 4), NULL, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "x is NULL", NULL);
    eg_run_inputs(run, eg_matrix(EG_F64, 1, 4), x, NULL);
    test_expect(eg, EG_ERR_SHAPE, "eg_add", NULL);
    eg_run_inputs(run, (eg_spec){.dtype = EG_DTYPE_COUNT, .rank = 1}, x, NULL);
    test_expect(eg, EG_ERR_SHAPE, NULL);
    ck_assert_int_eq(eg_run(run, 1, NULL), EG_OK);
    test_close(eg);
}
END_TEST

/* -- batch first --------------------------------------------------------------------------------------------------- */

static eg_val batched_update(eg_system *self, eg_shared s, eg_val x)
{
    eg_var *h = *(eg_var **)eg_self(self);
    (void)s;
    eg_set(h, eg_add(eg_get(h), x));
    return eg_mul(eg_get(h), 2);
}

static void batched_setup(eg_system *self)
{
    *(eg_var **)eg_self(self) = eg_add_variable(self, "h", eg_matrix(EG_F64, 2, 3), eg_init_constant(0));
}

static const eg_class batched = {
    .name = "Cell", .size = sizeof(eg_var *), .setup = batched_setup, .update = batched_update};

static eg_val mean(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    (void)s;
    return eg_sum(eg_value(target, "h"));
}

START_TEST(batch_first_data_give_batch_first_results)
{
    eg_context *eg = test_open(_i);
    eg_system *cell = eg_system_new(scene_net(eg, 1), "cell", &batched, 0, NULL);
    eg_monitor m[] = {{.variable = "h"}, {.key = "sum", .fn = mean}};
    eg_system *run = eg_dsrunner(
        cell, NULL, &(eg_dsrunner_options){.num_monitors = 2, .monitors = m, .data_first_axis = EG_BATCH_FIRST});
    double x[2][4][3], h[2][3] = {{0}};
    for (int k = 0; k < 24; k++) x[k / 12][k / 3 % 4][k % 3] = k;
    eg_run_inputs(run, ((eg_spec){.dtype = EG_F64, .rank = 3, .dim = {2, 4, 3}}), x, NULL);
    eg_history got = eg_history_of(run, "h"), out = eg_output_of(run, 0);
    ck_assert_int_eq(got.spec.rank, 3);
    ck_assert_int_eq(got.spec.dim[0], 2);
    ck_assert_int_eq(got.spec.dim[1], 4);
    for (int b = 0; b < 2; b++) {
        for (int t = 0; t < 4; t++) {
            for (int k = 0; k < 3; k++) {
                h[b][k] += x[b][t][k];
                ck_assert_double_eq(((const double *)got.data)[(b * 4 + t) * 3 + k], h[b][k]);
                ck_assert_double_eq(((const double *)out.data)[(b * 4 + t) * 3 + k], 2 * h[b][k]);
            }
        }
    }
    scene_f64(eg_history_of(run, "sum"), 1, 4, 0); /* no batch axis to move */
    test_close(eg);
}
END_TEST

/* -- targets ------------------------------------------------------------------------------------------------------- */

START_TEST(a_group_alone_is_a_target_and_the_others_stand_still)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 3), *B = scene_group(net, "B", 2);
    eg_input in = {.variable = "input", .value = 1};
    eg_system *run = runner_of(B, 0, NULL, &in);
    eg_run(run, 1, NULL);
    double A_V[3], B_V[2];
    eg_read(eg_system_variable(net, "A.V"), A_V, sizeof A_V);
    eg_read(eg_system_variable(net, "B.V"), B_V, sizeof B_V);
    ck_assert_double_eq(A_V[0], 0);
    ck_assert_double_eq(B_V[1], 10);
    ck_assert_str_eq(eg_system_path(run), "B.run");
    test_close(eg);
}
END_TEST

START_TEST(the_target_s_own_update_leaves_its_runners_out)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 3), *run = runner_of(net, 1, &see_V, &give_one);
    int64_t i0 = -1;
    eg_run(run, 1, NULL);
    eg_simulate(net, 10, NULL);
    eg_read(eg_system_variable(run, "i0"), &i0, sizeof i0);
    ck_assert_int_eq(i0, 10);
    eg_reset_state(net, NULL);
    eg_read(eg_system_variable(run, "i0"), &i0, sizeof i0);
    ck_assert_int_eq(i0, 0);
    test_close(eg);
}
END_TEST

START_TEST(what_is_added_to_the_network_later_takes_part)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 3), *run = runner_of(net, 1, &see_V, &give_one);
    eg_run(run, 1, NULL);
    eg_system *B = scene_group(net, "B", 2);
    eg_current(net, "drive", B, 3);
    eg_run(run, 1, NULL);
    double V[2];
    eg_read(eg_system_variable(B, "V"), V, sizeof V);
    ck_assert_double_eq(V[0], 30);
    test_close(eg);
}
END_TEST

/* -- inside other functions ---------------------------------------------------------------------------------------- */

static eg_val call_update(void *user, eg_val x)
{
    return eg_update(user, ((eg_shared){.fit = false}), eg_tuple_size(x) ? x : eg_int(12));
}

START_TEST(update_of_a_runner_in_a_function_is_its_whole_loop)
{
    eg_context *eg = test_open(_i);
    eg_system *A = eg_find_system(scene_net(eg, 3), "A");
    eg_monitor m[] = {{.variable = "V"}, {.key = "V5", .variable = "V", .every = 5}};
    eg_input in = {.variable = "input", .value = 1};
    eg_system *run = runner_of(A, 2, m, &in);
    eg_func *f = eg_trace(eg, "outer", call_update, run, 0, NULL);
    ck_assert_msg(f != NULL, "%s", eg_message(eg));
    ck_assert_int_eq(eg_num_results(f), 3);
    static bool y[12][3];
    static double V[12][3], V5[2][3];
    eg_call(f, NULL, NULL, (void *[]){y, V, V5}, NULL);
    ck_assert_int_eq(y[1][2], scene_spikes(1, 2));
    ck_assert_double_eq(V[11][2], 12);
    ck_assert_double_eq(V5[1][0], 10);
    eg_spec x = eg_matrix(EG_F64, 4, 3);
    eg_func *g = eg_trace(eg, "fed", call_update, run, 1, &x);
    const double rows[4][3] = {{0, 0, 0}, {0, 0, 5}};
    static double W[4][3];
    eg_call(g, NULL, (const void *[]){rows}, (void *[]){NULL, W, NULL}, NULL);
    ck_assert_double_eq(W[3][2], 12 + 5 + 4);
    int64_t i0 = 0;
    eg_read(eg_system_variable(run, "i0"), &i0, sizeof i0);
    ck_assert_int_eq(i0, 16);
    test_close(eg);
}
END_TEST

static eg_val call_wrong(void *user, eg_val x)
{
    (void)x;
    return eg_update(user, ((eg_shared){.fit = false}), eg_no_input());
}

START_TEST(update_of_a_runner_without_steps_is_an_error)
{
    eg_context *eg = test_open(1);
    eg_system *run = eg_dsrunner(scene_net(eg, 3), NULL, NULL);
    ck_assert_ptr_null(eg_trace(eg, "outer", call_wrong, run, 0, NULL));
    test_expect(eg, EG_ERR_ARGUMENT, "a whole number of steps", NULL);
    test_close(eg);
}
END_TEST

/* -- errors -------------------------------------------------------------------------------------------------------- */

START_TEST(wrong_options_are_named)
{
    eg_context *eg = test_open(1);
    eg_system *net = scene_net(eg, 3);
    ck_assert_ptr_null(eg_dsrunner(NULL, NULL, NULL));
    ck_assert_ptr_null(eg_dsrunner(net, NULL, &(eg_dsrunner_options){.dt = -1}));
    test_expect(eg, EG_ERR_ARGUMENT, "DSRunner", "dt is -1", NULL);
    ck_assert_ptr_null(eg_dsrunner(net, NULL, &(eg_dsrunner_options){.t0 = NAN}));
    test_expect(eg, EG_ERR_ARGUMENT, "t0 is", NULL);
    ck_assert_ptr_null(eg_dsrunner(net, NULL, &(eg_dsrunner_options){.num_monitors = 1}));
    test_expect(eg, EG_ERR_ARGUMENT, "1 monitors, but no array", NULL);
    ck_assert_ptr_null(eg_dsrunner(net, NULL, &(eg_dsrunner_options){.num_inputs = -2}));
    test_expect(eg, EG_ERR_ARGUMENT, "-2 inputs", NULL);
    ck_assert_ptr_null(eg_dsrunner(net, NULL, &(eg_dsrunner_options){.data_first_axis = (eg_data_axis)5}));
    test_expect(eg, EG_ERR_ARGUMENT, "data_first_axis is 5", NULL);
    ck_assert_ptr_nonnull(eg_dsrunner(net, "A2", NULL));
    ck_assert_ptr_null(eg_dsrunner(net, "A2", NULL));
    test_expect(eg, EG_ERR_ARGUMENT, "A2", "another name", NULL);
    ck_assert_ptr_null(eg_dsrunner(net, "A2", NULL)); /* and that is all: */
    test_expect(eg, EG_ERR_ARGUMENT, NULL);
    test_close(eg);
}
END_TEST

START_TEST(what_is_no_runner_is_an_error)
{
    eg_context *eg = test_open(1);
    eg_system *net = scene_net(eg, 3);
    ck_assert_int_eq(eg_run(NULL, 1, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_run(net, 1, NULL), EG_ERR_ARGUMENT);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_run", "Network", "make one by eg_dsrunner", NULL);
    ck_assert_ptr_null(eg_history_of(net, "V").data);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_history_of", NULL);
    ck_assert_ptr_null(eg_times_of(net, NULL).data);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_times_of", NULL);
    ck_assert_ptr_null(eg_output_of(net, 0).data);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_output_of", NULL);
    ck_assert_int_eq(eg_num_outputs(net), 0);
    eg_clear_error(eg);
    ck_assert_int_eq(eg_steps_done(net), 0);
    ck_assert_int_eq(eg_steps_done(NULL), 0);
    ck_assert_ptr_null(eg_history_of(NULL, "V").data);
    test_close(eg);
}
END_TEST

START_TEST(before_the_first_run_there_is_nothing)
{
    eg_context *eg = test_open(1);
    eg_system *run = runner_of(scene_net(eg, 3), 1, &see_V, NULL);
    ck_assert_ptr_null(eg_history_of(run, "A.V").data);
    ck_assert_int_eq(eg_times_of(run, NULL).spec.dim[0], 0);
    eg_output_of(run, 0);
    test_expect(eg, EG_ERR_ARGUMENT, "before its first run", NULL);
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("run");
    TCase *c = tcase_create("run");
    tcase_add_loop_test(c, rows_are_what_is_there_after_each_step, 0, WAYS);
    tcase_add_loop_test(c, times_are_the_ends_of_the_steps_each_one_product, 0, WAYS);
    tcase_add_loop_test(c, a_second_run_goes_on_and_replaces_the_histories_in_their_memory, 0, WAYS);
    tcase_add_loop_test(c, every_multiple_of_dt_gives_its_number_of_steps, 0, WAYS);
    tcase_add_loop_test(c, the_clock_advances_by_whole_steps_exactly, 0, WAYS);
    tcase_add_test(c, a_duration_that_is_no_whole_number_of_steps_is_an_error);
    tcase_add_loop_test(c, time_begins_at_t0_and_after_a_reset_there_again, 0, WAYS);
    tcase_add_loop_test(c, states_of_ones_own_have_their_own_clock, 0, WAYS);
    tcase_add_loop_test(c, outputs_of_the_update_are_recorded_unless_told_otherwise, 0, WAYS);
    tcase_add_loop_test(c, rows_of_x_are_fed_into_the_update_and_end_the_run, 0, WAYS);
    tcase_add_test(c, wrong_x_is_an_error);
    tcase_add_loop_test(c, batch_first_data_give_batch_first_results, 0, WAYS);
    tcase_add_loop_test(c, a_group_alone_is_a_target_and_the_others_stand_still, 0, WAYS);
    tcase_add_loop_test(c, the_target_s_own_update_leaves_its_runners_out, 0, WAYS);
    tcase_add_loop_test(c, what_is_added_to_the_network_later_takes_part, 0, WAYS);
    tcase_add_loop_test(c, update_of_a_runner_in_a_function_is_its_whole_loop, 0, WAYS);
    tcase_add_test(c, update_of_a_runner_without_steps_is_an_error);
    tcase_add_test(c, wrong_options_are_named);
    tcase_add_test(c, what_is_no_runner_is_an_error);
    tcase_add_test(c, before_the_first_run_there_is_nothing);
    suite_add_tcase(s, c);
    return test_run(s);
}
