/* Functions as plain C function pointers: the bits of eg_call, on blocks of the library's and of the host's. */
#include <immintrin.h>
#include <pthread.h>
#include <sys/mman.h>

#include "../unit/session.h"
#include "traced.h"

static void begin(void)
{
    state = NULL;
    eg = eg_open(NULL);
}

static eg_func *trace_of(int k)
{
    eg_func *f = traced_functions[k].trace(eg);
    ck_assert_msg(f != NULL, "%s: %s", traced_functions[k].name, eg_message(eg));
    return f;
}

static void *block_new(eg_func *f)
{
    size_t n = eg_block_size(f);
    ck_assert_msg(n > 0, "%s", eg_message(eg));
    void *b = aligned_alloc(EG_BLOCK_ALIGN, (n + EG_BLOCK_ALIGN - 1) / EG_BLOCK_ALIGN * EG_BLOCK_ALIGN);
    memset(b, 0xA5, n);
    ck_assert_int_eq(eg_block_init(f, b, n), EG_OK);
    return b;
}

/* All variables that there are have the same bits in the block and in the state. */
static void same_as(eg_func *f, void *block, eg_state *s)
{
    for (const char *const *name = traced_variables; *name; name++) {
        eg_var *v = eg_find_variable(eg, *name);
        if (!v) continue;
        void *here = eg_block_data(f, block, v);
        ck_assert_msg(here != NULL, "%s", eg_message(eg));
        ck_assert_msg(!memcmp(here, eg_data(s, v), bytes_of(eg_variable_spec(v))), "%s differs", *name);
    }
}

static void same_results(const arguments *a, const arguments *b)
{
    for (int k = 0; k < a->num_out; k++)
        ck_assert_msg(!memcmp(a->out[k], b->out[k], a->out_bytes[k]), "result %d differs", k);
}

START_TEST(step_gives_the_bits_of_call)
{
    begin();
    eg_func *f = trace_of(_i);
    eg_step_fn step = eg_func_pointer(f);
    ck_assert_msg(step != NULL, "%s", eg_message(eg));
    void *block = block_new(f);
    eg_state *s = eg_state_new(eg);
    arguments a, b;
    arguments_make(&a, f);
    arguments_make(&b, f);
    for (int call = 0; call < 9; call++) {
        arguments_fill(&a, f, call);
        arguments_fill(&b, f, call);
        ck_assert_int_eq(step(block, (const void *const *)a.in, a.out), EG_STEP_OK);
        ck_assert_int_eq(eg_call(f, s, (const void *const *)b.in, b.out, &(eg_run_options){.threads = 1 + call % 2}),
                         EG_OK);
        same_results(&a, &b);
        same_as(f, block, s);
    }
    arguments_free(&a);
    arguments_free(&b);
    free(block);
}
END_TEST

START_TEST(steps_and_calls_take_turns_on_one_state)
{
    begin();
    eg_func *f = trace_of(_i);
    eg_step_fn step = eg_func_pointer(f);
    eg_state *mixed = eg_state_new(eg), *plain = eg_state_new(eg);
    void *block = eg_block_of(f, mixed);
    arguments a, b;
    arguments_make(&a, f);
    arguments_make(&b, f);
    for (int call = 0; call < 6; call++) {
        eg_call(f, plain, (const void *const *)b.in, b.out, NULL);
        if (call % 2)
            ck_assert_int_eq(step(block, (const void *const *)a.in, a.out), EG_STEP_OK);
        else
            ck_assert_int_eq(eg_call(f, mixed, (const void *const *)a.in, a.out, NULL), EG_OK);
        same_results(&a, &b);
        same_as(f, block, plain);
    }
    ck_assert_ptr_eq(eg_block_of(f, mixed), block);
    arguments_free(&a);
    arguments_free(&b);
    fine();
}
END_TEST

START_TEST(block_can_be_moved_and_kept)
{
    begin();
    eg_func *f = trace_of(1);
    eg_step_fn step = eg_func_pointer(f);
    void *a = block_new(f), *b = block_new(f);
    size_t n = eg_block_size(f);
    const void *in[] = {&(int64_t){20}, &(double){0.1}};
    step(a, in, NULL);
    memcpy(b, a, n);
    step(a, in, NULL);
    memset(a, 0, n);
    ck_assert_int_eq(step(a, in, NULL), EG_STEP_BAD_STATE);
    memcpy(a, b, n);
    eg_state *s = eg_state_new(eg);
    for (int k = 0; k < 2; k++) eg_call(f, s, in, NULL, NULL);
    step(a, in, NULL);
    step(b, in, NULL);
    same_as(f, a, s);
    same_as(f, b, s);
    free(a);
    free(b);
}
END_TEST

