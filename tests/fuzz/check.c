/* What must agree: interpreter and compiled code, whatever the threads, chunks, lanes, passes and sizes. */
#include "fuzz.h"

#include "jit/code.h"
#include "runtime/csr.h"

static eg_options options_of(const fz_program *p)
{
    return (eg_options){.math = p->math, .keep_denormals = p->keep_denormals, .seed = p->seed & 0xFFFF, .threads = 1};
}

/* Prefixes what differs with where. */
static bool told(char *why, const char *format, ...) EG_PRINTF(2, 3);
static bool told(char *why, const char *format, ...)
{
    char rest[FZ_WHY], head[200];
    va_list list;
    va_start(list, format);
    vsnprintf(head, sizeof head, format, list);
    va_end(list);
    memcpy(rest, why, FZ_WHY);
    rest[FZ_WHY - 1] = 0;
    snprintf(why, FZ_WHY, "%s: %.700s", head, rest);
    return false;
}

static bool agrees(fz_session *s, const fz_outcome *ref, const eg_run_options *o, char *why)
{
    fz_outcome got;
    fz_run(s, o, 1, &got);
    bool same = fz_equal(ref, &got, why);
    fz_outcome_free(&got);
    return same;
}

static bool threads_agree(fz_session *s, const fz_outcome *ref, fz_rng *r, char *why)
{
    int threads[] = {1, 2 + (int)fz_below(r, 3), 1 + (int)fz_below(r, 4)};
    for (size_t k = 0; k < EGI_LEN(threads); k++) {
        if (!agrees(s, ref, &(eg_run_options){.threads = threads[k]}, why)) return told(why, "%d threads", threads[k]);
    }
    return true;
}

/* The function as a plain C function, twice: what it leaves behind counts. */
static bool pointer_agrees(fz_session *s, char *why)
{
    fz_outcome ref, got;
    if (s->trace.has_host) return true;
    fz_run(s, &(eg_run_options){.interpret = true}, 2, &ref);
    fz_step(s, 2, &got);
    bool same = fz_equal(&ref, &got, why);
    fz_outcome_free(&ref);
    fz_outcome_free(&got);
    return same || told(why, "function pointer");
}

/* The pairs at the end of the results that are the same product in two forms. */
static bool forms_agree(const fz_session *s, const fz_outcome *o, char *why)
{
    int n = s->p->only_result < 0 ? s->trace.num_equal : 0;
    for (int k = 0; k < n; k++) {
        int a = o->num_results - 2 * (n - k), b = a + 1;
        size_t bytes = (size_t)fz_count(o->spec[a]) * eg_dtype_size(o->spec[a].dtype);
        if (memcmp(o->data[a], o->data[b], bytes) == 0) continue;
        snprintf(why, FZ_WHY, "event and dense form differ: results %d and %d", a, b);
        return false;
    }
    return true;
}

static bool options_agree(const fz_program *p, const fz_outcome *ref, fz_rng *r, char *why)
{
    eg_options o = options_of(p);
    static const int lanes[] = {0, 4, 8, 16};
    int kind = (int)fz_below(r, 4);
    if (kind == 0 || fz_chance(r, 20)) o.no_passes = true;
    if (kind == 1 || fz_chance(r, 40)) o.chunk_ms = 1e-6;
    if (kind == 2 || fz_chance(r, 30)) o.lanes = lanes[fz_below(r, EGI_LEN(lanes))];
    if (kind == 3 || fz_chance(r, 20)) {
        o.cpu = "x86-64-v3";
        if (o.lanes == 16) o.lanes = 8;
    }
    o.threads = 1 + (int)fz_below(r, 4);
    fz_session s;
    bool ok = fz_open(&s, p, &o, NULL, why);
    if (ok) {
        ok = agrees(&s, ref, NULL, why) && (o.chunk_ms == 0 || agrees(&s, ref, &(eg_run_options){.threads = 2}, why));
        fz_close(&s);
    }
    return ok || told(why, "threads %d, lanes %d, cpu %s, chunk_ms %g%s", o.threads, o.lanes, o.cpu ? o.cpu : "native",
                      o.chunk_ms, o.no_passes ? ", no_passes" : "");
}

/* Several outermost loops that do not depend on each other: which of them have run when one fails is not promised. */
static bool one_outermost(const fz_session *s)
{
    const egi_graph *g = s->f->graph;
    int num = 0;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        num += n->region == 0 && (n->op == EGI_LOOP || n->op == EGI_WHILE);
    }
    return num <= 1;
}

/* A checked run says and leaves the same, whatever runs it; chunks of one step, so that compiled code looks as often as
 * the interpreter.  Where nothing is found it gives what an unchecked run gives. */
