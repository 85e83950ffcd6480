/* Teams: their size under every circumstance, the barrier, the slices, the floating-point environment.
 *
 * Circumstances that are fixed when a process starts (OMP_...) are met by starting this program again with a mode. */
#define _GNU_SOURCE
#include "runtime/team.h"

#include <float.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/support.h"

enum { MOST = 8 };

/* -- who ran ----------------------------------------------------------------------------------------------------- */

typedef struct roll {
    atomic_int ran[64];
    atomic_int nt;
} roll;

static void call_roll(void *user, int tid, int nt, egi_team *team)
{
    roll *r = user;
    atomic_fetch_add(&r->ran[tid], 1);
    atomic_store(&r->nt, nt);
    egi_barrier(team, tid);
}

/* The size of the team, -1 if not every thread of it ran exactly once. */
static int team_size(int threads)
{
    roll r = {0};
    int nt = egi_team_run(threads, call_roll, &r);
    if (atomic_load(&r.nt) != nt) return -1;
    for (int t = 0; t < 64; t++)
        if (atomic_load(&r.ran[t]) != (t < nt)) return -1;
    return nt;
}

START_TEST(each_thread_of_a_team_runs_once)
{
    for (int threads = 1; threads <= MOST; threads++) ck_assert_int_eq(team_size(threads), threads);
}
END_TEST

START_TEST(no_number_of_threads_means_the_default)
{
    ck_assert_int_eq(team_size(0), egi_team_default());
    ck_assert_int_eq(team_size(-3), egi_team_default());
}
END_TEST

static void run_inner(void *user, int tid, int nt, egi_team *team)
{
    (void)nt;
    (void)team;
    ((int *)user)[tid] = team_size(4);
}

START_TEST(inside_a_parallel_region_a_team_is_one)
{
    int inner[MOST] = {0};
    int nt = egi_team_run(3, run_inner, inner);
    for (int t = 0; t < nt; t++) ck_assert_int_eq(inner[t], 1);
}
END_TEST

START_TEST(inside_a_team_of_one_a_team_may_be_larger)
{
    int inner[MOST] = {0};
    egi_team_run(1, run_inner, inner);
    ck_assert_int_eq(inner[0], 4);
}
END_TEST

static void count_cores(void *user, int tid, int nt, egi_team *team)
{
    (void)nt;
    cpu_set_t allowed;
    for (int k = 0; k < 100; k++) egi_barrier(team, tid);
    ((int *)user)[tid] = sched_getaffinity(0, sizeof allowed, &allowed) ? -1 : CPU_COUNT(&allowed);
}

START_TEST(stepping_aside_leaves_every_thread_free_to_move)
{
    int before, cores[MOST];
    egi_team_run(1, count_cores, &before);
    for (int k = 0; k < 50; k++) {
        int nt = egi_team_run(2 + k % 3, count_cores, cores);
        for (int t = 0; t < nt; t++) ck_assert_int_eq(cores[t], before);
    }
}
END_TEST

static int exit_code(pid_t child)
{
    int status = 0;
    ck_assert_int_ge(child, 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "the child was killed by signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

START_TEST(after_fork_the_child_is_a_team_of_one)
{
    ck_assert_int_eq(team_size(2), 2);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(20); /* libgomp would wait for ever */
        _exit(team_size(2) == 1 && egi_team_default() == 1 ? 0 : 1);
    }
    ck_assert_int_eq(exit_code(child), 0);
    ck_assert_int_eq(team_size(2), 2);
}
END_TEST

static void *host_thread(void *user)
{
    int *sum = user;
    for (int k = 0; k < 20; k++) *sum += team_size(2);
    return NULL;
}

START_TEST(host_threads_run_teams_of_their_own_at_once)
{
    pthread_t thread[3];
    int sum[3] = {0};
    for (int k = 0; k < 3; k++) ck_assert_int_eq(pthread_create(&thread[k], NULL, host_thread, &sum[k]), 0);
    for (int k = 0; k < 3; k++) {
        pthread_join(thread[k], NULL);
        ck_assert_int_eq(sum[k], 40);
    }
}
END_TEST

/* -- circumstances of a process ---------------------------------------------------------------------------------- */

/* In the started process: exit code 0 if the team asked for by `mode` has the size expected there. */
static int started(const char *mode)
{
    int ask = 0, expect = 0;
    alarm(60);
    if (sscanf(mode, "--ask=%d,%d", &ask, &expect) != 2) return 2;
    int nt = team_size(ask);
    return nt == expect || (expect == 0 && nt >= 1) ? 0 : 1;
}

static int start(const char *variable, const char *value, const char *mode)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        setenv(variable, value, 1);
        execl("/proc/self/exe", "test_team", mode, (char *)NULL);
        _exit(3);
    }
    return exit_code(child);
}

