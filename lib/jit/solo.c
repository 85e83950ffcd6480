/* The body of solo code: what the runtime gives to teams in a frame stands in the code, in the block or in the data. */
#include "jit/solo.h"

#include "core/context.h"

int64_t egi_solo_reserve(egi_solo *s, int64_t bytes)
{
    int64_t at = s->data_bytes;
    s->data_bytes = egi_round_up(at + bytes + EGI_SLACK, EGI_ALIGN);
    return at;
}

/* -- the function -------------------------------------------------------------------------------------------------- */

enum { P_STATE, P_DATA, P_ARGS };

/* i64 name(ptr state, ptr data, ptr arg...): iterations of the longest outermost loop. */
LLVMValueRef egi_solo_function(egi_lower *l, const char *name)
{
    LLVMTypeRef ptr = LLVMPointerTypeInContext(l->ctx, 0), i32 = LLVMInt32TypeInContext(l->ctx);
    unsigned n = P_ARGS + (unsigned)l->g->args.n;
    LLVMTypeRef *params = egi_alloc(l->allocator, n * sizeof *params, 16);
    if (!params) l->failed = true;
    for (unsigned k = 0; params && k < n; k++) params[k] = ptr;
    LLVMValueRef fn =
        egi_irb_function(l->mod, name, LLVMInt64TypeInContext(l->ctx), params, params ? n : 0, LLVMInternalLinkage);
    /* The caller sets the floating-point mode around it. */
    egi_irb_attr_enum(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "noinline", 0);
    egi_free(l->allocator, params);
    l->tid = LLVMConstInt(i32, 0, 0);
    l->nt = LLVMConstInt(i32, 1, 0);
    return l->solo->body = fn;
}

void egi_solo_return(egi_lower *l)
{
    egi_irb *b = &l->b;
    LLVMBuildRet(b->b, egi_irb_load(b, b->i64, egi_irb_at(b, b->i64, l->frame, egi_irb_i64(b, EGI_FRAME_ADVANCE))));
}

/* -- places -------------------------------------------------------------------------------------------------------- */

/* Whole vectors are stored at the end of an array: its last cache line belongs to it. */
static int64_t place(egi_solo *s, int64_t bytes)
{
    int64_t at = s->size;
    s->too_large |= __builtin_add_overflow(at, egi_round_up(bytes, EGI_ALIGN) + EGI_ALIGN, &s->size);
    return at;
}

static int64_t bytes_of(const egi_plan *p, const egi_buffer *b)
{
    int64_t n = egi_shape_count(&p->g->shapes.at[b->shape]);
    /* See EGI_BUF_LIST; a team of one. */
    if (b->kind == EGI_BUF_LIST) return ((n / 64 + 1) * 64 + 16) * 4 * 2;
    return n * (int64_t)eg_dtype_size(b->dtype);
}

/* Variables in the order in which they were made, those that the code uses. */
static void choose(egi_solo *s, const egi_plan *p)
{
    for (;;) {
        const egi_buffer *next = NULL;
        for (int64_t k = 1; k < p->buffers.n; k++) {
            const egi_buffer *b = &p->buffers.at[k];
            if (b->kind != EGI_BUF_VAR || s->var_chosen[b->slot] >= 0) continue;
            if (!next || s->g->vars.at[b->slot]->index < s->g->vars.at[next->slot]->index) next = b;
        }
        if (!next) return;
        s->var_chosen[next->slot] = place(s, (int64_t)s->g->vars.at[next->slot]->bytes);
    }
}

static bool tables(egi_solo *s, const egi_plan *p)
{
    const eg_allocator *a = &s->g->eg->allocator;
    const egi_graph *g = s->g;
    int64_t events = 0;
    for (egi_id id = 1; id < g->nodes.n; id++) events += egi_at(g, id)->op == EGI_EVENT;
    s->num_data = egi_solo_delivery(s, events);
    s->at = egi_alloc(a, (size_t)p->buffers.n * sizeof *s->at, 16);
    s->bytes = egi_alloc(a, (size_t)p->buffers.n * sizeof *s->bytes, 16);
    s->var_chosen = egi_alloc(a, (size_t)(g->vars.n + 1) * sizeof *s->var_chosen, 16);
    s->copy_at = egi_alloc(a, (size_t)(g->args.n + 1) * sizeof *s->copy_at, 16);
    s->datum = egi_alloc(a, (size_t)(s->num_data + 1) * sizeof *s->datum, 16);
    if (s->kind == EGI_SOLO_HERE) s->table = egi_alloc(a, (size_t)(s->num_data + 1) * sizeof *s->table, 16);
    if (!s->at || !s->bytes || !s->var_chosen || !s->copy_at || !s->datum) return false;
    for (int64_t k = 0; k < g->vars.n; k++) s->var_chosen[k] = -1;
    for (int64_t k = 0; k < g->args.n; k++) s->copy_at[k] = -1;
    for (int64_t k = 0; k < s->num_data; k++) s->datum[k].at = -1;
    return s->kind != EGI_SOLO_HERE || s->table;
}

