/* Whiles, sequences, lengths, and what is wrong in loops and branches. */
#include "region_session.h"

/* -- while --------------------------------------------------------------------------------------------------------- */

static eg_val below(void *user, eg_val x)
{
    (void)user;
    return eg_lt(eg_add(eg_convert(x, EG_F64), eg_get(b)), 20);
}
static eg_val grow(void *user, eg_val x)
{
    (void)user;
    eg_set(a, eg_add(eg_get(a), x));
    eg_set(b, eg_add(eg_get(b), 1));
    return eg_mul(x, 1.5);
}
static eg_val while_reads(void *user, eg_val x)
{
    (void)user;
    return eg_while(eg, below, grow, NULL, x);
}

START_TEST(a_while_carries_its_value_and_the_variables_and_its_condition_sees_them)
{
    float x = 1, out, v = 1, w = 1.5F;
    double c = 0.25;
    BOTH(TRACE(while_reads, eg_scalar(EG_F32)), IN(&x), &out, "a", "b");
    while (v + c < 20) {
        w += v;
        c += 1;
        v *= 1.5F;
    }
    ck_assert_float_eq(out, v);
    ck_assert_float_eq(f32_of("a"), w);
    x = 100;
    BOTH(TRACE(while_reads, eg_scalar(EG_F32)), IN(&x), &out, "a", "b");
    ck_assert_float_eq(out, 100);
}
END_TEST

static eg_val sets_in_condition(void *user, eg_val x)
{
    (void)user;
    eg_set(b, 1);
    return eg_lt(x, 3);
}
static eg_val sets_in_loop(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_set(b, 1);
    return none();
}
static eg_val loops_in_condition(void *user, eg_val x)
{
    (void)user;
    eg_loop(eg, 2, sets_in_loop, NULL, none(), none());
    return eg_lt(x, 3);
}
static eg_val while_setting(void *user, eg_val x)
{
    return eg_while(eg, user ? loops_in_condition : sets_in_condition, grow, NULL, x);
}

START_TEST(setting_a_variable_in_the_condition_of_a_while_is_an_error_that_names_it)
{
    for (int k = 0; k < 2; k++) {
        ck_assert_ptr_null(eg_trace(eg, "f", while_setting, k ? &k : NULL, 1, &eg_scalar(EG_F32)));
        SAYS(EG_ERR_SCOPE, "eg_set", "'b'", "condition of a while", "test_loop.c:");
    }
}
END_TEST

/* -- sequences, stacks, lengths ------------------------------------------------------------------------------------ */

static eg_val scan(void *user, eg_val x)
{
    (void)user;
    eg_val carry = eg_item(x, 1), rows = eg_item(x, 2);
    eg_val now = eg_add(carry, eg_mul(eg_item(rows, 0), eg_convert(eg_item(rows, 1), EG_F32)));
    return pair(now, eg_mul(now, 2));
}
static eg_val scans(void *user, eg_val x)
{
    return eg_item(eg_loop(eg, *(int *)user, scan, NULL, eg_zeros(eg, eg_vector(EG_F32, 20)), x), 1);
}

START_TEST(a_loop_takes_rows_of_sequences_and_stacks_rows_of_results)
{
    static float x[30][20], out[30][20], sum;
    static int32_t w[30];
    for (int i = 0; i < 30; i++) {
        w[i] = i % 5 - 2;
        for (int k = 0; k < 20; k++) x[i][k] = (float)(i * k % 7);
    }
    int n = 30;
    eg_spec args[] = {eg_matrix(EG_F32, 30, 20), eg_vector(EG_I32, 30)};
    eg_func *f = eg_trace(eg, "scan", scans, &n, 2, args);
    fine();
    BOTH(f, IN(x, w), out);
    for (int i = 0; i < 30; i++) ck_assert_float_eq(out[i][13], 2 * (sum += x[i][13] * (float)w[i]));
    n = 0;
    args[0].dim[0] = args[1].dim[0] = 0;
    f = eg_trace(eg, "scan", scans, &n, 2, args);
    fine();
    ck_assert_int_eq(eg_result_spec(f, 0).dim[0], 0);
    BOTH(f, IN(x, w), out);
}
END_TEST

