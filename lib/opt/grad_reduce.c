/* Gradients of reductions, running sums and sorting. */
#include "core/context.h"
#include "opt/grad.h"

typedef struct reduced {
    egi_shape x;               /* of the operand */
    int64_t kept[EG_MAX_RANK]; /* axes that the result has */
    int num_kept, num;         /* of them; of reduced axes */
    const int64_t *axes;       /* reduced */
} reduced;

static reduced reduced_of(const egi_grad *x, egi_id id)
{
    const egi_graph *g = x->from;
    const egi_node *n = egi_at(g, id);
    reduced r = {.x = *egi_shape_of(g, egi_arg(g, id, 0)), .num = egi_num_ints(g, n), .axes = egi_ints_of(g, n)};
    for (int k = 0, next = 0; k < r.x.rank; k++) {
        if (next < r.num && r.axes[next] == k)
            next++;
        else
            r.kept[r.num_kept++] = k;
    }
    return r;
}

/* A value of the result's shape, repeated along the reduced axes. */
static egi_id repeated(egi_graph *g, egi_id v, const reduced *r) { return egi_broadcast_axes(g, v, &r->x, r->kept); }

/* Elements that equal the result share its gradient. */
static void extremum(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    reduced r = reduced_of(x, id);
    egi_id equal = egi_op2(g, EGI_EQ, egi_value_of(x, id, 0), repeated(g, x->map[id], &r));
    egi_id count = egi_reduce(g, EGI_SUM, egi_convert(g, egi_dtype_of(g, d), equal), r.num, r.axes);
    egi_pass(x, id, 0, egi_choose(g, equal, repeated(g, egi_over(g, d, count), &r), 0));
}

/* -- prod: as a tree of products of halves, so that zeros need no division ----------------------------------------- */

/* The reduced axes as one, the last; or back. */
static egi_id gathered(egi_graph *g, egi_id v, const reduced *r, bool back)
{
    int64_t perm[EG_MAX_RANK], inverse[EG_MAX_RANK];
    egi_shape turned = {.rank = r->x.rank}, flat = {.rank = r->num_kept + 1};
    int n = 0;
    for (int k = 0; k < r->num_kept; k++) perm[n++] = r->kept[k];
    for (int k = 0; k < r->num; k++) perm[n++] = r->axes[k];
    flat.dim[r->num_kept] = 1;
    for (int k = 0; k < n; k++) {
        inverse[perm[k]] = k;
        turned.dim[k] = r->x.dim[perm[k]];
        flat.dim[k < r->num_kept ? k : r->num_kept] *= k < r->num_kept ? 0 : turned.dim[k];
        if (k < r->num_kept) flat.dim[k] = turned.dim[k];
    }
    if (back) return v ? egi_transpose(g, egi_reshape(g, v, &turned), inverse) : 0;
    return egi_reshape(g, egi_transpose(g, v, perm), &flat);
}

static egi_id padded(egi_graph *g, egi_id v, int axis, int64_t extent)
{
    if (!v) return 0;
    egi_shape s = *egi_shape_of(g, v);
    int64_t low[EG_MAX_RANK] = {0};
    s.dim[axis] = extent;
    return egi_pad(g, v, egi_const_f(g, egi_dtype_of(g, v), 1), &s, low);
}

static void prod(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    reduced r = reduced_of(x, id);
    egi_id level[64] = {gathered(g, egi_value_of(x, id, 0), &r, false)};
    int axis = r.num_kept, depth = 0;
    if (!level[0]) return;
    int64_t n = egi_shape_of(g, level[0])->dim[axis];
    if (egi_count(g, level[0]) == 0) {
        egi_pass(x, id, 0, egi_zeros(g, egi_spec(x->from, egi_arg(x->from, id, 0))));
        return;
    }
    for (; n > 1; n = (n + 1) / 2, depth++) {
        int64_t half = (n + 1) / 2;
        level[depth] = padded(g, level[depth], axis, 2 * half);
        level[depth + 1] = egi_times(g, egi_slice_axis(g, level[depth], axis, 0, half, 1),
                                     egi_slice_axis(g, level[depth], axis, half, half, 1));
        if (!level[depth + 1]) return;
    }
    egi_shape top = *egi_shape_of(g, level[depth]);
    egi_id v = egi_reshape(g, d, &top);
    while (v && depth-- > 0) {
        int64_t half = egi_shape_of(g, level[depth])->dim[axis] / 2;
        egi_id part[] = {egi_times(g, v, egi_slice_axis(g, level[depth], axis, half, half, 1)),
                         egi_times(g, v, egi_slice_axis(g, level[depth], axis, 0, half, 1))};
        v = egi_concat(g, 2, part, axis);
        /* The ones behind an odd number of elements have no gradient. */
        int64_t own = depth ? (egi_shape_of(g, level[depth - 1])->dim[axis]) / 2
                            : egi_shape_count(&r.x) / egi_max64(1, egi_count(x->from, id));
        v = egi_slice_axis(g, v, axis, 0, own, 1);
    }
    egi_pass(x, id, 0, gathered(g, v, &r, true));
}

/* -- along an axis ------------------------------------------------------------------------------------------------- */

static void running_sum(egi_grad *x, egi_id id, egi_id d)
{
    int axis = (int)egi_ints_of(x->from, egi_at(x->from, id))[0];
    egi_id back = egi_scan(x->to, EGI_CUMSUM, egi_flipped(x->to, d, axis), axis);
    egi_pass(x, id, 0, egi_flipped(x->to, back, axis));
}

/* Element k of a sorted row came from place p[k]; the gradient goes back there.  All rows lie in one vector, so that
 * one gather does it. */
static void sorted(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    egi_shape s = *egi_shape_of(x->from, id), flat = {.rank = 1, .dim = {egi_shape_count(&s)}};
    if (flat.dim[0] == 0) return;
    int64_t n = s.dim[s.rank - 1];
    egi_shape rows = {.rank = 2, .dim = {flat.dim[0] / n, n}};
    egi_id place = egi_scan(g, EGI_ARGSORT, egi_scan(g, EGI_ARGSORT, egi_value_of(x, id, 0), 0), 0);
    if (!place) return;
    egi_id row = egi_op2(g, EGI_MUL, egi_iota(g, EG_I64, &rows, 0), egi_const_i(g, EG_I64, n));
    egi_id at = egi_op2(g, EGI_ADD, egi_reshape(g, egi_convert(g, EG_I64, place), &rows), row);
    egi_id v = egi_gather(g, egi_reshape(g, d, &flat), egi_reshape(g, at, &flat), 0);
    egi_pass(x, id, 0, egi_reshape(g, v, &s));
}

void egi_grad_reduce(egi_grad *x, egi_id id, egi_id d)
{
    reduced r;
    switch ((int)egi_at(x->from, id)->op) {
    case EGI_SUM:
        r = reduced_of(x, id);
        egi_pass(x, id, 0, repeated(x->to, d, &r));
        break;
    case EGI_PROD: prod(x, id, d); break;
    case EGI_RMIN:
    case EGI_RMAX: extremum(x, id, d); break;
    case EGI_CUMSUM: running_sum(x, id, d); break;
    default: sorted(x, id, d); break;
    }
}
