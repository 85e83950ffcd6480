/* The gradient of a cond: a cond on the same predicate whose arms sweep the arms.  What an arm gives to values from
 * outside are results; the other arm gives back what there was. */
#include "core/context.h"
#include "opt/grad.h"

typedef struct cond_sweep {
    egi_ids outer;    /* values from outside that the arms use */
    egi_id *before;   /* their adjoints before */
    egi_id *after[2]; /* and behind each arm */
} cond_sweep;

static void sweep_arm(egi_grad *x, egi_id id, uint16_t arm, const cond_sweep *c, egi_id *after)
{
    const egi_ids *results = &egi_grad_region(x, arm)->results;
    egi_grad_forget(x, arm);
    egi_grad_clone(x, arm, EGI_REPLAY_IMPURE | EGI_REPLAY_COSTLY | EGI_STACK);
    for (int64_t k = 0; k < results->n; k++) {
        egi_id item = egi_grad_item(x, id, k);
        if (item) egi_contribute(x, results->at[k], x->adjoint[item]);
    }
    egi_grad_sweep(x, arm);
    for (int64_t k = 0; k < c->outer.n; k++) {
        after[k] = x->adjoint[c->outer.at[k]];
        x->adjoint[c->outer.at[k]] = c->before[k];
    }
}

static void results_of(egi_grad *x, egi_id predicate, const int64_t *region, const cond_sweep *c)
{
    egi_graph *g = x->to;
    int64_t n = 0;
    for (int64_t k = 0; k < c->outer.n; k++) {
        egi_id id = c->outer.at[k];
        if (c->after[0][k] == c->before[k] && c->after[1][k] == c->before[k]) continue;
        for (int a = 0; a < 2; a++) {
            egi_id v = c->after[a][k] ? c->after[a][k] : egi_zeros(g, egi_spec(x->from, id));
            if (!v || !egi_push(&g->eg->allocator, &g->regions.at[region[a]].results, v)) g->failed = true;
        }
    }
    egi_id made = egi_grad_failed(x) ? 0 : egi_grad_close_cond(x, predicate, region);
    for (int64_t k = 0; made && k < c->outer.n; k++) {
        egi_id id = c->outer.at[k];
        if (c->after[0][k] == c->before[k] && c->after[1][k] == c->before[k]) continue;
        x->adjoint[id] = egi_item(g, made, (uint32_t)n++, egi_spec(x->from, id));
    }
}

void egi_grad_cond(egi_grad *x, egi_id id)
{
    egi_graph *g = x->to;
    const int64_t *at = egi_ints_of(x->from, egi_at(x->from, id));
    const uint16_t arm[] = {(uint16_t)at[0], (uint16_t)at[1]}, here = g->region;
    cond_sweep c = {.outer = {0}};
    int64_t region[2] = {0, 0};
    if (!egi_grad_captured(x, 2, arm, &c.outer)) return;
    size_t n = (size_t)(c.outer.n + 1);
    egi_id *memory = egi_alloc(&g->eg->allocator, 3 * n * sizeof *memory, 16);
    if (!memory) egi_no_memory(g->eg);
    c.before = memory;
    for (int a = 0; a < 2; a++) c.after[a] = memory ? memory + (size_t)(a + 1) * n : NULL;
    for (int64_t k = 0; memory && k < c.outer.n; k++) c.before[k] = x->adjoint[c.outer.at[k]];
    for (int a = 0; a < 2 && !egi_grad_failed(x); a++) {
        if ((region[a] = egi_region_open(g, true))) sweep_arm(x, id, arm[a], &c, c.after[a]);
        g->region = here;
    }
    if (!egi_grad_failed(x)) results_of(x, egi_value_of(x, id, 0), region, &c);
    egi_free(&g->eg->allocator, memory);
    egi_vec_free(&g->eg->allocator, &c.outer);
}
