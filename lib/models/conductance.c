#include "conductance.h"

/* -- rates --------------------------------------------------------------------------------------------------------- */

eg_val rate_at(const rate *r, eg_val V)
{
    eg_val x = eg_mul(eg_sub(V, r->V_mid), 1 / r->width);
    switch (r->form) {
    case EXPONENTIAL: return eg_mul(r->A, eg_exp(x));
    case SIGMOID: return eg_mul(r->A, eg_sigmoid(x));
    case LINEAR: break;
    }
    return eg_div(r->A, eg_exprel(eg_neg(x))); /* x / (1 - e^-x) = 1 / ((e^-x - 1) / -x) */
}

double rate_of(const rate *r, double V)
{
    const double x = (V - r->V_mid) / r->width;
    switch (r->form) {
    case EXPONENTIAL: return r->A * exp(x);
    case SIGMOID: return r->A / (1 + exp(-x));
    case LINEAR: break;
    }
    return x != 0 ? r->A * -x / expm1(-x) : r->A;
}

/* -- gates --------------------------------------------------------------------------------------------------------- */

eg_val gate_steady_at(const gate *g, eg_val V)
{
    eg_val alpha = rate_at(&g->alpha, V);
    return eg_div(alpha, eg_add(alpha, rate_at(&g->beta, V)));
}

double gate_steady(void *user, double V)
{
    const gate *g = user;
    const double alpha = rate_of(&g->alpha, V);
    return alpha / (alpha + rate_of(&g->beta, V));
}

eg_var *add_gate(eg_system *self, const char *name, eg_initializer init, const char *V, const gate *g)
{
    /* The function only reads it. */
    eg_initializer steady = eg_init_from(V, gate_steady, (void *)(uintptr_t)g);
    return eg_add_variable(self, name, eg_floats(self), init.kind ? init : steady);
}

/* -- steps --------------------------------------------------------------------------------------------------------- */

void check_capacity(eg_system *self, const char *name, double C)
{
    eg_check_param(self, C > 0 && isfinite(C), name, C, "use a capacity above 0");
}

void check_method(eg_system *self, eg_method method)
{
    eg_check_param(self, method == EG_METHOD_EXP_EULER || method == EG_METHOD_RK4, "method", method,
                   "use EG_METHOD_EXP_EULER or EG_METHOD_RK4");
}

void step_all(eg_system *self, eg_method method, int num, const eg_fn *f, void *user, eg_val old, eg_val dt,
              eg_val *after)
{
    eg_context *eg = eg_system_context(self);
    eg_val all = method == EG_METHOD_RK4 ? eg_rk4(eg, num, f, user, old, dt) : eg_nothing();
    for (int k = 0; k < num; k++)
        after[k] = method == EG_METHOD_RK4 ? eg_item(all, k) : eg_exp_euler(eg, f[k], user, old, k, dt);
}
