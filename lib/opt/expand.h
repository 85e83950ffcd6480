/* What the expansions of composite mathematics are written with: the floating type at hand, and one short builder for
 * each primitive.  Every fma is written out; nothing is contracted behind the writer's back.
 *
 * Rules the expansions keep, because interpreter and compiled code must agree on every bit:
 *   - The bits of a NaN are never looked at: a lane that may hold one ends in a select or in arithmetic that keeps it
 * NaN.
 *   - Subnormal operands count as zero and subnormal results become zero; no step relies on gradual underflow.
 *   - MIN and MAX drop NaN, so clamping is a comparison and a select that keep it.
 *   - SHR of a signed integer copies the sign: what may be negative is masked afterwards. */
#ifndef EGI_EXPAND_H
#define EGI_EXPAND_H

#include <math.h>

#include "ir/graph.h"

typedef struct egi_maths {
    egi_graph *g;
    eg_dtype f; /* EG_F32 or EG_F64 */
    eg_dtype i; /* the integer of its size */
    int mant;   /* stored bits of the mantissa: 23 or 52 */
    int width;  /* bits of the type: 32 or 64 */
} egi_maths;

/* Polynomial coefficients from the constant term upwards, for both types. */
typedef struct egi_poly {
    int n32, n64;
    const double *c32, *c64;
} egi_poly;
#define EGI_POLY(name) {EGI_LEN(name##_f32), EGI_LEN(name##_f64), name##_f32, name##_f64}

static inline bool m_is64(const egi_maths *m) { return m->f == EG_F64; }
static inline double m_pick(const egi_maths *m, double f32, double f64) { return m_is64(m) ? f64 : f32; }

/* constants: a floating number (rounded to the type), an integer, and the bits of a floating number as an integer */
static inline egi_id m_c(const egi_maths *m, double x) { return egi_const_f(m->g, m->f, x); }
static inline egi_id m_c2(const egi_maths *m, double f32, double f64)
{
    return egi_const_f(m->g, m->f, m_pick(m, f32, f64));
}
static inline egi_id m_ci(const egi_maths *m, int64_t x) { return egi_const_i(m->g, m->i, x); }
static inline uint64_t m_bits_of(const egi_maths *m, double x) { return egi_bits_of_real(m->f, x); }
static inline egi_id m_cbits(const egi_maths *m, double x) { return egi_const_bits(m->g, m->i, m_bits_of(m, x)); }
static inline egi_id m_sign_bit(const egi_maths *m) { return m_cbits(m, -0.0); }

#define M_OP1(name, OP)                                                                                                \
    static inline egi_id m_##name(const egi_maths *m, egi_id a) { return egi_op1(m->g, EGI_##OP, a); }
#define M_OP2(name, OP)                                                                                                \
    static inline egi_id m_##name(const egi_maths *m, egi_id a, egi_id b) { return egi_op2(m->g, EGI_##OP, a, b); }
