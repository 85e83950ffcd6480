/* eg_apply: a traced function called inside another trace. */
#include "engram/random.h"
#include "session.h"

enum { N = 40 };
static const eg_spec vec = {EG_F32, 1, {N}};
static eg_var *V;
static eg_csr *connections;
static eg_array *table;
static eg_func *inner;
static float input[N];

static void scene(void)
{
    setup();
    V = eg_variable(eg, "V", vec);
    eg_init_fill(V, 0.25);
    int64_t indptr[N + 1];
    int32_t indices[2 * N];
    for (int k = 0; k < N; k++) {
        indptr[k] = 2 * k;
        indices[2 * k] = k / 2;
        indices[2 * k + 1] = k / 2 + N / 2;
        input[k] = (float)(k - 7) * 0.125f;
    }
    indptr[N] = 2 * N;
    connections = eg_csr_new(eg, N, N, indptr, indices);
    table = eg_array_new(eg, vec, input);
    inner = NULL;
}

/* -- what is called: fn, and outer() that applies its traced form twice, or calls fn itself twice ------------------ */

static eg_val straight(void *user, eg_val x)
{
    (void)user;
    eg_val y = eg_fma(x, 2.0, eg_exp(eg_neg(x)));
    eg_set(V, eg_add(eg_get(V), eg_mul(y, 0.5)));
    return y;
}

static eg_val halve(void *user, eg_val x) { return (void)user, eg_mul(x, 0.5); }
static eg_val more(void *user, eg_val x) { return (void)user, eg_gt(eg_sum(x), 1.0); }
static eg_val bump(void *user, eg_val x)
{
    (void)user;
    eg_set(V, eg_add(eg_get(V), x));
    return eg_mul(x, 3.0);
}

static eg_val body(void *user, eg_val x)
{
    (void)user;
    eg_val carry = eg_item(x, 1), i = eg_item(x, 0);
    eg_val y = eg_cond(eg_eq(eg_mod(i, 2), 0), bump, halve, NULL, carry);
    eg_set(V, eg_mul(eg_get(V), 0.75));
    return eg_tuple(eg, 2, ((eg_val[]){y, eg_sum(y)}));
}

static eg_val regions(void *user, eg_val x)
{
    (void)user;
    eg_val done = eg_loop(eg, 5, body, NULL, x, eg_nothing());
    eg_val small = eg_while(eg, more, halve, NULL, eg_abs(eg_item(done, 0)));
    return eg_add(small, eg_sum(eg_item(done, 1)));
}

static eg_val captured(void *user, eg_val x)
{
    (void)user;
    return eg_event_add(x, connections, eg_gt(x, 0.5), eg_constant(table));
}

static int square(void *user, const void *const *in, void *const *out)
{
    (void)user;
    for (int k = 0; k < N; k++) ((float *)out[0])[k] = ((const float *)in[0])[k] * ((const float *)in[0])[k];
    return 0;
}

static eg_val hosted(void *user, eg_val x)
{
    (void)user;
    eg_val y = eg_host(eg, "square", square, NULL, 1, &x, 1, &vec);
    return eg_sub(y, x);
}

static eg_fn called; /* or its traced form, if `inner` is one */
static eg_val once(eg_val x) { return inner ? eg_apply(inner, x) : called(NULL, x); }
static eg_val twice(void *user, eg_val x) { return (void)user, once(eg_mul(once(x), 0.25)); }

static eg_val in_loop(void *user, eg_val x)
{
    return eg_tuple(eg, 2, ((eg_val[]){twice(user, eg_item(x, 1)), eg_nothing()}));
}

static eg_val looped(void *user, eg_val x) { return eg_item(eg_loop(eg, 3, in_loop, user, x, eg_nothing()), 0); }

static eg_val in_arm(void *user, eg_val x) { return eg_cond(eg_gt(eg_sum(x), 0.0), twice, NULL, user, x); }

static void outcome(eg_fn outer, float *result, float *v)
{
    eg_func *f = eg_trace(eg, "outer", outer, NULL, 1, &vec);
    fine();
    BOTH(f, IN(input), result, "V");
    memcpy(v, eg_data(state, V), N * sizeof *v);
}

static void same_as_called(eg_fn fn)
{
    eg_fn outer[] = {twice, looped, in_arm};
    for (size_t k = 0; k < LEN(outer); k++) {
        float plain[2][N], applied[2][N];
        called = fn;
        inner = NULL;
        outcome(outer[k], plain[0], plain[1]);
        inner = eg_trace(eg, "inner", fn, NULL, 1, &vec);
        outcome(outer[k], applied[0], applied[1]);
        ck_assert_mem_eq(plain, applied, sizeof plain);
    }
}

