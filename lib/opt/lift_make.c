/* What stands before and behind a loop in place of the products that have left it. */
#include "core/context.h"
#include "opt/lift.h"

static egi_id flipped(egi_graph *g, egi_id m) { return egi_transpose(g, m, (const int64_t[]){1, 0}); }

static egi_id as_matrix(egi_graph *g, egi_id v, int64_t rows, int64_t columns)
{
    return egi_reshape(g, v, &(egi_shape){.rank = 2, .dim = {rows, columns}});
}

static int64_t steps_of(const egi_lift *l, egi_id id) { return egi_lift_steps(l->from, egi_at(l->from, id)->region); }

/* -- values for all steps ------------------------------------------------------------------------------------------ */

static egi_id all_steps(egi_lift *l, egi_graph *to, const egi_id *map, egi_id id);

/* An operand as the rules for copies want it. */
static void give(egi_lift *l, egi_graph *to, const egi_id *map, egi_id user, egi_id operand)
{
    const bool inside = egi_at(l->from, operand)->region == egi_at(l->from, user)->region;
    l->copies.map[operand] = inside ? all_steps(l, to, map, operand) : map[operand];
    l->copies.many[operand] = inside;
}

/* The rows of all steps in one product.  A column x is a row of the transposed product, whose chains are the same. */
static egi_id product(egi_lift *l, egi_graph *to, const egi_id *map, egi_id id)
{
    const egi_graph *g = l->from;
    const egi_id a = egi_arg(g, id, 0), b = egi_arg(g, id, 1);
    const bool left = egi_at(g, a)->region == egi_at(g, id)->region;
    const egi_shape *s = egi_shape_of(g, id);
    const int64_t steps = steps_of(l, id), rows = steps * (left ? s->dim[0] : 1);
    const int64_t depth = egi_shape_of(g, b)->dim[0];
    egi_shape whole = {.rank = 3, .dim = {steps, s->dim[0], s->dim[1]}};
    egi_id x = as_matrix(to, all_steps(l, to, map, left ? a : b), rows, depth);
    return egi_reshape(to, egi_dot(to, x, left ? map[b] : flipped(to, map[a])), &whole);
}

static egi_id make_all(egi_lift *l, egi_graph *to, const egi_id *map, egi_id id)
{
    const egi_graph *g = l->from;
    const egi_node *n = egi_at(g, id);
    if (n->op == EGI_PARAM) return map[egi_arg(g, g->regions.at[n->region].owner, (uint32_t)n->imm)];
    if (n->op == EGI_DOT) return product(l, to, map, id);
    for (uint32_t k = 0; k < n->num_args; k++) give(l, to, map, id, egi_arg(g, id, k));
    for (uint32_t k = 0; k < n->num_args; k++) {
        if (!l->copies.map[egi_arg(g, id, k)]) return 0;
    }
    l->copies.to = to;
    l->copies.num = steps_of(l, id);
    l->copies.many[id] = true;
    return egi_vmap_rule(&l->copies, id);
}

static egi_id all_steps(egi_lift *l, egi_graph *to, const egi_id *map, egi_id id)
{
    if (!l->all[id]) l->all[id] = make_all(l, to, map, id);
    return l->all[id];
}

/* -- before the loop ----------------------------------------------------------------------------------------------- */

static void add(egi_lift *l, egi_lift_more m)
{
    if (!egi_push(&l->from->eg->allocator, &l->more, m)) egi_no_memory(l->from->eg);
}

/* The row of a lifted product, as a parameter of the body. */
static egi_id row_of(egi_lift *l, egi_graph *to, const egi_id *map, egi_id id)
{
    const egi_graph *g = l->from;
    const uint16_t body = to->region;
    egi_lift_more m = {.loop = g->regions.at[egi_at(g, id)->region].owner};
    m.sequence = all_steps(l, to, map, id);
    if (!m.sequence) return 0;
    m.param = egi_param_make(to, body, 0, egi_spec(g, id));
    if (m.param) add(l, m);
    return m.param;
}

/* -- behind the loop ----------------------------------------------------------------------------------------------- */

/* The left operand of a step as rows that can be put below one another: [K, M] of [M, K]. */
static egi_id left_row(const egi_lift *l, egi_graph *to, const egi_id *map, egi_id a)
{
    const egi_id flat = egi_lift_unflipped(l->from, a);
    const egi_shape *s = egi_shape_of(l->from, a);
    if (flat) return map[flat];
    if (s->dim[0] == 1 || s->dim[1] == 1) return as_matrix(to, map[a], s->dim[1], s->dim[0]);
    return flipped(to, map[a]);
}

/* Number of the loop's stack of that row. */
static int64_t stack(egi_lift *l, egi_id loop, egi_id row)
{
    int64_t at = 0;
    for (int64_t k = 0; k < l->more.n; k++) {
        const egi_lift_more *m = &l->more.at[k];
        if (m->loop != loop || !m->stack) continue;
        if (m->stack == row) return at;
        at++;
    }
    add(l, (egi_lift_more){.loop = loop, .stack = row});
    return at;
}

