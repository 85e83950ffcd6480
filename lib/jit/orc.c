/* LLVM through its C API: LLJIT with one resource tracker for each compiled function.
 *
 * LLVM 22 has lost LLVMOrcThreadSafeContextGetContext: there the context is made first and then wrapped. */
#include "jit/orc.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/Object.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <llvm/Config/llvm-config.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "core/context.h"

static void initialise(void)
{
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeX86AsmParser(); /* inline assembly in exported code */
}

/* Turns an LLVM error into one of the context. */
static bool fine(eg_context *eg, LLVMErrorRef e, const char *what)
{
    if (!e) return true;
    char *text = LLVMGetErrorMessage(e);
    egi_fail(eg, EG_ERR_COMPILE, NULL, 0, "%s: %s", what, text);
    LLVMDisposeErrorMessage(text);
    return false;
}

/* `run`: code for it runs here. */
static LLVMTargetMachineRef target_machine(eg_context *eg, egi_machine *m, const char *want, bool run)
{
    bool native = !want || !strcmp(want, "native");
    LLVMTargetRef t;
    char *message = NULL;
    if (LLVMGetTargetFromTriple(m->triple, &t, &message)) {
        egi_fail(eg, EG_ERR_COMPILE, NULL, 0, "no code generator for %s: %s", m->triple, message);
        LLVMDisposeMessage(message);
        return NULL;
    }
    char *host = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures();
    m->avx512 = native ? strstr(features, "+avx512vl") && strstr(features, "+avx512dq") && strstr(features, "+avx512bw")
                       : !strcmp(want, "x86-64-v4");
    if (run && !native && m->avx512 && !strstr(features, "+avx512vl"))
        egi_fail(eg, EG_ERR_COMPILE, NULL, 0, "x86-64-v4 was asked for, but this CPU (%s) has no AVX-512", host);
    if (!strstr(features, "+avx2") || !strstr(features, "+fma"))
        egi_fail(eg, EG_ERR_COMPILE, NULL, 0, "this CPU (%s) has no AVX2 and FMA, which compiled code needs", host);
    /* What files need is looked at when they are used: these levels, and no more. */
    const char *level = m->avx512 ? "x86-64-v4" : "x86-64-v3", *cpu = !native ? want : run ? host : level;
    LLVMTargetMachineRef tm = LLVMCreateTargetMachine(t, m->triple, cpu, native && run ? features : "",
                                                      LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelDefault);
    LLVMDisposeMessage(host);
    LLVMDisposeMessage(features);
    if (eg->status && tm) {
        LLVMDisposeTargetMachine(tm);
        return NULL;
    }
    return tm;
}

static LLVMOrcLLJITRef make_jit(eg_context *eg, egi_machine *m)
{
    LLVMTargetMachineRef again = target_machine(eg, m, eg->options.cpu, true);
    if (!again) return NULL;
    LLVMOrcLLJITRef jit = NULL;
    LLVMOrcLLJITBuilderRef b = LLVMOrcCreateLLJITBuilder();
    LLVMOrcLLJITBuilderSetJITTargetMachineBuilder(b, LLVMOrcJITTargetMachineBuilderCreateFromTargetMachine(again));
    if (!fine(eg, LLVMOrcCreateLLJIT(&jit, b), "LLJIT")) return NULL;
    /* libm's fmod, memcpy and memset are found in the process. */
    LLVMOrcDefinitionGeneratorRef g = NULL;
    if (fine(eg, LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(&g, LLVMOrcLLJITGetGlobalPrefix(jit), NULL, NULL),
             "LLJIT"))
        LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(jit), g);
    return jit;
}

static bool open_target(eg_context *eg, egi_machine *m, const char *cpu, bool run)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, initialise);
    *m = (egi_machine){0};
    m->triple = LLVMGetDefaultTargetTriple();
    m->target = target_machine(eg, m, cpu, run);
    m->lanes = eg->options.lanes ? (unsigned)eg->options.lanes : m->avx512 ? 16 : 8;
    if (!m->target) return false;
    LLVMTargetDataRef d = LLVMCreateTargetDataLayout(m->target);
    m->layout = LLVMCopyStringRepOfTargetData(d);
    LLVMDisposeTargetData(d);
    return true;
}

bool egi_machine_for(eg_context *eg, egi_machine *m, const char *cpu)
{
    if (open_target(eg, m, cpu, false)) return true;
    egi_machine_close(m);
    return false;
}

