/* What moves elements: UPDATE, CONCAT, PAD, GATHER along an axis, SCATTER.
 *
 * Almost all is one function, `copy`: rows of contiguous elements, whose places in source and target are walked through
 * the axes around.  Rows are cut into pieces, and threads take pieces, so that one long row is shared as well as many
 * short ones.  Where an operation writes an element twice (a base and what is put into it), a barrier stands between,
 * or both are left to the thread that owns the place. */
#include "jit/walk.h"

#include <stdio.h>

typedef LLVMValueRef value;

enum { PIECE = 1024 /* elements of a row that a thread copies at a time */ };

/* Bits are moved, not numbers: types of one size share their functions. */
static LLVMTypeRef unit_of(const egi_irb *b, eg_dtype t)
{
    size_t size = eg_dtype_size(t);
    return size == 1 ? b->i8 : size == 4 ? b->i32 : b->i64;
}

/* to[0..n) = from[0..n), or = splat where `from` is a number (not a pointer). */
static void move(const egi_lower *l, egi_irb *b, LLVMTypeRef unit, value to, value from, value n)
{
    egi_irb_loop loop;
    bool fill = LLVMTypeOf(from) != b->ptr;
    unsigned lanes = LLVMGetIntTypeWidth(unit) == 64 ? l->lanes / 2 : l->lanes;
    value whole = LLVMBuildAnd(b->b, n, egi_irb_i64(b, -(int64_t)lanes), ""), first = egi_irb_i64(b, 0);
    value many = fill ? egi_irb_splat(b, from, lanes) : NULL;
    for (unsigned width = lanes; width; width = width > 1 ? 1 : 0) {
        value end = width > 1 ? whole : n;
        value i = egi_irb_loop_begin(b, &loop, first, end, egi_irb_i64(b, width));
        value x =
            fill ? width > 1 ? many : from : egi_irb_load(b, egi_irb_vec(unit, width), egi_irb_at(b, unit, from, i));
        egi_irb_store(b, x, egi_irb_at(b, unit, to, i));
        egi_irb_loop_end(b, &loop);
        first = whole;
    }
}

static value pieces_of(egi_irb *b, value n)
{
    value up = LLVMBuildAdd(b->b, n, egi_irb_i64(b, PIECE - 1), "");
    return LLVMBuildUDiv(b->b, up, egi_irb_i64(b, PIECE), "");
}

/* -- fill and copy ----------------------------------------------------------------------------------------------- */

/* A row of the target and where it comes from. */
typedef struct rows {
    eg_dtype t;
    value to, from;   /* pointers; from may be a number to fill with */
    value n;          /* elements of a row */
    egi_walk out, in; /* places of rows: same extents */
} rows;

