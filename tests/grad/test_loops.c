/* Gradients through loops, conds, delays, draws, variables and functions that are called. */
#include "grad/grad.h"

#define FN(name) static eg_val name(void *user, eg_val x)
#define PAIR(a, b) eg_tuple(eg, 2, ((eg_val[]){a, b}))
enum { T = 50, N = 4 };
static const eg_spec vec = {EG_F64, 1, {N}}, mat = {EG_F64, 2, {N, N}}, seq = {EG_F64, 2, {T, N}};

/* -- loops --------------------------------------------------------------------------------------------------------- */

/* x: V, input, weight; a smooth surrogate of a spike resets V and comes back through the weights. */
FN(lif_step)
{
    eg_val w = *(eg_val *)user, V = eg_item(eg_item(x, 1), 0), s = eg_item(eg_item(x, 1), 1), I = eg_item(x, 2);
    eg_val V_new = eg_add(eg_mul(V, 0.9), eg_add(I, eg_dot(w, s)));
    eg_val spike = eg_sigmoid(eg_mul(4, eg_sub(V_new, 1)));
    return PAIR(PAIR(eg_mul(V_new, eg_sub(1, spike)), spike), spike);
}

FN(lif)
{
    (void)user;
    eg_val w = eg_item(x, 1), V = eg_item(x, 2);
    eg_val out = eg_loop(eg, T, lif_step, &w, PAIR(V, eg_mul(V, 0)), eg_item(x, 0));
    return PAIR(eg_item(eg_item(out, 0), 0), eg_item(out, 1));
}

START_TEST(a_smooth_lif_network_over_fifty_steps)
{
    check_gradient("lif", lif, NULL, 3, (eg_spec[]){seq, mat, vec}, -0.2, 0.5);
}
END_TEST

FN(rnn_step)
{
    const eg_val *w = user;
    eg_val h = eg_tanh(eg_add(eg_dot(w[0], eg_item(x, 1)), eg_dot(eg_item(x, 2), w[1])));
    return PAIR(h, eg_sum(eg_mul(h, eg_item(x, 2))));
}

FN(rnn)
{
    (void)user;
    eg_val w[] = {eg_item(x, 1), eg_item(x, 2)};
    eg_val out = eg_loop(eg, 6, rnn_step, w, eg_item(x, 3), eg_slice(eg_item(x, 0), 0, 0, 6, 1));
    return PAIR(eg_item(out, 0), eg_item(out, 1));
}

START_TEST(a_recurrent_network)
{
    check_gradient("rnn", rnn, NULL, 4, (eg_spec[]){{EG_F64, 2, {6, N}}, mat, mat, vec}, -0.5, 0.5);
}
END_TEST

START_TEST(the_gradient_of_a_recurrent_networks_gradient)
{
    check_second("rnn", rnn, NULL, 4, (eg_spec[]){{EG_F64, 2, {6, N}}, mat, mat, vec}, -0.5, 0.5);
}
END_TEST

/* A step uses its number, a scalar, and a row of an array from outside. */
FN(counted_step)
{
    eg_val table = *(eg_val *)user, i = eg_item(x, 0), c = eg_item(x, 1);
    eg_val row = eg_row(table, eg_mod(eg_mul(i, 3), 5));
    return PAIR(eg_add(eg_mul(c, row), eg_mul(eg_sin(c), eg_convert(i, EG_F64))), eg_nothing());
}

FN(counted)
{
    (void)user;
    eg_val table = eg_item(x, 0);
    return eg_item(eg_loop(eg, 7, counted_step, &table, eg_item(x, 1), eg_nothing()), 0);
}

START_TEST(steps_that_read_rows_by_number_from_outside)
{
    check_gradient("counted", counted, NULL, 2, (eg_spec[]){{EG_F64, 2, {5, 3}}, eg_vector(EG_F64, 3)}, -0.6, 0.6);
    check_second("counted", counted, NULL, 2, (eg_spec[]){{EG_F64, 2, {5, 3}}, eg_vector(EG_F64, 3)}, -0.6, 0.6);
}
END_TEST

FN(inner_step)
{
    const eg_val *w = user;
    return PAIR(eg_add(eg_item(x, 1), eg_mul(eg_sin(eg_mul(eg_item(x, 1), w[1])), eg_add(w[0], eg_item(x, 2)))),
                eg_square(eg_item(x, 1)));
}

