/* IDX files, as MNIST has them: four bytes (0, 0, type, rank), extents and elements, all big-endian. */
#include <string.h>

#include "engram/io.h"
#include "npy.h"

/* Most bytes that a byte of deflated data can give. */
enum { DEFLATE_MOST = 1032 };

static const struct {
    uint8_t code;
    npy_type type;
} types[] = {{0x08, {'u', 1, true, EG_U32}}, {0x09, {'i', 1, true, EG_I32}}, {0x0B, {'i', 2, true, EG_I32}},
             {0x0C, {'i', 4, true, EG_I32}}, {0x0D, {'f', 4, true, EG_F32}}, {0x0E, {'f', 8, true, EG_F64}}};

static bool find_type(const source *s, uint8_t code, npy_type *type)
{
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        if (types[k].code != code) continue;
        *type = types[k].type;
        return true;
    }
    return egi_source_bad(s, EG_ERR_TYPE, "its type is 0x%02x; IDX files have 0x08, 0x09 or 0x0b to 0x0e", code);
}

static bool extents(source *s, npy_header *h)
{
    h->count = 1;
    for (int k = 0; k < h->rank; k++) {
        uint8_t b[4];
        if (!egi_source_read(s, b, sizeof b)) return false;
        h->dim[k] = (int64_t)b[0] << 24 | (int64_t)b[1] << 16 | (int64_t)b[2] << 8 | b[3];
        if (__builtin_mul_overflow(h->count, h->dim[k], &h->count))
            return egi_source_bad(s, EG_ERR_IO, "its extents are larger than any memory");
    }
    return true;
}

/* The elements must be there before memory is taken for them: all that is left of a plain file, and no more than a
 * packed one can give. */
static bool header(source *s, npy_header *h)
{
    uint8_t magic[4];
    *h = (npy_header){0};
    if (!egi_source_read(s, magic, sizeof magic)) return false;
    if (magic[0] || magic[1])
        return egi_source_bad(s, EG_ERR_IO, "it begins with the bytes %02x %02x; IDX files begin with 00 00", magic[0],
                              magic[1]);
    h->rank = magic[3];
    if (h->rank > EG_MAX_RANK)
        return egi_source_bad(s, EG_ERR_IO, "it has %d axes; %d are the most", h->rank, EG_MAX_RANK);
    if (!find_type(s, magic[2], &h->type) || !extents(s, h)) return false;
    uint64_t bytes;
    bool fits = !__builtin_mul_overflow((uint64_t)h->count, (uint64_t)h->type.size, &bytes);
    if (!fits || (s->deflated ? bytes > s->left : bytes != s->left))
        return egi_source_bad(s, EG_ERR_IO, "its extents are those of %lld elements of %d bytes; %s%llu bytes follow",
                              (long long)h->count, h->type.size, s->deflated ? "at most " : "",
                              (unsigned long long)s->left);
    s->left = bytes;
    return true;
}

static eg_array *read_array(const input *in)
{
    uint8_t first[2] = {0};
    npy_header h;
    source s = egi_source(in, 0, in->size);
    if (in->size >= sizeof first && !egi_input_read(in, 0, first, sizeof first)) return NULL;
    const bool packed = first[0] == 0x1f && first[1] == 0x8b;
    uint64_t most;
    if (__builtin_mul_overflow(in->size, (uint64_t)DEFLATE_MOST, &most)) most = UINT64_MAX;
    if (packed && !egi_source_inflate(&s, most, true)) return NULL;
    eg_array *a = header(&s, &h) ? egi_npy_elements(&s, &h, NULL) : NULL;
    egi_source_close(&s);
    return a;
}

eg_array *(eg_idx_read)(eg_context *eg, const char *path, const char *file, int line)
{
    input in;
    if (!egi_input_open(&in, eg, "eg_idx_read", path, file, line)) return NULL;
    eg_array *a = read_array(&in);
    egi_input_close(&in);
    return a;
}

eg_array *(eg_idx_parse)(eg_context *eg, const char *name, const void *data, size_t bytes, const char *file, int line)
{
    input in;
    return egi_input_memory(&in, eg, "eg_idx_parse", name, data, bytes, file, line) ? read_array(&in) : NULL;
}
