/* The planner's column of steps, and what its steps share. */
#include "opt/plan.h"
#include "core/context.h"

static const eg_allocator *mem(const egi_plan *p) { return &p->g->eg->allocator; }

enum { RUN = 64 }; /* bytes of a row that lie together, from which on reading them there costs no more than a copy */

/* A sequence, of which a loop or DSLICE reads the parts where their elements lie: a view that does not move, with rows
 * that are whole or long runs of memory.  Gradients read from its end what was stacked. */
static bool is_read_in_place(const egi_plan *p, egi_id sequence)
{
    const egi_shape *s = egi_shape_of(p->g, sequence);
    egi_view v;
    egi_view_of(p, sequence, &v);
    int k = s->rank - 1, next = v.base_rank;
    int64_t run = (int64_t)eg_dtype_size(egi_dtype_of(p->g, sequence));
    if (v.dynamic || egi_is_scalar(p->g, v.base)) return false; /* a scalar reshaped lies nowhere */
    for (int j = 0; j <= k; j++) {
        if (v.axis[j] < 0) return false; /* repeats */
    }
    for (bool whole = true; k > 0 && whole && v.axis[k] == next - 1 && v.step[k] == 1; k--) {
        next = v.axis[k];
        whole = s->dim[k] == v.base_dim[next];
        run *= s->dim[k];
    }
    return k == 0 || run >= RUN;
}

/* Views that cannot be followed at run time, or whose reader needs plain memory, are copied. */
static void force_views(egi_plan *p)
{
    const egi_graph *g = p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        bool region = egi_flags((egi_op)n->op) & FL;
        for (uint32_t k = 0; k < n->num_args; k++) {
            egi_id a = egi_arg(g, id, k);
            if (egi_is_scalar(g, a) || egi_at(g, a)->dtype == EG_DTYPE_COUNT) continue;
            bool leaf = egi_at(g, a)->op == EGI_IOTA;
            if (!egi_is_view(g, a) && !leaf) continue;
            bool spikes = n->op == EGI_EVENT && k == 1 && egi_dtype_of(g, a) == EG_BOOL;
            bool stage = egi_is_stage(p, id) && !region && !spikes && !egi_view_plain(g, id, a);
            bool gather = n->op == EGI_GATHER && k == 0 && !egi_view_plain(g, id, a);
            bool words = leaf && n->op == EGI_UNPACK;
            bool row = n->op == EGI_LOOP && (int64_t)k > egi_ints_of(g, n)[1];
            bool through = n->op == EGI_RESHAPE || n->op == EGI_DSLICE || row || (leaf && egi_is_view(g, id));
            if ((row || n->op == EGI_DSLICE) && !leaf && is_read_in_place(p, a)) continue;
            if (stage || gather || words || through) p->forced[a] = true;
        }
    }
}

static int64_t position(const egi_stages *list, egi_stage_kind kind, int level)
{
    int64_t at = list->n;
    while (at > 0 &&
           (list->at[at - 1].level > level || (list->at[at - 1].level == level && list->at[at - 1].kind > kind)))
        at--;
    return at;
}

egi_stage *egi_plan_stage(egi_plan *p, egi_stages *list, egi_stage_kind kind, int level, uint32_t shape, egi_id node)
{
    if (kind == EGI_STAGE_FUSED) {
        for (int64_t k = 0; k < list->n; k++) {
            egi_stage *s = &list->at[k];
            if (s->kind == kind && s->level == level && s->shape == shape) return s;
        }
    }
    if (!egi_reserve(mem(p), list, 1)) {
        p->failed = true;
        return NULL;
    }
    int64_t at = position(list, kind, level);
    memmove(&list->at[at + 1], &list->at[at], (size_t)(list->n - at) * sizeof *list->at);
    list->n++;
    list->at[at] = (egi_stage){.kind = kind, .level = level, .shape = shape, .node = node};
    return &list->at[at];
}

void egi_plan_store(egi_plan *p, egi_stages *list, int level, egi_id node, egi_place to)
{
    egi_stage *s = egi_plan_stage(p, list, EGI_STAGE_FUSED, level, egi_at(p->g, node)->shape, 0);
    if (s && !egi_push(mem(p), &s->stores, ((egi_store){.node = node, .place = to}))) p->failed = true;
}

uint32_t egi_plan_buffer(egi_plan *p, egi_buffer_kind kind, uint32_t slot, eg_dtype t, uint32_t shape)
{
    if (kind != EGI_BUF_TEMP && kind != EGI_BUF_LIST) {
        for (int64_t k = 1; k < p->buffers.n; k++) {
            if (p->buffers.at[k].kind == kind && p->buffers.at[k].slot == slot) return (uint32_t)k;
        }
    }
    if (!egi_push(mem(p), &p->buffers, ((egi_buffer){kind, slot, t, shape}))) {
        p->failed = true;
        return 0;
    }
    return (uint32_t)(p->buffers.n - 1);
}

/* Stages of their own, in their region's list. */
static void list_nodes(egi_plan *p)
{
    for (egi_id id = 1; id < p->g->nodes.n; id++) {
        egi_stages *list = &p->region[egi_at(p->g, id)->region].stages;
        int level = 2 * p->level[id];
        if (egi_is_stage(p, id)) egi_plan_stage(p, list, EGI_STAGE_NODE, level + 1, 0, id);
        if (egi_is_read(p, id)) egi_plan_stage(p, list, EGI_STAGE_SCALAR, level + 2 * egi_is_stage(p, id), 0, id);
    }
}

