/* What is done with a batch, traced: the model over time for all samples, the loss, its gradient, the optimiser. */
#include "trainer.h"

#include <string.h>

typedef struct tracing {
    egt_trainer *t;
    bool fit, time_first;
    eg_func *model; /* of the batch */
    eg_func *grad;
    const char *file; /* where the user asked for it */
    int line;
} tracing;

#undef EG_HERE
#define EG_HERE c->file, c->line

static eg_val fail(const tracing *c, eg_status status, const char *what)
{
    eg_fail(c->t->eg, status, c->file, c->line, "%s '%s': %s", eg_class_of(c->t->self)->name,
            eg_system_path(c->t->self), what);
    return eg_nothing();
}

/* Numbers of a type. */
static eg_val whole(const tracing *c, int64_t k) { return eg_full(c->t->eg, eg_scalar(EG_I64), eg_int(k)); }
static eg_val real(const tracing *c, double x) { return eg_full(c->t->eg, eg_scalar(EG_F64), eg_real(x)); }

/* -- one sample ---------------------------------------------------------------------------------------------------- */

/* The same x in each step. */
static eg_val repeated(const tracing *c, eg_val x)
{
    eg_spec s = eg_spec_of(x);
    int64_t dim[EG_MAX_RANK] = {c->t->o.steps};
    if (s.rank == EG_MAX_RANK) return fail(c, EG_ERR_SHAPE, "x has so many axes that none is left for time");
    memcpy(dim + 1, s.dim, (size_t)s.rank * sizeof *dim);
    return eg_broadcast_to(x, s.rank + 1, dim);
}

/* Time begins at t0, whatever the runner's clock says, which stays as it is. */
static eg_val over_time(const tracing *c, eg_val x)
{
    egt_trainer *t = c->t;
    eg_val clock = eg_get(t->i0), zero = whole(c, 0);
    eg_set(t->i0, zero);
    eg_shared s = eg_shared_at(t->target, zero, real(c, eg_dt(t->target)));
    s.fit = c->fit;
    eg_begin(t->target);
    eg_val y = eg_update(t->runner, s, t->o.steps ? repeated(c, x) : x);
    eg_set(t->i0, clock);
    return t->o.num_monitors || eg_error(t->eg) ? y : eg_item(y, 0);
}

static eg_val once(const tracing *c, eg_val x)
{
    egt_trainer *t = c->t;
    eg_val zero = whole(c, 0);
    eg_shared s = eg_shared_at(t->target, zero, real(c, eg_dt(t->target)));
    s.t64 = real(c, t->o.t0);
    s.t = eg_convert(s.t64, eg_float_type(t->target));
    s.fit = c->fit;
    eg_hold_inputs(t->target);
    eg_clear_input(t->target);
    eg_begin(t->target);
    eg_val y = eg_update(t->target, s, x);
    eg_restore_inputs(t->target);
    return y;
}

static eg_val sample(void *user, eg_val x)
{
    const tracing *c = user;
    eg_spec have = eg_spec_of(x);
    eg_dtype want = eg_float_type(c->t->target);
    if ((have.dtype == EG_F32 || have.dtype == EG_F64) && have.dtype != want) x = eg_convert(x, want);
    eg_val y = c->t->through_time ? over_time(c, x) : once(c, x);
    if (!eg_error(c->t->eg) && (eg_is_number(y, NULL) || eg_tuple_size(y) == 0))
        return fail(c, EG_ERR_SHAPE, "its target returns nothing that could be compared with targets");
    return y;
}

/* -- the loss of a batch ------------------------------------------------------------------------------------------- */

/* Items from..to of a tuple: a value if it is one. */
static eg_val some(const tracing *c, eg_val v, int from, int to)
{
    eg_val item[64];
    if (to - from > 64) return fail(c, EG_ERR_SHAPE, "it has more than 64 outputs or monitors");
    for (int k = from; k < to; k++) item[k - from] = eg_item(v, k);
    return to - from == 1 ? item[0] : eg_tuple(c->t->eg, to - from, item);
}

