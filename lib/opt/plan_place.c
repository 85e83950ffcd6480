/* Which values lie in memory, and where: in place of what they replace whenever nobody needs the old value any more. */
#include "core/context.h"
#include "opt/place.h"

/* -- in memory ----------------------------------------------------------------------------------------------------- */

static void need(egi_plan *p, egi_id id)
{
    egi_view v;
    if (egi_at(p->g, id)->dtype == EG_DTYPE_COUNT) return;
    egi_view_of(p, id, &v);
    if (!egi_is_scalar(p->g, v.base)) p->in_memory[v.base] = true;
}

static void find_in_memory(egi_plan *p)
{
    const egi_graph *g = p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (egi_is_stage(p, id) && !(egi_flags((egi_op)n->op) & FL)) p->in_memory[id] = true;
        for (uint32_t k = 0; k < n->num_args; k++) {
            egi_id a = egi_arg(g, id, k);
            if (egi_is_scalar(g, a) || egi_is_inline(p, a) || egi_at(g, a)->dtype == EG_DTYPE_COUNT) continue;
            if (egi_is_view(g, id) && !p->forced[id]) continue; /* its reader decides */
            if (n->op == EGI_EVENT && k == 1 && egi_dtype_of(g, a) == EG_BOOL) {
                /* Only its list is read; but a list made in another stage needs the values. */
                if (!egi_is_fused(p, a) || egi_at(g, a)->region != n->region) need(p, a);
                continue;
            }
            if (egi_is_fused(p, a) && egi_direct_use(p, id, a) && egi_same_stage(p, id, a)) continue;
            need(p, a);
        }
        /* A scalar read out of a vector. */
        if (egi_is_scalar(g, id) && egi_is_view(g, id)) need(p, id);
        if (p->forced[id] && egi_is_view(g, id)) {
            egi_view v;
            egi_view_below(p, id, &v);
            p->in_memory[id] = true;
            if (!egi_is_scalar(g, v.base)) p->in_memory[v.base] = true;
        }
        if (p->forced[id]) p->in_memory[id] = true;
    }
}

/* -- targets: where results have to go ----------------------------------------------------------------------------- */

static int end_level(const egi_plan *p, uint16_t region) { return 2 * p->region[region].levels + 1; }

static void copy_at_end(egi_plan *p, uint16_t region, egi_id value, egi_place to)
{
    const egi_graph *g = p->g;
    egi_stages *list = &p->region[region].stages;
    egi_view v;
    need(p, value);
    egi_view_of(p, value, &v);
    int op = egi_at(g, v.base)->op;
    bool changes = op == EGI_PARAM || op == EGI_VAR;
    if (changes && !egi_is_scalar(g, v.base)) {
        /* What it reads may be overwritten by another copy: go through a buffer of its own. */
        egi_place temp = {egi_plan_buffer(p, EGI_BUF_TEMP, 0, egi_dtype_of(g, value), egi_at(g, value)->shape), 0};
        egi_plan_store(p, list, end_level(p, region), value, temp);
        egi_stage *s = egi_plan_stage(p, list, EGI_STAGE_FUSED, end_level(p, region) + 2, egi_at(g, value)->shape, 0);
        /* Read back from the buffer: a load of the value placed there. */
        if (s && !egi_push(&g->eg->allocator, &s->stores,
                           ((egi_store){.node = value, .place = to, .param = 0, .from = temp})))
            p->failed = true;
        return;
    }
    egi_plan_store(p, list, end_level(p, region) + 2, value, to);
}

/* Puts the value straight into `to`, together with what it replaces there; false if it must be copied.  `old` is the
 * value that lies there before. */
