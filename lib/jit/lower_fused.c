/* Elementwise stages: one loop nest that loads, computes in vector registers, and stores.
 *
 * A stage is described by a text (its key) in which operands are numbered, not named; the function made for it takes
 * what the text leaves open: pointers, strides, scalars, counters.  Equal texts are one function. */
#include "core/context.h"
#include "jit/lower.h"

enum { MAX_PARAMS = 1024 };

typedef struct fused {
    egi_lower *l;
    const egi_stage *s;
    egi_nest nest;
    egi_text key;
    unsigned lanes;
    LLVMValueRef arg[MAX_PARAMS]; /* in the main function */
    LLVMTypeRef type[MAX_PARAMS];
    unsigned num;
    bool masked; /* stores must not touch what lies behind the last element */
    /* in the stage's function */
    egi_irb b;
    LLVMValueRef fn;
    LLVMValueRef *value;                                  /* for each node */
    LLVMValueRef index[EG_MAX_RANK], extent[EG_MAX_RANK]; /* of each loop of the nest */
    LLVMValueRef last_index, tail;                        /* of the innermost loop; mask of its lanes */
} fused;

static unsigned param(fused *f, LLVMValueRef v)
{
    if (f->num >= MAX_PARAMS) {
        f->l->failed = true;
        return 0;
    }
    f->arg[f->num] = v;
    f->type[f->num] = LLVMTypeOf(v);
    return f->num++;
}

/* -- description: the main function's side ---------------------------------------------------------------------------
 */

typedef struct loaded {
    bool splat;            /* a scalar */
    unsigned pointer;      /* parameter, or the scalar's */
    int kind[EG_MAX_RANK]; /* stride along each loop: 0, 1 = contiguous, 2 = parameter */
    unsigned stride[EG_MAX_RANK];
} loaded;

typedef struct random_of {
    egi_id node;
    unsigned key[2];
} random_of;

typedef struct layout {
    loaded *load;
    unsigned *scalar; /* parameter of each scalar of the nest; embedded constants: none */
    unsigned *store, *from, *list, *count, *gather, *gather_size;
    unsigned lo, hi, dim[EG_MAX_RANK], step, inner, last;
    random_of *random;
    int64_t num_random;
} layout;

static bool embedded(const fused *f, egi_id id)
{
    const egi_node *n = egi_at(f->l->g, id);
    return n->op == EGI_CONST && egi_is_embedded((eg_dtype)n->dtype, n->imm);
}

static void describe_scalars(fused *f, layout *y)
{
    for (int64_t k = 0; k < f->nest.scalars.n; k++) {
        egi_id id = f->nest.scalars.at[k];
        egi_put(&f->key, "s%s", eg_dtype_name(egi_dtype_of(f->l->g, id)));
        if (embedded(f, id))
            egi_put(&f->key, "=%llx", (unsigned long long)egi_at(f->l->g, id)->imm);
        else
            y->scalar[k] = param(f, egi_lower_scalar(f->l, id));
    }
}

/* Stride in elements of the base for a step along loop j. */
static void describe_stride(fused *f, const egi_view *v, int j, loaded *out)
{
    int axis = v->axis[f->nest.last[j]];
    int64_t step = v->step[f->nest.last[j]];
    out->kind[j] = axis < 0 ? 0 : axis == v->base_rank - 1 && step == 1 ? 1 : 2;
    if (out->kind[j] == 2) {
        LLVMValueRef x = egi_lower_product(f->l, v->base_rank - axis - 1, v->base_dim + axis + 1);
        if (step != 1)
            x = LLVMBuildMul(f->l->b.b, x, step > 16 ? egi_lower_size(f->l, step) : egi_irb_i64(&f->l->b, step), "");
        out->stride[j] = param(f, x);
    }
    egi_put(&f->key, "%d", out->kind[j]);
}

