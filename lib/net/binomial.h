/* Binomial numbers by inversion of a table: one table serves all rows, and it is made of additions, products and
 * quotients alone, so that it has the same bits on every machine (logarithms of libm do not). */
#ifndef EGN_BINOMIAL_H
#define EGN_BINOMIAL_H

#include "engram/parallel.h"

#include "draw.h"

/* cdf[j] = P(X <= first + j), the last 1.  Tails below 1e-20 of the mode are left out. */
typedef struct binomial {
    int64_t first, size;
    double *cdf;
} binomial;

/* Number of successes in m trials of probability p, 0 <= p <= 1.  cdf is NULL after an error of the context. */
binomial binomial_new(eg_context *eg, int64_t m, double p);
int64_t binomial_draw(const binomial *b, draw *d);

#endif
