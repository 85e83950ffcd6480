/* What one operation on each copy is as one operation on all: nearly always the same with one more axis in front. */
#include "core/context.h"
#include "ir/copy.h"
#include "opt/vmap.h"

/* -- small things -------------------------------------------------------------------------------------------------- */

static egi_shape result_shape(const egi_vmap *x, egi_id id) { return egi_shape_of_spec(egi_vmap_spec(x, id)); }

static const egi_shape *shape_in(const egi_vmap *x, egi_id id) { return egi_shape_of(x->from, id); }
static egi_id arg(const egi_vmap *x, egi_id id, uint32_t k) { return egi_arg(x->from, id, k); }
static egi_id one(const egi_vmap *x, egi_id id, uint32_t k) { return egi_vmap_one(x, arg(x, id, k)); }
static egi_id all(egi_vmap *x, egi_id id, uint32_t k) { return egi_vmap_all(x, arg(x, id, k)); }
static bool many(const egi_vmap *x, egi_id id, uint32_t k) { return x->many[arg(x, id, k)]; }

static egi_id whole(egi_graph *g, int64_t n) { return egi_const_i(g, EG_I64, n); }

/* Numbers of elements may exceed i32: indices are i64. */
static egi_id wide(egi_graph *g, egi_id index) { return egi_convert(g, EG_I64, index); }

static egi_id flat(egi_graph *g, egi_id v)
{
    egi_shape s = {.rank = 1, .dim = {v ? egi_count(g, v) : 0}};
    return v ? egi_reshape(g, v, &s) : 0;
}

/* The number of the copy, i64, in that shape, whose first axis counts copies. */
static egi_id copy_number(egi_graph *g, const egi_shape *s) { return egi_iota(g, EG_I64, s, 0); }

static egi_id moved_into(egi_graph *g, egi_id i, int64_t most)
{
    i = egi_op2(g, EGI_MAX, i, whole(g, 0));
    return egi_op2(g, EGI_MIN, i, whole(g, most));
}

/* -- elementwise --------------------------------------------------------------------------------------------------- */

static egi_id elementwise(egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    egi_id v[3] = {0};
    for (uint32_t k = 0; k < n->num_args && k < 3; k++) {
        egi_id a = arg(x, id, k);
        const bool scalar = shape_in(x, a)->rank == 0;
        if (scalar && !x->many[a])
            v[k] = egi_vmap_one(x, a);
        else
            v[k] = scalar ? egi_vmap_spread(x, egi_vmap_one(x, a), id) : egi_vmap_all(x, a);
    }
    switch (n->op) {
    case EGI_CONVERT: return egi_convert(x->to, (eg_dtype)n->dtype, v[0]);
    case EGI_BITCAST: return egi_bitcast(x->to, (eg_dtype)n->dtype, v[0]);
    default: break;
    }
    if (n->num_args == 1) return egi_op1(x->to, (egi_op)n->op, v[0]);
    if (n->num_args == 2) return egi_op2(x->to, (egi_op)n->op, v[0], v[1]);
    return egi_op3(x->to, (egi_op)n->op, v[0], v[1], v[2]);
}

/* -- views --------------------------------------------------------------------------------------------------------- */

/* Axes of the attribute, each one further, behind the axis of copies. */
static egi_id broadcast(egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    int64_t axes[EG_MAX_RANK] = {0};
    egi_shape s = result_shape(x, id);
    for (int k = 0; k < egi_num_ints(x->from, n); k++) axes[k + 1] = egi_ints_of(x->from, n)[k] + 1;
    return egi_broadcast_axes(x->to, one(x, id, 0), &s, axes);
}

static egi_id transpose(egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    int64_t perm[EG_MAX_RANK] = {0};
    for (int k = 0; k < egi_num_ints(x->from, n); k++) perm[k + 1] = egi_ints_of(x->from, n)[k] + 1;
    return egi_transpose(x->to, one(x, id, 0), perm);
}

