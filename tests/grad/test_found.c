/* What reviews have found in gradients: each once wrong, and never again. */
#include <time.h>

#include "grad/grad.h"

#define FN(name) static eg_val name(void *user, eg_val x)
#define PAIR(a, b) eg_tuple(eg, 2, ((eg_val[]){a, b}))
enum { N = 3 };
static const eg_spec vec = {EG_F64, 1, {N}};

/* Gradient at x, in compiled code and in the interpreter: the same bits. */
static void slope_at(eg_fn fn, double *x, double *g)
{
    eg_func *df = eg_gradient(eg_trace(eg, "f", fn, NULL, 1, &vec), NULL);
    fine();
    double y[2], other[N];
    run_at(df, &(point){1, {vec}, {x}}, (void *[]){&y[0], g}, 1, false);
    run_at(df, &(point){1, {vec}, {x}}, (void *[]){&y[1], other}, 1, true);
    ck_assert_mem_eq(g, other, sizeof other);
}

/* -- custom gradients ---------------------------------------------------------------------------------------------- */

FN(grow)
{
    (void)user;
    return PAIR(eg_mul(eg_item(x, 1), 1.1), eg_nothing());
}
FN(grow_thrice)
{
    (void)user;
    eg_val n = eg_convert(eg_add(eg_mul(eg_sum(x), 0), 3), EG_I64);
    return eg_item(eg_loop(eg, n, grow, NULL, x, eg_nothing()), 0);
}
FN(by_factor)
{
    (void)user;
    return eg_mul(eg_item(x, 2), 1.331);
}
FN(custom_of_loop)
{
    (void)user;
    return eg_sum(eg_custom_gradient(eg, grow_thrice, by_factor, NULL, x));
}

START_TEST(a_custom_gradient_needs_none_of_what_forward_does)
{
    double x[N] = {0.5, 1, -2}, g[N];
    slope_at(custom_of_loop, x, g);
    for (int k = 0; k < N; k++) ck_assert_double_eq(g[k], 1.331);
}
END_TEST

/* -- loops --------------------------------------------------------------------------------------------------------- */

FN(forget)
{
    (void)user;
    eg_val old = eg_item(x, 1);
    eg_val next = eg_tuple(eg, 2, ((eg_val[]){eg_zeros(eg, vec), eg_mul(eg_item(old, 1), 2)}));
    return PAIR(next, eg_nothing());
}
/* What a step does not look at, and what it does, after no steps: 5 x. */
FN(no_steps)
{
    eg_val start = eg_tuple(eg, 2, ((eg_val[]){eg_mul(x, 2), eg_mul(x, 3)}));
    eg_val end = eg_item(eg_loop(eg, 0, forget, user, start, eg_nothing()), 0);
    return eg_sum(eg_add(eg_item(end, 0), eg_item(end, 1)));
}

START_TEST(a_loop_of_no_steps_hands_gradients_through)
{
    double x[N] = {0.5, 1, -2}, g[N];
    slope_at(no_steps, x, g);
    for (int k = 0; k < N; k++) ck_assert_double_eq(g[k], 5);
}
END_TEST

/* -- numbers ------------------------------------------------------------------------------------------------------- */

FN(far_acosh) { return (void)user, eg_sum(eg_acosh(x)); }
FN(far_exprel) { return (void)user, eg_sum(eg_exprel(x)); }

START_TEST(derivatives_do_not_overflow_on_their_way)
{
    double x[N] = {2, 1e100, 1e200}, g[N];
    slope_at(far_acosh, x, g);
    for (int k = 0; k < N; k++)
        ck_assert_double_eq_tol(g[k] * x[k], x[k] / sqrt(x[k] * 1.0 - 1) / sqrt(x[k] + 1), 1e-14);
    double z[N] = {1.5, 700, 720};
    slope_at(far_exprel, z, g);
    for (int k = 0; k < 2; k++) {
        double e = exp(z[k]), want = e / z[k] - (e - 1) / z[k] / z[k];
        ck_assert_double_eq_tol(g[k] / want, 1, 1e-13);
    }
    ck_assert_double_eq(g[2], INFINITY);
}
END_TEST

/* -- draws: the numbers are fixed, their parameters are not -------------------------------------------------------- */

