/* Hodgkin and Huxley's neurons. */
#include "conductance.h"

enum { STATES = 4 };

typedef struct hh {
    eg_hh_params p;
    eg_var *V, *m, *h, *n, *input;
} hh;

static const gate gate_m = {{LINEAR, 1, -40, 10}, {EXPONENTIAL, 4, -65, -18}};
static const gate gate_h = {{EXPONENTIAL, 0.07, -65, -20}, {SIGMOID, 1, -35, 10}};
static const gate gate_n = {{LINEAR, 0.1, -55, 10}, {EXPONENTIAL, 0.125, -65, -80}};

eg_hh_params eg_hh_defaults(void)
{
    return (eg_hh_params){.ENa = 50, .gNa = 120, .EK = -77, .gK = 36, .EL = -54.387, .gL = 0.3, .V_th = 20, .C = 1};
}

static void setup(eg_system *self)
{
    hh *n = eg_self(self);
    const eg_hh_params *p = &n->p;
    check_finite(self,
                 NAMED({"ENa", p->ENa}, {"gNa", p->gNa}, {"EK", p->EK}, {"gK", p->gK}, {"EL", p->EL}, {"gL", p->gL}));
    check_capacity(self, "C", p->C);
    check_threshold(self, p->V_th);
    check_noise(self, p->noise);
    check_method(self, p->method);
    n->V = eg_add_variable(self, "V", eg_floats(self), p->V_init.kind ? p->V_init : eg_init_uniform(-70, -60));
    n->m = add_gate(self, "m", p->m_init, "V", &gate_m);
    n->h = add_gate(self, "h", p->h_init, "V", &gate_h);
    n->n = add_gate(self, "n", p->n_init, "V", &gate_n);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
}

/* -- equations: of V, m, h, n, I ----------------------------------------------------------------------------------- */

static eg_val dV(void *user, eg_val x)
{
    const eg_hh_params *p = user;
    eg_val V = eg_item(x, 0), m = eg_item(x, 1), h = eg_item(x, 2), n = eg_item(x, 3), I = eg_item(x, 4);
    eg_val Na = current(eg_mul(eg_mul(p->gNa, eg_mul(eg_square(m), m)), h), V, p->ENa);
    eg_val K = current(eg_mul(p->gK, eg_square(eg_square(n))), V, p->EK);
    eg_val leak = eg_mul(p->gL, eg_sub(V, p->EL));
    return eg_div(eg_sub(eg_sub(eg_sub(I, Na), K), leak), p->C);
}

static eg_val dm(void *user, eg_val x) { return (void)user, gate_slope_at(&gate_m, eg_item(x, 0), eg_item(x, 1)); }
static eg_val dh(void *user, eg_val x) { return (void)user, gate_slope_at(&gate_h, eg_item(x, 0), eg_item(x, 2)); }
static eg_val dn(void *user, eg_val x) { return (void)user, gate_slope_at(&gate_n, eg_item(x, 0), eg_item(x, 3)); }

/* -- a step -------------------------------------------------------------------------------------------------------- */

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    static const eg_fn equations[STATES] = {dV, dm, dh, dn};
    hh *n = eg_self(self);
    eg_hh_params *p = &n->p;
    eg_val V = eg_get(n->V), I = eg_add(eg_get(n->input), x), after[STATES];
    eg_val old =
        eg_tuple(eg_system_context(self), STATES + 1, (eg_val[]){V, eg_get(n->m), eg_get(n->h), eg_get(n->n), I});
    step_all(self, p->method, STATES, equations, p, old, s.dt, after);
    eg_val V_new = with_noise(self, s, p->noise, after[0]);
    eg_set(n->V, V_new);
    eg_set(n->m, after[1]);
    eg_set(n->h, after[2]);
    eg_set(n->n, after[3]);
    return eg_fire_crossing(self, V_new, V, p->V_th, &p->surrogate);
}

static const eg_class hh_class = {.name = "HH", .role = EG_GROUP, .size = sizeof(hh), .setup = setup, .update = update};

eg_system *(eg_hh)(eg_system *parent, const char *name, int64_t num, const eg_hh_params *params, const char *file,
                   int line)
{
    hh n = {.p = params ? *params : eg_hh_defaults()};
    return (eg_system_new)(parent, name, &hh_class, num, &n, file, line);
}
