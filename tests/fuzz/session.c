/* A program in a context: objects, data, trace, runs, comparison. */
#include "fuzz.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

fz_memory fz_memory_new(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (bytes + page - 1) / page * page;
    fz_memory m = {.bytes = bytes, .mapped = body + page};
    m.base = mmap(NULL, m.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (m.base == MAP_FAILED) abort();
    if (mprotect(m.base + body, page, PROT_NONE)) abort();
    m.at = m.base + body - bytes;
    return m;
}

void fz_memory_free(fz_memory *m)
{
    if (m->base) munmap(m->base, m->mapped);
    m->base = NULL;
}

/* -- data ---------------------------------------------------------------------------------------------------------- */

static double real_of(fz_rng *r, bool specials)
{
    static const double special[] = {0.0,    -0.0, INFINITY, -INFINITY, NAN, 1e-40, -1e-45,
                                     1e-310, 3e38, -3e38,    1e300,     1,   -1};
    if (specials && fz_chance(r, 30)) return special[fz_below(r, EGI_LEN(special))];
    double x = fz_unit(r) * 4 - 2;
    if (fz_chance(r, 15)) x = (double)(int64_t)(x * 3) / 2;
    if (specials && fz_chance(r, 5)) x *= 1000;
    return x;
}

static int64_t integer_of(fz_rng *r, eg_dtype t)
{
    if (fz_chance(r, 4)) return (int64_t)fz_next(r);
    return fz_below(r, 48) - (t == EG_U32 ? 0 : 8);
}

void fz_fill(eg_spec spec, uint64_t key, bool specials, bool count, void *data)
{
    fz_rng r = {key};
    int64_t n = fz_count(spec);
    double shift = key % 7 == 3 ? 2.5 : 0; /* all below 0 */
    for (int64_t k = 0; k < n; k++) {
        double x = real_of(&r, specials) - shift;
        int64_t i = count ? fz_below(&r, 6) : integer_of(&r, spec.dtype);
        switch (spec.dtype) {
        case EG_BOOL: ((uint8_t *)data)[k] = x > 1.1; break;
        case EG_I32: ((int32_t *)data)[k] = (int32_t)i; break;
        case EG_U32: ((uint32_t *)data)[k] = (uint32_t)i; break;
        case EG_I64: ((int64_t *)data)[k] = i; break;
        case EG_F32: ((float *)data)[k] = (float)x; break;
        default: ((double *)data)[k] = x;
        }
    }
}

static void *filled(eg_spec spec, uint64_t key, bool specials, size_t *bytes)
{
    *bytes = (size_t)fz_count(spec) * eg_dtype_size(spec.dtype);
    void *data = malloc(*bytes + 1);
    if (!data) abort();
    fz_fill(spec, key, specials, false, data);
    return data;
}

static eg_array *new_array(fz_trace *c, eg_spec spec, uint64_t key)
{
    size_t bytes;
    void *data = filled(spec, key, c->p->specials, &bytes);
    eg_array *a = eg_array_new(c->eg, spec, data);
    free(data);
    return a;
}

static void init_var(fz_trace *c, eg_var *v, uint64_t key)
{
    size_t bytes;
    void *data = filled(eg_variable_spec(v), key, c->p->specials, &bytes);
    eg_init(v, data, bytes);
    free(data);
}

static void new_csr(fz_trace *c, int k)
{
    const fz_csr *o = &c->p->csr[k];
    fz_rng r = fz_rng_of(c->p->seed, (1u << 27) + (uint32_t)k);
    int64_t pre = c->p->size[o->pre], post = c->p->size[o->post], n = 0;
    int64_t *ptr = malloc((size_t)(pre + 1) * sizeof *ptr);
    int32_t *target = malloc((size_t)(pre * (o->degree + 1) + 1) * sizeof *target);
    float *weight = malloc((size_t)(pre * (o->degree + 1) + 1) * sizeof *weight), *dense = NULL;
    if (pre * post <= 20000) dense = calloc((size_t)(pre * post + 1), sizeof *dense);
    if (!ptr || !target || !weight) abort();
    ptr[0] = 0;
    for (int64_t i = 0; i < pre; i++) {
        int64_t m = post ? fz_below(&r, o->degree + 1) * fz_chance(&r, 85) : 0;
        for (int64_t j = 0; j < m; j++, n++) {
            target[n] = (int32_t)fz_below(&r, post);
            weight[n] = (float)(fz_below(&r, 7) - 3);
            if (dense) dense[i * post + target[n]] += weight[n];
        }
        ptr[i + 1] = n;
    }
    c->csr[k] = eg_csr_new(c->eg, pre, post, ptr, target);
    c->weights[k] = new_array(c, eg_vector(EG_F32, n), c->p->seed + 77 + (uint64_t)k);
    c->synapse[k] = eg_array_new(c->eg, eg_vector(EG_F32, n), weight);
    if (dense) c->dense[k] = eg_array_new(c->eg, eg_matrix(EG_F32, pre, post), dense);
    free(ptr);
    free(target);
    free(weight);
    free(dense);
}

static void objects(fz_session *s)
{
    const fz_program *p = s->p;
    fz_trace *c = &s->trace;
    char name[16];
    for (int k = 0; k < p->num_vars; k++) {
        snprintf(name, sizeof name, "%s%d", s->second ? "w" : "v", k);
        c->var[k] = eg_variable(s->eg, name, fz_spec_of(p, &p->var[k]));
        if (c->var[k]) init_var(c, c->var[k], fz_mix(p->seed * 64 + (uint64_t)k));
    }
    for (int k = 0; k < p->num_arrays; k++)
        c->array[k] = new_array(c, fz_spec_of(p, &p->array[k]), fz_mix(p->seed * 64 + 40 + (uint64_t)k));
    for (int k = 0; k < p->num_csrs; k++) new_csr(c, k);
    for (int k = 0; k < p->num_delays; k++) {
        snprintf(name, sizeof name, "%s%d", s->second ? "e" : "d", k);
        c->delay[k] = eg_delay_new(s->eg, name, fz_spec_of(p, &p->delay[k]), p->delay_steps[k]);
        if (c->delay[k]) init_var(c, eg_delay_ring(c->delay[k]), fz_mix(p->seed * 64 + 60 + (uint64_t)k));
    }
}

static void print(void *user, const char *text)
{
    (void)user;
    fputs(text, stderr);
}

eg_context *fz_context(const eg_options *o)
{
    eg_options with = *o;
    with.dump = getenv("FUZZ_DUMP");
    eg_context *eg = eg_open(&with);
    if (!eg) abort();
    if (with.dump) eg_set_log(eg, print, NULL);
    return eg;
}

static bool open_in(fz_session *s, const char *text, char *why)
{
    const fz_program *p = s->p;
    eg_spec args[FZ_OBJECTS];
    s->trace.eg = s->eg;
    s->trace.p = p;
    s->trace.variant = s->second && p->seed % 2;
    s->trace.factor = 1;
    objects(s);
    for (int k = 0; k < p->num_args; k++) {
        args[k] = fz_spec_of(p, &p->arg[k]);
        s->in[k] = fz_memory_new((size_t)fz_count(args[k]) * eg_dtype_size(args[k].dtype));
        fz_fill(args[k], fz_mix(p->seed * 64 + 20 + (uint64_t)k), p->specials, p->arg[k].count, s->in[k].at);
    }
    s->num_in = p->num_args;
    s->f = text ? eg_parse(s->eg, text) : eg_trace(s->eg, "fuzz", fz_emit, &s->trace, p->num_args, args);
    if (s->f && !eg_error(s->eg)) return true;
    snprintf(why, FZ_WHY, "%s: %s", text ? "parse" : "trace", eg_message(s->eg));
    fz_close(s);
    return false;
}

bool fz_open(fz_session *s, const fz_program *p, const eg_options *o, const char *text, char *why)
{
    memset(s, 0, sizeof *s);
    s->p = p;
    s->eg = fz_context(o);
    return open_in(s, text, why);
}

bool fz_open_second(fz_session *s, const fz_session *first, const fz_program *p, char *why)
{
    memset(s, 0, sizeof *s);
    s->p = p;
    s->eg = first->eg;
    s->second = true;
    return open_in(s, NULL, why);
}

bool fz_open_loss(fz_session *s, const fz_session *first, const fz_program *p, const eg_options *o, bool smooth,
                  char *why)
{
    memset(s, 0, sizeof *s);
    s->p = p;
    s->eg = first ? first->eg : fz_context(o);
    s->second = first != NULL;
    s->trace.loss = true;
    s->trace.smooth = smooth;
    return open_in(s, NULL, why);
}

void fz_close(fz_session *s)
{
    for (int k = 0; k < s->num_in; k++) fz_memory_free(&s->in[k]);
    s->num_in = 0;
    if (!s->second) eg_close(s->eg);
    s->eg = NULL;
}

/* -- runs ---------------------------------------------------------------------------------------------------------- */

static void part(fz_outcome *out, eg_spec spec, const void *data)
{
    if (out->n == (int)EGI_LEN(out->data)) return;
    size_t bytes = (size_t)fz_count(spec) * eg_dtype_size(spec.dtype);
    out->spec[out->n] = spec;
    out->data[out->n] = malloc(bytes + 1);
    if (!out->data[out->n]) abort();
    memcpy(out->data[out->n++], data, bytes);
}

/* As a plain C function on the block of the context's own state. */
static eg_status step(fz_session *s, const void *const *in, void *const *results)
{
    eg_step_fn fn = eg_func_pointer(s->f);
    void *block = eg_block_of(s->f, NULL);
    if (!fn || !block) return eg_error(s->eg);
    return fn(block, in, results) == EG_STEP_OK ? EG_OK : EG_ERR_RUN;
}

static void run(fz_session *s, const eg_run_options *o, bool by_pointer, int times, fz_outcome *out)
{
    const void *in[FZ_OBJECTS];
    void *results[64] = {NULL};
    fz_memory memory[64];
    int n = eg_num_results(s->f);
    memset(out, 0, sizeof *out);
    for (int k = 0; k < s->num_in; k++) in[k] = s->in[k].at;
    for (int k = 0; k < n; k++) {
        eg_spec spec = eg_result_spec(s->f, k);
        memory[k] = fz_memory_new((size_t)fz_count(spec) * eg_dtype_size(spec.dtype));
        results[k] = memory[k].at;
        memset(memory[k].base, 0x5A, memory[k].mapped - (size_t)sysconf(_SC_PAGESIZE));
    }
    out->status = eg_reset(s->eg, NULL);
    for (int t = 0; t < times && !out->status; t++)
        out->status = by_pointer ? step(s, in, results) : eg_call(s->f, NULL, in, results, o);
    if (out->status) {
        const char *said = eg_run_message(eg_own_state(s->eg));
        snprintf(out->message, sizeof out->message, "status %d: %s %s", (int)out->status, eg_message(s->eg),
                 said ? said : "");
    }
    for (int k = 0; k < n; k++) {
        part(out, eg_result_spec(s->f, k), memory[k].at);
        /* Nothing was written before the result's first element. */
        for (const char *q = memory[k].base; q < memory[k].at && !out->status; q++) {
            if (*q == 0x5A) continue;
            out->status = EG_ERR_INTERNAL;
            snprintf(out->message, sizeof out->message, "result %d was written before its start", k);
        }
        fz_memory_free(&memory[k]);
    }
    out->num_results = n;
    eg_state *own = eg_own_state(s->eg);
    for (int64_t k = 0; k < s->eg->vars.n && own; k++)
        part(out, s->eg->vars.at[k]->spec, eg_data(own, s->eg->vars.at[k]));
    eg_clear_error(s->eg);
}

void fz_run(fz_session *s, const eg_run_options *o, int times, fz_outcome *out) { run(s, o, false, times, out); }

void fz_step(fz_session *s, int times, fz_outcome *out) { run(s, NULL, true, times, out); }

void fz_outcome_free(fz_outcome *o)
{
    for (int k = 0; k < o->n; k++) free(o->data[k]);
    o->n = 0;
}

static bool is_nan(eg_dtype t, uint64_t bits)
{
    if (t == EG_F32) return (bits & 0x7FFFFFFF) > 0x7F800000;
    return t == EG_F64 && (bits & INT64_MAX) > 0x7FF0000000000000;
}

bool fz_equal(const fz_outcome *a, const fz_outcome *b, char *why)
{
    if (a->status || b->status) {
        snprintf(why, FZ_WHY, "%s / %s", a->message, b->message);
        return false;
    }
    if (a->n != b->n) {
        snprintf(why, FZ_WHY, "%d and %d values", a->n, b->n);
        return false;
    }
    for (int k = 0; k < a->n; k++) {
        eg_dtype t = a->spec[k].dtype;
        size_t size = eg_dtype_size(t);
        for (int64_t i = 0; i < fz_count(a->spec[k]); i++) {
            uint64_t x = 0, y = 0;
            memcpy(&x, a->data[k] + (size_t)i * size, size);
            memcpy(&y, b->data[k] + (size_t)i * size, size);
            if (x == y || (is_nan(t, x) && is_nan(t, y))) continue;
            snprintf(why, FZ_WHY, "%s %d (%s, rank %d, %lld elements), element %lld: %0*llx, not %0*llx",
                     k < a->num_results ? "result" : "variable", k < a->num_results ? k : k - a->num_results,
                     eg_dtype_name(t), a->spec[k].rank, (long long)fz_count(a->spec[k]), (long long)i, (int)size * 2,
                     (unsigned long long)y, (int)size * 2, (unsigned long long)x);
            return false;
        }
    }
    return true;
}
