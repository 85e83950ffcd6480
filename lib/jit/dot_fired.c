/*
 * Kernels of the product by the rows that fired: list what fired, then add the rows of w in the list to a row of the
 * result, which rests in registers meanwhile.
 *
 * What fired is one mask of `group` bits.  The first numbers of a mask are stored whether there are as many or not, and
 * the list then grows by as many as there are: for few spikes that is no branch to guess.
 */
#include "jit/dot_fired.h"

#include <stddef.h>

enum { UNASKED = 4 }; /* numbers stored without looking */


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

/* i64: bit j says whether spike j at x fired, for j < left (at least 1) and < group. */
static LLVMValueRef fired(const egi_fired *f, egi_irb *b, LLVMValueRef x, LLVMValueRef left)
{
    LLVMTypeRef element = f->values ? f->p.element : b->i8, vec = egi_irb_vec(element, f->group);
    LLVMValueRef v = egi_irb_load(b, vec, x), zero = LLVMConstNull(vec);
    LLVMValueRef yes = f->values ? LLVMBuildFCmp(b->b, LLVMRealUNE, v, zero, "")
                                 : LLVMBuildICmp(b->b, LLVMIntNE, v, zero, "");
    LLVMValueRef m = LLVMBuildBitCast(b->b, yes, LLVMIntTypeInContext(b->ctx, f->group), "");
    if (f->group < 64) m = LLVMBuildZExt(b->b, m, b->i64, "");
    LLVMValueRef past = LLVMBuildSub(b->b, egi_irb_i64(b, 64), egi_irb_min(b, left, egi_irb_i64(b, 64)), "");
    return LLVMBuildAnd(b->b, m, LLVMBuildLShr(b->b, egi_irb_i64(b, -1), past, ""), "");
}

static LLVMTypeRef number_type(const egi_irb *b) { return LLVMInt16TypeInContext(b->ctx); }

static void put_number(egi_irb *b, LLVMValueRef list, LLVMValueRef at, LLVMValueRef number)
{
    LLVMTypeRef u16 = number_type(b);
    egi_irb_store(b, LLVMBuildTrunc(b->b, number, u16, ""), egi_irb_at(b, u16, list, at));
}

void egi_fired_emit_list(egi_fired *f)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[4];
    if (!egi_dot_function(&f->p, b, "_list", 3, 1, &f->list, arg)) return;
    LLVMValueRef to = arg[1], n = arg[3], zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    LLVMTypeRef element = f->values ? f->p.element : b->i8;
    egi_irb_loop groups, rest;
    LLVMValueRef i = egi_irb_loop_begin(b, &groups, zero, n, egi_irb_i64(b, f->group));
    LLVMValueRef at = egi_irb_carry(b, &groups, zero);
    LLVMValueRef m = fired(f, b, egi_irb_at(b, element, arg[0], i), LLVMBuildSub(b->b, n, i, ""));
    LLVMValueRef num = num_bits(b, m);
    for (int k = 0; k < UNASKED; k++) {
        put_number(b, to, LLVMBuildAdd(b->b, at, egi_irb_i64(b, k), ""), LLVMBuildAdd(b->b, i, first_bit(b, m), ""));
        m = without_first(b, m);
    }
    LLVMValueRef k = egi_irb_loop_begin(b, &rest, egi_irb_i64(b, UNASKED), num, one);
    LLVMValueRef left = egi_irb_carry(b, &rest, m);
    put_number(b, to, LLVMBuildAdd(b->b, at, k, ""), LLVMBuildAdd(b->b, i, first_bit(b, left), ""));
    egi_irb_carry_next(&rest, left, without_first(b, left));
    egi_irb_loop_end(b, &rest);
    egi_irb_carry_next(&groups, at, LLVMBuildAdd(b->b, at, num, ""));
    egi_irb_loop_end(b, &groups);
    egi_irb_store(b, egi_irb_carry_out(&groups, at), arg[2]);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}