static const void *network_in[] = {&(int64_t){200}, &(double){0.1}};
static eg_step_fn shared_step;
static void *run_block(void *block)
{
    for (int k = 0; k < 20; k++) shared_step(block, network_in, NULL);
    return NULL;
}

START_TEST(many_threads_run_instances_at_once)
{
    enum { THREADS = 4 };
    pthread_t t[THREADS];
    void *block[THREADS];
    begin();
    eg_func *f = trace_of(1);
    shared_step = eg_func_pointer(f);
    for (int k = 0; k < THREADS; k++) block[k] = block_new(f);
    for (int k = 0; k < THREADS; k++) pthread_create(&t[k], NULL, run_block, block[k]);
    for (int k = 0; k < THREADS; k++) pthread_join(t[k], NULL);
    eg_state *s = eg_state_new(eg);
    for (int k = 0; k < 20; k++) eg_call(f, s, network_in, NULL, NULL);
    for (int k = 0; k < THREADS; k++) {
        same_as(f, block[k], s);
        free(block[k]);
    }
}
END_TEST

START_TEST(arguments_may_end_where_memory_does)
{
    begin();
    eg_func *f = trace_of(0);
    eg_step_fn step = eg_func_pointer(f);
    void *block = block_new(f);
    arguments a;
    arguments_make(&a, f);
    char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_int_eq(mprotect(two + 4096, 4096, PROT_NONE), 0);
    eg_state *s = eg_state_new(eg);
    for (size_t gap = 0; gap <= 256; gap += 4) { /* in place and copied */
        void *at = two + 4096 - gap - a.in_bytes[0];
        memcpy(at, a.in[0], a.in_bytes[0]);
        ck_assert_int_eq(step(block, (const void *[]){at, a.in[1]}, NULL), EG_STEP_OK);
        eg_call(f, s, (const void *const *)a.in, NULL, NULL);
        same_as(f, block, s);
    }
    munmap(two, 8192);
    arguments_free(&a);
    free(block);
}
END_TEST

START_TEST(arguments_may_be_variables_of_the_block)
{
    begin();
    eg_func *f = trace_of(0);
    eg_step_fn step = eg_func_pointer(f);
    void *block = block_new(f);
    eg_state *s = eg_state_new(eg);
    eg_var *var = eg_find_variable(eg, "cell.V");
    double dt = 0.1;
    for (int k = 0; k < 50; k++) {
        float copy[37];
        memcpy(copy, eg_data(s, var), sizeof copy);
        eg_call(f, s, IN(copy, &dt), NULL, NULL);
        ck_assert_int_eq(step(block, IN(eg_block_data(f, block, var), &dt), NULL), EG_STEP_OK);
        same_as(f, block, s);
    }
    free(block);
}
END_TEST

START_TEST(results_may_lie_over_arguments_and_be_left_out)
{
    begin();
    eg_func *f = trace_of(7);
    eg_step_fn step = eg_func_pointer(f);
    void *block = block_new(f);
    arguments a, b;
    arguments_make(&a, f);
    arguments_make(&b, f);
    eg_call(f, NULL, (const void *const *)b.in, b.out, NULL);
    ck_assert_int_eq(step(block, (const void *const *)a.in, NULL), EG_STEP_OK);
    ck_assert_int_eq(step(block, (const void *const *)a.in, (void *[]){NULL}), EG_STEP_OK);
    ck_assert_int_eq(step(block, (const void *const *)a.in, a.in), EG_STEP_OK);
    ck_assert(!memcmp(a.in[0], b.out[0], b.out_bytes[0]));
    arguments_free(&a);
    arguments_free(&b);
    free(block);
}
END_TEST

START_TEST(floating_point_mode_of_the_host_is_kept)
{
    begin();
    eg_func *f = trace_of(0);
    eg_step_fn step = eg_func_pointer(f);
    void *block = block_new(f), *other = block_new(f);
    arguments a, b;
    arguments_make(&a, f);
    arguments_make(&b, f);
    const unsigned mine = 0x5F80 | 1; /* rounds up, one flag raised */
    unsigned saved = _mm_getcsr();
    _mm_setcsr(mine);
    int status = step(block, (const void *const *)a.in, a.out);
    unsigned after = _mm_getcsr();
    _mm_setcsr(saved);
    ck_assert_int_eq(status, EG_STEP_OK);
    ck_assert_uint_eq(after, mine);
    step(other, (const void *const *)b.in, b.out);
    same_results(&a, &b);
    arguments_free(&a);
    arguments_free(&b);
    free(block);
    free(other);
}
END_TEST

