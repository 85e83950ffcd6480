/* Building nodes of known types: result types, folding of constants, local identities.  No contraction: that is decided
 * where a user's expression is built (lib/api/ops.h), so that passes and expansions never change bits. */
#include <math.h>

#include "core/context.h"
#include "ir/complex.h"
#include "ir/ref.h"

static bool is_const(const egi_graph *g, egi_id id) { return egi_at(g, id)->op == EGI_CONST; }

static bool is_real(const egi_graph *g, egi_id id, double x)
{
    const egi_node *n = egi_at(g, id);
    return n->op == EGI_CONST && egi_is_float((eg_dtype)n->dtype) && n->imm == egi_bits_of_real((eg_dtype)n->dtype, x);
}

static bool is_int(const egi_graph *g, egi_id id, int64_t x)
{
    const egi_node *n = egi_at(g, id);
    return n->op == EGI_CONST && !egi_is_float((eg_dtype)n->dtype) && n->imm == egi_bits_of_int((eg_dtype)n->dtype, x);
}

/* A subnormal constant is what it would be when the code runs: zero. */
static uint64_t flushed(const egi_graph *g, eg_dtype t, uint64_t bits)
{
    if (g->eg->options.keep_denormals) return bits;
    if (t == EG_F32 && !(bits & 0x7F800000u)) return bits & 0x80000000u;
    if (t == EG_F64 && !(bits & 0x7FF0000000000000u)) return bits & 0x8000000000000000u;
    return bits;
}

egi_id egi_const_bits(egi_graph *g, eg_dtype t, uint64_t bits)
{
    return egi_node_make(g, &(egi_make){.op = EGI_CONST, .dtype = t, .imm = flushed(g, t, bits)});
}

static egi_id real_number(egi_graph *g, eg_dtype t, egi_id re) { return egi_pair(g, re, egi_const_f(g, t, 0)); }

egi_id egi_const_f(egi_graph *g, eg_dtype t, double x)
{
    const eg_dtype part = egi_part_type(t);
    egi_id id = egi_const_bits(g, part, egi_bits_of_real(part, x));
    return part == t ? id : real_number(g, part, id);
}

egi_id egi_const_i(egi_graph *g, eg_dtype t, int64_t x)
{
    const eg_dtype part = egi_part_type(t);
    egi_id id = egi_const_bits(g, part, egi_bits_of_int(part, x));
    return part == t ? id : real_number(g, part, id);
}

/* Shape of the operand with the highest rank: elementwise operands have the result's shape or rank 0. */
static uint32_t shape_of_result(const egi_graph *g, uint32_t n, const egi_id *a)
{
    uint32_t s = 0;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t t = egi_at(g, a[k])->shape;
        if (t) s = t;
    }
    return s;
}

/* x where the identity may stand for the result: only if it has the result's shape. */
static egi_id identity(const egi_graph *g, egi_op op, const egi_id *a, uint32_t shape)
{
    egi_id x = 0;
    switch ((int)op) {
    case EGI_ADD:
        if (is_real(g, a[1], -0.0) || is_int(g, a[1], 0))
            x = a[0];
        else if (is_real(g, a[0], -0.0) || is_int(g, a[0], 0))
            x = a[1];
        break;
    case EGI_SUB:
        if (is_real(g, a[1], 0.0) || is_int(g, a[1], 0)) x = a[0];
        break;
    case EGI_MUL:
        if (is_real(g, a[1], 1) || is_int(g, a[1], 1))
            x = a[0];
        else if (is_real(g, a[0], 1) || is_int(g, a[0], 1))
            x = a[1];
        break;
    case EGI_DIV:
        if (is_real(g, a[1], 1) || is_int(g, a[1], 1)) x = a[0];
        break;
    case EGI_NEG:
    case EGI_NOT:
        if (egi_at(g, a[0])->op == op) x = egi_arg(g, a[0], 0);
        break;
    case EGI_AND:
    case EGI_OR:
        if (a[0] == a[1]) x = a[0];
        break;
    case EGI_SELECT:
    case EGI_RARE:
        if (a[1] == a[2])
            x = a[1];
        else if (is_const(g, a[0]))
            x = egi_at(g, a[0])->imm & 1 ? a[1] : a[2];
        break;
    default: break;
    }
    return x && egi_at(g, x)->shape == shape ? x : 0;
}

static egi_id fold(egi_graph *g, egi_op op, eg_dtype t, uint32_t n, const egi_id *a)
{
    uint64_t bits[3] = {0, 0, 0};
    if ((egi_flags(op) & FX) || !(egi_flags(op) & FE)) return 0;
    for (uint32_t k = 0; k < n; k++) {
        if (!is_const(g, a[k])) return 0;
        bits[k] = egi_at(g, a[k])->imm;
    }
    eg_dtype from = egi_dtype_of(g, a[egi_ops[op].rule == EGI_RULE_SEL ? 1 : 0]);
    /* Flushing while computing is not flushing afterwards: what rounds up to the smallest normal number differs. */
    unsigned fp = egi_fp_enter(g->eg->options.keep_denormals);
    uint64_t result = egi_scalar_op(op, from, t, bits);
    egi_fp_leave(fp);
    return egi_const_bits(g, t, result);
}

