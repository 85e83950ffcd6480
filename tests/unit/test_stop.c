/* Runs that end early: progress, cancelling, host functions that fail.  The state is that of the last whole step. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "session.h"

enum { N = 100, STEPS = 400 };
static eg_var *V, *count;

static void variables(void)
{
    eg = eg_open(&(eg_options){.chunk_ms = 1e-4});
    state = NULL;
    V = eg_variable(eg, "V", eg_vector(EG_F32, N));
    count = eg_variable(eg, "count", eg_scalar(EG_I64));
}

static eg_val pair(eg_val carry, eg_val y) { return eg_tuple(eg, 2, ((eg_val[]){carry, y})); }

/* What the host function sees and does. */
static int64_t seen, fails_at;
static pthread_t caller;

static int host(void *user, const void *const *in, void *const *out)
{
    (void)user;
    int64_t k = *(const int64_t *)in[0];
    const float *v = in[1];
    ck_assert_int_eq(k, seen);
    ck_assert_float_eq(v[N - 1], (float)k);
    ck_assert(pthread_equal(pthread_self(), caller));
    seen++;
    if (k == fails_at) return 7;
    *(float *)out[0] = v[0] + 1;
    return 0;
}

static eg_val step(void *user, eg_val x)
{
    eg_val one = eg_real(1);
    if (user) {
        eg_val in[] = {eg_item(x, 0), eg_get(V)};
        one = eg_sub(eg_host(eg, "probe", host, NULL, 2, in, 1, &eg_scalar(EG_F32)), eg_item(x, 0));
    }
    eg_set(V, eg_add(eg_get(V), one));
    eg_set(count, eg_add(eg_get(count), 1));
    eg_val carry = eg_add(eg_item(x, 1), 1);
    return pair(carry, eg_get(V));
}
static eg_val simulate(void *user, eg_val x)
{
    (void)x;
    eg_val out = eg_loop(eg, STEPS, step, user, eg_zeros(eg, eg_scalar(EG_I32)), eg_nothing());
    return eg_tuple(eg, 3, ((eg_val[]){eg_item(out, 0), eg_item(out, 1), eg_mul(eg_item(out, 1), 2)}));
}
static eg_func *simulation(bool hosted)
{
    eg_func *f = eg_trace(eg, "simulate", simulate, hosted ? &seen : NULL, 0, NULL);
    ck_assert_msg(f != NULL, "%s", eg_message(eg));
    caller = pthread_self();
    seen = 0;
    fails_at = -1;
    return f;
}

/* The state and results are those of `steps` whole steps. */
static void check_steps(eg_state *s, int64_t steps, int carry, float (*rows)[N], float (*twice)[N])
{
    const float *v = eg_data(s, V);
    ck_assert_int_eq(*(int64_t *)eg_data(s, count), steps);
    ck_assert_float_eq(v[0], (float)steps);
    ck_assert_float_eq(v[N - 1], (float)steps);
    if (!rows) return;
    ck_assert_int_eq(carry, steps);
    for (int i = 0; i < STEPS; i++) {
        ck_assert_float_eq(rows[i][N - 1], i < steps ? (float)i + 1 : 0);
        ck_assert_float_eq(twice[i][0], i < steps ? 2 * (float)i + 2 : 0);
    }
}

/* -- progress and cancelling --------------------------------------------------------------------------------------- */

typedef struct watch {
    int64_t calls, last, cancel_at;
    eg_state *cancel; /* by eg_cancel instead of by what the callback returns */
} watch;

static int progress(void *user, int64_t now, int64_t steps)
{
    watch *w = user;
    w->calls++;
    ck_assert_int_eq(steps, STEPS);
    ck_assert_int_ge(now, w->last);
    w->last = now;
    if (w->cancel_at < 0 || now < w->cancel_at) return 0;
    if (w->cancel) eg_cancel(w->cancel);
    return w->cancel == NULL;
}

