/* One line a rule: what the adjoint d of a node gives its operands.  x, a, b are the operands' values, y the node's. */
#include "core/context.h"
#include "opt/grad.h"

#define LN2 0.693147180559945309417232121458176568
#define LN10 2.30258509299404568401799145468436421
#define TWO_OVER_SQRT_PI 1.12837916709551257389615890312154517

/* -- small expressions ------------------------------------------------------------------------------------------- */

static egi_id one_minus(egi_graph *g, egi_id a)
{
    return a ? egi_minus(g, egi_const_f(g, egi_dtype_of(g, a), 1), a) : 0;
}
static egi_id one_plus(egi_graph *g, egi_id a) { return egi_shifted(g, a, 1); }
static egi_id squared(egi_graph *g, egi_id a) { return egi_times(g, a, a); }
static egi_id call(egi_graph *g, egi_op op, egi_id a) { return egi_op1(g, op, a); }
static egi_id negated(egi_graph *g, egi_id a) { return egi_op1(g, EGI_NEG, a); }
static egi_id is_zero(egi_graph *g, egi_id a)
{
    return a ? egi_op2(g, EGI_EQ, a, egi_const_f(g, egi_dtype_of(g, a), 0)) : 0;
}

/* (1 - a) (1 + a), which loses nothing near 1 */
static egi_id one_minus_square(egi_graph *g, egi_id a) { return egi_times(g, one_minus(g, a), one_plus(g, a)); }

/* -- rules that are longer than a line ---------------------------------------------------------------------------- */

/* The gradient goes to the operand that was taken; equal ones share it, so that the order of operands does not matter.
 */
static void extremum(egi_grad *x, egi_id id, egi_id d, bool smaller)
{
    egi_graph *g = x->to;
    egi_id a = egi_value_of(x, id, 0), b = egi_value_of(x, id, 1), half = egi_scaled(g, d, 0.5);
    egi_id equal = egi_op2(g, EGI_EQ, a, b);
    egi_id first = egi_op2(g, EGI_OR, egi_op2(g, smaller ? EGI_LT : EGI_GT, a, b), egi_op1(g, EGI_ISNAN, b));
    if (egi_wants(x, id, 0)) egi_pass(x, id, 0, egi_choose(g, equal, half, egi_choose(g, first, d, 0)));
    if (egi_wants(x, id, 1)) egi_pass(x, id, 1, egi_choose(g, equal, half, egi_choose(g, first, 0, d)));
}

static void quotient(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    egi_id v = egi_over(g, d, egi_value_of(x, id, 1));
    egi_pass(x, id, 0, v);
    if (egi_wants(x, id, 1)) egi_pass(x, id, 1, egi_times(g, negated(g, v), x->map[id]));
}

/* y = a - k b with a whole number k */
static void remainder_of(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    egi_pass(x, id, 0, d);
    if (!egi_wants(x, id, 1)) return;
    egi_id a = egi_value_of(x, id, 0), b = egi_value_of(x, id, 1);
    egi_id k = egi_op1(g, EGI_ROUND, egi_op2(g, EGI_DIV, egi_op2(g, EGI_SUB, a, x->map[id]), b));
    egi_pass(x, id, 1, egi_times(g, negated(g, d), k));
}

static void angle(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    egi_id a = egi_value_of(x, id, 0), b = egi_value_of(x, id, 1), h = egi_op2(g, EGI_HYPOT, a, b);
    egi_id v = egi_over(g, d, h);
    if (egi_wants(x, id, 0)) egi_pass(x, id, 0, egi_times(g, v, egi_over(g, b, h)));
    if (egi_wants(x, id, 1)) egi_pass(x, id, 1, egi_times(g, negated(g, v), egi_over(g, a, h)));
}

/* At the origin 0 is a subgradient. */
static void hypotenuse(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    egi_id y = x->map[id], origin = is_zero(g, y);
    for (uint32_t k = 0; k < 2; k++) {
        if (!egi_wants(x, id, k)) continue;
        egi_pass(x, id, k, egi_times(g, d, egi_choose(g, origin, 0, egi_over(g, egi_value_of(x, id, k), y))));
    }
}

/* a^b: b a^(b - 1), 0 where b = 0; y log a, 0 where a = 0. */
static void power(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    egi_id a = egi_value_of(x, id, 0), b = egi_value_of(x, id, 1);
    if (egi_wants(x, id, 0)) {
        egi_id v = egi_times(g, b, egi_op2(g, EGI_POW, a, egi_shifted(g, b, -1)));
        egi_pass(x, id, 0, egi_times(g, d, egi_choose(g, is_zero(g, b), 0, v)));
    }
    if (!egi_wants(x, id, 1)) return;
    egi_id zero = is_zero(g, a), one = egi_const_f(g, egi_dtype_of(g, a), 1);
    egi_id l = egi_choose(g, zero, 0, call(g, EGI_LOG, egi_choose(g, zero, one, a)));
    egi_pass(x, id, 1, egi_times(g, d, egi_times(g, x->map[id], l)));
}

