/* Leaky integrate-and-fire neurons. */
#include "neuron.h"

typedef struct lif {
    eg_lif_params p;
    eg_var *V, *input, *refractory;
} lif;

eg_lif_params eg_lif_defaults(void) { return (eg_lif_params){.V_reset = -5, .V_th = 20, .R = 1, .tau = 10}; }

static void setup(eg_system *self)
{
    lif *n = eg_self(self);
    const eg_lif_params *p = &n->p;
    check_membrane(self, p->method, p->V_rest, p->R, p->tau);
    check_finite(self, NAMED({"V_reset", p->V_reset}));
    check_threshold(self, p->V_th);
    check_noise(self, p->noise);
    n->V = add_state(self, "V", p->V_init, p->V_rest);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
    n->refractory = add_refractory(self, p->tau_ref);
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    lif *n = eg_self(self);
    const eg_lif_params *p = &n->p;
    eg_val V = eg_get(n->V), I = eg_add(eg_get(n->input), x);
    eg_val V_new = membrane_step(p->method, p->V_rest, p->R, p->tau, s.dt, V, I);
    V_new = held(n->refractory, V, with_noise(self, s, p->noise, V_new));
    eg_val spike = eg_ge(V_new, p->V_th);
    hold(n->refractory, s, p->tau_ref, spike);
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
