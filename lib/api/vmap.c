/* eg_vmap: what is asked for, checked; eg_batch_mean. */
#include <stdio.h>

#include "api/ops.h"
#include "engram/transform.h"
#include "opt/vmap_graph.h"
#include "runtime/copies.h"

/* Which arguments have an axis of copies; NULL after an error. */
static const bool *mapped_args(eg_func *f, egi_arena *a, const eg_vmap_options *o, const char *file, int line)
{
    const int n = eg_num_args(f);
    bool *arg = egi_arena_alloc(a, (size_t)(n + 1) * sizeof *arg);
    if (!arg) {
        egi_no_memory(f->eg);
        return NULL;
    }
    for (int k = 0; k < n; k++) arg[k] = true;
    for (int k = 0; k < o->num_shared; k++) {
        int j = o->shared[k];
        if (j < 0 || j >= n) {
            egi_fail(f->eg, EG_ERR_ARGUMENT, file, line,
                     "eg_vmap of '%s': there is no argument %d to share; it takes %d", f->name, j, n);
            return NULL;
        }
        arg[j] = false;
    }
    return arg;
}

static bool holds_all(eg_func *f, int64_t num, const eg_vmap_variable *v, const char *file, int line)
{
    const eg_context *eg = f->eg;
    bool whole = v->one && (v->all || v->keep);
    if (!whole || v->one->eg != eg || (v->all && v->all->eg != eg)) {
        egi_fail(f->eg, EG_ERR_ARGUMENT, file, line, "eg_vmap of '%s': a variable is %s", f->name,
                 whole ? "of another context" : "NULL");
        return false;
    }
    if (!v->all) return true;
    const eg_spec *one = &v->one->spec, *all = &v->all->spec;
    bool good = one->dtype == all->dtype && all->rank == one->rank + 1 && all->dim[0] == num;
    for (int k = 0; good && k < one->rank; k++) good = all->dim[k + 1] == one->dim[k];
    if (good) return true;
    egi_text t = {.allocator = &eg->allocator};
    egi_put_spec(&t, *all);
    egi_put(&t, ", %lld copies of '%s' are ", (long long)num, v->one->name);
    egi_put_spec(&t, *one);
    egi_fail(f->eg, EG_ERR_SHAPE, file, line, "eg_vmap of '%s': '%s' is %s behind an axis of %lld", f->name,
             v->all->name, t.s ? t.s : "?", (long long)num);
    egi_text_free(&t);
    return false;
}

/* One variable holds the copies of one other, and is none that the function knows itself. */
static bool alone(eg_func *f, const eg_vmap_options *o, int k, const char *file, int line)
{
    const eg_vmap_variable *v = &o->vars[k];
    const char *why = NULL;
    for (int j = 0; j < k && !why; j++) {
        if (o->vars[j].one == v->one) why = "holds copies of a variable that another one holds, too";
        if (v->all && o->vars[j].all == v->all) why = "holds copies of two variables";
    }
    for (int64_t j = 0; j < f->traced->vars.n && v->all && !why; j++) {
        if (f->traced->vars.at[j] == v->all) why = "is a variable that the function itself reads or sets";
    }
    const char *name = v->all ? v->all->name : v->one->name;
    if (why) egi_fail(f->eg, EG_ERR_ARGUMENT, file, line, "eg_vmap of '%s': '%s' %s", f->name, name, why);
    return !why;
}

