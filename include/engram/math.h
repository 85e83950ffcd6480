/* Operations on traced values: arithmetic, mathematics, reductions, shapes, indices, products, events, delays.
 *
 * Operands are traced values or plain C numbers.  Operations of plain numbers alone give a plain number at once.
 * Types.  Plain numbers take the type of the traced operands (a plain real beside integers or booleans: the default
 *   float, f32).  Traced operands of different types meet in the higher one of bool < i32 < u32 < i64 < f32 < f64;
 *   i32 with u32 gives i64.  A complex operand makes it complex: c64, or c128 if one is f64 or c128.  Arithmetic of
 *   booleans is done in i32, mathematics of integers in the default float.
 * Shapes.  Elementwise operations broadcast as NumPy does: shapes are aligned at their last axes, extent 1 repeats.
 *   Axes count from 0; negative ones count from the last axis.
 * Errors are sticky in the context (core.h) and name the operation, the values, their shapes, your file and line.  An
 *   operation that fails gives eg_nothing().  Shape operations need a traced value: make one of a number by eg_full().
 * In C each macro stands for a function of the same name, called as (eg_add)(a, b, file, line), which bindings use.
 */
#ifndef ENGRAM_MATH_H
#define ENGRAM_MATH_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- elementwise -------------------------------------------------------------------------------------------------- */

/* X(name, operation): one operand.  The result has its shape, and its type after the rules above.
 *   neg abs sign square     -x, |x|, -1 0 or 1 (of NaN: NaN), x x
 *   floor ceil trunc round  to an integer, in the same type; round: half to even; integers stay as they are
 *   not                     of booleans: logical; of integers: every bit; floats are an error
 *   isnan isinf             bool
 *   the rest                mathematics, within 2 ulp: rsqrt 1/sqrt(x), cbrt, exp exp2 expm1 log log2 log10 log1p,
 *                           sin cos tan and inverses, hyperbolic ones, erf erfc erfinv, sigmoid 1/(1 + exp(-x)),
 *                           softplus log(1 + exp(x)), exprel expm1(x)/x (1 at 0) */
#define EG_UNARY_OPS(X)                                                                                                \
    X(neg, NEG)                                                                                                        \
    X(abs, ABS)                                                                                                        \
    X(sign, SIGN)                                                                                                      \
    X(not, NOT)                                                                                                        \
    X(sqrt, SQRT)                                                                                                      \
    X(isnan, ISNAN)                                                                                                    \
    X(isinf, ISINF)                                                                                                    \
    X(floor, FLOOR)                                                                                                    \
    X(ceil, CEIL)                                                                                                      \
    X(trunc, TRUNC)                                                                                                    \
    X(round, ROUND)                                                                                                    \
    X(rsqrt, RSQRT)                                                                                                    \
    X(cbrt, CBRT)                                                                                                      \
    X(exp, EXP)                                                                                                        \
    X(exp2, EXP2)                                                                                                      \
    X(expm1, EXPM1)                                                                                                    \
    X(log, LOG)                                                                                                        \
    X(log2, LOG2)                                                                                                      \
    X(log10, LOG10)                                                                                                    \
    X(log1p, LOG1P)                                                                                                    \
    X(sin, SIN)                                                                                                        \
    X(cos, COS)                                                                                                        \
    X(tan, TAN)                                                                                                        \
    X(asin, ASIN)                                                                                                      \
    X(acos, ACOS)                                                                                                      \
    X(atan, ATAN)                                                                                                      \
    X(sinh, SINH)                                                                                                      \
    X(cosh, COSH)                                                                                                      \
    X(tanh, TANH)                                                                                                      \
    X(asinh, ASINH)                                                                                                    \
    X(acosh, ACOSH)                                                                                                    \
    X(atanh, ATANH)                                                                                                    \
    X(erf, ERF)                                                                                                        \
    X(erfc, ERFC)                                                                                                      \
    X(erfinv, ERFINV)                                                                                                  \
    X(sigmoid, SIGMOID)                                                                                                \
    X(softplus, SOFTPLUS)                                                                                              \
    X(exprel, EXPREL)

