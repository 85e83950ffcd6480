/* Surrogate gradients: every formula, where numbers end, second derivatives. */
#include "nn/spiking.h"

enum { GRID = 121 };
static double grid[GRID];

/* -3 .. 3, between the kinks. */
static void make_grid(void)
{
    for (int k = 0; k < GRID; k++) grid[k] = -3.003 + 0.05 * k;
}

static const double *params_of(const formula *f, int set) { return set ? f->others : f->defaults; }

static void near(const char *name, double x, double got, double want, double rtol, double atol)
{
    ck_assert_msg(fabs(got - want) <= rtol * fabs(want) + atol, "%s at %g: %.17g, not %.17g", name, x, got, want);
}

START_TEST(slopes_are_those_of_the_table)
{
    for (int k = 0; k < NUM_FORMULAS; k++) {
        const formula *f = &formulas[k];
        double y[6], g[6];
        eg_surrogate s = eg_surrogate_named(eg, f->name, 0, NULL);
        spikes_at(eg, s, EG_F64, 6, table_x, y, g, NULL);
        for (int j = 0; j < 6; j++) {
            ck_assert_double_eq(y[j], table_x[j] >= 0);
            near(f->name, table_x[j], g[j], f->table[j], 1e-8, 1e-15);
        }
    }
}
END_TEST

START_TEST(slopes_and_primitives_are_those_of_the_formulas)
{
    make_grid();
    for (int k = 0; k < 2 * NUM_FORMULAS; k++) {
        const formula *f = &formulas[k / 2];
        const double *p = params_of(f, k % 2);
        eg_surrogate s = f->make(p);
        for (eg_dtype t = EG_F32; t <= EG_F64; t++) {
            double y[GRID], g[GRID], smooth[GRID], again[GRID], eps = t == EG_F64 ? 1e-14 : 3e-6;
            s.origin = false;
            spikes_at(eg, s, t, GRID, grid, y, g, NULL);
            s.origin = true;
            if (f->primitive) spikes_at(eg, s, t, GRID, grid, smooth, again, NULL);
            for (int j = 0; j < GRID; j++) {
                double x = t == EG_F64 ? grid[j] : (double)(float)grid[j];
                ck_assert_double_eq(y[j], x >= 0);
                near(f->name, x, g[j], f->slope(p, x), 4 * eps, eps);
                if (!f->primitive) continue;
                near(f->name, x, smooth[j], f->primitive(p, x), 4 * eps, eps);
                ck_assert_double_eq(g[j], again[j]);
            }
        }
    }
}
END_TEST

START_TEST(slopes_are_the_derivatives_of_their_primitives)
{
    make_grid();
    for (int k = 0; k < 2 * NUM_FORMULAS; k++) {
        const formula *f = &formulas[k / 2];
        double p[EG_SURROGATE_PARAMS], y[GRID], g[GRID], at[4][GRID], x[GRID];
        memcpy(p, params_of(f, k % 2), sizeof p);
        if (!strcmp(f->name, "piecewise_leaky_relu")) p[2] = 1;
        if (!strcmp(f->name, "s2nn")) p[2] = 0; /* of which the slope knows nothing */
        if (!f->primitive) continue;
        eg_surrogate s = f->make(p);
        spikes_at(eg, s, EG_F64, GRID, grid, y, g, NULL);
        s.origin = true;
        for (int i = 0; i < 4; i++) {
            static const double step[] = {-2e-3, -1e-3, 1e-3, 2e-3};
            for (int j = 0; j < GRID; j++) x[j] = grid[j] + step[i];
            spikes_at(eg, s, EG_F64, GRID, x, at[i], NULL, NULL);
        }
        for (int j = 0; j < GRID; j++)
            near(f->name, grid[j], g[j], (at[0][j] - 8 * at[1][j] + 8 * at[2][j] - at[3][j]) / 12e-3, 1e-6, 1e-7);
    }
}
END_TEST

START_TEST(second_derivatives_differentiate_the_slope)
{
    make_grid();
    for (int k = 0; k < 2 * NUM_FORMULAS; k++) {
        const formula *f = &formulas[k / 2];
        const double *p = params_of(f, k % 2);
        double y[GRID], g[GRID], gg[GRID], h = 1e-4;
        spikes_at(eg, f->make(p), EG_F64, GRID, grid, y, g, gg);
        for (int j = 0; j < GRID; j++) {
            double x = grid[j], want = f->slope(p, x - 2 * h) - 8 * f->slope(p, x - h);
            want += 8 * f->slope(p, x + h) - f->slope(p, x + 2 * h);
            near(f->name, x, gg[j], want / (12 * h), 1e-6, 1e-6);
        }
    }
}
END_TEST

/* -- where numbers end --------------------------------------------------------------------------------------------- */

enum { ENDS = 16 };
static const double ends[ENDS] = {0,    -0.0,  1e-30, -1e-30, 30,       -30,       1,   -1,
                                  1e10, -1e10, 3e38,  -3e38,  INFINITY, -INFINITY, NAN, -2};

/* The slope at infinity. */
static double limit_of(const formula *f, const double *p, bool positive)
{
    if (!strcmp(f->name, "leaky_relu")) return positive ? p[1] : p[0];
    if (!strcmp(f->name, "piecewise_leaky_relu")) return p[0];
    return !strcmp(f->name, "log_tailed_relu") && !positive ? p[0] : 0;
}

