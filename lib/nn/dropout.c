/* Dropout. */
#include "engram/random.h"
#include "layer.h"

typedef struct dropout {
    double keep;
} dropout;

static void setup(eg_system *self)
{
    const dropout *d = eg_self(self);
    eg_check_param(self, d->keep > 0 && d->keep <= 1, "keep", d->keep,
                   "use the probability with which an element is kept, above 0 and at most 1");
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    const dropout *d = eg_self(self);
    eg_spec in = eg_spec_of(x = layer_input(self, x));
    if (in.rank < 0 || !s.fit || d->keep == 1) return x;
    in.dtype = EG_BOOL;
    return eg_where(eg_bernoulli(eg_system_context(self), in, d->keep), eg_div(x, d->keep), 0);
}

static const eg_class dropout_class = {
    .name = "Dropout", .role = EG_LAYER, .size = sizeof(dropout), .setup = setup, .update = update};

eg_system *(eg_dropout)(eg_system *parent, const char *name, double keep, const char *file, int line)
{
    return (eg_system_new)(parent, name, &dropout_class, 0, &(dropout){keep}, file, line);
}
