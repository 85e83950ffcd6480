/* Taking parts of values and putting them in: slices, rows, gather, scatter, roll, pad. */
#include "api/ops.h"

static int64_t clamp(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }

/* Starts of DSLICE and UPDATE: 0 but for one axis. */
static void starts(egi_call *c, int rank, int axis, egi_id at, egi_id *out)
{
    egi_id zero = egi_const_i(c->g, EG_I64, 0);
    for (int k = 0; k < rank; k++) out[k] = k == axis ? at : zero;
}

static egi_shape without(egi_shape s, int axis)
{
    s.rank--;
    for (int k = axis; k < s.rank; k++) s.dim[k] = s.dim[k + 1];
    return s;
}

/* Position of an element that a user names by a number; -1 after an error. */
static int64_t position(egi_call *c, eg_val x, eg_val i, int64_t extent)
{
    int64_t at = egi_plain_int(i);
    if (!egi_plain_is_int(i)) {
        egi_wrong(c, EG_ERR_TYPE, "the index is %s; give an integer", egi_show(c, i).s);
        return -1;
    }
    if (at >= -extent && at < extent) return at < 0 ? at + extent : at;
    egi_wrong(c, EG_ERR_ARGUMENT, "index %lld into %s, which has %lld; use %d to %lld, or negative ones from the end",
              (long long)at, egi_show(c, x).s, (long long)extent, 0, (long long)extent - 1);
    return -1;
}

/* Start of a part of `size` along the axis, as an i64 scalar; moved inside by the operation. */
static egi_id start_of(egi_call *c, eg_val x, eg_val i, int axis, bool element)
{
    int64_t at = 0, extent = egi_shape_at(c, x.id).dim[axis];
    if (!element || !egi_is_plain(i)) return egi_scalar_index(c, i, EG_I64, element ? "the index" : "the start");
    at = position(c, x, i, extent);
    return at < 0 ? 0 : egi_const_i(c->g, EG_I64, at);
}

/* `size` elements along the axis from a start that is a node. */
static egi_id part(egi_call *c, egi_id x, int axis, egi_id start, int64_t size)
{
    egi_id at[EG_MAX_RANK];
    if (!c->g || !start) return 0;
    egi_shape s = egi_shape_at(c, x);
    const egi_node *n = egi_at(c->g, start);
    if (n->op == EGI_CONST)
        return egi_slice_axis(c->g, x, axis, clamp((int64_t)n->imm, 0, s.dim[axis] - size), size, 1);
    s.dim[axis] = size;
    starts(c, s.rank, axis, start, at);
    return egi_dslice(c->g, x, &s, at);
}

/* Element i along the axis, which disappears. */
static egi_id element(egi_call *c, eg_val x, int axis, eg_val i)
{
    egi_shape s = egi_shape_at(c, x.id);
    if (s.dim[axis] == 0)
        return egi_wrong(c, EG_ERR_SHAPE, "%s is empty along axis %d; there is no element to take", egi_show(c, x).s,
                         axis);
    egi_id id = part(c, x.id, axis, start_of(c, x, i, axis, true), 1);
    s = without(s, axis);
    return id ? egi_reshape(c->g, id, &s) : 0;
}

/* Checks that x is traced and has the axis; the axis, or -1 after an error. */
static int axis_of(egi_call *c, eg_val x, int axis)
{
    if (!egi_traced(c, x, "the first operand")) return -1;
    int rank = egi_shape_at(c, x.id).rank;
    if (rank) return egi_axis(c, axis, rank);
    egi_wrong(c, EG_ERR_SHAPE, "%s has no axis; give a vector, matrix, ...", egi_show(c, x).s);
    return -1;
}

/* -- slices ------------------------------------------------------------------------------------------------------- */

eg_val(eg_slice)(eg_val x, int axis, int64_t start, int64_t stop, int64_t step, const char *file, int line)
{
    egi_call c = egi_begin("eg_slice", file, line, 1, &x);
    axis = axis_of(&c, x, axis);
    if (axis < 0) return eg_nothing();
    if (step == 0) {
        egi_wrong(&c, EG_ERR_ARGUMENT, "the step is 0; use 1, or -1 to go backwards");
        return eg_nothing();
    }
    int64_t n = egi_shape_at(&c, x.id).dim[axis], size;
    bool up = step > 0;
    step = clamp(step, -n - 1, n + 1);
    if (start < 0) start = start < -n ? -1 : start + n;
    if (stop == EG_END)
        stop = up ? n : -1;
    else if (stop < 0)
        stop = stop < -n ? -1 : stop + n;
    start = up ? clamp(start, 0, n) : clamp(start, -1, n - 1);
    stop = up ? clamp(stop, 0, n) : clamp(stop, -1, n - 1);
    size = up ? (stop - start + step - 1) / step : (start - stop - step - 1) / -step;
    return egi_end(&c, egi_slice_axis(c.g, x.id, axis, start, size > 0 ? size : 0, step));
}

