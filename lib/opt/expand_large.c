/* Reduction of large angles: the method of M. Payne and R. Hanek, "Radian reduction for trigonometric functions",
 * SIGNUM Newsletter 18 (1983), in integers of the type's own width W.
 *
 * |x| = M 2^(E - W + 1), M of W bits.  Of 2/pi only the 3 W bits from number E - W on matter: what stands before gives
 * multiples of four quadrants.  They are picked word by word with selects (no table in memory), shifted into place and
 * multiplied by M; of the product modulo 2^(3 W) the top two words are the fraction of a turn.  The nearest any f32 or
 * f64 comes to a multiple of pi/2 is 2^-29 and 2^-61, so 2 W bits leave enough of it. */
#include "opt/expand.h"

/* W + 1 zeros, then the bits of 2/pi: word E / W is the first that counts. */
static const uint64_t words_f32[] = {
    0x00000000, 0x517CC1B7, 0x27220A94, 0xFE13ABE8, 0xFA9A6EE0, 0x6DB14ACC, 0x9E21C820,
};
static const uint64_t words_f64[] = {
    0x0000000000000000, 0x517CC1B727220A94, 0xFE13ABE8FA9A6EE0, 0x6DB14ACC9E21C820, 0xFF28B1D5EF5DE2B0,
    0xDB92371D2126E970, 0x0324977504E8C90E, 0x7F0EF58E5894D39F, 0x74411AFA975DA242, 0x74CE38135A2FBF20,
    0x9CC8EB1CC1A99CFA, 0x4E422FC5DEFC941D, 0x8FFC4BFFEF02CC07, 0xF79788C5AD05368F, 0xB69B3F6793E584DB,
    0xA7A31FB34F2FF516, 0xBA93DD63F5F2F8BD, 0x9E839CFBC5294975, 0x35FDAFD88FC6AE84,
};
enum { MAX_WORDS = EGI_LEN(words_f64) };

/* Shift that fills with zeros, whatever the sign. */
static egi_id shift_down(const egi_maths *m, egi_id a, int by)
{
    return m_and(m, m_shr(m, a, by), m_ci(m, (int64_t)(UINT64_MAX >> (64 - m->width + by))));
}

/* The four words from number e / W on: a barrel of selects on the bits of that number. */
static void pick_words(const egi_maths *m, egi_id e, egi_id *w)
{
    int n = m_is64(m) ? (int)EGI_LEN(words_f64) : (int)EGI_LEN(words_f32);
    for (int k = 0; k < n; k++) w[k] = egi_const_bits(m->g, m->i, m_is64(m) ? words_f64[k] : words_f32[k]);
    for (int step = m_is64(m) ? 8 : 2; step; step /= 2) {
        egi_id on = m_ne(m, m_and(m, e, m_ci(m, (int64_t)step * m->width)), m_ci(m, 0));
        n -= step;
        for (int k = 0; k < n; k++) w[k] = m_select(m, on, w[k + step], w[k]);
    }
}

/* High word of an unsigned product; without the low halves' product it may be 3 too small. */
static egi_id high_product(const egi_maths *m, egi_id a, egi_id b, bool exact)
{
    int h = m->width / 2;
    egi_id mask = m_ci(m, ((int64_t)1 << h) - 1);
    egi_id al = m_and(m, a, mask), ah = shift_down(m, a, h), bl = m_and(m, b, mask), bh = shift_down(m, b, h);
    egi_id hl = m_mul(m, ah, bl), lh = m_mul(m, al, bh), hh = m_mul(m, ah, bh);
    if (exact) {
        hl = m_add(m, hl, shift_down(m, m_mul(m, al, bl), h));
        lh = m_add(m, lh, m_and(m, hl, mask));
    }
    return m_add(m, hh, m_add(m, shift_down(m, hl, h), shift_down(m, lh, h)));
}

