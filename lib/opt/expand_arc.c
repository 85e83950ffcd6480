/* asin, acos, atan, atan2: polynomials by Remez, weighted by the function.
 *
 * asin a = a + a^3 P(a^2) for a <= 1/2; above, pi/2 - 2 asin sqrt((1 - a)/2).  atan of a quotient in [0, 1], the rest
 * by pi/2 - atan 1/a and symmetry.  Multiples of pi/2 are kept in two pieces, and the polynomial's part is added to the
 * smaller one first. */
#include "opt/expand.h"

/* (asin a - a) / a^3 by z = a^2 <= 1/4 */
static const double asin_f32[] = {0.16666752, 0.074953094, 0.045469653, 0.024179416, 0.04217219};
static const double asin_f64[] = {
    0.1666666666666676,   0.07499999999970865,   0.0446428571745629,  0.03038194270975299, 0.02237221493941906,
    0.017351612785487348, 0.013980812156892005,  0.01139897528642843, 0.010779924929983,   0.003707566513676263,
    0.021704795956059963, -0.020995511424245328, 0.03262651139058784};
static const egi_poly asin_p = EGI_POLY(asin);

/* (atan t - t) / t^3 by z = t^2 <= 1 */
static const double atan_f32[] = {-0.333333,   0.1999853,    -0.14264016, 0.10950879,   -0.08399308,
                                  0.057881866, -0.031098256, 0.010869928, -0.0017832405};
static const double atan_f64[] = {
    -0.3333333333333307,  0.19999999999951748,   -0.14285714282587966,  0.11111111007337657,    -0.09090907007710168,
    0.0769227988776835,   -0.06666404413262231,  0.058805297451889574,  -0.05253526494003087,   0.047223473808649656,
    -0.04219241026705197, 0.036643108941615175,  -0.02990566828880478,  0.021986982445508275,   -0.013902488450265052,
    0.007197820864702728, -0.002885575089349784, 0.0008315469253706898, -0.0001522082912478911, 1.3229704819374647e-05};
static const egi_poly atan_p = EGI_POLY(atan);

static egi_id half_pi(const egi_maths *m) { return m_c2(m, 1.5707964, 1.5707963267948966); }
static egi_id half_pi_low(const egi_maths *m) { return m_c2(m, -4.371139e-08, 6.123233995736766e-17); }

/* a if a <= 1/2, else sqrt((1 - a)/2), and asin of it less itself */
typedef struct arc {
    egi_id near, s, rest;
} arc;
static arc arc_split(const egi_maths *m, egi_id a)
{
    egi_id half = m_c(m, 0.5);
    egi_id near = m_le(m, a, half);
    egi_id z = m_select(m, near, m_mul(m, a, a), m_fma(m, a, m_c(m, -0.5), half));
    egi_id s = m_select(m, near, a, m_sqrt(m, z));
    return (arc){near, s, m_mul(m, m_mul(m, s, z), m_poly(m, z, &asin_p))};
}

static egi_id expand_asin(const egi_maths *m, egi_id x)
{
    egi_id a = m_abs(m, x), minus_two = m_c(m, -2);
    arc p = arc_split(m, a);
    egi_id far = m_fma(m, p.s, minus_two, half_pi(m)), lost = m_fma(m, p.s, minus_two, m_sub(m, half_pi(m), far));
    far = m_add(m, far, m_add(m, lost, m_fma(m, p.rest, minus_two, half_pi_low(m))));
    return m_with_sign(m, m_select(m, p.near, m_add(m, p.s, p.rest), far), x);
}

/* pi/2 - asin x, 2 asin s or pi - 2 asin s: base + factor s, and the same of the small parts */
static egi_id expand_acos(const egi_maths *m, egi_id x)
{
    egi_id zero = m_c(m, 0), two = m_c(m, 2), half = half_pi(m), half_low = half_pi_low(m);
    arc p = arc_split(m, m_abs(m, x));
    egi_id negative = m_lt(m, x, zero);
    egi_id base = m_select(m, p.near, half, m_select(m, negative, m_mul(m, half, two), zero));
    egi_id base_low = m_select(m, p.near, half_low, m_select(m, negative, m_mul(m, half_low, two), zero));
    egi_id size = m_select(m, p.near, m_c(m, -1), two);
    /* near: - asin |x| with the sign of x; far: + for positive x, - for negative x */
    egi_id factor = m_select(m, negative, m_neg(m, size), size);
    return m_add(m, m_fma(m, p.s, factor, base), m_fma(m, p.rest, factor, base_low));
}

/* atan t - t for 0 <= t <= 1 */
static egi_id small_atan(const egi_maths *m, egi_id t)
{
    egi_id z = m_mul(m, t, t);
    return m_mul(m, m_mul(m, t, z), m_poly(m, z, &atan_p));
}

static egi_id expand_atan(const egi_maths *m, egi_id x)
{
    egi_id a = m_abs(m, x), one = m_c(m, 1);
    egi_id steep = m_gt(m, a, one);
    egi_id t = m_select(m, steep, m_div(m, one, a), a), rest = small_atan(m, t);
    egi_id far = m_add(m, m_sub(m, half_pi(m), t), m_sub(m, half_pi_low(m), rest));
    return m_with_sign(m, m_select(m, steep, far, m_add(m, t, rest)), x);
}

egi_id m_expand_atan2(const egi_maths *m, egi_id y, egi_id x)
{
    egi_id zero = m_c(m, 0), one = m_c(m, 1);
    egi_id ay = m_abs(m, y), ax = m_abs(m, x);
    egi_id steep = m_gt(m, ay, ax); /* not MIN and MAX: NaN has to stay */
    egi_id n = m_select(m, steep, ax, ay), d = m_select(m, steep, ay, ax);
    egi_id by = m_select(m, m_eq(m, d, zero), one, d); /* 0/0 counts as 0, inf/inf as 1 */
    egi_id t = m_select(m, m_eq(m, n, by), one, m_div(m, n, by)), rest = small_atan(m, t);
    /* base + t or base - t, base 0, pi/2 or pi; -0 counts as negative */
    egi_id left = m_lt(m, m_bits(m, x), m_ci(m, 0));
    egi_id half = half_pi(m), half_low = half_pi_low(m), two = m_c(m, 2);
    egi_id base = m_select(m, steep, half, m_select(m, left, m_mul(m, half, two), zero));
    egi_id base_low = m_select(m, steep, half_low, m_select(m, left, m_mul(m, half_low, two), zero));
    egi_id minus = m_xor(m, steep, left);
    t = m_select(m, minus, m_neg(m, t), t);
    rest = m_select(m, minus, m_neg(m, rest), rest);
    egi_id angle = m_add(m, m_add(m, base, t), m_add(m, base_low, rest));
    return m_with_sign(m, angle, y);
}

egi_id m_expand_arc(const egi_maths *m, egi_op op, egi_id x)
{
    if (op == EGI_ASIN) return expand_asin(m, x);
    return op == EGI_ACOS ? expand_acos(m, x) : expand_atan(m, x);
}
