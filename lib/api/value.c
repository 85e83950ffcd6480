/* Values as users hold them: plain numbers, traced values, tuples; and the checks that every use makes. */
#include "api/api.h"
#include "ir/complex.h"

static const eg_header real_header = {EGI_KIND_REAL}, int_header = {EGI_KIND_INT}, uint_header = {EGI_KIND_UINT};

/* A plain number keeps its 64 bits where a traced value keeps generation and id. */
static eg_val plain(const eg_header *of, uint64_t bits) { return (eg_val){of, (uint32_t)(bits >> 32), (uint32_t)bits}; }

static uint64_t plain_bits(eg_val v) { return (uint64_t)v.generation << 32 | v.id; }

eg_val eg_real(double x) { return plain(&real_header, egi_bits_of_real(EG_F64, x)); }

eg_val eg_int(long long x) { return plain(&int_header, (uint64_t)x); }

eg_val eg_uint(unsigned long long x) { return plain(&uint_header, x); }

bool egi_is_nothing(eg_val v) { return v.of == NULL; }

bool egi_is_plain(eg_val v) { return v.of && v.of->kind >= EGI_KIND_REAL && v.of->kind <= EGI_KIND_UINT; }

bool egi_plain_is_int(eg_val v) { return egi_is_plain(v) && v.of->kind != EGI_KIND_REAL; }

double egi_plain_real(eg_val v)
{
    if (v.of->kind == EGI_KIND_REAL) return egi_real_of_bits(EG_F64, plain_bits(v));
    return v.of->kind == EGI_KIND_UINT ? (double)plain_bits(v) : (double)(int64_t)plain_bits(v);
}

int64_t egi_plain_int(eg_val v)
{
    return v.of->kind == EGI_KIND_REAL ? egi_int_of_bits(EG_F64, plain_bits(v)) : (int64_t)plain_bits(v);
}

bool eg_is_number(eg_val v, double *x)
{
    if (!egi_is_plain(v)) return false;
    if (x) *x = egi_plain_real(v);
    return true;
}

eg_context *egi_context_of(eg_val v)
{
    if (!v.of || v.of->kind != EGI_KIND_CONTEXT) return NULL;
    /* The header is the context's first member, and contexts are made writable. */
    return (eg_context *)(uintptr_t)v.of;
}

static _Thread_local eg_context *traced_here;

eg_context *egi_trace_here(eg_context *eg)
{
    eg_context *before = traced_here;
    traced_here = eg;
    return before;
}

eg_context *egi_traced_here(void) { return traced_here; }

eg_context *eg_context_of(eg_val v)
{
    eg_context *eg = egi_context_of(v);
    return eg ? eg : traced_here;
}

eg_val egi_lost(const char *what, const char *why, const char *file, int line)
{
    egi_fail(traced_here, EG_ERR_ARGUMENT, file, line, "%s: %s", what, why);
    return eg_nothing();
}

bool egi_ready(eg_context *eg) { return eg && eg->status == EG_OK; }

egi_graph *egi_tracing(eg_context *eg, const char *what, const char *file, int line)
{
    if (!egi_ready(eg)) return NULL;
    if (!eg->trace) {
        egi_fail(eg, EG_ERR_STATE, file, line,
                 "%s: nothing is being traced; call it inside a function given to eg_trace", what);
        return NULL;
    }
    return eg->trace->g;
}

void egi_here(egi_graph *g, const char *file, int line) { g->loc = egi_loc_intern(g, file, line, NULL); }

eg_val egi_wrap(eg_context *eg, egi_id id)
{
    return id && eg->trace ? (eg_val){&eg->header, eg->trace->generation, id} : eg_nothing();
}

/* Is the trace in progress within the one that the value belongs to? */
static bool is_around(const eg_context *eg, eg_val v)
{
    for (const egi_trace *t = eg->trace->outer; t; t = t->outer) {
        if (t->generation == v.generation) return true;
    }
    return false;
}

