/* Exponential Euler.
 *
 * The equation is traced for single numbers, differentiated, put into a step of single numbers, and eg_vmap() makes the
 * step of all elements: a derivative that is the same for all, as that of a linear equation is, stays one number, and
 * so does phi of it. */
#include "engram/integrate.h"

#include "engram/math.h"
#include "engram/parallel.h"
#include "engram/transform.h"

/* All operations stand where the user asked for the step. */
#undef EG_HERE
#define EG_HERE s->file, s->line

enum { MOST = 63 }; /* parts of x */

static const double most_growth = 30; /* of dt L: e^30 = 1e13 */

typedef struct stepping {
    eg_context *eg;
    const char *file;
    int line, num, k;
    eg_spec part[MOST];
    eg_dtype type; /* of y */
    eg_fn f;
    void *user;
    eg_func *equation; /* with its derivative */
} stepping;

static void fail(const stepping *s, eg_status status, const char *what)
{
    eg_fail(s->eg, status, EG_HERE, "eg_exp_euler: %s", what);
}

/* f as a number of y's type. */
static eg_val equation(void *user, eg_val x)
{
    const stepping *s = user;
    eg_val y = s->f(s->user, x);
    if (eg_is_number(y, NULL)) return eg_full(s->eg, eg_scalar(s->type), y);
    if (!eg_error(s->eg) && (eg_tuple_size(y) != 1 || eg_spec_of(y).rank != 0))
        fail(s, EG_ERR_SHAPE, "the equation does not give one number; it is called with single numbers, not arrays");
    return eg_error(s->eg) ? eg_nothing() : eg_convert(y, s->type);
}

/* x..., dt: y after dt. */
static eg_val one_step(void *user, eg_val x)
{
    const stepping *s = user;
    eg_val part[MOST];
    for (int k = 0; k < s->num; k++) part[k] = eg_item(x, k);
    eg_val dt = eg_item(x, s->num);
    eg_val both = eg_apply(s->equation, s->num == 1 ? part[0] : eg_tuple(s->eg, s->num, part));
    eg_val z = eg_mul(dt, eg_item(both, 1));
    eg_val phi = eg_exprel(eg_where(eg_gt(z, most_growth), most_growth, z));
    return eg_add(part[s->k], eg_mul(eg_mul(dt, phi), eg_item(both, 0)));
}

static bool same_shape(eg_spec a, eg_spec b)
{
    bool same = a.rank == b.rank;
    for (int k = 0; same && k < a.rank; k++) same = a.dim[k] == b.dim[k];
    return same;
}

static bool check(stepping *s, eg_val x, eg_val dt)
{
    if (!s->f || eg_tuple_size(x) < 1 || eg_tuple_size(x) > MOST) {
        fail(s, EG_ERR_ARGUMENT, s->f ? "x has no parts, or more than 63" : "the equation is NULL");
        return false;
    }
    s->num = eg_tuple_size(x);
    for (int k = 0; k < s->num; k++) s->part[k] = eg_spec_of(s->num == 1 ? x : eg_item(x, k));
    if (s->k < 0 || s->k >= s->num) {
        eg_fail(s->eg, EG_ERR_ARGUMENT, EG_HERE, "eg_exp_euler: x has no part %d; it has %d", s->k, s->num);
        return false;
    }
    const eg_spec y = s->part[s->k], step = eg_spec_of(dt);
    s->type = y.dtype;
    if (y.rank < 0 || eg_is_number(x, NULL) || (y.dtype != EG_F32 && y.dtype != EG_F64))
        fail(s, EG_ERR_TYPE, "what is integrated is not floating; a plain number becomes a value by eg_full");
    else if (step.rank != 0)
        fail(s, EG_ERR_SHAPE, "dt is not one number");
    for (int k = 0; k < s->num && !eg_error(s->eg); k++) {
        if (s->part[k].rank == 0 || same_shape(s->part[k], y)) continue;
        eg_fail(s->eg, EG_ERR_SHAPE, EG_HERE,
                "eg_exp_euler: part %d of x has another shape than part %d, which is integrated; broadcast it", k,
                s->k);
    }
    return !eg_error(s->eg);
}

/* The step as a function of single numbers. */
static eg_func *trace_step(stepping *s)
{
    eg_spec arg[MOST + 1];
    for (int k = 0; k < s->num; k++) arg[k] = eg_scalar(s->part[k].dtype);
    arg[s->num] = eg_scalar(s->type);
    eg_func *f = eg_trace(s->eg, "equation", equation, s, s->num, arg);
    const eg_gradient_options by = {.num_args = 1, .args = &s->k};
    s->equation = f ? eg_gradient(f, &by) : NULL;
    eg_func *step = s->equation ? eg_trace(s->eg, "eg_exp_euler", one_step, s, s->num + 1, arg) : NULL;
    eg_func_free(f);
    eg_func_free(s->equation);
    return step;
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

static eg_val applied(stepping *s, eg_val x, eg_val dt)
{
    const eg_spec y = s->part[s->k];
    const int64_t n = eg_num_elements(y);
    eg_val part[MOST + 1];
    for (int k = 0; k < s->num; k++) {
        part[k] = s->num == 1 ? x : eg_item(x, k);
        if (s->part[k].rank > 1) part[k] = eg_reshape_to(part[k], 1, &n);
    }
    part[s->num] = eg_is_number(dt, NULL) ? eg_full(s->eg, eg_scalar(s->type), dt) : eg_convert(dt, s->type);
    eg_func *step = trace_step(s);
    if (step && y.rank > 0) step = of_all(s, step, n);
    eg_val out = step ? eg_apply(step, eg_tuple(s->eg, s->num + 1, part)) : eg_nothing();
    eg_func_free(step);
    return y.rank > 1 && step ? eg_reshape_to(out, y.rank, y.dim) : out;
}

eg_val(eg_exp_euler)(eg_context *eg, eg_fn f, void *user, eg_val x, int k, eg_val dt, const char *file, int line)
{
    stepping its = {.eg = eg, .file = file, .line = line, .k = k, .f = f, .user = user}, *s = &its;
    if (!eg || eg_error(eg) || !check(s, x, dt)) return eg_nothing();
    if (eg_num_elements(s->part[k]) > 0) return applied(s, x, dt);
    return s->num == 1 ? x : eg_item(x, k);
}
