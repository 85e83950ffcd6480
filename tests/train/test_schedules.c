/* Learning-rate schedules: in traces, on the host, what is wrong. */
#include "train.h"

typedef struct asked {
    eg_context *eg;
    const eg_schedule *s;
    eg_var *rate; /* for a schedule of one's own */
} asked;

static eg_val rate_at(void *user, eg_val step)
{
    asked *a = user;
    return eg_schedule_at(a->eg, step, a->s);
}

static eg_func *trace_step(asked *a, eg_spec step) { return eg_trace(a->eg, "rate", rate_at, a, 1, &step); }

static double run(eg_func *f, int64_t step)
{
    double lr = NAN;
    eg_call(f, NULL, (const void *[]){&step}, (void *[]){&lr}, NULL);
    return lr;
}

static const int64_t steps[] = {0, 1, 2, 3, 9, 10, 11, 29, 30, 31, 99, 100, 1000, 123456, 1000000};
enum { NUM_STEPS = sizeof steps / sizeof *steps };

static const int64_t boundaries[] = {0, 10, 30, 1000};
static const double values[] = {0.3, 0.1, 0.05, 0.01, 0.001};

static int all_schedules(eg_schedule *to)
{
    int n = 0;
    to[n++] = eg_constant_lr(0.1);
    to[n++] = eg_constant_lr(0);
    to[n++] = eg_exponential_decay(0.025, 1, 0.99975);
    to[n++] = eg_exponential_decay(0.1, 10, 0.5);
    to[n++] = eg_exponential_decay(1e-6, 2.5, 1.00001);
    to[n++] = eg_inverse_time_decay(0.1, 5, 0.3, false);
    to[n++] = eg_inverse_time_decay(0.1, 10, 0.3, true);
    to[n++] = eg_inverse_time_decay(0.1, 10, 0, true);
    to[n++] = eg_polynomial_decay(0.1, 30, 0.001, 1);
    to[n++] = eg_polynomial_decay(0.1, 100, 0.01, 2.5);
    to[n++] = eg_polynomial_decay(0.001, 100, 0.1, 0);
    to[n++] = eg_piecewise_constant(4, boundaries, values);
    to[n++] = eg_piecewise_constant(0, NULL, values);
    return n;
}
enum { NUM_SCHEDULES = 13 };

/* -- values -------------------------------------------------------------------------------------------------------- */

START_TEST(traces_and_host_agree)
{
    eg_schedule all[NUM_SCHEDULES];
    ck_assert_int_eq(all_schedules(all), NUM_SCHEDULES);
    double first[NUM_STEPS];
    for (int way = 0; way < WAYS; way++) {
        asked a = {.eg = test_open(way), .s = &all[_i]};
        eg_func *f = trace_step(&a, eg_scalar(EG_I64));
        test_fine(a.eg);
        ck_assert_int_eq(eg_result_spec(f, 0).dtype, EG_F64);
        ck_assert_int_eq(eg_result_spec(f, 0).rank, 0);
        for (int k = 0; k < NUM_STEPS; k++) {
            double lr = run(f, steps[k]), host = eg_schedule_value(&all[_i], steps[k]);
            ck_assert_msg(fabs(lr - host) <= 4 * 0x1p-52 * fabs(host), "%s at %lld: %.17g traced, %.17g on the host",
                          eg_schedule_kind_name(all[_i].kind), (long long)steps[k], lr, host);
            if (way == 0) first[k] = lr;
            ck_assert(test_same_f64(lr, first[k]));
        }
        test_close(a.eg);
    }
}
END_TEST

static double at(eg_schedule s, int64_t i) { return eg_schedule_value(&s, i); }

