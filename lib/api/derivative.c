/* Derivatives that are compositions of eg_gradient() and eg_vmap().
 *
 * A pullback takes u to u J, linearly; its own gradient with respect to u, of the sum of v (u J), is J v: forward mode
 * without rules of its own.  Rows of a Jacobian are pullbacks of unit vectors, its columns tangents along them, side by
 * side.  What was made on the way is freed; variables are read as they were before and set once. */
#include <stdio.h>

#include "api/api.h"
#include "engram/math.h"
#include "engram/transform.h"

enum { MOST = 64 }; /* arguments and results */

typedef struct derivative {
    eg_func *f;
    const eg_derivative_options *o;
    const char *what, *file;
    int line;
    int num, args[MOST];          /* chosen arguments */
    int num_floats, floats[MOST]; /* floating results */
    eg_func *parts[MOST];         /* of the floating results, or of the arguments */
    eg_spec extra[2 * MOST];      /* arguments behind f's */
    int num_extra;
} derivative;

static bool wrong(derivative *d, eg_status status, const char *why)
{
    egi_fail(d->f->eg, status, d->file, d->line, "%s of '%s': %s", d->what, d->f->name, why);
    return false;
}

/* Complex numbers are pairs of floats. */
static bool has_derivative(eg_dtype t) { return egi_is_float(t) || egi_is_complex(t); }

/* Chosen arguments and floating results. */
static bool choose(derivative *d)
{
    eg_func *f = d->f;
    const eg_derivative_options *o = d->o;
    if (eg_num_args(f) > MOST || eg_num_results(f) > MOST)
        return wrong(d, EG_ERR_ARGUMENT, "it has more than 64 arguments or results");
    if (o->num_args < 0 || o->num_args > MOST) return wrong(d, EG_ERR_ARGUMENT, "options.num_args must be 0 to 64");
    if (o->num_args && !o->args) return wrong(d, EG_ERR_ARGUMENT, "the list of arguments is missing");
    for (int k = 0; k < o->num_args; k++) d->args[d->num++] = o->args[k];
    for (int k = 0; k < eg_num_args(f) && !o->num_args; k++) {
        if (has_derivative(eg_arg_spec(f, k).dtype)) d->args[d->num++] = k;
    }
    for (int k = 0; k < d->num; k++) {
        if (d->args[k] < 0 || d->args[k] >= eg_num_args(f) || !has_derivative(eg_arg_spec(f, d->args[k]).dtype))
            return wrong(d, EG_ERR_ARGUMENT, "an argument chosen is none of its floating ones");
    }
    for (int k = 0; k < eg_num_results(f); k++) {
        if (has_derivative(eg_result_spec(f, k).dtype)) d->floats[d->num_floats++] = k;
    }
    return d->num > 0 || wrong(d, EG_ERR_ARGUMENT, "it has no floating argument");
}

static bool begin(derivative *d, eg_func *f, const eg_derivative_options *o, const char *what, const char *file,
                  int line)
{
    static const eg_derivative_options defaults = {0};
    if (!f || !egi_ready(f->eg)) return false;
    *d = (derivative){.f = f, .o = o ? o : &defaults, .what = what, .file = file, .line = line};
    return choose(d);
}

static void forget(derivative *d)
{
    for (int k = 0; k < MOST; k++) eg_func_free(d->parts[k]);
}

/* -- tracing ------------------------------------------------------------------------------------------------------- */

/* The first n parts of x, as what a function of n arguments receives. */
static eg_val first_of(eg_context *eg, eg_val x, int n)
{
    eg_val v[3 * MOST];
    for (int k = 0; k < n; k++) v[k] = (eg_item)(x, k, NULL, 0);
    return n == 0 ? eg_nothing() : n == 1 ? v[0] : (eg_tuple)(eg, n, v, NULL, 0);
}

