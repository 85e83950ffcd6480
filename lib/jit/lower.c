/* The main function: scalars in registers, regions as control flow, stages as calls. */
#include "jit/lower.h"

#include <stdio.h>

#include "core/context.h"

/* -- types, sizes, frame ------------------------------------------------------------------------------------------- */

LLVMTypeRef egi_lower_type(const egi_lower *l, eg_dtype t)
{
    switch (t) {
    case EG_BOOL: return l->b.i1;
    case EG_I32:
    case EG_U32: return l->b.i32;
    case EG_I64: return l->b.i64;
    case EG_F32: return l->b.f32;
    case EG_F64: return l->b.f64;
    case EG_DTYPE_COUNT: break;
    }
    return l->b.none;
}

LLVMTypeRef egi_lower_memory(const egi_lower *l, eg_dtype t)
{
    return t == EG_BOOL ? l->b.i8 : egi_lower_type(l, t);
}

static LLVMValueRef element(egi_lower *l, LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef base, int64_t k, LLVMTypeRef load)
{
    LLVMValueRef i = LLVMConstInt(l->b.i64, (unsigned long long)k, 1);
    return LLVMBuildLoad2(b, load, LLVMBuildInBoundsGEP2(b, type, base, &i, 1, ""), "");
}

LLVMValueRef egi_lower_field(egi_lower *l, int field, LLVMTypeRef type)
{
    if (!l->field[field]) l->field[field] = element(l, l->entry, l->b.i64, l->frame, field, type);
    return l->field[field];
}

LLVMValueRef egi_lower_size(egi_lower *l, int64_t value)
{
    int32_t k = value > 16 ? egi_canon_size(l->canon, value) : -1;
    if (k < 0) return egi_irb_i64(&l->b, value);
    if (!l->size[k]) l->size[k] = element(l, l->entry, l->b.i64, egi_lower_field(l, EGI_FRAME_SIZES, l->b.ptr), k, l->b.i64);
    return l->size[k];
}

LLVMValueRef egi_lower_product(egi_lower *l, int n, const int64_t *dim)
{
    LLVMValueRef x = egi_irb_i64(&l->b, 1);
    for (int k = 0; k < n; k++) {
        LLVMValueRef d = egi_lower_size(l, dim[k]);
        x = k ? LLVMBuildMul(l->b.b, x, d, "") : d;
    }
    return x;
}

LLVMValueRef egi_lower_count(egi_lower *l, const egi_shape *s)
{
    return egi_lower_product(l, s->rank, s->dim);
}

static LLVMValueRef buffer(egi_lower *l, uint32_t k)
{
    if (!l->buffer[k])
        l->buffer[k] = element(l, l->entry, l->b.ptr, egi_lower_field(l, EGI_FRAME_BUFFERS, l->b.ptr), k, l->b.ptr);
    return l->buffer[k];
}

LLVMValueRef egi_lower_place(egi_lower *l, egi_place place, egi_id like)
{
    LLVMValueRef p = buffer(l, place.buffer);
    if (!place.row) return p;
    LLVMValueRef at = LLVMBuildMul(l->b.b, l->loop_index[place.row], egi_lower_count(l, egi_shape_of(l->g, like)), "");
    return egi_irb_at(&l->b, egi_lower_memory(l, egi_dtype_of(l->g, like)), p, at);
}

LLVMValueRef egi_lower_pointer(egi_lower *l, egi_id id)
{
    return egi_lower_place(l, l->p->place[id], id);
}

void egi_lower_slice(egi_lower *l, LLVMValueRef rows, int align, LLVMValueRef *lo, LLVMValueRef *hi)
{
    LLVMBuilderRef b = l->b.b;
    LLVMValueRef a = egi_irb_i64(&l->b, align), t = LLVMBuildZExt(b, l->tid, l->b.i64, "");
    LLVMValueRef nt = LLVMBuildZExt(b, l->nt, l->b.i64, ""), blocks = LLVMBuildUDiv(b, rows, a, "");
    LLVMValueRef t1 = LLVMBuildAdd(b, t, egi_irb_i64(&l->b, 1), "");
    *lo = LLVMBuildMul(b, LLVMBuildUDiv(b, LLVMBuildMul(b, blocks, t, ""), nt, ""), a, "lo");
    LLVMValueRef end = LLVMBuildMul(b, LLVMBuildUDiv(b, LLVMBuildMul(b, blocks, t1, ""), nt, ""), a, "");
    *hi = LLVMBuildSelect(b, LLVMBuildICmp(b, LLVMIntEQ, t1, nt, ""), rows, end, "hi");
}

void egi_lower_barrier(egi_lower *l)
{
    LLVMTypeRef params[] = {l->b.ptr, l->b.i32};
    LLVMValueRef args[] = {egi_lower_field(l, EGI_FRAME_TEAM, l->b.ptr), l->tid};
    LLVMBuildCall2(l->b.b, LLVMFunctionType(l->b.none, params, 2, 0), egi_lower_field(l, EGI_FRAME_BARRIER, l->b.ptr),
                   args, 2, "");
}

