/* Spikes: which stage writes the list of those that fired, and which projections are delivered together. */
#include "core/context.h"
#include "opt/plan.h"

static uint16_t loop_of(const egi_graph *g, uint16_t region)
{
    egi_id owner = g->regions.at[region].owner;
    return region && egi_at(g, owner)->op == EGI_LOOP ? region : 0;
}

static void listing(egi_plan *p, egi_stages *list, int level, egi_listing l)
{
    egi_stage *s = egi_plan_stage(p, list, EGI_STAGE_FUSED, level, egi_at(p->g, l.node)->shape, 0);
    if (s && !egi_push(&p->g->eg->allocator, &s->lists, l)) p->failed = true;
}

egi_id egi_plan_next_spikes(const egi_plan *p, egi_id s)
{
    const egi_graph *g = p->g;
    const egi_node *n = egi_at(g, s);
    if (n->op != EGI_PARAM || !loop_of(g, n->region)) return 0;
    const egi_region *r = &g->regions.at[n->region];
    int64_t k = (int64_t)n->imm - 1, nc = egi_ints_of(g, egi_at(g, r->owner))[1];
    egi_id next = k >= 0 && k < nc ? r->results.at[k] : 0;
    bool here = next && egi_is_fused(p, next) && !egi_is_inline(p, next) && egi_at(g, next)->region == n->region;
    return here ? next : 0;
}

/* Another event of the region that delivers the same spikes and whose list is there in time.  The list of a loop's
 * parameter is made in the step before, so it always is. */
static egi_id twin(const egi_plan *p, egi_id event, bool carried)
{
    const egi_graph *g = p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (!p->list[id] || egi_at(g, id)->region != egi_at(g, event)->region) continue;
        if (egi_arg(g, id, 1) != egi_arg(g, event, 1)) continue;
        if (carried || p->level[id] <= p->level[event]) return id;
    }
    return 0;
}

static void make_list(egi_plan *p, egi_id event)
{
    const egi_graph *g = p->g;
    uint16_t region = egi_at(g, event)->region, loop = loop_of(g, region);
    egi_id s = egi_arg(g, event, 1), next = egi_at(g, s)->region == region ? egi_plan_next_spikes(p, s) : 0;
    egi_id same = twin(p, event, next != 0);
    egi_region_plan *rp = &p->region[region];
    if (same) {
        p->list[event] = p->list[same];
        p->list_region[event] = p->list_region[same];
        return;
    }
    p->list[event] = egi_plan_buffer(p, EGI_BUF_LIST, 0, EG_I32, egi_at(g, s)->shape);
    p->list_region[event] = loop;
    if (next) {
        listing(p, &rp->stages, 2 * p->level[next] + 1, (egi_listing){next, p->list[event], loop, true});
        listing(p, &rp->enter, 1, (egi_listing){s, p->list[event], loop, false});
        return;
    }
    bool here = egi_is_fused(p, s) && !egi_is_inline(p, s) && egi_at(g, s)->region == region;
    int level = here ? 2 * p->level[s] + 1 : 2 * p->level[event];
    listing(p, &rp->stages, level, (egi_listing){s, p->list[event], loop, false});
}

void egi_plan_lists(egi_plan *p)
{
    for (egi_id id = 1; id < p->g->nodes.n; id++) {
        if (egi_at(p->g, id)->op == EGI_EVENT) make_list(p, id);
    }
}

/* Same list at the same time with the same one weight: one pass over the spikes serves both. */
static bool mergeable(const egi_plan *p, const egi_stage *a, const egi_stage *b)
{
    const egi_graph *g = p->g;
    if (a->kind != EGI_STAGE_NODE || b->kind != EGI_STAGE_NODE || a->level != b->level) return false;
    if (egi_at(g, a->node)->op != EGI_EVENT || egi_at(g, b->node)->op != EGI_EVENT) return false;
    if (a->merged.n + 1 == EGI_MAX_MERGED) return false;
    egi_id w = egi_arg(g, a->node, 2);
    return egi_arg(g, a->node, 1) == egi_arg(g, b->node, 1) && w == egi_arg(g, b->node, 2) && egi_is_scalar(g, w) &&
           p->list[a->node] == p->list[b->node] && egi_dtype_of(g, a->node) == egi_dtype_of(g, b->node) &&
           !p->place[a->node].row && !p->place[b->node].row &&
           p->buffers.at[p->place[a->node].buffer].kind != EGI_BUF_RESULT &&
           p->buffers.at[p->place[b->node].buffer].kind != EGI_BUF_RESULT &&
           p->place[a->node].buffer != p->place[b->node].buffer &&
           /* In one block of memory, or the second is out of reach of the first's 32-bit numbers. */
           (p->buffers.at[p->place[a->node].buffer].kind == EGI_BUF_VAR) ==
               (p->buffers.at[p->place[b->node].buffer].kind == EGI_BUF_VAR);
}

void egi_plan_merge(egi_plan *p)
{
    for (int64_t r = 0; r < p->g->regions.n; r++) {
        egi_stages *list = &p->region[r].stages;
        for (int64_t k = 0; k < list->n; k++) {
            for (int64_t j = k + 1; j < list->n; j++) {
                if (!mergeable(p, &list->at[k], &list->at[j])) continue;
                if (!egi_push(&p->g->eg->allocator, &list->at[k].merged, list->at[j].node)) p->failed = true;
                memmove(&list->at[j], &list->at[j + 1], (size_t)(list->n - j - 1) * sizeof *list->at);
                list->n--;
                j--;
            }
        }
    }
}
