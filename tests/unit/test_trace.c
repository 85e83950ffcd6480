/* Tracing: tuples, names and places in errors, values used where they do not belong, what simplifying leaves. */
#include "session.h"

static eg_val leaked; /* a value that a body hands out behind the library's back */

/* -- tuples -------------------------------------------------------------------------------------------------------- */

static eg_val nested_tuples(void *user, eg_val x)
{
    (void)user;
    eg_val inner = eg_tuple(eg, 3, ((eg_val[]){x, eg_nothing(), eg_real(2)}));
    eg_val outer = eg_tuple(eg, 2, ((eg_val[]){inner, eg_add(x, 1)}));
    ck_assert_int_eq(eg_tuple_size(outer), 2);
    ck_assert_int_eq(eg_tuple_size(eg_item(outer, 0)), 3);
    ck_assert_int_eq(eg_tuple_size(x), 1);
    ck_assert_int_eq(eg_tuple_size(eg_nothing()), 0);
    ck_assert_int_eq(eg_tuple_size(eg_int(3)), 1);
    ck_assert_ptr_null(eg_item(eg_item(outer, 0), 1).of);
    ck_assert_int_eq(eg_spec_of(outer).rank, -1);
    ck_assert_int_eq(eg_spec_of(eg_item(outer, 1)).rank, 1);
    ck_assert_int_eq(eg_item(x, 0).id, x.id);
    return eg_mul(eg_item(eg_item(outer, 0), 2), eg_item(outer, 1));
}

START_TEST(tuples_nest_and_may_hold_nothing)
{
    float in[3] = {1, 2, 3}, out[3];
    BOTH(TRACE(nested_tuples, eg_vector(EG_F32, 3)), IN(in), out);
    ck_assert_float_eq(out[2], 8);
}
END_TEST

static eg_val returns_nested(void *user, eg_val x)
{
    (void)user;
    eg_val inner = eg_tuple(eg, 2, ((eg_val[]){x, eg_nothing()}));
    return eg_tuple(eg, 4, ((eg_val[]){inner, eg_nothing(), eg_int(7), eg_tuple(eg, 1, &x)}));
}

START_TEST(results_are_the_leaves_of_what_is_returned)
{
    eg_func *f = TRACE(returns_nested, eg_vector(EG_F64, 2));
    ck_assert_int_eq(eg_num_results(f), 3);
    ck_assert_int_eq(eg_result_spec(f, 0).dtype, EG_F64);
    ck_assert_int_eq(eg_result_spec(f, 1).dtype, EG_I32);
    ck_assert_int_eq(eg_result_spec(f, 2).rank, 1);
    ck_assert_int_eq(eg_result_spec(f, 3).rank, -1);
}
END_TEST

static eg_val wrong_item(void *user, eg_val x) { return eg_item(x, *(int *)user); }

START_TEST(a_part_that_a_tuple_does_not_have_is_an_error_that_says_how_many_there_are)
{
    eg_spec two[] = {eg_scalar(EG_F32), eg_scalar(EG_F32)};
    for (int k = -1; k <= 2; k += 3) {
        ck_assert_ptr_null(eg_trace(eg, "f", wrong_item, &k, 2, two));
        SAYS(EG_ERR_ARGUMENT, "eg_item", k < 0 ? "part -1" : "part 2", "tuple of 2", "test_trace.c:");
    }
}
END_TEST

static eg_val too_many(void *user, eg_val x)
{
    (void)user;
    return eg_tuple(eg, -1, &x);
}

START_TEST(a_tuple_of_a_negative_number_of_parts_is_an_error)
{
    ck_assert_ptr_null(eg_trace(eg, "f", too_many, NULL, 1, &eg_scalar(EG_F32)));
    SAYS(EG_ERR_ARGUMENT, "eg_tuple", "-1 parts", "test_trace.c:");
}
END_TEST

/* -- values where they do not belong ------------------------------------------------------------------------------- */

