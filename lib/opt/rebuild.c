/* Copying a graph: what is not live is left out, states of loops that never change become what they are outside,
 * regions are numbered anew.  Nodes are copied in ascending order into the image of their region; egi_node_make moves
 * them further out when it can. */
#include "opt/rebuild.h"

#include "core/context.h"
#include "ir/copy.h"
#include "ir/shape.h"
#include "opt/live.h"

typedef enum strip { KEEP, STRIP_CUSTOM, STRIP } strip;

typedef struct rebuild {
    const egi_graph *from;
    egi_graph *to;
    egi_live live;
    egi_id *map;      /* node of `from` -> node of `to` */
    uint16_t *region; /* region of `from` -> region of `to`; 0 = not made */
    uint32_t *loc;    /* place of `from` -> place of `to`; 0 = not made */
    strip strip;
    const egi_rewrite *rewrite; /* or NULL */
    bool failed;
} rebuild;

static const egi_region *region_at(const egi_graph *g, int64_t r) { return &g->regions.at[r]; }

static uint16_t image(rebuild *r, uint16_t region)
{
    if (region == 0 || r->region[region]) return r->region[region];
    const egi_region *old = region_at(r->from, region);
    uint16_t here = r->to->region, parent = image(r, old->parent);
    r->to->region = parent;
    r->region[region] = egi_region_open(r->to, old->floor == region);
    r->to->region = here;
    return r->region[region];
}

static bool push(rebuild *r, egi_ids *list, egi_id id)
{
    if (id && egi_push(&r->to->eg->allocator, list, id)) return true;
    r->failed = true;
    return false;
}

/* A carried value whose result is its own parameter never changes. */
static bool constant_state(const egi_graph *g, egi_id owner, int64_t k)
{
    uint16_t body = egi_body_of(g, owner);
    return region_at(g, body)->results.at[k] == egi_carried_param(g, owner, body, k);
}

static egi_id copy_make(rebuild *r, egi_id id, const egi_id *args, uint32_t attr)
{
    const egi_node *n = egi_at(r->from, id);
    egi_make m = {.op = (egi_op)n->op,
                  .dtype = (eg_dtype)n->dtype,
                  .num_args = n->num_args,
                  .args = args,
                  .attr = attr,
                  .imm = n->imm};
    m.shape = egi_shape_intern(r->to, egi_shape_of(r->from, id));
    return egi_node_make(r->to, &m);
}

/* A slice along the first axis alone. */
static bool slices_rows(const egi_graph *g, egi_id id)
{
    const egi_shape *from = egi_shape_of(g, egi_arg(g, id, 0)), *s = egi_shape_of(g, id);
    const int64_t *at = egi_ints_of(g, egi_at(g, id));
    for (int k = 1; k < s->rank; k++) {
        if (at[2 * k] || at[2 * k + 1] != 1 || s->dim[k] != from->dim[k]) return false;
    }
    return true;
}

/* A row of a sequence that is one value, repeated along time: that value.  0: it is another one in each step. */
static egi_id same_row(rebuild *r, egi_id param, egi_id owner)
{
    const egi_graph *g = r->from;
    const uint64_t k = egi_at(g, param)->imm;
    if (egi_at(g, owner)->op != EGI_LOOP || k == 0) return 0;
    egi_id all = egi_arg(g, owner, (uint32_t)k);
    while (egi_at(g, all)->op == EGI_SLICE && slices_rows(g, all)) all = egi_arg(g, all, 0);
    if (egi_at(g, all)->op != EGI_BROADCAST) return 0;
    const egi_id from = egi_arg(g, all, 0), v = r->map[from];
    const egi_shape *whole = egi_shape_of(g, from);
    const int64_t *axis = egi_ints_of(g, egi_at(g, all));
    egi_shape row = *egi_shape_of(g, param), one = {0};
    int64_t to[EG_MAX_RANK] = {0};
    for (int j = 0; j < whole->rank; j++) {
        if (axis[j] == 0 && whole->dim[j] != 1) return 0;
        if (axis[j] == 0) continue;
        to[one.rank] = axis[j] - 1;
        one.dim[one.rank++] = whole->dim[j];
    }
    return v ? egi_broadcast_axes(r->to, egi_reshape(r->to, v, &one), &row, to) : 0;
}

