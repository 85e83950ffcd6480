/* Variables: making, finding, reading and setting them while tracing; captured arrays. */
#include <stdio.h>

#include "api/api.h"
#include "api/ops.h"
#include "engram/parallel.h"
#include "ir/complex.h"
#include "runtime/state.h"

static bool good_name(const char *s)
{
    size_t n = s ? strlen(s) : 0;
    if (n == 0 || n > 200) return false;
    for (; *s; s++) {
        bool ok =
            (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || *s == '_' || *s == '.';
        if (!ok) return false;
    }
    return true;
}

/* A state needs room for all variables. */
static bool check_spec(eg_context *eg, const char *name, eg_spec spec, const char *file, int line)
{
    char what[230];
    int64_t end = 0;
    size_t all;
    snprintf(what, sizeof what, "eg_variable '%s'", name);
    if (!egi_check_spec(eg, spec, what, file, line)) return false;
    if (egi_state_layout(eg, NULL, &end) &&
        !__builtin_mul_overflow((size_t)egi_spec_count(spec), eg_dtype_size(spec.dtype), &all) &&
        !__builtin_add_overflow(all, (size_t)end, &all) && all < (size_t)1 << 57) /* more than processors address */
        return true;
    egi_text t = {.allocator = &eg->allocator};
    egi_put_spec(&t, spec);
    egi_fail(eg, EG_ERR_MEMORY, file, line, "%s: %s is larger than any memory; use smaller extents", what,
             t.s ? t.s : "");
    egi_text_free(&t);
    return false;
}

eg_var *(eg_variable)(eg_context *eg, const char *name, eg_spec spec, const char *file, int line)
{
    if (!egi_ready(eg)) return NULL;
    if (!good_name(name)) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line,
                 "eg_variable: '%.60s' is no name; use letters, digits, '_' and '.', at most 200",
                 name ? name : "NULL");
        return NULL;
    }
    if (!check_spec(eg, name, spec, file, line)) return NULL;
    eg_var *old = eg_find_variable(eg, name);
    if (old) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line,
                 "eg_variable: '%s' exists already, made at %s:%d; give it another name", name, old->file, old->line);
        return NULL;
    }
    eg_var *v = egi_arena_alloc(&eg->arena, sizeof *v);
    char *copy = egi_arena_string(&eg->arena, name);
    if (!v || !copy || !egi_push(&eg->allocator, &eg->vars, v)) {
        egi_no_memory(eg);
        return NULL;
    }
    for (int k = spec.rank; k < EG_MAX_RANK; k++) spec.dim[k] = 0;
    *v =
        (eg_var){.eg = eg, .name = copy, .spec = spec, .index = (uint32_t)(eg->vars.n - 1), .file = file, .line = line};
    v->bytes = (size_t)egi_spec_count(spec) * eg_dtype_size(spec.dtype);
    return v;
}

eg_var *eg_find_variable(eg_context *eg, const char *name)
{
    for (int64_t k = 0; eg && name && k < eg->vars.n; k++) {
        if (!strcmp(eg->vars.at[k]->name, name)) return eg->vars.at[k];
    }
    return NULL;
}

/* A dropped variable has no context. */
const char *eg_variable_name(const eg_var *v) { return v && v->eg ? v->name : ""; }

eg_spec eg_variable_spec(const eg_var *v) { return v && v->eg ? v->spec : (eg_spec){.rank = -1}; }

int64_t eg_num_variables(const eg_context *eg) { return eg ? eg->vars.n : 0; }

static bool uses(const egi_graph *g, int64_t num)
{
    for (int64_t k = 0; k < g->vars.n; k++) {
        if (g->vars.at[k]->index >= num) return true;
    }
    return false;
}

void eg_drop_variables(eg_context *eg, int64_t num)
{
    if (!eg || num < 0) return;
    for (const egi_trace *t = eg->trace; t; t = t->outer) {
        if (uses(t->g, num)) return;
    }
    for (int64_t k = 0; k < eg->funcs.n; k++) {
        if (uses(eg->funcs.at[k]->graph, num)) return;
    }
    while (eg->vars.n > num) {
        eg_var *v = eg->vars.at[--eg->vars.n];
        egi_free(&eg->allocator, v->init);
        v->init = NULL;
        v->eg = NULL;
    }
    for (int64_t k = 0; k < eg->states.n; k++) eg->states.at[k]->num = egi_min64(eg->states.at[k]->num, num);
}

static const char no_variable[] = "the variable is NULL; functions that find or make one give that after a wrong name";

eg_val(eg_get)(eg_var *v, const char *file, int line)
{
    if (!v) return egi_lost("eg_get", no_variable, file, line);
    egi_graph *g = egi_tracing(v->eg, "eg_get", file, line);
    if (!g) return eg_nothing();
    egi_here(g, file, line);
    return egi_wrap(v->eg, egi_scope_get(v->eg->trace, v->eg->trace->scope, v));
}

