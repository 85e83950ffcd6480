/* Wang and Buzsáki's fast-spiking interneurons. */
#include "conductance.h"

enum { STATES = 3 };

typedef struct wang_buzsaki {
    eg_wang_buzsaki_params p;
    eg_var *V, *h, *n, *input;
} wang_buzsaki;

static const gate gate_m = {{LINEAR, 1, -35, 10}, {EXPONENTIAL, 4, -60, -18}};
static const gate gate_h = {{EXPONENTIAL, 0.07, -58, -20}, {SIGMOID, 1, -28, 10}};
static const gate gate_n = {{LINEAR, 0.1, -34, 10}, {EXPONENTIAL, 0.125, -44, -80}};

eg_wang_buzsaki_params eg_wang_buzsaki_defaults(void)
{
    return (eg_wang_buzsaki_params){
        .ENa = 55, .gNa = 35, .EK = -90, .gK = 9, .EL = -65, .gL = 0.1, .V_th = 20, .phi = 5, .C = 1};
}

static void setup(eg_system *self)
{
    wang_buzsaki *n = eg_self(self);
    const eg_wang_buzsaki_params *p = &n->p;
    check_finite(self, NAMED({"ENa", p->ENa}, {"gNa", p->gNa}, {"EK", p->EK}, {"gK", p->gK}, {"EL", p->EL},
                             {"gL", p->gL}, {"phi", p->phi}));
    check_capacity(self, "C", p->C);
    check_threshold(self, p->V_th);
    check_noise(self, p->noise);
    check_method(self, p->method);
    n->V = add_state(self, "V", p->V_init, -65);
    n->h = add_state(self, "h", p->h_init, 0.6);
    n->n = add_state(self, "n", p->n_init, 0.32);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
}

/* -- equations: of V, h, n, I -------------------------------------------------------------------------------------- */

static eg_val dV(void *user, eg_val x)
{
    const eg_wang_buzsaki_params *p = user;
    eg_val V = eg_item(x, 0), h = eg_item(x, 1), n = eg_item(x, 2), I = eg_item(x, 3);
    eg_val m = gate_steady_at(&gate_m, V);
    eg_val Na = current(eg_mul(eg_mul(p->gNa, eg_mul(eg_square(m), m)), h), V, p->ENa);
    eg_val K = current(eg_mul(p->gK, eg_square(eg_square(n))), V, p->EK);
    eg_val leak = eg_mul(p->gL, eg_sub(V, p->EL));
    return eg_div(eg_sub(eg_sub(eg_sub(I, Na), K), leak), p->C);
}

static eg_val dh(void *user, eg_val x)
{
    const eg_wang_buzsaki_params *p = user;
    return eg_mul(p->phi, gate_slope_at(&gate_h, eg_item(x, 0), eg_item(x, 1)));
}

static eg_val dn(void *user, eg_val x)
{
    const eg_wang_buzsaki_params *p = user;
    return eg_mul(p->phi, gate_slope_at(&gate_n, eg_item(x, 0), eg_item(x, 2)));
}

/* -- a step -------------------------------------------------------------------------------------------------------- */

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    static const eg_fn equations[STATES] = {dV, dh, dn};
    wang_buzsaki *n = eg_self(self);
    eg_wang_buzsaki_params *p = &n->p;
    eg_val V = eg_get(n->V), I = eg_add(eg_get(n->input), x), after[STATES];
    eg_val old = eg_tuple(eg_system_context(self), STATES + 1, (eg_val[]){V, eg_get(n->h), eg_get(n->n), I});
    step_all(self, p->method, STATES, equations, p, old, s.dt, after);
    eg_val V_new = with_noise(self, s, p->noise, after[0]);
    eg_set(n->V, V_new);
    eg_set(n->h, after[1]);
    eg_set(n->n, after[2]);
    return eg_fire_crossing(self, V_new, V, p->V_th, &p->surrogate);
}

static const eg_class wang_buzsaki_class = {
    .name = "WangBuzsaki", .role = EG_GROUP, .size = sizeof(wang_buzsaki), .setup = setup, .update = update};

eg_system *(eg_wang_buzsaki)(eg_system *parent, const char *name, int64_t num, const eg_wang_buzsaki_params *params,
                             const char *file, int line)
{
    wang_buzsaki n = {.p = params ? *params : eg_wang_buzsaki_defaults()};
    return (eg_system_new)(parent, name, &wang_buzsaki_class, num, &n, file, line);
}