void egi_lower_thread0(egi_lower *l, egi_irb_if *f)
{
    egi_irb_if_begin(&l->b, f, LLVMBuildICmp(l->b.b, LLVMIntEQ, l->tid, egi_irb_i32(&l->b, 0), ""));
}

/* -- functions --------------------------------------------------------------------------------------------------------- */

LLVMValueRef egi_lower_find(const egi_lower *l, const char *key)
{
    for (int64_t k = 0; k < l->functions.n; k++) {
        if (!strcmp(l->functions.at[k].key, key)) return l->functions.at[k].fn;
    }
    return NULL;
}

LLVMValueRef egi_lower_function(egi_lower *l, const char *key, const char *name, LLVMTypeRef ret, unsigned n,
                                LLVMTypeRef *params, egi_irb *body)
{
    LLVMValueRef fn = egi_irb_function(l->mod, name, ret, params, n, LLVMInternalLinkage);
    egi_named_function f = {egi_alloc(l->allocator, strlen(key) + 1, 16), fn};
    if (f.key) memcpy(f.key, key, strlen(key) + 1);
    if (!f.key || !egi_push(l->allocator, &l->functions, f)) {
        egi_free(l->allocator, f.key);
        l->failed = true;
    }
    egi_irb_open(body, fn);
    return fn;
}

/* -- scalars ------------------------------------------------------------------------------------------------------------ */

static LLVMValueRef constant(egi_lower *l, egi_id id)
{
    const egi_node *n = egi_at(l->g, id);
    uint32_t k = l->canon->literal_of[id];
    if (!k) return egi_lower_bits(&l->b, (eg_dtype)n->dtype, n->imm);
    return element(l, l->entry, l->b.i64, egi_lower_field(l, EGI_FRAME_LITERALS, l->b.ptr), k - 1,
                   egi_lower_type(l, (eg_dtype)n->dtype));
}

static LLVMValueRef entry_load(egi_lower *l, egi_id id)
{
    egi_irb e = l->b;
    e.b = l->entry;
    return egi_lower_load(&e, egi_dtype_of(l->g, id), buffer(l, l->p->place[id].buffer), 1);
}

/* Key of a stream as two i32. */
void egi_lower_key(egi_lower *l, uint64_t stream, LLVMValueRef key[2])
{
    int64_t k = 0;
    while (k < l->code->streams.n && l->code->streams.at[k] != stream) k++;
    if (k == l->code->streams.n && !egi_push(l->allocator, &l->code->streams, stream)) l->failed = true;
    LLVMValueRef keys = egi_lower_field(l, EGI_FRAME_KEYS, l->b.ptr);
    for (int j = 0; j < 2; j++) key[j] = element(l, l->entry, l->b.i32, keys, 2 * k + j, l->b.i32);
}

static LLVMValueRef scalar_random(egi_lower *l, egi_id id)
{
    LLVMValueRef key[2], lane = egi_lower_scalar(l, egi_arg(l->g, id, 0));
    egi_lower_key(l, egi_at(l->g, id)->imm, key);
    return egi_lower_random(l, &l->b, egi_dtype_of(l->g, id), key, l->step, l->inner, lane, egi_irb_i64(&l->b, 0), true, 1);
}

/* A value that is one for a scalar through a view without memory (broadcast to rank 0 does not exist, reshapes do). */
static LLVMValueRef scalar_view(egi_lower *l, egi_id id)
{
    egi_view v;
    egi_view_of(l->p, id, &v);
    return egi_lower_scalar(l, v.base);
}

LLVMValueRef egi_lower_scalar(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_node *n = egi_at(g, id);
    if (l->scalar[id]) return l->scalar[id];
    LLVMValueRef a[3], v;
    switch ((int)n->op) {
    case EGI_CONST: v = constant(l, id); break;
    case EGI_ARG:
    case EGI_VAR:
    case EGI_ARRAY: v = entry_load(l, id); break;
    case EGI_IOTA: v = LLVMConstNull(egi_lower_type(l, (eg_dtype)n->dtype)); break;
    case EGI_BITS: v = scalar_random(l, id); break;
    default:
        if (egi_is_view(g, id)) {
            v = scalar_view(l, id);
            break;
        }
        for (uint32_t k = 0; k < n->num_args && k < 3; k++) a[k] = egi_lower_scalar(l, egi_arg(g, id, k));
        if (egi_flags((egi_op)n->op) & FX) v = egi_lower_math(l, &l->b, (egi_op)n->op, (eg_dtype)n->dtype, a, 1);
        else
            v = egi_lower_op(&l->b, (egi_op)n->op, egi_dtype_of(g, egi_arg(g, id, n->op == EGI_SELECT ? 1 : 0)),
                             (eg_dtype)n->dtype, a, 1);
    }
    return l->scalar[id] = v;
}

/* Scalars of a region that inner regions may use must be computed outside of them. */
static void scalars_up_to(egi_lower *l, uint16_t region, int level)
{
    const egi_graph *g = l->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->region != region || !egi_is_scalar(g, id) || l->scalar[id] || l->p->level[id] > level) continue;
        if (egi_is_stage(l->p, id) || egi_is_read(l->p, id) || n->op == EGI_ITEM || n->op == EGI_PARAM) continue;
        egi_lower_scalar(l, id);
    }
}

