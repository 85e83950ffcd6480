/* Runs of eg_vmap() that go copy by copy.
 *
 * Copies of a run over time do not need each other: the function of one copy runs from beginning to end, on one thread,
 * while other threads run other copies.  There is no barrier, what a copy changes stays in its core's cache, and its
 * spikes are listed and delivered as they are in a run of one; the graph of all copies would go through the memory of
 * all of them in every step.  The bits are those of the graph: a copy is defined as what a call of its own gives. */
#ifndef EGI_COPIES_H
#define EGI_COPIES_H

#include "ir/eval.h"
#include "ir/func.h"
#include "opt/vmap_graph.h"
#include "runtime/state.h"

/* What a function made by eg_vmap() knows of its copies. */
typedef struct egi_copies {
    eg_func *one; /* what each does */
    int64_t num;
    const bool *arg;    /* argument k has an axis of copies */
    eg_var *const *all; /* for each variable of one->graph: that of all copies, or NULL */
    const bool *keep;   /* what copies set it to is forgotten */
    egi_arena arena;    /* of the lists */
} egi_copies;

/* Does running copies of the function one by one pay, and give what it should? */
bool egi_copies_wanted(const eg_func *of, const egi_vmap_request *r);
/* Tells `all` that it is copies of `one`, which it then owns.  false when out of memory. */
bool egi_copies_give(eg_func *all, eg_func *one, const egi_vmap_request *r);
void egi_copies_free(eg_func *all);

/* Would so many threads run them one by one? */
static inline bool egi_copies_pay(const eg_func *f, int threads)
{
    return f->copies && f->copies->num >= 2 && f->copies->num >= threads;
}
/* How many threads work when `asked` are asked for; 0: as many as there are cores. */
int egi_crew_size(int asked);
/* Bytes that they take for variables and lists of their own, besides what runs of one copy take. */
size_t egi_crew_bytes(const eg_func *f, int num);
/* All copies, on at most so many threads; f->copies->one is compiled.  As a run of f, but that after cancelling the
 * state is the one before. */
eg_status egi_copies_run(eg_func *f, eg_state *s, egi_run *r, int threads);

/* Memory that is kept in a state between runs; func NULL: of all functions. */
void egi_crews_free(eg_state *s, const eg_func *func);

/* -- run.c --------------------------------------------------------------------------------------------------------- */

/* Compiled code on the calling thread alone; what it needs between runs is kept in s->bound. */
eg_status egi_run_alone(eg_func *f, eg_state *s, egi_run *r);

#endif
