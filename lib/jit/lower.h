/* Lowering: one plan becomes one LLVM function `void name(ptr frame, i32 tid, i32 nt)`, run by all threads of a team,
 * which computes scalars in registers and calls a small internal function for every stage.
 *
 * A stage function knows nothing of its stage but its arguments; stages that do the same thing to different data (two
 * populations of one model) are calls of one function.  Files: lower.c (the driver), lower_scalar.c,
 * lower_flow.c, lower_loop.c, lower_while.c, lower_report.c, lower_host.c (regions), lower_fused.c (elementwise loops),
 * lower_op.c (primitives), lower_math.c (composites), lower_event.c, lower_random.c, lower_reduce.c, lower_shape.c,
 * lower_sort.c, lower_pack.c, lower_dot.c. */
#ifndef EGI_LOWER_H
#define EGI_LOWER_H

#include "jit/code.h"
#include "jit/irb.h"

typedef struct egi_named_function {
    char *key;
    LLVMValueRef fn;
} egi_named_function;

typedef struct egi_lower {
    const egi_graph *g;
    const egi_plan *p;
    const egi_canon *canon;
    egi_code *code;
    const eg_allocator *allocator; /* malloc, as LLVM uses: scratch of the lowering, which does not fail */
    LLVMModuleRef mod;
    LLVMContextRef ctx;
    unsigned lanes; /* of 32 bits in a vector */
    bool avx512;
    egi_irb b;            /* stands in the main function */
    LLVMBuilderRef entry; /* end of its entry block: sizes, literals, pointers */
    LLVMValueRef fn, frame, tid, nt;
    LLVMValueRef *scalar;     /* for each node: its value in the main function, if it has rank 0 and is known */
    LLVMValueRef *field;      /* for each field of the frame */
    LLVMValueRef *buffer;     /* for each buffer */
    LLVMValueRef *size;       /* for each canonical size */
    LLVMValueRef *loop_index; /* for each region: the loop's step (i64) */
    LLVMValueRef *loop_last;  /* i1: last step of a chunk */
    LLVMValueRef step;        /* i64: execution + outermost iteration; what random draws count */
    LLVMValueRef inner;       /* i32: iterations of inner loops, mixed */
    int depth;                /* loops and whiles around */
    LLVMValueRef while_end;   /* i64: end of the chunk of an outermost while */
    struct egi_solo *solo;    /* code for one thread on one block (solo.h); NULL: for teams */
    EGI_VEC(egi_named_function) functions;
    bool failed;   /* out of memory, or: */
    bool too_wide; /* a stage asks for more arguments than a function has, in spite of plan_split.c */
} egi_lower;

/* -- lower.c: what stages ask for in the main function (builder l->b) ---------------------------------------------- */

LLVMTypeRef egi_lower_type(const egi_lower *l, eg_dtype t);     /* in registers: bool is i1 */
LLVMTypeRef egi_lower_memory(const egi_lower *l, eg_dtype t);   /* in memory: bool is i8 */
LLVMValueRef egi_lower_size(egi_lower *l, int64_t value);       /* a whole number of the program as i64 */
LLVMValueRef egi_lower_count(egi_lower *l, const egi_shape *s); /* number of elements */
LLVMValueRef egi_lower_product(egi_lower *l, int n, const int64_t *dim);
LLVMValueRef egi_lower_field(egi_lower *l, int field, LLVMTypeRef type);
/* Element k of an array of `type`, loaded where the function begins. */
LLVMValueRef egi_lower_element(egi_lower *l, LLVMTypeRef type, LLVMValueRef base, int64_t k, LLVMTypeRef load);
/* Pointer to the first element of a value that lies in memory (rows of stacked values included). */
LLVMValueRef egi_lower_pointer(egi_lower *l, egi_id id);
LLVMValueRef egi_lower_place(egi_lower *l, egi_place place, egi_id like);
LLVMValueRef egi_lower_buffer(egi_lower *l, uint32_t k);
/* The thread's slice [lo, hi) of `rows`, whole blocks of `align`. */
void egi_lower_slice(egi_lower *l, LLVMValueRef rows, int align, LLVMValueRef *lo, LLVMValueRef *hi);
void egi_lower_barrier(egi_lower *l);
/* if (tid == 0) { ... } around what one thread does alone. */
void egi_lower_thread0(egi_lower *l, egi_irb_if *f);

/* -- lower_scalar.c ------------------------------------------------------------------------------------------------ */

