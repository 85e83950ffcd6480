/* The primal of a gradient, and the values of a region made again where it is swept. */
#include "core/context.h"
#include "opt/grad.h"

static bool among(egi_leaf l, bool impure, bool costly)
{
    return (l == EGI_LEAF_IMPURE && impure) || (l == EGI_LEAF_COSTLY && costly);
}

bool egi_grad_leaves(egi_grad *x, uint16_t r, bool impure, bool costly, egi_ids *out)
{
    const egi_graph *g = x->from;
    for (uint32_t k = x->first[r]; k < x->first[r + 1]; k++) {
        egi_id id = x->order[k];
        const egi_node *n = egi_at(g, id);
        if (among((egi_leaf)x->leaf[id], impure, costly) && !egi_push(&g->eg->allocator, out, id)) {
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

static bool push(egi_grad *x, egi_ids *list, egi_id id)
{
    if (id && egi_push(&x->to->eg->allocator, list, id)) return true;
    x->to->failed |= id != 0;
    return false;
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
    egi_id made = egi_grad_failed(x) ? 0 : egi_grad_owner(x, EGI_WHILE, &args, 2, attr);
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
    return predicate ? egi_grad_owner(x, EGI_COND, &args, 2, region) : 0;
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

/* What a loop carries besides comes before what it stacks. */
static egi_id clone_item(egi_grad *x, egi_id id)
{
    const egi_graph *g = x->from;
    egi_id owner = egi_arg(g, id, 0);
    const egi_node *o = egi_at(g, owner);
    uint64_t k = egi_at(g, id)->imm;
    if (o->op == EGI_LOOP && (int64_t)k >= egi_ints_of(g, o)[1]) k += x->more[owner];
    return egi_item(x->to, x->map[owner], (uint32_t)k, egi_spec(g, id));
}

static egi_id clone_node(egi_grad *x, egi_id id, unsigned flags)
{
    const egi_graph *g = x->from;
    const egi_node *n = egi_at(g, id);
    egi_leaf l = (egi_leaf)x->leaf[id];
    if (among(l, flags & EGI_REPLAY_IMPURE, flags & EGI_REPLAY_COSTLY)) return x->saved[id];
    egi_id made;
    switch ((int)n->op) {
    case EGI_ITEM: made = clone_item(x, id); break;
    case EGI_LOOP: return egi_grad_clone_loop(x, id, flags);
    case EGI_WHILE: return clone_while(x, id);
    case EGI_COND: return clone_cond(x, id, flags);
    default: made = egi_copy_plain(x->to, g, id, x->map); break;
    }
    if (l != EGI_LEAF_NONE) x->saved[id] = made;
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
