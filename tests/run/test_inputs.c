/* What is put in: kinds, operations, their order, arrays over time. */
#include "scene.h"

static eg_system *feed(eg_system *net, int num, const eg_input *in)
{
    static const eg_monitor m[] = {{.variable = "A.input"}, {.variable = "A.V"}};
    return eg_dsrunner(net, NULL,
                       &(eg_dsrunner_options){.num_monitors = 2, .monitors = m, .num_inputs = num, .inputs = in});
}

static const double *inputs_of(eg_system *run, int64_t rows, int64_t width)
{
    return scene_f64(eg_history_of(run, "A.input"), 2, rows, width);
}

static eg_array *ramp(eg_context *eg, int64_t rows, int64_t width)
{
    eg_array *a = eg_array_new(eg, eg_matrix(EG_F64, rows, width), NULL);
    double *x = eg_array_data(a);
    for (int64_t k = 0; x && k < rows * width; k++) x[k] = (double)k;
    return a;
}

static eg_val time_of(void *user, eg_system *target, eg_shared s)
{
    (void)target;
    return eg_mul(*(double *)user, s.t);
}

START_TEST(each_operation_does_what_its_name_says)
{
    static const double want[] = {6 + 4, 6 - 4, 6 * 4, 6 / 4.0, 4};
    for (int op = EG_INPUT_ADD; op <= EG_INPUT_SET; op++) {
        for (int width = 1; width <= 3; width += 2) {
            eg_context *eg = test_open(_i);
            eg_array *rows = ramp(eg, 20, width);
            for (int k = 0; k < 20 * width; k++) ((double *)eg_array_data(rows))[k] = 4;
            eg_input in[] = {{.variable = "A.input", .value = 6},
                             {.variable = "A.input", .kind = EG_INPUT_ITER, .op = (eg_input_op)op, .array = rows}};
            eg_system *run = feed(scene_net(eg, 3), 2, in);
            eg_run(run, 2, NULL);
            test_fine(eg);
            const double *got = inputs_of(run, 20, 3);
            for (int k = 0; k < 60; k++) ck_assert_double_eq(got[k], want[op]);
            test_close(eg);
        }
    }
}
END_TEST

/* 10 fix '=', then fix + 2, then iter * 3, then func - t; given in another order. */
START_TEST(fix_comes_before_iter_before_func_and_set_before_the_rest)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 3);
    double one = 1, three[20];
    for (int k = 0; k < 20; k++) three[k] = 3;
    eg_input in[] = {{.variable = "A.input", .kind = EG_INPUT_FUNC, .fn = time_of, .user = &one, .op = EG_INPUT_SUB},
                     {.variable = "A.input",
                      .kind = EG_INPUT_ITER,
                      .op = EG_INPUT_MUL,
                      .array = eg_array_new(eg, eg_vector(EG_F64, 20), three)},
                     {.variable = "A.input", .value = 2},
                     {.variable = "A.input", .value = 4, .op = EG_INPUT_DIV},
                     {.variable = "A.input", .value = 10, .op = EG_INPUT_SET}};
    eg_system *run = feed(net, 5, in);
    eg_run(run, 2, NULL);
    const double *got = inputs_of(run, 20, 3);
    for (int k = 0; k < 60; k++) ck_assert_double_eq_tol(got[k], (10 + 2) / 4.0 * 3 - (k / 3) * 0.1, 1e-14);
    test_close(eg);
}
END_TEST

START_TEST(iterated_arrays_begin_with_their_first_row_in_each_run)
{
    eg_context *eg = test_open(_i);
    eg_input in = {.variable = "A.input", .kind = EG_INPUT_ITER, .array = ramp(eg, 30, 3)};
    eg_system *run = feed(scene_net(eg, 3), 1, &in);
    for (int again = 0; again < 2; again++) {
        ck_assert_int_eq(eg_run(run, again ? 3 : 2, NULL), EG_OK);
        const double *got = inputs_of(run, again ? 30 : 20, 3);
        for (int k = 0; k < 60; k++) ck_assert_double_eq(got[k], k);
    }
    test_close(eg);
}
END_TEST

START_TEST(arrays_by_the_clock_go_on_in_the_next_run)
{
    eg_context *eg = test_open(_i);
    eg_input in = {.variable = "A.input", .kind = EG_INPUT_ITER, .array = ramp(eg, 30, 3), .by_clock = true};
    eg_system *run = feed(scene_net(eg, 3), 1, &in);
    eg_run(run, 2, NULL);
    eg_run(run, 1, NULL);
    const double *got = inputs_of(run, 10, 3);
    for (int k = 0; k < 30; k++) ck_assert_double_eq(got[k], 60 + k);
    ck_assert_int_eq(eg_run(run, 0.1, NULL), EG_ERR_SHAPE);
    test_expect(eg, EG_ERR_SHAPE, "0 rows left", "1 steps", NULL);
    ck_assert_int_eq(eg_run(run, 3, &(eg_dsrun_options){.reset_state = true}), EG_OK);
    ck_assert_double_eq(inputs_of(run, 30, 3)[0], 0);
    test_close(eg);
}
END_TEST

