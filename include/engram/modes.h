/* Modes: the same model for one sample, for a batch of samples, and in training.
 *
 * A model is written and built for one sample: V is [n], a layer takes [in] and gives [out].  Its mode says how it is
 * run, and can be changed at any time without building anything again:
 *
 *     EG_NONBATCHING   one sample
 *     EG_BATCHING      a batch of them: runners put the batch's axis in front, [B, ...], of whatever differs
 *     EG_TRAINING      the same, and spikes are floats through which surrogate gradients pass
 *
 * What accepts a batch accepts training.  Of each state (eg_add_variable) every sample has its own; weights
 * (eg_add_parameter) and running averages (eg_add_buffer) are one for all.  It is eg_vmap() that makes a batch of a
 * sample's step, so whatever can be traced can be batched, and products with weights become one product.
 */
#ifndef ENGRAM_MODES_H
#define ENGRAM_MODES_H

#include "engram/dynsys.h"
#include "engram/surrogate.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How the tree of systems is run; see above. */
typedef enum eg_mode { EG_NONBATCHING, EG_BATCHING, EG_TRAINING } eg_mode;

/* Sets the mode of the whole tree that s is in, and the number of samples of runs that are fed no data (0: as it was;
 * at first both are those of the environment, environment.h: EG_NONBATCHING and 1).  What was traced before is traced
 * again when it is next used; compiled code of both stays.  Errors: an unknown mode, a batch below 0 or above
 * 2147483647. */
EG_API eg_status eg_set_mode(eg_system *s, eg_mode mode, int64_t batch);
/* Mode and number of samples of the tree; EG_NONBATCHING and 1 for NULL. */
EG_API eg_mode eg_mode_of(const eg_system *s);
EG_API int64_t eg_batch_size(const eg_system *s);

/* -- spikes -------------------------------------------------------------------------------------------------------- */

/* Makes the variable "spike" of a group, one for each element; in a setup.  It is bool, in training floats 0 and 1. */
EG_API eg_var *(eg_add_spike)(eg_system *group, EG_PLACE);
/* Traced: the spikes V >= V_th (numbers or values, of the group's shape), put into "spike" and returned.  In training
 * they are floats, eg_spike() of V - V_th with that surrogate (NULL: the default).  Reset by eg_ge(V, V_th): then no
 * gradient passes through the reset. */
EG_API eg_val(eg_fire)(eg_system *group, eg_val V, eg_val V_th, const eg_surrogate *surrogate, EG_PLACE);
/* The same for neurons that are not reset: spikes where V has come to V_th from below, V_old < V_th and V >= V_th; in
 * training eg_spike2() of V - V_th and V_old - V_th. */
EG_API eg_val(eg_fire_crossing)(eg_system *group, eg_val V, eg_val V_old, eg_val V_th, const eg_surrogate *surrogate,
                                EG_PLACE);

/* -- batches ------------------------------------------------------------------------------------------------------- */

/* The variable [batch, ...] that holds what a variable holds for one sample, by its path below s: made when it is first
 * asked for, each sample with initial values of its own; its name in the context is <name>.batch<B>.  Parameters and
 * buffers are their own.  Errors: an unknown path, batch below 1, too many axes. */
EG_API eg_var *(eg_batch_variable)(eg_system *s, const char *path, int64_t batch, EG_PLACE);

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_batched_options {
    int num_shared; /* arguments that are the same for all samples, by number */
    const int *shared;
    bool fresh;      /* every call begins with the initial state, in <name>.batch<B>.initial */
    bool same_draws; /* all samples draw the same random numbers */
} eg_batched_options;

/* f, traced for one sample of the tree that s is in, for `batch` samples at once: eg_vmap() with a state for each
 * sample (eg_batch_variable), which is kept from call to call.  Counters of steps and runners' clocks are one for all.
 * Errors: those of eg_vmap(); a parameter or buffer that samples set to different values. */
EG_API eg_func *(eg_batched)(eg_system *s, eg_func *f, int64_t batch, const eg_batched_options *options, EG_PLACE);

#ifndef __cplusplus
#define eg_add_spike(group) (eg_add_spike)(group, EG_HERE)
#define eg_fire(group, V, V_th, ...) (eg_fire)(group, EG_VAL(V), EG_VAL(V_th), __VA_ARGS__, EG_HERE)
#define eg_fire_crossing(group, V, V_old, V_th, ...)                                                                   \
    (eg_fire_crossing)(group, EG_VAL(V), EG_VAL(V_old), EG_VAL(V_th), __VA_ARGS__, EG_HERE)
#define eg_batch_variable(...) (eg_batch_variable)(__VA_ARGS__, EG_HERE)
#define eg_batched(...) (eg_batched)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