START_TEST(values_are_those_of_the_formulas)
{
    ck_assert_double_eq(at(eg_constant_lr(0.1), 77), 0.1);
    ck_assert_double_eq(at(eg_exponential_decay(8, 10, 0.5), 20), 2);
    ck_assert_double_eq_tol(at(eg_exponential_decay(8, 10, 0.5), 5), 8 * sqrt(0.5), 1e-15);
    ck_assert_double_eq(at(eg_inverse_time_decay(6, 4, 2, false), 8), 6.0 / 5);
    ck_assert_double_eq(at(eg_inverse_time_decay(6, 4, 2, false), 6), 6.0 / 4);
    ck_assert_double_eq(at(eg_inverse_time_decay(6, 4, 2, true), 7), 6.0 / 3);
    ck_assert_double_eq(at(eg_inverse_time_decay(6, 4, 2, true), 8), 6.0 / 5);
    ck_assert_double_eq(at(eg_polynomial_decay(5, 8, 1, 1), 0), 5);
    ck_assert_double_eq(at(eg_polynomial_decay(5, 8, 1, 1), 4), 3);
    ck_assert_double_eq(at(eg_polynomial_decay(5, 8, 1, 2), 4), 2);
    ck_assert_double_eq(at(eg_polynomial_decay(5, 8, 1, 2), 8), 1);
    ck_assert_double_eq(at(eg_polynomial_decay(5, 8, 1, 2), 1000000), 1);
    /* A boundary is the last update of its piece. */
    static const int64_t last[] = {0, 10, 30, 1000};
    for (int k = 0; k < 4; k++) {
        ck_assert_double_eq(at(eg_piecewise_constant(4, boundaries, values), last[k]), values[k]);
        ck_assert_double_eq(at(eg_piecewise_constant(4, boundaries, values), last[k] + 1), values[k + 1]);
    }
    ck_assert_double_nan(eg_schedule_value(NULL, 3));
    ck_assert_double_nan(at((eg_schedule){.kind = EG_SCHEDULE_COUNT}, 3));
    ck_assert_double_nan(at((eg_schedule){.kind = EG_SCHEDULE_PIECEWISE_CONSTANT}, 3));
    ck_assert_double_eq(at((eg_schedule){0}, 3), 0);
}
END_TEST

static eg_val plain_step(void *user, eg_val x)
{
    asked *a = user;
    (void)x;
    return eg_schedule_at(a->eg, 7, a->s);
}

/* An i64 below 0 is no number of updates, and counts as the first. */
START_TEST(steps_below_0_are_0)
{
    eg_schedule all[NUM_SCHEDULES];
    all_schedules(all);
    asked a = {.eg = test_open(1), .s = &all[_i]};
    eg_func *f = trace_step(&a, eg_scalar(EG_I64));
    for (int k = 1; k < 64; k += 4) {
        ck_assert_double_eq(run(f, -k), run(f, 0));
        ck_assert_double_eq(eg_schedule_value(a.s, -k), eg_schedule_value(a.s, 0));
    }
    test_close(a.eg);
}
END_TEST

START_TEST(a_power_of_0_ends_too)
{
    eg_schedule s = eg_polynomial_decay(0.1, 10, 0.01, 0);
    asked a = {.eg = test_open(1), .s = &s};
    eg_func *f = trace_step(&a, eg_scalar(EG_I64));
    for (int k = 0; k < 20; k++) {
        ck_assert_double_eq(run(f, k), k < 10 ? 0.1 : 0.01);
        ck_assert_double_eq(at(s, k), k < 10 ? 0.1 : 0.01);
    }
    test_close(a.eg);
}
END_TEST

static eg_val literal_at(void *user, eg_val step)
{
    asked *a = user;
    return eg_schedule_at(a->eg, step, &(eg_schedule){.kind = EG_SCHEDULE_CONSTANT, .lr = 0.25});
}

START_TEST(a_schedule_may_be_a_literal)
{
    asked a = {.eg = test_open(1)};
    eg_spec step = eg_scalar(EG_I32);
    ck_assert_double_eq(run(eg_trace(a.eg, "literal", literal_at, &a, 1, &step), 3), 0.25);
    test_close(a.eg);
}
END_TEST

START_TEST(steps_of_any_integer_type)
{
    eg_schedule all[NUM_SCHEDULES];
    all_schedules(all);
    asked a = {.eg = test_open(1), .s = &all[_i]};
    int64_t i = 7;
    double plain, i32, u32, i64 = run(trace_step(&a, eg_scalar(EG_I64)), 7);
    const void *in[] = {&i}; /* little endian */
    eg_call(trace_step(&a, eg_scalar(EG_I32)), NULL, in, (void *[]){&i32}, NULL);
    eg_call(trace_step(&a, eg_scalar(EG_U32)), NULL, in, (void *[]){&u32}, NULL);
    eg_call(eg_trace(a.eg, "plain", plain_step, &a, 0, NULL), NULL, NULL, (void *[]){&plain}, NULL);
    test_fine(a.eg);
    ck_assert_double_eq(i32, i64);
    ck_assert_double_eq(u32, i64);
    ck_assert_double_eq(plain, i64);
    test_close(a.eg);
}
END_TEST

/* -- one's own ----------------------------------------------------------------------------------------------------- */

