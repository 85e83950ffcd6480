/* Calling functions: arguments, results, states, variables, host threads. */
#include <pthread.h>

#include "session.h"

enum { N = 3000 };
static eg_var *V, *count;

static void variables(void)
{
    setup();
    V = eg_variable(eg, "V", eg_vector(EG_F32, N));
    count = eg_variable(eg, "count", eg_scalar(EG_I64));
    eg_init_fill(V, 0.5);
}

static eg_val step(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_val noise = eg_convert(eg_iota(eg, N, EG_I32), EG_F32);
    eg_set(V, eg_add(eg_mul(eg_get(V), 0.875), eg_sin(eg_add(noise, eg_sum(eg_get(V))))));
    eg_set(count, eg_add(eg_get(count), 1));
    return eg_nothing();
}
static eg_val simulate(void *user, eg_val n)
{
    (void)user;
    eg_loop(eg, n, step, NULL, eg_nothing(), eg_nothing());
    return eg_nothing();
}
static eg_func *simulation(void) { return TRACE(simulate, eg_scalar(EG_I64)); }

static void run(eg_func *f, eg_state *s, int64_t n, const eg_run_options *o)
{
    eg_status status = eg_call(f, s, IN(&n), NULL, o);
    ck_assert_msg(status == EG_OK, "%s%s", s ? eg_run_message(s) : "", eg_message(eg));
}

static const float *values(eg_state *s) { return eg_data(s, V); }

/* -- arguments and results ----------------------------------------------------------------------------------------- */

static eg_val turned(void *user, eg_val x)
{
    (void)user;
    eg_val y = eg_flip(x, 0);
    return eg_tuple(eg, 3, ((eg_val[]){y, eg_sum(x), eg_add(x, y)}));
}

static void check_turned(const float *x, const float *y, const float *sum, const float *both)
{
    float total = 0;
    for (int k = 0; k < 100; k++) total += x[k];
    for (int k = 0; k < 100; k++) {
        if (y) ck_assert_float_eq(y[k], x[99 - k]);
        if (both) ck_assert_float_eq(both[k], x[k] + x[99 - k]);
    }
    if (sum) ck_assert_float_eq(*sum, total);
}

START_TEST(results_go_where_they_are_wanted)
{
    eg_func *f = TRACE(turned, eg_vector(EG_F32, 100));
    float x[101], y[101], sum, both[101];
    for (int k = 0; k < 101; k++) x[k] = (float)k, y[k] = both[k] = -1;
    for (int wanted = 0; wanted < 8; wanted++) {
        void *out[] = {wanted & 1 ? y : NULL, wanted & 2 ? &sum : NULL, wanted & 4 ? both : NULL};
        ck_assert_int_eq(eg_call(f, NULL, IN(x), out, NULL), EG_OK);
        check_turned(x, out[0], out[1], out[2]);
    }
    ck_assert_int_eq(eg_call(f, NULL, IN(x), NULL, NULL), EG_OK);
    ck_assert_msg(y[100] == -1 && both[100] == -1, "written behind the end");
}
END_TEST

START_TEST(arrays_of_the_context_are_arguments_and_results)
{
    eg_func *f = TRACE(turned, eg_vector(EG_F32, 100));
    eg_array *a = eg_array_new(eg, eg_vector(EG_F32, 100), NULL), *b = eg_array_new(eg, eg_vector(EG_F32, 100), NULL);
    float *x = eg_array_data(a), *y = eg_array_data(b), sum, both[100], before[100];
    for (int k = 0; k < 100; k++) before[k] = x[k] = (float)k;
    ck_assert_int_eq(eg_call(f, NULL, IN(x), (void *[]){y, &sum, both}, NULL), EG_OK);
    check_turned(x, y, &sum, both);
    /* One array as argument and result. */
    ck_assert_int_eq(eg_call(f, NULL, IN(x), (void *[]){x, &sum, both}, NULL), EG_OK);
    check_turned(before, x, &sum, both);
}
END_TEST

static eg_val adds_table(void *user, eg_val x) { return eg_add(eg_flip(eg_constant((eg_array *)user), 0), x); }

