/* Making nodes: scope, hash-consing.  Every node of every graph is made here. */
#include "core/context.h"
#include "ir/graph.h"

static bool inside(const egi_graph *g, uint16_t r, uint16_t outer)
{
    while (g->regions.at[r].depth > g->regions.at[outer].depth) r = g->regions.at[r].parent;
    return r == outer;
}

bool egi_in_scope(egi_graph *g, egi_id id, const char *what)
{
    uint16_t r = egi_at(g, id)->region;
    if (inside(g, g->region, r)) return true;
    const egi_region *region = &g->regions.at[r];
    const egi_loc *made = &g->locs.at[egi_at(g, id)->loc], *opened = &g->locs.at[region->loc],
                  *use = &g->locs.at[g->loc];
    const char *name = made->name;
    egi_fail(g->eg, EG_ERR_SCOPE, use->file, use->line,
             "%s: %s%s%s, made at %s:%d, belongs to the %s at %s:%d, which has ended; return it from there instead",
             what, name ? "'" : "a value", name ? name : "", name ? "'" : "", made->file ? made->file : "?", made->line,
             region->floor == r ? "branch" : "loop", opened->file ? opened->file : "?", opened->line);
    return false;
}

/* The deepest region among the operands; leaves with identity stay where they are built. */
static bool home(egi_graph *g, const egi_make *m, uint16_t *region)
{
    bool here = (egi_flags(m->op) & FI) && m->op != EGI_ARG && m->op != EGI_VAR && m->op != EGI_ARRAY;
    uint16_t r = here ? g->region : g->regions.at[g->region].floor;
    for (uint32_t k = 0; k < m->num_args; k++) {
        egi_id a = m->args[k];
        if (!a) return false;
        uint16_t ra = egi_at(g, a)->region;
        if (!egi_in_scope(g, a, egi_ops[m->op].text)) return false;
        if (g->regions.at[ra].depth > g->regions.at[r].depth) r = ra;
    }
    if (m->op == EGI_ARG || m->op == EGI_VAR || m->op == EGI_ARRAY || m->op == EGI_CONST) r = 0;
    *region = r;
    return true;
}

static uint64_t hash(const egi_graph *g, const egi_make *m, uint16_t region)
{
    uint64_t head[4] = {(uint64_t)m->op | (uint64_t)m->dtype << 8 | (uint64_t)region << 16 | (uint64_t)m->shape << 32,
                        m->num_args, m->imm, 0};
    uint64_t h = egi_hash(head, sizeof head, 0);
    h = egi_hash(m->args, m->num_args * sizeof *m->args, h);
    if (m->attr) h = egi_hash(&g->ints.at[m->attr], (size_t)(g->ints.at[m->attr] + 1) * sizeof(int64_t), h);
    return h;
}

static bool same_ints(const egi_graph *g, uint32_t a, uint32_t b)
{
    if (a == b) return true;
    if (!a || !b) return false;
    return g->ints.at[a] == g->ints.at[b] &&
           !memcmp(&g->ints.at[a], &g->ints.at[b], (size_t)(g->ints.at[a] + 1) * sizeof(int64_t));
}

static bool same(const egi_graph *g, egi_id id, const egi_make *m, uint16_t region)
{
    const egi_node *n = egi_at(g, id);
    return n->op == m->op && n->dtype == m->dtype && n->region == region && n->shape == m->shape &&
           n->num_args == m->num_args && n->imm == m->imm && same_ints(g, n->attr, m->attr) &&
           (m->num_args == 0 || !memcmp(&g->operands.at[n->args], m->args, m->num_args * sizeof *m->args));
}

static uint64_t hash_of(const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id);
    egi_make m = {.op = (egi_op)n->op,
                  .dtype = (eg_dtype)n->dtype,
                  .shape = n->shape,
                  .num_args = n->num_args,
                  .args = n->num_args ? &g->operands.at[n->args] : NULL,
                  .attr = n->attr,
                  .imm = n->imm};
    return hash(g, &m, n->region);
}

static bool table_grow(egi_graph *g)
{
    uint32_t cap = g->table_cap * 2;
    uint32_t *t = egi_alloc(&g->eg->allocator, cap * sizeof *t, 16);
    if (!t) return false;
    for (uint32_t k = 0; k < g->table_cap; k++) {
        if (!g->table[k]) continue;
        uint32_t slot = (uint32_t)hash_of(g, g->table[k]) & (cap - 1);
        while (t[slot]) slot = (slot + 1) & (cap - 1);
        t[slot] = g->table[k];
    }
    egi_free(&g->eg->allocator, g->table);
    g->table = t;
    g->table_cap = cap;
    return true;
}

static egi_id append(egi_graph *g, const egi_make *m, uint16_t region)
{
    const eg_allocator *a = &g->eg->allocator;
    if (g->nodes.n >= UINT32_MAX || !egi_reserve(a, &g->nodes, 1) || !egi_reserve(a, &g->operands, m->num_args)) {
        g->failed = true;
        egi_no_memory(g->eg);
        return 0;
    }
    egi_node n = {.op = (uint8_t)m->op,
                  .dtype = (uint8_t)m->dtype,
                  .region = region,
                  .shape = m->shape,
                  .num_args = m->num_args,
                  .args = (uint32_t)g->operands.n,
                  .attr = m->attr,
                  .loc = g->loc,
                  .imm = m->imm};
    for (uint32_t k = 0; k < m->num_args; k++) g->operands.at[g->operands.n++] = m->args[k];
    g->nodes.at[g->nodes.n] = n;
    return (egi_id)g->nodes.n++;
}

egi_id egi_node_make(egi_graph *g, const egi_make *m)
{
    uint16_t region;
    if (g->failed || g->eg->status || !home(g, m, &region)) return 0;
    /* Leaves with identity that name one thing (argument, variable, array, parameter) are one node each as well. */
    bool unique = (egi_flags(m->op) & FI) && m->op != EGI_ARG && m->op != EGI_VAR && m->op != EGI_ARRAY;
    if (unique) return append(g, m, region);
    uint32_t slot = (uint32_t)hash(g, m, region) & (g->table_cap - 1);
    for (; g->table[slot]; slot = (slot + 1) & (g->table_cap - 1)) {
        if (same(g, g->table[slot], m, region)) return g->table[slot];
    }
    egi_id id = append(g, m, region);
    if (!id) return 0;
    g->table[slot] = id;
    if (++g->table_used > g->table_cap / 2 && !table_grow(g)) {
        g->failed = true;
        egi_no_memory(g->eg);
        return 0;
    }
    return id;
}
