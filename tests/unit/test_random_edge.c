/* Random draws with parameters at and beyond the ends of their ranges, and wrong calls. */
#include "api/random.h"
#include "ops_session.h"
#include "random_draws.h"

#define INF INFINITY

/* -- traced parameters --------------------------------------------------------------------------------------------- */

/* low <= draw <= high, or NaN where low is NaN */
typedef struct edge {
    double p[MOST_PARAMETERS], low, high;
} edge;

static void edges(draw_fn fn, eg_dtype t, int num, const edge *e, size_t n)
{
    enum { MOST = 32 };
    double p[MOST_PARAMETERS][MOST];
    const void *in[MOST_PARAMETERS] = {p[0], p[1], p[2], p[3]};
    ck_assert(n <= MOST);
    for (size_t k = 0; k < n; k++) {
        for (int j = 0; j < num; j++) p[j][k] = e[k].p[j];
    }
    draws d;
    draws_open(&d, 1, fn, eg_vector(t, (int64_t)n), num, &eg_vector(EG_F64, (int64_t)n), NULL);
    for (int threads = 1; threads <= 2; threads++) draws_run_on(&d, threads, in);
    for (size_t k = 0; k < n; k++) {
        bool good = isnan(e[k].low) ? isnan(d.x[k]) : d.x[k] >= e[k].low && d.x[k] <= e[k].high;
        ck_assert_msg(good, "%s %zu (%g, %g, %g, %g): %g is not in %g .. %g", eg_dtype_name(t), k, p[0][k],
                      num > 1 ? p[1][k] : 0, num > 2 ? p[2][k] : 0, num > 3 ? p[3][k] : 0, d.x[k], e[k].low, e[k].high);
    }
    draws_close(&d);
}
#define EDGES(fn, t, num, ...)                                                                                         \
    do {                                                                                                               \
        static const edge e_[] = {__VA_ARGS__};                                                                        \
        edges(fn, t, num, e_, EGI_LEN(e_));                                                                            \
    } while (0)

START_TEST(wrong_parameters_of_numbers_give_nan)
{
    for (eg_dtype t = EG_F32; t <= EG_F64; t++) {
        EDGES(uniform, t, 2, {{NAN, 1}, NAN, 0}, {{0, NAN}, NAN, 0}, {{1, 0}, NAN, 0}, {{0, INF}, NAN, 0},
              {{-INF, 0}, NAN, 0}, {{INF, INF}, NAN, 0}, {{3, 3}, 3, 3}, {{0, 1}, 0, 1});
        EDGES(normal, t, 2, {{NAN, 1}, NAN, 0}, {{0, NAN}, NAN, 0}, {{0, -1}, NAN, 0}, {{2, 0}, 2, 2},
              {{INF, 1}, INF, INF}, {{INF, 0}, INF, INF}, {{0, 1}, -7, 7});
        EDGES(exponential, t, 1, {{NAN}, NAN, 0}, {{-1}, NAN, 0}, {{0}, 0, 0}, {{INF}, INF, INF}, {{1}, 1e-12, 50});
        EDGES(gamma_, t, 2, {{NAN, 1}, NAN, 0}, {{1, NAN}, NAN, 0}, {{-1, 1}, NAN, 0}, {{1, -1}, NAN, 0},
              {{0, 1}, 0, 0}, {{INF, 1}, INF, INF}, {{2, 0}, 0, 0}, {{1e-30, 1}, 0, 1e-6},
              {{1e30, 1}, 0.99e30, 1.01e30}, {{-INF, 1}, NAN, 0}, {{3, 2}, 0, 100}, {{2, INF}, INF, INF});
        EDGES(truncated, t, 4, {{0, -1, 0, 1}, NAN, 0}, {{NAN, 1, 0, 1}, NAN, 0}, {{0, NAN, 0, 1}, NAN, 0},
              {{0, 1, NAN, 1}, NAN, 0}, {{0, 1, 0, NAN}, NAN, 0}, {{0, 1, 2, 1}, NAN, 0}, {{INF, 1, 0, 1}, NAN, 0},
              {{0, 0, 1, 2}, 1, 1}, {{1.5, 0, 1, 2}, 1.5, 1.5}, {{0, 1, 2, 2}, 2, 2}, {{0, INF, 0, 1}, 0, 1},
              {{0, 1, INF, INF}, INF, INF}, {{0, 1, -INF, INF}, -9, 9}, {{0, 1, 1e6, INF}, 1e6, 1e6 + 1},
              {{0, 1, -INF, -1e6}, -1e6 - 1, -1e6}, {{0, 0, 0, 0}, 0, 0}, {{2, 0, 0, 2}, 2, 2});
    }
}
END_TEST

