/* Memory that lives as long as the context. */
#include "api/api.h"
#include "engram/dynsys.h"

void *eg_keep(eg_context *eg, size_t size)
{
    if (!egi_ready(eg)) return NULL;
    void *p = egi_arena_alloc(&eg->arena, size ? size : 1);
    if (!p) egi_no_memory(eg);
    return p;
}
