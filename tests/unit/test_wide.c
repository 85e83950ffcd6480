/* Functions of very many values of one shape, which share a loop until it would take too many arguments: compiled code
 * gives what the interpreter gives. */
#include "session.h"

enum { N = 150, MOST = 1100, STEPS = 3 };
static eg_var *v[MOST];
static int num;

static void variables(int n)
{
    char name[16];
    float x[N];
    num = n;
    for (int k = 0; k < n; k++) {
        snprintf(name, sizeof name, "v%d", k);
        v[k] = eg_variable(eg, name, eg_vector(EG_F32, N));
        for (int i = 0; i < N; i++) x[i] = (float)((k * 31 + i * 7) % 101) / 64 - 0.5F;
        eg_init(v[k], x, sizeof x);
    }
    fine();
}

static void agrees(eg_fn fn)
{
    eg_func *f = TRACE(fn);
    eg_state *want = run_on_new(f, NULL, NULL, true);
    for (int threads = 1; threads <= 3; threads++) {
        eg_state *got = eg_state_new(eg);
        eg_status status = eg_call(f, got, NULL, NULL, &(eg_run_options){.threads = threads});
        ck_assert_msg(status == EG_OK, "%s%s", eg_run_message(got), eg_message(eg));
        for (int k = 0; k < num; k++)
            ck_assert_msg(!memcmp(eg_data(want, v[k]), eg_data(got, v[k]), N * sizeof(float)), "%d threads: v%d",
                          threads, k);
        eg_state_free(got);
    }
}

static eg_val no_step(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return eg_nothing();
}

/* Body `user` in a loop of some steps. */
static eg_val looped(eg_fn body) { return eg_loop(eg, STEPS, body, NULL, eg_nothing(), eg_nothing()), eg_nothing(); }

/* -- one value of many ------------------------------------------------------------------------------------------- */

static eg_val adds_all(void *user, eg_val x)
{
    eg_val sum = eg_get(v[0]);
    for (int k = 1; k < num; k++) sum = eg_add(eg_mul(sum, 0.75), eg_get(v[k]));
    eg_set(v[0], sum);
    return no_step(user, x);
}

START_TEST(a_sum_of_more_arrays_than_a_loop_takes)
{
    variables(MOST);
    agrees(adds_all);
}
END_TEST

static eg_val adds_tree(void *user, eg_val x)
{
    eg_val t[MOST];
    for (int k = 0; k < num; k++) t[k] = eg_mul(eg_get(v[k]), eg_get(v[(k * 7 + 3) % num]));
    for (int n = num; n > 1; n = (n + 1) / 2) {
        for (int k = 0; k < n / 2; k++) t[k] = eg_add(t[2 * k], eg_sin(t[2 * k + 1]));
        if (n % 2) t[n / 2] = t[n - 1];
    }
    eg_set(v[1], t[0]);
    return no_step(user, x);
}

START_TEST(a_tree_over_more_arrays_than_a_loop_takes)
{
    variables(MOST);
    agrees(adds_tree);
}
END_TEST

/* -- many values ------------------------------------------------------------------------------------------------- */

static eg_val all_move(void *user, eg_val x)
{
    for (int k = 0; k + 1 < num; k += 2) {
        eg_val a = eg_get(v[k]), b = eg_get(v[k + 1]);
        eg_set(v[k], eg_add(eg_mul(a, 0.5), b));
        eg_set(v[k + 1], eg_sub(a, eg_mul(b, 0.25)));
    }
    return no_step(user, x);
}
static eg_val all_move_in_steps(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return looped(all_move);
}

START_TEST(more_states_than_a_loop_takes)
{
    variables(MOST);
    agrees(all_move);
    agrees(all_move_in_steps);
}
END_TEST

static eg_val neighbours(void *user, eg_val x)
{
    eg_val old[MOST];
    for (int k = 0; k < num; k++) old[k] = eg_get(v[k]);
    for (int k = 0; k < num; k++) eg_set(v[k], eg_add(eg_mul(old[k], 0.5), old[(k + 1) % num]));
    return no_step(user, x);
}
static eg_val neighbours_in_steps(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return looped(neighbours);
}

START_TEST(more_states_each_of_which_reads_the_next)
{
    variables(MOST);
    agrees(neighbours);
    agrees(neighbours_in_steps);
}
END_TEST

static eg_val rotates(void *user, eg_val x)
{
    eg_val first = eg_get(v[0]);
    for (int k = 0; k + 1 < num; k++) eg_set(v[k], eg_get(v[k + 1]));
    eg_set(v[num - 1], first);
    return no_step(user, x);
}
static eg_val rotates_in_steps(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return looped(rotates);
}
static eg_val rotates_before_steps(void *user, eg_val x)
{
    rotates(user, x);
    return looped(all_move);
}

START_TEST(more_states_that_change_places)
{
    variables(MOST);
    agrees(rotates);
    agrees(rotates_in_steps);
    agrees(rotates_before_steps);
}
END_TEST

/* Each is computed from both, in place, and one of them is given again and again. */
static eg_val gives_one_often(void *user, eg_val x)
{
    eg_val out[MOST];
    all_move(user, x);
    for (int k = 0; k < MOST; k++) out[k] = eg_get(v[1]);
    return eg_tuple(eg, MOST, out);
}

START_TEST(one_value_as_more_results_than_a_loop_takes)
{
    static float out[MOST][N];
    void *to[MOST];
    variables(2);
    for (int k = 0; k < MOST; k++) to[k] = out[k];
    eg_func *f = TRACE(gives_one_often);
    for (int threads = 1; threads <= 3; threads++) {
        eg_state *s = eg_state_new(eg);
        memset(out, 0, sizeof out);
        ck_assert_int_eq(eg_call(f, s, NULL, to, &(eg_run_options){.threads = threads}), EG_OK);
        for (int k = 0; k < MOST; k++) ck_assert(!memcmp(out[k], eg_data(s, v[1]), sizeof out[k]));
    }
    agrees(gives_one_often);
}
END_TEST

/* Decays that are rotated into the stage that reads last. */
static eg_val many_synapses(void *user, eg_val x)
{
    eg_val sum = eg_get(v[0]);
    for (int k = 1; k < num; k++) {
        eg_val g = eg_mul(eg_get(v[k]), 1 - 0.5 / (k + 1));
        eg_set(v[k], eg_scatter_add(g, eg_iota(eg, 3, EG_I32), 0.125));
    }
    for (int k = 1; k < num; k++) sum = eg_add(sum, eg_mul(eg_get(v[k]), 0.01));
    eg_set(v[0], sum);
    return no_step(user, x);
}
static eg_val many_synapses_in_steps(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return looped(many_synapses);
}

START_TEST(more_synapses_than_a_loop_takes)
{
    variables(MOST);
    agrees(many_synapses_in_steps);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("wide");
    TCase *t = tcase_create("wide");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_sum_of_more_arrays_than_a_loop_takes);
    tcase_add_test(t, a_tree_over_more_arrays_than_a_loop_takes);
    tcase_add_test(t, more_states_than_a_loop_takes);
    tcase_add_test(t, more_states_each_of_which_reads_the_next);
    tcase_add_test(t, more_states_that_change_places);
    tcase_add_test(t, one_value_as_more_results_than_a_loop_takes);
    tcase_add_test(t, more_synapses_than_a_loop_takes);
    suite_add_tcase(s, t);
    return test_run(s);
}
