/* The primal of a gradient, and the values of a region made again where it is swept. */
#include "core/context.h"
#include "opt/grad.h"

typedef enum leaf { PLAIN, IMPURE, COSTLY } leaf;

/* A read of a part of what a loop changes: storing the part spares storing the whole (delay lines). */
static bool reads_part(const egi_grad *x, egi_id id)
{
    const egi_graph *g = x->from;
    egi_id whole = egi_arg(g, id, 0);
    return egi_at(g, whole)->region && egi_count(g, id) < egi_count(g, whole);
}

/* Is the node stored instead of being made again, and why? */
static leaf leaf_of(const egi_grad *x, egi_id id)
{
    const egi_graph *g = x->from;
    const egi_node *n = egi_at(g, id), *owner;
    if (!n->region) return PLAIN;
    switch ((int)n->op) {
    case EGI_BITS: return IMPURE;
    case EGI_ITEM:
        owner = egi_at(g, egi_arg(g, id, 0));
        if (owner->op == EGI_HOST || owner->op == EGI_WHILE) return IMPURE;
        if (x->differs[egi_arg(g, id, 0)]) return PLAIN;
        return x->impure[egi_arg(g, id, 0)] ? IMPURE : COSTLY;
    case EGI_DOT:
    case EGI_EVENT:
    case EGI_EVENT_T:
    case EGI_SORT:
    case EGI_ARGSORT:
    case EGI_CUMSUM: return COSTLY;
    case EGI_DSLICE:
    case EGI_GATHER: return reads_part(x, id) ? COSTLY : PLAIN;
    default: return egi_flags((egi_op)n->op) & FR ? COSTLY : PLAIN;
    }
}

static bool among(leaf l, bool impure, bool costly) { return (l == IMPURE && impure) || (l == COSTLY && costly); }

bool egi_grad_leaves(egi_grad *x, uint16_t r, bool impure, bool costly, egi_ids *out)
{
    const egi_graph *g = x->from;
    for (uint32_t k = x->first[r]; k < x->first[r + 1]; k++) {
        egi_id id = x->order[k];
        const egi_node *n = egi_at(g, id);
        if (among(leaf_of(x, id), impure, costly) && !egi_push(&g->eg->allocator, out, id)) {
            egi_no_memory(g->eg);
            return false;
        }
        if ((n->op != EGI_LOOP && n->op != EGI_COND) || !x->differs[id]) continue;
        for (int a = 0; a < (n->op == EGI_LOOP ? 1 : 2); a++) {
            if (!egi_grad_leaves(x, (uint16_t)egi_ints_of(g, n)[a], impure, costly, out)) return false;
        }
    }
    return true;
}

/* -- loops ------------------------------------------------------------------------------------------------------ */

static bool push(egi_grad *x, egi_ids *list, egi_id id)
{
    if (id && egi_push(&x->to->eg->allocator, list, id)) return true;
    x->to->failed |= id != 0;
    return false;
}

egi_id egi_grad_param(egi_grad *x, int64_t region, eg_spec spec)
{
    egi_graph *g = x->to;
    egi_ids *list = &g->regions.at[region].params;
    egi_shape s = {.rank = spec.rank};
    memcpy(s.dim, spec.dim, (size_t)spec.rank * sizeof *s.dim);
    egi_id id = egi_node_make(g, &(egi_make){.op = EGI_PARAM,
                                             .dtype = spec.dtype,
                                             .shape = egi_shape_intern(g, &s),
                                             .attr = egi_ints(g, 1, &region),
                                             .imm = (uint64_t)list->n});
    return push(x, list, id) ? id : 0;
}

/* A row of a sequence; what is stacked has no higher rank than there is, so the rows of the highest are flat. */
egi_id egi_grad_row_param(egi_grad *x, int64_t region, egi_id sequence, eg_spec like)
{
    if (!sequence) return 0;
    eg_spec s = egi_spec(x->to, sequence);
    memmove(s.dim, s.dim + 1, (size_t)(--s.rank) * sizeof *s.dim);
    egi_shape shape = {.rank = like.rank};
    memcpy(shape.dim, like.dim, (size_t)like.rank * sizeof *shape.dim);
    return egi_reshape(x->to, egi_grad_param(x, region, s), &shape);
}

