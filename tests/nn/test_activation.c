/* Activation functions against formulas, their gradients against differences. */
#include <math.h>

#include "engram/activations.h"
#include "engram/transform.h"
#include "unit/session.h"

enum { N = 40 };

typedef double formula(double x);
static double relu(double x) { return x > 0 ? x : 0; }
static double relu6(double x) { return fmin(relu(x), 6); }
static double hard_tanh(double x) { return fmax(-1, fmin(1, x)); }
static double hard_sigmoid(double x) { return relu6(x + 3) / 6; }
static double hard_silu(double x) { return x * hard_sigmoid(x); }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double silu(double x) { return x * sigmoid(x); }
static double soft_sign(double x) { return x / (1 + fabs(x)); }
static double log_sigmoid(double x) { return -log1p(exp(-x)); }
static double softplus(double x) { return log1p(exp(x)); }
static double elu(double x) { return x > 0 ? x : expm1(x); }
static double selu(double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * expm1(x)); }
static double gelu(double x) { return 0.5 * x * (1 + tanh(sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x))); }
static double leaky_relu(double x) { return x >= 0 ? x : 0.01 * x; }
static double identity(double x) { return x; }

static const struct {
    const char *name;
    formula *f;
} rows[] = {{"relu", relu},
            {"relu6", relu6},
            {"hard_tanh", hard_tanh},
            {"hard_sigmoid", hard_sigmoid},
            {"hard_silu", hard_silu},
            {"hard_swish", hard_silu},
            {"silu", silu},
            {"swish", silu},
            {"soft_sign", soft_sign},
            {"log_sigmoid", log_sigmoid},
            {"selu", selu},
            {"gelu", gelu},
            {"identity", identity},
            {"", identity},
            {"tanh", tanh},
            {"sigmoid", sigmoid},
            {"softplus", softplus},
            {"celu", elu},
            {"elu", elu},
            {"leaky_relu", leaky_relu}};

static const char *named;

static eg_val activated(void *user, eg_val x)
{
    (void)user;
    eg_activation_fn fn = eg_activation_by_name(eg, named);
    return fn ? fn(x, __FILE__, __LINE__) : eg_nothing();
}
static eg_val summed(void *user, eg_val x) { return eg_sum(activated(user, x)); }

/* The same bits in both ways. */
static void both(eg_func *f, const double *x, void *const *out, void *const *again, size_t bytes)
{
    fine();
    eg_call(f, NULL, (const void *[]){x}, out, NULL);
    eg_call(f, NULL, (const void *[]){x}, again, &(eg_run_options){.interpret = true});
    fine();
    const int last = eg_num_results(f) - 1;
    test_check_f64("both ways", out[last], again[last], bytes / sizeof(double));
}

START_TEST(elementwise_ones_are_their_formulas)
{
    double x[N], y[N], again[N], g[N], sum[2];
    const eg_spec s = eg_vector(EG_F64, N);
    named = rows[_i].name;
    for (int k = 0; k < N; k++) x[k] = -7.93 + 0.4 * k; /* between the kinks */
    eg_func *f = TRACE(activated, s), *df = eg_gradient(TRACE(summed, s), NULL);
    both(f, x, (void *[]){y}, (void *[]){again}, sizeof y);
    both(df, x, (void *[]){&sum[0], g}, (void *[]){&sum[1], again}, sizeof g);
    for (int k = 0; k < N; k++) {
        const double h = 1e-6, want = (rows[_i].f(x[k] + h) - rows[_i].f(x[k] - h)) / (2 * h);
        ck_assert_double_eq_tol(y[k], rows[_i].f(x[k]), 2e-15 * (1 + fabs(x[k])));
        ck_assert_msg(fabs(g[k] - want) < 2e-9 * (1 + fabs(want)), "%s' at %g: %g, not %g", named, x[k], g[k], want);
    }
}
END_TEST

START_TEST(ends_are_finite_and_nan_stays)
{
    double x[] = {-1e300, -800, 0, 800, 1e300, NAN}, y[6], g[6], again[6], sum[2];
    const eg_spec s = eg_vector(EG_F64, 6);
    named = rows[_i].name;
    both(TRACE(activated, s), x, (void *[]){y}, (void *[]){again}, sizeof y);
    both(eg_gradient(TRACE(summed, s), NULL), x, (void *[]){&sum[0], g}, (void *[]){&sum[1], again}, sizeof g);
    for (int k = 1; k < 4; k++)
        ck_assert_msg(isfinite(y[k]) && isfinite(g[k]), "%s at %g: %g, %g", named, x[k], y[k], g[k]);
    ck_assert_msg(isnan(y[5]), "%s of NaN is %g", named, y[5]);
    if (!strncmp(named, "relu", 4)) ck_assert_double_eq(g[2], 0);
}
END_TEST

