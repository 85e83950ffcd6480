/* Kind `layer`: layers with given weights, of a batch; cells over time as well. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"

static eg_initializer weights(golden *g, const char *name)
{
    const golden_array *a = golden_has(g, "args", name) ? golden_input_array(g, "args", name) : NULL;
    return a ? eg_init_array(a->data, a->num) : eg_init_constant(0);
}

static int64_t whole(golden *g, const char *option) { return (int64_t)golden_param(g, "options", option, 0); }

/* -- making a layer ------------------------------------------------------------------------------------------------ */

static int numbers(golden *g, const char *option, int64_t *to)
{
    double x[3];
    const int n = golden_numbers(g, golden_entry(g, "options", option), x, 3);
    for (int k = 0; k < n; k++) to[k] = (int64_t)x[k];
    return n;
}

static void padding(golden *g, eg_conv_params *p)
{
    const json_t *v = golden_entry(g, "options", "padding");
    const char *name = json_string_value(v);
    if (name) {
        if (strcmp(name, "SAME") != 0 && strcmp(name, "VALID") != 0) golden_unsupported(g, "padding", name);
        p->padding = !strcmp(name, "SAME") ? EG_PAD_SAME : EG_PAD_VALID;
        return;
    }
    p->padding = EG_PAD_PAIRS;
    for (size_t k = 0; k < json_array_size(v) && k < 3; k++) {
        double pair[2] = {0};
        golden_numbers(g, json_array_get(v, k), pair, 2);
        for (int j = 0; j < 2; j++) p->pads[k][j] = (int64_t)pair[j];
    }
}

static eg_system *conv(golden *g, eg_system *net, const char *layer)
{
    eg_conv_params p = eg_conv_defaults();
    int64_t size[3] = {0}, in = whole(g, "in_channels"), out = whole(g, "out_channels");
    const int axes = numbers(g, "kernel_size", size);
    numbers(g, "strides", p.strides);
    numbers(g, "rhs_dilation", p.rhs_dilation);
    padding(g, &p);
    p.groups = whole(g, "groups");
    p.w = weights(g, "w");
    p.b = weights(g, "b");
    if (axes != layer[4] - '0') golden_fail(g, "a kernel of %d axes", axes);
    if (axes == 1) return eg_conv1d(net, "layer", in, out, size[0], &p);
    if (axes == 2) return eg_conv2d(net, "layer", in, out, size[0], size[1], &p);
    return eg_conv3d(net, "layer", in, out, size[0], size[1], size[2], &p);
}

static eg_system *dense(golden *g, eg_system *net)
{
    eg_dense_params p = {.W = weights(g, "W"), .b = weights(g, "b")};
    p.no_bias = golden_param(g, "options", "bias", 1) == 0;
    return eg_dense(net, "layer", whole(g, "num_in"), whole(g, "num_out"), &p);
}

static eg_system *cell(golden *g, eg_system *net, const char *layer)
{
    const int64_t in = whole(g, "num_in"), out = whole(g, "num_out");
    eg_cell_params p = {.Wi = weights(g, "Wi"), .Wh = weights(g, "Wh"), .b = weights(g, "b")};
    p.activation = json_string_value(golden_entry(g, "options", "activation"));
    if (!strcmp(layer, "RNNCell")) return eg_rnn_cell(net, "layer", in, out, &p);
    if (!strcmp(layer, "GRUCell")) return eg_gru_cell(net, "layer", in, out, &p);
    return eg_lstm_cell(net, "layer", in, out, &p);
}

/* -- running it ---------------------------------------------------------------------------------------------------- */

typedef struct scene {
    golden *g;
    eg_system *layer;
} scene;

static eg_val step(void *user, eg_val x)
{
    const scene *s = user;
    return eg_update(s->layer, eg_shared_at(s->layer, eg_int(0), eg_real(0.1)), x);
}

static eg_val step_of_loop(void *user, eg_val x)
{
    return eg_tuple(((scene *)user)->g->eg, 2, (eg_val[]){eg_nothing(), step(user, eg_item(x, 2))});
}

static eg_val over_time(void *user, eg_val x)
{
    const scene *s = user;
    eg_val n = eg_int(eg_spec_of(x).dim[0]);
    return eg_item(eg_loop(s->g->eg, n, step_of_loop, user, eg_nothing(), x), 1);
}

