/* What a runner costs: COBA by eg_dsrunner plain, recorded, with bar, checked; 100 neurons streamed to disk. */
#include <bench.h>
#include <engram/models.h>
#include <engram/run.h>
#include <math.h>

typedef struct model {
    eg_context *eg;
    eg_system *net, *plain, *recorded;
    eg_system *small, *quiet, *streamed;
    int64_t steps, small_steps;
    FILE *bar;
    const char *file;
    int threads;
} model;

/* -- the work ------------------------------------------------------------------------------------------------------ */

static void project(model *m, const char *name, eg_system *pre, eg_system *post, int64_t n,
                    const eg_exp_synapse_params *synapse)
{
    eg_fixed_prob_options p = {.prob = fmin(80.0 / (double)n, 1)};
    eg_exp_synapse(m->net, name, pre, post, eg_fixed_prob(m->eg, eg_num(pre), eg_num(post), &p), synapse);
}

static void build_coba(model *m, int64_t n)
{
    m->net = eg_network(m->eg, "coba", NULL);
    eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
    cell.V_init = eg_init_normal(-55, 5);
    cell.method = EG_LIF_EULER;
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
    static const int64_t one = 0;
    eg_monitor see[] = {{.variable = "E.spike", .events = true},
                        {.variable = "I.spike", .events = true},
                        {.variable = "E.V", .indices = &one, .num_indices = 1}};
    m->plain = eg_dsrunner(m->net, "plain", NULL);
    m->recorded = eg_dsrunner(m->net, "recorded", &(eg_dsrunner_options){.num_monitors = 3, .monitors = see});
}

static void build_small(model *m)
{
    m->small = eg_network(m->eg, "small", NULL);
    eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
    cell.V_init = eg_init_normal(-55, 5);
    eg_lif(m->small, "E", 100, &cell);
    eg_input drive = {.variable = "E.input", .value = 20};
    eg_monitor see = {.key = "V", .variable = "E.V", .every = 10, .file = m->file};
    m->quiet = eg_dsrunner(m->small, "quiet", &(eg_dsrunner_options){.num_inputs = 1, .inputs = &drive});
    m->streamed =
        eg_dsrunner(m->small, "streamed",
                    &(eg_dsrunner_options){.num_monitors = 1, .monitors = &see, .num_inputs = 1, .inputs = &drive});
}

static void run_bare(model *m)
{
    eg_simulate(m->net, m->steps, &(eg_simulate_options){.run = &(eg_run_options){.threads = m->threads}});
}

static void run_plain(model *m)
{
    eg_run(m->plain, (double)m->steps * 0.1, &(eg_dsrun_options){.threads = m->threads});
}

static void run_recorded(model *m)
{
    eg_run(m->recorded, (double)m->steps * 0.1, &(eg_dsrun_options){.threads = m->threads});
}

static void run_bar(model *m)
{
    eg_progress_bar bar = {.file = m->bar, .always = true};
    eg_run(m->plain, (double)m->steps * 0.1,
           &(eg_dsrun_options){.threads = m->threads, .progress = eg_progress_bar_show, .user = &bar});
}

static void run_checked(model *m)
{
    eg_run(m->plain, (double)m->steps * 0.1, &(eg_dsrun_options){.threads = m->threads, .check = EG_CHECK_OUTPUT});
}

/* 100 neurons are work for one thread; the other core may write. */
static void run_small(model *m, eg_system *runner)
{
    eg_run(runner, (double)m->small_steps * 0.1, &(eg_dsrun_options){.threads = 1});
}
static void run_quiet(model *m) { run_small(m, m->quiet); }
static void run_streamed(model *m) { run_small(m, m->streamed); }

/* -- measuring: the best of interleaved turns, from the same state ------------------------------------------------- */

enum { BARE, PLAIN, RECORDED, BAR, CHECKED, QUIET, STREAMED, WAYS };

static double turn(model *m, int way)
{
    static void (*const run[WAYS])(model *) = {run_bare,    run_plain, run_recorded, run_bar,
                                               run_checked, run_quiet, run_streamed};
    eg_reset_state(way < QUIET ? m->net : m->small, NULL);
    remove(m->file); /* ext4 brings a file to disk that replaces another */
    double start = bench_now();
    run[way](m);
    return bench_now() - start;
}

int main(int argc, char **argv)
{
    struct bench b = {.workload = "runner", .n = 4000, .steps = 10000, .threads = 2, .unit = "neuron-step", .reps = 7};
    int64_t small_steps = 1000000;
    bench_open(&b, argc, argv, (struct bench_option[]){{"--small-steps", &small_steps}, {0}});
    model m = {.steps = b.steps, .small_steps = small_steps, .threads = b.threads, .file = "bench_runner.npy"};
    m.bar = fopen("/dev/null", "w");
    m.eg = eg_open(&(eg_options){.threads = b.threads, .seed = b.seed});
    build_coba(&m, b.n);
    build_small(&m);
    bench_built(&b);
    double first[WAYS], best[WAYS];
    for (int k = 0; k < WAYS; k++) first[k] = turn(&m, k), best[k] = 1e30;
    double before_mb = bench_peak_mb();
    for (int rep = 0; rep < b.reps; rep++) {
        for (int k = 0; k < WAYS; k++) best[k] = fmin(best[k], turn(&m, k));
    }
    for (int k = 0; k < WAYS; k++) b.compile_s += first[k] - best[k];
    b.run_s = best[RECORDED];
    eg_history E = eg_history_of(m.recorded, "E.spike"), I = eg_history_of(m.recorded, "I.spike");
    double spikes = (double)(E.spec.dim[0] + I.spec.dim[0]);
    bench_check(&b, "rate_hz", spikes / (double)b.n / ((double)b.steps * 1e-4));
    bench_check(&b, "spikes", spikes);
    static const char *const name[WAYS] = {"bare", "plain", "recorded", "bar", "checked", "quiet", "streamed"};
    for (int k = 0; k < WAYS; k++) {
        char key[40];
        snprintf(key, sizeof key, "%s_ns_per_step", name[k]);
        bench_extra(&b, key, best[k] * 1e9 / (double)(k < QUIET ? b.steps : small_steps));
    }
    bench_extra(&b, "plain_ratio", best[PLAIN] / best[BARE]);
    bench_extra(&b, "recorded_ratio", best[RECORDED] / best[BARE]);
    bench_extra(&b, "bar_ratio", best[BAR] / best[PLAIN]);
    bench_extra(&b, "checked_ratio", best[CHECKED] / best[PLAIN]);
    bench_extra(&b, "streamed_ratio", best[STREAMED] / best[QUIET]);
    bench_extra(&b, "grown_mb", bench_peak_mb() - before_mb);
    if (eg_error(m.eg)) fprintf(stderr, "%s\n", eg_message(m.eg));
    int failed = eg_error(m.eg) != EG_OK;
    eg_close(m.eg);
    if (m.bar) fclose(m.bar);
    remove(m.file);
    return bench_close(&b, (double)b.n * (double)b.steps) || failed;
}
