/*
 * The matrix product: every element of C is one chain of fused multiply-adds over ascending k, from +0 or from an
 * element of a base, so that its bits depend on nothing but that, its row of A and its column of B.  Lanes run over
 * columns of C; k is cut into blocks between which the chain rests in memory.
 *
 *     this thread's part of C (whole rows or whole columns)
 *       > blocks of rows       A's block stays in L2; where it lies transposed, it is copied to the scratch
 *         > blocks of k
 *           > strips           B's block, depth x strip, is copied to the scratch, 32 KB: stays in L1
 *             > kernels        dot_tile.c: register tiles, and the row kernel for the rows that are left
 *
 * Fewer rows than a tile has ("thin") are not worth copying B for, unless it lies transposed: the strip is as wide as
 * C's rows fit into L1, and B is read where it is.
 *
 * A transposed A is read down its columns: of every line of cache a tile wants a few elements, and lines that lie a
 * power of two apart drive each other out.  In the scratch its elements follow one another as the tile wants them.
 *
 * A matrix-vector product (N = 1) would fill one lane.  It is the vector-matrix product of the transposed operands,
 * with the same chains, and computed as such: rows of A become columns, transposed in registers on their way to the
 * scratch.
 */
#include "jit/lower_dot.h"

#include "jit/dot_tile.h"

#include <stdio.h>

/* Found by trial on Zen 2 and Zen 5; f32 at 16 lanes takes a panel of 256 x 32. */
enum {
    PANEL_BYTES = 32 * 1024,    /* B's block in the scratch */
    STAGE_BYTES = 16 * 1024,    /* C's block in the scratch, where C has no room for whole vectors */
    ROW_BLOCK = 240,            /* rows of a block of A at most: B's block is copied once for so many */
    A_BYTES = 240 * 1024,       /* A's block in the scratch, but for ... */
    A_GAP = 64,                 /* ... what stands behind every tile, so that tiles do not compete for lines of L1 */
    MANY_STRIPS = 3,            /* with fewer, A is not worth its copy */
    DIRECT_TILES = 4,           /* with fewer tiles than this in a block, B is not worth its copy */
    THIN_STRIP_BYTES = 1024,    /* of a row, several rows: B's rows stay in L1 ... */
    SINGLE_STRIP_BYTES = 16384, /* ... and one row, where only C's has to */
    THIN_TRANSPOSED_VECS = 4,   /* more than a panel: the row kernel needs several chains at once */
    SPLIT_TILES = 8             /* tiles a thread must have for rows to be split rather than columns */
};

size_t egi_dot_scratch(unsigned form)
{
    bool copies_a = (form & EGI_DOT_A_TRANSPOSED) && !(form & (EGI_DOT_ONE_ROW | EGI_DOT_ONE_COLUMN));
    return PANEL_BYTES + STAGE_BYTES + (copies_a ? A_BYTES + ROW_BLOCK * A_GAP : 0);
}

/* The values of a product: C[r0..r1, c0..c1] by the loops above. */
typedef struct job {
    LLVMValueRef a, b, c, panel, stage, zeros;
    LLVMValueRef base; /* NULL: none */
    LLVMValueRef r0, r1, c0, c1, K;
    LLVMValueRef a_row, a_k, b_k, b_col, c_row;
    LLVMValueRef thin;       /* i1: fewer rows than a tile */
    LLVMValueRef strip;      /* columns at once; the stride of panel and stage */
    LLVMValueRef block_of_a; /* where A's blocks are copied to; NULL: they are not */
    LLVMValueRef copied;     /* i1: they are, if not NULL */
    bool one_row;            /* known to be thin */
    bool turned;             /* columns of B are contiguous, not rows */
} job;

/* A block of it. */
typedef struct block {
    LLVMValueRef row, rows, col, cols, k, depth;
    LLVMValueRef b, b_k; /* B's, where it lies now */
    LLVMValueRef a_tile; /* elements from a tile of A's block in the scratch to the next */
    LLVMValueRef first;  /* i1: k = 0 */
} block;

static LLVMValueRef choose(egi_irb *b, LLVMValueRef cond, LLVMValueRef yes, LLVMValueRef no)
{
    return LLVMBuildSelect(b->b, cond, yes, no, "");
}

