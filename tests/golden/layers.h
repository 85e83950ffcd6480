/* Layers of one sample by the names of the cases. */
#ifndef TESTS_GOLDEN_LAYERS_H
#define TESTS_GOLDEN_LAYERS_H

#include "golden.h"

/* A layer of that name with the weights in the map `args` of the case; recurrent ones have a variable "state".  NULL if
 * there is no such layer. */
eg_system *golden_layer(golden *g, eg_system *net, const char *name);

#endif
