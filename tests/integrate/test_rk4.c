/* Steps of the classical Runge-Kutta method: order, shapes, what is held, gradients, errors. */
#include "engram/integrate.h"

#include "grad/grad.h"

/* A pendulum with a push I: of (a, v, I) */
static eg_val angle(void *user, eg_val x) { return (void)user, eg_item(x, 1); }
static eg_val speed(void *user, eg_val x) { return (void)user, eg_sub(eg_item(x, 2), eg_sin(eg_item(x, 0))); }
static eg_val decay(void *user, eg_val x) { return eg_mul(-*(const double *)user, x); }
static eg_val still(void *user, eg_val x) { return (void)user, (void)x, eg_int(2); }

typedef struct stepped {
    int num;
    const eg_fn *f;
    void *user;
} stepped;

static const eg_fn pendulum[] = {angle, speed}, fading[] = {decay}, resting[] = {still};

/* x..., dt: after a step. */
static eg_val step(void *user, eg_val x)
{
    const stepped *s = user;
    const int n = eg_tuple_size(x) - 1;
    eg_val part[8];
    for (int k = 0; k < n; k++) part[k] = eg_item(x, k);
    return eg_rk4(eg, s->num, s->f, s->user, n == 1 ? part[0] : eg_tuple(eg, n, part), eg_item(x, n));
}

/* -- values -------------------------------------------------------------------------------------------------------- */

static void by_hand(double *a, double *v, double I, double dt)
{
    double ka[4], kv[4];
    for (int k = 0; k < 4; k++) {
        double h = k == 0 ? 0 : k == 3 ? dt : dt / 2;
        double at = k ? *a + h * ka[k - 1] : *a, vt = k ? *v + h * kv[k - 1] : *v;
        ka[k] = vt;
        kv[k] = I - sin(at);
    }
    *a += dt / 6 * (ka[0] + 2 * ka[1] + 2 * ka[2] + ka[3]);
    *v += dt / 6 * (kv[0] + 2 * kv[1] + 2 * kv[2] + kv[3]);
}

START_TEST(a_step_is_that_of_the_formula)
{
    enum { N = 37 };
    stepped s = {2, pendulum, NULL};
    const eg_spec v = eg_vector(EG_F64, N), num = eg_scalar(EG_F64);
    eg_func *f = eg_trace(eg, "step", step, &s, 4, (eg_spec[]){v, v, num, num});
    fine();
    ck_assert_int_eq(eg_num_results(f), 2);
    double a[N], w[N], I = 0.3, dt = 0.2, out[2][N];
    for (int k = 0; k < N; k++) a[k] = number((uint64_t)k, -3, 3), w[k] = number((uint64_t)k + 99, -2, 2);
    for (int way = 0; way < 2; way++) {
        eg_call(f, NULL, IN(a, w, &I, &dt), (void *[]){out[0], out[1]}, &(eg_run_options){.interpret = way == 0});
        fine();
        for (int k = 0; k < N; k++) {
            double x = a[k], y = w[k];
            by_hand(&x, &y, I, dt);
            ck_assert_double_eq_tol(out[0][k], x, 1e-14);
            ck_assert_double_eq_tol(out[1][k], y, 1e-14);
        }
    }
}
END_TEST

START_TEST(errors_fall_with_the_fourth_power_of_the_step)
{
    double rate = 1.5, error[2];
    stepped s = {1, fading, &rate};
    eg_func *f = eg_trace(eg, "step", step, &s, 2, (eg_spec[]){eg_scalar(EG_F64), eg_scalar(EG_F64)});
    fine();
    ck_assert_int_eq(eg_num_results(f), 1);
    for (int k = 0; k < 2; k++) {
        double y = 1, dt = k ? 0.05 : 0.1;
        for (int i = 0; i < (k ? 20 : 10); i++) eg_call(f, NULL, IN(&y, &dt), (void *[]){&y}, NULL);
        error[k] = fabs(y - exp(-1.5));
    }
    fine();
    ck_assert_double_eq_tol(log2(error[0] / error[1]), 4, 0.1);
}
END_TEST

