/* What operations of complex values are in real ones (docs/ir.md, Complex numbers). */
#include <math.h>

#include "ir/complex.h"
#include "ir/contract.h"
#include "ir/shape.h"

/* An operand and its parts: im is 0 if it is real. */
typedef struct pair {
    egi_id re, im;
} pair;

static pair pair_of(egi_graph *g, egi_id a)
{
    return egi_is_pair(g, a) ? (pair){egi_arg(g, a, 0), egi_arg(g, a, 1)} : (pair){a, 0};
}

static egi_id un(egi_graph *g, egi_op op, egi_id a) { return egi_op1(g, op, a); }
static egi_id bi(egi_graph *g, egi_op op, egi_id a, egi_id b) { return egi_op2(g, op, a, b); }
static egi_id times(egi_graph *g, egi_id a, egi_id b) { return egi_op2(g, EGI_MUL, a, b); }
static egi_id pick(egi_graph *g, egi_id c, egi_id a, egi_id b) { return egi_op3(g, EGI_SELECT, c, a, b); }
static egi_id number(egi_graph *g, egi_id like, double x) { return egi_const_f(g, egi_dtype_of(g, like), x); }

static egi_id sum(egi_graph *g, pair a, pair b)
{
    return egi_pair(g, egi_sum(g, a.re, b.re), !a.im ? b.im : !b.im ? a.im : egi_sum(g, a.im, b.im));
}

static egi_id difference(egi_graph *g, pair a, pair b)
{
    egi_id im = !a.im ? un(g, EGI_NEG, b.im) : !b.im ? a.im : egi_difference(g, a.im, b.im);
    return egi_pair(g, egi_difference(g, a.re, b.re), im);
}

/* In one order, so that a b and b a are the same. */
static egi_id product(egi_graph *g, pair a, pair b)
{
    if (!a.im || (b.im && a.re > b.re)) {
        pair first = a;
        a = b;
        b = first;
    }
    if (!b.im) return egi_pair(g, times(g, a.re, b.re), times(g, a.im, b.re));
    egi_id re = egi_difference(g, times(g, a.re, b.re), times(g, a.im, b.im));
    return egi_pair(g, re, egi_sum(g, times(g, a.re, b.im), times(g, a.im, b.re)));
}

/* -- quotients ------------------------------------------------------------------------------------------------------
 */

/* How floats of a type are made of bits. */
typedef struct layout {
    eg_dtype bits;
    int64_t digits, bias; /* of the fraction; of the exponent */
} layout;

static layout layout_of(eg_dtype t) { return t == EG_F64 ? (layout){EG_I64, 52, 1023} : (layout){EG_I32, 23, 127}; }

/* The exponent of the larger part, as the bits of a float have it, at most that of the largest number but one. */
static egi_id exponent(egi_graph *g, layout l, pair a)
{
    egi_id size = un(g, EGI_ABS, a.re);
    if (a.im) size = bi(g, EGI_MAX, size, un(g, EGI_ABS, a.im));
    egi_id e = bi(g, EGI_SHR, egi_bitcast(g, l.bits, size), egi_const_i(g, l.bits, l.digits));
    return bi(g, EGI_MIN, e, egi_const_i(g, l.bits, 2 * l.bias - 1));
}

/* 2^(e - bias) as a float of the type t. */
static egi_id power(egi_graph *g, layout l, eg_dtype t, egi_id e)
{
    return egi_bitcast(g, t, bi(g, EGI_SHL, e, egi_const_i(g, l.bits, l.digits)));
}

static egi_id infinite(egi_graph *g, pair a)
{
    egi_id re = un(g, EGI_ISINF, a.re);
    return a.im ? bi(g, EGI_OR, re, un(g, EGI_ISINF, a.im)) : re;
}

/* One part, scaled; of an infinite number infinities become 1 and what is finite 0, with their signs. */
static egi_id scaled(egi_graph *g, egi_id part, egi_id scale, egi_id is_infinite)
{
    if (!part) return 0;
    egi_id corner = pick(g, un(g, EGI_ISINF, part), un(g, EGI_SIGN, part), times(g, part, number(g, part, 0)));
    return pick(g, is_infinite, corner, times(g, part, scale));
}

/* Both operands are scaled by powers of two until their larger parts lie in 1 .. 4: nothing overflows on the way, and
 * what is lost by underflow is too small to count.  The quotient is scaled back in two steps, each of them in range. */
