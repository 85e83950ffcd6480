/* What reviews have found in runners: each once wrong, and never again. */
#include <engram/export.h>
#include <engram/io.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

static int64_t width;

static eg_val some(void *user, eg_system *target, eg_shared s)
{
    (void)user, (void)s;
    return eg_slice(eg_value(target, "A.V"), 0, 0, width, 1);
}

START_TEST(rows_of_another_shape_than_at_first_are_an_error)
{
    eg_context *eg = test_open(_i);
    eg_monitor m = {.key = "some", .fn = some};
    width = 1;
    eg_system *run = eg_dsrunner(scene_net(eg, 1000), NULL, &(eg_dsrunner_options){.num_monitors = 1, .monitors = &m});
    eg_run(run, 10, NULL);
    test_fine(eg);
    width = 1000;
    eg_run(run, 10.1, NULL);
    test_expect(eg, EG_ERR_SHAPE, "'some'", "first run", NULL);
    test_close(eg);
}
END_TEST

START_TEST(a_run_that_cannot_begin_has_no_rows)
{
    eg_context *eg = test_open(1);
    eg_monitor m[] = {{.key = "file", .variable = "A.V", .file = "run_found.npy"}, {.variable = "A.V"}};
    eg_system *run = eg_dsrunner(scene_net(eg, 3), NULL, &(eg_dsrunner_options){.num_monitors = 2, .monitors = m});
    eg_run(run, 5, NULL);
    ck_assert_int_eq(eg_history_of(run, "A.V").spec.dim[0], 50);
    test_fine(eg);
    remove("run_found.npy");
    ck_assert_int_eq(mkdir("run_found.npy", 0777), 0);
    eg_run(run, 5, NULL);
    test_expect(eg, EG_ERR_IO, "run_found.npy", NULL);
    ck_assert_int_eq(eg_history_of(run, "A.V").spec.dim[0], 0);
    ck_assert_int_eq(eg_steps_done(run), 0);
    rmdir("run_found.npy");
    test_close(eg);
}
END_TEST

static eg_val gain(void *user, eg_system *target, eg_shared s)
{
    (void)user, (void)s;
    return eg_shared_value(target, "gain", 1.0);
}

START_TEST(shared_numbers_are_still_there_after_a_reset)
{
    eg_context *eg = test_open(_i);
    eg_system *net = scene_net(eg, 2);
    eg_input in = {.variable = "A.input", .kind = EG_INPUT_FUNC, .fn = gain};
    eg_monitor m = {.variable = "A.input"};
    eg_system *run = eg_dsrunner(
        net, NULL, &(eg_dsrunner_options){.num_monitors = 1, .monitors = &m, .num_inputs = 1, .inputs = &in});
    eg_set_shared(net, "gain", 3);
    for (int again = 0; again < 2; again++) {
        eg_run(run, 1, &(eg_dsrun_options){.reset_state = again});
        ck_assert_double_eq(scene_f64(eg_history_of(run, "A.input"), 2, 10, 2)[19], 3);
    }
    test_close(eg);
}
END_TEST

START_TEST(two_monitors_do_not_write_one_file)
{
    eg_context *eg = test_open(1);
    eg_monitor m[] = {{.key = "a", .variable = "A.V", .file = "run_found.npy"},
                      {.key = "b", .variable = "A.input", .file = "run_found.npy"}};
    ck_assert_ptr_null(eg_dsrunner(scene_net(eg, 3), NULL, &(eg_dsrunner_options){.num_monitors = 2, .monitors = m}));
    test_expect(eg, EG_ERR_ARGUMENT, "both write 'run_found.npy'", NULL);
    test_close(eg);
}
END_TEST

