/* The canonical form of a traced graph: what the cache compares.  Names, files and lines do not matter to code, nor do
 * the values of sizes above 16 and of literals, only which of them are equal. */
#include "core/context.h"
#include "jit/code.h"

bool egi_is_embedded(eg_dtype t, uint64_t bits)
{
    if (t == EG_BOOL) return true;
    /* LLVM takes x * 1, x / -1 and x - 0 for x and -x, and forgets to flush them. */
    if (egi_is_float(t)) return false;
    int64_t x = egi_int_of_bits(t, bits);
    return x >= -16 && x <= 16;
}

int32_t egi_canon_size(const egi_canon *c, int64_t value)
{
    for (int64_t k = 0; k < c->sizes.n; k++) {
        if (c->sizes.at[k] == value) return (int32_t)k;
    }
    return -1;
}

static void put(egi_canon *c, uint64_t x)
{
    /* Numbers in seven-bit groups: most are small. */
    while (x >= 0x80) {
        egi_put(&c->key, "%c", (int)(x & 0x7F) | 0x80);
        x >>= 7;
    }
    egi_put(&c->key, "%c", (int)x);
}

static void put_size(egi_canon *c, int64_t value)
{
    if (value <= 16) {
        put(c, (uint64_t)(value + 64) << 1);
        return;
    }
    int32_t index = egi_canon_size(c, value);
    if (index < 0) {
        index = (int32_t)c->sizes.n;
        if (!egi_push(c->allocator, &c->sizes, value)) c->failed = true;
    }
    put(c, (uint64_t)index << 1 | 1);
}

static void put_shape(egi_canon *c, const egi_shape *s)
{
    put(c, (uint64_t)s->rank);
    for (int k = 0; k < s->rank; k++) put_size(c, s->dim[k]);
}

static void put_const(egi_canon *c, const egi_node *n, egi_id id)
{
    if (egi_is_embedded((eg_dtype)n->dtype, n->imm)) {
        put(c, n->imm << 1);
        put(c, n->imm >> 63);
        return;
    }
    int64_t index = 0;
    while (index < c->literals.n && c->literals.at[index] != n->imm) index++;
    if (index == c->literals.n && !egi_push(c->allocator, &c->literals, n->imm)) c->failed = true;
    c->literal_of[id] = (uint32_t)index + 1;
    put(c, (uint64_t)index << 1 | 1);
}

/* Where a slice of a slice starts is a number of the program as well: code finds it among the sizes. */
static void put_views(egi_canon *c, const egi_graph *g, egi_id id)
{
    egi_view v;
    egi_view_start(g, id, &v);
    for (int depth = 0; egi_view_down(g, &v); depth++) {
        for (int k = 0; depth && k < v.base_rank; k++) put_size(c, v.start[k]);
        for (int k = 0; depth && k < v.rank; k++) put_size(c, v.step[k]);
    }
}

static void put_node(egi_canon *c, const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id);
    put(c, n->op);
    put(c, n->dtype);
    put(c, n->region);
    put_shape(c, egi_shape_of(g, id));
    put(c, n->num_args);
    for (uint32_t k = 0; k < n->num_args; k++) put(c, id - egi_arg(g, id, k));
    bool sizes = n->op == EGI_SLICE || n->op == EGI_PAD;
    put(c, (uint64_t)egi_num_ints(g, n));
    for (int k = 0; k < egi_num_ints(g, n); k++) {
        if (sizes)
            put_size(c, egi_ints_of(g, n)[k]);
        else
            put(c, (uint64_t)egi_ints_of(g, n)[k]);
    }
    if (n->op == EGI_SLICE) put_views(c, g, id);
    if (n->op == EGI_PACK || n->op == EGI_UNPACK) put(c, egi_packs_flat(g, id)); /* decides how it is done */
    if (n->op == EGI_CONST)
        put_const(c, n, id);
    else
        put(c, n->imm);
}

static void put_objects(egi_canon *c, const egi_graph *g)
{
    put(c, (uint64_t)g->vars.n);
    put(c, (uint64_t)g->arrays.n);
    put(c, (uint64_t)g->csrs.n);
    put(c, (uint64_t)g->hosts.n);
    /* Outputs that nobody uses are no nodes, but the host function is given memory for them. */
    for (int64_t k = 0; k < g->hosts.n; k++) put(c, (uint64_t)g->hosts.at[k].num_out);
    /* Equal connections in two places are known to be equal only by being the same object. */
    for (int64_t k = 0; k < g->csrs.n; k++) {
        put_size(c, eg_csr_num_pre(g->csrs.at[k]));
        put_size(c, eg_csr_num_post(g->csrs.at[k]));
        /* Decides how a weight of rank 1 is read. */
        put(c, eg_csr_size(g->csrs.at[k]) == eg_csr_num_pre(g->csrs.at[k]));
    }
    for (int64_t r = 0; r < g->regions.n; r++) {
        const egi_region *reg = &g->regions.at[r];
        put(c, reg->parent);
        put(c, (uint64_t)reg->results.n);
        for (int64_t k = 0; k < reg->results.n; k++) put(c, reg->results.at[k]);
    }
    put(c, (uint64_t)g->writes.n);
    for (int64_t k = 0; k < g->writes.n; k++) {
        put(c, g->writes.at[k].var);
        put(c, g->writes.at[k].value);
    }
}

void egi_canon_of(const egi_graph *g, egi_canon *c)
{
    const eg_options *o = &g->eg->options;
    *c = (egi_canon){.allocator = &g->eg->allocator, .key = {.allocator = &g->eg->allocator}};
    c->literal_of = egi_alloc(c->allocator, (size_t)g->nodes.n * sizeof *c->literal_of, 16);
    if (!c->literal_of) {
        c->failed = true;
        return;
    }
    put(c, (uint64_t)o->math);
    put(c, o->keep_denormals);
    put(c, o->no_passes);
    put_objects(c, g);
    for (egi_id id = 1; id < g->nodes.n; id++) put_node(c, g, id);
    c->failed |= c->key.failed;
    c->hash = egi_hash(c->key.s, c->key.n, 0);
}

size_t egi_canon_bytes(const egi_canon *c, const egi_graph *g)
{
    return (size_t)g->nodes.n * sizeof *c->literal_of + (size_t)c->sizes.cap * sizeof *c->sizes.at +
           (size_t)c->literals.cap * sizeof *c->literals.at + c->key.cap;
}

void egi_canon_free(egi_canon *c)
{
    egi_text_free(&c->key);
    egi_vec_free(c->allocator, &c->sizes);
    egi_vec_free(c->allocator, &c->literals);
    egi_free(c->allocator, c->literal_of);
    c->literal_of = NULL;
}
