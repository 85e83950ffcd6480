/* Functions to export: one of every kind of work that compiled code does. */
#ifndef TRACED_H
#define TRACED_H

#include "engram/engram.h"
#include "engram/export.h"

typedef struct traced {
    const char *name;
    eg_func *(*trace)(eg_context *eg);
    int variables; /* how many of traced_variables it has */
} traced;

enum { NUM_TRACED = 8 };
extern const traced traced_functions[NUM_TRACED];
/* Names of variables that they have; ends with NULL. */
extern const char *const traced_variables[];

/* Values for the arguments of f: whole numbers are 7, single f64 0.1, arrays anything; call `call` of several gets
 * others.  Free with arguments_free. */
typedef struct arguments {
    int num_in, num_out;
    void *in[8], *out[8];
    size_t in_bytes[8], out_bytes[8];
} arguments;
void arguments_make(arguments *a, const eg_func *f);
void arguments_fill(arguments *a, const eg_func *f, int call);
void arguments_free(arguments *a);

#endif
