/* Spikes times connections.
 *
 * Delivery: each thread walks through all threads' lists of spikes, in ascending order of sources, and adds into its
 * own targets only; the plan of rows (runtime/csr.h) gives it its part of each row.  The row of the spike after next is
 * fetched ahead: rows are read once and are seldom in the cache. */
#include "jit/lower.h"

#include <stdio.h>

#include "core/context.h"

enum { AHEAD = 2, LINE = 64 };

/* Bytes of one thread's part of a list: see EGI_BUF_LIST.  Computed once a run. */
static LLVMValueRef part_size(egi_lower *l, LLVMValueRef n)
{
    LLVMBuilderRef b = l->entry;
    LLVMValueRef nt = LLVMBuildZExt(b, l->nt, l->b.i64, ""), one = egi_irb_i64(&l->b, 1);
    LLVMValueRef blocks = LLVMBuildUDiv(b, n, egi_irb_i64(&l->b, 64), "");
    LLVMValueRef most = LLVMBuildUDiv(b, LLVMBuildAdd(b, blocks, LLVMBuildSub(b, nt, one, ""), ""), nt, "");
    LLVMValueRef elements = LLVMBuildMul(b, LLVMBuildAdd(b, most, one, ""), egi_irb_i64(&l->b, 64), "");
    return LLVMBuildMul(b, LLVMBuildAdd(b, elements, egi_irb_i64(&l->b, LINE / 4), ""), egi_irb_i64(&l->b, 4), "");
}

LLVMValueRef egi_lower_list(egi_lower *l, uint32_t buffer, LLVMValueRef n, LLVMValueRef parity, LLVMValueRef thread)
{
    egi_irb *b = &l->b;
    LLVMValueRef nt = LLVMBuildZExt(b->b, l->nt, b->i64, "");
    LLVMValueRef part = LLVMBuildAdd(b->b, LLVMBuildMul(b->b, parity, nt, ""), thread, "");
    LLVMValueRef base = egi_lower_place(l, (egi_place){.buffer = buffer}, 0);
    return egi_irb_at(b, b->i8, base, LLVMBuildMul(b->b, part, part_size(l, n), ""));
}

/* -- delivery ------------------------------------------------------------------------------------------------------ */

enum { D_LIST, D_PART, D_PTR, D_TARGET, D_OUT, D_WEIGHT, D_VALUE, D_TID, D_NT, D_PARAMS };
typedef enum weight_kind { ONE, PER_ROW, PER_SYNAPSE } weight_kind;

static LLVMValueRef sub_row(egi_irb *b, LLVMValueRef fn, LLVMValueRef row, LLVMValueRef *end)
{
    LLVMValueRef at = LLVMBuildMul(b->b, row, LLVMGetParam(fn, D_NT), "");
    at = LLVMBuildAdd(b->b, at, LLVMGetParam(fn, D_TID), "");
    LLVMValueRef p = egi_irb_at(b, b->i64, LLVMGetParam(fn, D_PTR), at);
    *end = egi_irb_load(b, b->i64, egi_irb_at(b, b->i64, p, egi_irb_i64(b, 1)));
    return egi_irb_load(b, b->i64, p);
}

static LLVMValueRef source_at(egi_irb *b, LLVMValueRef list, LLVMValueRef k)
{
    return LLVMBuildZExt(b->b, egi_irb_load(b, b->i32, egi_irb_at(b, b->i32, list, k)), b->i64, "");
}

static void fetch(egi_irb *b, LLVMValueRef p)
{
    LLVMTypeRef ptr = b->ptr;
    LLVMValueRef args[] = {p, egi_irb_i32(b, 0), egi_irb_i32(b, 3), egi_irb_i32(b, 1)};
    egi_irb_intrinsic(b, "llvm.prefetch", &ptr, 1, args, 4);
}

/* Asks for the targets, and weights if each has its own, of a spike that comes soon. */
static void fetch_ahead(egi_irb *b, LLVMValueRef fn, LLVMValueRef list, LLVMValueRef k, LLVMValueRef n,
                        LLVMTypeRef weight)
{
    egi_irb_if soon;
    LLVMValueRef next = LLVMBuildAdd(b->b, k, egi_irb_i64(b, AHEAD), ""), end;
    egi_irb_if_begin(b, &soon, LLVMBuildICmp(b->b, LLVMIntSLT, next, n, ""));
    LLVMValueRef start = sub_row(b, fn, source_at(b, list, next), &end);
    LLVMValueRef target = LLVMGetParam(fn, D_TARGET);
    egi_irb_loop lines;
    LLVMValueRef i = egi_irb_loop_begin(b, &lines, start, end, egi_irb_i64(b, LINE / 4));
    fetch(b, egi_irb_at(b, b->i32, target, i));
    for (int half = 0; weight && half < (weight == b->f64 || weight == b->i64 ? 2 : 1); half++) {
        LLVMValueRef at = LLVMBuildAdd(b->b, i, egi_irb_i64(b, half * LINE / 8), "");
        fetch(b, egi_irb_at(b, weight, LLVMGetParam(fn, D_WEIGHT), at));
    }
    egi_irb_loop_end(b, &lines);
    egi_irb_if_end(b, &soon);
}

