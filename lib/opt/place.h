/* What place.c and overwrite.c of the planner share: who uses what, and which memory may be written anew. */
#ifndef EGI_PLACE_H
#define EGI_PLACE_H

#include "opt/plan.h"

typedef struct egi_uses {
    uint32_t *first; /* [nodes + 1] into at */
    egi_id *at;      /* users, ascending */
} egi_uses;

typedef struct egi_place_work {
    egi_plan *p;
    egi_uses u;
} egi_place_work;

/* -- lib/opt/plan_overwrite.c ------------------------------------------------------------------------------------ */

bool egi_uses_build(egi_place_work *w);
void egi_uses_free(egi_place_work *w);
int64_t egi_uses_of(const egi_place_work *w, egi_id id);

/* Both are computed in one loop over elements. */
bool egi_same_stage(const egi_plan *p, egi_id a, egi_id b);
/* Does the user, if it is computed in a loop over elements, take of `a` just its own element? */
bool egi_direct_use(const egi_plan *p, egi_id user, egi_id a);
/* A result of a region, or what a variable is set to. */
bool egi_is_result(const egi_plan *p, egi_id id);
/* Operand of `writer` that it replaces in place, or 0. */
egi_id egi_base_of(const egi_graph *g, egi_id writer);
/* May `writer` (a node of its region) overwrite the memory of x?  All reads of x must come before it, or be its own at
 * the same elements.  x = 0: nothing lies there. */
bool egi_may_overwrite(const egi_place_work *w, egi_id x, egi_id writer);
/* The same for what a loop carries and stacks as well: may the loop over elements that computes `writer` copy x to its
 * row and overwrite it? */
bool egi_may_replace_stacked(const egi_place_work *w, egi_id x, egi_id writer);
/* May both arms of the cond of which `item` is a result put it where x lies?  Each must compute it in the last loop
 * over elements that reads x in that arm, or leave x as it is. */
bool egi_may_replace_in_arms(const egi_place_work *w, egi_id x, egi_id item);

#endif
