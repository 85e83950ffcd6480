/*
 * Kernels of the matrix product.  Each advances the chains of a block of C by kc steps of k, so that blocks of k follow
 * one another in ascending order and C carries the chain from one to the next (from +0 when `first`).
 *
 *     tile      tile_rows x panel elements of C in registers, one k a turn: a row of the panel of B times a scalar of A.
 *     rows      any m x n: holds the scalars of `unroll` columns of A and runs along a row of C.  Few rows.
 *     columns   m x at most one vector: holds `unroll` vectors of B and runs down the rows.  Narrow matrices.
 *     pack      copies kc rows of B, n columns, to a dense panel; pack_transposed reads them from columns of B.
 *
 * Elements of A lie at i * a_row + k * a_k, rows of B or of the panel b_k apart, rows of C c_row apart.  All vectors are
 * read whole, or masked where more than one vector might be excess; writes of C are exact.
 */
#include "jit/dot_tile.h"

#include <stdio.h>

enum { MAX_ROWS = 16, MAX_VECS = 4, MAX_UNROLL = 16, MAX_LANES = 16 };

LLVMValueRef egi_dot_function(const egi_dot_plan *p, egi_irb *b, const char *name, unsigned pointers, unsigned ints)
{
    enum { MAX_PARAMS = 16 };
    char           full_name[64];
    LLVMContextRef ctx = LLVMGetModuleContext(p->mod);
    LLVMTypeRef    params[MAX_PARAMS];
    for (unsigned i = 0; i < pointers + ints && i < MAX_PARAMS; i++)
        params[i] = i < pointers ? LLVMPointerTypeInContext(ctx, 0) : LLVMInt64TypeInContext(ctx);
    snprintf(full_name, sizeof full_name, "%s%s", p->prefix, name);
    LLVMValueRef fn = egi_irb_function(p->mod, full_name, LLVMVoidTypeInContext(ctx), params, pointers + ints,
                                       LLVMInternalLinkage);
    for (unsigned i = 0; i < pointers; i++) egi_irb_attr_enum(fn, i + 1, "noalias", 0);
    /* called from one place each: inlining would only make one large function that is slower to compile */
    egi_irb_attr_enum(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "noinline", 0);
    egi_irb_open(b, fn);
    return fn;
}

/* x * y + acc: one rounding for floats, wrapping for integers. */
static LLVMValueRef multiply_add(const egi_dot_plan *p, egi_irb *b, LLVMValueRef x, LLVMValueRef y, LLVMValueRef acc)
{
    return p->is_float ? egi_irb_fma(b, x, y, acc) : LLVMBuildAdd(b->b, LLVMBuildMul(b->b, x, y, ""), acc, "");
}

/* base + sum of index[i] * stride[i], in elements */
static LLVMValueRef at2(const egi_dot_plan *p, egi_irb *b, LLVMValueRef base, LLVMValueRef i, LLVMValueRef i_stride,
                        LLVMValueRef j, LLVMValueRef j_stride)
{
    LLVMValueRef x = LLVMBuildMul(b->b, i, i_stride, "");
    LLVMValueRef y = LLVMBuildMul(b->b, j, j_stride, "");
    return egi_irb_at(b, p->element, base, LLVMBuildAdd(b->b, x, y, ""));
}

/* Addresses base + j * stride for j < num, from three multiples of the stride that live in registers: more would spill. */
typedef struct strided {
    LLVMValueRef times[4]; /* 1, 2, 3, 4 */
} strided;

static strided make_strided(egi_irb *b, LLVMValueRef stride)
{
    strided s;
    for (int i = 0; i < 4; i++) s.times[i] = LLVMBuildMul(b->b, stride, egi_irb_i64(b, i + 1), "");
    return s;
}

static void strided_addresses(const egi_dot_plan *p, egi_irb *b, const strided *s, LLVMValueRef base, unsigned num,
                              LLVMValueRef *at)
{
    for (unsigned j = 0; j < num; j++) {
        if (j % 4 != 0) at[j] = egi_irb_at(b, p->element, at[j - j % 4], s->times[j % 4 - 1]);
        else at[j] = j == 0 ? base : egi_irb_at(b, p->element, at[j - 4], s->times[3]);
    }
}

/* ---- tile ---- */

typedef struct tile {
    LLVMValueRef at[MAX_ROWS][MAX_VECS];  /* where its vectors lie in C */
    LLVMValueRef acc[MAX_ROWS][MAX_VECS]; /* their values */
    LLVMValueRef mask[MAX_VECS];
} tile;

