/* Steps of differential equations.
 *
 * An equation is a function, written for single numbers and traced where a step is asked for:
 *
 *     static eg_val dV(void *user, eg_val x)               // tau dV/dt = -V + a V^3 + I
 *     {
 *         const own *n = user;
 *         eg_val V = eg_item(x, 0), I = eg_item(x, 1);
 *         return eg_div(eg_add(eg_sub(eg_mul(n->a, eg_pow(V, 3)), V), I), n->tau);
 *     }
 *     ...
 *     eg_val x = eg_tuple(eg, 2, (eg_val[]){eg_get(n->V), I});
 *     eg_set(n->V, eg_exp_euler(eg, dV, n, x, 0, s.dt));
 */
#ifndef ENGRAM_INTEGRATE_H
#define ENGRAM_INTEGRATE_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One step of exponential Euler (BrainPy's exp_auto; Hochbruck and Ostermann, "Exponential integrators", Acta Numerica
 * 19, 2010, section 2): part k of x, a variable y with dy/dt = f, after the time dt, the other parts being held,
 *     y + dt phi(dt L) f,   L = df/dy,   phi(z) = (e^z - 1)/z,   phi(0) = 1.
 * L is differentiated from f.  Exact where f is linear in y; what depends on plain numbers alone, as phi then does, is
 * computed once, not for each element.  Several equations take their steps from the same x, the old values.
 * f is called while tracing with one number for each part of x (a tuple if there are several) and gives one number.  It
 * may use plain numbers and read variables of one number, but no values of the trace around it, and it sets nothing.
 * Parts of x have the shape of y, or rank 0: they are the same for all.  dt has rank 0; time is in the unit of f.
 * dt L counts as 30 at most: a step that grows 10^13 times only says that y explodes, and derivatives of the step stay
 * finite.
 * Errors: k is none of the parts, y is not floating, a part of another shape, f gives more than a number, sets
 * variables, or does what has no gradient (eg_while, host functions). */
EG_API eg_val(eg_exp_euler)(eg_context *eg, eg_fn f, void *user, eg_val x, int k, eg_val dt, EG_PLACE);

/* One step of the classical Runge-Kutta method of order 4 for several equations together: the first num parts of x, of
 * one shape and type, have the derivatives f[0], f[1], ...; the other parts are held.  Their values after dt: a tuple,
 * or one value if num is 1.  Equations are called and written as those of eg_exp_euler(), four times each.
 * Errors: num below 1 or more than x has parts, an equation that is NULL, and those of eg_exp_euler(). */
EG_API eg_val(eg_rk4)(eg_context *eg, int num, const eg_fn *f, void *user, eg_val x, eg_val dt, EG_PLACE);

/* How models take a step of their equations. */
typedef enum eg_method {
    EG_METHOD_EXP_EULER, /* eg_exp_euler(): each variable with the old values of the others */
    EG_METHOD_RK4        /* eg_rk4(): all together */
} eg_method;

#ifndef __cplusplus
#define eg_rk4(eg, num, f, user, x, dt) (eg_rk4)(eg, num, f, user, EG_VAL(x), EG_VAL(dt), EG_HERE)
#define eg_exp_euler(eg, f, user, x, k, dt) (eg_exp_euler)(eg, f, user, EG_VAL(x), k, EG_VAL(dt), EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
