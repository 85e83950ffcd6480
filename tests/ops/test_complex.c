/* Arithmetic of complex values: against C's <complex.h> in double precision, and compiled code against the interpreter,
 * bit for bit, on 1 to 3 threads, at sizes around those of vectors; the corners that docs/ir.md promises. */
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engram/math.h"
#include "support/context.h"
#include "support/support.h"

#ifndef CMPLX /* of C11, and not of every compiler */
#define CMPLX(re, im) __builtin_complex((double)(re), (double)(im))
#endif
#define LEN(a) (sizeof(a) / sizeof *(a))
enum { WAYS = 4, MOST = 1023 };

typedef double _Complex number;

/* -- operations and what C makes of them --------------------------------------------------------------------------- */

/* X(name, in Engram, in C, may it differ by this many times the precision of the larger part) */
#define OPERATIONS(X)                                                                                                  \
    X(add, eg_add(a, b), a + b, 1)                                                                                     \
    X(sub, eg_sub(a, b), a - b, 1)                                                                                     \
    X(mul, eg_mul(a, b), a *b, 3)                                                                                      \
    X(div, eg_div(a, b), a / b, 6)                                                                                     \
    X(neg, eg_neg(a), -a, 0)                                                                                           \
    X(conj, eg_conj(a), conj(a), 0)                                                                                    \
    X(square, eg_square(a), a *a, 3)                                                                                   \
    X(cube, eg_pow(a, 3), a *a *a, 6)                                                                                  \
    X(exp, eg_exp(eg_mul(a, 0.1)), cexp(a * 0.1), 8)                                                                   \
    X(abs, eg_complex(eg_abs(a), eg_angle(a)), CMPLX(cabs(a), carg(a)), 4)                                             \
    X(parts, eg_complex(eg_im(a), eg_re(b)), CMPLX(cimag(a), creal(b)), 0)                                             \
    X(real_add, eg_add(eg_re(a), b), creal(a) + b, 1)                                                                  \
    X(real_sub, eg_sub(eg_re(a), b), creal(a) - b, 1)                                                                  \
    X(sub_real, eg_sub(a, eg_im(b)), a - cimag(b), 1)                                                                  \
    X(real_mul, eg_mul(eg_re(a), b), creal(a) * b, 1)                                                                  \
    X(div_real, eg_div(a, eg_re(b)), a / creal(b), 1)                                                                  \
    X(real_div, eg_div(eg_re(a), b), creal(a) / b, 6)                                                                  \
    X(number, eg_add(eg_mul(a, eg_complex(0.5, -2)), 1.5), a *CMPLX(0.5, -2) + 1.5, 4)                                 \
    X(inverse, eg_div(1, b), 1 / b, 6)                                                                                 \
    X(where, eg_where(eg_lt(eg_re(a), eg_re(b)), a, b), creal(a) < creal(b) ? a : b, 0)                                \
    X(where_real, eg_where(eg_eq(a, b), 2, a), a == b ? 2 : a, 0)                                                      \
    X(fused, eg_sub(eg_mul(a, b), eg_mul(b, eg_conj(b))), a *b - b * conj(b), 9)

typedef struct operation {
    const char *name;
    eg_fn fn;
    number (*c)(number, number);
    double times;
} operation;

#define X(name, in_engram, in_c, times)                                                                                \
    static eg_val traced_##name(void *user, eg_val x)                                                                  \
    {                                                                                                                  \
        (void)user;                                                                                                    \
        eg_val a = eg_item(x, 0), b = eg_item(x, 1);                                                                   \
        return (void)b, (void)a, in_engram;                                                                            \
    }                                                                                                                  \
    static number plain_##name(number a, number b) { return (void)b, (void)a, in_c; }
OPERATIONS(X)
#undef X

static const operation operations[] = {
#define X(name, in_engram, in_c, times) {#name, traced_##name, plain_##name, times},
    OPERATIONS(X)
#undef X
};

/* -- runs ---------------------------------------------------------------------------------------------------------- */

typedef union buffer {
    float f[2 * MOST];
    double d[2 * MOST];
} buffer;

static double part(const buffer *x, bool wide, size_t k) { return wide ? x->d[k] : (double)x->f[k]; }

static number at(const buffer *x, bool wide, size_t k) { return CMPLX(part(x, wide, 2 * k), part(x, wide, 2 * k + 1)); }

static void put(buffer *x, bool wide, size_t k, double v)
{
    if (wide)
        x->d[k] = v;
    else
        x->f[k] = (float)v;
}

