/* Stages inside a time loop: operations that work in place of what they replace, reductions that need all threads,
 * random draws of each step; and the numeric modes.  Compiled code on 1 to 4 threads against the interpreter. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "engram/math.h"
#include "support/support.h"

enum { ROWS = 5, STEPS = 23 };

static eg_context *eg;
static eg_var *ring, *total, *seen;
static int64_t width;

static float rough(int64_t i)
{
    uint32_t x = (uint32_t)i * 2654435761u + 12345u;
    return (float)((int32_t)(x ^ x >> 13) % 1000003) * 1e-3F;
}

static void open_with(eg_options options, int64_t n)
{
    eg = eg_open(&options);
    ck_assert_ptr_nonnull(eg);
    width = n;
    ring = eg_variable(eg, "ring", eg_matrix(EG_F32, ROWS, n));
    total = eg_variable(eg, "total", eg_scalar(EG_F32));
    seen = eg_variable(eg, "seen", eg_vector(EG_F32, n));
    float *x = malloc((size_t)(ROWS * n + 1) * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (int64_t i = 0; i < ROWS * n; i++) x[i] = rough(i);
    eg_init(ring, x, (size_t)(ROWS * n) * sizeof *x);
    free(x);
    ck_assert_msg(eg_error(eg) == EG_OK, "%s", eg_message(eg));
}

static void same_variables(const char *title, eg_state *a, eg_state *b, int threads)
{
    eg_var *v[] = {ring, total, seen};
    for (size_t k = 0; k < EGI_LEN(v); k++) {
        eg_spec s = eg_variable_spec(v[k]);
        const float *x = eg_data(a, v[k]), *y = eg_data(b, v[k]);
        for (int64_t i = 0; i < egi_spec_count(s); i++)
            ck_assert_msg(test_same_f32(x[i], y[i]), "%s of %lld, %d threads: %s[%lld] is %.9g, not %.9g", title,
                          (long long)width, threads, eg_variable_name(v[k]), (long long)i, (double)y[i], (double)x[i]);
    }
}

static void check(const char *title, eg_fn fn)
{
    eg_func *f = eg_trace(eg, title, fn, NULL, 0, NULL);
    ck_assert_msg(f != NULL, "%s: %s", title, eg_message(eg));
    eg_state *want = eg_state_new(eg);
    ck_assert_msg(eg_call(f, want, NULL, NULL, &(eg_run_options){.interpret = true}) == EG_OK, "%s",
                  eg_run_message(want));
    for (int threads = 1; threads <= 4; threads++) {
        eg_state *got = eg_state_new(eg);
        ck_assert_msg(eg_call(f, got, NULL, NULL, &(eg_run_options){.threads = threads}) == EG_OK, "%s / %s",
                      eg_run_message(got), eg_message(eg));
        same_variables(title, want, got, threads);
        eg_state_free(got);
    }
    eg_state_free(want);
    ck_assert_msg(eg_error(eg) == EG_OK, "%s: %s", title, eg_message(eg));
}

static void check_all(const char *title, eg_fn fn)
{
    static const int64_t sizes[] = {1, 17, 1023, 20000};
    for (int lanes = 4; lanes <= 16; lanes *= 2) {
        for (size_t k = 0; k < EGI_LEN(sizes); k++) {
            open_with((eg_options){.lanes = lanes}, sizes[k]);
            check(title, fn);
            eg_close(eg);
        }
    }
}

/* -- in place ---------------------------------------------------------------------------------------------------- */

static eg_val write_row(void *user, eg_val x)
{
    (void)user;
    eg_val i = eg_item(x, 0), row = eg_mod(i, (int64_t)ROWS);
    eg_val old = eg_slice_at(eg_get(ring), 0, eg_mod(eg_add(i, 2), (int64_t)ROWS), 1);
    eg_val next = eg_add(eg_mul(eg_reshape(old, width), 0.75), eg_get(seen));
    eg_set(seen, next);
    eg_set(ring, eg_update_row(eg_get(ring), row, next));
    return eg_nothing();
}

static eg_val ring_loop(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_loop(eg, STEPS, write_row, NULL, eg_nothing(), eg_nothing());
    return eg_nothing();
}

START_TEST(a_ring_is_updated_in_place) { check_all("ring", ring_loop); }
END_TEST

