/* What the neurons share: checks, states, noise, refractory periods, two membranes. */
#ifndef EGM_NEURON_H
#define EGM_NEURON_H

#include <math.h>
#include <stddef.h>

#include "engram/integrate.h"
#include "engram/neurons.h"

/* -- setup --------------------------------------------------------------------------------------------------------- */

/* A parameter by its name. */
typedef struct named {
    const char *name;
    double value;
} named;

/* Each must be finite; each must be a time in ms above 0, and finite. */
void check_finite(eg_system *self, size_t num, const named *params);
void check_times(eg_system *self, size_t num, const named *params);
#define NAMED(...)                                                                                                     \
    sizeof((const named[]){__VA_ARGS__}) / sizeof(named), (const named[]) { __VA_ARGS__ }
/* A threshold may be infinite. */
void check_threshold(eg_system *self, double V_th);
/* Checks what leaky membranes have in common. */
void check_membrane(eg_system *self, eg_lif_method method, double V_rest, double R, double tau);

/* The variable of a state, which begins at `otherwise` if init is left out. */
eg_var *add_state(eg_system *self, const char *name, eg_initializer init, double otherwise);

/* -- update -------------------------------------------------------------------------------------------------------- */

/* x after a step, with what noise adds to it; checks noise while setting up. */
void check_noise(eg_system *self, double noise);
eg_val with_noise(eg_system *self, eg_shared s, double noise, eg_val x);

/* A variable of how long to hold V, made if tau_ref > 0; NULL: V is never held. */
eg_var *add_refractory(eg_system *self, double tau_ref);
/* V where the neuron is held, else V_new. */
eg_val held(eg_var *refractory, eg_val V, eg_val V_new);
/* Neurons that spike in this step are held from the next one on.  Times are products step * dt in double precision, as
 * in BrainPy, whose comparison this is to the bit; but it is made once a step, not for each neuron. */
void hold(eg_var *refractory, eg_shared s, double tau_ref, eg_val spike);

/* One step of tau dV/dt = V_rest - V + R I. */
static inline eg_val membrane_step(eg_lif_method method, double V_rest, double R, double tau, eg_val dt, eg_val V,
                                   eg_val I)
{
    if (method == EG_LIF_EULER) {
        eg_val slope = eg_add(eg_sub(V_rest, V), eg_mul(R, I));
        return eg_add(V, eg_mul(eg_div(dt, tau), slope));
    }
    eg_val V_inf = eg_add(V_rest, eg_mul(R, I));
    eg_val decay = eg_exp(eg_div(eg_neg(dt), tau));
    return eg_add(V_inf, eg_mul(eg_sub(V, V_inf), decay));
}

/* delta_T exp((V - V_T)/delta_T), the upstroke of exponential membranes.  From an exponent of 20 on V is above any
 * threshold after the same step, whatever it is; infinities would only make gradients NaN. */
static inline eg_val upstroke(eg_val V, double V_T, double delta_T)
{
    return eg_mul(delta_T, eg_exp(eg_min(eg_mul(eg_sub(V, V_T), 1 / delta_T), 20)));
}

#endif
