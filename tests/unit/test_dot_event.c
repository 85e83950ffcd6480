/* Which products go by the rows that fired, and what that means for their numbers. */
#include <math.h>

#include "engram/transform.h"
#include "unit/session.h"

#define FN(name, expression)                                                                                           \
    static eg_val name(void *user, eg_val x)                                                                           \
    {                                                                                                                  \
        (void)user;                                                                                                    \
        return expression;                                                                                             \
    }
#define A eg_item(x, 0)
#define B eg_item(x, 1)
#define FIRED eg_gt(A, 0)
#define NUMBERS eg_convert(FIRED, EG_F32)

static eg_val fires(void *user, eg_val x) { return (void)user, eg_convert(eg_ge(x, 0), EG_F32); }
static eg_val slope(void *user, eg_val x) { return (void)user, eg_item(x, 2); }
static eg_val with_slope(eg_val x) { return eg_custom_gradient(eg, fires, slope, NULL, x); }

/* name, does it go by what fired, product of A [4, 4] and B [4, 4] */
#define PRODUCTS(X)                                                                                                    \
    X(of_bool, 1, eg_dot(FIRED, B))                                                                                    \
    X(of_numbers, 1, eg_dot(NUMBERS, B))                                                                               \
    X(of_a_transpose, 1, eg_dot(eg_transpose(NUMBERS), B))                                                             \
    X(of_a_reshape, 1, eg_dot(eg_reshape(eg_slice(NUMBERS, 0, 0, 2, 1), 2, 4), B))                                     \
    X(of_a_row, 1, eg_dot(eg_row(FIRED, 1), B))                                                                        \
    X(of_slopes, 1, eg_dot(with_slope(A), B))                                                                          \
    X(of_a_slope_seen_through, 1, eg_dot(eg_transpose(with_slope(A)), B))                                              \
    X(of_vectors, 1, eg_dot(eg_row(NUMBERS, 0), eg_row(B, 0)))                                                         \
    X(of_a_column, 1, eg_dot(FIRED, eg_row(B, 0)))                                                                     \
    X(of_values, 0, eg_dot(A, B))                                                                                      \
    X(of_masked_values, 0, eg_dot(eg_where(FIRED, A, 0), B))                                                           \
    X(of_what_is_computed, 0, eg_dot(eg_mul(NUMBERS, 2), B))                                                           \
    X(of_integers, 0, eg_dot(FIRED, eg_convert(B, EG_I32)))                                                            \
    X(of_spikes_behind, 0, eg_dot(B, NUMBERS))

#define DEFINE(name, fired, expression) FN(name, expression)
PRODUCTS(DEFINE)
#undef DEFINE

static const eg_spec square = {EG_F32, 2, {4, 4}};

START_TEST(spiking_left_operands_go_by_the_rows_that_fired)
{
    static const struct {
        const char *name;
        eg_fn fn;
        bool fired;
    } rows[] = {
#define ROW(name, fired, expression) {#name, name, fired},
        PRODUCTS(ROW)
#undef ROW
    };
    for (size_t k = 0; k < LEN(rows); k++) {
        eg_func *f = TRACE(rows[k].fn, square, square);
        fine();
        const char *text = eg_text(f);
        ck_assert_msg(!strstr(text, "= dot_event") != rows[k].fired, "%s:\n%s", rows[k].name, text);
        ck_assert_msg(!strstr(text, "= dot ") == rows[k].fired, "%s:\n%s", rows[k].name, text);
        /* what runs adds rows: no numbers are made of bool */
        if (rows[k].fired) ck_assert_msg(!strstr(text, "convert"), "%s:\n%s", rows[k].name, text);
        eg_func_free(f);
    }
}
END_TEST

FN(plain, eg_dot(eg_gt(A, 0), B))
FN(weight_gradient, eg_sum(eg_square(eg_dot(eg_gt(A, 0), B))))

START_TEST(silent_sources_do_no_harm)
{
    const float a[4][4] = {{1, 0, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 0}, {1, 0, 1, 1}};
    float b[4][4], got[4][4];
    for (int k = 0; k < 16; k++) b[k / 4][k % 4] = k / 4 == 1 ? (k % 2 ? NAN : INFINITY) : (float)k;
    eg_func *f = TRACE(plain, square, square);
    fine();
    eg_call(f, NULL, (const void *[]){a, b}, (void *[]){got}, NULL);
    fine();
    for (int n = 0; n < 4; n++) {
        ck_assert_float_eq(got[0][n], (float)n);
        ck_assert_float_eq(got[1][n], (float)(8 + n));
        ck_assert(got[2][n] == 0 && !signbit(got[2][n]));
        ck_assert_float_eq(got[3][n], (float)(20 + 3 * n));
    }
    eg_func_free(f);
}
END_TEST

START_TEST(gradients_of_weights_go_by_the_rows_that_fired)
{
    eg_func *f = TRACE(weight_gradient, square, square), *df = eg_gradient(f, NULL);
    fine();
    ck_assert_ptr_null(strstr(eg_text(df), "= dot "));
    const float a[4][4] = {{1, 0, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 0}, {1, 0, 1, 1}};
    float b[4][4], y, da[4][4], db[4][4];
    for (int k = 0; k < 16; k++) b[k / 4][k % 4] = (float)k;
    eg_call(df, NULL, (const void *[]){a, b}, (void *[]){&y, da, db}, NULL);
    fine();
    for (int n = 0; n < 4; n++) {
        float row0 = (float)n, row2 = (float)(8 + n), all = (float)(20 + 3 * n);
        ck_assert_float_eq(db[0][n], 2 * (row0 + all));
        ck_assert_float_eq(db[1][n], 0);
        ck_assert_float_eq(db[2][n], 2 * (row2 + all));
        ck_assert_float_eq(db[3][n], 2 * all);
        ck_assert_float_eq(da[n][n], 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dot_event");
    TCase *t = tcase_create("dot_event");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, spiking_left_operands_go_by_the_rows_that_fired);
    tcase_add_test(t, silent_sources_do_no_harm);
    tcase_add_test(t, gradients_of_weights_go_by_the_rows_that_fired);
    suite_add_tcase(s, t);
    return test_run(s);
}