static egi_id copy_param(rebuild *r, egi_id id)
{
    const egi_graph *g = r->from;
    egi_id owner;
    int64_t k = egi_carried_index(g, id, &owner);
    if (k >= 0 && constant_state(g, owner, k)) return r->map[egi_carried_init(g, owner, k)];
    const egi_id same = k < 0 ? same_row(r, id, owner) : 0;
    if (same) return same;
    int64_t region = image(r, egi_at(g, id)->region);
    /* Its number is given when the whole region is known. */
    return copy_make(r, id, NULL, egi_ints(r->to, 1, &region));
}

static bool kept(const rebuild *r, egi_id owner, int64_t k)
{
    const egi_graph *g = r->from;
    return r->live.at[egi_carried_param(g, owner, egi_body_of(g, owner), k)] && !constant_state(g, owner, k);
}

static void number(rebuild *r, uint16_t region, egi_id param)
{
    egi_ids *list = &r->to->regions.at[region].params;
    r->to->nodes.at[param].imm = (uint64_t)list->n;
    push(r, list, param);
}

/* Parameter of a region in the copy; one that nothing uses is made now, so that numbers stay dense. */
static void give_param(rebuild *r, uint16_t old_region, int64_t k)
{
    egi_id id = region_at(r->from, old_region)->params.at[k];
    uint16_t to = image(r, old_region);
    if (!r->map[id]) {
        r->to->region = to;
        r->map[id] = copy_param(r, id);
    }
    if (r->map[id]) number(r, to, r->map[id]);
}

/* Is it a parameter of the region, and not a value that it always has? */
static bool is_param_of(const rebuild *r, egi_id id, uint16_t region)
{
    const egi_node *n = egi_at(r->to, id);
    return n->op == EGI_PARAM && egi_ints_of(r->to, n)[0] == region;
}

/* What the pass gives a loop besides. */
static void add_more(rebuild *r, egi_id id, uint16_t to, egi_ids *args, int64_t *num_s, int64_t *num_y)
{
    egi_more more = {0};
    const eg_allocator *a = &r->from->eg->allocator;
    r->to->region = to;
    r->rewrite->loop(r->rewrite->user, r->to, r->map, id, &more);
    for (int64_t k = 0; k < more.params.n; k++) {
        number(r, to, more.params.at[k]);
        push(r, args, more.sequences.at[k]);
        (*num_s)++;
    }
    for (int64_t k = 0; k < more.stacks.n; k++) {
        push(r, &r->to->regions.at[to].results, more.stacks.at[k]);
        (*num_y)++;
    }
    egi_vec_free(a, &more.params);
    egi_vec_free(a, &more.sequences);
    egi_vec_free(a, &more.stacks);
}

static egi_id copy_loop(rebuild *r, egi_id id)
{
    const egi_graph *g = r->from;
    const egi_node *n = egi_at(g, id);
    const int64_t *at = egi_ints_of(g, n);
    int64_t body = at[0], nc = at[1], ns = at[2], ny = at[3], kept_c = 0, kept_s = 0, kept_y = 0;
    uint16_t to = image(r, (uint16_t)body);
    const egi_region *old = region_at(g, body);
    egi_ids args = {0};
    push(r, &args, r->map[egi_arg(g, id, 0)]);
    give_param(r, (uint16_t)body, 0);
    for (int64_t k = 0; k < nc; k++) {
        if (!kept(r, id, k)) continue;
        give_param(r, (uint16_t)body, 1 + k);
        push(r, &args, r->map[egi_arg(g, id, (uint32_t)(1 + k))]);
        push(r, &r->to->regions.at[to].results, r->map[old->results.at[k]]);
        kept_c++;
    }
    for (int64_t k = 0; k < ns; k++) {
        const egi_id param = old->params.at[1 + nc + k];
        if (!r->live.at[param] || (r->map[param] && !is_param_of(r, r->map[param], to))) continue;
        give_param(r, (uint16_t)body, 1 + nc + k);
        push(r, &args, r->map[egi_arg(g, id, (uint32_t)(1 + nc + k))]);
        kept_s++;
    }
    /* A stacked value is live if its item is; items come after the loop, so look for them. */
    for (int64_t k = 0; k < ny; k++) {
        bool live = false;
        for (egi_id u = id + 1; u < g->nodes.n && !live; u++)
            live = r->live.at[u] && egi_at(g, u)->op == EGI_ITEM && egi_arg(g, u, 0) == id &&
                   egi_at(g, u)->imm == (uint64_t)(nc + k);
        if (!live) continue;
        push(r, &r->to->regions.at[to].results, r->map[old->results.at[nc + k]]);
        kept_y++;
    }
    if (r->rewrite) add_more(r, id, to, &args, &kept_s, &kept_y);
    int64_t attr[] = {to, kept_c, kept_s, kept_y};
    r->to->region = image(r, n->region);
    egi_id made = r->failed ? 0
                            : egi_node_make(r->to, &(egi_make){.op = EGI_LOOP,
                                                               .dtype = EG_DTYPE_COUNT,
                                                               .num_args = (uint32_t)args.n,
                                                               .args = args.at,
                                                               .attr = egi_ints(r->to, 4, attr)});
    r->to->regions.at[to].owner = made;
    egi_vec_free(&g->eg->allocator, &args);
    return made;
}

