/* Elementwise stages: one loop nest that loads, computes in vector registers, and stores. */
#include "jit/fused.h"

static LLVMValueRef given(const egi_fused *f, unsigned k) { return LLVMGetParam(f->fn, k); }

static LLVMValueRef lanes_splat(egi_fused *f, LLVMValueRef v) { return egi_irb_splat(&f->b, v, f->lanes); }

static void prepare_scalars(egi_fused *f, const egi_layout *y)
{
    for (int64_t k = 0; k < f->nest.scalars.n; k++) {
        egi_id id = f->nest.scalars.at[k];
        const egi_node *n = egi_at(f->l->g, id);
        LLVMValueRef v =
            egi_fused_embedded(f, id) ? egi_lower_bits(&f->b, (eg_dtype)n->dtype, n->imm) : given(f, y->scalar[k]);
        f->value[id] = lanes_splat(f, v);
    }
    for (int64_t k = 0; k < f->nest.loads.n; k++) {
        if (y->load[k].splat) f->value[f->nest.loads.at[k].node] = lanes_splat(f, given(f, y->load[k].pointer));
    }
}

/* Pointer to a load's element at the outer loops' indices. */
static LLVMValueRef row_pointer(egi_fused *f, const egi_loaded *ld, LLVMTypeRef m)
{
    LLVMValueRef p = given(f, ld->pointer);
    for (int j = 0; j + 1 < f->nest.rank; j++) {
        if (ld->kind[j] == 0) continue;
        LLVMValueRef at = f->index[j];
        if (ld->kind[j] == 2) at = LLVMBuildMul(f->b.b, at, given(f, ld->stride[j]), "");
        p = egi_irb_at(&f->b, m, p, at);
    }
    return p;
}

static LLVMValueRef load_strided(egi_fused *f, eg_dtype t, LLVMTypeRef m, LLVMValueRef p, LLVMValueRef stride)
{
    LLVMValueRef v = LLVMGetUndef(egi_irb_vec(egi_lower_type(f->l, t), f->lanes));
    for (unsigned k = 0; k < f->lanes; k++) {
        /* A lane behind the end reads the first element again: any address it would form may be out of bounds. */
        LLVMValueRef i = LLVMBuildAdd(f->b.b, f->last_index, egi_irb_i64(&f->b, k), "");
        LLVMValueRef in = LLVMBuildICmp(f->b.b, LLVMIntSLT, i, f->extent[f->nest.rank - 1], "");
        i = LLVMBuildSelect(f->b.b, in, i, f->last_index, "");
        LLVMValueRef x = egi_lower_load(&f->b, t, egi_irb_at(&f->b, m, p, LLVMBuildMul(f->b.b, i, stride, "")), 1);
        v = f->lanes == 1 ? x : LLVMBuildInsertElement(f->b.b, v, x, egi_irb_i32(&f->b, (int32_t)k), "");
    }
    return v;
}

/* Only the last vector of a row is masked: what AVX2 has for that takes ten times as long as a plain access, and for
 * bytes it has nothing. */
static LLVMValueRef tail_mask(egi_fused *f) { return egi_irb_tail_mask(&f->b, f->left, f->lanes); }

/* Is the last vector of a row loaded under a mask?  What lies behind a slice, or behind a row of several, another
 * thread may be writing. */
static bool ends_matter(const egi_fused *f) { return f->whole && (f->window || f->nest.rank > 1); }

static bool is_contiguous(const egi_fused *f, const egi_loaded *ld)
{
    return !ld->splat && ld->kind[f->nest.rank - 1] == 1;
}

static eg_dtype type_of_load(const egi_fused *f, int64_t k) { return egi_dtype_of(f->l->g, f->nest.loads.at[k].node); }

