/* Faults that the user's data bring in. */
#include "planted.h"

static eg_val argument(eg_val x)
{
    eg_set(V, eg_add(eg_get(V), BAD(x)));
    return eg_nothing();
}
static void row_of_an_argument(eg_val n, eg_val row)
{
    (void)n;
    eg_set(V, eg_add(eg_get(V), eg_mul(row, 0.5)));
}
static void gathered(eg_val n, eg_val row)
{
    (void)row;
    eg_val one = eg_gather(BAD(eg_constant(holed)), eg_mod(n, 16), 0);
    eg_set(s, eg_add(eg_get(s), one));
}
static void weight(eg_val n, eg_val row)
{
    (void)row;
    eg_val fired = eg_and(eg_eq(n, 55), eg_eq(eg_iota(eg, N, EG_I32), 10));
    eg_set(g, eg_event_add(eg_get(g), csr, fired, BAD(eg_constant(synapses))));
}
static void weight_of_dot(eg_val n, eg_val row)
{
    (void)n;
    (void)row;
    eg_set(s, eg_dot(eg_get(V), BAD(eg_constant(holed))));
}
static void constant(eg_val n, eg_val row)
{
    (void)row;
    eg_set(s, eg_where(here(n, 4), eg_add(eg_get(s), BAD(eg_full(eg, eg_scalar(EG_F32), NAN))), eg_get(s)));
}
/* Bad from the start, in one element; a fault where it spreads. */
static void spreads(eg_val n, eg_val row)
{
    (void)row;
    eg_set(V, eg_where(here(n, 66), eg_add(eg_get(V), eg_convert(eg_get(D), EG_F32)), eg_get(V)));
}
static eg_val variable(eg_val x)
{
    (void)x;
    eg_set(V, eg_mul(eg_get(V), eg_convert(eg_get(D), EG_F32)));
    return eg_nothing();
}

const planted planted_given[] = {
    {"an argument", NULL, argument, "outside of its loops: argument 0 [3] at # is nan; seen in variable 'V' [3]"},
    {"a row of an argument", row_of_an_argument, NULL,
     "step 7: argument 1 [7, 5] at # is inf; seen in variable 'V' [5]"},
    {"gather of a captured array", gathered, NULL, "step 9: the captured array [9] at @ is nan; seen in variable 's'"},
    {"a weight of an event", weight, NULL, "step 55: the captured array [20] at @ is inf; seen in variable 'g' [10]"},
    {"a weight of a dot", weight_of_dot, NULL, "step 0: the captured array [9] at @ is nan; seen in variable 's'"},
    {"a constant", constant, NULL, "step 4: the constant at @ is nan; seen in variable 's'"},
    {"a variable that spreads in a step", spreads, NULL,
     "step 66: variable 'D' [8] is nan when the run begins; seen in variable 'V' [8]"},
    {"a variable that spreads", NULL, variable,
     "outside of its loops: variable 'D' [8] is nan when the run begins; seen in variable 'V' [8]"},
};

const size_t num_given = LEN(planted_given);
