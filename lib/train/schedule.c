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

eg_schedule eg_custom_schedule(eg_fn fn, void *user)
{
    return (eg_schedule){.kind = EG_SCHEDULE_CUSTOM, .fn = fn, .user = user};
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

typedef struct place {
    eg_context *eg;
    const char *who, *file;
    int line;
} place;

static bool check(const place *at, bool ok, const char *name, double x, const char *remedy)
{
    if (!ok) eg_fail(at->eg, EG_ERR_ARGUMENT, at->file, at->line, "%s: %s is %g; use %s", at->who, name, x, remedy);
    return ok;
}

static bool is_rate(const place *at, const char *name, double x)
{
    return check(at, x >= 0 && isfinite(x), name, x, "a finite number from 0 on");
}

static bool check_pieces(const place *at, const eg_schedule *s)
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

bool ego_check_schedule(eg_context *eg, const char *who, const eg_schedule *s, const char *file, int line)
{
    const place at = {eg, who, file, line};
    bool steps = s->decay_steps > 0 && isfinite(s->decay_steps);
    const char *some = "a finite number above 0";
    switch (s->kind) {
    case EG_SCHEDULE_CONSTANT: return is_rate(&at, "lr", s->lr);
    case EG_SCHEDULE_EXPONENTIAL_DECAY:
        return is_rate(&at, "lr", s->lr) && check(&at, steps, "lr.decay_steps", s->decay_steps, some) &&
               check(&at, s->decay_rate > 0 && isfinite(s->decay_rate), "lr.decay_rate", s->decay_rate, some);
    case EG_SCHEDULE_INVERSE_TIME_DECAY:
        return is_rate(&at, "lr", s->lr) && check(&at, steps, "lr.decay_steps", s->decay_steps, some) &&
               is_rate(&at, "lr.decay_rate", s->decay_rate);
    case EG_SCHEDULE_POLYNOMIAL_DECAY:
        return is_rate(&at, "lr", s->lr) && check(&at, steps, "lr.decay_steps", s->decay_steps, some) &&
               is_rate(&at, "lr.final_lr", s->final_lr) && is_rate(&at, "lr.power", s->power);
    case EG_SCHEDULE_PIECEWISE_CONSTANT: return check_pieces(&at, s);
    case EG_SCHEDULE_CUSTOM:
        if (!s->fn) eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: lr is Custom and its fn NULL; give a function", who);
        return s->fn != NULL;
    case EG_SCHEDULE_COUNT: break;
    }
    eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: there is no schedule of kind %d; use EG_SCHEDULE_...", who,
            (int)s->kind);
    return false;
}

/* -- in a trace ---------------------------------------------------------------------------------------------------- */

/* The arms are traced: two plain numbers would meet in f32. */
static eg_val pieces(eg_context *eg, const eg_schedule *s, eg_val step)
{
    eg_val lr = eg_full(eg, eg_scalar(EG_F64), s->values[0]);
    for (int k = 0; k < s->num_boundaries; k++)
        lr = eg_where(eg_gt(step, s->boundaries[k]), eg_full(eg, eg_scalar(EG_F64), s->values[k + 1]), lr);
    return lr;
}

static eg_val custom(eg_context *eg, const eg_schedule *s, eg_val step, const char *file, int line)
{
    eg_val lr = s->fn(s->user, step);
    if (eg_error(eg)) return eg_nothing();
    if (eg_is_number(lr, NULL) || (eg_tuple_size(lr) == 1 && eg_spec_of(lr).rank == 0)) return eg_convert(lr, EG_F64);
    eg_fail(eg, EG_ERR_SHAPE, file, line,
            "eg_schedule_at: what the schedule's fn returned is no scalar; return one number, the learning rate");
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

static eg_val rate(eg_context *eg, const eg_schedule *s, eg_val step, const char *file, int line)
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
        return eg_add(eg_mul(s->lr - s->final_lr, eg_pow(left, s->power)), s->final_lr);
    }
    case EG_SCHEDULE_PIECEWISE_CONSTANT: return pieces(eg, s, step);
    default: return custom(eg, s, step, file, line);
    }
}

eg_val(eg_schedule_at)(eg_context *eg, const eg_schedule *s, eg_val step, const char *file, int line)
{
    static const char who[] = "eg_schedule_at";
    if (!eg || eg_error(eg)) return eg_nothing();
    if (!s) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: the schedule is NULL; make one, as by eg_constant_lr()", who);
        return eg_nothing();
    }
    if (!ego_check_schedule(eg, who, s, file, line)) return eg_nothing();
    if (!is_step(step)) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line,
                "%s: the step is no integer scalar from 0 on; give the number of updates done", who);
        return eg_nothing();
    }
    eg_val i = eg_is_number(step, NULL) ? (eg_full)(eg, eg_scalar(EG_I64), step, file, line)
                                        : (eg_convert)(step, EG_I64, file, line);
    eg_val lr = rate(eg, s, i, file, line);
    if (eg_error(eg)) return eg_nothing();
    /* A plain number would become f32 where nothing else has a type. */
    return eg_is_number(lr, NULL) ? (eg_full)(eg, eg_scalar(EG_F64), lr, file, line) : lr;
}

/* -- on the host --------------------------------------------------------------------------------------------------- */

double eg_schedule_value(const eg_schedule *s, int64_t step)
{
    if (!s) return NAN;
    double q = (double)step / s->decay_steps;
    switch (s->kind) {
    case EG_SCHEDULE_CONSTANT: return s->lr;
    case EG_SCHEDULE_EXPONENTIAL_DECAY: return s->lr * pow(s->decay_rate, q);
    case EG_SCHEDULE_INVERSE_TIME_DECAY: return s->lr / (1 + s->decay_rate * (s->staircase ? floor(q) : q));
    case EG_SCHEDULE_POLYNOMIAL_DECAY:
        return (s->lr - s->final_lr) * pow(1 - fmin((double)step, s->decay_steps) / s->decay_steps, s->power) +
               s->final_lr;
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
