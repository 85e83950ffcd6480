/* The graph: what a traced function is, before, between and after the passes.
 *
 * A graph is an array of small plain nodes.  Operands have smaller numbers than their users, so ascending order is an
 * order of execution.  Equal pure nodes are one node.  Nothing is edited in place: a pass copies the graph into a new
 * one.
 *
 * Regions nest.  Region 0 is the function's body; a loop, while or cond owns further ones.  A node lives in the deepest
 * region among its operands (never above the innermost arm of a cond that was open when it was built), so what does not
 * depend on a loop stands outside of it.
 *
 *   LOOP   args n, carried[nc], sequences[ns]     attr {body, nc, ns, ny}
 *          body parameters: 0 = i (i64), then carried, then rows of the sequences; results: carried, then ny rows to
 * stack items: carried[nc], stacked[ny] (leading extent n) WHILE  args carried[nc]                        attr {cond,
 * body}; both have parameters carried[nc] cond's result: one bool scalar; body's results: carried; items: carried COND
 * args predicate (bool scalar)            attr {yes, no}; no parameters (arms use outer values directly) both arms'
 * results: the items HOST   args inputs; imm = slot of the function; items: outputs
 *
 * Results of a function: results of region 0; written variables: graph->writes (variable, value) in region 0.
 */
#ifndef EGI_GRAPH_H
#define EGI_GRAPH_H

#include "core/core.h"

typedef uint32_t egi_id; /* index of a node; 0 = no value (an error happened), so builders let it pass through */

typedef enum egi_op {
#define OP(name, ...) EGI_##name,
#include "ir/ops.def"
#undef OP
    EGI_OP_COUNT
} egi_op;

/* flags of a row of ops.def */
enum {
    FE = 1,   /* elementwise */
    FC = 2,   /* commutative */
    FQ = 4,   /* comparison */
    FX = 8,   /* composite */
    FV = 16,  /* affine view */
    FR = 32,  /* reduction */
    FS = 64,  /* moves elements */
    FI = 128, /* has identity */
    FL = 256  /* owns regions */
};
typedef enum egi_rule { EGI_RULE_SAME, EGI_RULE_BOOL, EGI_RULE_INT32, EGI_RULE_SEL, EGI_RULE_OWN } egi_rule;
enum { EGI_ALLOW_B = 1, EGI_ALLOW_I = 2, EGI_ALLOW_F = 4, EGI_ALLOW_C = 8 /* of users alone */, EGI_ALLOW_ALL = 15 };

typedef struct egi_op_info {
    const char *text;
    int args; /* -1 = any number */
    egi_rule rule;
    unsigned allowed, flags;
} egi_op_info;
extern const egi_op_info egi_ops[EGI_OP_COUNT];

typedef struct egi_node {
    uint8_t op;      /* egi_op */
    uint8_t dtype;   /* eg_dtype; of a tuple or region node: EG_DTYPE_COUNT */
    uint16_t region; /* where it lives */
    uint32_t shape;  /* interned; 0 = rank 0 */
    uint32_t num_args;
    uint32_t args; /* first operand in graph->operands */
    uint32_t attr; /* offset in graph->ints of {count, values...}; 0 = none */
    uint32_t loc;  /* where the user built it: index in graph->locs */
    uint64_t imm;  /* literal bits, number of an argument, slot, ... */
} egi_node;
_Static_assert(sizeof(egi_node) == 32, "a node stays small and plain");

typedef struct egi_shape {
    int rank;
    int64_t dim[EG_MAX_RANK];
} egi_shape;

typedef struct egi_loc {
    const char *file; /* a literal of the caller, or in the graph's arena */
    int line;
    const char *name; /* the user's name of the value (eg_name), or NULL */
} egi_loc;

typedef EGI_VEC(egi_id) egi_ids;

typedef struct egi_region {
    uint16_t parent; /* region around it; of region 0: 0 */
    uint16_t depth;
    uint16_t floor; /* innermost enclosing (or own) region out of which nothing may be moved: an arm of a cond, or 0 */
    bool open;      /* being built */
    uint32_t loc;   /* where the user opened it */
    egi_id owner;   /* node that owns it; 0 while open and of region 0 */
    egi_ids params, results;
} egi_region;

typedef struct egi_write {
    uint32_t var; /* slot in graph->vars */
    egi_id value;
} egi_write;

/* A captured object: an eg_var, eg_array, eg_csr or host function; nodes hold its slot. */
typedef struct egi_host {
    const char *name;
    eg_host_fn fn;
    void *user;
    int num_out;
    eg_spec *out;
} egi_host;

typedef struct egi_graph {
    eg_context *eg; /* for errors and memory; NULL in none */
    int shared;     /* owners besides the first; egi_graph_free takes one away */
    egi_arena arena;
    EGI_VEC(egi_node) nodes; /* [0] is NONE */
    EGI_VEC(egi_id) operands;
    EGI_VEC(int64_t) ints;
    EGI_VEC(egi_shape) shapes; /* [0] is rank 0 */
    EGI_VEC(egi_region) regions;
    EGI_VEC(egi_loc) locs;
    EGI_VEC(eg_spec) args;  /* of the function */
    EGI_VEC(eg_var *) vars; /* slots of captured objects */
    EGI_VEC(eg_array *) arrays;
    EGI_VEC(eg_csr *) csrs;
    EGI_VEC(egi_host) hosts;
    EGI_VEC(struct egi_graph *) customs; /* rules of CUSTOM nodes, shared: (x..., y..., gradients of y...) -> of x... */
    EGI_VEC(egi_write) writes;
    EGI_VEC(bool)
    complex_results; /* of region 0: is result k what users see as complex?  Those behind the last are not */
    uint32_t *table; /* hash table of pure nodes, open addressing, 0 = empty */
    uint32_t table_cap, table_used;
    uint16_t region;  /* where nodes without operands and with identity are put: the region being built */
    uint32_t loc;     /* where the user is */
    uint64_t streams; /* random streams given out */
    bool failed;      /* out of memory or misuse; the context holds the message */
} egi_graph;

