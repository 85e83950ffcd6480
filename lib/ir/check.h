/* What verifier, printer and parser share. */
#ifndef EGI_IR_CHECK_H
#define EGI_IR_CHECK_H

#include "ir/graph.h"

enum { EGI_MAX_DEPTH = 64 }; /* of nested regions, as egi_region_open allows */

/* Which rule is broken, and where. */
typedef struct egi_fault {
    egi_id node; /* 0: not of one node */
    char rule[240];
} egi_fault;

/* Fills the fault; returns false, so that a check can end with it. */
bool egi_broken(egi_fault *f, egi_id node, const char *format, ...) EG_PRINTF(3, 4);

/* Checks every rule.  The graph's arrays may hold anything; false with the first fault, or with the context's error set
 * when memory ran out. */
bool egi_check(const egi_graph *g, egi_fault *f);
/* Operands, attributes, types and shape of one node whose indices are known to be in range (verify_op.c). */
bool egi_check_node(const egi_graph *g, egi_id id, egi_fault *f);
/* The same of loop, while, cond, host and item (verify_region.c). */
bool egi_check_region_node(const egi_graph *g, egi_id id, egi_fault *f);

/* Regions that a node owns: the first `n` of its attributes are their numbers. */
static inline int egi_regions_of(egi_op op) { return op == EGI_LOOP ? 1 : op == EGI_WHILE || op == EGI_COND ? 2 : 0; }
/* What the attributes of loop, while and cond are called in text; NULL for other operations. */
const char *const *egi_attr_words(egi_op op);
/* Does imm mean anything? */
bool egi_has_number(egi_op op);
/* Is an equal node of the same region the same node? */
static inline bool egi_is_shared(egi_op op)
{
    return !(egi_flags(op) & FI) || op == EGI_ARG || op == EGI_VAR || op == EGI_ARRAY;
}
static inline bool egi_is_inside(const egi_graph *g, uint16_t region, uint16_t outer)
{
    while (g->regions.at[region].depth > g->regions.at[outer].depth) region = g->regions.at[region].parent;
    return region == outer;
}
bool egi_same_shape(const egi_shape *a, const egi_shape *b);

/* egi_graph_parse, for texts that name host functions: each must be one of these, with the same outputs. */
egi_graph *egi_graph_parse_with(eg_context *eg, const char *text, int num_hosts, const egi_host *hosts);

/* -- lib/ir/literal.c: numbers as text, exact both ways, whatever the locale ---------------------------------- */

void egi_put_literal(egi_text *t, eg_dtype type, uint64_t bits);
/* Reads one and moves on *s; false if it is none, or does not fit the type. */
bool egi_read_literal(const char **s, eg_dtype type, uint64_t *bits);
/* Decimal digits with an optional sign. */
bool egi_read_int(const char **s, int64_t *value);

#endif
