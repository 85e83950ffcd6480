/* IDX files, plain and packed, whole and damaged. */
#include <engram/io.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "support/support.h"

static eg_context *eg;

static void open_context(void) { eg = eg_open(NULL); }
static void close_context(void) { eg_close(eg); }

static void check(uint8_t type, const void *data, size_t n, int64_t num, eg_dtype dtype, const void *want)
{
    blob plain = idx_bytes(type, 1, (const uint32_t[]){(uint32_t)num}, data, n), gz = gzip_bytes(&plain);
    for (int k = 0; k < 2; k++) {
        const blob *b = k ? &gz : &plain;
        eg_array *a = eg_idx_parse(eg, "x", b->at, b->n);
        ck_assert_msg(a != NULL, "%s", eg_message(eg));
        eg_spec s = eg_array_spec(a);
        ck_assert(s.dtype == dtype && s.rank == 1 && s.dim[0] == num);
        ck_assert(!memcmp(eg_array_data(a), want, (size_t)num * eg_dtype_size(dtype)));
    }
}

START_TEST(every_type_is_read)
{
    check(0x08, "\0\x7F\x80\xFF", 4, 4, EG_U32, (uint32_t[]){0, 127, 128, 255});
    check(0x09, "\0\x7F\x80\xFF", 4, 4, EG_I32, (int32_t[]){0, 127, -128, -1});
    check(0x0B, "\1\2\xFF\xFE", 4, 2, EG_I32, (int32_t[]){0x0102, -2});
    check(0x0C, "\1\2\3\4", 4, 1, EG_I32, (int32_t[]){0x01020304});
    check(0x0D, "\x3F\xC0\0\0", 4, 1, EG_F32, (float[]){1.5F});
    check(0x0E, "\x3F\xF8\0\0\0\0\0\0", 8, 1, EG_F64, (double[]){1.5});
}
END_TEST

START_TEST(images_keep_their_axes)
{
    uint8_t data[2 * 3 * 4];
    for (int k = 0; k < 24; k++) data[k] = (uint8_t)(10 * k);
    blob b = idx_bytes(0x08, 3, (const uint32_t[]){2, 3, 4}, data, sizeof data), gz = gzip_bytes(&b);
    file_put("images.gz", gz.at, gz.n);
    eg_array *a = eg_idx_read(eg, "images.gz");
    ck_assert_msg(a != NULL, "%s", eg_message(eg));
    eg_spec s = eg_array_spec(a);
    ck_assert(s.rank == 3 && s.dim[0] == 2 && s.dim[1] == 3 && s.dim[2] == 4);
    for (int k = 0; k < 24; k++) ck_assert_uint_eq(((uint32_t *)eg_array_data(a))[k], data[k]);
    unlink("images.gz");
    b = idx_bytes(0x08, 2, (const uint32_t[]){0, 7}, NULL, 0);
    a = eg_idx_parse(eg, NULL, b.at, b.n);
    ck_assert(a && eg_array_spec(a).dim[0] == 0);
}
END_TEST

static void refused(const blob *b, eg_status status, const char *word)
{
    ck_assert_ptr_null(eg_idx_parse(eg, "bad.idx", b->at, b->n));
    ck_assert_msg(eg_error(eg) == status && strstr(eg_message(eg), word) && strstr(eg_message(eg), "'bad.idx'") &&
                      strstr(eg_message(eg), "test_idx.c"),
                  "no '%s' in: %s", word, eg_message(eg));
    eg_clear_error(eg);
}

START_TEST(what_is_wrong_is_named)
{
    const uint32_t three = 3, huge[] = {UINT32_MAX, UINT32_MAX, 7};
    blob b = idx_bytes(0x08, 1, &three, "abc", 3), gz = gzip_bytes(&b), x = b;
    x.n--;
    refused(&x, EG_ERR_IO, "3 elements");
    x = b, x.n = 2;
    refused(&x, EG_ERR_IO, "2 bytes are left");
    bytes_add(&b, "d", 1);
    refused(&b, EG_ERR_IO, "4 bytes follow");
    x = idx_bytes(0x0A, 1, &three, "abc", 3);
    refused(&x, EG_ERR_TYPE, "0x0a");
    x = idx_bytes(0x08, 3, huge, NULL, 0);
    refused(&x, EG_ERR_IO, "larger than any memory");
    x = idx_bytes(0x0E, 2, huge + 1, NULL, 0);
    refused(&x, EG_ERR_IO, "elements of 8 bytes");
    x = idx_bytes(0x08, 7, (const uint32_t[]){1, 1, 1, 1, 1, 1, 1}, "a", 1);
    refused(&x, EG_ERR_IO, "7 axes");
    x = b, x.at[0] = 'P';
    refused(&x, EG_ERR_IO, "50 00");
    x = gz, x.n -= 5;
    refused(&x, EG_ERR_IO, "compressed data");
    x = gz, x.at[x.n - 6] ^= 1; /* the checksum */
    refused(&x, EG_ERR_IO, "compressed data");
    b = idx_bytes(0x08, 1, huge, NULL, 0), x = gzip_bytes(&b);
    refused(&x, EG_ERR_IO, "at most");
    ck_assert_ptr_null(eg_idx_read(eg, "no_such_file"));
    ck_assert(strstr(eg_message(eg), "eg_idx_read") && strstr(eg_message(eg), "No such file"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("idx");
    TCase *c = tcase_create("idx");
    tcase_add_checked_fixture(c, open_context, close_context);
    tcase_add_test(c, every_type_is_read);
    tcase_add_test(c, images_keep_their_axes);
    tcase_add_test(c, what_is_wrong_is_named);
    suite_add_tcase(s, c);
    return test_run(s);
}
