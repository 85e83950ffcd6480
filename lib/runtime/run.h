/* How many threads a run asks for. */
#ifndef EGI_RUNTIME_RUN_H
#define EGI_RUNTIME_RUN_H

#include "core/context.h"

/* threads as in eg_run_options: 0 = the context's; where that says nothing either, as many as pay. */
int egi_threads_of(const eg_func *f, int threads);

#endif
