/* Draws run by the interpreter and by compiled code, which must give the same bits; and what fits of distributions
 * are measured with. */
#ifndef ENGRAM_TESTS_RANDOM_DRAWS_H
#define ENGRAM_TESTS_RANDOM_DRAWS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "engram/math.h"
#include "engram/random.h"
#include "support/support.h"

enum { MOST_PARAMETERS = 4 };

/* A draw of spec with parameters p. */
typedef eg_val (*draw_fn)(eg_context *eg, eg_spec spec, const eg_val *p);

/* -- the distributions, as draws --------------------------------------------------------------------------------- */

static inline eg_val uniform(eg_context *c, eg_spec s, const eg_val *p) { return eg_uniform(c, s, p[0], p[1]); }
static inline eg_val normal(eg_context *c, eg_spec s, const eg_val *p) { return eg_normal(c, s, p[0], p[1]); }
static inline eg_val truncated(eg_context *c, eg_spec s, const eg_val *p)
{
    return eg_truncated_normal(c, s, p[0], p[1], p[2], p[3]);
}
static inline eg_val exponential(eg_context *c, eg_spec s, const eg_val *p) { return eg_exponential(c, s, p[0]); }
static inline eg_val gamma_(eg_context *c, eg_spec s, const eg_val *p) { return eg_gamma(c, s, p[0], p[1]); }
static inline eg_val poisson(eg_context *c, eg_spec s, const eg_val *p) { return eg_poisson(c, s, p[0]); }
static inline eg_val binomial(eg_context *c, eg_spec s, const eg_val *p) { return eg_binomial(c, s, p[0], p[1]); }
static inline eg_val bernoulli(eg_context *c, eg_spec s, const eg_val *p) { return eg_bernoulli(c, s, p[0]); }
static inline eg_val integers(eg_context *c, eg_spec s, const eg_val *p)
{
    return eg_integers(c, s, eg_convert(p[0], EG_I64), eg_convert(p[1], EG_I64));
}

/* -- both ways --------------------------------------------------------------------------------------------------- */

typedef struct draws {
    eg_context *eg;
    draw_fn fn;
    eg_spec spec;
    int num; /* of parameters */
    eg_val plain[MOST_PARAMETERS];
    eg_func *func;
    int64_t n;
    void *want, *got; /* of the interpreter and of compiled code */
    double *x;        /* the draws as numbers */
} draws;

static inline eg_val draws_trace(void *user, eg_val x)
{
    draws *d = user;
    eg_val p[MOST_PARAMETERS];
    for (int k = 0; k < d->num; k++) p[k] = !x.of ? d->plain[k] : d->num == 1 ? x : eg_item(x, k);
    return d->fn(d->eg, d->spec, p);
}

/* Traces the draw with parameters of type and shape `param`, or, if that is NULL, with the plain numbers behind it. */
static inline void draws_open(draws *d, uint64_t seed, draw_fn fn, eg_spec spec, int num, const eg_spec *param,
                              const eg_val *plain)
{
    *d = (draws){.eg = eg_open(&(eg_options){.seed = seed}), .fn = fn, .spec = spec, .num = num};
    ck_assert_ptr_nonnull(d->eg);
    eg_spec args[MOST_PARAMETERS];
    for (int k = 0; k < num; k++) {
        if (param)
            args[k] = *param;
        else
            d->plain[k] = plain[k];
    }
    d->func = (eg_trace)(d->eg, "draws", draws_trace, d, param ? num : 0, args, __FILE__, __LINE__);
    ck_assert_msg(d->func != NULL, "%s", eg_message(d->eg));
    d->spec = eg_result_spec(d->func, 0);
    d->n = egi_spec_count(d->spec);
    size_t bytes = (size_t)d->n * eg_dtype_size(d->spec.dtype) + 1;
    d->want = calloc(bytes, 1);
    d->got = calloc(bytes, 1);
    d->x = calloc((size_t)d->n + 1, sizeof *d->x);
    ck_assert(d->want && d->got && d->x);
}

static inline void draws_close(draws *d)
{
    eg_close(d->eg);
    free(d->want);
    free(d->got);
    free(d->x);
}

