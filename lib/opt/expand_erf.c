/* erf and erfc.
 *
 * erfc a = e^(-a^2) t P(1 - 2 t), t = 1/(1 + a/4), for all a >= 0: the scaled function is smooth enough in t for one
 * polynomial (the transformation of M. Shepherd and J. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2)
 * erfc x", Math. Comp. 36, 1981).  Coefficients by Remez and a search over roundings, since they are larger than the
 * sum.  For erfc the square, t, P and the product keep their rounding errors; erf beyond 1 does not need that.  Below 1
 * erf x = x + x E(x^2), and below 0.476 erfc x = 1 - erf x. */
#include "opt/expand.h"

/* P from power 2 upwards; the terms below stand in complement(), the constant one in two pieces */
static const double erfc_f32[] = {0.19330218,   -0.13521332,  0.08271264,     -0.043505367, 0.01909563,
                                  -0.006574337, 0.0015460957, -0.00010673652, -0.0001924038};
static const double erfc_f64[] = {0.19330217556630921,     -0.13521345782830632,    0.08271289696950448,
                                  -0.04350273431007034,    0.019095378727319073,    -0.006592513333677865,
                                  0.0015280139138215843,   -7.02397288907609e-05,   -0.00011376316971812562,
                                  4.4203272091719805e-05,  -9.087975470139446e-07,  -4.715450868450241e-06,
                                  1.1736079592749846e-06,  3.5654132098508017e-07,  -2.1153818344191241e-07,
                                  -1.9530526768597024e-08, 3.100987101032812e-08,   6.894032506286116e-10,
                                  -3.8495525401914075e-09, -1.1115597034194744e-10, 2.4919266861800526e-10};
static const egi_poly erfc_p = EGI_POLY(erfc);

/* erf(x)/x - 1 by z = x^2 <= 1 */
static const double erf_f32[] = {0.12837917,  -0.37612626,   0.112835854, -0.026853811,
                                 0.005188326, -0.0008010181, 7.853825e-05};
static const double erf_f64[] = {0.1283791670955126,      -0.3761263890318375,    0.11283791670954857,
                                 -0.026866170645072875,   0.005223977624780727,   -0.000854832697873614,
                                 0.0001205533103672725,   -1.49255935035775e-05,  1.6460972773675938e-06,
                                 -1.6350024842202421e-07, 1.4657877701164738e-08, -1.1365658988055569e-09,
                                 5.94525176802454e-11};
static const egi_poly erf_p = EGI_POLY(erf);

/* erfc a for a >= 0: within 2 ulp if precise, else within 2 ulp of 1 */
static egi_id complement(const egi_maths *m, egi_id a, bool precise)
{
    egi_id one = m_c(m, 1), quarter = m_c(m, 0.25), minus_two = m_c(m, -2);
    a = m_at_most(m, a, m_pick(m, 9.3, 26.6)); /* there the result is below the smallest normal number */
    egi_id d = m_fma(m, a, quarter, one), t = m_div(m, one, d);
    egi_id q = m_fma(m, t, minus_two, one);
    egi_id square = m_mul(m, a, a), minus = m_neg(m, square);
    egi_id lost = m_neg(m, m_fma(m, a, a, minus));
    m_reduced r = m_exp_reduce(m, minus, lost, (int)m_pick(m, 127, 1023));
    egi_id scale = m_exp_scale(m, r);
    egi_id p0 = m_c2(m, 0.27399892, 0.27399891525012277), p1 = m_c2(m, -0.24413718, -0.24413718227022052);
    egi_id h = m_poly(m, q, &erfc_p), g = m_fma(m, h, q, p1), p = m_fma(m, g, q, p0);
    if (!precise) return m_mul(m, m_mul(m, m_mul(m, t, p), scale), m_exp_poly(m, r.r));
    /* t and q with their errors */
    egi_id d_low = m_fma(m, a, quarter, m_sub(m, one, d)), minus_t = m_neg(m, t);
    egi_id t_low = m_mul(m, t, m_fma(m, minus_t, d_low, m_fma(m, minus_t, d, one)));
    egi_id q_low = m_fma(m, t, minus_two, m_sub(m, one, q));
    q_low = m_fma(m, t_low, minus_two, q_low);
    /* P: rounding errors of its last two steps, and what q_low makes of its slope, about g + q (h - 0.3 q) */
    egi_id g_low = m_fma(m, h, q, m_sub(m, p1, g)), p_low = m_fma(m, g, q, m_sub(m, p0, p));
    p_low = m_fma(m, g_low, q, m_add(m, p_low, m_c2(m, -9.568751e-10, 1.459614945311938e-17)));
    p_low = m_fma(m, m_fma(m, m_fma(m, q, m_c(m, -0.3), h), q, g), q_low, p_low);
    /* t P, and times 1 + r + the rest of e^r */
    egi_id y = m_mul(m, t, p), y_low = m_fma(m, t, p, m_neg(m, y));
    y_low = m_fma(m, t, p_low, m_fma(m, t_low, p, y_low));
    y_low = m_fma(m, y_low, r.r, y_low);
    y_low = m_fma(m, y, m_exp_tail(m, r.r, r.lost), y_low);
    return m_mul(m, m_add(m, y, m_fma(m, y, r.r, y_low)), scale);
}

/* erf x for |x| <= 1 */
static egi_id near_zero(const egi_maths *m, egi_id x) { return m_fma(m, m_poly(m, m_mul(m, x, x), &erf_p), x, x); }

static egi_id expand_erfc(const egi_maths *m, egi_id x)
{
    egi_id a = m_abs(m, x), y = complement(m, a, true);
    egi_id far = m_select(m, m_lt(m, x, m_c(m, 0)), m_sub(m, m_c(m, 2), y), y);
    return m_select(m, m_lt(m, a, m_c(m, 0.476)), m_sub(m, m_c(m, 1), near_zero(m, x)), far);
}

static egi_id expand_erf(const egi_maths *m, egi_id x)
{
    egi_id a = m_abs(m, x), one = m_c(m, 1);
    egi_id far = m_with_sign(m, m_sub(m, one, complement(m, a, false)), x);
    return m_select(m, m_lt(m, a, one), near_zero(m, x), far);
}

egi_id m_expand_erf(const egi_maths *m, egi_op op, egi_id x)
{
    return op == EGI_ERF ? expand_erf(m, x) : expand_erfc(m, x);
}
