/* Custom gradients: the rule's graph, traced from the user's function, is copied in. */
#include "core/context.h"
#include "opt/grad.h"

/* Is b another value of the same call as a? */
static bool same_call(const egi_graph *g, egi_id a, egi_id b)
{
    const egi_node *m = egi_at(g, a), *n = egi_at(g, b);
    if (n->op != EGI_CUSTOM || n->imm != m->imm || n->num_args != m->num_args || n->region != m->region) return false;
    for (uint32_t k = 1; k < m->num_args; k++) {
        if (egi_arg(g, a, k) != egi_arg(g, b, k)) return false;
    }
    return true;
}

/* Gradients with respect to all values of the call, which are then spent: who uses one of them comes behind all. */
static void take_adjoints(egi_grad *x, egi_id id, uint32_t num_y, egi_id *d)
{
    const egi_graph *g = x->from;
    egi_id last = 0; /* they come behind their operands */
    for (uint32_t k = 1; k < egi_at(g, id)->num_args; k++) {
        if (egi_arg(g, id, k) > last) last = egi_arg(g, id, k);
    }
    for (egi_id k = last + 1; k <= id; k++) {
        if (!x->adjoint[k] || !same_call(g, id, k)) continue;
        d[egi_ints_of(g, egi_at(g, k))[0]] = x->adjoint[k];
        if (k != id) x->adjoint[k] = 0;
    }
    uint32_t first = egi_at(g, id)->num_args - num_y;
    for (uint32_t k = 0; k < num_y; k++) {
        if (!d[k]) d[k] = egi_zeros(x->to, egi_spec(g, egi_arg(g, id, first + k)));
    }
}

void egi_grad_custom(egi_grad *x, egi_id id, egi_id d)
{
    (void)d;
    const egi_graph *g = x->from;
    const egi_node *n = egi_at(g, id);
    if (!n->imm) return;
    const egi_graph *rule = g->customs.at[n->imm - 1];
    uint32_t num_x = (uint32_t)egi_ints_of(g, n)[1], num_y = n->num_args - 1 - num_x;
    egi_id *arg = egi_arena_alloc(&x->to->arena, (size_t)(num_x + 2 * num_y + 1) * sizeof *arg);
    egi_id *map = egi_arena_alloc(&x->to->arena, (size_t)rule->nodes.n * sizeof *map);
    if (!arg || !map) {
        egi_no_memory(g->eg);
        return;
    }
    for (uint32_t k = 0; k < num_x + num_y; k++) arg[k] = egi_value_of(x, id, 1 + k);
    take_adjoints(x, id, num_y, arg + num_x + num_y);
    if (egi_grad_failed(x) || !egi_copy_into(x->to, rule, arg, NULL, map)) return;
    for (uint32_t k = 0; k < num_x; k++) {
        if (egi_wants(x, id, 1 + k)) egi_pass(x, id, 1 + k, map[rule->regions.at[0].results.at[k]]);
    }
}