static bool checks_agree(const fz_program *p, const fz_outcome *ref, fz_rng *r, char *why)
{
    eg_options o = options_of(p);
    fz_session s;
    fz_outcome a, b;
    o.chunk_ms = 1e-6;
    o.no_passes = fz_chance(r, 10);
    if (!fz_open(&s, p, &o, NULL, why)) return told(why, "checked");
    fz_run(&s, &(eg_run_options){.interpret = true, .check = EG_CHECK_OUTPUT}, 1, &a);
    bool ok = a.status == EG_OK || a.status == EG_ERR_RUN;
    if (!ok) snprintf(why, FZ_WHY, "%s", a.message);
    if (ok && !a.status) ok = fz_equal(ref, &a, why);
    for (int k = 0; ok && k < 2; k++) {
        int threads = k ? 2 + (int)fz_below(r, 3) : 1;
        fz_run(&s, &(eg_run_options){.threads = threads, .check = EG_CHECK_OUTPUT}, 1, &b);
        if (a.status != b.status || strcmp(a.message, b.message) != 0) {
            ok = false;
            snprintf(why, FZ_WHY, "%d threads: %s / %s", threads, a.message, b.message);
        } else if (!a.status || one_outermost(&s)) {
            fz_outcome x = a;
            x.status = b.status = EG_OK;
            ok = fz_equal(&x, &b, why) || told(why, "%d threads, after: %s", threads, a.message);
        }
        fz_outcome_free(&b);
    }
    fz_outcome_free(&a);
    fz_close(&s);
    return ok || told(why, "checked%s", o.no_passes ? ", no_passes" : "");
}

/* Arrays and connections are found by type and size: the same ones, unless several look alike. */
static bool same_objects(const egi_graph *a, const egi_graph *b)
{
    bool same = a->arrays.n == b->arrays.n && a->csrs.n == b->csrs.n;
    for (int64_t k = 0; same && k < a->arrays.n; k++) {
        const eg_array *x = a->arrays.at[k], *y = b->arrays.at[k];
        same = x->index == y->index && x->bytes == y->bytes && !memcmp(x->data, y->data, x->bytes);
    }
    for (int64_t k = 0; same && k < a->csrs.n; k++) same = a->csrs.at[k]->index == b->csrs.at[k]->index;
    return same;
}

static bool text_agrees(const fz_program *p, fz_session *first, const fz_outcome *ref, fz_rng *r, char *why)
{
    if (first->trace.has_host) return true;
    char *text = strdup(eg_text(first->f));
    eg_options o = options_of(p);
    fz_session s;
    bool ok = text && fz_open(&s, p, &o, text, why);
    if (ok) {
        ok = strcmp(text, eg_text(s.f)) == 0;
        if (!ok) snprintf(why, FZ_WHY, "the text read back prints otherwise");
        bool runs = same_objects(first->f->graph, s.f->graph);
        ok = ok && (!runs || agrees(&s, ref, &(eg_run_options){.interpret = fz_chance(r, 60)}, why));
        fz_close(&s);
    }
    free(text);
    return ok || told(why, "text");
}

/* -- other sizes --------------------------------------------------------------------------------------------------- */

void fz_resized(const fz_program *p, fz_program *q)
{
    static const int16_t other[] = {18, 23, 40, 66, 90, 129, 140};
    *q = *p;
    for (int k = 0; k < FZ_SIZES; k++) {
        if (p->size[k] <= 16) continue;
        int j = 0;
        while (p->size[j] != p->size[k]) j++;
        /* Equal ones stay equal, different ones different. */
        q->size[k] = j < k ? q->size[j] : other[(p->seed + (uint64_t)k) % EGI_LEN(other)];
    }
}

/* What runs: products leave their loops only where sizes make it worth it. */
static const egi_graph *running(const fz_session *s) { return s->f->lifted ? s->f->lifted->graph : s->f->graph; }

static bool same_key(const egi_graph *a, const egi_graph *b)
{
    egi_canon x, y;
    egi_canon_of(a, &x);
    egi_canon_of(b, &y);
    bool same = x.key.n == y.key.n && !memcmp(x.key.s, y.key.s, x.key.n);
    egi_canon_free(&x);
    egi_canon_free(&y);
    return same;
}

