/* Izhikevich's simple model. */
#include "neuron.h"

typedef struct izhikevich {
    eg_izhikevich_params p;
    eg_var *V, *u, *input, *refractory;
} izhikevich;

eg_izhikevich_params eg_izhikevich_defaults(void)
{
    return (eg_izhikevich_params){.a = 0.02, .b = 0.2, .c = -65, .d = 8, .V_th = 30};
}

static void setup(eg_system *self)
{
    izhikevich *n = eg_self(self);
    const eg_izhikevich_params *p = &n->p;
    check_finite(self, NAMED({"a", p->a}, {"b", p->b}, {"c", p->c}, {"d", p->d}));
    check_threshold(self, p->V_th);
    check_noise(self, p->noise);
    n->V = add_state(self, "V", p->V_init, 0);
    n->u = add_state(self, "u", p->u_init, 1);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
    n->refractory = add_refractory(self, p->tau_ref);
}

static eg_val dV(void *user, eg_val x)
{
    (void)user;
    eg_val V = eg_item(x, 0), u = eg_item(x, 1), I = eg_item(x, 2);
    eg_val up = eg_add(eg_mul(eg_add(eg_mul(0.04, V), 5), V), 140);
    return eg_add(eg_sub(up, u), I);
}

static eg_val du(void *user, eg_val x)
{
    const eg_izhikevich_params *p = user;
    eg_val V = eg_item(x, 0), u = eg_item(x, 1);
    return eg_mul(p->a, eg_sub(eg_mul(p->b, V), u));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    izhikevich *n = eg_self(self);
    eg_izhikevich_params *p = &n->p;
    eg_context *eg = eg_system_context(self);
    eg_val V = eg_get(n->V), I = eg_add(eg_get(n->input), x);
    eg_val old = eg_tuple(eg, 3, (eg_val[]){V, eg_get(n->u), I});
    eg_val V_new = eg_exp_euler(eg, dV, p, old, 0, s.dt), u_new = eg_exp_euler(eg, du, p, old, 1, s.dt);
    V_new = held(n->refractory, V, with_noise(self, s, p->noise, V_new));
    eg_val spike = eg_ge(V_new, p->V_th);
    hold(n->refractory, s, p->tau_ref, spike);
    eg_set(n->V, eg_where(spike, p->c, V_new));
    eg_set(n->u, eg_where(spike, eg_add(u_new, p->d), u_new));
    return eg_fire(self, V_new, p->V_th, &p->surrogate);
}

static const eg_class izhikevich_class = {
    .name = "Izhikevich", .role = EG_GROUP, .size = sizeof(izhikevich), .setup = setup, .update = update};

eg_system *(eg_izhikevich)(eg_system *parent, const char *name, int64_t num, const eg_izhikevich_params *params,
                           const char *file, int line)
{
    izhikevich n = {.p = params ? *params : eg_izhikevich_defaults()};
    return (eg_system_new)(parent, name, &izhikevich_class, num, &n, file, line);
}