START_TEST(progress_is_told_and_ends_with_the_last_step)
{
    eg_func *f = simulation(false);
    for (int interpret = 0; interpret < 2; interpret++) {
        watch w = {.cancel_at = -1};
        eg_state *s = eg_state_new(eg);
        eg_run_options o = {.interpret = interpret, .progress = progress, .user = &w};
        ck_assert_int_eq(eg_call(f, s, NULL, NULL, &o), EG_OK);
        ck_assert_int_eq(w.last, STEPS);
        ck_assert_int_ge(w.calls, 2);
        check_steps(s, STEPS, 0, NULL, NULL);
    }
}
END_TEST

static void cancelled(bool interpret, bool by_call, int threads)
{
    static float rows[STEPS][N], twice[STEPS][N];
    int carry = -1;
    eg_func *f = simulation(false);
    eg_state *s = eg_state_new(eg);
    /* A whole run first, so that buffers hold something. */
    ck_assert_int_eq(eg_call(f, s, NULL, (void *[]){&carry, rows, twice}, NULL), EG_OK);
    check_steps(s, STEPS, carry, rows, twice);
    eg_reset(eg, s);
    watch w = {.cancel_at = 20, .cancel = by_call ? s : NULL};
    eg_run_options o = {.interpret = interpret, .progress = progress, .user = &w, .threads = threads};
    ck_assert_int_eq(eg_call(f, s, NULL, (void *[]){&carry, rows, twice}, &o), EG_ERR_CANCELLED);
    ck_assert_int_eq(eg_run_status(s), EG_ERR_CANCELLED);
    int64_t done = *(int64_t *)eg_data(s, count);
    char text[32];
    snprintf(text, sizeof text, "after %d steps", (int)done);
    ck_assert_msg(strstr(eg_run_message(s), text) && strstr(eg_run_message(s), "'simulate'"), "%s: %s", text,
                  eg_run_message(s));
    ck_assert(done >= 20 && done < STEPS);
    check_steps(s, done, carry, rows, twice);
    ck_assert_int_eq(eg_call(f, s, NULL, NULL, NULL), EG_OK);
    ck_assert_int_eq(*(int64_t *)eg_data(s, count), done + STEPS);
    ck_assert_str_eq(eg_run_message(s), "");
    fine();
}

START_TEST(a_cancelled_run_leaves_whole_steps_and_empty_rows) { cancelled(false, false, 1); }
END_TEST
START_TEST(a_cancelled_run_of_two_threads_does_so_too) { cancelled(false, false, 2); }
END_TEST
START_TEST(a_cancelled_run_of_the_interpreter_does_so_too) { cancelled(true, false, 1); }
END_TEST
START_TEST(eg_cancel_from_the_run_itself_does_so_too)
{
    cancelled(false, true, 1);
    cancelled(true, true, 1);
}
END_TEST

START_TEST(the_contexts_own_state_reports_through_the_context)
{
    eg_func *f = simulation(false);
    watch w = {.cancel_at = 20};
    ck_assert_int_eq(eg_call(f, NULL, NULL, NULL, &(eg_run_options){.progress = progress, .user = &w}),
                     EG_ERR_CANCELLED);
    ck_assert_int_eq(eg_call(f, NULL, NULL, NULL, NULL), EG_ERR_CANCELLED);
    SAYS(EG_ERR_CANCELLED, "'simulate'", "cancelled after");
    ck_assert_int_eq(eg_call(f, NULL, NULL, NULL, NULL), EG_OK);
}
END_TEST

