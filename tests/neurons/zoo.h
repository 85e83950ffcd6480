/* All neuron models, as one table: what the tests ask of each of them. */
#ifndef TESTS_ZOO_H
#define TESTS_ZOO_H

#include <engram/engram.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/context.h"
#include "support/support.h"

/* Which values a parameter may have. */
typedef enum zoo_kind { FINITE, TIME, WIDTH, NOT_ZERO, SHARE, THRESHOLD, TAU_REF, NOISE } zoo_kind;

typedef struct zoo_param {
    const char *name;
    size_t at; /* in the struct of parameters */
    zoo_kind kind;
    double value; /* default */
} zoo_param;

enum { ZOO_STATES = 8, ZOO_PARAMS = 20, ZOO_SIZE = 4096 };

typedef struct zoo_model {
    const char *name; /* of the class */
    size_t size;      /* of the struct of parameters */
    void (*defaults)(void *params);
    eg_system *(*make)(eg_system *net, const char *name, int64_t num, const void *params);
    size_t drawn;        /* the initialiser of a V that is drawn by default; 0: none is */
    double quiet, drive; /* currents below and above the one that makes it spike */
    struct {
        const char *name;
        double start; /* with the defaults; NAN: drawn, or made from what is drawn */
    } state[ZOO_STATES];
    zoo_param param[ZOO_PARAMS];
} zoo_model;

extern const zoo_model zoo[];
extern const int zoo_num;

/* A model by its name; there must be one. */
const zoo_model *zoo_named(const char *name);
int zoo_states(const zoo_model *m);
/* A parameter by its name; NULL: the model has none of that name. */
double *zoo_param_of(const zoo_model *m, void *params, const char *name);

/* -- a group with given input, as a traced function ---------------------------------------------------------------- */

enum { N = 13 };
/* A group "N" of N neurons in a network, and a loop of its steps: arguments I [N] (f64, or f32), results sum of all
 * states after the last step, and sum of the spikes of each neuron [N] (of all neurons and steps, as floats). */
typedef struct zoo_scene {
    eg_context *eg;
    eg_system *net, *group;
    const zoo_model *m;
    int64_t steps;
} zoo_scene;

/* change: a parameter that is set to value, or NULL.  A V that is drawn by default is -65. */
zoo_scene zoo_open(int way, const zoo_model *m, eg_dtype type, const char *change, double value);
eg_func *zoo_trace(zoo_scene *s, int64_t steps);

#endif