START_TEST(seeds_make_instances_differ)
{
    begin();
    eg_func *f = trace_of(2);
    eg_step_fn step = eg_func_pointer(f);
    eg_var *var = eg_find_variable(eg, "walk");
    void *a = block_new(f), *b = block_new(f);
    const void *in[] = {&(int64_t){3}};
    ck_assert_int_eq(eg_block_seed(f, b, 99), EG_OK);
    step(a, in, NULL);
    step(b, in, NULL);
    ck_assert(memcmp(eg_block_data(f, a, var), eg_block_data(f, b, var), 200) != 0);
    /* A context of that seed draws the same, and so does eg_call on a state that was given it. */
    eg_state *s = eg_state_new(eg);
    ck_assert_int_eq(eg_block_seed(f, eg_block_of(f, s), 99), EG_OK);
    eg_call(f, s, in, NULL, NULL);
    ck_assert(!memcmp(eg_data(s, var), eg_block_data(f, b, var), 200));
    eg_context *other = eg_open(&(eg_options){.seed = 99});
    eg_func *g = traced_functions[2].trace(other);
    eg_call(g, NULL, in, NULL, NULL);
    ck_assert(!memcmp(eg_data(NULL, eg_find_variable(other, "walk")), eg_block_data(f, b, var), 200));
    eg_close(other);
    free(a);
    free(b);
}
END_TEST

START_TEST(functions_share_the_block_of_a_state)
{
    begin();
    eg_func *f = trace_of(3), *g = trace_of(0);
    void *block = eg_block_of(f, NULL);
    ck_assert_ptr_eq(eg_block_of(g, NULL), block);
    arguments a, b;
    arguments_make(&a, f);
    arguments_make(&b, g);
    ck_assert_int_eq(eg_func_pointer(f)(block, (const void *const *)a.in, a.out), EG_STEP_OK);
    ck_assert_int_eq(eg_func_pointer(g)(block, (const void *const *)b.in, b.out), EG_STEP_OK);
    arguments_free(&a);
    arguments_free(&b);
}
END_TEST

START_TEST(a_block_too_small_for_a_function_is_refused)
{
    begin();
    eg_func *f = trace_of(0), *g = trace_of(3); /* g needs more room */
    void *block = eg_block_of(f, NULL);
    arguments b;
    arguments_make(&b, g);
    ck_assert_int_eq(eg_func_pointer(g)(block, (const void *const *)b.in, b.out), EG_STEP_BAD_STATE);
    arguments_free(&b);
}
END_TEST

START_TEST(a_variable_made_later_asks_for_a_new_pointer)
{
    begin();
    eg_func *f = trace_of(0);
    eg_step_fn before = eg_func_pointer(f);
    void *old = block_new(f);
    arguments a;
    arguments_make(&a, f);
    eg_variable(eg, "later", eg_vector(EG_F64, 9));
    void *block = eg_block_of(f, NULL);
    eg_step_fn after = eg_func_pointer(f);
    ck_assert(before != after);
    ck_assert_int_eq(before(block, (const void *const *)a.in, a.out), EG_STEP_BAD_STATE);
    ck_assert_int_eq(after(old, (const void *const *)a.in, a.out), EG_STEP_BAD_STATE);
    ck_assert_int_eq(before(old, (const void *const *)a.in, a.out), EG_STEP_OK);
    ck_assert_int_eq(after(block, (const void *const *)a.in, a.out), EG_STEP_OK);
    arguments_free(&a);
    free(old);
}
END_TEST

static int host(void *user, const void *const *in, void *const *out)
{
    *(float *)out[0] = *(const float *)in[0];
    return user != NULL;
}
static eg_val calls_host(void *user, eg_val x)
{
    return (void)user, eg_host(eg, "my probe", host, NULL, 1, &x, 1, &eg_scalar(EG_F32));
}

START_TEST(host_functions_are_an_error_that_names_them)
{
    begin();
    eg_func *f = TRACE(calls_host, eg_scalar(EG_F32));
    ck_assert(!eg_func_pointer(f));
    SAYS(EG_ERR_ARGUMENT, "eg_func_pointer", "calls_host", "my probe");
    ck_assert_ptr_null(eg_block_of(f, NULL));
    SAYS(EG_ERR_ARGUMENT, "eg_block_of", "my probe");
}
END_TEST

