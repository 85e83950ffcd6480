/* What reviews have found in the core: each once wrong, and never again. */
#include "engram/random.h"
#include "session.h"

#include <math.h>

/* -- booleans ------------------------------------------------------------------------------------------------------ */

enum { N = 4, RESULTS = 8 };

static eg_var *q, *w;
static eg_csr *csr;
static eg_array *mask;
static const uint8_t odd[N] = {2, 3, 255, 0};

static int odd_bools(void *user, const void *const *in, void *const *out)
{
    (void)in;
    memcpy(out[0], user, N);
    return 0;
}

static eg_val use_bools(void *user, eg_val x)
{
    (void)user;
    const eg_spec s = eg_vector(EG_BOOL, N);
    eg_val b = eg_get(q), h = eg_host(eg, "odd", odd_bools, (void *)(uintptr_t)odd, 1, &x, 1, &s);
    eg_set(w, b);
    return eg_tuple(eg, RESULTS,
                    (eg_val[]){eg_sum(b), eg_and(b, x), eg_convert(b, EG_I32), eg_where(b, 1.0, 2.0),
                               eg_event(csr, b, 1.0), eg_eq(b, eg_constant(mask)), eg_sum(h), eg_xor(h, x)});
}

START_TEST(a_true_may_be_any_byte_but_0)
{
    unsigned char got[2][RESULTS][4 * N] = {{{0}}}, after[2][N];
    const int64_t indptr[N + 1] = {0, 1, 2, 3, 4};
    const int32_t indices[N] = {0, 1, 2, 3};
    const uint8_t arg[N] = {1, 1, 2, 4};
    eg = eg_open(NULL);
    q = eg_variable(eg, "q", eg_vector(EG_BOOL, N));
    w = eg_variable(eg, "w", eg_vector(EG_BOOL, N));
    csr = eg_csr_new(eg, N, N, indptr, indices);
    mask = eg_array_new(eg, eg_vector(EG_BOOL, N), (const uint8_t[]){1, 7, 0, 0});
    eg_func *f = TRACE(use_bools, eg_vector(EG_BOOL, N));
    for (int k = 0; k < 2; k++) {
        eg_state *s = eg_state_new(eg);
        void *out[RESULTS];
        for (int i = 0; i < RESULTS; i++) out[i] = got[k][i];
        memcpy(eg_data(s, q), odd, N);
        eg_call(f, s, (const void *[]){arg}, out, &(eg_run_options){.interpret = k});
        fine();
        memcpy(after[k], eg_data(s, w), N);
    }
    for (int i = 0; i < RESULTS; i++) ck_assert_msg(!memcmp(got[0][i], got[1][i], 4 * N), "result %d", i);
    ck_assert(!memcmp(after[0], after[1], N));
    ck_assert(!memcmp(after[0], (const uint8_t[]){1, 1, 1, 0}, N));
    ck_assert_int_eq(got[0][0][0], 3); /* the sum */
    eg_close(eg);
}
END_TEST

/* -- calls without a context --------------------------------------------------------------------------------------- */

static eg_val without(void *user, eg_val x)
{
    const eg_val none[1] = {x};
    switch (*(int *)user) {
    case 0: return eg_concat_n(0, 0, none);
    case 1: return eg_concat_n(0, -1, none);
    case 2: return eg_constant(NULL);
    case 3: return eg_apply(NULL, x);
    case 4: return eg_get(NULL);
    case 5: return eg_shuffle(3);
    case 6: eg_set(NULL, x); return x;
    case 7: return eg_add(eg_nothing(), 1);
    case 8: return eg_dot(2, 3);
    default: return eg_reshape(1, 1);
    }
}

START_TEST(what_is_missing_is_an_error_of_the_trace)
{
    static const char *const words[][2] = {{"eg_concat", "0 values"},
                                           {"eg_concat", "-1 values"},
                                           {"eg_constant", "the array is NULL"},
                                           {"eg_apply", "the function is NULL"},
                                           {"eg_get", "the variable is NULL"},
                                           {"eg_shuffle", "plain numbers"},
                                           {"eg_set", "the variable is NULL"},
                                           {"eg_add", "is nothing"},
                                           {"eg_dot", "plain number"},
                                           {"eg_reshape", "plain numbers"}};
    eg = eg_open(NULL);
    const eg_spec s = eg_vector(EG_F32, 3);
    ck_assert_ptr_null(eg_trace(eg, "f", without, &_i, 1, &s));
    SAYS(EG_ERR_ARGUMENT, words[_i][0], words[_i][1], "test_found.c");
    eg_close(eg);
}
END_TEST

START_TEST(outside_of_a_trace_nothing_is_told)
{
    eg = eg_open(NULL);
    int which = 4;
    without(&which, eg_nothing());
    fine();
    eg_close(eg);
}
END_TEST

/* -- sizes and numbers --------------------------------------------------------------------------------------------- */

