/* Loops: chunks, asked of the runtime, and their steps. */
#include "jit/flow.h"

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
        LLVMBuildMemSet(l->b.b, egi_irb_at(&l->b, l->b.i8, egi_lower_buffer(l, l->p->place[item].buffer), from),
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
        egi_lower_store_scalar(
            l, value, egi_irb_at(&l->b, m, egi_lower_buffer(l, l->p->place[item].buffer), l->loop_index[body]));
    }
}

typedef struct loop_state {
    egi_id id;
    uint16_t body;
    int64_t nc;
    LLVMValueRef n;
    LLVMValueRef *chunk, *inner, *result; /* scalars carried: phis of both levels, values at the end of a step */
    LLVMValueRef *before;                 /* values before the last chunk, where host functions are called */
} loop_state;

/* The steps [from, to), to > from: a do-while; gives the block it leaves from. */
static LLVMBasicBlockRef loop_steps(egi_lower *l, loop_state *s, LLVMValueRef from, LLVMValueRef to,
                                    LLVMBasicBlockRef after)
{
    const egi_graph *g = l->g;
    const egi_region *r = &g->regions.at[s->body];
    l->loop_index[s->body] = from; /* for what a chunk begins with */
    egi_lower_stages(l, s->body, &l->p->region[s->body].enter);
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b.b), body = egi_flow_block(l, "step");
    LLVMBuildBr(l->b.b, body);
    egi_flow_enter(l, body);
    LLVMValueRef i = egi_flow_phi(l, l->b.i64, from, before);
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id param = r->params.at[k + 1];
        if (egi_is_scalar(g, param))
            l->scalar[param] = s->inner[k] = egi_flow_phi(l, LLVMTypeOf(s->chunk[k]), s->chunk[k], before);
    }
    LLVMValueRef next = LLVMBuildAdd(l->b.b, i, egi_irb_i64(&l->b, 1), "");
    l->loop_index[s->body] = i;
    l->loop_last[s->body] = LLVMBuildICmp(l->b.b, LLVMIntEQ, next, to, "last");
    l->scalar[r->params.at[0]] = i;
    egi_counters old = egi_flow_in(l, i);
    egi_lower_stages(l, s->body, &l->p->region[s->body].stages);
    for (int64_t k = 0; k < s->nc; k++) {
        if (egi_is_scalar(g, r->results.at[k])) s->result[k] = egi_lower_scalar(l, r->results.at[k]);
    }
    stack_scalars(l, s->id, s->body);
    egi_flow_out(l, old);
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
    bool chunked = l->depth == 0, hosted = chunked && egi_calls_host(g, s->body);
    LLVMBasicBlockRef head = egi_flow_block(l, "chunk"), run = egi_flow_block(l, "run"),
                      after = egi_flow_block(l, "after");
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b.b);
    LLVMBuildBr(l->b.b, head);
    egi_flow_enter(l, head);
    LLVMValueRef k0 = egi_flow_phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before), done = k0;
    LLVMValueRef earlier = hosted ? egi_flow_phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before) : NULL;
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id init = egi_arg(g, s->id, (uint32_t)k + 1);
        if (!egi_is_scalar(g, init)) continue;
        s->chunk[k] = egi_flow_phi(l, LLVMTypeOf(l->scalar[init]), l->scalar[init], before);
        if (hosted) s->before[k] = egi_flow_phi(l, LLVMTypeOf(l->scalar[init]), l->scalar[init], before);
    }
    if (chunked) {
        int64_t loop = egi_flow_describe(l, s->id, s->body, s->nc);
        egi_flow_report(l, loop, s->chunk, s->nc, g->regions.at[s->body].results.at);
    }
    LLVMValueRef k1 = chunked ? egi_flow_tick(l, k0, s->n) : s->n, failed = hosted ? egi_flow_failed(l) : NULL;
    LLVMBuildCondBr(l->b.b, LLVMBuildICmp(l->b.b, LLVMIntSGT, k1, k0, ""), run, after);
    egi_flow_enter(l, run);
    LLVMBasicBlockRef latch = loop_steps(l, s, k0, k1, head);
    LLVMAddIncoming(k0, &k1, &latch, 1);
    if (hosted) LLVMAddIncoming(earlier, &k0, &latch, 1);
    for (int64_t k = 0; k < s->nc; k++) {
        if (s->chunk[k]) LLVMAddIncoming(s->chunk[k], &s->result[k], &latch, 1);
        if (s->before[k]) LLVMAddIncoming(s->before[k], &s->chunk[k], &latch, 1);
    }
    egi_flow_enter(l, after);
    if (hosted) done = LLVMBuildSelect(l->b.b, failed, earlier, k0, "");
    for (int64_t k = 0; k < s->nc; k++) {
        if (!s->chunk[k]) continue;
        LLVMValueRef v = s->chunk[k];
        egi_flow_item(l, s->id, k, hosted ? LLVMBuildSelect(l->b.b, failed, s->before[k], v, "") : v);
    }
    if (chunked) {
        clear_rest(l, s->id, done, s->n);
        egi_flow_advance(l, done);
    }
}

void egi_lower_loop(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const int64_t *at = egi_ints_of(g, egi_at(g, id));
    loop_state s = {.id = id, .body = (uint16_t)at[0], .nc = at[1]};
    s.chunk = egi_alloc(l->allocator, (size_t)(4 * s.nc + 1) * sizeof *s.chunk, 16);
    if (!s.chunk) {
        l->failed = true;
        return;
    }
    s.inner = s.chunk + s.nc;
    s.result = s.inner + s.nc;
    s.before = s.result + s.nc;
    s.n = egi_lower_scalar(l, egi_arg(g, id, 0));
    for (int64_t k = 0; k < s.nc; k++) {
        if (egi_is_scalar(g, egi_arg(g, id, (uint32_t)k + 1))) egi_lower_scalar(l, egi_arg(g, id, (uint32_t)k + 1));
    }
    egi_lower_stages(l, s.body, &l->p->region[s.body].before);
    loop_emit(l, &s);
    egi_free(l->allocator, s.chunk);
}
