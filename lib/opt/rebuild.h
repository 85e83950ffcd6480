/* Copying a graph into a new one, the only way a pass changes anything. */
#ifndef EGI_REBUILD_H
#define EGI_REBUILD_H

#include "ir/graph.h"

/* Drops what no result, write or host call needs (single carried values of loops too), replaces loop states that never
 * change by their value outside, and lets freed nodes move out of their loops.  NULL after an error; `from` stays. */
egi_graph *egi_simplify(const egi_graph *from);
/* The same, with CUSTOM and BATCH_MEAN nodes replaced by their values: what runs. */
egi_graph *egi_strip(const egi_graph *from);
/* The same, with CUSTOM nodes alone replaced: what is printed. */
egi_graph *egi_strip_custom(const egi_graph *from);
/* Is there a node of this operation? */
bool egi_holds(const egi_graph *g, egi_op op);

#endif
