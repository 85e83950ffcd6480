/* sin, cos, tan.
 *
 * Up to |x| = 1e5 (f32) and 1e6 (f64): x - k pi/2 with pi/2 in three pieces (Cody and Waite); with fma the first
 * product is exact, so full-width pieces serve.  Beyond: lib/opt/expand_large.c.  Then polynomials on |r| <= pi/4
 * (Remez, weighted by the function), chosen and signed by the two lowest bits of k. */
#include "opt/expand.h"

/* (sin r - r) / r^3, (cos r - 1 + r^2/2) / r^4, (tan r - r) / r^3 by z = r^2 */
static const double sin_f32[] = {-0.16666655, 0.008332189, -0.00019518285};
static const double sin_f64[] = {-0.1666666666666663,    0.00833333333332184,     -0.00019841269829359932,
                                 2.7557313539414312e-06, -2.5050734602936778e-08, 1.5895452862437625e-10};
static const egi_poly sin_p = EGI_POLY(sin);
static const double cos_f32[] = {0.041666646, -0.001388731, 2.443239e-05};
static const double cos_f64[] = {0.041666666666666595,    -0.0013888888888873338, 2.48015872889975e-05,
                                 -2.7557314215316107e-07, 2.0875705119505565e-09, -1.1358733133878669e-11};
static const egi_poly cos_p = EGI_POLY(cos);
static const double tan_f32[] = {0.3333335,   0.13332675,   0.054058913, 0.021286273,
                                 0.010826977, 9.928137e-05, 0.004371966};
static const double tan_f64[] = {0.33333333333332776,    0.1333333333341482,      0.0539682539265728,
                                 0.021869489611305592,   0.008863219131379114,    0.0035922893795564295,
                                 0.001454756112687254,   0.0005950726566816285,   0.00022235622441141965,
                                 0.00013657443765990873, -2.6455289645894607e-05, 8.95159025724281e-05,
                                 -4.491084038628229e-05, 2.08714861421343e-05};
static const egi_poly tan_p = EGI_POLY(tan);

/* x = k pi/2 + r (+ tail); without the tail its bulk is added to r */
static m_angle reduce_small(const egi_maths *m, egi_id x, bool with_tail)
{
    egi_id magic = m_c2(m, 0x1.8p23, 0x1.8p52);
    egi_id t = m_fma(m, x, m_c2(m, 0.63661975, 0.6366197723675814), magic);
    egi_id k = m_sub(m, t, magic);
    egi_id p2 = m_c2(m, 4.371139e-08, -6.123233995736766e-17), p3 = m_c2(m, 1.7151245e-15, 1.4973849048591698e-33);
    egi_id first = m_fma(m, k, m_c2(m, -1.5707964, -1.5707963267948966), x); /* exact */
    if (!with_tail) return (m_angle){m_bits(m, t), m_fma(m, k, p3, m_fma(m, k, p2, first)), 0};
    egi_id p = m_mul(m, k, p2), p_low = m_fma(m, k, p2, m_neg(m, p));
    egi_id r = m_add(m, first, p);
    egi_id tail = m_add(m, m_add(m, m_sub(m, first, r), p), m_fma(m, k, p3, p_low));
    return (m_angle){m_bits(m, t), r, tail};
}

static egi_id is_odd(const egi_maths *m, egi_id i) { return m_ne(m, m_and(m, i, m_ci(m, 1)), m_ci(m, 0)); }

static egi_id sine_of(const egi_maths *m, m_angle a, bool cosine)
{
    egi_id z = m_mul(m, a.r, a.r);
    egi_id s = m_fma(m, m_mul(m, a.r, z), m_poly(m, z, &sin_p), a.r);
    egi_id c = m_fma(m, m_fma(m, m_poly(m, z, &cos_p), z, m_c(m, -0.5)), z, m_c(m, 1));
    egi_id q = cosine ? m_add(m, a.quadrant, m_ci(m, 1)) : a.quadrant;
    egi_id y = m_select(m, is_odd(m, q), c, s);
    egi_id sign = m_and(m, m_shl(m, q, m->width - 2), m_sign_bit(m));
    return m_float(m, m_xor(m, m_bits(m, y), sign));
}

/* tan(r + tail) = tan r + tail (1 + tan^2 r), where tail needs no more than 1 + 1.6 r^2; in odd quadrants -1/tan */
static egi_id tangent_of(const egi_maths *m, m_angle a)
{
    egi_id z = m_mul(m, a.r, a.r), one = m_c(m, 1);
    egi_id tail = m_mul(m, a.tail, m_fma(m, z, m_c(m, 1.6), one));
    egi_id t = m_add(m, a.r, m_fma(m, m_mul(m, a.r, z), m_poly(m, z, &tan_p), tail));
    egi_id odd = is_odd(m, a.quadrant);
    return m_div(m, m_select(m, odd, m_c(m, -1), t), m_select(m, odd, t, one));
}

/* The two ways share nothing but x, so that the long one can be left out where no lane is far. */
egi_id m_expand_trig(const egi_maths *m, egi_op op, egi_id x)
{
    egi_id far = m_gt(m, m_abs(m, x), m_c2(m, 1e5, 1e6));
    m_angle near_angle = reduce_small(m, x, op == EGI_TAN), far_angle = m_trig_reduce_large(m, x);
    egi_id y, y_far;
    if (op == EGI_TAN) {
        y = tangent_of(m, near_angle);
        y_far = tangent_of(m, far_angle);
    } else {
        y = sine_of(m, near_angle, op == EGI_COS);
        y_far = sine_of(m, far_angle, op == EGI_COS);
    }
    if (op != EGI_COS) y = m_keep_zero(m, x, y);
    return m_rare(m, far, y_far, y);
}
