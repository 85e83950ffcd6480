/* Which products may leave their loop, and which are worth it. */
#include "core/context.h"
#include "ir/check.h"
#include "opt/lift.h"

enum {
    MOST_ROWS = 64,   /* with more rows in a step the product in the loop is as fast */
    LEAST_MATRIX = 64 /* elements of the matrix or of the sum: smaller ones are not worth a way through memory */
};

/* -- small things -------------------------------------------------------------------------------------------------- */

int64_t egi_lift_steps(const egi_graph *g, uint16_t region)
{
    const egi_id owner = region ? g->regions.at[region].owner : 0;
    if (!owner || egi_at(g, owner)->op != EGI_LOOP) return 0;
    const egi_node *n = egi_at(g, egi_arg(g, owner, 0));
    return n->op == EGI_CONST ? (int64_t)n->imm : 0;
}

egi_id egi_lift_unflipped(const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id);
    const int rank = egi_shape_of(g, id)->rank;
    if (n->op != EGI_TRANSPOSE || rank != 2 || egi_ints_of(g, n)[0] != 1) return 0;
    return egi_arg(g, id, 0);
}

static int64_t bytes_of(const egi_graph *g, egi_id id)
{
    return egi_count(g, id) * (int64_t)eg_dtype_size(egi_dtype_of(g, id));
}

/* Bytes of the value for all steps; more than any room if that is no number. */
static int64_t bytes_of_all(const egi_lift *l, egi_id id, int64_t steps)
{
    int64_t n;
    return __builtin_mul_overflow(bytes_of(l->from, id), steps, &n) ? INT64_MAX : n;
}

static void count_uses(egi_lift *l)
{
    const egi_graph *g = l->from;
    for (int64_t k = 0; k < g->operands.n; k++) l->uses[g->operands.at[k]]++;
    for (int64_t r = 0; r < g->regions.n; r++) {
        for (int64_t k = 0; k < g->regions.at[r].results.n; k++) l->uses[g->regions.at[r].results.at[k]]++;
    }
    for (int64_t k = 0; k < g->writes.n; k++) l->uses[g->writes.at[k].value]++;
}

/* Marks what the node's value is made of if its loop stops before the first step, as all do behind one that is
 * cancelled: of a loop what it starts from. */
static void show_operands(egi_lift *l, egi_id id)
{
    const egi_graph *g = l->from;
    const egi_node *n = egi_at(g, id);
    const uint32_t first = n->op == EGI_LOOP, num = first ? 1 + (uint32_t)egi_ints_of(g, n)[1] : n->num_args;
    for (uint32_t k = first; k < num; k++) l->shown[egi_arg(g, id, k)] = true;
    for (int r = 0; n->op == EGI_COND && r < 2; r++) {
        const egi_ids *results = &g->regions.at[egi_ints_of(g, n)[r]].results;
        for (int64_t k = 0; k < results->n; k++) l->shown[results->at[k]] = true;
    }
}

/* Rows of a stack that a cancelled run did not reach are zero: a stack that is shown stays one. */
static void find_shown(egi_lift *l)
{
    const egi_graph *g = l->from;
    const egi_ids *results = &g->regions.at[0].results;
    for (int64_t k = 0; k < results->n; k++) l->shown[results->at[k]] = true;
    for (int64_t k = 0; k < g->writes.n; k++) l->shown[g->writes.at[k].value] = true;
    for (egi_id id = (egi_id)g->nodes.n - 1; id > 0; id--) {
        if (l->shown[id] || egi_at(g, id)->op == EGI_HOST) show_operands(l, id);
    }
}

/* -- values by rows ------------------------------------------------------------------------------------------------ */

static bool is_row(const egi_lift *l, egi_id id)
{
    const egi_graph *g = l->from;
    const egi_id owner = g->regions.at[egi_at(g, id)->region].owner;
    const uint64_t k = egi_at(g, id)->imm;
    /* the sequence must be there when the row's value for all steps is made */
    return k > (uint64_t)egi_ints_of(g, egi_at(g, owner))[1] && egi_arg(g, owner, (uint32_t)k) < id;
}

