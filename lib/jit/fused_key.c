/* The text of a fused stage: operands are numbered, not named.  Equal texts are one function; what they leave open
 * (pointers, strides, scalars, counters) are its arguments. */
#include "jit/fused.h"
#include "jit/walk.h"

static unsigned param(egi_fused *f, LLVMValueRef v)
{
    if (f->num >= EGI_STAGE_PARAMS) {
        f->l->failed = f->l->too_wide = true;
        return 0;
    }
    f->arg[f->num] = v;
    f->type[f->num] = LLVMTypeOf(v);
    return f->num++;
}

/* Memory that a stage reads and writes in place is one parameter: there are more pointers than registers to keep them.
 * The text says which. */
static unsigned pointer_param(egi_fused *f, LLVMValueRef v)
{
    for (unsigned k = 0; k < f->num; k++) {
        if (f->arg[k] != v) continue;
        egi_put(&f->key, "@%u", k);
        return k;
    }
    return param(f, v);
}

bool egi_fused_embedded(const egi_fused *f, egi_id id)
{
    const egi_node *n = egi_at(f->l->g, id);
    return n->op == EGI_CONST && egi_is_embedded((eg_dtype)n->dtype, n->imm);
}

static void describe_scalars(egi_fused *f, egi_layout *y)
{
    for (int64_t k = 0; k < f->nest.scalars.n; k++) {
        egi_id id = f->nest.scalars.at[k];
        egi_put(&f->key, "s%s", eg_dtype_name(egi_dtype_of(f->l->g, id)));
        if (egi_fused_embedded(f, id))
            egi_put(&f->key, "=%llx", (unsigned long long)egi_at(f->l->g, id)->imm);
        else
            y->scalar[k] = param(f, egi_lower_scalar(f->l, id));
    }
}

/* Every second element: real or imaginary parts.  Extents and steps that small are the same for all that share code. */
static bool is_every_second(const egi_view *v, int axis, int64_t step)
{
    const int last = v->base_rank - 1;
    return (axis == last && step == 2) || (axis == last - 1 && step == 1 && v->base_dim[last] == 2);
}

/* Stride in elements of the base for a step along loop j; pairs: code may read every second element. */
static void describe_stride(egi_fused *f, const egi_view *v, bool pairs, int j, egi_loaded *out)
{
    int axis = v->axis[f->nest.last[j]];
    int64_t step = v->step[f->nest.last[j]];
    const bool second = j == f->nest.rank - 1 && pairs && is_every_second(v, axis, step);
    out->kind[j] = axis < 0 ? 0 : axis == v->base_rank - 1 && step == 1 ? 1 : second ? 3 : 2;
    if (out->kind[j] == 2) {
        LLVMValueRef x = egi_lower_product(f->l, v->base_rank - axis - 1, v->base_dim + axis + 1);
        if (step != 1)
            x = LLVMBuildMul(f->l->b.b, x, step > 16 ? egi_lower_size(f->l, step) : egi_irb_i64(&f->l->b, step), "");
        out->stride[j] = param(f, x);
    }
    egi_put(&f->key, "%d", out->kind[j]);
}

/* words: a word a row of 32 elements, not one an element. */
static void describe_load(egi_fused *f, const egi_load *ld, bool words, egi_loaded *out)
{
    egi_lower *l = f->l;
    eg_dtype t = egi_dtype_of(l->g, ld->node);
    egi_put(&f->key, "l%s", eg_dtype_name(t));
    if (egi_is_scalar(l->g, ld->view.base) && !ld->view.dynamic) {
        out->splat = true;
        egi_put(&f->key, "v");
        out->pointer = param(f, egi_lower_scalar(l, ld->view.base));
        return;
    }
    LLVMValueRef base = egi_lower_pointer(l, ld->view.base);
    LLVMValueRef at = base, offset = egi_lower_offset(l, &ld->view);
    bool first = LLVMIsAConstantInt(offset) && LLVMConstIntGetZExtValue(offset) == 0;
    if (!first) at = egi_irb_at(&l->b, egi_lower_memory(l, t), base, offset);
    out->pointer = pointer_param(f, at);
    for (int j = 0; j < f->nest.rank; j++) describe_stride(f, &ld->view, !words && t != EG_BOOL, j, out);
}

static void describe_loads(egi_fused *f, egi_layout *y)
{
    for (int64_t k = 0; k < f->nest.loads.n; k++) describe_load(f, &f->nest.loads.at[k], false, &y->load[k]);
    if (f->nest.words.n) egi_put(&f->key, ";words");
    for (int64_t k = 0; k < f->nest.words.n; k++) describe_load(f, &f->nest.words.at[k], true, &y->words[k]);
}

/* Operand in the key: n = node of the stage, l = load, s = scalar, with its number. */
static void describe_operand(egi_fused *f, egi_id id)
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

int64_t egi_fused_words(const egi_fused *f, egi_id id)
{
    int64_t k = 0;
    while (f->nest.words.at[k].node != egi_arg(f->l->g, id, 0)) k++;
    return k;
}

