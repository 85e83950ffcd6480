/* What a run of a plan's code needs besides the code: buffers and their sizes, deliveries, scratch, the host's part.
 * Known without LLVM, so that the memory of a run can be asked for before there is code (eg_plan). */
#include "core/context.h"
#include "jit/code.h"
#include "jit/lower_dot.h"

static const eg_allocator *mem(const egi_plan *p) { return &p->g->eg->allocator; }

static egi_size size_of(const egi_canon *c, int64_t value)
{
    int32_t k = value > 16 ? egi_canon_size(c, value) : -1;
    return (egi_size){value, k};
}

static bool describe_buffers(const egi_plan *p, const egi_canon *canon, egi_code *code)
{
    for (int64_t k = 0; k < p->buffers.n; k++) {
        const egi_buffer *bf = &p->buffers.at[k];
        const egi_shape *s = &p->g->shapes.at[bf->shape];
        egi_code_buffer c = {.kind = bf->kind, .slot = bf->slot, .dtype = bf->dtype, .rank = s->rank};
        for (int j = 0; j < s->rank; j++) c.dim[j] = size_of(canon, s->dim[j]);
        if (!egi_push(mem(p), &code->buffers, c)) return false;
    }
    return true;
}

egi_code_delivery egi_code_delivery_of(const egi_plan *p, const egi_stage *s)
{
    egi_code_delivery d = {.num = 1};
    d.csr[0] = (uint32_t)egi_at(p->g, s->node)->imm;
    d.buffer[0] = p->place[s->node].buffer;
    for (int64_t k = 0; k < s->merged.n; k++) {
        d.csr[d.num] = (uint32_t)egi_at(p->g, s->merged.at[k])->imm;
        d.buffer[d.num++] = p->place[s->merged.at[k]].buffer;
    }
    return d;
}

static bool describe_deliveries(const egi_plan *p, egi_code *code)
{
    for (int64_t r = 0; r < p->g->regions.n; r++) {
        const egi_stages *list = &p->region[r].stages;
        for (int64_t k = 0; k < list->n; k++) {
            const egi_stage *s = &list->at[k];
            if (s->kind != EGI_STAGE_NODE || egi_at(p->g, s->node)->op != EGI_EVENT) continue;
            if (!egi_push(mem(p), &code->deliveries, egi_code_delivery_of(p, s))) return false;
        }
    }
    return true;
}

bool egi_reduces_all(const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id);
    const int64_t *axis = egi_num_ints(g, n) ? egi_ints_of(g, n) : NULL;
    const egi_shape *s = egi_shape_of(g, egi_arg(g, id, 0));
    int first = s->rank;
    for (int k = egi_num_ints(g, n) - 1; k >= 0 && axis[k] == first - 1; k--) first--;
    return first < s->rank && (first == 0 || (first == 1 && s->dim[0] == 1));
}

static bool needs_scratch(const egi_graph *g, egi_id id)
{
    const egi_op op = (egi_op)egi_at(g, id)->op;
    if (op == EGI_DOT || op == EGI_DOT_EVENT) return true;
    return egi_flags(op) & FR && op != EGI_ARGMIN && op != EGI_ARGMAX && egi_reduces_all(g, id);
}

/* A product's scratch beyond what every thread has. */
static void describe_product(const egi_plan *p, egi_id id, egi_code *code)
{
    size_t size = egi_dot_scratch(egi_dot_form(p, id));
    if (size > EGI_SCRATCH) code->more_scratch = (int64_t)size; /* the same for all products that need more */
}

static bool describe_stream(const egi_plan *p, uint64_t stream, egi_code *code)
{
    for (int64_t k = 0; k < code->streams.n; k++) {
        if (code->streams.at[k] == stream) return true;
    }
    return egi_push(mem(p), &code->streams, stream);
}

bool egi_calls_host(const egi_graph *g, uint16_t region)
{
    for (egi_id id = 1; id < g->nodes.n; id++) {
        uint16_t r = egi_at(g, id)->region;
        while (g->regions.at[r].depth > g->regions.at[region].depth) r = g->regions.at[r].parent;
        if (egi_at(g, id)->op == EGI_HOST && r == region) return true;
    }
    return false;
}

static void keep(const egi_plan *p, egi_code *code, egi_id id)
{
    uint32_t k = p->place[id].buffer;
    if (k && k < code->buffers.n) code->buffers.at[k].kept = true;
}

/* What the loop or while carries in memory is kept before each step. */
static void keep_carried(const egi_plan *p, egi_code *code, egi_id owner, uint16_t body, int64_t nc)
{
    const egi_graph *g = p->g;
    const egi_region *r = &g->regions.at[body];
    for (int64_t k = 0; k < nc; k++) {
        keep(p, code, r->params.at[k + (egi_at(g, owner)->op == EGI_LOOP)]);
        keep(p, code, r->results.at[k]);
    }
    for (egi_id id = owner + 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->op == EGI_ITEM && egi_arg(g, id, 0) == owner && (int64_t)n->imm < nc) keep(p, code, id);
    }
}

static bool is_outermost(const egi_graph *g, egi_id id)
{
    for (uint16_t r = egi_at(g, id)->region; r; r = g->regions.at[r].parent) {
        if (egi_at(g, g->regions.at[r].owner)->op != EGI_COND) return false;
    }
    return true;
}

static void describe_loop(const egi_plan *p, egi_id id, egi_code *code)
{
    const egi_graph *g = p->g;
    const egi_node *n = egi_at(g, id);
    const int64_t *at = egi_ints_of(g, n);
    const bool is_loop = n->op == EGI_LOOP;
    const uint16_t body = (uint16_t)at[is_loop ? 0 : 1];
    const int64_t nc = is_loop ? at[1] : n->num_args;
    int64_t scalars = 0;
    for (int64_t k = 0; k < nc; k++) scalars += egi_is_scalar(g, g->regions.at[body].params.at[k + is_loop]);
    code->num_scalars = egi_max64(code->num_scalars, scalars);
    if (egi_calls_host(g, (uint16_t)at[0]) || (!is_loop && egi_calls_host(g, body)))
        keep_carried(p, code, id, body, nc);
}

bool egi_code_describe(const egi_plan *p, const egi_canon *canon, egi_code *code)
{
    const egi_graph *g = p->g;
    if (!describe_buffers(p, canon, code) || !describe_deliveries(p, code)) return false;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_op op = (egi_op)egi_at(g, id)->op;
        code->has_host |= op == EGI_HOST;
        code->has_scratch |= needs_scratch(g, id);
        if (op == EGI_DOT) describe_product(p, id, code);
        if (op == EGI_BITS && !describe_stream(p, egi_at(g, id)->imm, code)) return false;
        if ((op == EGI_LOOP || op == EGI_WHILE) && is_outermost(g, id)) describe_loop(p, id, code);
    }
    return true;
}

void egi_code_clear(egi_code *c, const eg_allocator *a)
{
    egi_vec_free(a, &c->buffers);
    egi_vec_free(a, &c->deliveries);
    egi_vec_free(a, &c->streams);
    egi_vec_free(a, &c->loops);
    egi_vec_free(a, &c->carried);
    egi_vec_free(a, &c->stacks);
}