static egi_id slice(egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    int64_t start[EG_MAX_RANK] = {0}, step[EG_MAX_RANK] = {1};
    egi_shape s = result_shape(x, id);
    for (int k = 0; k < egi_num_ints(x->from, n) / 2; k++) {
        start[k + 1] = egi_ints_of(x->from, n)[2 * k];
        step[k + 1] = egi_ints_of(x->from, n)[2 * k + 1];
    }
    return egi_slice(x->to, one(x, id, 0), &s, start, step);
}

/* -- windows whose place is computed ------------------------------------------------------------------------------- */

static bool starts_differ(const egi_vmap *x, egi_id id, uint32_t first)
{
    for (uint32_t k = first; k < egi_at(x->from, id)->num_args; k++) {
        if (many(x, id, k)) return true;
    }
    return false;
}

/* Starts behind that of the axis of copies. */
static void starts(egi_vmap *x, egi_id id, uint32_t first, egi_id *to)
{
    to[0] = whole(x->to, 0);
    for (uint32_t k = first; k < egi_at(x->from, id)->num_args; k++) to[k - first + 1] = one(x, id, k);
}

/* Where axis k of the window begins in each copy, as an array of shape s. */
static egi_id start_of(egi_vmap *x, egi_id id, uint32_t k, int64_t most, const egi_shape *s)
{
    const int64_t first[] = {0};
    egi_id v = moved_into(x->to, all(x, id, k), most);
    return egi_broadcast_axes(x->to, v, s, first);
}

/* Each copy reads elsewhere: elements of the flat array by number. */
static egi_id window(egi_vmap *x, egi_id id)
{
    egi_graph *g = x->to;
    if (!starts_differ(x, id, 1)) {
        egi_id at[EG_MAX_RANK + 1];
        egi_shape s = result_shape(x, id);
        starts(x, id, 1, at);
        return egi_dslice(g, one(x, id, 0), &s, at);
    }
    const egi_shape *from = shape_in(x, arg(x, id, 0)), *size = shape_in(x, id);
    egi_shape s = result_shape(x, id);
    egi_id index = copy_number(g, &s);
    int64_t stride = egi_shape_count(from);
    index = egi_op2(g, EGI_MUL, index, whole(g, many(x, id, 0) ? stride : 0));
    for (int k = 0; k < from->rank; k++) {
        stride = from->dim[k] ? stride / from->dim[k] : 0;
        egi_id at = start_of(x, id, (uint32_t)k + 1, from->dim[k] - size->dim[k], &s);
        at = egi_op2(g, EGI_ADD, at, egi_iota(g, EG_I64, &s, k + 1));
        index = egi_op2(g, EGI_ADD, index, egi_op2(g, EGI_MUL, at, whole(g, stride)));
    }
    return egi_gather(g, flat(g, one(x, id, 0)), index, 0);
}

/* Each copy replaces elsewhere: every element asks whether the window covers it. */
static egi_id update(egi_vmap *x, egi_id id)
{
    egi_graph *g = x->to;
    if (!starts_differ(x, id, 2)) {
        egi_id at[EG_MAX_RANK + 1];
        starts(x, id, 2, at);
        return egi_update(g, all(x, id, 0), all(x, id, 1), at);
    }
    const egi_shape *into = shape_in(x, id), *size = shape_in(x, arg(x, id, 1));
    const int64_t count = egi_shape_count(size);
    egi_shape s = result_shape(x, id);
    if (count == 0) return all(x, id, 0);
    int64_t stride = count;
    egi_id inside = 0, index = egi_op2(g, EGI_MUL, copy_number(g, &s), whole(g, count));
    for (int k = 0; k < into->rank; k++) {
        stride /= size->dim[k];
        egi_id at = start_of(x, id, (uint32_t)k + 2, into->dim[k] - size->dim[k], &s);
        at = egi_op2(g, EGI_SUB, egi_iota(g, EG_I64, &s, k + 1), at);
        egi_id in =
            egi_op2(g, EGI_AND, egi_op2(g, EGI_GE, at, whole(g, 0)), egi_op2(g, EGI_LT, at, whole(g, size->dim[k])));
        inside = inside ? egi_op2(g, EGI_AND, inside, in) : in;
        index = egi_op2(g, EGI_ADD, index, egi_op2(g, EGI_MUL, moved_into(g, at, size->dim[k] - 1), whole(g, stride)));
    }
    return egi_op3(g, EGI_SELECT, inside, egi_gather(g, flat(g, all(x, id, 1)), index, 0), all(x, id, 0));
}

