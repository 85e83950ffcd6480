/* Optimisers once more, one element at a time in double precision, written from the papers' formulas. */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H

#include <engram/optimizers.h>

enum { REFERENCE_MOST = 2048 };

/* A variable that is trained. */
typedef struct reference {
    eg_optimizer_params p;
    eg_spec spec;
    double x[REFERENCE_MOST];
    double m[REFERENCE_MOST], v[REFERENCE_MOST], n[REFERENCE_MOST], old[REFERENCE_MOST];
    double axis[EG_MAX_RANK][REFERENCE_MOST]; /* SM3 */
    int64_t k;                                /* updates done */
} reference;

/* One update by the gradient g. */
void reference_update(reference *r, const double *g, double lr);

/* What is tried: every kind as it comes, and with what can be set.  lr is exponential_decay(0.05, 3, 0.7). */
enum { VARIANTS = 21, VARIANT_ADAM = 10 };
eg_optimizer_params variant_params(int k);

#endif