static egi_id copy_while(rebuild *r, egi_id id)
{
    const egi_graph *g = r->from;
    const egi_node *n = egi_at(g, id);
    int64_t cond = egi_ints_of(g, n)[0], body = egi_ints_of(g, n)[1];
    int64_t attr[] = {image(r, (uint16_t)cond), image(r, (uint16_t)body)};
    egi_ids args = {0};
    for (uint32_t k = 0; k < n->num_args; k++) {
        if (!kept(r, id, k)) continue;
        give_param(r, (uint16_t)cond, k);
        give_param(r, (uint16_t)body, k);
        push(r, &args, r->map[egi_arg(g, id, k)]);
        push(r, &r->to->regions.at[attr[1]].results, r->map[region_at(g, body)->results.at[k]]);
    }
    push(r, &r->to->regions.at[attr[0]].results, r->map[region_at(g, cond)->results.at[0]]);
    r->to->region = image(r, n->region);
    egi_id made = r->failed ? 0
                            : egi_node_make(r->to, &(egi_make){.op = EGI_WHILE,
                                                               .dtype = EG_DTYPE_COUNT,
                                                               .num_args = (uint32_t)args.n,
                                                               .args = args.at,
                                                               .attr = egi_ints(r->to, 2, attr)});
    r->to->regions.at[attr[0]].owner = r->to->regions.at[attr[1]].owner = made;
    egi_vec_free(&g->eg->allocator, &args);
    return made;
}

static egi_id copy_cond(rebuild *r, egi_id id)
{
    const egi_graph *g = r->from;
    const egi_node *n = egi_at(g, id);
    egi_id p = r->map[egi_arg(g, id, 0)];
    int64_t attr[2];
    for (int a = 0; a < 2; a++) {
        int64_t arm = egi_ints_of(g, n)[a];
        attr[a] = image(r, (uint16_t)arm);
        const egi_ids *res = &region_at(g, arm)->results;
        for (int64_t k = 0; k < res->n; k++) {
            if (r->live.at[res->at[k]] && r->map[res->at[k]] &&
                r->live.at[region_at(g, egi_ints_of(g, n)[1 - a])->results.at[k]])
                push(r, &r->to->regions.at[attr[a]].results, r->map[res->at[k]]);
        }
    }
    r->to->region = image(r, n->region);
    egi_id made = egi_node_make(
        r->to,
        &(egi_make){
            .op = EGI_COND, .dtype = EG_DTYPE_COUNT, .num_args = 1, .args = &p, .attr = egi_ints(r->to, 2, attr)});
    r->to->regions.at[attr[0]].owner = r->to->regions.at[attr[1]].owner = made;
    return made;
}

/* Items are numbered anew: those before it that were kept. */
static egi_id copy_item(rebuild *r, egi_id id)
{
    const egi_graph *g = r->from;
    egi_id owner = egi_arg(g, id, 0), to = r->map[owner];
    const egi_node *o = egi_at(g, owner);
    int64_t k = (int64_t)egi_at(g, id)->imm, index = 0;
    int64_t nc = o->op == EGI_LOOP ? egi_ints_of(g, o)[1] : o->op == EGI_WHILE ? o->num_args : 0;
    if (k < nc && constant_state(g, owner, k)) return r->map[egi_carried_init(g, owner, k)];
    for (int64_t j = 0; j < k && j < nc; j++) index += kept(r, owner, j);
    for (int64_t j = nc; j < k; j++) {
        bool live = o->op == EGI_HOST;
        if (o->op == EGI_COND) {
            live = r->live.at[region_at(g, egi_ints_of(g, o)[0])->results.at[j]] &&
                   r->live.at[region_at(g, egi_ints_of(g, o)[1])->results.at[j]];
        } else if (o->op == EGI_LOOP) {
            for (egi_id u = owner + 1; u < g->nodes.n && !live; u++)
                live = r->live.at[u] && egi_at(g, u)->op == EGI_ITEM && egi_arg(g, u, 0) == owner &&
                       egi_at(g, u)->imm == (uint64_t)j;
        }
        index += live;
    }
    return egi_item(r->to, to, (uint32_t)index, egi_spec(g, id));
}

