/*
 * The matrix product: every element of C is one chain of fused multiply-adds over ascending k from +0, so that its bits
 * depend on nothing but its row of A and its column of B.  Lanes run over columns of C; k is cut into blocks between
 * which the chain rests in memory.
 *
 *     this thread's part of C (whole rows or whole columns)
 *       > blocks of rows       A's block stays in L2
 *         > strips of columns
 *           > blocks of k      B's block, depth x strip, is copied to the scratch, 32 KB: stays in L1
 *             > kernels        dot_tile.c: register tiles, and the row kernel for the rows that are left
 *
 * Fewer rows than a tile has ("thin") are not worth copying B for, unless it lies transposed: the strip is as wide as C's
 * rows fit into L1, and B is read where it is.
 *
 * A matrix-vector product (N = 1) would fill one lane.  It is the vector-matrix product of the transposed operands, with
 * the same chains, and computed as such: rows of A become columns, transposed in registers on their way to the scratch.
 */
#include "jit/lower_dot.h"

#include "jit/dot_tile.h"

#include <stdio.h>

/* Found by trial on Zen 5; f32 at 16 lanes takes a panel of 256 x 32. */
enum {
    PANEL_BYTES = 32 * 1024,    /* B's block in the scratch */
    STAGE_BYTES = 16 * 1024,    /* C's block in the scratch, where C has no room for whole vectors */
    ROW_BLOCK_TILES = 20,       /* rows of a block of A, in tiles */
    DIRECT_TILES = 4,           /* with fewer tiles than this in a block, B is not worth its copy */
    THIN_STRIP_BYTES = 1024,    /* of a row, several rows: B's rows stay in L1 ... */
    SINGLE_STRIP_BYTES = 16384, /* ... and one row, where only C's has to */
    THIN_TRANSPOSED_VECS = 4,   /* more than a panel: the row kernel needs several chains at once */
    SPLIT_TILES = 8             /* tiles a thread must have for rows to be split rather than columns */
};

size_t egi_dot_scratch(void) { return PANEL_BYTES + STAGE_BYTES; }

/* The values of a product: C[r0..r1, c0..c1], see above for the loops. */
typedef struct job {
    LLVMValueRef a, b, c, panel, stage, zeros;
    LLVMValueRef r0, r1, c0, c1, K;
    LLVMValueRef a_row, a_k, b_k, b_col, c_row;
    LLVMValueRef turned;              /* i1: columns of B are contiguous, not rows */
    LLVMValueRef thin;                /* i1 */
    LLVMValueRef strip, strip_stride; /* columns at once, and the same in whole vectors */
} job;

/* &base[i, j] of row-major elements; the stride of j is 1 if NULL */
static LLVMValueRef at(const egi_dot_plan *p, egi_irb *b, LLVMValueRef base, LLVMValueRef i, LLVMValueRef i_stride,
                       LLVMValueRef j, LLVMValueRef j_stride)
{
    if (j_stride) j = LLVMBuildMul(b->b, j, j_stride, "");
    return egi_irb_at(b, p->element, base, LLVMBuildAdd(b->b, LLVMBuildMul(b->b, i, i_stride, ""), j, ""));
}

static LLVMValueRef is(egi_irb *b, LLVMIntPredicate how, LLVMValueRef x, int64_t y)
{
    return LLVMBuildICmp(b->b, how, x, egi_irb_i64(b, y), "");
}