static void load_tile(const egi_dot_plan *p, egi_irb *b, tile *t, bool masked)
{
    LLVMTypeRef vec = egi_irb_vec(p->element, p->lanes);
    for (unsigned i = 0; i < p->tile_rows; i++)
        for (unsigned v = 0; v < p->tile_vecs; v++)
            t->acc[i][v] = masked ? egi_irb_load_masked(b, vec, t->at[i][v], t->mask[v])
                                  : egi_irb_load(b, vec, t->at[i][v]);
}

static void store_tile(const egi_dot_plan *p, egi_irb *b, const tile *t, bool masked)
{
    for (unsigned i = 0; i < p->tile_rows; i++)
        for (unsigned v = 0; v < p->tile_vecs; v++)
            if (masked) egi_irb_store_masked(b, t->acc[i][v], t->at[i][v], t->mask[v]);
            else egi_irb_store(b, t->acc[i][v], t->at[i][v]);
}

static void merge_tile(const egi_dot_plan *p, egi_irb *b, const egi_irb_if *f, tile *t, const tile *other)
{
    for (unsigned i = 0; i < p->tile_rows; i++)
        for (unsigned v = 0; v < p->tile_vecs; v++)
            t->acc[i][v] = egi_irb_if_merge(b, f, t->acc[i][v], other->acc[i][v]);
}

/* void tile(A, B, C, kc, a_row, a_k, b_k, c_row, n, first) */
void egi_dot_emit_tile(egi_dot_plan *p)
{
    egi_irb irb, *b = &irb;
    p->tile = egi_dot_function(p, b, "_tile", 3, 7);
    LLVMValueRef arg[10];
    LLVMGetParams(p->tile, arg);
    LLVMValueRef a0 = arg[0], b0 = arg[1], c0 = arg[2], kc = arg[3], a_row = arg[4], a_k = arg[5], b_k = arg[6];
    LLVMValueRef c_row = arg[7], n = arg[8], first = arg[9];
    LLVMTypeRef  vec = egi_irb_vec(p->element, p->lanes);
    unsigned     rows = p->tile_rows, vecs = p->tile_vecs;

    tile         t, from_zero, whole;
    LLVMValueRef whole_panel = LLVMBuildICmp(b->b, LLVMIntSGE, n, egi_irb_i64(b, p->panel), "");
    for (unsigned v = 0; v < vecs; v++) {
        LLVMValueRef left = LLVMBuildSub(b->b, n, egi_irb_i64(b, (int64_t)v * p->lanes), "");
        t.mask[v] = egi_irb_tail_mask(b, left, p->lanes);
    }
    for (unsigned i = 0; i < rows; i++) {
        LLVMValueRef row = egi_irb_at(b, p->element, c0, LLVMBuildMul(b->b, c_row, egi_irb_i64(b, i), ""));
        for (unsigned v = 0; v < vecs; v++) {
            t.at[i][v] = egi_irb_at(b, p->element, row, egi_irb_i64(b, (int64_t)v * p->lanes));
            from_zero.acc[i][v] = egi_irb_zero(vec);
        }
    }

    egi_irb_if is_first, is_whole;
    egi_irb_if_begin(b, &is_first, LLVMBuildICmp(b->b, LLVMIntNE, first, egi_irb_i64(b, 0), ""));
    egi_irb_if_else(b, &is_first);
    egi_irb_if_begin(b, &is_whole, whole_panel);
    whole = t;
    load_tile(p, b, &whole, false);
    egi_irb_if_else(b, &is_whole);
    load_tile(p, b, &t, true);
    egi_irb_if_end(b, &is_whole);
    merge_tile(p, b, &is_whole, &whole, &t);
    egi_irb_if_end(b, &is_first);
    merge_tile(p, b, &is_first, &from_zero, &whole);

    /* The rows of A are base + fixed offsets: half of them from one base, half from another, to need fewer registers. */
    unsigned     half = (rows + 1) / 2;
    LLVMValueRef offset[MAX_ROWS], pa[2];
    for (unsigned i = 0; i < half; i++) offset[i] = LLVMBuildMul(b->b, a_row, egi_irb_i64(b, i), "");
    LLVMValueRef a1 = egi_irb_at(b, p->element, a0, LLVMBuildMul(b->b, a_row, egi_irb_i64(b, half), ""));

    egi_irb_loop l;
    egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), kc, egi_irb_i64(b, 1));
    pa[0] = egi_irb_carry(b, &l, a0);
    pa[1] = egi_irb_carry(b, &l, a1);
    LLVMValueRef pb = egi_irb_carry(b, &l, b0);
    for (unsigned i = 0; i < rows; i++)
        for (unsigned v = 0; v < vecs; v++) t.acc[i][v] = egi_irb_carry(b, &l, from_zero.acc[i][v]);

    LLVMValueRef bv[MAX_VECS];
    for (unsigned v = 0; v < vecs; v++)
        bv[v] = egi_irb_load(b, vec, egi_irb_at(b, p->element, pb, egi_irb_i64(b, (int64_t)v * p->lanes)));
    for (unsigned i = 0; i < rows; i++) {
        LLVMValueRef at = egi_irb_at(b, p->element, pa[i / half], offset[i % half]);
        LLVMValueRef ai = egi_irb_splat(b, egi_irb_load(b, p->element, at), p->lanes);
        for (unsigned v = 0; v < vecs; v++)
            egi_irb_carry_next(&l, t.acc[i][v], multiply_add(p, b, ai, bv[v], t.acc[i][v]));
    }
    for (unsigned h = 0; h < 2; h++) egi_irb_carry_next(&l, pa[h], egi_irb_at(b, p->element, pa[h], a_k));
    egi_irb_carry_next(&l, pb, egi_irb_at(b, p->element, pb, b_k));
    egi_irb_loop_end(b, &l);
    for (unsigned i = 0; i < rows; i++)
        for (unsigned v = 0; v < vecs; v++) t.acc[i][v] = egi_irb_carry_out(&l, t.acc[i][v]);

    egi_irb_if_begin(b, &is_whole, whole_panel);
    store_tile(p, b, &t, false);
    egi_irb_if_else(b, &is_whole);
    store_tile(p, b, &t, true);
    egi_irb_if_end(b, &is_whole);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}

