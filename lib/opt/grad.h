/* Reverse mode: what its parts share.
 *
 * The new graph begins as a copy of the function's (the primal).  Then adjoints are made in descending order of nodes:
 * adjoint[id] is the gradient of the chosen result with respect to node id, summed over the users met so far; 0 stands
 * for zero.  Only nodes on a path from what is differentiated for to the result have adjoints.
 *
 * Loops and arms of conds are swept inside regions of their own, in which the values of their nodes are made again
 * (map[] then holds these).  What is not made again is stored by the primal and read back: random draws, results of
 * host functions and whiles, and what costs more to compute than to load.  These nodes are called leaves here. */
#ifndef EGI_OPT_GRAD_H
#define EGI_OPT_GRAD_H

#include "core/context.h"
#include "engram/transform.h"
#include "ir/contract.h"
#include "ir/copy.h"
#include "ir/graph.h"
#include "ir/region.h"
#include "ir/shape.h"

typedef struct egi_grad {
    const egi_graph *from;
    egi_graph *to;
    egi_id *map;     /* node of from -> its value in the region of `to` being built */
    egi_id *adjoint; /* node of from -> the gradient with respect to it; 0 = zero */
    egi_id *saved;   /* leaf -> its stored value (stacked by the loops around it that are not entered) */
    egi_id *start;   /* carried parameter of a loop -> what it was at the start of each step, stacked */
    bool *active;    /* depends on what is differentiated for, through floats */
    bool *useful;    /* the result depends on it, through floats */
    bool *differs;   /* owner of regions: one of its items is on a path */
    bool *impure;    /* owner of regions: draws, host calls or whiles inside */
    egi_id *order;   /* nodes by region, ascending in each */
    uint32_t *first; /* region r: order[first[r]] .. order[first[r + 1]] */
    egi_id *lowest;  /* region -> its first node, or one inside; made when first asked for */
    egi_id *item;    /* owner or host call -> its first item; item -> the next; 0 = no more */
    uint8_t *leaf;   /* node -> is it stored instead of being made again, and why: egi_leaf */
    uint32_t *more;  /* loop -> values that its primal carries besides */
    uint32_t *loc;   /* places of from in to */
    eg_checkpoint policy;
    int64_t every;
} egi_grad;

static inline bool egi_on_path(const egi_grad *x, egi_id id) { return x->active[id] && x->useful[id]; }
static inline bool egi_grad_failed(const egi_grad *x) { return x->to->failed || x->to->eg->status; }
static inline const egi_region *egi_grad_region(const egi_grad *x, int64_t r) { return &x->from->regions.at[r]; }
static inline egi_id egi_value_of(const egi_grad *x, egi_id id, uint32_t k) { return x->map[egi_arg(x->from, id, k)]; }
/* Item k of an owner, or 0 if nothing takes it. */
egi_id egi_grad_item(const egi_grad *x, egi_id owner, int64_t k);
/* Ends in an error at the user's line of the node. */
void egi_grad_wrong(egi_grad *x, egi_id id, eg_status status, const char *format, ...) EG_PRINTF(4, 5);

/* -- grad_path.c: what has a gradient ------------------------------------------------------------------------------ */

/* wrt[id]: differentiated for.  Fills in active, useful, differs, impure. */
bool egi_grad_paths(egi_grad *x, const bool *wrt, egi_id result);

/* -- grad_leaf.c: what is stored -------------------------------------------------------------------------------- */

typedef enum egi_leaf {
    EGI_LEAF_NONE,
    EGI_LEAF_IMPURE, /* it happens once */
    EGI_LEAF_COSTLY  /* it costs more to compute than to load */
} egi_leaf;
/* Fills in leaf, from the paths. */
bool egi_grad_choose(egi_grad *x);

/* -- grad_clone.c: the primal, and the values of a region made again --------------------------------------------- */

enum {
    EGI_RECORD_IMPURE = 1, /* store draws, and results of host functions and whiles */
    EGI_RECORD_COSTLY = 2, /* store products and other dear values */
    EGI_REPLAY_IMPURE = 4, /* take them from saved[] */
    EGI_REPLAY_COSTLY = 8,
    EGI_STACK = 16 /* loops of this region store what their steps start from: it is swept next */
};
/* Makes the values of region r's nodes in to->region; its parameters are mapped already. */
void egi_grad_clone(egi_grad *x, uint16_t r, unsigned flags);
egi_id egi_grad_clone_loop(egi_grad *x, egi_id id, unsigned flags);
/* Leaves inside region r, of the kinds that the flags of recording or replaying name. */
bool egi_grad_leaves(egi_grad *x, uint16_t r, bool impure, bool costly, egi_ids *out);

