/* Delay lines: a ring of the last values and the place of the newest, as two variables. */
#include <stdio.h>

#include "api/ops.h"
#include "engram/parallel.h"

struct eg_delay {
    eg_context *eg;
    eg_var *ring, *head; /* [max_steps + 1, ...], i32 */
    eg_spec spec;        /* of one value */
    int64_t max_steps;
};

enum { MAX_NAME = 200 };

eg_delay *(eg_delay_new)(eg_context *eg, const char *name, eg_spec spec, int64_t max_steps, const char *file, int line)
{
    char full[MAX_NAME + 8];
    if (!egi_ready(eg)) return NULL;
    if (!name || strlen(name) > MAX_NAME - 8) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_delay_new: the name %s; use at most %d characters",
                 name ? "is too long" : "is NULL", MAX_NAME - 8);
        return NULL;
    }
    if (!egi_check_spec(eg, spec, "eg_delay_new", file, line)) return NULL;
    if (max_steps < 0 || max_steps >= INT32_MAX || spec.rank == EG_MAX_RANK) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line,
                 "eg_delay_new: '%s' of %lld steps and rank %d; steps are 0 to 2147483646, ranks 0 to %d", name,
                 (long long)max_steps, spec.rank, EG_MAX_RANK - 1);
        return NULL;
    }
    eg_spec ring = {.dtype = spec.dtype, .rank = spec.rank + 1, .dim = {max_steps + 1}};
    memcpy(ring.dim + 1, spec.dim, (size_t)spec.rank * sizeof *spec.dim);
    eg_delay *d = egi_arena_alloc(&eg->arena, sizeof *d);
    if (!d) {
        egi_no_memory(eg);
        return NULL;
    }
    *d = (eg_delay){.eg = eg, .spec = spec, .max_steps = max_steps};
    int64_t before = eg->vars.n;
    snprintf(full, sizeof full, "%s.ring", name);
    d->ring = (eg_variable)(eg, full, ring, file, line);
    snprintf(full, sizeof full, "%s.head", name);
    d->head = (eg_variable)(eg, full, eg_scalar(EG_I32), file, line);
    if (d->ring && d->head) return d;
    eg_drop_variables(eg, before);
    return NULL;
}

eg_var *eg_delay_ring(eg_delay *d) { return d ? d->ring : NULL; }

eg_var *eg_delay_head(eg_delay *d) { return d ? d->head : NULL; }

void(eg_delay_push)(eg_delay *d, eg_val x, const char *file, int line)
{
    if (!d) return;
    eg_val ring = (eg_get)(d->ring, file, line), head = (eg_get)(d->head, file, line), v[] = {ring, x};
    egi_call c = egi_begin_in(d->eg, "eg_delay_push", file, line, 2, v);
    eg_dtype t = egi_meet(&c, EGI_ALLOW_ALL, 2, v);
    if (c.g && t != d->spec.dtype)
        egi_wrong(&c, EG_ERR_TYPE, "the value is %s, '%s' remembers %s; use eg_convert", egi_show(&c, x).s,
                  d->ring->name, eg_dtype_name(d->spec.dtype));
    egi_id id = egi_operand(&c, x, t);
    if (!id) return;
    egi_shape s = egi_shape_at(&c, id), want = {.rank = d->spec.rank};
    memcpy(want.dim, d->spec.dim, sizeof want.dim);
    if (s.rank && !egi_shape_equal(&s, &want)) {
        egi_wrong(&c, EG_ERR_SHAPE, "the value is %s, '%s' remembers %s; give that, or a scalar", egi_show(&c, x).s,
                  d->ring->name, egi_show_shape(&want).s);
        return;
    }
    eg_val last = (eg_ge)(head, eg_int(d->max_steps), file, line);
    eg_val next = (eg_where)(last, eg_int(0), (eg_add)(head, eg_int(1), file, line), file, line);
    (eg_set)(d->ring, (eg_update_row)(ring, next, x, file, line), file, line);
    (eg_set)(d->head, next, file, line);
}

/* Row of the ring that holds the value `steps` (i32, within the line) before the last one. */
static eg_val row_of(eg_delay *d, eg_val steps, const char *file, int line)
{
    eg_val row = (eg_sub)((eg_get)(d->head, file, line), steps, file, line);
    eg_val around = (eg_add)(row, eg_int(d->max_steps + 1), file, line);
    return (eg_where)((eg_lt)(row, eg_int(0), file, line), around, row, file, line);
}

/* One delay an element: the ring as one vector, of which every element takes its own. */
static eg_val read_each(eg_delay *d, eg_val steps, const char *file, int line)
{
    int64_t n = d->spec.dim[0], all = (d->max_steps + 1) * n;
    eg_dtype t = all > INT32_MAX ? EG_I64 : EG_I32;
    eg_val row = (eg_convert)(row_of(d, steps, file, line), t, file, line);
    eg_val index = (eg_add)((eg_mul)(row, eg_int(n), file, line), (eg_iota)(d->eg, n, t, file, line), file, line);
    eg_val flat = (eg_reshape)((eg_get)(d->ring, file, line), 1, &all, file, line);
    return (eg_gather)(flat, index, 0, file, line);
}

eg_val(eg_delay_read)(eg_delay *d, eg_val steps, const char *file, int line)
{
    if (!d) return eg_nothing();
    egi_call c = egi_begin_in(d->eg, "eg_delay_read", file, line, 1, &steps);
    if (!c.g) return eg_nothing();
    bool plain = egi_is_plain(steps);
    bool whole = plain ? egi_plain_is_int(steps) : egi_is_int(egi_dtype_of(c.g, steps.id));
    egi_shape s = plain ? (egi_shape){0} : egi_shape_at(&c, steps.id);
    bool each = s.rank == 1 && d->spec.rank == 1 && s.dim[0] == d->spec.dim[0];
    if (!whole || (s.rank && !each)) {
        egi_wrong(&c, EG_ERR_TYPE, "steps of '%s' are %s; give an integer, a scalar, or one integer an element",
                  d->ring->name, egi_show(&c, steps).s);
        return eg_nothing();
    }
    if (plain && (egi_plain_int(steps) < 0 || egi_plain_int(steps) > d->max_steps)) {
        egi_wrong(&c, EG_ERR_ARGUMENT, "%lld steps of '%s', which remembers %lld; use 0 to that, or a longer line",
                  (long long)egi_plain_int(steps), d->ring->name, (long long)d->max_steps);
        return eg_nothing();
    }
    if (!plain) {
        steps = (eg_clip)(steps, eg_int(0), eg_int(d->max_steps), file, line);
        steps = (eg_convert)(steps, EG_I32, file, line);
    }
    if (each) return read_each(d, steps, file, line);
    return (eg_row)((eg_get)(d->ring, file, line), row_of(d, steps, file, line), file, line);
}
