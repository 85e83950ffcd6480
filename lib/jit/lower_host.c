/* Calls of host functions: by the first thread, with pointers to what they read and write. */
#include "core/context.h"
#include "jit/lower.h"

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
