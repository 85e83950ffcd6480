/* Memory, parallel loops and errors for code on top of the public API. */
#include "engram/parallel.h"

#include <stdatomic.h>
#include <stdio.h>

#include "api/api.h"
#include "runtime/team.h"

void *eg_alloc(eg_context *eg, int64_t count, size_t size)
{
    if (!egi_ready(eg)) return NULL;
    if (count < 0) {
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_alloc: count is %lld; it cannot be negative", (long long)count);
        return NULL;
    }
    size_t bytes;
    void *p = NULL;
    if (!__builtin_mul_overflow((size_t)count, size, &bytes) && bytes <= PTRDIFF_MAX - EGI_SLACK)
        p = eg->allocator.alloc(eg->allocator.user, bytes + EGI_SLACK, EGI_ALIGN);
    if (!p)
        egi_fail(eg, EG_ERR_MEMORY, NULL, 0, "out of memory: %lld elements of %zu bytes; make the model smaller",
                 (long long)count, size);
    return p;
}

void eg_release(eg_context *eg, void *p)
{
    if (eg) egi_free(&eg->allocator, p);
}

typedef struct loop {
    int64_t n, piece;
    atomic_llong next;
    void (*fn)(void *user, int64_t lo, int64_t hi);
    void *user;
} loop;

static void take_pieces(void *user, int tid, int nt, egi_team *team)
{
    (void)tid;
    (void)nt;
    (void)team;
    loop *l = user;
    for (;;) {
        int64_t lo = atomic_fetch_add_explicit(&l->next, l->piece, memory_order_relaxed);
        if (lo >= l->n) return;
        l->fn(l->user, lo, l->n - lo < l->piece ? l->n : lo + l->piece);
    }
}

eg_status eg_parallel_for(eg_context *eg, int64_t n, int64_t grain, void (*fn)(void *user, int64_t lo, int64_t hi),
                          void *user)
{
    if (!egi_ready(eg)) return eg_error(eg);
    if (n < 0 || !fn) {
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_parallel_for: n is %lld, fn is %s; use n >= 0 and a function",
                 (long long)n, fn ? "given" : "NULL");
        return EG_ERR_ARGUMENT;
    }
    if (n == 0) return EG_OK;
    int threads = eg->options.threads > 0 ? eg->options.threads : egi_team_default();
    /* Pieces are taken as threads come free: a busy core does not hold up the others.  64 a thread are even enough, and
     * the counter stays far from its end: it goes up to n and a piece for each thread. */
    int64_t piece = egi_max64(egi_max64(grain, 1), n / threads / 64);
    loop l = {.n = n, .piece = egi_min64(piece, n), .fn = fn, .user = user};
    atomic_init(&l.next, 0);
    egi_team_run_fp((int)egi_min64(threads, (n - 1) / l.piece + 1), EGI_FP_EXACT, take_pieces, &l);
    return EG_OK;
}

void eg_fail(eg_context *eg, eg_status status, const char *file, int line, const char *format, ...)
{
    if (!eg || eg->status || status == EG_OK) return;
    char text[sizeof eg->message] = "";
    if (format) {
        va_list ap;
        va_start(ap, format);
        vsnprintf(text, sizeof text, format, ap);
        va_end(ap);
    }
    egi_fail(eg, status, file, line, "%s", text);
}

double eg_seconds(void) { return egi_now(); }
