/* Losses of classes. */
#include <math.h>

#include "loss.h"

static const int last[] = {-1};
static eg_val sum_last(const loss *at, eg_val x) { return eg_sum_axes(x, 1, last, false); }
/* 0 - x, for -x would make -0 of a loss of 0. */
static eg_val minus_sum_last(const loss *at, eg_val x) { return eg_sub(0, sum_last(at, x)); }

/* -- probabilities ------------------------------------------------------------------------------------------------ */

/* x times a factor; what is infinite and not wanted counts 0, not 0 times infinity. */
static eg_val weighed(const loss *at, eg_val factor, eg_val x)
{
    return eg_mul(factor, eg_where(eg_and(eg_eq(factor, 0), eg_isinf(x)), 0, x));
}

/* Losses of the rows, and how much each counts (nothing: 1 each). */
typedef struct rows {
    eg_val loss, weight;
} rows;

static rows of_probabilities(const loss *at, eg_val p, eg_val t)
{
    bool even = loss_absent(at->value);
    eg_val share = even ? t : eg_mul(t, at->value);
    return (rows){minus_sum_last(at, weighed(at, share, loss_log_softmax(at, p))),
                  even ? eg_nothing() : sum_last(at, share)};
}

/* -- indices ------------------------------------------------------------------------------------------------------ */

/* Picks by comparison with every class: nothing is read at the index, so that it cannot be outside.  Rows that are left
 * out get logits of 0, for 0 times the slopes at theirs may be NaN. */
static rows of_indices(const loss *at, eg_val p, eg_val t)
{
    eg_spec s = eg_spec_of(p);
    int64_t num = s.dim[s.rank - 1];
    bool even = loss_absent(at->value);
    if (num > INT32_MAX) t = eg_convert(t, EG_I64);
    eg_val index = eg_iota(at->eg, num, eg_spec_of(t).dtype);
    eg_val chosen = eg_eq(index, eg_new_axis(t, -1)), counts = eg_ge(t, 0);
    eg_val log_p = loss_log_softmax(at, eg_where(eg_new_axis(counts, -1), p, 0));
    eg_val each = minus_sum_last(at, eg_where(chosen, log_p, 0));
    eg_val weight = eg_convert(counts, s.dtype);
    if (!even) {
        weight = sum_last(at, eg_where(chosen, at->value, 0));
        each = weighed(at, weight, each);
    }
    return (rows){eg_where(eg_ge(t, num), NAN, eg_where(counts, each, 0)), weight};
}

/* Class indices of predicts [..., C] in any of the shapes that they come in, as [...]; nothing after an error. */
static eg_val indices(const loss *at, eg_val p, eg_val t)
{
    eg_spec s = eg_spec_of(p), i = eg_spec_of(t);
    if (!loss_integers(at, "targets", t)) return eg_nothing();
    bool each = i.rank == s.rank - 1 || (i.rank == s.rank && i.dim[i.rank - 1] == 1);
    for (int k = 0; each && k < s.rank - 1; k++) each = i.dim[k] == s.dim[k];
    if (i.rank == 0) return eg_broadcast_to(eg_is_number(t, NULL) ? eg_full(at->eg, i, t) : t, s.rank - 1, s.dim);
    if (each) return eg_reshape_to(t, s.rank - 1, s.dim);
    return loss_fail(at, EG_ERR_SHAPE,
                     "predicts is %s, targets %s; class indices have the shape of predicts without its last axis",
                     loss_spec(s).s, loss_spec(i).s);
}

/* -- the losses --------------------------------------------------------------------------------------------------- */

static bool has_classes(const loss *at, eg_val p)
{
    eg_spec s = eg_spec_of(p);
    if (s.rank > 0 && s.dim[s.rank - 1] > 0) return true;
    loss_fail(at, EG_ERR_SHAPE, "predicts is %s; its last axis must be that of the classes", loss_spec(s).s);
    return false;
}

static bool weight_fits(const loss *at, eg_val p)
{
    if (loss_absent(at->value)) return true;
    if (!loss_float(at, "weight", at->value)) return false;
    eg_spec s = eg_spec_of(p), w = eg_spec_of(at->value);
    if (w.rank == 1 && w.dim[0] == s.dim[s.rank - 1]) return true;
    loss_fail(at, EG_ERR_SHAPE, "weight is %s, predicts %s; give one weight for each class", loss_spec(w).s,
              loss_spec(s).s);
    return false;
}

/* A mean of no row is 0. */
static eg_val mean_of(const loss *at, rows r)
{
    eg_spec s = eg_spec_of(r.loss);
    int64_t num = 1;
    for (int k = 0; k < s.rank; k++) num *= s.dim[k];
    if (loss_absent(r.weight)) return num > 0 ? eg_mean(r.loss) : eg_sum(r.loss);
    eg_val total = eg_sum(r.weight);
    return eg_div(eg_sum(r.loss), eg_where(eg_eq(total, 0), 1, total));
}

