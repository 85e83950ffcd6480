/* Regions and calls out, for all copies.
 *
 * A loop of a fixed number of steps stays a loop.  Where the number differs, all steps of the longest run, and a copy
 * that has finished keeps its values; so does one that leaves a while before others.  A cond whose predicate differs
 * becomes both of its arms, and a choice between what they give.
 *
 * Copies that have finished, or did not choose an arm, compute along (x->active says which do not).  They must neither
 * make steps that nobody asked for nor numbers that break gradients: inside, whiles and loops of computed length ask
 * the active ones alone, and an arm sees, in place of a copy that did not choose it, one that did. */
#include "opt/vmap.h"

#include "core/context.h"

static bool push(egi_vmap *x, egi_ids *list, egi_id id)
{
    if (id && egi_push(&x->to->eg->allocator, list, id)) return true;
    x->to->failed = true;
    return false;
}

static egi_id param(egi_vmap *x, uint16_t region, eg_spec s)
{
    egi_ids *list = &x->to->regions.at[region].params;
    egi_id id = egi_param_make(x->to, region, (uint64_t)list->n, s);
    push(x, list, id);
    return id;
}

/* What owns regions; a failure is one of the pass. */
static egi_id owner(egi_vmap *x, egi_op op, const egi_ids *args, int n, const int64_t *attr)
{
    if (egi_vmap_failed(x)) return 0;
    egi_id made = egi_owner_make(x->to, op, args, n, attr);
    if (!made) x->to->failed = true;
    return made;
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
    const int64_t attr[] = {region, nc, ns, x->to->regions.at[region].results.n - nc};
    egi_region_close(x->to, region);
    return owner(x, EGI_LOOP, args, 4, attr);
}

/* c, and active. */
static egi_id also_active(egi_vmap *x, egi_id c) { return x->active ? egi_op2(x->to, EGI_AND, x->active, c) : c; }

static egi_id any_of(egi_vmap *x, egi_id c) { return egi_reduce(x->to, EGI_ANY, c, 1, (const int64_t[]){0}); }

/* One bool for all copies as one for each. */
static egi_id for_each(egi_vmap *x, egi_id c)
{
    egi_shape s = {.rank = 1, .dim = {x->num}};
    return egi_broadcast(x->to, c, &s);
}

/* -- loops --------------------------------------------------------------------------------------------------------- */

typedef struct steps {
    const egi_region *body;
    int64_t region, nc, ns, ny;
    egi_id length; /* [num]: steps of each copy; 0: the same */
    egi_id i;
    egi_id around; /* active outside */
} steps;

/* How many steps: a plain number as it is; of a computed one only what active copies ask for. */
static egi_id number_of_steps(egi_vmap *x, egi_id n, steps *s)
{
    egi_graph *g = x->to;
    egi_id v = egi_vmap_one(x, n), none = egi_const_i(g, EG_I64, 0);
    if (x->many[n]) {
        s->length = x->active ? egi_op3(g, EGI_SELECT, x->active, v, none) : v;
        return egi_reduce(g, EGI_RMAX, s->length, 1, (const int64_t[]){0});
    }
    if (!x->active || egi_at(x->from, n)->op == EGI_CONST) return v;
    return egi_op3(g, EGI_SELECT, any_of(x, x->active), v, none);
}

static void open_loop(egi_vmap *x, egi_id id, steps *s, uint16_t region, egi_ids *args)
{
    s->i = param(x, region, eg_scalar(EG_I64));
    x->map[s->body->params.at[0]] = s->i;
    for (int64_t k = 1; k <= s->nc + s->ns; k++) {
        egi_id p = s->body->params.at[k], a = egi_arg(x->from, id, (uint32_t)k);
        egi_id v = egi_vmap_as(x, a, x->many[p]);
        push(x, args, k > s->nc && x->many[p] ? swapped(x, v) : v);
        x->map[p] = param(x, region, egi_vmap_spec(x, p));
    }
    if (s->length && !egi_vmap_failed(x)) x->active = also_active(x, egi_op2(x->to, EGI_LT, s->i, s->length));
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
    s.around = x->active;
    push(x, &args, number_of_steps(x, n, &s));
    uint16_t region = items && !egi_vmap_failed(x) ? egi_region_open(x->to, false) : 0;
    if (!region) {
        x->to->failed = true;
        egi_vec_free(&x->to->eg->allocator, &args);
        return;
    }
    open_loop(x, id, &s, region, &args);
    if (!egi_vmap_failed(x)) egi_vmap_emit(x, (uint16_t)s.region);
    if (!egi_vmap_failed(x)) close_steps(x, &s, region);
    x->active = s.around;
    egi_id made = close_loop(x, region, &args, s.nc, s.ns);
    for (int64_t k = 0; made && k < s.nc + s.ny; k++) {
        egi_id r = k < s.nc ? s.body->params.at[k + 1] : s.body->results.at[k];
        eg_spec spec = egi_vmap_spec(x, r);
        if (k >= s.nc) {
            for (int j = spec.rank; j > 0; j--) spec.dim[j] = spec.dim[j - 1];
            spec.dim[0] = (int64_t)egi_at(from, n)->imm;
            spec.rank++;
        }
        items[k] = egi_item(x->to, made, (uint32_t)k, spec);
        if (k >= s.nc && x->many[r]) items[k] = swapped(x, items[k]);
    }
    egi_vec_free(&x->to->eg->allocator, &args);
}