/* A call in the function being made, which draws the random numbers that f draws: all calls use its streams. */
static eg_val call(eg_func *f, eg_val x, const char *file, int line)
{
    if (f && f->eg->trace) f->eg->trace->g->streams = 0;
    return (eg_apply)(f, x, file, line);
}

/* A call that leaves the variables as they were. */
static eg_val call_aside(eg_func *f, eg_val x)
{
    const egi_graph *g = f->traced;
    eg_context *eg = f->eg;
    eg_val *before = egi_arena_alloc(&eg->trace->g->arena, (size_t)(g->vars.n + 1) * sizeof *before);
    if (!before) {
        egi_no_memory(eg);
        return eg_nothing();
    }
    for (int64_t k = 0; k < g->vars.n; k++) before[k] = (eg_get)(g->vars.at[k], NULL, 0);
    eg_val y = call(f, x, NULL, 0);
    for (int64_t k = 0; k < g->writes.n; k++)
        (eg_set)(g->vars.at[g->writes.at[k].var], before[g->writes.at[k].var], NULL, 0);
    return y;
}

static eg_func *trace(derivative *d, const char *name, eg_fn fn, void *user, int more, const eg_spec *extra)
{
    eg_spec args[3 * MOST];
    const int n = eg_num_args(d->f);
    for (int k = 0; k < n; k++) args[k] = eg_arg_spec(d->f, k);
    for (int k = 0; k < more; k++) args[n + k] = extra[k];
    return (eg_trace)(d->f->eg, name, fn, user, n + more, args, d->file, d->line);
}

/* The function that is asked for: f's results, then those of fn. */
static eg_func *finish(derivative *d, eg_fn fn)
{
    char name[200];
    snprintf(name, sizeof name, "%s of %.150s", d->what + 3, d->f->name);
    eg_func *made = trace(d, name, fn, d, d->num_extra, d->extra);
    forget(d);
    return made;
}

/* Values behind f's results, in one tuple. */
static eg_val behind_results(derivative *d, eg_val x, int n, const eg_val *v)
{
    eg_context *eg = d->f->eg;
    eg_val y = call(d->f, first_of(eg, x, eg_num_args(d->f)), d->file, d->line), all[2 * MOST + 1];
    const int m = eg_num_results(d->f);
    for (int k = 0; k < m; k++) all[k] = m == 1 ? y : (eg_item)(y, k, NULL, 0);
    for (int k = 0; k < n; k++) all[m + k] = v[k];
    return (eg_tuple)(eg, m + n, all, NULL, 0);
}

/* -- forward mode -------------------------------------------------------------------------------------------------- */

/* The product of which the sum is the inner one: of complex numbers as vectors of their parts. */
static eg_val inner(eg_val a, eg_val b)
{
    eg_val re = (eg_mul)((eg_re)(a, NULL, 0), (eg_re)(b, NULL, 0), NULL, 0);
    if (!egi_is_complex(eg_spec_of(a).dtype)) return re;
    return (eg_add)(re, (eg_mul)((eg_im)(a, NULL, 0), (eg_im)(b, NULL, 0), NULL, 0), NULL, 0);
}

/* x..., u, v...: the sum of v (u J). */
static eg_val weighted(void *user, eg_val x)
{
    eg_func *pullback = user;
    eg_context *eg = pullback->eg;
    const int n = eg_num_args(pullback), num = eg_tuple_size(x) - n;
    eg_val y = (eg_apply)(pullback, first_of(eg, x, n), NULL, 0), sum = eg_nothing();
    for (int k = 0; k < num; k++) {
        eg_val g = (eg_item)(y, eg_num_results(pullback) - num + k, NULL, 0), v = (eg_item)(x, n + k, NULL, 0);
        eg_val s = (eg_sum)(inner(g, v), 0, NULL, false, NULL, 0);
        sum = k == 0 ? s : (eg_add)(sum, s, NULL, 0);
    }
    return sum;
}

