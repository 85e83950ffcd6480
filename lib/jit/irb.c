/* irb: helpers to emit LLVM IR by hand; irb.h explains their use. */
#include "jit/irb.h"

#include <llvm/Config/llvm-config.h>
#include <string.h>

void egi_irb_open(egi_irb *b, LLVMValueRef fn)
{
    LLVMModuleRef mod = LLVMGetGlobalParent(fn);
    LLVMContextRef ctx = LLVMGetModuleContext(mod);
    *b = (egi_irb){
        .ctx = ctx,
        .mod = mod,
        .fn = fn,
        .b = LLVMCreateBuilderInContext(ctx),
        .i1 = LLVMInt1TypeInContext(ctx),
        .i8 = LLVMInt8TypeInContext(ctx),
        .i32 = LLVMInt32TypeInContext(ctx),
        .i64 = LLVMInt64TypeInContext(ctx),
        .f32 = LLVMFloatTypeInContext(ctx),
        .f64 = LLVMDoubleTypeInContext(ctx),
        .ptr = LLVMPointerTypeInContext(ctx, 0),
        .none = LLVMVoidTypeInContext(ctx),
    };
    LLVMBasicBlockRef last = LLVMGetLastBasicBlock(fn);
    LLVMPositionBuilderAtEnd(b->b, last ? last : LLVMAppendBasicBlockInContext(ctx, fn, ""));
}

void egi_irb_close(egi_irb *b)
{
    if (b->b) LLVMDisposeBuilder(b->b);
    b->b = NULL;
}

/* ---- functions and attributes ---- */

void egi_irb_attr_enum(LLVMValueRef fn, LLVMAttributeIndex index, const char *name, uint64_t value)
{
    LLVMContextRef ctx = LLVMGetModuleContext(LLVMGetGlobalParent(fn));
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(fn, index, LLVMCreateEnumAttribute(ctx, kind, value));
}

