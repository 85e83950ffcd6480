/* Copying nodes of one graph into another: for passes, and for calls of traced functions inside a trace. */
#include "ir/copy.h"

#include "core/context.h"
#include "ir/complex.h"
#include "ir/shape.h"

typedef struct copy {
    const egi_graph *from;
    egi_graph *to;
    const egi_id *arg, *var;
    egi_id *map;
    uint16_t *region; /* images; [0] is the region being built */
    bool *made;       /* has the region an image? */
    uint32_t *loc;    /* images; 0 = not yet */
    uint32_t *array, *csr, *host;
    uint64_t first_stream, first_custom;
} copy;

egi_id egi_copy_plain(egi_graph *to, const egi_graph *from, egi_id id, const egi_id *map)
{
    const egi_node *n = egi_at(from, id);
    egi_id few[8], *args = few;
    if (n->num_args > EGI_LEN(few) && !(args = egi_arena_alloc(&to->arena, n->num_args * sizeof *args))) {
        to->failed = true;
        return 0;
    }
    for (uint32_t k = 0; k < n->num_args; k++) args[k] = map[egi_arg(from, id, k)];
    if ((egi_flags((egi_op)n->op) & FE) && n->num_args <= 3) {
        if (n->op == EGI_CONVERT) return egi_convert(to, (eg_dtype)n->dtype, args[0]);
        if (n->op == EGI_BITCAST) return egi_bitcast(to, (eg_dtype)n->dtype, args[0]);
        if (n->num_args == 1) return egi_op1(to, (egi_op)n->op, args[0]);
        if (n->num_args == 2) return egi_op2(to, (egi_op)n->op, args[0], args[1]);
        return egi_op3(to, (egi_op)n->op, args[0], args[1], args[2]);
    }
    if (n->op == EGI_DOT_EVENT) return egi_dot_event(to, args[0], args[1], args[2]);
    return egi_node_make(to,
                         &(egi_make){.op = (egi_op)n->op,
                                     .dtype = (eg_dtype)n->dtype,
                                     .shape = egi_shape_intern(to, egi_shape_of(from, id)),
                                     .num_args = n->num_args,
                                     .args = args,
                                     .attr = egi_ints(to, egi_num_ints(from, n), n->attr ? egi_ints_of(from, n) : NULL),
                                     .imm = n->imm});
}

static bool copy_customs(egi_graph *to, const egi_graph *from)
{
    for (int64_t k = 0; k < from->customs.n; k++) {
        if (!egi_push(&to->eg->allocator, &to->customs, from->customs.at[k])) return false;
        from->customs.at[k]->shared++;
    }
    return true;
}

bool egi_copy_lists(egi_graph *to, const egi_graph *from)
{
    const eg_allocator *a = &from->eg->allocator;
#define COPY(list)                                                                                                     \
    for (int64_t k = 0; k < from->list.n; k++)                                                                         \
        if (!egi_push(a, &to->list, from->list.at[k])) return false;
    COPY(args)
    COPY(vars)
    COPY(arrays)
    COPY(csrs)
    COPY(complex_results)
#undef COPY
    for (int64_t k = 0; k < from->hosts.n; k++) {
        egi_host h = from->hosts.at[k];
        h.name = egi_arena_string(&to->arena, h.name);
        h.out = egi_arena_alloc(&to->arena, (size_t)(h.num_out + 1) * sizeof *h.out);
        if (!h.name || !h.out || !egi_push(a, &to->hosts, h)) return false;
        memcpy(h.out, from->hosts.at[k].out, (size_t)h.num_out * sizeof *h.out);
    }
    to->streams = from->streams;
    return copy_customs(to, from);
}

uint32_t egi_copy_loc(egi_graph *to, const egi_graph *from, uint32_t loc, uint32_t *image)
{
    if (!loc || image[loc]) return image[loc]; /* 0 is nowhere in both */
    const egi_loc *l = &from->locs.at[loc];
    const char *file = l->file ? egi_arena_string(&to->arena, l->file) : NULL;
    const char *name = l->name ? egi_arena_string(&to->arena, l->name) : NULL;
    if ((l->file && !file) || (l->name && !name)) to->failed = true;
    return image[loc] = egi_loc_intern(to, file, l->line, name);
}

/* -- regions ------------------------------------------------------------------------------------------------------ */