FN(outer_step)
{
    eg_val w[] = {eg_item(x, 2), *(eg_val *)user};
    eg_val out = eg_loop(eg, 3, inner_step, w, eg_item(x, 1), eg_stack(0, w[0], eg_cos(w[0]), w[1]));
    return PAIR(eg_item(out, 0), eg_sum(eg_item(out, 1)));
}

FN(nested)
{
    (void)user;
    eg_val w = eg_item(x, 0);
    eg_val out = eg_loop(eg, 5, outer_step, &w, eg_item(x, 1), eg_item(x, 2));
    return PAIR(eg_item(out, 0), eg_item(out, 1));
}

START_TEST(loops_in_loops)
{
    const eg_spec v3 = eg_vector(EG_F64, 3);
    check_gradient("nested", nested, NULL, 3, (eg_spec[]){v3, v3, {EG_F64, 2, {5, 3}}}, -0.7, 0.7);
    check_second("nested", nested, NULL, 3, (eg_spec[]){v3, v3, {EG_F64, 2, {5, 3}}}, -0.7, 0.7);
}
END_TEST

FN(empty)
{
    (void)user;
    eg_val w = eg_item(x, 0);
    return eg_item(eg_loop(eg, (int)0, counted_step, &w, eg_item(x, 1), eg_nothing()), 0);
}
FN(once)
{
    (void)user;
    eg_val w = eg_item(x, 0);
    return eg_item(eg_loop(eg, 1, counted_step, &w, eg_item(x, 1), eg_nothing()), 0);
}

START_TEST(loops_of_no_and_of_one_step)
{
    const eg_spec s[] = {{EG_F64, 2, {5, 3}}, eg_vector(EG_F64, 3)};
    check_gradient("empty", empty, NULL, 2, s, -0.6, 0.6);
    check_gradient("once", once, NULL, 2, s, -0.6, 0.6);
}
END_TEST

FN(high_step)
{
    (void)user;
    return PAIR(eg_sin(eg_item(x, 1)), eg_nothing());
}

FN(high)
{
    eg_val y = eg_reshape(x, 1, 2, 1, 2, 1, 2);
    return eg_reshape(eg_item(eg_loop(eg, 3, high_step, user, y, eg_nothing()), 0), 8);
}

START_TEST(carried_values_of_the_highest_rank)
{
    check_gradient("high", high, NULL, 1, &eg_vector(EG_F64, 8), -0.6, 0.6);
}
END_TEST

/* -- conds --------------------------------------------------------------------------------------------------------- */

FN(yes_arm)
{
    const eg_val *w = user;
    return eg_mul(eg_exp(x), w[0]);
}
FN(no_arm)
{
    const eg_val *w = user;
    return eg_add(eg_mul(x, x), eg_dot(w[1], w[0]));
}
FN(cond_step)
{
    const eg_val *w = user;
    eg_val even = eg_eq(eg_mod(eg_item(x, 0), 2), 0);
    return PAIR(eg_sin(eg_cond(even, yes_arm, no_arm, (void *)w, eg_item(x, 1))), eg_nothing());
}
FN(conds)
{
    (void)user;
    eg_val w[] = {eg_item(x, 0), eg_item(x, 1)};
    eg_val c = eg_cond(eg_gt(eg_sum(w[0]), 100), no_arm, yes_arm, w, eg_item(x, 2));
    return eg_item(eg_loop(eg, 4, cond_step, w, c, eg_nothing()), 0);
}

START_TEST(conds_inside_and_outside_of_loops)
{
    check_gradient("conds", conds, NULL, 3, (eg_spec[]){vec, mat, vec}, -0.6, 0.6);
    check_second("conds", conds, NULL, 3, (eg_spec[]){vec, mat, vec}, -0.6, 0.6);
}
END_TEST

/* A loop in an arm, and a cond in that. */
FN(arm_of_loop) { return eg_item(eg_loop(eg, 3, cond_step, user, x, eg_nothing()), 0); }
FN(loop_in_arm)
{
    (void)user;
    eg_val w[] = {eg_item(x, 0), eg_item(x, 1)};
    return eg_cond(eg_lt(eg_sum(w[0]), 100), arm_of_loop, NULL, w, eg_item(x, 2));
}

