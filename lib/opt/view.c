/* Views: reading a value at an index means reading its base at another one. */
#include "opt/plan.h"

bool egi_packs_flat(const egi_graph *g, egi_id id)
{
    const egi_shape *s = egi_shape_of(g, egi_at(g, id)->op == EGI_PACK ? egi_arg(g, id, 0) : id);
    return s->rank == 1 || s->dim[s->rank - 1] % 32 == 0;
}

static bool is_row(const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id);
    if (n->op != EGI_PARAM) return false;
    const egi_node *o = egi_at(g, g->regions.at[egi_ints_of(g, n)[0]].owner);
    return o->op == EGI_LOOP && (int64_t)n->imm > egi_ints_of(g, o)[1];
}

bool egi_is_view(const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id);
    return (egi_flags((egi_op)n->op) & FV) || n->op == EGI_DSLICE || is_row(g, id);
}

void egi_view_start(const egi_graph *g, egi_id id, egi_view *v)
{
    const egi_shape *s = egi_shape_of(g, id);
    *v = (egi_view){.base = id, .base_rank = s->rank, .rank = s->rank};
    for (int k = 0; k < s->rank; k++) {
        v->base_dim[k] = s->dim[k];
        v->axis[k] = k;
        v->step[k] = 1;
    }
}

/* Makes `operand` the base; to[k] = its axis for axis k of the old base (-1: repeats), with start and step along it. */
static void descend(const egi_graph *g, egi_view *v, egi_id operand, const int *to, const int64_t *start,
                    const int64_t *step)
{
    egi_view w = *v;
    const egi_shape *s = egi_shape_of(g, operand);
    w.base = operand;
    w.base_rank = s->rank;
    memset(w.start, 0, sizeof w.start);
    for (int k = 0; k < s->rank; k++) w.base_dim[k] = s->dim[k];
    for (int k = 0; k < v->base_rank; k++) {
        if (to[k] >= 0) w.start[to[k]] = start[k] + v->start[k] * step[k];
    }
    for (int k = 0; k < v->rank; k++) {
        if (v->axis[k] < 0) continue;
        w.axis[k] = to[v->axis[k]];
        w.step[k] = v->step[k] * step[v->axis[k]];
    }
    bool moved = false;
    for (int k = 0; w.dynamic && k < EG_MAX_RANK; k++) {
        if (v->dynamic_axis[k] < 0) continue;
        w.dynamic_axis[k] = to[v->dynamic_axis[k]];
        w.dynamic_step[k] = v->dynamic_step[k] * step[v->dynamic_axis[k]];
        moved |= w.dynamic_axis[k] >= 0;
    }
    if (!moved) w.dynamic = 0; /* along axes that repeat */
    *v = w;
}

static void plain(int *to, int64_t *start, int64_t *step)
{
    for (int k = 0; k < EG_MAX_RANK; k++) {
        to[k] = k;
        start[k] = 0;
        step[k] = 1;
    }
}

/* The reshape puts in or leaves out axes of extent 1 alone; to[k] = axis of its operand, -1: put in. */
static bool squeezes(const egi_graph *g, egi_id id, int *to)
{
    const egi_shape *s = egi_shape_of(g, id), *a = egi_shape_of(g, egi_arg(g, id, 0));
    int j = 0;
    for (int k = 0; k < s->rank; k++) {
        to[k] = -1;
        if (s->dim[k] == 1) continue;
        while (j < a->rank && a->dim[j] == 1) j++;
        if (j == a->rank || a->dim[j] != s->dim[k]) return false;
        to[k] = j++;
    }
    while (j < a->rank && a->dim[j] == 1) j++;
    return j == a->rank;
}

/* From here on the view's start depends on the node. */
static void moves(egi_view *v, egi_id id)
{
    v->dynamic = id;
    for (int k = 0; k < EG_MAX_RANK; k++) v->dynamic_step[k] = 1;
}

