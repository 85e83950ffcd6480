/* Whiles: turns, and at the end of a chunk the question whether there may be another. */
#include "jit/flow.h"

typedef struct while_state {
    egi_id id;
    uint16_t cond, body;
    uint32_t nc;
    bool hosted;
    int64_t loop;                /* its number, if it is an outermost one */
    LLVMValueRef i, earlier;     /* iteration; the one before */
    LLVMValueRef *phis, *before; /* scalars carried; before the last iteration, where host functions are called */
    LLVMBasicBlockRef asked;     /* where the runtime said no */
    LLVMValueRef done, *left;    /* what the loop is left with from there */
} while_state;

/* An outermost while also asks the runtime, at the end of each chunk, whether it may go on.  Called in its head, which
 * it splits; gives the end of the chunk, for the next turn. */
static LLVMValueRef while_chunk(egi_lower *l, while_state *s, LLVMBasicBlockRef before, LLVMBasicBlockRef after)
{
    LLVMBasicBlockRef ask = egi_flow_block(l, "ask"), go = egi_flow_block(l, "go"), head = LLVMGetInsertBlock(l->b.b);
    l->while_end = egi_flow_phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before);
    LLVMBuildCondBr(l->b.b, LLVMBuildICmp(l->b.b, LLVMIntEQ, s->i, l->while_end, ""), ask, go);
    egi_flow_enter(l, ask);
    s->loop = egi_flow_describe(l, s->id, s->body, s->nc);
    egi_flow_report(l, s->loop, s->phis, s->nc, l->g->regions.at[s->body].results.at);
    LLVMValueRef more = egi_flow_tick(l, s->i, egi_irb_i64(&l->b, EGI_ENDLESS)),
                 failed = s->hosted ? egi_flow_failed(l) : NULL;
    s->done = s->hosted ? LLVMBuildSelect(l->b.b, failed, s->earlier, s->i, "") : s->i;
    for (uint32_t k = 0; k < s->nc; k++) {
        if (!s->phis[k]) continue;
        s->left[k] = s->hosted ? LLVMBuildSelect(l->b.b, failed, s->before[k], s->phis[k], "") : s->phis[k];
    }
    s->asked = LLVMGetInsertBlock(l->b.b);
    LLVMBuildCondBr(l->b.b, LLVMBuildICmp(l->b.b, LLVMIntSGT, more, s->i, ""), go, after);
    egi_flow_enter(l, go);
    LLVMValueRef end = LLVMBuildPhi(l->b.b, l->b.i64, "");
    LLVMAddIncoming(end, &l->while_end, &head, 1);
    LLVMAddIncoming(end, &more, &s->asked, 1);
    return end;
}

/* The value behind the loop: as it is where the condition ended it, or as it was left where the runtime did. */
static LLVMValueRef behind_while(egi_lower *l, while_state *s, LLVMValueRef now, LLVMBasicBlockRef from,
                                 LLVMValueRef left)
{
    if (!s->asked) return now;
    LLVMValueRef p = egi_flow_phi(l, LLVMTypeOf(now), now, from);
    LLVMAddIncoming(p, &left, &s->asked, 1);
    return p;
}

