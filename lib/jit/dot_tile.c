/*
 * Kernels of the matrix product.  Each advances the chains of a block of C by kc steps of k; the chain rests in memory
 * between one block of k and the next, which changes no bit.
 *
 *     tile   tile_rows x panel elements of C in registers; each k multiplies a row of B by a column of A.
 *     rows   any m x n: holds the scalars of 8 columns of A and runs along a row of C.  For the rows that do not fill a
 *            tile, down to one: then every element of B is used once, and what counts is reading it in order.
 *
 * Both work on whole vectors, without masks; where n is no multiple of a vector C is a copy with room (dot_pack.c).
 * Elements of A lie at i * a_row + k * a_k, rows of B b_k apart.
 */
#include "jit/dot_tile.h"

#include <stdio.h>

bool egi_dot_function(const egi_dot_plan *p, egi_irb *b, const char *name, unsigned pointers, unsigned ints,
                      LLVMValueRef *fn, LLVMValueRef *arg)
{
    enum { MAX_PARAMS = 16 };
    char full_name[64];
    LLVMContextRef ctx = LLVMGetModuleContext(p->mod);
    LLVMTypeRef params[MAX_PARAMS], none = LLVMVoidTypeInContext(ctx);
    for (unsigned i = 0; i < pointers + ints && i < MAX_PARAMS; i++)
        params[i] = i < pointers ? LLVMPointerTypeInContext(ctx, 0) : LLVMInt64TypeInContext(ctx);
    snprintf(full_name, sizeof full_name, "%s%s", p->prefix, name);
    *fn = LLVMGetNamedFunction(p->mod, full_name);
    if (*fn) return false;
    *fn = egi_irb_function(p->mod, full_name, none, params, pointers + ints, LLVMInternalLinkage);
    /* inlining would only make one large function, slower to compile */
    egi_irb_attr_enum(*fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "noinline", 0);
    LLVMGetParams(*fn, arg);
    egi_irb_open(b, *fn);
    return true;
}

/* x * y + acc: one rounding for floats, wrapping for integers. */
static LLVMValueRef multiply_add(const egi_dot_plan *p, egi_irb *b, LLVMValueRef x, LLVMValueRef y, LLVMValueRef acc)
{
    return p->is_float ? egi_irb_fma(b, x, y, acc) : LLVMBuildAdd(b->b, LLVMBuildMul(b->b, x, y, ""), acc, "");
}

static LLVMValueRef load_splat(const egi_dot_plan *p, egi_irb *b, LLVMValueRef at)
{
    return egi_irb_splat(b, egi_irb_load(b, p->element, at), p->lanes);
}

void egi_dot_emit_tile(egi_dot_plan *p)
{
    egi_irb irb, *b = &irb;
    enum { GROUP = EGI_DOT_ROW_GROUP };
    LLVMValueRef arg[11];
    if (!egi_dot_function(p, b, "_tile", 4, 7, &p->tile, arg)) return;
    LLVMValueRef from = arg[2], to = arg[3], from_row = arg[4], to_row = arg[5];
    LLVMValueRef kc = arg[6], a_row = arg[7], a_k = arg[8], b_k = arg[9], a_group = arg[10];
    LLVMTypeRef vec = egi_irb_vec(p->element, p->lanes);
    LLVMValueRef acc[EGI_DOT_MAX_ROWS][EGI_DOT_MAX_VECS], bv[EGI_DOT_MAX_VECS], step[EGI_DOT_MAX_VECS];
    for (unsigned v = 0; v < p->tile_vecs; v++) step[v] = egi_irb_i64(b, (int64_t)v * p->lanes);

    for (unsigned i = 0; i < p->tile_rows; i++) {
        for (unsigned v = 0; v < p->tile_vecs; v++)
            acc[i][v] = egi_irb_load(b, vec, egi_irb_at(b, p->element, from, step[v]));
        from = egi_irb_at(b, p->element, from, from_row);
    }

    /* Rows in threes: an address is a pointer and once or twice the stride.  Three strides are an argument, or LLVM
     * would see through it and make a chain of additions, which is as long as the products take. */
    LLVMValueRef start[EGI_DOT_MAX_ROWS / GROUP + 1] = {arg[0]}, twice = LLVMBuildAdd(b->b, a_row, a_row, "");
    for (unsigned i = GROUP; i < p->tile_rows; i += GROUP)
        start[i / GROUP] = egi_irb_at(b, p->element, start[i / GROUP - 1], a_group);

    egi_irb_loop l;
    egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), kc, egi_irb_i64(b, 1));
    LLVMValueRef pb = egi_irb_carry(b, &l, arg[1]), pa[EGI_DOT_MAX_ROWS / GROUP + 1];
    for (unsigned i = 0; i < p->tile_rows; i += GROUP) pa[i / GROUP] = egi_irb_carry(b, &l, start[i / GROUP]);
    for (unsigned i = 0; i < p->tile_rows; i++)
        for (unsigned v = 0; v < p->tile_vecs; v++) acc[i][v] = egi_irb_carry(b, &l, acc[i][v]);
    for (unsigned v = 0; v < p->tile_vecs; v++) bv[v] = egi_irb_load(b, vec, egi_irb_at(b, p->element, pb, step[v]));
    for (unsigned i = 0; i < p->tile_rows; i++) {
        LLVMValueRef at = pa[i / GROUP];
        if (i % GROUP) at = egi_irb_at(b, p->element, at, i % GROUP > 1 ? twice : a_row);
        LLVMValueRef a = load_splat(p, b, at);
        for (unsigned v = 0; v < p->tile_vecs; v++)
            egi_irb_carry_next(&l, acc[i][v], multiply_add(p, b, a, bv[v], acc[i][v]));
    }
    for (unsigned i = 0; i < p->tile_rows; i += GROUP)
        egi_irb_carry_next(&l, pa[i / GROUP], egi_irb_at(b, p->element, pa[i / GROUP], a_k));
    egi_irb_carry_next(&l, pb, egi_irb_at(b, p->element, pb, b_k));
    egi_irb_loop_end(b, &l);

    for (unsigned i = 0; i < p->tile_rows; i++) {
        for (unsigned v = 0; v < p->tile_vecs; v++)
            egi_irb_store(b, egi_irb_carry_out(&l, acc[i][v]), egi_irb_at(b, p->element, to, step[v]));
        to = egi_irb_at(b, p->element, to, to_row);
    }
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}

