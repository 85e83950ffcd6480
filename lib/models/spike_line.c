/* Past spikes of a group, remembered once for all its projections. */
#include <stdio.h>
#include <string.h>

#include "projection.h"

/* The ring is made when it is first traced: until then it can still become longer. */
typedef struct spike_line {
    eg_system *group;
    int64_t most;
    eg_delay *ring;
} spike_line;

static eg_delay *ring_of(eg_system *self)
{
    spike_line *l = eg_self(self);
    if (l->ring) return l->ring;
    char name[400];
    snprintf(name, sizeof name, "%s.line", eg_system_path(self));
    l->ring = eg_delay_new(eg_system_context(self), name, eg_vector(EG_BOOL, eg_num(l->group)), l->most);
    return l->ring;
}

/* At the end of a step, after the groups: in the next step the last entry is the spikes of the step before. */
static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    const spike_line *l = eg_self(self);
    (void)s;
    eg_delay_push(ring_of(self), eg_value(l->group, "spike"));
    return x; /* in a Sequential, what the group gave goes on */
}

static void reset(eg_system *self, eg_state *state)
{
    const spike_line *l = eg_self(self);
    bool *ring = l->ring ? eg_data(state, eg_delay_ring(l->ring)) : NULL;
    int32_t *head = l->ring ? eg_data(state, eg_delay_head(l->ring)) : NULL;
    if (!ring || !head) return;
    memset(ring, 0, (size_t)(eg_num(l->group) * (l->most + 1)));
    *head = 0;
}

static const eg_class line_class = {
    .name = "SpikeLine", .role = EG_OTHER, .size = sizeof(spike_line), .update = update, .reset_state = reset};

/* Beside the group, and made after it: so it is updated after it. */
eg_system *spike_line_of(eg_system *group, int64_t most)
{
    eg_system *parent = eg_system_parent(group), *s;
    for (int k = 0; (s = eg_system_child(parent, k)); k++) {
        spike_line *l = eg_class_of(s) == &line_class ? eg_self(s) : NULL;
        if (!l || l->group != group || (l->ring && l->most < most)) continue;
        if (l->most < most) l->most = most;
        return s;
    }
    return eg_system_new(parent, NULL, &line_class, 0, &(spike_line){.group = group, .most = most});
}

eg_val spike_line_read(eg_system *line, eg_val steps) { return eg_delay_read(ring_of(line), steps); }
