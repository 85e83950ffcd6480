/* Copies of a function side by side: the pass. */
#include "opt/vmap.h"

#include <stdio.h>

#include "core/context.h"
#include "ir/copy.h"

/* -- values -------------------------------------------------------------------------------------------------------- */

static eg_spec with_copies(const egi_vmap *x, eg_spec s)
{
    if (s.rank == EG_MAX_RANK) {
        egi_fail(x->to->eg, EG_ERR_SHAPE, x->r.file, x->r.line,
                 "%s: a value has %d axes, as many as there can be, and copies need one more", x->r.what, s.rank);
        return s;
    }
    for (int k = s.rank; k > 0; k--) s.dim[k] = s.dim[k - 1];
    s.dim[0] = x->num;
    s.rank++;
    return s;
}

eg_spec egi_vmap_spec(const egi_vmap *x, egi_id id)
{
    eg_spec s = egi_spec(x->from, id);
    return x->many[id] && s.rank < EG_MAX_RANK ? with_copies(x, s) : s;
}

egi_id egi_vmap_one(const egi_vmap *x, egi_id id) { return x->map[id]; }

egi_id egi_vmap_all(egi_vmap *x, egi_id id)
{
    if (x->many[id] || !x->map[id]) return x->map[id];
    const int64_t axes[] = {1, 2, 3, 4, 5, 6};
    egi_shape s = egi_shape_of_spec(with_copies(x, egi_spec(x->from, id)));
    return egi_broadcast_axes(x->to, x->map[id], &s, axes);
}

egi_id egi_vmap_as(egi_vmap *x, egi_id id, bool many) { return many ? egi_vmap_all(x, id) : egi_vmap_one(x, id); }

egi_id egi_vmap_spread_one(egi_vmap *x, egi_id v, egi_id like)
{
    const int64_t axes[] = {1, 2, 3, 4, 5, 6};
    egi_shape s = egi_shape_of_spec(with_copies(x, egi_spec(x->from, like)));
    return egi_broadcast_axes(x->to, v, &s, axes);
}

egi_id egi_vmap_spread(egi_vmap *x, egi_id v, egi_id like)
{
    const int64_t axes[] = {0};
    egi_shape s = egi_shape_of_spec(with_copies(x, egi_spec(x->from, like)));
    return s.rank > 1 ? egi_broadcast_axes(x->to, v, &s, axes) : v;
}

egi_id egi_vmap_wrong(egi_vmap *x, egi_id id, eg_status status, const char *what)
{
    const egi_node *n = egi_at(x->from, id);
    const egi_loc *at = &x->from->locs.at[n->loc];
    egi_fail(x->to->eg, status, at->file, at->line, "%s: %s%s%s: %s", x->r.what, egi_ops[n->op].text,
             at->name ? " " : "", at->name ? at->name : "", what);
    return 0;
}

/* -- nodes --------------------------------------------------------------------------------------------------------- */

static egi_id leaf(egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    egi_shape s = egi_shape_of_spec(egi_vmap_spec(x, id));
    return egi_node_make(x->to, &(egi_make){.op = (egi_op)n->op,
                                            .dtype = (eg_dtype)n->dtype,
                                            .shape = egi_shape_intern(x->to, &s),
                                            .imm = n->imm});
}

static bool too_deep(egi_vmap *x, egi_id id)
{
    egi_vmap_wrong(x, id, EG_ERR_SHAPE, "it has as many axes as there can be, and copies need one more");
    return false;
}

/* An axis more must be possible, also for what a loop stacks and a host function gives. */
static bool fits(egi_vmap *x, egi_id id)
{
    const egi_graph *g = x->from;
    const egi_node *n = egi_at(g, id);
    if (n->op == EGI_LOOP) {
        const int64_t *at = egi_ints_of(g, n);
        for (int64_t k = at[1]; k < at[1] + at[3]; k++) {
            egi_id y = egi_vmap_region_of(x, at[0])->results.at[k];
            if (x->many[y] && egi_shape_of(g, y)->rank + 2 > EG_MAX_RANK) return too_deep(x, id);
        }
    }
    for (int k = 0; n->op == EGI_HOST && k < g->hosts.at[n->imm].num_out; k++) {
        if (g->hosts.at[n->imm].out[k].rank == EG_MAX_RANK) return too_deep(x, id);
    }
    if (!x->many[id] || n->dtype == EG_DTYPE_COUNT) return true;
    eg_spec s = egi_spec(g, id);
    if (s.rank == EG_MAX_RANK) return too_deep(x, id);
    if (egi_spec_count(with_copies(x, s)) >= 0) return true;
    egi_vmap_wrong(x, id, EG_ERR_SHAPE, "so many copies have more elements than any memory");
    return false;
}

