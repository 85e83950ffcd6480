/* Archives of arrays: written and read back, written by others, damaged. */
#include <engram/io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "support/faulty.h"
#include "support/support.h"

static const char path[] = "test_npz.npz";
static eg_context *eg;

static void open_context(void) { eg = eg_open(NULL); }
static void close_context(void)
{
    eg_close(eg);
    remove(path);
    ck_assert_int_eq(parts_left("."), 0);
}

static void fails(bool ok, eg_status status, const char *message)
{
    ck_assert_msg(!ok && eg_error(eg) == status && strstr(eg_message(eg), message), "wanted '%s', got: %s", message,
                  eg_message(eg));
    eg_clear_error(eg);
}

/* -- round trips -------------------------------------------------------------------------------------------------- */

START_TEST(arrays_come_back_stored_and_deflated)
{
    enum { N = 100000 };
    float *V = malloc(N * sizeof *V);
    uint8_t *spike = calloc(N, 1);
    uint32_t noise = 1;
    for (int k = 0; k < N; k++) {
        noise = noise * 1664525 + 1013904223;
        memcpy(&V[k], &noise, 4);
        spike[k] = k % 100 == 0;
    }
    const int64_t step = -7;
    const eg_npz_item items[] = {{"E.V", eg_matrix(EG_F32, N / 100, 100), V}, {"E.spike", eg_vector(EG_BOOL, N), spike},
                                 {"step", eg_scalar(EG_I64), &step},          {"none", eg_matrix(EG_F64, 0, 3), NULL},
                                 {"\xCF\x84", eg_vector(EG_F32, 1), V},       {"z", eg_matrix(EG_C64, 3, N / 6), V},
                                 {"w", eg_vector(EG_C128, N / 4), V}};
    enum { ITEMS = sizeof items / sizeof *items };
    for (int level = 0; level <= 9; level += 3) {
        ck_assert_msg(eg_npz_write(eg, path, ITEMS, items, &(eg_npz_options){.level = level}) == EG_OK, "%s",
                      eg_message(eg));
        eg_npz *z = eg_npz_open(eg, path);
        ck_assert_msg(z != NULL, "%s", eg_message(eg));
        ck_assert_int_eq(eg_npz_count(z), ITEMS);
        for (int k = 0; k < ITEMS; k++) {
            ck_assert_str_eq(eg_npz_name(z, k), items[k].name);
            ck_assert(eg_npz_has(z, items[k].name));
            eg_array *a = eg_npz_read(z, items[k].name);
            ck_assert_msg(a != NULL, "%s", eg_message(eg));
            eg_spec s = eg_array_spec(a);
            size_t bytes = eg_dtype_size(s.dtype);
            ck_assert(s.dtype == items[k].spec.dtype && s.rank == items[k].spec.rank);
            for (int j = 0; j < s.rank; j++) {
                ck_assert_int_eq(s.dim[j], items[k].spec.dim[j]);
                bytes *= (size_t)s.dim[j];
            }
            if (bytes) ck_assert_mem_eq(eg_array_data(a), items[k].data, bytes);
        }
        eg_npz_close(z);
    }
    free(V);
    free(spike);
}
END_TEST

START_TEST(the_same_arrays_give_the_same_bytes)
{
    const float x[] = {1, 2};
    static uint8_t first[1000], second[1000];
    for (int level = 0; level <= 6; level += 6) {
        const eg_npz_item item = {"x", eg_vector(EG_F32, 2), x};
        ck_assert_int_eq(eg_npz_write(eg, path, 1, &item, &(eg_npz_options){level}), EG_OK);
        size_t n = file_get(path, first, sizeof first);
        ck_assert_int_eq(eg_npz_write(eg, path, 1, &item, &(eg_npz_options){level}), EG_OK);
        ck_assert_uint_eq(file_get(path, second, sizeof second), n);
        ck_assert_mem_eq(first, second, n);
    }
}
END_TEST

START_TEST(a_stored_archive_has_the_bytes_of_the_format)
{
    const float x[] = {1, 2};
    uint8_t got[600];
    ck_assert_int_eq(eg_npz_write(eg, path, 1, &(eg_npz_item){"x", eg_vector(EG_F32, 2), x}, NULL), EG_OK);
    size_t n = file_get(path, got, sizeof got);
    blob npy = npy_bytes(1,
                         "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
                         "                                                            \n",
                         x, 8);
    ck_assert_uint_eq(npy.n, 136);
    zip want = zip_bytes("x.npy", &npy, 0);
    /* the directory says Unix, and the mode of the file */
    memcpy(want.file.at + want.entry + 38, "\0\0\xA4\x81", 4);
    ck_assert_uint_eq(n, want.file.n);
    ck_assert_mem_eq(got, want.file.at, n);
}
END_TEST

