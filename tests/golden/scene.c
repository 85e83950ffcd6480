/* What cases with neurons share: inputs, recording, initial values. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"

/* -- input: a row a step ------------------------------------------------------------------------------------------- */

typedef struct feed {
    eg_system *group;
    const char *to;
    eg_array *rows;
} feed;

static eg_val feed_update(eg_system *self, eg_shared s, eg_val x)
{
    feed *f = eg_self(self);
    (void)x;
    eg_accumulate(f->group, f->to, eg_row(eg_constant(f->rows), s.i));
    return eg_nothing();
}

static const eg_class feed_class = {.name = "Feed", .role = EG_PROJECTION, .size = sizeof(feed), .update = feed_update};

void golden_feed(golden *g, eg_system *group, const char *to, const golden_array *rows)
{
    if (!rows || !group) return;
    eg_spec spec = {.dtype = EG_F64, .rank = rows->rank};
    for (int k = 0; k < rows->rank && k < EG_MAX_RANK; k++) spec.dim[k] = rows->dim[k];
    eg_array *a = eg_array_new(g->eg, spec, rows->data);
    eg_system_new(eg_system_parent(group), NULL, &feed_class, 0, &(feed){group, to, a});
}

/* -- recording ----------------------------------------------------------------------------------------------------- */

typedef struct keeper {
    eg_system *group;
    const char *variable;
    eg_var *value;
} keeper;

static void keep_setup(eg_system *self)
{
    keeper *k = eg_self(self);
    eg_spec spec = eg_variable_spec(eg_system_variable(k->group, k->variable));
    if (spec.rank >= 0) k->value = eg_add_variable(self, "value", spec, eg_init_constant(0));
}

static eg_val keep_update(eg_system *self, eg_shared s, eg_val x)
{
    keeper *k = eg_self(self);
    (void)s;
    (void)x;
    eg_set(k->value, eg_value(k->group, k->variable));
    return eg_nothing();
}

static const eg_class keep_class = {
    .name = "Keep", .role = EG_OTHER, .size = sizeof(keeper), .setup = keep_setup, .update = keep_update};

eg_var *golden_keep(golden *g, eg_system *group, const char *variable)
{
    (void)g;
    eg_system *s = eg_system_new(eg_system_parent(group), NULL, &keep_class, 0, &(keeper){group, variable, NULL});
    return s ? ((keeper *)eg_self(s))->value : NULL;
}

void golden_start(golden *g, eg_system *group, const char *variable, const golden_array *from)
{
    eg_var *v = from ? eg_system_variable(group, variable) : NULL;
    if (v) eg_write(v, from->data, (size_t)from->num * sizeof *from->data);
    if (eg_error(g->eg)) golden_fail(g, "%s", eg_message(g->eg));
}

static void to_doubles(eg_dtype t, const void *from, int64_t n, double *to)
{
    for (int64_t k = 0; k < n; k++) {
        to[k] = t == EG_F64   ? ((const double *)from)[k]
                : t == EG_I32 ? ((const int32_t *)from)[k]
                              : ((const uint8_t *)from)[k];
    }
}

void golden_simulate(golden *g, eg_system *net, int64_t steps, int num, eg_var *const *record, double **out)
{
    void *rows[16] = {0};
    int64_t count[16] = {0};
    for (int k = 0; k < num; k++) {
        eg_spec s = eg_variable_spec(record[k]);
        count[k] = steps;
        for (int j = 0; j < s.rank; j++) count[k] *= s.dim[j];
        rows[k] = malloc((size_t)(count[k] + 1) * 8);
        out[k] = calloc((size_t)count[k] + 1, sizeof *out[k]);
    }
    if (!eg_error(g->eg))
        eg_simulate(net, steps, &(eg_simulate_options){.num_record = num, .record = record, .out = rows});
    if (eg_error(g->eg)) golden_fail(g, "%s", eg_message(g->eg));
    for (int k = 0; k < num; k++) {
        if (!eg_error(g->eg)) to_doubles(eg_variable_spec(record[k]).dtype, rows[k], count[k], out[k]);
        free(rows[k]);
    }
}

int64_t golden_every(double *rows, int64_t steps, int64_t width, int64_t every)
{
    int64_t n = every > 0 ? steps / every : 0;
    for (int64_t k = 0; k < n; k++)
        memmove(rows + k * width, rows + ((k + 1) * every - 1) * width, (size_t)width * sizeof *rows);
    return n;
}
