/* Connections that are not drawn: given as pairs, as a matrix or by a rule; and the ways back. */
#include <math.h>
#include <string.h>

#include "rows.h"

static bool sizes_fit(eg_context *eg, const char *what, int64_t num_pre, int64_t num_post, const char *file, int line)
{
    if (!eg || eg_error(eg)) return false;
    if (num_pre >= 0 && num_pre <= INT32_MAX && num_post >= 0 && num_post <= INT32_MAX) return true;
    eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: sizes go from 0 to 2147483647; given %lld to %lld", what,
            (long long)num_pre, (long long)num_post);
    return false;
}

/* -- by a rule ----------------------------------------------------------------------------------------------------- */

typedef struct all_job {
    int64_t num_post;
    bool self;
    int64_t *indptr;
    int32_t *indices;
} all_job;

static void fill_all(void *user, int64_t lo, int64_t hi)
{
    all_job *j = user;
    for (int64_t i = lo; i < hi; i++) {
        int32_t *to = j->indices + j->indptr[i];
        for (int64_t k = 0; k < j->num_post; k++) {
            if (j->self || k != i) *to++ = (int32_t)k;
        }
    }
}

eg_csr *(eg_all_to_all)(eg_context *eg, int64_t num_pre, int64_t num_post, bool include_self, const char *file,
                        int line)
{
    if (!sizes_fit(eg, "eg_all_to_all", num_pre, num_post, file, line)) return NULL;
    if (!include_self && num_pre != num_post) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line,
                "eg_all_to_all: without self-connections the populations must be equal; given %lld to %lld",
                (long long)num_pre, (long long)num_post);
        return NULL;
    }
    int64_t each = include_self || num_post == 0 ? num_post : num_post - 1;
    all_job j = {.num_post = num_post, .self = include_self, .indptr = eg_alloc(eg, num_pre + 1, sizeof *j.indptr)};
    for (int64_t i = 0; j.indptr && i <= num_pre; i++) j.indptr[i] = i * each;
    if (j.indptr) j.indices = eg_alloc(eg, num_pre * each, sizeof *j.indices);
    if (j.indices) eg_parallel_for(eg, num_pre, 1 + 65536 / (each + 1), fill_all, &j);
    return (eg_csr_adopt)(eg, num_pre, num_post, j.indptr, j.indices, file, line);
}

eg_csr *(eg_one_to_one)(eg_context *eg, int64_t n, const char *file, int line)
{
    if (!sizes_fit(eg, "eg_one_to_one", n, n, file, line)) return NULL;
    int64_t *indptr = eg_alloc(eg, n + 1, sizeof *indptr);
    int32_t *indices = eg_alloc(eg, n, sizeof *indices);
    for (int64_t k = 0; indptr && k <= n; k++) indptr[k] = k;
    for (int64_t k = 0; indices && k < n; k++) indices[k] = (int32_t)k;
    return (eg_csr_adopt)(eg, n, n, indptr, indices, file, line);
}

/* -- given --------------------------------------------------------------------------------------------------------- */

/* A matrix of bool or of weights; one of them. */
typedef struct matrix_job {
    int64_t num_post;
    const bool *is;
    const double *weight;
    int64_t *indptr; /* while counting, that of row i is at i + 1 */
    int32_t *indices;
} matrix_job;

static bool holds(const matrix_job *j, int64_t k) { return j->is ? j->is[k] : j->weight[k] != 0; }

static void count_row(void *user, int64_t lo, int64_t hi)
{
    const matrix_job *j = user;
    for (int64_t i = lo; i < hi; i++) {
        int64_t n = 0;
        for (int64_t k = 0; k < j->num_post; k++) n += holds(j, i * j->num_post + k);
        j->indptr[i + 1] = n;
    }
}

static void fill_row(void *user, int64_t lo, int64_t hi)
{
    const matrix_job *j = user;
    for (int64_t i = lo; i < hi; i++) {
        int32_t *to = j->indices + j->indptr[i];
        for (int64_t k = 0; k < j->num_post; k++) {
            if (holds(j, i * j->num_post + k)) *to++ = (int32_t)k;
        }
    }
}

static eg_csr *from_matrix(eg_context *eg, int64_t num_pre, matrix_job *j, const char *file, int line)
{
    int64_t grain = 1 + 65536 / (j->num_post + 1);
    j->indptr = eg_alloc(eg, num_pre + 1, sizeof *j->indptr);
    if (j->indptr) {
        j->indptr[0] = 0;
        eg_parallel_for(eg, num_pre, grain, count_row, j);
        for (int64_t i = 0; i < num_pre; i++) j->indptr[i + 1] += j->indptr[i];
        j->indices = eg_alloc(eg, j->indptr[num_pre], sizeof *j->indices);
    }
    if (j->indices) eg_parallel_for(eg, num_pre, grain, fill_row, j);
    return (eg_csr_adopt)(eg, num_pre, j->num_post, j->indptr, j->indices, file, line);
}

static bool has_matrix(eg_context *eg, const char *what, const void *matrix, int64_t pairs, const char *file, int line)
{
    if (matrix || !pairs) return true;
    eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: the matrix is NULL", what);
    return false;
}

eg_csr *(eg_from_matrix)(eg_context *eg, int64_t num_pre, int64_t num_post, const bool *matrix, const char *file,
                         int line)
{
    if (!sizes_fit(eg, "eg_from_matrix", num_pre, num_post, file, line) ||
        !has_matrix(eg, "eg_from_matrix", matrix, num_pre * num_post, file, line))
        return NULL;
    return from_matrix(eg, num_pre, &(matrix_job){.num_post = num_post, .is = matrix}, file, line);
}

