/* Loops, whiles, conds and host calls.
 *
 * Stopping.  Only the outermost loop or while stops early: when asked to, or when a host call inside failed.  It then
 * ends after its last whole step, later outermost ones make no step, and everything else still runs, so that what is
 * written at the end is what the last whole step left.  A host call that fails outside of all loops ends the run, which
 * then writes nothing. */
#include <stdio.h>

#include "ir/origin.h"

/* May another step begin? */
static bool may_step(egi_interp *ip)
{
    egi_run *r = ip->r;
    if (ip->depth > 1) return true;
    if (!r->status && r->cancel && atomic_load_explicit(r->cancel, memory_order_relaxed)) {
        r->status = EG_ERR_CANCELLED;
    }
    return !r->status;
}

/* Tells how far the outermost loop is; progress may ask to stop. */
static void tell(egi_interp *ip, int64_t step, int64_t steps)
{
    egi_run *r = ip->r;
    if (ip->depth > 1 || !r->progress) return;
    double now = egi_now();
    if (step < steps && now - ip->told_s < r->chunk_s) return;
    ip->told_s = now;
    egi_fp_leave(ip->fp);
    int stop = r->progress(r->user, step, steps);
    ip->fp = egi_fp_enter(r->keep_denormals);
    if (!stop) return;
    r->status = EG_ERR_CANCELLED;
}

static void leave_outermost(egi_interp *ip, int64_t steps, bool stopped_before)
{
    if (ip->depth > 0) return;
    ip->longest = egi_max64(ip->longest, steps);
    if (!stopped_before) ip->r->done = steps;
}

/* Results may be parameters of the same region: all are copied before one is replaced.  `first`: buffer of the pairs.
 */
static void advance(egi_interp *ip, const egi_region *body, uint32_t first, int64_t n)
{
    void **pairs = ip->buf + first;
    for (int64_t k = 0; k < n; k++) {
        egi_id v = body->results.at[k];
        memcpy(pairs[2 * k + 1], ip->val[v], egi_bytes(ip->g, v));
        if (ip->origins) egi_origin_store(ip, first + (uint32_t)(2 * k + 1), 0, v, egi_count(ip->g, v));
    }
    for (int64_t k = 0; k < n; k++) {
        void *done = pairs[2 * k];
        pairs[2 * k] = pairs[2 * k + 1];
        pairs[2 * k + 1] = done;
        if (ip->origins) egi_origin_swap(ip, first + (uint32_t)(2 * k));
    }
}

static void enter(egi_interp *ip, egi_id id, uint32_t arg, uint32_t first, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        egi_id v = egi_arg(ip->g, id, arg + (uint32_t)k);
        memcpy(ip->buf[first + (uint32_t)(2 * k)], ip->val[v], egi_bytes(ip->g, v));
        if (ip->origins) egi_origin_store(ip, first + (uint32_t)(2 * k), 0, v, egi_count(ip->g, v));
    }
}

/* -- checked runs -------------------------------------------------------------------------------------------------- */

/* The loop as it was left: its carried values in `first`, its stacked rows. */
static void resume(egi_interp *ip, const egi_resume *from, const egi_region *body, uint32_t first, int64_t nc,
                   int64_t ny)
{
    void **stacks = ip->buf + first + 2 * nc;
    for (int64_t k = 0; k < nc; k++)
        memcpy(ip->buf[first + (uint32_t)(2 * k)], from->carried[k], egi_bytes(ip->g, body->results.at[k]));
    for (int64_t k = 0; k < ny; k++) {
        size_t row = egi_bytes(ip->g, body->results.at[nc + k]);
        if (from->stacks[k]) memcpy(stacks[k], from->stacks[k], (size_t)from->step * row);
    }
}

/* Before an outermost loop: false if what it begins with is wrong. */
static bool checked_entry(egi_interp *ip, egi_id id, const egi_resume *from)
{
    return ip->depth > 1 || !ip->origins || from || egi_judge_entry(ip, id);
}