static void fail_elsewhere(eg_context *eg, eg_val v, const char *what, const char *file, int line)
{
    const char *why = is_around(eg, v) ? "the function around this one; hand it over as an argument"
                                       : "a trace that has ended; use values only inside the function that made them";
    egi_fail(eg, EG_ERR_SCOPE, file, line, "%s: an operand belongs to %s", what, why);
}

egi_id egi_use(eg_context *eg, eg_val v, const char *what, bool tuple, const char *file, int line)
{
    egi_graph *g = egi_tracing(eg, what, file, line);
    if (!g) return 0;
    if (egi_is_nothing(v)) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line,
                 "%s: an operand is nothing (eg_nothing, or the result of a failed call)", what);
        return 0;
    }
    if (egi_is_plain(v)) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: a plain number stands where a traced value is needed", what);
        return 0;
    }
    if (egi_context_of(v) != eg) {
        egi_fail(eg, EG_ERR_SCOPE, file, line, "%s: an operand belongs to another context", what);
        return 0;
    }
    if (v.generation != eg->trace->generation || v.id >= (uint64_t)g->nodes.n || !v.id) {
        fail_elsewhere(eg, v, what, file, line);
        return 0;
    }
    if (!tuple && egi_at(g, v.id)->dtype == EG_DTYPE_COUNT) {
        egi_fail(eg, EG_ERR_TYPE, file, line, "%s: an operand is a tuple; take its parts with eg_item", what);
        return 0;
    }
    egi_here(g, file, line);
    if (!egi_in_scope(g, v.id, what)) return 0;
    return egi_is_literal_pair(g, v.id) ? egi_convert(g, eg->default_complex, v.id) : v.id;
}

egi_id egi_use_as(eg_context *eg, eg_val v, eg_dtype t, const char *what, const char *file, int line)
{
    if (!egi_is_plain(v)) {
        egi_id id = egi_use(eg, v, what, false, file, line);
        const bool literal = id && egi_is_literal_pair(eg->trace->g, v.id);
        return literal && egi_is_complex(t) ? egi_convert(eg->trace->g, t, v.id) : id;
    }
    egi_graph *g = egi_tracing(eg, what, file, line);
    if (!g) return 0;
    return egi_plain_is_int(v) ? egi_const_i(g, t, egi_plain_int(v)) : egi_const_f(g, t, egi_plain_real(v));
}

static void bad_extents(eg_context *eg, eg_spec s, const char *what, const char *file, int line)
{
    egi_text t = {.allocator = &eg->allocator};
    int axis = 0;
    while (axis < s.rank && s.dim[axis] >= 0) axis++;
    egi_put_spec(&t, s);
    if (axis < s.rank)
        egi_fail(eg, EG_ERR_SHAPE, file, line, "%s: %s: the extent of axis %d is negative; use 0 or more", what,
                 t.s ? t.s : "", axis);
    else
        egi_fail(eg, EG_ERR_SHAPE, file, line, "%s: %s has more elements than any memory; use smaller extents", what,
                 t.s ? t.s : "");
    egi_text_free(&t);
}

bool egi_check_spec(eg_context *eg, eg_spec s, const char *what, const char *file, int line)
{
    if ((unsigned)s.dtype >= EG_DTYPE_COUNT)
        egi_fail(eg, EG_ERR_TYPE, file, line, "%s: unknown element type %d", what, (int)s.dtype);
    else if (s.rank < 0 || s.rank > EG_MAX_RANK)
        egi_fail(eg, EG_ERR_SHAPE, file, line, "%s: rank %d; ranks are 0 to %d", what, s.rank, EG_MAX_RANK);
    else if (egi_is_complex(s.dtype) && s.rank == EG_MAX_RANK)
        egi_fail(eg, EG_ERR_SHAPE, file, line,
                 "%s: rank %d of complex numbers, which have an axis more in memory; ranks "
                 "of such are 0 to %d",
                 what, s.rank, EG_MAX_RANK - 1);
    else if (egi_spec_count(egi_stored(s)) < 0)
        bad_extents(eg, s, what, file, line);
    return eg && !eg->status;
}

