/* The leaky membrane: checks, refractory periods. */
#include "membrane.h"

#include <math.h>

void membrane_check(eg_system *self, eg_lif_method method, double V_rest, double R, double tau)
{
    eg_check_param(self, tau > 0 && isfinite(tau), "tau", tau, "use a time constant in ms above 0");
    eg_check_param(self, isfinite(R), "R", R, "use a finite resistance");
    eg_check_param(self, isfinite(V_rest), "V_rest", V_rest, "use a finite potential");
    eg_check_param(self, method == EG_LIF_EXACT || method == EG_LIF_EULER, "method", method,
                   "use EG_LIF_EXACT or EG_LIF_EULER");
}

/* step * dt, rounded once: a sum with -0 that nothing is contracted with. */
static eg_val time_of(eg_val step, eg_val dt) { return eg_fma(step, dt, -0.0); }

/* 1 if t_(i + n) - t_i <= tau_ref */
static eg_val holds(eg_shared s, eg_val n, double tau_ref)
{
    eg_val i = eg_convert(s.i, EG_F64);
    eg_val passed = eg_sub(time_of(eg_add(i, n), s.dt64), time_of(i, s.dt64));
    return eg_convert(eg_le(passed, tau_ref), EG_I32);
}

eg_val refractory_steps(eg_shared s, double tau_ref)
{
    /* Rounding moves the limit by one step at most. */
    eg_val n = eg_floor(eg_add(eg_div(tau_ref, s.dt64), 0.5));
    eg_val steps = eg_add(eg_convert(n, EG_I32), holds(s, n, tau_ref));
    return eg_max(eg_add(steps, holds(s, eg_add(n, 1.0), tau_ref)), 0);
}