void egi_irb_attr_text(LLVMValueRef fn, const char *name, const char *value)
{
    LLVMContextRef ctx = LLVMGetModuleContext(LLVMGetGlobalParent(fn));
    LLVMAttributeRef a = LLVMCreateStringAttribute(ctx, name, (unsigned)strlen(name), value, (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

/* Remembered by the module itself, as metadata that nobody else reads. */
static const char keep_name[] = "engram.keep_denormals";

void egi_irb_keep_denormals(LLVMModuleRef mod) { LLVMGetOrInsertNamedMetadata(mod, keep_name, sizeof keep_name - 1); }

LLVMValueRef egi_irb_function(LLVMModuleRef mod, const char *name, LLVMTypeRef ret, LLVMTypeRef *params,
                              unsigned num_params, LLVMLinkage linkage)
{
    LLVMValueRef fn = LLVMAddFunction(mod, name, LLVMFunctionType(ret, params, num_params, 0));
    LLVMSetLinkage(fn, linkage);
    egi_irb_attr_enum(fn, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, "nounwind", 0);
    bool keep = LLVMGetNamedMetadata(mod, keep_name, sizeof keep_name - 1);
    egi_irb_attr_text(fn, "denormal-fp-math", keep ? "ieee,ieee" : "preserve-sign,preserve-sign");
    egi_irb_attr_text(fn, "prefer-vector-width", "512");
    return fn;
}

/* ---- types and constants ---- */

LLVMTypeRef egi_irb_vec(LLVMTypeRef element, unsigned lanes)
{
    return lanes > 1 ? LLVMVectorType(element, lanes) : element;
}

LLVMValueRef egi_irb_i32(const egi_irb *b, int32_t v)
{
    return LLVMConstInt(b->i32, (unsigned long long)(long long)v, 1);
}

LLVMValueRef egi_irb_i64(const egi_irb *b, int64_t v) { return LLVMConstInt(b->i64, (unsigned long long)v, 1); }

LLVMValueRef egi_irb_zero(LLVMTypeRef type) { return LLVMConstNull(type); }

LLVMValueRef egi_irb_iota(LLVMTypeRef int_type, unsigned lanes)
{
    enum { MOST = 64 };
    LLVMValueRef v[MOST];
    if (lanes <= 1) return LLVMConstInt(int_type, 0, 0);
    for (unsigned i = 0; i < lanes && i < MOST; i++) v[i] = LLVMConstInt(int_type, i, 0);
    return LLVMConstVector(v, lanes);
}

LLVMValueRef egi_irb_splat(egi_irb *b, LLVMValueRef scalar, unsigned lanes)
{
    if (lanes <= 1) return scalar;
    LLVMTypeRef vec = LLVMVectorType(LLVMTypeOf(scalar), lanes);
    LLVMValueRef one = LLVMBuildInsertElement(b->b, LLVMGetPoison(vec), scalar, egi_irb_i32(b, 0), "");
    LLVMValueRef all_first = LLVMConstNull(LLVMVectorType(b->i32, lanes));
    return LLVMBuildShuffleVector(b->b, one, LLVMGetPoison(vec), all_first, "");
}

LLVMValueRef egi_irb_min(egi_irb *b, LLVMValueRef x, LLVMValueRef y)
{
    return LLVMBuildSelect(b->b, LLVMBuildICmp(b->b, LLVMIntSLT, x, y, ""), x, y, "");
}

LLVMValueRef egi_irb_max(egi_irb *b, LLVMValueRef x, LLVMValueRef y)
{
    return LLVMBuildSelect(b->b, LLVMBuildICmp(b->b, LLVMIntSLT, x, y, ""), y, x, "");
}

LLVMValueRef egi_irb_tail_mask(egi_irb *b, LLVMValueRef count, unsigned lanes)
{
    /* clamped, so that 32 bits are enough: a 16-lane mask is one compare of one 512-bit register */
    LLVMValueRef some = egi_irb_min(b, egi_irb_max(b, count, egi_irb_i64(b, 0)), egi_irb_i64(b, lanes));
    LLVMValueRef n = egi_irb_splat(b, LLVMBuildTrunc(b->b, some, b->i32, ""), lanes);
    return LLVMBuildICmp(b->b, LLVMIntULT, egi_irb_iota(b->i32, lanes), n, "");
}

/* ---- memory ---- */

static unsigned element_align(LLVMTypeRef type)
{
    LLVMTypeRef e = LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetElementType(type) : type;
    switch (LLVMGetTypeKind(e)) {
    case LLVMFloatTypeKind: return 4;
    case LLVMIntegerTypeKind: return (LLVMGetIntTypeWidth(e) + 7) / 8;
    default: return 8;
    }
}

LLVMValueRef egi_irb_at(egi_irb *b, LLVMTypeRef element, LLVMValueRef base, LLVMValueRef index)
{
    return LLVMBuildInBoundsGEP2(b->b, element, base, &index, 1, "");
}

LLVMValueRef egi_irb_load(egi_irb *b, LLVMTypeRef type, LLVMValueRef at)
{
    LLVMValueRef v = LLVMBuildLoad2(b->b, type, at, "");
    LLVMSetAlignment(v, element_align(type));
    return v;
}

void egi_irb_store(egi_irb *b, LLVMValueRef value, LLVMValueRef at)
{
    LLVMSetAlignment(LLVMBuildStore(b->b, value, at), element_align(LLVMTypeOf(value)));
}

/* LLVM 22 turned the alignment argument of masked accesses into an attribute; x86 does without it as well. */
LLVMValueRef egi_irb_load_masked(egi_irb *b, LLVMTypeRef type, LLVMValueRef at, LLVMValueRef mask)
{
    LLVMTypeRef types[] = {type, b->ptr};
#if LLVM_VERSION_MAJOR >= 22
    LLVMValueRef args[] = {at, mask, egi_irb_zero(type)};
#else
    LLVMValueRef args[] = {at, egi_irb_i32(b, (int32_t)element_align(type)), mask, egi_irb_zero(type)};
#endif
    return egi_irb_intrinsic(b, "llvm.masked.load", types, 2, args, sizeof args / sizeof *args);
}

void egi_irb_store_masked(egi_irb *b, LLVMValueRef value, LLVMValueRef at, LLVMValueRef mask)
{
    LLVMTypeRef types[] = {LLVMTypeOf(value), b->ptr};
#if LLVM_VERSION_MAJOR >= 22
    LLVMValueRef args[] = {value, at, mask};
#else
    LLVMValueRef args[] = {value, at, egi_irb_i32(b, (int32_t)element_align(types[0])), mask};
#endif
    egi_irb_intrinsic(b, "llvm.masked.store", types, 2, args, sizeof args / sizeof *args);
}

/* ---- calls ---- */

LLVMValueRef egi_irb_intrinsic(egi_irb *b, const char *name, LLVMTypeRef *types, unsigned num_types, LLVMValueRef *args,
                               unsigned num_args)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    return egi_irb_call(b, LLVMGetIntrinsicDeclaration(b->mod, id, types, num_types), args, num_args);
}

LLVMValueRef egi_irb_fma(egi_irb *b, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z)
{
    LLVMTypeRef type = LLVMTypeOf(z);
    LLVMValueRef args[] = {x, y, z};
    return egi_irb_intrinsic(b, "llvm.fma", &type, 1, args, 3);
}

LLVMValueRef egi_irb_call(egi_irb *b, LLVMValueRef fn, LLVMValueRef *args, unsigned num_args)
{
    return LLVMBuildCall2(b->b, LLVMGlobalGetValueType(fn), fn, args, num_args, "");
}

/* ---- counted loop ---- */

LLVMValueRef egi_irb_loop_begin(egi_irb *b, egi_irb_loop *l, LLVMValueRef from, LLVMValueRef to, LLVMValueRef step)
{
    l->before = LLVMGetInsertBlock(b->b);
    l->body = LLVMAppendBasicBlockInContext(b->ctx, b->fn, "loop");
    l->after = LLVMAppendBasicBlockInContext(b->ctx, b->fn, "done");
    l->to = to;
    l->step = step;
    l->num = 0;
    LLVMBuildCondBr(b->b, LLVMBuildICmp(b->b, LLVMIntSLT, from, to, ""), l->body, l->after);
    LLVMPositionBuilderAtEnd(b->b, l->body);
    l->index = LLVMBuildPhi(b->b, LLVMTypeOf(from), "");
    LLVMAddIncoming(l->index, &from, &l->before, 1);
    return l->index;
}

LLVMValueRef egi_irb_carry(egi_irb *b, egi_irb_loop *l, LLVMValueRef init)
{
    LLVMValueRef phi = LLVMBuildPhi(b->b, LLVMTypeOf(init), "");
    LLVMAddIncoming(phi, &init, &l->before, 1);
    l->init[l->num] = init;
    l->next[l->num] = phi;
    l->phi[l->num++] = phi;
    return phi;
}

void egi_irb_carry_next(egi_irb_loop *l, LLVMValueRef carry, LLVMValueRef next)
{
    for (unsigned k = 0; k < l->num; k++)
        if (l->phi[k] == carry) l->next[k] = next;
}

void egi_irb_loop_end(egi_irb *b, egi_irb_loop *l)
{
    LLVMBasicBlockRef last = LLVMGetInsertBlock(b->b);
    LLVMValueRef next = LLVMBuildNSWAdd(b->b, l->index, l->step, "");
    LLVMBuildCondBr(b->b, LLVMBuildICmp(b->b, LLVMIntSLT, next, l->to, ""), l->body, l->after);
    LLVMAddIncoming(l->index, &next, &last, 1);

    LLVMMoveBasicBlockAfter(l->after, last);
    LLVMPositionBuilderAtEnd(b->b, l->after);
    for (unsigned k = 0; k < l->num; k++) {
        LLVMAddIncoming(l->phi[k], &l->next[k], &last, 1);
        LLVMValueRef values[] = {l->init[k], l->next[k]};
        LLVMBasicBlockRef blocks[] = {l->before, last};
        l->out[k] = LLVMBuildPhi(b->b, LLVMTypeOf(l->init[k]), "");
        LLVMAddIncoming(l->out[k], values, blocks, 2);
    }
}

LLVMValueRef egi_irb_carry_out(const egi_irb_loop *l, LLVMValueRef carry)
{
    for (unsigned k = 0; k < l->num; k++)
        if (l->phi[k] == carry) return l->out[k];
    return NULL;
}

/* ---- if / else ---- */

void egi_irb_if_begin(egi_irb *b, egi_irb_if *f, LLVMValueRef cond)
{
    LLVMBasicBlockRef then_begin = LLVMAppendBasicBlockInContext(b->ctx, b->fn, "then");
    f->before = LLVMGetInsertBlock(b->b);
    f->else_begin = LLVMAppendBasicBlockInContext(b->ctx, b->fn, "else");
    f->after = LLVMAppendBasicBlockInContext(b->ctx, b->fn, "endif");
    f->has_else = false;
    LLVMBuildCondBr(b->b, cond, then_begin, f->else_begin);
    LLVMPositionBuilderAtEnd(b->b, then_begin);
}

void egi_irb_if_else(egi_irb *b, egi_irb_if *f)
{
    f->then_end = LLVMGetInsertBlock(b->b);
    LLVMBuildBr(b->b, f->after);
    LLVMMoveBasicBlockAfter(f->else_begin, f->then_end);
    LLVMPositionBuilderAtEnd(b->b, f->else_begin);
    f->has_else = true;
}

void egi_irb_if_end(egi_irb *b, egi_irb_if *f)
{
    if (!f->has_else) egi_irb_if_else(b, f);
    f->else_end = LLVMGetInsertBlock(b->b);
    LLVMBuildBr(b->b, f->after);
    LLVMMoveBasicBlockAfter(f->after, f->else_end);
    LLVMPositionBuilderAtEnd(b->b, f->after);
}

LLVMValueRef egi_irb_if_merge(egi_irb *b, const egi_irb_if *f, LLVMValueRef of_then, LLVMValueRef of_else)
{
    LLVMValueRef values[] = {of_then, of_else};
    LLVMBasicBlockRef blocks[] = {f->then_end, f->else_end};
    LLVMValueRef phi = LLVMBuildPhi(b->b, LLVMTypeOf(of_then), "");
    LLVMAddIncoming(phi, values, blocks, 2);
    return phi;
}
