/* Connections by rule, from pairs and matrices, with exact degrees; input currents that are wrong. */
#include <engram/connect.h>
#include <engram/inputs.h>

#include "model.h"

static eg_context *eg;
static void open_context(void) { eg = model_open(2, EG_MATH_CONTRACT); }
static void close_context(void) { model_close(eg); }

/* Matrix of the connections, to free. */
static int32_t *matrix_of(const eg_csr *c)
{
    ck_assert_msg(c != NULL, "%s", eg_message(eg));
    int32_t *m = malloc(sizeof *m * (size_t)(eg_csr_num_pre(c) * eg_csr_num_post(c) + 1));
    eg_csr_matrix(c, m);
    return m;
}

static int64_t row_sum(const int32_t *m, int64_t n, int64_t i)
{
    int64_t sum = 0;
    for (int64_t k = 0; k < n; k++) sum += m[i * n + k];
    return sum;
}

static int64_t column_sum(const int32_t *m, int64_t rows, int64_t n, int64_t k)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < rows; i++) sum += m[i * n + k];
    return sum;
}

START_TEST(rules_connect_as_they_say)
{
    eg_csr *c[] = {eg_one_to_one(eg, 7), eg_all_to_all(eg, 7, 7, true), eg_all_to_all(eg, 7, 7, false)};
    for (int r = 0; r < 3; r++) {
        int32_t *m = matrix_of(c[r]);
        for (int i = 0; i < 7; i++)
            for (int k = 0; k < 7; k++) ck_assert_int_eq(m[i * 7 + k], r == 0 ? i == k : r == 1 ? 1 : i != k);
        free(m);
    }
    ck_assert_int_eq(eg_csr_size(eg_all_to_all(eg, 3, 500, true)), 1500);
    ck_assert_int_eq(eg_csr_size(eg_all_to_all(eg, 0, 0, false)), 0);
    eg_all_to_all(eg, 3, 4, false);
    model_expect(eg, EG_ERR_ARGUMENT, "eg_all_to_all", "3 to 4", NULL);
    eg_one_to_one(eg, -1);
    model_expect(eg, EG_ERR_ARGUMENT, "eg_one_to_one", NULL);
}
END_TEST

START_TEST(pairs_may_come_in_any_order_and_keep_their_numbers)
{
    static const int32_t pre[] = {2, 0, 2, 1, 2}, post[] = {3, 1, 0, 2, 3};
    eg_csr *c = eg_from_pairs(eg, 3, 4, 5, pre, post);
    int32_t i[5], k[5];
    eg_csr_pairs(c, i, k);
    const int64_t *order = eg_csr_order(c);
    ck_assert_ptr_nonnull(order);
    for (int e = 0; e < 5; e++) {
        ck_assert_int_eq(i[e], pre[order[e]]);
        ck_assert_int_eq(k[e], post[order[e]]);
    }
    ck_assert(order[3] == 0 && order[4] == 4); /* the pair that is there twice */
    int32_t *m = matrix_of(c), *t = matrix_of(eg_transposed(eg, c));
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 4; b++) ck_assert_int_eq(m[a * 4 + b], t[b * 3 + a]);
    free(m);
    free(t);
    eg_from_pairs(eg, 3, 3, 5, pre, post);
    model_expect(eg, EG_ERR_ARGUMENT, "post[0] is 3; the population has 3", NULL);
    eg_from_pairs(eg, 2, 4, 5, pre, post);
    model_expect(eg, EG_ERR_ARGUMENT, "pre[0] is 2", NULL);
    eg_from_pairs(eg, 3, 4, 5, NULL, post);
    model_expect(eg, EG_ERR_ARGUMENT, "NULL", NULL);
    eg_transposed(eg, NULL);
    model_expect(eg, EG_ERR_ARGUMENT, "eg_transposed", NULL);
}
END_TEST

START_TEST(a_matrix_gives_the_connections_that_it_holds)
{
    bool given[6][9];
    for (int k = 0; k < 54; k++) given[k / 9][k % 9] = k % 5 == 0 || k % 7 == 3;
    int32_t *m = matrix_of(eg_from_matrix(eg, 6, 9, &given[0][0]));
    for (int k = 0; k < 54; k++) ck_assert_int_eq(m[k], given[k / 9][k % 9]);
    free(m);
    eg_from_matrix(eg, 2, 2, NULL);
    model_expect(eg, EG_ERR_ARGUMENT, "eg_from_matrix", NULL);
}
END_TEST

START_TEST(degrees_are_exact)
{
    eg_fixed_num_options out = {.num = 13}, in = {.fraction = 0.25}, most = {.num = 39, .exclude_self = true};
    int32_t *m = matrix_of(eg_fixed_post_num(eg, 50, 40, &out));
    for (int i = 0; i < 50; i++) ck_assert_int_eq(row_sum(m, 40, i), 13);
    for (int k = 0; k < 2000; k++) ck_assert_int_le(m[k], 1);
    free(m);
    m = matrix_of(eg_fixed_pre_num(eg, 50, 40, &in));
    for (int k = 0; k < 40; k++) ck_assert_int_eq(column_sum(m, 50, 40, k), 12);
    for (int k = 0; k < 2000; k++) ck_assert_int_le(m[k], 1);
    free(m);
    m = matrix_of(eg_fixed_post_num(eg, 40, 40, &most));
    for (int i = 0; i < 40; i++) ck_assert_int_eq(m[i * 40 + i], 0);
    for (int i = 0; i < 40; i++) ck_assert_int_eq(row_sum(m, 40, i), 39);
    free(m);
    eg_fixed_num_options multi = {.num = 100, .allow_multi = true, .exclude_self = true};
    m = matrix_of(eg_fixed_pre_num(eg, 40, 40, &multi));
    for (int k = 0; k < 40; k++) {
        ck_assert_int_eq(column_sum(m, 40, 40, k), 100);
        ck_assert_int_eq(m[k * 41], 0);
    }
    free(m);
}
END_TEST

