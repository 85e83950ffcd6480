/* Connectivity: FixedProb's out-degrees, its distribution, that threads do not matter, and what it refuses. */
#include "engram/connect.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engram/parallel.h"
#include "net/draw.h"
#include "support/support.h"

static eg_context *open_threads(int threads)
{
    eg_context *eg = eg_open(&(eg_options){.threads = threads});
    ck_assert_ptr_nonnull(eg);
    return eg;
}

static eg_csr *connect(eg_context *eg, int64_t num_pre, int64_t num_post, eg_fixed_prob_options o)
{
    eg_csr *c = eg_fixed_prob(eg, num_pre, num_post, &o);
    ck_assert_msg(c != NULL, "%s", eg_message(eg));
    ck_assert_int_eq(eg_csr_num_pre(c), num_pre);
    ck_assert_int_eq(eg_csr_num_post(c), num_post);
    return c;
}

static int64_t degree(const eg_csr *c, int64_t row) { return eg_csr_indptr(c)[row + 1] - eg_csr_indptr(c)[row]; }

/* Targets in range and ascending; different ones unless `multi`. */
static void check_rows(const eg_csr *c, bool multi)
{
    const int64_t *p = eg_csr_indptr(c);
    const int32_t *x = eg_csr_indices(c);
    ck_assert_int_eq(p[0], 0);
    ck_assert_int_eq(p[eg_csr_num_pre(c)], eg_csr_size(c));
    int64_t outside = 0, descending = 0; /* one assertion for all: each costs a microsecond */
    for (int64_t i = 0; i < eg_csr_num_pre(c); i++)
        for (int64_t k = p[i]; k < p[i + 1]; k++) {
            outside += x[k] < 0 || x[k] >= eg_csr_num_post(c);
            descending += k > p[i] && (x[k] < x[k - 1] || (!multi && x[k] == x[k - 1]));
        }
    ck_assert_int_eq(outside, 0);
    ck_assert_int_eq(descending, 0);
}

static int64_t self_links(const eg_csr *c)
{
    int64_t n = 0;
    for (int64_t i = 0; i < eg_csr_num_pre(c); i++)
        for (int64_t k = eg_csr_indptr(c)[i]; k < eg_csr_indptr(c)[i + 1]; k++) n += eg_csr_indices(c)[k] == i;
    return n;
}

/* Mean and variance of the out-degrees. */
static void moments(const eg_csr *c, double *mean, double *variance)
{
    double n = (double)eg_csr_num_pre(c), sum = 0, squares = 0;
    for (int64_t i = 0; i < eg_csr_num_pre(c); i++) {
        double d = (double)degree(c, i);
        sum += d;
        squares += d * d;
    }
    *mean = sum / n;
    *variance = squares / n - *mean * *mean;
}

/* Chi-squared of the in-degrees against equal ones, in standard deviations from its mean; `factor`: variance of one
 * in-degree over its mean. */
static double in_degree_deviation(const eg_csr *c, double factor)
{
    int64_t n = eg_csr_num_post(c);
    double mean = (double)eg_csr_size(c) / (double)n, chi = 0;
    int64_t *in = calloc((size_t)n, sizeof *in);
    for (int64_t k = 0; k < eg_csr_size(c); k++) in[eg_csr_indices(c)[k]]++;
    for (int64_t j = 0; j < n; j++) chi += ((double)in[j] - mean) * ((double)in[j] - mean) / (mean * factor);
    free(in);
    return (chi - (double)(n - 1)) / sqrt(2.0 * (double)(n - 1));
}

/* -- FixedProb ----------------------------------------------------------------------------------------------------- */

