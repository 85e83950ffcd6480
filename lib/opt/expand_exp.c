/* Exponentials: exp, exp2, expm1, exprel, sigmoid, and the pieces that the hyperbolic family, pow and erfc share.
 *
 * x = k ln 2 + r with |r| <= ln(2)/2 (Cody and Waite, "Software Manual for the Elementary Functions", 1980, chapter 6).
 * k comes from adding 1.5 * 2^mant, which leaves it in the low bits of the sum; one shift turns those into 2^k, or into
 * what an integer addition puts into the exponent of e^r.  Polynomials: Remez on r with the relative error of e^r - 1
 * as weight, coefficients rounded one after the other with the rest fitted again. */
#include "opt/expand.h"

/* (e^r - 1 - r) / r^2 */
static const double exp_f32[] = {0.5, 0.16666532, 0.041666165, 0.008368093, 0.0013975346};
static const double exp_f64[] = {0.5,
                                 0.16666666666666677,
                                 0.04166666666666669,
                                 0.008333333333321848,
                                 0.0013888888888889774,
                                 0.0001984126988512858,
                                 2.4801587288086925e-05,
                                 2.755724540814542e-06,
                                 2.755732077635377e-07,
                                 2.510859199967687e-08,
                                 2.0896819865348847e-09};
static const egi_poly exp_p = EGI_POLY(exp);

/* (2^r - 1) / r */
static const double exp2_f32[] = {0.6931472, 0.24022594, 0.055503663, 0.009625444, 0.0013387906, 0.00013331739};
static const double exp2_f64[] = {0.6931471805599453,     0.24022650695910172,    0.055504108664824574,
                                  0.009618129107577134,   0.0013333558145567845,  0.00015403530480450286,
                                  1.5252734665914118e-05, 1.3215423090076729e-06, 1.0177711916682589e-07,
                                  7.0759160571801946e-09, 4.5085826232809475e-10};
static const egi_poly exp2_p = EGI_POLY(exp2);

#define LOG2E_F32 1.442695
#define LOG2E_F64 1.4426950408889634
#define LN2_F32 0.6931472
#define LN2_F64 0.6931471805599453
/* what ln 2 is less than its rounded value */
#define LN2_REST_F32 1.9046542e-09
#define LN2_REST_F64 -2.3190468138462996e-17

static double shifter(const egi_maths *m) { return m_pick(m, 0x1.8p23, 0x1.8p52); }

m_reduced m_exp_reduce(const egi_maths *m, egi_id x, egi_id low, int bias)
{
    egi_id magic = m_c(m, shifter(m) + bias), rest = m_c2(m, LN2_REST_F32, LN2_REST_F64);
    egi_id t = m_fma(m, x, m_c2(m, LOG2E_F32, LOG2E_F64), magic);
    egi_id k = m_sub(m, t, magic);
    egi_id first = m_fma(m, k, m_c2(m, -LN2_F32, -LN2_F64), x); /* exact */
    if (low) {
        low = m_fma(m, k, rest, low);
        egi_id r = m_add(m, first, low);
        return (m_reduced){r, m_sub(m, low, m_sub(m, r, first)), t};
    }
    egi_id r = m_fma(m, k, rest, first);
    return (m_reduced){r, m_fma(m, k, rest, m_sub(m, first, r)), t};
}

egi_id m_exp_scale(const egi_maths *m, m_reduced a) { return m_float(m, m_shl(m, m_bits(m, a.shifted), m->mant)); }

egi_id m_exp_tail(const egi_maths *m, egi_id r, egi_id plus)
{
    return m_fma(m, m_mul(m, r, r), m_poly(m, r, &exp_p), plus);
}

egi_id m_expm1_poly(const egi_maths *m, egi_id r) { return m_exp_tail(m, r, r); }

egi_id m_exp_poly(const egi_maths *m, egi_id r)
{
    egi_id one = m_c(m, 1);
    return m_fma(m, m_fma(m, m_poly(m, r, &exp_p), r, one), r, one);
}

/* s (e^r - 1) + (s - 2^-down), where r has a tail and s r + (s - 2^-down) keeps its rounding error: around k = 1 half
 * of the sum cancels, and for exprel the error counts twice when the quotient's mantissa is near 2. */
egi_id m_expm1_scaled(const egi_maths *m, egi_id x, int down)
{
    m_reduced a = m_exp_reduce(m, x, 0, (int)m_pick(m, 127, 1023) - down);
    egi_id r = a.r, s = m_exp_scale(m, a), tail = m_exp_tail(m, r, a.lost);
    egi_id base = m_sub(m, s, m_c(m, ldexp(1, -down)));
    egi_id head = m_fma(m, s, r, base);
    return m_add(m, head, m_fma(m, s, tail, m_fma(m, s, r, m_sub(m, base, head))));
}

