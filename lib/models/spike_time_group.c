/* Groups that spike at given times. */
#include <math.h>
#include <stdlib.h>

#include "engram/models.h"

typedef struct event {
    double time;
    int32_t index;
} event;

typedef struct timed {
    eg_context *eg;
    int64_t num_events;
    const double *times; /* of the caller, while it is made */
    const int32_t *indices;
    eg_array *at, *who; /* ascending in time */
    eg_var *spike, *next;
    eg_val t; /* f64, while an update is traced */
} timed;

static int earlier(const void *a, const void *b)
{
    const event *x = a, *y = b;
    return (x->time > y->time) - (x->time < y->time);
}

static bool checked(eg_system *self, const timed *g)
{
    if (g->num_events < 0 || (g->num_events && (!g->times || !g->indices))) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "%s",
                       g->num_events < 0 ? "the number of events is negative" : "times or indices are missing");
        return false;
    }
    for (int64_t k = 0; k < g->num_events; k++) {
        if (!isnan(g->times[k]) && g->indices[k] >= 0 && g->indices[k] < eg_num(self)) continue;
        eg_system_fail(self, EG_ERR_ARGUMENT, "event %lld is of neuron %d at %g ms; use 0 to %lld and a time",
                       (long long)k, (int)g->indices[k], g->times[k], (long long)eg_num(self) - 1);
        return false;
    }
    return true;
}

/* The events in order, with one behind the last that never comes. */
static void keep_events(eg_system *self, timed *g)
{
    eg_context *eg = eg_system_context(self);
    int64_t n = g->num_events;
    g->at = eg_array_new(eg, eg_vector(EG_F64, n + 1), NULL);
    g->who = eg_array_new(eg, eg_vector(EG_I64, n + 1), NULL);
    event *e = eg_keep(eg, (size_t)(n + 1) * sizeof *e);
    double *at = eg_array_data(g->at);
    int64_t *who = eg_array_data(g->who);
    if (!e || !at || !who) return;
    for (int64_t k = 0; k < n; k++) e[k] = (event){g->times[k], g->indices[k]};
    qsort(e, (size_t)n, sizeof *e, earlier);
    for (int64_t k = 0; k < n; k++) {
        at[k] = e[k].time;
        who[k] = e[k].index;
    }
    at[n] = INFINITY;
}

static void setup(eg_system *self)
{
    timed *g = eg_self(self);
    if (!checked(self, g)) return;
    keep_events(self, g);
    g->times = NULL;
    g->indices = NULL;
    g->spike = eg_add_variable(self, "spike", eg_vector(EG_BOOL, eg_num(self)), eg_init_constant(0));
    g->next = eg_add_variable(self, "next", eg_scalar(EG_I64), eg_init_constant(0));
}

static eg_val due(void *user, eg_val x)
{
    timed *g = user;
    return eg_le(eg_row(eg_constant(g->at), eg_item(x, 0)), g->t);
}

static eg_val emit(void *user, eg_val x)
{
    timed *g = user;
    eg_val next = eg_item(x, 0), who = eg_row(eg_constant(g->who), next);
    eg_val now[] = {eg_add(next, 1), eg_update_row(eg_item(x, 1), who, true)};
    return eg_tuple(g->eg, 2, now);
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    timed *g = eg_self(self);
    (void)x;
    g->t = s.t64;
    eg_val start[] = {eg_get(g->next), eg_zeros(g->eg, eg_vector(EG_BOOL, eg_num(self)))};
    eg_val done = eg_while(g->eg, due, emit, g, eg_tuple(g->eg, 2, start));
    eg_set(g->next, eg_item(done, 0));
    eg_set(g->spike, eg_item(done, 1));
    return eg_item(done, 1);
}

static const eg_class timed_class = {
    .name = "SpikeTimeGroup", .role = EG_GROUP, .size = sizeof(timed), .setup = setup, .update = update};

eg_system *(eg_spike_time_group)(eg_system *parent, const char *name, int64_t num, int64_t num_events,
                                 const double *times, const int32_t *indices, const char *file, int line)
{
    timed g = {.eg = eg_system_context(parent), .num_events = num_events, .times = times, .indices = indices};
    return (eg_system_new)(parent, name, &timed_class, num, &g, file, line);
}
