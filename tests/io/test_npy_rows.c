/* Rows that a thread of the stream's own writes. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"
#include "engram/io.h"
#include "support/support.h"

static const char *const path = "rows.npy";

/* Blocks of growing sizes, of which not all is used, and appended rows between. */
static void fill(eg_npy_stream *s, int64_t rows)
{
    int64_t done = 0;
    for (int64_t n = 0; done < rows; n = n * 2 + 1) {
        if (n > rows - done) n = rows - done;
        int32_t(*to)[3] = eg_npy_rows(s, n + 5);
        ck_assert_ptr_nonnull(to);
        for (int64_t k = 0; k < n; k++) {
            for (int j = 0; j < 3; j++) to[k][j] = (int32_t)(3 * (done + k) + j);
        }
        ck_assert_int_eq(eg_npy_put(s, n), EG_OK);
        done += n;
        int32_t one[3] = {(int32_t)(3 * done), (int32_t)(3 * done + 1), (int32_t)(3 * done + 2)};
        if (done == rows) break;
        ck_assert_int_eq(eg_npy_append(s, 1, one), EG_OK);
        done++;
    }
}

START_TEST(rows_come_in_order_whoever_writes_them)
{
    enum { ROWS = 60001 };
    eg_context *eg = eg_open(NULL);
    eg_npy_stream *s = eg_npy_create(eg, path, eg_vector(EG_I32, 3));
    const int32_t first[3] = {0, 1, 2};
    if (_i) ck_assert_int_eq(eg_npy_append(s, 0, NULL), EG_OK);
    fill(s, ROWS);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_msg(eg_npy_finish(s) == EG_OK, "%s", eg_message(eg));
    eg_array *a = eg_npy_read(eg, path);
    ck_assert_int_eq(eg_array_spec(a).dim[0], ROWS);
    const int32_t *x = eg_array_data(a);
    int wrong = memcmp(x, first, sizeof first) != 0;
    for (int32_t k = 0; k < 3 * ROWS; k++) wrong += x[k] != k;
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(parts_left("."), 0);
    eg_close(eg);
    remove(path);
}
END_TEST

START_TEST(what_is_not_finished_leaves_nothing)
{
    for (int close = 0; close < 2; close++) {
        eg_context *eg = eg_open(NULL);
        eg_npy_stream *s = eg_npy_create(eg, path, eg_vector(EG_I32, 3));
        fill(s, 100000);
        if (!close) eg_npy_discard(s);
        eg_close(eg);
        ck_assert_int_ne(access(path, F_OK), 0);
        ck_assert_int_eq(parts_left("."), 0);
    }
}
END_TEST

START_TEST(wrong_numbers_of_rows_are_errors)
{
    eg_context *eg = eg_open(NULL);
    eg_npy_stream *s = eg_npy_create(eg, path, eg_vector(EG_F64, 4));
    ck_assert_ptr_null(eg_npy_rows(NULL, 1));
    ck_assert_int_eq(eg_npy_put(NULL, 1), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_npy_put(s, 0), EG_ERR_ARGUMENT); /* before any room */
    eg_clear_error(eg);
    static const int64_t wrong[] = {-1, INT64_MAX, INT64_MAX / 16};
    for (int k = 0; k < 3; k++) {
        ck_assert_ptr_null(eg_npy_rows(s, wrong[k]));
        ck_assert_int_eq(eg_error(eg), EG_ERR_ARGUMENT);
        eg_clear_error(eg);
    }
    ck_assert_ptr_nonnull(eg_npy_rows(s, 2));
    ck_assert_int_eq(eg_npy_put(s, 3), EG_ERR_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(eg_message(eg), "more than eg_npy_rows gave room for"));
    ck_assert_ptr_null(eg_npy_rows(s, 2)); /* the error sticks */
    ck_assert_int_eq(eg_npy_finish(s), EG_ERR_ARGUMENT);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(parts_left("."), 0);
    eg_close(eg);
}
END_TEST

/* In a process of its own, whose files may not grow. */
START_TEST(a_full_disk_is_found_by_the_next_rows)
{
    file_put(path, "old", 3);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){40960, 40960});
        eg_context *eg = eg_open(NULL);
        eg_npy_stream *s = eg_npy_create(eg, path, eg_vector(EG_F64, 100));
        int tries = 0;
        while (tries < 1000 && eg_npy_rows(s, 10)) {
            eg_npy_put(s, 10);
            tries++;
        }
        int wrong = eg_error(eg) != EG_ERR_IO || tries > 20 || !strstr(eg_message(eg), "too large");
        wrong |= eg_npy_finish(s) != EG_ERR_IO;
        eg_close(eg);
        _exit(wrong);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    char old[8];
    ck_assert_uint_eq(file_get(path, old, sizeof old), 3);
    ck_assert_int_eq(parts_left("."), 0);
    remove(path);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("npy rows");
    TCase *c = tcase_create("rows");
    tcase_add_loop_test(c, rows_come_in_order_whoever_writes_them, 0, 2);
    tcase_add_test(c, what_is_not_finished_leaves_nothing);
    tcase_add_test(c, wrong_numbers_of_rows_are_errors);
    tcase_add_test(c, a_full_disk_is_found_by_the_next_rows);
    suite_add_tcase(s, c);
    return test_run(s);
}
