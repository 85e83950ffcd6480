/* COBA: a network of 80 % excitatory and 20 % inhibitory neurons with conductances, ns per neuron and step. */
#include <bench.h>
#include <engram/models.h>
#include <math.h>

typedef struct model {
    eg_context *eg;
    eg_system *net, *counter[2];
    int64_t steps;
    eg_run_options run;
    int64_t before; /* spikes counted before the last call */
} model;

static int64_t spikes(const model *m)
{
    return eg_spike_count(m->counter[0], NULL) + eg_spike_count(m->counter[1], NULL);
}

static void run(void *user)
{
    model *m = user;
    m->before = spikes(m);
    eg_simulate(m->net, m->steps, &(eg_simulate_options){.run = &m->run});
}

static void project(model *m, const char *name, eg_system *pre, eg_system *post, int64_t n,
                    const eg_exp_synapse_params *synapse)
{
    eg_fixed_prob_options p = {.prob = fmin(80.0 / (double)n, 1)};
    eg_exp_synapse(m->net, name, pre, post, eg_fixed_prob(m->eg, eg_num(pre), eg_num(post), &p), synapse);
}

static void build(model *m, int64_t n, bool f64, bool exact)
{
    m->net = eg_network(m->eg, NULL, &(eg_network_options){.dt = 0.1, .dtype = f64 ? EG_F64 : EG_F32});
    eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
    cell.V_init = eg_init_normal(-55, 5);
    cell.method = exact ? EG_LIF_EXACT : EG_LIF_EULER;
    int64_t num_E = n * 4 / 5;
    eg_system *E = eg_lif(m->net, "E", num_E, &cell), *I = eg_lif(m->net, "I", n - num_E, &cell);
    eg_current(m->net, "drive_E", E, 20);
    eg_current(m->net, "drive_I", I, 20);
    eg_exp_synapse_params excite = {.tau = 5, .g_max = 0.6, .output = eg_coba(0)};
    eg_exp_synapse_params inhibit = {.tau = 10, .g_max = 6.7, .output = eg_coba(-80)};
    project(m, "E2E", E, E, n, &excite);
    project(m, "E2I", E, I, n, &excite);
    project(m, "I2E", I, E, n, &inhibit);
    project(m, "I2I", I, I, n, &inhibit);
    m->counter[0] = eg_spike_counter(m->net, "spikes_E", E);
    m->counter[1] = eg_spike_counter(m->net, "spikes_I", I);
}

int main(int argc, char **argv)
{
    struct bench b = {.workload = "coba", .n = 4000, .steps = 10000, .threads = 2, .unit = "neuron-step"};
    int64_t exact = 0, check = 0;
    bench_open(&b, argc, argv, (struct bench_option[]){{"--exact", &exact}, {"--check off|output|all", &check}, {0}});
    model m = {.steps = b.steps, .run = {.threads = b.threads, .check = (eg_check)(EG_CHECK_OFF + check)}};
    m.eg =
        eg_open(&(eg_options){.threads = b.threads, .math = b.fast ? EG_MATH_FAST : EG_MATH_CONTRACT, .seed = b.seed});
    build(&m, b.n, b.f64, exact != 0);
    bench_built(&b);

    double start = bench_now();
    eg_compile(eg_stepper(m.net));
    b.compile_s = bench_now() - start;
    bench_measure(&b, run, &m);
    bench_check(&b, "rate_hz", (double)(spikes(&m) - m.before) / (double)b.n / ((double)b.steps * 1e-4));
    bench_check(&b, "spikes", (double)(spikes(&m) - m.before));
    eg_stats s = eg_get_stats(m.eg);
    bench_extra(&b, "us_per_step", b.run_s * 1e6 / (double)b.steps);
    bench_extra(&b, "trace_s", s.trace_s);
    bench_extra(&b, "pass_s", s.pass_s);
    bench_extra(&b, "codegen_s", s.codegen_s);
    bench_extra(&b, "nodes", (double)s.last_nodes);
    if (eg_error(m.eg)) fprintf(stderr, "%s\n", eg_message(m.eg));
    int failed = eg_error(m.eg) != EG_OK;
    eg_close(m.eg);
    return bench_close(&b, (double)b.n * (double)b.steps) || failed;
}