/* ---- rows and columns ---- */

/* The arguments of both: void f(A, B, C, m, n, kc, a_row, a_k, b_k, c_row, first). */
typedef struct strip {
    LLVMValueRef a, b, c, m, n, kc, a_row, a_k, b_k, c_row, first;
    strided      a_steps, b_steps;
} strip;

/* Advances all chains by the `unroll` steps of k that start at `k`. */
typedef void (*strip_body)(const egi_dot_plan *p, egi_irb *b, const strip *s, LLVMValueRef k, unsigned unroll);

static LLVMValueRef emit_strip(const egi_dot_plan *p, const char *name, strip_body body)
{
    egi_irb      irb, *b = &irb;
    LLVMValueRef fn = egi_dot_function(p, b, name, 3, 8);
    LLVMValueRef arg[11];
    LLVMGetParams(fn, arg);
    strip s = {.a = arg[0], .b = arg[1], .c = arg[2], .m = arg[3], .n = arg[4], .kc = arg[5], .a_row = arg[6],
               .a_k = arg[7], .b_k = arg[8], .c_row = arg[9], .first = arg[10]};
    s.a_steps = make_strided(b, s.a_k);
    s.b_steps = make_strided(b, s.b_k);

    LLVMValueRef unroll = egi_irb_i64(b, p->unroll), zero = egi_irb_i64(b, 0);
    LLVMValueRef most = LLVMBuildSub(b->b, s.kc, LLVMBuildURem(b->b, s.kc, unroll, ""), "");
    egi_irb_loop l;
    LLVMValueRef k = egi_irb_loop_begin(b, &l, zero, most, unroll);
    body(p, b, &s, k, p->unroll);
    egi_irb_loop_end(b, &l);
    k = egi_irb_loop_begin(b, &l, most, s.kc, egi_irb_i64(b, 1));
    body(p, b, &s, k, 1);
    egi_irb_loop_end(b, &l);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
    return fn;
}

/* +0 instead of c at the start of the chain */
static LLVMValueRef chain_start(egi_irb *b, const strip *s, LLVMValueRef k)
{
    LLVMValueRef no_k = LLVMBuildICmp(b->b, LLVMIntEQ, k, egi_irb_i64(b, 0), "");
    return LLVMBuildAnd(b->b, no_k, LLVMBuildICmp(b->b, LLVMIntNE, s->first, egi_irb_i64(b, 0), ""), "");
}

