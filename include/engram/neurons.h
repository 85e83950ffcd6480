/* Neurons: populations of integrate-and-fire and reduced models.  All stand on the public API alone, as yours do.
 *
 * Parameters are taken literally; begin with the ..._defaults(), which are those of BrainPy 2.3.1 but where that is
 * said.  Potentials are in mV, times in ms, R in MOhm with I in nA.  A group adds what is fed into it to its variable
 * `input`, which projections add to as well: that is I.  It returns its spikes.
 *
 * Those with conductances are in conductance.h.  What all of them have:
 * - A step is that of exponential Euler (eg_exp_euler(), integrate.h), exact where an equation is linear; each variable
 *   is advanced with the old values of the others.
 * - Variables have initialisers (initial.h); those left out begin at the value that is said.
 * - noise: standard deviation of what is added to the first variable in 1 ms, in its unit by sqrt(ms): noise dW, after
 *   the step of its equation; 0 = none.
 * - surrogate: the gradient of the spikes in training (modes.h); all 0: the default of surrogate.h.  Resets have no
 *   gradient, where nothing else is said.  Slopes are in 1/mV: one that is not 0 near the threshold alone lets
 *   potentials that jump far beyond it take part in learning.
 * - tau_ref, where a model resets V: V is held in the steps whose time t has t - t_last <= tau_ref, t_last being the
 *   time of the spike's step; other variables go on.  Times are products step * dt in double precision, whatever the
 *   network's type (50 steps for 5 ms at dt 0.1, or 49 where rounding falls so: BrainPy's comparison to the bit).  With
 *   tau_ref > 0 there is a variable refractory (i32): 1 + steps still to hold, from the spike on to the last held step;
 *   else 0.
 * - Variables besides those named: spike (bool; in training floats), input.
 * - params NULL: defaults.  Errors name the system, the parameter, its value and what to use.
 */
#ifndef ENGRAM_NEURONS_H
#define ENGRAM_NEURONS_H

#include "engram/dynsys.h"
#include "engram/modes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- linear membranes ---------------------------------------------------------------------------------------------- */

/* How a step of a linear membrane is computed. */
typedef enum eg_lif_method {
    EG_LIF_EXACT, /* V_inf + (V - V_inf) exp(-dt/tau): exact for an input constant in the step */
    EG_LIF_EULER  /* V + dt/tau (V_inf - V) */
} eg_lif_method;

/* Leaky integrate-and-fire (Gerstner et al., Neuronal Dynamics, 2014, section 1.3):
 *     tau dV/dt = V_rest - V + R I;   V >= V_th: a spike, V = V_reset, then V is held for tau_ref. */
typedef struct eg_lif_params {
    double V_rest;  /* mV */
    double V_reset; /* mV */
    double V_th;    /* mV; INFINITY: no spikes */
    double R;       /* MOhm */
    double tau;     /* ms, > 0 */
    double tau_ref; /* ms; 0 = none */
    eg_lif_method method;
    eg_initializer V_init; /* mV; default: V_rest */
    eg_surrogate surrogate;
    double noise; /* mV/sqrt(ms) */
} eg_lif_params;

/* V_rest 0, V_reset -5, V_th 20, R 1, tau 10, tau_ref 0, exact. */
EG_API eg_lif_params eg_lif_defaults(void);
/* Variables: V, with tau_ref > 0 refractory. */
EG_API eg_system *(eg_lif)(eg_system *parent, const char *name, int64_t num, const eg_lif_params *params, EG_PLACE);

/* tau dV/dt = V_rest - V + R I, without spikes. */
typedef struct eg_leaky_integrator_params {
    double V_rest; /* mV */
    double R;      /* MOhm */
    double tau;    /* ms, > 0 */
    eg_lif_method method;
    eg_initializer V_init; /* mV; default: 0 */
    double noise;          /* mV/sqrt(ms) */
} eg_leaky_integrator_params;

