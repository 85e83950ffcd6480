/* Files. */
#ifndef ENGRAM_IO_H
#define ENGRAM_IO_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes an array as NumPy's .npy (format 1.0, C order), in one piece: the file appears whole or not at all.
 * Errors: path or data NULL, a wrong spec, and what the system says (EG_ERR_IO). */
EG_API eg_status(eg_npy_write)(eg_context *eg, const char *path, eg_spec spec, const void *data, const char *file,
                               int line);

/* An array written as a .npy file row by row, in constant memory, while a thread of its own writes:
 *
 *     eg_npy_stream *s = eg_npy_stream_open(eg, "V.npy", eg_vector(EG_F32, 100));
 *     while (...) {
 *         float *rows = eg_npy_stream_rows(s, 1000);
 *         ... fill them ...
 *         eg_npy_stream_put(s, 1000);
 *     }
 *     eg_npy_stream_close(s);
 *
 * The file appears under its name when it is closed, whole or not at all; what stood there before stays until then. A
 * crash of the machine (not of the process) soon after may still lose it: nothing is forced to the disk.
 * Streams are not closed by eg_close().  Errors: of the arguments, and what the system says (EG_ERR_IO). */
typedef struct eg_npy_stream eg_npy_stream;
EG_API eg_npy_stream *(eg_npy_stream_open)(eg_context *eg, const char *path, eg_spec row, const char *file, int line);
/* Room for so many rows, of eg_alloc(); waits until there is a block to spare.  NULL after an error. */
EG_API void *eg_npy_stream_rows(eg_npy_stream *s, int64_t rows);
/* Hands over the first rows of that room. */
EG_API eg_status eg_npy_stream_put(eg_npy_stream *s, int64_t rows);
/* Writes the rest and gives the file its name, unless the context has an error; frees the stream. */
EG_API eg_status eg_npy_stream_close(eg_npy_stream *s);
/* Frees the stream and removes what was written.  NULL is fine. */
EG_API void eg_npy_stream_discard(eg_npy_stream *s);

#ifndef __cplusplus
#define eg_npy_stream_open(...) (eg_npy_stream_open)(__VA_ARGS__, EG_HERE)
#define eg_npy_write(...) (eg_npy_write)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
