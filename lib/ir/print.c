/* A graph as text (docs/ir.md, "Text").  Prints broken graphs too: that is when one wants to see them. */
#include "core/context.h"
#include "ir/check.h"

typedef struct printer {
    const egi_graph *g;
    egi_text *out;
    egi_id *first, *next; /* nodes of each region in ascending order: first[region], then next[node]; 0 ends */
} printer;

/* Escapes what would end the word, and all that is not printable. */
static void put_escaped(egi_text *t, const char *s, const char *special)
{
    while (*s) {
        int n = 0;
        while ((unsigned char)s[n] >= 0x20 && s[n] != 0x7f && s[n] != '\\' && !strchr(special, s[n])) n++;
        egi_put(t, "%.*s", n, s);
        s += n;
        if (*s) egi_put(t, "\\x%02x", (unsigned char)*s++);
    }
}

static void put_string(egi_text *t, const char *s)
{
    egi_put(t, "\"");
    put_escaped(t, s ? s : "", "\"");
    egi_put(t, "\"");
}

static void indent(const printer *p, int depth) { egi_put(p->out, "%*s", depth * 2, ""); }

/* -- header --------------------------------------------------------------------------------------------------- */

static void put_header(const printer *p)
{
    const egi_graph *g = p->g;
    egi_text *t = p->out;
    egi_put(t, "engram 1\n");
    for (int64_t k = 0; k < g->args.n; k++) {
        egi_put(t, "arg ");
        egi_put_spec(t, g->args.at[k]);
        egi_put(t, "\n");
    }
    for (int64_t k = 0; k < g->vars.n; k++) {
        egi_put(t, "variable ");
        egi_put_spec(t, g->vars.at[k]->spec);
        egi_put(t, " ");
        put_string(t, g->vars.at[k]->name);
        egi_put(t, "\n");
    }
    for (int64_t k = 0; k < g->arrays.n; k++) {
        egi_put(t, "array ");
        egi_put_spec(t, g->arrays.at[k]->spec);
        egi_put(t, "\n");
    }
    for (int64_t k = 0; k < g->csrs.n; k++) {
        const eg_csr *c = g->csrs.at[k];
        egi_put(t, "csr %lld %lld %lld\n", (long long)eg_csr_num_pre(c), (long long)eg_csr_num_post(c),
                (long long)eg_csr_size(c));
    }
    for (int64_t k = 0; k < g->hosts.n; k++) {
        const egi_host *h = &g->hosts.at[k];
        egi_put(t, "host ");
        put_string(t, h->name);
        for (int j = 0; j < h->num_out; j++) {
            egi_put(t, " ");
            egi_put_spec(t, h->out[j]);
        }
        egi_put(t, "\n");
    }
    if (g->streams) egi_put(t, "streams %llu\n", (unsigned long long)g->streams);
}

/* -- nodes ---------------------------------------------------------------------------------------------------- */

const char *const *egi_attr_words(egi_op op)
{
    static const char *const loop[] = {"body", "carried", "sequences", "stacked"};
    static const char *const loop_while[] = {"cond", "body"};
    static const char *const cond[] = {"yes", "no"};
    return op == EGI_LOOP ? loop : op == EGI_WHILE ? loop_while : op == EGI_COND ? cond : NULL;
}

static void put_ids(egi_text *t, const egi_id *ids, int64_t n)
{
    for (int64_t k = 0; k < n; k++) egi_put(t, " %%%u", ids[k]);
}

static void put_attributes(const printer *p, const egi_node *n)
{
    const char *const *words = egi_attr_words((egi_op)n->op);
    int count = egi_num_ints(p->g, n);
    if (!count) return;
    for (int k = 0; k < count; k++) {
        egi_put(p->out, k ? ", " : " {");
        if (words && k < (n->op == EGI_LOOP ? 4 : 2)) egi_put(p->out, "%s ", words[k]);
        egi_put(p->out, "%lld", (long long)egi_ints_of(p->g, n)[k]);
    }
    egi_put(p->out, "}");
}

static void put_number(const printer *p, const egi_node *n)
{
    const egi_graph *g = p->g;
    if (!egi_has_number((egi_op)n->op)) return;
    egi_put(p->out, " ");
    if (n->op == EGI_CONST) {
        egi_put_literal(p->out, (eg_dtype)n->dtype, n->imm);
    } else if (n->op == EGI_VAR && n->imm < (uint64_t)g->vars.n) {
        put_string(p->out, g->vars.at[n->imm]->name);
    } else {
        egi_put(p->out, "#%llu", (unsigned long long)n->imm);
    }
}