/* (e^a - y) / a; near 0, where that cancels, the series of a^k (k + 1) / (k + 2)!. */
static egi_id exprel_slope(egi_graph *g, egi_id a, egi_id y)
{
    double factor[13], f = 1;
    for (int k = 0; k < 13; k++) {
        f *= k + 2;
        factor[k] = (k + 1) / f;
    }
    if (!a) return 0;
    eg_dtype t = egi_dtype_of(g, a);
    egi_id near = egi_filled(g, egi_spec(g, a), factor[12]);
    for (int k = 11; k >= 0; k--) near = egi_shifted(g, egi_times(g, near, a), factor[k]);
    egi_id small = egi_op2(g, EGI_LT, egi_op1(g, EGI_ABS, a), egi_const_f(g, t, 0.25));
    egi_id one = egi_filled(g, egi_spec(g, a), 1),
           by = egi_choose(g, small, one, a); /* no 0/0 that checks would find */
    egi_id far = egi_over(g, egi_minus(g, call(g, EGI_EXP, a), y), by);
    /* The same where e^a and y are infinite: y (1 - 1/a) + 1/a. */
    egi_id inverse = egi_over(g, one, by);
    egi_id above = egi_plus(g, egi_times(g, y, one_minus(g, inverse)), inverse);
    far = egi_choose(g, egi_op2(g, EGI_GT, a, egi_const_f(g, t, 1)), above, far);
    return egi_choose(g, small, near, far);
}

static void selection(egi_grad *x, egi_id id, egi_id d)
{
    egi_id c = egi_value_of(x, id, 0);
    if (egi_wants(x, id, 1)) egi_pass(x, id, 1, egi_choose(x->to, c, d, 0));
    if (egi_wants(x, id, 2)) egi_pass(x, id, 2, egi_choose(x->to, c, 0, d));
}

static void product(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    if (egi_wants(x, id, 0)) egi_pass(x, id, 0, egi_times(g, d, egi_value_of(x, id, 1)));
    if (egi_wants(x, id, 1)) egi_pass(x, id, 1, egi_times(g, d, egi_value_of(x, id, 0)));
}

static void none(egi_grad *x, egi_id id)
{
    egi_grad_wrong(
        x, id, EG_ERR_TYPE,
        "this operation has no gradient; keep it off the path with eg_stop_gradient, or say its gradient with "
        "eg_custom_gradient");
}

/* -- the table ----------------------------------------------------------------------------------------------------- */

#define ONE(expression) egi_pass(x, id, 0, (expression))
#define MUL(a, b) egi_times(g, a, b)
#define DIV(a, b) egi_over(g, a, b)
#define SCALE(a, c) egi_scaled(g, a, c)

