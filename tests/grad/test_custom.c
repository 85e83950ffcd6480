/* Custom gradients, stopped ones, and what has none. */
#include "grad/grad.h"

#define FN(name) static eg_val name(void *user, eg_val x)
#define PAIR(a, b) eg_tuple(eg, 2, ((eg_val[]){a, b}))
enum { N = 4 };
static const eg_spec vec = {EG_F64, 1, {N}};
static double x0[N] = {-1.5, 0.25, 0.5, 2};

/* -- custom -------------------------------------------------------------------------------------------------------- */

FN(heaviside)
{
    (void)user;
    return eg_convert(eg_ge(x, 0), EG_F64);
}
/* x, y, g */
FN(bell)
{
    (void)user;
    return eg_mul(eg_item(x, 2), eg_exp(eg_neg(eg_square(eg_item(x, 0)))));
}
FN(spike)
{
    (void)user;
    return eg_custom_gradient(eg, heaviside, bell, NULL, x);
}
FN(spikes) { return eg_sum(eg_mul(spike(user, x), x)); }
FN(spike_step)
{
    (void)user;
    eg_val V = eg_add(eg_mul(eg_item(x, 1), 0.9), 0.4), s = spike(NULL, eg_sub(V, 1));
    return PAIR(eg_sub(V, s), s);
}
FN(spike_loop) { return eg_sum(eg_item(eg_loop(eg, 6, spike_step, user, x, eg_nothing()), 1)); }

static void gradient(eg_fn fn, double *y, double *g)
{
    eg_func *df = eg_gradient(eg_trace(eg, "f", fn, NULL, 1, &vec), NULL);
    fine();
    double other[2][N];
    double *value = &other[1][0];
    run_at(df, &(point){1, {vec}, {x0}}, (void *[]){y, g}, 1, false);
    run_at(df, &(point){1, {vec}, {x0}}, (void *[]){value, other[0]}, 1, true);
    ck_assert_mem_eq(g, other[0], sizeof other[0]);
    ck_assert_double_eq(*y, *value);
}

START_TEST(the_gradient_is_what_backward_says)
{
    double y, g[N];
    gradient(spikes, &y, g);
    ck_assert_double_eq(y, 2.75);
    for (int k = 0; k < N; k++) ck_assert_double_eq_tol(g[k], (x0[k] >= 0) + x0[k] * exp(-x0[k] * x0[k]), 1e-14);
}
END_TEST

START_TEST(a_surrogate_carries_gradients_through_time)
{
    double y, g[N], V, dV, want;
    gradient(spike_loop, &y, g);
    for (int k = 0; k < N; k++) {
        V = x0[k], dV = 1, want = 0;
        for (int t = 0; t < 6; t++) {
            double u = 0.9 * V + 0.4, du = 0.9 * dV, ds = exp(-(u - 1) * (u - 1)) * du;
            V = u - (u >= 1);
            dV = du - ds;
            want += ds;
        }
        ck_assert_double_eq_tol(g[k], want, 1e-13);
    }
}
END_TEST

START_TEST(a_surrogate_is_differentiable_again) /* d/dx of sum(w bell(x)) */
{
    subject s = {spike, NULL, 0};
    first_gradient = eg_gradient(eg_trace(eg, "spike", subject_fn, &s, 1, &vec), NULL);
    fine();
    check_gradient("second", of_gradient, NULL, 1, &vec, -1, 1);
}
END_TEST

START_TEST(without_a_gradient_it_is_the_same_code)
{
    eg_func *f = eg_trace(eg, "spike", spike, NULL, 1, &vec), *h = eg_trace(eg, "h", heaviside, NULL, 1, &vec);
    fine();
    ck_assert_int_eq(count_of(eg_text(f), "= custom"), 0);
    ck_assert_int_eq(eg_compile(f), EG_OK);
    int64_t compiles = eg_get_stats(eg).compiles;
    ck_assert_int_eq(eg_compile(h), EG_OK);
    ck_assert_int_eq(eg_get_stats(eg).compiles, compiles);
}
END_TEST

