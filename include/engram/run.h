/* eg_dsrunner: runs a system over time, feeds it inputs and records what happens.
 *
 *     eg_monitor see[] = {{.variable = "E.V", .indices = (int64_t[]){0}, .num_indices = 1},
 *                         {.variable = "E.spike", .events = true}};
 *     eg_input give[] = {{.variable = "E.input", .value = 20}};
 *     eg_system *runner = eg_dsrunner(net, NULL, &(eg_dsrunner_options){
 *         .num_monitors = 2, .monitors = see, .num_inputs = 1, .inputs = give});
 *     eg_run(runner, 1000, NULL);
 *     eg_history V = eg_history_of(runner, "E.V");
 *
 * A step: inputs are set to 0 (eg_clear_input), the runner's inputs are applied, the target is updated, monitors look.
 * Its time t is t0 + i dt, one multiplication, for the step i of the runner's clock; it never accumulates.
 *
 * Times are in ms.  Errors are sticky in the context, those of a run on a state of its own stay in that state (core.h).
 */
#ifndef ENGRAM_RUN_H
#define ENGRAM_RUN_H

#include <stdio.h>

#include "engram/modes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- monitors ------------------------------------------------------------------------------------------------------ */

/* Traced: a value to record, made behind the update.  s is that of the step, but t is its END. */
typedef eg_val (*eg_monitor_fn)(void *user, eg_system *target, eg_shared s);

/* What is recorded: a variable, some of its elements, or what fn makes. */
typedef struct eg_monitor {
    const char *key;        /* name of the result; NULL = the variable's path */
    const char *variable;   /* path below the target: "V", "E.V" */
    const int64_t *indices; /* elements along the first axis, in this order; NULL = all.  One index keeps the axis */
    int64_t num_indices;
    eg_monitor_fn fn; /* instead of a variable; the key is then needed */
    void *user;
    int64_t every;    /* record after each `every` steps of a run, 0 = 1: steps every - 1, 2 every - 1, ... */
    bool events;      /* of bool values: the pairs (step, index) that are true, instead of rows */
    const char *file; /* rows or pairs go to this .npy while it runs, and are not kept in memory */
} eg_monitor;

/* -- inputs -------------------------------------------------------------------------------------------------------- */

/* Where the numbers of an input come from. */
typedef enum eg_input_kind {
    EG_INPUT_FIX,  /* the same in every step: value or array */
    EG_INPUT_ITER, /* array: one row a step, time on its first axis */
    EG_INPUT_FUNC  /* fn makes it */
} eg_input_kind;

/* What they do to the variable: variable op= number. */
typedef enum eg_input_op { EG_INPUT_ADD, EG_INPUT_SUB, EG_INPUT_MUL, EG_INPUT_DIV, EG_INPUT_SET } eg_input_op;

/* Traced: what is put in this step. */
typedef eg_val (*eg_input_fn)(void *user, eg_system *target, eg_shared s);
/* Traced: reads and sets variables as it likes. */
typedef void (*eg_inputs_fn)(void *user, eg_system *target, eg_shared s);

/* In every step all FIX are applied, then all ITER, then all FUNC; inside each in the order SET, ADD, SUB, MUL, DIV;
 * equal ones in the order given. */
typedef struct eg_input {
    const char *variable; /* path below the target: "E.input" */
    eg_input_kind kind;
    eg_input_op op;
    double value; /* FIX without array */
    /* FIX: broadcasts to the variable; ITER: [T, ...], of which a row does.  Numbers of any type.  The samples of a
     * batch share it, and have no axis in it. */
    eg_array *array;
    bool by_clock;  /* ITER: step i of the runner's clock takes row i.  Default: the k-th step of a run takes row k */
    eg_input_fn fn; /* FUNC */
    void *user;
} eg_input;

/* -- runners ------------------------------------------------------------------------------------------------------- */

/* Which axis of data comes first, time or the batch.  In the modes of modes.h that have batches, what is fed in,
 * outputs and histories have both; without a mode EG_BATCH_FIRST is for targets whose variables have a batch axis of
 * their own. */
typedef enum eg_data_axis {
    EG_AXIS_BY_MODE, /* EG_BATCH_FIRST if the target's mode has batches, else EG_TIME_FIRST */
    EG_TIME_FIRST,   /* [T, ...], [T, B, ...] */
    EG_BATCH_FIRST   /* [B, T, ...] */
} eg_data_axis;

/* 0 means the default. */
typedef struct eg_dsrunner_options {
    int num_monitors;
    const eg_monitor *monitors; /* copied, but for user pointers */
    int num_inputs;
    const eg_input *inputs; /* copied, but for arrays and user pointers */
    eg_inputs_fn inputs_fn; /* called in each step, after the inputs */
    void *inputs_user;
    double dt;                    /* ms; 0 = the network's, now */
    double t0;                    /* ms: time of the first step after a reset */
    eg_data_axis data_first_axis; /* of inputs, iterated arrays and results; events have none */
    bool no_outputs;              /* do not record what the target's update returns */
} eg_dsrunner_options;

