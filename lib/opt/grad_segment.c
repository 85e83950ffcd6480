/* Loops whose primal stores checkpoints only: from the last segment to the first, the steps of a segment are made again
 * from its checkpoint and then swept.  The last segment may be shorter; the others are the steps of a loop around. */
#include "core/context.h"
#include "opt/grad_loop.h"

static bool push(egi_grad *x, egi_ids *list, egi_id id)
{
    if (egi_push(&x->to->eg->allocator, list, id)) return true;
    x->to->failed = true;
    return false;
}

/* Rows first .. first + n - 1 of a sequence. */
static egi_id part(egi_grad *x, egi_id all, egi_id first, int64_t n)
{
    if (!all || !first) return 0;
    egi_shape s = *egi_shape_of(x->to, all);
    egi_id start[EG_MAX_RANK] = {first};
    for (int k = 1; k < s.rank; k++) start[k] = egi_const_i(x->to, EG_I64, 0);
    s.dim[0] = n;
    return egi_dslice(x->to, all, &s, start);
}

/* Segment number j: n steps from `first`.  Moves whole->carried and the adjoints of nodes from outside before them, and
 * leaves the adjoints of its rows. */
static void segment(egi_grad *x, egi_steps *whole, egi_id j, egi_id first, int64_t n, egi_ids *rows_adjoint)
{
    const egi_ids *params = &egi_grad_region(x, whole->body)->params;
    egi_steps ahead = {.loop = whole->loop, .body = whole->body, .nc = whole->nc, .ns = whole->ns, .n = n};
    ahead.first = first;
    ahead.flags = EGI_REPLAY_IMPURE | EGI_RECORD_COSTLY | EGI_STACK;
    egi_steps back = ahead;
    back.ny = whole->ny;
    back.outer = whole->outer;
    const egi_id is_first = egi_op2(x->to, EGI_EQ, j, egi_const_i(x->to, EG_I64, 0));
    for (int64_t k = 0; k < whole->nc; k++) {
        egi_id row = part(x, whole->start.at[k], j, 1);
        push(x, &ahead.carried, egi_grad_checkpoint(x, whole, k, row, whole->init.at[k], is_first));
        push(x, &back.init, ahead.carried.at[k]);
        push(x, &back.carried, whole->carried.at[k]);
    }
    for (int64_t k = 0; k < whole->ns; k++) {
        push(x, &ahead.rows, part(x, whole->rows.at[k], first, n));
        push(x, &back.rows, ahead.rows.at[k]);
    }
    for (int64_t k = 0; k < whole->ny; k++) push(x, &back.y, part(x, whole->y.at[k], first, n));
    for (int64_t k = 0; k < whole->leaves.n; k++)
        x->saved[whole->leaves.at[k]] = part(x, whole->leaf_values.at[k], first, n);
    if (!egi_grad_failed(x)) egi_grad_forward(x, &ahead);
    for (int64_t k = 0; k < whole->nc; k++) push(x, &back.start, x->start[params->at[1 + k]]);
    egi_grad_leaves(x, whole->body, true, true, &back.leaves);
    for (int64_t k = 0; k < back.leaves.n; k++) push(x, &back.leaf_values, x->saved[back.leaves.at[k]]);
    if (!egi_grad_failed(x)) egi_grad_backward(x, &back);
    for (int64_t k = 0; k < whole->nc; k++) whole->carried.at[k] = back.carried.at[k];
    for (int64_t k = 0; k < back.rows_adjoint.n; k++) push(x, rows_adjoint, back.rows_adjoint.at[k]);
    back.outer = (egi_ids){0};
    egi_grad_steps_free(x, &ahead);
    egi_grad_steps_free(x, &back);
}

/* The loop over all segments but the last. */
typedef struct around {
    uint16_t region;
    int64_t segments;
    egi_ids args, rows;
} around;

static egi_id or_zeros(egi_grad *x, egi_id v, egi_id like) { return v ? v : egi_zeros(x->to, egi_spec(x->from, like)); }

