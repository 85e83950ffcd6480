/* Logarithms: log, log2, log10, log1p, softplus, and the pieces that the inverse hyperbolic family and erfinv share.
 *
 * x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), split by integer arithmetic on the bits of x.
 * f32: log(1 + f) = f + f^2 g(f), g by Remez.
 * f64: with s = f/(2 + f), log(1 + f) = f - (f^2/2 - s (f^2/2 + R(s^2))), R by Remez; the sum is arranged so that f,
 * the largest term, is exact (the arrangement of K. C. Ng's fdlibm). log1p: of u = 1 + x the rounding error is scaled
 * like u and added to f. */
#include "opt/expand.h"

/* (log(1 + f) - f) / f^2 */
static const double log_f32[] = {-0.49999988, 0.33333322,  -0.2500161, 0.20002224,  -0.1660861,
                                 0.14176352,  -0.13241434, 0.12941092, -0.076724224};
/* (log((1 + s)/(1 - s)) - 2 s) / s^3, by z = s^2 */
static const double log_f64[] = {0.6666666666666734,  0.3999999999941431,  0.28571428742475635, 0.22222198563497392,
                                 0.18183564862866122, 0.15314035989789973, 0.14796103496892704};
static const egi_poly log_p = EGI_POLY(log);

static const double ln2_f32[] = {0.6931472, -1.9046542e-09};
static const double ln2_f64[] = {0.6931471805599453, 2.3190468138462996e-17};

/* A logarithm of another base: e * high(2) + log(1 + f) * high(e), each with the rest that its constant lost */
typedef struct base {
    double two[2], e[2];
} base;
static const base base2_f32 = {{1, 0}, {1.442695, 1.925963e-08}};
static const base base2_f64 = {{1, 0}, {1.4426950408889634, 2.0355273740931033e-17}};
static const base base10_f32 = {{0.30103, -1.4320989e-08}, {0.4342945, -1.010305e-08}};
static const base base10_f64 = {{0.3010299956639812, -2.8037281277851704e-18},
                                {0.4342944819032518, 1.098319650216765e-17}};

/* A small integer as a floating number.  f64: AVX2 cannot convert 64-bit integers, an addition into 1.5 * 2^52 can. */
static egi_id from_small(const egi_maths *m, egi_id i)
{
    if (!m_is64(m)) return m_convert(m, i);
    return m_sub(m, m_float(m, m_add(m, i, m_cbits(m, 0x1.8p52))), m_c(m, 0x1.8p52));
}

m_parts m_log_split(const egi_maths *m, egi_id x)
{
    egi_id bits = m_bits(m, x);
    egi_id over = m_sub(m, bits, m_cbits(m, m_pick(m, 0.70710677, 0.7071067811865476)));
    egi_id e = m_and(m, over, m_ci(m, -((int64_t)1 << m->mant)));
    egi_id f = m_sub(m, m_float(m, m_sub(m, bits, e)), m_c(m, 1));
    return (m_parts){from_small(m, m_shr(m, over, m->mant)), f, e};
}

egi_id m_log_tail(const egi_maths *m, egi_id f)
{
    if (!m_is64(m)) return m_mul(m, m_mul(m, f, f), m_poly(m, f, &log_p));
    egi_id s = m_div(m, f, m_add(m, f, m_c(m, 2)));
    egi_id z = m_mul(m, s, s);
    egi_id half = m_mul(m, m_mul(m, f, m_c(m, 0.5)), f);
    egi_id sum = m_fma(m, z, m_poly(m, z, &log_p), half);
    return m_fma(m, s, sum, m_neg(m, half));
}

/* e ln 2 + log(1 + f + rest); `rest` may be 0 = none */
static egi_id join(const egi_maths *m, egi_id e, egi_id f, egi_id rest)
{
    egi_id low = m_fma(m, e, m_c2(m, ln2_f32[1], ln2_f64[1]), m_log_tail(m, f));
    if (rest) low = m_add(m, low, rest);
    return m_fma(m, e, m_c2(m, ln2_f32[0], ln2_f64[0]), m_add(m, f, low));
}

