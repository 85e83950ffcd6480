/* A sweep: 64 COBA networks with the same connections, each driven by currents and from potentials of its own, by one
 * eg_vmap() of a run and as 64 runs of one network, ns per neuron and step.  4,000 neurons: what one core's cache
 * holds, so that a sweep is the harder to do as well as runs one by one. */
#include <bench.h>
#include <engram/models.h>
#include <engram/modes.h>
#include <math.h>
#include <pthread.h>

typedef struct model {
    eg_context *eg;
    eg_system *net, *E, *I;
    eg_func *run;
    eg_val drive;
    double dt;
    int64_t n, steps;
} model;

/* -- the network, and a run of it as a function of the drives and the number of steps ------------------------------ */

static void project(model *m, const char *name, eg_system *pre, eg_system *post, const eg_exp_synapse_params *synapse)
{
    eg_fixed_prob_options p = {.prob = fmin(80.0 / (double)m->n, 1), .seed = 7};
    eg_exp_synapse(m->net, name, pre, post, eg_fixed_prob(m->eg, eg_num(pre), eg_num(post), &p), synapse);
}

static eg_val step(void *user, eg_val x)
{
    model *m = user;
    eg_shared at = eg_shared_at(m->net, eg_item(x, 0), eg_real(m->dt));
    eg_hold_inputs(m->net);
    eg_clear_input(m->net);
    eg_accumulate(m->E, "input", m->drive);
    eg_accumulate(m->I, "input", m->drive);
    eg_update(m->net, at, eg_no_input());
    eg_val spikes = eg_add(eg_sum(eg_convert(eg_value(m->E, "spike"), EG_I32)),
                           eg_sum(eg_convert(eg_value(m->I, "spike"), EG_I32)));
    eg_restore_inputs(m->net);
    return eg_tuple(m->eg, 2, ((eg_val[]){eg_add(eg_item(x, 1), spikes), eg_nothing()}));
}

/* Drive (mV) and number of steps to the number of spikes. */
static eg_val run(void *user, eg_val args)
{
    model *m = user;
    m->drive = eg_item(args, 0);
    eg_val none = eg_full(m->eg, eg_scalar(EG_I32), eg_int(0));
    return eg_item(eg_loop(m->eg, eg_item(args, 1), step, m, none, eg_nothing()), 0);
}

static void build(model *m, const struct bench *b)
{
    m->n = b->n;
    m->dt = 0.1;
    m->steps = b->steps;
    m->eg = eg_open(&(eg_options){.threads = b->threads, .seed = b->seed});
    m->net = eg_network(m->eg, NULL, &(eg_network_options){.dt = m->dt, .dtype = b->f64 ? EG_F64 : EG_F32});
    eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
    cell.V_init = eg_init_normal(-55, 5);
    int64_t num_E = m->n * 4 / 5;
    m->E = eg_lif(m->net, "E", num_E, &cell);
    m->I = eg_lif(m->net, "I", m->n - num_E, &cell);
    eg_exp_synapse_params excite = {.tau = 5, .g_max = 0.6, .output = eg_coba(0)};
    eg_exp_synapse_params inhibit = {.tau = 10, .g_max = 6.7, .output = eg_coba(-80)};
    project(m, "E2E", m->E, m->E, &excite);
    project(m, "E2I", m->E, m->I, &excite);
    project(m, "I2E", m->I, m->E, &inhibit);
    project(m, "I2I", m->I, m->I, &inhibit);
    m->run = eg_trace(m->eg, "run", run, m, 2, ((eg_spec[]){eg_scalar(eg_float_type(m->net)), eg_scalar(EG_I64)}));
}

/* -- one after the other, or two at a time ------------------------------------------------------------------------- */

enum { MOST = 1024 };

typedef struct sweep {
    model one, all;
    eg_state *state[MOST];
    eg_func *copies;
    int sets, host_threads, engine_threads;
    char drive[8 * MOST];
    size_t size; /* of one drive */
    int32_t spikes[MOST], alone[MOST];
    int next;
    pthread_mutex_t lock;
} sweep;

static void *take_runs(void *user)
{
    sweep *s = user;
    for (;;) {
        pthread_mutex_lock(&s->lock);
        int k = s->next < s->sets ? s->next++ : -1;
        pthread_mutex_unlock(&s->lock);
        if (k < 0) return NULL;
        const void *in[] = {s->drive + (size_t)k * s->size, &s->one.steps};
        void *out[] = {&s->alone[k]};
        eg_call(s->one.run, s->state[k], in, out, &(eg_run_options){.threads = s->engine_threads});
    }
}

static void separate(void *user)
{
    sweep *s = user;
    pthread_t thread[64];
    s->next = 0;
    for (int t = 1; t < s->host_threads; t++) pthread_create(&thread[t], NULL, take_runs, s);
    take_runs(s);
    for (int t = 1; t < s->host_threads; t++) pthread_join(thread[t], NULL);
}

static void together(void *user)
{
    sweep *s = user;
    const void *in[] = {s->drive, &s->all.steps};
    void *out[] = {s->spikes};
    eg_call(s->copies, NULL, in, out, NULL);
}

