/* Runners: what they record, what they put in, how they go on, what they refuse. */
#include <engram/engram.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/support.h"

enum { N = 70, WAYS = 3 };

static eg_context *eg;
static eg_system *net, *group;

/* Ways: interpreter; one thread; two threads. */
static void scene(int way)
{
    eg = eg_open(&(eg_options){.threads = way > 0 ? way : 1, .interpret = way == 0});
    net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_lif_params cell = eg_lif_defaults();
    cell.V_init = eg_init_uniform(-5, 20);
    group = eg_lif(net, "E", N, &cell);
    eg_current(net, NULL, group, 30);
}

static void fine(void) { ck_assert_msg(!eg_error(eg), "%s", eg_message(eg)); }

static void end(void)
{
    fine();
    eg_close(eg);
}

static void says(eg_status status, const char *a, const char *b)
{
    ck_assert_msg(eg_error(eg) == status, "%s: %s", eg_status_text(eg_error(eg)), eg_message(eg));
    ck_assert_msg(strstr(eg_message(eg), a) && strstr(eg_message(eg), b), "'%s', '%s' not in: %s", a, b,
                  eg_message(eg));
    eg_clear_error(eg);
}

static eg_system *watched(const eg_monitor *m, int num)
{
    eg_system *r = eg_dsrunner(net, NULL, &(eg_dsrunner_options){.num_monitors = num, .monitors = m});
    fine();
    return r;
}

/* What eg_simulate records of a variable, in f64 or bool; to free. */
static void *simulated(const char *name, int64_t steps, size_t element)
{
    eg_var *v = eg_system_variable(net, name);
    void *rows = malloc((size_t)steps * N * element);
    eg_simulate(net, steps, &(eg_simulate_options){.num_record = 1, .record = &v, .out = &rows});
    fine();
    return rows;
}

/* -- monitors
 * --------------------------------------------------------------------------------------------------------------- */

START_TEST(rows_pairs_and_strides_agree_with_plain_recording)
{
    enum { STEPS = 1003 };
    scene(_i);
    bool *spikes = simulated("E.spike", STEPS, 1);
    double *V = (eg_reset_state(net, NULL), simulated("E.V", STEPS, 8));
    eg_reset_state(net, NULL);
    eg_monitor see[] = {{.variable = "E.V"},
                        {.key = "each 4th", .variable = "E.V", .every = 4},
                        {.key = "each 10th", .variable = "E.V", .every = 10},
                        {.key = "each 7th", .variable = "E.V", .every = 7},
                        {.key = "some", .variable = "E.V", .indices = (int64_t[]){69, 3, 3}, .num_indices = 3},
                        {.variable = "E.spike", .events = true},
                        {.key = "pairs each 3rd", .variable = "E.spike", .events = true, .every = 3}};
    eg_system *r = watched(see, 7);
    eg_run(r, (double)STEPS * 0.1, NULL);
    fine();
    ck_assert_int_eq(eg_steps_done(r), STEPS);
    static const int every[] = {1, 4, 10, 7};
    for (int k = 0; k < 4; k++) {
        eg_history h = eg_history_of(r, k ? see[k].key : "E.V"), t = eg_times_of(r, k ? see[k].key : "E.V");
        ck_assert_int_eq(h.spec.dim[0], STEPS / every[k]);
        ck_assert_int_eq(t.spec.dim[0], STEPS / every[k]);
        for (int64_t j = 0; j < h.spec.dim[0]; j++) {
            int64_t step = (j + 1) * every[k] - 1;
            ck_assert(!memcmp((const double *)h.data + j * N, V + step * N, N * sizeof *V));
            ck_assert_double_eq(((const double *)t.data)[j], (double)(step + 1) * 0.1);
        }
    }
    eg_history some = eg_history_of(r, "some");
    ck_assert_int_eq(some.spec.dim[1], 3);
    for (int j = 0; j < STEPS; j++) ck_assert_double_eq(((const double *)some.data)[3 * j], V[j * N + 69]);
    for (int strided = 0; strided < 2; strided++) {
        eg_history h = eg_history_of(r, strided ? "pairs each 3rd" : "E.spike");
        const int64_t *pair = h.data;
        int64_t n = 0;
        for (int64_t j = 0; j < STEPS; j++) {
            for (int64_t k = 0; k < N; k++) {
                if (!spikes[j * N + k] || (strided && (j + 1) % 3)) continue;
                ck_assert_int_lt(n, h.spec.dim[0]);
                ck_assert(pair[2 * n] == j && pair[2 * n + 1] == k);
                n++;
            }
        }
        ck_assert_int_gt(n, 100);
        ck_assert_int_eq(n, h.spec.dim[0]);
    }
    free(spikes);
    free(V);
    end();
}
END_TEST