START_TEST(a_thread_limit_makes_the_team_smaller)
{
    ck_assert_int_eq(start("OMP_THREAD_LIMIT", "1", "--ask=4,1"), 0);
    ck_assert_int_eq(start("OMP_THREAD_LIMIT", "2", "--ask=4,2"), 0);
}
END_TEST

START_TEST(dynamic_adjustment_may_make_the_team_smaller)
{
    ck_assert_int_eq(start("OMP_DYNAMIC", "true", "--ask=8,0"), 0);
}
END_TEST

START_TEST(the_environment_gives_the_default_size)
{
    ck_assert_int_eq(start("OMP_NUM_THREADS", "3", "--ask=0,3"), 0);
    ck_assert_int_eq(start("OMP_NUM_THREADS", "3,2", "--ask=0,3"), 0);
    ck_assert_int_eq(start("OMP_NUM_THREADS", "1", "--ask=0,1"), 0);
    ck_assert_int_eq(start("OMP_NUM_THREADS", "1", "--ask=4,4"), 0);
}
END_TEST

START_TEST(pinned_threads_still_make_a_team) { ck_assert_int_eq(start("OMP_PROC_BIND", "true", "--ask=2,2"), 0); }
END_TEST

START_TEST(small_thread_stacks_are_enough) { ck_assert_int_eq(start("OMP_STACKSIZE", "32K", "--ask=4,4"), 0); }
END_TEST

/* -- barrier ------------------------------------------------------------------------------------------------------- */

typedef struct rounds {
    int n;
    int64_t wrong[64];
    struct {
        _Alignas(64) int64_t at;
    } written[64];
} rounds;

/* Everyone writes plainly, meets, and reads what all others wrote: a race or a torn round is seen, and by TSan too. */
static void meet(void *user, int tid, int nt, egi_team *team)
{
    rounds *r = user;
    int64_t wrong = 0;
    for (int k = 1; k <= r->n; k++) {
        r->written[tid].at = k;
        egi_barrier(team, tid);
        for (int t = 0; t < nt; t++) wrong += r->written[t].at != k;
        egi_barrier(team, tid);
    }
    r->wrong[tid] = wrong;
}

static void check_rounds(int threads, int n)
{
    rounds r = {.n = n};
    int nt = egi_team_run(threads, meet, &r);
    ck_assert_int_eq(nt, threads);
    for (int t = 0; t < nt; t++) ck_assert_int_eq(r.wrong[t], 0);
}

START_TEST(after_the_barrier_all_see_what_all_wrote)
{
    check_rounds(1, 1000);
    check_rounds(2, 50000);
    check_rounds(3, 2000);
    check_rounds(4, 2000);
    check_rounds(8, 500);
}
END_TEST

static void only_meet(void *user, int tid, int nt, egi_team *team)
{
    (void)nt;
    /* As compiled code calls it: through an address. */
    void (*volatile barrier)(egi_team *, int) = egi_barrier;
    for (int k = 0; k < *(int *)user; k++) barrier(team, tid);
}

static double barrier_ns(int threads, int n)
{
    double best = 1e30;
    for (int k = 0; k < 5; k++) {
        double start_s = egi_now();
        egi_team_run(threads, only_meet, &n);
        double ns = (egi_now() - start_s) * 1e9 / n;
        if (ns < best) best = ns;
    }
    return best;
}

START_TEST(the_barrier_is_measured)
{
    printf("barrier: 2 threads %.0f ns, 4 threads %.0f ns, 8 threads %.0f ns; region of 2 threads %.0f ns\n",
           barrier_ns(2, 100000), barrier_ns(4, 1000), barrier_ns(8, 500), barrier_ns(2, 1));
}
END_TEST

/* -- slices -------------------------------------------------------------------------------------------------------- */

