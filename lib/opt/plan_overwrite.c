/* May a value be written where another one lies?  Only when nobody needs that any more. */
#include "core/context.h"
#include "ir/region.h"
#include "opt/place.h"

/* -- uses ---------------------------------------------------------------------------------------------------------- */

bool egi_uses_build(egi_place_work *w)
{
    const egi_graph *g = w->p->g;
    const eg_allocator *a = &g->eg->allocator;
    w->u.first = egi_alloc(a, (size_t)(g->nodes.n + 2) * sizeof(uint32_t), 16);
    w->u.at = egi_alloc(a, (size_t)(g->operands.n + 1) * sizeof(egi_id), 16);
    if (!w->u.first || !w->u.at) return false;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) w->u.first[egi_arg(g, id, k) + 1]++;
    }
    for (int64_t k = 0; k < g->nodes.n; k++) w->u.first[k + 1] += w->u.first[k];
    for (egi_id id = (egi_id)g->nodes.n; id-- > 1;) {
        for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) {
            egi_id o = egi_arg(g, id, k);
            w->u.at[--w->u.first[o + 1]] = id;
        }
    }
    /* Filling moved every start of o to first[o + 1]; shift back. */
    for (int64_t k = 0; k < g->nodes.n; k++) w->u.first[k] = w->u.first[k + 1];
    uint32_t end = 0;
    for (egi_id id = 1; id < g->nodes.n; id++) end += egi_at(g, id)->num_args;
    w->u.first[g->nodes.n] = end;
    return true;
}

void egi_uses_free(egi_place_work *w)
{
    const eg_allocator *a = &w->p->g->eg->allocator;
    egi_free(a, w->u.first);
    egi_free(a, w->u.at);
}

int64_t egi_uses_of(const egi_place_work *w, egi_id id) { return w->u.first[id + 1] - w->u.first[id]; }

/* -- stages that two values share ---------------------------------------------------------------------------------- */

bool egi_same_stage(const egi_plan *p, egi_id a, egi_id b)
{
    return egi_at(p->g, a)->region == egi_at(p->g, b)->region && egi_at(p->g, a)->shape == egi_at(p->g, b)->shape &&
           p->level[a] == p->level[b];
}

bool egi_direct_use(const egi_plan *p, egi_id user, egi_id a)
{
    const egi_graph *g = p->g;
    if (!egi_is_fused(p, user) || p->forced[user] || egi_is_inline(p, user)) return false;
    if (egi_reads_elsewhere(g, user, 0) && egi_arg(g, user, 0) == a) return false;
    return egi_at(g, user)->shape == egi_at(g, a)->shape;
}

/* -- may a value be overwritten? ----------------------------------------------------------------------------------- */

bool egi_is_result(const egi_plan *p, egi_id id)
{
    const egi_graph *g = p->g;
    for (int64_t r = 0; r < g->regions.n; r++) {
        for (int64_t k = 0; k < g->regions.at[r].results.n; k++) {
            if (g->regions.at[r].results.at[k] == id) return true;
        }
    }
    for (int64_t k = 0; k < g->writes.n; k++) {
        if (g->writes.at[k].value == id) return true;
    }
    return false;
}

egi_id egi_base_of(const egi_graph *g, egi_id writer)
{
    switch ((int)egi_at(g, writer)->op) {
    case EGI_DOT_EVENT:
    case EGI_EVENT:
    case EGI_UPDATE:
    case EGI_SCATTER: return egi_arg(g, writer, 0);
    case EGI_DOT: return egi_at(g, writer)->num_args > 2 ? egi_arg(g, writer, 2) : 0;
    case EGI_ITEM: {
        egi_id o = egi_arg(g, writer, 0);
        uint64_t k = egi_at(g, writer)->imm;
        if (egi_at(g, o)->op == EGI_LOOP && k < (uint64_t)egi_ints_of(g, egi_at(g, o))[1])
            return egi_arg(g, o, (uint32_t)k + 1);
        if (egi_at(g, o)->op == EGI_WHILE) return egi_arg(g, o, (uint32_t)k);
        return 0;
    }
    default: return 0;
    }
}

static egi_id acting(const egi_graph *g, egi_id writer)
{
    return egi_at(g, writer)->op == EGI_ITEM ? egi_arg(g, writer, 0) : writer;
}

/* How often an operand stands among the writer's. */
static int times(const egi_graph *g, egi_id writer, egi_id a)
{
    int n = 0;
    for (uint32_t k = 0; k < egi_at(g, writer)->num_args; k++) n += egi_arg(g, writer, k) == a;
    return n;
}