/* i64 starts that a dynamic view adds, for axis k of its operand. */
static LLVMValueRef start_of(egi_lower *l, egi_id dynamic, int k)
{
    const egi_graph *g = l->g;
    if (egi_at(g, dynamic)->op == EGI_PARAM) return l->loop_index[egi_ints_of(g, egi_at(g, dynamic))[0]];
    const egi_shape *from = egi_shape_of(g, egi_arg(g, dynamic, 0)), *to = egi_shape_of(g, dynamic);
    LLVMValueRef most = LLVMBuildSub(l->b.b, egi_lower_size(l, from->dim[k]), egi_lower_size(l, to->dim[k]), "");
    LLVMValueRef at = egi_irb_min(&l->b, egi_lower_scalar(l, egi_arg(g, dynamic, (uint32_t)k + 1)), most);
    return egi_irb_max(&l->b, at, egi_irb_i64(&l->b, 0));
}

/* Element offset of a view's first element in its base. */
LLVMValueRef egi_lower_offset(egi_lower *l, const egi_view *v)
{
    LLVMValueRef at = egi_irb_i64(&l->b, 0);
    for (int a = 0; a < v->base_rank; a++) {
        LLVMValueRef start = v->start[a] ? egi_lower_size(l, v->start[a]) : NULL;
        for (int k = 0; v->dynamic && k < EG_MAX_RANK; k++) {
            if (v->dynamic_axis[k] != a) continue;
            LLVMValueRef d = start_of(l, v->dynamic, k);
            start = start ? LLVMBuildAdd(l->b.b, start, d, "") : d;
        }
        if (!start) continue;
        LLVMValueRef stride = egi_lower_product(l, v->base_rank - a - 1, v->base_dim + a + 1);
        at = LLVMBuildAdd(l->b.b, at, LLVMBuildMul(l->b.b, start, stride, ""), "");
    }
    return at;
}

/* One element of memory into a register of every thread. */
static void read_scalar(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    egi_irb *b = &l->b;
    eg_dtype t = egi_dtype_of(g, id);
    LLVMTypeRef m = egi_lower_memory(l, t);
    if (egi_at(g, id)->op == EGI_GATHER) {
        egi_id x = egi_arg(g, id, 0);
        LLVMValueRef i = egi_lower_scalar(l, egi_arg(g, id, 1)), zero = egi_irb_i64(b, 0);
        eg_dtype ti = egi_dtype_of(g, egi_arg(g, id, 1));
        if (ti != EG_I64) i = ti == EG_U32 ? LLVMBuildZExt(b->b, i, b->i64, "") : LLVMBuildSExt(b->b, i, b->i64, "");
        LLVMValueRef most = LLVMBuildSub(b->b, egi_lower_size(l, egi_shape_of(g, x)->dim[0]), egi_irb_i64(b, 1), "");
        i = egi_irb_max(b, egi_irb_min(b, i, most), zero);
        l->scalar[id] = egi_lower_load(b, t, egi_irb_at(b, m, egi_lower_pointer(l, x), i), 1);
    } else if (egi_is_view(g, id) && !l->p->forced[id]) {
        egi_view v;
        egi_view_of(l->p, id, &v);
        LLVMValueRef base = egi_lower_pointer(l, v.base);
        l->scalar[id] = egi_lower_load(b, t, egi_irb_at(b, m, base, egi_lower_offset(l, &v)), 1);
    } else {
        l->scalar[id] = egi_lower_load(b, t, egi_lower_pointer(l, id), 1);
    }
}

/* -- regions ------------------------------------------------------------------------------------------------------------ */

static void stages(egi_lower *l, uint16_t region, const egi_stages *list);

static void store_scalar(egi_lower *l, egi_id value, LLVMValueRef at)
{
    egi_irb_if f;
    egi_lower_thread0(l, &f);
    egi_lower_store(&l->b, egi_dtype_of(l->g, value), l->scalar[value], at, 1, NULL);
    egi_irb_if_end(&l->b, &f);
}

static LLVMBasicBlockRef block(egi_lower *l, const char *name)
{
    return LLVMAppendBasicBlockInContext(l->ctx, l->fn, name);
}

static void enter_block(egi_lower *l, LLVMBasicBlockRef b)
{
    LLVMPositionBuilderAtEnd(l->b.b, b);
}

static LLVMValueRef phi(egi_lower *l, LLVMTypeRef t, LLVMValueRef value, LLVMBasicBlockRef from)
{
    LLVMValueRef p = LLVMBuildPhi(l->b.b, t, "");
    LLVMAddIncoming(p, &value, &from, 1);
    return p;
}

/* Items of a region node that are registers. */
static void give_item(egi_lower *l, egi_id owner, int64_t k, LLVMValueRef v)
{
    for (egi_id id = owner + 1; id < l->g->nodes.n; id++) {
        const egi_node *n = egi_at(l->g, id);
        if (n->op == EGI_ITEM && egi_arg(l->g, id, 0) == owner && n->imm == (uint64_t)k) l->scalar[id] = v;
    }
}

