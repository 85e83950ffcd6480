/* The surrogates that are shipped: a row each, with its formulas and parameters. */
#ifndef EGN_SURROGATE_H
#define EGN_SURROGATE_H

#include "engram/surrogate.h"

/* The call of a user that is being traced: all that surrogates are made of stands there, in errors, in the text of the
 * graph, and in what a check for NaN names.  A formula has no other way to know. */
typedef struct surrogate_place {
    const char *file;
    int line;
} surrogate_place;
extern _Thread_local surrogate_place surrogate_here;
#undef EG_HERE
#define EG_HERE surrogate_here.file, surrogate_here.line

/* What a parameter must be. */
typedef enum surrogate_range {
    SURROGATE_FINITE,
    SURROGATE_NOT_NEGATIVE,
    SURROGATE_POSITIVE,
    SURROGATE_ABOVE_1,
    SURROGATE_COUNT /* whole, 1 to 100 */
} surrogate_range;

typedef struct surrogate_row {
    const char *name;
    eg_surrogate_fn slope, primitive;
    struct {
        const char *name; /* NULL behind the last */
        double value;     /* default */
        surrogate_range range;
    } param[EG_SURROGATE_PARAMS];
} surrogate_row;

/* A row without a name ends them. */
extern const surrogate_row surrogate_rows[];

/* The row with its defaults. */
eg_surrogate surrogate_of(const surrogate_row *row);
/* Is every parameter in its range?  If not: an error of `what`. */
bool surrogate_check(eg_context *eg, const char *what, const eg_surrogate *s, const char *file, int line);

#endif
