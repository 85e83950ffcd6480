/* Reductions in their order, scans, sorting. */
#include <math.h>
#include <stdlib.h>

#include "ops/graphs.h"

/* Numbers whose sums depend on the order. */
static float rough(int64_t i)
{
    uint32_t x = (uint32_t)i * 2654435761u + 12345u;
    x ^= x >> 15;
    return ((float)(x % 2000003u) - 1000000.0F) * (x & 64 ? 1e-3F : 1.0F);
}

static void fill(float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) x[i] = rough(i);
}

/* The definition again, in its own words: sum of a row of n elements. */
static float row_sum(const float *x, int64_t n)
{
    float total = 0;
    for (int64_t begin = 0; begin < n; begin += 4096) {
        float p[16] = {0};
        for (int64_t i = begin; i < n && i < begin + 4096; i++) p[(i - begin) % 16] += x[i];
        for (int s = 8; s; s >>= 1)
            for (int j = 0; j < s; j++) p[j] += p[j + s];
        total += p[0];
    }
    return total;
}

START_TEST(a_last_axis_is_summed_in_blocks_of_sixteen_partials)
{
    static const int64_t sizes[] = {0, 1, 15, 16, 17, 1023, 4096, 4097, 10000};
    static float x[10000];
    fill(x, 10000);
    for (size_t k = 0; k < EGI_LEN(sizes); k++) {
        float got;
        run_op(EGI_SUM, eg_scalar(EG_F32), 1, &eg_vector(EG_F32, sizes[k]), (const void *[]){x}, AXES(0), &got);
        ck_assert(test_same_f32(got, row_sum(x, sizes[k])));
    }
}
END_TEST

START_TEST(trailing_reduced_axes_are_one_axis)
{
    static float x[7 * 600];
    float got, want;
    fill(x, 7 * 600);
    want = row_sum(x, 7 * 600);
    run_op(EGI_SUM, eg_scalar(EG_F32), 1, &eg_matrix(EG_F32, 7, 600), (const void *[]){x}, AXES(0, 1), &got);
    ck_assert(test_same_f32(got, want));
}
END_TEST

START_TEST(leading_axes_are_chains)
{
    static float x[50 * 3];
    float got[3], want[3] = {0};
    fill(x, 50 * 3);
    for (int i = 0; i < 50; i++)
        for (int j = 0; j < 3; j++) want[j] += x[3 * i + j];
    run_op(EGI_SUM, eg_vector(EG_F32, 3), 1, &eg_matrix(EG_F32, 50, 3), (const void *[]){x}, AXES(0), got);
    test_check_f32("columns", got, want, 3);
}
END_TEST

START_TEST(first_and_last_axis_are_rows_in_a_chain)
{
    static float x[5 * 3 * 40];
    eg_spec spec = {.dtype = EG_F32, .rank = 3, .dim = {5, 3, 40}};
    float got[3], want[3] = {0};
    fill(x, 5 * 3 * 40);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 3; j++) want[j] += row_sum(x + (3 * i + j) * 40, 40);
    run_op(EGI_SUM, eg_vector(EG_F32, 3), 1, &spec, (const void *[]){x}, AXES(0, 2), got);
    test_check_f32("sums", got, want, 3);
}
END_TEST

START_TEST(two_leading_axes_ascend_in_row_major_order)
{
    static float x[4 * 5 * 2];
    eg_spec spec = {.dtype = EG_F32, .rank = 3, .dim = {4, 5, 2}};
    float got[2], want[2] = {0};
    fill(x, 40);
    for (int i = 0; i < 40; i++) want[i % 2] += x[i];
    run_op(EGI_SUM, eg_vector(EG_F32, 2), 1, &spec, (const void *[]){x}, AXES(0, 1), got);
    test_check_f32("sums", got, want, 2);
}
END_TEST

START_TEST(nothing_reduces_to_the_identity)
{
    float f;
    int32_t i;
    uint8_t b;
    run_op(EGI_PROD, eg_scalar(EG_F32), 1, &eg_vector(EG_F32, 0), (const void *[]){&f}, AXES(0), &f);
    ck_assert(f == 1);
    run_op(EGI_RMIN, eg_scalar(EG_F32), 1, &eg_vector(EG_F32, 0), (const void *[]){&f}, AXES(0), &f);
    ck_assert(f == INFINITY);
    run_op(EGI_RMAX, eg_scalar(EG_I32), 1, &eg_vector(EG_I32, 0), (const void *[]){&i}, AXES(0), &i);
    ck_assert_int_eq(i, INT32_MIN);
    run_op(EGI_ANY, eg_scalar(EG_BOOL), 1, &eg_vector(EG_BOOL, 0), (const void *[]){&b}, AXES(0), &b);
    ck_assert_int_eq(b, 0);
    run_op(EGI_ALL, eg_scalar(EG_BOOL), 1, &eg_vector(EG_BOOL, 0), (const void *[]){&b}, AXES(0), &b);
    ck_assert_int_eq(b, 1);
    run_op(EGI_ARGMIN, eg_scalar(EG_I32), 1, &eg_vector(EG_F32, 0), (const void *[]){&f}, AXES(0), &i);
    ck_assert_int_eq(i, 0);
}
END_TEST

