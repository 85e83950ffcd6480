/* Values of rank 0, which every thread keeps in registers: computed, read from memory, stored. */
#include "core/context.h"
#include "jit/lower.h"
#include "jit/solo.h"
#include "jit/walk.h"

static LLVMValueRef constant(egi_lower *l, egi_id id)
{
    const egi_node *n = egi_at(l->g, id);
    uint32_t k = l->canon->literal_of[id];
    if (!k) return egi_lower_bits(&l->b, (eg_dtype)n->dtype, n->imm);
    return egi_lower_element(l, l->b.i64, egi_lower_field(l, EGI_FRAME_LITERALS, l->b.ptr), k - 1,
                             egi_lower_type(l, (eg_dtype)n->dtype));
}

static LLVMValueRef entry_load(egi_lower *l, egi_id id)
{
    egi_irb e = l->b;
    e.b = l->entry;
    return egi_lower_load(&e, egi_dtype_of(l->g, id), egi_lower_buffer(l, l->p->place[id].buffer), 1);
}

void egi_lower_key(egi_lower *l, uint64_t stream, LLVMValueRef key[2])
{
    int64_t k = 0;
    if (l->solo) {
        egi_solo_key(l, stream, key);
        return;
    }
    while (k < l->code->streams.n && l->code->streams.at[k] != stream) k++;
    if (k == l->code->streams.n && !egi_push(&l->g->eg->allocator, &l->code->streams, stream)) l->failed = true;
    LLVMValueRef keys = egi_lower_field(l, EGI_FRAME_KEYS, l->b.ptr);
    for (int j = 0; j < 2; j++) key[j] = egi_lower_element(l, l->b.i32, keys, 2 * k + j, l->b.i32);
}

static LLVMValueRef scalar_random(egi_lower *l, egi_id id)
{
    LLVMValueRef key[2], lane = egi_lower_scalar(l, egi_arg(l->g, id, 0));
    egi_lower_key(l, egi_at(l->g, id)->imm, key);
    return egi_lower_random(l, &l->b, egi_dtype_of(l->g, id), key, l->step, l->inner, lane, egi_irb_i64(&l->b, 0), true,
                            1);
}

/* A value that is one for a scalar through a view without memory (broadcast to rank 0 does not exist, reshapes do). */
static LLVMValueRef scalar_view(egi_lower *l, egi_id id)
{
    egi_view v;
    egi_view_of(l->p, id, &v);
    return egi_lower_scalar(l, v.base);
}

LLVMValueRef egi_lower_scalar(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    const egi_node *n = egi_at(g, id);
    if (l->scalar[id]) return l->scalar[id];
    LLVMValueRef a[3], v;
    switch ((int)n->op) {
    case EGI_CONST: v = constant(l, id); break;
    case EGI_ARG:
    case EGI_VAR:
    case EGI_ARRAY: v = entry_load(l, id); break;
    case EGI_IOTA: v = LLVMConstNull(egi_lower_type(l, (eg_dtype)n->dtype)); break;
    case EGI_BITS: v = scalar_random(l, id); break;
    default:
        if (egi_is_view(g, id)) {
            v = scalar_view(l, id);
            break;
        }
        for (uint32_t k = 0; k < n->num_args && k < 3; k++) a[k] = egi_lower_scalar(l, egi_arg(g, id, k));
        if (egi_flags((egi_op)n->op) & FX)
            v = egi_lower_math(l, &l->b, (egi_op)n->op, (eg_dtype)n->dtype, a, 1);
        else
            v = egi_lower_op(&l->b, (egi_op)n->op,
                             egi_dtype_of(g, egi_arg(g, id, egi_ops[n->op].rule == EGI_RULE_SEL ? 1 : 0)),
                             (eg_dtype)n->dtype, a, 1);
    }
    return l->scalar[id] = v;
}

void egi_lower_scalars(egi_lower *l, uint16_t region, int level)
{
    const egi_graph *g = l->g;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->region != region || !egi_is_scalar(g, id) || l->scalar[id] || l->p->level[id] > level) continue;
        if (egi_is_stage(l->p, id) || egi_is_read(l->p, id) || n->op == EGI_ITEM || n->op == EGI_PARAM) continue;
        egi_lower_scalar(l, id);
    }
}