/* Parts of both signs, some much larger than others. */
static void fill(buffer *x, bool wide, size_t n, unsigned seed)
{
    srand(seed);
    for (size_t k = 0; k < 2 * n; k++) {
        const double u = (double)rand() / RAND_MAX - 0.5, scale = k % 5 == 0 ? 100 : k % 7 == 0 ? 0.01 : 4;
        put(x, wide, k, u * scale);
    }
}

static void run(int way, eg_math math, eg_fn fn, bool wide, size_t n, buffer *in, buffer *out)
{
    eg_context *eg = test_open_math(way, math);
    const eg_dtype t = wide ? EG_C128 : EG_C64;
    const eg_spec args[] = {eg_vector(t, (int64_t)n), eg_vector(t, (int64_t)n)};
    eg_func *f = eg_trace(eg, "f", fn, NULL, 2, args);
    test_fine(eg);
    ck_assert(eg_same_spec(eg_result_spec(f, 0), args[0]) && eg_same_spec(eg_arg_spec(f, 1), args[1]));
    memset(out, 0x5A, sizeof *out);
    eg_call(f, NULL, (const void *const[]){&in[0], &in[1]}, (void *const[]){out}, NULL);
    test_close(eg);
}

static void same(const char *what, bool wide, size_t n, const buffer *got, const buffer *want)
{
    if (wide)
        test_check_f64(what, got->d, want->d, 2 * n);
    else
        test_check_f32(what, got->f, want->f, 2 * n);
}

static buffer in[2], out;

START_TEST(operations_are_those_of_c)
{
    const operation *o = &operations[_i];
    for (int wide = 0; wide < 2; wide++) {
        const double precision = wide ? 0x1p-53 : 0x1p-24;
        for (int k = 0; k < 2; k++) fill(&in[k], wide, MOST, 7 + (unsigned)k);
        for (int math = EG_MATH_CONTRACT; math <= EG_MATH_STRICT; math++) {
            run(0, (eg_math)math, o->fn, wide, MOST, in, &out);
            for (size_t k = 0; k < MOST; k++) {
                const number a = at(&in[0], wide, k), b = at(&in[1], wide, k), want = o->c(a, b),
                             got = at(&out, wide, k);
                /* What cancels is measured by what it is made of. */
                const double size = cabs(want) + (o->times > 8 ? cabs(a) * cabs(b) + cabs(b) * cabs(b) : 0);
                ck_assert_msg(cabs(got - want) <= 2 * o->times * precision * size,
                              "%s of (%g%+gi) and (%g%+gi): %.17g%+.17gi", o->name, creal(a), cimag(a), creal(b),
                              cimag(b), creal(got), cimag(got));
            }
        }
    }
}
END_TEST

/* All of them in one function, so that they are compiled together. */
static eg_val all_operations(void *user, eg_val x)
{
    eg_val v[LEN(operations)];
    for (size_t k = 0; k < LEN(operations); k++) v[k] = operations[k].fn(user, x);
    return eg_tuple(eg_context_of(x), (int)LEN(operations), v);
}

static buffer all[2][LEN(operations)];

/* Runs of all operations on what `in` holds: by the interpreter, then compiled on 1 to 3 threads for 4 to 16 lanes. */
static void agree(bool wide, eg_math math, int num_sizes, const size_t *sizes)
{
    for (int way = 1; way < WAYS; way++) {
        const eg_options o = {.threads = way, .lanes = 2 << way, .math = math};
        eg_context *compiled = eg_open(&o), *plain = test_open_math(0, math);
        for (int s = 0; s < num_sizes; s++) {
            const eg_spec spec = eg_vector(wide ? EG_C128 : EG_C64, (int64_t)sizes[s]), args[] = {spec, spec};
            void *result[2][LEN(operations)];
            eg_context *eg[] = {plain, compiled};
            for (int k = 0; k < 2; k++) {
                for (size_t j = 0; j < LEN(operations); j++) result[k][j] = &all[k][j];
                eg_func *f = eg_trace(eg[k], "f", all_operations, NULL, 2, args);
                test_fine(eg[k]);
                eg_call(f, NULL, (const void *const[]){&in[0], &in[1]}, result[k], NULL);
                test_fine(eg[k]);
            }
            for (size_t j = 0; j < LEN(operations); j++)
                same(operations[j].name, wide, sizes[s], &all[1][j], &all[0][j]);
        }
        test_close(plain);
        test_close(compiled);
    }
}

START_TEST(compiled_operations_have_the_interpreters_bits)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 1023};
    for (int wide = 0; wide < 2; wide++) {
        for (int k = 0; k < 2; k++) fill(&in[k], wide, MOST, 11 + (unsigned)k);
        agree(wide, wide == _i ? EG_MATH_STRICT : EG_MATH_CONTRACT, (int)LEN(sizes), sizes);
    }
}
END_TEST

