/* The .npy format (numpy.lib.format): its header, and an array out of a stream of bytes. */
#ifndef EGI_IO_NPY_H
#define EGI_IO_NPY_H

#include "input.h"

/* How elements stand in the file, and as what they are read. */
typedef struct npy_type {
    char kind; /* 'b' bool, 'i', 'u', 'f', 'c' */
    int size;
    bool swapped; /* big-endian */
    eg_dtype dtype;
} npy_type;

typedef struct npy_header {
    npy_type type;
    bool fortran; /* first index fastest */
    int rank;
    int64_t dim[EG_MAX_RANK];
    int64_t count; /* of elements */
} npy_header;

enum { NPY_HEAD = 256 }; /* bytes that hold any header that we write */

/* Writes a header of version 1.0 into NPY_HEAD bytes; its length, a multiple of 64.  rows is a first extent; the length
 * does not depend on it. */
size_t egi_npy_format(eg_spec s, char *to);
size_t egi_npy_format_rows(eg_spec row, int64_t rows, char *to);

/* Reads magic, version and header; the rest of the source is the elements, exactly.  False after an error. */
bool egi_npy_header(source *s, npy_header *h);
/* Reads the elements that such a header promises, which are all that is left of the source. */
eg_array *egi_npy_elements(source *s, const npy_header *h, const uint32_t *crc);
/* Reads a whole .npy file out of the source, to its end.  crc: the checksum it must have, or NULL. */
eg_array *egi_npy_array(source *s, const uint32_t *crc);

#endif
