/* Custom gradients and stopped ones. */
#include "api/ops.h"
#include "api/region.h"
#include "engram/transform.h"
#include "ir/complex.h"
#include "opt/rebuild.h"

typedef struct custom {
    eg_context *eg;
    egi_graph *g;
    egi_id x, y;    /* what forward took and gave */
    egi_ids xs, ys; /* their leaves */
    const char *file;
    int line;
} custom;

/* -- the rule: backward traced into a graph of its own ----------------------------------------------------------- */

/* New arguments of the specs of the leaves, in the structure of `like`, a value of the trace around. */
static egi_id arguments(egi_graph *g, const egi_graph *outer, egi_id like)
{
    if (egi_is_pair(outer, like)) {
        egi_id re = arguments(g, outer, egi_arg(outer, like, 0));
        return egi_pair(g, re, arguments(g, outer, egi_arg(outer, like, 1)));
    }
    if (egi_at(outer, like)->op == EGI_TUPLE) {
        uint32_t n = egi_at(outer, like)->num_args;
        egi_id *part = egi_arena_alloc(&g->arena, (n + 1) * sizeof *part);
        if (!part) egi_no_memory(g->eg);
        for (uint32_t k = 0; part && k < n; k++) part[k] = arguments(g, outer, egi_arg(outer, like, k));
        return part ? egi_tuple(g, n, part) : 0;
    }
    eg_spec spec = egi_spec(outer, like);
    if (!egi_push(&g->eg->allocator, &g->args, spec)) {
        egi_no_memory(g->eg);
        return 0;
    }
    return egi_node_make(g, &(egi_make){.op = EGI_ARG,
                                        .dtype = spec.dtype,
                                        .shape = egi_shape_intern(g, egi_shape_of(outer, like)),
                                        .imm = (uint64_t)(g->args.n - 1)});
}

/* The gradient of one part of x, as that part is. */
static egi_id fitting(const custom *c, egi_graph *g, egi_id v, eg_spec want, int64_t k)
{
    if (!egi_is_float(want.dtype)) return v;
    eg_spec got = egi_spec(g, v);
    if (got.rank == 0) v = egi_broadcast_to(g, egi_convert(g, want.dtype, v), want);
    if (!v || egi_spec_equal(egi_spec(g, v), want)) return v;
    egi_text t = {.allocator = &c->eg->allocator};
    egi_put_spec(&t, got);
    egi_put(&t, "; it must be ");
    egi_put_spec(&t, want);
    egi_fail(c->eg, EG_ERR_SHAPE, c->file, c->line, "eg_custom_gradient: the gradient of part %lld of x is %s",
             (long long)k, t.s ? t.s : "of another type");
    egi_text_free(&t);
    return 0;
}

/* The parts of a value, of which a complex one is one. */
static bool parts(egi_graph *g, egi_id id, egi_ids *to)
{
    const egi_node *n = egi_at(g, id);
    if (n->op != EGI_TUPLE) return egi_ids_push(g, to, id);
    for (uint32_t k = 0; k < n->num_args; k++) {
        if (!parts(g, egi_arg(g, id, k), to)) return false;
    }
    return true;
}

/* Is what backward returned of x's structure? */
static bool fits(const custom *c, egi_graph *g, egi_id out)
{
    egi_ids x = {0}, dx = {0};
    bool ok = parts(c->g, c->x, &x) && parts(g, out, &dx);
    if (ok && x.n != dx.n)
        egi_fail(c->eg, EG_ERR_TYPE, c->file, c->line,
                 "eg_custom_gradient: backward returns %lld part(s); x has %lld, and each has a gradient",
                 (long long)dx.n, (long long)x.n);
    for (int64_t k = 0; ok && k < x.n && k < dx.n; k++) {
        bool is = egi_is_pair(g, dx.at[k]), must = egi_is_pair(c->g, x.at[k]);
        if (is != must)
            egi_fail(c->eg, EG_ERR_TYPE, c->file, c->line,
                     "eg_custom_gradient: the gradient of part %lld of x is %s; it must be %s", (long long)k,
                     is ? "complex" : "real", must ? "complex, too: eg_complex(g, 0)" : "real, too: eg_re, eg_im");
    }
    egi_vec_free(&c->eg->allocator, &x);
    egi_vec_free(&c->eg->allocator, &dx);
    return ok && !c->eg->status;
}

/* What backward returned as results of its graph: one for each leaf of x. */
static bool rule_results(const custom *c, egi_graph *g, eg_val out)
{
    egi_id id = egi_any(c->eg, out, "eg_custom_gradient", c->file, c->line);
    egi_ids leaf = {0};
    bool ok = id && fits(c, g, id) && egi_flatten(g, id, &leaf);
    for (int64_t k = 0; ok && k < leaf.n; k++) {
        egi_id v = fitting(c, g, leaf.at[k], egi_spec(c->g, c->xs.at[k]), k);
        ok = egi_ids_push(g, &g->regions.at[0].results, v);
    }
    egi_vec_free(&c->eg->allocator, &leaf);
    return ok;
}