/* -- corners ------------------------------------------------------------------------------------------------------- */

static const double inf = (double)INFINITY, not_a = (double)NAN;

/* Every pair of such parts: of a; b the same, turned round. */
static size_t corners(bool wide)
{
    const double max = wide ? 0x1.fp1023 : 0x1.fp127, min = wide ? 0x1p-1022 : 0x1p-126;
    const double v[] = {0, -0.0, 1, -2.5, max, -max, min, inf, -inf, not_a};
    size_t n = 0;
    for (size_t i = 0; i < LEN(v); i++) {
        for (size_t j = 0; j < LEN(v); j++, n++) {
            put(&in[0], wide, 2 * n, v[i]);
            put(&in[0], wide, 2 * n + 1, v[j]);
        }
    }
    for (size_t k = 0; k < n; k++) {
        put(&in[1], wide, 2 * k, part(&in[0], wide, 2 * ((k * 37 + 11) % n)));
        put(&in[1], wide, 2 * k + 1, part(&in[0], wide, 2 * ((k * 37 + 11) % n) + 1));
    }
    return n;
}

START_TEST(corners_have_the_same_bits_compiled)
{
    for (int wide = 0; wide < 2; wide++) {
        const size_t n = corners(wide);
        agree(wide, EG_MATH_CONTRACT, 1, &n);
    }
}
END_TEST

static number one(eg_fn fn, bool wide, number a, number b)
{
    number z[] = {a, b};
    for (int k = 0; k < 2; k++) {
        put(&in[k], wide, 0, creal(z[k]));
        put(&in[k], wide, 1, cimag(z[k]));
    }
    run(0, EG_MATH_CONTRACT, fn, wide, 1, in, &out);
    return at(&out, wide, 0);
}

static bool is(number z, double re, double im) { return test_same_f64(creal(z), re) && test_same_f64(cimag(z), im); }

START_TEST(quotients_neither_overflow_nor_underflow_on_the_way)
{
    for (int wide = 0; wide < 2; wide++) {
        const int top = wide ? 1023 : 127;
        for (int e = -top + 2; e < top; e += 5) {
            const double x = ldexp(1, e), y = ldexp(1, -e);
            ck_assert(is(one(traced_div, wide, CMPLX(x, x), CMPLX(x, x)), 1, 0));
            ck_assert(is(one(traced_div, wide, CMPLX(x, -x), CMPLX(2 * x, 0)), 0.5, -0.5));
            ck_assert(is(one(traced_div, wide, CMPLX(0, x), CMPLX(0, x / 2)), 2, 0) || e == -top + 2);
            ck_assert(is(one(traced_inverse, wide, 0, CMPLX(0, x)), 0, -y));
        }
        const double max = wide ? 0x1p1023 : 0x1p127, min = wide ? 0x1p-1022 : 0x1p-126;
        ck_assert(is(one(traced_div, wide, CMPLX(max, max), CMPLX(1, 1)), max, 0));
        ck_assert(is(one(traced_div, wide, CMPLX(max, 0), CMPLX(min, 0)), inf, not_a) ||
                  is(one(traced_div, wide, CMPLX(max, 0), CMPLX(min, 0)), inf, 0));
        ck_assert(is(one(traced_div, wide, CMPLX(min, 0), CMPLX(max, 0)), 0, 0));
    }
}
END_TEST

START_TEST(quotients_of_zero_and_infinity_are_those_of_annex_g)
{
    for (int wide = 0; wide < 2; wide++) {
        ck_assert(is(one(traced_div, wide, CMPLX(1, -2), CMPLX(0, 0)), inf, -inf));
        ck_assert(is(one(traced_div, wide, CMPLX(1, 0), CMPLX(-0.0, 0)), -inf, not_a));
        ck_assert(is(one(traced_div, wide, 0, 0), not_a, not_a));
        ck_assert(is(one(traced_div, wide, CMPLX(3, 4), CMPLX(inf, 1)), 0, 0));
        ck_assert(is(one(traced_div, wide, CMPLX(3, 4), CMPLX(-inf, inf)), 0, -0.0));
        ck_assert(is(one(traced_div, wide, CMPLX(inf, -inf), CMPLX(2, 0)), inf, -inf));
        ck_assert(is(one(traced_div, wide, CMPLX(inf, 0), CMPLX(inf, 0)), not_a, not_a));
    }
}
END_TEST

