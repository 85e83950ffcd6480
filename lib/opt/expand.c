/* Composite mathematics as expansions into primitives: which family serves which operation, and the pieces all share.
 *
 * Each composite is defined here once.  The interpreter and the code generator run the same nodes, so they agree bit
 * for bit at every vector width.  Everything is branch-free and needs no memory beyond constants.  Error bounds: at
 * most 2 units in the last place wherever argument and result are normal; tests/math/test_accuracy.c measures them
 * against MPFR. */
#include "opt/expand.h"

enum { SPLIT_FROM = 10 }; /* shorter polynomials have too short a chain for a second one to pay */

/* c[0] + c[1] x + ... c[n - 1] x^(n - 1) */
static egi_id horner(const egi_maths *m, egi_id x, const double *c, int n)
{
    egi_id y = m_c(m, c[n - 1]);
    for (int k = n - 2; k >= 0; k--) y = m_fma(m, y, x, m_c(m, c[k]));
    return y;
}

egi_id m_poly(const egi_maths *m, egi_id x, const egi_poly *p)
{
    int n = m_is64(m) ? p->n64 : p->n32;
    const double *c = m_is64(m) ? p->c64 : p->c32;
    if (n < SPLIT_FROM) return horner(m, x, c, n);
    /* c[0] + x (low + x^half high): the terms that count most are rounded last, as in Horner's rule; splitting into
     * even and odd powers would cost accuracy where signs alternate */
    int half = n > 12 ? 8 : 4;
    egi_id power = x;
    for (int k = 1; k < half; k *= 2) power = m_mul(m, power, power);
    egi_id rest = m_fma(m, horner(m, x, c + 1 + half, n - 1 - half), power, horner(m, x, c + 1, half));
    return m_fma(m, rest, x, m_c(m, c[0]));
}

egi_id m_with_sign(const egi_maths *m, egi_id y, egi_id x)
{
    return m_float(m, m_or(m, m_bits(m, y), m_and(m, m_bits(m, x), m_sign_bit(m))));
}

egi_id m_at_most(const egi_maths *m, egi_id x, double high)
{
    egi_id h = m_c(m, high);
    return m_select(m, m_gt(m, x, h), h, x);
}

egi_id m_at_least(const egi_maths *m, egi_id x, double low)
{
    egi_id l = m_c(m, low);
    return m_select(m, m_lt(m, x, l), l, x);
}

egi_id m_rare(const egi_maths *m, egi_id condition, egi_id seldom, egi_id usual)
{
    return egi_op3(m->g, EGI_RARE, condition, seldom, usual);
}

egi_id m_keep_zero(const egi_maths *m, egi_id x, egi_id y) { return m_select(m, m_eq(m, x, m_c(m, 0)), x, y); }

egi_id m_keep_small(const egi_maths *m, egi_id x, egi_id y)
{
    egi_id small = m_lt(m, m_abs(m, x), m_c2(m, 0x1p-30, 0x1p-60));
    return m_select(m, small, x, y);
}

egi_id egi_expand(egi_graph *g, egi_op op, const egi_id *args)
{
    if (!args[0]) return 0;
    bool wide = egi_dtype_of(g, args[0]) == EG_F64;
    egi_maths m = {g, wide ? EG_F64 : EG_F32, wide ? EG_I64 : EG_I32, wide ? 52 : 23, wide ? 64 : 32};
    switch ((int)op) {
    case EGI_EXP:
    case EGI_EXP2:
    case EGI_EXPM1:
    case EGI_EXPREL:
    case EGI_SIGMOID: return m_expand_exp(&m, op, args[0]);
    case EGI_LOG:
    case EGI_LOG2:
    case EGI_LOG10:
    case EGI_LOG1P:
    case EGI_SOFTPLUS: return m_expand_log(&m, op, args[0]);
    case EGI_SIN:
    case EGI_COS:
    case EGI_TAN: return m_expand_trig(&m, op, args[0]);
    case EGI_ASIN:
    case EGI_ACOS:
    case EGI_ATAN: return m_expand_arc(&m, op, args[0]);
    case EGI_ATAN2: return m_expand_atan2(&m, args[0], args[1]);
    case EGI_SINH:
    case EGI_COSH:
    case EGI_TANH:
    case EGI_ASINH:
    case EGI_ACOSH:
    case EGI_ATANH: return m_expand_hyper(&m, op, args[0]);
    case EGI_RSQRT:
    case EGI_CBRT: return m_expand_root(&m, op, args[0]);
    case EGI_HYPOT: return m_expand_hypot(&m, args[0], args[1]);
    case EGI_POW: return m_expand_pow(&m, args[0], args[1]);
    case EGI_ERF:
    case EGI_ERFC: return m_expand_erf(&m, op, args[0]);
    case EGI_ERFINV: return m_expand_erfinv(&m, args[0]);
    default: break;
    }
    egi_fail(g->eg, EG_ERR_INTERNAL, NULL, 0, "expand: %s is not composite", egi_ops[op].text);
    return 0;
}
