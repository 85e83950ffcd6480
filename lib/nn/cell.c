/* What recurrent cells share: weights, a state that may be learned, gates side by side. */
#include "cell.h"

#include "engram/parallel.h"

eg_cell_params eg_cell_defaults(void) { return (eg_cell_params){0}; }

/* What the parameter holds now as the initial value of a state: new states then begin as it says. */
static eg_initializer same_as(eg_system *self, eg_var *v, double **copy)
{
    const int64_t n = eg_num(self);
    const void *from = eg_data(NULL, v);
    *copy = from ? eg_alloc(eg_system_context(self), n, sizeof **copy) : NULL;
    if (!*copy) return eg_init_constant(0);
    for (int64_t k = 0; k < n; k++)
        (*copy)[k] = eg_float_type(self) == EG_F64 ? ((const double *)from)[k] : ((const float *)from)[k];
    return eg_init_array(*copy, n);
}

static void add_state(eg_system *self, const char *name, const char *learned, eg_var **state, eg_var **from)
{
    const cell *c = eg_self(self);
    double *copy = NULL;
    eg_initializer init = c->p.state;
    if (c->p.train_state) {
        *from = eg_add_parameter(self, learned, eg_floats(self), init);
        init = same_as(self, *from, &copy);
    }
    *state = eg_add_variable(self, name, eg_floats(self), init);
    eg_release(eg_system_context(self), copy);
    if (*from) eg_reset_from(self, NULL, name, learned); /* batches made later begin with what was learned by then */
}

void cell_setup(eg_system *self, int gates, const char *activation, eg_initializer weights, bool has_c)
{
    cell *c = eg_self(self);
    int line;
    const char *file = eg_system_place(self, &line);
    if (!layer_size(self, "num_in", c->num_in) || !layer_size(self, "num_out", c->num_out)) return;
    c->f = (eg_activation_by_name)(eg_system_context(self), c->p.activation ? c->p.activation : activation, file, line);
    c->p.activation = NULL; /* the user's text lasts for the call only */
    const int64_t width = gates * c->num_out;
    const eg_dtype type = eg_float_type(self);
    c->Wi = eg_add_parameter(self, "Wi", eg_matrix(type, c->num_in, width), layer_init(c->p.Wi, weights));
    c->Wh = eg_add_parameter(self, "Wh", eg_matrix(type, c->num_out, width), layer_init(c->p.Wh, weights));
    if (!c->p.no_bias) c->b = eg_add_parameter(self, "b", eg_vector(type, width), c->p.b);
    add_state(self, "h", "h0", &c->h, &c->h0);
    if (has_c) add_state(self, "c", "c0", &c->c, &c->c0);
}

void cell_begin(eg_system *self)
{
    const cell *c = eg_self(self);
    if (c->h0) eg_set(c->h, eg_get(c->h0));
    if (c->c0) eg_set(c->c, eg_get(c->c0));
}

void cell_reset(eg_system *self, eg_state *state)
{
    const cell *c = eg_self(self);
    if (c->h0) eg_reset_from(self, state, "h", "h0");
    if (c->c0) eg_reset_from(self, state, "c", "c0");
}

eg_val cell_input(eg_system *self, eg_val x)
{
    const cell *c = eg_self(self);
    const eg_spec in = eg_spec_of(x = layer_input(self, x));
    if (in.rank != 1 || in.dim[0] != c->num_in)
        return layer_refuse(self, x, "it must be [num_in], %lld", (long long)c->num_in);
    eg_val y = eg_dot(x, eg_get(c->Wi));
    return c->b ? eg_add(y, eg_get(c->b)) : y;
}

eg_val cell_gates(eg_system *self, eg_val all, int k, int n)
{
    const int64_t size = eg_num(self);
    return eg_slice(all, -1, k * size, (k + n) * size, 1);
}

eg_val cell_f(eg_system *self, eg_val x)
{
    const cell *c = eg_self(self);
    int line;
    const char *file = eg_system_place(self, &line);
    return c->f(x, file, line);
}

eg_system *cell_make(eg_system *parent, const char *name, const eg_class *type, int64_t num_in, int64_t num_out,
                     const eg_cell_params *params, const char *file, int line)
{
    cell c = {.p = params ? *params : eg_cell_defaults(), .num_in = num_in, .num_out = num_out};
    return (eg_system_new)(parent, name, type, layer_num(num_out), &c, file, line);
}
