/* One composite of one type over vectors, through the public interface: compiled, or interpreted. */
#ifndef ENGRAM_TESTS_COMPILED_H
#define ENGRAM_TESTS_COMPILED_H

#include "engram/math.h"
#include "ir/graph.h"

typedef struct compiled {
    eg_context *eg;
    eg_func *f;
} compiled;

/* Vectors of n elements; lanes as in eg_options. */
compiled compiled_open(egi_op op, eg_dtype t, int64_t n, int lanes);
void compiled_close(compiled *c);
/* out[k] = f(x[k], y[k]); elements are float or double. */
void compiled_run(const compiled *c, const void *x, const void *y, void *out, bool interpret);

#endif
