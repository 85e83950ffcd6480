/* Reverse mode as a pass. */
#ifndef EGI_OPT_GRAD_GRAPH_H
#define EGI_OPT_GRAD_GRAPH_H

#include "engram/transform.h"
#include "ir/graph.h"

/* What is differentiated for: a variable, or (NULL) an argument. */
typedef struct egi_wrt {
    eg_var *var;
    int arg;
} egi_wrt;

/* A graph that gives the results of `from` and the gradients of `result` (a floating node of region 0, a scalar unless
 * o->pullback); not yet simplified.  NULL after an error. */
egi_graph *egi_gradient(const egi_graph *from, egi_id result, int n, const egi_wrt *wrt, const eg_gradient_options *o);

#endif
