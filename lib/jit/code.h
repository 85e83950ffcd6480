/* What compiled code and the runtime agree on. */
#ifndef EGI_CODE_H
#define EGI_CODE_H

#include "ir/eval.h"
#include "opt/plan.h"

/* Rows of connections as compiled code reads them. */
typedef struct egi_rows {
    const int64_t *ptr; /* deliveries: [pre * threads + 1]; CSR: [pre + 1] */
    const int32_t *target;
    void *spare[2];
} egi_rows;

/* Everything a run of compiled code gets; every field is 8 bytes, compiled code reads field k at offset 8 k. */
typedef struct egi_frame {
    void *const *buffers;                 /*  0: plan's buffers */
    const int64_t *sizes;                 /*  1: extents and other whole numbers > 16, in the order of egi_canon */
    const uint64_t *literals;             /*  2: numbers of the user's code */
    const egi_rows *deliveries;           /*  3: one for each delivery of the code */
    const egi_rows *csrs;                 /*  4: graph->csrs */
    void *team;                           /*  5 */
    void (*barrier)(void *team, int tid); /*  6 */
    int64_t (*tick)(struct egi_frame *f, int tid, int64_t step,
                    int64_t steps); /*  7: end of the next chunk; = step: stop.  steps < 0: a while has ended */
    void (*host)(struct egi_frame *f, int64_t slot, void *const *in, void *const *out); /*  8 */
    const uint32_t *keys; /*  9: two for each stream of the code */
    int64_t execution;    /* 10: draws so far */
    int64_t advance;      /* 11: written by thread 0: iterations of the longest outermost loop */
    int64_t stop;         /* 12: not 0: a host function failed; thread 0 writes it whenever that happens */
    char *scratch;     /* 13: of thread t from t * EGI_SCRATCH; behind that of all, from t * more_scratch of the code */
    int64_t failed;    /* 14: `stop` as it was at the last tick, for all threads to read until the next */
    uint64_t *carried; /* 15: written by thread 0 before each tick: number of the loop in code->loops, then the
                          scalars it carries */
} egi_frame;

enum {
    EGI_FRAME_BUFFERS,
    EGI_FRAME_SIZES,
    EGI_FRAME_LITERALS,
    EGI_FRAME_DELIVERIES,
    EGI_FRAME_CSRS,
    EGI_FRAME_TEAM,
    EGI_FRAME_BARRIER,
    EGI_FRAME_TICK,
    EGI_FRAME_HOST,
    EGI_FRAME_KEYS,
    EGI_FRAME_EXECUTION,
    EGI_FRAME_ADVANCE,
    EGI_FRAME_STOP,
    EGI_FRAME_SCRATCH,
    EGI_FRAME_FAILED,
    EGI_FRAME_CARRIED,
    EGI_FRAME_FIELDS
};
_Static_assert(sizeof(egi_frame) == 8 * EGI_FRAME_FIELDS, "compiled code reads field k at offset 8 k");
enum { EGI_SCRATCH = 64 * 1024 };      /* a thread's scratch memory */
#define EGI_ENDLESS ((int64_t)1 << 62) /* steps of a while, for tick */

typedef void (*egi_entry)(egi_frame *f, int tid, int nt);

/* What a block of variables begins with: states (lib/runtime/state.h) and those of exported functions. */
typedef struct egi_block {
    uint64_t magic;     /* of the layout: code refuses others */
    uint64_t execution; /* random draws so far */
    uint64_t seed;      /* of its random streams */
    uint64_t bytes;     /* of the block */
    uint64_t spare[4];
} egi_block;
_Static_assert(sizeof(egi_block) == EGI_ALIGN, "variables follow it, aligned");

/* A whole number of the program: itself if <= 16, else sizes[index]. */
typedef struct egi_size {
    int64_t value; /* valid if index < 0 */
    int32_t index;
} egi_size;

/* A buffer of the code: a product of sizes. */
typedef struct egi_code_buffer {
    egi_buffer_kind kind;
    uint32_t slot;
    eg_dtype dtype;
    int rank;
    egi_size dim[EG_MAX_RANK];
    bool kept; /* carried by an outermost loop that calls host functions */
} egi_code_buffer;

