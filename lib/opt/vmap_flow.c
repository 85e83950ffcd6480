/* Regions and calls out, for all copies.
 *
 * A loop of a fixed number of steps stays a loop.  Where the number differs, all steps of the longest run, and a copy
 * that has finished keeps its values; so does one that leaves a while before others.  A cond whose predicate differs
 * becomes both of its arms, and a choice between what they give. */
#include "opt/vmap.h"

#include "core/context.h"

static bool push(egi_vmap *x, egi_ids *list, egi_id id)
{
    if (id && egi_push(&x->to->eg->allocator, list, id)) return true;
    x->to->failed = true;
    return false;
}

static egi_shape shape_of(eg_spec s)
{
    egi_shape out = {.rank = s.rank};
    memcpy(out.dim, s.dim, (size_t)s.rank * sizeof *s.dim);
    return out;
}

static egi_id param(egi_vmap *x, uint16_t region, eg_spec s)
{
    egi_graph *g = x->to;
    int64_t at = region;
    egi_shape shape = shape_of(s);
    egi_id id = egi_node_make(g, &(egi_make){.op = EGI_PARAM,
                                             .dtype = s.dtype,
                                             .shape = egi_shape_intern(g, &shape),
                                             .attr = egi_ints(g, 1, &at),
                                             .imm = (uint64_t)g->regions.at[region].params.n});
    push(x, &g->regions.at[region].params, id);
    return id;
}

/* Exchanges the first two axes: rows of a sequence come before copies, and behind them outside. */
static egi_id swapped(egi_vmap *x, egi_id v)
{
    int64_t perm[EG_MAX_RANK] = {1, 0, 2, 3, 4, 5};
    if (!v) return 0;
    if (egi_shape_of(x->to, v)->rank < 2) {
        x->to->failed = true;
        return 0;
    }
    return egi_transpose(x->to, v, perm);
}

static egi_id *room_for_items(egi_vmap *x, egi_id id, int64_t n)
{
    x->items[id] = egi_arena_alloc(&x->to->arena, (size_t)(n + 1) * sizeof **x->items);
    if (!x->items[id]) x->to->failed = true;
    return x->items[id];
}

/* c, one bool a copy: yes where it is true. */
static egi_id choose(egi_vmap *x, egi_id c, egi_id like, egi_id yes, egi_id no)
{
    return egi_op3(x->to, EGI_SELECT, egi_vmap_spread(x, c, like), yes, no);
}

static egi_id close_loop(egi_vmap *x, uint16_t region, const egi_ids *args, int64_t nc, int64_t ns)
{
    egi_graph *g = x->to;
    egi_region_close(g, region);
    if (egi_vmap_failed(x)) return 0;
    int64_t attr[] = {region, nc, ns, g->regions.at[region].results.n - nc};
    egi_id made = egi_node_make(g, &(egi_make){.op = EGI_LOOP,
                                               .dtype = EG_DTYPE_COUNT,
                                               .num_args = (uint32_t)args->n,
                                               .args = args->at,
                                               .attr = egi_ints(g, 4, attr)});
    g->regions.at[region].owner = made;
    if (!made) g->failed = true;
    return made;
}

/* -- loops --------------------------------------------------------------------------------------------------------- */

typedef struct steps {
    const egi_region *body;
    int64_t region, nc, ns, ny;
    egi_id length; /* [num]: steps of each copy; 0: the same */
    egi_id i;
} steps;

static void open_loop(egi_vmap *x, egi_id id, steps *s, uint16_t region, egi_ids *args)
{
    egi_graph *g = x->to;
    const egi_id n = egi_arg(x->from, id, 0);
    push(x, args, s->length ? egi_reduce(g, EGI_RMAX, s->length, 1, (const int64_t[]){0}) : egi_vmap_one(x, n));
    s->i = param(x, region, eg_scalar(EG_I64));
    x->map[s->body->params.at[0]] = s->i;
    for (int64_t k = 1; k <= s->nc + s->ns; k++) {
        egi_id p = s->body->params.at[k], a = egi_arg(x->from, id, (uint32_t)k);
        egi_id v = egi_vmap_as(x, a, x->many[p]);
        push(x, args, k > s->nc && x->many[p] ? swapped(x, v) : v);
        x->map[p] = param(x, region, egi_vmap_spec(x, p));
    }
}

static void close_steps(egi_vmap *x, steps *s, uint16_t region)
{
    egi_graph *g = x->to;
    egi_id goes_on = s->length ? egi_op2(g, EGI_LT, s->i, s->length) : 0;
    for (int64_t k = 0; k < s->nc; k++) {
        egi_id p = s->body->params.at[k + 1], v = egi_vmap_as(x, s->body->results.at[k], x->many[p]);
        if (goes_on) v = choose(x, goes_on, p, v, x->map[p]);
        push(x, &g->regions.at[region].results, v);
    }
    for (int64_t k = s->nc; k < s->nc + s->ny; k++)
        push(x, &g->regions.at[region].results, egi_vmap_one(x, s->body->results.at[k]));
}

