/* Matrix product [m, k] by [k, n]: GFLOP/s.  --form tn: the first matrix lies transposed, [k, m]; nt: the second, [n,
 * k].  --density D: the first one is of spikes, bool, of which D in a thousand fire. */
#include <bench.h>
#include <engram/math.h>
#include <math.h>

typedef struct model {
    eg_context *eg;
    eg_func *func;
    eg_array *a, *b, *c;
    bool flip_a, flip_b;
} model;

static eg_val product(void *user, eg_val x)
{
    const model *m = user;
    eg_val a = eg_item(x, 0), b = eg_item(x, 1);
    return eg_dot(m->flip_a ? eg_transpose(a) : a, m->flip_b ? eg_transpose(b) : b);
}

static void run(void *user)
{
    model *m = user;
    eg_call(m->func, NULL, (const void *[]){eg_array_data(m->a), eg_array_data(m->b)}, (void *[]){eg_array_data(m->c)},
            NULL);
}

static double at(eg_array *x, bool f64, int64_t i, int64_t j, bool flip)
{
    if (flip) return at(x, f64, j, i, false);
    int64_t k = i * eg_array_spec(x).dim[1] + j;
    if (eg_array_spec(x).dtype == EG_BOOL) return ((const uint8_t *)eg_array_data(x))[k];
    return f64 ? ((const double *)eg_array_data(x))[k] : (double)((const float *)eg_array_data(x))[k];
}

static void fill(eg_array *x, bool f64, uint64_t state)
{
    eg_spec s = eg_array_spec(x);
    void *p = eg_array_data(x);
    for (int64_t k = 0; p && k < s.dim[0] * s.dim[1]; k++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        double v = (double)(state >> 40) * 0x1p-23 - 1;
        if (f64)
            ((double *)p)[k] = v;
        else
            ((float *)p)[k] = (float)v;
    }
}

static void fire(eg_array *x, int64_t of_1000, uint64_t state)
{
    eg_spec s = eg_array_spec(x);
    uint8_t *p = eg_array_data(x);
    for (int64_t k = 0; p && k < s.dim[0] * s.dim[1]; k++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        p[k] = (double)(state >> 40) * 0x1p-24 * 1000 < (double)of_1000;
    }
}

/* Largest distance of some elements from sums in f64, relative to the sum of the products' sizes. */
static double error_of(const model *m, bool f64)
{
    int64_t rows = eg_array_spec(m->c).dim[0], columns = eg_array_spec(m->c).dim[1],
            depth = eg_array_spec(m->a).dim[!m->flip_a];
    double worst = 0;
    for (int64_t t = 0; t < 64; t++) {
        int64_t i = t * 7919 % rows, j = t * 104729 % columns;
        double sum = 0, size = 0;
        for (int64_t k = 0; k < depth; k++) {
            double p = at(m->a, f64, i, k, m->flip_a) * at(m->b, f64, k, j, m->flip_b);
            sum += p;
            size += fabs(p);
        }
        worst = fmax(worst, fabs(at(m->c, f64, i, j, false) - sum) / (size > 0 ? size : 1));
    }
    return worst;
}

int main(int argc, char **argv)
{
    struct bench b = {.workload = "dot", .n = 512, .steps = 1, .threads = 1, .unit = "product", .reps = 20};
    int64_t rows = 512, depth = 512, form = 0, density = 0;
    bench_open(&b, argc, argv,
               (struct bench_option[]){{"--m", &rows}, {"--k", &depth}, {"--form nn|tn|nt", &form}, {"--density", &density}, {0}});
    eg_dtype type = b.f64 ? EG_F64 : EG_F32, first = density ? EG_BOOL : type;
    model m = {.eg = eg_open(&(eg_options){.threads = b.threads, .math = b.fast ? EG_MATH_FAST : EG_MATH_CONTRACT})};
    m.flip_a = form == 1;
    m.flip_b = form == 2;
    m.a = eg_array_new(m.eg, m.flip_a ? eg_matrix(first, depth, rows) : eg_matrix(first, rows, depth), NULL);
    m.b = eg_array_new(m.eg, m.flip_b ? eg_matrix(type, b.n, depth) : eg_matrix(type, depth, b.n), NULL);
    m.c = eg_array_new(m.eg, eg_matrix(type, rows, b.n), NULL);
    if (density)
        fire(m.a, density, b.seed + 1);
    else
        fill(m.a, b.f64, b.seed + 1);
    fill(m.b, b.f64, b.seed + 2);
    bench_built(&b);

    double start = bench_now();
    eg_spec args[2] = {eg_array_spec(m.a), eg_array_spec(m.b)};
    m.func = eg_trace(m.eg, "dot", product, &m, 2, args);
    eg_compile(m.func);
    b.compile_s = bench_now() - start;
    bench_measure(&b, run, &m);
    if (!eg_error(m.eg)) bench_check(&b, "error", error_of(&m, b.f64));
    bench_extra(&b, "m", (double)rows);
    bench_extra(&b, "k", (double)depth);
    bench_extra(&b, "gflops", 2e-9 * (double)rows * (double)depth * (double)b.n / b.run_s);
    if (eg_error(m.eg)) fprintf(stderr, "%s\n", eg_message(m.eg));
    int failed = eg_error(m.eg) != EG_OK;
    eg_close(m.eg);
    return bench_close(&b, 1) || failed;
}
