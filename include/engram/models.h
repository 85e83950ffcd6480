/* Models: neurons (neurons.h, conductance.h), synapses, inputs, counters.  All stand on engram/dynsys.h alone, as yours
 * do.
 *
 * Parameters are taken literally; begin with the ..._defaults().  Errors name the system and the parameter.
 */
#ifndef ENGRAM_MODELS_H
#define ENGRAM_MODELS_H

#include "engram/conductance.h"
#include "engram/connect.h"
#include "engram/dynsys.h"
#include "engram/neurons.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- outputs: what a conductance does to its targets --------------------------------------------------------------- */

typedef struct eg_output eg_output;
/* What it does, and to which variable. */
struct eg_output {
    eg_val (*current)(const eg_output *o, eg_system *post, eg_val g); /* what is added to the target variable */
    const char *target;                                               /* variable of post; NULL = "input" */
    const char *potential; /* variable of post that COBA takes for V; NULL = "V" */
    double E_rev;          /* mV */
    void *user;            /* for functions of yours */
};

/* I = g */
EG_API eg_output eg_cuba(void);
/* I = g (E_rev - V) */
EG_API eg_output eg_coba(double E_rev);

/* -- synapses ---------------------------------------------------------------------------------------------------------
 *
 * connections go from pre to post; NULL with a rule in their place.  Weights and delays of single synapses are in the
 * order in which the connections were given.  pre needs a variable spike, post what the output uses; both may be parts
 * of groups (eg_part).  Spikes of a step act in the next one, delayed ones in the step after delay_step more; those of
 * one arrival are added by delay, then source, in ascending order.  Past spikes of a group are kept once for all
 * projections that are made before the network first runs, by a system of their own beside the group: where a class
 * with an update of its own stands in a network's place, that update must reach all of its children.
 *
 *     eg_exp_synapse_params p = {.tau = 5, .g_max = 0.6, .output = eg_coba(0), .delay_step = {.steps = 15}};
 *     eg_exp_synapse(net, "E2I", E, I, eg_fixed_post_num(eg, 3200, 800, &(eg_fixed_num_options){.num = 16}), &p);
 *     eg_delta_synapse(net, "inhibit", I, I, NULL, &(eg_delta_synapse_params){
 *         .rule = EG_RULE_ALL_TO_OTHERS, .g_max = -0.2, .output = eg_cuba()});
 */

/* Who projects to whom where no connections are given.  Nothing is stored for a pair, and a step costs as much as the
 * groups are large, unless weights or delays differ by synapse: then the connections are made. */
typedef enum eg_rule {
    EG_RULE_NONE,         /* as the connections say */
    EG_RULE_ONE_TO_ONE,   /* i to i; groups of one size */
    EG_RULE_ALL_TO_ALL,   /* each source to each target: weight * (spikes of all) */
    EG_RULE_ALL_TO_OTHERS /* the same but i to i: weight * (spikes of all - own); groups of one size */
} eg_rule;

/* All 0: no delay. */
typedef struct eg_delay_step {
    int32_t steps;       /* of all synapses; used if each is NULL */
    const int32_t *each; /* one for each source, or one for each synapse (equal numbers: each synapse); copied */
    int64_t num;         /* their number */
} eg_delay_step;

/* A spike adds its weight to the target at once: target += sum of g_max s. */
typedef struct eg_delta_synapse_params {
    double g_max; /* weight of all synapses */
    /* Instead of g_max: floats [pre] (one a source), one for each synapse, or [pre, post]; NULL = none. */
    eg_array *weight;
    eg_delay_step delay_step;
    eg_rule rule;         /* in place of connections */
    eg_output output;     /* its default target is the membrane potential, V */
    bool skip_refractory; /* nothing arrives at neurons that are held or have just spiked (post's `refractory`) */
} eg_delta_synapse_params;

/* g_max 1, CUBA on V. */
EG_API eg_delta_synapse_params eg_delta_synapse_defaults(void);
/* The projection.  params NULL: defaults. */
EG_API eg_system *(eg_delta_synapse)(eg_system *parent, const char *name, eg_system *pre, eg_system *post,
                                     eg_csr *connections, const eg_delta_synapse_params *params, EG_PLACE);

/* dg/dt = -g/tau, exact step; a spike of source i adds g_max to g of each of its targets.  The spikes of the step
 * before arrive: g = g exp(-dt/tau) + g_max s, then post's input gets the output's current of this g. */
typedef struct eg_exp_synapse_params {
    double tau;   /* ms, > 0 */
    double g_max; /* weight of all synapses */
    /* Instead of g_max: floats [pre] (one a source), one for each synapse, or [pre, post]; NULL = none. */
    eg_array *weight;
    eg_delay_step delay_step;
    eg_rule rule; /* in place of connections */
    eg_output output;
} eg_exp_synapse_params;

/* tau 8, g_max 1, CUBA. */
EG_API eg_exp_synapse_params eg_exp_synapse_defaults(void);
/* Variable: g [post].  Returns g. */
EG_API eg_system *(eg_exp_synapse)(eg_system *parent, const char *name, eg_system *pre, eg_system *post,
                                   eg_csr *connections, const eg_exp_synapse_params *params, EG_PLACE);

/* -- inputs and counters ------------------------------------------------------------------------------------------- */

/* Adds a constant to the input of all of target in every step. */
EG_API eg_system *(eg_current)(eg_system *parent, const char *name, eg_system *target, double I, EG_PLACE);

/* Counts the spikes of each neuron.  Variable: count (i32 [num of group]): spikes of all steps but the last, whose are
 * in the group's spike. */
EG_API eg_system *(eg_spike_counter)(eg_system *parent, const char *name, eg_system *group, EG_PLACE);
/* All spikes counted in the state (NULL = the context's own) since the last reset; -1 after an error.  Errors: not a
 * counter, a mode that has batches. */
EG_API int64_t eg_spike_count(eg_system *counter, eg_state *state);

#ifndef __cplusplus
#define eg_delta_synapse(...) (eg_delta_synapse)(__VA_ARGS__, EG_HERE)
#define eg_exp_synapse(...) (eg_exp_synapse)(__VA_ARGS__, EG_HERE)
#define eg_current(...) (eg_current)(__VA_ARGS__, EG_HERE)
#define eg_spike_counter(...) (eg_spike_counter)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
