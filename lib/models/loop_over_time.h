/* What the files of loops over time share.
 *
 *     loop_over_time.c    making one, its class           loop_trace.c    its steps, traced
 *     loop_program.c      traced functions for the host   loop_run.c      calling them, results
 */
#ifndef EGM_LOOP_OVER_TIME_H
#define EGM_LOOP_OVER_TIME_H

#include "engram/loops.h"
#include "engram/parallel.h"
#include "system.h"

/* What a call of the host is: its function is made once for each. */
typedef struct loop_call {
    int64_t steps; /* T */
    int64_t batch; /* B; 0: one sample */
    bool batch_first, fit;
    eg_spec x; /* all data; rank -1: none */
} loop_call;

/* A traced function of t0, dt and, if there are any, the data. */
typedef struct loop_program {
    struct loop_program *next;
    loop_call call;
    eg_func *func;
} loop_program;

/* A result of the last call. */
typedef struct loop_result {
    void *at;
    size_t bytes;
} loop_result;

typedef struct loop {
    eg_context *eg;
    eg_system *self, *target;
    eg_loop_over_time_options o; /* texts are copies */
    eg_val *seen;                /* what a step records of out_vars, while it is traced */
    int64_t made;                /* root->made when the programs were traced */
    loop_program *programs, *last;
    int num_programs, num_results;
    loop_result *result;
} loop;

extern const eg_class loop_class;

/* What the steps of a call share, while they are traced. */
typedef struct loop_pass {
    loop *l;
    eg_val t0, dt; /* f64 */
    bool fit, has_x;
} loop_pass;

/* Traced: n steps; x: rows for them, if there are any. */
eg_val loop_steps(loop_pass *p, int64_t n, eg_val x);
/* Traced: one call with a row, of a loop without state. */
eg_val loop_once(loop_pass *p, eg_val row);
/* Traced: eg_update() of a loop. */
eg_val loop_update(eg_system *self, eg_shared s, eg_val x);

/* The function for such a call, made if need be; NULL after an error. */
loop_program *loop_program_of(loop *l, const loop_call *call, const char *file, int line);
void loop_forget_programs(loop *l);

/* Steps until the time `end`; -1 after an error. */
int64_t loop_steps_until(const loop *l, double end, double t0, double dt);

#endif
