/* Regions as control flow: loops in chunks, whiles, conds, and calls of host functions. */
#include "core/context.h"
#include "jit/lower.h"

static LLVMBasicBlockRef block(egi_lower *l, const char *name)
{
    return LLVMAppendBasicBlockInContext(l->ctx, l->fn, name);
}

static void enter_block(egi_lower *l, LLVMBasicBlockRef b) { LLVMPositionBuilderAtEnd(l->b.b, b); }

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

/* Where the next chunk ends; alone, all steps are one. */
static LLVMValueRef tick(egi_lower *l, LLVMValueRef k, LLVMValueRef n)
{
    if (l->solo) return n;
    LLVMTypeRef params[] = {l->b.ptr, l->b.i32, l->b.i64, l->b.i64};
    LLVMValueRef args[] = {l->frame, l->tid, k, n};
    return LLVMBuildCall2(l->b.b, LLVMFunctionType(l->b.i64, params, 4, 0),
                          egi_lower_field(l, EGI_FRAME_TICK, l->b.ptr), args, 4, "");
}

/* -- what the runtime is told of outermost loops
 * ------------------------------------------------------------------------------------ */

/* Which buffers and scalars the loop carries and stacks; gives its number. */
static int64_t describe_loop(egi_lower *l, egi_id id, uint16_t body, int64_t nc)
{
    const egi_graph *g = l->g;
    const eg_allocator *a = &g->eg->allocator;
    const bool is_loop = egi_at(g, id)->op == EGI_LOOP;
    egi_code *c = l->code;
    egi_code_loop loop = {.node = id, .num_carried = nc, .first_carried = c->carried.n, .first_stack = c->stacks.n};
    uint32_t scalars = 0;
    for (int64_t k = 0; k < nc; k++) {
        egi_id param = g->regions.at[body].params.at[k + is_loop];
        egi_code_carried at = {.dtype = egi_dtype_of(g, param)};
        if (egi_is_scalar(g, param))
            at.scalar = ++scalars;
        else
            at.buffer = l->p->place[param].buffer;
        if (!egi_push(a, &c->carried, at)) l->failed = true;
    }
    loop.num_stacks = is_loop ? egi_ints_of(g, egi_at(g, id))[3] : 0;
    for (int64_t k = 0; k < loop.num_stacks; k++) {
        uint32_t buffer = 0;
        for (egi_id item = id + 1; item < g->nodes.n && !buffer; item++) {
            const egi_node *n = egi_at(g, item);
            if (n->op == EGI_ITEM && egi_arg(g, item, 0) == id && n->imm == (uint64_t)(nc + k))
                buffer = l->p->place[item].buffer;
        }
        if (!egi_push(a, &c->stacks, buffer)) l->failed = true;
    }
    c->num_scalars = egi_max64(c->num_scalars, scalars);
    if (!egi_push(a, &c->loops, loop)) l->failed = true;
    return c->loops.n - 1;
}

