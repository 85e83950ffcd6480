/*
 * The matrix product: every element of C is one chain of fused multiply-adds over ascending k from +0, so that its bits
 * depend on nothing but its row of A and its column of B.  Lanes run over columns; k is cut into blocks between which
 * the chain rests in C.
 *
 *     f          takes this thread's part of C: whole rows or whole columns
 *     block      blocks of rows (A's block stays in L2) > panels of columns > blocks of k > kernel
 *                                                          \__ one panel of B, depth x panel, 32 KB: stays in L1
 *     kernels    dot_tile.c: register tile for all that is large enough, rows and columns for edges and thin matrices
 *
 * A matrix-vector product (N = 1) would fill one lane.  It is the vector-matrix product of the transposed operands with
 * the same chains, so it is computed as such: the rows of A become columns, 16 to a vector, by transposing in registers.
 *
 * Measured (Zen 5, f32, one core): a panel packed once for all rows is read again by the next block of rows; packing it
 * anew there costs 1 / ROW_BLOCK of the work and keeps the scratch at one panel.
 */
#include "jit/lower_dot.h"

#include "jit/dot_tile.h"

#include <stdio.h>

enum {
    PANEL_BYTES = 32 * 1024,
    ROW_BLOCK_TILES = 20, /* rows of a block of A, in tiles */
    DIRECT_TILES = 4,     /* with fewer tiles than this in a block, a panel is not worth its packing */
    ROW_STRIP = 256,      /* columns that the row kernel works on at once, several rows: B's rows stay in L1 ... */
    ROW_STRIP_ONE = 4096, /* ... and for one row alone, where only C's have to */
    SPLIT_TILES = 8       /* tiles a thread must have for rows to be split rather than columns */
};

size_t egi_dot_scratch(void)
{
    return PANEL_BYTES;
}

/* ---- block: rows [r0, r1) and columns [c0, c1) of C ---- */

typedef struct block {
    LLVMValueRef a, b, c, scratch, r0, r1, c0, c1, depth, a_row, a_k, b_k, b_col, c_row, b_transposed;
} block;
enum { BLOCK_POINTERS = 4, BLOCK_INTS = 11, BLOCK_ARGS = BLOCK_POINTERS + BLOCK_INTS };

static LLVMValueRef at(const egi_dot_plan *p, egi_irb *b, LLVMValueRef base, LLVMValueRef i, LLVMValueRef i_stride,
                       LLVMValueRef j, LLVMValueRef j_stride)
{
    LLVMValueRef x = LLVMBuildMul(b->b, i, i_stride, "");
    if (j_stride) j = LLVMBuildMul(b->b, j, j_stride, "");
    return egi_irb_at(b, p->element, base, LLVMBuildAdd(b->b, x, j, ""));
}

/* Few rows: along them, with B where it is. */
static void emit_thin(const egi_dot_plan *p, egi_irb *b, const block *k, LLVMValueRef rows)
{
    LLVMValueRef one_row = LLVMBuildICmp(b->b, LLVMIntEQ, rows, egi_irb_i64(b, 1), "");
    LLVMValueRef width =
        LLVMBuildSelect(b->b, one_row, egi_irb_i64(b, ROW_STRIP_ONE), egi_irb_i64(b, ROW_STRIP), "");
    LLVMValueRef zero = egi_irb_i64(b, 0);
    egi_irb_loop l;
    LLVMValueRef col = egi_irb_loop_begin(b, &l, k->c0, k->c1, width);
    LLVMValueRef n = egi_irb_min(b, LLVMBuildSub(b->b, k->c1, col, ""), width);
    LLVMValueRef args[] = {at(p, b, k->a, k->r0, k->a_row, zero, NULL),
                           egi_irb_at(b, p->element, k->b, col),
                           at(p, b, k->c, k->r0, k->c_row, col, NULL),
                           rows, n, k->depth, k->a_row, k->a_k, k->b_k, k->c_row, egi_irb_i64(b, 1)};
    egi_irb_call(b, p->rows, args, 11);
    egi_irb_loop_end(b, &l);
}