bool egi_machine_open(eg_context *eg, egi_machine *m)
{
    if (open_target(eg, m, eg->options.cpu, true)) m->jit = make_jit(eg, m);
    if (m->jit) return true;
    egi_machine_close(m);
    return false;
}

void egi_machine_close(egi_machine *m)
{
    if (m->jit) {
        LLVMErrorRef e = LLVMOrcDisposeLLJIT(m->jit);
        if (e) LLVMConsumeError(e);
    }
    if (m->target) LLVMDisposeTargetMachine(m->target);
    if (m->triple) LLVMDisposeMessage(m->triple);
    if (m->layout) LLVMDisposeMessage(m->layout);
    *m = (egi_machine){0};
}

void egi_module_open(const egi_machine *m, egi_module *mod, const char *name)
{
#if LLVM_VERSION_MAJOR >= 21
    mod->ctx = LLVMContextCreate();
    mod->owner = LLVMOrcCreateNewThreadSafeContextFromLLVMContext(mod->ctx);
#else
    mod->owner = LLVMOrcCreateNewThreadSafeContext();
    mod->ctx = LLVMOrcThreadSafeContextGetContext(mod->owner);
#endif
    mod->mod = LLVMModuleCreateWithNameInContext(name, mod->ctx);
    LLVMSetTarget(mod->mod, m->triple);
    LLVMSetDataLayout(mod->mod, m->layout);
}

void egi_module_close(egi_module *mod)
{
    if (mod->mod) LLVMDisposeModule(mod->mod);
    if (mod->owner) LLVMOrcDisposeThreadSafeContext(mod->owner);
    *mod = (egi_module){0};
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SANITIZE "sanitize_thread"
/* Without the optimising passes there are loads whose values nobody uses, of what other threads write. */
#define SANITIZE_PASSES "function(dce),tsan-module,function(tsan)"
#elif __has_feature(address_sanitizer)
#define SANITIZE "sanitize_address"
#define SANITIZE_PASSES "asan"
#endif
#endif

/* A library built with a sanitizer has its compiled code watched as well.  ThreadSanitizer ignores accesses wider than
 * 16 bytes: run it with 4 lanes. */
static bool instrument(eg_context *eg, const egi_machine *m, egi_module *mod)
{
#ifdef SANITIZE
    unsigned kind = LLVMGetEnumAttributeKindForName(SANITIZE, sizeof SANITIZE - 1);
    for (LLVMValueRef f = LLVMGetFirstFunction(mod->mod); f; f = LLVMGetNextFunction(f)) {
        if (!LLVMIsDeclaration(f))
            LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                                    LLVMCreateEnumAttribute(mod->ctx, kind, 0));
    }
    LLVMPassBuilderOptionsRef o = LLVMCreatePassBuilderOptions();
    LLVMErrorRef e = LLVMRunPasses(mod->mod, SANITIZE_PASSES, m->target, o);
    LLVMDisposePassBuilderOptions(o);
    return fine(eg, e, "sanitizer passes");
#else
    (void)eg, (void)m, (void)mod;
    return true;
#endif
}

bool egi_code_is_watched(void)
{
#ifdef SANITIZE
    return true;
#else
    return false;
#endif
}

bool egi_module_optimise(eg_context *eg, const egi_machine *m, egi_module *mod, bool here)
{
    char *message = NULL;
    bool bad = LLVMVerifyModule(mod->mod, LLVMReturnStatusAction, &message);
    if (bad) egi_fail(eg, EG_ERR_INTERNAL, NULL, 0, "LLVM rejects the module: %.600s", message);
    LLVMDisposeMessage(message);
    if (bad) return false;
    if (eg->options.no_passes) return !here || instrument(eg, m, mod);
    /* The text is constant and tested: LLVM aborts the process on a wrong one.  Our code is vectorised and fused
     * already; what remains is folding of addresses and what masks and selects leave behind. */
    LLVMPassBuilderOptionsRef o = LLVMCreatePassBuilderOptions();
    LLVMErrorRef e = LLVMRunPasses(mod->mod, "function(early-cse,instcombine<no-verify-fixpoint>)", m->target, o);
    LLVMDisposePassBuilderOptions(o);
    return fine(eg, e, "LLVM passes") && (!here || instrument(eg, m, mod));
}