START_TEST(wrong_calls_are_errors)
{
    begin();
    eg_func *f = trace_of(0);
    eg_step_fn step = eg_func_pointer(f);
    void *block = block_new(f);
    size_t n = eg_block_size(f);
    arguments a;
    arguments_make(&a, f);
    ck_assert_int_eq(step(NULL, (const void *const *)a.in, a.out), EG_STEP_BAD_STATE);
    ck_assert_int_eq(step(block, NULL, a.out), EG_STEP_BAD_ARGUMENT);
    ck_assert_int_eq(step(block, IN(a.in[0], NULL), a.out), EG_STEP_BAD_ARGUMENT);

    ck_assert(!eg_func_pointer(NULL));
    ck_assert_ptr_null(eg_block_of(NULL, NULL));
    ck_assert_uint_eq(eg_block_size(NULL), 0);
    ck_assert_int_eq(eg_block_init(NULL, block, n), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_block_seed(NULL, block, 1), EG_ERR_ARGUMENT);
    ck_assert_ptr_null(eg_block_data(NULL, block, NULL));
    fine();
    eg_block_init(f, NULL, n);
    SAYS(EG_ERR_ARGUMENT, "eg_block_init", "lif", "NULL");
    eg_block_init(f, block, n - 1);
    SAYS(EG_ERR_ARGUMENT, "too small");
    eg_block_init(f, (char *)block + 8, n);
    SAYS(EG_ERR_ARGUMENT, "not aligned", "64");
    eg_block_data(f, block, NULL);
    SAYS(EG_ERR_ARGUMENT, "eg_block_data", "variable is NULL");
    eg_block_data(f, NULL, eg_find_variable(eg, "cell.V"));
    SAYS(EG_ERR_ARGUMENT, "block is NULL");
    uint64_t odd[8] = {1};
    eg_block_seed(f, odd, 1);
    SAYS(EG_ERR_ARGUMENT, "another layout");

    eg_context *other = eg_open(NULL);
    eg_state *foreign = eg_state_new(other);
    eg_block_of(f, foreign);
    SAYS(EG_ERR_SCOPE, "another context");
    eg_block_data(f, block, eg_variable(other, "x", eg_scalar(EG_F32)));
    SAYS(EG_ERR_SCOPE, "another context");
    eg_close(other);
    arguments_free(&a);
    free(block);
}
END_TEST

START_TEST(kept_denormals_are_kept)
{
    eg = eg_open(&(eg_options){.keep_denormals = true});
    eg_func *f = trace_of(0);
    void *block = block_new(f);
    arguments a, b;
    arguments_make(&a, f);
    arguments_make(&b, f);
    ck_assert_int_eq(eg_func_pointer(f)(block, (const void *const *)a.in, a.out), EG_STEP_OK);
    eg_call(f, NULL, (const void *const *)b.in, b.out, NULL);
    same_results(&a, &b);
    int denormals = 0;
    for (size_t k = 0; k < a.out_bytes[1] / 4; k++) {
        float x = ((float *)a.out[1])[k];
        denormals += x != 0 && x < 1e-38f && x > -1e-38f;
    }
    ck_assert_int_gt(denormals, 0);
    arguments_free(&a);
    arguments_free(&b);
    free(block);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("export/pointer");
    TCase *t = tcase_create("pointer");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_set_timeout(t, 0);
    tcase_add_loop_test(t, step_gives_the_bits_of_call, 0, NUM_TRACED);
    tcase_add_loop_test(t, steps_and_calls_take_turns_on_one_state, 0, NUM_TRACED);
    tcase_add_test(t, block_can_be_moved_and_kept);
    tcase_add_test(t, many_threads_run_instances_at_once);
    tcase_add_test(t, arguments_may_end_where_memory_does);
    tcase_add_test(t, arguments_may_be_variables_of_the_block);
    tcase_add_test(t, results_may_lie_over_arguments_and_be_left_out);
    tcase_add_test(t, floating_point_mode_of_the_host_is_kept);
    tcase_add_test(t, seeds_make_instances_differ);
    tcase_add_test(t, functions_share_the_block_of_a_state);
    tcase_add_test(t, a_block_too_small_for_a_function_is_refused);
    tcase_add_test(t, a_variable_made_later_asks_for_a_new_pointer);
    tcase_add_test(t, host_functions_are_an_error_that_names_them);
    tcase_add_test(t, wrong_calls_are_errors);
    tcase_add_test(t, kept_denormals_are_kept);
    suite_add_tcase(s, t);
    return test_run(s);
}
