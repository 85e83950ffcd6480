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

#ifndef __cplusplus
#define eg_npy_write(...) (eg_npy_write)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