START_TEST(loops_in_arms)
{
    check_gradient("loop in arm", loop_in_arm, NULL, 3, (eg_spec[]){vec, mat, vec}, -0.6, 0.6);
    check_second("loop in arm", loop_in_arm, NULL, 3, (eg_spec[]){vec, mat, vec}, -0.6, 0.6);
}
END_TEST

/* -- delays, draws, host functions, variables ---------------------------------------------------------------------- */

static eg_delay *line;
FN(delay_step)
{
    eg_val lags = *(eg_val *)user;
    eg_val late = eg_add(eg_delay_read(line, 2), eg_delay_read(line, lags));
    eg_val V = eg_tanh(eg_add(eg_item(x, 2), eg_mul(eg_item(x, 1), late)));
    eg_delay_push(line, V);
    return PAIR(V, V);
}
FN(delayed)
{
    (void)user;
    static const int32_t steps[N] = {0, 3, 1, 2};
    eg_val lags = eg_constant(eg_array_new(eg, eg_vector(EG_I32, N), steps));
    eg_val out = eg_loop(eg, 9, delay_step, &lags, eg_item(x, 0), eg_item(x, 1));
    return PAIR(eg_item(out, 0), eg_item(out, 1));
}

START_TEST(delay_lines)
{
    line = eg_delay_new(eg, "line", vec, 3);
    check_gradient("delay", delayed, NULL, 2, (eg_spec[]){vec, {EG_F64, 2, {9, N}}}, -0.6, 0.6);
}
END_TEST

FN(noise)
{
    (void)user;
    return eg_mul(x, eg_normal(eg, vec, 0.0, 1.0));
}
FN(noisy_inner)
{
    eg_val c = eg_cond(eg_lt(eg_item(x, 0), 1), noise, NULL, user, eg_item(x, 1));
    return PAIR(eg_sin(eg_add(c, eg_normal(eg, vec, 0.0, 0.5))), eg_nothing());
}
FN(noisy_step)
{
    eg_val drawn = eg_mul(eg_item(x, 1), eg_uniform(eg, vec, 0.5, 1.5));
    return PAIR(eg_item(eg_loop(eg, 3, noisy_inner, user, drawn, eg_nothing()), 0), eg_nothing());
}
FN(noisy) { return noise(user, eg_item(eg_loop(eg, 4, noisy_step, user, noise(user, x), eg_nothing()), 0)); }

START_TEST(random_draws_are_those_of_the_forward_pass)
{
    check_gradient("noisy", noisy, NULL, 1, &vec, -0.6, 0.6);
    check_second("noisy", noisy, NULL, 1, &vec, -0.6, 0.6);
}
END_TEST

static int calls;
static int host_fn(void *user, const void *const *in, void *const *out)
{
    (void)user;
    calls++;
    for (int k = 0; k < N; k++) ((double *)out[0])[k] = 0.5 + 0.1 * (double)*(const int64_t *)in[0] + 0.1 * k;
    return 0;
}
FN(hosted_step)
{
    (void)user;
    eg_val i = eg_item(x, 0), y = eg_host(eg, "gain", host_fn, NULL, 1, &i, 1, &vec);
    return PAIR(eg_sin(eg_mul(eg_item(x, 1), y)), eg_nothing());
}
FN(hosted) { return eg_sum(eg_item(eg_loop(eg, 5, hosted_step, user, x, eg_nothing()), 0)); }

START_TEST(host_functions_are_called_once_a_step)
{
    check_gradient("hosted", hosted, NULL, 1, &vec, -0.6, 0.6);
    double x[N] = {0}, y, g[N];
    eg_func *df = eg_gradient(eg_trace(eg, "hosted", hosted, NULL, 1, &vec), NULL);
    fine();
    calls = 0;
    run_at(df, &(point){1, {vec}, {x}}, (void *[]){&y, g}, 1, false);
    ck_assert_int_eq(calls, 5);
}
END_TEST

static eg_var *W, *count;
FN(with_variables)
{
    (void)user;
    eg_set(W, eg_mul(eg_get(W), x));
    eg_set(count, eg_add(eg_get(count), 1));
    return PAIR(eg_sum(eg_square(eg_get(W))), eg_get(count));
}