START_TEST(a_captured_array_may_be_a_result)
{
    eg_array *a = eg_array_new(eg, eg_vector(EG_F32, 100), NULL);
    float *x = eg_array_data(a), zero[100] = {0};
    for (int k = 0; k < 100; k++) x[k] = (float)k;
    eg_func *f = eg_trace(eg, "f", adds_table, a, 1, &eg_vector(EG_F32, 100));
    ck_assert_int_eq(eg_call(f, NULL, IN(zero), (void *[]){x}, NULL), EG_OK);
    for (int k = 0; k < 100; k++) ck_assert_float_eq(x[k], (float)(99 - k));
}
END_TEST

START_TEST(an_array_that_is_too_small_is_an_error_that_says_so)
{
    eg_func *f = TRACE(turned, eg_vector(EG_F32, 100));
    eg_array *small = eg_array_new(eg, eg_vector(EG_F32, 10), NULL);
    float x[100] = {0};
    ck_assert_int_eq(eg_call(f, NULL, IN(eg_array_data(small)), NULL, NULL), EG_ERR_SHAPE);
    SAYS(EG_ERR_SHAPE, "'turned'", "argument 0", "400 bytes", "40");
    ck_assert_int_eq(eg_call(f, NULL, IN(x), (void *[]){eg_array_data(small), NULL, NULL}, NULL), EG_ERR_SHAPE);
    SAYS(EG_ERR_SHAPE, "'turned'", "result 0", "400 bytes", "40");
}
END_TEST

/* -- variables and states ------------------------------------------------------------------------------------------ */

START_TEST(states_are_independent)
{
    eg_func *f = simulation();
    eg_state *a = eg_state_new(eg), *b = eg_state_new(eg);
    run(f, a, 7, NULL);
    run(f, b, 3, NULL);
    run(f, NULL, 1, NULL);
    ck_assert_int_eq(*(int64_t *)eg_data(a, count), 7);
    ck_assert_int_eq(*(int64_t *)eg_data(b, count), 3);
    ck_assert_int_eq(*(int64_t *)eg_data(NULL, count), 1);
    ck_assert_ptr_eq(eg_own_state(eg), eg_own_state(eg));
    ck_assert_ptr_eq(eg_data(eg_own_state(eg), V), eg_data(NULL, V));
    eg_state_free(a);
    eg_state_free(NULL);
    run(f, b, 4, NULL);
    ck_assert_int_eq(*(int64_t *)eg_data(b, count), 7);
}
END_TEST

START_TEST(variables_are_written_read_filled_and_put_back)
{
    static float x[N], y[N];
    for (int k = 0; k < N; k++) x[k] = (float)k;
    ck_assert_int_eq(eg_write(V, x, sizeof x), EG_OK);
    ck_assert_int_eq(eg_read(V, y, sizeof y), EG_OK);
    ck_assert(!memcmp(x, y, sizeof x));
    ck_assert(!memcmp(x, eg_data(NULL, V), sizeof x));
    ck_assert_uint_eq((uintptr_t)eg_data(NULL, V) % 64, 0);
    ck_assert_int_eq(eg_fill(count, 41.9), EG_OK);
    ck_assert_int_eq(*(int64_t *)eg_data(NULL, count), 41);
    ck_assert_int_eq(eg_reset(eg, NULL), EG_OK);
    ck_assert_float_eq(values(NULL)[N - 1], 0.5F);
    ck_assert_int_eq(*(int64_t *)eg_data(NULL, count), 0);
    ck_assert_int_eq(eg_init(V, x, sizeof x), EG_OK);
    eg_state *s = eg_state_new(eg);
    ck_assert(!memcmp(x, values(s), sizeof x));
    eg_fill(V, 2);
    ck_assert(!memcmp(x, values(s), sizeof x));
    eg_reset(eg, NULL);
    ck_assert(!memcmp(x, values(NULL), sizeof x));
    fine();
}
END_TEST

START_TEST(a_state_made_before_a_variable_grows_and_keeps_its_values)
{
    eg_func *f = simulation();
    eg_state *s = eg_state_new(eg), *t = eg_state_new(eg);
    run(f, s, 5, NULL);
    run(f, t, 5, NULL);
    eg_var *late = eg_variable(eg, "late", eg_vector(EG_I32, 1000));
    eg_init_fill(late, -3);
    ck_assert_int_eq(((int32_t *)eg_data(s, late))[999], -3);
    ck_assert(!memcmp(values(s), values(t), N * sizeof(float)));
    run(f, s, 5, NULL);
    run(f, t, 5, NULL);
    ck_assert_int_eq(*(int64_t *)eg_data(s, count), 10);
    ck_assert(!memcmp(values(s), values(t), N * sizeof(float)));
}
END_TEST

