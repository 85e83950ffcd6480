/* Making values, and operations that change shape. */
#include "api/ops.h"

/* A shape that a user gave as numbers; negative extents are errors here. */
static bool read_shape(egi_call *c, int rank, const int64_t *dims, egi_shape *out)
{
    eg_spec spec = {.dtype = EG_BOOL, .rank = rank};
    *out = (egi_shape){.rank = rank};
    if (!c->g) return false;
    if (rank < 0 || rank > EG_MAX_RANK)
        return egi_wrong(c, EG_ERR_SHAPE, "rank %d; ranks are 0 to %d", rank, EG_MAX_RANK);
    if (rank && !dims) return egi_wrong(c, EG_ERR_ARGUMENT, "the extents are NULL; give an array of %d", rank);
    for (int k = 0; k < rank; k++) spec.dim[k] = out->dim[k] = dims[k];
    if (egi_spec_count(spec) >= 0) return true;
    return egi_wrong(c, EG_ERR_SHAPE,
                     "%s: an extent is negative, or there are more elements than any memory; use smaller ones",
                     egi_show_shape(out).s);
}

/* -- making ------------------------------------------------------------------------------------------------------- */

static eg_val full(const char *name, eg_context *eg, eg_spec spec, eg_val x, const char *file, int line)
{
    egi_call c = egi_begin_in(eg, name, file, line, 1, &x);
    egi_shape s;
    if (!c.g || !egi_check_spec(eg, spec, name, file, line) || !read_shape(&c, spec.rank, spec.dim, &s))
        return eg_nothing();
    egi_id id = egi_operand(&c, x, spec.dtype), scalar = id;
    if (!id) return eg_nothing();
    if (egi_shape_of(c.g, scalar)->rank) {
        egi_wrong(&c, EG_ERR_SHAPE, "%s fills nothing; give a number or a scalar, or use eg_broadcast",
                  egi_show(&c, x).s);
        return eg_nothing();
    }
    return egi_end(&c, egi_fill(&c, id, &s));
}

eg_val(eg_full)(eg_context *eg, eg_spec spec, eg_val x, const char *file, int line)
{
    return full("eg_full", eg, spec, x, file, line);
}

eg_val(eg_zeros)(eg_context *eg, eg_spec spec, const char *file, int line)
{
    return full("eg_zeros", eg, spec, eg_int(0), file, line);
}

eg_val(eg_ones)(eg_context *eg, eg_spec spec, const char *file, int line)
{
    return full("eg_ones", eg, spec, eg_int(1), file, line);
}

/* IOTA counts in i32, i64 and floats. */
static egi_id iota(egi_call *c, int64_t n, eg_dtype type)
{
    egi_shape s = {.rank = 1, .dim = {n}};
    bool direct = type == EG_I32 || type == EG_I64 || egi_is_float(type);
    if (n > INT32_MAX && !egi_is_float(type) && !egi_is_complex(type) && type != EG_I64)
        return egi_wrong(c, EG_ERR_TYPE, "%lld does not fit into %s; use EG_I64", (long long)n, eg_dtype_name(type));
    return egi_convert(c->g, type,
                       egi_iota(c->g,
                                direct                 ? type
                                : egi_is_complex(type) ? egi_part_type(type)
                                                       : EG_I32,
                                &s, 0));
}

eg_val(eg_iota)(eg_context *eg, int64_t n, eg_dtype type, const char *file, int line)
{
    egi_call c = egi_begin_in(eg, "eg_iota", file, line, 0, NULL);
    if (!c.g || !egi_check_spec(eg, eg_vector(type, n), "eg_iota", file, line)) return eg_nothing();
    return egi_end(&c, iota(&c, n, type));
}

