/* Element types, and numbers as bits. */
#include <math.h>

#include "core/core.h"

static const struct {
    const char *name;
    size_t size;
} types[EG_DTYPE_COUNT] = {
    [EG_BOOL] = {"bool", 1}, [EG_I32] = {"i32", 4}, [EG_U32] = {"u32", 4}, [EG_I64] = {"i64", 8},
    [EG_F32] = {"f32", 4},   [EG_F64] = {"f64", 8}, [EG_C64] = {"c64", 8}, [EG_C128] = {"c128", 16},
};

size_t eg_dtype_size(eg_dtype t) { return (unsigned)t < EG_DTYPE_COUNT ? types[t].size : 0; }

const char *eg_dtype_name(eg_dtype t) { return (unsigned)t < EG_DTYPE_COUNT ? types[t].name : "?"; }

/* Saturating, NaN = 0: the rule of CONVERT. */
static int64_t clamp_real(double x, double low, double high, int64_t at_high)
{
    if (!(x == x)) return 0;
    if (x >= high) return at_high;
    if (x <= low) return (int64_t)low;
    return (int64_t)x;
}

uint64_t egi_bits_of_real(eg_dtype t, double x)
{
    uint64_t bits = 0;
    float f = (float)x;
    switch (t) {
    case EG_BOOL: return x != 0;
    case EG_I32: return (uint32_t)(int32_t)clamp_real(x, -0x1p31, 0x1p31, INT32_MAX);
    case EG_U32: return (uint32_t)clamp_real(x, 0, 0x1p32, UINT32_MAX);
    case EG_I64: return (uint64_t)clamp_real(x, -0x1p63, 0x1p63, INT64_MAX);
    case EG_F32: memcpy(&bits, &f, sizeof f); return bits;
    case EG_F64: memcpy(&bits, &x, sizeof x); return bits;
    case EG_C64: /* two numbers, which have bits of their own */
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return 0;
}

uint64_t egi_bits_of_int(eg_dtype t, int64_t x)
{
    switch (t) {
    case EG_BOOL: return x != 0;
    case EG_I32:
    case EG_U32: return (uint32_t)x;
    case EG_I64: return (uint64_t)x;
    case EG_F32: {
        float f = (float)x;
        uint32_t bits;
        memcpy(&bits, &f, sizeof f);
        return bits;
    }
    case EG_F64: return egi_bits_of_real(t, (double)x);
    case EG_C64:
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return 0;
}

double egi_real_of_bits(eg_dtype t, uint64_t bits)
{
    float f;
    double d;
    switch (t) {
    case EG_F32: memcpy(&f, &bits, sizeof f); return f;
    case EG_F64: memcpy(&d, &bits, sizeof d); return d;
    case EG_BOOL:
    case EG_I32:
    case EG_U32:
    case EG_I64: return (double)egi_int_of_bits(t, bits);
    case EG_C64:
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return 0;
}

int64_t egi_int_of_bits(eg_dtype t, uint64_t bits)
{
    switch (t) {
    case EG_BOOL: return bits & 1;
    case EG_I32: return (int32_t)(uint32_t)bits;
    case EG_U32: return (uint32_t)bits;
    case EG_I64: return (int64_t)bits;
    case EG_F32:
    case EG_F64: return clamp_real(egi_real_of_bits(t, bits), -0x1p63, 0x1p63, INT64_MAX);
    case EG_C64:
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return 0;
}

eg_spec egi_stored(eg_spec s)
{
    if (!egi_is_complex(s.dtype) || s.rank < 0 || s.rank >= EG_MAX_RANK) return s;
    s.dtype = egi_part_type(s.dtype);
    s.dim[s.rank++] = 2;
    return s;
}

eg_spec egi_read_as_complex(eg_spec s)
{
    s.dtype = egi_complex_type(s.dtype);
    s.dim[--s.rank] = 0;
    return s;
}

void egi_put_spec(egi_text *t, eg_spec s)
{
    egi_put(t, "%s", eg_dtype_name(s.dtype));
    if (s.rank <= 0) return;
    for (int k = 0; k < s.rank && k < EG_MAX_RANK; k++) egi_put(t, "%s%lld", k ? "," : "[", (long long)s.dim[k]);
    egi_put(t, "]");
}

int64_t egi_spec_count(eg_spec s)
{
    int64_t n = 1;
    if (s.rank < 0 || s.rank > EG_MAX_RANK) return -1;
    for (int k = 0; k < s.rank; k++) {
        if (s.dim[k] < 0 || __builtin_mul_overflow(n, s.dim[k], &n)) return -1;
    }
    return n > INT64_MAX / 64 ? -1 : n;
}

bool egi_spec_equal(eg_spec a, eg_spec b)
{
    if (a.dtype != b.dtype || a.rank != b.rank) return false;
    for (int k = 0; k < a.rank; k++) {
        if (a.dim[k] != b.dim[k]) return false;
    }
    return true;
}
