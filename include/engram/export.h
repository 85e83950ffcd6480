/* Embedding: functions as plain C function pointers, and as object files that need neither Engram nor LLVM.
 *
 * A step is a C function of one thread.  All that it reads and changes between calls lies in one block of memory: the
 * variables, the count of random draws, room for intermediate values.  A block holds no pointers: it can be copied,
 * moved, written to a file and read back.  Blocks share nothing: as many instances as wanted run at once, in as many
 * threads; one block serves one call at a time.
 *
 *     eg_step_fn step = eg_func_pointer(f);
 *     void *block = eg_block_of(f, NULL);              // the context's own state
 *     const float *V = eg_block_data(f, block, eg_find_variable(eg, "E.V"));
 *     for (;;) {
 *         step(block, (const void *[]){current}, NULL);
 *         ... V[k] is the potential of now ...
 *     }
 *
 * Bits are those of eg_call().  The floating-point mode is set for the call and put back.  Functions that call host
 * functions (eg_host) cannot be used this way: call them from the host's loop.
 */
#ifndef ENGRAM_EXPORT_H
#define ENGRAM_EXPORT_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a step returns. */
typedef enum eg_step_status {
    EG_STEP_OK,
    EG_STEP_BAD_STATE,    /* the block is NULL, not initialised, or of another layout or function */
    EG_STEP_BAD_ARGUMENT, /* an argument is NULL */
    EG_STEP_BAD_CPU       /* the CPU lacks the instructions that the code was made for (name_init() of exported code) */
} eg_step_status;

/* One call of the function: in[k] points to the elements of argument k, out[k] receives result k.  in may be NULL if
 * there are no arguments; out, or any out[k], where a result is not wanted.  Arrays may be the host's own: they need no
 * padding, only the alignment of their type, and may be variables of the block.  They are read in place, up to 128
 * bytes behind their end but never across the end of a page: what is there does not matter (memory checkers may say
 * otherwise; arrays of eg_array_new() are padded).  Does not allocate, lock, or call the system. */
typedef int (*eg_step_fn)(void *block, const void *const *in, void *const *out);

/* The function in machine code, compiled for this purpose at the first call; valid until eg_func_free() or eg_close().
 * Variables of the context that are made afterwards change the layout of its states: ask for the pointer anew then.
 * NULL after an error. */
EG_API eg_step_fn eg_func_pointer(eg_func *f);

#define EG_BLOCK_ALIGN 64

/* The state's block (NULL = the context's own state), with room for f: its variables are the state's, so that eg_call()
 * and steps can take turns.  Valid until another variable is made, or another function's block is asked for; until then
 * the same.  A copy of its first eg_block_size(f) bytes serves f alone.  NULL after an error. */
EG_API void *eg_block_of(eg_func *f, eg_state *s);
/* Bytes of a block in memory of the host's, aligned to EG_BLOCK_ALIGN; 0 after an error. */
EG_API size_t eg_block_size(eg_func *f);
/* Makes such memory a block: initial values, no random draws so far, the context's seed. */
EG_API eg_status eg_block_init(eg_func *f, void *block, size_t bytes);
/* The variable's elements in the block; NULL after an error. */
EG_API void *eg_block_data(eg_func *f, void *block, eg_var *v);
/* Another seed for the random draws of this block alone: instances of one model that differ in their noise. */
EG_API eg_status eg_block_seed(eg_func *f, void *block, uint64_t seed);

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_export_options {
    const char *name; /* of the C function; NULL = last part of the path */
    const char *cpu;  /* "x86-64-v3", "x86-64-v4", "native"; NULL = the context's */
    bool shared;      /* a shared library as well: path.so; needs cc or ld in PATH */
    bool data_apart;  /* captured arrays, connections and initial values go to path.data, which the host loads or maps
                         and hands to each call, instead of into the object: for large models, and to share them */
    eg_state *state;  /* its variables and random count are the initial state; NULL = the initial values */
} eg_export_options;

/* Writes path.o and path.h: the function as position-independent code for x86-64 Linux that needs libc alone.  The
 * header says what arguments, results and variables are, and declares
 *
 *     struct NAME_state                                     variables by name
 *     int NAME_init(NAME_state *s)                          puts it into its initial state
 *     int NAME(NAME_state *s, const void *const *in, void *const *out)
 *     NAME_call(s, arguments..., results...)                the same with typed arguments
 *
 * A file is there whole or not at all.  Errors: a name that is none in C, a CPU that is not known, host functions
 * (named), data above 1 GB that are not apart, folders that cannot be written, a linker that is missing or fails. */
EG_API eg_status eg_export(eg_func *f, const char *path, const eg_export_options *options);

#ifdef __cplusplus
}
#endif
#endif