#define M_OP3(name, OP)                                                                                                \
    static inline egi_id m_##name(const egi_maths *m, egi_id a, egi_id b, egi_id c)                                    \
    {                                                                                                                  \
        return egi_op3(m->g, EGI_##OP, a, b, c);                                                                       \
    }
M_OP2(add, ADD)
M_OP2(sub, SUB)
M_OP2(mul, MUL)
M_OP2(div, DIV)
M_OP3(fma, FMA)
M_OP1(neg, NEG)
M_OP1(abs, ABS)
M_OP2(min, MIN)
M_OP2(max, MAX)
M_OP1(sqrt, SQRT)
M_OP1(round, ROUND)
M_OP2(and, AND)
M_OP2(or, OR)
M_OP2(xor, XOR)
M_OP2(eq, EQ)
M_OP2(ne, NE)
M_OP2(lt, LT)
M_OP2(le, LE)
M_OP2(gt, GT)
M_OP2(ge, GE)
M_OP3(select, SELECT)
#undef M_OP1
#undef M_OP2
#undef M_OP3

static inline egi_id m_shl(const egi_maths *m, egi_id a, int by) { return egi_op2(m->g, EGI_SHL, a, m_ci(m, by)); }
static inline egi_id m_shr(const egi_maths *m, egi_id a, int by) { return egi_op2(m->g, EGI_SHR, a, m_ci(m, by)); }
static inline egi_id m_bits(const egi_maths *m, egi_id x) { return egi_bitcast(m->g, m->i, x); }
static inline egi_id m_float(const egi_maths *m, egi_id bits) { return egi_bitcast(m->g, m->f, bits); }
static inline egi_id m_convert(const egi_maths *m, egi_id i) { return egi_convert(m->g, m->f, i); }

/* -- lib/opt/expand.c: shared pieces ------------------------------------------------------------------------------- */

/* Horner's rule; long ones in two chains, which nearly halves the latency for two or three more nodes. */
egi_id m_poly(const egi_maths *m, egi_id x, const egi_poly *p);
/* y >= 0 or NaN with the sign of x. */
egi_id m_with_sign(const egi_maths *m, egi_id y, egi_id x);
/* x if x <= high else high (>= low else low); NaN stays. */
egi_id m_at_most(const egi_maths *m, egi_id x, double high);
egi_id m_at_least(const egi_maths *m, egi_id x, double low);
/* `seldom` where the condition holds, else `usual`: a select whose first value is long and almost never wanted. */
egi_id m_rare(const egi_maths *m, egi_id condition, egi_id seldom, egi_id usual);
/* y, but x where x is a zero: keeps the sign of zero through a sum that loses it. */
egi_id m_keep_zero(const egi_maths *m, egi_id x, egi_id y);
/* y, but x where x is so small that f(x) = x + O(x^2) rounds to x: there intermediate results may have been flushed. */
egi_id m_keep_small(const egi_maths *m, egi_id x, egi_id y);

/* -- lib/opt/expand_exp.c ------------------------------------------------------------------------------------------ */

/* x + low = k ln 2 + r + lost with |r| <= ln(2)/2; `low` may be 0 (none).  `shifted` holds k + bias in its lowest bits.
 */
typedef struct m_reduced {
    egi_id r, lost, shifted;
} m_reduced;
m_reduced m_exp_reduce(const egi_maths *m, egi_id x, egi_id low, int bias);
/* 2^(k + bias - the type's exponent bias), of what m_exp_reduce gave; that exponent must be in the normal range. */
egi_id m_exp_scale(const egi_maths *m, m_reduced a);
/* e^r - 1 - r + plus, e^r - 1 and e^r for |r| <= ln(2)/2 */
egi_id m_exp_tail(const egi_maths *m, egi_id r, egi_id plus);
egi_id m_expm1_poly(const egi_maths *m, egi_id r);
egi_id m_exp_poly(const egi_maths *m, egi_id r);
/* (e^(x + low) - 1) 2^-down: |x| so small that the scale k - down stays normal. */
egi_id m_expm1_scaled(const egi_maths *m, egi_id x, int down);
/* y 2^k, where `shifted` has a bias of twice the exponent's and |k| is below that: in two steps, so that it overflows
 * to inf and underflows to 0. */
egi_id m_exp_finish(const egi_maths *m, egi_id y, egi_id shifted);

/* -- lib/opt/expand_log.c ------------------------------------------------------------------------------------------ */

/* x = 2^e (1 + f), f in [sqrt(1/2) - 1, sqrt(2) - 1], for positive normal x */
typedef struct m_parts {
    egi_id e, f;
    egi_id bits; /* of 2^e relative to 1, as an integer: e << mant */
} m_parts;
m_parts m_log_split(const egi_maths *m, egi_id x);
/* log(1 + f) - f for f of m_log_split */
egi_id m_log_tail(const egi_maths *m, egi_id f);
/* log(u) of positive normal u, no special cases */
egi_id m_log_positive(const egi_maths *m, egi_id u);
/* log(u + low) where |low| <= ulp(u): positive normal u; `extra` (0 = none) is added to the exponent. */
egi_id m_log_of_sum(const egi_maths *m, egi_id u, egi_id low, egi_id extra);
/* log(1 + x + low), no special cases: x + low > -1 and finite */
egi_id m_log1p_of_sum(const egi_maths *m, egi_id x, egi_id low);

/* -- lib/opt/expand_large.c ---------------------------------------------------------------------------------------- */

/* x = (4 n + quadrant) pi/2 + r + tail, for any finite x of magnitude >= 2: Payne and Hanek's reduction. */
typedef struct m_angle {
    egi_id quadrant; /* integer; only its two lowest bits count */
    egi_id r, tail;
} m_angle;
m_angle m_trig_reduce_large(const egi_maths *m, egi_id x);

/* -- families: each expands the composites of its file ------------------------------------------------------------- */

egi_id m_expand_exp(const egi_maths *m, egi_op op, egi_id x);  /* exp exp2 expm1 exprel sigmoid */
egi_id m_expand_log(const egi_maths *m, egi_op op, egi_id x);  /* log log2 log10 log1p softplus */
egi_id m_expand_trig(const egi_maths *m, egi_op op, egi_id x); /* sin cos tan */
egi_id m_expand_arc(const egi_maths *m, egi_op op, egi_id x);  /* asin acos atan */
egi_id m_expand_atan2(const egi_maths *m, egi_id y, egi_id x);
egi_id m_expand_hyper(const egi_maths *m, egi_op op, egi_id x); /* sinh cosh tanh asinh acosh atanh */
egi_id m_expand_root(const egi_maths *m, egi_op op, egi_id x);  /* rsqrt cbrt */
egi_id m_expand_hypot(const egi_maths *m, egi_id x, egi_id y);
egi_id m_expand_pow(const egi_maths *m, egi_id x, egi_id y);
egi_id m_expand_erf(const egi_maths *m, egi_op op, egi_id x); /* erf erfc */
egi_id m_expand_erfinv(const egi_maths *m, egi_id x);

#endif