/* A leaf is stacked by every loop between it and region r. */
eg_spec egi_grad_stored(const egi_grad *x, egi_id l, uint16_t r)
{
    const egi_graph *g = x->from;
    eg_spec s = egi_spec(g, l);
    for (uint16_t at = egi_at(g, l)->region; at != r; at = egi_grad_region(x, at)->parent) {
        egi_id owner = egi_grad_region(x, at)->owner;
        if (egi_at(g, owner)->op != EGI_LOOP) continue;
        if (s.rank == EG_MAX_RANK) s = eg_vector(s.dtype, egi_spec_count(s));
        memmove(s.dim + 1, s.dim, (size_t)s.rank++ * sizeof *s.dim);
        s.dim[0] = (int64_t)egi_at(g, egi_arg(g, owner, 0))->imm;
    }
    return s;
}

egi_id egi_grad_row(egi_grad *x, egi_id v)
{
    if (!v || egi_shape_of(x->to, v)->rank < EG_MAX_RANK) return v;
    egi_shape flat = {.rank = 1, .dim = {egi_count(x->to, v)}};
    return egi_reshape(x->to, v, &flat);
}

egi_id egi_grad_stacked(egi_grad *x, egi_id loop, int64_t k, egi_id row, int64_t n)
{
    if (!loop || !row) return 0;
    eg_spec s = egi_spec(x->to, row);
    memmove(s.dim + 1, s.dim, (size_t)s.rank++ * sizeof *s.dim);
    s.dim[0] = n;
    return egi_item(x->to, loop, (uint32_t)k, s);
}

static egi_id make_owner(egi_grad *x, egi_op op, const egi_ids *args, int n, const int64_t *attr)
{
    egi_graph *g = x->to;
    egi_id id = egi_grad_failed(x) ? 0
                                   : egi_node_make(g, &(egi_make){.op = op,
                                                                  .dtype = EG_DTYPE_COUNT,
                                                                  .num_args = (uint32_t)args->n,
                                                                  .args = args->at,
                                                                  .attr = egi_ints(g, n, attr)});
    for (int k = 0; k < (op == EGI_LOOP ? 1 : 2); k++) g->regions.at[attr[k]].owner = id;
    return id;
}

egi_id egi_grad_close_loop(egi_grad *x, uint16_t region, const egi_ids *args, int64_t nc, int64_t ns)
{
    egi_graph *g = x->to;
    int64_t attr[] = {region, nc, ns, g->regions.at[region].results.n - nc};
    egi_region_close(g, region);
    return make_owner(x, EGI_LOOP, args, 4, attr);
}

typedef struct loop_clone {
    uint16_t body, region;
    int64_t n, nc, ns, ny;
    unsigned flags;
    egi_ids args, record, replay, rows;
} loop_clone;

static void loop_params(egi_grad *x, egi_id id, loop_clone *c)
{
    const egi_graph *g = x->from;
    const egi_ids *params = &egi_grad_region(x, c->body)->params;
    push(x, &c->args, egi_value_of(x, id, 0));
    for (int64_t k = 0; k < params->n; k++) {
        x->map[params->at[k]] = egi_grad_param(x, c->region, egi_spec(g, params->at[k]));
        if (k) push(x, &c->args, egi_value_of(x, id, (uint32_t)k));
    }
    for (int64_t k = 0; k < c->replay.n; k++) {
        egi_id l = c->replay.at[k], all = x->saved[l];
        push(x, &c->args, all);
        push(x, &c->rows, all);
        x->saved[l] = egi_grad_row_param(x, c->region, all, egi_grad_stored(x, l, c->body));
    }
}

static void loop_results(egi_grad *x, loop_clone *c)
{
    const egi_region *body = egi_grad_region(x, c->body);
    egi_graph *to = x->to;
    for (int64_t k = 0; k < body->results.n; k++)
        push(x, &to->regions.at[c->region].results, x->map[body->results.at[k]]);
    for (int64_t k = 0; k < c->nc && c->flags & EGI_STACK; k++) {
        egi_id row = egi_grad_row(x, x->map[body->params.at[1 + k]]);
        push(x, &to->regions.at[c->region].results, row);
    }
    for (int64_t k = 0; k < c->record.n; k++) {
        egi_id row = egi_grad_row(x, x->saved[c->record.at[k]]);
        push(x, &to->regions.at[c->region].results, row);
    }
}

