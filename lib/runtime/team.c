/* Teams of threads by OpenMP, and the barrier inside them.
 *
 * The barrier: every thread counts its arrivals in a flag of its own and waits until no flag of the others is behind.
 * 30 to 55 ns for two threads where libgomp's takes 230 to 440 (Zen 4, Zen 5).  Flags are compared by their difference,
 * so that the count may wrap; they are never reset.  All to all costs nt^2 line transfers: fine up to some tens.
 *
 * Two threads on one core, the other core idle: Linux does that to teams, and where cores share no cache in its eyes
 * (virtual machines) it stays so for seconds; each region or barrier then lasts until a timer tick, 4 ms.  Three things
 * help: the team meets at the start and at the end of a region, where our barrier yields and libgomp's would spin; a
 * worker that finds itself on the core of a teammate steps aside, by narrowing its affinity and restoring it at once;
 * and it looks again whenever a barrier makes it wait long.  Thread 0 is the host's and is never moved. */
#define _GNU_SOURCE
#include "runtime/team.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Some microseconds: far longer than slices differ by when all threads run, far shorter than a time slice. */
#define SPINS 1000
#define MOST_THREADS 256

/* Yields between looks at who is on which core: about a millisecond. */
#define YIELDS 1000

/* 128: Intel's prefetcher fetches lines in pairs. */
#define FLAG_ALIGN 128

typedef struct flag {
    _Alignas(FLAG_ALIGN) atomic_uint arrivals;
    _Alignas(FLAG_ALIGN) atomic_int core; /* where the thread was when it last looked; -1: unknown */
} flag;

struct egi_team {
    atomic_int nt, spins; /* every thread writes the same before it runs */
    flag flags[];
};

/* -- floating-point environment ---------------------------------------------------------------------------------- */

static uint32_t enter(egi_fp fp)
{
#if defined(__x86_64__)
    const unsigned masked = 0x1F80, flush = 0x8040; /* all exceptions masked; FTZ | DAZ */
    unsigned saved = _mm_getcsr();
    if (fp != EGI_FP_HOST) _mm_setcsr(fp == EGI_FP_FLUSH ? masked | flush : masked);
    return saved;
#else
    (void)fp;
    return 0;
#endif
}

static void leave(uint32_t saved)
{
#if defined(__x86_64__)
    _mm_setcsr(saved);
#else
    (void)saved;
#endif
}

/* -- barrier ------------------------------------------------------------------------------------------------------- */

/* Moves this worker off a core that a teammate was last seen on. */
static void step_aside(egi_team *team, int tid, int nt)
{
#if defined(__linux__)
    int core = sched_getcpu();
    bool shared = false;
    cpu_set_t allowed, others;
    CPU_ZERO(&others);
    atomic_store_explicit(&team->flags[tid].core, core, memory_order_relaxed);
    for (int t = 0; t < nt; t++) {
        int other = atomic_load_explicit(&team->flags[t].core, memory_order_relaxed);
        if (t == tid || other < 0) continue;
        shared |= other == core && t < tid; /* of two, one moves */
        if (other < CPU_SETSIZE) CPU_SET((size_t)other, &others);
    }
    if (!shared || sched_getaffinity(0, sizeof allowed, &allowed)) return;
    CPU_AND(&others, &others, &allowed);
    CPU_XOR(&others, &others, &allowed); /* allowed, and no teammate there */
    if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others)) return;
    atomic_store_explicit(&team->flags[tid].core, sched_getcpu(), memory_order_relaxed);
    (void)sched_setaffinity(0, sizeof allowed, &allowed);
#else
    (void)team, (void)tid, (void)nt;
#endif
}

/* Waiting for the w-th time. */
static void wait(egi_team *team, int tid, int nt, unsigned w)
{
    unsigned spins = (unsigned)atomic_load_explicit(&team->spins, memory_order_relaxed);
    if (w >= spins) {
        if (spins && (w - spins) % YIELDS == 0) step_aside(team, tid, nt);
        sched_yield();
        return;
    }
#if defined(__x86_64__)
    _mm_pause();
#endif
}

void egi_barrier(egi_team *team, int tid)
{
    int nt = atomic_load_explicit(&team->nt, memory_order_relaxed);
    if (nt == 1) return;
    unsigned now = atomic_load_explicit(&team->flags[tid].arrivals, memory_order_relaxed) + 1, waited = 0;
    atomic_store_explicit(&team->flags[tid].arrivals, now, memory_order_release);
    for (int t = 0; t < nt; t++)
        while ((int)(atomic_load_explicit(&team->flags[t].arrivals, memory_order_acquire) - now) < 0)
            wait(team, tid, nt, waited++);
}

/* -- running ----------------------------------------------------------------------------------------------------- */

static atomic_bool forked;

static void in_child(void) { atomic_store_explicit(&forked, true, memory_order_relaxed); }

__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, in_child); /* fails only without memory, and then fork() hardly succeeds */
}

static bool must_be_alone(void) { return atomic_load_explicit(&forked, memory_order_relaxed) || omp_in_parallel(); }

int egi_team_default(void) { return must_be_alone() ? 1 : omp_get_max_threads(); }

static int run_alone(egi_fp fp, egi_team_fn fn, void *user)
{
    egi_team team = {.nt = 1};
    uint32_t saved = enter(fp);
    fn(user, 0, 1, &team);
    leave(saved);
    return 1;
}

int egi_team_run_fp(int threads, egi_fp fp, egi_team_fn fn, void *user)
{
    if (threads == 1 || must_be_alone()) return run_alone(fp, fn, user);
    if (threads <= 0) threads = omp_get_max_threads();
    /* Not sched_getaffinity: OMP_PROC_BIND pins this very thread to one core, which omp_get_num_procs() knows about. */
    int cores = omp_get_num_procs();
    /* libgomp ends the process if it cannot start a thread. */
    int most = cores > MOST_THREADS ? cores : MOST_THREADS;
    if (threads > most) threads = most;
    /* libomp warns on stderr when it must cut a team itself. */
    if (threads > omp_get_thread_limit()) threads = omp_get_thread_limit();
    if (threads == 1) return run_alone(fp, fn, user);

    egi_team *team = aligned_alloc(FLAG_ALIGN, sizeof *team + (size_t)threads * sizeof(flag));
    if (!team) return run_alone(fp, fn, user);
    for (int t = 0; t < threads; t++) {
        atomic_init(&team->flags[t].arrivals, 0);
        atomic_init(&team->flags[t].core, -1);
    }
    int given = 1;

#pragma omp parallel num_threads(threads)
    {
        int tid = omp_get_thread_num(), nt = omp_get_num_threads();
        if (tid == 0) given = nt;
        atomic_store_explicit(&team->nt, nt, memory_order_relaxed);
        atomic_store_explicit(&team->spins, nt > cores ? 0 : SPINS, memory_order_relaxed);
        if (nt > 1 && nt <= cores) step_aside(team, tid, nt);
        egi_barrier(team, tid);
        uint32_t saved = enter(fp);
        fn(user, tid, nt, team);
        leave(saved);
        egi_barrier(team, tid);
    }
    free(team);
    return given;
}

int egi_team_run(int threads, egi_team_fn fn, void *user) { return egi_team_run_fp(threads, EGI_FP_HOST, fn, user); }
