/* Elementwise records. */
#include "fuzz.h"

#include "engram/transform.h"

typedef eg_val (*unary_fn)(eg_val x, const char *file, int line);
typedef eg_val (*binary_fn)(eg_val a, eg_val b, const char *file, int line);

static const struct {
    unary_fn fn;
    egi_op op;
} unary[] = {
#define X(name, op) {(eg_##name), EGI_##op},
    EG_UNARY_OPS(X)
#undef X
};
static const struct {
    binary_fn fn;
    egi_op op;
} binary[] = {
#define X(name, op) {(eg_##name), EGI_##op},
    EG_BINARY_OPS(X)
#undef X
};

static bool is_float(eg_dtype t) { return t == EG_F32 || t == EG_F64; }

/* The operand brought to where the function is defined, and a guess at how large results get. */
static eg_val domain(fz_trace *c, fz_rng *r, egi_op op, eg_val x, double bound, double *result)
{
    bool raw = fz_chance(r, 25);
    *result = bound;
    switch ((int)op) {
    case EGI_LOG:
    case EGI_LOG2:
    case EGI_LOG10:
    case EGI_RSQRT:
    case EGI_ACOSH: *result = 50; return raw ? x : eg_add(eg_abs(x), op == EGI_ACOSH ? 1.0 : 0.25);
    case EGI_SQRT:
    case EGI_LOG1P: return raw ? x : eg_abs(x);
    case EGI_ASIN:
    case EGI_ACOS:
    case EGI_ATANH:
    case EGI_ERFINV: *result = 10; return raw || bound <= 0.999 ? x : eg_mul(x, 0.99 / bound);
    case EGI_EXP:
    case EGI_EXP2:
    case EGI_EXPM1:
    case EGI_SINH:
    case EGI_COSH:
    case EGI_EXPREL: *result = 3000; return raw ? x : fz_tame(c, r, x, bound, 8);
    case EGI_TAN: *result = 100; return x;
    case EGI_SIGN:
    case EGI_SIN:
    case EGI_COS:
    case EGI_TANH:
    case EGI_ERF:
    case EGI_ERFC:
    case EGI_ATAN:
    case EGI_SIGMOID: *result = 2; return x;
    default: return x;
    }
}

/* One float in ten is averaged over copies: of one program it is what it was, so numbers of its own decide. */
static eg_val averaged(fz_trace *c, const fz_record *rec, eg_val x)
{
    fz_rng own = fz_rng_of(c->p->seed, rec->number + (1u << 25));
    if (!x.of || !is_float(eg_spec_of(x).dtype) || !fz_chance(&own, 10)) return x;
    c->has_mean = true;
    return eg_batch_mean(x);
}

void fz_emit_unary(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    fz_val *v = fz_pick(c, r, (fz_want){.types = fz_chance(r, 75) ? FZ_F : FZ_ANY});
    if (!v) v = fz_pick(c, r, (fz_want){.types = FZ_ANY});
    if (!v) return;
    /* Half of the time one of the cheap first ones. */
    int k = (int)fz_below(r, fz_chance(r, 45) ? 11 : (int64_t)EGI_LEN(unary));
    egi_op op = unary[k].op;
    bool f = is_float(v->spec.dtype);
    if (op == EGI_NOT && f) op = EGI_NEG, k = 0;
    if (fz_chance(r, 4)) {
        fz_keep(c, r, eg_square(v->v), v->bound * v->bound);
        return;
    }
    double bound = v->bound;
    eg_val x = v->v;
    if (!f && k > 10) {
        x = eg_mul(eg_convert(x, fz_chance(r, 70) ? EG_F32 : EG_F64), v->bound > 1 ? 0x1p-24 : 1.0);
        bound = 100;
    }
    x = domain(c, r, op, x, bound, &bound);
    fz_keep(c, r, averaged(c, rec, unary[k].fn(x, __FILE__, (int)rec->number)), bound);
}

static eg_val integers(fz_val *v) { return is_float(v->spec.dtype) ? eg_convert(v->v, EG_I32) : v->v; }