/* Copies a block of B to the scratch if that pays or must be; *b_k becomes the stride of what is returned. */
static LLVMValueRef emit_copy_of_b(const egi_dot_plan *p, egi_irb *b, const job *d, LLVMValueRef from, LLVMValueRef rows,
                                   LLVMValueRef n, LLVMValueRef kc, LLVMValueRef *b_k)
{
    egi_irb_if is_turned, is_packed;
    egi_irb_if_begin(b, &is_turned, d->turned);
    LLVMValueRef turned_args[] = {d->panel, from, d->strip_stride, kc, n, d->b_col};
    egi_irb_call(b, p->pack_transposed, turned_args, 6);
    egi_irb_if_else(b, &is_turned);
    /* a tile reads whole panels, and beyond the end of B there may be nothing */
    LLVMValueRef pays = LLVMBuildOr(b->b, is(b, LLVMIntSLT, n, p->panel),
                                    is(b, LLVMIntSGE, rows, (int64_t)DIRECT_TILES * p->tile_rows), "");
    egi_irb_if_begin(b, &is_packed, LLVMBuildAnd(b->b, pays, LLVMBuildNot(b->b, d->thin, ""), ""));
    LLVMValueRef args[] = {d->panel, from, kc, n, d->b_k};
    egi_irb_call(b, p->pack, args, 5);
    egi_irb_if_end(b, &is_packed);
    LLVMValueRef of_plain = egi_irb_if_merge(b, &is_packed, d->panel, from);
    LLVMValueRef of_plain_k = egi_irb_if_merge(b, &is_packed, d->strip_stride, d->b_k);
    egi_irb_if_end(b, &is_turned);
    LLVMValueRef copy = egi_irb_if_merge(b, &is_turned, d->panel, of_plain);
    *b_k = egi_irb_if_merge(b, &is_turned, d->strip_stride, of_plain_k);
    return copy;
}

/* Advances rows x n elements of C, from column `col` and row `row` on, by the kc steps of k from kk on. */
static void emit_kernels(const egi_dot_plan *p, egi_irb *b, const job *d, LLVMValueRef row, LLVMValueRef rows,
                         LLVMValueRef col, LLVMValueRef n, LLVMValueRef kk, LLVMValueRef kc)
{
    LLVMBuilderRef ir = b->b;
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1), tile_rows = egi_irb_i64(b, p->tile_rows), b_k;
    LLVMValueRef first = is(b, LLVMIntEQ, kk, 0), keep = LLVMBuildZExt(ir, LLVMBuildNot(ir, first, ""), b->i64, "");
    LLVMValueRef source = emit_copy_of_b(p, b, d, at(p, b, d->b, kk, d->b_k, col, d->b_col), rows, n, kc, &b_k);

    /* C itself where all vectors are whole, else the stage; the chains start from a row of zeros */
    LLVMValueRef ragged = is(b, LLVMIntSLT, n, p->panel);
    LLVMValueRef to_row = LLVMBuildSelect(ir, ragged, d->strip_stride, d->c_row, "");
    LLVMValueRef from_row = LLVMBuildSelect(ir, first, zero, to_row, "");
    LLVMValueRef in_tiles = LLVMBuildSub(ir, rows, LLVMBuildURem(ir, rows, tile_rows, ""), "");
    egi_irb_loop l;
    egi_irb_if f;
    LLVMValueRef i = egi_irb_loop_begin(b, &l, row, LLVMBuildAdd(ir, row, in_tiles, ""), tile_rows);
    LLVMValueRef a = at(p, b, d->a, i, d->a_row, kk, d->a_k), c = at(p, b, d->c, i, d->c_row, col, NULL);
    LLVMValueRef to = LLVMBuildSelect(ir, ragged, d->stage, c, "");
    LLVMValueRef from = LLVMBuildSelect(ir, first, d->zeros, to, "");
    LLVMValueRef load[] = {d->stage, c, d->strip_stride, d->c_row, tile_rows, n, one};
    LLVMValueRef store[] = {c, d->stage, d->c_row, d->strip_stride, tile_rows, n, one};
    egi_irb_if_begin(b, &f, LLVMBuildAnd(ir, ragged, LLVMBuildNot(ir, first, ""), ""));
    egi_irb_call(b, p->move, load, 7);
    egi_irb_if_end(b, &f);
    LLVMValueRef tile[] = {a, source, from, to, from_row, to_row, kc, d->a_row, d->a_k, b_k};
    egi_irb_call(b, p->tile, tile, 10);
    egi_irb_if_begin(b, &f, ragged);
    egi_irb_call(b, p->move, store, 7);
    egi_irb_if_end(b, &f);
    egi_irb_loop_end(b, &l);

    egi_irb_if_begin(b, &f, LLVMBuildICmp(ir, LLVMIntSLT, in_tiles, rows, ""));
    LLVMValueRef left = LLVMBuildSub(ir, rows, in_tiles, "");
    i = LLVMBuildAdd(ir, row, in_tiles, "");
    a = at(p, b, d->a, i, d->a_row, kk, d->a_k);
    c = at(p, b, d->c, i, d->c_row, col, NULL);
    LLVMValueRef load_rows[] = {d->stage, c, d->strip_stride, d->c_row, left, n, keep};
    LLVMValueRef store_rows[] = {c, d->stage, d->c_row, d->strip_stride, left, n, one};
    LLVMValueRef run[] = {a, source, d->stage, d->strip_stride, left, n, kc, d->a_row, d->a_k, b_k};
    egi_irb_call(b, p->move, load_rows, 7);
    egi_irb_call(b, p->rows, run, 10);
    egi_irb_call(b, p->move, store_rows, 7);
    egi_irb_if_end(b, &f);
}

