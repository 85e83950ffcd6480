/* Files of NumPy arrays: the bytes of the format, what cannot be written, growing files. */
#include <engram/io.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"
#include "support/support.h"

static const char path[] = "test_npy.npy";

static void check(eg_spec spec, const void *data, size_t bytes, const char *text)
{
    eg_context *eg = eg_open(NULL);
    ck_assert_msg(eg_npy_write(eg, path, spec, data) == EG_OK, "%s", eg_message(eg));
    unsigned char got[600];
    size_t n = file_get(path, got, sizeof got), header = n - bytes;
    ck_assert_uint_eq(header % 64, 0);
    ck_assert_mem_eq(got, "\x93NUMPY\x01\x00", 8);
    ck_assert_uint_eq((size_t)got[8] + 256 * (size_t)got[9], header - 10);
    ck_assert_mem_eq(got + 10, text, strlen(text));
    for (size_t k = 10 + strlen(text); k < header - 1; k++) ck_assert_int_eq(got[k], ' ');
    ck_assert_int_eq(got[header - 1], '\n');
    if (bytes) ck_assert_mem_eq(got + header, data, bytes);
    eg_array *a = eg_npy_read(eg, path);
    ck_assert_msg(a != NULL, "%s", eg_message(eg));
    eg_spec back = eg_array_spec(a);
    ck_assert(back.dtype == spec.dtype && back.rank == spec.rank);
    for (int k = 0; k < spec.rank; k++) ck_assert_int_eq(back.dim[k], spec.dim[k]);
    if (bytes) ck_assert_mem_eq(eg_array_data(a), data, bytes);
    remove(path);
    eg_close(eg);
}

START_TEST(files_have_the_format_of_numpy)
{
    const int32_t pairs[] = {1, 2, 3, 4, 5, 6};
    const double x = 1.5;
    const float f[4] = {1, 2, 3, 4};
    const int64_t l[2] = {-1, 1};
    check(eg_matrix(EG_I32, 3, 2), pairs, 24, "{'descr': '<i4', 'fortran_order': False, 'shape': (3, 2), }");
    check(eg_scalar(EG_F64), &x, 8, "{'descr': '<f8', 'fortran_order': False, 'shape': (), }");
    check(eg_vector(EG_F32, 4), f, 16, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }");
    check(eg_vector(EG_I64, 2), l, 16, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }");
    check(eg_vector(EG_U32, 2), pairs, 8, "{'descr': '<u4', 'fortran_order': False, 'shape': (2,), }");
    check(eg_vector(EG_BOOL, 3), "\0\1\1", 3, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }");
    const double pair[] = {2, 3};
    check(eg_vector(EG_C64, 2), f, 16, "{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }");
    check(eg_scalar(EG_C128), pair, 16, "{'descr': '<c16', 'fortran_order': False, 'shape': (), }");
    check(eg_matrix(EG_F32, 0, 7), NULL, 0, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7), }");
    check((eg_spec){.dtype = EG_BOOL, .rank = 6, .dim = {1, 1, 1, 1, 1, 2}}, "\0\1", 2,
          "{'descr': '|b1', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 2), }");
}
END_TEST

START_TEST(a_file_that_is_there_is_replaced)
{
    check(eg_vector(EG_F32, 1), "abcd", 4, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }");
    file_put(path, "something longer than what comes", 32);
    check(eg_vector(EG_F32, 1), "abcd", 4, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }");
}
END_TEST