static eg_val forever(void *user, eg_val n)
{
    eg_loop(eg, n, step, user, eg_zeros(eg, eg_scalar(EG_I32)), eg_nothing());
    return eg_nothing();
}
static eg_val no_rows(void *user, eg_val x) { return pair(eg_item(step(user, x), 0), eg_nothing()); }
static eg_val long_loop(void *user, eg_val n)
{
    eg_loop(eg, n, no_rows, user, eg_zeros(eg, eg_scalar(EG_I32)), eg_nothing());
    return eg_nothing();
}
static eg_val always(void *user, eg_val x)
{
    (void)user;
    return eg_ge(x, 0);
}
static eg_val counts(void *user, eg_val x)
{
    (void)user;
    eg_set(V, eg_add(eg_get(V), 1));
    eg_set(count, eg_add(eg_get(count), 1));
    return eg_and(eg_add(x, 1), 15);
}
static eg_val endless(void *user, eg_val x)
{
    (void)user;
    return eg_while(eg, always, counts, NULL, x);
}

typedef struct run_job {
    eg_func *f;
    eg_state *s;
    const void *in;
    bool interpret;
    _Atomic int status;
} run_job;

static void *in_thread(void *p)
{
    run_job *j = p;
    j->status = (int)eg_call(j->f, j->s, IN(j->in), NULL, &(eg_run_options){.interpret = j->interpret});
    return NULL;
}

static void cancel_from_outside(eg_func *f, const void *in)
{
    for (int interpret = 0; interpret < 2; interpret++) {
        run_job j = {f, eg_state_new(eg), in, interpret, -1};
        pthread_t t;
        eg_compile(f);
        ck_assert_int_eq(pthread_create(&t, NULL, in_thread, &j), 0);
        usleep(20000);
        ck_assert_int_eq(j.status, -1);
        eg_cancel(j.s);
        pthread_join(t, NULL);
        ck_assert_int_eq(j.status, EG_ERR_CANCELLED);
        float steps = (float)*(int64_t *)eg_data(j.s, count);
        ck_assert(steps > 0);
        if (steps < (1 << 24)) ck_assert_float_eq(*(float *)eg_data(j.s, V), steps);
    }
}

START_TEST(another_thread_cancels_a_long_loop)
{
    int64_t n = INT64_MAX / 4;
    cancel_from_outside(TRACE(long_loop, eg_scalar(EG_I64)), &n);
    ck_assert_ptr_null(eg_trace(eg, "f", forever, NULL, 1, &eg_scalar(EG_I64)));
    SAYS(EG_ERR_SHAPE, "nothing can be stacked");
}
END_TEST

START_TEST(another_thread_cancels_an_endless_while)
{
    int32_t zero = 0;
    cancel_from_outside(TRACE(endless, eg_scalar(EG_I32)), &zero);
}
END_TEST

/* -- host functions ------------------------------------------------------------------------------------------------ */

START_TEST(a_host_function_is_called_in_order_on_the_callers_thread)
{
    static float rows[STEPS][N], twice[STEPS][N];
    eg_func *f = simulation(true);
    for (int nt = 0; nt <= 3; nt++) {
        int carry;
        eg_state *s = eg_state_new(eg);
        seen = 0;
        eg_run_options o = {.threads = nt, .interpret = nt == 0};
        ck_assert_int_eq(eg_call(f, s, NULL, (void *[]){&carry, rows, twice}, &o), EG_OK);
        ck_assert_int_eq(seen, STEPS);
        check_steps(s, STEPS, carry, rows, twice);
    }
}
END_TEST

START_TEST(a_host_function_that_fails_ends_the_run_after_the_last_whole_step)
{
    static float rows[STEPS][N], twice[STEPS][N];
    int carry;
    eg_func *f = simulation(true);
    for (int nt = 0; nt <= 3; nt++) {
        for (fails_at = 0; fails_at < STEPS; fails_at += fails_at < 3 ? 1 : 132) {
            eg_state *s = eg_state_new(eg);
            seen = 0;
            eg_run_options o = {.threads = nt, .interpret = nt == 0};
            ck_assert_int_eq(eg_call(f, s, NULL, (void *[]){&carry, rows, twice}, &o), EG_ERR_RUN);
            ck_assert_int_eq(eg_run_status(s), EG_ERR_RUN);
            ck_assert_msg(strstr(eg_run_message(s), "'probe'") && strstr(eg_run_message(s), "returned 7"), "%s",
                          eg_run_message(s));
            ck_assert_int_eq(seen, fails_at + 1);
            check_steps(s, fails_at, carry, rows, twice);
            eg_state_free(s);
        }
    }
    fails_at = 5, seen = 0;
    ck_assert_int_eq(eg_call(f, NULL, NULL, NULL, NULL), EG_ERR_RUN);
    SAYS(EG_ERR_RUN, "'probe'");
}
END_TEST

