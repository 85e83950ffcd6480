/* Elementwise operations. */
#include "api/ops.h"
#include "ir/complex.h"
#include "ir/contract.h"

egi_id egi_sum_of(egi_call *c, egi_id a, egi_id b) { return c->g ? egi_sum(c->g, a, b) : 0; }

egi_id egi_difference_of(egi_call *c, egi_id a, egi_id b) { return c->g ? egi_difference(c->g, a, b) : 0; }

static egi_id build(egi_call *c, egi_op op, int n, const egi_id *a)
{
    if (!c->g) return 0;
    if (op == EGI_ADD) return egi_sum_of(c, a[0], a[1]);
    if (op == EGI_SUB) return egi_difference_of(c, a[0], a[1]);
    if (n == 1) return egi_op1(c->g, op, a[0]);
    return n == 2 ? egi_op2(c->g, op, a[0], a[1]) : egi_op3(c->g, op, a[0], a[1], a[2]);
}

/* Rank 0 stays: an elementwise node spreads its scalars. */
static egi_id spread(egi_call *c, egi_id id, const egi_shape *s)
{
    return !c->g || !id || egi_shape_of(c->g, id)->rank == 0 ? id : egi_broadcast(c->g, id, s);
}

egi_id egi_elementwise(egi_call *c, egi_op op, int n, const eg_val *v)
{
    egi_shape s;
    egi_id a[3] = {0, 0, 0};
    int typed = op == EGI_SELECT; /* the condition has a type of its own */
    eg_dtype t = egi_meet(c, egi_ops[op].allowed | (egi_pair_has(op) ? EGI_ALLOW_C : 0u), n - typed, v + typed);
    if (t == EG_DTYPE_COUNT || !egi_common_shape(c, n, v, &s)) return 0;
    if (op == EGI_SHL || op == EGI_SHR) { /* the count adapts to what is shifted */
        eg_dtype own = egi_meet(c, EGI_ALLOW_I, egi_is_plain(v[0]) ? 2 : 1, v);
        t = own;
    }
    for (int k = 0; k < n; k++) {
        bool truth = typed && k == 0;
        if (truth && egi_is_plain(v[0]))
            a[k] = egi_const_i(c->g, EG_BOOL, egi_plain_real(v[0]) != 0);
        else
            a[k] = truth ? egi_operand(c, v[k], EG_BOOL) : egi_part_operand(c, v[k], t);
        a[k] = spread(c, a[k], &s);
        if (!a[k]) return 0;
    }
    egi_id id = build(c, op, n, a);
    /* Folding may leave a scalar (a constant condition choosing a plain number); the result keeps its shape. */
    return id && c->g ? egi_broadcast(c->g, id, &s) : 0;
}

static eg_val elementwise(egi_op op, const char *name, int n, const eg_val *v, const char *file, int line)
{
    egi_call c = egi_begin_plain(name, file, line, n, v);
    if (c.plain) return egi_plain_op(op, n, v);
    if (egi_are_numbers(&c, n, v)) return egi_complex_op(&c, op, n, v);
    return egi_end(&c, egi_elementwise(&c, op, n, v));
}

/* -- one operand -------------------------------------------------------------------------------------------------- */

static bool is_whole(const egi_call *c, eg_val x)
{
    if (egi_is_plain(x)) return egi_plain_is_int(x);
    return c->g && !egi_is_float(egi_dtype_of(c->g, x.id)) && !egi_is_complex(egi_dtype_of(c->g, x.id));
}

static eg_val unary(egi_op op, const char *name, eg_val x, const char *file, int line)
{
    egi_call c = egi_begin_plain(name, file, line, 1, &x);
    bool rounding = op == EGI_FLOOR || op == EGI_CEIL || op == EGI_TRUNC || op == EGI_ROUND;
    if (rounding && is_whole(&c, x)) return x;
    if (c.plain) return egi_plain_op(op, 1, &x);
    if (egi_are_numbers(&c, 1, &x)) return egi_complex_op(&c, op, 1, &x);
    return egi_end(&c, egi_elementwise(&c, op, 1, &x));
}

