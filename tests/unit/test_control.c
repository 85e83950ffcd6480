/* Variables and values in loops and conds: what they carry and give.  Each function runs compiled and interpreted with
 * the same bits. */
#include "region_session.h"

/* -- variables ----------------------------------------------------------------------------------------------------- */

START_TEST(a_loop_carries_the_variables_that_its_body_sets)
{
    float x[40] = {10}, out[40], want = 1.5F;
    BOTH(TRACE(loop_sets, eg_vector(EG_F32, 40)), IN(x), out, "a", "b");
    for (int i = 0; i < 5; i++) want = want * 0.5F + (float)i;
    ck_assert_float_eq(out[0], want + 10);
    ck_assert_float_eq(((float *)eg_data(state, a))[39], want);
    ck_assert(*(double *)eg_data(state, b) > 100);
}
END_TEST

static eg_val innermost(void *user, eg_val x)
{
    (void)user;
    eg_set(b, eg_add(eg_get(b), eg_item(x, 0)));
    return none();
}
static eg_val middle(void *user, eg_val x)
{
    (void)user;
    eg_loop(eg, 3, innermost, NULL, none(), none());
    eg_set(a, eg_add(eg_get(a), eg_convert(eg_get(b), EG_F32)));
    return pair(eg_add(eg_item(x, 1), 1), eg_get(b));
}
static eg_val nested_loops(void *user, eg_val x)
{
    (void)user;
    return eg_item(eg_loop(eg, 4, middle, NULL, x, none()), 1);
}

START_TEST(a_variable_seen_first_in_an_inner_loop_is_carried_by_the_outer_one_too)
{
    float x = 0;
    double out[4];
    eg_func *f = TRACE(nested_loops, eg_scalar(EG_F32));
    BOTH(f, IN(&x), out, "a", "b");
    for (int k = 0; k < 4; k++) ck_assert_double_eq(out[k], 0.25 + 3 * (k + 1));
    ck_assert_float_eq(f32_of("a"), 1.5F + 4 * 0.25F + 3 + 6 + 9 + 12);
}
END_TEST

static eg_val swap(void *user, eg_val x)
{
    (void)user;
    eg_val v = eg_item(x, 1), old = eg_get(a);
    eg_set(a, eg_item(v, 1));
    return pair(eg_tuple(eg, 2, ((eg_val[]){eg_item(v, 1), old})), none());
}
static eg_val swapping(void *user, eg_val x)
{
    (void)user;
    eg_val out = eg_loop(eg, 5, swap, NULL, eg_tuple(eg, 2, ((eg_val[]){x, eg_mul(x, 2)})), none());
    return eg_stack(0, eg_item(eg_item(out, 0), 0), eg_item(eg_item(out, 0), 1));
}

START_TEST(values_that_swap_places_in_a_loop_do_not_overwrite_each_other)
{
    float x[40], out[80], p[3];
    for (int k = 0; k < 40; k++) x[k] = (float)k + 3;
    BOTH(TRACE(swapping, eg_vector(EG_F32, 40)), IN(x), out, "a");
    p[0] = 1.5F, p[1] = x[7], p[2] = x[7] * 2;
    for (int i = 0; i < 5; i++) {
        float old = p[0];
        p[0] = p[2];
        p[1] = p[2];
        p[2] = old;
    }
    ck_assert_float_eq(((float *)eg_data(state, a))[7], p[0]);
    ck_assert_float_eq(out[7], p[1]);
    ck_assert_float_eq(out[47], p[2]);
}
END_TEST

static eg_val set_in_yes(void *user, eg_val x)
{
    (void)user;
    eg_set(a, eg_mul(eg_get(a), 3));
    return eg_mul(x, 2);
}
static eg_val set_b_in_no(void *user, eg_val x)
{
    (void)user;
    eg_set(b, 7);
    return eg_sub(x, 1);
}
static eg_val cond_sets(void *user, eg_val x)
{
    (void)user;
    eg_val y = eg_cond(eg_gt(eg_sum(x), 0), set_in_yes, set_b_in_no, NULL, x);
    return eg_add(y, eg_get(a));
}