void fz_emit_binary(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    fz_val *a = fz_pick(c, r, (fz_want){.types = fz_chance(r, 70) ? FZ_F : FZ_ANY});
    if (!a) a = fz_pick(c, r, (fz_want){.types = FZ_ANY});
    if (!a) return;
    int k = (int)fz_below(r, fz_chance(r, 60) ? 4 : (int64_t)EGI_LEN(binary));
    egi_op op = binary[k].op;
    fz_val *b = NULL;
    if (fz_chance(r, 75)) {
        bool same = fz_chance(r, 50);
        b = fz_pick(c, r,
                    (fz_want){.types = same ? 1u << a->spec.dtype : FZ_ANY,
                              .fit = fz_chance(r, 60) ? FZ_SAME_SHAPE : FZ_BROADCASTS,
                              .like = &a->spec});
    }
    eg_val x = a->v, y = b ? b->v : fz_literal(c, r, a->spec.dtype);
    double by = b ? b->bound : 2, bound = a->bound + by;
    bool f = is_float(a->spec.dtype) || (b && is_float(b->spec.dtype));
    switch ((int)op) {
    case EGI_MUL: bound = a->bound * by; break;
    case EGI_AND:
    case EGI_OR:
    case EGI_XOR:
    case EGI_SHL:
    case EGI_SHR:
        x = integers(a);
        if (b)
            y = integers(b);
        else
            y = eg_int(fz_below(r, 9));
        if (op == EGI_SHL || op == EGI_SHR) {
            if (eg_spec_of(x).dtype == EG_BOOL) x = eg_convert(x, EG_I32);
            if (b && b->spec.dtype == EG_BOOL) y = eg_convert(y, EG_I32);
        }
        break;
    case EGI_DIV:
    case EGI_FMOD:
    case EGI_MOD:
        if (f && b && !fz_chance(r, 20)) y = eg_add(eg_abs(y), fz_number(c, r, 0.25, 2));
        bound = op == EGI_DIV ? a->bound * 8 : bound;
        break;
    case EGI_POW:
        if (!f) {
            y = eg_int(fz_below(r, 5));
            break;
        }
        if (!fz_chance(r, 20)) x = eg_add(eg_abs(x), 0.125);
        if (b) y = fz_tame(c, r, y, by, 3);
        bound = 5000;
        break;
    default: break;
    }
    if (!b && fz_chance(r, 30)) {
        eg_val t = x;
        if (op != EGI_POW && op != EGI_SHL && op != EGI_SHR) x = y, y = t;
    }
    fz_keep(c, r, averaged(c, rec, binary[k].fn(x, y, __FILE__, (int)rec->number)), bound);
}

static eg_val operand(fz_trace *c, fz_rng *r, const eg_spec *like, unsigned types, double *bound)
{
    fz_val *v = fz_chance(r, 70) ? fz_pick(c, r, (fz_want){.types = types, .fit = FZ_BROADCASTS, .like = like}) : NULL;
    if (v)
        *bound += v->bound;
    else
        *bound += 2;
    return v ? v->v : fz_literal(c, r, like->dtype);
}

void fz_emit_where(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    double bound = 0, dummy = 0;
    fz_val *a = fz_pick(c, r, (fz_want){.types = FZ_ANY});
    if (!a) return;
    fz_val *cond = fz_pick(c, r, (fz_want){.types = FZ_B, .fit = FZ_SAME_SHAPE, .like = &a->spec});
    eg_val p = cond               ? cond->v
               : fz_chance(r, 70) ? eg_gt(a->v, operand(c, r, &a->spec, 1u << a->spec.dtype, &dummy))
                                  : fz_condition(c, r);
    eg_spec like = fz_meet(a->spec, eg_spec_of(p));
    eg_val b = operand(c, r, &like, fz_chance(r, 80) ? 1u << like.dtype : FZ_ANY, &bound);
    bool swap = fz_chance(r, 50);
    bound += a->bound;
    fz_keep(c, r, swap ? eg_where(p, b, a->v) : eg_where(p, a->v, b), bound);
    if (!cond && fz_chance(r, 30)) fz_keep(c, r, p, 1);
}

void fz_emit_fma(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    fz_val *a = fz_pick(c, r, (fz_want){.types = fz_chance(r, 80) ? FZ_F : FZ_I});
    if (!a) return;
    double x = 0, y = 0;
    eg_spec like = a->spec;
    eg_val b = operand(c, r, &like, 1u << like.dtype, &x);
    if (eg_spec_of(b).rank > 0) like = fz_meet(like, eg_spec_of(b));
    eg_val d = operand(c, r, &like, 1u << like.dtype, &y);
    switch (fz_below(r, 6)) {
    case 0: fz_keep(c, r, eg_clip(a->v, b, d), x + y); break;
    case 1: fz_keep(c, r, eg_add(eg_mul(a->v, b), d), a->bound * x + y); break;
    case 2: fz_keep(c, r, eg_sub(d, eg_mul(a->v, b)), a->bound * x + y); break;
    case 3: fz_keep(c, r, eg_sub(eg_mul(a->v, b), d), a->bound * x + y); break;
    default: fz_keep(c, r, eg_fma(a->v, b, d), a->bound * x + y); break;
    }
}

void fz_emit_convert(fz_trace *c, fz_rng *r, const fz_record *rec)
{
    (void)rec;
    fz_val *v = fz_pick(c, r, (fz_want){.types = FZ_ANY});
    if (!v) return;
    eg_dtype t = (eg_dtype)fz_below(r, EG_F64 + 1);
    double bound = v->bound;
    eg_val x = v->v;
    if (is_float(v->spec.dtype) && fz_chance(r, 50)) x = eg_mul(x, fz_number(c, r, 1, 1000)), bound *= 1000;
    if (!is_float(v->spec.dtype) && is_float(t) && v->bound > 1)
        fz_keep(c, r, eg_mul(eg_convert(x, t), 0x1p-27), 16);
    else
        fz_keep(c, r, eg_convert(x, t), bound);
}
