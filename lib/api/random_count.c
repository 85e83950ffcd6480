/* Poisson and binomial numbers: by inversion where the mean is below 10, else by transformed rejection.  In f64. */
#include "api/random.h"

static const double large_mean = 10; /* from here on by rejection */

/* The wanted one of two ways to draw; with a plain parameter only that one is built. */
static egi_id either(const egi_maths *m, egi_id condition, egi_id yes, egi_id no)
{
    return yes && no ? m_select(m, condition, yes, no) : yes ? yes : no;
}

/* The count in the result's type; -1 or NaN where a parameter was wrong. */
static eg_val finish(egi_draw *d, egi_id good, egi_id k)
{
    return egi_draw_end(d, m_select(&d->m, good, k, m_c(&d->m, egi_is_float(d->spec.dtype) ? NAN : -1)));
}

/* What Hörmann's hats have in common: k = floor((2 a / us + b) u + c) for u in (-1/2, 1/2), us = 1/2 - |u|, accepted
 * with log(v scale / (a / us^2 + b)) <= log P(k) - log P(mode), v uniform.  His squeezes only save a scalar program the
 * logarithms. */
typedef struct hat {
    egi_id a, b, c, scale;
} hat;

static egi_id hat_propose(egi_draw *d, const hat *h, egi_id *log_v)
{
    const egi_maths *m = &d->m;
    egi_id half = m_c(m, 0.5), u = m_sub(m, egi_draw_open(d), half), us = m_sub(m, half, m_abs(m, u));
    egi_id slope = m_fma(m, m_c(m, 2), m_div(m, h->a, us), h->b);
    egi_id v = m_div(m, m_mul(m, egi_draw_open(d), h->scale), m_add(m, m_div(m, h->a, m_mul(m, us, us)), h->b));
    *log_v = m_op(m, EGI_LOG, v);
    return m_op(m, EGI_FLOOR, m_fma(m, slope, u, h->c));
}

/* -- poisson ------------------------------------------------------------------------------------------------------- */

static egi_id poisson_ratio(egi_draw *d, const void *user, egi_id k)
{
    return m_mul(&d->m, *(const egi_id *)user, m_div(&d->m, m_c(&d->m, 1), k));
}

static egi_id poisson_small(egi_draw *d, egi_id mean)
{
    return egi_draw_search(d, egi_draw_open(d), m_op(&d->m, EGI_EXP, m_neg(&d->m, mean)), poisson_ratio, &mean);
}

typedef struct poisson_hat {
    hat h;
    egi_id mean, offset; /* (log(mean) + log(2 pi)) / 2 */
} poisson_hat;

/* log P(k) = k log(mean) - mean - log(k!), written so that large terms cancel in arguments, not in sums. */
static egi_id poisson_propose(egi_draw *d, const void *user, egi_id *accepted)
{
    const poisson_hat *p = user;
    const egi_maths *m = &d->m;
    egi_id log_v, k = hat_propose(d, &p->h, &log_v), k1 = m_add(m, k, m_c(m, 1));
    egi_id log_p = m_sub(m, m_sub(m, k1, p->mean), m_add(m, p->offset, m_stirling(m, k1)));
    log_p = m_fma(m, m_add(m, k, m_c(m, 0.5)), m_op(m, EGI_LOG, m_div(m, p->mean, k1)), log_p);
    *accepted = m_and(m, m_ge(m, k, m_c(m, 0)), m_le(m, log_v, log_p));
    return k;
}

