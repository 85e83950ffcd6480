/* Gradients with respect to complex values: the pair of the derivatives by real and imaginary part, against central
 * differences; pullbacks and tangents; custom gradients; copies side by side. */
#include <complex.h>

#include "grad.h"

#ifndef CMPLX /* of C11, and not of every compiler */
#define CMPLX(re, im) __builtin_complex((double)(re), (double)(im))
#endif
enum { N = 5 };
typedef double _Complex complex_number;

static eg_array *matrix;

/* -- losses: real functions of a complex vector and a complex matrix, by all that has a rule ----------------------- */

static eg_val arithmetic(eg_val z, eg_val w)
{
    eg_val y = eg_div(eg_mul(z, eg_add(w, eg_complex(0.3, -2))), eg_sub(eg_conj(z), eg_complex(4, 1)));
    return eg_add(eg_sum(eg_abs(y)), eg_sum(eg_re(eg_exp(eg_mul(y, 0.2)))));
}
static eg_val angles(eg_val z, eg_val w) { return eg_sum(eg_mul(eg_angle(eg_mul(z, w)), eg_im(eg_square(w)))); }
static eg_val mixed(eg_val z, eg_val w)
{
    eg_val r = eg_re(w), y = eg_sub(eg_mul(r, z), eg_div(z, eg_add(2, eg_square(r))));
    return eg_sum(eg_square(eg_abs(eg_add(y, eg_div(1, w)))));
}
static eg_val product(eg_val z, eg_val w)
{
    eg_val y = eg_dot(eg_constant(matrix), z);
    return eg_re(eg_dot(y, eg_conj(w)));
}
static eg_val moved(eg_val z, eg_val w)
{
    eg_val y = eg_concat(0, eg_flip(z, 0), eg_roll(w, 2, 0)), s = eg_cumsum(y, 0);
    return eg_abs(eg_sum(eg_mul(s, eg_row(z, 1))));
}

static eg_val oscillate(void *user, eg_val x)
{
    (void)user;
    eg_val z = eg_item(x, 1), size = eg_abs(z);
    eg_val next = eg_mul(z, eg_sub(eg_complex(1.1, 0.3), eg_mul(0.1, eg_square(size))));
    return eg_tuple(eg, 2, (eg_val[]){next, next});
}
static eg_val over_time(eg_val z, eg_val w)
{
    eg_val y = eg_loop(eg, 7, oscillate, NULL, eg_mul(z, w), eg_nothing());
    return eg_sum(eg_mul(eg_re(eg_item(y, 1)), eg_im(eg_broadcast(eg_item(y, 0), 7, N))));
}
static eg_val turned(void *user, eg_val z)
{
    (void)user;
    return eg_mul(z, eg_complex(0, 2));
}
static eg_val chosen(eg_val z, eg_val w)
{
    eg_val y = eg_cond(eg_gt(eg_re(eg_row(z, 0)), 0), turned, NULL, NULL, eg_mul(z, w));
    return eg_sum(eg_where(eg_gt(eg_im(y), 0), eg_abs(y), eg_re(y)));
}

typedef eg_val (*loss)(eg_val z, eg_val w);
static const loss losses[] = {arithmetic, angles, mixed, product, moved, over_time, chosen};

static eg_val traced(void *user, eg_val x) { return (*(const loss *)user)(eg_item(x, 0), eg_item(x, 1)); }

static void make_matrix(void)
{
    complex_number m[N * N];
    for (int k = 0; k < N * N; k++) m[k] = CMPLX(number((uint64_t)(k), -1, 1), number((uint64_t)(100 + k), -1, 1));
    matrix = eg_array_new(eg, eg_matrix(EG_C128, N, N), m);
}