START_TEST(extremes_ignore_nan)
{
    float x[] = {NAN, 3, -1, NAN, 7}, nan[] = {NAN, NAN}, f;
    run_op(EGI_RMIN, eg_scalar(EG_F32), 1, &eg_vector(EG_F32, 5), (const void *[]){x}, AXES(0), &f);
    ck_assert(f == -1);
    run_op(EGI_RMAX, eg_scalar(EG_F32), 1, &eg_vector(EG_F32, 5), (const void *[]){x}, AXES(0), &f);
    ck_assert(f == 7);
    run_op(EGI_RMAX, eg_scalar(EG_F32), 1, &eg_vector(EG_F32, 2), (const void *[]){nan}, AXES(0), &f);
    ck_assert(f == -INFINITY);
}
END_TEST

START_TEST(the_first_of_equal_extremes_wins)
{
    float x[2][5] = {{NAN, 2, -0.0F, 0.0F, 2}, {NAN, NAN, NAN, NAN, NAN}};
    int32_t low[2], high[2], column[5];
    eg_spec spec = eg_matrix(EG_F32, 2, 5);
    run_op(EGI_ARGMIN, eg_vector(EG_I32, 2), 1, &spec, (const void *[]){x}, AXES(1), low);
    run_op(EGI_ARGMAX, eg_vector(EG_I32, 2), 1, &spec, (const void *[]){x}, AXES(1), high);
    ck_assert(low[0] == 2 && low[1] == 0 && high[0] == 1 && high[1] == 0);
    float y[2][3] = {{1, 5, NAN}, {2, 5, 0}};
    run_op(EGI_ARGMAX, eg_vector(EG_I32, 3), 1, &eg_matrix(EG_F32, 2, 3), (const void *[]){y}, AXES(0), column);
    ck_assert(column[0] == 1 && column[1] == 0 && column[2] == 1);
}
END_TEST

START_TEST(integer_sums_wrap)
{
    int32_t x[] = {INT32_MAX, 1, 1}, sum;
    run_op(EGI_SUM, eg_scalar(EG_I32), 1, &eg_vector(EG_I32, 3), (const void *[]){x}, AXES(0), &sum);
    ck_assert_int_eq(sum, INT32_MIN + 1);
}
END_TEST

START_TEST(cumulative_sums_are_chains_from_the_first_element)
{
    float x[2][3] = {{-0.0F, 2, 3}, {4, 5, 6}}, got[2][3];
    const float rows[2][3] = {{-0.0F, 2, 5}, {4, 9, 15}}, columns[2][3] = {{-0.0F, 2, 3}, {4, 7, 9}};
    eg_spec spec = eg_matrix(EG_F32, 2, 3);
    run_op(EGI_CUMSUM, spec, 1, &spec, (const void *[]){x}, AXES(1), got);
    test_check_f32("rows", got[0], rows[0], 6);
    run_op(EGI_CUMSUM, spec, 1, &spec, (const void *[]){x}, AXES(0), got);
    test_check_f32("columns", got[0], columns[0], 6);
}
END_TEST

START_TEST(sorting_puts_minus_zero_first_and_nan_last)
{
    float x[] = {NAN, 1, 0.0F, -INFINITY, -0.0F, -1, INFINITY}, got[7];
    const float want[] = {-INFINITY, -1, -0.0F, 0.0F, 1, INFINITY, NAN};
    eg_spec spec = eg_vector(EG_F32, 7);
    run_op(EGI_SORT, spec, 1, &spec, (const void *[]){x}, 0, NULL, got);
    test_check_f32("sorted", got, want, 7);
}
END_TEST

START_TEST(sorting_is_stable_within_each_row)
{
    int32_t x[2][4] = {{3, 1, 3, 1}, {0, -5, 0, INT32_MIN}}, got[8];
    const int32_t want[8] = {1, 3, 0, 2, 3, 1, 0, 2};
    run_op(EGI_ARGSORT, eg_matrix(EG_I32, 2, 4), 1, &eg_matrix(EG_I32, 2, 4), (const void *[]){x}, 0, NULL, got);
    ck_assert_mem_eq(got, want, sizeof want);
}
END_TEST

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

START_TEST(long_rows_sort_as_qsort_does)
{
    static double x[1000], got[1000];
    for (int i = 0; i < 1000; i++) x[i] = (double)rough(i);
    eg_spec spec = eg_vector(EG_F64, 1000);
    run_op(EGI_SORT, spec, 1, &spec, (const void *[]){x}, 0, NULL, got);
    qsort(x, 1000, sizeof *x, by_value);
    test_check_f64("sorted", got, x, 1000);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("reduce");
    TCase *c = tcase_create("reduce");
    tcase_add_test(c, a_last_axis_is_summed_in_blocks_of_sixteen_partials);
    tcase_add_test(c, trailing_reduced_axes_are_one_axis);
    tcase_add_test(c, leading_axes_are_chains);
    tcase_add_test(c, first_and_last_axis_are_rows_in_a_chain);
    tcase_add_test(c, two_leading_axes_ascend_in_row_major_order);
    tcase_add_test(c, nothing_reduces_to_the_identity);
    tcase_add_test(c, extremes_ignore_nan);
    tcase_add_test(c, the_first_of_equal_extremes_wins);
    tcase_add_test(c, integer_sums_wrap);
    tcase_add_test(c, cumulative_sums_are_chains_from_the_first_element);
    tcase_add_test(c, sorting_puts_minus_zero_first_and_nan_last);
    tcase_add_test(c, sorting_is_stable_within_each_row);
    tcase_add_test(c, long_rows_sort_as_qsort_does);
    suite_add_tcase(s, c);
    return test_run(s);
}