static void describe_nodes(egi_fused *f, egi_layout *y)
{
    egi_lower *l = f->l;
    const egi_graph *g = l->g;
    for (int64_t k = 0; k < f->nest.nodes.n; k++) {
        egi_id id = f->nest.nodes.at[k];
        const egi_node *n = egi_at(g, id);
        egi_put(&f->key, ";%s.%s", egi_ops[n->op].text, eg_dtype_name((eg_dtype)n->dtype));
        for (uint32_t a = 0; a < n->num_args; a++) {
            if (!egi_reads_elsewhere(g, id, a)) describe_operand(f, egi_arg(g, id, a));
        }
        if (n->op == EGI_UNPACK) egi_put(&f->key, " w%lld", (long long)egi_fused_words(f, id));
        if (n->op == EGI_IOTA) egi_put(&f->key, " axis %lld", egi_num_ints(g, n) ? (long long)egi_ints_of(g, n)[0] : 0);
        if (n->op == EGI_BITS) {
            egi_random_of *r = &y->random[y->num_random++];
            LLVMValueRef key[2];
            r->node = id;
            egi_lower_key(l, n->imm, key);
            for (int j = 0; j < 2; j++) r->key[j] = param(f, key[j]);
        }
        if (n->op == EGI_GATHER) {
            egi_id x = egi_arg(g, id, 0);
            y->gather[k] = param(f, egi_lower_array(l, id, 0));
            y->gather_size[k] = param(f, egi_lower_size(l, egi_shape_of(g, x)->dim[0]));
        }
    }
    if (y->num_random) {
        y->step = param(f, l->step);
        y->inner = param(f, l->inner);
    }
}

static void describe_rotated(egi_fused *f, egi_id id, const egi_store *st)
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
void egi_fused_rotated_scalars(egi_fused *f, egi_id id, const egi_store *st)
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
    for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) egi_fused_rotated_scalars(f, egi_arg(g, id, k), st);
}

static void describe_stores(egi_fused *f, egi_layout *y, uint16_t region)
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
        y->store[k] = pointer_param(f, egi_lower_place(l, st->place, st->node));
        f->masked |= st->place.row != 0;
    }
}

/* This thread's part of a list, and its count: see EGI_BUF_LIST. */
static void describe_lists(egi_fused *f, egi_layout *y)
{
    egi_lower *l = f->l;
    for (int64_t k = 0; k < f->s->lists.n; k++) {
        const egi_listing *li = &f->s->lists.at[k];
        LLVMValueRef n = egi_lower_size(l, egi_shape_of(l->g, li->node)->dim[0]);
        LLVMValueRef parity = egi_irb_i64(&l->b, 0), tid = LLVMBuildZExt(l->b.b, l->tid, l->b.i64, "");
        if (li->region) {
            parity = LLVMBuildAnd(l->b.b, l->loop_index[li->region], egi_irb_i64(&l->b, 1), "");
            if (li->next) parity = LLVMBuildXor(l->b.b, parity, egi_irb_i64(&l->b, 1), "");
        }
        egi_put(&f->key, ";list");
        describe_operand(f, li->node);
        y->list[k] = param(f, egi_lower_list(l, li->buffer, n, parity, tid));
    }
}

unsigned egi_fused_lanes(const egi_fused *f)
{
    const egi_graph *g = f->l->g;
    bool wide = false;
    for (int64_t k = 0; k < f->nest.nodes.n; k++) wide |= eg_dtype_size(egi_dtype_of(g, f->nest.nodes.at[k])) == 8;
    for (int64_t k = 0; k < f->nest.loads.n; k++) wide |= eg_dtype_size(egi_dtype_of(g, f->nest.loads.at[k].node)) == 8;
    for (int64_t k = 0; k < f->s->stores.n; k++) wide |= eg_dtype_size(egi_dtype_of(g, f->s->stores.at[k].node)) == 8;
    for (int64_t k = 0; k < f->nest.scalars.n; k++) wide |= eg_dtype_size(egi_dtype_of(g, f->nest.scalars.at[k])) == 8;
    return wide && f->l->lanes > 2 ? f->l->lanes / 2 : f->l->lanes;
}

/* The part of a window that lies in the thread's slice of the long vectors. */
static void window_slice(egi_fused *f, const egi_window *w, LLVMValueRef *lo, LLVMValueRef *hi)
{
    egi_lower *l = f->l;
    LLVMBuilderRef b = l->b.b;
    int64_t n = l->g->shapes.at[f->s->shape].dim[0];
    LLVMValueRef start = NULL;
    for (int64_t k = 0; k < f->nest.loads.n; k++) {
        if (f->nest.loads.at[k].node == w->of) start = egi_lower_offset(l, &f->nest.loads.at[k].view);
    }
    egi_lower_slice(l, egi_lower_size(l, l->g->shapes.at[w->shape].dim[0]), 64, lo, hi);
    *lo = egi_irb_max(&l->b, LLVMBuildSub(b, *lo, start, ""), egi_irb_i64(&l->b, 0));
    *hi = egi_irb_min(&l->b, LLVMBuildSub(b, *hi, start, ""), egi_lower_size(l, n));
}

void egi_fused_describe(egi_fused *f, egi_layout *y, uint16_t region)
{
    egi_lower *l = f->l;
    const egi_shape *s = &l->g->shapes.at[f->s->shape];
    LLVMValueRef lo, hi;
    egi_window w;
    f->window = f->masked = egi_nest_window(l->p, f->s, &f->nest, &w);
    if (f->window)
        window_slice(f, &w, &lo, &hi);
    else
        egi_lower_slice(l, egi_lower_product(l, f->nest.last[0] + 1, s->dim), f->nest.rank == 1 ? 64 : 1, &lo, &hi);
    y->lo = param(f, lo);
    y->hi = param(f, hi);
    for (int j = 1; j < f->nest.rank; j++)
        y->dim[j] = param(f, egi_lower_product(l, f->nest.last[j] - f->nest.first[j] + 1, s->dim + f->nest.first[j]));
    egi_put(&f->key, "fused %u lanes, %d loops", f->lanes, f->nest.rank);
    describe_scalars(f, y);
    describe_loads(f, y);
    describe_nodes(f, y);
    describe_stores(f, y, region);
    describe_lists(f, y);
    if (f->masked) egi_put(&f->key, f->window ? ";window" : ";masked");
}