START_TEST(wrong_parameters_of_counts_give_minus_one)
{
    EDGES(poisson, EG_I32, 1, {{NAN}, -1, -1}, {{-1}, -1, -1}, {{-INF}, -1, -1}, {{0}, 0, 0}, {{1e-300}, 0, 0},
          {{2}, 0, 30}, {{20}, 1, 80}, {{1e9}, 999e6, 1001e6}, {{1e12}, INT32_MAX, INT32_MAX},
          {{1e300}, INT32_MAX, INT32_MAX}, {{INF}, INT32_MAX, INT32_MAX});
    EDGES(poisson, EG_I64, 1, {{NAN}, -1, -1}, {{1e12}, 1e12 - 1e7, 1e12 + 1e7}, {{1e17}, 1e17 - 1e10, 1e17 + 1e10},
          {{INF}, 9e18, 1e19});
    EDGES(poisson, EG_F32, 1, {{NAN}, NAN, 0}, {{-1}, NAN, 0}, {{2}, 0, 30}, {{INF}, INF, INF},
          {{1e20}, 0.99e20, 1.01e20});
    EDGES(binomial, EG_I32, 2, {{NAN, 0.5}, -1, -1}, {{5, NAN}, -1, -1}, {{-1, 0.5}, -1, -1}, {{5, -0.1}, -1, -1},
          {{5, 1.1}, -1, -1}, {{INF, 0.5}, -1, -1}, {{0, 0.5}, 0, 0}, {{0, 1}, 0, 0}, {{5, 0}, 0, 0}, {{5, 1}, 5, 5},
          {{1000, 1}, 1000, 1000}, {{2e9, 0.5}, 0.999e9, 1.001e9}, {{2.9, 1}, 2, 2}, {{20, 0.5}, 0, 20},
          {{1e6, 1e-300}, 0, 0}, {{2147483647, 1e-9}, 0, 30});
    EDGES(binomial, EG_F64, 2, {{NAN, 0.5}, NAN, 0}, {{1e15, 0.5}, 4.99e14, 5.01e14}, {{1e300, 0.5}, NAN, 0});
    EDGES(bernoulli, EG_BOOL, 1, {{NAN}, 0, 0}, {{-1}, 0, 0}, {{0}, 0, 0}, {{1}, 1, 1}, {{INF}, 1, 1}, {{-INF}, 0, 0});
    EDGES(integers, EG_I32, 2, {{4, 4}, 4, 4}, {{4, 3}, 4, 4}, {{4, 5}, 4, 4}, {{-0x1p31, 0x1p31}, -0x1p31, 0x1p31});
    EDGES(integers, EG_I64, 2, {{-9e18, 9e18}, -9e18, -8.9e18}, {{9e18, -9e18}, 9e18, 9e18});
}
END_TEST

/* Parameters broadcast, and what is right stands beside what is wrong. */
static eg_val mixed(eg_context *c, eg_spec s, const eg_val *p)
{
    return eg_normal(c, eg_matrix(EG_F32, 3, s.dim[0]), eg_reshape(eg_slice(p[0], 0, 0, 3, 1), 3, 1),
                     eg_mul(p[1], 1e-6));
}

START_TEST(parameters_broadcast)
{
    double mean[8] = {10, 20, 30}, std[8] = {1, 1, -1, 1, 1, NAN, 1, 1};
    draws d;
    draws_open(&d, 1, mixed, eg_vector(EG_F32, 8), 2, &eg_vector(EG_F64, 8), NULL);
    draws_run(&d, (const void *const[]){mean, std});
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 8; j++) {
            double x = d.x[8 * i + j];
            ck_assert_msg(std[j] > 0 ? fabs(x - mean[i]) < 1e-4 : isnan(x), "[%d][%d] = %g", i, j, x);
        }
    }
    draws_close(&d);
}
END_TEST

/* -- wrong calls --------------------------------------------------------------------------------------------------- */