/* Elements side by side, as they lie in memory. */
static LLVMValueRef load_memory(egi_fused *f, const egi_layout *y, int64_t k, LLVMValueRef mask)
{
    LLVMTypeRef m = egi_lower_memory(f->l, type_of_load(f, k)), type = egi_irb_vec(m, f->lanes);
    LLVMValueRef at = egi_irb_at(&f->b, m, row_pointer(f, &y->load[k], m), f->last_index);
    return mask ? egi_irb_load_masked(&f->b, type, at, mask) : egi_irb_load(&f->b, type, at);
}

static void take_memory(egi_fused *f, int64_t k, LLVMValueRef v)
{
    bool truth = type_of_load(f, k) == EG_BOOL;
    f->value[f->nest.loads.at[k].node] =
        truth ? LLVMBuildICmp(f->b.b, LLVMIntNE, v, egi_irb_zero(LLVMTypeOf(v)), "") : v;
}

static void emit_contiguous(egi_fused *f, const egi_layout *y)
{
    LLVMValueRef all[EGI_STAGE_PARAMS], some[EGI_STAGE_PARAMS];
    egi_irb_if either;
    bool ends = ends_matter(f);
    int64_t num = 0;
    for (int64_t k = 0; k < f->nest.loads.n; k++) num += is_contiguous(f, &y->load[k]);
    if (num && ends) egi_irb_if_begin(&f->b, &either, f->whole);
    for (int64_t k = 0; k < f->nest.loads.n; k++) {
        if (is_contiguous(f, &y->load[k])) all[k] = load_memory(f, y, k, NULL);
    }
    if (num && ends) {
        egi_irb_if_else(&f->b, &either);
        LLVMValueRef mask = tail_mask(f);
        for (int64_t k = 0; k < f->nest.loads.n; k++) {
            if (is_contiguous(f, &y->load[k])) some[k] = load_memory(f, y, k, mask);
        }
        egi_irb_if_end(&f->b, &either);
        for (int64_t k = 0; k < f->nest.loads.n; k++) {
            if (is_contiguous(f, &y->load[k])) all[k] = egi_irb_if_merge(&f->b, &either, all[k], some[k]);
        }
    }
    for (int64_t k = 0; k < f->nest.loads.n; k++) {
        if (is_contiguous(f, &y->load[k])) take_memory(f, k, all[k]);
    }
}

static bool is_every_second(const egi_fused *f, const egi_loaded *ld)
{
    return !ld->splat && ld->kind[f->nest.rank - 1] == 3;
}

static LLVMValueRef load_second(egi_fused *f, const egi_layout *y, int64_t k, bool whole)
{
    const eg_dtype t = type_of_load(f, k);
    LLVMTypeRef m = egi_lower_memory(f->l, t), type = egi_irb_vec(m, f->lanes);
    LLVMValueRef p = row_pointer(f, &y->load[k], m), two = egi_irb_i64(&f->b, 2), mask[16];
    if (!whole) return load_strided(f, t, m, p, two);
    /* Two vectors, of which the second ends with the last element that is wanted. */
    p = egi_irb_at(&f->b, m, p, LLVMBuildMul(f->b.b, f->last_index, two, ""));
    LLVMValueRef low = egi_irb_load(&f->b, type, p);
    LLVMValueRef high = egi_irb_load(&f->b, type, egi_irb_at(&f->b, m, p, egi_irb_i64(&f->b, (int64_t)f->lanes - 1)));
    for (unsigned j = 0; j < f->lanes; j++)
        mask[j] = egi_irb_i32(&f->b, (int32_t)(2 * j < f->lanes ? 2 * j : 2 * j + 1));
    return LLVMBuildShuffleVector(f->b.b, low, high, LLVMConstVector(mask, f->lanes), "");
}

