/* Kind `scheduler`: learning rates by the number of updates. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"

/* -- schedules of cases ---------------------------------------------------------------------------------------------*/

static void set(golden *g, golden_rates *r, const char *name, const json_t *v)
{
    eg_schedule *s = &r->schedule;
    double x = json_number_value(v), list[GOLDEN_PIECES];
    if (!strcmp(name, "lr")) {
        s->lr = x;
    } else if (!strcmp(name, "decay_steps")) {
        s->decay_steps = x;
    } else if (!strcmp(name, "decay_rate")) {
        s->decay_rate = x;
    } else if (!strcmp(name, "final_lr")) {
        s->final_lr = x;
    } else if (!strcmp(name, "power")) {
        s->power = x;
    } else if (!strcmp(name, "staircase")) {
        s->staircase = json_is_true(v);
    } else if (!strcmp(name, "values")) {
        golden_numbers(g, v, r->values, GOLDEN_PIECES);
    } else if (!strcmp(name, "boundaries")) {
        s->num_boundaries = golden_numbers(g, v, list, GOLDEN_PIECES - 1);
        for (int k = 0; k < s->num_boundaries; k++) r->boundaries[k] = (int64_t)list[k];
    } else {
        golden_unsupported(g, "parameter of a schedule", name);
    }
}

void golden_schedule(golden *g, const char *name, const json_t *params, golden_rates *r)
{
    *r = (golden_rates){.schedule = {.kind = EG_SCHEDULE_COUNT}};
    for (unsigned k = 0; k < EG_SCHEDULE_COUNT; k++) {
        if (!strcmp(name, eg_schedule_kind_name(k))) r->schedule.kind = k;
    }
    if (r->schedule.kind == EG_SCHEDULE_COUNT) golden_unsupported(g, "scheduler", name);
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)params, key, v) set(g, r, key, v);
    r->schedule.boundaries = r->boundaries;
    r->schedule.values = r->values;
}

/* -- the kind -------------------------------------------------------------------------------------------------------*/

typedef struct asked {
    golden *g;
    eg_schedule *schedule;
    int64_t steps;
} asked;

static eg_val at(void *user, eg_val x)
{
    asked *a = user;
    return eg_tuple(a->g->eg, 2, (eg_val[]){eg_nothing(), eg_schedule_at(a->g->eg, eg_item(x, 0), a->schedule)});
}

/* All rates, by a loop over i. */
static eg_val all(void *user, eg_val x)
{
    asked *a = user;
    (void)x;
    return eg_item(eg_loop(a->g->eg, a->steps, at, a, eg_nothing(), eg_nothing()), 1);
}

static eg_val one(void *user, eg_val i)
{
    asked *a = user;
    return eg_schedule_at(a->g->eg, i, a->schedule);
}

void golden_scheduler(golden *g)
{
    enum { MOST = 64 };
    golden_rates r;
    const char *key;
    json_t *v, *params = json_object_get(g->run, "params");
    golden_schedule(g, golden_name(g, "scheduler"), params, &r);
    json_object_foreach(params, key, v) golden_entry(g, "params", key);
    double steps[MOST], *lr, lr_at[MOST];
    asked a = {g, &r.schedule, (int64_t)golden_number(g, "steps")};
    int n = golden_numbers(g, json_object_get(g->run, "at"), steps, MOST);
    if (*g->why || !(lr = calloc((size_t)a.steps + 1, sizeof *lr))) return;

    eg_call(eg_trace(g->eg, "all", all, &a, 0, NULL), NULL, NULL, (void *[]){lr}, NULL);
    golden_check(g, "lr", lr, a.steps);
    eg_func *f = eg_trace(g->eg, "one", one, &a, 1, (eg_spec[]){eg_scalar(EG_I64)});
    for (int k = 0; k < n; k++) {
        int64_t i = (int64_t)steps[k];
        eg_call(f, NULL, (const void *[]){&i}, (void *[]){&lr_at[k]}, NULL);
    }
    golden_check(g, "lr_at", lr_at, n);
    /* The host's rates are those of the case as well. */
    for (int64_t i = 0; i < a.steps; i++) lr[i] = eg_schedule_value(&r.schedule, i);
    golden_check(g, "lr", lr, a.steps);
    free(lr);
}
