/* What a fused stage computes and reads, and the loops it needs. */
#include "core/context.h"
#include "opt/plan.h"

bool egi_in_stage(const egi_plan *p, uint16_t region, const egi_stage *s, egi_id id)
{
    const egi_node *n = egi_at(p->g, id);
    if (egi_is_inline(p, id)) return n->shape == s->shape;
    if (!egi_is_fused(p, id) || n->region != region || n->shape != s->shape) return false;
    return 2 * p->level[id] + 1 == s->level;
}

typedef struct walk {
    const egi_plan *p;
    const egi_stage *s;
    uint16_t region;
    egi_nest *nest;
    bool ok;
} walk;

static void add_id(walk *w, egi_ids *list, egi_id id)
{
    for (int64_t k = 0; k < list->n; k++) {
        if (list->at[k] == id) return;
    }
    if (!egi_push(w->nest->allocator, list, id)) w->ok = false;
}

static bool add_load(walk *w, egi_id id)
{
    for (int64_t k = 0; k < w->nest->loads.n; k++) {
        if (w->nest->loads.at[k].node == id) return false;
    }
    egi_load l = {.node = id};
    egi_view_of(w->p, id, &l.view);
    /* A scalar seen through a view is that scalar. */
    if (egi_is_scalar(w->p->g, l.view.base) && !l.view.dynamic) add_id(w, &w->nest->scalars, l.view.base);
    if (!egi_push(w->nest->allocator, &w->nest->loads, l)) w->ok = false;
    return w->ok;
}

/* The words of an UNPACK: seen along its axes, the last one a 32nd. */
static void add_words(walk *w, egi_id id)
{
    for (int64_t k = 0; k < w->nest->words.n; k++) {
        if (w->nest->words.at[k].node == id) return;
    }
    egi_load l = {.node = id};
    egi_view_of(w->p, id, &l.view);
    if (egi_is_scalar(w->p->g, l.view.base) && !l.view.dynamic) add_id(w, &w->nest->scalars, l.view.base);
    if (!egi_push(w->nest->allocator, &w->nest->words, l)) w->ok = false;
}

static bool done(const walk *w, egi_id id)
{
    for (int64_t k = 0; k < w->nest->nodes.n; k++) {
        if (w->nest->nodes.at[k] == id) return true;
    }
    return false;
}

static void visit(walk *w, egi_id id);

static void visit_operands(walk *w, egi_id id)
{
    const egi_graph *g = w->p->g;
    const egi_node *n = egi_at(g, id);
    for (uint32_t k = 0; k < n->num_args; k++) {
        /* The vector that a gather reads from is addressed by it, not loaded. */
        if (n->op == EGI_UNPACK)
            add_words(w, egi_arg(g, id, k));
        else if (!egi_reads_elsewhere(g, id, k))
            visit(w, egi_arg(g, id, k));
    }
}

static void visit(walk *w, egi_id id)
{
    const egi_graph *g = w->p->g;
    if (!w->ok) return;
    if (egi_is_scalar(g, id)) {
        add_id(w, &w->nest->scalars, id);
        return;
    }
    if (!egi_in_stage(w->p, w->region, w->s, id)) {
        add_load(w, id);
        return;
    }
    if (done(w, id)) return;
    if (w->p->forced[id] && egi_is_view(g, id)) {
        /* Copied here: read through its view, which is that of its operand. */
        if (!add_load(w, id)) return;
        egi_load *l = &w->nest->loads.at[w->nest->loads.n - 1];
        egi_view_below(w->p, id, &l->view);
        if (egi_is_scalar(g, l->view.base) && !l->view.dynamic) add_id(w, &w->nest->scalars, l->view.base);
        return;
    }
    visit_operands(w, id);
    if (!egi_push(w->nest->allocator, &w->nest->nodes, id)) w->ok = false;
}

/* May axes k and k + 1 of the stage be one loop, as far as this view is concerned? */
static bool joins(const egi_view *v, int k)
{
    int a = v->axis[k], b = v->axis[k + 1];
    if (a < 0 && b < 0) return true;
    if (a < 0 || b != a + 1 || v->step[k] != 1 || v->step[k + 1] != 1 || v->start[b]) return false;
    if (v->dynamic) {
        for (int j = 0; j < EG_MAX_RANK; j++) {
            if (v->dynamic_axis[j] == b) return false;
        }
    }
    return true;
}

/* The inner axis must be read whole. */
static bool whole(const egi_plan *p, const egi_stage *s, const egi_view *v, int k)
{
    return v->axis[k + 1] < 0 || v->base_dim[v->axis[k + 1]] == p->g->shapes.at[s->shape].dim[k + 1];
}

