/* NumPy's .npy files (numpy.lib.format, version 1.0). */
#include "engram/io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engram/parallel.h"

enum { ALIGN = 64, PREFIX = 10 }; /* magic, version, length of the text */

static const char *type_of(eg_dtype t)
{
    static const char *const name[EG_DTYPE_COUNT] = {
        [EG_BOOL] = "|b1", [EG_I32] = "<i4", [EG_U32] = "<u4", [EG_I64] = "<i8", [EG_F32] = "<f4", [EG_F64] = "<f8"};
    return (unsigned)t < EG_DTYPE_COUNT ? name[t] : NULL;
}

/* Header of at most 256 bytes; its length, a multiple of 64. */
static size_t header(eg_spec s, char *to)
{
    char dims[160] = "";
    size_t used = 0;
    for (int k = 0; k < s.rank; k++)
        used += (size_t)snprintf(dims + used, sizeof dims - used, "%s%" PRId64 "%s", k ? ", " : "", s.dim[k],
                                 s.rank == 1 ? "," : "");
    int text = snprintf(to + PREFIX, 256 - PREFIX, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                        type_of(s.dtype), dims);
    size_t end = (PREFIX + (size_t)text + 1 + ALIGN - 1) / ALIGN * ALIGN;
    memset(to + PREFIX + text, ' ', end - PREFIX - (size_t)text);
    to[end - 1] = '\n';
    memcpy(to, "\x93NUMPY\x01\x00", 8);
    to[8] = (char)((end - PREFIX) & 255);
    to[9] = (char)((end - PREFIX) >> 8);
    return end;
}

/* All bytes, whatever interrupts. */
static bool write_all(int fd, const void *data, size_t bytes)
{
    const char *p = data;
    while (bytes) {
        ssize_t n = write(fd, p, bytes < (size_t)1 << 30 ? bytes : (size_t)1 << 30);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = EIO;
        if (n <= 0) return false;
        p += n;
        bytes -= (size_t)n;
    }
    return true;
}

static bool write_file(const char *path, const char *head, size_t head_bytes, const void *data, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return false;
    bool ok = write_all(fd, head, head_bytes) && write_all(fd, data, bytes) && !fsync(fd);
    int why = errno;
    if (close(fd) && ok) {
        ok = false;
        why = errno;
    }
    if (!ok) unlink(path);
    errno = why;
    return ok;
}

/* Bytes of the array; false if they are none that fit in memory. */
static bool bytes_of(eg_spec s, size_t *bytes)
{
    *bytes = eg_dtype_size(s.dtype);
    if (!type_of(s.dtype) || s.rank < 0 || s.rank > EG_MAX_RANK) return false;
    for (int k = 0; k < s.rank; k++) {
        if (s.dim[k] < 0 || __builtin_mul_overflow(*bytes, (size_t)s.dim[k], bytes)) return false;
    }
    return true;
}

eg_status(eg_npy_write)(eg_context *eg, const char *path, eg_spec spec, const void *data, const char *file, int line)
{
    if (!eg) return EG_ERR_ARGUMENT;
    if (eg_error(eg)) return eg_error(eg);
    size_t bytes = 0;
    bool good = bytes_of(spec, &bytes);
    if (!path || !*path || (!data && (bytes || !good)) || !good) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_npy_write: %s",
                !path || !*path ? "there is no path"
                : !good         ? "the type or shape is wrong"
                                : "the data is NULL");
        return eg_error(eg);
    }
    char head[256];
    size_t head_bytes = header(spec, head), size = strlen(path) + 40;
    char *part = eg_alloc(eg, (int64_t)size, 1);
    if (!part) return eg_error(eg);
    snprintf(part, size, "%s.%ld.part", path, (long)getpid());
    unlink(part); /* left by a process of that number that was killed */
    bool ok = write_file(part, head, head_bytes, data, bytes);
    if (ok && rename(part, path)) {
        int why = errno;
        unlink(part);
        errno = why;
        ok = false;
    }
    if (!ok) eg_fail(eg, EG_ERR_IO, file, line, "eg_npy_write: '%.300s' cannot be written: %s", path, strerror(errno));
    eg_release(eg, part);
    return eg_error(eg);
}
