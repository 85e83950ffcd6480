/* Files that appear whole or not at all: written beside their place, brought to disk, renamed. */
#ifdef __linux__
#define _GNU_SOURCE /* fallocate */
#endif
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engram/io.h"
#include "engram/parallel.h"

static bool fail(output *o, int why)
{
    if (!o->why) o->why = why ? why : EIO;
    return false;
}

static void close_part(output *o)
{
    if (o->fd >= 0 && close(o->fd)) fail(o, errno);
    o->fd = -1;
}

static void forget(output *o)
{
    close_part(o);
    eg_release(o->eg, o->part);
    eg_release(o->eg, o->path);
    o->part = o->path = NULL;
}

void egi_output_fail(const output *o)
{
    eg_fail(o->eg, EG_ERR_IO, o->file, o->line, "%s: '%.300s' cannot be written: %s", o->what, o->path,
            o->why == ENOTSUP ? "what is there is no regular file" : strerror(o->why));
}

/* A name of our own in the same folder, so that renaming stays within one file system. */
static bool make_part(output *o, size_t size)
{
    const char *base = strrchr(o->path, '/');
    int folder = base ? (int)(base + 1 - o->path) : 0;
    base = base ? base + 1 : o->path;
    struct stat old;
    if (!*base) return fail(o, EISDIR);
    if (!stat(o->path, &old) && !S_ISREG(old.st_mode)) return fail(o, S_ISDIR(old.st_mode) ? EISDIR : ENOTSUP);
    for (int k = 0; k < 1000; k++) {
        snprintf(o->part, size, "%.*s%.200s.%ld.%d.part", folder, o->path, base, (long)getpid(), k);
        o->fd = open(o->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (o->fd >= 0) return true;
        if (errno != EEXIST) return fail(o, errno);
    }
    return fail(o, EEXIST);
}

bool egi_output_open(output *o, eg_context *eg, const char *what, const char *path, const char *file, int line)
{
    *o = (output){.eg = eg, .fd = -1, .what = what, .file = file, .line = line};
    if (eg_error(eg)) return false;
    if (!path || !*path) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: there is no path", what);
        return false;
    }
    size_t length = strlen(path), size = length + 60;
    o->path = eg_alloc(eg, (int64_t)length + 1, 1);
    o->part = eg_alloc(eg, (int64_t)size, 1);
    if (o->path && o->part) {
        memcpy(o->path, path, length + 1);
        if (make_part(o, size)) return true;
        egi_output_fail(o);
    }
    forget(o);
    return false;
}

/* All bytes, whatever interrupts. */
static bool put(output *o, const void *data, size_t bytes, uint64_t at)
{
    const char *p = data;
    while (bytes && !o->why) {
        ssize_t n = pwrite(o->fd, p, bytes < (size_t)1 << 30 ? bytes : (size_t)1 << 30, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail(o, n ? errno : EIO);
        p += n;
        at += (uint64_t)n;
        bytes -= (size_t)n;
    }
    return !o->why;
}

/* Blocks that are there already make writes a third faster on ext4.  What cannot be had is asked for by the write. */
static void reserve(output *o, size_t bytes)
{
#ifdef FALLOC_FL_KEEP_SIZE
    /* No more than is there already: small files must not take a small disk. */
    const uint64_t ahead = o->at < 1 << 25 ? o->at : 1 << 25;
    if (!o->long_one || o->why || o->at < 1 << 20 || o->at + bytes <= o->reserved) return;
    o->long_one = !fallocate(o->fd, FALLOC_FL_KEEP_SIZE, (off_t)o->at, (off_t)(bytes + ahead));
    if (o->long_one) o->reserved = o->at + bytes + ahead;
#else
    (void)o, (void)bytes;
#endif
}

bool egi_output_write(output *o, const void *data, size_t bytes)
{
    reserve(o, bytes);
    if (!put(o, data, bytes, o->at)) return false;
    o->at += bytes;
    return true;
}

bool egi_output_patch(output *o, uint64_t at, const void *data, size_t bytes) { return put(o, data, bytes, at); }

/* The rename is on disk when the folder is.  Not every file system can tell, and the file is in place by then. */
static void sync_folder(const output *o)
{
    char *end = strrchr(o->part, '/');
    if (end) end[end == o->part] = 0;
    int fd = open(end ? o->part : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

eg_status egi_output_complete(output *o)
{
    if (o->fd >= 0) {
        if (!o->why && o->reserved > o->at && ftruncate(o->fd, (off_t)o->at)) fail(o, errno);
        if (!o->why && !eg_error(o->eg) && !o->cached && fsync(o->fd)) fail(o, errno);
        close_part(o);
    }
    if (o->why) egi_output_fail(o);
    return eg_error(o->eg);
}

eg_status egi_output_commit(output *o)
{
    egi_output_complete(o);
    if (o->why || eg_error(o->eg) || rename(o->part, o->path)) {
        if (!o->why) fail(o, errno);
        unlink(o->part);
        egi_output_fail(o); /* unless the context has an error already */
    } else if (!o->cached) {
        sync_folder(o);
    }
    forget(o);
    return eg_error(o->eg);
}

void egi_output_discard(output *o)
{
    if (o->part) unlink(o->part);
    forget(o);
}

bool egi_output_spec(eg_context *eg, const char *what, const char *name, eg_spec spec, const void *data, size_t *bytes,
                     const char *file, int line)
{
    *bytes = eg_dtype_size(spec.dtype);
    bool good = *bytes && spec.rank >= 0 && spec.rank <= EG_MAX_RANK;
    for (int k = 0; good && k < spec.rank; k++)
        good = spec.dim[k] >= 0 && !__builtin_mul_overflow(*bytes, (size_t)spec.dim[k], bytes);
    good = good && *bytes <= PTRDIFF_MAX;
    if (good && (data || !*bytes)) return true;
    eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: %s%.100s%s%s", what, name ? "'" : "", name ? name : "",
            name ? "': " : "", good ? "the data is NULL" : "the type or shape is wrong");
    return false;
}

eg_status(eg_write_file)(eg_context *eg, const char *path, const void *data, size_t bytes, const char *file, int line)
{
    output o;
    if (bytes && !data) eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_write_file: the data is NULL");
    if (!egi_output_open(&o, eg, "eg_write_file", path, file, line)) return eg_error(eg);
    egi_output_write(&o, data, bytes);
    return egi_output_commit(&o);
}
