/* Shared by what compiles for teams (compile.c) and for one thread (compile_solo.c). */
#ifndef EGI_COMPILE_H
#define EGI_COMPILE_H

#include "jit/jit.h"
#include "jit/lower.h"
#include "jit/orc.h"

struct egi_jit {
    const eg_allocator *allocator;
    egi_machine machine;
    bool open;
    egi_code *codes; /* newest first */
    int64_t serial;  /* names of compiled functions are unique in the process' view of a context */
};

/* The context's compiler, opened if need be; NULL after an error of the context. */
egi_jit *egi_jit_of(eg_context *eg);
/* The plan, dumped if wanted and verified; NULL after an error of the context. */
egi_plan *egi_jit_plan(const egi_graph *g, const char *name);
/* Was the graph lowered?  If not, an error of the context. */
bool egi_jit_lowered(const egi_lower *l, const char *name);
/* Dumps of the module: llvm, asm. */
void egi_jit_dump(eg_context *eg, const egi_machine *m, const egi_module *mod, const char *name);

#endif