eg_val(eg_one_hot)(eg_val index, int64_t n, eg_dtype type, const char *file, int line)
{
    egi_call c = egi_begin("eg_one_hot", file, line, 1, &index);
    egi_shape s = {0};
    if (!c.g || !egi_check_spec(c.eg, eg_vector(type, n), "eg_one_hot", file, line)) return eg_nothing();
    egi_shape i = egi_shape_at(&c, index.id);
    if (egi_is_float(egi_dtype_of(c.g, index.id)) || egi_is_complex(egi_dtype_of(c.g, index.id))) {
        egi_wrong(&c, EG_ERR_TYPE, "the index is %s; give integers", egi_show(&c, index).s);
        return eg_nothing();
    }
    int64_t dims[EG_MAX_RANK + 1];
    memcpy(dims, i.dim, sizeof i.dim);
    dims[i.rank] = n;
    if (!read_shape(&c, i.rank + 1, dims, &s)) return eg_nothing();
    eg_dtype t = n > INT32_MAX ? EG_I64 : egi_promote(egi_dtype_of(c.g, index.id), EG_I32);
    int64_t axes[EG_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    egi_id a = egi_broadcast_axes(c.g, egi_operand(&c, index, t), &s, axes);
    egi_id b = egi_iota(c.g, t, &s, i.rank);
    return egi_end(&c, egi_convert(c.g, type, egi_op2(c.g, EGI_EQ, a, b)));
}

/* -- shape -------------------------------------------------------------------------------------------------------- */

eg_val(eg_broadcast)(eg_val x, int rank, const int64_t *dims, const char *file, int line)
{
    egi_call c = egi_begin("eg_broadcast", file, line, 1, &x);
    egi_shape s;
    if (!c.g || !read_shape(&c, rank, dims, &s)) return eg_nothing();
    egi_shape from = egi_shape_at(&c, x.id);
    if (!egi_fits(&from, &s))
        egi_wrong(&c, EG_ERR_SHAPE,
                  "%s does not broadcast to %s; extents are aligned at the last axis and must be equal "
                  "or 1 (eg_new_axis puts one in)",
                  egi_show(&c, x).s, egi_show_shape(&s).s);
    return egi_end(&c, c.g ? egi_broadcast(c.g, x.id, &s) : 0);
}

/* Gives the extent -1 its value. */
static bool complete(egi_call *c, eg_val x, int rank, const int64_t *dims, int64_t *out)
{
    egi_shape from = egi_shape_at(c, x.id);
    int64_t have = egi_shape_count(&from), known = 1;
    int open = -1;
    for (int k = 0; k < rank && k < EG_MAX_RANK && dims; k++) {
        out[k] = dims[k];
        if (dims[k] != -1) {
            if (__builtin_mul_overflow(known, dims[k], &known)) known = -1;
        } else if (open >= 0) {
            return egi_wrong(c, EG_ERR_SHAPE, "two extents are -1; give one of them");
        } else {
            open = k;
        }
    }
    if (open >= 0 && (known <= 0 || have % known))
        return egi_wrong(c, EG_ERR_SHAPE, "%s has %lld elements, no multiple of %lld; give another extent",
                         egi_show(c, x).s, (long long)have, (long long)known);
    if (open >= 0) out[open] = have / known;
    return true;
}

eg_val(eg_reshape)(eg_val x, int rank, const int64_t *dims, const char *file, int line)
{
    egi_call c = egi_begin("eg_reshape", file, line, 1, &x);
    int64_t full[EG_MAX_RANK] = {0};
    egi_shape s;
    if (!c.g || !complete(&c, x, rank, dims, full) || !read_shape(&c, rank, dims ? full : NULL, &s))
        return eg_nothing();
    egi_shape from = egi_shape_at(&c, x.id);
    if (egi_shape_count(&s) != egi_shape_count(&from))
        egi_wrong(&c, EG_ERR_SHAPE, "%s has %lld elements, %s has %lld; they must be as many", egi_show(&c, x).s,
                  (long long)egi_shape_count(&from), egi_show_shape(&s).s, (long long)egi_shape_count(&s));
    return egi_end(&c, c.g ? egi_reshape(c.g, x.id, &s) : 0);
}

eg_val(eg_transpose)(eg_val x, int n, const int *perm, const char *file, int line)
{
    egi_call c = egi_begin("eg_transpose", file, line, 1, &x);
    if (!c.g) return eg_nothing();
    int rank = egi_shape_at(&c, x.id).rank;
    int64_t p[EG_MAX_RANK] = {0};
    bool used[EG_MAX_RANK] = {false};
    if (n != 0 && (n != rank || !perm)) {
        egi_wrong(&c, EG_ERR_SHAPE, "%d axes for %s; give each of its axes once, or none to reverse them", n,
                  egi_show(&c, x).s);
        return eg_nothing();
    }
    for (int k = 0; k < rank; k++) {
        int axis = n ? egi_axis(&c, perm[k], rank) : rank - 1 - k;
        if (axis < 0) return eg_nothing();
        if (used[axis]) {
            egi_wrong(&c, EG_ERR_SHAPE, "axis %d is given twice; give each axis of %s once", axis, egi_show(&c, x).s);
            return eg_nothing();
        }
        used[axis] = true;
        p[k] = axis;
    }
    return egi_end(&c, egi_transpose(c.g, x.id, p));
}

eg_val(eg_swap_axes)(eg_val x, int a, int b, const char *file, int line)
{
    egi_call c = egi_begin("eg_swap_axes", file, line, 1, &x);
    if (!c.g) return eg_nothing();
    const int rank = egi_shape_at(&c, x.id).rank;
    a = egi_axis(&c, a, rank);
    b = a < 0 ? a : egi_axis(&c, b, rank);
    if (b < 0) return eg_nothing();
    int64_t p[EG_MAX_RANK] = {0};
    for (int k = 0; k < rank; k++) p[k] = k == a ? b : k == b ? a : k;
    return egi_end(&c, egi_transpose(c.g, x.id, p));
}

/* A new axis of extent 1 in front of axis `axis` of the result. */
static egi_id new_axis(egi_call *c, egi_id x, int axis)
{
    egi_shape from = egi_shape_at(c, x), s = {.rank = from.rank + 1};
    for (int k = 0, old = 0; k < s.rank; k++) s.dim[k] = k == axis ? 1 : from.dim[old++];
    return egi_reshape(c->g, x, &s);
}

eg_val(eg_new_axis)(eg_val x, int axis, const char *file, int line)
{
    egi_call c = egi_begin("eg_new_axis", file, line, 1, &x);
    if (!c.g) return eg_nothing();
    int rank = egi_shape_at(&c, x.id).rank;
    if (rank == EG_MAX_RANK)
        egi_wrong(&c, EG_ERR_SHAPE, "%s has all the %d axes a value can have", egi_show(&c, x).s, EG_MAX_RANK);
    axis = egi_axis(&c, axis, rank + 1);
    return egi_end(&c, axis < 0 ? 0 : new_axis(&c, x.id, axis));
}

/* -- joining ------------------------------------------------------------------------------------------------------ */

enum { MAX_JOINED = 4096 };

/* The operands as nodes of one type, in the graph's arena; NULL after an error.  `out` shapes agree but for `axis`. */
static egi_id *joined(egi_call *c, int n, const eg_val *x, int *axis, bool stack)
{
    eg_dtype t = egi_meet(c, EGI_ALLOW_ALL, n, x);
    egi_id *id = c->g ? egi_arena_alloc(&c->g->arena, (size_t)n * sizeof *id) : NULL;
    if (!id) {
        if (c->g) egi_no_memory(c->eg);
        return NULL;
    }
    for (int k = 0; k < n; k++) id[k] = egi_operand(c, x[k], t);
    egi_shape first = egi_shape_at(c, id[0]);
    if (c->g && first.rank == 0 && !stack)
        egi_wrong(c, EG_ERR_SHAPE, "%s has no axis; use eg_stack to make a vector of scalars", egi_show(c, x[0]).s);
    if (c->g && first.rank == EG_MAX_RANK && stack)
        egi_wrong(c, EG_ERR_SHAPE, "%s has all the %d axes a value can have", egi_show(c, x[0]).s, EG_MAX_RANK);
    *axis = egi_axis(c, *axis, first.rank + stack);
    for (int k = 1; c->g && k < n; k++) {
        egi_shape s = egi_shape_at(c, id[k]), like = s;
        if (!stack && s.rank == first.rank) like.dim[*axis] = first.dim[*axis];
        if (!egi_shape_equal(&like, &first))
            egi_wrong(c, EG_ERR_SHAPE, "%s and %s (number %d) do not fit together; %s", egi_show(c, x[0]).s,
                      egi_show(c, x[k]).s, k,
                      stack ? "shapes must be equal" : "extents but that of the axis must be equal");
    }
    return c->g ? id : NULL;
}

static eg_val join(const char *name, int axis, int n, const eg_val *x, bool stack, const char *file, int line)
{
    bool good = n > 0 && n <= MAX_JOINED && x;
    egi_call c = egi_begin(name, file, line, n > 0 && x ? n : 0, x);
    if (!good) egi_wrong(&c, EG_ERR_ARGUMENT, "%d values; give 1 to %d and an array of them", n, MAX_JOINED);
    if (!c.g) return eg_nothing();
    egi_id *id = joined(&c, n, x, &axis, stack);
    if (!id) return eg_nothing();
    for (int k = 0; stack && k < n; k++) id[k] = new_axis(&c, id[k], axis);
    return egi_end(&c, egi_concat(c.g, (uint32_t)n, id, axis));
}

eg_val(eg_concat)(int axis, int n, const eg_val *x, const char *file, int line)
{
    return join("eg_concat", axis, n, x, false, file, line);
}

eg_val(eg_stack)(int axis, int n, const eg_val *x, const char *file, int line)
{
    return join("eg_stack", axis, n, x, true, file, line);
}