static egi_id copy_node(rebuild *r, egi_id id)
{
    const egi_node *n = egi_at(r->from, id);
    r->to->loc = egi_copy_loc(r->to, r->from, n->loc, r->loc);
    r->to->region = image(r, n->region);
    const egi_id other = r->rewrite ? r->rewrite->node(r->rewrite->user, r->to, r->map, id) : 0;
    if (other) return other;
    switch ((int)n->op) {
    case EGI_PARAM: return copy_param(r, id);
    case EGI_ITEM: return copy_item(r, id);
    case EGI_LOOP: return copy_loop(r, id);
    case EGI_WHILE: return copy_while(r, id);
    case EGI_COND: return copy_cond(r, id);
    case EGI_CUSTOM:
        if (r->strip != KEEP) return r->map[egi_arg(r->from, id, 0)];
        return egi_copy_plain(r->to, r->from, id, r->map);
    case EGI_BATCH_MEAN:
        if (r->strip == STRIP) return r->map[egi_arg(r->from, id, 0)];
        return egi_copy_plain(r->to, r->from, id, r->map);
    default: return egi_copy_plain(r->to, r->from, id, r->map);
    }
}

static bool copy_all(rebuild *r)
{
    const egi_graph *g = r->from;
    if (!egi_copy_lists(r->to, g)) return false;
    for (egi_id id = 1; id < g->nodes.n && !r->failed; id++) {
        if (!r->live.at[id] || r->map[id]) continue;
        r->map[id] = copy_node(r, id);
        if (!r->map[id]) return false;
    }
    r->to->region = 0;
    for (int64_t k = 0; k < region_at(g, 0)->results.n; k++)
        push(r, &r->to->regions.at[0].results, r->map[region_at(g, 0)->results.at[k]]);
    for (int64_t k = 0; k < g->writes.n; k++) {
        egi_write w = {g->writes.at[k].var, r->map[g->writes.at[k].value]};
        if (!egi_push(&g->eg->allocator, &r->to->writes, w)) r->failed = true;
    }
    for (int64_t k = 0; k < r->to->regions.n; k++) r->to->regions.at[k].open = false;
    return !r->failed;
}

static egi_graph *rebuild_once(const egi_graph *from, strip what, const egi_rewrite *rewrite)
{
    const eg_allocator *a = &from->eg->allocator;
    size_t n = (size_t)from->nodes.n;
    rebuild r = {.from = from, .to = egi_graph_new(from->eg), .strip = what, .rewrite = rewrite};
    r.map = egi_alloc(a, n * sizeof *r.map, 16);
    r.region = egi_alloc(a, (size_t)from->regions.n * sizeof *r.region, 16);
    r.loc = egi_alloc(a, (size_t)from->locs.n * sizeof *r.loc, 16);
    bool ok = r.to && r.map && r.region && r.loc;
    ok = egi_live_find(&r.live, from, what != KEEP) && ok && copy_all(&r);
    egi_live_free(&r.live);
    egi_free(a, r.map);
    egi_free(a, r.region);
    egi_free(a, r.loc);
    if (ok) return r.to;
    egi_no_memory(from->eg);
    egi_graph_free(r.to);
    return NULL;
}

static egi_graph *settled_from(const egi_graph *from, strip what)
{
    /* Replacing one constant state may show the next; graphs settle after two rounds, three at most in practice. */
    egi_graph *g = rebuild_once(from, what, NULL);
    for (int round = 0; g && round < 4; round++) {
        egi_graph *next = rebuild_once(g, what, NULL);
        if (!next) {
            egi_graph_free(g);
            return NULL;
        }
        bool settled = next->nodes.n == g->nodes.n;
        egi_graph_free(g);
        g = next;
        if (settled) break;
    }
    return g;
}

egi_graph *egi_rewritten(const egi_graph *from, const egi_rewrite *rewrite)
{
    return rebuild_once(from, KEEP, rewrite);
}

egi_graph *egi_simplify(const egi_graph *from) { return settled_from(from, KEEP); }

egi_graph *egi_strip(const egi_graph *from) { return settled_from(from, STRIP); }

egi_graph *egi_strip_custom(const egi_graph *from) { return settled_from(from, STRIP_CUSTOM); }

bool egi_holds(const egi_graph *g, egi_op op)
{
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (egi_at(g, id)->op == op) return true;
    }
    return false;
}