bool egi_view_follows(const egi_graph *g, egi_id id, egi_id a)
{
    const egi_node *n = egi_at(g, id);
    int to[EG_MAX_RANK];
    egi_view v;
    if (n->op == EGI_RESHAPE) return squeezes(g, id, to);
    egi_view_start(g, a, &v);
    for (bool more = true; more;) {
        int op = egi_at(g, v.base)->op;
        if (op == EGI_DSLICE || op == EGI_PARAM) return !egi_is_view(g, v.base);
        more = egi_view_down(g, &v);
    }
    int last = v.rank - 1;
    return !egi_is_view(g, v.base) && egi_at(g, v.base)->op != EGI_IOTA && egi_at(g, v.base)->shape && last > 0 &&
           (v.axis[last] < 0 || (v.axis[last] == v.base_rank - 1 && v.step[last] == 1));
}

bool egi_view_down(const egi_graph *g, egi_view *v)
{
    egi_id id = v->base;
    const egi_node *n = egi_at(g, id);
    int to[EG_MAX_RANK];
    int64_t start[EG_MAX_RANK], step[EG_MAX_RANK];
    if (!egi_is_view(g, id)) return false;
    plain(to, start, step);
    const int64_t *at = n->attr ? egi_ints_of(g, n) : NULL;
    switch ((int)n->op) {
    case EGI_BROADCAST: {
        egi_id a = egi_arg(g, id, 0);
        const egi_shape *s = egi_shape_of(g, a), *r = egi_shape_of(g, id);
        for (int k = 0; k < r->rank; k++) to[k] = -1;
        for (int k = 0; k < s->rank; k++) {
            if (s->dim[k] == r->dim[at[k]]) to[at[k]] = k;
        }
        descend(g, v, a, to, start, step);
        return true;
    }
    case EGI_TRANSPOSE:
        for (int k = 0; k < egi_num_ints(g, n); k++) to[k] = (int)at[k];
        descend(g, v, egi_arg(g, id, 0), to, start, step);
        return true;
    case EGI_SLICE:
        for (int k = 0; k < egi_num_ints(g, n) / 2; k++) {
            start[k] = at[2 * k];
            step[k] = at[2 * k + 1];
        }
        descend(g, v, egi_arg(g, id, 0), to, start, step);
        return true;
    case EGI_RESHAPE: {
        egi_id a = egi_arg(g, id, 0);
        if (egi_is_view(g, a) && squeezes(g, id, to)) {
            descend(g, v, a, to, start, step);
            return true;
        }
        /* The same elements in the same order: the base is seen through the new shape. */
        v->base = a;
        return false;
    }
    case EGI_DSLICE:
        descend(g, v, egi_arg(g, id, 0), to, start, step);
        moves(v, id);
        for (int k = 0; k < EG_MAX_RANK; k++) v->dynamic_axis[k] = k < v->base_rank ? k : -1;
        return true;
    case EGI_PARAM: {
        egi_id owner = g->regions.at[at[0]].owner, seq = egi_arg(g, owner, (uint32_t)n->imm);
        for (int k = 0; k < EG_MAX_RANK; k++) to[k] = k + 1 < EG_MAX_RANK ? k + 1 : -1;
        descend(g, v, seq, to, start, step);
        moves(v, id);
        for (int k = 0; k < EG_MAX_RANK; k++) v->dynamic_axis[k] = k ? -1 : 0;
        return true;
    }
    default: return false;
    }
}

/* One step down; false when the base holds the elements (`through`: although it does, being a forced view). */
static bool step_down(const egi_plan *p, egi_view *v, bool through)
{
    return (through || !p->forced[v->base]) && egi_view_down(p->g, v);
}

void egi_view_of(const egi_plan *p, egi_id id, egi_view *v)
{
    egi_view_start(p->g, id, v);
    while (step_down(p, v, false)) continue;
}

void egi_view_below(const egi_plan *p, egi_id id, egi_view *v)
{
    egi_view_start(p->g, id, v);
    if (!step_down(p, v, true)) return;
    while (step_down(p, v, false)) continue;
}