static inline double draws_number(const draws *d, const void *at, int64_t k)
{
    switch (d->spec.dtype) {
    case EG_BOOL: return ((const uint8_t *)at)[k];
    case EG_I32: return ((const int32_t *)at)[k];
    case EG_U32: return ((const uint32_t *)at)[k];
    case EG_I64: return (double)((const int64_t *)at)[k];
    case EG_F32: return (double)((const float *)at)[k];
    case EG_F64:
    case EG_C64:
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return ((const double *)at)[k];
}

/* Runs anew from the start, interpreted and then compiled on so many threads; `params` are the elements of each traced
 * parameter. */
static inline void draws_run_on(draws *d, int threads, const void *const *params)
{
    size_t size = eg_dtype_size(d->spec.dtype);
    void *out[] = {d->want, d->got};
    for (int compiled = 0; compiled < 2; compiled++) {
        eg_run_options o = {.threads = threads, .interpret = !compiled};
        eg_reset(d->eg, NULL);
        ck_assert_msg(eg_call(d->func, NULL, params, &out[compiled], &o) == EG_OK, "%s", eg_message(d->eg));
    }
    for (int64_t k = 0; k < d->n; k++) {
        double want = d->x[k] = draws_number(d, d->want, k), got = draws_number(d, d->got, k);
        bool same = !memcmp((char *)d->want + (size_t)k * size, (char *)d->got + (size_t)k * size, size);
        ck_assert_msg(same || (isnan(want) && isnan(got)), "element %lld on %d threads: %.9g, not %.9g", (long long)k,
                      threads, got, want);
    }
}

static inline void draws_run(draws *d, const void *const *params) { draws_run_on(d, 1, params); }

/* The same with traced f64 scalars. */
static inline void draws_run_scalars(draws *d, const double *p)
{
    const void *in[MOST_PARAMETERS];
    for (int k = 0; k < d->num; k++) in[k] = &p[k];
    draws_run(d, in);
}

/* -- fits ---------------------------------------------------------------------------------------------------------- */

/* Mean and variance lie within 5 standard errors of the true ones. */
static inline void fits_moments(const char *what, const double *x, int64_t n, double mean, double var, double kurtosis)
{
    double m = 0, v = 0;
    for (int64_t k = 0; k < n; k++) m += x[k];
    m /= (double)n;
    for (int64_t k = 0; k < n; k++) v += (x[k] - mean) * (x[k] - mean);
    v /= (double)n;
    double em = (m - mean) / sqrt(var / (double)n), ev = (v / var - 1) / sqrt((kurtosis + 2) / (double)n);
    ck_assert_msg(fabs(em) < 5, "%s: mean %.9g, not %.9g: %.1f standard errors", what, m, mean, em);
    ck_assert_msg(fabs(ev) < 5, "%s: variance %.9g, not %.9g: %.1f standard errors", what, v, var, ev);
}

static inline int draws_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov: sqrt(n) times the greatest distance of the distribution functions exceeds 2.5 once in 130,000
 * times. */
static inline void fits_ks(const char *what, double *x, int64_t n, double (*cdf)(double x, const double *p),
                           const double *p)
{
    double most = 0;
    qsort(x, (size_t)n, sizeof *x, draws_compare);
    for (int64_t k = 0; k < n; k++) {
        double f = cdf(x[k], p), above = (double)(k + 1) / (double)n - f, below = f - (double)k / (double)n;
        most = fmax(most, fmax(above, below));
    }
    ck_assert_msg(most * sqrt((double)n) < 2.5, "%s: Kolmogorov-Smirnov %.2f", what, most * sqrt((double)n));
}

/* Pearson's chi-square over the counts first .. first + bins - 1, thin ones joined with their neighbour, as a normal
 * number by Wilson and Hilferty. */
static inline void fits_chi_square(const char *what, const double *x, int64_t n, int64_t first, int64_t bins,
                                   double (*log_pmf)(double k, const double *p), const double *p)
{
    double *seen = calloc((size_t)bins, sizeof *seen), chi = 0, want = 0, got = 0, left = (double)n, degrees = -1;
    ck_assert_ptr_nonnull(seen);
    for (int64_t k = 0; k < n; k++) {
        ck_assert_msg(x[k] == floor(x[k]) && x[k] >= (double)first && x[k] < (double)(first + bins), "%s: %g", what,
                      x[k]);
        seen[(int64_t)x[k] - first]++;
    }
    for (int64_t k = 0; k < bins; k++) {
        want += (double)n * exp(log_pmf((double)(first + k), p));
        got += seen[k];
        bool last = k == bins - 1;
        if (!last && (want < 20 || left - want < 20)) continue;
        if (want > 0) {
            chi += (got - want) * (got - want) / want;
            degrees++;
        }
        left -= want;
        want = got = 0;
    }
    free(seen);
    ck_assert_msg(fabs(left) < 1e-6 * (double)n, "%s: the bins hold all but %g", what, left);
    if (degrees < 1) return;
    double z = (cbrt(chi / degrees) - (1 - 2 / (9 * degrees))) / sqrt(2 / (9 * degrees));
    ck_assert_msg(z < 4.5, "%s: chi-square %.1f of %.0f degrees", what, chi, degrees);
}

#endif
