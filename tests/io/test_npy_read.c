/* Reading .npy: every type and order, and everything that can be wrong with such a file. */
#include <engram/io.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "support/support.h"

static eg_context *eg;

static void open_context(void) { eg = eg_open(NULL); }
static void close_context(void) { eg_close(eg); }

static eg_array *parse(int major, const char *text, const void *data, size_t n)
{
    blob b = npy_bytes(major, text, data, n);
    return eg_npy_parse(eg, "x.npy", b.at, b.n);
}

/* An array of one axis, of that type in the file and that in Engram. */
static void check(const char *type, const void *data, size_t bytes, int64_t num, eg_dtype dtype, const void *want)
{
    char text[120];
    snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (%d,), }\n", type, (int)num);
    eg_array *a = parse(1, text, data, bytes);
    ck_assert_msg(a != NULL, "%s: %s", type, eg_message(eg));
    eg_spec s = eg_array_spec(a);
    ck_assert_msg(s.dtype == dtype && s.rank == 1 && s.dim[0] == num, "%s", type);
    ck_assert_msg(!memcmp(eg_array_data(a), want, (size_t)num * eg_dtype_size(dtype)), "%s", type);
}

START_TEST(every_type_is_read_in_both_byte_orders)
{
    check("|b1", "\0\1\1", 3, 3, EG_BOOL, "\0\1\1");
    check("|i1", "\0\x7F\x80\xFF", 4, 4, EG_I32, (int32_t[]){0, 127, -128, -1});
    check("|u1", "\0\x7F\x80\xFF", 4, 4, EG_U32, (uint32_t[]){0, 127, 128, 255});
    check("<i2", "\1\2\xFE\xFF", 4, 2, EG_I32, (int32_t[]){0x0201, -2});
    check(">i2", "\1\2\xFF\xFE", 4, 2, EG_I32, (int32_t[]){0x0102, -2});
    check("<u2", "\1\2\xFE\xFF", 4, 2, EG_U32, (uint32_t[]){0x0201, 0xFFFE});
    check(">u2", "\1\2\xFF\xFE", 4, 2, EG_U32, (uint32_t[]){0x0102, 0xFFFE});
    check("<i4", "\1\2\3\4", 4, 1, EG_I32, (int32_t[]){0x04030201});
    check("=i4", "\1\2\3\4", 4, 1, EG_I32, (int32_t[]){0x04030201});
    check(">i4", "\1\2\3\4", 4, 1, EG_I32, (int32_t[]){0x01020304});
    check("<u4", "\1\2\3\xF4", 4, 1, EG_U32, (uint32_t[]){0xF4030201});
    check(">u4", "\xF1\2\3\4", 4, 1, EG_U32, (uint32_t[]){0xF1020304});
    check("<i8", "\1\2\3\4\5\6\7\xF8", 8, 1, EG_I64, (uint64_t[]){0xF807060504030201});
    check(">i8", "\xF1\2\3\4\5\6\7\x08", 8, 1, EG_I64, (uint64_t[]){0xF102030405060708});
    check("<u8", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", 8, 1, EG_I64, (int64_t[]){INT64_MAX});
    check(">u8", "\0\0\0\0\0\0\1\2", 8, 1, EG_I64, (int64_t[]){258});
    check("<f4", "\0\0\xC0\x3F", 4, 1, EG_F32, (float[]){1.5F});
    check(">f4", "\x3F\xC0\0\0", 4, 1, EG_F32, (float[]){1.5F});
    check("<f8", "\0\0\0\0\0\0\xF8\x3F", 8, 1, EG_F64, (double[]){1.5});
    check(">f8", "\x3F\xF8\0\0\0\0\0\0", 8, 1, EG_F64, (double[]){1.5});
    check("<c8", "\0\0\xC0\x3F\0\0\0\xC0", 8, 1, EG_C64, (float[]){1.5F, -2});
    check(">c8", "\x3F\xC0\0\0\xC0\0\0\0", 8, 1, EG_C64, (float[]){1.5F, -2});
    check("<c16", "\0\0\0\0\0\0\xF8\x3F\0\0\0\0\0\0\0\xC0", 16, 1, EG_C128, (double[]){1.5, -2});
    check(">c16", "\x3F\xF8\0\0\0\0\0\0\xC0\0\0\0\0\0\0\0", 16, 1, EG_C128, (double[]){1.5, -2});
}
END_TEST

/* The bytes that numpy.save (2.4) makes of them, after headers of 128 bytes. */
START_TEST(complex_arrays_of_numpy_are_read)
{
    static const uint8_t rows[] = {0, 0, 0x80, 0x3F, 0, 0, 0,    0xC0, 0, 0, 0,    0,    0, 0, 0x60, 0x40,
                                   0, 0, 0,    0,    0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x7F, 0, 0, 0x80, 0xBF};
    eg_array *a = parse(1, "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2), }", rows, sizeof rows);
    ck_assert_msg(a != NULL, "%s", eg_message(eg));
    ck_assert(eg_same_spec(eg_array_spec(a), eg_matrix(EG_C64, 2, 2)));
    ck_assert_mem_eq(eg_array_data(a), ((float[]){1, -2, 0, 3.5F, 0, 1, INFINITY, -1}), 32);
    /* numpy.asfortranarray([[1-2j, 3.5j, 7], [-4+1j, 2-1j, 8j]], '>c16') */
    static const uint8_t high[12][2] = {{0x3F, 0xF0}, {0xC0, 0},    {0xC0, 0x10}, {0x3F, 0xF0}, {0, 0}, {0x40, 0x0C},
                                        {0x40, 0},    {0xBF, 0xF0}, {0x40, 0x1C}, {0, 0},       {0, 0}, {0x40, 0x20}};
    uint8_t columns[12][8] = {{0}};
    for (int k = 0; k < 12; k++) memcpy(columns[k], high[k], 2);
    a = parse(1, "{'descr': '>c16', 'fortran_order': True, 'shape': (2, 3), }", columns, sizeof columns);
    ck_assert_msg(a != NULL, "%s", eg_message(eg));
    ck_assert(eg_same_spec(eg_array_spec(a), eg_matrix(EG_C128, 2, 3)));
    ck_assert_mem_eq(eg_array_data(a), ((double[]){1, -2, 0, 3.5, 7, 0, -4, 1, 2, -1, 0, 8}), 96);
}
END_TEST

/* The value of a half, by its definition: sign, 2^(e-15) (1 + f/1024), denormals f 2^-24. */
static float half_value(unsigned h)
{
    int e = (int)(h >> 10 & 31);
    unsigned f = h & 1023;
    float x = e ? (float)(1024 + f) / 1024 : (float)f / 1024;
    for (int k = e ? e : 1; k < 15; k++) x /= 2;
    for (int k = e; k > 15; k--) x *= 2;
    return h & 0x8000 ? -x : x;
}

START_TEST(every_half_is_read_exactly)
{
    static const char text[] = "{'descr': '<f2', 'fortran_order': False, 'shape': (1024,), }\n";
    for (unsigned top = 0; top < 64; top++) {
        uint16_t h[1024];
        for (unsigned k = 0; k < 1024; k++) h[k] = (uint16_t)(top << 10 | k);
        eg_array *a = parse(1, text, h, sizeof h);
        ck_assert_msg(a != NULL, "%s", eg_message(eg));
        const float *got = eg_array_data(a);
        for (unsigned k = 0; k < 1024; k++) {
            uint32_t bits;
            memcpy(&bits, &got[k], sizeof bits);
            uint32_t want = (top & 32) << 26 | 0x7F800000 | k << 13; /* infinity, NaN */
            if ((top & 31) < 31) {
                float x = half_value(h[k]);
                memcpy(&want, &x, sizeof want);
            }
            ck_assert_msg(bits == want, "half %04x is %08x, not %08x", h[k], bits, want);
        }
    }
}
END_TEST

START_TEST(fortran_order_becomes_c_order)
{
    uint8_t data[24];
    int32_t want[24];
    for (int k = 0; k < 24; k++) data[k] = (uint8_t)k;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 4; k++) want[i * 12 + j * 4 + k] = i + 2 * j + 6 * k;
    eg_array *a = parse(1, "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3, 4), }", data, 24);
    ck_assert_msg(a != NULL, "%s", eg_message(eg));
    ck_assert_mem_eq(eg_array_data(a), want, sizeof want);
    const float v[] = {1, 2, 3};
    a = parse(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (3,), }", v, 12);
    ck_assert_mem_eq(eg_array_data(a), v, 12);
    a = parse(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (), }", v, 4);
    ck_assert_mem_eq(eg_array_data(a), v, 4);
    a = parse(1, "{'descr': '<f4', 'fortran_order': True, 'shape': (5, 0, 2), }", NULL, 0);
    ck_assert_int_eq(eg_array_spec(a).dim[0], 5);
}
END_TEST

