/* Gradients of matrix products and of products along connections. */
#include "core/context.h"
#include "opt/grad.h"

static egi_id turned(egi_graph *g, egi_id m)
{
    if (!m) return 0;
    int rank = egi_shape_of(g, m)->rank;
    int64_t perm[EG_MAX_RANK];
    for (int k = 0; k < rank; k++) perm[k] = k;
    perm[rank - 2] = rank - 1;
    perm[rank - 1] = rank - 2;
    return egi_transpose(g, m, perm);
}

/* a b for operand k.  Of a value from outside of the region, such as a loop's weights, that has an adjoint already the
 * chains go on from there: one product that runs on through the steps instead of a product and a sum in each. */
static void add_product(egi_grad *x, egi_id id, uint32_t k, egi_id a, egi_id b)
{
    const egi_id of = egi_arg(x->from, id, k);
    const bool outside = egi_at(x->from, of)->region != egi_at(x->from, id)->region;
    if (!outside || !x->adjoint[of]) {
        egi_pass(x, id, k, egi_dot(x->to, a, b));
        return;
    }
    egi_id sum = egi_dot_from(x->to, a, b, x->adjoint[of]);
    if (sum) x->adjoint[of] = sum;
}

static void matrices(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    if (egi_at(x->from, id)->num_args > 2) egi_pass(x, id, 2, d);
    if (egi_wants(x, id, 0)) add_product(x, id, 0, d, turned(g, egi_value_of(x, id, 1)));
    if (egi_wants(x, id, 1)) add_product(x, id, 1, turned(g, egi_value_of(x, id, 0)), d);
}

/* -- along connections --------------------------------------------------------------------------------------------- */

static egi_id along(egi_graph *g, egi_op op, uint64_t csr, egi_id base, egi_id v, egi_id weight)
{
    if (!base || !v || !weight) return 0;
    egi_id args[] = {base, v, weight};
    return egi_node_make(g, &(egi_make){.op = op,
                                        .dtype = egi_dtype_of(g, base),
                                        .shape = egi_at(g, base)->shape,
                                        .num_args = 3,
                                        .args = args,
                                        .imm = csr});
}

/* a b where a may be of bool: then b where a is true. */
static egi_id gated(egi_graph *g, egi_id a, egi_id b)
{
    if (!a || !b) return 0;
    return egi_dtype_of(g, a) == EG_BOOL ? egi_choose(g, a, b, 0) : egi_times(g, a, b);
}

/* For each synapse the element of v at one of its ends. */
static egi_id at_ends(egi_grad *x, uint64_t csr, egi_id v, bool post)
{
    egi_graph *g = x->to;
    eg_array *ends = egi_csr_ends(g->csrs.at[csr], post);
    if (!ends || !v) return 0;
    int64_t slot = 0;
    while (slot < g->arrays.n && g->arrays.at[slot] != ends) slot++;
    if (slot == g->arrays.n && !egi_push(&g->eg->allocator, &g->arrays, ends)) {
        egi_no_memory(g->eg);
        return 0;
    }
    egi_shape s = {.rank = 1, .dim = {ends->spec.dim[0]}};
    egi_id index = egi_node_make(
        g, &(egi_make){
               .op = EGI_ARRAY, .dtype = ends->spec.dtype, .shape = egi_shape_intern(g, &s), .imm = (uint64_t)slot});
    return egi_gather(g, v, index, 0);
}

/* pre [pre] and post [post] are what meets at a synapse; the weight's gradient is their product there, summed over
 * those that share a weight. */
static void weight(egi_grad *x, egi_id id, egi_id pre, egi_id post)
{
    egi_graph *g = x->to;
    uint64_t csr = egi_at(x->from, id)->imm;
    const eg_csr *c = g->csrs.at[csr];
    egi_shape w = *egi_shape_of(x->from, egi_arg(x->from, id, 2));
    eg_dtype t = egi_dtype_of(x->from, id);
    if (!egi_wants(x, id, 2) || !pre || !post) return;
    if (w.rank && w.dim[0] == eg_csr_size(c)) {
        if (w.dim[0] == 0) return;
        bool first = egi_dtype_of(g, pre) == EG_BOOL;
        egi_id a = at_ends(x, csr, first ? pre : post, !first), b = at_ends(x, csr, first ? post : pre, first);
        egi_pass(x, id, 2, gated(g, a, b));
        return;
    }
    egi_id none = egi_zeros(g, eg_vector(t, eg_csr_num_pre(c)));
    egi_id sums = along(g, EGI_EVENT_T, csr, none, post, egi_const_f(g, t, 1));
    egi_pass(x, id, 2, gated(g, pre, sums)); /* of one weight for all: summed there */
}

static void events(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    const egi_node *n = egi_at(x->from, id);
    bool forward = n->op == EGI_EVENT;
    egi_id v = egi_value_of(x, id, 1), source = egi_arg(x->from, id, 1);
    egi_pass(x, id, 0, d);
    if (egi_wants(x, id, 1)) {
        egi_id base = x->adjoint[source] ? x->adjoint[source] : egi_zeros(g, egi_spec(x->from, source));
        egi_id sum = along(g, forward ? EGI_EVENT_T : EGI_EVENT, n->imm, base, d, egi_value_of(x, id, 2));
        if (sum) x->adjoint[source] = sum;
    }
    weight(x, id, forward ? v : d, forward ? d : v);
}

/* The weights' gradient is put into what has come to them so far: in a loop that touches only rows that fired. */
static void spiking(egi_grad *x, egi_id id, egi_id d)
{
    egi_graph *g = x->to;
    egi_id w = egi_arg(x->from, id, 2);
    egi_pass(x, id, 0, d);
    if (egi_wants(x, id, 1)) egi_pass(x, id, 1, egi_dot(g, d, turned(g, egi_value_of(x, id, 2))));
    if (!egi_wants(x, id, 2)) return;
    egi_id so_far = x->adjoint[w] ? x->adjoint[w] : egi_zeros(g, egi_spec(x->from, w));
    egi_id sum = egi_dot_event(g, so_far, turned(g, egi_value_of(x, id, 1)), d);
    if (sum) x->adjoint[w] = sum;
}

void egi_grad_product(egi_grad *x, egi_id id, egi_id d)
{
    if (egi_at(x->from, id)->op == EGI_DOT)
        matrices(x, id, d);
    else if (egi_at(x->from, id)->op == EGI_DOT_EVENT)
        spiking(x, id, d);
    else
        events(x, id, d);
}
