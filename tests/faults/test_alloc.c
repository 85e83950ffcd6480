/* Every allocation of a scenario fails, once or from then on: a clean error, nothing lost, and the next try works. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engram/core.h"
#include "engram/math.h"
#include "support/support.h"

/* An allocator that counts, and fails at allocation `at` (and at all later ones if `onwards`). */
typedef struct faulty {
    atomic_long allocations, live;
    long at;
    bool onwards;
} faulty;

static void *take(void *user, size_t size, size_t align)
{
    faulty *a = user;
    long k = atomic_fetch_add(&a->allocations, 1) + 1;
    if (a->at && (a->onwards ? k >= a->at : k == a->at)) return NULL;
    void *p = NULL;
    if (posix_memalign(&p, align < sizeof p ? sizeof p : align, size)) return NULL;
    memset(p, 0xA5, size); /* nobody may count on zeros */
    atomic_fetch_add(&a->live, 1);
    return p;
}
static void give(void *user, void *p)
{
    atomic_fetch_sub(&((faulty *)user)->live, 1);
    free(p);
}

enum { N = 200, STEPS = 6 };
static eg_context *eg;
static eg_var *V, *count;
static eg_csr *csr;

static eg_val pair(eg_val carry, eg_val y) { return eg_tuple(eg, 2, ((eg_val[]){carry, y})); }

static eg_val set_count(void *user, eg_val x)
{
    (void)user;
    eg_set(count, eg_add(eg_get(count), 1));
    return x;
}
static eg_val step(void *user, eg_val x)
{
    (void)user;
    eg_val v = eg_name(eg_add(eg_mul(eg_get(V), 0.9), eg_item(x, 2)), "v");
    eg_val fired = eg_gt(v, 1);
    v = eg_event_add(eg_where(fired, 0, eg_exp(eg_neg(v))), csr, fired, 0.5);
    eg_cond(eg_any(fired), set_count, NULL, NULL, eg_nothing());
    eg_set(V, v);
    return pair(eg_add(eg_item(x, 1), eg_sum(v)), v);
}
static eg_val simulate(void *user, eg_val x)
{
    (void)user;
    eg_val out = eg_loop(eg, STEPS, step, NULL, eg_full(eg, eg_scalar(EG_F32), 0), x);
    return eg_tuple(eg, 2, ((eg_val[]){eg_item(out, 0), eg_cumsum(eg_item(out, 1), 0)}));
}

static float input[STEPS][N];
typedef struct outcome {
    float sum, rows[STEPS][N], v[N];
    int64_t count;
} outcome;

/* The scenarios: what is done up to there, with an allocator.  False after an error. */
static bool make(void)
{
    static int64_t indptr[N + 1];
    static int32_t indices[5 * N];
    for (int i = 0; i <= N; i++) indptr[i] = 5 * i;
    for (int k = 0; k < 5 * N; k++) indices[k] = k * 37 % N;
    for (int i = 0; i < STEPS; i++)
        for (int k = 0; k < N; k++) input[i][k] = (float)(i * k % 17) / 8;
    V = eg_variable(eg, "V", eg_vector(EG_F32, N));
    count = eg_variable(eg, "count", eg_scalar(EG_I64));
    csr = eg_csr_new(eg, N, N, indptr, indices);
    eg_init_fill(V, 0.25);
    return eg_error(eg) == EG_OK;
}

static eg_func *traced(void)
{
    eg_spec arg = eg_matrix(EG_F32, STEPS, N);
    eg_func *f = make() ? eg_trace(eg, "simulate", simulate, NULL, 1, &arg) : NULL;
    if (f && !*eg_text(f)) return NULL;
    return f;
}

static bool run(outcome *o, int threads)
{
    eg_func *f = traced();
    eg_state *s = f ? eg_state_new(eg) : NULL;
    const void *in[] = {input};
    void *out[] = {&o->sum, o->rows};
    if (!s) return false;
    eg_status status = eg_call(f, s, in, out, &(eg_run_options){.threads = threads, .interpret = threads == 0});
    if (status == EG_OK) {
        const void *v = eg_data(s, V), *n = eg_data(s, count);
        ck_assert(v && n);
        memcpy(o->v, v, sizeof o->v);
        memcpy(&o->count, n, sizeof o->count);
    } else if (!eg_error(eg)) {
        ck_assert_int_eq(status, EG_ERR_MEMORY);
        ck_assert_msg(strstr(eg_run_message(s), "memory"), "%s", eg_run_message(s));
        return false;
    }
    return status == EG_OK;
}

static bool scenario_trace(outcome *o)
{
    (void)o;
    return traced() != NULL;
}
static bool scenario_interpret(outcome *o) { return run(o, 0); }
static bool scenario_compile(outcome *o) { return run(o, 1); }
static bool scenario_team(outcome *o) { return run(o, 2); }

