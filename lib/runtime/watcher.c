/* Checked runs of compiled code. */
#include "runtime/watcher.h"

#include <stdatomic.h>
#include <stdio.h>

#include "ir/func.h"
#include "ir/origin.h"
#include "runtime/team.h"

/* An outermost loop, as it was when it was last looked at. */
typedef struct watched {
    int64_t step; /* steps done; -1: not begun */
    bool ended;
    char **carried; /* copies of what it carries */
    char **copies;  /* of stacked values that others than the caller read, made when the loop has ended; else NULL */
    const void **stacks;
} watched;

struct egi_watcher {
    egi_bound *b;
    const eg_allocator *a;
    egi_arena arena;
    watched *loops; /* as code->loops */
    char **start;   /* variables of the graph when the run began */
    /* of a run */
    const egi_run *run;
    const egi_frame *frame;
    int64_t loop, step, steps; /* the last tick */
    double arrived, cost, judging;
    atomic_int bad; /* something became NaN or infinite */
    egi_host_log outside, inside;
    bool no_memory;
    /* of a fault: what the interpreter made of the run */
    bool fault, stored;
    egi_run found;
    char **vars, **results;
    egi_arena side;
};

static const egi_code *code_of(const egi_watcher *w) { return w->b->code; }
static const egi_graph *graph_of(const egi_watcher *w) { return w->b->func->graph; }
static size_t var_bytes(const egi_watcher *w, int64_t k) { return graph_of(w)->vars.at[k]->bytes; }
static const egi_code_carried *carried_of(const egi_watcher *w, int64_t loop)
{
    return code_of(w)->carried.at + code_of(w)->loops.at[loop].first_carried;
}
static const uint32_t *stacks_of(const egi_watcher *w, int64_t loop)
{
    return code_of(w)->stacks.at + code_of(w)->loops.at[loop].first_stack;
}
static size_t carried_bytes(const egi_watcher *w, const egi_code_carried *c)
{
    return c->buffer ? w->b->bytes[c->buffer] : eg_dtype_size(c->dtype);
}
static char *carried_now(const egi_watcher *w, const egi_code_carried *c)
{
    return c->buffer ? w->b->buffers[c->buffer] : (char *)(w->frame->carried + c->scalar);
}

/* -- making -------------------------------------------------------------------------------------------------------- */

/* Is the stacked value read by the function itself? */
static bool is_read(const egi_graph *g, egi_id loop, int64_t k)
{
    egi_id item = 0;
    for (egi_id id = loop + 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->op == EGI_ITEM && egi_arg(g, id, 0) == loop && n->imm == (uint64_t)k) item = id;
    }
    for (int64_t j = 0; item && j < g->operands.n; j++) {
        if (g->operands.at[j] == item) return true;
    }
    for (int64_t r = 1; item && r < g->regions.n; r++) {
        for (int64_t j = 0; j < g->regions.at[r].results.n; j++) {
            if (g->regions.at[r].results.at[j] == item) return true;
        }
    }
    return false;
}

static void *take(egi_watcher *w, egi_arena *arena, size_t bytes)
{
    void *p = egi_arena_alloc(arena, bytes + 1);
    if (!p) w->no_memory = true;
    return p;
}

static void make_loop(egi_watcher *w, int64_t k)
{
    const egi_code_loop *l = &code_of(w)->loops.at[k];
    watched *to = &w->loops[k];
    to->carried = take(w, &w->arena, (size_t)l->num_carried * sizeof *to->carried);
    to->copies = take(w, &w->arena, (size_t)l->num_stacks * sizeof *to->copies);
    to->stacks = take(w, &w->arena, (size_t)l->num_stacks * sizeof *to->stacks);
    if (w->no_memory) return;
    for (int64_t j = 0; j < l->num_carried; j++)
        to->carried[j] = take(w, &w->arena, carried_bytes(w, &carried_of(w, k)[j]));
    for (int64_t j = 0; j < l->num_stacks; j++) {
        uint32_t b = stacks_of(w, k)[j];
        if (b && is_read(graph_of(w), l->node, l->num_carried + j)) to->copies[j] = take(w, &w->arena, w->b->bytes[b]);
    }
}

