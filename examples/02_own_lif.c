/* A neuron of your own: leaky integrate-and-fire, with nothing that the library's models do not use either.  eg_fire
 * makes it one that can be trained. */
#include <engram/modes.h>
#include <math.h>
#include <stdio.h>

typedef struct lif {
    double tau, V_th; /* ms, mV */
    eg_var *V, *input;
} lif;

static void setup(eg_system *self)
{
    lif *n = eg_self(self);
    n->V = eg_add_variable(self, "V", eg_floats(self), eg_init_constant(0));
    n->input = eg_add_input(self, "input", eg_floats(self));
    eg_add_spike(self);
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    lif *n = eg_self(self);
    eg_val I = eg_add(eg_get(n->input), x), decay = eg_exp(eg_div(eg_neg(s.dt), n->tau));
    eg_val V = eg_add(I, eg_mul(eg_sub(eg_get(n->V), I), decay));
    eg_set(n->V, eg_where(eg_ge(V, n->V_th), 0, V));
    return eg_fire(self, V, n->V_th, NULL);
}

static const eg_class own_lif = {
    .name = "OwnLIF", .role = EG_GROUP, .size = sizeof(lif), .setup = setup, .update = update};

static eg_val drive(eg_system *self, eg_shared s, eg_val x) /* 0 to 40 over the neurons, in every step */
{
    eg_val I = eg_mul(eg_iota(eg_system_context(self), 100, EG_F32), 0.4);
    eg_accumulate(eg_system_parent(self), "N.input", I);
    return (void)s, (void)x, I;
}

static const eg_class ramp = {.name = "Ramp", .role = EG_PROJECTION, .update = drive};

int main(void)
{
    eg_context *eg = eg_open(NULL);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_system *N = eg_system_new(net, "N", &own_lif, 100, &(lif){.tau = 10, .V_th = 20});
    eg_system_new(net, NULL, &ramp, 0, NULL);
    static bool spikes[10000][100];
    eg_var *spike = eg_system_variable(N, "spike");
    eg_simulate(net, 10000, &(eg_simulate_options){.num_record = 1, .record = &spike, .out = (void *[]){spikes}});
    int count = 0;
    for (int k = 0; k < 10000; k++) count += spikes[k][99];
    /* I = 39.6 constant: V reaches V_th after tau ln(I / (I - V_th)), in whole steps. */
    int want = (int)(10000 / ceil(100 * log(39.6 / 19.6)));
    printf("%d spikes in 1 s, %d expected%s\n", count, want, eg_message(eg));
    bool good = !eg_error(eg) && count == want;
    eg_close(eg);
    return good ? 0 : 1;
}
