/* Systems around systems: one that runs another over time, one that needs no shared arguments, one made of a function.
 *
 *     eg_system *loop = eg_loop_over_time(cell, NULL, &(eg_loop_over_time_options){
 *         .num_out_vars = 1, .out_vars = (const char *[]){"h"}});
 *     eg_loop_run(loop, eg_matrix(EG_F32, 100, 3), x, NULL);
 *     eg_history y = eg_loop_output(loop, 0), h = eg_loop_history(loop, "h");
 *
 * In a traced function, of a loss for example, the same loop is eg_item(eg_update(loop, shared, x), 0).
 *
 * Times are in ms.  Errors are sticky in the context, those of a run on a state of its own stay in that state (core.h).
 */
#ifndef ENGRAM_LOOPS_H
#define ENGRAM_LOOPS_H

#include "engram/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- a system over time -------------------------------------------------------------------------------------------- */

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_loop_over_time_options {
    int num_out_vars;
    const char *const *out_vars;  /* variables to record behind each step: paths below the target.  Copied */
    bool no_state;                /* no order in time: the target is called once for all rows, see below */
    double dt;                    /* ms; 0 = the network's, when it is called */
    double t0;                    /* ms: time of the first step of every call */
    eg_data_axis data_first_axis; /* of the data, in modes with batches; else they are [T, ...] */
} eg_loop_over_time_options;

/* Makes a loop of target, any system.  It is itself a system, a child of the target (name NULL = LoopOverTime<k>) that
 * the target's own update leaves out, and has no variables: the target's state is never reset by it, but goes on where
 * the last call ended (eg_reset_state() of the target resets it).  Time begins at t0 in every call: step k = 0, 1, ...
 * has i = k and t = t0 + k dt, rounded once.  A step: the target is updated, out_vars are recorded, inputs are set to 0
 * (eg_clear_input) - behind the step, so that the first one sees what inputs held before.  Shared arguments by name are
 * those of the network, eg_set_shared().
 *
 * eg_update() of a loop in a traced function is all of it, for one sample: x is a plain number, the END time in ms
 * (round((end - t0) / dt) steps without x), or inputs [T, ...] or a tuple of such, a row a step.  Result: outs [T,
 * ...], or with out_vars the pair (outs, tuple of histories [T, ...]).  `fit` is that of the shared arguments given to
 * it; of these nothing else is used.
 *
 * no_state: all rows are samples, T or T * B of them, which begin with the same state; what they set is forgotten.  i
 * is 0 and t is t0.  An end time is then an error.  Traced, the rows are the steps of a loop,
 * elsewhere an eg_vmap(): what takes means over a batch (eg_batch_mean, batch normalisation in training) then sees one
 * row at a time there, and all of them here.
 *
 * Errors: unknown variables (the message lists those that exist), dt negative or infinite, t0 not finite. */
EG_API eg_system *(eg_loop_over_time)(eg_system *target, const char *name, const eg_loop_over_time_options *options,
                                      EG_PLACE);

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_loop_run_options {
    eg_state *state;  /* NULL = the context's own */
    const double *t0; /* ms; NULL = the loop's */
    double dt;        /* ms; 0 = the loop's */
    bool fit;         /* shared.fit of the steps */
    int threads;      /* 0 = the context's */
    bool interpret;   /* run in the interpreter */
    eg_check check;   /* what is looked at for NaN and infinities, as in eg_run_options */
} eg_loop_run_options;

/* Calls the loop with data x of type and shape spec, in C order: [T, ...]; in a mode with batches [B, T, ...], or
 * [T, B, ...] with EG_TIME_FIRST.  Traced and compiled when the shape is new; another t0 or dt needs neither.
 * Results are [T, ...], of batches [T, B, ...] WHATEVER axis the data have first; only those of a loop without state
 * have the axes of the data.  Errors: not a loop, data without these axes, no_state without rows, those of eg_call().
 */
EG_API eg_status(eg_loop_run)(eg_system *loop, eg_spec spec, const void *x, const eg_loop_run_options *options,
                              EG_PLACE);
/* Calls it without data until the time end in ms, which is not a length: round((end - t0) / dt) steps, of
 * eg_batch_size() samples in a mode with batches.  Errors: end before t0 or not finite, a loop without state. */
EG_API eg_status(eg_loop_run_until)(eg_system *loop, double end, const eg_loop_run_options *options, EG_PLACE);

/* What the target's update returned: part k of its tuple, part 0 if it is none.  To be read until the next call.
 * Errors: no such part, of which the message gives the number. */
