#include "loop_scene.h"

const double *f64(eg_history h, int rank, int64_t rows)
{
    ck_assert_int_eq(h.spec.dtype, EG_F64);
    ck_assert_int_eq(h.spec.rank, rank);
    ck_assert_int_eq(h.spec.dim[0], rows);
    return h.data;
}

static eg_val clock_update(eg_system *self, eg_shared s, eg_val x)
{
    eg_val v[] = {s.t, s.i, s.t64, s.dt, eg_full(eg_system_context(self), eg_scalar(EG_BOOL), s.fit), x};
    return eg_tuple(eg_system_context(self), eg_is_number(x, NULL) ? 5 : 6, v);
}
static const eg_class clock_class = {.name = "Clock", .update = clock_update};

eg_system *clock_of(eg_context *eg)
{
    return eg_system_new(eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64}), NULL, &clock_class, 0, NULL);
}

typedef struct adder {
    eg_var *V, *input, *w;
} adder;
static void adder_setup(eg_system *self)
{
    adder *a = eg_self(self);
    a->V = eg_add_variable(self, "V", eg_scalar(eg_float_type(self)), eg_init_constant(1));
    a->input = eg_add_input(self, "input", eg_scalar(eg_float_type(self)));
    a->w = eg_add_parameter(self, "w", eg_scalar(eg_float_type(self)), eg_init_constant(0.5));
}
static eg_val adder_update(eg_system *self, eg_shared s, eg_val x)
{
    adder *a = eg_self(self);
    (void)s;
    eg_accumulate(self, "input", x);
    eg_set(a->V, eg_add(eg_get(a->V), eg_mul(eg_get(a->w), eg_get(a->input))));
    return eg_mul(eg_get(a->V), 2);
}
const eg_class adder_class = {.name = "Adder", .size = sizeof(adder), .setup = adder_setup, .update = adder_update};

eg_system *adder_of(eg_context *eg)
{
    return eg_system_new(eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64}), "A", &adder_class, 0, NULL);
}
double value_of(eg_system *s, const char *path)
{
    double v = NAN;
    eg_read(eg_system_variable(s, path), &v, sizeof v);
    return v;
}