static void describe_loads(fused *f, layout *y)
{
    egi_lower *l = f->l;
    for (int64_t k = 0; k < f->nest.loads.n; k++) {
        const egi_load *ld = &f->nest.loads.at[k];
        eg_dtype t = egi_dtype_of(l->g, ld->node);
        loaded *out = &y->load[k];
        egi_put(&f->key, "l%s", eg_dtype_name(t));
        if (egi_is_scalar(l->g, ld->view.base) && !ld->view.dynamic && !egi_is_stage(l->p, ld->view.base)) {
            out->splat = true;
            egi_put(&f->key, "v");
            out->pointer = param(f, egi_lower_scalar(l, ld->view.base));
            continue;
        }
        LLVMValueRef base = egi_lower_pointer(l, ld->view.base);
        LLVMValueRef at = egi_irb_at(&l->b, egi_lower_memory(l, t), base, egi_lower_offset(l, &ld->view));
        out->pointer = param(f, at);
        for (int j = 0; j < f->nest.rank; j++) describe_stride(f, &ld->view, j, out);
    }
}

/* Operand in the key: n = node of the stage, l = load, s = scalar, with its number. */
static void describe_operand(fused *f, egi_id id)
{
    const egi_nest *n = &f->nest;
    for (int64_t k = 0; k < n->nodes.n; k++) {
        if (n->nodes.at[k] == id) {
            egi_put(&f->key, " n%lld", (long long)k);
            return;
        }
    }
    for (int64_t k = 0; k < n->loads.n; k++) {
        if (n->loads.at[k].node == id) {
            egi_put(&f->key, " l%lld", (long long)k);
            return;
        }
    }
    for (int64_t k = 0; k < n->scalars.n; k++) {
        if (n->scalars.at[k] == id) egi_put(&f->key, " s%lld", (long long)k);
    }
}

static void describe_nodes(fused *f, layout *y)
{
    egi_lower *l = f->l;
    const egi_graph *g = l->g;
    for (int64_t k = 0; k < f->nest.nodes.n; k++) {
        egi_id id = f->nest.nodes.at[k];
        const egi_node *n = egi_at(g, id);
        egi_put(&f->key, ";%s.%s", egi_ops[n->op].text, eg_dtype_name((eg_dtype)n->dtype));
        for (uint32_t a = 0; a < n->num_args; a++) {
            if (n->op == EGI_GATHER && a == 0) continue;
            describe_operand(f, egi_arg(g, id, a));
        }
        if (n->op == EGI_IOTA) egi_put(&f->key, " axis %lld", egi_num_ints(g, n) ? (long long)egi_ints_of(g, n)[0] : 0);
        if (n->op == EGI_BITS) {
            random_of *r = &y->random[y->num_random++];
            LLVMValueRef key[2];
            r->node = id;
            egi_lower_key(l, n->imm, key);
            for (int j = 0; j < 2; j++) r->key[j] = param(f, key[j]);
        }
        if (n->op == EGI_GATHER) {
            egi_id x = egi_arg(g, id, 0);
            y->gather[k] = param(f, egi_lower_pointer(l, x));
            y->gather_size[k] = param(f, egi_lower_size(l, egi_shape_of(g, x)->dim[0]));
        }
    }
    if (y->num_random) {
        y->step = param(f, l->step);
        y->inner = param(f, l->inner);
    }
}

static void describe_rotated(fused *f, egi_id id, const egi_store *st)
{
    const egi_graph *g = f->l->g;
    if (id == st->param) {
        egi_put(&f->key, " p");
        return;
    }
    if (egi_is_scalar(g, id)) {
        describe_operand(f, id);
        return;
    }
    egi_put(&f->key, "(%s", egi_ops[egi_at(g, id)->op].text);
    for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) describe_rotated(f, egi_arg(g, id, k), st);
    egi_put(&f->key, ")");
}

