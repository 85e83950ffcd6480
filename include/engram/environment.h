/* The environment of a context: what is taken where nothing is said.
 *
 *     eg_set_environment(eg, &(eg_environment){.dt = 0.05, .x64 = EG_X64_ON});
 *     eg_environment e = eg_training_environment((eg_environment){.batch_size = 32});
 *     eg_enter_environment(eg, &e);
 *     ... networks made here have a step of 0.05 ms, are f64, and are trained on 32 samples ...
 *     eg_leave_environment(eg);
 *
 * Networks take their step, float type, mode and batch from it when they are made, input currents step and type; float_
 * is the default float of which other headers speak: of plain numbers that meet no traced value, and of integers where
 * only floats will do.  What was made before stays as it is.
 */
#ifndef ENGRAM_ENVIRONMENT_H
#define ENGRAM_ENVIRONMENT_H

#include "engram/modes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Double precision as one choice. */
typedef enum eg_x64 {
    EG_X64_AS_IT_WAS,
    EG_X64_ON, /* float_, int_ and complex_ become f64, i64 and c128 */
    EG_X64_OFF /* f32, i32 and c64 */
} eg_x64;

/* 0 means as it was; a new context has EG_NONBATCHING, 1 sample, 0.1 ms, EG_X64_OFF and its types. */
typedef struct eg_environment {
    eg_mode mode;       /* EG_BATCHING or EG_TRAINING; EG_NONBATCHING is 0 and therefore says nothing, but with */
    bool nonbatching;   /* the mode becomes EG_NONBATCHING */
    int64_t batch_size; /* samples of runs that are fed no data */
    double dt;          /* ms */
    eg_x64 x64;
    eg_dtype float_; /* EG_F32 or EG_F64; wins over x64 */
    eg_dtype int_;  /* EG_I32, EG_U32 or EG_I64; wins over x64.  For you to ask: the library's indices and counters have
                       types of their own, and plain whole numbers are i32, or i64 if they are too large for it */
    eg_dtype bool_; /* EG_BOOL, which is all there is */
    eg_dtype complex_; /* EG_C64 or EG_C128; wins over x64.  Of plain complex numbers that meet no traced value */
} eg_environment;

/* Sets what is given, all or nothing, in the order dt, mode, batch_size, x64, float_, int_, complex_.  NULL changes
 * nothing.
 * Errors: dt or batch_size below 0 or too large, an unknown mode, both a mode with batches and `nonbatching`, and as
 * EG_ERR_TYPE wrong types. */
EG_API eg_status(eg_set_environment)(eg_context *eg, const eg_environment *e, EG_PLACE);
/* All of it, as it could be set again.  For NULL that of a new context. */
EG_API eg_environment eg_get_environment(const eg_context *eg);

/* Calls fn(user) with what is given set, and puts back all that the environment was when it was called: also if fn
 * fails, or sets and enters environments of its own.  fn is not called if the context has an error before.  Returns the
 * context's status. */
EG_API eg_status(eg_with_environment)(eg_context *eg, const eg_environment *e, void (*fn)(void *user), void *user,
                                      EG_PLACE);
/* The same as a pair: what the environment was when it was entered comes back when it is left, also after an error,
 * even one of entering.  Pairs nest, at most 64 deep.  Errors: leaving what was not entered, in fn of
 * eg_with_environment() what was not entered there. */
EG_API eg_status(eg_enter_environment)(eg_context *eg, const eg_environment *e, EG_PLACE);
EG_API eg_status(eg_leave_environment)(eg_context *eg, EG_PLACE);

/* e with the mode EG_TRAINING or EG_BATCHING. */
static inline eg_environment eg_training_environment(eg_environment e)
{
    e.mode = EG_TRAINING;
    e.nonbatching = false;
    return e;
}
static inline eg_environment eg_batching_environment(eg_environment e)
{
    e.mode = EG_BATCHING;
    e.nonbatching = false;
    return e;
}

#ifndef __cplusplus
#define eg_set_environment(...) (eg_set_environment)(__VA_ARGS__, EG_HERE)
#define eg_with_environment(...) (eg_with_environment)(__VA_ARGS__, EG_HERE)
#define eg_enter_environment(...) (eg_enter_environment)(__VA_ARGS__, EG_HERE)
#define eg_leave_environment(eg) (eg_leave_environment)(eg, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