static void loop_items(egi_grad *x, const loop_clone *c, egi_id loop)
{
    const egi_region *body = egi_grad_region(x, c->body);
    const egi_ids *results = &x->to->regions.at[c->region].results;
    int64_t at = c->nc + c->ny;
    for (int64_t k = 0; k < c->nc && c->flags & EGI_STACK; k++, at++)
        x->start[body->params.at[1 + k]] = egi_grad_stacked(x, loop, at, results->at[at], c->n);
    for (int64_t k = 0; k < c->record.n; k++, at++)
        x->saved[c->record.at[k]] = egi_grad_stacked(x, loop, at, results->at[at], c->n);
    for (int64_t k = 0; k < c->replay.n; k++) x->saved[c->replay.at[k]] = c->rows.at[k];
}

static egi_id clone_loop(egi_grad *x, egi_id id, unsigned flags)
{
    const egi_graph *g = x->from;
    const egi_node *n = egi_at(g, id);
    const int64_t *at = egi_ints_of(g, n);
    const egi_node *length = egi_at(g, egi_arg(g, id, 0));
    loop_clone c = {.body = (uint16_t)at[0], .nc = at[1], .ns = at[2], .ny = at[3], .n = (int64_t)length->imm};
    c.flags = x->differs[id] ? flags : 0;
    if (x->differs[id] && length->op != EGI_CONST) {
        egi_grad_wrong(x, id, EG_ERR_TYPE,
                       "the number of steps of this loop is known only when it runs, so there is no room to store what "
                       "its gradient needs; give eg_loop a plain number (at most that many steps, and eg_where)");
        return 0;
    }
    egi_grad_leaves(x, c.body, flags & c.flags & EGI_RECORD_IMPURE, c.flags & EGI_RECORD_COSTLY, &c.record);
    egi_grad_leaves(x, c.body, c.flags & EGI_REPLAY_IMPURE, c.flags & EGI_REPLAY_COSTLY, &c.replay);
    uint16_t here = x->to->region;
    egi_id loop = 0;
    if ((c.region = egi_region_open(x->to, false))) {
        loop_params(x, id, &c);
        egi_grad_clone(x, c.body, c.flags & ~(unsigned)EGI_STACK);
        x->to->region = c.region;
        if (!egi_grad_failed(x)) {
            loop_results(x, &c);
            loop = egi_grad_close_loop(x, c.region, &c.args, c.nc, c.ns + c.replay.n);
        }
        if (loop) loop_items(x, &c, loop);
    }
    x->to->region = here;
    egi_ids *lists[] = {&c.args, &c.record, &c.replay, &c.rows};
    for (size_t k = 0; k < EGI_LEN(lists); k++) egi_vec_free(&g->eg->allocator, lists[k]);
    return loop;
}

/* -- whiles and conds ---------------------------------------------------------------------------------------------- */

static egi_id clone_while(egi_grad *x, egi_id id)
{
    const egi_graph *g = x->from;
    const egi_node *n = egi_at(g, id);
    int64_t attr[2];
    egi_ids args = {0};
    uint16_t here = x->to->region;
    for (uint32_t k = 0; k < n->num_args; k++) push(x, &args, egi_value_of(x, id, k));
    for (int a = 0; a < 2; a++) {
        uint16_t r = (uint16_t)egi_ints_of(g, n)[a], to = egi_region_open(x->to, false);
        attr[a] = to;
        if (!to) break;
        const egi_region *old = egi_grad_region(x, r);
        for (int64_t k = 0; k < old->params.n; k++)
            x->map[old->params.at[k]] = egi_grad_param(x, to, egi_spec(g, old->params.at[k]));
        egi_grad_clone(x, r, 0);
        for (int64_t k = 0; k < old->results.n; k++)
            push(x, &x->to->regions.at[to].results, x->map[old->results.at[k]]);
        egi_region_close(x->to, to);
        x->to->region = here;
    }
    egi_id made = egi_grad_failed(x) ? 0 : make_owner(x, EGI_WHILE, &args, 2, attr);
    egi_vec_free(&g->eg->allocator, &args);
    return made;
}

/* Leaves of either arm become results of both; the other gives zeros. */
static void cond_records(egi_grad *x, const int64_t *region, const egi_ids *leaves)
{
    for (int a = 0; a < 2; a++) {
        for (int64_t k = 0; k < leaves[a].n; k++) {
            egi_id v = x->saved[leaves[a].at[k]];
            if (!v) return;
            push(x, &x->to->regions.at[region[a]].results, v);
            push(x, &x->to->regions.at[region[1 - a]].results, egi_zeros(x->to, egi_spec(x->to, v)));
        }
    }
}

