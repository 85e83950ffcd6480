/* Folders of images and labels in the form of MNIST. */
#include <stdio.h>
#include <unistd.h>

#include "engram/io.h"
#include "engram/parallel.h"
#include "engram/train.h"

static eg_array *read_part(eg_context *eg, const char *folder, bool test, const char *what, const char *file, int line)
{
    char path[4200];
    int n = snprintf(path, sizeof path - 4, "%s/%s-%s-ubyte", folder, test ? "t10k" : "train", what);
    if (n < 0 || n >= (int)sizeof path - 4) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_mnist_read: the path of the folder is too long");
        return NULL;
    }
    if (access(path, F_OK) != 0) { /* the error then names the file without .gz */
        snprintf(path + n, sizeof path - (size_t)n, ".gz");
        if (access(path, F_OK) != 0) path[n] = 0;
    }
    return (eg_idx_read)(eg, path, file, line);
}

static bool good(eg_context *eg, const char *folder, eg_spec x, eg_spec y, const char *file, int line)
{
    if (x.dtype != EG_U32 || x.rank != 3 || y.dtype != EG_U32 || y.rank != 1) {
        eg_fail(
            eg, EG_ERR_SHAPE, file, line,
            "eg_mnist_read: '%s' has images that are %s of %d axes and labels that are %s of %d; they must be bytes, "
            "[N, height, width] and [N]",
            folder, eg_dtype_name(x.dtype), x.rank, eg_dtype_name(y.dtype), y.rank);
        return false;
    }
    if (x.dim[0] == y.dim[0]) return true;
    eg_fail(eg, EG_ERR_SHAPE, file, line, "eg_mnist_read: '%s' has %lld images and %lld labels", folder,
            (long long)x.dim[0], (long long)y.dim[0]);
    return false;
}

eg_dataset(eg_mnist_read)(eg_context *eg, const char *folder, bool test, const char *file, int line)
{
    eg_dataset d = {.x_spec = {.rank = -1}, .y_spec = {.rank = -1}};
    if (!eg || eg_error(eg)) return d;
    if (!folder) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_mnist_read: the folder is NULL");
        return d;
    }
    eg_array *x = read_part(eg, folder, test, "images-idx3", file, line);
    eg_array *y = x ? read_part(eg, folder, test, "labels-idx1", file, line) : NULL;
    if (!y) return d;
    eg_spec xs = eg_array_spec(x), ys = eg_array_spec(y);
    if (!good(eg, folder, xs, ys, file, line)) return d;
    d.x_spec = xs;
    d.y_spec = ys;
    d.x = eg_array_data(x);
    d.y = eg_array_data(y);
    return d;
}