static void rows_body(const egi_dot_plan *p, egi_irb *b, const strip *s, LLVMValueRef k, unsigned unroll)
{
    LLVMTypeRef  vec = egi_irb_vec(p->element, p->lanes);
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1), lanes = egi_irb_i64(b, p->lanes);
    LLVMValueRef start = chain_start(b, s, k);
    LLVMValueRef whole = LLVMBuildSub(b->b, s->n, LLVMBuildURem(b->b, s->n, lanes, ""), "");
    LLVMValueRef left = LLVMBuildSub(b->b, s->n, whole, "");
    LLVMValueRef mask = egi_irb_tail_mask(b, left, p->lanes);
    LLVMValueRef b0 = egi_irb_at(b, p->element, s->b, LLVMBuildMul(b->b, k, s->b_k, ""));
    LLVMValueRef at[MAX_UNROLL], a[MAX_UNROLL];

    egi_irb_loop by_row, by_vec;
    LLVMValueRef i = egi_irb_loop_begin(b, &by_row, zero, s->m, one);
    LLVMValueRef c0 = egi_irb_at(b, p->element, s->c, LLVMBuildMul(b->b, i, s->c_row, ""));
    strided_addresses(p, b, &s->a_steps, at2(p, b, s->a, i, s->a_row, k, s->a_k), unroll, at);
    for (unsigned j = 0; j < unroll; j++) a[j] = egi_irb_splat(b, egi_irb_load(b, p->element, at[j]), p->lanes);

    for (int tail = 0; tail < 2; tail++) {
        /* the whole vectors of the row, then the rest as a loop of at most one turn */
        LLVMValueRef n = egi_irb_loop_begin(b, &by_vec, tail ? whole : zero, tail ? s->n : whole, lanes);
        LLVMValueRef pc = egi_irb_at(b, p->element, c0, n);
        LLVMValueRef c = tail ? egi_irb_load_masked(b, vec, pc, mask) : egi_irb_load(b, vec, pc);
        c = LLVMBuildSelect(b->b, start, egi_irb_zero(vec), c, "");
        strided_addresses(p, b, &s->b_steps, egi_irb_at(b, p->element, b0, n), unroll, at);
        for (unsigned j = 0; j < unroll; j++) c = multiply_add(p, b, a[j], egi_irb_load(b, vec, at[j]), c);
        if (tail) egi_irb_store_masked(b, c, pc, mask);
        else egi_irb_store(b, c, pc);
        egi_irb_loop_end(b, &by_vec);
    }
    egi_irb_loop_end(b, &by_row);
}

static void columns_body(const egi_dot_plan *p, egi_irb *b, const strip *s, LLVMValueRef k, unsigned unroll)
{
    LLVMTypeRef  vec = egi_irb_vec(p->element, p->lanes);
    LLVMValueRef start = chain_start(b, s, k);
    LLVMValueRef mask = egi_irb_tail_mask(b, s->n, p->lanes);
    LLVMValueRef whole = LLVMBuildICmp(b->b, LLVMIntSGE, s->n, egi_irb_i64(b, p->lanes), "");
    LLVMValueRef at[MAX_UNROLL], bv[MAX_UNROLL];
    LLVMValueRef b0 = egi_irb_at(b, p->element, s->b, LLVMBuildMul(b->b, k, s->b_k, ""));
    strided_addresses(p, b, &s->b_steps, b0, unroll, at);
    for (unsigned j = 0; j < unroll; j++) bv[j] = egi_irb_load(b, vec, at[j]);

    egi_irb_loop by_row;
    LLVMValueRef i = egi_irb_loop_begin(b, &by_row, egi_irb_i64(b, 0), s->m, egi_irb_i64(b, 1));
    LLVMValueRef pc = egi_irb_at(b, p->element, s->c, LLVMBuildMul(b->b, i, s->c_row, ""));
    LLVMValueRef c = LLVMBuildSelect(b->b, start, egi_irb_zero(vec), egi_irb_load_masked(b, vec, pc, mask), "");
    strided_addresses(p, b, &s->a_steps, at2(p, b, s->a, i, s->a_row, k, s->a_k), unroll, at);
    for (unsigned j = 0; j < unroll; j++) {
        LLVMValueRef a = egi_irb_splat(b, egi_irb_load(b, p->element, at[j]), p->lanes);
        c = multiply_add(p, b, a, bv[j], c);
    }
    /* a masked store of 32 bytes or less is slow on AMD: only where it is needed */
    egi_irb_if is_whole;
    egi_irb_if_begin(b, &is_whole, whole);
    egi_irb_store(b, c, pc);
    egi_irb_if_else(b, &is_whole);
    egi_irb_store_masked(b, c, pc, mask);
    egi_irb_if_end(b, &is_whole);
    egi_irb_loop_end(b, &by_row);
}

void egi_dot_emit_rows(egi_dot_plan *p)
{
    p->rows = emit_strip(p, "_rows", rows_body);
}

void egi_dot_emit_columns(egi_dot_plan *p)
{
    p->columns = emit_strip(p, "_columns", columns_body);
}
