/* Losses, and what regularises them: traced numbers that training makes small.
 *
 * predicts: a traced float (f32, f64), what the model gives.  targets: of any type, what it should have given: a value
 * of the same shape, a scalar or plain number, or the class indices that the function speaks of.  Both in f32 and f64;
 * where they differ in type they meet as in math.h.  Shapes are never broadcast but for scalars: [batch, 1] beside
 * [batch] is an error, not a matrix of all differences.
 * Trees.  Where a value stands there may be a tuple of values, both tuples of one structure: the loss is the sum of the
 * losses of the parts, which must be of one shape.
 * Numbers.  All are computed without overflow where the result has none (of logits of any size, errors up to the
 * largest float unless they are squared), and their gradients are finite there.  A mean of nothing is 0.  Errors
 * (core.h) name the loss, the shapes and types, your file and line; the value is then eg_nothing().
 *
 *     eg_val loss = eg_cross_entropy_loss(logits, labels, NULL);
 *     loss = eg_add(loss, eg_mul(1e-4, eg_mean_square(weights)));
 */
#ifndef ENGRAM_LOSSES_H
#define ENGRAM_LOSSES_H

#include "engram/math.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of the losses of single rows. */
typedef enum eg_reduction {
    EG_REDUCTION_DEFAULT, /* what the function says */
    EG_REDUCTION_MEAN,
    EG_REDUCTION_SUM,
    EG_REDUCTION_NONE /* they stay: one number a row */
} eg_reduction;

/* -- classes ---------------------------------------------------------------------------------------------------------
 *
 * predicts [..., C]: rows of logits of C classes: what comes before the softmax.  A logit of -infinity is a class that
 * cannot be; its gradient is 0.
 * A class index (i32, u32, i64) that is negative leaves its row out: loss and gradient 0 whatever the logits, not
 * counted in a mean.  One of C or more makes the loss NaN, so that it is seen.  No index reads outside of the row. */

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_cross_entropy_options {
    eg_reduction reduction; /* default: mean */
    eg_val weight;          /* [C], of each class; nothing = 1 each */
} eg_cross_entropy_options;

/* -log softmax(predicts)[t] of a row with target class t, times weight[t].  targets: indices [...] or [..., 1], a
 * scalar for all rows, or probabilities [..., C] of each class, adding up to 1:
 *     -sum over c of weight[c] targets[c] log softmax(predicts)[c].
 * One-hot probabilities give just what indices give.  Where C is 1, integers [..., 1] may be meant as either and are an
 * error; floats and booleans are probabilities.
 * Sum, mean or none over the rows; the mean is divided by the sum of the rows' weights, sum over c of weight[c]
 * targets[c] (without weights: of 1 for each row that counts).  A class of weight 0 adds 0, also if it cannot be.
 * Goodfellow, Bengio, Courville, Deep Learning, 2016, section 6.2.2.3.  Errors: targets of other shapes, indices that
 * are no integers, a weight that is not [C]. */
EG_API eg_val(eg_cross_entropy_loss)(eg_val predicts, eg_val targets, const eg_cross_entropy_options *options,
                                     EG_PLACE);
/* The same of indices, one number a row.  targets: [...], [..., 1], or a scalar for all rows. */
EG_API eg_val(eg_cross_entropy_sparse)(eg_val predicts, eg_val targets, EG_PLACE);
/* The same of one row: predicts [C], targets a scalar or [1]; a scalar.  BrainPy takes the target first. */
EG_API eg_val(eg_multiclass_logistic_loss)(eg_val predicts, eg_val targets, EG_PLACE);
/* The same of probabilities, one number a row: -sum over c of targets[c] log softmax(predicts)[c]. */
EG_API eg_val(eg_softmax_cross_entropy)(eg_val predicts, eg_val targets, EG_PLACE);

