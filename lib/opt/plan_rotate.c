/* Rotation: what the next step does first to a loop's state moves behind the state's last use in this step.
 *
 * A synapse's g is decayed, receives spikes, and is read by the neurons.  Decaying it in a sweep of its own costs a
 * pass over memory; while the neurons read it, it is in a register.  So each chunk begins with one decay, every step
 * stores the value decayed for the next step, and the last step of a chunk stores it as it is: between chunks a state
 * is what the program says. */
#include "core/context.h"
#include "opt/plan.h"

/* Built of the parameter and of scalars from outside the loop only. */
static bool own_value(const egi_plan *p, egi_id id, egi_id param, uint16_t body, int *budget)
{
    const egi_graph *g = p->g;
    if (id == param) return true;
    if (egi_is_scalar(g, id)) return egi_at(g, id)->region != body;
    const egi_node *n = egi_at(g, id);
    if (!(egi_flags((egi_op)n->op) & FE) || n->region != body || --*budget < 0) return false;
    for (uint32_t k = 0; k < n->num_args; k++) {
        if (!own_value(p, egi_arg(g, id, k), param, body, budget)) return false;
    }
    return true;
}

static bool contains(const egi_graph *g, egi_id tree, egi_id id, egi_id param)
{
    if (tree == id) return true;
    if (tree == param || egi_is_scalar(g, tree)) return false;
    for (uint32_t k = 0; k < egi_at(g, tree)->num_args; k++) {
        if (contains(g, egi_arg(g, tree, k), id, param)) return true;
    }
    return false;
}

static int64_t times_a_result(const egi_graph *g, egi_id id)
{
    int64_t n = 0;
    for (int64_t r = 0; r < g->regions.n; r++) {
        for (int64_t k = 0; k < g->regions.at[r].results.n; k++) n += g->regions.at[r].results.at[k] == id;
    }
    return n;
}

/* Would the stage of `first` evaluate it for operand k of `id`?  It could no longer: memory holds `first` already. */
static bool evaluates(const egi_plan *p, egi_id id, uint32_t k, egi_id first)
{
    const egi_graph *g = p->g;
    const egi_node *n = egi_at(g, id);
    if (n->op == EGI_EVENT) return k == 1; /* its list is made there */
    return n->region == egi_at(g, first)->region && n->shape == egi_at(g, first)->shape &&
           p->level[id] == p->level[first] && egi_is_fused(p, id);
}

/* The parameter and what lies between it and `first` are used nowhere else, and others read `first` from memory. */
static bool private_tree(const egi_plan *p, egi_id first, egi_id param)
{
    const egi_graph *g = p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (times_a_result(g, id) && contains(g, first, id, param)) return false;
        for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) {
            egi_id a = egi_arg(g, id, k);
            if (a == first && evaluates(p, id, k, first)) return false;
            if (egi_is_scalar(g, a) || a == first || !contains(g, first, a, param)) continue;
            if (!contains(g, first, id, param)) return false;
        }
    }
    return true;
}

/* First of the values that replace the parameter in its buffer. */
static egi_id first_of(const egi_plan *p, egi_id result, egi_id param, uint32_t buffer)
{
    const egi_graph *g = p->g;
    egi_id id = result;
    while (id != param && p->place[id].buffer == buffer) {
        int op = egi_at(g, id)->op;
        if (egi_is_fused(p, id)) return id;
        if (op != EGI_EVENT && op != EGI_SCATTER && op != EGI_UPDATE) return 0;
        id = egi_arg(g, id, 0);
    }
    return 0;
}

