/* Copying nodes of one graph into another. */
#ifndef EGI_COPY_H
#define EGI_COPY_H

#include "ir/graph.h"

/* A node that neither owns nor belongs to a region's interface (no parameter, item or region node), with the images of
 * its operands: elementwise ones are folded anew. */
egi_id egi_copy_plain(egi_graph *to, const egi_graph *from, egi_id id, const egi_id *map);

/* Copies a whole function's graph into the region being built in `to`: arg[k] stands for argument k, var[k] for the
 * value of from->vars.at[k] when the function starts.  map[id] becomes the image of each node, map[0] stays 0; it has
 * room for all of `from`.  Captured objects are captured in `to` too, random streams are new ones.  False after an
 * error. */
bool egi_copy_into(egi_graph *to, const egi_graph *from, const egi_id *arg, const egi_id *var, egi_id *map);

#endif
