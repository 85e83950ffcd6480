/* Does a product inside of a loop cost what it costs outside?  A recurrent layer with dense input: us a step.
 *
 *     h <- tanh(x_t W + r h)        r one number a neuron; with --recurrent full: h U
 *     loss = sum of all h
 *
 * --form loop has x_t W in the loop, as one writes it; --form hand makes it for all steps before the loop.  With
 * --grad yes also the gradients of W, and of r or U. */
#include <bench.h>
#include <engram/math.h>
#include <engram/transform.h>
#include <math.h>

enum { LOOP, HAND };

typedef struct model {
    eg_context *eg;
    eg_var *W, *R;
    eg_func *f;
    int64_t T, B, n, form, grad, full;
    eg_dtype t;
    void *x, *dW, *dR;
    double loss;
} model;

static eg_val step(void *user, eg_val x)
{
    const model *m = user;
    eg_val h = eg_item(x, 1), z = m->form == HAND ? eg_item(x, 2) : eg_dot(eg_item(x, 2), eg_get(m->W));
    eg_val r = m->full ? eg_dot(h, eg_get(m->R)) : eg_mul(h, eg_get(m->R));
    h = eg_tanh(eg_add(z, r));
    return eg_tuple(m->eg, 2, ((eg_val[]){h, eg_sum(h)}));
}

static eg_val loss_of(void *user, eg_val x)
{
    const model *m = user;
    if (m->form == HAND) x = eg_reshape(eg_dot(eg_reshape(x, m->T * m->B, m->n), eg_get(m->W)), m->T, m->B, m->n);
    eg_val h = eg_zeros(m->eg, eg_matrix(m->t, m->B, m->n));
    return eg_sum(eg_item(eg_loop(m->eg, m->T, step, user, h, x), 1));
}

static void run(void *user)
{
    model *m = user;
    double raw = 0;
    eg_call(m->f, NULL, (const void *[]){m->x}, (void *[]){&raw, m->dW, m->dR}, NULL);
    float f;
    memcpy(&f, &raw, sizeof f);
    m->loss = m->t == EG_F64 ? raw : (double)f;
}

/* Numbers in [-scale, scale]. */
static void *numbers(int64_t num, double scale, bool f64, uint64_t seed)
{
    void *p = calloc((size_t)num, f64 ? 8 : 4);
    for (int64_t k = 0; p && k < num; k++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        float x = (float)(((double)(seed >> 40) / (1 << 23) - 1) * scale);
        if (f64)
            ((double *)p)[k] = (double)x;
        else
            ((float *)p)[k] = x;
    }
    return p;
}

static eg_var *weights(model *m, const char *name, bool full, double scale, uint64_t seed)
{
    eg_var *v = eg_variable(m->eg, name, full ? eg_matrix(m->t, m->n, m->n) : eg_vector(m->t, m->n));
    int64_t num = full ? m->n * m->n : m->n;
    void *p = numbers(num, scale, m->t == EG_F64, seed);
    eg_init(v, p, (size_t)num * eg_dtype_size(m->t));
    free(p);
    return v;
}

int main(int argc, char **argv)
{
    struct bench b = {.workload = "lift", .n = 512, .steps = 100, .threads = 1, .unit = "neuron-step", .reps = 5};
    int64_t batch = 16, form = LOOP, grad = 0, full = 0;
    bench_open(&b, argc, argv,
               (struct bench_option[]){{"--batch", &batch},
                                       {"--form loop|hand", &form},
                                       {"--grad no|yes", &grad},
                                       {"--recurrent diagonal|full", &full},
                                       {0}});
    model m = {.T = b.steps, .B = batch, .n = b.n, .form = form, .grad = grad, .full = full};
    m.t = b.f64 ? EG_F64 : EG_F32;
    m.eg = eg_open(&(eg_options){.threads = b.threads, .math = b.fast ? EG_MATH_FAST : EG_MATH_CONTRACT});
    m.W = weights(&m, "W", true, 1 / sqrt((double)m.n), 1);
    m.R = weights(&m, "R", full, full ? 1 / sqrt((double)m.n) : 0.9, 2);
    m.x = numbers(m.T * m.B * m.n, 1, b.f64, 3);
    m.dW = calloc((size_t)(m.n * m.n), 8);
    m.dR = calloc((size_t)(m.n * m.n), 8);
    double before = bench_peak_mb();
    bench_built(&b);
    m.f = eg_trace(m.eg, "layer", loss_of, &m, 1, &(eg_spec){m.t, 3, {m.T, m.B, m.n}});
    if (grad) m.f = eg_gradient(m.f, &(eg_gradient_options){.num_vars = 2, .vars = (eg_var *[]){m.W, m.R}});
    bench_measure(&b, run, &m);
    bench_check(&b, "loss", m.loss);
    bench_extra(&b, "us_per_step", b.run_s * 1e6 / (double)m.T);
    bench_extra(&b, "mb_of_run", bench_peak_mb() - before);
    if (eg_error(m.eg)) fprintf(stderr, "%s\n", eg_message(m.eg));
    int failed = eg_error(m.eg) != EG_OK;
    eg_close(m.eg);
    free(m.x);
    free(m.dW);
    free(m.dR);
    return bench_close(&b, (double)b.steps * (double)batch * (double)b.n) || failed;
}
