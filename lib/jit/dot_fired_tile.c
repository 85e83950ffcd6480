/*
 * The product by the rows that fired where many did: a tile of rows and columns rests in registers, all rows of w are
 * read once for it, and what did not fire is left out by selection.
 *
 * Of bool, w or -0 is added: a - 0 is a, whatever its sign.  With values a product is chosen or not, as 0 w may be NaN
 * and -0 + 0 is not -0.  So the bits are those of the lists.
 */
#include "jit/dot_fired.h"

#include <stdio.h>

enum { T_X, T_W, T_FROM, T_TO, T_N, T_W_ROW, T_X_ROW, T_X_STEP, T_FROM_ROW, T_COLS, T_KEEP, T_PARAMS };

void egi_fired_emit_count(egi_fired *f)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[3];
    if (!egi_dot_function(&f->p, b, "_count", 2, 1, &f->count, arg)) return;
    LLVMTypeRef element = f->values ? f->p.element : b->i8;
    egi_irb_loop groups;
    LLVMValueRef i = egi_irb_loop_begin(b, &groups, egi_irb_i64(b, 0), arg[2], egi_irb_i64(b, f->group));
    LLVMValueRef total = egi_irb_carry(b, &groups, egi_irb_i64(b, 0));
    LLVMValueRef left = LLVMBuildSub(b->b, arg[2], i, "");
    LLVMValueRef m = egi_fired_word(f, b, egi_irb_at(b, element, arg[0], i), left);
    LLVMValueRef num = egi_irb_intrinsic(b, "llvm.ctpop", &b->i64, 1, &m, 1);
    egi_irb_carry_next(&groups, total, LLVMBuildAdd(b->b, total, num, ""));
    egi_irb_loop_end(b, &groups);
    egi_irb_store(b, egi_irb_carry_out(&groups, total), arg[1]);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}

/* For each byte the least whole number if it is no spike, else the largest: a load of it into all lanes costs the units
 * that add nothing, where making one from the byte would cost them two or three operations. */
static LLVMValueRef table(const egi_fired *f, LLVMTypeRef word)
{
    char name[64];
    snprintf(name, sizeof name, "%s_silent", f->p.prefix);
    LLVMValueRef global = LLVMGetNamedGlobal(f->p.mod, name), entry[256];
    if (global) return global;
    const uint64_t most = f->p.size == 8 ? INT64_MAX : INT32_MAX;
    for (int k = 0; k < 256; k++) entry[k] = LLVMConstInt(word, k ? most : most + 1, 0);
    global = LLVMAddGlobal(f->p.mod, LLVMArrayType2(word, 256), name);
    LLVMSetInitializer(global, LLVMConstArray2(word, entry, 256));
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

/* Such a number, or a value, in all lanes. */
static LLVMValueRef spike_at(const egi_fired *f, egi_irb *b, LLVMValueRef p)
{
    if (f->values) return egi_irb_splat(b, egi_irb_load(b, f->p.element, p), f->p.lanes);
    LLVMTypeRef word = f->p.size == 8 ? b->i64 : b->i32;
    LLVMValueRef byte = LLVMBuildZExt(b->b, egi_irb_load(b, b->i8, p), b->i64, "");
    return egi_irb_splat(b, egi_irb_load(b, word, egi_irb_at(b, word, table(f, word), byte)), f->p.lanes);
}

/* a + what the spike gives of w.  Of bool: the bits of -0 are the least whole number, so the lesser of w's bits and the
 * table's number is -0 or w, in one operation where there is one. */
static LLVMValueRef added(const egi_fired *f, egi_irb *b, LLVMValueRef spike, LLVMValueRef w, LLVMValueRef a)
{
    LLVMTypeRef vec = LLVMTypeOf(w), words = LLVMTypeOf(spike);
    if (f->values) {
        LLVMValueRef silent = LLVMBuildFCmp(b->b, LLVMRealOEQ, spike, LLVMConstNull(vec), "");
        return LLVMBuildSelect(b->b, silent, a, egi_irb_fma(b, spike, w, a), "");
    }
    if (f->p.size == 4 || f->most == EGI_FIRED_MOST_VECS) {
        LLVMValueRef args[] = {LLVMBuildBitCast(b->b, w, words, ""), spike};
        w = LLVMBuildBitCast(b->b, egi_irb_intrinsic(b, "llvm.smin", &words, 1, args, 2), vec, "");
    } else {
        LLVMValueRef silent = LLVMBuildICmp(b->b, LLVMIntSLT, spike, LLVMConstNull(words), "");
        w = LLVMBuildSelect(b->b, silent, egi_irb_splat(b, LLVMConstReal(f->p.element, -0.0), f->p.lanes), w, "");
    }
    return LLVMBuildFAdd(b->b, a, w, "");
}

/* All rows of the tile and `vecs` vectors from column `col` on; the last one may have columns in common with the one
 * before, which are computed twice. */
static void tile_vecs(const egi_fired *f, egi_irb *b, const LLVMValueRef *arg, LLVMValueRef col, LLVMValueRef left,
                      unsigned vecs)
{
    enum { ROWS = EGI_FIRED_TILE_ROWS };
    const unsigned lanes = f->p.lanes;
    LLVMTypeRef t = f->p.element, vec = egi_irb_vec(t, lanes), spike = f->values ? t : b->i8;
    LLVMValueRef acc[ROWS][EGI_FIRED_TILE_VECS], at[EGI_FIRED_TILE_VECS], x[ROWS], w[EGI_FIRED_TILE_VECS];
    for (unsigned v = 0; v < vecs; v++) {
        at[v] = egi_irb_i64(b, (int64_t)v * lanes);
        if (v && v == vecs - 1) at[v] = egi_irb_min(b, at[v], LLVMBuildSub(b->b, left, egi_irb_i64(b, lanes), ""));
        at[v] = LLVMBuildAdd(b->b, col, at[v], "");
    }
    for (int r = 0; r < ROWS; r++) {
        LLVMValueRef row = egi_irb_i64(b, r);
        LLVMValueRef from = egi_irb_at(b, t, arg[T_FROM], LLVMBuildMul(b->b, arg[T_FROM_ROW], row, ""));
        x[r] = egi_irb_at(b, spike, arg[T_X], LLVMBuildMul(b->b, arg[T_X_ROW], row, ""));
        for (unsigned v = 0; v < vecs; v++)
            acc[r][v] = egi_irb_load(b, vec, egi_irb_at(b, t, from, LLVMBuildMul(b->b, at[v], arg[T_KEEP], "")));
    }
    egi_irb_loop l;
    LLVMValueRef k = egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), arg[T_N], egi_irb_i64(b, 1));
    for (int r = 0; r < ROWS; r++)
        for (unsigned v = 0; v < vecs; v++) acc[r][v] = egi_irb_carry(b, &l, acc[r][v]);
    LLVMValueRef w_at = LLVMBuildMul(b->b, k, arg[T_W_ROW], ""), x_at = LLVMBuildMul(b->b, k, arg[T_X_STEP], "");
    for (unsigned v = 0; v < vecs; v++)
        w[v] = egi_irb_load(b, vec, egi_irb_at(b, t, arg[T_W], LLVMBuildAdd(b->b, w_at, at[v], "")));
    for (int r = 0; r < ROWS; r++) {
        LLVMValueRef spiking = spike_at(f, b, egi_irb_at(b, spike, x[r], x_at));
        for (unsigned v = 0; v < vecs; v++) egi_irb_carry_next(&l, acc[r][v], added(f, b, spiking, w[v], acc[r][v]));
    }
    egi_irb_loop_end(b, &l);
    for (int r = 0; r < ROWS; r++) {
        LLVMValueRef to = egi_irb_at(b, t, arg[T_TO], LLVMBuildMul(b->b, arg[T_W_ROW], egi_irb_i64(b, r), ""));
        for (unsigned v = 0; v < vecs; v++) {
            LLVMValueRef sum = egi_irb_carry_out(&l, acc[r][v]), p = egi_irb_at(b, t, to, at[v]);
            if (vecs > 1)
                egi_irb_store(b, sum, p);
            else
                egi_irb_store_masked(b, sum, p, egi_irb_tail_mask(b, left, lanes));
        }
    }
}