static void lay_out(egi_solo *s, const egi_plan *p)
{
    s->size = s->begin;
    if (!s->var_at) choose(s, p);
    for (int64_t k = 1; k < p->buffers.n; k++) {
        const egi_buffer *b = &p->buffers.at[k];
        s->bytes[k] = bytes_of(p, b);
        s->at[k] = -1;
        if (b->kind == EGI_BUF_VAR)
            s->at[k] = egi_solo_var_at(s, b->slot);
        else if (b->kind == EGI_BUF_ARG) /* single elements are read as such */
            s->copy_at[b->slot] = p->g->shapes.at[b->shape].rank ? place(s, s->bytes[k]) : -1;
        else if (b->kind != EGI_BUF_ARRAY)
            s->at[k] = place(s, s->bytes[k]);
    }
}

/* -- data ---------------------------------------------------------------------------------------------------------- */

static LLVMValueRef datum(egi_lower *l, int64_t k, int64_t bytes)
{
    egi_solo *s = l->solo;
    egi_irb e = l->b;
    e.b = l->entry;
    LLVMValueRef data = LLVMGetParam(l->fn, P_DATA);
    if (s->datum[k].at < 0) s->datum[k] = (egi_datum){egi_solo_reserve(s, bytes), bytes};
    if (s->kind == EGI_SOLO_HERE) return egi_irb_load(&e, e.ptr, egi_irb_at(&e, e.ptr, data, egi_irb_i64(&e, k)));
    return egi_irb_at(&e, e.i8, data, egi_irb_i64(&e, s->datum[k].at));
}

void egi_solo_rows(egi_lower *l, int field, int64_t k, LLVMValueRef rows[2])
{
    egi_solo *s = l->solo;
    const egi_graph *g = s->g;
    int64_t at = egi_solo_csr(s, k), size = 0, pre;
    if (field == EGI_FRAME_DELIVERIES) {
        const egi_code_delivery *d = &s->code.deliveries.at[k];
        /* Of one projection alone, the rows are the connections' own. */
        at = d->num == 1 ? egi_solo_csr(s, d->csr[0]) : egi_solo_delivery(s, k);
        for (int j = 0; j < d->num; j++) size += eg_csr_size(g->csrs.at[d->csr[j]]);
        pre = eg_csr_num_pre(g->csrs.at[d->csr[0]]);
    } else {
        size = eg_csr_size(g->csrs.at[k]);
        pre = eg_csr_num_pre(g->csrs.at[k]);
    }
    rows[0] = datum(l, at, (pre + 1) * (int64_t)sizeof(int64_t));
    rows[1] = datum(l, at + 1, size * (int64_t)sizeof(int32_t));
}

/* -- numbers ------------------------------------------------------------------------------------------------------- */

/* Literals stay in memory: see egi_is_embedded.  "Externally initialised" keeps LLVM from looking at them. */
static LLVMValueRef literals(egi_lower *l)
{
    const egi_canon *c = l->canon;
    LLVMTypeRef t = LLVMArrayType2(l->b.i64, (uint64_t)c->literals.n);
    LLVMValueRef *v = egi_alloc(l->allocator, (size_t)(c->literals.n + 1) * sizeof(LLVMValueRef), 16);
    if (!v) {
        l->failed = true;
        return LLVMConstNull(l->b.ptr);
    }
    for (int64_t k = 0; k < c->literals.n; k++) v[k] = LLVMConstInt(l->b.i64, c->literals.at[k], 0);
    LLVMValueRef g = LLVMAddGlobal(l->mod, t, "literals");
    LLVMSetInitializer(g, LLVMConstArray2(l->b.i64, v, (uint64_t)c->literals.n));
    LLVMSetLinkage(g, LLVMInternalLinkage);
    LLVMSetGlobalConstant(g, 1);
    LLVMSetExternallyInitialized(g, 1);
    LLVMSetAlignment(g, 8);
    egi_free(l->allocator, v);
    return g;
}

