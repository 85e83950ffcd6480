/* eg_plan: what it says before a run is what the run takes from the user's allocator. */
#include <stdatomic.h>
#include <stdint.h>

#include "engram/random.h"
#include "engram/transform.h"
#include "session.h"

/* -- an allocator that counts -------------------------------------------------------------------------------------- */

enum { HEAD = 128 };
typedef struct counter {
    atomic_long live, peak;
} counter;

static void *take(void *user, size_t size, size_t align)
{
    counter *c = user;
    char *p = NULL;
    if (posix_memalign((void **)&p, align < HEAD ? HEAD : align, size + HEAD)) return NULL;
    memcpy(p, &size, sizeof size);
    long live = atomic_fetch_add(&c->live, (long)size) + (long)size, peak = atomic_load(&c->peak);
    while (live > peak && !atomic_compare_exchange_weak(&c->peak, &peak, live)) continue;
    return p + HEAD;
}

static void give(void *user, void *p)
{
    size_t size;
    memcpy(&size, (char *)p - HEAD, sizeof size);
    atomic_fetch_sub(&((counter *)user)->live, (long)size);
    free((char *)p - HEAD);
}

static counter bytes;

static void open_counting(void)
{
    bytes = (counter){0};
    eg = eg_open(&(eg_options){.allocator = &(eg_allocator){take, give, &bytes}});
    ck_assert_ptr_nonnull(eg);
}

/* -- functions ----------------------------------------------------------------------------------------------------- */

enum { N = 300, T = 50, LONG = 2000, COPIES = 3 };
static eg_var *V, *W, *S;
static eg_csr *csr[2];

static eg_val plain(void *user, eg_val x)
{
    (void)user;
    eg_val y = eg_dot(x, eg_get(W));
    return eg_add(eg_sum(eg_sort(y, 1)), eg_sum(eg_transpose(y)));
}

static eg_val step(void *user, eg_val x)
{
    (void)user;
    eg_val v = eg_name(eg_add(eg_mul(eg_get(V), 0.9), eg_dot(eg_item(x, 2), eg_get(W))), "v");
    eg_set(V, v);
    return eg_tuple(eg, 2, ((eg_val[]){eg_nothing(), eg_name(eg_tanh(v), "rate")}));
}

static eg_val looped(void *user, eg_val x)
{
    return eg_sum(eg_item(eg_loop(eg, eg_spec_of(x).dim[0], step, user, eg_nothing(), x), 1));
}

static eg_val spiking_step(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_val fired = eg_get(S), g = eg_get(V);
    for (int k = 0; k < 2; k++) g = eg_add(g, eg_event(csr[k], fired, 0.5));
    eg_val next = eg_add(eg_mul(g, 0.5), eg_uniform(eg, eg_vector(EG_F32, N), 0, 1));
    eg_set(V, next);
    eg_set(S, eg_gt(next, 1));
    return eg_tuple(eg, 2, ((eg_val[]){eg_nothing(), eg_nothing()}));
}

static eg_val spiking(void *user, eg_val x)
{
    (void)x;
    eg_loop(eg, T, spiking_step, user, eg_nothing(), eg_nothing());
    return eg_sum(eg_get(V));
}

static int twice(void *user, const void *const *in, void *const *out)
{
    (void)user;
    for (int k = 0; k < N; k++) ((float *)out[0])[k] = 2 * ((const float *)in[0])[k];
    return 0;
}

static eg_val host_step(void *user, eg_val x)
{
    (void)x;
    eg_spec spec = eg_vector(EG_F32, N);
    eg_val v = eg_get(V);
    eg_set(V, eg_mul(eg_host(eg, "twice", twice, user, 1, &v, 1, &spec), 0.25));
    return eg_tuple(eg, 2, ((eg_val[]){eg_nothing(), eg_nothing()}));
}

static eg_val hosted(void *user, eg_val x)
{
    (void)x;
    eg_loop(eg, 3, host_step, user, eg_nothing(), eg_nothing());
    return eg_get(V);
}

static void variables(void)
{
    V = eg_variable(eg, "V", eg_vector(EG_F32, N));
    S = eg_variable(eg, "S", eg_vector(EG_BOOL, N));
    W = eg_variable(eg, "W", eg_matrix(EG_F32, N, N));
    static int64_t ptr[N + 1];
    static int32_t target[4 * N];
    for (int k = 0; k <= N; k++) ptr[k] = 4 * k;
    for (int k = 0; k < 4 * N; k++) target[k] = k % 4 * 70 + k / 4 % 60;
    for (int k = 0; k < 2; k++) csr[k] = eg_csr_new(eg, N, N, ptr, target);
    fine();
}

/* -- what is said and what is taken -------------------------------------------------------------------------------- */

