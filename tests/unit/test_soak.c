/* Living long and in odd places: a thousand compilations without growth, a host's parallel region, a thread limit, a
 * forked child, small stacks. */
#define _DEFAULT_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/team.h"
#include "session.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WATCHED true
#endif
#endif
#ifndef WATCHED
#define WATCHED false
#endif

enum { N = 3000 };
static eg_var *V, *spikes;
static eg_csr *csr;

static void model(void)
{
    setup();
    int64_t *indptr = malloc((N + 1) * sizeof *indptr);
    int32_t *indices = malloc(10 * N * sizeof *indices);
    for (int i = 0; i <= N; i++) indptr[i] = 10 * i;
    for (int k = 0; k < 10 * N; k++) indices[k] = k * 7919 % N;
    V = eg_variable(eg, "V", eg_vector(EG_F32, N));
    spikes = eg_variable(eg, "spikes", eg_scalar(EG_I64));
    csr = eg_csr_new(eg, N, N, indptr, indices);
    free(indptr);
    free(indices);
    fine();
}

/* A different structure for every k: the cache has none of them, until it is asked again. */
static eg_val step(void *user, eg_val x)
{
    int k = *(int *)user;
    eg_val v = eg_add(eg_mul(eg_get(V), 0.9), eg_mul(eg_convert(eg_iota(eg, N, EG_I32), EG_F32), 1e-3));
    for (int bit = 0; bit < 5; bit++) v = k >> bit & 1 ? eg_sub(v, 0.01) : eg_abs(v);
    eg_val fired = eg_gt(v, 1);
    v = eg_event_add(eg_where(fired, 0, v), csr, fired, 0.05);
    eg_set(V, v);
    eg_set(spikes, eg_add(eg_get(spikes), eg_sum(eg_convert(fired, EG_I64))));
    (void)x;
    return eg_nothing();
}
static eg_val simulate(void *user, eg_val n)
{
    eg_loop(eg, n, step, user, eg_nothing(), eg_nothing());
    return eg_nothing();
}
static eg_func *simulation(int k)
{
    eg_func *f = eg_trace(eg, "simulate", simulate, &k, 1, &eg_scalar(EG_I64));
    ck_assert_msg(f != NULL, "%s", eg_message(eg));
    return f;
}
static eg_status run(eg_func *f, eg_state *s, int64_t n, int threads)
{
    return eg_call(f, s, IN(&n), NULL, &(eg_run_options){.threads = threads});
}

/* -- growth -------------------------------------------------------------------------------------------------------- */

/* Calls cycle(k) for rounds that are measured after a warm-up; resident memory must not climb. */
static void check_growth(void (*cycle)(int k), int rounds)
{
    size_t before = 0;
    for (int k = 0; k < rounds; k++) {
        cycle(k);
        if (k == rounds / 2) before = test_resident();
    }
    size_t after = test_resident();
    if (WATCHED) return; /* the sanitizer keeps what is freed for a while, and finds leaks itself */
    ck_assert_msg(after < before + (1 << 20), "%zu bytes more after %d rounds", after - before, rounds - rounds / 2);
}

static void function_cycle(int k)
{
    eg_func *f = simulation(k % 2);
    ck_assert_int_eq(run(f, NULL, 2, 1 + k % 2), EG_OK);
    eg_func_free(f);
}

START_TEST(a_thousand_functions_leave_nothing_behind)
{
    check_growth(function_cycle, 1000);
    ck_assert_int_eq(eg_get_stats(eg).compiles, 2);
}
END_TEST

static void state_cycle(int k)
{
    static eg_func *f;
    if (k == 0) f = simulation(0);
    eg_state *s = eg_state_new(eg);
    ck_assert_int_eq(run(f, s, 2, 1 + k % 2), EG_OK);
    eg_state_free(s);
}

START_TEST(a_thousand_states_leave_nothing_behind) { check_growth(state_cycle, 1000); }
END_TEST

static void context_cycle(int k)
{
    eg_close(eg);
    model();
    ck_assert_int_eq(run(simulation(k % 32), NULL, 2, 1), EG_OK);
}

/* The whole way through LLVM each time; a thousand under EG_LONG. */
START_TEST(contexts_with_compiled_code_leave_nothing_behind) { check_growth(context_cycle, test_long() ? 1000 : 200); }
END_TEST

/* -- odd places ---------------------------------------------------------------------------------------------------- */

static const float *result_of(int threads)
{
    eg_state *s = eg_state_new(eg);
    eg_func *f = simulation(0);
    ck_assert_msg(run(f, s, 40, threads) == EG_OK, "%s%s", eg_run_message(s), eg_message(eg));
    ck_assert_int_gt(*(int64_t *)eg_data(s, spikes), 0);
    return eg_data(s, V);
}

typedef struct nested_job {
    eg_func *f;
    eg_state *s[2];
    eg_status status[2];
    int given;
} nested_job;

/* A host's parallel region, each of whose threads asks for a team. */
static void in_region(void *user, int tid, int nt, egi_team *team)
{
    nested_job *j = user;
    (void)team;
    if (tid == 0) j->given = nt;
    j->status[tid] = run(j->f, j->s[tid], 40, 2);
}