/* Scalars that only a rotated value uses. */
static void rotated_scalars(fused *f, egi_id id, const egi_store *st)
{
    const egi_graph *g = f->l->g;
    if (id == st->param) return;
    if (egi_is_scalar(g, id)) {
        for (int64_t k = 0; k < f->nest.scalars.n; k++) {
            if (f->nest.scalars.at[k] == id) return;
        }
        if (!egi_push(f->l->allocator, &f->nest.scalars, id)) f->l->failed = true;
        return;
    }
    for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) rotated_scalars(f, egi_arg(g, id, k), st);
}

static void describe_stores(fused *f, layout *y, uint16_t region)
{
    egi_lower *l = f->l;
    for (int64_t k = 0; k < f->s->stores.n; k++) {
        const egi_store *st = &f->s->stores.at[k];
        egi_put(&f->key, ";store");
        if (st->from.buffer) {
            egi_put(&f->key, " from");
            y->from[k] = param(f, egi_lower_place(l, st->from, st->node));
        }
        describe_operand(f, st->node);
        if (st->rotated) {
            egi_put(&f->key, " rotated");
            describe_rotated(f, st->rotated, st);
            if (!y->last) y->last = param(f, l->loop_last[region]);
        }
        egi_put(&f->key, " %s", eg_dtype_name(egi_dtype_of(l->g, st->node)));
        y->store[k] = param(f, egi_lower_place(l, st->place, st->node));
        f->masked |= st->place.row != 0;
    }
}

/* This thread's part of a list, and its count: see EGI_BUF_LIST. */
static void describe_lists(fused *f, layout *y, LLVMValueRef lo)
{
    egi_lower *l = f->l;
    for (int64_t k = 0; k < f->s->lists.n; k++) {
        const egi_listing *li = &f->s->lists.at[k];
        LLVMValueRef n = egi_lower_size(l, egi_shape_of(l->g, li->node)->dim[0]), list, count;
        LLVMValueRef parity = egi_irb_i64(&l->b, 0), tid = LLVMBuildZExt(l->b.b, l->tid, l->b.i64, "");
        if (li->region) {
            parity = LLVMBuildAnd(l->b.b, l->loop_index[li->region], egi_irb_i64(&l->b, 1), "");
            if (li->next) parity = LLVMBuildXor(l->b.b, parity, egi_irb_i64(&l->b, 1), "");
        }
        egi_lower_list(l, li->buffer, n, parity, tid, lo, &list, &count);
        egi_put(&f->key, ";list");
        describe_operand(f, li->node);
        y->list[k] = param(f, list);
        y->count[k] = param(f, count);
    }
}

static unsigned lanes_of(const fused *f)
{
    const egi_graph *g = f->l->g;
    bool wide = false;
    for (int64_t k = 0; k < f->nest.nodes.n; k++) wide |= eg_dtype_size(egi_dtype_of(g, f->nest.nodes.at[k])) == 8;
    for (int64_t k = 0; k < f->nest.loads.n; k++) wide |= eg_dtype_size(egi_dtype_of(g, f->nest.loads.at[k].node)) == 8;
    for (int64_t k = 0; k < f->nest.scalars.n; k++) wide |= eg_dtype_size(egi_dtype_of(g, f->nest.scalars.at[k])) == 8;
    return wide && f->l->lanes > 2 ? f->l->lanes / 2 : f->l->lanes;
}

/* -- body: the stage function's side
 * --------------------------------------------------------------------------------------- */

static LLVMValueRef given(const fused *f, unsigned k) { return LLVMGetParam(f->fn, k); }

static LLVMValueRef lanes_splat(fused *f, LLVMValueRef v) { return egi_irb_splat(&f->b, v, f->lanes); }

static void prepare_scalars(fused *f, const layout *y)
{
    for (int64_t k = 0; k < f->nest.scalars.n; k++) {
        egi_id id = f->nest.scalars.at[k];
        const egi_node *n = egi_at(f->l->g, id);
        LLVMValueRef v = embedded(f, id) ? egi_lower_bits(&f->b, (eg_dtype)n->dtype, n->imm) : given(f, y->scalar[k]);
        f->value[id] = lanes_splat(f, v);
    }
    for (int64_t k = 0; k < f->nest.loads.n; k++) {
        if (y->load[k].splat) f->value[f->nest.loads.at[k].node] = lanes_splat(f, given(f, y->load[k].pointer));
    }
}