static bool in_place(egi_place_work *w, egi_id value, egi_place to, egi_id old, uint16_t region)
{
    egi_plan *p = w->p;
    const egi_graph *g = p->g;
    if (egi_at(g, value)->region != region || p->place[value].buffer || egi_is_inline(p, value)) return false;
    bool item = egi_at(g, value)->op == EGI_ITEM;
    if (item && to.row) return false;
    if (!egi_is_fused(p, value) && !egi_is_stage(p, value) && !item) return false;
    if (egi_is_scalar(g, value)) return false;
    egi_id base = egi_base_of(g, value);
    if (base == old || !base) {
        bool arms = item && !p->no_passes && egi_may_replace_in_arms(w, old, value);
        if (!arms && !egi_may_overwrite(w, old, value)) return false;
        p->place[value] = to;
        return true;
    }
    /* A chain: the base goes there first, if it may overwrite the old value, and is then replaced in its turn. */
    bool computed = (egi_is_fused(p, base) || egi_is_stage(p, base)) && !egi_is_inline(p, base) &&
                    egi_at(g, base)->region == region && !p->place[base].buffer && !egi_is_scalar(g, base) &&
                    p->in_memory[base];
    if (computed && egi_may_overwrite(w, base, value) && in_place(w, base, to, old, region)) {
        p->place[value] = to;
        return true;
    }
    if (!egi_may_overwrite(w, old, value)) return false;
    p->place[value] = to;
    return true;
}

/* Brings the value of a region to a place, in place, by a second store where it is computed, or by a copy at the end.
 */
static void target(egi_place_work *w, egi_id value, egi_place to, egi_id old, uint16_t region)
{
    egi_plan *p = w->p;
    const egi_graph *g = p->g;
    if (in_place(w, value, to, old, region)) {
        p->in_memory[value] = true;
        return;
    }
    bool fused = egi_is_fused(p, value) && !egi_is_inline(p, value) && egi_at(g, value)->region == region;
    if (fused && egi_may_overwrite(w, old, value)) {
        egi_plan_store(p, &p->region[region].stages, 2 * p->level[value] + 1, value, to);
        return;
    }
    copy_at_end(p, region, value, to);
}

/* -- loops and conds ----------------------------------------------------------------------------------------------- */

static egi_id item_of(const egi_graph *g, egi_id owner, uint64_t k)
{
    for (egi_id id = owner + 1; id < g->nodes.n; id++) {
        if (egi_at(g, id)->op == EGI_ITEM && egi_arg(g, id, 0) == owner && egi_at(g, id)->imm == k) return id;
    }
    return 0;
}

static egi_place place_of_item(egi_plan *p, egi_id owner, uint64_t k, egi_id like, uint32_t shape)
{
    egi_id item = item_of(p->g, owner, k);
    if (item && p->place[item].buffer) return p->place[item];
    egi_place to = {egi_plan_buffer(p, EGI_BUF_TEMP, 0, egi_dtype_of(p->g, like), shape), 0};
    if (item) p->place[item] = to;
    return to;
}

/* A carried value of rank >= 1: one buffer for initial value, parameter, result and item. */
static void place_carried(egi_place_work *w, egi_id owner, uint16_t body, uint32_t k, uint32_t arg)
{
    egi_plan *p = w->p;
    const egi_graph *g = p->g;
    egi_id init = egi_arg(g, owner, arg), param = g->regions.at[body].params.at[arg];
    if (egi_is_scalar(g, init)) return;
    egi_id item = item_of(g, owner, k);
    bool fresh = !item || !p->place[item].buffer; /* nothing else lies in the buffer before the loop */
    egi_place to = place_of_item(p, owner, k, init, egi_at(g, init)->shape);
    uint16_t region = egi_at(g, owner)->region;
    bool computed =
        (egi_is_fused(p, init) || (egi_is_stage(p, init) && !(egi_flags((egi_op)egi_at(g, init)->op) & FL))) &&
        !egi_is_inline(p, init) && egi_at(g, init)->region == region && !p->place[init].buffer;
    bool once = egi_uses_of(w, init) == 1 && !egi_is_result(p, init);
    p->place[param] = to;
    if (computed && once && fresh && egi_base_of(g, init) == 0) p->place[init] = to;
    if (egi_at(g, owner)->op == EGI_WHILE)
        p->place[g->regions.at[egi_ints_of(g, egi_at(g, owner))[0]].params.at[k]] = to;
    if (p->place[init].buffer == to.buffer && !p->place[init].row) return;
    need(p, init);
    /* Level 0: nothing is computed there again, all is read from memory. */
    egi_plan_store(p, &p->region[body].before, 0, init, to);
}