/* More than the buffers hold, so that pieces are joined. */
START_TEST(large_arrays_in_fortran_order_and_other_byte_order_are_read)
{
    enum { M = 300, N = 200 };
    static uint8_t file[256 + 4 * M * N];
    blob b = npy_bytes(1, "{'descr': '>i4', 'fortran_order': True, 'shape': (300, 200), }", NULL, 0);
    memcpy(file, b.at, b.n);
    for (int k = 0; k < M * N; k++)
        for (int j = 0; j < 4; j++) file[b.n + (size_t)(4 * k + j)] = (uint8_t)(k >> 8 * (3 - j));
    file_put("test_large.npy", file, b.n + 4 * M * N);
    eg_array *a = eg_npy_read(eg, "test_large.npy");
    ck_assert_msg(a != NULL, "%s", eg_message(eg));
    const int32_t *x = eg_array_data(a);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) ck_assert_int_eq(x[i * N + j], i + j * M);
    remove("test_large.npy");
}
END_TEST

START_TEST(all_versions_and_ways_to_write_the_header_are_read)
{
    static const char *const text[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }   \n",
        "{\"descr\":\"<f4\",\"fortran_order\":False,\"shape\":(2,)}",
        "{ 'shape' : ( 2 , ) , 'descr' : '<f4' , 'fortran_order' : False }\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }",
    };
    const float v[] = {1, 2};
    for (int major = 1; major <= 3; major++) {
        for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
            eg_array *a = parse(major, text[k], v, sizeof v);
            ck_assert_msg(a != NULL, "%s: %s", text[k], eg_message(eg));
            ck_assert_int_eq(eg_array_spec(a).dim[0], 2);
            ck_assert_mem_eq(eg_array_data(a), v, sizeof v);
        }
    }
}
END_TEST

