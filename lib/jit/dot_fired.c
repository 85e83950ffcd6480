/*
 * Kernels of the product by the rows that fired: list what fired, then add the rows of w in the list to a row of the
 * result, which rests in registers meanwhile.
 *
 * What fired is one word of `group` bits.  The first numbers of a word are stored whether there are as many or not, and
 * the list then grows by as many as there are: that is no branch to guess.
 */
#include "jit/dot_fired.h"

#include <stddef.h>

/* 64 of none */
static LLVMValueRef first_bit(egi_irb *b, LLVMValueRef m)
{
    LLVMValueRef args[] = {m, LLVMConstInt(b->i1, 0, 0)};
    return egi_irb_intrinsic(b, "llvm.cttz", &b->i64, 1, args, 2);
}

static LLVMValueRef num_bits(egi_irb *b, LLVMValueRef m)
{
    return egi_irb_intrinsic(b, "llvm.ctpop", &b->i64, 1, &m, 1);
}

static LLVMValueRef without_first(egi_irb *b, LLVMValueRef m)
{
    return LLVMBuildAnd(b->b, m, LLVMBuildSub(b->b, m, egi_irb_i64(b, 1), ""), "");
}

LLVMValueRef egi_fired_word(const egi_fired *f, egi_irb *b, LLVMValueRef x, LLVMValueRef left)
{
    LLVMTypeRef element = f->values ? f->p.element : b->i8, vec = egi_irb_vec(element, f->group);
    LLVMValueRef v = egi_irb_load(b, vec, x), zero = LLVMConstNull(vec);
    LLVMValueRef yes =
        f->values ? LLVMBuildFCmp(b->b, LLVMRealUNE, v, zero, "") : LLVMBuildICmp(b->b, LLVMIntNE, v, zero, "");
    LLVMValueRef m = LLVMBuildBitCast(b->b, yes, LLVMIntTypeInContext(b->ctx, f->group), "");
    if (f->group < 64) m = LLVMBuildZExt(b->b, m, b->i64, "");
    LLVMValueRef past = LLVMBuildSub(b->b, egi_irb_i64(b, 64), egi_irb_min(b, left, egi_irb_i64(b, 64)), "");
    return LLVMBuildAnd(b->b, m, LLVMBuildLShr(b->b, egi_irb_i64(b, -1), past, ""), "");
}

/* Into the caches, for reading. */
static void fetch(egi_irb *b, LLVMValueRef p)
{
    LLVMTypeRef ptr = b->ptr;
    LLVMValueRef args[] = {p, egi_irb_i32(b, 0), egi_irb_i32(b, 3), egi_irb_i32(b, 1)};
    egi_irb_intrinsic(b, "llvm.prefetch", &ptr, 1, args, 4);
}

static LLVMTypeRef number_type(const egi_irb *b) { return LLVMInt16TypeInContext(b->ctx); }

static void put_number(egi_irb *b, LLVMValueRef list, LLVMValueRef at, LLVMValueRef number)
{
    LLVMTypeRef u16 = number_type(b);
    egi_irb_store(b, LLVMBuildTrunc(b->b, number, u16, ""), egi_irb_at(b, u16, list, at));
}

/* The numbers of all words, of which the first `unasked` are stored whether there are as many or not. */
static void expand(const egi_fired *f, egi_irb *b, LLVMValueRef words, LLVMValueRef n, LLVMValueRef to, int unasked)
{
    egi_irb_loop all, rest;
    LLVMValueRef g = egi_irb_loop_begin(b, &all, egi_irb_i64(b, 0), n, egi_irb_i64(b, 1));
    LLVMValueRef at = egi_irb_carry(b, &all, egi_irb_i64(b, 0));
    LLVMValueRef m = egi_irb_load(b, b->i64, egi_irb_at(b, b->i64, words, g)), num = num_bits(b, m);
    LLVMValueRef i = LLVMBuildMul(b->b, g, egi_irb_i64(b, f->group), "");
    for (int k = 0; k < unasked; k++) {
        put_number(b, to, LLVMBuildAdd(b->b, at, egi_irb_i64(b, k), ""), LLVMBuildAdd(b->b, i, first_bit(b, m), ""));
        m = without_first(b, m);
    }
    LLVMValueRef k = egi_irb_loop_begin(b, &rest, egi_irb_i64(b, unasked), num, egi_irb_i64(b, 1));
    LLVMValueRef left = egi_irb_carry(b, &rest, m);
    put_number(b, to, LLVMBuildAdd(b->b, at, k, ""), LLVMBuildAdd(b->b, i, first_bit(b, left), ""));
    egi_irb_carry_next(&rest, left, without_first(b, left));
    egi_irb_loop_end(b, &rest);
    egi_irb_carry_next(&all, at, LLVMBuildAdd(b->b, at, num, ""));
    egi_irb_loop_end(b, &all);
}

