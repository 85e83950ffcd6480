/* Spikes with surrogate gradients. */
#include "surrogate.h"

#include <math.h>

#include "engram/math.h"
#include "engram/parallel.h"
#include "engram/transform.h"

/* Terms of a series: each is code of its own. */
static const double MOST_TERMS = 100;

/* A surrogate that is about to be used, and where. */
typedef struct spiking {
    eg_context *eg;
    const char *what, *file;
    int line;
    eg_surrogate s;
} spiking;

/* -- checks -----------------------------------------------------------------------------------------------------------
 */

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

bool surrogate_check(eg_context *eg, const char *what, const eg_surrogate *s, const char *file, int line)
{
    const surrogate_row *r = surrogate_rows;
    while (r->name && r->slope != s->slope) r++;
    for (int k = 0; k < EG_SURROGATE_PARAMS && r->param[k].name; k++) {
        if (in_range(r->param[k].range, s->p[k])) continue;
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: %s of %s is %g; %s", what, r->param[k].name, r->name, s->p[k],
                remedy(r->param[k].range));
        return false;
    }
    return true;
}

static bool fail(const spiking *c, const char *text)
{
    eg_fail(c->eg, EG_ERR_ARGUMENT, c->file, c->line, "%s: %s %s", c->what, c->s.name ? c->s.name : "the surrogate",
            text);
    return false;
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
    return surrogate_check(c->eg, c->what, &c->s, c->file, c->line);
}

static bool is_value(const spiking *c, eg_val x, const char *name)
{
    if (eg_spec_of(x).rank >= 0) return true;
    eg_fail(c->eg, EG_ERR_TYPE, c->file, c->line,
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
        eg_fail(c->eg, EG_ERR_SHAPE, c->file, c->line,
                "%s: axis %d of x_new has %lld elements, axis %d of x_old %lld; give equal shapes, or extents of 1",
                c->what, a.rank - k, (long long)n, b.rank - k, (long long)m);
        return false;
    }
    return true;
}

static bool is_floating(eg_dtype t) { return t == EG_F32 || t == EG_F64; }

/* -- one input --------------------------------------------------------------------------------------------------------
 */

/* v, which may be a plain number or of another type, in the type and shape of the spec. */
static eg_val fitted(const spiking *c, eg_val v, eg_spec spec)
{
    if (eg_is_number(v, NULL)) return (eg_full)(c->eg, spec, v, c->file, c->line);
    return (eg_broadcast)((eg_convert)(v, spec.dtype, c->file, c->line), spec.rank, spec.dim, c->file, c->line);
}

static eg_val heaviside(eg_val x) { return eg_convert(eg_ge(x, 0), eg_spec_of(x).dtype); }

static eg_val forward(void *user, eg_val x)
{
    const spiking *c = user;
    return c->s.origin ? fitted(c, c->s.primitive(&c->s, x), eg_spec_of(x)) : heaviside(x);
}

/* d g'(x), in the type of x. */
static eg_val sloped(const spiking *c, eg_val x, eg_val d)
{
    return eg_convert(eg_mul(d, c->s.slope(&c->s, x)), eg_spec_of(x).dtype);
}

static eg_val backward(void *user, eg_val v) { return sloped(user, eg_item(v, 0), eg_item(v, 2)); }

eg_val(eg_spike)(eg_context *eg, eg_val x, eg_surrogate s, const char *file, int line)
{
    spiking c = {eg, "eg_spike", file, line, s};
    if (!ready(&c) || !is_value(&c, x, "x")) return eg_nothing();
    if (c.s.origin && !is_floating(eg_spec_of(x).dtype)) x = eg_add(x, 0.0); /* the default float */
    if (eg_is_number(x, NULL)) return c.s.origin ? c.s.primitive(&c.s, x) : heaviside(x);
    if (!is_floating(eg_spec_of(x).dtype)) return heaviside(x);
    return (eg_custom_gradient)(eg, forward, backward, &c, x, file, line);
}

/* -- two inputs -------------------------------------------------------------------------------------------------------
 */

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

eg_val(eg_spike2)(eg_context *eg, eg_val x_new, eg_val x_old, eg_surrogate s, const char *file, int line)
{
    spiking c = {eg, "eg_spike2", file, line, s};
    if (!ready(&c) || !is_value(&c, x_new, "x_new") || !is_value(&c, x_old, "x_old")) return eg_nothing();
    if (c.s.origin) return fail(&c, "has no smooth form of two inputs; clear its origin"), eg_nothing();
    if (!do_meet(&c, eg_spec_of(x_new), eg_spec_of(x_old))) return eg_nothing();
    eg_spec both = eg_spec_of((eg_sub)(x_new, x_old, file, line)); /* where they meet; nobody computes it */
    if (eg_error(eg)) return eg_nothing();
    if ((eg_is_number(x_new, NULL) && eg_is_number(x_old, NULL)) || !is_floating(both.dtype))
        return crossing(x_new, x_old, both.dtype);
    eg_val x[] = {fitted(&c, x_new, both), fitted(&c, x_old, both)};
    return (eg_custom_gradient)(eg, forward2, backward2, &c, (eg_tuple)(eg, 2, x, file, line), file, line);
}