/* -- lib/ir/graph.c: storage -------------------------------------------------------------------------------------- */

egi_graph *egi_graph_new(eg_context *eg);
void egi_graph_free(egi_graph *g);
uint32_t egi_shape_intern(egi_graph *g, const egi_shape *s);
uint32_t egi_loc_intern(egi_graph *g, const char *file, int line, const char *name);
uint32_t egi_ints(egi_graph *g, int n, const int64_t *v); /* offset for egi_node.attr */
uint16_t egi_region_open(egi_graph *g, bool floor);
void egi_region_close(egi_graph *g, uint16_t r);

static inline const egi_node *egi_at(const egi_graph *g, egi_id id) { return &g->nodes.at[id]; }
static inline egi_id egi_arg(const egi_graph *g, egi_id id, uint32_t k)
{
    return g->operands.at[g->nodes.at[id].args + k];
}
static inline const egi_shape *egi_shape_of(const egi_graph *g, egi_id id)
{
    return &g->shapes.at[g->nodes.at[id].shape];
}
static inline eg_dtype egi_dtype_of(const egi_graph *g, egi_id id) { return (eg_dtype)g->nodes.at[id].dtype; }
static inline unsigned egi_flags(egi_op op) { return egi_ops[op].flags; }
static inline int egi_num_ints(const egi_graph *g, const egi_node *n) { return n->attr ? (int)g->ints.at[n->attr] : 0; }
static inline const int64_t *egi_ints_of(const egi_graph *g, const egi_node *n) { return &g->ints.at[n->attr + 1]; }
static inline egi_shape egi_shape_of_spec(eg_spec spec)
{
    egi_shape s = {.rank = spec.rank};
    for (int k = 0; k < spec.rank; k++) s.dim[k] = spec.dim[k];
    return s;
}
static inline int64_t egi_shape_count(const egi_shape *s)
{
    int64_t n = 1;
    for (int k = 0; k < s->rank; k++) n *= s->dim[k];
    return n;
}
static inline int64_t egi_count(const egi_graph *g, egi_id id) { return egi_shape_count(egi_shape_of(g, id)); }
eg_spec egi_spec(const egi_graph *g, egi_id id);
/* Result k of the function as users see it, and making it complex: its last axis is that of real and imaginary part. */
static inline bool egi_result_is_complex(const egi_graph *g, int64_t k)
{
    return k < g->complex_results.n && g->complex_results.at[k];
}
eg_spec egi_result_spec(const egi_graph *g, int64_t k);
bool egi_result_becomes_complex(egi_graph *g, int64_t k);

/* -- lib/ir/node.c: the one way to make a node --------------------------------------------------------------------- */

typedef struct egi_make {
    egi_op op;
    eg_dtype dtype;
    uint32_t shape;
    uint32_t num_args;
    const egi_id *args;
    uint32_t attr;
    uint64_t imm;
} egi_make;
/* Finds an equal pure node or makes one, in the right region.  No folding, no contraction, no check of types.
 * 0 if an operand is 0, out of memory, or an operand is out of scope (an error that names both places). */
egi_id egi_node_make(egi_graph *g, const egi_make *m);
/* May the value be used where the graph is being built?  If not, an error of `what` that names the value's place and
 * that of the region it belongs to. */
bool egi_in_scope(egi_graph *g, egi_id id, const char *what);

/* -- lib/ir/build.c: internal builders: types given, folding, no contraction -------------------------------------- */

/* Type by the row's rule, shape of the operand with the highest rank.  Operands must fit: these are for expansions and
 * passes, not for users. */
egi_id egi_op1(egi_graph *g, egi_op op, egi_id a);
egi_id egi_op2(egi_graph *g, egi_op op, egi_id a, egi_id b);
egi_id egi_op3(egi_graph *g, egi_op op, egi_id a, egi_id b, egi_id c);
egi_id egi_const_bits(egi_graph *g, eg_dtype t, uint64_t bits);
egi_id egi_const_f(egi_graph *g, eg_dtype t, double x);
egi_id egi_const_i(egi_graph *g, eg_dtype t, int64_t x);
egi_id egi_convert(egi_graph *g, eg_dtype t, egi_id a);
egi_id egi_bitcast(egi_graph *g, eg_dtype t, egi_id a);
/* Item k of a region node, host call or tuple. */
egi_id egi_item(egi_graph *g, egi_id of, uint32_t k, eg_spec spec);
egi_id egi_tuple(egi_graph *g, uint32_t n, const egi_id *v);

/* -- lib/ir/fold.c: what a node is worth without making it --------------------------------------------------------- */
/* The value of an elementwise primitive of constants, as bits: the same code that the interpreter runs. */
uint64_t egi_scalar_op(egi_op op, eg_dtype from, eg_dtype to, const uint64_t *bits);

/* -- lib/ir/verify.c, print.c, parse.c ----------------------------------------------------------------------------- */
/* Checks every rule of docs/ir.md; on failure an EG_ERR_INTERNAL that names the stage, the node and the rule. */
bool egi_verify(egi_graph *g, const char *stage);
void egi_print(const egi_graph *g, egi_text *out);
egi_graph *egi_graph_parse(eg_context *eg, const char *text);

/* -- lib/opt/expand.c: composites ---------------------------------------------------------------------------------- */
/* The composite `op` of args (rank and type of the result as usual) in primitives. */
egi_id egi_expand(egi_graph *g, egi_op op, const egi_id *args);

#endif
