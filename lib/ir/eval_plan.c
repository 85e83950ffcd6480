/* Planning a run of the interpreter: which nodes matter, how long each value is needed, where it is kept. */
#include "ir/check.h"
#include "ir/origin.h"

#define END UINT32_MAX /* last use: when the region's iteration ends */

/* What only planning needs. */
typedef struct plan {
    egi_interp *ip;
    const egi_graph *g;
    uint32_t *last; /* of each node that holds a value: the node of its own region that reads it last, or END */
    egi_id *dying;  /* of each node: first of the values read for the last time there; chained by `next` */
    egi_id *next;
    uint32_t *num_bufs;
    bool failed; /* out of memory */
} plan;

/* Who holds the value: items of tuples are the packed values, other items belong to the region node or host call. */
static egi_id holder(const egi_graph *g, egi_id id)
{
    while (egi_at(g, id)->op == EGI_ITEM) {
        egi_id of = egi_arg(g, id, 0);
        if (egi_at(g, of)->op != EGI_TUPLE) return of;
        id = egi_arg(g, of, (uint32_t)egi_at(g, id)->imm);
    }
    return id;
}

static int64_t region_at(const egi_graph *g, egi_id owner, int k) { return egi_ints_of(g, egi_at(g, owner))[k]; }

/* -- what matters -------------------------------------------------------------------------------------------------- */

/* Host calls are made for their effect, and so are the loops around them. */
static void need_hosts(const egi_graph *g, bool *needed)
{
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (egi_at(g, id)->op != EGI_HOST) continue;
        for (egi_id v = id; v; v = g->regions.at[egi_at(g, v)->region].owner) needed[v] = true;
    }
}

/* Everything is made before what reads it: one sweep downwards finds all. */
static void mark(const egi_graph *g, bool *needed)
{
    const egi_region *top = &g->regions.at[0];
    need_hosts(g, needed);
    for (int64_t k = 0; k < top->results.n; k++) needed[top->results.at[k]] = true;
    for (int64_t k = 0; k < g->writes.n; k++) needed[g->writes.at[k].value] = true;
    for (egi_id id = (egi_id)g->nodes.n - 1; id > 0; id--) {
        const egi_node *n = egi_at(g, id);
        if (!needed[id]) continue;
        for (uint32_t k = 0; k < n->num_args; k++) needed[egi_arg(g, id, k)] = true;
        for (int k = 0; k < egi_regions_of((egi_op)n->op); k++) {
            const egi_region *r = &g->regions.at[region_at(g, id, k)];
            for (int64_t j = 0; j < r->results.n; j++) needed[r->results.at[j]] = true;
        }
    }
}

static void list_regions(egi_interp *ip)
{
    const egi_graph *g = ip->g;
    uint32_t *start = ip->start;
    for (egi_id id = 1; id < g->nodes.n; id++) start[egi_at(g, id)->region + 1] += ip->needed[id];
    for (int64_t r = 0; r < g->regions.n; r++) start[r + 1] += start[r];
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (ip->needed[id]) ip->list[start[egi_at(g, id)->region]++] = id;
    }
    /* Each start has moved to its region's end, which is the next one's start. */
    for (int64_t r = g->regions.n; r > 0; r--) start[r] = start[r - 1];
    start[0] = 0;
}

/* -- how long ------------------------------------------------------------------------------------------------------ */

/* `value` is read by node `reader`: in the value's region that is the reader or the loop that it lies in. */
static void use(plan *p, egi_id value, egi_id reader)
{
    egi_id h = holder(p->g, value);
    uint16_t region = egi_at(p->g, h)->region;
    while (reader && egi_at(p->g, reader)->region != region)
        reader = p->g->regions.at[egi_at(p->g, reader)->region].owner;
    if (reader > p->last[h]) p->last[h] = reader;
}

static void use_until_end(plan *p, egi_id value, uint16_t region)
{
    egi_id h = holder(p->g, value);
    if (egi_at(p->g, h)->region == region)
        p->last[h] = END;
    else
        use(p, value, p->g->regions.at[region].owner);
}

