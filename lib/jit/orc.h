/* LLVM: the machine it compiles for, and code in memory. */
#ifndef EGI_ORC_H
#define EGI_ORC_H

#include <llvm-c/Core.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <llvm-c/TargetMachine.h>

#include "core/core.h"

typedef struct egi_machine {
    LLVMTargetMachineRef target;
    LLVMOrcLLJITRef jit;
    char *triple, *layout;
    unsigned lanes; /* of 32 bits */
    bool avx512;
} egi_machine;

/* A machine that code is made for but not run on; cpu: "native", "x86-64-v3", "x86-64-v4".  Close it like others. */
bool egi_machine_for(eg_context *eg, egi_machine *m, const char *cpu);
/* Opens the compiler for the context's options; false after an error of the context. */
bool egi_machine_open(eg_context *eg, egi_machine *m);
void egi_machine_close(egi_machine *m);

/* A module to fill, in an LLVM context of its own. */
typedef struct egi_module {
    LLVMOrcThreadSafeContextRef owner;
    LLVMContextRef ctx;
    LLVMModuleRef mod;
} egi_module;
void egi_module_open(const egi_machine *m, egi_module *mod, const char *name);
void egi_module_close(egi_module *mod);

/* The pass pipeline; code that stays in this process is watched where the library is (sanitizers).  False after an
 * error of the context. */
bool egi_module_optimise(eg_context *eg, const egi_machine *m, egi_module *mod, bool here);
bool egi_code_is_watched(void);
/* The module as an object file; NULL after an error of the context. */
LLVMMemoryBufferRef egi_module_object(eg_context *eg, const egi_machine *m, egi_module *mod);
/* Makes code of the module (which is used up) and finds the function.  NULL after an error of the context. */
void *egi_module_code(eg_context *eg, egi_machine *m, egi_module *mod, const char *name, void **handle);
void egi_code_release(void *handle);
/* Text of the module, or its assembly; free with LLVMDisposeMessage / LLVMDisposeMemoryBuffer. */
LLVMMemoryBufferRef egi_module_asm(const egi_machine *m, const egi_module *mod);

#endif
