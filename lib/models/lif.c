/* Leaky integrate-and-fire neurons. */
#include <math.h>
#include <stddef.h>

#include "membrane.h"

typedef struct lif {
    eg_lif_params p;
    eg_var *V, *input, *refractory;
} lif;

eg_lif_params eg_lif_defaults(void) { return (eg_lif_params){.V_reset = -5, .V_th = 20, .R = 1, .tau = 10}; }

static void setup(eg_system *self)
{
    lif *n = eg_self(self);
    const eg_lif_params *p = &n->p;
    membrane_check(self, p->method, p->V_rest, p->R, p->tau);
    eg_check_param(self, p->tau_ref >= 0 && isfinite(p->tau_ref), "tau_ref", p->tau_ref,
                   "use a time in ms, 0 for none");
    eg_check_param(self, isfinite(p->V_reset), "V_reset", p->V_reset, "use a finite potential");
    eg_check_param(self, !isnan(p->V_th), "V_th", p->V_th, "use a potential, INFINITY for no spikes");
    eg_initializer V_init = p->V_init.kind ? p->V_init : eg_init_constant(p->V_rest);
    n->V = eg_add_variable(self, "V", eg_floats(self), V_init);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
    if (p->tau_ref > 0)
        n->refractory = eg_add_variable(self, "refractory", eg_vector(EG_I32, eg_num(self)), eg_init_constant(0));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    lif *n = eg_self(self);
    const eg_lif_params *p = &n->p;
    eg_val V = eg_get(n->V), left = n->refractory ? eg_get(n->refractory) : eg_nothing();
    eg_val V_new = membrane_step(p->method, p->V_rest, p->R, p->tau, s.dt, V, eg_add(eg_get(n->input), x));
    if (n->refractory) V_new = eg_where(eg_gt(left, 1), V, V_new);
    eg_val spike = eg_ge(V_new, p->V_th);
    if (n->refractory)
        eg_set(n->refractory, eg_where(spike, refractory_steps(s, p->tau_ref), eg_max(eg_sub(left, 1), 0)));
    eg_set(n->V, eg_where(spike, p->V_reset, V_new));
    return eg_fire(self, V_new, p->V_th, &p->surrogate);
}

static const eg_class lif_class = {
    .name = "LIF", .role = EG_GROUP, .size = sizeof(lif), .setup = setup, .update = update};

eg_system *(eg_lif)(eg_system *parent, const char *name, int64_t num, const eg_lif_params *params, const char *file,
                    int line)
{
    lif n = {.p = params ? *params : eg_lif_defaults()};
    return (eg_system_new)(parent, name, &lif_class, num, &n, file, line);
}