START_TEST(each_source_has_exactly_its_share_of_different_targets)
{
    static const struct {
        int64_t num_pre, num_post;
        double prob;
        int64_t want;
    } cases[] = {{500, 4000, 0.02, 80}, {500, 3200, 0.02, 64}, {100, 100, 0.29, 29}, {50, 1001, 0.02, 20},
                 {50, 4100, 0.7, 2870}, {33, 65, 1.0, 65},     {33, 64, 0.5, 32},    {7, 1, 1.0, 1},
                 {20, 100000, 1e-5, 1}, {50, 128, 0.999, 127}, {50, 70, 0.0, 0}};
    eg_context *eg = open_threads(2);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        eg_csr *c = connect(eg, cases[k].num_pre, cases[k].num_post, (eg_fixed_prob_options){.prob = cases[k].prob});
        for (int64_t i = 0; i < cases[k].num_pre; i++) ck_assert_int_eq(degree(c, i), cases[k].want);
        check_rows(c, false);
    }
    eg_close(eg);
}
END_TEST

START_TEST(targets_are_equally_likely)
{
    eg_context *eg = open_threads(2);
    const double probs[] = {0.02, 0.4, 0.9};
    for (int k = 0; k < 3; k++) {
        eg_csr *c = connect(eg, 4000, 1000, (eg_fixed_prob_options){.prob = probs[k], .seed = 7});
        ck_assert_double_lt(fabs(in_degree_deviation(c, 1 - probs[k])), 4.0);
    }
    eg_close(eg);
}
END_TEST

START_TEST(pairs_of_targets_are_equally_likely)
{
    enum { POST = 16, PRE = 48000 };
    eg_context *eg = open_threads(2);
    eg_csr *c = connect(eg, PRE, POST, (eg_fixed_prob_options){.prob = 0.125, .seed = 3});
    int64_t seen[POST][POST] = {0};
    for (int64_t i = 0; i < PRE; i++) seen[eg_csr_indices(c)[2 * i]][eg_csr_indices(c)[2 * i + 1]]++;
    double chi = 0, mean = (double)PRE / 120;
    for (int a = 0; a < POST; a++)
        for (int b = a + 1; b < POST; b++) chi += ((double)seen[a][b] - mean) * ((double)seen[a][b] - mean) / mean;
    ck_assert_double_lt(fabs(chi - 119) / sqrt(2 * 119.0), 4.0);
    eg_close(eg);
}
END_TEST

START_TEST(connections_depend_on_the_seed_and_not_on_threads)
{
    const eg_fixed_prob_options kinds[] = {{.prob = 0.02, .seed = 5},
                                           {.prob = 0.02, .seed = 5, .bernoulli = true},
                                           {.prob = 0.02, .seed = 5, .exclude_self = true},
                                           {.prob = 0.02, .seed = 5, .allow_multi = true, .pre_ratio = 0.5}};
    const int threads[] = {1, 2, 3, 4, 8};
    for (int kind = 0; kind < 4; kind++) {
        eg_context *first = open_threads(1);
        eg_csr *a = connect(first, 2000, 2000, kinds[kind]);
        size_t bytes = (size_t)eg_csr_size(a) * sizeof(int32_t);
        for (int k = 0; k < 5; k++) {
            eg_context *eg = open_threads(threads[k]);
            eg_csr *b = connect(eg, 2000, 2000, kinds[kind]);
            ck_assert_mem_eq(eg_csr_indptr(a), eg_csr_indptr(b), 2001 * sizeof(int64_t));
            ck_assert_mem_eq(eg_csr_indices(a), eg_csr_indices(b), bytes);
            eg_close(eg);
        }
        eg_fixed_prob_options other = kinds[kind];
        other.seed = 6;
        eg_csr *d = connect(first, 2000, 2000, other);
        size_t n = (size_t)(eg_csr_size(a) < eg_csr_size(d) ? eg_csr_size(a) : eg_csr_size(d));
        ck_assert_int_ne(memcmp(eg_csr_indices(a), eg_csr_indices(d), n * sizeof(int32_t)), 0);
        eg_close(first);
    }
}
END_TEST

