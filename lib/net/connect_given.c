/* Connections that are not drawn: given as pairs, as a matrix or by a rule; and the ways back. */
#include <string.h>

#include "engram/connect.h"
#include "engram/parallel.h"

static bool sizes_fit(eg_context *eg, const char *what, int64_t num_pre, int64_t num_post, const char *file, int line)
{
    if (!eg || eg_error(eg)) return false;
    if (num_pre >= 0 && num_pre <= INT32_MAX && num_post >= 0 && num_post <= INT32_MAX) return true;
    eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: sizes go from 0 to 2147483647; given %lld to %lld", what,
            (long long)num_pre, (long long)num_post);
    return false;
}

/* -- by a rule ------------------------------------------------------------------------------------------------------
 */

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

/* -- given ----------------------------------------------------------------------------------------------------------
 */

eg_csr *(eg_from_matrix)(eg_context *eg, int64_t num_pre, int64_t num_post, const bool *matrix, const char *file,
                         int line)
{
    if (!sizes_fit(eg, "eg_from_matrix", num_pre, num_post, file, line)) return NULL;
    int64_t pairs = num_pre * num_post, n = 0;
    if (!matrix && pairs) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_from_matrix: the matrix is NULL");
        return NULL;
    }
    for (int64_t k = 0; k < pairs; k++) n += matrix[k];
    int64_t *indptr = eg_alloc(eg, num_pre + 1, sizeof *indptr);
    int32_t *indices = indptr ? eg_alloc(eg, n, sizeof *indices) : NULL;
    n = 0;
    for (int64_t i = 0; indices && i < num_pre; i++) {
        indptr[i] = n;
        for (int64_t k = 0; k < num_post; k++) {
            if (matrix[i * num_post + k]) indices[n++] = (int32_t)k;
        }
    }
    if (indices) indptr[num_pre] = n;
    return (eg_csr_adopt)(eg, num_pre, num_post, indptr, indices, file, line);
}

/* Stable counting sort: to[] becomes from[] (numbers of pairs; NULL: 0, 1, ...) in ascending order of key[]; `start`
 * (size + 1 numbers) says where each key begins. */
static void sort_by(int64_t num, const int32_t *key, int64_t size, const int64_t *from, int64_t *to, int64_t *start)
{
    memset(start, 0, (size_t)(size + 1) * sizeof *start);
    for (int64_t k = 0; k < num; k++) start[key[k] + 1]++;
    for (int64_t k = 0; k < size; k++) start[k + 1] += start[k];
    for (int64_t k = 0; k < num; k++) {
        int64_t pair = from ? from[k] : k;
        to[start[key[pair]]++] = pair;
    }
    memmove(start + 1, start, (size_t)size * sizeof *start);
    start[0] = 0;
}

/* By target, then by source: rows ascending, equal pairs in the order they were given. */
static eg_csr *by_rows(eg_context *eg, int64_t num_pre, int64_t num_post, int64_t num, const int32_t *pre,
                       const int32_t *post, const char *file, int line)
{
    int64_t *by_post = eg_alloc(eg, num, sizeof *by_post), *order = eg_alloc(eg, num, sizeof *order);
    int64_t *start = eg_alloc(eg, num_post + 1, sizeof *start), *indptr = eg_alloc(eg, num_pre + 1, sizeof *indptr);
    int32_t *indices = eg_alloc(eg, num, sizeof *indices);
    if (by_post && order && start && indptr && indices) {
        sort_by(num, post, num_post, NULL, by_post, start);
        sort_by(num, pre, num_pre, by_post, order, indptr);
        for (int64_t k = 0; k < num; k++) indices[k] = post[order[k]];
    }
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

/* -- and back -------------------------------------------------------------------------------------------------------
 */

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
    if (!c) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_transposed: the connections are NULL");
        return NULL;
    }
    int64_t num_pre = eg_csr_num_pre(c), num_post = eg_csr_num_post(c), n = eg_csr_size(c);
    const int32_t *from = eg_csr_indices(c);
    int64_t *indptr = eg_alloc(eg, num_post + 2, sizeof *indptr);
    int32_t *indices = eg_alloc(eg, n, sizeof *indices);
    if (indptr && indices) {
        /* indptr[k + 1] is where the next source of target k goes; sources come in ascending order. */
        memset(indptr, 0, (size_t)(num_post + 2) * sizeof *indptr);
        for (int64_t e = 0; e < n; e++) indptr[from[e] + 2]++;
        for (int64_t k = 0; k < num_post; k++) indptr[k + 2] += indptr[k + 1];
        for (int64_t i = 0; i < num_pre; i++) {
            for (int64_t e = eg_csr_indptr(c)[i]; e < eg_csr_indptr(c)[i + 1]; e++)
                indices[indptr[from[e] + 1]++] = (int32_t)i;
        }
    }
    return (eg_csr_adopt)(eg, num_post, num_pre, indptr, indices, file, line);
}