START_TEST(runs_continue_and_start_again_when_told)
{
    scene(_i);
    double *V = simulated("E.V", 90, 8);
    eg_reset_state(net, NULL);
    eg_system *r = watched(&(eg_monitor){.variable = "E.V"}, 1);
    for (int again = 0; again < 2; again++) {
        eg_run(r, 5, &(eg_dsrun_options){.reset_state = again});
        ck_assert(!memcmp(eg_history_of(r, "E.V").data, V, 50 * N * sizeof *V));
        eg_run(r, 4, NULL);
        ck_assert(!memcmp(eg_history_of(r, "E.V").data, V + 50 * N, 40 * N * sizeof *V));
        ck_assert_double_eq(((const double *)eg_times_of(r, NULL).data)[39], 90 * 0.1);
    }
    free(V);
    end();
}
END_TEST

START_TEST(a_state_of_the_users_has_a_clock_of_its_own)
{
    scene(_i);
    eg_state *s = eg_state_new(eg);
    eg_system *r = watched(&(eg_monitor){.variable = "E.V"}, 1);
    s = eg_state_new(eg);
    eg_run(r, 3, NULL);
    double own[30 * N];
    memcpy(own, eg_history_of(r, "E.V").data, sizeof own);
    eg_run(r, 3, &(eg_dsrun_options){.state = s});
    ck_assert(!memcmp(own, eg_history_of(r, "E.V").data, sizeof own));
    ck_assert_double_eq(((const double *)eg_times_of(r, NULL).data)[0], 0.1);
    end();
}
END_TEST

START_TEST(no_steps_record_nothing)
{
    scene(_i);
    eg_monitor see[] = {{.variable = "E.V"}, {.variable = "E.spike", .events = true}};
    eg_system *r = watched(see, 2);
    eg_run(r, 0, NULL);
    ck_assert_int_eq(eg_history_of(r, "E.V").spec.dim[0], 0);
    ck_assert_int_eq(eg_history_of(r, "E.spike").spec.dim[0], 0);
    end();
}
END_TEST

/* -- inputs
 * ------------------------------------------------------------------------------------------------------------------ */

START_TEST(each_row_of_an_array_is_used_once_from_the_first_on)
{
    scene(_i);
    double rows[20];
    for (int k = 0; k < 20; k++) rows[k] = k;
    for (int clock = 0; clock < 2; clock++) {
        eg_input in = {.variable = "E.input", .kind = EG_INPUT_ITER, .op = EG_INPUT_SET, .by_clock = clock};
        in.array = eg_array_new(eg, eg_vector(EG_F64, 20), rows);
        eg_monitor see = {.variable = "E.input"};
        eg_system *r = eg_dsrunner(
            group, NULL,
            &(eg_dsrunner_options){
                .num_monitors = 1, .monitors = &(eg_monitor){.variable = "input"}, .num_inputs = 1, .inputs = &in});
        says(EG_ERR_ARGUMENT, "LIF 'E' has no variable 'E.input'", "input");
        r = eg_dsrunner(net, NULL,
                        &(eg_dsrunner_options){.num_monitors = 1, .monitors = &see, .num_inputs = 1, .inputs = &in});
        for (int run = 0; run < 2; run++) {
            eg_run(r, 1, NULL);
            fine();
            const double *x = eg_history_of(r, "E.input").data;
            for (int k = 0; k < 10; k++) ck_assert_double_eq(x[k * N], 30 + k + (clock && run ? 10 : 0));
        }
        eg_run(r, 2.1, NULL);
        says(EG_ERR_ARGUMENT, "input 0 of 'E.input'", clock ? "has 0 rows left" : "has 20 rows, the run 21 steps");
        ck_assert_int_eq(eg_steps_done(r), 0);
    }
    end();
}
END_TEST

static eg_val doubled(eg_system *self, eg_shared s, eg_val x)
{
    (void)self;
    (void)s;
    return eg_mul(x, 2);
}
static const eg_class doubler = {.name = "Doubler", .role = EG_OTHER, .update = doubled};

