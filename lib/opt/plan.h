/* From a graph to what a machine does: buffers, and for each region a sequence of stages with barriers between.
 *
 *     graph -> classify -> levels -> materialise -> place -> rotate -> split -> barriers -> plan   (egi_plan_new)
 *
 * Values of rank 0 are never in a stage: every thread computes them in registers.  Elementwise values of one shape and
 * level share a stage, one loop over fixed slices; everything else that moves elements is a stage of its own.  Views
 * (slice, transpose, broadcast, ...) cost nothing: whoever reads them reads their base at other places. */
#ifndef EGI_PLAN_H
#define EGI_PLAN_H

#include "ir/graph.h"

typedef enum egi_buffer_kind {
    EGI_BUF_ARG,    /* slot = argument */
    EGI_BUF_RESULT, /* slot = result */
    EGI_BUF_VAR,    /* slot = graph->vars */
    EGI_BUF_ARRAY,  /* slot = graph->arrays */
    EGI_BUF_TEMP,
    /* Numbers of the spikes of a vector of n: two lists by parity of the step, each of a part for every thread: an i64
     * count and then i32 numbers, so that few spikes come in one cache line.  A part has room for a thread's slice:
     * 4 (64 (ceil(floor(n / 64) / threads) + 1) + 16) bytes. */
    EGI_BUF_LIST
} egi_buffer_kind;

typedef struct egi_buffer {
    egi_buffer_kind kind;
    uint32_t slot;
    eg_dtype dtype;
    uint32_t shape; /* of the graph */
} egi_buffer;

/* Where a value lies: buffer 0 = nowhere.  row != 0: in the row of the buffer that the loop of region `row` is at. */
typedef struct egi_place {
    uint32_t buffer;
    uint16_t row;
} egi_place;

/* What reading a value at an index of its own shape means for its base. */
typedef struct egi_view {
    egi_id base; /* materialised value, or one of rank 0 */
    int base_rank;
    int64_t base_dim[EG_MAX_RANK]; /* the shape through which the base is seen */
    int rank;
    int axis[EG_MAX_RANK]; /* axis of the base for each axis of the view; -1 = repeats */
    int64_t step[EG_MAX_RANK];
    int64_t start[EG_MAX_RANK];    /* for each axis of the base */
    egi_id dynamic;                /* DSLICE, or a row parameter of a loop: adds starts known when running; 0 = none */
    int dynamic_axis[EG_MAX_RANK]; /* axis of the base for each axis of `dynamic`'s operand ... */
    int64_t dynamic_step[EG_MAX_RANK]; /* ... and how far a start of 1 leads along it */
} egi_view;

typedef struct egi_store {
    egi_id node;
    egi_place place;
    egi_id rotated; /* != 0: store this node's value computed from `node` in place of the loop's parameter, except in
                       the last step of a chunk */
    egi_id param;   /* that parameter */
    egi_place from; /* buffer != 0: copy from there instead of evaluating */
} egi_store;

typedef struct egi_listing {
    egi_id node; /* spikes */
    uint32_t buffer;
    uint16_t region; /* loop whose step gives the parity, 0 = none */
    bool next;       /* for the next step: the other parity */
} egi_listing;

typedef enum egi_stage_kind {
    EGI_STAGE_SCALAR, /* every thread reads one element of memory into a register */
    EGI_STAGE_FUSED,  /* loop over a shape: evaluates and stores */
    EGI_STAGE_NODE    /* one operation: reduction, event, region, ... */
} egi_stage_kind;

enum {
    EGI_MAX_MERGED = 8,     /* projections that are delivered together */
    EGI_STAGE_PARAMS = 1024 /* arguments of a fused stage's function: pointers, strides, scalars */
};

typedef struct egi_access {
    uint32_t buffer;
    bool write;
    bool sliced;    /* only the thread's own slice of a full traversal */
    uint8_t parity; /* lists: 1 = of this step, 2 = of the next, 0 = both */
    uint32_t shape; /* which slices: of this shape, cut across its axes up to `axis` */
    int axis;
    int64_t window; /* != 0: of what stands before the window's element of that number less 1; see egi_window */
} egi_access;

typedef struct egi_stage {
    egi_stage_kind kind;
    int level;      /* 2 l + 1 for values of level l; 2 l: what must come before them */
    bool barrier;   /* before it */
    egi_id node;    /* EGI_STAGE_NODE (several merged events: the first), EGI_STAGE_SCALAR */
    uint32_t shape; /* EGI_STAGE_FUSED */
    EGI_VEC(egi_store) stores;
    EGI_VEC(egi_listing) lists;
    egi_ids merged; /* events delivered together */
    EGI_VEC(egi_access) accesses;
} egi_stage;

typedef EGI_VEC(egi_stage) egi_stages;

typedef struct egi_region_plan {
    egi_stages stages; /* ascending level */
    egi_stages enter;  /* loops: at the start of every chunk */
    egi_stages before; /* loops, whiles: copies of initial values, before the first iteration */
    int levels;
    bool end_barrier; /* after the last stage (functions: before scalars are written) */
} egi_region_plan;