/* The words of a row end where those of the next begin. */
static bool runs_on(const egi_plan *p, const egi_stage *s, const egi_view *v, int k)
{
    return v->axis[k + 1] >= 0 && v->base_dim[v->axis[k + 1]] * 32 == p->g->shapes.at[s->shape].dim[k + 1];
}

static void find_loops(const egi_plan *p, const egi_stage *s, egi_nest *nest)
{
    int rank = p->g->shapes.at[s->shape].rank;
    bool split[EG_MAX_RANK] = {false};
    for (int64_t j = 0; j < nest->loads.n; j++) {
        const egi_view *v = &nest->loads.at[j].view;
        if (egi_is_scalar(p->g, v->base)) continue;
        for (int k = 0; k + 1 < rank; k++) split[k] |= !joins(v, k) || !whole(p, s, v, k);
    }
    for (int64_t j = 0; j < nest->words.n; j++) {
        const egi_view *v = &nest->words.at[j].view;
        for (int k = 0; k + 1 < rank; k++) split[k] |= !joins(v, k) || !(k + 2 < rank ? whole : runs_on)(p, s, v, k);
    }
    for (int64_t j = 0; j < nest->nodes.n; j++) {
        const egi_node *n = egi_at(p->g, nest->nodes.at[j]);
        if (n->op != EGI_IOTA || rank < 2) continue;
        int64_t axis = egi_num_ints(p->g, n) ? egi_ints_of(p->g, n)[0] : 0;
        if (axis > 0) split[axis - 1] = true;
        if (axis + 1 < rank) split[axis] = true;
    }
    nest->rank = 1;
    nest->first[0] = nest->last[0] = 0;
    for (int k = 1; k < rank; k++) {
        if (split[k - 1]) {
            nest->first[nest->rank] = k;
            nest->rank++;
        }
        nest->last[nest->rank - 1] = k;
    }
}

bool egi_nest_of(const egi_plan *p, uint16_t region, const egi_stage *s, egi_nest *nest)
{
    *nest = (egi_nest){.allocator = &egi_malloc_allocator};
    walk w = {p, s, region, nest, true};
    for (int64_t k = 0; k < s->stores.n; k++) {
        if (!s->stores.at[k].from.buffer) visit(&w, s->stores.at[k].node);
    }
    for (int64_t k = 0; k < s->lists.n; k++) visit(&w, s->lists.at[k].node);
    find_loops(p, s, nest);
    return w.ok;
}

enum { WINDOW_MOST = 256 }; /* elements: as few as one thread does in the time of a barrier */

static bool in_window(const egi_plan *p, const egi_load *l, egi_window *w)
{
    const egi_view *v = &l->view;
    if (egi_is_scalar(p->g, v->base)) return !v->dynamic;
    uint32_t shape = egi_at(p->g, v->base)->shape;
    if (v->dynamic || v->base_rank != 1 || p->g->shapes.at[shape].rank != 1 || v->axis[0] != 0 || v->step[0] != 1)
        return false;
    if (w->of) return shape == w->shape && v->start[0] == w->start;
    *w = (egi_window){shape, l->node, v->start[0]};
    return true;
}

bool egi_nest_window(const egi_plan *p, const egi_stage *s, const egi_nest *nest, egi_window *w)
{
    const egi_shape *shape = &p->g->shapes.at[s->shape];
    *w = (egi_window){0};
    if (shape->rank != 1 || shape->dim[0] > WINDOW_MOST || s->lists.n || p->no_passes) return false;
    for (int64_t k = 0; k < s->stores.n; k++) {
        if (s->stores.at[k].from.buffer || s->stores.at[k].rotated) return false;
    }
    for (int64_t k = 0; k < nest->nodes.n; k++) {
        int op = egi_at(p->g, nest->nodes.at[k])->op;
        if (op == EGI_GATHER || op == EGI_UNPACK || op == EGI_BITS) return false;
    }
    for (int64_t k = 0; k < nest->loads.n; k++) {
        if (!in_window(p, &nest->loads.at[k], w)) return false;
    }
    return w->of && w->shape != s->shape;
}

void egi_nest_free(egi_nest *nest)
{
    egi_vec_free(nest->allocator, &nest->loads);
    egi_vec_free(nest->allocator, &nest->words);
    egi_vec_free(nest->allocator, &nest->nodes);
    egi_vec_free(nest->allocator, &nest->scalars);
}
