/* Activation functions of layers, by BrainPy's names and with its defaults (those of jax.nn).
 *
 * Elementwise unless an axis is said; floats stay what they are, other types become the default float where the
 * function is not one of whole numbers.  All are traced, have gradients, and where a function has a kink at 0 the
 * gradient there is that of the left side (relu: 0), as in jax.nn.  eg_tanh, eg_sigmoid and eg_softplus are in math.h.
 * x may be a plain number.  Errors: those of the operations; an axis that x does not have.
 */
#ifndef ENGRAM_ACTIVATIONS_H
#define ENGRAM_ACTIVATIONS_H

#include "engram/math.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(name): functions of x alone.
 *
 *   relu         max(x, 0)                         relu6       min(max(x, 0), 6)
 *   hard_tanh    x within -1 .. 1                  hard_sigmoid  relu6(x + 3) / 6
 *   hard_silu    x hard_sigmoid(x)                 hard_swish  the same
 *   silu         x sigmoid(x)                      swish       the same
 *   soft_sign    x / (1 + |x|)                     log_sigmoid  -softplus(-x)
 *   selu         1.0507 elu(x, 1.6733)             (Klambauer and others, 2017)
 *   gelu         x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))  (Hendrycks and Gimpel, 2016: the tanh form)
 *   identity     x */
#define EG_ACTIVATIONS(X)                                                                                              \
    X(relu)                                                                                                            \
    X(relu6)                                                                                                           \
    X(hard_tanh)                                                                                                       \
    X(hard_sigmoid)                                                                                                    \
    X(hard_silu)                                                                                                       \
    X(hard_swish)                                                                                                      \
    X(silu)                                                                                                            \
    X(swish)                                                                                                           \
    X(soft_sign)                                                                                                       \
    X(log_sigmoid)                                                                                                     \
    X(selu)                                                                                                            \
    X(gelu)                                                                                                            \
    X(identity)
#define X(name) EG_API eg_val(eg_##name)(eg_val x, EG_PLACE);
EG_ACTIVATIONS(X)
#undef X

/* x where x > 0, else alpha (exp(x / alpha) - 1); alpha (exp(x) - 1); slope x where x < 0.  Defaults: 1, 1, 0.01. */
EG_API eg_val(eg_celu)(eg_val x, double alpha, EG_PLACE);
EG_API eg_val(eg_elu)(eg_val x, double alpha, EG_PLACE);
EG_API eg_val(eg_leaky_relu)(eg_val x, double slope, EG_PLACE);

/* Along an axis (-1: the last): exp(x) / sum of exp(x), and its logarithm, without overflow. */
EG_API eg_val(eg_softmax)(eg_val x, int axis, EG_PLACE);
EG_API eg_val(eg_log_softmax)(eg_val x, int axis, EG_PLACE);
/* (x - mean) / sqrt(variance + epsilon) along an axis; epsilon by default 1e-5. */
EG_API eg_val(eg_normalize)(eg_val x, int axis, double epsilon, EG_PLACE);
/* a sigmoid(b) of the halves a and b of an axis, whose extent is even.  (Dauphin and others, 2017.) */
EG_API eg_val(eg_glu)(eg_val x, int axis, EG_PLACE);

/* Any of them with its defaults, and tanh, sigmoid, softplus: what layers call. */
typedef eg_val (*eg_activation_fn)(eg_val x, const char *file, int line);
/* By its name, "relu"; NULL or "" is identity.  The error of a wrong name lists them; the result is then NULL. */
EG_API eg_activation_fn(eg_activation_by_name)(eg_context *eg, const char *name, EG_PLACE);

#ifndef __cplusplus
#define eg_relu(x) (eg_relu)(EG_VAL(x), EG_HERE)
#define eg_relu6(x) (eg_relu6)(EG_VAL(x), EG_HERE)
#define eg_hard_tanh(x) (eg_hard_tanh)(EG_VAL(x), EG_HERE)
#define eg_hard_sigmoid(x) (eg_hard_sigmoid)(EG_VAL(x), EG_HERE)
#define eg_hard_silu(x) (eg_hard_silu)(EG_VAL(x), EG_HERE)
#define eg_hard_swish(x) (eg_hard_swish)(EG_VAL(x), EG_HERE)
#define eg_silu(x) (eg_silu)(EG_VAL(x), EG_HERE)
#define eg_swish(x) (eg_swish)(EG_VAL(x), EG_HERE)
#define eg_soft_sign(x) (eg_soft_sign)(EG_VAL(x), EG_HERE)
#define eg_log_sigmoid(x) (eg_log_sigmoid)(EG_VAL(x), EG_HERE)
#define eg_selu(x) (eg_selu)(EG_VAL(x), EG_HERE)
#define eg_gelu(x) (eg_gelu)(EG_VAL(x), EG_HERE)
#define eg_identity(x) (eg_identity)(EG_VAL(x), EG_HERE)
#define eg_celu(x, alpha) (eg_celu)(EG_VAL(x), alpha, EG_HERE)
#define eg_elu(x, alpha) (eg_elu)(EG_VAL(x), alpha, EG_HERE)
#define eg_leaky_relu(x, slope) (eg_leaky_relu)(EG_VAL(x), slope, EG_HERE)
#define eg_softmax(x, axis) (eg_softmax)(EG_VAL(x), axis, EG_HERE)
#define eg_log_softmax(x, axis) (eg_log_softmax)(EG_VAL(x), axis, EG_HERE)
#define eg_normalize(x, axis, epsilon) (eg_normalize)(EG_VAL(x), axis, epsilon, EG_HERE)
#define eg_glu(x, axis) (eg_glu)(EG_VAL(x), axis, EG_HERE)
#define eg_activation_by_name(...) (eg_activation_by_name)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
