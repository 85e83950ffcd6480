/* Products that leave their loop.
 *
 *     before                                        after
 *     loop over x_t                                 z = dot(x as [T * M, K], W)
 *       ... dot(x_t, W) ...                         loop over x_t, z_t
 *                                                     ... z_t ...
 *
 *     loop over a_t, d_t, carrying c                loop that stacks a_t and d_t if they are not there already
 *       c' = dot(a_t', d_t, base c)                 c = dot((a as [T * B, M])', d as [T * B, N], base c)
 *
 * The first is what a layer does with its input; the second is the gradient of weights.  A product of one or a few rows
 * reads the whole matrix for each of them and is bound by memory; one of all steps is not.  Every element is the same
 * chain as before, so the bits are the same.  The interpreter runs the graph without the pass. */
#include "opt/lift.h"

#include "core/context.h"

static bool has_product_in_loop(const egi_graph *g)
{
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (egi_at(g, id)->op == EGI_DOT && egi_lift_steps(g, egi_at(g, id)->region)) return true;
    }
    return false;
}

static bool memory(egi_lift *l)
{
    const eg_allocator *a = &l->from->eg->allocator;
    const size_t n = (size_t)l->from->nodes.n;
#define NEW(field) (l->field = egi_alloc(a, n * sizeof *l->field, 16))
    bool ok = NEW(rows) && NEW(plain) && NEW(lifted) && NEW(shown) && NEW(uses) && NEW(all) && NEW(copies.many) &&
              NEW(copies.map);
#undef NEW
    if (!ok) egi_no_memory(l->from->eg);
    return ok;
}

static void release(egi_lift *l)
{
    const eg_allocator *a = &l->from->eg->allocator;
    void *const all[] = {l->rows, l->plain, l->lifted, l->shown, l->uses, l->all, l->copies.many, l->copies.map};
    for (size_t k = 0; k < EGI_LEN(all); k++) egi_free(a, all[k]);
    egi_vec_free(a, &l->sums);
    egi_vec_free(a, &l->more);
}

static bool found(const egi_lift *l)
{
    for (egi_id id = 1; id < l->from->nodes.n; id++) {
        if (l->lifted[id]) return true;
    }
    return l->sums.n > 0;
}

egi_graph *egi_lift_graph(const egi_graph *from)
{
    egi_lift l = {.from = from, .room = EGI_LIFT_ROOM, .copies = {.from = from, .r = {.what = "lift"}}};
    egi_graph *made = NULL, *simple = NULL;
    if (!has_product_in_loop(from)) return NULL;
    if (memory(&l)) egi_lift_find(&l);
    if (!from->eg->status && found(&l)) {
        const egi_rewrite how = egi_lift_rewrite(&l);
        made = egi_rewritten(from, &how);
    }
    if (made) simple = egi_simplify(made);
    egi_graph_free(made);
    release(&l);
    return simple;
}
