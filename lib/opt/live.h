/* What liveness (live.c) and copying (rebuild.c) share. */
#ifndef EGI_LIVE_H
#define EGI_LIVE_H

#include "ir/graph.h"

typedef struct egi_live {
    const egi_graph *g;
    bool *at; /* for each node */
    egi_ids pending;
    bool strip, failed;
} egi_live;

/* Marks what results, writes and host calls need; with `strip` not what only gradients need.  False when
 * out of memory; free with egi_live_free either way. */
bool egi_live_find(egi_live *l, const egi_graph *g, bool strip);
void egi_live_free(egi_live *l);

/* Owner of a parameter, and which carried value it is; -1 for i and rows. */
int64_t egi_carried_index(const egi_graph *g, egi_id param, egi_id *owner);
/* Initial value and parameter of carried value k; the region of the body. */
egi_id egi_carried_init(const egi_graph *g, egi_id owner, int64_t k);
egi_id egi_carried_param(const egi_graph *g, egi_id owner, uint16_t region, int64_t k);
uint16_t egi_body_of(const egi_graph *g, egi_id owner);

#endif
