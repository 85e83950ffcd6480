/* Surrogates under test: their formulas in plain C, written apart from the library's, and runs of both. */
#ifndef TESTS_SPIKING_H
#define TESTS_SPIKING_H

#include "engram/surrogate.h"
#include "grad/grad.h"

enum { NUM_FORMULAS = 18 };

/* What the library must give: with its defaults at six places, and anywhere. */
typedef struct formula {
    const char *name;
    int params;
    double defaults[EG_SURROGATE_PARAMS], others[EG_SURROGATE_PARAMS];
    eg_surrogate (*make)(const double *p);
    double (*slope)(const double *p, double x);
    double (*primitive)(const double *p, double x); /* NULL: it has none */
    double table[6];
} formula;
extern const formula formulas[NUM_FORMULAS];
extern const double table_x[6];

/* Spikes of the n numbers, and with g, gg not NULL their first and second derivatives, in that type; interpreted and
 * compiled on 1 to 3 threads, with the same bits.  All as doubles. */
void spikes_at(eg_context *eg, eg_surrogate s, eg_dtype type, int n, const double *x, double *y, double *g, double *gg);

#endif
