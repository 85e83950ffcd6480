/* The compiler's side of a context: LLVM, the machine, and the cache of compiled code. */
#ifndef EGI_JIT_H
#define EGI_JIT_H

#include "jit/code.h"

typedef struct egi_jit egi_jit;

/* Code for the graph: from the cache, or compiled now.  NULL after an error of the graph's context.  Code belongs to
 * the context and lives as long. */
egi_code *egi_compile(const egi_graph *g, const char *name);
void egi_jit_free(egi_jit *jit);

#endif