START_TEST(an_array_that_is_too_short_is_an_error_before_anything_runs)
{
    eg_context *eg = test_open(_i);
    eg_input in = {.variable = "A.input", .kind = EG_INPUT_ITER, .array = ramp(eg, 19, 3)};
    eg_system *net = scene_net(eg, 3), *run = feed(net, 1, &in);
    ck_assert_int_eq(eg_run(run, 2, &(eg_dsrun_options){.reset_state = true}), EG_ERR_SHAPE);
    test_expect(eg, EG_ERR_SHAPE, "input 0 of 'A.input'", "19 rows", "20 steps", NULL);
    double V[3] = {1, 1, 1};
    int64_t i0 = -1;
    eg_read(eg_system_variable(net, "A.V"), V, sizeof V);
    eg_read(eg_system_variable(run, "i0"), &i0, sizeof i0);
    ck_assert_double_eq(V[2], 0);
    ck_assert_int_eq(i0, 0);
    ck_assert_int_eq(eg_run(run, 1.9, NULL), EG_OK);
    test_close(eg);
}
END_TEST

START_TEST(arrays_of_other_types_and_shapes_are_converted_and_spread)
{
    eg_context *eg = test_open(_i);
    int32_t steps[20];
    float one[3] = {1, 2, 3};
    for (int k = 0; k < 20; k++) steps[k] = k;
    eg_input in[] = {
        {.variable = "A.input", .kind = EG_INPUT_ITER, .array = eg_array_new(eg, eg_vector(EG_I32, 20), steps)},
        {.variable = "A.input", .array = eg_array_new(eg, eg_vector(EG_F32, 3), one)}};
    eg_system *run = feed(scene_net(eg, 3), 2, in);
    eg_run(run, 2, NULL);
    const double *got = inputs_of(run, 20, 3);
    for (int k = 0; k < 60; k++) ck_assert_double_eq(got[k], k / 3 + k % 3 + 1);
    test_close(eg);
}
END_TEST

static void push(void *user, eg_system *target, eg_shared s)
{
    eg_set(eg_system_variable(target, "A.V"), eg_convert(eg_mul(s.i, *(int *)user), EG_F64));
    eg_accumulate(target, "A.input", 0.5);
}

START_TEST(a_callable_changes_what_it_likes_after_the_inputs)
{
    eg_context *eg = test_open(_i);
    int ten = 10;
    eg_input in = {.variable = "A.input", .value = 1};
    eg_monitor m = {.variable = "A.V"};
    eg_system *run = eg_dsrunner(
        scene_net(eg, 3), NULL,
        &(eg_dsrunner_options){
            .num_monitors = 1, .monitors = &m, .num_inputs = 1, .inputs = &in, .inputs_fn = push, .inputs_user = &ten});
    eg_run(run, 1, NULL);
    const double *V = scene_f64(eg_history_of(run, "A.V"), 2, 10, 3);
    for (int k = 0; k < 10; k++) ck_assert_double_eq(V[3 * k], 10 * k + 1.5);
    test_close(eg);
}
END_TEST

START_TEST(any_variable_can_be_a_target_and_spikes_can_be_set)
{
    eg_context *eg = test_open(_i);
    bool rows[4][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 1}};
    eg_input in[] = {{.variable = "A.V", .value = 2, .op = EG_INPUT_MUL},
                     {.variable = "A.V", .value = 1},
                     {.variable = "A.spike",
                      .kind = EG_INPUT_ITER,
                      .op = EG_INPUT_SET,
                      .array = eg_array_new(eg, eg_matrix(EG_BOOL, 4, 3), rows)}};
    eg_system *run = feed(scene_net(eg, 3), 3, in);
    eg_run(run, 0.4, NULL);
    const double *V = scene_f64(eg_history_of(run, "A.V"), 2, 4, 3);
    double want = 0;
    for (int k = 0; k < 4; k++) ck_assert_double_eq(V[3 * k], want = (want + 1) * 2); /* + before * */
    test_close(eg);
}
END_TEST

START_TEST(parts_of_groups_are_targets)
{
    for (int op = EG_INPUT_ADD; op <= EG_INPUT_SET; op++) {
        eg_context *one = test_open(_i);
        eg_system *net = scene_net(one, 6);
        eg_part(eg_find_system(net, "A"), "tail", 4, 2);
        eg_input in[] = {
            {.variable = "A.input", .value = 8, .op = EG_INPUT_SET},
            {.variable = "A.tail.input", .kind = EG_INPUT_ITER, .op = (eg_input_op)op, .array = ramp(one, 3, 2)}};
        ((double *)eg_array_data(in[1].array))[0] = 2;
        eg_system *run = feed(net, 2, in);
        eg_run(run, 0.3, NULL);
        test_fine(one);
        static const double want[] = {10, 6, 16, 4, 2};
        const double *got = inputs_of(run, 3, 6);
        ck_assert_double_eq(got[0], 8);
        ck_assert_double_eq(got[4], want[op]);
        test_close(one);
    }
}
END_TEST