/* Parts of complex numbers: a vector at a time, but for the last of a row. */
static void emit_every_second(egi_fused *f, const egi_layout *y)
{
    LLVMValueRef whole[EGI_STAGE_PARAMS], part[EGI_STAGE_PARAMS];
    egi_irb_if either;
    int64_t num = 0;
    for (int64_t k = 0; k < f->nest.loads.n; k++) num += is_every_second(f, &y->load[k]);
    if (!num) return;
    LLVMValueRef end = LLVMBuildAdd(f->b.b, f->last_index, egi_irb_i64(&f->b, f->lanes), "");
    egi_irb_if_begin(&f->b, &either, LLVMBuildICmp(f->b.b, LLVMIntSLE, end, f->extent[f->nest.rank - 1], ""));
    for (int64_t k = 0; k < f->nest.loads.n; k++) {
        if (is_every_second(f, &y->load[k])) whole[k] = load_second(f, y, k, f->lanes > 1);
    }
    egi_irb_if_else(&f->b, &either);
    for (int64_t k = 0; k < f->nest.loads.n; k++) {
        if (is_every_second(f, &y->load[k])) part[k] = load_second(f, y, k, false);
    }
    egi_irb_if_end(&f->b, &either);
    for (int64_t k = 0; k < f->nest.loads.n; k++) {
        if (is_every_second(f, &y->load[k]))
            f->value[f->nest.loads.at[k].node] = egi_irb_if_merge(&f->b, &either, whole[k], part[k]);
    }
}

static void emit_loads(egi_fused *f, const egi_layout *y)
{
    int in = f->nest.rank - 1;
    emit_contiguous(f, y);
    emit_every_second(f, y);
    for (int64_t k = 0; k < f->nest.loads.n; k++) {
        const egi_loaded *ld = &y->load[k];
        egi_id id = f->nest.loads.at[k].node;
        eg_dtype t = type_of_load(f, k);
        if (ld->splat || is_contiguous(f, ld) || is_every_second(f, ld)) continue;
        LLVMTypeRef m = egi_lower_memory(f->l, t);
        LLVMValueRef p = row_pointer(f, ld, m);
        if (ld->kind[in] == 0)
            f->value[id] = lanes_splat(f, egi_lower_load(&f->b, t, p, 1));
        else
            f->value[id] = load_strided(f, t, m, p, given(f, ld->stride[in]));
    }
}

/* Number of the first lane's element in the whole domain. */
static LLVMValueRef linear(egi_fused *f)
{
    LLVMValueRef at = egi_irb_i64(&f->b, 0);
    for (int j = 0; j < f->nest.rank; j++) {
        if (j) at = LLVMBuildMul(f->b.b, at, f->extent[j], "");
        at = LLVMBuildAdd(f->b.b, at, f->index[j], "");
    }
    return at;
}

static LLVMValueRef emit_iota(egi_fused *f, egi_id id)
{
    const egi_graph *g = f->l->g;
    const egi_node *n = egi_at(g, id);
    int axis = egi_num_ints(g, n) ? (int)egi_ints_of(g, n)[0] : 0, loop = 0;
    while (loop + 1 < f->nest.rank && f->nest.last[loop] < axis) loop++;
    LLVMValueRef v = egi_irb_splat(&f->b, f->index[loop], f->lanes);
    if (loop == f->nest.rank - 1) v = LLVMBuildAdd(f->b.b, v, egi_irb_iota(f->b.i64, f->lanes), "");
    return (eg_dtype)n->dtype == EG_I64 ? v
                                        : egi_lower_op(&f->b, EGI_CONVERT, EG_I64, (eg_dtype)n->dtype, &v, f->lanes);
}

static LLVMValueRef emit_random(egi_fused *f, const egi_layout *y, egi_id id)
{
    const egi_random_of *r = y->random;
    while (r->node != id) r++;
    LLVMValueRef key[2] = {given(f, r->key[0]), given(f, r->key[1])};
    return egi_lower_random(f->l, &f->b, egi_dtype_of(f->l->g, id), key, given(f, y->step), given(f, y->inner),
                            f->value[egi_arg(f->l->g, id, 0)], linear(f), f->nest.rank == 1, f->lanes);
}