START_TEST(every_partner_is_as_likely_as_another)
{
    /* Each of 100 targets gets 10 of 20000 sources' choices on average 2000 times; six standard deviations. */
    eg_fixed_num_options o = {.num = 10, .seed = 5};
    eg_csr *c = eg_fixed_post_num(eg, 20000, 100, &o), *same = eg_fixed_post_num(eg, 20000, 100, &o);
    ck_assert(!memcmp(eg_csr_indices(c), eg_csr_indices(same), (size_t)eg_csr_size(c) * sizeof(int32_t)));
    int64_t count[100] = {0};
    for (int64_t e = 0; e < eg_csr_size(c); e++) count[eg_csr_indices(c)[e]]++;
    for (int k = 0; k < 100; k++) ck_assert_int_lt(llabs(count[k] - 2000), 6 * 43);
}
END_TEST

START_TEST(wrong_numbers_are_named)
{
    static const eg_fixed_num_options wrong[] = {{0},
                                                 {.num = -1},
                                                 {.num = 11},
                                                 {.num = 10, .exclude_self = true},
                                                 {.fraction = 1.5},
                                                 {.num = 3, .fraction = 0.5}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        ck_assert_ptr_null(eg_fixed_post_num(eg, 10, 10, &wrong[k]));
        model_expect(eg, EG_ERR_ARGUMENT, "eg_fixed_post_num", "of 10", NULL);
    }
    eg_fixed_pre_num(eg, 10, 10, NULL);
    model_expect(eg, EG_ERR_ARGUMENT, "options are NULL", NULL);
}
END_TEST

START_TEST(wrong_inputs_are_named)
{
    double x[] = {1, 2}, negative[] = {1, -2}, bad[] = {NAN, 1};
    ck_assert_ptr_null(eg_section_input(eg, 2, x, 0, negative, NULL));
    model_expect(eg, EG_ERR_ARGUMENT, "eg_section_input", "a duration is -2", NULL);
    eg_section_input(eg, 2, x, 0, bad, NULL);
    model_expect(eg, EG_ERR_ARGUMENT, "a duration is nan", NULL);
    eg_section_input(eg, 2, x, 0, x, &(eg_input_options){.dt = -1});
    model_expect(eg, EG_ERR_ARGUMENT, "dt is -1", NULL);
    eg_section_input(eg, 2, NULL, 0, x, NULL);
    model_expect(eg, EG_ERR_ARGUMENT, "eg_section_input", NULL);
    eg_ramp_input(eg, 0, 1, 10, 5, 4, NULL);
    model_expect(eg, EG_ERR_ARGUMENT, "t_end is 4; it must not be before", NULL);
    eg_ramp_input(eg, 0, 1, 10, 5, 11, NULL);
    model_expect(eg, EG_ERR_ARGUMENT, "t_end is 11; it must not be after", NULL);
    eg_sinusoidal_input(eg, 1, -3, 10, 0, 0, false, NULL);
    model_expect(eg, EG_ERR_ARGUMENT, "the frequency is -3", NULL);
    eg_spike_input(eg, 1, x, negative + 1, x, 10, NULL);
    model_expect(eg, EG_ERR_ARGUMENT, "a pulse's length is -2", NULL);
}
END_TEST

START_TEST(durations_count_whole_steps)
{
    for (int k = 0; k <= 1000; k++) ck_assert_int_eq(eg_num_steps(k * 0.1, 0.1), k);
    ck_assert_int_eq(eg_num_steps(1, 0), -1);
    ck_assert_int_eq(eg_num_steps(NAN, 0.1), -1);
    eg_array *a = eg_section_input(eg, 2, (double[]){1, 2}, 0, (double[]){0.3, 0.3}, NULL);
    const float *x = eg_array_data(a);
    for (int k = 0; k < 6; k++) ck_assert_float_eq(x[k], k < 3 ? 1 : 2);
    ck_assert_int_eq(eg_array_spec(a).dim[0], 6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connectors");
    TCase *t = tcase_create("connectors");
    tcase_add_checked_fixture(t, open_context, close_context);
    tcase_add_test(t, rules_connect_as_they_say);
    tcase_add_test(t, pairs_may_come_in_any_order_and_keep_their_numbers);
    tcase_add_test(t, a_matrix_gives_the_connections_that_it_holds);
    tcase_add_test(t, degrees_are_exact);
    tcase_add_test(t, every_partner_is_as_likely_as_another);
    tcase_add_test(t, wrong_numbers_are_named);
    tcase_add_test(t, wrong_inputs_are_named);
    tcase_add_test(t, durations_count_whole_steps);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