START_TEST(rows_of_inputs_are_the_x_of_the_update_and_outputs_are_recorded)
{
    scene(_i);
    eg_system *d = eg_system_new(net, "D", &doubler, 0, NULL), *r = eg_dsrunner(d, NULL, NULL);
    double x[4][3] = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {0, 1, 0}};
    eg_run_inputs(r, eg_matrix(EG_F64, 4, 3), x, NULL);
    fine();
    ck_assert_int_eq(eg_num_outputs(r), 1);
    eg_history y = eg_output_of(r, 0);
    ck_assert_int_eq(y.spec.dim[0], 4);
    for (int k = 0; k < 12; k++) ck_assert_double_eq(((const double *)y.data)[k], 2 * x[k / 3][k % 3]);

    eg_system *b = eg_dsrunner(d, NULL, &(eg_dsrunner_options){.data_first_axis = EG_BATCH_FIRST});
    eg_run_inputs(b, eg_matrix(EG_F64, 4, 3), x, NULL); /* 4 of a batch, 3 steps */
    y = eg_output_of(b, 0);
    ck_assert(y.spec.dim[0] == 4 && y.spec.dim[1] == 3);
    for (int k = 0; k < 12; k++) ck_assert_double_eq(((const double *)y.data)[k], 2 * x[k / 3][k % 3]);
    eg_output_of(r, 1);
    says(EG_ERR_ARGUMENT, "returned 1 values", "no part 1");
    eg_run_inputs(r, eg_scalar(EG_F64), x, NULL);
    says(EG_ERR_ARGUMENT, "eg_run_inputs", "[T, ...]");
    end();
}
END_TEST

/* -- inside a function
 * ------------------------------------------------------------------------------------------------------- */

static eg_system *inner;
static eg_val outer(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_shared s = {.i = eg_int(0)};
    eg_val both = eg_update(inner, s, 40);
    return eg_item(eg_item(both, 1), 0);
}

START_TEST(the_update_of_a_runner_is_its_whole_run)
{
    scene(_i);
    inner = watched(&(eg_monitor){.variable = "E.V", .every = 4}, 1);
    eg_run(inner, 4, NULL);
    double want[10 * N], got[10 * N];
    memcpy(want, eg_history_of(inner, "E.V").data, sizeof want);
    eg_reset_state(net, NULL);
    eg_func *f = eg_trace(eg, "outer", outer, NULL, 0, NULL);
    eg_call(f, NULL, NULL, (void *[]){got}, NULL);
    fine();
    ck_assert(!memcmp(want, got, sizeof want));
    ck_assert_int_eq(*(int64_t *)eg_data(NULL, eg_system_variable(inner, "i0")), 40);
    end();
}
END_TEST

/* -- progress, files
 * ------------------------------------------------------------------------------------------------------------ */

typedef struct watch {
    int calls;
    int64_t last, stop_at;
} watch;

static int look(void *user, const eg_run_progress *p)
{
    watch *w = user;
    ck_assert_int_ge(p->step, w->last);
    ck_assert(p->step <= p->steps && p->run_s >= -1e-3 && p->compile_s >= 0);
    w->calls++;
    w->last = p->step;
    return w->stop_at && p->step >= w->stop_at;
}

START_TEST(progress_is_told_and_can_cancel_with_a_whole_history_left)
{
    enum { STEPS = 300000 };
    scene(1);
    eg_monitor see[] = {{.variable = "E.V", .indices = (int64_t[]){1}, .num_indices = 1},
                        {.variable = "E.spike", .events = true}};
    eg_system *r = watched(see, 2);
    watch w = {0};
    eg_run(r, (double)STEPS * 0.1, &(eg_dsrun_options){.progress = look, .user = &w});
    fine();
    ck_assert_int_ge(w.calls, 2);
    ck_assert_int_eq(w.last, STEPS);
    double *whole = malloc(STEPS * sizeof *whole);
    memcpy(whole, eg_history_of(r, "E.V").data, STEPS * sizeof *whole);
    w = (watch){.stop_at = 1};
    ck_assert_int_eq(
        eg_run(r, (double)STEPS * 0.1, &(eg_dsrun_options){.progress = look, .user = &w, .reset_state = true}),
        EG_ERR_CANCELLED);
    int64_t done = eg_steps_done(r);
    eg_clear_error(eg);
    ck_assert(done > 0 && done < STEPS);
    eg_history h = eg_history_of(r, "E.V");
    ck_assert_int_eq(h.spec.dim[0], done);
    ck_assert(!memcmp(h.data, whole, (size_t)done * sizeof *whole));
    /* And on from there. */
    eg_run(r, 100, NULL);
    ck_assert(!memcmp(eg_history_of(r, "E.V").data, whole + done, 1000 * sizeof *whole));
    free(whole);
    end();
}
END_TEST

