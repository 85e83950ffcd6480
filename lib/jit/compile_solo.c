/* From graph to solo code: plan, lowering, the functions around it, LLVM. */
#include <stdio.h>

#include "core/context.h"
#include "jit/compile.h"
#include "jit/solo.h"

/* -- remainders ------------------------------------------------------------------------------------------------------
 * LLVM calls fmod and fmodf for them, which would be all that an object needs of libm. */

static bool has_remainder(LLVMModuleRef mod, LLVMTypeKind kind)
{
    for (LLVMValueRef f = LLVMGetFirstFunction(mod); f; f = LLVMGetNextFunction(f)) {
        for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b)) {
            for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i)) {
                if (LLVMGetInstructionOpcode(i) != LLVMFRem) continue;
                LLVMTypeRef t = LLVMTypeOf(i);
                if (LLVMGetTypeKind(t) == LLVMVectorTypeKind) t = LLVMGetElementType(t);
                if (LLVMGetTypeKind(t) == kind) return true;
            }
        }
    }
    return false;
}

/* A local function of the name that LLVM calls.  The x87's fprem is exact, and so are both conversions. */
static void define_remainder(LLVMModuleRef mod, LLVMContextRef ctx, const char *name, LLVMTypeRef t)
{
    static const char text[] = "1: fprem\n\tfnstsw %ax\n\ttestb $$4, %ah\n\tjne 1b";
    static const char constraints[] = "={st},0,{st(1)},~{ax},~{dirflag},~{fpsr},~{flags}";
    egi_irb b;
    LLVMTypeRef params[] = {t, t}, x87 = LLVMX86FP80TypeInContext(ctx), wide[] = {x87, x87};
    LLVMValueRef fn = egi_irb_function(mod, name, t, params, 2, LLVMInternalLinkage);
    egi_irb_open(&b, fn);
    LLVMTypeRef type = LLVMFunctionType(x87, wide, 2, 0);
    LLVMValueRef f = LLVMGetInlineAsm(type, text, sizeof text - 1, constraints, sizeof constraints - 1, 1, 0,
                                      LLVMInlineAsmDialectATT, 0);
    LLVMValueRef args[] = {LLVMBuildFPExt(b.b, LLVMGetParam(fn, 0), x87, ""),
                           LLVMBuildFPExt(b.b, LLVMGetParam(fn, 1), x87, "")};
    LLVMBuildRet(b.b, LLVMBuildFPTrunc(b.b, LLVMBuildCall2(b.b, type, f, args, 2, ""), t, ""));
    egi_irb_close(&b);
}

static void define_remainders(egi_module *m)
{
    bool f32 = has_remainder(m->mod, LLVMFloatTypeKind), f64 = has_remainder(m->mod, LLVMDoubleTypeKind);
    if (f32) define_remainder(m->mod, m->ctx, "fmodf", LLVMFloatTypeInContext(m->ctx));
    if (f64) define_remainder(m->mod, m->ctx, "fmod", LLVMDoubleTypeInContext(m->ctx));
}

/* -- compiling ----------------------------------------------------------------------------------------------------- */

static const egi_machine *machine_of(egi_solo *s)
{
    return s->kind == EGI_SOLO_HERE ? &s->g->eg->jit->machine : &s->machine;
}

static bool lower(egi_solo *s, const egi_plan *p, const egi_canon *c)
{
    const egi_machine *m = machine_of(s);
    egi_lower l = {.g = s->g,
                   .p = p,
                   .canon = c,
                   .code = &s->code,
                   .allocator = &egi_malloc_allocator, /* as LLVM does */
                   .mod = s->mod.mod,
                   .ctx = s->mod.ctx,
                   .lanes = m->lanes,
                   .avx512 = m->avx512,
                   .solo = s};
    egi_lower_all(&l, "body");
    if (s->code.has_scratch) s->size += EGI_SCRATCH + s->code.more_scratch;
    s->size = egi_round_up(s->size + EGI_SLACK, EGI_ALIGN);
    return egi_jit_lowered(&l, s->name);
}

