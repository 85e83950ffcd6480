/*
 * What the matrix product copies, so that the kernels (dot_tile.c) need no masks and find B in L1:
 *
 *     pack              a block of B, row after row, `panel` columns wide
 *     pack_transposed   the same where columns of B are contiguous
 *     pack_a            tiles of a transposed A: of each, for k after k, the elements of its rows
 *     move              a block of C whose width is no multiple of a vector, to a place with room and back
 *
 * Columns of a panel beyond n hold anything, and so do the sums made of them: move leaves them behind.
 */
#include "jit/dot_tile.h"

void egi_dot_emit_move(egi_dot_plan *p)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[7];
    if (!egi_dot_function(p, b, "_move", 2, 5, &p->move, arg)) return;
    LLVMValueRef to_row = arg[2], from_row = arg[3], m = arg[4], n = arg[5], keep = arg[6];
    LLVMValueRef zero = egi_irb_i64(b, 0), lanes = egi_irb_i64(b, p->lanes);
    LLVMTypeRef vec = egi_irb_vec(p->element, p->lanes);
    LLVMValueRef kept = LLVMBuildSelect(b->b, LLVMBuildICmp(b->b, LLVMIntNE, keep, zero, ""), n, zero, "");

    egi_irb_loop by_row, by_vec;
    egi_irb_loop_begin(b, &by_row, zero, m, egi_irb_i64(b, 1));
    LLVMValueRef to = egi_irb_carry(b, &by_row, arg[0]), from = egi_irb_carry(b, &by_row, arg[1]);
    LLVMValueRef col = egi_irb_loop_begin(b, &by_vec, zero, n, lanes);
    LLVMValueRef mask = egi_irb_tail_mask(b, LLVMBuildSub(b->b, n, col, ""), p->lanes);
    LLVMValueRef kept_mask = egi_irb_tail_mask(b, LLVMBuildSub(b->b, kept, col, ""), p->lanes);
    LLVMValueRef x = egi_irb_load_masked(b, vec, egi_irb_at(b, p->element, from, col), kept_mask);
    egi_irb_store_masked(b, x, egi_irb_at(b, p->element, to, col), mask);
    egi_irb_loop_end(b, &by_vec);
    egi_irb_carry_next(&by_row, to, egi_irb_at(b, p->element, to, to_row));
    egi_irb_carry_next(&by_row, from, egi_irb_at(b, p->element, from, from_row));
    egi_irb_loop_end(b, &by_row);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}

void egi_dot_emit_pack(egi_dot_plan *p)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[5], mask[EGI_DOT_MAX_VECS], step[EGI_DOT_MAX_VECS];
    if (!egi_dot_function(p, b, "_pack", 2, 3, &p->pack, arg)) return;
    LLVMValueRef kc = arg[2], n = arg[3], b_k = arg[4];
    LLVMTypeRef vec = egi_irb_vec(p->element, p->lanes);
    for (unsigned v = 0; v < p->tile_vecs; v++) {
        step[v] = egi_irb_i64(b, (int64_t)v * p->lanes);
        mask[v] = egi_irb_tail_mask(b, LLVMBuildSub(b->b, n, step[v], ""), p->lanes);
    }
    egi_irb_loop l;
    egi_irb_loop_begin(b, &l, egi_irb_i64(b, 0), kc, egi_irb_i64(b, 1));
    LLVMValueRef to = egi_irb_carry(b, &l, arg[0]), from = egi_irb_carry(b, &l, arg[1]);
    for (unsigned v = 0; v < p->tile_vecs; v++) {
        LLVMValueRef x = egi_irb_load_masked(b, vec, egi_irb_at(b, p->element, from, step[v]), mask[v]);
        egi_irb_store(b, x, egi_irb_at(b, p->element, to, step[v]));
    }
    egi_irb_carry_next(&l, to, egi_irb_at(b, p->element, to, egi_irb_i64(b, p->panel)));
    egi_irb_carry_next(&l, from, egi_irb_at(b, p->element, from, b_k));
    egi_irb_loop_end(b, &l);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}