/* void copy(ptr to, ptr or number from, i64 lo, i64 hi, i64 n, out..., in...): pieces lo to hi */
static void copy(egi_lower *l, const rows *r)
{
    egi_irb b;
    egi_irb_loop loop;
    char key[64];
    bool fill = LLVMTypeOf(r->from) != l->b.ptr;
    LLVMTypeRef unit = unit_of(&l->b, r->t);
    value fn, lo, hi, tasks = LLVMBuildMul(l->b.b, egi_walk_count(&l->b, &r->out), pieces_of(&l->b, r->n), "");
    egi_lower_slice(l, tasks, 1, &lo, &hi);
    egi_call c = {.n = 5, .arg = {r->to, r->from, lo, hi, r->n}};
    egi_call_walk(&c, &r->out);
    if (!fill) egi_call_walk(&c, &r->in);
    snprintf(key, sizeof key, "%s.%u.%d", fill ? "fill" : "copy", LLVMGetIntTypeWidth(unit), r->out.rank);
    if (egi_call_function(l, key, &c, l->b.none, &fn, &b)) {
        unsigned next = 5;
        value n = LLVMGetParam(fn, 4), pieces = pieces_of(&b, n);
        egi_walk out = egi_call_param_walk(fn, &next, r->out.rank), in = {0};
        if (!fill) in = egi_call_param_walk(fn, &next, r->in.rank);
        value k = egi_irb_loop_begin(&b, &loop, LLVMGetParam(fn, 2), LLVMGetParam(fn, 3), egi_irb_i64(&b, 1));
        value row = LLVMBuildUDiv(b.b, k, pieces, "");
        value at = LLVMBuildMul(b.b, LLVMBuildURem(b.b, k, pieces, ""), egi_irb_i64(&b, PIECE), "");
        value size = egi_irb_min(&b, LLVMBuildSub(b.b, n, at, ""), egi_irb_i64(&b, PIECE)), from = LLVMGetParam(fn, 1);
        value to_at = LLVMBuildAdd(b.b, egi_walk_offset(&b, &out, row), at, "");
        if (!fill) from = egi_irb_at(&b, unit, from, LLVMBuildAdd(b.b, egi_walk_offset(&b, &in, row), at, ""));
        move(l, &b, unit, egi_irb_at(&b, unit, LLVMGetParam(fn, 0), to_at), from, size);
        egi_irb_loop_end(&b, &loop);
        LLVMBuildRetVoid(b.b);
        egi_irb_close(&b);
    }
    egi_call_emit(&l->b, fn, &c);
}

/* A number as the bits that memory holds. */
static value bits_of(egi_lower *l, eg_dtype t, value x)
{
    if (t == EG_BOOL) return LLVMBuildZExt(l->b.b, x, l->b.i8, "");
    return LLVMBuildBitCast(l->b.b, x, unit_of(&l->b, t), "");
}

static void copy_all(egi_lower *l, egi_id id)
{
    rows r = {.t = egi_dtype_of(l->g, id), .to = egi_lower_pointer(l, id), .from = egi_lower_array(l, id, 0)};
    r.n = egi_lower_count(l, egi_shape_of(l->g, id));
    copy(l, &r);
}

/* Puts operand k into the result, which has the same rank, from element `to` on.  Axes that both have whole are one. */
static void put(egi_lower *l, egi_id id, uint32_t k, value to)
{
    const egi_shape *s = egi_shape_of(l->g, id), *p = egi_shape_of(l->g, egi_arg(l->g, id, k));
    rows r = {.t = egi_dtype_of(l->g, id), .to = to, .from = egi_lower_array(l, id, k)};
    int first = s->rank - 1;
    while (first > 0 && s->dim[first] == p->dim[first]) first--;
    r.n = egi_lower_product(l, s->rank - first, p->dim + first);
    for (int end = first; end > 0;) {
        int from = end - 1;
        while (from > 0 && s->dim[from] == p->dim[from]) from--;
        value dim = egi_lower_product(l, end - from, p->dim + from);
        egi_walk_add(&r.out, dim, egi_lower_product(l, s->rank - end, s->dim + end));
        egi_walk_add(&r.in, dim, egi_lower_product(l, s->rank - end, p->dim + end));
        end = from;
    }
    copy(l, &r);
}

/* -- operations -------------------------------------------------------------------------------------------------- */

static value element_at(egi_lower *l, egi_id id, value offset)
{
    return egi_irb_at(&l->b, egi_lower_memory(l, egi_dtype_of(l->g, id)), egi_lower_pointer(l, id), offset);
}

static value stride(egi_lower *l, const egi_shape *s, int axis)
{
    return egi_lower_product(l, s->rank - axis - 1, s->dim + axis + 1);
}

/* The result lies where the first operand lay: nothing of that is to be copied. */
static bool is_in_place(const egi_lower *l, egi_id id)
{
    egi_id a = egi_arg(l->g, id, 0);
    return l->p->place[a].buffer == l->p->place[id].buffer && l->p->place[a].row == l->p->place[id].row;
}

