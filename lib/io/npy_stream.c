/* Arrays that become .npy files row by row.
 *
 * Rows are gathered into blocks.  Rows that are handed over without a copy (eg_npy_rows) are written by a thread, which
 * is started for the first of them: three blocks are filled and written in turn, so that the maker of rows waits only
 * if the disk is slower.  The header is written twice, at last with the number of rows. */
#ifdef __linux__
#define _GNU_SOURCE /* affinity */
#endif
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "engram/io.h"
#include "engram/parallel.h"
#include "npy.h"
#include "output.h"

enum { BUFFER = 1 << 16, BLOCKS = 3 };

typedef struct npy_block {
    char *at;
    size_t size, used; /* bytes */
} npy_block;

struct eg_npy_stream {
    output out; /* of the writer, while it runs */
    eg_spec row;
    size_t bytes; /* of a row */
    int64_t rows;
    size_t held; /* bytes in the buffer: many small rows are one write */
    char *buffer;
    npy_block block[BLOCKS];
    bool given;    /* room that eg_npy_rows gave and that was not put yet, */
    size_t room;   /* and its bytes */
    bool complete; /* takes no more rows */
    bool has_writer;
    pthread_t writer;
    int maker;            /* the processor that rows came from first */
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t turn;
    int64_t filled, written; /* blocks so far */
    bool over, failed;
};

/* -- the writer ---------------------------------------------------------------------------------------------------- */

/* Not where the rows are made, if there is another processor: in virtual machines Linux takes a processor that is idle
 * for one that is not there (it looks preempted), and wakes the writer where it stands in its maker's way. */
static void step_aside(int maker)
{
#ifdef __linux__
    cpu_set_t all;
    if (maker < 0 || maker >= CPU_SETSIZE || sched_getaffinity(0, sizeof all, &all) || CPU_COUNT(&all) < 2) return;
    CPU_CLR((size_t)maker, &all);
    (void)sched_setaffinity(0, sizeof all, &all);
#else
    (void)maker;
#endif
}

static void *write_blocks(void *user)
{
    eg_npy_stream *s = user;
    step_aside(s->maker);
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (s->written == s->filled && !s->over) pthread_cond_wait(&s->turn, &s->lock);
        if (s->written == s->filled) break;
        const npy_block *b = &s->block[s->written % BLOCKS];
        pthread_mutex_unlock(&s->lock);
        bool good = egi_output_write(&s->out, b->at, b->used);
        pthread_mutex_lock(&s->lock);
        s->failed |= !good;
        s->written++;
        pthread_cond_broadcast(&s->turn);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* Signals are for the host's own threads. */
static bool start_writer(eg_npy_stream *s)
{
    if (s->has_writer) return true;
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
#ifdef __linux__
    s->maker = sched_getcpu();
#endif
    int why = pthread_create(&s->writer, NULL, write_blocks, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    s->has_writer = why == 0;
    if (why && !s->out.why) s->out.why = why;
    if (why) egi_output_fail(&s->out);
    return s->has_writer;
}

static void stop_writer(eg_npy_stream *s)
{
    if (!s->has_writer) return;
    pthread_mutex_lock(&s->lock);
    s->over = true;
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->writer, NULL);
    s->has_writer = s->over = false;
}

/* -- making and ending --------------------------------------------------------------------------------------------- */

static void release(eg_npy_stream *s)
{
    eg_context *eg = s->out.eg;
    for (int k = 0; k < BLOCKS; k++) eg_release(eg, s->block[k].at);
    eg_release(eg, s->buffer);
    pthread_cond_destroy(&s->turn);
    pthread_mutex_destroy(&s->lock);
    eg_release(eg, s);
}

static void destroy(void *object)
{
    eg_npy_stream *s = object;
    stop_writer(s);
    egi_output_discard(&s->out);
    release(s);
}

eg_npy_stream *(eg_npy_create)(eg_context *eg, const char *path, eg_spec row, const char *file, int line)
{
    size_t bytes;
    if (eg_error(eg) || !egi_output_spec(eg, "eg_npy_create", NULL, row, "", &bytes, file, line)) return NULL;
    if (row.rank >= EG_MAX_RANK) {
        eg_fail(eg, EG_ERR_SHAPE, file, line,
                "eg_npy_create: a row has rank %d; with the rows it would be %d, and %d is the most", row.rank,
                row.rank + 1, EG_MAX_RANK);
        return NULL;
    }
    eg_npy_stream *s = eg_alloc(eg, 1, sizeof *s);
    if (!s) return NULL;
    *s = (eg_npy_stream){.row = row, .bytes = bytes};
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->turn, NULL);
    s->buffer = eg_alloc(eg, BUFFER, 1);
    if (!s->buffer || !egi_output_open(&s->out, eg, "eg_npy_create", path, file, line)) {
        s->out.eg = eg;
        release(s);
        return NULL;
    }
    s->out.cached = s->out.long_one = true;
    char head[NPY_HEAD];
    egi_output_write(&s->out, head, egi_npy_format_rows(row, 0, head));
    return eg_own(eg, s, destroy) ? s : NULL;
}

