/* Systems: whatever has a name, variables and an update: neuron groups, projections, networks, and yours.
 *
 * A system is an instance of an eg_class with a struct of its own, made inside a parent.  Its path is the names from
 * the root to it, "E" or "net.E", and its variables are "E.V", "E.spike".  Systems belong to the context.
 *
 *     typedef struct { eg_var *V, *input; double tau; } leaky;
 *     static void setup(eg_system *self)
 *     {
 *         leaky *n = eg_self(self);
 *         n->V = eg_add_variable(self, "V", eg_floats(self), eg_init_constant(-60));
 *         n->input = eg_add_input(self, "input", eg_floats(self));
 *     }
 *     static eg_val update(eg_system *self, eg_shared s, eg_val x)
 *     {
 *         leaky *n = eg_self(self);
 *         eg_val I = eg_add(eg_get(n->input), x), V = eg_get(n->V);
 *         eg_set(n->V, eg_add(V, eg_mul(eg_div(s.dt, n->tau), eg_sub(I, V))));
 *         return eg_get(n->V);
 *     }
 *     static const eg_class leaky_class = {.name = "Leaky", .role = EG_GROUP, .size = sizeof(leaky), .setup = setup,
 *                                          .update = update};
 *     eg_system *E = eg_system_new(net, "E", &leaky_class, 100, &(leaky){.tau = 20});
 *
 * Time is in ms throughout, potentials in mV, rates in Hz.  Errors are sticky in the context (core.h).  Functions that
 * make or find something give NULL after an error, and accept the NULL of an earlier one where a system stands.
 */
#ifndef ENGRAM_DYNSYS_H
#define ENGRAM_DYNSYS_H

#include "engram/core.h"
#include "engram/initial.h"
#include "engram/math.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct eg_system eg_system;

/* What all updates of a step share.  More, by name: eg_shared_value(). */
typedef struct eg_shared {
    eg_val t;    /* start of the step in ms, step * dt; float type of the network */
    eg_val dt;   /* ms; float type of the network */
    eg_val i;    /* step, i64, counted from 0 since the last reset */
    eg_val t64;  /* ms, f64: t as it is compared with times that users gave */
    eg_val dt64; /* ms, f64: what compares times compares step * dt64, one product, in double precision */
    bool fit;    /* while training */
} eg_shared;

/* One step, traced once: reads and sets the system's variables.  x is what is fed into it, eg_no_input() if nothing is;
 * a group adds it to its input and returns its spikes, a projection returns its conductance or current. */
typedef eg_val (*eg_update_fn)(eg_system *self, eg_shared s, eg_val x);

/* A network updates its children in this order, those of one role in the order in which they were made: projections
 * thus see the spikes of the step before. */
typedef enum eg_role {
    EG_OTHER,      /* last: networks, counters, whatever reads the new state */
    EG_PROJECTION, /* first: synapses, inputs */
    EG_GROUP,      /* then: neurons */
    EG_APART,      /* not at all: runners, which update the network themselves */
    EG_LAYER /* not by a network: whoever feeds a layer calls eg_update(); a Sequential does, in order (layers.h) */
} eg_role;

/* A kind of system: what it is called, how large its struct is, what it does.  Functions that it lacks are NULL. */
typedef struct eg_class {
    const char *name; /* of the type: the k-th child without a name is called <name><k> */
    eg_role role;
    size_t size;                    /* bytes of the struct that eg_self() gives */
    void (*setup)(eg_system *self); /* once, when made: checks the parameters, makes the variables */
    eg_update_fn update;
    void (*reset_state)(eg_system *self, eg_state *state); /* after its variables went back to their initial values */
    void (*clear_input)(eg_system *self); /* traced, at the start of a step, after its inputs were set to 0 */
    void (*begin)(eg_system *self); /* traced, before the first step of a run from the initial state: eg_begin() */
} eg_class;

/* -- making -------------------------------------------------------------------------------------------------------- */

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_network_options {
    double dt;      /* ms; 0 = the environment's (environment.h), at first 0.1 */
    eg_dtype dtype; /* floats of all systems in it: EG_F32 or EG_F64; 0 = the environment's, at first EG_F32 */
} eg_network_options;

/* The root that everything else is made in.  Without a name (NULL or "") paths begin with the children's names; a
 * context takes one such network.  Its variable "step" (i64) counts the steps done.
 * Errors: dt negative, infinite or NaN, dtype not a float. */
EG_API eg_system *(eg_network)(eg_context *eg, const char *name, const eg_network_options *options, EG_PLACE);

/* A system of that class inside parent, num elements large (0: not a population).  self: its struct, copied; NULL = all
 * zeros.  name: letters, digits, '_'; NULL = <class name><k>.  Errors: a sibling of the same name, and what setup says.
 */
EG_API eg_system *(eg_system_new)(eg_system *parent, const char *name, const eg_class *type, int64_t num,
                                  const void *self, EG_PLACE);

/* Class of networks inside networks. */
EG_API extern const eg_class eg_network_class;

/* -- asking -------------------------------------------------------------------------------------------------------- */

