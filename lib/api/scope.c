/* Variables while tracing: which value a variable has here, and what regions must carry because of it.
 *
 * A loop's body that reads a variable gets a parameter at once, since it may set the variable later; if it never does,
 * the simplifier replaces the parameter by the value from outside.  A complex variable is a pair here, and two
 * parameters: it is one array only when the function starts and when it ends. */
#include "api/api.h"
#include "ir/complex.h"

uint32_t egi_var_slot(egi_graph *g, eg_var *v)
{
    for (int64_t k = 0; k < g->vars.n; k++) {
        if (g->vars.at[k] == v) return (uint32_t)k;
    }
    if (!egi_push(&g->eg->allocator, &g->vars, v)) {
        g->failed = true;
        egi_no_memory(g->eg);
        return 0;
    }
    return (uint32_t)(g->vars.n - 1);
}

static egi_binding *find(egi_scope *s, uint32_t slot)
{
    for (int64_t k = 0; k < s->vars.n; k++) {
        if (s->vars.at[k].slot == slot) return &s->vars.at[k];
    }
    return NULL;
}

static egi_binding *add(egi_trace *t, egi_scope *s, egi_binding b)
{
    if (!egi_push(&t->g->eg->allocator, &s->vars, b)) {
        t->g->failed = true;
        egi_no_memory(t->g->eg);
        return NULL;
    }
    return &s->vars.at[s->vars.n - 1];
}

static egi_id leaf(egi_graph *g, eg_var *v, uint32_t slot)
{
    const eg_spec spec = egi_stored(v->spec);
    egi_shape s = egi_shape_of_spec(spec);
    const uint32_t loc = g->loc;
    const uint16_t here = g->region;
    g->loc = egi_loc_intern(g, v->file, v->line, v->name);
    g->region = 0; /* what is made of it, too, although an arm may be open */
    egi_id id = egi_node_make(
        g, &(egi_make){.op = EGI_VAR, .dtype = spec.dtype, .shape = egi_shape_intern(g, &s), .imm = slot});
    id = egi_as_seen(g, id, v->spec.dtype);
    g->loc = loc;
    g->region = here;
    return id;
}

/* A parameter of the loop's region, made although an inner region may be open. */
static egi_id parameter(egi_graph *g, egi_scope *s, egi_id like, const char *name)
{
    uint16_t here = g->region;
    uint32_t loc = g->loc;
    int64_t region = s->region;
    g->region = s->region;
    g->loc = egi_loc_intern(g, g->locs.at[loc].file, g->locs.at[loc].line, name);
    egi_id id = egi_node_make(g, &(egi_make){.op = EGI_PARAM,
                                             .dtype = egi_dtype_of(g, like),
                                             .shape = egi_at(g, like)->shape,
                                             .attr = egi_ints(g, 1, &region),
                                             .imm = s->carried});
    g->region = here;
    g->loc = loc;
    if (!id || !egi_push(&g->eg->allocator, &g->regions.at[s->region].params, id)) return 0;
    s->carried++;
    return id;
}

static egi_id parameters(egi_graph *g, egi_scope *s, egi_id like, const char *name)
{
    if (!egi_is_pair(g, like)) return parameter(g, s, like, name);
    egi_id re = parameter(g, s, egi_re(g, like), name), im = parameter(g, s, egi_im(g, like), name);
    const uint16_t here = g->region;
    g->region = s->region;
    egi_id id = egi_pair(g, re, im);
    g->region = here;
    return id;
}

static egi_binding *enter(egi_trace *t, egi_scope *s, eg_var *v)
{
    uint32_t slot = egi_var_slot(t->g, v);
    egi_binding *b = find(s, slot);
    if (b || t->g->failed) return b;
    egi_binding n = {.slot = slot};
    n.outer = n.value = s->outer ? egi_scope_get(t, s->outer, v) : leaf(t->g, v, slot);
    if (!n.value) return NULL;
    if (s->kind == EGI_SCOPE_LOOP) {
        n.param = n.value = parameters(t->g, s, n.outer, v->name);
        if (!n.param) return NULL;
    }
    return add(t, s, n);
}

egi_id egi_scope_get(egi_trace *t, egi_scope *s, eg_var *v)
{
    egi_binding *b = enter(t, s, v);
    return b ? b->value : 0;
}

bool egi_scope_set(egi_trace *t, eg_var *v, egi_id value)
{
    egi_binding *b = enter(t, t->scope, v);
    if (!b) return false;
    b->value = value;
    b->set = true;
    return true;
}