static eg_func *pullback_of(derivative *d, int result, int num, const int *args)
{
    const eg_gradient_options o = {.result = result,
                                   .num_args = num,
                                   .args = args,
                                   .pullback = true,
                                   .policy = d->o->policy,
                                   .every = d->o->every};
    return (eg_gradient)(d->f, &o, d->file, d->line);
}

/* A function x..., u, v... whose last result is J v of that result, whatever u is. */
static eg_func *tangent_of(derivative *d, int result)
{
    eg_spec extra[MOST + 1] = {eg_result_spec(d->f, result)};
    const int u = eg_num_args(d->f);
    for (int k = 0; k < d->num; k++) extra[k + 1] = eg_arg_spec(d->f, d->args[k]);
    eg_func *pullback = pullback_of(d, result, d->num, d->args), *sum = NULL, *made = NULL;
    if (pullback) sum = trace(d, "weighted", weighted, pullback, d->num + 1, extra);
    if (sum)
        made = (eg_gradient)(sum,
                             &(eg_gradient_options){
                                 .num_args = 1, .args = &u, .policy = d->o->policy, .every = d->o->every},
                             d->file, d->line);
    eg_func_free(pullback);
    eg_func_free(sum);
    return made;
}

/* x..., v... as x..., u, v... with any u. */
static eg_val with_covector(eg_context *eg, eg_val x, int n, int num, eg_spec u)
{
    eg_val v[3 * MOST];
    for (int k = 0; k < n; k++) v[k] = (eg_item)(x, k, NULL, 0);
    v[n] = (eg_zeros)(eg, u, NULL, 0);
    for (int k = 0; k < num; k++) v[n + 1 + k] = (eg_item)(x, n + k, NULL, 0);
    return (eg_tuple)(eg, n + 1 + num, v, NULL, 0);
}

static eg_val tangents(void *user, eg_val x)
{
    derivative *d = user;
    eg_context *eg = d->f->eg;
    eg_val v[MOST];
    for (int k = 0; k < d->num_floats; k++) {
        eg_spec u = eg_result_spec(d->f, d->floats[k]);
        eg_val y = call_aside(d->parts[k], with_covector(eg, x, eg_num_args(d->f), d->num, u));
        v[k] = (eg_item)(y, eg_num_results(d->parts[k]) - 1, NULL, 0);
    }
    return behind_results(d, x, d->num_floats, v);
}

eg_func *(eg_jvp)(eg_func *f, const eg_derivative_options *options, const char *file, int line)
{
    derivative d;
    if (!begin(&d, f, options, "eg_jvp", file, line)) return NULL;
    for (int k = 0; k < d.num; k++) d.extra[d.num_extra++] = eg_arg_spec(f, d.args[k]);
    for (int k = 0; k < d.num_floats && !f->eg->status; k++) d.parts[k] = tangent_of(&d, d.floats[k]);
    return finish(&d, tangents);
}

/* Derivatives that are arrays of one number for each pair of elements are of reals. */
static bool all_real(derivative *d, int result)
{
    bool real = result < 0 || result >= eg_num_results(d->f) || !egi_is_complex(eg_result_spec(d->f, result).dtype);
    for (int k = 0; k < d->num; k++) real = real && !egi_is_complex(eg_arg_spec(d->f, d->args[k]).dtype);
    return real || wrong(d, EG_ERR_TYPE,
                         "the result or an argument is complex; take real and imaginary part apart, by "
                         "eg_complex, eg_re and eg_im");
}

/* -- vector gradient ----------------------------------------------------------------------------------------------- */

static eg_val of_ones(void *user, eg_val x)
{
    derivative *d = user;
    eg_context *eg = d->f->eg;
    const int n = eg_num_args(d->f), m = eg_num_results(d->f);
    eg_val in[MOST + 1], v[MOST];
    for (int k = 0; k < n; k++) in[k] = (eg_item)(x, k, NULL, 0);
    in[n] = (eg_ones)(eg, eg_result_spec(d->f, d->o->result), NULL, 0);
    eg_val y = call_aside(d->parts[0], (eg_tuple)(eg, n + 1, in, NULL, 0));
    for (int k = 0; k < d->num; k++) v[k] = (eg_item)(y, m + k, NULL, 0);
    return behind_results(d, x, d->num, v);
}