START_TEST(without_a_seed_each_connection_of_a_context_differs_the_same_way)
{
    eg_context *one = open_threads(1), *two = open_threads(2), *three = eg_open(&(eg_options){.seed = 1});
    const eg_fixed_prob_options o = {.prob = 0.1};
    size_t bytes = 100 * 10 * sizeof(int32_t);
    eg_csr *a = connect(one, 100, 100, o), *b = connect(one, 100, 100, o);
    ck_assert_int_ne(memcmp(eg_csr_indices(a), eg_csr_indices(b), bytes), 0);
    ck_assert_mem_eq(eg_csr_indices(a), eg_csr_indices(connect(two, 100, 100, o)), bytes);
    ck_assert_mem_eq(eg_csr_indices(b), eg_csr_indices(connect(two, 100, 100, o)), bytes);
    ck_assert_int_ne(memcmp(eg_csr_indices(a), eg_csr_indices(connect(three, 100, 100, o)), bytes), 0);
    eg_close(one);
    eg_close(two);
    eg_close(three);
}
END_TEST

START_TEST(excluding_oneself_leaves_out_the_self_links_alone)
{
    eg_context *eg = open_threads(2);
    eg_csr *c = connect(eg, 1000, 1000, (eg_fixed_prob_options){.prob = 0.3, .exclude_self = true});
    int64_t less = 0;
    for (int64_t i = 0; i < 1000; i++) {
        ck_assert(degree(c, i) == 300 || degree(c, i) == 299);
        less += degree(c, i) == 299;
    }
    ck_assert_double_lt(fabs((double)less - 300) / sqrt(1000 * 0.3 * 0.7), 4.0);
    check_rows(c, false);
    ck_assert_int_eq(self_links(c), 0);

    c = connect(eg, 50, 50, (eg_fixed_prob_options){.prob = 1, .exclude_self = true});
    ck_assert_int_eq(eg_csr_size(c), 50 * 49);
    ck_assert_int_eq(self_links(c), 0);
    c = connect(eg, 1, 1, (eg_fixed_prob_options){.prob = 1, .exclude_self = true});
    ck_assert_int_eq(eg_csr_size(c), 0);
    c = connect(eg, 400, 400, (eg_fixed_prob_options){.prob = 0.5, .exclude_self = true, .bernoulli = true});
    check_rows(c, false);
    ck_assert_int_eq(self_links(c), 0);
    c = connect(eg, 400, 400, (eg_fixed_prob_options){.prob = 0.5, .exclude_self = true, .allow_multi = true});
    check_rows(c, true);
    ck_assert_int_eq(self_links(c), 0);
    double mean, variance;
    moments(c, &mean, &variance);
    ck_assert_double_lt(fabs(mean - 199.5), 4 * sqrt(0.5 / 400));
    eg_close(eg);
}
END_TEST

START_TEST(with_replacement_a_pair_may_be_connected_again)
{
    eg_context *eg = open_threads(2);
    const double probs[] = {0.02, 0.5, 1.0};
    for (int k = 0; k < 3; k++) {
        eg_csr *c = connect(eg, 2000, 500, (eg_fixed_prob_options){.prob = probs[k], .allow_multi = true});
        int64_t want = (int64_t)(500 * probs[k] + 0.5), again = 0;
        for (int64_t i = 0; i < 2000; i++) {
            ck_assert_int_eq(degree(c, i), want);
            for (int64_t j = eg_csr_indptr(c)[i] + 1; j < eg_csr_indptr(c)[i + 1]; j++)
                again += eg_csr_indices(c)[j] == eg_csr_indices(c)[j - 1];
        }
        check_rows(c, true);
        /* Different ones of k draws from n: n (1 - (1 - 1/n)^k). */
        double lost = (double)want - 500 * (1 - pow(1 - 1.0 / 500, (double)want));
        ck_assert_double_lt(fabs((double)again / 2000 - lost), 0.05 * lost + 0.02);
        ck_assert_double_lt(fabs(in_degree_deviation(c, 1.0)), 4.0);
    }
    eg_close(eg);
}
END_TEST

