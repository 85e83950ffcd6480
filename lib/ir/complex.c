/* Complex values as pairs of real nodes: making them, taking them apart, and how they lie in memory. */
#include "ir/complex.h"

#include "ir/shape.h"

static egi_id zeros_like(egi_graph *g, egi_id a)
{
    egi_shape s = *egi_shape_of(g, a);
    return egi_broadcast(g, egi_const_f(g, egi_dtype_of(g, a), 0), &s);
}

static egi_id make(egi_graph *g, egi_id re, egi_id im, bool literal)
{
    egi_id part[] = {re, im};
    return egi_node_make(g, &(egi_make){.op = EGI_COMPLEX,
                                        .dtype = egi_complex_type(egi_dtype_of(g, re)),
                                        .shape = egi_at(g, re)->shape,
                                        .num_args = 2,
                                        .args = part,
                                        .imm = literal});
}

egi_id egi_pair(egi_graph *g, egi_id re, egi_id im)
{
    if (!re || !im) return 0;
    egi_shape s = *egi_shape_of(g, re), t = *egi_shape_of(g, im);
    if (s.rank == 0) re = egi_broadcast(g, re, &t);
    if (t.rank == 0) im = egi_broadcast(g, im, &s);
    return re && im ? make(g, re, im, false) : 0;
}

egi_id egi_literal_pair(egi_graph *g, double re, double im)
{
    egi_id a = egi_const_f(g, EG_F64, re), b = egi_const_f(g, EG_F64, im);
    return a && b ? make(g, a, b, true) : 0;
}

egi_id egi_re(egi_graph *g, egi_id z) { return egi_is_pair(g, z) ? egi_arg(g, z, 0) : z; }

egi_id egi_im(egi_graph *g, egi_id z) { return egi_is_pair(g, z) ? egi_arg(g, z, 1) : z ? zeros_like(g, z) : 0; }

/* -- in memory ----------------------------------------------------------------------------------------------------- */

/* Part k of an array [..., n, 2]: every second element of [..., 2n], which can be read where it lies. */
static egi_id part_of(egi_graph *g, egi_id a, int k)
{
    egi_shape s = *egi_shape_of(g, a), flat = s;
    const int last = --flat.rank - 1;
    if (last < 0) return egi_reshape(g, egi_slice_axis(g, a, 0, k, 1, 1), &flat);
    flat.dim[last] *= 2;
    return egi_slice_axis(g, egi_reshape(g, a, &flat), last, k, s.dim[last], 2);
}

static egi_id with_last_axis(egi_graph *g, egi_id a)
{
    egi_shape s = *egi_shape_of(g, a);
    s.dim[s.rank++] = 1;
    return egi_reshape(g, a, &s);
}

/* What was joined into the array a, which is nowhere else then: part k; 0: it was not. */
static egi_id joined(egi_graph *g, egi_id a, uint32_t k)
{
    const egi_node *n = egi_at(g, a);
    egi_shape s = *egi_shape_of(g, a);
    if (n->op != EGI_CONCAT || n->num_args != 2 || egi_ints_of(g, n)[0] != --s.rank) return 0;
    egi_id part = egi_arg(g, a, k);
    return egi_shape_of(g, part)->dim[s.rank] == 1 ? egi_reshape(g, part, &s) : 0;
}

egi_id egi_from_stored(egi_graph *g, egi_id a)
{
    if (!a) return 0;
    egi_id re = joined(g, a, 0), im = joined(g, a, 1);
    return re && im ? egi_pair(g, re, im) : egi_pair(g, part_of(g, a, 0), part_of(g, a, 1));
}

/* The array [..., 2] of which this is part k; 0: it is none. */
static egi_id array_with_part(const egi_graph *g, egi_id part, int64_t k)
{
    const egi_shape *own = egi_shape_of(g, part);
    const bool scalar = own->rank == 0;
    const egi_op outer = scalar ? EGI_RESHAPE : EGI_SLICE, inner = scalar ? EGI_SLICE : EGI_RESHAPE;
    if (egi_at(g, part)->op != outer) return 0;
    const egi_id below = egi_arg(g, part, 0), slice = scalar ? below : part;
    if (egi_at(g, below)->op != inner) return 0;
    const egi_id a = egi_arg(g, below, 0);
    const egi_shape *s = egi_shape_of(g, a);
    bool good = s->rank == own->rank + 1 && s->dim[own->rank] == 2;
    for (int axis = 0; good && axis < own->rank; axis++) good = s->dim[axis] == own->dim[axis];
    const int64_t *at = egi_ints_of(g, egi_at(g, slice));
    for (int axis = 0; good && axis < (scalar ? 1 : own->rank); axis++) {
        const bool last = scalar || axis == own->rank - 1;
        good = at[2 * axis] == (last ? k : 0) && at[2 * axis + 1] == (last && !scalar && own->dim[axis] > 1 ? 2 : 1);
    }
    return good ? a : 0;
}

egi_id egi_part_before(egi_graph *g, egi_id part)
{
    for (uint32_t k = 0; part && k < 2; k++) {
        egi_id a = array_with_part(g, part, k), before = a ? joined(g, a, k) : 0;
        if (before) return before;
    }
    return part;
}

egi_id egi_array_of(const egi_graph *g, egi_id z)
{
    egi_id a = egi_is_pair(g, z) ? array_with_part(g, egi_arg(g, z, 0), 0) : 0;
    return a && array_with_part(g, egi_arg(g, z, 1), 1) == a ? a : 0;
}

egi_id egi_to_stored(egi_graph *g, egi_id z)
{
    if (!egi_is_pair(g, z)) return z;
    egi_id re = egi_re(g, z), im = egi_im(g, z), whole = egi_array_of(g, z);
    if (whole) return whole;
    int rank = egi_shape_of(g, re)->rank;
    if (rank == EG_MAX_RANK) {
        const egi_loc *at = &g->locs.at[g->loc];
        egi_fail(g->eg, EG_ERR_SHAPE, at->file, at->line,
                 "a complex value of %d axes cannot be stored; in memory it has one more: reshape it to %d", rank,
                 EG_MAX_RANK - 1);
        return 0;
    }
    egi_id part[] = {with_last_axis(g, re), with_last_axis(g, im)};
    return egi_concat(g, 2, part, rank);
}