/* First the words of all, and how many fired; that says how many numbers a word is likely to have. */
void egi_fired_emit_list(egi_fired *f)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[5];
    if (!egi_dot_function(&f->p, b, "_list", 3, 2, &f->list, arg)) return;
    LLVMValueRef to = arg[1], n = arg[3], zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    LLVMTypeRef element = f->values ? f->p.element : b->i8;
    LLVMValueRef words = LLVMBuildAlloca(b->b, LLVMArrayType2(b->i64, EGI_FIRED_LIST / f->group), "");
    egi_irb_loop groups;
    LLVMValueRef i = egi_irb_loop_begin(b, &groups, zero, n, egi_irb_i64(b, f->group));
    LLVMValueRef total = egi_irb_carry(b, &groups, zero), g = egi_irb_carry(b, &groups, zero);
    LLVMValueRef x = egi_irb_at(b, element, arg[0], i);
    fetch(b, egi_irb_at(b, element, x, arg[4]));
    LLVMValueRef m = egi_fired_word(f, b, x, LLVMBuildSub(b->b, n, i, ""));
    egi_irb_store(b, m, egi_irb_at(b, b->i64, words, g));
    egi_irb_carry_next(&groups, total, LLVMBuildAdd(b->b, total, num_bits(b, m), ""));
    egi_irb_carry_next(&groups, g, LLVMBuildAdd(b->b, g, one, ""));
    egi_irb_loop_end(b, &groups);
    total = egi_irb_carry_out(&groups, total);
    g = egi_irb_carry_out(&groups, g);
    egi_irb_store(b, total, arg[2]);
    /* at most 1, 2.5, or more a word: measured on Zen 2 */
    egi_irb_if few, some;
    LLVMValueRef twice = LLVMBuildMul(b->b, total, egi_irb_i64(b, 2), "");
    egi_irb_if_begin(b, &few, LLVMBuildICmp(b->b, LLVMIntSLE, total, g, ""));
    expand(f, b, words, g, to, 2);
    egi_irb_if_else(b, &few);
    LLVMValueRef medium = LLVMBuildICmp(b->b, LLVMIntSLE, twice, LLVMBuildMul(b->b, g, egi_irb_i64(b, 5), ""), "");
    egi_irb_if_begin(b, &some, medium);
    expand(f, b, words, g, to, 4);
    egi_irb_if_else(b, &some);
    expand(f, b, words, g, to, 8);
    egi_irb_if_end(b, &some);
    egi_irb_if_end(b, &few);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}