/* kept: that x is a result of its region is taken care of. */
static bool may_overwrite(const egi_place_work *w, egi_id x, egi_id writer, bool through_view, bool kept)
{
    const egi_plan *p = w->p;
    const egi_graph *g = p->g;
    uint16_t region = egi_at(g, writer)->region;
    egi_id act = acting(g, writer);
    int level = p->level[act];
    if (!x) return true;
    if (!kept && egi_is_result(p, x)) return false;
    for (uint32_t k = w->u.first[x]; k < w->u.first[x + 1]; k++) {
        egi_id u = w->u.at[k];
        if (egi_is_view(g, u) && !p->forced[u] && !egi_is_scalar(g, u)) {
            if (!may_overwrite(w, u, writer, true, false)) return false;
            continue;
        }
        if (egi_at(g, u)->region != region) {
            egi_id o = egi_owner_in(g, egi_at(g, u)->region, region);
            if (!o || o == act || p->level[o] >= level) return false;
            continue;
        }
        if (u == act) {
            bool in_place = !through_view && egi_base_of(g, writer) == x && times(g, act, x) == 1;
            bool direct = !through_view && egi_is_fused(p, writer) && egi_direct_use(p, writer, x);
            if (!in_place && !direct) return false;
            continue;
        }
        /* Spikes whose list the step before has made are not read from memory. */
        if (egi_at(g, u)->op == EGI_EVENT && egi_arg(g, u, 1) == x && egi_dtype_of(g, x) == EG_BOOL &&
            times(g, u, x) == 1 && egi_plan_next_spikes(p, x))
            continue;
        if (p->level[u] < level) continue;
        bool joined = p->level[u] == level && egi_is_fused(p, writer) && egi_is_fused(p, u) && !through_view &&
                      egi_same_stage(p, u, writer) && egi_direct_use(p, u, x);
        if (!joined) return false;
    }
    /* A row parameter reads its loop's sequence all through the loop. */
    return true;
}

bool egi_may_overwrite(const egi_place_work *w, egi_id x, egi_id writer)
{
    return may_overwrite(w, x, writer, false, false);
}

static int64_t times_a_result(const egi_graph *g, egi_id id)
{
    int64_t n = 0;
    for (int64_t r = 0; r < g->regions.n; r++) {
        for (int64_t k = 0; k < g->regions.at[r].results.n; k++) n += g->regions.at[r].results.at[k] == id;
    }
    for (int64_t k = 0; k < g->writes.n; k++) n += g->writes.at[k].value == id;
    return n;
}

bool egi_may_replace_stacked(const egi_place_work *w, egi_id x, egi_id writer)
{
    const egi_plan *p = w->p;
    const egi_graph *g = p->g;
    bool fused = egi_is_fused(p, writer) && !egi_is_inline(p, writer) && !p->forced[writer];
    return fused && egi_at(g, writer)->region == egi_at(g, x)->region &&
           egi_at(g, writer)->shape == egi_at(g, x)->shape && !p->place[writer].buffer && times_a_result(g, x) == 1 &&
           may_overwrite(w, x, writer, false, true);
}

/* -- what a cond changes ------------------------------------------------------------------------------------------- */

/* Is x read in the arm by nothing but the loop that computes `writer`, or before it? */
static bool arm_may_replace(const egi_place_work *w, uint16_t arm, egi_id x, egi_id writer)
{
    const egi_plan *p = w->p;
    const egi_graph *g = p->g;
    if (writer == x) return true; /* and stays as it is */
    if (egi_at(g, writer)->region != arm || !egi_is_fused(p, writer) || egi_is_inline(p, writer)) return false;
    if (p->place[writer].buffer || egi_is_scalar(g, writer) || times_a_result(g, writer) != 1) return false;
    for (uint32_t k = w->u.first[x]; k < w->u.first[x + 1]; k++) {
        egi_id u = w->u.at[k];
        if (egi_at(g, u)->region != arm) continue;
        bool joined = egi_is_fused(p, u) && egi_same_stage(p, u, writer) && egi_direct_use(p, u, x);
        if (!joined && p->level[u] >= p->level[writer]) return false;
    }
    return true;
}

/* Is x read before the cond only, through views as well, but for what is read of itself in its arms? */
static bool read_before(const egi_place_work *w, egi_id x, egi_id cond, const uint16_t arm[2], bool in_arms)
{
    const egi_plan *p = w->p;
    const egi_graph *g = p->g;
    const uint16_t region = egi_at(g, cond)->region;
    for (uint32_t k = w->u.first[x]; k < w->u.first[x + 1]; k++) {
        egi_id u = w->u.at[k];
        uint16_t r = egi_at(g, u)->region;
        bool view = egi_is_view(g, u) && !p->forced[u] && !egi_is_scalar(g, u);
        if (view && !read_before(w, u, cond, arm, false)) return false;
        if (r == arm[0] || r == arm[1]) {
            if (view || !in_arms) return false;
            continue;
        }
        egi_id o = r == region ? u : egi_owner_in(g, r, region);
        if (!view && (!o || p->level[o] >= p->level[cond])) return false;
    }
    return in_arms || times_a_result(g, x) == 0;
}

bool egi_may_replace_in_arms(const egi_place_work *w, egi_id x, egi_id item)
{
    const egi_graph *g = w->p->g;
    egi_id cond = egi_arg(g, item, 0);
    int64_t stays = 0;
    if (!x || egi_at(g, cond)->op != EGI_COND || egi_at(g, x)->region != egi_at(g, cond)->region) return false;
    uint16_t arm[2];
    for (int a = 0; a < 2; a++) {
        arm[a] = (uint16_t)egi_ints_of(g, egi_at(g, cond))[a];
        egi_id result = g->regions.at[arm[a]].results.at[egi_at(g, item)->imm];
        if (!arm_may_replace(w, arm[a], x, result)) return false;
        stays += result == x;
    }
    return times_a_result(g, x) == stays && read_before(w, x, cond, arm, true);
}