static LLVMValueRef emit_gather(egi_fused *f, const egi_layout *y, int64_t k, egi_id id)
{
    const egi_graph *g = f->l->g;
    egi_id index = egi_arg(g, id, 1);
    eg_dtype t = egi_dtype_of(g, id), ti = egi_dtype_of(g, index);
    LLVMTypeRef m = egi_lower_memory(f->l, t);
    LLVMValueRef i = f->value[index], v = LLVMGetUndef(egi_irb_vec(egi_lower_type(f->l, t), f->lanes));
    if (ti != EG_I64) i = egi_lower_op(&f->b, EGI_CONVERT, ti, EG_I64, &i, f->lanes);
    LLVMValueRef most = lanes_splat(f, LLVMBuildSub(f->b.b, given(f, y->gather_size[k]), egi_irb_i64(&f->b, 1), ""));
    i = egi_irb_max(&f->b, egi_irb_min(&f->b, i, most), egi_irb_zero(egi_irb_vec(f->b.i64, f->lanes)));
    for (unsigned j = 0; j < f->lanes; j++) {
        LLVMValueRef lane = egi_irb_i32(&f->b, (int32_t)j);
        LLVMValueRef at = f->lanes == 1 ? i : LLVMBuildExtractElement(f->b.b, i, lane, "");
        LLVMValueRef x = egi_lower_load(&f->b, t, egi_irb_at(&f->b, m, given(f, y->gather[k]), at), 1);
        v = f->lanes == 1 ? x : LLVMBuildInsertElement(f->b.b, v, x, lane, "");
    }
    return v;
}

/* Bits of one word: a vector begins at a multiple of its lanes, a loop along the last axis at 0. */
static LLVMValueRef emit_unpack(egi_fused *f, const egi_layout *y, egi_id id)
{
    egi_irb *b = &f->b;
    const egi_loaded *ld = &y->words[egi_fused_words(f, id)];
    const int in = f->nest.rank - 1;
    LLVMValueRef word, i = f->last_index;
    if (ld->splat) {
        word = given(f, ld->pointer);
    } else {
        LLVMValueRef at = LLVMBuildLShr(b->b, i, egi_irb_i64(b, 5), "");
        if (ld->kind[in] == 0) at = egi_irb_i64(b, 0);
        if (ld->kind[in] == 2) at = LLVMBuildMul(b->b, at, given(f, ld->stride[in]), "");
        word = egi_irb_load(b, b->i32, egi_irb_at(b, b->i32, row_pointer(f, ld, b->i32), at));
    }
    LLVMValueRef first = LLVMBuildAnd(b->b, LLVMBuildTrunc(b->b, i, b->i32, ""), egi_irb_i32(b, 31), "");
    LLVMTypeRef bits = LLVMIntTypeInContext(b->ctx, f->lanes);
    LLVMValueRef v = LLVMBuildTrunc(b->b, LLVMBuildLShr(b->b, word, first, ""), bits, "");
    return f->lanes == 1 ? v : LLVMBuildBitCast(b->b, v, egi_irb_vec(b->i1, f->lanes), "");
}

static LLVMValueRef compute(egi_fused *f, egi_id id, const LLVMValueRef *a)
{
    const egi_graph *g = f->l->g;
    const egi_node *n = egi_at(g, id);
    eg_dtype from = egi_dtype_of(g, egi_arg(g, id, egi_ops[n->op].rule == EGI_RULE_SEL ? 1 : 0));
    if (egi_flags((egi_op)n->op) & FX)
        return egi_lower_math(f->l, &f->b, (egi_op)n->op, (eg_dtype)n->dtype, a, f->lanes);
    return egi_lower_op(&f->b, (egi_op)n->op, from, (eg_dtype)n->dtype, a, f->lanes);
}