START_TEST(seventy_thousand_arrays_need_zip64_and_come_back)
{
    enum { N = 70000 };
    eg_npz_item *items = malloc(N * sizeof *items);
    char(*names)[16] = malloc(N * sizeof *names);
    int32_t *x = malloc(N * sizeof *x);
    for (int k = 0; k < N; k++) {
        snprintf(names[k], sizeof names[k], "a%d", k);
        x[k] = k;
        items[k] = (eg_npz_item){names[k], eg_scalar(EG_I32), &x[k]};
    }
    ck_assert_msg(eg_npz_write(eg, path, N, items, NULL) == EG_OK, "%s", eg_message(eg));
    eg_npz *z = eg_npz_open(eg, path);
    ck_assert_msg(z != NULL, "%s", eg_message(eg));
    ck_assert_int_eq(eg_npz_count(z), N);
    for (int k = 0; k < N; k += 6999) {
        eg_array *a = eg_npz_read(z, names[k]);
        ck_assert_msg(a != NULL, "%s", eg_message(eg));
        ck_assert_int_eq(*(int32_t *)eg_array_data(a), k);
    }
    free(items);
    free(names);
    free(x);
}
END_TEST

/* -- what others write -------------------------------------------------------------------------------------------- */

static const char header[] = "{'descr': '<i4', 'fortran_order': False, 'shape': (30,), }\n";
static int32_t numbers[30];

static zip make(int how)
{
    for (int k = 0; k < 30; k++) numbers[k] = k / 3;
    blob npy = npy_bytes(1, header, numbers, sizeof numbers);
    return zip_bytes("counts.npy", &npy, how);
}

static eg_array *read_counts(const zip *z)
{
    eg_npz *open = eg_npz_parse(eg, "z.npz", z->file.at, z->file.n);
    eg_array *a = eg_npz_read(open, "counts");
    eg_npz_close(open);
    return a;
}

START_TEST(archives_of_others_are_read)
{
    for (int how = 0; how < 4; how++) {
        zip z = make(how);
        eg_array *a = read_counts(&z);
        ck_assert_msg(a != NULL, "%d: %s", how, eg_message(eg));
        ck_assert_mem_eq(eg_array_data(a), numbers, sizeof numbers);
        bytes_add(&z.file, "a comment", 9); /* behind the end */
        z.file.at[z.file.n - 11] = 9;
        ck_assert_msg(read_counts(&z) != NULL, "%d: %s", how, eg_message(eg));
    }
    blob npy = npy_bytes(1, header, numbers, sizeof numbers);
    zip other = zip_bytes("readme.txt", &npy, 0);
    eg_npz *z = eg_npz_parse(eg, NULL, other.file.at, other.file.n);
    ck_assert_msg(z != NULL, "%s", eg_message(eg));
    ck_assert_int_eq(eg_npz_count(z), 0);
    fails(eg_npz_read(z, "readme.txt"), EG_ERR_ARGUMENT, "'memory' has no array 'readme.txt'; there is none");
}
END_TEST

START_TEST(a_wrong_name_lists_what_there_is)
{
    const float x = 0;
    const eg_npz_item items[] = {{"E.V", eg_scalar(EG_F32), &x}, {"I.V", eg_scalar(EG_F32), &x}};
    ck_assert_int_eq(eg_npz_write(eg, path, 2, items, NULL), EG_OK);
    eg_npz *z = eg_npz_open(eg, path);
    fails(eg_npz_read(z, "V"), EG_ERR_ARGUMENT, "'test_npz.npz' has no array 'V'; there are: E.V, I.V");
    fails(eg_npz_read(z, NULL), EG_ERR_ARGUMENT, "no array 'NULL'");
    ck_assert(!eg_npz_has(z, "V") && !eg_npz_has(z, NULL) && !eg_npz_has(NULL, "V"));
    ck_assert_ptr_null(eg_npz_name(z, 2));
    ck_assert_ptr_null(eg_npz_name(z, -1));
}
END_TEST

/* -- damage ------------------------------------------------------------------------------------------------------- */

START_TEST(an_archive_cut_off_anywhere_is_an_error)
{
    for (int how = 0; how < 4; how++) {
        zip z = make(how);
        for (size_t n = 0; n < z.file.n; n++) {
            ck_assert_ptr_null(eg_npz_parse(eg, "z.npz", z.file.at, n));
            ck_assert_int_eq(eg_error(eg), EG_ERR_IO);
            eg_clear_error(eg);
        }
    }
}
END_TEST

