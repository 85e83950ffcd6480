/* Records that go to files while the run goes on. */
#include "scene.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char *const path = "run_files_V.npy", *const spikes = "run_files_spikes.npy";

static eg_system *watch(eg_system *net, int num, const eg_monitor *m)
{
    static const eg_input in = {.variable = "A.input", .value = 1};
    return eg_dsrunner(net, NULL,
                       &(eg_dsrunner_options){.num_monitors = num, .monitors = m, .num_inputs = 1, .inputs = &in});
}

static void check_same(eg_context *eg, const char *file, eg_history want)
{
    eg_array *a = eg_npy_read(eg, file);
    ck_assert_msg(a != NULL, "%s", eg_message(eg));
    eg_spec s = eg_array_spec(a);
    ck_assert_int_eq(s.dtype, want.spec.dtype);
    ck_assert_int_eq(s.rank, want.spec.rank);
    size_t bytes = eg_dtype_size(s.dtype);
    for (int k = 0; k < s.rank; k++) {
        ck_assert_int_eq(s.dim[k], want.spec.dim[k]);
        bytes *= (size_t)s.dim[k];
    }
    if (bytes) ck_assert_mem_eq(eg_array_data(a), want.data, bytes);
}

START_TEST(a_file_holds_what_memory_would)
{
    static const int64_t every[] = {1, 10, 4}; /* 4 beside 10: thinned out of every 2nd */
    for (int k = 0; k < 3; k++) {
        eg_context *eg = test_open(_i);
        eg_monitor m[] = {
            {.key = "memory", .variable = "A.V", .every = every[k]},
            {.key = "file", .variable = "A.V", .every = every[k], .file = path},
            {.key = "pairs", .variable = "A.spike", .events = true, .every = every[k]},
            {.key = "pairs_file", .variable = "A.spike", .events = true, .every = every[k], .file = spikes},
            {.key = "other", .variable = "A.V", .every = 10}};
        eg_system *run = watch(scene_net(eg, 700), 5, m);
        for (int again = 0; again < 2; again++) { /* the second run's file replaces the first's */
            ck_assert_msg(eg_run(run, 100.3, NULL) == EG_OK, "%s", eg_message(eg));
            check_same(eg, path, eg_history_of(run, "memory"));
            check_same(eg, spikes, eg_history_of(run, "pairs"));
            eg_history file = eg_history_of(run, "file");
            ck_assert_ptr_null(file.data);
            ck_assert_int_eq(file.spec.dim[0], 1003 / every[k]);
        }
        ck_assert_int_eq(scene_files("run_files"), 2);
        test_close(eg);
        remove(path);
        remove(spikes);
    }
}
END_TEST

START_TEST(a_run_of_no_steps_writes_a_file_of_no_rows)
{
    eg_context *eg = test_open(1);
    eg_monitor m = {.variable = "A.V", .file = path};
    eg_system *run = watch(scene_net(eg, 3), 1, &m);
    eg_run(run, 0, NULL);
    eg_array *a = eg_npy_read(eg, path);
    ck_assert_int_eq(eg_array_spec(a).dim[0], 0);
    ck_assert_int_eq(eg_array_spec(a).dim[1], 3);
    test_close(eg);
    remove(path);
}
END_TEST