/* X(name, operation): two operands, broadcast.
 *   add sub mul      in contract mode (the default) a sum or difference with a product is one fma; integers wrap
 *   div fmod mod     integers: truncated, by 0 gives 0; fmod has the sign of the dividend, mod (floor) of the divisor
 *   min max          NaN loses, -0 < +0
 *   and or xor       of booleans or integers; compare floats first
 *   shl shr          of integers; the result has the type of the first; the count is taken modulo the width
 *   eq ne lt le gt ge  bool
 *   atan2 hypot pow  atan2(y, x); an exponent that is the plain integer 0 to 4 is a product (of integers: 0 to 64) */
#define EG_BINARY_OPS(X)                                                                                               \
    X(add, ADD)                                                                                                        \
    X(sub, SUB)                                                                                                        \
    X(mul, MUL)                                                                                                        \
    X(div, DIV)                                                                                                        \
    X(fmod, FMOD)                                                                                                      \
    X(mod, MOD)                                                                                                        \
    X(min, MIN)                                                                                                        \
    X(max, MAX)                                                                                                        \
    X(and, AND)                                                                                                        \
    X(or, OR)                                                                                                          \
    X(xor, XOR)                                                                                                        \
    X(shl, SHL)                                                                                                        \
    X(shr, SHR)                                                                                                        \
    X(eq, EQ)                                                                                                          \
    X(ne, NE)                                                                                                          \
    X(lt, LT)                                                                                                          \
    X(le, LE)                                                                                                          \
    X(gt, GT)                                                                                                          \
    X(ge, GE)                                                                                                          \
    X(atan2, ATAN2)                                                                                                    \
    X(hypot, HYPOT)                                                                                                    \
    X(pow, POW)

#define X(name, op) EG_API eg_val(eg_##name)(eg_val x, EG_PLACE);
EG_UNARY_OPS(X)
X(square, )
#undef X
#define X(name, op) EG_API eg_val(eg_##name)(eg_val a, eg_val b, EG_PLACE);
EG_BINARY_OPS(X)
#undef X

/* a*b + c, rounded once, in every mode; of integers the two operations. */
EG_API eg_val(eg_fma)(eg_val a, eg_val b, eg_val c, EG_PLACE);
/* min(max(x, low), high); NaN gives low. */
EG_API eg_val(eg_clip)(eg_val x, eg_val low, eg_val high, EG_PLACE);
/* a where cond holds, else b.  cond: bool, or a number that is compared with 0. */
EG_API eg_val(eg_where)(eg_val cond, eg_val a, eg_val b, EG_PLACE);
/* x in another type: floats to integers truncate and saturate, NaN gives 0; to bool: x != 0; integers wrap. */
EG_API eg_val(eg_convert)(eg_val x, eg_dtype type, EG_PLACE);

/* -- complex numbers ---------------------------------------------------------------------------------------------- */

/* re + i im, of real operands that broadcast; of plain numbers a plain complex number, which takes the type of what it
 * meets.  A real and a complex type meet in c64 or c128, whose parts are f32 or f64 (f64 and c64: c128).
 *   add sub mul div neg   as in C, real operands staying real; quotients neither overflow nor underflow on the way
 *   abs exp eq ne         abs is real and does not overflow; isnan and isinf ask whether a part is
 *   where sum mean cumsum dot outer, pow by 0 to 4, and all that makes, moves or joins elements
 * Others (lt, min, sqrt, sort ...) are errors.  Accuracy and corners: docs/ir.md, Complex numbers. */
EG_API eg_val(eg_complex)(eg_val re, eg_val im, EG_PLACE);
/* Real part, imaginary part and conjugate; the angle atan2(im, re).  Of a real value: itself, zeros, itself. */
EG_API eg_val(eg_re)(eg_val z, EG_PLACE);
EG_API eg_val(eg_im)(eg_val z, EG_PLACE);
EG_API eg_val(eg_conj)(eg_val z, EG_PLACE);
EG_API eg_val(eg_angle)(eg_val z, EG_PLACE);

