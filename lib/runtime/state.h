/* States: the memory of all variables, and what runs of functions keep between them. */
#ifndef EGI_STATE_H
#define EGI_STATE_H

#include <stdatomic.h>

#include "core/context.h"

struct egi_bound; /* lib/runtime/bind.h: buffers of a function in this state */

struct eg_state {
    eg_context *eg;
    char *block; /* one block, a slot a variable */
    size_t bytes;
    void **slot;        /* for each variable of the context that the block has */
    int64_t num;        /* variables in the block */
    uint64_t execution; /* random draws so far */
    atomic_int cancel;
    atomic_flag busy; /* a run is using it */
    eg_status status;
    char message[512];
    EGI_VEC(struct egi_bound *) bound;
};

/* The state itself, or the context's own; NULL after an error. */
eg_state *egi_state_of(eg_context *eg, eg_state *s);
/* Room for all variables the context has by now; values are kept. */
bool egi_state_fit(eg_state *s);
void egi_state_destroy(eg_state *s);

#endif