START_TEST(a_variable_that_one_arm_does_not_set_keeps_its_value)
{
    eg_func *f = TRACE(cond_sets, eg_vector(EG_F32, 40));
    for (int sign = -1; sign <= 1; sign += 2) {
        float x[40], out[40];
        for (int k = 0; k < 40; k++) x[k] = (float)(sign * (k + 1));
        BOTH(f, IN(x), out, "a", "b");
        ck_assert_float_eq(f32_of("a"), sign > 0 ? 4.5F : 1.5F);
        ck_assert_double_eq(*(double *)eg_data(state, b), sign > 0 ? 0.25 : 7);
        ck_assert_float_eq(out[3], sign > 0 ? 8 + 4.5F : -5 + 1.5F);
    }
}
END_TEST

static eg_val cond_in_loop(void *user, eg_val x)
{
    (void)user;
    eg_val even = eg_eq(eg_and(eg_item(x, 0), 1), 0);
    return pair(eg_cond(even, set_in_yes, set_b_in_no, NULL, eg_item(x, 1)), none());
}
static eg_val conds(void *user, eg_val x)
{
    (void)user;
    return eg_item(eg_loop(eg, 6, cond_in_loop, NULL, x, none()), 0);
}

START_TEST(conds_in_loops_carry_what_their_arms_set)
{
    float x[40] = {4}, out[40];
    BOTH(TRACE(conds, eg_vector(EG_F32, 40)), IN(x), out, "a", "b");
    ck_assert_float_eq(f32_of("a"), 1.5F * 27);
    ck_assert_float_eq(out[0], ((4 * 2 - 1) * 2 - 1) * 2 - 1);
}
END_TEST

static eg_val identity_arm(void *user, eg_val x)
{
    (void)user;
    return eg_cond(eg_lt(eg_item(x, 0), 2), set_in_yes, NULL, NULL, eg_item(x, 1));
}

START_TEST(a_missing_second_branch_gives_what_went_in)
{
    eg_spec args[] = {eg_scalar(EG_I32), eg_vector(EG_F32, 3)};
    eg_func *f = TRACE(identity_arm, args[0], args[1]);
    for (int k = 1; k < 4; k++) {
        float x[3] = {1, 2, 3}, out[3];
        BOTH(f, IN(&k, x), out, "a");
        ck_assert_float_eq(out[2], k < 2 ? 6 : 3);
    }
}
END_TEST

static eg_val plain_predicates(void *user, eg_val x)
{
    (void)user;
    eg_val y = eg_cond(1, set_in_yes, set_b_in_no, NULL, x);
    return eg_cond(false, set_in_yes, NULL, NULL, y);
}

START_TEST(a_plain_number_as_predicate_takes_its_branch_while_tracing)
{
    float x[40] = {4}, out[40];
    eg_func *f = TRACE(plain_predicates, eg_vector(EG_F32, 40));
    ck_assert_msg(!strstr(eg_text(f), "cond"), "%s", eg_text(f));
    BOTH(f, IN(x), out, "a", "b");
    ck_assert_float_eq(out[0], 8);
    ck_assert_float_eq(f32_of("a"), 4.5F);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("control");
    TCase *t = tcase_create("control");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, variables, teardown);
    tcase_add_test(t, a_loop_carries_the_variables_that_its_body_sets);
    tcase_add_test(t, a_variable_seen_first_in_an_inner_loop_is_carried_by_the_outer_one_too);
    tcase_add_test(t, values_that_swap_places_in_a_loop_do_not_overwrite_each_other);
    tcase_add_test(t, a_variable_that_one_arm_does_not_set_keeps_its_value);
    tcase_add_test(t, conds_in_loops_carry_what_their_arms_set);
    tcase_add_test(t, a_missing_second_branch_gives_what_went_in);
    tcase_add_test(t, a_plain_number_as_predicate_takes_its_branch_while_tracing);
    suite_add_tcase(s, t);
    return test_run(s);
}