START_TEST(bernoulli_out_degrees_are_binomial)
{
    eg_context *eg = open_threads(2);
    static const struct {
        int64_t n;
        double p;
    } cases[] = {{4000, 0.02}, {100, 0.5}, {1000, 0.999}, {10, 0.03}, {300, 1.0}, {300, 1e-9}, {1000000, 1e-5}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int64_t n = cases[k].n, rows = 4000;
        double p = cases[k].p, mean, variance;
        eg_csr *c = connect(eg, rows, n, (eg_fixed_prob_options){.prob = p, .bernoulli = true, .seed = 11});
        check_rows(c, false);
        moments(c, &mean, &variance);
        double want = (double)n * p, spread = want * (1 - p);
        ck_assert_double_le(fabs(mean - want), 4 * sqrt(spread / (double)rows) + 1e-3);
        /* Variance of the variance: (mu4 - sigma^4) / rows, mu4 = 3 sigma^4 + sigma^2 (1 - 6 p (1 - p)). */
        double error = sqrt((2 * spread * spread + spread * fabs(1 - 6 * p * (1 - p))) / (double)rows);
        ck_assert_double_le(fabs(variance - spread), 4 * error + 1e-3);
    }
    eg_csr *c = connect(eg, 4000, 500, (eg_fixed_prob_options){.prob = 0.1, .bernoulli = true, .seed = 12});
    ck_assert_double_lt(fabs(in_degree_deviation(c, 0.9)), 4.0);
    eg_close(eg);
}
END_TEST

START_TEST(small_groups_are_connected_in_proportion)
{
    eg_context *eg = open_threads(2);
    eg_csr *c = connect(eg, 20000, 20, (eg_fixed_prob_options){.prob = 0.02, .seed = 4});
    ck_assert_double_lt(fabs((double)eg_csr_size(c) - 8000), 4 * sqrt(8000 * 0.98));
    check_rows(c, false);
    eg_close(eg);
}
END_TEST

START_TEST(a_share_of_the_sources_connects_and_keeps_its_rows)
{
    eg_context *eg = open_threads(2);
    eg_csr *c = connect(eg, 1000, 200, (eg_fixed_prob_options){.prob = 0.1, .pre_ratio = 0.3});
    int64_t connected = 0, in_first_half = 0;
    for (int64_t i = 0; i < 1000; i++) {
        ck_assert(degree(c, i) == 0 || degree(c, i) == 20);
        connected += degree(c, i) == 20;
        in_first_half += i < 500 && degree(c, i) == 20;
    }
    ck_assert_int_eq(connected, 300);
    ck_assert_int_gt(in_first_half, 110);
    ck_assert_int_lt(in_first_half, 190);
    c = connect(eg, 5, 10, (eg_fixed_prob_options){.prob = 1, .pre_ratio = 0.01});
    ck_assert_int_eq(eg_csr_size(c), 10);
    eg_close(eg);
}
END_TEST

START_TEST(empty_populations_are_fine)
{
    eg_context *eg = open_threads(2);
    const eg_fixed_prob_options kinds[] = {{.prob = 0.5},
                                           {.prob = 0.5, .bernoulli = true},
                                           {.prob = 0.5, .allow_multi = true},
                                           {.prob = 0.5, .pre_ratio = 0.5}};
    for (int k = 0; k < 4; k++) {
        ck_assert_int_eq(eg_csr_size(connect(eg, 0, 100, kinds[k])), 0);
        ck_assert_int_eq(eg_csr_size(connect(eg, 100, 0, kinds[k])), 0);
        ck_assert_int_eq(eg_csr_size(connect(eg, 0, 0, kinds[k])), 0);
    }
    eg_close(eg);
}
END_TEST

/* -- errors -------------------------------------------------------------------------------------------------------- */

/* A machine of 1 GB: sanitizers stop a program that asks for more than there can be. */
static void *small_alloc(void *user, size_t size, size_t align)
{
    (void)user;
    return size >> 30 ? NULL : aligned_alloc(align, (size + align - 1) / align * align);
}

static void small_free(void *user, void *block)
{
    (void)user;
    free(block);
}

