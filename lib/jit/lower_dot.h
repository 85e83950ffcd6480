/* The matrix product as LLVM IR.  lower_dot.c says how it works; ir/ref_dot.h says what it computes. */
#ifndef EGI_JIT_LOWER_DOT_H
#define EGI_JIT_LOWER_DOT_H

#include "engram/core.h"

#include <llvm-c/Core.h>
#include <stdbool.h>

/* What is known of a product when its code is made; C is row-major, M x N. */
enum {
    EGI_DOT_A_TRANSPOSED = 1, /* A is stored K x M instead of M x K */
    EGI_DOT_B_TRANSPOSED = 2, /* B is stored N x K instead of K x N */
    EGI_DOT_ONE_ROW = 4,      /* M = 1 always: half the code, as fast as without */
    EGI_DOT_ONE_COLUMN = 8,   /* N = 1 always: without, a matrix-vector product is right but uses one lane */
    EGI_DOT_BASE = 16         /* the chains start from a base, which may be C itself */
};

/*
 * The internal function that multiplies matrices of type `t` (not bool) in module `mod`, emitted at the first call for
 * each `form` (flags above); the kernels behind it are shared by all forms:
 *
 *     void f([ptr base,] ptr A, ptr B, ptr C, ptr scratch, i64 part, i64 parts, i64 M, i64 N, i64 K)
 *
 * It computes part `part` of `parts` disjoint blocks of C, so that threads call it SPMD with no barrier inside; which
 * elements belong to which part depends on M, N and `parts` alone.  A batch is a loop around it.  M, N, K may be 0.
 * A and B must be readable for 64 bytes after their end: vectors are read across it and the excess thrown away.  C is
 * never written outside its elements; it must not overlap A or B.  Base is M x N like C.  `scratch`,
 * egi_dot_scratch(form) bytes and best 64-byte aligned, belongs to the calling thread.
 *
 * `lanes` is the most elements a vector may have, `avx512` says whether 32 registers of 64 bytes exist (else 16 of 32
 * bytes).  Nothing of `form`, `lanes`, `avx512` and `parts` changes a bit of the result.  NULL if `t` has no product.
 */
LLVMValueRef egi_emit_dot(LLVMModuleRef mod, eg_dtype t, int lanes, bool avx512, unsigned form);

/* Bytes of scratch a thread needs, whatever the type, sizes and lanes. */
size_t egi_dot_scratch(unsigned form);

#endif
