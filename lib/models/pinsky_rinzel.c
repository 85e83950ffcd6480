/* Pinsky and Rinzel's pyramidal cells: a soma and a dendrite. */
#include "conductance.h"

enum { STATES = 8 };

typedef struct pinsky_rinzel {
    eg_pinsky_rinzel_params p;
    eg_var *state[STATES], *input, *Id;
} pinsky_rinzel;

static const gate gate_m = {{LINEAR, 1.28, -46.9, 4}, {LINEAR, 1.4, -19.9, -5}};
static const gate gate_h = {{EXPONENTIAL, 0.128, -43, -18}, {SIGMOID, 4, -20, 5}};
static const gate gate_n = {{LINEAR, 0.08, -24.9, 5}, {EXPONENTIAL, 0.25, -40, -40}};
static const gate gate_s = {{SIGMOID, 1.6, 5, 1 / 0.072}, {LINEAR, 0.1, -8.9, -5}};

eg_pinsky_rinzel_params eg_pinsky_rinzel_defaults(void)
{
    return (eg_pinsky_rinzel_params){.gNa = 30,
                                     .gK = 15,
                                     .gCa = 10,
                                     .gAHP = 0.8,
                                     .gC = 15,
                                     .gL = 0.1,
                                     .ENa = 60,
                                     .EK = -75,
                                     .ECa = 80,
                                     .EL = -60,
                                     .gc = 2.1,
                                     .V_th = 20,
                                     .Cm = 3,
                                     .p = 0.5};
}

/* -- two gates of other forms: that of I_C, and q, which calcium opens --------------------------------------------- */

static const double c_knee = -10;                           /* mV: where the form of c's rates changes */
static const rate c_falling = {EXPONENTIAL, 2, -53.5, -27}; /* alpha above, alpha + beta below */

/* alpha below: exp((V + 50)/11 - (V + 53.5)/27)/18.975, or the difference of both exponentials. */
static eg_val c_rising(const eg_pinsky_rinzel_params *p, eg_val V)
{
    eg_val up = eg_mul(eg_add(V, 50), 1.0 / 11), down = eg_mul(eg_add(V, 53.5), 1.0 / 27);
    eg_val both = p->as_brainpy ? eg_sub(eg_exp(up), eg_exp(down)) : eg_exp(eg_sub(up, down));
    return eg_mul(both, 1 / 18.975);
}

static double c_steady(void *user, double V)
{
    const eg_pinsky_rinzel_params *p = user;
    const double up = (V + 50) / 11, down = (V + 53.5) / 27;
    if (V > c_knee) return 1;
    return (p->as_brainpy ? exp(up) - exp(down) : exp(up - down)) / 18.975 / rate_of(&c_falling, V);
}

static const double q_closing = 0.001; /* 1/ms */

static double q_steady(void *user, double Ca)
{
    (void)user;
    const double alpha = fmin(2e-5 * Ca, 0.01);
    return alpha / (alpha + q_closing);
}

/* -- setup --------------------------------------------------------------------------------------------------------- */

static eg_var *from_potential(eg_system *self, const char *name, eg_initializer init, eg_initializer steady)
{
    return eg_add_variable(self, name, eg_floats(self), init.kind ? init : steady);
}

static void setup(eg_system *self)
{
    pinsky_rinzel *n = eg_self(self);
    eg_pinsky_rinzel_params *p = &n->p;
    check_finite(self, NAMED({"gNa", p->gNa}, {"gK", p->gK}, {"gCa", p->gCa}, {"gAHP", p->gAHP}, {"gC", p->gC},
                             {"gL", p->gL}, {"gc", p->gc}));
    check_finite(self, NAMED({"ENa", p->ENa}, {"EK", p->EK}, {"ECa", p->ECa}, {"EL", p->EL}));
    check_capacity(self, "Cm", p->Cm);
    eg_check_param(self, p->p > 0 && p->p < 1, "p", p->p, "use the soma's share of the membrane, between 0 and 1");
    check_threshold(self, p->V_th);
    check_noise(self, p->noise);
    check_method(self, p->method);
    eg_var **x = n->state;
    *x++ = add_state(self, "Vs", p->Vs_init, -64.6);
    *x++ = add_state(self, "Vd", p->Vd_init, -64.5);
    *x++ = add_state(self, "Ca", p->Ca_init, 0.2);
    *x++ = add_gate(self, "h", p->h_init, "Vs", &gate_h);
    *x++ = add_gate(self, "n", p->n_init, "Vs", &gate_n);
    *x++ = add_gate(self, "s", p->s_init, "Vd", &gate_s);
    *x++ = from_potential(self, "c", p->c_init, eg_init_from("Vd", c_steady, p));
    *x++ = from_potential(self, "q", p->q_init, eg_init_from("Ca", q_steady, NULL));
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
    n->Id = eg_add_input(self, "Id", eg_floats(self));
}

/* -- equations ----------------------------------------------------------------------------------------------------- */

