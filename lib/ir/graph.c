/* Storage of a graph: tables that only grow. */
#include "ir/graph.h"
#include "core/context.h"

const egi_op_info egi_ops[EGI_OP_COUNT] = {
#define N -1
#define SAME EGI_RULE_SAME
#define BOOL EGI_RULE_BOOL
#define INT32 EGI_RULE_INT32
#define FLOAT EGI_RULE_SAME
#define SEL EGI_RULE_SEL
#define OWN EGI_RULE_OWN
#define B EGI_ALLOW_B
#define I EGI_ALLOW_I
#define F EGI_ALLOW_F
#define IF_ (I | F)
#define A (B | I | F)
#define OP(name, text, args, rule, allowed, flags) [EGI_##name] = {text, args, rule, allowed, flags},
#include "ir/ops.def"
#undef OP
#undef N
#undef SAME
#undef BOOL
#undef INT32
#undef FLOAT
#undef SEL
#undef OWN
#undef B
#undef I
#undef F
#undef IF_
#undef A
};

static const eg_allocator *mem(const egi_graph *g) { return &g->eg->allocator; }

static void *lost(egi_graph *g)
{
    g->failed = true;
    egi_no_memory(g->eg);
    return NULL;
}

egi_graph *egi_graph_new(eg_context *eg)
{
    egi_graph *g = egi_alloc(&eg->allocator, sizeof *g, 16);
    if (!g) {
        egi_no_memory(eg);
        return NULL;
    }
    g->eg = eg;
    g->arena.allocator = &eg->allocator;
    egi_node none = {.op = EGI_NONE, .dtype = EG_DTYPE_COUNT};
    egi_shape scalar = {0};
    egi_region top = {.open = true};
    egi_loc nowhere = {0};
    g->table_cap = 256;
    g->table = egi_alloc(mem(g), g->table_cap * sizeof *g->table, 16);
    /* ints[0] is reserved so that attr 0 can mean "none". */
    if (!g->table || !egi_push(mem(g), &g->nodes, none) || !egi_push(mem(g), &g->shapes, scalar) ||
        !egi_push(mem(g), &g->regions, top) || !egi_push(mem(g), &g->locs, nowhere) || !egi_push(mem(g), &g->ints, 0)) {
        lost(g);
        egi_graph_free(g);
        return NULL;
    }
    return g;
}

void egi_graph_free(egi_graph *g)
{
    if (!g || g->shared-- > 0) return;
    const eg_allocator *a = mem(g);
    for (int64_t k = 0; k < g->customs.n; k++) egi_graph_free(g->customs.at[k]);
    for (int64_t r = 0; r < g->regions.n; r++) {
        egi_vec_free(a, &g->regions.at[r].params);
        egi_vec_free(a, &g->regions.at[r].results);
    }
    egi_vec_free(a, &g->nodes);
    egi_vec_free(a, &g->operands);
    egi_vec_free(a, &g->ints);
    egi_vec_free(a, &g->shapes);
    egi_vec_free(a, &g->regions);
    egi_vec_free(a, &g->locs);
    egi_vec_free(a, &g->args);
    egi_vec_free(a, &g->vars);
    egi_vec_free(a, &g->arrays);
    egi_vec_free(a, &g->csrs);
    egi_vec_free(a, &g->hosts);
    egi_vec_free(a, &g->customs);
    egi_vec_free(a, &g->writes);
    egi_vec_free(a, &g->complex_results);
    egi_free(a, g->table);
    egi_arena_free(&g->arena);
    egi_free(a, g);
}

/* Few distinct shapes exist in a program: a linear search is the fastest table. */
uint32_t egi_shape_intern(egi_graph *g, const egi_shape *s)
{
    for (int64_t k = 0; k < g->shapes.n; k++) {
        const egi_shape *t = &g->shapes.at[k];
        if (t->rank == s->rank && !memcmp(t->dim, s->dim, (size_t)s->rank * sizeof *s->dim)) return (uint32_t)k;
    }
    if (!egi_push(mem(g), &g->shapes, *s)) {
        lost(g);
        return 0;
    }
    return (uint32_t)(g->shapes.n - 1);
}

uint32_t egi_loc_intern(egi_graph *g, const char *file, int line, const char *name)
{
    /* Consecutive operations share a line; look back a little. */
    for (int64_t k = g->locs.n - 1; k > 0 && k > g->locs.n - 8; k--) {
        const egi_loc *l = &g->locs.at[k];
        if (l->file == file && l->line == line && l->name == name) return (uint32_t)k;
    }
    if (!egi_push(mem(g), &g->locs, ((egi_loc){file, line, name}))) {
        lost(g);
        return 0;
    }
    return (uint32_t)(g->locs.n - 1);
}

uint32_t egi_ints(egi_graph *g, int n, const int64_t *v)
{
    if (n == 0) return 0;
    if (!egi_reserve(mem(g), &g->ints, n + 1)) {
        lost(g);
        return 0;
    }
    uint32_t at = (uint32_t)g->ints.n;
    g->ints.at[g->ints.n++] = n;
    for (int k = 0; k < n; k++) g->ints.at[g->ints.n++] = v[k];
    return at;
}

uint16_t egi_region_open(egi_graph *g, bool floor)
{
    egi_region r = {.parent = g->region, .open = true, .loc = g->loc};
    r.depth = (uint16_t)(g->regions.at[g->region].depth + 1);
    if (g->regions.n > UINT16_MAX || r.depth > 64) {
        egi_fail(g->eg, EG_ERR_ARGUMENT, NULL, 0, "loops and conds are nested too deeply or are too many");
        g->failed = true;
        return 0;
    }
    r.floor = floor ? (uint16_t)g->regions.n : g->regions.at[g->region].floor;
    if (!egi_push(mem(g), &g->regions, r)) {
        lost(g);
        return 0;
    }
    return g->region = (uint16_t)(g->regions.n - 1);
}

void egi_region_close(egi_graph *g, uint16_t r)
{
    if (!r) return;
    g->regions.at[r].open = false;
    g->region = g->regions.at[r].parent;
}

eg_spec egi_spec(const egi_graph *g, egi_id id)
{
    const egi_shape *s = egi_shape_of(g, id);
    eg_spec spec = {.dtype = egi_dtype_of(g, id), .rank = s->rank};
    memcpy(spec.dim, s->dim, (size_t)s->rank * sizeof *s->dim);
    return spec;
}

eg_spec egi_result_spec(const egi_graph *g, int64_t k)
{
    eg_spec s = egi_spec(g, g->regions.at[0].results.at[k]);
    return egi_result_is_complex(g, k) ? egi_read_as_complex(s) : s;
}

bool egi_result_becomes_complex(egi_graph *g, int64_t k)
{
    while (g->complex_results.n <= k) {
        if (egi_push(mem(g), &g->complex_results, false)) continue;
        lost(g);
        return false;
    }
    return g->complex_results.at[k] = true;
}
