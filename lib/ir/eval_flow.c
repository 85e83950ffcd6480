/* Loops, whiles, conds and host calls.
 *
 * Stopping.  Only the outermost loop or while stops early: when asked to, or when a host call inside failed.  It then
 * ends after its last whole step, later outermost ones make no step, and everything else still runs, so that what is
 * written at the end is what the last whole step left.  A host call that fails outside of all loops ends the run, which
 * then writes nothing. */
#include <stdio.h>

#include "ir/interp.h"

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

/* Results may be parameters of the same region: all are copied before one is replaced. */
static void advance(egi_interp *ip, const egi_region *body, void **pairs, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        egi_id v = body->results.at[k];
        memcpy(pairs[2 * k + 1], ip->val[v], egi_bytes(ip->g, v));
    }
    for (int64_t k = 0; k < n; k++) {
        void *done = pairs[2 * k];
        pairs[2 * k] = pairs[2 * k + 1];
        pairs[2 * k + 1] = done;
    }
}

static void enter(egi_interp *ip, egi_id id, uint32_t first, void **pairs, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        egi_id v = egi_arg(ip->g, id, first + (uint32_t)k);
        memcpy(pairs[2 * k], ip->val[v], egi_bytes(ip->g, v));
    }
}

bool egi_run_loop(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const int64_t *ints = egi_ints_of(g, egi_at(g, id));
    const int64_t nc = ints[1], ns = ints[2], ny = ints[3], n = egi_in_i64(ip, id, 0);
    const egi_region *body = &g->regions.at[ints[0]];
    void **buf = ip->buf + ip->first[id], **pairs = buf + 1, **stacks = pairs + 2 * nc;
    const int level = ip->depth++;
    const bool stopped_before = ip->r->status != EG_OK;
    bool good = true;
    int64_t i = 0;
    enter(ip, id, 1, pairs, nc);
    for (; i < n && may_step(ip); i++) {
        ip->iter[level] = i;
        *(int64_t *)buf[0] = i;
        ip->val[body->params.at[0]] = buf[0];
        for (int64_t k = 0; k < nc; k++) ip->val[body->params.at[1 + k]] = pairs[2 * k];
        for (int64_t k = 0; k < ns; k++) {
            egi_id p = body->params.at[1 + nc + k];
            ip->val[p] = (const char *)egi_in(ip, id, (uint32_t)(1 + nc + k)) + (size_t)i * egi_bytes(g, p);
        }
        if (!(good = egi_run_region(ip, ints[0]))) break;
        for (int64_t k = 0; k < ny; k++) {
            egi_id v = body->results.at[nc + k];
            memcpy((char *)stacks[k] + (size_t)i * egi_bytes(g, v), ip->val[v], egi_bytes(g, v));
        }
        advance(ip, body, pairs, nc);
        tell(ip, i + 1, n);
    }
    ip->depth = level;
    leave_outermost(ip, i, stopped_before);
    for (int64_t k = 0; k < ny && i < n; k++) {
        size_t row = egi_bytes(g, body->results.at[nc + k]);
        memset((char *)stacks[k] + (size_t)i * row, 0, (size_t)(n - i) * row);
    }
    return good || level == 0;
}

bool egi_run_while(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const egi_node *node = egi_at(g, id);
    const int64_t *ints = egi_ints_of(g, node);
    const egi_region *cond = &g->regions.at[ints[0]], *body = &g->regions.at[ints[1]];
    void **pairs = ip->buf + ip->first[id];
    const int level = ip->depth++;
    const bool stopped_before = ip->r->status != EG_OK;
    bool good = true;
    int64_t i = 0;
    enter(ip, id, 0, pairs, node->num_args);
    for (; may_step(ip); i++) {
        ip->iter[level] = i;
        for (uint32_t k = 0; k < node->num_args; k++)
            ip->val[cond->params.at[k]] = ip->val[body->params.at[k]] = pairs[2 * k];
        if (!(good = egi_run_region(ip, ints[0])) || !*(const uint8_t *)ip->val[cond->results.at[0]]) break;
        if (!(good = egi_run_region(ip, ints[1]))) break;
        advance(ip, body, pairs, node->num_args);
    }
    ip->depth = level;
    leave_outermost(ip, i, stopped_before);
    return good || level == 0;
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

bool egi_run_host(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, id);
    const egi_host *h = &g->hosts.at[n->imm];
    void **out = ip->buf + ip->first[id];
    const void **in = out[h->num_out];
    for (uint32_t k = 0; k < n->num_args; k++) in[k] = egi_in(ip, id, k);
    egi_fp_leave(ip->fp);
    int code = h->fn(h->user, in, out);
    ip->fp = egi_fp_enter(ip->r->keep_denormals);
    if (!code) return true;
    if (!ip->r->status) {
        ip->r->status = EG_ERR_RUN;
        egi_host_failed(g, (uint32_t)n->imm, code, ip->r);
    }
    return false;
}