enum { VS, VD, CA, H, N, S, C, Q, IS, ID }; /* parts of x */

static eg_val leak(const eg_pinsky_rinzel_params *p, eg_val V) { return eg_mul(p->gL, eg_sub(V, p->EL)); }

static eg_val dVs(void *user, eg_val x)
{
    const eg_pinsky_rinzel_params *p = user;
    eg_val V = eg_item(x, VS), m = gate_steady_at(&gate_m, V);
    eg_val Na = current(eg_mul(eg_mul(p->gNa, eg_square(m)), eg_item(x, H)), V, p->ENa);
    eg_val K = current(eg_mul(p->gK, eg_item(x, N)), V, p->EK);
    eg_val from_dendrite = eg_mul(p->gc / p->p, eg_sub(eg_item(x, VD), V));
    eg_val in = eg_add(from_dendrite, eg_mul(1 / p->p, eg_item(x, IS)));
    return eg_div(eg_sub(eg_sub(eg_sub(in, Na), K), leak(p, V)), p->Cm);
}

static eg_val calcium_current(const eg_pinsky_rinzel_params *p, eg_val x)
{
    return current(eg_mul(p->gCa, eg_square(eg_item(x, S))), eg_item(x, VD), p->ECa);
}

static eg_val dVd(void *user, eg_val x)
{
    const eg_pinsky_rinzel_params *p = user;
    const double part = 1 - p->p;
    eg_val V = eg_item(x, VD);
    eg_val AHP = current(eg_mul(p->gAHP, eg_item(x, Q)), V, p->EK);
    eg_val open = eg_min(eg_mul(eg_item(x, CA), 1.0 / 250), 1);
    if (!p->as_brainpy) open = eg_mul(open, eg_item(x, C));
    eg_val KC = current(eg_mul(p->gC, open), V, p->EK);
    eg_val from_soma = eg_mul(p->gc / part, eg_sub(eg_item(x, VS), V));
    eg_val in = eg_add(from_soma, eg_mul(1 / part, eg_item(x, ID)));
    eg_val out = eg_add(eg_add(eg_add(calcium_current(p, x), AHP), KC), leak(p, V));
    return eg_div(eg_sub(in, out), p->Cm);
}

static eg_val dCa(void *user, eg_val x)
{
    return eg_sub(eg_mul(-0.13, calcium_current(user, x)), eg_mul(0.075, eg_item(x, CA)));
}

static eg_val dh(void *user, eg_val x) { return (void)user, gate_slope_at(&gate_h, eg_item(x, VS), eg_item(x, H)); }
static eg_val dn(void *user, eg_val x) { return (void)user, gate_slope_at(&gate_n, eg_item(x, VS), eg_item(x, N)); }
static eg_val ds(void *user, eg_val x) { return (void)user, gate_slope_at(&gate_s, eg_item(x, VD), eg_item(x, S)); }

static eg_val dc(void *user, eg_val x)
{
    eg_val V = eg_item(x, VD), below = eg_le(V, c_knee);
    eg_val falling = rate_at(&c_falling, V), alpha = eg_where(below, c_rising(user, eg_min(V, c_knee)), falling);
    return gate_slope(alpha, eg_sub(falling, alpha), eg_item(x, C));
}

static eg_val dq(void *user, eg_val x)
{
    (void)user;
    return gate_slope(eg_min(eg_mul(2e-5, eg_item(x, CA)), 0.01), eg_real(q_closing), eg_item(x, Q));
}

/* -- a step -------------------------------------------------------------------------------------------------------- */

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    static const eg_fn equations[STATES] = {dVs, dVd, dCa, dh, dn, ds, dc, dq};
    pinsky_rinzel *n = eg_self(self);
    eg_pinsky_rinzel_params *p = &n->p;
    eg_val old[STATES + 2], after[STATES];
    for (int k = 0; k < STATES; k++) old[k] = eg_get(n->state[k]);
    old[IS] = eg_add(eg_get(n->input), x);
    old[ID] = eg_get(n->Id);
    step_all(self, p->method, STATES, equations, p, eg_tuple(eg_system_context(self), STATES + 2, old), s.dt, after);
    after[VS] = with_noise(self, s, p->noise, after[VS]);
    for (int k = 0; k < STATES; k++) eg_set(n->state[k], after[k]);
    return eg_fire_crossing(self, after[VS], old[VS], p->V_th, &p->surrogate);
}

static const eg_class pinsky_rinzel_class = {
    .name = "PinskyRinzel", .role = EG_GROUP, .size = sizeof(pinsky_rinzel), .setup = setup, .update = update};

eg_system *(eg_pinsky_rinzel)(eg_system *parent, const char *name, int64_t num, const eg_pinsky_rinzel_params *params,
                              const char *file, int line)
{
    pinsky_rinzel n = {.p = params ? *params : eg_pinsky_rinzel_defaults()};
    return (eg_system_new)(parent, name, &pinsky_rinzel_class, num, &n, file, line);
}
