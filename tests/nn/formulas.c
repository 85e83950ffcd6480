/* The formulas of BrainPy's surrogates, as they are written in textbooks; good where nothing overflows. */
#include "nn/spiking.h"

#define SLOPE(name) static double name##_slope(const double *p, double x)
#define PRIMITIVE(name) static double name##_primitive(const double *p, double x)

static double S(double z) { return 1 / (1 + exp(-z)); }
static double N(double x, double m, double d) { return exp(-(x - m) * (x - m) / (2 * d * d)) / (sqrt(2 * M_PI) * d); }
static double sign0(double x) { return x >= 0 ? 1 : -1; }

SLOPE(sigmoid) { return p[0] * S(p[0] * x) * S(-p[0] * x); }
PRIMITIVE(sigmoid) { return S(p[0] * x); }
SLOPE(piecewise_quadratic) { return fabs(x) <= 1 / p[0] ? p[0] - p[0] * p[0] * fabs(x) : 0; }
PRIMITIVE(piecewise_quadratic)
{
    if (fabs(x) > 1 / p[0]) return x > 0;
    return -p[0] * p[0] * fabs(x) * x / 2 + p[0] * x + 0.5;
}
SLOPE(piecewise_exp) { return p[0] / 2 * exp(-p[0] * fabs(x)); }
PRIMITIVE(piecewise_exp) { return x < 0 ? exp(p[0] * x) / 2 : 1 - exp(-p[0] * x) / 2; }
SLOPE(soft_sign) { return p[0] / (2 * pow(1 + fabs(p[0] * x), 2)); }
PRIMITIVE(soft_sign) { return 0.5 * (p[0] * x / (1 + fabs(p[0] * x)) + 1); }
SLOPE(arctan) { return p[0] / (2 * (1 + pow(M_PI * p[0] * x / 2, 2))); }
PRIMITIVE(arctan) { return atan(M_PI * p[0] * x / 2) / M_PI + 0.5; }
SLOPE(nonzero_sign_log) { return 1 / (1 / p[0] + fabs(x)); }
PRIMITIVE(nonzero_sign_log) { return sign0(x) * log(1 + fabs(p[0] * x)); }
SLOPE(erf) { return p[0] / sqrt(M_PI) * exp(-p[0] * p[0] * x * x); }
PRIMITIVE(erf) { return (1 + erf(p[0] * x)) / 2; }
SLOPE(piecewise_leaky_relu) { return fabs(x) <= p[1] ? p[2] / (2 * p[1]) : p[0]; }
PRIMITIVE(piecewise_leaky_relu)
{
    if (fabs(x) <= p[1]) return x / (2 * p[1]) + 0.5;
    return x < 0 ? p[0] * (x + p[1]) : p[0] * (x - p[1]) + 1;
}
SLOPE(squarewave_fourier_series)
{
    double sum = 0;
    for (int i = 1; i <= p[0]; i++) sum += cos((2 * i - 1) * 2 * M_PI * x / p[1]);
    return 4 / p[1] * sum;
}
PRIMITIVE(squarewave_fourier_series)
{
    double sum = 0;
    for (int i = 1; i <= p[0]; i++) sum += sin((2 * i - 1) * 2 * M_PI * x / p[1]) / (2 * i - 1);
    return 0.5 + 2 / M_PI * sum;
}
SLOPE(s2nn) { return x < 0 ? sigmoid_slope(p, x) : p[1] / (x + 1); }
PRIMITIVE(s2nn) { return x < 0 ? S(p[0] * x) : p[1] * log(fabs(x + 1) + p[2]) + 0.5; }
SLOPE(q_pseudo_spike) { return pow(1 + 2 * fabs(x) / (p[0] - 1), -p[0]); }
PRIMITIVE(q_pseudo_spike)
{
    double k = pow(1 + 2 * fabs(x) / (p[0] - 1), 1 - p[0]) / 2;
    return x < 0 ? k : 1 - k;
}
SLOPE(leaky_relu) { return x >= 0 ? p[1] : p[0]; }
PRIMITIVE(leaky_relu) { return x >= 0 ? p[1] * x : p[0] * x; }
SLOPE(log_tailed_relu) { return x <= 0 ? p[0] : x <= 1 ? 1 : 1 / x; }
PRIMITIVE(log_tailed_relu) { return x <= 0 ? p[0] * x : x <= 1 ? x : log(x); }
SLOPE(relu_grad) { return fmax(0, p[0] * (p[1] - fabs(x))); }
SLOPE(gaussian_grad) { return p[1] * N(x, 0, p[0]); }
SLOPE(multi_gaussian_grad)
{
    double h = p[0], s = p[1], sigma = p[2];
    return p[3] * ((1 + h) * N(x, 0, sigma) - h * N(x, sigma, s * sigma) - h * N(x, -sigma, s * sigma));
}
SLOPE(inv_square_grad) { return 1 / pow(p[0] * fabs(x) + 1, 2); }
SLOPE(slayer_grad) { return exp(-p[0] * fabs(x)); }

