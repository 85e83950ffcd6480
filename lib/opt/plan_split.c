/* Stages with too many arguments.
 *
 * All values of one shape and level share a loop, whose function takes what it reads and writes as arguments.  Models
 * of hundreds of equal populations, or one sum of hundreds of arrays, would ask for thousands.  So before values are
 * placed the later values of such a level become a level of their own (egi_plan_split_levels), and what the places then
 * ask for is divided among several loops (egi_plan_split_stages). */
#include "core/context.h"
#include "opt/plan.h"

/* Upper bounds: a load may need strides, and a value two stores. */
enum { LEVEL_PARAMS = EGI_STAGE_PARAMS / 2, FEW_NODES = 40, PER_STORE = 2, ROOM = 16 };

/* -- levels -------------------------------------------------------------------------------------------------------- */

typedef struct level_work {
    egi_plan *p;
    uint32_t *uses;  /* of each node: as an operand, result, or value of a variable */
    uint32_t *left;  /* of these, uses by what does not belong to the group so far */
    uint32_t *group; /* number of the group that a node belongs to, or that has counted it */
    uint32_t groups;
    egi_ids at; /* values of the level */
} level_work;

static bool shares_loop(const egi_plan *p, egi_id id) { return egi_is_fused(p, id) && !egi_is_inline(p, id); }

static void count_uses(level_work *w)
{
    const egi_graph *g = w->p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) w->uses[egi_arg(g, id, k)]++;
    }
    for (int64_t r = 0; r < g->regions.n; r++) {
        for (int64_t k = 0; k < g->regions.at[r].results.n; k++) w->uses[g->regions.at[r].results.at[k]]++;
    }
    for (int64_t k = 0; k < g->writes.n; k++) w->uses[g->writes.at[k].value]++;
}

/* Takes a value into the group: arguments that it adds; `live` counts values that something outside uses. */
static int64_t join(level_work *w, egi_id id, int64_t *live)
{
    const egi_plan *p = w->p;
    const egi_graph *g = p->g;
    const egi_node *n = egi_at(g, id);
    const uint16_t shape = (uint16_t)n->shape;
    int64_t more = n->op == EGI_BITS || n->op == EGI_GATHER ? 2 : 0;
    w->group[id] = w->groups;
    w->left[id] = w->uses[id];
    *live += w->left[id] > 0;
    for (uint32_t k = 0; k < n->num_args; k++) {
        egi_id a = egi_arg(g, id, k);
        bool counted = w->group[a] == w->groups;
        bool inside = counted && shares_loop(p, a) && egi_at(g, a)->shape == shape && p->level[a] == p->level[id] &&
                      egi_at(g, a)->region == n->region && !(p->forced[id] && egi_is_view(g, id));
        if (inside) *live -= --w->left[a] == 0;
        if (counted) continue;
        w->group[a] = w->groups;
        more += egi_is_scalar(g, a) ? 1 : 1 + g->shapes.at[shape].rank;
    }
    return more;
}

/* First of the level's values of one shape that must go to a further level; 0 if all may stay. */
static egi_id first_too_many(level_work *w, uint32_t shape)
{
    int64_t params = ROOM, live = 0, n = 0;
    w->groups++;
    for (int64_t k = 0; k < w->at.n; k++) {
        egi_id id = w->at.at[k];
        if (egi_at(w->p->g, id)->shape != shape) continue;
        params += join(w, id, &live);
        if (n++ && params + PER_STORE * live > LEVEL_PARAMS) return id;
    }
    return 0;
}

/* Moves what is too many at a level of a region to the next one, which is made by moving all others up. */
static void split_level(level_work *w, uint16_t region, int level)
{
    egi_plan *p = w->p;
    const egi_graph *g = p->g;
    bool shifted = false;
    w->at.n = 0;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        bool here = egi_at(g, id)->region == region && p->level[id] == level && shares_loop(p, id);
        if (here && !egi_push(&g->eg->allocator, &w->at, id)) p->failed = true;
    }
    for (int64_t k = 0; k < w->at.n && !p->failed; k++) {
        uint32_t shape = egi_at(g, w->at.at[k])->shape;
        bool again = false;
        for (int64_t j = 0; j < k && !again; j++) again = egi_at(g, w->at.at[j])->shape == shape;
        egi_id first = again ? 0 : first_too_many(w, shape);
        if (!first) continue;
        for (egi_id id = 1; id < g->nodes.n && !shifted; id++)
            p->level[id] += egi_at(g, id)->region == region && p->level[id] > level;
        shifted = true;
        for (int64_t j = k; j < w->at.n; j++) {
            egi_id id = w->at.at[j];
            if (egi_at(g, id)->shape == shape && id >= first) p->level[id] = level + 1;
        }
    }
}

