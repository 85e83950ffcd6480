/* Helpers of all tests: running a suite, comparing bits, resident memory. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int test_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

bool test_long(void)
{
    const char *value = getenv("EG_LONG");
    return value && strcmp(value, "1") == 0;
}

bool test_sanitized(void) { return EG_TEST_SANITIZED; }

/* Bits as integers that are ordered as the numbers are. */
static int64_t order_f32(float x)
{
    int32_t i;
    memcpy(&i, &x, sizeof i);
    return i < 0 ? (int64_t)INT32_MIN - i : i;
}

static int64_t order_f64(double x)
{
    int64_t i;
    memcpy(&i, &x, sizeof i);
    return i < 0 ? INT64_MIN - i : i;
}

bool test_same_f32(float a, float b) { return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0; }
bool test_same_f64(double a, double b) { return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0; }

int64_t test_ulp_f32(float a, float b)
{
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b) ? 0 : INT64_MAX;
    return llabs(order_f32(a) - order_f32(b));
}

int64_t test_ulp_f64(double a, double b)
{
    if (isnan(a) || isnan(b)) return isnan(a) && isnan(b) ? 0 : INT64_MAX;
    int64_t i = order_f64(a), j = order_f64(b), distance;
    return __builtin_sub_overflow(i, j, &distance) || distance == INT64_MIN ? INT64_MAX : llabs(distance);
}

size_t test_resident(void)
{
    unsigned long total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%lu %lu", &total, &resident), 2);
    fclose(f);
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}

void test_check_f32(const char *what, const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(test_same_f32(got[i], want[i]), "%s: element %zu of %zu is %a, expected %a", what, i, n,
                      (double)got[i], (double)want[i]);
}

void test_check_f64(const char *what, const double *got, const double *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(test_same_f64(got[i], want[i]), "%s: element %zu of %zu is %a, expected %a", what, i, n, got[i],
                      want[i]);
}
