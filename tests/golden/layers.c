#include "layers.h"

#include <string.h>

static eg_initializer init_of(golden *g, const golden_weights *w, const char *name)
{
    const golden_array *a = name ? golden_input_array(g, w->map, name) : NULL;
    return a ? eg_init_array(a->data, a->num) : eg_init_constant(0);
}

/* An extent of a weight; 0 after an error. */
static int64_t extent(golden *g, const golden_weights *w, const char *name, int axis)
{
    const golden_array *a = name ? golden_input_array(g, w->map, name) : NULL;
    if (a && a->rank == 2) return a->dim[axis];
    golden_fail(g, "weight %s is no matrix", name ? name : "NULL");
    return 0;
}

eg_system *golden_weighted(golden *g, eg_system *parent, const char *name, const char *layer, const golden_weights *w)
{
    if (!strcmp(layer, "Dense")) {
        eg_dense_params p = {.W = init_of(g, w, w->W), .b = init_of(g, w, w->b)};
        return eg_dense(parent, name, extent(g, w, w->W, 0), extent(g, w, w->W, 1), &p);
    }
    eg_cell_params p = {.Wi = init_of(g, w, w->Wi), .Wh = init_of(g, w, w->Wh), .b = init_of(g, w, w->b)};
    int64_t in = extent(g, w, w->Wi, 0), out = extent(g, w, w->Wh, 0);
    if (golden_has(g, "activation", NULL)) p.activation = golden_name(g, "activation");
    if (!strcmp(layer, "RNNCell")) return eg_rnn_cell(parent, name, in, out, &p);
    if (!strcmp(layer, "GRUCell")) return eg_gru_cell(parent, name, in, out, &p);
    if (!strcmp(layer, "LSTMCell")) return eg_lstm_cell(parent, name, in, out, &p);
    golden_unsupported(g, "layer", layer);
    return NULL;
}

/* -- with one state ------------------------------------------------------------------------------------------------ */

typedef struct kept {
    golden *g;
    const char *layer;
    eg_system *inner;
    eg_var *state;
} kept;

static bool has_c(const kept *k) { return !strcmp(k->layer, "LSTMCell"); }

static void setup(eg_system *self)
{
    static const golden_weights dense = {.map = "args", .W = "W", .b = "b"},
                                cell = {.map = "args", .Wi = "Wi", .Wh = "Wh", .b = "b"};
    kept *k = eg_self(self);
    bool is_dense = !strcmp(k->layer, "Dense");
    k->inner = golden_weighted(k->g, self, "inner", k->layer, is_dense ? &dense : &cell);
    int64_t num = eg_num(k->inner) * (1 + has_c(k));
    if (k->inner && !is_dense) k->state = eg_add_variable(self, "state", eg_vector(EG_F64, num), eg_init_constant(0));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    const kept *k = eg_self(self);
    eg_val y = eg_update(k->inner, s, x);
    if (!k->state) return y;
    eg_val h = eg_value(k->inner, "h");
    eg_set(k->state, has_c(k) ? eg_concat(0, h, eg_value(k->inner, "c")) : h);
    return y;
}

static const eg_class kept_class = {
    .name = "Kept", .role = EG_OTHER, .size = sizeof(kept), .setup = setup, .update = update};

eg_system *golden_cell(golden *g, eg_system *net, const char *layer)
{
    golden_number(g, "num_in"); /* the weights have them */
    golden_number(g, "num_out");
    return *g->why ? NULL : eg_system_new(net, "L", &kept_class, 0, &(kept){.g = g, .layer = layer});
}
