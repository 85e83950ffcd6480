/* Adaptive quadratic integrate-and-fire neurons. */
#include "neuron.h"

typedef struct adqua_if {
    eg_adqua_if_params p;
    eg_var *V, *w, *input, *refractory;
} adqua_if;

eg_adqua_if_params eg_adqua_if_defaults(void)
{
    return (eg_adqua_if_params){
        .V_rest = -65, .V_reset = -68, .V_th = -30, .V_c = -50, .c = 0.07, .a = 1, .b = 0.1, .tau = 10, .tau_w = 10};
}

static void setup(eg_system *self)
{
    adqua_if *n = eg_self(self);
    const eg_adqua_if_params *p = &n->p;
    check_finite(self, NAMED({"V_rest", p->V_rest}, {"V_reset", p->V_reset}, {"V_c", p->V_c}, {"c", p->c}, {"a", p->a},
                             {"b", p->b}));
    check_times(self, NAMED({"tau", p->tau}, {"tau_w", p->tau_w}));
    check_threshold(self, p->V_th);
    check_noise(self, p->noise);
    n->V = add_state(self, "V", p->V_init, p->V_rest);
    n->w = add_state(self, "w", p->w_init, 0);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
    n->refractory = add_refractory(self, p->tau_ref);
}

static eg_val dV(void *user, eg_val x)
{
    const eg_adqua_if_params *p = user;
    eg_val V = eg_item(x, 0), w = eg_item(x, 1), I = eg_item(x, 2);
    eg_val up = eg_mul(eg_mul(p->c, eg_sub(V, p->V_rest)), eg_sub(V, p->V_c));
    return eg_div(eg_add(eg_sub(up, w), I), p->tau);
}

static eg_val dw(void *user, eg_val x)
{
    const eg_adqua_if_params *p = user;
    eg_val V = eg_item(x, 0), w = eg_item(x, 1);
    return eg_div(eg_sub(eg_mul(p->a, eg_sub(V, p->V_rest)), w), p->tau_w);
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    adqua_if *n = eg_self(self);
    eg_adqua_if_params *p = &n->p;
    eg_context *eg = eg_system_context(self);
    eg_val V = eg_get(n->V), I = eg_add(eg_get(n->input), x);
    eg_val old = eg_tuple(eg, 3, (eg_val[]){V, eg_get(n->w), I});
    eg_val V_new = eg_exp_euler(eg, dV, p, old, 0, s.dt), w_new = eg_exp_euler(eg, dw, p, old, 1, s.dt);
    V_new = held(n->refractory, V, with_noise(self, s, p->noise, V_new));
    eg_val spike = eg_ge(V_new, p->V_th);
    hold(n->refractory, s, p->tau_ref, spike);
    eg_set(n->V, eg_where(spike, p->V_reset, V_new));
    eg_set(n->w, eg_where(spike, eg_add(w_new, p->b), w_new));
    return eg_fire(self, V_new, p->V_th, &p->surrogate);
}

static const eg_class adqua_if_class = {
    .name = "AdQuaIF", .role = EG_GROUP, .size = sizeof(adqua_if), .setup = setup, .update = update};

eg_system *(eg_adqua_if)(eg_system *parent, const char *name, int64_t num, const eg_adqua_if_params *params,
                         const char *file, int line)
{
    adqua_if n = {.p = params ? *params : eg_adqua_if_defaults()};
    return (eg_system_new)(parent, name, &adqua_if_class, num, &n, file, line);
}
