/* FitzHugh and Nagumo's excitable neurons. */
#include "neuron.h"

typedef struct fhn {
    eg_fhn_params p;
    eg_var *V, *w, *input;
} fhn;

eg_fhn_params eg_fhn_defaults(void) { return (eg_fhn_params){.a = 0.7, .b = 0.8, .tau = 12.5, .V_th = 1.8}; }

static void setup(eg_system *self)
{
    fhn *n = eg_self(self);
    const eg_fhn_params *p = &n->p;
    check_finite(self, NAMED({"a", p->a}, {"b", p->b}));
    check_times(self, NAMED({"tau", p->tau}));
    check_threshold(self, p->V_th);
    check_noise(self, p->noise);
    n->V = add_state(self, "V", p->V_init, 0);
    n->w = add_state(self, "w", p->w_init, 0);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
}

static eg_val dV(void *user, eg_val x)
{
    (void)user;
    eg_val V = eg_item(x, 0), w = eg_item(x, 1), I = eg_item(x, 2);
    eg_val up = eg_sub(V, eg_div(eg_pow(V, 3), 3));
    return eg_add(eg_sub(up, w), I);
}

static eg_val dw(void *user, eg_val x)
{
    const eg_fhn_params *p = user;
    eg_val V = eg_item(x, 0), w = eg_item(x, 1);
    return eg_div(eg_sub(eg_add(V, p->a), eg_mul(p->b, w)), p->tau);
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    fhn *n = eg_self(self);
    eg_fhn_params *p = &n->p;
    eg_context *eg = eg_system_context(self);
    eg_val V = eg_get(n->V), I = eg_add(eg_get(n->input), x);
    eg_val old = eg_tuple(eg, 3, (eg_val[]){V, eg_get(n->w), I});
    eg_val V_new = with_noise(self, s, p->noise, eg_exp_euler(eg, dV, p, old, 0, s.dt));
    eg_set(n->V, V_new);
    eg_set(n->w, eg_exp_euler(eg, dw, p, old, 1, s.dt));
    return eg_fire_crossing(self, V_new, V, p->V_th, &p->surrogate);
}

static const eg_class fhn_class = {
    .name = "FHN", .role = EG_GROUP, .size = sizeof(fhn), .setup = setup, .update = update};

eg_system *(eg_fhn)(eg_system *parent, const char *name, int64_t num, const eg_fhn_params *params, const char *file,
                    int line)
{
    fhn n = {.p = params ? *params : eg_fhn_defaults()};
    return (eg_system_new)(parent, name, &fhn_class, num, &n, file, line);
}
