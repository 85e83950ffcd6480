#include "stepping.h"

#include "engram/parallel.h"
#include "engram/transform.h"

/* All operations stand where the user asked for the step. */
#undef EG_HERE
#define EG_HERE s->file, s->line

void fail_step(const stepping *s, eg_status status, const char *what)
{
    eg_fail(s->eg, status, EG_HERE, "%s: %s", s->name, what);
}

eg_val equation_at(const stepping *s, int j, eg_val x)
{
    eg_val y = s->f[j](s->user, x);
    if (eg_is_number(y, NULL)) return eg_full(s->eg, eg_scalar(s->type), y);
    if (!eg_error(s->eg) && (eg_tuple_size(y) != 1 || eg_spec_of(y).rank != 0))
        fail_step(s, EG_ERR_SHAPE,
                  "the equation does not give one number; it is called with single numbers, not arrays");
    return eg_error(s->eg) ? eg_nothing() : eg_convert(y, s->type);
}

eg_val joined(const stepping *s, const eg_val *part) { return s->num == 1 ? part[0] : eg_tuple(s->eg, s->num, part); }

/* -- checks -------------------------------------------------------------------------------------------------------- */

static bool same_shape(eg_spec a, eg_spec b)
{
    bool same = a.rank == b.rank;
    for (int k = 0; same && k < a.rank; k++) same = a.dim[k] == b.dim[k];
    return same;
}

static bool check_part(const stepping *s, int k)
{
    const eg_spec y = s->part[s->k], x = s->part[k];
    const bool integrated = k >= s->k && k < s->end;
    if (same_shape(x, y) || (x.rank == 0 && !integrated)) {
        if (!integrated || x.dtype == y.dtype) return true;
        eg_fail(s->eg, EG_ERR_TYPE, EG_HERE, "%s: part %d of x is %s, but part %d %s; both are integrated", s->name, k,
                eg_dtype_name(x.dtype), s->k, eg_dtype_name(y.dtype));
        return false;
    }
    eg_fail(s->eg, EG_ERR_SHAPE, EG_HERE,
            "%s: part %d of x has another shape than part %d, which is integrated; broadcast it", s->name, k, s->k);
    return false;
}

static bool check_equations(const stepping *s)
{
    for (int j = 0; j < s->end - s->k; j++) {
        if (s->f && s->f[j]) continue;
        fail_step(s, EG_ERR_ARGUMENT, "the equation is NULL");
        return false;
    }
    return true;
}

static bool check(stepping *s, eg_val x, eg_val dt)
{
    if (eg_tuple_size(x) < 1 || eg_tuple_size(x) > MOST) {
        fail_step(s, EG_ERR_ARGUMENT, "x has no parts, or more than 63");
        return false;
    }
    s->num = eg_tuple_size(x);
    for (int k = 0; k < s->num; k++) s->part[k] = eg_spec_of(s->num == 1 ? x : eg_item(x, k));
    if (s->k < 0 || s->k >= s->end || s->end > s->num) {
        eg_fail(s->eg, EG_ERR_ARGUMENT, EG_HERE, "%s: x has no part %d; it has %d", s->name,
                s->k < 0 || s->k >= s->end ? s->k : s->end - 1, s->num);
        return false;
    }
    if (!check_equations(s)) return false;
    const eg_spec y = s->part[s->k], step = eg_spec_of(dt);
    s->type = y.dtype;
    if (y.rank < 0 || eg_is_number(x, NULL) || (y.dtype != EG_F32 && y.dtype != EG_F64))
        fail_step(s, EG_ERR_TYPE, "what is integrated is not floating; a plain number becomes a value by eg_full");
    else if (step.rank != 0)
        fail_step(s, EG_ERR_SHAPE, "dt is not one number");
    for (int k = 0; k < s->num && !eg_error(s->eg); k++) check_part(s, k);
    return !eg_error(s->eg);
}

/* -- the step of all elements -------------------------------------------------------------------------------------- */

void number_specs(const stepping *s, eg_spec arg[MOST + 1])
{
    for (int k = 0; k < s->num; k++) arg[k] = eg_scalar(s->part[k].dtype);
    arg[s->num] = eg_scalar(s->type);
}

eg_func *trace_numbers(stepping *s, eg_fn one_step)
{
    eg_spec arg[MOST + 1];
    number_specs(s, arg);
    return eg_trace(s->eg, s->name, one_step, s, s->num + 1, arg);
}

/* That of n elements, with parts of rank 0 that they share; takes the step over. */
static eg_func *of_all(const stepping *s, eg_func *step, int64_t n)
{
    int shared[MOST + 1], num = 0;
    for (int k = 0; k < s->num; k++) {
        if (s->part[k].rank == 0) shared[num++] = k;
    }
    shared[num++] = s->num; /* dt */
    eg_func *all = eg_vmap(step, n, &(eg_vmap_options){.num_shared = num, .shared = shared});
    eg_func_free(step);
    return all;
}

/* In the shape of what is integrated. */
static eg_val shaped(const stepping *s, eg_val out)
{
    const eg_spec y = s->part[s->k];
    const int num = s->end - s->k;
    eg_val each[MOST];
    if (y.rank <= 1) return out;
    if (num == 1) return eg_reshape_to(out, y.rank, y.dim);
    for (int j = 0; j < num; j++) each[j] = eg_reshape_to(eg_item(out, j), y.rank, y.dim);
    return eg_tuple(s->eg, num, each);
}

static eg_val applied(stepping *s, eg_val x, eg_val dt, eg_func *(*trace)(stepping *s))
{
    const eg_spec y = s->part[s->k];
    const int64_t n = eg_num_elements(y);
    eg_val part[MOST + 1];
    for (int k = 0; k < s->num; k++) {
        part[k] = s->num == 1 ? x : eg_item(x, k);
        if (s->part[k].rank > 1) part[k] = eg_reshape_to(part[k], 1, &n);
    }
    part[s->num] = eg_is_number(dt, NULL) ? eg_full(s->eg, eg_scalar(s->type), dt) : eg_convert(dt, s->type);
    eg_func *step = trace(s);
    if (step && y.rank > 0) step = of_all(s, step, n);
    eg_val out = step ? eg_apply(step, eg_tuple(s->eg, s->num + 1, part)) : eg_nothing();
    eg_func_free(step);
    return step ? shaped(s, out) : out;
}

eg_val take_step(stepping *s, eg_val x, eg_val dt, eg_func *(*trace)(stepping *s))
{
    if (!s->eg || eg_error(s->eg) || !check(s, x, dt)) return eg_nothing();
    if (eg_num_elements(s->part[s->k]) > 0) return applied(s, x, dt, trace);
    if (s->num == 1) return x;
    eg_val part[MOST];
    for (int k = s->k; k < s->end; k++) part[k - s->k] = eg_item(x, k);
    return s->end - s->k == 1 ? part[0] : eg_tuple(s->eg, s->end - s->k, part);
}