EG_API eg_history(eg_loop_output)(eg_system *loop, int k, EG_PLACE);
/* What was recorded of a variable, by its path in out_vars.  Errors: not one of them. */
EG_API eg_history(eg_loop_history)(eg_system *loop, const char *path, EG_PLACE);

/* -- systems without shared arguments ------------------------------------------------------------------------------ */

/* A system y = f(x): its update calls that of target without t, dt and i.  A target that uses them is an error which
 * says so.  It is a child of the target (name NULL = NoSharedArg<k>) that the target's own update leaves out. */
EG_API eg_system *(eg_no_shared_arg)(eg_system *target, const char *name, EG_PLACE);

/* One update of any system as a function of x: inputs are set to 0, then the update is that of step 0.  spec: of x, of
 * a batch [B, ...] in the modes that have one; rank -1: there is no x, and eg_batch_size() samples.  Results are what
 * the update returns, of a batch [B, ...].  State goes on from call to call; eg_func_free() frees the function.
 * NULL after an error. */
EG_API eg_func *(eg_system_function)(eg_system *s, eg_spec spec, EG_PLACE);

/* -- functions as systems ------------------------------------------------------------------------------------------ */

/* Traced: one step of a system made of a function; children are eg_system_child(self, k). */
typedef eg_val (*eg_dynsys_fn)(void *user, eg_system *self, eg_shared s, eg_val x);

/* Makes a system (name NULL = FuncAsDynSys<k>) whose update calls fn, which updates the children as it likes:
 *
 *     static eg_val run(void *user, eg_system *self, eg_shared s, eg_val x)
 *     {
 *         eg_accumulate(user, "input", x);
 *         return eg_update(user, s, eg_no_input());
 *     }
 *     eg_system *E = eg_lif(net, "E", 1, NULL), *f = eg_to_dynsys(net, "f", run, E, 1, &E);
 *
 * The children, made in parent, move into it: they are its children and no more the parent's, whose update leaves them
 * to fn; it resets them, clears their inputs, and finds their variables below it, "E.V", and below parent "f.E.V".
 * Their paths follow; variables made before keep their names in the context ("E.V"), so that no other child of parent
 * can be called E.  fn and user are not copied.
 * Errors: fn or a child NULL, no children, one of another tree or one that is not parent's, one given twice. */
EG_API eg_system *(eg_to_dynsys)(eg_system *parent, const char *name, eg_dynsys_fn fn, void *user, int num_children,
                                 eg_system *const *children, EG_PLACE);

/* -- shared arguments over time ------------------------------------------------------------------------------------ */

/* How many steps; 0 means the default. */
typedef struct eg_over_time_options {
    int64_t steps;
    double duration; /* ms: if steps is 0, round(duration / dt) of them */
    double dt;       /* ms; 0 = the network's */
    double t0;       /* ms */
} eg_over_time_options;

/* Arrays [steps]; NULL after an error. */
typedef struct eg_over_time {
    eg_array *i;  /* i64: 0, 1, ... */
    eg_array *t;  /* floats of the network: t0 + i dt, rounded once */
    eg_array *dt; /* floats of the network */
} eg_over_time;

/* What the shared arguments of each step are: rows to be read (eg_array_data) or looped over (eg_constant).  Errors:
 * steps negative, a duration or dt that gives no number of steps, t0 not finite. */
EG_API eg_over_time(eg_shared_over_time)(eg_system *s, const eg_over_time_options *options, EG_PLACE);

#ifndef __cplusplus
#define eg_loop_over_time(...) (eg_loop_over_time)(__VA_ARGS__, EG_HERE)
#define eg_loop_run(...) (eg_loop_run)(__VA_ARGS__, EG_HERE)
#define eg_loop_run_until(...) (eg_loop_run_until)(__VA_ARGS__, EG_HERE)
#define eg_loop_output(...) (eg_loop_output)(__VA_ARGS__, EG_HERE)
#define eg_loop_history(...) (eg_loop_history)(__VA_ARGS__, EG_HERE)
#define eg_no_shared_arg(...) (eg_no_shared_arg)(__VA_ARGS__, EG_HERE)
#define eg_system_function(...) (eg_system_function)(__VA_ARGS__, EG_HERE)
#define eg_to_dynsys(...) (eg_to_dynsys)(__VA_ARGS__, EG_HERE)
#define eg_shared_over_time(...) (eg_shared_over_time)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
