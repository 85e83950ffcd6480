/* Leaky integrators: membranes that do not spike. */
#include "neuron.h"

typedef struct integrator {
    eg_leaky_integrator_params p;
    eg_var *V, *input;
} integrator;

eg_leaky_integrator_params eg_leaky_integrator_defaults(void)
{
    return (eg_leaky_integrator_params){.R = 1, .tau = 10};
}

static void setup(eg_system *self)
{
    integrator *n = eg_self(self);
    check_membrane(self, n->p.method, n->p.V_rest, n->p.R, n->p.tau);
    check_noise(self, n->p.noise);
    n->V = add_state(self, "V", n->p.V_init, 0);
    n->input = eg_add_input(self, "input", eg_floats(self));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    integrator *n = eg_self(self);
    eg_val I = eg_add(eg_get(n->input), x);
    eg_val V = membrane_step(n->p.method, n->p.V_rest, n->p.R, n->p.tau, s.dt, eg_get(n->V), I);
    V = with_noise(self, s, n->p.noise, V);
    eg_set(n->V, V);
    return V;
}

static const eg_class integrator_class = {
    .name = "LeakyIntegrator", .role = EG_GROUP, .size = sizeof(integrator), .setup = setup, .update = update};

eg_system *(eg_leaky_integrator)(eg_system *parent, const char *name, int64_t num,
                                 const eg_leaky_integrator_params *params, const char *file, int line)
{
    integrator n = {.p = params ? *params : eg_leaky_integrator_defaults()};
    return (eg_system_new)(parent, name, &integrator_class, num, &n, file, line);
}