START_TEST(a_variable_that_no_memory_holds_leaves_the_others)
{
    eg = eg_open(NULL);
    ck_assert_ptr_null(eg_variable(eg, "big", eg_vector(EG_F64, INT64_MAX / 64)));
    SAYS(EG_ERR_MEMORY, "'big'", "f64[144115188075855871]", "test_found.c");
    eg_var *y = eg_variable(eg, "y", eg_scalar(EG_F32));
    const float v = 1;
    ck_assert_int_eq(eg_write(y, &v, sizeof v), EG_OK);
    ck_assert_ptr_null(eg_variable(eg, "less", eg_vector(EG_F64, -3)));
    SAYS(EG_ERR_SHAPE, "eg_variable 'less'", "f64[-3]", "axis 0 is negative");
    eg_close(eg);
}
END_TEST

static eg_val fill_int(void *user, eg_val x)
{
    (void)x;
    return eg_full(eg, eg_vector(EG_I32, 2), *(double *)user);
}

START_TEST(an_integer_holds_no_fraction)
{
    const double bad[] = {NAN, 0.5, 1e30, -INFINITY, 3};
    eg = eg_open(NULL);
    for (size_t k = 0; k < LEN(bad); k++) {
        double x = bad[k];
        eg_func *f = eg_trace(eg, "f", fill_int, &x, 0, NULL);
        ck_assert_int_eq(f != NULL, x == 3);
        if (!f) SAYS(EG_ERR_TYPE, "eg_full", "does not fit into i32");
    }
    fine();
    eg_close(eg);
}
END_TEST

/* -- updates whose readers stand beside ---------------------------------------------------------------------------- */

enum { ROWS = 4, COLUMNS = 3 };
static eg_val base, changed; /* outside of the regions that give them */

static eg_val give_changed(void *user, eg_val x) { return (void)user, (void)x, changed; }
static eg_val give_base(void *user, eg_val x) { return (void)user, (void)x, eg_mul(base, 2); }
static eg_val stack_outer(void *user, eg_val x)
{
    (void)user;
    return eg_tuple(eg, 2, ((eg_val[]){changed, eg_sum(eg_add(base, eg_item(x, 1)))}));
}
static void change(eg_val x, eg_val i)
{
    base = eg_exp(x);
    changed = eg_update_row(base, i, eg_mul(eg_row(base, 0), 3));
}
static eg_val chosen(eg_val x, eg_val i, double limit)
{
    change(x, i);
    eg_val r = eg_cond(eg_gt(eg_sum(x), limit), give_changed, give_base, NULL, eg_nothing());
    return eg_tuple(eg, 2, ((eg_val[]){eg_cumsum(r, 0), eg_sum(r)}));
}
static eg_val in_step(void *user, eg_val x)
{
    (void)user;
    eg_val y = chosen(eg_sin(eg_item(x, 1)), eg_mod(eg_item(x, 0), ROWS), 1);
    return eg_tuple(eg, 2, ((eg_val[]){eg_item(y, 0), eg_item(y, 1)}));
}
static eg_val updates(void *user, eg_val x)
{
    eg_val a = eg_item(x, 0), i = eg_item(x, 1);
    switch (*(int *)user) {
    case 0: return chosen(a, i, 0);
    case 1: return chosen(a, i, 1000);
    case 2:
        change(a, i);
        return eg_loop(eg, 3, stack_outer, NULL, eg_zeros(eg, eg_matrix(EG_F64, ROWS, COLUMNS)), eg_nothing());
    default: return eg_loop(eg, 5, in_step, NULL, a, eg_nothing());
    }
}

START_TEST(an_update_comes_before_what_gives_it_to_an_arm)
{
    double a[ROWS][COLUMNS], got[2][2][64] = {{{0}}};
    const int64_t row = 2;
    const eg_spec s[] = {eg_matrix(EG_F64, ROWS, COLUMNS), eg_scalar(EG_I64)};
    eg = eg_open(NULL);
    for (int k = 0; k < ROWS * COLUMNS; k++) (&a[0][0])[k] = 0.3 * k - 1;
    eg_func *f = eg_trace(eg, "updates", updates, &_i, 2, s);
    fine();
    for (int way = 0; way < 2; way++) {
        void *out[] = {got[way][0], got[way][1]};
        eg_call(f, NULL, (const void *[]){a, &row}, out, &(eg_run_options){.interpret = way});
        fine();
    }
    ck_assert_mem_eq(got[0], got[1], sizeof got[0]);
    eg_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("found");
    TCase *c = tcase_create("found");
    tcase_add_test(c, a_true_may_be_any_byte_but_0);
    tcase_add_loop_test(c, what_is_missing_is_an_error_of_the_trace, 0, 10);
    tcase_add_test(c, outside_of_a_trace_nothing_is_told);
    tcase_add_test(c, a_variable_that_no_memory_holds_leaves_the_others);
    tcase_add_test(c, an_integer_holds_no_fraction);
    tcase_add_loop_test(c, an_update_comes_before_what_gives_it_to_an_arm, 0, 4);
    suite_add_tcase(s, c);
    return test_run(s);
}