static bool flush(eg_npy_stream *s)
{
    bool ok = egi_output_write(&s->out, s->buffer, s->held);
    s->held = 0;
    return ok;
}

eg_status eg_npy_complete(eg_npy_stream *s)
{
    if (!s) return EG_ERR_ARGUMENT;
    char head[NPY_HEAD];
    stop_writer(s);
    if (s->complete) return eg_error(s->out.eg);
    flush(s);
    egi_output_patch(&s->out, 0, head, egi_npy_format_rows(s->row, s->rows, head));
    s->complete = true;
    return egi_output_complete(&s->out);
}

eg_status eg_npy_finish(eg_npy_stream *s)
{
    if (!s) return EG_ERR_ARGUMENT;
    eg_context *eg = s->out.eg;
    eg_npy_complete(s);
    eg_status status = egi_output_commit(&s->out);
    eg_disown(eg, s);
    release(s);
    return status;
}

void eg_npy_discard(eg_npy_stream *s)
{
    if (!s) return;
    eg_disown(s->out.eg, s);
    destroy(s);
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

static bool size_of(const eg_npy_stream *s, int64_t rows, const void *data, const char *what, size_t *bytes)
{
    if (s->complete) {
        eg_fail(s->out.eg, EG_ERR_STATE, s->out.file, s->out.line, "%s: '%.300s' is complete and takes no more rows",
                what, s->out.path);
        return false;
    }
    if (rows >= 0 && !__builtin_mul_overflow((size_t)rows, s->bytes, bytes) && *bytes <= PTRDIFF_MAX &&
        (data || !*bytes))
        return true;
    eg_fail(s->out.eg, EG_ERR_ARGUMENT, s->out.file, s->out.line, "%s: '%.300s': %lld rows at %s", what, s->out.path,
            (long long)rows, data ? "an address" : "NULL");
    return false;
}

/* Without a writer. */
static bool append(eg_npy_stream *s, size_t bytes, const void *data)
{
    bool ok = s->held + bytes <= BUFFER || flush(s);
    if (bytes > BUFFER) {
        ok = ok && egi_output_write(&s->out, data, bytes);
    } else if (bytes) {
        memcpy(s->buffer + s->held, data, bytes);
        s->held += bytes;
    }
    if (!ok) egi_output_fail(&s->out);
    return ok;
}

eg_status eg_npy_append(eg_npy_stream *s, int64_t rows, const void *data)
{
    if (!s) return EG_ERR_ARGUMENT;
    eg_context *eg = s->out.eg;
    size_t bytes;
    if (eg_error(eg) || !size_of(s, rows, data, "eg_npy_append", &bytes)) return eg_error(eg);
    if (s->has_writer) {
        void *to = eg_npy_rows(s, rows);
        if (to && bytes) memcpy(to, data, bytes);
        return eg_npy_put(s, rows);
    }
    if (append(s, bytes, data)) s->rows += rows;
    return eg_error(eg);
}

void *eg_npy_rows(eg_npy_stream *s, int64_t rows)
{
    if (!s || eg_error(s->out.eg)) return NULL;
    size_t bytes;
    if (!size_of(s, rows, "", "eg_npy_rows", &bytes)) return NULL;
    if (!s->has_writer && s->held && !flush(s)) egi_output_fail(&s->out);
    if (eg_error(s->out.eg) || !start_writer(s)) return NULL;
    pthread_mutex_lock(&s->lock);
    while (s->filled - s->written == BLOCKS) pthread_cond_wait(&s->turn, &s->lock);
    bool failed = s->failed;
    pthread_mutex_unlock(&s->lock);
    if (failed) {
        stop_writer(s);
        egi_output_fail(&s->out);
        return NULL;
    }
    npy_block *b = &s->block[s->filled % BLOCKS];
    if (!b->at || b->size < bytes) {
        eg_release(s->out.eg, b->at);
        b->at = eg_alloc(s->out.eg, (int64_t)bytes, 1);
        b->size = b->at ? bytes : 0;
    }
    s->given = b->at != NULL;
    s->room = bytes;
    return b->at;
}

eg_status eg_npy_put(eg_npy_stream *s, int64_t rows)
{
    if (!s) return EG_ERR_ARGUMENT;
    eg_context *eg = s->out.eg;
    size_t bytes;
    if (eg_error(eg) || !size_of(s, rows, "", "eg_npy_put", &bytes)) return eg_error(eg);
    npy_block *b = &s->block[s->filled % BLOCKS];
    if (!s->given || bytes > s->room) {
        eg_fail(eg, EG_ERR_ARGUMENT, s->out.file, s->out.line,
                "eg_npy_put: '%.300s': %lld rows are more than eg_npy_rows gave room for", s->out.path,
                (long long)rows);
        return eg_error(eg);
    }
    s->given = false;
    b->used = bytes;
    s->rows += rows;
    pthread_mutex_lock(&s->lock);
    s->filled++;
    pthread_cond_broadcast(&s->turn);
    pthread_mutex_unlock(&s->lock);
    return EG_OK;
}
