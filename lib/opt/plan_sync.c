/* What every stage reads and writes, and where barriers must stand: before a stage that touches what another thread's
 * slice has written, or overwrites what another slice may still read. */
#include "core/context.h"
#include "opt/plan.h"

typedef EGI_VEC(egi_access) accesses;

static void add(egi_plan *p, accesses *list, egi_access a)
{
    if (a.buffer && !egi_push(&p->g->eg->allocator, list, a)) p->failed = true;
}

static void read_all(egi_plan *p, accesses *list, egi_id id)
{
    egi_view v;
    if (egi_is_scalar(p->g, id) && !egi_is_read(p, id)) return;
    egi_view_of(p, id, &v);
    add(p, list, (egi_access){.buffer = p->place[v.base].buffer});
}

static void fused_accesses(egi_plan *p, uint16_t region, egi_stage *s, accesses *list)
{
    egi_nest nest;
    if (!egi_nest_of(p, region, s, &nest)) p->failed = true;
    egi_window w;
    bool window = egi_nest_window(p, s, &nest, &w);
    const egi_access slice = {
        .sliced = true, .shape = window ? w.shape : s->shape, .axis = nest.last[0], .window = window ? w.start + 1 : 0};
    for (int64_t k = 0; k < nest.loads.n; k++) {
        const egi_view *v = &nest.loads.at[k].view;
        egi_access a = slice;
        a.buffer = p->place[v->base].buffer;
        a.sliced = window || (egi_view_is_whole(p, v) && egi_at(p->g, v->base)->shape == s->shape);
        a.window = 0;
        add(p, list, a);
    }
    for (int64_t k = 0; k < nest.nodes.n; k++) {
        if (egi_reads_elsewhere(p->g, nest.nodes.at[k], 0)) read_all(p, list, egi_arg(p->g, nest.nodes.at[k], 0));
    }
    for (int64_t k = 0; k < s->stores.n; k++) {
        const egi_store *st = &s->stores.at[k];
        egi_access own = slice;
        own.buffer = st->from.buffer;
        add(p, list, own);
        own.buffer = st->place.buffer;
        own.write = true;
        add(p, list, own);
    }
    for (int64_t k = 0; k < s->lists.n; k++) {
        const egi_listing *l = &s->lists.at[k];
        egi_access a = slice;
        a.buffer = l->buffer;
        a.write = true;
        a.parity = !l->region ? 0 : l->next ? 2 : 1;
        add(p, list, a);
    }
    egi_nest_free(&nest);
}

static void event_accesses(egi_plan *p, egi_id id, accesses *list)
{
    const egi_graph *g = p->g;
    egi_access own = {.buffer = p->place[id].buffer, .sliced = true, .write = true, .shape = egi_at(g, id)->shape};
    egi_id base = egi_arg(g, id, 0);
    egi_view v;
    add(p, list, own);
    egi_view_of(p, base, &v);
    if (p->place[v.base].buffer != own.buffer) {
        own.write = false;
        own.sliced = egi_view_is_whole(p, &v);
        own.buffer = p->place[v.base].buffer;
        add(p, list, own);
    }
    add(p, list, (egi_access){.buffer = p->list[id], .parity = p->list_region[id] ? 1 : 0});
    if (egi_dtype_of(g, egi_arg(g, id, 1)) != EG_BOOL) read_all(p, list, egi_arg(g, id, 1));
    read_all(p, list, egi_arg(g, id, 2));
}

/* Where words run on from row to row, each thread packs its slice. */
static void pack_accesses(egi_plan *p, egi_id id, accesses *list)
{
    egi_id a = egi_arg(p->g, id, 0);
    egi_view v;
    egi_view_of(p, a, &v);
    bool flat = egi_packs_flat(p->g, id);
    bool own = flat && egi_view_is_whole(p, &v) && egi_at(p->g, v.base)->shape == egi_at(p->g, a)->shape;
    egi_access slice = {.sliced = flat, .shape = egi_at(p->g, a)->shape, .axis = egi_shape_of(p->g, a)->rank - 1};
    slice.buffer = p->place[id].buffer;
    slice.write = true;
    add(p, list, slice);
    slice.buffer = p->place[v.base].buffer;
    slice.write = false;
    slice.sliced = own;
    add(p, list, slice);
}