static eg_val traced_length(void *user, eg_val n)
{
    (void)user;
    eg_loop(eg, n, read_then_set, NULL, none(), none());
    return eg_add(eg_get(b), 0);
}

START_TEST(a_traced_length_counts_when_running)
{
    eg_func *f = TRACE(traced_length, eg_scalar(EG_I32));
    double before = 0, out;
    for (int32_t n = -2; n < 4; n++, before = out) {
        BOTH(f, IN(&n), &out, "a", "b");
        ck_assert(n <= 0 ? out == 0.25 : out != before);
    }
    ck_assert_int_eq(eg_get_stats(eg).compiles, 1);
}
END_TEST

static eg_val keeps_everything(void *user, eg_val x)
{
    (void)user;
    eg_val v = eg_item(x, 1);
    eg_set(b, eg_get(b));
    eg_val invariant = eg_exp(eg_item(v, 1));
    return pair(eg_tuple(eg, 2, ((eg_val[]){eg_add(eg_item(v, 0), invariant), eg_item(v, 1)})), none());
}
static eg_val hoists(void *user, eg_val x)
{
    (void)user;
    eg_val out = eg_loop(eg, 9, keeps_everything, NULL, eg_tuple(eg, 2, ((eg_val[]){x, x})), none());
    return eg_add(eg_item(eg_item(out, 0), 0), eg_item(eg_item(out, 0), 1));
}

START_TEST(states_that_never_change_are_not_carried_and_what_depends_on_them_stands_before_the_loop)
{
    float x = 0.5F, out;
    eg_func *f = TRACE(hoists, eg_scalar(EG_F32));
    const char *text = eg_text(f), *loop = strstr(text, " = loop"), *e = strstr(text, " = exp");
    ck_assert_msg(strstr(text, "carried 1,") && e && loop && e < loop, "%s", text);
    BOTH(f, IN(&x), &out, "b");
}
END_TEST

/* -- errors -------------------------------------------------------------------------------------------------------- */

static eg_val gives_type(void *user, eg_val x)
{
    (void)user;
    return pair(eg_gt(eg_item(x, 1), 0), none());
}
static eg_val gives_shape(void *user, eg_val x)
{
    (void)user;
    return pair(eg_concat(0, eg_item(x, 1), eg_item(x, 1)), none());
}
static eg_val gives_two(void *user, eg_val x)
{
    (void)user;
    return pair(eg_tuple(eg, 2, ((eg_val[]){x, x})), none());
}
static eg_val gives_no_pair(void *user, eg_val x)
{
    (void)user;
    return eg_item(x, 1);
}
static eg_val gives_nothing(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return none();
}
static eg_val gives_stack(void *user, eg_val x)
{
    (void)user;
    return pair(eg_item(x, 1), eg_item(x, 1));
}
static eg_val gives_x(void *user, eg_val x)
{
    (void)user;
    return x;
}
static eg_val gives_bool(void *user, eg_val x)
{
    (void)user;
    return eg_all(eg_gt(x, 0));
}
static eg_val gives_vector(void *user, eg_val x)
{
    (void)user;
    return eg_gt(x, 0);
}
static eg_val gives_sum(void *user, eg_val x)
{
    (void)user;
    return eg_convert(eg_sum(x), EG_F64);
}

typedef struct wrong {
    eg_fn body;
    int kind; /* 0: eg_loop of 3, 1: of -1, 2: of a float, 3: of a traced n, 4: with sequences, 5: eg_while, 6: eg_cond
               */
    eg_status status;
    const char *words[4];
} wrong;

static eg_val wrongly(void *user, eg_val x)
{
    const wrong *w = user;
    eg_val n = eg_convert(eg_sum(x), EG_I64), yes = eg_gt(eg_sum(x), 0);
    switch (w->kind) {
    case 0: eg_loop(eg, 3, w->body, NULL, x, none()); break;
    case 1: eg_loop(eg, -1, w->body, NULL, x, none()); break;
    case 2: eg_loop(eg, 2.5, w->body, NULL, x, none()); break;
    case 3: eg_loop(eg, n, w->body, NULL, x, none()); break;
    case 4: eg_loop(eg, 3, w->body, NULL, x, x); break;
    case 5: eg_while(eg, gives_bool, w->body, NULL, x); break;
    case 6: eg_cond(yes, gives_x, w->body, NULL, x); break;
    case 7: eg_cond(x, gives_x, w->body, NULL, x); break;
    case 8: eg_while(eg, w->body, gives_x, NULL, x); break;
    case 9: eg_loop(eg, n, w->body, NULL, x, x); break;
    case 10: eg_loop(eg, x, w->body, NULL, x, none()); break;
    case 11: eg_cond(yes, NULL, w->body, NULL, x); break;
    }
    return x;
}

