/* The gradient of a loop: a loop that runs the steps backwards.  It carries the adjoints of the carried values, and
 * those of values from outside, into which it adds; each step makes its values again from what the primal stored and
 * sweeps them; the adjoints of rows are stacked. */
#include "opt/grad_loop.h"
#include "core/context.h"

static bool push(egi_grad *x, egi_ids *list, egi_id id)
{
    if (egi_push(&x->to->eg->allocator, list, id)) return true;
    x->to->failed = true;
    return false;
}

bool egi_grad_carries(const egi_grad *x, const egi_steps *s, int64_t k)
{
    const egi_region *body = egi_grad_region(x, s->body);
    return egi_on_path(x, body->params.at[1 + k]) || egi_on_path(x, body->results.at[k]);
}

static egi_id or_zeros(egi_grad *x, egi_id v, egi_id like) { return v ? v : egi_zeros(x->to, egi_spec(x->from, like)); }

/* Parameters of the new loop, and its operands beside them. */
static void open_steps(egi_grad *x, egi_steps *s, egi_ids *args, egi_ids *carry, egi_id *before)
{
    egi_graph *g = x->to;
    const egi_region *body = egi_grad_region(x, s->body);
    push(x, args, egi_const_i(g, EG_I64, s->n));
    egi_id j = egi_grad_param(x, s->region, eg_scalar(EG_I64));
    egi_id i = egi_op2(g, EGI_SUB, egi_const_i(g, EG_I64, s->n - 1), j);
    x->map[body->params.at[0]] = s->first ? egi_op2(g, EGI_ADD, s->first, i) : i;
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id p = body->params.at[1 + k];
        if (!egi_grad_carries(x, s, k)) continue;
        push(x, args, or_zeros(x, s->carried.at[k], p));
        push(x, carry, egi_grad_param(x, s->region, egi_spec(x->from, p)));
    }
    for (int64_t k = 0; k < s->outer.n; k++) {
        egi_id id = s->outer.at[k];
        push(x, args, or_zeros(x, x->adjoint[id], id));
        before[k] = x->adjoint[id];
        x->adjoint[id] = egi_grad_param(x, s->region, egi_spec(x->from, id));
    }
}

/* A sequence that is read from its end, as a parameter. */
static egi_id reversed(egi_grad *x, egi_steps *s, egi_ids *args, egi_id sequence, eg_spec like)
{
    if (!sequence) {
        x->to->failed = true;
        return 0;
    }
    egi_id all = egi_flipped(x->to, sequence, 0);
    push(x, args, all);
    return egi_grad_row_param(x, s->region, all, like);
}

static void open_rows(egi_grad *x, egi_steps *s, egi_ids *args, egi_ids *y)
{
    const egi_graph *g = x->from;
    const egi_region *body = egi_grad_region(x, s->body);
    const egi_id first = s->first ? s->first : egi_const_i(x->to, EG_I64, 0);
    const egi_id is_first = egi_op2(x->to, EGI_EQ, x->map[body->params.at[0]], first);
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id kept = reversed(x, s, args, s->start.at[k], egi_grad_carried_spec(x, s, k));
        x->map[body->params.at[1 + k]] = egi_grad_carried_value(x, s, k, kept, s->init.at[k], is_first);
    }
    for (int64_t k = 0; k < s->ns; k++) {
        egi_id p = body->params.at[1 + s->nc + k];
        x->map[p] = reversed(x, s, args, s->rows.at[k], egi_spec(g, p));
    }
    for (int64_t k = 0; k < s->leaves.n; k++) {
        egi_id l = s->leaves.at[k];
        x->saved[l] = reversed(x, s, args, s->leaf_values.at[k], egi_grad_stored(x, l, s->body));
    }
    for (int64_t k = 0; k < s->ny; k++) {
        eg_spec spec = egi_spec(g, body->results.at[s->nc + k]);
        push(x, y, s->y.at[k] ? reversed(x, s, args, s->y.at[k], spec) : 0);
    }
}

static void sweep_step(egi_grad *x, egi_steps *s, const egi_ids *carry, const egi_ids *y)
{
    const egi_region *body = egi_grad_region(x, s->body);
    egi_grad_forget(x, s->body);
    x->to->region = s->region;
    egi_grad_clone(x, s->body, EGI_REPLAY_IMPURE | EGI_REPLAY_COSTLY | EGI_STACK);
    for (int64_t k = 0, at = 0; k < s->nc; k++) {
        if (egi_grad_carries(x, s, k)) egi_contribute(x, body->results.at[k], carry->at[at++]);
    }
    for (int64_t k = 0; k < s->ny; k++) egi_contribute(x, body->results.at[s->nc + k], y->at[k]);
    egi_grad_sweep(x, s->body);
}

