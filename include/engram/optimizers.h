/* Optimisers: how variables follow their gradients.
 *
 *     eg_optimizer_params p = eg_optimizer_defaults(EG_ADAM);
 *     p.lr = eg_exponential_decay(0.025, 1, 0.99975);
 *     eg_optimizer *adam = eg_optimizer_new(eg, NULL, &p, 2, (eg_var *[]){W, b});
 *
 *     static eg_val train_step(void *user, eg_val x)
 *     {
 *         eg_val y = eg_apply(gradient, x); // of eg_gradient(): the loss, gradients of W and b
 *         eg_val g[] = {eg_item(y, 1), eg_item(y, 2)};
 *         eg_clip_by_global_norm(eg, 2, g, 1);
 *         eg_optimizer_update(adam, 2, g);
 *         return eg_item(y, 0);
 *     }
 *
 * An optimiser belongs to the context.  What it remembers is held by variables of the context that begin with its own
 * name: "Adam0.step" (i64, updates done), "Adam0.m.W", "Adam0.v.W".  So it takes part in states, checkpoints and
 * eg_reset().  It is no system and stands in no network: eg_reset_state() of a model between two batches leaves it
 * alone.
 */
#ifndef ENGRAM_OPTIMIZERS_H
#define ENGRAM_OPTIMIZERS_H

#include "engram/core.h"
#include "engram/schedules.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(KIND, Name): EG_<KIND>, and the name it has elsewhere.  Below, p is a variable, g its gradient, k = 1, 2, ... the
 * number of the update, lr what the schedule gives for k - 1; all else starts at 0 and is of p's type and shape.
 *   SGD               p = p - lr g
 *   Momentum          v = momentum v - lr g;  p = p + v  (Qian 1999)
 *   MomentumNesterov  v = momentum v - lr g;  p = p + momentum v - lr g  (Nesterov 1983; Sutskever et al. 2013)
 *   Adagrad           c = c + g^2;  p = p - lr g / sqrt(c + eps)  (Duchi et al. 2011)
 *   Adadelta          c = rho c + (1 - rho) g^2;  u = g sqrt(d + eps) / sqrt(c + eps);  p = p - u;
 *                     d = rho d + (1 - rho) u^2.  It does without a learning rate: lr is not used  (Zeiler 2012)
 *   RMSProp           c = rho c + (1 - rho) g^2;  p = p - lr g / sqrt(c + eps)  (Tieleman and Hinton 2012)
 *   Adam              m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 *                     p = p - lr sqrt(1 - beta2^k) / (1 - beta1^k) m / (sqrt(v) + eps)  (Kingma and Ba 2014, section 2)
 *   LARS              r = tc |p| / (|g| + weight_decay |p| + eps), 1 if |p| or |g| is 0; norms of all elements;
 *                     m = momentum m + lr r (g + weight_decay p);  p = p - m  (You et al. 2017)
 *   Adan              b = betas;  d = g - (g of the update before), 0 in the first;
 *                     m = (1 - b0) m + b0 g;  v = (1 - b1) v + b1 d;  n = (1 - b2) n + b2 (g + (1 - b1) d)^2;
 *                     c_j = 1 / (1 - (1 - b_j)^k);  u = lr / (sqrt(n c_2) + eps) (m c_0 + (1 - b1) v c_1);
 *                     p = (p - u) / (1 + weight_decay lr), or with no_prox p = (1 - weight_decay lr) p - u
 *                     (Xie et al. 2022, algorithm 1)
 *   AdamW             p = (1 - lr weight_decay) p, then as Adam; with amsgrad the largest v so far stands in the last
 *                     formula for v  (Loshchilov and Hutter 2019; Reddi et al. 2018)
 *   SM3               a_j: one number for each index along axis j;  u = min over j of a_j, u = beta u if beta > 0;
 *                     u = u + (1 - beta) g^2;  r_j = largest u over all other axes;  a_j = r_j, max(a_j, r_j) if
 *                     beta > 0;  s = g / sqrt(u + eps);  with momentum s = (1 - momentum) s + momentum (s before);
 *                     p = p - lr s  (Anil et al. 2019) */