START_TEST(what_cannot_be_written_is_an_error_and_leaves_nothing)
{
    eg_context *eg = eg_open(NULL);
    const float x = 1;
    ck_assert_int_eq(eg_npy_write(eg, "no_such_folder/x.npy", eg_scalar(EG_F32), &x), EG_ERR_IO);
    ck_assert_msg(strstr(eg_message(eg), "'no_such_folder/x.npy' cannot be written: No such file"), "%s",
                  eg_message(eg));
    ck_assert_msg(strstr(eg_message(eg), "test_npy.c"), "%s", eg_message(eg));
    eg_clear_error(eg);
    rmdir("test_npy.folder");                            /* of a run that failed */
    ck_assert_int_eq(mkdir("test_npy.folder", 0777), 0); /* a folder stands where the file should */
    ck_assert_int_eq(eg_npy_write(eg, "test_npy.folder", eg_scalar(EG_F32), &x), EG_ERR_IO);
    eg_clear_error(eg);
    ck_assert_int_eq(eg_npy_write(eg, "test_npy.folder/", eg_scalar(EG_F32), &x), EG_ERR_IO);
    eg_clear_error(eg);
    ck_assert_int_eq(parts_left("."), 0);
    ck_assert_int_eq(parts_left("test_npy.folder"), 0);
    ck_assert_int_eq(rmdir("test_npy.folder"), 0);
    ck_assert_int_eq(eg_npy_write(eg, "/dev/null", eg_scalar(EG_F32), &x), EG_ERR_IO); /* not replaced by a file */
    ck_assert_msg(strstr(eg_message(eg), "no regular file"), "%s", eg_message(eg));
    struct stat info;
    ck_assert(!stat("/dev/null", &info) && S_ISCHR(info.st_mode));
    eg_close(eg);
}
END_TEST

/* Runs fn in a child that may write files of 4 KiB, as on a disk that is nearly full; its exit status. */
static int on_a_small_disk(int (*fn)(void))
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, 4096});
        _exit(fn());
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int write_large(void)
{
    static const float x[3000];
    eg_context *eg = eg_open(NULL);
    int wrong = eg_npy_write(eg, path, eg_vector(EG_F32, 3000), x) != EG_ERR_IO || !strstr(eg_message(eg), "too large");
    eg_clear_error(eg);
    wrong |= eg_npz_write(eg, path, 1, &(eg_npz_item){"x", eg_vector(EG_F32, 3000), x}, NULL) != EG_ERR_IO;
    eg_close(eg);
    return wrong;
}

static int stream_large(void)
{
    static const float x[3000];
    eg_context *eg = eg_open(NULL);
    eg_npy_stream *s = eg_npy_create(eg, path, eg_scalar(EG_F32));
    for (int k = 0; k < 100; k++) eg_npy_append(s, 3000, x);
    int wrong = eg_error(eg) != EG_ERR_IO;
    wrong |= eg_npy_finish(s) != EG_ERR_IO;
    eg_close(eg);
    return wrong;
}

START_TEST(a_full_disk_is_an_error_and_the_old_file_stays)
{
    file_put(path, "old", 3);
    ck_assert_int_eq(on_a_small_disk(write_large), 0);
    ck_assert_int_eq(on_a_small_disk(stream_large), 0);
    char old[8];
    ck_assert_uint_eq(file_get(path, old, sizeof old), 3);
    ck_assert_mem_eq(old, "old", 3);
    ck_assert_int_eq(parts_left("."), 0);
    remove(path);
}
END_TEST

START_TEST(wrong_arguments_are_errors)
{
    eg_context *eg = eg_open(NULL);
    const float x = 1;
    ck_assert_int_eq(eg_npy_write(NULL, path, eg_scalar(EG_F32), &x), EG_ERR_ARGUMENT);
    ck_assert_ptr_null(eg_npy_read(NULL, path));
    ck_assert_ptr_null(eg_npy_create(NULL, path, eg_scalar(EG_F32)));
    const eg_spec wrong[] = {{.dtype = EG_F32, .rank = -1},
                             {.dtype = EG_F32, .rank = 7},
                             {.dtype = EG_DTYPE_COUNT},
                             eg_vector(EG_F32, -1),
                             eg_matrix(EG_F64, INT64_MAX, INT64_MAX)};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        ck_assert_int_eq(eg_npy_write(eg, path, wrong[k], &x), EG_ERR_ARGUMENT);
        eg_clear_error(eg);
        ck_assert_ptr_null(eg_npy_create(eg, path, wrong[k]));
        ck_assert_int_eq(eg_error(eg), EG_ERR_ARGUMENT);
        eg_clear_error(eg);
    }
    ck_assert_int_eq(eg_npy_write(eg, NULL, eg_scalar(EG_F32), &x), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_npy_write(eg, path, eg_scalar(EG_F32), &x), EG_ERR_ARGUMENT); /* the error sticks */
    eg_clear_error(eg);
    ck_assert_int_eq(eg_npy_write(eg, "", eg_scalar(EG_F32), &x), EG_ERR_ARGUMENT);
    eg_clear_error(eg);
    ck_assert_int_eq(eg_npy_write(eg, path, eg_scalar(EG_F32), NULL), EG_ERR_ARGUMENT);
    eg_clear_error(eg);
    ck_assert_int_eq(eg_write_file(eg, path, NULL, 1), EG_ERR_ARGUMENT);
    eg_clear_error(eg);
    ck_assert_ptr_null(eg_npy_create(eg, path, (eg_spec){.dtype = EG_F32, .rank = 6}));
    ck_assert_int_eq(eg_error(eg), EG_ERR_SHAPE);
    eg_clear_error(eg);
    ck_assert_ptr_null(eg_npy_read(eg, NULL));
    eg_clear_error(eg);
    ck_assert_ptr_null(eg_npy_parse(eg, NULL, NULL, 1));
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(parts_left("."), 0);
    eg_close(eg);
}
END_TEST

