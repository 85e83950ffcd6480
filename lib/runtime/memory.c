/* The memory of a run, before it runs: the function is planned, and its binding counted as a run would take it. */
#include <stdio.h>

#include "ir/func.h"
#include "opt/live.h"
#include "runtime/bind.h"
#include "runtime/copies.h"
#include "runtime/lifted.h"
#include "runtime/run.h"
#include "runtime/team.h"

static const char *const kind_text[] = {
#define X(name, text) text,
    EG_MEMORY_MAP(X)
#undef X
};

const char *eg_memory_kind_text(eg_memory_kind kind)
{
    return (unsigned)kind < EG_MEMORY_KINDS ? kind_text[kind] : "unknown kind";
}

/* -- what lies in a buffer ----------------------------------------------------------------------------------------- */

/* Of several values in one buffer what a loop stacks says most, then what it carries; a name before none. */
typedef struct tenant {
    egi_id node;
    eg_memory_kind kind;
    int rank;
} tenant;

/* Is the node the item or parameter of something that a loop or while carries from step to step? */
static bool is_carried(const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id);
    if (n->op == EGI_ITEM) {
        egi_op owner = (egi_op)egi_at(g, egi_arg(g, id, 0))->op;
        return owner == EGI_LOOP || owner == EGI_WHILE;
    }
    return n->op == EGI_PARAM;
}

static bool is_stacked(const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id), *owner = n->op == EGI_ITEM ? egi_at(g, egi_arg(g, id, 0)) : NULL;
    return owner && owner->op == EGI_LOOP && (int64_t)n->imm >= egi_ints_of(g, owner)[1];
}

static const egi_loc *loc_of(const egi_graph *g, egi_id id) { return &g->locs.at[egi_at(g, id)->loc]; }

static void tenants_of(const egi_plan *p, tenant *of)
{
    const egi_graph *g = p->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        uint32_t k = p->place[id].buffer;
        if (!k || p->place[id].row) continue; /* a row of what is stacked */
        tenant t = {id, EG_MEMORY_VALUES, 0};
        if (is_stacked(g, id)) t = (tenant){id, EG_MEMORY_STACKS, 4};
        if (!t.rank && is_carried(g, id)) t = (tenant){id, EG_MEMORY_CARRIED, 2};
        t.rank += loc_of(g, id)->name != NULL;
        if (!of[k].node || t.rank > of[k].rank) of[k] = t;
    }
}

static eg_memory_kind kind_of(const egi_code_buffer *c, const tenant *t)
{
    switch (c->kind) {
    case EGI_BUF_ARG: return EG_MEMORY_ARGUMENTS;
    case EGI_BUF_RESULT: return EG_MEMORY_RESULTS;
    case EGI_BUF_VAR: return EG_MEMORY_VARIABLES;
    case EGI_BUF_LIST: return EG_MEMORY_LISTS;
    case EGI_BUF_ARRAY:
    case EGI_BUF_TEMP: break;
    }
    return t->node ? t->kind : EG_MEMORY_VALUES;
}

/* Name and place of a stacked value are those of the row, if it has any. */
static egi_id named(const egi_graph *g, egi_id id)
{
    if (!is_stacked(g, id) || loc_of(g, id)->name) return id;
    const egi_node *owner = egi_at(g, egi_arg(g, id, 0));
    return g->regions.at[egi_ints_of(g, owner)[0]].results.at[egi_at(g, id)->imm];
}

/* What a value is a form of, or what it was before the first step; 0: it begins here. */
static egi_id behind(const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id);
    egi_id owner;
    if (n->op == EGI_PACK || n->op == EGI_UNPACK || n->op == EGI_RESHAPE || n->op == EGI_NE) return egi_arg(g, id, 0);
    if (n->op != EGI_PARAM) return 0;
    int64_t k = egi_carried_index(g, id, &owner);
    return k >= 0 ? egi_carried_init(g, owner, k) : 0;
}

