/* The kernels of the product by the rows that fired, shared between lower_dot_event.c (loops) and dot_fired.c. */
#ifndef EGI_JIT_DOT_FIRED_H
#define EGI_JIT_DOT_FIRED_H

#include "jit/dot_tile.h"

enum {
    EGI_FIRED_LIST = 8192,    /* spikes of a row looked at for one list, at most */
    EGI_FIRED_ROWS = 1024,    /* of spikes in columns, at most so many rows, ... */
    EGI_FIRED_COLUMNS = 1024, /* ... so many columns ... */
    EGI_FIRED_ROOM = 8192,    /* ... and, but for those of the last row, so many that fired are sorted at once */
    EGI_FIRED_SLACK = 64,     /* numbers that may be written behind the end of a list */
    EGI_FIRED_MOST_VECS = 16, /* vectors of a row that are summed at once, at most */
    EGI_FIRED_TILE_ROWS = 4,  /* where many fire: rows ... */
    EGI_FIRED_TILE_VECS = 3   /* ... and vectors of columns at once */
};

/* What the code is made for, and the kernels once they are emitted.  Numbers in lists are u16. */
typedef struct egi_fired {
    egi_dot_plan p;    /* mod, element, size, lanes, prefix */
    bool values;       /* spikes are floats of `element`, else bytes */
    unsigned group;    /* spikes looked at together */
    unsigned most;     /* vectors of columns at once */
    LLVMValueRef list; /* (x, to, count, n, ahead): numbers of those of x[0..n) that fired; count: i64; meanwhile
                          x[ahead..ahead + n) is fetched into the caches */
    LLVMValueRef
        sort;            /* (lists, num, first, to, k, m): k lists of num[.] (i64) numbers < m, one behind the other,
                            become m lists of numbers < k: number j begins at to[first[j]] (i32) and ends at first[j + 1] */
    LLVMValueRef add;    /* (list, w, from, to, x, n, w_row, x_step, cols, keep): to = from + what the rows of w in the
                            list give; keep 1, or 0: from is one vector for all columns */
    LLVMValueRef spread; /* (list, w, -, to, x, n, to_row, -, cols, -): rows of `to` in the list get what the row w
                            gives */
    LLVMValueRef count;  /* (x, count, n): how many of x[0..n) fired; count: i64 */
    LLVMValueRef tile;   /* (x, w, from, to, n, w_row, x_row, x_step, from_row, cols, keep): as many rows as a tile has,
                            w_row apart in `to`, each with n spikes: to = from + what the rows of w give that fired */
} egi_fired;

/* i64: bit j says whether spike j at x fired, for j < left (at least 1) and < group. */
LLVMValueRef egi_fired_word(const egi_fired *f, egi_irb *b, LLVMValueRef x, LLVMValueRef left);

/* Each emits its kernel, or finds it in the module. */
void egi_fired_emit_list(egi_fired *f);
void egi_fired_emit_sort(egi_fired *f);
void egi_fired_emit_add(egi_fired *f);
void egi_fired_emit_spread(egi_fired *f);
/* dot_fired_tile.c */
void egi_fired_emit_count(egi_fired *f);
void egi_fired_emit_tile(egi_fired *f);

#endif