static void find_last_uses(plan *p)
{
    const egi_graph *g = p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (!p->ip->needed[id]) continue;
        if (p->last[id] == 0) p->last[id] = id;
        for (uint32_t k = 0; k < n->num_args; k++) use(p, egi_arg(g, id, k), id);
        for (int k = 0; k < egi_regions_of((egi_op)n->op); k++) {
            int64_t r = region_at(g, id, k);
            for (int64_t j = 0; j < g->regions.at[r].results.n; j++)
                use_until_end(p, g->regions.at[r].results.at[j], (uint16_t)r);
        }
    }
    for (int64_t k = 0; k < g->regions.at[0].results.n; k++) use_until_end(p, g->regions.at[0].results.at[k], 0);
    for (int64_t k = 0; k < g->writes.n; k++) use_until_end(p, g->writes.at[k].value, 0);
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (!p->ip->needed[id] || p->last[id] == END) continue;
        p->next[id] = p->dying[p->last[id]];
        p->dying[p->last[id]] = id;
    }
}

/* -- where --------------------------------------------------------------------------------------------------------- */

/* The smallest free slot that is large enough, or a new one. */
static void take(plan *p, egi_id id, size_t size)
{
    egi_interp *ip = p->ip;
    uint32_t best = END;
    for (int64_t k = 0; k < ip->slots.n; k++) {
        const egi_slot *s = &ip->slots.at[k];
        if (!s->busy && s->size >= size && (best == END || s->size < ip->slots.at[best].size)) best = (uint32_t)k;
    }
    if (best == END) {
        best = (uint32_t)ip->slots.n;
        if (!egi_push(ip->mem, &ip->slots, ((egi_slot){.size = size}))) {
            p->failed = true;
            return;
        }
    }
    ip->slots.at[best].busy = true;
    if (p->num_bufs[id]++ == 0) ip->first[id] = (uint32_t)ip->slot_of.n;
    if (!egi_push(ip->mem, &ip->slot_of, best)) p->failed = true;
}

static void release(plan *p, egi_id id)
{
    for (uint32_t k = 0; k < p->num_bufs[id]; k++)
        p->ip->slots.at[p->ip->slot_of.at[p->ip->first[id] + k]].busy = false;
}

/* Buffers of a loop: counter; each carried value twice, now and next; stacks.  Of a while: its carried values twice.
 * Of a host call: outputs, and the array of pointers to its inputs. */
static void take_all(plan *p, egi_id id)
{
    const egi_graph *g = p->g;
    const egi_node *n = egi_at(g, id);
    if (n->op == EGI_LOOP) {
        const int64_t *ints = egi_ints_of(g, n);
        const egi_region *body = &g->regions.at[ints[0]];
        take(p, id, sizeof(int64_t));
        for (int64_t k = 0; k < 2 * ints[1]; k++) take(p, id, egi_bytes(g, body->results.at[k / 2]));
        for (int64_t k = 0; k < ints[3]; k++) {
            size_t bytes = egi_bytes(g, body->results.at[ints[1] + k]);
            p->failed |= __builtin_mul_overflow(bytes, egi_at(g, egi_arg(g, id, 0))->imm, &bytes);
            take(p, id, bytes);
        }
    } else if (n->op == EGI_WHILE) {
        for (uint32_t k = 0; k < 2 * n->num_args; k++) take(p, id, egi_bytes(g, egi_arg(g, id, k / 2)));
    } else if (n->op == EGI_COND) {
        const egi_region *yes = &g->regions.at[region_at(g, id, 0)];
        for (int64_t k = 0; k < yes->results.n; k++) take(p, id, egi_bytes(g, yes->results.at[k]));
    } else if (n->op == EGI_HOST) {
        const egi_host *h = &g->hosts.at[n->imm];
        for (int k = 0; k < h->num_out; k++)
            take(p, id, (size_t)egi_spec_count(h->out[k]) * eg_dtype_size(h->out[k].dtype));
        take(p, id, n->num_args * sizeof(void *));
    } else {
        bool elsewhere = n->op == EGI_CONST || n->op == EGI_ARG || n->op == EGI_VAR || n->op == EGI_ARRAY ||
                         n->op == EGI_PARAM || n->op == EGI_ITEM || n->op == EGI_TUPLE;
        if (!elsewhere) take(p, id, egi_bytes(g, id));
    }
}

