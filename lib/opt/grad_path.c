/* Which nodes lie on a path from what is differentiated for to the result: only these have adjoints. */
#include "core/context.h"
#include "opt/grad.h"
#include "opt/live.h"

/* Operations whose gradient is zero wherever it exists. */
static bool is_flat(egi_op op)
{
    return op == EGI_SIGN || op == EGI_FLOOR || op == EGI_CEIL || op == EGI_TRUNC || op == EGI_ROUND;
}

static int regions_of(egi_op op) { return op == EGI_LOOP ? 1 : op == EGI_WHILE || op == EGI_COND ? 2 : 0; }

/* What a value of a region depends on directly, besides operands: calls visit() for each. */
typedef void visitor(egi_grad *x, egi_id id, egi_id source);

static void visit_param(egi_grad *x, egi_id id, visitor *visit)
{
    const egi_graph *g = x->from;
    egi_id owner;
    int64_t k = egi_carried_index(g, id, &owner);
    if (k >= 0) {
        visit(x, id, egi_carried_init(g, owner, k));
        visit(x, id, egi_grad_region(x, egi_body_of(g, owner))->results.at[k]);
    } else if (egi_at(g, id)->imm) {
        visit(x, id, egi_arg(g, owner, (uint32_t)egi_at(g, id)->imm));
    }
}

static void visit_item(egi_grad *x, egi_id id, visitor *visit)
{
    const egi_graph *g = x->from;
    egi_id owner = egi_arg(g, id, 0);
    const egi_node *o = egi_at(g, owner);
    int64_t k = (int64_t)egi_at(g, id)->imm;
    if (o->op == EGI_HOST) {
        for (uint32_t j = 0; j < o->num_args; j++) visit(x, id, egi_arg(g, owner, j));
        return;
    }
    int64_t nc = o->op == EGI_LOOP ? egi_ints_of(g, o)[1] : o->op == EGI_WHILE ? o->num_args : 0;
    if (k < nc) visit(x, id, egi_carried_init(g, owner, k)); /* of no steps it is the result */
    if (o->op == EGI_COND) visit(x, id, egi_grad_region(x, egi_ints_of(g, o)[0])->results.at[k]);
    int body = o->op == EGI_LOOP ? 0 : 1;
    visit(x, id, egi_grad_region(x, egi_ints_of(g, o)[body])->results.at[k]);
}

static void visit_sources(egi_grad *x, egi_id id, visitor *visit)
{
    const egi_graph *g = x->from;
    const egi_node *n = egi_at(g, id);
    if (n->dtype >= EG_DTYPE_COUNT || !egi_is_float((eg_dtype)n->dtype) || is_flat((egi_op)n->op)) return;
    if (n->op == EGI_PARAM) {
        visit_param(x, id, visit);
    } else if (n->op == EGI_ITEM) {
        visit_item(x, id, visit);
    } else {
        /* The gradient of a custom one goes to its x, whatever its values were made of; a stop's goes nowhere. */
        const bool custom = n->op == EGI_CUSTOM;
        const uint32_t end = !custom ? n->num_args : n->imm ? 1 + (uint32_t)egi_ints_of(g, n)[1] : 0;
        for (uint32_t k = custom; k < end; k++) visit(x, id, egi_arg(g, id, k));
    }
}

static bool is_real(const egi_graph *g, egi_id id)
{
    return egi_dtype_of(g, id) < EG_DTYPE_COUNT && egi_is_float(egi_dtype_of(g, id));
}

static void activate(egi_grad *x, egi_id id, egi_id source)
{
    if (is_real(x->from, source) && x->active[source]) x->active[id] = true;
}

static void want(egi_grad *x, egi_id id, egi_id source)
{
    (void)id;
    if (is_real(x->from, source)) x->useful[source] = true;
}

static int64_t marked(const bool *at, int64_t n)
{
    int64_t sum = 0;
    for (int64_t k = 0; k < n; k++) sum += at[k];
    return sum;
}