/* Numbers that stand for spikes: their product takes the rows that fired. */
static bool is_spiking(const egi_graph *g, egi_id id)
{
    while ((egi_flags((egi_op)egi_at(g, id)->op) & FV) && egi_at(g, id)->num_args == 1) id = egi_arg(g, id, 0);
    return egi_at(g, id)->op == EGI_CONVERT && egi_dtype_of(g, egi_arg(g, id, 0)) == EG_BOOL;
}

/* Is the product stacked anyway, by an item that it can stand for? */
static bool is_stacked(const egi_lift *l, egi_id id)
{
    const egi_graph *g = l->from;
    const egi_region *r = &g->regions.at[egi_at(g, id)->region];
    const int64_t nc = egi_ints_of(g, egi_at(g, r->owner))[1];
    for (egi_id item = r->owner + 1; item < g->nodes.n; item++) {
        const egi_node *n = egi_at(g, item);
        if (n->op != EGI_ITEM || egi_arg(g, item, 0) != r->owner || (int64_t)n->imm < nc || l->shown[item]) continue;
        egi_id v = r->results.at[n->imm];
        while (v != id && (egi_flags((egi_op)egi_at(g, v)->op) & FV) && egi_at(g, v)->num_args == 1)
            v = egi_arg(g, v, 0);
        if (v == id) return true;
    }
    return false;
}

/* Takes bytes from the room that is left. */
static bool afford(egi_lift *l, int64_t bytes)
{
    if (bytes > l->room) return false;
    l->room -= bytes;
    return true;
}

/* x W with rows x and W from outside, or W x with a column x. */
static bool lifts(egi_lift *l, egi_id id, int64_t steps)
{
    const egi_graph *g = l->from;
    const egi_node *n = egi_at(g, id);
    const egi_shape *s = egi_shape_of(g, id);
    if (n->num_args != 2 || s->rank != 2) return false;
    const egi_id a = egi_arg(g, id, 0), b = egi_arg(g, id, 1);
    const bool left = l->rows[a] && egi_at(g, a)->region == n->region;
    const egi_id row = left ? a : b, matrix = left ? b : a;
    if (egi_at(g, matrix)->region == n->region || !l->rows[row] || egi_at(g, row)->region != n->region) return false;
    if (!left && s->dim[1] != 1) return false;
    const int64_t rows = left ? s->dim[0] : 1;
    if (rows > MOST_ROWS || egi_count(g, matrix) < LEAST_MATRIX || is_spiking(g, row)) return false;
    const int64_t operand = l->plain[row] ? 0 : bytes_of_all(l, row, steps);
    const int64_t result = is_stacked(l, id) ? 0 : bytes_of_all(l, id, steps);
    return operand <= l->room && result <= l->room && afford(l, operand + result);
}

static bool all_by_rows(const egi_lift *l, egi_id id, bool *plain)
{
    const egi_graph *g = l->from;
    const egi_node *n = egi_at(g, id);
    bool some = false;
    *plain = true;
    for (uint32_t k = 0; k < n->num_args; k++) {
        const egi_id a = egi_arg(g, id, k);
        if (egi_at(g, a)->region != n->region) continue; /* from outside */
        if (!l->rows[a]) return false;
        some = true;
        *plain = *plain && l->plain[a];
    }
    return some;
}

static void look_at(egi_lift *l, egi_id id)
{
    const egi_graph *g = l->from;
    const egi_node *n = egi_at(g, id);
    const int64_t steps = egi_lift_steps(g, n->region);
    bool plain = false;
    if (steps < 2 || n->dtype == EG_DTYPE_COUNT || egi_shape_of(g, id)->rank >= EG_MAX_RANK ||
        bytes_of_all(l, id, steps) > EGI_LIFT_ROOM)
        return;
    if (n->op == EGI_PARAM) {
        l->rows[id] = l->plain[id] = is_row(l, id);
    } else if (n->op == EGI_DOT) {
        l->lifted[id] = l->rows[id] = l->plain[id] = lifts(l, id, steps);
    } else if ((egi_flags((egi_op)n->op) & (FE | FV)) && n->op != EGI_DSLICE) {
        l->rows[id] = all_by_rows(l, id, &plain);
        l->plain[id] = l->rows[id] && plain && (egi_flags((egi_op)n->op) & FV);
    }
}

