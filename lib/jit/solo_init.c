/* The function that puts a block into its first state, if the CPU can run the code. */
#include <stdio.h>

#include "core/context.h"
#include "jit/solo.h"

typedef LLVMValueRef value;

enum { EAX, EBX, ECX, EDX };

static value inline_asm(egi_irb *b, const char *text, const char *constraints, LLVMTypeRef ret, value *args, unsigned n)
{
    LLVMTypeRef types[2] = {b->i32, b->i32}, t = LLVMFunctionType(ret, types, n, 0);
    value f =
        LLVMGetInlineAsm(t, text, strlen(text), constraints, strlen(constraints), 1, 0, LLVMInlineAsmDialectATT, 0);
    return LLVMBuildCall2(b->b, t, f, args, n, "");
}

static value cpuid(egi_irb *b, int leaf)
{
    LLVMTypeRef four[4] = {b->i32, b->i32, b->i32, b->i32};
    value args[] = {egi_irb_i32(b, leaf), egi_irb_i32(b, 0)};
    return inline_asm(b, "cpuid", "={ax},={bx},={cx},={dx},{ax},{cx},~{dirflag},~{fpsr},~{flags}",
                      LLVMStructTypeInContext(b->ctx, four, 4, 0), args, 2);
}

/* All bits of the mask are set. */
static value has(egi_irb *b, value x, uint32_t mask)
{
    value m = LLVMConstInt(b->i32, mask, 0);
    return LLVMBuildICmp(b->b, LLVMIntEQ, LLVMBuildAnd(b->b, x, m, ""), m, "");
}

/* i1 able(): x86-64-v3, or v4 (System V ABI, section 3.1.1), and the operating system keeps the registers. */
static value able_function(egi_solo *s)
{
    egi_irb b;
    const bool wide = s->machine.avx512;
    const uint32_t leaf1 = 1u << 12 | 1u << 22 | 1u << 23 | 1u << 27 | 1u << 28 | 1u << 29; /* fma ... f16c */
    const uint32_t avx2 = 1u << 5 | 1u << 3 | 1u << 8;
    const uint32_t avx512 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31; /* f, dq, cd, bw, vl */
    const uint32_t registers = wide ? 0xE6 : 0x6;
    value fn = egi_irb_function(s->mod.mod, "able", LLVMInt1TypeInContext(s->mod.ctx), NULL, 0, LLVMInternalLinkage);
    egi_irb_open(&b, fn);
    LLVMBasicBlockRef no = LLVMAppendBasicBlockInContext(b.ctx, fn, "no");
    LLVMBasicBlockRef next[2] = {LLVMAppendBasicBlockInContext(b.ctx, fn, ""),
                                 LLVMAppendBasicBlockInContext(b.ctx, fn, "")};
    value most = LLVMBuildExtractValue(b.b, cpuid(&b, 0), EAX, "");
    LLVMBuildCondBr(b.b, LLVMBuildICmp(b.b, LLVMIntUGE, most, egi_irb_i32(&b, 7), ""), next[0], no);
    LLVMPositionBuilderAtEnd(b.b, next[0]);
    LLVMBuildCondBr(b.b, has(&b, LLVMBuildExtractValue(b.b, cpuid(&b, 1), ECX, ""), leaf1), next[1], no);
    LLVMPositionBuilderAtEnd(b.b, next[1]);
    value ok = has(&b, LLVMBuildExtractValue(b.b, cpuid(&b, 7), EBX, ""), wide ? avx2 | avx512 : avx2);
    value more = LLVMBuildExtractValue(b.b, cpuid(&b, (int)0x80000001), ECX, "");
    ok = LLVMBuildAnd(b.b, ok, has(&b, more, 1u << 5), ""); /* lzcnt, which others run as bsr */
    LLVMTypeRef two[2] = {b.i32, b.i32};
    value zero = egi_irb_i32(&b, 0);
    value kept = inline_asm(&b, "xgetbv", "={ax},={dx},{cx},~{dirflag},~{fpsr},~{flags}",
                            LLVMStructTypeInContext(b.ctx, two, 2, 0), &zero, 1);
    ok = LLVMBuildAnd(b.b, ok, has(&b, LLVMBuildExtractValue(b.b, kept, EAX, ""), registers), "");
    LLVMBuildRet(b.b, ok);
    LLVMPositionBuilderAtEnd(b.b, no);
    LLVMBuildRet(b.b, LLVMConstInt(b.i1, 0, 0));
    egi_irb_close(&b);
    return fn;
}

