/* A traced function. */
#ifndef EGI_IR_FUNC_H
#define EGI_IR_FUNC_H

#include "core/context.h"
#include "ir/graph.h"

struct eg_func {
    eg_context *eg;
    const char *name;
    egi_graph *graph;  /* traced and simplified; immutable: what runs */
    egi_graph *traced; /* the same with the CUSTOM nodes that gradients need; often the same graph, shared */
    char *text;
    char *memory;           /* text of eg_plan_text */
    struct egi_code *code;  /* compiled, shared through the cache; NULL until needed */
    struct eg_func *lifted; /* with products taken out of loops, what runs unless it is checked; NULL: none there */
    bool lift_asked;
    struct egi_step *steps;    /* as plain C functions: lib/runtime/solo.h */
    struct egi_copies *copies; /* made by eg_vmap(), run copy by copy: lib/runtime/copies.h; else NULL */
    double trace_s;
};

#endif
