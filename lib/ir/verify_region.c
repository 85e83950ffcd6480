/* The rules of loop, while, cond and host, of the parameters of their regions and of their items; and of tuples. */
#include "ir/check.h"

#define NEED(condition, ...)                                                                                           \
    do {                                                                                                               \
        if (!(condition)) return egi_broken(f, id, __VA_ARGS__);                                                       \
    } while (0)

static const egi_region *region_of(const egi_graph *g, egi_id id, int k)
{
    return &g->regions.at[egi_ints_of(g, egi_at(g, id))[k]];
}

static bool same_spec(const egi_graph *g, egi_id a, egi_id b)
{
    return egi_at(g, a)->dtype == egi_at(g, b)->dtype && egi_same_shape(egi_shape_of(g, a), egi_shape_of(g, b));
}

static bool is_value(const egi_graph *g, egi_id id) { return egi_dtype_of(g, id) < EG_DTYPE_COUNT; }

/* v is one row of the stack s of n rows. */
static bool is_row(const egi_graph *g, egi_id v, eg_spec s, int64_t n)
{
    eg_spec row = {.dtype = s.dtype, .rank = s.rank - 1};
    if (s.rank < 1 || s.dim[0] != n) return false;
    memcpy(row.dim, s.dim + 1, (size_t)row.rank * sizeof *row.dim);
    return egi_spec_equal(row, egi_spec(g, v));
}

static bool check_loop(const egi_graph *g, egi_id id, egi_fault *f)
{
    const egi_node *n = egi_at(g, id);
    NEED(egi_num_ints(g, n) == 4, "it names body, carried, sequences and stacked");
    const int64_t *ints = egi_ints_of(g, n);
    int64_t nc = ints[1], ns = ints[2], ny = ints[3];
    NEED(nc >= 0 && ns >= 0 && ny >= 0 && nc <= UINT32_MAX && ns <= UINT32_MAX && ny <= UINT32_MAX &&
             n->num_args == 1 + nc + ns,
         "its operands are the length, the carried values and the sequences");
    egi_id length = egi_arg(g, id, 0);
    NEED(egi_dtype_of(g, length) == EG_I64 && egi_shape_of(g, length)->rank == 0, "its length is an i64 scalar");
    bool fixed = egi_at(g, length)->op == EGI_CONST;
    int64_t steps = fixed ? (int64_t)egi_at(g, length)->imm : 0;
    NEED(steps >= 0, "its length is not negative");
    NEED(fixed || (ns == 0 && ny == 0), "with sequences or stacked results its length is a constant");
    const egi_region *body = region_of(g, id, 0);
    NEED(body->params.n == 1 + nc + ns, "its body has %lld parameters", (long long)(1 + nc + ns));
    NEED(body->results.n == nc + ny, "its body has %lld results", (long long)(nc + ny));
    egi_id i = body->params.at[0];
    NEED(egi_dtype_of(g, i) == EG_I64 && egi_shape_of(g, i)->rank == 0, "its counter is an i64 scalar");
    for (int64_t k = 0; k < nc; k++) {
        egi_id a = egi_arg(g, id, (uint32_t)(1 + k)), p = body->params.at[1 + k], r = body->results.at[k];
        NEED(is_value(g, a) && same_spec(g, a, p) && same_spec(g, p, r),
             "carried value %lld has one type and shape as operand, parameter and result", (long long)k);
    }
    for (int64_t k = 0; k < ns; k++) {
        egi_id a = egi_arg(g, id, (uint32_t)(1 + nc + k)), p = body->params.at[1 + nc + k];
        NEED(is_value(g, a) && is_row(g, p, egi_spec(g, a), steps), "parameter %lld is a row of its sequence",
             (long long)(1 + nc + k));
    }
    return true;
}

static bool check_while(const egi_graph *g, egi_id id, egi_fault *f)
{
    const egi_node *n = egi_at(g, id);
    NEED(egi_num_ints(g, n) == 2, "it names condition and body");
    const egi_region *cond = region_of(g, id, 0), *body = region_of(g, id, 1);
    NEED(cond->params.n == n->num_args && body->params.n == n->num_args && body->results.n == n->num_args,
         "condition and body have its carried values");
    NEED(cond->results.n == 1 && egi_spec_equal(egi_spec(g, cond->results.at[0]), eg_scalar(EG_BOOL)),
         "its condition is one bool scalar");
    for (uint32_t k = 0; k < n->num_args; k++) {
        egi_id a = egi_arg(g, id, k);
        NEED(is_value(g, a) && same_spec(g, a, cond->params.at[k]) && same_spec(g, a, body->params.at[k]) &&
                 same_spec(g, a, body->results.at[k]),
             "carried value %u has one type and shape as operand, parameters and result", k);
    }
    return true;
}