static void loop(egi_vmap *x, egi_id id)
{
    const egi_graph *from = x->from;
    const int64_t *at = egi_ints_of(from, egi_at(from, id));
    steps s = {.body = egi_vmap_region_of(x, at[0]), .region = at[0], .nc = at[1], .ns = at[2], .ny = at[3]};
    const egi_id n = egi_arg(from, id, 0);
    egi_ids args = {0};
    egi_id *items = room_for_items(x, id, s.nc + s.ny);
    if (x->many[n]) s.length = egi_vmap_one(x, n);
    uint16_t region = items ? egi_region_open(x->to, false) : 0;
    if (!region) return;
    x->masked += s.length != 0;
    open_loop(x, id, &s, region, &args);
    egi_vmap_emit(x, (uint16_t)s.region);
    if (!egi_vmap_failed(x)) close_steps(x, &s, region);
    x->masked -= s.length != 0;
    egi_id made = close_loop(x, region, &args, s.nc, s.ns);
    for (int64_t k = 0; made && k < s.nc + s.ny; k++) {
        egi_id r = k < s.nc ? s.body->params.at[k + 1] : s.body->results.at[k];
        eg_spec spec = egi_vmap_spec(x, r);
        if (k >= s.nc) {
            for (int j = spec.rank; j > 0; j--) spec.dim[j] = spec.dim[j - 1];
            spec.dim[0] = (int64_t)egi_at(from, n)->imm;
            spec.rank++;
        }
        if (spec.rank > EG_MAX_RANK) {
            egi_vmap_wrong(x, id, EG_ERR_SHAPE,
                           "what it stacks has as many axes as there can be, and copies need one more");
            break;
        }
        items[k] = egi_item(x->to, made, (uint32_t)k, spec);
        if (k >= s.nc && x->many[r]) items[k] = swapped(x, items[k]);
    }
    egi_vec_free(&x->to->eg->allocator, &args);
}

/* -- whiles -------------------------------------------------------------------------------------------------------- */

typedef struct turns {
    const egi_region *cond, *body;
    uint16_t cond_at, body_at;
    uint32_t n;
    bool differ; /* some copies go on when others have finished */
} turns;

/* Values of the carried ones in the condition, in the body or both. */
static void set_params(egi_vmap *x, const egi_region *r, const egi_ids *v, int64_t skip)
{
    for (int64_t k = 0; k < r->params.n && k + skip < v->n; k++) x->map[r->params.at[k]] = v->at[k + skip];
}

static void give_params(egi_vmap *x, const turns *t, const egi_region *r, uint16_t region)
{
    if (t->differ) param(x, region, eg_vector(EG_BOOL, x->num));
    for (uint32_t k = 0; k < t->n; k++) param(x, region, egi_vmap_spec(x, r->params.at[k]));
    set_params(x, r, &x->to->regions.at[region].params, t->differ);
}

/* The condition, made where the region being built is. */
static egi_id condition(egi_vmap *x, const turns *t)
{
    egi_vmap_emit(x, t->cond_at);
    return egi_vmap_failed(x) ? 0 : egi_vmap_as(x, t->cond->results.at[0], t->differ);
}

static void cond_region(egi_vmap *x, const turns *t, uint16_t region)
{
    give_params(x, t, t->cond, region);
    egi_id going = t->differ ? x->to->regions.at[region].params.at[0] : 0;
    egi_id go = going ? egi_reduce(x->to, EGI_ANY, going, 1, (const int64_t[]){0}) : condition(x, t);
    push(x, &x->to->regions.at[region].results, go);
    egi_region_close(x->to, region);
}

static void body_region(egi_vmap *x, const turns *t, uint16_t region)
{
    egi_graph *g = x->to;
    give_params(x, t, t->body, region);
    egi_vmap_emit(x, t->body_at);
    egi_id going = t->differ ? g->regions.at[region].params.at[0] : 0;
    egi_ids next = {0};
    for (uint32_t k = 0; k < t->n && !egi_vmap_failed(x); k++) {
        egi_id p = t->body->params.at[k], v = egi_vmap_as(x, t->body->results.at[k], x->many[p]);
        push(x, &next, going ? choose(x, going, p, v, x->map[p]) : v);
    }
    if (going && !egi_vmap_failed(x)) {
        set_params(x, t->cond, &next, 0);
        push(x, &g->regions.at[region].results, egi_op2(g, EGI_AND, going, condition(x, t)));
    }
    for (int64_t k = 0; k < next.n; k++) push(x, &g->regions.at[region].results, next.at[k]);
    egi_vec_free(&g->eg->allocator, &next);
    egi_region_close(g, region);
}

