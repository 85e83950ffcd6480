/* The static guard against races: on every way that a run can take through the stages, no stage touches what another
 * slice wrote, nor overwrites what another slice may still read, without a barrier between.
 *
 * It does not ask what the planner noted (plan_sync.c): it derives from the graph what each stage reads and writes, as
 * it is lowered, and walks through the regions with all that was touched since the last barrier: both arms of a cond, a
 * loop not at all, once, and again behind its own end. */
#include "core/context.h"
#include "opt/plan.h"

/* Who touches the elements: any thread any of them; each thread those of its slice; the first thread. */
typedef enum who { ANY, SLICE, FIRST } who;

typedef struct touch {
    const egi_stage *stage;
    uint32_t buffer;
    uint32_t shape; /* SLICE: of this shape, cut across its axes up to `axis` */
    int axis;
    int64_t window; /* SLICE: != 0: of a vector that begins at this element, less 1, of one of that shape */
    uint16_t loop;  /* lists: != 0: one of two, by the parity of this loop's step */
    who who;
    bool write;
    bool odd; /* the list of the step behind or before this one */
} touch;

typedef EGI_VEC(touch) touches;

typedef enum list_part { BEFORE, ENTER, STAGES, PARTS } list_part;

typedef struct guard {
    const egi_plan *p;
    egi_text *why;
    bool *seen;     /* nodes of the stage being looked at */
    touches *known; /* of all stages: loops come by several times */
    int64_t *first; /* where those of a region's part begin: [PARTS * region + part] */
    touches now;
    bool found, failed;
} guard;

static const eg_allocator *mem(const guard *q) { return &q->p->g->eg->allocator; }

static void push(guard *q, touches *list, touch t)
{
    for (int64_t k = 0; k < list->n; k++) {
        const touch *o = &list->at[k];
        if (o->buffer == t.buffer && o->shape == t.shape && o->axis == t.axis && o->window == t.window &&
            o->loop == t.loop && o->who == t.who && o->write == t.write && o->odd == t.odd)
            return; /* the first stage that does so stands for all */
    }
    if (t.buffer && !egi_push(mem(q), list, t)) q->failed = true;
}

/* -- what a stage touches ------------------------------------------------------------------------------------------ */

static void note(guard *q, const egi_stage *s, uint32_t buffer, who by, bool write)
{
    push(q, &q->now, (touch){.stage = s, .buffer = buffer, .who = by, .write = write});
}

/* The memory in which the elements of a value lie, its own or that of what it is a view of; 0: in registers. */
static uint32_t memory_of(const guard *q, egi_id id)
{
    const egi_graph *g = q->p->g;
    while (!q->p->place[id].buffer && egi_is_view(g, id)) {
        const egi_node *n = egi_at(g, id);
        id = n->op == EGI_PARAM ? egi_arg(g, g->regions.at[n->region].owner, (uint32_t)n->imm) : egi_arg(g, id, 0);
    }
    return q->p->place[id].buffer;
}

static void reads(guard *q, const egi_stage *s, egi_id id, who by)
{
    if (!egi_is_scalar(q->p->g, id) || egi_is_read(q->p, id)) note(q, s, memory_of(q, id), by, false);
}

/* What a fused stage evaluates for a value. */
static void evaluated(guard *q, uint16_t region, const egi_stage *s, egi_id id, const touch *slice)
{
    const egi_plan *p = q->p;
    const egi_graph *g = p->g;
    const egi_node *n = egi_at(g, id);
    if (q->seen[id] || egi_is_scalar(g, id)) return;
    q->seen[id] = true;
    bool here = egi_in_stage(p, region, s, id), copy = here && p->forced[id] && egi_is_view(g, id);
    if (here && !copy) {
        for (uint32_t k = 0; k < n->num_args; k++) {
            if (egi_reads_elsewhere(g, id, k))
                reads(q, s, egi_arg(g, id, k), ANY);
            else
                evaluated(q, region, s, egi_arg(g, id, k), slice);
        }
        return;
    }
    egi_view v;
    if (copy)
        egi_view_below(p, id, &v);
    else
        egi_view_of(p, id, &v);
    touch t = *slice;
    t.buffer = p->place[v.base].buffer;
    bool own =
        slice->window ? v.start[0] + 1 == slice->window && !v.dynamic && v.step[0] == 1 : egi_view_is_whole(p, &v);
    if (!own || egi_at(g, v.base)->shape != slice->shape) t.who = ANY;
    t.window = 0;
    push(q, &q->now, t);
}