#define EG_OPTIMIZERS(X)                                                                                               \
    X(SGD, SGD)                                                                                                        \
    X(MOMENTUM, Momentum)                                                                                              \
    X(MOMENTUM_NESTEROV, MomentumNesterov)                                                                             \
    X(ADAGRAD, Adagrad)                                                                                                \
    X(ADADELTA, Adadelta)                                                                                              \
    X(RMSPROP, RMSProp)                                                                                                \
    X(ADAM, Adam)                                                                                                      \
    X(LARS, LARS)                                                                                                      \
    X(ADAN, Adan)                                                                                                      \
    X(ADAMW, AdamW)                                                                                                    \
    X(SM3, SM3)

/* The rule that an optimiser follows: the names above with EG_ before them. */
typedef enum eg_optimizer_kind {
#define X(kind, name) EG_##kind,
    EG_OPTIMIZERS(X)
#undef X
        EG_OPTIMIZER_COUNT
} eg_optimizer_kind;

/* What it is made of, taken literally (a 0 is a 0): begin with eg_optimizer_defaults().  A parameter that the kind does
 * not have is 0 or false. */
typedef struct eg_optimizer_params {
    eg_optimizer_kind kind;
    eg_schedule lr;  /* learning rate; eg_constant_lr(0.01) for a number */
    double momentum; /* Momentum, MomentumNesterov, LARS: 0.9; SM3: 0 = none; in [0, 1) */
    double rho;      /* RMSProp: 0.9; Adadelta: 0.95; in [0, 1) */
    double beta1;    /* Adam, AdamW: 0.9; in [0, 1) */
    double beta2;    /* Adam, AdamW: 0.999; in [0, 1) */
    double betas[3]; /* Adan: 0.02, 0.08, 0.01: weights of what is new; in (0, 1] */
    double beta;     /* SM3: 0; in [0, 1) */
    double eps;      /* Adagrad, Adadelta, RMSProp: 1e-6; Adam, AdamW, Adan: 1e-8; LARS: 1e-5; SM3: 1e-30; >= 0 */
    double tc;       /* LARS: trust coefficient, 1e-3; > 0 */
    /* LARS: 1e-4, AdamW: 0.01, Adan: 0.02, as in their formulas.  All others: 0; p is first multiplied by
     * 1 - weight_decay, whatever lr is.  In [0, 1]; for the three finite and >= 0. */
    double weight_decay;
    bool amsgrad; /* AdamW */
    bool no_prox; /* Adan */
} eg_optimizer_params;

/* Defaults of a kind.  Its lr has none and must be given, but for Adan, 1e-3, and Adadelta, which needs none. */
EG_API eg_optimizer_params eg_optimizer_defaults(eg_optimizer_kind kind);

/* "Adam" and so on; never NULL. */
EG_API const char *eg_optimizer_kind_name(eg_optimizer_kind kind);
/* The kind of that name.  EG_OPTIMIZER_COUNT after an error, which lists the names. */
EG_API eg_optimizer_kind(eg_optimizer_by_name)(eg_context *eg, const char *name, EG_PLACE);

typedef struct eg_optimizer eg_optimizer;

/* An optimiser of these variables of the context, f32 or f64, each of any shape; the list is copied.  name: letters,
 * digits, '_' and '.'; NULL = <Kind><k>, SM3_<k>, of the first k whose names are all free.  It makes the variables
 * "<name>.step" and, for each of vars,
 * "<name>.<what>.<variable>", <what> being v; c, d; m, v, v_max; m, v, n, g; axis0, axis1, ..., momentum, after the
 * formulas: all 0 at first.
 * Errors: params NULL, parameters outside of their range or that the kind does not have, what eg_schedule_at() says of
 * lr, no variables, one that is NULL, twice in the list, no float or of another context, a name that is taken. */
