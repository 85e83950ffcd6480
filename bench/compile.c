/* From a model to code: COBA traced and compiled cold, the same again, with another size, with another dt; first spike.
 */
#include <bench.h>
#include <engram/models.h>
#include <math.h>

static void project(eg_system *net, eg_system *pre, eg_system *post, int64_t n, const eg_exp_synapse_params *synapse)
{
    eg_fixed_prob_options p = {.prob = fmin(80.0 / (double)n, 1)};
    eg_csr *c = eg_fixed_prob(eg_system_context(net), eg_num(pre), eg_num(post), &p);
    eg_exp_synapse(net, NULL, pre, post, c, synapse);
}

static eg_system *build(eg_context *eg, const char *name, int64_t n, double dt, double g_max, bool f64)
{
    eg_system *net = eg_network(eg, name, &(eg_network_options){.dt = dt, .dtype = f64 ? EG_F64 : EG_F32});
    eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
    cell.V_init = eg_init_normal(-55, 5);
    int64_t num_E = n * 4 / 5;
    eg_system *E = eg_lif(net, "E", num_E, &cell), *I = eg_lif(net, "I", n - num_E, &cell);
    eg_current(net, "drive_E", E, 20);
    eg_current(net, "drive_I", I, 20);
    eg_exp_synapse_params excite = {.tau = 5, .g_max = g_max, .output = eg_coba(0)};
    eg_exp_synapse_params inhibit = {.tau = 10, .g_max = 6.7, .output = eg_coba(-80)};
    project(net, E, E, n, &excite);
    project(net, E, I, n, &excite);
    project(net, I, E, n, &inhibit);
    project(net, I, I, n, &inhibit);
    eg_spike_counter(net, "spikes", E);
    return net;
}

/* Seconds from the traced function's absence to its being callable. */
static double callable(eg_system *net)
{
    double start = bench_now();
    eg_compile(eg_stepper(net));
    return bench_now() - start;
}

int main(int argc, char **argv)
{
    struct bench b = {.workload = "compile", .n = 4000, .steps = 1, .threads = 2, .unit = "compilation"};
    bench_open(&b, argc, argv, NULL);
    eg_context *eg =
        eg_open(&(eg_options){.threads = b.threads, .math = b.fast ? EG_MATH_FAST : EG_MATH_CONTRACT, .seed = b.seed});
    eg_system *cold = build(eg, "cold", b.n, 0.1, 0.6, b.f64);
    bench_built(&b);
    b.compile_s = b.run_s = callable(cold);
    eg_stats s = eg_get_stats(eg);
    int64_t steps = 0;
    do eg_simulate(cold, 1, NULL);
    while (!eg_error(eg) && ++steps < 1000 && eg_spike_count(eg_find_system(cold, "spikes"), NULL) < 1);
    bench_extra(&b, "since_start_to_first_spike_s", bench_since_start());
    bench_extra(&b, "first_spike_step", (double)steps);
    bench_extra(&b, "trace_s", s.trace_s);
    bench_extra(&b, "pass_s", s.pass_s);
    bench_extra(&b, "codegen_s", s.codegen_s);
    bench_extra(&b, "same_s", callable(build(eg, "same", b.n, 0.1, 0.6, b.f64)));
    bench_extra(&b, "other_n_s", callable(build(eg, "other_n", b.n * 3 / 2, 0.1, 0.6, b.f64)));
    bench_extra(&b, "other_dt_s", callable(build(eg, "other_dt", b.n, 0.05, 0.6, b.f64)));
    bench_extra(&b, "other_parameter_s", callable(build(eg, "other_g", b.n, 0.1, 0.7, b.f64)));
    bench_check(&b, "compiles", (double)eg_get_stats(eg).compiles);
    bench_check(&b, "cache_hits", (double)eg_get_stats(eg).cache_hits);
    if (eg_error(eg)) fprintf(stderr, "%s\n", eg_message(eg));
    int failed = eg_error(eg) != EG_OK;
    eg_close(eg);
    return bench_close(&b, 1) || failed;
}
