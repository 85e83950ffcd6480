/* Input currents over time: their values, whole steps, what is wrong. */
#include <engram/inputs.h>

#include "model.h"

static eg_context *eg;
static void open_context(void) { eg = test_open(0); }
static void close_context(void) { test_close(eg); }

static const double *f64_of(eg_array *a, int64_t steps, int64_t width)
{
    ck_assert_msg(a != NULL, "%s", eg_message(eg));
    eg_spec s = eg_array_spec(a);
    ck_assert(s.dtype == EG_F64 && s.rank == (width ? 2 : 1) && s.dim[0] == steps && (!width || s.dim[1] == width));
    return eg_array_data(a);
}

static const eg_input_options f64 = {.dt = 0.5, .dtype = EG_F64};

START_TEST(sections_follow_one_another)
{
    double durations[] = {1, 0, 1.5};
    const double *x = f64_of(eg_section_input(eg, 3, (double[]){1, 2, 3}, 0, durations, &f64), 5, 0);
    for (int k = 0; k < 5; k++) ck_assert_double_eq(x[k], k < 2 ? 1 : 3);
    eg_input_section pairs[] = {{1, 1}, {2, 0}, {3, 1.5}};
    ck_assert(!memcmp(x, f64_of(eg_constant_input(eg, 3, pairs, &f64), 5, 0), 5 * sizeof *x));
    double rows[] = {1, 2, 3, 4, 5, 6};
    x = f64_of(eg_section_input(eg, 3, rows, 2, durations, &f64), 5, 2);
    for (int k = 0; k < 10; k++) ck_assert_double_eq(x[k], k < 4 ? 1 + k % 2 : 5 + k % 2);
    f64_of(eg_section_input(eg, 0, NULL, 0, NULL, &f64), 0, 0);
}
END_TEST

START_TEST(pulses_end_with_the_series_and_later_ones_hold)
{
    double at[] = {1, 1.5, 4.5}, length[] = {1.5, 1, 10}, size[] = {1, 2, 3};
    const double *x = f64_of(eg_spike_input(eg, 3, at, length, size, 6, &f64), 12, 0);
    static const double want[12] = {0, 0, 1, 2, 2, 0, 0, 0, 0, 3, 3, 3};
    for (int k = 0; k < 12; k++) ck_assert_double_eq(x[k], want[k]);
}
END_TEST

START_TEST(a_ramp_has_both_ends)
{
    const double *x = f64_of(eg_ramp_input(eg, 0.1, 0.7, 10, 2, 7, &f64), 20, 0);
    for (int k = 0; k < 20; k++) {
        double want = k < 4 || k >= 14 ? 0 : 0.1 + 0.6 * (k - 4) / 9;
        ck_assert_double_eq_tol(x[k], want, 1e-15);
    }
    ck_assert_double_eq(x[4], 0.1);
    ck_assert_double_eq(x[13], 0.7);
    x = f64_of(eg_ramp_input(eg, 3, 9, 0.5, 0, 0, &f64), 1, 0);
    ck_assert_double_eq(x[0], 3);
}
END_TEST

START_TEST(waves_start_at_t_start)
{
    eg_input_options o = {.dt = 1, .dtype = EG_F64};
    const double *x = f64_of(eg_sinusoidal_input(eg, 2, 100, 30, 5, 25, false, &o), 30, 0);
    const double *y = f64_of(eg_square_input(eg, 2, 100, 30, 5, 25, true, &o), 30, 0);
    for (int k = 0; k < 30; k++) {
        bool in = k >= 5 && k < 25;
        ck_assert_double_eq_tol(x[k], in ? 2 * sin(2 * acos(-1) * (k - 5) / 10) : 0, 1e-13);
        ck_assert_double_eq(y[k], in && (k - 5) % 10 < 5 ? 4 : 0);
    }
}
END_TEST

START_TEST(wrong_inputs_are_named)
{
    double x[] = {1, 2}, negative[] = {1, -2}, bad[] = {NAN, 1};
    ck_assert_ptr_null(eg_section_input(eg, 2, x, 0, negative, NULL));
    test_expect(eg, EG_ERR_ARGUMENT, "eg_section_input", "a duration is -2", NULL);
    eg_section_input(eg, 2, x, 0, bad, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "a duration is nan", NULL);
    eg_section_input(eg, 2, x, 0, x, &(eg_input_options){.dt = -1});
    test_expect(eg, EG_ERR_ARGUMENT, "dt is -1", NULL);
    eg_section_input(eg, 2, NULL, 0, x, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_section_input", NULL);
    eg_ramp_input(eg, 0, 1, 10, 5, 4, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "t_end is 4; it must not be before", NULL);
    eg_ramp_input(eg, 0, 1, 10, 5, 11, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "t_end is 11; it must not be after", NULL);
    eg_section_input(eg, 2, x, 0, (double[]){8e14, 8e14}, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "no memory holds that many steps", NULL);
    eg_constant_input(eg, 2, NULL, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_constant_input: the sections are NULL", NULL);
    eg_constant_input(eg, -2, (eg_input_section[]){{0, 0}}, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_constant_input: the number of sections is negative", NULL);
    eg_square_input(eg, 1, 1, 10, 0, 0, false, &(eg_input_options){.dtype = EG_I32});
    test_expect(eg, EG_ERR_ARGUMENT, "eg_square_input", "use EG_F32 or EG_F64", NULL);
    eg_sinusoidal_input(eg, 1, -3, 10, 0, 0, false, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "the frequency is -3", NULL);
    eg_spike_input(eg, 1, x, negative + 1, x, 10, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "a pulse's length is -2", NULL);
}
END_TEST

START_TEST(durations_count_whole_steps)
{
    for (int k = 0; k <= 1000; k++) ck_assert_int_eq(eg_num_steps(k * 0.1, 0.1), k);
    ck_assert_int_eq(eg_num_steps(1, 0), -1);
    ck_assert_int_eq(eg_num_steps(NAN, 0.1), -1);
    eg_array *a = eg_section_input(eg, 2, (double[]){1, 2}, 0, (double[]){0.3, 0.3}, NULL);
    const float *x = eg_array_data(a);
    for (int k = 0; k < 6; k++) ck_assert_float_eq(x[k], k < 3 ? 1 : 2);
    ck_assert_int_eq(eg_array_spec(a).dim[0], 6);
}
END_TEST

START_TEST(null_contexts_are_survived)
{
    ck_assert_ptr_null(eg_section_input(NULL, 0, NULL, 0, NULL, NULL));
    ck_assert_ptr_null(eg_constant_input(NULL, 0, NULL, NULL));
    ck_assert_ptr_null(eg_spike_input(NULL, 0, NULL, NULL, NULL, 1, NULL));
    ck_assert_ptr_null(eg_ramp_input(NULL, 0, 1, 1, 0, 0, NULL));
    ck_assert_ptr_null(eg_sinusoidal_input(NULL, 0, 1, 1, 0, 0, false, NULL));
    ck_assert_ptr_null(eg_square_input(NULL, 0, 1, 1, 0, 0, false, NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inputs");
    TCase *t = tcase_create("inputs");
    tcase_add_checked_fixture(t, open_context, close_context);
    tcase_add_test(t, sections_follow_one_another);
    tcase_add_test(t, pulses_end_with_the_series_and_later_ones_hold);
    tcase_add_test(t, a_ramp_has_both_ends);
    tcase_add_test(t, waves_start_at_t_start);
    tcase_add_test(t, wrong_inputs_are_named);
    tcase_add_test(t, durations_count_whole_steps);
    tcase_add_test(t, null_contexts_are_survived);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