enum { LOOP_LINE = __LINE__ + 8 };
static eg_val leaking_body(void *user, eg_val x)
{
    (void)user;
    leaked = eg_name(eg_add(eg_item(x, 1), 1), "V_new");
    return eg_tuple(eg, 2, ((eg_val[]){leaked, eg_nothing()}));
}

static void leak(eg_val x) { eg_loop(eg, 3, leaking_body, NULL, x, eg_nothing()); }

static eg_val use_in_operation(void *user, eg_val x)
{
    (void)user;
    leak(x);
    return eg_mul(x, leaked);
}
static eg_val use_as_result(void *user, eg_val x)
{
    (void)user;
    leak(x);
    return leaked;
}
static eg_val use_in_set(void *user, eg_val x)
{
    leak(x);
    eg_set((eg_var *)user, leaked);
    return x;
}
static eg_val use_in_tuple(void *user, eg_val x)
{
    (void)user;
    leak(x);
    return eg_tuple(eg, 2, ((eg_val[]){x, leaked}));
}
static eg_val use_as_init(void *user, eg_val x)
{
    (void)user;
    leak(x);
    leak(leaked);
    return x;
}
static eg_val returns_leaked(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return eg_tuple(eg, 2, ((eg_val[]){leaked, eg_nothing()}));
}
static eg_val use_in_other_loop(void *user, eg_val x)
{
    (void)user;
    leak(x);
    eg_loop(eg, 3, returns_leaked, NULL, x, eg_nothing());
    return x;
}
static eg_val stash(void *user, eg_val x)
{
    (void)user;
    return leaked = eg_name(eg_add(x, 1), "V_new");
}
static eg_val unstash(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return leaked;
}
static eg_val use_in_other_arm(void *user, eg_val x)
{
    (void)user;
    return eg_cond(eg_gt(x, 0), stash, unstash, NULL, x);
}
static eg_val positive(void *user, eg_val x)
{
    (void)user;
    return eg_gt(x, leaked);
}
static eg_val use_in_condition(void *user, eg_val x)
{
    (void)user;
    return eg_while(eg, positive, stash, NULL, x);
}

START_TEST(a_value_of_a_loop_or_branch_that_has_ended_is_an_error_that_names_it_and_both_places)
{
    eg_fn uses[] = {use_in_operation, use_as_result,     use_in_set,       use_in_tuple,
                    use_as_init,      use_in_other_loop, use_in_other_arm, use_in_condition};
    eg_var *v = eg_variable(eg, "v", eg_scalar(EG_F32));
    char loop[64];
    snprintf(loop, sizeof loop, "test_trace.c:%d", LOOP_LINE);
    for (size_t k = 0; k < LEN(uses); k++) {
        eg_func *f = eg_trace(eg, "f", uses[k], v, 1, &eg_scalar(EG_F32));
        ck_assert_msg(!f, "use %zu is traced", k);
        ck_assert_msg(k >= 6 || k == 4 || strstr(eg_message(eg), loop), "use %zu: no place of the loop (%s): %s", k,
                      loop, eg_message(eg));
        ck_assert_int_ge(count_of(eg_message(eg), "test_trace.c:"), 2);
        SAYS(EG_ERR_SCOPE, "'V_new'", "has ended");
    }
}
END_TEST

START_TEST(a_value_of_a_trace_that_has_ended_is_an_error)
{
    leaked = eg_nothing();
    TRACE(stash, eg_scalar(EG_F32));
    eg_val old = leaked;
    ck_assert_int_eq(eg_spec_of(old).rank, -1);
    ck_assert_int_eq(eg_tuple_size(old), 0);
    ck_assert_ptr_eq(eg_name(old, "late").of, old.of);
    ck_assert_ptr_null(eg_trace(eg, "f", unstash, NULL, 1, &eg_scalar(EG_F32)));
    SAYS(EG_ERR_SCOPE, "trace that has ended");
    ck_assert_ptr_null(eg_add(old, 1).of);
    SAYS(EG_ERR_STATE, "eg_add", "nothing is being traced", "test_trace.c:");
}
END_TEST

