/* Regions: which lie in which, and the nodes that belong to them. */
#include "ir/region.h"

/* -- asking ------------------------------------------------------------------------------------------------------- */

bool egi_region_within(const egi_graph *g, uint16_t region, uint16_t r)
{
    while (g->regions.at[region].depth > g->regions.at[r].depth) region = g->regions.at[region].parent;
    return region == r;
}

egi_id egi_owner_in(const egi_graph *g, uint16_t region, uint16_t outer)
{
    if (region == outer || !egi_region_within(g, region, outer)) return 0;
    while (g->regions.at[region].parent != outer) region = g->regions.at[region].parent;
    return g->regions.at[region].owner;
}

void egi_by_region(const egi_graph *g, egi_id *order, uint32_t *first)
{
    for (egi_id id = 1; id < g->nodes.n; id++) first[egi_at(g, id)->region + 1]++;
    for (int64_t r = 0; r < g->regions.n; r++) first[r + 1] += first[r];
    for (egi_id id = 1; id < g->nodes.n; id++) order[first[egi_at(g, id)->region]++] = id;
    /* Filling moved every start to the next one's. */
    for (int64_t r = g->regions.n; r > 0; r--) first[r] = first[r - 1];
    first[0] = 0;
}

/* -- making ------------------------------------------------------------------------------------------------------- */

egi_id egi_param_make(egi_graph *g, uint16_t region, uint64_t k, eg_spec spec)
{
    egi_shape s = egi_shape_of_spec(spec);
    int64_t r = region;
    return egi_node_make(g, &(egi_make){.op = EGI_PARAM,
                                        .dtype = spec.dtype,
                                        .shape = egi_shape_intern(g, &s),
                                        .attr = egi_ints(g, 1, &r),
                                        .imm = k});
}

egi_id egi_owner_make(egi_graph *g, egi_op op, const egi_ids *args, int n, const int64_t *attr)
{
    egi_id id = egi_node_make(g, &(egi_make){.op = op,
                                             .dtype = EG_DTYPE_COUNT,
                                             .num_args = (uint32_t)args->n,
                                             .args = args->at,
                                             .attr = egi_ints(g, n, attr)});
    for (int k = 0; k < (op == EGI_LOOP ? 1 : 2); k++) g->regions.at[attr[k]].owner = id;
    return id;
}
