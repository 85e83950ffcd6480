/* The steps of loops over time, traced. */
#include "loop_over_time.h"

#include <math.h>

static eg_val tuple(const loop *l, int n, const eg_val *v) { return (eg_tuple)(l->eg, n, v, __FILE__, __LINE__); }

/* What the updates of step i share; its time is t0 + i dt, rounded once. */
static eg_shared shared_of(const loop_pass *p, eg_val i)
{
    eg_shared s = eg_shared_at(p->l->target, i, p->dt);
    s.t64 = eg_fma(eg_convert(i, EG_F64), p->dt, p->t0);
    s.t = eg_convert(s.t64, eg_float_type(p->l->target));
    s.fit = p->fit;
    return s;
}

/* A row as the target takes it: floats are of its type. */
static eg_val fed(const loop *l, eg_val x)
{
    eg_spec s = eg_spec_of(x);
    eg_dtype want = eg_float_type(l->target);
    if (s.rank >= 0) return (s.dtype == EG_F32 || s.dtype == EG_F64) && s.dtype != want ? eg_convert(x, want) : x;
    int n = eg_tuple_size(x);
    eg_val *part = eg_keep(l->eg, (size_t)n * sizeof *part);
    for (int k = 0; part && k < n; k++) part[k] = fed(l, eg_item(x, k));
    return part ? tuple(l, n, part) : eg_nothing();
}

/* What a step gives: the target's output, or with out_vars the pair of it and their values. */
static eg_val step(const loop_pass *p, eg_val i, eg_val x)
{
    const loop *l = p->l;
    eg_val out[2] = {eg_update(l->target, shared_of(p, i), x), eg_nothing()};
    if (eg_error(l->eg)) return eg_nothing();
    if (eg_is_number(out[0], NULL)) out[0] = eg_full(l->eg, eg_scalar(eg_float_type(l->target)), out[0]);
    if (!l->o.num_out_vars) return out[0];
    for (int k = 0; k < l->o.num_out_vars; k++) l->seen[k] = eg_value(l->target, l->o.out_vars[k]);
    out[1] = tuple(l, l->o.num_out_vars, l->seen);
    return tuple(l, 2, out);
}

static eg_val body(void *user, eg_val args)
{
    const loop_pass *p = user;
    eg_val x = p->has_x ? fed(p->l, eg_item(args, 2)) : eg_no_input();
    eg_val done[2] = {eg_nothing(), step(p, eg_item(args, 0), x)};
    eg_clear_input(p->l->target);
    return eg_error(p->l->eg) ? eg_nothing() : tuple(p->l, 2, done);
}

/* Without out_vars and outputs there is nothing to stack; a pair always has its second part. */
eg_val loop_steps(loop_pass *p, int64_t n, eg_val x)
{
    eg_val done = eg_loop(p->l->eg, n, body, p, eg_nothing(), p->has_x ? x : eg_nothing());
    return eg_error(p->l->eg) ? eg_nothing() : eg_item(done, 1);
}

eg_val loop_once(loop_pass *p, eg_val row) { return step(p, eg_full(p->l->eg, eg_scalar(EG_I64), 0), fed(p->l, row)); }

/* -- rows without state, inside another function ------------------------------------------------------------------- */

/* All rows begin with the state that the call finds: what a row sets is put back. */
typedef struct held {
    eg_var *var;
    eg_val value;
} held;

static int count_states(const eg_system *s)
{
    int n = 0;
    for (const member *m = s->first_member; m; m = m->next) n += !is_shared(m);
    for (const eg_system *c = s->first; c; c = c->next) n += count_states(c);
    return n;
}

static held *hold(const eg_system *s, held *to)
{
    for (const member *m = s->first_member; m; m = m->next) {
        if (is_shared(m)) continue;
        eg_var *v = variable_of(s, m);
        *to++ = (held){v, eg_get(v)};
    }
    for (const eg_system *c = s->first; c; c = c->next) to = hold(c, to);
    return to;
}

/* A variable that was not set stays untouched: setting it would have the loop carry it. */
static void put_back(const held *from, const held *end)
{
    for (; from < end; from++) {
        if (!eg_same_value(eg_get(from->var), from->value)) eg_set(from->var, from->value);
    }
}

static eg_val row_body(void *user, eg_val args)
{
    loop_pass *p = user;
    const loop *l = p->l;
    held *states = eg_keep(l->eg, (size_t)count_states(l->target) * sizeof *states);
    if (!states) return eg_nothing();
    const held *end = hold(l->target, states);
    eg_val done[2] = {eg_nothing(), loop_once(p, eg_item(args, 2))};
    put_back(states, end);
    return eg_error(l->eg) ? eg_nothing() : tuple(l, 2, done);
}

static eg_val all_rows(loop_pass *p, int64_t n, eg_val x)
{
    eg_val done = eg_loop(p->l->eg, n, row_body, p, eg_nothing(), x);
    eg_clear_input(p->l->target);
    return eg_error(p->l->eg) ? eg_nothing() : eg_item(done, 1);
}

/* -- a whole call -------------------------------------------------------------------------------------------------- */

/* Rows that all parts of x have; -1 after an error.  n: those of the parts before, -1 in front of the first. */
static int64_t rows_of(const loop *l, eg_val x, int64_t n)
{
    eg_spec s = eg_spec_of(x);
    int parts = eg_tuple_size(x);
    if (s.rank >= 1 && (n < 0 || n == s.dim[0])) return s.dim[0];
    if (s.rank >= 1)
        eg_system_fail(l->self, EG_ERR_SHAPE, "its inputs have %lld and %lld rows; give all the same number of steps",
                       (long long)n, (long long)s.dim[0]);
    else if (s.rank == 0 || parts == 0)
        eg_system_fail(l->self, EG_ERR_SHAPE,
                       "in a traced function it needs x: an end time, a plain number, or inputs [T, ...]");
    for (int k = 0; k < parts && s.rank < 0 && !eg_error(l->eg); k++) n = rows_of(l, eg_item(x, k), n);
    return eg_error(l->eg) ? -1 : n;
}

eg_val loop_update(eg_system *self, eg_shared s, eg_val x)
{
    loop *l = eg_self(self);
    double end = 0, dt = l->o.dt > 0 ? l->o.dt : eg_dt(l->target);
    bool number = eg_is_number(x, &end), none = number && end == 0 && signbit(end);
    int64_t n = number && !none ? loop_steps_until(l, end, l->o.t0, dt) : rows_of(l, none ? eg_nothing() : x, -1);
    if (n < 0) return eg_nothing();
    loop_pass p = {.l = l, .fit = s.fit, .has_x = !number};
    p.t0 = eg_full(l->eg, eg_scalar(EG_F64), l->o.t0);
    p.dt = eg_full(l->eg, eg_scalar(EG_F64), dt);
    return l->o.no_state ? all_rows(&p, n, x) : loop_steps(&p, n, x);
}
