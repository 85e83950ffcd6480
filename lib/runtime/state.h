/* States: the memory of all variables, and what runs of functions keep between them. */
#ifndef EGI_STATE_H
#define EGI_STATE_H

#include <stdatomic.h>

#include "core/context.h"
#include "jit/code.h"

struct egi_bound; /* lib/runtime/bind.h: buffers of a function in this state */
struct egi_crew;  /* lib/runtime/copies.c: the same of one whose copies run one by one */

struct eg_state {
    eg_context *eg;
    char *block; /* one block: an egi_block, a slot a variable, room for steps (eg_block_of) */
    size_t bytes;
    size_t room, has_room; /* bytes wanted behind the variables, and what the block has */
    void **slot;           /* for each variable of the context that the block has */
    int64_t num;           /* variables in the block */
    atomic_int cancel;
    atomic_flag busy; /* a run is using it */
    eg_status status;
    char message[512];
    EGI_VEC(struct egi_bound *) bound;
    EGI_VEC(struct egi_crew *) crews;
};

/* The state itself, or the context's own; NULL after an error. */
eg_state *egi_state_of(eg_context *eg, eg_state *s);
static inline egi_block *egi_block_head(const eg_state *s) { return (egi_block *)(void *)s->block; }

/* Room for all variables the context has by now, and s->room bytes behind them; values are kept. */
bool egi_state_fit(eg_state *s);
/* Place of each variable that the context has by now, and of the end of them all; `at` may be NULL.  false when out of
 * memory: the sum does not fit. */
bool egi_state_layout(const eg_context *eg, int64_t *at, int64_t *end);
/* Bytes of the blocks that a state holds, with `room` behind the variables; false as above. */
bool egi_state_need(const eg_context *eg, size_t room, size_t *block, size_t *slots);
/* A name for the layout of the context's states as of now. */
uint64_t egi_state_magic(const eg_context *eg);
/* Initial value of a variable. */
void egi_state_initial(const eg_var *v, void *to);
void egi_state_destroy(eg_state *s);

#endif
