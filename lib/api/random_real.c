/* Normal, truncated normal, exponential and gamma numbers. */
#include "api/random.h"

/* A parameter >= 0, NaN where it is not. */
static egi_param scale_param(egi_draw *d, eg_val v, const char *name)
{
    egi_param p = egi_draw_param(d, v, name, 0, INFINITY);
    if (d->c.g && !p.plain) p.id = m_valid(&d->m, m_ge(&d->m, p.id, m_c(&d->m, 0)), p.id);
    return p;
}

/* mean + std z; without the mean if it is the number 0. */
static egi_id scaled(const egi_maths *m, egi_param mean, egi_id std, egi_id z)
{
    return mean.plain && mean.x == 0 ? m_mul(m, std, z) : m_fma(m, std, z, mean.id);
}

eg_val(eg_normal)(eg_context *eg, eg_spec spec, eg_val mean, eg_val std, const char *file, int line)
{
    eg_val v[] = {mean, std};
    egi_draw d = egi_draw_begin("eg_normal", eg, spec, EGI_DRAW_FLOAT, false, 2, v, file, line);
    egi_param a = egi_draw_param(&d, mean, "mean", -INFINITY, INFINITY), b = scale_param(&d, std, "std");
    if (!d.c.g) return eg_nothing();
    return egi_draw_end(&d, scaled(&d.m, a, b.id, egi_draw_standard_normal(&d)));
}

eg_val(eg_exponential)(eg_context *eg, eg_spec spec, eg_val scale, const char *file, int line)
{
    egi_draw d = egi_draw_begin("eg_exponential", eg, spec, EGI_DRAW_FLOAT, false, 1, &scale, file, line);
    egi_param a = scale_param(&d, scale, "scale");
    if (!d.c.g) return eg_nothing();
    return egi_draw_end(&d, m_mul(&d.m, a.id, egi_draw_standard_exponential(&d)));
}

/* -- truncated normal ---------------------------------------------------------------------------------------------- */

/* The standard normal quantile of p for p < e^-25: M. J. Wichura, "Algorithm AS 241: the percentage points of the
 * normal distribution" (Applied Statistics 37, 1988), PPND16's tail. */