static void region_accesses(egi_plan *p, uint16_t r, accesses *list);
static void stacked_rows(egi_plan *p, egi_id loop, accesses *list);

static void stage_accesses(egi_plan *p, uint16_t region, egi_stage *s, accesses *list)
{
    const egi_graph *g = p->g;
    if (s->kind == EGI_STAGE_FUSED) {
        fused_accesses(p, region, s, list);
        return;
    }
    const egi_node *n = egi_at(g, s->node);
    if (s->kind == EGI_STAGE_SCALAR) {
        if (n->op == EGI_GATHER)
            read_all(p, list, egi_arg(g, s->node, 0));
        else
            read_all(p, list, s->node);
        return;
    }
    if (n->op == EGI_EVENT) {
        event_accesses(p, s->node, list);
        for (int64_t k = 0; k < s->merged.n; k++) event_accesses(p, s->merged.at[k], list);
        return;
    }
    if (n->op == EGI_PACK) {
        pack_accesses(p, s->node, list);
        return;
    }
    if (egi_flags((egi_op)n->op) & FL) {
        const int64_t *at = egi_ints_of(g, n);
        region_accesses(p, (uint16_t)at[0], list);
        if (n->op != EGI_LOOP)
            region_accesses(p, (uint16_t)at[1], list);
        else
            stacked_rows(p, s->node, list);
        return;
    }
    for (uint32_t k = 0; k < n->num_args; k++) read_all(p, list, egi_arg(g, s->node, k));
    add(p, list, (egi_access){.buffer = p->place[s->node].buffer, .write = true});
    add(p, list, (egi_access){.buffer = p->scratch[s->node], .write = true});
    for (egi_id id = s->node + 1; n->op == EGI_HOST && id < g->nodes.n; id++) {
        if (egi_at(g, id)->op == EGI_ITEM && egi_arg(g, id, 0) == s->node)
            add(p, list, (egi_access){.buffer = p->place[id].buffer, .write = true});
    }
}

static void list_accesses(egi_plan *p, uint16_t r, egi_stages *stages, accesses *list)
{
    for (int64_t k = 0; k < stages->n; k++) {
        egi_stage *s = &stages->at[k];
        if (!s->accesses.n) {
            accesses own = {0};
            stage_accesses(p, r, s, &own);
            s->accesses.at = own.at;
            s->accesses.n = own.n;
            s->accesses.cap = own.cap;
        }
        for (int64_t j = 0; list && j < s->accesses.n; j++) {
            egi_access a = s->accesses.at[j];
            a.parity = 0; /* seen from outside its loop */
            add(p, list, a);
        }
    }
}

static void region_accesses(egi_plan *p, uint16_t r, accesses *list)
{
    list_accesses(p, r, &p->region[r].before, list);
    list_accesses(p, r, &p->region[r].enter, list);
    list_accesses(p, r, &p->region[r].stages, list);
}

/* Thread 0 stacks scalars, and clears the rows that a cancelled loop did not reach; nobody reads them inside. */
static void stacked_rows(egi_plan *p, egi_id loop, accesses *list)
{
    const egi_graph *g = p->g;
    const int64_t *at = egi_ints_of(g, egi_at(g, loop));
    for (egi_id id = loop + 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->op != EGI_ITEM || egi_arg(g, id, 0) != loop || n->imm < (uint64_t)at[1]) continue;
        add(p, list, (egi_access){.buffer = p->place[id].buffer, .write = true});
    }
}

/* -- barriers ------------------------------------------------------------------------------------------------------ */

