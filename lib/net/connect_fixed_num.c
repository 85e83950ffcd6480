/* FixedPreNum and FixedPostNum: exact in- or out-degrees. */
#include <math.h>
#include <stdlib.h>

#include "engram/connect.h"
#include "engram/parallel.h"
#include "subset.h"

/* Every one of `rows` draws `each` of `from`. */
typedef struct job {
    int64_t rows, from, each;
    bool exclude_self, multi;
    uint64_t seed;
    int64_t *indptr;
    int32_t *indices;
    uint64_t *scratch;
    int64_t parts, words;
} job;

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void draw_row(const job *j, const marks *m, int64_t row)
{
    draw d = draw_of(j->seed, row, DRAW_TARGETS);
    int64_t n = j->from - j->exclude_self;
    int32_t *to = j->indices + j->indptr[row];
    if (j->multi) {
        for (int64_t k = 0; k < j->each; k++) to[k] = (int32_t)draw_below(&d, (uint32_t)n);
        qsort(to, (size_t)j->each, sizeof *to, ascending);
    } else {
        subset_draw(&d, m, n, j->each, to);
    }
    /* Drawn from all but itself. */
    for (int64_t k = 0; j->exclude_self && k < j->each; k++) to[k] += to[k] >= row;
}

static void draw_rows(void *user, int64_t lo, int64_t hi)
{
    job *j = user;
    for (int64_t part = lo; part < hi; part++) {
        marks m = marks_in(j->scratch + part * j->words, j->from);
        for (int64_t row = j->rows * part / j->parts; row < j->rows * (part + 1) / j->parts; row++)
            draw_row(j, &m, row);
    }
}

/* Rows of what is drawn: as connections from the drawing side. */
static eg_csr *build(eg_context *eg, job *j, const char *file, int line)
{
    j->words = marks_words(j->from);
    j->parts = j->rows * j->each / 65536 + 1 < 64 ? j->rows * j->each / 65536 + 1 : 64;
    j->indptr = eg_alloc(eg, j->rows + 1, sizeof *j->indptr);
    j->indices = eg_alloc(eg, j->rows * j->each, sizeof *j->indices);
    j->scratch = eg_alloc(eg, j->words * j->parts + 1, sizeof *j->scratch);
    if (j->indptr && j->indices && j->scratch) {
        for (int64_t k = 0; k <= j->rows; k++) j->indptr[k] = k * j->each;
        if (j->each) eg_parallel_for(eg, j->parts, 1, draw_rows, j);
    }
    eg_release(eg, j->scratch);
    return (eg_csr_adopt)(eg, j->rows, j->from, j->indptr, j->indices, file, line);
}

static const char *wrong(const job *j, const eg_fixed_num_options *o)
{
    if (j->rows < 0 || j->rows > INT32_MAX || j->from < 0 || j->from > INT32_MAX)
        return "sizes go from 0 to 2147483647";
    if (o->num < 0) return "num is negative";
    if (!(o->fraction >= 0 && o->fraction <= 1)) return "fraction goes from 0 to 1";
    if (o->num && o->fraction > 0) return "num and fraction are both given; give one";
    if (!o->num && o->fraction == 0) return "neither num nor fraction is given";
    if (o->exclude_self && j->rows != j->from) return "exclude_self needs populations of one size";
    if (!o->allow_multi && o->num > j->from - o->exclude_self) return "there are not so many to connect with";
    if (o->allow_multi && o->num && j->from - o->exclude_self < 1) return "there is nothing to connect with";
    return NULL;
}

static eg_csr *draw_all(eg_context *eg, const char *what, int64_t rows, int64_t from, const eg_fixed_num_options *o,
                        const char *file, int line)
{
    if (!eg || eg_error(eg)) return NULL;
    eg_fixed_num_options none = {0};
    job j = {.rows = rows, .from = from};
    const char *why = o ? wrong(&j, o) : "options are NULL";
    if (!o) o = &none;
    if (why) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: %s; each of %lld is to have %lld (fraction %g) of %lld", what,
                why, (long long)rows, (long long)o->num, o->fraction, (long long)from);
        return NULL;
    }
    j.exclude_self = o->exclude_self;
    j.multi = o->allow_multi;
    j.each = o->num ? o->num : (int64_t)floor((double)from * o->fraction * (1 + 1e-15));
    if (!j.multi && j.each > from - o->exclude_self) j.each = from > 0 ? from - o->exclude_self : 0;
    j.seed = o->seed ? o->seed : eg_connection_seed(eg);
    return build(eg, &j, file, line);
}

eg_csr *(eg_fixed_post_num)(eg_context *eg, int64_t num_pre, int64_t num_post, const eg_fixed_num_options *options,
                            const char *file, int line)
{
    return draw_all(eg, "eg_fixed_post_num", num_pre, num_post, options, file, line);
}

eg_csr *(eg_fixed_pre_num)(eg_context *eg, int64_t num_pre, int64_t num_post, const eg_fixed_num_options *options,
                           const char *file, int line)
{
    return (eg_transposed)(eg, draw_all(eg, "eg_fixed_pre_num", num_post, num_pre, options, file, line), file, line);
}
