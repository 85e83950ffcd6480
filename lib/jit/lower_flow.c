/* Regions as control flow: what loops, whiles and conds need of it, and conds. */
#include "jit/flow.h"

LLVMBasicBlockRef egi_flow_block(egi_lower *l, const char *name)
{
    return LLVMAppendBasicBlockInContext(l->ctx, l->fn, name);
}

void egi_flow_enter(egi_lower *l, LLVMBasicBlockRef b) { LLVMPositionBuilderAtEnd(l->b.b, b); }

LLVMValueRef egi_flow_phi(egi_lower *l, LLVMTypeRef t, LLVMValueRef value, LLVMBasicBlockRef from)
{
    LLVMValueRef p = LLVMBuildPhi(l->b.b, t, "");
    LLVMAddIncoming(p, &value, &from, 1);
    return p;
}

void egi_flow_item(egi_lower *l, egi_id owner, int64_t k, LLVMValueRef v)
{
    for (egi_id id = owner + 1; id < l->g->nodes.n; id++) {
        const egi_node *n = egi_at(l->g, id);
        if (n->op == EGI_ITEM && egi_arg(l->g, id, 0) == owner && n->imm == (uint64_t)k) l->scalar[id] = v;
    }
}

egi_counters egi_flow_in(egi_lower *l, LLVMValueRef i)
{
    egi_counters old = {l->step, l->inner};
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

void egi_flow_out(egi_lower *l, egi_counters old)
{
    l->step = old.step;
    l->inner = old.inner;
    l->depth--;
}

void egi_flow_advance(egi_lower *l, LLVMValueRef n)
{
    egi_irb_if f;
    if (l->depth) return;
    egi_lower_thread0(l, &f);
    LLVMValueRef at = egi_irb_at(&l->b, l->b.i64, l->frame, egi_irb_i64(&l->b, EGI_FRAME_ADVANCE));
    egi_irb_store(&l->b, egi_irb_max(&l->b, egi_irb_load(&l->b, l->b.i64, at), n), at);
    egi_irb_if_end(&l->b, &f);
}

LLVMValueRef egi_flow_tick(egi_lower *l, LLVMValueRef k, LLVMValueRef n)
{
    if (l->solo) return n;
    LLVMTypeRef params[] = {l->b.ptr, l->b.i32, l->b.i64, l->b.i64};
    LLVMValueRef args[] = {l->frame, l->tid, k, n};
    return LLVMBuildCall2(l->b.b, LLVMFunctionType(l->b.i64, params, 4, 0),
                          egi_lower_field(l, EGI_FRAME_TICK, l->b.ptr), args, 4, "");
}

static LLVMValueRef is_set(egi_lower *l, int field)
{
    LLVMValueRef at = egi_irb_at(&l->b, l->b.i64, l->frame, egi_irb_i64(&l->b, field));
    return LLVMBuildICmp(l->b.b, LLVMIntNE, egi_irb_load(&l->b, l->b.i64, at), egi_irb_i64(&l->b, 0), "");
}

LLVMValueRef egi_flow_failed(egi_lower *l) { return is_set(l, EGI_FRAME_FAILED); }

LLVMValueRef egi_flow_failed_now(egi_lower *l)
{
    egi_lower_barrier(l);
    LLVMValueRef failed = is_set(l, EGI_FRAME_STOP);
    egi_lower_barrier(l);
    return failed;
}

void egi_lower_cond(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const int64_t *arm = egi_ints_of(g, egi_at(g, id));
    int64_t n = g->regions.at[arm[0]].results.n;
    LLVMValueRef *value = egi_alloc(l->allocator, (size_t)(2 * n + 1) * sizeof *value, 16);
    LLVMBasicBlockRef in[2] = {egi_flow_block(l, "yes"), egi_flow_block(l, "no")}, out[2],
                      after = egi_flow_block(l, "join");
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
        egi_flow_enter(l, in[a]);
        egi_lower_stages(l, (uint16_t)arm[a], &l->p->region[arm[a]].stages);
        for (int64_t k = 0; k < n; k++) {
            egi_id r = g->regions.at[arm[a]].results.at[k];
            if (egi_is_scalar(g, r)) value[a * n + k] = egi_lower_scalar(l, r);
        }
        out[a] = LLVMGetInsertBlock(l->b.b);
        LLVMBuildBr(l->b.b, after);
    }
    egi_flow_enter(l, after);
    for (int64_t k = 0; k < n; k++) {
        if (!value[k]) continue;
        LLVMValueRef p = LLVMBuildPhi(l->b.b, LLVMTypeOf(value[k]), "");
        LLVMAddIncoming(p, &value[k], &out[0], 1);
        LLVMAddIncoming(p, &value[n + k], &out[1], 1);
        egi_flow_item(l, id, k, p);
    }
    egi_free(l->allocator, value);
}