START_TEST(variables_are_written_and_have_gradients_of_their_first_value)
{
    W = eg_variable(eg, "W", vec);
    count = eg_variable(eg, "count", eg_scalar(EG_I32));
    eg_var *unused = eg_variable(eg, "unused", eg_vector(EG_F64, 2));
    eg_fill(W, 3);
    eg_func *f = eg_trace(eg, "variables", with_variables, NULL, 1, &vec);
    eg_var *const wrt[] = {unused, W};
    const eg_gradient_options o = {.num_vars = 2, .vars = wrt};
    eg_func *df = eg_gradient(f, &o);
    fine();
    double x[N] = {1, 2, 3, 4}, y, none[2] = {7, 7}, g[N], now[N];
    int32_t n;
    const void *in[] = {x};
    ck_assert_int_eq(eg_call(df, NULL, in, (void *[]){&y, &n, none, g}, NULL), EG_OK);
    ck_assert_double_eq(y, 9 * (1 + 4 + 9 + 16));
    ck_assert_int_eq(n, 1);
    eg_read(W, now, sizeof now);
    for (int k = 0; k < N; k++) {
        ck_assert_double_eq(g[k], 2 * 3 * x[k] * x[k]);
        ck_assert_double_eq(now[k], 3 * x[k]);
    }
    ck_assert_double_eq(none[0], 0);
    ck_assert_double_eq(none[1], 0);
}
END_TEST

FN(var_step)
{
    eg_set(W, eg_tanh(eg_add(eg_mul(eg_get(W), *(eg_val *)user), eg_item(x, 2))));
    return PAIR(eg_nothing(), eg_sum(eg_get(W)));
}
FN(var_loop)
{
    (void)user;
    eg_val a = eg_item(x, 0);
    eg_val out = eg_loop(eg, 6, var_step, &a, eg_nothing(), eg_item(x, 1));
    return PAIR(eg_item(out, 1), eg_get(W));
}

START_TEST(variables_that_loops_carry)
{
    W = eg_variable(eg, "W", vec);
    eg_init_fill(W, 0.3);
    check_gradient("var loop", var_loop, NULL, 2, (eg_spec[]){vec, {EG_F64, 2, {6, N}}}, -0.6, 0.6);
}
END_TEST

static eg_func *called;
FN(calls_gradient)
{
    (void)user;
    eg_val y = eg_apply(called, x);
    return eg_sub(x, eg_mul(0.1, eg_item(y, 1)));
}
FN(descent_step) { return PAIR(calls_gradient(user, eg_item(x, 1)), eg_nothing()); }
FN(descent) { return eg_item(eg_loop(eg, 4, descent_step, user, x, eg_nothing()), 0); }
FN(valley)
{
    (void)user;
    return eg_sum(eg_add(eg_square(eg_square(x)), eg_sin(x)));
}

START_TEST(through_steps_of_gradient_descent)
{
    called = eg_gradient(eg_trace(eg, "valley", valley, NULL, 1, &vec), NULL);
    fine();
    check_gradient("descent", descent, NULL, 1, &vec, -0.6, 0.6);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("loops");
    TCase *t = tcase_create("loops");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 280);
    tcase_add_test(t, a_smooth_lif_network_over_fifty_steps);
    tcase_add_test(t, a_recurrent_network);
    tcase_add_test(t, the_gradient_of_a_recurrent_networks_gradient);
    tcase_add_test(t, steps_that_read_rows_by_number_from_outside);
    tcase_add_test(t, loops_in_loops);
    tcase_add_test(t, loops_of_no_and_of_one_step);
    tcase_add_test(t, carried_values_of_the_highest_rank);
    tcase_add_test(t, conds_inside_and_outside_of_loops);
    tcase_add_test(t, loops_in_arms);
    tcase_add_test(t, delay_lines);
    tcase_add_test(t, random_draws_are_those_of_the_forward_pass);
    tcase_add_test(t, host_functions_are_called_once_a_step);
    tcase_add_test(t, variables_are_written_and_have_gradients_of_their_first_value);
    tcase_add_test(t, variables_that_loops_carry);
    tcase_add_test(t, through_steps_of_gradient_descent);
    suite_add_tcase(s, t);
    return test_run(s);
}