EG_API eg_optimizer *(eg_optimizer_new)(eg_context *eg, const char *name, const eg_optimizer_params *params,
                                        int num_vars, eg_var *const *vars, EG_PLACE);

/* Traced: one update.  grads[k] is the gradient of variable k, of its type and shape, or a plain number for all of its
 * elements.  Reads the variables as they are at this place of the trace, sets them and the optimiser's own, and counts.
 * What is computed of scalars (lr, corrections of the moments, norms) is computed in double precision; the rest in the
 * variable's type.  NaN in a gradient goes into the variable.
 * Errors name the variable: another number of gradients than of variables, a type or shape that differs. */
EG_API void(eg_optimizer_update)(eg_optimizer *opt, int num_grads, const eg_val *grads, EG_PLACE);

/* Its name; "" for NULL.  Its parameters; those of defaults of SGD for NULL. */
EG_API const char *eg_optimizer_name(const eg_optimizer *opt);
EG_API eg_optimizer_params eg_optimizer_params_of(const eg_optimizer *opt);
/* The variables of its own, to read, save or write: number 0 is the counter; then those of the first variable, of the
 * second and so on.  Their number, 0 for NULL; NULL behind the last. */
EG_API int eg_optimizer_num_variables(const eg_optimizer *opt);
EG_API eg_var *eg_optimizer_variable(const eg_optimizer *opt, int k);
/* The variables that it trains: their number, and the k-th; NULL behind the last. */
EG_API int eg_optimizer_num_trained(const eg_optimizer *opt);
EG_API eg_var *eg_optimizer_trained(const eg_optimizer *opt, int k);
/* Updates done in the state (NULL = the context's own); -1 after an error. */
EG_API int64_t eg_optimizer_steps(const eg_optimizer *opt, eg_state *state);
/* Rate of its next update in that state, by eg_schedule_value(); NaN after an error. */
EG_API double eg_optimizer_lr(const eg_optimizer *opt, eg_state *state);
/* Puts the counter and all that it remembers in the state (NULL = the context's own) to 0; what it trains stays. */
EG_API eg_status eg_optimizer_reset(eg_optimizer *opt, eg_state *state);

/* -- clipping gradients -------------------------------------------------------------------------------------------- */

/* Traced: each element of the gradients is moved into [-limit, limit]; grads[k] is replaced.  NaN stays NaN.  Errors:
 * limit not above 0, a gradient that is no float. */
EG_API void(eg_clip_by_value)(eg_context *eg, int num_grads, eg_val *grads, double limit, EG_PLACE);
/* Traced: all gradients are multiplied by the one factor that brings the norm of all their elements together down to
 * max_norm, if it is larger (Pascanu et al. 2013); grads[k] is replaced.  Returns the norm before, an f64 scalar,
 * computed in double precision, with large and small elements scaled so that their squares are doubles.  max_norm
 * INFINITY changes nothing.  NaN stays NaN, the rest is then left as it is; if an element is infinite and max_norm is
 * not, it becomes NaN and the rest 0.  Errors: max_norm not above 0, a gradient that is no float. */
EG_API eg_val(eg_clip_by_global_norm)(eg_context *eg, int num_grads, eg_val *grads, double max_norm, EG_PLACE);

#ifndef __cplusplus
#define eg_optimizer_by_name(...) (eg_optimizer_by_name)(__VA_ARGS__, EG_HERE)
#define eg_optimizer_new(...) (eg_optimizer_new)(__VA_ARGS__, EG_HERE)
#define eg_optimizer_update(...) (eg_optimizer_update)(__VA_ARGS__, EG_HERE)
#define eg_clip_by_value(...) (eg_clip_by_value)(__VA_ARGS__, EG_HERE)
#define eg_clip_by_global_norm(...) (eg_clip_by_global_norm)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
