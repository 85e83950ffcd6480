/* Text back into a graph: lines become records, records become nodes in ascending order through egi_node_make, and the
 * verifier's rules decide whether the result is a graph.  Nothing in the text is trusted. */
#include "ir/parse.h"

/* -- lines ---------------------------------------------------------------------------------------------------- */

static uint16_t here(const parser *p) { return p->stack[p->depth]; }

/* Regions come in any order of numbers; those never opened are found out afterwards by their depth of 0. */
static bool open_region(parser *p)
{
    const eg_allocator *a = &p->eg->allocator;
    egi_graph *g = p->g;
    int64_t r;
    if (!egi_take_int(p, 1, UINT16_MAX, &r, "number of a region")) return false;
    if (!egi_take_char(p, '{')) return egi_bad_text(p, p->line, "{ is missing");
    if (!p->regions_left || p->region_of[0] != r)
        return egi_bad_text(p, p->line, "region %lld does not belong to the node above", (long long)r);
    if (p->depth == EGI_MAX_DEPTH) return egi_bad_text(p, p->line, "regions are nested deeper than %d", EGI_MAX_DEPTH);
    while (g->regions.n <= r) {
        if (!egi_push(a, &g->regions, (egi_region){0})) return egi_parse_lost(p);
    }
    egi_region *region = &g->regions.at[r];
    if (region->depth) return egi_bad_text(p, p->line, "region %lld is there twice", (long long)r);
    region->parent = here(p);
    region->depth = (uint16_t)(p->depth + 1);
    region->floor = p->cond ? (uint16_t)r : g->regions.at[here(p)].floor;
    region->owner = p->owner;
    p->stack[++p->depth] = (uint16_t)r;
    p->done[p->depth] = false;
    return egi_take_end(p);
}

/* What the line before a block knew about further blocks is kept on a stack of its own: the second of a pair. */
typedef struct pending {
    int64_t second;
    int left;
    egi_id owner;
    bool cond;
} pending;

static bool region_line(parser *p, pending *stack)
{
    pending keep = {.second = p->region_of[1], .left = p->regions_left - 1, .owner = p->owner, .cond = p->cond};
    if (!open_region(p)) return false;
    stack[p->depth] = keep;
    p->regions_left = 0;
    return true;
}

static bool close_line(parser *p, const pending *stack)
{
    if (p->depth == 0) return egi_bad_text(p, p->line, "} closes nothing");
    if (!p->done[p->depth]) return egi_bad_text(p, p->line, "the region has no result line");
    const pending *k = &stack[p->depth--];
    p->region_of[0] = k->second;
    p->regions_left = k->left;
    p->owner = k->owner;
    p->cond = k->cond;
    return egi_take_end(p);
}

static bool result_line(parser *p)
{
    egi_ids *to = &p->g->regions.at[here(p)].results;
    bool pair = p->depth == 0 && egi_take(p, "complex");
    while (*p->s == ' ') p->s++;
    for (egi_id v; pair || *p->s == '%';) {
        if (!egi_take_id(p, &v)) return false;
        if (pair && !egi_result_becomes_complex(p->g, to->n)) return egi_parse_lost(p);
        if (!egi_push(&p->eg->allocator, to, v)) return egi_parse_lost(p);
        pair = p->depth == 0 && egi_take(p, "complex");
        while (*p->s == ' ') p->s++;
    }
    p->done[p->depth] = true;
    return egi_take_end(p);
}

static bool write_line(parser *p)
{
    egi_write w = {0};
    const char *name = egi_take_string(p);
    if (!name || !egi_take_id(p, &w.value)) return false;
    if (p->depth || !p->done[0]) return egi_bad_text(p, p->line, "writes come after the function's result");
    while (w.var < p->g->vars.n && strcmp(p->g->vars.at[w.var]->name, name) != 0) w.var++;
    if (w.var == p->g->vars.n) return egi_bad_text(p, p->line, "variable '%s' is not in the header", name);
    if (!egi_push(&p->eg->allocator, &p->g->writes, w)) return egi_parse_lost(p);
    return egi_take_end(p);
}

static bool body_line(parser *p, pending *stack)
{
    if (egi_take(p, "region")) return region_line(p, stack);
    if (p->regions_left) return egi_bad_text(p, p->line, "region %lld is missing", (long long)p->region_of[0]);
    if (egi_take(p, "write")) return write_line(p);
    if (egi_take_char(p, '}')) return close_line(p, stack);
    if (p->done[p->depth]) return egi_bad_text(p, p->line, "nothing may follow the result");
    if (egi_take(p, "result")) return result_line(p);
    return egi_parse_node(p);
}

static bool parse_lines(parser *p)
{
    pending stack[EGI_MAX_DEPTH + 1];
    bool header = true;
    p->line = 1;
    if (!egi_take(p, "engram") || !egi_take(p, "1") || !egi_take_end(p))
        return egi_bad_text(p, 1, "it does not begin with 'engram 1'");
    for (p->line = 2; *p->s; p->line++) {
        const char *start = p->s;
        while (*p->s == ' ' || *p->s == '\t' || *p->s == '\r') p->s++;
        if (*p->s == '\n' || *p->s == ';') {
            while (*p->s && *p->s != '\n') p->s++;
            p->s += *p->s == '\n';
            continue;
        }
        if (!*p->s) break;
        p->s = start;
        bool was = false;
        if (header && !egi_parse_header(p, &was)) return false;
        if (was) continue;
        header = false;
        if (!body_line(p, stack)) return false;
        if (p->g->failed) return false;
    }
    if (p->depth || p->regions_left) return egi_bad_text(p, p->line, "the text ends within a region");
    if (!p->done[0]) return egi_bad_text(p, p->line, "the function has no result line");
    return true;
}

