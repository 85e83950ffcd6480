/* See batch.h. */
#include "math/batch.h"

#include <immintrin.h>
#include <math.h>
#include <stdlib.h>

#include "core/context.h"

enum { FTZ_DAZ = 0x8040 };

typedef union lanes {
    float f[BATCH];
    double d[BATCH];
    int32_t i[BATCH];
    int64_t l[BATCH];
    uint32_t u[BATCH];
    uint64_t w[BATCH];
} lanes;

struct batch {
    eg_context eg;
    egi_graph *g;
    egi_id args[2], result;
    bool *used;
    lanes *value;
};

#if defined __GNUC__ && !defined __clang__
#define FAST __attribute__((target_clones("default", "arch=x86-64-v3"), optimize("O3")))
#else
#define FAST __attribute__((target("fma,avx2")))
#endif

/* x op y in f32, f64, i32, i64 */
#define EACH(T, out, expr)                                                                                             \
    for (int k = 0; k < BATCH; k++) r->out[k] = (T)(expr)
#define ARITH(op)                                                                                                      \
    switch (t) {                                                                                                       \
    case EG_F32: EACH(float, f, a->f[k] op b->f[k]); break;                                                            \
    case EG_F64: EACH(double, d, a->d[k] op b->d[k]); break;                                                           \
    case EG_I32: EACH(uint32_t, u, a->u[k] op b->u[k]); break;                                                         \
    case EG_I64: EACH(uint64_t, w, a->w[k] op b->w[k]); break;                                                         \
    default: return false;                                                                                             \
    }                                                                                                                  \
    break
#define FLOATS(f32, f64)                                                                                               \
    switch (t) {                                                                                                       \
    case EG_F32: EACH(float, f, f32); break;                                                                           \
    case EG_F64: EACH(double, d, f64); break;                                                                          \
    default: return false;                                                                                             \
    }                                                                                                                  \
    break
#define EXTREME(less, sign)                                                                                            \
    switch (t) {                                                                                                       \
    case EG_F32: EACH(float, f, PICK(a->f[k], b->f[k], less, sign)); break;                                            \
    case EG_F64: EACH(double, d, PICK(a->d[k], b->d[k], less, sign)); break;                                           \
    case EG_I32: EACH(int32_t, i, a->i[k] less b->i[k] ? a->i[k] : b->i[k]); break;                                    \
    case EG_I64: EACH(int64_t, l, a->l[k] less b->l[k] ? a->l[k] : b->l[k]); break;                                    \
    default: return false;                                                                                             \
    }                                                                                                                  \
    break
#define BITWISE(op)                                                                                                    \
    if (t == EG_I64)                                                                                                   \
        EACH(uint64_t, w, a->w[k] op b->w[k]);                                                                         \
    else                                                                                                               \
        EACH(uint32_t, u, a->u[k] op b->u[k]);                                                                         \
    break
#define COMPARE(op)                                                                                                    \
    switch (t) {                                                                                                       \
    case EG_F32: EACH(uint32_t, u, a->f[k] op b->f[k]); break;                                                         \
    case EG_F64: EACH(uint32_t, u, a->d[k] op b->d[k]); break;                                                         \
    case EG_I32: EACH(uint32_t, u, a->i[k] op b->i[k]); break;                                                         \
    case EG_I64: EACH(uint32_t, u, a->l[k] op b->l[k]); break;                                                         \
    default: return false;                                                                                             \
    }                                                                                                                  \
    break
/* minimumNumber and maximumNumber: NaN loses, -0 < +0 */
#define PICK(x, y, less, sign) ((y) != (y) || (x)less(y) || ((x) == (y) && (sign(x))) ? (x) : (y))
#define IS_NEG(x) (signbit(x) != 0)
#define IS_POS(x) (signbit(x) == 0)