START_TEST(runs_inside_a_hosts_parallel_region_give_the_same_bits)
{
    const float *want = result_of(2);
    nested_job j = {.f = simulation(0), .s = {eg_state_new(eg), eg_state_new(eg)}};
    egi_team_run(2, in_region, &j);
    for (int t = 0; t < j.given; t++) {
        ck_assert_int_eq(j.status[t], EG_OK);
        ck_assert(!memcmp(eg_data(j.s[t], V), want, N * sizeof(float)));
    }
    ck_assert_int_eq(run(j.f, j.s[0], 40, 2), EG_OK);
}
END_TEST

/* A child in which `fn` runs; it must be done, with exit status 0, in `seconds`. */
static void in_child(void (*fn)(void), double seconds)
{
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        fn();
        _exit(0);
    }
    int status = 0;
    for (double waited = 0; waitpid(child, &status, WNOHANG) == 0; waited += 0.01) {
        if (waited > seconds) kill(child, SIGKILL);
        usleep(10000);
    }
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child: status %x", (unsigned)status);
}

static const float *parents;

static void child_of_fork(void)
{
    /* The parent's code on the parent's state, a function of its own, a context of its own. */
    if (memcmp(result_of(2), parents, N * sizeof(float))) _exit(3);
    if (run(simulation(5), NULL, 3, 2) != EG_OK) _exit(4);
    eg_close(eg);
    model();
    if (memcmp(result_of(2), parents, N * sizeof(float))) _exit(5);
}

START_TEST(a_forked_child_compiles_and_runs)
{
    static float copy[N];
    memcpy(copy, result_of(2), sizeof copy);
    parents = copy;
    in_child(child_of_fork, 5 * (test_long() ? 10 : 4));
}
END_TEST

static char self[512];

/* This program again, in another environment, running the test of that name. */
static void again(const char *variable, const char *value)
{
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        setenv(variable, value, 1);
        execl(self, self, "bits", (char *)NULL);
        _exit(9);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s=%s: status %x", variable, value, (unsigned)status);
}

START_TEST(a_thread_limit_and_small_worker_stacks_change_nothing)
{
    again("OMP_THREAD_LIMIT", "1");
    again("OMP_STACKSIZE", "64k");
    again("OMP_NUM_THREADS", "7");
    again("OMP_DYNAMIC", "true");
}
END_TEST

static void *on_small_stack(void *p)
{
    nested_job *j = p;
    j->status[0] = run(j->f, j->s[0], 40, 1);
    j->status[1] = run(j->f, j->s[1], 40, 2);
    return NULL;
}
static void *compiles_on_small_stack(void *p)
{
    nested_job *j = p;
    j->status[0] = eg_compile(j->f);
    return NULL;
}

static void with_stack(size_t bytes, void *(*fn)(void *), nested_job *j)
{
    pthread_t t;
    pthread_attr_t a;
    pthread_attr_init(&a);
    ck_assert_int_eq(pthread_attr_setstacksize(&a, bytes), 0);
    ck_assert_int_eq(pthread_create(&t, &a, fn, j), 0);
    pthread_join(t, NULL);
    pthread_attr_destroy(&a);
}

/* docs/ir.md, "Running": compiled code runs on a stack of 128 KB; compiling needs 1 MB. */
START_TEST(compiled_code_runs_on_a_stack_of_128_KB_and_1_MB_is_enough_to_compile)
{
    const float *want = result_of(1);
    nested_job j = {.f = simulation(9), .s = {eg_state_new(eg), eg_state_new(eg)}, .status = {EG_ERR_RUN, EG_ERR_RUN}};
    with_stack(1 << 20, compiles_on_small_stack, &j);
    ck_assert_int_eq(j.status[0], EG_OK);
    j.f = simulation(0);
    eg_compile(j.f);
    with_stack(128 << 10, on_small_stack, &j);
    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(j.status[k], EG_OK);
        ck_assert(!memcmp(eg_data(j.s[k], V), want, N * sizeof(float)));
    }
}
END_TEST

/* What the second life of this program does. */
START_TEST(teams_of_every_size_agree_with_one_thread)
{
    const float *one = result_of(1);
    for (int nt = 0; nt <= 4; nt++) ck_assert(!memcmp(result_of(nt), one, N * sizeof(float)));
}
END_TEST

int main(int argc, char **argv)
{
    (void)argv;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0) return 1;
    Suite *s = suite_create("soak");
    TCase *t = tcase_create("soak");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, model, teardown);
    suite_add_tcase(s, t);
    tcase_add_test(t, teams_of_every_size_agree_with_one_thread);
    if (argc > 1) return test_run(s);
    tcase_add_test(t, runs_inside_a_hosts_parallel_region_give_the_same_bits);
    tcase_add_test(t, a_forked_child_compiles_and_runs);
    tcase_add_test(t, a_thread_limit_and_small_worker_stacks_change_nothing);
    tcase_add_test(t, compiled_code_runs_on_a_stack_of_128_KB_and_1_MB_is_enough_to_compile);
    tcase_add_test(t, a_thousand_functions_leave_nothing_behind);
    tcase_add_test(t, a_thousand_states_leave_nothing_behind);
    tcase_add_test(t, contexts_with_compiled_code_leave_nothing_behind);
    return test_run(s);
}