/* -- putting together ---------------------------------------------------------------------------------------------- */

static egi_id concat(egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    egi_id *v = egi_arena_alloc(&x->to->arena, (n->num_args + 1) * sizeof *v);
    for (uint32_t k = 0; v && k < n->num_args; k++) v[k] = all(x, id, k);
    return v ? egi_concat(x->to, n->num_args, v, (int)egi_ints_of(x->from, n)[0] + 1) : 0;
}

static egi_id pad(egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    egi_graph *g = x->to;
    int64_t low[EG_MAX_RANK] = {0};
    egi_shape s = result_shape(x, id);
    for (int k = 0; k < egi_num_ints(x->from, n); k++) low[k + 1] = egi_ints_of(x->from, n)[k];
    if (!many(x, id, 1)) return egi_pad(g, one(x, id, 0), one(x, id, 1), &s, low);
    /* Where the value shows: the same padding of a mask. */
    egi_id v = all(x, id, 0), no = egi_const_i(g, EG_BOOL, 0);
    if (!v) return 0;
    egi_id mask = egi_pad(g, egi_broadcast(g, egi_const_i(g, EG_BOOL, 1), egi_shape_of(g, v)), no, &s, low);
    egi_id zero = egi_const_bits(g, (eg_dtype)n->dtype, 0);
    return egi_op3(g, EGI_SELECT, mask, egi_pad(g, v, zero, &s, low), egi_vmap_spread(x, one(x, id, 1), id));
}

/* -- indices ------------------------------------------------------------------------------------------------------- */

/* Axes [axis, axis + n) go to place `to`, the others keep their order. */
static egi_id axes_to(egi_graph *g, egi_id v, int axis, int n, int to)
{
    int64_t perm[EG_MAX_RANK];
    if (!v) return 0;
    const int rank = egi_shape_of(g, v)->rank;
    for (int k = 0, from = 0; k < rank; k++) {
        const bool moved = k >= to && k < to + n;
        if (!moved && from == axis) from += n;
        perm[k] = moved ? axis + k - to : from++;
    }
    return egi_transpose(g, v, perm);
}

/* An index of each copy's own array as one of all of them, one behind the other; out of range stays so. */
static egi_id global_index(egi_vmap *x, egi_id index, int64_t n, bool drop)
{
    egi_graph *g = x->to;
    if (!index) return 0;
    egi_id i = wide(g, index), base = egi_op2(g, EGI_MUL, copy_number(g, egi_shape_of(g, index)), whole(g, n));
    if (!drop) return egi_op2(g, EGI_ADD, base, moved_into(g, i, n - 1));
    egi_id good = egi_op2(g, EGI_AND, egi_op2(g, EGI_GE, i, whole(g, 0)), egi_op2(g, EGI_LT, i, whole(g, n)));
    return egi_op3(g, EGI_SELECT, good, egi_op2(g, EGI_ADD, base, i), whole(g, -1));
}

/* The first two axes, of copies and of rows, as one. */
static egi_id joined(egi_graph *g, egi_id v)
{
    if (!v) return 0;
    const egi_shape *from = egi_shape_of(g, v);
    egi_shape s = {.rank = from->rank - 1, .dim = {from->dim[0] * from->dim[1]}};
    for (int k = 2; k < from->rank; k++) s.dim[k - 1] = from->dim[k];
    return egi_reshape(g, v, &s);
}

