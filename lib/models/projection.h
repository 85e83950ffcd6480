/* What synapses share: who projects to whom, with which weight, how late. */
#ifndef EGM_PROJECTION_H
#define EGM_PROJECTION_H

#include "engram/models.h"

/* The connections of one delay. */
typedef struct lag {
    int32_t steps;
    eg_csr *csr;
    eg_array *weight; /* of each synapse, in the order of the rows; NULL: the projection's g_max */
} lag;

typedef struct projection {
    eg_system *pre, *post;
    eg_csr *csr; /* NULL: the rule */
    eg_rule rule;
    double g_max;
    eg_array *weight;
    eg_delay_step delay;
    /* made by projection_setup() */
    eg_system *line; /* past spikes of pre; NULL without delays */
    eg_array *each;  /* steps for each source of the whole group, i32; or NULL */
    int num_lags;    /* connections by their delay, ascending; 0 = all are `csr` */
    lag *lag;
} projection;

/* Checks connections, weights, delays and the output, whose default target it fills in, and makes what delays need.
 * False after an error, which leaves nothing behind. */
bool projection_setup(eg_system *self, projection *p, eg_output *output, const char *target);
/* Traced: base + what arrives from the spikes of the step before, or of earlier ones. */
eg_val projection_deliver(const projection *p, eg_val base);

/* -- its parts ----------------------------------------------------------------------------------------------------- */

/* Replaces weights [pre, post] by one for each synapse of p->csr.  False after an error. */
bool projection_flatten(eg_system *self, projection *p);
/* Divides the connections by the delays of single synapses.  False after an error. */
bool projection_split(eg_system *self, projection *p, int32_t most);

/* Past spikes of a group: a system that remembers at least `most` steps, one for all that ask before the first trace.
 * NULL after an error. */
eg_system *spike_line_of(eg_system *group, int64_t most);
/* Traced: the spikes `steps` (as of eg_delay_read) steps before those of the step before. */
eg_val spike_line_read(eg_system *line, eg_val steps);

#endif
