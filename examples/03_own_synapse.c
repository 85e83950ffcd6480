/* A synapse of your own: a conductance that jumps with each spike and decays, between groups of the library. */
#include <engram/models.h>
#include <math.h>
#include <stdio.h>

typedef struct synapse {
    eg_system *pre, *post;
    eg_csr *connections;
    double tau, g_max, E_rev;
    eg_var *g;
} synapse;

static void setup(eg_system *self)
{
    synapse *y = eg_self(self);
    y->g = eg_add_variable(self, "g", eg_floats(y->post), eg_init_constant(0));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    synapse *y = eg_self(self);
    eg_val decayed = eg_mul(eg_get(y->g), eg_exp(eg_div(eg_neg(s.dt), y->tau)));
    eg_val g = eg_event_add(decayed, y->connections, eg_value(y->pre, "spike"), y->g_max);
    eg_set(y->g, g);
    eg_accumulate(y->post, "input", eg_mul(g, eg_sub(y->E_rev, eg_value(y->post, "V"))));
    return (void)x, g;
}

static const eg_class own_synapse = {
    .name = "OwnSynapse", .role = EG_PROJECTION, .size = sizeof(synapse), .setup = setup, .update = update};

int main(void)
{
    eg_context *eg = eg_open(NULL);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_lif_params cell = eg_lif_defaults();
    eg_system *A = eg_lif(net, "A", 100, &cell), *B = eg_lif(net, "B", 50, &cell);
    eg_current(net, NULL, A, 30);
    eg_csr *c = eg_fixed_prob(eg, 100, 50, &(eg_fixed_prob_options){.prob = 0.2});
    eg_system *own = eg_system_new(net, "own", &own_synapse, 50, &(synapse){A, B, c, 5, 0.01, 60, NULL});
    eg_exp_synapse_params p = {.tau = 5, .g_max = 0.01, .output = eg_coba(60)};
    eg_system *shipped = eg_exp_synapse(net, "shipped", A, B, c, &p);
    eg_simulate(net, 1000, NULL);

    float g[50] = {0}, h[50] = {0}, most = 0;
    eg_read(eg_system_variable(own, "g"), g, sizeof g);
    eg_read(eg_system_variable(shipped, "g"), h, sizeof h);
    bool good = !eg_error(eg);
    for (int k = 0; k < 50; k++) {
        good = good && g[k] == h[k];
        most = fmaxf(most, g[k]);
    }
    printf("largest g %g, %s%s\n", (double)most, good ? "the same as the library's" : "not as the library's",
           eg_message(eg));
    eg_close(eg);
    return good && most > 0 ? 0 : 1;
}
