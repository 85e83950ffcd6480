/* Layers by the names of the cases. */
#ifndef TESTS_GOLDEN_LAYERS_H
#define TESTS_GOLDEN_LAYERS_H

#include "golden.h"

/* Names of a layer's weights in a case; NULL: none. */
typedef struct golden_weights {
    const char *map; /* args or weights */
    const char *W, *b, *Wi, *Wh;
} golden_weights;

/* Dense or a cell, made in parent, with these weights, and sizes as they have.  NULL if there is no such layer. */
eg_system *golden_weighted(golden *g, eg_system *parent, const char *name, const char *layer, const golden_weights *w);
/* The same with the weights in `args`, in a system "L" that has a variable "state" if it is a cell: h, of LSTM [h c].
 */
eg_system *golden_cell(golden *g, eg_system *net, const char *layer);

#endif
