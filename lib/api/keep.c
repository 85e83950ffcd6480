/* What lives as long as the context: memory, and objects of others. */
#include "api/api.h"
#include "engram/dynsys.h"
#include "engram/parallel.h"

void *eg_keep(eg_context *eg, size_t size)
{
    if (!egi_ready(eg)) return NULL;
    void *p = egi_arena_alloc(&eg->arena, size ? size : 1);
    if (!p) egi_no_memory(eg);
    return p;
}

bool eg_own(eg_context *eg, void *object, void (*free)(void *object))
{
    if (!free) return false;
    if (egi_ready(eg)) return egi_own(eg, object, free);
    free(object);
    return false;
}

void eg_disown(eg_context *eg, const void *object)
{
    for (int64_t k = eg ? eg->owned.n - 1 : -1; k >= 0; k--) {
        if (eg->owned.at[k].object != object) continue;
        memmove(eg->owned.at + k, eg->owned.at + k + 1, (size_t)(--eg->owned.n - k) * sizeof *eg->owned.at);
        return;
    }
}
