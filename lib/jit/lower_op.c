/* Elementwise primitives on values in registers: one element, or a vector of any number of lanes.
 *
 * lib/ir/scalar.c says what each operation is; here stands the shortest sequence that gives the same bits.  A bool is
 * an i1 in a register and a byte, 0 or 1, in memory.  What LLVM leaves undefined (division by 0, shifts beyond the
 * width, conversions out of range) is kept away from it by selects. */
#include "jit/lower.h"

#include <string.h>

typedef LLVMValueRef value;

static LLVMTypeRef element_of(const egi_irb *b, eg_dtype t)
{
    switch (t) {
    case EG_BOOL: return b->i1;
    case EG_I32:
    case EG_U32: return b->i32;
    case EG_I64: return b->i64;
    case EG_F32: return b->f32;
    case EG_F64: return b->f64;
    case EG_C64: /* no node has them */
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return b->none;
}

static value real(LLVMTypeRef type, double x)
{
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind) return LLVMConstReal(type, x);
    value v[64];
    unsigned n = LLVMGetVectorSize(type);
    for (unsigned k = 0; k < n; k++) v[k] = LLVMConstReal(LLVMGetElementType(type), x);
    return LLVMConstVector(v, n);
}

static value whole(egi_irb *b, LLVMTypeRef element, uint64_t x, unsigned lanes)
{
    return egi_irb_splat(b, LLVMConstInt(element, x, 0), lanes);
}

static value call1(egi_irb *b, const char *name, value x)
{
    LLVMTypeRef t = LLVMTypeOf(x);
    return egi_irb_intrinsic(b, name, &t, 1, &x, 1);
}

static value call2(egi_irb *b, const char *name, value x, value y)
{
    LLVMTypeRef t = LLVMTypeOf(x);
    value args[] = {x, y};
    return egi_irb_intrinsic(b, name, &t, 1, args, 2);
}

static value choose(egi_irb *b, value cond, value yes, value no) { return LLVMBuildSelect(b->b, cond, yes, no, ""); }

/* -- integers ---------------------------------------------------------------------------------------------------- */

/* Quotient or remainder: x/0 = 0, and by -1, whose quotient may overflow, without dividing. */
static value divide(egi_irb *b, eg_dtype t, value x, value y, bool remainder, unsigned lanes)
{
    LLVMTypeRef e = element_of(b, t);
    value zero = egi_irb_zero(LLVMTypeOf(x)), one = whole(b, e, 1, lanes), minus = LLVMConstAllOnes(LLVMTypeOf(x));
    value bad = LLVMBuildICmp(b->b, LLVMIntEQ, y, zero, ""), r;
    if (t == EG_U32) {
        y = choose(b, bad, one, y);
        r = remainder ? LLVMBuildURem(b->b, x, y, "") : LLVMBuildUDiv(b->b, x, y, "");
        return choose(b, bad, zero, r);
    }
    value back = LLVMBuildICmp(b->b, LLVMIntEQ, y, minus, "");
    y = choose(b, LLVMBuildOr(b->b, bad, back, ""), one, y);
    r = remainder ? LLVMBuildSRem(b->b, x, y, "") : LLVMBuildSDiv(b->b, x, y, "");
    r = choose(b, back, remainder ? zero : LLVMBuildNeg(b->b, x, ""), r);
    return choose(b, bad, zero, r);
}

static value floor_mod_int(egi_irb *b, eg_dtype t, value x, value y, unsigned lanes)
{
    value r = divide(b, t, x, y, true, lanes), zero = egi_irb_zero(LLVMTypeOf(x));
    if (t == EG_U32) return r;
    value differ = LLVMBuildICmp(b->b, LLVMIntSLT, LLVMBuildXor(b->b, r, y, ""), zero, "");
    value some = LLVMBuildICmp(b->b, LLVMIntNE, r, zero, "");
    return choose(b, LLVMBuildAnd(b->b, some, differ, ""), LLVMBuildAdd(b->b, r, y, ""), r);
}

static value abs_int(egi_irb *b, eg_dtype t, value x)
{
    return t == EG_U32 ? x
                       : choose(b, LLVMBuildICmp(b->b, LLVMIntSLT, x, egi_irb_zero(LLVMTypeOf(x)), ""),
                                LLVMBuildNeg(b->b, x, ""), x);
}