/* Counters of random draws inside a loop at iteration i. */
typedef struct counters {
    LLVMValueRef step, inner;
} counters;

static counters count_in(egi_lower *l, LLVMValueRef i)
{
    counters old = {l->step, l->inner};
    LLVMBuilderRef b = l->b.b;
    if (l->depth == 0) {
        l->step = LLVMBuildAdd(b, egi_lower_field(l, EGI_FRAME_EXECUTION, l->b.i64), i, "");
    } else {
        LLVMValueRef x = LLVMBuildMul(b, l->inner, LLVMConstInt(l->b.i32, 0x9E3779B1u, 0), "");
        x = LLVMBuildAdd(b, x, LLVMBuildTrunc(b, i, l->b.i32, ""), "");
        l->inner = LLVMBuildAdd(b, x, egi_irb_i32(&l->b, 1), "");
    }
    l->depth++;
    return old;
}

static void count_out(egi_lower *l, counters old)
{
    l->step = old.step;
    l->inner = old.inner;
    l->depth--;
}

/* How often an outermost loop ran, for the execution count. */
static void report_advance(egi_lower *l, LLVMValueRef n)
{
    egi_irb_if f;
    if (l->depth) return;
    egi_lower_thread0(l, &f);
    LLVMValueRef at = egi_irb_at(&l->b, l->b.i64, l->frame, egi_irb_i64(&l->b, EGI_FRAME_ADVANCE));
    egi_irb_store(&l->b, egi_irb_max(&l->b, egi_irb_load(&l->b, l->b.i64, at), n), at);
    egi_irb_if_end(&l->b, &f);
}

static LLVMValueRef tick(egi_lower *l, LLVMValueRef k, LLVMValueRef n)
{
    LLVMTypeRef params[] = {l->b.ptr, l->b.i32, l->b.i64, l->b.i64};
    LLVMValueRef args[] = {l->frame, l->tid, k, n};
    return LLVMBuildCall2(l->b.b, LLVMFunctionType(l->b.i64, params, 4, 0), egi_lower_field(l, EGI_FRAME_TICK, l->b.ptr),
                          args, 4, "");
}

/* Rows that a cancelled loop did not reach are zero. */
static void clear_rest(egi_lower *l, egi_id id, LLVMValueRef done, LLVMValueRef n)
{
    const egi_graph *g = l->g;
    const int64_t *at = egi_ints_of(g, egi_at(g, id));
    egi_irb_if f;
    LLVMValueRef first = LLVMBuildICmp(l->b.b, LLVMIntEQ, l->tid, egi_irb_i32(&l->b, 0), "");
    LLVMValueRef some = LLVMBuildICmp(l->b.b, LLVMIntSLT, done, n, "");
    if (!at[3]) return;
    egi_irb_if_begin(&l->b, &f, LLVMBuildAnd(l->b.b, first, some, ""));
    for (egi_id item = id + 1; item < g->nodes.n; item++) {
        const egi_node *in = egi_at(g, item);
        if (in->op != EGI_ITEM || egi_arg(g, item, 0) != id || (int64_t)in->imm < at[1]) continue;
        const egi_shape *s = egi_shape_of(g, item);
        LLVMValueRef row = egi_lower_product(l, s->rank - 1, s->dim + 1);
        row = LLVMBuildMul(l->b.b, row, egi_irb_i64(&l->b, (int64_t)eg_dtype_size((eg_dtype)in->dtype)), "");
        LLVMValueRef from = LLVMBuildMul(l->b.b, done, row, "");
        LLVMValueRef size = LLVMBuildMul(l->b.b, LLVMBuildSub(l->b.b, n, done, ""), row, "");
        LLVMBuildMemSet(l->b.b, egi_irb_at(&l->b, l->b.i8, buffer(l, l->p->place[item].buffer), from),
                        LLVMConstInt(l->b.i8, 0, 0), size, 1);
    }
    egi_irb_if_end(&l->b, &f);
}

static void stack_scalars(egi_lower *l, egi_id id, uint16_t body)
{
    const egi_graph *g = l->g;
    const int64_t *at = egi_ints_of(g, egi_at(g, id));
    const egi_region *r = &g->regions.at[body];
    for (egi_id item = id + 1; item < g->nodes.n; item++) {
        const egi_node *n = egi_at(g, item);
        if (n->op != EGI_ITEM || egi_arg(g, item, 0) != id || (int64_t)n->imm < at[1]) continue;
        egi_id value = r->results.at[n->imm];
        if (!egi_is_scalar(g, value)) continue;
        egi_lower_scalar(l, value);
        LLVMTypeRef m = egi_lower_memory(l, (eg_dtype)n->dtype);
        store_scalar(l, value, egi_irb_at(&l->b, m, buffer(l, l->p->place[item].buffer), l->loop_index[body]));
    }
}

typedef struct loop_state {
    egi_id id;
    uint16_t body;
    int64_t nc;
    LLVMValueRef n;
    LLVMValueRef *chunk, *inner, *result; /* scalars carried: phis of both levels, values at the end of a step */
} loop_state;

