/* What the tests of models share: contexts in each way of running, and errors' texts. */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include <engram/models.h>
#include <engram/parallel.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

/* Way 0: interpreter; 1, 2: compiled, on so many threads. */
enum { WAYS = 3 };
eg_context *model_open(int way, eg_math math);
/* Checks that there is no error and closes. */
void model_close(eg_context *eg);
/* Checks that the context has an error whose message contains every one of the texts (NULL ends them), and forgets it.
 */
void model_expect(eg_context *eg, eg_status status, ...);
/* exp(-dt/tau) as f32 code of that context has it. */
float model_decay(eg_context *eg, float dt, float tau);

#endif
