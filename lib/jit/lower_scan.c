/* What walks along one axis: CUMSUM, ARGMIN, ARGMAX.
 *
 * The axis has elements `inner` apart.  A cumulative sum is a chain for each of the outer x inner columns, a vector of
 * neighbouring columns at a time; threads take strips of columns.  The place of an extreme is looked for element by
 * element; threads take outputs. */
#include "jit/walk.h"

#include <stdio.h>

typedef LLVMValueRef value;

/* -- CUMSUM ------------------------------------------------------------------------------------------------------ */

/* The first element is copied, not added to 0, which would lose the sign of -0. */
static void chain(egi_irb *b, eg_dtype t, LLVMTypeRef memory, value in, value out, value extent, value inner,
                  unsigned lanes)
{
    egi_irb_loop loop;
    value one = egi_irb_i64(b, 1), first = egi_lower_load(b, t, in, lanes);
    egi_lower_store(b, t, first, out, lanes, NULL);
    value i = egi_irb_loop_begin(b, &loop, one, extent, one), sum = egi_irb_carry(b, &loop, first);
    value at = LLVMBuildMul(b->b, i, inner, "");
    value pair[] = {sum, egi_lower_load(b, t, egi_irb_at(b, memory, in, at), lanes)};
    value next = egi_lower_op(b, EGI_ADD, t, t, pair, lanes);
    egi_lower_store(b, t, next, egi_irb_at(b, memory, out, at), lanes, NULL);
    egi_irb_carry_next(&loop, sum, next);
    egi_irb_loop_end(b, &loop);
}

static value strips_of(egi_irb *b, value inner, unsigned lanes)
{
    value n = LLVMBuildAdd(b->b, inner, egi_irb_i64(b, lanes - 1), "");
    return LLVMBuildUDiv(b->b, n, egi_irb_i64(b, lanes), "");
}

/* (in, out, lo, hi, extent, inner): strips lo to hi */
static void scan_body(egi_irb *b, value fn, eg_dtype t, LLVMTypeRef memory, unsigned lanes)
{
    egi_irb_loop by_strip, by_column;
    egi_irb_if full;
    value extent = LLVMGetParam(fn, 4), inner = LLVMGetParam(fn, 5), one = egi_irb_i64(b, 1);
    value strips = strips_of(b, inner, lanes), block = LLVMBuildMul(b->b, extent, inner, "");
    value k = egi_irb_loop_begin(b, &by_strip, LLVMGetParam(fn, 2), LLVMGetParam(fn, 3), one);
    value base = LLVMBuildMul(b->b, LLVMBuildUDiv(b->b, k, strips, ""), block, "");
    value first = LLVMBuildMul(b->b, LLVMBuildURem(b->b, k, strips, ""), egi_irb_i64(b, lanes), "");
    value end = LLVMBuildAdd(b->b, first, egi_irb_i64(b, lanes), "");
    value in = egi_irb_at(b, memory, LLVMGetParam(fn, 0), base), out = egi_irb_at(b, memory, LLVMGetParam(fn, 1), base);
    egi_irb_if_begin(b, &full, LLVMBuildICmp(b->b, LLVMIntSLE, end, inner, ""));
    chain(b, t, memory, egi_irb_at(b, memory, in, first), egi_irb_at(b, memory, out, first), extent, inner, lanes);
    egi_irb_if_else(b, &full);
    value j = egi_irb_loop_begin(b, &by_column, first, inner, one);
    chain(b, t, memory, egi_irb_at(b, memory, in, j), egi_irb_at(b, memory, out, j), extent, inner, 1);
    egi_irb_loop_end(b, &by_column);
    egi_irb_if_end(b, &full);
    egi_irb_loop_end(b, &by_strip);
    LLVMBuildRetVoid(b->b);
}

void egi_lower_scan(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_shape *s = egi_shape_of(g, id);
    const eg_dtype t = egi_dtype_of(g, id);
    const int axis = (int)egi_ints_of(g, egi_at(g, id))[0];
    const unsigned lanes = egi_lower_lanes(l, t);
    egi_irb *b = &l->b, body;
    egi_irb_if some;
    char key[64];
    value fn, lo, hi, extent = egi_lower_size(l, s->dim[axis]);
    value inner = egi_lower_product(l, s->rank - axis - 1, s->dim + axis + 1);
    value tasks = LLVMBuildMul(b->b, egi_lower_product(l, axis, s->dim), strips_of(b, inner, lanes), "");
    value in = egi_lower_array(l, id, 0), out = egi_lower_pointer(l, id);
    egi_lower_slice(l, tasks, 1, &lo, &hi);
    egi_call c = {.n = 6, .arg = {in, out, lo, hi, extent, inner}};
    snprintf(key, sizeof key, "cumsum.%s", eg_dtype_name(t));
    if (egi_call_function(l, key, &c, b->none, &fn, &body)) {
        scan_body(&body, fn, t, egi_lower_memory(l, t), lanes);
        egi_irb_close(&body);
    }
    egi_irb_if_begin(b, &some, LLVMBuildICmp(b->b, LLVMIntSGT, extent, egi_irb_i64(b, 0), ""));
    egi_call_emit(b, fn, &c);
    egi_irb_if_end(b, &some);
}