egi_id m_log_positive(const egi_maths *m, egi_id u)
{
    m_parts p = m_log_split(m, u);
    return join(m, p.e, p.f, 0);
}

egi_id m_log_of_sum(const egi_maths *m, egi_id u, egi_id low, egi_id extra)
{
    m_parts p = m_log_split(m, u);
    /* 2^-e; for e >= 127 it would not be normal, and `low` does not matter any more */
    egi_id scale = m_float(m, m_max(m, m_sub(m, m_cbits(m, 1), p.bits), m_ci(m, 0)));
    low = m_mul(m, low, scale);
    egi_id f = m_add(m, p.f, low);
    return join(m, extra ? m_add(m, p.e, extra) : p.e, f, m_sub(m, low, m_sub(m, f, p.f)));
}

egi_id m_log1p_of_sum(const egi_maths *m, egi_id x, egi_id low)
{
    egi_id one = m_c(m, 1), u = m_add(m, x, one);
    egi_id lost = m_sub(m, x, m_sub(m, u, one));
    return m_log_of_sum(m, u, low ? m_add(m, lost, low) : lost, 0);
}

/* y for 0 < x - origin < inf; -inf at the origin, NaN below, inf and NaN for themselves */
static egi_id special(const egi_maths *m, egi_id x, egi_id y, double origin)
{
    egi_id o = m_c(m, origin);
    y = m_select(m, m_lt(m, x, m_c(m, INFINITY)), y, x);
    egi_id outside = m_select(m, m_eq(m, x, o), m_c(m, -INFINITY), m_c(m, NAN));
    return m_select(m, m_gt(m, x, o), y, outside);
}

static egi_id expand_base(const egi_maths *m, egi_id x, const base *b)
{
    m_parts p = m_log_split(m, x);
    egi_id high = m_c(m, b->e[0]);
    egi_id low = m_fma(m, p.f, m_c(m, b->e[1]), m_mul(m, m_log_tail(m, p.f), high));
    if (b->two[1] == 0) return special(m, x, m_add(m, m_fma(m, p.f, high, low), p.e), 0);
    low = m_fma(m, p.e, m_c(m, b->two[1]), low);
    return special(m, x, m_fma(m, p.e, m_c(m, b->two[0]), m_fma(m, p.f, high, low)), 0);
}

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|); e^-|x| is kept with its rounding error */
static egi_id expand_softplus(const egi_maths *m, egi_id x)
{
    egi_id one = m_c(m, 1), zero = m_c(m, 0);
    egi_id n = m_at_least(m, m_neg(m, m_abs(m, x)), m_pick(m, -87.6, -708.7));
    m_reduced a = m_exp_reduce(m, n, 0, (int)m_pick(m, 127, 1023));
    egi_id scale = m_exp_scale(m, a), p = m_expm1_poly(m, a.r);
    egi_id high = m_add(m, p, one), low = m_sub(m, p, m_sub(m, high, one));
    egi_id y = m_log1p_of_sum(m, m_mul(m, high, scale), m_mul(m, low, scale));
    return m_add(m, m_select(m, m_lt(m, x, zero), zero, x), y);
}

egi_id m_expand_log(const egi_maths *m, egi_op op, egi_id x)
{
    switch ((int)op) {
    case EGI_LOG: return special(m, x, m_log_positive(m, x), 0);
    case EGI_LOG2: return expand_base(m, x, m_is64(m) ? &base2_f64 : &base2_f32);
    case EGI_LOG10: return expand_base(m, x, m_is64(m) ? &base10_f64 : &base10_f32);
    case EGI_LOG1P: return m_keep_zero(m, x, special(m, x, m_log1p_of_sum(m, x, 0), -1));
    default: return expand_softplus(m, x);
    }
}
