/* Surrogate gradients: spikes that can be trained.
 *
 * A spike H(x) = 1 where x >= 0, else 0, has the gradient zero wherever it has one.  eg_spike() gives the spike, and
 * for its gradient takes the slope g'(x) of a smooth function g that resembles H: dL/dx = dL/dz g'(x).  (Neftci,
 * Mostafa and Zenke, "Surrogate gradient learning in spiking neural networks", IEEE Signal Processing Magazine 36,
 * 2019.)
 *
 *     eg_val spike = eg_spike(eg, eg_sub(V, V_th), eg_surrogate_arctan(2));
 *
 * The functions, their parameters and defaults are those of BrainPy 2.3.1 (brainpy.math.surrogate); where its code
 * departs from the derivative of its own g, here stands the derivative.  Parameters are taken literally;
 * eg_surrogate_named() knows the defaults.  x is in units of its own, mostly V - V_th: a width is one of x, a steepness
 * alpha one of 1/x.  A surrogate of your own is a function:
 *
 *     static eg_val bell(const eg_surrogate *s, eg_val x)
 *     {
 *         return eg_exp(eg_neg(eg_square(eg_div(x, s->p[0]))));
 *     }
 *     eg_val spike = eg_spike(eg, x, (eg_surrogate){.slope = bell, .p = {0.5}});
 *
 * Gradients of gradients differentiate the slope.  Parameters are plain numbers and have no gradient.
 */
#ifndef ENGRAM_SURROGATE_H
#define ENGRAM_SURROGATE_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Most parameters that a surrogate has. */
#define EG_SURROGATE_PARAMS 4

typedef struct eg_surrogate eg_surrogate;

/* g(x) or g'(x), elementwise: called while tracing, with x of a floating type.  It returns a value of just x's shape
 * and type, truth values of that shape, or a plain number; what it gives for NaN becomes NaN.  It may use neither
 * variables nor values of the trace around it. */
typedef eg_val (*eg_surrogate_fn)(const eg_surrogate *s, eg_val x);

/* What stands for the gradient of a spike: one of the functions below, or yours.  All 0:
 * eg_surrogate_inv_square_grad(100), which is what BrainPy's LIF has. */
struct eg_surrogate {
    const char *name;              /* in errors; may be NULL */
    eg_surrogate_fn slope;         /* g'(x) */
    eg_surrogate_fn primitive;     /* g(x); NULL: the slope is all there is */
    double p[EG_SURROGATE_PARAMS]; /* parameters, in the order of the functions below */
    bool origin;                   /* the result is g(x), not the spike; its gradient stays the slope */
    void *user;                    /* for functions of yours */
};

/* -- spikes -------------------------------------------------------------------------------------------------------- */

/* 1 where x >= 0 (also at -0), else 0 (also at NaN), in the shape and type of x; a plain number gives one, integers
 * integers without a gradient.  With s.origin g(x) instead: of integers in the default float.  g and g' of NaN are NaN,
 * so that nothing hides one.  In C, s may be a compound literal.  Errors: x is a tuple or of another context, a
 * parameter outside of its range or not for the type of x (at most 1e18 in size where x is f32, 1e150 where f64, and
 * what must be above 0 at least the inverse of that), origin where there is no g, a function of yours that returns
 * something else; they name the surrogate, the parameter, its value and your line. */
EG_API eg_val(eg_spike)(eg_context *eg, eg_val x, eg_surrogate s, EG_PLACE);

/* The moment at which x crosses 0 from below: 1 where x_new >= 0 and x_old < 0, else 0, in the shape to which both
 * broadcast and the type in which they meet.  k being the slope of s, the gradients are
 *     of x_new: [x_old < 0] k(x_new)    of x_old: -[x_new >= 0] k(x_old).
 * BrainPy's inv_square_grad2 and relu_grad2 are this with inv_square_grad and relu_grad.  Errors as above; it has no
 * smooth form. */
EG_API eg_val(eg_spike2)(eg_context *eg, eg_val x_new, eg_val x_old, eg_surrogate s, EG_PLACE);

/* -- slopes that are derivatives --------------------------------------------------------------------------------------
 *
 * Each has a g(x), given by origin.  S(z) = 1/(1 + exp(-z)); the numbers behind "defaults" are in order.  alpha is at
 * least 0, other parameters are finite, where nothing else is said.
 */

/* g = S(alpha x), g' = alpha S(alpha x) (1 - S(alpha x)).  Defaults 4. */
EG_API eg_surrogate eg_surrogate_sigmoid(double alpha);
/* g' = alpha - alpha^2 |x| for |x| <= 1/alpha, else 0; g is its integral from 0 to 1.  Defaults 1. */
EG_API eg_surrogate eg_surrogate_piecewise_quadratic(double alpha);
/* g = exp(alpha x)/2 for x < 0, else 1 - exp(-alpha x)/2; g' = alpha/2 exp(-alpha |x|).  Defaults 1. */
EG_API eg_surrogate eg_surrogate_piecewise_exp(double alpha);
/* g = 1/2 + alpha x / (2 (1 + |alpha x|)), g' = alpha / (2 (1 + |alpha x|)^2).  Defaults 1. */
EG_API eg_surrogate eg_surrogate_soft_sign(double alpha);
/* g = 1/2 + atan(pi/2 alpha x)/pi, g' = alpha / (2 (1 + (pi/2 alpha x)^2)).  Defaults 1. */
EG_API eg_surrogate eg_surrogate_arctan(double alpha);
/* g = log(1 + |alpha x|) with the sign of x (+ at 0), g' = alpha / (1 + alpha |x|).  Defaults 1. */
EG_API eg_surrogate eg_surrogate_nonzero_sign_log(double alpha);
/* g = erfc(-alpha x)/2, g' = alpha/sqrt(pi) exp(-(alpha x)^2).  Defaults 1. */
EG_API eg_surrogate eg_surrogate_erf(double alpha);
/* g = c (x + w) for x < -w, 1/2 + x/(2 w), c (x - w) + 1 for x > w; g' = c for |x| > w, else scale/(2 w).  Scale 1 is
 * the derivative, 2 what BrainPy 2.3.1 computes.  w > 0.  Defaults 0.01, 1, 1. */
