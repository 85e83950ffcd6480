/* What the losses share. */
#include "loss.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool loss_begin(loss *at, const char *name, eg_val x, const char *file, int line)
{
    *at = (loss){.eg = eg_context_of(x), .name = name, .file = file, .line = line};
    return at->eg && !eg_error(at->eg);
}

eg_val loss_fail(const loss *at, eg_status status, const char *format, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    eg_fail(at->eg, status, at->file, at->line, "%s: %s", at->name, text);
    return eg_nothing();
}

loss_text loss_spec(eg_spec s)
{
    loss_text t;
    size_t n = (size_t)snprintf(t.s, sizeof t.s, "%s", eg_dtype_name(s.dtype));
    for (int k = 0; k < s.rank && n < sizeof t.s; k++)
        n += (size_t)snprintf(t.s + n, sizeof t.s - n, "%s%lld%s", k ? "," : "[", (long long)s.dim[k],
                              k == s.rank - 1 ? "]" : "");
    return t;
}

bool loss_equal(eg_spec a, eg_spec b)
{
    return a.rank == b.rank && !memcmp(a.dim, b.dim, (size_t)(a.rank > 0 ? a.rank : 0) * sizeof *a.dim);
}

/* -- checks ------------------------------------------------------------------------------------------------------- */

static bool wrong(const loss *at, eg_status status, const char *what, eg_val x, const char *text)
{
    loss_fail(at, status, "%s is %s; %s", what, loss_spec(eg_spec_of(x)).s, text);
    return false;
}

bool loss_absent(eg_val v) { return !v.of; }

bool loss_traced(const loss *at, const char *what, eg_val x)
{
    if (eg_is_number(x, NULL))
        loss_fail(at, EG_ERR_ARGUMENT, "%s is a plain number; give a traced value", what);
    else if (eg_tuple_size(x) == 0)
        loss_fail(at, EG_ERR_ARGUMENT, "%s is nothing, or a value of a trace that has ended", what);
    else if (eg_spec_of(x).rank < 0)
        loss_fail(at, EG_ERR_TYPE, "%s is a tuple; give a value", what);
    return !eg_error(at->eg);
}

bool loss_float(const loss *at, const char *what, eg_val x)
{
    if (!loss_traced(at, what, x)) return false;
    eg_dtype t = eg_spec_of(x).dtype;
    return t == EG_F32 || t == EG_F64 || wrong(at, EG_ERR_TYPE, what, x, "it must be f32 or f64: eg_convert() it");
}

bool loss_same_shape(const loss *at, eg_val predicts, eg_val targets)
{
    eg_spec p = eg_spec_of(predicts), t = eg_spec_of(targets);
    bool same = t.rank == 0 || loss_equal(p, t);
    if (!same)
        loss_fail(at, EG_ERR_SHAPE, "predicts is %s, targets %s; give them one shape, or a scalar as targets",
                  loss_spec(p).s, loss_spec(t).s);
    return same;
}

bool loss_integers(const loss *at, const char *what, eg_val x)
{
    eg_dtype t = eg_spec_of(x).dtype;
    if (t == EG_I32 || t == EG_U32 || t == EG_I64) return true;
    return wrong(at, EG_ERR_TYPE, what, x, "class indices must be i32, u32 or i64");
}

bool loss_reduction(loss *at, eg_reduction chosen, eg_reduction otherwise)
{
    at->reduction = chosen == EG_REDUCTION_DEFAULT ? otherwise : chosen;
    if ((unsigned)chosen <= EG_REDUCTION_NONE) return true;
    loss_fail(at, EG_ERR_ARGUMENT, "reduction is %d; use one of eg_reduction", (int)chosen);
    return false;
}

/* -- trees -------------------------------------------------------------------------------------------------------- */

bool loss_is_tree(eg_val v) { return eg_tuple_size(v) > 0 && eg_spec_of(v).rank < 0; }

/* Adds the loss of part k; nothing after an error. */
static eg_val add_part(const loss *at, eg_val sum, eg_val part, int k)
{
    eg_spec a = eg_spec_of(sum), b = eg_spec_of(part);
    if (k == 0 || eg_error(at->eg)) return part;
    if (loss_equal(a, b)) return eg_add(sum, part);
    return loss_fail(at, EG_ERR_SHAPE,
                     "the loss of part %d of the tuple is %s, of those before it %s; reduce them first", k,
                     loss_spec(b).s, loss_spec(a).s);
}

