/* The order of reductions along the last axis, and sorting. */
#include <math.h>

#include "ir/eval.h"
#include "ir/ref.h"

/* -- reductions ---------------------------------------------------------------------------------------------------- */

egi_kernel egi_ref_step(egi_op op, eg_dtype t)
{
    switch ((int)op) {
    case EGI_SUM: return egi_kernel_of(EGI_ADD, t, t);
    case EGI_PROD: return egi_kernel_of(EGI_MUL, t, t);
    case EGI_RMIN: return egi_kernel_of(EGI_MIN, t, t);
    case EGI_RMAX: return egi_kernel_of(EGI_MAX, t, t);
    case EGI_ANY: return egi_kernel_of(EGI_OR, t, t);
    case EGI_ALL: return egi_kernel_of(EGI_AND, t, t);
    default: return NULL;
    }
}

static uint64_t extreme(eg_dtype t, bool largest)
{
    if (t == EG_I32) return (uint32_t)(largest ? INT32_MAX : INT32_MIN);
    if (t == EG_U32) return largest ? UINT32_MAX : 0;
    if (t == EG_I64) return (uint64_t)(largest ? INT64_MAX : INT64_MIN);
    return egi_bits_of_real(t, largest ? INFINITY : -INFINITY);
}

uint64_t egi_ref_identity(egi_op op, eg_dtype t)
{
    switch ((int)op) {
    case EGI_PROD:
    case EGI_ALL: return egi_bits_of_int(t, 1);
    case EGI_RMIN: return extreme(t, true);
    case EGI_RMAX: return extreme(t, false);
    default: return 0;
    }
}

/* One block of at most EGI_REDUCE_BLOCK elements: partial sums by index, joined as a tree. */
static void reduce_block(egi_kernel op, uint64_t identity, size_t size, char *p, const char *x, int64_t n)
{
    static const int one[2] = {1, 1};
    for (size_t j = 0; j < EGI_PARTIALS; j++) memcpy(p + j * size, &identity, size);
    for (int64_t i = 0; i < n; i += EGI_PARTIALS)
        op(p, (const void *[]){p, x + (size_t)i * size}, one, egi_min64(EGI_PARTIALS, n - i));
    for (int s = EGI_PARTIALS / 2; s > 0; s /= 2) op(p, (const void *[]){p, p + (size_t)s * size}, one, s);
}

void egi_ref_reduce_row(egi_op op, eg_dtype t, void *acc, const void *x, int64_t n)
{
    static const int one[2] = {1, 1};
    const egi_kernel step = egi_ref_step(op, t);
    const uint64_t identity = egi_ref_identity(op, t);
    const size_t size = eg_dtype_size(t);
    uint64_t total = identity, p[EGI_PARTIALS];
    for (int64_t i = 0; i < n; i += EGI_REDUCE_BLOCK) {
        reduce_block(step, identity, size, (char *)p, (const char *)x + (size_t)i * size,
                     egi_min64(EGI_REDUCE_BLOCK, n - i));
        step(&total, (const void *[]){&total, p}, one, 1);
    }
    step(acc, (const void *[]){acc, &total}, one, 1);
}

/* -- sorting ------------------------------------------------------------------------------------------------------- */

/* Integers that are ordered as the elements are: -0 before +0, every NaN after everything else. */
static int64_t key_of(eg_dtype t, const void *x, int64_t i)
{
    int32_t i32;
    int64_t i64;
    switch (t) {
    case EG_BOOL: return ((const uint8_t *)x)[i];
    case EG_I32: return ((const int32_t *)x)[i];
    case EG_U32: return ((const uint32_t *)x)[i];
    case EG_I64: return ((const int64_t *)x)[i];
    case EG_F32:
        if (isnan(((const float *)x)[i])) return INT64_MAX;
        memcpy(&i32, (const float *)x + i, sizeof i32);
        return i32 < 0 ? -(int64_t)(i32 & INT32_MAX) - 1 : i32;
    case EG_F64:
        if (isnan(((const double *)x)[i])) return INT64_MAX;
        memcpy(&i64, (const double *)x + i, sizeof i64);
        return i64 < 0 ? -(i64 & INT64_MAX) - 1 : i64;
    case EG_C64: /* no node has them */
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return 0;
}

typedef struct item {
    int64_t key;
    int32_t index;
} item;

size_t egi_ref_sort_scratch(int64_t n) { return 2 * (size_t)n * sizeof(item); }

/* Merges runs of doubling length between two arrays; returns the one that holds the result. */
static const item *merge_sort(item *a, item *b, int64_t n)
{
    for (int64_t run = 1; run < n; run *= 2) {
        for (int64_t low = 0; low < n; low += 2 * run) {
            int64_t mid = egi_min64(low + run, n), high = egi_min64(low + 2 * run, n), i = low, j = mid;
            for (int64_t k = low; k < high; k++)
                b[k] = i < mid && (j >= high || a[i].key <= a[j].key) ? a[i++] : a[j++];
        }
        item *swap = a;
        a = b;
        b = swap;
    }
    return a;
}

void egi_ref_sort(eg_dtype t, const void *x, void *out, bool index, int64_t rows, int64_t n, void *scratch)
{
    const size_t size = eg_dtype_size(t);
    item *a = scratch;
    for (int64_t r = 0; r < rows; r++) {
        const char *row = (const char *)x + (size_t)(r * n) * size;
        for (int64_t i = 0; i < n; i++) a[i] = (item){key_of(t, row, i), (int32_t)i};
        const item *sorted = merge_sort(a, a + n, n);
        for (int64_t i = 0; i < n; i++) {
            if (index)
                ((int32_t *)out)[r * n + i] = sorted[i].index;
            else
                memcpy((char *)out + (size_t)(r * n + i) * size, row + (size_t)sorted[i].index * size, size);
        }
    }
}
