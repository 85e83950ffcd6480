/* Tracing a C function into an eg_func. */
#include <stdio.h>

#include "api/api.h"
#include "ir/complex.h"
#include "opt/rebuild.h"
#include "runtime/bind.h"
#include "runtime/copies.h"
#include "runtime/lifted.h"
#include "runtime/solo.h"

static void scope_free(eg_context *eg, egi_scope *s) { egi_vec_free(&eg->allocator, &s->vars); }

/* The arguments as the one value that the function receives. */
static eg_val arguments(eg_context *eg, egi_graph *g, int n, const eg_spec *args, const char *file, int line)
{
    eg_val *v = egi_arena_alloc(&g->arena, (size_t)(n + 1) * sizeof *v);
    if (!v) {
        egi_no_memory(eg);
        return eg_nothing();
    }
    for (int k = 0; k < n; k++) {
        const eg_spec spec = egi_stored(args[k]);
        egi_shape s = egi_shape_of_spec(spec);
        if (!egi_push(&eg->allocator, &g->args, args[k])) egi_no_memory(eg);
        egi_id id = egi_node_make(
            g, &(egi_make){.op = EGI_ARG, .dtype = spec.dtype, .shape = egi_shape_intern(g, &s), .imm = (uint64_t)k});
        v[k] = egi_wrap(eg, egi_as_seen(g, id, args[k].dtype));
    }
    if (n == 0) return eg_nothing();
    return n == 1 ? v[0] : (eg_tuple)(eg, n, v, file, line);
}

/* Flattens what the function returned into the results of region 0. */
static void results(eg_context *eg, egi_graph *g, eg_val out, const char *name, const char *file, int line)
{
    if (egi_is_nothing(out) || eg->status) return;
    eg_dtype t = egi_plain_is_int(out) ? EG_I32 : eg->default_float;
    egi_id id = egi_is_plain(out) ? egi_use_as(eg, out, t, name, file, line) : egi_use(eg, out, name, true, file, line);
    if (!id) return;
    if (egi_at(g, id)->op == EGI_TUPLE) {
        int n = (int)egi_at(g, id)->num_args;
        for (int k = 0; k < n; k++) results(eg, g, eg_item(out, k), name, file, line);
        return;
    }
    egi_ids *list = &g->regions.at[0].results;
    if (egi_is_pair(g, id) && !egi_result_becomes_complex(g, list->n)) return;
    id = egi_to_stored(g, id);
    if (id && !egi_push(&eg->allocator, list, id)) egi_no_memory(eg);
}

static void writes(eg_context *eg, egi_trace *t)
{
    for (int64_t k = 0; k < t->scope->vars.n; k++) {
        egi_binding *b = &t->scope->vars.at[k];
        if (!b->set || eg->status) continue;
        const egi_write w = {b->slot, egi_to_stored(t->g, b->value)};
        if (w.value && !egi_push(&eg->allocator, &t->g->writes, w)) egi_no_memory(eg);
    }
}

/* What runs has neither custom gradients nor means over copies. */
static egi_graph *runnable(egi_graph *g)
{
    if (egi_holds(g, EGI_CUSTOM) || egi_holds(g, EGI_BATCH_MEAN)) return egi_strip(g);
    g->shared++;
    return g;
}

/* What is printed has means over copies, lest copies of what is read back lack them; custom gradients it cannot have.
 * NULL after an error; an egi_graph_free() each. */
static egi_graph *printable(eg_func *f)
{
    const bool means = f->traced && egi_holds(f->traced, EGI_BATCH_MEAN);
    if (means && egi_holds(f->traced, EGI_CUSTOM)) return egi_strip_custom(f->traced);
    egi_graph *g = means ? f->traced : f->graph;
    g->shared++;
    return g;
}

eg_func *egi_func_new(eg_context *eg, const char *name, egi_graph *g)
{
    eg_func *f = egi_alloc(&eg->allocator, sizeof *f, 16);
    if (f) f->name = egi_arena_string(&g->arena, name);
    if (f && f->name) f->graph = runnable(g);
    if (!f || !f->graph || !egi_push(&eg->allocator, &eg->funcs, f)) {
        if (f) egi_graph_free(f->graph);
        egi_free(&eg->allocator, f);
        egi_graph_free(g);
        egi_no_memory(eg);
        return NULL;
    }
    f->eg = eg;
    f->traced = g;
    return f;
}

static bool verifies(const eg_context *eg)
{
#ifndef NDEBUG
    (void)eg;
    return true;
#else
    return eg->verify;
#endif
}

static void dump(const egi_graph *g, const char *stage, const char *name)
{
    egi_text t = {.allocator = &g->eg->allocator};
    if (!egi_wants_dump(g->eg, stage)) return;
    egi_print(g, &t);
    egi_dump_title(g->eg, stage, name);
    if (t.s) egi_log(g->eg, t.s);
    egi_text_free(&t);
}

eg_func *egi_func_of(eg_context *eg, const char *name, const egi_graph *g)
{
    egi_graph *simple = egi_simplify(g);
    if (!simple) return NULL;
    dump(simple, "simplify", name);
    if (verifies(eg) && !egi_verify(simple, "simplify")) {
        egi_graph_free(simple);
        return NULL;
    }
    return egi_func_new(eg, name, simple);
}

