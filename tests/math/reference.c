/* See reference.h. */
#include "math/reference.h"

#include <math.h>

/* -- MPFR; composed ones work with 400 bits, so that no cancellation reaches the result ---------------------------- */

#define WITH_TWO(body)                                                                                                 \
    mpfr_t a, b;                                                                                                       \
    mpfr_inits2(400, a, b, (mpfr_ptr)0);                                                                               \
    body;                                                                                                              \
    mpfr_clears(a, b, (mpfr_ptr)0)

#define ONE(name)                                                                                                      \
    static void exact_##name(mpfr_t r, const mpfr_t x, const mpfr_t y)                                                 \
    {                                                                                                                  \
        (void)y;                                                                                                       \
        mpfr_##name(r, x, MPFR_RNDN);                                                                                  \
    }
#define TWO(name)                                                                                                      \
    static void exact_##name(mpfr_t r, const mpfr_t x, const mpfr_t y) { mpfr_##name(r, x, y, MPFR_RNDN); }
ONE(exp)
ONE(exp2)
ONE(expm1)
ONE(log)
ONE(log2)
ONE(log10)
ONE(log1p)
ONE(sin)
ONE(cos)
ONE(tan)
ONE(asin)
ONE(acos)
ONE(atan)
ONE(sinh)
ONE(cosh)
ONE(tanh)
ONE(asinh)
ONE(acosh)
ONE(atanh)
ONE(cbrt)
ONE(erf)
ONE(erfc)
TWO(atan2)
TWO(pow)
TWO(hypot)

static void exact_rsqrt(mpfr_t r, const mpfr_t x, const mpfr_t y)
{
    (void)y;
    if (mpfr_zero_p(x))
        mpfr_ui_div(r, 1, x, MPFR_RNDN); /* of -0: -inf, as in C23 */
    else
        mpfr_rec_sqrt(r, x, MPFR_RNDN);
}

static void exact_sigmoid(mpfr_t r, const mpfr_t x, const mpfr_t y)
{
    (void)y;
    WITH_TWO(mpfr_neg(a, x, MPFR_RNDN); mpfr_exp(a, a, MPFR_RNDN); mpfr_add_ui(a, a, 1, MPFR_RNDN);
             mpfr_ui_div(r, 1, a, MPFR_RNDN));
}

static void exact_softplus(mpfr_t r, const mpfr_t x, const mpfr_t y)
{
    (void)y;
    if (mpfr_inf_p(x) && mpfr_sgn(x) > 0) {
        mpfr_set_inf(r, 1);
        return;
    }
    WITH_TWO(mpfr_abs(a, x, MPFR_RNDN); mpfr_neg(a, a, MPFR_RNDN); mpfr_exp(a, a, MPFR_RNDN);
             mpfr_log1p(a, a, MPFR_RNDN); if (mpfr_sgn(x) > 0) mpfr_add(a, a, x, MPFR_RNDN); mpfr_set(r, a, MPFR_RNDN));
}

static void exact_exprel(mpfr_t r, const mpfr_t x, const mpfr_t y)
{
    (void)y;
    if (mpfr_zero_p(x))
        mpfr_set_ui(r, 1, MPFR_RNDN);
    else if (mpfr_inf_p(x) && mpfr_sgn(x) > 0)
        mpfr_set_inf(r, 1);
    else {
        WITH_TWO(mpfr_expm1(a, x, MPFR_RNDN); mpfr_div(r, a, x, MPFR_RNDN));
    }
}