/* Pointer to a load's element at the outer loops' indices. */
static LLVMValueRef row_pointer(fused *f, const loaded *ld, LLVMTypeRef m)
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

static LLVMValueRef load_strided(fused *f, eg_dtype t, LLVMTypeRef m, LLVMValueRef p, LLVMValueRef stride)
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

static void emit_loads(fused *f, const layout *y)
{
    int in = f->nest.rank - 1;
    for (int64_t k = 0; k < f->nest.loads.n; k++) {
        const loaded *ld = &y->load[k];
        egi_id id = f->nest.loads.at[k].node;
        eg_dtype t = egi_dtype_of(f->l->g, id);
        LLVMTypeRef m = egi_lower_memory(f->l, t);
        if (ld->splat) continue;
        LLVMValueRef p = row_pointer(f, ld, m);
        if (ld->kind[in] == 0)
            f->value[id] = lanes_splat(f, egi_lower_load(&f->b, t, p, 1));
        else if (ld->kind[in] == 1)
            f->value[id] = egi_lower_load(&f->b, t, egi_irb_at(&f->b, m, p, f->last_index), f->lanes);
        else
            f->value[id] = load_strided(f, t, m, p, given(f, ld->stride[in]));
    }
}

/* Number of the first lane's element in the whole domain. */
static LLVMValueRef linear(fused *f)
{
    LLVMValueRef at = egi_irb_i64(&f->b, 0);
    for (int j = 0; j < f->nest.rank; j++) {
        if (j) at = LLVMBuildMul(f->b.b, at, f->extent[j], "");
        at = LLVMBuildAdd(f->b.b, at, f->index[j], "");
    }
    return at;
}

static LLVMValueRef emit_iota(fused *f, egi_id id)
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

static LLVMValueRef emit_random(fused *f, const layout *y, egi_id id)
{
    const random_of *r = y->random;
    while (r->node != id) r++;
    LLVMValueRef key[2] = {given(f, r->key[0]), given(f, r->key[1])};
    return egi_lower_random(f->l, &f->b, egi_dtype_of(f->l->g, id), key, given(f, y->step), given(f, y->inner),
                            f->value[egi_arg(f->l->g, id, 0)], linear(f), f->nest.rank == 1, f->lanes);
}

static LLVMValueRef emit_gather(fused *f, const layout *y, int64_t k, egi_id id)
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

static LLVMValueRef compute(fused *f, egi_id id, const LLVMValueRef *a)
{
    const egi_graph *g = f->l->g;
    const egi_node *n = egi_at(g, id);
    eg_dtype from = egi_dtype_of(g, egi_arg(g, id, n->op == EGI_SELECT ? 1 : 0));
    if (egi_flags((egi_op)n->op) & FX)
        return egi_lower_math(f->l, &f->b, (egi_op)n->op, (eg_dtype)n->dtype, a, f->lanes);
    return egi_lower_op(&f->b, (egi_op)n->op, from, (eg_dtype)n->dtype, a, f->lanes);
}

static void emit_nodes(fused *f, const layout *y)
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
        else {
            for (uint32_t j = 0; j < n->num_args && j < 3; j++) a[j] = f->value[egi_arg(g, id, j)];
            f->value[id] = compute(f, id, a);
        }
    }
}

/* The rotated expression with the value just computed in the place of the loop's parameter. */
static LLVMValueRef emit_rotated(fused *f, egi_id id, const egi_store *st)
{
    const egi_graph *g = f->l->g;
    LLVMValueRef a[3] = {0};
    if (id == st->param) return f->value[st->node];
    if (egi_is_scalar(g, id)) return f->value[id];
    for (uint32_t k = 0; k < egi_at(g, id)->num_args && k < 3; k++) a[k] = emit_rotated(f, egi_arg(g, id, k), st);
    return compute(f, id, a);
}

