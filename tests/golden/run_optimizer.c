/* Kind `optimizer`: variables that follow stored gradients, in one loop over all updates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

enum { MOST = 8 };

static void set(golden *g, eg_optimizer_params *p, const char *name, const json_t *v)
{
    const struct {
        const char *name;
        double *x;
    } numbers[] = {{"momentum", &p->momentum}, {"rho", &p->rho},   {"beta1", &p->beta1},
                   {"beta2", &p->beta2},       {"beta", &p->beta}, {"eps", &p->eps},
                   {"epsilon", &p->eps},       {"tc", &p->tc},     {"weight_decay", &p->weight_decay}};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        if (strcmp(name, numbers[k].name) != 0) continue;
        *numbers[k].x = json_number_value(v);
        return;
    }
    if (!strcmp(name, "betas"))
        golden_numbers(g, v, p->betas, 3);
    else if (!strcmp(name, "amsgrad"))
        p->amsgrad = json_is_true(v);
    else if (!strcmp(name, "no_prox"))
        p->no_prox = json_is_true(v);
    else
        golden_unsupported(g, "parameter", name);
}

static eg_optimizer_params params_of(golden *g, golden_rates *r)
{
    const char *name = golden_name(g, "optimizer"), *key;
    eg_optimizer_kind kind = EG_OPTIMIZER_COUNT;
    for (unsigned k = 0; k < EG_OPTIMIZER_COUNT; k++) {
        if (!strcmp(name, eg_optimizer_kind_name(k))) kind = k;
    }
    if (kind == EG_OPTIMIZER_COUNT) golden_unsupported(g, "optimizer", name);
    eg_optimizer_params p = eg_optimizer_defaults(kind);
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(g->run, "params"), key, v)
    {
        golden_entry(g, "params", key);
        set(g, &p, key, v);
    }
    const char *scheduler = json_string_value(golden_entry(g, "schedule", "scheduler"));
    golden_schedule(g, scheduler ? scheduler : "", golden_entry(g, "schedule", "params"), r);
    p.lr = r->schedule;
    return p;
}

/* -- updates --------------------------------------------------------------------------------------------------------*/

typedef struct trained {
    golden *g;
    int n;
    int64_t steps;
    const char *name[MOST];
    eg_var *var[MOST];
    eg_array *grads[MOST]; /* a row an update */
    eg_optimizer *opt;
} trained;

static eg_val update(void *user, eg_val x)
{
    trained *t = user;
    eg_val rows = eg_item(x, 2), g[MOST], after[MOST];
    for (int k = 0; k < t->n; k++) g[k] = t->n == 1 ? rows : eg_item(rows, k);
    eg_optimizer_update(t->opt, t->n, g);
    for (int k = 0; k < t->n; k++) after[k] = eg_get(t->var[k]);
    return eg_tuple(t->g->eg, 2, (eg_val[]){eg_nothing(), t->n == 1 ? after[0] : eg_tuple(t->g->eg, t->n, after)});
}

static eg_val all(void *user, eg_val x)
{
    trained *t = user;
    (void)x;
    eg_val g[MOST];
    for (int k = 0; k < t->n; k++) g[k] = eg_constant(t->grads[k]);
    eg_val rows = t->n == 1 ? g[0] : eg_tuple(t->g->eg, t->n, g);
    return eg_item(eg_loop(t->g->eg, t->steps, update, t, eg_nothing(), rows), 1);
}

static eg_spec spec_of(const golden_array *a)
{
    eg_spec s = {.dtype = EG_F64, .rank = a->rank};
    for (int k = 0; k < a->rank; k++) s.dim[k] = a->dim[k];
    return s;
}

static void load(trained *t, const char *name)
{
    golden *g = t->g;
    const golden_array *init = golden_input_array(g, "init", name), *grads = golden_input_array(g, "grads", name);
    if (!init || !grads) return;
    if (t->n == MOST || grads->rank != init->rank + 1 || grads->dim[0] != t->steps) {
        golden_fail(g, "%s: %s", name, t->n == MOST ? "too many" : "the gradients are no rows of it");
        return;
    }
    int k = t->n++;
    t->name[k] = name;
    t->var[k] = eg_variable(g->eg, name, spec_of(init));
    eg_init(t->var[k], init->data, (size_t)init->num * sizeof *init->data);
    t->grads[k] = eg_array_new(g->eg, spec_of(grads), grads->data);
}

void golden_optimizer(golden *g)
{
    golden_rates r;
    trained t = {.g = g, .steps = (int64_t)golden_number(g, "steps")};
    eg_optimizer_params p = params_of(g, &r);
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(g->run, "init"), name, v) load(&t, name);
    if (*g->why) return;
    t.opt = eg_optimizer_new(g->eg, NULL, &p, t.n, t.var);
    eg_func *f = eg_trace(g->eg, "updates", all, &t, 0, NULL);
    double *after[MOST] = {0};
    int64_t num[MOST] = {0};
    for (int k = 0; k < t.n && !eg_error(g->eg); k++) {
        eg_spec s = eg_result_spec(f, k);
        num[k] = 1;
        for (int j = 0; j < s.rank; j++) num[k] *= s.dim[j];
        after[k] = calloc((size_t)num[k] + 1, sizeof *after[k]);
    }
    if (!eg_call(f, NULL, NULL, (void **)after, NULL) && eg_optimizer_steps(t.opt, NULL) != t.steps)
        golden_fail(g, "%lld updates were counted", (long long)eg_optimizer_steps(t.opt, NULL));
    if (eg_error(g->eg)) golden_fail(g, "%s", eg_message(g->eg));
    for (int k = 0; k < t.n; k++) {
        golden_check(g, t.name[k], after[k], num[k]);
        free(after[k]);
    }
}
