/* The main function: scalars in registers, stages as calls; regions are in lower_region.c. */
#include "jit/lower.h"

#include <stdio.h>

#include "core/context.h"
#include "jit/solo.h"

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

LLVMTypeRef egi_lower_memory(const egi_lower *l, eg_dtype t) { return t == EG_BOOL ? l->b.i8 : egi_lower_type(l, t); }

static LLVMValueRef element(egi_lower *l, LLVMBuilderRef b, LLVMTypeRef type, LLVMValueRef base, int64_t k,
                            LLVMTypeRef load)
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
    if (!l->size[k])
        l->size[k] = element(l, l->entry, l->b.i64, egi_lower_field(l, EGI_FRAME_SIZES, l->b.ptr), k, l->b.i64);
    return l->size[k];
}

LLVMValueRef egi_lower_product(egi_lower *l, int n, const int64_t *dim)
{
    LLVMValueRef x = egi_irb_i64(&l->b, 1);
    for (int k = 0; k < n; k++) {
        LLVMValueRef d = egi_lower_size(l, dim[k]);
        x = k ? LLVMBuildMul(l->entry, x, d, "") : d;
    }
    return x;
}

LLVMValueRef egi_lower_count(egi_lower *l, const egi_shape *s) { return egi_lower_product(l, s->rank, s->dim); }

LLVMValueRef egi_lower_buffer(egi_lower *l, uint32_t k)
{
    if (!l->buffer[k])
        l->buffer[k] = element(l, l->entry, l->b.ptr, egi_lower_field(l, EGI_FRAME_BUFFERS, l->b.ptr), k, l->b.ptr);
    return l->buffer[k];
}

LLVMValueRef egi_lower_place(egi_lower *l, egi_place place, egi_id like)
{
    LLVMValueRef p = egi_lower_buffer(l, place.buffer);
    if (!place.row) return p;
    LLVMValueRef at = LLVMBuildMul(l->b.b, l->loop_index[place.row], egi_lower_count(l, egi_shape_of(l->g, like)), "");
    return egi_irb_at(&l->b, egi_lower_memory(l, egi_dtype_of(l->g, like)), p, at);
}

LLVMValueRef egi_lower_pointer(egi_lower *l, egi_id id) { return egi_lower_place(l, l->p->place[id], id); }

/* Known when the function starts: what follows from it need not be computed in every step of a loop. */
static bool at_entry(const egi_lower *l, LLVMValueRef v)
{
    return !LLVMIsAInstruction(v) || LLVMGetInstructionParent(v) == LLVMGetInsertBlock(l->entry);
}

void egi_lower_slice(egi_lower *l, LLVMValueRef rows, int align, LLVMValueRef *lo, LLVMValueRef *hi)
{
    LLVMBuilderRef b = at_entry(l, rows) ? l->entry : l->b.b;
    LLVMValueRef a = egi_irb_i64(&l->b, align), t = LLVMBuildZExt(b, l->tid, l->b.i64, "");
    LLVMValueRef nt = LLVMBuildZExt(b, l->nt, l->b.i64, ""), blocks = LLVMBuildUDiv(b, rows, a, "");
    LLVMValueRef t1 = LLVMBuildAdd(b, t, egi_irb_i64(&l->b, 1), "");
    *lo = LLVMBuildMul(b, LLVMBuildUDiv(b, LLVMBuildMul(b, blocks, t, ""), nt, ""), a, "lo");
    LLVMValueRef end = LLVMBuildMul(b, LLVMBuildUDiv(b, LLVMBuildMul(b, blocks, t1, ""), nt, ""), a, "");
    *hi = LLVMBuildSelect(b, LLVMBuildICmp(b, LLVMIntEQ, t1, nt, ""), rows, end, "hi");
}

void egi_lower_barrier(egi_lower *l)
{
    if (l->solo) return;
    LLVMTypeRef params[] = {l->b.ptr, l->b.i32};
    LLVMValueRef args[] = {egi_lower_field(l, EGI_FRAME_TEAM, l->b.ptr), l->tid};
    LLVMBuildCall2(l->b.b, LLVMFunctionType(l->b.none, params, 2, 0), egi_lower_field(l, EGI_FRAME_BARRIER, l->b.ptr),
                   args, 2, "");
}

