/* Random draws: what they depend on and what not, wrong parameters, order, errors. */
#include "random_draws.h"

static eg_val bits(eg_context *eg, eg_spec s, const eg_val *p)
{
    (void)p;
    return eg_random_bits(eg, s);
}
static eg_val shuffled(eg_context *eg, eg_spec s, const eg_val *p)
{
    (void)p;
    return eg_shuffle(eg_iota(eg, s.dim[0], EG_I32));
}
static eg_val chosen(eg_context *eg, eg_spec s, const eg_val *p)
{
    (void)p;
    return eg_choice(eg, eg_mul(eg_iota(eg, 2 * s.dim[0], EG_I32), 3), s.dim[0], false);
}
static eg_val replaced(eg_context *eg, eg_spec s, const eg_val *p)
{
    (void)p;
    return eg_choice(eg, s.dim[0], s.dim[0], true);
}

static const struct {
    draw_fn fn;
    eg_dtype type;
    int num;
    double p[MOST_PARAMETERS];
} all[] = {
    {bits, EG_U32, 0, {0}},
    {bits, EG_I64, 0, {0}},
    {uniform, EG_F32, 2, {-1, 1}},
    {uniform, EG_F64, 2, {-1, 1}},
    {integers, EG_I32, 2, {-1000, 1000000}},
    {integers, EG_U32, 2, {0, 4294967296.0}},
    {integers, EG_I64, 2, {-1e15, -1e15 + 1e9}},
    {bernoulli, EG_BOOL, 1, {0.3}},
    {normal, EG_F32, 2, {0, 1}},
    {normal, EG_F64, 2, {0, 1}},
    {truncated, EG_F32, 4, {0, 1, -1, 2}},
    {exponential, EG_F32, 1, {1}},
    {exponential, EG_F64, 1, {1}},
    {gamma_, EG_F32, 2, {0.7, 1}},
    {gamma_, EG_F64, 2, {7, 1}},
    {poisson, EG_I32, 1, {4}},
    {poisson, EG_F32, 1, {40}},
    {binomial, EG_I64, 2, {50, 0.1}},
    {binomial, EG_I32, 2, {5000, 0.1}},
    {shuffled, EG_I32, 0, {0}},
    {chosen, EG_I32, 0, {0}},
    {replaced, EG_I32, 0, {0}},
};

/* -- streams ------------------------------------------------------------------------------------------------------- */

static void draw(draws *d, uint64_t seed, int which, int64_t n, double *x)
{
    draws_open(d, seed, all[which].fn, eg_vector(all[which].type, n), all[which].num, &eg_scalar(EG_F64), NULL);
    draws_run_scalars(d, all[which].p);
    memcpy(x, d->x, (size_t)n * sizeof *x);
}

START_TEST(a_seed_names_the_draws_and_threads_and_lengths_do_not_matter)
{
    enum { N = 1000 };
    static double first[N], x[N];
    draws d;
    const void *in[MOST_PARAMETERS];
    for (int k = 0; k < MOST_PARAMETERS; k++) in[k] = &all[_i].p[k];
    draw(&d, 5, _i, N, first);
    for (int threads = 1; threads <= 4; threads++) {
        draws_run_on(&d, threads, in);
        ck_assert(!memcmp(first, d.x, sizeof first));
    }
    draws_close(&d);
    draw(&d, 6, _i, N, x);
    draws_close(&d);
    ck_assert_msg(memcmp(first, x, sizeof x) != 0, "another seed draws the same");
    bool order = all[_i].fn == shuffled || all[_i].fn == chosen || all[_i].fn == replaced;
    for (int64_t n = 0; n < 40 && !order; n += n < 2 ? 1 : 15) {
        draw(&d, 5, _i, n, x);
        draws_close(&d);
        for (int64_t k = 0; k < n; k++)
            ck_assert_msg(x[k] == first[k], "element %lld of %lld", (long long)k, (long long)n);
    }
}
END_TEST

