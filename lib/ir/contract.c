/* Sums and differences as a user's or a gradient's expression builds them.  Contraction is decided here alone: passes
 * never contract, so that interpreter, compiled code, batches and checkpoints agree on every bit. */
#include "ir/contract.h"
#include "core/context.h"
#include "ir/complex.h"

/* Is the node a product that has the shape of the result, so that it may become part of an fma? */
static bool is_product(const egi_graph *g, egi_id id, uint32_t shape)
{
    const egi_node *n = egi_at(g, id);
    return n->op == EGI_MUL && n->shape == shape && egi_is_float((eg_dtype)n->dtype);
}

static bool is_number(const egi_graph *g, egi_id id, double x)
{
    const egi_node *n = egi_at(g, id);
    return n->op == EGI_CONST && n->imm == egi_bits_of_real((eg_dtype)n->dtype, x);
}

static uint32_t result_shape(const egi_graph *g, egi_id a, egi_id b)
{
    return egi_at(g, a)->shape ? egi_at(g, a)->shape : egi_at(g, b)->shape;
}

egi_id egi_sum(egi_graph *g, egi_id a, egi_id b)
{
    if (!a || !b) return 0;
    if (egi_is_pair(g, a) || egi_is_pair(g, b)) return egi_op2(g, EGI_ADD, a, b);
    uint32_t s = result_shape(g, a, b);
    bool contract = g->eg->options.math != EG_MATH_STRICT && !is_number(g, a, -0.0) && !is_number(g, b, -0.0);
    if (contract && is_product(g, a, s)) return egi_op3(g, EGI_FMA, egi_arg(g, a, 0), egi_arg(g, a, 1), b);
    if (contract && is_product(g, b, s)) return egi_op3(g, EGI_FMA, egi_arg(g, b, 0), egi_arg(g, b, 1), a);
    return egi_op2(g, EGI_ADD, a, b);
}

egi_id egi_difference(egi_graph *g, egi_id a, egi_id b)
{
    if (!a || !b) return 0;
    if (egi_is_pair(g, a) || egi_is_pair(g, b)) return egi_op2(g, EGI_SUB, a, b);
    uint32_t s = result_shape(g, a, b);
    bool contract = g->eg->options.math != EG_MATH_STRICT && !is_number(g, b, 0.0);
    if (contract && is_product(g, a, s))
        return egi_op3(g, EGI_FMA, egi_arg(g, a, 0), egi_arg(g, a, 1), egi_op1(g, EGI_NEG, b));
    if (contract && is_product(g, b, s)) {
        egi_id y = egi_arg(g, b, 1);
        return egi_op3(g, EGI_FMA, egi_op1(g, EGI_NEG, egi_arg(g, b, 0)), y, a);
    }
    return egi_op2(g, EGI_SUB, a, b);
}
