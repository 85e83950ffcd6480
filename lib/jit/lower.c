/* The main function: sizes and fields of the frame, stages as calls, what is stored at the end. */
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
    case EG_C64: /* no node has them */
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return l->b.none;
}

LLVMTypeRef egi_lower_memory(const egi_lower *l, eg_dtype t) { return t == EG_BOOL ? l->b.i8 : egi_lower_type(l, t); }

LLVMValueRef egi_lower_element(egi_lower *l, LLVMTypeRef type, LLVMValueRef base, int64_t k, LLVMTypeRef load)
{
    LLVMValueRef i = LLVMConstInt(l->b.i64, (unsigned long long)k, 1);
    return LLVMBuildLoad2(l->entry, load, LLVMBuildInBoundsGEP2(l->entry, type, base, &i, 1, ""), "");
}

LLVMValueRef egi_lower_field(egi_lower *l, int field, LLVMTypeRef type)
{
    if (!l->field[field]) l->field[field] = egi_lower_element(l, l->b.i64, l->frame, field, type);
    return l->field[field];
}

LLVMValueRef egi_lower_size(egi_lower *l, int64_t value)
{
    int32_t k = value > 16 ? egi_canon_size(l->canon, value) : -1;
    if (k < 0) return egi_irb_i64(&l->b, value);
    if (!l->size[k])
        l->size[k] = egi_lower_element(l, l->b.i64, egi_lower_field(l, EGI_FRAME_SIZES, l->b.ptr), k, l->b.i64);
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
        l->buffer[k] = egi_lower_element(l, l->b.ptr, egi_lower_field(l, EGI_FRAME_BUFFERS, l->b.ptr), k, l->b.ptr);
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

/* -- functions ----------------------------------------------------------------------------------------------------- */

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

/* -- stages -------------------------------------------------------------------------------------------------------- */

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
    case EGI_DOT_EVENT: egi_lower_dot_event(l, id); return;
    case EGI_PACK: egi_lower_pack(l, id); return;
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
        if (list == &l->p->region[region].stages && s->level % 2) egi_lower_scalars(l, region, s->level / 2);
        if (s->barrier) egi_lower_barrier(l);
        if (k == 0 || s->barrier) egi_lower_fetch_lists(l, s, list->n - k);
        switch (s->kind) {
        case EGI_STAGE_SCALAR: egi_lower_read(l, s->node); break;
        case EGI_STAGE_FUSED: egi_lower_fused(l, home, s); break;
        case EGI_STAGE_NODE: lower_node(l, s); break;
        }
    }
    if (list == &l->p->region[region].stages) egi_lower_scalars(l, region, INT32_MAX);
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
    if (!egi_code_describe(l->p, l->canon, l->code)) l->failed = true;
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