/* The loops over blocks. */
static void emit_blocks(const egi_dot_plan *p, egi_irb *b, job *d)
{
    LLVMBuilderRef ir = b->b;
    LLVMValueRef zero = egi_irb_i64(b, 0), rows = LLVMBuildSub(ir, d->r1, d->r0, "");
    LLVMValueRef row_block = egi_irb_i64(b, (int64_t)ROW_BLOCK_TILES * p->tile_rows);
    d->thin = is(b, LLVMIntSLT, rows, p->tile_rows);

    /* width of a strip, and the depth of the panel that goes with it */
    LLVMValueRef thin_strip = LLVMBuildSelect(ir, is(b, LLVMIntSGT, rows, 1),
                                              egi_irb_i64(b, THIN_STRIP_BYTES / p->size),
                                              egi_irb_i64(b, SINGLE_STRIP_BYTES / p->size), "");
    int64_t wide = (int64_t)THIN_TRANSPOSED_VECS * p->lanes;
    thin_strip = LLVMBuildSelect(ir, d->turned, egi_irb_i64(b, wide), thin_strip, "");
    d->strip = LLVMBuildSelect(ir, d->thin, thin_strip, egi_irb_i64(b, p->panel), "");
    d->strip_stride = d->strip;
    LLVMValueRef thin_depth = LLVMBuildSelect(ir, d->turned, egi_irb_i64(b, PANEL_BYTES / p->size / wide), d->K, "");
    LLVMValueRef depth = LLVMBuildSelect(ir, d->thin, thin_depth, egi_irb_i64(b, PANEL_BYTES / p->size / p->panel), "");

    egi_irb_loop by_row, by_strip, by_k;
    LLVMValueRef row = egi_irb_loop_begin(b, &by_row, d->r0, d->r1, row_block);
    LLVMValueRef m = egi_irb_min(b, LLVMBuildSub(ir, d->r1, row, ""), row_block);
    LLVMValueRef col = egi_irb_loop_begin(b, &by_strip, d->c0, d->c1, d->strip);
    LLVMValueRef n = egi_irb_min(b, LLVMBuildSub(ir, d->c1, col, ""), d->strip);
    LLVMValueRef k = egi_irb_loop_begin(b, &by_k, zero, d->K, depth);
    LLVMValueRef kc = egi_irb_min(b, LLVMBuildSub(ir, d->K, k, ""), depth);
    emit_kernels(p, b, d, row, m, col, n, k, kc);
    egi_irb_loop_end(b, &by_k);
    egi_irb_loop_end(b, &by_strip);
    egi_irb_loop_end(b, &by_row);
}

/* Bound number `part` of `parts` even runs of `units` units. */
static LLVMValueRef bound(egi_irb *b, LLVMValueRef size, LLVMValueRef units, LLVMValueRef unit, LLVMValueRef part,
                          LLVMValueRef parts)
{
    LLVMValueRef mine = LLVMBuildUDiv(b->b, LLVMBuildMul(b->b, units, part, ""), parts, "");
    return egi_irb_min(b, LLVMBuildMul(b->b, mine, unit, ""), size);
}

