/* Builders of nodes that reduce, move and multiply elements. */
#include "ir/shape.h"

#include "ir/complex.h"

/* What is done to a complex value is done to both parts. */
#define BOTH(g, z, of_part)                                                                                            \
    do {                                                                                                               \
        if (!egi_is_pair(g, z)) break;                                                                                 \
        egi_id part = egi_arg(g, z, 0), re = (of_part);                                                                \
        part = egi_arg(g, z, 1);                                                                                       \
        return egi_pair(g, re, (of_part));                                                                             \
    } while (0)

static egi_id make(egi_graph *g, egi_op op, eg_dtype t, const egi_shape *s, uint32_t n, const egi_id *a, int ints,
                   const int64_t *v)
{
    egi_make m = {.op = op, .dtype = t, .shape = egi_shape_intern(g, s), .num_args = n, .args = a};
    m.attr = egi_ints(g, ints, v);
    return egi_node_make(g, &m);
}

static egi_id like(egi_graph *g, egi_op op, egi_id a, const egi_shape *s, int ints, const int64_t *v)
{
    return make(g, op, egi_dtype_of(g, a), s, 1, &a, ints, v);
}

/* A copy: interning another shape may move the table. */
static egi_shape shape(const egi_graph *g, egi_id a) { return *egi_shape_of(g, a); }

egi_id egi_reshape(egi_graph *g, egi_id a, const egi_shape *s)
{
    BOTH(g, a, egi_reshape(g, part, s));
    if (!a || egi_shape_equal(egi_shape_of(g, a), s)) return a;
    if (egi_at(g, a)->op == EGI_RESHAPE) return egi_reshape(g, egi_arg(g, a, 0), s);
    return like(g, EGI_RESHAPE, a, s, 0, NULL);
}

egi_id egi_broadcast_axes(egi_graph *g, egi_id a, const egi_shape *s, const int64_t *axes)
{
    BOTH(g, a, egi_broadcast_axes(g, part, s, axes));
    if (!a || egi_shape_equal(egi_shape_of(g, a), s)) return a;
    return like(g, EGI_BROADCAST, a, s, egi_shape_of(g, a)->rank, axes);
}

egi_id egi_broadcast(egi_graph *g, egi_id a, const egi_shape *s)
{
    if (!a) return 0;
    int64_t axes[EG_MAX_RANK] = {0};
    int rank = egi_shape_of(g, a)->rank;
    for (int k = 0; k < rank; k++) axes[k] = s->rank - rank + k;
    return egi_broadcast_axes(g, a, s, axes);
}

egi_id egi_transpose(egi_graph *g, egi_id a, const int64_t *perm)
{
    BOTH(g, a, egi_transpose(g, part, perm));
    if (!a) return 0;
    egi_shape x = shape(g, a), s = x;
    bool same = true;
    if (egi_at(g, a)->op == EGI_TRANSPOSE) {
        int64_t both[EG_MAX_RANK];
        const int64_t *first = egi_ints_of(g, egi_at(g, a));
        for (int k = 0; k < x.rank; k++) both[k] = first[perm[k]];
        return egi_transpose(g, egi_arg(g, a, 0), both);
    }
    for (int k = 0; k < x.rank; k++) {
        s.dim[k] = x.dim[perm[k]];
        same = same && perm[k] == k;
    }
    return same ? a : like(g, EGI_TRANSPOSE, a, &s, x.rank, perm);
}

egi_id egi_slice(egi_graph *g, egi_id a, const egi_shape *s, const int64_t *start, const int64_t *step)
{
    BOTH(g, a, egi_slice(g, part, s, start, step));
    if (!a) return 0;
    egi_shape x = shape(g, a);
    int64_t v[2 * EG_MAX_RANK];
    bool same = true;
    for (int k = 0; k < x.rank; k++) {
        v[2 * k] = start[k];
        v[2 * k + 1] = step[k];
        same = same && start[k] == 0 && step[k] == 1 && s->dim[k] == x.dim[k];
    }
    return same ? a : like(g, EGI_SLICE, a, s, 2 * x.rank, v);
}

egi_id egi_slice_axis(egi_graph *g, egi_id a, int axis, int64_t start, int64_t size, int64_t step)
{
    if (!a) return 0;
    egi_shape s = shape(g, a);
    int64_t starts[EG_MAX_RANK] = {0}, steps[EG_MAX_RANK];
    for (int k = 0; k < EG_MAX_RANK; k++) steps[k] = 1;
    starts[axis] = size ? start : 0;
    steps[axis] = size > 1 ? step : 1;
    s.dim[axis] = size;
    return egi_slice(g, a, &s, starts, steps);
}