static bool check_cond(const egi_graph *g, egi_id id, egi_fault *f)
{
    const egi_node *n = egi_at(g, id);
    NEED(egi_num_ints(g, n) == 2, "it names two arms");
    NEED(egi_spec_equal(egi_spec(g, egi_arg(g, id, 0)), eg_scalar(EG_BOOL)), "its predicate is a bool scalar");
    const egi_region *yes = region_of(g, id, 0), *no = region_of(g, id, 1);
    NEED(yes->params.n == 0 && no->params.n == 0, "its arms have no parameters");
    NEED(yes->results.n == no->results.n, "its arms have equally many results");
    for (int64_t k = 0; k < yes->results.n; k++) {
        NEED(same_spec(g, yes->results.at[k], no->results.at[k]), "result %lld of both arms has one type and shape",
             (long long)k);
    }
    return true;
}

static bool check_host(const egi_graph *g, egi_id id, egi_fault *f)
{
    const egi_node *n = egi_at(g, id);
    NEED(egi_num_ints(g, n) == 0, "it has no attributes");
    NEED(n->imm < (uint64_t)g->hosts.n, "its function is captured");
    for (uint32_t k = 0; k < n->num_args; k++) NEED(is_value(g, egi_arg(g, id, k)), "operand %u is a value", k);
    return true;
}

static bool check_param(const egi_graph *g, egi_id id, egi_fault *f)
{
    const egi_node *n = egi_at(g, id);
    NEED(is_value(g, id), "it is a value");
    NEED(egi_num_ints(g, n) == 1 && egi_ints_of(g, n)[0] == n->region, "it names the region that it lies in");
    const egi_region *r = &g->regions.at[n->region];
    NEED(n->imm < (uint64_t)r->params.n && r->params.at[n->imm] == id, "its region has it as parameter");
    return true;
}

static bool check_item(const egi_graph *g, egi_id id, egi_fault *f)
{
    const egi_node *n = egi_at(g, id);
    egi_id of = egi_arg(g, id, 0);
    const egi_node *o = egi_at(g, of);
    NEED(egi_num_ints(g, n) == 0, "it has no attributes");
    if (o->op == EGI_TUPLE) {
        NEED(n->imm < o->num_args && same_spec(g, id, egi_arg(g, of, (uint32_t)n->imm)), "it is an item of the tuple");
        return true;
    }
    NEED(is_value(g, id), "it is a value");
    if (o->op == EGI_HOST) {
        const egi_host *h = &g->hosts.at[o->imm];
        NEED(n->imm < (uint64_t)h->num_out && egi_spec_equal(egi_spec(g, id), egi_stored(h->out[n->imm])),
             "it is an output of the host function");
        return true;
    }
    NEED(egi_regions_of((egi_op)o->op), "it is taken from a tuple, loop, while, cond or host");
    const egi_region *r = region_of(g, of, o->op == EGI_WHILE ? 1 : 0);
    NEED(n->imm < (uint64_t)r->results.n, "its region has that result");
    egi_id v = r->results.at[n->imm];
    bool stacked = o->op == EGI_LOOP && (int64_t)n->imm >= egi_ints_of(g, o)[1];
    NEED(stacked ? is_row(g, v, egi_spec(g, id), (int64_t)egi_at(g, egi_arg(g, of, 0))->imm) : same_spec(g, id, v),
         "it has the type and shape of that result%s", stacked ? ", stacked" : "");
    return true;
}

bool egi_check_region_node(const egi_graph *g, egi_id id, egi_fault *f)
{
    const egi_node *n = egi_at(g, id);
    if (n->op == EGI_PARAM) return check_param(g, id, f);
    if (n->op == EGI_ITEM) return check_item(g, id, f);
    NEED(n->dtype == EG_DTYPE_COUNT && n->shape == 0, "it gives a tuple");
    if (n->op == EGI_LOOP) return check_loop(g, id, f);
    if (n->op == EGI_WHILE) return check_while(g, id, f);
    if (n->op == EGI_COND) return check_cond(g, id, f);
    if (n->op == EGI_HOST) return check_host(g, id, f);
    NEED(n->op == EGI_TUPLE, "the verifier knows its operation");
    NEED(egi_num_ints(g, n) == 0, "it has no attributes");
    return true;
}