FAST static bool run_op(egi_op op, eg_dtype t, eg_dtype to, lanes *restrict r, const lanes *a, const lanes *b,
                        const lanes *c)
{
    switch ((int)op) {
    case EGI_ADD: ARITH(+);
    case EGI_SUB: ARITH(-);
    case EGI_MUL: ARITH(*);
    case EGI_DIV: FLOATS(a->f[k] / b->f[k], a->d[k] / b->d[k]);
    case EGI_FMA: FLOATS(fmaf(a->f[k], b->f[k], c->f[k]), fma(a->d[k], b->d[k], c->d[k]));
    case EGI_SQRT: FLOATS(sqrtf(a->f[k]), sqrt(a->d[k]));
    case EGI_ABS: FLOATS(fabsf(a->f[k]), fabs(a->d[k]));
    case EGI_NEG: FLOATS(-a->f[k], -a->d[k]);
    case EGI_ROUND: FLOATS(nearbyintf(a->f[k]), nearbyint(a->d[k]));
    case EGI_FLOOR: FLOATS(floorf(a->f[k]), floor(a->d[k]));
    case EGI_TRUNC: FLOATS(truncf(a->f[k]), trunc(a->d[k]));
    case EGI_MIN: EXTREME(<, IS_NEG);
    case EGI_MAX: EXTREME(>, IS_POS);
    case EGI_AND: BITWISE(&);
    case EGI_OR: BITWISE(|);
    case EGI_XOR: BITWISE(^);
    case EGI_SHL:
        if (t == EG_I64)
            EACH(uint64_t, w, a->w[k] << (b->w[k] & 63));
        else
            EACH(uint32_t, u, a->u[k] << (b->u[k] & 31));
        break;
    case EGI_SHR:
        if (t == EG_I64)
            EACH(int64_t, l, a->l[k] >> (b->w[k] & 63));
        else
            EACH(int32_t, i, a->i[k] >> (b->u[k] & 31));
        break;
    case EGI_EQ: COMPARE(==);
    case EGI_NE: COMPARE(!=);
    case EGI_LT: COMPARE(<);
    case EGI_LE: COMPARE(<=);
    case EGI_GT: COMPARE(>);
    case EGI_GE: COMPARE(>=);
    case EGI_SELECT: /* the condition is 32 bits wide here */
        if (to == EG_F64 || to == EG_I64)
            EACH(uint64_t, w, a->u[k] ? b->w[k] : c->w[k]);
        else
            EACH(uint32_t, u, a->u[k] ? b->u[k] : c->u[k]);
        break;
    case EGI_CONVERT:
        if (t == EG_I32 && to == EG_F32)
            EACH(float, f, a->i[k]);
        else if (t == EG_I64 && to == EG_F64)
            EACH(double, d, a->l[k]);
        else
            return false;
        break;
    case EGI_BITCAST: EACH(uint64_t, w, a->w[k]); break;
    default: return false;
    }
    return true;
}

static void mark(batch *b, egi_id id)
{
    if (b->used[id]) return;
    b->used[id] = true;
    for (uint32_t k = 0; k < egi_at(b->g, id)->num_args; k++) mark(b, egi_arg(b->g, id, k));
}

batch *batch_new(egi_op op, eg_dtype t)
{
    batch *b = calloc(1, sizeof *b);
    if (!b) return NULL;
    b->eg.allocator = egi_malloc_allocator;
    b->g = egi_graph_new(&b->eg);
    for (uint32_t k = 0; k < 2; k++) {
        b->args[k] = egi_node_make(b->g, &(egi_make){.op = EGI_ARG, .dtype = t, .imm = k});
    }
    b->result = egi_expand(b->g, op, b->args);
    b->used = calloc((size_t)b->g->nodes.n, sizeof *b->used);
    b->value = aligned_alloc(64, (size_t)b->g->nodes.n * sizeof *b->value);
    if (!b->result || !b->used || !b->value) {
        batch_free(b);
        return NULL;
    }
    mark(b, b->result);
    for (egi_id id = 1; id < b->g->nodes.n; id++) {
        const egi_node *n = egi_at(b->g, id);
        if (n->op != EGI_CONST) continue;
        for (int k = 0; k < BATCH; k++) {
            if (eg_dtype_size((eg_dtype)n->dtype) == 8)
                b->value[id].w[k] = n->imm;
            else
                b->value[id].u[k] = (uint32_t)n->imm;
        }
    }
    return b;
}

void batch_free(batch *b)
{
    if (!b) return;
    egi_graph_free(b->g);
    free(b->used);
    free(b->value);
    free(b);
}

int batch_nodes(const batch *b)
{
    int n = 0;
    for (egi_id id = 1; id < b->g->nodes.n; id++) {
        n += b->used[id] && egi_at(b->g, id)->op != EGI_CONST && egi_at(b->g, id)->op != EGI_ARG;
    }
    return n;
}

const egi_graph *batch_graph(const batch *b) { return b->g; }

void batch_run(batch *b, const void *x, const void *y, void *out)
{
    size_t bytes = BATCH * eg_dtype_size(egi_dtype_of(b->g, b->result));
    unsigned mode = _mm_getcsr();
    memcpy(b->value[b->args[0]].w, x, bytes);
    if (y) memcpy(b->value[b->args[1]].w, y, bytes);
    _mm_setcsr(mode | FTZ_DAZ);
    for (egi_id id = 1; id < b->g->nodes.n; id++) {
        const egi_node *n = egi_at(b->g, id);
        if (!b->used[id] || n->op == EGI_CONST || n->op == EGI_ARG) continue;
        const lanes *v[3] = {NULL, NULL, NULL};
        for (uint32_t k = 0; k < n->num_args; k++) v[k] = &b->value[egi_arg(b->g, id, k)];
        eg_dtype t = egi_dtype_of(b->g, egi_arg(b->g, id, 0));
        if (!run_op((egi_op)n->op, t, (eg_dtype)n->dtype, &b->value[id], v[0], v[1], v[2])) {
            _mm_setcsr(mode);
            abort();
        }
    }
    _mm_setcsr(mode);
    memcpy(out, b->value[b->result].w, bytes);
}