/* All rows, by `unroll` steps of k from pa = &A[0, k] and pb = &B[k, 0]. */
static void advance_rows(const egi_dot_plan *p, egi_irb *b, const LLVMValueRef *arg, LLVMValueRef pa, LLVMValueRef pb,
                         unsigned unroll)
{
    LLVMTypeRef vec = egi_irb_vec(p->element, p->lanes);
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1), lanes = egi_irb_i64(b, p->lanes);
    LLVMValueRef c_row = arg[3], m = arg[4], n = arg[5], a_row = arg[7], a_k = arg[8], b_k = arg[9];
    LLVMValueRef a[EGI_DOT_UNROLL];

    egi_irb_loop by_row, by_vec;
    egi_irb_loop_begin(b, &by_row, zero, m, one);
    LLVMValueRef row = egi_irb_carry(b, &by_row, pa), c = egi_irb_carry(b, &by_row, arg[2]);
    LLVMValueRef at = row;
    for (unsigned j = 0; j < unroll; j++) {
        a[j] = load_splat(p, b, at);
        at = egi_irb_at(b, p->element, at, a_k);
    }
    LLVMValueRef col = egi_irb_loop_begin(b, &by_vec, zero, n, lanes);
    LLVMValueRef pc = egi_irb_at(b, p->element, c, col);
    LLVMValueRef acc = egi_irb_load(b, vec, pc);
    at = egi_irb_at(b, p->element, pb, col);
    for (unsigned j = 0; j < unroll; j++) {
        acc = multiply_add(p, b, a[j], egi_irb_load(b, vec, at), acc);
        at = egi_irb_at(b, p->element, at, b_k);
    }
    egi_irb_store(b, acc, pc);
    egi_irb_loop_end(b, &by_vec);
    egi_irb_carry_next(&by_row, row, egi_irb_at(b, p->element, row, a_row));
    egi_irb_carry_next(&by_row, c, egi_irb_at(b, p->element, c, c_row));
    egi_irb_loop_end(b, &by_row);
}

void egi_dot_emit_rows(egi_dot_plan *p)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[10];
    if (!egi_dot_function(p, b, "_rows", 3, 7, &p->rows, arg)) return;
    LLVMValueRef pa = arg[0], pb = arg[1], kc = arg[6], a_k = arg[8], b_k = arg[9], done = egi_irb_i64(b, 0);
    LLVMValueRef most = LLVMBuildAnd(b->b, kc, egi_irb_i64(b, -(int64_t)EGI_DOT_UNROLL), "");
    /* eight at a time, then one */
    for (int64_t unroll = EGI_DOT_UNROLL; unroll > 0; unroll -= EGI_DOT_UNROLL - 1) {
        LLVMValueRef u = egi_irb_i64(b, unroll), start_a = pa, start_b = pb;
        egi_irb_loop l;
        egi_irb_loop_begin(b, &l, done, unroll > 1 ? most : kc, u);
        pa = egi_irb_carry(b, &l, start_a);
        pb = egi_irb_carry(b, &l, start_b);
        advance_rows(p, b, arg, pa, pb, (unsigned)unroll);
        egi_irb_carry_next(&l, pa, egi_irb_at(b, p->element, pa, LLVMBuildMul(b->b, a_k, u, "")));
        egi_irb_carry_next(&l, pb, egi_irb_at(b, p->element, pb, LLVMBuildMul(b->b, b_k, u, "")));
        egi_irb_loop_end(b, &l);
        pa = egi_irb_carry_out(&l, pa);
        pb = egi_irb_carry_out(&l, pb);
        done = most;
    }
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}
