#include "zoo.h"

/* Defaults and maker of a model, of parameters without a type. */
#define FOR(model, make, defaults)                                                                                     \
    static void model##_defaults(void *p) { *(eg_##model##_params *)p = defaults(); }                                  \
    static eg_system *make_##model(eg_system *net, const char *name, int64_t num, const void *p)                       \
    {                                                                                                                  \
        return make(net, name, num, p);                                                                                \
    }
FOR(lif, eg_lif, eg_lif_defaults)
FOR(leaky_integrator, eg_leaky_integrator, eg_leaky_integrator_defaults)
FOR(alif, eg_alif, eg_alif_defaults)
FOR(gif, eg_gif, eg_gif_defaults)
FOR(exp_if, eg_exp_if, eg_exp_if_defaults)
FOR(adex_if, eg_adex_if, eg_adex_if_defaults)
FOR(qua_if, eg_qua_if, eg_qua_if_defaults)
FOR(adqua_if, eg_adqua_if, eg_adqua_if_defaults)
FOR(izhikevich, eg_izhikevich, eg_izhikevich_defaults)
FOR(hindmarsh_rose, eg_hindmarsh_rose, eg_hindmarsh_rose_defaults)
FOR(fhn, eg_fhn, eg_fhn_defaults)
FOR(hh, eg_hh, eg_hh_defaults)
FOR(morris_lecar, eg_morris_lecar, eg_morris_lecar_defaults)
FOR(wang_buzsaki, eg_wang_buzsaki, eg_wang_buzsaki_defaults)
FOR(pinsky_rinzel, eg_pinsky_rinzel, eg_pinsky_rinzel_defaults)

#define OF(model) sizeof(eg_##model##_params), model##_defaults, make_##model, 0
#define DRAWN(model) sizeof(eg_##model##_params), model##_defaults, make_##model, offsetof(eg_##model##_params, V_init)
#define P(model, name, kind, value) {#name, offsetof(eg_##model##_params, name), kind, value}