static eg_val in_other_context(void *user, eg_val x)
{
    (void)user;
    ck_assert_ptr_null(eg_add(x, leaked).of);
    return x;
}
static eg_val outer_of_two(void *user, eg_val x)
{
    leaked = x;
    ck_assert_ptr_null(eg_trace((eg_context *)user, "inner", in_other_context, user, 1, &eg_scalar(EG_F32)));
    return x;
}

START_TEST(values_of_two_contexts_do_not_mix)
{
    eg_context *theirs = eg_open(NULL);
    eg_func *f = eg_trace(eg, "outer", outer_of_two, theirs, 1, &eg_scalar(EG_F32));
    ck_assert_msg(f != NULL, "%s", eg_message(eg));
    says(theirs, EG_ERR_SCOPE, (const char *const[]){"eg_add", "another context", "test_trace.c:", NULL});
    eg_close(theirs);
}
END_TEST

static eg_val sees(void *user, eg_val x) { return eg_add(*(eg_val *)user, x); }

/* Traces another function, uses it, and goes on; or one that wants a value of this one. */
static eg_val traces_another(void *user, eg_val x)
{
    eg_func *second = eg_trace(eg, "second", user ? sees : stash, &x, 1, &eg_scalar(EG_F32));
    ck_assert((second != NULL) == !user);
    return second ? eg_add(eg_apply(second, x), x) : x;
}

START_TEST(a_function_traced_while_another_one_is_is_complete_in_itself)
{
    float x = 3, y;
    BOTH(TRACE(traces_another, eg_scalar(EG_F32)), IN(&x), &y);
    ck_assert_float_eq(y, 7); /* stash adds 1 */
    ck_assert_ptr_null(eg_trace(eg, "first", traces_another, &x, 1, &eg_scalar(EG_F32)));
    SAYS(EG_ERR_SCOPE, "eg_add", "the function around this one", "test_trace.c:");
    TRACE(stash, eg_scalar(EG_F32));
}
END_TEST

static eg_val traces_itself(void *user, eg_val x)
{
    ck_assert_ptr_null(eg_trace(eg, "again", traces_itself, user, 1, &eg_scalar(EG_F32)));
    return x;
}

START_TEST(a_function_that_traces_itself_is_an_error)
{
    ck_assert_ptr_null(eg_trace(eg, "first", traces_itself, NULL, 1, &eg_scalar(EG_F32)));
    SAYS(EG_ERR_STATE, "eg_trace", "'again'", "trace itself", "test_trace.c:");
    TRACE(stash, eg_scalar(EG_F32));
}
END_TEST

static eg_val calls_itself(void *user, eg_val x)
{
    float one = 1, two;
    ck_assert_int_eq(eg_call(*(eg_func **)user, NULL, IN(&one), (void *[]){&two}, NULL), EG_ERR_STATE);
    return x;
}

START_TEST(a_call_while_tracing_is_an_error)
{
    eg_func *f = TRACE(stash, eg_scalar(EG_F32));
    ck_assert_ptr_null(eg_trace(eg, "g", calls_itself, &f, 1, &eg_scalar(EG_F32)));
    SAYS(EG_ERR_STATE, "eg_call", "'stash'", "being traced");
}
END_TEST

/* -- what is left -------------------------------------------------------------------------------------------------- */

static eg_val twice_the_same(void *user, eg_val x)
{
    (void)user;
    eg_exp(eg_mul(x, 3.5)); /* nobody uses it */
    return eg_mul(eg_sin(eg_add(x, 0.25)), eg_cos(eg_add(x, 0.25)));
}

START_TEST(equal_values_are_one_and_unused_ones_vanish)
{
    const char *text = eg_text(TRACE(twice_the_same, eg_vector(EG_F32, 4)));
    ck_assert_msg(count_of(text, " = add ") == 1, "%s", text);
    ck_assert_msg(count_of(text, " = exp ") == 0 && count_of(text, "3.5") == 0, "%s", text);
    ck_assert_msg(strstr(text, "test_trace.c:"), "%s", text);
}
END_TEST