/* The fraction of a turn as two words: |x| 2/pi / 4 modulo 1. */
static void fraction_of_turn(const egi_maths *m, egi_id x, egi_id *top, egi_id *next)
{
    egi_id bits = m_bits(m, m_abs(m, x)), w[MAX_WORDS], a[3];
    egi_id e = m_sub(m, m_shr(m, bits, m->mant), m_ci(m, (int64_t)m_pick(m, 127, 1023)));
    egi_id last = m_ci(m, m->width - 1), left = m_and(m, e, last), right = m_xor(m, left, last);
    pick_words(m, e, w);
    for (int k = 0; k < 3; k++) {
        /* in two steps, because a shift by the full width is no shift at all */
        egi_id low = egi_op2(m->g, EGI_SHR, shift_down(m, w[k + 1], 1), right);
        a[k] = m_or(m, egi_op2(m->g, EGI_SHL, w[k], left), low);
    }
    int64_t hidden = (int64_t)1 << m->mant;
    egi_id mantissa = m_or(m, m_and(m, bits, m_ci(m, hidden - 1)), m_ci(m, hidden));
    mantissa = m_shl(m, mantissa, m->width - 1 - m->mant);
    egi_id low = m_mul(m, mantissa, a[1]), sign = m_sign_bit(m);
    egi_id sum = m_add(m, low, high_product(m, mantissa, a[2], false));
    egi_id carry = m_select(m, m_lt(m, m_xor(m, sum, sign), m_xor(m, low, sign)), m_ci(m, 1), m_ci(m, 0));
    egi_id high = m_add(m, m_mul(m, mantissa, a[0]), high_product(m, mantissa, a[1], true));
    *top = m_add(m, high, carry);
    *next = sum;
}

m_angle m_trig_reduce_large(const egi_maths *m, egi_id x)
{
    int width = m->width, h = width / 2;
    egi_id top, next, mask = m_ci(m, ((int64_t)1 << h) - 1);
    fraction_of_turn(m, x, &top, &next);
    egi_id quadrant = shift_down(m, m_add(m, top, m_ci(m, (int64_t)1 << (width - 3))), width - 2);
    egi_id f = m_or(m, m_shl(m, top, 2), shift_down(m, next, width - 2)), g = m_shl(m, next, 2);
    /* the signed fraction of a quadrant, in halves of words, which convert exactly */
    egi_id f1 = m_mul(m, m_convert(m, m_shr(m, f, h)), m_c(m, ldexp(1, -h)));
    egi_id f0 = m_mul(m, m_convert(m, m_and(m, f, mask)), m_c(m, ldexp(1, -width)));
    egi_id g1 = m_mul(m, m_convert(m, shift_down(m, g, h)), m_c(m, ldexp(1, -width - h)));
    egi_id g0 = m_mul(m, m_convert(m, m_and(m, g, mask)), m_c(m, ldexp(1, -2 * width)));
    egi_id sum = m_add(m, f1, f0);
    egi_id low = m_add(m, m_sub(m, f0, m_sub(m, sum, f1)), m_add(m, g1, g0));
    egi_id high = m_add(m, sum, low);
    low = m_sub(m, low, m_sub(m, high, sum));
    /* times pi/2, with the sign of x; of an infinite x: NaN */
    egi_id negative = m_lt(m, x, m_c(m, 0));
    egi_id sign = m_fma(m, x, m_c(m, 0), m_select(m, negative, m_c(m, -1), m_c(m, 1)));
    egi_id p = m_c2(m, 1.5707964, 1.5707963267948966), p_low = m_c2(m, -4.371139e-08, 6.123233995736766e-17);
    high = m_mul(m, high, sign);
    egi_id r1 = m_mul(m, high, p);
    egi_id r0 = m_fma(m, high, p, m_neg(m, r1));
    r0 = m_fma(m, m_mul(m, low, sign), p, m_fma(m, high, p_low, r0));
    egi_id r = m_add(m, r1, r0), tail = m_sub(m, r0, m_sub(m, r, r1));
    return (m_angle){m_select(m, negative, m_sub(m, m_ci(m, 0), quadrant), quadrant), r, tail};
}
