/* Random bits: Philox4x32-10 for a vector of elements; ir/eval.h says which bits an element gets.
 *
 * A block of four words serves four elements of 32 bits, or two of 64.  A vector that begins at a block computes each
 * block once, a lane a block, and interleaves the words; otherwise each lane
 * computes its own block and picks its word.  Words stand in the low half of 64-bit lanes, whose upper half holds
 * anything: the multiplier reads the low half, and no lane is moved between rounds.  One internal function a width. */
#include "jit/lower.h"

#include <stdio.h>

typedef LLVMValueRef value;

enum { ROUNDS = 10, WORDS = 4 };

static value low(egi_irb *b, value x, value mask) { return LLVMBuildAnd(b->b, x, mask, ""); }

/* All rounds on n blocks: c and k as i64 lanes of which the low halves count. */
static void philox(egi_irb *b, value c[WORDS], const value key[2], unsigned n)
{
    static const uint64_t weyl[2] = {0x9E3779B9u, 0xBB67AE85u};
    value mask = egi_irb_splat(b, egi_irb_i64(b, 0xFFFFFFFF), n), half = egi_irb_splat(b, egi_irb_i64(b, 32), n);
    value m0 = egi_irb_splat(b, egi_irb_i64(b, 0xD2511F53), n), m1 = egi_irb_splat(b, egi_irb_i64(b, 0xCD9E8D57), n);
    value step[2], k[2];
    for (int j = 0; j < 2; j++) {
        step[j] = egi_irb_splat(b, LLVMConstInt(b->i64, weyl[j], 0), n);
        k[j] = egi_irb_splat(b, key[j], n);
    }
    for (int round = 0; round < ROUNDS; round++) {
        value p = LLVMBuildMul(b->b, low(b, c[0], mask), m0, ""), q = LLVMBuildMul(b->b, low(b, c[2], mask), m1, "");
        value p_high = LLVMBuildLShr(b->b, p, half, ""), q_high = LLVMBuildLShr(b->b, q, half, "");
        c[0] = LLVMBuildXor(b->b, q_high, LLVMBuildXor(b->b, c[1], k[0], ""), "");
        c[2] = LLVMBuildXor(b->b, p_high, LLVMBuildXor(b->b, c[3], k[1], ""), "");
        c[1] = q;
        c[3] = p;
        for (int j = 0; j < 2; j++) k[j] = LLVMBuildAdd(b->b, k[j], step[j], "");
    }
}

/* The words as elements: four i32 or two i64 vectors of n lanes. */
static void elements(egi_irb *b, eg_dtype t, const value c[WORDS], value out[WORDS], unsigned n)
{
    value mask = egi_irb_splat(b, egi_irb_i64(b, 0xFFFFFFFF), n), half = egi_irb_splat(b, egi_irb_i64(b, 32), n);
    if (t == EG_I64) {
        for (unsigned j = 0; j < 2; j++)
            out[j] = LLVMBuildOr(b->b, low(b, c[2 * j], mask), LLVMBuildShl(b->b, c[2 * j + 1], half, ""), "");
        return;
    }
    for (unsigned j = 0; j < WORDS; j++) out[j] = LLVMBuildTrunc(b->b, c[j], egi_irb_vec(b->i32, n), "");
}

/* Element `per` b + j of the result is lane b of e[j]. */
static value interleave(egi_irb *b, const value *e, unsigned per, unsigned n)
{
    unsigned lanes = per * n;
    value index[64];
    if (n == 1) {
        value v = LLVMGetPoison(LLVMVectorType(LLVMTypeOf(e[0]), lanes));
        for (unsigned j = 0; j < per; j++) v = LLVMBuildInsertElement(b->b, v, e[j], egi_irb_i32(b, (int32_t)j), "");
        return v;
    }
    /* one after the other, then by columns */
    value all[2] = {e[0], e[1]};
    if (per == WORDS) {
        value both = egi_irb_iota(b->i32, 2 * n);
        for (unsigned j = 0; j < 2; j++) all[j] = LLVMBuildShuffleVector(b->b, e[2 * j], e[2 * j + 1], both, "");
    }
    for (unsigned k = 0; k < lanes; k++) index[k] = egi_irb_i32(b, (int32_t)(k % per * n + k / per));
    return LLVMBuildShuffleVector(b->b, all[0], all[1], LLVMConstVector(index, lanes), "");
}