static bool conflict(const egi_access *a, const egi_access *b)
{
    if (a->buffer != b->buffer || (!a->write && !b->write)) return false;
    if (a->parity && b->parity && a->parity != b->parity) return false;
    return !(a->sliced && b->sliced && a->shape == b->shape && a->axis == b->axis && a->window == b->window);
}

static bool conflicts(const accesses *before, const egi_stage *s)
{
    for (int64_t k = 0; k < before->n; k++) {
        for (int64_t j = 0; j < s->accesses.n; j++) {
            if (conflict(&before->at[k], &s->accesses.at[j])) return true;
        }
    }
    return false;
}

static bool known(const accesses *list, const egi_access *a)
{
    for (int64_t k = 0; k < list->n; k++) {
        if (!memcmp(&list->at[k], a, sizeof *a)) return true;
    }
    return false;
}

static void follow(egi_plan *p, accesses *pending, const egi_stage *s)
{
    for (int64_t j = 0; j < s->accesses.n; j++) {
        if (!known(pending, &s->accesses.at[j])) add(p, pending, s->accesses.at[j]);
    }
}

static void sync_region(egi_plan *p, uint16_t r);
static void sync_while(egi_plan *p, uint16_t cond, uint16_t body);

static void sync_list(egi_plan *p, egi_stages *list, accesses *pending)
{
    const egi_graph *g = p->g;
    for (int64_t k = 0; k < list->n; k++) {
        egi_stage *s = &list->at[k];
        if (s->barrier || conflicts(pending, s)) {
            s->barrier = true;
            pending->n = 0;
        }
        follow(p, pending, s);
        if (s->kind == EGI_STAGE_NODE && (egi_flags((egi_op)egi_at(g, s->node)->op) & FL)) {
            const int64_t *at = egi_ints_of(g, egi_at(g, s->node));
            if (egi_at(g, s->node)->op == EGI_WHILE) {
                sync_while(p, (uint16_t)at[0], (uint16_t)at[1]);
            } else {
                sync_region(p, (uint16_t)at[0]);
                if (egi_at(g, s->node)->op == EGI_COND) sync_region(p, (uint16_t)at[1]);
            }
        }
    }
}

/* The next step's parity of a list is this step's for the step after. */
static void turn(accesses *pending)
{
    for (int64_t k = 0; k < pending->n; k++) {
        uint8_t *q = &pending->at[k].parity;
        *q = *q == 2 ? 1 : *q == 1 ? 2 : 0;
    }
}

static void sync_region(egi_plan *p, uint16_t r)
{
    egi_region_plan *rp = &p->region[r];
    accesses pending = {0};
    sync_list(p, &rp->before, &pending);
    sync_list(p, &rp->enter, &pending);
    sync_list(p, &rp->stages, &pending);
    if (r && egi_at(p->g, p->g->regions.at[r].owner)->op == EGI_LOOP) {
        /* Once more around: what the end of a step leaves meets the beginning of the next. */
        turn(&pending);
        sync_list(p, &rp->stages, &pending);
        turn(&pending);
        sync_list(p, &rp->stages, &pending);
    }
    egi_vec_free(&p->g->eg->allocator, &pending);
}

static void sync_while(egi_plan *p, uint16_t cond, uint16_t body)
{
    accesses pending = {0};
    sync_list(p, &p->region[body].before, &pending);
    for (int round = 0; round < 3; round++) {
        sync_list(p, &p->region[cond].stages, &pending);
        sync_list(p, &p->region[body].stages, &pending);
    }
    egi_vec_free(&p->g->eg->allocator, &pending);
}

void egi_plan_barriers(egi_plan *p)
{
    list_accesses(p, 0, &p->region[0].stages, NULL);
    sync_region(p, 0);
    for (int64_t k = 0; k < p->g->writes.n; k++)
        p->region[0].end_barrier |= egi_is_scalar(p->g, p->g->writes.at[k].value);
}