/* Runs on any CPU. */
static void plain(value fn)
{
    egi_irb_attr_text(fn, "target-cpu", "x86-64");
    egi_irb_attr_text(fn, "target-features", "");
}

static void fill(egi_irb *b, value to, const egi_image *m)
{
    egi_irb_loop loop;
    LLVMTypeRef t = LLVMIntTypeInContext(b->ctx, (unsigned)m->size * 8);
    value n = egi_irb_i64(b, m->bytes / m->size), one = egi_irb_i64(b, 1);
    value k = egi_irb_loop_begin(b, &loop, egi_irb_i64(b, 0), n, one);
    egi_irb_store(b, LLVMConstInt(t, m->element, 0), egi_irb_at(b, t, to, k));
    egi_irb_loop_end(b, &loop);
}

static void put(egi_irb *b, value state, size_t offset, uint64_t x)
{
    egi_irb_store(b, LLVMConstInt(b->i64, x, 0), egi_irb_at(b, b->i8, state, egi_irb_i64(b, (int64_t)offset)));
}

/* int name_init(ptr state [, ptr data]) */
void egi_solo_init(egi_solo *s, value data)
{
    egi_irb b;
    egi_irb_if able;
    char name[sizeof s->symbol + 8];
    const bool apart = s->kind == EGI_SOLO_APART;
    LLVMTypeRef ptr = LLVMPointerTypeInContext(s->mod.ctx, 0), params[] = {ptr, ptr};
    value can = able_function(s);
    snprintf(name, sizeof name, "%s_init", s->symbol);
    value fn = egi_solo_public(s, name, params, apart ? 2 : 1);
    plain(can);
    plain(fn);
    egi_irb_open(&b, fn);
    value state = LLVMGetParam(fn, 0), from = apart ? LLVMGetParam(fn, 1) : data;
    value given = LLVMBuildIsNotNull(b.b, state, "");
    if (apart) given = LLVMBuildAnd(b.b, given, LLVMBuildIsNotNull(b.b, from, ""), "");
    egi_irb_if_begin(&b, &able, given);
    egi_irb_if inner;
    value ok = egi_irb_call(&b, can, NULL, 0), ours = LLVMConstInt(b.i1, 1, 0);
    if (apart)
        ours = LLVMBuildICmp(b.b, LLVMIntEQ, egi_irb_load(&b, b.i64, from), LLVMConstInt(b.i64, s->data_magic, 0), "");
    egi_irb_if_begin(&b, &inner, LLVMBuildAnd(b.b, ok, ours, ""));
    LLVMBuildMemSet(b.b, state, LLVMConstInt(b.i8, 0, 0), egi_irb_i64(&b, s->size), EGI_ALIGN);
    for (int64_t k = 0; k < s->image.n; k++) {
        const egi_image *m = &s->image.at[k];
        value to = egi_irb_at(&b, b.i8, state, egi_irb_i64(&b, m->to));
        if (m->from < 0)
            fill(&b, to, m);
        else
            LLVMBuildMemCpy(b.b, to, EGI_ALIGN, egi_irb_at(&b, b.i8, from, egi_irb_i64(&b, m->from)), EGI_ALIGN,
                            egi_irb_i64(&b, m->bytes));
    }
    put(&b, state, offsetof(egi_block, magic), s->magic);
    put(&b, state, offsetof(egi_block, execution), s->execution);
    put(&b, state, offsetof(egi_block, seed), s->seed);
    put(&b, state, offsetof(egi_block, bytes), (uint64_t)s->size);
    egi_irb_if_end(&b, &inner);
    value status = LLVMBuildSelect(b.b, ok, egi_irb_i32(&b, EG_STEP_OK), egi_irb_i32(&b, EG_STEP_BAD_CPU), "");
    status = LLVMBuildSelect(b.b, ours, status, egi_irb_i32(&b, EG_STEP_BAD_ARGUMENT), "");
    egi_irb_if_end(&b, &able);
    LLVMBuildRet(b.b, egi_irb_if_merge(&b, &able, status, egi_irb_i32(&b, EG_STEP_BAD_ARGUMENT)));
    egi_irb_close(&b);
}
