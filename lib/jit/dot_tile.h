/* The inner kernels of the matrix product, shared between lower_dot.c (blocking) and dot_tile.c (kernels). */
#ifndef EGI_JIT_DOT_TILE_H
#define EGI_JIT_DOT_TILE_H

#include "jit/irb.h"

/* What the emitted code is made for, and the kernels once they exist. */
typedef struct egi_dot_plan {
    LLVMModuleRef mod;
    LLVMTypeRef   element;
    bool          is_float;
    unsigned      lanes;       /* elements of a vector */
    unsigned      tile_rows;   /* the register tile: rows ... */
    unsigned      tile_vecs;   /* ... and vectors of columns */
    unsigned      unroll;      /* steps of k that the row and the column kernel take at once */
    unsigned      panel;       /* columns of a panel of B: tile_vecs * lanes */
    unsigned      depth;       /* rows of a panel of B */
    char          prefix[32];  /* of the names of all functions */
    LLVMValueRef  tile, rows, columns, pack, pack_transposed;
} egi_dot_plan;

void egi_dot_emit_tile(egi_dot_plan *p);
void egi_dot_emit_rows(egi_dot_plan *p);
void egi_dot_emit_columns(egi_dot_plan *p);
void egi_dot_emit_pack(egi_dot_plan *p);
void egi_dot_emit_pack_transposed(egi_dot_plan *p);

/* An internal function named prefix + name, its builder opened; all parameters are pointers or i64. */
LLVMValueRef egi_dot_function(const egi_dot_plan *p, egi_irb *b, const char *name, unsigned pointers, unsigned ints);

#endif
