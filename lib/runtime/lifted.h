/* What runs in place of a function, with products taken out of its loops. */
#ifndef EGI_LIFTED_H
#define EGI_LIFTED_H

#include "ir/func.h"

/* The function that unchecked compiled runs take: f's twin, made at the first call, or f itself where there is nothing
 * to lift, with no_passes, and after an error.  With the context locked. */
eg_func *egi_lifted(eg_func *f);
/* The same without making it. */
static inline eg_func *egi_lifted_or_self(eg_func *f) { return f->lifted ? f->lifted : f; }
/* Frees the twin, which belongs to f. */
void egi_lifted_free(eg_func *f);

#endif