/* -- reductions --------------------------------------------------------------------------------------------------- */

/* X(name): over n axes (n = 0: all); the axes disappear, or become 1 with `keep`.  Macros: eg_sum(x),
 * eg_sum(x, axis...), eg_sum_axes(x, n, axes, keep).
 *   sum prod          of booleans: in i32
 *   amin amax         of no elements: the type's largest, smallest (floats: infinities)
 *   any all           bool; numbers are compared with 0
 *   mean variance     of integers: in the default float; variance divides by the number of elements
 *   logsumexp         log(sum(exp(x))), without overflow */
#define EG_REDUCTIONS(X)                                                                                               \
    X(sum)                                                                                                             \
    X(prod)                                                                                                            \
    X(amin)                                                                                                            \
    X(amax)                                                                                                            \
    X(any)                                                                                                             \
    X(all)                                                                                                             \
    X(mean)                                                                                                            \
    X(variance)                                                                                                        \
    X(logsumexp)
#define X(name) EG_API eg_val(eg_##name)(eg_val x, int n, const int *axes, bool keep, const char *file, int line);
EG_REDUCTIONS(X)
#undef X

/* i32 index of the smallest, largest element along the axis; the first of equal ones; NaN loses. */
EG_API eg_val(eg_argmin)(eg_val x, int axis, EG_PLACE);
EG_API eg_val(eg_argmax)(eg_val x, int axis, EG_PLACE);
/* Sums of the elements up to and including each, along the axis. */
EG_API eg_val(eg_cumsum)(eg_val x, int axis, EG_PLACE);
/* Ascending along the axis, -0 before +0, NaN last, stable; argsort: the i32 indices that sort. */
EG_API eg_val(eg_sort)(eg_val x, int axis, EG_PLACE);
EG_API eg_val(eg_argsort)(eg_val x, int axis, EG_PLACE);

/* -- making values (while tracing) -------------------------------------------------------------------------------- */

/* 0, or 1, in every element. */
EG_API eg_val(eg_zeros)(eg_context *eg, eg_spec spec, EG_PLACE);
EG_API eg_val(eg_ones)(eg_context *eg, eg_spec spec, EG_PLACE);
/* x (a number or a traced scalar) in every element. */
EG_API eg_val(eg_full)(eg_context *eg, eg_spec spec, eg_val x, EG_PLACE);
/* 0, 1, ... n - 1. */
EG_API eg_val(eg_iota)(eg_context *eg, int64_t n, eg_dtype type, EG_PLACE);
/* [..., n]: 1 at the index, else 0; all 0 where the index is not in 0 .. n - 1. */
EG_API eg_val(eg_one_hot)(eg_val index, int64_t n, eg_dtype type, EG_PLACE);

/* -- shape -------------------------------------------------------------------------------------------------------- */

/* Repeats along new leading axes and axes of extent 1.  Macros: eg_broadcast(x, 10, 20), eg_broadcast_to(x, rank,
 * dims). */
EG_API eg_val(eg_broadcast)(eg_val x, int rank, const int64_t *dims, const char *file, int line);
/* The same elements in another shape; one extent may be -1.  Macros: eg_reshape(x, 3, -1), eg_reshape_to(x, rank,
 * dims). */
EG_API eg_val(eg_reshape)(eg_val x, int rank, const int64_t *dims, const char *file, int line);
/* Axis k of the result is axis perm[k] of x; n = 0: axes reversed.  Macros: eg_transpose(x), eg_transpose(x, 1, 0). */
EG_API eg_val(eg_transpose)(eg_val x, int n, const int *perm, const char *file, int line);
/* Axes a and b exchanged, -1 being the last. */
EG_API eg_val(eg_swap_axes)(eg_val x, int a, int b, EG_PLACE);
/* A new axis of extent 1 before the axis that has this number in the result. */
EG_API eg_val(eg_new_axis)(eg_val x, int axis, EG_PLACE);
/* Reversed along the axis. */
EG_API eg_val(eg_flip)(eg_val x, int axis, EG_PLACE);
/* Element k goes to k + by, around the end. */
EG_API eg_val(eg_roll)(eg_val x, int64_t by, int axis, EG_PLACE);
/* `before` and `after` more elements along the axis, all of this value. */
EG_API eg_val(eg_pad)(eg_val x, int axis, int64_t before, int64_t after, eg_val value, EG_PLACE);
/* One behind the other along the axis; the other extents are equal.  Macros: eg_concat(axis, a, b, ...) of up to 8
 * values (eg_val), eg_concat_n(axis, n, values). */
