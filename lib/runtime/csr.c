/* Connections in compressed rows: checking, sorting. */
#include "runtime/csr.h"

#include <stdio.h>

#include "core/context.h"
#include "runtime/team.h"

/* -- checking ------------------------------------------------------------------------------------------------------ */

typedef struct build {
    int64_t num_pre, num_post;
    const int64_t *indptr;
    const int32_t *given; /* the user's targets */
    int32_t *indices;     /* sorted ones; NULL: only check */
    int64_t *order;       /* NULL: rows are sorted, copy them */
    uint64_t *scratch;    /* of sorting: longest keys, longest more, for each thread */
    int64_t longest;
    /* What the threads found, each in its rows. */
    struct {
        _Alignas(EGI_ALIGN) int64_t bad_row, bad_at; /* first target out of range; row -1: none */
        int64_t unsorted_row;                        /* first one; -1: none */
        int64_t longest_unsorted;
    } found[];
} build;

/* First row of thread t: rows are divided by connections, not by number. */
static int64_t first_row(const build *b, int t, int nt)
{
    if (t <= 0) return 0;
    if (t >= nt) return b->num_pre;
    int64_t size = b->indptr[b->num_pre], goal = size / nt * t + size % nt * t / nt, lo = 0, hi = b->num_pre;
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if (b->indptr[mid] < goal)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void check_rows(void *user, int tid, int nt, egi_team *team)
{
    (void)team;
    build *b = user;
    int64_t bad_row = -1, bad_at = -1, unsorted_row = -1, longest = 0, end = first_row(b, tid + 1, nt);
    for (int64_t row = first_row(b, tid, nt); row < end; row++) {
        int64_t n = b->indptr[row + 1] - b->indptr[row];
        if (n == 0) continue;
        const int32_t *x = b->given + b->indptr[row];
        int32_t previous = 0;
        bool down = false, outside = false;
        for (int64_t k = 0; k < n; k++) {
            outside |= x[k] < 0 || x[k] >= b->num_post;
            down |= x[k] < previous;
            previous = x[k];
        }
        if (outside) {
            bad_row = row;
            for (bad_at = 0; x[bad_at] >= 0 && x[bad_at] < b->num_post; bad_at++) {}
            break;
        }
        if (down) {
            if (unsorted_row < 0) unsorted_row = row;
            longest = egi_max64(longest, n);
        }
    }
    b->found[tid].bad_row = bad_row;
    b->found[tid].bad_at = bad_at;
    b->found[tid].unsorted_row = unsorted_row;
    b->found[tid].longest_unsorted = longest;
}

static eg_status check_indptr(int64_t num_pre, int64_t num_post, const int64_t *indptr, char *message)
{
    if (num_pre < 0 || num_post < 0 || num_post > INT32_MAX) {
        snprintf(message, EGI_CSR_MESSAGE, "%lld sources, %lld targets; use 0 or more sources, 0 to 2147483647 targets",
                 (long long)num_pre, (long long)num_post);
        return EG_ERR_ARGUMENT;
    }
    if (indptr[0] != 0) {
        snprintf(message, EGI_CSR_MESSAGE, "indptr[0] is %lld; it must be 0", (long long)indptr[0]);
        return EG_ERR_ARGUMENT;
    }
    for (int64_t row = 0; row < num_pre; row++)
        if (indptr[row + 1] < indptr[row]) {
            snprintf(message, EGI_CSR_MESSAGE, "indptr[%lld] is %lld after %lld; row %lld would have a negative length",
                     (long long)(row + 1), (long long)indptr[row + 1], (long long)indptr[row], (long long)row);
            return EG_ERR_ARGUMENT;
        }
    if (indptr[num_pre] > PTRDIFF_MAX / 16) {
        snprintf(message, EGI_CSR_MESSAGE, "indptr[%lld] is %lld; no memory holds that many connections",
                 (long long)num_pre, (long long)indptr[num_pre]);
        return EG_ERR_ARGUMENT;
    }
    return EG_OK;
}

/* Checks all targets; b->longest = longest row that is not sorted, *unsorted = first such row or -1. */
static eg_status check_targets(build *b, int threads, int64_t *unsorted, char *message)
{
    int nt = egi_team_run(threads, check_rows, b);
    *unsorted = -1;
    for (int t = 0; t < nt; t++) {
        int64_t row = b->found[t].bad_row, at = b->found[t].bad_at;
        if (row >= 0) {
            snprintf(message, EGI_CSR_MESSAGE, "indices[%lld] is %d, position %lld of row %lld; targets are 0 to %lld",
                     (long long)(b->indptr[row] + at), b->given[b->indptr[row] + at], (long long)at, (long long)row,
                     (long long)(b->num_post - 1));
            return EG_ERR_ARGUMENT;
        }
        if (*unsorted < 0) *unsorted = b->found[t].unsorted_row;
        b->longest = egi_max64(b->longest, b->found[t].longest_unsorted);
    }
    if (b->longest > UINT32_MAX) {
        snprintf(message, EGI_CSR_MESSAGE,
                 "row %lld has %lld connections, not sorted; sort rows as long as that yourself", (long long)*unsorted,
                 (long long)b->longest);
        return EG_ERR_ARGUMENT;
    }
    return EG_OK;
}

/* -- sorting ------------------------------------------------------------------------------------------------------- */

/* A key holds its target above its place in the row; sorting by the bytes of the target alone would be enough for a
 * stable sort, and is what the radix passes do. */
enum { INSERTION = 32 };

static void sort_keys(uint64_t *key, uint64_t *other, int64_t n, int64_t num_post)
{
    if (n <= INSERTION) {
        for (int64_t i = 1; i < n; i++) {
            uint64_t x = key[i];
            int64_t j = i;
            for (; j > 0 && key[j - 1] > x; j--) key[j] = key[j - 1];
            key[j] = x;
        }
        return;
    }
    uint64_t *from = key;
    for (int shift = 32; shift == 32 || (shift < 64 && (uint64_t)num_post >> (shift - 32)); shift += 8) {
        int64_t start[257] = {0};
        for (int64_t k = 0; k < n; k++) start[(from[k] >> shift & 255) + 1]++;
        for (int d = 0; d < 256; d++) start[d + 1] += start[d];
        for (int64_t k = 0; k < n; k++) other[start[from[k] >> shift & 255]++] = from[k];
        uint64_t *swap = from;
        from = other;
        other = swap;
    }
    if (from != key) memcpy(key, from, (size_t)n * sizeof *key);
}

static void fill_rows(void *user, int tid, int nt, egi_team *team)
{
    (void)team;
    build *b = user;
    int64_t first = first_row(b, tid, nt), end = first_row(b, tid + 1, nt);
    if (!b->order) {
        int64_t lo = b->indptr[first], n = b->indptr[end] - lo;
        if (n) memcpy(b->indices + lo, b->given + lo, (size_t)n * sizeof *b->indices);
        return;
    }
    uint64_t *key = b->scratch + 2 * b->longest * tid;
    for (int64_t row = first; row < end; row++) {
        int64_t lo = b->indptr[row], n = b->indptr[row + 1] - lo, sorted = 1;
        while (sorted < n && b->given[lo + sorted - 1] <= b->given[lo + sorted]) sorted++;
        if (sorted >= n) {
            for (int64_t k = lo; k < lo + n; k++) {
                b->indices[k] = b->given[k];
                b->order[k] = k;
            }
            continue;
        }
        for (int64_t k = 0; k < n; k++) key[k] = (uint64_t)b->given[lo + k] << 32 | (uint64_t)k;
        sort_keys(key, key + b->longest, n, b->num_post);
        for (int64_t k = 0; k < n; k++) {
            b->indices[lo + k] = (int32_t)(key[k] >> 32);
            b->order[lo + k] = lo + (int64_t)(key[k] & UINT32_MAX);
        }
    }
}

/* -- making -------------------------------------------------------------------------------------------------------- */

/* Not zeroed: all of it is written, by all threads, and touched first by them. */
static void *raw(const eg_allocator *a, int64_t n, size_t size)
{
    return a->alloc(a->user, (size_t)n * size + EGI_SLACK, EGI_ALIGN);
}

static eg_status no_memory(char *message)
{
    snprintf(message, EGI_CSR_MESSAGE, "out of memory");
    return EG_ERR_MEMORY;
}

static build *build_new(const eg_allocator *a, int64_t size, int *threads)
{
    if (*threads <= 0) *threads = egi_team_default();
    *threads = (int)egi_min64(*threads, size / EGI_CSR_GRAIN + 1);
    return egi_alloc(a, sizeof(build) + (size_t)*threads * sizeof((build *)0)->found[0], EGI_ALIGN);
}

static eg_status copy(eg_csr *c, const eg_allocator *a, int threads, build *b, char *message)
{
    int64_t unsorted, size = b->indptr[b->num_pre];
    eg_status status = check_targets(b, threads, &unsorted, message);
    if (status) return status;
    *c = (eg_csr){.num_pre = b->num_pre, .num_post = b->num_post, .size = size};
    c->indptr = raw(a, b->num_pre + 1, sizeof *c->indptr);
    c->indices = raw(a, size, sizeof *c->indices);
    if (unsorted >= 0) {
        c->order = raw(a, size, sizeof *c->order);
        b->scratch = raw(a, 2 * b->longest * threads, sizeof *b->scratch);
    }
    if (!c->indptr || !c->indices || (unsorted >= 0 && (!c->order || !b->scratch))) {
        egi_csr_clear(c, a);
        status = no_memory(message);
    } else {
        memcpy(c->indptr, b->indptr, (size_t)(b->num_pre + 1) * sizeof *c->indptr);
        b->indices = c->indices;
        b->order = c->order;
        egi_team_run(threads, fill_rows, b);
    }
    egi_free(a, b->scratch);
    return status;
}

eg_status egi_csr_copy(eg_csr *c, const eg_allocator *a, int threads, int64_t num_pre, int64_t num_post,
                       const int64_t *indptr, const int32_t *indices, char message[EGI_CSR_MESSAGE])
{
    *c = (eg_csr){0};
    eg_status status = check_indptr(num_pre, num_post, indptr, message);
    if (status) return status;
    build *b = build_new(a, indptr[num_pre], &threads);
    if (!b) return no_memory(message);
    b->num_pre = num_pre;
    b->num_post = num_post;
    b->indptr = indptr;
    b->given = indices;
    status = copy(c, a, threads, b, message);
    egi_free(a, b);
    return status;
}

eg_status egi_csr_take(eg_csr *c, const eg_allocator *a, int threads, int64_t num_pre, int64_t num_post,
                       int64_t *indptr, int32_t *indices, char message[EGI_CSR_MESSAGE])
{
    *c = (eg_csr){0};
    eg_status status = check_indptr(num_pre, num_post, indptr, message);
    if (status) return status;
    build *b = build_new(a, indptr[num_pre], &threads);
    if (!b) return no_memory(message);
    b->num_pre = num_pre;
    b->num_post = num_post;
    b->indptr = indptr;
    b->given = indices;
    int64_t unsorted;
    status = check_targets(b, threads, &unsorted, message);
    if (!status && unsorted >= 0) {
        snprintf(message, EGI_CSR_MESSAGE, "row %lld is not ascending; sort it, or let eg_csr_new do it",
                 (long long)unsorted);
        status = EG_ERR_ARGUMENT;
    }
    if (!status)
        *c = (eg_csr){
            .num_pre = num_pre, .num_post = num_post, .size = indptr[num_pre], .indptr = indptr, .indices = indices};
    egi_free(a, b);
    return status;
}

void egi_csr_clear(eg_csr *c, const eg_allocator *a)
{
    egi_free(a, c->indptr);
    egi_free(a, c->indices);
    egi_free(a, c->order);
    *c = (eg_csr){0};
}
