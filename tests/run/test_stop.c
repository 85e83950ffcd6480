/* Runs that end early, and how far they say they came. */
#include "scene.h"

#include <pthread.h>
#include <stdio.h>

static const int64_t one = 0;
static const eg_monitor see[] = {{.variable = "A.V"},
                                 {.key = "V7", .variable = "A.V", .every = 7},
                                 {.key = "spike", .variable = "A.spike", .events = true},
                                 {.key = "one", .variable = "A.V", .indices = &one, .num_indices = 1}};

static eg_system *watch(eg_system *net, int num)
{
    static const eg_input in = {.variable = "A.input", .value = 1};
    return eg_dsrunner(net, NULL,
                       &(eg_dsrunner_options){.num_monitors = num, .monitors = see, .num_inputs = 1, .inputs = &in});
}

/* State, clock and histories are those of one step. */
static void check_whole(eg_system *run, eg_system *net, eg_state *state, int num, int64_t before)
{
    int64_t done = eg_steps_done(run), i0 = *(int64_t *)eg_data(state, eg_system_variable(run, "i0"));
    double V = *(double *)eg_data(state, eg_system_variable(net, "A.V"));
    ck_assert_int_eq(i0, before + done);
    ck_assert_double_eq(V, (double)i0);
    if (num == 0) return;
    eg_history h = eg_history_of(run, "A.V"), h7 = eg_history_of(run, "V7"), s = eg_history_of(run, "spike");
    ck_assert_int_eq(h.spec.dim[0], done);
    ck_assert_int_eq(h7.spec.dim[0], done / 7);
    for (int64_t k = 0; k < done; k++) ck_assert_double_eq(((const double *)h.data)[3 * k], (double)(before + k + 1));
    int64_t events = 0;
    for (int64_t t = 0; t < done; t++) {
        for (int64_t k = 0; k < 3; k++) events += scene_spikes(before + t, k);
    }
    ck_assert_int_eq(s.spec.dim[0], events);
    ck_assert_int_eq(eg_times_of(run, NULL).spec.dim[0], done);
}

static int stop_later(void *user, const eg_run_progress *p)
{
    (void)user;
    return p->step >= 30;
}

START_TEST(progress_can_cancel_and_the_run_can_go_on)
{
    for (int num = 0; num <= 4; num += 4) {
        eg_context *own = test_open(_i);
        eg_system *net = scene_net(own, 3), *run = watch(net, num);
        ck_assert_int_eq(eg_run(run, num ? 1e5 : 1e9, &(eg_dsrun_options){.progress = stop_later}), EG_ERR_CANCELLED);
        test_expect(own, EG_ERR_CANCELLED, "cancelled", NULL);
        int64_t done = eg_steps_done(run);
        ck_assert_int_gt(done, 0);
        check_whole(run, net, NULL, num, 0);
        ck_assert_int_eq(eg_run(run, 3, NULL), EG_OK);
        check_whole(run, net, NULL, num, done);
        test_close(own);
    }
}
END_TEST

START_TEST(a_run_on_a_state_of_its_own_leaves_the_context_without_error)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 3), *run = watch(net, 4);
    eg_state *s = eg_state_new(eg);
    ck_assert_int_eq(eg_run(run, 1e5, &(eg_dsrun_options){.state = s, .progress = stop_later}), EG_ERR_CANCELLED);
    ck_assert_int_eq(eg_run_status(s), EG_ERR_CANCELLED);
    test_fine(eg);
    check_whole(run, net, s, 4, 0);
    test_close(eg);
}
END_TEST

static int stop_first(void *user, const eg_run_progress *p)
{
    (void)user;
    return p->step == 0;
}

START_TEST(a_run_cancelled_before_its_first_step_has_done_nothing)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 3), *run = watch(net, 4);
    ck_assert_int_eq(eg_run(run, 10, &(eg_dsrun_options){.progress = stop_first}), EG_ERR_CANCELLED);
    test_expect(eg, EG_ERR_CANCELLED, "before the first step", NULL);
    check_whole(run, net, NULL, 4, 0);
    ck_assert_int_eq(eg_steps_done(run), 0);
    test_close(eg);
}
END_TEST

static void *cancel(void *user)
{
    usleep(50000);
    eg_cancel(user);
    return NULL;
}

