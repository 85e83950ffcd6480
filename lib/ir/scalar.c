/* Every elementwise primitive for every type, as loops over elements: what folding, interpreter and composites share.
 * A row of `table` is an operation; an operation that has no row has no kernel, which tests/ops finds. */
#include <math.h>

#include "ir/eval.h"
#include "ir/ref.h"

typedef uint8_t boolean; /* as stored */

#define KERNEL(name) name(void *out, const void *const *in, const int *step, int64_t n)
#define KERNEL1(name, A, R, expr)                                                                                      \
    static void KERNEL(name)                                                                                           \
    {                                                                                                                  \
        const A *a = in[0];                                                                                            \
        R *r = out;                                                                                                    \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            A x = a[i * step[0]];                                                                                      \
            r[i] = (R)(expr);                                                                                          \
        }                                                                                                              \
    }
#define KERNEL2(name, A, R, expr)                                                                                      \
    static void KERNEL(name)                                                                                           \
    {                                                                                                                  \
        const A *a = in[0], *b = in[1];                                                                                \
        R *r = out;                                                                                                    \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            A x = a[i * step[0]], y = b[i * step[1]];                                                                  \
            r[i] = (R)(expr);                                                                                          \
        }                                                                                                              \
    }
#define KERNEL3(name, C, A, expr)                                                                                      \
    static void KERNEL(name)                                                                                           \
    {                                                                                                                  \
        const C *a = in[0];                                                                                            \
        const A *b = in[1], *c = in[2];                                                                                \
        A *r = out;                                                                                                    \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            C x = a[i * step[0]];                                                                                      \
            A y = b[i * step[1]], z = c[i * step[2]];                                                                  \
            r[i] = (A)(expr);                                                                                          \
        }                                                                                                              \
    }

/* -- integers ------------------------------------------------------------------------------------------------------ */

