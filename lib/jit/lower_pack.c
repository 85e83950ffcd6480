/* PACK: 64 or 32 elements are compared and become a word of bits, without a loop over them. */
#include <stdio.h>

#include "core/context.h"
#include "jit/walk.h"

typedef LLVMValueRef value;

/* The word of the n elements (a register of bytes) from `at` on, of which the first `left` count. */
static value word_of(egi_irb *b, unsigned n, value at, value left)
{
    LLVMTypeRef wide = egi_irb_vec(b->i8, n);
    value x = egi_irb_load(b, wide, at); /* may read behind the end: every buffer can be */
    value on = LLVMBuildICmp(b->b, LLVMIntNE, x, egi_irb_zero(wide), "");
    if (left) on = LLVMBuildAnd(b->b, on, egi_irb_tail_mask(b, left, n), "");
    return LLVMBuildBitCast(b->b, on, LLVMIntTypeInContext(b->ctx, n), "");
}

enum { P_FROM, P_TO, P_LO, P_HI, P_PARAMS };

/* Words of n elements from element k of the row on, as long as they are whole; where it stops. */
static value whole_words(egi_irb *b, value fn, unsigned n, value k)
{
    egi_irb_loop loop;
    value end = LLVMBuildAnd(b->b, LLVMGetParam(fn, P_HI), egi_irb_i64(b, -(int64_t)n), "");
    value i = egi_irb_loop_begin(b, &loop, k, end, egi_irb_i64(b, n));
    value at = egi_irb_at(b, b->i32, LLVMGetParam(fn, P_TO), LLVMBuildLShr(b->b, i, egi_irb_i64(b, 5), ""));
    egi_irb_store(b, word_of(b, n, egi_irb_at(b, b->i8, LLVMGetParam(fn, P_FROM), i), NULL), at);
    egi_irb_loop_end(b, &loop);
    return end;
}

/* void pack(from, to, lo, hi): the elements [lo, hi) of a row; lo is a multiple of 64, hi is too or is its end. */
static value row_function(egi_lower *l)
{
    value fn = egi_lower_find(l, "pack");
    if (fn) return fn;
    egi_irb b;
    egi_irb_if tail;
    LLVMTypeRef params[P_PARAMS] = {l->b.ptr, l->b.ptr, l->b.i64, l->b.i64};
    fn = egi_lower_function(l, "pack", "pack", l->b.none, P_PARAMS, params, &b);
    value hi = LLVMGetParam(fn, P_HI), k = whole_words(&b, fn, 64, LLVMGetParam(fn, P_LO));
    k = whole_words(&b, fn, 32, k);
    egi_irb_if_begin(&b, &tail, LLVMBuildICmp(b.b, LLVMIntSLT, k, hi, ""));
    value at = egi_irb_at(&b, b.i32, LLVMGetParam(fn, P_TO), LLVMBuildLShr(b.b, k, egi_irb_i64(&b, 5), ""));
    value left = LLVMBuildSub(b.b, hi, k, "");
    egi_irb_store(&b, word_of(&b, 32, egi_irb_at(&b, b.i8, LLVMGetParam(fn, P_FROM), k), left), at);
    egi_irb_if_end(&b, &tail);
    LLVMBuildRetVoid(b.b);
    egi_irb_close(&b);
    return fn;
}

/* Threads share a vector by slices, whole words each, and arrays of more axes by rows, unless words run on. */
void egi_lower_pack(egi_lower *l, egi_id id)
{
    const egi_shape *s = egi_shape_of(l->g, egi_arg(l->g, id, 0));
    egi_irb *b = &l->b;
    value fn = row_function(l), lo, hi, n = egi_lower_size(l, s->dim[s->rank - 1]);
    value from = egi_lower_array(l, id, 0), to = egi_lower_pointer(l, id);
    if (egi_packs_flat(l->g, id)) {
        egi_lower_slice(l, egi_lower_count(l, s), 64, &lo, &hi);
        value args[P_PARAMS] = {from, to, lo, hi};
        egi_irb_call(b, fn, args, P_PARAMS);
        return;
    }
    egi_irb_loop rows;
    value words = egi_lower_size(l, egi_shape_of(l->g, id)->dim[s->rank - 1]);
    egi_lower_slice(l, egi_lower_product(l, s->rank - 1, s->dim), 1, &lo, &hi);
    value row = egi_irb_loop_begin(b, &rows, lo, hi, egi_irb_i64(b, 1));
    value args[P_PARAMS] = {egi_irb_at(b, b->i8, from, LLVMBuildMul(b->b, row, n, "")),
                            egi_irb_at(b, b->i32, to, LLVMBuildMul(b->b, row, words, "")), egi_irb_i64(b, 0), n};
    egi_irb_call(b, fn, args, P_PARAMS);
    egi_irb_loop_end(b, &rows);
}