/* Turns of the loop, from its head on; gives the block from which the condition ends it. */
static LLVMBasicBlockRef while_turns(egi_lower *l, while_state *s, LLVMBasicBlockRef after)
{
    const egi_graph *g = l->g;
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b.b), head = egi_flow_block(l, "while"),
                      run = egi_flow_block(l, "do");
    LLVMBuildBr(l->b.b, head);
    egi_flow_enter(l, head);
    s->i = egi_flow_phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before);
    if (s->hosted) s->earlier = egi_flow_phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before);
    for (uint32_t k = 0; k < s->nc; k++) {
        egi_id init = egi_arg(g, s->id, k);
        if (!egi_is_scalar(g, init)) continue;
        s->phis[k] = egi_flow_phi(l, LLVMTypeOf(l->scalar[init]), l->scalar[init], before);
        if (s->hosted) s->before[k] = egi_flow_phi(l, LLVMTypeOf(l->scalar[init]), l->scalar[init], before);
        l->scalar[g->regions.at[s->cond].params.at[k]] = l->scalar[g->regions.at[s->body].params.at[k]] = s->phis[k];
    }
    LLVMValueRef end = l->depth == 0 ? while_chunk(l, s, before, after) : NULL;
    egi_counters old = egi_flow_in(l, s->i);
    egi_lower_stages(l, s->cond, &l->p->region[s->cond].stages);
    LLVMValueRef p = egi_lower_scalar(l, g->regions.at[s->cond].results.at[0]);
    /* Where a host function has failed, the condition of an outermost while says nothing: its body runs once more, and
     * then the runtime ends the loop and takes the turn back.  An inner one must end by itself, as what host functions
     * give does not change any more; the runtime takes back the step that it belongs to. */
    if (s->hosted ? egi_calls_host(g, s->cond) : egi_calls_host(g, s->cond) || egi_calls_host(g, s->body)) {
        LLVMValueRef failed = egi_flow_failed_now(l);
        p = s->hosted ? LLVMBuildOr(l->b.b, p, failed, "")
                      : LLVMBuildAnd(l->b.b, p, LLVMBuildNot(l->b.b, failed, ""), "");
    }
    LLVMBasicBlockRef from = LLVMGetInsertBlock(l->b.b);
    LLVMBuildCondBr(l->b.b, p, run, after);
    egi_flow_enter(l, run);
    egi_lower_stages(l, s->body, &l->p->region[s->body].stages);
    for (uint32_t k = 0; k < s->nc; k++) {
        if (s->phis[k]) egi_lower_scalar(l, g->regions.at[s->body].results.at[k]);
    }
    egi_flow_out(l, old);
    LLVMValueRef next = LLVMBuildAdd(l->b.b, s->i, egi_irb_i64(&l->b, 1), "");
    LLVMBasicBlockRef latch = LLVMGetInsertBlock(l->b.b);
    LLVMBuildBr(l->b.b, head);
    LLVMAddIncoming(s->i, &next, &latch, 1);
    if (s->hosted) LLVMAddIncoming(s->earlier, &s->i, &latch, 1);
    if (end) LLVMAddIncoming(l->while_end, &end, &latch, 1);
    for (uint32_t k = 0; k < s->nc; k++) {
        if (s->phis[k]) LLVMAddIncoming(s->phis[k], &l->scalar[g->regions.at[s->body].results.at[k]], &latch, 1);
        if (s->before[k]) LLVMAddIncoming(s->before[k], &s->phis[k], &latch, 1);
    }
    return from;
}

void egi_lower_while(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_node *n = egi_at(g, id);
    while_state s = {
        .id = id, .cond = (uint16_t)egi_ints_of(g, n)[0], .body = (uint16_t)egi_ints_of(g, n)[1], .nc = n->num_args};
    s.hosted = l->depth == 0 && (egi_calls_host(g, s.cond) || egi_calls_host(g, s.body));
    s.phis = egi_alloc(l->allocator, (3 * s.nc + 1) * sizeof *s.phis, 16);
    if (!s.phis) {
        l->failed = true;
        return;
    }
    s.before = s.phis + s.nc;
    s.left = s.before + s.nc;
    for (uint32_t k = 0; k < s.nc; k++) {
        if (egi_is_scalar(g, egi_arg(g, id, k))) egi_lower_scalar(l, egi_arg(g, id, k));
    }
    egi_lower_stages(l, s.body, &l->p->region[s.body].before);
    LLVMBasicBlockRef after = egi_flow_block(l, "done"), from = while_turns(l, &s, after);
    egi_flow_enter(l, after);
    LLVMValueRef done = behind_while(l, &s, s.i, from, s.done);
    for (uint32_t k = 0; k < s.nc; k++) {
        if (s.phis[k]) s.left[k] = behind_while(l, &s, s.phis[k], from, s.left[k]);
    }
    if (l->depth == 0) {
        egi_flow_report(l, s.loop, s.left, s.nc, g->regions.at[s.body].results.at);
        egi_flow_tick(l, done, egi_irb_i64(&l->b, -1));
    }
    for (uint32_t k = 0; k < s.nc; k++) {
        if (s.phis[k]) egi_flow_item(l, id, k, s.left[k]);
    }
    egi_flow_advance(l, done);
    egi_free(l->allocator, s.phis);
}
