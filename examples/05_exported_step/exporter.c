/* Stage one, at build time: a network becomes an object file and a header.  Usage: exporter PATH */
#include <engram/export.h>
#include <engram/models.h>
#include <stdio.h>

static void project(eg_system *net, eg_system *pre, eg_system *post, const eg_exp_synapse_params *synapse)
{
    eg_fixed_prob_options p = {.prob = 0.02, .seed = 1 + (uint64_t)(eg_num(pre) + 3 * eg_num(post))};
    eg_exp_synapse(net, NULL, pre, post, eg_fixed_prob(eg_system_context(net), eg_num(pre), eg_num(post), &p), synapse);
}

int main(int argc, char **argv)
{
    eg_context *eg = eg_open(NULL);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = 0.1});

    eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
    cell.V_init = eg_init_normal(-55, 5);
    eg_system *E = eg_lif(net, "E", 3200, &cell), *I = eg_lif(net, "I", 800, &cell);
    eg_current(net, NULL, E, 20);
    eg_current(net, NULL, I, 20);

    eg_exp_synapse_params excite = {.tau = 5, .g_max = 0.6, .output = eg_coba(0)};
    eg_exp_synapse_params inhibit = {.tau = 10, .g_max = 6.7, .output = eg_coba(-80)};
    project(net, E, E, &excite);
    project(net, E, I, &excite);
    project(net, I, E, &inhibit);
    project(net, I, I, &inhibit);

    /* PATH.o and PATH.h: `coba`, a function of the number of steps and dt. */
    const char *path = argc > 1 ? argv[1] : "coba";
    if (eg_export(eg_stepper(net), path, &(eg_export_options){.name = "coba", .cpu = "x86-64-v3"}))
        fprintf(stderr, "%s\n", eg_message(eg));
    int failed = eg_error(eg) != EG_OK;
    eg_close(eg);
    return failed;
}