/* Newton's method from the wide libm's answer; near the ends on log(erfc), which keeps its digits. */
static long double wide64_erfinv(long double x, long double y);
static void exact_erfinv(mpfr_t r, const mpfr_t x, const mpfr_t y)
{
    (void)y;
    long double guess = wide64_erfinv(mpfr_get_ld(x, MPFR_RNDN), 0);
    mpfr_set_ld(r, guess, MPFR_RNDN);
    if (!isfinite(guess) || guess == 0) return;
    WITH_TWO({
        mpfr_t t;
        mpfr_init2(t, 400);
        mpfr_set(t, r, MPFR_RNDN);
        for (int k = 0; k < 2; k++) { /* t -= (erf(t) - x) sqrt(pi)/2 e^(t^2) */
            mpfr_erf(a, t, MPFR_RNDN);
            mpfr_sub(a, a, x, MPFR_RNDN);
            mpfr_sqr(b, t, MPFR_RNDN);
            mpfr_exp(b, b, MPFR_RNDN);
            mpfr_mul(a, a, b, MPFR_RNDN);
            mpfr_const_pi(b, MPFR_RNDN);
            mpfr_sqrt(b, b, MPFR_RNDN);
            mpfr_mul(a, a, b, MPFR_RNDN);
            mpfr_div_ui(a, a, 2, MPFR_RNDN);
            mpfr_sub(t, t, a, MPFR_RNDN);
        }
        mpfr_set(r, t, MPFR_RNDN);
        mpfr_clear(t);
    });
}

/* -- the C library, wider ------------------------------------------------------------------------------------------ */

#define WIDE1(name, expr32, expr64)                                                                                    \
    static double wide32_##name(double x, double y)                                                                    \
    {                                                                                                                  \
        (void)y;                                                                                                       \
        return expr32;                                                                                                 \
    }                                                                                                                  \
    static long double wide64_##name(long double x, long double y)                                                     \
    {                                                                                                                  \
        (void)y;                                                                                                       \
        return expr64;                                                                                                 \
    }
WIDE1(exp, exp(x), expl(x))
WIDE1(exp2, exp2(x), exp2l(x))
WIDE1(expm1, expm1(x), expm1l(x))
WIDE1(log, log(x), logl(x))
WIDE1(log2, log2(x), log2l(x))
WIDE1(log10, log10(x), log10l(x))
WIDE1(log1p, log1p(x), log1pl(x))
WIDE1(sin, sin(x), sinl(x))
WIDE1(cos, cos(x), cosl(x))
WIDE1(tan, tan(x), tanl(x))
WIDE1(asin, asin(x), asinl(x))
WIDE1(acos, acos(x), acosl(x))
WIDE1(atan, atan(x), atanl(x))
WIDE1(atan2, atan2(x, y), atan2l(x, y))
WIDE1(sinh, sinh(x), sinhl(x))
WIDE1(cosh, cosh(x), coshl(x))
WIDE1(tanh, tanh(x), tanhl(x))
WIDE1(asinh, asinh(x), asinhl(x))
WIDE1(acosh, acosh(x), acoshl(x))
WIDE1(atanh, atanh(x), atanhl(x))
WIDE1(rsqrt, 1 / sqrt(x), 1 / sqrtl(x))
WIDE1(cbrt, cbrt(x), cbrtl(x))
WIDE1(pow, pow(x, y), powl(x, y))
WIDE1(hypot, hypot(x, y), hypotl(x, y))
WIDE1(erf, erf(x), erfl(x))
WIDE1(erfc, erfc(x), erfcl(x))
WIDE1(sigmoid, 1 / (1 + exp(-x)), 1 / (1 + expl(-x)))
WIDE1(softplus, x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)), x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x)))
WIDE1(exprel, x == 0 ? 1 : isinf(x) && x > 0 ? x : expm1(x) / x, x == 0 ? 1 : isinf(x) && x > 0 ? x : expm1l(x) / x)

static long double wide64_erfinv(long double x, long double y)
{
    (void)y;
    if (!(fabsl(x) <= 1)) return (long double)NAN;
    if (fabsl(x) == 1) return x * (long double)INFINITY;
    if (x == 0) return x;
    long double a = fabsl(x), w = -log1pl(-a * a), t;
    /* S. Winitzki's approximation to start from */
    const long double k = 0.147L, pi = 3.14159265358979323846L;
    long double h = 2 / (pi * k) - w / 2;
    t = sqrtl(sqrtl(h * h + w / k) - h);
    for (int i = 0; i < 6; i++) {
        long double slope = 2 / sqrtl(pi) * expl(-t * t);
        long double e = a < 0.5L ? erfl(t) - a : (1 - a) - erfcl(t);
        e /= slope;
        t -= e / (1 + t * e); /* Halley: the second derivative is -2 t times the first */
        if (fabsl(e) < 1e-21L * t) break;
    }
    return copysignl(t, x);
}
static double wide32_erfinv(double x, double y) { return (double)wide64_erfinv(x, y); }