/* The struct of its own that the system has, its class, context and parent (NULL: it is a root); NULL for NULL. */
EG_API void *eg_self(eg_system *s);
EG_API const eg_class *eg_class_of(const eg_system *s);
EG_API eg_context *eg_system_context(const eg_system *s);
EG_API eg_system *eg_system_parent(const eg_system *s);
/* The k-th child in the order of making; NULL behind the last. */
EG_API eg_system *eg_system_child(const eg_system *s, int k);
/* Name and path; never NULL. */
EG_API const char *eg_system_name(const eg_system *s);
EG_API const char *eg_system_path(const eg_system *s);
/* Number of elements; 0 for NULL. */
EG_API int64_t eg_num(const eg_system *s);
/* Step in ms of the network it is in; eg_set_dt sets it for the runs to come, without a new trace. */
EG_API double eg_dt(const eg_system *s);
EG_API eg_status eg_set_dt(eg_system *s, double dt);
/* Float type of the network it is in, and one float for each element. */
EG_API eg_dtype eg_float_type(const eg_system *s);
EG_API eg_spec eg_floats(const eg_system *s);
/* n numbers as an array of the network's float type. */
EG_API eg_array *(eg_floats_of)(eg_system *s, int64_t n, const double *data, EG_PLACE);
/* Number of systems and variables made so far in the network it is in: a function traced when it was less is out of
 * date. */
EG_API int64_t eg_num_made(const eg_system *s);
/* A system by its path below s, "E" or "sub.E"; NULL without an error if there is none. */
EG_API eg_system *eg_find_system(eg_system *s, const char *path);

/* -- errors of your classes ---------------------------------------------------------------------------------------- */

/* Makes an error that begins with class and path of the system and gives the place where it was made. */
EG_API void eg_system_fail(eg_system *s, eg_status status, const char *format, ...) EG_PRINTF(3, 4);
/* The user's file and line where it was made, for errors of what you look up on its behalf. */
EG_API const char *eg_system_place(const eg_system *s, int *line);
/* If not ok: "LIF 'E': tau is -1; <remedy>".  Returns ok. */
EG_API bool eg_check_param(eg_system *s, bool ok, const char *name, double value, const char *remedy);

/* Memory of the context, zeroed, 16-byte aligned, freed by eg_close(); NULL after an error. */
EG_API void *eg_keep(eg_context *eg, size_t size);

/* -- variables ----------------------------------------------------------------------------------------------------- */

/* Makes a variable of the system; its name in the context is path.name.  initial.h says how it may start. */
EG_API eg_var *(eg_add_variable)(eg_system *s, const char *name, eg_spec spec, eg_initializer init, EG_PLACE);
/* Makes a variable that all samples of a batch share (modes.h) and trainers train: weights, biases.  eg_reset_state()
 * leaves it alone; eg_reset_parameters() does not. */
EG_API eg_var *(eg_add_parameter)(eg_system *s, const char *name, eg_spec spec, eg_initializer init, EG_PLACE);
/* Makes a variable that all samples share and no trainer touches: running averages.  Not reset, either. */
EG_API eg_var *(eg_add_buffer)(eg_system *s, const char *name, eg_spec spec, eg_initializer init, EG_PLACE);
/* Parameters of s and of all in it, in the order of making: their number, and the k-th; NULL behind the last. */
EG_API int eg_num_parameters(const eg_system *s);
EG_API eg_var *eg_parameter(const eg_system *s, int k);
/* Makes a variable that collects what arrives within a step: 0 at the start of each, added to by projections, read by
 * the update.  It costs nothing: between steps it holds 0 and is not stored. */
EG_API eg_var *(eg_add_input)(eg_system *s, const char *name, eg_spec spec, EG_PLACE);

/* A variable by its path below s: "V", "E.V".  The error of a wrong name lists what there is. */
EG_API eg_var *(eg_system_variable)(eg_system *s, const char *path, EG_PLACE);
/* Traced: value of such a variable, and variable += x. */
EG_API eg_val(eg_value)(eg_system *s, const char *path, EG_PLACE);
EG_API void(eg_accumulate)(eg_system *s, const char *path, eg_val x, EG_PLACE);
/* The plain number to pass as x where nothing is fed in: -0.0, which disappears from sums. */
static inline eg_val eg_no_input(void) { return eg_real(-0.0); }

/* -- shared arguments by name -------------------------------------------------------------------------------------- */

/* Gives a number that updates find by its name: a variable of the root network (f64), so that another value needs no
 * new trace.  The context's own state has it at once, other states from their next reset.  Errors: s NULL, a name that
 * is none or that another variable of the root has. */
EG_API eg_status eg_set_shared(eg_system *s, const char *name, double value);
/* Traced: that number, in the float type of the network.  Without it: `otherwise`, or if that is NaN an error that
 * lists what there is. */
EG_API eg_val(eg_shared_value)(eg_system *s, const char *name, double otherwise, EG_PLACE);

/* -- parts of groups ----------------------------------------------------------------------------------------------- */