static eg_val cross_entropy(const loss *at, eg_val p, eg_val t)
{
    if (!has_classes(at, p) || !weight_fits(at, p)) return eg_nothing();
    eg_spec s = eg_spec_of(p), i = eg_spec_of(t);
    bool column = i.rank == s.rank && i.dim[i.rank - 1] == 1 && i.dtype != EG_BOOL && i.dtype < EG_F32;
    rows r = {eg_nothing(), eg_nothing()};
    if (column && loss_equal(s, i))
        loss_fail(at, EG_ERR_SHAPE,
                  "predicts is %s, targets %s: indices or probabilities? Drop the last axis of indices; "
                  "eg_convert() probabilities to a float",
                  loss_spec(s).s, loss_spec(i).s);
    else if (loss_equal(s, i))
        r = of_probabilities(at, p, t);
    else if (i.rank == 0 || i.rank == s.rank - 1 || column) {
        t = indices(at, p, t);
        if (!eg_error(at->eg)) r = of_indices(at, p, t);
    } else
        loss_fail(at, EG_ERR_SHAPE, "predicts is %s, targets %s; give an index for each row, or probabilities %s",
                  loss_spec(s).s, loss_spec(i).s, loss_spec(s).s);
    if (eg_error(at->eg)) return eg_nothing();
    if (at->reduction == EG_REDUCTION_NONE) return r.loss;
    return at->reduction == EG_REDUCTION_SUM ? eg_sum(r.loss) : mean_of(at, r);
}

static eg_val sparse(const loss *at, eg_val p, eg_val t)
{
    if (!has_classes(at, p)) return eg_nothing();
    eg_val index = indices(at, p, t);
    return eg_error(at->eg) ? eg_nothing() : of_indices(at, p, index).loss;
}

static eg_val multiclass(const loss *at, eg_val p, eg_val t)
{
    if (eg_spec_of(p).rank == 1) return sparse(at, p, t);
    return loss_fail(at, EG_ERR_SHAPE, "predicts is %s; give one row [C], or call eg_cross_entropy_sparse",
                     loss_spec(eg_spec_of(p)).s);
}

static eg_val softmax(const loss *at, eg_val p, eg_val t)
{
    eg_spec s = eg_spec_of(p), i = eg_spec_of(t);
    if (!has_classes(at, p)) return eg_nothing();
    if (loss_equal(s, i)) return of_probabilities(at, p, t).loss;
    return loss_fail(at, EG_ERR_SHAPE, "predicts is %s, targets %s; give a probability for each class", loss_spec(s).s,
                     loss_spec(i).s);
}

/* As it is defined, by -log S(p) = softplus(-p): all terms have one sign, in the loss and in each part of its gradient,
 * so that a sure and right answer keeps its digits.  max(p, 0) - p t + ... would save a softplus and lose those of the
 * gradient. */
static eg_val yes_or_no(const loss *at, eg_val p, eg_val t)
{
    if (!loss_same_shape(at, p, t)) return eg_nothing();
    return eg_add(weighed(at, t, eg_softplus(eg_neg(p))), weighed(at, eg_sub(1, t), eg_softplus(p)));
}

eg_val(eg_cross_entropy_loss)(eg_val predicts, eg_val targets, const eg_cross_entropy_options *options,
                              const char *file, int line)
{
    loss at;
    if (!loss_begin(&at, "eg_cross_entropy_loss", predicts, file, line)) return eg_nothing();
    if (!loss_reduction(&at, options ? options->reduction : EG_REDUCTION_DEFAULT, EG_REDUCTION_MEAN))
        return eg_nothing();
    if (options) at.value = options->weight;
    return loss_of_pairs(&at, predicts, targets, cross_entropy);
}

/* The others have no options. */
#define PLAIN(name, leaf)                                                                                              \
    eg_val(name)(eg_val predicts, eg_val targets, const char *file, int line)                                          \
    {                                                                                                                  \
        loss at;                                                                                                       \
        if (!loss_begin(&at, #name, predicts, file, line)) return eg_nothing();                                        \
        return loss_of_pairs(&at, predicts, targets, leaf);                                                            \
    }
PLAIN(eg_cross_entropy_sparse, sparse)
PLAIN(eg_multiclass_logistic_loss, multiclass)
PLAIN(eg_softmax_cross_entropy, softmax)
PLAIN(eg_cross_entropy_sigmoid, yes_or_no)
PLAIN(eg_binary_logistic_loss, yes_or_no)
PLAIN(eg_sigmoid_binary_cross_entropy, yes_or_no)