/* Whatever byte is changed: an error, or what was there is read all the same (names, dates and the like). */
START_TEST(no_changed_byte_changes_what_is_read)
{
    for (int how = 0; how < 4; how++) {
        const zip good = make(how);
        int errors = 0;
        for (size_t n = 0; n < good.file.n; n++) {
            for (int bit = 0; bit < 8; bit++) {
                zip z = good;
                z.file.at[n] ^= (uint8_t)(1 << bit);
                eg_array *a = read_counts(&z);
                errors += !a;
                ck_assert(!a == (eg_error(eg) != EG_OK) || !eg_npz_count(NULL));
                if (a) {
                    ck_assert_int_eq(eg_array_spec(a).dim[0], 30);
                    ck_assert_mem_eq(eg_array_data(a), numbers, sizeof numbers);
                }
                eg_clear_error(eg);
            }
        }
        ck_assert_int_gt(errors, 1000);
    }
}
END_TEST

static void change(int how, char record, size_t at, int width, uint64_t x, const char *message)
{
    zip z = make(how);
    size_t start = record == 'l' ? z.local : record == 'e' ? z.entry : z.end;
    for (int k = 0; k < width; k++) z.file.at[start + at + (size_t)k] = (uint8_t)(x >> 8 * k);
    fails(read_counts(&z) != NULL, EG_ERR_IO, message);
}

START_TEST(what_is_wrong_with_an_archive_is_said)
{
    change(0, 'l', 0, 4, 0, "not what the directory says");
    change(0, 'l', 26, 2, 3, "not what the directory says");
    change(0, 'l', 28, 2, 60000, "reach into the directory");
    change(0, 'l', 60, 1, 0, "array 'counts'");
    change(0, 'l', 130, 1, 77, "checksum");
    change(1, 'l', 60, 2, 0xFFFF, "array 'counts'");
    change(0, 'e', 0, 4, 0, "directory is damaged");
    change(0, 'e', 8, 2, 1, "is encrypted");
    change(0, 'e', 10, 2, 12, "compressed by method 12");
    change(1, 'e', 16, 4, 0, "checksum");
    change(0, 'e', 20, 4, 0x7FFFFFFF, "do not lie in front of the directory");
    change(1, 'e', 24, 4, 0x7FFFFFFF, "cannot become 2147483647");
    change(1, 'e', 24, 4, 10, "59 bytes; 0 follow"); /* less than there is */
    change(1, 'e', 24, 4, 400, "");
    change(0, 'e', 20, 4, 0xFFFFFFFF, "zip64 sizes of a member are missing");
    change(0, 'e', 28, 2, 60000, "directory is cut off");
    change(0, 'e', 42, 4, 0xFFFFFF, "do not lie in front of the directory");
    change(0, 'e', 48, 1, 0, "contains a zero byte");
    change(0, 'z', 4, 2, 1, "one volume of several");
    change(0, 'z', 10, 2, 2, "one volume of several");
    change(0, 'z', 12, 4, 5, "its directory is to have 1 members in 5 bytes");
    change(0, 'z', 16, 4, 0xFFFFFFFE, "its directory is to have");
    change(0, 'z', 16, 4, 0xFFFFFFFF, "zip64 locator is missing");
    change(2, 'z', (size_t)-20, 4, 0, "zip64 locator is missing");
    change(2, 'z', (size_t)-12, 8, UINT64_MAX, "lies behind its locator");
    change(2, 'z', (size_t)-76, 4, 0, "zip64 end is damaged");
    change(2, 'z', (size_t)-44, 8, 2, "zip64 end is damaged");
    change(2, 'e', 56, 2, 7, "zip64 sizes of a member are missing");
    change(2, 'e', 58, 2, 3, "zip64 sizes of a member are cut off");
}
END_TEST

START_TEST(a_name_that_stands_twice_is_an_error)
{
    zip z = make(0);
    blob twice = {.n = 0};
    bytes_add(&twice, z.file.at, z.end);
    bytes_add(&twice, z.file.at + z.entry, z.end - z.entry);
    bytes_add(&twice, z.file.at + z.end, 22);
    uint8_t *end = twice.at + twice.n - 22;
    end[8] = end[10] = 2;
    end[12] = (uint8_t)(2 * end[12]);
    fails(eg_npz_parse(eg, "z.npz", twice.at, twice.n), EG_ERR_IO, "two arrays 'counts'");
}
END_TEST

/* A small file that claims to become large: nothing of that size is taken before it is seen. */
START_TEST(a_bomb_is_bounded_by_what_deflate_can_give)
{
    change(1, 'e', 24, 4, 0xFFFFFFF0, "cannot become 4294967280");
    zip z = make(3);
    size_t extra = z.entry + 46 + strlen("counts.npy") + 4;
    for (int k = 0; k < 8; k++) z.file.at[extra + (size_t)k] = k == 6 ? 1 : 0; /* 2^48 */
    fails(read_counts(&z) != NULL, EG_ERR_IO, "cannot become 281474976710656");
}
END_TEST

/* -- arguments ---------------------------------------------------------------------------------------------------- */