/* One panel of B, [kk, kk + kc) x n, for `rows` rows: chooses the kernels. */
static void emit_panel(const egi_dot_plan *p, egi_irb *b, const block *k, LLVMValueRef row, LLVMValueRef rows,
                       LLVMValueRef col, LLVMValueRef n, LLVMValueRef kk, LLVMValueRef kc)
{
    LLVMBuilderRef ir = b->b;
    LLVMValueRef   zero = egi_irb_i64(b, 0), tile_rows = egi_irb_i64(b, p->tile_rows);
    LLVMValueRef   lanes = egi_irb_i64(b, p->lanes), panel = egi_irb_i64(b, p->panel);
    LLVMValueRef   first = LLVMBuildZExt(ir, LLVMBuildICmp(ir, LLVMIntEQ, kk, zero, ""), b->i64, "");
    LLVMValueRef   a = at(p, b, k->a, row, k->a_row, kk, k->a_k);
    LLVMValueRef   c = at(p, b, k->c, row, k->c_row, col, NULL);
    LLVMValueRef   direct = at(p, b, k->b, kk, k->b_k, col, k->b_col);
    LLVMValueRef   narrow = LLVMBuildICmp(ir, LLVMIntSLE, n, egi_irb_i64(b, p->panel / 2), "");
    LLVMValueRef   few = LLVMBuildICmp(ir, LLVMIntSLT, rows, egi_irb_i64(b, DIRECT_TILES * p->tile_rows), "");
    LLVMValueRef   ragged = LLVMBuildICmp(ir, LLVMIntSLT, n, panel, "");
    LLVMValueRef   transposed = LLVMBuildICmp(ir, LLVMIntNE, k->b_transposed, zero, "");

    /* columns need no panel unless B is transposed; a tile reads whole panels, so a ragged one is packed in any case */
    LLVMValueRef wants = LLVMBuildOr(ir, ragged, LLVMBuildNot(ir, few, ""), "");
    wants = LLVMBuildAnd(ir, wants, LLVMBuildNot(ir, narrow, ""), "");
    egi_irb_if is_transposed, is_packed, is_narrow;
    egi_irb_if_begin(b, &is_transposed, transposed);
    LLVMValueRef args_t[] = {k->scratch, direct, kc, n, k->b_col};
    egi_irb_call(b, p->pack_transposed, args_t, 5);
    egi_irb_if_else(b, &is_transposed);
    egi_irb_if_begin(b, &is_packed, wants);
    LLVMValueRef args_p[] = {k->scratch, direct, kc, n, k->b_k};
    egi_irb_call(b, p->pack, args_p, 5);
    egi_irb_if_end(b, &is_packed);
    LLVMValueRef source = egi_irb_if_merge(b, &is_packed, k->scratch, direct);
    LLVMValueRef stride = egi_irb_if_merge(b, &is_packed, panel, k->b_k);
    egi_irb_if_end(b, &is_transposed);
    source = egi_irb_if_merge(b, &is_transposed, k->scratch, source);
    stride = egi_irb_if_merge(b, &is_transposed, panel, stride);

    LLVMValueRef tall = LLVMBuildICmp(ir, LLVMIntSGE, rows, tile_rows, "");
    egi_irb_loop l;
    egi_irb_if_begin(b, &is_narrow, LLVMBuildAnd(ir, narrow, tall, ""));
    LLVMValueRef j = egi_irb_loop_begin(b, &l, zero, n, lanes);
    LLVMValueRef args_c[] = {a, egi_irb_at(b, p->element, source, j), egi_irb_at(b, p->element, c, j), rows,
                             egi_irb_min(b, LLVMBuildSub(ir, n, j, ""), lanes), kc, k->a_row, k->a_k, stride,
                             k->c_row, first};
    egi_irb_call(b, p->columns, args_c, 11);
    egi_irb_loop_end(b, &l);

    egi_irb_if_else(b, &is_narrow);
    LLVMValueRef in_tiles = LLVMBuildSub(ir, rows, LLVMBuildURem(ir, rows, tile_rows, ""), "");
    LLVMValueRef i = egi_irb_loop_begin(b, &l, zero, in_tiles, tile_rows);
    LLVMValueRef args_tile[] = {at(p, b, a, i, k->a_row, zero, NULL), source, at(p, b, c, i, k->c_row, zero, NULL), kc,
                                k->a_row, k->a_k, stride, k->c_row, n, first};
    egi_irb_call(b, p->tile, args_tile, 10);
    egi_irb_loop_end(b, &l);
    egi_irb_if is_rest;
    egi_irb_if_begin(b, &is_rest, LLVMBuildICmp(ir, LLVMIntSLT, in_tiles, rows, ""));
    LLVMValueRef args_r[] = {at(p, b, a, in_tiles, k->a_row, zero, NULL), source,
                             at(p, b, c, in_tiles, k->c_row, zero, NULL), LLVMBuildSub(ir, rows, in_tiles, ""), n, kc,
                             k->a_row, k->a_k, stride, k->c_row, first};
    egi_irb_call(b, p->rows, args_r, 11);
    egi_irb_if_end(b, &is_rest);
    egi_irb_if_end(b, &is_narrow);
}