EG_API eg_val(eg_concat)(int axis, int n, const eg_val *x, const char *file, int line);
/* The same along a new axis; scalars give a vector.  Macros: eg_stack(axis, a, b, ...), eg_stack_n(axis, n, values). */
EG_API eg_val(eg_stack)(int axis, int n, const eg_val *x, const char *file, int line);

/* -- indices ------------------------------------------------------------------------------------------------------ */

/* As far as it goes, in the direction of the step: a `stop` of eg_slice(). */
#define EG_END INT64_MAX

/* Elements start, start + step, ... before stop along the axis, as Python's x[start:stop:step]: negative start and stop
 * count from the end, what lies outside is cut off; step is not 0. */
EG_API eg_val(eg_slice)(eg_val x, int axis, int64_t start, int64_t stop, int64_t step, EG_PLACE);
/* `size` elements from `start`, a number or traced integer scalar; start is moved inside 0 .. extent - size. */
EG_API eg_val(eg_slice_at)(eg_val x, int axis, eg_val start, int64_t size, EG_PLACE);
/* x[i]: element i along the first axis, which disappears.  A plain i may be negative (from the end) and must be inside;
 * a traced integer scalar is moved inside. */
EG_API eg_val(eg_row)(eg_val x, eg_val i, EG_PLACE);
/* x with u in place of its elements from `start` along the axis (moved inside 0 .. extent of x - extent of u).  u has
 * x's rank and other extents, or is a scalar: one element wide. */
EG_API eg_val(eg_update_slice)(eg_val x, eg_val u, int axis, eg_val start, EG_PLACE);
/* x with row i (as eg_row) replaced by u, which broadcasts to it. */
EG_API eg_val(eg_update_row)(eg_val x, eg_val i, eg_val u, EG_PLACE);
/* Elements at the indices (integers, any shape) along the axis; the index's shape stands in place of the axis; traced
 * indices are moved inside, a plain one is as eg_row's. */
EG_API eg_val(eg_gather)(eg_val x, eg_val index, int axis, EG_PLACE);
/* x with rows of u added at the indices along the first axis, in ascending order of the index's elements; u broadcasts
 * to the index's shape followed by a row's; an index outside is dropped. */
EG_API eg_val(eg_scatter_add)(eg_val x, eg_val index, eg_val u, EG_PLACE);
/* Bits in place of bools: [..., n] as u32 [..., ceil(n / 32)]; element i is bit i % 32 of word i / 32, the bits behind
 * the end are 0.  A 32nd of the numbers to store or to look through. */
EG_API eg_val(eg_pack)(eg_val x, EG_PLACE);
/* The first n of them back. */
EG_API eg_val(eg_unpack)(eg_val words, int64_t n, EG_PLACE);

/* -- products ----------------------------------------------------------------------------------------------------- */

/* Vector.vector (scalar), matrix.vector, vector.matrix, matrix.matrix; leading axes of matrices are batches and
 * broadcast.  Every element is one chain of fma over ascending k from 0.
 *
 * Where a is of spikes and b of floats only the rows of b whose spike fired are added, in ascending order: what silent
 * sources weigh is not looked at, so an infinite weight of theirs does no harm.  Spikes are a value of bool, one that
 * eg_convert made of bool, or of eg_spike, also through eg_reshape, eg_transpose, eg_slice and eg_broadcast.  The
 * gradient with respect to b likewise touches the rows that fired. */
EG_API eg_val(eg_dot)(eg_val a, eg_val b, EG_PLACE);
/* a[i] b[j] of two vectors. */
EG_API eg_val(eg_outer)(eg_val a, eg_val b, EG_PLACE);

