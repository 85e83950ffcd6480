/* What neurons with conductances share: rates of gates, gates, steps of all variables. */
#ifndef EGM_CONDUCTANCE_H
#define EGM_CONDUCTANCE_H

#include "engram/conductance.h"
#include "neuron.h"

/* -- rates, in 1/ms, of x = (V - V_mid)/width ---------------------------------------------------------------------- */

/* The three forms of Hodgkin and Huxley's. */
typedef enum rate_form {
    EXPONENTIAL, /* A e^x */
    SIGMOID,     /* A / (1 + e^-x) */
    LINEAR       /* A x / (1 - e^-x), A where x is 0 */
} rate_form;

typedef struct rate {
    rate_form form;
    double A, V_mid, width; /* 1/ms, mV, mV */
} rate;

/* Traced, and of a number. */
eg_val rate_at(const rate *r, eg_val V);
double rate_of(const rate *r, double V);

/* -- gates: dx/dt = alpha (1 - x) - beta x ------------------------------------------------------------------------- */

typedef struct gate {
    rate alpha, beta;
} gate;

static inline eg_val gate_slope(eg_val alpha, eg_val beta, eg_val x)
{
    return eg_sub(eg_mul(alpha, eg_sub(1, x)), eg_mul(beta, x));
}
static inline eg_val gate_slope_at(const gate *g, eg_val V, eg_val x)
{
    return gate_slope(rate_at(&g->alpha, V), rate_at(&g->beta, V), x);
}
/* alpha / (alpha + beta), traced and of a number; user: the gate. */
eg_val gate_steady_at(const gate *g, eg_val V);
double gate_steady(void *user, double V);

/* The variable of a gate, which begins in its steady state at the first V if init is left out. */
eg_var *add_gate(eg_system *self, const char *name, eg_initializer init, const char *V, const gate *g);

/* -- currents and steps -------------------------------------------------------------------------------------------- */

/* g (V - E) */
static inline eg_val current(eg_val g, eg_val V, double E) { return eg_mul(g, eg_sub(V, E)); }

/* A capacity is above 0, a method is known. */
void check_capacity(eg_system *self, const char *name, double C);
void check_method(eg_system *self, eg_method method);
/* A step of the first num parts of old, each by its equation: their values after it. */
void step_all(eg_system *self, eg_method method, int num, const eg_fn *f, void *user, eg_val old, eg_val dt,
              eg_val *after);

#endif
