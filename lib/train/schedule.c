/* Learning rates as functions of the number of updates, in a trace and on the host. */
#include <math.h>
#include <stdio.h>

#include "optimizer.h"

/* -- making -------------------------------------------------------------------------------------------------------- */

eg_schedule eg_constant_lr(double lr) { return (eg_schedule){.kind = EG_SCHEDULE_CONSTANT, .lr = lr}; }

eg_schedule eg_exponential_decay(double lr, double decay_steps, double decay_rate)
{
    return (eg_schedule){
        .kind = EG_SCHEDULE_EXPONENTIAL_DECAY, .lr = lr, .decay_steps = decay_steps, .decay_rate = decay_rate};
}

eg_schedule eg_inverse_time_decay(double lr, double decay_steps, double decay_rate, bool staircase)
{
    return (eg_schedule){.kind = EG_SCHEDULE_INVERSE_TIME_DECAY,
                         .lr = lr,
                         .decay_steps = decay_steps,
                         .decay_rate = decay_rate,
                         .staircase = staircase};
}

eg_schedule eg_polynomial_decay(double lr, double decay_steps, double final_lr, double power)
{
    return (eg_schedule){.kind = EG_SCHEDULE_POLYNOMIAL_DECAY,
                         .lr = lr,
                         .decay_steps = decay_steps,
                         .final_lr = final_lr,
                         .power = power};
}

eg_schedule eg_piecewise_constant(int num_boundaries, const int64_t *boundaries, const double *values)
{
    return (eg_schedule){.kind = EG_SCHEDULE_PIECEWISE_CONSTANT,
                         .num_boundaries = num_boundaries,
                         .boundaries = boundaries,
                         .values = values};
}

eg_schedule eg_custom_schedule(eg_fn fn, eg_schedule_fn value, void *user)
{
    return (eg_schedule){.kind = EG_SCHEDULE_CUSTOM, .fn = fn, .value = value, .user = user};
}

const char *eg_schedule_kind_name(eg_schedule_kind kind)
{
    static const char *const names[] = {
#define X(kind, name) #name,
        EG_SCHEDULES(X)
#undef X
    };
    return (unsigned)kind < EG_SCHEDULE_COUNT ? names[kind] : "?";
}

/* -- checking ------------------------------------------------------------------------------------------------------ */

static bool check(const ego_place *at, bool ok, const char *name, double x, const char *remedy)
{
    if (!ok) eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line, "%s: %s is %g; use %s", at->who, name, x, remedy);
    return ok;
}

static bool is_rate(const ego_place *at, const char *name, double x)
{
    return check(at, x >= 0 && isfinite(x), name, x, "a finite number from 0 on");
}

static bool check_pieces(const ego_place *at, const eg_schedule *s)
{
    if (s->num_boundaries < 0 || !s->values || (s->num_boundaries > 0 && !s->boundaries)) {
        eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line,
                "%s: lr is PiecewiseConstant with %d boundaries, %s boundaries and %s values; give num_boundaries of "
                "the first and one more of the second",
                at->who, s->num_boundaries, s->boundaries ? "given" : "no", s->values ? "given" : "no");
        return false;
    }
    for (int k = 0; k <= s->num_boundaries; k++) {
        char name[40];
        snprintf(name, sizeof name, "lr.values[%d]", k);
        if (!is_rate(at, name, s->values[k])) return false;
    }
    for (int k = 1; k < s->num_boundaries; k++) {
        char name[40];
        snprintf(name, sizeof name, "lr.boundaries[%d]", k);
        if (!check(at, s->boundaries[k] > s->boundaries[k - 1], name, (double)s->boundaries[k],
                   "boundaries that ascend"))
            return false;
    }
    return true;
}

bool ego_check_schedule(const ego_place *at, const eg_schedule *s)
{
    bool steps = s->decay_steps > 0 && isfinite(s->decay_steps);
    const char *some = "a finite number above 0";
    switch (s->kind) {
    case EG_SCHEDULE_CONSTANT: return is_rate(at, "lr", s->lr);
    case EG_SCHEDULE_EXPONENTIAL_DECAY:
        return is_rate(at, "lr", s->lr) && check(at, steps, "lr.decay_steps", s->decay_steps, some) &&
               check(at, s->decay_rate > 0 && isfinite(s->decay_rate), "lr.decay_rate", s->decay_rate, some);
    case EG_SCHEDULE_INVERSE_TIME_DECAY:
        return is_rate(at, "lr", s->lr) && check(at, steps, "lr.decay_steps", s->decay_steps, some) &&
               is_rate(at, "lr.decay_rate", s->decay_rate);
    case EG_SCHEDULE_POLYNOMIAL_DECAY:
        return is_rate(at, "lr", s->lr) && check(at, steps, "lr.decay_steps", s->decay_steps, some) &&
               is_rate(at, "lr.final_lr", s->final_lr) && is_rate(at, "lr.power", s->power);
    case EG_SCHEDULE_PIECEWISE_CONSTANT: return check_pieces(at, s);
    case EG_SCHEDULE_CUSTOM:
        if (!s->fn)
            eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line, "%s: lr is Custom and its fn NULL; give a function",
                    at->who);
        return s->fn != NULL;
    case EG_SCHEDULE_COUNT: break;
    }
    eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line, "%s: there is no schedule of kind %d; use EG_SCHEDULE_...",
            at->who, (int)s->kind);
    return false;
}

/* -- in a trace ---------------------------------------------------------------------------------------------------- */