/* What the model gives is a flat tuple: outputs, then histories. */
static eg_val predicts(const tracing *c, eg_val y)
{
    int histories = c->t->o.num_monitors, num = eg_num_results(c->model);
    if (!histories) return y;
    eg_val pair[2] = {some(c, y, 0, num - histories), eg_nothing()};
    if (c->t->named) return pair[0];
    pair[1] = some(c, y, num - histories, num);
    if (histories == 1) pair[1] = eg_tuple(c->t->eg, 1, &pair[1]);
    return eg_tuple(c->t->eg, 2, pair);
}

static bool is_scalar(eg_val v, bool floating)
{
    eg_spec s = eg_spec_of(v);
    return !eg_is_number(v, NULL) && s.rank == 0 && (!floating || s.dtype == EG_F32 || s.dtype == EG_F64);
}

static eg_val checked(const tracing *c, eg_val v)
{
    const egt_trainer *t = c->t;
    eg_val item[64];
    if (eg_error(t->eg)) return eg_nothing();
    if (t->num_values > 64) return fail(c, EG_ERR_ARGUMENT, "it has more than 63 metrics");
    if (eg_is_number(v, NULL) || eg_tuple_size(v) != t->num_values)
        return fail(c, EG_ERR_SHAPE,
                    t->num_values > 1 ? "loss_fn must return the loss and as many metrics as are named"
                                      : "loss_fn must return the loss, one value");
    for (int k = 0; k < t->num_values; k++) {
        item[k] = t->num_values > 1 ? eg_item(v, k) : v;
        if (!is_scalar(item[k], k == 0))
            return fail(c, EG_ERR_SHAPE,
                        k ? "a metric must be a scalar; take a mean"
                          : "the loss must be a floating scalar; take a mean");
    }
    return v;
}

static eg_val loss(void *user, eg_val args)
{
    const tracing *c = user;
    const egt_trainer *t = c->t;
    eg_val x = eg_item(args, 0), y = eg_item(args, 1);
    eg_val p = predicts(c, eg_apply(c->model, c->time_first ? eg_swap_axes(x, 0, 1) : x));
    if (eg_error(t->eg)) return eg_nothing();
    if (!t->named) return checked(c, t->o.loss_fn(t->o.user, p, y));
    eg_val v = t->named(p, y, EG_HERE);
    return checked(c, eg_error(t->eg) || eg_spec_of(v).rank == 0 ? v : eg_mean(v));
}

/* -- a step of training -------------------------------------------------------------------------------------------- */

static eg_val update(void *user, eg_val grads)
{
    const tracing *c = user;
    const egt_trainer *t = c->t;
    int num = eg_optimizer_num_trained(t->optimizer);
    eg_val *g = eg_keep(t->eg, (size_t)num * sizeof *g);
    if (!g) return eg_nothing();
    for (int k = 0; k < num; k++) g[k] = num > 1 ? eg_item(grads, k) : grads;
    if (t->o.clip_value > 0) eg_clip_by_value(t->eg, num, g, t->o.clip_value);
    if (t->o.clip_norm > 0) eg_clip_by_global_norm(t->eg, num, g, t->o.clip_norm);
    eg_optimizer_update(t->optimizer, num, g);
    return eg_nothing();
}

static eg_val leave(void *user, eg_val grads)
{
    (void)user;
    (void)grads;
    return eg_nothing();
}

/* x - x is NaN just where x is not finite. */
static eg_val spoilt(const tracing *c, eg_val x) { return eg_any(eg_isnan(eg_sub(x, x))); }

/* What else the model has set, running averages, stays as it was before a batch that is not finite. */
static void keep_back(const tracing *c, const eg_val *before, eg_val good)
{
    for (int k = 0; k < eg_num_used_variables(c->grad); k++) {
        eg_var *v = eg_used_variable(c->grad, k);
        eg_val now = eg_get(v);
        if (!eg_same_value(now, before[k])) eg_set(v, eg_where(good, now, before[k]));
    }
}

