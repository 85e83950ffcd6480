/* The verifier: what every graph between two passes must be.  Here the rules of indices, regions, scope and sharing;
 * verify_op.c and verify_region.c hold the rules of each operation. */
#include <stdio.h>

#include "core/context.h"
#include "ir/check.h"

#define NEED(f, id, condition, ...)                                                                                    \
    do {                                                                                                               \
        if (!(condition)) return egi_broken((f), (id), __VA_ARGS__);                                                   \
    } while (0)

bool egi_broken(egi_fault *f, egi_id node, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(f->rule, sizeof f->rule, format, ap);
    va_end(ap);
    f->node = node;
    return false;
}

bool egi_same_shape(const egi_shape *a, const egi_shape *b)
{
    return a->rank == b->rank && (a->rank == 0 || !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim));
}

bool egi_has_number(egi_op op)
{
    static const bool has[EGI_OP_COUNT] = {
        [EGI_CONST] = true,   [EGI_ARG] = true,  [EGI_VAR] = true,    [EGI_ARRAY] = true,
        [EGI_PARAM] = true,   [EGI_ITEM] = true, [EGI_BITS] = true,   [EGI_EVENT] = true,
        [EGI_EVENT_T] = true, [EGI_HOST] = true, [EGI_CUSTOM] = true,
    };
    return has[op];
}

/* -- tables --------------------------------------------------------------------------------------------------- */

static bool check_tables(const egi_graph *g, egi_fault *f)
{
    NEED(f, 0, g->nodes.n >= 1 && g->regions.n >= 1 && g->shapes.n >= 1 && g->locs.n >= 1 && g->ints.n >= 1,
         "node, region, shape, place and integer number 0 exist");
    NEED(f, 0, g->shapes.at[0].rank == 0, "shape 0 has rank 0");
    for (int64_t k = 0; k < g->shapes.n; k++) {
        const egi_shape *s = &g->shapes.at[k];
        eg_spec spec = {.dtype = EG_F64, .rank = s->rank};
        NEED(f, 0, s->rank >= 0 && s->rank <= EG_MAX_RANK, "shape %lld has a rank of 0 to %d", (long long)k,
             EG_MAX_RANK);
        memcpy(spec.dim, s->dim, sizeof spec.dim);
        NEED(f, 0, egi_spec_count(spec) >= 0, "shape %lld has extents >= 0 and a number of elements", (long long)k);
    }
    for (int64_t k = 0; k < g->args.n; k++) {
        NEED(f, 0, g->args.at[k].dtype < EG_DTYPE_COUNT && egi_spec_count(g->args.at[k]) >= 0,
             "argument %lld has a type and a shape", (long long)k);
        NEED(f, 0, !egi_is_complex(g->args.at[k].dtype) || g->args.at[k].rank < EG_MAX_RANK,
             "argument %lld is stored with an axis more", (long long)k);
    }
    for (int64_t k = 0; k < g->vars.n; k++) {
        NEED(f, 0, g->vars.at[k], "variable slot %lld holds a variable", (long long)k);
        for (int64_t j = 0; j < k; j++) {
            NEED(f, 0, g->vars.at[j] != g->vars.at[k], "variable '%s' has one slot", g->vars.at[k]->name);
        }
    }
    for (int64_t k = 0; k < g->arrays.n; k++) {
        NEED(f, 0, g->arrays.at[k], "array slot %lld holds an array", (long long)k);
    }
    for (int64_t k = 0; k < g->csrs.n; k++) {
        NEED(f, 0, g->csrs.at[k], "CSR slot %lld holds connections", (long long)k);
    }
    return true;
}

/* -- nodes ---------------------------------------------------------------------------------------------------- */

static bool check_indices(const egi_graph *g, egi_id id, egi_fault *f)
{
    const egi_node *n = egi_at(g, id);
    NEED(f, id, n->op < EGI_OP_COUNT, "its operation exists");
    NEED(f, id, n->op != EGI_NONE, "only node 0 is none");
    NEED(f, id, n->dtype <= EG_DTYPE_COUNT, "its type exists");
    NEED(f, id, n->op != EGI_COMPLEX && !egi_is_complex((eg_dtype)n->dtype), "complex values are pairs of real ones");
    NEED(f, id, n->region < g->regions.n, "its region exists");
    NEED(f, id, n->shape < g->shapes.n, "its shape exists");
    NEED(f, id, n->loc < g->locs.n, "its place exists");
    NEED(f, id, (uint64_t)n->args + n->num_args <= (uint64_t)g->operands.n, "its operands exist");
    NEED(f, id, n->attr < g->ints.n, "its attributes exist");
    if (n->attr) {
        int64_t count = g->ints.at[n->attr];
        NEED(f, id, count > 0 && count <= g->ints.n - n->attr - 1, "its attributes exist");
    }
    int args = egi_ops[n->op].args;
    NEED(f, id, args < 0 || (uint32_t)args == n->num_args, "it has %d operand%s, not %u", args, args == 1 ? "" : "s",
         n->num_args);
    for (uint32_t k = 0; k < n->num_args; k++) {
        egi_id a = egi_arg(g, id, k);
        NEED(f, id, a > 0, "operand %u is a value", k);
        NEED(f, id, a < id, "operand %u has a smaller number", k);
    }
    NEED(f, id, n->imm == 0 || egi_has_number((egi_op)n->op), "it has no number");
    return true;
}

