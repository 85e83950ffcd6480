/* Initial values that cannot be: what is wrong with their numbers or with the shape, and what to give instead. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "initial.h"
#include "system.h"

/* What an error speaks of. */
typedef struct subject {
    eg_system *s;
    const char *name;
    eg_spec spec;
    const eg_initializer *i;
} subject;

static bool wrong(const subject *c, const char *what, double a, double b, const char *remedy)
{
    eg_system_fail(c->s, EG_ERR_ARGUMENT, "the initial value of '%s' is %s(%g, %g); %s", c->name, what, a, b, remedy);
    return false;
}

static bool wrong_number(const subject *c, const char *what, const char *which, double x, const char *remedy)
{
    eg_system_fail(c->s, EG_ERR_ARGUMENT, "the initial value of '%s' is %s with %s %g; %s", c->name, what, which, x,
                   remedy);
    return false;
}

static bool wrong_shape(const subject *c, const char *what, const char *remedy)
{
    char shape[EG_MAX_RANK * 22 + 2] = "";
    size_t at = 0;
    for (int k = 0; k < c->spec.rank; k++)
        at += (size_t)snprintf(shape + at, sizeof shape - at, "%s%lld", k ? "," : "", (long long)c->spec.dim[k]);
    eg_system_fail(c->s, EG_ERR_SHAPE, "the initial value of '%s', %s[%s], is %s; %s", c->name,
                   eg_dtype_name(c->spec.dtype), shape, what, remedy);
    return false;
}

static bool check_array(const subject *c)
{
    int64_t elements = eg_num_elements(c->spec);
    if (c->i->data && c->i->num == elements) return true;
    eg_system_fail(c->s, EG_ERR_SHAPE, "the initial value of '%s' is %s of %lld; give one of %lld numbers", c->name,
                   c->i->data ? "an array" : "a NULL array", (long long)c->i->num, (long long)elements);
    return false;
}

static bool check_identity(const subject *c)
{
    if (!isfinite(c->i->a)) return wrong_number(c, "an identity", "value", c->i->a, "use a finite number");
    return c->spec.rank == 2 || wrong_shape(c, "an identity", "give the variable 2 axes");
}

static bool check_scale(const subject *c, const char *what)
{
    return (isfinite(c->i->a) && c->i->a >= 0) ||
           wrong_number(c, what, "scale", c->i->a, "use a finite number of at least 0");
}

static bool check_scaling(const subject *c)
{
    static const char what[] = "scaled by fans";
    const eg_initializer *i = c->i;
    if (!check_scale(c, what)) return false;
    if (i->fan != EG_FAN_IN && i->fan != EG_FAN_OUT && i->fan != EG_FAN_AVG)
        return wrong_number(c, what, "fan", (int)i->fan, "use EG_FAN_IN, EG_FAN_OUT or EG_FAN_AVG");
    if (i->distribution != EG_INIT_DEFAULT && i->distribution != EG_INIT_NORMAL && i->distribution != EG_INIT_UNIFORM &&
        i->distribution != EG_INIT_TRUNCATED_NORMAL)
        return wrong_number(c, what, "distribution", (int)i->distribution,
                            "use EG_INIT_TRUNCATED_NORMAL, EG_INIT_NORMAL or EG_INIT_UNIFORM");
    if (c->spec.rank < 2) return wrong_shape(c, what, "give the variable at least 2 axes, [in, out]");
    int in = axis_of(c->spec, i->in_axis, -2), out = axis_of(c->spec, i->out_axis, -1);
    if (in >= 0 && out >= 0 && in != out) return true;
    eg_system_fail(c->s, EG_ERR_ARGUMENT,
                   "the initial value of '%s' is %s with in_axis %d and out_axis %d; use two different axes, -1 (the "
                   "last) to %d",
                   c->name, what, i->in_axis, i->out_axis, -c->spec.rank);
    return false;
}

static bool check_orthogonal(const subject *c)
{
    static const char what[] = "orthogonal";
    if (!check_scale(c, what)) return false;
    if (c->spec.rank < 2) return wrong_shape(c, what, "give the variable at least 2 axes, [in, out]");
    return axis_of(c->spec, c->i->out_axis, -1) >= 0 ||
           wrong_number(c, what, "out_axis", c->i->out_axis, "count axes from the last, which is -1");
}

static bool check_delta_orthogonal(const subject *c)
{
    static const char what[] = "delta-orthogonal";
    int rank = c->spec.rank;
    if (!check_scale(c, what)) return false;
    if (rank < 3 || rank > 5) return wrong_shape(c, what, "give the kernel 3 to 5 axes, [..., in, out]");
    if (c->spec.dim[rank - 2] > c->spec.dim[rank - 1])
        return wrong_shape(c, what, "use at least as many outputs (the last axis) as inputs");
    return (c->i->out_axis >= -2 && c->i->out_axis <= 0) ||
           wrong_number(c, what, "out_axis", c->i->out_axis, "use -1 or -2, an axis of the matrix in the middle");
}