static LLVMValueRef choose_i64(egi_irb *b, LLVMValueRef cond, int64_t yes, int64_t no)
{
    return choose(b, cond, egi_irb_i64(b, yes), egi_irb_i64(b, no));
}

static LLVMValueRef compare(egi_irb *b, LLVMValueRef x, LLVMIntPredicate how, int64_t y)
{
    return LLVMBuildICmp(b->b, how, x, egi_irb_i64(b, y), "");
}

/* &base[i * i_stride + j * j_stride]; the stride of j is 1 if NULL */
static LLVMValueRef at(const egi_dot_plan *p, egi_irb *b, LLVMValueRef base, LLVMValueRef i, LLVMValueRef i_stride,
                       LLVMValueRef j, LLVMValueRef j_stride)
{
    if (j_stride) j = LLVMBuildMul(b->b, j, j_stride, "");
    return egi_irb_at(b, p->element, base, LLVMBuildAdd(b->b, LLVMBuildMul(b->b, i, i_stride, ""), j, ""));
}

/* n / d, rounded up */
static LLVMValueRef over(egi_irb *b, LLVMValueRef n, LLVMValueRef d)
{
    LLVMValueRef more = LLVMBuildSub(b->b, LLVMBuildAdd(b->b, n, d, ""), egi_irb_i64(b, 1), "");
    return LLVMBuildUDiv(b->b, more, d, "");
}

/* ---- the loops ---- */

/* Copies the block of B to the scratch if it must be or pays. */
static void emit_copy_of_b(const egi_dot_plan *p, egi_irb *b, const job *d, block *t)
{
    LLVMValueRef in_place = at(p, b, d->b, t->k, d->b_k, t->col, d->b_col);
    t->b = in_place;
    t->b_k = d->b_k;
    if (d->turned) {
        LLVMValueRef args[] = {d->panel, in_place, d->strip, t->depth, t->cols, d->b_col};
        egi_irb_call(b, p->pack_transposed, args, 6);
        t->b = d->panel;
        t->b_k = d->strip;
    } else if (!d->one_row) {
        /* a tile reads whole panels, and beyond the end of B there may be nothing */
        LLVMValueRef ragged = compare(b, t->cols, LLVMIntSLT, p->panel);
        LLVMValueRef many = compare(b, t->rows, LLVMIntSGE, (int64_t)DIRECT_TILES * p->tile_rows);
        LLVMValueRef pays = LLVMBuildOr(b->b, ragged, many, "");
        LLVMValueRef args[] = {d->panel, in_place, t->depth, t->cols, d->b_k};
        egi_irb_if f;
        egi_irb_if_begin(b, &f, LLVMBuildAnd(b->b, pays, LLVMBuildNot(b->b, d->thin, ""), ""));
        egi_irb_call(b, p->pack, args, 5);
        egi_irb_if_end(b, &f);
        t->b = egi_irb_if_merge(b, &f, d->panel, in_place);
        t->b_k = egi_irb_if_merge(b, &f, d->strip, d->b_k);
    }
}

/* Where the chains of C's block at `row`, which lies at c, rest now; with a base, they start there. */
static LLVMValueRef chain_start(const egi_dot_plan *p, egi_irb *b, const job *d, const block *t, LLVMValueRef row,
                                LLVMValueRef c)
{
    return choose(b, t->first, at(p, b, d->base, row, d->c_row, t->col, NULL), c);
}

/* Copies the tiles of a block of A to the scratch, if that is what this product does. */
static void emit_copy_of_a(const egi_dot_plan *p, egi_irb *b, const job *d, block *t)
{
    LLVMValueRef height = egi_irb_i64(b, p->tile_rows), tiles = LLVMBuildUDiv(b->b, t->rows, height, "");
    LLVMValueRef in_place = at(p, b, d->a, t->row, d->a_row, t->k, d->a_k);
    t->a_tile = LLVMBuildAdd(b->b, LLVMBuildMul(b->b, t->depth, height, ""), egi_irb_i64(b, A_GAP / p->size), "");
    LLVMValueRef args[] = {d->block_of_a, in_place, t->a_tile, tiles, t->depth, d->a_k};
    egi_irb_if f;
    egi_irb_if_begin(b, &f, d->copied);
    egi_irb_call(b, p->pack_a, args, 6);
    egi_irb_if_end(b, &f);
}