/* num elements of a group from `first` on, as a group: source, target and what is recorded of it are those elements. It
 * has no state of its own and is not updated.  Its variables are the group's: eg_value() and eg_accumulate() see the
 * part, eg_system_variable() gives the whole.  Errors: a range outside of the group, variables of other sizes. */
EG_API eg_system *(eg_part)(eg_system *group, const char *name, int64_t first, int64_t num, EG_PLACE);

/* The group that s is a part of, and the part's first element (from may be NULL); s itself, 0, if it is none. */
EG_API eg_system *eg_whole(eg_system *s, int64_t *from);

/* -- stepping ------------------------------------------------------------------------------------------------------ */

/* Traced: what the updates of step i (i64) share, with dt (f64, ms). */
EG_API eg_shared eg_shared_at(eg_system *s, eg_val i, eg_val dt);
/* Traced: one update of the system. */
EG_API eg_val(eg_update)(eg_system *s, eg_shared shared, eg_val x, EG_PLACE);
/* Traced, before the first step of a run that begins with the initial state: calls the begin hooks of s and of all in
 * it.  Trainers do: where the initial state is itself trained, gradients reach it. */
EG_API void eg_begin(eg_system *s);
/* Traced: sets all inputs in s to 0 and calls the clear_input hooks. */
EG_API void eg_clear_input(eg_system *s);
/* Traced, around steps of your own: what eg_clear_input() sets to 0 gets its value of before back.  Between the two,
 * inputs are values of the step and not stored.  Calls do not nest. */
EG_API void eg_hold_inputs(eg_system *s);
EG_API void eg_restore_inputs(eg_system *s);
/* Puts the variables of s and of all in it to their initial values in the state (NULL = the context's own), then calls
 * the reset_state hooks.  Errors go to the context. */
EG_API eg_status eg_reset_state(eg_system *s, eg_state *state);
/* In a reset_state hook: the state variable `to` of s, and whatever holds it for a batch, gets the value that its
 * variable `from` has in the state.  What holds it for a batch and is made later begins with the value that `from` has
 * then in the context's own state.  Errors: unknown names, another type or shape. */
EG_API eg_status eg_reset_from(eg_system *s, eg_state *state, const char *to, const char *from);

/* The same for its parameters and buffers, which eg_reset_state() leaves alone. */
EG_API eg_status eg_reset_parameters(eg_system *s, eg_state *state);
/* Keeps a copy of what all parameters and buffers of s are in the state (NULL = the context's own), in place of the
 * last one: of the best weights so far.  s has one copy, whatever the state; eg_recall_parameters() puts it into the
 * state given there.  Errors: nothing was kept. */
EG_API eg_status eg_remember_parameters(eg_system *s, eg_state *state);
EG_API eg_status eg_recall_parameters(eg_system *s, eg_state *state);

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_simulate_options {
    eg_state *state;           /* NULL = the context's own */
    int num_record;            /* variables to record after every step ... */
    eg_var *const *record;     /* ... which, */
    void *const *out;          /* ... and where to: out[k] takes [steps, record[k]...], of a batch [B, steps, ...] */
    const eg_run_options *run; /* threads, progress */
} eg_simulate_options;

/* Runs the network (a root) for some steps: clear inputs, update, count the step.  State and clock go on in the next
 * call.  Traced and compiled at the first call; another number of steps or dt needs neither, if nothing is recorded.
 * Errors: not a root, steps negative, what to record is missing or foreign, and those of eg_call(). */
EG_API eg_status(eg_simulate)(eg_system *net, int64_t steps, const eg_simulate_options *options, EG_PLACE);
/* The function behind it, traced if need be: arguments steps (i64) and dt (f64), no results. */
EG_API eg_func *(eg_stepper)(eg_system *net, EG_PLACE);

#ifndef __cplusplus
#define eg_network(...) (eg_network)(__VA_ARGS__, EG_HERE)
#define eg_system_new(...) (eg_system_new)(__VA_ARGS__, EG_HERE)
#define eg_add_variable(...) (eg_add_variable)(__VA_ARGS__, EG_HERE)
#define eg_add_input(...) (eg_add_input)(__VA_ARGS__, EG_HERE)
#define eg_add_parameter(...) (eg_add_parameter)(__VA_ARGS__, EG_HERE)
#define eg_add_buffer(...) (eg_add_buffer)(__VA_ARGS__, EG_HERE)
#define eg_floats_of(...) (eg_floats_of)(__VA_ARGS__, EG_HERE)
#define eg_shared_value(...) (eg_shared_value)(__VA_ARGS__, EG_HERE)
#define eg_part(...) (eg_part)(__VA_ARGS__, EG_HERE)
#define eg_system_variable(...) (eg_system_variable)(__VA_ARGS__, EG_HERE)
#define eg_value(...) (eg_value)(__VA_ARGS__, EG_HERE)
#define eg_accumulate(s, path, x) (eg_accumulate)(s, path, EG_VAL(x), EG_HERE)
#define eg_update(s, shared, x) (eg_update)(s, shared, EG_VAL(x), EG_HERE)
#define eg_simulate(...) (eg_simulate)(__VA_ARGS__, EG_HERE)
#define eg_stepper(...) (eg_stepper)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
