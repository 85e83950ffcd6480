/* Synapses without a time course: each spike adds its weight at once. */
#include <stddef.h>

#include "projection.h"

typedef struct delta {
    projection of;
    eg_output output;
    bool skip_refractory;
} delta;

eg_delta_synapse_params eg_delta_synapse_defaults(void)
{
    return (eg_delta_synapse_params){.g_max = 1, .output = eg_cuba()};
}

static void setup(eg_system *self)
{
    delta *y = eg_self(self);
    if (!projection_setup(self, &y->of)) return;
    projection_output(self, y->of.post, &y->output, "V");
    if (y->skip_refractory) eg_system_variable(y->of.post, "refractory");
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    delta *y = eg_self(self);
    (void)s;
    (void)x;
    eg_val nothing = eg_zeros(eg_system_context(self), eg_floats(y->of.post));
    eg_val current = y->output.current(&y->output, y->of.post, projection_deliver(self, &y->of, nothing));
    if (y->skip_refractory) current = eg_where(eg_ne(eg_value(y->of.post, "refractory"), 0), 0.0, current);
    eg_accumulate(y->of.post, y->output.target, current);
    return current;
}

static const eg_class delta_class = {
    .name = "Delta", .role = EG_PROJECTION, .size = sizeof(delta), .setup = setup, .update = update};

eg_system *(eg_delta_synapse)(eg_system *parent, const char *name, eg_system *pre, eg_system *post, eg_csr *connections,
                              const eg_delta_synapse_params *params, const char *file, int line)
{
    eg_delta_synapse_params p = params ? *params : eg_delta_synapse_defaults();
    delta y = {.of = {pre, post, connections, p.g_max, p.weight, p.delay_step, NULL, NULL, 0, NULL},
               .output = p.output,
               .skip_refractory = p.skip_refractory};
    return (eg_system_new)(parent, name, &delta_class, eg_num(post), &y, file, line);
}