/* The library's. */
#define MAKE(name, ...)                                                                                                \
    static eg_surrogate name##_make(const double *p) { return eg_surrogate_##name(__VA_ARGS__); }
MAKE(sigmoid, p[0])
MAKE(piecewise_quadratic, p[0])
MAKE(piecewise_exp, p[0])
MAKE(soft_sign, p[0])
MAKE(arctan, p[0])
MAKE(nonzero_sign_log, p[0])
MAKE(erf, p[0])
MAKE(piecewise_leaky_relu, p[0], p[1], p[2])
MAKE(squarewave_fourier_series, p[0], p[1])
MAKE(s2nn, p[0], p[1], p[2])
MAKE(q_pseudo_spike, p[0])
MAKE(leaky_relu, p[0], p[1])
MAKE(log_tailed_relu, p[0])
MAKE(relu_grad, p[0], p[1])
MAKE(gaussian_grad, p[0], p[1])
MAKE(multi_gaussian_grad, p[0], p[1], p[2], p[3])
MAKE(inv_square_grad, p[0])
MAKE(slayer_grad, p[0])

#define BOTH_OF(name) name##_make, name##_slope, name##_primitive
#define SLOPE_OF(name) name##_make, name##_slope, NULL

/* The numbers are BrainPy 2.3.1's, computed right where it is wrong. */
const double table_x[6] = {-1.2, -0.3, 0, 0.4, 1, 1.5};
const formula formulas[NUM_FORMULAS] = {
    {"sigmoid",
     1,
     {4},
     {0.7},
     BOTH_OF(sigmoid),
     {0.0323837743, 0.711577763, 1, 0.559055168, 0.0706508249, 0.00986603717}},
    {"piecewise_quadratic", 1, {1}, {2}, BOTH_OF(piecewise_quadratic), {0, 0.7, 1, 0.6, 0, 0}},
    {"piecewise_exp",
     1,
     {1},
     {2.5},
     BOTH_OF(piecewise_exp),
     {0.150597106, 0.37040911, 0.5, 0.335160023, 0.183939721, 0.11156508}},
    {"soft_sign", 1, {1}, {3}, BOTH_OF(soft_sign), {0.103305785, 0.295857988, 0.5, 0.255102041, 0.125, 0.08}},
    {"arctan", 1, {1}, {2}, BOTH_OF(arctan), {0.109816314, 0.409143172, 0.5, 0.3584784, 0.14420022, 0.0763166242}},
    {"nonzero_sign_log", 1, {1}, {5}, BOTH_OF(nonzero_sign_log), {0.454545455, 0.769230769, 1, 0.714285714, 0.5, 0.4}},
    {"erf",
     1,
     {1},
     {1.7},
     BOTH_OF(erf),
     {0.133672174, 0.515630455, 0.564189584, 0.480770649, 0.207553749, 0.0594651446}},
    {"piecewise_leaky_relu",
     3,
     {0.01, 1, 1},
     {0.1, 0.7, 2},
     BOTH_OF(piecewise_leaky_relu),
     {0.01, 0.5, 0.5, 0.5, 0.5, 0.01}},
    {"squarewave_fourier_series",
     2,
     {2, 8},
     {5, 3},
     BOTH_OF(squarewave_fourier_series),
     {-0.181635632, 0.866387943, 1, 0.769420884, 0, -0.27059805}},
    {"s2nn", 3, {4, 1, 1e-8}, {2, 0.5, 0.1}, BOTH_OF(s2nn), {0.0323837743, 0.711577763, 1, 0.714285714, 0.5, 0.4}},
    {"q_pseudo_spike",
     1,
     {2},
     {1.3},
     BOTH_OF(q_pseudo_spike),
     {0.0865051903, 0.390625, 1, 0.308641975, 0.111111111, 0.0625}},
    {"leaky_relu", 2, {0.1, 1}, {0, 0.7}, BOTH_OF(leaky_relu), {0.1, 0.1, 1, 1, 1, 1}},
    {"log_tailed_relu", 1, {0}, {0.3}, BOTH_OF(log_tailed_relu), {0, 0, 0, 1, 1, 0.666666667}},
    {"relu_grad", 2, {0.3, 1}, {0.9, 0.6}, SLOPE_OF(relu_grad), {0, 0.21, 0.3, 0.18, 0, 0}},
    {"gaussian_grad",
     2,
     {0.5, 0.5},
     {2, 1},
     SLOPE_OF(gaussian_grad),
     {0.0223945303, 0.333224603, 0.39894228, 0.289691553, 0.0539909665, 0.00443184841}},
    {"multi_gaussian_grad",
     4,
     {0.15, 6, 0.5, 0.5},
     {0.3, 4, 0.8, 1},
     SLOPE_OF(multi_gaussian_grad),
     {0.00755380871, 0.363631703, 0.439111637, 0.313642573, 0.0434519854, -0.0123241552}},
    {"inv_square_grad",
     1,
     {100},
     {10},
     SLOPE_OF(inv_square_grad),
     {6.83013455e-05, 0.00104058273, 1, 0.000594883998, 9.80296049e-05, 4.38577255e-05}},
    {"slayer_grad",
     1,
     {1},
     {3},
     SLOPE_OF(slayer_grad),
     {0.301194212, 0.740818221, 1, 0.670320046, 0.367879441, 0.22313016}},
};