eg_val(eg_slice_at)(eg_val x, int axis, eg_val start, int64_t size, const char *file, int line)
{
    eg_val v[] = {x, start};
    egi_call c = egi_begin("eg_slice_at", file, line, 2, v);
    axis = axis_of(&c, x, axis);
    if (axis < 0) return eg_nothing();
    int64_t extent = egi_shape_at(&c, x.id).dim[axis];
    if (size < 0 || size > extent)
        egi_wrong(&c, EG_ERR_SHAPE, "%lld elements of %s along axis %d; use 0 to %lld", (long long)size,
                  egi_show(&c, x).s, axis, (long long)extent);
    return egi_end(&c, c.g ? part(&c, x.id, axis, start_of(&c, x, start, axis, false), size) : 0);
}

eg_val(eg_row)(eg_val x, eg_val i, const char *file, int line)
{
    eg_val v[] = {x, i};
    egi_call c = egi_begin("eg_row", file, line, 2, v);
    return egi_end(&c, axis_of(&c, x, 0) < 0 ? 0 : element(&c, x, 0, i));
}

eg_val(eg_flip)(eg_val x, int axis, const char *file, int line)
{
    egi_call c = egi_begin("eg_flip", file, line, 1, &x);
    axis = axis_of(&c, x, axis);
    if (axis < 0) return eg_nothing();
    int64_t n = egi_shape_at(&c, x.id).dim[axis];
    return egi_end(&c, egi_slice_axis(c.g, x.id, axis, n - 1, n, -1));
}

eg_val(eg_roll)(eg_val x, int64_t by, int axis, const char *file, int line)
{
    egi_call c = egi_begin("eg_roll", file, line, 1, &x);
    axis = axis_of(&c, x, axis);
    if (axis < 0) return eg_nothing();
    int64_t n = egi_shape_at(&c, x.id).dim[axis];
    by = n ? by % n : 0;
    if (by < 0) by += n;
    if (by == 0) return x;
    egi_id parts[] = {egi_slice_axis(c.g, x.id, axis, n - by, by, 1), egi_slice_axis(c.g, x.id, axis, 0, n - by, 1)};
    return egi_end(&c, egi_concat(c.g, 2, parts, axis));
}

eg_val(eg_pad)(eg_val x, int axis, int64_t before, int64_t after, eg_val value, const char *file, int line)
{
    eg_val v[] = {x, value};
    egi_call c = egi_begin("eg_pad", file, line, 2, v);
    axis = axis_of(&c, x, axis);
    if (axis < 0) return eg_nothing();
    egi_shape s = egi_shape_at(&c, x.id);
    int64_t low[EG_MAX_RANK] = {0};
    low[axis] = before;
    if (before < 0 || after < 0 || before > INT32_MAX || after > INT32_MAX) {
        egi_wrong(&c, EG_ERR_ARGUMENT, "%lld elements before and %lld after; give 0 to 2147483647", (long long)before,
                  (long long)after);
        return eg_nothing();
    }
    s.dim[axis] += before + after;
    eg_spec spec = {.dtype = EG_F64, .rank = s.rank};
    memcpy(spec.dim, s.dim, sizeof s.dim);
    egi_id id = egi_operand_like(&c, value, "the value", x);
    if (!id || !egi_check_spec(c.eg, spec, "eg_pad", file, line)) return eg_nothing();
    if (egi_shape_at(&c, id).rank)
        egi_wrong(&c, EG_ERR_SHAPE, "the value is %s; give a number or a scalar", egi_show(&c, value).s);
    return egi_end(&c, c.g ? egi_pad(c.g, x.id, id, &s, low) : 0);
}

/* -- putting in --------------------------------------------------------------------------------------------------- */

eg_val(eg_update_slice)(eg_val x, eg_val u, int axis, eg_val start, const char *file, int line)
{
    eg_val v[] = {x, u, start};
    egi_call c = egi_begin("eg_update_slice", file, line, 3, v);
    axis = axis_of(&c, x, axis);
    egi_id id = axis < 0 ? 0 : egi_operand_like(&c, u, "the part", x), at[EG_MAX_RANK];
    if (!id) return eg_nothing();
    egi_shape s = egi_shape_at(&c, x.id), p = egi_shape_at(&c, id);
    int64_t extent = s.dim[axis];
    s.dim[axis] = p.rank == s.rank ? p.dim[axis] : 1;
    if ((p.rank && !egi_shape_equal(&s, &p)) || s.dim[axis] > extent) {
        egi_wrong(&c, EG_ERR_SHAPE, "%s does not go into %s along axis %d; give as many axes and equal other extents",
                  egi_show(&c, u).s, egi_show(&c, x).s, axis);
        return eg_nothing();
    }
    egi_id from = start_of(&c, x, start, axis, false);
    if (!from) return eg_nothing();
    starts(&c, s.rank, axis, from, at);
    return egi_end(&c, egi_update(c.g, x.id, egi_fill(&c, id, &s), at));
}

