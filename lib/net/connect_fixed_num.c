/* FixedPreNum and FixedPostNum: exact in- or out-degrees. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "rows.h"
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

/* Rows of what is drawn, as connections from the drawing side. */
static void draw_all(eg_context *eg, job *j)
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
}

/* How many each draws: a product that misses a whole number by rounding alone counts as that number. */
static int64_t each_of(const job *j, const eg_fixed_num_options *o)
{
    int64_t n = o->num ? o->num : (int64_t)floor((double)j->from * o->fraction * (1 + 4 * DBL_EPSILON));
    int64_t most = j->from > 0 ? j->from - o->exclude_self : 0;
    return !o->allow_multi && n > most ? most : n;
}

static const char *wrong(const job *j, const eg_fixed_num_options *o)
{
    if (j->rows < 0 || j->rows > INT32_MAX || j->from < 0 || j->from > INT32_MAX)
        return "sizes go from 0 to 2147483647";
    if (o->num < 0) return "num is negative";
    if (!(o->fraction >= 0 && o->fraction <= 1)) return "fraction goes from 0 to 1";
    if (o->num && o->fraction > 0) return "num and fraction are both given; give one";
    if (!o->num && o->fraction == 0) return "neither num nor fraction is given";
    if (o->num > INT32_MAX) return "num goes to 2147483647";
    if (o->exclude_self && j->rows != j->from) return "exclude_self needs populations of one size";
    if (!o->allow_multi && o->num > j->from - o->exclude_self) return "there are not so many to connect with";
    if (o->allow_multi && j->rows && j->from - o->exclude_self < 1) return "there is nothing to connect with";
    if (!o->num && j->rows && j->from && each_of(j, o) == 0) return "that is less than one; give a larger fraction";
    return NULL;
}

/* False after an error. */
static bool begin(eg_context *eg, const char *what, const eg_fixed_num_options *o, const char *file, int line, job *j)
{
    if (!eg || eg_error(eg)) return false;
    const char *why = o ? wrong(j, o) : "options are NULL";
    if (why) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: %s; each of %lld is to have %lld (fraction %g) of %lld", what,
                why, (long long)j->rows, o ? (long long)o->num : 0, o ? o->fraction : 0, (long long)j->from);
        return false;
    }
    j->exclude_self = o->exclude_self;
    j->multi = o->allow_multi;
    j->each = each_of(j, o);
    j->seed = o->seed ? o->seed : eg_connection_seed(eg);
    draw_all(eg, j);
    return true;
}

eg_csr *(eg_fixed_post_num)(eg_context *eg, int64_t num_pre, int64_t num_post, const eg_fixed_num_options *options,
                            const char *file, int line)
{
    job j = {.rows = num_pre, .from = num_post};
    if (!begin(eg, "eg_fixed_post_num", options, file, line, &j)) return NULL;
    return (eg_csr_adopt)(eg, num_pre, num_post, j.indptr, j.indices, file, line);
}

eg_csr *(eg_fixed_pre_num)(eg_context *eg, int64_t num_pre, int64_t num_post, const eg_fixed_num_options *options,
                           const char *file, int line)
{
    job j = {.rows = num_post, .from = num_pre};
    rows_turned t = {0};
    if (!begin(eg, "eg_fixed_pre_num", options, file, line, &j)) return NULL;
    bool ok = !eg_error(eg) && rows_turn(eg, num_post, num_pre, j.indptr, j.indices, &t);
    eg_release(eg, j.indptr);
    eg_release(eg, j.indices);
    if (!ok) return NULL;
    eg_release(eg, t.number);
    return (eg_csr_adopt)(eg, num_pre, num_post, t.indptr, t.indices, file, line);
}
