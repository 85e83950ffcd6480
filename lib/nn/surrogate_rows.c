/* Formulas of the surrogates, and their table.
 *
 * Slopes are differentiated again, also at infinite x, so nothing may be infinite on the way: 1/(1 + u) is squared, not
 * 1 + u; what squares x bounds it first; what a select does not take is a number all the same. */
#include <math.h>

#include "engram/math.h"
#include "surrogate.h"

#define FORMULA(name) static eg_val name(const eg_surrogate *s, eg_val x)

static const double PI = 3.14159265358979323846;

/* -- parts --------------------------------------------------------------------------------------------------------- */

/* a x, 0 for a = 0 also where x is infinite: of x's type, as plain numbers alone would meet in the default float. */
static eg_val scaled(double a, eg_val x)
{
    if (a != 0) return eg_mul(a, x);
    return eg_is_number(x, NULL) ? eg_real(0) : eg_full(eg_context_of(x), eg_spec_of(x), 0.0);
}

/* |a x| for a >= 0 */
static eg_val distance(double a, eg_val x) { return scaled(a, eg_abs(x)); }

/* yes or no, in the type of x: two plain numbers would meet in the default float. */
static eg_val either(eg_val x, eg_val cond, double yes, double no)
{
    eg_val one = eg_convert(cond, eg_spec_of(x).dtype);
    return eg_where(cond, eg_mul(one, yes), no);
}

/* For x < 0 low, else 1 - low: both halves of a primitive that is symmetric about (0, 1/2). */
static eg_val symmetric(eg_val x, eg_val low) { return eg_where(eg_lt(x, 0), low, eg_sub(1, low)); }

/* 0 in place of an infinite x, and in place of what a formula gives for it. */
static eg_val bounded(eg_val x) { return eg_where(eg_isinf(x), 0, x); }
static eg_val vanishing(eg_val x, eg_val y) { return eg_where(eg_isinf(x), 0, y); }

/* 1 / (1 + u) for u >= 0 */
static eg_val fraction(eg_val u) { return eg_div(1, eg_add(1, u)); }

/* a S'(a x); 1 - S has no digits where S is near 1. */
static eg_val sigmoid_slope(double a, eg_val x)
{
    eg_val t = eg_exp(eg_neg(distance(a, x)));
    return eg_mul(eg_mul(a, t), eg_square(fraction(t)));
}

/* exp(-u^2) */
static eg_val bell(eg_val u) { return vanishing(u, eg_exp(eg_neg(eg_square(bounded(u))))); }

/* N(x, m, d) */
static eg_val normal(eg_val x, double m, double d)
{
    return eg_mul(1 / (sqrt(2 * PI) * d), bell(eg_div(eg_sub(x, m), sqrt(2) * d)));
}

/* -- slopes that are derivatives ----------------------------------------------------------------------------------- */

FORMULA(sigmoid) { return sigmoid_slope(s->p[0], x); }
FORMULA(sigmoid_primitive) { return eg_sigmoid(scaled(s->p[0], x)); }

FORMULA(piecewise_quadratic) { return scaled(s->p[0], eg_max(eg_sub(1, distance(s->p[0], x)), 0)); }
FORMULA(piecewise_quadratic_primitive)
{
    eg_val inside = eg_max(eg_sub(1, distance(s->p[0], x)), 0);
    return symmetric(x, eg_mul(0.5, eg_square(inside)));
}

FORMULA(piecewise_exp) { return eg_mul(s->p[0] / 2, eg_exp(eg_neg(distance(s->p[0], x)))); }
FORMULA(piecewise_exp_primitive) { return symmetric(x, eg_mul(0.5, eg_exp(eg_neg(distance(s->p[0], x))))); }

FORMULA(soft_sign) { return eg_mul(s->p[0] / 2, eg_square(fraction(distance(s->p[0], x)))); }
FORMULA(soft_sign_primitive) { return symmetric(x, eg_mul(0.5, fraction(distance(s->p[0], x)))); }

FORMULA(arctan)
{
    eg_val u = scaled(PI / 2 * s->p[0], x);
    return eg_mul(s->p[0] / 2, vanishing(u, fraction(eg_square(bounded(u)))));
}
FORMULA(arctan_primitive) { return eg_add(eg_div(eg_atan(scaled(PI / 2 * s->p[0], x)), PI), 0.5); }