static value sign_int(egi_irb *b, eg_dtype t, value x)
{
    LLVMTypeRef type = LLVMTypeOf(x);
    value zero = egi_irb_zero(type);
    value some = LLVMBuildZExt(b->b, LLVMBuildICmp(b->b, LLVMIntNE, x, zero, ""), type, "");
    if (t == EG_U32) return some;
    return choose(b, LLVMBuildICmp(b->b, LLVMIntSLT, x, zero, ""), LLVMConstAllOnes(type), some);
}

static value shift(egi_irb *b, egi_op op, eg_dtype t, value x, value y, unsigned lanes)
{
    LLVMTypeRef e = element_of(b, t);
    y = LLVMBuildAnd(b->b, y, whole(b, e, LLVMGetIntTypeWidth(e) - 1, lanes), "");
    if (op == EGI_SHL) return LLVMBuildShl(b->b, x, y, "");
    return t == EG_U32 ? LLVMBuildLShr(b->b, x, y, "") : LLVMBuildAShr(b->b, x, y, "");
}

/* -- floating point ---------------------------------------------------------------------------------------------- */

static value as_bits(egi_irb *b, eg_dtype t, value x, unsigned lanes)
{
    return LLVMBuildBitCast(b->b, x, egi_irb_vec(t == EG_F32 ? b->i32 : b->i64, lanes), "");
}

/* Where denormals count as zero, those that libm sees and gives must be zeros: by bits, since LLVM folds x * 1. */
static value flush(egi_irb *b, eg_dtype t, value x, unsigned lanes)
{
    static const char name[] = "denormal-fp-math";
    LLVMAttributeRef a =
        LLVMGetStringAttributeAtIndex(b->fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, name, sizeof name - 1);
    unsigned length = 0;
    if (!a || strncmp(LLVMGetStringAttributeValue(a, &length), "preserve-sign", 13)) return x;
    LLVMTypeRef e = t == EG_F32 ? b->i32 : b->i64;
    value exponent = whole(b, e, t == EG_F32 ? 0x7F800000u : 0x7FF0000000000000u, lanes);
    value sign = whole(b, e, t == EG_F32 ? 0x80000000u : 0x8000000000000000u, lanes);
    value bits = as_bits(b, t, x, lanes);
    value small =
        LLVMBuildICmp(b->b, LLVMIntEQ, LLVMBuildAnd(b->b, bits, exponent, ""), egi_irb_zero(LLVMTypeOf(bits)), "");
    bits = choose(b, small, LLVMBuildAnd(b->b, bits, sign, ""), bits);
    return LLVMBuildBitCast(b->b, bits, LLVMTypeOf(x), "");
}

static value fmod_float(egi_irb *b, eg_dtype t, value x, value y, unsigned lanes)
{
    return flush(b, t, LLVMBuildFRem(b->b, flush(b, t, x, lanes), flush(b, t, y, lanes), ""), lanes);
}

static value floor_mod_float(egi_irb *b, eg_dtype t, value x, value y, unsigned lanes)
{
    value r = fmod_float(b, t, x, y, lanes), zero = egi_irb_zero(LLVMTypeOf(x));
    value below = LLVMBuildFCmp(b->b, LLVMRealOLT, r, zero, "");
    value y_below = LLVMBuildFCmp(b->b, LLVMRealOLT, y, zero, "");
    value z = choose(b, LLVMBuildXor(b->b, below, y_below, ""), LLVMBuildFAdd(b->b, r, y, ""), r);
    value none = LLVMBuildFCmp(b->b, LLVMRealOEQ, r, zero, "");
    return choose(b, none, call2(b, "llvm.copysign", zero, y), z);
}

/* x if it is better, if it equals y and has the sign that is better, or if y is a NaN; else y.  No minimum instruction:
 * those flush denormals, which are equal to zero here but are not zeros. */