/* -- sums over the steps ------------------------------------------------------------------------------------------- */

static egi_id item_of(const egi_graph *g, egi_id owner, int64_t k)
{
    for (egi_id id = owner + 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->op == EGI_ITEM && egi_arg(g, id, 0) == owner && (int64_t)n->imm == k) return id;
    }
    return 0;
}

static bool is_inside(const egi_lift *l, egi_id id, uint16_t body) { return egi_at(l->from, id)->region == body; }

/* The operand, or what it is a transpose of, can be read as it is for all steps. */
static egi_id readable(const egi_lift *l, egi_id id, uint16_t body)
{
    return id && is_inside(l, id, body) && l->plain[id] ? id : 0;
}

/* Has an earlier sum stacked the same operand? */
static bool stacks(const egi_lift *l, egi_id loop, egi_id operand)
{
    const egi_graph *g = l->from;
    for (int64_t k = 0; k < l->sums.n; k++) {
        const egi_lift_sum *s = &l->sums.at[k];
        if (s->loop != loop) continue;
        const egi_id a = egi_arg(g, s->dot, 0), flat = egi_lift_unflipped(g, a);
        if ((!s->left && (a == operand || flat == operand)) || (!s->right && egi_arg(g, s->dot, 1) == operand))
            return true;
    }
    return false;
}

static void look_at_carried(egi_lift *l, egi_id loop, int64_t k)
{
    const egi_graph *g = l->from;
    const uint16_t body = (uint16_t)egi_ints_of(g, egi_at(g, loop))[0];
    const egi_region *r = &g->regions.at[body];
    const int64_t steps = egi_lift_steps(g, body);
    const egi_id param = r->params.at[1 + k], dot = r->results.at[k], item = item_of(g, loop, k);
    const egi_node *n = egi_at(g, dot);
    if (!item || n->op != EGI_DOT || n->num_args != 3 || n->region != body || egi_arg(g, dot, 2) != param) return;
    if (l->uses[param] != 1 || l->uses[dot] != 1 || egi_shape_of(g, dot)->rank != 2) return;
    const egi_id a = egi_arg(g, dot, 0), b = egi_arg(g, dot, 1), flat = egi_lift_unflipped(g, a);
    const int64_t depth = egi_shape_of(g, b)->dim[0];
    if (!is_inside(l, a, body) || !is_inside(l, b, body) || depth > MOST_ROWS || egi_count(g, dot) < LEAST_MATRIX)
        return;
    egi_lift_sum s = {.loop = loop, .dot = dot, .item = item};
    s.left = flat ? readable(l, flat, body) : depth == 1 ? readable(l, a, body) : 0;
    s.right = s.left && l->shown[s.item] ? 0 : readable(l, b, body); /* rows not reached add nothing */
    int64_t added = 0;
    const egi_id left = flat ? flat : a;
    if (!s.left && !stacks(l, loop, left)) added += egi_min64(bytes_of_all(l, left, steps), 2 * EGI_LIFT_ROOM);
    if (!s.right && !stacks(l, loop, b)) added += egi_min64(bytes_of_all(l, b, steps), 2 * EGI_LIFT_ROOM);
    if (afford(l, added) && !egi_push(&g->eg->allocator, &l->sums, s)) egi_no_memory(g->eg);
}

void egi_lift_find(egi_lift *l)
{
    const egi_graph *g = l->from;
    count_uses(l);
    find_shown(l);
    for (egi_id id = 1; id < g->nodes.n; id++) look_at(l, id);
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->op != EGI_LOOP || egi_lift_steps(g, (uint16_t)egi_ints_of(g, n)[0]) < 2) continue;
        for (int64_t k = 0; k < egi_ints_of(g, n)[1]; k++) look_at_carried(l, id, k);
    }
}