/* -- ARGMIN, ARGMAX ---------------------------------------------------------------------------------------------- */

/* (in, out, lo, hi, extent, inner): outputs lo to hi.  The first number, and then each that is better than the best. */
static void arg_body(egi_irb *b, value fn, egi_op better, eg_dtype t, LLVMTypeRef memory)
{
    egi_irb_loop by_output, loop;
    value extent = LLVMGetParam(fn, 4), inner = LLVMGetParam(fn, 5), one = egi_irb_i64(b, 1), zero = egi_irb_i64(b, 0);
    value k = egi_irb_loop_begin(b, &by_output, LLVMGetParam(fn, 2), LLVMGetParam(fn, 3), one);
    value outer = LLVMBuildMul(b->b, LLVMBuildUDiv(b->b, k, inner, ""), LLVMBuildMul(b->b, inner, extent, ""), "");
    value base = LLVMBuildAdd(b->b, outer, LLVMBuildURem(b->b, k, inner, ""), "");
    value i = egi_irb_loop_begin(b, &loop, zero, extent, one);
    value best = egi_irb_carry(b, &loop, egi_lower_bits(b, t, 0)), place = egi_irb_carry(b, &loop, zero);
    value none = egi_irb_carry(b, &loop, LLVMConstInt(b->i1, 1, 0));
    value offset = LLVMBuildAdd(b->b, base, LLVMBuildMul(b->b, i, inner, ""), "");
    value x = egi_lower_load(b, t, egi_irb_at(b, memory, LLVMGetParam(fn, 0), offset), 1);
    value pair[] = {x, best}, self[] = {x, x};
    value wins = LLVMBuildOr(b->b, none, egi_lower_op(b, better, t, EG_BOOL, pair, 1), "");
    wins = LLVMBuildAnd(b->b, wins, egi_lower_op(b, EGI_EQ, t, EG_BOOL, self, 1), ""); /* not a NaN */
    egi_irb_carry_next(&loop, best, LLVMBuildSelect(b->b, wins, x, best, ""));
    egi_irb_carry_next(&loop, place, LLVMBuildSelect(b->b, wins, i, place, ""));
    egi_irb_carry_next(&loop, none, LLVMBuildAnd(b->b, none, LLVMBuildNot(b->b, wins, ""), ""));
    egi_irb_loop_end(b, &loop);
    value at = LLVMBuildTrunc(b->b, egi_irb_carry_out(&loop, place), b->i32, "");
    egi_irb_store(b, at, egi_irb_at(b, b->i32, LLVMGetParam(fn, 1), k));
    egi_irb_loop_end(b, &by_output);
    LLVMBuildRetVoid(b->b);
}

void egi_lower_arg(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_node *n = egi_at(g, id);
    const egi_id a = egi_arg(g, id, 0);
    const egi_shape *s = egi_shape_of(g, a);
    const eg_dtype t = egi_dtype_of(g, a);
    const int axis = (int)egi_ints_of(g, n)[0];
    egi_irb body;
    char key[64];
    value fn, lo, hi, inner = egi_lower_product(l, s->rank - axis - 1, s->dim + axis + 1);
    egi_lower_slice(l, egi_lower_count(l, egi_shape_of(g, id)), 1, &lo, &hi);
    egi_call c = {
        .n = 6,
        .arg = {egi_lower_array(l, id, 0), egi_lower_pointer(l, id), lo, hi, egi_lower_size(l, s->dim[axis]), inner}};
    snprintf(key, sizeof key, "%s.%s", egi_ops[n->op].text, eg_dtype_name(t));
    if (egi_call_function(l, key, &c, l->b.none, &fn, &body)) {
        arg_body(&body, fn, n->op == EGI_ARGMIN ? EGI_LT : EGI_GT, t, egi_lower_memory(l, t));
        egi_irb_close(&body);
    }
    egi_call_emit(&l->b, fn, &c);
}
