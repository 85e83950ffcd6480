#include "zoo.h"

#define FOR(model)                                                                                                     \
    static void model##_defaults(void *p) { *(eg_##model##_params *)p = eg_##model##_defaults(); }                     \
    static eg_system *make_##model(eg_system *net, const char *name, int64_t num, const void *p)                       \
    {                                                                                                                  \
        return eg_##model(net, name, num, p);                                                                          \
    }
FOR(lif)
FOR(leaky_integrator)
FOR(alif)
FOR(gif)
FOR(exp_if)
FOR(adex_if)
FOR(qua_if)
FOR(adqua_if)
FOR(izhikevich)
FOR(hindmarsh_rose)
FOR(fhn)

#define OF(model) sizeof(eg_##model##_params), model##_defaults, make_##model
#define P(model, name, kind) {#name, offsetof(eg_##model##_params, name), kind}

const zoo_model zoo[] = {
    {"LIF",
     OF(lif),
     15,
     60,
     {{"V", 0}},
     {P(lif, V_rest, FINITE), P(lif, V_reset, FINITE), P(lif, V_th, THRESHOLD), P(lif, R, FINITE), P(lif, tau, TIME),
      P(lif, tau_ref, TAU_REF), P(lif, noise, NOISE)}},
    {"LeakyIntegrator",
     OF(leaky_integrator),
     15,
     60,
     {{"V", 0}},
     {P(leaky_integrator, V_rest, FINITE), P(leaky_integrator, R, FINITE), P(leaky_integrator, tau, TIME),
      P(leaky_integrator, noise, NOISE)}},
    {"ALIF",
     OF(alif),
     -0.7, /* where the surrogate, through which a has gradients, is 0 */
     8,
     {{"V", 0}, {"a", 0}},
     {P(alif, V_rest, FINITE), P(alif, V_th, NOT_ZERO), P(alif, R, FINITE), P(alif, beta, FINITE), P(alif, tau, TIME),
      P(alif, tau_a, TIME), P(alif, tau_ref, TAU_REF), P(alif, noise, NOISE)}},
    {"GIF",
     OF(gif),
     0.7,
     4,
     {{"I1", 0}, {"I2", 0}, {"V_th", -50}, {"V", -70}},
     {P(gif, V_rest, FINITE), P(gif, V_reset, FINITE), P(gif, V_th_inf, FINITE), P(gif, V_th_reset, FINITE),
      P(gif, R, FINITE), P(gif, tau, TIME), P(gif, a, FINITE), P(gif, b, FINITE), P(gif, k1, FINITE),
      P(gif, k2, FINITE), P(gif, R1, FINITE), P(gif, R2, FINITE), P(gif, A1, FINITE), P(gif, A2, FINITE),
      P(gif, tau_ref, TAU_REF), P(gif, noise, NOISE)}},
    {"ExpIF",
     OF(exp_if),
     2,
     20,
     {{"V", -65}},
     {P(exp_if, V_rest, FINITE), P(exp_if, V_reset, FINITE), P(exp_if, V_th, THRESHOLD), P(exp_if, V_T, FINITE),
      P(exp_if, delta_T, WIDTH), P(exp_if, R, FINITE), P(exp_if, tau, TIME), P(exp_if, tau_ref, TAU_REF),
      P(exp_if, noise, NOISE)}},
    {"AdExIF",
     OF(adex_if),
     2,
     60,
     {{"V", -65}, {"w", 0}},
     {P(adex_if, V_rest, FINITE), P(adex_if, V_reset, FINITE), P(adex_if, V_th, THRESHOLD), P(adex_if, V_T, FINITE),
      P(adex_if, delta_T, WIDTH), P(adex_if, a, FINITE), P(adex_if, b, FINITE), P(adex_if, R, FINITE),
      P(adex_if, tau, TIME), P(adex_if, tau_w, TIME), P(adex_if, tau_ref, TAU_REF), P(adex_if, noise, NOISE)}},
    {"QuaIF",
     OF(qua_if),
     2,
     30,
     {{"V", -65}},
     {P(qua_if, V_rest, FINITE), P(qua_if, V_reset, FINITE), P(qua_if, V_th, THRESHOLD), P(qua_if, V_c, FINITE),
      P(qua_if, c, FINITE), P(qua_if, R, FINITE), P(qua_if, tau, TIME), P(qua_if, tau_ref, TAU_REF),
      P(qua_if, noise, NOISE)}},
    {"AdQuaIF",
     OF(adqua_if),
     2,
     60,
     {{"V", -65}, {"w", 0}},
     {P(adqua_if, V_rest, FINITE), P(adqua_if, V_reset, FINITE), P(adqua_if, V_th, THRESHOLD), P(adqua_if, V_c, FINITE),
      P(adqua_if, c, FINITE), P(adqua_if, a, FINITE), P(adqua_if, b, FINITE), P(adqua_if, tau, TIME),
      P(adqua_if, tau_w, TIME), P(adqua_if, tau_ref, TAU_REF), P(adqua_if, noise, NOISE)}},
    {"Izhikevich",
     OF(izhikevich),
     -250,
     20,
     {{"V", 0}, {"u", 1}},
     {P(izhikevich, a, FINITE), P(izhikevich, b, FINITE), P(izhikevich, c, FINITE), P(izhikevich, d, FINITE),
      P(izhikevich, V_th, THRESHOLD), P(izhikevich, tau_ref, TAU_REF), P(izhikevich, noise, NOISE)}},
    {"HindmarshRose",
     OF(hindmarsh_rose),
     0,
     3.5,
     {{"V", 0}, {"y", -10}, {"z", 0}},
     {P(hindmarsh_rose, a, FINITE), P(hindmarsh_rose, b, FINITE), P(hindmarsh_rose, c, FINITE),
      P(hindmarsh_rose, d, FINITE), P(hindmarsh_rose, r, FINITE), P(hindmarsh_rose, s, FINITE),
      P(hindmarsh_rose, V_rest, FINITE), P(hindmarsh_rose, V_th, THRESHOLD), P(hindmarsh_rose, noise, NOISE)}},
    {"FHN",
     OF(fhn),
     0.2,
     1,
     {{"V", 0}, {"w", 0}},
     {P(fhn, a, FINITE), P(fhn, b, FINITE), P(fhn, tau, TIME), P(fhn, V_th, THRESHOLD), P(fhn, noise, NOISE)}},
};
const int zoo_num = sizeof zoo / sizeof *zoo;

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