LLVMValueRef egi_lower_scalar(egi_lower *l, egi_id id); /* value of rank 0 */
/* Scalars of a region up to a level: those that inner regions may use must be computed outside of them. */
void egi_lower_scalars(egi_lower *l, uint16_t region, int level);
/* One element of memory into a register of every thread. */
void egi_lower_read(egi_lower *l, egi_id id);
/* Thread 0 stores a scalar that is known. */
void egi_lower_store_scalar(egi_lower *l, egi_id value, LLVMValueRef at);
/* Element offset of a view's first element in its base. */
LLVMValueRef egi_lower_offset(egi_lower *l, const egi_view *v);
/* Two pointers: rows of delivery or connections k (field: EGI_FRAME_DELIVERIES or EGI_FRAME_CSRS). */
void egi_lower_rows(egi_lower *l, int field, int64_t k, LLVMValueRef rows[2]);
/* Key of a random stream: two i32. */
void egi_lower_key(egi_lower *l, uint64_t stream, LLVMValueRef key[2]);

/* -- functions of the module --------------------------------------------------------------------------------------- */

/* The internal function made for this key before, or NULL. */
LLVMValueRef egi_lower_find(const egi_lower *l, const char *key);
/* A new internal function void(params) remembered under the key, with a builder in it: close it with egi_irb_close
 * after LLVMBuildRetVoid. */
LLVMValueRef egi_lower_function(egi_lower *l, const char *key, const char *name, LLVMTypeRef ret, unsigned n,
                                LLVMTypeRef *params, egi_irb *body);

/* -- elements in registers; lanes 1 = one element ------------------------------------------------------------------ */

LLVMValueRef egi_lower_op(egi_irb *b, egi_op op, eg_dtype from, eg_dtype to, const LLVMValueRef *a, unsigned lanes);
LLVMValueRef egi_lower_math(egi_lower *l, egi_irb *b, egi_op op, eg_dtype t, const LLVMValueRef *a, unsigned lanes);
/* Memory to register and back (bool is i8 in memory). */
LLVMValueRef egi_lower_load(egi_irb *b, eg_dtype t, LLVMValueRef at, unsigned lanes);
void egi_lower_store(egi_irb *b, eg_dtype t, LLVMValueRef value, LLVMValueRef at, unsigned lanes, LLVMValueRef mask);
LLVMValueRef egi_lower_bits(egi_irb *b, eg_dtype t, uint64_t bits); /* a constant */
/* Random bits of `lanes` elements from element `at` (i64) of a stream; key and counter words are i32, `lane` i32 of all
 * lanes; `aligned`: at is a multiple of 4. */
LLVMValueRef egi_lower_random(egi_lower *l, egi_irb *b, eg_dtype t, const LLVMValueRef key[2], LLVMValueRef step,
                              LLVMValueRef inner, LLVMValueRef lane, LLVMValueRef at, bool aligned, unsigned lanes);

/* -- stages: each emits into l->b ---------------------------------------------------------------------------------- */

void egi_lower_stages(egi_lower *l, uint16_t region, const egi_stages *list);
void egi_lower_loop(egi_lower *l, egi_id id);
void egi_lower_while(egi_lower *l, egi_id id);
void egi_lower_cond(egi_lower *l, egi_id id);
void egi_lower_host(egi_lower *l, egi_id id);
void egi_lower_fused(egi_lower *l, uint16_t region, const egi_stage *s);
/* Thread `thread`'s part of the list of spikes of a vector of n, for a step of that parity: see EGI_BUF_LIST. */
LLVMValueRef egi_lower_list(egi_lower *l, uint32_t buffer, LLVMValueRef n, LLVMValueRef parity, LLVMValueRef thread);
/* Asks for the lists that the events among the next n stages deliver, all at once: waiting for them one after the other
 * costs a miss each. */
void egi_lower_fetch_lists(egi_lower *l, const egi_stage *s, int64_t n);
void egi_lower_event(egi_lower *l, const egi_stage *s);
void egi_lower_event_t(egi_lower *l, egi_id id);
void egi_lower_reduce(egi_lower *l, egi_id id); /* SUM ... ARGMAX */
void egi_lower_scan(egi_lower *l, egi_id id);   /* CUMSUM */
void egi_lower_sort(egi_lower *l, egi_id id);   /* SORT, ARGSORT */
void egi_lower_shape(egi_lower *l, egi_id id);  /* UPDATE, CONCAT, PAD, GATHER, SCATTER */
void egi_lower_pack(egi_lower *l, egi_id id);
void egi_lower_product_of(egi_lower *l, egi_id id); /* DOT */
void egi_lower_dot_event(egi_lower *l, egi_id id);
/* The thread's EGI_SCRATCH bytes. */
LLVMValueRef egi_lower_scratch(egi_lower *l);

/* Everything: fills code's tables, builds the function `name` in the module. */
void egi_lower_all(egi_lower *l, const char *name);

#endif