static void fails(eg_array *a, eg_status status, const char *message, const char *what)
{
    ck_assert_msg(!a && eg_error(eg) == status && strstr(eg_message(eg), message), "%s: %s, %s", what,
                  eg_status_text(eg_error(eg)), eg_message(eg));
    ck_assert_msg(strstr(eg_message(eg), "x.npy") && strstr(eg_message(eg), "test_npy_read.c"), "%s", eg_message(eg));
    eg_clear_error(eg);
}

START_TEST(what_is_wrong_with_a_header_is_said)
{
    static const struct {
        const char *text, *message;
        eg_status status;
    } bad[] = {
        {"", "ends where '{'", EG_ERR_IO},
        {"['descr']", "'['descr']' where '{'", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, }", "lacks 'shape'", EG_ERR_IO},
        {"{'descr': '<f4', 'shape': (1,), }", "lacks 'fortran_order'", EG_ERR_IO},
        {"{'shape': (1,), 'fortran_order': True}", "lacks 'descr'", EG_ERR_IO},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "each key once", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", "where 'descr', 'fortran", EG_ERR_IO},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': (1,), }", "where ',' or '}'", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), ", "ends where 'descr'", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "where its end", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", "where True or False", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': [1], }", "where '('", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1), }", "a tuple", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "where an extent", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,,), }", "where an extent", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1 1), }", "where ',' or ')'", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,), }", "below 2^63", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4398046511105, 4194304,), }", "more elements", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "2 elements of 4 bytes", EG_ERR_IO},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", "4 bytes follow", EG_ERR_IO},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1), }", "more than 6 axes", EG_ERR_SHAPE},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "type '|O'", EG_ERR_TYPE},
        {"{'descr': '<c4', 'fortran_order': False, 'shape': (1,), }", "type '<c4'", EG_ERR_TYPE},
        {"{'descr': '<c32', 'fortran_order': False, 'shape': (1,), }", "type '<c32'", EG_ERR_TYPE},
        {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", "type '<f16'", EG_ERR_TYPE},
        {"{'descr': '<c8', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1), }", "6 axes, of complex numbers 5",
         EG_ERR_SHAPE},
        {"{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }", "type '<U4'", EG_ERR_TYPE},
        {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", "type '<f16'", EG_ERR_TYPE},
        {"{'descr': '|f4', 'fortran_order': False, 'shape': (1,), }", "type '|f4'", EG_ERR_TYPE},
        {"{'descr': 'f4', 'fortran_order': False, 'shape': (1,), }", "type 'f4'", EG_ERR_TYPE},
        {"{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,), }", "type '<M8[ns]'", EG_ERR_TYPE},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "records", EG_ERR_TYPE},
        {"{'descr': '<\\x66' , 'fortran_order': False, 'shape': (1,), }", "the element type", EG_ERR_IO},
        {"{'descr': '<f4", "the element type", EG_ERR_IO},
        {"{'descr': ", "ends where the element type", EG_ERR_IO},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        fails(parse(1, bad[k].text, "\1\2\3\4", 4), bad[k].status, bad[k].message, bad[k].text);
}
END_TEST

