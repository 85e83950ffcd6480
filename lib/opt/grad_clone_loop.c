/* Loops of the primal, and loops made again where they are swept. */
#include "core/context.h"
#include "opt/grad_loop.h"

static bool push(egi_grad *x, egi_ids *list, egi_id id)
{
    if (id && egi_push(&x->to->eg->allocator, list, id)) return true;
    x->to->failed |= id != 0;
    return false;
}

egi_id egi_grad_param(egi_grad *x, int64_t region, eg_spec spec)
{
    egi_ids *list = &x->to->regions.at[region].params;
    egi_id id = egi_param_make(x->to, (uint16_t)region, (uint64_t)list->n, spec);
    return push(x, list, id) ? id : 0;
}

egi_id egi_grad_stacked(egi_grad *x, egi_id loop, int64_t k, egi_id row, int64_t n)
{
    if (!loop || !row) return 0;
    eg_spec s = egi_spec(x->to, row);
    memmove(s.dim + 1, s.dim, (size_t)s.rank++ * sizeof *s.dim);
    s.dim[0] = n;
    return egi_item(x->to, loop, (uint32_t)k, s);
}

egi_id egi_grad_owner(egi_grad *x, egi_op op, const egi_ids *args, int n, const int64_t *attr)
{
    return egi_grad_failed(x) ? 0 : egi_owner_make(x->to, op, args, n, attr);
}

egi_id egi_grad_close_loop(egi_grad *x, uint16_t region, const egi_ids *args, int64_t nc, int64_t ns)
{
    egi_graph *g = x->to;
    int64_t attr[] = {region, nc, ns, g->regions.at[region].results.n - nc};
    egi_region_close(g, region);
    return egi_grad_owner(x, EGI_LOOP, args, 4, attr);
}

/* -- a loop of the values of a body ------------------------------------------------------------------------------- */

typedef struct clone {
    uint16_t region;
    egi_ids args, record, replay, rows;
    int64_t more; /* carried besides: what checkpoints have been written */
} clone;

static void params_of(egi_grad *x, const egi_steps *s, clone *c)
{
    const egi_graph *g = x->from;
    const egi_ids *params = &egi_grad_region(x, s->body)->params;
    push(x, &c->args, egi_const_i(x->to, EG_I64, s->n));
    if (s->length) c->args.at[0] = s->length;
    egi_id i = egi_grad_param(x, c->region, eg_scalar(EG_I64));
    x->map[params->at[0]] = s->first ? egi_op2(x->to, EGI_ADD, s->first, i) : i;
    for (int64_t k = 0; k < s->nc; k++) {
        push(x, &c->args, s->carried.at[k]);
        x->map[params->at[1 + k]] = egi_grad_param(x, c->region, egi_spec(g, params->at[1 + k]));
    }
}

static void rows_of(egi_grad *x, const egi_steps *s, clone *c)
{
    const egi_graph *g = x->from;
    const egi_ids *params = &egi_grad_region(x, s->body)->params;
    for (int64_t k = 0; k < s->ns; k++) {
        egi_id p = params->at[1 + s->nc + k];
        push(x, &c->args, s->rows.at[k]);
        x->map[p] = egi_grad_param(x, c->region, egi_spec(g, p));
    }
    for (int64_t k = 0; k < c->replay.n; k++) {
        egi_id l = c->replay.at[k], all = x->saved[l];
        push(x, &c->args, all);
        push(x, &c->rows, all);
        x->saved[l] = egi_grad_row_param(x, c->region, all, egi_grad_stored(x, l, s->body));
    }
}

/* Every `every`-th step's carried values, as carried buffers of rows: step i writes row (i + every - 1) / every, so
 * that the last who writes row r is step r every, and the values are those that it starts from. */
