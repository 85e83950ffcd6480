/* Calling loops over time from the host, and what they have recorded. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "loop_over_time.h"

static loop *loop_of(eg_system *s, const char *what, const char *file, int line)
{
    if (!s || eg_error(s->eg)) return NULL;
    if (s->type == &loop_class) return s->self;
    eg_fail(s->eg, EG_ERR_ARGUMENT, file, line, "%s: '%s' is a %s, not a loop; make one by eg_loop_over_time", what,
            s->path, s->type->name);
    return NULL;
}

static eg_status none(const eg_system *s)
{
    eg_status status = s ? eg_error(s->eg) : EG_ERR_ARGUMENT;
    return status ? status : EG_ERR_ARGUMENT;
}

/* -- memory -------------------------------------------------------------------------------------------------------- */

static size_t bytes_of(eg_spec s) { return (size_t)eg_num_elements(s) * eg_dtype_size(s.dtype); }

static bool reserve(loop *l, const eg_func *f)
{
    int n = eg_num_results(f);
    if (n > l->num_results) {
        loop_result *more = eg_keep(l->eg, (size_t)n * sizeof *more);
        if (!more) return false;
        if (l->num_results) memcpy(more, l->result, (size_t)l->num_results * sizeof *more);
        l->result = more;
        l->num_results = n;
    }
    for (int k = 0; k < n; k++) {
        loop_result *r = &l->result[k];
        size_t bytes = bytes_of(eg_result_spec(f, k));
        if (r->at && r->bytes >= bytes) continue;
        eg_release(l->eg, r->at);
        r->bytes = 0;
        r->at = eg_alloc(l->eg, (int64_t)bytes, 1);
        if (!r->at) return false;
        r->bytes = bytes;
    }
    return true;
}

/* -- calls --------------------------------------------------------------------------------------------------------- */

/* What copies set in their inputs is forgotten with them; the loop has set them to 0. */
static void clear_inputs(eg_system *s, eg_state *state)
{
    for (const member *m = s->first_member; m; m = m->next) {
        void *at = m->kind == MEMBER_INPUT ? eg_data(state, m->var) : NULL;
        if (at) memset(at, 0, bytes_of(eg_variable_spec(m->var)));
    }
    for (eg_system *c = s->first; c; c = c->next) clear_inputs(c, state);
}

static eg_status call(loop *l, const loop_call *c, const void *x, const eg_loop_run_options *o, double t0, double dt,
                      const char *file, int line)
{
    l->last = NULL;
    loop_program *p = loop_program_of(l, c, file, line);
    if (!p || !reserve(l, p->func)) return eg_error(l->eg);
    int n = eg_num_results(p->func);
    void **out = eg_alloc(l->eg, n + 1, sizeof *out);
    const void *in[] = {&t0, &dt, x ? x : &t0}; /* without elements x may be NULL */
    if (!out) return eg_error(l->eg);
    for (int k = 0; k < n; k++) out[k] = l->result[k].at;
    eg_run_options run = {.threads = o->threads, .interpret = o->interpret, .check = o->check};
    eg_status status = eg_call(p->func, o->state, in, out, &run);
    eg_release(l->eg, out);
    if (status) return status;
    if (c->batch || l->o.no_state) clear_inputs(l->target, o->state);
    l->last = p;
    return EG_OK;
}

static bool check_times(loop *l, double t0, double dt)
{
    eg_check_param(l->self, isfinite(t0), "t0", t0, "use a time in ms");
    eg_check_param(l->self, dt > 0 && dt < 1e12, "dt", dt, "use a time in ms above 0, 0 for the loop's");
    return !eg_error(l->eg);
}

static double dt_of(const loop *l, const eg_loop_run_options *o)
{
    if (o->dt != 0) return o->dt;
    return l->o.dt > 0 ? l->o.dt : eg_dt(l->target);
}

static bool has_batches(const loop *l) { return eg_mode_of(l->target) != EG_NONBATCHING; }

