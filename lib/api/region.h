/* What loops, whiles and conds share while tracing. */
#ifndef EGI_API_REGION_H
#define EGI_API_REGION_H

#include "api/api.h"

/* Appends; false if id is 0 or there is no memory. */
bool egi_ids_push(egi_graph *g, egi_ids *list, egi_id id);
/* The leaves of a value that may be a tuple; of a complex one both parts. */
bool egi_flatten(egi_graph *g, egi_id id, egi_ids *out);
/* A value of the same structure as `like` with other leaves. */
egi_id egi_unflatten(egi_graph *g, egi_id like, const egi_id **leaf);
/* Are parts of `now` complex where those of `before` are?  How many there are is asked elsewhere.  If not, an error. */
bool egi_same_parts(egi_graph *g, egi_id before, egi_id now, const char *what, const char *file, int line);
/* Any eg_val as an id: nothing is the empty tuple, a plain number a constant. */
egi_id egi_any(eg_context *eg, eg_val v, const char *what, const char *file, int line);
/* The reverse: the empty tuple is nothing. */
eg_val egi_wrap_any(eg_context *eg, egi_id id);
/* A new parameter of the region. */
egi_id egi_region_param(egi_graph *g, uint16_t region, uint32_t k, eg_spec spec);
/* Opens a region and its scope. */
bool egi_region_enter(egi_trace *t, egi_scope *s, egi_scope_kind kind);
void egi_region_leave(egi_trace *t, egi_scope *s);
void egi_scope_free(egi_trace *t, egi_scope *s);
/* The node that owns regions. */
egi_id egi_region_node(egi_graph *g, egi_op op, const egi_ids *args, int n, const int64_t *attr);
/* `now` as a successor of `before` in a loop: the same type and shape; a scalar is spread. 0 after an error. */
egi_id egi_matching(egi_graph *g, egi_id before, egi_id now, const char *what, const char *file, int line);
/* Item *k of the owner, which is counted on; two of them where `like` is complex. */
egi_id egi_items_like(egi_graph *g, egi_id owner, uint32_t *k, egi_id like);
/* The values that the variables of a finished region get outside; items from `first` on. */
void egi_publish(egi_trace *t, egi_scope *s, egi_id owner, uint32_t first);

#endif
