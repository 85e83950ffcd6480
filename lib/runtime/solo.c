/* Steps: solo code made and bound to what it reads in this process. */
#include "runtime/solo.h"

#include "ir/func.h"

/* -- data ---------------------------------------------------------------------------------------------------------- */

static bool make_plan(const egi_solo *s, const egi_code_delivery *d, egi_delivery **plan)
{
    egi_delivery_part part[EGI_MAX_MERGED];
    int64_t size = (int64_t)eg_dtype_size(s->code.buffers.at[d->buffer[0]].dtype);
    for (int j = 0; j < d->num; j++)
        part[j] = (egi_delivery_part){s->g->csrs.at[d->csr[j]], (s->at[d->buffer[j]] - s->at[d->buffer[0]]) / size};
    return egi_delivery_new(plan, &s->g->eg->allocator, 1, d->num, part, false) == EG_OK;
}

bool egi_solo_plans(const egi_solo *s, egi_delivery ***plans)
{
    const eg_allocator *a = &s->g->eg->allocator;
    int64_t n = s->code.deliveries.n;
    egi_delivery **p = egi_alloc(a, (size_t)(n + 1) * sizeof(egi_delivery *), 16);
    *plans = p;
    for (int64_t k = 0; p && k < n; k++) {
        const egi_code_delivery *d = &s->code.deliveries.at[k];
        if (d->num > 1 && !make_plan(s, d, &p[k])) return false;
    }
    return p != NULL;
}

void egi_solo_plans_free(const egi_solo *s, egi_delivery **plans)
{
    const eg_allocator *a = &s->g->eg->allocator;
    for (int64_t k = 0; plans && k < s->code.deliveries.n; k++) egi_delivery_free(plans[k], a);
    egi_free(a, plans);
}

const void *egi_solo_datum(const egi_solo *s, egi_delivery *const *plans, int64_t k)
{
    const egi_graph *g = s->g;
    if (s->datum[k].at < 0) return NULL;
    if (k < g->arrays.n) return g->arrays.at[k]->data;
    if (k < egi_solo_delivery(s, 0)) {
        const eg_csr *c = g->csrs.at[(k - g->arrays.n) / 2];
        return (k - g->arrays.n) % 2 ? (const void *)c->indices : (const void *)c->indptr;
    }
    int64_t d = k - egi_solo_delivery(s, 0);
    return d % 2 ? (const void *)plans[d / 2]->target : (const void *)plans[d / 2]->ptr;
}

/* -- steps --------------------------------------------------------------------------------------------------------- */

static void step_free(const eg_allocator *a, egi_step *p)
{
    if (!p) return;
    egi_solo_plans_free(&p->solo, p->plans);
    egi_solo_close(&p->solo);
    egi_free(a, p->all_at);
    egi_free(a, p->var_at);
    egi_free(a, p);
}

void egi_steps_free(eg_func *f)
{
    while (f->steps) {
        egi_step *older = f->steps->older;
        step_free(&f->eg->allocator, f->steps);
        f->steps = older;
    }
}

/* Where the function's variables lie in the states of the context, and where its own memory begins behind them all. */
static bool place(egi_step *p, const eg_func *f)
{
    const eg_allocator *a = &f->eg->allocator;
    p->all_at = egi_alloc(a, (size_t)(f->eg->vars.n + 1) * sizeof *p->all_at, 16);
    p->var_at = egi_alloc(a, (size_t)(f->graph->vars.n + 1) * sizeof *p->var_at, 16);
    bool ok = p->all_at && p->var_at && egi_state_layout(f->eg, p->all_at, &p->solo.begin);
    for (int64_t k = 0; ok && k < f->graph->vars.n; k++) p->var_at[k] = p->all_at[f->graph->vars.at[k]->index];
    if (!ok) egi_no_memory(f->eg);
    p->solo.var_at = p->var_at;
    p->num_vars = f->eg->vars.n;
    return ok;
}

static bool fill_table(egi_step *p)
{
    egi_solo *s = &p->solo;
    if (!egi_solo_plans(s, &p->plans)) {
        egi_no_memory(s->g->eg);
        return false;
    }
    for (int64_t k = 0; k < s->num_data; k++) s->table[k] = egi_solo_datum(s, p->plans, k);
    return true;
}

static egi_step *step_new(eg_func *f)
{
    eg_context *eg = f->eg;
    egi_step *p = egi_alloc(&eg->allocator, sizeof *p, 16);
    if (!p) {
        egi_no_memory(eg);
        return NULL;
    }
    p->solo = (egi_solo){
        .g = f->graph, .kind = EGI_SOLO_HERE, .name = f->name, .magic = egi_state_magic(eg), .seed = eg->options.seed};
    if (place(p, f) && egi_compile_solo(&p->solo, NULL) && fill_table(p) && (p->fn = egi_solo_code(&p->solo))) return p;
    step_free(&eg->allocator, p);
    return NULL;
}

egi_step *egi_step_of(eg_func *f)
{
    if (f->steps && f->steps->num_vars == f->eg->vars.n) return f->steps;
    egi_step *p = step_new(f);
    if (!p) return NULL;
    p->older = f->steps;
    return f->steps = p;
}
