#include "layers.h"

#include <string.h>

typedef struct layer {
    golden *g;
    int64_t num_in, num_out;
    eg_val (*activation)(eg_val x, const char *file, int line);
    eg_var *W, *Wi, *Wh, *b, *state;
} layer;

/* The array of that name in `args`. */
static eg_var *weight(eg_system *self, const char *name)
{
    layer *l = eg_self(self);
    const golden_array *a = golden_input_array(l->g, "args", name);
    if (!a) return NULL;
    eg_spec s = {.dtype = EG_F64, .rank = a->rank};
    for (int k = 0; k < a->rank; k++) s.dim[k] = a->dim[k];
    return eg_add_parameter(self, name, s, eg_init_array(a->data, a->num));
}

/* -- y = x W + b ------------------------------------------------------------------------------------------------------
 */

static void dense_setup(eg_system *self)
{
    layer *l = eg_self(self);
    l->W = weight(self, "W");
    l->b = weight(self, "b");
}

static eg_val dense_update(eg_system *self, eg_shared s, eg_val x)
{
    const layer *l = eg_self(self);
    (void)s;
    return eg_add(eg_dot(x, eg_get(l->W)), eg_get(l->b));
}

static const eg_class dense = {
    .name = "Dense", .role = EG_OTHER, .size = sizeof(layer), .setup = dense_setup, .update = dense_update};

/* -- cells ------------------------------------------------------------------------------------------------------------
 */

static void cell_weights(eg_system *self, int64_t states)
{
    layer *l = eg_self(self);
    l->Wi = weight(self, "Wi");
    l->Wh = weight(self, "Wh");
    l->b = weight(self, "b");
    l->state = eg_add_variable(self, "state", eg_vector(EG_F64, states * l->num_out), eg_init_constant(0));
}

static eg_val fed(const layer *l, eg_val x, eg_val h)
{
    return eg_add(eg_add(eg_dot(x, eg_get(l->Wi)), eg_get(l->b)), eg_dot(h, eg_get(l->Wh)));
}

static void rnn_setup(eg_system *self) { cell_weights(self, 1); }

static eg_val rnn_update(eg_system *self, eg_shared s, eg_val x)
{
    const layer *l = eg_self(self);
    (void)s;
    eg_val h = l->activation(fed(l, x, eg_get(l->state)), __FILE__, __LINE__);
    eg_set(l->state, h);
    return h;
}

static const eg_class rnn = {
    .name = "RNNCell", .role = EG_OTHER, .size = sizeof(layer), .setup = rnn_setup, .update = rnn_update};

static void lstm_setup(eg_system *self) { cell_weights(self, 2); }

static eg_val sigmoid(eg_val x) { return eg_div(1, eg_add(1, eg_exp(eg_neg(x)))); }

/* state = [h, c] */
static eg_val lstm_update(eg_system *self, eg_shared s, eg_val x)
{
    const layer *l = eg_self(self);
    int64_t n = l->num_out;
    (void)s;
    eg_val state = eg_get(l->state), c = eg_slice(state, 0, n, 2 * n, 1), gate[4];
    eg_val all = fed(l, x, eg_slice(state, 0, 0, n, 1));
    for (int k = 0; k < 4; k++) gate[k] = eg_slice(all, 0, k * n, (k + 1) * n, 1);
    eg_val new = l->activation(gate[1], __FILE__, __LINE__);
    c = eg_add(eg_mul(sigmoid(eg_add(gate[2], 1)), c), eg_mul(sigmoid(gate[0]), new));
    eg_val h = eg_mul(sigmoid(gate[3]), l->activation(c, __FILE__, __LINE__));
    eg_set(l->state, eg_concat(0, h, c));
    return h;
}

static const eg_class lstm = {
    .name = "LSTMCell", .role = EG_OTHER, .size = sizeof(layer), .setup = lstm_setup, .update = lstm_update};

/* -- by name ----------------------------------------------------------------------------------------------------------
 */

static eg_val relu(eg_val x, const char *file, int line) { return (eg_max)(x, eg_real(0), file, line); }
static eg_val tanh_of(eg_val x, const char *file, int line) { return (eg_tanh)(x, file, line); }

eg_system *golden_layer(golden *g, eg_system *net, const char *name)
{
    static const eg_class *const classes[] = {&dense, &rnn, &lstm};
    layer l = {.g = g, .num_in = (int64_t)golden_number(g, "num_in"), .num_out = (int64_t)golden_number(g, "num_out")};
    if (golden_has(g, "activation", NULL))
        l.activation = !strcmp(golden_name(g, "activation"), "relu")   ? relu
                       : !strcmp(golden_name(g, "activation"), "tanh") ? tanh_of
                                                                       : NULL;
    for (size_t k = 0; k < sizeof classes / sizeof *classes; k++) {
        if (strcmp(classes[k]->name, name) != 0) continue;
        if (k > 0 && !l.activation) golden_unsupported(g, "activation", golden_name(g, "activation"));
        return *g->why ? NULL : eg_system_new(net, "L", classes[k], 0, &l);
    }
    golden_unsupported(g, "layer", name);
    return NULL;
}
