/* Steps of exponential Euler: against formulas, of every shape, their gradients, errors. */
#include "engram/integrate.h"

#include "grad/grad.h"

/* x^2 - 3 x w + w, cubed growth, decay to w, nothing: of (x, w) */
static eg_val curved(void *user, eg_val x)
{
    (void)user;
    eg_val y = eg_item(x, 0), w = eg_item(x, 1);
    return eg_add(eg_mul(y, eg_sub(y, eg_mul(3, w))), w);
}
static eg_val linear(void *user, eg_val x)
{
    const double *tau = user;
    return eg_div(eg_sub(eg_item(x, 1), eg_item(x, 0)), *tau);
}
static eg_val still(void *user, eg_val x) { return (void)user, (void)x, eg_int(2); }
static eg_val grows(void *user, eg_val x) { return eg_mul(x, *(const double *)user); }

typedef struct stepped {
    eg_fn f;
    void *user;
    int k;
} stepped;

/* x..., dt: a step of part k. */
static eg_val step(void *user, eg_val x)
{
    const stepped *s = user;
    const int n = eg_tuple_size(x) - 1;
    eg_val part[8];
    for (int k = 0; k < n; k++) part[k] = eg_item(x, k);
    return eg_exp_euler(eg, s->f, s->user, n == 1 ? part[0] : eg_tuple(eg, n, part), s->k, eg_item(x, n));
}

static double phi(double z) { return z == 0 ? 1 : expm1(z) / z; }

/* -- values -------------------------------------------------------------------------------------------------------- */

START_TEST(a_step_is_that_of_the_formula)
{
    enum { N = 37 };
    stepped s = {curved, NULL, 0};
    eg_func *g =
        eg_trace(eg, "step", step, &s, 3, (eg_spec[]){eg_vector(EG_F64, N), eg_vector(EG_F64, N), eg_scalar(EG_F64)});
    double y[N], w[N], out[N], dt = 0.3;
    for (int k = 0; k < N; k++) y[k] = number((uint64_t)k, -2, 2), w[k] = number((uint64_t)k + 99, -2, 2);
    y[0] = 1.5, w[0] = 1; /* the derivative 2 y - 3 w is 0 */
    BOTH(g, IN(y, w, &dt), out);
    for (int k = 0; k < N; k++) {
        double want = y[k] + dt * phi(dt * (2 * y[k] - 3 * w[k])) * (y[k] * (y[k] - 3 * w[k]) + w[k]);
        ck_assert_double_eq_tol(out[k], want, 1e-14 * (1 + fabs(want)));
    }
}
END_TEST

START_TEST(linear_equations_are_exact_and_phi_is_one_number)
{
    enum { N = 20 };
    double tau = 7, y[N], w[N], out[N], dt = 0.5;
    stepped s = {linear, &tau, 0};
    eg_func *f =
        eg_trace(eg, "step", step, &s, 3, (eg_spec[]){eg_vector(EG_F64, N), eg_vector(EG_F64, N), eg_scalar(EG_F64)});
    fine();
    ck_assert_ptr_nonnull(strstr(eg_text(f), "exprel f64 %"));
    ck_assert_ptr_null(strstr(eg_text(f), "exprel f64["));
    for (int k = 0; k < N; k++) y[k] = number((uint64_t)k, -70, 40), w[k] = number((uint64_t)k + 99, -70, 40);
    BOTH(f, IN(y, w, &dt), out);
    for (int k = 0; k < N; k++) ck_assert_double_eq_tol(out[k], w[k] + (y[k] - w[k]) * exp(-dt / tau), 1e-13);
}
END_TEST

START_TEST(elements_may_have_any_shape_and_share_numbers)
{
    double tau = 2, y[6], w = 3, out[6], dt = 0.25, one;
    for (int k = 0; k < 6; k++) y[k] = k;
    stepped s = {linear, &tau, 0};
    const eg_spec num = eg_scalar(EG_F64);
    eg_func *f = eg_trace(eg, "step", step, &s, 3, (eg_spec[]){eg_matrix(EG_F64, 2, 3), num, num});
    fine();
    ck_assert_int_eq(eg_result_spec(f, 0).rank, 2);
    BOTH(f, IN(y, &w, &dt), out);
    for (int k = 0; k < 6; k++) ck_assert_double_eq_tol(out[k], 3 + (k - 3) * exp(-0.125), 1e-14);
    f = eg_trace(eg, "step", step, &s, 3, (eg_spec[]){num, num, num});
    fine();
    ck_assert_int_eq(eg_result_spec(f, 0).rank, 0);
    BOTH(f, IN(&y[1], &w, &dt), &one);
    ck_assert_double_eq_tol(one, 3 - 2 * exp(-0.125), 1e-14);
    f = eg_trace(eg, "step", step, &s, 3, (eg_spec[]){eg_vector(EG_F64, 0), num, num});
    fine();
    ck_assert_int_eq(eg_result_spec(f, 0).dim[0], 0);
}
END_TEST

START_TEST(an_equation_may_give_a_plain_number_and_have_one_variable)
{
    float y[2] = {1, 2}, out[2], dt = 0.5f;
    double rate = -2;
    stepped s = {still, NULL, 0};
    const eg_spec args[] = {eg_vector(EG_F32, 2), eg_scalar(EG_F32)};
    BOTH(eg_trace(eg, "step", step, &s, 2, args), IN(y, &dt), out);
    for (int k = 0; k < 2; k++) ck_assert_float_eq(out[k], y[k] + 1);
    s = (stepped){grows, &rate, 0};
    BOTH(eg_trace(eg, "step", step, &s, 2, args), IN(y, &dt), out);
    for (int k = 0; k < 2; k++) ck_assert_float_eq_tol(out[k], y[k] * expf(-1), 1e-6f);
}
END_TEST