START_TEST(the_text_of_a_function_reads_back)
{
    eg_func *f = TRACE(twice_the_same, eg_vector(EG_F32, 4)), *g = eg_parse(eg, eg_text(f));
    ck_assert_msg(g != NULL, "%s", eg_message(eg));
    ck_assert_str_eq(eg_text(f), eg_text(g));
    float in[4] = {1, 2, 3, 4}, a[4], b[4];
    BOTH(f, IN(in), a);
    BOTH(g, IN(in), b);
    ck_assert(!memcmp(a, b, sizeof a));
}
END_TEST

START_TEST(dumps_come_by_the_name_of_the_stage)
{
    static const struct {
        const char *dump, *has, *has_not;
    } cases[] = {{"trace", "; trace of", "; simplify of"}, {"simplify", "; simplify of", "; trace of"},
                 {"stage", "; stage of", "; trace of"},    {"llvm", "define ", "; asm of"},
                 {"asm", "; asm of", "; llvm of"},         {"trace,asm", "; trace of", "; stage of"},
                 {"all", "; stage of", "; nothing of"}};
    for (size_t k = 0; k < LEN(cases); k++) {
        eg_context *c = eg_open(&(eg_options){.dump = cases[k].dump});
        log_text[0] = 0;
        eg_set_log(c, keep_log, NULL);
        eg_context *mine = eg;
        eg = c;
        eg_compile(TRACE(twice_the_same, eg_vector(EG_F32, 40)));
        fine();
        eg = mine;
        eg_close(c);
        ck_assert_msg(strstr(log_text, cases[k].has), "%s: no '%s'", cases[k].dump, cases[k].has);
        ck_assert_msg(!strstr(log_text, cases[k].has_not), "%s: '%s'", cases[k].dump, cases[k].has_not);
    }
}
END_TEST

START_TEST(a_function_may_be_freed_before_its_context)
{
    float in[4] = {1, 2, 3, 4}, a[4], b[4];
    eg_func *f = TRACE(twice_the_same, eg_vector(EG_F32, 4)), *g = TRACE(twice_the_same, eg_vector(EG_F32, 4));
    ck_assert_int_eq(eg_call(f, NULL, IN(in), (void *[]){a}, NULL), EG_OK);
    eg_func_free(f);
    eg_func_free(NULL);
    ck_assert_int_eq(eg_call(g, NULL, IN(in), (void *[]){b}, NULL), EG_OK);
    ck_assert_int_eq(eg_get_stats(eg).compiles, 1);
    ck_assert(!memcmp(a, b, sizeof a));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trace");
    TCase *t = tcase_create("trace");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, tuples_nest_and_may_hold_nothing);
    tcase_add_test(t, results_are_the_leaves_of_what_is_returned);
    tcase_add_test(t, a_part_that_a_tuple_does_not_have_is_an_error_that_says_how_many_there_are);
    tcase_add_test(t, a_tuple_of_a_negative_number_of_parts_is_an_error);
    tcase_add_test(t, a_value_of_a_loop_or_branch_that_has_ended_is_an_error_that_names_it_and_both_places);
    tcase_add_test(t, a_value_of_a_trace_that_has_ended_is_an_error);
    tcase_add_test(t, values_of_two_contexts_do_not_mix);
    tcase_add_test(t, a_function_traced_while_another_one_is_is_complete_in_itself);
    tcase_add_test(t, a_function_that_traces_itself_is_an_error);
    tcase_add_test(t, a_call_while_tracing_is_an_error);
    tcase_add_test(t, equal_values_are_one_and_unused_ones_vanish);
    tcase_add_test(t, the_text_of_a_function_reads_back);
    tcase_add_test(t, dumps_come_by_the_name_of_the_stage);
    tcase_add_test(t, a_function_may_be_freed_before_its_context);
    suite_add_tcase(s, t);
    return test_run(s);
}