START_TEST(a_slow_monitor_does_not_keep_a_file_in_memory)
{
    eg_context *eg = test_open(1);
    enum { N = 500, T = 20000 };
    eg_monitor m[] = {{.key = "V", .variable = "A.V", .file = "run_found.npy"},
                      {.key = "end", .variable = "A.V", .every = T}};
    eg_system *run = eg_dsrunner(scene_net(eg, N), NULL, &(eg_dsrunner_options){.num_monitors = 2, .monitors = m});
    eg_run(run, (double)T * 0.1, NULL);
    test_fine(eg);
    const double *end = scene_f64(eg_history_of(run, "end"), 2, 1, N);
    eg_array *V = eg_npy_read(eg, "run_found.npy");
    ck_assert_int_eq(eg_array_spec(V).dim[0], T);
    ck_assert(!memcmp(end, (const double *)eg_array_data(V) + (int64_t)(T - 1) * N, N * sizeof *end));
    remove("run_found.npy");
    test_close(eg);
}
END_TEST

static int count_ends(void *user, const eg_run_progress *p)
{
    *(int *)user += p->step == p->steps;
    return 0;
}

START_TEST(the_end_is_told_once)
{
    eg_context *eg = test_open(1);
    eg_system *run = eg_dsrunner(scene_net(eg, 100), NULL, NULL);
    for (int k = 0; k < 2; k++) {
        int ends = 0;
        eg_run(run, k * 30000, &(eg_dsrun_options){.progress = count_ends, .user = &ends});
        ck_assert_int_eq(ends, 1);
    }
    test_close(eg);
}
END_TEST

START_TEST(rows_are_put_only_where_room_was_given)
{
    eg_context *eg = test_open(1);
    eg_npy_stream *s = eg_npy_create(eg, "run_found.npy", eg_scalar(EG_F64));
    double *to = eg_npy_rows(s, 2);
    to[0] = 1, to[1] = 2;
    ck_assert_int_eq(eg_npy_put(s, 2), EG_OK);
    ck_assert_int_eq(eg_npy_put(s, 2), EG_ERR_ARGUMENT);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_npy_rows", NULL);
    eg_npy_discard(s);
    test_close(eg);
}
END_TEST

static eg_val same(void *user, eg_val x) { return (void)user, x; }

START_TEST(a_block_that_is_too_large_leaves_the_state_as_it_was)
{
    eg_context *eg = eg_open(NULL);
    eg_var *V = eg_variable(eg, "V", eg_vector(EG_F32, 10));
    eg_spec big = eg_vector(EG_F32, (int64_t)1 << 40);
    ck_assert_ptr_nonnull(eg_data(NULL, V));
    eg_func *f = eg_trace(eg, "big", same, NULL, 1, &big);
    if (eg_block_of(f, NULL)) return; /* a machine of many terabytes */
    eg_clear_error(eg);
    ck_assert_msg(eg_data(NULL, V) != NULL, "%s", eg_message(eg));
    eg_close(eg);
}
END_TEST

/* Asks its own run to stop when the loop is over. */
static int cancel_own(void *user, const void *const *in, void *const *out)
{
    eg_cancel(eg_own_state(user));
    *(int64_t *)out[0] = *(const int64_t *)in[0];
    return 0;
}

static eg_val count_one(void *user, eg_val x)
{
    return eg_tuple(user, 2, (eg_val[]){eg_add(eg_item(x, 1), 1), eg_nothing()});
}

static eg_val count_then_cancel(void *user, eg_val x)
{
    eg_context *eg = user;
    eg_spec out = eg_scalar(EG_I64);
    eg_val n = eg_item(eg_loop(eg, 10, count_one, eg, eg_item(x, 0), eg_nothing()), 0);
    return eg_host(eg, "cancel", cancel_own, eg, 1, &n, 1, &out);
}

START_TEST(a_cancel_that_is_late_stops_the_next_call_of_the_run)
{
    eg_context *eg = test_open(_i);
    const eg_spec s = eg_scalar(EG_I64);
    eg_func *f = eg_trace(eg, "f", count_then_cancel, eg, 1, &s);
    test_fine(eg);
    int64_t n = 0;
    const void *in[] = {&n};
    void *out[] = {&n};
    for (int more = 0; more < 2; more++) {
        const eg_run_options o = {.more = more};
        ck_assert_int_eq(eg_call(f, NULL, in, out, &o), EG_OK);
        ck_assert_int_eq(eg_call(f, NULL, in, out, NULL), more ? EG_ERR_CANCELLED : EG_OK);
        eg_clear_error(eg);
        ck_assert_int_eq(n, more ? 30 : 20);
    }
    ck_assert_int_eq(eg_call(f, NULL, in, out, NULL), EG_OK); /* and no other one */
    test_close(eg);
}
END_TEST