FORMULA(nonzero_sign_log) { return eg_mul(s->p[0], fraction(distance(s->p[0], x))); }
FORMULA(nonzero_sign_log_primitive)
{
    eg_val size = eg_log1p(distance(s->p[0], x));
    return eg_where(eg_lt(x, 0), eg_neg(size), size);
}

FORMULA(erf_slope) { return eg_mul(s->p[0] / sqrt(PI), bell(scaled(s->p[0], x))); }
FORMULA(erf_primitive) { return eg_mul(0.5, eg_erfc(eg_neg(scaled(s->p[0], x)))); }

FORMULA(piecewise_leaky_relu)
{
    double c = s->p[0], w = s->p[1], scale = s->p[2];
    return either(x, eg_gt(eg_abs(x), w), c, scale / (2 * w));
}
FORMULA(piecewise_leaky_relu_primitive)
{
    double c = s->p[0], w = s->p[1];
    eg_val low = scaled(c, eg_add(x, w)), high = eg_add(scaled(c, eg_sub(x, w)), 1);
    eg_val middle = eg_add(eg_div(x, 2 * w), 0.5);
    return eg_where(eg_lt(x, -w), low, eg_where(eg_gt(x, w), high, middle));
}

/* 2 pi v without its whole turns, so that a wave is exact far away too. */
static eg_val angle(eg_val v) { return eg_mul(2 * PI, eg_sub(v, eg_round(v))); }

/* x / t_period between -1/2 and 1/2. */
static eg_val phase(eg_val periods)
{
    eg_val u = bounded(periods);
    return eg_sub(u, eg_round(u));
}

FORMULA(squarewave_fourier_series)
{
    eg_val periods = eg_div(x, s->p[1]), u = phase(periods), sum = eg_cos(angle(u));
    for (int i = 2; i <= (int)s->p[0]; i++) sum = eg_add(sum, eg_cos(angle(eg_mul(2 * i - 1, u))));
    return eg_mul(4 / s->p[1], vanishing(periods, sum));
}
FORMULA(squarewave_fourier_series_primitive)
{
    eg_val periods = eg_div(x, s->p[1]), u = phase(periods), sum = eg_sin(angle(u));
    for (int i = 2; i <= (int)s->p[0]; i++) sum = eg_add(sum, eg_div(eg_sin(angle(eg_mul(2 * i - 1, u))), 2 * i - 1));
    return eg_add(eg_mul(2 / PI, vanishing(periods, sum)), 0.5);
}

/* What is right of 0 never sees the pole at -1. */
static eg_val right_of_0(eg_val x) { return eg_where(eg_lt(x, 0), 0, x); }

FORMULA(s2nn) { return eg_where(eg_lt(x, 0), sigmoid_slope(s->p[0], x), eg_mul(s->p[1], fraction(right_of_0(x)))); }
FORMULA(s2nn_primitive)
{
    eg_val right = scaled(s->p[1], eg_log1p(eg_add(right_of_0(x), s->p[2])));
    return eg_where(eg_lt(x, 0), eg_sigmoid(scaled(s->p[0], x)), eg_add(right, 0.5));
}

/* (1 + 2 |x| / (alpha - 1))^power, of which the logarithm keeps its digits however large alpha is. */
static eg_val q_power(double alpha, eg_val x, double power)
{
    return eg_exp(eg_mul(power, eg_log1p(distance(2 / (alpha - 1), x))));
}

FORMULA(q_pseudo_spike) { return q_power(s->p[0], x, -s->p[0]); }
FORMULA(q_pseudo_spike_primitive) { return symmetric(x, eg_mul(0.5, q_power(s->p[0], x, 1 - s->p[0]))); }

FORMULA(leaky_relu) { return either(x, eg_lt(x, 0), s->p[0], s->p[1]); }
FORMULA(leaky_relu_primitive) { return eg_where(eg_lt(x, 0), scaled(s->p[0], x), scaled(s->p[1], x)); }

/* What is above 1, else 1: where 1/x and log x are wanted. */
static eg_val above_1(eg_val x) { return eg_where(eg_gt(x, 1), x, 1); }

