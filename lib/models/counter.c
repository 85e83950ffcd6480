/* Counting spikes.  They are delivered like synaptic events, each neuron's to its own count, along with those of the
 * step before: that costs something for each spike; adding 0 or 1 to every count took a fifth of COBA's time. */
#include <stddef.h>

#include "engram/models.h"
#include "engram/modes.h"

typedef struct counter {
    eg_system *group;
    eg_csr *to_itself;
    eg_var *count;
} counter;

static void setup(eg_system *self)
{
    int line;
    const char *file = eg_system_place(self, &line);
    counter *c = eg_self(self);
    if (!c->group)
        eg_system_fail(self, EG_ERR_ARGUMENT, "the group is NULL; give the one whose spikes are counted");
    else if (eg_system_context(c->group) != eg_system_context(self))
        eg_system_fail(self, EG_ERR_SCOPE, "the group must be of its own context");
    (eg_system_variable)(c->group, "spike", file, line); /* an error if there is none */
    c->to_itself = eg_one_to_one(eg_system_context(self), eg_num(self));
    c->count = eg_add_variable(self, "count", eg_vector(EG_I32, eg_num(self)), eg_init_constant(0));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    counter *c = eg_self(self);
    (void)s;
    (void)x;
    eg_val spike = eg_value(c->group, "spike");
    if (eg_mode_of(self) == EG_TRAINING) spike = eg_ne(spike, 0); /* counts are whole, and without gradient */
    eg_set(c->count, eg_event_add(eg_get(c->count), c->to_itself, spike, 1));
    return eg_nothing();
}

static const eg_class counter_class = {
    .name = "SpikeCounter", .role = EG_PROJECTION, .size = sizeof(counter), .setup = setup, .update = update};

eg_system *(eg_spike_counter)(eg_system *parent, const char *name, eg_system *group, const char *file, int line)
{
    return (eg_system_new)(parent, name, &counter_class, eg_num(group), &(counter){.group = group}, file, line);
}

int64_t eg_spike_count(eg_system *s, eg_state *state)
{
    if (!s || eg_error(eg_system_context(s))) return -1;
    if (eg_class_of(s) != &counter_class) {
        eg_system_fail(s, EG_ERR_ARGUMENT, "it counts no spikes; make a counter by eg_spike_counter()");
        return -1;
    }
    const counter *c = eg_self(s);
    if (eg_mode_of(s) != EG_NONBATCHING) {
        eg_system_fail(s, EG_ERR_STATE,
                       "it adds up the spikes of one sample; of a batch read eg_batch_variable(counter, "
                       "\"count\", samples)");
        return -1;
    }
    const int32_t *n = eg_data(state, c->count);
    const bool *last = eg_data(state, (eg_system_variable)(c->group, "spike", NULL, 0));
    int64_t sum = 0, from = 0;
    eg_whole(c->group, &from);
    for (int64_t k = 0; n && last && k < eg_num(s); k++) sum += n[k] + last[from + k];
    return n && last ? sum : -1;
}
