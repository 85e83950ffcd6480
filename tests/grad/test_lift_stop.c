/* Cancelled runs of functions whose products have left their loops: what was not reached does not count. */
#include "grad/grad.h"

static int stop_early(void *user, int64_t step, int64_t steps)
{
    (void)user;
    (void)steps;
    return step > 0;
}

enum { RUNS = 4000, ROWS = 3, IN = 9, OUT = 17 };

/* W + sum of x_t' y_t, or the sum of all x_t V, with how many steps there were. */
static const char *const sums_of_steps[] = {
    "engram 1\narg f32[4000,3,9]\narg f32[4000,3,17]\nvariable f32[9,17] \"W\"\nvariable i32 \"n\"\n"
    "%1 = arg f32[4000,3,9] #0\n%2 = arg f32[4000,3,17] #1\n%3 = var f32[9,17] \"W\"\n%4 = var i32 \"n\"\n"
    "%5 = const i64 4000\n%6 = const i32 1\n"
    "%15 = loop %5 %3 %4 %1 %2 {body 1, carried 2, sequences 2, stacked 0}\n"
    "  region 1 {\n    %7 = param i64 {1} #0\n    %8 = param f32[9,17] {1} #1\n    %9 = param i32 {1} #2\n"
    "    %10 = param f32[3,9] {1} #3\n    %11 = param f32[3,17] {1} #4\n"
    "    %12 = transpose f32[9,3] %10 {1, 0}\n    %13 = dot f32[9,17] %12 %11 %8\n    %14 = add i32 %9 %6\n"
    "    result %13 %14\n  }\n"
    "%16 = item f32[9,17] %15 #0\n%17 = item i32 %15 #1\nresult %16\nwrite \"W\" %16\nwrite \"n\" %17\n",
    "engram 1\narg f32[4000,3,9]\narg f32[4000,3,17]\nvariable f32[9,17] \"W\"\nvariable i32 \"n\"\n"
    "%1 = arg f32[4000,3,9] #0\n%2 = var f32[9,17] \"W\"\n%3 = var i32 \"n\"\n"
    "%4 = const i64 4000\n%5 = const i32 1\n"
    "%11 = loop %4 %3 %1 {body 1, carried 1, sequences 1, stacked 1}\n"
    "  region 1 {\n    %6 = param i64 {1} #0\n    %7 = param i32 {1} #1\n    %8 = param f32[3,9] {1} #2\n"
    "    %9 = dot f32[3,17] %8 %2\n    %10 = add i32 %7 %5\n    result %10 %9\n  }\n"
    "%12 = item f32[4000,3,17] %11 #1\n%13 = sum f32[3,17] %12 {0}\n%14 = item i32 %11 #0\n"
    "%15 = arg f32[4000,3,17] #1\nresult %13 %15\nwrite \"n\" %14\n",
};

/* Operands of all steps are there, but of a run that was cancelled only the steps before count. */
START_TEST(steps_not_reached_add_nothing)
{
    teardown();
    eg = eg_open(&(eg_options){.chunk_ms = 1e-6});
    eg_var *W = eg_variable(eg, "W", eg_matrix(EG_F32, IN, OUT)), *n = eg_variable(eg, "n", eg_scalar(EG_I32));
    eg_func *f = eg_parse(eg, sums_of_steps[_i]);
    fine();
    float *x = calloc(RUNS * ROWS * IN, sizeof *x), *y = calloc(RUNS * ROWS * OUT, sizeof *y), *all = NULL;
    ck_assert(x && y && (_i == 0 || (all = calloc(RUNS * ROWS * OUT, sizeof *all))));
    for (size_t k = 0; k < (size_t)RUNS * ROWS * IN; k++) x[k] = (float)number(k, -1, 1);
    for (size_t k = 0; k < (size_t)RUNS * ROWS * OUT; k++) y[k] = (float)number(k + 77, -1, 1);
    ck_assert_int_eq(eg_compile(f), EG_OK);
    ck_assert_ptr_nonnull(f->lifted);
    float sum[2][IN * OUT] = {{0}}, start[IN * OUT], after[2][IN * OUT];
    for (size_t k = 0; k < LEN(start); k++) start[k] = (float)number(k + 55, -1, 1);
    for (int k = 0; k < 2; k++) {
        int32_t done = 0;
        eg_write(W, start, sizeof start);
        eg_write(n, &done, sizeof done);
        eg_status status = eg_call(f, NULL, (const void *[]){x, y}, (void *[]){sum[k], all},
                                   &(eg_run_options){.threads = 1, .interpret = k == 0, .progress = stop_early});
        ck_assert_int_eq(status, EG_ERR_CANCELLED);
        eg_clear_error(eg);
        eg_read(n, &done, sizeof done);
        ck_assert_int_eq(done, 1);
        eg_read(W, after[k], sizeof after[k]);
    }
    ck_assert_msg(!memcmp(sum[0], sum[1], sizeof sum[0]), "other sums");
    ck_assert_msg(!memcmp(after[0], after[1], sizeof after[0]), "another variable");
    free(x);
    free(y);
    free(all);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lift_stop");
    TCase *c = tcase_create("lift_stop");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, steps_not_reached_add_nothing, 0, LEN(sums_of_steps));
    suite_add_tcase(s, c);
    return test_run(s);
}
