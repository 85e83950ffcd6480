/* Matrix products. */
#include "api/ops.h"

/* a b; where a is of spikes the product by the rows of b that fired. */
static egi_id product(egi_graph *g, egi_id a, egi_id b)
{
    egi_id spikes = b && egi_is_float(egi_dtype_of(g, b)) ? egi_spikes_of(g, a) : 0;
    if (!spikes) return egi_dot(g, a, b);
    egi_shape s = *egi_shape_of(g, a);
    s.dim[s.rank - 1] = egi_shape_of(g, b)->dim[s.rank - 1];
    return egi_dot_event(g, egi_broadcast(g, egi_const_f(g, egi_dtype_of(g, b), 0), &s), spikes, b);
}

/* Joins the leading axes of [..., M, K] with M: one product instead of a batch of them. */
static egi_id one_product(egi_call *c, egi_id a, egi_id b)
{
    egi_graph *g = c->g;
    egi_shape s = egi_shape_at(c, a), flat = {.rank = 2, .dim = {1, s.dim[s.rank - 1]}};
    for (int k = 0; k < s.rank - 1; k++) flat.dim[0] *= s.dim[k];
    egi_id id = product(g, egi_reshape(g, a, &flat), b);
    s.dim[s.rank - 1] = egi_shape_at(c, b).dim[1];
    return egi_reshape(g, id, &s);
}

/* Repeats the leading axes of a matrix to those of `lead`. */
static egi_id batch(egi_call *c, egi_id a, const egi_shape *lead)
{
    egi_shape s = egi_shape_at(c, a), to = *lead;
    to.dim[to.rank++] = s.dim[s.rank - 2];
    to.dim[to.rank++] = s.dim[s.rank - 1];
    return egi_broadcast(c->g, a, &to);
}

/* Shape that the leading axes of both broadcast to. */
static bool leading(const egi_shape *a, const egi_shape *b, egi_shape *out)
{
    const egi_shape *longer = a->rank >= b->rank ? a : b;
    *out = *longer;
    out->rank -= 2;
    for (int k = 3; k <= a->rank && k <= b->rank; k++) {
        int64_t x = a->dim[a->rank - k], y = b->dim[b->rank - k];
        if (x != y && x != 1 && y != 1) return false;
        out->dim[longer->rank - k] = x == 1 ? y : x;
    }
    return true;
}

static egi_id matrices(egi_call *c, eg_val x, eg_val y, egi_id a, egi_id b)
{
    egi_shape s = egi_shape_at(c, a), t = egi_shape_at(c, b), lead;
    if (s.dim[s.rank - 1] != t.dim[t.rank - 2])
        return egi_wrong(
            c, EG_ERR_SHAPE, "%s and %s: the first has %lld columns, the second %lld rows; they must be equal",
            egi_show(c, x).s, egi_show(c, y).s, (long long)s.dim[s.rank - 1], (long long)t.dim[t.rank - 2]);
    if (t.rank == 2) return one_product(c, a, b);
    if (!leading(&s, &t, &lead))
        return egi_wrong(c, EG_ERR_SHAPE, "%s and %s: the leading axes do not broadcast; make them equal or 1",
                         egi_show(c, x).s, egi_show(c, y).s);
    return product(c->g, batch(c, a, &lead), batch(c, b, &lead));
}

eg_val(eg_dot)(eg_val x, eg_val y, const char *file, int line)
{
    eg_val v[] = {x, y};
    egi_call c = egi_begin("eg_dot", file, line, 2, v);
    if (!egi_traced(&c, x, "the first operand") || !egi_traced(&c, y, "the second operand")) return eg_nothing();
    eg_dtype t = egi_meet(&c, EGI_ALLOW_I | EGI_ALLOW_F | EGI_ALLOW_C, 2, v);
    egi_id a = egi_part_operand(&c, x, t), b = egi_part_operand(&c, y, t);
    if (!c.g) return eg_nothing();
    egi_shape s = egi_shape_at(&c, a), u = egi_shape_at(&c, b);
    if (s.rank == 0 || u.rank == 0) {
        egi_wrong(&c, EG_ERR_SHAPE, "%s and %s: a scalar has no rows and columns; use eg_mul", egi_show(&c, x).s,
                  egi_show(&c, y).s);
        return eg_nothing();
    }
    /* Vectors become a row on the left, a column on the right, and lose that axis again. */
    bool row = s.rank == 1, column = u.rank == 1;
    egi_id id = matrices(&c, x, y, row ? egi_reshape(c.g, a, &(egi_shape){.rank = 2, .dim = {1, s.dim[0]}}) : a,
                         column ? egi_reshape(c.g, b, &(egi_shape){.rank = 2, .dim = {u.dim[0], 1}}) : b);
    if (!id) return eg_nothing();
    egi_shape out = egi_shape_at(&c, id);
    if (column) out.rank--;
    if (row) {
        int at = out.rank - (column ? 1 : 2);
        for (int k = at; k < out.rank - 1; k++) out.dim[k] = out.dim[k + 1];
        out.rank--;
    }
    return egi_end(&c, egi_reshape(c.g, id, &out));
}

eg_val(eg_outer)(eg_val x, eg_val y, const char *file, int line)
{
    eg_val v[] = {x, y};
    egi_call c = egi_begin("eg_outer", file, line, 2, v);
    if (!egi_traced(&c, x, "the first operand") || !egi_traced(&c, y, "the second operand")) return eg_nothing();
    egi_shape a = egi_shape_at(&c, x.id), b = egi_shape_at(&c, y.id);
    if (a.rank != 1 || b.rank != 1) {
        egi_wrong(&c, EG_ERR_SHAPE, "%s and %s; give two vectors, or use eg_mul with eg_new_axis", egi_show(&c, x).s,
                  egi_show(&c, y).s);
        return eg_nothing();
    }
    egi_shape s = {.rank = 2, .dim = {a.dim[0], b.dim[0]}};
    eg_dtype t = egi_meet(&c, EGI_ALLOW_I | EGI_ALLOW_F | EGI_ALLOW_C, 2, v);
    int64_t down = 0, across = 1;
    egi_id p = egi_broadcast_axes(c.g, egi_part_operand(&c, x, t), &s, &down);
    egi_id q = egi_broadcast_axes(c.g, egi_part_operand(&c, y, t), &s, &across);
    return egi_end(&c, egi_op2(c.g, EGI_MUL, p, q));
}