/* V_rest 0, R 1, tau 10, exact. */
EG_API eg_leaky_integrator_params eg_leaky_integrator_defaults(void);
/* Variables: V, input; no spike.  Returns V. */
EG_API eg_system *(eg_leaky_integrator)(eg_system *parent, const char *name, int64_t num,
                                        const eg_leaky_integrator_params *params, EG_PLACE);

/* Spikes that raise their own threshold (Bellec et al., "A solution to the learning dilemma for recurrent networks of
 * spiking neurons", Nature Communications 11, 2020; BrainPy's ALIFBellec2020):
 *     tau dV/dt = V_rest - V + R I,   tau_a da/dt = -a;
 *     V >= V_th + beta a: a spike, V = V - V_th, a = a + 1,
 * where the test takes a of before the step.  As V_th is subtracted, V_rest is to be 0, V and V_th to be measured from
 * there.  BrainPy's own defaults, V_rest -70, V_th -60 and a of -50, add 60 mV at each spike.
 * In training the surrogate is that of (V - V_th - beta a)/|V_th|, and gradients also pass through the reset of V and
 * the growth of a; with eprop not through that of V. */
typedef struct eg_alif_params {
    double V_rest;  /* mV */
    double V_th;    /* mV, not 0 */
    double R;       /* MOhm */
    double beta;    /* mV: what a spike adds to the threshold */
    double tau;     /* ms, > 0 */
    double tau_a;   /* ms, > 0 */
    double tau_ref; /* ms; 0 = none */
    bool eprop;
    eg_initializer V_init; /* mV; default: V_rest */
    eg_initializer a_init; /* default: 0 */
    eg_surrogate surrogate;
    double noise; /* mV/sqrt(ms), of V */
} eg_alif_params;

/* V_rest 0, V_th 1, R 1, beta 1.6, tau 20, tau_a 2000, tau_ref 0, no eprop, surrogate relu_grad(0.3, 1). */
EG_API eg_alif_params eg_alif_defaults(void);
/* Variables: V, a, with tau_ref > 0 refractory. */
EG_API eg_system *(eg_alif)(eg_system *parent, const char *name, int64_t num, const eg_alif_params *params, EG_PLACE);

/* Generalised integrate-and-fire (Mihalas and Niebur, "A generalized linear integrate-and-fire neural model produces
 * diverse spiking behaviors", Neural Computation 21, 2009):
 *     dI1/dt = -k1 I1,   dI2/dt = -k2 I2,   dV_th/dt = a (V - V_rest) - b (V_th - V_th_inf),
 *     tau dV/dt = V_rest - V + R (I + I1 + I2);
 *     V >= V_th: a spike, I1 = R1 I1 + A1, I2 = R2 I2 + A2, V = V_reset, V_th = max(V_th, V_th_reset),
 * where the test takes V_th of before the step. */
typedef struct eg_gif_params {
    double V_rest;                    /* mV */
    double V_reset;                   /* mV */
    double V_th_inf;                  /* mV: where the threshold comes to rest */
    double V_th_reset;                /* mV: what it is at least after a spike */
    double R;                         /* MOhm */
    double tau;                       /* ms, > 0 */
    double a, b;                      /* 1/ms */
    double k1, k2;                    /* 1/ms */
    double R1, R2;                    /* what a spike leaves of I1, I2 */
    double A1, A2;                    /* nA */
    double tau_ref;                   /* ms; 0 = none */
    eg_initializer V_init, V_th_init; /* mV; default: V_rest, V_th_inf */
    eg_initializer I1_init, I2_init;  /* nA; default: 0 */
    eg_surrogate surrogate;
    double noise; /* nA/sqrt(ms), of I1: BrainPy's first variable */
} eg_gif_params;

/* V_rest -70, V_reset -70, V_th_inf -50, V_th_reset -60, R 20, tau 20, a 0, b 0.01, k1 0.2, k2 0.02, R1 0, R2 1, A1 0,
 * A2 0, tau_ref 0. */