#define X(name, op)                                                                                                    \
    eg_val(eg_##name)(eg_val x, const char *file, int line) { return unary(EGI_##op, "eg_" #name, x, file, line); }
EG_UNARY_OPS(X)
#undef X

eg_val(eg_square)(eg_val x, const char *file, int line)
{
    return elementwise(EGI_MUL, "eg_square", 2, (eg_val[]){x, x}, file, line);
}

eg_val(eg_convert)(eg_val x, eg_dtype type, const char *file, int line)
{
    egi_call c = egi_begin_plain("eg_convert", file, line, 1, &x);
    if ((unsigned)type >= EG_DTYPE_COUNT) {
        egi_wrong(&c, EG_ERR_TYPE, "unknown element type %d; use EG_BOOL to EG_C128", (int)type);
        return eg_nothing();
    }
    if (c.plain) {
        const uint64_t bits =
            egi_plain_is_int(x) ? egi_bits_of_int(type, egi_plain_int(x)) : egi_bits_of_real(type, egi_plain_real(x));
        if (egi_is_complex(type)) {
            const eg_dtype part = egi_part_type(type);
            return eg_complex_number(egi_real_of_bits(part, egi_bits_of_real(part, egi_plain_real(x))), 0);
        }
        return egi_is_float(type) ? eg_real(egi_real_of_bits(type, bits)) : eg_int(egi_int_of_bits(type, bits));
    }
    return egi_end(&c, egi_operand(&c, x, type));
}

/* -- two and three operands --------------------------------------------------------------------------------------- */

/* x to a small plain integer power as products: n > 0. */
static egi_id power(egi_call *c, egi_id x, int64_t n)
{
    egi_id out = 0;
    for (egi_id square = x; n; n >>= 1) {
        if (n & 1) out = out ? egi_op2(c->g, EGI_MUL, out, square) : square;
        if (n > 1) square = egi_op2(c->g, EGI_MUL, square, square);
    }
    return out;
}

static eg_val binary(egi_op op, const char *name, eg_val a, eg_val b, const char *file, int line)
{
    eg_val v[] = {a, b};
    egi_call c = egi_begin_plain(name, file, line, 2, v);
    int64_t n = egi_plain_is_int(b) ? egi_plain_int(b) : -1;
    if (op == EGI_POW && c.g && !egi_is_number(&c, a) && n >= 0 && n <= (is_whole(&c, a) ? 64 : 4)) {
        egi_id x = egi_operand(&c, a, egi_meet(&c, EGI_ALLOW_I | EGI_ALLOW_F | EGI_ALLOW_C, 1, v));
        egi_shape s = egi_shape_at(&c, x);
        if (n == 0) return egi_end(&c, egi_fill(&c, egi_const_i(c.g, egi_dtype_of(c.g, x), 1), &s));
        return egi_end(&c, power(&c, x, n));
    }
    if (c.plain) return egi_plain_op(op, 2, v);
    if (egi_are_numbers(&c, 2, v)) return egi_complex_op(&c, op, 2, v);
    return egi_end(&c, egi_elementwise(&c, op, 2, v));
}

#define X(name, op)                                                                                                    \
    eg_val(eg_##name)(eg_val a, eg_val b, const char *file, int line)                                                  \
    {                                                                                                                  \
        return binary(EGI_##op, "eg_" #name, a, b, file, line);                                                        \
    }
EG_BINARY_OPS(X)
#undef X

eg_val(eg_fma)(eg_val a, eg_val b, eg_val c, const char *file, int line)
{
    eg_val v[] = {a, b, c};
    egi_call call = egi_begin_plain("eg_fma", file, line, 3, v);
    bool whole = is_whole(&call, a) && is_whole(&call, b) && is_whole(&call, c);
    if (whole && (call.g || call.plain)) return (eg_add)((eg_mul)(a, b, file, line), c, file, line);
    if (call.plain) return egi_plain_op(EGI_FMA, 3, v);
    return egi_end(&call, egi_elementwise(&call, EGI_FMA, 3, v));
}

eg_val(eg_clip)(eg_val x, eg_val low, eg_val high, const char *file, int line)
{
    eg_val v[] = {x, low, high};
    egi_call c = egi_begin_plain("eg_clip", file, line, 3, v);
    egi_shape s;
    if (c.plain) return (eg_min)((eg_max)(x, low, file, line), high, file, line);
    eg_dtype t = egi_meet(&c, EGI_ALLOW_I | EGI_ALLOW_F, 3, v);
    if (t == EG_DTYPE_COUNT || !egi_common_shape(&c, 3, v, &s)) return eg_nothing();
    egi_id a[3];
    for (int k = 0; k < 3; k++) a[k] = spread(&c, egi_operand(&c, v[k], t), &s);
    if (!c.g) return eg_nothing();
    return egi_end(&c, egi_op2(c.g, EGI_MIN, egi_op2(c.g, EGI_MAX, a[0], a[1]), a[2]));
}

eg_val(eg_where)(eg_val cond, eg_val a, eg_val b, const char *file, int line)
{
    eg_val v[] = {cond, a, b};
    egi_call c = egi_begin_plain("eg_where", file, line, 3, v);
    if (c.plain || (egi_is_plain(cond) && egi_are_numbers(&c, 3, v))) return egi_plain_real(cond) != 0 ? a : b;
    return egi_end(&c, egi_elementwise(&c, EGI_SELECT, 3, v));
}
