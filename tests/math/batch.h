/* One composite of one type, run in the interpreter on many points at a time. */
#ifndef ENGRAM_TESTS_BATCH_H
#define ENGRAM_TESTS_BATCH_H

#include "core/context.h"
#include "ir/eval.h"

enum { BATCH = 8192 };

typedef struct batch {
    eg_context eg;
    egi_graph *g;
    int args;
    int nodes; /* primitives of the expansion; constants and arguments not counted */
} batch;

void batch_open(batch *b, egi_op op, eg_dtype t);
void batch_close(batch *b);
/* out[k] = f(x[k], y[k]) for k < BATCH; elements are float or double. */
void batch_run(batch *b, const void *x, const void *y, void *out);

#endif