static egi_id quotient(egi_graph *g, pair a, pair b)
{
    if (!b.im) return egi_pair(g, bi(g, EGI_DIV, a.re, b.re), bi(g, EGI_DIV, a.im, b.re));
    const eg_dtype t = egi_dtype_of(g, b.re);
    const layout l = layout_of(t);
    egi_id twice = egi_const_i(g, l.bits, 2 * l.bias), bias = egi_const_i(g, l.bits, l.bias);
    egi_id ea = exponent(g, l, a), eb = exponent(g, l, b);
    egi_id sa = power(g, l, t, bi(g, EGI_SUB, twice, ea)), sb = power(g, l, t, bi(g, EGI_SUB, twice, eb));
    egi_id ia = infinite(g, a), ib = infinite(g, b);
    pair p = {scaled(g, a.re, sa, ia), scaled(g, a.im, sa, ia)}, q = {scaled(g, b.re, sb, ib), scaled(g, b.im, sb, ib)};
    egi_id size = egi_sum(g, times(g, q.re, q.re), times(g, q.im, q.im));
    egi_id re = times(g, p.re, q.re), im = un(g, EGI_NEG, times(g, p.re, q.im));
    if (p.im) {
        im = egi_difference(g, times(g, p.im, q.re), times(g, p.re, q.im));
        re = egi_sum(g, re, times(g, p.im, q.im));
    }
    /* Division by zero is that by its real part. */
    egi_id none = bi(g, EGI_EQ, size, number(g, size, 0)), by = pick(g, none, b.re, size);
    re = bi(g, EGI_DIV, pick(g, none, a.re, re), by);
    im = bi(g, EGI_DIV, pick(g, none, a.im ? a.im : times(g, a.re, number(g, a.re, 0)), im), by);
    egi_id d = bi(g, EGI_SUB, ea, eb), half = bi(g, EGI_SHR, d, egi_const_i(g, l.bits, 1));
    egi_id first = power(g, l, t, bi(g, EGI_ADD, half, bias));
    egi_id second = power(g, l, t, bi(g, EGI_ADD, bi(g, EGI_SUB, d, half), bias));
    second = pick(g, ia, number(g, second, (double)INFINITY), second);
    second = pick(g, ib, times(g, second, number(g, second, 0)), second);
    return egi_pair(g, times(g, times(g, re, first), second), times(g, times(g, im, first), second));
}

/* -- functions ------------------------------------------------------------------------------------------------------
 */

/* e^re (cos im, sin im).  Where e^re overflows and the product need not, it is taken in two steps.  A real argument has
 * a real result, and e^-infinity is 0 whatever the angle. */
static egi_id exponential(egi_graph *g, pair a)
{
    const bool wide = egi_dtype_of(g, a.re) == EG_F64;
    const double large = wide ? 700 : 87, step = wide ? 600 : 60;
    egi_id far = bi(g, EGI_GT, a.re, number(g, a.re, large));
    egi_id x = pick(g, far, bi(g, EGI_SUB, a.re, number(g, a.re, step)), a.re);
    egi_id e = un(g, EGI_EXP, x), more = pick(g, far, number(g, a.re, exp(step)), number(g, a.re, 1));
    egi_id none = bi(g, EGI_EQ, a.re, number(g, a.re, -(double)INFINITY));
    egi_id angle = pick(g, none, number(g, a.re, 0), a.im);
    egi_id re = times(g, times(g, e, un(g, EGI_COS, angle)), more);
    egi_id im = times(g, times(g, e, un(g, EGI_SIN, angle)), more);
    return egi_pair(g, re, pick(g, bi(g, EGI_EQ, a.im, number(g, a.im, 0)), a.im, im));
}

/* Both parts alike, or one of them: EQ, NE, ISNAN, ISINF. */
static egi_id equal(egi_graph *g, egi_op op, pair a, pair b)
{
    egi_id zero = number(g, a.im ? a.im : b.im, 0);
    egi_id re = bi(g, op, a.re, b.re), im = bi(g, op, a.im ? a.im : zero, b.im ? b.im : zero);
    return bi(g, op == EGI_EQ ? EGI_AND : EGI_OR, re, im);
}

static egi_id chosen(egi_graph *g, egi_id c, pair a, pair b)
{
    egi_id zero = number(g, a.im ? a.im : b.im, 0);
    return egi_pair(g, pick(g, c, a.re, b.re), pick(g, c, a.im ? a.im : zero, b.im ? b.im : zero));
}

bool egi_pair_has(egi_op op)
{
    static const bool has[EGI_OP_COUNT] = {
        [EGI_ADD] = true, [EGI_SUB] = true,    [EGI_MUL] = true,   [EGI_DIV] = true,
        [EGI_NEG] = true, [EGI_ABS] = true,    [EGI_EXP] = true,   [EGI_EQ] = true,
        [EGI_NE] = true,  [EGI_SELECT] = true, [EGI_ISNAN] = true, [EGI_ISINF] = true};
    return has[op];
}

egi_id egi_pair_op(egi_graph *g, egi_op op, uint32_t n, const egi_id *v)
{
    pair a = pair_of(g, v[op == EGI_SELECT]), b = n > 1 ? pair_of(g, v[op == EGI_SELECT ? 2 : 1]) : (pair){0, 0};
    switch ((int)op) {
    case EGI_ADD: return sum(g, a, b);
    case EGI_SUB: return difference(g, a, b);
    case EGI_MUL: return product(g, a, b);
    case EGI_DIV: return quotient(g, a, b);
    case EGI_NEG: return egi_pair(g, un(g, op, a.re), un(g, op, a.im));
    case EGI_ABS: return bi(g, EGI_HYPOT, a.re, a.im);
    case EGI_EXP: return exponential(g, a);
    case EGI_EQ:
    case EGI_NE: return equal(g, op, a, b);
    case EGI_SELECT: return chosen(g, v[0], a, b);
    case EGI_ISNAN:
    case EGI_ISINF: return bi(g, EGI_OR, un(g, op, a.re), un(g, op, a.im));
    default: return 0;
    }
}
