/* Delivery plans: rows of several projections side by side, cut by the target ranges of a team's threads. */
#include "core/context.h"
#include "runtime/csr.h"
#include "runtime/team.h"

typedef struct work {
    egi_delivery *plan;
    int64_t *ptr, *source;
    int32_t *target;
    int num_parts;
    const egi_delivery_part *parts;
    int64_t *cursor; /* position in the row of each part, for each building thread */
} work;

/* Where row i begins in the plan. */
static int64_t row_start(const work *w, int64_t row)
{
    int64_t at = 0;
    for (int p = 0; p < w->num_parts; p++) at += w->parts[p].csr->indptr[row];
    return at;
}

/* First row of builder t: rows are divided by connections. */
static int64_t first_row(const work *w, int t, int nt)
{
    if (t <= 0) return 0;
    if (t >= nt) return w->plan->num_pre;
    int64_t size = w->plan->size, goal = size / nt * t + size % nt * t / nt, lo = 0, hi = w->plan->num_pre;
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if (row_start(w, mid) < goal)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* How many of x[0..n), ascending, are below bound.  Rows are short: counting has no branches to miss. */
static int64_t count_below(const int32_t *x, int64_t n, int64_t bound)
{
    int64_t at = 0;
    while (n - at > 256) {
        int64_t half = (n - at) / 2;
        if (x[at + half] >= bound)
            n = at + half;
        else
            at += half + 1;
    }
    int below = 0, end = (int)(n - at);
    int32_t limit = (int32_t)egi_min64(bound, INT32_MAX);
    for (int k = 0; k < end; k++) below += x[at + k] < limit;
    return at + below;
}

static void fill(void *user, int tid, int builders, egi_team *team)
{
    (void)team;
    work *w = user;
    int nt = w->plan->nt;
    int64_t *cursor = w->cursor + egi_round_up(w->num_parts, 16) * tid;
    int64_t first = first_row(w, tid, builders), end = first_row(w, tid + 1, builders);
    int64_t at = row_start(w, first);
    for (int64_t row = first; row < end; row++) {
        for (int p = 0; p < w->num_parts; p++) cursor[p] = 0;
        for (int t = 0; t < nt; t++) {
            w->ptr[row * nt + t] = at;
            int64_t base = 0;
            for (int p = 0; p < w->num_parts; p++) {
                const eg_csr *c = w->parts[p].csr;
                const int32_t *x = c->indices + c->indptr[row];
                int64_t lo = cursor[p], hi = c->indptr[row + 1] - c->indptr[row];
                if (t + 1 < nt)
                    hi = lo + count_below(x + lo, hi - lo, egi_slice_start(c->num_post, EGI_SLICE_ALIGN, t + 1, nt));
                cursor[p] = hi;
                int32_t offset = (int32_t)w->parts[p].offset, *to = w->target + at - lo;
                for (int64_t k = lo; k < hi; k++) to[k] = x[k] + offset;
                if (w->source)
                    for (int64_t k = lo; k < hi; k++) w->source[at + k - lo] = base + c->indptr[row] + k;
                at += hi - lo;
                base += c->size;
            }
        }
    }
    if (tid == builders - 1) w->ptr[end * nt] = w->plan->size;
}

/* Not zeroed: all of it is written. */
static void *raw(const eg_allocator *a, size_t bytes) { return a->alloc(a->user, bytes, EGI_ALIGN); }

static size_t bytes_of(int64_t n, size_t size) { return (size_t)n * size + EGI_SLACK; }

static bool fits(int64_t num_pre, const egi_delivery_part *part)
{
    return part->csr->num_pre == num_pre && part->offset >= INT32_MIN &&
           part->offset <= INT32_MAX - egi_max64(part->csr->num_post - 1, 0);
}

eg_status egi_delivery_need(egi_delivery_room *room, int nt, int num_parts, const egi_delivery_part *parts,
                            bool with_source)
{
    *room = (egi_delivery_room){0};
    if (nt < 1 || num_parts < 1) return EG_ERR_ARGUMENT;
    int64_t num_pre = parts[0].csr->num_pre, size = 0;
    for (int p = 0; p < num_parts; p++) {
        if (!fits(num_pre, &parts[p])) return EG_ERR_ARGUMENT;
        size += parts[p].csr->size;
    }
    if (num_pre >= PTRDIFF_MAX / 8 / nt - 64) return EG_ERR_MEMORY;
    room->size = size;
    room->borrowed = nt == 1 && num_parts == 1 && parts[0].offset == 0 && !with_source;
    if (room->borrowed) return EG_OK;
    room->ptr = bytes_of(num_pre * nt + 1, sizeof(int64_t));
    room->target = bytes_of(size, sizeof(int32_t));
    room->source = with_source ? bytes_of(size, sizeof(int64_t)) : 0;
    room->cursor = bytes_of(egi_round_up(num_parts, 16) * nt, sizeof(int64_t));
    return EG_OK;
}

eg_status egi_delivery_new(egi_delivery **plan, const eg_allocator *a, int nt, int num_parts,
                           const egi_delivery_part *parts, bool with_source)
{
    egi_delivery_room room;
    *plan = NULL;
    eg_status status = egi_delivery_need(&room, nt, num_parts, parts, with_source);
    if (status) return status;
    const int64_t size = room.size;

    egi_delivery *d = egi_alloc(a, sizeof *d, EGI_ALIGN);
    if (!d) return EG_ERR_MEMORY;
    *d = (egi_delivery){.num_pre = parts[0].csr->num_pre, .size = size, .nt = nt};
    if (room.borrowed) {
        d->ptr = parts[0].csr->indptr;
        d->target = parts[0].csr->indices;
        d->borrowed = true;
        *plan = d;
        return EG_OK;
    }

    work w = {.plan = d, .num_parts = num_parts, .parts = parts};
    d->ptr = w.ptr = raw(a, room.ptr);
    d->target = w.target = raw(a, room.target);
    if (with_source) d->source = w.source = raw(a, room.source);
    w.cursor = raw(a, room.cursor);
    bool enough = w.ptr && w.target && w.cursor && (w.source || !with_source);
    if (enough) egi_team_run((int)egi_min64(nt, size / EGI_CSR_GRAIN + 1), fill, &w);
    egi_free(a, w.cursor);
    if (!enough) {
        egi_delivery_free(d, a);
        return EG_ERR_MEMORY;
    }
    *plan = d;
    return EG_OK;
}

void egi_delivery_free(egi_delivery *plan, const eg_allocator *a)
{
    if (!plan) return;
    if (!plan->borrowed) {
        egi_free(a, (void *)(uintptr_t)plan->ptr);
        egi_free(a, (void *)(uintptr_t)plan->target);
        egi_free(a, (void *)(uintptr_t)plan->source);
    }
    egi_free(a, plan);
}