static void while_(egi_vmap *x, egi_id id)
{
    egi_graph *g = x->to;
    const int64_t *at = egi_ints_of(x->from, egi_at(x->from, id));
    turns t = {.cond = egi_vmap_region_of(x, at[0]),
               .body = egi_vmap_region_of(x, at[1]),
               .cond_at = (uint16_t)at[0],
               .body_at = (uint16_t)at[1],
               .n = egi_at(x->from, id)->num_args};
    t.differ = x->many[t.cond->results.at[0]];
    egi_id *items = room_for_items(x, id, t.n);
    egi_ids args = {0};
    for (uint32_t k = 0; items && k < t.n; k++)
        push(x, &args, egi_vmap_as(x, egi_arg(x->from, id, k), x->many[t.body->params.at[k]]));
    x->masked += t.differ;
    if (t.differ && !egi_vmap_failed(x)) {
        set_params(x, t.cond, &args, 0);
        egi_id going = condition(x, &t);
        push(x, &args, going);
        for (int64_t k = args.n - 1; k > 0 && going; k--) args.at[k] = args.at[k - 1];
        if (going) args.at[0] = going;
    }
    int64_t attr[2] = {0};
    if (!egi_vmap_failed(x) && (attr[0] = egi_region_open(g, false))) cond_region(x, &t, (uint16_t)attr[0]);
    if (!egi_vmap_failed(x) && (attr[1] = egi_region_open(g, false))) body_region(x, &t, (uint16_t)attr[1]);
    x->masked -= t.differ;
    egi_id made = egi_vmap_failed(x) ? 0
                                     : egi_node_make(g, &(egi_make){.op = EGI_WHILE,
                                                                    .dtype = EG_DTYPE_COUNT,
                                                                    .num_args = (uint32_t)args.n,
                                                                    .args = args.at,
                                                                    .attr = egi_ints(g, 2, attr)});
    if (made) g->regions.at[attr[0]].owner = g->regions.at[attr[1]].owner = made;
    for (uint32_t k = 0; made && k < t.n; k++)
        items[k] = egi_item(g, made, k + t.differ, egi_vmap_spec(x, t.body->params.at[k]));
    egi_vec_free(&g->eg->allocator, &args);
}

/* -- conds --------------------------------------------------------------------------------------------------------- */

static bool item_differs(const egi_vmap *x, const egi_region *const *arm, int64_t k)
{
    return x->many[arm[0]->results.at[k]] || x->many[arm[1]->results.at[k]];
}

static void both_arms(egi_vmap *x, egi_id id, const egi_region *const *arm, const int64_t *at, egi_id *items)
{
    const egi_id pred = egi_vmap_one(x, egi_arg(x->from, id, 0));
    x->masked++;
    for (int a = 0; a < 2 && !egi_vmap_failed(x); a++) {
        egi_vmap_emit(x, (uint16_t)at[a]);
        for (int64_t k = 0; k < arm[a]->results.n && !egi_vmap_failed(x); k++) {
            egi_id r = arm[a]->results.at[k], v = egi_vmap_all(x, r);
            items[k] = a == 0 ? v : choose(x, pred, r, items[k], v);
        }
    }
    x->masked--;
}

static void cond(egi_vmap *x, egi_id id)
{
    egi_graph *g = x->to;
    const int64_t *at = egi_ints_of(x->from, egi_at(x->from, id));
    const egi_region *arm[] = {egi_vmap_region_of(x, at[0]), egi_vmap_region_of(x, at[1])};
    egi_id *items = room_for_items(x, id, arm[0]->results.n), pred = egi_arg(x->from, id, 0);
    if (!items) return;
    if (x->many[pred]) {
        both_arms(x, id, arm, at, items);
        return;
    }
    int64_t attr[2] = {0};
    for (int a = 0; a < 2; a++) {
        uint16_t region = egi_vmap_failed(x) ? 0 : egi_region_open(g, true);
        if (!region) return;
        egi_vmap_emit(x, (uint16_t)at[a]);
        for (int64_t k = 0; k < arm[a]->results.n && !egi_vmap_failed(x); k++)
            push(x, &g->regions.at[region].results, egi_vmap_as(x, arm[a]->results.at[k], item_differs(x, arm, k)));
        egi_region_close(g, region);
        attr[a] = region;
    }
    egi_id p = egi_vmap_one(x, pred);
    egi_id made = egi_vmap_failed(x) ? 0
                                     : egi_node_make(g, &(egi_make){.op = EGI_COND,
                                                                    .dtype = EG_DTYPE_COUNT,
                                                                    .num_args = 1,
                                                                    .args = &p,
                                                                    .attr = egi_ints(g, 2, attr)});
    if (!made) return;
    g->regions.at[attr[0]].owner = g->regions.at[attr[1]].owner = made;
    for (int64_t k = 0; k < arm[0]->results.n; k++) {
        egi_id r = arm[x->many[arm[0]->results.at[k]] ? 0 : 1]->results.at[k];
        items[k] = egi_item(g, made, (uint32_t)k, egi_vmap_spec(x, r));
    }
}