void egi_lower_thread0(egi_lower *l, egi_irb_if *f)
{
    egi_irb_if_begin(&l->b, f, LLVMBuildICmp(l->b.b, LLVMIntEQ, l->tid, egi_irb_i32(&l->b, 0), ""));
}

/* -- functions
 * --------------------------------------------------------------------------------------------------------- */

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

/* -- scalars
 * ------------------------------------------------------------------------------------------------------------ */

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
    return egi_lower_load(&e, egi_dtype_of(l->g, id), egi_lower_buffer(l, l->p->place[id].buffer), 1);
}

/* Key of a stream as two i32. */
void egi_lower_key(egi_lower *l, uint64_t stream, LLVMValueRef key[2])
{
    int64_t k = 0;
    if (l->solo) {
        egi_solo_key(l, stream, key);
        return;
    }
    while (k < l->code->streams.n && l->code->streams.at[k] != stream) k++;
    if (k == l->code->streams.n && !egi_push(&l->g->eg->allocator, &l->code->streams, stream)) l->failed = true;
    LLVMValueRef keys = egi_lower_field(l, EGI_FRAME_KEYS, l->b.ptr);
    for (int j = 0; j < 2; j++) key[j] = element(l, l->entry, l->b.i32, keys, 2 * k + j, l->b.i32);
}

void egi_lower_rows(egi_lower *l, int field, int64_t k, LLVMValueRef rows[2])
{
    if (l->solo) {
        egi_solo_rows(l, field, k, rows);
        return;
    }
    egi_irb *b = &l->b;
    LLVMValueRef at =
        egi_irb_at(b, b->i8, egi_lower_field(l, field, b->ptr), egi_irb_i64(b, k * (int64_t)sizeof(egi_rows)));
    rows[0] = egi_irb_load(b, b->ptr, at);
    rows[1] = egi_irb_load(b, b->ptr, egi_irb_at(b, b->ptr, at, egi_irb_i64(b, 1)));
}