/* A rate in a variable, warmed up over 10 updates. */
static eg_val warm_up(void *user, eg_val i)
{
    asked *a = user;
    ck_assert_int_eq(eg_spec_of(i).dtype, EG_I64);
    return eg_mul(eg_get(a->rate), eg_convert(eg_min(1.0, eg_div(eg_convert(i, EG_F64), 10)), EG_F32));
}

static double warm_up_value(void *user, int64_t i)
{
    (void)user;
    return 0.5 * fmin(1, (double)i / 10);
}

static eg_val number(void *user, eg_val i) { return (void)user, (void)i, eg_real(0.1); }

START_TEST(a_schedule_of_ones_own)
{
    asked a = {.eg = test_open(1)};
    a.rate = eg_variable(a.eg, "rate", eg_scalar(EG_F32));
    eg_schedule s = eg_custom_schedule(warm_up, NULL, &a);
    ck_assert_double_nan(eg_schedule_value(&s, 5));
    s = eg_custom_schedule(warm_up, warm_up_value, &a);
    a.s = &s;
    eg_func *f = trace_step(&a, eg_scalar(EG_I64));
    for (int k = 1; k < 3; k++) {
        eg_fill(a.rate, 0.5 * k); /* another rate needs no new trace */
        for (int64_t i = 0; i < 20; i++) {
            ck_assert_double_eq_tol(run(f, i), k * 0.5 * fmin(1, (double)i / 10), 1e-6);
            ck_assert_double_eq_tol(eg_schedule_value(&s, i), 0.5 * fmin(1, (double)i / 10), 1e-15);
        }
    }
    s = eg_custom_schedule(number, NULL, NULL);
    ck_assert_double_eq(run(trace_step(&a, eg_scalar(EG_I64)), 3), 0.1);
    test_close(a.eg);
}
END_TEST

static eg_val take_step(void *user, eg_val x)
{
    eg_optimizer_update(user, 1, &x);
    return eg_nothing();
}

/* The arrays of a piecewise schedule may go once the optimiser is made. */
START_TEST(an_optimiser_keeps_its_pieces)
{
    eg_context *eg = test_open(1);
    eg_var *x = eg_variable(eg, "x", eg_scalar(EG_F64));
    int64_t at_step[] = {0, 2};
    double rates[] = {1, 10, 100}, g = -1, got;
    eg_optimizer_params p = eg_optimizer_defaults(EG_SGD);
    p.lr = eg_piecewise_constant(2, at_step, rates);
    eg_optimizer *opt = eg_optimizer_new(eg, NULL, &p, 1, &x);
    memset(at_step, 0, sizeof at_step);
    memset(rates, 0, sizeof rates);
    eg_spec spec = eg_scalar(EG_F64);
    eg_func *f = eg_trace(eg, "step", take_step, opt, 1, &spec);
    static const double want[] = {1, 11, 21, 121, 221};
    for (int k = 0; k < 5; k++) {
        eg_call(f, NULL, (const void *[]){&g}, NULL, NULL);
        eg_read(x, &got, sizeof got);
        ck_assert_double_eq(got, want[k]);
    }
    test_close(eg);
}
END_TEST

/* -- what is wrong ------------------------------------------------------------------------------------------------- */

static eg_val tuple(void *user, eg_val i)
{
    asked *a = user;
    return eg_tuple(a->eg, 2, (eg_val[]){i, i});
}

static eg_val vector(void *user, eg_val i) { return eg_add(eg_zeros(((asked *)user)->eg, eg_vector(EG_F32, 3)), i); }

static eg_val truth(void *user, eg_val i) { return (void)user, eg_gt(i, 3); }
static eg_val same(void *user, eg_val i) { return (void)user, i; }

static void expect(asked a, eg_schedule s, eg_status status, const char *text)
{
    a.s = &s;
    ck_assert_ptr_null(trace_step(&a, eg_scalar(EG_I64)));
    test_expect(a.eg, status, "eg_schedule_at", text, "test_schedules.c", NULL);
}