/* The list of a context's states, and that of a state's functions, may grow by the run: 16 pointers each. */
enum { LISTS = 2 * 16 * 8 };

static eg_memory compare(eg_func *f, int threads)
{
    static float zeros[LONG * N];
    const void *in[] = {zeros, zeros, zeros};
    eg_memory m;
    fine();
    ck_assert_int_eq(eg_plan(f, threads, &m), EG_OK); /* the first makes the graph that runs, which stays */
    long before = atomic_load(&bytes.live);
    int64_t compiles = eg_get_stats(eg).compiles;
    ck_assert_int_eq(eg_plan(f, threads, &m), EG_OK);
    ck_assert_int_eq(m.threads, threads);
    ck_assert_int_eq(atomic_load(&bytes.live), before);
    ck_assert_int_eq(eg_get_stats(eg).compiles, compiles);
    eg_compile(f);
    before = atomic_load(&bytes.live);
    atomic_store(&bytes.peak, before);
    eg_state *s = eg_state_new(eg);
    ck_assert_int_eq(eg_call(f, s, in, NULL, &(eg_run_options){.threads = threads}), EG_OK);
    ck_assert_int_eq(eg_get_stats(eg).last_threads, threads);
    long taken = atomic_load(&bytes.peak) - before;
    ck_assert_msg(taken >= m.total && taken <= m.total + LISTS, "%ld bytes taken, %lld said\n%s", taken,
                  (long long)m.total, eg_plan_text(f, threads));
    int64_t sum = 0;
    for (int k = 0; k < EG_MEMORY_KINDS; k++) sum += m.bytes[k];
    ck_assert_int_eq(sum, m.total);
    for (int k = 1; k < m.num_largest; k++) ck_assert_int_le(m.largest[k].bytes, m.largest[k - 1].bytes);
    /* Another one in the same state makes its binding anew, and takes no more. */
    ck_assert_int_eq(eg_call(f, s, in, NULL, &(eg_run_options){.threads = threads}), EG_OK);
    ck_assert_int_eq(atomic_load(&bytes.peak) - before, taken);
    eg_state_free(s);
    fine();
    return m;
}

START_TEST(a_plain_function_takes_what_was_said)
{
    open_counting();
    variables();
    eg_memory m = compare(TRACE(plain, eg_matrix(EG_F32, N, N)), _i);
    ck_assert_int_ge(m.bytes[EG_MEMORY_SCRATCH], 1);
    ck_assert_int_ge(m.bytes[EG_MEMORY_ARGUMENTS], 4 * N * N);
    ck_assert_int_eq(m.bytes[EG_MEMORY_STACKS] + m.bytes[EG_MEMORY_HOST], 0);
    teardown();
}
END_TEST

START_TEST(a_loop_takes_what_was_said)
{
    open_counting();
    variables();
    eg_memory m = compare(TRACE(looped, eg_matrix(EG_F32, T, N)), _i);
    ck_assert_int_ge(m.bytes[EG_MEMORY_STACKS], 4 * T * N);
    teardown();
}
END_TEST

START_TEST(events_and_draws_take_what_was_said)
{
    open_counting();
    variables();
    eg_memory m = compare(TRACE(spiking), _i);
    ck_assert_int_gt(m.bytes[EG_MEMORY_LISTS], 0);
    ck_assert_int_gt(m.bytes[EG_MEMORY_DELIVERIES], 0);
    teardown();
}
END_TEST

START_TEST(host_functions_take_what_was_said)
{
    open_counting();
    variables();
    eg_memory m = compare(TRACE(hosted), _i);
    ck_assert_int_ge(m.bytes[EG_MEMORY_HOST], 2 * 4 * N);
    teardown();
}
END_TEST

static const eg_gradient_options policies[] = {
    {.policy = EG_CHECKPOINT_ALL}, {.policy = EG_CHECKPOINT_SQRT}, {.policy = EG_CHECKPOINT_EVERY, .every = 7}};

static eg_func *gradient_of(eg_fn fn, eg_spec arg, int policy)
{
    eg_gradient_options o = policies[policy];
    o.num_vars = 1;
    o.vars = &W;
    return eg_gradient(eg_trace(eg, "f", fn, NULL, 1, &arg), &o);
}

START_TEST(a_gradient_takes_what_was_said_whatever_it_stores)
{
    int64_t total[LEN(policies)];
    open_counting();
    variables();
    for (int k = 0; k < (int)LEN(policies); k++)
        total[k] = compare(gradient_of(looped, eg_matrix(EG_F32, LONG, N), k), _i).total;
    ck_assert_int_lt(total[1], total[0]); /* which is what it is asked for */
    ck_assert_int_lt(total[2], total[0]);
    teardown();
}
END_TEST