/* One function under the three names that it goes by, elementwise: each element is a yes-or-no question, predicts its
 * logit and targets its probability, 0 to 1:
 *     -t log S(p) - (1 - t) log S(-p) = max(p, 0) - p t + log(1 + exp(-|p|)),   S(z) = 1/(1 + exp(-z)).
 * An answer that is sure and right keeps the digits of its small loss and gradient, down to the 0 of an infinite logit.
 * Goodfellow, Bengio, Courville, Deep Learning, 2016, section 6.2.2.2. */
EG_API eg_val(eg_cross_entropy_sigmoid)(eg_val predicts, eg_val targets, EG_PLACE);
EG_API eg_val(eg_binary_logistic_loss)(eg_val predicts, eg_val targets, EG_PLACE);
EG_API eg_val(eg_sigmoid_binary_cross_entropy)(eg_val predicts, eg_val targets, EG_PLACE);

/* -- differences -------------------------------------------------------------------------------------------------- */

/* Sum of |p - t| over all axes but the first, then over the rows: sum (default), mean or none.  A scalar is a row. */
EG_API eg_val(eg_l1_loss)(eg_val predicts, eg_val targets, eg_reduction reduction, EG_PLACE);
/* (p - t)^2 / 2, elementwise (Bishop, Pattern Recognition and Machine Learning, 2006, section 1.1). */
EG_API eg_val(eg_l2_loss)(eg_val predicts, eg_val targets, EG_PLACE);
/* With e = |p - t|, elementwise: e^2 / 2 up to e = delta, delta (e - delta/2) beyond (Huber, Annals of Mathematical
 * Statistics 35, 1964).  delta 0: 1.  Errors: delta negative, infinite or NaN. */
EG_API eg_val(eg_huber_loss)(eg_val predicts, eg_val targets, double delta, EG_PLACE);
/* log(cosh(p - t)), elementwise: near 0 (p - t)^2 / 2, far from it |p - t| - log 2 (Chen et al., Log Hyperbolic Cosine
 * Loss Improves Variational Auto-Encoder, 2019). */
EG_API eg_val(eg_log_cosh_loss)(eg_val predicts, eg_val targets, EG_PLACE);

/* X(name): means over n axes (n = 0: all), which disappear.  Macros: eg_mean_squared_error(p, t),
 * eg_mean_squared_error(p, t, axis...).  Errors: axes that are not there, or given twice.
 *   mean_absolute_error     of |p - t|
 *   mean_squared_error      of (p - t)^2
 *   mean_squared_log_error  of (log(1 + p) - log(1 + t))^2; p and t above -1, else NaN */
#define EG_MEAN_ERRORS(X)                                                                                              \
    X(mean_absolute_error)                                                                                             \
    X(mean_squared_error)                                                                                              \
    X(mean_squared_log_error)