/* Two inputs, one of them integers, two outputs of two shapes. */
FN(two_forward)
{
    (void)user;
    return PAIR(eg_mul(eg_item(x, 0), eg_item(x, 1)), eg_sum(eg_item(x, 0)));
}
FN(two_backward)
{
    (void)user;
    eg_val in = eg_item(x, 0), g = eg_item(x, 2);
    return eg_tuple(
        eg, 3, ((eg_val[]){eg_mul(10, eg_mul(eg_item(g, 0), eg_item(in, 1))), eg_mul(eg_item(g, 1), 7), eg_real(0)}));
}
FN(two)
{
    (void)user;
    eg_val in = eg_tuple(eg, 3, ((eg_val[]){x, eg_exp(x), eg_full(eg, eg_scalar(EG_I32), 2)}));
    eg_val y = eg_custom_gradient(eg, two_forward, two_backward, NULL, in);
    return eg_add(eg_sum(eg_item(y, 0)), eg_mul(3, eg_item(y, 1)));
}

START_TEST(several_inputs_and_outputs_meet_in_one_rule)
{
    double y, g[N];
    gradient(two, &y, g);
    for (int k = 0; k < N; k++) ck_assert_double_eq_tol(g[k], 10 * exp(x0[k]) + 21 * exp(x0[k]), 1e-12);
}
END_TEST

static int triple(void *user, const void *const *in, void *const *out)
{
    (void)user;
    for (int k = 0; k < N; k++) ((double *)out[0])[k] = 3 * ((const double *)in[0])[k];
    return 0;
}
FN(host_triple)
{
    (void)user;
    return eg_host(eg, "triple", triple, NULL, 1, &x, 1, &vec);
}
FN(host_backward) { return host_triple(user, eg_item(x, 2)); }
FN(hosted) { return eg_sum(eg_square(eg_custom_gradient(eg, host_triple, host_backward, user, x))); }

START_TEST(host_functions_get_a_gradient_of_host_functions)
{
    double y, g[N];
    gradient(hosted, &y, g);
    for (int k = 0; k < N; k++) ck_assert_double_eq(g[k], 18 * x0[k]);
}
END_TEST

FN(stopped)
{
    (void)user;
    eg_val both = eg_stop_gradient(PAIR(eg_exp(x), x));
    return eg_sum(eg_mul(eg_mul(x, eg_item(both, 0)), eg_item(both, 1)));
}

START_TEST(no_gradient_passes_where_it_is_stopped)
{
    double y, g[N];
    gradient(stopped, &y, g);
    for (int k = 0; k < N; k++) ck_assert_double_eq_tol(g[k], exp(x0[k]) * x0[k], 1e-14);
}
END_TEST

static eg_func *inner;
FN(applies) { return (void)user, eg_mul(eg_apply(inner, x), 2); }

START_TEST(it_stays_when_the_function_is_applied)
{
    double y[2], g[2][N];
    gradient(spikes, &y[0], g[0]);
    inner = eg_trace(eg, "spikes", spikes, NULL, 1, &vec);
    gradient(applies, &y[1], g[1]);
    for (int k = 0; k < N; k++) ck_assert_double_eq(g[1][k], 2 * g[0][k]);
}
END_TEST

START_TEST(a_pullback_takes_the_gradient_of_the_result)
{
    eg_func *f = eg_trace(eg, "spike", spike, NULL, 1, &vec);
    eg_func *df = eg_gradient(f, &(eg_gradient_options){.pullback = true});
    fine();
    ck_assert_int_eq(eg_num_args(df), 2);
    double d[N] = {1, 2, 3, 4}, y[N], g[N];
    const void *in[] = {x0, d};
    void *out[] = {y, g};
    ck_assert_int_eq(eg_call(df, NULL, in, out, NULL), EG_OK);
    for (int k = 0; k < N; k++) ck_assert_double_eq_tol(g[k], d[k] * exp(-x0[k] * x0[k]), 1e-14);
}
END_TEST