/* In a process of its own, whose files may not grow: the second file does not find room, the first does. */
static int run_two_files(void)
{
    eg_context *eg = eg_open(&(eg_options){.threads = 1, .interpret = true});
    const int64_t one = 0;
    eg_monitor m[] = {{.key = "one", .variable = "A.V", .indices = &one, .num_indices = 1, .file = "run_found.npy"},
                      {.variable = "A.V", .file = "run_found_all.npy"}};
    eg_system *run = eg_dsrunner(scene_net(eg, 200), NULL, &(eg_dsrunner_options){.num_monitors = 2, .monitors = m});
    if (eg_run(run, 1, NULL)) return 1;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){4000, 4000});
    int wrong = eg_run(run, 2, NULL) != EG_ERR_IO || !strstr(eg_message(eg), "run_found_all.npy");
    eg_clear_error(eg);
    eg_array *old = eg_npy_read(eg, "run_found.npy");
    wrong |= !old || eg_array_spec(old).dim[0] != 10;
    eg_close(eg);
    return wrong;
}

START_TEST(of_two_files_none_is_replaced_when_one_cannot_be)
{
    pid_t child = fork();
    if (child == 0) _exit(run_two_files());
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert_int_eq(scene_files("run_found"), 2); /* no parts */
    remove("run_found.npy");
    remove("run_found_all.npy");
}
END_TEST

START_TEST(a_complete_file_takes_no_more_rows)
{
    eg_context *eg = test_open(1);
    eg_npy_stream *s = eg_npy_create(eg, "run_found.npy", eg_scalar(EG_F64));
    const double x[2] = {1, 2};
    ck_assert_int_eq(eg_npy_append(s, 2, x), EG_OK);
    ck_assert_int_eq(eg_npy_complete(s), EG_OK);
    ck_assert_int_eq(access("run_found.npy", F_OK), -1);
    ck_assert_int_eq(eg_npy_append(s, 2, x), EG_ERR_STATE);
    test_expect(eg, EG_ERR_STATE, "run_found.npy", "no more rows", NULL);
    ck_assert_ptr_null(eg_npy_rows(s, 1));
    test_expect(eg, EG_ERR_STATE, "no more rows", NULL);
    ck_assert_int_eq(eg_npy_finish(s), EG_OK);
    ck_assert_int_eq(eg_array_spec(eg_npy_read(eg, "run_found.npy")).dim[0], 2);
    remove("run_found.npy");
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("found");
    TCase *c = tcase_create("found");
    tcase_set_timeout(c, 0);
    tcase_add_loop_test(c, rows_of_another_shape_than_at_first_are_an_error, 0, WAYS);
    tcase_add_test(c, a_run_that_cannot_begin_has_no_rows);
    tcase_add_loop_test(c, shared_numbers_are_still_there_after_a_reset, 0, WAYS);
    tcase_add_test(c, two_monitors_do_not_write_one_file);
    tcase_add_test(c, a_slow_monitor_does_not_keep_a_file_in_memory);
    tcase_add_test(c, the_end_is_told_once);
    tcase_add_test(c, rows_are_put_only_where_room_was_given);
    tcase_add_test(c, a_block_that_is_too_large_leaves_the_state_as_it_was);
    tcase_add_loop_test(c, a_cancel_that_is_late_stops_the_next_call_of_the_run, 0, WAYS);
    tcase_add_test(c, of_two_files_none_is_replaced_when_one_cannot_be);
    tcase_add_test(c, a_complete_file_takes_no_more_rows);
    suite_add_tcase(s, c);
    return test_run(s);
}