START_TEST(a_run_continues_where_the_last_one_ended)
{
    eg_func *f = simulation();
    static const int64_t parts[][3] = {{40, 0, 0}, {20, 20, 0}, {1, 38, 1}, {13, 0, 27}};
    eg_state *whole = eg_state_new(eg);
    run(f, whole, 40, NULL);
    for (size_t k = 0; k < LEN(parts); k++) {
        for (int interpret = 0; interpret < 2; interpret++) {
            eg_state *s = eg_state_new(eg);
            for (int j = 0; j < 3; j++)
                run(f, s, parts[k][j], &(eg_run_options){.interpret = (interpret + j) % 2 == 1, .threads = j + 1});
            ck_assert_msg(!memcmp(values(s), values(whole), N * sizeof(float)), "part %zu", k);
        }
    }
}
END_TEST

/* -- a variable as argument ---------------------------------------------------------------------------------------- */

enum { LARGE = 100000 }; /* large enough not to be copied, were it not written */

static eg_val add_turned(void *user, eg_val x)
{
    eg_var *v = user;
    eg_set(v, eg_add(eg_flip(x, 0), eg_get(v)));
    return eg_sum(x);
}

START_TEST(an_argument_may_lie_in_a_variable_that_is_written)
{
    eg_var *v = eg_variable(eg, "large", eg_vector(EG_F32, LARGE));
    eg_func *f = eg_trace(eg, "add_turned", add_turned, v, 1, &eg_vector(EG_F32, LARGE));
    fine();
    for (int threads = 0; threads <= 3; threads++) {
        float *x = eg_data(NULL, v), sum;
        for (int k = 0; k < LARGE; k++) x[k] = (float)(k % 10);
        ck_assert_int_eq(
            eg_call(f, NULL, IN(x), (void *[]){&sum}, &(eg_run_options){.threads = threads, .interpret = threads == 0}),
            EG_OK);
        ck_assert_float_eq(sum, 450000);
        for (int k = 0; k < LARGE; k++) ck_assert_float_eq(x[k], 9);
    }
}
END_TEST

/* -- threads ------------------------------------------------------------------------------------------------------- */

typedef struct job {
    eg_func *f;
    eg_state *s;
    eg_status status;
} job;

static void *in_thread(void *p)
{
    job *j = p;
    int64_t n = 50;
    for (int k = 0; k < 20 && j->status == EG_OK; k++)
        j->status = eg_call(j->f, j->s, IN(&n), NULL, &(eg_run_options){.threads = 1 + k % 2});
    return NULL;
}

START_TEST(host_threads_run_one_function_at_once_on_states_of_their_own)
{
    eg_func *f = simulation(); /* not compiled yet: whoever comes first does it */
    job jobs[4] = {{0}};
    pthread_t thread[4];
    eg_state *want = eg_state_new(eg);
    for (int k = 0; k < 4; k++) jobs[k] = (job){f, eg_state_new(eg), EG_OK};
    for (int k = 0; k < 4; k++) ck_assert_int_eq(pthread_create(&thread[k], NULL, in_thread, &jobs[k]), 0);
    for (int k = 0; k < 4; k++) pthread_join(thread[k], NULL);
    run(f, want, 1000, NULL);
    for (int k = 0; k < 4; k++) {
        ck_assert_msg(jobs[k].status == EG_OK, "%s", eg_run_message(jobs[k].s));
        ck_assert_msg(!memcmp(values(jobs[k].s), values(want), N * sizeof(float)), "thread %d", k);
    }
    ck_assert_int_eq(eg_get_stats(eg).compiles, 1);
    ck_assert_int_eq(eg_get_stats(eg).runs, 81);
}
END_TEST

static int64_t nested_status;

