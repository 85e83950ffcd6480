/* DOT: the matrix product of lower_dot.c for each matrix of a batch.
 *
 * With at least as many products as threads each thread computes whole ones; else all threads share each product.
 * Either way a block of the result has one writer and nothing waits inside. */
#include "jit/lower_dot.h"
#include "jit/walk.h"

/* Of what a thread has, or, for more than that, of what stands behind that of all threads. */
static LLVMValueRef scratch_of_thread(egi_lower *l, size_t size)
{
    egi_irb *b = &l->b;
    LLVMValueRef base = egi_lower_field(l, EGI_FRAME_SCRATCH, b->ptr), tid = LLVMBuildZExt(b->b, l->tid, b->i64, "");
    LLVMValueRef at = LLVMBuildMul(b->b, tid, egi_irb_i64(b, size > EGI_SCRATCH ? (int64_t)size : EGI_SCRATCH), "");
    if (size > EGI_SCRATCH) {
        LLVMValueRef nt = LLVMBuildZExt(b->b, l->nt, b->i64, "");
        at = LLVMBuildAdd(b->b, at, LLVMBuildMul(b->b, nt, egi_irb_i64(b, EGI_SCRATCH), ""), "");
    }
    return egi_irb_at(b, b->i8, base, at);
}

LLVMValueRef egi_lower_scratch(egi_lower *l) { return scratch_of_thread(l, EGI_SCRATCH); }

/* The operand is a transpose, read where its operand lies. */
static bool is_flipped(const egi_plan *p, egi_id id, uint32_t k)
{
    egi_id a = egi_arg(p->g, id, k);
    return egi_at(p->g, a)->op == EGI_TRANSPOSE && !p->forced[a];
}

unsigned egi_dot_form(const egi_plan *p, egi_id id)
{
    const egi_shape *s = egi_shape_of(p->g, id);
    unsigned form =
        (s->dim[s->rank - 2] == 1 ? EGI_DOT_ONE_ROW : 0u) | (s->dim[s->rank - 1] == 1 ? EGI_DOT_ONE_COLUMN : 0u);
    form |= (is_flipped(p, id, 0) ? EGI_DOT_A_TRANSPOSED : 0u) | (is_flipped(p, id, 1) ? EGI_DOT_B_TRANSPOSED : 0u);
    return form | (egi_at(p->g, id)->num_args > 2 ? EGI_DOT_BASE : 0u);
}

void egi_lower_product_of(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_shape *s = egi_shape_of(g, id), *a = egi_shape_of(g, egi_arg(g, id, 0));
    const eg_dtype t = egi_dtype_of(g, id);
    const int64_t m = s->dim[s->rank - 2], n = s->dim[s->rank - 1], k = a->dim[a->rank - 1];
    const int lanes = (int)l->lanes / (eg_dtype_size(t) == 8 ? 2 : 1);
    egi_irb *b = &l->b;
    LLVMTypeRef e = egi_lower_memory(l, t);
    LLVMValueRef M = egi_lower_size(l, m), N = egi_lower_size(l, n), K = egi_lower_size(l, k);
    LLVMValueRef batch = egi_lower_product(l, s->rank - 2, s->dim), lo, hi;
    LLVMValueRef tid = LLVMBuildZExt(b->b, l->tid, b->i64, ""), nt = LLVMBuildZExt(b->b, l->nt, b->i64, "");
    LLVMValueRef x = egi_lower_array(l, id, 0), y = egi_lower_array(l, id, 1);
    const unsigned form = egi_dot_form(l->p, id);
    const bool based = form & EGI_DOT_BASE;
    const unsigned num = based ? 10 : 9;
    LLVMValueRef to = egi_lower_pointer(l, id), scratch = scratch_of_thread(l, egi_dot_scratch(form));
    LLVMValueRef base = based ? egi_lower_array(l, id, 2) : NULL;
    LLVMValueRef fn = egi_emit_dot(l->mod, t, lanes, l->avx512, form);

    if (s->rank == 2) {
        LLVMValueRef args[] = {base, x, y, to, scratch, tid, nt, M, N, K};
        egi_irb_call(b, fn, args + !based, num);
        return;
    }
    LLVMValueRef own = LLVMBuildICmp(b->b, LLVMIntSGE, batch, nt, ""), zero = egi_irb_i64(b, 0);
    egi_lower_slice(l, batch, 1, &lo, &hi);
    LLVMValueRef part = LLVMBuildSelect(b->b, own, zero, tid, "");
    LLVMValueRef parts = LLVMBuildSelect(b->b, own, egi_irb_i64(b, 1), nt, "");
    egi_irb_loop loop;
    LLVMValueRef from = LLVMBuildSelect(b->b, own, lo, zero, ""), end = LLVMBuildSelect(b->b, own, hi, batch, "");
    LLVMValueRef i = egi_irb_loop_begin(b, &loop, from, end, egi_irb_i64(b, 1));
    LLVMValueRef at_x = LLVMBuildMul(b->b, i, LLVMBuildMul(b->b, M, K, ""), "");
    LLVMValueRef at_y = LLVMBuildMul(b->b, i, LLVMBuildMul(b->b, K, N, ""), "");
    LLVMValueRef at_to = LLVMBuildMul(b->b, i, LLVMBuildMul(b->b, M, N, ""), "");
    LLVMValueRef args[] = {based ? egi_irb_at(b, e, base, at_to) : NULL,
                           egi_irb_at(b, e, x, at_x),
                           egi_irb_at(b, e, y, at_y),
                           egi_irb_at(b, e, to, at_to),
                           scratch,
                           part,
                           parts,
                           M,
                           N,
                           K};
    egi_irb_call(b, fn, args + !based, num);
    egi_irb_loop_end(b, &loop);
}
