/* An allocator that fails when told to, and counts what is not given back. */
#ifndef ENGRAM_TESTS_FAULTY_H
#define ENGRAM_TESTS_FAULTY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engram/core.h"

typedef struct faulty {
    atomic_long allocations, live;
    long at;      /* the allocation that fails; 0 = none */
    bool onwards; /* and all later ones */
} faulty;

eg_allocator faulty_allocator(faulty *a);

/* Calls fn in a context whose k-th allocation after opening fails, once and from then on, for every k up to the first
 * at which fn succeeds: it must fail with EG_ERR_MEMORY or succeed, and nothing may be left. */
void faulty_every(bool (*fn)(eg_context *eg));

#endif
