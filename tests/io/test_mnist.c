/* Folders of images and labels. */
#include <engram/train.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "support/support.h"

static eg_context *eg;

static void open_context(void) { eg = eg_open(NULL); }
static void close_context(void) { eg_close(eg); }

enum { BYTE = 0x08, SHORT = 0x0B };
static const char images[] = "t10k-images-idx3-ubyte", labels[] = "t10k-labels-idx1-ubyte";
static const uint8_t data[24] = {1, 2, 3, 4, 5, 6, 7, 8};

/* Writes the file, with axes of extent 2 behind the first. */
static void put(const char *name, uint8_t type, uint8_t axes, uint32_t num)
{
    size_t n = num * (type == SHORT ? 2 : 1);
    for (int k = 1; k < axes; k++) n *= 2;
    blob b = idx_bytes(type, axes, (const uint32_t[]){num, 2, 2}, data, n);
    file_put(name, b.at, b.n);
}

static void refused(eg_status status, const char *word)
{
    eg_dataset d = eg_mnist_read(eg, ".", true);
    ck_assert(!d.x && !d.y && d.x_spec.rank == -1 && d.y_spec.rank == -1);
    ck_assert_int_eq(eg_error(eg), status);
    ck_assert_msg(strstr(eg_message(eg), word) && strstr(eg_message(eg), "test_mnist.c"), "%s", eg_message(eg));
    eg_clear_error(eg);
}

START_TEST(images_and_labels_are_read)
{
    put(images, BYTE, 3, 3);
    put(labels, BYTE, 1, 3);
    eg_dataset d = eg_mnist_read(eg, ".", true);
    ck_assert_msg(d.x != NULL, "%s", eg_message(eg));
    ck_assert(d.x_spec.dtype == EG_U32 && d.x_spec.rank == 3 && d.x_spec.dim[0] == 3 && d.x_spec.dim[2] == 2);
    ck_assert(d.y_spec.dtype == EG_U32 && d.y_spec.rank == 1 && d.y_spec.dim[0] == 3);
    ck_assert_uint_eq(((const uint32_t *)d.x)[7], 8);
    ck_assert_uint_eq(((const uint32_t *)d.y)[2], 3);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    put(images, BYTE, 3, 3);
    put(labels, BYTE, 1, 2);
    refused(EG_ERR_SHAPE, "3 images and 2 labels");
    put(labels, BYTE, 2, 3);
    refused(EG_ERR_SHAPE, "labels that are u32 of 2");
    put(labels, BYTE, 1, 3);
    put(images, BYTE, 1, 3);
    refused(EG_ERR_SHAPE, "images that are u32 of 1 axes");
    put(images, SHORT, 3, 3);
    refused(EG_ERR_SHAPE, "images that are i32");
    unlink(labels);
    refused(EG_ERR_IO, "t10k-labels-idx1-ubyte'");
    unlink(images);
    refused(EG_ERR_IO, "t10k-images-idx3-ubyte'");
    ck_assert_ptr_null(eg_mnist_read(NULL, ".", true).x);
    eg_mnist_read(eg, NULL, true);
    ck_assert_int_eq(eg_error(eg), EG_ERR_ARGUMENT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("mnist");
    TCase *c = tcase_create("mnist");
    tcase_add_checked_fixture(c, open_context, close_context);
    tcase_add_test(c, images_and_labels_are_read);
    tcase_add_test(c, what_does_not_fit_is_refused);
    suite_add_tcase(s, c);
    return test_run(s);
}