/* An array without elements. */
static egi_id nothing_of(egi_vmap *x, egi_id id)
{
    egi_shape s = result_shape(x, id);
    return egi_broadcast(x->to, egi_const_bits(x->to, egi_dtype_of(x->from, id), 0), &s);
}

static egi_id gather(egi_vmap *x, egi_id id)
{
    egi_graph *g = x->to;
    const int axis = (int)egi_ints_of(x->from, egi_at(x->from, id))[0];
    const egi_shape *from = shape_in(x, arg(x, id, 0));
    const int n = shape_in(x, arg(x, id, 1))->rank;
    if (!many(x, id, 1)) return egi_gather(g, one(x, id, 0), one(x, id, 1), axis + 1);
    if (!many(x, id, 0)) return axes_to(g, egi_gather(g, one(x, id, 0), one(x, id, 1), axis), axis, 1, 0);
    if (from->dim[axis] == 0) return nothing_of(x, id); /* then the index has none either */
    /* [num, rows, rest] with rows in front, then [num, index..., rest] with the index back in its place. */
    egi_id rows = axes_to(g, one(x, id, 0), axis + 1, 1, 1);
    egi_id v = egi_gather(g, joined(g, rows), global_index(x, one(x, id, 1), from->dim[axis], false), 0);
    return axes_to(g, v, 1, n, axis + 1);
}

static egi_id scatter(egi_vmap *x, egi_id id)
{
    egi_graph *g = x->to;
    egi_shape s = result_shape(x, id);
    egi_id v =
        egi_scatter_add(g, joined(g, all(x, id, 0)), global_index(x, all(x, id, 1), s.dim[1], true), all(x, id, 2));
    return v ? egi_reshape(g, v, &s) : 0;
}

/* -- reductions, products ------------------------------------------------------------------------------------------ */

static egi_id reduction(egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    int64_t axes[EG_MAX_RANK];
    int num = egi_num_ints(x->from, n);
    for (int k = 0; k < num; k++) axes[k] = egi_ints_of(x->from, n)[k] + 1;
    return egi_reduce(x->to, (egi_op)n->op, one(x, id, 0), num, axes);
}

/* A product of matrices whose second one all copies share is one of taller matrices; with a shared first one, one of
 * wider ones. */
static egi_id dot(egi_vmap *x, egi_id id)
{
    egi_graph *g = x->to;
    const egi_shape *a = shape_in(x, arg(x, id, 0)), *b = shape_in(x, arg(x, id, 1));
    egi_shape s = result_shape(x, id);
    const bool based = egi_at(x->from, id)->num_args > 2;
    const egi_id base = based ? all(x, id, 2) : 0;
    const bool neither = !many(x, id, 0) && !many(x, id, 1); /* the base alone differs */
    if (a->rank != 2 || neither || (many(x, id, 0) && many(x, id, 1)))
        return !based || base ? egi_dot_from(g, all(x, id, 0), all(x, id, 1), base) : 0;
    const int64_t m = a->dim[0], k = a->dim[1], n = b->dim[1];
    if (many(x, id, 0)) {
        egi_shape tall = {.rank = 2, .dim = {x->num * m, k}};
        egi_shape to = {.rank = 2, .dim = {x->num * m, n}};
        egi_id v = one(x, id, 0);
        v = v ? egi_dot_from(g, egi_reshape(g, v, &tall), one(x, id, 1), egi_reshape(g, base, &to)) : 0;
        return v ? egi_reshape(g, v, &s) : 0;
    }
    egi_shape wide_one = {.rank = 2, .dim = {k, x->num * n}}, parted = {.rank = 3, .dim = {m, x->num, n}};
    egi_shape to = {.rank = 2, .dim = {m, x->num * n}};
    egi_id v = axes_to(g, one(x, id, 1), 1, 1, 0);
    egi_id from = base ? egi_reshape(g, axes_to(g, base, 1, 1, 0), &to) : 0;
    v = v ? egi_dot_from(g, one(x, id, 0), egi_reshape(g, v, &wide_one), from) : 0;
    return v ? axes_to(g, egi_reshape(g, v, &parted), 1, 1, 0) : 0;
}

