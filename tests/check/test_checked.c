/* Checked runs: what a fault leaves, what each mode finds, options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engram/math.h"
#include "engram/random.h"
#include "support/support.h"

#define LEN(a) (sizeof(a) / sizeof *(a))
enum { N = 40, STEPS = 90, FAULT = 61 };

static eg_context *eg;
static eg_var *V, *count;
static eg_func *func;
static int calls, lines[2];

static eg_val pair(eg_val a, eg_val b) { return eg_tuple(eg, 2, ((eg_val[]){a, b})); }

static void open_with(const eg_options *o)
{
    eg = eg_open(o);
    V = eg_variable(eg, "V", eg_vector(EG_F32, N));
    count = eg_variable(eg, "count", eg_scalar(EG_I64));
}

static void fails_with(eg_status got, eg_status want, const char *words)
{
    ck_assert_msg(got == want, "status %d: %s", got, eg_message(eg));
    ck_assert_msg(strstr(eg_message(eg), words) != NULL, "'%s' is not in: %s", words, eg_message(eg));
    eg_clear_error(eg);
}

/* -- a simulation with draws, rows and a host function, whose step number FAULT divides by 0 ----------------------- */

static int counted(void *user, const void *const *in, void *const *out)
{
    (void)user;
    calls++;
    *(float *)out[0] = (float)*(const int64_t *)in[0];
    return 0;
}
static eg_val step(void *user, eg_val x)
{
    eg_val n = eg_get(count), i = eg_convert(n, EG_F32);
    if (user) i = eg_host(eg, "counted", counted, NULL, 1, &n, 1, &eg_scalar(EG_F32));
    eg_val y = eg_div(eg_normal(eg, eg_vector(EG_F32, N), 0, 1), eg_sub(FAULT, i));
    eg_set(V, eg_add(eg_mul(eg_get(V), 0.5), y));
    eg_set(count, eg_add(n, 1));
    return pair(eg_add(eg_item(x, 1), eg_sum(eg_get(V))), eg_get(V));
}
static eg_val step_alone(void *user, eg_val x) { return pair(eg_item(step(user, x), 0), eg_nothing()); }
/* What comes behind the loop happens: count is then 1000 more. */
static eg_val simulation(void *user, eg_val x)
{
    eg_val out = eg_loop(eg, x, step_alone, user, eg_zeros(eg, eg_scalar(EG_F32)), eg_nothing());
    eg_set(count, eg_add(eg_get(count), 1000));
    return eg_item(out, 0);
}
static eg_val recorded(void *user, eg_val x)
{
    (void)x;
    eg_val out = eg_loop(eg, STEPS, step, user, eg_zeros(eg, eg_scalar(EG_F32)), eg_nothing());
    eg_set(count, eg_add(eg_get(count), 1000));
    return pair(eg_item(out, 0), eg_item(out, 1));
}

typedef struct left {
    float V[N], sum, rows[STEPS][N], next[N];
    int64_t count;
} left;

static eg_val draw(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return eg_normal(eg, eg_vector(EG_F32, N), 0, 1);
}

/* The state, and what is drawn next. */
static void leave(left *l)
{
    eg_func *f = eg_trace(eg, "draw", draw, NULL, 0, NULL);
    eg_read(V, l->V, sizeof l->V);
    eg_read(count, &l->count, sizeof l->count);
    ck_assert_int_eq(eg_call(f, NULL, NULL, (void *[]){l->next}, &(eg_run_options){.check = EG_CHECK_OFF}), EG_OK);
    eg_clear_error(eg);
}

