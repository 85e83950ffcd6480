/* Neuron models by the names of the cases. */
#ifndef TESTS_GOLDEN_NEURONS_H
#define TESTS_GOLDEN_NEURONS_H

#include "golden.h"

/* A group of the model `model` with the parameters in the map `params` of the case; NULL if there is no such model. */
eg_system *golden_group(golden *g, eg_system *net, const char *name, int64_t num, const char *model,
                        const char *params);
/* The same for a map within a map of the case. */
eg_lif_params golden_lif(golden *g, const char *params);
/* The variable that a case's input is added to. */
const char *golden_input_of(const char *model);

#endif