/* Image of a region, opened with all its parameters when the first of its nodes is met. */
static uint16_t image(copy *c, uint16_t region)
{
    if (c->made[region]) return c->region[region];
    const egi_region *old = &c->from->regions.at[region];
    uint16_t here = c->to->region;
    c->to->region = image(c, old->parent);
    int64_t to = c->region[region] = egi_region_open(c->to, old->floor == region);
    c->made[region] = true;
    for (int64_t k = 0; k < old->params.n && to; k++) {
        egi_id id = old->params.at[k];
        egi_id made = egi_node_make(c->to, &(egi_make){.op = EGI_PARAM,
                                                       .dtype = egi_dtype_of(c->from, id),
                                                       .shape = egi_shape_intern(c->to, egi_shape_of(c->from, id)),
                                                       .attr = egi_ints(c->to, 1, &to),
                                                       .imm = (uint64_t)k});
        c->map[id] = made;
        if (!made || !egi_push(&c->to->eg->allocator, &c->to->regions.at[to].params, made)) c->to->failed = true;
    }
    c->to->region = here;
    return (uint16_t)to;
}

static int num_regions(egi_op op) { return op == EGI_LOOP ? 1 : 2; }

static egi_id copy_owner(copy *c, egi_id id)
{
    const egi_node *n = egi_at(c->from, id);
    int64_t attr[4] = {0};
    int regions = num_regions((egi_op)n->op), ints = egi_num_ints(c->from, n);
    memcpy(attr, egi_ints_of(c->from, n), (size_t)ints * sizeof *attr);
    for (int k = 0; k < regions; k++) {
        const egi_ids *results = &c->from->regions.at[attr[k]].results;
        attr[k] = image(c, (uint16_t)attr[k]);
        for (int64_t j = 0; j < results->n; j++) {
            egi_id r = c->map[results->at[j]];
            if (!r || !egi_push(&c->to->eg->allocator, &c->to->regions.at[attr[k]].results, r)) return 0;
        }
        c->to->regions.at[attr[k]].open = false;
    }
    egi_id *args = egi_arena_alloc(&c->to->arena, (n->num_args + 1) * sizeof *args);
    if (!args) return 0;
    for (uint32_t k = 0; k < n->num_args; k++) args[k] = c->map[egi_arg(c->from, id, k)];
    c->to->region = image(c, n->region);
    egi_id made = egi_node_make(c->to, &(egi_make){.op = (egi_op)n->op,
                                                   .dtype = EG_DTYPE_COUNT,
                                                   .num_args = n->num_args,
                                                   .args = args,
                                                   .attr = egi_ints(c->to, ints, attr)});
    for (int k = 0; k < regions; k++) c->to->regions.at[attr[k]].owner = made;
    return made;
}

/* -- captured objects ---------------------------------------------------------------------------------------------- */

/* An array, connection or host function of `from` is the same object in `to`, under a number of its own there. */
#define CAPTURE(c, list, slots, equal)                                                                                 \
    for (int64_t k = 0; k < (c)->from->list.n; k++) {                                                                  \
        int64_t j = 0;                                                                                                 \
        while (j < (c)->to->list.n && !(equal)) j++;                                                                   \
        if (j == (c)->to->list.n && !egi_push(&(c)->to->eg->allocator, &(c)->to->list, (c)->from->list.at[k]))         \
            return false;                                                                                              \
        (slots)[k] = (uint32_t)j;                                                                                      \
    }

static bool capture(copy *c)
{
    CAPTURE(c, arrays, c->array, c->to->arrays.at[j] == c->from->arrays.at[k])
    CAPTURE(c, csrs, c->csr, c->to->csrs.at[j] == c->from->csrs.at[k])
    for (int64_t k = 0; k < c->from->hosts.n; k++) {
        egi_host h = c->from->hosts.at[k];
        size_t size = (size_t)(h.num_out + 1) * sizeof *h.out;
        h.name = egi_arena_string(&c->to->arena, h.name);
        h.out = egi_arena_alloc(&c->to->arena, size);
        if (!h.name || !h.out) return false;
        memcpy(h.out, c->from->hosts.at[k].out, (size_t)h.num_out * sizeof *h.out);
        c->host[k] = (uint32_t)c->to->hosts.n;
        if (!egi_push(&c->to->eg->allocator, &c->to->hosts, h)) return false;
    }
    c->first_stream = c->to->streams;
    c->to->streams += c->from->streams;
    c->first_custom = (uint64_t)c->to->customs.n;
    return copy_customs(c->to, c->from);
}

