/* Binding code to memory. */
#include "runtime/bind.h"

#include "ir/func.h"
#include "runtime/copies.h"
#include "runtime/team.h"
#include "runtime/watcher.h"

static int64_t extent(const egi_bound *b, egi_size s) { return s.index < 0 ? s.value : b->canon.sizes.at[s.index]; }

static int64_t count(const egi_bound *b, const egi_code_buffer *c)
{
    int64_t n = 1;
    for (int k = 0; k < c->rank; k++) n *= extent(b, c->dim[k]);
    return n;
}

/* At most 2^57 elements (egi_spec_count): 2^60 bytes, and of a list not many more. */
static size_t size_of(const egi_bound *b, const egi_code_buffer *c)
{
    int64_t n = count(b, c);
    /* See EGI_BUF_LIST. */
    if (c->kind == EGI_BUF_LIST) return (size_t)(((n / 64 + b->nt - 1) / b->nt + 1) * 64 + 16) * 4 * 2 * (size_t)b->nt;
    return (size_t)n * eg_dtype_size(c->dtype);
}

size_t egi_bound_room(size_t bytes) { return (size_t)egi_round_up((int64_t)bytes, EGI_ALIGN) + EGI_ALIGN; }

/* -- memory: all of it is taken here, so that it is counted as it is taken ----------------------------------------- */

static void count_in(egi_bound *b, size_t *kind, size_t bytes)
{
    *kind += bytes;
    b->need.live += bytes;
    if (b->need.live > b->need.peak) b->need.peak = b->need.live;
}

/* Small: taken also where memory is only counted. */
static void *table(egi_bound *b, size_t bytes)
{
    count_in(b, &b->need.tables, bytes);
    return egi_alloc(b->allocator, bytes, 16);
}

static bool take(egi_bound *b, size_t *kind, char **block, size_t bytes, size_t align)
{
    count_in(b, kind, bytes);
    return b->counts || (*block = egi_alloc(b->allocator, bytes, align));
}

/* Temporaries and copies of the caller's arrays are laid out one after the other. */
static bool lay_out(egi_bound *b, const eg_state *s)
{
    const egi_code *code = b->code;
    size_t total = EGI_SLACK;
    bool too_large = false;
    for (int64_t k = 1; k < code->buffers.n; k++) {
        const egi_code_buffer *c = &code->buffers.at[k];
        b->bytes[k] = size_of(b, c);
        if (c->kind == EGI_BUF_VAR || c->kind == EGI_BUF_ARRAY) continue;
        /* One fits into 63 bits, all together may not. */
        too_large |= __builtin_add_overflow(total, egi_bound_room(b->bytes[k]), &total);
    }
    if (too_large || !take(b, &b->need.block, &b->block, total, EGI_ALIGN)) return false;
    if (b->counts) return true;
    size_t at = 0;
    for (int64_t k = 1; k < code->buffers.n; k++) {
        const egi_code_buffer *c = &code->buffers.at[k];
        if (c->kind == EGI_BUF_VAR) {
            b->buffers[k] = s->slot[b->func->graph->vars.at[c->slot]->index];
        } else if (c->kind == EGI_BUF_ARRAY) {
            b->buffers[k] = b->func->graph->arrays.at[c->slot]->data;
        } else {
            b->buffers[k] = b->own[k] = b->block + at;
            at += egi_bound_room(b->bytes[k]);
        }
    }
    return true;
}

static bool make_delivery(egi_bound *b, int64_t k)
{
    const egi_code_delivery *d = &b->code->deliveries.at[k];
    egi_delivery_part part[EGI_MAX_MERGED];
    size_t size = eg_dtype_size(b->code->buffers.at[d->buffer[0]].dtype);
    for (int j = 0; j < d->num; j++) {
        intptr_t from = (intptr_t)b->buffers[d->buffer[j]] - (intptr_t)b->buffers[d->buffer[0]];
        part[j] = (egi_delivery_part){b->func->graph->csrs.at[d->csr[j]], from / (intptr_t)size};
    }
    egi_delivery_room need;
    if (egi_delivery_need(&need, b->nt, d->num, part, false) != EG_OK) return false;
    count_in(b, &b->need.deliveries, sizeof **b->plans + need.ptr + need.target + need.cursor);
    b->need.deliveries -= need.cursor;
    b->need.live -= need.cursor;
    if (b->counts) return true;
    if (egi_delivery_new(&b->plans[k], b->allocator, b->nt, d->num, part, false) != EG_OK) return false;
    b->deliveries[k] = (egi_rows){.ptr = b->plans[k]->ptr, .target = b->plans[k]->target};
    return true;
}

static bool make_rows(egi_bound *b)
{
    const egi_graph *g = b->func->graph;
    for (int64_t k = 0; k < b->code->deliveries.n; k++) {
        if (!make_delivery(b, k)) return false;
    }
    for (int64_t k = 0; k < g->csrs.n; k++)
        b->csrs[k] = (egi_rows){.ptr = eg_csr_indptr(g->csrs.at[k]), .target = eg_csr_indices(g->csrs.at[k])};
    return true;
}

