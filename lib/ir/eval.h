/* Running a graph in the interpreter: the definition of every operation.  Compiled code must give the same bits. */
#ifndef EGI_EVAL_H
#define EGI_EVAL_H

#include <stdatomic.h>

#include "ir/graph.h"

/* -- looking for the first NaN or infinity: lib/ir/origin.h -------------------------------------------------------- */

/* What host functions gave, so that steps can be repeated without calling them. */
typedef struct egi_host_call {
    uint32_t slot;
    size_t at; /* of its outputs in `data`, one after the other */
} egi_host_call;
typedef struct egi_host_log {
    EGI_VEC(egi_host_call) calls;
    EGI_VEC(char) data;
    EGI_VEC(int64_t) next; /* for each slot: the call from which on the next one is to be repeated */
} egi_host_log;
/* False when out of memory. */
bool egi_host_log_add(egi_host_log *log, const eg_allocator *a, const egi_graph *g, uint32_t slot, void *const *out);
void egi_host_log_clear(egi_host_log *log);

/* An outermost loop or while that need not be run from its start. */
typedef struct egi_resume {
    egi_id loop;
    int64_t step; /* steps done, at least 1 unless it has ended */
    bool ended;
    const void *const *carried; /* elements of each carried value; NULL = resume nothing */
    const void *const *stacks;  /* of each stacked one, whose first `step` rows are there; NULL inside = not wanted */
} egi_resume;

typedef struct egi_watch {
    bool all;         /* every operation, not only what variables and results show */
    const char *name; /* of the function, for the message */
    const egi_resume *resume;
    int64_t num_resume;
    egi_id until_loop; /* != 0: stop with `passed` where that loop has done `until` steps and nothing was found */
    int64_t until;
    bool replay;                  /* `inside` holds the calls of all steps; else those of the step that runs */
    egi_host_log outside, inside; /* calls outside of all loops, and in the outermost loop that runs */
    bool found, passed, no_memory;
} egi_watch;

void egi_watch_free(egi_watch *w, const eg_allocator *a);

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
    egi_watch *watch; /* NULL = do not look */
    int64_t done;     /* steps done by the last outermost loop */
    eg_status status;
    char message[512];
} egi_run;

/* Runs; returns r->status.  After cancelling or an error of a host function in an outermost loop, variables hold what
 * they held after the last whole step; so they do where a check found something in such a loop. */
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
