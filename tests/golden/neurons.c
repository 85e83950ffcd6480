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

eg_system *golden_group(golden *g, eg_system *net, const char *name, int64_t num, const char *model, const char *params)
{
    static const struct {
        const char *model;
        eg_system *(*make)(golden *g, eg_system *net, const char *name, int64_t num, const char *params);
    } models[] = {{"LIF", lif}, {"LeakyIntegrator", leaky_integrator}};
    for (size_t k = 0; k < sizeof models / sizeof *models; k++) {
        if (!strcmp(model, models[k].model)) return models[k].make(g, net, name, num, params);
    }
    golden_unsupported(g, "model", model);
    return NULL;
}