bool egi_compile_solo(egi_solo *s, const char *cpu)
{
    eg_context *eg = s->g->eg;
    egi_canon c = {0};
    bool here = s->kind == EGI_SOLO_HERE;
    if (here ? !egi_jit_of(eg) : !egi_machine_for(eg, &s->machine, cpu)) return false;
    egi_plan *p = egi_jit_plan(s->g, s->name);
    if (!p) return false;
    egi_canon_of(s->g, &c);
    if (c.failed) egi_no_memory(eg);
    if (here)
        snprintf(s->symbol, sizeof s->symbol, "eg_%.100s_%lld", s->name, (long long)++eg->jit->serial);
    else
        snprintf(s->symbol, sizeof s->symbol, "%s", s->name);
    egi_module_open(machine_of(s), &s->mod, s->symbol);
    bool ok = !c.failed && lower(s, p, &c);
    egi_canon_free(&c);
    egi_plan_free(p);
    return ok;
}

eg_step_fn egi_solo_code(egi_solo *s)
{
    eg_context *eg = s->g->eg;
    egi_jit *jit = egi_jit_of(eg);
    eg_step_fn fn = NULL;
    if (!jit) return NULL;
    LLVMTypeRef i64 = LLVMInt64TypeInContext(s->mod.ctx), ptr = LLVMPointerTypeInContext(s->mod.ctx, 0);
    double start = egi_now();
    egi_solo_entry(s, LLVMConstIntToPtr(LLVMConstInt(i64, (uint64_t)(uintptr_t)s->table, 0), ptr));
    if (eg->status || !egi_module_optimise(eg, &jit->machine, &s->mod, true)) return NULL;
    egi_jit_dump(eg, &jit->machine, &s->mod, s->name);
    void *at = egi_module_code(eg, &jit->machine, &s->mod, s->symbol, &s->handle);
    memcpy(&fn, &at, sizeof fn);
    egi_module_close(&s->mod);
    eg->stats.compiles++;
    eg->stats.codegen_s += eg->stats.last_codegen_s = egi_now() - start;
    return fn;
}

static LLVMValueRef embed(egi_solo *s, const char *data)
{
    LLVMValueRef text = LLVMConstStringInContext(s->mod.ctx, data, (unsigned)s->data_bytes, 1);
    LLVMValueRef g = LLVMAddGlobal(s->mod.mod, LLVMTypeOf(text), "data");
    LLVMSetInitializer(g, text);
    LLVMSetLinkage(g, LLVMInternalLinkage);
    LLVMSetGlobalConstant(g, 1);
    LLVMSetAlignment(g, EGI_ALIGN);
    return g;
}

LLVMMemoryBufferRef egi_solo_object(egi_solo *s, const char *data)
{
    eg_context *eg = s->g->eg;
    LLVMValueRef g = LLVMConstNull(LLVMPointerTypeInContext(s->mod.ctx, 0));
    if (s->kind == EGI_SOLO_EMBED && s->data_bytes) g = embed(s, data);
    egi_solo_entry(s, g);
    egi_solo_init(s, g);
    if (eg->status || !egi_module_optimise(eg, &s->machine, &s->mod, false)) return NULL;
    define_remainders(&s->mod);
    egi_jit_dump(eg, &s->machine, &s->mod, s->name);
    LLVMMemoryBufferRef object = egi_module_object(eg, &s->machine, &s->mod);
    egi_module_close(&s->mod);
    return object;
}

void egi_solo_close(egi_solo *s)
{
    const eg_allocator *a = &s->g->eg->allocator;
    if (s->mod.ctx) egi_module_close(&s->mod);
    egi_code_release(s->handle);
    egi_machine_close(&s->machine);
    egi_code_clear(&s->code, a);
    egi_vec_free(a, &s->image);
    void *p[] = {s->at, s->bytes, s->var_chosen, s->copy_at, s->datum, s->table};
    for (size_t k = 0; k < EGI_LEN(p); k++) egi_free(a, p[k]);
}
