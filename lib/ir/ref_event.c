/* Events: what the spikes of one side add to the other, source by source in ascending order. */
#include <math.h>

#include "ir/ref.h"

#define WRAPPING_MADD(v, w, a) ((v) * (w) + (a))

/* Signed integers are handled as unsigned ones, which wrap. */
#define EVENTS(name, T, madd)                                                                                          \
    static void name(const eg_csr *c, bool valued, const void *spikes, egi_weight weight, T *out)                      \
    {                                                                                                                  \
        const int64_t *row = eg_csr_indptr(c);                                                                         \
        const int32_t *post = eg_csr_indices(c);                                                                       \
        const uint8_t *fired = spikes;                                                                                 \
        const T *value = spikes, *w = weight.w;                                                                        \
        for (int64_t i = 0; i < eg_csr_num_pre(c); i++) {                                                              \
            if (valued ? value[i] == 0 : !fired[i]) continue;                                                          \
            for (int64_t e = row[i]; e < row[i + 1]; e++) {                                                            \
                T we = w[e * weight.per_synapse + i * weight.per_row], *o = &out[post[e]];                             \
                *o = valued ? madd(value[i], we, *o) : *o + we;                                                        \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_t(const eg_csr *c, bool valued, const void *x, egi_weight weight, T *out)                       \
    {                                                                                                                  \
        const int64_t *row = eg_csr_indptr(c);                                                                         \
        const int32_t *post = eg_csr_indices(c);                                                                       \
        const uint8_t *fired = x;                                                                                      \
        const T *value = x, *w = weight.w;                                                                             \
        for (int64_t i = 0; i < eg_csr_num_pre(c); i++) {                                                              \
            for (int64_t e = row[i]; e < row[i + 1]; e++) {                                                            \
                T we = w[e * weight.per_synapse + i * weight.per_row];                                                 \
                if (valued)                                                                                            \
                    out[i] = madd(value[post[e]], we, out[i]);                                                         \
                else if (fired[post[e]])                                                                               \
                    out[i] = out[i] + we;                                                                              \
            }                                                                                                          \
        }                                                                                                              \
    }

EVENTS(event_f32, float, fmaf)
EVENTS(event_f64, double, fma)
EVENTS(event_32, uint32_t, WRAPPING_MADD)
EVENTS(event_64, uint64_t, WRAPPING_MADD)

#define DISPATCH(suffix)                                                                                               \
    switch (t) {                                                                                                       \
    case EG_F32: event_f32##suffix(c, s != EG_BOOL, x, w, out); break;                                                 \
    case EG_F64: event_f64##suffix(c, s != EG_BOOL, x, w, out); break;                                                 \
    case EG_I32:                                                                                                       \
    case EG_U32: event_32##suffix(c, s != EG_BOOL, x, w, out); break;                                                  \
    case EG_I64: event_64##suffix(c, s != EG_BOOL, x, w, out); break;                                                  \
    case EG_BOOL:                                                                                                      \
    case EG_C64:                                                                                                       \
    case EG_C128:                                                                                                      \
    case EG_DTYPE_COUNT: break;                                                                                        \
    }

void egi_ref_event(eg_dtype t, eg_dtype s, const eg_csr *c, const void *base, const void *x, egi_weight w, void *out)
{
    memcpy(out, base, (size_t)eg_csr_num_post(c) * eg_dtype_size(t));
    DISPATCH()
}

void egi_ref_event_t(eg_dtype t, eg_dtype s, const eg_csr *c, const void *base, const void *x, egi_weight w, void *out)
{
    memcpy(out, base, (size_t)eg_csr_num_pre(c) * eg_dtype_size(t));
    DISPATCH(_t)
}
