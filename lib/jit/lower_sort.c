/* SORT, ARGSORT: rows of the last axis by merging runs of doubling length between two buffers.
 *
 * Elements are ordered by an integer key: -0 before +0, every NaN last.  Elements with equal keys are equal bits, or
 * NaN, so SORT moves the elements themselves; ARGSORT moves their numbers, and merges keep the order of equal ones.
 * The number of passes decides in which buffer the first one begins, so that the last ends in the result.  Threads take
 * rows. */
#include "jit/walk.h"

#include <stdio.h>

typedef LLVMValueRef value;

typedef struct sort {
    eg_dtype t;                  /* of the keys' elements */
    bool index;                  /* ARGSORT */
    LLVMTypeRef element, memory; /* what is moved; what keys are made of */
    value row;                   /* of the operand */
} sort;

/* Key of element x as a signed integer (u32: unsigned; the comparison knows). */
static value key_of(egi_irb *b, eg_dtype t, value x)
{
    if (!egi_is_float(t)) return x;
    LLVMTypeRef type = t == EG_F32 ? b->i32 : b->i64;
    unsigned width = LLVMGetIntTypeWidth(type);
    value bits = LLVMBuildBitCast(b->b, x, type, ""), most = LLVMConstInt(type, UINT64_MAX >> (65 - width), 0);
    value sign = LLVMBuildAShr(b->b, bits, LLVMConstInt(type, width - 1, 0), "");
    value flipped = LLVMBuildXor(b->b, bits, LLVMBuildAnd(b->b, sign, most, ""), "");
    return LLVMBuildSelect(b->b, LLVMBuildFCmp(b->b, LLVMRealUNO, x, x, ""), most, flipped, "");
}

static value load(const sort *s, egi_irb *b, value from, value at)
{
    return egi_irb_load(b, s->element, egi_irb_at(b, s->element, from, at));
}

/* Key of what was loaded. */
static value key_at(const sort *s, egi_irb *b, value x)
{
    if (s->index) x = egi_irb_load(b, s->memory, egi_irb_at(b, s->memory, s->row, LLVMBuildZExt(b->b, x, b->i64, "")));
    return key_of(b, s->t, x);
}

/* from[low..mid) and from[mid..high) to to[low..high). */
static void merge(const sort *s, egi_irb *b, value from, value to, value low, value mid, value high)
{
    egi_irb_loop loop;
    value one = egi_irb_i64(b, 1), mid_1 = LLVMBuildSub(b->b, mid, one, ""), high_1 = LLVMBuildSub(b->b, high, one, "");
    value k = egi_irb_loop_begin(b, &loop, low, high, one);
    value i = egi_irb_carry(b, &loop, low), j = egi_irb_carry(b, &loop, mid);
    /* the index of a run that is used up stays within it */
    value x = load(s, b, from, egi_irb_min(b, i, mid_1)), y = load(s, b, from, egi_irb_min(b, j, high_1));
    bool is_unsigned = s->t == EG_U32 || s->t == EG_BOOL;
    value less = LLVMBuildICmp(b->b, is_unsigned ? LLVMIntULE : LLVMIntSLE, key_at(s, b, x), key_at(s, b, y), "");
    value left = LLVMBuildOr(b->b, less, LLVMBuildICmp(b->b, LLVMIntSGE, j, high, ""), "");
    left = LLVMBuildAnd(b->b, left, LLVMBuildICmp(b->b, LLVMIntSLT, i, mid, ""), "");
    egi_irb_store(b, LLVMBuildSelect(b->b, left, x, y, ""), egi_irb_at(b, s->element, to, k));
    value step = LLVMBuildZExt(b->b, left, b->i64, "");
    egi_irb_carry_next(&loop, i, LLVMBuildAdd(b->b, i, step, ""));
    egi_irb_carry_next(&loop, j, LLVMBuildAdd(b->b, j, LLVMBuildSub(b->b, one, step, ""), ""));
    egi_irb_loop_end(b, &loop);
}