START_TEST(slices_are_whole_blocks_and_cover_everything_in_order)
{
    const int64_t sizes[] = {0, 1, 63, 64, 65, 127, 128, 1000, 4000, 4096, 40001, INT64_C(1) << 40};
    for (size_t s = 0; s < EGI_LEN(sizes); s++)
        for (int nt = 1; nt <= 9; nt++) {
            int64_t at = 0;
            for (int t = 0; t < nt; t++) {
                int64_t lo, hi;
                egi_slice(sizes[s], 64, t, nt, &lo, &hi);
                ck_assert_int_eq(lo, at);
                ck_assert_int_ge(hi, lo);
                ck_assert_int_eq(lo % 64, 0);
                at = hi;
            }
            ck_assert_int_eq(at, sizes[s]);
        }
}
END_TEST

START_TEST(slices_are_even_to_one_block)
{
    for (int nt = 1; nt <= 9; nt++)
        for (int t = 0; t < nt; t++) {
            int64_t lo, hi;
            egi_slice(64 * 1000, 64, t, nt, &lo, &hi);
            ck_assert_int_le(llabs((hi - lo) - 64 * 1000 / nt), 64);
        }
}
END_TEST

/* -- floating-point environment ------------------------------------------------------------------------------------ */

static double halved(double x)
{
    volatile double y = x;
    return y * 0.5;
}

static void halve_smallest(void *user, int tid, int nt, egi_team *team)
{
    (void)nt;
    (void)team;
    ((double *)user)[tid] = halved(DBL_MIN);
}

START_TEST(denormals_are_flushed_on_every_thread_and_only_there)
{
    double flushed[4], exact[4];
    ck_assert_int_eq(egi_team_run_fp(4, EGI_FP_FLUSH, halve_smallest, flushed), 4);
    ck_assert(halved(DBL_MIN) == DBL_MIN / 2);
    ck_assert_int_eq(egi_team_run_fp(4, EGI_FP_EXACT, halve_smallest, exact), 4);
    for (int t = 0; t < 4; t++) {
        ck_assert(flushed[t] == 0.0);
        ck_assert(exact[t] == DBL_MIN / 2);
    }
}
END_TEST

static void halve_exactly_then_flushing(void *user, int tid, int nt, egi_team *team)
{
    double *y = user;
    (void)nt;
    (void)team;
    egi_team_run_fp(1, EGI_FP_EXACT, halve_smallest, y);
    y[tid + 1] = halved(DBL_MIN);
}

START_TEST(a_team_of_one_sets_and_restores_as_well)
{
    double y[2];
    egi_team_run_fp(1, EGI_FP_FLUSH, halve_exactly_then_flushing, y);
    ck_assert(y[0] == DBL_MIN / 2);
    ck_assert(y[1] == 0.0);
    ck_assert(halved(DBL_MIN) == DBL_MIN / 2);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc == 2) return started(argv[1]);
    setenv("CK_FORK", "no", 1); /* in a fork of Check's every team is one */
    Suite *suite = suite_create("team");
    TCase *tcase = tcase_create("team");
    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, each_thread_of_a_team_runs_once);
    tcase_add_test(tcase, no_number_of_threads_means_the_default);
    tcase_add_test(tcase, inside_a_parallel_region_a_team_is_one);
    tcase_add_test(tcase, inside_a_team_of_one_a_team_may_be_larger);
    tcase_add_test(tcase, stepping_aside_leaves_every_thread_free_to_move);
    tcase_add_test(tcase, after_fork_the_child_is_a_team_of_one);
    tcase_add_test(tcase, host_threads_run_teams_of_their_own_at_once);
    tcase_add_test(tcase, a_thread_limit_makes_the_team_smaller);
    tcase_add_test(tcase, dynamic_adjustment_may_make_the_team_smaller);
    tcase_add_test(tcase, the_environment_gives_the_default_size);
    tcase_add_test(tcase, pinned_threads_still_make_a_team);
    tcase_add_test(tcase, small_thread_stacks_are_enough);
    tcase_add_test(tcase, after_the_barrier_all_see_what_all_wrote);
    tcase_add_test(tcase, the_barrier_is_measured);
    tcase_add_test(tcase, slices_are_whole_blocks_and_cover_everything_in_order);
    tcase_add_test(tcase, slices_are_even_to_one_block);
    tcase_add_test(tcase, denormals_are_flushed_on_every_thread_and_only_there);
    tcase_add_test(tcase, a_team_of_one_sets_and_restores_as_well);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
