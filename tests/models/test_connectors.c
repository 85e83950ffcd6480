/* Connections by rule, from pairs and matrices, with exact degrees. */
#include <engram/connect.h>

#include "model.h"

static eg_context *eg;
static void open_context(void) { eg = test_open(2); }
static void close_context(void) { test_close(eg); }

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
    test_expect(eg, EG_ERR_ARGUMENT, "eg_all_to_all", "3 to 4", NULL);
    eg_one_to_one(eg, -1);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_one_to_one", NULL);
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
    test_expect(eg, EG_ERR_ARGUMENT, "post[0] is 3; the population has 3", NULL);
    eg_from_pairs(eg, 2, 4, 5, pre, post);
    test_expect(eg, EG_ERR_ARGUMENT, "pre[0] is 2", NULL);
    eg_from_pairs(eg, 3, 4, 5, NULL, post);
    test_expect(eg, EG_ERR_ARGUMENT, "NULL", NULL);
    eg_transposed(eg, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_transposed", NULL);
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
    test_expect(eg, EG_ERR_ARGUMENT, "eg_from_matrix", NULL);
}
END_TEST

START_TEST(a_matrix_of_weights_connects_where_it_is_not_zero)
{
    double given[6][9];
    for (int k = 0; k < 54; k++) given[k / 9][k % 9] = k % 3 ? -0.0 : k - 20;
    int32_t *m = matrix_of(eg_from_weights(eg, 6, 9, &given[0][0]));
    for (int k = 0; k < 54; k++) ck_assert_int_eq(m[k], k % 3 == 0);
    free(m);
    given[2][5] = NAN;
    eg_from_weights(eg, 6, 9, &given[0][0]);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_from_weights", "from 2 to 5 is nan", NULL);
    eg_from_weights(eg, 2, 2, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_from_weights: the matrix is NULL", NULL);
}
END_TEST

START_TEST(many_pairs_are_sorted_as_few_are)
{
    /* More than one part of the sort; against a count of each pair. */
    enum { PRE = 300, POST = 200, NUM = 400000 };
    int32_t *pre = malloc(sizeof *pre * NUM), *post = malloc(sizeof *post * NUM);
    int32_t *want = calloc(PRE * POST, sizeof *want);
    uint64_t x = 88172645463325252u;
    for (int k = 0; k < NUM; k++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        pre[k] = (int32_t)(x % PRE);
        post[k] = (int32_t)(x / PRE % POST);
        want[pre[k] * POST + post[k]]++;
    }
    eg_csr *c = eg_from_pairs(eg, PRE, POST, NUM, pre, post), *t = eg_transposed(eg, c), *back = eg_transposed(eg, t);
    int32_t *m = matrix_of(c);
    ck_assert(!memcmp(m, want, sizeof *want * PRE * POST));
    free(m);
    const int64_t *order = eg_csr_order(c), *turned = eg_csr_order(t);
    int32_t *i = malloc(sizeof *i * NUM), *k = malloc(sizeof *k * NUM);
    eg_csr_pairs(t, k, i);
    for (int64_t e = 0; e < NUM; e++) {
        ck_assert(pre[turned[e]] == i[e] && post[turned[e]] == k[e]);
        /* Equal pairs keep their order. */
        if (e && i[e] == i[e - 1] && k[e] == k[e - 1]) ck_assert_int_gt(turned[e], turned[e - 1]);
    }
    ck_assert(!memcmp(eg_csr_order(back), order, sizeof *order * NUM));
    ck_assert(!memcmp(eg_csr_indices(back), eg_csr_indices(c), sizeof(int32_t) * NUM));
    ck_assert(!memcmp(eg_csr_indptr(back), eg_csr_indptr(c), sizeof(int64_t) * (PRE + 1)));
    free(pre);
    free(post);
    free(want);
    free(i);
    free(k);
}
END_TEST

START_TEST(sorted_pairs_need_no_numbers)
{
    static const int32_t pre[] = {0, 0, 1, 2, 2}, post[] = {1, 3, 0, 2, 2};
    ck_assert_ptr_null(eg_csr_order(eg_from_pairs(eg, 3, 4, 5, pre, post)));
    ck_assert_ptr_null(eg_csr_order(eg_from_pairs(eg, 3, 4, 0, NULL, NULL)));
    ck_assert_ptr_null(eg_csr_order(eg_transposed(eg, eg_one_to_one(eg, 5))));
}
END_TEST

static eg_csr *numbered(int64_t a, int64_t b)
{
    int64_t *indptr = eg_alloc(eg, 2, sizeof *indptr), *order = eg_alloc(eg, 2, sizeof *order);
    int32_t *indices = eg_alloc(eg, 2, sizeof *indices);
    indptr[0] = 0;
    indptr[1] = 2;
    indices[0] = 0;
    indices[1] = 1;
    order[0] = a;
    order[1] = b;
    return eg_csr_adopt_numbered(eg, 1, 2, indptr, indices, order);
}

START_TEST(numbers_of_connections_are_each_one_once)
{
    ck_assert_int_eq(eg_csr_order(numbered(1, 0))[0], 1);
    ck_assert_ptr_null(eg_csr_order(numbered(0, 1)));
    static const int64_t wrong[][2] = {{0, 2}, {1, 1}, {-1, 0}};
    for (int k = 0; k < 3; k++) {
        ck_assert_ptr_null(numbered(wrong[k][0], wrong[k][1]));
        test_expect(eg, EG_ERR_ARGUMENT, "eg_csr_adopt_numbered: order[", "each number from 0 to 1 once", NULL);
    }
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
                                                 {.num = 3, .fraction = 0.5},
                                                 {.fraction = 0.09}, /* less than one */
                                                 {.num = INT64_MAX / 4, .allow_multi = true}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        ck_assert_ptr_null(eg_fixed_post_num(eg, 10, 10, &wrong[k]));
        test_expect(eg, EG_ERR_ARGUMENT, "eg_fixed_post_num", "of 10", NULL);
    }
    eg_fixed_pre_num(eg, 10, 10, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "options are NULL", NULL);
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
    tcase_add_test(t, a_matrix_of_weights_connects_where_it_is_not_zero);
    tcase_add_test(t, many_pairs_are_sorted_as_few_are);
    tcase_add_test(t, sorted_pairs_need_no_numbers);
    tcase_add_test(t, numbers_of_connections_are_each_one_once);
    tcase_add_test(t, degrees_are_exact);
    tcase_add_test(t, every_partner_is_as_likely_as_another);
    tcase_add_test(t, wrong_numbers_are_named);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
