/* erfinv x = x P(w), w = -log(1 - x^2) (the variable of M. Giles, "Approximating the erfinv function", GPU Computing
 * Gems Jade edition, 2011).  P is a polynomial of w around 1 in the centre and of sqrt(w) further out, in one region
 * (f32) or two (f64); coefficients by Remez and a search over roundings.  Further out is a branch: of uniformly
 * distributed arguments one in 300 (f32) or 1000 (f64) is there.  Its two regions run one fma chain: the coefficients
 * are what is selected. */
#include "opt/expand.h"

/* of w - 1 for w < 5 (f32), w < 6.25 (f64) */
static const double center_f32[] = {
    1.1273744,      0.2478329,     0.0042507006, -0.0023764465,  0.000100133824, 3.83159e-05,
    -4.3463306e-06, -5.970366e-07, 1.704402e-07, -1.3805328e-08, 3.355009e-10,
};
static const double center_f64[] = {
    1.1273743936892278,     0.24783287028621095,     0.004250709244824516,   -0.002376369955579225,
    0.00010012177623313453, 3.820187248839385e-05,   -4.275585724801831e-06, -5.652252262288968e-07,
    1.2231716915361337e-07, 6.0401201840942376e-09,  -3.024194521817104e-09, 1.6607509189725378e-11,
    6.758583772160041e-11,  -3.739602665879164e-12,  -1.352880222894258e-12, 1.4981473585650231e-13,
    2.1797188538658076e-14, -2.1089148706462843e-15, -1.650161764897968e-15, 5.449650185381201e-16,
    -8.623786311193429e-17, 8.385971954667356e-18,   -5.149289595764084e-19, 1.852888828621602e-20,
    -3.001892844612955e-22,
};
/* of sqrt(w) - 3.125 (f32); of sqrt(w) - 3.25 for w < 15 and sqrt(w) - 5 beyond (f64) */
static const double outer_f32[] = {
    2.9583201,    1.0037186,      0.0070481407,   -0.0053004525, 0.0037910417,   -0.0025238951,
    0.0012764257, -0.00031772876, -0.00012291808, 0.0001258706,  -2.6350459e-05,
};
static const double middle_f64[] = {
    3.0838856104922208,      1.0052589676941657,     0.005370914553552912,    -0.0037512085082483937,
    0.0024914420980957203,   -0.0016882755343732307, 0.0009532893381556833,   -0.0003550378360315426,
    2.403155300388803e-05,   6.828736678860691e-05,  -4.732092049273698e-05,  1.2463385026200937e-05,
    2.9332292939592504e-06,  -3.97916018509167e-06,  1.4816360798857947e-06,  -4.311627289717441e-08,
    -2.5018759492339217e-07, 1.5165755055559877e-07, -1.0325074721266644e-08, -2.6248645850378147e-08,
};
static const double outer_f64[] = {
    4.849906401408584,      1.0103004648645448,     -0.00013871931838019033, -0.00021503011979765604,
    7.59952780983192e-05,   -1.968177122375247e-05, 4.52605250591244e-06,    -9.930252686532875e-07,
    2.2905294715925935e-07, -6.757372102884936e-08, 2.901819392748619e-08,   -1.521117609178667e-08,
    7.822348536004185e-09,  -3.537923067540109e-09, 1.3149603817190234e-09,  -3.7737222682146173e-10,
    7.01789198045156e-11,   1.3055274726997927e-11, -2.0537920096740058e-11, 6.228099464068035e-12,
};

/* p0 + v (p1 + v (...)): the last step keeps its rounding error; times x */
static egi_id times_series(const egi_maths *m, egi_id x, egi_id v, int n, const egi_id *c)
{
    egi_id p = c[n - 1];
    for (int k = n - 2; k > 0; k--) p = m_fma(m, p, v, c[k]);
    egi_id sum = m_fma(m, p, v, c[0]), low = m_fma(m, p, v, m_sub(m, c[0], sum));
    return m_fma(m, x, sum, m_mul(m, x, low));
}

/* w above 5 (f32) or 6.25 (f64), |x| from 1 on included */
static egi_id far_out(const egi_maths *m, egi_id x, egi_id w)
{
    enum { MOST = EGI_LEN(outer_f64) };
    _Static_assert(MOST == EGI_LEN(middle_f64) && MOST >= EGI_LEN(outer_f32), "one chain serves both regions");
    egi_id c[MOST], one = m_c(m, 1), a = m_abs(m, x), root = m_sqrt(m, w), v = m_sub(m, root, m_c2(m, 3.125, 5));
    int n = m_is64(m) ? MOST : (int)EGI_LEN(outer_f32);
    if (m_is64(m)) {
        egi_id middle = m_lt(m, w, m_c(m, 15));
        v = m_select(m, middle, m_sub(m, root, m_c(m, 3.25)), v);
        for (int k = 0; k < n; k++) c[k] = m_select(m, middle, m_c(m, middle_f64[k]), m_c(m, outer_f64[k]));
    } else {
        for (int k = 0; k < n; k++) c[k] = m_c(m, outer_f32[k]);
    }
    egi_id outside = m_mul(m, x, m_select(m, m_eq(m, a, one), m_c(m, INFINITY), m_c(m, NAN)));
    return m_select(m, m_lt(m, a, one), times_series(m, x, v, n, c), outside);
}

egi_id m_expand_erfinv(const egi_maths *m, egi_id x)
{
    enum { MOST = EGI_LEN(center_f64) };
    egi_id c[MOST], one = m_c(m, 1), square = m_fma(m, m_neg(m, x), x, one);
    egi_id w = m_neg(m, m_log_positive(m, square));
    int n = m_is64(m) ? MOST : (int)EGI_LEN(center_f32);
    for (int k = 0; k < n; k++) c[k] = m_c(m, m_is64(m) ? center_f64[k] : center_f32[k]);
    egi_id y = m_keep_zero(m, x, times_series(m, x, m_sub(m, w, one), n, c));
    egi_id center = m_and(m, m_lt(m, w, m_c2(m, 5, 6.25)), m_gt(m, square, m_c(m, 0)));
    return m_rare(m, egi_op1(m->g, EGI_NOT, center), far_out(m, x, w), y);
}
