/* Generalised integrate-and-fire neurons: two currents that spikes set, and a threshold that moves. */
#include "neuron.h"

typedef struct gif {
    eg_gif_params p;
    eg_var *I1, *I2, *V_th, *V, *input, *refractory;
} gif;

eg_gif_params eg_gif_defaults(void)
{
    return (eg_gif_params){.V_rest = -70,
                           .V_reset = -70,
                           .V_th_inf = -50,
                           .V_th_reset = -60,
                           .R = 20,
                           .tau = 20,
                           .b = 0.01,
                           .k1 = 0.2,
                           .k2 = 0.02,
                           .R2 = 1};
}

static void setup(eg_system *self)
{
    gif *n = eg_self(self);
    const eg_gif_params *p = &n->p;
    check_finite(self, NAMED({"V_rest", p->V_rest}, {"V_reset", p->V_reset}, {"V_th_inf", p->V_th_inf},
                             {"V_th_reset", p->V_th_reset}, {"R", p->R}, {"a", p->a}, {"b", p->b}));
    check_finite(self, NAMED({"k1", p->k1}, {"k2", p->k2}, {"R1", p->R1}, {"R2", p->R2}, {"A1", p->A1}, {"A2", p->A2}));
    check_times(self, NAMED({"tau", p->tau}));
    check_noise(self, p->noise);
    n->I1 = add_state(self, "I1", p->I1_init, 0);
    n->I2 = add_state(self, "I2", p->I2_init, 0);
    n->V_th = add_state(self, "V_th", p->V_th_init, p->V_th_inf);
    n->V = add_state(self, "V", p->V_init, p->V_rest);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
    n->refractory = add_refractory(self, p->tau_ref);
}

/* -- equations: of I1, I2, V_th, V, I ------------------------------------------------------------------------------ */

static eg_val dI1(void *user, eg_val x)
{
    const eg_gif_params *p = user;
    return eg_mul(-p->k1, eg_item(x, 0));
}

static eg_val dI2(void *user, eg_val x)
{
    const eg_gif_params *p = user;
    return eg_mul(-p->k2, eg_item(x, 1));
}

static eg_val dV_th(void *user, eg_val x)
{
    const eg_gif_params *p = user;
    eg_val V_th = eg_item(x, 2), V = eg_item(x, 3);
    return eg_sub(eg_mul(p->a, eg_sub(V, p->V_rest)), eg_mul(p->b, eg_sub(V_th, p->V_th_inf)));
}

static eg_val dV(void *user, eg_val x)
{
    const eg_gif_params *p = user;
    eg_val V = eg_item(x, 3), I = eg_add(eg_add(eg_item(x, 4), eg_item(x, 0)), eg_item(x, 1));
    return eg_div(eg_add(eg_sub(p->V_rest, V), eg_mul(p->R, I)), p->tau);
}

/* -- a step -------------------------------------------------------------------------------------------------------- */

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    gif *n = eg_self(self);
    eg_gif_params *p = &n->p;
    eg_context *eg = eg_system_context(self);
    eg_val V = eg_get(n->V), V_th = eg_get(n->V_th), I = eg_add(eg_get(n->input), x);
    eg_val old = eg_tuple(eg, 5, (eg_val[]){eg_get(n->I1), eg_get(n->I2), V_th, V, I});
    eg_val I1 = with_noise(self, s, p->noise, eg_exp_euler(eg, dI1, p, old, 0, s.dt));
    eg_val I2 = eg_exp_euler(eg, dI2, p, old, 1, s.dt);
    eg_val V_th_new = eg_exp_euler(eg, dV_th, p, old, 2, s.dt);
    eg_val V_new = held(n->refractory, V, eg_exp_euler(eg, dV, p, old, 3, s.dt));
    eg_val spike = eg_ge(V_new, V_th);
    hold(n->refractory, s, p->tau_ref, spike);
    eg_set(n->I1, eg_where(spike, eg_add(eg_mul(p->R1, I1), p->A1), I1));
    eg_set(n->I2, eg_where(spike, eg_add(eg_mul(p->R2, I2), p->A2), I2));
    eg_set(n->V_th, eg_where(spike, eg_max(V_th_new, p->V_th_reset), V_th_new));
    eg_set(n->V, eg_where(spike, p->V_reset, V_new));
    return eg_fire(self, V_new, V_th, &p->surrogate);
}

static const eg_class gif_class = {
    .name = "GIF", .role = EG_GROUP, .size = sizeof(gif), .setup = setup, .update = update};

eg_system *(eg_gif)(eg_system *parent, const char *name, int64_t num, const eg_gif_params *params, const char *file,
                    int line)
{
    gif n = {.p = params ? *params : eg_gif_defaults()};
    return (eg_system_new)(parent, name, &gif_class, num, &n, file, line);
}
