/* The leaky membrane, for the models that have one. */
#ifndef EGM_MEMBRANE_H
#define EGM_MEMBRANE_H

#include "engram/models.h"

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

/* Checks what these models have in common. */
void membrane_check(eg_system *self, eg_lif_method method, double V_rest, double R, double tau);

/* How long a neuron that spikes in this step is held: the number of steps k after it with t_k - t <= tau_ref, plus 1
 * (i32 scalar).  Times are products step * dt in double precision, as in BrainPy, whose comparison this is to the bit;
 * but it is made once a step, not for each neuron. */
eg_val refractory_steps(eg_shared s, double tau_ref);

#endif
