/* Recurrent cells without gates. */
#include "cell.h"

static void setup(eg_system *self) { cell_setup(self, 1, "relu", eg_init_xavier_normal(), false); }

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    cell *c = eg_self(self);
    eg_val in = cell_input(self, x);
    (void)s;
    if (eg_tuple_size(in) == 0) return in;
    eg_val h = cell_f(self, eg_add(in, eg_dot(eg_get(c->h), eg_get(c->Wh))));
    eg_set(c->h, h);
    return h;
}

static const eg_class rnn_class = {.name = "RNNCell",
                                   .role = EG_LAYER,
                                   .size = sizeof(cell),
                                   .setup = setup,
                                   .update = update,
                                   .reset_state = cell_reset,
                                   .begin = cell_begin};

eg_system *(eg_rnn_cell)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out,
                         const eg_cell_params *params, const char *file, int line)
{
    return cell_make(parent, name, &rnn_class, num_in, num_out, params, file, line);
}