/* The user's name, also of what it is a form of; else the operation's. */
static const char *name_of(const egi_graph *g, egi_id id)
{
    for (egi_id at = id; at; at = behind(g, at)) {
        if (loc_of(g, at)->name) return loc_of(g, at)->name;
        if (egi_at(g, at)->op == EGI_VAR) return g->vars.at[egi_at(g, at)->imm]->name;
    }
    return egi_ops[egi_at(g, id)->op].text;
}

static void describe(const egi_plan *p, uint32_t k, egi_id id, eg_memory_item *item)
{
    const egi_graph *g = p->g;
    const egi_buffer *b = &p->buffers.at[k];
    const egi_shape *s = &g->shapes.at[b->shape];
    item->spec = (eg_spec){.dtype = b->dtype, .rank = s->rank};
    memcpy(item->spec.dim, s->dim, sizeof s->dim);
    if (!id) return;
    id = named(g, id);
    const egi_loc *l = loc_of(g, id);
    item->name = name_of(g, id);
    item->file = l->file;
    item->line = l->line;
}

/* -- the sum ------------------------------------------------------------------------------------------------------- */

static void keep_largest(eg_memory *m, const eg_memory_item *item)
{
    int k = m->num_largest;
    if (k == EG_MEMORY_LARGEST) {
        if (m->largest[--k].bytes >= item->bytes) return;
    } else {
        m->num_largest++;
    }
    for (; k > 0 && m->largest[k - 1].bytes < item->bytes; k--) m->largest[k] = m->largest[k - 1];
    m->largest[k] = *item;
}

static void add(eg_memory *m, eg_memory_kind kind, size_t bytes)
{
    m->bytes[kind] += (int64_t)bytes;
    m->total += (int64_t)bytes;
}

static bool add_state(const eg_context *eg, eg_memory *m)
{
    size_t block, slots;
    if (!egi_state_need(eg, 0, &block, &slots)) return false;
    add(m, EG_MEMORY_VARIABLES, block);
    add(m, EG_MEMORY_TABLES, slots + sizeof(eg_state));
    for (int64_t k = 0; k < eg->vars.n; k++) {
        const eg_var *v = eg->vars.at[k];
        keep_largest(m, &(eg_memory_item){.kind = EG_MEMORY_VARIABLES,
                                          .name = v->name,
                                          .file = v->file,
                                          .line = v->line,
                                          .spec = v->spec,
                                          .bytes = (int64_t)v->bytes});
    }
    return true;
}

static void add_binding(const egi_plan *p, const egi_bound *b, const tenant *of, eg_memory *m)
{
    const egi_code *code = b->code;
    size_t rest = b->need.block;
    for (int64_t k = 1; k < code->buffers.n; k++) {
        const egi_code_buffer *c = &code->buffers.at[k];
        if (c->kind == EGI_BUF_VAR || c->kind == EGI_BUF_ARRAY) continue; /* of the state; of the context */
        eg_memory_item item = {.kind = kind_of(c, &of[k]), .name = "", .bytes = (int64_t)b->bytes[k]};
        describe(p, (uint32_t)k, of[k].node, &item);
        add(m, item.kind, egi_bound_room(b->bytes[k]));
        rest -= egi_bound_room(b->bytes[k]);
        keep_largest(m, &item);
    }
    add(m, EG_MEMORY_DELIVERIES, b->need.deliveries);
    add(m, EG_MEMORY_SCRATCH, b->need.scratch);
    add(m, EG_MEMORY_HOST, b->need.host);
    add(m, EG_MEMORY_TABLES, rest + b->need.tables + (b->need.peak - b->need.live));
}

/* Each of the threads that run copies one by one has a binding of its own, and variables for the copy it is at. */
static void add_crew(const eg_func *f, eg_memory *m)
{
    for (int k = 0; k < EG_MEMORY_KINDS; k++) m->bytes[k] *= m->threads;
    m->total *= m->threads;
    for (int k = 0; k < m->num_largest; k++) m->largest[k].bytes *= m->threads;
    add(m, EG_MEMORY_VARIABLES, egi_crew_bytes(f, m->threads));
}