static LLVMValueRef scalar_random(egi_lower *l, egi_id id)
{
    LLVMValueRef key[2], lane = egi_lower_scalar(l, egi_arg(l->g, id, 0));
    egi_lower_key(l, egi_at(l->g, id)->imm, key);
    return egi_lower_random(l, &l->b, egi_dtype_of(l->g, id), key, l->step, l->inner, lane, egi_irb_i64(&l->b, 0), true,
                            1);
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
        if (egi_flags((egi_op)n->op) & FX)
            v = egi_lower_math(l, &l->b, (egi_op)n->op, (eg_dtype)n->dtype, a, 1);
        else
            v = egi_lower_op(&l->b, (egi_op)n->op,
                             egi_dtype_of(g, egi_arg(g, id, egi_ops[n->op].rule == EGI_RULE_SEL ? 1 : 0)),
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

/* -- stages
 * ------------------------------------------------------------------------------------------------------------- */

static void lower_node(egi_lower *l, const egi_stage *s)
{
    egi_id id = s->node;
    const egi_node *n = egi_at(l->g, id);
    switch ((int)n->op) {
    case EGI_LOOP: egi_lower_loop(l, id); return;
    case EGI_WHILE: egi_lower_while(l, id); return;
    case EGI_COND: egi_lower_cond(l, id); return;
    case EGI_HOST: egi_lower_host(l, id); return;
    case EGI_EVENT: egi_lower_event(l, s); return;
    case EGI_EVENT_T: egi_lower_event_t(l, id); return;
    case EGI_DOT: egi_lower_product_of(l, id); return;
    case EGI_CUMSUM: egi_lower_scan(l, id); return;
    case EGI_SORT:
    case EGI_ARGSORT: egi_lower_sort(l, id); return;
    default: break;
    }
    if (egi_flags((egi_op)n->op) & FR)
        egi_lower_reduce(l, id);
    else
        egi_lower_shape(l, id);
}

void egi_lower_stages(egi_lower *l, uint16_t region, const egi_stages *list)
{
    for (int64_t k = 0; k < list->n; k++) {
        const egi_stage *s = &list->at[k];
        /* Initial values of a loop are computed outside of it. */
        uint16_t home = list == &l->p->region[region].before ? l->g->regions.at[region].parent : region;
        /* Even levels bring in what the scalars of the level need. */
        if (list == &l->p->region[region].stages && s->level % 2) scalars_up_to(l, region, s->level / 2);
        if (s->barrier) egi_lower_barrier(l);
        if (k == 0 || s->barrier) egi_lower_fetch_lists(l, s, list->n - k);
        switch (s->kind) {
        case EGI_STAGE_SCALAR: read_scalar(l, s->node); break;
        case EGI_STAGE_FUSED: egi_lower_fused(l, home, s); break;
        case EGI_STAGE_NODE: lower_node(l, s); break;
        }
    }
    if (list == &l->p->region[region].stages) scalars_up_to(l, region, INT32_MAX);
}

void egi_lower_store_scalar(egi_lower *l, egi_id value, LLVMValueRef at)
{
    egi_irb_if f;
    egi_lower_thread0(l, &f);
    egi_lower_store(&l->b, egi_dtype_of(l->g, value), l->scalar[value], at, 1, NULL);
    egi_irb_if_end(&l->b, &f);
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
            if (bf->kind == EGI_BUF_VAR && bf->slot == g->writes.at[k].var)
                egi_lower_store_scalar(l, v, egi_lower_buffer(l, (uint32_t)j));
        }
    }
    for (int64_t k = 0; k < g->regions.at[0].results.n; k++) {
        egi_id v = g->regions.at[0].results.at[k];
        if (!egi_is_scalar(g, v)) continue;
        egi_lower_scalar(l, v);
        for (int64_t j = 1; j < l->p->buffers.n; j++) {
            const egi_buffer *bf = &l->p->buffers.at[j];
            if (bf->kind == EGI_BUF_RESULT && bf->slot == k)
                egi_lower_store_scalar(l, v, egi_lower_buffer(l, (uint32_t)j));
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
        if (!egi_push(&l->g->eg->allocator, &l->code->buffers, c)) l->failed = true;
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

static LLVMValueRef team_function(egi_lower *l, const char *name)
{
    LLVMTypeRef ptr = LLVMPointerTypeInContext(l->ctx, 0), i32 = LLVMInt32TypeInContext(l->ctx);
    LLVMTypeRef params[] = {ptr, i32, i32};
    LLVMValueRef fn = egi_irb_function(l->mod, name, LLVMVoidTypeInContext(l->ctx), params, 3, LLVMExternalLinkage);
    l->frame = LLVMGetParam(fn, 0);
    l->tid = LLVMGetParam(fn, 1);
    l->nt = LLVMGetParam(fn, 2);
    return fn;
}

void egi_lower_all(egi_lower *l, const char *name)
{
    if (l->g->eg->options.keep_denormals) egi_irb_keep_denormals(l->mod);
    l->fn = l->solo ? egi_solo_function(l, name) : team_function(l, name);
    if (!tables(l)) {
        l->failed = true;
        tables_free(l);
        return;
    }
    egi_irb_open(&l->b, l->fn);
    LLVMBasicBlockRef first = LLVMGetInsertBlock(l->b.b);
    LLVMBasicBlockRef start = LLVMAppendBasicBlockInContext(l->ctx, l->fn, "start");
    l->entry = LLVMCreateBuilderInContext(l->ctx);
    LLVMPositionBuilderAtEnd(l->entry, first);
    LLVMPositionBuilderAtEnd(l->b.b, start);
    describe_buffers(l);
    if (l->solo) egi_solo_bind(l);
    l->step = egi_lower_field(l, EGI_FRAME_EXECUTION, l->b.i64);
    l->inner = egi_irb_i32(&l->b, 0);
    egi_lower_stages(l, 0, &l->p->region[0].stages);
    store_results(l);
    if (l->solo)
        egi_solo_return(l);
    else
        LLVMBuildRetVoid(l->b.b);
    LLVMBuildBr(l->entry, start);
    LLVMDisposeBuilder(l->entry);
    egi_irb_close(&l->b);
    tables_free(l);
}