/* The steps [from, to), to > from: a do-while; gives the block it leaves from. */
static LLVMBasicBlockRef loop_steps(egi_lower *l, loop_state *s, LLVMValueRef from, LLVMValueRef to,
                                    LLVMBasicBlockRef after)
{
    const egi_graph *g = l->g;
    const egi_region *r = &g->regions.at[s->body];
    l->loop_index[s->body] = from; /* for what a chunk begins with */
    stages(l, s->body, &l->p->region[s->body].enter);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b.b), body = block(l, "step");
    LLVMBuildBr(l->b.b, body);
    enter_block(l, body);
    LLVMValueRef i = phi(l, l->b.i64, from, before);
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id param = r->params.at[k + 1];
        if (egi_is_scalar(g, param)) l->scalar[param] = s->inner[k] = phi(l, LLVMTypeOf(s->chunk[k]), s->chunk[k], before);
    }
    LLVMValueRef next = LLVMBuildAdd(l->b.b, i, egi_irb_i64(&l->b, 1), "");
    l->loop_index[s->body] = i;
    l->loop_last[s->body] = LLVMBuildICmp(l->b.b, LLVMIntEQ, next, to, "last");
    l->scalar[r->params.at[0]] = i;
    counters old = count_in(l, i);
    stages(l, s->body, &l->p->region[s->body].stages);
    for (int64_t k = 0; k < s->nc; k++) {
        if (egi_is_scalar(g, r->results.at[k])) s->result[k] = egi_lower_scalar(l, r->results.at[k]);
    }
    stack_scalars(l, s->id, s->body);
    count_out(l, old);
    LLVMBasicBlockRef latch = LLVMGetInsertBlock(l->b.b);
    LLVMBuildCondBr(l->b.b, LLVMBuildICmp(l->b.b, LLVMIntSLT, next, to, ""), body, after);
    LLVMAddIncoming(i, &next, &latch, 1);
    for (int64_t k = 0; k < s->nc; k++) {
        if (s->inner[k]) LLVMAddIncoming(s->inner[k], &s->result[k], &latch, 1);
    }
    return latch;
}

/* Both levels: chunks, asked of the runtime in outermost loops (one chunk otherwise), and their steps. */
static void loop_emit(egi_lower *l, loop_state *s)
{
    const egi_graph *g = l->g;
    bool chunked = l->depth == 0;
    LLVMBasicBlockRef head = block(l, "chunk"), run = block(l, "run"), after = block(l, "after");
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b.b);
    LLVMBuildBr(l->b.b, head);
    enter_block(l, head);
    LLVMValueRef k0 = phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before);
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id init = egi_arg(g, s->id, (uint32_t)k + 1);
        if (egi_is_scalar(g, init)) s->chunk[k] = phi(l, LLVMTypeOf(l->scalar[init]), l->scalar[init], before);
    }
    LLVMValueRef k1 = chunked ? tick(l, k0, s->n) : s->n;
    LLVMBuildCondBr(l->b.b, LLVMBuildICmp(l->b.b, LLVMIntSGT, k1, k0, ""), run, after);
    enter_block(l, run);
    LLVMBasicBlockRef latch = loop_steps(l, s, k0, k1, head);
    LLVMAddIncoming(k0, &k1, &latch, 1);
    for (int64_t k = 0; k < s->nc; k++) {
        if (s->chunk[k]) LLVMAddIncoming(s->chunk[k], &s->result[k], &latch, 1);
    }
    enter_block(l, after);
    for (int64_t k = 0; k < s->nc; k++) {
        if (s->chunk[k]) give_item(l, s->id, k, s->chunk[k]);
    }
    if (chunked) {
        clear_rest(l, s->id, k0, s->n);
        report_advance(l, k0);
    }
}

static void lower_loop(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const int64_t *at = egi_ints_of(g, egi_at(g, id));
    loop_state s = {.id = id, .body = (uint16_t)at[0], .nc = at[1]};
    s.chunk = egi_alloc(l->allocator, (size_t)(3 * s.nc + 1) * sizeof *s.chunk, 16);
    if (!s.chunk) {
        l->failed = true;
        return;
    }
    s.inner = s.chunk + s.nc;
    s.result = s.inner + s.nc;
    s.n = egi_lower_scalar(l, egi_arg(g, id, 0));
    for (int64_t k = 0; k < s.nc; k++) {
        if (egi_is_scalar(g, egi_arg(g, id, (uint32_t)k + 1))) egi_lower_scalar(l, egi_arg(g, id, (uint32_t)k + 1));
    }
    stages(l, s.body, &l->p->region[s.body].before);
    loop_emit(l, &s);
    egi_free(l->allocator, s.chunk);
}

/* An outermost while also asks the runtime, at the end of each chunk, whether it may go on.  Called in its head, which it
 * splits; gives the end of the chunk, for the next turn. */