eg_val loss_of_pairs(const loss *at, eg_val predicts, eg_val targets, loss_leaf *leaf)
{
    int n = eg_tuple_size(predicts);
    if (!loss_is_tree(predicts) && !loss_is_tree(targets)) {
        if (!loss_float(at, "predicts", predicts)) return eg_nothing();
        if (!eg_is_number(targets, NULL) && !loss_traced(at, "targets", targets)) return eg_nothing();
        return leaf(at, predicts, targets);
    }
    if (loss_is_tree(predicts) != loss_is_tree(targets) || n != eg_tuple_size(targets))
        return loss_fail(at, EG_ERR_ARGUMENT, "predicts has %d parts, targets %d; give tuples of one structure", n,
                         eg_tuple_size(targets));
    eg_val sum = eg_nothing();
    for (int k = 0; k < n && !eg_error(at->eg); k++)
        sum = add_part(at, sum, loss_of_pairs(at, eg_item(predicts, k), eg_item(targets, k), leaf), k);
    return eg_error(at->eg) ? eg_nothing() : sum;
}

eg_val loss_of_values(const loss *at, eg_val x, loss_leaf *leaf)
{
    if (!loss_is_tree(x)) return loss_float(at, "x", x) ? leaf(at, x, eg_nothing()) : eg_nothing();
    eg_val sum = eg_nothing();
    for (int k = 0; k < eg_tuple_size(x) && !eg_error(at->eg); k++)
        sum = add_part(at, sum, loss_of_values(at, eg_item(x, k), leaf), k);
    return eg_error(at->eg) ? eg_nothing() : sum;
}

/* -- pieces ------------------------------------------------------------------------------------------------------- */

static bool check_axes(const loss *at, int rank)
{
    bool taken[EG_MAX_RANK] = {false};
    if (at->num_axes < 0 || (at->num_axes > 0 && !at->axes))
        loss_fail(at, EG_ERR_ARGUMENT, "%d axes; give an array of them, or 0 for all", at->num_axes);
    for (int k = 0; k < at->num_axes && !eg_error(at->eg); k++) {
        int axis = at->axes[k] < 0 ? at->axes[k] + rank : at->axes[k];
        if (axis < 0 || axis >= rank)
            loss_fail(at, EG_ERR_SHAPE, "axis %d of a value of rank %d; use %d to %d", at->axes[k], rank, -rank,
                      rank - 1);
        else if (taken[axis])
            loss_fail(at, EG_ERR_SHAPE, "axis %d is given twice", at->axes[k]);
        else
            taken[axis] = true;
    }
    return !eg_error(at->eg);
}

/* Is a mean over the axes, which are right, one of no elements? */
static bool of_nothing(const loss *at, eg_spec s)
{
    bool nothing = false;
    for (int k = 0; k < (at->num_axes > 0 ? at->num_axes : s.rank); k++) {
        int axis = at->num_axes > 0 ? at->axes[k] : k;
        nothing = nothing || s.dim[axis < 0 ? axis + s.rank : axis] == 0;
    }
    return nothing;
}

eg_val loss_mean(const loss *at, eg_val x)
{
    eg_spec s = eg_spec_of(x);
    if (!check_axes(at, s.rank)) return eg_nothing();
    if (of_nothing(at, s)) return eg_sum_axes(x, at->num_axes, at->axes, false);
    return eg_mean_axes(x, at->num_axes, at->axes, false);
}

/* The largest element is taken away first: what is left keeps its digits, which logits - logsumexp(logits) would lose
 * to the size of large ones.  It has no gradient, as the result does not depend on it. */
eg_val loss_log_softmax(const loss *at, eg_val x)
{
    eg_val most = eg_stop_gradient(eg_amax_axes(x, 1, (const int[]){-1}, true));
    eg_val z = eg_sub(x, most);
    return eg_sub(z, eg_log(eg_sum_axes(eg_exp(z), 1, (const int[]){-1}, true)));
}

/* Below 1 by cosh^2 = 1 + sinh^2, as the sum of the other form would leave nothing of x^2 / 2; sinh has an argument
 * that it can bear also where it is not taken. */
eg_val loss_log_cosh(const loss *at, eg_val x)
{
    eg_val size = eg_abs(x), small = eg_lt(size, 1);
    eg_val near = eg_mul(0.5, eg_log1p(eg_square(eg_sinh(eg_where(small, x, 0)))));
    eg_val far = eg_add(eg_sub(size, 0.69314718055994530942), eg_softplus(eg_mul(-2, size)));
    return eg_where(small, near, far);
}