/* Exchanges the last two axes and no others. */
static bool is_flip(const egi_graph *g, const egi_node *n)
{
    int rank = egi_num_ints(g, n);
    if (n->op != EGI_TRANSPOSE || rank < 2) return false;
    for (int k = 0; k < rank; k++) {
        int64_t from = k == rank - 1 ? k - 1 : k == rank - 2 ? k + 1 : k;
        if (egi_ints_of(g, n)[k] != from) return false;
    }
    return true;
}

/* What holds the reshape's elements in their order: a view below a reshape is copied, and then no view any more, but
 * for one that egi_view_down() goes through.  0: none does, or it is a scalar. */
static egi_id reshaped(const egi_graph *g, egi_id reshape)
{
    egi_id base = egi_arg(g, reshape, 0);
    int to[EG_MAX_RANK];
    if (egi_is_view(g, base) && squeezes(g, reshape, to)) return 0;
    return egi_at(g, base)->shape ? base : 0;
}

egi_id egi_view_plain(const egi_graph *g, egi_id user, egi_id a)
{
    const egi_op op = (egi_op)egi_at(g, user)->op;
    const egi_node *n = egi_at(g, a);
    if (op != EGI_DOT && op != EGI_DOT_EVENT && op != EGI_GATHER && !(egi_flags(op) & (FR | FS))) return 0;
    if (n->op == EGI_RESHAPE) return reshaped(g, a);
    if (op != EGI_DOT || !is_flip(g, n)) return 0;
    if (egi_at(g, user)->num_args > 2 && egi_arg(g, user, 2) == a) return 0; /* a base is read in order */
    egi_id base = egi_arg(g, a, 0);
    if (egi_at(g, base)->op == EGI_RESHAPE) return reshaped(g, base) ? base : 0;
    return egi_is_view(g, base) || egi_at(g, base)->op == EGI_IOTA ? 0 : base;
}

egi_id egi_view_repeats(const egi_graph *g, egi_id a)
{
    if (egi_at(g, a)->op != EGI_BROADCAST) return 0;
    egi_id of = egi_arg(g, a, 0);
    return egi_at(g, of)->shape ? 0 : of;
}

/* Are the elements, of these extents, all that lies in the base from the view's start on? */
static bool is_block(const egi_view *v, const int64_t *dim)
{
    bool part = false;
    for (int k = v->rank - 1, behind = v->base_rank; k >= 0; k--) {
        int axis = v->axis[k];
        if (dim[k] == 1) continue;
        if (axis < 0 || axis >= behind || v->step[k] != 1 || part) return false;
        for (int j = axis + 1; j < behind; j++) {
            if (v->base_dim[j] != 1) return false;
        }
        part = v->base_dim[axis] != dim[k];
        behind = axis;
    }
    return true;
}

bool egi_view_spikes(const egi_plan *p, egi_id x, egi_view *v, bool *turned)
{
    egi_shape s = *egi_shape_of(p->g, x);
    const int r = s.rank;
    egi_view_of(p, x, v);
    *turned = false;
    if (!egi_at(p->g, v->base)->shape) return false;
    if (is_block(v, s.dim)) return true;
    int64_t dim = s.dim[r - 1], step = v->step[r - 1];
    int axis = v->axis[r - 1];
    s.dim[r - 1] = s.dim[r - 2];
    s.dim[r - 2] = dim;
    v->axis[r - 1] = v->axis[r - 2];
    v->axis[r - 2] = axis;
    v->step[r - 1] = v->step[r - 2];
    v->step[r - 2] = step;
    return *turned = is_block(v, s.dim);
}

bool egi_view_is_whole(const egi_plan *p, const egi_view *v)
{
    (void)p;
    if (v->dynamic || v->rank != v->base_rank) return false;
    for (int k = 0; k < v->rank; k++) {
        if (v->axis[k] != k || v->step[k] != 1 || v->start[k]) return false;
    }
    return true;
}
