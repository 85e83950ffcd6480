/* Losses of differences. */
#include <math.h>

#include "loss.h"

/* predicts - targets, of one shape. */
static eg_val difference(const loss *at, eg_val p, eg_val t)
{
    return loss_same_shape(at, p, t) ? eg_sub(p, t) : eg_nothing();
}

/* -- elementwise -------------------------------------------------------------------------------------------------- */

static eg_val l2(const loss *at, eg_val p, eg_val t) { return eg_mul(0.5, eg_square(difference(at, p, t))); }

/* One form for all sides: with c the difference d clipped to -delta .. delta it is c (d - c/2), in which nothing is
 * squared that is large, and which is a parabola also at 0, where |d| has no second derivative. */
static eg_val huber(const loss *at, eg_val p, eg_val t)
{
    eg_val d = difference(at, p, t), c = eg_clip(d, -at->number, at->number);
    return eg_mul(c, eg_sub(d, eg_mul(0.5, c)));
}

static eg_val log_cosh_of_difference(const loss *at, eg_val p, eg_val t)
{
    return loss_log_cosh(at, difference(at, p, t));
}

eg_val(eg_l2_loss)(eg_val predicts, eg_val targets, const char *file, int line)
{
    loss at;
    if (!loss_begin(&at, "eg_l2_loss", predicts, file, line)) return eg_nothing();
    return loss_of_pairs(&at, predicts, targets, l2);
}

eg_val(eg_huber_loss)(eg_val predicts, eg_val targets, double delta, const char *file, int line)
{
    loss at;
    if (!loss_begin(&at, "eg_huber_loss", predicts, file, line)) return eg_nothing();
    if (!(delta >= 0 && isfinite(delta)))
        return loss_fail(&at, EG_ERR_ARGUMENT, "delta is %g; use a number above 0, or 0 for 1", delta);
    at.number = delta > 0 ? delta : 1;
    return loss_of_pairs(&at, predicts, targets, huber);
}

eg_val(eg_log_cosh_loss)(eg_val predicts, eg_val targets, const char *file, int line)
{
    loss at;
    if (!loss_begin(&at, "eg_log_cosh_loss", predicts, file, line)) return eg_nothing();
    return loss_of_pairs(&at, predicts, targets, log_cosh_of_difference);
}

/* -- sums over rows ----------------------------------------------------------------------------------------------- */

static eg_val l1(const loss *at, eg_val p, eg_val t)
{
    static const int behind[] = {1, 2, 3, 4, 5};
    int rank = eg_spec_of(p).rank;
    eg_val rows = eg_abs(difference(at, p, t));
    if (rank > 1) rows = eg_sum_axes(rows, rank - 1, behind, false);
    if (at->reduction == EG_REDUCTION_NONE) return rows;
    return at->reduction == EG_REDUCTION_MEAN ? loss_mean(at, rows) : eg_sum(rows);
}

eg_val(eg_l1_loss)(eg_val predicts, eg_val targets, eg_reduction reduction, const char *file, int line)
{
    loss at;
    if (!loss_begin(&at, "eg_l1_loss", predicts, file, line)) return eg_nothing();
    if (!loss_reduction(&at, reduction, EG_REDUCTION_SUM)) return eg_nothing();
    return loss_of_pairs(&at, predicts, targets, l1);
}

/* -- means over axes ---------------------------------------------------------------------------------------------- */

static eg_val mean_absolute_error(const loss *at, eg_val p, eg_val t)
{
    return loss_mean(at, eg_abs(difference(at, p, t)));
}

static eg_val mean_squared_error(const loss *at, eg_val p, eg_val t)
{
    return loss_mean(at, eg_square(difference(at, p, t)));
}

/* Both in the type in which they meet: the logarithm of an integer would be f32, beside f64 as well. */
static eg_val mean_squared_log_error(const loss *at, eg_val p, eg_val t)
{
    if (!loss_same_shape(at, p, t)) return eg_nothing();
    if (!eg_is_number(t, NULL)) {
        bool wide = eg_spec_of(p).dtype == EG_F64 || eg_spec_of(t).dtype == EG_F64;
        p = eg_convert(p, wide ? EG_F64 : EG_F32);
        t = eg_convert(t, wide ? EG_F64 : EG_F32);
    }
    return loss_mean(at, eg_square(eg_sub(eg_log1p(p), eg_log1p(t))));
}

#define X(name)                                                                                                        \
    eg_val(eg_##name)(eg_val predicts, eg_val targets, int n, const int *axes, const char *file, int line)             \
    {                                                                                                                  \
        loss at;                                                                                                       \
        if (!loss_begin(&at, "eg_" #name, predicts, file, line)) return eg_nothing();                                  \
        at.num_axes = n;                                                                                               \
        at.axes = axes;                                                                                                \
        return loss_of_pairs(&at, predicts, targets, name);                                                            \
    }
EG_MEAN_ERRORS(X)
#undef X