START_TEST(another_thread_can_cancel)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 3), *run = watch(net, 0);
    pthread_t t;
    pthread_create(&t, NULL, cancel, eg_own_state(eg));
    eg_run(run, 1e9, NULL);
    pthread_join(t, NULL);
    test_expect(eg, EG_ERR_CANCELLED, "cancelled after", NULL);
    check_whole(run, net, NULL, 0, 0);
    test_close(eg);
}
END_TEST

static int fail_later(void *user, const void *const *in, void *const *out)
{
    int *left = user;
    *(double *)out[0] = *(const double *)in[0];
    return (*left)-- == 0 ? 3 : 0;
}

static eg_val from_host(void *user, eg_system *target, eg_shared s)
{
    eg_spec out = eg_scalar(EG_F64);
    eg_val in = eg_convert(s.i, EG_F64);
    return (eg_host)(eg_system_context(target), "fail_later", fail_later, user, 1, &in, 1, &out, __FILE__, __LINE__);
}

START_TEST(a_host_function_that_fails_takes_its_step_back)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 3);
    int left = 25;
    eg_input in[] = {{.variable = "A.input", .value = 2},
                     {.variable = "A.input", .kind = EG_INPUT_FUNC, .fn = from_host, .user = &left}};
    eg_monitor m = {.variable = "A.V"};
    eg_system *run = eg_dsrunner(
        net, NULL, &(eg_dsrunner_options){.num_monitors = 1, .monitors = &m, .num_inputs = 2, .inputs = in});
    ck_assert_int_eq(eg_run(run, 10, NULL), EG_ERR_RUN);
    test_expect(eg, EG_ERR_RUN, "fail_later", NULL);
    ck_assert_int_eq(eg_steps_done(run), 25);
    const double *V = scene_f64(eg_history_of(run, "A.V"), 2, 25, 3);
    double want = 0;
    for (int k = 0; k < 25; k++) ck_assert_double_eq(V[3 * k], want += 2 + k);
    ck_assert_int_eq(*(int64_t *)eg_data(NULL, eg_system_variable(run, "i0")), 25);
    left = 1000;
    ck_assert_int_eq(eg_run(run, 1, NULL), EG_OK);
    test_close(eg);
}
END_TEST

static int run_inside(void *user, const eg_run_progress *p)
{
    (void)p;
    return eg_run(user, 1, NULL) == EG_ERR_STATE;
}

START_TEST(a_runner_that_runs_cannot_be_run)
{
    eg_context *eg = test_open(1);
    eg_system *run = watch(scene_net(eg, 3), 1);
    eg_run(run, 1, &(eg_dsrun_options){.progress = run_inside, .user = run});
    test_expect(eg, EG_ERR_STATE, "is running", NULL);
    ck_assert_int_eq(eg_run(run, 1, NULL), EG_OK);
    test_close(eg);
}
END_TEST

START_TEST(after_an_error_of_the_context_nothing_runs)
{
    eg_context *eg = test_open(1);
    eg_system *run = watch(scene_net(eg, 3), 1);
    eg_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "an earlier error");
    ck_assert_int_eq(eg_run(run, 1, NULL), EG_ERR_ARGUMENT);
    test_expect(eg, EG_ERR_ARGUMENT, "an earlier error", NULL);
    ck_assert_int_eq(eg_steps_done(run), 0);
    eg_run(run, 1, &(eg_dsrun_options){.threads = -1});
    test_expect(eg, EG_ERR_ARGUMENT, "threads is -1", NULL);
    eg_context *other = test_open(1);
    eg_run(run, 1, &(eg_dsrun_options){.state = eg_state_new(other)});
    test_expect(eg, EG_ERR_SCOPE, "context", NULL);
    test_close(other);
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stop");
    TCase *c = tcase_create("stop");
    tcase_add_loop_test(c, progress_can_cancel_and_the_run_can_go_on, 0, WAYS);
    tcase_add_loop_test(c, a_run_on_a_state_of_its_own_leaves_the_context_without_error, 0, WAYS);
    tcase_add_loop_test(c, a_run_cancelled_before_its_first_step_has_done_nothing, 0, WAYS);
    tcase_add_loop_test(c, another_thread_can_cancel, 0, WAYS);
    tcase_add_loop_test(c, a_host_function_that_fails_takes_its_step_back, 0, WAYS);
    tcase_add_test(c, a_runner_that_runs_cannot_be_run);
    tcase_add_test(c, after_an_error_of_the_context_nothing_runs);
    suite_add_tcase(s, c);
    return test_run(s);
}
