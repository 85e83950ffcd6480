/* Integrate-and-fire neurons whose spikes raise their threshold. */
#include "engram/transform.h"
#include "neuron.h"

typedef struct alif {
    eg_alif_params p;
    eg_var *V, *a, *input, *refractory;
} alif;

eg_alif_params eg_alif_defaults(void)
{
    return (eg_alif_params){
        .V_th = 1, .R = 1, .beta = 1.6, .tau = 20, .tau_a = 2000, .surrogate = eg_surrogate_relu_grad(0.3, 1)};
}

static void setup(eg_system *self)
{
    alif *n = eg_self(self);
    const eg_alif_params *p = &n->p;
    check_finite(self, NAMED({"V_rest", p->V_rest}, {"R", p->R}, {"beta", p->beta}));
    eg_check_param(self, p->V_th != 0 && isfinite(p->V_th), "V_th", p->V_th,
                   "use a finite potential other than 0: a spike subtracts it");
    check_times(self, NAMED({"tau", p->tau}, {"tau_a", p->tau_a}));
    check_noise(self, p->noise);
    n->V = add_state(self, "V", p->V_init, p->V_rest);
    n->a = add_state(self, "a", p->a_init, 0);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
    n->refractory = add_refractory(self, p->tau_ref);
}

static eg_val dV(void *user, eg_val x)
{
    const eg_alif_params *p = user;
    eg_val V = eg_item(x, 0), I = eg_item(x, 2);
    return eg_div(eg_add(eg_sub(p->V_rest, V), eg_mul(p->R, I)), p->tau);
}

static eg_val da(void *user, eg_val x)
{
    const eg_alif_params *p = user;
    return eg_div(eg_neg(eg_item(x, 1)), p->tau_a);
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    alif *n = eg_self(self);
    eg_alif_params *p = &n->p;
    eg_context *eg = eg_system_context(self);
    eg_val V = eg_get(n->V), a = eg_get(n->a), I = eg_add(eg_get(n->input), x);
    eg_val old = eg_tuple(eg, 3, (eg_val[]){V, a, I});
    eg_val V_new = eg_exp_euler(eg, dV, p, old, 0, s.dt), a_new = eg_exp_euler(eg, da, p, old, 1, s.dt);
    V_new = held(n->refractory, V, with_noise(self, s, p->noise, V_new));
    eg_val V_th = eg_add(p->V_th, eg_mul(p->beta, a)), scale = eg_real(1 / fabs(p->V_th));
    bool training = eg_mode_of(self) == EG_TRAINING; /* the surrogate is one of thresholds, not of mV */
    eg_val spike = training ? eg_fire(self, eg_mul(eg_sub(V_new, V_th), scale), 0.0, &p->surrogate)
                            : eg_fire(self, V_new, V_th, NULL);
    eg_val z = eg_convert(spike, eg_float_type(self));
    hold(n->refractory, s, p->tau_ref, eg_ge(V_new, V_th));
    eg_set(n->V, eg_sub(V_new, eg_mul(p->V_th, p->eprop ? eg_stop_gradient(z) : z)));
    eg_set(n->a, eg_add(a_new, z));
    return spike;
}

static const eg_class alif_class = {
    .name = "ALIF", .role = EG_GROUP, .size = sizeof(alif), .setup = setup, .update = update};

eg_system *(eg_alif)(eg_system *parent, const char *name, int64_t num, const eg_alif_params *params, const char *file,
                     int line)
{
    alif n = {.p = params ? *params : eg_alif_defaults()};
    return (eg_system_new)(parent, name, &alif_class, num, &n, file, line);
}