static int runs_again(void *user, const void *const *in, void *const *out)
{
    (void)in;
    (void)out;
    int64_t n = 1;
    job *j = user;
    nested_status = eg_call(j->f, j->s, IN(&n), NULL, NULL);
    return 0;
}
static eg_val hosts(void *user, eg_val n)
{
    eg_host(eg, "again", runs_again, user, 0, NULL, 0, NULL);
    return simulate(NULL, n);
}

START_TEST(a_state_in_use_is_an_error_for_a_second_run)
{
    job j = {simulation(), eg_state_new(eg), EG_OK};
    eg_func *f = eg_trace(eg, "hosts", hosts, &j, 1, &eg_scalar(EG_I64));
    fine();
    int64_t n = 3;
    ck_assert_int_eq(eg_call(f, j.s, IN(&n), NULL, NULL), EG_OK);
    ck_assert_int_eq(nested_status, EG_ERR_STATE);
    SAYS(EG_ERR_STATE, "'simulate'", "state", "another run");
    ck_assert_int_eq(*(int64_t *)eg_data(j.s, count), 3);
    j.s = eg_state_new(eg);
    run(f, NULL, 2, NULL);
    ck_assert_int_eq(nested_status, EG_OK);
}
END_TEST

START_TEST(every_number_of_threads_gives_the_same_bits)
{
    eg_func *f = simulation();
    eg_state *one = eg_state_new(eg);
    run(f, one, 200, &(eg_run_options){.threads = 1});
    for (int nt = 2; nt <= 8; nt++) {
        eg_state *s = eg_state_new(eg);
        run(f, s, 200, &(eg_run_options){.threads = nt});
        ck_assert_msg(!memcmp(values(s), values(one), N * sizeof(float)), "%d threads", nt);
        ck_assert_int_eq(eg_get_stats(eg).last_threads, nt); /* with CK_FORK=no: a forked child is alone */
        run(f, s, 1, &(eg_run_options){.threads = 1});
    }
    eg_state *s = eg_state_new(eg);
    run(f, s, 200, &(eg_run_options){.interpret = true});
    ck_assert_msg(!memcmp(values(s), values(one), N * sizeof(float)), "interpreted");
    ck_assert_int_eq(eg_get_stats(eg).compiles, 1);
}
END_TEST

static eg_val plus_one(void *user, eg_val x)
{
    (void)user;
    return eg_add(x, 1.0);
}

START_TEST(a_result_leaves_the_rest_of_a_larger_array_alone)
{
    eg_func *f = TRACE(plus_one, eg_vector(EG_F32, 20));
    float x[20] = {0}, *to = eg_array_data(eg_array_new(eg, eg_vector(EG_F32, 100), NULL));
    for (int k = 0; k < 100; k++) to[k] = -7;
    ck_assert_int_eq(eg_call(f, NULL, IN(x), (void *[]){to}, NULL), EG_OK);
    for (int k = 0; k < 100; k++) ck_assert_float_eq(to[k], k < 20 ? 1 : -7);
}
END_TEST

enum { WIDE = 32 * 1024 };
static eg_val square_and_sum(void *user, eg_val x)
{
    (void)user;
    return eg_sum(eg_mul(x, x));
}

/* Whole vectors are read at its end, which AddressSanitizer is not to see. */
START_TEST(a_large_argument_ends_where_it_ends)
{
    eg_func *f = TRACE(square_and_sum, eg_vector(EG_F32, WIDE + 1));
    for (int at = 0; at < 3; at++) {
        float *x = calloc(WIDE + 1 + (size_t)at, sizeof *x), sum[2];
        for (int k = 0; k <= WIDE; k++) x[at + k] = (float)(k % 7);
        for (int k = 0; k < 2; k++) {
            eg_run_options o = {.interpret = k};
            ck_assert_int_eq(eg_call(f, NULL, IN(x + at), (void *[]){&sum[k]}, &o), EG_OK);
        }
        free(x);
        ck_assert_float_eq(sum[0], sum[1]);
    }
}
END_TEST

enum { OUTS = 6 };
static int fills(void *user, const void *const *in, void *const *out)
{
    const int n = *(const int *)user;
    for (int k = 0; k < n; k++) *(float *)out[k] = *(const float *)in[0] + (float)k;
    return 0;
}
static eg_val first_of(void *user, eg_val x)
{
    eg_spec out[OUTS];
    for (int k = 0; k < OUTS; k++) out[k] = eg_scalar(EG_F32);
    eg_val y = eg_host(eg, "fills", fills, user, 1, &x, *(int *)user, out);
    return eg_tuple_size(y) == 1 ? y : eg_item(y, 0);
}