static eg_val scatter_step(void *user, eg_val x)
{
    (void)user;
    eg_val i = eg_convert(eg_item(x, 0), EG_I32);
    eg_val at = eg_mod(eg_mul(eg_add(eg_iota(eg, width, EG_I32), i), 7), (int32_t)(width > 3 ? width - 2 : 1));
    eg_set(seen, eg_scatter_add(eg_get(seen), at, eg_sin(eg_get(seen))));
    eg_set(seen, eg_add(eg_get(seen), 0.125));
    return eg_nothing();
}

static eg_val scatter_loop(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_loop(eg, STEPS, scatter_step, NULL, eg_nothing(), eg_nothing());
    return eg_nothing();
}

START_TEST(scattered_sums_keep_their_order_in_place) { check_all("scatter", scatter_loop); }
END_TEST

/* -- numeric modes ----------------------------------------------------------------------------------------------- */

static eg_val products(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_val a = eg_get(seen), b = eg_row(eg_get(ring), 1), c = eg_row(eg_get(ring), 2);
    eg_set(seen, eg_add(eg_mul(a, b), eg_sub(c, eg_mul(b, c))));
    eg_set(total, eg_sum(eg_sub(eg_mul(b, c), eg_mul(a, 0.1))));
    return eg_nothing();
}

static void check_mode(eg_math math, bool contracted)
{
    open_with((eg_options){.math = math}, 1023);
    check("products", products);
    eg_func *f = eg_trace(eg, "products", products, NULL, 0, NULL);
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(strstr(eg_text(f), "fma") != NULL, contracted);
    eg_close(eg);
}

START_TEST(products_are_contracted_when_built_and_never_later)
{
    check_mode(EG_MATH_CONTRACT, true);
    check_mode(EG_MATH_STRICT, false);
}
END_TEST

/* -- denormals ----------------------------------------------------------------------------------------------------- */

static eg_val tiny(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_val a = eg_mul(eg_row(eg_get(ring), 0), 1e-37), b = eg_mul(eg_row(eg_get(ring), 1), 1e-38);
    eg_set(seen, eg_add(eg_fmod(a, b), eg_mod(b, eg_mul(a, 0.01))));
    eg_set(ring, eg_mul(eg_mul(eg_get(ring), 1e-30), 1e-10));
    eg_set(total, eg_sum(b));
    return eg_nothing();
}

static int64_t denormals_with(bool keep)
{
    int64_t n = 0;
    open_with((eg_options){.keep_denormals = keep}, 1023);
    check("tiny", tiny);
    eg_func *f = eg_trace(eg, "tiny", tiny, NULL, 0, NULL);
    ck_assert_int_eq(eg_call(f, NULL, NULL, NULL, NULL), EG_OK);
    const float *x = eg_data(eg_own_state(eg), ring);
    for (int64_t i = 0; i < width; i++) n += fpclassify(x[i]) == FP_SUBNORMAL;
    eg_close(eg);
    return n;
}

START_TEST(denormals_are_flushed_or_kept_alike)
{
    ck_assert_int_eq(denormals_with(false), 0);
    ck_assert_int_gt(denormals_with(true), 0);
}
END_TEST

/* -- all threads meet -------------------------------------------------------------------------------------------- */

static eg_val reduce_step(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_val r = eg_get(ring), sum = eg_sum(r), low = eg_amin(r);
    eg_set(total, eg_add(eg_mul(eg_get(total), 0.5), eg_mul(sum, 1e-3)));
    eg_set(seen, eg_add(eg_sum(r, 0), low));
    eg_set(ring, eg_add(eg_mul(r, 0.97), eg_mul(eg_get(total), 1e-4)));
    return eg_nothing();
}

static eg_val reduce_loop(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_loop(eg, STEPS, reduce_step, NULL, eg_nothing(), eg_nothing());
    return eg_nothing();
}

START_TEST(sums_of_every_step_agree) { check_all("reduce", reduce_loop); }
END_TEST

int main(void)
{
    Suite *s = suite_create("stages");
    TCase *c = tcase_create("stages");
    tcase_set_timeout(c, 200);
    tcase_add_test(c, a_ring_is_updated_in_place);
    tcase_add_test(c, scattered_sums_keep_their_order_in_place);
    tcase_add_test(c, products_are_contracted_when_built_and_never_later);
    tcase_add_test(c, denormals_are_flushed_or_kept_alike);
    tcase_add_test(c, sums_of_every_step_agree);
    suite_add_tcase(s, c);
    return test_run(s);
}