/* egi_stream_key(), of the block's seed. */
static LLVMValueRef splitmix64(egi_irb *b, LLVMValueRef x)
{
    static const struct {
        int shift;
        uint64_t factor;
    } round[] = {{30, 0xBF58476D1CE4E5B9u}, {27, 0x94D049BB133111EBu}, {31, 0}};
    x = LLVMBuildAdd(b->b, x, LLVMConstInt(b->i64, 0x9E3779B97F4A7C15u, 0), "");
    for (size_t k = 0; k < EGI_LEN(round); k++) {
        x = LLVMBuildXor(b->b, x, LLVMBuildLShr(b->b, x, egi_irb_i64(b, round[k].shift), ""), "");
        if (round[k].factor) x = LLVMBuildMul(b->b, x, LLVMConstInt(b->i64, round[k].factor, 0), "");
    }
    return x;
}

void egi_solo_key(egi_lower *l, uint64_t stream, LLVMValueRef key[2])
{
    egi_irb e = l->b;
    e.b = l->entry;
    LLVMValueRef at = egi_irb_i64(&e, (int64_t)(offsetof(egi_block, seed) / sizeof(uint64_t)));
    LLVMValueRef seed = egi_irb_load(&e, e.i64, egi_irb_at(&e, e.i64, LLVMGetParam(l->fn, P_STATE), at));
    LLVMValueRef x = LLVMConstInt(e.i64, stream + 0x9E3779B97F4A7C15u, 0);
    x = splitmix64(&e, LLVMBuildXor(e.b, seed, splitmix64(&e, x), ""));
    key[0] = LLVMBuildTrunc(e.b, x, e.i32, "");
    key[1] = LLVMBuildTrunc(e.b, LLVMBuildLShr(e.b, x, egi_irb_i64(&e, 32), ""), e.i32, "");
}

/* -- what stands for the frame ------------------------------------------------------------------------------------- */

/* Reductions take a barrier with them, which they do not use alone. */
static LLVMValueRef barrier_function(egi_lower *l)
{
    egi_irb b;
    LLVMTypeRef params[] = {l->b.ptr, l->b.i32};
    LLVMValueRef fn = egi_irb_function(l->mod, "alone", l->b.none, params, 2, LLVMInternalLinkage);
    egi_irb_open(&b, fn);
    LLVMBuildRetVoid(b.b);
    egi_irb_close(&b);
    return fn;
}

static void bind_frame(egi_lower *l)
{
    egi_irb e = l->b;
    e.b = l->entry;
    LLVMValueRef state = LLVMGetParam(l->fn, P_STATE);
    LLVMTypeRef t = LLVMArrayType2(e.i64, EGI_FRAME_FIELDS);
    l->frame = LLVMBuildAlloca(e.b, t, "frame");
    egi_irb_store(&e, LLVMConstNull(t), l->frame);
    l->field[EGI_FRAME_LITERALS] = literals(l);
    l->field[EGI_FRAME_BARRIER] = barrier_function(l);
    l->field[EGI_FRAME_TEAM] = LLVMConstNull(e.ptr);
    LLVMValueRef at = egi_irb_i64(&e, (int64_t)(offsetof(egi_block, execution) / sizeof(uint64_t)));
    l->field[EGI_FRAME_EXECUTION] = egi_irb_load(&e, e.i64, egi_irb_at(&e, e.i64, state, at));
    /* Last in the block: whether it is needed is known when all is lowered. */
    l->field[EGI_FRAME_SCRATCH] = egi_irb_at(&e, e.i8, state, egi_irb_i64(&e, l->solo->size));
    for (int64_t k = 0; k < l->canon->sizes.n; k++) l->size[k] = egi_irb_i64(&e, l->canon->sizes.at[k]);
}

void egi_solo_bind(egi_lower *l)
{
    egi_solo *s = l->solo;
    const egi_plan *p = l->p;
    if (!tables(s, p)) {
        l->failed = true;
        return;
    }
    lay_out(s, p);
    if (s->too_large) l->failed = true;
    bind_frame(l);
    egi_irb e = l->b;
    e.b = l->entry;
    for (int64_t k = 1; k < p->buffers.n; k++) {
        const egi_buffer *b = &p->buffers.at[k];
        if (b->kind == EGI_BUF_ARG)
            l->buffer[k] = LLVMGetParam(l->fn, P_ARGS + b->slot);
        else if (b->kind == EGI_BUF_ARRAY)
            l->buffer[k] = datum(l, b->slot, s->bytes[k]);
        else
            l->buffer[k] = egi_irb_at(&e, e.i8, LLVMGetParam(l->fn, P_STATE), egi_irb_i64(&e, s->at[k]));
    }
}
