/* Activation functions as layers. */
#include <math.h>
#include <string.h>

#include "layer.h"

typedef struct activation activation;
typedef eg_val apply_fn(const activation *a, eg_val x, const char *file, int line);

struct activation {
    eg_activation_params p;
    const char *function; /* lasts for the setup only */
    eg_activation_fn fn;
    apply_fn *apply; /* of those with numbers */
};

eg_activation_params eg_activation_defaults(void)
{
    return (eg_activation_params){.alpha = 1, .slope = 0.01, .epsilon = 1e-5, .axis = -1};
}

#define APPLY(name, call)                                                                                              \
    static eg_val name(const activation *a, eg_val x, const char *file, int line) { return call; }
APPLY(celu, (eg_celu)(x, a->p.alpha, file, line))
APPLY(elu, (eg_elu)(x, a->p.alpha, file, line))
APPLY(leaky_relu, (eg_leaky_relu)(x, a->p.slope, file, line))
APPLY(softmax, (eg_softmax)(x, a->p.axis, file, line))
APPLY(log_softmax, (eg_log_softmax)(x, a->p.axis, file, line))
APPLY(normalize, (eg_normalize)(x, a->p.axis, a->p.epsilon, file, line))
APPLY(glu, (eg_glu)(x, a->p.axis, file, line))

static const struct {
    const char *name;
    apply_fn *apply;
} table[] = {{"celu", celu},
             {"elu", elu},
             {"leaky_relu", leaky_relu},
             {"softmax", softmax},
             {"log_softmax", log_softmax},
             {"normalize", normalize},
             {"glu", glu}};

/* Of any function: they are the defaults where it has none. */
static bool check(eg_system *self, const eg_activation_params *p)
{
    return eg_check_param(self, p->alpha > 0 && isfinite(p->alpha), "alpha", p->alpha, "use a number above 0") &&
           eg_check_param(self, isfinite(p->slope), "slope", p->slope, "use a finite number") &&
           eg_check_param(self, p->epsilon >= 0 && isfinite(p->epsilon), "epsilon", p->epsilon,
                          "use a number of at least 0") &&
           eg_check_param(self, p->axis >= -EG_MAX_RANK && p->axis < EG_MAX_RANK, "axis", p->axis,
                          "use an axis of a sample, -1 for the last");
}

static void setup(eg_system *self)
{
    activation *a = eg_self(self);
    int line;
    if (!check(self, &a->p)) return;
    const char *file = eg_system_place(self, &line);
    a->fn = (eg_activation_by_name)(eg_system_context(self), a->function, file, line);
    for (size_t k = 0; a->function && k < sizeof table / sizeof *table; k++) {
        if (!strcmp(table[k].name, a->function)) a->apply = table[k].apply;
    }
    a->function = NULL;
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    const activation *a = eg_self(self);
    int line;
    const char *file = eg_system_place(self, &line);
    (void)s;
    x = layer_input(self, x);
    return a->apply ? a->apply(a, x, file, line) : a->fn(x, file, line);
}

static const eg_class activation_class = {
    .name = "Activation", .role = EG_LAYER, .size = sizeof(activation), .setup = setup, .update = update};

eg_system *(eg_activation)(eg_system *parent, const char *name, const char *function,
                           const eg_activation_params *params, const char *file, int line)
{
    activation a = {.p = params ? *params : eg_activation_defaults(), .function = function};
    return (eg_system_new)(parent, name, &activation_class, 0, &a, file, line);
}