static void emit_nodes(egi_fused *f, const egi_layout *y)
{
    const egi_graph *g = f->l->g;
    for (int64_t k = 0; k < f->nest.nodes.n; k++) {
        egi_id id = f->nest.nodes.at[k];
        const egi_node *n = egi_at(g, id);
        LLVMValueRef a[3] = {0};
        if (n->op == EGI_IOTA)
            f->value[id] = emit_iota(f, id);
        else if (n->op == EGI_BITS)
            f->value[id] = emit_random(f, y, id);
        else if (n->op == EGI_GATHER)
            f->value[id] = emit_gather(f, y, k, id);
        else if (n->op == EGI_UNPACK)
            f->value[id] = emit_unpack(f, y, id);
        else {
            for (uint32_t j = 0; j < n->num_args && j < 3; j++) a[j] = f->value[egi_arg(g, id, j)];
            f->value[id] = compute(f, id, a);
        }
    }
}

/* The rotated expression with the value just computed in the place of the loop's parameter. */
static LLVMValueRef emit_rotated(egi_fused *f, egi_id id, const egi_store *st)
{
    const egi_graph *g = f->l->g;
    LLVMValueRef a[3] = {0};
    if (id == st->param) return f->value[st->node];
    if (egi_is_scalar(g, id)) return f->value[id];
    for (uint32_t k = 0; k < egi_at(g, id)->num_args && k < 3; k++) a[k] = emit_rotated(f, egi_arg(g, id, k), st);
    return compute(f, id, a);
}

/* What store k writes, and where. */
static LLVMValueRef stored(egi_fused *f, const egi_layout *y, int64_t k, LLVMValueRef at, LLVMValueRef *to)
{
    const egi_store *st = &f->s->stores.at[k];
    eg_dtype t = egi_dtype_of(f->l->g, st->node);
    LLVMTypeRef m = egi_lower_memory(f->l, t);
    LLVMValueRef v = f->value[st->node];
    if (st->from.buffer) v = egi_lower_load(&f->b, t, egi_irb_at(&f->b, m, given(f, y->from[k]), at), f->lanes);
    if (st->rotated) v = LLVMBuildSelect(f->b.b, f->last, v, emit_rotated(f, st->rotated, st), "");
    *to = egi_irb_at(&f->b, m, given(f, y->store[k]), at);
    return v;
}

static void store_all(egi_fused *f, const LLVMValueRef *v, const LLVMValueRef *to, LLVMValueRef mask)
{
    for (int64_t k = 0; k < f->s->stores.n; k++)
        egi_lower_store(&f->b, egi_dtype_of(f->l->g, f->s->stores.at[k].node), v[k], to[k], f->lanes, mask);
}

/* All stores come after all computation: a value may replace what was loaded. */
static void emit_stores(egi_fused *f, const egi_layout *y)
{
    LLVMValueRef at = linear(f), v[EGI_STAGE_PARAMS], to[EGI_STAGE_PARAMS];
    for (int64_t k = 0; k < f->s->stores.n; k++) v[k] = stored(f, y, k, at, &to[k]);
    if (!f->whole) {
        store_all(f, v, to, NULL);
        return;
    }
    egi_irb_if either;
    egi_irb_if_begin(&f->b, &either, f->whole);
    store_all(f, v, to, NULL);
    egi_irb_if_else(&f->b, &either);
    store_all(f, v, to, tail_mask(f));
    egi_irb_if_end(&f->b, &either);
}

