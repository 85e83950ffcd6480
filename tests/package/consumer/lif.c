/* Ten LIF neurons of the library, as a program that uses an installed Engram would run them: spikes and last V. */
#include <engram/engram.h>
#include <stdio.h>

int main(void)
{
    eg_context *eg = eg_open(NULL);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_lif_params cell = eg_lif_defaults();
    cell.V_reset = 0;
    eg_system *N = eg_lif(net, "N", 10, &cell);
    eg_current(net, NULL, N, 25);
    eg_system *spikes = eg_spike_counter(net, NULL, N);
    eg_simulate(net, 1000, NULL);
    const float *V = (const float *)eg_data(NULL, eg_system_variable(N, "V"));
    printf("%d spikes, V %.4f%s\n", (int)eg_spike_count(spikes, NULL), V ? (double)V[9] : 0.0, eg_message(eg));
    bool good = !eg_error(eg) && eg_version() == EG_VERSION;
    eg_close(eg);
    return good ? 0 : 1;
}