static void checkpoints(egi_grad *x, const egi_steps *s, clone *c, egi_ids *next)
{
    egi_graph *g = x->to;
    const egi_ids *params = &egi_grad_region(x, s->body)->params;
    const uint32_t loc = g->loc;
    g->loc = egi_loc_intern(g, g->locs.at[loc].file, g->locs.at[loc].line, "checkpoints");
    egi_id i = egi_op2(g, EGI_ADD, x->map[params->at[0]], egi_const_i(g, EG_I64, s->every - 1));
    egi_id at[EG_MAX_RANK] = {egi_op2(g, EGI_DIV, i, egi_const_i(g, EG_I64, s->every))};
    for (int k = 1; k < EG_MAX_RANK; k++) at[k] = egi_const_i(g, EG_I64, 0);
    for (int64_t k = 0; k < s->nc && !egi_grad_failed(x); k++, c->more++) {
        egi_id row = egi_grad_carried_row(x, s, k);
        eg_spec all = egi_spec(g, row);
        egi_shape one = {.rank = all.rank + 1, .dim = {1}};
        memcpy(one.dim + 1, all.dim, (size_t)all.rank * sizeof *all.dim);
        memmove(all.dim + 1, all.dim, (size_t)all.rank++ * sizeof *all.dim);
        all.dim[0] = (s->n + s->every - 1) / s->every + 1;
        push(x, &c->args, egi_zeros(g, all));
        egi_id buffer = egi_grad_param(x, c->region, all);
        push(x, next, egi_update(g, buffer, egi_reshape(g, row, &one), at));
    }
    g->loc = loc;
}

static void results_of(egi_grad *x, const egi_steps *s, clone *c, const egi_ids *next)
{
    const egi_region *body = egi_grad_region(x, s->body);
    egi_graph *to = x->to;
    for (int64_t k = 0; k < s->nc; k++) push(x, &to->regions.at[c->region].results, x->map[body->results.at[k]]);
    for (int64_t k = 0; k < next->n; k++) push(x, &to->regions.at[c->region].results, next->at[k]);
    for (int64_t k = 0; k < s->ny; k++)
        push(x, &to->regions.at[c->region].results, x->map[body->results.at[s->nc + k]]);
    for (int64_t k = 0; k < s->nc && s->flags & EGI_STACK; k++) {
        egi_id row = egi_grad_carried_row(x, s, k);
        push(x, &to->regions.at[c->region].results, row);
    }
    for (int64_t k = 0; k < c->record.n; k++) {
        egi_id row = egi_grad_row(x, x->saved[c->record.at[k]]);
        push(x, &to->regions.at[c->region].results, row);
    }
}

static void items_of(egi_grad *x, const egi_steps *s, const clone *c, egi_id loop)
{
    const egi_ids *params = &egi_grad_region(x, s->body)->params;
    const egi_ids *results = &x->to->regions.at[c->region].results;
    int64_t at = s->nc;
    for (int64_t k = 0; k < c->more; k++, at++)
        x->start[params->at[1 + k]] = egi_item(x->to, loop, (uint32_t)at, egi_spec(x->to, results->at[at]));
    at += s->ny;
    for (int64_t k = 0; k < s->nc && s->flags & EGI_STACK; k++, at++)
        x->start[params->at[1 + k]] = egi_grad_stacked(x, loop, at, results->at[at], s->n);
    for (int64_t k = 0; k < c->record.n; k++, at++)
        x->saved[c->record.at[k]] = egi_grad_stacked(x, loop, at, results->at[at], s->n);
    for (int64_t k = 0; k < c->replay.n; k++) x->saved[c->replay.at[k]] = c->rows.at[k];
}