START_TEST(a_fault_leaves_the_state_after_the_last_whole_step)
{
    static left want, got;
    int64_t n = FAULT;
    open_with(NULL);
    func = eg_trace(eg, "simulation", simulation, NULL, 1, &eg_scalar(EG_I64));
    ck_assert_int_eq(eg_call(func, NULL, (const void *[]){&n}, (void *[]){&want.sum}, NULL), EG_OK);
    leave(&want);
    eg_close(eg);
    ck_assert_int_eq(want.count, 1000 + FAULT);
    for (int nt = 0; nt <= 4; nt++) {
        open_with(&(eg_options){.check = EG_CHECK_OUTPUT, .chunk_ms = nt == 4 ? 1e-6 : 0});
        func = eg_trace(eg, "simulation", simulation, NULL, 1, &eg_scalar(EG_I64));
        eg_run_options o = {.interpret = nt == 0, .threads = nt};
        n = STEPS;
        memset(&got, 0, sizeof got);
        fails_with(eg_call(func, NULL, (const void *[]){&n}, (void *[]){&got.sum}, &o), EG_ERR_RUN,
                   "step 61: div made");
        leave(&got);
        ck_assert_msg(!memcmp(&want, &got, sizeof want), "%d threads: another state", nt);
        eg_close(eg);
    }
}
END_TEST

START_TEST(rows_of_steps_before_a_fault_are_kept_and_later_ones_are_zero)
{
    static left want, got;
    for (int nt = 0; nt <= 3; nt++) {
        open_with(&(eg_options){.check = EG_CHECK_OUTPUT});
        func = eg_trace(eg, "recorded", recorded, NULL, 0, NULL);
        left *l = nt ? &got : &want;
        memset(l, 0x11, sizeof *l);
        fails_with(eg_call(func, NULL, NULL, (void *[]){&l->sum, l->rows},
                           &(eg_run_options){.interpret = nt == 0, .threads = nt}),
                   EG_ERR_RUN, "step 61");
        leave(l);
        ck_assert_float_ne(l->rows[FAULT - 1][0], 0);
        for (int k = FAULT; k < STEPS; k++) ck_assert_float_eq(l->rows[k][k % N], 0);
        ck_assert_msg(!memcmp(&want, l, sizeof want), "%d threads: another state", nt);
        eg_close(eg);
    }
}
END_TEST

START_TEST(a_host_function_is_called_once_a_step_whatever_is_run_again)
{
    static left want, got;
    for (int nt = 0; nt <= 4; nt++) {
        open_with(&(eg_options){.check = EG_CHECK_OUTPUT, .chunk_ms = nt == 4 ? 1e-6 : 0});
        func = eg_trace(eg, "recorded", recorded, &calls, 0, NULL);
        left *l = nt ? &got : &want;
        memset(l, 0, sizeof *l);
        calls = 0;
        eg_run_options o = {.interpret = nt == 0, .threads = nt};
        fails_with(eg_call(func, NULL, NULL, (void *[]){&l->sum, l->rows}, &o), EG_ERR_RUN, "step 61");
        if (nt == 0 || nt == 4)
            ck_assert_int_eq(calls, FAULT + 1);
        else
            ck_assert(calls > FAULT && calls <= STEPS); /* compiled code had gone on */
        leave(l);
        ck_assert_msg(!memcmp(&want, l, sizeof want), "%d threads: another state", nt);
        eg_close(eg);
    }
}
END_TEST

static eg_val outside(void *user, eg_val x)
{
    (void)user;
    eg_set(count, 5);
    eg_set(V, eg_log(x));
    return eg_mul(x, 2);
}

START_TEST(a_fault_outside_of_loops_writes_nothing)
{
    float x[N], out[N];
    int64_t n = -1;
    for (int i = 0; i < N; i++) x[i] = (float)(i - 3);
    for (int nt = 0; nt <= 2; nt++) {
        open_with(NULL);
        func = eg_trace(eg, "outside", outside, NULL, 1, &eg_vector(EG_F32, N));
        memset(out, 0x11, sizeof out);
        fails_with(eg_call(func, NULL, (const void *[]){x}, (void *[]){out},
                           &(eg_run_options){.interpret = nt == 0, .threads = nt, .check = EG_CHECK_OUTPUT}),
                   EG_ERR_RUN, "[0] log(-3); seen in variable 'V' [0]");
        eg_read(count, &n, sizeof n);
        ck_assert_int_eq(n, 0);
        for (int i = 0; i < N; i++) ck_assert_int_eq(((unsigned char *)out)[4 * i], 0x11);
        x[0] = x[1] = x[2] = x[3] = 1;
        ck_assert_int_eq(eg_call(func, NULL, (const void *[]){x}, (void *[]){out},
                                 &(eg_run_options){.interpret = nt == 0, .check = EG_CHECK_OUTPUT}),
                         EG_OK);
        for (int i = 0; i < 4; i++) x[i] = (float)(i - 3);
        eg_close(eg);
    }
}
END_TEST

