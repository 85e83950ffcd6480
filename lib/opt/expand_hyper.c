/* Hyperbolic functions and their inverses.
 *
 * sinh, cosh: with |x| = k ln 2 + r, and S, C = sinh k ln 2, cosh k ln 2 (exact but for one rounding),
 * sinh x = S cosh r + C sinh r and cosh x = C cosh r + S sinh r: no division, no cancellation around 0.
 * tanh = H/(H + 1), H = (e^2x - 1)/2.
 * The inverses are log1p of an argument that is carried with its rounding error (W. Kahan, "Branch cuts for complex
 * elementary functions", 1987, for the forms). */
#include "opt/expand.h"

/* (sinh r - r) / r^3 and (cosh r - 1) / r^2 by z = r^2, |r| <= ln(2)/2 */
static const double sinh_f32[] = {0.16666667, 0.008333175, 0.00019974081};
static const double sinh_f64[] = {0.16666666666666677, 0.008333333333321586, 0.0001984126988626448,
                                  2.7557244046589088e-06, 2.5109101438883278e-08};
static const egi_poly sinh_p = EGI_POLY(sinh);
static const double cosh_f32[] = {0.5, 0.04166646, 0.0013935452};
static const double cosh_f64[] = {0.5,
                                  0.04166666666666671,
                                  0.0013888888888864029,
                                  2.480158736327612e-05,
                                  2.7557241889265775e-07,
                                  2.0924414650649242e-09};
static const egi_poly cosh_p = EGI_POLY(cosh);

typedef struct halves {
    egi_id up, down;    /* 2^k/4 and 2^-k/4 */
    egi_id s, c;        /* half of sinh and cosh of k ln 2: their whole may overflow when the result does not */
    egi_id r, r3, even; /* sinh r = r + r3, cosh r = 1 + even */
} halves;

static halves split(const egi_maths *m, egi_id x)
{
    /* at the bound the results overflow, and 2^(k - 2) is the largest power of two */
    egi_id a = m_at_most(m, m_abs(m, x), m_pick(m, 89.5, 710.5));
    int bias = (int)m_pick(m, 127, 1023);
    m_reduced e = m_exp_reduce(m, a, 0, bias - 2);
    egi_id up_bits = m_shl(m, m_bits(m, e.shifted), m->mant);
    /* 2^(-k - 2); 0 for large k, where it does not matter */
    egi_id sum = m_ci(m, (int64_t)(2 * bias - 4) << m->mant);
    egi_id down = m_float(m, m_max(m, m_sub(m, sum, up_bits), m_ci(m, 0))), up = m_float(m, up_bits);
    egi_id z = m_mul(m, e.r, e.r);
    egi_id r3 = m_mul(m, m_mul(m, e.r, z), m_poly(m, z, &sinh_p));
    return (halves){up, down, m_sub(m, up, down), m_add(m, up, down), e.r, r3, m_mul(m, z, m_poly(m, z, &cosh_p))};
}

static egi_id expand_sinh(const egi_maths *m, egi_id x)
{
    halves h = split(m, x);
    egi_id y = m_fma(m, h.s, h.even, m_mul(m, h.c, h.r3));
    y = m_add(m, y, m_sub(m, m_sub(m, h.up, h.s), h.down)); /* what S lost */
    y = m_mul(m, m_add(m, m_fma(m, h.c, h.r, h.s), y), m_c(m, 2));
    return m_keep_small(m, x, m_with_sign(m, y, x));
}

static egi_id expand_cosh(const egi_maths *m, egi_id x)
{
    halves h = split(m, x);
    egi_id y = m_fma(m, h.s, m_add(m, h.r, h.r3), m_mul(m, h.c, h.even));
    return m_mul(m, m_add(m, h.up, m_add(m, h.down, y)), m_c(m, 2));
}

/* H/(1 + H) where numerator, denominator and quotient would each lose half a unit, and the worst of them meet near the
 * top of a binade: the denominator keeps its rounding error and the quotient is corrected by its residual. */