const zoo_model zoo[] = {
    {"LIF",
     OF(lif),
     15,
     60,
     {{"V", 0}},
     {P(lif, V_rest, FINITE, 0), P(lif, V_reset, FINITE, -5), P(lif, V_th, THRESHOLD, 20), P(lif, R, FINITE, 1),
      P(lif, tau, TIME, 10), P(lif, tau_ref, TAU_REF, 0), P(lif, noise, NOISE, 0)}},
    {"LeakyIntegrator",
     OF(leaky_integrator),
     15,
     60,
     {{"V", 0}},
     {P(leaky_integrator, V_rest, FINITE, 0), P(leaky_integrator, R, FINITE, 1), P(leaky_integrator, tau, TIME, 10),
      P(leaky_integrator, noise, NOISE, 0)}},
    {"ALIF",
     OF(alif),
     -0.7, /* where the surrogate, through which a has gradients, is 0 */
     8,
     {{"V", 0}, {"a", 0}},
     {P(alif, V_rest, FINITE, 0), P(alif, V_th, NOT_ZERO, 1), P(alif, R, FINITE, 1), P(alif, beta, FINITE, 1.6),
      P(alif, tau, TIME, 20), P(alif, tau_a, TIME, 2000), P(alif, tau_ref, TAU_REF, 0), P(alif, noise, NOISE, 0)}},
    {"GIF",
     OF(gif),
     0.7,
     4,
     {{"I1", 0}, {"I2", 0}, {"V_th", -50}, {"V", -70}},
     {P(gif, V_rest, FINITE, -70), P(gif, V_reset, FINITE, -70), P(gif, V_th_inf, FINITE, -50),
      P(gif, V_th_reset, FINITE, -60), P(gif, R, FINITE, 20), P(gif, tau, TIME, 20), P(gif, a, FINITE, 0),
      P(gif, b, FINITE, 0.01), P(gif, k1, FINITE, 0.2), P(gif, k2, FINITE, 0.02), P(gif, R1, FINITE, 0),
      P(gif, R2, FINITE, 1), P(gif, A1, FINITE, 0), P(gif, A2, FINITE, 0), P(gif, tau_ref, TAU_REF, 0),
      P(gif, noise, NOISE, 0)}},
    {"ExpIF",
     OF(exp_if),
     2,
     20,
     {{"V", -65}},
     {P(exp_if, V_rest, FINITE, -65), P(exp_if, V_reset, FINITE, -68), P(exp_if, V_th, THRESHOLD, -30),
      P(exp_if, V_T, FINITE, -59.9), P(exp_if, delta_T, WIDTH, 3.48), P(exp_if, R, FINITE, 1), P(exp_if, tau, TIME, 10),
      P(exp_if, tau_ref, TAU_REF, 0), P(exp_if, noise, NOISE, 0)}},
    {"AdExIF",
     OF(adex_if),
     2,
     60,
     {{"V", -65}, {"w", 0}},
     {P(adex_if, V_rest, FINITE, -65), P(adex_if, V_reset, FINITE, -68), P(adex_if, V_th, THRESHOLD, -30),
      P(adex_if, V_T, FINITE, -59.9), P(adex_if, delta_T, WIDTH, 3.48), P(adex_if, a, FINITE, 1),
      P(adex_if, b, FINITE, 1), P(adex_if, R, FINITE, 1), P(adex_if, tau, TIME, 10), P(adex_if, tau_w, TIME, 30),
      P(adex_if, tau_ref, TAU_REF, 30), P(adex_if, noise, NOISE, 0)}},
    {"QuaIF",
     OF(qua_if),
     2,
     30,
     {{"V", -65}},
     {P(qua_if, V_rest, FINITE, -65), P(qua_if, V_reset, FINITE, -68), P(qua_if, V_th, THRESHOLD, -30),
      P(qua_if, V_c, FINITE, -50), P(qua_if, c, FINITE, 0.07), P(qua_if, R, FINITE, 1), P(qua_if, tau, TIME, 10),
      P(qua_if, tau_ref, TAU_REF, 0), P(qua_if, noise, NOISE, 0)}},
    {"AdQuaIF",
     OF(adqua_if),
     2,
     60,
     {{"V", -65}, {"w", 0}},
     {P(adqua_if, V_rest, FINITE, -65), P(adqua_if, V_reset, FINITE, -68), P(adqua_if, V_th, THRESHOLD, -30),
      P(adqua_if, V_c, FINITE, -50), P(adqua_if, c, FINITE, 0.07), P(adqua_if, a, FINITE, 1),
      P(adqua_if, b, FINITE, 0.1), P(adqua_if, tau, TIME, 10), P(adqua_if, tau_w, TIME, 10),
      P(adqua_if, tau_ref, TAU_REF, 0), P(adqua_if, noise, NOISE, 0)}},
    {"Izhikevich",
     OF(izhikevich),
     -250,
     20,
     {{"V", 0}, {"u", 1}},
     {P(izhikevich, a, FINITE, 0.02), P(izhikevich, b, FINITE, 0.2), P(izhikevich, c, FINITE, -65),
      P(izhikevich, d, FINITE, 8), P(izhikevich, V_th, THRESHOLD, 30), P(izhikevich, tau_ref, TAU_REF, 0),
      P(izhikevich, noise, NOISE, 0)}},
    {"HindmarshRose",
     OF(hindmarsh_rose),
     0,
     3.5,
     {{"V", 0}, {"y", -10}, {"z", 0}},
     {P(hindmarsh_rose, a, FINITE, 1), P(hindmarsh_rose, b, FINITE, 3), P(hindmarsh_rose, c, FINITE, 1),
      P(hindmarsh_rose, d, FINITE, 5), P(hindmarsh_rose, r, FINITE, 0.01), P(hindmarsh_rose, s, FINITE, 4),
      P(hindmarsh_rose, V_rest, FINITE, -1.6), P(hindmarsh_rose, V_th, THRESHOLD, 1),
      P(hindmarsh_rose, noise, NOISE, 0)}},
    {"FHN",
     OF(fhn),
     0.2,
     1,
     {{"V", 0}, {"w", 0}},
     {P(fhn, a, FINITE, 0.7), P(fhn, b, FINITE, 0.8), P(fhn, tau, TIME, 12.5), P(fhn, V_th, THRESHOLD, 1.8),
      P(fhn, noise, NOISE, 0)}},
    {"HH",
     DRAWN(hh),
     1,
     20,
     {{"V", NAN}, {"m", NAN}, {"h", NAN}, {"n", NAN}},
     {P(hh, ENa, FINITE, 50), P(hh, EK, FINITE, -77), P(hh, EL, FINITE, -54.387), P(hh, gNa, FINITE, 120),
      P(hh, gK, FINITE, 36), P(hh, gL, FINITE, 0.3), P(hh, V_th, THRESHOLD, 20), P(hh, C, WIDTH, 1),
      P(hh, noise, NOISE, 0)}},
    {"MorrisLecar",
     DRAWN(morris_lecar),
     20,
     200,
     {{"V", NAN}, {"W", 0.02}},
     {P(morris_lecar, V_Ca, FINITE, 130), P(morris_lecar, V_K, FINITE, -84), P(morris_lecar, V_leak, FINITE, -60),
      P(morris_lecar, g_Ca, FINITE, 4.4), P(morris_lecar, g_K, FINITE, 8), P(morris_lecar, g_leak, FINITE, 2),
      P(morris_lecar, C, WIDTH, 20), P(morris_lecar, V1, FINITE, -1.2), P(morris_lecar, V2, NOT_ZERO, 18),
      P(morris_lecar, V3, FINITE, 2), P(morris_lecar, V4, NOT_ZERO, 30), P(morris_lecar, phi, FINITE, 0.04),
      P(morris_lecar, V_th, THRESHOLD, 10), P(morris_lecar, noise, NOISE, 0)}},
    {"WangBuzsaki",
     OF(wang_buzsaki),
     0.05,
     5,
     {{"V", -65}, {"h", 0.6}, {"n", 0.32}},
     {P(wang_buzsaki, ENa, FINITE, 55), P(wang_buzsaki, EK, FINITE, -90), P(wang_buzsaki, EL, FINITE, -65),
      P(wang_buzsaki, gNa, FINITE, 35), P(wang_buzsaki, gK, FINITE, 9), P(wang_buzsaki, gL, FINITE, 0.1),
      P(wang_buzsaki, V_th, THRESHOLD, 20), P(wang_buzsaki, phi, FINITE, 5), P(wang_buzsaki, C, WIDTH, 1),
      P(wang_buzsaki, noise, NOISE, 0)}},
    {"PinskyRinzel",
     OF(pinsky_rinzel),
     -0.5,
     5,
     {{"Vs", -64.6}, {"Vd", -64.5}, {"Ca", 0.2}, {"h", NAN}, {"n", NAN}, {"s", NAN}, {"c", NAN}, {"q", NAN}},
     {P(pinsky_rinzel, gNa, FINITE, 30), P(pinsky_rinzel, gK, FINITE, 15), P(pinsky_rinzel, gCa, FINITE, 10),
      P(pinsky_rinzel, gAHP, FINITE, 0.8), P(pinsky_rinzel, gC, FINITE, 15), P(pinsky_rinzel, gL, FINITE, 0.1),
      P(pinsky_rinzel, ENa, FINITE, 60), P(pinsky_rinzel, EK, FINITE, -75), P(pinsky_rinzel, ECa, FINITE, 80),
      P(pinsky_rinzel, EL, FINITE, -60), P(pinsky_rinzel, gc, FINITE, 2.1), P(pinsky_rinzel, V_th, THRESHOLD, 20),
      P(pinsky_rinzel, Cm, WIDTH, 3), P(pinsky_rinzel, p, SHARE, 0.5), P(pinsky_rinzel, noise, NOISE, 0)}},
};
const int zoo_num = sizeof zoo / sizeof *zoo;