START_TEST(gradients_are_the_derivatives_by_real_and_imaginary_part)
{
    make_matrix();
    const eg_spec args[] = {eg_vector(EG_C128, N), eg_vector(EG_C128, N)};
    eg_func *f = eg_trace(eg, "loss", traced, (void *)(uintptr_t)&losses[_i], 2, args);
    fine();
    eg_func *df = eg_gradient(f, NULL);
    fine();
    ck_assert(eg_same_spec(eg_result_spec(df, 1), args[0]) && eg_same_spec(eg_result_spec(df, 2), args[1]));
    double x[2][2 * N], g[2][2][2 * N], y;
    for (int k = 0; k < 4 * N; k++) x[k / (2 * N)][k % (2 * N)] = number((uint64_t)(7 + k), -1, 1);
    for (int way = 0; way < 2; way++)
        eg_state_free(run_on_new(df, IN(x[0], x[1]), (void *[]){&y, g[way][0], g[way][1]}, way));
    test_check_f64("gradient", g[0][0], g[1][0], 4 * N);
    for (int k = 0; k < 4 * N; k++) {
        static const double at[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
        double *p = &x[k / (2 * N)][k % (2 * N)], before = *p, h = 2e-4, d = 0;
        for (int j = 0; j < 4; j++) {
            *p = before + at[j] * h;
            eg_state_free(run_on_new(f, IN(x[0], x[1]), (void *[]){&y}, true));
            d += weight[j] * y / (12 * h);
        }
        *p = before;
        const double got = g[0][k / (2 * N)][k % (2 * N)];
        ck_assert_msg(fabs(got - d) < 1e-8 * (1 + fabs(d)), "part %d: %.12g, not %.12g", k, got, d);
    }
}
END_TEST

/* -- pullbacks, tangents, variables ---------------------------------------------------------------------------------
 */

static eg_val squared(void *user, eg_val z)
{
    (void)user;
    return eg_mul(z, eg_add(z, eg_complex(1, 2)));
}

START_TEST(pullbacks_and_tangents_of_what_is_holomorphic_are_its_derivative)
{
    const eg_spec spec = eg_vector(EG_C128, N);
    eg_func *f = TRACE(squared, spec);
    eg_func *back = eg_gradient(f, &(eg_gradient_options){.pullback = true}), *jvp = eg_jvp(f, NULL);
    fine();
    ck_assert(eg_same_spec(eg_arg_spec(back, 1), spec) && eg_same_spec(eg_arg_spec(jvp, 1), spec));
    complex_number z[N], u[N], y[N], g[N], t[N];
    for (int k = 0; k < N; k++) {
        z[k] = CMPLX(number((uint64_t)(k), -1, 1), number((uint64_t)(k + 50), -1, 1));
        u[k] = CMPLX(number((uint64_t)(k + 20), -1, 1), number((uint64_t)(k + 70), -1, 1));
    }
    eg_state_free(run_on_new(back, IN(z, u), (void *[]){y, g}, false));
    eg_state_free(run_on_new(jvp, IN(z, u), (void *[]){y, t}, false));
    for (int k = 0; k < N; k++) {
        const complex_number d = 2 * z[k] + CMPLX(1, 2);
        ck_assert(cabs(g[k] - conj(d) * u[k]) < 1e-12); /* of Re(conj(u) f) by re and im */
        ck_assert(cabs(t[k] - d * u[k]) < 1e-12);
    }
}
END_TEST

static eg_var *weights;
static eg_val of_variable(void *user, eg_val x)
{
    (void)user;
    eg_val w = eg_get(weights);
    eg_set(weights, eg_mul(w, 2));
    return eg_sum(eg_square(eg_abs(eg_sub(w, x))));
}

START_TEST(variables_have_gradients_that_can_be_descended)
{
    weights = eg_variable(eg, "weights", eg_vector(EG_C128, N));
    eg_func *f = TRACE(of_variable, eg_vector(EG_C128, N));
    eg_func *df = eg_gradient(f, &(eg_gradient_options){.num_vars = 1, .vars = &weights});
    fine();
    ck_assert(eg_same_spec(eg_result_spec(df, 1), eg_vector(EG_C128, N)));
    complex_number w[N], x[N], g[N];
    double y;
    for (int k = 0; k < N; k++) w[k] = CMPLX(k, -k), x[k] = CMPLX(1, k);
    eg_init(weights, w, sizeof w);
    eg_state_free(run_on_new(df, IN(x), (void *[]){&y, g}, false));
    for (int k = 0; k < N; k++) ck_assert(cabs(g[k] - 2 * (w[k] - x[k])) < 1e-13);
}
END_TEST

static eg_val nothing_of_it(void *user, eg_val x)
{
    (void)user;
    return eg_sum(eg_item(x, 1));
}

START_TEST(what_is_not_reached_has_gradient_zero_and_complex_losses_are_errors)
{
    const eg_spec z = eg_vector(EG_C128, N);
    eg_func *df = eg_gradient(TRACE(nothing_of_it, z, eg_vector(EG_F64, N)), NULL);
    fine();
    complex_number x[N] = {1}, g[N];
    double r[N] = {0}, y, gr[N];
    eg_state_free(run_on_new(df, IN(x, r), (void *[]){&y, g, gr}, false));
    for (int k = 0; k < N; k++) ck_assert(g[k] == 0 && gr[k] == 1);
    eg_func *f = TRACE(nothing_of_it, eg_scalar(EG_F32), eg_scalar(EG_C64));
    ck_assert_ptr_null(eg_gradient(f, NULL));
    SAYS(EG_ERR_TYPE, "result 0 is c64, not a floating scalar", "eg_re, eg_im or eg_abs");
    eg_func *of_z = TRACE(squared, z);
    ck_assert_ptr_null(eg_jacobian(of_z, NULL));
    SAYS(EG_ERR_TYPE, "eg_jacobian", "is complex");
    ck_assert_ptr_null(eg_hessian(of_z, NULL));
    SAYS(EG_ERR_TYPE, "eg_hessian", "is complex");
    ck_assert_ptr_null(eg_vector_gradient(of_z, NULL));
    SAYS(EG_ERR_TYPE, "eg_vector_gradient", "is complex");
}
END_TEST

/* -- custom gradients -----------------------------------------------------------------------------------------------
 */

static eg_val forward(void *user, eg_val x)
{
    (void)user;
    return eg_mul(eg_item(x, 0), eg_item(x, 1));
}
static eg_val backward(void *user, eg_val v)
{
    (void)user;
    eg_val x = eg_item(v, 0), g = eg_item(v, 2);
    eg_val dz = eg_mul(g, eg_conj(eg_item(x, 1)));
    return eg_tuple(eg, 2, (eg_val[]){eg_mul(dz, 3), eg_re(eg_mul(g, eg_conj(eg_item(x, 0))))});
}
static eg_val with_rule(void *user, eg_val x)
{
    (void)user;
    return eg_sum(eg_re(eg_custom_gradient(eg, forward, backward, NULL, x)));
}

START_TEST(custom_gradients_take_and_give_complex_values)
{
    eg_func *df = eg_gradient(TRACE(with_rule, eg_vector(EG_C128, N), eg_vector(EG_F64, N)), NULL);
    fine();
    complex_number z[N], gz[N];
    double r[N], gr[N], y;
    for (int k = 0; k < N; k++) z[k] = CMPLX(k, 1 - k), r[k] = k + 0.5;
    eg_state_free(run_on_new(df, IN(z, r), (void *[]){&y, gz, gr}, false));
    for (int k = 0; k < N; k++) ck_assert(gz[k] == 3 * r[k] && gr[k] == creal(z[k]));
}
END_TEST

static int returned; /* by the one below */
static eg_val backward_wrong(void *user, eg_val v)
{
    (void)user;
    eg_val x = eg_item(v, 0), z = eg_item(x, 0), r = eg_item(x, 1);
    eg_val all[][2] = {{r, r}, {r, z}, {z, z}, {z, r}};
    return returned == 4 ? z : eg_tuple(eg, 2, all[returned]);
}
static eg_val with_wrong_rule(void *user, eg_val x)
{
    (void)user;
    return eg_sum(eg_re(eg_custom_gradient(eg, forward, backward_wrong, NULL, x)));
}

START_TEST(custom_gradients_are_complex_where_x_is)
{
    const char *const said[][2] = {{"part 0", "is real; it must be complex"},
                                   {"part 0", "is real; it must be complex"},
                                   {"part 1", "is complex; it must be real"},
                                   {NULL, NULL},
                                   {"returns 1 part(s); x has 2", "test_complex.c"}};
    const eg_spec args[] = {eg_vector(EG_C128, N), eg_vector(EG_F64, N)};
    for (returned = 0; returned < (int)LEN(said); returned++) {
        eg_func *f = eg_trace(eg, "with_wrong_rule", with_wrong_rule, NULL, 2, args);
        ck_assert(!f == !!said[returned][0]);
        if (said[returned][0]) SAYS(EG_ERR_TYPE, "eg_custom_gradient", said[returned][0], said[returned][1]);
    }
}
END_TEST

/* -- copies side by side ---------------------------------------------------------------------------------------------
 */

static eg_var *one_state, *all_states;
static eg_val stateful(void *user, eg_val x)
{
    (void)user;
    eg_val z = eg_item(x, 0), shared = eg_item(x, 1), s = eg_get(one_state);
    eg_set(one_state, eg_add(eg_mul(s, z), shared));
    eg_val y = eg_loop(eg, 3, oscillate, NULL, eg_mul(z, shared), eg_nothing());
    return eg_tuple(eg, 2, (eg_val[]){eg_item(y, 0), eg_dot(eg_constant(matrix), eg_div(z, s))});
}

START_TEST(copies_have_the_bits_of_calls)
{
    enum { B = 3 };
    make_matrix();
    one_state = eg_variable(eg, "one", eg_vector(EG_C128, N));
    all_states = eg_variable(eg, "all", eg_matrix(EG_C128, B, N));
    const eg_spec spec = eg_vector(EG_C128, N);
    eg_func *f = TRACE(stateful, spec, spec);
    const eg_vmap_variable map = {.one = one_state, .all = all_states};
    const int shared = 1;
    eg_func *g = eg_vmap(f, B, &(eg_vmap_options){.num_shared = 1, .shared = &shared, .num_vars = 1, .vars = &map});
    fine();
    ck_assert(eg_same_spec(eg_arg_spec(g, 0), eg_matrix(EG_C128, B, N)) && eg_same_spec(eg_arg_spec(g, 1), spec));
    ck_assert(eg_same_spec(eg_result_spec(g, 1), eg_matrix(EG_C128, B, N)));
    complex_number z[B][N], s[B][N], w[N], out[2][B][N], want[2][N];
    for (int k = 0; k < B * N; k++) {
        z[k / N][k % N] = CMPLX(number((uint64_t)(k), -1, 1), number((uint64_t)(k + 30), -1, 1));
        s[k / N][k % N] = CMPLX(number((uint64_t)(k + 60), -1, 1), number((uint64_t)(k + 90), -1, 1));
        w[k % N] = CMPLX(1, number((uint64_t)(k), -1, 1));
    }
    eg_init(all_states, s, sizeof s);
    for (int way = 0; way < 2; way++) {
        eg_state *a = run_on_new(g, IN(z, w), (void *[]){out[0], out[1]}, way);
        for (int b = 0; b < B; b++) {
            eg_init(one_state, s[b], sizeof s[b]);
            eg_state *one = run_on_new(f, IN(z[b], w), (void *[]){want[0], want[1]}, way);
            for (int k = 0; k < 2; k++) ck_assert_mem_eq(out[k][b], want[k], sizeof want[k]);
            ck_assert_mem_eq((complex_number *)eg_data(a, all_states) + b * N, eg_data(one, one_state), sizeof s[b]);
            eg_state_free(one);
        }
        eg_state_free(a);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("complex");
    TCase *t = tcase_create("complex");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, gradients_are_the_derivatives_by_real_and_imaginary_part, 0, (int)LEN(losses));
    tcase_add_test(t, pullbacks_and_tangents_of_what_is_holomorphic_are_its_derivative);
    tcase_add_test(t, variables_have_gradients_that_can_be_descended);
    tcase_add_test(t, what_is_not_reached_has_gradient_zero_and_complex_losses_are_errors);
    tcase_add_test(t, custom_gradients_take_and_give_complex_values);
    tcase_add_test(t, custom_gradients_are_complex_where_x_is);
    tcase_add_test(t, copies_have_the_bits_of_calls);
    suite_add_tcase(s, t);
    return test_run(s);
}
