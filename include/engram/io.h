/* Files: arrays as NumPy's .npy and .npz, and from IDX.
 *
 * Writing.  A file appears whole or not at all: it is written beside its place, brought to disk and renamed.  What was
 *   there before stays until then; a link is replaced, and what is no regular file is an error.
 * Reading.  Files are not trusted: every length is checked against the file before memory is taken for it (an element
 *   may grow to 4 bytes, and a deflated member to what deflate can give, 1032 times its size), nothing in a file runs
 *   or names another file.  What is wrong is an error (EG_ERR_IO, EG_ERR_TYPE for elements that Engram does not have)
 *   that names the file, what was expected and what was found.
 * Elements.  bool, i4, u4, i8, f4, f8, c8 and c16 are Engram's.  i1 and i2 become i32, u1 and u2 u32, f2 f32; u8
 *   becomes i64 if all its numbers fit.  Big-endian files and Fortran order are read as well; arrays are always in C
 *   order.
 * Paths are UTF-8 or whatever the system takes.  All functions are for one host thread at a time, as the context is.
 */
#ifndef ENGRAM_IO_H
#define ENGRAM_IO_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes a file in one piece.  Errors: path or data NULL, and what the system says (EG_ERR_IO). */
EG_API eg_status(eg_write_file)(eg_context *eg, const char *path, const void *data, size_t bytes, EG_PLACE);

/* -- .npy --------------------------------------------------------------------------------------------------------- */

/* Reads a .npy file (versions 1.0, 2.0, 3.0) as an array of the context; NULL after an error. */
EG_API eg_array *(eg_npy_read)(eg_context *eg, const char *path, EG_PLACE);
/* The same from memory; name stands for the path in errors (NULL: "memory"). */
EG_API eg_array *(eg_npy_parse)(eg_context *eg, const char *name, const void *data, size_t bytes, EG_PLACE);
/* Writes elements in C order as version 1.0.  An array: eg_npy_write(eg, path, eg_array_spec(a), eg_array_data(a)).
 * Errors: path or data NULL, a wrong spec, and what the system says. */
EG_API eg_status(eg_npy_write)(eg_context *eg, const char *path, eg_spec spec, const void *data, EG_PLACE);

/* A .npy file that grows by rows, in constant memory; it appears when it is finished.  It is not forced to the disk: a
 * crash of the machine, not of the process, soon after may lose it. */
typedef struct eg_npy_stream eg_npy_stream;
/* Begins it; row is the type and shape of one row, rank at most EG_MAX_RANK - 1.  Belongs to the context: eg_close()
 * discards what was not finished. */
EG_API eg_npy_stream *(eg_npy_create)(eg_context *eg, const char *path, eg_spec row, EG_PLACE);
/* Adds rows.  After a write that failed the stream takes no more and can only be discarded; a wrong call changes
 * nothing. */
EG_API eg_status eg_npy_append(eg_npy_stream *s, int64_t rows, const void *data);
/* The same without a copy, while a thread of the stream's own writes what came before: room for so many rows, of
 * eg_alloc(), to fill, and then to hand over the first of them.  Waits until there is a block to spare.  NULL after an
 * error. */
EG_API void *eg_npy_rows(eg_npy_stream *s, int64_t rows);
EG_API eg_status eg_npy_put(eg_npy_stream *s, int64_t rows);
/* Writes what is held back and closes the file, but does not yet put it in its place: of several files that belong
 * together, complete all, then finish all.  No rows can be added afterwards. */
EG_API eg_status eg_npy_complete(eg_npy_stream *s);
/* Completes it, puts the file in its place and frees the stream, whatever happens.  eg_npy_discard() leaves no file;
 * NULL is fine. */
EG_API eg_status eg_npy_finish(eg_npy_stream *s);
EG_API void eg_npy_discard(eg_npy_stream *s);

/* -- IDX ----------------------------------------------------------------------------------------------------------- */

/* Reads an IDX file, the format of MNIST and Fashion-MNIST (Y. LeCun and others, "The MNIST database of handwritten
 * digits": magic number, extents, elements, all big-endian), as it is or packed by gzip.  Bytes become u32, signed
 * bytes and i2 i32; i4, f4 and f8 are Engram's.  NULL after an error. */
EG_API eg_array *(eg_idx_read)(eg_context *eg, const char *path, EG_PLACE);
/* The same from memory; name stands for the path in errors (NULL: "memory"). */
EG_API eg_array *(eg_idx_parse)(eg_context *eg, const char *name, const void *data, size_t bytes, EG_PLACE);

/* -- .npz --------------------------------------------------------------------------------------------------------- */

/* An archive open for reading: a zip file, zip64 where it is large, whose members are .npy files, stored or deflated.
 */
typedef struct eg_npz eg_npz;
/* Opens it and reads its directory.  Belongs to the context; eg_npz_close() frees it earlier, NULL is fine. */
EG_API eg_npz *(eg_npz_open)(eg_context *eg, const char *path, EG_PLACE);
/* The same from memory, which stays yours and must be there until it is closed. */
EG_API eg_npz *(eg_npz_parse)(eg_context *eg, const char *name, const void *data, size_t bytes, EG_PLACE);
EG_API void eg_npz_close(eg_npz *z);
/* Number of arrays, and their names in the order of the file, without ".npy"; NULL behind the last.  Members that are
 * no .npy are not counted. */
EG_API int64_t eg_npz_count(const eg_npz *z);
EG_API const char *eg_npz_name(const eg_npz *z, int64_t k);
/* Is there an array of that name? */
EG_API bool eg_npz_has(const eg_npz *z, const char *name);
/* Reads an array; its checksum is verified.  The error of a wrong name lists what there is. */
EG_API eg_array *(eg_npz_read)(eg_npz *z, const char *name, EG_PLACE);

/* An array to write, and its name in the archive. */
typedef struct eg_npz_item {
    const char *name; /* without ".npy"; no control characters, no '\\', no leading '/', no ".." */
    eg_spec spec;
    const void *data; /* in C order */
} eg_npz_item;

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_npz_options {
    int level; /* of compression, 1 fast to 9 small; 0 = stored as it is */
} eg_npz_options;

/* Writes arrays under their names.  The same arrays give the same bytes.  Errors: a path, name or data is missing or
 * wrong, two names are equal, and what the system says. */
EG_API eg_status(eg_npz_write)(eg_context *eg, const char *path, int64_t num, const eg_npz_item *items,
                               const eg_npz_options *options, EG_PLACE);

#ifndef __cplusplus
#define eg_write_file(...) (eg_write_file)(__VA_ARGS__, EG_HERE)
#define eg_npy_read(...) (eg_npy_read)(__VA_ARGS__, EG_HERE)
#define eg_npy_parse(...) (eg_npy_parse)(__VA_ARGS__, EG_HERE)
#define eg_npy_write(...) (eg_npy_write)(__VA_ARGS__, EG_HERE)
#define eg_npy_create(...) (eg_npy_create)(__VA_ARGS__, EG_HERE)
#define eg_idx_read(...) (eg_idx_read)(__VA_ARGS__, EG_HERE)
#define eg_idx_parse(...) (eg_idx_parse)(__VA_ARGS__, EG_HERE)
#define eg_npz_open(...) (eg_npz_open)(__VA_ARGS__, EG_HERE)
#define eg_npz_parse(...) (eg_npz_parse)(__VA_ARGS__, EG_HERE)
#define eg_npz_read(...) (eg_npz_read)(__VA_ARGS__, EG_HERE)
#define eg_npz_write(...) (eg_npz_write)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