/* Elements, or their numbers, as runs of one. */
static void begin(const sort *s, egi_irb *b, value to, value n)
{
    egi_irb_loop loop;
    value i = egi_irb_loop_begin(b, &loop, egi_irb_i64(b, 0), n, egi_irb_i64(b, 1));
    value x = s->index ? LLVMBuildTrunc(b->b, i, b->i32, "") : load(s, b, s->row, i);
    egi_irb_store(b, x, egi_irb_at(b, s->element, to, i));
    egi_irb_loop_end(b, &loop);
}

static void sort_row(const sort *s, egi_irb *b, value out, value other, value n)
{
    egi_irb_loop by_pass, by_run;
    value zero = egi_irb_i64(b, 0), one = egi_irb_i64(b, 1), rest = LLVMBuildSub(b->b, n, one, "");
    value zeros[] = {rest, LLVMConstInt(b->i1, 0, 0)};
    value passes = LLVMBuildSub(b->b, egi_irb_i64(b, 64), egi_irb_intrinsic(b, "llvm.ctlz", &b->i64, 1, zeros, 2), "");
    value odd = LLVMBuildTrunc(b->b, passes, b->i1, "");
    value first = LLVMBuildSelect(b->b, odd, other, out, ""), second = LLVMBuildSelect(b->b, odd, out, other, "");
    begin(s, b, first, n);
    value pass = egi_irb_loop_begin(b, &by_pass, zero, passes, one);
    value from = egi_irb_carry(b, &by_pass, first), to = egi_irb_carry(b, &by_pass, second);
    value run = LLVMBuildShl(b->b, one, pass, ""), two = LLVMBuildShl(b->b, run, one, "");
    value low = egi_irb_loop_begin(b, &by_run, zero, n, two);
    value mid = egi_irb_min(b, LLVMBuildAdd(b->b, low, run, ""), n);
    merge(s, b, from, to, low, mid, egi_irb_min(b, LLVMBuildAdd(b->b, low, two, ""), n));
    egi_irb_loop_end(b, &by_run);
    egi_irb_carry_next(&by_pass, from, to);
    egi_irb_carry_next(&by_pass, to, from);
    egi_irb_loop_end(b, &by_pass);
}

void egi_lower_sort(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_node *node = egi_at(g, id);
    const egi_shape *shape = egi_shape_of(g, id);
    const egi_id a = egi_arg(g, id, 0);
    sort s = {.t = egi_dtype_of(g, a), .index = node->op == EGI_ARGSORT};
    egi_irb b;
    egi_irb_loop loop;
    char key[64];
    value fn, lo, hi, n = egi_lower_size(l, shape->dim[shape->rank - 1]);
    const egi_place other = {l->p->scratch[id], 0};
    s.memory = egi_lower_memory(l, s.t);
    s.element = s.index ? l->b.i32 : s.memory;
    egi_lower_slice(l, egi_lower_product(l, shape->rank - 1, shape->dim), 1, &lo, &hi);
    egi_call c = {
        .n = 6, .arg = {egi_lower_array(l, id, 0), egi_lower_pointer(l, id), egi_lower_place(l, other, id), lo, hi, n}};
    snprintf(key, sizeof key, "%s.%s", egi_ops[node->op].text, eg_dtype_name(s.t));
    if (egi_call_function(l, key, &c, l->b.none, &fn, &b)) {
        value p[6];
        for (unsigned k = 0; k < 6; k++) p[k] = LLVMGetParam(fn, k);
        value r = egi_irb_loop_begin(&b, &loop, p[3], p[4], egi_irb_i64(&b, 1)), at = LLVMBuildMul(b.b, r, p[5], "");
        s.row = egi_irb_at(&b, s.memory, p[0], at);
        egi_irb_if some;
        egi_irb_if_begin(&b, &some, LLVMBuildICmp(b.b, LLVMIntSGT, p[5], egi_irb_i64(&b, 0), ""));
        sort_row(&s, &b, egi_irb_at(&b, s.element, p[1], at), egi_irb_at(&b, s.element, p[2], at), p[5]);
        egi_irb_if_end(&b, &some);
        egi_irb_loop_end(&b, &loop);
        LLVMBuildRetVoid(b.b);
        egi_irb_close(&b);
    }
    egi_call_emit(&l->b, fn, &c);
}