#define WRONG(status, call, ...)                                                                                       \
    do {                                                                                                               \
        eg_val v_ = call;                                                                                              \
        ck_assert_msg(!v_.of, "%s gives a value", #call);                                                              \
        ck_assert_msg(eg_error(eg) == (status), "%s: %s", #call, eg_message(eg));                                      \
        ck_assert_msg(strstr(eg_message(eg), "test_random_edge.c:"), "no file: %s", eg_message(eg));                   \
        for (const char *const *w_ = (const char *const[]){__VA_ARGS__, NULL}; *w_; w_++)                              \
            ck_assert_msg(strstr(eg_message(eg), *w_), "'%s' is not in: %s", *w_, eg_message(eg));                     \
        eg_clear_error(eg);                                                                                            \
    } while (0)

START_TEST(wrong_calls_name_function_and_reason)
{
    eg_spec f = eg_vector(EG_F32, 4), i = eg_vector(EG_I32, 4), u = eg_vector(EG_U32, 4);
    eg_val x3 = arg(eg_vector(EG_F32, 3), "V"), t = eg_tuple(eg, 1, &x3), pair = eg_tuple(eg, 2, ((eg_val[]){x3, x3}));
    WRONG(EG_ERR_TYPE, eg_random_bits(eg, i), "eg_random_bits", "i32", "EG_U32 or EG_I64");
    WRONG(EG_ERR_TYPE, eg_uniform(eg, i, 0, 1), "eg_uniform", "EG_F32");
    WRONG(EG_ERR_TYPE, eg_normal(eg, i, 0, 1), "eg_normal", "EG_F32");
    WRONG(EG_ERR_TYPE, eg_truncated_normal(eg, u, 0, 1, 0, 1), "eg_truncated_normal", "EG_F32");
    WRONG(EG_ERR_TYPE, eg_exponential(eg, i, 1), "eg_exponential", "EG_F32");
    WRONG(EG_ERR_TYPE, eg_gamma(eg, i, 1, 1), "eg_gamma", "EG_F32");
    WRONG(EG_ERR_TYPE, eg_poisson(eg, u, 1), "eg_poisson", "u32", "EG_I32");
    WRONG(EG_ERR_TYPE, eg_binomial(eg, eg_vector(EG_BOOL, 4), 1, 0.5), "eg_binomial", "bool");
    WRONG(EG_ERR_TYPE, eg_integers(eg, f, 0, 5), "eg_integers", "EG_I32");
    WRONG(EG_ERR_TYPE, eg_integers(eg, i, 0.5, 5), "eg_integers", "low is 0.5");
    WRONG(EG_ERR_TYPE, eg_integers(eg, i, 0, x3), "eg_integers", "high is V f32[3]");
    WRONG(EG_ERR_TYPE, eg_bernoulli(eg, eg_vector((eg_dtype)77, 4), 0.5), "eg_bernoulli", "77");
    WRONG(EG_ERR_TYPE, eg_normal(eg, f, pair, 1), "eg_normal", "tuple");
    WRONG(EG_ERR_SHAPE, eg_uniform(eg, eg_vector(EG_F32, -1), 0, 1), "eg_uniform", "negative");
    WRONG(EG_ERR_SHAPE, eg_gamma(eg, ((eg_spec){.dtype = EG_F32, .rank = 7}), 1, 1), "eg_gamma", "rank 7");
    WRONG(EG_ERR_SHAPE, eg_normal(eg, f, 0, x3), "eg_normal", "std V f32[3]", "[4]");
    WRONG(EG_ERR_SHAPE, eg_poisson(eg, eg_scalar(EG_I32), x3), "eg_poisson", "lambda V f32[3]");
    WRONG(EG_ERR_SHAPE, eg_shuffle(eg_sum(x3)), "eg_shuffle", "no rows");
    WRONG(EG_ERR_ARGUMENT, eg_uniform(eg, f, 2, 1), "eg_uniform", "high is 1");
    WRONG(EG_ERR_ARGUMENT, eg_uniform(eg, f, -3e38, 3e38), "eg_uniform", "finite");
    WRONG(EG_ERR_ARGUMENT, eg_uniform(eg, f, NAN, 1), "eg_uniform", "low is not a number");
    WRONG(EG_ERR_ARGUMENT, eg_normal(eg, f, NAN, 1), "eg_normal", "mean");
    WRONG(EG_ERR_ARGUMENT, eg_normal(eg, f, 0, -1), "eg_normal", "std is -1", ">= 0");
    WRONG(EG_ERR_ARGUMENT, eg_normal(eg, f, eg_nothing(), 1), "eg_normal", "nothing");
    WRONG(EG_ERR_ARGUMENT, eg_truncated_normal(eg, f, 0, 1, 3, 2), "eg_truncated_normal", "high is 2");
    WRONG(EG_ERR_ARGUMENT, eg_truncated_normal(eg, f, INF, 1, 0, 2), "eg_truncated_normal", "mean is inf");
    WRONG(EG_ERR_ARGUMENT, eg_exponential(eg, f, -2), "eg_exponential", "scale is -2");
    WRONG(EG_ERR_ARGUMENT, eg_gamma(eg, f, -2, 1), "eg_gamma", "shape is -2");
    WRONG(EG_ERR_ARGUMENT, eg_gamma(eg, f, 1, NAN), "eg_gamma", "scale is nan");
    WRONG(EG_ERR_ARGUMENT, eg_poisson(eg, i, -0.5), "eg_poisson", "lambda is -0.5");
    WRONG(EG_ERR_ARGUMENT, eg_binomial(eg, i, -1, 0.5), "eg_binomial", "n is -1");
    WRONG(EG_ERR_ARGUMENT, eg_binomial(eg, i, 5, 1.5), "eg_binomial", "p is 1.5", "from 0 to 1");
    WRONG(EG_ERR_ARGUMENT, eg_bernoulli(eg, eg_vector(EG_BOOL, 4), 2), "eg_bernoulli", "p is 2");
    WRONG(EG_ERR_ARGUMENT, eg_integers(eg, i, 5, 5), "eg_integers", "low < high");
    WRONG(EG_ERR_ARGUMENT, eg_integers(eg, i, 0, 1ll << 32), "eg_integers", "do not fit into i32");
    WRONG(EG_ERR_ARGUMENT, eg_integers(eg, eg_vector(EG_I64, 4), INT64_MIN, INT64_MAX), "eg_integers", "2^32");
    WRONG(EG_ERR_ARGUMENT, eg_permutation(eg, -1), "eg_permutation", "n is -1");
    WRONG(EG_ERR_ARGUMENT, eg_choice(eg, 5, 6, false), "eg_choice", "6 of 5", "replacement");
    WRONG(EG_ERR_ARGUMENT, eg_choice(eg, 5, -1, true), "eg_choice", "k is -1");
    WRONG(EG_ERR_ARGUMENT, eg_choice(eg, 0, 1, true), "eg_choice", "of nothing");
    WRONG(EG_ERR_TYPE, eg_choice(eg, 2.5, 1, true), "eg_choice", "x is 2.5");
    WRONG(EG_ERR_TYPE, eg_normal(eg, f, t, 1), "eg_normal", "tuple");
    eg_val good[] = {eg_permutation(eg, 0), eg_choice(eg, 5, 5, false), eg_choice(eg, x3, 2, true),     eg_shuffle(x3),
                     eg_poisson(eg, i, 3),  eg_gamma(eg, f, 0.5, 2),    eg_normal(eg, f, 0, eg_sum(x3))};
    for (size_t k = 0; k < EGI_LEN(good); k++) ck_assert_msg(good[k].of != NULL, "%zu: %s", k, eg_message(eg));
    ck_assert_msg(egi_verify(g, "test"), "%s", eg_message(eg));
}
END_TEST

START_TEST(no_context_no_trace_and_a_sticky_error_are_survived)
{
    eg_spec f = eg_vector(EG_F32, 4), i = eg_vector(EG_I32, 4);
    eg_val x = arg(f, "x");
    for (int round = 0; round < 3; round++) {
        eg_context *c = round ? eg : NULL;
        if (round == 1) egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "first");
        if (round == 2) {
            eg_clear_error(eg);
            trace_end(&main_session);
        }
        eg_val v[] = {eg_random_bits(c, eg_vector(EG_U32, 4)),
                      eg_uniform(c, f, 0, 1),
                      eg_integers(c, i, 0, 5),
                      eg_bernoulli(c, f, 0.5),
                      eg_normal(c, f, 0, 1),
                      eg_truncated_normal(c, f, 0, 1, 0, 1),
                      eg_exponential(c, f, 1),
                      eg_gamma(c, f, 1, 1),
                      eg_poisson(c, i, 1),
                      eg_binomial(c, i, 1, 0.5),
                      eg_permutation(c, 4),
                      eg_choice(c, 4, 2, false),
                      eg_choice(c, x, 2, false)};
        for (size_t k = 0; k < EGI_LEN(v); k++) ck_assert(!v[k].of);
        if (round) ck_assert(strstr(eg_message(eg), round == 1 ? "first" : "eg_random_bits: nothing is being traced"));
    }
    eg_clear_error(eg);
    ck_assert(!eg_shuffle(x).of && !eg_shuffle(3).of && !eg_shuffle(eg_nothing()).of);
    trace_begin(&main_session);
}
END_TEST

/* -- pieces -------------------------------------------------------------------------------------------------------- */

START_TEST(the_normal_quantile_and_stirlings_rest_are_exact)
{
    enum { N = 2000 };
    static double h[N], x[N], z[N];
    static float h1[N], x1[N], z1[N];
    egi_maths wide = {g, EG_F64, EG_I64, 52, 64}, single = {g, EG_F32, EG_I32, 23, 32};
    eg_spec f64 = eg_vector(EG_F64, N), f32 = eg_vector(EG_F32, N);
    eg_val v[] = {arg(f64, "h"), arg(f64, "x"), arg(f32, "h"), arg(f32, "x")};
    for (int k = 0; k < N; k++) {
        h[k] = k % 2 ? exp2(-63.0 * k / (double)N) : 1 - exp2(-50.0 * k / (double)N - 1);
        x[k] = k % 2 ? 1 - h[k] : exp2(-50.0 * k / (double)N - 1);
        h1[k] = (float)exp2(-31.0 * k / (double)N);
        x1[k] = 1 - h1[k];
    }
    const void *args[] = {h, x, h1, x1};
    run(egi_wrap(eg, egi_normal_tail(&wide, v[0].id, v[1].id)), z, args);
    run(egi_wrap(eg, egi_normal_tail(&single, v[2].id, v[3].id)), z1, args);
    for (int k = 1; k < N; k++) {
        /* P(|Z| > z) has a relative error of about z^2 times that of z, where it is small. */
        double low = erfc(z[k] * sqrt(0.5)) / h[k] - 1, high = erf(z[k] * sqrt(0.5)) / x[k] - 1;
        double off = h[k] < 0.5 ? low / (1 + z[k] * z[k]) : high;
        ck_assert_msg(fabs(off) < 8e-15, "f64, h = %g: %g", h[k], off);
        double w = (double)z1[k], slack = (1 + w * w) * (double)h1[k] / fmax((double)x1[k], 1e-7);
        off = (erfc(w * sqrt(0.5)) / (double)h1[k] - 1) / (1 + w * w);
        ck_assert_msg(fabs(off) < 4e-7 || slack > 1e3, "f32, h = %g: %g", (double)h1[k], off);
    }
    for (int k = 0; k < N; k++) x[k] = k + 1;
    run(egi_wrap(eg, m_stirling(&wide, v[1].id)), z, args);
    for (int k = 0; k < N; k++) {
        double want = lgamma(k + 1) - ((k + 0.5) * log(k + 1) - (k + 1) + 0.91893853320467274178);
        ck_assert_msg(fabs(z[k] - want) < 1e-10 + 1e-15 * k * log(k + 2), "%d!: %.12g, not %.12g", k, z[k], want);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random_edge");
    TCase *tcase = tcase_create("random_edge");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, wrong_parameters_of_numbers_give_nan);
    tcase_add_test(tcase, wrong_parameters_of_counts_give_minus_one);
    tcase_add_test(tcase, parameters_broadcast);
    suite_add_tcase(suite, tcase);
    TCase *calls = tcase_create("calls");
    tcase_add_checked_fixture(calls, setup, teardown);
    tcase_add_test(calls, wrong_calls_name_function_and_reason);
    tcase_add_test(calls, no_context_no_trace_and_a_sticky_error_are_survived);
    tcase_add_test(calls, the_normal_quantile_and_stirlings_rest_are_exact);
    suite_add_tcase(suite, calls);
    return test_run(suite);
}