/* A row is cut into blocks of columns; the last two share what is left. */
void egi_fired_emit_tile(egi_fired *f)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[T_PARAMS];
    if (!egi_dot_function(&f->p, b, "_tile", T_N, T_PARAMS - T_N, &f->tile, arg)) return;
    LLVMBuilderRef ir = b->b;
    const int64_t lanes = f->p.lanes, most = EGI_FIRED_TILE_VECS;
    LLVMValueRef one_vec = egi_irb_i64(b, lanes), full = egi_irb_i64(b, most);
    LLVMValueRef vecs = LLVMBuildUDiv(ir, LLVMBuildAdd(ir, arg[T_COLS], egi_irb_i64(b, lanes - 1), ""), one_vec, "");
    LLVMValueRef blocks = LLVMBuildUDiv(ir, LLVMBuildAdd(ir, vecs, egi_irb_i64(b, most - 1), ""), full, "");
    egi_irb_loop l;
    egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), blocks, egi_irb_i64(b, 1));
    LLVMValueRef done = egi_irb_carry(b, &l, egi_irb_i64(b, 0)), rest = LLVMBuildSub(ir, vecs, done, "");
    LLVMValueRef half = LLVMBuildLShr(ir, LLVMBuildAdd(ir, rest, egi_irb_i64(b, 1), ""), egi_irb_i64(b, 1), "");
    LLVMValueRef fits = LLVMBuildICmp(ir, LLVMIntSLE, rest, full, "");
    LLVMValueRef now = LLVMBuildSelect(ir, fits, rest, egi_irb_min(b, half, full), "");
    LLVMValueRef col = LLVMBuildMul(ir, done, one_vec, ""), left = LLVMBuildSub(ir, arg[T_COLS], col, "");
    LLVMBasicBlockRef after = LLVMAppendBasicBlockInContext(b->ctx, b->fn, "");
    LLVMValueRef by_size = LLVMBuildSwitch(ir, now, after, (unsigned)most);
    for (unsigned v = 1; v <= most; v++) {
        LLVMBasicBlockRef one = LLVMAppendBasicBlockInContext(b->ctx, b->fn, "");
        LLVMAddCase(by_size, egi_irb_i64(b, v), one);
        LLVMPositionBuilderAtEnd(ir, one);
        tile_vecs(f, b, arg, col, left, v);
        LLVMBuildBr(ir, after);
    }
    LLVMPositionBuilderAtEnd(ir, after);
    egi_irb_carry_next(&l, done, LLVMBuildAdd(ir, done, now, ""));
    egi_irb_loop_end(b, &l);
    LLVMBuildRetVoid(ir);
    egi_irb_close(b);
}
