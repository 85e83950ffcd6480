/* Random draws, while tracing.
 *
 * Every call draws anew: from the context's seed, a stream of its own (numbered as they are traced), the element, and
 *   the time: the step of the loop around it and how often the function ran before (docs/ir.md, random bits).  So the
 *   draws do not depend on threads or vectors, a run that is split in two draws what the whole one draws, and a state
 *   that is saved and restored goes on with the same numbers.
 * Parameters are numbers, traced scalars, or arrays that broadcast to the shape of `spec`; they are converted to the
 * type in which the draw is computed: that of the result, f64 where the result counts. A parameter outside of its range
 * is an error if it is a plain number.  If it is traced, the draw is NaN, or -1 for counts that are integers; what is
 * said below holds besides. strict and contract mode may differ in the last bits.
 */
#ifndef ENGRAM_RANDOM_H
#define ENGRAM_RANDOM_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- bits and uniform numbers -------------------------------------------------------------------------------------- */

/* 32 (u32) or 64 (i64) random bits an element: Philox 4x32-10. */
EG_API eg_val(eg_random_bits)(eg_context *eg, eg_spec spec, EG_PLACE);
/* f32 or f64, in [low, high): low + (high - low) k 2^-24 (f64: 2^-53), rounded once; low where low = high.  low > high
 * and an infinite range are out of range. */
EG_API eg_val(eg_uniform)(eg_context *eg, eg_spec spec, eg_val low, eg_val high, EG_PLACE);
/* Integers (i32, u32, i64) low .. high - 1, each as likely within 2^-32.  An empty range gives low; high - low is at
 * most 2^32. */
EG_API eg_val(eg_integers)(eg_context *eg, eg_spec spec, eg_val low, eg_val high, EG_PLACE);
/* True with probability p, exact to 2^-32; never for p <= 0 and NaN, always for p >= 1.  spec: EG_BOOL, or a number
 * type that gets 0 and 1. */
EG_API eg_val(eg_bernoulli)(eg_context *eg, eg_spec spec, eg_val p, EG_PLACE);

/* -- numbers (f32, f64) -------------------------------------------------------------------------------------------- */

/* Normal, std >= 0: by the inverse of its distribution function, one draw an element; tails reach 6.2 std (f32) and 9.1
 * (f64). */
EG_API eg_val(eg_normal)(eg_context *eg, eg_spec spec, eg_val mean, eg_val std, EG_PLACE);
/* Normal under the condition low <= x <= high; bounds are in units of x and may be infinite, low <= high.  mean is
 * finite, std >= 0; 0 gives the mean moved into the bounds.  Computed in f64; more than 36 std away from the mean the
 * density is right to 0.1 %. */
EG_API eg_val(eg_truncated_normal)(eg_context *eg, eg_spec spec, eg_val mean, eg_val std, eg_val low, eg_val high,
                                   EG_PLACE);
/* Exponential with mean `scale` >= 0: density exp(-x / scale) / scale. */
EG_API eg_val(eg_exponential)(eg_context *eg, eg_spec spec, eg_val scale, EG_PLACE);
/* Gamma, density x^(shape - 1) exp(-x / scale): mean shape * scale.  shape, scale >= 0; shape 0 gives 0, infinity
 * infinity.  Marsaglia and Tsang, "A simple method for generating gamma variables" (ACM TOMS 26, 2000). */
EG_API eg_val(eg_gamma)(eg_context *eg, eg_spec spec, eg_val shape, eg_val scale, EG_PLACE);

/* -- counts (i32, i64, f32, f64) ----------------------------------------------------------------------------------- */

/* Poisson with mean lambda >= 0.  Below 10 by inversion (tail resolved to 2^-32), else Hörmann's PTRS ("The transformed
 * rejection method for generating Poisson random variables", Insurance: Mathematics and Economics 12, 1993).  Results
 * that the type does not hold are its largest number; from 1e18 on every draw is lambda. */
EG_API eg_val(eg_poisson)(eg_context *eg, eg_spec spec, eg_val lambda, EG_PLACE);
/* Number of successes in n trials of probability p; n >= 0 (rounded down, below 2^53), 0 <= p <= 1.  Below
 * n min(p, 1 - p) = 10 by inversion, else Hörmann's BTRS ("The generation of binomial random variates", Journal of
 * Statistical Computation and Simulation 46, 1993). */
EG_API eg_val(eg_binomial)(eg_context *eg, eg_spec spec, eg_val n, eg_val p, EG_PLACE);

/* -- order --------------------------------------------------------------------------------------------------------- */

/* 0 .. n - 1 in random order: i32 [n]. */
EG_API eg_val(eg_permutation)(eg_context *eg, int64_t n, EG_PLACE);
/* x with its rows in random order. */
EG_API eg_val(eg_shuffle)(eg_val x, EG_PLACE);
/* k rows of x, or, if x is a plain integer, k of the indices 0 .. x - 1 (i32).  With `replace` each is drawn on its
 * own, else they are k different ones in random order. */
EG_API eg_val(eg_choice)(eg_context *eg, eg_val x, int64_t k, bool replace, EG_PLACE);

#ifndef __cplusplus
#define eg_random_bits(eg, spec) (eg_random_bits)(eg, spec, EG_HERE)
#define eg_uniform(eg, spec, low, high) (eg_uniform)(eg, spec, EG_VAL(low), EG_VAL(high), EG_HERE)
#define eg_integers(eg, spec, low, high) (eg_integers)(eg, spec, EG_VAL(low), EG_VAL(high), EG_HERE)
#define eg_bernoulli(eg, spec, p) (eg_bernoulli)(eg, spec, EG_VAL(p), EG_HERE)
#define eg_normal(eg, spec, mean, std) (eg_normal)(eg, spec, EG_VAL(mean), EG_VAL(std), EG_HERE)
#define eg_truncated_normal(eg, spec, mean, std, low, high)                                                            \
    (eg_truncated_normal)(eg, spec, EG_VAL(mean), EG_VAL(std), EG_VAL(low), EG_VAL(high), EG_HERE)
#define eg_exponential(eg, spec, scale) (eg_exponential)(eg, spec, EG_VAL(scale), EG_HERE)
#define eg_gamma(eg, spec, shape, scale) (eg_gamma)(eg, spec, EG_VAL(shape), EG_VAL(scale), EG_HERE)
#define eg_poisson(eg, spec, lambda) (eg_poisson)(eg, spec, EG_VAL(lambda), EG_HERE)
#define eg_binomial(eg, spec, n, p) (eg_binomial)(eg, spec, EG_VAL(n), EG_VAL(p), EG_HERE)
#define eg_permutation(eg, n) (eg_permutation)(eg, n, EG_HERE)
#define eg_shuffle(x) (eg_shuffle)(EG_VAL(x), EG_HERE)
#define eg_choice(eg, x, k, replace) (eg_choice)(eg, EG_VAL(x), k, replace, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
