/* What parsers read: a file or memory, never behind its end, and streams of bytes out of it. */
#ifndef EGI_IO_INPUT_H
#define EGI_IO_INPUT_H

#include "engram/core.h"

#define ZLIB_CONST
#include <zlib.h>

typedef struct input {
    eg_context *eg;
    int fd;              /* -1: memory */
    const uint8_t *data; /* of memory */
    uint64_t size;
    const char *what; /* who reads: "eg_npy_read" */
    const char *name; /* of the file */
    const char *file;
    int line; /* where the user is */
} input;

/* Opens a regular file; false after an error. */
bool egi_input_open(input *in, eg_context *eg, const char *what, const char *path, const char *file, int line);
bool egi_input_memory(input *in, eg_context *eg, const char *what, const char *name, const void *data, size_t bytes,
                      const char *file, int line);
void egi_input_close(input *in);
/* Reads n bytes that lie within size; false after an error (the file became shorter, or the disk fails). */
bool egi_input_read(const input *in, uint64_t at, void *to, size_t n);

/* Bytes in order: a piece of the input, as it is or inflated. */
typedef struct source {
    const input *in;
    const char *member; /* of an archive, for errors; NULL */
    uint64_t at, end;   /* of the piece */
    uint64_t left;      /* bytes that are still to come */
    bool deflated;
    uint32_t crc; /* of the bytes given so far, if it has a member */
    z_stream z;
    uint8_t *packed; /* buffer */
} source;

source egi_source(const input *in, uint64_t at, uint64_t size);
/* Of a deflated piece, in gzip's wrapping or none, with the number of bytes that it is to give.  egi_source_close()
 * frees its buffers. */
bool egi_source_inflate(source *s, uint64_t size, bool gzip);
void egi_source_close(source *s);
/* Exactly n <= left bytes; false after an error. */
bool egi_source_read(source *s, void *to, size_t n);
/* After the last byte: a deflated piece ends there, and the checksum, unless NULL, is right. */
bool egi_source_ends(source *s, const uint32_t *crc);

/* Makes an error: "eg_npy_read: 'path': ...", with the member; false. */
bool egi_source_bad(const source *s, eg_status status, const char *format, ...) EG_PRINTF(3, 4);
bool egi_input_bad(const input *in, const char *format, ...) EG_PRINTF(2, 3);
/* Bytes of a file as printable text for errors, cut to fit. */
const char *egi_printable(char *to, size_t size, const void *bytes, size_t n);

#endif
