/* Hindmarsh and Rose's bursting neurons. */
#include "neuron.h"

typedef struct hindmarsh_rose {
    eg_hindmarsh_rose_params p;
    eg_var *V, *y, *z, *input;
} hindmarsh_rose;

eg_hindmarsh_rose_params eg_hindmarsh_rose_defaults(void)
{
    return (eg_hindmarsh_rose_params){.a = 1, .b = 3, .c = 1, .d = 5, .r = 0.01, .s = 4, .V_rest = -1.6, .V_th = 1};
}

static void setup(eg_system *self)
{
    hindmarsh_rose *n = eg_self(self);
    const eg_hindmarsh_rose_params *p = &n->p;
    check_finite(self, NAMED({"a", p->a}, {"b", p->b}, {"c", p->c}, {"d", p->d}, {"r", p->r}, {"s", p->s},
                             {"V_rest", p->V_rest}));
    check_threshold(self, p->V_th);
    check_noise(self, p->noise);
    n->V = add_state(self, "V", p->V_init, 0);
    n->y = add_state(self, "y", p->y_init, -10);
    n->z = add_state(self, "z", p->z_init, 0);
    eg_add_spike(self);
    n->input = eg_add_input(self, "input", eg_floats(self));
}

static eg_val dV(void *user, eg_val x)
{
    const eg_hindmarsh_rose_params *p = user;
    eg_val V = eg_item(x, 0), y = eg_item(x, 1), z = eg_item(x, 2), I = eg_item(x, 3);
    eg_val up = eg_mul(eg_square(V), eg_sub(p->b, eg_mul(p->a, V)));
    return eg_add(eg_sub(eg_add(y, up), z), I);
}

static eg_val dy(void *user, eg_val x)
{
    const eg_hindmarsh_rose_params *p = user;
    eg_val V = eg_item(x, 0), y = eg_item(x, 1);
    return eg_sub(eg_sub(p->c, eg_mul(p->d, eg_square(V))), y);
}

static eg_val dz(void *user, eg_val x)
{
    const eg_hindmarsh_rose_params *p = user;
    eg_val V = eg_item(x, 0), z = eg_item(x, 2);
    return eg_mul(p->r, eg_sub(eg_mul(p->s, eg_sub(V, p->V_rest)), z));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    hindmarsh_rose *n = eg_self(self);
    eg_hindmarsh_rose_params *p = &n->p;
    eg_context *eg = eg_system_context(self);
    eg_val V = eg_get(n->V), I = eg_add(eg_get(n->input), x);
    eg_val old = eg_tuple(eg, 4, (eg_val[]){V, eg_get(n->y), eg_get(n->z), I});
    eg_val V_new = with_noise(self, s, p->noise, eg_exp_euler(eg, dV, p, old, 0, s.dt));
    eg_set(n->V, V_new);
    eg_set(n->y, eg_exp_euler(eg, dy, p, old, 1, s.dt));
    eg_set(n->z, eg_exp_euler(eg, dz, p, old, 2, s.dt));
    return eg_fire_crossing(self, V_new, V, p->V_th, &p->surrogate);
}

static const eg_class hindmarsh_rose_class = {
    .name = "HindmarshRose", .role = EG_GROUP, .size = sizeof(hindmarsh_rose), .setup = setup, .update = update};

eg_system *(eg_hindmarsh_rose)(eg_system *parent, const char *name, int64_t num, const eg_hindmarsh_rose_params *params,
                               const char *file, int line)
{
    hindmarsh_rose n = {.p = params ? *params : eg_hindmarsh_rose_defaults()};
    return (eg_system_new)(parent, name, &hindmarsh_rose_class, num, &n, file, line);
}