const zoo_model *zoo_named(const char *name)
{
    for (int k = 0; k < zoo_num; k++) {
        if (!strcmp(zoo[k].name, name)) return &zoo[k];
    }
    ck_abort_msg("no model %s", name);
}

int zoo_states(const zoo_model *m)
{
    int n = 0;
    while (n < ZOO_STATES && m->state[n].name) n++;
    return n;
}

double *zoo_param_of(const zoo_model *m, void *params, const char *name)
{
    for (int k = 0; k < ZOO_PARAMS && m->param[k].name; k++) {
        if (!strcmp(m->param[k].name, name)) return (double *)(void *)((char *)params + m->param[k].at);
    }
    return NULL;
}

zoo_scene zoo_open(int way, const zoo_model *m, eg_dtype type, const char *change, double value)
{
    _Alignas(16) char params[ZOO_SIZE];
    zoo_scene s = {.eg = test_open(way), .m = m};
    s.net = eg_network(s.eg, NULL, &(eg_network_options){.dtype = type});
    m->defaults(params);
    if (m->drawn) *(eg_initializer *)(void *)(params + m->drawn) = eg_init_constant(-65);
    if (change) *zoo_param_of(m, params, change) = value;
    s.group = m->make(s.net, "N", N, params);
    test_fine(s.eg);
    return s;
}

/* -- a loop of steps ----------------------------------------------------------------------------------------------- */

static eg_val step(void *user, eg_val x)
{
    zoo_scene *s = user;
    eg_val i = eg_item(x, 0), I = eg_item(eg_item(x, 1), 0), sum = eg_item(eg_item(x, 1), 1);
    eg_hold_inputs(s->net);
    eg_clear_input(s->net);
    eg_val spike = eg_update(s->group, eg_shared_at(s->net, i, eg_full(s->eg, eg_scalar(EG_F64), eg_dt(s->net))), I);
    eg_restore_inputs(s->net);
    eg_val carry = eg_tuple(s->eg, 2, (eg_val[]){I, eg_add(sum, eg_convert(spike, eg_spec_of(I).dtype))});
    return eg_tuple(s->eg, 2, (eg_val[]){carry, eg_nothing()});
}

static eg_val loop(void *user, eg_val I)
{
    zoo_scene *s = user;
    eg_val init = eg_tuple(s->eg, 2, (eg_val[]){I, eg_zeros(s->eg, eg_spec_of(I))});
    eg_val end = eg_loop(s->eg, s->steps, step, s, init, eg_nothing()), states = eg_real(0);
    for (int k = 0; k < zoo_states(s->m); k++)
        states = eg_add(states, eg_mul(1.0 / (k + 1), eg_sum(eg_value(s->group, s->m->state[k].name))));
    eg_val spikes = eg_item(eg_item(end, 0), 1);
    return eg_tuple(s->eg, 3, (eg_val[]){states, eg_sum(spikes), spikes});
}

eg_func *zoo_trace(zoo_scene *s, int64_t steps)
{
    s->steps = steps;
    eg_spec I = eg_floats(s->group);
    eg_func *f = eg_trace(s->eg, "steps", loop, s, 1, &I);
    test_fine(s->eg);
    return f;
}