/* -- modes --------------------------------------------------------------------------------------------------------- */

static eg_val masked_step(void *user, eg_val x)
{
    eg_val i = eg_item(x, 0);
    eg_val y = eg_name(eg_log(eg_sub(50, eg_convert(i, EG_F32))), "y");
    /* NaN from step 51 on, -inf in step 50; user: then in V for one step, else never. */
    eg_val use = user ? eg_eq(i, 50) : eg_lt(i, 40);
    eg_set(V, eg_where(use, y, 1));
    return pair(eg_nothing(), eg_nothing());
}
static eg_val masked_loop(void *user, eg_val x)
{
    (void)x;
    eg_loop(eg, STEPS, masked_step, user, eg_nothing(), eg_nothing());
    return eg_nothing();
}

START_TEST(all_finds_what_is_masked_and_output_does_not)
{
    open_with(NULL);
    func = eg_trace(eg, "masked", masked_loop, NULL, 0, NULL);
    ck_assert_int_eq(eg_call(func, NULL, NULL, NULL, &(eg_run_options){.check = EG_CHECK_OUTPUT}), EG_OK);
    ck_assert_int_eq(eg_call(func, NULL, NULL, NULL, &(eg_run_options){.check = EG_CHECK_OUTPUT, .interpret = true}),
                     EG_OK);
    fails_with(eg_call(func, NULL, NULL, NULL, &(eg_run_options){.check = EG_CHECK_ALL}), EG_ERR_RUN,
               "'masked', step 50: log made -inf of finite numbers at");
    eg_close(eg);
}
END_TEST

START_TEST(what_is_gone_at_the_end_of_a_chunk_is_found_with_short_chunks)
{
    open_with(&(eg_options){.chunk_ms = 1e-6});
    func = eg_trace(eg, "passing", masked_loop, &calls, 0, NULL);
    for (int nt = 1; nt <= 2; nt++) {
        fails_with(eg_call(func, NULL, NULL, NULL, &(eg_run_options){.check = EG_CHECK_OUTPUT, .threads = nt}),
                   EG_ERR_RUN, "'passing', step 50: log made -inf of finite numbers at");
    }
    eg_close(eg);
}
END_TEST

/* Infinite after step 2 alone. */
static eg_val passing_step(void *user, eg_val x)
{
    eg_val i = eg_convert(eg_get(count), EG_F32);
    (void)user, (void)x;
    eg_set(V, eg_broadcast(eg_div(1, eg_sub(2, i)), N));
    eg_set(count, eg_add(eg_get(count), 1));
    return pair(eg_nothing(), eg_nothing());
}
static eg_val passing(void *user, eg_val x)
{
    (void)user, (void)x;
    eg_loop(eg, 30, passing_step, NULL, eg_nothing(), eg_nothing());
    return eg_nothing();
}

START_TEST(short_chunks_begin_with_the_first_step)
{
    for (int nt = 1; nt <= 2; nt++) {
        open_with(&(eg_options){.chunk_ms = 1e-6});
        func = eg_trace(eg, "passing", passing, NULL, 0, NULL);
        fails_with(eg_call(func, NULL, NULL, NULL, &(eg_run_options){.check = EG_CHECK_OUTPUT, .threads = nt}),
                   EG_ERR_RUN, "'passing', step 2: div made inf of finite numbers at");
        ck_assert_int_eq(*(const int64_t *)eg_data(NULL, count), 2);
        eg_close(eg);
    }
}
END_TEST