static egi_id far_quantile(const egi_maths *m, egi_id p)
{
    static const double num[] = {6.65790464350110377720,    5.46378491116411436990,    1.78482653991729133580,
                                 2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                 2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double den[] = {1,
                                 5.99832206555887937690e-1,
                                 1.36929880922735805310e-1,
                                 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4,
                                 1.84631831751005468180e-5,
                                 1.42151175831644588870e-7,
                                 2.04426310338993978564e-15};
    egi_id r = m_sub(m, m_sqrt(m, m_neg(m, m_op(m, EGI_LOG, p))), m_c(m, 5));
    return m_neg(m, m_div(m, m_horner(m, r, EGI_LEN(num), num), m_horner(m, r, EGI_LEN(den), den)));
}

/* Standard normal quantile, 1e-300 < p < 1. */
static egi_id quantile(const egi_maths *m, egi_id p)
{
    egi_id lower = m_lt(m, p, m_c(m, 0.5)), tail = m_select(m, lower, p, m_sub(m, m_c(m, 1), p));
    egi_id h = m_add(m, tail, tail), z = egi_normal_tail(m, h, m_sub(m, m_c(m, 1), h));
    z = m_select(m, lower, m_neg(m, z), z);
    return m_select(m, m_lt(m, p, m_c(m, 0x1p-37)), far_quantile(m, p), z);
}

/* P(Z <= z), exact in the lower tail. */
static egi_id distribution(const egi_maths *m, egi_id z)
{
    return m_mul(m, m_op(m, EGI_ERFC, m_mul(m, z, m_c(m, -0.70710678118654752440))), m_c(m, 0.5));
}

/* Z under a <= Z <= b, where a < 0 and |b| <= |a|, by inversion of u. */
static egi_id truncated(const egi_maths *m, egi_id a, egi_id b, egi_id u)
{
    egi_id pa = distribution(m, a), p = m_fma(m, u, m_sub(m, distribution(m, b), pa), pa);
    /* So far out that probabilities vanish, z^2 / 2 is nearly exponential. */
    egi_id all = m_op(m, EGI_EXPM1, m_mul(m, m_mul(m, m_sub(m, b, a), m_c(m, 0.5)), m_add(m, a, b)));
    egi_id e = m_op(m, EGI_LOG1P, m_mul(m, u, all));
    egi_id far = m_neg(m, m_sqrt(m, m_fma(m, m_c(m, -2), e, m_mul(m, b, b))));
    return m_select(m, m_lt(m, b, m_c(m, -36)), far, quantile(m, p));
}

eg_val(eg_truncated_normal)(eg_context *eg, eg_spec spec, eg_val mean, eg_val std, eg_val low, eg_val high,
                            const char *file, int line)
{
    eg_val v[] = {mean, std, low, high};
    egi_draw d = egi_draw_begin("eg_truncated_normal", eg, spec, EGI_DRAW_FLOAT, true, 4, v, file, line);
    const egi_maths *m = &d.m;
    egi_param mu = egi_draw_param(&d, mean, "mean", -INFINITY, INFINITY), sd = scale_param(&d, std, "std");
    egi_param lo = egi_draw_param(&d, low, "low", -INFINITY, INFINITY);
    egi_param hi = egi_draw_param(&d, high, "high", lo.plain ? lo.x : -INFINITY, INFINITY);
    if (!d.c.g) return eg_nothing();
    if (mu.plain && !isfinite(mu.x)) egi_wrong(&d.c, EG_ERR_ARGUMENT, "mean is %g; give a finite number", mu.x);
    if (!d.c.g) return eg_nothing();

    egi_id zero = m_c(m, 0), none = m_eq(m, sd.id, zero), point = m_eq(m, lo.id, hi.id);
    egi_id by = m_select(m, none, m_c(m, 1), sd.id);
    egi_id a = m_div(m, m_sub(m, lo.id, mu.id), by), b = m_div(m, m_sub(m, hi.id, mu.id), by);
    egi_id turn = m_gt(m, m_add(m, a, b), zero); /* work where probabilities are small */
    egi_id near_a = m_select(m, turn, m_neg(m, b), a), near_b = m_select(m, turn, m_neg(m, a), b);
    egi_id bits = m_and(m, m_shr(m, egi_draw_bits(&d, EG_I64), 12), m_ci(m, (1ll << 52) - 1));
    egi_id u = m_fma(m, m_convert(m, bits), m_c(m, 0x1p-52), m_c(m, 0x1p-53));
    egi_id z = truncated(m, near_a, near_b, u);
    egi_id x = m_fma(m, sd.id, m_select(m, turn, m_neg(m, z), z), mu.id);
    /* Bounds so close that the density hardly changes between them. */
    egi_id width = m_mul(m, m_sub(m, b, a), m_max(m, m_abs(m, near_a), m_c(m, 1)));
    x = m_select(m, m_lt(m, width, m_c(m, 1e-7)), m_fma(m, u, m_sub(m, hi.id, lo.id), lo.id), x);
    x = m_select(m, none, mu.id, m_select(m, point, lo.id, x));

    /* Into the bounds as they are in the result's type. */
    egi_maths r = *m;
    r.f = spec.dtype;
    x = egi_convert(m->g, r.f, x);
    lo.id = egi_convert(m->g, r.f, lo.id);
    hi.id = egi_convert(m->g, r.f, hi.id);
    x = m_select(&r, m_lt(&r, x, lo.id), lo.id, m_select(&r, m_gt(&r, x, hi.id), hi.id, x));
    egi_id good = m_and(m, m_ge(m, sd.id, zero), m_lt(m, m_abs(m, mu.id), m_c(m, INFINITY)));
    good = m_and(m, good, m_le(&r, lo.id, hi.id));
    return egi_draw_end(&d, m_valid(&r, good, x));
}

/* -- gamma --------------------------------------------------------------------------------------------------------- */

typedef struct gamma_shape {
    egi_id d, c;
} gamma_shape;

/* d (1 + c x)^3 for a normal x, accepted with log u < x^2/2 + d - d v + d log v, v = (1 + c x)^3; with t = c x the last
 * three are written so that large d do not cancel. */
static egi_id gamma_propose(egi_draw *d, const void *user, egi_id *accepted)
{
    const gamma_shape *s = user;
    const egi_maths *m = &d->m;
    egi_id x = egi_draw_standard_normal(d), log_u = m_op(m, EGI_LOG, egi_draw_half(d).h);
    egi_id t = m_mul(m, s->c, x), one = m_c(m, 1), three = m_c(m, 3);
    egi_id rest = m_mul(m, m_mul(m, t, t), m_add(m, t, three));
    egi_id log_v = m_mul(m, three, m_sub(m, m_op(m, EGI_LOG1P, t), t));
    egi_id bound = m_fma(m, s->d, m_sub(m, log_v, rest), m_mul(m, m_mul(m, x, x), m_c(m, 0.5)));
    *accepted = m_and(m, m_gt(m, t, m_c(m, -1)), m_lt(m, log_u, bound));
    egi_id v = m_add(m, one, t);
    return m_mul(m, s->d, m_mul(m, v, m_mul(m, v, v)));
}

eg_val(eg_gamma)(eg_context *eg, eg_spec spec, eg_val shape, eg_val scale, const char *file, int line)
{
    eg_val v[] = {shape, scale};
    egi_draw d = egi_draw_begin("eg_gamma", eg, spec, EGI_DRAW_FLOAT, false, 2, v, file, line);
    const egi_maths *m = &d.m;
    egi_param a = egi_draw_param(&d, shape, "shape", 0, INFINITY), b = scale_param(&d, scale, "scale");
    if (!d.c.g) return eg_nothing();
    egi_id zero = m_c(m, 0), one = m_c(m, 1), inf = m_c(m, INFINITY);
    egi_id some = m_and(m, m_gt(m, a.id, zero), m_lt(m, a.id, inf)), few = m_lt(m, a.id, one);
    egi_id safe = m_select(m, some, a.id, one), up = m_select(m, few, m_add(m, safe, one), safe);
    gamma_shape s = {.d = m_sub(m, up, m_c(m, 1.0 / 3))};
    s.c = m_div(m, one, m_sqrt(m, m_mul(m, m_c(m, 9), s.d)));
    egi_id x = egi_draw_until(&d, s.d, some, gamma_propose, &s);
    if (!a.plain || a.x < 1) {
        /* Of shape a < 1: one of shape a + 1 times u^(1/a). */
        egi_id e = m_div(m, egi_draw_standard_exponential(&d), safe);
        x = m_select(m, few, m_mul(m, x, m_op(m, EGI_EXP, m_neg(m, e))), x);
    }
    if (!a.plain || a.x == 0 || isinf(a.x))
        x = m_select(m, some, x, m_valid(m, m_ge(m, a.id, zero), a.id)); /* 0 and infinity give themselves */
    return egi_draw_end(&d, m_mul(m, b.id, x));
}