eg_csr *(eg_from_weights)(eg_context *eg, int64_t num_pre, int64_t num_post, const double *matrix, const char *file,
                          int line)
{
    if (!sizes_fit(eg, "eg_from_weights", num_pre, num_post, file, line) ||
        !has_matrix(eg, "eg_from_weights", matrix, num_pre * num_post, file, line))
        return NULL;
    for (int64_t k = 0; k < num_pre * num_post; k++) {
        if (isfinite(matrix[k])) continue;
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_from_weights: the weight from %lld to %lld is %g; use finite ones",
                (long long)(k / num_post), (long long)(k % num_post), matrix[k]);
        return NULL;
    }
    return from_matrix(eg, num_pre, &(matrix_job){.num_post = num_post, .weight = matrix}, file, line);
}

typedef struct take_job {
    const int32_t *post;
    const int64_t *order;
    int32_t *indices;
} take_job;

static void take_targets(void *user, int64_t lo, int64_t hi)
{
    const take_job *j = user;
    for (int64_t k = lo; k < hi; k++) j->indices[k] = j->post[j->order[k]];
}

/* By target, then by source: rows ascending, equal pairs in the order they were given. */
static eg_csr *by_rows(eg_context *eg, int64_t num_pre, int64_t num_post, int64_t num, const int32_t *pre,
                       const int32_t *post, const char *file, int line)
{
    int64_t *by_post = eg_alloc(eg, num, sizeof *by_post), *order = eg_alloc(eg, num, sizeof *order);
    int64_t *start = eg_alloc(eg, num_post + 1, sizeof *start), *indptr = eg_alloc(eg, num_pre + 1, sizeof *indptr);
    int32_t *indices = eg_alloc(eg, num, sizeof *indices);
    if (by_post && order && start && indptr && indices && rows_sort(eg, num, NULL, post, num_post, by_post, start) &&
        rows_sort(eg, num, by_post, pre, num_pre, order, indptr))
        eg_parallel_for(eg, num, 65536, take_targets, &(take_job){post, order, indices});
    eg_release(eg, by_post);
    eg_release(eg, start);
    return (eg_csr_adopt_numbered)(eg, num_pre, num_post, indptr, indices, order, file, line);
}

static bool inside(eg_context *eg, int64_t num, const int32_t *list, int64_t size, const char *which, const char *file,
                   int line)
{
    for (int64_t k = 0; k < num; k++) {
        if (list[k] >= 0 && list[k] < size) continue;
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_from_pairs: %s[%lld] is %d; the population has %lld", which,
                (long long)k, (int)list[k], (long long)size);
        return false;
    }
    return true;
}

eg_csr *(eg_from_pairs)(eg_context *eg, int64_t num_pre, int64_t num_post, int64_t num, const int32_t *pre,
                        const int32_t *post, const char *file, int line)
{
    if (!sizes_fit(eg, "eg_from_pairs", num_pre, num_post, file, line)) return NULL;
    if (num < 0 || (num && (!pre || !post))) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_from_pairs: %s",
                num < 0 ? "their number is negative" : "pre or post is NULL");
        return NULL;
    }
    if (!inside(eg, num, pre, num_pre, "pre", file, line) || !inside(eg, num, post, num_post, "post", file, line))
        return NULL;
    return by_rows(eg, num_pre, num_post, num, pre, post, file, line);
}

/* -- and back ------------------------------------------------------------------------------------------------------ */

void eg_csr_pairs(const eg_csr *c, int32_t *pre, int32_t *post)
{
    const int64_t *row = eg_csr_indptr(c);
    if (!row || !pre || !post) return;
    for (int64_t i = 0; i < eg_csr_num_pre(c); i++) {
        for (int64_t e = row[i]; e < row[i + 1]; e++) {
            pre[e] = (int32_t)i;
            post[e] = eg_csr_indices(c)[e];
        }
    }
}

void eg_csr_matrix(const eg_csr *c, int32_t *matrix)
{
    const int64_t *row = eg_csr_indptr(c);
    int64_t num_post = eg_csr_num_post(c);
    if (!row || !matrix) return;
    memset(matrix, 0, (size_t)(eg_csr_num_pre(c) * num_post) * sizeof *matrix);
    for (int64_t i = 0; i < eg_csr_num_pre(c); i++) {
        for (int64_t e = row[i]; e < row[i + 1]; e++) matrix[i * num_post + eg_csr_indices(c)[e]]++;
    }
}

eg_csr *(eg_transposed)(eg_context *eg, const eg_csr *c, const char *file, int line)
{
    if (!eg || eg_error(eg)) return NULL;
    if (!c || eg_csr_context(c) != eg) {
        eg_fail(eg, c ? EG_ERR_SCOPE : EG_ERR_ARGUMENT, file, line, "eg_transposed: the connections are %s",
                c ? "of another context" : "NULL");
        return NULL;
    }
    int64_t num_pre = eg_csr_num_pre(c), num_post = eg_csr_num_post(c);
    const int64_t *order = eg_csr_order(c);
    rows_turned t;
    if (!rows_turn(eg, num_pre, num_post, eg_csr_indptr(c), eg_csr_indices(c), &t)) return NULL;
    for (int64_t k = 0; order && k < eg_csr_size(c); k++) t.number[k] = order[t.number[k]];
    return (eg_csr_adopt_numbered)(eg, num_post, num_pre, t.indptr, t.indices, t.number, file, line);
}