static value extreme(egi_irb *b, eg_dtype t, value x, value y, bool largest, unsigned lanes)
{
    value xi = as_bits(b, t, x, lanes), none = egi_irb_zero(LLVMTypeOf(xi));
    value sign = LLVMBuildICmp(b->b, largest ? LLVMIntSGE : LLVMIntSLT, xi, none, "");
    value wins = LLVMBuildFCmp(b->b, largest ? LLVMRealOGT : LLVMRealOLT, x, y, "");
    value equal = LLVMBuildAnd(b->b, LLVMBuildFCmp(b->b, LLVMRealOEQ, x, y, ""), sign, "");
    value alone = LLVMBuildFCmp(b->b, LLVMRealUNO, y, y, "");
    return choose(b, LLVMBuildOr(b->b, LLVMBuildOr(b->b, wins, equal, ""), alone, ""), x, y);
}

/* 1 with the sign of x by its bits: of x * (x < 0 ? -1 : 1) LLVM makes x or -x, and forgets to flush them. */
static value sign_float(egi_irb *b, eg_dtype t, value x, unsigned lanes)
{
    LLVMTypeRef e = t == EG_F32 ? b->i32 : b->i64;
    value sign = whole(b, e, t == EG_F32 ? 0x80000000u : 0x8000000000000000u, lanes);
    value one = whole(b, e, t == EG_F32 ? 0x3F800000u : 0x3FF0000000000000u, lanes);
    value r = LLVMBuildOr(b->b, LLVMBuildAnd(b->b, as_bits(b, t, x, lanes), sign, ""), one, "");
    value some = LLVMBuildFCmp(b->b, LLVMRealONE, x, egi_irb_zero(LLVMTypeOf(x)), "");
    return choose(b, some, LLVMBuildBitCast(b->b, r, LLVMTypeOf(x), ""), x);
}

static value is_inf(egi_irb *b, value x)
{
    value inf = real(LLVMTypeOf(x), __builtin_inf());
    return LLVMBuildFCmp(b->b, LLVMRealOEQ, call1(b, "llvm.fabs", x), inf, "");
}

/* -- comparisons, conversions ------------------------------------------------------------------------------------ */

static value compare(egi_irb *b, egi_op op, eg_dtype t, value x, value y)
{
    static const struct {
        LLVMRealPredicate of_float;
        LLVMIntPredicate of_signed, of_unsigned;
    } how[] = {
        [EGI_EQ - EGI_EQ] = {LLVMRealOEQ, LLVMIntEQ, LLVMIntEQ},
        [EGI_NE - EGI_EQ] = {LLVMRealUNE, LLVMIntNE, LLVMIntNE},
        [EGI_LT - EGI_EQ] = {LLVMRealOLT, LLVMIntSLT, LLVMIntULT},
        [EGI_LE - EGI_EQ] = {LLVMRealOLE, LLVMIntSLE, LLVMIntULE},
        [EGI_GT - EGI_EQ] = {LLVMRealOGT, LLVMIntSGT, LLVMIntUGT},
        [EGI_GE - EGI_EQ] = {LLVMRealOGE, LLVMIntSGE, LLVMIntUGE},
    };
    int k = (int)op - EGI_EQ;
    if (egi_is_float(t)) return LLVMBuildFCmp(b->b, how[k].of_float, x, y, "");
    bool is_signed = t == EG_I32 || t == EG_I64;
    return LLVMBuildICmp(b->b, is_signed ? how[k].of_signed : how[k].of_unsigned, x, y, "");
}

static value saturate(egi_irb *b, eg_dtype to, value x, LLVMTypeRef type)
{
    LLVMTypeRef types[] = {type, LLVMTypeOf(x)};
    return egi_irb_intrinsic(b, to == EG_U32 ? "llvm.fptoui.sat" : "llvm.fptosi.sat", types, 2, &x, 1);
}

static value convert(egi_irb *b, eg_dtype from, eg_dtype to, value x, unsigned lanes)
{
    LLVMTypeRef type = egi_irb_vec(element_of(b, to), lanes);
    value zero = egi_irb_zero(LLVMTypeOf(x));
    bool is_signed = from == EG_I32 || from == EG_I64;
    if (LLVMTypeOf(x) == type) return x; /* i32 and u32 wrap */
    if (egi_is_float(from)) {
        if (to == EG_BOOL) return LLVMBuildFCmp(b->b, LLVMRealUNE, x, zero, "");
        if (egi_is_float(to)) return LLVMBuildFPCast(b->b, x, type, "");
        return saturate(b, to, x, type);
    }
    if (to == EG_BOOL) return LLVMBuildICmp(b->b, LLVMIntNE, x, zero, "");
    if (egi_is_float(to)) return is_signed ? LLVMBuildSIToFP(b->b, x, type, "") : LLVMBuildUIToFP(b->b, x, type, "");
    return LLVMBuildIntCast2(b->b, x, type, is_signed, "");
}

