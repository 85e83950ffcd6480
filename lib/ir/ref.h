/* References: the plain definitions that the interpreter is made of; compiled code calls some of them too. */
#ifndef EGI_REF_H
#define EGI_REF_H

#include <xmmintrin.h>

#include "core/core.h"
#include "ir/graph.h"
#include "ir/ref_dot.h"

/* -- state of the floating-point unit ------------------------------------------------------------------------------ */

/* Sets what the definitions assume (nearest even, no traps, denormals flushed unless kept) and returns what was there,
 * for egi_fp_leave: on every way out and around every call into the host. */
static inline unsigned egi_fp_enter(bool keep_denormals)
{
    unsigned old = _mm_getcsr();
    _mm_setcsr(0x1F80u | (keep_denormals ? 0u : 0x8040u));
    return old;
}
static inline void egi_fp_leave(unsigned old) { _mm_setcsr(old); }

/* -- lib/ir/scalar.c ----------------------------------------------------------------------------------------------- */

/* out[i] = op(in[0][i * step[0]], ...); every step is 0 or 1.  out may be one of the inputs. */
typedef void (*egi_kernel)(void *out, const void *const *in, const int *step, int64_t n);
/* `from` is the type of the operands (of SELECT: of the second), `to` of the result; NULL if the operation is not an
 * elementwise primitive of that type. */
egi_kernel egi_kernel_of(egi_op op, eg_dtype from, eg_dtype to);

/* fmod with denormals flushed as MXCSR says: libm works on the bits and does not look. */
float egi_ref_fmod_f32(float x, float y);
double egi_ref_fmod_f64(double x, double y);

/* -- lib/ir/ref_random.c ------------------------------------------------------------------------------------------- */

/* n elements (t: 32 or 64 bits wide) of BITS; T and inner as in eval.h. */
void egi_ref_bits(eg_dtype t, const uint32_t key[2], uint64_t T, uint32_t inner, uint32_t lane, void *out, int64_t n);

/* -- lib/ir/ref_event.c -------------------------------------------------------------------------------------------- */

/* How a weight is indexed: w[synapse * per_synapse + row * per_row].  A weight of rank 1 whose length is both the
 * number of rows and of synapses is taken as one a synapse. */
typedef struct egi_weight {
    const void *w;
    int per_row, per_synapse;
} egi_weight;
static inline egi_weight egi_weight_of(const void *w, int rank, int64_t n, const eg_csr *c)
{
    bool synapse = rank && n == eg_csr_size(c);
    return (egi_weight){w, rank && !synapse, synapse};
}
/* EVENT and EVENT_T on one vector; t is the type of base, weight and out, s of spikes or x (bool, or t). */
void egi_ref_event(eg_dtype t, eg_dtype s, const eg_csr *c, const void *base, const void *x, egi_weight w, void *out);
void egi_ref_event_t(eg_dtype t, eg_dtype s, const eg_csr *c, const void *base, const void *x, egi_weight w, void *out);

/* -- lib/ir/ref_reduce.c ------------------------------------------------------------------------------------------- */

/* Reduction of `runs` rows of n contiguous elements, the rows row_stride elements apart, to one element: the order of a
 * last axis within a row, then the rows in a chain.  The 16 partials are the definition, not a choice of the machine.
 */
enum { EGI_PARTIALS = 16, EGI_REDUCE_BLOCK = 4096 };
uint64_t egi_ref_identity(egi_op op, eg_dtype t);
egi_kernel egi_ref_step(egi_op op, eg_dtype t);
/* acc = acc (op) lastaxis(x[0..n)): one row. */
void egi_ref_reduce_row(egi_op op, eg_dtype t, void *acc, const void *x, int64_t n);

/* Sorts `rows` rows of n: the values, or (index) their i32 positions.  scratch: egi_ref_sort_scratch(n) bytes. */
size_t egi_ref_sort_scratch(int64_t n);
void egi_ref_sort(eg_dtype t, const void *x, void *out, bool index, int64_t rows, int64_t n, void *scratch);

#endif
