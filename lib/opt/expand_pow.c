/* pow(x, y) = e^(y log |x|), with the logarithm and the product in twice the precision.
 *
 * |x| = 2^e m; log m = 2 s (1 + z/3 + z^2 P(z)), s = (m - 1)/(m + 1), z = s^2: s, z and z/3 as sums of two numbers
 * (T. J. Dekker, "A floating-point technique for extending the available precision", 1971), P a polynomial by Remez.
 * One division.  Signs, zeros, infinities and NaN as C99 has them (F.9.4.4), on a branch. */
#include "opt/expand.h"

/* (atanh(s)/s - 1 - z/3) / z^2 by z = s^2 */
static const double pow_f32[] = {0.19999999, 0.14285986, 0.110898644, 0.09778376};
static const double pow_f64[] = {0.1999999999999999,  0.14285714285722556, 0.11111111108768207, 0.09090909435159439,
                                 0.07692278435388833, 0.06668158713217405, 0.05837409179967684, 0.059945072279863135};
static const egi_poly pow_p = EGI_POLY(pow);

typedef struct pair {
    egi_id high, low;
} pair;

static pair product(const egi_maths *m, egi_id a, egi_id b)
{
    egi_id p = m_mul(m, a, b);
    return (pair){p, m_fma(m, a, b, m_neg(m, p))};
}

/* |a| >= |b| or a = 0 */
static pair fast_sum(const egi_maths *m, egi_id a, egi_id b)
{
    egi_id s = m_add(m, a, b);
    return (pair){s, m_sub(m, b, m_sub(m, s, a))};
}

static pair exact_log(const egi_maths *m, egi_id x)
{
    egi_id one = m_c(m, 1), two = m_c(m, 2);
    m_parts p = m_log_split(m, x);
    /* s = f/(2 + f) */
    egi_id d = m_add(m, p.f, two), d_low = m_sub(m, p.f, m_sub(m, d, two)), inverse = m_div(m, one, d);
    egi_id s = m_mul(m, p.f, inverse), minus = m_neg(m, s);
    egi_id s_low = m_mul(m, m_fma(m, minus, d_low, m_fma(m, minus, d, p.f)), inverse);
    pair z = product(m, s, s);
    z.low = m_fma(m, m_add(m, s, s), s_low, z.low);
    /* w = 1/3 + z P(z), t = z w */
    pair w = fast_sum(m, m_c2(m, 0.33333334, 0.3333333333333333), m_mul(m, z.high, m_poly(m, z.high, &pow_p)));
    w.low = m_add(m, w.low, m_c2(m, -9.934108e-09, 1.850371707708594e-17));
    pair t = product(m, z.high, w.high);
    t.low = m_fma(m, z.high, w.low, m_fma(m, z.low, w.high, t.low));
    /* 2 s + 2 s t */
    egi_id s2 = m_add(m, s, s), s2_low = m_add(m, s_low, s_low);
    pair u = product(m, s2, t.high);
    u.low = m_fma(m, s2, t.low, m_fma(m, s2_low, t.high, u.low));
    pair l = fast_sum(m, s2, u.high);
    l.low = m_add(m, l.low, m_add(m, u.low, s2_low));
    /* + e ln 2 */
    pair k = product(m, p.e, m_c2(m, 0.6931472, 0.6931471805599453));
    k.low = m_fma(m, p.e, m_c2(m, -1.9046542e-09, 2.3190468138462996e-17), k.low);
    pair sum = fast_sum(m, k.high, l.high);
    return fast_sum(m, sum.high, m_add(m, sum.low, m_add(m, k.low, l.low)));
}

/* e^(a + b), also where a is infinite or NaN */
static egi_id exp_of_sum(const egi_maths *m, egi_id a, egi_id b)
{
    double far = m_pick(m, 150, 1400); /* k stays within two exponent biases */
    b = m_select(m, m_lt(m, m_abs(m, a), m_c(m, far)), b, m_c(m, 0));
    a = m_at_least(m, m_at_most(m, a, far), -far);
    m_reduced r = m_exp_reduce(m, a, b, (int)m_pick(m, 254, 2046));
    return m_exp_finish(m, m_exp_poly(m, r.r), r.shifted);
}

/* x^y where x is not positive and finite or y not finite; r = e^(y log |x|) holds where both are finite and x is not 0
 */
static egi_id special_power(const egi_maths *m, egi_id x, egi_id y, egi_id r)
{
    egi_id zero = m_c(m, 0), one = m_c(m, 1), inf = m_c(m, INFINITY), a = m_abs(m, x), nan = m_c(m, NAN);
    /* 0 or inf: which, says the sign of y log a */
    egi_id grows = m_gt(m, m_select(m, m_gt(m, a, one), y, m_neg(m, y)), zero);
    egi_id edge = m_or(m, m_or(m, m_eq(m, a, zero), m_eq(m, a, inf)), m_eq(m, m_abs(m, y), inf));
    r = m_select(m, edge, m_select(m, grows, inf, zero), r);
    r = m_select(m, m_and(m, m_eq(m, x, x), m_eq(m, y, y)), r, nan);
    /* 1^y = x^0 = 1, of NaN too; -1 to an even or infinite power as well */
    r = m_select(m, m_eq(m, a, one), m_select(m, m_eq(m, x, one), one, m_select(m, m_eq(m, y, y), one, y)), r);
    egi_id half = m_mul(m, y, m_c(m, 0.5));
    egi_id whole = m_eq(m, m_round(m, y), y), even = m_eq(m, m_round(m, half), half);
    /* an odd power takes the sign of x, also of a zero; of a negative number a power that is no integer is NaN */
    egi_id odd = m_select(m, even, zero, m_select(m, whole, m_c(m, -0.0), zero));
    egi_id sign = m_and(m, m_and(m, m_bits(m, x), m_bits(m, odd)), m_sign_bit(m));
    r = m_float(m, m_xor(m, m_bits(m, r), sign));
    egi_id finite = m_gt(m, x, m_neg(m, inf));
    egi_id broken = m_and(m, m_lt(m, x, zero), m_and(m, finite, m_and(m, m_ne(m, m_round(m, y), y), m_eq(m, y, y))));
    r = m_select(m, broken, nan, r);
    return m_select(m, m_eq(m, y, zero), one, r);
}

egi_id m_expand_pow(const egi_maths *m, egi_id x, egi_id y)
{
    egi_id inf = m_c(m, INFINITY);
    pair l = exact_log(m, m_abs(m, x));
    egi_id p = m_mul(m, y, l.high);
    egi_id r = exp_of_sum(m, p, m_fma(m, y, l.low, m_fma(m, y, l.high, m_neg(m, p))));
    egi_id usual = m_and(m, m_and(m, m_gt(m, x, m_c(m, 0)), m_lt(m, x, inf)), m_lt(m, m_abs(m, y), inf));
    return m_rare(m, egi_op1(m->g, EGI_NOT, usual), special_power(m, x, y, r), r);
}
