/* Random bits, uniform numbers and integers, coin flips, order. */
#include "api/random.h"

eg_val(eg_random_bits)(eg_context *eg, eg_spec spec, const char *file, int line)
{
    egi_draw d = egi_draw_begin("eg_random_bits", eg, spec, 1 << EG_U32 | 1 << EG_I64, false, 0, NULL, file, line);
    return egi_draw_end(&d, egi_draw_bits(&d, spec.dtype));
}

eg_val(eg_uniform)(eg_context *eg, eg_spec spec, eg_val low, eg_val high, const char *file, int line)
{
    eg_val v[] = {low, high};
    egi_draw d = egi_draw_begin("eg_uniform", eg, spec, EGI_DRAW_FLOAT, false, 2, v, file, line);
    const egi_maths *m = &d.m;
    egi_param a = egi_draw_param(&d, low, "low", -INFINITY, INFINITY);
    egi_param b = egi_draw_param(&d, high, "high", a.plain ? a.x : -INFINITY, INFINITY);
    if (a.plain && b.plain && d.c.g) {
        bool single = m->f == EG_F32;
        if (!(single ? isfinite((float)b.x - (float)a.x) : isfinite(b.x - a.x)))
            egi_wrong(&d.c, EG_ERR_ARGUMENT, "from %g to %g: the range must be finite", a.x, b.x);
    }
    if (!d.c.g) return eg_nothing();
    egi_id u = egi_draw_unit(&d);
    if (a.plain && b.plain && a.x == 0 && b.x == 1) return egi_draw_end(&d, u);
    egi_id range = m_sub(m, b.id, a.id);
    egi_id good = m_and(m, m_ge(m, range, m_c(m, 0)), m_lt(m, range, m_c(m, INFINITY)));
    egi_id x = m_fma(m, m_valid(m, good, range), u, a.id);
    return egi_draw_end(&d, m_select(m, m_ge(m, x, b.id), a.id, x)); /* what rounds up to `high` */
}

/* An integer parameter in i64. */
static egi_id whole_param(egi_draw *d, eg_val v, const char *name)
{
    if (!d->c.g) return 0;
    bool good = egi_is_plain(v) ? egi_plain_is_int(v) : egi_is_int(egi_dtype_of(d->c.g, v.id));
    if (!good)
        return egi_wrong(&d->c, EG_ERR_TYPE, "%s is %s; give an integer, or convert with eg_convert", name,
                         egi_show(&d->c, v).s);
    return egi_draw_param_as(d, v, name, EG_I64);
}

static int64_t largest(eg_dtype t) { return t == EG_I32 ? INT32_MAX : t == EG_U32 ? UINT32_MAX : INT64_MAX; }
static int64_t smallest(eg_dtype t) { return t == EG_I32 ? INT32_MIN : t == EG_U32 ? 0 : INT64_MIN; }

/* low + floor(n B 2^-64), where B are 64 bits and n <= 2^32. */
static egi_id integers(egi_draw *d, egi_id low, egi_id high)
{
    const egi_maths *m = &d->m;
    egi_id word = m_ci(m, UINT32_MAX), n = m_sub(m, high, low), bits = egi_draw_bits(d, EG_I64);
    n = m_select(m, m_gt(m, high, low), m_min(m, n, m_ci(m, 1ll << 32)), m_ci(m, 0));
    n = m_select(m, m_lt(m, n, m_ci(m, 0)), m_ci(m, 1ll << 32), n); /* high - low wrapped */
    egi_id below = m_and(m, m_shr(m, m_mul(m, m_and(m, bits, word), n), 32), word);
    egi_id sum = m_add(m, m_mul(m, m_and(m, m_shr(m, bits, 32), word), n), below);
    return m_add(m, low, m_and(m, m_shr(m, sum, 32), word));
}

eg_val(eg_integers)(eg_context *eg, eg_spec spec, eg_val low, eg_val high, const char *file, int line)
{
    eg_val v[] = {low, high};
    egi_draw d = egi_draw_begin("eg_integers", eg, spec, EGI_DRAW_INT, true, 2, v, file, line);
    egi_id a = whole_param(&d, low, "low"), b = whole_param(&d, high, "high");
    if (!d.c.g) return eg_nothing();
    int64_t x = egi_is_plain(low) ? egi_plain_int(low) : smallest(spec.dtype);
    int64_t y = egi_is_plain(high) ? egi_plain_int(high) : largest(spec.dtype), n = 0;
    bool both = egi_is_plain(low) && egi_is_plain(high);
    int64_t min = smallest(spec.dtype), max = largest(spec.dtype);
    if (x < min || x > max || y < min || (y > max && y - 1 > max))
        egi_wrong(&d.c, EG_ERR_ARGUMENT, "from %lld to %lld: these numbers do not fit into %s", (long long)x,
                  (long long)y, eg_dtype_name(spec.dtype));
    else if (both && (x >= y || __builtin_sub_overflow(y, x, &n) || n > 1ll << 32))
        egi_wrong(&d.c, EG_ERR_ARGUMENT, "from %lld to below %lld: give low < high, at most 2^32 apart", (long long)x,
                  (long long)y);
    return d.c.g ? egi_draw_end(&d, integers(&d, a, b)) : eg_nothing();
}