void egi_plan_split_levels(egi_plan *p)
{
    const egi_graph *g = p->g;
    const eg_allocator *a = &g->eg->allocator;
    if (g->nodes.n < FEW_NODES) return;
    size_t n = (size_t)g->nodes.n;
    level_work w = {.p = p,
                    .uses = egi_alloc(a, n * sizeof *w.uses, 16),
                    .left = egi_alloc(a, n * sizeof *w.left, 16),
                    .group = egi_alloc(a, n * sizeof *w.group, 16)};
    if (w.uses && w.left && w.group) {
        count_uses(&w);
        for (int64_t r = 0; r < g->regions.n; r++) {
            int most = 0;
            for (int level = 0; level <= most && !p->failed; level++) {
                split_level(&w, (uint16_t)r, level);
                for (egi_id id = 1; id < g->nodes.n && most <= level; id++) {
                    if (egi_at(g, id)->region == r && p->level[id] > most) most = p->level[id];
                }
            }
        }
    } else {
        p->failed = true;
    }
    egi_free(a, w.uses);
    egi_free(a, w.left);
    egi_free(a, w.group);
    egi_vec_free(a, &w.at);
}

/* -- stages -------------------------------------------------------------------------------------------------------- */

/* A stage being divided.  Items are its stores, then its lists. */
typedef struct stage_work {
    egi_plan *p;
    uint16_t region; /* in which its values are computed */
    egi_stage whole;
    int64_t *writer;  /* of each buffer: 1 + the store that writes it */
    int64_t *waiting; /* of each item: how many others must first read what it overwrites; -1: done */
    int64_t *order;
    int64_t done;
    egi_stage late; /* copies behind all others */
} stage_work;

static const eg_allocator *mem(const egi_plan *p) { return &p->g->eg->allocator; }

static void stage_free(const egi_plan *p, egi_stage *s)
{
    egi_vec_free(mem(p), &s->stores);
    egi_vec_free(mem(p), &s->lists);
    egi_vec_free(mem(p), &s->merged);
    egi_vec_free(mem(p), &s->accesses);
}

static void add_item(stage_work *w, egi_stage *to, int64_t item)
{
    int64_t n = w->whole.stores.n;
    bool ok = item < n ? egi_push(mem(w->p), &to->stores, w->whole.stores.at[item])
                       : egi_push(mem(w->p), &to->lists, w->whole.lists.at[item - n]);
    if (!ok) w->p->failed = true;
}

/* Scalars of a rotated value, of which the loop's parameter is none. */
static int64_t rotated_scalars(const egi_graph *g, egi_id id, egi_id param)
{
    int64_t n = 0;
    if (id == param) return 0;
    if (egi_is_scalar(g, id)) return 1;
    for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) n += rotated_scalars(g, egi_arg(g, id, k), param);
    return n;
}

/* Arguments that the stage's function takes at most. */
static int64_t params_of(egi_plan *p, uint16_t region, const egi_stage *s)
{
    egi_nest nest;
    if (!egi_nest_of(p, region, s, &nest)) p->failed = true;
    int64_t n =
        ROOM + nest.scalars.n + (nest.loads.n + nest.words.n) * (1 + nest.rank) + s->stores.n * PER_STORE + s->lists.n;
    for (int64_t k = 0; k < nest.nodes.n; k++) {
        int op = egi_at(p->g, nest.nodes.at[k])->op;
        if (op == EGI_BITS || op == EGI_GATHER) n += 2;
    }
    for (int64_t k = 0; k < s->stores.n; k++) {
        const egi_store *st = &s->stores.at[k];
        if (st->rotated) n += rotated_scalars(p->g, st->rotated, st->param);
    }
    egi_nest_free(&nest);
    return n;
}

/* Calls what an item reads and another one overwrites: each such store waits for it (by = 1), or no more (by = -1). */
static void let_wait(stage_work *w, int64_t item, int64_t by)
{
    egi_plan *p = w->p;
    egi_stage one = w->whole;
    egi_nest nest;
    int64_t n = w->whole.stores.n;
    one.stores.n = item < n;
    one.lists.n = item >= n;
    if (item < n)
        one.stores.at += item;
    else
        one.lists.at += item - n;
    if (!egi_nest_of(p, w->region, &one, &nest)) p->failed = true;
    for (int64_t k = 0; k < nest.loads.n + nest.nodes.n + 1; k++) {
        uint32_t buffer = 0;
        if (k < nest.loads.n) {
            buffer = p->place[nest.loads.at[k].view.base].buffer;
        } else if (k < nest.loads.n + nest.nodes.n) {
            egi_id id = nest.nodes.at[k - nest.loads.n];
            egi_view v;
            if (!egi_reads_elsewhere(p->g, id, 0)) continue;
            egi_view_of(p, egi_arg(p->g, id, 0), &v);
            buffer = p->place[v.base].buffer;
        } else if (item < n) {
            buffer = one.stores.at[0].from.buffer;
        }
        int64_t other = w->writer[buffer] - 1;
        if (buffer && other >= 0 && other != item) w->waiting[other] += by;
    }
    egi_nest_free(&nest);
}

static void finish(stage_work *w, int64_t item)
{
    w->order[w->done++] = item;
    w->waiting[item] = -1;
    let_wait(w, item, -1);
}