/* A's tile for the rows from i on, with the distances of its rows and of its steps of k. */
static LLVMValueRef tile_of_a(const egi_dot_plan *p, egi_irb *b, const job *d, const block *t, LLVMValueRef i,
                              LLVMValueRef *row, LLVMValueRef *k)
{
    LLVMValueRef in_place = at(p, b, d->a, i, d->a_row, t->k, d->a_k), height = egi_irb_i64(b, p->tile_rows);
    *row = d->a_row;
    *k = d->a_k;
    if (!d->block_of_a) return in_place;
    LLVMValueRef number = LLVMBuildUDiv(b->b, LLVMBuildSub(b->b, i, t->row, ""), height, "");
    LLVMValueRef copy = at(p, b, d->block_of_a, number, t->a_tile, egi_irb_i64(b, 0), NULL);
    *row = choose(b, d->copied, egi_irb_i64(b, 1), d->a_row);
    *k = choose(b, d->copied, height, d->a_k);
    return choose(b, d->copied, copy, in_place);
}

/* The rows from `row` on that fill tiles: in C itself where the panel is whole, else by way of the stage. */
static void emit_tiles(const egi_dot_plan *p, egi_irb *b, const job *d, const block *t, LLVMValueRef end)
{
    LLVMValueRef one = egi_irb_i64(b, 1), height = egi_irb_i64(b, p->tile_rows);
    LLVMValueRef ragged = compare(b, t->cols, LLVMIntSLT, p->panel);
    LLVMValueRef to_row = choose(b, ragged, d->strip, d->c_row);
    /* without a base all chains start from one row of zeros */
    LLVMValueRef from_row =
        d->base ? choose(b, ragged, d->strip, d->c_row) : choose(b, t->first, egi_irb_i64(b, 0), to_row);
    LLVMValueRef continued = d->base ? ragged : LLVMBuildAnd(b->b, ragged, LLVMBuildNot(b->b, t->first, ""), "");
    egi_irb_loop l;
    egi_irb_if f;
    LLVMValueRef i = egi_irb_loop_begin(b, &l, t->row, end, height);
    LLVMValueRef a_row, a_k, a = tile_of_a(p, b, d, t, i, &a_row, &a_k), c = at(p, b, d->c, i, d->c_row, t->col, NULL);
    LLVMValueRef group = LLVMBuildMul(b->b, a_row, egi_irb_i64(b, EGI_DOT_ROW_GROUP), "");
    LLVMValueRef start = d->base ? chain_start(p, b, d, t, i, c) : c;
    LLVMValueRef to = choose(b, ragged, d->stage, c);
    LLVMValueRef from = d->base ? choose(b, ragged, d->stage, start) : choose(b, t->first, d->zeros, to);
    LLVMValueRef load[] = {d->stage, start, d->strip, d->c_row, height, t->cols, one};
    LLVMValueRef tile[] = {a, t->b, from, to, from_row, to_row, t->depth, a_row, a_k, t->b_k, group};
    LLVMValueRef store[] = {c, d->stage, d->c_row, d->strip, height, t->cols, one};
    egi_irb_if_begin(b, &f, continued);
    egi_irb_call(b, p->move, load, 7);
    egi_irb_if_end(b, &f);
    egi_irb_call(b, p->tile, tile, 11);
    egi_irb_if_begin(b, &f, ragged);
    egi_irb_call(b, p->move, store, 7);
    egi_irb_if_end(b, &f);
    egi_irb_loop_end(b, &l);
}

/* `rows` rows from `row` on, by way of the stage. */
static void emit_rest(const egi_dot_plan *p, egi_irb *b, const job *d, const block *t, LLVMValueRef row,
                      LLVMValueRef rows)
{
    LLVMValueRef keep = LLVMBuildZExt(b->b, LLVMBuildNot(b->b, t->first, ""), b->i64, "");
    if (d->base) keep = egi_irb_i64(b, 1);
    LLVMValueRef a = at(p, b, d->a, row, d->a_row, t->k, d->a_k), c = at(p, b, d->c, row, d->c_row, t->col, NULL);
    LLVMValueRef load[] = {d->stage, d->base ? chain_start(p, b, d, t, row, c) : c, d->strip, d->c_row, rows, t->cols,
                           keep};
    LLVMValueRef run[] = {a, t->b, d->stage, d->strip, rows, t->cols, t->depth, d->a_row, d->a_k, t->b_k};
    LLVMValueRef store[] = {c, d->stage, d->c_row, d->strip, rows, t->cols, egi_irb_i64(b, 1)};
    egi_irb_call(b, p->move, load, 7);
    egi_irb_call(b, p->rows, run, 10);
    egi_irb_call(b, p->move, store, 7);
}

