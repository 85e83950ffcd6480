/* The context: what everything made by a user belongs to.  Upper layers hang their own parts on opaque pointers. */
#ifndef EGI_CONTEXT_H
#define EGI_CONTEXT_H

#include <pthread.h>

#include "core/core.h"

struct egi_graph;
struct egi_trace;
struct egi_jit;
struct egi_environments;

struct eg_context {
    eg_header header; /* first: an eg_val points here */
    eg_options options;
    eg_allocator allocator;
    egi_arena arena; /* lives as long as the context: names, variables */
    eg_status status;
    char message[1024];
    eg_log_fn log;
    void *log_user;
    eg_dtype default_float;                /* of plain numbers that meet no traced value; the environment says it */
    eg_dtype default_complex;              /* of complex ones */
    struct egi_environments *environments; /* lib/api/environment.c; NULL: nothing was set */
    bool verify;                           /* EG_VERIFY: check graphs after every pass, in release builds too */
    struct egi_trace *trace;               /* innermost trace in progress, or NULL: lib/api/trace.h */
    uint32_t generation;                   /* given to traces, ever increasing */
    EGI_VEC(eg_var *) vars;
    EGI_VEC(eg_func *) funcs;
    EGI_VEC(eg_state *) states;
    EGI_VEC(eg_array *) arrays;
    EGI_VEC(eg_csr *) csrs;
    /* Things of upper layers that must be freed with the context, last made first (systems, delivery plans, ...). */
    EGI_VEC(struct egi_owned) owned;
    eg_state *own_state;
    eg_stats stats;
    pthread_mutex_t lock; /* compiling and stats: host threads may run functions at once */
    struct egi_jit *jit;  /* LLVM's side, made at the first compilation: lib/jit/orc.c */
};

/* Something to free when the context closes. */
struct egi_owned {
    void *object;
    void (*free)(void *object);
};
/* Registers it; when that fails for lack of memory the object is freed at once and false returned. */
bool egi_own(eg_context *eg, void *object, void (*free)(void *object));

struct eg_var {
    eg_context *eg;
    const char *name;
    eg_spec spec;
    uint32_t index;   /* in eg->vars */
    const char *file; /* where it was made */
    int line;
    void *init; /* initial elements, or NULL = zeros */
    size_t bytes;
};

struct eg_array {
    eg_context *eg;
    eg_spec spec;
    uint32_t index;
    size_t bytes;
    void *data; /* aligned, padded by EGI_SLACK */
};

/* Every buffer may be read this far behind its end: whole vectors are loaded at its tail. */
#define EGI_SLACK 128

#endif
