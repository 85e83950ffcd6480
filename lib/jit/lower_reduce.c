/* Reductions, in the order that lib/ir/ref_reduce.c defines.
 *
 *   block    at most 4096 elements in a row: 16 partials by index, joined as a tree; a vector of 16 whatever the
 *            machine's width, which LLVM splits
 *   row      blocks in order: what one output takes from the trailing run of reduced axes
 *   rows     outputs, each a chain of rows (reduced axes before the trailing run, ascending)
 *   columns  no trailing run: outputs, a vector at a time, each a chain of single elements
 *   all      one output from everything: blocks are dealt out to threads, their results combined in order by the first
 *
 * Rows and columns are dealt out to threads by output. */
#include "jit/lower_reduce.h"

#include <stdio.h>

typedef LLVMValueRef value;

static egi_op step_of(egi_op op)
{
    switch ((int)op) {
    case EGI_SUM: return EGI_ADD;
    case EGI_PROD: return EGI_MUL;
    case EGI_RMIN: return EGI_MIN;
    case EGI_RMAX: return EGI_MAX;
    case EGI_ANY: return EGI_OR;
    default: return EGI_AND;
    }
}

LLVMValueRef egi_reduce_join(const egi_reduction *r, egi_irb *b, value x, value y, unsigned lanes)
{
    value a[] = {x, y};
    return egi_lower_op(b, r->step, r->t, r->t, a, lanes);
}

/* Read past the optimiser where it is 1: LLVM takes 1 * x for x, which is another number where x is denormal. */
LLVMValueRef egi_reduce_identity(const egi_reduction *r, egi_irb *b, unsigned lanes)
{
    char key[16];
    value x = egi_lower_bits(b, r->t, egi_ref_identity(r->op, r->t));
    if (r->op == EGI_PROD && egi_is_float(r->t)) {
        snprintf(key, sizeof key, "one.%s", eg_dtype_name(r->t));
        value global = LLVMGetNamedGlobal(b->mod, key);
        if (!global) {
            global = LLVMAddGlobal(b->mod, r->memory, key);
            LLVMSetInitializer(global, x);
            LLVMSetGlobalConstant(global, 1);
            LLVMSetLinkage(global, LLVMPrivateLinkage);
        }
        x = egi_irb_load(b, r->memory, global);
        LLVMSetVolatile(x, 1);
    }
    return egi_irb_splat(b, x, lanes);
}

void egi_reduce_name(const egi_reduction *r, char *key, size_t size, const char *what, int kept, int reduced)
{
    snprintf(key, size, "%s.%s.%s.%d.%d", egi_ops[r->op].text, what, eg_dtype_name(r->t), kept, reduced);
}

/* -- a row ------------------------------------------------------------------------------------------------------- */

/* The lanes of x from `first` on, as many as `lanes`; one is a scalar. */
static value part(egi_irb *b, value x, unsigned first, unsigned lanes)
{
    value index[EGI_PARTIALS];
    if (lanes == 1) return LLVMBuildExtractElement(b->b, x, egi_irb_i32(b, (int32_t)first), "");
    for (unsigned k = 0; k < lanes; k++) index[k] = egi_irb_i32(b, (int32_t)(first + k));
    return LLVMBuildShuffleVector(b->b, x, LLVMGetPoison(LLVMTypeOf(x)), LLVMConstVector(index, lanes), "");
}

/* The last partials, of fewer than 16 elements: the other partials stay what they are. */
static value join_tail(const egi_reduction *r, egi_irb *b, value p, value from, value count)
{
    LLVMTypeRef type = egi_irb_vec(r->memory, EGI_PARTIALS);
    egi_irb_if f;
    egi_irb_if_begin(b, &f, LLVMBuildICmp(b->b, LLVMIntSGT, count, egi_irb_i64(b, 0), ""));
    value mask = egi_irb_tail_mask(b, count, EGI_PARTIALS), x = egi_irb_load_masked(b, type, from, mask);
    if (r->t == EG_BOOL) x = LLVMBuildICmp(b->b, LLVMIntNE, x, egi_irb_zero(type), "");
    value joined = LLVMBuildSelect(b->b, mask, egi_reduce_join(r, b, p, x, EGI_PARTIALS), p, "");
    egi_irb_if_else(b, &f);
    egi_irb_if_end(b, &f);
    return egi_irb_if_merge(b, &f, joined, p);
}