static void close_steps(egi_grad *x, egi_steps *s, const egi_ids *args, const egi_id *before)
{
    egi_graph *g = x->to;
    const egi_region *body = egi_grad_region(x, s->body);
    int64_t nc = 0, at = 0;
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id p = body->params.at[1 + k];
        if (!egi_grad_carries(x, s, k)) continue;
        egi_id v = or_zeros(x, x->adjoint[p], p);
        push(x, &g->regions.at[s->region].results, v);
        nc++;
    }
    for (int64_t k = 0; k < s->outer.n; k++, nc++)
        push(x, &g->regions.at[s->region].results, x->adjoint[s->outer.at[k]]);
    for (int64_t k = 0; k < s->ns; k++) {
        egi_id p = body->params.at[1 + s->nc + k], v = or_zeros(x, x->adjoint[p], p);
        if (egi_on_path(x, p)) push(x, &g->regions.at[s->region].results, v);
    }
    egi_id loop = egi_grad_failed(x) ? 0 : egi_grad_close_loop(x, s->region, args, nc, args->n - 1 - nc);
    if (!loop) return;
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id p = body->params.at[1 + k];
        s->carried.at[k] = egi_grad_carries(x, s, k) ? egi_item(g, loop, (uint32_t)at++, egi_spec(x->from, p)) : 0;
    }
    for (int64_t k = 0; k < s->outer.n; k++, at++) {
        egi_id id = s->outer.at[k];
        bool same = g->regions.at[s->region].results.at[at] == g->regions.at[s->region].params.at[1 + at];
        x->adjoint[id] = same ? before[k] : egi_item(g, loop, (uint32_t)at, egi_spec(x->from, id));
    }
    s->rows_adjoint.n = 0;
    for (int64_t k = 0; k < s->ns; k++) {
        egi_id p = body->params.at[1 + s->nc + k], all = 0;
        if (egi_on_path(x, p)) {
            all = egi_grad_stacked(x, loop, at, g->regions.at[s->region].results.at[at], s->n);
            all = egi_flipped(g, all, 0);
            at++;
        }
        push(x, &s->rows_adjoint, all);
    }
}

void egi_grad_backward(egi_grad *x, egi_steps *s)
{
    egi_graph *g = x->to;
    const eg_allocator *a = &g->eg->allocator;
    uint16_t here = g->region;
    egi_ids args = {0}, carry = {0}, y = {0};
    egi_id *before = egi_alloc(a, (size_t)(s->outer.n + 1) * sizeof *before, 16);
    if (!before) egi_no_memory(g->eg);
    if (before && (s->region = egi_region_open(g, false))) {
        open_steps(x, s, &args, &carry, before);
        open_rows(x, s, &args, &y);
        if (!egi_grad_failed(x)) sweep_step(x, s, &carry, &y);
        g->region = s->region;
        close_steps(x, s, &args, before);
    }
    g->region = here;
    egi_free(a, before);
    egi_ids *lists[] = {&args, &carry, &y};
    for (size_t k = 0; k < EGI_LEN(lists); k++) egi_vec_free(a, lists[k]);
}

/* What the whole loop has stored, and the adjoints of its items. */
static void gather_all(egi_grad *x, egi_steps *s, bool costly)
{
    const egi_region *body = egi_grad_region(x, s->body);
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id item = egi_grad_item(x, s->loop, k);
        push(x, &s->start, x->start[body->params.at[1 + k]]);
        push(x, &s->init, egi_value_of(x, s->loop, (uint32_t)(1 + k)));
        push(x, &s->carried, item ? x->adjoint[item] : 0);
    }
    for (int64_t k = 0; k < s->ns; k++) push(x, &s->rows, egi_value_of(x, s->loop, (uint32_t)(1 + s->nc + k)));
    for (int64_t k = 0; k < s->ny; k++) {
        egi_id item = egi_grad_item(x, s->loop, s->nc + k);
        push(x, &s->y, item ? x->adjoint[item] : 0);
    }
    egi_grad_leaves(x, s->body, true, costly, &s->leaves);
    for (int64_t k = 0; k < s->leaves.n; k++) push(x, &s->leaf_values, x->saved[s->leaves.at[k]]);
    egi_grad_captured(x, 1, &s->body, &s->outer);
}

/* Of no steps: what is carried comes out as it went in, also where a step would not have looked at it. */
static void pass_through(egi_grad *x, egi_id id, int64_t nc)
{
    for (int64_t k = 0; k < nc; k++) {
        egi_id item = egi_grad_item(x, id, k);
        if (item) egi_pass(x, id, (uint32_t)(1 + k), x->adjoint[item]);
    }
}

void egi_grad_loop(egi_grad *x, egi_id id)
{
    egi_steps s = egi_grad_steps(x, id);
    if (s.n == 0) {
        pass_through(x, id, s.nc);
        return;
    }
    int64_t every = x->to->region ? 0 : egi_grad_interval(x, id);
    gather_all(x, &s, !every);
    if (!egi_grad_failed(x) && every) egi_grad_segments(x, &s, every);
    if (!egi_grad_failed(x) && !every) egi_grad_backward(x, &s);
    for (int64_t k = 0; k < s.leaves.n && k < s.leaf_values.n; k++) x->saved[s.leaves.at[k]] = s.leaf_values.at[k];
    for (int64_t k = 0; !egi_grad_failed(x) && k < s.nc; k++) egi_pass(x, id, (uint32_t)(1 + k), s.carried.at[k]);
    for (int64_t k = 0; !egi_grad_failed(x) && k < s.ns; k++)
        egi_pass(x, id, (uint32_t)(1 + s.nc + k), s.rows_adjoint.at[k]);
    egi_grad_steps_free(x, &s);
}