static void check_refused(int64_t num_pre, int64_t num_post, const eg_fixed_prob_options *o, eg_status status,
                          const char *want)
{
    const eg_allocator small = {small_alloc, small_free, NULL};
    eg_context *eg = eg_open(&(eg_options){.threads = 2, .allocator = &small});
    ck_assert_ptr_null(eg_fixed_prob(eg, num_pre, num_post, o));
    ck_assert_int_eq(eg_error(eg), status);
    ck_assert_msg(strstr(eg_message(eg), want) != NULL, "\"%s\" does not say \"%s\"", eg_message(eg), want);
    eg_close(eg);
}

START_TEST(wrong_options_are_named)
{
    const eg_status wrong = EG_ERR_ARGUMENT;
    check_refused(10, 10, NULL, wrong, "options are NULL");
    check_refused(10, 10, &(eg_fixed_prob_options){.prob = 1.5}, wrong,
                  "prob goes from 0 to 1; given 10 to 10, prob 1.5");
    check_refused(10, 10, &(eg_fixed_prob_options){.prob = -0.1}, wrong, "prob goes from 0 to 1");
    check_refused(10, 10, &(eg_fixed_prob_options){.prob = NAN}, wrong, "prob goes from 0 to 1");
    check_refused(10, 10, &(eg_fixed_prob_options){.prob = 1, .pre_ratio = 2}, wrong, "pre_ratio goes from 0 to 1");
    check_refused(10, 10, &(eg_fixed_prob_options){.prob = 1, .pre_ratio = NAN}, wrong, "pre_ratio goes from 0 to 1");
    check_refused(-1, 10, &(eg_fixed_prob_options){.prob = 1}, wrong, "given -1 to 10");
    check_refused(10, -1, &(eg_fixed_prob_options){.prob = 1}, wrong, "sizes go from 0 to 2147483647");
    check_refused(10, INT64_MAX, &(eg_fixed_prob_options){.prob = 1}, wrong, "sizes go from 0 to 2147483647");
    check_refused(10, 11, &(eg_fixed_prob_options){.prob = 1, .exclude_self = true}, wrong, "exclude_self needs");
    check_refused(10, 10, &(eg_fixed_prob_options){.prob = 1, .bernoulli = true, .allow_multi = true}, wrong,
                  "allow_multi and bernoulli exclude each other");
    check_refused(1000000, INT32_MAX, &(eg_fixed_prob_options){.prob = 1}, EG_ERR_MEMORY,
                  "2147483647000000 elements of 4 bytes");
    ck_assert_ptr_null(eg_fixed_prob(NULL, 10, 10, &(eg_fixed_prob_options){.prob = 1}));
}
END_TEST

START_TEST(rows_given_by_the_user_are_checked)
{
    eg_context *eg = open_threads(2);
    const int64_t indptr[] = {0, 2, 3};
    const int32_t indices[] = {2, 0, 1};
    eg_csr *c = eg_csr_new(eg, 2, 3, indptr, indices);
    ck_assert_int_eq(eg_csr_size(c), 3);
    ck_assert_int_eq(eg_csr_indices(c)[0], 0);
    ck_assert_int_eq(eg_csr_indices(c)[1], 2);
    ck_assert_ptr_null(eg_csr_new(eg, 2, 2, indptr, indices));
    ck_assert_ptr_nonnull(
        strstr(eg_message(eg), "eg_csr_new: indices[0] is 2, position 0 of row 0; targets are 0 to 1"));
    ck_assert_ptr_nonnull(strstr(eg_message(eg), "test_connect.c:"));
    eg_clear_error(eg);
    ck_assert_ptr_null(eg_csr_new(eg, 2, 2, NULL, indices));
    ck_assert_ptr_nonnull(strstr(eg_message(eg), "indptr is NULL"));
    eg_clear_error(eg);
    ck_assert_ptr_null(eg_csr_new(eg, 2, 2, indptr, NULL));
    ck_assert_ptr_nonnull(strstr(eg_message(eg), "indices is NULL"));
    ck_assert_ptr_null(eg_csr_new(NULL, 2, 2, indptr, indices));
    ck_assert_ptr_null(eg_csr_indptr(NULL));
    ck_assert_ptr_null(eg_csr_indices(NULL));
    ck_assert_int_eq(eg_csr_size(NULL) + eg_csr_num_pre(NULL) + eg_csr_num_post(NULL), 0);
    eg_close(eg);
}
END_TEST

