/* Schedules: learning rates that depend on the number of updates done.
 *
 *     eg_schedule lr = eg_exponential_decay(0.025, 1, 0.99975);
 *
 * An optimiser (optimizers.h) has one; eg_schedule_at() gives the rate in a trace of yours, eg_schedule_value() on the
 * host.  Rates are computed in double precision whatever is trained.  Below, i is the number of updates done: 0 in the
 * first one.
 */
#ifndef ENGRAM_SCHEDULES_H
#define ENGRAM_SCHEDULES_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(KIND, Name): EG_SCHEDULE_<KIND>, and the name it has elsewhere.
 *   Constant          lr
 *   ExponentialDecay  lr decay_rate^(i / decay_steps)
 *   InverseTimeDecay  lr / (1 + decay_rate i / decay_steps); staircase: the quotient i / decay_steps is rounded down
 *   PolynomialDecay   (lr - final_lr) (1 - i / decay_steps)^power + final_lr for i < decay_steps, then final_lr
 *   PiecewiseConstant values[number of boundaries < i]
 *   Custom            what fn makes of i */
#define EG_SCHEDULES(X)                                                                                                \
    X(CONSTANT, Constant)                                                                                              \
    X(EXPONENTIAL_DECAY, ExponentialDecay)                                                                             \
    X(INVERSE_TIME_DECAY, InverseTimeDecay)                                                                            \
    X(POLYNOMIAL_DECAY, PolynomialDecay)                                                                               \
    X(PIECEWISE_CONSTANT, PiecewiseConstant)                                                                           \
    X(CUSTOM, Custom)

/* How the rate depends on i: the names above with EG_SCHEDULE_ before them. */
typedef enum eg_schedule_kind {
#define X(kind, name) EG_SCHEDULE_##kind,
    EG_SCHEDULES(X)
#undef X
        EG_SCHEDULE_COUNT
} eg_schedule_kind;

/* The rate after i updates, on the host. */
typedef double (*eg_schedule_fn)(void *user, int64_t i);

/* A schedule by its parts, taken literally; the functions below are easier to read.  Each kind looks at the parts that
 * its formula names; all 0 is the constant 0. */
typedef struct eg_schedule {
    eg_schedule_kind kind;
    double lr;          /* the rate at i = 0; >= 0 */
    double decay_steps; /* updates, > 0; need not be whole */
    double decay_rate;  /* exponential: > 0; inverse time: >= 0 */
    double final_lr;    /* >= 0 */
    double power;       /* >= 0 */
    bool staircase;
    int num_boundaries;
    const int64_t *boundaries; /* num_boundaries of them, ascending */
    const double *values;      /* num_boundaries + 1 rates, each >= 0 */
    eg_fn fn;                  /* traced: fn(user, i), i an i64 scalar, returns a scalar */
    eg_schedule_fn value;      /* the same on the host; may be NULL */
    void *user;
} eg_schedule;

/* lr in all updates. */
EG_API eg_schedule eg_constant_lr(double lr);
/* lr decay_rate^(i / decay_steps); a decay_rate above 1 grows. */
EG_API eg_schedule eg_exponential_decay(double lr, double decay_steps, double decay_rate);
/* lr / (1 + decay_rate i / decay_steps); with staircase the rate changes at whole multiples of decay_steps only. */
EG_API eg_schedule eg_inverse_time_decay(double lr, double decay_steps, double decay_rate, bool staircase);
/* From lr to final_lr within decay_steps updates: (lr - final_lr) (1 - i / decay_steps)^power + final_lr, and final_lr
 * from i = decay_steps on.  Power 1 is a straight line, 0 a step. */
EG_API eg_schedule eg_polynomial_decay(double lr, double decay_steps, double final_lr, double power);
/* values[k] where k boundaries are below i: values[0] up to and including i = boundaries[0].  Of boundaries there are
 * num_boundaries, of values one more.  The arrays are read when the schedule is used; an optimiser keeps copies. */
EG_API eg_schedule eg_piecewise_constant(int num_boundaries, const int64_t *boundaries, const double *values);
/* What fn(user, i) makes in the trace of i (i64 scalar): a scalar of any float type or a plain number.  It may read
 * variables, so that the rate can be changed between runs without a new trace.  value(user, i) is the same on the host,
 * for eg_schedule_value() and eg_optimizer_lr(), or NULL: these are NaN then. */
EG_API eg_schedule eg_custom_schedule(eg_fn fn, eg_schedule_fn value, void *user);

/* "ExponentialDecay" and so on; never NULL. */
EG_API const char *eg_schedule_kind_name(eg_schedule_kind kind);

/* Traced: the rate after `step` updates (an integer scalar or a whole plain number), an f64 scalar.  A traced step
 * below 0 counts as 0, a plain number is an error.  In C, s may be a compound literal.
 * Errors: s NULL or of an unknown kind, rates that are negative, infinite or NaN, parts outside of what is said above,
 * boundaries that do not ascend, a step that is no scalar, a result of fn that is no scalar or no float. */
EG_API eg_val(eg_schedule_at)(eg_context *eg, eg_val step, const eg_schedule *s, EG_PLACE);
/* The same computed by C's library, which may differ in the last bits; a step below 0 counts as 0.  NaN of NULL, of
 * unknown kinds, and of custom ones without `value`. */
EG_API double eg_schedule_value(const eg_schedule *s, int64_t step);

#ifndef __cplusplus
#define eg_schedule_at(eg, step, ...) (eg_schedule_at)(eg, EG_VAL(step), __VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
