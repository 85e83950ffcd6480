/* Arrays that become .npy files row by row: a thread of its own writes blocks of rows while the next are made.
 *
 * The file has a temporary name until it is complete.  Its header is written twice: first without rows, then, when
 * their number is known, as it is to be; there is room for any number. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engram/io.h"
#include "engram/parallel.h"

enum { HEADER = 192, PREFIX = 10, BLOCKS = 3 };

typedef struct npy_block {
    char *at;
    size_t size; /* of memory */
    size_t used; /* bytes to write */
} npy_block;

struct eg_npy_stream {
    eg_context *eg;
    eg_spec row;
    size_t row_bytes;
    char *path, *part;
    const char *file; /* where the user opened it */
    int line;
    int fd;
    int64_t rows;
    npy_block block[BLOCKS];
    /* Blocks are filled, written and filled again in turn; all below is under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t turn;
    pthread_t writer;
    bool has_writer;
    int64_t filled, written; /* blocks so far */
    bool over;
    int why; /* errno of what went wrong */
};

/* -- the file ------------------------------------------------------------------------------------------------------ */

static const char *type_of(eg_dtype t)
{
    static const char *const name[EG_DTYPE_COUNT] = {
        [EG_BOOL] = "|b1", [EG_I32] = "<i4", [EG_U32] = "<u4", [EG_I64] = "<i8", [EG_F32] = "<f4", [EG_F64] = "<f8"};
    return (unsigned)t < EG_DTYPE_COUNT ? name[t] : NULL;
}

static void header(const eg_npy_stream *s, char *to)
{
    char dims[140] = "";
    size_t used = (size_t)snprintf(dims, sizeof dims, "%" PRId64 ",", s->rows);
    for (int k = 0; k < s->row.rank; k++)
        used += (size_t)snprintf(dims + used, sizeof dims - used, "%s%" PRId64, k ? ", " : " ", s->row.dim[k]);
    memset(to, ' ', HEADER);
    int text = snprintf(to + PREFIX, HEADER - PREFIX, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                        type_of(s->row.dtype), dims);
    to[PREFIX + text] = ' ';
    to[HEADER - 1] = '\n';
    memcpy(to, "\x93NUMPY\x01\x00", 8);
    to[8] = (char)((HEADER - PREFIX) & 255);
    to[9] = 0;
}

/* All bytes, whatever interrupts; 0 or errno. */
static int write_all(int fd, const char *p, size_t bytes, off_t at)
{
    while (bytes) {
        size_t most = bytes < (size_t)1 << 30 ? bytes : (size_t)1 << 30;
        ssize_t n = pwrite(fd, p, most, at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n ? errno : EIO;
        p += n;
        at += n;
        bytes -= (size_t)n;
    }
    return 0;
}

/* -- the writer ---------------------------------------------------------------------------------------------------- */

static void *write_blocks(void *user)
{
    eg_npy_stream *s = user;
    off_t at = HEADER;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (s->written == s->filled && !s->over) pthread_cond_wait(&s->turn, &s->lock);
        if (s->written == s->filled) break;
        const npy_block *b = &s->block[s->written % BLOCKS];
        bool lost = s->why != 0;
        pthread_mutex_unlock(&s->lock);
        int why = lost ? 0 : write_all(s->fd, b->at, b->used, at);
        at += (off_t)b->used;
        pthread_mutex_lock(&s->lock);
        if (why && !s->why) s->why = why;
        s->written++;
        pthread_cond_broadcast(&s->turn);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Signals are for the host's threads. */
static int start_writer(eg_npy_stream *s)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int why = pthread_create(&s->writer, NULL, write_blocks, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    s->has_writer = why == 0;
    return why;
}

static void stop_writer(eg_npy_stream *s)
{
    if (!s->has_writer) return;
    pthread_mutex_lock(&s->lock);
    s->over = true;
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->writer, NULL);
    s->has_writer = false;
}

/* -- public -------------------------------------------------------------------------------------------------------- */

static bool row_bytes(eg_spec row, size_t *bytes)
{
    *bytes = eg_dtype_size(row.dtype);
    if (!type_of(row.dtype) || row.rank < 0 || row.rank >= EG_MAX_RANK) return false;
    for (int k = 0; k < row.rank; k++) {
        if (row.dim[k] < 0 || __builtin_mul_overflow(*bytes, (size_t)row.dim[k], bytes)) return false;
    }
    return true;
}

static void failed(const eg_npy_stream *s, int why)
{
    eg_fail(s->eg, why == ENOMEM ? EG_ERR_MEMORY : EG_ERR_IO, s->file, s->line, "'%.300s' cannot be written: %s",
            s->path, strerror(why));
}

static void destroy(eg_npy_stream *s, bool remove)
{
    eg_context *eg = s->eg;
    stop_writer(s);
    if (s->fd >= 0) close(s->fd);
    if (s->fd >= 0 && remove) unlink(s->part);
    for (int k = 0; k < BLOCKS; k++) eg_release(eg, s->block[k].at);
    pthread_cond_destroy(&s->turn);
    pthread_mutex_destroy(&s->lock);
    eg_release(eg, s->path);
    eg_release(eg, s->part);
    eg_release(eg, s);
}

static bool open_part(eg_npy_stream *s, const char *path)
{
    size_t size = strlen(path) + 60;
    s->path = eg_alloc(s->eg, (int64_t)strlen(path) + 1, 1);
    s->part = s->path ? eg_alloc(s->eg, (int64_t)size, 1) : NULL;
    if (!s->part) return false;
    memcpy(s->path, path, strlen(path) + 1);
    /* Two streams of one process may have one path. */
    snprintf(s->part, size, "%s.%ld.%" PRIxPTR ".part", path, (long)getpid(), (uintptr_t)s);
    unlink(s->part); /* left by a process of that number that was killed */
    struct stat old;
    if (!stat(path, &old) && S_ISDIR(old.st_mode)) {
        failed(s, EISDIR);
        return false;
    }
    s->fd = open(s->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    char head[HEADER];
    header(s, head);
    int why = s->fd < 0 ? errno : write_all(s->fd, head, sizeof head, 0);
    if (!why) why = start_writer(s);
    if (why) failed(s, why);
    return !why;
}

eg_npy_stream *(eg_npy_stream_open)(eg_context *eg, const char *path, eg_spec row, const char *file, int line)
{
    if (!eg || eg_error(eg)) return NULL;
    size_t bytes = 0;
    bool good = row_bytes(row, &bytes);
    if (!path || !*path || !good) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_npy_stream_open: %s",
                good ? "there is no path" : "the type or shape of a row is wrong; rows have at most 5 axes");
        return NULL;
    }
    eg_npy_stream *s = eg_alloc(eg, 1, sizeof *s);
    if (!s) return NULL;
    *s = (eg_npy_stream){.eg = eg, .row = row, .row_bytes = bytes, .file = file, .line = line, .fd = -1};
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->turn, NULL);
    if (open_part(s, path)) return s;
    destroy(s, true);
    return NULL;
}

