/* Memory of backpropagation through a long time: 64 inputs (5 % spikes), 256 recurrent LIF neurons, 10 outputs; carried
 * values stored every sqrt(T) steps, against all stored (--policy all).  ns a step, and the memory of a run: as it was
 * predicted (eg_plan), and measured. */
#include <bench.h>
#include <engram/train.h>
#include <math.h>

enum { INPUTS = 64, HIDDEN = 256, CLASSES = 10, BATCH = 8 };

typedef struct net {
    eg_var *Wi, *Wh, *Wo, *v, *s, *a;
} net;

static void setup(eg_system *self)
{
    net *n = eg_self(self);
    eg_dtype t = eg_float_type(self);
    n->Wi = eg_add_parameter(self, "Wi", eg_matrix(t, INPUTS, HIDDEN), eg_init_normal(0, 2 / sqrt(INPUTS)));
    n->Wh = eg_add_parameter(self, "Wh", eg_matrix(t, HIDDEN, HIDDEN), eg_init_normal(0, 1 / sqrt(HIDDEN)));
    n->Wo = eg_add_parameter(self, "Wo", eg_matrix(t, HIDDEN, CLASSES), eg_init_xavier_normal());
    n->v = eg_add_variable(self, "v", eg_vector(t, HIDDEN), eg_init_constant(0));
    n->s = eg_add_variable(self, "s", eg_vector(t, HIDDEN), eg_init_constant(0));
    n->a = eg_add_variable(self, "a", eg_vector(t, CLASSES), eg_init_constant(0));
}

static eg_val update(eg_system *self, eg_shared shared, eg_val x)
{
    const net *n = eg_self(self);
    (void)shared;
    eg_val in = eg_add(eg_dot(eg_convert(x, eg_float_type(self)), eg_get(n->Wi)), eg_dot(eg_get(n->s), eg_get(n->Wh)));
    eg_val v = eg_add(eg_mul(eg_get(n->v), 0.9), in);
    eg_val s = eg_spike(eg_system_context(self), eg_sub(v, 1), eg_surrogate_arctan(2));
    eg_val a = eg_add(eg_mul(eg_get(n->a), 0.99), eg_dot(s, eg_get(n->Wo)));
    eg_set(n->v, eg_where(eg_ge(v, 1), 0, v));
    eg_set(n->s, s);
    eg_set(n->a, a);
    return eg_nothing();
}

static const eg_class net_class = {
    .name = "Net", .role = EG_LAYER, .size = sizeof(net), .setup = setup, .update = update};

typedef struct work {
    eg_context *eg;
    eg_system *model;
    eg_func *grad, *sample;
    int64_t T;
    uint8_t *x;
    int32_t *y;
    void *out[4];
    float loss;
} work;

static eg_val step(void *user, eg_val x)
{
    const work *w = user;
    eg_update(w->model, eg_shared_at(w->model, eg_int(0), eg_real(1)), eg_item(x, 2));
    return eg_tuple(w->eg, 2, ((eg_val[]){eg_nothing(), eg_nothing()}));
}

/* The readout after T steps. */
static eg_val sample(void *user, eg_val x)
{
    const work *w = user;
    eg_loop(w->eg, w->T, step, user, eg_nothing(), x);
    return eg_value(w->model, "a");
}

static eg_val loss_of(void *user, eg_val x)
{
    const work *w = user;
    return eg_cross_entropy_loss(eg_apply(w->sample, eg_item(x, 0)), eg_item(x, 1), NULL);
}

static void run(void *user)
{
    work *w = user;
    eg_call(w->grad, NULL, (const void *[]){w->x, w->y}, w->out, NULL);
}

int main(int argc, char **argv)
{
    struct bench b = {.workload = "bptt_memory", .steps = 10000, .threads = 2, .unit = "step", .reps = 2};
    int64_t all = 0;
    bench_open(&b, argc, argv, (struct bench_option[]){{"--policy sqrt|all", &all}, {0}});
    work w = {.T = b.steps};
    w.eg = eg_open(&(eg_options){.threads = b.threads, .math = b.fast ? EG_MATH_FAST : EG_MATH_CONTRACT});
    eg_system *top = eg_network(w.eg, NULL, &(eg_network_options){.dt = 1, .dtype = b.f64 ? EG_F64 : EG_F32});
    w.model = eg_system_new(top, "model", &net_class, 0, NULL);
    eg_set_mode(top, EG_TRAINING, BATCH);
    w.x = calloc((size_t)(BATCH * w.T * INPUTS), 1);
    w.y = calloc(BATCH, sizeof *w.y);
    uint64_t state = b.seed + 1;
    for (int64_t k = 0; k < BATCH * w.T * INPUTS; k++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        w.x[k] = (double)(state >> 40) * 0x1p-24 < 0.05;
    }
    for (int k = 0; k < BATCH; k++) w.y[k] = k;
    w.out[0] = calloc(1, 8);
    for (int k = 0; k < 3; k++) w.out[k + 1] = calloc(INPUTS * HIDDEN * 4, 8);
    bench_built(&b);
    double start = bench_now(), before = bench_peak_mb();
    eg_spec in[] = {{EG_BOOL, 3, {BATCH, w.T, INPUTS}}, eg_vector(EG_I32, BATCH)}, one = {EG_BOOL, 2, {w.T, INPUTS}};
    eg_func *f = eg_trace(w.eg, "sample", sample, &w, 1, &one);
    w.sample = eg_batched(top, f, BATCH, &(eg_batched_options){.fresh = true});
    eg_var *vars[] = {eg_parameter(top, 0), eg_parameter(top, 1), eg_parameter(top, 2)};
    f = eg_trace(w.eg, "loss", loss_of, &w, 2, in);
    eg_gradient_options o = {.num_vars = 3, .vars = vars, .policy = all ? EG_CHECKPOINT_ALL : EG_CHECKPOINT_SQRT};
    w.grad = eg_gradient(f, &o);
    eg_compile(w.grad);
    b.compile_s = bench_now() - start;
    double compiled = bench_peak_mb();
    bench_measure(&b, run, &w);
    double loss = b.f64 ? *(double *)w.out[0] : (double)*(float *)w.out[0];
    bench_check(&b, "loss", loss);
    eg_memory m;
    eg_plan(w.grad, 0, &m);
    bench_extra(&b, "mb_predicted", (double)m.total * 1e-6);
    bench_extra(&b, "compile_mb", compiled - before);
    bench_extra(&b, "run_mb", bench_peak_mb() - compiled);
    if (eg_error(w.eg)) fprintf(stderr, "%s\n", eg_message(w.eg));
    int failed = eg_error(w.eg) != EG_OK;
    eg_close(w.eg);
    return bench_close(&b, (double)b.steps) || failed;
}
