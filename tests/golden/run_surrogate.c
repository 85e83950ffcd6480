/* Kind `surrogate`: spikes of given numbers, and their gradients. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"

/* A spike of one or two inputs. */
typedef struct spike {
    golden *g;
    eg_surrogate s;
    bool two;
} spike;

static eg_val spike_fn(void *user, eg_val x)
{
    const spike *k = user;
    if (!k->two) return eg_spike(k->g->eg, x, k->s);
    return eg_spike2(k->g->eg, eg_item(x, 0), eg_item(x, 1), k->s);
}

/* The function with the parameters of the case. */
static eg_surrogate surrogate_of(golden *g, const char *name)
{
    eg_surrogate_param params[EG_SURROGATE_PARAMS];
    int num = 0;
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(g->run, "params"), key, v)
    {
        if (num == EG_SURROGATE_PARAMS) break; /* the rest is never looked up */
        params[num++] = (eg_surrogate_param){key, golden_param(g, "params", key, 0)};
    }
    eg_surrogate s = eg_surrogate_named(g->eg, name, num, params);
    if (eg_error(g->eg)) golden_unsupported(g, "function", eg_message(g->eg));
    return s;
}

/* The spike's value and pullback of d (NULL: of ones), each n numbers of the caller's to free; out[0] the value, then a
 * gradient for each input. */
static void run(spike *k, int64_t n, const golden_array *const *x, const double *d, double **out)
{
    eg_context *eg = k->g->eg;
    int inputs = k->two ? 2 : 1;
    eg_spec specs[] = {eg_vector(EG_F64, n), eg_vector(EG_F64, n)};
    eg_func *f = eg_trace(eg, "spike", spike_fn, k, inputs, specs);
    eg_func *df = eg_gradient(f, &(eg_gradient_options){.pullback = true});
    double *ones = malloc((size_t)(n + 1) * sizeof *ones);
    for (int64_t j = 0; ones && j < n; j++) ones[j] = 1;
    for (int j = 0; j <= inputs; j++) out[j] = calloc((size_t)(n + 1), sizeof **out);
    const void *in[3] = {x[0]->data, k->two ? x[1]->data : NULL};
    in[inputs] = d ? d : ones;
    eg_call(df, NULL, in, (void *const *)out, NULL);
    if (eg_error(eg)) golden_fail(k->g, "%s", eg_message(eg));
    free(ones);
}

static void discard(double **out)
{
    for (int j = 0; j < 3; j++) free(out[j]);
}

static void one(golden *g, spike *k)
{
    const golden_array *x = golden_input_array(g, "inputs", "x"), *dz = golden_input_array(g, "inputs", "dz");
    if (!x || !dz) return;
    if (x->num != dz->num) golden_fail(g, "x has %lld numbers, dz %lld", (long long)x->num, (long long)dz->num);
    if (*g->why) return;
    double *unit[3] = {NULL}, *given[3] = {NULL}, *smooth[3] = {NULL};
    run(k, x->num, &x, NULL, unit);
    run(k, x->num, &x, dz->data, given);
    golden_check(g, "spike", unit[0], x->num);
    golden_check(g, "grad", unit[1], x->num);
    golden_check(g, "vjp", given[1], x->num);
    if (golden_has(g, "outputs", "origin")) {
        k->s.origin = true;
        run(k, x->num, &x, dz->data, smooth);
        golden_check(g, "origin", smooth[0], x->num);
        golden_check(g, "vjp", smooth[1], x->num); /* which does not change */
    }
    discard(unit);
    discard(given);
    discard(smooth);
}

static void two(golden *g, spike *k)
{
    const golden_array *x[] = {golden_input_array(g, "inputs", "x_new"), golden_input_array(g, "inputs", "x_old")};
    if (!x[0] || !x[1]) return;
    if (x[0]->num != x[1]->num) golden_fail(g, "x_new and x_old differ in length");
    if (*g->why) return;
    double *out[3] = {NULL};
    k->two = true;
    run(k, x[0]->num, x, NULL, out);
    golden_check(g, "spike", out[0], x[0]->num);
    golden_check(g, "grad_new", out[1], x[0]->num);
    golden_check(g, "grad_old", out[2], x[0]->num);
    discard(out);
}

void golden_surrogate(golden *g)
{
    const char *name = golden_name(g, "function");
    spike k = {.g = g, .s = surrogate_of(g, name)};
    if (*g->why) return;
    if (golden_has(g, "inputs", "x_new"))
        two(g, &k);
    else
        one(g, &k);
}