START_TEST(wrong_arguments_are_errors_and_write_nothing)
{
    const float x = 1;
    eg_npz_item item = {"x", eg_scalar(EG_F32), &x};
    static const char *const names[] = {NULL, "", "/x", "../x", "a\\b", "a\nb", "a\x7F"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        item.name = names[k];
        fails(!eg_npz_write(eg, path, 1, &item, NULL), EG_ERR_ARGUMENT, "a name ");
    }
    item.name = "x";
    const eg_npz_item two[] = {item, {"y", eg_scalar(EG_F32), &x}, item};
    fails(!eg_npz_write(eg, path, 3, two, NULL), EG_ERR_ARGUMENT, "two items 'x'");
    fails(!eg_npz_write(eg, path, 1, &item, &(eg_npz_options){10}), EG_ERR_ARGUMENT, "level goes from 0 to 9");
    fails(!eg_npz_write(eg, path, -1, &item, NULL), EG_ERR_ARGUMENT, "no items");
    fails(!eg_npz_write(eg, path, 1, NULL, NULL), EG_ERR_ARGUMENT, "no items");
    fails(!eg_npz_write(eg, NULL, 1, &item, NULL), EG_ERR_ARGUMENT, "no path");
    fails(!eg_npz_write(eg, "missing/x.npz", 1, &item, NULL), EG_ERR_IO, "No such file");
    item.data = NULL;
    fails(!eg_npz_write(eg, path, 1, &item, NULL), EG_ERR_ARGUMENT, "'x': the data is NULL");
    item.spec.rank = 9;
    fails(!eg_npz_write(eg, path, 1, &item, NULL), EG_ERR_ARGUMENT, "'x': the type or shape");
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(eg_npz_write(NULL, path, 0, NULL, NULL), EG_ERR_ARGUMENT);
    ck_assert_ptr_null(eg_npz_open(NULL, path));
    fails(eg_npz_open(eg, path), EG_ERR_IO, "No such file");
    fails(eg_npz_parse(eg, "z", NULL, 5), EG_ERR_ARGUMENT, "NULL");
    ck_assert_ptr_null(eg_npz_read(NULL, "x"));
    eg_npz_close(NULL);
    ck_assert_int_eq(eg_npz_write(eg, path, 0, NULL, NULL), EG_OK); /* an empty archive is one */
    ck_assert_int_eq(eg_npz_count(eg_npz_open(eg, path)), 0);
}
END_TEST

/* -- memory ------------------------------------------------------------------------------------------------------- */

static bool write_and_read(eg_context *other)
{
    static const float x[1000] = {1, 2, 3};
    const eg_npz_item items[] = {{"x", eg_vector(EG_F32, 1000), x}, {"y", eg_matrix(EG_F32, 10, 100), x}};
    eg_npy_stream *s = eg_npy_create(other, "test_npz.npy", eg_vector(EG_F32, 10));
    eg_npy_append(s, 100, x);
    eg_npy_finish(s);
    eg_npz_write(other, path, 2, items, &(eg_npz_options){6});
    eg_npz *z = eg_npz_open(other, path);
    eg_array *a = eg_npz_read(z, "x"), *b = eg_npz_read(z, "y"), *c = eg_npy_read(other, "test_npz.npy");
    eg_npz_close(z);
    return a && b && c && !memcmp(eg_array_data(a), x, sizeof x) && !memcmp(eg_array_data(c), x, sizeof x);
}

START_TEST(every_allocation_may_fail)
{
    faulty_every(write_and_read);
    remove("test_npz.npy");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("npz");
    TCase *c = tcase_create("npz");
    tcase_add_checked_fixture(c, open_context, close_context);
    tcase_set_timeout(c, 0);
    tcase_add_test(c, arrays_come_back_stored_and_deflated);
    tcase_add_test(c, the_same_arrays_give_the_same_bytes);
    tcase_add_test(c, a_stored_archive_has_the_bytes_of_the_format);
    tcase_add_test(c, seventy_thousand_arrays_need_zip64_and_come_back);
    tcase_add_test(c, archives_of_others_are_read);
    tcase_add_test(c, a_wrong_name_lists_what_there_is);
    tcase_add_test(c, an_archive_cut_off_anywhere_is_an_error);
    tcase_add_test(c, no_changed_byte_changes_what_is_read);
    tcase_add_test(c, what_is_wrong_with_an_archive_is_said);
    tcase_add_test(c, a_name_that_stands_twice_is_an_error);
    tcase_add_test(c, a_bomb_is_bounded_by_what_deflate_can_give);
    tcase_add_test(c, wrong_arguments_are_errors_and_write_nothing);
    tcase_add_test(c, every_allocation_may_fail);
    suite_add_tcase(s, c);
    return test_run(s);
}
