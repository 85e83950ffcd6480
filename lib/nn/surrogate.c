/* Spikes with surrogate gradients. */
#include "surrogate.h"

#include <math.h>
#include <stdio.h>

#include "engram/math.h"
#include "engram/parallel.h"
#include "engram/transform.h"

/* Terms of a series: each is code of its own. */
static const double MOST_TERMS = 100;

_Thread_local surrogate_place surrogate_here = {__FILE__, __LINE__};

/* A surrogate that is about to be used. */
typedef struct spiking {
    eg_context *eg;
    const char *what;
    eg_surrogate s;
} spiking;

/* -- checks -------------------------------------------------------------------------------------------------------- */

static bool in_range(surrogate_range range, double x)
{
    switch (range) {
    case SURROGATE_FINITE: break;
    case SURROGATE_NOT_NEGATIVE: return x >= 0 && isfinite(x);
    case SURROGATE_POSITIVE: return x > 0 && isfinite(x);
    case SURROGATE_ABOVE_1: return x > 1 && isfinite(x);
    case SURROGATE_COUNT: return x >= 1 && x <= MOST_TERMS && x == floor(x);
    }
    return isfinite(x);
}

static const char *remedy(surrogate_range range)
{
    switch (range) {
    case SURROGATE_FINITE: break;
    case SURROGATE_NOT_NEGATIVE: return "use a finite number of at least 0";
    case SURROGATE_POSITIVE: return "use a finite number above 0";
    case SURROGATE_ABOVE_1: return "use a finite number above 1";
    case SURROGATE_COUNT: return "use a whole number from 1 to 100";
    }
    return "use a finite number";
}

/* The row of a slope that is shipped; else one without parameters. */
static const surrogate_row *row_of(const eg_surrogate *s)
{
    const surrogate_row *r = surrogate_rows;
    while (r->name && r->slope != s->slope) r++;
    return r;
}

bool surrogate_check(eg_context *eg, const char *what, const eg_surrogate *s, const char *file, int line)
{
    const surrogate_row *r = row_of(s);
    for (int k = 0; k < EG_SURROGATE_PARAMS && r->param[k].name; k++) {
        if (in_range(r->param[k].range, s->p[k])) continue;
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: %s of %s is %g; %s", what, r->param[k].name, r->name, s->p[k],
                remedy(r->param[k].range));
        return false;
    }
    return true;
}

static const char *name_of(const spiking *c) { return c->s.name ? c->s.name : "the surrogate"; }

static bool fail(const spiking *c, const char *text)
{
    eg_fail(c->eg, EG_ERR_ARGUMENT, EG_HERE, "%s: %s %s", c->what, name_of(c), text);
    return false;
}

/* In a float type a parameter must be small enough for its product with another one, and what is divided by must be
 * large enough: with room for the numbers in the formulas. */
static bool fits(const spiking *c, eg_dtype type)
{
    const surrogate_row *r = row_of(&c->s);
    double most = type == EG_F32 ? 1e18 : 1e150;
    for (int k = 0; k < EG_SURROGATE_PARAMS && r->param[k].name; k++) {
        bool large = fabs(c->s.p[k]) > most;
        bool small = r->param[k].range == SURROGATE_POSITIVE && c->s.p[k] < 1 / most;
        if (!large && !small) continue;
        eg_fail(c->eg, EG_ERR_ARGUMENT, EG_HERE, "%s: %s of %s is %g, too %s for %s; use a number %s %g", c->what,
                r->param[k].name, r->name, c->s.p[k], large ? "large" : "small",
                type == EG_F32 ? "an x of f32" : "doubles", large ? "up to" : "from", large ? most : 1 / most);
        return false;
    }
    return true;
}

static bool is_blank(const eg_surrogate *s)
{
    bool blank = !s->name && !s->slope && !s->primitive && !s->user;
    for (int k = 0; k < EG_SURROGATE_PARAMS; k++) blank = blank && s->p[k] == 0;
    return blank;
}

/* Checks the surrogate; a blank one becomes the default. */
static bool ready(spiking *c)
{
    if (!c->eg || eg_error(c->eg)) return false;
    if (!c->s.slope && !is_blank(&c->s)) return fail(c, "has no slope; set it to a function that gives g'(x)");
    if (!c->s.slope) {
        bool origin = c->s.origin;
        c->s = eg_surrogate_inv_square_grad(100);
        c->s.origin = origin;
    }
    if (c->s.origin && !c->s.primitive)
        return fail(c,
                    "has no smooth form, of which its slope is the derivative; clear its origin, or use another one");
    return surrogate_check(c->eg, c->what, &c->s, EG_HERE);
}