void egi_fired_emit_columns(egi_fired *f)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[6];
    if (!egi_dot_function(&f->p, b, "_columns", 3, 3, &f->columns, arg)) return;
    LLVMValueRef to = arg[1], count = arg[2], kc = arg[3], mc = arg[4], x_row = arg[5];
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    LLVMTypeRef element = f->values ? f->p.element : b->i8;
    LLVMBuildMemSet(b->b, count, LLVMConstInt(b->i8, 0, 0), egi_irb_i64(b, EGI_FIRED_COLUMNS * 8), 8);
    egi_irb_loop rows, spikes;
    LLVMValueRef k = egi_irb_loop_begin(b, &rows, zero, kc, one), x = egi_irb_carry(b, &rows, arg[0]);
    LLVMValueRef m = fired(f, b, x, mc);
    egi_irb_loop_begin(b, &spikes, zero, num_bits(b, m), one);
    LLVMValueRef left = egi_irb_carry(b, &spikes, m), column = first_bit(b, left);
    LLVMValueRef counter = egi_irb_at(b, b->i64, count, column), c = egi_irb_load(b, b->i64, counter);
    LLVMValueRef list = LLVMBuildMul(b->b, column, egi_irb_i64(b, EGI_FIRED_COLUMN), "");
    put_number(b, to, LLVMBuildAdd(b->b, list, c, ""), k);
    egi_irb_store(b, LLVMBuildAdd(b->b, c, one, ""), counter);
    egi_irb_carry_next(&spikes, left, without_first(b, left));
    egi_irb_loop_end(b, &spikes);
    egi_irb_carry_next(&rows, x, egi_irb_at(b, element, x, x_row));
    egi_irb_loop_end(b, &rows);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}

/* -- adding rows --------------------------------------------------------------------------------------------------- */

enum { A_LIST, A_W, A_FROM, A_TO, A_X, A_N, A_W_ROW, A_X_STEP, A_COLS, A_KEEP, A_PARAMS };

/* What the last of `vecs` vectors from a column on may store. */
typedef struct edge {
    LLVMValueRef whole, left; /* i1: all; else how many columns are left */
} edge;

/* `vecs` vectors from column `col` on. */
static void add_vecs(const egi_fired *f, egi_irb *b, const LLVMValueRef *arg, LLVMValueRef col, edge e, unsigned vecs)
{
    const unsigned lanes = f->p.lanes;
    LLVMTypeRef t = f->p.element, vec = egi_irb_vec(t, lanes);
    LLVMValueRef acc[EGI_FIRED_MOST_VECS];
    LLVMValueRef from = egi_irb_at(b, t, arg[A_FROM], LLVMBuildMul(b->b, col, arg[A_KEEP], ""));
    LLVMValueRef step = LLVMBuildMul(b->b, egi_irb_i64(b, lanes), arg[A_KEEP], "");
    LLVMValueRef w = egi_irb_at(b, t, arg[A_W], col), to = egi_irb_at(b, t, arg[A_TO], col);
    for (unsigned v = 0; v < vecs; v++) {
        acc[v] = egi_irb_load(b, vec, from);
        from = egi_irb_at(b, t, from, step);
    }
    egi_irb_loop l;
    LLVMValueRef i = egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), arg[A_N], egi_irb_i64(b, 1));
    for (unsigned v = 0; v < vecs; v++) acc[v] = egi_irb_carry(b, &l, acc[v]);
    LLVMValueRef k = egi_irb_load(b, number_type(b), egi_irb_at(b, number_type(b), arg[A_LIST], i)), x = NULL;
    k = LLVMBuildZExt(b->b, k, b->i64, "");
    LLVMValueRef row = egi_irb_at(b, t, w, LLVMBuildMul(b->b, k, arg[A_W_ROW], ""));
    if (f->values) {
        x = egi_irb_at(b, t, arg[A_X], LLVMBuildMul(b->b, k, arg[A_X_STEP], ""));
        x = egi_irb_splat(b, egi_irb_load(b, t, x), lanes);
    }
    for (unsigned v = 0; v < vecs; v++) {
        LLVMValueRef y = egi_irb_load(b, vec, egi_irb_at(b, t, row, egi_irb_i64(b, (int64_t)v * lanes)));
        egi_irb_carry_next(&l, acc[v], x ? egi_irb_fma(b, x, y, acc[v]) : LLVMBuildFAdd(b->b, acc[v], y, ""));
    }
    egi_irb_loop_end(b, &l);
    for (unsigned v = 0; v < vecs; v++) acc[v] = egi_irb_carry_out(&l, acc[v]);
    for (unsigned v = 0; v + 1 < vecs; v++)
        egi_irb_store(b, acc[v], egi_irb_at(b, t, to, egi_irb_i64(b, (int64_t)v * lanes)));
    LLVMValueRef last = egi_irb_i64(b, (int64_t)(vecs - 1) * lanes);
    egi_irb_if is_whole;
    egi_irb_if_begin(b, &is_whole, e.whole);
    egi_irb_store(b, acc[vecs - 1], egi_irb_at(b, t, to, last));
    egi_irb_if_else(b, &is_whole);
    LLVMValueRef mask = egi_irb_tail_mask(b, LLVMBuildSub(b->b, e.left, last, ""), lanes);
    egi_irb_store_masked(b, acc[vecs - 1], egi_irb_at(b, t, to, last), mask);
    egi_irb_if_end(b, &is_whole);
}

