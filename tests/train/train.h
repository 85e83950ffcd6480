/* What the tests of training share: contexts in each way of running, errors' texts, numbers. */
#ifndef TESTS_TRAIN_H
#define TESTS_TRAIN_H

#include <engram/engram.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

/* Way 0: interpreter; 1, 2, 3: compiled, on so many threads. */
enum { WAYS = 4 };
eg_context *train_open(int way);
/* Checks that there is no error and closes. */
void train_close(eg_context *eg);
/* Checks that there is none. */
void train_fine(eg_context *eg);
/* Checks that the context has an error whose message contains every one of the texts (NULL ends them), and forgets it.
 */
void train_expect(eg_context *eg, eg_status status, ...);
/* Numbers without pattern in (low, high). */
double train_number(uint64_t k, double low, double high);
/* Elements of a spec. */
int64_t train_count(eg_spec s);

#endif