static egi_id emit(egi_vmap *x, egi_id id)
{
    const egi_graph *g = x->from;
    const egi_node *n = egi_at(g, id);
    if (!fits(x, id)) return 0;
    switch ((int)n->op) {
    case EGI_ARG:
    case EGI_VAR: return leaf(x, id);
    case EGI_ITEM:
        return x->items[egi_arg(g, id, 0)] ? x->items[egi_arg(g, id, 0)][n->imm] : egi_copy_plain(x->to, g, id, x->map);
    case EGI_LOOP:
    case EGI_WHILE:
    case EGI_COND:
    case EGI_HOST: egi_vmap_owner(x, id); return 1;
    case EGI_BATCH_MEAN: return egi_vmap_mean(x, id);
    default: return x->many[id] ? egi_vmap_rule(x, id) : egi_copy_plain(x->to, g, id, x->map);
    }
}

void egi_vmap_emit(egi_vmap *x, uint16_t region)
{
    for (uint32_t k = x->first[region]; k < x->first[region + 1] && !egi_vmap_failed(x); k++) {
        egi_id id = x->order[k];
        if (egi_at(x->from, id)->op == EGI_PARAM) continue; /* its owner gives its value */
        x->to->loc = egi_copy_loc(x->to, x->from, egi_at(x->from, id)->loc, x->loc);
        x->map[id] = emit(x, id);
        if (!x->map[id]) x->to->failed = true;
    }
}

/* -- a whole function ---------------------------------------------------------------------------------------------- */

static void interface(egi_vmap *x)
{
    egi_graph *g = x->to;
    for (int64_t k = 0; k < g->args.n; k++) {
        if (x->r.arg && !x->r.arg[k]) continue;
        if (g->args.at[k].rank == EG_MAX_RANK)
            egi_fail(g->eg, EG_ERR_SHAPE, x->r.file, x->r.line,
                     "%s: argument %lld has %d axes, as many as there can be, and copies need one more; share it",
                     x->r.what, (long long)k, EG_MAX_RANK);
        g->args.at[k] = with_copies(x, g->args.at[k]);
    }
    for (int64_t k = 0; k < g->vars.n; k++) {
        if (x->r.all && x->r.all[k]) g->vars.at[k] = x->r.all[k];
    }
}

static void results(egi_vmap *x)
{
    const egi_graph *g = x->from;
    const eg_allocator *a = &g->eg->allocator;
    const egi_ids *list = &egi_vmap_region_of(x, 0)->results;
    for (int64_t k = 0; k < list->n && !egi_vmap_failed(x); k++) {
        egi_id v = egi_vmap_all(x, list->at[k]);
        if (!v || !egi_push(a, &x->to->regions.at[0].results, v)) x->to->failed = true;
    }
    for (int64_t k = 0; k < g->writes.n && !egi_vmap_failed(x); k++) {
        egi_write w = g->writes.at[k];
        if (x->r.keep && x->r.keep[w.var]) continue;
        bool all = x->r.all && x->r.all[w.var];
        if (!all && x->many[w.value]) {
            egi_fail(g->eg, EG_ERR_ARGUMENT, x->r.file, x->r.line,
                     "%s: every copy sets variable '%s' to something else; give one that holds it for all copies in "
                     "options.vars",
                     x->r.what, g->vars.at[w.var]->name);
            return;
        }
        w.value = egi_vmap_as(x, w.value, all);
        if (!w.value || !egi_push(a, &x->to->writes, w)) x->to->failed = true;
    }
    x->to->regions.at[0].open = false;
}

static bool memory(egi_vmap *x)
{
    const egi_graph *g = x->from;
    egi_arena *a = &x->to->arena;
    size_t n = (size_t)g->nodes.n;
    x->many = egi_arena_alloc(a, n * sizeof *x->many);
    x->map = egi_arena_alloc(a, n * sizeof *x->map);
    x->items = egi_arena_alloc(a, n * sizeof *x->items);
    x->order = egi_arena_alloc(a, n * sizeof *x->order);
    x->first = egi_arena_alloc(a, (size_t)(g->regions.n + 2) * sizeof *x->first);
    x->loc = egi_arena_alloc(a, (size_t)(g->locs.n + 1) * sizeof *x->loc);
    x->rule = egi_arena_alloc(a, (size_t)(2 * g->customs.n + 1) * sizeof *x->rule);
    return x->many && x->map && x->items && x->order && x->first && x->loc && x->rule && egi_copy_lists(x->to, g);
}

egi_graph *egi_vmap_graph(const egi_graph *from, const egi_vmap_request *r)
{
    egi_vmap x = {.from = from, .to = egi_graph_new(from->eg), .r = *r, .num = r->num};
    bool ok = x.to && memory(&x);
    if (ok) {
        interface(&x);
        egi_by_region(from, x.order, x.first);
        egi_vmap_mark(&x);
        egi_vmap_emit(&x, 0);
        if (!egi_vmap_failed(&x)) results(&x);
        ok = !egi_vmap_failed(&x);
    }
    if (ok) return x.to;
    if (!from->eg->status) egi_no_memory(from->eg);
    egi_graph_free(x.to);
    return NULL;
}