/* Regions of `to`: a parameter of a spec; one that is a row of a sequence (a value like `like`; rows of the highest
 * rank are stored flat); the row of a value; item k of a loop of n steps that stacks such rows. */
egi_id egi_grad_param(egi_grad *x, int64_t region, eg_spec spec);
egi_id egi_grad_row_param(egi_grad *x, int64_t region, egi_id sequence, eg_spec like);
egi_id egi_grad_row(egi_grad *x, egi_id v);
/* What saved[leaf] is in region r of from. */
eg_spec egi_grad_stored(const egi_grad *x, egi_id leaf, uint16_t r);
egi_id egi_grad_stacked(egi_grad *x, egi_id loop, int64_t k, egi_id row, int64_t n);
/* Ends a region that has its parameters and results: args n, carried[nc], sequences[ns]. */
egi_id egi_grad_owner(egi_grad *x, egi_op op, const egi_ids *args, int n, const int64_t *attr);
egi_id egi_grad_close_loop(egi_grad *x, uint16_t region, const egi_ids *args, int64_t nc, int64_t ns);
egi_id egi_grad_close_cond(egi_grad *x, egi_id predicate, const int64_t *region);

/* -- grad_sweep.c, grad_loop.c, grad_cond.c ------------------------------------------------------------------------ */

/* Adds v to the adjoint of a node, if it is on a path; summed over axes that the node does not have. */
void egi_contribute(egi_grad *x, egi_id id, egi_id v);
/* The same for operand k of a node. */
void egi_pass(egi_grad *x, egi_id id, uint32_t k, egi_id v);
/* Does operand k of the node want a gradient? */
bool egi_wants(const egi_grad *x, egi_id id, uint32_t k);
/* Adjoints of region r from those of its results and of its owners' items. */
void egi_grad_sweep(egi_grad *x, uint16_t r);
void egi_grad_loop(egi_grad *x, egi_id id);
void egi_grad_cond(egi_grad *x, egi_id id);
/* Nodes on a path outside of regions r[0..n) that are used inside. */
bool egi_grad_captured(egi_grad *x, int n, const uint16_t *r, egi_ids *out);
/* Forgets adjoints of all nodes inside region r. */
void egi_grad_forget(egi_grad *x, uint16_t r);

/* -- rules: what a node's adjoint d gives its operands ------------------------------------------------------------- */

void egi_grad_rule(egi_grad *x, egi_id id, egi_id d);    /* grad_rules.c: all */
void egi_grad_reduce(egi_grad *x, egi_id id, egi_id d);  /* grad_reduce.c: reductions, scans, sorting */
void egi_grad_shape(egi_grad *x, egi_id id, egi_id d);   /* grad_shape.c: views and what moves elements */
void egi_grad_product(egi_grad *x, egi_id id, egi_id d); /* grad_product.c: dot, events */
void egi_grad_custom(egi_grad *x, egi_id id, egi_id d);  /* grad_custom.c */

/* Calls upwards (lib/api/csr_ends.c): the source or target of each synapse, as an array of the context (i32); NULL
 * after an error. */
eg_array *egi_csr_ends(eg_csr *c, bool post);

/* -- grad_build.c: expressions ------------------------------------------------------------------------------------- */

egi_id egi_zeros(egi_graph *g, eg_spec spec);
egi_id egi_filled(egi_graph *g, eg_spec spec, double v);
/* Elementwise of two; a scalar spread over a shape is taken as the scalar, the result has the shape all the same. */
egi_id egi_times(egi_graph *g, egi_id a, egi_id b);
egi_id egi_over(egi_graph *g, egi_id a, egi_id b);
egi_id egi_plus(egi_graph *g, egi_id a, egi_id b);
egi_id egi_minus(egi_graph *g, egi_id a, egi_id b);
egi_id egi_scaled(egi_graph *g, egi_id a, double c);
egi_id egi_shifted(egi_graph *g, egi_id a, double c);
/* c ? a : b, of the shape of c, a or b; a or b = 0 stands for zero. */
egi_id egi_choose(egi_graph *g, egi_id c, egi_id a, egi_id b);
egi_id egi_flipped(egi_graph *g, egi_id a, int axis);

#endif
