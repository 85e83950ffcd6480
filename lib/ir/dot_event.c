/* Products by the rows that fired: what a spiking operand is, and the node. */
#include "ir/shape.h"

/* The bool that numbers are made of, behind views too, which then are views of it; 0: none. */
static egi_id bool_of(egi_graph *g, egi_id x)
{
    const egi_node n = *egi_at(g, x);
    if (egi_dtype_of(g, x) == EG_BOOL) return x;
    if (n.op == EGI_CONVERT) return egi_dtype_of(g, egi_arg(g, x, 0)) == EG_BOOL ? egi_arg(g, x, 0) : 0;
    if (!(egi_flags((egi_op)n.op) & FV)) return 0;
    egi_id of = bool_of(g, egi_arg(g, x, 0));
    if (!of) return 0;
    return egi_node_make(
        g, &(egi_make){
               .op = (egi_op)n.op, .dtype = EG_BOOL, .shape = n.shape, .num_args = 1, .args = &of, .attr = n.attr});
}

/* A custom gradient over numbers made of a bool: what fires, with a slope. */
static bool has_slope(const egi_graph *g, egi_id x)
{
    while (egi_flags((egi_op)egi_at(g, x)->op) & FV) x = egi_arg(g, x, 0);
    if (egi_at(g, x)->op != EGI_CUSTOM) return false;
    egi_id y = egi_arg(g, x, 0);
    return egi_at(g, y)->op == EGI_CONVERT && egi_dtype_of(g, egi_arg(g, y, 0)) == EG_BOOL;
}

egi_id egi_spikes_of(egi_graph *g, egi_id x)
{
    if (!x) return 0;
    return has_slope(g, x) ? x : bool_of(g, x);
}

/* A scalar repeated, however it was reshaped: so it costs no memory. */
static egi_id repeated(egi_graph *g, egi_id base)
{
    egi_id v = base;
    while (egi_at(g, v)->op == EGI_BROADCAST || egi_at(g, v)->op == EGI_RESHAPE) v = egi_arg(g, v, 0);
    if (v == base || egi_shape_of(g, v)->rank) return base;
    egi_shape s = *egi_shape_of(g, base);
    return egi_broadcast(g, v, &s);
}

egi_id egi_dot_event(egi_graph *g, egi_id base, egi_id x, egi_id w)
{
    if (!base || !x || !w) return 0;
    egi_id spikes = bool_of(g, x);
    egi_id v[] = {repeated(g, base), spikes ? spikes : x, w};
    if (!v[0]) return 0;
    return egi_node_make(g, &(egi_make){.op = EGI_DOT_EVENT,
                                        .dtype = egi_dtype_of(g, w),
                                        .shape = egi_at(g, base)->shape,
                                        .num_args = 3,
                                        .args = v});
}
