/* Gradients of views and of what moves elements.  Where a part of a whole was read, the gradient is put into what has
 * come to the whole so far: in a loop that happens in place. */
#include "core/context.h"
#include "opt/grad.h"

static egi_shape shape_of(const egi_grad *x, egi_id id, uint32_t k)
{
    return *egi_shape_of(x->from, egi_arg(x->from, id, k));
}

/* What has come to operand k so far, which the caller replaces. */
static egi_id so_far(egi_grad *x, egi_id id, uint32_t k)
{
    egi_id a = egi_arg(x->from, id, k);
    return x->adjoint[a] ? x->adjoint[a] : egi_zeros(x->to, egi_spec(x->from, a));
}

static void replace(egi_grad *x, egi_id id, uint32_t k, egi_id v)
{
    if (v) x->adjoint[egi_arg(x->from, id, k)] = v;
}

static void repeated(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    const int64_t *axes = egi_ints_of(x->from, egi_at(x->from, id));
    egi_shape a = shape_of(x, id, 0), s = *egi_shape_of(x->from, id);
    int64_t gone[EG_MAX_RANK], perm[EG_MAX_RANK], left[EG_MAX_RANK];
    int n = 0, m = 0, kept = 0;
    for (int k = 0; k < s.rank; k++) {
        int from = -1;
        for (int j = 0; j < a.rank; j++) from = axes[j] == k ? j : from;
        if (from < 0 || (a.dim[from] == 1 && s.dim[k] != 1))
            gone[n++] = k;
        else
            left[m++] = from;
    }
    /* The axes that are left, in the operand's order. */
    for (int j = 0; j < a.rank; j++) {
        for (int k = 0; k < m; k++) {
            if (left[k] == j) perm[kept++] = k;
        }
    }
    egi_id v = egi_reduce(g, EGI_SUM, d, n, gone);
    egi_pass(x, id, 0, egi_reshape(g, egi_transpose(g, v, perm), &a));
}

static void transposed(egi_grad *x, egi_id id, egi_id d)
{
    const int64_t *perm = egi_ints_of(x->from, egi_at(x->from, id));
    int64_t inverse[EG_MAX_RANK];
    for (int k = 0; k < egi_shape_of(x->from, id)->rank; k++) inverse[perm[k]] = k;
    egi_pass(x, id, 0, egi_transpose(x->to, d, inverse));
}

/* -- parts --------------------------------------------------------------------------------------------------------- */

/* Elements along the axis `step` apart, zeros between them. */
static egi_id spaced(egi_graph *g, egi_id v, int axis, int64_t step)
{
    if (!v) return 0;
    egi_shape s = *egi_shape_of(g, v);
    int64_t n = s.dim[axis], low[EG_MAX_RANK] = {0};
    if (step == 1 || n <= 1) return v;
    egi_shape one = {.rank = 3, .dim = {1, 1, 1}}, wide;
    for (int k = 0; k < s.rank; k++) one.dim[k < axis ? 0 : k == axis ? 1 : 2] *= s.dim[k];
    wide = one;
    wide.dim[2] *= step;
    v = egi_pad(g, egi_reshape(g, v, &one), egi_const_f(g, egi_dtype_of(g, v), 0), &wide, low);
    s.dim[axis] = n * step;
    return egi_slice_axis(g, egi_reshape(g, v, &s), axis, 0, (n - 1) * step + 1, 1);
}

static void put_back(egi_grad *x, egi_id id, egi_id v, const int64_t *low)
{
    egi_graph *g = x->to;
    egi_shape a = shape_of(x, id, 0);
    if (!v || !egi_wants(x, id, 0)) return;
    egi_id have = x->adjoint[egi_arg(x->from, id, 0)], start[EG_MAX_RANK];
    egi_shape part = *egi_shape_of(g, v);
    if (!have) {
        egi_pass(x, id, 0, egi_pad(g, v, egi_const_f(g, egi_dtype_of(g, v), 0), &a, low));
        return;
    }
    for (int k = 0; k < a.rank; k++) start[k] = egi_const_i(g, EG_I64, low[k]);
    int64_t one[EG_MAX_RANK];
    for (int k = 0; k < a.rank; k++) one[k] = 1;
    v = egi_plus(g, egi_slice(g, have, &part, low, one), v);
    replace(x, id, 0, egi_update(g, have, v, start));
}

static void sliced(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    const int64_t *at = egi_ints_of(x->from, egi_at(x->from, id));
    egi_shape s = *egi_shape_of(x->from, id);
    int64_t low[EG_MAX_RANK];
    if (egi_shape_count(&s) == 0) return;
    for (int k = 0; k < s.rank; k++) {
        int64_t start = at[2 * k], step = s.dim[k] > 1 ? at[2 * k + 1] : 1;
        if (step < 0) {
            d = egi_flipped(g, d, k);
            start += (s.dim[k] - 1) * step;
            step = -step;
        }
        d = spaced(g, d, k, step);
        low[k] = start;
    }
    put_back(x, id, d, low);
}

static void starts(const egi_grad *x, egi_id id, uint32_t first, egi_id *start)
{
    for (uint32_t k = first; k < egi_at(x->from, id)->num_args; k++) start[k - first] = egi_value_of(x, id, k);
}

static void read_at(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    egi_id start[EG_MAX_RANK], whole = so_far(x, id, 0);
    egi_shape s = *egi_shape_of(x->from, id);
    starts(x, id, 1, start);
    replace(x, id, 0, egi_update(g, whole, egi_plus(g, egi_dslice(g, whole, &s, start), d), start));
}