START_TEST(adopted_arrays_are_used_as_they_are)
{
    eg_context *eg = open_threads(2);
    for (int sorted = 1; sorted >= 0; sorted--) {
        int64_t *indptr = eg_alloc(eg, 2, sizeof *indptr);
        int32_t *indices = eg_alloc(eg, 2, sizeof *indices);
        indptr[0] = 0;
        indptr[1] = 2;
        indices[0] = 1 - sorted;
        indices[1] = sorted;
        eg_csr *c = eg_csr_adopt(eg, 1, 2, indptr, indices);
        ck_assert_int_eq(c != NULL, sorted);
        if (sorted)
            ck_assert_ptr_eq(eg_csr_indices(c), indices);
        else
            ck_assert_ptr_nonnull(strstr(eg_message(eg), "eg_csr_adopt: row 0 is not ascending"));
    }
    eg_close(eg);
}
END_TEST

typedef struct purse {
    atomic_int left, held; /* allocations until the first that fails; blocks given out */
} purse;

static void *purse_alloc(void *user, size_t size, size_t align)
{
    purse *p = user;
    if (atomic_fetch_sub(&p->left, 1) <= 0) return NULL;
    atomic_fetch_add(&p->held, 1);
    return aligned_alloc(align, (size + align - 1) / align * align);
}

static void purse_free(void *user, void *block)
{
    atomic_fetch_sub(&((purse *)user)->held, 1);
    free(block);
}

START_TEST(without_memory_there_is_an_error_and_nothing_leaks)
{
    const eg_fixed_prob_options kinds[] = {{.prob = 0.1},
                                           {.prob = 0.1, .bernoulli = true, .pre_ratio = 0.5},
                                           {.prob = 0.1, .allow_multi = true, .exclude_self = true}};
    for (int kind = 0; kind < 3; kind++)
        for (int left = 0;; left++) {
            purse p;
            atomic_init(&p.left, left);
            atomic_init(&p.held, 0);
            const eg_allocator a = {purse_alloc, purse_free, &p};
            eg_context *eg = eg_open(&(eg_options){.threads = 2, .allocator = &a});
            eg_csr *c = eg_fixed_prob(eg, 100, 100, &kinds[kind]);
            if (!c) ck_assert_int_eq(eg_error(eg), eg ? EG_ERR_MEMORY : EG_ERR_ARGUMENT);
            eg_close(eg);
            ck_assert_int_eq(atomic_load(&p.held), 0);
            if (c) break;
            ck_assert_int_lt(left, 100);
        }
}
END_TEST

/* -- what it stands on --------------------------------------------------------------------------------------------- */

