/* Copies of a function side by side, as a pass. */
#ifndef EGI_OPT_VMAP_GRAPH_H
#define EGI_OPT_VMAP_GRAPH_H

#include "ir/graph.h"

typedef struct egi_vmap_request {
    int64_t num;        /* copies */
    const bool *arg;    /* argument k has an axis of copies; NULL: all do */
    eg_var *const *all; /* [k]: the variable of [num, ...] that holds from->vars.at[k] for all copies; NULL, or no list:
                         * they share it, and may only set it to what is the same for all */
    const bool *keep;   /* [k]: what copies set that variable to is forgotten; may be NULL */
    bool same_draws;    /* random draws do not differ by themselves */
    bool no_hosts;      /* host functions would be called, means taken, for copies that do not want it */
    bool keep_means;    /* these are no samples: BATCH_MEAN stays, for the copies of another one */
    const char *what, *file; /* for errors: whose copies, and the user's place */
    int line;
} egi_vmap_request;

/* A graph that does what `num` calls of `from` do; not yet simplified.  Results have the axis.  NULL after an error. */
egi_graph *egi_vmap_graph(const egi_graph *from, const egi_vmap_request *r);

#endif