/* The outputs that nobody uses are no part of the graph, so both look the same but for their number. */
START_TEST(host_functions_with_more_outputs_have_code_of_their_own)
{
    int outs[] = {1, OUTS};
    for (int k = 0; k < 2; k++) {
        eg_spec spec = eg_scalar(EG_F32);
        eg_func *f = eg_trace(eg, "first_of", first_of, &outs[k], 1, &spec);
        float x = 3, y = 0;
        ck_assert_int_eq(eg_call(f, NULL, IN(&x), (void *[]){&y}, NULL), EG_OK);
        ck_assert_float_eq(y, 3);
    }
    ck_assert_int_eq(eg_get_stats(eg).compiles, 2);
}
END_TEST

START_TEST(variables_larger_than_any_memory_together_leave_no_state)
{
    char name[16];
    for (int k = 0; k < 3; k++) {
        snprintf(name, sizeof name, "huge%d", k);
        eg_var *v = eg_variable(eg, name, eg_vector(EG_F64, ((int64_t)1 << 53) - 99999));
        ck_assert_msg((v != NULL) == (k < 2), "%s", eg_message(eg));
    }
    SAYS(EG_ERR_MEMORY, "'huge2'", "larger than any memory");
    ck_assert_ptr_null(eg_state_new(eg));
    SAYS(EG_ERR_MEMORY, "out of memory for a state", "'huge0' takes");
}
END_TEST

/* 16 buffers of 2^60 bytes: in 64 bits their sum is next to nothing. */
static eg_val many_huge(void *user, eg_val x)
{
    (void)user;
    eg_val sum = eg_sum(x), huge = eg_iota(eg, ((int64_t)1 << 57) - 1, EG_F64);
    for (int k = 0; k < 8; k++) sum = eg_add(sum, eg_sum(eg_cumsum(eg_mul(huge, k + 2), 0)));
    return sum;
}

START_TEST(buffers_larger_than_any_memory_together_leave_the_run_undone)
{
    double x = 1, y = 5;
    eg_func *f = TRACE(many_huge, eg_scalar(EG_F64));
    for (int interpret = 0; interpret < 2; interpret++) {
        eg_state *s = eg_state_new(eg);
        eg_status status = eg_call(f, s, IN(&x), (void *[]){&y}, &(eg_run_options){.interpret = interpret});
        ck_assert_int_eq(status, EG_ERR_MEMORY);
        ck_assert_msg(strstr(eg_run_message(s), "memory"), "%s", eg_run_message(s));
        ck_assert(y == 5);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("call");
    TCase *t = tcase_create("call");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, variables, teardown);
    tcase_add_test(t, results_go_where_they_are_wanted);
    tcase_add_test(t, arrays_of_the_context_are_arguments_and_results);
    tcase_add_test(t, a_captured_array_may_be_a_result);
    tcase_add_test(t, an_array_that_is_too_small_is_an_error_that_says_so);
    tcase_add_test(t, states_are_independent);
    tcase_add_test(t, variables_are_written_read_filled_and_put_back);
    tcase_add_test(t, a_state_made_before_a_variable_grows_and_keeps_its_values);
    tcase_add_test(t, a_run_continues_where_the_last_one_ended);
    tcase_add_test(t, an_argument_may_lie_in_a_variable_that_is_written);
    tcase_add_test(t, host_threads_run_one_function_at_once_on_states_of_their_own);
    tcase_add_test(t, a_state_in_use_is_an_error_for_a_second_run);
    tcase_add_test(t, every_number_of_threads_gives_the_same_bits);
    tcase_add_test(t, a_large_argument_ends_where_it_ends);
    tcase_add_test(t, a_result_leaves_the_rest_of_a_larger_array_alone);
    tcase_add_test(t, host_functions_with_more_outputs_have_code_of_their_own);
    tcase_add_test(t, variables_larger_than_any_memory_together_leave_no_state);
    tcase_add_test(t, buffers_larger_than_any_memory_together_leave_the_run_undone);
    suite_add_tcase(s, t);
    return test_run(s);
}
