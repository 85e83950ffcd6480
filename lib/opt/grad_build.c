/* Expressions of adjoints: as users' are built, so they contract. */
#include "core/context.h"
#include "opt/grad.h"

static egi_id spread(egi_graph *g, egi_id a, eg_spec spec)
{
    egi_shape s = egi_shape_of_spec(spec);
    return egi_broadcast(g, a, &s);
}

egi_id egi_filled(egi_graph *g, eg_spec spec, double v) { return spread(g, egi_const_f(g, spec.dtype, v), spec); }

egi_id egi_zeros(egi_graph *g, eg_spec spec)
{
    return spread(g, egi_is_float(spec.dtype) ? egi_const_f(g, spec.dtype, 0) : egi_const_i(g, spec.dtype, 0), spec);
}

/* The scalar of which all elements are copies, or the node itself. */
static egi_id peeled(const egi_graph *g, egi_id a)
{
    bool is_spread = egi_at(g, a)->op == EGI_BROADCAST && egi_shape_of(g, egi_arg(g, a, 0))->rank == 0;
    return is_spread ? egi_arg(g, a, 0) : a;
}

typedef egi_id binary(egi_graph *g, egi_id a, egi_id b);

static egi_id apply(egi_graph *g, binary *make, egi_id a, egi_id b)
{
    if (!a || !b) return 0;
    eg_spec spec = egi_spec(g, egi_shape_of(g, a)->rank ? a : b);
    return spread(g, make(g, peeled(g, a), peeled(g, b)), spec);
}

static egi_id product(egi_graph *g, egi_id a, egi_id b) { return egi_op2(g, EGI_MUL, a, b); }
static egi_id quotient(egi_graph *g, egi_id a, egi_id b) { return egi_op2(g, EGI_DIV, a, b); }

egi_id egi_times(egi_graph *g, egi_id a, egi_id b) { return apply(g, product, a, b); }
egi_id egi_over(egi_graph *g, egi_id a, egi_id b) { return apply(g, quotient, a, b); }
egi_id egi_plus(egi_graph *g, egi_id a, egi_id b) { return apply(g, egi_sum, a, b); }
egi_id egi_minus(egi_graph *g, egi_id a, egi_id b) { return apply(g, egi_difference, a, b); }

egi_id egi_scaled(egi_graph *g, egi_id a, double c)
{
    return a ? egi_times(g, a, egi_const_f(g, egi_dtype_of(g, a), c)) : 0;
}

egi_id egi_shifted(egi_graph *g, egi_id a, double c)
{
    return a ? egi_plus(g, a, egi_const_f(g, egi_dtype_of(g, a), c)) : 0;
}

egi_id egi_choose(egi_graph *g, egi_id c, egi_id a, egi_id b)
{
    egi_id some = a ? a : b;
    if (!c || !some) return 0;
    egi_id zero = egi_const_f(g, egi_dtype_of(g, some), 0);
    egi_id v[] = {c, a ? a : zero, b ? b : zero};
    egi_id shaped = c;
    for (int k = 1; k < 3; k++) {
        if (egi_shape_of(g, v[k])->rank) shaped = v[k];
        v[k] = peeled(g, v[k]);
    }
    eg_spec spec = egi_spec(g, shaped);
    spec.dtype = egi_dtype_of(g, some);
    return spread(g, egi_op3(g, EGI_SELECT, peeled(g, c), v[1], v[2]), spec);
}

egi_id egi_flipped(egi_graph *g, egi_id a, int axis)
{
    if (!a) return 0;
    int64_t n = egi_shape_of(g, a)->dim[axis];
    return egi_slice_axis(g, a, axis, n - 1, n, -1);
}