static void updated(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    egi_id start[EG_MAX_RANK];
    eg_spec u = egi_spec(x->from, egi_arg(x->from, id, 1));
    egi_shape s = shape_of(x, id, 1);
    starts(x, id, 2, start);
    if (egi_wants(x, id, 1)) egi_pass(x, id, 1, egi_dslice(g, d, &s, start));
    if (egi_wants(x, id, 0)) egi_pass(x, id, 0, egi_update(g, d, egi_zeros(g, u), start));
}

static void joined(egi_grad *x, egi_id id, egi_id d)
{
    int axis = (int)egi_ints_of(x->from, egi_at(x->from, id))[0];
    int64_t at = 0;
    for (uint32_t k = 0; k < egi_at(x->from, id)->num_args; k++) {
        int64_t n = shape_of(x, id, k).dim[axis];
        if (egi_wants(x, id, k)) egi_pass(x, id, k, egi_slice_axis(x->to, d, axis, at, n, 1));
        at += n;
    }
}

static void surrounded(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    const int64_t *low = egi_ints_of(x->from, egi_at(x->from, id));
    egi_shape a = shape_of(x, id, 0);
    int64_t start[EG_MAX_RANK], step[EG_MAX_RANK];
    egi_id at[EG_MAX_RANK];
    bool empty = egi_shape_count(&a) == 0;
    for (int k = 0; k < a.rank; k++) {
        start[k] = empty ? 0 : low[k];
        step[k] = 1;
        at[k] = egi_const_i(g, EG_I64, low[k]);
    }
    if (egi_wants(x, id, 0)) egi_pass(x, id, 0, egi_slice(g, d, &a, start, step));
    if (!egi_wants(x, id, 1)) return;
    egi_id hole = egi_zeros(g, egi_spec(x->from, egi_arg(x->from, id, 0)));
    egi_pass(x, id, 1, empty ? d : egi_update(g, d, hole, at));
}

/* -- by index ------------------------------------------------------------------------------------------------------ */

/* Axis `axis` and the `n` behind it moved to the front, or back. */
static egi_id to_front(egi_graph *g, egi_id v, int axis, int n, bool back)
{
    if (!v) return 0;
    int rank = egi_shape_of(g, v)->rank;
    int64_t perm[EG_MAX_RANK], inverse[EG_MAX_RANK];
    for (int k = 0; k < rank; k++) perm[k] = k < n ? axis + k : k < n + axis ? k - n : k;
    for (int k = 0; k < rank; k++) inverse[perm[k]] = k;
    return egi_transpose(g, v, back ? inverse : perm);
}

static egi_id constant_like(egi_graph *g, egi_id index, int64_t v) { return egi_const_i(g, egi_dtype_of(g, index), v); }

static void taken(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    int axis = (int)egi_ints_of(x->from, egi_at(x->from, id))[0];
    egi_shape a = shape_of(x, id, 0);
    egi_id index = egi_value_of(x, id, 1);
    if (!index || egi_shape_count(&a) == 0) return;
    int rank = egi_shape_of(g, index)->rank;
    /* An index is moved inside by gather, and would be dropped by scatter. */
    index = egi_op2(g, EGI_MIN, egi_op2(g, EGI_MAX, index, constant_like(g, index, 0)),
                    constant_like(g, index, a.dim[axis] - 1));
    egi_id whole = to_front(g, so_far(x, id, 0), axis, 1, false), rows = to_front(g, d, axis, rank, false);
    replace(x, id, 0, to_front(g, egi_scatter_add(g, whole, index, rows), axis, 1, true));
}

static void scattered(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    egi_pass(x, id, 0, d);
    egi_id index = egi_value_of(x, id, 1);
    egi_shape a = shape_of(x, id, 0), u = shape_of(x, id, 2);
    if (!index || !egi_wants(x, id, 2)) return;
    if (a.dim[0] == 0 || egi_shape_count(&u) == 0) {
        egi_pass(x, id, 2, egi_zeros(g, egi_spec(x->from, egi_arg(x->from, id, 2))));
        return;
    }
    egi_id inside = egi_op2(g, EGI_LT, index, constant_like(g, index, a.dim[0]));
    if (egi_dtype_of(g, index) != EG_U32)
        inside = egi_op2(g, EGI_AND, inside, egi_op2(g, EGI_GE, index, constant_like(g, index, 0)));
    int64_t axes[EG_MAX_RANK];
    for (int k = 0; k < EG_MAX_RANK; k++) axes[k] = k;
    inside = egi_broadcast_axes(g, inside, &u, axes);
    egi_pass(x, id, 2, egi_choose(g, inside, egi_gather(g, d, index, 0), 0));
}

void egi_grad_shape(egi_grad *x, egi_id id, egi_id d)
{
    egi_shape a = shape_of(x, id, 0);
    switch ((int)egi_at(x->from, id)->op) {
    case EGI_BROADCAST: repeated(x, id, d); break;
    case EGI_RESHAPE: egi_pass(x, id, 0, egi_reshape(x->to, d, &a)); break;
    case EGI_TRANSPOSE: transposed(x, id, d); break;
    case EGI_SLICE: sliced(x, id, d); break;
    case EGI_DSLICE: read_at(x, id, d); break;
    case EGI_UPDATE: updated(x, id, d); break;
    case EGI_CONCAT: joined(x, id, d); break;
    case EGI_PAD: surrounded(x, id, d); break;
    case EGI_GATHER: taken(x, id, d); break;
    default: scattered(x, id, d); break;
    }
}
