/* A dense layer and LIF neurons over time, forward and backward to the weights: ns a neuron and step.
 *
 * z = x W for all steps; v <- 0.9 v + z; s = [v >= 1]; v <- 0 where s; loss = sum of s. */
#include <bench.h>
#include <engram/math.h>
#include <engram/surrogate.h>
#include <engram/transform.h>
#include <math.h>

#include "numpy_random.h"

typedef struct model {
    eg_context *eg;
    eg_var *W;
    eg_func *grad;
    int64_t T, B, n;
    eg_array *x, *dW;
    bool f64;
    double loss;
} model;

static eg_val step(void *user, eg_val x)
{
    const model *m = user;
    eg_val v = eg_add(eg_mul(eg_item(x, 1), 0.9), eg_item(x, 2));
    eg_val s = eg_spike(m->eg, eg_sub(v, 1), eg_surrogate_arctan(2));
    return eg_tuple(m->eg, 2, ((eg_val[]){eg_where(eg_ge(v, 1), 0, v), s}));
}

static eg_val loss_of(void *user, eg_val x)
{
    const model *m = user;
    eg_val z = eg_dot(eg_reshape(x, m->T * m->B, m->n), eg_get(m->W));
    eg_val v = eg_zeros(m->eg, eg_matrix(m->f64 ? EG_F64 : EG_F32, m->B, m->n));
    return eg_sum(eg_item(eg_loop(m->eg, m->T, step, user, v, eg_reshape(z, m->T, m->B, m->n)), 1));
}

static void run(void *user)
{
    model *m = user;
    double raw = 0;
    eg_call(m->grad, NULL, (const void *[]){eg_array_data(m->x)}, (void *[]){&raw, eg_array_data(m->dW)}, NULL);
    float f;
    memcpy(&f, &raw, sizeof f);
    m->loss = m->f64 ? raw : (double)f;
}

/* numpy's normal numbers, rounded to f32 as the peers' are. */
static void normals(void *p, numpy_random *r, int64_t num, double scale, bool f64)
{
    for (int64_t k = 0; p && k < num; k++) {
        float x = (float)(numpy_randn(r) * scale);
        if (f64)
            ((double *)p)[k] = (double)x;
        else
            ((float *)p)[k] = x;
    }
}

static double norm(const model *m)
{
    const void *dW = eg_array_data(m->dW);
    double sum = 0;
    for (int64_t k = 0; dW && k < m->n * m->n; k++) {
        double x = m->f64 ? ((const double *)dW)[k] : (double)((const float *)dW)[k];
        sum += x * x;
    }
    return sqrt(sum);
}

int main(int argc, char **argv)
{
    struct bench b = {.workload = "linlif", .n = 512, .steps = 500, .threads = 2, .unit = "neuron-step", .reps = 5};
    int64_t batch = 16;
    static numpy_random r;
    bench_open(&b, argc, argv, (struct bench_option[]){{"--batch", &batch}, {0}});
    model m = {.T = b.steps, .B = batch, .n = b.n, .f64 = b.f64};
    m.eg = eg_open(&(eg_options){.threads = b.threads, .math = b.fast ? EG_MATH_FAST : EG_MATH_CONTRACT});
    eg_dtype t = b.f64 ? EG_F64 : EG_F32;
    size_t size = eg_dtype_size(t), weights = (size_t)(b.n * b.n) * size;
    m.W = eg_variable(m.eg, "W", eg_matrix(t, b.n, b.n));
    numpy_seed(&r, 0);
    eg_spec spec = {t, 3, {m.T, m.B, m.n}};
    m.x = eg_array_new(m.eg, spec, NULL);
    m.dW = eg_array_new(m.eg, eg_matrix(t, b.n, b.n), NULL);
    void *W = calloc(1, weights);
    normals(eg_array_data(m.x), &r, m.T * m.B * m.n, 1, b.f64);
    normals(W, &r, m.n * m.n, 1 / sqrt((double)m.n), b.f64);
    eg_init(m.W, W, weights);
    double before = bench_peak_mb();
    bench_built(&b);
    eg_func *f = eg_trace(m.eg, "linlif", loss_of, &m, 1, &spec);
    m.grad = eg_gradient(f, &(eg_gradient_options){.num_vars = 1, .vars = &m.W});
    bench_measure(&b, run, &m);
    bench_check(&b, "loss", m.loss);
    bench_check(&b, "grad_norm", norm(&m));
    bench_extra(&b, "ms_per_call", b.run_s * 1e3);
    bench_extra(&b, "mb_of_run", bench_peak_mb() - before);
    if (eg_error(m.eg)) fprintf(stderr, "%s\n", eg_message(m.eg));
    int failed = eg_error(m.eg) != EG_OK;
    eg_close(m.eg);
    return bench_close(&b, (double)b.steps * (double)batch * (double)b.n) || failed;
}
