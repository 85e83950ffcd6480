/* eg_apply: calling a traced function inside another trace. */
#include "api/region.h"
#include "ir/complex.h"
#include "ir/copy.h"

/* Checks argument k against what the function takes; a plain number becomes a constant of that type. */
static egi_id argument(eg_context *eg, const eg_func *f, int k, eg_val v, const char *file, int line)
{
    eg_spec want = f->traced->args.at[k];
    egi_id id = egi_use_as(eg, v, want.dtype, "eg_apply", file, line);
    if (!id) return 0;
    eg_spec got = egi_spec(eg->trace->g, id);
    if (egi_spec_equal(got, want)) return egi_to_stored(eg->trace->g, id);
    egi_text t = {.allocator = &eg->allocator};
    egi_put_spec(&t, want);
    egi_put(&t, ", not ");
    egi_put_spec(&t, got);
    egi_fail(eg, got.dtype == want.dtype ? EG_ERR_SHAPE : EG_ERR_TYPE, file, line,
             "eg_apply of '%s': argument %d is %s; convert or reshape it", f->name, k, t.s ? t.s : "of another type");
    egi_text_free(&t);
    return 0;
}

static bool arguments(eg_context *eg, const eg_func *f, eg_val x, egi_id *arg, const char *file, int line)
{
    int n = (int)f->traced->args.n, given = eg_tuple_size(x);
    if (given != n && !(n == 1 && egi_is_plain(x))) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_apply of '%s': it takes %d argument%s, %d given", f->name, n,
                 n == 1 ? "" : "s", given);
        return false;
    }
    for (int k = 0; k < n; k++) {
        arg[k] = argument(eg, f, k, n == 1 ? x : (eg_item)(x, k, file, line), file, line);
        if (!arg[k]) return false;
    }
    return true;
}

static bool variables(egi_trace *t, const eg_func *f, egi_id *var)
{
    for (int64_t k = 0; k < f->traced->vars.n; k++) {
        var[k] = egi_to_stored(t->g, egi_scope_get(t, t->scope, f->traced->vars.at[k]));
        if (!var[k]) return false;
    }
    return true;
}

static egi_id result(eg_context *eg, const eg_func *f, const egi_id *map, int64_t k)
{
    egi_id id = map[f->traced->regions.at[0].results.at[k]];
    return egi_result_is_complex(f->traced, k) ? egi_from_stored(eg->trace->g, id) : id;
}

static eg_val result_of(eg_context *eg, const eg_func *f, const egi_id *map)
{
    const egi_ids *results = &f->traced->regions.at[0].results;
    egi_graph *g = eg->trace->g;
    if (results->n == 0) return eg_nothing();
    if (results->n == 1) return egi_wrap(eg, result(eg, f, map, 0));
    egi_id *part = egi_arena_alloc(&g->arena, (size_t)results->n * sizeof *part);
    if (!part) {
        egi_no_memory(eg);
        return eg_nothing();
    }
    for (int64_t k = 0; k < results->n; k++) part[k] = result(eg, f, map, k);
    return egi_wrap(eg, egi_tuple(g, (uint32_t)results->n, part));
}

eg_val(eg_apply)(eg_func *f, eg_val x, const char *file, int line)
{
    if (!f) return egi_lost("eg_apply", "the function is NULL; trace it with eg_trace, before this one", file, line);
    eg_context *eg = f->eg;
    egi_graph *g = egi_tracing(eg, "eg_apply", file, line);
    if (!g) return eg_nothing();
    const egi_graph *from = f->traced;
    egi_here(g, file, line);
    egi_id *arg = egi_arena_alloc(&g->arena, (size_t)(from->args.n + 1) * sizeof *arg);
    egi_id *var = egi_arena_alloc(&g->arena, (size_t)(from->vars.n + 1) * sizeof *var);
    egi_id *map = egi_arena_alloc(&g->arena, (size_t)from->nodes.n * sizeof *map);
    if (!arg || !var || !map) {
        egi_no_memory(eg);
        return eg_nothing();
    }
    if (!arguments(eg, f, x, arg, file, line) || !variables(eg->trace, f, var) ||
        !egi_copy_into(g, from, arg, var, map))
        return eg_nothing();
    for (int64_t k = 0; k < from->writes.n; k++) {
        const egi_write *w = &from->writes.at[k];
        eg_var *v = from->vars.at[w->var];
        egi_id value = egi_as_seen(g, map[w->value], v->spec.dtype);
        if (!value || !egi_scope_set(eg->trace, v, value)) return eg_nothing();
    }
    return result_of(eg, f, map);
}