egi_id egi_grad_forward(egi_grad *x, egi_steps *s)
{
    clone c = {0};
    egi_ids next = {0};
    egi_id loop = 0;
    uint16_t here = x->to->region;
    egi_grad_leaves(x, s->body, s->flags & EGI_RECORD_IMPURE, s->flags & EGI_RECORD_COSTLY, &c.record);
    egi_grad_leaves(x, s->body, s->flags & EGI_REPLAY_IMPURE, s->flags & EGI_REPLAY_COSTLY, &c.replay);
    if (!egi_grad_failed(x) && (c.region = egi_region_open(x->to, false))) {
        params_of(x, s, &c);
        if (s->every) checkpoints(x, s, &c, &next);
        rows_of(x, s, &c);
        egi_grad_clone(x, s->body, s->flags & ~(unsigned)EGI_STACK);
        x->to->region = c.region;
        if (!egi_grad_failed(x)) {
            results_of(x, s, &c, &next);
            loop = egi_grad_close_loop(x, c.region, &c.args, s->nc + c.more, s->ns + c.replay.n);
        }
        if (loop) items_of(x, s, &c, loop);
        x->more[s->loop] = (uint32_t)c.more;
    }
    x->to->region = here;
    egi_ids *lists[] = {&c.args, &c.record, &c.replay, &c.rows, &next};
    for (size_t k = 0; k < EGI_LEN(lists); k++) egi_vec_free(&x->from->eg->allocator, lists[k]);
    return loop;
}

/* -- the loop of a node -------------------------------------------------------------------------------------------- */

int64_t egi_grad_interval(const egi_grad *x, egi_id id)
{
    const egi_graph *g = x->from;
    int64_t n = (int64_t)egi_at(g, egi_arg(g, id, 0))->imm, every = x->every;
    if (x->policy == EG_CHECKPOINT_ALL || !x->differs[id] || egi_at(g, id)->region) return 0;
    for (every = x->policy == EG_CHECKPOINT_SQRT ? 1 : every; x->policy == EG_CHECKPOINT_SQRT && every * every < n;)
        every++;
    return every < n ? every : 0;
}

egi_steps egi_grad_steps(const egi_grad *x, egi_id id)
{
    const egi_graph *g = x->from;
    const int64_t *at = egi_ints_of(g, egi_at(g, id));
    egi_steps s = {.loop = id, .body = (uint16_t)at[0], .nc = at[1], .ns = at[2], .ny = at[3]};
    s.n = (int64_t)egi_at(g, egi_arg(g, id, 0))->imm;
    return s;
}

void egi_grad_steps_free(const egi_grad *x, egi_steps *s)
{
    egi_ids *lists[] = {&s->start, &s->rows,    &s->leaf_values,  &s->y,   &s->leaves,
                        &s->outer, &s->carried, &s->rows_adjoint, &s->init};
    for (size_t k = 0; k < EGI_LEN(lists); k++) egi_vec_free(&x->from->eg->allocator, lists[k]);
}

egi_id egi_grad_clone_loop(egi_grad *x, egi_id id, unsigned flags)
{
    egi_steps s = egi_grad_steps(x, id);
    if (egi_at(x->from, egi_arg(x->from, id, 0))->op != EGI_CONST) {
        s.length = egi_value_of(x, id, 0);
        s.n = 0;
    }
    if (x->differs[id] && s.length) {
        egi_grad_wrong(x, id, EG_ERR_TYPE,
                       "the number of steps of this loop is known only when it runs, so there is no room to store what "
                       "its gradient needs; give eg_loop a plain number (at most that many steps, and eg_where), or "
                       "use eg_stop_gradient or "
                       "eg_custom_gradient");
        return 0;
    }
    s.flags = x->differs[id] ? flags : 0;
    if (flags & EGI_RECORD_IMPURE && (s.every = egi_grad_interval(x, id)))
        s.flags &= ~(unsigned)(EGI_STACK | EGI_RECORD_COSTLY);
    for (int64_t k = 0; k < s.nc; k++) push(x, &s.carried, egi_value_of(x, id, (uint32_t)(1 + k)));
    for (int64_t k = 0; k < s.ns; k++) push(x, &s.rows, egi_value_of(x, id, (uint32_t)(1 + s.nc + k)));
    egi_id loop = egi_grad_failed(x) ? 0 : egi_grad_forward(x, &s);
    egi_grad_steps_free(x, &s);
    return loop;
}
