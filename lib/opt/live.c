/* Liveness, exact through regions: a carried value of a loop is live only if its item or its parameter is. */
#include "opt/live.h"

#include "core/context.h"

static const egi_region *region_at(const egi_graph *g, int64_t r) { return &g->regions.at[r]; }

static void mark(egi_live *l, egi_id id)
{
    if (l->at[id]) return;
    l->at[id] = true;
    if (!egi_push(&l->g->eg->allocator, &l->pending, id)) l->failed = true;
}

/* Owner of a parameter: node and which carried value it is; -1 for i and rows. */
int64_t egi_carried_index(const egi_graph *g, egi_id param, egi_id *owner)
{
    const egi_node *n = egi_at(g, param);
    *owner = region_at(g, egi_ints_of(g, n)[0])->owner;
    const egi_node *o = egi_at(g, *owner);
    if (o->op != EGI_LOOP) return (int64_t)n->imm;
    int64_t k = (int64_t)n->imm - 1, nc = egi_ints_of(g, o)[1];
    return k >= 0 && k < nc ? k : -1;
}

egi_id egi_carried_init(const egi_graph *g, egi_id owner, int64_t k)
{
    return egi_arg(g, owner, (uint32_t)k + (egi_at(g, owner)->op == EGI_LOOP));
}

uint16_t egi_body_of(const egi_graph *g, egi_id owner)
{
    return (uint16_t)egi_ints_of(g, egi_at(g, owner))[egi_at(g, owner)->op == EGI_WHILE ? 1 : 0];
}

egi_id egi_carried_param(const egi_graph *g, egi_id owner, uint16_t region, int64_t k)
{
    return region_at(g, region)->params.at[k + (egi_at(g, owner)->op == EGI_LOOP)];
}

static void mark_owner(egi_live *l, egi_id id)
{
    if (l->at[id]) return;
    mark(l, id);
}

/* The region node itself: its condition, length or predicate. */
static void mark_region_node(egi_live *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_node *n = egi_at(g, id);
    if (n->op == EGI_LOOP || n->op == EGI_COND) mark(l, egi_arg(g, id, 0));
    if (n->op == EGI_WHILE) mark(l, region_at(g, egi_ints_of(g, n)[0])->results.at[0]);
}

static void mark_carried(egi_live *l, egi_id owner, int64_t k)
{
    const egi_graph *g = l->g;
    uint16_t body = egi_body_of(g, owner);
    mark(l, region_at(g, body)->results.at[k]);
    mark(l, egi_carried_param(g, owner, body, k));
    mark(l, egi_carried_init(g, owner, k));
    if (egi_at(g, owner)->op == EGI_WHILE)
        mark(l, egi_carried_param(g, owner, (uint16_t)egi_ints_of(g, egi_at(g, owner))[0], k));
}

static void mark_item(egi_live *l, egi_id id)
{
    const egi_graph *g = l->g;
    egi_id owner = egi_arg(g, id, 0);
    const egi_node *o = egi_at(g, owner);
    int64_t k = (int64_t)egi_at(g, id)->imm;
    mark_owner(l, owner);
    if (o->op == EGI_HOST) return;
    if (o->op == EGI_COND) {
        for (int a = 0; a < 2; a++) mark(l, region_at(g, egi_ints_of(g, o)[a])->results.at[k]);
        return;
    }
    int64_t nc = o->op == EGI_LOOP ? egi_ints_of(g, o)[1] : o->num_args;
    if (k < nc)
        mark_carried(l, owner, k);
    else
        mark(l, region_at(g, egi_body_of(g, owner))->results.at[k]);
}

static void mark_param(egi_live *l, egi_id id)
{
    const egi_graph *g = l->g;
    egi_id owner;
    int64_t k = egi_carried_index(g, id, &owner);
    mark_owner(l, owner);
    if (k >= 0) {
        mark_carried(l, owner, k);
        return;
    }
    const egi_node *n = egi_at(g, id);
    if (n->imm) mark(l, egi_arg(g, owner, (uint32_t)n->imm)); /* a row: its sequence has the same number */
}

static void mark_all(egi_live *l)
{
    const egi_graph *g = l->g;
    const egi_ids *res = &region_at(g, 0)->results;
    for (int64_t k = 0; k < res->n; k++) mark(l, res->at[k]);
    for (int64_t k = 0; k < g->writes.n; k++) mark(l, g->writes.at[k].value);
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (egi_at(g, id)->op == EGI_HOST) mark(l, id);
    }
    while (l->pending.n && !l->failed) {
        egi_id id = l->pending.at[--l->pending.n];
        const egi_node *n = egi_at(g, id);
        /* Whatever lives in a region keeps the region's owner. */
        for (uint16_t reg = n->region; reg; reg = region_at(g, reg)->parent) mark_owner(l, region_at(g, reg)->owner);
        if (n->op == EGI_ITEM)
            mark_item(l, id);
        else if (n->op == EGI_PARAM)
            mark_param(l, id);
        else if (egi_flags((egi_op)n->op) & FL)
            mark_region_node(l, id);
        else {
            uint32_t num = l->strip && n->op == EGI_CUSTOM ? 1 : n->num_args;
            for (uint32_t k = 0; k < num; k++) mark(l, egi_arg(g, id, k));
        }
    }
}

bool egi_live_find(egi_live *l, const egi_graph *g, bool strip)
{
    *l = (egi_live){.g = g, .strip = strip};
    l->at = egi_alloc(&g->eg->allocator, (size_t)g->nodes.n * sizeof *l->at, 16);
    if (!l->at) return false;
    mark_all(l);
    return !l->failed;
}

void egi_live_free(egi_live *l)
{
    egi_free(&l->g->eg->allocator, l->at);
    egi_vec_free(&l->g->eg->allocator, &l->pending);
}