EG_API eg_surrogate eg_surrogate_piecewise_leaky_relu(double c, double w, double scale);
/* g = 1/2 + 2/pi sum of sin((2i - 1) 2 pi x/t_period) / (2i - 1), g' = 4/t_period sum of cos((2i - 1) 2 pi x/t_period),
 * i from 1 to n: the first n terms of a square wave; at infinite x their mean.  n whole, 1 to 100; t_period > 0.
 * Defaults 2, 8. */
EG_API eg_surrogate eg_surrogate_squarewave_fourier_series(double n, double t_period);
/* g = S(alpha x) for x < 0, else beta log(x + 1 + epsilon) + 1/2; g' = that of S(alpha x) for x < 0, else beta/(x + 1).
 * epsilon at least 0.  Defaults 4, 1, 1e-8.  (Suetake et al., "S2NN", 2022.) */
EG_API eg_surrogate eg_surrogate_s2nn(double alpha, double beta, double epsilon);
/* g = b^(1 - alpha)/2 for x < 0, else 1 - b^(1 - alpha)/2, g' = b^-alpha, where b = 1 + 2 |x|/(alpha - 1).  alpha > 1.
 * Defaults 2.  (Herranz-Celotti and Rouat, "Surrogate gradients design", 2022.) */
EG_API eg_surrogate eg_surrogate_q_pseudo_spike(double alpha);
/* g = beta x, for x < 0 alpha x; g' = beta, for x < 0 alpha.  Any alpha.  Defaults 0.1, 1. */
EG_API eg_surrogate eg_surrogate_leaky_relu(double alpha, double beta);
/* g = alpha x for x <= 0, x up to 1, log x above (g jumps to 0 there); g' = alpha, 1, 1/x.  Any alpha.  Defaults 0.
 * (Cai et al., "Deep learning with low precision by half-wave Gaussian quantization", CVPR 2017.) */
EG_API eg_surrogate eg_surrogate_log_tailed_relu(double alpha);

/* -- slopes alone -----------------------------------------------------------------------------------------------------
 *
 * N(x, m, d) is the density of the normal distribution of mean m and standard deviation d.
 */

/* max(0, alpha (width - |x|)).  Any alpha, width > 0.  Defaults 0.3, 1.  (Bellec et al., "Long short-term memory and
 * learning-to-learn in networks of spiking neurons", NeurIPS 2018.) */
EG_API eg_surrogate eg_surrogate_relu_grad(double alpha, double width);
/* alpha N(x, 0, sigma).  Any alpha, sigma > 0.  Defaults 0.5, 0.5. */
EG_API eg_surrogate eg_surrogate_gaussian_grad(double sigma, double alpha);
/* scale ((1 + h) N(x, 0, sigma) - h N(x, sigma, s sigma) - h N(x, -sigma, s sigma)), negative for large |x|.  s and
 * sigma > 0.  Defaults 0.15, 6, 0.5, 0.5.  (Yin, Corradi and Bohté, "Accurate and efficient time-domain classification
 * with adaptive spiking recurrent neural networks", Nature Machine Intelligence 3, 2021.) */
EG_API eg_surrogate eg_surrogate_multi_gaussian_grad(double h, double s, double sigma, double scale);
/* 1 / (1 + alpha |x|)^2.  Defaults 100.  (Zenke and Ganguli, "SuperSpike", Neural Computation 30, 2018.) */
EG_API eg_surrogate eg_surrogate_inv_square_grad(double alpha);
/* exp(-alpha |x|).  Defaults 1.  (Shrestha and Orchard, "SLAYER", NeurIPS 2018.) */
EG_API eg_surrogate eg_surrogate_slayer_grad(double alpha);

/* -- by name ------------------------------------------------------------------------------------------------------- */

/* A parameter by the name that it has above. */
typedef struct eg_surrogate_param {
    const char *name;
    double value;
} eg_surrogate_param;

/* The surrogate of that name with its defaults, but for the num parameters given:
 *     eg_surrogate_named(eg, "s2nn", 2, (eg_surrogate_param[]){{"alpha", 2}, {"beta", 0}})
 *     eg_surrogate_named(eg, "arctan", 0, NULL)
 * Names are those of the functions above without eg_surrogate_.  BrainPy's inv_square_grad2 and relu_grad2 are names of
 * what eg_spike2() takes, and so are its deprecated spike_with_sigmoid_grad, spike2_with_sigmoid_grad
 * (inv_square_grad), spike_with_linear_grad, spike2_with_linear_grad (relu_grad), spike_with_gaussian_grad and
 * spike_with_mg_grad, where "scale" is the alpha of the first five.  Errors list the names that there are.  All 0 after
 * an error. */
EG_API eg_surrogate(eg_surrogate_named)(eg_context *eg, const char *name, int num, const eg_surrogate_param *params,
                                        EG_PLACE);

#ifndef __cplusplus
#define eg_spike(eg, x, ...) (eg_spike)(eg, EG_VAL(x), __VA_ARGS__, EG_HERE)
#define eg_spike2(eg, x_new, x_old, ...) (eg_spike2)(eg, EG_VAL(x_new), EG_VAL(x_old), __VA_ARGS__, EG_HERE)
#define eg_surrogate_named(...) (eg_surrogate_named)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
