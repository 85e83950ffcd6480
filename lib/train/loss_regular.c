/* Regularisers, and labels made less certain. */
#include "loss.h"

/* -- means and elementwise ---------------------------------------------------------------------------------------- */

static eg_val mean_absolute(const loss *at, eg_val x, eg_val none) { return (void)none, loss_mean(at, eg_abs(x)); }
static eg_val mean_square(const loss *at, eg_val x, eg_val none) { return (void)none, loss_mean(at, eg_square(x)); }
static eg_val log_cosh(const loss *at, eg_val x, eg_val none) { return (void)none, loss_log_cosh(at, x); }

#define X(name)                                                                                                        \
    eg_val(eg_##name)(eg_val x, int n, const int *axes, const char *file, int line)                                    \
    {                                                                                                                  \
        loss at;                                                                                                       \
        if (!loss_begin(&at, "eg_" #name, x, file, line)) return eg_nothing();                                         \
        at.num_axes = n;                                                                                               \
        at.axes = axes;                                                                                                \
        return loss_of_values(&at, x, name);                                                                           \
    }
EG_MEAN_SIZES(X)
#undef X

eg_val(eg_log_cosh)(eg_val x, const char *file, int line)
{
    loss at;
    if (!loss_begin(&at, "eg_log_cosh", x, file, line)) return eg_nothing();
    return loss_of_values(&at, x, log_cosh);
}

/* -- the norm ----------------------------------------------------------------------------------------------------- */

/* Largest |x| of a tree. */
static eg_val largest(const loss *at, eg_val x)
{
    if (!loss_is_tree(x)) return loss_float(at, "x", x) ? eg_max(eg_amax(eg_abs(x)), 0) : eg_nothing();
    eg_val most = eg_real(0);
    for (int k = 0; k < eg_tuple_size(x) && !eg_error(at->eg); k++) most = eg_max(most, largest(at, eg_item(x, k)));
    return most;
}

static eg_val sum_of_scaled_squares(const loss *at, eg_val x, eg_val none)
{
    (void)none;
    return eg_sum(eg_square(eg_div(x, at->value)));
}

/* In units of the largest element, so that no square overflows or vanishes; the unit has no gradient, as the result
 * does not depend on it.  At 0 the root gets 1, at which its slope is finite. */
static eg_val norm(loss *at, eg_val x)
{
    eg_val most = largest(at, x);
    if (eg_error(at->eg)) return eg_nothing();
    eg_val usable = eg_and(eg_gt(most, 0), eg_not(eg_isinf(most)));
    at->value = eg_stop_gradient(eg_where(usable, most, 1));
    eg_val sum = loss_of_values(at, x, sum_of_scaled_squares), some = eg_ne(sum, 0);
    return eg_where(some, eg_mul(at->value, eg_sqrt(eg_where(some, sum, 1))), 0);
}

eg_val(eg_l2_norm)(eg_val x, const char *file, int line)
{
    loss at;
    if (!loss_begin(&at, "eg_l2_norm", x, file, line)) return eg_nothing();
    return norm(&at, x);
}

/* -- labels ------------------------------------------------------------------------------------------------------- */

static eg_val smooth(const loss *at, eg_val x);

static eg_val smooth_parts(const loss *at, eg_val x)
{
    int n = eg_tuple_size(x);
    eg_val *part = eg_alloc(at->eg, n, sizeof *part), tree = eg_nothing();
    for (int k = 0; part && k < n; k++) part[k] = smooth(at, eg_item(x, k));
    if (part && !eg_error(at->eg)) tree = eg_tuple(at->eg, n, part);
    eg_release(at->eg, part);
    return tree;
}

static eg_val smooth(const loss *at, eg_val x)
{
    if (loss_is_tree(x)) return smooth_parts(at, x);
    if (!loss_traced(at, "x", x)) return eg_nothing();
    eg_spec s = eg_spec_of(x);
    if (s.rank == 0) return loss_fail(at, EG_ERR_SHAPE, "x is a scalar; its last axis must be that of the classes");
    return eg_add(eg_mul(1 - at->number, x), at->number / (double)s.dim[s.rank - 1]);
}

eg_val(eg_smooth_labels)(eg_val x, double alpha, const char *file, int line)
{
    loss at;
    if (!loss_begin(&at, "eg_smooth_labels", x, file, line)) return eg_nothing();
    if (!(alpha >= 0 && alpha <= 1))
        return loss_fail(&at, EG_ERR_ARGUMENT, "alpha is %g; use a number in 0 .. 1", alpha);
    at.number = alpha;
    return smooth(&at, x);
}