START_TEST(what_does_not_fit_in_a_loop_or_branch_is_an_error_with_its_place)
{
    static const wrong cases[] = {
        {gives_type, 0, EG_ERR_SHAPE, {"eg_loop", "f32[4] becomes bool[4]"}},
        {gives_shape, 0, EG_ERR_SHAPE, {"eg_loop", "f32[4] becomes f32[8]"}},
        {gives_two, 0, EG_ERR_TYPE, {"eg_loop", "pair (carry, y)", "1 part"}},
        {gives_no_pair, 0, EG_ERR_TYPE, {"eg_loop", "pair (carry, y)"}},
        {gives_nothing, 0, EG_ERR_TYPE, {"eg_loop", "pair (carry, y)"}},
        {NULL, 0, EG_ERR_ARGUMENT, {"eg_loop", "body is NULL"}},
        {gives_stack, 1, EG_ERR_ARGUMENT, {"eg_loop", "n must be"}},
        {gives_stack, 2, EG_ERR_ARGUMENT, {"eg_loop", "n must be"}},
        {gives_stack, 3, EG_ERR_SHAPE, {"eg_loop", "nothing can be stacked"}},
        {gives_stack, 4, EG_ERR_SHAPE, {"eg_loop", "4 rows", "3 steps"}},
        {gives_stack, 9, EG_ERR_SHAPE, {"eg_loop", "no sequences"}},
        {gives_stack, 10, EG_ERR_TYPE, {"eg_loop", "integer scalar"}},
        {gives_vector, 5, EG_ERR_SHAPE, {"eg_while", "f32[4] becomes bool[4]"}},
        {gives_nothing, 5, EG_ERR_TYPE, {"eg_while", "1 part"}},
        {NULL, 5, EG_ERR_ARGUMENT, {"eg_while", "body is NULL"}},
        {NULL, 8, EG_ERR_ARGUMENT, {"eg_while", "condition is NULL"}},
        {gives_vector, 8, EG_ERR_TYPE, {"eg_while", "bool scalar"}},
        {gives_sum, 8, EG_ERR_TYPE, {"eg_while", "bool scalar"}},
        {gives_sum, 6, EG_ERR_SHAPE, {"eg_cond", "f32[4] becomes f64"}},
        {gives_nothing, 6, EG_ERR_TYPE, {"eg_cond", "1 part(s), the other 0"}},
        {gives_x, 7, EG_ERR_TYPE, {"eg_cond", "bool scalar"}},
        {gives_x, 11, EG_ERR_TYPE, {"eg_cond", "first branch is NULL"}},
    };
    for (size_t k = 0; k < LEN(cases); k++) {
        wrong w = cases[k];
        ck_assert_msg(!eg_trace(eg, "f", wrongly, &w, 1, &eg_vector(EG_F32, 4)), "case %zu is traced", k);
        ck_assert_msg(strstr(eg_message(eg), "test_loop.c:"), "case %zu: no place: %s", k, eg_message(eg));
        says(eg, w.status, w.words);
    }
    ck_assert_ptr_nonnull(TRACE(loop_sets, eg_vector(EG_F32, 40)));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("loop");
    TCase *t = tcase_create("loop");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, variables, teardown);
    tcase_add_test(t, a_while_carries_its_value_and_the_variables_and_its_condition_sees_them);
    tcase_add_test(t, setting_a_variable_in_the_condition_of_a_while_is_an_error_that_names_it);
    tcase_add_test(t, a_loop_takes_rows_of_sequences_and_stacks_rows_of_results);
    tcase_add_test(t, a_traced_length_counts_when_running);
    tcase_add_test(t, states_that_never_change_are_not_carried_and_what_depends_on_them_stands_before_the_loop);
    tcase_add_test(t, what_does_not_fit_in_a_loop_or_branch_is_an_error_with_its_place);
    suite_add_tcase(s, t);
    return test_run(s);
}
