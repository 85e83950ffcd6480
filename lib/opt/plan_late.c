/* Updates that can wait: an array of which a part is replaced can be updated where it lies if all that reads the old
 * one comes before.  Rows of a delay line, whose update and whose reader depend on the same things alone, would else
 * run side by side, and the line be copied in every step. */
#include "core/context.h"
#include "ir/region.h"
#include "opt/late.h"
#include "opt/place.h"

/* Nodes that may be looked at: a graph with thousands of updates is planned without. */
enum { BUDGET = 1 << 22 };

typedef struct late {
    const egi_plan *p;
    egi_orders *orders;
    bool *sees;    /* the base, and views of it */
    bool *follows; /* needs the update's result, or comes behind it */
    int64_t looked, updates;
} late;

/* The node of region r that id is, or inside of which it lies; 0: outside of r. */
static egi_id node_in(const egi_graph *g, egi_id id, uint16_t r)
{
    uint16_t at = egi_at(g, id)->region;
    return at == r ? id : egi_owner_in(g, at, r);
}

/* What owns a region needs the values from outside that are the region's results. */
static bool follow_results(late *l, uint16_t r)
{
    const egi_graph *g = l->p->g;
    bool more = false;
    for (int64_t q = 1; q < g->regions.n; q++) {
        const egi_region *inner = &g->regions.at[q];
        egi_id in = inner->owner ? node_in(g, inner->owner, r) : 0;
        if (!in || l->follows[in]) continue;
        for (int64_t k = 0; k < inner->results.n; k++) {
            if (l->follows[inner->results.at[k]]) l->follows[in] = more = true;
        }
    }
    return more;
}

/* Marks what needs the update, directly or through the orders given so far. */
static void follow(late *l, egi_id update)
{
    const egi_graph *g = l->p->g;
    const uint16_t r = egi_at(g, update)->region;
    memset(l->follows, 0, (size_t)g->nodes.n * sizeof *l->follows);
    l->follows[update] = true;
    for (bool again = true; again;) {
        again = false;
        l->looked += g->nodes.n + l->updates * l->orders->n;
        for (egi_id id = 1; id < g->nodes.n; id++) {
            bool needs = false;
            for (uint32_t k = 0; k < egi_at(g, id)->num_args && !needs; k++) needs = l->follows[egi_arg(g, id, k)];
            for (int64_t k = 0; egi_at(g, id)->op == EGI_UPDATE && k < l->orders->n && !needs; k++)
                needs = l->orders->at[k].then == id && l->follows[l->orders->at[k].first];
            if (!needs) continue;
            egi_id in = node_in(g, id, r);
            again |= !l->follows[id] || (in && !l->follows[in]);
            l->follows[id] = true;
            if (in) l->follows[in] = true;
        }
        again |= follow_results(l, r);
    }
}

/* May anything be written where the base lies? */
static bool may_go(const egi_plan *p, egi_id base, egi_id update)
{
    const egi_node *n = egi_at(p->g, base);
    return n->op != EGI_ARG && n->op != EGI_ARRAY && !egi_is_inline(p, base) && !egi_is_view(p->g, base) &&
           n->region == egi_at(p->g, update)->region && !egi_is_result(p, base);
}

/* Orders the update behind all readers of its base; none of them if one cannot come before. */
static void order(late *l, egi_id update)
{
    const egi_plan *p = l->p;
    const egi_graph *g = p->g;
    const egi_id base = egi_arg(g, update, 0);
    const uint16_t r = egi_at(g, update)->region;
    const int64_t before = l->orders->n;
    if (!may_go(p, base, update)) return;
    follow(l, update);
    memset(l->sees, 0, (size_t)g->nodes.n * sizeof *l->sees);
    l->sees[base] = true;
    for (egi_id id = base + 1; id < g->nodes.n; id++) {
        bool reads = false;
        for (uint32_t k = 0; k < egi_at(g, id)->num_args && !reads; k++) reads = l->sees[egi_arg(g, id, k)];
        if (!reads || id == update) continue;
        if (egi_is_view(g, id) && !p->forced[id] && !egi_is_scalar(g, id)) {
            l->sees[id] = true;
            continue;
        }
        egi_id reader = node_in(g, id, r);
        if (!reader || l->follows[reader]) {
            l->orders->n = before;
            return;
        }
        if (!egi_push(&g->eg->allocator, l->orders, ((egi_order){reader, update}))) {
            l->orders->n = before;
            return;
        }
    }
}

void egi_plan_late(const egi_plan *p, egi_orders *orders)
{
    const egi_graph *g = p->g;
    const eg_allocator *a = &g->eg->allocator;
    late l = {.p = p, .orders = orders};
    l.sees = egi_alloc(a, (size_t)g->nodes.n * sizeof *l.sees, 16);
    l.follows = egi_alloc(a, (size_t)g->nodes.n * sizeof *l.follows, 16);
    for (egi_id id = 1; id < g->nodes.n; id++) l.updates += egi_at(g, id)->op == EGI_UPDATE;
    for (egi_id id = 1; l.sees && l.follows && l.looked < BUDGET && id < g->nodes.n; id++) {
        if (egi_at(g, id)->op == EGI_UPDATE && egi_is_stage(p, id)) order(&l, id);
    }
    egi_free(a, l.sees);
    egi_free(a, l.follows);
}