egi_watcher *egi_watcher_of(egi_bound *b)
{
    const egi_graph *g = b->func->graph;
    if (b->watcher) return b->watcher;
    egi_watcher *w = b->watcher = egi_alloc(b->allocator, sizeof *w, 16);
    if (!w) return NULL;
    w->b = b;
    w->a = b->allocator;
    w->arena.allocator = w->side.allocator = w->a;
    w->loops = take(w, &w->arena, (size_t)b->code->loops.n * sizeof *w->loops);
    w->start = take(w, &w->arena, (size_t)g->vars.n * sizeof *w->start);
    for (int64_t k = 0; k < g->vars.n && !w->no_memory; k++) w->start[k] = take(w, &w->arena, var_bytes(w, k));
    for (int64_t k = 0; k < b->code->loops.n && !w->no_memory; k++) make_loop(w, k);
    if (!w->no_memory) return w;
    egi_watcher_free(w);
    b->watcher = NULL;
    return NULL;
}

void egi_watcher_free(egi_watcher *w)
{
    if (!w) return;
    egi_watch logs = {.outside = w->outside, .inside = w->inside};
    egi_watch_free(&logs, w->a);
    egi_arena_free(&w->arena);
    egi_arena_free(&w->side);
    egi_free(w->a, w);
}

void egi_watcher_begin(egi_watcher *w, const eg_state *s, const egi_run *r, const egi_frame *f)
{
    const egi_graph *g = graph_of(w);
    w->run = r;
    w->frame = f;
    w->cost = w->judging = 0;
    w->fault = w->stored = w->no_memory = false;
    atomic_store(&w->bad, 0);
    egi_host_log_clear(&w->outside);
    egi_host_log_clear(&w->inside);
    for (int64_t k = 0; k < g->vars.n; k++) memcpy(w->start[k], s->slot[g->vars.at[k]->index], var_bytes(w, k));
    for (int64_t k = 0; k < code_of(w)->loops.n; k++) {
        w->loops[k].step = -1;
        w->loops[k].ended = false;
    }
}

void egi_watcher_heard(egi_watcher *w, bool in_loop, uint32_t slot, void *const *out)
{
    if (!egi_host_log_add(in_loop ? &w->inside : &w->outside, w->a, graph_of(w), slot, out)) w->no_memory = true;
}

/* -- looking ------------------------------------------------------------------------------------------------------- */

/* Did an element of [lo, hi) become NaN or infinite?  was: what stood there, or NULL for nothing. */
static bool became_bad(eg_dtype t, const void *now, const void *was, int64_t lo, int64_t hi)
{
    for (int64_t i = egi_next_bad(t, now, lo, hi); i < hi; i = egi_next_bad(t, now, i + 1, hi)) {
        if (!was || egi_class_at(t, was, i) != egi_class_at(t, now, i)) return true;
    }
    return false;
}

static void scan(egi_watcher *w, eg_dtype t, const void *now, const void *was, int64_t n, int tid, int nt)
{
    int64_t lo, hi;
    if (!egi_is_float(t)) return;
    egi_slice(n, EGI_SLICE_ALIGN, tid, nt, &lo, &hi);
    if (became_bad(t, now, was, lo, hi)) atomic_store_explicit(&w->bad, 1, memory_order_relaxed);
}

bool egi_watcher_arrive(egi_watcher *w, int64_t step, int64_t steps, bool due)
{
    w->loop = (int64_t)w->frame->carried[0];
    w->step = step;
    w->steps = steps;
    w->judging = 0;
    watched *l = &w->loops[w->loop];
    if (w->fault || (l->ended && step == l->step)) return false;
    if (!due && l->step >= 0 && steps >= 0 && step < steps) return false;
    w->arrived = egi_now();
    return true;
}