static bool sizes_agree(const fz_program *p, fz_session *first, char *why)
{
    fz_program *q = malloc(sizeof *q);
    fz_session s;
    fz_outcome ref = {0};
    if (!q) abort();
    fz_resized(p, q);
    if (eg_compile(first->f) || !fz_open_second(&s, first, q, why)) {
        free(q);
        return told(why, "other sizes");
    }
    fz_run(&s, &(eg_run_options){.interpret = true}, 1, &ref);
    int64_t compiles = eg_get_stats(s.eg).compiles;
    bool key = same_key(first->f->graph, s.f->graph), ok = agrees(&s, &ref, NULL, why);
    if (ok && same_key(running(first), running(&s)) && eg_get_stats(s.eg).compiles != compiles) {
        ok = false;
        snprintf(why, FZ_WHY, "the same canonical graph was compiled again");
    }
    bool plain = p->policy == FZ_chain && !first->trace.derived && !s.trace.derived && p->seed % 2 == 0 &&
                 first->trace.cost < 1e5 && s.trace.cost < 1e5;
    if (ok && plain && !key) {
        ok = false;
        snprintf(why, FZ_WHY, "sizes alone changed the canonical graph");
    }
    fz_outcome_free(&ref);
    fz_close(&s);
    /* The first function still works, its state moved. */
    if (ok) {
        fz_run(first, &(eg_run_options){.interpret = true}, 1, &ref);
        ok = agrees(first, &ref, NULL, why);
        fz_outcome_free(&ref);
    }
    free(q);
    return ok || told(why, "other sizes");
}

/* -- n steps twice, 2 n once --------------------------------------------------------------------------------------- */

static bool halves_agree(const fz_program *p, fz_session *first, char *why)
{
    bool only_loop = p->policy == FZ_net && p->block[0].n == 1 && p->steps > 0 && p->only_result < 0;
    if (!only_loop || first->trace.has_host || first->trace.uses_step) return true;
    fz_program *q = malloc(sizeof *q);
    fz_session s;
    fz_outcome a = {0}, b = {0};
    eg_options o = options_of(p);
    if (!q) abort();
    *q = *p;
    q->steps *= 2;
    bool ok = fz_open(&s, q, &o, NULL, why);
    /* A larger program may leave out records: then it is another one. */
    if (ok && s.trace.cost < 1.5e6 && first->trace.cost < 1.5e6) {
        fz_run(first, NULL, 2, &a);
        fz_run(&s, NULL, 1, &b);
        for (int k = 0; k < a.num_results; k++) free(a.data[k]);
        for (int k = 0; k < b.num_results; k++) free(b.data[k]);
        a.n -= a.num_results;
        b.n -= b.num_results;
        memmove(a.data, a.data + a.num_results, (size_t)a.n * sizeof *a.data);
        memmove(b.data, b.data + b.num_results, (size_t)b.n * sizeof *b.data);
        memmove(a.spec, a.spec + a.num_results, (size_t)a.n * sizeof *a.spec);
        memmove(b.spec, b.spec + b.num_results, (size_t)b.n * sizeof *b.spec);
        a.num_results = b.num_results = 0;
        ok = fz_equal(&b, &a, why);
        fz_outcome_free(&a);
        fz_outcome_free(&b);
    }
    if (s.eg) fz_close(&s);
    free(q);
    return ok || told(why, "%lld steps twice and %lld once", (long long)p->steps, (long long)(2 * p->steps));
}

/* Of one program in five; of all, and nothing else, where FUZZ_ONLY=gradients. */
static bool only_gradients(void)
{
    const char *only = getenv("FUZZ_ONLY");
    return only && !strcmp(only, "gradients");
}

static bool gradients_due(const fz_program *p)
{
    fz_rng r = fz_rng_of(p->seed, 1u << 23);
    return fz_chance(&r, 20);
}

bool fz_check(const fz_program *p, char *why)
{
    eg_options o = options_of(p);
    why[0] = 0;
    if (only_gradients()) return fz_check_gradients(p, &o, why);
    fz_rng r = fz_rng_of(p->seed, 1u << 26);
    fz_session s;
    fz_outcome ref;
    why[0] = 0;
    if (!fz_open(&s, p, &o, NULL, why)) return false;
    fz_run(&s, &(eg_run_options){.interpret = true}, 1, &ref);
    bool ok = !ref.status && forms_agree(&s, &ref, why);
    if (ref.status) snprintf(why, FZ_WHY, "interpreter: %s", ref.message);
    int share[8];
    for (size_t k = 0; k < EGI_LEN(share); k++) share[k] = (int)fz_below(&r, 100);
    ok = ok && threads_agree(&s, &ref, &r, why);
    ok = ok && (share[0] >= 60 || options_agree(p, &ref, &r, why));
    ok = ok && (share[1] >= 25 || options_agree(p, &ref, &r, why));
    ok = ok && (share[2] >= 25 || text_agrees(p, &s, &ref, &r, why));
    ok = ok && (share[3] >= 60 || halves_agree(p, &s, why));
    ok = ok && (share[4] >= 35 || sizes_agree(p, &s, why));
    ok = ok && (share[5] >= 40 || checks_agree(p, &ref, &r, why));
    ok = ok && (share[6] >= 50 || pointer_agrees(&s, why));
    ok = ok && (share[7] >= 40 || fz_check_copies(p, &o, &r, why));
    ok = ok && (!gradients_due(p) || fz_check_gradients(p, &o, why));
    fz_outcome_free(&ref);
    fz_close(&s);
    return ok;
}
