/* The kernels of the matrix product, shared between lower_dot.c (blocking), dot_tile.c and dot_pack.c (kernels). */
#ifndef EGI_JIT_DOT_TILE_H
#define EGI_JIT_DOT_TILE_H

#include "jit/irb.h"

enum { EGI_DOT_MAX_LANES = 16, EGI_DOT_MAX_ROWS = 16, EGI_DOT_MAX_VECS = 4, EGI_DOT_UNROLL = 8, EGI_DOT_ROW_GROUP = 3 };

/* What the code is made for, and the kernels once they are emitted.  All sizes and strides are in elements. */
typedef struct egi_dot_plan {
    LLVMModuleRef mod;
    LLVMTypeRef element;
    unsigned size; /* bytes of an element */
    bool is_float;
    unsigned lanes;     /* elements of a vector */
    unsigned tile_rows; /* the register tile: rows ... */
    unsigned tile_vecs; /* ... and vectors of columns */
    unsigned panel;     /* columns of the tile: tile_vecs * lanes */
    char prefix[32];    /* of the names of all functions */

    LLVMValueRef tile; /* (A, B, from, to, from_row, to_row, kc, a_row, a_k, b_k, 3 a_row): to = from + A B */
    LLVMValueRef rows; /* (A, B, C, c_row, m, n, kc, a_row, a_k, b_k): C += A B, m x n in whole vectors */
    LLVMValueRef move; /* (to, from, to_row, from_row, m, n, keep): to = keep ? from : 0, m x n exactly */
    LLVMValueRef pack; /* (to, B, kc, n, b_k): to = kc rows of B, n columns, `panel` apart */
    LLVMValueRef pack_transposed; /* (to, B, to_row, kc, n, b_col): the same where columns of B are contiguous */
    LLVMValueRef pack_a;          /* (to, A, to_tile, tiles, kc, a_k): to = tiles of a transposed A, kc deep */
} egi_dot_plan;

/* Each emits its kernel, or finds it in the module. */
void egi_dot_emit_tile(egi_dot_plan *p);
void egi_dot_emit_rows(egi_dot_plan *p);
void egi_dot_emit_move(egi_dot_plan *p);
void egi_dot_emit_pack(egi_dot_plan *p);
void egi_dot_emit_pack_a(egi_dot_plan *p);
void egi_dot_emit_pack_transposed(egi_dot_plan *p);

/*
 * The internal function named prefix + name: `pointers` pointers, then `ints` i64.  False if the module has it already;
 * true if it is new, with a builder in its first block and its arguments in `arg`.
 */
bool egi_dot_function(const egi_dot_plan *p, egi_irb *b, const char *name, unsigned pointers, unsigned ints,
                      LLVMValueRef *fn, LLVMValueRef *arg);

#endif