/* -- records into nodes --------------------------------------------------------------------------------------- */

/* order[id] = 1 + its record; every number from 1 is given once. */
static bool sort_records(parser *p, uint32_t *order)
{
    for (int64_t k = 0; k < p->records.n; k++) {
        const record *r = &p->records.at[k];
        if (r->id > p->records.n)
            return egi_bad_text(p, r->line, "%%%u: nodes are numbered from 1 without gaps, and there are %lld", r->id,
                                (long long)p->records.n);
        if (order[r->id]) return egi_bad_text(p, r->line, "%%%u is there twice", r->id);
        order[r->id] = (uint32_t)(k + 1);
    }
    return true;
}

static bool make_node(parser *p, record *r)
{
    egi_graph *g = p->g;
    r->make.args = r->make.num_args ? &p->ids.at[r->args] : NULL;
    for (uint32_t k = 0; k < r->make.num_args; k++) {
        egi_id a = r->make.args[k];
        if (a >= r->id) return egi_bad_text(p, r->line, "operand %%%u is not made before %%%u", a, r->id);
        if (!egi_is_inside(g, r->region, egi_at(g, a)->region))
            return egi_bad_text(p, r->line, "operand %%%u belongs to a region that has ended", a);
    }
    g->region = r->region;
    g->loc = r->loc;
    egi_id id = egi_node_make(g, &r->make);
    if (!id) return false;
    if (id != r->id) return egi_bad_text(p, r->line, "%%%u repeats %%%u", r->id, id);
    if (egi_at(g, id)->region != r->region)
        return egi_bad_text(p, r->line, "%%%u does not depend on region %u: it belongs in region %u", id, r->region,
                            egi_at(g, id)->region);
    return true;
}

/* Parameters by their numbers, which need not be the order of their nodes: carried variables are found late. */
static bool set_params(parser *p)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t k = 0; k < p->records.n; k++) {
            const record *r = &p->records.at[k];
            egi_ids *params = &p->g->regions.at[r->region].params;
            if (r->make.op != EGI_PARAM) continue;
            if (pass == 0 && !egi_push(&p->eg->allocator, params, 0)) return egi_parse_lost(p);
            if (pass == 0) continue;
            if (r->make.imm >= (uint64_t)params->n || params->at[r->make.imm])
                return egi_bad_text(p, r->line, "parameters of a region are numbered from 0 without gaps");
            params->at[r->make.imm] = r->id;
        }
    }
    return true;
}

static bool make_nodes(parser *p, uint32_t *order)
{
    egi_graph *g = p->g;
    egi_fault fault;
    for (int64_t r = 1; r < g->regions.n; r++) {
        if (!g->regions.at[r].depth) return egi_bad_text(p, p->line, "there is no region %lld", (long long)r);
        if (g->regions.at[r].parent >= r)
            return egi_bad_text(p, p->line, "region %lld lies in one with a larger number", (long long)r);
    }
    if (!sort_records(p, order)) return false;
    for (int64_t id = 1; id <= p->records.n; id++) {
        record *r = &p->records.at[order[id] - 1];
        if (!make_node(p, r)) return false;
    }
    if (!set_params(p)) return false;
    g->region = 0;
    g->loc = 0;
    if (egi_check(g, &fault)) return true;
    int line = fault.node && fault.node <= p->records.n ? p->records.at[order[fault.node] - 1].line : p->line;
    if (fault.node)
        return egi_bad_text(p, line, "%%%u = %s breaks the rule: %s", fault.node,
                            egi_ops[egi_at(g, fault.node)->op].text, fault.rule);
    return egi_bad_text(p, line, "the graph breaks the rule: %s", fault.rule);
}

egi_graph *egi_graph_parse_with(eg_context *eg, const char *text, int num_hosts, const egi_host *hosts)
{
    if (!eg || eg->status) return NULL;
    if (!text) {
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "text of a graph: it is NULL");
        return NULL;
    }
    parser p = {.eg = eg, .s = text, .num_hosts = num_hosts, .hosts = hosts, .g = egi_graph_new(eg)};
    if (!p.g) return NULL;
    uint32_t *order = NULL;
    bool good = parse_lines(&p);
    if (good) {
        order = egi_alloc(&eg->allocator, (size_t)(p.records.n + 1) * sizeof *order, 16);
        good = order ? make_nodes(&p, order) : egi_parse_lost(&p);
    }
    egi_free(&eg->allocator, order);
    egi_vec_free(&eg->allocator, &p.records);
    egi_vec_free(&eg->allocator, &p.ids);
    if (good && !eg->status) return p.g;
    egi_graph_free(p.g);
    return NULL;
}

egi_graph *egi_graph_parse(eg_context *eg, const char *text) { return egi_graph_parse_with(eg, text, 0, NULL); }
