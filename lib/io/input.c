/* Files and memory as parsers see them. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engram/parallel.h"

enum { PACKED = 1 << 15 }; /* bytes of a deflated piece held at once */

/* -- errors ------------------------------------------------------------------------------------------------------- */

const char *egi_printable(char *to, size_t size, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    size_t k = 0;
    for (; k < n && k + 1 < size; k++) to[k] = (char)(p[k] >= 32 && p[k] < 127 ? p[k] : '?');
    to[k] = 0;
    return to;
}

static void bad(const input *in, const char *member, eg_status status, const char *format, va_list ap)
{
    char text[500], path[300], inside[120];
    vsnprintf(text, sizeof text, format, ap);
    egi_printable(path, sizeof path, in->name, strlen(in->name));
    egi_printable(inside, sizeof inside, member, member ? strlen(member) : 0);
    eg_fail(in->eg, status, in->file, in->line, "%s: '%s'%s%s%s: %s", in->what, path, member ? ", array '" : "", inside,
            member ? "'" : "", text);
}

bool egi_source_bad(const source *s, eg_status status, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    bad(s->in, s->member, status, format, ap);
    va_end(ap);
    return false;
}

bool egi_input_bad(const input *in, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    bad(in, NULL, EG_ERR_IO, format, ap);
    va_end(ap);
    return false;
}

/* -- files and memory --------------------------------------------------------------------------------------------- */

bool egi_input_open(input *in, eg_context *eg, const char *what, const char *path, const char *file, int line)
{
    *in = (input){.eg = eg, .fd = -1, .what = what, .name = path, .file = file, .line = line};
    if (eg_error(eg)) return false;
    if (!path || !*path) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: there is no path", what);
        return false;
    }
    struct stat info;
    in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not block; regular files do not care */
    if (in->fd < 0 || fstat(in->fd, &info)) {
        egi_input_bad(in, "cannot be read: %s", strerror(errno));
        egi_input_close(in);
        return false;
    }
    if (!S_ISREG(info.st_mode)) {
        egi_input_bad(in, "cannot be read: it is %s, no regular file", S_ISDIR(info.st_mode) ? "a folder" : "a device");
        egi_input_close(in);
        return false;
    }
    in->size = (uint64_t)info.st_size;
    return true;
}

bool egi_input_memory(input *in, eg_context *eg, const char *what, const char *name, const void *data, size_t bytes,
                      const char *file, int line)
{
    *in = (input){.eg = eg, .fd = -1, .data = data, .size = bytes, .what = what, .file = file, .line = line};
    in->name = name ? name : "memory";
    if (eg_error(eg)) return false;
    if (data || !bytes) return true;
    eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: the data is NULL", what);
    return false;
}

void egi_input_close(input *in)
{
    if (in->fd >= 0) close(in->fd);
    in->fd = -1;
}

