/* Copies of a function side by side: what the parts of the pass share.
 *
 * `to` computes what `num` calls of `from` would.  A node of `from` is one value for all copies, or (many[]) one for
 * each: then its value in `to` has one more axis, the first, that counts copies.  Nodes are emitted region by region in
 * ascending order; a region can be emitted more than once, and arms of a cond whose predicate differs are emitted
 * into the region around it. */
#ifndef EGI_OPT_VMAP_H
#define EGI_OPT_VMAP_H

#include "core/context.h"
#include "ir/graph.h"
#include "ir/region.h"
#include "ir/shape.h"
#include "opt/vmap_graph.h"

typedef struct egi_vmap {
    const egi_graph *from;
    egi_graph *to;
    egi_vmap_request r;
    int64_t num;     /* of copies */
    bool *many;      /* for each node */
    egi_id *map;     /* node -> its value in the region of `to` being built */
    egi_id **items;  /* owner or host call -> values of its items */
    egi_id *order;   /* nodes by region, ascending in each */
    uint32_t *first; /* region r: order[first[r]] .. order[first[r + 1]] */
    uint32_t *loc;   /* places of from in to */
    uint64_t *rule;  /* custom gradient, without and with no_hosts -> that of all copies, + 1; 0 = not made yet */
    egi_id active;   /* [num]: copies that do what is being emitted, inside of what only some do; 0: all */
} egi_vmap;

static inline bool egi_vmap_failed(const egi_vmap *x) { return x->to->failed || x->to->eg->status; }
static inline const egi_region *egi_vmap_region_of(const egi_vmap *x, int64_t r) { return &x->from->regions.at[r]; }

/* -- lib/opt/vmap_many.c ------------------------------------------------------------------------------------------ */

/* Finds out what differs from copy to copy. */
void egi_vmap_mark(egi_vmap *x);

/* -- lib/opt/vmap.c ------------------------------------------------------------------------------------------------ */

/* Type and shape in `to` of a node that is one for all copies, or one for each. */
eg_spec egi_vmap_spec(const egi_vmap *x, egi_id id);
/* The operand's value; with an axis of copies whether it differs or not. */
egi_id egi_vmap_one(const egi_vmap *x, egi_id id);
egi_id egi_vmap_all(egi_vmap *x, egi_id id);
/* As egi_vmap_all if many, else as egi_vmap_one. */
egi_id egi_vmap_as(egi_vmap *x, egi_id id, bool many);
/* [num] as [num, shape of id...]. */
egi_id egi_vmap_spread(egi_vmap *x, egi_id v, egi_id like);
/* One copy's value as that of all. */
egi_id egi_vmap_spread_one(egi_vmap *x, egi_id v, egi_id like);
/* Nodes of a region, into the one being built. */
void egi_vmap_emit(egi_vmap *x, uint16_t region);
/* Ends in an error at the user's line of the node. */
egi_id egi_vmap_wrong(egi_vmap *x, egi_id id, eg_status status, const char *what);

/* -- lib/opt/vmap_rules.c ------------------------------------------------------------------------------------------ */

/* The value for all copies of a node without regions, of which an operand differs. */
egi_id egi_vmap_rule(egi_vmap *x, egi_id id);
/* The mean over active copies, one value for all. */
egi_id egi_vmap_mean(egi_vmap *x, egi_id id);

/* -- lib/opt/vmap_flow.c ------------------------------------------------------------------------------------------- */

/* Loops, whiles, conds and host calls: their items' values. */
void egi_vmap_owner(egi_vmap *x, egi_id id);
/* A node that is done for one copy after the other: its values, stacked.  num_out of them, of these types. */
void egi_vmap_in_turn(egi_vmap *x, egi_id id, int num_out, const eg_spec *out, egi_id *to);

#endif