egi_id egi_grad_close_cond(egi_grad *x, egi_id predicate, const int64_t *region)
{
    egi_ids args = {.at = &predicate, .n = 1};
    for (int a = 0; a < 2; a++) x->to->regions.at[region[a]].open = false;
    return predicate ? make_owner(x, EGI_COND, &args, 2, region) : 0;
}

static egi_id clone_cond(egi_grad *x, egi_id id, unsigned flags)
{
    const egi_graph *g = x->from;
    const int64_t *arm = egi_ints_of(g, egi_at(g, id));
    const unsigned inner = x->differs[id] ? flags & ~(unsigned)EGI_STACK : 0;
    uint16_t here = x->to->region;
    int64_t region[2] = {0, 0};
    egi_ids leaves[2] = {{0}, {0}};
    for (int a = 0; a < 2 && !egi_grad_failed(x); a++) {
        region[a] = egi_region_open(x->to, true);
        if (!region[a]) break;
        egi_grad_clone(x, (uint16_t)arm[a], inner);
        const egi_ids *results = &egi_grad_region(x, arm[a])->results;
        for (int64_t k = 0; k < results->n; k++) push(x, &x->to->regions.at[region[a]].results, x->map[results->at[k]]);
        egi_grad_leaves(x, (uint16_t)arm[a], inner & EGI_RECORD_IMPURE, inner & EGI_RECORD_COSTLY, &leaves[a]);
        x->to->region = here;
    }
    int64_t at = egi_grad_region(x, arm[0])->results.n;
    egi_id made = 0;
    if (!egi_grad_failed(x)) {
        cond_records(x, region, leaves);
        made = egi_grad_close_cond(x, egi_value_of(x, id, 0), region);
    }
    for (int a = 0; a < 2; a++) {
        for (int64_t k = 0; made && k < leaves[a].n; k++, at++) {
            egi_id *v = &x->saved[leaves[a].at[k]];
            *v = egi_item(x->to, made, (uint32_t)at, egi_spec(x->to, *v));
        }
        egi_vec_free(&g->eg->allocator, &leaves[a]);
    }
    return made;
}

/* -- nodes -------------------------------------------------------------------------------------------------------- */

/* What only happens once: in the primal. */
static bool left_out(const egi_grad *x, egi_id id)
{
    egi_op op = (egi_op)egi_at(x->from, id)->op;
    bool owner = op == EGI_LOOP || op == EGI_COND;
    return op == EGI_HOST || op == EGI_WHILE || (owner && !x->differs[id] && x->impure[id]);
}

static egi_id clone_node(egi_grad *x, egi_id id, unsigned flags)
{
    const egi_graph *g = x->from;
    const egi_node *n = egi_at(g, id);
    leaf l = leaf_of(x, id);
    if (among(l, flags & EGI_REPLAY_IMPURE, flags & EGI_REPLAY_COSTLY)) return x->saved[id];
    egi_id made;
    switch ((int)n->op) {
    case EGI_ITEM: made = egi_item(x->to, egi_value_of(x, id, 0), (uint32_t)n->imm, egi_spec(g, id)); break;
    case EGI_LOOP: return clone_loop(x, id, flags);
    case EGI_WHILE: return clone_while(x, id);
    case EGI_COND: return clone_cond(x, id, flags);
    default: made = egi_copy_plain(x->to, g, id, x->map); break;
    }
    if (l != PLAIN) x->saved[id] = made;
    return made;
}

void egi_grad_clone(egi_grad *x, uint16_t r, unsigned flags)
{
    const egi_graph *g = x->from;
    uint16_t here = x->to->region;
    for (uint32_t k = x->first[r]; k < x->first[r + 1] && !egi_grad_failed(x); k++) {
        egi_id id = x->order[k];
        if (egi_at(g, id)->op == EGI_PARAM) continue;
        if (flags & EGI_REPLAY_IMPURE && left_out(x, id)) continue;
        x->to->loc = egi_copy_loc(x->to, g, egi_at(g, id)->loc, x->loc);
        x->to->region = here;
        x->map[id] = clone_node(x, id, flags);
        if (!x->map[id] && !egi_grad_failed(x)) x->to->failed = true;
    }
    x->to->region = here;
}