static eg_val step(void *user, eg_val args)
{
    tracing *c = user;
    const egt_trainer *t = c->t;
    int num = eg_optimizer_num_trained(t->optimizer), values = t->num_values, used = eg_num_used_variables(c->grad);
    eg_val *v = eg_keep(t->eg, (size_t)(values + num + 1 + used) * sizeof *v);
    if (!v) return eg_nothing();
    eg_val *g = v + values, *before = g + num + 1, bad = whole(c, -1);
    for (int k = 0; k < used; k++) before[k] = eg_get(eg_used_variable(c->grad, k));
    eg_val y = eg_apply(c->grad, args);
    if (eg_error(t->eg)) return eg_nothing();
    for (int k = 0; k < values + num; k++) v[k] = eg_item(y, k);
    for (int k = num - 1; k >= 0; k--) bad = eg_where(spoilt(c, g[k]), whole(c, k), bad);
    bad = eg_where(spoilt(c, v[0]), whole(c, num), bad);
    keep_back(c, before, eg_lt(bad, 0));
    eg_cond(eg_lt(bad, 0), update, leave, c, num > 1 ? eg_tuple(t->eg, num, g) : g[0]);
    v[values] = bad;
    return eg_tuple(t->eg, values + 1, v);
}

/* -- functions ----------------------------------------------------------------------------------------------------- */

static bool fits(const egt_trainer *t, eg_spec x, eg_spec y, bool time_first, const char *file, int line)
{
    int axis = time_first ? 1 : 0, least = t->through_time && !t->o.steps ? 2 : 1;
    if (!egt_good_spec(x) || !egt_good_spec(y)) {
        eg_fail(t->eg, EG_ERR_SHAPE, file, line, "%s '%s': x or y has a type or shape that is none",
                eg_class_of(t->self)->name, eg_system_path(t->self));
        return false;
    }
    const char *want = least == 1 ? "[B, ...]" : time_first ? "[T, B, ...]" : "[B, T, ...]";
    if (x.rank >= least && y.rank >= 1 && x.dim[axis] >= 1 && y.dim[0] == x.dim[axis] &&
        (least == 1 || x.dim[1 - axis] >= 1))
        return true;
    eg_fail(
        t->eg, EG_ERR_SHAPE, file, line,
        "%s '%s': x must have the shape %s and y [B, ...] of as many samples, at least one, and of a step; x has %d "
        "axes and %lld samples, y %d and %lld",
        eg_class_of(t->self)->name, eg_system_path(t->self), want, x.rank, x.rank > axis ? (long long)x.dim[axis] : 0LL,
        y.rank, y.rank > 0 ? (long long)y.dim[0] : 0LL);
    return false;
}

/* The mode may have been changed since the trainer was made. */
static bool trainable(const egt_trainer *t, bool fit, const char *file, int line)
{
    eg_mode mode = eg_mode_of(t->target);
    if (mode == EG_TRAINING || (mode == EG_BATCHING && !fit)) return true;
    eg_fail(t->eg, EG_ERR_STATE, file, line, "%s '%s': its model is not in training mode any more; call eg_set_mode",
            eg_class_of(t->self)->name, eg_system_path(t->self));
    return false;
}

/* The model of a batch; its prediction is traced from it. */
static eg_val prediction(void *user, eg_val x)
{
    const tracing *c = user;
    eg_val p = predicts(c, eg_apply(c->model, c->time_first ? eg_swap_axes(x, 0, 1) : x));
    for (int k = 0; k < 2 && !eg_error(c->t->eg) && eg_spec_of(p).rank < 0; k++) p = eg_item(p, 0);
    return p;
}

