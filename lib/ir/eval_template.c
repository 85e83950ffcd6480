/* Composites: each is expanded once for its type into a small graph over a block of elements, which the same
 * interpreter runs block by block. */
#include "ir/interp.h"

/* From lib/opt, the one upward call of this layer: the definition of a composite is its expansion. */
static bool expand(egi_template *t, egi_op op, eg_dtype type)
{
    egi_graph *g = t->g;
    egi_shape block = {.rank = 1, .dim = {EGI_BLOCK}};
    uint32_t shape = egi_shape_intern(g, &block);
    for (int k = 0; k < egi_ops[op].args; k++) {
        if (!egi_push(&g->eg->allocator, &g->args, eg_vector(type, EGI_BLOCK))) return false;
        t->arg[k] = egi_node_make(g, &(egi_make){.op = EGI_ARG, .dtype = type, .shape = shape, .imm = (uint64_t)k});
    }
    t->result = egi_expand(g, op, t->arg);
    return t->result && !g->failed && egi_push(&g->eg->allocator, &g->regions.at[0].results, t->result);
}

bool egi_template_build(egi_interp *ip, egi_op op, eg_dtype type)
{
    egi_template *t = egi_template_of(ip, op, type);
    if (t->g) return t->ready;
    if (!(t->g = egi_graph_new(ip->own))) return false;
    if (!expand(t, op, type) || !(t->ip = egi_interp_new(t->g, ip->r, ip))) return false;
    for (int k = 0; k < egi_ops[op].args; k++) {
        if (!(t->block[k] = egi_alloc(ip->mem, EGI_BLOCK * eg_dtype_size(type), EGI_ALIGN))) return false;
    }
    return t->ready = true;
}

void egi_templates_free(egi_interp *ip)
{
    for (int k = 0; k < 2 * EGI_OP_COUNT; k++) {
        egi_template *t = &ip->templates[k];
        for (int j = 0; j < 3; j++) egi_free(ip->mem, t->block[j]);
        egi_interp_free(t->ip);
        egi_graph_free(t->g);
    }
}

static void repeat(char *to, const char *from, size_t size, int64_t n)
{
    for (int64_t i = 0; i < n; i++) memcpy(to + (size_t)i * size, from, size);
}

void egi_run_composite(egi_interp *ip, egi_id id)
{
    const egi_node *n = egi_at(ip->g, id);
    egi_template *t = egi_template_of(ip, (egi_op)n->op, (eg_dtype)n->dtype);
    size_t size = eg_dtype_size((eg_dtype)n->dtype);
    int64_t count = egi_now_count(ip, id);
    char *out = egi_out(ip, id);
    for (int64_t at = 0; at < count; at += EGI_BLOCK) {
        t->ip->limit = egi_min64(EGI_BLOCK, count - at);
        for (uint32_t k = 0; k < n->num_args; k++) {
            const char *x = egi_in(ip, id, k);
            bool vector = egi_at(ip->g, egi_arg(ip->g, id, k))->shape;
            if (!vector && at == 0) repeat(t->block[k], x, size, t->ip->limit);
            t->ip->val[t->arg[k]] = vector ? x + (size_t)at * size : t->block[k];
        }
        egi_run_region(t->ip, 0);
        const char *r = t->ip->val[t->result];
        if (egi_at(t->g, t->result)->shape)
            memcpy(out + (size_t)at * size, r, (size_t)t->ip->limit * size);
        else
            repeat(out + (size_t)at * size, r, size, t->ip->limit);
    }
}