enum { MOST_NESTED = 64 }; /* traces of functions that trace others */

static bool check(eg_context *eg, const char *name, eg_fn fn, int n, const eg_spec *args, const char *file, int line)
{
    char what[160];
    int depth = 0;
    if (!egi_ready(eg)) return false;
    if (!name || !fn || n < 0 || (n && !args)) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_trace: %s",
                 !name ? "the name is NULL"
                 : !fn ? "the function is NULL"
                       : "the arguments' types are missing");
        return false;
    }
    for (const egi_trace *t = eg->trace; t; t = t->outer) depth++;
    if (depth >= MOST_NESTED) {
        egi_fail(eg, EG_ERR_STATE, file, line, "eg_trace: '%s' is traced within %d others; does it trace itself?", name,
                 depth);
        return false;
    }
    for (int k = 0; k < n; k++) {
        snprintf(what, sizeof what, "eg_trace of '%.100s': argument %d", name, k);
        if (!egi_check_spec(eg, args[k], what, file, line)) return false;
    }
    return true;
}

eg_func *(eg_trace)(eg_context *eg, const char *name, eg_fn fn, void *user, int num_args, const eg_spec *args,
                    const char *file, int line)
{
    if (!check(eg, name, fn, num_args, args, file, line)) return NULL;
    double start = egi_now();
    egi_graph *g = egi_graph_new(eg);
    if (!g) return NULL;
    egi_scope scope = {.kind = EGI_SCOPE_FUNC};
    egi_trace trace = {.outer = eg->trace, .g = g, .generation = ++eg->generation, .scope = &scope};
    eg->trace = &trace; /* complete in itself, also while another function is being traced */
    eg_context *before = egi_trace_here(eg);
    egi_here(g, file, line);
    eg_val out = fn(user, arguments(eg, g, num_args, args, file, line));
    results(eg, g, out, name, file, line);
    writes(eg, &trace);
    eg->trace = trace.outer;
    egi_trace_here(before);
    scope_free(eg, &scope);
    if (!eg->status) dump(g, "trace", name);
    eg_func *f = eg->status ? NULL : egi_func_of(eg, name, g);
    egi_graph_free(g);
    if (!f) return NULL;
    f->trace_s = egi_now() - start;
    eg->stats.traces++;
    eg->stats.trace_s += f->trace_s;
    eg->stats.last_trace_s = f->trace_s;
    eg->stats.last_nodes = f->graph->nodes.n;
    return f;
}

void eg_func_free(eg_func *f)
{
    if (!f) return;
    eg_context *eg = f->eg;
    for (int64_t k = 0; k < eg->funcs.n; k++) {
        if (eg->funcs.at[k] != f) continue;
        eg->funcs.at[k] = eg->funcs.at[--eg->funcs.n];
        break;
    }
    eg_func *one = f->copies ? f->copies->one : NULL;
    egi_unbind(f);
    egi_lifted_free(f);
    egi_copies_free(f);
    eg_func_free(one);
    egi_steps_free(f);
    egi_graph_free(f->graph);
    egi_graph_free(f->traced);
    egi_free(&eg->allocator, f->text);
    egi_free(&eg->allocator, f->memory);
    egi_free(&eg->allocator, f);
}

int eg_num_used_variables(const eg_func *f) { return f ? (int)f->traced->vars.n : 0; }

eg_var *eg_used_variable(const eg_func *f, int k)
{
    return f && k >= 0 && k < f->traced->vars.n ? f->traced->vars.at[k] : NULL;
}

int eg_num_args(const eg_func *f) { return f ? (int)f->graph->args.n : 0; }

int eg_num_results(const eg_func *f) { return f ? (int)f->graph->regions.at[0].results.n : 0; }

eg_spec eg_arg_spec(const eg_func *f, int k)
{
    return k >= 0 && k < eg_num_args(f) ? f->graph->args.at[k] : (eg_spec){.rank = -1};
}

eg_spec eg_result_spec(const eg_func *f, int k)
{
    bool ok = k >= 0 && k < eg_num_results(f);
    return ok ? egi_result_spec(f->graph, k) : (eg_spec){.rank = -1};
}

const char *eg_text(eg_func *f)
{
    if (!f) return "";
    if (!f->text) {
        egi_text t = {.allocator = &f->eg->allocator};
        egi_graph *g = printable(f);
        if (g) egi_print(g, &t);
        if (!g || t.failed) {
            egi_no_memory(f->eg);
            egi_text_free(&t);
        }
        egi_graph_free(g);
        f->text = t.s;
    }
    return f->text ? f->text : "";
}

eg_func *eg_parse(eg_context *eg, const char *text)
{
    if (!egi_ready(eg)) return NULL;
    if (!text) {
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_parse: the text is NULL");
        return NULL;
    }
    egi_graph *g = egi_graph_parse(eg, text);
    return g ? egi_func_new(eg, "parsed", g) : NULL;
}