/* -- errors -------------------------------------------------------------------------------------------------------- */

static eg_var *V;
FN(uses_variable)
{
    (void)user;
    return eg_mul(eg_item(x, 2), eg_get(V));
}
FN(wrong_parts) { return (void)user, PAIR(eg_item(x, 2), eg_item(x, 2)); }
FN(wrong_shape) { return (void)user, eg_slice(eg_item(x, 2), 0, 0, 2, 1); }
static eg_val from_outside;
FN(uses_outside) { return (void)user, eg_mul(eg_item(x, 2), from_outside); }
static eg_fn rule;
FN(with_rule)
{
    from_outside = eg_exp(x);
    return eg_custom_gradient(eg, heaviside, rule, user, x);
}

START_TEST(wrong_rules_are_errors_when_they_are_traced)
{
    V = eg_variable(eg, "V", vec);
    rule = uses_variable;
    ck_assert_ptr_null(eg_trace(eg, "f", with_rule, NULL, 1, &vec));
    SAYS(EG_ERR_STATE, "eg_custom_gradient", "'V'", "test_custom.c");
    rule = wrong_parts;
    ck_assert_ptr_null(eg_trace(eg, "f", with_rule, NULL, 1, &vec));
    SAYS(EG_ERR_TYPE, "backward returns 2 part(s); x has 1", "test_custom.c");
    rule = wrong_shape;
    ck_assert_ptr_null(eg_trace(eg, "f", with_rule, NULL, 1, &vec));
    SAYS(EG_ERR_SHAPE, "part 0 of x is f64[2]; it must be f64[4]", "test_custom.c");
    rule = uses_outside;
    ck_assert_ptr_null(eg_trace(eg, "f", with_rule, NULL, 1, &vec));
    ck_assert_int_ne(eg_error(eg), EG_OK);
    eg_clear_error(eg);
    rule = NULL;
    ck_assert_ptr_null(eg_trace(eg, "f", with_rule, NULL, 1, &vec));
    SAYS(EG_ERR_ARGUMENT, "backward is NULL");
    eg_custom_gradient(eg, heaviside, bell, NULL, 1.0);
    SAYS(EG_ERR_STATE, "eg_custom_gradient");
    ck_assert_ptr_null(eg_stop_gradient(eg_nothing()).of);
}
END_TEST

FN(more) { return (void)user, eg_gt(eg_sum(x), 1.0); }
FN(halve) { return (void)user, eg_mul(x, 0.5); }
FN(whiles) { return eg_sum(eg_while(eg, more, halve, user, x)); }
FN(hosts) { return eg_sum(host_triple(user, x)); }
FN(plus_step) { return (void)user, PAIR(eg_mul(eg_item(x, 1), 2.0), eg_nothing()); }
FN(loops)
{
    eg_val n = eg_convert(eg_sum(x), EG_I64);
    return eg_sum(eg_item(eg_loop(eg, n, plus_step, user, x, eg_nothing()), 0));
}
/* None of these is on a path to the result. */
FN(beside)
{
    return eg_add(eg_sum(x), eg_stop_gradient(eg_add(whiles(user, x), eg_add(hosts(user, x), loops(user, x)))));
}

START_TEST(what_has_no_gradient_says_so_by_name)
{
    ck_assert_ptr_null(eg_gradient(eg_trace(eg, "f", whiles, NULL, 1, &vec), NULL));
    SAYS(EG_ERR_TYPE, "eg_gradient: while", "eg_loop", "test_custom.c");
    ck_assert_ptr_null(eg_gradient(eg_trace(eg, "f", hosts, NULL, 1, &vec), NULL));
    SAYS(EG_ERR_TYPE, "host function 'triple'", "eg_custom_gradient", "test_custom.c");
    ck_assert_ptr_null(eg_gradient(eg_trace(eg, "f", loops, NULL, 1, &vec), NULL));
    SAYS(EG_ERR_TYPE, "eg_gradient: loop", "plain number", "test_custom.c");
    double y, g[N];
    gradient(beside, &y, g);
    for (int k = 0; k < N; k++) ck_assert_double_eq(g[k], 1);
}
END_TEST