/* T block(ptr x, i64 n) with n <= 4096 */
LLVMValueRef egi_reduce_block(const egi_reduction *r)
{
    egi_irb b;
    char key[64];
    value fn;
    egi_call c = {.n = 2, .arg = {LLVMGetPoison(r->l->b.ptr), LLVMGetPoison(r->l->b.i64)}};
    egi_reduce_name(r, key, sizeof key, "block", 0, 0);
    if (!egi_call_function(r->l, key, &c, egi_lower_type(r->l, r->t), &fn, &b)) return fn;
    value x = LLVMGetParam(fn, 0), n = LLVMGetParam(fn, 1), zero = egi_irb_i64(&b, 0);
    value whole = LLVMBuildAnd(b.b, n, egi_irb_i64(&b, -EGI_PARTIALS), "");
    value start = egi_reduce_identity(r, &b, EGI_PARTIALS);
    egi_irb_loop loop;
    value i = egi_irb_loop_begin(&b, &loop, zero, whole, egi_irb_i64(&b, EGI_PARTIALS));
    value p = egi_irb_carry(&b, &loop, start);
    egi_irb_carry_next(
        &loop, p,
        egi_reduce_join(r, &b, p, egi_lower_load(&b, r->t, egi_reduce_at(r, &b, x, i), EGI_PARTIALS), EGI_PARTIALS));
    egi_irb_loop_end(&b, &loop);
    p = egi_irb_carry_out(&loop, p);
    p = join_tail(r, &b, p, egi_reduce_at(r, &b, x, whole), LLVMBuildSub(b.b, n, whole, ""));
    for (unsigned s = EGI_PARTIALS / 2; s > 0; s /= 2)
        p = egi_reduce_join(r, &b, part(&b, p, 0, s), part(&b, p, s, s), s);
    LLVMBuildRet(b.b, p);
    egi_irb_close(&b);
    return fn;
}

LLVMValueRef egi_reduce_call_block(const egi_reduction *r, egi_irb *b, value block, value x, value k, value n)
{
    value first = LLVMBuildMul(b->b, k, egi_irb_i64(b, EGI_REDUCE_BLOCK), "");
    value count = egi_irb_min(b, LLVMBuildSub(b->b, n, first, ""), egi_irb_i64(b, EGI_REDUCE_BLOCK));
    value args[] = {egi_reduce_at(r, b, x, first), count};
    return egi_irb_call(b, block, args, 2);
}

LLVMValueRef egi_reduce_num_blocks(egi_irb *b, value n)
{
    value more = LLVMBuildAdd(b->b, n, egi_irb_i64(b, EGI_REDUCE_BLOCK - 1), "");
    return LLVMBuildUDiv(b->b, more, egi_irb_i64(b, EGI_REDUCE_BLOCK), "");
}

/* T row(ptr x, i64 n) */
LLVMValueRef egi_reduce_row(const egi_reduction *r)
{
    egi_irb b;
    char key[64];
    value fn, block = egi_reduce_block(r);
    egi_call c = {.n = 2, .arg = {LLVMGetPoison(r->l->b.ptr), LLVMGetPoison(r->l->b.i64)}};
    egi_reduce_name(r, key, sizeof key, "row", 0, 0);
    if (!egi_call_function(r->l, key, &c, egi_lower_type(r->l, r->t), &fn, &b)) return fn;
    value x = LLVMGetParam(fn, 0), n = LLVMGetParam(fn, 1);
    value start = egi_reduce_identity(r, &b, 1);
    egi_irb_loop loop;
    value k = egi_irb_loop_begin(&b, &loop, egi_irb_i64(&b, 0), egi_reduce_num_blocks(&b, n), egi_irb_i64(&b, 1));
    value total = egi_irb_carry(&b, &loop, start);
    egi_irb_carry_next(&loop, total, egi_reduce_join(r, &b, total, egi_reduce_call_block(r, &b, block, x, k, n), 1));
    egi_irb_loop_end(&b, &loop);
    LLVMBuildRet(b.b, egi_irb_carry_out(&loop, total));
    egi_irb_close(&b);
    return fn;
}

/* -- rows and columns ---------------------------------------------------------------------------------------------- */

/* The operand's axes: kept ones, reduced ones before the trailing run, and the run itself. */
typedef struct axes {
    egi_walk kept, reduced;
    value last; /* NULL: the last axis is kept */
} axes;

static bool is_reduced(const egi_graph *g, const egi_node *n, int axis)
{
    for (int k = 0; k < egi_num_ints(g, n); k++) {
        if (egi_ints_of(g, n)[k] == axis) return true;
    }
    return false;
}