static void place(plan *p, uint16_t region)
{
    egi_interp *ip = p->ip;
    /* What a fault was made of can be told later. */
    const bool keeps = ip->keeps && egi_runs_once(p->g, region);
    for (uint32_t k = ip->start[region]; k < ip->start[region + 1]; k++) {
        egi_id id = ip->list[k];
        const egi_node *n = egi_at(p->g, id);
        take_all(p, id);
        for (int j = 0; j < egi_regions_of((egi_op)n->op); j++) place(p, (uint16_t)region_at(p->g, id, j));
        if (p->failed) return;
        for (egi_id v = keeps ? 0 : p->dying[id]; v; v = p->next[v]) release(p, v);
    }
    /* What lives to the end of an iteration is read by the owner before anything else runs. */
    for (uint32_t k = ip->start[region]; region && !keeps && k < ip->start[region + 1]; k++) {
        if (p->last[ip->list[k]] == END) release(p, ip->list[k]);
    }
}

/* A write of what another variable held at the start must not see that one's own write. */
static void place_writes(plan *p)
{
    for (int64_t k = 0; k < p->g->writes.n; k++) {
        egi_write w = p->g->writes.at[k];
        const egi_node *h = egi_at(p->g, holder(p->g, w.value));
        if (h->op != EGI_VAR || h->imm == w.var) continue;
        p->num_bufs[0] = 0;
        take(p, 0, egi_bytes(p->g, w.value));
        p->ip->stage[k] = (uint32_t)p->ip->slot_of.n - 1;
    }
}

static bool allocate(egi_interp *ip)
{
    size_t scratch = 0;
    for (int64_t k = 0; k < ip->slots.n; k++) {
        egi_slot *s = &ip->slots.at[k];
        if (!(s->mem = egi_alloc(ip->mem, s->size, EGI_ALIGN))) return false;
    }
    if (!(ip->buf = egi_alloc(ip->mem, (size_t)ip->slot_of.n * sizeof *ip->buf, 16))) return false;
    for (int64_t k = 0; k < ip->slot_of.n; k++) ip->buf[k] = ip->slots.at[ip->slot_of.at[k]].mem;
    for (egi_id id = 1; id < ip->g->nodes.n; id++) {
        egi_op op = (egi_op)egi_at(ip->g, id)->op;
        if (!ip->needed[id] || (op != EGI_SORT && op != EGI_ARGSORT)) continue;
        const egi_shape *s = egi_shape_of(ip->g, id);
        size_t size = egi_ref_sort_scratch(s->dim[s->rank - 1]);
        if (size > scratch) scratch = size;
    }
    return (ip->scratch = egi_alloc(ip->mem, scratch, EGI_ALIGN));
}

/* A host's true may be any byte but 0: a copy then has ones.  NULL: out of memory. */
static const void *as_bools(egi_interp *ip, egi_id id, const void *from)
{
    const size_t n = egi_bytes(ip->g, id);
    const uint8_t *b = from;
    size_t k = 0;
    while (k < n && b[k] <= 1) k++;
    if (k == n) return from;
    uint8_t *to = egi_alloc(ip->mem, n, EGI_ALIGN);
    if (!to || !egi_push(ip->mem, &ip->slots, ((egi_slot){.mem = to, .size = n, .busy = true}))) {
        egi_free(ip->mem, to);
        return NULL;
    }
    for (k = 0; k < n; k++) to[k] = b[k] != 0;
    return to;
}

/* Values that stand somewhere already. */
static bool bind(egi_interp *ip, bool whole)
{
    for (egi_id id = 1; id < ip->g->nodes.n; id++) {
        const egi_node *n = egi_at(ip->g, id);
        const void *at = NULL;
        if (!ip->needed[id]) continue;
        if (n->op == EGI_CONST)
            at = &n->imm;
        else if (n->op == EGI_ARG && whole)
            at = ip->r->args[n->imm];
        else if (n->op == EGI_VAR)
            at = ip->r->vars[n->imm];
        else if (n->op == EGI_ARRAY)
            at = eg_array_data(ip->g->arrays.at[n->imm]);
        if (at && n->op != EGI_CONST && n->dtype == EG_BOOL && !(at = as_bools(ip, id, at))) return false;
        if (at) ip->val[id] = at;
    }
    return true;
}

