/* Reference of the matrix product: what every compiled form must equal bit for bit. */
#ifndef EGI_IR_REF_DOT_H
#define EGI_IR_REF_DOT_H

#include "engram/core.h"

/*
 * c[b, m, n] = sum over ascending k of a[b, m, k] * b[b, k, n]: one fused multiply-add chain for floats, from +0 or,
 * unless it is NULL, from base[b, m, n]; wrapping multiply and add for integers (i32, u32, i64; nothing is done for
 * bool).  All row-major and contiguous.  Denormals are flushed if the caller's MXCSR says so.
 */
void egi_ref_dot(eg_dtype t, const void *a, const void *b, const void *base, void *c, int64_t batch, int64_t M,
                 int64_t N, int64_t K);

/*
 * out = base; for k ascending where x[b, m, k] fired (a bool that is true, a value that is not 0 of either sign):
 * out[b, m, n] + w[b, k, n] of a bool, fma(x[b, m, k], w[b, k, n], out[b, m, n]) of a value.  `t` is f32 or f64; x is
 * of bool or of t.
 */
void egi_ref_dot_event(eg_dtype t, eg_dtype tx, const void *base, const void *x, const void *w, void *out,
                       int64_t batch, int64_t M, int64_t N, int64_t K);

#endif