/* Appends the numbers of the lanes that fired: vectors without a spike, nearly all, cost a comparison. */
static LLVMValueRef emit_list(egi_fused *f, const egi_layout *y, int64_t k, LLVMValueRef num)
{
    egi_irb *b = &f->b;
    egi_id id = f->s->lists.at[k].node;
    eg_dtype t = egi_dtype_of(f->l->g, id);
    LLVMValueRef fired = f->value[id];
    LLVMTypeRef bits = LLVMIntTypeInContext(b->ctx, f->lanes);
    if (t != EG_BOOL) fired = egi_lower_op(b, EGI_CONVERT, t, EG_BOOL, &fired, f->lanes);
    LLVMValueRef any = LLVMBuildBitCast(b->b, fired, bits, "");
    egi_irb_if some;
    egi_irb_if_begin(b, &some, LLVMBuildICmp(b->b, LLVMIntNE, any, LLVMConstInt(bits, 0, 0), ""));
    LLVMValueRef mask = LLVMBuildAnd(b->b, fired, tail_mask(f), "");
    mask = LLVMBuildZExt(b->b, LLVMBuildBitCast(b->b, mask, bits, ""), b->i32, "");
    LLVMValueRef first = LLVMBuildTrunc(b->b, f->last_index, b->i32, "");
    LLVMValueRef entries = egi_irb_at(b, b->i64, given(f, y->list[k]), egi_irb_i64(b, 1)); /* behind the count */
    LLVMTypeRef i32 = b->i32;
    LLVMValueRef pop = egi_irb_intrinsic(b, "llvm.ctpop", &i32, 1, &mask, 1);
    egi_irb_loop each;
    egi_irb_loop_begin(b, &each, egi_irb_i64(b, 0), LLVMBuildZExt(b->b, pop, b->i64, ""), egi_irb_i64(b, 1));
    LLVMValueRef m = egi_irb_carry(b, &each, mask);
    LLVMValueRef args[] = {m, LLVMConstInt(b->i1, 1, 0)};
    LLVMValueRef lane = egi_irb_intrinsic(b, "llvm.cttz", &i32, 1, args, 2);
    LLVMValueRef to = LLVMBuildAdd(b->b, num, each.index, "");
    egi_irb_store(b, LLVMBuildAdd(b->b, first, lane, ""), egi_irb_at(b, b->i32, entries, to));
    egi_irb_carry_next(&each, m, LLVMBuildAnd(b->b, m, LLVMBuildSub(b->b, m, egi_irb_i32(b, 1), ""), ""));
    egi_irb_loop_end(b, &each);
    LLVMValueRef more = LLVMBuildAdd(b->b, num, LLVMBuildZExt(b->b, pop, b->i64, ""), "");
    egi_irb_if_end(b, &some);
    return egi_irb_if_merge(b, &some, more, num);
}

/* Lengths of the first lists of a stage are counted in registers, of others in memory. */
enum { COUNTED = 32 };

static void emit_inner(egi_fused *f, const egi_layout *y)
{
    egi_irb *b = &f->b;
    int in = f->nest.rank - 1;
    LLVMValueRef num[COUNTED], from = in ? egi_irb_i64(b, 0) : given(f, y->lo);
    int64_t lists = f->s->lists.n;
    egi_irb_loop loop;
    for (int64_t k = COUNTED; k < lists; k++) egi_irb_store(b, egi_irb_i64(b, 0), given(f, y->list[k]));
    f->index[in] = f->last_index = egi_irb_loop_begin(b, &loop, from, f->extent[in], egi_irb_i64(b, f->lanes));
    for (int64_t k = 0; k < lists && k < COUNTED; k++) num[k] = egi_irb_carry(b, &loop, egi_irb_i64(b, 0));
    f->left = LLVMBuildSub(b->b, f->extent[in], f->last_index, "");
    bool mask = f->lanes > 1 && (f->masked || in);
    f->whole = mask ? LLVMBuildICmp(b->b, LLVMIntSGE, f->left, egi_irb_i64(b, f->lanes), "") : NULL;
    emit_loads(f, y);
    emit_nodes(f, y);
    emit_stores(f, y);
    for (int64_t k = 0; k < lists; k++) {
        LLVMValueRef count = given(f, y->list[k]); /* the part begins with it */
        if (k < COUNTED)
            egi_irb_carry_next(&loop, num[k], emit_list(f, y, k, num[k]));
        else
            egi_irb_store(b, emit_list(f, y, k, egi_irb_load(b, b->i64, count)), count);
    }
    egi_irb_loop_end(b, &loop);
    for (int64_t k = 0; k < lists && k < COUNTED; k++)
        egi_irb_store(b, egi_irb_carry_out(&loop, num[k]), given(f, y->list[k]));
}