/* Arithmetic is done unsigned, where it wraps. */
#define INTEGER_KERNELS(t, T, U)                                                                                       \
    KERNEL2(add_##t, T, T, (U)x + (U)y)                                                                                \
    KERNEL2(sub_##t, T, T, (U)x - (U)y)                                                                                \
    KERNEL2(mul_##t, T, T, (U)x *(U)y)                                                                                 \
    KERNEL2(div_##t, T, T, div_int_##t(x, y))                                                                          \
    KERNEL2(fmod_##t, T, T, rem_int_##t(x, y))                                                                         \
    KERNEL2(mod_##t, T, T, mod_int_##t(x, y))                                                                          \
    KERNEL1(neg_##t, T, T, (U)0 - (U)x)                                                                                \
    KERNEL2(min_##t, T, T, x < y ? x : y)                                                                              \
    KERNEL2(max_##t, T, T, x > y ? x : y)                                                                              \
    KERNEL2(and_##t, T, T, x &y)                                                                                       \
    KERNEL2(or_##t, T, T, x | y)                                                                                       \
    KERNEL2(xor_##t, T, T, x ^ y)                                                                                      \
    KERNEL1(not_##t, T, T, ~x)                                                                                         \
    KERNEL2(shl_##t, T, T, (U)x << ((U)y & (sizeof(T) * 8 - 1)))                                                       \
    KERNEL2(shr_##t, T, T, x >> ((U)y & (sizeof(T) * 8 - 1)))

#define SIGNED(t, T, U)                                                                                                \
    static inline T div_int_##t(T x, T y)                                                                              \
    {                                                                                                                  \
        if (y == 0) return 0;                                                                                          \
        return y == -1 ? (T)((U)0 - (U)x) : x / y;                                                                     \
    }                                                                                                                  \
    static inline T rem_int_##t(T x, T y) { return y == 0 || y == -1 ? 0 : x % y; }                                    \
    static inline T mod_int_##t(T x, T y)                                                                              \
    {                                                                                                                  \
        T r = rem_int_##t(x, y);                                                                                       \
        return r != 0 && (r < 0) != (y < 0) ? r + y : r;                                                               \
    }                                                                                                                  \
    INTEGER_KERNELS(t, T, U)                                                                                           \
    KERNEL1(abs_##t, T, T, x < 0 ? (U)0 - (U)x : (U)x)                                                                 \
    KERNEL1(sign_##t, T, T, (x > 0) - (x < 0))

SIGNED(i32, int32_t, uint32_t)
SIGNED(i64, int64_t, uint64_t)

static inline uint32_t div_int_u32(uint32_t x, uint32_t y) { return y ? x / y : 0; }
static inline uint32_t rem_int_u32(uint32_t x, uint32_t y) { return y ? x % y : 0; }
#define mod_int_u32 rem_int_u32
INTEGER_KERNELS(u32, uint32_t, uint32_t)
KERNEL1(abs_u32, uint32_t, uint32_t, x)
KERNEL1(sign_u32, uint32_t, uint32_t, x != 0)

KERNEL2(and_bool, boolean, boolean, x &y)
KERNEL2(or_bool, boolean, boolean, x | y)
KERNEL2(xor_bool, boolean, boolean, x ^ y)
KERNEL1(not_bool, boolean, boolean, !x)

/* -- floating point ------------------------------------------------------------------------------------------------ */

/* By bits: with DAZ on, comparisons take a denormal for zero. */
#define FMOD(t, T, S, U, exponent)                                                                                     \
    static inline T flush_##t(T x, bool flush)                                                                         \
    {                                                                                                                  \
        U bits;                                                                                                        \
        memcpy(&bits, &x, sizeof bits);                                                                                \
        return flush && !(bits & exponent) ? copysign##S(0, x) : x;                                                    \
    }                                                                                                                  \
    T egi_ref_fmod_##t(T x, T y)                                                                                       \
    {                                                                                                                  \
        unsigned csr = _mm_getcsr();                                                                                   \
        bool daz = csr & 0x40, ftz = csr & 0x8000;                                                                     \
        return flush_##t(fmod##S(flush_##t(x, daz), flush_##t(y, daz)), ftz);                                          \
    }                                                                                                                  \
    static inline T mod_##t##_(T x, T y)                                                                               \
    {                                                                                                                  \
        T r = egi_ref_fmod_##t(x, y);                                                                                  \
        if (r == 0) return copysign##S(0, y);                                                                          \
        return (r < 0) != (y < 0) ? r + y : r;                                                                         \
    }

/* minimumNumber: a NaN loses against a number; of equal ones, which differ only as zeros do, the sign decides.
 * Denormals pass: the choice is hidden from the compiler, or it makes MINSS of it, which flushes them. */
#define EXTREMES(t, T)                                                                                                 \
    static inline T min_##t##_(T x, T y)                                                                               \
    {                                                                                                                  \
        int other = x != x || (y == y && !(x < y) && (y < x || !signbit(x)));                                          \
        __asm__("" : "+r"(other));                                                                                     \
        return other ? y : x;                                                                                          \
    }                                                                                                                  \
    static inline T max_##t##_(T x, T y)                                                                               \
    {                                                                                                                  \
        int other = x != x || (y == y && !(x > y) && (y > x || signbit(x)));                                           \
        __asm__("" : "+r"(other));                                                                                     \
        return other ? y : x;                                                                                          \
    }

#define FLOATING(t, T, S, U, exponent)                                                                                 \
    FMOD(t, T, S, U, exponent)                                                                                         \
    EXTREMES(t, T)                                                                                                     \
    KERNEL2(add_##t, T, T, x + y)                                                                                      \
    KERNEL2(sub_##t, T, T, x - y)                                                                                      \
    KERNEL2(mul_##t, T, T, x *y)                                                                                       \
    KERNEL2(div_##t, T, T, x / y)                                                                                      \
    KERNEL2(fmod_##t, T, T, egi_ref_fmod_##t(x, y))                                                                    \
    KERNEL2(mod_##t, T, T, mod_##t##_(x, y))                                                                           \
    KERNEL3(fma_##t, T, T, fma##S(x, y, z))                                                                            \
    __attribute__((target("fma"))) KERNEL3(fma_fast_##t, T, T, __builtin_fma##S(x, y, z)) KERNEL1(neg_##t, T, T, -x)   \
        KERNEL1(abs_##t, T, T, fabs##S(x)) KERNEL1(sign_##t, T, T,                                                     \
                                                   x > 0   ? 1                                                         \
                                                   : x < 0 ? -1                                                        \
                                                           : x) KERNEL2(min_##t, T, T, min_##t##_(x, y))               \
            KERNEL2(max_##t, T, T, max_##t##_(x, y)) KERNEL1(floor_##t, T, T, floor##S(x))                             \
                KERNEL1(ceil_##t, T, T, ceil##S(x)) KERNEL1(trunc_##t, T, T, trunc##S(x))                              \
                    KERNEL1(round_##t, T, T, rint##S(x)) KERNEL1(sqrt_##t, T, T, sqrt##S(x))                           \
                        KERNEL1(isnan_##t, T, boolean, x != x) KERNEL1(isinf_##t, T, boolean, fabs##S(x) == INFINITY)

FLOATING(f32, float, f, uint32_t, 0x7F800000u)
FLOATING(f64, double, , uint64_t, 0x7FF0000000000000u)

/* -- comparisons, selection, conversion ---------------------------------------------------------------------------- */

#define COMPARISONS(t, T)                                                                                              \
    KERNEL2(eq_##t, T, boolean, x == y)                                                                                \
    KERNEL2(ne_##t, T, boolean, x != y)                                                                                \
    KERNEL2(lt_##t, T, boolean, x < y)                                                                                 \
    KERNEL2(le_##t, T, boolean, x <= y)                                                                                \
    KERNEL2(gt_##t, T, boolean, x > y)                                                                                 \
    KERNEL2(ge_##t, T, boolean, x >= y)
COMPARISONS(bool, boolean)
COMPARISONS(i32, int32_t)
COMPARISONS(u32, uint32_t)
COMPARISONS(i64, int64_t)
COMPARISONS(f32, float)
COMPARISONS(f64, double)

KERNEL3(select_8, boolean, uint8_t, x ? y : z)
KERNEL3(select_32, boolean, uint32_t, x ? y : z)
KERNEL3(select_64, boolean, uint64_t, x ? y : z)
KERNEL1(copy_8, uint8_t, uint8_t, x)
KERNEL1(copy_32, uint32_t, uint32_t, x)
KERNEL1(copy_64, uint64_t, uint64_t, x)

/* Towards zero, saturating, NaN = 0.  f32 is compared as f64, which is exact. */
#define SATURATING(name, T, low, high, lowest, highest)                                                                \
    static inline T name(double x)                                                                                     \
    {                                                                                                                  \
        if (x != x) return 0;                                                                                          \
        if (x <= low) return lowest;                                                                                   \
        return x >= high ? highest : (T)x;                                                                             \
    }
SATURATING(saturate_i32, int32_t, -0x1p31, 0x1p31, INT32_MIN, INT32_MAX)
SATURATING(saturate_u32, uint32_t, 0.0, 0x1p32, 0, UINT32_MAX)
SATURATING(saturate_i64, int64_t, -0x1p63, 0x1p63, INT64_MIN, INT64_MAX)

#define CONVERT_TO_ALL(t, T, i32_, u32_, i64_)                                                                         \
    KERNEL1(t##_to_bool, T, boolean, x != 0)                                                                           \
    KERNEL1(t##_to_i32, T, int32_t, i32_(x))                                                                           \
    KERNEL1(t##_to_u32, T, uint32_t, u32_(x))                                                                          \
    KERNEL1(t##_to_i64, T, int64_t, i64_(x))                                                                           \
    KERNEL1(t##_to_f32, T, float, x)                                                                                   \
    KERNEL1(t##_to_f64, T, double, x)
CONVERT_TO_ALL(bool, boolean, , , )
CONVERT_TO_ALL(i32, int32_t, , , )
CONVERT_TO_ALL(u32, uint32_t, , , )
CONVERT_TO_ALL(i64, int64_t, , , )
CONVERT_TO_ALL(f32, float, saturate_i32, saturate_u32, saturate_i64)
CONVERT_TO_ALL(f64, double, saturate_i32, saturate_u32, saturate_i64)

/* -- tables -------------------------------------------------------------------------------------------------------- */

#define BITWISE(op) [EG_BOOL] = op##_bool, INTEGERS(op)
#define INTEGERS(op) [EG_I32] = op##_i32, [EG_U32] = op##_u32, [EG_I64] = op##_i64
#define FLOATS(op) [EG_F32] = op##_f32, [EG_F64] = op##_f64
#define NUMBERS(op) INTEGERS(op), FLOATS(op)
#define EVERY(op) [EG_BOOL] = op##_bool, NUMBERS(op)
#define BY_SIZE(op)                                                                                                    \
    [EG_BOOL] = op##_8, [EG_I32] = op##_32, [EG_U32] = op##_32, [EG_I64] = op##_64, [EG_F32] = op##_32,                \
    [EG_F64] = op##_64

static const egi_kernel table[EGI_OP_COUNT][EG_DTYPE_COUNT] = {
    [EGI_ADD] = {NUMBERS(add)},      [EGI_SUB] = {NUMBERS(sub)},       [EGI_MUL] = {NUMBERS(mul)},
    [EGI_DIV] = {NUMBERS(div)},      [EGI_FMOD] = {NUMBERS(fmod)},     [EGI_MOD] = {NUMBERS(mod)},
    [EGI_FMA] = {FLOATS(fma)},       [EGI_NEG] = {NUMBERS(neg)},       [EGI_ABS] = {NUMBERS(abs)},
    [EGI_SIGN] = {NUMBERS(sign)},    [EGI_MIN] = {NUMBERS(min)},       [EGI_MAX] = {NUMBERS(max)},
    [EGI_FLOOR] = {FLOATS(floor)},   [EGI_CEIL] = {FLOATS(ceil)},      [EGI_TRUNC] = {FLOATS(trunc)},
    [EGI_ROUND] = {FLOATS(round)},   [EGI_SQRT] = {FLOATS(sqrt)},      [EGI_AND] = {BITWISE(and)},
    [EGI_OR] = {BITWISE(or)},        [EGI_XOR] = {BITWISE(xor)},       [EGI_NOT] = {BITWISE(not)},
    [EGI_SHL] = {INTEGERS(shl)},     [EGI_SHR] = {INTEGERS(shr)},      [EGI_EQ] = {EVERY(eq)},
    [EGI_NE] = {EVERY(ne)},          [EGI_LT] = {EVERY(lt)},           [EGI_LE] = {EVERY(le)},
    [EGI_GT] = {EVERY(gt)},          [EGI_GE] = {EVERY(ge)},           [EGI_ISNAN] = {FLOATS(isnan)},
    [EGI_ISINF] = {FLOATS(isinf)},   [EGI_SELECT] = {BY_SIZE(select)}, [EGI_RARE] = {BY_SIZE(select)},
    [EGI_BITCAST] = {BY_SIZE(copy)},
};

#define TO_ALL(t)                                                                                                      \
    {[EG_BOOL] = t##_to_bool, [EG_I32] = t##_to_i32, [EG_U32] = t##_to_u32,                                            \
     [EG_I64] = t##_to_i64,   [EG_F32] = t##_to_f32, [EG_F64] = t##_to_f64}
static const egi_kernel conversions[EG_DTYPE_COUNT][EG_DTYPE_COUNT] = {
    [EG_BOOL] = TO_ALL(bool), [EG_I32] = TO_ALL(i32), [EG_U32] = TO_ALL(u32),
    [EG_I64] = TO_ALL(i64),   [EG_F32] = TO_ALL(f32), [EG_F64] = TO_ALL(f64),
};

egi_kernel egi_kernel_of(egi_op op, eg_dtype from, eg_dtype to)
{
    if ((unsigned)op >= EGI_OP_COUNT || (unsigned)from >= EG_DTYPE_COUNT || (unsigned)to >= EG_DTYPE_COUNT) return NULL;
    if (op == EGI_CONVERT) return conversions[from][to];
    if (op == EGI_FMA && egi_is_float(from) && __builtin_cpu_supports("fma"))
        return from == EG_F32 ? fma_fast_f32 : fma_fast_f64;
    return table[op][from];
}

uint64_t egi_scalar_op(egi_op op, eg_dtype from, eg_dtype to, const uint64_t *bits)
{
    static const int step[3] = {0, 0, 0};
    uint64_t result = 0;
    egi_kernel k = egi_kernel_of(op, from, to);
    if (k) k(&result, (const void *const[]){bits, bits + 1, bits + 2}, step, 1);
    return result;
}
