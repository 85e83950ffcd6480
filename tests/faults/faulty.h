/* Allocations that fail: an allocator that counts, and the check that every scenario must pass. */
#ifndef ENGRAM_TESTS_FAULTY_H
#define ENGRAM_TESTS_FAULTY_H

#include <engram/engram.h>
#include <stdbool.h>

/* What a scenario computes, bit for bit the same in every try. */
typedef struct outcome {
    size_t size;
    char bytes[1 << 16];
} outcome;
void outcome_add(outcome *o, const void *data, size_t size);

/* A scenario tries to do everything that is still to be done, as a program would that lost a try to a lack of memory:
 * what was made before (in `made`, zeros in a new context) is used again.  It gives the outcome and returns true, or
 * stops at an error.  `size` is that of made. */
typedef struct scenario {
    const char *name;
    bool (*attempt)(eg_context *eg, void *made, outcome *o);
    size_t size;
    long most; /* allocations that it may take */
    long from; /* the first to fail; 0 = 1 */
} scenario;

/* Lets allocation 1, 2, 3, ... of the scenario fail (every stride-th), each once and with all that come after it.  Each
 * must give EG_ERR_MEMORY with a message, or the right outcome all the same; with memory again and the error cleared,
 * the next attempt in the same context gives the right outcome; and eg_close() frees all there is. */
void faulty_check(const scenario *s, long stride);

/* The status of a run that did not reach the context: to be returned from an attempt that failed in eg_call(). */
bool faulty_run(eg_context *eg, eg_state *state, eg_status status);

#endif