/* Makes a runner of target: a network or any system in one.  It is itself a system, a child of the target (path
 * "<target>.<name>", name NULL = DSRunner<k>) that the target's own update leaves out.  Its variables are its clock: i0
 * (i64), steps done since the last reset, and t0 (f64); eg_reset_state() of it, or of what it is in, resets them.
 *
 * eg_update() of a runner in a traced function is its whole loop over time: x is a plain whole number of steps, or the
 * inputs [T, ...] of T steps.  Result: the pair (outputs, tuple of the monitors' histories in their order).
 *
 * Errors: unknown variables (the message lists those that exist), two monitors of one key, an index outside, what does
 * not fit the variable, events of values that are not bool, t0 or dt not finite, dt negative. */
EG_API eg_system *(eg_dsrunner)(eg_system *target, const char *name, const eg_dsrunner_options *options, EG_PLACE);

/* How far a run is. */
typedef struct eg_run_progress {
    int64_t step, steps; /* done, of */
    double compile_s;    /* spent on tracing and compiling, before the first step */
    double run_s;        /* spent on the steps so far */
} eg_run_progress;

/* Called at the start, about every 20 ms, and at the end; returning other than 0 cancels the run. */
typedef int (*eg_run_progress_fn)(void *user, const eg_run_progress *p);

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_dsrun_options {
    eg_state *state;  /* NULL = the context's own */
    bool reset_state; /* first eg_reset_state() of the target, and the runner's clock */
    bool fit;         /* shared.fit of the steps */
    int threads;      /* 0 = the context's */
    bool interpret;   /* run in the interpreter */
    eg_check check;   /* what is looked at for NaN and infinities, as in eg_run_options */
    eg_run_progress_fn progress;
    void *user;
} eg_dsrun_options;

/* Runs for a time of duration / dt steps, which must be a whole number within 1e-6 of it.  State and clock go on where
 * the last run ended; the clock advances by steps * dt exactly.  Histories are those of this run; their memory is
 * reused.  Traced and compiled when the number of steps is new.
 * A run that is cancelled (progress, eg_cancel) or in which a host function fails ends after the last whole step, or
 * the last whole `every` steps of the slowest monitor: state, clock and histories are those of that step, files are not
 * written.  So does one whose files cannot be written any more, between two steps.  Files are put in their places at
 * the end of the run, when all of them are complete.
 * Errors: not a runner, duration negative or no whole number of steps, an iterated array too short (nothing has run
 * then), files that cannot be written, those of eg_call(). */
EG_API eg_status(eg_run)(eg_system *runner, double duration, const eg_dsrun_options *options, EG_PLACE);
/* The same for as many steps as x has rows: row k (of the first axis, with EG_BATCH_FIRST of the second) is the x of
 * the update in step k.  x: C order, of type and shape spec. */
EG_API eg_status(eg_run_inputs)(eg_system *runner, eg_spec spec, const void *x, const eg_dsrun_options *options,
                                EG_PLACE);

/* -- results ------------------------------------------------------------------------------------------------------- */

/* A record of the last run, to read without a copy until the next one. */
typedef struct eg_history {
    eg_spec spec;     /* rows [T', ...] (EG_BATCH_FIRST: [B, T', ...]); events: i64 [number, 2] */
    const void *data; /* NULL after an error, and of what went to a file */
} eg_history;

/* By the monitor's key.  Of events: pairs (step of the run, index in the variable), ascending.  Errors: no such key
 * (the message lists them). */
EG_API eg_history(eg_history_of)(eg_system *runner, const char *key, EG_PLACE);
/* What the target's update returned in each step: part k of its tuple; part 0 if it is none.  Errors: no such part. */
EG_API eg_history(eg_output_of)(eg_system *runner, int k, EG_PLACE);
/* Number of such parts, after a run. */
EG_API int eg_num_outputs(eg_system *runner);
/* f64 [T']: the times at the END of the steps whose rows the monitor recorded, t0 + (i + 1) dt; key NULL: of all steps.
 */
EG_API eg_history(eg_times_of)(eg_system *runner, const char *key, EG_PLACE);
/* Steps done by the last run; 0 before the first. */
EG_API int64_t eg_steps_done(const eg_system *runner);

/* -- a bar in the terminal ----------------------------------------------------------------------------------------- */

/*     eg_progress_bar bar = {.file = stderr};
 *     eg_run(runner, 1e5, &(eg_dsrun_options){.progress = eg_progress_bar_show, .user = &bar});
 *
 * Shows what is done, the rate without compiling, the time left, and the time that compiling took.  Redrawn at most ten
 * times a second; if file is no terminal, only the last state is printed, on a line. */
typedef struct eg_progress_bar {
    FILE *file;
    const char *label; /* NULL = "run" */
    bool always;       /* redraw even if file is no terminal */
    double drawn_s;    /* set by the bar: when it was last drawn */
} eg_progress_bar;
EG_API int eg_progress_bar_show(void *bar, const eg_run_progress *p);

#ifndef __cplusplus
#define eg_dsrunner(...) (eg_dsrunner)(__VA_ARGS__, EG_HERE)
#define eg_run(...) (eg_run)(__VA_ARGS__, EG_HERE)
#define eg_run_inputs(...) (eg_run_inputs)(__VA_ARGS__, EG_HERE)
#define eg_history_of(...) (eg_history_of)(__VA_ARGS__, EG_HERE)
#define eg_output_of(...) (eg_output_of)(__VA_ARGS__, EG_HERE)
#define eg_times_of(...) (eg_times_of)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