/* -- events ------------------------------------------------------------------------------------------------------- */

/* For every source that fired, in ascending order, adds its weights to its targets.  spikes [pre]: bool, or floats that
 * multiply the weight.  weight: a number or scalar, [pre] (one a source), or [size] (one a synapse, in the order in
 * which eg_csr_new() was given them; with as many synapses as sources it counts as that).  Result [post], in the type
 * in which weight and float spikes meet; a plain weight of bool spikes: the default float.  eg_event_add starts from
 * base ([post] or a scalar) instead of 0. */
EG_API eg_val(eg_event)(eg_csr *csr, eg_val spikes, eg_val weight, EG_PLACE);
EG_API eg_val(eg_event_add)(eg_val base, eg_csr *csr, eg_val spikes, eg_val weight, EG_PLACE);
/* The other way: for every source the sum over its synapses of x [post] (bool or float) times weight.  Result [pre]. */
EG_API eg_val(eg_event_transposed)(eg_csr *csr, eg_val x, eg_val weight, EG_PLACE);

/* -- delays ------------------------------------------------------------------------------------------------------- */

/* A line that remembers the last max_steps + 1 values pushed, zeros at first; its variables are "name.ring"
 * [max_steps + 1, ...] and "name.head".  Belongs to the context. */
typedef struct eg_delay eg_delay;
EG_API eg_delay *(eg_delay_new)(eg_context *eg, const char *name, eg_spec spec, int64_t max_steps, EG_PLACE);
/* Enters a value (a scalar fills). */
EG_API void(eg_delay_push)(eg_delay *d, eg_val x, EG_PLACE);
/* The value pushed `steps` pushes before the last one (0 = the last).  steps: a number in 0 .. max_steps; a traced
 * integer scalar, moved inside; or, for vectors, integers of the value's shape: one delay an element. */
EG_API eg_val(eg_delay_read)(eg_delay *d, eg_val steps, EG_PLACE);
/* Its variables, to read or initialise. */
EG_API eg_var *eg_delay_ring(eg_delay *d);
EG_API eg_var *eg_delay_head(eg_delay *d);

#ifndef __cplusplus
/* EG_LIST(type, x, a, b): a value and an array of the numbers behind it. */
#define EG_COUNT_(a, b, c, d, e, f, g, h, n, ...) n
#define EG_COUNT(...) EG_COUNT_(__VA_ARGS__, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define EG_LIST_OF_(a, b, c, d, e, f, g, h, name, ...) name
#define EG_LIST(type, ...)                                                                                             \
    EG_LIST_OF_(__VA_ARGS__, EG_LIST_N, EG_LIST_N, EG_LIST_N, EG_LIST_N, EG_LIST_N, EG_LIST_N, EG_LIST_N, EG_LIST_0,   \
                0)                                                                                                     \
    (type, __VA_ARGS__)
#define EG_LIST_0(type, x) EG_VAL(x), 0, (const type *)0
#define EG_LIST_N(type, x, ...)                                                                                        \
    EG_VAL(x), EG_COUNT(__VA_ARGS__), (const type[]) { __VA_ARGS__ }
#define EG_VALUES(...)                                                                                                 \
    EG_COUNT(__VA_ARGS__), (const eg_val[]) { __VA_ARGS__ }