/* Is this a choice by a comparison of what it chooses from?  LLVM would make it the machine's minimum or maximum, which
 * flush denormals; a select copies bits. */
static bool picks(value cond, value x, value y)
{
    /* Behind a negation. */
    if (LLVMIsAInstruction(cond) && LLVMGetInstructionOpcode(cond) == LLVMXor) cond = LLVMGetOperand(cond, 0);
    if (!LLVMIsAFCmpInst(cond)) return false;
    value p = LLVMGetOperand(cond, 0), q = LLVMGetOperand(cond, 1);
    return (p == x && q == y) || (p == y && q == x);
}

/* The value, but LLVM does not know. */
static value unseen(egi_irb *b, value x) { return call1(b, "llvm.arithmetic.fence", x); }

/* -- the table --------------------------------------------------------------------------------------------------- */

LLVMValueRef egi_lower_op(egi_irb *b, egi_op op, eg_dtype from, eg_dtype to, const LLVMValueRef *a, unsigned lanes)
{
    const bool is_float = egi_is_float(from), is_unsigned = from == EG_U32;
    const value x = a[0], y = egi_ops[op].args > 1 ? a[1] : NULL;
    LLVMBuilderRef at = b->b;
    switch (op) {
    case EGI_ADD: return is_float ? LLVMBuildFAdd(at, x, y, "") : LLVMBuildAdd(at, x, y, "");
    case EGI_SUB: return is_float ? LLVMBuildFSub(at, x, y, "") : LLVMBuildSub(at, x, y, "");
    case EGI_MUL: return is_float ? LLVMBuildFMul(at, x, y, "") : LLVMBuildMul(at, x, y, "");
    case EGI_DIV: return is_float ? LLVMBuildFDiv(at, x, y, "") : divide(b, from, x, y, false, lanes);
    case EGI_FMOD: return is_float ? fmod_float(b, from, x, y, lanes) : divide(b, from, x, y, true, lanes);
    case EGI_MOD: return is_float ? floor_mod_float(b, from, x, y, lanes) : floor_mod_int(b, from, x, y, lanes);
    case EGI_FMA: return egi_irb_fma(b, x, y, a[2]);
    case EGI_NEG: return is_float ? LLVMBuildFNeg(at, x, "") : LLVMBuildNeg(at, x, "");
    case EGI_ABS: return is_float ? call1(b, "llvm.fabs", x) : abs_int(b, from, x);
    case EGI_SIGN: return is_float ? sign_float(b, from, x, lanes) : sign_int(b, from, x);
    case EGI_MIN:
        if (is_float) return extreme(b, from, x, y, false, lanes);
        return call2(b, is_unsigned ? "llvm.umin" : "llvm.smin", x, y);
    case EGI_MAX:
        if (is_float) return extreme(b, from, x, y, true, lanes);
        return call2(b, is_unsigned ? "llvm.umax" : "llvm.smax", x, y);
    case EGI_FLOOR: return call1(b, "llvm.floor", x);
    case EGI_CEIL: return call1(b, "llvm.ceil", x);
    case EGI_TRUNC: return call1(b, "llvm.trunc", x);
    case EGI_ROUND: return call1(b, "llvm.roundeven", x);
    case EGI_SQRT: return call1(b, "llvm.sqrt", x);
    case EGI_AND: return LLVMBuildAnd(at, x, y, "");
    case EGI_OR: return LLVMBuildOr(at, x, y, "");
    case EGI_XOR: return LLVMBuildXor(at, x, y, "");
    case EGI_NOT: return LLVMBuildNot(at, x, "");
    case EGI_SHL:
    case EGI_SHR: return shift(b, op, from, x, y, lanes);
    case EGI_EQ:
    case EGI_NE:
    case EGI_LT:
    case EGI_LE:
    case EGI_GT:
    case EGI_GE: return compare(b, op, from, x, y);
    case EGI_ISNAN: return LLVMBuildFCmp(at, LLVMRealUNO, x, x, "");
    case EGI_ISINF: return is_inf(b, x);
    case EGI_SELECT: return choose(b, x, egi_is_float(to) && picks(x, y, a[2]) ? unseen(b, y) : y, a[2]);
    case EGI_RARE: return choose(b, x, y, a[2]);
    case EGI_CONVERT: return convert(b, from, to, x, lanes);
    case EGI_BITCAST:
        return LLVMBuildBitCast(at, x, egi_irb_vec(element_of(b, to), lanes), "");
        /* clang-format off */
    /* What is no elementwise primitive: named, so that a new operation does not compile before it has its line. */
    case EGI_NONE: case EGI_CONST: case EGI_IOTA: case EGI_ARG: case EGI_VAR: case EGI_ARRAY: case EGI_PARAM:
    case EGI_TUPLE: case EGI_COMPLEX: case EGI_ITEM:
    case EGI_EXP: case EGI_EXP2: case EGI_EXPM1: case EGI_LOG: case EGI_LOG2: case EGI_LOG10: case EGI_LOG1P:
    case EGI_SIN: case EGI_COS: case EGI_TAN: case EGI_ASIN: case EGI_ACOS: case EGI_ATAN: case EGI_ATAN2:
    case EGI_SINH: case EGI_COSH: case EGI_TANH: case EGI_ASINH: case EGI_ACOSH: case EGI_ATANH: case EGI_RSQRT:
    case EGI_CBRT: case EGI_POW: case EGI_HYPOT: case EGI_ERF: case EGI_ERFC: case EGI_ERFINV: case EGI_SIGMOID:
    case EGI_SOFTPLUS: case EGI_EXPREL:
    case EGI_SUM: case EGI_PROD: case EGI_RMIN: case EGI_RMAX: case EGI_ANY: case EGI_ALL: case EGI_ARGMIN:
    case EGI_ARGMAX: case EGI_CUMSUM: case EGI_SORT: case EGI_ARGSORT:
    case EGI_BROADCAST: case EGI_RESHAPE: case EGI_TRANSPOSE: case EGI_SLICE: case EGI_DSLICE: case EGI_UPDATE:
    case EGI_CONCAT: case EGI_PAD: case EGI_GATHER: case EGI_SCATTER: case EGI_PACK:
    case EGI_UNPACK: case EGI_DOT: case EGI_DOT_EVENT: case EGI_EVENT: case EGI_EVENT_T: case EGI_BITS:
    case EGI_LOOP: case EGI_WHILE: case EGI_COND: case EGI_HOST: case EGI_CUSTOM: case EGI_BATCH_MEAN:
    case EGI_OP_COUNT: break;
        /* clang-format on */
    }
    return NULL;
}

