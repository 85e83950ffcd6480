/* Operations of plain numbers alone: integers in i64, reals in f64, as C would. */
#include <math.h>

#include "api/ops.h"

/* Newton's method from the approximation of Giles, Approximating the erfinv function (2010). */
static double erfinv(double y)
{
    if (!(fabs(y) < 1)) return fabs(y) == 1 ? copysign(INFINITY, y) : NAN;
    double w = log1p(-y * y), b = 4.3307467508 + w / 2; /* 4.33 = 2 / (pi 0.147) */
    double x = copysign(sqrt(sqrt(b * b - w / 0.147) - b), y);
    for (int k = 0; k < 4 && x != 0; k++) {
        double d = y > 0 ? -(erfc(x) - (1 - y)) : erfc(-x) - (1 + y);
        x -= d * 0.886226925452758 * exp(x * x); /* sqrt(pi) / 2 */
    }
    return x;
}

static double composite(egi_op op, double a, double b)
{
    switch ((int)op) {
    case EGI_EXP: return exp(a);
    case EGI_EXP2: return exp2(a);
    case EGI_EXPM1: return expm1(a);
    case EGI_LOG: return log(a);
    case EGI_LOG2: return log2(a);
    case EGI_LOG10: return log10(a);
    case EGI_LOG1P: return log1p(a);
    case EGI_SIN: return sin(a);
    case EGI_COS: return cos(a);
    case EGI_TAN: return tan(a);
    case EGI_ASIN: return asin(a);
    case EGI_ACOS: return acos(a);
    case EGI_ATAN: return atan(a);
    case EGI_ATAN2: return atan2(a, b);
    case EGI_SINH: return sinh(a);
    case EGI_COSH: return cosh(a);
    case EGI_TANH: return tanh(a);
    case EGI_ASINH: return asinh(a);
    case EGI_ACOSH: return acosh(a);
    case EGI_ATANH: return atanh(a);
    case EGI_RSQRT: return 1 / sqrt(a);
    case EGI_CBRT: return cbrt(a);
    case EGI_POW: return pow(a, b);
    case EGI_HYPOT: return hypot(a, b);
    case EGI_ERF: return erf(a);
    case EGI_ERFC: return erfc(a);
    case EGI_ERFINV: return erfinv(a);
    case EGI_SIGMOID: return 1 / (1 + exp(-a));
    case EGI_SOFTPLUS: return fmax(a, 0) + log1p(exp(-fabs(a)));
    case EGI_EXPREL: return a == 0 ? 1 : isinf(a) && a > 0 ? a : expm1(a) / a;
    default: return NAN;
    }
}

eg_val egi_plain_op(egi_op op, int n, const eg_val *v)
{
    const egi_op_info *info = &egi_ops[op];
    bool ints = info->allowed & EGI_ALLOW_I;
    for (int k = 0; k < n; k++) ints = ints && egi_plain_is_int(v[k]);
    if (!ints && !(info->allowed & EGI_ALLOW_F)) return eg_nothing();
    if (info->flags & FX) return eg_real(composite(op, egi_plain_real(v[0]), egi_plain_real(v[n - 1])));
    /* A comparison of plain numbers is 0 or 1, and so is its opposite. */
    if (op == EGI_NOT && (egi_plain_int(v[0]) == 0 || egi_plain_int(v[0]) == 1)) return eg_int(!egi_plain_int(v[0]));
    eg_dtype from = ints ? EG_I64 : EG_F64, to = info->rule == EGI_RULE_BOOL ? EG_BOOL : from;
    uint64_t bits[3] = {0, 0, 0};
    for (int k = 0; k < n; k++)
        bits[k] = ints ? egi_bits_of_int(from, egi_plain_int(v[k])) : egi_bits_of_real(from, egi_plain_real(v[k]));
    uint64_t out = egi_scalar_op(op, from, to, bits);
    return egi_is_float(to) ? eg_real(egi_real_of_bits(to, out)) : eg_int(egi_int_of_bits(to, out));
}
