/* What loops, whiles and conds share while tracing: tuples as lists of leaves, regions being entered and left. */
#include "api/region.h"

#include "api/ops.h"
#include "ir/complex.h"
#include "ir/region.h"

/* -- tuples as lists of leaves ----------------------------------------------------------------------------------- */

bool egi_ids_push(egi_graph *g, egi_ids *list, egi_id id)
{
    if (id && egi_push(&g->eg->allocator, list, id)) return true;
    if (id) egi_no_memory(g->eg);
    return false;
}

bool egi_flatten(egi_graph *g, egi_id id, egi_ids *out)
{
    if (!id) return false;
    if (egi_is_pair(g, id)) return egi_ids_push(g, out, egi_re(g, id)) && egi_ids_push(g, out, egi_im(g, id));
    if (egi_at(g, id)->op != EGI_TUPLE) return egi_ids_push(g, out, id);
    for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) {
        if (!egi_flatten(g, egi_arg(g, id, k), out)) return false;
    }
    return true;
}

/* A value of the same structure as `like` with other leaves. */
egi_id egi_unflatten(egi_graph *g, egi_id like, const egi_id **leaf)
{
    if (egi_is_pair(g, like)) {
        egi_id re = *(*leaf)++;
        return egi_pair(g, re, *(*leaf)++);
    }
    if (egi_at(g, like)->op != EGI_TUPLE) return *(*leaf)++;
    uint32_t n = egi_at(g, like)->num_args;
    egi_id *part = egi_arena_alloc(&g->arena, (n + 1) * sizeof *part);
    if (!part) {
        egi_no_memory(g->eg);
        return 0;
    }
    for (uint32_t k = 0; k < n; k++) part[k] = egi_unflatten(g, egi_arg(g, like, k), leaf);
    return egi_tuple(g, n, part);
}

static bool all_parts(egi_graph *g, egi_id id, egi_ids *out)
{
    if (egi_at(g, id)->op != EGI_TUPLE) return egi_ids_push(g, out, id);
    for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) {
        if (!all_parts(g, egi_arg(g, id, k), out)) return false;
    }
    return true;
}

bool egi_same_parts(egi_graph *g, egi_id before, egi_id now, const char *what, const char *file, int line)
{
    egi_ids a = {0}, b = {0};
    bool ok = before && now && all_parts(g, before, &a) && all_parts(g, now, &b);
    for (int64_t k = 0; ok && k < a.n && k < b.n; k++)
        ok = egi_is_pair(g, a.at[k]) == egi_is_pair(g, b.at[k]) || egi_matching(g, a.at[k], b.at[k], what, file, line);
    egi_vec_free(&g->eg->allocator, &a);
    egi_vec_free(&g->eg->allocator, &b);
    return ok;
}

/* Any eg_val as an id: nothing is the empty tuple. */
egi_id egi_any(eg_context *eg, eg_val v, const char *what, const char *file, int line)
{
    if (egi_is_nothing(v)) return egi_tuple(eg->trace->g, 0, NULL);
    if (egi_is_plain(v)) return egi_use_as(eg, v, egi_plain_is_int(v) ? EG_I32 : eg->default_float, what, file, line);
    return egi_use(eg, v, what, true, file, line);
}

eg_val egi_wrap_any(eg_context *eg, egi_id id)
{
    const egi_graph *g = eg->trace ? eg->trace->g : NULL;
    if (!id || !g) return eg_nothing();
    if (egi_at(g, id)->op == EGI_TUPLE && egi_at(g, id)->num_args == 0) return eg_nothing();
    return egi_wrap(eg, id);
}

/* -- regions ------------------------------------------------------------------------------------------------------- */

egi_id egi_region_param(egi_graph *g, uint16_t region, uint32_t k, eg_spec spec)
{
    egi_id id = egi_param_make(g, region, k, spec);
    return egi_ids_push(g, &g->regions.at[region].params, id) ? id : 0;
}

bool egi_region_enter(egi_trace *t, egi_scope *s, egi_scope_kind kind)
{
    *s = (egi_scope){.outer = t->scope, .kind = kind};
    s->region = egi_region_open(t->g, kind == EGI_SCOPE_ARM);
    if (!s->region) return false;
    t->scope = s;
    return true;
}

void egi_region_leave(egi_trace *t, egi_scope *s)
{
    egi_region_close(t->g, s->region);
    t->scope = s->outer;
}

void egi_scope_free(egi_trace *t, egi_scope *s) { egi_vec_free(&t->g->eg->allocator, &s->vars); }

egi_id egi_region_node(egi_graph *g, egi_op op, const egi_ids *args, int n, const int64_t *attr)
{
    return egi_node_make(g, &(egi_make){.op = op,
                                        .dtype = EG_DTYPE_COUNT,
                                        .num_args = (uint32_t)args->n,
                                        .args = args->at,
                                        .attr = egi_ints(g, n, attr)});
}

/* `now` may follow `before` in a loop: the same type and shape; a scalar is spread. */
egi_id egi_matching(egi_graph *g, egi_id before, egi_id now, const char *what, const char *file, int line)
{
    if (!before || !now) return 0;
    eg_spec a = egi_spec(g, before), b = egi_spec(g, now);
    if (egi_spec_equal(a, b)) return now;
    if (a.dtype == b.dtype && b.rank == 0) return egi_broadcast_to(g, now, a);
    egi_text t = {.allocator = &g->eg->allocator};
    egi_put_spec(&t, a);
    egi_put(&t, " becomes ");
    egi_put_spec(&t, b);
    egi_fail(g->eg, EG_ERR_SHAPE, file, line, "%s: %s; type and shape must stay the same", what, t.s ? t.s : "a value");
    egi_text_free(&t);
    return 0;
}

egi_id egi_items_like(egi_graph *g, egi_id owner, uint32_t *k, egi_id like)
{
    egi_id re = egi_item(g, owner, (*k)++, egi_spec(g, egi_re(g, like)));
    return egi_is_pair(g, like) ? egi_pair(g, re, egi_item(g, owner, (*k)++, egi_spec(g, egi_im(g, like)))) : re;
}

/* The values that the variables of a finished region get outside. */
void egi_publish(egi_trace *t, egi_scope *s, egi_id owner, uint32_t first)
{
    uint32_t k = first;
    for (int64_t i = 0; i < s->vars.n; i++) {
        egi_binding *b = &s->vars.at[i];
        eg_var *v = t->g->vars.at[b->slot];
        if (!b->param) continue;
        egi_id item = egi_items_like(t->g, owner, &k, b->outer);
        if (b->set && item) egi_scope_set(t, v, item);
    }
}
