/* Levels: in which order the stages of a region run.
 *
 * As soon as possible first, for dependences; then every elementwise value moves as late as its users allow, so that
 * what belongs together is computed together and fewer values go through memory. */
#include "core/context.h"
#include "ir/region.h"
#include "opt/late.h"

bool egi_is_scalar(const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id);
    return n->shape == 0 && n->dtype != EG_DTYPE_COUNT;
}

bool egi_is_inline(const egi_plan *p, egi_id id)
{
    return egi_at(p->g, id)->op == EGI_IOTA && egi_at(p->g, id)->shape && !p->forced[id];
}

bool egi_reads_elsewhere(const egi_graph *g, egi_id id, uint32_t k)
{
    const int op = egi_at(g, id)->op;
    return (op == EGI_GATHER && k == 0) || op == EGI_UNPACK;
}

/* Operand `a`, at whatever place. */
static bool read_elsewhere(const egi_graph *g, egi_id id, egi_id a)
{
    return egi_arg(g, id, 0) == a && egi_reads_elsewhere(g, id, 0);
}

bool egi_is_fused(const egi_plan *p, egi_id id)
{
    const egi_graph *g = p->g;
    const egi_node *n = egi_at(g, id);
    if (n->dtype == EG_DTYPE_COUNT || n->shape == 0) return false;
    if (p->forced[id]) return true;
    if (egi_flags((egi_op)n->op) & FE) return true;
    if (n->op == EGI_BITS || n->op == EGI_IOTA || n->op == EGI_UNPACK) return true;
    /* Reading single elements of a vector is elementwise in the indices. */
    return n->op == EGI_GATHER && egi_shape_of(g, egi_arg(g, id, 0))->rank == 1;
}

bool egi_is_stage(const egi_plan *p, egi_id id)
{
    const egi_graph *g = p->g;
    const egi_node *n = egi_at(g, id);
    unsigned f = egi_flags((egi_op)n->op);
    if ((f & FL) || n->op == EGI_HOST || (f & FR)) return true;
    /* A single element of a vector is read like a view. */
    if (n->op == EGI_GATHER && n->shape == 0 && egi_shape_of(g, egi_arg(g, id, 0))->rank == 1) return false;
    if (f & FS) return !egi_is_fused(p, id);
    return n->op == EGI_DOT || n->op == EGI_DOT_EVENT || n->op == EGI_EVENT || n->op == EGI_EVENT_T;
}

bool egi_is_read(const egi_plan *p, egi_id id)
{
    const egi_graph *g = p->g;
    if (!egi_is_scalar(g, id)) return false;
    if (egi_is_stage(p, id) || egi_at(g, id)->op == EGI_GATHER) return true;
    if (egi_at(g, id)->op == EGI_ITEM) return egi_at(g, egi_arg(g, id, 0))->op == EGI_HOST;
    egi_view v;
    if (!egi_is_view(g, id)) return false;
    egi_view_of(p, id, &v);
    return !egi_is_scalar(g, v.base) || v.dynamic;
}

typedef struct levels {
    egi_plan *p;
    int *asap;
    int *want; /* latest level the users allow */
    egi_orders orders;
} levels;

static int after(const levels *l, egi_id user, egi_id operand)
{
    const egi_plan *p = l->p;
    const egi_graph *g = p->g;
    if (egi_at(g, operand)->region != egi_at(g, user)->region) return 0;
    egi_id id = operand;
    egi_op op = (egi_op)egi_at(g, id)->op;
    /* Free wherever it is used. */
    if (egi_is_inline(p, id)) return 0;
    if (egi_is_stage(p, id)) return l->asap[id] + 1;
    if (egi_is_scalar(g, id)) return l->asap[id];
    if (egi_is_fused(p, id)) {
        bool direct = egi_is_fused(p, user) && !p->forced[user] && egi_at(g, user)->shape == egi_at(g, id)->shape &&
                      !read_elsewhere(g, user, id);
        return l->asap[id] + !direct;
    }
    /* Items are ready after their owner; views are as their operands. */
    if (op == EGI_ITEM || egi_is_view(g, id)) return l->asap[id];
    return 0;
}

static void raise(int *x, int y)
{
    if (*x < y) *x = y;
}

/* First level at which something inside a region node can use the value. */
static int ready(const levels *l, egi_id a)
{
    const egi_plan *p = l->p;
    if (egi_is_inline(p, a)) return 0;
    if (egi_is_stage(p, a)) return l->asap[a] + 1;
    return l->asap[a] + (egi_is_fused(p, a) ? 1 : 0);
}

static void find_asap(levels *l)
{
    const egi_graph *g = l->p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        for (uint32_t k = 0; k < n->num_args; k++) {
            egi_id a = egi_arg(g, id, k);
            int need = after(l, id, a);
            bool view = egi_is_view(g, id) && !l->p->forced[id] && !egi_is_scalar(g, id);
            /* A view of a fused value can be read one level later. */
            if (view && egi_is_fused(l->p, a) && !egi_is_inline(l->p, a) && egi_at(g, a)->region == n->region)
                need = l->asap[a] + 1;
            raise(&l->asap[id], need);
            uint16_t ra = egi_at(g, a)->region;
            if (ra != n->region) {
                /* Used inside: whatever owns the inner region waits for it. */
                egi_id owner = egi_owner_in(g, n->region, ra);
                if (owner) raise(&l->asap[owner], ready(l, a));
            }
        }
    }
    for (int64_t k = 0; k < l->orders.n; k++) raise(&l->asap[l->orders.at[k].then], l->asap[l->orders.at[k].first] + 1);
    /* Results of inner regions that are values from outside. */
    for (int64_t r = 1; r < g->regions.n; r++) {
        const egi_ids *res = &g->regions.at[r].results;
        for (int64_t k = 0; k < res->n; k++) {
            egi_id a = res->at[k];
            uint16_t ra = egi_at(g, a)->region;
            if (ra == r) continue;
            egi_id owner = egi_owner_in(g, (uint16_t)r, ra);
            if (owner) raise(&l->asap[owner], ready(l, a));
        }
    }
}