/* Steps of k outside, tiles inside: A is read in order.  Vectors go beyond a tile's rows, into what is written next or
 * the gap behind a tile. */
void egi_dot_emit_pack_a(egi_dot_plan *p)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[6];
    if (!egi_dot_function(p, b, "_pack_a", 2, 4, &p->pack_a, arg)) return;
    LLVMValueRef to_tile = arg[2], tiles = arg[3], kc = arg[4], a_k = arg[5];
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1), height = egi_irb_i64(b, p->tile_rows);
    LLVMTypeRef vec = egi_irb_vec(p->element, p->lanes);
    egi_irb_loop by_k, by_tile;
    egi_irb_loop_begin(b, &by_k, zero, kc, one);
    LLVMValueRef to_k = egi_irb_carry(b, &by_k, arg[0]), from_k = egi_irb_carry(b, &by_k, arg[1]);
    egi_irb_loop_begin(b, &by_tile, zero, tiles, one);
    LLVMValueRef to = egi_irb_carry(b, &by_tile, to_k), from = egi_irb_carry(b, &by_tile, from_k);
    for (unsigned i = 0; i < p->tile_rows; i += p->lanes) {
        LLVMValueRef x = egi_irb_load(b, vec, egi_irb_at(b, p->element, from, egi_irb_i64(b, i)));
        egi_irb_store(b, x, egi_irb_at(b, p->element, to, egi_irb_i64(b, i)));
    }
    egi_irb_carry_next(&by_tile, to, egi_irb_at(b, p->element, to, to_tile));
    egi_irb_carry_next(&by_tile, from, egi_irb_at(b, p->element, from, height));
    egi_irb_loop_end(b, &by_tile);
    egi_irb_carry_next(&by_k, to_k, egi_irb_at(b, p->element, to_k, height));
    egi_irb_carry_next(&by_k, from_k, egi_irb_at(b, p->element, from_k, a_k));
    egi_irb_loop_end(b, &by_k);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}

/* <x, y> in one vector of twice the length */
static LLVMValueRef join(egi_irb *b, LLVMValueRef x, LLVMValueRef y, unsigned length)
{
    return LLVMBuildShuffleVector(b->b, x, y, egi_irb_iota(b->i32, 2 * length), "");
}

/*
 * Transposes every square of q x q that lies side by side in the q vectors v: at distance d, vectors i and i + d
 * exchange the blocks of d elements that stand off the diagonal; after d = q / 2, ..., 1 all is exchanged.
 */
static void transpose_squares(const egi_dot_plan *p, egi_irb *b, LLVMValueRef *v, unsigned q)
{
    for (unsigned d = q / 2; d > 0; d /= 2) {
        LLVMValueRef lo[EGI_DOT_MAX_LANES], hi[EGI_DOT_MAX_LANES];
        for (unsigned e = 0; e < p->lanes; e++) {
            lo[e] = egi_irb_i32(b, (int32_t)(e & d ? e - d + p->lanes : e));
            hi[e] = egi_irb_i32(b, (int32_t)(e & d ? e + p->lanes : e + d));
        }
        LLVMValueRef low = LLVMConstVector(lo, p->lanes), high = LLVMConstVector(hi, p->lanes);
        for (unsigned i = 0; i < q; i++) {
            if (i & d) continue;
            LLVMValueRef x = v[i], y = v[i + d];
            v[i] = LLVMBuildShuffleVector(b->b, x, y, low, "");
            v[i + d] = LLVMBuildShuffleVector(b->b, x, y, high, "");
        }
    }
}

