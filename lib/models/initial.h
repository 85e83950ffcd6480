/* Initial values inside: what their files share. */
#ifndef EGM_INITIAL_H
#define EGM_INITIAL_H

#include "engram/dynsys.h"

/* Where two populations lie: their places, along each axis from the outermost. */
typedef struct grids {
    int axes;
    int64_t targets; /* elements */
    int64_t source[EG_MAX_RANK], target[EG_MAX_RANK];
} grids;

/* Axis of the shape that is so far from its end, 0 meaning `otherwise`; -1 if there is none. */
static inline int axis_of(eg_spec spec, int given, int otherwise)
{
    int axis = given ? given : otherwise;
    return axis < 0 && axis >= -spec.rank ? spec.rank + axis : -1;
}

/* Element k of a variable from x, as its type has it. */
void store_initial(eg_dtype type, void *to, int64_t k, double x);
/* All elements, each by itself: every kind but the orthogonal ones. */
void draw_values(eg_context *eg, uint64_t seed, const eg_initializer *i, eg_spec spec, void *to);
/* The whole matrix at once; an error of the context if there is no memory for it. */
void draw_orthogonal(eg_context *eg, uint64_t seed, const eg_initializer *i, eg_spec spec, void *to);
void draw_delta_orthogonal(eg_context *eg, uint64_t seed, const eg_initializer *i, eg_spec spec, void *to);
/* The grids that a shape says, and the weight of element k. */
grids grids_of(const eg_initializer *i, eg_spec spec);
double decay_weight(const eg_initializer *i, const grids *g, int64_t k);

#endif