START_TEST(memory_does_not_grow_with_the_length_of_a_file)
{
    eg_context *eg = test_open(1);
    eg_monitor m = {.variable = "A.V", .file = path};
    eg_system *run = watch(scene_net(eg, 1000), 1, &m);
    eg_run(run, 1000, NULL); /* 80 MB */
    size_t before = test_resident();
    eg_run(run, 2000, NULL);
    ck_assert_uint_lt(test_resident(), before + (8 << 20));
    struct stat s;
    ck_assert_int_eq(stat(path, &s), 0);
    ck_assert_int_gt(s.st_size, 20000LL * 1000 * 8);
    test_close(eg);
    remove(path);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_an_error_before_anything_runs)
{
    eg_context *eg = test_open(_i);
    static const char *const wrong[] = {"no_such_folder/V.npy", "/", "."};
    for (int k = 0; k < 3; k++) {
        eg_monitor m[] = {{.key = "good", .variable = "A.V", .file = path}, {.variable = "A.V", .file = wrong[k]}};
        char name[4] = {'n', (char)('0' + k), 0};
        eg_system *net = eg_network(eg, name, &(eg_network_options){.dtype = EG_F64});
        scene_group(net, "A", 3);
        eg_system *run = watch(net, 2, m);
        ck_assert_int_eq(eg_run(run, 1, NULL), EG_ERR_IO);
        test_expect(eg, EG_ERR_IO, wrong[k], "cannot be written", NULL);
        double V[3] = {9, 9, 9};
        eg_read(eg_system_variable(net, "A.V"), V, sizeof V);
        ck_assert_double_eq(V[0], 0);
        ck_assert_int_eq(scene_files("run_files"), 0); /* nor is the other one */
    }
    test_close(eg);
}
END_TEST

static int stop_at_once(void *user, const eg_run_progress *p)
{
    (void)user;
    return p->step > 0;
}

START_TEST(a_cancelled_run_leaves_the_old_file)
{
    eg_context *eg = test_open(_i);
    eg_monitor m = {.variable = "A.V", .file = path};
    eg_system *run = watch(scene_net(eg, 300), 1, &m);
    eg_run(run, 1, NULL);
    ck_assert_int_eq(eg_run(run, 1e5, &(eg_dsrun_options){.progress = stop_at_once}), EG_ERR_CANCELLED);
    eg_clear_error(eg);
    ck_assert_int_eq(scene_files("run_files"), 1);
    ck_assert_int_eq(eg_array_spec(eg_npy_read(eg, path)).dim[0], 10);
    test_close(eg);
    remove(path);
}
END_TEST

/* In a process of its own, whose files may not grow. */
static int run_on_a_small_disk(void)
{
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, 1 << 20});
    eg_context *eg = eg_open(&(eg_options){.threads = 1, .interpret = true});
    eg_monitor m = {.variable = "A.V", .file = path};
    eg_system *net = scene_net(eg, 3000), *run = watch(net, 1, &m);
    int wrong = eg_run(run, 100, NULL) != EG_ERR_IO || !strstr(eg_message(eg), "too large");
    eg_clear_error(eg);
    /* It ended between two pieces: the state is that of the last step done. */
    const int64_t *i0 = eg_data(NULL, eg_system_variable(run, "i0"));
    const double *V = eg_data(NULL, eg_system_variable(net, "A.V"));
    int64_t done = eg_steps_done(run);
    wrong |= done <= 0 || done >= 1000 || *i0 != done || V[0] != (double)done;
    eg_close(eg);
    return wrong;
}

START_TEST(a_disk_that_gets_full_ends_the_run_between_steps)
{
    pid_t child = fork();
    if (child == 0) _exit(run_on_a_small_disk());
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert_int_eq(scene_files("run_files"), 0);
}
END_TEST

int main(void)
{
    scene_remove_files("run_files");
    Suite *s = suite_create("files");
    TCase *c = tcase_create("files");
    tcase_add_loop_test(c, a_file_holds_what_memory_would, 0, WAYS);
    tcase_add_test(c, a_run_of_no_steps_writes_a_file_of_no_rows);
    tcase_add_test(c, memory_does_not_grow_with_the_length_of_a_file);
    tcase_add_loop_test(c, a_file_that_cannot_be_written_is_an_error_before_anything_runs, 0, WAYS);
    tcase_add_test(c, a_disk_that_gets_full_ends_the_run_between_steps);
    tcase_add_loop_test(c, a_cancelled_run_leaves_the_old_file, 0, WAYS);
    suite_add_tcase(s, c);
    return test_run(s);
}