/* -- one copy after the other -------------------------------------------------------------------------------------- */

/* The node itself, of operands in the region being built. */
static egi_id again(egi_vmap *x, egi_id id, const egi_id *args)
{
    const egi_node *n = egi_at(x->from, id);
    egi_graph *g = x->to;
    return egi_node_make(
        g, &(egi_make){.op = (egi_op)n->op,
                       .dtype = (eg_dtype)n->dtype,
                       .shape = egi_shape_intern(g, egi_shape_of(x->from, id)),
                       .num_args = n->num_args,
                       .args = args,
                       .attr = n->attr ? egi_ints(g, egi_num_ints(x->from, n), egi_ints_of(x->from, n)) : 0,
                       .imm = n->imm});
}

void egi_vmap_in_turn(egi_vmap *x, egi_id id, int num_out, const eg_spec *out, egi_id *to)
{
    const egi_graph *from = x->from;
    egi_graph *g = x->to;
    const uint32_t n = egi_at(from, id)->num_args;
    const bool host = egi_at(from, id)->op == EGI_HOST;
    egi_ids args = {0};
    egi_id *operand = egi_arena_alloc(&g->arena, (n + 1) * sizeof *operand);
    push(x, &args, egi_const_i(g, EG_I64, x->num));
    uint16_t region = operand ? egi_region_open(g, false) : 0;
    if (!region) {
        g->failed = true;
        egi_vec_free(&g->eg->allocator, &args);
        return;
    }
    param(x, region, eg_scalar(EG_I64));
    for (uint32_t k = 0; k < n; k++) {
        egi_id a = egi_arg(from, id, k);
        operand[k] = egi_vmap_one(x, a);
        if (!x->many[a]) continue;
        push(x, &args, operand[k]);
        operand[k] = param(x, region, egi_spec(from, a));
    }
    egi_id made = egi_vmap_failed(x) ? 0 : again(x, id, operand);
    for (int k = 0; made && k < num_out; k++)
        push(x, &g->regions.at[region].results, host ? egi_item(g, made, (uint32_t)k, out[k]) : made);
    made = close_loop(x, region, &args, 0, args.n - 1);
    for (int k = 0; made && k < num_out; k++) {
        eg_spec s = out[k];
        for (int j = s.rank; j > 0; j--) s.dim[j] = s.dim[j - 1];
        s.dim[0] = x->num;
        s.rank++;
        to[k] = egi_item(g, made, (uint32_t)k, s);
    }
    egi_vec_free(&g->eg->allocator, &args);
}

static void host(egi_vmap *x, egi_id id)
{
    const egi_host *h = &x->from->hosts.at[egi_at(x->from, id)->imm];
    egi_id *items = room_for_items(x, id, h->num_out);
    if (!items) return;
    if (x->masked) {
        egi_vmap_wrong(
            x, id, EG_ERR_TYPE,
            "copies that have finished, or did not choose this arm, would call the host function too; call it "
            "outside of loops, whiles and conds that differ from copy to copy");
        return;
    }
    if (x->many[id]) {
        egi_vmap_in_turn(x, id, h->num_out, h->out, items);
        return;
    }
    const uint32_t n = egi_at(x->from, id)->num_args;
    egi_id *args = egi_arena_alloc(&x->to->arena, (n + 1) * sizeof *args);
    for (uint32_t k = 0; args && k < n; k++) args[k] = egi_vmap_one(x, egi_arg(x->from, id, k));
    egi_id made = args ? again(x, id, args) : 0;
    for (int k = 0; made && k < h->num_out; k++) items[k] = egi_item(x->to, made, (uint32_t)k, h->out[k]);
    if (!made) x->to->failed = true;
}

void egi_vmap_owner(egi_vmap *x, egi_id id)
{
    switch ((int)egi_at(x->from, id)->op) {
    case EGI_LOOP: loop(x, id); return;
    case EGI_WHILE: while_(x, id); return;
    case EGI_COND: cond(x, id); return;
    default: host(x, id); return;
    }
}
