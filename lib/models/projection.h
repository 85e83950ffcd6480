/* What synapses share: who projects to whom, with which weight, how late. */
#ifndef EGM_PROJECTION_H
#define EGM_PROJECTION_H

#include "engram/models.h"

typedef struct projection {
    eg_system *pre, *post;
    eg_csr *csr;
    double g_max;
    eg_array *weight;
    eg_delay_step delay;
    /* made by projection_setup() */
    eg_delay *line; /* spikes of pre; NULL without delays */
    eg_array *each; /* steps for each source, i32; or NULL */
    int num_lags;   /* connections by their delay, ascending; 0 = all are `csr` */
    struct lag *lag;
} projection;

/* Checks the connections against the groups and the weights, and makes what delays need.  False after an error. */
bool projection_setup(eg_system *self, projection *p);
/* Traced: base + what arrives from the spikes of the step before, or of earlier ones. */
eg_val projection_deliver(eg_system *self, const projection *p, eg_val base);
/* Checks an output and its target; fills in the default target. */
bool projection_output(eg_system *self, eg_system *post, eg_output *output, const char *target);

#endif