#define X(name)                                                                                                        \
    EG_API eg_val(eg_##name)(eg_val predicts, eg_val targets, int n, const int *axes, const char *file, int line);
EG_MEAN_ERRORS(X)
#undef X

/* -- sequences ---------------------------------------------------------------------------------------------------- */

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_ctc_options {
    int64_t blank_id;   /* class of the blank; default: 0 */
    double log_epsilon; /* what is given for log 0; default: -1e5 */
} eg_ctc_options;

/* Connectionist temporal classification (Graves et al., ICML 2006, section 4.1): for each sequence -log of the
 * probability of its labels, the sum over all alignments: a class for each frame that gives the labels when repeated
 * classes are merged and blanks dropped.  Frames have the probabilities softmax(logits).
 *   logits          [B, T, K], of K classes in T > 0 frames of B sequences
 *   logit_paddings  [B, T]: not 0 marks frames to leave out; eg_nothing(): none
 *   labels          [B, N]: integers, classes other than the blank
 *   label_paddings  [B, N]: not 0 marks labels to leave out, only at the end of a row; eg_nothing(): none
 * Result [B].  It is -log_epsilon, with a gradient of 0, where the labels cannot be given: of too few frames, or by
 * logits of -infinity; and NaN where a label that is not left out is the blank or not in 0 .. K - 1.  Losses beyond
 * -log_epsilon are given as they are.  Logits of frames that are left out may be anything.  No trees.
 * Errors: shapes that do not fit, labels that are no integers, blank_id not in 0 .. K - 1, log_epsilon not below 0. */
EG_API eg_val(eg_ctc_loss)(eg_val logits, eg_val logit_paddings, eg_val labels, eg_val label_paddings,
                           const eg_ctc_options *options, EG_PLACE);
/* The same and the logs of the forward probabilities, a tuple (loss [B], blank [T, B, N + 1], label [T, B, N]): of the
 * frames up to t having given the first n labels and ending in a blank, blank[t, b, n]; or the first n + 1 labels and
 * ending in the last of them, label[t, b, n].  blank[T - 1] counts both endings, so that -blank[T - 1, b, number of
 * labels] is the loss.  Left-out frames repeat the frame before; log 0 is log_epsilon. */
EG_API eg_val(eg_ctc_loss_with_forward_probs)(eg_val logits, eg_val logit_paddings, eg_val labels,
                                              eg_val label_paddings, const eg_ctc_options *options, EG_PLACE);

/* -- regularisers ----------------------------------------------------------------------------------------------------
 *
 * x: a traced float, or a tuple of them. */

/* sqrt(sum x^2) over all elements of all parts of a tree: a scalar.  Its gradient is x / norm, 0 at 0. */
EG_API eg_val(eg_l2_norm)(eg_val x, EG_PLACE);
/* log(cosh(x)), elementwise. */
EG_API eg_val(eg_log_cosh)(eg_val x, EG_PLACE);
/* X(name): means over n axes (n = 0: all), as above: of |x|, of x^2. */
#define EG_MEAN_SIZES(X)                                                                                               \
    X(mean_absolute)                                                                                                   \
    X(mean_square)
#define X(name) EG_API eg_val(eg_##name)(eg_val x, int n, const int *axes, const char *file, int line);
EG_MEAN_SIZES(X)
#undef X
/* (1 - alpha) x + alpha / C of probabilities x [..., C] of classes, one-hot ones as a rule: targets that ask for less
 * certainty (Mueller, Kornblith, Hinton, When Does Label Smoothing Help?, 2019).  x: of any type; integers and booleans
 * become f32.  A tree gives a tree (BrainPy adds its parts up).  Errors: alpha not in 0 .. 1, a scalar x. */
EG_API eg_val(eg_smooth_labels)(eg_val x, double alpha, EG_PLACE);

/* -- by name ------------------------------------------------------------------------------------------------------ */

/* A loss with its options at their defaults. */
typedef eg_val (*eg_loss_fn)(eg_val predicts, eg_val targets, const char *file, int line);

/* The loss of that name ("mean_squared_error"; "l1_loos" is BrainPy's l1_loss); NULL after an error, which lists the
 * names.  They are all of the above that take predicts and targets; those that are elementwise or one number a row stay
 * so: take their eg_mean(). */
EG_API eg_loss_fn(eg_loss_by_name)(eg_context *eg, const char *name, EG_PLACE);

#ifndef __cplusplus
#define eg_cross_entropy_loss(p, t, ...) (eg_cross_entropy_loss)(EG_VAL(p), EG_VAL(t), __VA_ARGS__, EG_HERE)
#define eg_cross_entropy_sparse(p, t) (eg_cross_entropy_sparse)(EG_VAL(p), EG_VAL(t), EG_HERE)
#define eg_multiclass_logistic_loss(p, t) (eg_multiclass_logistic_loss)(EG_VAL(p), EG_VAL(t), EG_HERE)
#define eg_softmax_cross_entropy(p, t) (eg_softmax_cross_entropy)(EG_VAL(p), EG_VAL(t), EG_HERE)
#define eg_cross_entropy_sigmoid(p, t) (eg_cross_entropy_sigmoid)(EG_VAL(p), EG_VAL(t), EG_HERE)
#define eg_binary_logistic_loss(p, t) (eg_binary_logistic_loss)(EG_VAL(p), EG_VAL(t), EG_HERE)
#define eg_sigmoid_binary_cross_entropy(p, t) (eg_sigmoid_binary_cross_entropy)(EG_VAL(p), EG_VAL(t), EG_HERE)
#define eg_l1_loss(p, t, reduction) (eg_l1_loss)(EG_VAL(p), EG_VAL(t), reduction, EG_HERE)
#define eg_l2_loss(p, t) (eg_l2_loss)(EG_VAL(p), EG_VAL(t), EG_HERE)
#define eg_huber_loss(p, t, delta) (eg_huber_loss)(EG_VAL(p), EG_VAL(t), delta, EG_HERE)
#define eg_log_cosh_loss(p, t) (eg_log_cosh_loss)(EG_VAL(p), EG_VAL(t), EG_HERE)
#define eg_mean_absolute_error(p, ...) (eg_mean_absolute_error)(EG_VAL(p), EG_LIST(int, __VA_ARGS__), EG_HERE)
#define eg_mean_squared_error(p, ...) (eg_mean_squared_error)(EG_VAL(p), EG_LIST(int, __VA_ARGS__), EG_HERE)
#define eg_mean_squared_log_error(p, ...) (eg_mean_squared_log_error)(EG_VAL(p), EG_LIST(int, __VA_ARGS__), EG_HERE)
#define eg_ctc_loss(logits, logit_paddings, labels, label_paddings, ...)                                               \
    (eg_ctc_loss)(logits, EG_VAL(logit_paddings), labels, EG_VAL(label_paddings), __VA_ARGS__, EG_HERE)
#define eg_ctc_loss_with_forward_probs(logits, logit_paddings, labels, label_paddings, ...)                            \
    (eg_ctc_loss_with_forward_probs)(logits, EG_VAL(logit_paddings), labels, EG_VAL(label_paddings), __VA_ARGS__,      \
                                     EG_HERE)
#define eg_l2_norm(x) (eg_l2_norm)(EG_VAL(x), EG_HERE)
#define eg_log_cosh(x) (eg_log_cosh)(EG_VAL(x), EG_HERE)
#define eg_mean_absolute(...) (eg_mean_absolute)(EG_LIST(int, __VA_ARGS__), EG_HERE)
#define eg_mean_square(...) (eg_mean_square)(EG_LIST(int, __VA_ARGS__), EG_HERE)
#define eg_smooth_labels(x, alpha) (eg_smooth_labels)(EG_VAL(x), alpha, EG_HERE)
#define eg_loss_by_name(eg, name) (eg_loss_by_name)(eg, name, EG_HERE)
#endif

#ifdef __cplusplus
}

/* What takes axes, in C++ (cxx_math.h). */
#define X(name)                                                                                                        \
    template <class... A> inline eg_val eg_##name(eg_val predicts, eg_arg targets, A... axes)                          \
    {                                                                                                                  \
        const int list[] = {static_cast<int>(axes)..., 0};                                                             \
        return eg_##name(predicts, targets.v, static_cast<int>(sizeof...(A)), list, targets.in_file, targets.at_line); \
    }
EG_MEAN_ERRORS(X)
#undef X
#define X(name)                                                                                                        \
    template <class... A> inline eg_val eg_##name(eg_arg x, A... axes)                                                 \
    {                                                                                                                  \
        const int list[] = {static_cast<int>(axes)..., 0};                                                             \
        return eg_##name(x.v, static_cast<int>(sizeof...(A)), list, x.in_file, x.at_line);                             \
    }
EG_MEAN_SIZES(X)
#undef X
#endif
#endif
