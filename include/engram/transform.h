/* Transformations of traced functions: gradients, copies side by side.
 *
 * A transformation takes a traced function and gives another one, which can be run, called in a trace by eg_apply(), or
 * transformed again: the gradient of a gradient, of a function that calls others, of a loop over either.
 */
#ifndef ENGRAM_TRANSFORM_H
#define ENGRAM_TRANSFORM_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the outermost loops store for their gradient: memory against time.  All policies give the same bits. */
typedef enum eg_checkpoint {
    EG_CHECKPOINT_ALL,  /* every step: carried values, products and random numbers; the rest is computed again */
    EG_CHECKPOINT_SQRT, /* carried values every sqrt(n) steps; the steps between run twice */
    EG_CHECKPOINT_EVERY /* carried values every `every` steps */
} eg_checkpoint;

/* With respect to what: with neither arguments nor variables, to all floating arguments. */
typedef struct eg_gradient_options {
    int result;   /* number of the result that is differentiated */
    int num_args; /* arguments, by number */
    const int *args;
    int num_vars; /* variables: the values that they have when the function starts */
    eg_var *const *vars;
    bool pullback; /* the result may have any shape; the new function takes one more argument, its gradient */
    eg_checkpoint policy;
    int64_t every; /* steps between checkpoints, for EG_CHECKPOINT_EVERY */
} eg_gradient_options;

/* The gradient of one result of f (a floating scalar: a loss), in reverse mode.  The new function takes f's arguments,
 * writes the variables that f writes, and gives f's results followed by the gradients, first of the arguments, then of
 * the variables, in the order asked for; each has the type and shape of what it belongs to.  What the result does not
 * depend on has gradient zero; so has what leads through booleans, integers, sign and rounding.
 * Of random draws the numbers are fixed and their parameters are not: of uniform, normal, truncated normal and
 * exponential all have gradients, of gamma the scale; counts (Poisson, binomial, bernoulli) have gradient zero.
 * Where a derivative is infinite (sqrt, log, division at 0) so is the gradient, and 0 times it NaN, also behind a
 * eg_where that does not take it: give the operation an argument that it can bear, eg_where(x > 0, x, 1), first.
 * min and max pass the gradient to the operand taken, equal ones share it; so do eg_amin and eg_amax.
 * Errors name the operation and your line: a result that is no scalar, no float, what has no gradient (eg_while, host
 * functions, loops of traced length) and is on a path to the result.  options may be NULL. */
EG_API eg_func *(eg_gradient)(eg_func *f, const eg_gradient_options *options, EG_PLACE);

/* forward(user, x), whose gradient is what backward says: while tracing, both are called once.  backward receives
 * (x, y, g), x and y as forward took and gave them and g the gradient with respect to y (of y's structure; zeros for
 * parts that are not floating); it returns the gradient with respect to x (of x's structure; parts that are not
 * floating are ignored, scalars are spread).  It may use arrays, connections and host functions, but no variables and
 * no values of the trace around it.  Gradients do not pass through what forward reads besides x.
 *
 *     static eg_val spike(void *u, eg_val x)
 *     {
 *         return eg_convert(eg_ge(x, 0), EG_F32);
 *     }
 *     static eg_val slope(void *u, eg_val v)
 *     {
 *         return eg_mul(eg_item(v, 2), eg_exp(eg_neg(eg_abs(eg_item(v, 0)))));
 *     }
 *     eg_val s = eg_custom_gradient(eg, spike, slope, NULL, eg_sub(V, V_th));
 *
 * When it runs without a gradient it costs what forward costs. */
EG_API eg_val(eg_custom_gradient)(eg_context *eg, eg_fn forward, eg_fn backward, void *user, eg_val x, const char *file,
                                  int line);
/* x (a value or tuple), through which no gradient passes. */
EG_API eg_val(eg_stop_gradient)(eg_val x, EG_PLACE);

/* -- copies side by side ------------------------------------------------------------------------------------------- */

/* A variable of which each copy has its own, and the one that holds it for all: of the same type, shape [num, shape of
 * one...]. */
typedef struct eg_vmap_variable {
    eg_var *one, *all; /* all NULL: each copy begins with the value of `one` */
    bool keep;         /* what copies set is forgotten: both stay as they are.  Needed if all is NULL */
} eg_vmap_variable;

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_vmap_options {
    int num_shared; /* arguments that are the same for all copies, by number: their shape stays */
    const int *shared;
    int num_vars; /* variables of which each copy has its own; the others are shared */
    const eg_vmap_variable *vars;
    bool same_draws; /* all copies draw the same random numbers; default: each its own */
} eg_vmap_options;