/* Steps and samples of the data. */
static bool check_data(loop *l, loop_call *c, const void *x, const char *file, int line)
{
    bool batches = has_batches(l), good = eg_dtype_size(c->x.dtype) && c->x.rank > batches && c->x.rank <= EG_MAX_RANK;
    for (int k = 0; good && k < c->x.rank; k++) good = c->x.dim[k] >= 0;
    const char *axes = !batches ? "[T, ...]" : c->batch_first ? "[B, T, ...]" : "[T, B, ...]";
    if (!good) {
        eg_fail(l->eg, EG_ERR_SHAPE, file, line, "eg_loop_run: x of '%s' must have the shape %s", l->self->path, axes);
        return false;
    }
    c->steps = c->x.dim[batches && c->batch_first];
    if (batches) c->batch = c->x.dim[!c->batch_first];
    if (!x && eg_num_elements(c->x) > 0)
        eg_fail(l->eg, EG_ERR_ARGUMENT, file, line, "eg_loop_run: x of '%s' is NULL", l->self->path);
    else if ((batches && c->batch < 1) || (l->o.no_state && c->steps < 1))
        eg_fail(l->eg, EG_ERR_SHAPE, file, line, "eg_loop_run: x %s of '%s' has %lld steps of %lld samples, it needs 1",
                axes, l->self->path, (long long)c->steps, (long long)(batches ? c->batch : 1));
    return !eg_error(l->eg);
}

static bool batch_first(const loop *l) { return has_batches(l) && l->o.data_first_axis != EG_TIME_FIRST; }

eg_status(eg_loop_run)(eg_system *s, eg_spec spec, const void *x, const eg_loop_run_options *options, const char *file,
                       int line)
{
    loop *l = loop_of(s, "eg_loop_run", file, line);
    if (!l) return none(s);
    eg_loop_run_options o = options ? *options : (eg_loop_run_options){0};
    loop_call c = {.x = spec, .fit = o.fit, .batch_first = batch_first(l)};
    double t0 = o.t0 ? *o.t0 : l->o.t0, dt = dt_of(l, &o);
    if (!check_times(l, t0, dt) || !check_data(l, &c, x, file, line)) return none(s);
    return call(l, &c, x, &o, t0, dt, file, line);
}

eg_status(eg_loop_run_until)(eg_system *s, double end, const eg_loop_run_options *options, const char *file, int line)
{
    loop *l = loop_of(s, "eg_loop_run_until", file, line);
    if (!l) return none(s);
    eg_loop_run_options o = options ? *options : (eg_loop_run_options){0};
    double t0 = o.t0 ? *o.t0 : l->o.t0, dt = dt_of(l, &o);
    loop_call c = {.x = {.rank = -1}, .fit = o.fit, .batch = has_batches(l) ? eg_batch_size(l->target) : 0};
    c.steps = check_times(l, t0, dt) ? loop_steps_until(l, end, t0, dt) : -1;
    return c.steps < 0 ? none(s) : call(l, &c, NULL, &o, t0, dt, file, line);
}

/* -- results ------------------------------------------------------------------------------------------------------- */

static const eg_history nothing = {.spec = {.rank = -1}};

static bool was_called(const loop *l, const char *what, const char *file, int line)
{
    if (l->last) return true;
    eg_fail(l->eg, EG_ERR_STATE, file, line, "%s: '%s' has no results, its last call failed or there was none", what,
            l->self->path);
    return false;
}

static eg_history result(const loop *l, int k)
{
    return (eg_history){.spec = eg_result_spec(l->last->func, k), .data = l->result[k].at};
}

eg_history(eg_loop_output)(eg_system *s, int k, const char *file, int line)
{
    loop *l = loop_of(s, "eg_loop_output", file, line);
    if (!l || !was_called(l, "eg_loop_output", file, line)) return nothing;
    int n = eg_num_results(l->last->func) - l->o.num_out_vars;
    if (k >= 0 && k < n) return result(l, k);
    eg_fail(l->eg, EG_ERR_ARGUMENT, file, line, "eg_loop_output: there is no output %d of '%s'; it has %d", k,
            l->target->path, n);
    return nothing;
}

eg_history(eg_loop_history)(eg_system *s, const char *path, const char *file, int line)
{
    loop *l = loop_of(s, "eg_loop_history", file, line);
    if (!l || !was_called(l, "eg_loop_history", file, line)) return nothing;
    int n = l->o.num_out_vars;
    char known[400] = "";
    for (int k = 0; k < n; k++) {
        const char *name = l->o.out_vars[k];
        size_t used = strlen(known);
        if (path && !strcmp(name, path)) return result(l, eg_num_results(l->last->func) - n + k);
        if (used + strlen(name) + 3 < sizeof known)
            snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", name);
    }
    eg_fail(l->eg, EG_ERR_ARGUMENT, file, line,
            "eg_loop_history: '%.100s' is not among the out_vars of '%s'; there is %s", path ? path : "NULL",
            l->self->path, *known ? known : "none");
    return nothing;
}
