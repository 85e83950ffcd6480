/* Every distribution against its moments and its distribution function, over grids of parameters. */
#include "random_draws.h"

enum { N = 50000 };
static const double inf = INFINITY;

/* -- the distributions --------------------------------------------------------------------------------------------- */

static double uniform_cdf(double x, const double *p) { return (x - p[0]) / (p[1] - p[0]); }
static double normal_cdf(double x, const double *p) { return 0.5 * erfc((p[0] - x) / p[1] * sqrt(0.5)); }
static double exponential_cdf(double x, const double *p) { return -expm1(-x / p[0]); }

/* In the tail that holds little, so that bounds far out leave digits. */
static double truncated_cdf(double x, const double *p)
{
    bool up = p[2] + p[3] > 2 * p[0];
    const double turned[] = {0, p[1]};
    double sign = up ? -1 : 1, a = normal_cdf(sign * (p[2] - p[0]), turned);
    double b = normal_cdf(sign * (p[3] - p[0]), turned);
    return (normal_cdf(sign * (x - p[0]), turned) - a) / (b - a);
}

/* P(shape, x): the series below the mean, Lentz's continued fraction above. */
static double gamma_cdf(double x, const double *p)
{
    double a = p[0], t = x / p[1], front = t > 0 ? exp(a * log(t) - t - lgamma(a)) : 0;
    if (t <= 0) return 0;
    if (t < a + 1) {
        double term = 1 / a, sum = term;
        for (int k = 1; k < 2000 && term > sum * 1e-16; k++) sum += term *= t / (a + k);
        return front * sum;
    }
    double b = t + 1 - a, c = 1e300, d = 1 / b, h = d;
    for (int k = 1; k < 2000; k++) {
        double an = -k * (k - a);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-15) break;
    }
    return 1 - front * h;
}

static double poisson_pmf(double k, const double *p)
{
    return p[0] > 0 ? k * log(p[0]) - p[0] - lgamma(k + 1) : k > 0 ? -inf : 0;
}

static double binomial_pmf(double k, const double *p)
{
    double n = p[0], chances = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
    if (k > n) return -inf;
    return chances + (k > 0 ? k * log(p[1]) : 0) + (k < n ? (n - k) * log1p(-p[1]) : 0);
}

/* -- numbers ------------------------------------------------------------------------------------------------------- */

typedef struct grid {
    const char *name;
    draw_fn fn;
    int num;
    double (*cdf)(double x, const double *p);
    double p[MOST_PARAMETERS], mean, var, kurtosis; /* mean NAN: moments are not asked */
} grid;

static const grid numbers[] = {
    {"uniform", uniform, 2, uniform_cdf, {0, 1}, 0.5, 1.0 / 12, -1.2},
    {"uniform", uniform, 2, uniform_cdf, {-5, 11}, 3, 256.0 / 12, -1.2},
    {"normal", normal, 2, normal_cdf, {0, 1}, 0, 1, 0},
    {"normal", normal, 2, normal_cdf, {-60, 0.5}, -60, 0.25, 0},
    {"exponential", exponential, 1, exponential_cdf, {1}, 1, 1, 6},
    {"exponential", exponential, 1, exponential_cdf, {250}, 250, 62500, 6},
    {"truncated", truncated, 4, truncated_cdf, {0, 1, -1, 2}, NAN, 0, 0},
    {"truncated", truncated, 4, truncated_cdf, {3, 2, -inf, inf}, 3, 4, 0},
    {"truncated", truncated, 4, truncated_cdf, {0, 1, 0, inf}, 0.79788456080286536, 0.36338022763241866, 0.8692},
    {"truncated", truncated, 4, truncated_cdf, {0, 1, 5, 6}, NAN, 0, 0},
    {"truncated", truncated, 4, truncated_cdf, {0, 1, -12, -8}, NAN, 0, 0},
    {"truncated", truncated, 4, truncated_cdf, {0, 2, 60, inf}, NAN, 0, 0},
    {"truncated", truncated, 4, truncated_cdf, {0, 1, -40, 40}, 0, 1, 0},
    {"truncated", truncated, 4, truncated_cdf, {1, 0.5, 1.5, 1.6}, NAN, 0, 0},
    {"truncated", truncated, 4, uniform_cdf, {0.25, 0.5}, NAN, 0, 0}, /* of std 1e9 */
    {"gamma", gamma_, 2, gamma_cdf, {0.1, 1}, 0.1, 0.1, 60},
    {"gamma", gamma_, 2, gamma_cdf, {0.5, 2}, 1, 2, 12},
    {"gamma", gamma_, 2, gamma_cdf, {1, 1}, 1, 1, 6},
    {"gamma", gamma_, 2, gamma_cdf, {5, 3}, 15, 45, 6.0 / 5},
    {"gamma", gamma_, 2, gamma_cdf, {50, 0.1}, 5, 0.5, 6.0 / 50},
    {"gamma", gamma_, 2, gamma_cdf, {1000, 1}, 1000, 1000, 6.0 / 1000},
};

