/* Strided axes as run-time values: how internal functions that reduce or move elements are told where these lie. */
#ifndef EGI_JIT_WALK_H
#define EGI_JIT_WALK_H

#include "jit/lower.h"

/* Axes from the last to the first: extents and steps (in elements), i64. */
typedef struct egi_walk {
    int rank;
    LLVMValueRef dim[EG_MAX_RANK], step[EG_MAX_RANK];
} egi_walk;

void egi_walk_add(egi_walk *w, LLVMValueRef dim, LLVMValueRef step);
/* Offset of the k-th element in row-major order. */
LLVMValueRef egi_walk_offset(egi_irb *b, const egi_walk *w, LLVMValueRef k);
LLVMValueRef egi_walk_count(egi_irb *b, const egi_walk *w);

/* Arguments of a call: a walk is passed as its extents and steps. */
enum { EGI_CALL_ARGS = 4 * EG_MAX_RANK + 16 };
typedef struct egi_call {
    unsigned n;
    LLVMValueRef arg[EGI_CALL_ARGS];
} egi_call;
void egi_call_push(egi_call *c, LLVMValueRef v);
void egi_call_walk(egi_call *c, const egi_walk *w);
/* In the function: the walk whose values begin at parameter *next, of the caller's rank. */
egi_walk egi_call_param_walk(LLVMValueRef fn, unsigned *next, int rank);

/* The internal function under the key, with parameters as c passes them: true if it is new and `body` stands in it. */
bool egi_call_function(egi_lower *l, const char *key, const egi_call *c, LLVMTypeRef ret, LLVMValueRef *fn,
                       egi_irb *body);
LLVMValueRef egi_call_emit(egi_irb *b, LLVMValueRef fn, egi_call *c);

/* Elements of a type in a vector of the machine (a bool counts as 32 bits). */
unsigned egi_lower_lanes(const egi_lower *l, eg_dtype t);

/* The memory that holds operand k of a stage: a reshape's is that of its operand. */
LLVMValueRef egi_lower_array(egi_lower *l, egi_id id, uint32_t k);

/* lower_scan.c: ARGMIN, ARGMAX, of which lower_reduce.c is asked. */
void egi_lower_arg(egi_lower *l, egi_id id);

#endif