void egi_fired_emit_sort(egi_fired *f)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[6];
    if (!egi_dot_function(&f->p, b, "_sort", 4, 2, &f->sort, arg)) return;
    LLVMTypeRef u16 = number_type(b);
    LLVMValueRef from = arg[0], num = arg[1], first = arg[2], to = arg[3], kc = arg[4], mc = arg[5];
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1), i32_one = egi_irb_i32(b, 1);
    /* counts of column m in first[m + 1]; then where each begins in first[m + 1], and at last where it ends */
    LLVMBuildMemSet(b->b, first, LLVMConstInt(b->i8, 0, 0),
                    LLVMBuildMul(b->b, LLVMBuildAdd(b->b, mc, egi_irb_i64(b, 2), ""), egi_irb_i64(b, 4), ""), 4);
    egi_irb_loop sizes, all, columns, rows, spikes;
    egi_irb_loop_begin(b, &sizes, zero, kc, one);
    LLVMValueRef n_k = egi_irb_carry(b, &sizes, num), total = egi_irb_carry(b, &sizes, zero);
    egi_irb_carry_next(&sizes, total, LLVMBuildAdd(b->b, total, egi_irb_load(b, b->i64, n_k), ""));
    egi_irb_carry_next(&sizes, n_k, egi_irb_at(b, b->i64, n_k, one));
    egi_irb_loop_end(b, &sizes);
    LLVMValueRef i = egi_irb_loop_begin(b, &all, zero, egi_irb_carry_out(&sizes, total), one);
    LLVMValueRef m = LLVMBuildZExt(b->b, egi_irb_load(b, u16, egi_irb_at(b, u16, from, i)), b->i64, "");
    LLVMValueRef counter = egi_irb_at(b, b->i32, first, LLVMBuildAdd(b->b, m, egi_irb_i64(b, 2), ""));
    egi_irb_store(b, LLVMBuildAdd(b->b, egi_irb_load(b, b->i32, counter), i32_one, ""), counter);
    egi_irb_loop_end(b, &all);
    m = egi_irb_loop_begin(b, &columns, zero, LLVMBuildAdd(b->b, mc, egi_irb_i64(b, 2), ""), one);
    LLVMValueRef before = egi_irb_carry(b, &columns, egi_irb_i32(b, 0));
    counter = egi_irb_at(b, b->i32, first, m);
    LLVMValueRef sum = LLVMBuildAdd(b->b, before, egi_irb_load(b, b->i32, counter), "");
    egi_irb_store(b, sum, counter);
    egi_irb_carry_next(&columns, before, sum);
    egi_irb_loop_end(b, &columns);
    LLVMValueRef k = egi_irb_loop_begin(b, &rows, zero, kc, one), at = egi_irb_carry(b, &rows, zero);
    LLVMValueRef end = LLVMBuildAdd(b->b, at, egi_irb_load(b, b->i64, egi_irb_at(b, b->i64, num, k)), "");
    i = egi_irb_loop_begin(b, &spikes, at, end, one);
    m = LLVMBuildZExt(b->b, egi_irb_load(b, u16, egi_irb_at(b, u16, from, i)), b->i64, "");
    counter = egi_irb_at(b, b->i32, first, LLVMBuildAdd(b->b, m, one, ""));
    LLVMValueRef place = egi_irb_load(b, b->i32, counter);
    put_number(b, to, LLVMBuildZExt(b->b, place, b->i64, ""), k);
    egi_irb_store(b, LLVMBuildAdd(b->b, place, i32_one, ""), counter);
    egi_irb_loop_end(b, &spikes);
    egi_irb_carry_next(&rows, at, end);
    egi_irb_loop_end(b, &rows);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}

/* -- adding rows --------------------------------------------------------------------------------------------------- */

enum { A_LIST, A_W, A_FROM, A_TO, A_X, A_N, A_W_ROW, A_X_STEP, A_COLS, A_KEEP, A_PARAMS };

/* `vecs` vectors from column `col` on, of which `left` columns are left.  The last vector ends where the row does: it
 * may have columns in common with the one before, which are computed twice.  A single vector is stored under a mask. */