static void open_around(egi_grad *x, egi_steps *s, around *a)
{
    const egi_ids *params = &egi_grad_region(x, s->body)->params;
    for (int64_t k = 0; k < s->nc; k++) {
        if (!egi_grad_carries(x, s, k)) continue;
        push(x, &a->args, or_zeros(x, s->carried.at[k], params->at[1 + k]));
        s->carried.at[k] = egi_grad_param(x, a->region, egi_spec(x->from, params->at[1 + k]));
    }
    for (int64_t k = 0; k < s->outer.n; k++) {
        egi_id id = s->outer.at[k];
        push(x, &a->args, or_zeros(x, x->adjoint[id], id));
        x->adjoint[id] = egi_grad_param(x, a->region, egi_spec(x->from, id));
    }
}

static void close_around(egi_grad *x, egi_steps *s, around *a, int64_t every)
{
    egi_graph *g = x->to;
    const egi_ids *params = &egi_grad_region(x, s->body)->params;
    int64_t nc = 0, at = 0;
    for (int64_t k = 0; k < s->nc; k++) {
        if (!egi_grad_carries(x, s, k)) continue;
        push(x, &g->regions.at[a->region].results, or_zeros(x, s->carried.at[k], params->at[1 + k]));
        nc++;
    }
    for (int64_t k = 0; k < s->outer.n; k++, nc++)
        push(x, &g->regions.at[a->region].results, or_zeros(x, x->adjoint[s->outer.at[k]], s->outer.at[k]));
    for (int64_t k = 0; k < s->ns; k++) {
        /* The rows of a segment are one row here, flat, since there may be no rank left. */
        egi_id v = a->rows.at[k];
        egi_shape flat = {.rank = 1, .dim = {v ? egi_count(g, v) : 0}};
        if (v) push(x, &g->regions.at[a->region].results, egi_reshape(g, v, &flat));
    }
    egi_id loop = egi_grad_failed(x) ? 0 : egi_grad_close_loop(x, a->region, &a->args, nc, 0);
    if (!loop) return;
    for (int64_t k = 0; k < s->nc; k++) {
        if (egi_grad_carries(x, s, k))
            s->carried.at[k] = egi_item(g, loop, (uint32_t)at++, egi_spec(x->from, params->at[1 + k]));
    }
    for (int64_t k = 0; k < s->outer.n; k++)
        x->adjoint[s->outer.at[k]] = egi_item(g, loop, (uint32_t)at++, egi_spec(x->from, s->outer.at[k]));
    for (int64_t k = 0; k < s->ns; k++) {
        if (!a->rows.at[k]) continue;
        egi_shape all = *egi_shape_of(g, a->rows.at[k]);
        egi_id v = egi_grad_stacked(x, loop, at, g->regions.at[a->region].results.at[at], a->segments);
        at++;
        all.dim[0] = a->segments * every;
        a->rows.at[k] = egi_reshape(g, egi_flipped(g, v, 0), &all);
    }
}

void egi_grad_segments(egi_grad *x, egi_steps *s, int64_t every)
{
    egi_graph *g = x->to;
    around a = {.segments = (s->n - 1) / every};
    egi_ids last = {0};
    uint16_t here = g->region;
    egi_id done = egi_const_i(g, EG_I64, a.segments);
    segment(x, s, done, egi_const_i(g, EG_I64, a.segments * every), s->n - a.segments * every, &last);
    push(x, &a.args, done);
    if (!egi_grad_failed(x) && (a.region = egi_region_open(g, false))) {
        egi_id j = egi_grad_param(x, a.region, eg_scalar(EG_I64));
        j = egi_op2(g, EGI_SUB, egi_const_i(g, EG_I64, a.segments - 1), j);
        open_around(x, s, &a);
        if (!egi_grad_failed(x))
            segment(x, s, j, egi_op2(g, EGI_MUL, j, egi_const_i(g, EG_I64, every)), every, &a.rows);
        g->region = a.region;
        if (!egi_grad_failed(x)) close_around(x, s, &a, every);
    }
    g->region = here;
    for (int64_t k = 0; k < s->ns && !egi_grad_failed(x); k++) {
        egi_id both[] = {a.rows.at[k], last.at[k]};
        push(x, &s->rows_adjoint, both[0] ? egi_concat(g, 2, both, 0) : 0);
    }
    egi_vec_free(&g->eg->allocator, &a.args);
    egi_vec_free(&g->eg->allocator, &a.rows);
    egi_vec_free(&g->eg->allocator, &last);
}