/* A state that is also stacked as it was before the step, as gradients need it: it is copied to its row where it is
 * replaced, while it is in a register. */
static bool stack_state(egi_place_work *w, const egi_region *r, uint32_t nc, egi_id value, egi_place to)
{
    egi_plan *p = w->p;
    for (uint32_t k = 0; k < nc && !p->no_passes; k++) {
        egi_id next = r->results.at[k];
        if (r->params.at[k + 1] != value || !egi_may_replace_stacked(w, value, next)) continue;
        egi_plan_store(p, &p->region[to.row].stages, 2 * p->level[next] + 1, value, to);
        p->place[next] = p->place[value];
        p->in_memory[next] = true;
        return true;
    }
    return false;
}

static void place_loop(egi_place_work *w, egi_id id)
{
    egi_plan *p = w->p;
    const egi_graph *g = p->g;
    const int64_t *at = egi_ints_of(g, egi_at(g, id));
    uint16_t body = (uint16_t)at[0];
    const egi_region *r = &g->regions.at[body];
    uint32_t nc = (uint32_t)at[1];
    for (uint32_t k = 0; k < nc; k++) place_carried(w, id, body, k, k + 1);
    for (int64_t k = 0; k < at[3]; k++) {
        egi_id value = r->results.at[nc + k], item = item_of(g, id, (uint64_t)(nc + k));
        if (!item) continue;
        egi_place to = place_of_item(p, id, (uint64_t)(nc + k), value, egi_at(g, item)->shape);
        to.row = body;
        if (!egi_is_scalar(g, value) && !stack_state(w, r, nc, value, to)) target(w, value, to, 0, body);
    }
    for (uint32_t k = 0; k < nc; k++) {
        egi_id value = r->results.at[k], param = r->params.at[k + 1];
        bool there = value != param && p->place[value].buffer == p->place[param].buffer && !p->place[value].row;
        if (!egi_is_scalar(g, value) && !there) target(w, value, p->place[param], param, body);
    }
}

static void place_while(egi_place_work *w, egi_id id)
{
    egi_plan *p = w->p;
    const egi_graph *g = p->g;
    uint16_t body = (uint16_t)egi_ints_of(g, egi_at(g, id))[1];
    const egi_region *r = &g->regions.at[body];
    for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) place_carried(w, id, body, k, k);
    for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) {
        if (!egi_is_scalar(g, r->results.at[k]))
            target(w, r->results.at[k], p->place[r->params.at[k]], r->params.at[k], body);
    }
}

static void place_cond(egi_place_work *w, egi_id id)
{
    egi_plan *p = w->p;
    const egi_graph *g = p->g;
    const int64_t *arm = egi_ints_of(g, egi_at(g, id));
    int64_t n = g->regions.at[arm[0]].results.n;
    for (int64_t k = 0; k < n; k++) {
        egi_id like = g->regions.at[arm[0]].results.at[k];
        if (egi_is_scalar(g, like)) continue;
        egi_place to = place_of_item(p, id, (uint64_t)k, like, egi_at(g, like)->shape);
        for (int a = 0; a < 2; a++) {
            egi_id value = g->regions.at[arm[a]].results.at[k];
            if (p->place[value].buffer != to.buffer || p->place[value].row) target(w, value, to, 0, (uint16_t)arm[a]);
        }
    }
}

/* -- leaves and the rest ------------------------------------------------------------------------------------------- */