static eg_func *trace_model(const tracing *c, const egt_step *s)
{
    int axis = s->time_first ? 1 : 0;
    eg_spec one = s->x;
    one.rank--;
    for (int k = axis; k < one.rank; k++) one.dim[k] = s->x.dim[k + 1];
    eg_func *first = (eg_trace)(c->t->eg, "model", sample, (void *)(uintptr_t)c, 1, &one, EG_HERE);
    eg_batched_options o = {.fresh = true};
    eg_func *all = first ? (eg_batched)(c->t->target, first, s->x.dim[axis], &o, EG_HERE) : NULL;
    eg_func_free(first);
    return all;
}

static eg_func *trace_step(egt_trainer *t, const egt_step *s, const char *file, int line)
{
    tracing all = {.t = t, .fit = s->fit, .time_first = s->time_first, .file = file, .line = line}, *c = &all;
    eg_spec args[2] = {s->x, s->y};
    c->model = trace_model(c, s);
    eg_func *f = NULL;
    if (c->model && s->predicts)
        f = (eg_trace)(t->eg, "predict", prediction, c, 1, args, EG_HERE);
    else if (c->model)
        f = (eg_trace)(t->eg, s->fit ? "loss" : "test", loss, c, 2, args, EG_HERE);
    eg_func_free(c->model);
    if (!f || !s->fit) return f;
    int num = eg_optimizer_num_trained(t->optimizer);
    eg_var **vars = eg_keep(t->eg, (size_t)num * sizeof *vars);
    for (int k = 0; vars && k < num; k++) vars[k] = eg_optimizer_trained(t->optimizer, k);
    eg_gradient_options o = {.num_vars = num, .vars = vars, .policy = t->o.policy, .every = t->o.every};
    c->grad = vars ? (eg_gradient)(f, &o, EG_HERE) : NULL;
    eg_func_free(f);
    f = c->grad ? (eg_trace)(t->eg, "fit", step, c, 2, args, EG_HERE) : NULL;
    eg_func_free(c->grad);
    return f;
}

void egt_free_steps(egt_trainer *t)
{
    for (egt_step *s = t->steps; s; s = s->next) eg_func_free(s->func);
    t->steps = NULL;
}

static eg_func *find_or_trace(egt_trainer *t, egt_step like, const char *file, int line)
{
    if (!fits(t, like.x, like.y, like.time_first, file, line) || !trainable(t, like.fit, file, line)) return NULL;
    if (t->steps && t->steps->made != eg_num_made(t->target)) egt_free_steps(t);
    for (const egt_step *s = t->steps; s; s = s->next) {
        if (eg_same_spec(s->x, like.x) && eg_same_spec(s->y, like.y) && s->fit == like.fit &&
            s->time_first == like.time_first && s->predicts == like.predicts)
            return s->func;
    }
    egt_step *s = eg_keep(t->eg, sizeof *s);
    if (!s) return NULL;
    *s = like;
    s->func = trace_step(t, s, file, line);
    if (!s->func) return NULL;
    s->made = eg_num_made(t->target);
    s->next = t->steps;
    t->steps = s;
    return s->func;
}

eg_func *egt_step_of(egt_trainer *t, eg_spec x, eg_spec y, bool fit, bool time_first, const char *file, int line)
{
    return find_or_trace(t, (egt_step){.x = x, .y = y, .fit = fit, .time_first = time_first}, file, line);
}

eg_func *egt_prediction_of(egt_trainer *t, eg_spec x, const char *file, int line)
{
    bool time_first = t->o.data_first_axis == EG_TIME_FIRST;
    egt_step like = {.x = x, .time_first = time_first, .predicts = true};
    like.y = eg_vector(EG_BOOL, x.rank > time_first ? x.dim[time_first] : 0);
    return find_or_trace(t, like, file, line);
}

eg_func *(eg_train_function)(eg_system *trainer, eg_spec x, eg_spec y, bool fit, const char *file, int line)
{
    egt_trainer *t = egt_of(trainer, "eg_train_function", file, line);
    bool time_first = t && t->o.data_first_axis == EG_TIME_FIRST;
    return t ? egt_step_of(t, x, y, fit, time_first, file, line) : NULL;
}