static void emit_kernels(const egi_dot_plan *p, egi_irb *b, const job *d, block *t)
{
    emit_copy_of_b(p, b, d, t);
    if (d->one_row) {
        emit_rest(p, b, d, t, t->row, t->rows);
        return;
    }
    LLVMValueRef left = LLVMBuildURem(b->b, t->rows, egi_irb_i64(b, p->tile_rows), "");
    LLVMValueRef end = LLVMBuildSub(b->b, LLVMBuildAdd(b->b, t->row, t->rows, ""), left, "");
    egi_irb_if f;
    emit_tiles(p, b, d, t, end);
    egi_irb_if_begin(b, &f, compare(b, left, LLVMIntSGT, 0));
    emit_rest(p, b, d, t, end, left);
    egi_irb_if_end(b, &f);
}

/* Rows of a block, whole tiles: at most ROW_BLOCK, and all blocks about the same. */
static LLVMValueRef even_block(const egi_dot_plan *p, egi_irb *b, LLVMValueRef rows)
{
    LLVMValueRef most = egi_irb_i64(b, ROW_BLOCK), height = egi_irb_i64(b, p->tile_rows);
    LLVMValueRef blocks = egi_irb_max(b, over(b, rows, most), egi_irb_i64(b, 1));
    LLVMValueRef even = LLVMBuildMul(b->b, over(b, over(b, rows, blocks), height), height, "");
    return egi_irb_max(b, even, height);
}

/* The loops over blocks: first the width of a strip, and the depth of the panel that goes with it. */
static void emit_blocks(const egi_dot_plan *p, egi_irb *b, job *d)
{
    LLVMValueRef rows = LLVMBuildSub(b->b, d->r1, d->r0, ""), depth = d->K;
    LLVMValueRef row_block = even_block(p, b, rows);
    int64_t wide = (int64_t)THIN_TRANSPOSED_VECS * p->lanes, panel_size = PANEL_BYTES / p->size;
    d->thin = compare(b, rows, LLVMIntSLT, p->tile_rows);
    if (d->turned) {
        d->strip = choose_i64(b, d->thin, wide, p->panel);
        depth = choose_i64(b, d->thin, panel_size / wide, panel_size / p->panel);
    } else {
        d->strip =
            choose_i64(b, compare(b, rows, LLVMIntSGT, 1), THIN_STRIP_BYTES / p->size, SINGLE_STRIP_BYTES / p->size);
        if (!d->one_row) {
            d->strip = choose(b, d->thin, d->strip, egi_irb_i64(b, p->panel));
            depth = choose(b, d->thin, d->K, egi_irb_i64(b, panel_size / p->panel));
        }
    }
    if (d->block_of_a) {
        LLVMValueRef few = egi_irb_i64(b, (int64_t)A_BYTES / p->size / ROW_BLOCK);
        LLVMValueRef least = LLVMBuildAdd(b->b, d->c0, egi_irb_i64(b, (int64_t)(MANY_STRIPS - 1) * p->panel), "");
        LLVMValueRef many = LLVMBuildICmp(b->b, LLVMIntSGT, d->c1, least, "");
        d->copied = LLVMBuildAnd(b->b, many, LLVMBuildNot(b->b, d->thin, ""), "");
        depth = choose(b, d->copied, egi_irb_min(b, depth, few), depth);
    }

    block t;
    egi_irb_loop by_row, by_strip, by_k;
    t.row = egi_irb_loop_begin(b, &by_row, d->r0, d->r1, row_block);
    t.rows = egi_irb_min(b, LLVMBuildSub(b->b, d->r1, t.row, ""), row_block);
    t.k = egi_irb_loop_begin(b, &by_k, egi_irb_i64(b, 0), d->K, depth);
    t.depth = egi_irb_min(b, LLVMBuildSub(b->b, d->K, t.k, ""), depth);
    t.first = compare(b, t.k, LLVMIntEQ, 0);
    if (d->block_of_a) emit_copy_of_a(p, b, d, &t);
    t.col = egi_irb_loop_begin(b, &by_strip, d->c0, d->c1, d->strip);
    t.cols = egi_irb_min(b, LLVMBuildSub(b->b, d->c1, t.col, ""), d->strip);
    emit_kernels(p, b, d, &t);
    egi_irb_loop_end(b, &by_strip);
    egi_irb_loop_end(b, &by_k);
    egi_irb_loop_end(b, &by_row);
}