/* All stores come after all computation: a value may replace what was loaded. */
static void emit_stores(fused *f, const layout *y)
{
    LLVMValueRef at = linear(f);
    for (int64_t k = 0; k < f->s->stores.n; k++) {
        const egi_store *st = &f->s->stores.at[k];
        eg_dtype t = egi_dtype_of(f->l->g, st->node);
        LLVMTypeRef m = egi_lower_memory(f->l, t);
        LLVMValueRef v = f->value[st->node];
        if (st->from.buffer) v = egi_lower_load(&f->b, t, egi_irb_at(&f->b, m, given(f, y->from[k]), at), f->lanes);
        if (st->rotated) v = LLVMBuildSelect(f->b.b, given(f, y->last), v, emit_rotated(f, st->rotated, st), "");
        egi_lower_store(&f->b, t, v, egi_irb_at(&f->b, m, given(f, y->store[k]), at), f->lanes, f->tail);
    }
}

/* Appends the numbers of the lanes that fired: vectors without a spike, nearly all, cost a comparison. */
static LLVMValueRef emit_list(fused *f, const layout *y, int64_t k, LLVMValueRef num)
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
    LLVMValueRef rest = LLVMBuildSub(b->b, f->extent[0], f->last_index, "");
    LLVMValueRef mask = LLVMBuildAnd(b->b, fired, egi_irb_tail_mask(b, rest, f->lanes), "");
    mask = LLVMBuildZExt(b->b, LLVMBuildBitCast(b->b, mask, bits, ""), b->i32, "");
    LLVMValueRef first = LLVMBuildTrunc(b->b, f->last_index, b->i32, "");
    LLVMTypeRef i32 = b->i32;
    LLVMValueRef pop = egi_irb_intrinsic(b, "llvm.ctpop", &i32, 1, &mask, 1);
    egi_irb_loop each;
    egi_irb_loop_begin(b, &each, egi_irb_i64(b, 0), LLVMBuildZExt(b->b, pop, b->i64, ""), egi_irb_i64(b, 1));
    LLVMValueRef m = egi_irb_carry(b, &each, mask);
    LLVMValueRef args[] = {m, LLVMConstInt(b->i1, 1, 0)};
    LLVMValueRef lane = egi_irb_intrinsic(b, "llvm.cttz", &i32, 1, args, 2);
    LLVMValueRef to = LLVMBuildAdd(b->b, num, each.index, "");
    egi_irb_store(b, LLVMBuildAdd(b->b, first, lane, ""), egi_irb_at(b, b->i32, given(f, y->list[k]), to));
    egi_irb_carry_next(&each, m, LLVMBuildAnd(b->b, m, LLVMBuildSub(b->b, m, egi_irb_i32(b, 1), ""), ""));
    egi_irb_loop_end(b, &each);
    LLVMValueRef more = LLVMBuildAdd(b->b, num, LLVMBuildZExt(b->b, pop, b->i64, ""), "");
    egi_irb_if_end(b, &some);
    return egi_irb_if_merge(b, &some, more, num);
}

static void emit_inner(fused *f, const layout *y)
{
    egi_irb *b = &f->b;
    int in = f->nest.rank - 1;
    LLVMValueRef num[8], from = in ? egi_irb_i64(b, 0) : given(f, y->lo);
    int64_t lists = f->s->lists.n < 8 ? f->s->lists.n : 8;
    egi_irb_loop loop;
    f->index[in] = f->last_index = egi_irb_loop_begin(b, &loop, from, f->extent[in], egi_irb_i64(b, f->lanes));
    for (int64_t k = 0; k < lists; k++) num[k] = egi_irb_carry(b, &loop, egi_irb_i64(b, 0));
    bool mask = f->masked || in;
    f->tail = mask ? egi_irb_tail_mask(b, LLVMBuildSub(b->b, f->extent[in], f->last_index, ""), f->lanes) : NULL;
    emit_loads(f, y);
    emit_nodes(f, y);
    emit_stores(f, y);
    for (int64_t k = 0; k < lists; k++) egi_irb_carry_next(&loop, num[k], emit_list(f, y, k, num[k]));
    egi_irb_loop_end(b, &loop);
    for (int64_t k = 0; k < lists; k++) egi_irb_store(b, egi_irb_carry_out(&loop, num[k]), given(f, y->count[k]));
}