static void fits(const grid *g, eg_dtype t, draws *d, const double *p)
{
    char what[120];
    snprintf(what, sizeof what, "%s(%g, %g, %g, %g) %s", g->name, p[0], p[1], p[2], p[3], eg_dtype_name(t));
    if (!isnan(g->mean)) fits_moments(what, d->x, N, g->mean, g->var, g->kurtosis);
    fits_ks(what, d->x, N, g->cdf, g->p);
}

START_TEST(numbers_have_their_distribution)
{
    const grid *g = &numbers[_i];
    double p[MOST_PARAMETERS];
    memcpy(p, g->p, sizeof p);
    if (g->cdf == uniform_cdf && g->fn == truncated) { p[0] = -3, p[1] = 1e9, p[2] = g->p[0], p[3] = g->p[1]; }
    eg_val v[] = {eg_real(p[0]), eg_real(p[1]), eg_real(p[2]), eg_real(p[3])};
    for (eg_dtype t = EG_F32; t <= EG_F64; t++) {
        bool traced = (t + (unsigned)_i) % 2;
        draws d;
        draws_open(&d, 11, g->fn, eg_vector(t, N), g->num, traced ? &eg_scalar(EG_F64) : NULL, v);
        draws_run_scalars(&d, p);
        fits(g, t, &d, p);
        draws_close(&d);
    }
}
END_TEST

/* -- counts -------------------------------------------------------------------------------------------------------- */

/* 0.1 .. 9.9 by inversion, from 10 by rejection */
static const double means[] = {0, 1e-3, 0.1, 1, 3, 9.9, 10, 12, 50, 1e4};

START_TEST(poisson_counts_have_their_distribution)
{
    draws d, plain;
    draws_open(&d, 21, poisson, eg_vector(EG_I32, N), 1, &eg_scalar(EG_F64), NULL);
    for (size_t k = 0; k < EGI_LEN(means); k++) {
        double mean = means[k], s = sqrt(mean), low = floor(fmax(0, mean - 12 * s));
        char what[60];
        snprintf(what, sizeof what, "poisson(%g)", mean);
        eg_val v = eg_real(mean);
        draws_open(&plain, 22, poisson, eg_vector(EG_I32, N), 1, NULL, &v);
        draws_run_scalars(&d, &mean);
        draws_run(&plain, NULL);
        for (int which = 0; which < 2; which++) {
            const double *x = which ? plain.x : d.x;
            if (mean > 0) fits_moments(what, x, N, mean, mean, 1 / mean);
            fits_chi_square(what, x, N, (int64_t)low, (int64_t)(mean + 12 * s - low) + 20, poisson_pmf, &mean);
        }
        draws_close(&plain);
    }
    draws_close(&d);
}
END_TEST

static const double trials[][2] = {{0, 0.5},   {1, 0.3},        {5, 0},        {5, 1},        {20, 0.5},   {19, 0.5},
                                   {10, 0.9},  {100, 0.02},     {100, 0.0999}, {100, 0.1},    {100, 0.37}, {100, 0.9},
                                   {40, 0.25}, {10000, 0.0005}, {10000, 0.4},  {10000, 0.999}};

START_TEST(binomial_counts_have_their_distribution)
{
    draws d, plain;
    draws_open(&d, 31, binomial, eg_vector(EG_I32, N), 2, &eg_scalar(EG_F64), NULL);
    for (size_t k = 0; k < EGI_LEN(trials); k++) {
        const double *p = trials[k], mean = p[0] * p[1], var = mean * (1 - p[1]), s = sqrt(var);
        double low = floor(fmax(0, mean - 12 * s - 20)), high = fmin(p[0], mean + 12 * s + 20);
        char what[60];
        snprintf(what, sizeof what, "binomial(%g, %g)", p[0], p[1]);
        eg_val v[] = {eg_real(p[0]), eg_real(p[1])};
        draws_open(&plain, 32, binomial, eg_vector(EG_I32, N), 2, NULL, v);
        draws_run_scalars(&d, p);
        draws_run(&plain, NULL);
        for (int which = 0; which < 2; which++) {
            const double *x = which ? plain.x : d.x;
            if (var > 0) fits_moments(what, x, N, mean, var, (1 - 6 * p[1] * (1 - p[1])) / var);
            fits_chi_square(what, x, N, (int64_t)low, (int64_t)(high - low) + 1, binomial_pmf, p);
        }
        draws_close(&plain);
    }
    draws_close(&d);
}
END_TEST

