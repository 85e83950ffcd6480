/* Past spikes of a group, remembered once for all its projections. */
#include <stdio.h>

#include "projection.h"
#include "system.h"

/* The ring is made when it is first traced: until then it can still become longer.  Spikes in training have another. */
typedef struct spike_line {
    eg_system *group;
    int64_t most;
    eg_delay *ring[2];
} spike_line;

static eg_delay *ring_of(eg_system *self)
{
    spike_line *l = eg_self(self);
    bool floats = eg_mode_of(self) == EG_TRAINING;
    if (l->ring[floats]) return l->ring[floats];
    char name[400];
    snprintf(name, sizeof name, "%s.%s", eg_system_path(self), floats ? "float" : "line");
    eg_spec spec = eg_vector(floats ? eg_float_type(self) : EG_BOOL, eg_num(l->group));
    eg_delay *d = eg_delay_new(eg_system_context(self), name, spec, l->most);
    if (!d || !adopt_variable(self, eg_delay_ring(d)) || !adopt_variable(self, eg_delay_head(d))) return NULL;
    return l->ring[floats] = d;
}

/* At the end of a step, after the groups: in the next step the last entry is the spikes of the step before. */
static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    const spike_line *l = eg_self(self);
    (void)s;
    eg_delay_push(ring_of(self), eg_value(l->group, "spike"));
    return x; /* in a Sequential, what the group gave goes on */
}

static const eg_class line_class = {
    .name = "SpikeLine", .role = EG_OTHER, .size = sizeof(spike_line), .update = update};

/* Beside the group, and made after it: so it is updated after it. */
eg_system *spike_line_of(eg_system *group, int64_t most)
{
    eg_system *parent = eg_system_parent(group), *s;
    for (int k = 0; (s = eg_system_child(parent, k)); k++) {
        spike_line *l = eg_class_of(s) == &line_class ? eg_self(s) : NULL;
        if (!l || l->group != group || ((l->ring[0] || l->ring[1]) && l->most < most)) continue;
        if (l->most < most) l->most = most;
        return s;
    }
    return eg_system_new(parent, NULL, &line_class, 0, &(spike_line){.group = group, .most = most});
}

eg_val spike_line_read(eg_system *line, eg_val steps) { return eg_delay_read(ring_of(line), steps); }
