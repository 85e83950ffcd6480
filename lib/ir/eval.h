/* Running a graph in the interpreter: the definition of every operation.  Compiled code must give the same bits. */
#ifndef EGI_EVAL_H
#define EGI_EVAL_H

#include <stdatomic.h>

#include "ir/graph.h"

/* What a run binds a graph to; the same for interpreter and compiled code. */
typedef struct egi_run {
    const void *const *args;  /* each argument's elements, C order */
    void *const *results;     /* each result's elements; NULL = not wanted */
    void *const *vars;        /* memory of graph->vars[k] in the state: read at the start, written at the end */
    uint64_t seed;            /* of the random streams */
    uint64_t execution;       /* draws so far (see BITS); advanced by the run */
    bool keep_denormals;      /* false: FTZ and DAZ while running */
    int threads;              /* compiled code only; 0 = default */
    const atomic_int *cancel; /* asked between steps of the outermost loop; may be NULL */
    eg_progress_fn progress;  /* may be NULL */
    void *user;
    bool in_place;  /* compiled code: args and results are padded, see eg_run_options */
    double chunk_s; /* compiled code: time between looks at cancel and progress */
    const eg_allocator *allocator;
    int64_t done; /* steps done by the last outermost loop */
    eg_status status;
    char message[512];
} egi_run;

/* Runs; returns r->status.  After cancelling or an error of a host function in an outermost loop, variables hold what
 * they held after the last whole step. */
eg_status egi_eval(const egi_graph *g, egi_run *r);

/* The run's message when a host function returned other than 0. */
void egi_host_failed(const egi_graph *g, uint32_t slot, int code, egi_run *r);

/* Random bits of BITS.  T = execution + index of the outermost enclosing loop's or while's iteration (none: execution);
 * inner = 0, and for every further enclosing loop from outside in: inner = inner * 0x9E3779B1 + (uint32)j + 1.
 * Block b of a stream is Philox4x32-10 of counter (b, lo32(T), inner, hi32(T) ^ lane * 0x85EBCA6B) under the key
 * egi_stream_key(seed, stream).  Element e takes word e % 4 of block e / 4 (32 bits) or words 2 (e % 2) (low) and
 * 2 (e % 2) + 1 (high) of block e / 2 (64 bits).  `lane` is the operand of BITS.
 * A run advances execution by the largest number of iterations of its outermost loops, at least 1. */
void egi_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
void egi_stream_key(uint64_t seed, uint64_t stream, uint32_t key[2]);

#endif