#define eg_neg(x) (eg_neg)(EG_VAL(x), EG_HERE)
#define eg_abs(x) (eg_abs)(EG_VAL(x), EG_HERE)
#define eg_sign(x) (eg_sign)(EG_VAL(x), EG_HERE)
#define eg_square(x) (eg_square)(EG_VAL(x), EG_HERE)
#define eg_not(x) (eg_not)(EG_VAL(x), EG_HERE)
#define eg_sqrt(x) (eg_sqrt)(EG_VAL(x), EG_HERE)
#define eg_isnan(x) (eg_isnan)(EG_VAL(x), EG_HERE)
#define eg_isinf(x) (eg_isinf)(EG_VAL(x), EG_HERE)
#define eg_floor(x) (eg_floor)(EG_VAL(x), EG_HERE)
#define eg_ceil(x) (eg_ceil)(EG_VAL(x), EG_HERE)
#define eg_trunc(x) (eg_trunc)(EG_VAL(x), EG_HERE)
#define eg_round(x) (eg_round)(EG_VAL(x), EG_HERE)
#define eg_rsqrt(x) (eg_rsqrt)(EG_VAL(x), EG_HERE)
#define eg_cbrt(x) (eg_cbrt)(EG_VAL(x), EG_HERE)
#define eg_exp(x) (eg_exp)(EG_VAL(x), EG_HERE)
#define eg_exp2(x) (eg_exp2)(EG_VAL(x), EG_HERE)
#define eg_expm1(x) (eg_expm1)(EG_VAL(x), EG_HERE)
#define eg_log(x) (eg_log)(EG_VAL(x), EG_HERE)
#define eg_log2(x) (eg_log2)(EG_VAL(x), EG_HERE)
#define eg_log10(x) (eg_log10)(EG_VAL(x), EG_HERE)
#define eg_log1p(x) (eg_log1p)(EG_VAL(x), EG_HERE)
#define eg_sin(x) (eg_sin)(EG_VAL(x), EG_HERE)
#define eg_cos(x) (eg_cos)(EG_VAL(x), EG_HERE)
#define eg_tan(x) (eg_tan)(EG_VAL(x), EG_HERE)
#define eg_asin(x) (eg_asin)(EG_VAL(x), EG_HERE)
#define eg_acos(x) (eg_acos)(EG_VAL(x), EG_HERE)
#define eg_atan(x) (eg_atan)(EG_VAL(x), EG_HERE)
#define eg_sinh(x) (eg_sinh)(EG_VAL(x), EG_HERE)
#define eg_cosh(x) (eg_cosh)(EG_VAL(x), EG_HERE)
#define eg_tanh(x) (eg_tanh)(EG_VAL(x), EG_HERE)
#define eg_asinh(x) (eg_asinh)(EG_VAL(x), EG_HERE)
#define eg_acosh(x) (eg_acosh)(EG_VAL(x), EG_HERE)
#define eg_atanh(x) (eg_atanh)(EG_VAL(x), EG_HERE)
#define eg_erf(x) (eg_erf)(EG_VAL(x), EG_HERE)
#define eg_erfc(x) (eg_erfc)(EG_VAL(x), EG_HERE)
#define eg_erfinv(x) (eg_erfinv)(EG_VAL(x), EG_HERE)
#define eg_sigmoid(x) (eg_sigmoid)(EG_VAL(x), EG_HERE)
#define eg_softplus(x) (eg_softplus)(EG_VAL(x), EG_HERE)
#define eg_exprel(x) (eg_exprel)(EG_VAL(x), EG_HERE)

#define eg_add(a, b) (eg_add)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_sub(a, b) (eg_sub)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_mul(a, b) (eg_mul)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_div(a, b) (eg_div)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_fmod(a, b) (eg_fmod)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_mod(a, b) (eg_mod)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_min(a, b) (eg_min)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_max(a, b) (eg_max)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_and(a, b) (eg_and)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_or(a, b) (eg_or)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_xor(a, b) (eg_xor)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_shl(a, b) (eg_shl)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_shr(a, b) (eg_shr)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_eq(a, b) (eg_eq)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_ne(a, b) (eg_ne)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_lt(a, b) (eg_lt)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_le(a, b) (eg_le)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_gt(a, b) (eg_gt)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_ge(a, b) (eg_ge)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_atan2(y, x) (eg_atan2)(EG_VAL(y), EG_VAL(x), EG_HERE)
#define eg_hypot(a, b) (eg_hypot)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_pow(a, b) (eg_pow)(EG_VAL(a), EG_VAL(b), EG_HERE)

