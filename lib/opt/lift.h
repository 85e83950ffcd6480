/* Products that leave their loop: what the parts of the pass share.
 *
 * A value of a loop's body is *by rows* if it depends on nothing but rows of the loop's sequences and values from
 * outside, through elementwise operations, views and products that are lifted.  Such a value can be made for all steps
 * at once, before the loop. */
#ifndef EGI_OPT_LIFT_H
#define EGI_OPT_LIFT_H

#include "core/context.h"
#include "ir/region.h"
#include "ir/shape.h"
#include "opt/rebuild.h"
#include "opt/vmap.h"

/* A carried value c that only starts a product's chains, c' = dot(a, b, base c): one product behind the loop. */
typedef struct egi_lift_sum {
    egi_id loop, dot, item;    /* of from */
    egi_id left, right;        /* operands by rows, read without a stack; 0: stacked */
    int64_t at_left, at_right; /* which of the stacks that the loop gets */
} egi_lift_sum;

/* What a loop gets while the graph is copied; ids are of the copy. */
typedef struct egi_lift_more {
    egi_id loop; /* of from */
    egi_id param, sequence, stack;
} egi_lift_more;

/* Bytes that the pass may add to a function's memory. */
#define EGI_LIFT_ROOM ((int64_t)64 << 20)

typedef struct egi_lift {
    const egi_graph *from;
    bool *rows;     /* node: by rows */
    bool *plain;    /* node: by rows, through views and lifted products alone: it costs nothing for all steps */
    bool *lifted;   /* node: a product that is made for all steps */
    bool *shown;    /* node: a run that is cancelled shows it, or what is made of it, to the user */
    uint32_t *uses; /* node: by operands and results */
    egi_id *all;    /* node by rows: its value for all steps, in the copy */
    EGI_VEC(egi_lift_sum) sums;
    EGI_VEC(egi_lift_more) more;
    egi_vmap copies; /* steps are made as copies of a function are */
    int64_t room;    /* bytes that the pass may still add */
} egi_lift;

/* The graph with products lifted out of its loops, simplified; NULL if there are none, or after an error of the
 * context. */
egi_graph *egi_lift_graph(const egi_graph *from);

/* -- lift_find.c: which ------------------------------------------------------------------------------------------- */

void egi_lift_find(egi_lift *l);
/* The steps of the loop whose body the region is; 0: they are not known, or it is no loop's body. */
int64_t egi_lift_steps(const egi_graph *g, uint16_t region);
/* The operand of a transpose of the last two axes; 0: it is none. */
egi_id egi_lift_unflipped(const egi_graph *g, egi_id id);

/* -- lift_make.c: how --------------------------------------------------------------------------------------------- */

egi_rewrite egi_lift_rewrite(egi_lift *l);

#endif
