/* Connections in rows against dense matrices; delivery plans against the rows they are made of. */
#include "runtime/csr.h"

#include <stdlib.h>

#include "runtime/team.h"
#include "support/support.h"

static const eg_allocator *const plain = &egi_malloc_allocator;

static uint64_t state = 88172645463325252;
static int64_t below(int64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state >> 11) % n;
}

/* -- making rows --------------------------------------------------------------------------------------------------- */

typedef struct given {
    int64_t num_pre, num_post, size;
    int64_t *indptr;
    int32_t *indices;
} given;

/* A list of pairs in random order, gathered by source: rows in no order, pairs may repeat. */
static given random_given(int64_t num_pre, int64_t num_post, int64_t size)
{
    given g = {.num_pre = num_pre, .num_post = num_post, .size = size};
    g.indptr = calloc((size_t)num_pre + 2, sizeof *g.indptr);
    g.indices = malloc(((size_t)size + 1) * sizeof *g.indices);
    int64_t *pre = malloc(((size_t)size + 1) * sizeof *pre);
    for (int64_t k = 0; k < size; k++) g.indptr[(pre[k] = below(num_pre)) + 2]++;
    for (int64_t i = 0; i < num_pre; i++) g.indptr[i + 2] += g.indptr[i + 1];
    for (int64_t k = 0; k < size; k++) g.indices[g.indptr[pre[k] + 1]++] = (int32_t)below(num_post);
    free(pre);
    return g;
}

static void free_given(given *g)
{
    free(g->indptr);
    free(g->indices);
}

static eg_csr csr_of(const given *g, int threads)
{
    eg_csr c;
    char message[EGI_CSR_MESSAGE] = "";
    eg_status status = egi_csr_copy(&c, plain, threads, g->num_pre, g->num_post, g->indptr, g->indices, message);
    ck_assert_msg(status == EG_OK, "%s", message);
    return c;
}

static void check_csr(const given *g, const eg_csr *c)
{
    ck_assert_int_eq(c->num_pre, g->num_pre);
    ck_assert_int_eq(c->num_post, g->num_post);
    ck_assert_int_eq(c->size, g->size);
    ck_assert_mem_eq(c->indptr, g->indptr, (size_t)(g->num_pre + 1) * sizeof *g->indptr);
    int64_t wrong = 0; /* one assertion for all: each costs a microsecond */
    int *dense = calloc((size_t)(g->num_pre * g->num_post) + 1, sizeof *dense);
    for (int64_t i = 0; i < g->num_pre; i++)
        for (int64_t k = g->indptr[i]; k < g->indptr[i + 1]; k++) {
            dense[i * g->num_post + g->indices[k]]++;
            dense[i * g->num_post + c->indices[k]]--;
            int64_t from = c->order ? c->order[k] : k;
            wrong += from < g->indptr[i] || from >= g->indptr[i + 1] || g->indices[from] != c->indices[k];
            if (k == g->indptr[i]) continue;
            wrong += c->indices[k - 1] > c->indices[k];
            /* Stable, and so a permutation. */
            wrong += c->order && c->indices[k - 1] == c->indices[k] && c->order[k - 1] >= from;
        }
    for (int64_t k = 0; k < g->num_pre * g->num_post; k++) wrong += dense[k] != 0;
    ck_assert_int_eq(wrong, 0);
    free(dense);
}

START_TEST(a_thousand_random_lists_give_the_rows_of_their_matrix)
{
    for (int k = 0; k < 1000; k++) {
        given g = random_given(1 + below(40), 1 + below(k % 2 ? 60 : 700), below(k % 10 ? 300 : 5000));
        eg_csr c = csr_of(&g, 1 + k % 4);
        check_csr(&g, &c);
        egi_csr_clear(&c, plain);
        free_given(&g);
    }
}
END_TEST

/* Small work is left to one thread; these are large enough for four. */
enum { LARGE = 5 * EGI_CSR_GRAIN };

START_TEST(threads_share_large_lists)
{
    for (int threads = 1; threads <= 4; threads++) {
        given g = random_given(301, 700, LARGE);
        eg_csr c = csr_of(&g, threads);
        check_csr(&g, &c);
        eg_csr again;
        char message[EGI_CSR_MESSAGE];
        ck_assert_int_eq(egi_csr_copy(&again, plain, threads, 301, 700, c.indptr, c.indices, message), EG_OK);
        ck_assert_ptr_null(again.order);
        ck_assert_mem_eq(again.indices, c.indices, LARGE * sizeof *c.indices);
        egi_csr_clear(&c, plain);
        egi_csr_clear(&again, plain);
        free_given(&g);
    }
}
END_TEST