static void update(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_shape *s = egi_shape_of(g, id), *u = egi_shape_of(g, egi_arg(g, id, 1));
    value offset = egi_irb_i64(&l->b, 0);
    if (s->rank == 0) {
        egi_irb_if f;
        value x = egi_lower_scalar(l, egi_arg(g, id, 1)), to = egi_lower_pointer(l, id);
        egi_lower_thread0(l, &f);
        egi_lower_store(&l->b, egi_dtype_of(g, id), x, to, 1, NULL);
        egi_irb_if_end(&l->b, &f);
        return;
    }
    for (int k = 0; k < s->rank; k++) {
        value start = egi_lower_scalar(l, egi_arg(g, id, 2 + (uint32_t)k));
        value last = LLVMBuildSub(l->b.b, egi_lower_size(l, s->dim[k]), egi_lower_size(l, u->dim[k]), "");
        start = egi_irb_max(&l->b, egi_irb_min(&l->b, start, last), egi_irb_i64(&l->b, 0));
        offset = LLVMBuildAdd(l->b.b, offset, LLVMBuildMul(l->b.b, start, stride(l, s, k), ""), "");
    }
    if (!is_in_place(l, id)) {
        copy_all(l, id);
        egi_lower_barrier(l);
    }
    put(l, id, 1, element_at(l, id, offset));
}

/* Are two arrays joined whose elements take turns: real and imaginary parts? */
static bool takes_turns(const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id);
    const egi_shape *s = egi_shape_of(g, id);
    const int last = s->rank - 1;
    return n->num_args == 2 && egi_ints_of(g, n)[0] == last && s->dim[last] == 2 &&
           eg_dtype_size((eg_dtype)n->dtype) > 1 && egi_shape_of(g, egi_arg(g, id, 0))->dim[last] == 1;
}

/* void take_turns(ptr to, ptr a, ptr b, i64 lo, i64 hi): to[2i] = a[i], to[2i + 1] = b[i] */
static void take_turns(egi_lower *l, egi_id id)
{
    egi_irb b;
    egi_irb_loop loop;
    char key[64];
    LLVMTypeRef unit = unit_of(&l->b, egi_dtype_of(l->g, id));
    const unsigned lanes = LLVMGetIntTypeWidth(unit) == 64 ? l->lanes / 2 : l->lanes;
    value fn, lo, hi, n = egi_lower_count(l, egi_shape_of(l->g, egi_arg(l->g, id, 0)));
    egi_lower_slice(l, n, 64, &lo, &hi);
    egi_call c = {.n = 5,
                  .arg = {egi_lower_pointer(l, id), egi_lower_array(l, id, 0), egi_lower_array(l, id, 1), lo, hi}};
    snprintf(key, sizeof key, "turns.%u", LLVMGetIntTypeWidth(unit));
    if (egi_call_function(l, key, &c, l->b.none, &fn, &b)) {
        value to = LLVMGetParam(fn, 0), x = LLVMGetParam(fn, 1), y = LLVMGetParam(fn, 2);
        value first = LLVMGetParam(fn, 3), last = LLVMGetParam(fn, 4), mask[2 * 16];
        value count = LLVMBuildAnd(b.b, LLVMBuildSub(b.b, last, first, ""), egi_irb_i64(&b, -(int64_t)lanes), "");
        value whole = LLVMBuildAdd(b.b, first, count, "");
        for (unsigned k = 0; k < 2 * lanes; k++) mask[k] = LLVMConstInt(b.i32, k / 2 + (k % 2 ? lanes : 0), 0);
        for (unsigned width = lanes; width; width = width > 1 ? 1 : 0) {
            value i = egi_irb_loop_begin(&b, &loop, first, width > 1 ? whole : last, egi_irb_i64(&b, width));
            LLVMTypeRef t = egi_irb_vec(unit, width);
            value p = egi_irb_load(&b, t, egi_irb_at(&b, unit, x, i)),
                  q = egi_irb_load(&b, t, egi_irb_at(&b, unit, y, i));
            value at = egi_irb_at(&b, unit, to, LLVMBuildShl(b.b, i, egi_irb_i64(&b, 1), ""));
            if (width > 1) {
                egi_irb_store(&b, LLVMBuildShuffleVector(b.b, p, q, LLVMConstVector(mask, 2 * lanes), ""), at);
            } else {
                egi_irb_store(&b, p, at);
                egi_irb_store(&b, q, egi_irb_at(&b, unit, at, egi_irb_i64(&b, 1)));
            }
            egi_irb_loop_end(&b, &loop);
            first = whole;
        }
        LLVMBuildRetVoid(b.b);
        egi_irb_close(&b);
    }
    egi_call_emit(&l->b, fn, &c);
}