/* Before a tick: which loop it is, and the scalars it carries (NULL: not one). */
static void report_carried(egi_lower *l, int64_t loop, const LLVMValueRef *scalar, int64_t nc, const egi_id *like)
{
    egi_irb_if f;
    if (l->solo) return;
    LLVMValueRef to = egi_lower_field(l, EGI_FRAME_CARRIED, l->b.ptr);
    int64_t next = 1;
    egi_lower_thread0(l, &f);
    egi_irb_store(&l->b, egi_irb_i64(&l->b, loop), to);
    for (int64_t k = 0; k < nc; k++) {
        if (!scalar[k]) continue;
        egi_lower_store(&l->b, egi_dtype_of(l->g, like[k]), scalar[k],
                        egi_irb_at(&l->b, l->b.i64, to, egi_irb_i64(&l->b, next++)), 1, NULL);
    }
    egi_irb_if_end(&l->b, &f);
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

/* -- host functions inside outermost loops
 * ---------------------------------------------------------------------------------- */

/* Does the region, or one inside it, call a host function?  Then the runtime runs single steps, and the step in which
 * one fails must not have happened. */
static bool calls_host(const egi_graph *g, uint16_t region)
{
    for (egi_id id = 1; id < g->nodes.n; id++) {
        uint16_t r = egi_at(g, id)->region;
        while (g->regions.at[r].depth > g->regions.at[region].depth) r = g->regions.at[r].parent;
        if (egi_at(g, id)->op == EGI_HOST && r == region) return true;
    }
    return false;
}

static void keep_place(egi_lower *l, egi_id id)
{
    uint32_t k = l->p->place[id].buffer;
    if (k && k < l->code->buffers.n) l->code->buffers.at[k].kept = true;
}

/* What the loop carries in memory is kept before each step. */
static void keep_carried(egi_lower *l, egi_id owner, uint16_t body, uint32_t first, int64_t nc)
{
    const egi_region *r = &l->g->regions.at[body];
    for (int64_t k = 0; k < nc; k++) {
        keep_place(l, r->params.at[k + first]);
        keep_place(l, r->results.at[k]);
    }
    for (egi_id id = owner + 1; id < l->g->nodes.n; id++) {
        const egi_node *n = egi_at(l->g, id);
        if (n->op == EGI_ITEM && egi_arg(l->g, id, 0) == owner && (int64_t)n->imm < nc) keep_place(l, id);
    }
}

static LLVMValueRef is_set(egi_lower *l, int field)
{
    LLVMValueRef at = egi_irb_at(&l->b, l->b.i64, l->frame, egi_irb_i64(&l->b, field));
    return LLVMBuildICmp(l->b.b, LLVMIntNE, egi_irb_load(&l->b, l->b.i64, at), egi_irb_i64(&l->b, 0), "");
}

/* i1: a host function had failed at the last tick. */
static LLVMValueRef stopped(egi_lower *l) { return is_set(l, EGI_FRAME_FAILED); }

/* i1: one has failed by now.  Between barriers: a thread that is late would see what a later call did. */
static LLVMValueRef stopped_now(egi_lower *l)
{
    egi_lower_barrier(l);
    LLVMValueRef failed = is_set(l, EGI_FRAME_STOP);
    egi_lower_barrier(l);
    return failed;
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
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b.b), body = block(l, "step");
    LLVMBuildBr(l->b.b, body);
    enter_block(l, body);
    LLVMValueRef i = phi(l, l->b.i64, from, before);
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id param = r->params.at[k + 1];
        if (egi_is_scalar(g, param))
            l->scalar[param] = s->inner[k] = phi(l, LLVMTypeOf(s->chunk[k]), s->chunk[k], before);
    }
    LLVMValueRef next = LLVMBuildAdd(l->b.b, i, egi_irb_i64(&l->b, 1), "");
    l->loop_index[s->body] = i;
    l->loop_last[s->body] = LLVMBuildICmp(l->b.b, LLVMIntEQ, next, to, "last");
    l->scalar[r->params.at[0]] = i;
    counters old = count_in(l, i);
    egi_lower_stages(l, s->body, &l->p->region[s->body].stages);
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
    bool chunked = l->depth == 0, hosted = chunked && calls_host(g, s->body);
    LLVMBasicBlockRef head = block(l, "chunk"), run = block(l, "run"), after = block(l, "after");
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b.b);
    LLVMBuildBr(l->b.b, head);
    enter_block(l, head);
    LLVMValueRef k0 = phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before), done = k0;
    LLVMValueRef earlier = hosted ? phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before) : NULL;
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id init = egi_arg(g, s->id, (uint32_t)k + 1);
        if (!egi_is_scalar(g, init)) continue;
        s->chunk[k] = phi(l, LLVMTypeOf(l->scalar[init]), l->scalar[init], before);
        if (hosted) s->before[k] = phi(l, LLVMTypeOf(l->scalar[init]), l->scalar[init], before);
    }
    if (chunked) {
        int64_t loop = describe_loop(l, s->id, s->body, s->nc);
        report_carried(l, loop, s->chunk, s->nc, g->regions.at[s->body].results.at);
    }
    LLVMValueRef k1 = chunked ? tick(l, k0, s->n) : s->n, failed = hosted ? stopped(l) : NULL;
    LLVMBuildCondBr(l->b.b, LLVMBuildICmp(l->b.b, LLVMIntSGT, k1, k0, ""), run, after);
    enter_block(l, run);
    LLVMBasicBlockRef latch = loop_steps(l, s, k0, k1, head);
    LLVMAddIncoming(k0, &k1, &latch, 1);
    if (hosted) LLVMAddIncoming(earlier, &k0, &latch, 1);
    for (int64_t k = 0; k < s->nc; k++) {
        if (s->chunk[k]) LLVMAddIncoming(s->chunk[k], &s->result[k], &latch, 1);
        if (s->before[k]) LLVMAddIncoming(s->before[k], &s->chunk[k], &latch, 1);
    }
    enter_block(l, after);
    if (hosted) {
        keep_carried(l, s->id, s->body, 1, s->nc);
        done = LLVMBuildSelect(l->b.b, failed, earlier, k0, "");
    }
    for (int64_t k = 0; k < s->nc; k++) {
        if (!s->chunk[k]) continue;
        LLVMValueRef v = s->chunk[k];
        give_item(l, s->id, k, hosted ? LLVMBuildSelect(l->b.b, failed, s->before[k], v, "") : v);
    }
    if (chunked) {
        clear_rest(l, s->id, done, s->n);
        report_advance(l, done);
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
    LLVMBasicBlockRef ask = block(l, "ask"), go = block(l, "go"), head = LLVMGetInsertBlock(l->b.b);
    l->while_end = phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before);
    LLVMBuildCondBr(l->b.b, LLVMBuildICmp(l->b.b, LLVMIntEQ, s->i, l->while_end, ""), ask, go);
    enter_block(l, ask);
    s->loop = describe_loop(l, s->id, s->body, s->nc);
    report_carried(l, s->loop, s->phis, s->nc, l->g->regions.at[s->body].results.at);
    LLVMValueRef more = tick(l, s->i, egi_irb_i64(&l->b, EGI_ENDLESS)), failed = s->hosted ? stopped(l) : NULL;
    s->done = s->hosted ? LLVMBuildSelect(l->b.b, failed, s->earlier, s->i, "") : s->i;
    for (uint32_t k = 0; k < s->nc; k++) {
        if (!s->phis[k]) continue;
        s->left[k] = s->hosted ? LLVMBuildSelect(l->b.b, failed, s->before[k], s->phis[k], "") : s->phis[k];
    }
    s->asked = LLVMGetInsertBlock(l->b.b);
    LLVMBuildCondBr(l->b.b, LLVMBuildICmp(l->b.b, LLVMIntSGT, more, s->i, ""), go, after);
    enter_block(l, go);
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
    LLVMValueRef p = phi(l, LLVMTypeOf(now), now, from);
    LLVMAddIncoming(p, &left, &s->asked, 1);
    return p;
}

