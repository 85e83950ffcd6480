/* Synapses whose conductance jumps and decays. */
#include <math.h>
#include <stddef.h>

#include "projection.h"

typedef struct exp_synapse {
    projection of;
    double tau;
    eg_output output;
    eg_var *g;
} exp_synapse;

eg_exp_synapse_params eg_exp_synapse_defaults(void)
{
    return (eg_exp_synapse_params){.tau = 8, .g_max = 1, .output = eg_cuba()};
}

static void setup(eg_system *self)
{
    exp_synapse *y = eg_self(self);
    eg_check_param(self, y->tau > 0 && isfinite(y->tau), "tau", y->tau, "use a time constant in ms above 0");
    if (!projection_setup(self, &y->of) || !projection_output(self, y->of.post, &y->output, "input")) return;
    y->g = eg_add_variable(self, "g", eg_floats(y->of.post), eg_init_constant(0));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    exp_synapse *y = eg_self(self);
    eg_val decay = eg_exp(eg_div(eg_neg(s.dt), y->tau));
    eg_val g = projection_deliver(self, &y->of, eg_mul(eg_get(y->g), decay));
    (void)x;
    eg_set(y->g, g);
    eg_accumulate(y->of.post, y->output.target, y->output.current(&y->output, y->of.post, g));
    return g;
}

static const eg_class exponential_class = {
    .name = "Exponential", .role = EG_PROJECTION, .size = sizeof(exp_synapse), .setup = setup, .update = update};

eg_system *(eg_exp_synapse)(eg_system *parent, const char *name, eg_system *pre, eg_system *post, eg_csr *connections,
                            const eg_exp_synapse_params *params, const char *file, int line)
{
    eg_exp_synapse_params p = params ? *params : eg_exp_synapse_defaults();
    exp_synapse y = {.of = {pre, post, connections, p.g_max, p.weight, p.delay_step, NULL, NULL, 0, NULL},
                     .tau = p.tau,
                     .output = p.output};
    return (eg_system_new)(parent, name, &exponential_class, eg_num(post), &y, file, line);
}
