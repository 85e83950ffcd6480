/* Complex values while a function is traced: a node COMPLEX of two real nodes, without storage.
 *
 * Builders of graph.h and shape.h take such nodes like others and apply what they do to both parts, so that operations
 * of users need to know little of them; no graph that is finished holds any.  What lies in memory is one real array
 * with a last axis of extent 2. */
#ifndef EGI_IR_COMPLEX_H
#define EGI_IR_COMPLEX_H

#include "ir/graph.h"

static inline bool egi_is_pair(const egi_graph *g, egi_id id) { return id && egi_at(g, id)->op == EGI_COMPLEX; }
/* A plain complex number of a user: its parts are f64 constants, its type is that of what it meets. */
static inline bool egi_is_literal_pair(const egi_graph *g, egi_id id)
{
    return egi_is_pair(g, id) && egi_at(g, id)->imm;
}

/* re + i im: of one float type; a scalar spreads to the other's shape. */
egi_id egi_pair(egi_graph *g, egi_id re, egi_id im);
egi_id egi_literal_pair(egi_graph *g, double re, double im);
/* The parts; of a real value itself and zeros. */
egi_id egi_re(egi_graph *g, egi_id z);
egi_id egi_im(egi_graph *g, egi_id z);

/* The real array [..., 2] of a complex value, and back; a real value stays what it is in the first. */
egi_id egi_to_stored(egi_graph *g, egi_id z);
egi_id egi_from_stored(egi_graph *g, egi_id a);
/* The real array [..., 2] that a complex value was read from as a whole; 0: none. */
egi_id egi_array_of(const egi_graph *g, egi_id z);
/* What was joined as part k of an array that is read again as part k, else the node itself: for copies, in which what a
 * function takes and gives meets what is around it. */
egi_id egi_part_before(egi_graph *g, egi_id part);
/* The complex one if the user's type is, else the node itself. */
static inline egi_id egi_as_seen(egi_graph *g, egi_id a, eg_dtype t)
{
    return egi_is_complex(t) ? egi_from_stored(g, a) : a;
}

/* ADD SUB MUL DIV NEG ABS EXP EQ NE SELECT ISNAN ISINF where an operand is complex; real ones stay real.  Sums of
 * products contract as a user's would.  lib/ir/complex_op.c */
egi_id egi_pair_op(egi_graph *g, egi_op op, uint32_t n, const egi_id *a);
/* Is the operation defined for complex values? */
bool egi_pair_has(egi_op op);

#endif
