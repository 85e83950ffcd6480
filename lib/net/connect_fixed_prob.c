/* FixedProb: a fixed share of the targets for every source, or each pair on its own.
 *
 * First every row's number of targets, by itself a random number or fixed, then the rows: so all of them have their
 * place before any is drawn, nothing is copied, and threads do not matter. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "binomial.h"
#include "engram/connect.h"
#include "engram/parallel.h"
#include "subset.h"

typedef struct job {
    eg_fixed_prob_options o;
    int64_t num_pre, num_post;
    int64_t candidates; /* targets to draw from: all, or all but the source itself */
    int64_t degree;     /* fixed out-degree; self links included */
    bool by_table;      /* degrees, or (replacement) the number of self links, come from the table */
    binomial table;
    uint64_t *chosen; /* bit i: source i connects; NULL: all do */
    int64_t *indptr;
    int32_t *indices;
    uint64_t *scratch; /* marks of each part */
    int64_t parts;
} job;

/* floor(n * share); a product that misses a whole number by rounding alone counts as that number. */
static int64_t part_of(int64_t n, double share)
{
    double x = (double)n * share;
    int64_t k = (int64_t)floor(x + x * 4 * DBL_EPSILON);
    return k < n ? k : n;
}

/* -- degrees ------------------------------------------------------------------------------------------------------- */

static int64_t degree_of(const job *j, int64_t row)
{
    if (j->chosen && !(j->chosen[row >> 6] >> (row & 63) & 1)) return 0;
    if (!j->by_table && !j->o.exclude_self) return j->degree;
    draw d = draw_of(j->o.seed, row, DRAW_DEGREE);
    if (j->o.bernoulli) return binomial_draw(&j->table, &d);
    if (j->o.allow_multi) return j->degree - binomial_draw(&j->table, &d);
    /* The source is in a random set of that size with probability degree / num_post. */
    return j->degree - (draw_below(&d, (uint32_t)j->num_post) < j->degree);
}

static void count_rows(void *user, int64_t lo, int64_t hi)
{
    job *j = user;
    for (int64_t row = lo; row < hi; row++) j->indptr[row + 1] = degree_of(j, row);
}

/* -- rows ---------------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* k numbers below n with replacement, ascending.  Second hits of a number wait at the end of the row. */
static void draw_multi(draw *d, const marks *m, int64_t n, int64_t k, int32_t *out)
{
    int64_t again = 0;
    for (int64_t i = 0; i < k; i++) {
        uint32_t x = draw_below(d, (uint32_t)n);
        if (!marks_set(m, x)) out[k - ++again] = (int32_t)x;
    }
    int64_t sorted = marks_take(m, out);
    if (again > 8) {
        qsort(out, (size_t)k, sizeof *out, compare);
        return;
    }
    for (; sorted < k; sorted++) {
        int32_t x = out[sorted];
        int64_t at = sorted;
        for (; at > 0 && out[at - 1] > x; at--) out[at] = out[at - 1];
        out[at] = x;
    }
}

static void draw_rows(void *user, int64_t lo, int64_t hi)
{
    job *j = user;
    marks m = marks_in(j->scratch + marks_words(j->candidates) * lo, j->candidates);
    for (int64_t row = j->num_pre * lo / j->parts; row < j->num_pre * hi / j->parts; row++) {
        int32_t *out = j->indices + j->indptr[row];
        int64_t k = j->indptr[row + 1] - j->indptr[row];
        draw d = draw_of(j->o.seed, row, DRAW_TARGETS);
        if (j->o.allow_multi)
            draw_multi(&d, &m, j->candidates, k, out);
        else
            subset_draw(&d, &m, j->candidates, k, out);
        if (j->o.exclude_self)
            for (int64_t i = 0; i < k; i++) out[i] += out[i] >= row;
    }
}

/* -- putting together ---------------------------------------------------------------------------------------------- */

/* The bits of the sources that connect. */
static void choose_sources(eg_context *eg, job *j)
{
    if (j->o.pre_ratio == 1 || j->num_pre == 0) return;
    int64_t n = j->num_pre, k = part_of(n, j->o.pre_ratio), words = (n + 63) / 64;
    if (k == 0) k = 1;
    uint64_t *memory = eg_alloc(eg, marks_words(n), sizeof *memory);
    int32_t *list = eg_alloc(eg, k, sizeof *list);
    j->chosen = eg_alloc(eg, words, sizeof *j->chosen);
    if (memory && list && j->chosen) {
        marks m = marks_in(memory, n);
        draw d = draw_of(j->o.seed, 0, DRAW_SOURCES);
        subset_draw(&d, &m, n, k, list);
        memset(j->chosen, 0, (size_t)words * sizeof *j->chosen);
        for (int64_t i = 0; i < k; i++) j->chosen[list[i] >> 6] |= UINT64_C(1) << (list[i] & 63);
    }
    eg_release(eg, memory);
    eg_release(eg, list);
}