static egi_id poisson_large(egi_draw *d, egi_id mean, egi_id pending)
{
    const egi_maths *m = &d->m;
    poisson_hat p = {.mean = mean};
    p.h.b = m_fma(m, m_c(m, 2.53), m_sqrt(m, mean), m_c(m, 0.931));
    p.h.a = m_fma(m, m_c(m, 0.02483), p.h.b, m_c(m, -0.059));
    p.h.c = m_add(m, mean, m_c(m, 0.43));
    p.h.scale = m_add(m, m_div(m, m_c(m, 1.1328), m_sub(m, p.h.b, m_c(m, 3.4))), m_c(m, 1.1239));
    p.offset = m_mul(m, m_add(m, m_op(m, EGI_LOG, mean), m_c(m, 1.8378770664093454836)), m_c(m, 0.5));
    return egi_draw_until(d, m_op(m, EGI_FLOOR, mean), pending, poisson_propose, &p);
}

eg_val(eg_poisson)(eg_context *eg, eg_spec spec, eg_val lambda, const char *file, int line)
{
    egi_draw d = egi_draw_begin("eg_poisson", eg, spec, EGI_DRAW_COUNT, true, 1, &lambda, file, line);
    const egi_maths *m = &d.m;
    egi_param a = egi_draw_param(&d, lambda, "lambda", 0, INFINITY);
    if (!d.c.g) return eg_nothing();
    egi_id good = m_ge(m, a.id, m_c(m, 0)), small = m_lt(m, a.id, m_c(m, large_mean)), few = 0, many = 0;
    egi_id huge = m_gt(m, a.id, m_c(m, 1e18));
    if (!a.plain || a.x < large_mean) few = poisson_small(&d, m_select(m, m_and(m, good, small), a.id, m_c(m, 0)));
    if (!a.plain || a.x >= large_mean) {
        egi_id pending = m_and(m, m_ge(m, a.id, m_c(m, large_mean)), m_not(m, huge));
        many = poisson_large(&d, m_select(m, pending, a.id, m_c(m, large_mean)), pending);
    }
    egi_id k = either(m, small, few, many);
    return finish(&d, good, m_select(m, huge, a.id, k));
}

/* -- binomial ------------------------------------------------------------------------------------------------------ */

typedef struct binomial {
    egi_id n, p, odds; /* p <= 1/2, p / (1 - p) */
} binomial;

static egi_id binomial_ratio(egi_draw *d, const void *user, egi_id k)
{
    const binomial *b = user;
    const egi_maths *m = &d->m;
    egi_id left = m_sub(m, b->n, m_sub(m, k, m_c(m, 1)));
    return m_mul(m, m_mul(m, left, m_div(m, m_c(m, 1), k)), b->odds);
}

static egi_id binomial_small(egi_draw *d, const binomial *b)
{
    const egi_maths *m = &d->m;
    egi_id none = m_op(m, EGI_EXP, m_mul(m, b->n, m_op(m, EGI_LOG1P, m_neg(m, b->p))));
    return egi_draw_search(d, egi_draw_open(d), none, binomial_ratio, b);
}

typedef struct binomial_hat {
    hat h;
    egi_id n, odds, rest, offset; /* rest: n - mode + 1 */
} binomial_hat;

/* log P(k) - log P(mode), with factorials by Stirling's formula. */
static egi_id binomial_propose(egi_draw *d, const void *user, egi_id *accepted)
{
    const binomial_hat *b = user;
    const egi_maths *m = &d->m;
    egi_id one = m_c(m, 1), half = m_c(m, 0.5), log_v, k = hat_propose(d, &b->h, &log_v);
    egi_id k1 = m_add(m, k, one), n1 = m_add(m, b->n, one), rest = m_sub(m, n1, k); /* n - k + 1 */
    egi_id log_p = m_sub(m, b->offset, m_add(m, m_stirling(m, k1), m_stirling(m, rest)));
    egi_id odds = m_div(m, m_mul(m, b->odds, rest), k1);
    log_p = m_fma(m, m_add(m, k, half), m_op(m, EGI_LOG, odds), log_p);
    log_p = m_fma(m, n1, m_op(m, EGI_LOG, m_div(m, b->rest, rest)), log_p);
    egi_id inside = m_and(m, m_ge(m, k, m_c(m, 0)), m_le(m, k, b->n));
    *accepted = m_and(m, inside, m_le(m, log_v, log_p));
    return k;
}

