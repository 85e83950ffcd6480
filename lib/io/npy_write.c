/* Arrays as .npy, in one piece. */
#include "engram/io.h"
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