/* -- runs ---------------------------------------------------------------------------------------------------------- */

typedef struct spiking {
    eg_context *eg;
    eg_surrogate s;
    eg_func *f;
} spiking;

static eg_val spike_fn(void *user, eg_val x)
{
    spiking *k = user;
    return eg_spike(k->eg, x, k->s);
}

static eg_val slope_fn(void *user, eg_val x)
{
    spiking *k = user;
    eg_val in[] = {x, eg_ones(k->eg, eg_spec_of(x))};
    return eg_item(eg_apply(k->f, eg_tuple(k->eg, 2, in)), 1);
}

/* Interpreted and compiled; the numbers of both results, of which the second may be missing. */
static void run_ways(eg_func *f, eg_dtype type, int n, const double *x, double *y, double *g)
{
    double xs[MOST], ones[MOST], got[2][MOST], want[2][MOST];
    for (int k = 0; k < n; k++) {
        if (type == EG_F64)
            xs[k] = x[k], ones[k] = 1;
        else
            ((float *)xs)[k] = (float)x[k], ((float *)ones)[k] = 1;
    }
    const void *in[] = {xs, ones};
    for (int threads = 0; threads <= 3; threads++) { /* 0: interpreted */
        double(*to)[MOST] = threads ? got : want;
        eg_run_options o = {.interpret = !threads, .threads = threads};
        ck_assert_int_eq(eg_call(f, NULL, in, (void *[]){to[0], to[1]}, &o), EG_OK);
        for (int j = 0; threads && j < (g ? 2 : 1); j++) {
            if (type == EG_F64)
                test_check_f64("compiled", got[j], want[j], (size_t)n);
            else
                test_check_f32("compiled", (float *)got[j], (float *)want[j], (size_t)n);
        }
    }
    for (int j = 0; j < (g ? 2 : 1); j++) {
        for (int k = 0; k < n; k++) (j ? g : y)[k] = type == EG_F64 ? want[j][k] : (double)((float *)want[j])[k];
    }
}

void spikes_at(eg_context *in, eg_surrogate s, eg_dtype type, int n, const double *x, double *y, double *g, double *gg)
{
    spiking k = {.eg = in, .s = s};
    eg_spec spec = eg_vector(type, n);
    eg_gradient_options pullback = {.pullback = true};
    eg_func *f = eg_trace(in, "spike", spike_fn, &k, 1, &spec);
    ck_assert_int_le(n, MOST);
    ck_assert_msg(f != NULL, "%s", eg_message(in));
    if (!g) {
        run_ways(f, type, n, x, y, NULL);
        return;
    }
    k.f = eg_gradient(f, &pullback);
    run_ways(k.f, type, n, x, y, g);
    double again[MOST];
    if (gg) run_ways(eg_gradient(eg_trace(in, "slope", slope_fn, &k, 1, &spec), &pullback), type, n, x, again, gg);
    for (int j = 0; gg && j < n; j++) ck_assert_msg(test_same_f64(again[j], g[j]), "%s at %g", s.name, x[j]);
    ck_assert_msg(eg_error(in) == EG_OK, "%s", eg_message(in));
}
