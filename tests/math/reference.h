/* What the composites must give: in MPFR, and in the C library one format wider (quick, good to 0.001 ulp). */
#ifndef ENGRAM_TESTS_REFERENCE_H
#define ENGRAM_TESTS_REFERENCE_H

#include <mpfr.h>

#include "ir/graph.h"

enum { MAX_RANGES = 6 };

typedef struct reference {
    egi_op op;
    int args;
    void (*exact)(mpfr_t out, const mpfr_t x, const mpfr_t y);
    double (*wide32)(double x, double y);
    long double (*wide64)(long double x, long double y);
    /* where points are dense besides the whole range: pairs low, high; unused ones 0, 0 */
    double range[MAX_RANGES][2];
} reference;

extern const reference references[];
extern const int num_references;

#endif