/* K = 0: the chain is its start. */
static void emit_clear(const egi_dot_plan *p, egi_irb *b, const block *k)
{
    egi_irb_loop by_row, by_col;
    LLVMValueRef one = egi_irb_i64(b, 1);
    LLVMValueRef i = egi_irb_loop_begin(b, &by_row, k->r0, k->r1, one);
    LLVMValueRef j = egi_irb_loop_begin(b, &by_col, k->c0, k->c1, one);
    egi_irb_store(b, egi_irb_zero(p->element), at(p, b, k->c, i, k->c_row, j, NULL));
    egi_irb_loop_end(b, &by_col);
    egi_irb_loop_end(b, &by_row);
}

static LLVMValueRef emit_block(const egi_dot_plan *p)
{
    egi_irb      irb, *b = &irb;
    LLVMValueRef fn = egi_dot_function(p, b, "_block", BLOCK_POINTERS, BLOCK_INTS);
    LLVMValueRef arg[BLOCK_ARGS];
    LLVMGetParams(fn, arg);
    block k = {.a = arg[0], .b = arg[1], .c = arg[2], .scratch = arg[3], .r0 = arg[4], .r1 = arg[5], .c0 = arg[6],
               .c1 = arg[7], .depth = arg[8], .a_row = arg[9], .a_k = arg[10], .b_k = arg[11], .b_col = arg[12],
               .c_row = arg[13], .b_transposed = arg[14]};
    LLVMBuilderRef ir = b->b;
    LLVMValueRef   zero = egi_irb_i64(b, 0), rows = LLVMBuildSub(ir, k.r1, k.r0, "");
    LLVMValueRef   row_block = egi_irb_i64(b, (int64_t)ROW_BLOCK_TILES * p->tile_rows);
    LLVMValueRef   panel = egi_irb_i64(b, p->panel), depth = egi_irb_i64(b, p->depth);

    egi_irb_if is_empty, is_thin;
    egi_irb_if_begin(b, &is_empty, LLVMBuildICmp(ir, LLVMIntSLE, k.depth, zero, ""));
    emit_clear(p, b, &k);
    egi_irb_if_else(b, &is_empty);
    LLVMValueRef thin = LLVMBuildICmp(ir, LLVMIntSLT, rows, egi_irb_i64(b, p->tile_rows), "");
    LLVMValueRef plain = LLVMBuildICmp(ir, LLVMIntEQ, k.b_transposed, zero, "");
    egi_irb_if_begin(b, &is_thin, LLVMBuildAnd(ir, thin, plain, ""));
    emit_thin(p, b, &k, rows);
    egi_irb_if_else(b, &is_thin);

    egi_irb_loop by_row, by_col, by_k;
    LLVMValueRef row = egi_irb_loop_begin(b, &by_row, k.r0, k.r1, row_block);
    LLVMValueRef m = egi_irb_min(b, LLVMBuildSub(ir, k.r1, row, ""), row_block);
    LLVMValueRef col = egi_irb_loop_begin(b, &by_col, k.c0, k.c1, panel);
    LLVMValueRef n = egi_irb_min(b, LLVMBuildSub(ir, k.c1, col, ""), panel);
    LLVMValueRef kk = egi_irb_loop_begin(b, &by_k, zero, k.depth, depth);
    LLVMValueRef kc = egi_irb_min(b, LLVMBuildSub(ir, k.depth, kk, ""), depth);
    emit_panel(p, b, &k, row, m, col, n, kk, kc);
    egi_irb_loop_end(b, &by_k);
    egi_irb_loop_end(b, &by_col);
    egi_irb_loop_end(b, &by_row);

    egi_irb_if_end(b, &is_thin);
    egi_irb_if_end(b, &is_empty);
    LLVMBuildRetVoid(ir);
    egi_irb_close(b);
    return fn;
}