static bool is_value(const spiking *c, eg_val x, const char *name)
{
    bool value = eg_spec_of(x).rank >= 0;
    if (value && (eg_is_number(x, NULL) || eg_context_of(x) == c->eg)) return true;
    if (value)
        eg_fail(c->eg, EG_ERR_ARGUMENT, EG_HERE, "%s: %s is of another context; give the one in which it is traced",
                c->what, name);
    else
        eg_fail(c->eg, EG_ERR_TYPE, EG_HERE,
                "%s: %s is a tuple, nothing, or a value of a trace that has ended; give a value or a number", c->what,
                name);
    return false;
}

/* Do the shapes broadcast to one? */
static bool do_meet(const spiking *c, eg_spec a, eg_spec b)
{
    for (int k = 1; k <= a.rank && k <= b.rank; k++) {
        int64_t n = a.dim[a.rank - k], m = b.dim[b.rank - k];
        if (n == m || n == 1 || m == 1) continue;
        eg_fail(c->eg, EG_ERR_SHAPE, EG_HERE,
                "%s: axis %d of x_new has %lld elements, axis %d of x_old %lld; give equal shapes, or extents of 1",
                c->what, a.rank - k, (long long)n, b.rank - k, (long long)m);
        return false;
    }
    return true;
}

static bool is_floating(eg_dtype t) { return t == EG_F32 || t == EG_F64; }

/* -- what functions of the user return ----------------------------------------------------------------------------- */

/* An error, and false. */
static bool unlike(const spiking *c, eg_status status, const char *which, const char *is, const char *remedy)
{
    eg_fail(c->eg, status, EG_HERE, "%s: the %s of %s gave %s; return %s", c->what, which, name_of(c), is, remedy);
    return false;
}

/* Is y, which the slope or primitive made of x, a number or of its shape and type? */
static bool is_like(const spiking *c, const char *which, eg_val x, eg_val y)
{
    static const char alike[] = "a value of just its shape and type, or a number";
    eg_spec want = eg_spec_of(x), got = eg_spec_of(y);
    char is[120];
    if (eg_error(c->eg)) return false;
    if (eg_is_number(y, NULL)) return true;
    if (got.rank < 0) return unlike(c, EG_ERR_TYPE, which, "nothing, a tuple or a value of an ended trace", alike);
    if (got.rank != want.rank) {
        snprintf(is, sizeof is, "%d axes where x has %d", got.rank, want.rank);
        return unlike(c, EG_ERR_SHAPE, which, is, alike);
    }
    for (int k = 0; k < want.rank; k++) {
        if (got.dim[k] == want.dim[k]) continue;
        snprintf(is, sizeof is, "%lld elements along axis %d where x has %lld", (long long)got.dim[k], k,
                 (long long)want.dim[k]);
        return unlike(c, EG_ERR_SHAPE, which, is, alike);
    }
    if (got.dtype == want.dtype || got.dtype == EG_BOOL || eg_is_number(x, NULL)) return true;
    snprintf(is, sizeof is, "%s where x is %s", eg_dtype_name(got.dtype), eg_dtype_name(want.dtype));
    return unlike(c, EG_ERR_TYPE, which, is, alike);
}

/* fn(x), and NaN where x is NaN, whatever a comparison in it makes of that. */
static eg_val value_of(const spiking *c, const char *which, eg_surrogate_fn fn, eg_val x)
{
    eg_val y = fn(&c->s, x);
    double number;
    if (!is_like(c, which, x, y)) return eg_nothing();
    if (eg_is_number(x, &number)) return isnan(number) ? x : y;
    if (!eg_is_number(y, NULL)) y = eg_convert(y, eg_spec_of(x).dtype);
    return eg_where(eg_isnan(x), x, y);
}

/* -- one input ----------------------------------------------------------------------------------------------------- */

static eg_val heaviside(eg_val x) { return eg_convert(eg_ge(x, 0), eg_spec_of(x).dtype); }

static eg_val forward(void *user, eg_val x)
{
    const spiking *c = user;
    return c->s.origin ? value_of(c, "primitive", c->s.primitive, x) : heaviside(x);
}