/* One code, two functions: each tells its own line. */
static eg_val first_log(void *user, eg_val x) { return (void)user, lines[0] = __LINE__, eg_log(eg_sub(x, 1)); }
static eg_val second_log(void *user, eg_val x) { return (void)user, lines[1] = __LINE__, eg_log(eg_sub(x, 2)); }

START_TEST(functions_that_share_their_code_tell_their_own_lines_and_check_compiles_nothing_anew)
{
    float x[N] = {0}, out[N];
    open_with(NULL);
    eg_func *f[2] = {eg_trace(eg, "first", first_log, NULL, 1, &eg_vector(EG_F32, N)),
                     eg_trace(eg, "second", second_log, NULL, 1, &eg_vector(EG_F32, N))};
    ck_assert_int_eq(eg_call(f[0], NULL, (const void *[]){x}, (void *[]){out}, NULL), EG_OK);
    for (int k = 0; k < 2; k++) {
        char words[200];
        snprintf(words, sizeof words,
                 "'%s', outside of its loops: log made nan of finite numbers at %s:%d: [0] log(-%d)",
                 k ? "second" : "first", __FILE__, lines[k], k + 1);
        fails_with(
            eg_call(f[k], NULL, (const void *[]){x}, (void *[]){out}, &(eg_run_options){.check = EG_CHECK_OUTPUT}),
            EG_ERR_RUN, words);
    }
    ck_assert_int_eq(eg_get_stats(eg).compiles, 1);
    eg_close(eg);
}
END_TEST

/* -- options ------------------------------------------------------------------------------------------------------- */

START_TEST(a_run_overrides_its_context)
{
    float x[N] = {0}, out[N];
    open_with(&(eg_options){.check = EG_CHECK_OUTPUT});
    func = eg_trace(eg, "f", first_log, NULL, 1, &eg_vector(EG_F32, N));
    fails_with(eg_call(func, NULL, (const void *[]){x}, (void *[]){out}, NULL), EG_ERR_RUN, "log");
    fails_with(eg_call(func, NULL, (const void *[]){x}, (void *[]){out}, &(eg_run_options){0}), EG_ERR_RUN, "log");
    ck_assert_int_eq(
        eg_call(func, NULL, (const void *[]){x}, (void *[]){out}, &(eg_run_options){.check = EG_CHECK_OFF}), EG_OK);
    eg_close(eg);
}
END_TEST

START_TEST(wrong_modes_are_errors)
{
    float x[N] = {0}, out[N];
    eg = eg_open(&(eg_options){.check = (eg_check)4});
    fails_with(eg_error(eg), EG_ERR_ARGUMENT, "check is 4");
    eg_close(eg);
    open_with(NULL);
    func = eg_trace(eg, "f", first_log, NULL, 1, &eg_vector(EG_F32, N));
    fails_with(eg_call(func, NULL, (const void *[]){x}, (void *[]){out}, &(eg_run_options){.check = (eg_check)9}),
               EG_ERR_ARGUMENT, "check is 9");
    fails_with(eg_call(func, NULL, (const void *[]){x}, (void *[]){out}, &(eg_run_options){.check = (eg_check)-1}),
               EG_ERR_ARGUMENT, "check is -1");
    eg_close(eg);
}
END_TEST

START_TEST(the_environment_gives_the_default)
{
    float x[N] = {0}, out[N];
    static const char *const words[] = {"output", "all", "off", "most"};
    for (size_t k = 0; k < LEN(words); k++) {
        setenv("EG_CHECK", words[k], 1);
        open_with(NULL);
        if (k < 3) {
            func = eg_trace(eg, "f", first_log, NULL, 1, &eg_vector(EG_F32, N));
            eg_status status = eg_call(func, NULL, (const void *[]){x}, (void *[]){out}, NULL);
            ck_assert_int_eq(status, k < 2 ? EG_ERR_RUN : EG_OK);
        } else {
            fails_with(eg_error(eg), EG_ERR_ARGUMENT, "EG_CHECK");
        }
        eg_close(eg);
    }
    unsetenv("EG_CHECK");
}
END_TEST

static int stops(void *user, int64_t at, int64_t n)
{
    (void)user;
    return at > 20 && n > 0;
}