static void add_vecs(const egi_fired *f, egi_irb *b, const LLVMValueRef *arg, LLVMValueRef col, LLVMValueRef left,
                     unsigned vecs)
{
    const unsigned lanes = f->p.lanes;
    LLVMTypeRef t = f->p.element, vec = egi_irb_vec(t, lanes);
    LLVMValueRef acc[EGI_FIRED_MOST_VECS], at[EGI_FIRED_MOST_VECS], w[EGI_FIRED_MOST_VECS];
    for (unsigned v = 0; v < vecs; v++) {
        at[v] = egi_irb_i64(b, (int64_t)v * lanes);
        if (v && v == vecs - 1) at[v] = egi_irb_min(b, at[v], LLVMBuildSub(b->b, left, egi_irb_i64(b, lanes), ""));
        at[v] = LLVMBuildAdd(b->b, col, at[v], "");
        acc[v] = egi_irb_load(b, vec, egi_irb_at(b, t, arg[A_FROM], LLVMBuildMul(b->b, at[v], arg[A_KEEP], "")));
        w[v] = egi_irb_at(b, t, arg[A_W], at[v]);
    }
    egi_irb_loop l;
    LLVMValueRef i = egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), arg[A_N], egi_irb_i64(b, 1));
    for (unsigned v = 0; v < vecs; v++) acc[v] = egi_irb_carry(b, &l, acc[v]);
    LLVMValueRef k = egi_irb_load(b, number_type(b), egi_irb_at(b, number_type(b), arg[A_LIST], i)), x = NULL;
    k = LLVMBuildZExt(b->b, k, b->i64, "");
    LLVMValueRef row = LLVMBuildMul(b->b, k, arg[A_W_ROW], "");
    if (f->values) {
        x = egi_irb_at(b, t, arg[A_X], LLVMBuildMul(b->b, k, arg[A_X_STEP], ""));
        x = egi_irb_splat(b, egi_irb_load(b, t, x), lanes);
    }
    for (unsigned v = 0; v < vecs; v++) {
        /* all but the last are constant distances from the first */
        bool own = v == 0 || v == vecs - 1;
        LLVMValueRef p = egi_irb_at(b, t, own ? w[v] : w[0], row);
        if (!own) p = egi_irb_at(b, t, p, egi_irb_i64(b, (int64_t)v * lanes));
        LLVMValueRef y = egi_irb_load(b, vec, p);
        egi_irb_carry_next(&l, acc[v], x ? egi_irb_fma(b, x, y, acc[v]) : LLVMBuildFAdd(b->b, acc[v], y, ""));
    }
    egi_irb_loop_end(b, &l);
    for (unsigned v = 0; v < vecs; v++) {
        LLVMValueRef to = egi_irb_at(b, t, arg[A_TO], at[v]), sum = egi_irb_carry_out(&l, acc[v]);
        if (vecs > 1)
            egi_irb_store(b, sum, to);
        else
            egi_irb_store_masked(b, sum, to, egi_irb_tail_mask(b, left, lanes));
    }
}

/* -- adding to rows ------------------------------------------------------------------------------------------------ */

/* One row of w rests in registers and is added to all rows of the result in the list.  The last two vectors are both
 * read before one of them is written, as they may have columns in common. */
static void spread_vecs(const egi_fired *f, egi_irb *b, const LLVMValueRef *arg, LLVMValueRef col, LLVMValueRef left,
                        unsigned vecs)
{
    const unsigned lanes = f->p.lanes;
    LLVMTypeRef t = f->p.element, vec = egi_irb_vec(t, lanes);
    LLVMValueRef w[EGI_FIRED_MOST_VECS], to[EGI_FIRED_MOST_VECS], sum[EGI_FIRED_MOST_VECS];
    LLVMValueRef last = LLVMBuildAdd(b->b, col, LLVMBuildSub(b->b, left, egi_irb_i64(b, lanes), ""), "");
    LLVMValueRef mask = vecs > 1 ? NULL : egi_irb_tail_mask(b, left, lanes);
    for (unsigned v = 0; v < vecs; v++) {
        LLVMValueRef at = LLVMBuildAdd(b->b, col, egi_irb_i64(b, (int64_t)v * lanes), "");
        if (v && v == vecs - 1) at = egi_irb_min(b, at, last);
        w[v] = egi_irb_load(b, vec, egi_irb_at(b, t, arg[A_W], at));
        to[v] = egi_irb_at(b, t, arg[A_TO], at);
    }
    egi_irb_loop l;
    LLVMValueRef i = egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), arg[A_N], egi_irb_i64(b, 1)), x = NULL;
    LLVMValueRef k = egi_irb_load(b, number_type(b), egi_irb_at(b, number_type(b), arg[A_LIST], i));
    k = LLVMBuildZExt(b->b, k, b->i64, "");
    LLVMValueRef row = LLVMBuildMul(b->b, k, arg[A_W_ROW], "");
    if (f->values) x = egi_irb_splat(b, egi_irb_load(b, t, egi_irb_at(b, t, arg[A_X], k)), lanes);
    for (unsigned v = 0; v < vecs; v++) {
        bool own = v == 0 || v == vecs - 1;
        LLVMValueRef p = egi_irb_at(b, t, own ? to[v] : to[0], row);
        if (!own) p = egi_irb_at(b, t, p, egi_irb_i64(b, (int64_t)v * lanes));
        LLVMValueRef y = egi_irb_load(b, vec, p);
        sum[v] = x ? egi_irb_fma(b, x, w[v], y) : LLVMBuildFAdd(b->b, y, w[v], "");
        to[v] = own ? to[v] : NULL;
        if (mask) egi_irb_store_masked(b, sum[v], p, mask);
        if (v + 2 < vecs) egi_irb_store(b, sum[v], p);
        if (v && v == vecs - 1) {
            LLVMValueRef before =
                egi_irb_at(b, t, egi_irb_at(b, t, to[0], row), egi_irb_i64(b, (int64_t)(v - 1) * lanes));
            egi_irb_store(b, sum[v - 1], before);
            egi_irb_store(b, sum[v], p);
        }
    }
    egi_irb_loop_end(b, &l);
}