static egi_id expand_tanh(const egi_maths *m, egi_id x)
{
    egi_id one = m_c(m, 1), a = m_at_most(m, m_abs(m, x), m_pick(m, 9.02, 19.1)); /* beyond it rounds to 1 */
    m_reduced e = m_exp_reduce(m, m_add(m, a, a), 0, (int)m_pick(m, 126, 1022));
    egi_id s = m_exp_scale(m, e);
    egi_id p = m_is64(m) ? m_add(m, m_exp_tail(m, e.r, e.lost), e.r) : m_expm1_poly(m, e.r);
    egi_id h = m_fma(m, s, p, m_sub(m, s, m_c(m, 0.5)));
    egi_id d = m_add(m, h, one), d_low = m_sub(m, h, m_sub(m, d, one));
    egi_id inverse = m_div(m, one, d), y = m_mul(m, h, inverse), minus = m_neg(m, y);
    egi_id rest = m_fma(m, minus, d_low, m_fma(m, minus, d, h));
    return m_with_sign(m, m_fma(m, rest, inverse, y), x);
}

/* log(a + sqrt(a^2 + 1)) with a = |x|: log1p(a + a^2/(1 + sqrt(a^2 + 1))), and log 2a where a^2 is all that counts */
static egi_id expand_asinh(const egi_maths *m, egi_id x)
{
    egi_id one = m_c(m, 1), a = m_abs(m, x), z = m_mul(m, a, a);
    egi_id t = m_div(m, z, m_add(m, m_sqrt(m, m_add(m, z, one)), one));
    egi_id w = m_add(m, a, t), low = m_sub(m, t, m_sub(m, w, a));
    egi_id u = m_add(m, w, one);
    egi_id far = m_gt(m, a, m_c2(m, 0x1p14, 0x1p30)), zero = m_c(m, 0);
    low = m_select(m, far, zero, m_add(m, m_sub(m, w, m_sub(m, u, one)), low));
    egi_id y = m_log_of_sum(m, m_select(m, far, a, u), low, m_select(m, far, one, zero));
    y = m_select(m, m_lt(m, a, m_c(m, INFINITY)), m_with_sign(m, y, x), x);
    return m_keep_small(m, x, y);
}

/* log(x + sqrt(x^2 - 1)) = log1p(t + sqrt(2 t + t^2)) with t = x - 1 */
static egi_id expand_acosh(const egi_maths *m, egi_id x)
{
    egi_id one = m_c(m, 1), zero = m_c(m, 0), t = m_sub(m, x, one);
    egi_id s = m_sqrt(m, m_fma(m, t, t, m_add(m, t, t)));
    egi_id w = m_add(m, t, s), low = m_sub(m, t, m_sub(m, w, s));
    egi_id u = m_add(m, w, one);
    egi_id far = m_gt(m, x, m_c2(m, 0x1p14, 0x1p30));
    low = m_select(m, far, zero, m_add(m, m_sub(m, w, m_sub(m, u, one)), low));
    egi_id y = m_log_of_sum(m, m_select(m, far, x, u), low, m_select(m, far, one, zero));
    y = m_select(m, m_lt(m, x, m_c(m, INFINITY)), y, x);
    return m_select(m, m_ge(m, x, one), y, m_c(m, NAN));
}

/* log1p(2 a/(1 - a))/2 with a = |x|; the quotient is carried with its error */
static egi_id expand_atanh(const egi_maths *m, egi_id x)
{
    egi_id one = m_c(m, 1), a = m_abs(m, x);
    egi_id d = m_sub(m, one, a), d_low = m_sub(m, m_sub(m, one, d), a), inverse = m_div(m, one, d);
    egi_id n = m_add(m, a, a), w = m_mul(m, n, inverse);
    egi_id rest = m_sub(m, m_fma(m, m_neg(m, w), d, n), m_mul(m, w, d_low));
    egi_id y = m_mul(m, m_log1p_of_sum(m, w, m_mul(m, rest, inverse)), m_c(m, 0.5));
    egi_id outside = m_select(m, m_eq(m, a, one), m_c(m, INFINITY), m_c(m, NAN));
    y = m_with_sign(m, m_select(m, m_lt(m, a, one), y, outside), x);
    return m_keep_small(m, x, y);
}

egi_id m_expand_hyper(const egi_maths *m, egi_op op, egi_id x)
{
    switch ((int)op) {
    case EGI_SINH: return expand_sinh(m, x);
    case EGI_COSH: return expand_cosh(m, x);
    case EGI_TANH: return expand_tanh(m, x);
    case EGI_ASINH: return expand_asinh(m, x);
    case EGI_ACOSH: return expand_acosh(m, x);
    default: return expand_atanh(m, x);
    }
}
