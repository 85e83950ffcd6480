/* What the public functions share: the trace in progress, checking of values. */
#ifndef EGI_API_H
#define EGI_API_H

#include "core/context.h"
#include "engram/transform.h"
#include "ir/func.h"
#include "ir/graph.h"

/* Value of one variable in one scope. */
typedef struct egi_binding {
    uint32_t slot; /* graph->vars */
    egi_id value;  /* now */
    egi_id param;  /* of the loop or while, 0 in others */
    egi_id outer;  /* value before the loop */
    bool set;
} egi_binding;

typedef enum egi_scope_kind { EGI_SCOPE_FUNC, EGI_SCOPE_LOOP, EGI_SCOPE_ARM, EGI_SCOPE_COND } egi_scope_kind;

/* One region being traced: which variables it has read and set. */
typedef struct egi_scope {
    struct egi_scope *outer;
    egi_scope_kind kind; /* COND: the condition of a while, where nothing may be set */
    uint16_t region;
    uint32_t carried; /* parameters given out so far, before the variables' */
    EGI_VEC(egi_binding) vars;
} egi_scope;

typedef struct egi_trace {
    struct egi_trace *outer;
    egi_graph *g;
    uint32_t generation;
    egi_scope *scope;
} egi_trace;

/* True if fine to go on: a context without an error. */
bool egi_ready(eg_context *eg);
/* The graph being traced, or an EG_ERR_STATE error naming `what`. */
egi_graph *egi_tracing(eg_context *eg, const char *what, const char *file, int line);
/* For calls that were given nothing that has a context, NULL above all: an EG_ERR_ARGUMENT error "what: why" in the
 * context whose function this thread traces, if it does.  Gives nothing. */
eg_val egi_lost(const char *what, const char *why, const char *file, int line);
/* The context whose function this thread traces; NULL: none.  Returns the one before. */
eg_context *egi_trace_here(eg_context *eg);
eg_context *egi_traced_here(void);
/* Context of a traced value; NULL for plain numbers, nothing and anything odd. */
eg_context *egi_context_of(eg_val v);
bool egi_is_plain(eg_val v);
bool egi_is_nothing(eg_val v);
/* Double / integer value of a plain number. */
double egi_plain_real(eg_val v);
int64_t egi_plain_int(eg_val v);
bool egi_plain_is_int(eg_val v);
/* Checks that v is a live traced value of eg (not a tuple unless `tuple`): its id, or 0 after an error that names
 * `what`.  v.of NULL is "nothing": an error here. */
egi_id egi_use(eg_context *eg, eg_val v, const char *what, bool tuple, const char *file, int line);
/* The same, but a plain number becomes a constant of type t. */
egi_id egi_use_as(eg_context *eg, eg_val v, eg_dtype t, const char *what, const char *file, int line);
/* A node of the trace in progress as a value; id 0 gives nothing. */
eg_val egi_wrap(eg_context *eg, egi_id id);
/* Marks where the user is: goes into the nodes built from now on. */
void egi_here(egi_graph *g, const char *file, int line);
/* Checks a spec given by a user: rank, extents, type. */
bool egi_check_spec(eg_context *eg, eg_spec s, const char *what, const char *file, int line);

/* A function of a complete graph, which becomes the function's (it is freed after an error); of one that is simplified
 * and verified first, and stays the caller's (lib/api/trace.c). */
eg_func *egi_func_new(eg_context *eg, const char *name, egi_graph *g);
eg_func *egi_func_of(eg_context *eg, const char *name, const egi_graph *g);

/* eg_vmap(); with keep_means the copies are no samples, and eg_batch_mean() waits for those (lib/api/vmap.c). */
eg_func *egi_vmap_func(eg_func *f, int64_t num, const eg_vmap_options *options, bool keep_means, const char *file,
                       int line);

/* Current value of a variable in the innermost scope, and setting it: of a complex one a pair (lib/api/scope.c). */
egi_id egi_scope_get(egi_trace *t, egi_scope *s, eg_var *v);
bool egi_scope_set(egi_trace *t, eg_var *v, egi_id value);
uint32_t egi_var_slot(egi_graph *g, eg_var *v);

#endif
