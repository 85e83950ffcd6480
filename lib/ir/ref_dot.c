/*
 * The matrix product as the definition says it.  k is the middle loop, not the inner one, so that rows of b are read in
 * order; the chain of each element of c is the same.
 */
#include "ir/ref_dot.h"

#include <math.h>
#include <string.h>

/* Signed integers are multiplied as unsigned ones, which wrap. */
#define WRAPPING(x, y, z) ((x) * (y) + (z))

#define DEFINE_DOT(name, type, madd)                                                                                   \
    static void name(const type *a, const type *b, const type *base, type *c, int64_t M, int64_t N, int64_t K)         \
    {                                                                                                                  \
        for (int64_t m = 0; m < M; m++) {                                                                              \
            for (int64_t n = 0; n < N; n++) c[m * N + n] = base ? base[m * N + n] : 0;                                 \
            for (int64_t k = 0; k < K; k++)                                                                            \
                for (int64_t n = 0; n < N; n++) c[m * N + n] = madd(a[m * K + k], b[k * N + n], c[m * N + n]);         \
        }                                                                                                              \
    }

DEFINE_DOT(dot_f32, float, fmaf)
DEFINE_DOT(dot_f64, double, fma)
DEFINE_DOT(dot_32, uint32_t, WRAPPING)
DEFINE_DOT(dot_64, uint64_t, WRAPPING)

void egi_ref_dot(eg_dtype t, const void *a, const void *b, const void *base, void *c, int64_t batch, int64_t M,
                 int64_t N, int64_t K)
{
    const size_t size = eg_dtype_size(t);
    for (int64_t i = 0; i < batch; i++) {
        const void *ai = (const char *)a + (size_t)(i * M * K) * size;
        const void *bi = (const char *)b + (size_t)(i * K * N) * size;
        const void *from = base ? (const char *)base + (size_t)(i * M * N) * size : NULL;
        void *ci = (char *)c + (size_t)(i * M * N) * size;
        switch (t) {
        case EG_F32: dot_f32(ai, bi, from, ci, M, N, K); break;
        case EG_F64: dot_f64(ai, bi, from, ci, M, N, K); break;
        case EG_I32:
        case EG_U32: dot_32(ai, bi, from, ci, M, N, K); break;
        case EG_I64: dot_64(ai, bi, from, ci, M, N, K); break;
        case EG_BOOL:
        case EG_C64: /* no node has them */
        case EG_C128:
        case EG_DTYPE_COUNT: break;
        }
    }
}

/* -- by the rows that fired ---------------------------------------------------------------------------------------- */

#define DEFINE_DOT_EVENT(name, type, spike, add)                                                                       \
    static void name(const spike *x, const type *w, type *out, int64_t M, int64_t N, int64_t K)                        \
    {                                                                                                                  \
        for (int64_t m = 0; m < M; m++)                                                                                \
            for (int64_t k = 0; k < K; k++)                                                                            \
                for (int64_t n = 0; x[m * K + k] != 0 && n < N; n++)                                                   \
                    out[m * N + n] = add(x[m * K + k], w[k * N + n], out[m * N + n]);                                  \
    }

#define PLAIN(x, w, sum) ((sum) + (w))

DEFINE_DOT_EVENT(spikes_f32, float, uint8_t, PLAIN)
DEFINE_DOT_EVENT(spikes_f64, double, uint8_t, PLAIN)
DEFINE_DOT_EVENT(values_f32, float, float, fmaf)
DEFINE_DOT_EVENT(values_f64, double, double, fma)

void egi_ref_dot_event(eg_dtype t, eg_dtype tx, const void *base, const void *x, const void *w, void *out,
                       int64_t batch, int64_t M, int64_t N, int64_t K)
{
    const size_t size = eg_dtype_size(t), spike = eg_dtype_size(tx);
    const bool f64 = t == EG_F64;
    memcpy(out, base, (size_t)(batch * M * N) * size);
    for (int64_t i = 0; i < batch; i++) {
        const void *xi = (const char *)x + (size_t)(i * M * K) * spike;
        const void *wi = (const char *)w + (size_t)(i * K * N) * size;
        void *to = (char *)out + (size_t)(i * M * N) * size;
        if (tx == EG_BOOL)
            f64 ? spikes_f64(xi, wi, to, M, N, K) : spikes_f32(xi, wi, to, M, N, K);
        else
            f64 ? values_f64(xi, wi, to, M, N, K) : values_f32(xi, wi, to, M, N, K);
    }
}
