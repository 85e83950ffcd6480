/* Long short-term memory. */
#include "cell.h"

static void setup(eg_system *self) { cell_setup(self, 4, "tanh", eg_init_xavier_normal(), true); }

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    cell *l = eg_self(self);
    eg_val in = cell_input(self, x);
    (void)s;
    if (eg_tuple_size(in) == 0) return in;
    eg_val all = eg_add(in, eg_dot(eg_get(l->h), eg_get(l->Wh)));
    eg_val i = eg_sigmoid(cell_gates(self, all, 0, 1)), g = cell_f(self, cell_gates(self, all, 1, 1));
    eg_val f = eg_sigmoid(eg_add(cell_gates(self, all, 2, 1), 1)), o = eg_sigmoid(cell_gates(self, all, 3, 1));
    eg_val c = eg_add(eg_mul(f, eg_get(l->c)), eg_mul(i, g)), h = eg_mul(o, cell_f(self, c));
    eg_set(l->c, c);
    eg_set(l->h, h);
    return h;
}

static const eg_class lstm_class = {.name = "LSTMCell",
                                    .role = EG_LAYER,
                                    .size = sizeof(cell),
                                    .setup = setup,
                                    .update = update,
                                    .reset_state = cell_reset,
                                    .begin = cell_begin};

eg_system *(eg_lstm_cell)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out,
                          const eg_cell_params *params, const char *file, int line)
{
    return cell_make(parent, name, &lstm_class, num_in, num_out, params, file, line);
}