START_TEST(a_run_draws_anew_and_a_reset_repeats)
{
    enum { N = 100 };
    draws d;
    double first[N];
    const void *in[MOST_PARAMETERS];
    for (int k = 0; k < MOST_PARAMETERS; k++) in[k] = &all[_i].p[k];
    draw(&d, 5, _i, N, first);
    ck_assert_int_eq(eg_call(d.func, NULL, in, &d.got, NULL), EG_OK);
    bool same = true;
    for (int k = 0; k < N; k++) same = same && draws_number(&d, d.got, k) == first[k];
    ck_assert_msg(!same, "a second run draws the same");
    eg_reset(d.eg, NULL);
    ck_assert_int_eq(eg_call(d.func, NULL, in, &d.got, NULL), EG_OK);
    for (int k = 0; k < N; k++) ck_assert_msg(draws_number(&d, d.got, k) == first[k], "a run after eg_reset differs");
    draws_close(&d);
}
END_TEST

static eg_val twice(eg_context *eg, eg_spec s, const eg_val *p)
{
    (void)p;
    return eg_stack(0, eg_random_bits(eg, s), eg_random_bits(eg, s));
}

START_TEST(draws_of_one_function_differ)
{
    enum { N = 64 };
    draws d;
    draws_open(&d, 2, twice, eg_vector(EG_U32, N), 0, NULL, NULL);
    draws_run(&d, NULL);
    for (int k = 0; k < N; k++) ck_assert(d.x[k] != d.x[N + k]);
    draws_close(&d);
}
END_TEST

/* All kinds of draws in a loop, summed up in a variable. */
typedef struct stepped {
    eg_context *eg;
    eg_var *sum;
} stepped;

static eg_val step(void *user, eg_val x)
{
    stepped *s = user;
    eg_spec f = eg_vector(EG_F32, 33);
    eg_val all_of_them[] = {eg_uniform(s->eg, f, 0, 1),     eg_normal(s->eg, f, 0, 1),  eg_gamma(s->eg, f, 0.5, 1),
                            eg_poisson(s->eg, f, 2),        eg_poisson(s->eg, f, 20),   eg_binomial(s->eg, f, 9, 0.3),
                            eg_binomial(s->eg, f, 90, 0.3), eg_bernoulli(s->eg, f, 0.1)};
    eg_val now = eg_sum_axes(eg_stack_n(0, 8, all_of_them), 1, &(int){0}, false);
    now = eg_add(now, eg_convert(eg_permutation(s->eg, 33), EG_F32));
    eg_set(s->sum, eg_add(eg_mul(eg_get(s->sum), 0.75), now));
    (void)x;
    return eg_nothing();
}

static eg_val steps(void *user, eg_val n)
{
    return eg_item(eg_loop(((stepped *)user)->eg, n, step, user, eg_nothing(), eg_nothing()), 0);
}

static void run_steps(eg_func *f, int64_t n, const eg_run_options *o)
{
    ck_assert_int_eq(eg_call(f, NULL, (const void *const[]){&n}, NULL, o), EG_OK);
}

START_TEST(a_run_in_parts_draws_what_the_whole_draws)
{
    stepped s = {.eg = eg_open(&(eg_options){.seed = 3})};
    s.sum = eg_variable(s.eg, "sum", eg_vector(EG_F32, 33));
    eg_func *f = eg_trace(s.eg, "steps", steps, &s, 1, &eg_scalar(EG_I64));
    ck_assert_msg(f != NULL, "%s", eg_message(s.eg));
    float whole[33], x[33];
    run_steps(f, 60, NULL);
    ck_assert_int_eq(eg_read(s.sum, whole, sizeof whole), EG_OK);
    for (int k = 0; k < 6; k++) {
        static const int64_t part[] = {30, 1, 59, 7};
        eg_run_options o = {.threads = 1 + k % 3, .interpret = k >= 4};
        eg_reset(s.eg, NULL);
        run_steps(f, part[k % 4], &o);
        run_steps(f, 60 - part[k % 4], &o);
        ck_assert_int_eq(eg_read(s.sum, x, sizeof x), EG_OK);
        test_check_f32("in parts", x, whole, 33);
    }
    eg_close(s.eg);
}
END_TEST

/* -- values -------------------------------------------------------------------------------------------------------- */