/* What a run keeps, of the function that it runs; crew: whose copies run one by one, f being one of them; or NULL. */
static bool predict(eg_func *f, const eg_func *crew, eg_memory *m)
{
    eg_context *eg = f->eg;
    egi_canon canon;
    egi_code code = {0};
    egi_bound b = {.allocator = &eg->allocator, .code = &code};
    egi_plan *p = egi_plan_new(f->graph, eg->options.no_passes);
    egi_canon_of(f->graph, &canon);
    bool ok = p && !canon.failed && egi_code_describe(p, &canon, &code);
    tenant *of = ok ? egi_alloc(&eg->allocator, (size_t)code.buffers.n * sizeof *of, 16) : NULL;
    if ((ok = of && egi_bound_count(&b, f, &code, crew ? 1 : m->threads))) {
        tenants_of(p, of);
        add_binding(p, &b, of, m);
        if (crew) add_crew(crew, m);
        ok = add_state(eg, m);
    }
    egi_bound_clear(&b);
    egi_free(&eg->allocator, of);
    egi_code_clear(&code, &eg->allocator);
    egi_canon_free(&canon);
    egi_plan_free(p);
    return ok;
}

eg_status eg_plan(eg_func *f, int threads, eg_memory *memory)
{
    if (memory) *memory = (eg_memory){0};
    if (!f) return EG_ERR_ARGUMENT;
    eg_context *eg = f->eg;
    pthread_mutex_lock(&eg->lock);
    if (!eg->status && !memory)
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_plan of '%s': there is no place for what it says", f->name);
    if (!eg->status && (threads < 0 || threads > 1024))
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_plan of '%s': threads is %d; use 0 (default) to 1024", f->name,
                 threads);
    if (!eg->status) {
        /* as eg_call does */
        const bool checks = eg->options.check > EG_CHECK_OFF;
        const int asked = threads ? threads : eg->options.threads;
        const bool crew = !checks && egi_copies_pay(f, egi_crew_size(asked));
        eg_func *runs = checks ? f : crew ? f->copies->one : egi_lifted(f);
        memory->threads = crew ? egi_crew_size(asked) : egi_threads_of(runs, threads);
        if (!predict(runs, crew ? f : NULL, memory)) {
            *memory = (eg_memory){0};
            egi_fail(eg, EG_ERR_MEMORY, NULL, 0,
                     "eg_plan of '%s': there is no room for the plan, or the function's values fit into no memory at "
                     "all",
                     f->name);
        }
    }
    eg_status status = eg->status;
    pthread_mutex_unlock(&eg->lock);
    return status;
}

/* -- as text ------------------------------------------------------------------------------------------------------- */

static void put_bytes(egi_text *t, int64_t bytes)
{
    if (bytes < 100000)
        egi_put(t, "%9.1f kB", (double)bytes * 1e-3);
    else
        egi_put(t, "%9.1f MB", (double)bytes * 1e-6);
}

static void put_item(egi_text *t, const eg_memory_item *item)
{
    put_bytes(t, item->bytes);
    egi_put(t, "  %s: %s ", kind_text[item->kind], item->name);
    egi_put_spec(t, item->spec);
    if (item->file) egi_put(t, ", %s:%d", item->file, item->line);
    egi_put(t, "\n");
}

static void put_memory(egi_text *t, const char *name, const eg_memory *m)
{
    egi_put(t, "a run of '%s' on %d thread%s\n", name, m->threads, m->threads == 1 ? "" : "s");
    put_bytes(t, m->total);
    egi_put(t, "  in all\n");
    for (int k = 0; k < EG_MEMORY_KINDS; k++) {
        if (!m->bytes[k]) continue;
        put_bytes(t, m->bytes[k]);
        egi_put(t, "  %s\n", kind_text[k]);
    }
    egi_put(t, "the largest\n");
    for (int k = 0; k < m->num_largest; k++) put_item(t, &m->largest[k]);
}

const char *eg_plan_text(eg_func *f, int threads)
{
    eg_memory m;
    if (eg_plan(f, threads, &m)) return "";
    egi_text t = {.allocator = &f->eg->allocator};
    put_memory(&t, f->name, &m);
    if (t.failed) {
        egi_no_memory(f->eg);
        egi_text_free(&t);
        return "";
    }
    egi_free(&f->eg->allocator, f->memory);
    f->memory = t.s;
    return f->memory;
}
