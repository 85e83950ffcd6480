/* A function bound to a state: buffers, numbers and rows as its compiled code wants them.  Made at the first run and
 * kept in the state; made anew when the team's size changes. */
#ifndef EGI_BIND_H
#define EGI_BIND_H

#include "jit/code.h"
#include "runtime/csr.h"
#include "runtime/state.h"

/* Bytes that a binding takes. */
typedef struct egi_need {
    size_t block, deliveries, scratch, host, tables;
    size_t live, peak; /* all of them; at most, while it is made */
} egi_need;

typedef struct egi_bound {
    eg_func *func;
    const egi_code *code;
    const eg_allocator *allocator;
    int asked;       /* threads asked for */
    int nt;          /* team for which rows and lists were made */
    egi_canon canon; /* sizes and literals of the function */
    char *block;     /* temporaries, lists, copies of arguments and results */
    void **buffers;
    size_t *bytes; /* of each buffer */
    void **own;    /* each buffer's place in the block; NULL for those that lie elsewhere */
    egi_rows *deliveries, *csrs;
    egi_delivery **plans;
    uint32_t *keys;
    char *scratch;
    char *snapshot[2]; /* for functions with host calls: what is kept, before the run and before the last step */
    uint64_t *carried; /* egi_frame.carried */
    struct egi_watcher *watcher; /* of checked runs: watcher.h */
    char *unwanted;              /* where host functions put outputs that nobody uses */
    egi_need need;
    bool counts; /* memory is counted, not taken, except for tables */
} egi_bound;

/* Variables and what outermost loops carry: kept so that a step in which a host function fails has not happened. */
static inline bool egi_is_kept(const egi_code_buffer *c) { return c->kind == EGI_BUF_VAR || c->kept; }

/* The binding for as many threads as were asked for, of which nt are to be had (0: as many as the last time, at first
 * all); NULL when out of memory. */
egi_bound *egi_bind(eg_func *f, eg_state *s, int asked, int nt);
void egi_bound_free(egi_bound *b);
/* Only counts what such a binding takes (b->need, b->bytes), of code that need not be compiled; false when out of
 * memory.  Either way it is then to be cleared. */
bool egi_bound_count(egi_bound *b, eg_func *f, const egi_code *code, int nt);
void egi_bound_clear(egi_bound *b);
/* What a buffer takes in the block: whole cache lines, and one that vectors may write at its end. */
size_t egi_bound_room(size_t bytes);
/* Forgets the function in all states of its context. */
void egi_unbind(const eg_func *f);

#endif