START_TEST(arithmetic_and_variables_are_as_if_called_here) { same_as_called(straight); }
END_TEST

START_TEST(loops_conds_and_whiles_are_as_if_called_here) { same_as_called(regions); }
END_TEST

START_TEST(connections_and_arrays_are_captured_again) { same_as_called(captured); }
END_TEST

START_TEST(host_functions_are_called) { same_as_called(hosted); }
END_TEST

static eg_val noise(void *user, eg_val x)
{
    (void)user;
    return eg_add(x, eg_normal(eg, vec, 0.0, 1.0));
}

static eg_val two_noises(void *user, eg_val x)
{
    (void)user;
    return eg_sub(eg_apply(inner, x), eg_apply(inner, x));
}

START_TEST(each_call_draws_from_a_stream_of_its_own)
{
    float difference[N];
    inner = eg_trace(eg, "noise", noise, NULL, 1, &vec);
    eg_func *f = eg_trace(eg, "two", two_noises, NULL, 1, &vec);
    fine();
    BOTH(f, IN(input), difference);
    for (int k = 0; k < N; k++) ck_assert_float_ne(difference[k], 0);
}
END_TEST

static eg_val pair(void *user, eg_val x)
{
    (void)user;
    return eg_tuple(eg, 2, ((eg_val[]){eg_add(eg_item(x, 0), eg_item(x, 1)), eg_sum(eg_item(x, 0))}));
}

static eg_val of_pair(void *user, eg_val x)
{
    (void)user;
    eg_val both = eg_apply(inner, eg_tuple(eg, 2, ((eg_val[]){x, eg_real(2.5)})));
    return eg_add(eg_item(both, 0), eg_item(both, 1));
}

START_TEST(several_arguments_and_results_are_tuples_and_numbers_convert)
{
    float got[N], sum = 0;
    inner = TRACE(pair, vec, eg_scalar(EG_F32));
    eg_func *f = eg_trace(eg, "outer", of_pair, NULL, 1, &vec);
    fine();
    eg_func_free(inner);
    BOTH(f, IN(input), got);
    for (int k = 0; k < N; k++) sum += input[k];
    for (int k = 0; k < N; k++) ck_assert_float_eq(got[k], (input[k] + 2.5f) + sum);
}
END_TEST

static eg_val wrong(void *user, eg_val x)
{
    eg_val *given = user;
    return eg_apply(inner, given ? *given : x);
}

START_TEST(wrong_arguments_are_errors_that_name_them)
{
    inner = TRACE(pair, vec, eg_scalar(EG_F32));
    eg_apply(inner, 1);
    SAYS(EG_ERR_STATE, "eg_apply", "nothing is being traced");
    TRACE(pair, vec, vec);
    eg_trace(eg, "outer", wrong, NULL, 1, &vec);
    SAYS(EG_ERR_ARGUMENT, "'pair'", "takes 2 arguments, 1 given", "test_apply.c");
    inner = eg_trace(eg, "straight", straight, NULL, 1, &vec);
    eg_trace(eg, "outer", wrong, NULL, 1, &eg_vector(EG_F32, N + 1));
    SAYS(EG_ERR_SHAPE, "argument 0 is f32[40], not f32[41]", "test_apply.c");
    eg_trace(eg, "outer", wrong, NULL, 1, &eg_vector(EG_F64, N));
    SAYS(EG_ERR_TYPE, "argument 0 is f32[40], not f64[40]");
    eg_trace(eg, "outer", wrong, &(eg_val){0}, 1, &vec);
    SAYS(EG_ERR_ARGUMENT, "takes 1 argument, 0 given");
    ck_assert_ptr_null(eg_apply(NULL, 1).of);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("apply");
    TCase *t = tcase_create("apply");
    tcase_add_checked_fixture(t, scene, teardown);
    tcase_add_test(t, arithmetic_and_variables_are_as_if_called_here);
    tcase_add_test(t, loops_conds_and_whiles_are_as_if_called_here);
    tcase_add_test(t, connections_and_arrays_are_captured_again);
    tcase_add_test(t, host_functions_are_called);
    tcase_add_test(t, each_call_draws_from_a_stream_of_its_own);
    tcase_add_test(t, several_arguments_and_results_are_tuples_and_numbers_convert);
    tcase_add_test(t, wrong_arguments_are_errors_that_name_them);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