/* Chooses this part's rows and columns of M x N. */
static void emit_split(const egi_dot_plan *p, egi_irb *b, job *d, LLVMValueRef M, LLVMValueRef N, LLVMValueRef part,
                       LLVMValueRef parts)
{
    LLVMBuilderRef ir = b->b;
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    LLVMValueRef tile_rows = egi_irb_i64(b, p->tile_rows), lanes = egi_irb_i64(b, p->lanes);
    /* rows if each part has many tiles of them, or if there are not enough columns */
    LLVMValueRef many = LLVMBuildMul(ir, parts, egi_irb_i64(b, (int64_t)SPLIT_TILES * p->tile_rows), "");
    LLVMValueRef narrow = LLVMBuildICmp(ir, LLVMIntSLT, N, LLVMBuildMul(ir, parts, lanes, ""), "");
    LLVMValueRef by_rows = LLVMBuildOr(ir, LLVMBuildICmp(ir, LLVMIntSGE, M, many, ""), narrow, "");
    LLVMValueRef size = LLVMBuildSelect(ir, by_rows, M, N, ""), unit = LLVMBuildSelect(ir, by_rows, tile_rows, lanes, "");
    LLVMValueRef up = LLVMBuildSub(ir, LLVMBuildAdd(ir, size, unit, ""), one, "");
    LLVMValueRef units = LLVMBuildUDiv(ir, up, unit, "");
    LLVMValueRef lo = bound(b, size, units, unit, part, parts);
    LLVMValueRef hi = bound(b, size, units, unit, LLVMBuildAdd(ir, part, one, ""), parts);
    d->r0 = LLVMBuildSelect(ir, by_rows, lo, zero, "");
    d->r1 = LLVMBuildSelect(ir, by_rows, hi, M, "");
    d->c0 = LLVMBuildSelect(ir, by_rows, zero, lo, "");
    d->c1 = LLVMBuildSelect(ir, by_rows, N, hi, "");
}

static LLVMValueRef emit_zeros(const egi_dot_plan *p)
{
    char name[64];
    LLVMTypeRef type = LLVMArrayType2(p->element, p->panel);
    snprintf(name, sizeof name, "%s_zeros", p->prefix);
    LLVMValueRef zeros = LLVMAddGlobal(p->mod, type, name);
    LLVMSetInitializer(zeros, LLVMConstNull(type));
    LLVMSetGlobalConstant(zeros, 1);
    LLVMSetLinkage(zeros, LLVMInternalLinkage);
    LLVMSetAlignment(zeros, 64);
    return zeros;
}