static LLVMValueRef while_chunk(egi_lower *l, LLVMValueRef i, LLVMBasicBlockRef before, LLVMBasicBlockRef after)
{
    LLVMBasicBlockRef ask = block(l, "ask"), go = block(l, "go"), head = LLVMGetInsertBlock(l->b.b);
    l->while_end = phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before);
    LLVMBuildCondBr(l->b.b, LLVMBuildICmp(l->b.b, LLVMIntEQ, i, l->while_end, ""), ask, go);
    enter_block(l, ask);
    LLVMValueRef more = tick(l, i, egi_irb_i64(&l->b, EGI_ENDLESS));
    LLVMBasicBlockRef asked = LLVMGetInsertBlock(l->b.b);
    LLVMBuildCondBr(l->b.b, LLVMBuildICmp(l->b.b, LLVMIntSGT, more, i, ""), go, after);
    enter_block(l, go);
    LLVMValueRef end = LLVMBuildPhi(l->b.b, l->b.i64, "");
    LLVMAddIncoming(end, &l->while_end, &head, 1);
    LLVMAddIncoming(end, &more, &asked, 1);
    return end;
}

static void lower_while(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_node *n = egi_at(g, id);
    uint16_t cond = (uint16_t)egi_ints_of(g, n)[0], body = (uint16_t)egi_ints_of(g, n)[1];
    uint32_t nc = n->num_args;
    LLVMValueRef *phis = egi_alloc(l->allocator, (nc + 1) * sizeof *phis, 16);
    if (!phis) {
        l->failed = true;
        return;
    }
    for (uint32_t k = 0; k < nc; k++) {
        if (egi_is_scalar(g, egi_arg(g, id, k))) egi_lower_scalar(l, egi_arg(g, id, k));
    }
    stages(l, body, &l->p->region[body].before);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b.b), head = block(l, "while"), run = block(l, "do"), after = block(l, "done");
    LLVMBuildBr(l->b.b, head);
    enter_block(l, head);
    LLVMValueRef i = phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before);
    for (uint32_t k = 0; k < nc; k++) {
        egi_id init = egi_arg(g, id, k);
        if (!egi_is_scalar(g, init)) continue;
        phis[k] = phi(l, LLVMTypeOf(l->scalar[init]), l->scalar[init], before);
        l->scalar[g->regions.at[cond].params.at[k]] = l->scalar[g->regions.at[body].params.at[k]] = phis[k];
    }
    LLVMValueRef end = l->depth == 0 ? while_chunk(l, i, before, after) : NULL;
    counters old = count_in(l, i);
    stages(l, cond, &l->p->region[cond].stages);
    LLVMValueRef p = egi_lower_scalar(l, g->regions.at[cond].results.at[0]);
    LLVMBuildCondBr(l->b.b, p, run, after);
    enter_block(l, run);
    stages(l, body, &l->p->region[body].stages);
    for (uint32_t k = 0; k < nc; k++) {
        if (phis[k]) egi_lower_scalar(l, g->regions.at[body].results.at[k]);
    }
    count_out(l, old);
    LLVMValueRef next = LLVMBuildAdd(l->b.b, i, egi_irb_i64(&l->b, 1), "");
    LLVMBasicBlockRef latch = LLVMGetInsertBlock(l->b.b);
    LLVMBuildBr(l->b.b, head);
    LLVMAddIncoming(i, &next, &latch, 1);
    if (end) LLVMAddIncoming(l->while_end, &end, &latch, 1);
    for (uint32_t k = 0; k < nc; k++) {
        if (phis[k]) LLVMAddIncoming(phis[k], &l->scalar[g->regions.at[body].results.at[k]], &latch, 1);
    }
    enter_block(l, after);
    for (uint32_t k = 0; k < nc; k++) {
        if (phis[k]) give_item(l, id, k, phis[k]);
    }
    report_advance(l, i);
    egi_free(l->allocator, phis);
}

static void lower_cond(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const int64_t *arm = egi_ints_of(g, egi_at(g, id));
    int64_t n = g->regions.at[arm[0]].results.n;
    LLVMValueRef *value = egi_alloc(l->allocator, (size_t)(2 * n + 1) * sizeof *value, 16);
    LLVMBasicBlockRef in[2] = {block(l, "yes"), block(l, "no")}, out[2], after = block(l, "join");
    if (!value) {
        l->failed = true;
        return;
    }
    /* What only an arm uses from outside must be known before the branch. */
    for (int a = 0; a < 2; a++) {
        for (int64_t k = 0; k < n; k++) {
            egi_id r = g->regions.at[arm[a]].results.at[k];
            if (egi_is_scalar(g, r) && egi_at(g, r)->region != arm[a]) egi_lower_scalar(l, r);
        }
    }
    LLVMBuildCondBr(l->b.b, egi_lower_scalar(l, egi_arg(g, id, 0)), in[0], in[1]);
    for (int a = 0; a < 2; a++) {
        enter_block(l, in[a]);
        stages(l, (uint16_t)arm[a], &l->p->region[arm[a]].stages);
        for (int64_t k = 0; k < n; k++) {
            egi_id r = g->regions.at[arm[a]].results.at[k];
            if (egi_is_scalar(g, r)) value[a * n + k] = egi_lower_scalar(l, r);
        }
        out[a] = LLVMGetInsertBlock(l->b.b);
        LLVMBuildBr(l->b.b, after);
    }
    enter_block(l, after);
    for (int64_t k = 0; k < n; k++) {
        if (!value[k]) continue;
        LLVMValueRef p = LLVMBuildPhi(l->b.b, LLVMTypeOf(value[k]), "");
        LLVMAddIncoming(p, &value[k], &out[0], 1);
        LLVMAddIncoming(p, &value[n + k], &out[1], 1);
        give_item(l, id, k, p);
    }
    egi_free(l->allocator, value);
}