/* Copies of spikes and base with shared weights: the rows of all in one product. */
static egi_id dot_event(egi_vmap *x, egi_id id)
{
    egi_graph *g = x->to;
    egi_shape s = result_shape(x, id), a = *shape_in(x, arg(x, id, 1));
    if (a.rank != 2 || many(x, id, 2)) return egi_dot_event(g, all(x, id, 0), all(x, id, 1), all(x, id, 2));
    egi_shape tall = {.rank = 2, .dim = {x->num * a.dim[0], a.dim[1]}};
    egi_shape sums = {.rank = 2, .dim = {tall.dim[0], s.dim[2]}};
    egi_id base = all(x, id, 0), spikes = all(x, id, 1);
    egi_id v = base && spikes
                   ? egi_dot_event(g, egi_reshape(g, base, &sums), egi_reshape(g, spikes, &tall), one(x, id, 2))
                   : 0;
    return v ? egi_reshape(g, v, &s) : 0;
}

static egi_id in_turn(egi_vmap *x, egi_id id)
{
    egi_id v = 0;
    eg_spec s = egi_spec(x->from, id);
    egi_vmap_in_turn(x, id, 1, &s, &v);
    return v;
}

/* -- draws, gradients ---------------------------------------------------------------------------------------------- */

/* Draws of all copies are one draw, of different elements.  A round that differs is that of a rejection: copies that
 * still try are all in the last one. */
static egi_id bits(egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    egi_shape s = result_shape(x, id);
    egi_id round = one(x, id, 0);
    if (many(x, id, 0)) round = egi_reduce(x->to, EGI_RMAX, round, 1, (const int64_t[]){0});
    return egi_node_make(x->to, &(egi_make){.op = EGI_BITS,
                                            .dtype = (eg_dtype)n->dtype,
                                            .shape = egi_shape_intern(x->to, &s),
                                            .num_args = 1,
                                            .args = &round,
                                            .imm = n->imm});
}

/* Number + 1 of the rule for all copies. */
static uint64_t rule_of(egi_vmap *x, uint64_t number)
{
    egi_graph *g = x->to;
    const bool no_hosts = x->r.no_hosts || x->active;
    if (!number) return 0;
    uint64_t *made = &x->rule[2 * (number - 1) + no_hosts];
    if (*made) return *made;
    const egi_vmap_request r = {.num = x->num,
                                .same_draws = x->r.same_draws,
                                .no_hosts = no_hosts,
                                .keep_means = x->r.keep_means,
                                .what = "eg_vmap, custom gradient",
                                .file = x->r.file,
                                .line = x->r.line};
    egi_graph *rule = egi_vmap_graph(x->from->customs.at[number - 1], &r);
    if (!rule) return 0;
    if (!egi_push(&g->eg->allocator, &g->customs, rule)) {
        egi_graph_free(rule);
        return 0;
    }
    return *made = (uint64_t)g->customs.n;
}

static egi_id custom(egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    egi_graph *g = x->to;
    egi_id *v = egi_arena_alloc(&g->arena, (n->num_args + 1) * sizeof *v);
    uint64_t rule = rule_of(x, n->imm);
    if (!v || (n->imm && !rule)) return 0;
    for (uint32_t k = 0; k < n->num_args; k++) v[k] = all(x, id, k);
    egi_shape s = result_shape(x, id);
    return egi_node_make(
        g, &(egi_make){.op = EGI_CUSTOM,
                       .dtype = (eg_dtype)n->dtype,
                       .shape = egi_shape_intern(g, &s),
                       .num_args = n->num_args,
                       .args = v,
                       .attr = n->attr ? egi_ints(g, egi_num_ints(x->from, n), egi_ints_of(x->from, n)) : 0,
                       .imm = rule});
}

