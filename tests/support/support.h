/* What the tests share.  Each test file has a main that ends in `return test_run(suite);`. */
#ifndef ENGRAM_TESTS_SUPPORT_H
#define ENGRAM_TESTS_SUPPORT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs a suite and frees it; 0 if all passed, for main to return. */
int test_run(Suite *suite);

/* `./run test --long` (EG_LONG=1): exhaustive variants of tests. */
bool test_long(void);

/* Built with a sanitizer, and five times slower: what walks tables or number ranges takes fewer steps there. */
bool test_sanitized(void);

/* The same bits, all NaN being one value (docs/ir.md, numbers). */
bool test_same_f32(float a, float b);
bool test_same_f64(double a, double b);

/* Distance in units in the last place between neighbours of one sign; INT64_MAX across NaN and non-NaN, 0 for two NaN.
 */
int64_t test_ulp_f32(float a, float b);
int64_t test_ulp_f64(double a, double b);

/* Resident memory of this process in bytes, for tests that nothing grows. */
size_t test_resident(void);

/* Checks element by element with test_same_*, and names the first index that differs. */
void test_check_f32(const char *what, const float *got, const float *want, size_t n);
void test_check_f64(const char *what, const double *got, const double *want, size_t n);

#endif
