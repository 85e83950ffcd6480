/* Teams of threads: one parallel region for a run, our own barrier inside it, and the slices that everyone uses.
 *
 * team.c is the only file of Engram that knows OpenMP.  The size of a team is what the runtime really gave, read inside
 * the region: OMP_THREAD_LIMIT, dynamic adjustment and a host's own regions may all make it smaller than asked. */
#ifndef EGI_TEAM_H
#define EGI_TEAM_H

#include "core/core.h"

typedef struct egi_team egi_team;
typedef void (*egi_team_fn)(void *user, int tid, int nt, egi_team *team);

/* The floating-point environment of the team's threads while they run; each gets its own back at the end. */
typedef enum egi_fp {
    EGI_FP_HOST,  /* as the host left it */
    EGI_FP_EXACT, /* round to nearest, no traps, denormals kept */
    EGI_FP_FLUSH  /* round to nearest, no traps, denormals are zero in operands and results */
} egi_fp;

/* Runs fn(user, tid, nt, team) on nt threads, tid = 0 (this thread) to nt - 1, and returns nt.
 * 1 <= nt <= threads (0 = egi_team_default()).  A team of one opens no region and touches no OpenMP.  It is one
 *   - where only one thread is asked for or to be had, or there is no memory for the barrier,
 *   - in a forked child: libgomp hangs there, and whether the host has used it before cannot be known,
 *   - inside an active parallel region: the host has the cores in use, and nested teams of libgomp are made anew each
 *     time.
 * fn must return, not jump out, and all threads of a team must meet the same barriers. */
int egi_team_run(int threads, egi_team_fn fn, void *user);
int egi_team_run_fp(int threads, egi_fp fp, egi_team_fn fn, void *user);

/* Threads when nobody says how many: OMP_NUM_THREADS or what the host set, else one per core this process may use. */
int egi_team_default(void);

/* Returns when all threads of the team have called it; what they wrote before is then seen by all.  Spins for a bounded
 * time, then yields; with more threads than cores it yields at once.  Compiled code calls it as
 * void (*)(void *team, int tid). */
void egi_barrier(egi_team *team, int tid);

/* THE fixed slices: thread tid of nt owns elements [lo, hi) of n.  Everyone who divides n elements among threads uses
 * this, and compiled code emits the same formula:
 *     lo(t) = (n / align * t / nt) * align for t < nt, lo(nt) = n; hi(t) = lo(t + 1).
 * Whole blocks of `align` elements (64 for flat domains: whole cache lines of every type), the rest to the last. */
static inline int64_t egi_slice_start(int64_t n, int64_t align, int tid, int nt)
{
    return tid < nt ? n / align * tid / nt * align : n;
}
static inline void egi_slice(int64_t n, int64_t align, int tid, int nt, int64_t *lo, int64_t *hi)
{
    *lo = egi_slice_start(n, align, tid, nt);
    *hi = egi_slice_start(n, align, tid + 1, nt);
}
#define EGI_SLICE_ALIGN 64

#endif
