/* Inside of the interpreter: what lib/ir/eval*.c share.
 *
 * A plan gives every node that matters buffers out of a set of slots; a slot is used again as soon as the last reader
 * of its value is through, so memory does not depend on the number of iterations and nothing is allocated while
 * running.
 */
#ifndef EGI_INTERP_H
#define EGI_INTERP_H

#include "core/context.h"
#include "ir/eval.h"
#include "ir/ref.h"

enum { EGI_BLOCK = 256 /* elements of a composite done at once */, EGI_DEPTH = 80 /* more than regions nest */ };

typedef struct egi_slot {
    size_t size;
    bool busy; /* while planning */
    void *mem;
} egi_slot;

typedef struct egi_interp egi_interp;

/* A composite of one type in primitives, over vectors of EGI_BLOCK elements. */
typedef struct egi_template {
    egi_graph *g;
    egi_interp *ip;
    egi_id arg[3], result;
    void *block[3]; /* for operands of rank 0, repeated */
    bool ready;
} egi_template;

struct egi_interp {
    const egi_graph *g;
    egi_run *r;
    const eg_allocator *mem;
    bool *needed; /* of each node: a result, a write or a host call depends on it */
    egi_id *list; /* needed nodes by region, ascending: those of region k from start[k] to start[k + 1] */
    uint32_t *start;
    uint32_t *first;           /* of each node: number of its first buffer */
    EGI_VEC(uint32_t) slot_of; /* of each buffer */
    EGI_VEC(egi_slot) slots;
    void **buf;              /* each buffer's memory */
    const void **val;        /* each node's elements, once computed */
    uint32_t *stage;         /* of each write: its buffer, if its value is read from another variable's memory, or 0 */
    void *scratch;           /* of SORT */
    int64_t iter[EGI_DEPTH]; /* iterations of the loops we are in, outermost first */
    int depth;
    int64_t longest;         /* iterations of outermost loops */
    int64_t limit;           /* of a template: elements of this block; else 0 */
    double told_s;           /* when progress was told last */
    unsigned fp;             /* the host's floating-point state */
    eg_context *own;         /* templates are built in a context of their own: a run never writes the user's */
    egi_template *templates; /* [EGI_OP_COUNT][2] */
    bool owns_templates;
    bool keeps;                  /* values outside of loops keep their memory: the run is checked */
    struct egi_origins *origins; /* of values that are not finite, where the run is checked; else NULL */
};

/* -- eval_plan.c --------------------------------------------------------------------------------------------------- */

/* NULL when out of memory.  `outer` is the interpreter of the graph that a template serves, or NULL. */
egi_interp *egi_interp_new(const egi_graph *g, egi_run *r, egi_interp *outer);
void egi_interp_free(egi_interp *ip);
static inline egi_template *egi_template_of(const egi_interp *ip, egi_op op, eg_dtype t)
{
    return &ip->templates[2 * (int)op + (t == EG_F64)];
}

/* -- eval_template.c ----------------------------------------------------------------------------------------------- */

bool egi_template_build(egi_interp *ip, egi_op op, eg_dtype t);
void egi_templates_free(egi_interp *ip);

/* -- values -------------------------------------------------------------------------------------------------------- */

static inline const void *egi_in(const egi_interp *ip, egi_id id, uint32_t k) { return ip->val[egi_arg(ip->g, id, k)]; }
static inline int64_t egi_in_i64(const egi_interp *ip, egi_id id, uint32_t k)
{
    return *(const int64_t *)egi_in(ip, id, k);
}
static inline void *egi_out(const egi_interp *ip, egi_id id) { return ip->buf[ip->first[id]]; }
/* Elements of a node now: in a template the last block is short. */
static inline int64_t egi_now_count(const egi_interp *ip, egi_id id)
{
    return ip->limit && egi_at(ip->g, id)->shape ? ip->limit : egi_count(ip->g, id);
}
static inline size_t egi_bytes(const egi_graph *g, egi_id id)
{
    return (size_t)egi_count(g, id) * eg_dtype_size(egi_dtype_of(g, id));
}

/* -- operations: each writes egi_out(ip, id) ----------------------------------------------------------------------- */

/* eval.c: the nodes of a region in order; false after a host function failed, or a check found something. */
bool egi_run_region(egi_interp *ip, int64_t region);
/* Buffer of an item of a loop, while, cond or host call. */
uint32_t egi_item_buffer(const egi_interp *ip, egi_id id);
/* eval_flow.c */
bool egi_run_loop(egi_interp *ip, egi_id id);
bool egi_run_while(egi_interp *ip, egi_id id);
bool egi_run_cond(egi_interp *ip, egi_id id);
bool egi_run_host(egi_interp *ip, egi_id id);
/* eval_elem.c, eval_template.c */
void egi_run_elementwise(egi_interp *ip, egi_id id);
void egi_run_composite(egi_interp *ip, egi_id id);
void egi_run_iota(egi_interp *ip, egi_id id);
/* eval_reduce.c */
/* The operand of a reduction as kept axes, leading reduced axes and a last one: the maximal trailing run of reduced
 * axes, flattened.  Axes are listed from the last to the first. */
typedef struct egi_axes {
    egi_shape kept, reduced;
    int64_t kept_step[EG_MAX_RANK], reduced_step[EG_MAX_RANK];
    int64_t last; /* elements of the last one; 1 if it is kept */
    bool has_last;
} egi_axes;
egi_axes egi_axes_of(const egi_graph *g, egi_id id);
/* Offset of the k-th element, in row-major order, of axes listed from the last to the first. */
int64_t egi_axes_offset(const egi_shape *s, const int64_t *step, int64_t k);
void egi_run_reduction(egi_interp *ip, egi_id id);
void egi_run_arg(egi_interp *ip, egi_id id);
void egi_run_cumsum(egi_interp *ip, egi_id id);
void egi_run_sort(egi_interp *ip, egi_id id);
/* eval_shape.c */
/* Views, UPDATE, CONCAT, PAD, GATHER: elements of `size` bytes, of each operand at val[], to out; indices and starts
 * are those of the run. */
void egi_move(const egi_interp *ip, egi_id id, const void *const *val, void *out, size_t size);
int64_t egi_index_at(eg_dtype t, const void *index, int64_t k);
void egi_run_pack(egi_interp *ip, egi_id id);
void egi_run_unpack(egi_interp *ip, egi_id id);
void egi_run_scatter(egi_interp *ip, egi_id id);

#endif
