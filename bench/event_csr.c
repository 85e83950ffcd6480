/* Event-driven product: the rows of a sparse matrix whose neurons fired, added up, for a sequence of spike vectors. */
#include <bench.h>
#include <engram/connect.h>
#include <engram/math.h>
#include <engram/parallel.h>

typedef struct model {
    eg_context *eg;
    eg_csr *csr;
    eg_func *func;
    eg_array *weight, *spikes, *y;
    int64_t n, degree, calls;
} model;

static uint64_t random_state = 88172645463325252u;

static double uniform(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) * 0x1p-53;
}

static int compare(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Rows of `degree` different targets, ascending. */
static eg_csr *connections(const model *m)
{
    int64_t *indptr = eg_alloc(m->eg, m->n + 1, sizeof *indptr);
    int32_t *indices = eg_alloc(m->eg, m->n * m->degree, sizeof *indices);
    bool *seen = calloc((size_t)m->n, 1);
    for (int64_t i = 0; indptr && indices && seen && i < m->n; i++) {
        int32_t *row = indices + i * m->degree;
        for (int64_t j = 0; j < m->degree;) {
            int32_t target = (int32_t)(uniform() * (double)m->n);
            if (!seen[target]) seen[row[j++] = target] = true;
        }
        qsort(row, (size_t)m->degree, sizeof *row, compare);
        for (int64_t j = 0; j < m->degree; j++) seen[row[j]] = false;
    }
    for (int64_t i = 0; indptr && i <= m->n; i++) indptr[i] = i * m->degree;
    free(seen);
    return eg_csr_adopt(m->eg, m->n, m->n, indptr, indices);
}

static void build(model *m, bool f64)
{
    eg_dtype type = f64 ? EG_F64 : EG_F32;
    m->csr = connections(m);
    m->weight = eg_array_new(m->eg, eg_vector(type, m->n * m->degree), NULL);
    m->spikes = eg_array_new(m->eg, eg_matrix(EG_BOOL, m->calls, m->n), NULL);
    m->y = eg_array_new(m->eg, eg_matrix(type, m->calls, m->n), NULL);
    void *w = eg_array_data(m->weight);
    for (int64_t k = 0; w && k < m->n * m->degree; k++) {
        if (f64)
            ((double *)w)[k] = uniform();
        else
            ((float *)w)[k] = (float)uniform();
    }
    uint8_t *s = eg_array_data(m->spikes);
    for (int64_t k = 0; s && k < m->calls * m->n; k++) s[k] = uniform() < 0.01;
}

static eg_val one_call(void *user, eg_val x)
{
    model *m = user;
    eg_val pair[2] = {eg_nothing(), eg_event(m->csr, eg_item(x, 2), eg_constant(m->weight))};
    return eg_tuple(m->eg, 2, pair);
}

static eg_val all_calls(void *user, eg_val spikes)
{
    model *m = user;
    return eg_item(eg_loop(m->eg, m->calls, one_call, m, eg_nothing(), spikes), 1);
}

static void run(void *user)
{
    model *m = user;
    eg_call(m->func, NULL, (const void *[]){eg_array_data(m->spikes)}, (void *[]){eg_array_data(m->y)}, NULL);
}

int main(int argc, char **argv)
{
    struct bench b = {.workload = "event_csr", .n = 20000, .steps = 100, .threads = 2, .unit = "call"};
    bench_open(&b, argc, argv, NULL);
    random_state += 0x9E3779B97F4A7C15u * b.seed;
    model m = {.n = b.n, .degree = b.n / 100, .calls = b.steps};
    m.eg = eg_open(&(eg_options){.threads = b.threads, .math = b.fast ? EG_MATH_FAST : EG_MATH_CONTRACT});
    build(&m, b.f64);
    bench_built(&b);

    double start = bench_now();
    eg_spec arg = eg_array_spec(m.spikes);
    m.func = eg_trace(m.eg, "event_csr", all_calls, &m, 1, &arg);
    eg_compile(m.func);
    b.compile_s = bench_now() - start;
    bench_measure(&b, run, &m);

    double sum = 0, events = 0;
    const void *y = eg_array_data(m.y);
    const uint8_t *s = eg_array_data(m.spikes);
    for (int64_t k = 0; y && s && k < m.calls * m.n; k++) {
        sum += b.f64 ? ((const double *)y)[k] : (double)((const float *)y)[k];
        events += s[k] * (double)m.degree;
    }
    bench_check(&b, "sum", sum);
    bench_check(&b, "events", events);
    bench_extra(&b, "ns_per_event", b.run_s * 1e9 / events);
    if (eg_error(m.eg)) fprintf(stderr, "%s\n", eg_message(m.eg));
    int failed = eg_error(m.eg) != EG_OK;
    eg_close(m.eg);
    return bench_close(&b, (double)b.steps) || failed;
}
