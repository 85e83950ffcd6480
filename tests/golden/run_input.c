/* Kind `input`: currents over time. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"

enum { MOST = 64 };

/* Numbers of a list of the parameters. */
static int list(golden *g, const char *name, double *to)
{
    const json_t *l = json_object_get(json_object_get(g->run, "params"), name);
    int n = (int)json_array_size(l);
    if (n > MOST) golden_fail(g, "'%s' has %d numbers", name, n);
    for (int k = 0; k < n && k < MOST; k++) to[k] = json_number_value(json_array_get(l, (size_t)k));
    return n;
}

/* Values that may be lists: those of the longest, the others repeated.  Gives their width, 0 for plain numbers. */
static int64_t section_values(golden *g, int num, double *to)
{
    const json_t *l = json_object_get(json_object_get(g->run, "params"), "values");
    size_t width = 0;
    for (int k = 0; k < num; k++) {
        size_t n = json_array_size(json_array_get(l, (size_t)k));
        if (n > width) width = n;
    }
    size_t each = width ? width : 1;
    if (each * (size_t)num > MOST * MOST) golden_fail(g, "too many values");
    for (size_t k = 0; k < (size_t)num && !*g->why; k++) {
        const json_t *v = json_array_get(l, k);
        for (size_t j = 0; j < each; j++)
            to[k * each + j] = json_number_value(json_is_array(v) ? json_array_get(v, j) : v);
    }
    return (int64_t)width;
}

static double number(golden *g, const char *name) { return golden_param(g, "params", name, 0); }

static eg_array *make(golden *g, const char *f, const eg_input_options *o)
{
    eg_context *eg = g->eg;
    double a[MOST], b[MOST], c[MOST], values[MOST * MOST];
    double from = number(g, "t_start"), to = number(g, "t_end"), duration = number(g, "duration");
    bool bias = number(g, "bias") != 0;
    if (!strcmp(f, "section_input") || !strcmp(f, "constant_input")) {
        int n = list(g, "durations", a);
        int64_t width = section_values(g, n, values);
        return eg_section_input(eg, n, values, width, a, o);
    }
    if (!strcmp(f, "spike_input")) {
        int n = list(g, "sp_times", a);
        if (list(g, "sp_lens", b) != n || list(g, "sp_sizes", c) != n) golden_fail(g, "lists differ in length");
        return eg_spike_input(eg, n, a, b, c, duration, o);
    }
    if (!strcmp(f, "ramp_input"))
        return eg_ramp_input(eg, number(g, "c_start"), number(g, "c_end"), duration, from, to, o);
    if (!strcmp(f, "sinusoidal_input"))
        return eg_sinusoidal_input(eg, number(g, "amplitude"), number(g, "frequency"), duration, from, to, bias, o);
    if (!strcmp(f, "square_input"))
        return eg_square_input(eg, number(g, "amplitude"), number(g, "frequency"), duration, from, to, bias, o);
    golden_unsupported(g, "function", f);
    return NULL;
}

void golden_input(golden *g)
{
    eg_input_options o = {.dt = golden_number(g, "dt"), .dtype = EG_F64};
    eg_array *a = make(g, golden_name(g, "function"), &o);
    if (eg_error(g->eg)) golden_fail(g, "%s", eg_message(g->eg));
    if (!a) return;
    eg_spec s = eg_array_spec(a);
    golden_check(g, "current", eg_array_data(a), s.dim[0] * (s.rank > 1 ? s.dim[1] : 1));
}