/* The function itself: sorts out the flags, chooses the part, runs the loops. */
static LLVMValueRef emit_entry(const egi_dot_plan *p)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[10];
    LLVMValueRef fn = egi_dot_function(p, b, "", 4, 6, arg);
    /* runs once a product: short code, not fast code */
    egi_irb_attr_enum(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "optsize", 0);
    LLVMBuilderRef ir = b->b;
    LLVMValueRef M = arg[6], N = arg[7], K = arg[8], flags = arg[9], one = egi_irb_i64(b, 1);
    LLVMValueRef a_bit = LLVMBuildAnd(ir, flags, egi_irb_i64(b, EGI_DOT_A_TRANSPOSED), "");
    LLVMValueRef b_bit = LLVMBuildAnd(ir, flags, egi_irb_i64(b, EGI_DOT_B_TRANSPOSED), "");
    LLVMValueRef a_turned = is(b, LLVMIntNE, a_bit, 0), b_turned = is(b, LLVMIntNE, b_bit, 0);
    LLVMValueRef a_row = LLVMBuildSelect(ir, a_turned, one, K, ""), a_k = LLVMBuildSelect(ir, a_turned, M, one, "");
    LLVMValueRef b_k = LLVMBuildSelect(ir, b_turned, one, N, ""), b_col = LLVMBuildSelect(ir, b_turned, K, one, "");

    /* N = 1: the transposed product B' A', and C is contiguous either way */
    LLVMValueRef swap = is(b, LLVMIntEQ, N, 1);
    job d = {
        .a = LLVMBuildSelect(ir, swap, arg[1], arg[0], ""),
        .b = LLVMBuildSelect(ir, swap, arg[0], arg[1], ""),
        .c = arg[2],
        .panel = arg[3],
        .stage = egi_irb_at(b, b->i8, arg[3], egi_irb_i64(b, PANEL_BYTES)),
        .zeros = emit_zeros(p),
        .K = K,
        .a_row = LLVMBuildSelect(ir, swap, b_col, a_row, ""),
        .a_k = LLVMBuildSelect(ir, swap, b_k, a_k, ""),
        .b_k = LLVMBuildSelect(ir, swap, a_k, b_k, ""),
        .b_col = LLVMBuildSelect(ir, swap, a_row, b_col, ""),
        .turned = LLVMBuildSelect(ir, swap, LLVMBuildNot(ir, a_turned, ""), b_turned, ""),
    };
    LLVMValueRef rows = LLVMBuildSelect(ir, swap, one, M, "");
    d.c_row = LLVMBuildSelect(ir, swap, M, N, "");
    emit_split(p, b, &d, rows, d.c_row, arg[4], arg[5]);

    egi_irb_if is_empty;
    egi_irb_if_begin(b, &is_empty, is(b, LLVMIntSLE, K, 0));
    LLVMValueRef c = at(p, b, d.c, d.r0, d.c_row, d.c0, NULL);
    LLVMValueRef clear[] = {c, c, d.c_row, d.c_row, LLVMBuildSub(ir, d.r1, d.r0, ""), LLVMBuildSub(ir, d.c1, d.c0, ""),
                            egi_irb_i64(b, 0)};
    egi_irb_call(b, p->move, clear, 7);
    egi_irb_if_else(b, &is_empty);
    emit_blocks(p, b, &d);
    egi_irb_if_end(b, &is_empty);
    LLVMBuildRetVoid(ir);
    egi_irb_close(b);
    return fn;
}

static bool make_plan(egi_dot_plan *p, LLVMModuleRef mod, eg_dtype t, int lanes, bool avx512)
{
    LLVMContextRef ctx = LLVMGetModuleContext(mod);
    *p = (egi_dot_plan){.mod = mod, .size = (unsigned)eg_dtype_size(t), .is_float = t == EG_F32 || t == EG_F64};
    switch (t) {
    case EG_F32: p->element = LLVMFloatTypeInContext(ctx); break;
    case EG_F64: p->element = LLVMDoubleTypeInContext(ctx); break;
    case EG_I32:
    case EG_U32: p->element = LLVMInt32TypeInContext(ctx); break;
    case EG_I64: p->element = LLVMInt64TypeInContext(ctx); break;
    case EG_BOOL:
    case EG_DTYPE_COUNT: return false;
    }
    p->lanes = (avx512 ? 64 : 32) / p->size;
    while (p->lanes > 2 && p->lanes > (unsigned)lanes) p->lanes /= 2;
    /* As many accumulators as leave registers for a row of B and two scalars of A; the wider tile of as many (6 x 4) was
       no faster, and has more columns that go to waste. */
    p->tile_rows = avx512 ? 12 : 6;
    p->tile_vecs = 2;
    p->panel = p->tile_vecs * p->lanes;
    /* i32 and u32 are one function */
    snprintf(p->prefix, sizeof p->prefix, "egi_dot_%s_%u%s", eg_dtype_name(t == EG_U32 ? EG_I32 : t), p->lanes,
             avx512 ? "" : "_v3");
    return true;
}

LLVMValueRef egi_emit_dot(LLVMModuleRef mod, eg_dtype t, int lanes, bool avx512)
{
    egi_dot_plan p;
    if (!make_plan(&p, mod, t, lanes, avx512)) return NULL;
    LLVMValueRef known = LLVMGetNamedFunction(mod, p.prefix);
    if (known) return known;
    egi_dot_emit_tile(&p);
    egi_dot_emit_rows(&p);
    egi_dot_emit_move(&p);
    egi_dot_emit_pack(&p);
    egi_dot_emit_pack_transposed(&p);
    return emit_entry(&p);
}