static egi_id binomial_large(egi_draw *d, const binomial *s, egi_id pending)
{
    const egi_maths *m = &d->m;
    egi_id one = m_c(m, 1), half = m_c(m, 0.5), mean = m_mul(m, s->n, s->p), n1 = m_add(m, s->n, one);
    egi_id std = m_sqrt(m, m_mul(m, mean, m_sub(m, one, s->p)));
    binomial_hat b = {.n = s->n, .odds = s->odds};
    b.h.b = m_fma(m, m_c(m, 2.53), std, m_c(m, 1.15));
    b.h.a = m_fma(m, m_c(m, 0.0248), b.h.b, m_fma(m, m_c(m, 0.01), s->p, m_c(m, -0.0873)));
    b.h.c = m_add(m, mean, half);
    b.h.scale = m_mul(m, m_add(m, m_c(m, 2.83), m_div(m, m_c(m, 5.1), b.h.b)), std);
    egi_id mode = m_op(m, EGI_FLOOR, m_mul(m, n1, s->p)), mode1 = m_add(m, mode, one);
    b.rest = m_sub(m, n1, mode);
    b.offset = m_add(m, m_stirling(m, mode1), m_stirling(m, b.rest));
    egi_id odds = m_div(m, mode1, m_mul(m, s->odds, b.rest));
    b.offset = m_fma(m, m_add(m, mode, half), m_op(m, EGI_LOG, odds), b.offset);
    return egi_draw_until(d, mode, pending, binomial_propose, &b);
}

eg_val(eg_binomial)(eg_context *eg, eg_spec spec, eg_val n, eg_val p, const char *file, int line)
{
    eg_val v[] = {n, p};
    egi_draw d = egi_draw_begin("eg_binomial", eg, spec, EGI_DRAW_COUNT, true, 2, v, file, line);
    const egi_maths *m = &d.m;
    egi_param a = egi_draw_param(&d, n, "n", 0, 0x1p53), b = egi_draw_param(&d, p, "p", 0, 1);
    if (!d.c.g) return eg_nothing();
    egi_id zero = m_c(m, 0), one = m_c(m, 1), trials = m_op(m, EGI_FLOOR, a.id);
    egi_id good = m_and(m, m_ge(m, b.id, zero), m_le(m, b.id, one));
    good = m_and(m, good, m_and(m, m_ge(m, trials, zero), m_le(m, trials, m_c(m, 0x1p53))));
    egi_id swap = m_gt(m, b.id, m_c(m, 0.5)), rare = m_select(m, swap, m_sub(m, one, b.id), b.id);
    bool plain = a.plain && b.plain;
    double mean = plain ? floor(a.x) * (b.x > 0.5 ? 1 - b.x : b.x) : 0;
    egi_id small = m_lt(m, m_mul(m, trials, rare), m_c(m, large_mean)), few = 0, many = 0;
    if (!plain || mean < large_mean) {
        egi_id here = m_and(m, good, small);
        binomial s = {.n = m_select(m, here, trials, zero), .p = m_select(m, here, rare, zero)};
        s.odds = m_div(m, s.p, m_sub(m, one, s.p));
        few = binomial_small(&d, &s);
    }
    if (!plain || mean >= large_mean) {
        egi_id pending = m_and(m, good, m_not(m, small));
        binomial s = {.n = m_select(m, pending, trials, m_c(m, 4 * large_mean)),
                      .p = m_select(m, pending, rare, m_c(m, 0.5))};
        s.odds = m_div(m, s.p, m_sub(m, one, s.p));
        many = binomial_large(&d, &s, pending);
    }
    egi_id k = either(m, small, few, many);
    return finish(&d, good, m_select(m, swap, m_sub(m, trials, k), k));
}
