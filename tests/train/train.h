/* What the tests of training share: ways of running, numbers. */
#ifndef TESTS_TRAIN_H
#define TESTS_TRAIN_H

#include <engram/engram.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/context.h"
#include "support/support.h"

/* Way 0: interpreter; 1, 2, 3: compiled, on so many threads. */
enum { WAYS = 4 };
/* Numbers without pattern in (low, high). */
double train_number(uint64_t k, double low, double high);
/* Elements of a spec. */
int64_t train_count(eg_spec s);

#endif