static bool check_scope(const egi_graph *g, egi_id id, egi_fault *f)
{
    for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) {
        egi_id a = egi_arg(g, id, k);
        NEED(f, id, egi_is_inside(g, egi_at(g, id)->region, egi_at(g, a)->region),
             "operand %u, %%%u of region %u, is in scope in region %u", k, a, egi_at(g, a)->region,
             egi_at(g, id)->region);
    }
    return true;
}

/* -- the tree of regions -------------------------------------------------------------------------------------- */

static bool check_tree(const egi_graph *g, egi_fault *f)
{
    const egi_region *top = &g->regions.at[0];
    NEED(f, 0, top->parent == 0 && top->depth == 0 && top->floor == 0 && top->owner == 0 && top->params.n == 0,
         "region 0 is the outermost, without owner and parameters");
    for (int64_t r = 1; r < g->regions.n; r++) {
        const egi_region *region = &g->regions.at[r];
        NEED(f, 0, region->parent < r, "region %lld lies in one with a smaller number", (long long)r);
        NEED(f, 0, region->depth == g->regions.at[region->parent].depth + 1 && region->depth <= EGI_MAX_DEPTH,
             "region %lld is one deeper than the region around it, and at most %d", (long long)r, EGI_MAX_DEPTH);
        NEED(f, 0, !region->open, "region %lld is complete", (long long)r);
        NEED(f, 0, region->owner > 0 && region->owner < g->nodes.n, "region %lld has an owner", (long long)r);
    }
    return true;
}

/* Every region is named by exactly one node, its owner. */
static bool check_owner(const egi_graph *g, egi_id id, egi_fault *f)
{
    const egi_node *n = egi_at(g, id);
    int own = egi_regions_of((egi_op)n->op);
    NEED(f, id, own <= egi_num_ints(g, n), "it names its regions");
    for (int k = 0; k < own; k++) {
        int64_t r = egi_ints_of(g, n)[k];
        NEED(f, id, r > 0 && r < g->regions.n, "its region %lld exists", (long long)r);
        const egi_region *region = &g->regions.at[r];
        NEED(f, id, region->owner == id && region->parent == n->region && (k == 0 || r != egi_ints_of(g, n)[0]),
             "region %lld is its own and lies where it lies", (long long)r);
        uint16_t floor = n->op == EGI_COND ? (uint16_t)r : g->regions.at[region->parent].floor;
        NEED(f, id, region->floor == floor, "nothing may be moved out of the arm of a cond: floor of region %lld",
             (long long)r);
    }
    return true;
}

static bool owns(const egi_graph *g, egi_id id, int64_t r)
{
    const egi_node *n = egi_at(g, id);
    for (int k = 0; k < egi_regions_of((egi_op)n->op); k++) {
        if (egi_ints_of(g, n)[k] == r) return true;
    }
    return false;
}

static bool check_region(const egi_graph *g, uint16_t r, egi_fault *f)
{
    const egi_region *region = &g->regions.at[r];
    NEED(f, region->owner, r == 0 || owns(g, region->owner, r), "the owner of region %u names it", r);
    for (int64_t k = 0; k < region->params.n; k++) {
        egi_id p = region->params.at[k];
        NEED(f, region->owner, p > 0 && p < g->nodes.n, "parameter %lld of region %u exists", (long long)k, r);
        const egi_node *n = egi_at(g, p);
        NEED(f, p, n->op == EGI_PARAM && n->region == r && n->imm == (uint64_t)k, "it is parameter %lld of region %u",
             (long long)k, r);
    }
    for (int64_t k = 0; k < region->results.n; k++) {
        egi_id v = region->results.at[k];
        NEED(f, region->owner, v > 0 && v < g->nodes.n && (r == 0 || v < region->owner),
             "result %lld of region %u is made before its owner", (long long)k, r);
        NEED(f, v, egi_is_inside(g, r, egi_at(g, v)->region), "as result %lld of region %u it is in scope there",
             (long long)k, r);
        NEED(f, v, egi_dtype_of(g, v) < EG_DTYPE_COUNT, "as result %lld of region %u it is a value, not a tuple",
             (long long)k, r);
    }
    return true;
}

static bool check_complex_results(const egi_graph *g, egi_fault *f)
{
    const egi_ids *results = &g->regions.at[0].results;
    for (int64_t k = 0; k < g->complex_results.n; k++) {
        if (!g->complex_results.at[k]) continue;
        NEED(f, 0, k < results->n, "complex result %lld exists", (long long)k);
        const egi_id v = results->at[k];
        const egi_shape *s = egi_shape_of(g, v);
        NEED(f, v, egi_is_float(egi_dtype_of(g, v)) && s->rank > 0 && s->dim[s->rank - 1] == 2,
             "as complex result %lld it is of floats, with a last axis of 2", (long long)k);
    }
    return true;
}