/* One case for each number of vectors that may come at once. */
static void add_block(const egi_fired *f, egi_irb *b, const LLVMValueRef *arg, LLVMValueRef col, LLVMValueRef vecs,
                      bool spread)
{
    LLVMValueRef left = LLVMBuildSub(b->b, arg[A_COLS], col, "");
    LLVMBasicBlockRef after = LLVMAppendBasicBlockInContext(b->ctx, b->fn, "");
    LLVMValueRef by_size = LLVMBuildSwitch(b->b, vecs, after, f->most);
    for (unsigned v = 1; v <= f->most; v++) {
        LLVMBasicBlockRef one = LLVMAppendBasicBlockInContext(b->ctx, b->fn, "");
        LLVMAddCase(by_size, egi_irb_i64(b, v), one);
        LLVMPositionBuilderAtEnd(b->b, one);
        if (spread)
            spread_vecs(f, b, arg, col, left, v);
        else
            add_vecs(f, b, arg, col, left, v);
        LLVMBuildBr(b->b, after);
    }
    LLVMPositionBuilderAtEnd(b->b, after);
}

/* A row is cut into blocks of about equal width: each walks through the list once. */
static void emit_blocks(const egi_fired *f, const char *name, LLVMValueRef *fn, bool spread)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[A_PARAMS];
    if (!egi_dot_function(&f->p, b, name, A_N, A_PARAMS - A_N, fn, arg)) return;
    LLVMBuilderRef ir = b->b;
    LLVMValueRef one = egi_irb_i64(b, 1), lanes = egi_irb_i64(b, f->p.lanes), most = egi_irb_i64(b, f->most);
    LLVMValueRef vecs =
        LLVMBuildUDiv(ir, LLVMBuildAdd(ir, arg[A_COLS], LLVMBuildSub(ir, lanes, one, ""), ""), lanes, "");
    LLVMValueRef blocks = LLVMBuildUDiv(ir, LLVMBuildAdd(ir, vecs, LLVMBuildSub(ir, most, one, ""), ""), most, "");
    egi_irb_loop l;
    egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), blocks, one);
    LLVMValueRef done = egi_irb_carry(b, &l, egi_irb_i64(b, 0)), left = LLVMBuildSub(ir, vecs, done, "");
    /* the last two blocks share what is left */
    LLVMValueRef half = LLVMBuildLShr(ir, LLVMBuildAdd(ir, left, one, ""), one, "");
    LLVMValueRef fits = LLVMBuildICmp(ir, LLVMIntSLE, left, most, "");
    LLVMValueRef now = LLVMBuildSelect(ir, fits, left, egi_irb_min(b, half, most), "");
    add_block(f, b, arg, LLVMBuildMul(ir, done, lanes, ""), now, spread);
    egi_irb_carry_next(&l, done, LLVMBuildAdd(ir, done, now, ""));
    egi_irb_loop_end(b, &l);
    LLVMBuildRetVoid(ir);
    egi_irb_close(b);
}

void egi_fired_emit_add(egi_fired *f) { emit_blocks(f, "_add", &f->add, false); }
void egi_fired_emit_spread(egi_fired *f) { emit_blocks(f, "_spread", &f->spread, true); }
