/* Leaky integrators: membranes that do not spike. */
#include <stddef.h>

#include "membrane.h"

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
    membrane_check(self, n->p.method, n->p.V_rest, n->p.R, n->p.tau);
    n->V = eg_add_variable(self, "V", eg_floats(self), n->p.V_init.kind ? n->p.V_init : eg_init_constant(0));
    n->input = eg_add_input(self, "input", eg_floats(self));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    integrator *n = eg_self(self);
    eg_val I = eg_add(eg_get(n->input), x);
    eg_val V = membrane_step(n->p.method, n->p.V_rest, n->p.R, n->p.tau, s.dt, eg_get(n->V), I);
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
