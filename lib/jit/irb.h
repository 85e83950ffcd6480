/*
 * irb: a few helpers to emit LLVM IR by hand, shared by all lowering code.
 *
 * An egi_irb holds a builder that stands inside one function, and the types everybody needs.  Structured control flow
 * (counted loop with carried values, if / else with merged values) is emitted in the order one would write it in C:
 *
 *     egi_irb_loop l;
 *     LLVMValueRef i   = egi_irb_loop_begin(b, &l, from, to, step);      // for (i = from; i < to; i += step)
 *     LLVMValueRef sum = egi_irb_carry(b, &l, zero);                     // all carries before any other instruction
 *     LLVMValueRef x   = egi_irb_load(b, b->f32, egi_irb_at(b, b->f32, base, i));
 *     egi_irb_carry_next(&l, sum, LLVMBuildFAdd(b->b, sum, x, ""));      // unset carries keep their value
 *     egi_irb_loop_end(b, &l);
 *     sum = egi_irb_carry_out(&l, sum);                                  // after the loop; `zero` if it never ran
 *
 * Loops are emitted rotated (a guard, then do-while), which is what code generation wants without a rotation pass.
 * Nothing here fails: LLVM's C API reports no errors while building.  Nothing sets fast-math flags.
 */
#ifndef EGI_JIT_IRB_H
#define EGI_JIT_IRB_H

#include <llvm-c/Core.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct egi_irb {
    LLVMContextRef ctx;
    LLVMModuleRef mod;
    LLVMValueRef fn;                                   /* the function the builder stands in */
    LLVMBuilderRef b;                                  /* owned; freed by egi_irb_close */
    LLVMTypeRef i1, i8, i32, i64, f32, f64, ptr, none; /* none: void */
} egi_irb;

/* A builder at the end of `fn`, whose entry block it creates if there is none. */
void egi_irb_open(egi_irb *b, LLVMValueRef fn);
void egi_irb_close(egi_irb *b);

/* Functions added to the module from now on keep denormals. */
void egi_irb_keep_denormals(LLVMModuleRef mod);
/* Adds a function with the attributes that all our code has: nounwind, denormals flushed, 512-bit vectors allowed. */
LLVMValueRef egi_irb_function(LLVMModuleRef mod, const char *name, LLVMTypeRef ret, LLVMTypeRef *params,
                              unsigned num_params, LLVMLinkage linkage);
/* An attribute of a function (index LLVMAttributeFunctionIndex) or of its parameter k (index k + 1). */
void egi_irb_attr_enum(LLVMValueRef fn, LLVMAttributeIndex index, const char *name, uint64_t value);
void egi_irb_attr_text(LLVMValueRef fn, const char *name, const char *value);

/* Types and constants.  lanes == 1 means the scalar itself, here and below. */
LLVMTypeRef egi_irb_vec(LLVMTypeRef element, unsigned lanes);
LLVMValueRef egi_irb_i32(const egi_irb *b, int32_t v);
LLVMValueRef egi_irb_i64(const egi_irb *b, int64_t v);
LLVMValueRef egi_irb_zero(LLVMTypeRef type);                     /* +0 of any type */
LLVMValueRef egi_irb_iota(LLVMTypeRef int_type, unsigned lanes); /* <0, 1, 2, ...> */
LLVMValueRef egi_irb_splat(egi_irb *b, LLVMValueRef scalar, unsigned lanes);
LLVMValueRef egi_irb_min(egi_irb *b, LLVMValueRef x, LLVMValueRef y); /* signed integers */
LLVMValueRef egi_irb_max(egi_irb *b, LLVMValueRef x, LLVMValueRef y);

/* Mask of the lanes k with k < count (i64, any value; negative means none). */
LLVMValueRef egi_irb_tail_mask(egi_irb *b, LLVMValueRef count, unsigned lanes);

/* Memory.  Vector accesses assume the alignment of their element only. */
LLVMValueRef egi_irb_at(egi_irb *b, LLVMTypeRef element, LLVMValueRef base, LLVMValueRef index); /* &base[index] */
LLVMValueRef egi_irb_load(egi_irb *b, LLVMTypeRef type, LLVMValueRef at);
void egi_irb_store(egi_irb *b, LLVMValueRef value, LLVMValueRef at);
LLVMValueRef egi_irb_load_masked(egi_irb *b, LLVMTypeRef type, LLVMValueRef at, LLVMValueRef mask); /* 0 elsewhere */
void egi_irb_store_masked(egi_irb *b, LLVMValueRef value, LLVMValueRef at, LLVMValueRef mask);

/* Calls.  An intrinsic is named without its type suffix ("llvm.fma") and overloaded on `types`. */
LLVMValueRef egi_irb_intrinsic(egi_irb *b, const char *name, LLVMTypeRef *types, unsigned num_types, LLVMValueRef *args,
                               unsigned num_args);
LLVMValueRef egi_irb_fma(egi_irb *b, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z); /* x * y + z, fused */
LLVMValueRef egi_irb_call(egi_irb *b, LLVMValueRef fn, LLVMValueRef *args, unsigned num_args);

/* Counted loop over an i64; step must be positive.  At most EGI_IRB_CARRIES carried values. */
enum { EGI_IRB_CARRIES = 48 };
typedef struct egi_irb_loop {
    LLVMBasicBlockRef before, body, after;
    LLVMValueRef index, to, step;
    unsigned num;
    LLVMValueRef init[EGI_IRB_CARRIES], phi[EGI_IRB_CARRIES], next[EGI_IRB_CARRIES], out[EGI_IRB_CARRIES];
} egi_irb_loop;

LLVMValueRef egi_irb_loop_begin(egi_irb *b, egi_irb_loop *l, LLVMValueRef from, LLVMValueRef to, LLVMValueRef step);
LLVMValueRef egi_irb_carry(egi_irb *b, egi_irb_loop *l, LLVMValueRef init);
void egi_irb_carry_next(egi_irb_loop *l, LLVMValueRef carry, LLVMValueRef next);
void egi_irb_loop_end(egi_irb *b, egi_irb_loop *l);
LLVMValueRef egi_irb_carry_out(const egi_irb_loop *l, LLVMValueRef carry);

/* if (cond) { ... } [ else { ... } ]; merge, after the end and before other instructions, joins a value of each arm. */
typedef struct egi_irb_if {
    LLVMBasicBlockRef before, then_end, else_begin, else_end, after;
    bool has_else;
} egi_irb_if;

void egi_irb_if_begin(egi_irb *b, egi_irb_if *f, LLVMValueRef cond);
void egi_irb_if_else(egi_irb *b, egi_irb_if *f);
void egi_irb_if_end(egi_irb *b, egi_irb_if *f);
LLVMValueRef egi_irb_if_merge(egi_irb *b, const egi_irb_if *f, LLVMValueRef of_then, LLVMValueRef of_else);

#endif
