/* eg_while. */
#include "api/region.h"

static eg_val region_value(eg_context *eg, egi_scope *s, egi_id like, const egi_ids *carried)
{
    egi_graph *g = eg->trace->g;
    egi_ids leaf = {0};
    for (int64_t k = 0; k < carried->n; k++)
        egi_ids_push(g, &leaf, egi_region_param(g, s->region, (uint32_t)k, egi_spec(g, carried->at[k])));
    const egi_id *l = leaf.at;
    eg_val v = eg->status ? eg_nothing() : egi_wrap_any(eg, egi_unflatten(g, like, &l));
    egi_vec_free(&eg->allocator, &leaf);
    s->carried = (uint32_t)carried->n;
    return v;
}

/* Body and condition read variables: both get the same parameters, the body's first, since only it can set. */
static bool while_condition(eg_context *eg, egi_scope *c, const egi_scope *body, egi_id like, const egi_ids *carried,
                            eg_fn cond, void *user, const char *file, int line)
{
    egi_trace *t = eg->trace;
    egi_graph *g = t->g;
    if (!egi_region_enter(t, c, EGI_SCOPE_LOOP)) return false;
    eg_val x = region_value(eg, c, like, carried);
    /* All the body's variables in the body's order; ones that only the condition reads come after and never change. */
    for (int64_t k = 0; k < body->vars.n; k++) egi_scope_get(t, c, g->vars.at[body->vars.at[k].slot]);
    c->kind = EGI_SCOPE_COND;
    eg_val p = eg->status ? eg_nothing() : cond(user, x);
    egi_id id = eg->status ? 0 : egi_use_as(eg, p, EG_BOOL, "eg_while", file, line);
    if (id && (egi_dtype_of(g, id) != EG_BOOL || egi_at(g, id)->shape)) {
        egi_fail(eg, EG_ERR_TYPE, file, line, "eg_while: the condition must be a bool scalar");
        id = 0;
    }
    bool ok = id && egi_ids_push(g, &g->regions.at[c->region].results, id);
    egi_region_leave(t, c);
    return ok;
}

static bool while_body(eg_context *eg, egi_scope *s, egi_id like, egi_ids *carried, eg_fn body, void *user,
                       const char *file, int line)
{
    egi_trace *t = eg->trace;
    egi_graph *g = t->g;
    if (!egi_region_enter(t, s, EGI_SCOPE_LOOP)) return false;
    egi_ids now = {0};
    eg_val x = region_value(eg, s, like, carried);
    egi_id id = eg->status ? 0 : egi_any(eg, body(user, x), "eg_while", file, line);
    bool ok = id && egi_same_parts(g, like, id, "eg_while: a carried value", file, line) && egi_flatten(g, id, &now) &&
              now.n == carried->n;
    if (!ok)
        egi_fail(eg, EG_ERR_TYPE, file, line, "eg_while: the body must return a carry of %lld part(s), as given",
                 (long long)carried->n);
    for (int64_t k = 0; ok && k < now.n; k++)
        ok = egi_ids_push(g, &g->regions.at[s->region].results,
                          egi_matching(g, carried->at[k], now.at[k], "eg_while: a carried value", file, line));
    for (int64_t k = 0; ok && k < s->vars.n; k++)
        ok = egi_flatten(g, s->vars.at[k].value, &g->regions.at[s->region].results) &&
             egi_flatten(g, s->vars.at[k].outer, carried);
    egi_vec_free(&eg->allocator, &now);
    egi_region_leave(t, s);
    return ok;
}

eg_val(eg_while)(eg_context *eg, eg_fn cond, eg_fn body, void *user, eg_val init, const char *file, int line)
{
    egi_graph *g = egi_tracing(eg, "eg_while", file, line);
    if (!g) return eg_nothing();
    if (!cond || !body) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_while: the %s is NULL", cond ? "body" : "condition");
        return eg_nothing();
    }
    egi_here(g, file, line);
    egi_scope sb = {0}, sc = {0};
    egi_ids carried = {0}, start = {0}, done = {0};
    eg_val out = eg_nothing();
    egi_id like = egi_any(eg, init, "eg_while", file, line);
    if (like && egi_flatten(g, like, &carried) && egi_flatten(g, like, &start) &&
        while_body(eg, &sb, like, &carried, body, user, file, line) &&
        while_condition(eg, &sc, &sb, like, &start, cond, user, file, line)) {
        egi_here(g, file, line);
        int64_t attr[] = {sc.region, sb.region};
        egi_id w = egi_region_node(g, EGI_WHILE, &carried, 2, attr);
        if (w) g->regions.at[sb.region].owner = g->regions.at[sc.region].owner = w;
        if (w) egi_publish(eg->trace, &sb, w, (uint32_t)start.n);
        for (int64_t k = 0; w && k < start.n; k++)
            egi_ids_push(g, &done, egi_item(g, w, (uint32_t)k, egi_spec(g, start.at[k])));
        const egi_id *leaf = done.at;
        if (w && !eg->status) out = egi_wrap_any(eg, egi_unflatten(g, like, &leaf));
    }
    egi_scope_free(eg->trace, &sb);
    egi_scope_free(eg->trace, &sc);
    egi_ids *lists[] = {&carried, &start, &done};
    for (size_t k = 0; k < EGI_LEN(lists); k++) egi_vec_free(&eg->allocator, lists[k]);
    return out;
}