static void place_leaves(egi_plan *p)
{
    const egi_graph *g = p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        egi_buffer_kind kind = n->op == EGI_ARG     ? EGI_BUF_ARG
                               : n->op == EGI_VAR   ? EGI_BUF_VAR
                               : n->op == EGI_ARRAY ? EGI_BUF_ARRAY
                                                    : EGI_BUF_TEMP;
        if (kind == EGI_BUF_TEMP) continue;
        p->place[id].buffer = egi_plan_buffer(p, kind, (uint32_t)n->imm, (eg_dtype)n->dtype, n->shape);
    }
}

static egi_id read_of(const egi_graph *g, uint32_t var)
{
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (egi_at(g, id)->op == EGI_VAR && egi_at(g, id)->imm == var) return id;
    }
    return 0;
}

static void place_function(egi_place_work *w)
{
    egi_plan *p = w->p;
    const egi_graph *g = p->g;
    for (int64_t k = 0; k < g->writes.n; k++) {
        egi_id value = g->writes.at[k].value, old = read_of(g, g->writes.at[k].var);
        egi_place to = {
            egi_plan_buffer(p, EGI_BUF_VAR, g->writes.at[k].var, egi_dtype_of(g, value), egi_at(g, value)->shape), 0};
        if (!egi_is_scalar(g, value) && value != old) target(w, value, to, old, 0);
    }
    for (int64_t k = 0; k < g->regions.at[0].results.n; k++) {
        egi_id value = g->regions.at[0].results.at[k];
        egi_place to = {
            egi_plan_buffer(p, EGI_BUF_RESULT, (uint32_t)k, egi_dtype_of(g, value), egi_at(g, value)->shape), 0};
        if (!egi_is_scalar(g, value)) target(w, value, to, 0, 0);
    }
}

/* Region nodes in ascending order of their regions: outer ones first, since they decide where inner ones write. */
static void place_regions(egi_place_work *w)
{
    const egi_graph *g = w->p->g;
    for (int64_t r = 0; r < g->regions.n; r++) {
        for (egi_id id = 1; id < g->nodes.n; id++) {
            if (egi_at(g, id)->region != r) continue;
            switch ((int)egi_at(g, id)->op) {
            case EGI_LOOP: place_loop(w, id); break;
            case EGI_WHILE: place_while(w, id); break;
            case EGI_COND: place_cond(w, id); break;
            default: break;
            }
        }
    }
}

static void place_rest(egi_plan *p)
{
    const egi_graph *g = p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->dtype == EG_DTYPE_COUNT || (n->shape == 0 && !egi_is_stage(p, id) &&
                                           !(n->op == EGI_ITEM && egi_at(g, egi_arg(g, id, 0))->op == EGI_HOST)))
            continue;
        bool host = n->op == EGI_ITEM && egi_at(g, egi_arg(g, id, 0))->op == EGI_HOST;
        bool stage = egi_is_stage(p, id), fused = egi_is_fused(p, id) && !egi_is_inline(p, id);
        if (!host && !stage && !(fused && p->in_memory[id])) continue;
        if (!p->place[id].buffer)
            p->place[id].buffer = egi_plan_buffer(p, EGI_BUF_TEMP, 0, (eg_dtype)n->dtype, n->shape);
        if (n->op == EGI_SORT || n->op == EGI_ARGSORT)
            p->scratch[id] = egi_plan_buffer(p, EGI_BUF_TEMP, 0, (eg_dtype)n->dtype, n->shape);
        if (fused) egi_plan_store(p, &p->region[n->region].stages, 2 * p->level[id] + 1, id, p->place[id]);
    }
}

void egi_plan_place(egi_plan *p)
{
    egi_place_work w = {.p = p};
    if (egi_uses_build(&w)) {
        find_in_memory(p);
        place_leaves(p);
        place_function(&w);
        place_regions(&w);
        place_rest(p);
    } else {
        p->failed = true;
    }
    egi_uses_free(&w);
}