static void fused(guard *q, uint16_t region, const egi_stage *s)
{
    egi_nest nest;
    if (!egi_nest_of(q->p, region, s, &nest)) q->failed = true;
    touch slice = {.stage = s, .who = SLICE, .shape = s->shape, .axis = nest.last[0]};
    egi_window w;
    if (egi_nest_window(q->p, s, &nest, &w)) {
        slice.shape = w.shape;
        slice.window = w.start + 1;
    }
    egi_nest_free(&nest);
    memset(q->seen, 0, (size_t)q->p->g->nodes.n * sizeof *q->seen);
    for (int64_t k = 0; k < s->stores.n; k++) {
        const egi_store *st = &s->stores.at[k];
        touch t = slice;
        if (!st->from.buffer) evaluated(q, region, s, st->node, &slice);
        t.buffer = st->from.buffer;
        push(q, &q->now, t);
        t.buffer = st->place.buffer;
        t.write = true;
        push(q, &q->now, t);
    }
    for (int64_t k = 0; k < s->lists.n; k++) {
        const egi_listing *l = &s->lists.at[k];
        touch t = slice;
        evaluated(q, region, s, l->node, &slice);
        t.buffer = l->buffer;
        t.write = true;
        t.loop = l->region;
        t.odd = l->next;
        push(q, &q->now, t);
    }
}

/* Each thread delivers all spikes to its slice of the targets. */
static void delivered(guard *q, const egi_stage *s, egi_id id)
{
    const egi_plan *p = q->p;
    const egi_graph *g = p->g;
    uint32_t shape = egi_at(g, id)->shape, target = p->place[id].buffer, base = memory_of(q, egi_arg(g, id, 0));
    touch own = {.stage = s, .buffer = target, .who = SLICE, .shape = shape, .write = true};
    push(q, &q->now, own);
    if (base != target) {
        bool whole = !egi_is_view(g, egi_arg(g, id, 0)) || p->forced[egi_arg(g, id, 0)];
        own.buffer = base;
        own.write = false;
        own.who = whole ? SLICE : ANY;
        push(q, &q->now, own);
    }
    push(q, &q->now, (touch){.stage = s, .buffer = p->list[id], .loop = p->list_region[id]});
    if (egi_dtype_of(g, egi_arg(g, id, 1)) != EG_BOOL) reads(q, s, egi_arg(g, id, 1), ANY);
    reads(q, s, egi_arg(g, id, 2), ANY);
}

/* Where words run on from row to row, each thread packs its slice of the bools into words of its own. */
static void packed(guard *q, const egi_stage *s, egi_id id)
{
    const egi_graph *g = q->p->g;
    egi_id a = egi_arg(g, id, 0);
    touch t = {.stage = s, .who = SLICE, .shape = egi_at(g, a)->shape};
    bool whole = !egi_is_view(g, a) || q->p->forced[a];
    t.axis = egi_shape_of(g, a)->rank - 1;
    if (!egi_packs_flat(g, id)) t.who = ANY;
    t.buffer = q->p->place[id].buffer;
    t.write = true;
    push(q, &q->now, t);
    t.buffer = memory_of(q, a);
    t.write = false;
    if (!whole) t.who = ANY;
    push(q, &q->now, t);
}

/* What an operation replaces in place, element by element by the thread that writes it; -1: none. */
static int64_t replaced(const egi_node *n)
{
    if (n->op == EGI_DOT) return n->num_args > 2 ? 2 : -1;
    return n->op == EGI_UPDATE || n->op == EGI_SCATTER || n->op == EGI_DOT_EVENT ? 0 : -1;
}

/* One operation: threads divide it as they like.  What lies where the result goes is not read. */
static void operation(guard *q, const egi_stage *s)
{
    const egi_plan *p = q->p;
    const egi_graph *g = p->g;
    egi_id id = s->node;
    const egi_node *n = egi_at(g, id);
    const int64_t old = replaced(n);
    who by = n->op == EGI_HOST ? FIRST : ANY;
    for (uint32_t k = 0; k < n->num_args; k++) {
        egi_id a = egi_arg(g, id, k);
        if (!(k == old && memory_of(q, a) == p->place[id].buffer)) reads(q, s, a, by);
    }
    note(q, s, p->place[id].buffer, by, true);
    note(q, s, p->scratch[id], by, true);
    for (egi_id item = id + 1; n->op == EGI_HOST && item < g->nodes.n; item++) {
        if (egi_at(g, item)->op == EGI_ITEM && egi_arg(g, item, 0) == id)
            note(q, s, p->place[item].buffer, FIRST, true);
    }
}

