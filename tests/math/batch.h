/* A small fast evaluator of a graph of elementwise primitives, many lanes at a time, for tests that need millions of
 * points.  FTZ and DAZ are on while it runs. */
#ifndef ENGRAM_TESTS_BATCH_H
#define ENGRAM_TESTS_BATCH_H

#include "ir/graph.h"

enum { BATCH = 512 };

typedef struct batch batch;

/* The expansion of `op` for a type; NULL when it cannot be built. */
batch *batch_new(egi_op op, eg_dtype t);
void batch_free(batch *b);
int batch_nodes(const batch *b); /* constants and arguments not counted */
/* out[k] = f(x[k], y[k]) for k < BATCH; elements are float or double as in batch_new. */
void batch_run(batch *b, const void *x, const void *y, void *out);
/* The graph and its result, for other evaluators. */
const egi_graph *batch_graph(const batch *b);

#endif