START_TEST(no_number_breaks_a_slope)
{
    for (int k = 0; k < 2 * NUM_FORMULAS; k++) {
        const formula *f = &formulas[k / 2];
        const double *p = params_of(f, k % 2);
        bool wave = !strcmp(f->name, "squarewave_fourier_series");
        for (eg_dtype t = EG_F32; t <= EG_F64; t++) {
            double y[ENDS], g[ENDS], gg[ENDS], eps = t == EG_F64 ? 1e-13 : 1e-5;
            spikes_at(eg, f->make(p), t, ENDS, ends, y, g, gg);
            for (int j = 0; j < ENDS; j++) {
                double x = ends[j];
                ck_assert_double_eq(y[j], x >= 0);
                if (isnan(x)) ck_assert_msg(isnan(g[j]), "%s at NaN: %g", f->name, g[j]);
                if (isnan(x)) continue;
                ck_assert_msg(isfinite(g[j]) && isfinite(gg[j]), "%s at %g: %g, %g", f->name, x, g[j], gg[j]);
                if (isinf(x)) near(f->name, x, g[j], limit_of(f, p, x > 0), 1e-6, 0);
                if (isinf(x)) ck_assert_double_eq(gg[j], 0);
                if (fabs(x) <= 30 || (fabs(x) < 1e11 && !wave)) near(f->name, x, g[j], f->slope(p, x), eps, eps);
            }
        }
    }
}
END_TEST

START_TEST(no_number_breaks_a_primitive)
{
    for (int k = 0; k < NUM_FORMULAS; k++) {
        const formula *f = &formulas[k];
        eg_surrogate s = f->make(f->defaults);
        s.origin = true;
        if (!f->primitive) continue;
        for (eg_dtype t = EG_F32; t <= EG_F64; t++) {
            double y[ENDS];
            spikes_at(eg, s, t, ENDS, ends, y, NULL, NULL);
            for (int j = 0; j < ENDS; j++) {
                ck_assert_msg(isnan(y[j]) == isnan(ends[j]), "%s at %g: %g", f->name, ends[j], y[j]);
                if (fabs(ends[j]) <= 30) near(f->name, ends[j], y[j], f->primitive(f->defaults, ends[j]), 1e-5, 1e-6);
            }
        }
    }
}
END_TEST

START_TEST(tails_keep_their_digits)
{
    double x[] = {-30, 30, -8, 8}, y[4], g[4];
    spikes_at(eg, eg_surrogate_sigmoid(4), EG_F64, 4, x, y, g, NULL);
    for (int k = 0; k < 4; k++) near("sigmoid", x[k], g[k], 4 * exp(-4 * fabs(x[k])), 1e-13, 0);
    eg_surrogate s = eg_surrogate_erf(1);
    s.origin = true;
    spikes_at(eg, s, EG_F64, 4, x, y, NULL, NULL);
    near("erf", -8, y[2], erfc(8) / 2, 1e-13, 0);
    spikes_at(eg, eg_surrogate_q_pseudo_spike(1e9), EG_F64, 4, x, y, g, NULL); /* exp(-2 |x|) as alpha grows */
    near("q_pseudo_spike", 8, g[3], exp(-16), 1e-6, 0);
}
END_TEST

/* A steepness of 0: no division by it, nor 0 times infinity. */
START_TEST(parameters_of_0_are_0)
{
    static const char *const flat[] = {"sigmoid",  "piecewise_quadratic", "piecewise_exp", "soft_sign",
                                       "arctan",   "nonzero_sign_log",    "erf",           "leaky_relu",
                                       "relu_grad"};
    for (size_t k = 0; k < LEN(flat); k++) {
        eg_surrogate_param zero = {"alpha", 0};
        eg_surrogate s = eg_surrogate_named(eg, flat[k], 1, &zero);
        double x[] = {-INFINITY, -1}, y[2], g[2], gg[2];
        spikes_at(eg, s, EG_F64, 2, x, y, g, gg);
        for (int j = 0; j < 2; j++) ck_assert_msg(g[j] == 0 && gg[j] == 0, "%s: %g, %g", flat[k], g[j], gg[j]);
        s.origin = s.primitive != NULL;
        spikes_at(eg, s, EG_F64, 2, x, y, g, NULL);
        ck_assert_msg(isfinite(y[0]) && y[0] == y[1], "%s: %g, %g", flat[k], y[0], y[1]);
    }
}
END_TEST

START_TEST(constructors_and_names_agree)
{
    for (int k = 0; k < NUM_FORMULAS; k++) {
        const formula *f = &formulas[k];
        eg_surrogate a = f->make(f->defaults), b = eg_surrogate_named(eg, f->name, 0, NULL);
        fine();
        ck_assert_str_eq(a.name, f->name);
        ck_assert(a.name == b.name && a.slope == b.slope && a.primitive == b.primitive && !b.origin);
        ck_assert((a.primitive != NULL) == (f->primitive != NULL));
        for (int j = 0; j < EG_SURROGATE_PARAMS; j++) ck_assert_double_eq(a.p[j], b.p[j]);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("surrogate");
    TCase *t = tcase_create("surrogate");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, slopes_are_those_of_the_table);
    tcase_add_test(t, slopes_and_primitives_are_those_of_the_formulas);
    tcase_add_test(t, slopes_are_the_derivatives_of_their_primitives);
    tcase_add_test(t, second_derivatives_differentiate_the_slope);
    tcase_add_test(t, no_number_breaks_a_slope);
    tcase_add_test(t, no_number_breaks_a_primitive);
    tcase_add_test(t, tails_keep_their_digits);
    tcase_add_test(t, parameters_of_0_are_0);
    tcase_add_test(t, constructors_and_names_agree);
    suite_add_tcase(s, t);
    return test_run(s);
}
