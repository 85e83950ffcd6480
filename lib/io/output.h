/* Files that appear whole or not at all. */
#ifndef EGI_IO_OUTPUT_H
#define EGI_IO_OUTPUT_H

#include "engram/core.h"

/* A file being written beside its place.  After the first failure everything else does nothing, and committing says
 * what it was. */
typedef struct output {
    eg_context *eg;
    int fd;                  /* -1: none */
    char *path;              /* where it goes, */
    char *part;              /* and where it is until then */
    uint64_t at, reserved;   /* bytes so far; room on the disk, if it is asked for ahead */
    bool cached;             /* not brought to disk before it is renamed */
    bool long_one;           /* written in many pieces: room is asked for ahead */
    int why;                 /* errno of the first failure; 0 = none */
    const char *what, *file; /* who writes, for errors */
    int line;
} output;

/* Begins; false after an error of the context, with nothing to clean up.  what: "eg_npy_write". */
bool egi_output_open(output *o, eg_context *eg, const char *what, const char *path, const char *file, int line);
bool egi_output_write(output *o, const void *data, size_t bytes);
/* Overwrites what was written before. */
bool egi_output_patch(output *o, uint64_t at, const void *data, size_t bytes);
/* Closes it: what is left to do is renaming. */
eg_status egi_output_complete(output *o);
/* Completes it and puts it in its place; after a failure, or an error of the context, nothing is left of it. */
eg_status egi_output_commit(output *o);
void egi_output_discard(output *o);
/* Makes the failure an error of the context now. */
void egi_output_fail(const output *o);

/* Checks type and shape, computes the bytes of such an array, and that data is there if there are any.  Errors begin
 * with what and, if name is given, the array's. */
bool egi_output_spec(eg_context *eg, const char *what, const char *name, eg_spec spec, const void *data, size_t *bytes,
                     const char *file, int line);

#endif