/* -- host calls --------------------------------------------------------------------------------------------------------- */

static LLVMValueRef pointers(egi_lower *l, LLVMValueRef *v, unsigned n)
{
    LLVMTypeRef t = LLVMArrayType2(l->b.ptr, n ? n : 1);
    LLVMValueRef a = LLVMBuildAlloca(l->entry, t, "");
    for (unsigned k = 0; k < n; k++) egi_irb_store(&l->b, v[k], egi_irb_at(&l->b, l->b.ptr, a, egi_irb_i64(&l->b, k)));
    return a;
}

/* Inputs of rank 0 are put into memory for the host. */
static LLVMValueRef host_input(egi_lower *l, egi_id id)
{
    if (!egi_is_scalar(l->g, id) || egi_is_stage(l->p, id)) return egi_lower_pointer(l, id);
    LLVMValueRef at = LLVMBuildAlloca(l->entry, l->b.i64, "");
    egi_lower_store(&l->b, egi_dtype_of(l->g, id), egi_lower_scalar(l, id), at, 1, NULL);
    return at;
}

static void lower_host(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_node *n = egi_at(g, id);
    egi_irb_if f;
    unsigned no = (unsigned)g->hosts.at[n->imm].num_out;
    LLVMValueRef *v = egi_alloc(l->allocator, (n->num_args + no + 1) * sizeof *v, 16);
    if (!v) {
        l->failed = true;
        return;
    }
    l->code->has_host = true;
    for (uint32_t k = 0; k < n->num_args; k++) {
        if (egi_is_scalar(g, egi_arg(g, id, k)) && !egi_is_stage(l->p, egi_arg(g, id, k)))
            egi_lower_scalar(l, egi_arg(g, id, k));
    }
    egi_lower_thread0(l, &f);
    for (uint32_t k = 0; k < n->num_args; k++) v[k] = host_input(l, egi_arg(g, id, k));
    for (egi_id item = id + 1; item < g->nodes.n; item++) {
        const egi_node *i = egi_at(g, item);
        if (i->op == EGI_ITEM && egi_arg(g, item, 0) == id && l->p->place[item].buffer)
            v[n->num_args + i->imm] = egi_lower_pointer(l, item);
    }
    for (unsigned k = 0; k < no; k++) {
        if (!v[n->num_args + k]) v[n->num_args + k] = LLVMConstNull(l->b.ptr); /* nobody uses it; runtime gives memory */
    }
    LLVMTypeRef params[] = {l->b.ptr, l->b.i64, l->b.ptr, l->b.ptr};
    LLVMValueRef args[] = {l->frame, egi_irb_i64(&l->b, (int64_t)n->imm), pointers(l, v, n->num_args),
                           pointers(l, v + n->num_args, no)};
    LLVMBuildCall2(l->b.b, LLVMFunctionType(l->b.none, params, 4, 0), egi_lower_field(l, EGI_FRAME_HOST, l->b.ptr), args,
                   4, "");
    egi_irb_if_end(&l->b, &f);
    egi_free(l->allocator, v);
}

/* -- stages ------------------------------------------------------------------------------------------------------------- */

static void lower_node(egi_lower *l, const egi_stage *s)
{
    egi_id id = s->node;
    const egi_node *n = egi_at(l->g, id);
    switch ((int)n->op) {
    case EGI_LOOP: lower_loop(l, id); return;
    case EGI_WHILE: lower_while(l, id); return;
    case EGI_COND: lower_cond(l, id); return;
    case EGI_HOST: lower_host(l, id); return;
    case EGI_EVENT: egi_lower_event(l, s); return;
    case EGI_EVENT_T: egi_lower_event_t(l, id); return;
    case EGI_DOT: egi_lower_product_of(l, id); return;
    case EGI_CUMSUM: egi_lower_scan(l, id); return;
    case EGI_SORT:
    case EGI_ARGSORT: egi_lower_sort(l, id); return;
    default: break;
    }
    if (egi_flags((egi_op)n->op) & FR) egi_lower_reduce(l, id);
    else egi_lower_shape(l, id);
}

static void stages(egi_lower *l, uint16_t region, const egi_stages *list)
{
    for (int64_t k = 0; k < list->n; k++) {
        const egi_stage *s = &list->at[k];
        /* Initial values of a loop are computed outside of it. */
        uint16_t home = list == &l->p->region[region].before ? l->g->regions.at[region].parent : region;
        /* Even levels bring in what the scalars of the level need. */
        if (list == &l->p->region[region].stages && s->level % 2) scalars_up_to(l, region, s->level / 2);
        if (s->barrier) egi_lower_barrier(l);
        switch (s->kind) {
        case EGI_STAGE_SCALAR: read_scalar(l, s->node); break;
        case EGI_STAGE_FUSED: egi_lower_fused(l, home, s); break;
        case EGI_STAGE_NODE: lower_node(l, s); break;
        }
    }
    if (list == &l->p->region[region].stages) scalars_up_to(l, region, INT32_MAX);
}

