/* Contexts in each way of running a program, and what their errors say. */
#ifndef ENGRAM_TESTS_CONTEXT_H
#define ENGRAM_TESTS_CONTEXT_H

#include "engram/core.h"

/* Way 0: interpreter; 1, 2, ...: compiled, on so many threads. */
eg_context *test_open(int way);
eg_context *test_open_math(int way, eg_math math);
/* Checks that there is no error. */
void test_fine(eg_context *eg);
/* Checks that there is no error and closes. */
void test_close(eg_context *eg);
/* Checks that the context has an error whose message contains every one of the texts (NULL ends them), and forgets it.
 */
void test_expect(eg_context *eg, eg_status status, ...);

#endif