egi_plan *egi_plan_new(const egi_graph *g, bool no_passes)
{
    const eg_allocator *a = &g->eg->allocator;
    size_t n = (size_t)g->nodes.n;
    egi_plan *p = egi_alloc(a, sizeof *p, 16);
    if (!p) return NULL;
    p->g = g;
    p->no_passes = no_passes;
    p->region = egi_alloc(a, (size_t)g->regions.n * sizeof *p->region, 16);
    p->place = egi_alloc(a, n * sizeof *p->place, 16);
    p->list = egi_alloc(a, n * sizeof *p->list, 16);
    p->list_region = egi_alloc(a, n * sizeof *p->list_region, 16);
    p->scratch = egi_alloc(a, n * sizeof *p->scratch, 16);
    p->level = egi_alloc(a, n * sizeof *p->level, 16);
    p->forced = egi_alloc(a, n * sizeof *p->forced, 16);
    p->in_memory = egi_alloc(a, n * sizeof *p->in_memory, 16);
    if (!p->region || !p->place || !p->list || !p->list_region || !p->scratch || !p->level || !p->forced ||
        !p->in_memory || !egi_push(a, &p->buffers, (egi_buffer){0})) {
        egi_plan_free(p);
        return NULL;
    }
    force_views(p);
    egi_plan_levels(p);
    list_nodes(p);
    egi_plan_place(p);
    if (!no_passes) egi_plan_rotate(p);
    egi_plan_lists(p);
    if (!no_passes) egi_plan_merge(p);
    egi_plan_split_stages(p);
    egi_plan_barriers(p);
    if (!p->failed) return p;
    egi_plan_free(p);
    return NULL;
}

static void stages_free(const eg_allocator *a, egi_stages *list)
{
    for (int64_t k = 0; k < list->n; k++) {
        egi_vec_free(a, &list->at[k].stores);
        egi_vec_free(a, &list->at[k].lists);
        egi_vec_free(a, &list->at[k].merged);
        egi_vec_free(a, &list->at[k].accesses);
    }
    egi_vec_free(a, list);
}

void egi_plan_free(egi_plan *p)
{
    if (!p) return;
    const eg_allocator *a = mem(p);
    for (int64_t r = 0; p->region && r < p->g->regions.n; r++) {
        stages_free(a, &p->region[r].stages);
        stages_free(a, &p->region[r].enter);
        stages_free(a, &p->region[r].before);
    }
    egi_vec_free(a, &p->buffers);
    egi_free(a, p->region);
    egi_free(a, p->place);
    egi_free(a, p->list);
    egi_free(a, p->list_region);
    egi_free(a, p->scratch);
    egi_free(a, p->level);
    egi_free(a, p->forced);
    egi_free(a, p->in_memory);
    egi_free(a, p);
}

static void print_stage(const egi_plan *p, egi_text *out, const char *where, const egi_stage *s)
{
    egi_put(out, "  %s%s", where, s->barrier ? "barrier; " : "");
    if (s->kind == EGI_STAGE_SCALAR) {
        egi_put(out, "read %%%u", s->node);
    } else if (s->kind == EGI_STAGE_NODE) {
        egi_put(out, "%s %%%u", egi_ops[egi_at(p->g, s->node)->op].text, s->node);
        for (int64_t k = 0; k < s->merged.n; k++) egi_put(out, " + %%%u", s->merged.at[k]);
        if (p->place[s->node].buffer) egi_put(out, " -> b%u", p->place[s->node].buffer);
    } else {
        const egi_shape *shape = &p->g->shapes.at[s->shape];
        egi_put(out, "loop");
        for (int k = 0; k < shape->rank; k++) egi_put(out, " %lld", (long long)shape->dim[k]);
        for (int64_t k = 0; k < s->stores.n; k++) {
            const egi_store *st = &s->stores.at[k];
            egi_put(out, ", %%%u -> b%u%s", st->node, st->place.buffer, st->place.row ? " row" : "");
            if (st->rotated) egi_put(out, " (rotated %%%u)", st->rotated);
        }
        for (int64_t k = 0; k < s->lists.n; k++)
            egi_put(out, ", list %%%u -> b%u%s", s->lists.at[k].node, s->lists.at[k].buffer,
                    s->lists.at[k].next ? " next" : "");
    }
    egi_put(out, "\n");
}

void egi_plan_print(const egi_plan *p, egi_text *out)
{
    static const char *const kind[] = {"arg", "result", "var", "array", "temp", "list"};
    for (int64_t k = 1; k < p->buffers.n; k++) {
        const egi_buffer *b = &p->buffers.at[k];
        const egi_shape *s = &p->g->shapes.at[b->shape];
        egi_put(out, "b%lld = %s %u %s", (long long)k, kind[b->kind], b->slot, eg_dtype_name(b->dtype));
        for (int j = 0; j < s->rank; j++) egi_put(out, " %lld", (long long)s->dim[j]);
        egi_put(out, "\n");
    }
    for (int64_t r = 0; r < p->g->regions.n; r++) {
        const egi_region_plan *rp = &p->region[r];
        egi_put(out, "region %lld%s\n", (long long)r, rp->end_barrier ? " (barrier at the end)" : "");
        for (int64_t k = 0; k < rp->before.n; k++) print_stage(p, out, "before: ", &rp->before.at[k]);
        for (int64_t k = 0; k < rp->enter.n; k++) print_stage(p, out, "enter: ", &rp->enter.at[k]);
        for (int64_t k = 0; k < rp->stages.n; k++) print_stage(p, out, "", &rp->stages.at[k]);
    }
}