eg_val(eg_bernoulli)(eg_context *eg, eg_spec spec, eg_val p, const char *file, int line)
{
    unsigned any = (1u << EG_DTYPE_COUNT) - 1;
    egi_draw d = egi_draw_begin("eg_bernoulli", eg, spec, any, true, 1, &p, file, line);
    /* The bits are compared with p 2^32: exact in either type, so an array of f32 stays one. */
    if (d.c.g && !egi_is_plain(p) && egi_dtype_of(d.c.g, p.id) == EG_F32) d.m.f = EG_F32;
    egi_param a = egi_draw_param(&d, p, "p", 0, 1);
    if (!d.c.g) return eg_nothing();
    const egi_maths *m = &d.m;
    egi_id below = egi_convert(m->g, EG_U32, m_fma(m, a.id, m_c(m, 0x1p32), m_c(m, 0.5)));
    egi_id hit = m_lt(m, egi_draw_bits(&d, EG_U32), below);
    return egi_draw_end(&d, m_or(m, hit, m_ge(m, a.id, m_c(m, 1))));
}

/* -- order --------------------------------------------------------------------------------------------------------- */

/* Sorting 64 random bits: no two of them are equal but once in 2^65 / n^2 times. */
static egi_id permutation(egi_draw *d) { return egi_scan(d->c.g, EGI_ARGSORT, egi_draw_bits(d, EG_I64), 0); }

static bool check_count(egi_call *c, int64_t n, const char *what)
{
    if (!c->g || (n >= 0 && n <= INT32_MAX)) return c->g;
    return egi_wrong(c, EG_ERR_ARGUMENT, "%s is %lld; give 0 to %d", what, (long long)n, INT32_MAX);
}

eg_val(eg_permutation)(eg_context *eg, int64_t n, const char *file, int line)
{
    egi_call c = egi_begin_in(eg, "eg_permutation", file, line, 0, NULL);
    if (!check_count(&c, n, "n")) return eg_nothing();
    egi_draw d = egi_draw_begin("eg_permutation", eg, eg_vector(EG_I32, n), EGI_DRAW_INT, true, 0, NULL, file, line);
    return egi_draw_end(&d, permutation(&d));
}

/* Number of rows; -1 after an error. */
static int64_t rows(egi_call *c, eg_val x)
{
    if (!c->g || !egi_traced(c, x, "x")) return -1;
    egi_shape s = egi_shape_at(c, x.id);
    if (s.rank == 0) egi_wrong(c, EG_ERR_SHAPE, "%s has no rows; give an array", egi_show(c, x).s);
    return check_count(c, s.rank ? s.dim[0] : 0, "the number of rows") ? s.dim[0] : -1;
}

eg_val(eg_shuffle)(eg_val x, const char *file, int line)
{
    egi_call c = egi_begin("eg_shuffle", file, line, 1, &x);
    int64_t n = rows(&c, x);
    if (n < 0) return eg_nothing();
    egi_draw d = egi_draw_begin("eg_shuffle", c.eg, eg_vector(EG_I32, n), EGI_DRAW_INT, true, 0, NULL, file, line);
    return egi_end(&c, d.c.g ? egi_gather(c.g, x.id, permutation(&d), 0) : 0);
}

/* k of the indices 0 .. n - 1. */
static egi_id indices(egi_call *c, int64_t n, int64_t k, bool replace)
{
    if (!check_count(c, k, "k")) return 0;
    if (k && !n) return egi_wrong(c, EG_ERR_ARGUMENT, "k is %lld of nothing; give something to choose", (long long)k);
    if (k > n && !replace)
        return egi_wrong(c, EG_ERR_ARGUMENT, "k is %lld of %lld; choose fewer, or with replacement", (long long)k,
                         (long long)n);
    eg_spec spec = eg_vector(EG_I32, replace ? k : n);
    egi_draw d = egi_draw_begin(c->op, c->eg, spec, EGI_DRAW_INT, true, 0, NULL, c->file, c->line);
    if (!d.c.g) return 0;
    if (replace) return egi_convert(c->g, EG_I32, integers(&d, m_ci(&d.m, 0), m_ci(&d.m, n)));
    return egi_slice_axis(c->g, permutation(&d), 0, 0, k, 1);
}

eg_val(eg_choice)(eg_context *eg, eg_val x, int64_t k, bool replace, const char *file, int line)
{
    egi_call c = egi_begin_in(eg, "eg_choice", file, line, 1, &x);
    bool plain = egi_is_plain(x);
    if (c.g && plain && !egi_plain_is_int(x))
        egi_wrong(&c, EG_ERR_TYPE, "x is %s; give a whole number, or an array of rows", egi_show(&c, x).s);
    if (!c.g) return eg_nothing();
    int64_t n = plain ? egi_plain_int(x) : rows(&c, x);
    egi_id at = check_count(&c, n, "x") ? indices(&c, n, k, replace) : 0;
    return egi_end(&c, plain || !at ? at : egi_gather(c.g, x.id, at, 0));
}
