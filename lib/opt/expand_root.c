/* Roots: rsqrt, cbrt, hypot.
 *
 * cbrt: the bits of |x| are close to a logarithm, so C - bits/3 are the bits of a first y = x^(-1/3) within 4 % (W.
 * Kahan, "Computing a real cube root", 1991).  Steps y += y h (1/3 + 2/9 h + 14/81 h^2) with h = 1 - x y^3, of order
 * four, need no division: one in f32, two in f64.  The root is x y^2 (1 - h)^(-2/3), with x y in twice the precision.
 */
#include "opt/expand.h"

/* -1/3 of the bits' top part, as floating arithmetic on an integer below 2^mant (there is no integer division). */
static egi_id first_inverse_cbrt(const egi_maths *m, egi_id magnitude)
{
    int low = m_is64(m) ? 20 : 8;
    double two = ldexp(1, m->mant);
    /* bits(1) * 4/3, less what evens out the error between powers of two */
    double top = ldexp((double)m_bits_of(m, 1), -low) * 4 / 3 - ldexp(0.0668, m->mant - low);
    egi_id i = m_or(m, m_shr(m, magnitude, low), m_cbits(m, two));
    egi_id third = m_fma(m, m_float(m, i), m_c(m, -1.0 / 3), m_c(m, two + floor(top + two / 3)));
    return m_float(m, m_shl(m, m_bits(m, third), low));
}

static egi_id expand_cbrt(const egi_maths *m, egi_id x)
{
    egi_id a = m_abs(m, x), one = m_c(m, 1);
    egi_id y = m_with_sign(m, first_inverse_cbrt(m, m_bits(m, a)), x);
    for (int k = 0; k < (int)m_pick(m, 1, 2); k++) {
        egi_id h = m_fma(m, m_neg(m, m_mul(m, x, y)), m_mul(m, y, y), one);
        egi_id step = m_fma(m, m_fma(m, h, m_c(m, 14.0 / 81), m_c(m, 2.0 / 9)), h, m_c(m, 1.0 / 3));
        y = m_fma(m, m_mul(m, y, h), step, y);
    }
    egi_id z = m_mul(m, x, y), z_low = m_fma(m, x, y, m_neg(m, z));
    egi_id q = m_mul(m, y, y), h = m_fma(m, m_neg(m, z_low), q, m_fma(m, m_neg(m, z), q, one));
    egi_id c = m_mul(m, z, y), c_low = m_fma(m, z_low, y, m_fma(m, z, y, m_neg(m, c)));
    egi_id step = m_fma(m, h, m_c(m, 5.0 / 9), m_c(m, 2.0 / 3));
    egi_id root = m_add(m, c, m_fma(m, m_mul(m, c, h), step, c_low));
    /* zeros, infinities and NaN are their own roots */
    egi_id usual = m_and(m, m_lt(m, a, m_c(m, INFINITY)), m_gt(m, a, m_c(m, 0)));
    return m_select(m, usual, root, x);
}

egi_id m_expand_root(const egi_maths *m, egi_op op, egi_id x)
{
    if (op == EGI_CBRT) return expand_cbrt(m, x);
    return m_div(m, m_c(m, 1), m_sqrt(m, x));
}

/* sqrt(x^2 + y^2); large and small arguments are brought to the middle by a power of two, where squares neither
 * overflow nor vanish beside each other. */
egi_id m_expand_hypot(const egi_maths *m, egi_id x, egi_id y)
{
    egi_id ax = m_abs(m, x), ay = m_abs(m, y), one = m_c(m, 1);
    egi_id swap = m_lt(m, ax, ay); /* not MIN and MAX: NaN has to stay */
    egi_id large = m_select(m, swap, ay, ax), small = m_select(m, swap, ax, ay);
    double far = m_pick(m, 0x1p48, 0x1p400), by = m_pick(m, 0x1p80, 0x1p600);
    egi_id high = m_gt(m, large, m_c(m, far)), low = m_lt(m, large, m_c(m, 1 / far));
    egi_id down = m_c(m, 1 / by), up = m_c(m, by);
    egi_id scale = m_select(m, high, down, m_select(m, low, up, one));
    egi_id back = m_select(m, high, up, m_select(m, low, down, one));
    egi_id a = m_mul(m, large, scale), b = m_mul(m, small, scale);
    egi_id h = m_mul(m, m_sqrt(m, m_fma(m, a, a, m_mul(m, b, b))), back);
    egi_id inf = m_c(m, INFINITY);
    return m_select(m, m_eq(m, m_max(m, ax, ay), inf), inf, h);
}