/* Once without a fault: how many allocations there are. */
static long rehearse(bool (*scenario)(outcome *o), outcome *want)
{
    faulty a = {0};
    eg = eg_open(&(eg_options){.allocator = &(eg_allocator){take, give, &a}, .cpu = "native", .dump = "none"});
    ck_assert_msg(eg && scenario(want), "%s", eg_message(eg));
    eg_close(eg);
    ck_assert_msg(a.live == 0, "%ld allocations are left without any fault", (long)a.live);
    return a.allocations;
}

static void fail_at(long k, bool onwards, bool (*scenario)(outcome *o), const outcome *want)
{
    static outcome got;
    faulty a = {.at = k, .onwards = onwards};
    eg = eg_open(&(eg_options){.allocator = &(eg_allocator){take, give, &a}, .cpu = "native", .dump = "none"});
    if (eg) {
        memset(&got, 0, sizeof got);
        if (scenario(&got)) {
            ck_assert_msg(!onwards, "allocation %ld fails and nobody minds", k);
            ck_assert_msg(!memcmp(&got, want, sizeof got), "allocation %ld fails and the result is wrong", k);
        } else if (eg_error(eg)) {
            ck_assert_msg(eg_error(eg) == EG_ERR_MEMORY && strstr(eg_message(eg), "memory"), "allocation %ld: %s: %s",
                          k, eg_status_text(eg_error(eg)), eg_message(eg));
        }
    }
    eg_close(eg);
    ck_assert_msg(a.live == 0, "allocation %ld%s: %ld are left", k, onwards ? " and later ones" : "", (long)a.live);
}

static void every(bool (*scenario)(outcome *o), long stride)
{
    static outcome want, again;
    long n = rehearse(scenario, &want);
    ck_assert_int_gt(n, 20);
    for (long k = 1; k <= n; k += k < 40 ? 1 : stride) {
        fail_at(k, false, scenario, &want);
        fail_at(k, true, scenario, &want);
    }
    rehearse(scenario, &again);
    ck_assert(!memcmp(&want, &again, sizeof want));
}

START_TEST(tracing_survives_every_failed_allocation) { every(scenario_trace, 1); }
END_TEST
START_TEST(the_interpreter_survives_every_failed_allocation) { every(scenario_interpret, 1); }
END_TEST
START_TEST(compiling_and_running_survive_failed_allocations) { every(scenario_compile, test_long() ? 1 : 5); }
END_TEST
START_TEST(a_team_survives_failed_allocations) { every(scenario_team, test_long() ? 1 : 7); }
END_TEST

/* In one context: the run fails, memory comes back, the run works. */
START_TEST(the_next_try_works_in_the_same_context)
{
    static outcome want, got;
    rehearse(scenario_compile, &want);
    for (long ahead = 1; ahead < 400; ahead += ahead < 20 ? 1 : 9) {
        faulty a = {0};
        eg = eg_open(&(eg_options){.allocator = &(eg_allocator){take, give, &a}});
        eg_func *f = traced();
        ck_assert_ptr_nonnull(f);
        eg_state *s = eg_state_new(eg);
        const void *in[] = {input};
        void *out[] = {&got.sum, got.rows};
        eg_run_options o = {.threads = 1};
        a.at = a.allocations + ahead;
        eg_status first = eg_call(f, s, in, out, &o);
        a.at = 0;
        if (first != EG_OK) {
            ck_assert_msg(first == EG_ERR_MEMORY, "allocation %ld: %s", ahead, eg_message(eg));
            eg_clear_error(eg);
            ck_assert_int_eq(*(int64_t *)eg_data(s, count), 0);
            ck_assert_float_eq(*(float *)eg_data(s, V), 0.25F);
            ck_assert_msg(eg_call(f, s, in, out, &o) == EG_OK, "after allocation %ld: %s%s", ahead, eg_message(eg),
                          eg_run_message(s));
        }
        ck_assert_msg(!memcmp(&got.rows, &want.rows, sizeof got.rows) && got.sum == want.sum, "allocation %ld", ahead);
        eg_close(eg);
        ck_assert_int_eq(a.live, 0);
        if (first == EG_OK) break;
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("alloc");
    TCase *t = tcase_create("alloc");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, tracing_survives_every_failed_allocation);
    tcase_add_test(t, the_interpreter_survives_every_failed_allocation);
    tcase_add_test(t, compiling_and_running_survive_failed_allocations);
    tcase_add_test(t, a_team_survives_failed_allocations);
    tcase_add_test(t, the_next_try_works_in_the_same_context);
    suite_add_tcase(s, t);
    return test_run(s);
}