START_TEST(files_get_what_memory_would)
{
    enum { STEPS = 5000 };
    scene(_i);
    double *V = simulated("E.V", STEPS, 8);
    eg_reset_state(net, NULL);
    eg_monitor see[] = {{.key = "V", .variable = "E.V", .every = 10, .file = "dsrunner_V.npy"},
                        {.key = "spikes", .variable = "E.spike", .events = true, .file = "dsrunner_spikes.npy"},
                        {.key = "pairs", .variable = "E.spike", .events = true}};
    eg_system *r = watched(see, 3);
    eg_run(r, (double)STEPS * 0.1, NULL);
    fine();
    ck_assert_ptr_null(eg_history_of(r, "V").data);
    eg_array *a = eg_npy_read(eg, "dsrunner_V.npy"), *b = eg_npy_read(eg, "dsrunner_spikes.npy");
    fine();
    ck_assert(eg_array_spec(a).rank == 2 && eg_array_spec(a).dim[0] == STEPS / 10 && eg_array_spec(a).dim[1] == N);
    for (int k = 0; k < STEPS / 10; k++)
        ck_assert(!memcmp((double *)eg_array_data(a) + k * N, V + (10 * k + 9) * N, N * sizeof *V));
    eg_history pairs = eg_history_of(r, "pairs");
    ck_assert_int_eq(eg_array_spec(b).dim[0], pairs.spec.dim[0]);
    ck_assert(!memcmp(eg_array_data(b), pairs.data, (size_t)pairs.spec.dim[0] * 16));
    free(V);
    unlink("dsrunner_V.npy");
    unlink("dsrunner_spikes.npy");
    end();
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_an_error_before_anything_runs)
{
    scene(1);
    eg_system *r = watched(&(eg_monitor){.variable = "E.V", .file = "no/such/folder/V.npy"}, 1);
    eg_run(r, 1, NULL);
    says(EG_ERR_IO, "no/such/folder", "V.npy");
    ck_assert_int_eq(*(int64_t *)eg_data(NULL, eg_system_variable(r, "i0")), 0);
    end();
}
END_TEST

START_TEST(a_cancelled_run_leaves_no_file)
{
    scene(1);
    eg_system *r = watched(&(eg_monitor){.variable = "E.V", .file = "dsrunner_never.npy"}, 1);
    watch w = {.stop_at = 1};
    eg_run(r, 30000, &(eg_dsrun_options){.progress = look, .user = &w});
    says(EG_ERR_CANCELLED, "was cancelled after", "300000");
    ck_assert_int_ne(access("dsrunner_never.npy", F_OK), 0);
    end();
}
END_TEST

START_TEST(the_bar_shows_steps_rate_and_compile_time)
{
    scene(1);
    eg_system *r = eg_dsrunner(net, NULL, NULL);
    char text[4096] = "";
    FILE *f = fmemopen(text, sizeof text, "w");
    eg_progress_bar bar = {.file = f, .label = "E"};
    eg_run(r, 100, &(eg_dsrun_options){.progress = eg_progress_bar_show, .user = &bar});
    fclose(f);
    ck_assert_msg(strstr(text, "E [==============================] 100%  1000 of 1000 steps"), "%s", text);
    ck_assert(strstr(text, "steps/s") && strstr(text, "compiled in"));
    ck_assert_ptr_eq(strchr(text, '\n'), strrchr(text, '\n'));
    end();
}
END_TEST

/* -- refusals
 * ---------------------------------------------------------------------------------------------------------------- */

static eg_val no_value(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    (void)target;
    (void)s;
    return eg_nothing();
}

START_TEST(wrong_monitors_are_named)
{
    static int64_t far = N;
    static const struct {
        eg_monitor m;
        eg_status status;
        const char *a, *b;
    } wrong[] = {
        {{.variable = "E.W"}, EG_ERR_ARGUMENT, "'E.W'", "E.V"},
        {{.variable = "X.V"}, EG_ERR_ARGUMENT, "'X.V'", "E.V"},
        {{.key = "k"}, EG_ERR_ARGUMENT, "monitor 0", "neither variable nor function"},
        {{.fn = no_value}, EG_ERR_ARGUMENT, "monitor 0", "no key"},
        {{.variable = "E.V", .every = -1}, EG_ERR_ARGUMENT, "'E.V'", "-1"},
        {{.variable = "E.V", .indices = &far, .num_indices = 1}, EG_ERR_ARGUMENT, "index 70", "0 .. 69"},
        {{.variable = "step", .indices = &far, .num_indices = 1}, EG_ERR_SHAPE, "scalar", "no indices"},
        {{.variable = "E.V", .events = true}, EG_ERR_TYPE, "events", "f64"},
    };
    scene(1);
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        ck_assert_ptr_null(eg_dsrunner(net, NULL, &(eg_dsrunner_options){.num_monitors = 1, .monitors = &wrong[k].m}));
        says(wrong[k].status, wrong[k].a, wrong[k].b);
    }
    eg_monitor twice[] = {{.variable = "E.V"}, {.variable = "E.V"}};
    eg_dsrunner(net, NULL, &(eg_dsrunner_options){.num_monitors = 2, .monitors = twice});
    says(EG_ERR_ARGUMENT, "both called 'E.V'", "another key");
    eg_system *r = watched(&(eg_monitor){.key = "none", .fn = no_value}, 1);
    eg_history_of(r, "none");
    says(EG_ERR_STATE, "has not run yet", "eg_run");
    eg_run(r, 1, NULL);
    says(EG_ERR_TYPE, "monitor 'none'", "return one value");
    end();
}
END_TEST