static uint64_t imm_of(const copy *c, const egi_node *n)
{
    switch ((int)n->op) {
    case EGI_ARRAY: return c->array[n->imm];
    case EGI_EVENT:
    case EGI_EVENT_T: return c->csr[n->imm];
    case EGI_HOST: return c->host[n->imm];
    case EGI_BITS: return c->first_stream + n->imm;
    case EGI_CUSTOM: return n->imm ? c->first_custom + n->imm : 0;
    default: return n->imm;
    }
}

/* -- nodes --------------------------------------------------------------------------------------------------------- */

static egi_id copy_slot(copy *c, egi_id id)
{
    const egi_node *n = egi_at(c->from, id);
    egi_id *args = egi_arena_alloc(&c->to->arena, (n->num_args + 1) * sizeof *args);
    if (!args) return 0;
    for (uint32_t k = 0; k < n->num_args; k++) args[k] = c->map[egi_arg(c->from, id, k)];
    uint32_t attr = n->attr ? egi_ints(c->to, egi_num_ints(c->from, n), egi_ints_of(c->from, n)) : 0;
    return egi_node_make(c->to, &(egi_make){.op = (egi_op)n->op,
                                            .dtype = (eg_dtype)n->dtype,
                                            .shape = egi_shape_intern(c->to, egi_shape_of(c->from, id)),
                                            .num_args = n->num_args,
                                            .args = args,
                                            .attr = attr,
                                            .imm = imm_of(c, n)});
}

static egi_id copy_node(copy *c, egi_id id)
{
    const egi_node *n = egi_at(c->from, id);
    c->to->loc = egi_copy_loc(c->to, c->from, n->loc, c->loc);
    c->to->region = image(c, n->region);
    switch ((int)n->op) {
    case EGI_ARG: return c->arg[n->imm];
    case EGI_VAR: return c->var[n->imm];
    case EGI_PARAM: return c->map[id];
    case EGI_ITEM: return egi_item(c->to, c->map[egi_arg(c->from, id, 0)], (uint32_t)n->imm, egi_spec(c->from, id));
    case EGI_LOOP:
    case EGI_WHILE:
    case EGI_COND: return copy_owner(c, id);
    case EGI_ARRAY:
    case EGI_EVENT:
    case EGI_EVENT_T:
    case EGI_HOST:
    case EGI_BITS:
    case EGI_CUSTOM: return copy_slot(c, id);
    case EGI_SLICE:
    case EGI_RESHAPE: return egi_part_before(c->to, egi_copy_plain(c->to, c->from, id, c->map));
    default: return egi_copy_plain(c->to, c->from, id, c->map);
    }
}

static bool copy_all(copy *c)
{
    uint16_t here = c->to->region;
    uint32_t loc = c->to->loc;
    bool ok = capture(c);
    c->region[0] = here;
    c->made[0] = true;
    for (egi_id id = 1; ok && id < c->from->nodes.n; id++) {
        c->map[id] = copy_node(c, id);
        ok = c->map[id] && !c->to->failed;
    }
    c->to->region = here;
    c->to->loc = loc;
    return ok;
}

bool egi_copy_into(egi_graph *to, const egi_graph *from, const egi_id *arg, const egi_id *var, egi_id *map)
{
    egi_arena *a = &to->arena;
    copy c = {.from = from, .to = to, .arg = arg, .var = var, .map = map};
    size_t regions = (size_t)from->regions.n;
    c.region = egi_arena_alloc(a, regions * sizeof *c.region);
    c.made = egi_arena_alloc(a, regions * sizeof *c.made);
    c.loc = egi_arena_alloc(a, (size_t)(from->locs.n + 1) * sizeof *c.loc);
    c.array = egi_arena_alloc(a, (size_t)(from->arrays.n + 1) * sizeof *c.array);
    c.csr = egi_arena_alloc(a, (size_t)(from->csrs.n + 1) * sizeof *c.csr);
    c.host = egi_arena_alloc(a, (size_t)(from->hosts.n + 1) * sizeof *c.host);
    bool ok = c.region && c.made && c.loc && c.array && c.csr && c.host && copy_all(&c);
    if (!ok && !to->eg->status) egi_no_memory(to->eg);
    return ok;
}