static int maybe(void *user, const void *const *in, void *const *out)
{
    (void)user;
    *(float *)out[0] = *(const float *)in[0] + 1;
    return seen++ == fails_at;
}
static eg_val ask(eg_val x) { return eg_host(eg, "maybe", maybe, NULL, 1, &x, 1, &eg_scalar(EG_F32)); }
static eg_val goes_on(void *user, eg_val x)
{
    eg_val i = eg_item(x, 0);
    return eg_lt(user ? ask(i) : i, 30);
}
static eg_val turn(void *user, eg_val x)
{
    eg_val i = eg_item(x, 0), v = eg_item(x, 1);
    eg_set(V, eg_add(eg_get(V), eg_sum(v)));
    eg_set(count, eg_add(eg_get(count), 1));
    eg_val next = user ? eg_add(i, 1) : ask(i);
    return eg_tuple(eg, 2, ((eg_val[]){next, eg_flip(eg_add(eg_mul(v, 0.5), next), 0)}));
}
static eg_val turns(void *user, eg_val x)
{
    eg_val zero = eg_zeros(eg, eg_scalar(EG_F32));
    eg_val out = eg_while(eg, goes_on, turn, user, eg_tuple(eg, 2, ((eg_val[]){zero, x})));
    eg_set(count, eg_mul(eg_get(count), 10)); /* what comes behind the loop happens */
    return out;
}

START_TEST(a_host_function_that_fails_in_a_while_takes_that_turn_back)
{
    float x[N], i[2], v[2][N];
    for (int k = 0; k < N; k++) x[k] = (float)(k % 13);
    for (int where = 0; where < 2; where++) {
        eg_func *f = eg_trace(eg, "turns", turns, where ? &seen : NULL, 1, &eg_vector(EG_F32, N));
        fine();
        for (fails_at = -1; fails_at < 9; fails_at += 2) {
            eg_state *s[2];
            for (int k = 0; k < 4; k++) {
                s[k > 0] = eg_state_new(eg);
                seen = 0;
                eg_run_options o = {.threads = k, .interpret = k == 0};
                eg_status want = fails_at < 0 ? EG_OK : EG_ERR_RUN;
                ck_assert_int_eq(eg_call(f, s[k > 0], IN(x), (void *[]){&i[k > 0], v[k > 0]}, &o), want);
                ck_assert_int_eq(*(int64_t *)eg_data(s[k > 0], count),
                                 fails_at < 0 ? (where ? 290 : 300) : 10 * fails_at);
                ck_assert(!memcmp(&i[0], &i[k > 0], sizeof i[0]) && !memcmp(v[0], v[k > 0], sizeof v[0]));
                same_variables(s[0], s[k > 0], (const char *const[]){"V", "count", NULL});
            }
        }
    }
}
END_TEST

/* Gives the number of the turn, and nothing at all once it fails. */
static int sticks(void *user, const void *const *in, void *const *out)
{
    (void)user;
    if (seen++ >= fails_at) return 3;
    *(int64_t *)out[0] = *(const int64_t *)in[0];
    return 0;
}
static eg_val stick(eg_val i) { return eg_host(eg, "sticks", sticks, NULL, 1, &i, 1, &eg_scalar(EG_I64)); }
static eg_val sticks_on(void *user, eg_val i) { return eg_lt(user ? stick(i) : i, 5); }
static eg_val inner_turn(void *user, eg_val i)
{
    eg_set(V, eg_add(eg_get(V), 1));
    return eg_add(user ? i : stick(i), 1);
}
static eg_val outer_step(void *user, eg_val x)
{
    eg_set(count, eg_add(eg_get(count), 1));
    eg_while(eg, sticks_on, inner_turn, user, eg_zeros(eg, eg_scalar(EG_I64)));
    (void)x;
    return pair(eg_nothing(), eg_nothing());
}
static eg_val whiles_in_a_loop(void *user, eg_val x)
{
    (void)x;
    eg_loop(eg, 6, outer_step, user, eg_nothing(), eg_nothing());
    return eg_nothing();
}

