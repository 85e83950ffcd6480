/* What the steps of equations share: equations are written for single numbers; a step of single numbers is traced, and
 * eg_vmap() makes that of all elements. */
#ifndef EGS_STEPPING_H
#define EGS_STEPPING_H

#include "engram/integrate.h"
#include "engram/math.h"

enum { MOST = 63 }; /* parts of x */

typedef struct stepping {
    eg_context *eg;
    const char *name; /* of the function called, for errors */
    const char *file;
    int line;
    int num;        /* parts of x */
    int k, end;     /* parts k to end - 1 are integrated ... */
    const eg_fn *f; /* ... by an equation each */
    void *user;
    eg_spec part[MOST];
    eg_dtype type;     /* of what is integrated */
    eg_func *equation; /* with its derivative, where that is needed */
} stepping;

/* An error of the call. */
void fail_step(const stepping *s, eg_status status, const char *what);
/* Equation j of the integrated ones at x, as a number of their type. */
eg_val equation_at(const stepping *s, int j, eg_val x);
/* Parts as x: a tuple, or the only one. */
eg_val joined(const stepping *s, const eg_val *part);
/* The function of single numbers x..., dt. */
eg_func *trace_numbers(stepping *s, eg_fn one_step);
/* Parts of x as scalars, and dt. */
void number_specs(const stepping *s, eg_spec arg[MOST + 1]);

/* The whole call: checks x and dt, traces the step by `trace` and applies it to all elements.  What is integrated,
 * after the step; a tuple if that is several. */
eg_val take_step(stepping *s, eg_val x, eg_val dt, eg_func *(*trace)(stepping *s));

#endif