static void set_drive(sweep *s, int k, double x)
{
    if (s->size == 4)
        ((float *)(void *)s->drive)[k] = (float)x;
    else
        ((double *)(void *)s->drive)[k] = x;
}

/* Potentials of copy k in both. */
static void set_V(sweep *s, const char *path)
{
    eg_var *one = eg_system_variable(s->one.net, path), *all = eg_batch_variable(s->all.net, path, s->sets);
    size_t elements = 1, bytes;
    eg_spec spec = eg_variable_spec(one);
    for (int k = 0; k < spec.rank; k++) elements *= (size_t)spec.dim[k];
    bytes = elements * eg_dtype_size(spec.dtype);
    for (int k = 0; k < s->sets; k++) {
        char *to = (char *)eg_data(s->state[k], one), *from = (char *)eg_data(NULL, all) + (size_t)k * bytes;
        memcpy(to, from, bytes);
    }
}

static bool same_bits(sweep *s, const char *path)
{
    eg_var *one = eg_system_variable(s->one.net, path), *all = eg_batch_variable(s->all.net, path, s->sets);
    size_t elements = 1, bytes;
    eg_spec spec = eg_variable_spec(one);
    for (int k = 0; k < spec.rank; k++) elements *= (size_t)spec.dim[k];
    bytes = elements * eg_dtype_size(spec.dtype);
    for (int k = 0; k < s->sets; k++) {
        if (memcmp(eg_data(s->state[k], one), (char *)eg_data(NULL, all) + (size_t)k * bytes, bytes) != 0) return false;
    }
    return true;
}

static double best_of(int reps, void (*fn)(void *), sweep *s)
{
    double best = INFINITY;
    for (int k = 0; k < reps; k++) {
        double start = bench_now();
        fn(s);
        double t = bench_now() - start;
        if (t < best) best = t;
    }
    return best;
}

int main(int argc, char **argv)
{
    struct bench b = {.workload = "vmap_coba", .n = 4000, .steps = 1000, .threads = 2, .unit = "neuron-step"};
    int64_t sets = 64;
    static sweep s = {.lock = PTHREAD_MUTEX_INITIALIZER};
    bench_open(&b, argc, argv, (struct bench_option[]){{"--sets", &sets}, {0}});
    s.sets = (int)(sets < 1 ? 1 : sets > MOST ? MOST : sets);
    build(&s.one, &b);
    build(&s.all, &b);
    s.copies = eg_batched(s.all.net, s.all.run, s.sets, &(eg_batched_options){.num_shared = 1, .shared = (int[]){1}});
    s.size = eg_dtype_size(eg_float_type(s.one.net));
    for (int k = 0; k < s.sets; k++) {
        s.state[k] = eg_state_new(s.one.eg);
        set_drive(&s, k, 18 + 4.0 * k / s.sets);
    }
    set_V(&s, "E.V");
    set_V(&s, "I.V");
    bench_built(&b);

    double start = bench_now();
    eg_compile(s.copies);
    b.compile_s = bench_now() - start;
    s.host_threads = b.threads;
    s.engine_threads = 1;
    /* In turns, so that what else the machine does meets all alike; equally often, so that states stay equal. */
    double two = INFINITY, turn = INFINITY;
    b.run_s = INFINITY;
    bool same = true;
    const int64_t compiles = eg_get_stats(s.all.eg).compiles;
    for (int k = 0; k < (b.reps ? b.reps : 3) + 1; k++) {
        b.run_s = fmin(b.run_s, best_of(1, together, &s));
        s.host_threads = b.threads;
        s.engine_threads = 1;
        two = fmin(two, best_of(1, separate, &s));
        same = same && same_bits(&s, "E.V") && same_bits(&s, "I.V") && same_bits(&s, "E2E.g");
        same = same && memcmp(s.spikes, s.alone, (size_t)s.sets * sizeof *s.spikes) == 0;
        set_drive(&s, k % s.sets, 19.5); /* other values */
        s.host_threads = 1;
        s.engine_threads = b.threads;
        b.run_s = fmin(b.run_s, best_of(1, together, &s));
        turn = fmin(turn, best_of(1, separate, &s));
    }
    double spikes = 0;
    for (int k = 0; k < s.sets; k++) spikes += s.spikes[k];
    bench_check(&b, "same_bits", same);
    bench_check(&b, "rate_hz", spikes / (double)s.sets / (double)b.n / ((double)b.steps * 1e-4));
    bench_extra(&b, "separate_s", two);
    bench_extra(&b, "in_turn_s", turn);
    bench_extra(&b, "separate_per_vmap", two / b.run_s);
    bench_extra(&b, "in_turn_per_vmap", turn / b.run_s);
    bench_extra(&b, "compiles_of_other_values", (double)(eg_get_stats(s.all.eg).compiles - compiles));
    int failed = eg_error(s.one.eg) || eg_error(s.all.eg) || !same;
    if (eg_error(s.one.eg)) fprintf(stderr, "%s\n", eg_message(s.one.eg));
    if (eg_error(s.all.eg)) fprintf(stderr, "%s\n", eg_message(s.all.eg));
    eg_close(s.one.eg);
    eg_close(s.all.eg);
    return bench_close(&b, (double)s.sets * (double)b.n * (double)b.steps) || failed;
}