START_TEST(a_host_function_that_fails_in_an_inner_while_ends_it_and_takes_back_the_outer_step)
{
    for (int where = 0; where < 2; where++) {
        eg_func *f = eg_trace(eg, "nested", whiles_in_a_loop, where ? &seen : NULL, 0, NULL);
        fine();
        int64_t calls = where ? 6 : 5; /* of a step: of the condition, which ends it, or of the body */
        for (fails_at = 0; fails_at < 5 * calls; fails_at += 4) {
            for (int nt = 0; nt <= 3; nt++) {
                eg_state *s = eg_state_new(eg);
                seen = 0;
                eg_run_options o = {.threads = nt, .interpret = nt == 0};
                ck_assert_int_eq(eg_call(f, s, NULL, NULL, &o), EG_ERR_RUN);
                ck_assert_int_eq(*(int64_t *)eg_data(s, count), fails_at / calls);
                ck_assert_float_eq(*(float *)eg_data(s, V), (float)(5 * (fails_at / calls)));
            }
        }
    }
}
END_TEST

static int refuses(void *user, const void *const *in, void *const *out)
{
    (void)user;
    (void)in;
    (void)out;
    return -1;
}
static eg_val fails_outside(void *user, eg_val x)
{
    (void)user;
    eg_set(V, eg_add(eg_get(V), x));
    eg_host(eg, "refuses", refuses, NULL, 1, &x, 0, NULL);
    eg_set(count, 3);
    return eg_nothing();
}

START_TEST(a_host_function_that_fails_outside_of_loops_leaves_the_state_as_it_was)
{
    eg_func *f = TRACE(fails_outside, eg_scalar(EG_F32));
    float x = 2;
    for (int nt = 0; nt <= 2; nt++) {
        eg_state *s = eg_state_new(eg);
        ck_assert_int_eq(eg_call(f, s, IN(&x), NULL, &(eg_run_options){.threads = nt, .interpret = nt == 0}),
                         EG_ERR_RUN);
        check_steps(s, 0, 0, NULL, NULL);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stop");
    TCase *t = tcase_create("stop");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, variables, teardown);
    tcase_add_test(t, progress_is_told_and_ends_with_the_last_step);
    tcase_add_test(t, a_cancelled_run_leaves_whole_steps_and_empty_rows);
    tcase_add_test(t, a_cancelled_run_of_two_threads_does_so_too);
    tcase_add_test(t, a_cancelled_run_of_the_interpreter_does_so_too);
    tcase_add_test(t, eg_cancel_from_the_run_itself_does_so_too);
    tcase_add_test(t, the_contexts_own_state_reports_through_the_context);
    tcase_add_test(t, another_thread_cancels_a_long_loop);
    tcase_add_test(t, another_thread_cancels_an_endless_while);
    tcase_add_test(t, a_host_function_is_called_in_order_on_the_callers_thread);
    tcase_add_test(t, a_host_function_that_fails_ends_the_run_after_the_last_whole_step);
    tcase_add_test(t, a_host_function_that_fails_in_a_while_takes_that_turn_back);
    tcase_add_test(t, a_host_function_that_fails_in_an_inner_while_ends_it_and_takes_back_the_outer_step);
    tcase_add_test(t, a_host_function_that_fails_outside_of_loops_leaves_the_state_as_it_was);
    suite_add_tcase(s, t);
    return test_run(s);
}