/* Items and what follows from them must see the raised level of their owner: repeat until nothing moves. */
static bool settle(levels *l)
{
    const egi_graph *g = l->p->g;
    for (int64_t round = 0; round < g->nodes.n; round++) {
        int64_t sum = 0, again = 0;
        for (egi_id id = 1; id < g->nodes.n; id++) sum += l->asap[id];
        find_asap(l);
        for (egi_id id = 1; id < g->nodes.n; id++) again += l->asap[id];
        if (sum == again) return true;
    }
    return g->nodes.n <= 1;
}

/* Without the orders that nothing depends on, should they ever contradict each other; a graph that has no order then is
 * none that the verifier let pass. */
static bool settle_somehow(levels *l)
{
    if (settle(l)) return true;
    l->orders.n = 0;
    memset(l->asap, 0, (size_t)l->p->g->nodes.n * sizeof *l->asap);
    if (settle(l)) return true;
    egi_fail(l->p->g->eg, EG_ERR_INTERNAL, NULL, 0, "the planner found no order for the stages of a function");
    return false;
}

static void lower_to(int *x, int y)
{
    if (*x > y) *x = y;
}

/* What a user at `level` wants of its operand. */
static void want_of(levels *l, egi_id user, egi_id a, int level)
{
    const egi_plan *p = l->p;
    const egi_graph *g = p->g;
    bool direct = egi_is_fused(p, user) && !p->forced[user] && egi_is_fused(p, a) &&
                  egi_at(g, user)->shape == egi_at(g, a)->shape && !read_elsewhere(g, user, a);
    if (egi_is_scalar(g, a))
        lower_to(&l->want[a], level);
    else if (egi_is_fused(p, a))
        lower_to(&l->want[a], direct ? level : level - 1);
    else
        lower_to(&l->want[a], level); /* views pass it on */
}

/* Results of a node's regions that are values from outside. */
static void want_results(levels *l, egi_id id)
{
    const egi_graph *g = l->p->g;
    const egi_node *n = egi_at(g, id);
    for (int k = 0; k < (n->op == EGI_LOOP ? 1 : 2); k++) {
        uint16_t r = (uint16_t)egi_ints_of(g, n)[k];
        const egi_ids *res = &g->regions.at[r].results;
        for (int64_t j = 0; j < res->n; j++) {
            egi_id a = res->at[j], owner = egi_owner_in(g, r, egi_at(g, a)->region);
            if (owner) lower_to(&l->want[a], l->asap[owner] - (egi_is_scalar(g, a) ? 0 : 1));
        }
    }
}

static void find_alap(levels *l)
{
    egi_plan *p = l->p;
    const egi_graph *g = p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) l->want[id] = INT32_MAX;
    for (int64_t k = 0; k < l->orders.n; k++) /* stages stay where they are */
        lower_to(&l->want[l->orders.at[k].first], l->asap[l->orders.at[k].then] - 1);
    for (egi_id id = (egi_id)g->nodes.n - 1; id > 0; id--) {
        const egi_node *n = egi_at(g, id);
        int level = l->asap[id];
        bool moves = egi_is_fused(p, id) && !egi_is_inline(p, id);
        if (moves && l->want[id] != INT32_MAX && l->want[id] > level) level = l->want[id];
        bool view = egi_is_view(g, id) && !p->forced[id];
        if (view && l->want[id] != INT32_MAX) level = l->want[id];
        p->level[id] = level;
        for (uint32_t k = 0; k < n->num_args; k++) {
            egi_id a = egi_arg(g, id, k);
            uint16_t ra = egi_at(g, a)->region;
            if (ra == n->region) {
                want_of(l, id, a, level);
                continue;
            }
            egi_id owner = egi_owner_in(g, n->region, ra);
            lower_to(&l->want[a], (owner ? l->asap[owner] : 0) - (egi_is_scalar(g, a) ? 0 : 1));
        }
        if (egi_flags((egi_op)n->op) & FL) want_results(l, id);
    }
}

void egi_plan_levels(egi_plan *p)
{
    size_t n = (size_t)p->g->nodes.n;
    const eg_allocator *a = &p->g->eg->allocator;
    levels l = {.p = p, .asap = egi_alloc(a, n * sizeof(int), 16), .want = egi_alloc(a, n * sizeof(int), 16)};
    if (l.asap && l.want) {
        if (!p->no_passes) egi_plan_late(p, &l.orders);
        l.p->failed |= !settle_somehow(&l);
        find_alap(&l);
        egi_plan_split_levels(p);
        for (egi_id id = 1; id < p->g->nodes.n; id++) {
            egi_region_plan *r = &p->region[egi_at(p->g, id)->region];
            raise(&r->levels, p->level[id] + 1);
        }
    } else {
        p->failed = true;
    }
    egi_vec_free(a, &l.orders);
    egi_free(a, l.asap);
    egi_free(a, l.want);
}
