/* Loops over time inside other functions: gradients, copies side by side; and errors. */
#include "loop_scene.h"

#include <engram/transform.h>

/* -- inside other functions ---------------------------------------------------------------------------------------- */

/* Sum of the outputs. */
static eg_val loss(void *user, eg_val x)
{
    eg_system *loop = user;
    eg_shared none = {0};
    eg_val y = eg_update(loop, none, x);
    return eg_sum(eg_spec_of(y).rank < 0 ? eg_item(y, 0) : y);
}

START_TEST(gradients_pass_through)
{
    eg_context *eg = test_open(_i);
    eg_system *A = adder_of(eg), *plain = eg_loop_over_time(A, NULL, NULL),
              *with = LOOP(A, .num_out_vars = 1, .out_vars = PATHS("V")), *rows = LOOP(A, .no_state = true);
    eg_spec spec = eg_vector(EG_F64, 3);
    const double x[] = {1, 2, 3};
    for (int k = 0; k < 3; k++) {
        eg_system *loop = k == 0 ? plain : k == 1 ? with : rows;
        eg_func *f = eg_trace(eg, "loss", loss, loop, 1, &spec);
        eg_var *w = eg_system_variable(A, "w");
        eg_gradient_options o = {.num_args = 1, .args = (int[]){0}, .num_vars = 1, .vars = &w};
        eg_func *g = eg_gradient(f, &o);
        double y, dx[3], dw;
        eg_reset_state(A, NULL);
        eg_call(g, NULL, (const void *[]){x}, (void *[]){&y, dx, &dw}, NULL);
        test_fine(eg);
        /* y = 2 sum_k (1 + w sum_{j <= k} x_j), without state 2 sum_k (1 + w x_k) */
        const double want[2][3] = {{3, 2, 1}, {1, 1, 1}};
        for (int j = 0; j < 3; j++) ck_assert_double_eq_tol(dx[j], want[k == 2][j], 1e-12);
        ck_assert_double_eq_tol(dw, k == 2 ? 12 : 20, 1e-12);
        ck_assert_double_eq_tol(y, k == 2 ? 12 : 16, 1e-12);
        ck_assert_double_eq(value_of(A, "V"), k == 2 ? 1 : 4);
        ck_assert_double_eq(value_of(A, "input"), 0);
    }
    test_close(eg);
}
END_TEST

START_TEST(copies_run_side_by_side)
{
    eg_context *eg = test_open(_i);
    eg_system *A = adder_of(eg), *loop = eg_loop_over_time(A, NULL, NULL);
    eg_spec spec = eg_vector(EG_F64, 2);
    eg_func *f = eg_trace(eg, "loss", loss, loop, 1, &spec);
    eg_vmap_variable own = {.one = eg_system_variable(A, "V"), .keep = true};
    eg_func *all = eg_vmap(f, 3, &(eg_vmap_options){.num_vars = 1, .vars = &own});
    const double x[] = {1, 2, 3, 4, 5, 6};
    double y[3];
    eg_call(all, NULL, (const void *[]){x}, (void *[]){y}, NULL);
    test_fine(eg);
    for (int k = 0; k < 3; k++) ck_assert_double_eq(y[k], 4 + 2 * x[2 * k] + x[2 * k + 1]);
    /* The same as a batch, whose samples keep their states. */
    all = eg_batched(A, f, 3, NULL);
    for (int run = 0; run < 2; run++) eg_call(all, NULL, (const void *[]){x}, (void *[]){y}, NULL);
    test_fine(eg);
    for (int k = 0; k < 3; k++) ck_assert_double_eq(y[k], 4 + 4 * x[2 * k] + 3 * x[2 * k + 1]);
    test_close(eg);
}
END_TEST

static eg_val until(void *user, eg_val x)
{
    (void)x;
    eg_shared s = {.fit = true};
    return eg_update((eg_system *)user, s, 1.2);
}
static eg_val pairs(void *user, eg_val x)
{
    eg_shared none = {0};
    return eg_update((eg_system *)user, none, x);
}
static eg_val sums(eg_system *self, eg_shared s, eg_val x)
{
    (void)self;
    (void)s;
    return eg_add(eg_item(x, 0), eg_sum(eg_item(x, 1)));
}
static const eg_class sums_class = {.name = "Sums", .update = sums};