START_TEST(coins_fall_with_their_probability)
{
    static const double chances[] = {0, 1e-4, 0.2, 0.5, 0.99, 1};
    for (int array = 0; array < 2; array++) {
        static float p[N];
        draws d;
        eg_spec param = array ? eg_vector(EG_F32, N) : eg_scalar(EG_F64);
        draws_open(&d, 41, bernoulli, eg_vector(EG_BOOL, N), 1, &param, NULL);
        for (size_t k = 0; k < EGI_LEN(chances); k++) {
            const double both[] = {1, (double)(float)chances[k]};
            for (int64_t e = 0; e < N; e++) p[e] = (float)chances[k];
            const void *in[] = {array ? (const void *)p : &both[1]};
            draws_run(&d, in);
            fits_chi_square("bernoulli", d.x, N, 0, 2, binomial_pmf, both);
        }
        draws_close(&d);
    }
}
END_TEST

static double even_pmf(double k, const double *p) { return k >= p[0] && k < p[1] ? -log(p[1] - p[0]) : -inf; }

static eg_val high_bits(eg_context *eg, eg_spec s, const eg_val *p)
{
    (void)p;
    return eg_shr(eg_random_bits(eg, s), 26);
}

START_TEST(integers_are_even)
{
    static const double ranges[][2] = {{0, 2}, {-3, 4}, {0, 97}, {5, 6}};
    draws d;
    draws_open(&d, 51, integers, eg_vector(EG_I32, N), 2, &eg_scalar(EG_F64), NULL);
    for (size_t k = 0; k < EGI_LEN(ranges); k++) {
        draws_run_scalars(&d, ranges[k]);
        fits_chi_square("integers", d.x, N, (int64_t)ranges[k][0] - 1, 100, even_pmf, ranges[k]);
    }
    draws_close(&d);
    draws_open(&d, 52, high_bits, eg_vector(EG_U32, N), 0, NULL, NULL);
    draws_run(&d, NULL);
    fits_chi_square("bits", d.x, N, 0, 64, even_pmf, (const double[]){0, 64});
    draws_close(&d);
    /* the whole range of i32: what fits into f64 exactly */
    const double all[] = {-0x1p31, 0x1p31};
    draws_open(&d, 53, integers, eg_vector(EG_I32, N), 2, &eg_scalar(EG_F64), NULL);
    draws_run_scalars(&d, all);
    fits_ks("integers", d.x, N, uniform_cdf, all);
    draws_close(&d);
}
END_TEST

/* Each place gets each element equally often: the place of element 0, and whether 1 stands before 2. */
static eg_val permutations(eg_context *eg, eg_spec s, const eg_val *p)
{
    (void)p;
    (void)s;
    return eg_permutation(eg, 7);
}

START_TEST(permutations_are_even)
{
    enum { TIMES = 4000 };
    static double place[TIMES], order[TIMES];
    draws d;
    draws_open(&d, 61, permutations, eg_vector(EG_I32, 7), 0, NULL, NULL);
    for (int k = 0; k < TIMES; k++) {
        int at[7];
        ck_assert_int_eq(eg_call(d.func, NULL, NULL, &d.got, NULL), EG_OK);
        for (int e = 0; e < 7; e++) at[((int32_t *)d.got)[e]] = e;
        place[k] = at[0];
        order[k] = at[1] < at[2];
    }
    fits_chi_square("place", place, TIMES, 0, 7, even_pmf, (const double[]){0, 7});
    fits_chi_square("order", order, TIMES, 0, 2, even_pmf, (const double[]){0, 2});
    draws_close(&d);
}
END_TEST

/* Neighbours, and the same element of the next stream, have nothing to do with each other. */
static eg_val two_normals(eg_context *eg, eg_spec s, const eg_val *p)
{
    (void)p;
    return eg_stack(0, eg_normal(eg, s, 0, 1), eg_normal(eg, s, 0, 1));
}

START_TEST(draws_do_not_correlate)
{
    draws d;
    draws_open(&d, 71, two_normals, eg_vector(EG_F32, N), 0, NULL, NULL);
    draws_run(&d, NULL);
    for (int64_t shift = 1; shift <= N; shift = shift < 4 ? shift + 1 : shift == 4 ? N : N + 1) {
        double sum = 0;
        for (int64_t k = 0; k < N; k++) sum += d.x[k] * d.x[k + shift];
        ck_assert_msg(fabs(sum / sqrt(N)) < 4.5, "shift %lld: %g", (long long)shift, sum / sqrt(N));
    }
    draws_close(&d);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random_fit");
    TCase *tcase = tcase_create("random_fit");
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, numbers_have_their_distribution, 0, EGI_LEN(numbers));
    tcase_add_test(tcase, poisson_counts_have_their_distribution);
    tcase_add_test(tcase, binomial_counts_have_their_distribution);
    tcase_add_test(tcase, coins_fall_with_their_probability);
    tcase_add_test(tcase, integers_are_even);
    tcase_add_test(tcase, permutations_are_even);
    tcase_add_test(tcase, draws_do_not_correlate);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
