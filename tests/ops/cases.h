/* Cases of the table test: a graph of many small results, built with the internal builders, that is run by the
 * interpreter and compiled, and must give the same bits (all NaN being one). */
#ifndef ENGRAM_TESTS_CASES_H
#define ENGRAM_TESTS_CASES_H

#include "ir/func.h"
#include "support/support.h"

/* An operation on vectors of n elements, or on arrays with one such axis. */
typedef struct test_case {
    eg_context *eg;
    egi_graph *g;
    int64_t n;
    const char *what; /* of the results made now, for messages */
    EGI_VEC(void *) args;
    EGI_VEC(const char *) names; /* of results */
} test_case;

void case_begin(test_case *c, eg_context *eg, int64_t n);
/* Compiles, runs in the interpreter and on 1 to 4 threads, compares, frees. */
void case_end(test_case *c, const char *title);

/* An argument full of numbers that matter: zeros of both signs, infinities, NaN, denormals, huge and ordinary ones. */
egi_id case_arg(test_case *c, eg_spec spec);
/* Whole numbers from below `least` to above `most`, for indices. */
egi_id case_index(test_case *c, eg_spec spec, int64_t least, int64_t most);
egi_id case_node(test_case *c, egi_op op, eg_spec spec, uint32_t num_args, const egi_id *args, int num_ints,
                 const int64_t *ints, uint64_t imm);
void case_result(test_case *c, egi_id id);

#define INTS(...)                                                                                                      \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]) { __VA_ARGS__ }
#define IDS(...)                                                                                                       \
    (uint32_t)(sizeof((egi_id[]){__VA_ARGS__}) / sizeof(egi_id)), (egi_id[]) { __VA_ARGS__ }
#define SPEC(type, ...)                                                                                                \
    ((eg_spec){                                                                                                        \
        .dtype = (type), .rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .dim = {__VA_ARGS__}})

/* All results that a row of the table asks for, by its class. */
void case_of_op(test_case *c, egi_op op);
void case_shape(test_case *c, egi_op op); /* makers_shape.c */

#endif