START_TEST(a_traced_loop_takes_an_end_time_or_a_tuple_of_inputs)
{
    eg_context *eg = test_open(_i);
    eg_system *C = clock_of(eg), *loop = LOOP(C, .t0 = 1);
    double t[2];
    bool fit[2];
    eg_func *f = eg_trace(eg, "until", until, loop, 0, NULL);
    eg_call(f, NULL, NULL, (void *[]){t, NULL, NULL, NULL, fit}, NULL);
    test_fine(eg);
    ck_assert_double_eq(t[0], 1);
    ck_assert_double_eq(t[1], fma(1, 0.1, 1));
    ck_assert_int_eq(fit[1], true);
    eg_system *S = eg_system_new(eg_system_parent(C), NULL, &sums_class, 0, NULL);
    eg_spec args[] = {eg_vector(EG_F64, 2), eg_matrix(EG_F32, 2, 3)}; /* f32 becomes the network's f64 */
    const double a[] = {10, 20};
    const float b[] = {1, 2, 3, 4, 5, 6};
    double y[2];
    f = eg_trace(eg, "pairs", pairs, eg_loop_over_time(S, NULL, NULL), 2, args);
    eg_call(f, NULL, (const void *[]){a, b}, (void *[]){y}, NULL);
    test_fine(eg);
    ck_assert_double_eq(y[0], 16);
    ck_assert_double_eq(y[1], 35);
    test_close(eg);
}
END_TEST

/* -- errors -------------------------------------------------------------------------------------------------------- */

START_TEST(what_is_wrong_with_options_is_said)
{
    eg_context *eg = test_open(0);
    eg_system *A = adder_of(eg);
    ck_assert_ptr_null(LOOP(A, .num_out_vars = 1, .out_vars = PATHS("X")));
    test_expect(eg, EG_ERR_ARGUMENT, "no variable 'X'", "there is V, input, w", "test_loop_traced.c", NULL);
    ck_assert_ptr_null(LOOP(A, .num_out_vars = 1, .out_vars = PATHS(NULL)));
    test_expect(eg, EG_ERR_ARGUMENT, "no variable 'NULL'", NULL);
    ck_assert_ptr_null(LOOP(A, .num_out_vars = 2));
    test_expect(eg, EG_ERR_ARGUMENT, "LoopOverTime 'A.LoopOverTime0'", "2 out_vars, but no array", NULL);
    ck_assert_ptr_null(LOOP(A, .num_out_vars = -1));
    test_expect(eg, EG_ERR_ARGUMENT, "-1 out_vars", NULL);
    ck_assert_ptr_null(LOOP(A, .dt = -0.1));
    test_expect(eg, EG_ERR_ARGUMENT, "dt is -0.1", NULL);
    ck_assert_ptr_null(LOOP(A, .t0 = NAN));
    test_expect(eg, EG_ERR_ARGUMENT, "t0 is nan", NULL);
    ck_assert_ptr_null(LOOP(A, .data_first_axis = (eg_data_axis)7));
    test_expect(eg, EG_ERR_ARGUMENT, "data_first_axis is 7", NULL);
    ck_assert_ptr_null(eg_loop_over_time(NULL, NULL, NULL));
    test_close(eg);
}
END_TEST

