/* Dense layers. */
#include "layer.h"

typedef struct dense {
    eg_dense_params p;
    int64_t num_in, num_out;
    eg_var *W, *b;
} dense;

eg_dense_params eg_dense_defaults(void) { return (eg_dense_params){.W = eg_init_xavier_normal()}; }

static void setup(eg_system *self)
{
    dense *d = eg_self(self);
    if (!layer_size(self, "num_in", d->num_in) || !layer_size(self, "num_out", d->num_out)) return;
    eg_initializer W = layer_init(d->p.W, eg_init_xavier_normal());
    d->W = eg_add_parameter(self, "W", eg_matrix(eg_float_type(self), d->num_in, d->num_out), W);
    if (!d->p.no_bias) d->b = eg_add_parameter(self, "b", eg_floats(self), d->p.b);
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    const dense *d = eg_self(self);
    const eg_spec in = eg_spec_of(x = layer_input(self, x));
    (void)s;
    if (in.rank < 1 || in.dim[in.rank - 1] != d->num_in)
        return layer_refuse(self, x, "its last extent must be num_in, %lld", (long long)d->num_in);
    eg_val y = eg_dot(x, eg_get(d->W));
    return d->b ? eg_add(y, eg_get(d->b)) : y;
}

static const eg_class dense_class = {
    .name = "Dense", .role = EG_LAYER, .size = sizeof(dense), .setup = setup, .update = update};

eg_system *(eg_dense)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out,
                      const eg_dense_params *params, const char *file, int line)
{
    dense d = {.p = params ? *params : eg_dense_defaults(), .num_in = num_in, .num_out = num_out};
    return (eg_system_new)(parent, name, &dense_class, layer_num(num_out), &d, file, line);
}