static void add_synapse(egi_irb *b, LLVMValueRef fn, LLVMTypeRef t, LLVMValueRef e, weight_kind kind, LLVMValueRef w,
                        LLVMValueRef value)
{
    LLVMValueRef target = egi_irb_load(b, b->i32, egi_irb_at(b, b->i32, LLVMGetParam(fn, D_TARGET), e));
    LLVMValueRef at = egi_irb_at(b, t, LLVMGetParam(fn, D_OUT), LLVMBuildSExt(b->b, target, b->i64, ""));
    LLVMValueRef old = egi_irb_load(b, t, at);
    bool is_float = LLVMGetTypeKind(t) != LLVMIntegerTypeKind;
    if (kind == PER_SYNAPSE) w = egi_irb_load(b, t, egi_irb_at(b, t, LLVMGetParam(fn, D_WEIGHT), e));
    LLVMValueRef sum;
    if (value)
        sum = is_float ? egi_irb_fma(b, value, w, old) : LLVMBuildAdd(b->b, LLVMBuildMul(b->b, value, w, ""), old, "");
    else
        sum = is_float ? LLVMBuildFAdd(b->b, old, w, "") : LLVMBuildAdd(b->b, old, w, "");
    egi_irb_store(b, sum, at);
}

/* One row: four synapses at a time, then the rest.  Equal targets may follow each other, so the order is kept. */
static void add_row(egi_irb *b, LLVMValueRef fn, LLVMTypeRef t, LLVMValueRef start, LLVMValueRef end, weight_kind kind,
                    LLVMValueRef w, LLVMValueRef value)
{
    egi_irb_loop by4, rest;
    LLVMValueRef most = LLVMBuildSub(b->b, end, egi_irb_i64(b, 3), "");
    LLVMValueRef e = egi_irb_loop_begin(b, &by4, start, most, egi_irb_i64(b, 4));
    LLVMValueRef done = egi_irb_carry(b, &by4, start);
    for (int k = 0; k < 4; k++) add_synapse(b, fn, t, LLVMBuildAdd(b->b, e, egi_irb_i64(b, k), ""), kind, w, value);
    egi_irb_carry_next(&by4, done, LLVMBuildAdd(b->b, e, egi_irb_i64(b, 4), ""));
    egi_irb_loop_end(b, &by4);
    LLVMValueRef i = egi_irb_loop_begin(b, &rest, egi_irb_carry_out(&by4, done), end, egi_irb_i64(b, 1));
    add_synapse(b, fn, t, i, kind, w, value);
    egi_irb_loop_end(b, &rest);
}

static LLVMValueRef deliver_function(egi_lower *l, eg_dtype t, weight_kind kind, bool values)
{
    char key[64];
    snprintf(key, sizeof key, "deliver %s %d %d", eg_dtype_name(t), (int)kind, values);
    LLVMValueRef fn = egi_lower_find(l, key);
    if (fn) return fn;
    egi_irb b;
    LLVMTypeRef m = egi_lower_memory(l, t), ptr = l->b.ptr, i64 = l->b.i64;
    LLVMTypeRef params[D_PARAMS] = {ptr, i64, ptr, ptr, ptr, kind == ONE ? m : ptr, ptr, i64, i64};
    fn = egi_lower_function(l, key, "deliver", l->b.none, D_PARAMS, params, &b);
    egi_irb_loop threads, spikes;
    LLVMValueRef u = egi_irb_loop_begin(&b, &threads, egi_irb_i64(&b, 0), LLVMGetParam(fn, D_NT), egi_irb_i64(&b, 1));
    LLVMValueRef at = LLVMBuildMul(b.b, u, LLVMGetParam(fn, D_PART), "");
    LLVMValueRef part = egi_irb_at(&b, b.i8, LLVMGetParam(fn, D_LIST), at);
    LLVMValueRef count = egi_irb_load(&b, i64, part), list = egi_irb_at(&b, i64, part, egi_irb_i64(&b, 1));
    LLVMValueRef k = egi_irb_loop_begin(&b, &spikes, egi_irb_i64(&b, 0), count, egi_irb_i64(&b, 1));
    fetch_ahead(&b, fn, list, k, count, kind == PER_SYNAPSE ? m : NULL);
    LLVMValueRef source = source_at(&b, list, k), end, start = sub_row(&b, fn, source, &end);
    LLVMValueRef w = kind == ONE ? LLVMGetParam(fn, D_WEIGHT) : NULL, value = NULL;
    if (kind == PER_ROW) w = egi_irb_load(&b, m, egi_irb_at(&b, m, LLVMGetParam(fn, D_WEIGHT), source));
    if (values) value = egi_irb_load(&b, m, egi_irb_at(&b, m, LLVMGetParam(fn, D_VALUE), source));
    add_row(&b, fn, m, start, end, kind, w, value);
    egi_irb_loop_end(&b, &spikes);
    egi_irb_loop_end(&b, &threads);
    LLVMBuildRetVoid(b.b);
    egi_irb_close(&b);
    return fn;
}