/* The arms are traced: two plain numbers would meet in f32. */
static eg_val pieces(const ego_place *at, const eg_schedule *s, eg_val step)
{
    eg_val lr = eg_full(at->eg, eg_scalar(EG_F64), s->values[0]);
    for (int k = 0; k < s->num_boundaries; k++)
        lr = eg_where(eg_gt(step, s->boundaries[k]), eg_full(at->eg, eg_scalar(EG_F64), s->values[k + 1]), lr);
    return lr;
}

static eg_val custom(const ego_place *at, const eg_schedule *s, eg_val step)
{
    eg_val lr = s->fn(s->user, step);
    eg_spec spec = eg_spec_of(lr);
    if (eg_error(at->eg)) return eg_nothing();
    bool scalar = eg_tuple_size(lr) == 1 && spec.rank == 0, real = spec.dtype == EG_F32 || spec.dtype == EG_F64;
    if (eg_is_number(lr, NULL) || (scalar && real)) return eg_convert(lr, EG_F64);
    eg_fail(at->eg, scalar ? EG_ERR_TYPE : EG_ERR_SHAPE, at->file, at->line,
            "%s: what the schedule's fn returned is %s%s; return one float, the learning rate", at->who,
            scalar ? "of type " : "no scalar", scalar ? eg_dtype_name(spec.dtype) : "");
    return eg_nothing();
}

static bool is_step(eg_val step)
{
    double number;
    if (eg_is_number(step, &number)) return number >= 0 && number < 0x1p63 && number == floor(number);
    eg_spec spec = eg_spec_of(step);
    return eg_tuple_size(step) == 1 && spec.rank == 0 &&
           (spec.dtype == EG_I32 || spec.dtype == EG_U32 || spec.dtype == EG_I64);
}

static eg_val rate(const ego_place *at, const eg_schedule *s, eg_val step)
{
    eg_val i = eg_convert(step, EG_F64);
    switch (s->kind) {
    case EG_SCHEDULE_CONSTANT: return eg_real(s->lr);
    case EG_SCHEDULE_EXPONENTIAL_DECAY: return eg_mul(s->lr, eg_pow(s->decay_rate, eg_div(i, s->decay_steps)));
    case EG_SCHEDULE_INVERSE_TIME_DECAY: {
        eg_val q = eg_div(i, s->decay_steps);
        return eg_div(s->lr, eg_add(1.0, eg_mul(s->decay_rate, s->staircase ? eg_floor(q) : q)));
    }
    case EG_SCHEDULE_POLYNOMIAL_DECAY: {
        eg_val left = eg_sub(1.0, eg_div(eg_min(i, s->decay_steps), s->decay_steps));
        eg_val on_the_way = eg_add(eg_mul(s->lr - s->final_lr, eg_pow(left, s->power)), s->final_lr);
        return eg_where(eg_ge(i, s->decay_steps), s->final_lr, on_the_way); /* 0^0 is 1 */
    }
    case EG_SCHEDULE_PIECEWISE_CONSTANT: return pieces(at, s, step);
    default: return custom(at, s, step);
    }
}

static eg_val traced_rate(const ego_place *at, eg_val step, const eg_schedule *s)
{
    if (!s) {
        eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line,
                "%s: the schedule is NULL; make one, as by eg_constant_lr()", at->who);
        return eg_nothing();
    }
    if (!ego_check_schedule(at, s)) return eg_nothing();
    if (!is_step(step)) {
        eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line,
                "%s: the step is no integer scalar from 0 on; give the number of updates done", at->who);
        return eg_nothing();
    }
    eg_val i =
        eg_is_number(step, NULL) ? eg_full(at->eg, eg_scalar(EG_I64), step) : eg_max(eg_convert(step, EG_I64), 0);
    eg_val lr = rate(at, s, i);
    if (eg_error(at->eg)) return eg_nothing();
    /* A plain number would become f32 where nothing else has a type. */
    return eg_is_number(lr, NULL) ? eg_full(at->eg, eg_scalar(EG_F64), lr) : lr;
}

eg_val(eg_schedule_at)(eg_context *eg, eg_val step, const eg_schedule *s, const char *file, int line)
{
    const ego_place at = {eg, "eg_schedule_at", file, line};
    return eg && !eg_error(eg) ? traced_rate(&at, step, s) : eg_nothing();
}

/* -- on the host --------------------------------------------------------------------------------------------------- */

double eg_schedule_value(const eg_schedule *s, int64_t step)
{
    if (!s) return NAN;
    if (step < 0) step = 0;
    double q = (double)step / s->decay_steps;
    switch (s->kind) {
    case EG_SCHEDULE_CONSTANT: return s->lr;
    case EG_SCHEDULE_EXPONENTIAL_DECAY: return s->lr * pow(s->decay_rate, q);
    case EG_SCHEDULE_INVERSE_TIME_DECAY: return s->lr / (1 + s->decay_rate * (s->staircase ? floor(q) : q));
    case EG_SCHEDULE_POLYNOMIAL_DECAY:
        return q >= 1 ? s->final_lr : (s->lr - s->final_lr) * pow(1 - q, s->power) + s->final_lr;
    case EG_SCHEDULE_PIECEWISE_CONSTANT: {
        if (!s->values || (s->num_boundaries > 0 && !s->boundaries)) return NAN;
        int k = 0;
        while (k < s->num_boundaries && step > s->boundaries[k]) k++;
        return s->values[k];
    }
    case EG_SCHEDULE_CUSTOM: return s->value ? s->value(s->user, step) : NAN;
    default: return NAN;
    }
}