static int64_t num_stacks(const egi_lift *l, egi_id loop)
{
    int64_t n = 0;
    for (int64_t k = 0; k < l->more.n; k++) n += l->more.at[k].loop == loop && l->more.at[k].stack;
    return n;
}

/* Stack number `at` of those that the loop has got, as one matrix of that many columns. */
static egi_id stacked(const egi_lift *l, egi_graph *to, egi_id loop, egi_id from, int64_t at, int64_t rows,
                      int64_t columns)
{
    if (!loop) return 0;
    const int64_t *ints = egi_ints_of(to, egi_at(to, loop));
    const int64_t index = ints[1] + ints[3] - num_stacks(l, from) + at;
    const egi_id row = to->regions.at[ints[0]].results.at[index];
    eg_spec s = egi_spec(to, row);
    memmove(s.dim + 1, s.dim, (size_t)s.rank++ * sizeof *s.dim);
    s.dim[0] = (int64_t)egi_at(to, egi_arg(to, loop, 0))->imm;
    return as_matrix(to, egi_item(to, loop, (uint32_t)index, s), rows, columns);
}

static egi_id sum(egi_lift *l, egi_graph *to, const egi_id *map, const egi_lift_sum *s)
{
    const egi_graph *g = l->from;
    const egi_shape *out = egi_shape_of(g, s->dot);
    const int64_t rows = steps_of(l, s->dot) * egi_shape_of(g, egi_arg(g, s->dot, 1))->dim[0];
    const egi_id base = map[egi_arg(g, s->loop, 1 + (uint32_t)egi_at(g, s->item)->imm)], loop = map[s->loop];
    egi_id a = s->left ? as_matrix(to, l->all[s->left], rows, out->dim[0])
                       : stacked(l, to, loop, s->loop, s->at_left, rows, out->dim[0]);
    egi_id b = s->right ? as_matrix(to, l->all[s->right], rows, out->dim[1])
                        : stacked(l, to, loop, s->loop, s->at_right, rows, out->dim[1]);
    return a && b ? egi_dot_from(to, flipped(to, a), b, base) : 0;
}

/* -- copying ------------------------------------------------------------------------------------------------------- */

static const egi_lift_sum *sum_of(const egi_lift *l, egi_id id)
{
    for (int64_t k = 0; k < l->sums.n; k++) {
        if (l->sums.at[k].dot == id || l->sums.at[k].item == id) return &l->sums.at[k];
    }
    return NULL;
}

/* A stack that need not be made, since the value for all steps is there. */
static egi_id other_stack(egi_lift *l, egi_graph *to, const egi_id *map, egi_id item)
{
    const egi_graph *g = l->from;
    const egi_id loop = egi_arg(g, item, 0);
    if (egi_at(g, loop)->op != EGI_LOOP || l->shown[item]) return 0;
    const int64_t *ints = egi_ints_of(g, egi_at(g, loop));
    const int64_t k = (int64_t)egi_at(g, item)->imm;
    if (k < ints[1]) return 0;
    const egi_id row = g->regions.at[ints[0]].results.at[k];
    if (egi_at(g, row)->region != ints[0] || !l->plain[row]) return 0;
    return egi_reshape(to, all_steps(l, to, map, row), egi_shape_of(g, item));
}

static egi_id node(void *user, egi_graph *to, const egi_id *map, egi_id id)
{
    egi_lift *l = user;
    const egi_op op = (egi_op)egi_at(l->from, id)->op;
    if (op == EGI_DOT && l->lifted[id]) return row_of(l, to, map, id);
    const egi_lift_sum *s = op == EGI_DOT || op == EGI_ITEM ? sum_of(l, id) : NULL;
    if (s && op == EGI_DOT) return map[egi_arg(l->from, id, 2)]; /* the value does not change any more */
    if (s) return sum(l, to, map, s);
    return op == EGI_ITEM ? other_stack(l, to, map, id) : 0;
}

static void loop(void *user, egi_graph *to, const egi_id *map, egi_id id, egi_more *more)
{
    egi_lift *l = user;
    const eg_allocator *a = &l->from->eg->allocator;
    for (int64_t k = 0; k < l->sums.n; k++) {
        egi_lift_sum *s = &l->sums.at[k];
        if (s->loop != id) continue;
        const egi_id left = egi_arg(l->from, s->dot, 0), right = egi_arg(l->from, s->dot, 1);
        if (s->left)
            all_steps(l, to, map, s->left);
        else
            s->at_left = stack(l, id, left_row(l, to, map, left));
        if (s->right)
            all_steps(l, to, map, s->right);
        else
            s->at_right = stack(l, id, map[right]);
    }
    for (int64_t k = 0; k < l->more.n; k++) {
        const egi_lift_more *m = &l->more.at[k];
        bool ok = true;
        if (m->loop != id) continue;
        if (m->stack) ok = egi_push(a, &more->stacks, m->stack);
        if (m->param) ok = egi_push(a, &more->params, m->param) && egi_push(a, &more->sequences, m->sequence);
        if (!ok) egi_no_memory(l->from->eg);
    }
}

egi_rewrite egi_lift_rewrite(egi_lift *l) { return (egi_rewrite){.user = l, .node = node, .loop = loop}; }
