/* Exponential Euler.
 *
 * The equation is traced for single numbers, differentiated, put into a step of single numbers, and eg_vmap() makes the
 * step of all elements: a derivative that is the same for all, as that of a linear equation is, stays one number, and
 * so does phi of it. */
#include <limits.h>

#include "engram/transform.h"
#include "stepping.h"

/* All operations stand where the user asked for the step. */
#undef EG_HERE
#define EG_HERE s->file, s->line

static const double most_growth = 30; /* of dt L: e^30 = 1e13 */

static eg_val equation(void *user, eg_val x) { return equation_at(user, 0, x); }

/* x..., dt: y after dt. */
static eg_val one_step(void *user, eg_val x)
{
    const stepping *s = user;
    eg_val part[MOST];
    for (int k = 0; k < s->num; k++) part[k] = eg_item(x, k);
    eg_val dt = eg_item(x, s->num);
    eg_val both = eg_apply(s->equation, joined(s, part));
    eg_val z = eg_mul(dt, eg_item(both, 1));
    eg_val phi = eg_exprel(eg_where(eg_gt(z, most_growth), most_growth, z));
    return eg_add(part[s->k], eg_mul(eg_mul(dt, phi), eg_item(both, 0)));
}

static eg_func *trace_step(stepping *s)
{
    eg_spec arg[MOST + 1];
    number_specs(s, arg);
    eg_func *f = eg_trace(s->eg, "equation", equation, s, s->num, arg);
    const eg_gradient_options by = {.num_args = 1, .args = &s->k};
    s->equation = f ? eg_gradient(f, &by) : NULL;
    eg_func *step = s->equation ? trace_numbers(s, one_step) : NULL;
    eg_func_free(f);
    eg_func_free(s->equation);
    return step;
}

eg_val(eg_exp_euler)(eg_context *eg, eg_fn f, void *user, eg_val x, int k, eg_val dt, const char *file, int line)
{
    stepping s = {.eg = eg,
                  .name = "eg_exp_euler",
                  .file = file,
                  .line = line,
                  .k = k,
                  .end = k + (k < INT_MAX),
                  .f = &f,
                  .user = user};
    return take_step(&s, x, dt, trace_step);
}
