/* Complex values for users: making them, their parts, and operations of plain complex numbers alone. */
#include <complex.h>
#include <math.h>

#include "api/ops.h"
#include "ir/complex.h"

/* -- plain numbers --------------------------------------------------------------------------------------------------
 */

eg_val eg_complex_number(double re, double im)
{
    eg_context *eg = egi_traced_here();
    egi_graph *g = eg ? egi_tracing(eg, "eg_complex", NULL, 0) : NULL;
    return g ? egi_wrap(eg, egi_literal_pair(g, re, im)) : eg_nothing();
}

typedef double _Complex number;

/* CMPLX, which not every compiler has. */
static number number_with(double re, double im)
{
    const double part[2] = {re, im};
    number z;
    memcpy(&z, part, sizeof z);
    return z;
}

static number number_of(const egi_call *c, eg_val v)
{
    if (egi_is_plain(v)) return egi_plain_real(v);
    const double re = egi_real_of_bits(EG_F64, egi_at(c->g, egi_re(c->g, v.id))->imm);
    const double im = egi_real_of_bits(EG_F64, egi_at(c->g, egi_im(c->g, v.id))->imm);
    return number_with(re, im);
}

static eg_val wrapped(number z) { return eg_complex_number(creal(z), cimag(z)); }

static number power(number x, int64_t n)
{
    number out = 1;
    for (; n > 0; n--) out *= x;
    return out;
}

eg_val egi_complex_op(egi_call *c, egi_op op, int n, const eg_val *v)
{
    const number a = number_of(c, v[0]), b = n > 1 ? number_of(c, v[1]) : 0;
    const int64_t i = n > 1 && egi_plain_is_int(v[1]) ? egi_plain_int(v[1]) : -1;
    switch ((int)op) {
    case EGI_ADD: return wrapped(a + b);
    case EGI_SUB: return wrapped(a - b);
    case EGI_MUL: return wrapped(a * b);
    case EGI_DIV: return wrapped(a / b);
    case EGI_NEG: return wrapped(-a);
    case EGI_EXP: return wrapped(cexp(a));
    case EGI_ABS: return eg_real(cabs(a));
    case EGI_EQ: return eg_int(a == b);
    case EGI_NE: return eg_int(a != b);
    case EGI_ISNAN: return eg_int(isnan(creal(a)) || isnan(cimag(a)));
    case EGI_ISINF: return eg_int(isinf(creal(a)) || isinf(cimag(a)));
    case EGI_SELECT: return a != 0 ? v[1] : v[2];
    case EGI_POW:
        if (i >= 0 && i <= 4) return wrapped(power(a, i));
        break;
    default: break;
    }
    egi_no_complex(c, n, v);
    return eg_nothing();
}

/* -- making, and parts ----------------------------------------------------------------------------------------------
 */

eg_val(eg_complex)(eg_val re, eg_val im, const char *file, int line)
{
    eg_val v[] = {re, im};
    egi_call c = egi_begin_plain("eg_complex", file, line, 2, v);
    egi_shape s;
    if (c.plain) return eg_complex_number(egi_plain_real(re), egi_plain_real(im));
    if (!egi_no_complex(&c, 2, v)) return eg_nothing();
    eg_dtype t = egi_meet(&c, EGI_ALLOW_F, 2, v);
    if (t == EG_DTYPE_COUNT || !egi_common_shape(&c, 2, v, &s)) return eg_nothing();
    egi_id a = egi_operand(&c, re, t), b = egi_operand(&c, im, t);
    if (!a || !b || !c.g) return eg_nothing();
    return egi_end(&c, egi_pair(c.g, egi_broadcast(c.g, a, &s), egi_broadcast(c.g, b, &s)));
}

/* A real value: in the type that the operations of reals would give it. */
static egi_id real_operand(egi_call *c, eg_val x) { return egi_operand(c, x, egi_meet(c, EGI_ALLOW_F, 1, &x)); }

eg_val(eg_re)(eg_val z, const char *file, int line)
{
    egi_call c = egi_begin_plain("eg_re", file, line, 1, &z);
    if (c.plain) return z;
    if (!c.g) return eg_nothing();
    if (egi_is_number(&c, z)) return eg_real(creal(number_of(&c, z)));
    return egi_end(&c, egi_is_pair(c.g, z.id) ? egi_re(c.g, z.id) : real_operand(&c, z));
}

eg_val(eg_im)(eg_val z, const char *file, int line)
{
    egi_call c = egi_begin_plain("eg_im", file, line, 1, &z);
    if (c.plain) return eg_real(0);
    if (!c.g) return eg_nothing();
    if (egi_is_number(&c, z)) return eg_real(cimag(number_of(&c, z)));
    egi_id x = egi_is_pair(c.g, z.id) ? z.id : real_operand(&c, z);
    return egi_end(&c, c.g ? egi_im(c.g, x) : 0);
}

eg_val(eg_conj)(eg_val z, const char *file, int line)
{
    egi_call c = egi_begin_plain("eg_conj", file, line, 1, &z);
    if (c.plain) return z;
    if (!c.g) return eg_nothing();
    if (egi_is_number(&c, z)) return wrapped(conj(number_of(&c, z)));
    if (!egi_is_pair(c.g, z.id)) return egi_end(&c, real_operand(&c, z));
    return egi_end(&c, egi_pair(c.g, egi_re(c.g, z.id), egi_op1(c.g, EGI_NEG, egi_im(c.g, z.id))));
}

eg_val(eg_angle)(eg_val z, const char *file, int line)
{
    egi_call c = egi_begin_plain("eg_angle", file, line, 1, &z);
    if (c.plain) return eg_real(atan2(0, egi_plain_real(z)));
    if (!c.g) return eg_nothing();
    if (egi_is_number(&c, z)) return eg_real(carg(number_of(&c, z)));
    egi_id x = egi_is_pair(c.g, z.id) ? z.id : real_operand(&c, z);
    return egi_end(&c, c.g ? egi_op2(c.g, EGI_ATAN2, egi_im(c.g, x), egi_re(c.g, x)) : 0);
}