/* May the step begin, as far as a check is concerned? */
static bool checked_begin(egi_interp *ip, egi_id id, int64_t i)
{
    if (!ip->origins || ip->depth > 1) return true;
    egi_watch *c = ip->origins->watch;
    if (c->until_loop == id && c->until == i && !c->found) {
        c->passed = true;
        return false;
    }
    egi_judge_begin_step(ip);
    return true;
}

static bool checked_step(egi_interp *ip, egi_id id) { return !ip->origins || ip->depth > 1 || egi_judge_step(ip, id); }

/* What a loop returns: a failure inside of an outermost one ends its steps, but not what comes behind. */
static bool goes_on(const egi_interp *ip, bool good, int level)
{
    const egi_watch *c = ip->origins ? ip->origins->watch : NULL;
    if (c && (c->passed || c->no_memory)) return false;
    return good || level == 0;
}

static void begin_step(egi_interp *ip, egi_id id, const egi_region *body, int64_t i)
{
    const egi_graph *g = ip->g;
    const int64_t *ints = egi_ints_of(g, egi_at(g, id));
    const int64_t nc = ints[1], ns = ints[2];
    const uint32_t first = ip->first[id];
    *(int64_t *)ip->buf[first] = i;
    ip->val[body->params.at[0]] = ip->buf[first];
    for (int64_t k = 0; k < nc; k++) {
        egi_id p = body->params.at[1 + k];
        ip->val[p] = ip->buf[first + 1 + 2 * k];
        if (ip->origins) egi_origin_carried(ip, p, first + 1 + (uint32_t)(2 * k));
    }
    for (int64_t k = 0; k < ns; k++) {
        egi_id p = body->params.at[1 + nc + k], sequence = egi_arg(g, id, (uint32_t)(1 + nc + k));
        ip->val[p] = (const char *)ip->val[sequence] + (size_t)i * egi_bytes(g, p);
        if (ip->origins) egi_origin_row(ip, p, sequence, i);
    }
}

static void stack_rows(egi_interp *ip, egi_id id, const egi_region *body, int64_t i, int64_t n)
{
    const int64_t *ints = egi_ints_of(ip->g, egi_at(ip->g, id));
    const int64_t nc = ints[1], ny = ints[3];
    const uint32_t first = ip->first[id] + 1 + (uint32_t)(2 * nc);
    for (int64_t k = 0; k < ny; k++) {
        egi_id v = body->results.at[nc + k];
        int64_t row = egi_count(ip->g, v);
        memcpy((char *)ip->buf[first + k] + (size_t)i * egi_bytes(ip->g, v), ip->val[v], egi_bytes(ip->g, v));
        if (ip->origins && ip->depth > 1) {
            if (i == 0) ip->origins->buf[first + k].some = false;
            egi_origin_store(ip, first + (uint32_t)k, i * row, v, n * row);
        }
    }
}

bool egi_run_loop(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const int64_t *ints = egi_ints_of(g, egi_at(g, id));
    const int64_t nc = ints[1], ny = ints[3], n = egi_in_i64(ip, id, 0);
    const egi_region *body = &g->regions.at[ints[0]];
    const uint32_t pairs = ip->first[id] + 1;
    void **stacks = ip->buf + pairs + 2 * nc;
    const int level = ip->depth++;
    const bool stopped_before = ip->r->status != EG_OK;
    const egi_resume *from = level == 0 ? egi_resume_of(ip, id) : NULL;
    int64_t i = from ? from->step : 0;
    enter(ip, id, 1, pairs, nc);
    if (from) resume(ip, from, body, pairs, nc, ny);
    bool good = checked_entry(ip, id, from), entered = good;
    for (; entered && i < n && !(from && from->ended) && may_step(ip); i++) {
        ip->iter[level] = i;
        begin_step(ip, id, body, i);
        good = checked_begin(ip, id, i) && egi_run_region(ip, ints[0]) && checked_step(ip, id);
        if (!good) break;
        stack_rows(ip, id, body, i, n);
        advance(ip, body, pairs, nc);
        tell(ip, i + 1, n);
    }
    if (i == n && level == 0 && !checked_begin(ip, id, n)) good = false;
    ip->depth = level;
    leave_outermost(ip, i, stopped_before);
    for (int64_t k = 0; k < ny && i < n; k++) {
        size_t row = egi_bytes(g, body->results.at[nc + k]);
        memset((char *)stacks[k] + (size_t)i * row, 0, (size_t)(n - i) * row);
    }
    return entered && goes_on(ip, good, level);
}