/* ---- the function ---- */

/* Bound number `part` of `parts` even runs of `units` units. */
static LLVMValueRef bound(egi_irb *b, LLVMValueRef size, LLVMValueRef units, LLVMValueRef unit, LLVMValueRef part,
                          LLVMValueRef parts)
{
    LLVMValueRef mine = LLVMBuildUDiv(b->b, LLVMBuildMul(b->b, units, part, ""), parts, "");
    return egi_irb_min(b, LLVMBuildMul(b->b, mine, unit, ""), size);
}

/* Chooses this part's rows and columns of M x N: rows if each part has many tiles of them or there are few columns. */
static void emit_split(const egi_dot_plan *p, egi_irb *b, job *d, LLVMValueRef M, LLVMValueRef N, LLVMValueRef part,
                       LLVMValueRef parts)
{
    LLVMBuilderRef ir = b->b;
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    LLVMValueRef many = LLVMBuildMul(ir, parts, egi_irb_i64(b, (int64_t)SPLIT_TILES * p->tile_rows), "");
    LLVMValueRef few = LLVMBuildMul(ir, parts, egi_irb_i64(b, p->lanes), "");
    LLVMValueRef by_rows =
        LLVMBuildOr(ir, LLVMBuildICmp(ir, LLVMIntSGE, M, many, ""), LLVMBuildICmp(ir, LLVMIntSLT, N, few, ""), "");
    if (d->one_row) by_rows = LLVMConstInt(b->i1, 0, 0);
    LLVMValueRef size = choose(b, by_rows, M, N), unit = choose_i64(b, by_rows, p->tile_rows, p->lanes);
    LLVMValueRef units = LLVMBuildUDiv(ir, LLVMBuildSub(ir, LLVMBuildAdd(ir, size, unit, ""), one, ""), unit, "");
    LLVMValueRef lo = bound(b, size, units, unit, part, parts);
    LLVMValueRef hi = bound(b, size, units, unit, LLVMBuildAdd(ir, part, one, ""), parts);
    d->r0 = choose(b, by_rows, lo, zero);
    d->r1 = choose(b, by_rows, hi, M);
    d->c0 = choose(b, by_rows, zero, lo);
    d->c1 = choose(b, by_rows, N, hi);
}

/* A row of zeros, where the chains of all rows of a tile start. */
static LLVMValueRef emit_zeros(const egi_dot_plan *p)
{
    char name[64];
    snprintf(name, sizeof name, "%s_zeros", p->prefix);
    LLVMValueRef zeros = LLVMGetNamedGlobal(p->mod, name);
    if (zeros) return zeros;
    LLVMTypeRef type = LLVMArrayType2(p->element, p->panel);
    zeros = LLVMAddGlobal(p->mod, type, name);
    LLVMSetInitializer(zeros, LLVMConstNull(type));
    LLVMSetGlobalConstant(zeros, 1);
    LLVMSetLinkage(zeros, LLVMInternalLinkage);
    LLVMSetAlignment(zeros, 64);
    return zeros;
}