static bool build_templates(egi_interp *ip)
{
    for (egi_id id = 1; id < ip->g->nodes.n; id++) {
        const egi_node *n = egi_at(ip->g, id);
        if (ip->needed[id] && (egi_flags((egi_op)n->op) & FX) &&
            !egi_template_build(ip, (egi_op)n->op, (eg_dtype)n->dtype))
            return false;
    }
    return true;
}

static bool make_plan(egi_interp *ip)
{
    const egi_graph *g = ip->g;
    size_t n = (size_t)g->nodes.n;
    plan p = {.ip = ip, .g = g};
    uint32_t *work = egi_alloc(ip->mem, 4 * n * sizeof *work, 16);
    ip->needed = egi_alloc(ip->mem, n * sizeof *ip->needed, 16);
    ip->list = egi_alloc(ip->mem, n * sizeof *ip->list, 16);
    ip->start = egi_alloc(ip->mem, (size_t)(g->regions.n + 1) * sizeof *ip->start, 16);
    ip->first = egi_alloc(ip->mem, n * sizeof *ip->first, 16);
    ip->val = egi_alloc(ip->mem, n * sizeof *ip->val, 16);
    ip->stage = egi_alloc(ip->mem, (size_t)g->writes.n * sizeof *ip->stage, 16);
    bool good = work && ip->needed && ip->list && ip->start && ip->first && ip->val && ip->stage;
    /* Buffer 0 is nobody's, so that 0 means none. */
    good = good && egi_push(ip->mem, &ip->slots, ((egi_slot){.busy = true})) && egi_push(ip->mem, &ip->slot_of, 0);
    if (good) {
        p.last = work, p.dying = work + n, p.next = work + 2 * n, p.num_bufs = work + 3 * n;
        mark(g, ip->needed);
        list_regions(ip);
        find_last_uses(&p);
        place(&p, 0);
        place_writes(&p);
        good = !p.failed && allocate(ip) && build_templates(ip) && (!ip->keeps || egi_origins_new(ip));
    }
    egi_free(ip->mem, work);
    return good;
}

egi_interp *egi_interp_new(const egi_graph *g, egi_run *r, egi_interp *outer)
{
    const eg_allocator *mem = r->allocator ? r->allocator : &egi_malloc_allocator;
    egi_interp *ip = egi_alloc(mem, sizeof *ip, 16);
    if (!ip) return NULL;
    ip->g = g;
    ip->r = r;
    ip->mem = mem;
    ip->owns_templates = !outer;
    ip->keeps = !outer && r->watch;
    if (outer) {
        ip->templates = outer->templates;
        ip->own = outer->own;
    } else {
        ip->templates = egi_alloc(mem, sizeof *ip->templates * 2 * EGI_OP_COUNT, 16);
        ip->own = egi_alloc(mem, sizeof *ip->own, 16);
        if (ip->own) {
            ip->own->allocator = *mem;
            ip->own->options.keep_denormals = r->keep_denormals;
        }
    }
    if (ip->templates && ip->own && make_plan(ip) && bind(ip, !outer)) return ip;
    egi_interp_free(ip);
    return NULL;
}

void egi_interp_free(egi_interp *ip)
{
    if (!ip) return;
    const eg_allocator *mem = ip->mem;
    egi_origins_free(ip);
    if (ip->owns_templates) {
        if (ip->templates) egi_templates_free(ip);
        egi_free(mem, ip->templates);
        egi_free(mem, ip->own);
    }
    for (int64_t k = 0; k < ip->slots.n; k++) egi_free(mem, ip->slots.at[k].mem);
    egi_vec_free(mem, &ip->slots);
    egi_vec_free(mem, &ip->slot_of);
    egi_free(mem, ip->buf);
    egi_free(mem, ip->scratch);
    egi_free(mem, ip->needed);
    egi_free(mem, ip->list);
    egi_free(mem, ip->start);
    egi_free(mem, ip->first);
    egi_free(mem, ip->val);
    egi_free(mem, ip->stage);
    egi_free(mem, ip);
}