FORMULA(log_tailed_relu) { return eg_where(eg_gt(x, 0), eg_div(1, above_1(x)), s->p[0]); }
FORMULA(log_tailed_relu_primitive)
{
    eg_val right = eg_where(eg_gt(x, 1), eg_log(above_1(x)), x);
    return eg_where(eg_gt(x, 0), right, scaled(s->p[0], x));
}

/* -- slopes alone -------------------------------------------------------------------------------------------------- */

FORMULA(relu_grad) { return scaled(s->p[0], eg_max(eg_sub(s->p[1], eg_abs(x)), 0)); }

FORMULA(gaussian_grad) { return eg_mul(s->p[1], normal(x, 0, s->p[0])); }

FORMULA(multi_gaussian_grad)
{
    double h = s->p[0], wide = s->p[1] * s->p[2], sigma = s->p[2], scale = s->p[3];
    eg_val sides = eg_add(normal(x, sigma, wide), normal(x, -sigma, wide));
    return eg_mul(scale, eg_sub(eg_mul(1 + h, normal(x, 0, sigma)), eg_mul(h, sides)));
}

FORMULA(inv_square_grad) { return eg_square(fraction(distance(s->p[0], x))); }

FORMULA(slayer_grad) { return eg_exp(eg_neg(distance(s->p[0], x))); }

/* -- the table ----------------------------------------------------------------------------------------------------- */

enum {
    SIGMOID,
    PIECEWISE_QUADRATIC,
    PIECEWISE_EXP,
    SOFT_SIGN,
    ARCTAN,
    NONZERO_SIGN_LOG,
    ERF,
    PIECEWISE_LEAKY_RELU,
    SQUAREWAVE_FOURIER_SERIES,
    S2NN,
    Q_PSEUDO_SPIKE,
    LEAKY_RELU,
    LOG_TAILED_RELU,
    RELU_GRAD,
    GAUSSIAN_GRAD,
    MULTI_GAUSSIAN_GRAD,
    INV_SQUARE_GRAD,
    SLAYER_GRAD,
    NUM_ROWS
};

#define ANY(name, value) {#name, value, SURROGATE_FINITE}
#define FROM_0(name, value) {#name, value, SURROGATE_NOT_NEGATIVE}
#define ABOVE_0(name, value) {#name, value, SURROGATE_POSITIVE}
#define ABOVE_1(name, value) {#name, value, SURROGATE_ABOVE_1}
#define WHOLE(name, value) {#name, value, SURROGATE_COUNT}
/* With a primitive, and without. */
#define ROW(name, slope, ...)                                                                                          \
    {                                                                                                                  \
        #name, slope, name##_primitive, { __VA_ARGS__ }                                                                \
    }
#define ONLY(name, ...)                                                                                                \
    {                                                                                                                  \
        #name, name, NULL, { __VA_ARGS__ }                                                                             \
    }

const surrogate_row surrogate_rows[NUM_ROWS + 1] = {
    [SIGMOID] = ROW(sigmoid, sigmoid, FROM_0(alpha, 4)),
    [PIECEWISE_QUADRATIC] = ROW(piecewise_quadratic, piecewise_quadratic, FROM_0(alpha, 1)),
    [PIECEWISE_EXP] = ROW(piecewise_exp, piecewise_exp, FROM_0(alpha, 1)),
    [SOFT_SIGN] = ROW(soft_sign, soft_sign, FROM_0(alpha, 1)),
    [ARCTAN] = ROW(arctan, arctan, FROM_0(alpha, 1)),
    [NONZERO_SIGN_LOG] = ROW(nonzero_sign_log, nonzero_sign_log, FROM_0(alpha, 1)),
    [ERF] = ROW(erf, erf_slope, FROM_0(alpha, 1)),
    [PIECEWISE_LEAKY_RELU] =
        ROW(piecewise_leaky_relu, piecewise_leaky_relu, ANY(c, 0.01), ABOVE_0(w, 1), ANY(scale, 1)),
    [SQUAREWAVE_FOURIER_SERIES] =
        ROW(squarewave_fourier_series, squarewave_fourier_series, WHOLE(n, 2), ABOVE_0(t_period, 8)),
    [S2NN] = ROW(s2nn, s2nn, FROM_0(alpha, 4), ANY(beta, 1), FROM_0(epsilon, 1e-8)),
    [Q_PSEUDO_SPIKE] = ROW(q_pseudo_spike, q_pseudo_spike, ABOVE_1(alpha, 2)),
    [LEAKY_RELU] = ROW(leaky_relu, leaky_relu, ANY(alpha, 0.1), ANY(beta, 1)),
    [LOG_TAILED_RELU] = ROW(log_tailed_relu, log_tailed_relu, ANY(alpha, 0)),
    [RELU_GRAD] = ONLY(relu_grad, ANY(alpha, 0.3), ABOVE_0(width, 1)),
    [GAUSSIAN_GRAD] = ONLY(gaussian_grad, ABOVE_0(sigma, 0.5), ANY(alpha, 0.5)),
    [MULTI_GAUSSIAN_GRAD] =
        ONLY(multi_gaussian_grad, ANY(h, 0.15), ABOVE_0(s, 6), ABOVE_0(sigma, 0.5), ANY(scale, 0.5)),
    [INV_SQUARE_GRAD] = ONLY(inv_square_grad, FROM_0(alpha, 100)),
    [SLAYER_GRAD] = ONLY(slayer_grad, FROM_0(alpha, 1)),
};