START_TEST(draws_are_philox)
{
    /* Random123's known answers for counters and keys of zeros, and of ones. */
    static const uint32_t zeros[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    draw d = draw_of(0, 0, DRAW_TARGETS);
    draw_more(&d);
    for (int k = 0; k < 4; k++) ck_assert_uint_eq(d.word[k * DRAW_BLOCKS], zeros[k]);
    static const uint32_t ones[] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    d = draw_of(UINT64_MAX, -1, DRAW_TARGETS);
    d.block = UINT32_MAX;
    d.purpose = UINT32_MAX;
    draw_more(&d);
    for (int k = 0; k < 4; k++) ck_assert_uint_eq(d.word[k * DRAW_BLOCKS], ones[k]);
}
END_TEST

static void add_range(void *user, int64_t lo, int64_t hi)
{
    atomic_int *seen = user;
    for (int64_t k = lo; k < hi; k++) atomic_fetch_add(&seen[k], 1);
}

static void count_pieces(void *user, int64_t lo, int64_t hi)
{
    ck_assert_int_lt(lo, hi);
    atomic_fetch_add((atomic_int *)user, 1);
}

START_TEST(a_parallel_loop_does_each_element_once)
{
    static atomic_int seen[10000];
    const int64_t sizes[] = {0, 1, 2, 7, 100, 10000};
    for (int threads = 1; threads <= 4; threads++) {
        eg_context *eg = open_threads(threads);
        for (int s = 0; s < 6; s++)
            for (int64_t grain = 0; grain <= 1000; grain = grain * 10 + 1) {
                memset(seen, 0, sizeof seen);
                ck_assert_int_eq(eg_parallel_for(eg, sizes[s], grain, add_range, seen), EG_OK);
                int64_t wrong = 0;
                for (int64_t k = 0; k < 10000; k++) wrong += atomic_load(&seen[k]) != (k < sizes[s]);
                ck_assert_int_eq(wrong, 0);
            }
        atomic_int pieces;
        atomic_init(&pieces, 0);
        eg_parallel_for(eg, 1000, 300, count_pieces, &pieces);
        ck_assert_int_eq(atomic_load(&pieces), 4);
        ck_assert_int_eq(eg_parallel_for(eg, -1, 1, add_range, seen), EG_ERR_ARGUMENT);
        eg_clear_error(eg);
        ck_assert_int_eq(eg_parallel_for(eg, 1, 1, NULL, NULL), EG_ERR_ARGUMENT);
        eg_close(eg);
    }
    ck_assert_int_eq(eg_parallel_for(NULL, 1, 1, add_range, seen), EG_ERR_ARGUMENT);
}
END_TEST

START_TEST(errors_of_code_on_top_look_like_ours)
{
    eg_context *eg = open_threads(1);
    eg_fail(eg, EG_OK, NULL, 0, "nothing");
    ck_assert_int_eq(eg_error(eg), EG_OK);
    eg_fail(eg, EG_ERR_SHAPE, "net.c", 12, "ring: %d is odd", 3);
    ck_assert_int_eq(eg_error(eg), EG_ERR_SHAPE);
    ck_assert_str_eq(eg_message(eg), "ring: 3 is odd (net.c:12)");
    eg_fail(eg, EG_ERR_TYPE, NULL, 0, "later");
    ck_assert_int_eq(eg_error(eg), EG_ERR_SHAPE);
    ck_assert_ptr_null(eg_alloc(eg, 1, 1));
    eg_release(eg, NULL);
    eg_fail(NULL, EG_ERR_TYPE, NULL, 0, "nobody");
    eg_close(eg);
}
END_TEST

int main(void)
{
    setenv("CK_FORK", "no", 1); /* in a fork of Check's every team is one */
    Suite *suite = suite_create("connect");
    TCase *tcase = tcase_create("connect");
    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, each_source_has_exactly_its_share_of_different_targets);
    tcase_add_test(tcase, targets_are_equally_likely);
    tcase_add_test(tcase, pairs_of_targets_are_equally_likely);
    tcase_add_test(tcase, connections_depend_on_the_seed_and_not_on_threads);
    tcase_add_test(tcase, without_a_seed_each_connection_of_a_context_differs_the_same_way);
    tcase_add_test(tcase, excluding_oneself_leaves_out_the_self_links_alone);
    tcase_add_test(tcase, with_replacement_a_pair_may_be_connected_again);
    tcase_add_test(tcase, bernoulli_out_degrees_are_binomial);
    tcase_add_test(tcase, small_groups_are_connected_in_proportion);
    tcase_add_test(tcase, a_share_of_the_sources_connects_and_keeps_its_rows);
    tcase_add_test(tcase, empty_populations_are_fine);
    tcase_add_test(tcase, wrong_options_are_named);
    tcase_add_test(tcase, rows_given_by_the_user_are_checked);
    tcase_add_test(tcase, adopted_arrays_are_used_as_they_are);
    tcase_add_test(tcase, without_memory_there_is_an_error_and_nothing_leaks);
    tcase_add_test(tcase, draws_are_philox);
    tcase_add_test(tcase, a_parallel_loop_does_each_element_once);
    tcase_add_test(tcase, errors_of_code_on_top_look_like_ours);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