START_TEST(size_and_exponential_have_their_corners)
{
    for (int wide = 0; wide < 2; wide++) {
        const double max = wide ? 0x1p1022 : 0x1p126, large = wide ? 715 : 92;
        const number z = one(traced_abs, wide, CMPLX(3 * max / 4, max), 0);
        ck_assert(creal(z) == 1.25 * max);
        ck_assert(creal(one(traced_abs, wide, CMPLX(not_a, -inf), 0)) == inf);
        ck_assert(is(one(traced_exp, wide, CMPLX(-inf, inf), 0), 0, 0));
        ck_assert(is(one(traced_exp, wide, CMPLX(-inf, not_a), 0), 0, 0));
        ck_assert(is(one(traced_exp, wide, CMPLX(inf, 0), 0), inf, 0));
        ck_assert(is(one(traced_exp, wide, CMPLX(0, -0.0), 0), 1, -0.0));
        ck_assert(is(one(traced_exp, wide, CMPLX(not_a, 0), 0), not_a, 0));
        ck_assert(is(one(traced_exp, wide, CMPLX(0, inf), 0), not_a, not_a));
        /* e^92 is no f32; its product with a small cosine is. */
        const number w = one(traced_exp, wide, CMPLX(10 * large, 10 * 1.5707), 0);
        const number want = cexp(CMPLX(part(&in[0], wide, 0) * 0.1, part(&in[0], wide, 1) * 0.1));
        ck_assert_msg(fabs(creal(w) / creal(want) - 1) < (wide ? 1e-9 : 0.2) && isfinite(creal(w)), "%g", creal(w));
    }
}
END_TEST

/* -- comparisons --------------------------------------------------------------------------------------------------- */

static eg_val compared(void *user, eg_val x)
{
    (void)user;
    eg_val a = eg_item(x, 0), b = eg_item(x, 1), one = eg_convert(eg_eq(a, b), EG_F64);
    eg_val sum = eg_add(one, eg_mul(2, eg_ne(a, b)));
    sum = eg_add(sum, eg_mul(4, eg_isnan(a)));
    sum = eg_add(sum, eg_mul(8, eg_isinf(a)));
    return eg_complex(eg_add(sum, eg_mul(16, eg_convert(a, EG_BOOL))), eg_convert(eg_eq(a, 1), EG_F64));
}

START_TEST(comparisons_look_at_both_parts)
{
    ck_assert(is(one(compared, true, CMPLX(1, 2), CMPLX(1, 2)), 1 + 16, 0));
    ck_assert(is(one(compared, true, CMPLX(1, 2), CMPLX(1, 3)), 2 + 16, 0));
    ck_assert(is(one(compared, true, CMPLX(1, -0.0), CMPLX(1, 0)), 1 + 16, 1));
    ck_assert(is(one(compared, true, CMPLX(0, -0.0), CMPLX(0, 0)), 1, 0));
    ck_assert(is(one(compared, true, CMPLX(0, not_a), CMPLX(0, not_a)), 2 + 4 + 16, 0));
    ck_assert(is(one(compared, true, CMPLX(-inf, 0), CMPLX(-inf, 0)), 1 + 8 + 16, 0));
}
END_TEST

static eg_val both_ways(void *user, eg_val x)
{
    (void)user;
    eg_val a = eg_item(x, 0), b = eg_item(x, 1);
    return eg_sub(eg_mul(a, b), eg_mul(b, a));
}

START_TEST(products_commute_to_the_bit)
{
    for (int k = 0; k < 2; k++) fill(&in[k], false, MOST, 3 + (unsigned)k);
    run(1, EG_MATH_CONTRACT, both_ways, false, MOST, in, &out);
    for (size_t k = 0; k < MOST; k++) ck_assert(at(&out, false, k) == 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("complex");
    TCase *t = tcase_create("complex");
    tcase_set_timeout(t, 600);
    const int n = (int)LEN(operations);
    tcase_add_loop_test(t, operations_are_those_of_c, 0, n);
    tcase_add_loop_test(t, compiled_operations_have_the_interpreters_bits, 0, 2);
    tcase_add_test(t, corners_have_the_same_bits_compiled);
    tcase_add_test(t, quotients_neither_overflow_nor_underflow_on_the_way);
    tcase_add_test(t, quotients_of_zero_and_infinity_are_those_of_annex_g);
    tcase_add_test(t, size_and_exponential_have_their_corners);
    tcase_add_test(t, comparisons_look_at_both_parts);
    tcase_add_test(t, products_commute_to_the_bit);
    suite_add_tcase(s, t);
    return test_run(s);
}