LLVMMemoryBufferRef egi_module_asm(const egi_machine *m, const egi_module *mod)
{
    LLVMModuleRef copy = LLVMCloneModule(mod->mod);
    LLVMMemoryBufferRef out = NULL;
    char *message = NULL;
    if (LLVMTargetMachineEmitToMemoryBuffer(m->target, copy, LLVMAssemblyFile, &message, &out)) {
        LLVMDisposeMessage(message);
        out = NULL;
    }
    LLVMDisposeModule(copy);
    return out;
}

/* Every function of the object for perf: local ones too, which LLJIT does not know.  They lie in one section, as far
 * from each other as the object says. */
static void write_perf_map(LLVMMemoryBufferRef object, const char *name, uint64_t address)
{
    char path[64], *message = NULL;
    LLVMBinaryRef bin = LLVMCreateBinary(object, NULL, &message);
    if (!bin) {
        LLVMDisposeMessage(message);
        return;
    }
    snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
    FILE *f = fopen(path, "a");
    uint64_t base = 0;
    for (int pass = 0; f && pass < 2; pass++) {
        LLVMSymbolIteratorRef i = LLVMObjectFileCopySymbolIterator(bin);
        for (; !LLVMObjectFileIsSymbolIteratorAtEnd(bin, i); LLVMMoveToNextSymbol(i)) {
            uint64_t at = LLVMGetSymbolAddress(i), size = LLVMGetSymbolSize(i);
            if (pass == 0 && !strcmp(LLVMGetSymbolName(i), name)) base = at;
            if (pass == 1 && size)
                fprintf(f, "%llx %llx %s.%s\n", (unsigned long long)(address + at - base), (unsigned long long)size,
                        name, LLVMGetSymbolName(i));
        }
        LLVMDisposeSymbolIterator(i);
    }
    if (f) fclose(f);
    LLVMDisposeBinary(bin);
}

/* The object is made by our own target machine and then linked by LLJIT: one place gives code for running, for perf and
 * for export. */
LLVMMemoryBufferRef egi_module_object(eg_context *eg, const egi_machine *m, egi_module *mod)
{
    LLVMMemoryBufferRef object = NULL;
    char *message = NULL;
    if (!LLVMTargetMachineEmitToMemoryBuffer(m->target, mod->mod, LLVMObjectFile, &message, &object)) return object;
    egi_fail(eg, EG_ERR_COMPILE, NULL, 0, "code generation: %s", message);
    LLVMDisposeMessage(message);
    return NULL;
}

void *egi_module_code(eg_context *eg, egi_machine *m, egi_module *mod, const char *name, void **handle)
{
    LLVMMemoryBufferRef object = egi_module_object(eg, m, mod);
    if (!object) return NULL;
#ifdef SANITIZE
    /* Its constructors are known by the name of the object, and two objects may not have the same. */
    LLVMMemoryBufferRef unnamed = object;
    object = LLVMCreateMemoryBufferWithMemoryRangeCopy(LLVMGetBufferStart(unnamed), LLVMGetBufferSize(unnamed), name);
    LLVMDisposeMemoryBuffer(unnamed);
#endif
    LLVMMemoryBufferRef copy = NULL;
    if (eg->options.perf_map)
        copy = LLVMCreateMemoryBufferWithMemoryRangeCopy(LLVMGetBufferStart(object), LLVMGetBufferSize(object), name);
    LLVMOrcResourceTrackerRef tracker = LLVMOrcJITDylibCreateResourceTracker(LLVMOrcLLJITGetMainJITDylib(m->jit));
    LLVMOrcExecutorAddress at = 0;
    bool ok = fine(eg, LLVMOrcLLJITAddObjectFileWithRT(m->jit, tracker, object), "LLJIT") &&
              fine(eg, LLVMOrcLLJITLookup(m->jit, &at, name), "LLJIT");
    if (ok && copy) write_perf_map(copy, name, at);
    if (copy) LLVMDisposeMemoryBuffer(copy);
    if (ok) {
        *handle = tracker;
        return (void *)(uintptr_t)at;
    }
    egi_code_release(tracker);
    return NULL;
}

void egi_code_release(void *handle)
{
    if (!handle) return;
    LLVMErrorRef e = LLVMOrcResourceTrackerRemove(handle);
    if (e) LLVMConsumeError(e);
    LLVMOrcReleaseResourceTracker(handle);
}