eg_func *(eg_vector_gradient)(eg_func *f, const eg_derivative_options *options, const char *file, int line)
{
    derivative d;
    if (!begin(&d, f, options, "eg_vector_gradient", file, line) || !all_real(&d, d.o->result)) return NULL;
    d.parts[0] = pullback_of(&d, d.o->result, d.num, d.args);
    return finish(&d, of_ones);
}

/* -- Jacobians ----------------------------------------------------------------------------------------------------- */

/* Unit vectors [n, shape of s...]. */
static eg_val units(eg_context *eg, eg_spec s)
{
    int64_t dim[EG_MAX_RANK + 1], n = egi_spec_count(s);
    eg_val i = (eg_iota)(eg, n, EG_I64, NULL, 0);
    eg_val one = (eg_eq)((eg_new_axis)(i, 1, NULL, 0), (eg_new_axis)(i, 0, NULL, 0), NULL, 0);
    dim[0] = n;
    for (int k = 0; k < s.rank; k++) dim[k + 1] = s.dim[k];
    return (eg_reshape)((eg_convert)(one, s.dtype, NULL, 0), s.rank + 1, dim, NULL, 0);
}

/* The spec of a partial derivative: of result first, then of the argument. */
static eg_spec joined(eg_spec r, eg_spec a)
{
    for (int k = 0; k < a.rank; k++) r.dim[r.rank + k] = a.dim[k];
    r.rank += a.rank;
    return r;
}

static eg_val shaped(eg_val v, eg_spec s) { return (eg_reshape)(v, s.rank, s.dim, NULL, 0); }

/* Rows of argument k's Jacobian [R..., A...]: a pullback of each unit vector of the result. */
static eg_val by_rows(derivative *d, eg_val x, int k)
{
    eg_context *eg = d->f->eg;
    const int n = eg_num_args(d->f), m = eg_num_results(d->f);
    const eg_spec r = eg_result_spec(d->f, d->o->result), a = eg_arg_spec(d->f, d->args[k]);
    eg_val in[MOST + 1];
    for (int j = 0; j < n; j++) in[j] = (eg_item)(x, j, NULL, 0);
    in[n] = units(eg, r);
    eg_val y = call_aside(d->parts[0], (eg_tuple)(eg, n + 1, in, NULL, 0));
    return shaped((eg_item)(y, m + k, NULL, 0), joined(r, a));
}

/* The same by columns: tangents along unit vectors of the argument [A, R...], turned round. */
static eg_val by_columns(derivative *d, eg_val x, int k)
{
    eg_context *eg = d->f->eg;
    const int n = eg_num_args(d->f);
    const eg_spec r = eg_result_spec(d->f, d->o->result), a = eg_arg_spec(d->f, d->args[k]);
    eg_val in[MOST + 2];
    for (int j = 0; j < n; j++) in[j] = (eg_item)(x, j, NULL, 0);
    in[n] = (eg_zeros)(eg, r, NULL, 0);
    in[n + 1] = units(eg, a);
    eg_val y = call_aside(d->parts[k], (eg_tuple)(eg, n + 2, in, NULL, 0));
    const int64_t flat[] = {egi_spec_count(a), egi_spec_count(r)};
    const int swap[] = {1, 0};
    eg_val t = (eg_reshape)((eg_item)(y, eg_num_results(d->parts[k]) - 1, NULL, 0), 2, flat, NULL, 0);
    return shaped((eg_transpose)(t, 2, swap, NULL, 0), joined(r, a));
}

static eg_val partials(void *user, eg_val x)
{
    derivative *d = user;
    eg_val v[MOST];
    for (int k = 0; k < d->num; k++) v[k] = d->o->forward ? by_columns(d, x, k) : by_rows(d, x, k);
    return behind_results(d, x, d->num, v);
}

