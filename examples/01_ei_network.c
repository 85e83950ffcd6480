/* A network of excitatory and inhibitory neurons with conductances (COBA, Brette et al. 2007): build, run, mean rates,
 * a raster.
 */
#include <engram/models.h>
#include <engram/plot.h>
#include <engram/run.h>
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

    eg_monitor see[] = {{.variable = "E.spike", .events = true}, {.variable = "I.spike", .events = true}};
    eg_system *run = eg_dsrunner(net, NULL, &(eg_dsrunner_options){.num_monitors = 2, .monitors = see});
    eg_run(run, 1000, NULL); /* ms */
    eg_history spikes[] = {eg_history_of(run, "E.spike"), eg_history_of(run, "I.spike")};
    double rate_E = (double)spikes[0].spec.dim[0] / 3200, rate_I = (double)spikes[1].spec.dim[0] / 800;
    printf("E %.1f Hz, I %.1f Hz%s\n", rate_E, rate_I, eg_message(eg));
    eg_plot_series raster[2] = {{.label = "E"}, {.label = "I"}};
    for (int k = 0; k < 2; k++) {
        raster[k].num = spikes[k].spec.dim[0];
        raster[k].x = eg_column_of(spikes[k].data, EG_I64, 2);
        raster[k].y = eg_column_of((const int64_t *)spikes[k].data + 1, EG_I64, 2);
        raster[k].y.offset = k * 3200;
    }
    eg_plot_raster(eg, "ei_network.png", 2, raster, &(eg_plot_options){.xlabel = "step", .ylabel = "neuron"});
    bool good = !eg_error(eg) && rate_E > 19 && rate_E < 23.5 && rate_I > 19 && rate_I < 24;
    eg_close(eg);
    return good ? 0 : 1;
}