egi_id egi_dslice(egi_graph *g, egi_id a, const egi_shape *s, const egi_id *start)
{
    BOTH(g, a, egi_dslice(g, part, s, start));
    if (!a) return 0;
    egi_id v[1 + EG_MAX_RANK] = {a};
    int rank = egi_shape_of(g, a)->rank;
    for (int k = 0; k < rank; k++) v[1 + k] = start[k];
    if (egi_shape_equal(egi_shape_of(g, a), s)) return a; /* every start is clamped to 0 */
    return make(g, EGI_DSLICE, egi_dtype_of(g, a), s, (uint32_t)(1 + rank), v, 0, NULL);
}

/* What was read from memory is changed there, as one array, so that a loop can do it in place. */
static egi_id update_pair(egi_graph *g, egi_id a, egi_id u, const egi_id *start)
{
    egi_id whole = egi_array_of(g, a), at[EG_MAX_RANK];
    if (!whole || egi_shape_of(g, u)->rank == EG_MAX_RANK)
        return egi_pair(g, egi_update(g, egi_re(g, a), egi_re(g, u), start),
                        egi_update(g, egi_im(g, a), egi_im(g, u), start));
    int rank = egi_shape_of(g, a)->rank;
    memcpy(at, start, (size_t)rank * sizeof *at);
    at[rank] = egi_const_i(g, EG_I64, 0);
    return egi_from_stored(g, egi_update(g, whole, egi_to_stored(g, u), at));
}

egi_id egi_update(egi_graph *g, egi_id a, egi_id u, const egi_id *start)
{
    if (!a || !u) return 0;
    if (egi_is_pair(g, a)) return update_pair(g, a, u, start);
    egi_id v[2 + EG_MAX_RANK] = {a, u};
    egi_shape s = shape(g, a);
    for (int k = 0; k < s.rank; k++) v[2 + k] = start[k];
    if (egi_shape_equal(&s, egi_shape_of(g, u))) return u;
    return make(g, EGI_UPDATE, egi_dtype_of(g, a), &s, (uint32_t)(2 + s.rank), v, 0, NULL);
}

static egi_id concat_pairs(egi_graph *g, uint32_t n, const egi_id *a, int axis)
{
    egi_id *re = egi_arena_alloc(&g->arena, n * sizeof *re), *im = egi_arena_alloc(&g->arena, n * sizeof *im);
    if (!re || !im) {
        egi_no_memory(g->eg);
        return 0;
    }
    for (uint32_t k = 0; k < n; k++) {
        re[k] = egi_re(g, a[k]);
        im[k] = egi_im(g, a[k]);
    }
    return egi_pair(g, egi_concat(g, n, re, axis), egi_concat(g, n, im, axis));
}

egi_id egi_concat(egi_graph *g, uint32_t n, const egi_id *a, int axis)
{
    for (uint32_t k = 0; k < n; k++) {
        if (!a[k]) return 0;
    }
    if (n == 1) return a[0];
    if (egi_is_pair(g, a[0])) return concat_pairs(g, n, a, axis);
    egi_shape s = shape(g, a[0]);
    for (uint32_t k = 1; k < n; k++) s.dim[axis] += egi_shape_of(g, a[k])->dim[axis];
    int64_t v = axis;
    return make(g, EGI_CONCAT, egi_dtype_of(g, a[0]), &s, n, a, 1, &v);
}

egi_id egi_pad(egi_graph *g, egi_id a, egi_id value, const egi_shape *s, const int64_t *low)
{
    if (egi_is_pair(g, a) && value)
        return egi_pair(g, egi_pad(g, egi_re(g, a), egi_re(g, value), s, low),
                        egi_pad(g, egi_im(g, a), egi_im(g, value), s, low));
    if (!a || !value || egi_shape_equal(egi_shape_of(g, a), s)) return value ? a : 0;
    egi_id v[] = {a, value};
    return make(g, EGI_PAD, egi_dtype_of(g, a), s, 2, v, s->rank, low);
}

egi_id egi_gather(egi_graph *g, egi_id a, egi_id index, int axis)
{
    BOTH(g, a, egi_gather(g, part, index, axis));
    if (!a || !index) return 0;
    egi_shape x = shape(g, a), i = shape(g, index), s = {.rank = x.rank - 1 + i.rank};
    memcpy(s.dim, x.dim, (size_t)axis * sizeof *s.dim);
    memcpy(s.dim + axis, i.dim, (size_t)i.rank * sizeof *s.dim);
    memcpy(s.dim + axis + i.rank, x.dim + axis + 1, (size_t)(x.rank - 1 - axis) * sizeof *s.dim);
    egi_id v[] = {a, index};
    int64_t ax = axis;
    return make(g, EGI_GATHER, egi_dtype_of(g, a), &s, 2, v, 1, &ax);
}

