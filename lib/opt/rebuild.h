/* Copying a graph into a new one, the only way a pass changes anything. */
#ifndef EGI_REBUILD_H
#define EGI_REBUILD_H

#include "ir/graph.h"

/* Drops what no result, write or host call needs (single carried values of loops too), replaces loop states that never
 * change by their value outside, rows of sequences that repeat one value by that, and lets freed nodes move out of
 * their loops.  NULL after an error; `from` stays. */
egi_graph *egi_simplify(const egi_graph *from);
/* The same, with CUSTOM and BATCH_MEAN nodes replaced by their values: what runs. */
egi_graph *egi_strip(const egi_graph *from);
/* The same, with CUSTOM nodes alone replaced: what is printed. */
egi_graph *egi_strip_custom(const egi_graph *from);

/* What a pass gives a loop behind what it has: sequences, with parameters of the body that have no number yet, and rows
 * to stack. */
typedef struct egi_more {
    egi_ids params, sequences, stacks;
} egi_more;
/* What a pass does otherwise than copying.  map[] holds the images of the nodes met so far, all that come before in
 * `from`; to->region is where the image would be. */
typedef struct egi_rewrite {
    void *user;
    egi_id (*node)(void *user, egi_graph *to, const egi_id *map, egi_id id);               /* an image; 0: copy it */
    void (*loop)(void *user, egi_graph *to, const egi_id *map, egi_id id, egi_more *more); /* to->region: the body */
} egi_rewrite;
/* A copy with these changes, not yet simplified; NULL after an error. */
egi_graph *egi_rewritten(const egi_graph *from, const egi_rewrite *rewrite);

/* Is there a node of this operation? */
bool egi_holds(const egi_graph *g, egi_op op);

#endif
