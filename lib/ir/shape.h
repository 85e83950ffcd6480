/* Builders of nodes that reduce, move and multiply elements.  Operands fit: what a user gives is checked above.  An
 * operand 0 gives 0; what changes nothing gives its operand. */
#ifndef EGI_IR_SHAPE_H
#define EGI_IR_SHAPE_H

#include "ir/graph.h"

egi_id egi_reshape(egi_graph *g, egi_id a, const egi_shape *s);
/* Axis k of a becomes axis axes[k] of the result (ascending); extents 1 repeat. */
egi_id egi_broadcast_axes(egi_graph *g, egi_id a, const egi_shape *s, const int64_t *axes);
/* Aligned at the last axes. */
egi_id egi_broadcast(egi_graph *g, egi_id a, const egi_shape *s);
egi_id egi_transpose(egi_graph *g, egi_id a, const int64_t *perm);
egi_id egi_slice(egi_graph *g, egi_id a, const egi_shape *s, const int64_t *start, const int64_t *step);
/* A slice of one axis: `size` elements from `start`. */
egi_id egi_slice_axis(egi_graph *g, egi_id a, int axis, int64_t start, int64_t size, int64_t step);
/* Starts are i64 scalars, one an axis. */
egi_id egi_dslice(egi_graph *g, egi_id a, const egi_shape *s, const egi_id *start);
egi_id egi_update(egi_graph *g, egi_id a, egi_id u, const egi_id *start);
egi_id egi_concat(egi_graph *g, uint32_t n, const egi_id *a, int axis);
egi_id egi_pad(egi_graph *g, egi_id a, egi_id value, const egi_shape *s, const int64_t *low);
egi_id egi_gather(egi_graph *g, egi_id a, egi_id index, int axis);
egi_id egi_scatter_add(egi_graph *g, egi_id a, egi_id index, egi_id u);
egi_id egi_iota(egi_graph *g, eg_dtype t, const egi_shape *s, int axis);
/* SUM ... ALL over n ascending axes, ARGMIN and ARGMAX over one; n = 0 gives a. */
egi_id egi_reduce(egi_graph *g, egi_op op, egi_id a, int n, const int64_t *axes);
/* CUMSUM along an axis; SORT and ARGSORT along the last. */
egi_id egi_scan(egi_graph *g, egi_op op, egi_id a, int axis);
egi_id egi_pack(egi_graph *g, egi_id a);
egi_id egi_unpack(egi_graph *g, egi_id a, int64_t n);
/* The mean over copies that eg_vmap will make; until then a. */
egi_id egi_batch_mean(egi_graph *g, egi_id a);
/* [..., M, K] x [..., K, N] with the same leading extents. */
egi_id egi_dot(egi_graph *g, egi_id a, egi_id b);
/* base + x w by the rows of w whose x fired (dot_event.c): x of bool, or of the type of base and w.  Numbers made of a
 * bool are taken as that bool: 1 w + a rounded once is w + a. */
egi_id egi_dot_event(egi_graph *g, egi_id base, egi_id x, egi_id w);
/* The spikes that x stands for, as such an operand: x itself if it is of bool or a custom gradient over numbers made of
 * a bool, that bool if it is such numbers, also behind views; 0: x is no spikes. */
egi_id egi_spikes_of(egi_graph *g, egi_id x);
/* The chains start from the elements of base; 0: from +0. */
egi_id egi_dot_from(egi_graph *g, egi_id a, egi_id b, egi_id base);

static inline bool egi_shape_equal(const egi_shape *a, const egi_shape *b)
{
    return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

#endif