START_TEST(elements_may_have_any_shape)
{
    double rate = 2, y[6], out[6], dt = 0.01;
    for (int k = 0; k < 6; k++) y[k] = k;
    stepped s = {1, fading, &rate};
    eg_func *f = eg_trace(eg, "step", step, &s, 2, (eg_spec[]){eg_matrix(EG_F64, 2, 3), eg_scalar(EG_F64)});
    fine();
    ck_assert_int_eq(eg_result_spec(f, 0).rank, 2);
    BOTH(f, IN(y, &dt), out);
    for (int k = 0; k < 6; k++) ck_assert_double_eq_tol(out[k], k * exp(-0.02), 1e-9);
    stepped both = {2, pendulum, NULL};
    const eg_spec m = eg_matrix(EG_F32, 2, 3), none = eg_vector(EG_F32, 0), num = eg_scalar(EG_F32);
    f = eg_trace(eg, "step", step, &both, 4, (eg_spec[]){m, m, m, num});
    fine();
    for (int k = 0; k < 2; k++) ck_assert_int_eq(eg_result_spec(f, k).rank, 2);
    f = eg_trace(eg, "step", step, &both, 4, (eg_spec[]){none, none, num, num});
    fine();
    for (int k = 0; k < 2; k++) ck_assert_int_eq(eg_result_spec(f, k).dim[0], 0);
    float x[2] = {1, 2}, to[2], h = 0.5f;
    stepped rest = {1, resting, NULL};
    BOTH(eg_trace(eg, "step", step, &rest, 2, (eg_spec[]){eg_vector(EG_F32, 2), num}), IN(x, &h), to);
    for (int k = 0; k < 2; k++) ck_assert_float_eq(to[k], x[k] + 1);
}
END_TEST

START_TEST(a_step_has_gradients_of_every_order)
{
    stepped s = {2, pendulum, NULL};
    const eg_spec v = eg_vector(EG_F64, 5), specs[] = {v, v, v, eg_scalar(EG_F64)};
    check_gradient("step", step, &s, 4, specs, 0.1, 1);
    check_second("step", step, &s, 4, specs, 0.1, 1);
}
END_TEST

/* -- errors -------------------------------------------------------------------------------------------------------- */

static eg_val two(void *user, eg_val x) { return (void)user, eg_tuple(eg, 2, (eg_val[]){x, x}); }

static void wrong(stepped s, int num, const eg_spec *specs, eg_status status, const char *word)
{
    ck_assert_ptr_null(eg_trace(eg, "step", step, &s, num, specs));
    SAYS(status, "eg_rk4", word, "test_rk4.c");
}

START_TEST(wrong_calls_say_what_is_wrong)
{
    static const eg_fn pair[] = {two}, gap[] = {angle, NULL};
    const eg_spec v = eg_vector(EG_F64, 4), num = eg_scalar(EG_F64);
    const eg_spec one[] = {v, num}, three[] = {v, v, v, num}, ints[] = {eg_vector(EG_I32, 4), num}, long_dt[] = {v, v};
    const eg_spec mixed[] = {v, eg_vector(EG_F32, 4), v, num}, thin[] = {v, num, v, num};
    double rate = 1;
    wrong((stepped){0, fading, &rate}, 2, one, EG_ERR_ARGUMENT, "0 equations");
    wrong((stepped){2, pendulum, NULL}, 2, one, EG_ERR_ARGUMENT, "no part 1");
    wrong((stepped){1, NULL, NULL}, 2, one, EG_ERR_ARGUMENT, "NULL");
    wrong((stepped){2, gap, NULL}, 4, three, EG_ERR_ARGUMENT, "NULL");
    wrong((stepped){1, pair, NULL}, 2, one, EG_ERR_SHAPE, "one number");
    wrong((stepped){1, fading, &rate}, 2, ints, EG_ERR_TYPE, "floating");
    wrong((stepped){1, fading, &rate}, 2, long_dt, EG_ERR_SHAPE, "dt");
    wrong((stepped){2, pendulum, NULL}, 4, mixed, EG_ERR_TYPE, "part 1 of x is f32, but part 0 f64");
    wrong((stepped){2, pendulum, NULL}, 4, thin, EG_ERR_SHAPE, "part 1");
    ck_assert_int_eq(eg_tuple_size(eg_rk4(NULL, 1, fading, &rate, 1, 0.1)), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rk4");
    TCase *t = tcase_create("rk4");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_step_is_that_of_the_formula);
    tcase_add_test(t, errors_fall_with_the_fourth_power_of_the_step);
    tcase_add_test(t, elements_may_have_any_shape);
    tcase_add_test(t, a_step_has_gradients_of_every_order);
    tcase_add_test(t, wrong_calls_say_what_is_wrong);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
