/* What the random draws share: a call with the type and shape of its result, parameters, raw draws, loops that reject.
 *
 * All of it builds nodes directly, with every fma written out.  After an error c.g is NULL, and a draw ends at once;
 * nodes that fail later are 0 and pass through. */
#ifndef EGI_API_RANDOM_H
#define EGI_API_RANDOM_H

#include "api/ops.h"
#include "engram/random.h"
#include "opt/expand.h"

enum { /* bits 1 << eg_dtype */
       EGI_DRAW_FLOAT = 1 << EG_F32 | 1 << EG_F64,
       EGI_DRAW_COUNT = 1 << EG_I32 | 1 << EG_I64 | EGI_DRAW_FLOAT,
       EGI_DRAW_INT = 1 << EG_I32 | 1 << EG_U32 | 1 << EG_I64
};

typedef struct egi_draw {
    egi_call c;
    egi_maths m; /* of the type in which it is computed */
    eg_spec spec;
    egi_shape shape;
} egi_draw;

/* Starts a draw whose result has one of `types`; it is computed in that type if `wide` is false and it is floating,
 * else in f64. */
egi_draw egi_draw_begin(const char *op, eg_context *eg, eg_spec spec, unsigned types, bool wide, int n, const eg_val *v,
                        const char *file, int line);
/* The draw as a value of the result's type and shape. */
eg_val egi_draw_end(egi_draw *d, egi_id id);

typedef struct egi_param {
    egi_id id; /* rank 0, or the result's shape */
    bool plain;
    double x; /* if plain */
} egi_param;
/* A parameter in the type of the computation (of type t: draw_param_as); plain ones lie in low .. high, or are an
 * error.
 */
egi_param egi_draw_param(egi_draw *d, eg_val v, const char *name, double low, double high);
egi_id egi_draw_param_as(egi_draw *d, eg_val v, const char *name, eg_dtype t);

/* -- raw draws, each of a stream of its own ------------------------------------------------------------------------ */

/* BITS of type u32 or i64. */
egi_id egi_draw_bits(egi_draw *d, eg_dtype t);
/* k 2^-24 (f32) or k 2^-53 (f64) in [0, 1). */
egi_id egi_draw_unit(egi_draw *d);
/* (k + 1/2) 2^-32 in (0, 1), in f64. */
egi_id egi_draw_open(egi_draw *d);
/* A bit, and a number h in (0, 1] of all the others: odd multiples of 2^-31 (f32) or 2^-63 (f64), rounded to the type.
 */
typedef struct egi_half {
    egi_id sign; /* integer of m.i of which the highest bit counts */
    egi_id rest; /* the other bits, odd */
    egi_id h;
} egi_half;
egi_half egi_draw_half(egi_draw *d);
egi_id egi_draw_standard_normal(egi_draw *d);
egi_id egi_draw_standard_exponential(egi_draw *d);

/* z >= 0 with P(|Z| > z) = h; x = 1 - h is given besides, so that both ends are exact.  h >= 2^-31, f64: 2^-63. */
egi_id egi_normal_tail(const egi_maths *m, egi_id h, egi_id x);

/* -- pieces -------------------------------------------------------------------------------------------------------- */

static inline egi_id m_op(const egi_maths *m, egi_op op, egi_id a) { return egi_op1(m->g, op, a); }
static inline egi_id m_not(const egi_maths *m, egi_id a) { return egi_op1(m->g, EGI_NOT, a); }
/* c[0] + c[1] x + ... */
egi_id m_horner(const egi_maths *m, egi_id x, int n, const double *c);
/* x where the condition holds, else NaN */
static inline egi_id m_valid(const egi_maths *m, egi_id good, egi_id x) { return m_select(m, good, x, m_c(m, NAN)); }
/* log(k!) = (k + 1/2) log(k + 1) - (k + 1) + log(2 pi)/2 + m_stirling(k + 1) for whole k >= 0, f64 */
egi_id m_stirling(const egi_maths *m, egi_id z);

/* Proposes values until each element has one: the proposal tells which are accepted.  `start` is what an element keeps
 * that is not `pending`, or (which does not happen) finds none in the most rounds allowed. */
typedef egi_id (*egi_propose)(egi_draw *d, const void *user, egi_id *accepted);
egi_id egi_draw_until(egi_draw *d, egi_id start, egi_id pending, egi_propose fn, const void *user);

/* Smallest k with u <= P(X <= k), where P(X = 0) = first and P(X = k) = P(X = k - 1) ratio(k): k < 128. */
typedef egi_id (*egi_ratio)(egi_draw *d, const void *user, egi_id k);
egi_id egi_draw_search(egi_draw *d, egi_id u, egi_id first, egi_ratio ratio, const void *user);

#endif
