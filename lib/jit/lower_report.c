/* What the runtime is told of outermost loops: what they carry and stack, for the check of values (docs/checking.md).
 */
#include "jit/flow.h"

int64_t egi_flow_describe(egi_lower *l, egi_id id, uint16_t body, int64_t nc)
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
    if (!egi_push(a, &c->loops, loop)) l->failed = true;
    return c->loops.n - 1;
}

void egi_flow_report(egi_lower *l, int64_t loop, const LLVMValueRef *scalar, int64_t nc, const egi_id *like)
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
