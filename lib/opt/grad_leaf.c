/* Leaves: values inside loops that the primal stores for the gradient, instead of their being made again.
 *
 * A product is stored as such only if its value is asked for.  Where all that happens to it is that it is added to
 * something, the sum is stored in its place: of two inputs and a membrane that decays, V = d V + x W + s R, that is V,
 * one array in place of three. */
#include "core/context.h"
#include "opt/grad.h"

/* A read of a part of what a loop changes: storing the part spares storing the whole (delay lines). */
static bool reads_part(const egi_grad *x, egi_id id)
{
    const egi_graph *g = x->from;
    egi_id whole = egi_arg(g, id, 0);
    return egi_at(g, whole)->region && egi_count(g, id) < egi_count(g, whole);
}

static egi_leaf leaf_of(const egi_grad *x, egi_id id)
{
    const egi_graph *g = x->from;
    const egi_node *n = egi_at(g, id), *owner;
    if (!n->region) return EGI_LEAF_NONE;
    switch ((int)n->op) {
    case EGI_BITS: return EGI_LEAF_IMPURE;
    case EGI_ITEM:
        owner = egi_at(g, egi_arg(g, id, 0));
        if (owner->op == EGI_HOST || owner->op == EGI_WHILE) return EGI_LEAF_IMPURE;
        if (x->differs[egi_arg(g, id, 0)]) return EGI_LEAF_NONE;
        return x->impure[egi_arg(g, id, 0)] ? EGI_LEAF_IMPURE : EGI_LEAF_COSTLY;
    case EGI_DOT:
    case EGI_DOT_EVENT:
    case EGI_EVENT:
    case EGI_EVENT_T:
    case EGI_SORT:
    case EGI_ARGSORT:
    case EGI_CUMSUM:
    case EGI_BATCH_MEAN: return EGI_LEAF_COSTLY; /* it will be a reduction, of one value for all copies */
    case EGI_DSLICE:
    case EGI_GATHER: return reads_part(x, id) ? EGI_LEAF_COSTLY : EGI_LEAF_NONE;
    default: return egi_flags((egi_op)n->op) & FR ? EGI_LEAF_COSTLY : EGI_LEAF_NONE;
    }
}

/* Does the gradient of the sum or product `id` ask for the value of its operand k? */
static bool asks_for(const egi_grad *x, egi_id id, uint32_t k)
{
    switch ((int)egi_at(x->from, id)->op) {
    case EGI_ADD:
    case EGI_SUB:
    case EGI_NEG: return false;
    case EGI_MUL: return egi_wants(x, id, 1 - k);
    case EGI_FMA: return k < 2 && egi_wants(x, id, 1 - k);
    default: return true;
    }
}

/* The only use of each node: node, 0 = none; MANY. */
#define MANY UINT32_MAX

static void find_users(const egi_graph *g, egi_id *user)
{
    for (egi_id id = 1; id < g->nodes.n; id++) {
        for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) {
            egi_id *u = &user[egi_arg(g, id, k)];
            *u = *u ? MANY : id;
        }
    }
}

static uint32_t operand_of(const egi_graph *g, egi_id user, egi_id id)
{
    uint32_t k = 0;
    while (egi_arg(g, user, k) != id) k++;
    return k;
}

/* May the user be stored in the leaf's place? */
static bool stands_for(const egi_grad *x, egi_id user, egi_id id)
{
    const egi_graph *g = x->from;
    if (!user || user == MANY) return false;
    const egi_node *u = egi_at(g, user), *n = egi_at(g, id);
    return u->region == n->region && u->shape == n->shape && u->dtype == n->dtype &&
           !asks_for(x, user, operand_of(g, user, id));
}

/* What is stored in the leaf's place, or 0.  A reshape on the way (a product of a vector is a matrix of one row) is
 * looked through. */
static egi_id instead(const egi_grad *x, const egi_id *user, egi_id id)
{
    const egi_graph *g = x->from;
    egi_id u = user[id];
    if (u && u != MANY && egi_at(g, u)->op == EGI_RESHAPE && egi_at(g, u)->region == egi_at(g, id)->region) {
        id = u;
        u = user[id];
    }
    return stands_for(x, u, id) ? u : 0;
}

bool egi_grad_choose(egi_grad *x)
{
    const egi_graph *g = x->from;
    egi_id *user = egi_alloc(&g->eg->allocator, (size_t)g->nodes.n * sizeof *user, 16);
    if (!user) {
        egi_no_memory(g->eg);
        return false;
    }
    find_users(g, user);
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (x->leaf[id] == EGI_LEAF_NONE) x->leaf[id] = (uint8_t)leaf_of(x, id);
        egi_id sum = x->leaf[id] == EGI_LEAF_COSTLY ? instead(x, user, id) : 0;
        if (!sum) continue;
        x->leaf[id] = EGI_LEAF_NONE;
        x->leaf[sum] = EGI_LEAF_COSTLY;
    }
    egi_free(&g->eg->allocator, user);
    return true;
}
