/* Gated recurrent units. */
#include "cell.h"

static void setup(eg_system *self) { cell_setup(self, 3, "tanh", eg_init_orthogonal(1), false); }

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    cell *c = eg_self(self);
    eg_val in = cell_input(self, x);
    (void)s;
    if (eg_tuple_size(in) == 0) return in;
    eg_val h = eg_get(c->h), Wh = eg_get(c->Wh);
    /* One product for both gates; the third needs the reset gate first. */
    eg_val zr = eg_sigmoid(eg_add(cell_gates(self, in, 0, 2), eg_dot(h, cell_gates(self, Wh, 0, 2))));
    eg_val z = cell_gates(self, zr, 0, 1), r = cell_gates(self, zr, 1, 1);
    eg_val a = cell_f(self, eg_add(cell_gates(self, in, 2, 1), eg_dot(eg_mul(r, h), cell_gates(self, Wh, 2, 1))));
    h = eg_add(eg_mul(eg_sub(1, z), h), eg_mul(z, a));
    eg_set(c->h, h);
    return h;
}

static const eg_class gru_class = {.name = "GRUCell",
                                   .role = EG_LAYER,
                                   .size = sizeof(cell),
                                   .setup = setup,
                                   .update = update,
                                   .reset_state = cell_reset,
                                   .begin = cell_begin};

eg_system *(eg_gru_cell)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out,
                         const eg_cell_params *params, const char *file, int line)
{
    return cell_make(parent, name, &gru_class, num_in, num_out, params, file, line);
}
