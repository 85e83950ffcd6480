/* What lower_reduce.c and lower_reduce_all.c share. */
#ifndef EGI_JIT_LOWER_REDUCE_H
#define EGI_JIT_LOWER_REDUCE_H

#include "ir/ref.h"
#include "jit/walk.h"

typedef struct egi_reduction {
    egi_lower *l;
    egi_op op, step; /* step: the elementwise operation */
    eg_dtype t;
    LLVMTypeRef memory;
} egi_reduction;

/* Key of an internal function for so many kept and reduced axes. */
void egi_reduce_name(const egi_reduction *r, char *key, size_t size, const char *what, int kept, int reduced);
LLVMValueRef egi_reduce_join(const egi_reduction *r, egi_irb *b, LLVMValueRef x, LLVMValueRef y, unsigned lanes);
LLVMValueRef egi_reduce_identity(const egi_reduction *r, egi_irb *b, unsigned lanes);
static inline LLVMValueRef egi_reduce_at(const egi_reduction *r, egi_irb *b, LLVMValueRef base, LLVMValueRef index)
{
    return egi_irb_at(b, r->memory, base, index);
}

LLVMValueRef egi_reduce_block(const egi_reduction *r); /* T f(ptr x, i64 n): n <= 4096 elements */
LLVMValueRef egi_reduce_row(const egi_reduction *r);   /* T f(ptr x, i64 n): blocks in order */
LLVMValueRef egi_reduce_num_blocks(egi_irb *b, LLVMValueRef n);
/* Block k of x[0..n). */
LLVMValueRef egi_reduce_call_block(const egi_reduction *r, egi_irb *b, LLVMValueRef block, LLVMValueRef x,
                                   LLVMValueRef k, LLVMValueRef n);
/* Emits the reduction of n elements to one. */
void egi_reduce_all(const egi_reduction *r, LLVMValueRef n, LLVMValueRef in, LLVMValueRef out);

#endif