/* -- whiles -------------------------------------------------------------------------------------------------------- */

/* Where copies differ in how long they go on, or some are not active at all, the loop carries which still go on: the
 * condition is asked at the start of the body, in the turn whose it is, and the loop ends after one more turn in which
 * nobody goes on. */
typedef struct turns {
    const egi_region *cond, *body;
    uint16_t cond_at, body_at;
    uint32_t n;
    bool counts; /* carries who goes on */
} turns;

static void set_params(egi_vmap *x, const egi_region *r, uint16_t region, bool counts)
{
    const egi_ids *v = &x->to->regions.at[region].params;
    for (int64_t k = 0; k < r->params.n && k + counts < v->n; k++) x->map[r->params.at[k]] = v->at[k + counts];
}

static bool give_params(egi_vmap *x, const turns *t, uint16_t region)
{
    if (t->counts) param(x, region, eg_vector(EG_BOOL, x->num));
    for (uint32_t k = 0; k < t->n; k++) param(x, region, egi_vmap_spec(x, t->body->params.at[k]));
    set_params(x, t->cond, region, t->counts);
    set_params(x, t->body, region, t->counts);
    return !egi_vmap_failed(x);
}

static void cond_region(egi_vmap *x, const turns *t, uint16_t region)
{
    if (give_params(x, t, region)) {
        egi_ids *results = &x->to->regions.at[region].results;
        if (!t->counts) egi_vmap_emit(x, t->cond_at);
        if (!egi_vmap_failed(x)) {
            egi_id go =
                t->counts ? any_of(x, x->to->regions.at[region].params.at[0]) : egi_vmap_one(x, t->cond->results.at[0]);
            results = &x->to->regions.at[region].results;
            push(x, results, go);
        }
    }
    egi_region_close(x->to, region);
}

/* Who goes on in this turn, of those who did in the last. */
static egi_id going_on(egi_vmap *x, const turns *t, egi_id before)
{
    x->active = before;
    egi_vmap_emit(x, t->cond_at);
    if (egi_vmap_failed(x)) return 0;
    const egi_id asked = t->cond->results.at[0], c = egi_vmap_one(x, asked);
    return egi_op2(x->to, EGI_AND, before, x->many[asked] ? c : for_each(x, c));
}

static void body_results(egi_vmap *x, const turns *t, uint16_t region, egi_id going)
{
    egi_graph *g = x->to;
    if (going) push(x, &g->regions.at[region].results, going);
    for (uint32_t k = 0; k < t->n && !egi_vmap_failed(x); k++) {
        egi_id p = t->body->params.at[k], v = egi_vmap_as(x, t->body->results.at[k], x->many[p]);
        /* What is the same for all goes on with the first that does: then all do. */
        if (going && x->many[p]) v = choose(x, going, p, v, x->map[p]);
        if (going && !x->many[p]) v = egi_op3(g, EGI_SELECT, any_of(x, going), v, x->map[p]);
        push(x, &g->regions.at[region].results, v);
    }
}

