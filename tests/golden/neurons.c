/* Neuron models by the names of the cases: their parameters. */
#include "neurons.h"

#include <string.h>

static eg_lif_method method(golden *g)
{
    const char *name = golden_has(g, "method", NULL) ? golden_name(g, "method") : "exp_auto";
    if (!strcmp(name, "euler")) return EG_LIF_EULER;
    if (strncmp(name, "exp", 3) != 0) golden_unsupported(g, "method", name);
    return EG_LIF_EXACT;
}

eg_lif_params golden_lif(golden *g, const char *params)
{
    return (eg_lif_params){.V_rest = golden_param(g, params, "V_rest", 0),
                           .V_reset = golden_param(g, params, "V_reset", -5),
                           .V_th = golden_param(g, params, "V_th", 20),
                           .R = golden_param(g, params, "R", 1),
                           .tau = golden_param(g, params, "tau", 10),
                           .tau_ref = golden_param(g, params, "tau_ref", 0),
                           .method = method(g)};
}

static eg_system *lif(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_lif_params p = golden_lif(g, params);
    return eg_lif(net, name, num, &p);
}

static eg_system *leaky_integrator(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_leaky_integrator_params p = {.V_rest = golden_param(g, params, "V_rest", 0),
                                    .R = golden_param(g, params, "R", 1),
                                    .tau = golden_param(g, params, "tau", 10),
                                    .method = method(g)};
    return eg_leaky_integrator(net, name, num, &p);
}

/* Nonlinear models have one method. */
static void exponential(golden *g)
{
    const char *name = golden_has(g, "method", NULL) ? golden_name(g, "method") : "exp_auto";
    if (strncmp(name, "exp", 3) != 0) golden_unsupported(g, "method", name);
}

/* Models that do not reset V have no refractory period. */
static void never_held(golden *g, const char *params)
{
    if (golden_param(g, params, "tau_ref", 0) > 0) golden_unsupported(g, "parameter", "tau_ref");
}

/* Models with conductances have two. */
static eg_method of_two(golden *g)
{
    const char *name = golden_has(g, "method", NULL) ? golden_name(g, "method") : "exp_auto";
    if (!strcmp(name, "rk4")) return EG_METHOD_RK4;
    if (strncmp(name, "exp", 3) != 0) golden_unsupported(g, "method", name);
    return EG_METHOD_EXP_EULER;
}

/* A parameter is that of the case.  If it is null there, a time is 0: there is none. */
#define READ(parameter) p.parameter = golden_param(g, params, #parameter, 0)

static eg_system *exp_if(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_exp_if_params p = eg_exp_if_defaults();
    exponential(g);
    READ(V_rest), READ(V_reset), READ(V_th), READ(V_T), READ(delta_T), READ(R), READ(tau), READ(tau_ref);
    return eg_exp_if(net, name, num, &p);
}

static eg_system *adex_if(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_adex_if_params p = eg_adex_if_defaults();
    exponential(g);
    READ(V_rest), READ(V_reset), READ(V_th), READ(V_T), READ(delta_T), READ(a), READ(b), READ(R), READ(tau),
        READ(tau_w), READ(tau_ref);
    return eg_adex_if(net, name, num, &p);
}

static eg_system *qua_if(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_qua_if_params p = eg_qua_if_defaults();
    exponential(g);
    READ(V_rest), READ(V_reset), READ(V_th), READ(V_c), READ(c), READ(R), READ(tau), READ(tau_ref);
    return eg_qua_if(net, name, num, &p);
}

static eg_system *adqua_if(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_adqua_if_params p = eg_adqua_if_defaults();
    exponential(g);
    READ(V_rest), READ(V_reset), READ(V_th), READ(V_c), READ(c), READ(a), READ(b), READ(tau), READ(tau_w),
        READ(tau_ref);
    return eg_adqua_if(net, name, num, &p);
}

static eg_system *gif(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_gif_params p = eg_gif_defaults();
    exponential(g);
    READ(V_rest), READ(V_reset), READ(V_th_inf), READ(V_th_reset), READ(R), READ(tau), READ(a), READ(b), READ(k1),
        READ(k2), READ(R1), READ(R2), READ(A1), READ(A2), READ(tau_ref);
    return eg_gif(net, name, num, &p);
}