/* Neighbouring axes of one kind are joined; those of extent 1 do not count, except that they end the trailing run. */
static axes axes_of(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_node *n = egi_at(g, id);
    const egi_shape *s = egi_shape_of(g, egi_arg(g, id, 0));
    axes x = {.last = NULL};
    for (int end = s->rank; end > 0;) {
        int first = end - 1;
        bool reduced = is_reduced(g, n, first);
        bool run = end == s->rank && reduced;
        while (first > 0 && (is_reduced(g, n, first - 1) == reduced || (!run && s->dim[first - 1] == 1))) first--;
        value dim = egi_lower_product(l, end - first, s->dim + first);
        if (run) {
            x.last = dim;
        } else if (end == s->rank || end - first > 1 || s->dim[first] != 1) {
            value step = egi_lower_product(l, s->rank - end, s->dim + end);
            egi_walk_add(reduced ? &x.reduced : &x.kept, dim, step);
        }
        end = first;
    }
    return x;
}

/* void rows(ptr in, ptr out, i64 lo, i64 hi, i64 last, kept..., reduced...): outputs lo to hi */
static void rows(const egi_reduction *r, const axes *x, value in, value out)
{
    egi_lower *l = r->l;
    egi_irb b;
    egi_irb_loop by_output, by_row;
    char key[64];
    value fn, row = egi_reduce_row(r), lo, hi;
    egi_call c = {.n = 2, .arg = {in, out}};
    egi_lower_slice(l, egi_walk_count(&l->b, &x->kept), 1, &lo, &hi);
    egi_call_push(&c, lo);
    egi_call_push(&c, hi);
    egi_call_push(&c, x->last);
    egi_call_walk(&c, &x->kept);
    egi_call_walk(&c, &x->reduced);
    egi_reduce_name(r, key, sizeof key, "rows", x->kept.rank, x->reduced.rank);
    if (egi_call_function(l, key, &c, l->b.none, &fn, &b)) {
        unsigned next = 5;
        value one = egi_irb_i64(&b, 1), last = LLVMGetParam(fn, 4), start = egi_reduce_identity(r, &b, 1);
        egi_walk kept = egi_call_param_walk(fn, &next, x->kept.rank);
        egi_walk reduced = egi_call_param_walk(fn, &next, x->reduced.rank);
        value k = egi_irb_loop_begin(&b, &by_output, LLVMGetParam(fn, 2), LLVMGetParam(fn, 3), one);
        value base = egi_reduce_at(r, &b, LLVMGetParam(fn, 0), egi_walk_offset(&b, &kept, k));
        value i = egi_irb_loop_begin(&b, &by_row, egi_irb_i64(&b, 0), egi_walk_count(&b, &reduced), one);
        value acc = egi_irb_carry(&b, &by_row, start);
        value args[] = {egi_reduce_at(r, &b, base, egi_walk_offset(&b, &reduced, i)), last};
        egi_irb_carry_next(&by_row, acc, egi_reduce_join(r, &b, acc, egi_irb_call(&b, row, args, 2), 1));
        egi_irb_loop_end(&b, &by_row);
        egi_lower_store(&b, r->t, egi_irb_carry_out(&by_row, acc), egi_reduce_at(r, &b, LLVMGetParam(fn, 1), k), 1,
                        NULL);
        egi_irb_loop_end(&b, &by_output);
        LLVMBuildRetVoid(b.b);
        egi_irb_close(&b);
    }
    egi_call_emit(&l->b, fn, &c);
}

/* The chain of `lanes` neighbouring outputs. */
static void column(const egi_reduction *r, egi_irb *b, const egi_walk *reduced, value from, value to, unsigned lanes)
{
    egi_irb_loop loop;
    value n = egi_walk_count(b, reduced), start = egi_reduce_identity(r, b, lanes);
    value i = egi_irb_loop_begin(b, &loop, egi_irb_i64(b, 0), n, egi_irb_i64(b, 1));
    value acc = egi_irb_carry(b, &loop, start);
    value x = egi_lower_load(b, r->t, egi_reduce_at(r, b, from, egi_walk_offset(b, reduced, i)), lanes);
    egi_irb_carry_next(&loop, acc, egi_reduce_join(r, b, acc, x, lanes));
    egi_irb_loop_end(b, &loop);
    egi_lower_store(b, r->t, egi_irb_carry_out(&loop, acc), to, lanes, NULL);
}