/* Each lane picks its own of `per` elements. */
static value pick(egi_irb *b, const value *e, unsigned per, value at, unsigned lanes)
{
    value r = e[0];
    value which = LLVMBuildAnd(b->b, at, egi_irb_splat(b, egi_irb_i64(b, per - 1), lanes), "");
    for (unsigned j = 1; j < per; j++) {
        value is = LLVMBuildICmp(b->b, LLVMIntEQ, which, egi_irb_splat(b, egi_irb_i64(b, j), lanes), "");
        r = LLVMBuildSelect(b->b, is, e[j], r, "");
    }
    return r;
}

/* (key0, key1, step, inner, lane, at) of the body's function. */
static value emit(egi_irb *b, eg_dtype t, const value *arg, bool whole, unsigned lanes)
{
    const unsigned per = t == EG_I64 ? 2 : WORDS, n = whole ? lanes / per : lanes;
    value shift = egi_irb_splat(b, egi_irb_i64(b, t == EG_I64 ? 1 : 2), n), e[WORDS];
    value key[2] = {LLVMBuildZExt(b->b, arg[0], b->i64, ""), LLVMBuildZExt(b->b, arg[1], b->i64, "")};
    value at = egi_irb_splat(b, arg[5], n), first;
    if (whole) {
        first = LLVMBuildAdd(b->b, LLVMBuildLShr(b->b, at, shift, ""), egi_irb_iota(b->i64, n), "");
    } else {
        at = LLVMBuildAdd(b->b, at, egi_irb_iota(b->i64, n), "");
        first = LLVMBuildLShr(b->b, at, shift, "");
    }
    value lane = LLVMBuildMul(b->b, arg[4], LLVMConstInt(b->i32, 0x85EBCA6Bu, 0), "");
    value last = LLVMBuildXor(b->b, LLVMBuildLShr(b->b, arg[2], egi_irb_i64(b, 32), ""),
                              LLVMBuildZExt(b->b, lane, b->i64, ""), "");
    value inner = LLVMBuildZExt(b->b, arg[3], b->i64, "");
    value c[WORDS] = {first, egi_irb_splat(b, arg[2], n), egi_irb_splat(b, inner, n), egi_irb_splat(b, last, n)};
    philox(b, c, key, n);
    elements(b, t, c, e, n);
    return whole ? interleave(b, e, per, n) : pick(b, e, per, at, lanes);
}

LLVMValueRef egi_lower_random(egi_lower *l, egi_irb *b, eg_dtype t, const LLVMValueRef key[2], LLVMValueRef step,
                              LLVMValueRef inner, LLVMValueRef lane, LLVMValueRef at, bool aligned, unsigned lanes)
{
    enum { ARGS = 6 };
    const unsigned per = t == EG_I64 ? 2 : WORDS;
    const bool whole = aligned && lanes % per == 0;
    char name[64];
    /* A scalar of the graph: all lanes are one. */
    if (LLVMTypeOf(lane) != b->i32) lane = LLVMBuildExtractElement(b->b, lane, egi_irb_i32(b, 0), "");
    value args[ARGS] = {key[0], key[1], step, inner, lane, at};
    LLVMTypeRef types[ARGS];
    snprintf(name, sizeof name, "bits.%sx%u%s", eg_dtype_name(t), lanes, whole ? ".whole" : "");
    for (unsigned k = 0; k < ARGS; k++) types[k] = LLVMTypeOf(args[k]);
    LLVMValueRef fn = egi_lower_find(l, name);
    if (!fn) {
        egi_irb body;
        value params[ARGS];
        LLVMTypeRef type = egi_irb_vec(t == EG_I64 ? b->i64 : b->i32, lanes);
        fn = egi_lower_function(l, name, name, type, ARGS, types, &body);
        for (unsigned k = 0; k < ARGS; k++) params[k] = LLVMGetParam(fn, k);
        LLVMBuildRet(body.b, emit(&body, t, params, whole, lanes));
        egi_irb_close(&body);
    }
    return egi_irb_call(b, fn, args, ARGS);
}