static void store_results(egi_lower *l)
{
    const egi_graph *g = l->g;
    if (l->p->region[0].end_barrier) egi_lower_barrier(l);
    for (int64_t k = 0; k < g->writes.n; k++) {
        egi_id v = g->writes.at[k].value;
        if (!egi_is_scalar(g, v)) continue;
        egi_lower_scalar(l, v);
        for (int64_t j = 1; j < l->p->buffers.n; j++) {
            const egi_buffer *bf = &l->p->buffers.at[j];
            if (bf->kind == EGI_BUF_VAR && bf->slot == g->writes.at[k].var) store_scalar(l, v, buffer(l, (uint32_t)j));
        }
    }
    for (int64_t k = 0; k < g->regions.at[0].results.n; k++) {
        egi_id v = g->regions.at[0].results.at[k];
        if (!egi_is_scalar(g, v)) continue;
        egi_lower_scalar(l, v);
        for (int64_t j = 1; j < l->p->buffers.n; j++) {
            const egi_buffer *bf = &l->p->buffers.at[j];
            if (bf->kind == EGI_BUF_RESULT && bf->slot == k) store_scalar(l, v, buffer(l, (uint32_t)j));
        }
    }
}

static egi_size size_of(const egi_canon *c, int64_t value)
{
    int32_t k = value > 16 ? egi_canon_size(c, value) : -1;
    return (egi_size){value, k};
}

static void describe_buffers(egi_lower *l)
{
    for (int64_t k = 0; k < l->p->buffers.n; k++) {
        const egi_buffer *bf = &l->p->buffers.at[k];
        const egi_shape *s = &l->g->shapes.at[bf->shape];
        egi_code_buffer c = {.kind = bf->kind, .slot = bf->slot, .dtype = bf->dtype, .rank = s->rank};
        for (int j = 0; j < s->rank; j++) c.dim[j] = size_of(l->canon, s->dim[j]);
        if (!egi_push(l->allocator, &l->code->buffers, c)) l->failed = true;
    }
}

static bool tables(egi_lower *l)
{
    const eg_allocator *a = l->allocator;
    size_t nodes = (size_t)l->g->nodes.n, regions = (size_t)l->g->regions.n;
    l->scalar = egi_alloc(a, nodes * sizeof *l->scalar, 16);
    l->field = egi_alloc(a, EGI_FRAME_FIELDS * sizeof *l->field, 16);
    l->buffer = egi_alloc(a, (size_t)l->p->buffers.n * sizeof *l->buffer, 16);
    l->size = egi_alloc(a, (size_t)(l->canon->sizes.n + 1) * sizeof *l->size, 16);
    l->loop_index = egi_alloc(a, regions * sizeof *l->loop_index, 16);
    l->loop_last = egi_alloc(a, regions * sizeof *l->loop_last, 16);
    return l->scalar && l->field && l->buffer && l->size && l->loop_index && l->loop_last;
}

static void tables_free(egi_lower *l)
{
    const eg_allocator *a = l->allocator;
    egi_free(a, l->scalar);
    egi_free(a, l->field);
    egi_free(a, l->buffer);
    egi_free(a, l->size);
    egi_free(a, l->loop_index);
    egi_free(a, l->loop_last);
    for (int64_t k = 0; k < l->functions.n; k++) egi_free(a, l->functions.at[k].key);
    egi_vec_free(a, &l->functions);
}

void egi_lower_all(egi_lower *l, const char *name)
{
    LLVMTypeRef ptr = LLVMPointerTypeInContext(l->ctx, 0), i32 = LLVMInt32TypeInContext(l->ctx);
    LLVMTypeRef params[] = {ptr, i32, i32};
    l->fn = egi_irb_function(l->mod, name, LLVMVoidTypeInContext(l->ctx), params, 3, LLVMExternalLinkage);
    if (!tables(l)) {
        l->failed = true;
        tables_free(l);
        return;
    }
    egi_irb_open(&l->b, l->fn);
    l->frame = LLVMGetParam(l->fn, 0);
    l->tid = LLVMGetParam(l->fn, 1);
    l->nt = LLVMGetParam(l->fn, 2);
    LLVMBasicBlockRef first = LLVMGetInsertBlock(l->b.b), start = block(l, "start");
    l->entry = LLVMCreateBuilderInContext(l->ctx);
    LLVMPositionBuilderAtEnd(l->entry, first);
    enter_block(l, start);
    l->step = egi_lower_field(l, EGI_FRAME_EXECUTION, l->b.i64);
    l->inner = egi_irb_i32(&l->b, 0);
    describe_buffers(l);
    stages(l, 0, &l->p->region[0].stages);
    store_results(l);
    LLVMBuildRetVoid(l->b.b);
    LLVMBuildBr(l->entry, start);
    LLVMDisposeBuilder(l->entry);
    egi_irb_close(&l->b);
    tables_free(l);
}