EG_API eg_gif_params eg_gif_defaults(void);
/* Variables: I1, I2, V_th, V, with tau_ref > 0 refractory. */
EG_API eg_system *(eg_gif)(eg_system *parent, const char *name, int64_t num, const eg_gif_params *params, EG_PLACE);

/* -- membranes with an upstroke ------------------------------------------------------------------------------------ */

/* Exponential integrate-and-fire (Fourcaud-Trocmé, Hansel, van Vreeswijk and Brunel, "How spike generation mechanisms
 * determine the neuronal response to fluctuating inputs", Journal of Neuroscience 23, 2003):
 *     tau dV/dt = V_rest - V + delta_T exp((V - V_T)/delta_T) + R I;   V >= V_th: a spike, V = V_reset, held for
 * tau_ref.
 * The exponent counts as 20 at most, from where V is above any threshold in the same step. */
typedef struct eg_exp_if_params {
    double V_rest;         /* mV */
    double V_reset;        /* mV */
    double V_th;           /* mV; INFINITY: no spikes */
    double V_T;            /* mV: where the upstroke begins */
    double delta_T;        /* mV, > 0: how sharp it is */
    double R;              /* MOhm */
    double tau;            /* ms, > 0 */
    double tau_ref;        /* ms; 0 = none */
    eg_initializer V_init; /* mV; default: V_rest (BrainPy's 0 is above the threshold) */
    eg_surrogate surrogate;
    double noise; /* mV/sqrt(ms) */
} eg_exp_if_params;

/* V_rest -65, V_reset -68, V_th -30, V_T -59.9, delta_T 3.48, R 1, tau 10, tau_ref 0. */
EG_API eg_exp_if_params eg_exp_if_defaults(void);
/* Variables: V, with tau_ref > 0 refractory. */
EG_API eg_system *(eg_exp_if)(eg_system *parent, const char *name, int64_t num, const eg_exp_if_params *params,
                              EG_PLACE);

/* Adaptive exponential integrate-and-fire (Brette and Gerstner, "Adaptive exponential integrate-and-fire model as an
 * effective description of neuronal activity", Journal of Neurophysiology 94, 2005):
 *     tau dV/dt = V_rest - V + delta_T exp((V - V_T)/delta_T) - R w + R I,   tau_w dw/dt = a (V - V_rest) - w;
 *     V >= V_th: a spike, V = V_reset, w = w + b, then V is held for tau_ref.
 * The exponent as in eg_exp_if(). */
typedef struct eg_adex_if_params {
    double V_rest;         /* mV */
    double V_reset;        /* mV */
    double V_th;           /* mV; INFINITY: no spikes */
    double V_T;            /* mV: where the upstroke begins */
    double delta_T;        /* mV, > 0: how sharp it is */
    double a;              /* uS: adaptation below the threshold */
    double b;              /* nA: adaptation by spikes */
    double R;              /* MOhm */
    double tau;            /* ms, > 0 */
    double tau_w;          /* ms, > 0 */
    double tau_ref;        /* ms; 0 = none */
    eg_initializer V_init; /* mV; default: V_rest */
    eg_initializer w_init; /* nA; default: 0 */
    eg_surrogate surrogate;
    double noise; /* mV/sqrt(ms), of V */
} eg_adex_if_params;

/* V_rest -65, V_reset -68, V_th -30, V_T -59.9, delta_T 3.48, a 1, b 1, R 1, tau 10, tau_w 30, tau_ref 30. */
EG_API eg_adex_if_params eg_adex_if_defaults(void);
/* Variables: V, w, with tau_ref > 0 refractory. */
EG_API eg_system *(eg_adex_if)(eg_system *parent, const char *name, int64_t num, const eg_adex_if_params *params,
                               EG_PLACE);

