/* Elements of .npy as arrays: byte order, narrow types, Fortran order. */
#include <stdio.h>
#include <string.h>

#include "engram/io.h"
#include "engram/parallel.h"
#include "npy.h"

enum { CHUNK = 16384 };

/* Where the next element goes: an index that counts with the first axis fastest, and its place in C order. */
typedef struct cursor {
    int rank;
    int64_t index[EG_MAX_RANK], dim[EG_MAX_RANK], stride[EG_MAX_RANK];
    int64_t at;
} cursor;

static cursor cursor_of(const npy_header *h)
{
    cursor c = {.rank = h->rank};
    int64_t stride = 1;
    for (int k = h->rank - 1; k >= 0; k--) {
        c.dim[k] = h->dim[k];
        c.stride[k] = stride;
        stride *= h->dim[k];
    }
    return c;
}

static void advance(cursor *c)
{
    for (int k = 0; k < c->rank; k++) {
        c->at += c->stride[k];
        if (++c->index[k] < c->dim[k]) return;
        c->at -= c->stride[k] * c->dim[k];
        c->index[k] = 0;
    }
}

/* IEEE half precision as single, exactly; NaN keep their sign and payload. */
static uint32_t widen_half(uint32_t h)
{
    uint32_t sign = (h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3FF;
    if (exponent == 31) return sign | 0x7F800000 | fraction << 13;
    if (exponent) return sign | (exponent + 112) << 23 | fraction << 13;
    if (!fraction) return sign;
    for (exponent = 113; !(fraction & 0x400); exponent--) fraction <<= 1;
    return sign | exponent << 23 | (fraction & 0x3FF) << 13;
}

static uint64_t bits_of(const uint8_t *p, int size, bool swapped)
{
    uint64_t bits = 0;
    for (int k = 0; k < size; k++) bits |= (uint64_t)p[swapped ? size - 1 - k : k] << 8 * k;
    return bits;
}

/* The two parts of a complex number, each of which has its bytes in the file's order. */
static void convert_complex(const npy_type *t, const uint8_t *p, uint8_t *to)
{
    const int half = t->size / 2;
    for (int k = 0; k < 2; k++) {
        const uint64_t bits = bits_of(p + k * half, half, t->swapped);
        memcpy(to + k * half, &bits, (size_t)half);
    }
}

/* One element of the file, in the lowest bytes of the result as Engram stores it; false if it has no such value. */
static bool convert(const npy_type *t, const uint8_t *p, uint64_t *x)
{
    const uint64_t bits = bits_of(p, t->size, t->swapped);
    *x = bits;
    switch (t->kind) {
    case 'b': return bits <= 1;
    case 'i':
        if (t->size == 1) *x = (uint64_t)(int64_t)(int8_t)bits;
        if (t->size == 2) *x = (uint64_t)(int64_t)(int16_t)bits;
        return true;
    case 'u': return t->size < 8 || bits <= INT64_MAX;
    default:
        if (t->size == 2) *x = widen_half((uint32_t)bits);
        return true;
    }
}

static bool as_it_is(const npy_header *h)
{
    return !h->type.swapped && (!h->fortran || h->rank < 2) && h->type.kind != 'b' &&
           (size_t)h->type.size == eg_dtype_size(h->type.dtype) && (h->type.kind != 'u' || h->type.size < 8);
}

static bool read_converted(source *s, const npy_header *h, uint8_t *to)
{
    uint8_t chunk[CHUNK];
    const size_t size = (size_t)h->type.size, wide = eg_dtype_size(h->type.dtype), most = CHUNK / size;
    cursor c = cursor_of(h);
    for (int64_t done = 0; done < h->count;) {
        size_t n = (size_t)(h->count - done) < most ? (size_t)(h->count - done) : most;
        if (!egi_source_read(s, chunk, n * size)) return false;
        for (size_t k = 0; k < n; k++) {
            uint8_t *at = to + (size_t)(h->fortran ? c.at : done + (int64_t)k) * wide;
            uint64_t x;
            if (h->type.kind == 'c')
                convert_complex(&h->type, chunk + k * size, at);
            else if (!convert(&h->type, chunk + k * size, &x))
                return egi_source_bad(s, EG_ERR_TYPE, "element %lld is %llu, which no %s can hold",
                                      (long long)done + (long long)k, (unsigned long long)x,
                                      eg_dtype_name(h->type.dtype));
            else
                memcpy(at, &x, wide);
            if (h->fortran) advance(&c);
        }
        done += (int64_t)n;
    }
    return true;
}

eg_array *egi_npy_elements(source *s, const npy_header *h, const uint32_t *crc)
{
    const input *in = s->in;
    eg_spec spec = {.dtype = h->type.dtype, .rank = h->rank};
    memcpy(spec.dim, h->dim, sizeof spec.dim);
    uint8_t *data = eg_alloc(in->eg, h->count, eg_dtype_size(spec.dtype));
    if (!data) return NULL;
    bool ok = as_it_is(h) ? egi_source_read(s, data, (size_t)s->left) : read_converted(s, h, data);
    ok = ok && egi_source_ends(s, crc);
    if (ok) return (eg_array_adopt)(in->eg, spec, data, in->file, in->line);
    eg_release(in->eg, data);
    return NULL;
}

eg_array *egi_npy_array(source *s, const uint32_t *crc)
{
    npy_header h;
    return egi_npy_header(s, &h) ? egi_npy_elements(s, &h, crc) : NULL;
}

eg_array *(eg_npy_read)(eg_context *eg, const char *path, const char *file, int line)
{
    input in;
    if (!egi_input_open(&in, eg, "eg_npy_read", path, file, line)) return NULL;
    source s = egi_source(&in, 0, in.size);
    eg_array *a = egi_npy_array(&s, NULL);
    egi_input_close(&in);
    return a;
}

eg_array *(eg_npy_parse)(eg_context *eg, const char *name, const void *data, size_t bytes, const char *file, int line)
{
    input in;
    if (!egi_input_memory(&in, eg, "eg_npy_parse", name, data, bytes, file, line)) return NULL;
    source s = egi_source(&in, 0, in.size);
    return egi_npy_array(&s, NULL);
}