/* One order for the two operands of a product or sum: arrays before scalars, then by age.  The same code for two
 * populations then gives the same operations, whatever they share. */
static bool swaps(const egi_graph *g, const egi_id *a)
{
    bool first = egi_at(g, a[0])->shape, second = egi_at(g, a[1])->shape;
    return first == second ? a[0] > a[1] : second;
}

static egi_id make(egi_graph *g, egi_op op, eg_dtype t, uint32_t n, const egi_id *given)
{
    egi_id a[3] = {0, 0, 0};
    bool pairs = false;
    for (uint32_t k = 0; k < n; k++) {
        if (!(a[k] = given[k])) return 0;
        pairs = pairs || egi_is_pair(g, a[k]);
    }
    if (pairs) return egi_pair_op(g, op, n, a);
    uint32_t shape = shape_of_result(g, n, a);
    egi_id x = identity(g, op, a, shape);
    if (!x) x = fold(g, op, t, n, a);
    if (x) return x;
    if (((egi_flags(op) & FC) || op == EGI_FMA) && swaps(g, a)) {
        egi_id first = a[0];
        a[0] = a[1];
        a[1] = first;
    }
    return egi_node_make(g, &(egi_make){.op = op, .dtype = t, .shape = shape, .num_args = n, .args = a});
}

static eg_dtype result_type(const egi_graph *g, egi_op op, const egi_id *a)
{
    switch (egi_ops[op].rule) {
    case EGI_RULE_SAME: return egi_dtype_of(g, a[0]);
    case EGI_RULE_BOOL: return EG_BOOL;
    case EGI_RULE_INT32: return EG_I32;
    case EGI_RULE_SEL: return egi_dtype_of(g, a[1]);
    case EGI_RULE_OWN: break;
    }
    return EG_DTYPE_COUNT;
}

egi_id egi_op1(egi_graph *g, egi_op op, egi_id a)
{
    egi_id v[] = {a, 0};
    return a ? make(g, op, result_type(g, op, v), 1, v) : 0;
}

egi_id egi_op2(egi_graph *g, egi_op op, egi_id a, egi_id b)
{
    egi_id v[] = {a, b};
    return a && b ? make(g, op, result_type(g, op, v), 2, v) : 0;
}

egi_id egi_op3(egi_graph *g, egi_op op, egi_id a, egi_id b, egi_id c)
{
    egi_id v[] = {a, b, c};
    return a && b && c ? make(g, op, result_type(g, op, v), 3, v) : 0;
}

/* To complex numbers, of them, and both; as a bool whether it is another than 0. */
static egi_id convert_pair(egi_graph *g, eg_dtype t, egi_id a)
{
    const eg_dtype part = egi_part_type(t);
    egi_id re = egi_convert(g, part, egi_re(g, a));
    if (t == EG_BOOL) return egi_op2(g, EGI_OR, re, egi_convert(g, part, egi_im(g, a)));
    return egi_pair(g, re, egi_is_pair(g, a) ? egi_convert(g, part, egi_im(g, a)) : egi_const_f(g, part, 0));
}

egi_id egi_convert(egi_graph *g, eg_dtype t, egi_id a)
{
    const bool literal = egi_is_literal_pair(g, a); /* which becomes a value */
    if (!a || (egi_dtype_of(g, a) == t && !literal)) return a;
    if (egi_is_complex(t) || egi_is_pair(g, a)) return convert_pair(g, t, a);
    return make(g, EGI_CONVERT, t, 1, &a);
}

egi_id egi_bitcast(egi_graph *g, eg_dtype t, egi_id a)
{
    if (!a || egi_dtype_of(g, a) == t) return a;
    return make(g, EGI_BITCAST, t, 1, &a);
}

egi_id egi_item(egi_graph *g, egi_id of, uint32_t k, eg_spec spec)
{
    if (!of) return 0;
    if (egi_at(g, of)->op == EGI_TUPLE) return egi_arg(g, of, k);
    egi_shape s = {.rank = spec.rank};
    memcpy(s.dim, spec.dim, (size_t)spec.rank * sizeof *s.dim);
    return egi_node_make(g, &(egi_make){.op = EGI_ITEM,
                                        .dtype = spec.dtype,
                                        .shape = egi_shape_intern(g, &s),
                                        .num_args = 1,
                                        .args = &of,
                                        .imm = k});
}

egi_id egi_tuple(egi_graph *g, uint32_t n, const egi_id *v)
{
    for (uint32_t k = 0; k < n; k++) {
        if (!v[k]) return 0;
    }
    return egi_node_make(g, &(egi_make){.op = EGI_TUPLE, .dtype = EG_DTYPE_COUNT, .num_args = n, .args = v});
}