void egi_watcher_scan(egi_watcher *w, int tid, int nt)
{
    const egi_code *code = code_of(w);
    const egi_code_loop *l = &code->loops.at[w->loop];
    const watched *seen = &w->loops[w->loop];
    for (int64_t k = 0; k < l->num_carried; k++) {
        const egi_code_carried *c = &carried_of(w, w->loop)[k];
        const egi_code_buffer *b = c->buffer ? &code->buffers.at[c->buffer] : NULL;
        const char *was = seen->step >= 0 ? seen->carried[k] : b && b->kind == EGI_BUF_VAR ? w->start[b->slot] : NULL;
        scan(w, c->dtype, carried_now(w, c), was, (int64_t)(carried_bytes(w, c) / eg_dtype_size(c->dtype)), tid, nt);
    }
    for (int64_t k = 0; k < l->num_stacks; k++) {
        uint32_t b = stacks_of(w, w->loop)[k];
        int64_t from = egi_max64(0, seen->step);
        if (!b || w->step <= from) continue;
        size_t row = w->b->bytes[b] / (size_t)w->steps, size = eg_dtype_size(code->buffers.at[b].dtype);
        scan(w, code->buffers.at[b].dtype, (const char *)w->b->buffers[b] + (size_t)from * row, NULL,
             (int64_t)((size_t)(w->step - from) * row / size), tid, nt);
    }
}

/* -- judging ------------------------------------------------------------------------------------------------------- */

/* Memory in which the interpreter may leave what it makes of the run. */
static bool make_side(egi_watcher *w)
{
    const egi_graph *g = graph_of(w);
    const egi_ids *results = &g->regions.at[0].results;
    egi_arena_free(&w->side);
    w->vars = take(w, &w->side, (size_t)g->vars.n * sizeof *w->vars);
    w->results = take(w, &w->side, (size_t)results->n * sizeof *w->results);
    for (int64_t k = 0; k < g->vars.n && !w->no_memory; k++) {
        w->vars[k] = take(w, &w->side, var_bytes(w, k));
        if (w->vars[k]) memcpy(w->vars[k], w->start[k], var_bytes(w, k));
    }
    for (int64_t k = 0; k < results->n && !w->no_memory; k++) {
        if (w->run->results && w->run->results[k]) w->results[k] = take(w, &w->side, egi_bytes(g, results->at[k]));
    }
    return !w->no_memory;
}

static egi_resume *make_resume(egi_watcher *w)
{
    const egi_code *code = code_of(w);
    egi_resume *r = take(w, &w->side, (size_t)code->loops.n * sizeof *r);
    for (int64_t k = 0; r && k < code->loops.n; k++) {
        watched *l = &w->loops[k];
        r[k] = (egi_resume){.loop = code->loops.at[k].node, .step = l->step, .ended = l->ended};
        if (!l->ended && l->step <= 0) continue;
        for (int64_t j = 0; j < code->loops.at[k].num_stacks; j++) {
            uint32_t b = stacks_of(w, k)[j];
            l->stacks[j] = l->ended && l->copies[j] ? l->copies[j] : b ? w->b->buffers[b] : NULL;
        }
        r[k].carried = (const void *const *)l->carried;
        r[k].stacks = l->stacks;
    }
    return r;
}

/* Runs it in the interpreter from what was kept, up to step `until` of loop `node`, or (0) to its end. */
static bool replay(egi_watcher *w, egi_id node, int64_t until)
{
    egi_watch watch = {.name = w->b->func->name,
                       .until_loop = node,
                       .until = until,
                       .replay = true,
                       .outside = w->outside,
                       .inside = w->inside};
    for (int64_t k = 0; k < watch.outside.next.n; k++) watch.outside.next.at[k] = 0;
    for (int64_t k = 0; k < watch.inside.next.n; k++) watch.inside.next.at[k] = 0;
    bool good = !w->no_memory && make_side(w);
    watch.resume = good ? make_resume(w) : NULL;
    watch.num_resume = code_of(w)->loops.n;
    w->found = *w->run;
    w->found.vars = (void *const *)w->vars;
    w->found.results = (void *const *)w->results;
    w->found.watch = &watch;
    w->found.progress = NULL;
    if (good && watch.resume) {
        egi_eval(graph_of(w), &w->found);
        w->stored = w->found.execution != w->run->execution;
        w->fault = watch.found || (w->found.status && w->found.status != EG_ERR_CANCELLED);
    } else {
        w->found.status = EG_ERR_MEMORY;
        snprintf(w->found.message, sizeof w->found.message,
                 "'%s': a value became NaN or infinite, and there is no memory to find out why", w->b->func->name);
        w->fault = true;
    }
    w->outside = watch.outside; /* they may have grown */
    w->inside = watch.inside;
    if (!w->fault) egi_arena_free(&w->side);
    return !w->fault;
}

