/* File systems that fail: folders that cannot be written or disappear, no more descriptors, what is no file. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faulty.h"
#include "support/support.h"

static const float data[300] = {1, 2, 3};
static const char folder[] = "faults.folder", path[] = "faults.folder/x.npy";

/* Each way to write a file. */
static eg_status write_npy(eg_context *eg) { return eg_npy_write(eg, path, eg_vector(EG_F32, 300), data); }
static eg_status write_npz(eg_context *eg)
{
    return eg_npz_write(eg, path, 1, &(eg_npz_item){"x", eg_vector(EG_F32, 300), data}, NULL);
}
static eg_status write_bytes(eg_context *eg) { return eg_write_file(eg, path, data, sizeof data); }
static eg_status write_stream(eg_context *eg)
{
    eg_npy_stream *s = eg_npy_create(eg, path, eg_scalar(EG_F32));
    eg_npy_append(s, 300, data);
    eg_status status = eg_npy_finish(s);
    return s ? status : eg_error(eg);
}
static eg_status (*const ways[])(eg_context *eg) = {write_npy, write_npz, write_bytes, write_stream};

/* Number of ways that do not end in EG_ERR_IO with the path and this reason. */
static int wrong_ways(const char *reason)
{
    eg_context *eg = eg_open(NULL);
    int wrong = 0;
    for (int k = 0; k < 4; k++) {
        eg_status status = ways[k](eg);
        if (status != EG_ERR_IO || !strstr(eg_message(eg), path) || !strstr(eg_message(eg), reason)) {
            wrong++;
            fprintf(stderr, "%d: %s: %s\n", k, eg_status_text(status), eg_message(eg));
        }
        eg_clear_error(eg);
    }
    eg_close(eg);
    return wrong;
}

/* Runs fn in a child, whose limits and rights are its own; what it returns. */
static int apart(int (*fn)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        _exit(fn());
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

static int without_rights(void)
{
    if (geteuid() == 0 && setuid(65534)) return 100;
    return wrong_ways("Permission denied");
}

START_TEST(a_folder_that_may_not_be_written_is_an_error)
{
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(chmod(folder, 0555), 0);
    ck_assert_int_eq(apart(without_rights), 0);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing is in it */
}
END_TEST

static int without_descriptors(void)
{
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_NOFILE, &none)) return 100;
    int wrong = wrong_ways("Too many open files");
    eg_context *eg = eg_open(NULL);
    wrong += eg_npy_read(eg, "faults.there.npy") != NULL || eg_error(eg) != EG_ERR_IO;
    eg_clear_error(eg);
    wrong += eg_npz_open(eg, "faults.there.npy") != NULL || eg_error(eg) != EG_ERR_IO;
    eg_close(eg);
    return wrong;
}

START_TEST(no_more_descriptors_is_an_error)
{
    eg_context *eg = eg_open(NULL);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(eg_npy_write(eg, "faults.there.npy", eg_vector(EG_F32, 300), data), EG_OK);
    eg_close(eg);
    ck_assert_int_eq(apart(without_descriptors), 0);
    ck_assert_int_eq(remove("faults.there.npy"), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(a_device_is_not_written_and_not_replaced)
{
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(symlink("/dev/full", path), 0);
    ck_assert_int_eq(wrong_ways("no regular file"), 0);
    struct stat info;
    ck_assert(!stat(path, &info) && S_ISCHR(info.st_mode)); /* the link is still there */
    ck_assert_int_eq(remove(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(a_folder_may_disappear_while_a_stream_grows)
{
    eg_context *eg = eg_open(NULL);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    eg_npy_stream *s = eg_npy_create(eg, path, eg_scalar(EG_F32));
    ck_assert_int_eq(eg_npy_append(s, 300, data), EG_OK);
    ck_assert_int_eq(rename(folder, "faults.elsewhere"), 0);
    ck_assert_int_eq(eg_npy_append(s, 300, data), EG_OK); /* the open file is still there */
    ck_assert_int_eq(eg_npy_finish(s), EG_ERR_IO);
    ck_assert_msg(strstr(eg_message(eg), path) && strstr(eg_message(eg), "No such file"), "%s", eg_message(eg));
    eg_clear_error(eg);
    ck_assert_int_eq(wrong_ways("No such file"), 0);
    ck_assert_int_eq(rename("faults.elsewhere", folder), 0);
    ck_assert_int_eq(write_npy(eg), EG_OK); /* and the next try works */
    ck_assert_int_eq(remove(path), 0);
    /* The part could not be removed where it had been moved to; it is all that is left. */
    char part[100];
    snprintf(part, sizeof part, "%s.%ld.0.part", path, (long)getpid());
    ck_assert_int_eq(remove(part), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    eg_close(eg);
}
END_TEST

/* Reads whatever is there: an error within the time of alarm(). */
static int read_odd_things(void)
{
    static const char *const odd[] = {"faults.folder", "faults.folder/none", "faults.folder/pipe", "/dev/zero",
                                      "/dev/null",     "/dev/full",          "faults.folder/loop"};
    eg_context *eg = eg_open(NULL);
    int wrong = 0;
    for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
        wrong += eg_npy_read(eg, odd[k]) != NULL || eg_error(eg) != EG_ERR_IO || !strstr(eg_message(eg), odd[k]);
        if (wrong) fprintf(stderr, "%s: %s\n", odd[k], eg_message(eg));
        eg_clear_error(eg);
        wrong += eg_npz_open(eg, odd[k]) != NULL || eg_error(eg) != EG_ERR_IO;
        eg_clear_error(eg);
    }
    eg_close(eg);
    return wrong;
}

START_TEST(what_is_no_file_is_not_read)
{
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(mkfifo("faults.folder/pipe", 0666), 0);
    ck_assert_int_eq(symlink("loop", "faults.folder/loop"), 0);
    ck_assert_int_eq(apart(read_odd_things), 0);
    ck_assert_int_eq(remove("faults.folder/pipe"), 0);
    ck_assert_int_eq(remove("faults.folder/loop"), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("files");
    TCase *t = tcase_create("files");
    tcase_add_test(t, a_folder_that_may_not_be_written_is_an_error);
    tcase_add_test(t, no_more_descriptors_is_an_error);
    tcase_add_test(t, a_device_is_not_written_and_not_replaced);
    tcase_add_test(t, a_folder_may_disappear_while_a_stream_grows);
    tcase_add_test(t, what_is_no_file_is_not_read);
    suite_add_tcase(s, t);
    return test_run(s);
}
