/* Memory of origins, and how they go into and out of loops. */
#include "ir/origin.h"

#include "ir/check.h"

/* -- memory -------------------------------------------------------------------------------------------------------- */

egi_origin *egi_marks_room(egi_interp *ip, egi_marks *m, int64_t n, bool clear)
{
    if (m->cap < n) {
        egi_free(ip->mem, m->at);
        m->cap = 0;
        m->some = false;
        m->at = egi_alloc(ip->mem, (size_t)n * sizeof *m->at, EGI_ALIGN);
        if (m->at) m->cap = n;
    } else if (clear) {
        memset(m->at, 0, (size_t)n * sizeof *m->at);
    }
    if (!m->at) ip->origins->watch->no_memory = true;
    return m->at;
}

egi_origins *egi_origins_new(egi_interp *ip)
{
    const size_t n = (size_t)ip->g->nodes.n;
    egi_origins *o = ip->origins = egi_alloc(ip->mem, sizeof *o, 16);
    if (!o) return NULL;
    o->watch = ip->r->watch;
    o->base = egi_alloc(ip->mem, (n + 1) * sizeof *o->base, 16);
    o->of = egi_alloc(ip->mem, n * sizeof *o->of, 16);
    o->node = egi_alloc(ip->mem, n * sizeof *o->node, 16);
    o->buf = egi_alloc(ip->mem, (size_t)ip->slot_of.n * sizeof *o->buf, 16);
    o->moved = egi_alloc(ip->mem, n * sizeof *o->moved, 16);
    if (!o->base || !o->of || !o->node || !o->buf || !o->moved) return NULL;
    for (egi_id id = 0; id < n; id++) {
        bool single = id && egi_is_float(egi_dtype_of(ip->g, id));
        o->base[id + 1] = o->base[id] + (single ? (uint64_t)egi_count(ip->g, id) : 0);
    }
    return o;
}

void egi_origins_free(egi_interp *ip)
{
    egi_origins *o = ip->origins;
    if (!o) return;
    for (int64_t k = 0; o->node && k < ip->g->nodes.n; k++) egi_free(ip->mem, o->node[k].at);
    for (int64_t k = 0; o->buf && k < ip->slot_of.n; k++) egi_free(ip->mem, o->buf[k].at);
    void *p[] = {o->base, o->of, o->node, o->buf, o->zeros.at, o->moved};
    for (size_t k = 0; k < EGI_LEN(p); k++) egi_free(ip->mem, p[k]);
    egi_vec_free(ip->mem, &o->next);
    egi_free(ip->mem, o);
    ip->origins = NULL;
}

bool egi_runs_once(const egi_graph *g, int64_t region)
{
    for (; region; region = g->regions.at[region].parent) {
        egi_op op = (egi_op)egi_at(g, g->regions.at[region].owner)->op;
        if (op == EGI_LOOP || op == EGI_WHILE) return false;
    }
    return true;
}

/* -- loops --------------------------------------------------------------------------------------------------------- */

void egi_origin_store(egi_interp *ip, uint32_t buf, int64_t at, egi_id from, int64_t n)
{
    egi_origins *o = ip->origins;
    egi_marks *m = &o->buf[buf];
    const egi_origin *x = egi_is_float(egi_dtype_of(ip->g, from)) ? o->of[from] : NULL;
    const int64_t count = egi_count(ip->g, from);
    if (at == 0 && count == n) m->some = false;
    if (!x && !m->some) return;
    egi_origin *to = egi_marks_room(ip, m, n, !m->some);
    if (!to) return;
    m->some = true;
    if (x)
        memcpy(to + at, x, (size_t)count * sizeof *to);
    else
        memset(to + at, 0, (size_t)count * sizeof *to);
}

/* Every element that is not finite comes from its own place. */
static void from_here(egi_interp *ip, egi_id id)
{
    egi_origins *o = ip->origins;
    const eg_dtype t = egi_dtype_of(ip->g, id);
    const int64_t n = egi_count(ip->g, id);
    o->of[id] = NULL;
    if (!egi_is_float(t)) return;
    int64_t i = egi_next_bad(t, ip->val[id], 0, n);
    if (i == n) return;
    egi_origin *to = egi_marks_room(ip, &o->node[id], n, true);
    if (!to) return;
    for (; i < n; i = egi_next_bad(t, ip->val[id], i + 1, n)) to[i] = 1 + o->base[id] + (uint64_t)i;
    o->of[id] = to;
}

