/* Faults planted into steps, and what a checked run must say of each. */
#ifndef ENGRAM_TESTS_PLANTED_H
#define ENGRAM_TESTS_PLANTED_H

#include <math.h>

#include "engram/core.h"
#include "engram/math.h"
#include "support/support.h"

enum { N = 150, STEPS = 200 };
#define LEN(a) (sizeof(a) / sizeof *(a))

typedef struct planted {
    const char *name;
    /* A step of the loop: its number and a row of the second argument. */
    void (*step)(eg_val n, eg_val row);
    /* Or the whole function, of the first argument: gives its result. */
    eg_val (*whole)(eg_val x);
    /* The message, from the step to where the fault is seen; @ stands for the place of BAD. */
    const char *says;
} planted;

/* Elementwise operations; everything that moves or adds up; loops and conds; what is given. */
extern const planted planted_elementwise[], planted_moved[], planted_flow[], planted_given[];
extern const size_t num_elementwise, num_moved, num_flow, num_given;

/* What the cases are made of; all but the first two anew for each context. */
extern const char *bad_file;
extern int bad_line;
extern eg_context *eg;
extern eg_var *V, *W, *g, *s, *D, *m, *t_last; /* [N]: V, W = index, g = 0, D f64, t_last = -inf; s scalar; m [3, N] */
extern eg_delay *lag;                          /* of 5 steps */
extern eg_array *holed, *synapses, *large, *index_of; /* NaN at 9; one a synapse, inf at 20; 1e38 all over; N - 1 - i */
extern eg_csr *csr;                                   /* i to i and i + 1 */

/* Makes them, in eg; D is 0 and NaN at 8, or (marked) NaN all over. */
void planted_objects(bool marked);

#define BAD(x) (bad_file = __FILE__, bad_line = __LINE__, (x))
/* `bad` at element j in step k, else `good`. */
static inline eg_val plant(eg_val n, int64_t k, int64_t j, double bad, double good)
{
    eg_val there = eg_and(eg_eq(n, k), eg_eq(eg_iota(eg, N, EG_I64), j));
    return eg_where(there, eg_full(eg, eg_vector(EG_F32, N), bad), (float)good);
}
/* Sets it until it is NaN or infinite (NaN, where infinities are meant): compiled code looks at the ends of chunks. */
static inline void keep(eg_var *v, eg_val x)
{
    eg_val old = eg_get(v);
    eg_set(v, eg_where(eg_or(eg_isnan(old), eg_isinf(old)), old, x));
}
static inline void keep_nan(eg_var *v, eg_val x)
{
    eg_val old = eg_get(v);
    eg_set(v, eg_where(eg_isnan(old), old, x));
}
static inline eg_val here(eg_val n, int64_t k) { return eg_eq(n, k); }

#endif