/* Quadratic integrate-and-fire (Latham, Richmond, Nelson and Nirenberg, "Intrinsic dynamics in neuronal networks. I.
 * Theory", Journal of Neurophysiology 83, 2000):
 *     tau dV/dt = c (V - V_rest)(V - V_c) + R I;   V >= V_th: a spike, V = V_reset, held for tau_ref. */
typedef struct eg_qua_if_params {
    double V_rest;         /* mV */
    double V_reset;        /* mV */
    double V_th;           /* mV; INFINITY: no spikes */
    double V_c;            /* mV: above it V rises by itself */
    double c;              /* 1/mV */
    double R;              /* MOhm */
    double tau;            /* ms, > 0 */
    double tau_ref;        /* ms; 0 = none */
    eg_initializer V_init; /* mV; default: V_rest */
    eg_surrogate surrogate;
    double noise; /* mV/sqrt(ms) */
} eg_qua_if_params;

/* V_rest -65, V_reset -68, V_th -30, V_c -50, c 0.07, R 1, tau 10, tau_ref 0. */
EG_API eg_qua_if_params eg_qua_if_defaults(void);
/* Variables: V, with tau_ref > 0 refractory. */
EG_API eg_system *(eg_qua_if)(eg_system *parent, const char *name, int64_t num, const eg_qua_if_params *params,
                              EG_PLACE);

/* Adaptive quadratic integrate-and-fire (Izhikevich, "Which model to use for cortical spiking neurons?", IEEE
 * Transactions on Neural Networks 15, 2004):
 *     tau dV/dt = c (V - V_rest)(V - V_c) - w + I,   tau_w dw/dt = a (V - V_rest) - w;
 *     V >= V_th: a spike, V = V_reset, w = w + b, then V is held for tau_ref. */
typedef struct eg_adqua_if_params {
    double V_rest;         /* mV */
    double V_reset;        /* mV */
    double V_th;           /* mV; INFINITY: no spikes */
    double V_c;            /* mV: above it V rises by itself */
    double c;              /* 1/mV */
    double a, b;           /* 1; mV */
    double tau;            /* ms, > 0 */
    double tau_w;          /* ms, > 0 */
    double tau_ref;        /* ms; 0 = none */
    eg_initializer V_init; /* mV; default: V_rest */
    eg_initializer w_init; /* mV; default: 0 */
    eg_surrogate surrogate;
    double noise; /* mV/sqrt(ms), of V */
} eg_adqua_if_params;

/* V_rest -65, V_reset -68, V_th -30, V_c -50, c 0.07, a 1, b 0.1, tau 10, tau_w 10, tau_ref 0. */
EG_API eg_adqua_if_params eg_adqua_if_defaults(void);
/* Variables: V, w, with tau_ref > 0 refractory. */
EG_API eg_system *(eg_adqua_if)(eg_system *parent, const char *name, int64_t num, const eg_adqua_if_params *params,
                                EG_PLACE);

/* Izhikevich, "Simple model of spiking neurons", IEEE Transactions on Neural Networks 14, 2003:
 *     dV/dt = 0.04 V^2 + 5 V + 140 - u + I,   du/dt = a (b V - u);
 *     V >= V_th: a spike, V = c, u = u + d, then V is held for tau_ref. */
typedef struct eg_izhikevich_params {
    double a;              /* 1/ms */
    double b;              /* 1 */
    double c;              /* mV */
    double d;              /* mV */
    double V_th;           /* mV; INFINITY: no spikes */
    double tau_ref;        /* ms; 0 = none */
    eg_initializer V_init; /* mV; default: 0 */
    eg_initializer u_init; /* mV; default: 1 */
    eg_surrogate surrogate;
    double noise; /* mV/sqrt(ms), of V */
} eg_izhikevich_params;

/* a 0.02, b 0.2, c -65, d 8, V_th 30, tau_ref 0: regular spiking. */
EG_API eg_izhikevich_params eg_izhikevich_defaults(void);
/* Variables: V, u, with tau_ref > 0 refractory. */
EG_API eg_system *(eg_izhikevich)(eg_system *parent, const char *name, int64_t num, const eg_izhikevich_params *params,
                                  EG_PLACE);