void *eg_npy_stream_rows(eg_npy_stream *s, int64_t rows)
{
    if (!s || eg_error(s->eg)) return NULL;
    size_t bytes;
    if (rows < 0 || __builtin_mul_overflow((size_t)rows, s->row_bytes, &bytes)) {
        eg_fail(s->eg, EG_ERR_ARGUMENT, s->file, s->line, "eg_npy_stream_rows: no block has %lld rows",
                (long long)rows);
        return NULL;
    }
    pthread_mutex_lock(&s->lock);
    while (s->filled - s->written == BLOCKS) pthread_cond_wait(&s->turn, &s->lock);
    int why = s->why;
    pthread_mutex_unlock(&s->lock);
    if (why) {
        failed(s, why);
        return NULL;
    }
    npy_block *b = &s->block[s->filled % BLOCKS];
    if (!b->at || b->size < bytes) {
        eg_release(s->eg, b->at);
        b->at = eg_alloc(s->eg, (int64_t)bytes, 1);
        b->size = b->at ? bytes : 0;
    }
    return b->at;
}

eg_status eg_npy_stream_put(eg_npy_stream *s, int64_t rows)
{
    if (!s) return EG_ERR_ARGUMENT;
    if (eg_error(s->eg)) return eg_error(s->eg);
    npy_block *b = &s->block[s->filled % BLOCKS];
    if (rows < 0 || !b->at || (size_t)rows > (s->row_bytes ? b->size / s->row_bytes : SIZE_MAX)) {
        eg_fail(s->eg, EG_ERR_ARGUMENT, s->file, s->line,
                "eg_npy_stream_put: %lld rows are more than eg_npy_stream_rows gave room for", (long long)rows);
        return eg_error(s->eg);
    }
    b->used = (size_t)rows * s->row_bytes;
    s->rows += rows;
    pthread_mutex_lock(&s->lock);
    s->filled++;
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
    return EG_OK;
}

eg_status eg_npy_stream_close(eg_npy_stream *s)
{
    if (!s) return EG_ERR_ARGUMENT;
    eg_context *eg = s->eg;
    stop_writer(s);
    char head[HEADER];
    header(s, head);
    int why = s->why;
    if (!why) why = write_all(s->fd, head, sizeof head, 0);
    if (!why && !eg_error(eg)) why = rename(s->part, s->path) ? errno : 0;
    bool good = !why && !eg_error(eg);
    if (why) failed(s, why);
    destroy(s, !good);
    return eg_error(eg);
}

void eg_npy_stream_discard(eg_npy_stream *s)
{
    if (s) destroy(s, true);
}