START_TEST(results_lie_within_their_range)
{
    enum { N = 20000 };
    static const double ranges[][2] = {{0, 1}, {1, 1}, {16777215, 16777216}, {-1e-30, 1e-30}, {-1e38, 1e38}};
    for (eg_dtype t = EG_F32; t <= EG_F64; t++) {
        draws d;
        draws_open(&d, 1, uniform, eg_vector(t, N), 2, &eg_scalar(EG_F64), NULL);
        for (size_t k = 0; k < EGI_LEN(ranges); k++) {
            double low = ranges[k][0], high = ranges[k][1];
            draws_run_scalars(&d, ranges[k]);
            if (t == EG_F32) low = (double)(float)low, high = (double)(float)high;
            for (int e = 0; e < N; e++)
                ck_assert_msg(d.x[e] >= low && (d.x[e] < high || low == high), "%.17g in [%g, %g)", d.x[e], low, high);
        }
        draws_close(&d);
        draws_open(&d, 1, truncated, eg_vector(t, N), 4, &eg_scalar(EG_F64), NULL);
        static const double bounds[][4] = {{0, 1, 0.1, 0.3},    {0, 1, 30, INFINITY},   {0, 1, -1e6, -1e5},
                                           {0, 1e-20, -1, 0.1}, {1e6, 1, 1e6, 1e6},     {0, 1e30, 2, 3},
                                           {5, 0, 1, 2},        {0, 1, 1e300, INFINITY}};
        for (size_t k = 0; k < EGI_LEN(bounds); k++) {
            bool single = t == EG_F32;
            double low = single ? (double)(float)bounds[k][2] : bounds[k][2];
            double high = single ? (double)(float)bounds[k][3] : bounds[k][3];
            draws_run_scalars(&d, bounds[k]);
            for (int e = 0; e < N; e++)
                ck_assert_msg(d.x[e] >= low && d.x[e] <= high, "%zu: %.17g in [%g, %g]", k, d.x[e], low, high);
        }
        draws_close(&d);
    }
}
END_TEST

START_TEST(uniform_numbers_are_multiples_of_one_step)
{
    enum { N = 5000 };
    eg_val v[] = {eg_int(0), eg_int(1)};
    for (eg_dtype t = EG_F32; t <= EG_F64; t++) {
        draws d;
        draws_open(&d, 1, uniform, eg_vector(t, N), 2, NULL, v);
        draws_run(&d, NULL);
        for (int k = 0; k < N; k++) {
            double steps_ = ldexp(d.x[k], t == EG_F32 ? 24 : 53);
            ck_assert(steps_ == floor(steps_) && d.x[k] >= 0 && d.x[k] < 1);
        }
        draws_close(&d);
    }
}
END_TEST

START_TEST(permutations_and_choices_are_what_they_say)
{
    enum { N = 1000 };
    static int seen[2 * N];
    draws d;
    for (int which = 0; which < 2; which++) {
        memset(seen, 0, sizeof seen);
        draws_open(&d, 9, which ? chosen : shuffled, eg_vector(EG_I32, N), 0, NULL, NULL);
        draws_run(&d, NULL);
        ck_assert_int_eq(d.n, N);
        for (int k = 0; k < N; k++) {
            int x = (int)d.x[k], step_ = which ? 3 : 1;
            ck_assert_int_eq(x % step_, 0);
            ck_assert_int_lt(x / step_, which ? 2 * N : N);
            ck_assert_int_eq(seen[x / step_]++, 0);
        }
        draws_close(&d);
    }
    draws_open(&d, 9, replaced, eg_vector(EG_I32, N), 0, NULL, NULL);
    draws_run(&d, NULL);
    int repeated = 0;
    memset(seen, 0, sizeof seen);
    for (int k = 0; k < N; k++) repeated += seen[(int)d.x[k]]++ == 1;
    ck_assert(repeated > 200 && repeated < 330); /* 264 are expected */
    draws_close(&d);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random");
    TCase *tcase = tcase_create("random");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_seed_names_the_draws_and_threads_and_lengths_do_not_matter, 0, EGI_LEN(all));
    tcase_add_loop_test(tcase, a_run_draws_anew_and_a_reset_repeats, 0, EGI_LEN(all));
    tcase_add_test(tcase, draws_of_one_function_differ);
    tcase_add_test(tcase, a_run_in_parts_draws_what_the_whole_draws);
    tcase_add_test(tcase, results_lie_within_their_range);
    tcase_add_test(tcase, uniform_numbers_are_multiples_of_one_step);
    tcase_add_test(tcase, permutations_and_choices_are_what_they_say);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