/* Turns of the loop, from its head on; gives the block from which the condition ends it. */
static LLVMBasicBlockRef while_turns(egi_lower *l, while_state *s, LLVMBasicBlockRef after)
{
    const egi_graph *g = l->g;
    LLVMBasicBlockRef before = LLVMGetInsertBlock(l->b.b), head = block(l, "while"), run = block(l, "do");
    LLVMBuildBr(l->b.b, head);
    enter_block(l, head);
    s->i = phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before);
    if (s->hosted) s->earlier = phi(l, l->b.i64, egi_irb_i64(&l->b, 0), before);
    for (uint32_t k = 0; k < s->nc; k++) {
        egi_id init = egi_arg(g, s->id, k);
        if (!egi_is_scalar(g, init)) continue;
        s->phis[k] = phi(l, LLVMTypeOf(l->scalar[init]), l->scalar[init], before);
        if (s->hosted) s->before[k] = phi(l, LLVMTypeOf(l->scalar[init]), l->scalar[init], before);
        l->scalar[g->regions.at[s->cond].params.at[k]] = l->scalar[g->regions.at[s->body].params.at[k]] = s->phis[k];
    }
    LLVMValueRef end = l->depth == 0 ? while_chunk(l, s, before, after) : NULL;
    counters old = count_in(l, s->i);
    egi_lower_stages(l, s->cond, &l->p->region[s->cond].stages);
    LLVMValueRef p = egi_lower_scalar(l, g->regions.at[s->cond].results.at[0]);
    /* Where a host function has failed, the condition of an outermost while says nothing: its body runs once more, and
     * then the runtime ends the loop and takes the turn back.  An inner one must end by itself, as what host functions
     * give does not change any more; the runtime takes back the step that it belongs to. */
    if (s->hosted ? calls_host(g, s->cond) : calls_host(g, s->cond) || calls_host(g, s->body)) {
        LLVMValueRef failed = stopped_now(l);
        p = s->hosted ? LLVMBuildOr(l->b.b, p, failed, "")
                      : LLVMBuildAnd(l->b.b, p, LLVMBuildNot(l->b.b, failed, ""), "");
    }
    LLVMBasicBlockRef from = LLVMGetInsertBlock(l->b.b);
    LLVMBuildCondBr(l->b.b, p, run, after);
    enter_block(l, run);
    egi_lower_stages(l, s->body, &l->p->region[s->body].stages);
    for (uint32_t k = 0; k < s->nc; k++) {
        if (s->phis[k]) egi_lower_scalar(l, g->regions.at[s->body].results.at[k]);
    }
    count_out(l, old);
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
    s.hosted = l->depth == 0 && (calls_host(g, s.cond) || calls_host(g, s.body));
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
    LLVMBasicBlockRef after = block(l, "done"), from = while_turns(l, &s, after);
    enter_block(l, after);
    LLVMValueRef done = behind_while(l, &s, s.i, from, s.done);
    for (uint32_t k = 0; k < s.nc; k++) {
        if (s.phis[k]) s.left[k] = behind_while(l, &s, s.phis[k], from, s.left[k]);
    }
    if (l->depth == 0) {
        report_carried(l, s.loop, s.left, s.nc, g->regions.at[s.body].results.at);
        tick(l, done, egi_irb_i64(&l->b, -1));
    }
    for (uint32_t k = 0; k < s.nc; k++) {
        if (s.phis[k]) give_item(l, id, k, s.left[k]);
    }
    if (s.hosted) keep_carried(l, id, s.body, 0, s.nc);
    report_advance(l, done);
    egi_free(l->allocator, s.phis);
}

void egi_lower_cond(egi_lower *l, egi_id id)
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
        egi_lower_stages(l, (uint16_t)arm[a], &l->p->region[arm[a]].stages);
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

/* -- host calls
 * --------------------------------------------------------------------------------------------------------- */

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

void egi_lower_host(egi_lower *l, egi_id id)
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
        if (!v[n->num_args + k])
            v[n->num_args + k] = LLVMConstNull(l->b.ptr); /* nobody uses it: call_host gives memory */
    }
    LLVMTypeRef params[] = {l->b.ptr, l->b.i64, l->b.ptr, l->b.ptr};
    LLVMValueRef args[] = {l->frame, egi_irb_i64(&l->b, (int64_t)n->imm), pointers(l, v, n->num_args),
                           pointers(l, v + n->num_args, no)};
    LLVMBuildCall2(l->b.b, LLVMFunctionType(l->b.none, params, 4, 0), egi_lower_field(l, EGI_FRAME_HOST, l->b.ptr),
                   args, 4, "");
    egi_irb_if_end(&l->b, &f);
    egi_free(l->allocator, v);
}