static bool check_bell(const subject *c, double sigma, double max_w)
{
    static const char what[] = "a decay with distance";
    if (!(sigma > 0 && isfinite(sigma)))
        return wrong_number(c, what, "sigma", sigma, "use a finite distance greater than 0");
    return isfinite(max_w) || wrong_number(c, what, "max_w", max_w, "use a finite weight");
}

static bool check_places(const subject *c)
{
    static const char what[] = "a decay with distance";
    const eg_initializer *i = c->i;
    if (!isfinite(i->low) || !isfinite(i->high) || (i->low >= i->high && (i->low != 0 || i->high != 0)))
        return wrong(c, "a decay over the range ", i->low, i->high, "use finite bounds, the lower one first");
    if (c->spec.rank < 2 || c->spec.rank % 2 != 0)
        return wrong_shape(c, what, "give the variable as many axes for the source as for the target");
    if (i->width < 0 ||
        (i->width > 0 && (c->spec.rank != 2 || c->spec.dim[0] % i->width != 0 || c->spec.dim[1] % i->width != 0)))
        return wrong_number(c, what, "width", (double)i->width,
                            "use the length of the rows that make up both axes of a matrix, or 0");
    grids g = grids_of(i, c->spec);
    for (int k = 0; k < g.axes && i->periodic && i->low == i->high; k++)
        if (g.source[k] != g.target[k])
            return wrong_shape(c, "periodic between grids of different sizes", "give the range in low and high");
    return true;
}

static bool check_decay(const subject *c)
{
    const eg_initializer *i = c->i;
    if (!check_bell(c, i->a, i->b) || (i->kind == EG_INIT_DOG_DECAY && !check_bell(c, i->c, i->d))) return false;
    if (isnan(i->min_w))
        return wrong_number(c, "a decay with distance", "min_w", i->min_w, "use a weight, negative to keep all");
    return check_places(c);
}

static bool check_from(const subject *c)
{
    const eg_initializer *i = c->i;
    const member *m = i->from ? c->s->first_member : NULL;
    while (m && strcmp(m->name, i->from) != 0) m = m->next;
    if (!m || !i->f) {
        eg_system_fail(c->s, EG_ERR_ARGUMENT, "the initial value of '%s' is from %s%.60s; give %s", c->name,
                       m ? "a NULL function of " : "", i->from ? i->from : "NULL",
                       m ? "one" : "a variable that it has by then");
        return false;
    }
    const eg_spec x = eg_variable_spec(m->var), y = c->spec;
    if (x.dtype != EG_F32 && x.dtype != EG_F64)
        eg_system_fail(c->s, EG_ERR_TYPE, "the initial value of '%s' is from '%s', which is %s; give floats", c->name,
                       m->name, eg_dtype_name(x.dtype));
    else if (x.rank != y.rank || memcmp(x.dim, y.dim, (size_t)y.rank * sizeof *y.dim) != 0)
        return wrong_shape(c, "from a variable of another shape", "give one of its own");
    return !eg_error(c->s->eg);
}

bool check_initial(eg_system *s, const char *name, eg_spec spec, const eg_initializer *i)
{
    const subject c = {s, name, spec, i};
    switch (i->kind) {
    case EG_INIT_DEFAULT: return true;
    case EG_INIT_CONSTANT: return !isnan(i->a) || wrong(&c, "constant", i->a, 0, "give a number");
    case EG_INIT_NORMAL:
    case EG_INIT_TRUNCATED_NORMAL:
        return (isfinite(i->a) && i->b >= 0 && isfinite(i->b)) ||
               wrong(&c, "normal", i->a, i->b, "use a finite mean and a standard deviation of at least 0");
    case EG_INIT_UNIFORM:
        return (isfinite(i->a) && isfinite(i->b) && i->a <= i->b) ||
               wrong(&c, "uniform", i->a, i->b, "use finite bounds, the lower one first");
    case EG_INIT_ARRAY: return check_array(&c);
    case EG_INIT_IDENTITY: return check_identity(&c);
    case EG_INIT_VARIANCE_SCALING: return check_scaling(&c);
    case EG_INIT_ORTHOGONAL: return check_orthogonal(&c);
    case EG_INIT_DELTA_ORTHOGONAL: return check_delta_orthogonal(&c);
    case EG_INIT_GAUSSIAN_DECAY:
    case EG_INIT_DOG_DECAY: return check_decay(&c);
    case EG_INIT_FROM: return check_from(&c);
    }
    eg_system_fail(s, EG_ERR_ARGUMENT, "the initial value of '%s' is of unknown kind %d; use eg_init_...()", name,
                   (int)i->kind);
    return false;
}