/* ---- entry ---- */

/* Splits [0, size) into `parts` runs of whole units; bound number `part`. */
static LLVMValueRef split(egi_irb *b, LLVMValueRef size, unsigned unit, LLVMValueRef part, LLVMValueRef parts)
{
    LLVMValueRef u = egi_irb_i64(b, unit);
    LLVMValueRef up = LLVMBuildAdd(b->b, size, egi_irb_i64(b, (int64_t)unit - 1), "");
    LLVMValueRef units = LLVMBuildUDiv(b->b, up, u, "");
    LLVMValueRef mine = LLVMBuildUDiv(b->b, LLVMBuildMul(b->b, units, part, ""), parts, "");
    return egi_irb_min(b, LLVMBuildMul(b->b, mine, u, ""), size);
}

static LLVMValueRef emit_entry(const egi_dot_plan *p, LLVMValueRef block_fn)
{
    egi_irb      irb, *b = &irb;
    LLVMValueRef fn = egi_dot_function(p, b, "", 4, 6);
    LLVMValueRef arg[10];
    LLVMGetParams(fn, arg);
    LLVMBuilderRef ir = b->b;
    LLVMValueRef   zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    LLVMValueRef   part = arg[4], parts = arg[5], M = arg[6], N = arg[7], K = arg[8], flags = arg[9];
    LLVMValueRef   a_bit = LLVMBuildAnd(ir, flags, egi_irb_i64(b, EGI_DOT_A_TRANSPOSED), "");
    LLVMValueRef   b_bit = LLVMBuildAnd(ir, flags, egi_irb_i64(b, EGI_DOT_B_TRANSPOSED), "");
    LLVMValueRef   a_turned = LLVMBuildICmp(ir, LLVMIntNE, a_bit, zero, "");
    LLVMValueRef   b_turned = LLVMBuildICmp(ir, LLVMIntNE, b_bit, zero, "");
    LLVMValueRef   a_row = LLVMBuildSelect(ir, a_turned, one, K, "");
    LLVMValueRef   a_k = LLVMBuildSelect(ir, a_turned, M, one, "");
    LLVMValueRef   b_k = LLVMBuildSelect(ir, b_turned, one, N, "");
    LLVMValueRef   b_col = LLVMBuildSelect(ir, b_turned, K, one, "");

    /* N = 1: C' = B' A', where A (row-major) is now a transposed right operand; C is contiguous either way */
    LLVMValueRef vector = LLVMBuildICmp(ir, LLVMIntEQ, N, one, "");
    LLVMValueRef left = LLVMBuildSelect(ir, vector, arg[1], arg[0], "");
    LLVMValueRef right = LLVMBuildSelect(ir, vector, arg[0], arg[1], "");
    LLVMValueRef rows = LLVMBuildSelect(ir, vector, one, M, "");
    LLVMValueRef cols = LLVMBuildSelect(ir, vector, M, N, "");
    LLVMValueRef right_turned = LLVMBuildSelect(ir, vector, LLVMBuildNot(ir, a_turned, ""), b_turned, "");
    LLVMValueRef l_row = LLVMBuildSelect(ir, vector, b_col, a_row, "");
    LLVMValueRef l_k = LLVMBuildSelect(ir, vector, b_k, a_k, "");
    LLVMValueRef r_k = LLVMBuildSelect(ir, vector, a_k, b_k, "");
    LLVMValueRef r_col = LLVMBuildSelect(ir, vector, a_row, b_col, "");

    /* rows if each part has many tiles of them, or if there are not enough columns */
    LLVMValueRef enough = LLVMBuildMul(ir, parts, egi_irb_i64(b, SPLIT_TILES * p->tile_rows), "");
    LLVMValueRef least = LLVMBuildMul(ir, parts, egi_irb_i64(b, p->lanes), "");
    LLVMValueRef by_rows = LLVMBuildOr(ir, LLVMBuildICmp(ir, LLVMIntSGE, rows, enough, ""),
                                       LLVMBuildICmp(ir, LLVMIntSLT, cols, least, ""), "");
    LLVMValueRef next = LLVMBuildAdd(ir, part, one, "");
    LLVMValueRef r0 = LLVMBuildSelect(ir, by_rows, split(b, rows, p->tile_rows, part, parts), zero, "");
    LLVMValueRef r1 = LLVMBuildSelect(ir, by_rows, split(b, rows, p->tile_rows, next, parts), rows, "");
    LLVMValueRef c0 = LLVMBuildSelect(ir, by_rows, zero, split(b, cols, p->lanes, part, parts), "");
    LLVMValueRef c1 = LLVMBuildSelect(ir, by_rows, cols, split(b, cols, p->lanes, next, parts), "");
    LLVMValueRef turned = LLVMBuildZExt(ir, right_turned, b->i64, "");
    LLVMValueRef args[BLOCK_ARGS] = {left, right, arg[2], arg[3], r0,    r1,   c0,    c1,
                                     K,    l_row, l_k,    r_k,    r_col, cols, turned};
    egi_irb_call(b, block_fn, args, BLOCK_ARGS);
    LLVMBuildRetVoid(ir);
    egi_irb_close(b);
    return fn;
}

