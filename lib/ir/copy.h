/* Copying nodes of one graph into another. */
#ifndef EGI_COPY_H
#define EGI_COPY_H

#include "ir/graph.h"

/* A node that neither owns nor belongs to a region's interface (no parameter, item or region node), with the images of
 * its operands: elementwise ones are folded anew. */
egi_id egi_copy_plain(egi_graph *to, const egi_graph *from, egi_id id, const egi_id *map);

/* Arguments, captured objects and the number of streams of `from`, under the same numbers in the empty graph `to`. */
bool egi_copy_lists(egi_graph *to, const egi_graph *from);

/* A place of `from` as one of `to`, whose arena then holds its texts.  image[] has room for all places of `from` and
 * starts as zeros. */
uint32_t egi_copy_loc(egi_graph *to, const egi_graph *from, uint32_t loc, uint32_t *image);

/* Copies a whole function's graph into the region being built in `to`: arg[k] stands for argument k, var[k] for the
 * value of from->vars.at[k] when the function starts.  map[id] becomes the image of each node, map[0] stays 0; it has
 * room for all of `from`.  Captured objects are captured in `to` too, random streams are new ones, rules of custom
 * gradients are shared.  False after an error. */
bool egi_copy_into(egi_graph *to, const egi_graph *from, const egi_id *arg, const egi_id *var, egi_id *map);

#endif