/* Strip k of all rows of outputs: a vector of columns, or what is left of the row, one by one. */
static void strip(const egi_reduction *r, egi_irb *b, const egi_walk *kept, const egi_walk *reduced, value in,
                  value out, value k, unsigned lanes)
{
    egi_walk outer = *kept;
    value width = egi_irb_i64(b, lanes), columns = kept->dim[0], one = egi_irb_i64(b, 1);
    value strips = LLVMBuildUDiv(b->b, LLVMBuildAdd(b->b, columns, egi_irb_i64(b, lanes - 1), ""), width, "");
    value row = LLVMBuildUDiv(b->b, k, strips, "");
    value first = LLVMBuildMul(b->b, LLVMBuildURem(b->b, k, strips, ""), width, "");
    for (int j = 0; j + 1 < outer.rank; j++) {
        outer.dim[j] = outer.dim[j + 1];
        outer.step[j] = outer.step[j + 1];
    }
    outer.rank--;
    in = egi_reduce_at(r, b, in, egi_walk_offset(b, &outer, row));
    out = egi_reduce_at(r, b, out, LLVMBuildMul(b->b, row, columns, ""));
    egi_irb_if f;
    egi_irb_loop loop;
    value end = LLVMBuildAdd(b->b, first, width, "");
    egi_irb_if_begin(b, &f, LLVMBuildICmp(b->b, LLVMIntSLE, end, columns, ""));
    column(r, b, reduced, egi_reduce_at(r, b, in, first), egi_reduce_at(r, b, out, first), lanes);
    egi_irb_if_else(b, &f);
    value j = egi_irb_loop_begin(b, &loop, first, columns, one);
    column(r, b, reduced, egi_reduce_at(r, b, in, j), egi_reduce_at(r, b, out, j), 1);
    egi_irb_loop_end(b, &loop);
    egi_irb_if_end(b, &f);
}

/* void columns(ptr in, ptr out, i64 lo, i64 hi, kept..., reduced...): strips lo to hi */
static void columns(const egi_reduction *r, const axes *x, value in, value out)
{
    egi_lower *l = r->l;
    egi_irb b;
    egi_irb_loop loop;
    char key[64];
    unsigned lanes = egi_lower_lanes(l, r->t);
    value fn, lo, hi, width = egi_irb_i64(&l->b, lanes);
    value strips = LLVMBuildAdd(l->b.b, x->kept.dim[0], egi_irb_i64(&l->b, lanes - 1), "");
    strips = LLVMBuildUDiv(l->b.b, strips, width, "");
    for (int k = 1; k < x->kept.rank; k++) strips = LLVMBuildMul(l->b.b, strips, x->kept.dim[k], "");
    egi_lower_slice(l, strips, 1, &lo, &hi);
    egi_call c = {.n = 4, .arg = {in, out, lo, hi}};
    egi_call_walk(&c, &x->kept);
    egi_call_walk(&c, &x->reduced);
    egi_reduce_name(r, key, sizeof key, "columns", x->kept.rank, x->reduced.rank);
    if (egi_call_function(l, key, &c, l->b.none, &fn, &b)) {
        unsigned next = 4;
        egi_walk kept = egi_call_param_walk(fn, &next, x->kept.rank);
        egi_walk reduced = egi_call_param_walk(fn, &next, x->reduced.rank);
        value k = egi_irb_loop_begin(&b, &loop, LLVMGetParam(fn, 2), LLVMGetParam(fn, 3), egi_irb_i64(&b, 1));
        strip(r, &b, &kept, &reduced, LLVMGetParam(fn, 0), LLVMGetParam(fn, 1), k, lanes);
        egi_irb_loop_end(&b, &loop);
        LLVMBuildRetVoid(b.b);
        egi_irb_close(&b);
    }
    egi_call_emit(&l->b, fn, &c);
}

void egi_lower_reduce(egi_lower *l, egi_id id)
{
    const egi_node *n = egi_at(l->g, id);
    const egi_op op = (egi_op)n->op;
    if (op == EGI_ARGMIN || op == EGI_ARGMAX) {
        egi_lower_arg(l, id);
        return;
    }
    const eg_dtype t = egi_dtype_of(l->g, id);
    const egi_reduction r = {l, op, step_of(op), t, egi_lower_memory(l, t)};
    const axes x = axes_of(l, id);
    value in = egi_lower_array(l, id, 0), out = egi_lower_pointer(l, id);
    if (!x.last)
        columns(&r, &x, in, out);
    else if (!egi_reduces_all(l->g, id))
        rows(&r, &x, in, out);
    else
        egi_reduce_all(&r, x.last, in, out);
}