/* indptr and indices, as far as memory goes; the context knows of errors. */
static void build(eg_context *eg, job *j)
{
    choose_sources(eg, j);
    if (j->o.bernoulli)
        j->table = binomial_new(eg, j->candidates, j->o.prob);
    else if (j->by_table)
        j->table = binomial_new(eg, j->degree, 1.0 / (double)j->num_post);
    j->indptr = eg_alloc(eg, j->num_pre + 1, sizeof *j->indptr);
    if (eg_error(eg)) return;

    eg_parallel_for(eg, j->num_pre, 1 << 16, count_rows, j);
    j->indptr[0] = 0;
    for (int64_t row = 0; row < j->num_pre; row++) j->indptr[row + 1] += j->indptr[row];
    j->indices = eg_alloc(eg, j->indptr[j->num_pre], sizeof *j->indices);

    /* Many parts even out busy cores; few keep large marks small in sum, and small work on one thread. */
    int64_t words = marks_words(j->candidates), most = ((int64_t)1 << 23) / (words + 1);
    int64_t enough = j->indptr[j->num_pre] / 4096;
    j->parts = most < 64 ? most : 64;
    if (j->parts > enough) j->parts = enough;
    if (j->parts > j->num_pre) j->parts = j->num_pre;
    if (j->parts < 1) j->parts = 1;
    j->scratch = eg_alloc(eg, words * j->parts, sizeof *j->scratch);
    eg_parallel_for(eg, j->parts, 1, draw_rows, j);
}

/* NULL, or what is wrong with the options. */
static const char *wrong(int64_t num_pre, int64_t num_post, const eg_fixed_prob_options *o)
{
    if (num_pre < 0 || num_pre > INT32_MAX || num_post < 0 || num_post > INT32_MAX)
        return "sizes go from 0 to 2147483647";
    if (!(o->prob >= 0 && o->prob <= 1)) return "prob goes from 0 to 1";
    if (!(o->pre_ratio >= 0 && o->pre_ratio <= 1)) return "pre_ratio goes from 0 to 1";
    if (o->exclude_self && num_pre != num_post) return "exclude_self needs populations of one size";
    if (o->allow_multi && o->bernoulli) return "allow_multi and bernoulli exclude each other";
    return NULL;
}

eg_csr *(eg_fixed_prob)(eg_context *eg, int64_t num_pre, int64_t num_post, const eg_fixed_prob_options *options,
                        const char *file, int line)
{
    if (eg_error(eg)) return NULL;
    if (!options) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_fixed_prob: options are NULL; at least prob is needed");
        return NULL;
    }
    const char *why = wrong(num_pre, num_post, options);
    if (why) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_fixed_prob: %s; given %lld to %lld, prob %g, pre_ratio %g", why,
                (long long)num_pre, (long long)num_post, options->prob, options->pre_ratio);
        return NULL;
    }

    job j = {.o = *options, .num_pre = num_pre, .num_post = num_post, .candidates = num_post};
    if (!j.o.seed) j.o.seed = eg_connection_seed(eg);
    if (j.o.pre_ratio == 0) j.o.pre_ratio = 1;
    j.degree = part_of(num_post, j.o.prob);
    if (j.degree == 0 && j.o.prob > 0) {
        j.o.bernoulli = true;
        j.o.allow_multi = false;
    }
    if (j.o.exclude_self && num_post > 0) j.candidates--;
    if (j.candidates == 0) j.o.bernoulli = j.o.allow_multi = false;
    j.by_table = j.o.bernoulli || (j.o.allow_multi && j.o.exclude_self);

    build(eg, &j);
    eg_release(eg, j.table.cdf);
    eg_release(eg, j.chosen);
    eg_release(eg, j.scratch);
    if (!eg_error(eg)) return (eg_csr_adopt)(eg, num_pre, num_post, j.indptr, j.indices, file, line);
    eg_release(eg, j.indptr);
    eg_release(eg, j.indices);
    return NULL;
}