START_TEST(what_is_wrong_with_a_file_is_said)
{
    static const char text[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
    blob b = npy_bytes(1, text, "\1\2\3\4", 4);
    for (size_t n = 0; n < b.n; n++) { /* cut off anywhere */
        ck_assert_ptr_null(eg_npy_parse(eg, "x.npy", b.at, n));
        ck_assert_int_eq(eg_error(eg), EG_ERR_IO);
        eg_clear_error(eg);
    }
    ck_assert_ptr_nonnull(eg_npy_parse(eg, "x.npy", b.at, b.n));
    fails(eg_npy_parse(eg, "x.npy", b.at, b.n + 1), EG_ERR_IO, "5 bytes follow", "one byte more");
    b.at[6] = 4;
    fails(eg_npy_parse(eg, "x.npy", b.at, b.n), EG_ERR_IO, "version is 4.0", "version");
    b.at[1] = 'n';
    fails(eg_npy_parse(eg, "x.npy", b.at, b.n), EG_ERR_IO, "does not begin as a .npy", "magic");
    fails(parse(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", "\0\1\2", 3), EG_ERR_TYPE,
          "element 2 is 2, which no bool", "bool");
    fails(parse(1, "{'descr': '<u8', 'fortran_order': False, 'shape': (1,)}", "\0\0\0\0\0\0\0\x80", 8), EG_ERR_TYPE,
          "element 0 is 9223372036854775808, which no i64", "u8");
    blob huge = {.n = 0};
    bytes_add(&huge, "\x93NUMPY\2\0\xFF\xFF\xFF\xFF{", 13);
    fails(eg_npy_parse(eg, "x.npy", huge.at, huge.n), EG_ERR_IO, "header is to have 4294967295 bytes", "long header");
}
END_TEST

START_TEST(what_is_no_file_is_said)
{
    fails(eg_npy_read(eg, "missing/x.npy"), EG_ERR_IO, "No such file", "missing");
    remove("x.npy.folder"); /* of a run that failed */
    remove("x.npy.pipe");
    ck_assert_int_eq(mkdir("x.npy.folder", 0777), 0);
    fails(eg_npy_read(eg, "x.npy.folder"), EG_ERR_IO, "a folder", "folder");
    rmdir("x.npy.folder");
    ck_assert_int_eq(mkfifo("x.npy.pipe", 0666), 0); /* must not wait for a writer */
    fails(eg_npy_read(eg, "x.npy.pipe"), EG_ERR_IO, "no regular file", "pipe");
    remove("x.npy.pipe");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("npy_read");
    TCase *c = tcase_create("npy_read");
    tcase_add_checked_fixture(c, open_context, close_context);
    tcase_add_test(c, every_type_is_read_in_both_byte_orders);
    tcase_add_test(c, complex_arrays_of_numpy_are_read);
    tcase_add_test(c, every_half_is_read_exactly);
    tcase_add_test(c, fortran_order_becomes_c_order);
    tcase_add_test(c, large_arrays_in_fortran_order_and_other_byte_order_are_read);
    tcase_add_test(c, all_versions_and_ways_to_write_the_header_are_read);
    tcase_add_test(c, what_is_wrong_with_a_header_is_said);
    tcase_add_test(c, what_is_wrong_with_a_file_is_said);
    tcase_add_test(c, what_is_no_file_is_said);
    suite_add_tcase(s, c);
    return test_run(s);
}