static void concat(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_node *n = egi_at(g, id);
    const egi_shape *s = egi_shape_of(g, id);
    const int axis = (int)egi_ints_of(g, n)[0];
    value offset = egi_irb_i64(&l->b, 0);
    if (takes_turns(g, id)) {
        take_turns(l, id);
        return;
    }
    for (uint32_t k = 0; k < n->num_args; k++) {
        egi_id a = egi_arg(g, id, k);
        put(l, id, k, element_at(l, id, offset));
        value size = LLVMBuildMul(l->b.b, egi_lower_size(l, egi_shape_of(g, a)->dim[axis]), stride(l, s, axis), "");
        offset = LLVMBuildAdd(l->b.b, offset, size, "");
    }
}

static void pad(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_shape *s = egi_shape_of(g, id);
    const eg_dtype t = egi_dtype_of(g, id);
    value offset = egi_irb_i64(&l->b, 0), n = egi_lower_count(l, s);
    rows r = {.t = t, .to = egi_lower_pointer(l, id), .n = n};
    r.from = bits_of(l, t, egi_lower_scalar(l, egi_arg(g, id, 1)));
    copy(l, &r);
    egi_lower_barrier(l);
    for (int k = 0; k < s->rank; k++) {
        value low = egi_lower_size(l, egi_ints_of(g, egi_at(g, id))[k]);
        offset = LLVMBuildAdd(l->b.b, offset, LLVMBuildMul(l->b.b, low, stride(l, s, k), ""), "");
    }
    put(l, id, 0, element_at(l, id, offset));
}

/* -- by index ---------------------------------------------------------------------------------------------------- */

/* Element k of the index as i64: of an array of type t, or the number itself. */
static value index_at(egi_irb *b, eg_dtype t, value index, value k)
{
    bool array = LLVMTypeOf(index) == b->ptr;
    LLVMTypeRef type = t == EG_I64 ? b->i64 : b->i32;
    value i = array ? egi_irb_load(b, type, egi_irb_at(b, type, index, k)) : index;
    return LLVMBuildIntCast2(b->b, i, b->i64, t != EG_U32, "");
}

/* An array's address, or the number. */
static value operand(egi_lower *l, egi_id id, uint32_t k)
{
    egi_id a = egi_arg(l->g, id, k);
    return egi_is_scalar(l->g, a) ? egi_lower_scalar(l, a) : egi_lower_array(l, id, k);
}