eg_val(eg_update_row)(eg_val x, eg_val i, eg_val u, const char *file, int line)
{
    eg_val v[] = {x, i, u};
    egi_call c = egi_begin("eg_update_row", file, line, 3, v);
    egi_id id = axis_of(&c, x, 0) < 0 ? 0 : egi_operand_like(&c, u, "the row", x), at[EG_MAX_RANK];
    if (!id) return eg_nothing();
    egi_shape s = egi_shape_at(&c, x.id), row = without(s, 0), p = egi_shape_at(&c, id);
    if (!egi_fits(&p, &row) || s.dim[0] == 0) {
        egi_wrong(&c, EG_ERR_SHAPE, "%s does not go into a row of %s; give %s, or what broadcasts to it",
                  egi_show(&c, u).s, egi_show(&c, x).s, egi_show_shape(&row).s);
        return eg_nothing();
    }
    egi_id from = start_of(&c, x, i, 0, true);
    if (!from) return eg_nothing();
    starts(&c, s.rank, 0, from, at);
    s.dim[0] = 1;
    return egi_end(&c, egi_update(c.g, x.id, egi_reshape(c.g, egi_broadcast(c.g, id, &row), &s), at));
}

/* -- gather, scatter ---------------------------------------------------------------------------------------------- */

/* The index as a node of an integer type, of a rank that fits beside `others` axes. */
static egi_id index_of(egi_call *c, eg_val index, int others)
{
    bool good = egi_is_plain(index) ? egi_plain_is_int(index) : egi_is_int(egi_dtype_of(c->g, index.id));
    if (!good)
        return egi_wrong(c, EG_ERR_TYPE, "the index is %s; give integers, or use eg_where with conditions",
                         egi_show(c, index).s);
    egi_id id = egi_operand(c, index, egi_is_plain(index) ? EG_I64 : egi_dtype_of(c->g, index.id));
    if (egi_shape_at(c, id).rank + others > EG_MAX_RANK)
        return egi_wrong(c, EG_ERR_SHAPE, "the index %s gives more than %d axes; reshape it", egi_show(c, index).s,
                         EG_MAX_RANK);
    return id;
}

eg_val(eg_gather)(eg_val x, eg_val index, int axis, const char *file, int line)
{
    eg_val v[] = {x, index};
    egi_call c = egi_begin("eg_gather", file, line, 2, v);
    axis = axis_of(&c, x, axis);
    if (axis < 0) return eg_nothing();
    if (egi_is_plain(index)) return egi_end(&c, element(&c, x, axis, index));
    egi_shape s = egi_shape_at(&c, x.id);
    egi_id id = index_of(&c, index, s.rank - 1);
    if (!id) return eg_nothing();
    egi_shape i = egi_shape_at(&c, id);
    if (s.dim[axis] == 0 && egi_shape_count(&i) > 0)
        egi_wrong(&c, EG_ERR_SHAPE, "%s is empty along axis %d; there is no element to take", egi_show(&c, x).s, axis);
    return egi_end(&c, c.g ? egi_gather(c.g, x.id, id, axis) : 0);
}

eg_val(eg_scatter_add)(eg_val x, eg_val index, eg_val u, const char *file, int line)
{
    eg_val v[] = {x, index, u};
    egi_call c = egi_begin("eg_scatter_add", file, line, 3, v);
    if (axis_of(&c, x, 0) < 0) return eg_nothing();
    if (egi_dtype_of(c.g, x.id) == EG_BOOL) {
        egi_wrong(&c, EG_ERR_TYPE, "%s holds no sums; convert it with eg_convert", egi_show(&c, x).s);
        return eg_nothing();
    }
    egi_shape s = egi_shape_at(&c, x.id), to;
    egi_id id = index_of(&c, index, s.rank - 1), add = id ? egi_operand_like(&c, u, "what is added,", x) : 0;
    if (!add) return eg_nothing();
    to = egi_shape_at(&c, id);
    for (int k = 1; k < s.rank; k++) to.dim[to.rank++] = s.dim[k];
    egi_shape have = egi_shape_at(&c, add);
    if (!egi_fits(&have, &to)) {
        egi_wrong(&c, EG_ERR_SHAPE, "%s does not broadcast to %s, the index's shape and that of a row of %s",
                  egi_show(&c, u).s, egi_show_shape(&to).s, egi_show(&c, x).s);
        return eg_nothing();
    }
    return egi_end(&c, egi_scatter_add(c.g, x.id, id, egi_broadcast(c.g, add, &to)));
}