/* -- along an axis ------------------------------------------------------------------------------------------------- */

enum { R = 3, C = 6 };

static eg_val along(void *user, eg_val x)
{
    (void)user;
    return eg_tuple(eg, 6,
                    (eg_val[]){eg_softmax(x, -1), eg_log_softmax(x, -1), eg_normalize(x, -1, 1e-5), eg_glu(x, 1),
                               eg_softmax(x, 0), eg_log_softmax(eg_mul(x, 1000), 1)});
}

START_TEST(those_along_an_axis_are_their_formulas)
{
    double x[R][C], y[6][R][C], again[6][R][C];
    void *out[6], *to[6];
    for (int k = 0; k < 6; k++) out[k] = y[k], to[k] = again[k];
    for (int k = 0; k < R * C; k++) (&x[0][0])[k] = 3 * sin(1.0 + k);
    both(TRACE(along, eg_matrix(EG_F64, R, C)), &x[0][0], out, to, sizeof y[5]);
    for (int r = 0; r < R; r++) {
        double sum = 0, mean = 0, var = 0;
        for (int c = 0; c < C; c++) sum += exp(x[r][c]), mean += x[r][c] / (double)C;
        for (int c = 0; c < C; c++) var += (x[r][c] - mean) * (x[r][c] - mean) / (double)C;
        for (int c = 0; c < C; c++) {
            double column = 0;
            for (int k = 0; k < R; k++) column += exp(x[k][c]);
            ck_assert_double_eq_tol(y[0][r][c], exp(x[r][c]) / sum, 1e-15);
            ck_assert_double_eq_tol(y[1][r][c], x[r][c] - log(sum), 1e-14);
            ck_assert_double_eq_tol(y[2][r][c], (x[r][c] - mean) / sqrt(var + 1e-5), 1e-14);
            ck_assert_double_eq_tol(y[4][r][c], exp(x[r][c]) / column, 1e-15);
            ck_assert_msg(isfinite(y[5][r][c]) && y[5][r][c] <= 1e-20, "%g", y[5][r][c]);
        }
        for (int c = 0; c < C / 2; c++)
            ck_assert_double_eq_tol((&y[3][0][0])[r * C / 2 + c], x[r][c] * sigmoid(x[r][c + C / 2]), 1e-14);
    }
}
END_TEST

static eg_val weighted_softmax(void *user, eg_val x)
{
    (void)user;
    eg_val w = eg_sin(eg_iota(eg, C, EG_F64));
    return eg_add(eg_sum(eg_mul(eg_softmax(x, -1), w)), eg_sum(eg_mul(eg_log_softmax(x, -1), w)));
}

START_TEST(a_softmax_has_its_gradient)
{
    double x[C], g[C], again[C], y[2];
    eg_func *f = TRACE(weighted_softmax, eg_vector(EG_F64, C));
    for (int k = 0; k < C; k++) x[k] = cos(3.0 * k);
    both(eg_gradient(f, NULL), x, (void *[]){&y[0], g}, (void *[]){&y[1], again}, sizeof g);
    for (int k = 0; k < C; k++) {
        const double h = 1e-6, kept = x[k];
        for (int s = 0; s < 2; s++) {
            x[k] = kept + (s ? h : -h);
            eg_call(f, NULL, (const void *[]){x}, (void *[]){&y[s]}, NULL);
        }
        x[k] = kept;
        ck_assert_double_eq_tol(g[k], (y[1] - y[0]) / (2 * h), 1e-8);
    }
}
END_TEST

static eg_val odd_glu(void *user, eg_val x) { return (void)user, eg_glu(x, -1); }

START_TEST(wrong_names_and_halves_are_errors)
{
    named = "sigmiod";
    const eg_spec s = eg_vector(EG_F32, 3);
    ck_assert(!eg_activation_by_name(eg, named));
    SAYS(EG_ERR_ARGUMENT, "'sigmiod'", "sigmoid", "gelu", "glu", "test_activation.c");
    ck_assert_ptr_null(eg_trace(eg, "f", odd_glu, NULL, 1, &s));
    SAYS(EG_ERR_SHAPE, "eg_glu", "odd", "test_activation.c");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("activations");
    TCase *c = tcase_create("activations");
    tcase_set_timeout(c, 0);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, elementwise_ones_are_their_formulas, 0, (int)LEN(rows));
    tcase_add_loop_test(c, ends_are_finite_and_nan_stays, 0, (int)LEN(rows));
    tcase_add_test(c, those_along_an_axis_are_their_formulas);
    tcase_add_test(c, a_softmax_has_its_gradient);
    tcase_add_test(c, wrong_names_and_halves_are_errors);
    suite_add_tcase(s, c);
    return test_run(s);
}