/* -- memory ------------------------------------------------------------------------------------------------------ */

LLVMValueRef egi_lower_load(egi_irb *b, eg_dtype t, LLVMValueRef at, unsigned lanes)
{
    if (t != EG_BOOL) return egi_irb_load(b, egi_irb_vec(element_of(b, t), lanes), at);
    LLVMTypeRef type = egi_irb_vec(b->i8, lanes);
    return LLVMBuildICmp(b->b, LLVMIntNE, egi_irb_load(b, type, at), egi_irb_zero(type), "");
}

void egi_lower_store(egi_irb *b, eg_dtype t, LLVMValueRef v, LLVMValueRef at, unsigned lanes, LLVMValueRef mask)
{
    if (t == EG_BOOL) v = LLVMBuildZExt(b->b, v, egi_irb_vec(b->i8, lanes), "");
    if (mask)
        egi_irb_store_masked(b, v, at, mask);
    else
        egi_irb_store(b, v, at);
}

LLVMValueRef egi_lower_bits(egi_irb *b, eg_dtype t, uint64_t bits)
{
    LLVMTypeRef type = element_of(b, t);
    if (!egi_is_float(t)) return LLVMConstInt(type, bits, 0);
    /* A constant expression: the bits are kept, of a NaN too. */
    return LLVMConstBitCast(LLVMConstInt(t == EG_F32 ? b->i32 : b->i64, bits, 0), type);
}
