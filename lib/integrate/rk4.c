/* The classical Runge-Kutta method of order 4 (Kutta, "Beitrag zur näherungsweisen Integration totaler
 * Differentialgleichungen", Zeitschrift für Mathematik und Physik 46, 1901). */
#include "engram/parallel.h"
#include "stepping.h"

/* All operations stand where the user asked for the step. */
#undef EG_HERE
#define EG_HERE s->file, s->line

/* Slopes of all equations where the integrated parts are y. */
static void slopes(const stepping *s, eg_val *part, const eg_val *y, eg_val *slope)
{
    for (int k = 0; k < s->end; k++) part[k] = y[k];
    for (int k = 0; k < s->end; k++) slope[k] = equation_at(s, k, joined(s, part));
}

/* x..., dt: the integrated parts after dt. */
static eg_val one_step(void *user, eg_val x)
{
    static const double along[] = {0.5, 0.5, 1}, weight[] = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6};
    const stepping *s = user;
    eg_val part[MOST], y[MOST], at[MOST], sum[MOST], slope[MOST], dt = eg_item(x, s->num);
    for (int k = 0; k < s->num; k++) at[k] = y[k] = part[k] = eg_item(x, k);
    for (int stage = 0; stage < 4 && !eg_error(s->eg); stage++) {
        slopes(s, part, at, slope);
        for (int k = 0; k < s->end; k++) {
            eg_val share = eg_mul(weight[stage], slope[k]);
            sum[k] = stage ? eg_add(sum[k], share) : share;
            if (stage < 3) at[k] = eg_add(y[k], eg_mul(eg_mul(along[stage], dt), slope[k]));
        }
    }
    if (eg_error(s->eg)) return eg_nothing();
    for (int k = 0; k < s->end; k++) y[k] = eg_add(y[k], eg_mul(dt, sum[k]));
    return s->end == 1 ? y[0] : eg_tuple(s->eg, s->end, y);
}

static eg_func *trace_step(stepping *s) { return trace_numbers(s, one_step); }

eg_val(eg_rk4)(eg_context *eg, int num, const eg_fn *f, void *user, eg_val x, eg_val dt, const char *file, int line)
{
    if (num < 1) eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_rk4: %d equations; give at least one", num);
    stepping s = {.eg = eg, .name = "eg_rk4", .file = file, .line = line, .end = num, .f = f, .user = user};
    return take_step(&s, x, dt, trace_step);
}
