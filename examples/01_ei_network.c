/* A network of excitatory and inhibitory neurons with conductances (COBA, Brette et al. 2007): build, run, mean rates.
 */
#include <engram/models.h>
#include <stdio.h>

static void project(eg_system *net, eg_system *pre, eg_system *post, const eg_exp_synapse_params *synapse)
{
    eg_fixed_prob_options p = {.prob = 0.02};
    eg_exp_synapse(net, NULL, pre, post, eg_fixed_prob(eg_system_context(net), eg_num(pre), eg_num(post), &p), synapse);
}

int main(void)
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

    eg_system *spikes_E = eg_spike_counter(net, NULL, E), *spikes_I = eg_spike_counter(net, NULL, I);
    eg_simulate(net, 10000, NULL); /* 1 s */
    double rate_E = (double)eg_spike_count(spikes_E, NULL) / 3200,
           rate_I = (double)eg_spike_count(spikes_I, NULL) / 800;
    printf("E %.1f Hz, I %.1f Hz%s\n", rate_E, rate_I, eg_message(eg));
    bool good = !eg_error(eg) && rate_E > 19 && rate_E < 23.5 && rate_I > 19 && rate_I < 24;
    eg_close(eg);
    return good ? 0 : 1;
}