START_TEST(batch_first_arrays_have_time_second)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_var *h = eg_add_variable(net, "h", eg_matrix(EG_F64, 2, 3), eg_init_constant(0));
    eg_array *a = eg_array_new(eg, ((eg_spec){.dtype = EG_F64, .rank = 3, .dim = {2, 4, 3}}), NULL);
    for (int k = 0; k < 24; k++) ((double *)eg_array_data(a))[k] = k;
    eg_input in = {.variable = "h", .kind = EG_INPUT_ITER, .op = EG_INPUT_SET, .array = a};
    eg_system *run = eg_dsrunner(
        net, NULL, &(eg_dsrunner_options){.num_inputs = 1, .inputs = &in, .data_first_axis = EG_BATCH_FIRST});
    eg_run(run, 0.2, NULL);
    double got[6];
    eg_read(h, got, sizeof got);
    for (int k = 0; k < 6; k++) ck_assert_double_eq(got[k], k / 3 * 12 + 3 + k % 3);
    eg_run(run, 0.5, NULL);
    test_expect(eg, EG_ERR_SHAPE, "4 rows", NULL);
    test_close(eg);
}
END_TEST

START_TEST(wrong_inputs_are_named_when_the_runner_is_made)
{
    eg_context *eg = test_open(1);
    eg_system *net = scene_net(eg, 3);
    eg_array *four = ramp(eg, 5, 4), *scalar = eg_array_new(eg, eg_scalar(EG_F64), NULL);
    const struct {
        eg_input in;
        eg_status status;
        const char *text, *more;
    } wrong[] = {
        {{.variable = "A.I"}, EG_ERR_ARGUMENT, "A.I", "A.V, A.input, A.spike"},
        {{.value = 1}, EG_ERR_ARGUMENT, "input 0 has no variable", "path"},
        {{.variable = "A.input", .kind = (eg_input_kind)7}, EG_ERR_ARGUMENT, "kind 7 is unknown", "A.input"},
        {{.variable = "A.input", .op = (eg_input_op)9}, EG_ERR_ARGUMENT, "op 9 is unknown", "A.input"},
        {{.variable = "A.input", .kind = EG_INPUT_ITER}, EG_ERR_ARGUMENT, "EG_INPUT_ITER needs an array", "A.input"},
        {{.variable = "A.input", .kind = EG_INPUT_FUNC}, EG_ERR_ARGUMENT, "EG_INPUT_FUNC needs fn", "A.input"},
        {{.variable = "A.input", .fn = time_of}, EG_ERR_ARGUMENT, "its kind is EG_INPUT_FUNC", "A.input"},
        {{.variable = "A.input", .array = four}, EG_ERR_SHAPE, "its array has shape [5, 4]", "[3]"},
        {{.variable = "A.input", .kind = EG_INPUT_ITER, .array = four}, EG_ERR_SHAPE, "a row of its array", "[4]"},
        {{.variable = "A.input", .kind = EG_INPUT_ITER, .array = scalar}, EG_ERR_SHAPE, "no time axis", "[T, ...]"},
        {{.variable = "A.spike", .value = 1}, EG_ERR_TYPE, "is bool", "EG_INPUT_SET"},
    };
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        ck_assert_ptr_null(feed(net, 1, &wrong[k].in));
        test_expect(eg, wrong[k].status, wrong[k].text, wrong[k].more, "test_inputs.c", NULL);
    }
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("inputs");
    TCase *c = tcase_create("inputs");
    tcase_add_loop_test(c, each_operation_does_what_its_name_says, 0, WAYS);
    tcase_add_loop_test(c, fix_comes_before_iter_before_func_and_set_before_the_rest, 0, WAYS);
    tcase_add_loop_test(c, iterated_arrays_begin_with_their_first_row_in_each_run, 0, WAYS);
    tcase_add_loop_test(c, arrays_by_the_clock_go_on_in_the_next_run, 0, WAYS);
    tcase_add_loop_test(c, an_array_that_is_too_short_is_an_error_before_anything_runs, 0, WAYS);
    tcase_add_loop_test(c, arrays_of_other_types_and_shapes_are_converted_and_spread, 0, WAYS);
    tcase_add_loop_test(c, a_callable_changes_what_it_likes_after_the_inputs, 0, WAYS);
    tcase_add_loop_test(c, any_variable_can_be_a_target_and_spikes_can_be_set, 0, WAYS);
    tcase_add_loop_test(c, parts_of_groups_are_targets, 0, WAYS);
    tcase_add_loop_test(c, batch_first_arrays_have_time_second, 0, WAYS);
    tcase_add_test(c, wrong_inputs_are_named_when_the_runner_is_made);
    suite_add_tcase(s, c);
    return test_run(s);
}
