/*
 * Packing for the matrix product: rows k of a panel of B, `panel` columns wide, dense, so that the kernels find it in L1
 * whatever the stride of B.  Columns beyond n hold anything: the kernels never store them.
 */
#include "jit/dot_tile.h"

#include <stddef.h>

enum { MAX_LANES = 16, MAX_VECS = 4 };

static void copy_rows(const egi_dot_plan *p, egi_irb *b, const LLVMValueRef *arg, const LLVMValueRef *mask)
{
    LLVMTypeRef  vec = egi_irb_vec(p->element, p->lanes);
    egi_irb_loop l;
    egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), arg[2], egi_irb_i64(b, 1));
    LLVMValueRef to = egi_irb_carry(b, &l, arg[0]);
    LLVMValueRef from = egi_irb_carry(b, &l, arg[1]);
    for (unsigned v = 0; v < p->tile_vecs; v++) {
        LLVMValueRef column = egi_irb_i64(b, (int64_t)v * p->lanes);
        LLVMValueRef at = egi_irb_at(b, p->element, from, column);
        LLVMValueRef x = mask ? egi_irb_load_masked(b, vec, at, mask[v]) : egi_irb_load(b, vec, at);
        egi_irb_store(b, x, egi_irb_at(b, p->element, to, column));
    }
    egi_irb_carry_next(&l, to, egi_irb_at(b, p->element, to, egi_irb_i64(b, p->panel)));
    egi_irb_carry_next(&l, from, egi_irb_at(b, p->element, from, arg[4]));
    egi_irb_loop_end(b, &l);
}

/* void pack(panel, B, kc, n, b_k) */
void egi_dot_emit_pack(egi_dot_plan *p)
{
    egi_irb irb, *b = &irb;
    p->pack = egi_dot_function(p, b, "_pack", 2, 3);
    LLVMValueRef arg[5], mask[MAX_VECS];
    LLVMGetParams(p->pack, arg);
    egi_irb_if f;
    egi_irb_if_begin(b, &f, LLVMBuildICmp(b->b, LLVMIntSGE, arg[3], egi_irb_i64(b, p->panel), ""));
    copy_rows(p, b, arg, NULL);
    egi_irb_if_else(b, &f);
    for (unsigned v = 0; v < p->tile_vecs; v++) {
        LLVMValueRef left = LLVMBuildSub(b->b, arg[3], egi_irb_i64(b, (int64_t)v * p->lanes), "");
        mask[v] = egi_irb_tail_mask(b, left, p->lanes);
    }
    copy_rows(p, b, arg, mask);
    egi_irb_if_end(b, &f);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}

/*
 * Transposes a square of vectors: at distance d, vectors i and i + d exchange the blocks of d elements that stand off the
 * diagonal; after d = lanes / 2, ..., 1 all is exchanged.
 */
static void transpose(const egi_dot_plan *p, egi_irb *b, LLVMValueRef *v)
{
    for (unsigned d = p->lanes / 2; d > 0; d /= 2) {
        LLVMValueRef lo[MAX_LANES], hi[MAX_LANES];
        for (unsigned e = 0; e < p->lanes; e++) {
            lo[e] = egi_irb_i32(b, (int32_t)(e & d ? e - d + p->lanes : e));
            hi[e] = egi_irb_i32(b, (int32_t)(e & d ? e + p->lanes : e + d));
        }
        LLVMValueRef low = LLVMConstVector(lo, p->lanes), high = LLVMConstVector(hi, p->lanes);
        for (unsigned i = 0; i < p->lanes; i++) {
            if (i & d) continue;
            LLVMValueRef x = v[i], y = v[i + d];
            v[i] = LLVMBuildShuffleVector(b->b, x, y, low, "");
            v[i + d] = LLVMBuildShuffleVector(b->b, x, y, high, "");
        }
    }
}

/* void pack_transposed(panel, B, kc, n, b_col): columns of B are contiguous, b_col apart */
void egi_dot_emit_pack_transposed(egi_dot_plan *p)
{
    egi_irb irb, *b = &irb;
    p->pack_transposed = egi_dot_function(p, b, "_pack_transposed", 2, 3);
    LLVMValueRef arg[5];
    LLVMGetParams(p->pack_transposed, arg);
    LLVMValueRef to = arg[0], from = arg[1], kc = arg[2], n = arg[3], b_col = arg[4];
    LLVMValueRef zero = egi_irb_i64(b, 0), lanes = egi_irb_i64(b, p->lanes);
    LLVMValueRef last = LLVMBuildSub(b->b, n, egi_irb_i64(b, 1), "");
    LLVMValueRef column[MAX_LANES], v[MAX_LANES];

    egi_irb_loop by_column, by_k;
    LLVMValueRef c = egi_irb_loop_begin(b, &by_column, zero, n, lanes);
    for (unsigned i = 0; i < p->lanes; i++) {
        /* columns that do not exist repeat the last one */
        LLVMValueRef j = egi_irb_min(b, LLVMBuildAdd(b->b, c, egi_irb_i64(b, i), ""), last);
        column[i] = egi_irb_at(b, p->element, from, LLVMBuildMul(b->b, j, b_col, ""));
    }
    /* The last turn may read up to a vector beyond kc, and write rows of the panel that nobody reads. */
    LLVMValueRef k = egi_irb_loop_begin(b, &by_k, zero, kc, lanes);
    for (unsigned i = 0; i < p->lanes; i++)
        v[i] = egi_irb_load(b, egi_irb_vec(p->element, p->lanes), egi_irb_at(b, p->element, column[i], k));
    transpose(p, b, v);
    LLVMValueRef row = egi_irb_at(b, p->element, to, LLVMBuildMul(b->b, k, egi_irb_i64(b, p->panel), ""));
    row = egi_irb_at(b, p->element, row, c);
    for (unsigned i = 0; i < p->lanes; i++)
        egi_irb_store(b, v[i], egi_irb_at(b, p->element, row, egi_irb_i64(b, (int64_t)i * p->panel)));
    egi_irb_loop_end(b, &by_k);
    egi_irb_loop_end(b, &by_column);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}