static int drawn;

FN(draw)
{
    (void)user;
    eg_val a = eg_exp(x);
    eg_val y = drawn == 0   ? eg_normal(eg, vec, x, a)
               : drawn == 1 ? eg_uniform(eg, vec, x, eg_add(x, a))
               : drawn == 2 ? eg_exponential(eg, vec, a)
               : drawn == 3 ? eg_truncated_normal(eg, vec, x, a, eg_sub(x, 2), eg_add(x, 1))
                            : eg_gamma(eg, vec, 2.5, a);
    return eg_sum(eg_mul(y, y));
}

START_TEST(parameters_of_draws_have_gradients)
{
    double x[N] = {0.3, -0.2, 0.7}, g[N];
    drawn = _i;
    slope_at(draw, x, g);
    eg_func *f = eg_trace(eg, "f", draw, NULL, 1, &vec);
    for (int k = 0; k < N; k++) {
        const double h = 1e-5;
        double y[2];
        for (int s = 0; s < 2; s++) {
            double at[N];
            memcpy(at, x, sizeof at);
            at[k] += s ? h : -h;
            eg_reset(eg, NULL);
            run_at(f, &(point){1, {vec}, {at}}, (void *[]){&y[s]}, 1, false);
        }
        double want = (y[1] - y[0]) / (2 * h);
        ck_assert_double_eq_tol(g[k], want, 1e-5 * (1 + fabs(want)));
    }
}
END_TEST

FN(by_shape)
{
    (void)user;
    return eg_sum(eg_gamma(eg, vec, eg_exp(x), 1.0));
}

START_TEST(the_shape_of_gamma_has_none_and_says_so)
{
    ck_assert_ptr_null(eg_gradient(eg_trace(eg, "f", by_shape, NULL, 1, &vec), NULL));
    SAYS(EG_ERR_TYPE, "gamma", "test_found.c");
}
END_TEST

/* -- time ---------------------------------------------------------------------------------------------------------- */

FN(yes) { return (void)user, eg_sin(x); }
FN(many_conds)
{
    for (int k = 0; k < 20000; k++) x = eg_add(eg_mul(x, 0.999), 1e-3 * k);
    for (int k = 0; k < *(int *)user; k++) x = eg_cond(eg_lt(eg_sum(x), k), yes, NULL, NULL, x);
    return eg_sum(x);
}

static double seconds_of(int conds)
{
    eg_func *f = eg_trace(eg, "f", many_conds, &conds, 1, &vec);
    double best = 1e9;
    for (int k = 0; k < 3; k++) {
        struct timespec t[2];
        clock_gettime(CLOCK_MONOTONIC, &t[0]);
        eg_func *df = eg_gradient(f, NULL);
        clock_gettime(CLOCK_MONOTONIC, &t[1]);
        fine();
        eg_func_free(df);
        double s = (double)(t[1].tv_sec - t[0].tv_sec) + 1e-9 * (double)(t[1].tv_nsec - t[0].tv_nsec);
        best = s < best ? s : best;
    }
    return best;
}

START_TEST(many_regions_in_a_large_graph_take_their_own_time)
{
    double none = seconds_of(0), many = seconds_of(1000);
    ck_assert_msg(many < 12 * none + 0.05, "%g s, %g s with 1000 conds", none, many);
}
END_TEST

static void open_one(void) { eg = eg_open(&(eg_options){.seed = 7}); }
static void close_one(void) { eg_close(eg); }

int main(void)
{
    Suite *s = suite_create("found");
    TCase *c = tcase_create("found");
    tcase_set_timeout(c, 0);
    tcase_add_checked_fixture(c, open_one, close_one);
    tcase_add_test(c, a_custom_gradient_needs_none_of_what_forward_does);
    tcase_add_test(c, a_loop_of_no_steps_hands_gradients_through);
    tcase_add_test(c, derivatives_do_not_overflow_on_their_way);
    tcase_add_loop_test(c, parameters_of_draws_have_gradients, 0, 5);
    tcase_add_test(c, the_shape_of_gamma_has_none_and_says_so);
    tcase_add_test(c, many_regions_in_a_large_graph_take_their_own_time);
    suite_add_tcase(s, c);
    return test_run(s);
}