/* A user of `result` in the stage that reads it last, provided that all uses allow overwriting there. */
static egi_id last_reader(const egi_plan *p, egi_id result, uint16_t body)
{
    const egi_graph *g = p->g;
    egi_id last = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (egi_id id = 1; id < g->nodes.n; id++) {
            const egi_node *n = egi_at(g, id);
            for (uint32_t k = 0; k < n->num_args; k++) {
                if (egi_arg(g, id, k) != result) continue;
                if (n->region != body || (egi_is_view(g, id) && !p->forced[id])) return 0;
                bool direct = egi_is_fused(p, id) && !p->forced[id] && n->shape == egi_at(g, result)->shape &&
                              !egi_reads_elsewhere(g, id, 0);
                if (pass == 0 && direct && (!last || p->level[id] > p->level[last])) last = id;
                if (pass == 1 && p->level[id] > p->level[last]) return 0;
                if (pass == 1 && p->level[id] == p->level[last] && !direct) return 0;
            }
        }
        if (!last) return 0;
    }
    return p->level[last] > p->level[result] ? last : 0;
}

static bool drop_store(egi_stages *list, egi_id node, uint32_t buffer)
{
    for (int64_t k = 0; k < list->n; k++) {
        egi_stage *s = &list->at[k];
        for (int64_t j = 0; j < s->stores.n; j++) {
            if (s->stores.at[j].node != node || s->stores.at[j].place.buffer != buffer) continue;
            memmove(&s->stores.at[j], &s->stores.at[j + 1], (size_t)(s->stores.n - j - 1) * sizeof *s->stores.at);
            s->stores.n--;
            return true;
        }
    }
    return false;
}

/* The value is stored once, into its own place. */
static bool stored_elsewhere(const egi_stages *list, egi_id node, uint32_t buffer)
{
    for (int64_t k = 0; k < list->n; k++) {
        for (int64_t j = 0; j < list->at[k].stores.n; j++) {
            const egi_store *s = &list->at[k].stores.at[j];
            if (s->node == node && s->place.buffer != buffer) return true;
        }
    }
    return false;
}

static void rotate(egi_plan *p, uint16_t body, egi_id param, egi_id result)
{
    const egi_graph *g = p->g;
    egi_region_plan *rp = &p->region[body];
    uint32_t buffer = p->place[param].buffer;
    int budget = 16;
    egi_id first = first_of(p, result, param, buffer);
    if (!first || first == result || times_a_result(g, result) != 1) return;
    if (!own_value(p, first, param, body, &budget) || !private_tree(p, first, param)) return;
    egi_id last = last_reader(p, result, body);
    if (!last || stored_elsewhere(&rp->stages, first, buffer)) return;
    if (!drop_store(&rp->stages, first, buffer)) return;
    egi_plan_store(p, &rp->enter, 2 * p->level[first] + 1, first, p->place[param]);
    egi_stage *s = egi_plan_stage(p, &rp->stages, EGI_STAGE_FUSED, 2 * p->level[last] + 1, egi_at(g, result)->shape, 0);
    egi_store st = {.node = result, .place = p->place[param], .rotated = first, .param = param};
    if (s && !egi_push(&g->eg->allocator, &s->stores, st)) p->failed = true;
}

/* Stages that rotation left with nothing to do. */
static void drop_empty(egi_plan *p, egi_stages *list)
{
    const eg_allocator *a = &p->g->eg->allocator;
    int64_t n = 0;
    for (int64_t k = 0; k < list->n; k++) {
        egi_stage *s = &list->at[k];
        if (s->kind == EGI_STAGE_FUSED && !s->stores.n && !s->lists.n)
            egi_vec_free(a, &s->stores);
        else
            list->at[n++] = *s;
    }
    list->n = n;
}

void egi_plan_rotate(egi_plan *p)
{
    const egi_graph *g = p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (egi_at(g, id)->op != EGI_LOOP) continue;
        uint16_t body = (uint16_t)egi_ints_of(g, egi_at(g, id))[0];
        const egi_region *r = &g->regions.at[body];
        for (int64_t k = 0; k < egi_ints_of(g, egi_at(g, id))[1]; k++) {
            egi_id param = r->params.at[k + 1], result = r->results.at[k];
            if (!egi_is_scalar(g, result) && p->place[param].buffer == p->place[result].buffer)
                rotate(p, body, param, result);
        }
        drop_empty(p, &p->region[body].stages);
    }
}