/* The columns that do not fill a vector, element by element. */
static void copy_columns(const egi_dot_plan *p, egi_irb *b, const LLVMValueRef *arg, LLVMValueRef whole)
{
    LLVMValueRef to_row = arg[2], kc = arg[3], n = arg[4], b_col = arg[5];
    LLVMValueRef zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1);
    egi_irb_loop by_column, by_k;
    LLVMValueRef c = egi_irb_loop_begin(b, &by_column, whole, n, one);
    LLVMValueRef from = egi_irb_at(b, p->element, arg[1], LLVMBuildMul(b->b, c, b_col, ""));
    LLVMValueRef start = egi_irb_at(b, p->element, arg[0], c);
    LLVMValueRef k = egi_irb_loop_begin(b, &by_k, zero, kc, one);
    LLVMValueRef to = egi_irb_carry(b, &by_k, start);
    egi_irb_store(b, egi_irb_load(b, p->element, egi_irb_at(b, p->element, from, k)), to);
    egi_irb_carry_next(&by_k, to, egi_irb_at(b, p->element, to, to_row));
    egi_irb_loop_end(b, &by_k);
    egi_irb_loop_end(b, &by_column);
}

/*
 * q = 4 (f32) or 2 (f64) steps of k at a time: q elements of each of `lanes` columns are 16 bytes; they are loaded into
 * the 128-bit parts of q vectors so that only exchanges within these parts are left, which are the cheapest.
 */
void egi_dot_emit_pack_transposed(egi_dot_plan *p)
{
    egi_irb irb, *b = &irb;
    LLVMValueRef arg[6];
    if (!egi_dot_function(p, b, "_pack_transposed", 2, 4, &p->pack_transposed, arg)) return;
    LLVMValueRef to_row = arg[2], kc = arg[3], n = arg[4], b_col = arg[5], zero = egi_irb_i64(b, 0);
    LLVMValueRef whole = LLVMBuildAnd(b->b, n, egi_irb_i64(b, -(int64_t)p->lanes), "");
    unsigned q = 16 / p->size < p->lanes ? 16 / p->size : p->lanes, parts = p->lanes / q;
    LLVMTypeRef part_type = egi_irb_vec(p->element, q);
    LLVMValueRef part[EGI_DOT_MAX_LANES][EGI_DOT_MAX_LANES], v[EGI_DOT_MAX_LANES]; /* part[i][h]: column h * q + i */

    egi_irb_loop by_column, by_k;
    LLVMValueRef c = egi_irb_loop_begin(b, &by_column, zero, whole, egi_irb_i64(b, p->lanes));
    LLVMValueRef from = egi_irb_at(b, p->element, arg[1], LLVMBuildMul(b->b, c, b_col, ""));
    LLVMValueRef start = egi_irb_at(b, p->element, arg[0], c);
    /* The last turn may read up to q - 1 elements beyond kc, and write rows of the panel that nobody reads. */
    LLVMValueRef k = egi_irb_loop_begin(b, &by_k, zero, kc, egi_irb_i64(b, q));
    LLVMValueRef to = egi_irb_carry(b, &by_k, start), at = egi_irb_at(b, p->element, from, k);
    for (unsigned j = 0; j < p->lanes; j++) {
        part[j % q][j / q] = egi_irb_load(b, part_type, at);
        at = egi_irb_at(b, p->element, at, b_col);
    }
    for (unsigned i = 0; i < q; i++) {
        for (unsigned w = 1; w < parts; w *= 2)
            for (unsigned h = 0; h < parts; h += 2 * w) part[i][h] = join(b, part[i][h], part[i][h + w], w * q);
        v[i] = part[i][0];
    }
    transpose_squares(p, b, v, q);
    LLVMValueRef row = to;
    for (unsigned i = 0; i < q; i++) {
        egi_irb_store(b, v[i], row);
        row = egi_irb_at(b, p->element, row, to_row);
    }
    egi_irb_carry_next(&by_k, to, row);
    egi_irb_loop_end(b, &by_k);
    egi_irb_loop_end(b, &by_column);
    copy_columns(p, b, arg, whole);
    LLVMBuildRetVoid(b->b);
    egi_irb_close(b);
}