/* i64 starts that a dynamic view adds, for axis k of its operand. */
static LLVMValueRef start_of(egi_lower *l, egi_id dynamic, int k)
{
    const egi_graph *g = l->g;
    if (egi_at(g, dynamic)->op == EGI_PARAM) return l->loop_index[egi_ints_of(g, egi_at(g, dynamic))[0]];
    const egi_shape *from = egi_shape_of(g, egi_arg(g, dynamic, 0)), *to = egi_shape_of(g, dynamic);
    LLVMValueRef most = LLVMBuildSub(l->b.b, egi_lower_size(l, from->dim[k]), egi_lower_size(l, to->dim[k]), "");
    LLVMValueRef at = egi_irb_min(&l->b, egi_lower_scalar(l, egi_arg(g, dynamic, (uint32_t)k + 1)), most);
    return egi_irb_max(&l->b, at, egi_irb_i64(&l->b, 0));
}

LLVMValueRef egi_lower_offset(egi_lower *l, const egi_view *v)
{
    LLVMValueRef at = egi_irb_i64(&l->b, 0);
    for (int a = 0; a < v->base_rank; a++) {
        LLVMValueRef start = v->start[a] ? egi_lower_size(l, v->start[a]) : NULL;
        for (int k = 0; v->dynamic && k < EG_MAX_RANK; k++) {
            if (v->dynamic_axis[k] != a) continue;
            LLVMValueRef d = start_of(l, v->dynamic, k);
            if (v->dynamic_step[k] != 1) d = LLVMBuildMul(l->b.b, d, egi_lower_size(l, v->dynamic_step[k]), "");
            start = start ? LLVMBuildAdd(l->b.b, start, d, "") : d;
        }
        if (!start) continue;
        LLVMValueRef stride = egi_lower_product(l, v->base_rank - a - 1, v->base_dim + a + 1);
        at = LLVMBuildAdd(l->b.b, at, LLVMBuildMul(l->b.b, start, stride, ""), "");
    }
    return at;
}

void egi_lower_read(egi_lower *l, egi_id id)
{
    const egi_graph *g = l->g;
    egi_irb *b = &l->b;
    eg_dtype t = egi_dtype_of(g, id);
    LLVMTypeRef m = egi_lower_memory(l, t);
    if (egi_at(g, id)->op == EGI_GATHER) {
        egi_id x = egi_arg(g, id, 0);
        LLVMValueRef i = egi_lower_scalar(l, egi_arg(g, id, 1)), zero = egi_irb_i64(b, 0);
        eg_dtype ti = egi_dtype_of(g, egi_arg(g, id, 1));
        if (ti != EG_I64) i = ti == EG_U32 ? LLVMBuildZExt(b->b, i, b->i64, "") : LLVMBuildSExt(b->b, i, b->i64, "");
        LLVMValueRef most = LLVMBuildSub(b->b, egi_lower_size(l, egi_shape_of(g, x)->dim[0]), egi_irb_i64(b, 1), "");
        i = egi_irb_max(b, egi_irb_min(b, i, most), zero);
        l->scalar[id] = egi_lower_load(b, t, egi_irb_at(b, m, egi_lower_array(l, id, 0), i), 1);
    } else if (egi_is_view(g, id) && !l->p->forced[id]) {
        egi_view v;
        egi_view_of(l->p, id, &v);
        LLVMValueRef base = egi_lower_pointer(l, v.base);
        l->scalar[id] = egi_lower_load(b, t, egi_irb_at(b, m, base, egi_lower_offset(l, &v)), 1);
    } else {
        l->scalar[id] = egi_lower_load(b, t, egi_lower_pointer(l, id), 1);
    }
}

void egi_lower_store_scalar(egi_lower *l, egi_id value, LLVMValueRef at)
{
    egi_irb_if f;
    egi_lower_thread0(l, &f);
    egi_lower_store(&l->b, egi_dtype_of(l->g, value), l->scalar[value], at, 1, NULL);
    egi_irb_if_end(&l->b, &f);
}