/* The base is copied to the target unless it lies there already. */
static void copy_base(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    egi_id base = egi_arg(g, id, 0);
    egi_view v;
    egi_view_of(l->p, base, &v);
    if (egi_is_scalar(g, v.base)) {
        char key[48];
        eg_dtype t = egi_dtype_of(g, id);
        snprintf(key, sizeof key, "fill %s", eg_dtype_name(t));
        LLVMValueRef fn = egi_lower_find(l, key), lo, hi;
        LLVMTypeRef m = egi_lower_memory(l, t), params[] = {l->b.ptr, m, l->b.i64, l->b.i64};
        if (!fn) {
            egi_irb b;
            egi_irb_loop loop;
            fn = egi_lower_function(l, key, "fill", l->b.none, 4, params, &b);
            LLVMValueRef wide = egi_irb_splat(&b, LLVMGetParam(fn, 1), l->lanes);
            LLVMValueRef hi_ = LLVMGetParam(fn, 3), most = LLVMBuildSub(b.b, hi_, egi_irb_i64(&b, l->lanes - 1), "");
            LLVMValueRef i = egi_irb_loop_begin(&b, &loop, LLVMGetParam(fn, 2), most, egi_irb_i64(&b, l->lanes));
            LLVMValueRef done = egi_irb_carry(&b, &loop, LLVMGetParam(fn, 2));
            egi_irb_store(&b, wide, egi_irb_at(&b, m, LLVMGetParam(fn, 0), i));
            egi_irb_carry_next(&loop, done, LLVMBuildAdd(b.b, i, egi_irb_i64(&b, l->lanes), ""));
            egi_irb_loop_end(&b, &loop);
            egi_irb_loop rest;
            i = egi_irb_loop_begin(&b, &rest, egi_irb_carry_out(&loop, done), hi_, egi_irb_i64(&b, 1));
            egi_irb_store(&b, LLVMGetParam(fn, 1), egi_irb_at(&b, m, LLVMGetParam(fn, 0), i));
            egi_irb_loop_end(&b, &rest);
            LLVMBuildRetVoid(b.b);
            egi_irb_close(&b);
        }
        egi_lower_slice(l, egi_lower_size(l, egi_shape_of(g, id)->dim[0]), 64, &lo, &hi);
        LLVMValueRef args[] = {egi_lower_pointer(l, id), egi_lower_scalar(l, v.base), lo, hi};
        egi_irb_call(&l->b, fn, args, 4);
        return;
    }
    if (l->p->place[base].buffer == l->p->place[id].buffer && l->p->place[base].row == l->p->place[id].row) return;
    eg_dtype t = egi_dtype_of(g, id);
    LLVMTypeRef m = egi_lower_memory(l, t);
    LLVMValueRef lo, hi, size = egi_irb_i64(&l->b, (int64_t)eg_dtype_size(t));
    egi_lower_slice(l, egi_lower_size(l, egi_shape_of(g, id)->dim[0]), 64, &lo, &hi);
    LLVMValueRef bytes = LLVMBuildMul(l->b.b, LLVMBuildSub(l->b.b, hi, lo, ""), size, "");
    LLVMBuildMemCpy(l->b.b, egi_irb_at(&l->b, m, egi_lower_pointer(l, id), lo), 1,
                    egi_irb_at(&l->b, m, egi_lower_pointer(l, base), lo), 1, bytes);
}