void egi_origin_carried(egi_interp *ip, egi_id param, uint32_t buf)
{
    if (ip->depth == 1)
        from_here(ip, param);
    else
        ip->origins->of[param] = ip->origins->buf[buf].some ? ip->origins->buf[buf].at : NULL;
}

void egi_origin_row(egi_interp *ip, egi_id param, egi_id sequence, int64_t i)
{
    const egi_origin *all = ip->origins->of[sequence];
    ip->origins->of[param] = all ? all + i * egi_count(ip->g, param) : NULL;
}

void egi_origin_swap(egi_interp *ip, uint32_t buf)
{
    egi_marks *m = &ip->origins->buf[buf], first = m[0];
    m[0] = m[1];
    m[1] = first;
}

const egi_resume *egi_resume_of(const egi_interp *ip, egi_id loop)
{
    const egi_watch *c = ip->r->watch;
    for (int64_t k = 0; ip->origins && k < c->num_resume; k++) {
        if (c->resume[k].loop == loop && c->resume[k].carried) return &c->resume[k];
    }
    return NULL;
}

void egi_origin_leaves(egi_interp *ip)
{
    for (egi_id id = 1; id < ip->g->nodes.n; id++) {
        int op = egi_at(ip->g, id)->op;
        if (ip->needed[id] && (op == EGI_CONST || op == EGI_ARG || op == EGI_VAR || op == EGI_ARRAY)) from_here(ip, id);
    }
}

/* An item: of a tuple, what was packed; of an outermost loop, judged before; of a host call, made by it. */
static bool item(egi_interp *ip, egi_id id)
{
    egi_origins *o = ip->origins;
    const egi_node *n = egi_at(ip->g, id);
    egi_id of = egi_arg(ip->g, id, 0);
    const egi_node *owner = egi_at(ip->g, of);
    if (owner->op == EGI_TUPLE) {
        o->of[id] = o->of[egi_arg(ip->g, of, (uint32_t)n->imm)];
        return true;
    }
    if (owner->op == EGI_HOST) return egi_origin_computed(ip, id);
    if (owner->op != EGI_COND && ip->depth == 0) {
        from_here(ip, id);
        return true;
    }
    const egi_marks *m = &o->buf[egi_item_buffer(ip, id)];
    o->of[id] = m->some ? m->at : NULL;
    return true;
}

bool egi_origin_node(egi_interp *ip, egi_id id)
{
    egi_origins *o = ip->origins;
    const egi_node *n = egi_at(ip->g, id);
    if (o->watch->found) return true;
    if (o->watch->no_memory) return false;
    if (egi_ops[n->op].args == 0) return true; /* there before, or given by the loop */
    o->of[id] = NULL;
    if (!egi_is_float((eg_dtype)n->dtype)) return true;
    bool good = n->op == EGI_ITEM ? item(ip, id) : egi_origin_computed(ip, id);
    return good && !o->watch->no_memory;
}

/* -- elements ------------------------------------------------------------------------------------------------------ */

enum { BLOCK = 64 };

/* Exponents of all ones.  A fixed number of elements at once, which the compiler makes vectors of. */
static uint32_t any_bad_32(const char *x)
{
    uint32_t b[BLOCK], bad = 0;
    memcpy(b, x, sizeof b);
    for (int k = 0; k < BLOCK; k++) bad |= (b[k] & 0x7F800000u) == 0x7F800000u;
    return bad;
}

static uint64_t any_bad_64(const char *x)
{
    const uint64_t all = UINT64_C(0x7FF0000000000000);
    uint64_t b[BLOCK], bad = 0;
    memcpy(b, x, sizeof b);
    for (int k = 0; k < BLOCK; k++) bad |= (b[k] & all) == all;
    return bad;
}

int64_t egi_next_bad(eg_dtype t, const void *x, int64_t i, int64_t n)
{
    const char *at = x;
    if (!egi_is_float(t)) return n;
    while (i < n) {
        if (n - i >= BLOCK && !(t == EG_F32 ? any_bad_32(at + 4 * i) != 0 : any_bad_64(at + 8 * i) != 0)) {
            i += BLOCK;
            continue;
        }
        int64_t end = egi_min64(n, i + BLOCK);
        for (; i < end; i++) {
            if (egi_class_at(t, x, i) != EGI_FINITE) return i;
        }
    }
    return n;
}