/* Copies of fn, which share all arguments but the last. */
static eg_func *copies(derivative *d, eg_func *fn, int64_t num)
{
    int shared[3 * MOST], n = fn ? eg_num_args(fn) - 1 : 0;
    if (!fn) return NULL;
    for (int k = 0; k < n; k++) shared[k] = k;
    /* They are no samples: what is averaged over samples stays so. */
    const eg_vmap_options o = {.num_shared = n, .shared = shared, .same_draws = true};
    eg_func *made = egi_vmap_func(fn, num, &o, true, d->file, d->line);
    eg_func_free(fn);
    return made;
}

static bool fits(derivative *d, int k)
{
    const eg_spec r = eg_result_spec(d->f, d->o->result), a = eg_arg_spec(d->f, d->args[k]);
    if (r.rank + a.rank > EG_MAX_RANK)
        return wrong(d, EG_ERR_SHAPE, "its result and argument have more axes together than an array can have");
    if (egi_spec_count(r) && egi_spec_count(a)) return true;
    return wrong(d, EG_ERR_SHAPE, "its result or argument has no elements");
}

static eg_func *jacobian(eg_func *f, const eg_derivative_options *options, const char *what, const char *file, int line)
{
    derivative d;
    if (!begin(&d, f, options, what, file, line)) return NULL;
    const int r = d.o->result;
    if (!all_real(&d, r)) return NULL;
    if (r < 0 || r >= eg_num_results(f) || !egi_is_float(eg_result_spec(f, r).dtype)) {
        wrong(&d, EG_ERR_ARGUMENT, "the result chosen is none of its floating ones");
        return NULL;
    }
    for (int k = 0; k < d.num; k++) {
        if (!fits(&d, k)) return NULL;
    }
    if (!d.o->forward) d.parts[0] = copies(&d, pullback_of(&d, r, d.num, d.args), egi_spec_count(eg_result_spec(f, r)));
    for (int k = 0; d.o->forward && k < d.num && !f->eg->status; k++) {
        derivative one = d;
        one.num = 1;
        one.args[0] = d.args[k];
        d.parts[k] = copies(&d, tangent_of(&one, r), egi_spec_count(eg_arg_spec(f, d.args[k])));
    }
    return finish(&d, partials);
}

eg_func *(eg_jacobian)(eg_func *f, const eg_derivative_options *options, const char *file, int line)
{
    return jacobian(f, options, "eg_jacobian", file, line);
}

/* -- Hessians ------------------------------------------------------------------------------------------------------ */

static eg_val seconds(void *user, eg_val x)
{
    derivative *d = user;
    eg_context *eg = d->f->eg;
    eg_val v[MOST];
    for (int k = 0; k < d->num; k++) {
        eg_val y = call_aside(d->parts[k], first_of(eg, x, eg_num_args(d->f)));
        v[k] = (eg_item)(y, eg_num_results(d->parts[k]) - 1, NULL, 0);
    }
    return behind_results(d, x, d->num, v);
}

eg_func *(eg_hessian)(eg_func *f, const eg_derivative_options *options, const char *file, int line)
{
    derivative d;
    if (!begin(&d, f, options, "eg_hessian", file, line) || !all_real(&d, d.o->result)) return NULL;
    for (int k = 0; k < d.num && !f->eg->status; k++) {
        const eg_gradient_options g = {
            .result = d.o->result, .num_args = 1, .args = &d.args[k], .policy = d.o->policy, .every = d.o->every};
        const eg_derivative_options j = {.result = eg_num_results(f),
                                         .num_args = 1,
                                         .args = &d.args[k],
                                         .forward = true,
                                         .policy = d.o->policy,
                                         .every = d.o->every};
        eg_func *gradient = (eg_gradient)(f, &g, file, line);
        if (gradient) d.parts[k] = jacobian(gradient, &j, "eg_hessian", file, line);
        eg_func_free(gradient);
    }
    return finish(&d, seconds);
}