static void body_region(egi_vmap *x, const turns *t, uint16_t region)
{
    const egi_id around = x->active;
    if (give_params(x, t, region)) {
        egi_id going = t->counts ? going_on(x, t, x->to->regions.at[region].params.at[0]) : 0;
        if (t->counts) x->active = going;
        if (!egi_vmap_failed(x)) egi_vmap_emit(x, t->body_at);
        if (!egi_vmap_failed(x)) body_results(x, t, region, going);
    }
    x->active = around;
    egi_region_close(x->to, region);
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
    t.counts = x->many[t.cond->results.at[0]] || x->active;
    egi_id *items = room_for_items(x, id, t.n);
    egi_ids args = {0};
    if (t.counts) push(x, &args, x->active ? x->active : for_each(x, egi_const_i(g, EG_BOOL, 1)));
    for (uint32_t k = 0; items && k < t.n; k++)
        push(x, &args, egi_vmap_as(x, egi_arg(x->from, id, k), x->many[t.body->params.at[k]]));
    int64_t attr[2] = {0};
    if (!egi_vmap_failed(x) && (attr[0] = egi_region_open(g, false))) cond_region(x, &t, (uint16_t)attr[0]);
    if (!egi_vmap_failed(x) && (attr[1] = egi_region_open(g, false))) body_region(x, &t, (uint16_t)attr[1]);
    egi_id made = owner(x, EGI_WHILE, &args, 2, attr);
    for (uint32_t k = 0; made && k < t.n; k++)
        items[k] = egi_item(g, made, k + t.counts, egi_vmap_spec(x, t.body->params.at[k]));
    egi_vec_free(&g->eg->allocator, &args);
}

/* -- conds --------------------------------------------------------------------------------------------------------- */

static bool item_differs(const egi_vmap *x, const egi_region *const *arm, int64_t k)
{
    return x->many[arm[0]->results.at[k]] || x->many[arm[1]->results.at[k]];
}

/* Floats from outside that an arm reads and that differ: there an active copy stands in for those that are not.  `kept`
 * gets what map held. */
static void stand_in(egi_vmap *x, uint16_t arm, egi_id *kept)
{
    const egi_graph *g = x->from;
    egi_graph *to = x->to;
    egi_id first = egi_convert(to, EG_I64,
                               egi_reduce(to, EGI_ARGMAX, egi_convert(to, EG_I32, x->active), 1, (const int64_t[]){0}));
    for (egi_id id = 1; id < g->nodes.n && !egi_vmap_failed(x); id++) {
        if (!egi_region_within(g, egi_at(g, id)->region, arm)) continue;
        for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) {
            egi_id a = egi_arg(g, id, k);
            const egi_node *n = egi_at(g, a);
            bool real = n->dtype == EG_F32 || n->dtype == EG_F64;
            if (kept[a] || !real || !x->many[a] || egi_region_within(g, n->region, arm)) continue;
            kept[a] = x->map[a];
            egi_id one = egi_gather(to, kept[a], first, 0);
            egi_id all = one ? egi_vmap_spread_one(x, one, a) : 0;
            x->map[a] = choose(x, x->active, a, kept[a], all);
        }
    }
}

static void both_arms(egi_vmap *x, egi_id id, const egi_region *const *arm, const int64_t *at, egi_id *items)
{
    const egi_graph *g = x->from;
    const egi_id pred = egi_vmap_one(x, egi_arg(g, id, 0)), around = x->active;
    const size_t n = (size_t)g->nodes.n;
    egi_id *kept = egi_alloc(&g->eg->allocator, n * sizeof *kept, 16);
    if (!kept) x->to->failed = true;
    for (int a = 0; a < 2 && !egi_vmap_failed(x); a++) {
        x->active = around;
        x->active = also_active(x, a == 0 ? pred : egi_op1(x->to, EGI_NOT, pred));
        memset(kept, 0, n * sizeof *kept);
        stand_in(x, (uint16_t)at[a], kept);
        if (!egi_vmap_failed(x)) egi_vmap_emit(x, (uint16_t)at[a]);
        for (egi_id k = 1; k < n; k++) x->map[k] = kept[k] ? kept[k] : x->map[k];
        for (int64_t k = 0; k < arm[a]->results.n && !egi_vmap_failed(x); k++) {
            egi_id r = arm[a]->results.at[k], v = egi_vmap_all(x, r);
            items[k] = a == 0 ? v : choose(x, pred, r, items[k], v);
        }
    }
    x->active = around;
    egi_free(&g->eg->allocator, kept);
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
    const egi_ids args = {.at = &p, .n = 1};
    egi_id made = owner(x, EGI_COND, &args, 2, attr);
    if (!made) return;
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
    if (x->active || x->r.no_hosts) {
        egi_vmap_wrong(
            x, id, EG_ERR_TYPE,
            "copies that have finished, or did not choose this arm, would call the host function too; call it "
            "outside of loops, whiles and conds that differ from copy to copy");
        return;
    }
    egi_vmap_in_turn(x, id, h->num_out, h->out, items);
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