/* (to, from, index, lo, hi, n, num, extent): pieces lo to hi of outer x num rows of n elements */
static void gather_body(egi_lower *l, egi_irb *b, value fn, LLVMTypeRef unit, eg_dtype t)
{
    egi_irb_loop loop;
    value n = LLVMGetParam(fn, 5), num = LLVMGetParam(fn, 6), extent = LLVMGetParam(fn, 7), pieces = pieces_of(b, n);
    value k = egi_irb_loop_begin(b, &loop, LLVMGetParam(fn, 3), LLVMGetParam(fn, 4), egi_irb_i64(b, 1));
    value row = LLVMBuildUDiv(b->b, k, pieces, "");
    value at = LLVMBuildMul(b->b, LLVMBuildURem(b->b, k, pieces, ""), egi_irb_i64(b, PIECE), "");
    value size = egi_irb_min(b, LLVMBuildSub(b->b, n, at, ""), egi_irb_i64(b, PIECE));
    value i = index_at(b, t, LLVMGetParam(fn, 2), LLVMBuildURem(b->b, row, num, ""));
    i = egi_irb_min(b, i, LLVMBuildSub(b->b, extent, egi_irb_i64(b, 1), ""));
    i = egi_irb_max(b, i, egi_irb_i64(b, 0));
    value outer = LLVMBuildMul(b->b, LLVMBuildUDiv(b->b, row, num, ""), extent, "");
    value from = LLVMBuildMul(b->b, LLVMBuildAdd(b->b, outer, i, ""), n, "");
    from = egi_irb_at(b, unit, LLVMGetParam(fn, 1), LLVMBuildAdd(b->b, from, at, ""));
    value to = LLVMBuildAdd(b->b, LLVMBuildMul(b->b, row, n, ""), at, "");
    move(l, b, unit, egi_irb_at(b, unit, LLVMGetParam(fn, 0), to), from, size);
    egi_irb_loop_end(b, &loop);
    LLVMBuildRetVoid(b->b);
}

static void gather(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_id x = egi_arg(g, id, 0), index = egi_arg(g, id, 1);
    const egi_shape *s = egi_shape_of(g, x);
    const eg_dtype t = egi_dtype_of(g, index);
    const int axis = (int)egi_ints_of(g, egi_at(g, id))[0];
    egi_irb *b = &l->b, body;
    char key[64];
    LLVMTypeRef unit = unit_of(b, egi_dtype_of(g, id));
    value fn, lo, hi, n = stride(l, s, axis), num = egi_lower_count(l, egi_shape_of(g, index));
    value count = LLVMBuildMul(b->b, egi_lower_product(l, axis, s->dim), num, "");
    egi_lower_slice(l, LLVMBuildMul(b->b, count, pieces_of(b, n), ""), 1, &lo, &hi);
    egi_call c = {.n = 8,
                  .arg = {egi_lower_pointer(l, id), egi_lower_array(l, id, 0), operand(l, id, 1), lo, hi, n, num,
                          egi_lower_size(l, s->dim[axis])}};
    snprintf(key, sizeof key, "gather.%u.%s%s", LLVMGetIntTypeWidth(unit), eg_dtype_name(t),
             egi_is_scalar(g, index) ? ".one" : "");
    if (egi_call_function(l, key, &c, b->none, &fn, &body)) {
        gather_body(l, &body, fn, unit, t);
        egi_irb_close(&body);
    }
    egi_call_emit(b, fn, &c);
}

/* to[0..n) += u[0..n), or += u where that is a number; of bool: or. */
static void add_row(const egi_lower *l, egi_irb *b, eg_dtype t, value to, value u, value n)
{
    egi_irb_loop loop;
    const bool array = LLVMTypeOf(u) == b->ptr;
    LLVMTypeRef memory = egi_lower_memory(l, t);
    unsigned lanes = egi_lower_lanes(l, t);
    value first = egi_irb_i64(b, 0), whole = LLVMBuildAnd(b->b, n, egi_irb_i64(b, -(int64_t)lanes), "");
    for (unsigned width = array ? lanes : 1; width; width = width > 1 ? 1 : 0) {
        value i = egi_irb_loop_begin(b, &loop, first, width > 1 ? whole : n, egi_irb_i64(b, width));
        value at = egi_irb_at(b, memory, to, i);
        value more = array ? egi_lower_load(b, t, egi_irb_at(b, memory, u, i), width) : u;
        value pair[] = {egi_lower_load(b, t, at, width), more};
        egi_lower_store(b, t, egi_lower_op(b, t == EG_BOOL ? EGI_OR : EGI_ADD, t, t, pair, width), at, width, NULL);
        egi_irb_loop_end(b, &loop);
        first = whole;
    }
}

