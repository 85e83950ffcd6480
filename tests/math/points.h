/* Arguments to try composites with: bit patterns of the whole range, dense intervals, special values. */
#ifndef ENGRAM_TESTS_POINTS_H
#define ENGRAM_TESTS_POINTS_H

#include "math/reference.h"

typedef struct format {
    eg_dtype t;
    int digits, min_exp, max_exp; /* smallest normal number is 2^(min_exp - 1); 2^max_exp overflows */
} format;
extern const format format_f32, format_f64;

/* Element k of an array of floats or doubles. */
double load(const format *f, const void *v, int64_t k);
void store(const format *f, void *v, int64_t k, double x);

/* Not a denormal. */
bool usable(const format *f, double x);
double next_point(const reference *r, const format *f);

extern const double special_points[];
extern const int num_special_points;

#endif