START_TEST(of_several_wrong_targets_the_first_is_named)
{
    given g = random_given(301, 700, LARGE);
    g.indices[LARGE - 1] = -5;
    g.indices[LARGE / 2] = 700;
    g.indices[1000] = 12345;
    for (int threads = 1; threads <= 4; threads++) {
        eg_csr c;
        char message[EGI_CSR_MESSAGE] = "";
        ck_assert_int_eq(egi_csr_copy(&c, plain, threads, 301, 700, g.indptr, g.indices, message), EG_ERR_ARGUMENT);
        ck_assert_msg(strncmp(message, "indices[1000] is 12345,", 23) == 0, "%s", message);
    }
    free_given(&g);
}
END_TEST

START_TEST(long_rows_with_large_targets_are_sorted)
{
    given g = random_given(3, INT32_MAX, 50000);
    eg_csr c = csr_of(&g, 2);
    int64_t wrong = 0;
    for (int64_t i = 0; i < 3; i++)
        for (int64_t k = g.indptr[i]; k < g.indptr[i + 1]; k++) {
            wrong += g.indices[c.order[k]] != c.indices[k];
            wrong += k > g.indptr[i] && c.indices[k - 1] > c.indices[k];
        }
    ck_assert_int_eq(wrong, 0);
    egi_csr_clear(&c, plain);
    free_given(&g);
}
END_TEST

START_TEST(sorted_rows_need_no_order)
{
    const int64_t indptr[] = {0, 3, 3, 5};
    const int32_t indices[] = {0, 2, 2, 1, 4};
    given g = {.num_pre = 3, .num_post = 5, .size = 5, .indptr = (int64_t *)indptr, .indices = (int32_t *)indices};
    eg_csr c = csr_of(&g, 2);
    ck_assert_ptr_null(c.order);
    check_csr(&g, &c);
    egi_csr_clear(&c, plain);
}
END_TEST

START_TEST(nothing_at_all_is_fine)
{
    const int64_t zero[] = {0, 0, 0};
    for (int64_t pre = 0; pre < 3; pre++)
        for (int64_t post = 0; post < 2; post++) {
            given g = {.num_pre = pre, .num_post = post, .indptr = (int64_t *)zero};
            eg_csr c = csr_of(&g, 3);
            ck_assert_int_eq(c.size, 0);
            ck_assert_ptr_nonnull(c.indices);
            egi_csr_clear(&c, plain);
        }
}
END_TEST

static void check_refused(int64_t num_pre, int64_t num_post, const int64_t *indptr, const int32_t *indices,
                          const char *want)
{
    for (int threads = 1; threads <= 4; threads++) {
        eg_csr c;
        char message[EGI_CSR_MESSAGE] = "";
        ck_assert_int_eq(egi_csr_copy(&c, plain, threads, num_pre, num_post, indptr, indices, message),
                         EG_ERR_ARGUMENT);
        ck_assert_str_eq(message, want);
        ck_assert_ptr_null(c.indptr);
    }
}

START_TEST(broken_rows_are_refused_by_name)
{
    const int32_t x[] = {0, 1, 2, 7, 3, -1};
    check_refused(2, 8, (int64_t[]){1, 2, 6}, x, "indptr[0] is 1; it must be 0");
    check_refused(2, 8, (int64_t[]){0, 3, 2}, x, "indptr[2] is 2 after 3; row 1 would have a negative length");
    check_refused(3, 8, (int64_t[]){0, 2, 4, 6}, x, "indices[5] is -1, position 1 of row 2; targets are 0 to 7");
    check_refused(3, 7, (int64_t[]){0, 2, 4, 6}, x, "indices[3] is 7, position 1 of row 1; targets are 0 to 6");
    check_refused(-1, 7, (int64_t[]){0}, x, "-1 sources, 7 targets; use 0 or more sources, 0 to 2147483647 targets");
    check_refused(1, INT64_C(1) << 31, (int64_t[]){0, 0}, x,
                  "1 sources, 2147483648 targets; use 0 or more sources, 0 to 2147483647 targets");
    check_refused(1, 7, (int64_t[]){0, INT64_MAX}, x,
                  "indptr[1] is 9223372036854775807; no memory holds that many connections");
}
END_TEST

START_TEST(arrays_taken_over_must_be_sorted)
{
    int64_t indptr[] = {0, 2, 4};
    int32_t indices[] = {0, 1, 3, 2};
    eg_csr c;
    char message[EGI_CSR_MESSAGE] = "";
    ck_assert_int_eq(egi_csr_take(&c, plain, 2, 2, 4, indptr, indices, message), EG_ERR_ARGUMENT);
    ck_assert_str_eq(message, "row 1 is not ascending; sort it, or let eg_csr_new do it");
    indices[2] = 2;
    ck_assert_int_eq(egi_csr_take(&c, plain, 2, 2, 4, indptr, indices, message), EG_OK);
    ck_assert_ptr_eq(c.indptr, indptr);
    ck_assert_ptr_eq(c.indices, indices);
    ck_assert_int_eq(c.size, 4);
}
END_TEST