/* -- oscillators: spikes where V comes to V_th from below, without a reset; all without units but time in ms ------- */

/* Hindmarsh and Rose, "A model of neuronal bursting using three coupled first order differential equations",
 * Proceedings of the Royal Society B 221, 1984:
 *     dV/dt = y - a V^3 + b V^2 - z + I,   dy/dt = c - d V^2 - y,   dz/dt = r (s (V - V_rest) - z). */
typedef struct eg_hindmarsh_rose_params {
    double a, b, c, d, r, s, V_rest, V_th;
    eg_initializer V_init, y_init, z_init; /* default: 0, -10, 0 */
    eg_surrogate surrogate;
    double noise; /* 1/sqrt(ms), of V */
} eg_hindmarsh_rose_params;

/* a 1, b 3, c 1, d 5, r 0.01, s 4, V_rest -1.6, V_th 1. */
EG_API eg_hindmarsh_rose_params eg_hindmarsh_rose_defaults(void);
/* Variables: V, y, z. */
EG_API eg_system *(eg_hindmarsh_rose)(eg_system *parent, const char *name, int64_t num,
                                      const eg_hindmarsh_rose_params *params, EG_PLACE);

/* FitzHugh and Nagumo (FitzHugh, "Impulses and physiological states in theoretical models of nerve membrane",
 * Biophysical Journal 1, 1961):
 *     dV/dt = V - V^3/3 - w + I,   tau dw/dt = V + a - b w. */
typedef struct eg_fhn_params {
    double a, b;
    double tau; /* ms, > 0 */
    double V_th;
    eg_initializer V_init, w_init; /* default: 0 */
    eg_surrogate surrogate;
    double noise; /* 1/sqrt(ms), of V */
} eg_fhn_params;

/* a 0.7, b 0.8, tau 12.5, V_th 1.8. */
EG_API eg_fhn_params eg_fhn_defaults(void);
/* Variables: V, w. */
EG_API eg_system *(eg_fhn)(eg_system *parent, const char *name, int64_t num, const eg_fhn_params *params, EG_PLACE);

/* -- given spikes -------------------------------------------------------------------------------------------------- */

/* Spikes at given times: neuron indices[k] spikes in the first step whose time is times[k] or later, once however many
 * fall into it.  Times in ms, in any order; both arrays are copied.  Variables: spike (bool), next (i64: events done).
 * Errors: num_events negative, a time that is NaN, an index outside of the group. */
EG_API eg_system *(eg_spike_time_group)(eg_system *parent, const char *name, int64_t num, int64_t num_events,
                                        const double *times, const int32_t *indices, EG_PLACE);

#ifndef __cplusplus
#define eg_lif(...) (eg_lif)(__VA_ARGS__, EG_HERE)
#define eg_leaky_integrator(...) (eg_leaky_integrator)(__VA_ARGS__, EG_HERE)
#define eg_alif(...) (eg_alif)(__VA_ARGS__, EG_HERE)
#define eg_gif(...) (eg_gif)(__VA_ARGS__, EG_HERE)
#define eg_exp_if(...) (eg_exp_if)(__VA_ARGS__, EG_HERE)
#define eg_adex_if(...) (eg_adex_if)(__VA_ARGS__, EG_HERE)
#define eg_qua_if(...) (eg_qua_if)(__VA_ARGS__, EG_HERE)
#define eg_adqua_if(...) (eg_adqua_if)(__VA_ARGS__, EG_HERE)
#define eg_izhikevich(...) (eg_izhikevich)(__VA_ARGS__, EG_HERE)
#define eg_hindmarsh_rose(...) (eg_hindmarsh_rose)(__VA_ARGS__, EG_HERE)
#define eg_fhn(...) (eg_fhn)(__VA_ARGS__, EG_HERE)
#define eg_spike_time_group(...) (eg_spike_time_group)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
