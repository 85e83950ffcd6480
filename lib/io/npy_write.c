/* Arrays as .npy, in one piece or row by row. */
#include <string.h>

#include "engram/io.h"
#include "engram/parallel.h"
#include "npy.h"
#include "output.h"

eg_status(eg_npy_write)(eg_context *eg, const char *path, eg_spec spec, const void *data, const char *file, int line)
{
    size_t bytes;
    output o;
    if (eg_error(eg) || !egi_output_spec(eg, "eg_npy_write", NULL, spec, data, &bytes, file, line) ||
        !egi_output_open(&o, eg, "eg_npy_write", path, file, line))
        return eg_error(eg);
    char head[NPY_HEAD];
    egi_output_write(&o, head, egi_npy_format(spec, head));
    egi_output_write(&o, data, bytes);
    return egi_output_commit(&o);
}

/* -- growing ------------------------------------------------------------------------------------------------------ */

enum { BUFFER = 1 << 16 };

struct eg_npy_stream {
    output out;
    eg_spec row;
    size_t bytes; /* of a row */
    int64_t rows;
    size_t held; /* bytes in the buffer: many small rows are one write */
    char buffer[BUFFER];
};

static void destroy(void *object)
{
    eg_npy_stream *s = object;
    egi_output_discard(&s->out);
    eg_release(s->out.eg, s);
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
    if (!egi_output_open(&s->out, eg, "eg_npy_create", path, file, line)) {
        eg_release(eg, s);
        return NULL;
    }
    s->row = row;
    s->bytes = bytes;
    s->rows = 0;
    s->held = 0;
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

eg_status eg_npy_append(eg_npy_stream *s, int64_t rows, const void *data)
{
    if (!s) return EG_ERR_ARGUMENT;
    output *o = &s->out;
    if (eg_error(o->eg)) return eg_error(o->eg);
    size_t bytes;
    if (rows < 0 || __builtin_mul_overflow((size_t)rows, s->bytes, &bytes) || bytes > PTRDIFF_MAX || (!data && bytes)) {
        eg_fail(o->eg, EG_ERR_ARGUMENT, o->file, o->line, "eg_npy_append: '%.300s': %lld rows at %s", o->path,
                (long long)rows, data ? "an address" : "NULL");
        return EG_ERR_ARGUMENT;
    }
    bool ok = s->held + bytes <= BUFFER || flush(s);
    if (bytes > BUFFER) {
        ok = ok && egi_output_write(o, data, bytes);
    } else if (bytes) {
        memcpy(s->buffer + s->held, data, bytes);
        s->held += bytes;
    }
    s->rows += rows;
    if (!ok) egi_output_fail(o);
    return eg_error(o->eg);
}

eg_status eg_npy_finish(eg_npy_stream *s)
{
    if (!s) return EG_ERR_ARGUMENT;
    eg_context *eg = s->out.eg;
    char head[NPY_HEAD];
    flush(s);
    egi_output_patch(&s->out, 0, head, egi_npy_format_rows(s->row, s->rows, head));
    eg_status status = egi_output_commit(&s->out);
    eg_disown(eg, s);
    eg_release(eg, s);
    return status;
}

void eg_npy_discard(eg_npy_stream *s)
{
    if (!s) return;
    eg_disown(s->out.eg, s);
    destroy(s);
}