typedef struct egi_plan {
    const egi_graph *g;
    EGI_VEC(egi_buffer) buffers; /* [0] unused */
    egi_region_plan *region;
    egi_place *place;      /* for each node */
    uint32_t *list;        /* for each EVENT: buffer of the spike list it delivers */
    uint16_t *list_region; /* for each EVENT: loop whose step gives the list's parity; 0 = none */
    uint32_t *scratch;     /* for each SORT and ARGSORT: buffer like its result to merge with */
    int *level;            /* for each node of rank >= 1: of its stage; for scalars: after which it is known */
    bool *forced;          /* a view that must lie in memory */
    bool *in_memory;       /* must lie in memory */
    bool no_passes;
    bool failed;
} egi_plan;

egi_plan *egi_plan_new(const egi_graph *g, bool no_passes);
void egi_plan_free(egi_plan *p);
void egi_plan_print(const egi_plan *p, egi_text *out);

/* -- lib/opt/view.c ------------------------------------------------------------------------------------------------ */
bool egi_is_view(const egi_graph *g, egi_id id);
/* A view of itself; one step down, to what it is a view of: false if that is not a view. */
void egi_view_start(const egi_graph *g, egi_id id, egi_view *v);
bool egi_view_down(const egi_graph *g, egi_view *v);
/* Follows views down to what holds the elements. */
void egi_view_of(const egi_plan *p, egi_id id, egi_view *v);
/* The same for a forced view: what it copies. */
void egi_view_below(const egi_plan *p, egi_id id, egi_view *v);
/* What a reduction, product or operation that moves elements reads in place of the view `a`: the operand of a reshape,
 * or (of a product) of a transpose that exchanges the last two axes; 0 = it needs a copy. */
egi_id egi_view_plain(const egi_graph *g, egi_id user, egi_id a);
/* Can rows of this view be read where they lie?  Turned round, repeated, reshaped: then a loop's sequence is no copy.
 */
bool egi_view_has_rows(const egi_graph *g, egi_id sequence);
/* The view is the whole base in order. */
bool egi_view_is_whole(const egi_plan *p, const egi_view *v);

/* -- lib/opt/nest.c ------------------------------------------------------------------------------------------------ */

/* The loops of a fused stage: axes of its shape joined wherever everything read lies contiguous across them. */
typedef struct egi_load {
    egi_id node; /* what the stage reads */
    egi_view view;
} egi_load;
typedef struct egi_nest {
    int rank;               /* loops, outermost first; at least 1 */
    int first[EG_MAX_RANK]; /* axes [first, last] of the shape that loop k runs over */
    int last[EG_MAX_RANK];
    EGI_VEC(egi_load) loads;
    egi_ids nodes;   /* evaluated, ascending; leaves like IOTA and BITS among them */
    egi_ids scalars; /* values of rank 0 used */
    const eg_allocator *allocator;
} egi_nest;
bool egi_nest_of(const egi_plan *p, uint16_t region, const egi_stage *s, egi_nest *nest);
void egi_nest_free(egi_nest *nest);
/* A short vector made of the elements [start, start + n) of longer ones: its slices are cut where those of the long
 * ones are, so that each thread reads what it wrote itself and no barrier stands before, say, recording one neuron. */
typedef struct egi_window {
    uint32_t shape; /* of the long vectors */
    egi_id of;      /* a load: its view begins at the start */
    int64_t start;
} egi_window;
bool egi_nest_window(const egi_plan *p, const egi_stage *s, const egi_nest *nest, egi_window *w);
/* Is the node computed in this stage (else it is loaded, or a scalar)? */
bool egi_in_stage(const egi_plan *p, uint16_t region, const egi_stage *s, egi_id id);

/* -- used between the files of the planner ------------------------------------------------------------------------- */
bool egi_is_scalar(const egi_graph *g, egi_id id); /* rank 0 and not a tuple or region node */
bool egi_is_fused(const egi_plan *p, egi_id id);   /* evaluated inside fused stages */
bool egi_is_stage(const egi_plan *p, egi_id id);   /* a stage of its own */
bool egi_is_read(const egi_plan *p, egi_id id);    /* a scalar that is an element of something in memory */
bool egi_is_inline(const egi_plan *p, egi_id id);  /* cheap leaf, computed wherever it is used */
egi_stage *egi_plan_stage(egi_plan *p, egi_stages *list, egi_stage_kind kind, int level, uint32_t shape, egi_id node);
void egi_plan_store(egi_plan *p, egi_stages *list, int level, egi_id node, egi_place to);
uint32_t egi_plan_buffer(egi_plan *p, egi_buffer_kind kind, uint32_t slot, eg_dtype t, uint32_t shape);
void egi_plan_levels(egi_plan *p);       /* plan_level.c */
void egi_plan_split_levels(egi_plan *p); /* plan_split.c: none asks for too many arguments */
void egi_plan_split_stages(egi_plan *p);
void egi_plan_place(egi_plan *p);  /* plan_place.c */
void egi_plan_rotate(egi_plan *p); /* plan_rotate.c */
void egi_plan_merge(egi_plan *p);  /* plan_event.c: lists, projections delivered together */
void egi_plan_lists(egi_plan *p);
/* A loop's parameter of spikes: what it is in the next step, listed where that is computed; 0 = its own list is made
 * from memory in the step that delivers it. */
egi_id egi_plan_next_spikes(const egi_plan *p, egi_id s);
void egi_plan_barriers(egi_plan *p); /* plan_sync.c: accesses of all stages, and where barriers must stand */
/* Static check that no stage reads or overwrites what another slice wrote without a barrier between. */
bool egi_verify_stages(const egi_plan *p, egi_text *why);

#endif
