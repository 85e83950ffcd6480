/* Reverse mode: a function's graph becomes one that gives its gradient as well. */
#include "opt/grad.h"

#include "core/context.h"
#include "opt/grad_graph.h"

static bool memory(egi_grad *x)
{
    const eg_allocator *a = &x->from->eg->allocator;
    size_t n = (size_t)x->from->nodes.n;
#define NEW(field, count) (x->field = egi_alloc(a, (size_t)(count) * sizeof *x->field, 16))
    bool ok = NEW(map, n) && NEW(adjoint, n) && NEW(saved, n) && NEW(start, n) && NEW(active, n) && NEW(useful, n) &&
              NEW(differs, n) && NEW(impure, n) && NEW(order, n) && NEW(item, n) && NEW(more, n) && NEW(leaf, n) &&
              NEW(first, x->from->regions.n + 1) && NEW(loc, x->from->locs.n);
#undef NEW
    if (!ok) egi_no_memory(x->from->eg);
    return ok;
}

static void release(egi_grad *x)
{
    void *const all[] = {x->map,    x->adjoint, x->saved, x->start, x->active, x->useful, x->differs,
                         x->impure, x->order,   x->first, x->item,  x->loc,    x->more,   x->leaf};
    for (size_t k = 0; k < EGI_LEN(all); k++) egi_free(&x->from->eg->allocator, all[k]);
}

/* Nodes by region, and items by owner, both ascending. */
static void index_nodes(egi_grad *x)
{
    const egi_graph *g = x->from;
    egi_by_region(g, x->order, x->first);
    for (egi_id id = (egi_id)g->nodes.n - 1; id > 0; id--) {
        if (egi_at(g, id)->op != EGI_ITEM) continue;
        egi_id owner = egi_arg(g, id, 0);
        x->item[id] = x->item[owner];
        x->item[owner] = id;
    }
}

static void push(egi_grad *x, egi_ids *list, egi_id id)
{
    if (!id || !egi_push(&x->to->eg->allocator, list, id)) x->to->failed = true;
}

/* The node of argument or variable number `slot`; 0 if the function does not read it. */
static egi_id leaf_of(const egi_graph *g, egi_op op, uint64_t slot)
{
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (egi_at(g, id)->op == op && egi_at(g, id)->imm == slot) return id;
    }
    return 0;
}

static egi_id wanted(const egi_graph *g, const egi_wrt *w)
{
    if (!w->var) return leaf_of(g, EGI_ARG, (uint64_t)w->arg);
    for (int64_t k = 0; k < g->vars.n; k++) {
        if (g->vars.at[k] == w->var) return leaf_of(g, EGI_VAR, (uint64_t)k);
    }
    return 0;
}

/* What the gradient starts from: 1, or one more argument. */
static egi_id seed(egi_grad *x, egi_id result, const eg_gradient_options *o)
{
    eg_spec spec = egi_spec(x->from, result);
    if (!o->pullback) return egi_filled(x->to, spec, 1);
    if (!egi_push(&x->to->eg->allocator, &x->to->args, egi_result_spec(x->from, o->result))) return 0;
    return egi_node_make(x->to, &(egi_make){.op = EGI_ARG,
                                            .dtype = spec.dtype,
                                            .shape = egi_shape_intern(x->to, egi_shape_of(x->from, result)),
                                            .imm = (uint64_t)(x->to->args.n - 1)});
}

static void results_of(egi_grad *x, int n, const egi_wrt *wrt)
{
    const egi_graph *g = x->from;
    const egi_ids *results = &egi_grad_region(x, 0)->results;
    for (int64_t k = 0; k < results->n; k++) push(x, &x->to->regions.at[0].results, x->map[results->at[k]]);
    for (int k = 0; k < n && !egi_grad_failed(x); k++) {
        egi_id id = wanted(g, &wrt[k]), d = id ? x->adjoint[id] : 0;
        const eg_spec spec = wrt[k].var ? wrt[k].var->spec : g->args.at[wrt[k].arg];
        if (!d) d = egi_zeros(x->to, egi_stored(spec));
        if (egi_is_complex(spec.dtype)) egi_result_becomes_complex(x->to, x->to->regions.at[0].results.n);
        push(x, &x->to->regions.at[0].results, d);
    }
    for (int64_t k = 0; k < g->writes.n; k++) {
        egi_write w = {g->writes.at[k].var, x->map[g->writes.at[k].value]};
        if (!egi_push(&g->eg->allocator, &x->to->writes, w)) x->to->failed = true;
    }
    x->to->regions.at[0].open = false;
}

static bool differentiate(egi_grad *x, egi_id result, int n, const egi_wrt *wrt, const eg_gradient_options *o)
{
    const egi_graph *g = x->from;
    bool *from = egi_arena_alloc(&x->to->arena, (size_t)g->nodes.n * sizeof *from);
    if (!from || !egi_copy_lists(x->to, g)) {
        egi_no_memory(g->eg);
        return false;
    }
    for (int k = 0; k < n; k++) from[wanted(g, &wrt[k])] = true;
    from[0] = false;
    index_nodes(x);
    if (!egi_grad_paths(x, from, result) || !egi_grad_choose(x)) return false;
    egi_grad_clone(x, 0, EGI_RECORD_IMPURE | EGI_RECORD_COSTLY | EGI_STACK);
    egi_id d = egi_grad_failed(x) ? 0 : seed(x, result, o);
    egi_contribute(x, result, d);
    egi_grad_sweep(x, 0);
    if (!egi_grad_failed(x)) results_of(x, n, wrt);
    return !egi_grad_failed(x);
}

egi_graph *egi_gradient(const egi_graph *from, egi_id result, int n, const egi_wrt *wrt, const eg_gradient_options *o)
{
    egi_grad x = {.from = from, .to = egi_graph_new(from->eg), .policy = o->policy, .every = o->every};
    bool ok = x.to && memory(&x) && differentiate(&x, result, n, wrt, o);
    release(&x);
    if (ok) return x.to;
    if (!from->eg->status) egi_no_memory(from->eg);
    egi_graph_free(x.to);
    return NULL;
}
