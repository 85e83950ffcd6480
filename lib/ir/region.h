/* Regions as passes and the tracer see them. */
#ifndef EGI_IR_REGION_H
#define EGI_IR_REGION_H

#include "ir/graph.h"

/* Is the region inside of r, or r itself? */
bool egi_region_within(const egi_graph *g, uint16_t region, uint16_t r);
/* The node of region `outer` that owns `region` or one around it; 0 if `region` is `outer`, or not inside of it. */
egi_id egi_owner_in(const egi_graph *g, uint16_t region, uint16_t outer);
/* Nodes by region, ascending in each: those of r are order[first[r]] .. order[first[r + 1]].  first[] has room for two
 * more than there are regions, and starts as zeros. */
void egi_by_region(const egi_graph *g, egi_id *order, uint32_t *first);

/* Parameter k of a region that is being built; the caller puts it into the region's list. */
egi_id egi_param_make(egi_graph *g, uint16_t region, uint64_t k, eg_spec spec);
/* A node that owns regions: attr begins with them, one (loop) or two.  0 after a failure. */
egi_id egi_owner_make(egi_graph *g, egi_op op, const egi_ids *args, int n, const int64_t *attr);

#endif
