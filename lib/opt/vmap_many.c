/* What differs from copy to copy: arguments and variables, random draws, and all that depends on them. */
#include "opt/vmap.h"

static bool any_arg(const egi_vmap *x, egi_id id)
{
    for (uint32_t k = 0; k < egi_at(x->from, id)->num_args; k++) {
        if (x->many[egi_arg(x->from, id, k)]) return true;
    }
    return false;
}

/* A copy that stays longer in a while than others keeps its values, the others do theirs: then all differ. */
static bool while_param(const egi_vmap *x, egi_id owner, uint64_t k)
{
    const int64_t *at = egi_ints_of(x->from, egi_at(x->from, owner));
    return x->many[egi_arg(x->from, owner, (uint32_t)k)] || x->many[egi_vmap_region_of(x, at[1])->results.at[k]] ||
           x->many[egi_vmap_region_of(x, at[0])->results.at[0]];
}

static bool loop_param(const egi_vmap *x, egi_id owner, uint64_t k)
{
    const egi_graph *g = x->from;
    const int64_t *at = egi_ints_of(g, egi_at(g, owner));
    if (k == 0) return false;
    if (x->many[egi_arg(g, owner, (uint32_t)k)]) return true;
    return (int64_t)k <= at[1] &&
           (x->many[egi_arg(g, owner, 0)] || x->many[egi_vmap_region_of(x, at[0])->results.at[k - 1]]);
}

static bool param(const egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    egi_id owner = egi_vmap_region_of(x, egi_ints_of(x->from, n)[0])->owner;
    return egi_at(x->from, owner)->op == EGI_LOOP ? loop_param(x, owner, n->imm) : while_param(x, owner, n->imm);
}

static bool item(const egi_vmap *x, egi_id id)
{
    const egi_graph *g = x->from;
    egi_id of = egi_arg(g, id, 0);
    const egi_node *o = egi_at(g, of);
    const uint64_t k = egi_at(g, id)->imm;
    if (o->op == EGI_HOST) return x->many[of];
    const int64_t *at = egi_ints_of(g, o);
    switch ((int)o->op) {
    case EGI_WHILE: return while_param(x, of, k);
    case EGI_LOOP:
        return (int64_t)k < at[1] ? loop_param(x, of, k + 1) : x->many[egi_vmap_region_of(x, at[0])->results.at[k]];
    case EGI_COND:
        return x->many[egi_arg(g, of, 0)] || x->many[egi_vmap_region_of(x, at[0])->results.at[k]] ||
               x->many[egi_vmap_region_of(x, at[1])->results.at[k]];
    default: return x->many[egi_arg(g, of, (uint32_t)k)];
    }
}

static bool differs(const egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    switch ((int)n->op) {
    case EGI_ARG: return !x->r.arg || x->r.arg[n->imm];
    case EGI_VAR: return x->r.all && x->r.all[n->imm];
    case EGI_HOST: return true; /* called for each copy */
    case EGI_BATCH_MEAN: return x->r.keep_means && any_arg(x, id);
    case EGI_BITS: return !x->r.same_draws || any_arg(x, id);
    case EGI_PARAM: return param(x, id);
    case EGI_ITEM: return item(x, id);
    case EGI_LOOP:
    case EGI_WHILE:
    case EGI_COND: return false;
    default: return any_arg(x, id);
    }
}

/* Loops hand values back to their parameters: repeated until nothing changes. */
void egi_vmap_mark(egi_vmap *x)
{
    for (bool again = true; again;) {
        again = false;
        for (egi_id id = 1; id < x->from->nodes.n; id++) {
            if (x->many[id] || !differs(x, id)) continue;
            x->many[id] = again = true;
        }
    }
}