/* One case for each number of vectors that may come at once. */
static void add_block(const egi_fired *f, egi_irb *b, const LLVMValueRef *arg, LLVMValueRef col, LLVMValueRef vecs)
{
    const unsigned lanes = f->p.lanes;
    edge e = {.left = LLVMBuildSub(b->b, arg[A_COLS], col, "")};
    LLVMValueRef width = LLVMBuildMul(b->b, vecs, egi_irb_i64(b, lanes), "");
    e.whole = LLVMBuildICmp(b->b, LLVMIntSGE, e.left, width, "");
    LLVMBasicBlockRef after = LLVMAppendBasicBlockInContext(b->ctx, b->fn, "");
    LLVMValueRef by_size = LLVMBuildSwitch(b->b, vecs, after, f->most);
    for (unsigned v = 1; v <= f->most; v++) {
        LLVMBasicBlockRef one = LLVMAppendBasicBlockInContext(b->ctx, b->fn, "");
        LLVMAddCase(by_size, egi_irb_i64(b, v), one);
        LLVMPositionBuilderAtEnd(b->b, one);
        add_vecs(f, b, arg, col, e, v);
        LLVMBuildBr(b->b, after);
    }
    LLVMPositionBuilderAtEnd(b->b, after);
}

/* A row is cut into blocks of about equal width: each walks through the list once. */
void egi_fired_emit_add(egi_fired *f)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[A_PARAMS];
    if (!egi_dot_function(&f->p, b, "_add", A_N, A_PARAMS - A_N, &f->add, arg)) return;
    LLVMBuilderRef ir = b->b;
    LLVMValueRef one = egi_irb_i64(b, 1), lanes = egi_irb_i64(b, f->p.lanes), most = egi_irb_i64(b, f->most);
    LLVMValueRef vecs = LLVMBuildUDiv(ir, LLVMBuildAdd(ir, arg[A_COLS], LLVMBuildSub(ir, lanes, one, ""), ""), lanes, "");
    LLVMValueRef blocks = LLVMBuildUDiv(ir, LLVMBuildAdd(ir, vecs, LLVMBuildSub(ir, most, one, ""), ""), most, "");
    egi_irb_loop l;
    egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), blocks, one);
    LLVMValueRef done = egi_irb_carry(b, &l, egi_irb_i64(b, 0)), left = LLVMBuildSub(ir, vecs, done, "");
    /* the last two blocks share what is left */
    LLVMValueRef half = LLVMBuildLShr(ir, LLVMBuildAdd(ir, left, one, ""), one, "");
    LLVMValueRef fits = LLVMBuildICmp(ir, LLVMIntSLE, left, most, "");
    LLVMValueRef now = LLVMBuildSelect(ir, fits, left, egi_irb_min(b, half, most), "");
    add_block(f, b, arg, LLVMBuildMul(ir, done, lanes, ""), now);
    egi_irb_carry_next(&l, done, LLVMBuildAdd(ir, done, now, ""));
    egi_irb_loop_end(b, &l);
    LLVMBuildRetVoid(ir);
    egi_irb_close(b);
}