/* -- delivery ------------------------------------------------------------------------------------------------------ */

/* The plan, slowly: for every row and thread, the targets of each part that are the thread's. */
static void check_plan(const egi_delivery *d, int nt, int num_parts, const egi_delivery_part *parts)
{
    int64_t at = 0, wrong = 0, num_pre = parts[0].csr->num_pre;
    ck_assert_int_eq(d->nt, nt);
    ck_assert_int_eq(d->num_pre, num_pre);
    for (int64_t row = 0; row < num_pre; row++)
        for (int t = 0; t < nt; t++) {
            wrong += d->ptr[row * nt + t] != at;
            int64_t base = 0;
            for (int p = 0; p < num_parts; p++) {
                const eg_csr *c = parts[p].csr;
                int64_t lo, hi;
                egi_slice(c->num_post, 64, t, nt, &lo, &hi);
                for (int64_t k = c->indptr[row]; k < c->indptr[row + 1]; k++) {
                    if (c->indices[k] < lo || c->indices[k] >= hi) continue;
                    if (at >= d->size) ck_abort_msg("more connections than the plan holds");
                    wrong += d->target[at] != c->indices[k] + parts[p].offset;
                    wrong += d->source && d->source[at] != base + k;
                    at++;
                }
                base += c->size;
            }
        }
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(d->ptr[num_pre * nt], at);
    ck_assert_int_eq(d->size, at);
}

START_TEST(plans_hold_every_connection_at_its_thread)
{
    for (int round = 0; round < 60; round++) {
        int64_t num_pre = round % 7 ? below(50) + 1 : 1, offset = round % 2 ? 0 : -1000;
        int num_parts = 1 + round % 3;
        given g[3];
        eg_csr c[3];
        egi_delivery_part parts[3];
        for (int p = 0; p < num_parts; p++) {
            g[p] = random_given(num_pre, 1 + below(round % 5 ? 500 : 40), below(num_pre * (round % 4 ? 30 : 800)));
            c[p] = csr_of(&g[p], 2);
            parts[p] = (egi_delivery_part){&c[p], offset};
            offset += g[p].num_post + below(100);
        }
        for (int nt = 1; nt <= 5; nt++)
            for (int with_source = 0; with_source < 2; with_source++) {
                egi_delivery *d;
                ck_assert_int_eq(egi_delivery_new(&d, plain, nt, num_parts, parts, with_source), EG_OK);
                ck_assert_int_eq(d->source != NULL, with_source);
                check_plan(d, nt, num_parts, parts);
                egi_delivery_free(d, plain);
            }
        for (int p = 0; p < num_parts; p++) {
            egi_csr_clear(&c[p], plain);
            free_given(&g[p]);
        }
    }
}
END_TEST

START_TEST(threads_share_large_plans)
{
    given g = random_given(301, 700, LARGE), h = random_given(301, 200, LARGE / 4);
    eg_csr c = csr_of(&g, 2), e = csr_of(&h, 2);
    const egi_delivery_part parts[] = {{&c, 0}, {&e, 704}};
    for (int nt = 1; nt <= 5; nt++) {
        egi_delivery *d;
        ck_assert_int_eq(egi_delivery_new(&d, plain, nt, 2, parts, true), EG_OK);
        check_plan(d, nt, 2, parts);
        egi_delivery_free(d, plain);
    }
    egi_csr_clear(&c, plain);
    egi_csr_clear(&e, plain);
    free_given(&g);
    free_given(&h);
}
END_TEST

START_TEST(one_projection_for_one_thread_is_not_copied)
{
    given g = random_given(20, 100, 400);
    eg_csr c = csr_of(&g, 1);
    egi_delivery *d;
    ck_assert_int_eq(egi_delivery_new(&d, plain, 1, 1, &(egi_delivery_part){&c, 0}, false), EG_OK);
    ck_assert_ptr_eq(d->ptr, c.indptr);
    ck_assert_ptr_eq(d->target, c.indices);
    egi_delivery_free(d, plain);
    egi_csr_clear(&c, plain);
    free_given(&g);
}
END_TEST

START_TEST(plans_without_targets_are_fine)
{
    const int64_t zero[] = {0, 0, 0};
    for (int64_t pre = 0; pre < 3; pre++) {
        given g = {.num_pre = pre, .num_post = 0, .indptr = (int64_t *)zero};
        eg_csr c = csr_of(&g, 1);
        const egi_delivery_part parts[] = {{&c, 0}, {&c, 5}};
        egi_delivery *d;
        ck_assert_int_eq(egi_delivery_new(&d, plain, 2, 2, parts, true), EG_OK);
        check_plan(d, 2, 2, parts);
        egi_delivery_free(d, plain);
        egi_csr_clear(&c, plain);
    }
}
END_TEST

