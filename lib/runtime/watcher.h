/* Checked runs of compiled code: is anything NaN or infinite that was not, and if so, what made it?
 *
 * At the end of a chunk all threads look through what the loop carries and the rows it stacked, each at its slice, and
 * what is carried is saved.  Where something became NaN or infinite, the interpreter runs the chunk again from what was
 * saved and judges (lib/ir/origin.h).  If it finds a fault, it also brings the run to its end, in memory of its own:
 * that is then what the run gives, since compiled code has gone on beyond the faulty step. */
#ifndef EGI_WATCHER_H
#define EGI_WATCHER_H

#include "runtime/bind.h"

typedef struct egi_watcher egi_watcher;

/* The binding's watcher, made at its first checked run; NULL when out of memory. */
egi_watcher *egi_watcher_of(egi_bound *b);
void egi_watcher_free(egi_watcher *w);

/* Before a run: variables are kept. */
void egi_watcher_begin(egi_watcher *w, const eg_state *s, const egi_run *r, const egi_frame *f);

/* At a tick of the loop that the frame names, thread 0: will it be looked at?  At its start and end always; else if
 * `due` (hosted loops tick in each step). */
bool egi_watcher_arrive(egi_watcher *w, int64_t step, int64_t steps, bool due);
/* All threads, each its slice; then thread 0, behind a barrier: false if a fault was found. */
void egi_watcher_scan(egi_watcher *w, int tid, int nt);
bool egi_watcher_judge(egi_watcher *w);
/* All threads, behind a barrier and before another: keeps what the loop carries now. */
void egi_watcher_save(egi_watcher *w, int tid, int nt);

/* At the end of a run, all threads behind a barrier, and then one alone: results and variables; false for a fault. */
void egi_watcher_scan_end(egi_watcher *w, int tid, int nt);
bool egi_watcher_judge_end(egi_watcher *w);

/* A host function was called with success. */
void egi_watcher_heard(egi_watcher *w, bool in_loop, uint32_t slot, void *const *out);

/* After a fault: variables, results, message and counts of the run; gives its status. */
eg_status egi_watcher_finish(egi_watcher *w, const eg_state *s, egi_run *r);
/* What the look at the last tick cost, and judging besides. */
double egi_watcher_cost(const egi_watcher *w);
double egi_watcher_judging(const egi_watcher *w);

#endif