static weight_kind weight_of(const egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    egi_id w = egi_arg(g, id, 2);
    const eg_csr *c = g->csrs.at[egi_at(g, id)->imm];
    if (egi_is_scalar(g, w)) return ONE;
    /* A weight for each synapse where both readings fit. */
    return egi_shape_of(g, w)->dim[0] == eg_csr_size(c) ? PER_SYNAPSE : PER_ROW;
}

static int64_t delivery_of(const egi_lower *l, const egi_stage *s)
{
    const egi_code_delivery d = egi_code_delivery_of(l->p, s);
    int64_t k = 0;
    while (k < l->code->deliveries.n && memcmp(&l->code->deliveries.at[k], &d, sizeof d)) k++;
    return k;
}

/* Where the list of an event begins in this step. */
static LLVMValueRef first_part(egi_lower *l, egi_id event)
{
    LLVMValueRef n = egi_lower_size(l, egi_shape_of(l->g, egi_arg(l->g, event, 1))->dim[0]);
    LLVMValueRef zero = egi_irb_i64(&l->b, 0), parity = zero;
    uint16_t loop = l->p->list_region[event];
    if (loop) parity = LLVMBuildAnd(l->b.b, l->loop_index[loop], egi_irb_i64(&l->b, 1), "");
    return egi_lower_list(l, l->p->list[event], n, parity, zero);
}

/* Asks for the first line of each thread's part: another core has just written it. */
static LLVMValueRef fetch_function(egi_lower *l)
{
    LLVMValueRef fn = egi_lower_find(l, "fetch list");
    if (fn) return fn;
    egi_irb b;
    egi_irb_loop threads;
    LLVMTypeRef params[] = {l->b.ptr, l->b.i64, l->b.i64};
    fn = egi_lower_function(l, "fetch list", "fetch_list", l->b.none, 3, params, &b);
    LLVMValueRef u = egi_irb_loop_begin(&b, &threads, egi_irb_i64(&b, 0), LLVMGetParam(fn, 2), egi_irb_i64(&b, 1));
    fetch(&b, egi_irb_at(&b, b.i8, LLVMGetParam(fn, 0), LLVMBuildMul(b.b, u, LLVMGetParam(fn, 1), "")));
    egi_irb_loop_end(&b, &threads);
    LLVMBuildRetVoid(b.b);
    egi_irb_close(&b);
    return fn;
}

void egi_lower_fetch_lists(egi_lower *l, const egi_stage *s, int64_t n)
{
    for (int64_t k = 0; k < n && s[k].kind == EGI_STAGE_NODE && egi_at(l->g, s[k].node)->op == EGI_EVENT; k++) {
        egi_id id = s[k].node;
        bool before = k > 0 && s[k].barrier;
        for (int64_t j = 0; j < k; j++) before |= l->p->list[s[j].node] == l->p->list[id];
        if (before) continue;
        LLVMValueRef size = egi_lower_size(l, egi_shape_of(l->g, egi_arg(l->g, id, 1))->dim[0]);
        LLVMValueRef args[] = {first_part(l, id), part_size(l, size), LLVMBuildZExt(l->b.b, l->nt, l->b.i64, "")};
        egi_irb_call(&l->b, fetch_function(l), args, 3);
    }
}

void egi_lower_event(egi_lower *l, const egi_stage *s)
{
    const egi_graph *g = l->g;
    egi_irb *b = &l->b;
    egi_id id = s->node, spikes = egi_arg(g, id, 1), w = egi_arg(g, id, 2);
    eg_dtype t = egi_dtype_of(g, id);
    bool values = egi_dtype_of(g, spikes) != EG_BOOL;
    weight_kind kind = weight_of(l, id);
    copy_base(l, id);
    for (int64_t k = 0; k < s->merged.n; k++) copy_base(l, s->merged.at[k]);
    LLVMValueRef n = egi_lower_size(l, egi_shape_of(g, spikes)->dim[0]);
    LLVMValueRef rows[2];
    egi_lower_rows(l, EGI_FRAME_DELIVERIES, delivery_of(l, s), rows);
    LLVMValueRef args[D_PARAMS] = {first_part(l, id),
                                   part_size(l, n),
                                   rows[0],
                                   rows[1],
                                   egi_lower_pointer(l, id),
                                   kind == ONE ? egi_lower_scalar(l, w) : egi_lower_pointer(l, w),
                                   values ? egi_lower_pointer(l, spikes) : LLVMConstNull(b->ptr),
                                   LLVMBuildZExt(b->b, l->tid, b->i64, ""),
                                   LLVMBuildZExt(b->b, l->nt, b->i64, "")};
    egi_irb_call(b, deliver_function(l, t, kind, values), args, D_PARAMS);
}

/* -- transposed: each row gathers from its targets ----------------------------------------------------------------- */

