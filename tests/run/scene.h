/* What the tests of runners share: ways of running, a group whose values are easy to foretell. */
#ifndef TESTS_RUN_SCENE_H
#define TESTS_RUN_SCENE_H

#include <engram/engram.h>
#include <engram/parallel.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/context.h"
#include "support/support.h"

/* Way 0: interpreter; 1, 2: compiled, on so many threads. */
enum { WAYS = 3 };

/* V += input + x; element k spikes in the steps i with (i + k) % 5 = 0.  Variables V, input (f64, f32 in networks of
 * f32), spike.  Returns spike. */
eg_system *scene_group(eg_system *parent, const char *name, int64_t num);
/* An f64 network with such a group "A". */
eg_system *scene_net(eg_context *eg, int64_t num);
bool scene_spikes(int64_t step, int64_t k);

/* A result as f64, i64, bool; its shape is checked. */
const double *scene_f64(eg_history h, int rank, int64_t rows, int64_t width);
const int64_t *scene_pairs(eg_history h, int64_t num);

/* Number of files in the working folder whose names begin so. */
int scene_files(const char *prefix);
/* Removes them: what a run that was broken off has left. */
void scene_remove_files(const char *prefix);

#endif
