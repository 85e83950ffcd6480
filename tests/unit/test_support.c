/* The comparisons that every other test leans on. */
#include "support/support.h"

#include <math.h>

START_TEST(all_nan_are_one_value_and_the_zeros_are_two)
{
    ck_assert(test_same_f32(NAN, -NAN));
    ck_assert(test_same_f64(NAN, -NAN));
    ck_assert(!test_same_f32(0.0F, -0.0F));
    ck_assert(!test_same_f64(NAN, 1.0));
}
END_TEST

START_TEST(ulp_counts_neighbours)
{
    ck_assert_int_eq(test_ulp_f32(1.0F, nextafterf(1.0F, 2.0F)), 1);
    ck_assert_int_eq(test_ulp_f32(-1.0F, nextafterf(-1.0F, 0.0F)), 1);
    ck_assert_int_eq(test_ulp_f64(nextafter(0.0, -1.0), nextafter(0.0, 1.0)), 2);
    ck_assert_int_eq(test_ulp_f64(-INFINITY, -INFINITY), 0);
    ck_assert_int_eq(test_ulp_f64(1.0, NAN), INT64_MAX);
    ck_assert_int_eq(test_ulp_f64(-0.0, 0.0), 0);
}
END_TEST

START_TEST(resident_memory_is_seen) { ck_assert_uint_gt(test_resident(), 0); }
END_TEST

int main(void)
{
    Suite *suite = suite_create("support");
    TCase *tcase = tcase_create("support");
    tcase_add_test(tcase, all_nan_are_one_value_and_the_zeros_are_two);
    tcase_add_test(tcase, ulp_counts_neighbours);
    tcase_add_test(tcase, resident_memory_is_seen);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
