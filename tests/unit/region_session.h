/* Two variables, and a function whose loop changes both, for tests of what regions carry. */
#ifndef ENGRAM_TESTS_REGION_SESSION_H
#define ENGRAM_TESTS_REGION_SESSION_H

#include "session.h"

static eg_var *a, *b;

static inline void variables(void)
{
    setup();
    a = eg_variable(eg, "a", eg_vector(EG_F32, 40));
    b = eg_variable(eg, "b", eg_scalar(EG_F64));
    eg_init_fill(a, 1.5);
    eg_init_fill(b, 0.25);
}

static inline eg_val pair(eg_val carry, eg_val y) { return eg_tuple(eg, 2, ((eg_val[]){carry, y})); }
static inline eg_val none(void) { return eg_nothing(); }

static inline eg_val read_then_set(void *user, eg_val x)
{
    (void)user;
    eg_val i = eg_convert(eg_item(x, 0), EG_F32);
    eg_set(a, eg_add(eg_mul(eg_get(a), 0.5), i));
    eg_set(b, eg_add(eg_get(b), eg_convert(eg_sum(eg_get(a)), EG_F64)));
    return none();
}
static inline eg_val loop_sets(void *user, eg_val x)
{
    (void)user;
    eg_loop(eg, 5, read_then_set, NULL, none(), none());
    eg_set(b, eg_add(eg_get(b), 1));
    return eg_add(x, eg_get(a));
}

#endif