static void emit_nest(fused *f, const layout *y, int j)
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

static void emit_body(fused *f, const layout *y)
{
    for (int j = 0; j < f->nest.rank; j++) f->extent[j] = j ? given(f, y->dim[j]) : given(f, y->hi);
    prepare_scalars(f, y);
    emit_nest(f, y, 0);
    LLVMBuildRetVoid(f->b.b);
    egi_irb_close(&f->b);
}

/* -- the stage
 * --------------------------------------------------------------------------------------------------------------- */

static void *take(fused *f, int64_t n, size_t size)
{
    void *p = egi_alloc(f->l->allocator, (size_t)(n + 1) * size, 16);
    if (!p) f->l->failed = true;
    return p;
}

static bool layout_new(fused *f, layout *y)
{
    y->load = take(f, f->nest.loads.n, sizeof *y->load);
    y->scalar = take(f, f->nest.scalars.n, sizeof *y->scalar);
    y->store = take(f, f->s->stores.n, sizeof *y->store);
    y->from = take(f, f->s->stores.n, sizeof *y->from);
    y->list = take(f, f->s->lists.n, sizeof *y->list);
    y->count = take(f, f->s->lists.n, sizeof *y->count);
    y->gather = take(f, f->nest.nodes.n, sizeof *y->gather);
    y->gather_size = take(f, f->nest.nodes.n, sizeof *y->gather_size);
    y->random = take(f, f->nest.nodes.n, sizeof *y->random);
    f->value = take(f, f->l->g->nodes.n, sizeof *f->value);
    return !f->l->failed;
}

static void layout_free(fused *f, layout *y)
{
    void *p[] = {y->load,  y->scalar, y->store,       y->from,   y->list,
                 y->count, y->gather, y->gather_size, y->random, f->value};
    for (size_t k = 0; k < EGI_LEN(p); k++) egi_free(f->l->allocator, p[k]);
}

static void describe(fused *f, layout *y, uint16_t region)
{
    egi_lower *l = f->l;
    const egi_shape *s = &l->g->shapes.at[f->s->shape];
    LLVMValueRef rows = egi_lower_product(l, f->nest.last[0] + 1, s->dim), lo, hi;
    egi_lower_slice(l, rows, f->nest.rank == 1 ? 64 : 1, &lo, &hi);
    y->lo = param(f, lo);
    y->hi = param(f, hi);
    for (int j = 1; j < f->nest.rank; j++)
        y->dim[j] = param(f, egi_lower_product(l, f->nest.last[j] - f->nest.first[j] + 1, s->dim + f->nest.first[j]));
    egi_put(&f->key, "fused %u lanes, %d loops", f->lanes, f->nest.rank);
    describe_scalars(f, y);
    describe_loads(f, y);
    describe_nodes(f, y);
    describe_stores(f, y, region);
    describe_lists(f, y, lo);
    if (f->masked) egi_put(&f->key, ";masked");
}

void egi_lower_fused(egi_lower *l, uint16_t region, const egi_stage *s)
{
    fused *f = egi_alloc(l->allocator, sizeof *f, 16);
    layout y = {0};
    if (!f) {
        l->failed = true;
        return;
    }
    f->l = l;
    f->s = s;
    f->key.allocator = l->allocator;
    if (!egi_nest_of(l->p, region, s, &f->nest)) l->failed = true;
    for (int64_t k = 0; k < s->stores.n; k++) {
        if (s->stores.at[k].rotated) rotated_scalars(f, s->stores.at[k].rotated, &s->stores.at[k]);
    }
    f->lanes = lanes_of(f);
    if (layout_new(f, &y)) {
        describe(f, &y, region);
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