static egi_graph *graph_of(eg_val v)
{
    eg_context *eg = egi_context_of(v);
    bool live = eg && eg->trace && v.generation == eg->trace->generation && v.id && v.id < eg->trace->g->nodes.n;
    return live ? eg->trace->g : NULL;
}

eg_spec eg_spec_of(eg_val v)
{
    egi_graph *g = graph_of(v);
    if (egi_is_plain(v)) return eg_scalar(egi_plain_is_int(v) ? EG_I64 : EG_F64);
    if (!g || egi_at(g, v.id)->dtype == EG_DTYPE_COUNT) return (eg_spec){.rank = -1};
    if (egi_is_literal_pair(g, v.id)) return eg_scalar(g->eg->default_complex);
    return egi_spec(g, v.id);
}

int eg_tuple_size(eg_val v)
{
    egi_graph *g = graph_of(v);
    if (!g) return egi_is_plain(v);
    return egi_at(g, v.id)->op == EGI_TUPLE ? (int)egi_at(g, v.id)->num_args : 1;
}

eg_val(eg_tuple)(eg_context *eg, int n, const eg_val *v, const char *file, int line)
{
    egi_graph *g = egi_tracing(eg, "eg_tuple", file, line);
    if (!g) return eg_nothing();
    if (n < 0 || n > 1 << 16 || (n && !v)) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_tuple: %d parts; give 0 to 65536 and an array of them", n);
        return eg_nothing();
    }
    egi_here(g, file, line);
    egi_id *id = egi_arena_alloc(&g->arena, (size_t)(n + 1) * sizeof *id);
    if (!id) {
        egi_no_memory(eg);
        return eg_nothing();
    }
    for (int k = 0; k < n; k++) {
        id[k] = egi_is_nothing(v[k]) ? 0
                : egi_is_plain(v[k])
                    ? egi_use_as(eg, v[k], egi_plain_is_int(v[k]) ? EG_I32 : eg->default_float, "eg_tuple", file, line)
                    : egi_use(eg, v[k], "eg_tuple", true, file, line);
        /* Nothing inside a tuple is an empty tuple. */
        if (egi_is_nothing(v[k])) id[k] = egi_tuple(g, 0, NULL);
        if (!id[k]) return eg_nothing();
    }
    return egi_wrap(eg, egi_tuple(g, (uint32_t)n, id));
}

eg_val(eg_item)(eg_val t, int k, const char *file, int line)
{
    eg_context *eg = egi_context_of(t);
    egi_id id = egi_use(eg, t, "eg_item", true, file, line);
    if (!id) return eg_nothing();
    egi_graph *g = eg->trace->g;
    bool tuple = egi_at(g, id)->op == EGI_TUPLE;
    int n = tuple ? (int)egi_at(g, id)->num_args : 1;
    if (k < 0 || k >= n) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_item: part %d of a tuple of %d", k, n);
        return eg_nothing();
    }
    if (!tuple) return t;
    egi_id part = egi_arg(g, id, (uint32_t)k);
    if (egi_at(g, part)->op == EGI_TUPLE && egi_at(g, part)->num_args == 0) return eg_nothing();
    return egi_wrap(eg, part);
}

eg_val eg_name(eg_val v, const char *name)
{
    egi_graph *g = graph_of(v);
    if (!g || !name) return v;
    char *copy = egi_arena_string(&g->arena, name);
    const egi_loc *l = &g->locs.at[egi_at(g, v.id)->loc];
    if (!copy) {
        egi_no_memory(g->eg);
        return v;
    }
    const uint32_t loc = egi_loc_intern(g, l->file, l->line, copy);
    g->nodes.at[v.id].loc = loc;
    /* Graphs know a complex value by its parts. */
    for (uint32_t k = 0; k < 2 && egi_is_pair(g, v.id); k++) {
        egi_node *part = &g->nodes.at[egi_arg(g, v.id, k)];
        if (!g->locs.at[part->loc].name) part->loc = loc;
    }
    return v;
}