bool egi_run_while(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const egi_node *node = egi_at(g, id);
    const int64_t *ints = egi_ints_of(g, node);
    const egi_region *cond = &g->regions.at[ints[0]], *body = &g->regions.at[ints[1]];
    const uint32_t pairs = ip->first[id];
    const int level = ip->depth++;
    const bool stopped_before = ip->r->status != EG_OK;
    const egi_resume *from = level == 0 ? egi_resume_of(ip, id) : NULL;
    int64_t i = from ? from->step : 0;
    enter(ip, id, 0, pairs, node->num_args);
    if (from) resume(ip, from, body, pairs, node->num_args, 0);
    bool good = checked_entry(ip, id, from), entered = good;
    for (; entered && !(from && from->ended) && may_step(ip); i++) {
        ip->iter[level] = i;
        for (uint32_t k = 0; k < node->num_args; k++) {
            egi_id p[2] = {cond->params.at[k], body->params.at[k]};
            ip->val[p[0]] = ip->val[p[1]] = ip->buf[pairs + 2 * k];
            for (int j = 0; j < 2 && ip->origins; j++) egi_origin_carried(ip, p[j], pairs + 2 * k);
        }
        if (!(good = checked_begin(ip, id, i) && egi_run_region(ip, ints[0]))) break;
        if (!*(const uint8_t *)ip->val[cond->results.at[0]]) break;
        if (!(good = egi_run_region(ip, ints[1]) && checked_step(ip, id))) break;
        advance(ip, body, pairs, node->num_args);
    }
    ip->depth = level;
    leave_outermost(ip, i, stopped_before);
    return entered && goes_on(ip, good, level);
}

bool egi_run_cond(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    bool yes = *(const uint8_t *)egi_in(ip, id, 0);
    int64_t region = egi_ints_of(g, egi_at(g, id))[yes ? 0 : 1];
    const egi_region *arm = &g->regions.at[region];
    if (!egi_run_region(ip, region)) return false;
    for (int64_t k = 0; k < arm->results.n; k++) {
        egi_id v = arm->results.at[k];
        memcpy(ip->buf[ip->first[id] + (uint32_t)k], ip->val[v], egi_bytes(g, v));
        if (ip->origins) egi_origin_store(ip, ip->first[id] + (uint32_t)k, 0, v, egi_count(g, v));
    }
    return true;
}

void egi_host_failed(const egi_graph *g, uint32_t slot, int code, egi_run *r)
{
    egi_id id = 1;
    while (id + 1 < g->nodes.n && !(egi_at(g, id)->op == EGI_HOST && egi_at(g, id)->imm == slot)) id++;
    const egi_loc *at = &g->locs.at[egi_at(g, id)->loc];
    const char *name = g->hosts.at[slot].name;
    snprintf(r->message, sizeof r->message, "host function '%s' (%s:%d) stopped the run: it returned %d",
             name ? name : "?", at->file ? at->file : "?", at->line, code);
}

/* -- host calls ---------------------------------------------------------------------------------------------------- */