/* -- growing files ------------------------------------------------------------------------------------------------ */

START_TEST(a_stream_gives_the_file_of_all_its_rows)
{
    eg_context *eg = eg_open(NULL);
    enum { ROWS = 40000, WIDTH = 3 };
    int32_t *x = malloc(sizeof *x * ROWS * WIDTH);
    for (int k = 0; k < ROWS * WIDTH; k++) x[k] = k * 7;
    eg_npy_stream *s = eg_npy_create(eg, path, eg_vector(EG_I32, WIDTH));
    int64_t done = 0;
    for (int64_t n = 0; done < ROWS; n = n * 3 + 1) { /* none, one, some, more than the buffer */
        if (n > ROWS - done) n = ROWS - done;
        ck_assert_int_eq(eg_npy_append(s, n, x + done * WIDTH), EG_OK);
        done += n;
    }
    ck_assert_int_ne(access(path, F_OK), 0); /* not before it is whole */
    ck_assert_msg(eg_npy_finish(s) == EG_OK, "%s", eg_message(eg));
    eg_array *a = eg_npy_read(eg, path);
    ck_assert_msg(a != NULL, "%s", eg_message(eg));
    ck_assert_int_eq(eg_array_spec(a).dim[0], ROWS);
    ck_assert_int_eq(eg_array_spec(a).dim[1], WIDTH);
    ck_assert_mem_eq(eg_array_data(a), x, sizeof *x * ROWS * WIDTH);
    remove(path);
    free(x);
    eg_close(eg);
}
END_TEST

START_TEST(a_stream_that_is_not_finished_leaves_no_file)
{
    eg_context *eg = eg_open(NULL);
    const float x[4] = {0};
    eg_npy_stream *s = eg_npy_create(eg, path, eg_scalar(EG_F32)), *t = eg_npy_create(eg, path, eg_scalar(EG_F32));
    ck_assert_int_eq(eg_npy_append(s, 4, x), EG_OK);
    ck_assert_int_eq(parts_left("."), 2);
    eg_npy_discard(s);
    ck_assert_int_eq(eg_npy_append(t, -1, x), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_npy_append(t, 1, x), EG_ERR_ARGUMENT);
    eg_close(eg);
    ck_assert_int_eq(parts_left("."), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    eg_npy_discard(NULL);
    ck_assert_int_eq(eg_npy_append(NULL, 1, x), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_npy_finish(NULL), EG_ERR_ARGUMENT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("npy");
    TCase *c = tcase_create("npy");
    tcase_add_test(c, files_have_the_format_of_numpy);
    tcase_add_test(c, a_file_that_is_there_is_replaced);
    tcase_add_test(c, what_cannot_be_written_is_an_error_and_leaves_nothing);
    tcase_add_test(c, a_full_disk_is_an_error_and_the_old_file_stays);
    tcase_add_test(c, wrong_arguments_are_errors);
    tcase_add_test(c, a_stream_gives_the_file_of_all_its_rows);
    tcase_add_test(c, a_stream_that_is_not_finished_leaves_no_file);
    suite_add_tcase(s, c);
    return test_run(s);
}
