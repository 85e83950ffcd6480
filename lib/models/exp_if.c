/* Exponential integrate-and-fire neurons. */
#include "neuron.h"

typedef struct exp_if {
    eg_exp_if_params p;
    eg_var *V, *input, *refractory;
} exp_if;

eg_exp_if_params eg_exp_if_defaults(void)
{
    return (eg_exp_if_params){
        .V_rest = -65, .V_reset = -68, .V_th = -30, .V_T = -59.9, .delta_T = 3.48, .R = 1, .tau = 10};
}

static void setup(eg_system *self)
{
    exp_if *n = eg_self(self);
    const eg_exp_if_params *p = &n->p;
    check_finite(self, NAMED({"V_rest", p->V_rest}, {"V_reset", p->V_reset}, {"V_T", p->V_T}, {"R", p->R}));
    eg_check_param(self, p->delta_T > 0 && isfinite(p->delta_T), "delta_T", p->delta_T, "use a width in mV above 0");
    check_times(self, NAMED({"tau", p->tau}));
    check_threshold(self, p->V_th);
    check_noise(self, p->noise);
    n->V = add_state(self, "V", p->V_init, p->V_rest);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
    n->refractory = add_refractory(self, p->tau_ref);
}

static eg_val dV(void *user, eg_val x)
{
    const eg_exp_if_params *p = user;
    eg_val V = eg_item(x, 0), I = eg_item(x, 1);
    eg_val leak = eg_sub(p->V_rest, V), up = upstroke(V, p->V_T, p->delta_T);
    return eg_div(eg_add(eg_add(leak, up), eg_mul(p->R, I)), p->tau);
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    exp_if *n = eg_self(self);
    eg_exp_if_params *p = &n->p;
    eg_context *eg = eg_system_context(self);
    eg_val V = eg_get(n->V), I = eg_add(eg_get(n->input), x);
    eg_val V_new = eg_exp_euler(eg, dV, p, eg_tuple(eg, 2, (eg_val[]){V, I}), 0, s.dt);
    V_new = held(n->refractory, V, with_noise(self, s, p->noise, V_new));
    eg_val spike = eg_ge(V_new, p->V_th);
    hold(n->refractory, s, p->tau_ref, spike);
    eg_set(n->V, eg_where(spike, p->V_reset, V_new));
    return eg_fire(self, V_new, p->V_th, &p->surrogate);
}

static const eg_class exp_if_class = {
    .name = "ExpIF", .role = EG_GROUP, .size = sizeof(exp_if), .setup = setup, .update = update};

eg_system *(eg_exp_if)(eg_system *parent, const char *name, int64_t num, const eg_exp_if_params *params,
                       const char *file, int line)
{
    exp_if n = {.p = params ? *params : eg_exp_if_defaults()};
    return (eg_system_new)(parent, name, &exp_if_class, num, &n, file, line);
}
