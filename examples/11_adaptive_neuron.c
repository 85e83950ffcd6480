/* An adapting neuron: the cell of Brette and Gerstner (2005), which answers a constant current with spikes further and
 * further apart, beside the same cell without adaptation.  Writes adaptive_neuron.png. */
#include <engram/engram.h>
#include <stdio.h>

enum { STEPS = 10000 }; /* 0.1 ms each */

/* The intervals between spikes in ms; their number. */
static int intervals(const bool *spike, double *ms, int most)
{
    int n = 0, last = -1;
    for (int k = 0; k < STEPS; k++) {
        if (!spike[k]) continue;
        if (last >= 0 && n < most) ms[n++] = 0.1 * (k - last);
        last = k;
    }
    return n;
}

int main(void)
{
    eg_context *eg = eg_open(NULL);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_adex_if_params cell = {.V_rest = -70.6,
                              .V_reset = -70.6,
                              .V_th = 20,
                              .V_T = -50.4,
                              .delta_T = 2,
                              .R = 1000 / 30.0,
                              .tau = 281 / 30.0,
                              .tau_w = 144,
                              .a = 0.004,
                              .b = 0.0805};
    eg_system *adapting = eg_adex_if(net, "adapting", 1, &cell);
    cell.a = cell.b = 0;
    eg_system *tonic = eg_adex_if(net, "tonic", 1, &cell);
    eg_current(net, NULL, adapting, 1); /* nA */
    eg_current(net, NULL, tonic, 1);
    static bool spike[2][STEPS];
    static double V[STEPS], w[STEPS], ms[2][200];
    eg_var *see[] = {eg_system_variable(adapting, "spike"), eg_system_variable(tonic, "spike"),
                     eg_system_variable(adapting, "V"), eg_system_variable(adapting, "w")};
    eg_simulate(net, STEPS,
                &(eg_simulate_options){.num_record = 4, .record = see, .out = (void *[]){spike[0], spike[1], V, w}});
    eg_plot_series line[] = {{.num = STEPS, .y = eg_column_f64(V, 1), .label = "V (mV)"},
                             {.num = STEPS, .y = eg_column_f64(w, 1), .label = "w (nA, times 100, less 80)"}};
    line[0].x = line[1].x = eg_column_even(0.1, 0.1);
    line[1].y.scale = 100, line[1].y.offset = -80;
    eg_plot_lines(eg, "adaptive_neuron.png", 2, line, &(eg_plot_options){.xlabel = "t (ms)"});
    int n = intervals(spike[0], ms[0], 200), m = intervals(spike[1], ms[1], 200), grow = 0;
    for (int k = 1; k < n; k++) grow += ms[0][k] > ms[0][k - 1] - 0.15; /* a step, where they no longer change */
    bool good = n > 5 && m > n && grow == n - 1 && ms[0][n - 1] > 2 * ms[0][0] && ms[1][m - 1] < ms[1][0] + 0.15;
    printf("intervals between spikes in ms, from the first to the last\n");
    printf("adapting %.1f to %.1f   tonic %.1f to %.1f   %s\n", ms[0][0], n ? ms[0][n - 1] : 0, ms[1][0],
           m ? ms[1][m - 1] : 0, eg_message(eg));
    eg_close(eg);
    return good ? 0 : 1;
}
