/* Compiled composites give the bits of the interpreter, at every vector width: a million points each, and special
 * values, of which every vector has some or none, so that rare branches run for one lane and for all. */
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "math/compiled.h"
#include "math/points.h"
#include "support/support.h"

enum { POINTS = 1000000 - 3 /* a tail of 13 */, SPECIAL_EVERY = 37 };
static const int lanes[] = {4, 8, 16};
static void *x, *y, *want, *got;

static double point(const reference *r, const format *f, int64_t k)
{
    int64_t s = k / SPECIAL_EVERY;
    if (k % SPECIAL_EVERY) return next_point(r, f);
    double v = special_points[s / 2 % num_special_points];
    if (f->t == EG_F32) v = (double)(float)v;
    return !usable(f, v) ? 0 : s % 2 ? -v : v;
}

/* Asserting each element would take longer than computing it. */
static void compare(const reference *r, const format *f, int width)
{
    for (int64_t k = 0; k < POINTS; k++) {
        bool same = f->t == EG_F32 ? test_same_f32(((float *)got)[k], ((float *)want)[k])
                                   : test_same_f64(((double *)got)[k], ((double *)want)[k]);
        if (same) continue;
        ck_abort_msg("%s %s at %d lanes: of %a, %a compiled is %a, must be %a", egi_ops[r->op].text,
                     eg_dtype_name(f->t), width, load(f, x, k), load(f, y, k), load(f, got, k), load(f, want, k));
    }
}

static void check(const reference *r, const format *f)
{
    for (int64_t k = 0; k < POINTS; k++) {
        store(f, x, k, point(r, f, k));
        store(f, y, k, point(r, f, r->args == 2 ? k + k / SPECIAL_EVERY : k));
    }
    for (int k = 0; k < (int)EGI_LEN(lanes); k++) {
        compiled c = compiled_open(r->op, f->t, POINTS, lanes[k]);
        if (k == 0) compiled_run(&c, x, y, want, true);
        compiled_run(&c, x, y, got, false);
        compiled_close(&c);
        compare(r, f, lanes[k]);
    }
}

static void check_all(const format *f)
{
    void **blocks[] = {&x, &y, &want, &got};
    for (size_t k = 0; k < EGI_LEN(blocks); k++) {
        *blocks[k] = malloc(POINTS * sizeof(double));
        ck_assert_ptr_nonnull(*blocks[k]);
    }
    for (int k = 0; k < num_references; k++) check(&references[k], f);
    for (size_t k = 0; k < EGI_LEN(blocks); k++) free(*blocks[k]);
}

START_TEST(compiled_composites_of_f32_give_the_bits_of_the_interpreter) { check_all(&format_f32); }
END_TEST

START_TEST(compiled_composites_of_f64_give_the_bits_of_the_interpreter) { check_all(&format_f64); }
END_TEST

/* Two uses of one composite in one loop: of a number, and of a vector. */
static eg_val two_sines(void *user, eg_val v)
{
    (void)user;
    return eg_add(eg_sin(eg_add(v, 1)), eg_mul(eg_sin(eg_full(*(eg_context **)user, eg_vector(EG_F32, 64), 1e30)), v));
}

START_TEST(a_branch_of_a_constant_is_not_taken_for_that_of_a_vector)
{
    float in[64], out[2][64];
    eg_context *eg = eg_open(&(eg_options){.threads = 1});
    eg_func *f = eg_trace(eg, "two_sines", two_sines, &eg, 1, &eg_vector(EG_F32, 64));
    for (int k = 0; k < 64; k++) in[k] = (float)k * 1e20f;
    for (int k = 0; k < 2; k++) {
        eg_call(f, NULL, (const void *const[]){in}, (void *const[]){out[k]}, &(eg_run_options){.interpret = k == 1});
        ck_assert_msg(eg_error(eg) == EG_OK, "%s", eg_message(eg));
    }
    test_check_f32("sum of sines", out[0], out[1], 64);
    eg_close(eg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compiled");
    TCase *tcase = tcase_create("compiled");
    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, compiled_composites_of_f32_give_the_bits_of_the_interpreter);
    tcase_add_test(tcase, compiled_composites_of_f64_give_the_bits_of_the_interpreter);
    tcase_add_test(tcase, a_branch_of_a_constant_is_not_taken_for_that_of_a_vector);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