static void touched(guard *q, uint16_t region, const egi_stage *s)
{
    const egi_graph *g = q->p->g;
    if (s->kind == EGI_STAGE_FUSED) {
        fused(q, region, s);
    } else if (s->kind == EGI_STAGE_SCALAR) {
        reads(q, s, egi_at(g, s->node)->op == EGI_GATHER ? egi_arg(g, s->node, 0) : s->node, ANY);
    } else if (egi_at(g, s->node)->op == EGI_EVENT) {
        delivered(q, s, s->node);
        for (int64_t k = 0; k < s->merged.n; k++) delivered(q, s, s->merged.at[k]);
    } else if (egi_at(g, s->node)->op == EGI_PACK) {
        packed(q, s, s->node);
    } else {
        operation(q, s);
    }
}

/* -- meeting ------------------------------------------------------------------------------------------------------- */

static bool meet(const touch *a, const touch *b)
{
    if (a->buffer != b->buffer || (!a->write && !b->write)) return false;
    if (a->loop && a->loop == b->loop && a->odd != b->odd) return false;
    if (a->who == FIRST && b->who == FIRST) return false;
    return !(a->who == SLICE && b->who == SLICE && a->shape == b->shape && a->axis == b->axis &&
             a->window == b->window);
}

/* What is touched now, against what was touched since the last barrier and against itself. */
static void join(guard *q, const touches *now, touches *since)
{
    for (int64_t j = 0; j < now->n && !q->found; j++) {
        const touch *b = &now->at[j];
        for (int64_t k = 0; k < since->n + j && !q->found; k++) {
            const touch *a = k < since->n ? &since->at[k] : &now->at[k - since->n];
            if (!meet(a, b)) continue;
            q->found = true;
            egi_put(q->why, "stages of levels %d and %d (of %%%u and %%%u) meet in buffer b%u without a barrier",
                    a->stage->level, b->stage->level, a->stage->stores.n ? a->stage->stores.at[0].node : a->stage->node,
                    b->stage->stores.n ? b->stage->stores.at[0].node : b->stage->node, b->buffer);
        }
    }
    for (int64_t j = 0; j < now->n; j++) push(q, since, now->at[j]);
}

/* -- ways through regions ------------------------------------------------------------------------------------------ */

static void add_all(guard *q, touches *to, const touches *from)
{
    for (int64_t k = 0; k < from->n; k++) push(q, to, from->at[k]);
}

static void walk_region(guard *q, const egi_stage *s, touches *since);

static const egi_stages *stages_of(const guard *q, uint16_t region, list_part part)
{
    const egi_region_plan *rp = &q->p->region[region];
    return part == BEFORE ? &rp->before : part == ENTER ? &rp->enter : &rp->stages;
}

static bool owns_regions(const guard *q, const egi_stage *s)
{
    return s->kind == EGI_STAGE_NODE && (egi_flags((egi_op)egi_at(q->p->g, s->node)->op) & FL);
}

static void walk(guard *q, uint16_t region, list_part part, touches *since)
{
    const egi_stages *list = stages_of(q, region, part);
    for (int64_t k = 0; k < list->n && !q->found && !q->failed; k++) {
        const egi_stage *s = &list->at[k];
        if (s->barrier) since->n = 0;
        if (owns_regions(q, s))
            walk_region(q, s, since);
        else
            join(q, &q->known[q->first[PARTS * region + part] + k], since);
    }
}

/* The other list is this one in the next step; behind the loop nobody knows. */
static void turn(touches *since, uint16_t loop, bool over)
{
    for (int64_t k = 0; k < since->n; k++) {
        if (since->at[k].loop != loop) continue;
        since->at[k].odd = !since->at[k].odd && !over;
        if (over) since->at[k].loop = 0;
    }
}

/* What the first thread writes beside the stages: rows of scalars, in every step; at the end of an outermost loop, the
 * rows that were not reached. */
static void rows(guard *q, const egi_stage *s, bool at_end, touches *since)
{
    const egi_graph *g = q->p->g;
    const int64_t *at = egi_ints_of(g, egi_at(g, s->node));
    q->now.n = 0;
    for (egi_id id = s->node + 1; id < g->nodes.n && at[3]; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->op != EGI_ITEM || egi_arg(g, id, 0) != s->node || n->imm < (uint64_t)at[1]) continue;
        if (at_end || egi_is_scalar(g, g->regions.at[at[0]].results.at[n->imm]))
            note(q, s, q->p->place[id].buffer, FIRST, true);
    }
    join(q, &q->now, since);
}