bool egi_input_read(const input *in, uint64_t at, void *to, size_t n)
{
    if (at > in->size || n > in->size - at)
        return egi_input_bad(in, "it ends at byte %llu, expected are %zu from %llu", (unsigned long long)in->size, n,
                             (unsigned long long)at);
    if (in->fd < 0) {
        if (n) memcpy(to, in->data + at, n);
        return true;
    }
    for (char *p = to; n;) {
        ssize_t got = pread(in->fd, p, n < (size_t)1 << 30 ? n : (size_t)1 << 30, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return egi_input_bad(in, "cannot be read: %s", strerror(errno));
        if (got == 0) return egi_input_bad(in, "became shorter while it was read");
        p += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

/* -- streams ------------------------------------------------------------------------------------------------------ */

source egi_source(const input *in, uint64_t at, uint64_t size)
{
    return (source){.in = in, .at = at, .end = at + size, .left = size};
}

static voidpf take(voidpf eg, uInt items, uInt size) { return eg_alloc(eg, items, size); }
static void give(voidpf eg, voidpf p) { eg_release(eg, p); }

bool egi_source_inflate(source *s, uint64_t size, bool gzip)
{
    s->packed = eg_alloc(s->in->eg, PACKED, 1);
    s->z = (z_stream){.zalloc = take, .zfree = give, .opaque = s->in->eg};
    if (!s->packed || inflateInit2(&s->z, gzip ? 16 + MAX_WBITS : -MAX_WBITS) != Z_OK) {
        eg_fail(s->in->eg, EG_ERR_MEMORY, s->in->file, s->in->line, "%s: out of memory", s->in->what);
        eg_release(s->in->eg, s->packed);
        s->packed = NULL;
        return false;
    }
    s->deflated = true;
    s->left = size;
    return true;
}

void egi_source_close(source *s)
{
    if (s->deflated) inflateEnd(&s->z);
    eg_release(s->in->eg, s->packed);
    s->deflated = false;
    s->packed = NULL;
}

/* One call of inflate with some input there, if any is left; false after an error. */
static bool inflate_some(source *s, int *status)
{
    if (!s->z.avail_in && s->at < s->end) {
        size_t n = s->end - s->at < PACKED ? (size_t)(s->end - s->at) : PACKED;
        if (!egi_input_read(s->in, s->at, s->packed, n)) return false;
        s->at += n;
        s->z.next_in = s->packed;
        s->z.avail_in = (uInt)n;
    }
    *status = inflate(&s->z, Z_SYNC_FLUSH);
    if (*status == Z_MEM_ERROR) {
        eg_fail(s->in->eg, EG_ERR_MEMORY, s->in->file, s->in->line, "%s: out of memory", s->in->what);
        return false;
    }
    if (*status == Z_OK || *status == Z_STREAM_END || *status == Z_BUF_ERROR) return true;
    return egi_source_bad(s, EG_ERR_IO, "the compressed data is damaged (%s)", s->z.msg ? s->z.msg : "deflate");
}

static bool read_inflated(source *s, void *to, size_t n)
{
    uint8_t *p = to;
    while (n) {
        uInt want = n < 1U << 30 ? (uInt)n : 1U << 30;
        s->z.next_out = p;
        s->z.avail_out = want;
        int status;
        if (!inflate_some(s, &status)) return false;
        size_t got = want - s->z.avail_out;
        p += got;
        n -= got;
        bool more = s->z.avail_in || s->at < s->end;
        if (n && (status == Z_STREAM_END || (!got && !more)))
            return egi_source_bad(s, EG_ERR_IO, "the compressed data ends %llu bytes early",
                                  (unsigned long long)(s->left - (size_t)(p - (uint8_t *)to)));
    }
    return true;
}

bool egi_source_read(source *s, void *to, size_t n)
{
    if (n > s->left)
        return egi_source_bad(s, EG_ERR_IO, "%llu bytes are left where %zu are expected", (unsigned long long)s->left,
                              n);
    if (s->deflated) {
        if (!read_inflated(s, to, n)) return false;
    } else {
        if (!egi_input_read(s->in, s->at, to, n)) return false;
        s->at += n;
    }
    s->left -= n;
    if (s->member && n) s->crc = (uint32_t)crc32_z(s->crc, to, n);
    return true;
}

static bool stream_ends(source *s)
{
    uint8_t one;
    int status = Z_OK;
    while (status == Z_OK) { /* the end may lie in the next block of input */
        s->z.next_out = &one;
        s->z.avail_out = 1;
        if (!inflate_some(s, &status)) return false;
        if (!s->z.avail_out) return egi_source_bad(s, EG_ERR_IO, "the compressed data goes on behind its size");
        if (status == Z_BUF_ERROR && (s->z.avail_in || s->at < s->end)) status = Z_OK;
    }
    if (status == Z_STREAM_END && !s->z.avail_in && s->at == s->end) return true;
    return egi_source_bad(s, EG_ERR_IO, "the compressed data does not end where the directory says");
}

bool egi_source_ends(source *s, const uint32_t *crc)
{
    if (s->deflated && !stream_ends(s)) return false;
    if (!crc || *crc == s->crc) return true;
    return egi_source_bad(s, EG_ERR_IO, "its checksum is %08x; the directory says %08x", s->crc, *crc);
}