bool egi_host_log_add(egi_host_log *log, const eg_allocator *a, const egi_graph *g, uint32_t slot, void *const *out)
{
    const egi_host *h = &g->hosts.at[slot];
    size_t at = (size_t)log->data.n;
    while (log->next.n < g->hosts.n) {
        if (!egi_push(a, &log->next, 0)) return false;
    }
    for (int j = 0; j < h->num_out; j++) {
        size_t n = (size_t)egi_spec_count(h->out[j]) * eg_dtype_size(h->out[j].dtype);
        if (!egi_reserve(a, &log->data, (int64_t)n)) return false;
        memcpy(log->data.at + log->data.n, out[j], n);
        log->data.n += (int64_t)n;
    }
    return egi_push(a, &log->calls, ((egi_host_call){slot, at}));
}

void egi_host_log_clear(egi_host_log *log)
{
    log->calls.n = log->data.n = 0;
    for (int64_t k = 0; k < log->next.n; k++) log->next.at[k] = 0;
}

static void host_log_free(egi_host_log *log, const eg_allocator *a)
{
    egi_vec_free(a, &log->calls);
    egi_vec_free(a, &log->data);
    egi_vec_free(a, &log->next);
}

void egi_watch_free(egi_watch *w, const eg_allocator *a)
{
    host_log_free(&w->outside, a);
    host_log_free(&w->inside, a);
}

/* Outputs of a call that has been made before, in an earlier try of the step or by compiled code. */
static bool repeat(egi_interp *ip, egi_host_log *log, uint32_t slot, void *const *out)
{
    const egi_host *h = &ip->g->hosts.at[slot];
    if (log->next.n <= slot) return false;
    int64_t k = log->next.at[slot];
    while (k < log->calls.n && log->calls.at[k].slot != slot) k++;
    log->next.at[slot] = k < log->calls.n ? k + 1 : k;
    if (k >= log->calls.n) return false;
    const char *from = log->data.at + log->calls.at[k].at;
    for (int j = 0; j < h->num_out; j++) {
        size_t n = (size_t)egi_spec_count(h->out[j]) * eg_dtype_size(h->out[j].dtype);
        memcpy(out[j], from, n);
        from += n;
    }
    return true;
}

static void remember(egi_interp *ip, egi_host_log *log, uint32_t slot, void *const *out)
{
    egi_watch *c = ip->origins->watch;
    if (c->found) return;
    if (!egi_host_log_add(log, ip->mem, ip->g, slot, out))
        c->no_memory = true;
    else
        log->next.at[slot] = log->calls.n; /* it is not to be repeated before the step is */
}

/* A host's true may be any byte but 0. */
static void make_bools(const egi_host *h, void *const *out)
{
    for (int k = 0; k < h->num_out; k++) {
        uint8_t *b = out[k];
        const int64_t n = h->out[k].dtype == EG_BOOL ? egi_spec_count(h->out[k]) : 0;
        for (int64_t j = 0; j < n; j++) b[j] = b[j] != 0;
    }
}

bool egi_run_host(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, id);
    const egi_host *h = &g->hosts.at[n->imm];
    void **out = ip->buf + ip->first[id];
    const void **in = out[h->num_out];
    egi_watch *c = ip->origins ? ip->origins->watch : NULL;
    egi_host_log *log = !c ? NULL : ip->depth ? &c->inside : &c->outside;
    if (log && !c->found && repeat(ip, log, (uint32_t)n->imm, out)) return true;
    for (uint32_t k = 0; k < n->num_args; k++) in[k] = egi_in(ip, id, k);
    egi_fp_leave(ip->fp);
    int code = h->fn(h->user, in, out);
    ip->fp = egi_fp_enter(ip->r->keep_denormals);
    if (!code) make_bools(h, out);
    if (!code && log) remember(ip, log, (uint32_t)n->imm, out);
    if (!code) return true;
    if (!ip->r->status) {
        ip->r->status = EG_ERR_RUN;
        egi_host_failed(g, (uint32_t)n->imm, code, ip->r);
    }
    return false;
}
