/* Copies of a function side by side, as a pass. */
#ifndef EGI_OPT_VMAP_GRAPH_H
#define EGI_OPT_VMAP_GRAPH_H

#include "ir/graph.h"

/* A graph that does what `num` calls of `from` do; not yet simplified.  arg[k]: argument k has an axis of copies (NULL:
 * all do).  all[k]: the variable of [num, ...] that holds from->vars.at[k] for all copies; NULL: they share it, and may
 * then only read it.  Results have the axis.  same_draws: random draws
 * do not differ by themselves.  NULL after an error. */
egi_graph *egi_vmap_graph(const egi_graph *from, int64_t num, const bool *arg, eg_var *const *all, bool same_draws);

#endif