START_TEST(a_checked_run_can_be_cancelled)
{
    int64_t n = FAULT;
    for (int nt = 0; nt <= 2; nt++) {
        open_with(&(eg_options){.check = EG_CHECK_OUTPUT, .chunk_ms = 1e-6});
        func = eg_trace(eg, "simulation", simulation, NULL, 1, &eg_scalar(EG_I64));
        eg_run_options o = {.interpret = nt == 0, .threads = nt, .progress = stops};
        fails_with(eg_call(func, NULL, (const void *[]){&n}, NULL, &o), EG_ERR_CANCELLED, "after 21 steps");
        eg_close(eg);
    }
}
END_TEST

/* -- memory -------------------------------------------------------------------------------------------------------- */

static long allocations, live, fails_at;
static void *take(void *user, size_t size, size_t align)
{
    (void)user;
    void *p = NULL;
    if (++allocations == fails_at) return NULL;
    if (posix_memalign(&p, align < sizeof p ? sizeof p : align, size)) return NULL;
    memset(p, 0xA5, size);
    live++;
    return p;
}
static void give(void *user, void *p)
{
    (void)user;
    live--;
    free(p);
}

START_TEST(every_allocation_of_a_checked_run_may_fail)
{
    static left first, l;
    for (int interpret = 0; interpret < 2; interpret++) {
        eg_run_options o = {.interpret = interpret, .threads = 1, .check = EG_CHECK_OUTPUT};
        for (long ahead = 1;; ahead++) {
            fails_at = 0;
            open_with(&(eg_options){.allocator = &(eg_allocator){take, give, NULL}});
            func = eg_trace(eg, "recorded", recorded, &calls, 0, NULL);
            ck_assert(interpret || eg_compile(func) == EG_OK);
            eg_data(NULL, V);
            fails_at = allocations + ahead;
            eg_status status = eg_call(func, NULL, NULL, (void *[]){&l.sum, l.rows}, &o);
            bool reached = allocations >= fails_at;
            fails_at = 0;
            int64_t n;
            if (status == EG_ERR_MEMORY) {
                ck_assert_msg(strstr(eg_message(eg), "memory") != NULL, "%s", eg_message(eg));
                eg_clear_error(eg);
                eg_read(count, &n, sizeof n);
                ck_assert_msg(n == 0, "allocation %ld: the state is touched: %lld", ahead, (long long)n);
                status = eg_call(func, NULL, NULL, (void *[]){&l.sum, l.rows}, &o);
            }
            fails_with(status, EG_ERR_RUN, "step 61: div made");
            leave(&l);
            if (ahead == 1) first = l;
            ck_assert_msg(!memcmp(&first, &l, sizeof l), "allocation %ld: another state", ahead);
            eg_close(eg);
            ck_assert_msg(live == 0, "allocation %ld: %ld are left", ahead, live);
            if (!reached) break;
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("checked");
    TCase *t = tcase_create("checked");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, a_fault_leaves_the_state_after_the_last_whole_step);
    tcase_add_test(t, rows_of_steps_before_a_fault_are_kept_and_later_ones_are_zero);
    tcase_add_test(t, a_host_function_is_called_once_a_step_whatever_is_run_again);
    tcase_add_test(t, a_fault_outside_of_loops_writes_nothing);
    tcase_add_test(t, all_finds_what_is_masked_and_output_does_not);
    tcase_add_test(t, what_is_gone_at_the_end_of_a_chunk_is_found_with_short_chunks);
    tcase_add_test(t, short_chunks_begin_with_the_first_step);
    tcase_add_test(t, functions_that_share_their_code_tell_their_own_lines_and_check_compiles_nothing_anew);
    tcase_add_test(t, a_run_overrides_its_context);
    tcase_add_test(t, wrong_modes_are_errors);
    tcase_add_test(t, the_environment_gives_the_default);
    tcase_add_test(t, a_checked_run_can_be_cancelled);
    tcase_add_test(t, every_allocation_of_a_checked_run_may_fail);
    suite_add_tcase(s, t);
    return test_run(s);
}