static void put_place(const printer *p, const egi_node *n)
{
    const egi_loc *l = &p->g->locs.at[n->loc];
    if (!l->file && !l->name) return;
    egi_put(p->out, " ; ");
    put_escaped(p->out, l->file ? l->file : "", ":");
    egi_put(p->out, ":%d", l->line);
    if (l->name) {
        egi_put(p->out, " ");
        put_escaped(p->out, l->name, "");
    }
}

static void put_node(const printer *p, egi_id id)
{
    const egi_graph *g = p->g;
    const egi_node *n = egi_at(g, id);
    egi_put(p->out, "%%%u = %s", id, egi_ops[n->op].text);
    if (n->dtype < EG_DTYPE_COUNT) {
        egi_put(p->out, " ");
        egi_put_spec(p->out, egi_spec(g, id));
    }
    put_ids(p->out, n->num_args ? g->operands.at + n->args : NULL, n->num_args);
    put_attributes(p, n);
    put_number(p, n);
    put_place(p, n);
    egi_put(p->out, "\n");
}

static bool readable(const egi_graph *g, const egi_node *n)
{
    return n->op < EGI_OP_COUNT && n->dtype <= EG_DTYPE_COUNT && n->region < g->regions.n && n->shape < g->shapes.n &&
           n->loc < g->locs.n && g->shapes.at[n->shape].rank >= 0 && g->shapes.at[n->shape].rank <= EG_MAX_RANK &&
           (uint64_t)n->args + n->num_args <= (uint64_t)g->operands.n && n->attr < g->ints.n &&
           (n->attr == 0 || (g->ints.at[n->attr] >= 0 && g->ints.at[n->attr] < g->ints.n - n->attr));
}

/* -- regions -------------------------------------------------------------------------------------------------- */

/* Numbers of regions grow inwards, which ends the recursion even if the tree is broken. */
static void put_region(const printer *p, uint16_t r, int depth)
{
    const egi_graph *g = p->g;
    for (egi_id id = p->first[r]; id; id = p->next[id]) {
        const egi_node *n = egi_at(g, id);
        indent(p, depth);
        put_node(p, id);
        for (int k = 0; k < egi_regions_of((egi_op)n->op) && k < egi_num_ints(g, n); k++) {
            int64_t inner = egi_ints_of(g, n)[k];
            if (inner <= r || inner >= g->regions.n || depth > 2 * EGI_MAX_DEPTH) continue;
            indent(p, depth + 1);
            egi_put(p->out, "region %lld {\n", (long long)inner);
            put_region(p, (uint16_t)inner, depth + 2);
            indent(p, depth + 1);
            egi_put(p->out, "}\n");
        }
    }
    indent(p, depth);
    egi_put(p->out, "result");
    for (int64_t k = 0; k < g->regions.at[r].results.n; k++) {
        if (r == 0 && egi_result_is_complex(g, k)) egi_put(p->out, " complex");
        put_ids(p->out, &g->regions.at[r].results.at[k], 1);
    }
    egi_put(p->out, "\n");
}

static void put_body(const printer *p)
{
    const egi_graph *g = p->g;
    for (egi_id id = (egi_id)g->nodes.n; id-- > 1;) { /* backwards, so that lists come out ascending */
        const egi_node *n = egi_at(g, id);
        if (!readable(g, n)) {
            egi_put(p->out, "; node %u cannot be printed\n", id);
            continue;
        }
        p->next[id] = p->first[n->region];
        p->first[n->region] = id;
    }
    put_region(p, 0, 0);
    for (int64_t k = 0; k < g->writes.n; k++) {
        egi_write w = g->writes.at[k];
        egi_put(p->out, "write ");
        put_string(p->out, w.var < g->vars.n ? g->vars.at[w.var]->name : NULL);
        egi_put(p->out, " %%%u\n", w.value);
    }
}

void egi_print(const egi_graph *g, egi_text *out)
{
    const eg_allocator *a = &g->eg->allocator;
    printer p = {.g = g, .out = out};
    p.first = egi_alloc(a, (size_t)g->regions.n * sizeof *p.first, 16);
    p.next = egi_alloc(a, (size_t)g->nodes.n * sizeof *p.next, 16);
    if (p.first && p.next) {
        put_header(&p);
        put_body(&p);
    } else {
        out->failed = true;
    }
    egi_free(a, p.first);
    egi_free(a, p.next);
}
