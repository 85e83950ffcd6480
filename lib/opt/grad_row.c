/* How loops store a value of each step: a row of a stack.
 *
 * Bools are stored as bits, and so are floats that are one of two numbers, like spikes, of which the bits tell which.
 * What a loop starts from may be any number, so in its first step such a value is taken from there. */
#include <math.h>

#include "core/context.h"
#include "opt/grad_loop.h"

enum { BITS_FROM = 32 }; /* elements: fewer are not worth it */

/* What is stored of a value.  What is stacked has no higher rank than there is, so the highest is stored flat. */
static eg_spec stored_as(eg_spec s)
{
    const int64_t n = egi_spec_count(s);
    const bool bits = s.dtype == EG_BOOL && n >= BITS_FROM;
    if (s.rank == EG_MAX_RANK || (bits && s.dim[s.rank - 1] < BITS_FROM)) s = (eg_spec){s.dtype, 1, {n}};
    if (!bits) return s;
    s.dim[s.rank - 1] = (s.dim[s.rank - 1] + 31) / 32;
    s.dtype = EG_U32;
    return s;
}

static egi_id reshaped(egi_grad *x, egi_id v, eg_spec like)
{
    egi_shape s = egi_shape_of_spec(like);
    return v ? egi_reshape(x->to, v, &s) : 0;
}

egi_id egi_grad_row(egi_grad *x, egi_id v)
{
    if (!v) return 0;
    eg_spec s = egi_spec(x->to, v), to = stored_as(s);
    const bool flat = to.rank != s.rank;
    if (flat) v = reshaped(x, v, (eg_spec){s.dtype, 1, {egi_spec_count(s)}});
    return to.dtype == s.dtype ? v : egi_pack(x->to, v);
}

/* The value of which this is the row, of whatever shape. */
static egi_id of_row(egi_grad *x, egi_id row, eg_spec like)
{
    const eg_spec s = stored_as(like);
    row = reshaped(x, row, s);
    if (!row || s.dtype == like.dtype) return reshaped(x, row, like);
    const bool flat = s.rank != like.rank;
    row = egi_unpack(x->to, row, flat ? egi_spec_count(like) : like.dim[like.rank - 1]);
    return reshaped(x, row, like);
}

egi_id egi_grad_row_param(egi_grad *x, int64_t region, egi_id sequence, eg_spec like)
{
    if (!sequence) return 0;
    eg_spec s = egi_spec(x->to, sequence);
    memmove(s.dim, s.dim + 1, (size_t)(--s.rank) * sizeof *s.dim);
    egi_id row = egi_grad_param(x, region, s);
    return s.dtype == like.dtype ? reshaped(x, row, like) : of_row(x, row, like);
}

/* A leaf is stacked by every loop between it and region r. */
eg_spec egi_grad_stored(const egi_grad *x, egi_id l, uint16_t r)
{
    const egi_graph *g = x->from;
    eg_spec s = egi_spec(g, l);
    for (uint16_t at = egi_at(g, l)->region; at != r; at = egi_grad_region(x, at)->parent) {
        egi_id owner = egi_grad_region(x, at)->owner;
        if (egi_at(g, owner)->op != EGI_LOOP) continue;
        s = stored_as(s);
        memmove(s.dim + 1, s.dim, (size_t)s.rank++ * sizeof *s.dim);
        s.dim[0] = (int64_t)egi_at(g, egi_arg(g, owner, 0))->imm;
    }
    return s;
}

/* -- floats that are one of two numbers ---------------------------------------------------------------------------- */

typedef struct two {
    uint64_t yes, no; /* bits */
} two;

/* The number that all elements of a node are. */
static bool number_of(const egi_graph *g, egi_id id, uint64_t *bits)
{
    while (egi_at(g, id)->op == EGI_BROADCAST) id = egi_arg(g, id, 0);
    *bits = egi_at(g, id)->imm;
    return egi_at(g, id)->op == EGI_CONST;
}

/* Can be told from others by comparing: neither NaN nor denormal, which may count as zero. */
static bool is_told(eg_dtype t, uint64_t bits)
{
    const double x = egi_real_of_bits(t, bits), least = t == EG_F32 ? 0x1p-126 : 0x1p-1022;
    return x == 0 || (isfinite(x) && fabs(x) >= least);
}

static bool made_of_two(const egi_graph *g, egi_id id, two *v)
{
    while (egi_at(g, id)->op == EGI_CUSTOM) id = egi_arg(g, id, 0);
    const egi_node *n = egi_at(g, id);
    const eg_dtype t = (eg_dtype)n->dtype;
    if (!egi_is_float(t)) return false;
    if (n->op == EGI_CONVERT && egi_dtype_of(g, egi_arg(g, id, 0)) == EG_BOOL) {
        *v = (two){egi_bits_of_real(t, 1), egi_bits_of_real(t, 0)};
        return true;
    }
    return n->op == EGI_SELECT && number_of(g, egi_arg(g, id, 1), &v->yes) && number_of(g, egi_arg(g, id, 2), &v->no) &&
           is_told(t, v->yes) && is_told(t, v->no) && egi_real_of_bits(t, v->yes) != egi_real_of_bits(t, v->no);
}

/* Is carried value k one of two numbers after each step, and of so many elements that it is worth it? */
static bool told(const egi_grad *x, const egi_steps *s, int64_t k, two *v)
{
    const egi_region *body = egi_grad_region(x, s->body);
    const egi_id param = body->params.at[1 + k];
    return egi_count(x->from, param) >= BITS_FROM && egi_shape_of(x->from, param)->rank > 0 &&
           made_of_two(x->from, body->results.at[k], v);
}

egi_id egi_grad_carried_row(egi_grad *x, const egi_steps *s, int64_t k)
{
    const egi_id param = egi_grad_region(x, s->body)->params.at[1 + k];
    egi_graph *g = x->to;
    egi_id v = x->map[param];
    two t;
    if (v && told(x, s, k, &t)) v = egi_op2(g, EGI_NE, v, egi_const_bits(g, egi_dtype_of(x->from, param), t.no));
    return egi_grad_row(x, v);
}

eg_spec egi_grad_carried_spec(const egi_grad *x, const egi_steps *s, int64_t k)
{
    eg_spec spec = egi_spec(x->from, egi_grad_region(x, s->body)->params.at[1 + k]);
    two t;
    if (told(x, s, k, &t)) spec.dtype = EG_BOOL;
    return spec;
}

/* Is the value always one of the two? */
static bool starts_so(const egi_graph *g, egi_id init, const two *t)
{
    uint64_t bits;
    return number_of(g, init, &bits) && (bits == t->yes || bits == t->no);
}

egi_id egi_grad_carried_value(egi_grad *x, const egi_steps *s, int64_t k, egi_id kept, egi_id init, egi_id is_first)
{
    egi_graph *g = x->to;
    eg_spec spec = egi_spec(x->from, egi_grad_region(x, s->body)->params.at[1 + k]);
    two t;
    if (!kept || !told(x, s, k, &t)) return kept;
    if (!init || !is_first) return 0;
    egi_id v = egi_choose(g, kept, egi_const_bits(g, spec.dtype, t.yes), egi_const_bits(g, spec.dtype, t.no));
    return starts_so(g, init, &t) ? v : egi_choose(g, is_first, init, v);
}

egi_id egi_grad_checkpoint(egi_grad *x, const egi_steps *s, int64_t k, egi_id row, egi_id init, egi_id is_first)
{
    return egi_grad_carried_value(x, s, k, of_row(x, row, egi_grad_carried_spec(x, s, k)), init, is_first);
}