static void walk_loop(guard *q, const egi_stage *s, touches *since)
{
    const egi_graph *g = q->p->g;
    const egi_node *n = egi_at(g, s->node);
    uint16_t body = (uint16_t)egi_ints_of(g, n)[0];
    bool outermost = n->region == 0;
    touches none = {0};
    walk(q, body, BEFORE, since);
    if (outermost) since->n = 0; /* a chunk begins */
    add_all(q, &none, since);
    walk(q, body, ENTER, since);
    for (int step = 0; step < 2; step++) {
        walk(q, body, STAGES, since);
        rows(q, s, false, since);
        turn(since, body, false);
    }
    if (outermost) since->n = 0; /* and ends */
    add_all(q, since, &none);
    if (outermost) rows(q, s, true, since);
    turn(since, body, true);
    egi_vec_free(mem(q), &none);
}

static void walk_while(guard *q, const egi_stage *s, touches *since)
{
    const egi_graph *g = q->p->g;
    const int64_t *at = egi_ints_of(g, egi_at(g, s->node));
    uint16_t cond = (uint16_t)at[0], body = (uint16_t)at[1];
    touches ends = {0};
    walk(q, body, BEFORE, since);
    for (int step = 0; step < 2; step++) {
        walk(q, cond, STAGES, since);
        add_all(q, &ends, since);
        walk(q, body, STAGES, since);
    }
    walk(q, cond, STAGES, since);
    add_all(q, &ends, since);
    since->n = 0;
    add_all(q, since, &ends);
    egi_vec_free(mem(q), &ends);
}

static void walk_cond(guard *q, const egi_stage *s, touches *since)
{
    const int64_t *arm = egi_ints_of(q->p->g, egi_at(q->p->g, s->node));
    touches other = {0};
    add_all(q, &other, since);
    walk(q, (uint16_t)arm[0], STAGES, since);
    walk(q, (uint16_t)arm[1], STAGES, &other);
    add_all(q, since, &other);
    egi_vec_free(mem(q), &other);
}

static void walk_region(guard *q, const egi_stage *s, touches *since)
{
    switch ((int)egi_at(q->p->g, s->node)->op) {
    case EGI_LOOP: walk_loop(q, s, since); break;
    case EGI_WHILE: walk_while(q, s, since); break;
    default: walk_cond(q, s, since); break;
    }
}

/* Variables of rank 0 are read into registers when a function begins, and written by the first thread when it ends. */
static void scalars(guard *q)
{
    const egi_graph *g = q->p->g;
    for (int64_t k = 0; k < g->writes.n; k++) {
        if (!egi_is_scalar(g, g->writes.at[k].value) || q->p->region[0].end_barrier || q->found) continue;
        q->found = true;
        egi_put(q->why, "variable %u is written without a barrier at the end", g->writes.at[k].var);
    }
}

/* What each stage touches. */
static bool derive(guard *q)
{
    const egi_graph *g = q->p->g;
    int64_t n = 0, lists = PARTS * g->regions.n;
    q->seen = egi_alloc(mem(q), (size_t)g->nodes.n * sizeof *q->seen, 16);
    q->first = egi_alloc(mem(q), (size_t)(lists + 1) * sizeof *q->first, 16);
    if (!q->seen || !q->first) return false;
    for (int64_t k = 0; k < lists; k++) {
        q->first[k] = n;
        n += stages_of(q, (uint16_t)(k / PARTS), (list_part)(k % PARTS))->n;
    }
    q->first[lists] = n;
    q->known = egi_alloc(mem(q), (size_t)(n + 1) * sizeof *q->known, 16);
    for (int64_t k = 0; k < lists && q->known; k++) {
        uint16_t region = (uint16_t)(k / PARTS);
        const egi_stages *list = stages_of(q, region, (list_part)(k % PARTS));
        /* Initial values of a loop are computed outside of it. */
        if (k % PARTS == BEFORE) region = g->regions.at[region].parent;
        for (int64_t j = 0; j < list->n; j++) {
            if (owns_regions(q, &list->at[j])) continue;
            touched(q, region, &list->at[j]);
            q->known[q->first[k] + j] = q->now;
            q->now = (touches){0};
        }
    }
    return q->known && !q->failed;
}

bool egi_verify_stages(const egi_plan *p, egi_text *why)
{
    guard q = {.p = p, .why = why};
    touches since = {0};
    if (derive(&q)) {
        walk(&q, 0, STAGES, &since);
        scalars(&q);
    } else {
        q.failed = true;
    }
    for (int64_t k = 0; q.known && k < q.first[PARTS * p->g->regions.n]; k++) egi_vec_free(mem(&q), &q.known[k]);
    egi_free(mem(&q), q.known);
    egi_free(mem(&q), q.first);
    egi_free(mem(&q), q.seen);
    egi_vec_free(mem(&q), &q.now);
    egi_vec_free(mem(&q), &since);
    return !q.found && !q.failed;
}