static LLVMValueRef emit_entry(egi_dot_plan *p, unsigned form)
{
    egi_irb irb, *b = &irb;
    const bool based = form & EGI_DOT_BASE;
    LLVMValueRef fn, got[10], *arg = got;
    char name[16];
    snprintf(name, sizeof name, "_form%u", form);
    if (!egi_dot_function(p, b, name, based ? 5 : 4, 5, &fn, got)) return fn;
    if (based) arg = got + 1; /* the base stands in front */
    /* runs once a product and calls what takes time: short to compile rather than fast */
    egi_irb_attr_enum(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "optnone", 0);
    LLVMValueRef M = arg[6], N = arg[7], K = arg[8], one = egi_irb_i64(b, 1);
    bool a_turned = form & EGI_DOT_A_TRANSPOSED, b_turned = form & EGI_DOT_B_TRANSPOSED;
    job d = {.a = arg[0], .b = arg[1], .c = arg[2], .panel = arg[3], .K = K, .base = based ? got[0] : NULL};
    d.a_row = a_turned ? one : K;
    d.a_k = a_turned ? M : one;
    d.b_k = b_turned ? one : N;
    d.b_col = b_turned ? K : one;
    d.turned = b_turned;
    d.one_row = form & EGI_DOT_ONE_ROW;
    if (form & EGI_DOT_ONE_COLUMN) {
        /* B' A' instead of A B: one row, M columns; C is contiguous either way */
        job swapped = {.a = d.b, .b = d.a, .c = d.c, .panel = d.panel, .K = K, .base = d.base};
        swapped.a_row = d.b_col;
        swapped.a_k = d.b_k;
        swapped.b_k = d.a_k;
        swapped.b_col = d.a_row;
        swapped.turned = !a_turned;
        swapped.one_row = true;
        d = swapped;
        N = M;
    }
    if (d.one_row) M = one;
    d.c_row = N;
    d.stage = egi_irb_at(b, b->i8, d.panel, egi_irb_i64(b, PANEL_BYTES));

    egi_dot_emit_rows(p);
    egi_dot_emit_move(p);
    if (d.turned) egi_dot_emit_pack_transposed(p);
    if (a_turned && !d.one_row) {
        d.block_of_a = egi_irb_at(b, b->i8, d.stage, egi_irb_i64(b, STAGE_BYTES));
        egi_dot_emit_pack_a(p);
    }
    if (!d.one_row) {
        egi_dot_emit_tile(p);
        if (!d.turned) egi_dot_emit_pack(p);
        d.zeros = emit_zeros(p);
    }
    emit_split(p, b, &d, M, N, arg[4], arg[5]);

    /* K = 0: the chains end where they start */
    egi_irb_if f;
    egi_irb_if_begin(b, &f, compare(b, K, LLVMIntSLE, 0));
    LLVMValueRef c = at(p, b, d.c, d.r0, d.c_row, d.c0, NULL);
    LLVMValueRef rows = LLVMBuildSub(b->b, d.r1, d.r0, ""), cols = LLVMBuildSub(b->b, d.c1, d.c0, "");
    LLVMValueRef start = based ? at(p, b, d.base, d.r0, d.c_row, d.c0, NULL) : c;
    LLVMValueRef clear[] = {c, start, d.c_row, d.c_row, rows, cols, egi_irb_i64(b, based)};
    egi_irb_call(b, p->move, clear, 7);
    egi_irb_if_else(b, &f);
    emit_blocks(p, b, &d);
    egi_irb_if_end(b, &f);
    LLVMBuildRetVoid(b->b);
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
    case EG_C64: /* no node has them */
    case EG_C128:
    case EG_DTYPE_COUNT: return false;
    }
    p->lanes = (avx512 ? 64 : 32) / p->size;
    while (p->lanes > 2 && p->lanes > (unsigned)lanes) p->lanes /= 2;
    /* As many accumulators as leave registers for a row of B and some scalars of A. */
    p->tile_rows = avx512 ? 12 : 6;
    p->tile_vecs = 2;
    p->panel = p->tile_vecs * p->lanes;
    /* i32 and u32 are one function */
    snprintf(p->prefix, sizeof p->prefix, "egi_dot_%s_%u%s", eg_dtype_name(t == EG_U32 ? EG_I32 : t), p->lanes,
             avx512 ? "" : "_v3");
    return true;
}

LLVMValueRef egi_emit_dot(LLVMModuleRef mod, eg_dtype t, int lanes, bool avx512, unsigned form)
{
    egi_dot_plan p;
    return make_plan(&p, mod, t, lanes, avx512) ? emit_entry(&p, form) : NULL;
}
