/* Morris and Lecar's neurons. */
#include "conductance.h"

enum { STATES = 2 };

typedef struct morris_lecar {
    eg_morris_lecar_params p;
    eg_var *V, *W, *input;
} morris_lecar;

eg_morris_lecar_params eg_morris_lecar_defaults(void)
{
    return (eg_morris_lecar_params){.V_Ca = 130,
                                    .g_Ca = 4.4,
                                    .V_K = -84,
                                    .g_K = 8,
                                    .V_leak = -60,
                                    .g_leak = 2,
                                    .C = 20,
                                    .V1 = -1.2,
                                    .V2 = 18,
                                    .V3 = 2,
                                    .V4 = 30,
                                    .phi = 0.04,
                                    .V_th = 10};
}

static void check_width(eg_system *self, const char *name, double width)
{
    eg_check_param(self, width != 0 && isfinite(width), name, width, "use a width in mV, not 0");
}

static void setup(eg_system *self)
{
    morris_lecar *n = eg_self(self);
    const eg_morris_lecar_params *p = &n->p;
    check_finite(self,
                 NAMED({"V_Ca", p->V_Ca}, {"g_Ca", p->g_Ca}, {"V_K", p->V_K}, {"g_K", p->g_K}, {"V_leak", p->V_leak},
                       {"g_leak", p->g_leak}, {"V1", p->V1}, {"V3", p->V3}, {"phi", p->phi}));
    check_capacity(self, "C", p->C);
    check_width(self, "V2", p->V2);
    check_width(self, "V4", p->V4);
    check_threshold(self, p->V_th);
    check_noise(self, p->noise);
    check_method(self, p->method);
    n->V = eg_add_variable(self, "V", eg_floats(self), p->V_init.kind ? p->V_init : eg_init_uniform(-70, -60));
    n->W = add_state(self, "W", p->W_init, 0.02);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
}

/* -- equations: of V, W, I ----------------------------------------------------------------------------------------- */

/* (1 + tanh((V - V_mid)/width))/2 */
static eg_val open(eg_val V, double V_mid, double width)
{
    return eg_mul(0.5, eg_add(1, eg_tanh(eg_mul(eg_sub(V, V_mid), 1 / width))));
}

static eg_val dV(void *user, eg_val x)
{
    const eg_morris_lecar_params *p = user;
    eg_val V = eg_item(x, 0), W = eg_item(x, 1), I = eg_item(x, 2);
    eg_val Ca = current(eg_mul(p->g_Ca, open(V, p->V1, p->V2)), V, p->V_Ca);
    eg_val K = current(eg_mul(p->g_K, W), V, p->V_K);
    eg_val leak = eg_mul(p->g_leak, eg_sub(V, p->V_leak));
    return eg_div(eg_sub(eg_sub(eg_sub(I, Ca), K), leak), p->C);
}

static eg_val dW(void *user, eg_val x)
{
    const eg_morris_lecar_params *p = user;
    eg_val V = eg_item(x, 0), W = eg_item(x, 1);
    eg_val speed = eg_mul(p->phi, eg_cosh(eg_mul(eg_sub(V, p->V3), 0.5 / p->V4)));
    return eg_mul(eg_sub(open(V, p->V3, p->V4), W), speed);
}

/* -- a step -------------------------------------------------------------------------------------------------------- */

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    static const eg_fn equations[STATES] = {dV, dW};
    morris_lecar *n = eg_self(self);
    eg_morris_lecar_params *p = &n->p;
    eg_val V = eg_get(n->V), I = eg_add(eg_get(n->input), x), after[STATES];
    eg_val old = eg_tuple(eg_system_context(self), STATES + 1, (eg_val[]){V, eg_get(n->W), I});
    step_all(self, p->method, STATES, equations, p, old, s.dt, after);
    eg_val V_new = with_noise(self, s, p->noise, after[0]);
    eg_set(n->V, V_new);
    eg_set(n->W, after[1]);
    return eg_fire_crossing(self, V_new, V, p->V_th, &p->surrogate);
}

static const eg_class morris_lecar_class = {
    .name = "MorrisLecar", .role = EG_GROUP, .size = sizeof(morris_lecar), .setup = setup, .update = update};

eg_system *(eg_morris_lecar)(eg_system *parent, const char *name, int64_t num, const eg_morris_lecar_params *params,
                             const char *file, int line)
{
    morris_lecar n = {.p = params ? *params : eg_morris_lecar_defaults()};
    return (eg_system_new)(parent, name, &morris_lecar_class, num, &n, file, line);
}