static bool make_plan(egi_dot_plan *p, LLVMModuleRef mod, eg_dtype t, int lanes, bool avx512)
{
    LLVMContextRef ctx = LLVMGetModuleContext(mod);
    unsigned       most = (unsigned)((avx512 ? 64 : 32) / (eg_dtype_size(t) == 8 ? 8 : 4));
    *p = (egi_dot_plan){.mod = mod, .lanes = most};
    while (p->lanes > 2 && p->lanes > (unsigned)lanes) p->lanes /= 2;
    switch (t) {
    case EG_F32: p->element = LLVMFloatTypeInContext(ctx); break;
    case EG_F64: p->element = LLVMDoubleTypeInContext(ctx); break;
    case EG_I32:
    case EG_U32: p->element = LLVMInt32TypeInContext(ctx); break;
    case EG_I64: p->element = LLVMInt64TypeInContext(ctx); break;
    case EG_BOOL:
    case EG_DTYPE_COUNT: return false;
    }
    p->is_float = t == EG_F32 || t == EG_F64;
    /* tile: as many accumulators as leave registers for a row of B and a scalar of A */
    p->tile_rows = avx512 ? 12 : 6;
    p->tile_vecs = 2;
    p->unroll = avx512 ? 16 : 8;
    p->panel = p->tile_vecs * p->lanes;
    p->depth = avx512 ? 256 : 256;
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
    egi_dot_emit_columns(&p);
    egi_dot_emit_pack(&p);
    egi_dot_emit_pack_transposed(&p);
    return emit_entry(&p, emit_block(&p));
}