#define eg_complex(re, im) (eg_complex)(EG_VAL(re), EG_VAL(im), EG_HERE)
#define eg_re(z) (eg_re)(EG_VAL(z), EG_HERE)
#define eg_im(z) (eg_im)(EG_VAL(z), EG_HERE)
#define eg_conj(z) (eg_conj)(EG_VAL(z), EG_HERE)
#define eg_angle(z) (eg_angle)(EG_VAL(z), EG_HERE)

#define eg_fma(a, b, c) (eg_fma)(EG_VAL(a), EG_VAL(b), EG_VAL(c), EG_HERE)
#define eg_clip(x, low, high) (eg_clip)(EG_VAL(x), EG_VAL(low), EG_VAL(high), EG_HERE)
#define eg_where(cond, a, b) (eg_where)(EG_VAL(cond), EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_convert(x, type) (eg_convert)(EG_VAL(x), type, EG_HERE)

#define eg_sum(...) (eg_sum)(EG_LIST(int, __VA_ARGS__), false, EG_HERE)
#define eg_prod(...) (eg_prod)(EG_LIST(int, __VA_ARGS__), false, EG_HERE)
#define eg_amin(...) (eg_amin)(EG_LIST(int, __VA_ARGS__), false, EG_HERE)
#define eg_amax(...) (eg_amax)(EG_LIST(int, __VA_ARGS__), false, EG_HERE)
#define eg_any(...) (eg_any)(EG_LIST(int, __VA_ARGS__), false, EG_HERE)
#define eg_all(...) (eg_all)(EG_LIST(int, __VA_ARGS__), false, EG_HERE)
#define eg_mean(...) (eg_mean)(EG_LIST(int, __VA_ARGS__), false, EG_HERE)
#define eg_variance(...) (eg_variance)(EG_LIST(int, __VA_ARGS__), false, EG_HERE)
#define eg_logsumexp(...) (eg_logsumexp)(EG_LIST(int, __VA_ARGS__), false, EG_HERE)
#define eg_sum_axes(x, n, axes, keep) (eg_sum)(EG_VAL(x), n, axes, keep, EG_HERE)
#define eg_prod_axes(x, n, axes, keep) (eg_prod)(EG_VAL(x), n, axes, keep, EG_HERE)
#define eg_amin_axes(x, n, axes, keep) (eg_amin)(EG_VAL(x), n, axes, keep, EG_HERE)
#define eg_amax_axes(x, n, axes, keep) (eg_amax)(EG_VAL(x), n, axes, keep, EG_HERE)
#define eg_any_axes(x, n, axes, keep) (eg_any)(EG_VAL(x), n, axes, keep, EG_HERE)
#define eg_all_axes(x, n, axes, keep) (eg_all)(EG_VAL(x), n, axes, keep, EG_HERE)
#define eg_mean_axes(x, n, axes, keep) (eg_mean)(EG_VAL(x), n, axes, keep, EG_HERE)
#define eg_variance_axes(x, n, axes, keep) (eg_variance)(EG_VAL(x), n, axes, keep, EG_HERE)
#define eg_logsumexp_axes(x, n, axes, keep) (eg_logsumexp)(EG_VAL(x), n, axes, keep, EG_HERE)
#define eg_argmin(x, axis) (eg_argmin)(EG_VAL(x), axis, EG_HERE)
#define eg_argmax(x, axis) (eg_argmax)(EG_VAL(x), axis, EG_HERE)
#define eg_cumsum(x, axis) (eg_cumsum)(EG_VAL(x), axis, EG_HERE)
#define eg_sort(x, axis) (eg_sort)(EG_VAL(x), axis, EG_HERE)
#define eg_argsort(x, axis) (eg_argsort)(EG_VAL(x), axis, EG_HERE)

#define eg_zeros(eg, spec) (eg_zeros)(eg, spec, EG_HERE)
#define eg_ones(eg, spec) (eg_ones)(eg, spec, EG_HERE)
#define eg_full(eg, spec, x) (eg_full)(eg, spec, EG_VAL(x), EG_HERE)
#define eg_iota(eg, n, type) (eg_iota)(eg, n, type, EG_HERE)
#define eg_one_hot(index, n, type) (eg_one_hot)(EG_VAL(index), n, type, EG_HERE)