FN(mixed) { return (void)user, PAIR(eg_sum(eg_item(x, 0)), eg_item(x, 1)); }

START_TEST(wrong_choices_are_errors)
{
    eg_func *f = eg_trace(eg, "mixed", mixed, NULL, 2, ((eg_spec[]){vec, {EG_I32, 0, {0}}}));
    eg_func *v = eg_trace(eg, "vector", spike, NULL, 1, &vec);
    fine();
    eg_var *missing = NULL;
    int first = 0, second = 1, third = 2;
#define WITH(...) ck_assert_ptr_null((eg_gradient)(f, &(eg_gradient_options){__VA_ARGS__}, "test_custom.c", 1))
    WITH(.result = 2);
    SAYS(EG_ERR_ARGUMENT, "'mixed'", "no result 2");
    WITH(.result = 1);
    SAYS(EG_ERR_TYPE, "result 1 is i32", "convert it");
    WITH(.num_args = 1, .args = &third);
    SAYS(EG_ERR_ARGUMENT, "no argument 2");
    WITH(.num_args = 1, .args = &second);
    SAYS(EG_ERR_TYPE, "argument 1 is i32");
    WITH(.num_args = 1);
    SAYS(EG_ERR_ARGUMENT, "arguments is missing");
    WITH(.num_vars = 1);
    SAYS(EG_ERR_ARGUMENT, "variables is missing");
    WITH(.num_args = -1, .args = &first);
    SAYS(EG_ERR_ARGUMENT, "missing");
    WITH(.num_vars = 1, .vars = &missing);
    SAYS(EG_ERR_ARGUMENT, "NULL");
    eg_context *other = eg_open(NULL);
    eg_var *foreign = eg_variable(other, "V", vec), *whole = eg_variable(eg, "n", eg_scalar(EG_I32));
    WITH(.num_vars = 1, .vars = &foreign);
    SAYS(EG_ERR_ARGUMENT, "another context");
    eg_close(other);
    WITH(.num_vars = 1, .vars = &whole);
    SAYS(EG_ERR_TYPE, "'n' is i32");
    WITH(.policy = EG_CHECKPOINT_EVERY);
    SAYS(EG_ERR_ARGUMENT, "at least 1");
    WITH(.policy = (eg_checkpoint)17);
    SAYS(EG_ERR_ARGUMENT, "policy");
    ck_assert_ptr_null(eg_gradient(v, NULL));
    SAYS(EG_ERR_SHAPE, "f64[4]", "eg_sum");
    ck_assert_ptr_null(eg_gradient(NULL, NULL));
    fine();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("custom");
    TCase *t = tcase_create("custom");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, the_gradient_is_what_backward_says);
    tcase_add_test(t, a_surrogate_carries_gradients_through_time);
    tcase_add_test(t, a_surrogate_is_differentiable_again);
    tcase_add_test(t, without_a_gradient_it_is_the_same_code);
    tcase_add_test(t, several_inputs_and_outputs_meet_in_one_rule);
    tcase_add_test(t, host_functions_get_a_gradient_of_host_functions);
    tcase_add_test(t, no_gradient_passes_where_it_is_stopped);
    tcase_add_test(t, it_stays_when_the_function_is_applied);
    tcase_add_test(t, a_pullback_takes_the_gradient_of_the_result);
    tcase_add_test(t, wrong_rules_are_errors_when_they_are_traced);
    tcase_add_test(t, what_has_no_gradient_says_so_by_name);
    tcase_add_test(t, wrong_choices_are_errors);
    suite_add_tcase(s, t);
    return test_run(s);
}