/* -- means over copies --------------------------------------------------------------------------------------------- */

/* How many copies are active; 1 if none is, whose mean is then 0 and no NaN that a gradient would meet. */
static egi_id number_of_active(egi_vmap *x, eg_dtype t)
{
    egi_graph *g = x->to;
    if (!x->active) return egi_const_f(g, t, (double)x->num);
    egi_id n = egi_reduce(g, EGI_SUM, egi_convert(g, EG_I64, x->active), 1, (const int64_t[]){0});
    return egi_convert(g, t, egi_op2(g, EGI_MAX, n, whole(g, 1)));
}

/* Custom gradients of what only some copies do, and copies that are no samples, do not know which copies are active. */
static bool may_average(egi_vmap *x, egi_id id)
{
    if (!x->r.no_hosts && !(x->r.keep_means && x->active)) return true;
    egi_vmap_wrong(x, id, EG_ERR_TYPE,
                   "in a custom gradient of what only some copies do it is not known which of them to average over; "
                   "average outside of the cond, while or loop");
    return false;
}

egi_id egi_vmap_mean(egi_vmap *x, egi_id id)
{
    egi_graph *g = x->to;
    egi_id v = one(x, id, 0);
    const eg_dtype t = egi_dtype_of(x->from, id);
    if (!x->r.keep_means && !many(x, id, 0)) return v;
    if (!may_average(x, id)) return 0;
    if (x->r.keep_means) return egi_batch_mean(g, v);
    if (x->active) {
        egi_id none = egi_const_f(g, t, 0);
        v = egi_op3(g, EGI_SELECT, egi_vmap_spread(x, x->active, arg(x, id, 0)), v, none);
    }
    return egi_op2(g, EGI_DIV, egi_reduce(g, EGI_SUM, v, 1, (const int64_t[]){0}), number_of_active(x, t));
}

/* -- the table ----------------------------------------------------------------------------------------------------- */

egi_id egi_vmap_rule(egi_vmap *x, egi_id id)
{
    const egi_node *n = egi_at(x->from, id);
    egi_shape s = n->dtype < EG_DTYPE_COUNT ? result_shape(x, id) : (egi_shape){0};
    if (egi_flags((egi_op)n->op) & FE) return elementwise(x, id);
    if (egi_flags((egi_op)n->op) & FR) return reduction(x, id);
    switch ((int)n->op) {
    case EGI_CUMSUM: return egi_scan(x->to, EGI_CUMSUM, one(x, id, 0), (int)egi_ints_of(x->from, n)[0] + 1);
    case EGI_SORT:
    case EGI_ARGSORT: return egi_scan(x->to, (egi_op)n->op, one(x, id, 0), shape_in(x, id)->rank);
    case EGI_BROADCAST: return broadcast(x, id);
    case EGI_RESHAPE: return egi_reshape(x->to, one(x, id, 0), &s);
    case EGI_TRANSPOSE: return transpose(x, id);
    case EGI_SLICE: return slice(x, id);
    case EGI_DSLICE: return window(x, id);
    case EGI_UPDATE: return update(x, id);
    case EGI_CONCAT: return concat(x, id);
    case EGI_PAD: return pad(x, id);
    case EGI_GATHER: return gather(x, id);
    case EGI_SCATTER: return scatter(x, id);
    case EGI_PACK: return egi_pack(x->to, one(x, id, 0));
    case EGI_UNPACK:
        return egi_unpack(x->to, one(x, id, 0), egi_shape_of(x->from, id)->dim[egi_shape_of(x->from, id)->rank - 1]);
    case EGI_DOT: return dot(x, id);
    case EGI_DOT_EVENT: return dot_event(x, id);
    case EGI_EVENT:
    case EGI_EVENT_T: return in_turn(x, id);
    case EGI_BITS: return bits(x, id);
    case EGI_CUSTOM: return custom(x, id);
    default: return egi_copy_plain(x->to, x->from, id, x->map); /* tuples */
    }
}