START_TEST(places_beyond_32_bits_and_unequal_rows_are_refused)
{
    given g = random_given(4, 10, 20), h = random_given(5, 10, 20);
    eg_csr c = csr_of(&g, 1), e = csr_of(&h, 1);
    egi_delivery *d;
    ck_assert_int_eq(egi_delivery_new(&d, plain, 2, 1, &(egi_delivery_part){&c, INT32_MAX - 9}, false), EG_OK);
    egi_delivery_free(d, plain);
    ck_assert_int_eq(egi_delivery_new(&d, plain, 2, 1, &(egi_delivery_part){&c, INT32_MAX - 8}, false),
                     EG_ERR_ARGUMENT);
    ck_assert_ptr_null(d);
    ck_assert_int_eq(egi_delivery_new(&d, plain, 2, 1, &(egi_delivery_part){&c, INT64_MIN}, false), EG_ERR_ARGUMENT);
    const egi_delivery_part parts[] = {{&c, 0}, {&e, 0}};
    ck_assert_int_eq(egi_delivery_new(&d, plain, 2, 2, parts, false), EG_ERR_ARGUMENT);
    egi_csr_clear(&c, plain);
    egi_csr_clear(&e, plain);
    free_given(&g);
    free_given(&h);
}
END_TEST

/* -- running out of memory ----------------------------------------------------------------------------------------- */

typedef struct purse {
    int left, held; /* allocations until the first that fails; blocks given out */
} purse;

static void *purse_alloc(void *user, size_t size, size_t align)
{
    purse *p = user;
    if (p->left-- <= 0) return NULL;
    p->held++;
    return aligned_alloc(align, (size + align - 1) / align * align);
}

static void purse_free(void *user, void *block)
{
    ((purse *)user)->held--;
    free(block);
}

START_TEST(without_memory_nothing_is_kept)
{
    given g = random_given(30, 100, 2000);
    eg_csr made = csr_of(&g, 1);
    int failures = 0;
    for (int left = 0;; left++) {
        purse p = {.left = left};
        const eg_allocator a = {purse_alloc, purse_free, &p};
        eg_csr c;
        char message[EGI_CSR_MESSAGE];
        eg_status status = egi_csr_copy(&c, &a, 2, 30, 100, g.indptr, g.indices, message);
        egi_csr_clear(&c, &a);
        ck_assert_int_eq(p.held, 0);
        if (status == EG_OK) break;
        ck_assert_int_eq(status, EG_ERR_MEMORY);
        failures++;
    }
    ck_assert_int_eq(failures, 5);
    for (int left = 0;; left++) {
        purse p = {.left = left};
        const eg_allocator a = {purse_alloc, purse_free, &p};
        egi_delivery *d;
        eg_status status = egi_delivery_new(&d, &a, 2, 1, &(egi_delivery_part){&made, 3}, true);
        ck_assert_int_eq(status, d ? EG_OK : EG_ERR_MEMORY);
        egi_delivery_free(d, &a);
        ck_assert_int_eq(p.held, 0);
        if (status == EG_OK) break;
        failures++;
    }
    ck_assert_int_eq(failures, 5 + 5);
    egi_csr_clear(&made, plain);
    free_given(&g);
}
END_TEST

int main(void)
{
    setenv("CK_FORK", "no", 1); /* in a fork of Check's every team is one */
    Suite *suite = suite_create("csr");
    TCase *tcase = tcase_create("csr");
    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, a_thousand_random_lists_give_the_rows_of_their_matrix);
    tcase_add_test(tcase, threads_share_large_lists);
    tcase_add_test(tcase, of_several_wrong_targets_the_first_is_named);
    tcase_add_test(tcase, long_rows_with_large_targets_are_sorted);
    tcase_add_test(tcase, sorted_rows_need_no_order);
    tcase_add_test(tcase, nothing_at_all_is_fine);
    tcase_add_test(tcase, broken_rows_are_refused_by_name);
    tcase_add_test(tcase, arrays_taken_over_must_be_sorted);
    tcase_add_test(tcase, plans_hold_every_connection_at_its_thread);
    tcase_add_test(tcase, threads_share_large_plans);
    tcase_add_test(tcase, one_projection_for_one_thread_is_not_copied);
    tcase_add_test(tcase, plans_without_targets_are_fine);
    tcase_add_test(tcase, places_beyond_32_bits_and_unequal_rows_are_refused);
    tcase_add_test(tcase, without_memory_nothing_is_kept);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
