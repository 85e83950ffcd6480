/* Training of a spiking network, 784-n-10, on spikes of given times: ms a batch.
 *
 * v <- 0.9 v + x W1; s = [v >= 1]; v <- 0 where s; a <- 0.9 a + s W2; cross entropy of the mean of a over time; Adam.
 */
#include <bench.h>
#include <engram/train.h>
#include <math.h>

#include "numpy_random.h"

enum { INPUTS = 784, CLASSES = 10, BATCHES = 10, KINDS = 2 };

typedef struct net {
    int64_t hidden;
    const double *W1_init, *W2_init;
    eg_var *W1, *W2, *v, *a;
} net;

static void setup(eg_system *self)
{
    net *n = eg_self(self);
    eg_dtype t = eg_float_type(self);
    int64_t h = n->hidden;
    n->W1 = eg_add_parameter(self, "W1", eg_matrix(t, INPUTS, h), eg_init_array(n->W1_init, INPUTS * h));
    n->W2 = eg_add_parameter(self, "W2", eg_matrix(t, h, CLASSES), eg_init_array(n->W2_init, h * CLASSES));
    n->v = eg_add_variable(self, "v", eg_vector(t, h), eg_init_constant(0));
    n->a = eg_add_variable(self, "a", eg_vector(t, CLASSES), eg_init_constant(0));
}

static eg_val update(eg_system *self, eg_shared shared, eg_val x)
{
    const net *n = eg_self(self);
    (void)shared;
    eg_val in = eg_dot(eg_convert(x, eg_float_type(self)), eg_get(n->W1));
    eg_val v = eg_add(eg_mul(eg_get(n->v), 0.9), in);
    eg_val s = eg_spike(eg_system_context(self), eg_sub(v, 1), eg_surrogate_arctan(2));
    eg_val a = eg_add(eg_mul(eg_get(n->a), 0.9), eg_dot(s, eg_get(n->W2)));
    eg_set(n->v, eg_where(eg_ge(v, 1), 0, v));
    eg_set(n->a, a);
    return a;
}

static const eg_class net_class = {
    .name = "Net", .role = EG_LAYER, .size = sizeof(net), .setup = setup, .update = update};

static eg_val loss_of(void *user, eg_val a, eg_val labels)
{
    (void)user;
    return eg_cross_entropy_loss(eg_mean(a, 1), labels, NULL);
}

/* -- data ---------------------------------------------------------------------------------------------------------- */

typedef struct data {
    int64_t T, B;
    uint8_t *x; /* [KINDS][T][B][INPUTS] */
    int32_t *y; /* [KINDS][B] */
    double *W1, *W2;
} data;

static data draw(bool latency, int64_t T, int64_t B, int64_t hidden)
{
    data d = {T, B, calloc((size_t)(KINDS * T * B * INPUTS), 1), calloc((size_t)(KINDS * B), 4), NULL, NULL};
    static numpy_random r;
    numpy_seed(&r, 0);
    for (int64_t k = 0; latency && k < KINDS * B * INPUTS; k++) {
        int64_t t = numpy_randint(&r, (uint32_t)T), kind = k / (B * INPUTS);
        d.x[(kind * T + t) * B * INPUTS + k % (B * INPUTS)] = 1;
    }
    for (int64_t k = 0; !latency && k < KINDS * T * B * INPUTS; k++) d.x[k] = numpy_rand(&r) < 0.05;
    for (int64_t k = 0; k < KINDS * B; k++) d.y[k] = (int32_t)numpy_randint(&r, CLASSES);
    d.W1 = calloc((size_t)(INPUTS * hidden), sizeof *d.W1);
    d.W2 = calloc((size_t)(hidden * CLASSES), sizeof *d.W2);
    for (int64_t k = 0; k < INPUTS * hidden; k++) d.W1[k] = numpy_randn(&r) * (latency ? 3 : 2) / sqrt(INPUTS);
    for (int64_t k = 0; k < hidden * CLASSES; k++) d.W2[k] = numpy_randn(&r) / sqrt((double)hidden);
    return d;
}

static bool next(void *user, int64_t epoch, int64_t k, eg_batch *b)
{
    const data *d = user;
    (void)epoch;
    *b = (eg_batch){.x_spec = {EG_BOOL, 3, {d->T, d->B, INPUTS}},
                    .y_spec = eg_vector(EG_I32, d->B),
                    .x = d->x + k % KINDS * d->T * d->B * INPUTS,
                    .y = d->y + k % KINDS * d->B};
    return k < BATCHES;
}

typedef struct work {
    eg_system *trainer;
    eg_dataset set;
    double first, last; /* losses of the first epoch */
} work;

static void run(void *user)
{
    work *w = user;
    int64_t num;
    eg_fit(w->trainer, &w->set, &(eg_fit_options){.num_epoch = 1});
    const double *loss = eg_fit_history(w->trainer, "fit", "loss", EG_BY_BATCH, &num);
    if (loss && num && w->first == 0) w->first = loss[0], w->last = loss[num - 1];
}

int main(int argc, char **argv)
{
    struct bench b = {.workload = "snn_train", .steps = 100, .threads = 2, .unit = "batch"};
    int64_t coding = 0, batch = 0;
    bench_open(&b, argc, argv,
               (struct bench_option[]){{"--coding latency|poisson", &coding}, {"--batch", &batch}, {0}});
    bool latency = coding == 0;
    if (!b.n) b.n = latency ? 100 : 256;
    if (!batch) batch = latency ? 256 : 64;
    data d = draw(latency, b.steps, batch, b.n);
    eg_context *eg = eg_open(&(eg_options){.threads = b.threads, .math = b.fast ? EG_MATH_FAST : EG_MATH_CONTRACT});
    eg_system *top = eg_network(eg, NULL, &(eg_network_options){.dt = 1, .dtype = b.f64 ? EG_F64 : EG_F32});
    eg_system *model =
        eg_system_new(top, "model", &net_class, 0, &(net){.hidden = b.n, .W1_init = d.W1, .W2_init = d.W2});
    eg_set_mode(top, EG_TRAINING, 0);
    work w = {.set = {.next = next, .user = &d}};
    w.trainer =
        eg_bptt(model, NULL,
                &(eg_bptt_options){.loss_fn = loss_of, .lr = eg_constant_lr(1e-3), .data_first_axis = EG_TIME_FIRST});
    bench_built(&b);
    bench_measure(&b, run, &w);
    bench_check(&b, "loss_first", w.first);
    bench_check(&b, "loss_last", w.last);
    bench_extra(&b, "ms_per_batch", b.run_s * 1e3 / (double)BATCHES);
    if (eg_error(eg)) fprintf(stderr, "%s\n", eg_message(eg));
    int failed = eg_error(eg) != EG_OK;
    eg_close(eg);
    return bench_close(&b, BATCHES) || failed;
}