/* What `num` calls of f do, at once: a batch of samples, a sweep over parameters, an ensemble.  Arguments (but shared
 * ones) and results have one more axis in front, which counts copies; copy k gives the bits that a call of f with row k
 * of the arguments gives.  Random draws are the exception: each copy draws numbers of its own, unless same_draws is
 * set.
 * Where copies need different numbers of steps of a loop or while, those that have finished wait; of a cond whose
 * predicate differs both arms are computed, in each with a copy that chose it in place of those that did not (if none
 * did, an arm with an infinite derivative can still make gradients NaN).  Host functions are called for each copy, one
 * after the other; so are events along connections.
 * Called by itself, a run over time (eg_loop) along connections or of wide values is done copy by copy, as many at once
 * as there are threads: a sweep over networks takes as long as their runs one by one on all cores.  Cancelled, it
 * leaves the state of before, and results that mean nothing.
 * Errors: num below 1, unknown arguments, variables that do not fit, a shared variable that copies set to different
 * values, values of the highest rank, a host function inside of what only some copies do. */
EG_API eg_func *(eg_vmap)(eg_func *f, int64_t num, const eg_vmap_options *options, EG_PLACE);
/* The mean of x over the samples of a batch, of x's type and shape.  In a function that is written for one sample that
 * is x itself; eg_vmap() makes it the mean over its copies, one value for all of them, which also a shared variable may
 * be set to: batch normalisation is (x - m) / sqrt(v + eps) with m = eg_batch_mean(x), v = eg_batch_mean((x - m)^2).
 * What does not differ from copy to copy is its own mean.  In a cond, while or loop that only some copies do the mean
 * is over those that do; of what a loop does not change it is taken outside of the loop.  The first eg_vmap() that is
 * applied settles it, also for those around: of nested ones the innermost.
 * Gradients go to all copies: eg_vmap() of eg_gradient() gives, for each copy, the gradient of the sum of all copies'
 * results with respect to its own arguments; of what one copy gives to another alone ask eg_jacobian() after eg_vmap().
 * The copies that eg_jacobian() and eg_hessian() make for themselves are no samples: nothing is averaged over them.
 * Errors: x is not floating; a custom gradient averages inside of what only some copies do (then eg_vmap() fails). */
EG_API eg_val(eg_batch_mean)(eg_val x, EG_PLACE);

/* -- further derivatives: compositions of the two ------------------------------------------------------------------ */

/* Of which result, with respect to what; the pointer may be NULL: the first result, all floating arguments. */
typedef struct eg_derivative_options {
    int result;   /* number of the result, for all but eg_jvp() */
    int num_args; /* arguments, by number; 0 = all floating ones */
    const int *args;
    bool forward; /* eg_jacobian(): a pass for each element of the argument, not for each of the result */
    eg_checkpoint policy;
    int64_t every;
} eg_derivative_options;

/* Forward mode: the derivative along a direction.  Takes f's arguments, then a tangent for each of the chosen ones;
 * gives f's results, then the tangent of each floating result, in order.  Errors as eg_gradient(). */
EG_API eg_func *(eg_jvp)(eg_func *f, const eg_derivative_options *options, EG_PLACE);
/* The gradient of the sum of a result of any shape; results as of eg_gradient(). */
EG_API eg_func *(eg_vector_gradient)(eg_func *f, const eg_derivative_options *options, EG_PLACE);
/* All partial derivatives of a result of shape R by each chosen argument, of shape A: f's results, then arrays of shape
 * [R..., A...].  Random draws are those of one call.  Errors: more axes than EG_MAX_RANK, and those of eg_gradient()
 * and eg_vmap(). */
EG_API eg_func *(eg_jacobian)(eg_func *f, const eg_derivative_options *options, EG_PLACE);
/* Second derivatives of a floating scalar by each chosen argument, twice: f's results, then arrays of shape [A...,
 * A...]; forward over reverse. */
EG_API eg_func *(eg_hessian)(eg_func *f, const eg_derivative_options *options, EG_PLACE);

#ifndef __cplusplus
#define eg_jvp(...) (eg_jvp)(__VA_ARGS__, EG_HERE)
#define eg_vector_gradient(...) (eg_vector_gradient)(__VA_ARGS__, EG_HERE)
#define eg_jacobian(...) (eg_jacobian)(__VA_ARGS__, EG_HERE)
#define eg_hessian(...) (eg_hessian)(__VA_ARGS__, EG_HERE)
#define eg_vmap(...) (eg_vmap)(__VA_ARGS__, EG_HERE)
#define eg_batch_mean(x) (eg_batch_mean)(EG_VAL(x), EG_HERE)
#define eg_gradient(...) (eg_gradient)(__VA_ARGS__, EG_HERE)
#define eg_custom_gradient(eg, forward, backward, user, x)                                                             \
    (eg_custom_gradient)(eg, forward, backward, user, EG_VAL(x), EG_HERE)
#define eg_stop_gradient(x) (eg_stop_gradient)(EG_VAL(x), EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