bool egi_watcher_judge(egi_watcher *w)
{
    watched *l = &w->loops[w->loop];
    double start = egi_now();
    w->cost = start - w->arrived;
    bool good = true;
    if (w->no_memory || atomic_exchange(&w->bad, 0)) good = replay(w, code_of(w)->loops.at[w->loop].node, w->step);
    l->step = w->step;
    l->ended = w->steps < 0 || w->step >= w->steps;
    egi_host_log_clear(&w->inside);
    w->judging = egi_now() - start;
    return good;
}

static void copy(void *to, const void *from, size_t bytes, int tid, int nt)
{
    int64_t lo, hi;
    egi_slice((int64_t)bytes, EGI_SLICE_ALIGN, tid, nt, &lo, &hi);
    if (hi > lo) memcpy((char *)to + lo, (const char *)from + lo, (size_t)(hi - lo));
}

void egi_watcher_save(egi_watcher *w, int tid, int nt)
{
    const egi_code_loop *l = &code_of(w)->loops.at[w->loop];
    const watched *to = &w->loops[w->loop];
    double start = tid == 0 ? egi_now() : 0;
    for (int64_t k = 0; k < l->num_carried; k++) {
        const egi_code_carried *c = &carried_of(w, w->loop)[k];
        copy(to->carried[k], carried_now(w, c), carried_bytes(w, c), tid, nt);
    }
    for (int64_t k = 0; k < l->num_stacks && to->ended; k++) {
        uint32_t b = stacks_of(w, w->loop)[k];
        if (to->copies[k]) copy(to->copies[k], w->b->buffers[b], w->b->bytes[b], tid, nt);
    }
    if (tid == 0) w->cost += egi_now() - start;
}

/* -- the end of a run ---------------------------------------------------------------------------------------------- */

/* Rows of a stacked result have been looked at, as they came. */
static bool is_stacked(const egi_graph *g, egi_id v)
{
    const egi_node *n = egi_at(g, v);
    if (n->op != EGI_ITEM || egi_at(g, egi_arg(g, v, 0))->op != EGI_LOOP) return false;
    return (int64_t)n->imm >= egi_ints_of(g, egi_at(g, egi_arg(g, v, 0)))[1];
}

void egi_watcher_scan_end(egi_watcher *w, int tid, int nt)
{
    const egi_code *code = code_of(w);
    const egi_graph *g = graph_of(w);
    for (int64_t k = 1; k < code->buffers.n; k++) {
        const egi_code_buffer *c = &code->buffers.at[k];
        const bool var = c->kind == EGI_BUF_VAR;
        if (!var && (c->kind != EGI_BUF_RESULT || is_stacked(g, g->regions.at[0].results.at[c->slot]))) continue;
        scan(w, c->dtype, w->b->buffers[k], var ? w->start[c->slot] : NULL,
             (int64_t)(w->b->bytes[k] / eg_dtype_size(c->dtype)), tid, nt);
    }
}

bool egi_watcher_judge_end(egi_watcher *w)
{
    if (w->fault) return false;
    if (!w->no_memory && !atomic_exchange(&w->bad, 0)) return true;
    return replay(w, 0, 0);
}

eg_status egi_watcher_finish(egi_watcher *w, const eg_state *s, egi_run *r)
{
    const egi_graph *g = graph_of(w);
    const bool whole = w->found.status != EG_ERR_MEMORY && w->stored;
    for (int64_t k = 0; k < g->vars.n; k++)
        memcpy(s->slot[g->vars.at[k]->index], whole ? w->vars[k] : w->start[k], var_bytes(w, k));
    for (int64_t k = 0; k < g->regions.at[0].results.n && whole; k++) {
        if (w->results[k]) memcpy(r->results[k], w->results[k], egi_bytes(g, g->regions.at[0].results.at[k]));
    }
    r->execution = whole ? w->found.execution : r->execution;
    r->done = w->found.done;
    r->status = w->found.status;
    memcpy(r->message, w->found.message, sizeof r->message);
    egi_arena_free(&w->side);
    return r->status;
}

double egi_watcher_cost(const egi_watcher *w) { return w->cost; }
double egi_watcher_judging(const egi_watcher *w) { return w->judging; }