static size_t kept_bytes(const egi_bound *b)
{
    size_t n = 0;
    for (int64_t k = 1; k < b->code->buffers.n; k++) n += egi_is_kept(&b->code->buffers.at[k]) ? b->bytes[k] : 0;
    return n;
}

static size_t host_bytes(const egi_graph *g)
{
    size_t most = 1;
    for (int64_t k = 0; k < g->hosts.n; k++) {
        for (int j = 0; j < g->hosts.at[k].num_out; j++) {
            eg_spec s = g->hosts.at[k].out[j];
            size_t n = eg_dtype_size(s.dtype);
            for (int i = 0; i < s.rank; i++) n *= (size_t)s.dim[i];
            if (n > most) most = n;
        }
    }
    return most;
}

static bool fill_in(egi_bound *b, const eg_state *s)
{
    const egi_graph *g = b->func->graph;
    size_t n = (size_t)b->code->buffers.n, nd = (size_t)b->code->deliveries.n + 1;
    egi_canon_of(g, &b->canon);
    count_in(b, &b->need.tables, sizeof *b + egi_canon_bytes(&b->canon, g));
    b->buffers = table(b, n * sizeof *b->buffers);
    b->own = table(b, n * sizeof *b->own);
    b->bytes = table(b, n * sizeof *b->bytes);
    b->deliveries = table(b, nd * sizeof *b->deliveries);
    b->plans = table(b, nd * sizeof *b->plans);
    b->csrs = table(b, (size_t)(g->csrs.n + 1) * sizeof *b->csrs);
    b->keys = table(b, (size_t)(b->code->streams.n + 1) * 2 * sizeof *b->keys);
    if (b->canon.failed || !b->buffers || !b->own || !b->bytes || !b->deliveries || !b->plans || !b->csrs || !b->keys)
        return false;
    b->carried = table(b, (size_t)(b->code->num_scalars + 1) * sizeof *b->carried);
    if (!b->carried || !lay_out(b, s)) return false;
    size_t scratch = (size_t)b->nt * (EGI_SCRATCH + (size_t)b->code->more_scratch), *host = &b->need.host;
    if (b->code->has_scratch && !take(b, &b->need.scratch, &b->scratch, scratch, EGI_ALIGN)) return false;
    if (b->code->has_host && !take(b, host, &b->snapshot[0], kept_bytes(b), 16)) return false;
    if (b->code->has_host && !take(b, host, &b->snapshot[1], kept_bytes(b), 16)) return false;
    if (b->code->has_host && !take(b, host, &b->unwanted, host_bytes(g), EGI_ALIGN)) return false;
    return make_rows(b);
}

void egi_bound_clear(egi_bound *b)
{
    const eg_allocator *a = b->allocator;
    for (int64_t k = 0; b->plans && k < b->code->deliveries.n; k++) egi_delivery_free(b->plans[k], a);
    void *p[] = {b->block, b->buffers, b->own,         b->bytes,       b->deliveries, b->plans,  b->csrs,
                 b->keys,  b->scratch, b->snapshot[0], b->snapshot[1], b->unwanted,   b->carried};
    egi_watcher_free(b->watcher);
    for (size_t k = 0; k < EGI_LEN(p); k++) egi_free(a, p[k]);
    if (b->canon.allocator) egi_canon_free(&b->canon);
}

void egi_bound_free(egi_bound *b)
{
    if (!b) return;
    const eg_allocator *a = b->allocator;
    egi_bound_clear(b);
    egi_free(a, b);
}

egi_bound *egi_bind(eg_func *f, eg_state *s, int asked, int nt)
{
    const eg_allocator *a = &f->eg->allocator;
    for (int64_t k = 0; k < s->bound.n; k++) {
        egi_bound *b = s->bound.at[k];
        if (b->func != f) continue;
        if (b->asked == asked && (nt == 0 || b->nt == nt)) return b;
        egi_bound_free(b);
        s->bound.at[k] = s->bound.at[--s->bound.n];
        break;
    }
    egi_bound *b = egi_alloc(a, sizeof *b, 16);
    if (!b) return NULL;
    b->func = f;
    b->code = f->code;
    b->allocator = a;
    b->asked = asked;
    b->nt = nt ? nt : asked;
    if (fill_in(b, s) && egi_push(a, &s->bound, b)) return b;
    egi_bound_free(b);
    return NULL;
}

bool egi_bound_count(egi_bound *b, eg_func *f, const egi_code *code, int nt)
{
    *b = (egi_bound){.func = f, .code = code, .allocator = &f->eg->allocator, .asked = nt, .nt = nt, .counts = true};
    return fill_in(b, NULL);
}

void egi_unbind(const eg_func *f)
{
    for (int64_t j = 0; j < f->eg->states.n; j++) {
        eg_state *s = f->eg->states.at[j];
        egi_crews_free(s, f);
        for (int64_t k = s->bound.n - 1; k >= 0; k--) {
            if (s->bound.at[k]->func != f) continue;
            egi_bound_free(s->bound.at[k]);
            s->bound.at[k] = s->bound.at[--s->bound.n];
        }
    }
}