static eg_system *alif(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_alif_params p = eg_alif_defaults();
    exponential(g);
    READ(V_rest), READ(V_th), READ(R), READ(beta), READ(tau), READ(tau_a), READ(tau_ref);
    return eg_alif(net, name, num, &p);
}

static eg_system *izhikevich(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_izhikevich_params p = eg_izhikevich_defaults();
    exponential(g);
    READ(a), READ(b), READ(c), READ(d), READ(V_th), READ(tau_ref);
    return eg_izhikevich(net, name, num, &p);
}

static eg_system *hindmarsh_rose(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_hindmarsh_rose_params p = eg_hindmarsh_rose_defaults();
    exponential(g);
    never_held(g, params);
    READ(a), READ(b), READ(c), READ(d), READ(r), READ(s), READ(V_rest), READ(V_th);
    return eg_hindmarsh_rose(net, name, num, &p);
}

static eg_system *fhn(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_fhn_params p = eg_fhn_defaults();
    exponential(g);
    never_held(g, params);
    READ(a), READ(b), READ(tau), p.V_th = golden_param(g, params, "Vth", 0);
    return eg_fhn(net, name, num, &p);
}

static eg_system *hh(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_hh_params p = {.method = of_two(g)};
    never_held(g, params);
    READ(ENa), READ(gNa), READ(EK), READ(gK), READ(EL), READ(gL), READ(V_th), READ(C);
    return eg_hh(net, name, num, &p);
}

static eg_system *morris_lecar(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_morris_lecar_params p = {.method = of_two(g)};
    never_held(g, params);
    READ(V_Ca), READ(g_Ca), READ(V_K), READ(g_K), READ(V_leak), READ(g_leak), READ(C), READ(V1), READ(V2), READ(V3),
        READ(V4), READ(phi), READ(V_th);
    return eg_morris_lecar(net, name, num, &p);
}

static eg_system *wang_buzsaki(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_wang_buzsaki_params p = {.method = of_two(g)};
    never_held(g, params);
    READ(ENa), READ(gNa), READ(EK), READ(gK), READ(EL), READ(gL), READ(V_th), READ(phi), READ(C);
    return eg_wang_buzsaki(net, name, num, &p);
}

/* The equations are BrainPy's, in which the area A plays no part. */
static eg_system *pinsky_rinzel(golden *g, eg_system *net, const char *name, int64_t num, const char *params)
{
    eg_pinsky_rinzel_params p = {.as_brainpy = true, .method = of_two(g)};
    never_held(g, params);
    golden_param(g, params, "A", 1);
    READ(gNa), READ(gK), READ(gCa), READ(gAHP), READ(gC), READ(gL), READ(ENa), READ(EK), READ(ECa), READ(EL), READ(gc),
        READ(V_th), READ(Cm), READ(p);
    return eg_pinsky_rinzel(net, name, num, &p);
}

const char *golden_input_of(const char *model) { return !strcmp(model, "PinskyRinzelModel") ? "Id" : "input"; }

eg_system *golden_group(golden *g, eg_system *net, const char *name, int64_t num, const char *model, const char *params)
{
    static const struct {
        const char *model;
        eg_system *(*make)(golden *g, eg_system *net, const char *name, int64_t num, const char *params);
    } models[] = {{"LIF", lif},
                  {"LeakyIntegrator", leaky_integrator},
                  {"ExpIF", exp_if},
                  {"AdExIF", adex_if},
                  {"QuaIF", qua_if},
                  {"AdQuaIF", adqua_if},
                  {"GIF", gif},
                  {"ALIFBellec2020", alif},
                  {"Izhikevich", izhikevich},
                  {"HindmarshRose", hindmarsh_rose},
                  {"FHN", fhn},
                  {"HH", hh},
                  {"MorrisLecar", morris_lecar},
                  {"WangBuzsakiModel", wang_buzsaki},
                  {"PinskyRinzelModel", pinsky_rinzel}};
    for (size_t k = 0; k < sizeof models / sizeof *models; k++) {
        if (!strcmp(model, models[k].model)) return models[k].make(g, net, name, num, params);
    }
    golden_unsupported(g, "model", model);
    return NULL;
}