static eg_surrogate make(int row, double a, double b, double c, double d)
{
    const surrogate_row *r = &surrogate_rows[row];
    return (eg_surrogate){.name = r->name, .slope = r->slope, .primitive = r->primitive, .p = {a, b, c, d}};
}

eg_surrogate surrogate_of(const surrogate_row *r)
{
    return make((int)(r - surrogate_rows), r->param[0].value, r->param[1].value, r->param[2].value, r->param[3].value);
}

eg_surrogate eg_surrogate_sigmoid(double alpha) { return make(SIGMOID, alpha, 0, 0, 0); }
eg_surrogate eg_surrogate_piecewise_quadratic(double alpha) { return make(PIECEWISE_QUADRATIC, alpha, 0, 0, 0); }
eg_surrogate eg_surrogate_piecewise_exp(double alpha) { return make(PIECEWISE_EXP, alpha, 0, 0, 0); }
eg_surrogate eg_surrogate_soft_sign(double alpha) { return make(SOFT_SIGN, alpha, 0, 0, 0); }
eg_surrogate eg_surrogate_arctan(double alpha) { return make(ARCTAN, alpha, 0, 0, 0); }
eg_surrogate eg_surrogate_nonzero_sign_log(double alpha) { return make(NONZERO_SIGN_LOG, alpha, 0, 0, 0); }
eg_surrogate eg_surrogate_erf(double alpha) { return make(ERF, alpha, 0, 0, 0); }
eg_surrogate eg_surrogate_piecewise_leaky_relu(double c, double w, double scale)
{
    return make(PIECEWISE_LEAKY_RELU, c, w, scale, 0);
}
eg_surrogate eg_surrogate_squarewave_fourier_series(double n, double t_period)
{
    return make(SQUAREWAVE_FOURIER_SERIES, n, t_period, 0, 0);
}
eg_surrogate eg_surrogate_s2nn(double alpha, double beta, double epsilon)
{
    return make(S2NN, alpha, beta, epsilon, 0);
}
eg_surrogate eg_surrogate_q_pseudo_spike(double alpha) { return make(Q_PSEUDO_SPIKE, alpha, 0, 0, 0); }
eg_surrogate eg_surrogate_leaky_relu(double alpha, double beta) { return make(LEAKY_RELU, alpha, beta, 0, 0); }
eg_surrogate eg_surrogate_log_tailed_relu(double alpha) { return make(LOG_TAILED_RELU, alpha, 0, 0, 0); }
eg_surrogate eg_surrogate_relu_grad(double alpha, double width) { return make(RELU_GRAD, alpha, width, 0, 0); }
eg_surrogate eg_surrogate_gaussian_grad(double sigma, double alpha) { return make(GAUSSIAN_GRAD, sigma, alpha, 0, 0); }
eg_surrogate eg_surrogate_multi_gaussian_grad(double h, double s, double sigma, double scale)
{
    return make(MULTI_GAUSSIAN_GRAD, h, s, sigma, scale);
}
eg_surrogate eg_surrogate_inv_square_grad(double alpha) { return make(INV_SQUARE_GRAD, alpha, 0, 0, 0); }
eg_surrogate eg_surrogate_slayer_grad(double alpha) { return make(SLAYER_GRAD, alpha, 0, 0, 0); }