#define eg_broadcast(...) (eg_broadcast)(EG_LIST(int64_t, __VA_ARGS__), EG_HERE)
#define eg_broadcast_to(x, rank, dims) (eg_broadcast)(EG_VAL(x), rank, dims, EG_HERE)
#define eg_reshape(...) (eg_reshape)(EG_LIST(int64_t, __VA_ARGS__), EG_HERE)
#define eg_reshape_to(x, rank, dims) (eg_reshape)(EG_VAL(x), rank, dims, EG_HERE)
#define eg_transpose(...) (eg_transpose)(EG_LIST(int, __VA_ARGS__), EG_HERE)
#define eg_swap_axes(x, a, b) (eg_swap_axes)(EG_VAL(x), a, b, EG_HERE)
#define eg_new_axis(x, axis) (eg_new_axis)(EG_VAL(x), axis, EG_HERE)
#define eg_flip(x, axis) (eg_flip)(EG_VAL(x), axis, EG_HERE)
#define eg_roll(x, by, axis) (eg_roll)(EG_VAL(x), by, axis, EG_HERE)
#define eg_pad(x, axis, before, after, value) (eg_pad)(EG_VAL(x), axis, before, after, EG_VAL(value), EG_HERE)
#define eg_concat(axis, ...) (eg_concat)(axis, EG_VALUES(__VA_ARGS__), EG_HERE)
#define eg_concat_n(axis, n, x) (eg_concat)(axis, n, x, EG_HERE)
#define eg_stack(axis, ...) (eg_stack)(axis, EG_VALUES(__VA_ARGS__), EG_HERE)
#define eg_stack_n(axis, n, x) (eg_stack)(axis, n, x, EG_HERE)

#define eg_slice(x, axis, start, stop, step) (eg_slice)(EG_VAL(x), axis, start, stop, step, EG_HERE)
#define eg_slice_at(x, axis, start, size) (eg_slice_at)(EG_VAL(x), axis, EG_VAL(start), size, EG_HERE)
#define eg_row(x, i) (eg_row)(EG_VAL(x), EG_VAL(i), EG_HERE)
#define eg_update_slice(x, u, axis, start) (eg_update_slice)(EG_VAL(x), EG_VAL(u), axis, EG_VAL(start), EG_HERE)
#define eg_update_row(x, i, u) (eg_update_row)(EG_VAL(x), EG_VAL(i), EG_VAL(u), EG_HERE)
#define eg_gather(x, index, axis) (eg_gather)(EG_VAL(x), EG_VAL(index), axis, EG_HERE)
#define eg_scatter_add(x, index, u) (eg_scatter_add)(EG_VAL(x), EG_VAL(index), EG_VAL(u), EG_HERE)

#define eg_pack(x) (eg_pack)(EG_VAL(x), EG_HERE)
#define eg_unpack(words, n) (eg_unpack)(EG_VAL(words), n, EG_HERE)

#define eg_dot(a, b) (eg_dot)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_outer(a, b) (eg_outer)(EG_VAL(a), EG_VAL(b), EG_HERE)
#define eg_event(csr, spikes, weight) (eg_event)(csr, EG_VAL(spikes), EG_VAL(weight), EG_HERE)
#define eg_event_add(base, csr, spikes, weight)                                                                        \
    (eg_event_add)(EG_VAL(base), csr, EG_VAL(spikes), EG_VAL(weight), EG_HERE)
#define eg_event_transposed(csr, x, weight) (eg_event_transposed)(csr, EG_VAL(x), EG_VAL(weight), EG_HERE)

#define eg_delay_new(eg, name, spec, max_steps) (eg_delay_new)(eg, name, spec, max_steps, EG_HERE)
#define eg_delay_push(d, x) (eg_delay_push)(d, EG_VAL(x), EG_HERE)
#define eg_delay_read(d, steps) (eg_delay_read)(d, EG_VAL(steps), EG_HERE)
#endif

#ifdef __cplusplus
}
#include "engram/cxx_math.h"
#endif
#endif