egi_id m_exp_finish(const egi_maths *m, egi_id y, egi_id shifted)
{
    /* two biases were added, so the number is positive and each half is a biased exponent */
    egi_id both = m_sub(m, m_bits(m, shifted), m_cbits(m, shifter(m)));
    egi_id half = m_shr(m, both, 1);
    y = m_mul(m, y, m_float(m, m_shl(m, half, m->mant)));
    return m_mul(m, y, m_float(m, m_shl(m, m_sub(m, both, half), m->mant)));
}

/* p 2^k where p is in (1/2, 2) and `low` <= x <= `high` is where that is normal: 0 below, inf above, NaN for NaN. */
static egi_id scaled_exp(const egi_maths *m, egi_id x, egi_id p, egi_id shifted, double low, double high)
{
    egi_id y = m_float(m, m_add(m, m_bits(m, p), m_shl(m, m_bits(m, shifted), m->mant)));
    y = m_select(m, m_le(m, x, m_c(m, high)), y, m_add(m, x, m_c(m, INFINITY)));
    return m_select(m, m_lt(m, x, m_c(m, low)), m_c(m, 0), y);
}

static egi_id expand_exp(const egi_maths *m, egi_id x)
{
    m_reduced a = m_exp_reduce(m, x, 0, 0);
    return scaled_exp(m, x, m_exp_poly(m, a.r), a.shifted, m_pick(m, -87.33654, -708.3964185322641),
                      m_pick(m, 88.72283, 709.782712893384));
}

static egi_id expand_exp2(const egi_maths *m, egi_id x)
{
    egi_id magic = m_c(m, shifter(m));
    egi_id t = m_add(m, x, magic);
    egi_id r = m_sub(m, x, m_sub(m, t, magic));
    egi_id p = m_fma(m, m_poly(m, r, &exp2_p), r, m_c(m, 1));
    return scaled_exp(m, x, p, t, m_pick(m, -126, -1022), m_pick(m, 0x1.fffffep6, 0x1.fffffffffffffp9));
}

static egi_id expand_expm1(const egi_maths *m, egi_id x)
{
    egi_id a = m_at_least(m, m_at_most(m, x, m_pick(m, 89, 710)), m_pick(m, -18, -38));
    egi_id y = m_expm1_scaled(m, a, 1);
    return m_keep_small(m, x, m_add(m, y, y));
}

/* (e^x - 1) / x is finite a little longer than e^x: numerator and denominator are formed 2^-16 times smaller. */
static egi_id expand_exprel(const egi_maths *m, egi_id x)
{
    egi_id a = m_at_most(m, x, m_pick(m, 94, 717));
    egi_id e = m_expm1_scaled(m, m_at_least(m, a, m_pick(m, -18, -38)), 16);
    egi_id small = m_lt(m, m_abs(m, x), m_c2(m, 0x1p-26, 0x1p-55));
    return m_select(m, small, m_c(m, 1), m_div(m, e, m_mul(m, a, m_c(m, 0x1p-16))));
}

/* 1 / (1 + e^-x); where e^-x is clamped the result is 1 or below the smallest normal number */
static egi_id expand_sigmoid(const egi_maths *m, egi_id x)
{
    egi_id n = m_at_least(m, m_at_most(m, m_neg(m, x), m_pick(m, 88, 709)), m_pick(m, -87, -708));
    m_reduced a = m_exp_reduce(m, n, 0, (int)m_pick(m, 127, 1023));
    /* 1 + s + s (e^r - 1), rounded once: the denominator's error counts twice in the worst case */
    egi_id one = m_c(m, 1), s = m_exp_scale(m, a), sum = m_add(m, s, one);
    egi_id lost = m_sub(m, one, m_sub(m, sum, s));
    return m_div(m, one, m_add(m, m_fma(m, s, m_expm1_poly(m, a.r), lost), sum));
}

egi_id m_expand_exp(const egi_maths *m, egi_op op, egi_id x)
{
    switch ((int)op) {
    case EGI_EXP: return expand_exp(m, x);
    case EGI_EXP2: return expand_exp2(m, x);
    case EGI_EXPM1: return expand_expm1(m, x);
    case EGI_EXPREL: return expand_exprel(m, x);
    default: return expand_sigmoid(m, x);
    }
}