START_TEST(copies_side_by_side_take_what_was_said)
{
    open_counting();
    variables();
    eg_vmap_variable own = {.one = V, .keep = true};
    eg_vmap_options o = {.num_vars = 1, .vars = &own};
    compare(eg_vmap(TRACE(looped, eg_matrix(EG_F32, T, N)), COPIES, &o), _i);
    compare(eg_vmap(gradient_of(looped, eg_matrix(EG_F32, T, N), 1), COPIES, &o), _i);
    teardown();
}
END_TEST

/* -- what it says -------------------------------------------------------------------------------------------------- */

START_TEST(the_largest_values_have_names_places_and_shapes)
{
    setup();
    variables();
    eg_func *f = gradient_of(looped, eg_matrix(EG_F32, LONG, N), EG_CHECKPOINT_ALL);
    eg_memory m;
    ck_assert_int_eq(eg_plan(f, 1, &m), EG_OK);
    const eg_memory_item *v = NULL, *w = NULL;
    for (int k = 0; k < m.num_largest; k++) {
        if (m.largest[k].kind == EG_MEMORY_STACKS && !v) v = &m.largest[k];
        if (m.largest[k].kind == EG_MEMORY_VARIABLES && !w) w = &m.largest[k];
    }
    ck_assert_ptr_nonnull(v);
    ck_assert_int_eq(v->spec.rank, 2);
    ck_assert_int_eq(v->spec.dim[0], LONG);
    ck_assert_int_eq(v->bytes, 4 * LONG * N);
    ck_assert_ptr_nonnull(strstr(v->file, "test_memory.c"));
    ck_assert_ptr_nonnull(w);
    ck_assert_str_eq(w->name, "W");
    const char *text = eg_plan_text(f, 1);
    ck_assert_ptr_nonnull(strstr(text, "gradient of f"));
    ck_assert_ptr_nonnull(strstr(text, "variables: W f32[300,300]"));
    ck_assert_ptr_nonnull(strstr(text, "test_memory.c:"));
    ck_assert_str_eq(eg_memory_kind_text(EG_MEMORY_LISTS), "lists of spikes");
    ck_assert_str_eq(eg_memory_kind_text(EG_MEMORY_KINDS), "unknown kind");
    teardown();
}
END_TEST

/* 2^58 bytes each. */
static eg_val huge(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_val i = eg_iota(eg, (int64_t)1 << 29, EG_F64), v = eg_sort(eg_broadcast(i, 1 << 26, 1 << 29), 1);
    return eg_tuple(eg, 2, ((eg_val[]){v, eg_mul(v, 2)}));
}

START_TEST(wrong_arguments_are_errors_and_too_large_a_run_is_none)
{
    eg_memory m;
    setup();
    variables();
    eg_func *f = TRACE(plain, eg_matrix(EG_F32, N, N));
    ck_assert_int_eq(eg_plan(NULL, 1, &m), EG_ERR_ARGUMENT);
    ck_assert_str_eq(eg_plan_text(NULL, 1), "");
    eg_plan(f, 1, NULL);
    SAYS(EG_ERR_ARGUMENT, "eg_plan", "plain");
    eg_plan(f, 1025, &m);
    SAYS(EG_ERR_ARGUMENT, "eg_plan", "1025");
    ck_assert_str_eq(eg_plan_text(f, -1), "");
    SAYS(EG_ERR_ARGUMENT, "eg_plan", "-1");
    ck_assert_int_eq(eg_plan(f, 0, &m), EG_OK);
    ck_assert_int_ge(m.threads, 1);
    eg_func *g = eg_trace(eg, "huge", huge, NULL, 0, NULL);
    fine();
    ck_assert_int_eq(eg_plan(g, 1, &m), EG_OK); /* which says why it cannot run */
    ck_assert_int_ge(m.total, (int64_t)1 << 59);
    teardown();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("memory");
    TCase *c = tcase_create("memory");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, a_plain_function_takes_what_was_said, 1, 4);
    tcase_add_loop_test(c, a_loop_takes_what_was_said, 1, 4);
    tcase_add_loop_test(c, events_and_draws_take_what_was_said, 1, 4);
    tcase_add_loop_test(c, host_functions_take_what_was_said, 1, 4);
    tcase_add_loop_test(c, a_gradient_takes_what_was_said_whatever_it_stores, 1, 4);
    tcase_add_loop_test(c, copies_side_by_side_take_what_was_said, 1, 4);
    tcase_add_test(c, the_largest_values_have_names_places_and_shapes);
    tcase_add_test(c, wrong_arguments_are_errors_and_too_large_a_run_is_none);
    suite_add_tcase(s, c);
    return test_run(s);
}