static eg_var *rate_of;
static eg_val by_variable(void *user, eg_val x) { return (void)user, eg_mul(eg_get(rate_of), x); }

START_TEST(an_equation_may_read_variables_of_one_number)
{
    rate_of = eg_variable(eg, "rate", eg_scalar(EG_F64));
    eg_init_fill(rate_of, -2);
    double y[2] = {1, 2}, out[2], dt = 0.5;
    stepped s = {by_variable, NULL, 0};
    eg_func *f = eg_trace(eg, "step", step, &s, 2, (eg_spec[]){eg_vector(EG_F64, 2), eg_scalar(EG_F64)});
    fine();
    BOTH(f, IN(y, &dt), out, "rate");
    for (int k = 0; k < 2; k++) ck_assert_double_eq_tol(out[k], y[k] * exp(-1), 1e-14);
}
END_TEST

START_TEST(explosions_stay_finite)
{
    double rate = 1e9, y[2] = {1, -1}, out[2], dt = 0.1;
    stepped s = {grows, &rate, 0};
    eg_func *f = eg_trace(eg, "step", step, &s, 2, (eg_spec[]){eg_vector(EG_F64, 2), eg_scalar(EG_F64)});
    BOTH(f, IN(y, &dt), out);
    for (int k = 0; k < 2; k++) ck_assert_double_eq_tol(out[k] / (y[k] * (1 + 1e8 * phi(30))), 1, 1e-12);
}
END_TEST

/* -- derivatives --------------------------------------------------------------------------------------------------- */

START_TEST(a_step_has_gradients_of_every_order)
{
    stepped s = {curved, NULL, 0};
    const eg_spec specs[] = {eg_vector(EG_F64, 5), eg_vector(EG_F64, 5), eg_scalar(EG_F64)};
    check_gradient("step", step, &s, 3, specs, 0.1, 1);
    check_second("step", step, &s, 3, specs, 0.1, 1);
}
END_TEST

/* -- errors -------------------------------------------------------------------------------------------------------- */

static eg_val two(void *user, eg_val x) { return (void)user, eg_tuple(eg, 2, (eg_val[]){x, x}); }
static eg_val array(void *user, eg_val x) { return (void)user, eg_broadcast(x, 3); }
static eg_val nothing(void *user, eg_val x) { return (void)user, (void)x, eg_nothing(); }

/* Errors of step with two arguments. */
static void wrong(stepped s, eg_spec y, eg_spec dt, eg_status status, const char *word)
{
    ck_assert_ptr_null(eg_trace(eg, "step", step, &s, 2, (eg_spec[]){y, dt}));
    SAYS(status, "eg_exp_euler", word, "test_exp_euler.c");
}

START_TEST(wrong_calls_say_what_is_wrong)
{
    const eg_spec v = eg_vector(EG_F64, 4), num = eg_scalar(EG_F64), m[] = {v, eg_vector(EG_F64, 3), num};
    double rate = 1;
    wrong((stepped){grows, &rate, 1}, v, num, EG_ERR_ARGUMENT, "no part 1");
    wrong((stepped){grows, &rate, -1}, v, num, EG_ERR_ARGUMENT, "no part -1");
    wrong((stepped){NULL, &rate, 0}, v, num, EG_ERR_ARGUMENT, "NULL");
    wrong((stepped){grows, &rate, 0}, v, v, EG_ERR_SHAPE, "dt");
    wrong((stepped){grows, &rate, 0}, eg_vector(EG_I32, 4), num, EG_ERR_TYPE, "floating");
    wrong((stepped){two, NULL, 0}, v, num, EG_ERR_SHAPE, "one number");
    wrong((stepped){array, NULL, 0}, v, num, EG_ERR_SHAPE, "one number");
    wrong((stepped){nothing, NULL, 0}, v, num, EG_ERR_SHAPE, "one number");
    stepped s = {linear, &rate, 0};
    ck_assert_ptr_null(eg_trace(eg, "step", step, &s, 3, m));
    SAYS(EG_ERR_SHAPE, "eg_exp_euler", "part 1", "shape");
    ck_assert_int_eq(eg_tuple_size(eg_exp_euler(NULL, linear, NULL, 1, 0, 0.1)), 0);
    eg_exp_euler(eg, linear, NULL, 1.0, 0, 0.1);
    SAYS(EG_ERR_TYPE, "eg_exp_euler", "floating");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exp_euler");
    TCase *t = tcase_create("exp_euler");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_step_is_that_of_the_formula);
    tcase_add_test(t, linear_equations_are_exact_and_phi_is_one_number);
    tcase_add_test(t, elements_may_have_any_shape_and_share_numbers);
    tcase_add_test(t, an_equation_may_give_a_plain_number_and_have_one_variable);
    tcase_add_test(t, an_equation_may_read_variables_of_one_number);
    tcase_add_test(t, explosions_stay_finite);
    tcase_add_test(t, a_step_has_gradients_of_every_order);
    tcase_add_test(t, wrong_calls_say_what_is_wrong);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