START_TEST(what_is_wrong_with_calls_is_said)
{
    eg_context *eg = test_open(0);
    eg_system *A = adder_of(eg), *loop = LOOP(A, .num_out_vars = 1, .out_vars = PATHS("V"));
    double x[4] = {0}, bad = INFINITY;
    eg_loop_output(loop, 0);
    test_expect(eg, EG_ERR_STATE, "eg_loop_output", "has no results", NULL);
    eg_loop_history(loop, "V");
    test_expect(eg, EG_ERR_STATE, "eg_loop_history", "has no results", NULL);
    eg_loop_run(A, eg_vector(EG_F64, 4), x, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_loop_run: 'A' is a Adder, not a loop", NULL);
    eg_loop_run_until(A, 1, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_loop_run_until: 'A' is", NULL);
    eg_loop_run(loop, eg_vector(EG_F64, 4), NULL, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "x of 'A.LoopOverTime0' is NULL", NULL);
    eg_loop_run(loop, eg_scalar(EG_F64), x, NULL);
    test_expect(eg, EG_ERR_SHAPE, "must have the shape [T, ...]", NULL);
    eg_loop_run(loop, eg_vector(EG_F64, -1), x, NULL);
    test_expect(eg, EG_ERR_SHAPE, "must have the shape [T, ...]", NULL);
    eg_loop_run(loop, eg_vector(EG_F64, 4), x, &(eg_loop_run_options){.t0 = &bad});
    test_expect(eg, EG_ERR_ARGUMENT, "t0 is inf", NULL);
    eg_loop_run_until(loop, 1, &(eg_loop_run_options){.dt = -1});
    test_expect(eg, EG_ERR_ARGUMENT, "dt is -1", NULL);
    eg_loop_run_until(loop, -1, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "the end time is -1 ms", "t0 = 0", NULL);
    eg_loop_run_until(loop, INFINITY, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "the end time is inf ms", NULL);
    eg_loop_run(loop, eg_vector(EG_F64, 4), x, NULL);
    test_fine(eg);
    eg_loop_output(loop, 1);
    test_expect(eg, EG_ERR_ARGUMENT, "there is no output 1 of 'A'; it has 1", NULL);
    eg_loop_history(loop, "w");
    test_expect(eg, EG_ERR_ARGUMENT, "'w' is not among the out_vars", "there is V", NULL);
    eg_loop_history(loop, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "'NULL' is not", NULL);
    eg_loop_output(A, 0);
    test_expect(eg, EG_ERR_ARGUMENT, "not a loop", NULL);
    ck_assert_int_eq(eg_loop_run(NULL, eg_vector(EG_F64, 4), x, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_loop_run_until(NULL, 1, NULL), EG_ERR_ARGUMENT);
    ck_assert_ptr_null(eg_loop_history(NULL, "V").data);
    test_close(eg);
}
END_TEST

START_TEST(what_is_wrong_with_batches_and_rows_is_said)
{
    eg_context *eg = test_open(0);
    eg_system *A = adder_of(eg), *rows = LOOP(A, .no_state = true), *loop = eg_loop_over_time(A, NULL, NULL);
    double x[4] = {0};
    eg_loop_run_until(rows, 1, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "without state", "1 ms", NULL);
    eg_loop_run(rows, eg_vector(EG_F64, 0), x, NULL);
    test_expect(eg, EG_ERR_SHAPE, "has 0 steps of 1 samples", NULL);
    eg_set_mode(A, EG_BATCHING, 0);
    eg_loop_run(loop, eg_vector(EG_F64, 4), x, NULL);
    test_expect(eg, EG_ERR_SHAPE, "must have the shape [B, T, ...]", NULL);
    eg_loop_run(LOOP(A, .data_first_axis = EG_TIME_FIRST), eg_vector(EG_F64, 4), x, NULL);
    test_expect(eg, EG_ERR_SHAPE, "must have the shape [T, B, ...]", NULL);
    eg_loop_run(loop, eg_matrix(EG_F64, 0, 4), x, NULL);
    test_expect(eg, EG_ERR_SHAPE, "has 4 steps of 0 samples", NULL);
    test_close(eg);
}
END_TEST

static eg_val no_x(void *user, eg_val x)
{
    (void)x;
    eg_shared none = {0};
    return eg_update((eg_system *)user, none, eg_no_input());
}
static eg_val early(void *user, eg_val x)
{
    (void)x;
    eg_shared none = {0};
    return eg_update((eg_system *)user, none, -2);
}

START_TEST(what_is_wrong_with_traced_calls_is_said)
{
    eg_context *eg = test_open(0);
    eg_system *A = adder_of(eg), *rows = LOOP(A, .no_state = true), *loop = eg_loop_over_time(A, NULL, NULL);
    eg_spec args[] = {eg_vector(EG_F64, 2), eg_vector(EG_F64, 3)};
    eg_trace(eg, "no_x", no_x, loop, 0, NULL);
    test_expect(eg, EG_ERR_SHAPE, "'A.LoopOverTime1'", "needs x: an end time", NULL);
    eg_trace(eg, "pairs", pairs, loop, 0, NULL);
    test_expect(eg, EG_ERR_SHAPE, "needs x: an end time", NULL);
    eg_trace(eg, "pairs", pairs, loop, 1, &eg_scalar(EG_F64));
    test_expect(eg, EG_ERR_SHAPE, "needs x: an end time", NULL);
    eg_trace(eg, "pairs", pairs, loop, 2, args);
    test_expect(eg, EG_ERR_SHAPE, "2 and 3 rows", NULL);
    eg_trace(eg, "early", early, loop, 0, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "the end time is -2 ms", NULL);
    eg_trace(eg, "until", until, rows, 0, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "without state", NULL);
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop_traced");
    TCase *t = tcase_create("loop_traced");
    tcase_set_timeout(t, 0);
    tcase_add_loop_test(t, gradients_pass_through, 0, WAYS);
    tcase_add_loop_test(t, copies_run_side_by_side, 0, WAYS);
    tcase_add_loop_test(t, a_traced_loop_takes_an_end_time_or_a_tuple_of_inputs, 0, WAYS);
    tcase_add_test(t, what_is_wrong_with_options_is_said);
    tcase_add_test(t, what_is_wrong_with_calls_is_said);
    tcase_add_test(t, what_is_wrong_with_batches_and_rows_is_said);
    tcase_add_test(t, what_is_wrong_with_traced_calls_is_said);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