enum { T_PTR, T_TARGET, T_BASE, T_OUT, T_X, T_WEIGHT, T_LO, T_HI, T_PARAMS };

static LLVMValueRef transposed_function(egi_lower *l, eg_dtype t, eg_dtype tx, weight_kind kind)
{
    char key[64];
    snprintf(key, sizeof key, "gather rows %s %s %d", eg_dtype_name(t), eg_dtype_name(tx), (int)kind);
    LLVMValueRef fn = egi_lower_find(l, key);
    if (fn) return fn;
    egi_irb b;
    LLVMTypeRef m = egi_lower_memory(l, t), ptr = l->b.ptr, i64 = l->b.i64;
    LLVMTypeRef params[T_PARAMS] = {ptr, ptr, ptr, ptr, ptr, kind == ONE ? m : ptr, i64, i64};
    fn = egi_lower_function(l, key, "gather_rows", l->b.none, T_PARAMS, params, &b);
    bool is_float = egi_is_float(t);
    egi_irb_loop rows, row;
    LLVMValueRef i = egi_irb_loop_begin(&b, &rows, LLVMGetParam(fn, T_LO), LLVMGetParam(fn, T_HI), egi_irb_i64(&b, 1));
    LLVMValueRef p = egi_irb_at(&b, i64, LLVMGetParam(fn, T_PTR), i), w = LLVMGetParam(fn, T_WEIGHT);
    LLVMValueRef end = egi_irb_load(&b, i64, egi_irb_at(&b, i64, p, egi_irb_i64(&b, 1)));
    LLVMValueRef start = egi_irb_load(&b, i64, p),
                 base = egi_irb_load(&b, m, egi_irb_at(&b, m, LLVMGetParam(fn, T_BASE), i));
    if (kind == PER_ROW) w = egi_irb_load(&b, m, egi_irb_at(&b, m, w, i));
    LLVMValueRef e = egi_irb_loop_begin(&b, &row, start, end, egi_irb_i64(&b, 1)), sum = egi_irb_carry(&b, &row, base);
    LLVMValueRef target = egi_irb_load(&b, b.i32, egi_irb_at(&b, b.i32, LLVMGetParam(fn, T_TARGET), e));
    LLVMValueRef at = LLVMBuildSExt(b.b, target, i64, ""), we = w;
    LLVMValueRef x = egi_lower_load(&b, tx, egi_irb_at(&b, egi_lower_memory(l, tx), LLVMGetParam(fn, T_X), at), 1);
    if (kind == PER_SYNAPSE) we = egi_irb_load(&b, m, egi_irb_at(&b, m, w, e));
    LLVMValueRef next;
    if (tx == EG_BOOL) {
        next = is_float ? LLVMBuildFAdd(b.b, sum, we, "") : LLVMBuildAdd(b.b, sum, we, "");
        next = LLVMBuildSelect(b.b, x, next, sum, "");
    } else {
        next = is_float ? egi_irb_fma(&b, x, we, sum) : LLVMBuildAdd(b.b, LLVMBuildMul(b.b, x, we, ""), sum, "");
    }
    egi_irb_carry_next(&row, sum, next);
    egi_irb_loop_end(&b, &row);
    egi_irb_store(&b, egi_irb_carry_out(&row, sum), egi_irb_at(&b, m, LLVMGetParam(fn, T_OUT), i));
    egi_irb_loop_end(&b, &rows);
    LLVMBuildRetVoid(b.b);
    egi_irb_close(&b);
    return fn;
}

void egi_lower_event_t(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    egi_irb *b = &l->b;
    egi_id base = egi_arg(g, id, 0), x = egi_arg(g, id, 1), w = egi_arg(g, id, 2);
    weight_kind kind = weight_of(l, id);
    LLVMValueRef lo, hi, rows[2];
    egi_lower_rows(l, EGI_FRAME_CSRS, (int64_t)egi_at(g, id)->imm, rows);
    egi_lower_slice(l, egi_lower_size(l, egi_shape_of(g, id)->dim[0]), 1, &lo, &hi);
    LLVMValueRef args[T_PARAMS] = {rows[0],
                                   rows[1],
                                   egi_lower_pointer(l, base),
                                   egi_lower_pointer(l, id),
                                   egi_lower_pointer(l, x),
                                   kind == ONE ? egi_lower_scalar(l, w) : egi_lower_pointer(l, w),
                                   lo,
                                   hi};
    egi_irb_call(b, transposed_function(l, egi_dtype_of(g, id), egi_dtype_of(g, x), kind), args, T_PARAMS);
}
