/* Neurons with conductances: Hodgkin-Huxley and its kin.
 *
 * What holds for all neurons is said in neurons.h.  Here potentials are in mV, times in ms, conductances in mS/cm^2,
 * capacities in uF/cm^2, and currents, the input too, in uA/cm^2.  V is never reset: a spike is where it comes to V_th
 * from below.  Rates x/(1 - exp(-x)) have their limit where x is 0.
 *
 * method: exponential Euler, or the Runge-Kutta method of order 4 of all variables together (integrate.h), the input
 * being held in the step.
 *
 *     eg_hh_params p = eg_hh_defaults();
 *     p.V_init = eg_init_constant(-65);
 *     eg_system *E = eg_hh(net, "E", 100, &p);
 *     eg_current(net, NULL, E, 10);
 */
#ifndef ENGRAM_CONDUCTANCE_H
#define ENGRAM_CONDUCTANCE_H

#include "engram/dynsys.h"
#include "engram/integrate.h"
#include "engram/modes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Hodgkin and Huxley, "A quantitative description of membrane current and its application to conduction and excitation
 * in nerve", Journal of Physiology 117, 1952, with potentials as they are measured today:
 *     C dV/dt = -gNa m^3 h (V - ENa) - gK n^4 (V - EK) - gL (V - EL) + I,   dx/dt = alpha (1 - x) - beta x of m, h, n;
 *     alpha_m = 0.1 (V + 40)/(1 - exp(-(V + 40)/10)),    beta_m = 4 exp(-(V + 65)/18),
 *     alpha_h = 0.07 exp(-(V + 65)/20),                  beta_h = 1/(1 + exp(-(V + 35)/10)),
 *     alpha_n = 0.01 (V + 55)/(1 - exp(-(V + 55)/10)),   beta_n = 0.125 exp(-(V + 65)/80). */
typedef struct eg_hh_params {
    double ENa, EK, EL; /* mV */
    double gNa, gK, gL; /* mS/cm^2 */
    double V_th;        /* mV; INFINITY: no spikes */
    double C;           /* uF/cm^2, > 0 */
    eg_method method;
    eg_initializer V_init;                 /* mV; default: uniform in [-70, -60) */
    eg_initializer m_init, h_init, n_init; /* default: the steady state at the first V, alpha/(alpha + beta) */
    eg_surrogate surrogate;
    double noise; /* mV/sqrt(ms) */
} eg_hh_params;

/* ENa 50, gNa 120, EK -77, gK 36, EL -54.387, gL 0.3, V_th 20, C 1: the squid's axon, at rest at -65 mV (BrainPy's gL
 * is 0.03). */
EG_API eg_hh_params eg_hh_defaults(void);
/* Variables: V, m, h, n. */
EG_API eg_system *(eg_hh)(eg_system *parent, const char *name, int64_t num, const eg_hh_params *params, EG_PLACE);

/* Morris and Lecar, "Voltage oscillations in the barnacle giant muscle fiber", Biophysical Journal 35, 1981:
 *     C dV/dt = -g_Ca M (V - V_Ca) - g_K W (V - V_K) - g_leak (V - V_leak) + I,   M = (1 + tanh((V - V1)/V2))/2,
 *     dW/dt = phi cosh((V - V3)/(2 V4)) ((1 + tanh((V - V3)/V4))/2 - W). */
typedef struct eg_morris_lecar_params {
    double V_Ca, V_K, V_leak; /* mV */
    double g_Ca, g_K, g_leak; /* mS/cm^2 */
    double C;                 /* uF/cm^2, > 0 */
    double V1, V3;            /* mV: where half of calcium's and potassium's channels are open */
    double V2, V4;            /* mV, not 0: how far from there most are */
    double phi;               /* 1/ms */
    double V_th;              /* mV; INFINITY: no spikes */
    eg_method method;
    eg_initializer V_init; /* mV; default: uniform in [-70, -60) */
    eg_initializer W_init; /* default: 0.02 */
    eg_surrogate surrogate;
    double noise; /* mV/sqrt(ms) */
} eg_morris_lecar_params;

/* V_Ca 130, g_Ca 4.4, V_K -84, g_K 8, V_leak -60, g_leak 2, C 20, V1 -1.2, V2 18, V3 2, V4 30, phi 0.04, V_th 10. */
EG_API eg_morris_lecar_params eg_morris_lecar_defaults(void);
/* Variables: V, W. */
EG_API eg_system *(eg_morris_lecar)(eg_system *parent, const char *name, int64_t num,
                                    const eg_morris_lecar_params *params, EG_PLACE);

/* Wang and Buzsáki, "Gamma oscillation by synaptic inhibition in a hippocampal interneuronal network model", Journal of
 * Neuroscience 16, 1996: that of Hodgkin and Huxley with m in its steady state alpha_m/(alpha_m + beta_m) and
 *     dx/dt = phi (alpha (1 - x) - beta x) of h and n;
 *     alpha_m = 0.1 (V + 35)/(1 - exp(-(V + 35)/10)),    beta_m = 4 exp(-(V + 60)/18),
 *     alpha_h = 0.07 exp(-(V + 58)/20),                  beta_h = 1/(1 + exp(-(V + 28)/10)),
 *     alpha_n = 0.01 (V + 34)/(1 - exp(-(V + 34)/10)),   beta_n = 0.125 exp(-(V + 44)/80). */