START_TEST(wrong_inputs_and_runs_are_named)
{
    scene(1);
    eg_array *a = eg_array_new(eg, eg_matrix(EG_F64, 10, N - 1), NULL);
    eg_input wrong[] = {{.variable = NULL},
                        {.variable = "E.W"},
                        {.variable = "E.input", .kind = EG_INPUT_ITER},
                        {.variable = "E.input", .kind = EG_INPUT_ITER, .array = a},
                        {.variable = "E.input", .kind = (eg_input_kind)9},
                        {.variable = "E.spike"}};
    static const char *const words[] = {"no variable", "'E.W'", "EG_INPUT_ITER", "[69]", "kind 9", "is bool"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        ck_assert_ptr_null(eg_dsrunner(net, NULL, &(eg_dsrunner_options){.num_inputs = 1, .inputs = &wrong[k]}));
        ck_assert_int_ne(eg_error(eg), EG_OK);
        says(eg_error(eg), words[k], "");
    }
    eg_dsrunner(net, NULL, &(eg_dsrunner_options){.dt = -1});
    says(EG_ERR_ARGUMENT, "dt is -1", "DSRunner");
    eg_system *r = eg_dsrunner(net, "r", NULL);
    eg_run(r, 0.25, NULL);
    says(EG_ERR_ARGUMENT, "0.25 ms, no whole number of steps of 0.1 ms", "0.3");
    eg_run(r, -1, NULL);
    says(EG_ERR_ARGUMENT, "-1 ms", "eg_run");
    eg_run(group, 1, NULL);
    says(EG_ERR_ARGUMENT, "'E' is a LIF, not a runner", "eg_dsrunner");
    eg_history_of(r, "E.V");
    says(EG_ERR_ARGUMENT, "no monitor 'E.V'", "none");
    ck_assert_int_eq(eg_run(NULL, 1, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_steps_done(NULL), 0);
    ck_assert_ptr_null(eg_history_of(NULL, "V").data);
    for (int k = 0; k < 1000; k++) {
        if (eg_run(r, k * 0.1, NULL) || eg_steps_done(r) != k) break;
        if (k > 20) k += 37;
    }
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dsrunner");
    TCase *t = tcase_create("dsrunner");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, rows_pairs_and_strides_agree_with_plain_recording, 0, WAYS);
    tcase_add_loop_test(t, runs_continue_and_start_again_when_told, 0, WAYS);
    tcase_add_loop_test(t, a_state_of_the_users_has_a_clock_of_its_own, 0, WAYS);
    tcase_add_loop_test(t, no_steps_record_nothing, 0, WAYS);
    tcase_add_loop_test(t, each_row_of_an_array_is_used_once_from_the_first_on, 0, WAYS);
    tcase_add_loop_test(t, rows_of_inputs_are_the_x_of_the_update_and_outputs_are_recorded, 0, WAYS);
    tcase_add_loop_test(t, the_update_of_a_runner_is_its_whole_run, 0, WAYS);
    tcase_add_test(t, progress_is_told_and_can_cancel_with_a_whole_history_left);
    tcase_add_loop_test(t, files_get_what_memory_would, 0, WAYS);
    tcase_add_test(t, a_file_that_cannot_be_written_is_an_error_before_anything_runs);
    tcase_add_test(t, a_cancelled_run_leaves_no_file);
    tcase_add_test(t, the_bar_shows_steps_rate_and_compile_time);
    tcase_add_test(t, wrong_monitors_are_named);
    tcase_add_test(t, wrong_inputs_and_runs_are_named);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