/* -- sharing -------------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const egi_graph *g, const egi_node *n)
{
    uint64_t head[3] = {(uint64_t)n->op | (uint64_t)n->dtype << 8 | (uint64_t)n->region << 16 |
                            (uint64_t)n->shape << 32,
                        n->num_args, n->imm};
    uint64_t h = egi_hash(head, sizeof head, 1);
    if (n->num_args) h = egi_hash(&g->operands.at[n->args], n->num_args * sizeof(egi_id), h);
    if (n->attr) h = egi_hash(egi_ints_of(g, n), (size_t)egi_num_ints(g, n) * sizeof(int64_t), h);
    return h;
}

static bool equal(const egi_graph *g, const egi_node *a, const egi_node *b)
{
    if (a->op != b->op || a->dtype != b->dtype || a->region != b->region || a->num_args != b->num_args) return false;
    if (a->imm != b->imm || egi_num_ints(g, a) != egi_num_ints(g, b)) return false;
    if (!egi_same_shape(&g->shapes.at[a->shape], &g->shapes.at[b->shape])) return false;
    for (uint32_t k = 0; k < a->num_args; k++) {
        if (g->operands.at[a->args + k] != g->operands.at[b->args + k]) return false;
    }
    for (int k = 0; k < egi_num_ints(g, a); k++) {
        if (egi_ints_of(g, a)[k] != egi_ints_of(g, b)[k]) return false;
    }
    return true;
}

static bool check_sharing(const egi_graph *g, egi_fault *f)
{
    size_t cap = 64;
    while (cap < 2 * (size_t)g->nodes.n) cap *= 2;
    egi_id *table = egi_alloc(&g->eg->allocator, cap * sizeof *table, 16);
    if (!table) {
        egi_no_memory(g->eg);
        return egi_broken(f, 0, "there is memory to check it");
    }
    bool good = true;
    for (egi_id id = 1; good && id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (!egi_is_shared((egi_op)n->op)) continue;
        size_t slot = hash_of(g, n) & (cap - 1);
        for (; good && table[slot]; slot = (slot + 1) & (cap - 1)) {
            if (equal(g, n, egi_at(g, table[slot])))
                good = egi_broken(f, id, "equal nodes of a region are one node; it repeats %%%u", table[slot]);
        }
        table[slot] = id;
    }
    egi_free(&g->eg->allocator, table);
    return good;
}

static bool check_writes(const egi_graph *g, egi_fault *f)
{
    for (int64_t k = 0; k < g->writes.n; k++) {
        egi_write w = g->writes.at[k];
        NEED(f, 0, w.var < g->vars.n, "write %lld is to a variable that exists", (long long)k);
        const char *name = g->vars.at[w.var]->name;
        NEED(f, 0, w.value > 0 && w.value < g->nodes.n, "what is written to '%s' exists", name);
        NEED(f, w.value, egi_at(g, w.value)->region == 0, "what is written to '%s' is in scope in region 0", name);
        NEED(f, w.value, egi_spec_equal(egi_spec(g, w.value), egi_stored(g->vars.at[w.var]->spec)),
             "what is written to '%s' has its type and shape", name);
        for (int64_t j = 0; j < k; j++) {
            NEED(f, w.value, g->writes.at[j].var != w.var, "'%s' is written once", name);
        }
    }
    return true;
}

bool egi_check(const egi_graph *g, egi_fault *f)
{
    *f = (egi_fault){0};
    if (!check_tables(g, f)) return false;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (!check_indices(g, id, f)) return false;
    }
    if (!check_tree(g, f)) return false;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (!check_scope(g, id, f) || !check_owner(g, id, f)) return false;
    }
    for (int64_t r = 0; r < g->regions.n; r++) {
        if (!check_region(g, (uint16_t)r, f)) return false;
    }
    for (egi_id id = 1; id < g->nodes.n; id++) {
        uint16_t r = egi_at(g, id)->region;
        NEED(f, id, r == 0 || id < g->regions.at[r].owner, "it is made before the owner of its region");
        if (!egi_check_node(g, id, f)) return false;
    }
    return check_writes(g, f) && check_complex_results(g, f) && check_sharing(g, f);
}

bool egi_verify(egi_graph *g, const char *stage)
{
    egi_fault f;
    if (egi_check(g, &f)) return true;
    if (f.node && f.node < g->nodes.n) {
        const egi_node *n = egi_at(g, f.node);
        const egi_loc *loc = n->loc < g->locs.n ? &g->locs.at[n->loc] : &g->locs.at[0];
        egi_fail(g->eg, EG_ERR_INTERNAL, loc->file, loc->line, "%s: node %%%u = %s breaks the rule: %s", stage, f.node,
                 n->op < EGI_OP_COUNT ? egi_ops[n->op].text : "?", f.rule);
    } else {
        egi_fail(g->eg, EG_ERR_INTERNAL, NULL, 0, "%s: the graph breaks the rule: %s", stage, f.rule);
    }
    return false;
}