typedef struct eg_wang_buzsaki_params {
    double ENa, EK, EL; /* mV */
    double gNa, gK, gL; /* mS/cm^2 */
    double V_th;        /* mV; INFINITY: no spikes */
    double phi;         /* how fast the gates are */
    double C;           /* uF/cm^2, > 0 */
    eg_method method;
    eg_initializer V_init;         /* mV; default: -65 */
    eg_initializer h_init, n_init; /* default: 0.6, 0.32 */
    eg_surrogate surrogate;
    double noise; /* mV/sqrt(ms) */
} eg_wang_buzsaki_params;

/* ENa 55, gNa 35, EK -90, gK 9, EL -65, gL 0.1, V_th 20, phi 5, C 1. */
EG_API eg_wang_buzsaki_params eg_wang_buzsaki_defaults(void);
/* Variables: V, h, n. */
EG_API eg_system *(eg_wang_buzsaki)(eg_system *parent, const char *name, int64_t num,
                                    const eg_wang_buzsaki_params *params, EG_PLACE);

/* Pinsky and Rinzel, "Intrinsic and network rhythmogenesis in a reduced Traub model for CA3 neurons", Journal of
 * Computational Neuroscience 1, 1994, with the erratum of 1995: a soma with potential Vs and a dendrite with Vd,
 *     Cm dVs/dt = -gNa m^2 h (Vs - ENa) - gK n (Vs - EK) - gL (Vs - EL) + (gc (Vd - Vs) + Is)/p,
 *     Cm dVd/dt = -I_Ca - gAHP q (Vd - EK) - gC c min(Ca/250, 1) (Vd - EK) - gL (Vd - EL)
 *                 + (gc (Vs - Vd) + Id)/(1 - p),
 *     I_Ca = gCa s^2 (Vd - ECa),   dCa/dt = -0.13 I_Ca - 0.075 Ca,   dx/dt = alpha (1 - x) - beta x of h, n, s, c, q
 * with m = alpha_m/(alpha_m + beta_m) and rates of Vs, of Vd and of Ca:
 *     alpha_m = 0.32 (-46.9 - Vs)/(exp((-46.9 - Vs)/4) - 1),    beta_m = 0.28 (Vs + 19.9)/(exp((Vs + 19.9)/5) - 1),
 *     alpha_h = 0.128 exp((-43 - Vs)/18),                       beta_h = 4/(1 + exp((-20 - Vs)/5)),
 *     alpha_n = 0.016 (-24.9 - Vs)/(exp((-24.9 - Vs)/5) - 1),   beta_n = 0.25 exp(-1 - 0.025 Vs);
 *     alpha_s = 1.6/(1 + exp(-0.072 (Vd - 5))),                 beta_s = 0.02 (Vd + 8.9)/(exp((Vd + 8.9)/5) - 1),
 *     alpha_c = exp((Vd + 50)/11 - (Vd + 53.5)/27)/18.975,      beta_c = 2 exp((-53.5 - Vd)/27) - alpha_c,
 *     above -10 mV 2 exp((-53.5 - Vd)/27) and 0;
 *     alpha_q = min(0.00002 Ca, 0.01),                          beta_q = 0.001.
 *
 * The variable input, and what is fed into the group, is the soma's current Is; the variable Id is the dendrite's, the
 * target of what comes there (eg_output has target and potential).  Spikes are those of the soma; BrainPy's model has
 * none. */
typedef struct eg_pinsky_rinzel_params {
    double gNa, gK, gCa, gAHP, gC, gL; /* mS/cm^2 */
    double ENa, EK, ECa, EL;           /* mV */
    double gc;                         /* mS/cm^2: between soma and dendrite */
    double V_th;                       /* mV, of Vs; INFINITY: no spikes */
    double Cm;                         /* uF/cm^2, > 0 */
    double p;                          /* the soma's share of the membrane, between 0 and 1 */
    bool as_brainpy; /* the equations of BrainPy 2.3.1, for comparison: the current through gC lacks its gate c, and
                      * alpha_c is (exp((Vd + 50)/11) - exp((Vd + 53.5)/27))/18.975, as printed in 1994 */
    eg_method method;
    eg_initializer Vs_init, Vd_init;                       /* mV; default: -64.6, -64.5 */
    eg_initializer Ca_init;                                /* default: 0.2 */
    eg_initializer h_init, n_init, s_init, c_init, q_init; /* default: the steady state at the first Vs, Vd or Ca */
    eg_surrogate surrogate;
    double noise; /* mV/sqrt(ms), of Vs */
} eg_pinsky_rinzel_params;

/* gNa 30, gK 15, gCa 10, gAHP 0.8, gC 15, gL 0.1, ENa 60, EK -75, ECa 80, EL -60, gc 2.1, V_th 20, Cm 3, p 0.5. */
EG_API eg_pinsky_rinzel_params eg_pinsky_rinzel_defaults(void);
/* Variables: Vs, Vd, Ca, h, n, s, c, q, Id. */
EG_API eg_system *(eg_pinsky_rinzel)(eg_system *parent, const char *name, int64_t num,
                                     const eg_pinsky_rinzel_params *params, EG_PLACE);

#ifndef __cplusplus
#define eg_hh(...) (eg_hh)(__VA_ARGS__, EG_HERE)
#define eg_morris_lecar(...) (eg_morris_lecar)(__VA_ARGS__, EG_HERE)
#define eg_wang_buzsaki(...) (eg_wang_buzsaki)(__VA_ARGS__, EG_HERE)
#define eg_pinsky_rinzel(...) (eg_pinsky_rinzel)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
