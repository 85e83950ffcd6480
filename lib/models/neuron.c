#include "neuron.h"

#include "engram/random.h"

/* -- setup --------------------------------------------------------------------------------------------------------- */

void check_finite(eg_system *self, size_t num, const named *params)
{
    for (size_t k = 0; k < num; k++)
        eg_check_param(self, isfinite(params[k].value), params[k].name, params[k].value, "use a finite number");
}

void check_times(eg_system *self, size_t num, const named *params)
{
    for (size_t k = 0; k < num; k++)
        eg_check_param(self, params[k].value > 0 && isfinite(params[k].value), params[k].name, params[k].value,
                       "use a time constant in ms above 0");
}

void check_threshold(eg_system *self, double V_th)
{
    eg_check_param(self, !isnan(V_th), "V_th", V_th, "use a potential, INFINITY for no spikes");
}

void check_membrane(eg_system *self, eg_lif_method method, double V_rest, double R, double tau)
{
    check_times(self, NAMED({"tau", tau}));
    check_finite(self, NAMED({"R", R}, {"V_rest", V_rest}));
    eg_check_param(self, method == EG_LIF_EXACT || method == EG_LIF_EULER, "method", method,
                   "use EG_LIF_EXACT or EG_LIF_EULER");
}

eg_var *add_state(eg_system *self, const char *name, eg_initializer init, double otherwise)
{
    return eg_add_variable(self, name, eg_floats(self), init.kind ? init : eg_init_constant(otherwise));
}

/* -- noise --------------------------------------------------------------------------------------------------------- */

void check_noise(eg_system *self, double noise)
{
    eg_check_param(self, noise >= 0 && isfinite(noise), "noise", noise, "use a standard deviation, 0 for none");
}

eg_val with_noise(eg_system *self, eg_shared s, double noise, eg_val x)
{
    if (noise == 0) return x;
    eg_val xi = eg_normal(eg_system_context(self), eg_floats(self), 0, 1);
    return eg_add(x, eg_mul(eg_mul(noise, eg_sqrt(s.dt)), xi));
}

/* -- refractory periods -------------------------------------------------------------------------------------------- */

eg_var *add_refractory(eg_system *self, double tau_ref)
{
    eg_check_param(self, tau_ref >= 0 && isfinite(tau_ref), "tau_ref", tau_ref, "use a time in ms, 0 for none");
    if (!(tau_ref > 0)) return NULL;
    return eg_add_variable(self, "refractory", eg_vector(EG_I32, eg_num(self)), eg_init_constant(0));
}

eg_val held(eg_var *refractory, eg_val V, eg_val V_new)
{
    return refractory ? eg_where(eg_gt(eg_get(refractory), 1), V, V_new) : V_new;
}

/* step * dt, rounded once: a sum with -0 that nothing is contracted with. */
static eg_val time_of(eg_val step, eg_val dt) { return eg_fma(step, dt, -0.0); }

/* 1 if t_(i + n) - t_i <= tau_ref */
static eg_val lasts(eg_shared s, eg_val n, double tau_ref)
{
    eg_val i = eg_convert(s.i, EG_F64);
    eg_val passed = eg_sub(time_of(eg_add(i, n), s.dt64), time_of(i, s.dt64));
    return eg_convert(eg_le(passed, tau_ref), EG_I32);
}

static const double MOST_HELD = INT32_MAX;

/* The number of steps k after this one with t_k - t <= tau_ref, plus 1 (i32 scalar). */
static eg_val steps_held(eg_shared s, double tau_ref)
{
    /* Rounding moves the limit by one step at most.  More steps than can be counted are as many as can be. */
    eg_val n = eg_min(eg_floor(eg_add(eg_div(tau_ref, s.dt64), 0.5)), MOST_HELD - 2);
    eg_val steps = eg_add(eg_convert(n, EG_I32), lasts(s, n, tau_ref));
    return eg_max(eg_add(steps, lasts(s, eg_add(n, 1.0), tau_ref)), 0);
}

void hold(eg_var *refractory, eg_shared s, double tau_ref, eg_val spike)
{
    if (!refractory) return;
    eg_val left = eg_max(eg_sub(eg_get(refractory), 1), 0);
    eg_set(refractory, eg_where(spike, steps_held(s, tau_ref), left));
}