static bool inside_condition(const egi_trace *t)
{
    for (const egi_scope *s = t->scope; s; s = s->outer) {
        if (s->kind == EGI_SCOPE_COND) return true;
    }
    return false;
}

void(eg_set)(eg_var *v, eg_val x, const char *file, int line)
{
    eg_context *eg = v ? v->eg : NULL;
    if (!v) egi_lost("eg_set", no_variable, file, line);
    egi_graph *g = egi_tracing(eg, "eg_set", file, line);
    if (!g) return;
    egi_here(g, file, line);
    if (inside_condition(eg->trace)) {
        egi_fail(eg, EG_ERR_SCOPE, file, line, "eg_set: '%s' is set in the condition of a while; set it in the body",
                 v->name);
        return;
    }
    egi_id id = egi_use_as(eg, x, v->spec.dtype, "eg_set", file, line);
    if (!id) return;
    eg_spec s = egi_spec(g, id);
    if (s.dtype != v->spec.dtype) {
        egi_fail(eg, EG_ERR_TYPE, file, line, "eg_set: '%s' is %s, the value is %s; convert it with eg_convert",
                 v->name, eg_dtype_name(v->spec.dtype), eg_dtype_name(s.dtype));
        return;
    }
    if (s.rank == 0 && v->spec.rank)
        id = egi_broadcast_to(g, id, v->spec);
    else if (!egi_spec_equal(s, v->spec)) {
        egi_text a = {&eg->allocator, 0, 0, 0, 0};
        egi_put_spec(&a, v->spec);
        egi_put(&a, ", the value is ");
        egi_put_spec(&a, s);
        egi_fail(eg, EG_ERR_SHAPE, file, line, "eg_set: '%s' is %s; the shapes must be equal", v->name,
                 a.s ? a.s : "?");
        egi_text_free(&a);
        return;
    }
    egi_scope_set(eg->trace, v, id);
}

/* An array of the context that holds data, which comes from its allocator; NULL, and data is freed, after an error. */
static eg_array *enter(eg_context *eg, eg_spec spec, void *data)
{
    eg_array *a = egi_arena_alloc(&eg->arena, sizeof *a);
    if (!data || !a || !egi_push(&eg->allocator, &eg->arrays, a)) {
        egi_no_memory(eg);
        egi_free(&eg->allocator, data);
        return NULL;
    }
    for (int k = spec.rank; k < EG_MAX_RANK; k++) spec.dim[k] = 0;
    *a = (eg_array){.eg = eg, .spec = spec, .index = (uint32_t)(eg->arrays.n - 1), .data = data};
    a->bytes = (size_t)egi_spec_count(spec) * eg_dtype_size(spec.dtype);
    return a;
}

eg_array *(eg_array_new)(eg_context *eg, eg_spec spec, const void *data, const char *file, int line)
{
    if (!egi_ready(eg) || !egi_check_spec(eg, spec, "eg_array_new", file, line)) return NULL;
    size_t bytes = (size_t)egi_spec_count(spec) * eg_dtype_size(spec.dtype);
    eg_array *a = enter(eg, spec, egi_alloc(&eg->allocator, bytes + EGI_SLACK, EGI_ALIGN));
    if (a && data) memcpy(a->data, data, bytes);
    return a;
}

eg_array *(eg_array_adopt)(eg_context *eg, eg_spec spec, void *data, const char *file, int line)
{
    if (egi_ready(eg) && egi_check_spec(eg, spec, "eg_array_adopt", file, line)) {
        if (data) return enter(eg, spec, data);
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_array_adopt: data is NULL");
    }
    eg_release(eg, data);
    return NULL;
}

void *eg_array_data(eg_array *a) { return a ? a->data : NULL; }

eg_spec eg_array_spec(const eg_array *a) { return a ? a->spec : (eg_spec){.rank = -1}; }

eg_context *eg_array_context(const eg_array *a) { return a ? a->eg : NULL; }

eg_val(eg_constant)(eg_array *a, const char *file, int line)
{
    if (!a) return egi_lost("eg_constant", "the array is NULL; make one with eg_array_new", file, line);
    egi_graph *g = egi_tracing(a->eg, "eg_constant", file, line);
    if (!g) return eg_nothing();
    egi_here(g, file, line);
    int64_t slot = 0;
    while (slot < g->arrays.n && g->arrays.at[slot] != a) slot++;
    if (slot == g->arrays.n && !egi_push(&a->eg->allocator, &g->arrays, a)) {
        egi_no_memory(a->eg);
        return eg_nothing();
    }
    const eg_spec spec = egi_stored(a->spec);
    egi_shape s = egi_shape_of_spec(spec);
    egi_id id = egi_node_make(
        g, &(egi_make){.op = EGI_ARRAY, .dtype = spec.dtype, .shape = egi_shape_intern(g, &s), .imm = (uint64_t)slot});
    return egi_wrap(a->eg, egi_as_seen(g, id, a->spec.dtype));
}