/* The rule's graph, simplified; NULL after an error. */
static egi_graph *rule_of(const custom *c, eg_fn backward, void *user)
{
    eg_context *eg = c->eg;
    egi_graph *g = egi_graph_new(eg), *rule = NULL;
    if (!g) return NULL;
    egi_scope scope = {.kind = EGI_SCOPE_FUNC};
    egi_trace trace = {.outer = eg->trace, .g = g, .generation = ++eg->generation, .scope = &scope};
    egi_trace *outer = eg->trace;
    eg->trace = &trace;
    egi_here(g, c->file, c->line);
    egi_id part[3] = {arguments(g, c->g, c->x), arguments(g, c->g, c->y), arguments(g, c->g, c->y)};
    egi_id all = egi_tuple(g, 3, part);
    bool ok = all && rule_results(c, g, backward(user, egi_wrap(eg, all))) && !eg->status;
    if (ok && scope.vars.n) {
        egi_fail(eg, EG_ERR_STATE, c->file, c->line,
                 "eg_custom_gradient: backward uses variable '%s'; let forward take or give what it needs",
                 g->vars.at[scope.vars.at[0].slot]->name);
        ok = false;
    }
    eg->trace = outer;
    egi_vec_free(&eg->allocator, &scope.vars);
    if (ok) rule = egi_simplify(g);
    egi_graph_free(g);
    return rule;
}

/* -- the nodes ----------------------------------------------------------------------------------------------------- */

static egi_id marked(const custom *c, int64_t which, uint64_t rule)
{
    egi_graph *g = c->g;
    egi_id y = c->ys.at[which];
    int64_t attr[] = {which, rule ? c->xs.n : 0};
    egi_ids args = {0};
    bool ok = egi_ids_push(g, &args, y);
    for (int64_t k = 0; ok && rule && k < c->xs.n; k++) ok = egi_ids_push(g, &args, c->xs.at[k]);
    for (int64_t k = 0; ok && rule && k < c->ys.n; k++) ok = egi_ids_push(g, &args, c->ys.at[k]);
    if (!rule) attr[0] = 0;
    egi_id id = ok ? egi_node_make(g, &(egi_make){.op = EGI_CUSTOM,
                                                  .dtype = egi_dtype_of(g, y),
                                                  .shape = egi_at(g, y)->shape,
                                                  .num_args = (uint32_t)args.n,
                                                  .args = args.at,
                                                  .attr = egi_ints(g, 2, attr),
                                                  .imm = rule})
                   : 0;
    egi_vec_free(&g->eg->allocator, &args);
    return id;
}

/* y with each leaf marked. */
static eg_val all_marked(custom *c, uint64_t rule)
{
    egi_ids leaf = {0};
    bool ok = true;
    for (int64_t k = 0; ok && k < c->ys.n; k++) ok = egi_ids_push(c->g, &leaf, marked(c, k, rule));
    const egi_id *l = leaf.at;
    eg_val out = ok ? egi_wrap_any(c->eg, egi_unflatten(c->g, c->y, &l)) : eg_nothing();
    egi_vec_free(&c->eg->allocator, &leaf);
    return out;
}

static void release(custom *c)
{
    egi_vec_free(&c->eg->allocator, &c->xs);
    egi_vec_free(&c->eg->allocator, &c->ys);
}

eg_val(eg_custom_gradient)(eg_context *eg, eg_fn forward, eg_fn backward, void *user, eg_val x, const char *file,
                           int line)
{
    egi_graph *g = egi_tracing(eg, "eg_custom_gradient", file, line);
    if (!g) return eg_nothing();
    if (!forward || !backward) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_custom_gradient: %s is NULL", forward ? "backward" : "forward");
        return eg_nothing();
    }
    egi_here(g, file, line);
    custom c = {.eg = eg, .g = g, .file = file, .line = line};
    eg_val out = eg_nothing();
    c.x = egi_any(eg, x, "eg_custom_gradient", file, line);
    if (c.x) c.y = egi_any(eg, forward(user, egi_wrap_any(eg, c.x)), "eg_custom_gradient", file, line);
    egi_here(g, file, line);
    if (c.y && !eg->status && egi_flatten(g, c.x, &c.xs) && egi_flatten(g, c.y, &c.ys)) {
        egi_graph *rule = rule_of(&c, backward, user);
        if (rule && !egi_push(&eg->allocator, &g->customs, rule)) {
            egi_graph_free(rule);
            egi_no_memory(eg);
            rule = NULL;
        }
        if (rule) out = all_marked(&c, (uint64_t)g->customs.n);
    }
    release(&c);
    return out;
}

eg_val(eg_stop_gradient)(eg_val x, const char *file, int line)
{
    if (egi_is_plain(x)) return x;
    eg_context *eg = egi_context_of(x);
    egi_graph *g = eg ? egi_tracing(eg, "eg_stop_gradient", file, line) : NULL;
    if (!g) return eg_nothing();
    egi_here(g, file, line);
    custom c = {.eg = eg, .g = g, .y = egi_use(eg, x, "eg_stop_gradient", true, file, line)};
    eg_val out = eg_nothing();
    if (c.y && egi_flatten(g, c.y, &c.ys)) out = all_marked(&c, 0);
    release(&c);
    return out;
}