#define ROW(OP, name, args, ...)                                                                                       \
    {                                                                                                                  \
        EGI_##OP, args, exact_##name, wide32_##name, wide64_##name, { __VA_ARGS__ }                                    \
    }
const reference references[] = {
    ROW(EXP, exp, 1, {-1, 1}, {-20, 20}, {-90, 90}, {-710, 710}),
    ROW(EXP2, exp2, 1, {-1, 1}, {-20, 20}, {-130, 130}, {-1030, 1030}),
    ROW(EXPM1, expm1, 1, {-1, 1}, {-2, 2}, {-20, 20}, {-90, 90}, {-40, 711}),
    ROW(LOG, log, 1, {0.5, 2}, {0, 10}, {0.9, 1.1}),
    ROW(LOG2, log2, 1, {0.5, 2}, {0, 10}, {0.9, 1.1}),
    ROW(LOG10, log10, 1, {0.5, 2}, {0, 10}, {0.9, 1.1}),
    ROW(LOG1P, log1p, 1, {-1, 1}, {-1, 10}, {-0.1, 0.1}, {-0.7, 0.5}),
    ROW(SIN, sin, 1, {-1, 1}, {-10, 10}, {-1000, 1000}, {-1e5, 1e5}, {-1e6, 1e6}),
    ROW(COS, cos, 1, {-1, 1}, {-10, 10}, {-1000, 1000}, {-1e5, 1e5}, {-1e6, 1e6}),
    ROW(TAN, tan, 1, {-1, 1}, {-10, 10}, {-1000, 1000}, {-1e5, 1e5}, {-1e6, 1e6}),
    ROW(ASIN, asin, 1, {-1, 1}, {0.4, 0.6}, {0.9, 1}),
    ROW(ACOS, acos, 1, {-1, 1}, {-0.6, 0.6}, {0.9, 1}),
    ROW(ATAN, atan, 1, {-1, 1}, {-10, 10}, {0.3, 3}),
    ROW(ATAN2, atan2, 2, {-1, 1}, {-10, 10}, {0.3, 3}),
    ROW(SINH, sinh, 1, {-1, 1}, {-3, 3}, {-20, 20}, {-90, 90}, {-711, 711}),
    ROW(COSH, cosh, 1, {-1, 1}, {-3, 3}, {-20, 20}, {-90, 90}, {-711, 711}),
    ROW(TANH, tanh, 1, {-1, 1}, {-3, 3}, {-10, 10}, {-20, 20}),
    ROW(ASINH, asinh, 1, {-1, 1}, {-3, 3}, {-20, 20}, {-1e5, 1e5}),
    ROW(ACOSH, acosh, 1, {1, 1.1}, {1, 3}, {1, 20}, {1, 1e5}),
    ROW(ATANH, atanh, 1, {-1, 1}, {-0.5, 0.5}, {0.9, 1}),
    ROW(RSQRT, rsqrt, 1, {0, 1}, {1, 4}, {0, 1000}),
    ROW(CBRT, cbrt, 1, {-1, 1}, {1, 8}, {-1000, 1000}),
    ROW(POW, pow, 2, {0, 2}, {0.5, 1.5}, {0, 20}, {-10, 10}, {0, 160}),
    ROW(HYPOT, hypot, 2, {-1, 1}, {1, 4}, {-1000, 1000}),
    ROW(ERF, erf, 1, {-1, 1}, {-2, 2}, {-6, 6}),
    ROW(ERFC, erfc, 1, {-1, 1}, {-2, 2}, {-6, 10}, {0, 27}),
    ROW(ERFINV, erfinv, 1, {-1, 1}, {-0.1, 0.1}, {0.9, 1}, {0.999, 1}),
    ROW(SIGMOID, sigmoid, 1, {-1, 1}, {-20, 20}, {-90, 90}, {-710, 710}),
    ROW(SOFTPLUS, softplus, 1, {-1, 1}, {-20, 20}, {-90, 90}, {-710, 710}),
    ROW(EXPREL, exprel, 1, {-1, 1}, {-20, 20}, {-95, 95}, {-40, 720}),
};
const int num_references = (int)EGI_LEN(references);
