/* What tests of loops over time share: systems whose steps are easy to foretell. */
#ifndef TESTS_LOOP_SCENE_H
#define TESTS_LOOP_SCENE_H

#include "model.h"

#include <engram/loops.h>

#define LOOP(target, ...) eg_loop_over_time(target, NULL, &(eg_loop_over_time_options){__VA_ARGS__})
#define PATHS(...)                                                                                                     \
    (const char *const[]) { __VA_ARGS__ }

/* In an f64 network of its own: returns what the step shares, (t, i, t64, dt, fit), and x if it is fed. */
eg_system *clock_of(eg_context *eg);
/* The same, "A": V += w (x + input) from V = 1 and with the parameter w = 0.5; returns 2 V. */
eg_system *adder_of(eg_context *eg);
extern const eg_class adder_class;
/* An f64 scalar of it. */
double value_of(eg_system *s, const char *path);
/* A history's numbers; its rank and rows are checked. */
const double *f64(eg_history h, int rank, int64_t rows);

#endif
