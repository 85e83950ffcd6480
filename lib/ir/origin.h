/* Where values that are not finite come from.
 *
 * A checked run of the interpreter keeps, for every element of every value that is NaN or infinite, its origin; moving
 * an element moves its origin, computing with it passes it on.  At the end of each step of an outermost loop, and of
 * the run, what became NaN or infinite is judged by its origin, and the first fault is told with the operands it had.
 *
 * Origins are numbers, and no record is kept of them:
 *   - outside of all loops every node is computed once and keeps its memory: the origin is a place, node and element;
 *   - inside, it is the number of the event since the step began.  To tell one, the step is run again up to it.
 * What is not finite when a step begins was judged before: its origin is then the place in the carried value.  So
 * origins never outlive a step, and a run that is resumed at a step says the same as one from the start. */
#ifndef EGI_ORIGIN_H
#define EGI_ORIGIN_H

#include "ir/interp.h"

/* 0: finite.  Else MADE + number of an event, or 1 + place; COMPUTED: the element is not what stands there, but was
 * computed of it. */
typedef uint64_t egi_origin;
#define EGI_COMPUTED ((egi_origin)1 << 63)
#define EGI_MADE ((egi_origin)1 << 62)
#define EGI_OF_INFINITIES ((egi_origin)1 << 61) /* a NaN made of infinities, which were given */
/* What says which of two comes first. */
static inline egi_origin egi_origin_order(egi_origin o) { return o & ~(EGI_COMPUTED | EGI_OF_INFINITIES); }

typedef enum egi_class { EGI_FINITE, EGI_INFINITE, EGI_NAN } egi_class;

/* Origins of an array's elements. */
typedef struct egi_marks {
    egi_origin *at;
    int64_t cap;
    bool some; /* else all are finite, and what `at` holds means nothing */
} egi_marks;

/* What was judged to be wrong. */
typedef struct egi_verdict {
    egi_origin origin; /* 0: nothing */
    egi_id value, owner;
    int64_t element, result; /* of the loop or function `owner`; -1 - k: write k */
    int64_t step;            /* in which it was judged; -1: outside of loops */
} egi_verdict;

typedef struct egi_origins {
    egi_watch *watch;
    uint64_t *base;        /* for each node: place of its first element */
    const egi_origin **of; /* for each node: origins of its elements; NULL = all finite */
    egi_marks *node;       /* memory for that */
    egi_marks *buf;        /* of the buffers of loops, whiles and conds */
    egi_marks zeros;       /* origins of what is finite, for egi_move */
    const void **moved;    /* for each node: what egi_move reads */
    uint64_t made;         /* events in this step */
    uint64_t wanted;       /* the one to tell; 0 = none */
    int64_t step;          /* being judged; -1: outside of loops */
    egi_verdict verdict;
    EGI_VEC(int64_t) next; /* of the host log, when the step began */
} egi_origins;

/* -- origin.c: what the interpreter calls in a checked run --------------------------------------------------------- */

egi_origins *egi_origins_new(egi_interp *ip);
void egi_origins_free(egi_interp *ip);
/* The region is entered at most once in a run: its values are kept. */
bool egi_runs_once(const egi_graph *g, int64_t region);
/* Copies the origins of a value to elements from `at` on of a buffer of n elements. */
void egi_origin_store(egi_interp *ip, uint32_t buf, int64_t at, egi_id from, int64_t n);
/* Before an iteration: a carried value's parameter, whose value stands; a row of a sequence. */
void egi_origin_carried(egi_interp *ip, egi_id param, uint32_t buf);
void egi_origin_row(egi_interp *ip, egi_id param, egi_id sequence, int64_t i);
void egi_origin_swap(egi_interp *ip, uint32_t buf);
/* Values that are there before anything runs. */
void egi_origin_leaves(egi_interp *ip);
/* After a node: false to stop the run, as it was told what was found, or memory is out. */
bool egi_origin_node(egi_interp *ip, egi_id id);
/* The loop's entry in watch->resume, or NULL. */
const egi_resume *egi_resume_of(const egi_interp *ip, egi_id loop);

/* -- origin_judge.c: false when something is wrong, which the run then says ---------------------------------------- */

/* Initial values of an outermost loop; a step of it that has been computed but not taken; what the run gives. */
bool egi_judge_entry(egi_interp *ip, egi_id loop);
void egi_judge_begin_step(egi_interp *ip);
bool egi_judge_step(egi_interp *ip, egi_id loop);
bool egi_judge_end(egi_interp *ip);
/* Was the element made by an operation, rather than given by the user? */
bool egi_is_made(const egi_interp *ip, egi_origin o);
/* Node and element of a place. */
egi_id egi_place_of(const egi_interp *ip, egi_origin o, int64_t *element);

/* -- origin_node.c ------------------------------------------------------------------------------------------------- */

/* Origins of a node that has been computed of its operands, or of an output of a host call; false to stop the run, as
 * egi_origin_node. */
bool egi_origin_computed(egi_interp *ip, egi_id id);

/* -- origin_text.c ------------------------------------------------------------------------------------------------- */

/* Ends the run: its message says that node `id` made, or gave, an element that is not finite. */
void egi_origin_tell(egi_interp *ip, egi_id id, int64_t element, bool of_infinities);

/* -- small things -------------------------------------------------------------------------------------------------- */

static inline egi_class egi_class_at(eg_dtype t, const void *x, int64_t i)
{
    if (t == EG_F32) {
        uint32_t b;
        memcpy(&b, (const char *)x + 4 * i, sizeof b);
        b &= 0x7FFFFFFFu;
        return b < 0x7F800000u ? EGI_FINITE : b == 0x7F800000u ? EGI_INFINITE : EGI_NAN;
    }
    uint64_t b;
    if (t != EG_F64) return EGI_FINITE;
    memcpy(&b, (const char *)x + 8 * i, sizeof b);
    b &= UINT64_C(0x7FFFFFFFFFFFFFFF);
    return b < UINT64_C(0x7FF0000000000000) ? EGI_FINITE : b == UINT64_C(0x7FF0000000000000) ? EGI_INFINITE : EGI_NAN;
}
/* First element from `i` on that is not finite, or n. */
int64_t egi_next_bad(eg_dtype t, const void *x, int64_t i, int64_t n);
/* Memory for n origins, all 0 if `clear`; NULL when out of memory, which stops the run. */
egi_origin *egi_marks_room(egi_interp *ip, egi_marks *m, int64_t n, bool clear);

#endif