START_TEST(schedules_that_are_none)
{
    asked a = {.eg = test_open(0)};
    const eg_status wrong = EG_ERR_ARGUMENT;
    const int64_t back[] = {3, 3};
    const double bad[] = {0.1, -0.1, 0.1};
    expect(a, eg_constant_lr(-1), wrong, "lr is -1; use a finite number from 0 on");
    expect(a, eg_constant_lr(NAN), wrong, "lr is nan");
    expect(a, eg_constant_lr(INFINITY), wrong, "lr is inf");
    expect(a, eg_exponential_decay(-1, 1, 1), wrong, "lr is -1");
    expect(a, eg_exponential_decay(1, 0, 1), wrong, "lr.decay_steps is 0; use a finite number above 0");
    expect(a, eg_exponential_decay(1, NAN, 1), wrong, "lr.decay_steps is nan");
    expect(a, eg_exponential_decay(1, 1, 0), wrong, "lr.decay_rate is 0");
    expect(a, eg_inverse_time_decay(1, -3, 1, false), wrong, "lr.decay_steps is -3");
    expect(a, eg_inverse_time_decay(1, 1, -1, false), wrong, "lr.decay_rate is -1");
    expect(a, eg_polynomial_decay(1, 0, 0, 1), wrong, "lr.decay_steps is 0");
    expect(a, eg_polynomial_decay(1, 1, -0.5, 1), wrong, "lr.final_lr is -0.5");
    expect(a, eg_polynomial_decay(1, 1, 0, -1), wrong, "lr.power is -1");
    expect(a, eg_piecewise_constant(-1, back, values), wrong, "-1 boundaries");
    expect(a, eg_piecewise_constant(2, NULL, values), wrong, "no boundaries");
    expect(a, eg_piecewise_constant(2, boundaries, NULL), wrong, "no values");
    expect(a, eg_piecewise_constant(2, back, values), wrong, "lr.boundaries[1] is 3; use boundaries that ascend");
    expect(a, eg_piecewise_constant(2, boundaries, bad), wrong, "lr.values[1] is -0.1");
    expect(a, eg_custom_schedule(NULL, NULL, NULL), wrong, "its fn NULL");
    expect(a, eg_custom_schedule(tuple, NULL, &a), EG_ERR_SHAPE, "no scalar");
    expect(a, eg_custom_schedule(vector, NULL, &a), EG_ERR_SHAPE, "no scalar");
    expect(a, eg_custom_schedule(truth, NULL, &a), EG_ERR_TYPE, "fn returned is of type bool; return one float");
    expect(a, eg_custom_schedule(same, NULL, &a), EG_ERR_TYPE, "fn returned is of type i64");
    expect(a, (eg_schedule){.kind = (eg_schedule_kind)99}, wrong, "kind 99");
    a.s = NULL;
    ck_assert_ptr_null(trace_step(&a, eg_scalar(EG_I64)));
    test_expect(a.eg, wrong, "the schedule is NULL", NULL);
    eg_schedule fine = eg_constant_lr(1);
    a.s = &fine;
    const eg_spec steps_of[] = {eg_scalar(EG_F64), eg_vector(EG_I64, 2), eg_scalar(EG_BOOL)};
    for (int k = 0; k < 3; k++) {
        ck_assert_ptr_null(trace_step(&a, steps_of[k]));
        test_expect(a.eg, wrong, "the step is no integer scalar", NULL);
    }
    static const double numbers[] = {-1, 0.5, NAN};
    for (int k = 0; k < 3; k++) {
        eg_schedule_at(a.eg, numbers[k], &fine);
        test_expect(a.eg, wrong, "the step is no integer scalar", NULL);
    }
    eg_schedule_at(NULL, 1, &fine);
    test_close(a.eg);
}
END_TEST

START_TEST(kinds_have_names)
{
    ck_assert_str_eq(eg_schedule_kind_name(EG_SCHEDULE_CONSTANT), "Constant");
    ck_assert_str_eq(eg_schedule_kind_name(EG_SCHEDULE_PIECEWISE_CONSTANT), "PiecewiseConstant");
    ck_assert_str_eq(eg_schedule_kind_name(EG_SCHEDULE_COUNT), "?");
    ck_assert_str_eq(eg_schedule_kind_name((eg_schedule_kind)-1), "?");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("schedules");
    TCase *t = tcase_create("schedules");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, traces_and_host_agree, 0, NUM_SCHEDULES);
    tcase_add_test(t, values_are_those_of_the_formulas);
    tcase_add_loop_test(t, steps_below_0_are_0, 0, NUM_SCHEDULES);
    tcase_add_test(t, a_power_of_0_ends_too);
    tcase_add_test(t, a_schedule_may_be_a_literal);
    tcase_add_loop_test(t, steps_of_any_integer_type, 0, NUM_SCHEDULES);
    tcase_add_test(t, a_schedule_of_ones_own);
    tcase_add_test(t, an_optimiser_keeps_its_pieces);
    tcase_add_test(t, schedules_that_are_none);
    tcase_add_test(t, kinds_have_names);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return test_run(suite()); }