/* (to, base, index, u, lo, hi, row, num): rows lo to hi of the target; base NULL in place.  Every thread looks at the
 * whole index, in its order, and adds what falls on its own rows. */
static void scatter_body(egi_lower *l, egi_irb *b, value fn, eg_dtype t, eg_dtype ti)
{
    egi_irb_loop loop;
    egi_irb_if f;
    LLVMTypeRef unit = unit_of(b, t), memory = egi_lower_memory(l, t);
    value p[8];
    for (unsigned k = 0; k < 8; k++) p[k] = LLVMGetParam(fn, k);
    value lo = p[4], hi = p[5], row = p[6], first = LLVMBuildMul(b->b, lo, row, "");
    egi_irb_if_begin(b, &f, LLVMBuildICmp(b->b, LLVMIntNE, p[1], LLVMConstNull(b->ptr), ""));
    value size = LLVMBuildMul(b->b, LLVMBuildSub(b->b, hi, lo, ""), row, "");
    move(l, b, unit, egi_irb_at(b, unit, p[0], first), egi_irb_at(b, unit, p[1], first), size);
    egi_irb_if_end(b, &f);
    value k = egi_irb_loop_begin(b, &loop, egi_irb_i64(b, 0), p[7], egi_irb_i64(b, 1));
    value i = index_at(b, ti, p[2], k), above = LLVMBuildICmp(b->b, LLVMIntSGE, i, lo, "");
    value own = LLVMBuildAnd(b->b, above, LLVMBuildICmp(b->b, LLVMIntSLT, i, hi, ""), "");
    egi_irb_if_begin(b, &f, own);
    value u = p[3];
    if (LLVMTypeOf(u) == b->ptr) u = egi_irb_at(b, memory, u, LLVMBuildMul(b->b, k, row, ""));
    add_row(l, b, t, egi_irb_at(b, memory, p[0], LLVMBuildMul(b->b, i, row, "")), u, row);
    egi_irb_if_end(b, &f);
    egi_irb_loop_end(b, &loop);
    LLVMBuildRetVoid(b->b);
}

static void scatter(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_id index = egi_arg(g, id, 1), u = egi_arg(g, id, 2);
    const egi_shape *s = egi_shape_of(g, id);
    const eg_dtype t = egi_dtype_of(g, id), ti = egi_dtype_of(g, index);
    egi_irb *b = &l->b, body;
    char key[64];
    value fn, lo, hi, from = is_in_place(l, id) ? LLVMConstNull(b->ptr) : egi_lower_array(l, id, 0);
    egi_lower_slice(l, egi_lower_size(l, s->dim[0]), 1, &lo, &hi);
    egi_call c = {.n = 8,
                  .arg = {egi_lower_pointer(l, id), from, operand(l, id, 1), operand(l, id, 2), lo, hi, stride(l, s, 0),
                          egi_lower_count(l, egi_shape_of(g, index))}};
    snprintf(key, sizeof key, "scatter.%s.%s%s%s", eg_dtype_name(t), eg_dtype_name(ti),
             egi_is_scalar(g, index) ? ".one" : "", egi_is_scalar(g, u) ? ".number" : "");
    if (egi_call_function(l, key, &c, b->none, &fn, &body)) {
        scatter_body(l, &body, fn, t, ti);
        egi_irb_close(&body);
    }
    egi_call_emit(b, fn, &c);
}

void egi_lower_shape(egi_lower *l, egi_id id)
{
    switch ((int)egi_at(l->g, id)->op) {
    case EGI_UPDATE: update(l, id); break;
    case EGI_CONCAT: concat(l, id); break;
    case EGI_PAD: pad(l, id); break;
    case EGI_GATHER: gather(l, id); break;
    default: scatter(l, id); break;
    }
}
