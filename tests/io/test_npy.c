/* Files of NumPy arrays: the bytes of the format, and what cannot be written. */
#include <engram/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/support.h"

static const char path[] = "test_npy.npy";

static size_t read_back(unsigned char *to, size_t size)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(to, 1, size, f);
    fclose(f);
    return n;
}

static void check(eg_spec spec, const void *data, size_t bytes, const char *text)
{
    eg_context *eg = eg_open(NULL);
    ck_assert_msg(eg_npy_write(eg, path, spec, data) == EG_OK, "%s", eg_message(eg));
    unsigned char got[600];
    size_t n = read_back(got, sizeof got), header = n - bytes;
    ck_assert_uint_eq(header % 64, 0);
    ck_assert_mem_eq(got, "\x93NUMPY\x01\x00", 8);
    ck_assert_uint_eq((size_t)got[8] + 256 * (size_t)got[9], header - 10);
    ck_assert_mem_eq(got + 10, text, strlen(text));
    for (size_t k = 10 + strlen(text); k < header - 1; k++) ck_assert_int_eq(got[k], ' ');
    ck_assert_int_eq(got[header - 1], '\n');
    if (bytes) ck_assert_mem_eq(got + header, data, bytes);
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
    check(eg_matrix(EG_F32, 0, 7), NULL, 0, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7), }");
    check((eg_spec){.dtype = EG_BOOL, .rank = 6, .dim = {1, 1, 1, 1, 1, 2}}, "\0\1", 2,
          "{'descr': '|b1', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 2), }");
}
END_TEST

START_TEST(a_file_that_is_there_is_replaced)
{
    check(eg_vector(EG_F32, 1), "abcd", 4, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }");
    FILE *f = fopen(path, "wb");
    fputs("something longer than what comes", f);
    fclose(f);
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
    ck_assert_int_eq(mkdir("test_npy.folder", 0777), 0); /* a folder stands where the file should */
    ck_assert_int_eq(eg_npy_write(eg, "test_npy.folder", eg_scalar(EG_F32), &x), EG_ERR_IO);
    ck_assert_int_eq(rmdir("test_npy.folder"), 0);
    char part[80];
    snprintf(part, sizeof part, "test_npy.folder.%ld.part", (long)getpid());
    ck_assert_int_ne(access(part, F_OK), 0);
    eg_close(eg);
}
END_TEST

START_TEST(wrong_arguments_are_errors)
{
    eg_context *eg = eg_open(NULL);
    const float x = 1;
    ck_assert_int_eq(eg_npy_write(NULL, path, eg_scalar(EG_F32), &x), EG_ERR_ARGUMENT);
    const eg_spec wrong[] = {{.dtype = EG_F32, .rank = -1},
                             {.dtype = EG_F32, .rank = 7},
                             {.dtype = EG_DTYPE_COUNT},
                             eg_vector(EG_F32, -1),
                             eg_matrix(EG_F64, INT64_MAX, INT64_MAX)};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        ck_assert_int_eq(eg_npy_write(eg, path, wrong[k], &x), EG_ERR_ARGUMENT);
        eg_clear_error(eg);
    }
    ck_assert_int_eq(eg_npy_write(eg, NULL, eg_scalar(EG_F32), &x), EG_ERR_ARGUMENT);
    eg_clear_error(eg);
    ck_assert_int_eq(eg_npy_write(eg, path, eg_scalar(EG_F32), NULL), EG_ERR_ARGUMENT);
    ck_assert_int_ne(access(path, F_OK), 0);
    eg_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("npy");
    TCase *c = tcase_create("npy");
    tcase_add_test(c, files_have_the_format_of_numpy);
    tcase_add_test(c, a_file_that_is_there_is_replaced);
    tcase_add_test(c, what_cannot_be_written_is_an_error_and_leaves_nothing);
    tcase_add_test(c, wrong_arguments_are_errors);
    suite_add_tcase(s, c);
    return test_run(s);
}
