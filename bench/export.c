/* Export: COBA on one thread by eg_call, by function pointer and by exported code; ns of a small step's call. */
#include <bench.h>
#include <dlfcn.h>
#include <engram/export.h>
#include <engram/models.h>

enum { BY_CALL, BY_POINTER, BY_EXPORT, WAYS };
static const char *const way_name[WAYS] = {"call", "pointer", "exported"};

typedef struct model {
    eg_context *eg;
    eg_func *f;
    eg_step_fn pointer, exported;
    void *block, *state; /* of pointer and exported */
    const void *in[2];
} model;

static void project(eg_system *net, eg_system *pre, eg_system *post, const eg_exp_synapse_params *synapse)
{
    eg_fixed_prob_options p = {.prob = 0.02};
    eg_exp_synapse(net, NULL, pre, post, eg_fixed_prob(eg_system_context(net), eg_num(pre), eg_num(post), &p), synapse);
}

static eg_system *build(eg_context *eg, int64_t n)
{
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = 0.1});
    eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
    cell.V_init = eg_init_normal(-55, 5);
    cell.method = EG_LIF_EULER;
    eg_system *E = eg_lif(net, "E", n * 4 / 5, &cell), *I = eg_lif(net, "I", n - n * 4 / 5, &cell);
    eg_current(net, NULL, E, 20);
    eg_current(net, NULL, I, 20);
    eg_exp_synapse_params excite = {.tau = 5, .g_max = 0.6, .output = eg_coba(0)};
    eg_exp_synapse_params inhibit = {.tau = 10, .g_max = 6.7, .output = eg_coba(-80)};
    project(net, E, E, &excite);
    project(net, E, I, &excite);
    project(net, I, E, &inhibit);
    project(net, I, I, &inhibit);
    return net;
}

static void fail(const char *why)
{
    fprintf(stderr, "export: %s\n", why);
    exit(EXIT_FAILURE);
}

/* The function by its other two ways; files go to a folder of their own and away again. */
static void prepare(model *m, const char *name)
{
    char folder[] = "/tmp/engram-bench-XXXXXX", path[128], file[160];
    static const char *const suffix[] = {".o", ".h", ".so"};
    m->pointer = eg_func_pointer(m->f);
    m->block = eg_block_of(m->f, eg_state_new(m->eg));
    if (!m->block || !mkdtemp(folder)) fail(eg_message(m->eg));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    eg_export(m->f, path, &(eg_export_options){.shared = true});
    snprintf(file, sizeof file, "%s.so", path);
    void *lib = eg_error(m->eg) ? NULL : dlopen(file, RTLD_NOW);
    if (!lib) fail(eg_error(m->eg) ? eg_message(m->eg) : dlerror());
    for (size_t k = 0; k < 3; k++) {
        snprintf(file, sizeof file, "%s%s", path, suffix[k]);
        unlink(file);
    }
    rmdir(folder);
    int (*init)(void *);
    char symbol[64];
    snprintf(symbol, sizeof symbol, "%s_init", name);
    *(void **)(void *)&init = dlsym(lib, symbol);
    *(void **)(void *)&m->exported = dlsym(lib, name);
    m->state = aligned_alloc(EG_BLOCK_ALIGN, (eg_block_size(m->f) + 4096) / 64 * 64); /* no larger than a block */
    if (!init || !m->exported || !m->state || init(m->state)) fail("the exported function cannot be used");
}

static void once(model *m, int way)
{
    if (way == BY_CALL)
        eg_call(m->f, NULL, m->in, NULL, &(eg_run_options){.threads = 1});
    else if (way == BY_POINTER)
        m->pointer(m->block, m->in, NULL);
    else
        m->exported(m->state, m->in, NULL);
}

/* Seconds of `calls` calls by each way, the ways taking turns: the best of reps. */
static void measure(model *m, int reps, int calls, double best[WAYS])
{
    for (int r = 0; r <= reps; r++) {
        for (int way = 0; way < WAYS; way++) {
            double start = bench_now();
            for (int k = 0; k < calls; k++) once(m, way);
            double took = bench_now() - start;
            if (r == 1 || (r > 1 && took < best[way])) best[way] = took; /* the first compiles */
        }
    }
}

static eg_var *V;
static eg_val small(void *user, eg_val x)
{
    (void)user;
    eg_set(V, eg_add(eg_get(V), eg_mul(eg_sub(x, eg_get(V)), 0.01)));
    return eg_nothing();
}

int main(int argc, char **argv)
{
    struct bench b = {.workload = "export", .n = 4000, .steps = 2000, .threads = 1, .unit = "neuron-step", .reps = 60};
    bench_open(&b, argc, argv, NULL);
    model m = {.eg = eg_open(&(eg_options){.threads = 1, .seed = b.seed})}, tiny = {.eg = m.eg};
    static float input[100];
    double dt = 0.1, best[WAYS], call[WAYS];
    V = eg_variable(m.eg, "small.V", eg_vector(EG_F32, 100));
    eg_system *net = build(m.eg, b.n);
    m.f = eg_stepper(net);
    tiny.f = eg_trace(m.eg, "small", small, NULL, 1, &eg_vector(EG_F32, 100));
    if (eg_error(m.eg)) fail(eg_message(m.eg));
    m.in[0] = &b.steps;
    m.in[1] = &dt;
    tiny.in[0] = input;
    bench_built(&b);

    prepare(&m, "coba");
    prepare(&tiny, "small");
    measure(&m, b.reps, 1, best);
    measure(&tiny, b.reps, 10000, call);
    b.run_s = best[BY_EXPORT];
    for (int way = 0; way < WAYS; way++) {
        char key[64];
        snprintf(key, sizeof key, "us_per_step_%s", way_name[way]);
        bench_extra(&b, key, best[way] * 1e6 / (double)b.steps);
        snprintf(key, sizeof key, "ns_per_small_%s", way_name[way]);
        bench_extra(&b, key, call[way] * 1e9 / 10000);
    }
    bench_extra(&b, "exported_by_call", best[BY_EXPORT] / best[BY_CALL]);
    /* All three have made the same steps. */
    eg_var *of_E = eg_system_variable(net, "E.V");
    bool same = !memcmp(eg_data(NULL, of_E), eg_block_data(m.f, m.block, of_E), (size_t)(b.n * 4 / 5) * sizeof(float));
    bench_check(&b, "same_bits", same);
    int failed = eg_error(m.eg) != EG_OK || !same;
    if (eg_error(m.eg)) fprintf(stderr, "%s\n", eg_message(m.eg));
    free(m.state);
    free(tiny.state);
    eg_close(m.eg);
    return bench_close(&b, (double)b.n * (double)b.steps) || failed;
}