void egi_grad_rule(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    egi_id y = x->map[id], a = egi_at(x->from, id)->num_args ? egi_value_of(x, id, 0) : 0;
    /* No default: an operation without a rule does not compile. */
    switch ((egi_op)egi_at(x->from, id)->op) {
    case EGI_ADD: egi_pass(x, id, 0, d), egi_pass(x, id, 1, d); return;
    case EGI_SUB: egi_pass(x, id, 0, d), egi_pass(x, id, 1, egi_wants(x, id, 1) ? negated(g, d) : 0); return;
    case EGI_MUL: product(x, id, d); return;
    case EGI_DIV: quotient(x, id, d); return;
    case EGI_FMOD:
    case EGI_MOD: remainder_of(x, id, d); return;
    case EGI_FMA: product(x, id, d), egi_pass(x, id, 2, d); return;
    case EGI_NEG: ONE(negated(g, d)); return;
    case EGI_ABS: ONE(MUL(d, call(g, EGI_SIGN, a))); return;
    case EGI_MIN: extremum(x, id, d, true); return;
    case EGI_MAX: extremum(x, id, d, false); return;
    case EGI_SQRT: ONE(DIV(SCALE(d, 0.5), y)); return;
    case EGI_SELECT:
    case EGI_RARE: selection(x, id, d); return;
    case EGI_CONVERT: ONE(egi_convert(g, egi_dtype_of(x->from, egi_arg(x->from, id, 0)), d)); return;

    case EGI_EXP: ONE(MUL(d, y)); return;
    case EGI_EXP2: ONE(MUL(d, SCALE(y, LN2))); return;
    case EGI_EXPM1: ONE(MUL(d, call(g, EGI_EXP, a))); return;
    case EGI_LOG: ONE(DIV(d, a)); return;
    case EGI_LOG2: ONE(DIV(SCALE(d, 1 / LN2), a)); return;
    case EGI_LOG10: ONE(DIV(SCALE(d, 1 / LN10), a)); return;
    case EGI_LOG1P: ONE(DIV(d, one_plus(g, a))); return;
    case EGI_SIN: ONE(MUL(d, call(g, EGI_COS, a))); return;
    case EGI_COS: ONE(MUL(negated(g, d), call(g, EGI_SIN, a))); return;
    case EGI_TAN: ONE(MUL(d, one_plus(g, squared(g, y)))); return;
    case EGI_ASIN: ONE(DIV(d, call(g, EGI_SQRT, one_minus_square(g, a)))); return;
    case EGI_ACOS: ONE(DIV(negated(g, d), call(g, EGI_SQRT, one_minus_square(g, a)))); return;
    case EGI_ATAN: ONE(DIV(d, one_plus(g, squared(g, a)))); return;
    case EGI_ATAN2: angle(x, id, d); return;
    case EGI_SINH: ONE(MUL(d, call(g, EGI_COSH, a))); return;
    case EGI_COSH: ONE(MUL(d, call(g, EGI_SINH, a))); return;
    case EGI_TANH: ONE(MUL(d, one_minus_square(g, y))); return;
    case EGI_ASINH: ONE(DIV(d, egi_op2(g, EGI_HYPOT, a, egi_const_f(g, egi_dtype_of(g, a), 1)))); return;
    case EGI_ACOSH:
        ONE(DIV(d, MUL(call(g, EGI_SQRT, egi_shifted(g, a, -1)), call(g, EGI_SQRT, one_plus(g, a)))));
        return;
    case EGI_ATANH: ONE(DIV(d, one_minus_square(g, a))); return;
    case EGI_RSQRT: ONE(DIV(MUL(SCALE(d, -0.5), y), a)); return;
    case EGI_CBRT: ONE(DIV(d, SCALE(squared(g, y), 3))); return;
    case EGI_POW: power(x, id, d); return;
    case EGI_HYPOT: hypotenuse(x, id, d); return;
    case EGI_ERF: ONE(MUL(d, SCALE(call(g, EGI_EXP, negated(g, squared(g, a))), TWO_OVER_SQRT_PI))); return;
    case EGI_ERFC: ONE(MUL(d, SCALE(call(g, EGI_EXP, negated(g, squared(g, a))), -TWO_OVER_SQRT_PI))); return;
    case EGI_ERFINV: ONE(MUL(d, SCALE(call(g, EGI_EXP, squared(g, y)), 1 / TWO_OVER_SQRT_PI))); return;
    /* y (1 - y) would be 0 where y rounds to 1 */
    case EGI_SIGMOID: ONE(MUL(d, MUL(y, call(g, EGI_SIGMOID, negated(g, a))))); return;
    case EGI_SOFTPLUS: ONE(MUL(d, call(g, EGI_SIGMOID, a))); return;
    case EGI_EXPREL: ONE(MUL(d, exprel_slope(g, a, y))); return;

    case EGI_SUM:
    case EGI_PROD:
    case EGI_RMIN:
    case EGI_RMAX:
    case EGI_CUMSUM:
    case EGI_SORT: egi_grad_reduce(x, id, d); return;
    case EGI_BROADCAST:
    case EGI_RESHAPE:
    case EGI_TRANSPOSE:
    case EGI_SLICE:
    case EGI_DSLICE:
    case EGI_UPDATE:
    case EGI_CONCAT:
    case EGI_PAD:
    case EGI_GATHER:
    case EGI_SCATTER: egi_grad_shape(x, id, d); return;
    case EGI_DOT:
    case EGI_DOT_EVENT:
    case EGI_EVENT:
    case EGI_EVENT_T: egi_grad_product(x, id, d); return;
    case EGI_CUSTOM: egi_grad_custom(x, id, d); return;
    /* each of the copies takes part in the mean of all: the mean of their adjoints */
    case EGI_BATCH_MEAN: ONE(egi_batch_mean(g, d)); return;

    /* where values come from */
    case EGI_ARG:
    case EGI_VAR:
    case EGI_PARAM:
    case EGI_ITEM: return;

    /* no path leads through these: flat, or not of floats, or swept by their own rules */
    case EGI_NONE:
    case EGI_CONST:
    case EGI_IOTA:
    case EGI_ARRAY:
    case EGI_TUPLE:
    case EGI_COMPLEX:
    case EGI_SIGN:
    case EGI_FLOOR:
    case EGI_CEIL:
    case EGI_TRUNC:
    case EGI_ROUND:
    case EGI_AND:
    case EGI_OR:
    case EGI_XOR:
    case EGI_NOT:
    case EGI_SHL:
    case EGI_SHR:
    case EGI_EQ:
    case EGI_NE:
    case EGI_LT:
    case EGI_LE:
    case EGI_GT:
    case EGI_GE:
    case EGI_ISNAN:
    case EGI_ISINF:
    case EGI_BITCAST:
    case EGI_ANY:
    case EGI_ALL:
    case EGI_ARGMIN:
    case EGI_ARGMAX:
    case EGI_ARGSORT:
    case EGI_PACK:
    case EGI_UNPACK:
    case EGI_BITS:
    case EGI_LOOP:
    case EGI_WHILE:
    case EGI_COND:
    case EGI_HOST:
    case EGI_OP_COUNT: none(x, id); return;
    }
}