/* Loops hand values back to their parameters, so both directions are repeated until nothing changes. */
static void spread(egi_grad *x)
{
    const int64_t n = x->from->nodes.n;
    for (int64_t before = -1, now = 0; before != now;) {
        before = now;
        for (egi_id id = 1; id < n; id++) {
            if (!x->active[id]) visit_sources(x, id, activate);
        }
        now = marked(x->active, n);
    }
    for (int64_t before = -1, now = 0; before != now;) {
        before = now;
        for (egi_id id = (egi_id)n - 1; id > 0; id--) {
            if (x->useful[id]) visit_sources(x, id, want);
        }
        now = marked(x->useful, n);
    }
}

static void mark_owners(egi_grad *x)
{
    const egi_graph *g = x->from;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->op == EGI_ITEM && egi_on_path(x, id)) x->differs[egi_arg(g, id, 0)] = true;
        if (n->op != EGI_BITS && n->op != EGI_HOST && n->op != EGI_WHILE) continue;
        for (uint16_t r = n->region; r; r = egi_grad_region(x, r)->parent)
            x->impure[egi_grad_region(x, r)->owner] = true;
    }
}

bool egi_grad_paths(egi_grad *x, const bool *wrt, egi_id result)
{
    const egi_graph *g = x->from;
    memcpy(x->active, wrt, (size_t)g->nodes.n * sizeof *wrt);
    x->useful[result] = true;
    spread(x);
    mark_owners(x);
    return !egi_grad_failed(x);
}

static void capture(egi_grad *x, int n, const uint16_t *r, bool *met, egi_id id, egi_ids *out)
{
    if (met[id] || !egi_on_path(x, id)) return;
    for (int k = 0; k < n; k++) {
        if (egi_region_within(x->from, egi_at(x->from, id)->region, r[k])) return;
    }
    met[id] = true;
    if (!egi_push(&x->to->eg->allocator, out, id)) x->to->failed = true;
}

static void capture_from(egi_grad *x, int n, const uint16_t *r, bool *met, egi_id id, egi_ids *out)
{
    const egi_graph *g = x->from;
    const egi_node *o = egi_at(g, id);
    for (uint32_t k = 0; k < o->num_args; k++) capture(x, n, r, met, egi_arg(g, id, k), out);
    for (int a = 0; a < regions_of((egi_op)o->op); a++) {
        const egi_ids *results = &egi_grad_region(x, egi_ints_of(g, o)[a])->results;
        for (int64_t k = 0; k < results->n; k++) capture(x, n, r, met, results->at[k], out);
    }
}

/* A region's nodes, and those of regions inside, have numbers from its first one to its owner's. */
static egi_id first_of(egi_grad *x, uint16_t r)
{
    const egi_graph *g = x->from;
    if (!x->lowest) {
        x->lowest = egi_arena_alloc(&x->to->arena, (size_t)g->regions.n * sizeof *x->lowest);
        if (!x->lowest) return 1;
        for (egi_id id = (egi_id)g->nodes.n; id-- > 1;) {
            for (uint16_t in = egi_at(g, id)->region; in; in = egi_grad_region(x, in)->parent) x->lowest[in] = id;
        }
    }
    return x->lowest[r] ? x->lowest[r] : egi_grad_region(x, r)->owner;
}

bool egi_grad_captured(egi_grad *x, int n, const uint16_t *r, egi_ids *out)
{
    const egi_graph *g = x->from;
    bool *met = egi_alloc(&g->eg->allocator, (size_t)g->nodes.n * sizeof *met, 16);
    if (!met) {
        egi_no_memory(g->eg);
        return false;
    }
    for (int k = 0; k < n; k++) {
        egi_id owner = egi_grad_region(x, r[k])->owner;
        const egi_ids *results = &egi_grad_region(x, r[k])->results;
        for (int64_t j = 0; j < results->n; j++) capture(x, n, r, met, results->at[j], out);
        for (egi_id id = first_of(x, r[k]); id < owner; id++) {
            if (egi_region_within(g, egi_at(g, id)->region, r[k])) capture_from(x, n, r, met, id, out);
        }
    }
    egi_free(&g->eg->allocator, met);
    return !egi_grad_failed(x);
}

void egi_grad_forget(egi_grad *x, uint16_t r)
{
    egi_id owner = egi_grad_region(x, r)->owner;
    for (egi_id id = first_of(x, r); id < owner; id++) {
        if (egi_region_within(x->from, egi_at(x->from, id)->region, r)) x->adjoint[id] = 0;
    }
}
