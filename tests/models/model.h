/* What the tests of models share: ways of running, a number as compiled code has it. */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include <engram/models.h>
#include <engram/parallel.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/context.h"
#include "support/support.h"

/* Way 0: interpreter; 1, 2: compiled, on so many threads. */
enum { WAYS = 3 };
/* exp(-dt/tau) as f32 code of that context has it. */
float model_decay(eg_context *eg, float dt, float tau);

#endif