/* All wait for one another: one of them goes to memory of its own, and from there to its place behind all others. */
static bool detour(stage_work *w)
{
    egi_plan *p = w->p;
    for (int64_t k = 0; k < w->whole.stores.n; k++) {
        egi_store *s = &w->whole.stores.at[k];
        if (w->waiting[k] < 0 || s->rotated) continue;
        egi_store copy = {.node = s->node, .place = s->place};
        s->place = (egi_place){
            .buffer = egi_plan_buffer(p, EGI_BUF_TEMP, 0, egi_dtype_of(p->g, s->node), egi_at(p->g, s->node)->shape)};
        copy.from = s->place;
        if (!egi_push(mem(p), &w->late.stores, copy)) p->failed = true;
        finish(w, k);
        return true;
    }
    return false;
}

/* Readers before writers; false if that cannot be. */
static bool find_order(stage_work *w)
{
    int64_t n = w->whole.stores.n, all = n + w->whole.lists.n;
    for (int64_t k = 0; k < n; k++) w->writer[w->whole.stores.at[k].place.buffer] = k + 1;
    for (int64_t k = 0; k < all; k++) let_wait(w, k, 1);
    while (w->done < all && !w->p->failed) {
        int64_t before = w->done;
        for (int64_t k = 0; k < all; k++) {
            if (w->waiting[k] == 0) finish(w, k);
        }
        if (w->done == before && !detour(w)) return false;
    }
    return !w->p->failed;
}

/* The most of the items in order[from, to) that one stage may have, at least one. */
static egi_stage group(stage_work *w, int64_t from, int64_t to, int64_t *end)
{
    int64_t least = from + 1, most = to;
    for (;;) {
        egi_stage s = {.kind = w->whole.kind, .level = w->whole.level, .shape = w->whole.shape};
        int64_t middle = least + (most - least + 1) / 2;
        for (int64_t k = from; k < middle; k++) add_item(w, &s, w->order[k]);
        bool fits = middle == from + 1 || params_of(w->p, w->region, &s) <= EGI_STAGE_PARAMS;
        if (fits && (middle == most || w->p->failed)) {
            *end = middle;
            return s;
        }
        stage_free(w->p, &s);
        if (fits)
            least = middle;
        else
            most = middle - 1;
    }
}

/* Puts a stage behind number k of the list. */
static void insert(egi_plan *p, egi_stages *list, int64_t k, egi_stage s)
{
    if (!egi_reserve(mem(p), list, 1)) {
        stage_free(p, &s);
        p->failed = true;
        return;
    }
    memmove(&list->at[k + 2], &list->at[k + 1], (size_t)(list->n - k - 1) * sizeof *list->at);
    list->at[k + 1] = s;
    list->n++;
}

static void divide(stage_work *w, egi_stages *list, int64_t at)
{
    egi_plan *p = w->p;
    const eg_allocator *a = mem(p);
    int64_t all = w->whole.stores.n + w->whole.lists.n, behind = at;
    w->writer = egi_alloc(a, (size_t)p->buffers.n * sizeof *w->writer, 16);
    w->waiting = egi_alloc(a, (size_t)all * sizeof *w->waiting, 16);
    w->order = egi_alloc(a, (size_t)all * sizeof *w->order, 16);
    if (!w->writer || !w->waiting || !w->order) p->failed = true;
    if (!p->failed && find_order(w)) {
        for (int64_t from = 0, end; from < all && !p->failed; from = end)
            insert(p, list, behind++, group(w, from, all, &end));
        if (w->late.stores.n) {
            w->late.kind = w->whole.kind;
            w->late.level = w->whole.level;
            w->late.shape = w->whole.shape;
            insert(p, list, behind, w->late);
            w->late = (egi_stage){0};
        }
        if (!p->failed) {
            stage_free(p, &w->whole);
            memmove(&list->at[at], &list->at[at + 1], (size_t)(list->n - at - 1) * sizeof *list->at);
            list->n--;
        }
    }
    stage_free(p, &w->late);
    egi_free(a, w->writer);
    egi_free(a, w->waiting);
    egi_free(a, w->order);
}

static void split_list(egi_plan *p, uint16_t region, egi_stages *list)
{
    for (int64_t k = 0; k < list->n && !p->failed; k++) {
        const egi_stage *s = &list->at[k];
        if (s->kind != EGI_STAGE_FUSED || s->stores.n + s->lists.n < 2) continue;
        if (params_of(p, region, s) <= EGI_STAGE_PARAMS) continue;
        stage_work w = {.p = p, .region = region, .whole = *s};
        divide(&w, list, k);
    }
}

void egi_plan_split_stages(egi_plan *p)
{
    for (int64_t r = 0; r < p->g->regions.n; r++) {
        egi_region_plan *rp = &p->region[r];
        split_list(p, p->g->regions.at[r].parent, &rp->before);
        split_list(p, (uint16_t)r, &rp->enter);
        split_list(p, (uint16_t)r, &rp->stages);
    }
}
