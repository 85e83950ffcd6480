/* Functions as layers: any, and the shape of what goes through. */
#include "layer.h"

typedef struct fun_layer {
    eg_fn fn;
    void *user;
} fun_layer;

static void fun_setup(eg_system *self)
{
    const fun_layer *l = eg_self(self);
    if (!l->fn) eg_system_fail(self, EG_ERR_ARGUMENT, "its function is NULL; give it one");
}

static eg_val fun_update(eg_system *self, eg_shared s, eg_val x)
{
    const fun_layer *l = eg_self(self);
    (void)s;
    return l->fn(l->user, x);
}

static const eg_class fun_class = {
    .name = "FunLayer", .role = EG_LAYER, .size = sizeof(fun_layer), .setup = fun_setup, .update = fun_update};

eg_system *(eg_fun_layer)(eg_system *parent, const char *name, eg_fn fn, void *user, const char *file, int line)
{
    return (eg_system_new)(parent, name, &fun_class, 0, &(fun_layer){fn, user}, file, line);
}

static eg_val flat_update(eg_system *self, eg_shared s, eg_val x)
{
    const eg_spec in = eg_spec_of(x = layer_input(self, x));
    int64_t num = 1;
    (void)s;
    if (in.rank < 0) return eg_nothing();
    for (int k = 0; k < in.rank; k++) num *= in.dim[k];
    return in.rank == 1 ? x : eg_reshape(x, num);
}

static const eg_class flat_class = {.name = "Flatten", .role = EG_LAYER, .update = flat_update};

eg_system *(eg_flatten)(eg_system *parent, const char *name, const char *file, int line)
{
    return (eg_system_new)(parent, name, &flat_class, 0, NULL, file, line);
}