static void emit_nest(egi_fused *f, const egi_layout *y, int j)
{
    egi_irb_loop loop;
    if (j == f->nest.rank - 1) {
        emit_inner(f, y);
        return;
    }
    LLVMValueRef from = j ? egi_irb_i64(&f->b, 0) : given(f, y->lo);
    f->index[j] = egi_irb_loop_begin(&f->b, &loop, from, f->extent[j], egi_irb_i64(&f->b, 1));
    emit_nest(f, y, j + 1);
    egi_irb_loop_end(&f->b, &loop);
}

static void emit_body(egi_fused *f, const egi_layout *y)
{
    /* A mask, made once: selecting by one bit would be a branch in the loop. */
    if (y->last) f->last = lanes_splat(f, given(f, y->last));
    for (int j = 0; j < f->nest.rank; j++) f->extent[j] = j ? given(f, y->dim[j]) : given(f, y->hi);
    prepare_scalars(f, y);
    emit_nest(f, y, 0);
    LLVMBuildRetVoid(f->b.b);
    egi_irb_close(&f->b);
}

static void *take(egi_fused *f, int64_t n, size_t size)
{
    void *p = egi_alloc(f->l->allocator, (size_t)(n + 1) * size, 16);
    if (!p) f->l->failed = true;
    return p;
}

static bool layout_new(egi_fused *f, egi_layout *y)
{
    y->load = take(f, f->nest.loads.n, sizeof *y->load);
    y->words = take(f, f->nest.words.n, sizeof *y->words);
    y->scalar = take(f, f->nest.scalars.n, sizeof *y->scalar);
    y->store = take(f, f->s->stores.n, sizeof *y->store);
    y->from = take(f, f->s->stores.n, sizeof *y->from);
    y->list = take(f, f->s->lists.n, sizeof *y->list);
    y->gather = take(f, f->nest.nodes.n, sizeof *y->gather);
    y->gather_size = take(f, f->nest.nodes.n, sizeof *y->gather_size);
    y->random = take(f, f->nest.nodes.n, sizeof *y->random);
    f->value = take(f, f->l->g->nodes.n, sizeof *f->value);
    return !f->l->failed;
}

static void layout_free(egi_fused *f, egi_layout *y)
{
    void *p[] = {y->load, y->words,  y->scalar,      y->store,  y->from,
                 y->list, y->gather, y->gather_size, y->random, f->value};
    for (size_t k = 0; k < EGI_LEN(p); k++) egi_free(f->l->allocator, p[k]);
}

void egi_lower_fused(egi_lower *l, uint16_t region, const egi_stage *s)
{
    egi_fused *f = egi_alloc(l->allocator, sizeof *f, 16);
    egi_layout y = {0};
    if (!f) {
        l->failed = true;
        return;
    }
    f->l = l;
    f->s = s;
    f->key.allocator = l->allocator;
    if (!egi_nest_of(l->p, region, s, &f->nest)) l->failed = true;
    for (int64_t k = 0; k < s->stores.n; k++) {
        if (s->stores.at[k].rotated) egi_fused_rotated_scalars(f, s->stores.at[k].rotated, &s->stores.at[k]);
    }
    f->lanes = egi_fused_lanes(f);
    if (layout_new(f, &y)) {
        egi_fused_describe(f, &y, region);
        l->failed |= f->key.failed;
        f->fn = l->failed ? NULL : egi_lower_find(l, f->key.s);
        if (!f->fn && !l->failed) {
            f->fn = egi_lower_function(l, f->key.s, "loop", l->b.none, f->num, f->type, &f->b);
            emit_body(f, &y);
        }
        if (f->fn) egi_irb_call(&l->b, f->fn, f->arg, f->num);
    }
    layout_free(f, &y);
    egi_nest_free(&f->nest);
    egi_text_free(&f->key);
    egi_free(l->allocator, f);
}