egi_id egi_scatter_add(egi_graph *g, egi_id a, egi_id index, egi_id u)
{
    if (egi_is_pair(g, a) && u)
        return egi_pair(g, egi_scatter_add(g, egi_re(g, a), index, egi_re(g, u)),
                        egi_scatter_add(g, egi_im(g, a), index, egi_im(g, u)));
    if (!a || !index || !u) return 0;
    egi_shape s = shape(g, a);
    egi_id v[] = {a, index, u};
    return make(g, EGI_SCATTER, egi_dtype_of(g, a), &s, 3, v, 0, NULL);
}

egi_id egi_iota(egi_graph *g, eg_dtype t, const egi_shape *s, int axis)
{
    int64_t v = axis;
    return make(g, EGI_IOTA, t, s, 0, NULL, 1, &v);
}

egi_id egi_reduce(egi_graph *g, egi_op op, egi_id a, int n, const int64_t *axes)
{
    BOTH(g, a, egi_reduce(g, op, part, n, axes));
    if (!a || n == 0) return a;
    egi_shape x = shape(g, a), s = {0};
    for (int k = 0, next = 0; k < x.rank; k++) {
        if (next < n && axes[next] == k)
            next++;
        else
            s.dim[s.rank++] = x.dim[k];
    }
    eg_dtype t = egi_ops[op].rule == EGI_RULE_INT32 ? EG_I32 : egi_dtype_of(g, a);
    return make(g, op, t, &s, 1, &a, n, axes);
}

egi_id egi_scan(egi_graph *g, egi_op op, egi_id a, int axis)
{
    BOTH(g, a, egi_scan(g, op, part, axis));
    if (!a) return 0;
    egi_shape s = shape(g, a);
    int64_t v = axis;
    eg_dtype t = egi_ops[op].rule == EGI_RULE_INT32 ? EG_I32 : egi_dtype_of(g, a);
    return make(g, op, t, &s, 1, &a, op == EGI_CUMSUM, &v);
}

egi_id egi_pack(egi_graph *g, egi_id a)
{
    if (!a) return 0;
    egi_shape s = shape(g, a);
    s.dim[s.rank - 1] = (s.dim[s.rank - 1] + 31) / 32;
    return make(g, EGI_PACK, EG_U32, &s, 1, &a, 0, NULL);
}

egi_id egi_unpack(egi_graph *g, egi_id a, int64_t n)
{
    if (!a) return 0;
    egi_shape s = shape(g, a);
    s.dim[s.rank - 1] = n;
    const egi_node *made = egi_at(g, a);
    egi_id of = made->op == EGI_PACK ? egi_arg(g, a, 0) : 0;
    if (of && egi_shape_of(g, of)->dim[s.rank - 1] == n) return of; /* the other extents are the same */
    return make(g, EGI_UNPACK, EG_BOOL, &s, 1, &a, 0, NULL);
}

egi_id egi_batch_mean(egi_graph *g, egi_id a)
{
    BOTH(g, a, egi_batch_mean(g, part));
    if (!a) return 0;
    egi_shape s = shape(g, a);
    return like(g, EGI_BATCH_MEAN, a, &s, 0, NULL);
}

/* Products of the parts, one with a real operand for each of the other's, then their difference and sum. */
static egi_id dot_pairs(egi_graph *g, egi_id a, egi_id b)
{
    egi_id ar = egi_re(g, a), br = egi_re(g, b), re = egi_dot(g, ar, br);
    if (!egi_is_pair(g, b)) return egi_pair(g, re, egi_dot(g, egi_im(g, a), br));
    egi_id im = egi_dot(g, ar, egi_im(g, b));
    if (!egi_is_pair(g, a)) return egi_pair(g, re, im);
    re = egi_op2(g, EGI_SUB, re, egi_dot(g, egi_im(g, a), egi_im(g, b)));
    return egi_pair(g, re, egi_op2(g, EGI_ADD, im, egi_dot(g, egi_im(g, a), br)));
}

egi_id egi_dot(egi_graph *g, egi_id a, egi_id b)
{
    if (a && b && (egi_is_pair(g, a) || egi_is_pair(g, b))) return dot_pairs(g, a, b);
    return egi_dot_from(g, a, b, 0);
}

egi_id egi_dot_from(egi_graph *g, egi_id a, egi_id b, egi_id base)
{
    if (!a || !b) return 0;
    egi_shape s = shape(g, a);
    const egi_shape *y = egi_shape_of(g, b);
    s.dim[s.rank - 1] = y->dim[y->rank - 1];
    egi_id v[] = {a, b, base};
    return make(g, EGI_DOT, egi_dtype_of(g, a), &s, base ? 3 : 2, v, 0, NULL);
}