/* The results for a batch, [batch, ...] as x is; of the caller's to free. */
static double *run(const scene *s, const double *x, const golden_array *of, eg_spec sample, bool in_time, int64_t *num)
{
    eg_context *eg = s->g->eg;
    eg_func *f = eg_trace(eg, "layer", in_time ? over_time : step, (void *)(uintptr_t)s, 1, &sample);
    eg_func *all = eg_batched(s->layer, f, of->dim[in_time], NULL);
    const eg_spec y = eg_result_spec(all, 0);
    *num = 1;
    for (int k = 0; k < y.rank; k++) *num *= y.dim[k];
    double *out = y.rank < 0 ? NULL : calloc((size_t)(*num + 1), sizeof *out);
    if (out) eg_call(all, NULL, (const void *[]){x}, (void *[]){out}, NULL);
    if (eg_error(eg)) golden_fail(s->g, "%s", eg_message(eg));
    return out;
}

/* The first two axes, a and b long, are exchanged; of the caller's to free. */
static double *exchanged(const double *x, int64_t a, int64_t b, int64_t row)
{
    double *y = calloc((size_t)(a * b * row + 1), sizeof *y);
    for (int64_t k = 0; y && x && k < a * b; k++)
        memcpy(y + (k % b * a + k / b) * row, x + k * row, (size_t)row * sizeof *x);
    return y;
}

/* [batch, n] of the states, h before c. */
static void check_state(golden *g, eg_system *layer, int64_t batch)
{
    const int64_t n = eg_num(layer);
    const bool has_c = !strcmp(eg_class_of(layer)->name, "LSTMCell");
    const int64_t width = has_c ? 2 * n : n;
    double *all = calloc((size_t)(batch * width + 1), sizeof *all);
    for (int part = 0; all && part <= has_c; part++) {
        const double *from = eg_data(NULL, eg_batch_variable(layer, part ? "c" : "h", batch));
        for (int64_t k = 0; from && k < batch; k++)
            memcpy(all + k * width + part * n, from + k * n, (size_t)n * sizeof *all);
    }
    golden_check(g, "state", all, batch * width);
    free(all);
}

/* x [batch, ...]. */
static void at_once(const scene *s, const golden_array *x)
{
    eg_spec sample = {.dtype = EG_F64, .rank = x->rank - 1};
    int64_t num;
    memcpy(sample.dim, x->dim + 1, (size_t)sample.rank * sizeof *x->dim);
    double *y = run(s, x->data, x, sample, false, &num);
    golden_check(s->g, "y", y, num);
    free(y);
}

/* x [time, batch, in]. */
static void in_time(const scene *s, const golden_array *x)
{
    const int64_t steps = x->dim[0], batch = x->dim[1];
    int64_t num;
    double *by_batch = exchanged(x->data, steps, batch, x->dim[2]);
    double *y = run(s, by_batch, x, eg_matrix(EG_F64, steps, x->dim[2]), true, &num);
    double *by_time = exchanged(y, batch, steps, num / (steps * batch));
    golden_check(s->g, "y", by_time, num);
    if (!*s->g->why) check_state(s->g, s->layer, batch);
    free(by_batch);
    free(y);
    free(by_time);
}

void golden_layer(golden *g)
{
    const char *layer = golden_name(g, "layer");
    const golden_array *x = golden_input_array(g, "args", "x");
    eg_system *net = eg_network(g->eg, NULL, &(eg_network_options){.dtype = EG_F64});
    scene s = {.g = g};
    if (!x) return;
    const bool is_cell = !strcmp(layer, "RNNCell") || !strcmp(layer, "GRUCell") || !strcmp(layer, "LSTMCell");
    if (is_cell)
        s.layer = cell(g, net, layer);
    else if (!strcmp(layer, "Dense"))
        s.layer = dense(g, net);
    else if (!strcmp(layer, "Conv1D") || !strcmp(layer, "Conv2D") || !strcmp(layer, "Conv3D"))
        s.layer = conv(g, net, layer);
    else
        golden_unsupported(g, "layer", layer);
    if (!*g->why && !s.layer) golden_fail(g, "%s", eg_message(g->eg));
    if (*g->why) return;
    if (x->rank < 2 || (is_cell && x->rank != 3)) {
        golden_fail(g, "x has %d axes", x->rank);
        return;
    }
    if (is_cell)
        in_time(&s, x);
    else
        at_once(&s, x);
}