/* For each variable of the function the one that holds all copies, and whether it stays; false after an error. */
static bool map_vars(eg_func *f, egi_arena *a, egi_vmap_request *r, const eg_vmap_options *o)
{
    const egi_graph *g = f->traced;
    eg_var **all = egi_arena_alloc(a, (size_t)(g->vars.n + 1) * sizeof *all);
    bool *keep = egi_arena_alloc(a, (size_t)(g->vars.n + 1) * sizeof *keep);
    if (!all || !keep) {
        egi_no_memory(f->eg);
        return false;
    }
    for (int k = 0; k < o->num_vars; k++) {
        const eg_vmap_variable *v = &o->vars[k];
        if (!holds_all(f, r->num, v, r->file, r->line) || !alone(f, o, k, r->file, r->line)) return false;
        for (int64_t j = 0; j < g->vars.n; j++) {
            if (g->vars.at[j] != v->one) continue;
            all[j] = v->all;
            keep[j] = v->keep;
        }
    }
    r->all = all;
    r->keep = keep;
    return true;
}

static bool checked(eg_func *f, int64_t num, const eg_vmap_options *o, const char *file, int line)
{
    const char *missing = o->num_shared < 0 || (o->num_shared && !o->shared) ? "shared"
                          : o->num_vars < 0 || (o->num_vars && !o->vars)     ? "vars"
                                                                             : NULL;
    if (num < 1 || num > INT32_MAX)
        egi_fail(f->eg, EG_ERR_ARGUMENT, file, line, "eg_vmap of '%s': %lld copies; use 1 to 2147483647", f->name,
                 (long long)num);
    else if (missing)
        egi_fail(f->eg, EG_ERR_ARGUMENT, file, line, "eg_vmap of '%s': the list options.%s is missing", f->name,
                 missing);
    return !f->eg->status;
}

/* The function may be freed before its copies: they keep what it does.  false after an error. */
static bool give_copies(eg_func *made, eg_func *f, const egi_vmap_request *r)
{
    f->traced->shared++;
    eg_func *one = egi_func_new(f->eg, f->name, f->traced);
    if (!one) return false;
    if (egi_copies_give(made, one, r)) return true;
    eg_func_free(one);
    egi_no_memory(f->eg);
    return false;
}

eg_func *egi_vmap_func(eg_func *f, int64_t num, const eg_vmap_options *options, bool keep_means, const char *file,
                       int line)
{
    static const eg_vmap_options defaults = {0};
    const eg_vmap_options *o = options ? options : &defaults;
    if (!f || !egi_ready(f->eg) || !checked(f, num, o, file, line)) return NULL;
    egi_arena arena = {.allocator = &f->eg->allocator};
    char what[200];
    snprintf(what, sizeof what, "eg_vmap of '%.150s'", f->name);
    egi_vmap_request r = {
        .num = num, .same_draws = o->same_draws, .keep_means = keep_means, .what = what, .file = file, .line = line};
    r.arg = mapped_args(f, &arena, o, file, line);
    egi_graph *g = r.arg && map_vars(f, &arena, &r, o) ? egi_vmap_graph(f->traced, &r) : NULL;
    eg_func *made = NULL;
    if (g) {
        char name[200];
        snprintf(name, sizeof name, "%lld of %s", (long long)num, f->name);
        made = egi_func_of(f->eg, name, g);
        if (made && egi_copies_wanted(f, &r) && !give_copies(made, f, &r)) made = NULL;
    }
    egi_graph_free(g);
    egi_arena_free(&arena);
    return made;
}

eg_func *(eg_vmap)(eg_func *f, int64_t num, const eg_vmap_options *options, const char *file, int line)
{
    return egi_vmap_func(f, num, options, false, file, line);
}

/* -- means over copies --------------------------------------------------------------------------------------------- */

eg_val(eg_batch_mean)(eg_val x, const char *file, int line)
{
    egi_call c = egi_begin_plain("eg_batch_mean", file, line, 1, &x);
    if (c.plain) return eg_real(egi_plain_real(x));
    if (c.g && !egi_is_float(egi_dtype_of(c.g, x.id)) && !egi_is_complex(egi_dtype_of(c.g, x.id)))
        egi_wrong(&c, EG_ERR_TYPE, "%s has no mean of its own type; use eg_convert first", egi_show(&c, x).s);
    return egi_end(&c, c.g ? egi_batch_mean(c.g, x.id) : 0);
}