typedef struct egi_code_delivery {
    int num;
    uint32_t csr[EGI_MAX_MERGED];    /* slots */
    uint32_t buffer[EGI_MAX_MERGED]; /* target buffers; the first is the base */
} egi_code_delivery;

/* Where a carried value stands when tick is called: in a buffer, or (0) as scalar number `scalar`, from 1, of the
 * frame's `carried`. */
typedef struct egi_code_carried {
    uint32_t buffer, scalar;
    eg_dtype dtype;
} egi_code_carried;

/* An outermost loop or while. */
typedef struct egi_code_loop {
    egi_id node; /* of the function's graph, and of all with this canonical form */
    int64_t num_carried, first_carried;
    int64_t num_stacks, first_stack; /* the buffers of stacked values; 0 = not wanted */
} egi_code_loop;

/* Compiled code of all functions with one canonical graph.  Immutable. */
typedef struct egi_code {
    egi_entry entry;
    void *handle; /* lib/jit/orc.c */
    EGI_VEC(egi_code_buffer) buffers;
    EGI_VEC(egi_code_delivery) deliveries;
    EGI_VEC(uint64_t) streams; /* stream of each pair of keys */
    EGI_VEC(egi_code_loop) loops;
    EGI_VEC(egi_code_carried) carried;
    EGI_VEC(uint32_t) stacks;
    int64_t num_scalars; /* most that a loop carries */
    int64_t num_sizes, num_literals;
    double work_ns; /* estimated work between two barriers, for the team's size */
    bool has_host, has_scratch;
    int64_t more_scratch; /* bytes that a thread needs besides */
    uint64_t hash;
    char *key; /* canonical form, compared on a hit */
    size_t key_size;
    struct egi_code *next;
} egi_code;

/* -- lib/jit/canon.c ----------------------------------------------------------------------------------------------- */

/* The canonical form of a traced graph: whole numbers above 16 and the user's literals are numbered in order of first
 * appearance, so that two graphs which differ only in sizes, dt or parameters are the same. */
typedef struct egi_canon {
    const eg_allocator *allocator;
    egi_text key;
    EGI_VEC(int64_t) sizes;
    EGI_VEC(uint64_t) literals;
    uint32_t *literal_of; /* for each node: 1 + index of the literal, 0 = part of the code */
    uint64_t hash;
    bool failed;
} egi_canon;
void egi_canon_of(const egi_graph *g, egi_canon *c);
void egi_canon_free(egi_canon *c);
/* Bytes that it holds. */
size_t egi_canon_bytes(const egi_canon *c, const egi_graph *g);
/* Index of a whole number > 16 among the sizes; -1 if it is none. */
int32_t egi_canon_size(const egi_canon *c, int64_t value);
/* Is the constant written into the code: booleans, whole numbers up to 16? */
bool egi_is_embedded(eg_dtype t, uint64_t bits);

/* -- lib/jit/describe.c -------------------------------------------------------------------------------------------- */

/* Fills in what a run needs besides the entry: buffers, deliveries, streams, the numbers of scalars, and whether there
 * are host functions and scratch.  false when out of memory. */
bool egi_code_describe(const egi_plan *p, const egi_canon *canon, egi_code *code);
/* Frees the lists. */
void egi_code_clear(egi_code *c, const eg_allocator *a);
/* What a stage of EVENT delivers. */
egi_code_delivery egi_code_delivery_of(const egi_plan *p, const egi_stage *s);
/* Does the region, or one inside it, call a host function?  Then the runtime runs single steps, and the step in which
 * one fails must not have happened. */
bool egi_calls_host(const egi_graph *g, uint16_t region);
/* Does the reduction give one element of one row?  All threads share it, each leaving its part in its scratch. */
bool egi_reduces_all(const egi_graph *g, egi_id id);
/* The form of a DOT's code, EGI_DOT_... of lower_dot.h, by its extents, operands and how they are read. */
unsigned egi_dot_form(const egi_plan *p, egi_id id);

#endif