/* d g'(x) */
static eg_val sloped(const spiking *c, eg_val x, eg_val d)
{
    eg_val slope = value_of(c, "slope", c->s.slope, x);
    return eg_error(c->eg) ? eg_nothing() : eg_mul(d, slope);
}

static eg_val backward(void *user, eg_val v) { return sloped(user, eg_item(v, 0), eg_item(v, 2)); }

static eg_val spike(spiking *c, eg_val x)
{
    if (!ready(c) || !is_value(c, x, "x")) return eg_nothing();
    if (c->s.origin && !is_floating(eg_spec_of(x).dtype)) x = eg_add(x, 0.0); /* the default float */
    if (!fits(c, eg_is_number(x, NULL) ? EG_F64 : eg_spec_of(x).dtype)) return eg_nothing();
    if (eg_is_number(x, NULL)) return forward(c, x);
    if (!is_floating(eg_spec_of(x).dtype)) return heaviside(x);
    return eg_custom_gradient(c->eg, forward, backward, c, x);
}

eg_val(eg_spike)(eg_context *eg, eg_val x, eg_surrogate s, const char *file, int line)
{
    spiking c = {eg, "eg_spike", s};
    surrogate_place around = surrogate_here; /* a slope may have spikes in it */
    surrogate_here = (surrogate_place){file, line};
    eg_val y = spike(&c, x);
    surrogate_here = around;
    return y;
}

/* -- two inputs ---------------------------------------------------------------------------------------------------- */

static eg_val crossing(eg_val x_new, eg_val x_old, eg_dtype t)
{
    return eg_convert(eg_and(eg_ge(x_new, 0), eg_lt(x_old, 0)), t);
}

static eg_val forward2(void *user, eg_val x)
{
    (void)user;
    eg_val x_new = eg_item(x, 0);
    return crossing(x_new, eg_item(x, 1), eg_spec_of(x_new).dtype);
}

static eg_val backward2(void *user, eg_val v)
{
    const spiking *c = user;
    eg_val x = eg_item(v, 0), d = eg_item(v, 2), x_new = eg_item(x, 0), x_old = eg_item(x, 1);
    eg_val of_new = eg_where(eg_lt(x_old, 0), sloped(c, x_new, d), 0);
    eg_val of_old = eg_where(eg_ge(x_new, 0), eg_neg(sloped(c, x_old, d)), 0);
    return eg_tuple(c->eg, 2, ((eg_val[]){of_new, of_old}));
}

/* x, which may be a plain number or of another type, in the type and shape of the spec. */
static eg_val fitted(const spiking *c, eg_val x, eg_spec spec)
{
    if (eg_is_number(x, NULL)) return eg_full(c->eg, spec, x);
    return eg_broadcast_to(eg_convert(x, spec.dtype), spec.rank, spec.dim);
}

static eg_val spike2(spiking *c, eg_val x_new, eg_val x_old)
{
    if (!ready(c) || !is_value(c, x_new, "x_new") || !is_value(c, x_old, "x_old")) return eg_nothing();
    if (c->s.origin) return fail(c, "has no smooth form of two inputs; clear its origin"), eg_nothing();
    if (!do_meet(c, eg_spec_of(x_new), eg_spec_of(x_old))) return eg_nothing();
    eg_spec both = eg_spec_of(eg_sub(x_new, x_old)); /* where they meet; nobody computes it */
    if (eg_error(c->eg)) return eg_nothing();
    bool numbers = eg_is_number(x_new, NULL) && eg_is_number(x_old, NULL);
    if (!fits(c, numbers ? EG_F64 : both.dtype)) return eg_nothing();
    if (numbers || !is_floating(both.dtype)) return crossing(x_new, x_old, both.dtype);
    eg_val x[] = {fitted(c, x_new, both), fitted(c, x_old, both)};
    return eg_custom_gradient(c->eg, forward2, backward2, c, eg_tuple(c->eg, 2, x));
}

eg_val(eg_spike2)(eg_context *eg, eg_val x_new, eg_val x_old, eg_surrogate s, const char *file, int line)
{
    spiking c = {eg, "eg_spike2", s};
    surrogate_place around = surrogate_here;
    surrogate_here = (surrogate_place){file, line};
    eg_val y = spike2(&c, x_new, x_old);
    surrogate_here = around;
    return y;
}
