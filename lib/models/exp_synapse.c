/* Synapses whose conductance jumps and decays. */
#include <math.h>
#include <stddef.h>

#include "engram/models.h"

typedef struct exp_synapse {
    eg_exp_synapse_params p;
    eg_system *pre, *post;
    eg_csr *csr;
    eg_var *g;
} exp_synapse;

eg_exp_synapse_params eg_exp_synapse_defaults(void)
{
    return (eg_exp_synapse_params){.tau = 8, .g_max = 1, .output = eg_cuba()};
}

static bool connected(eg_system *self, const exp_synapse *y)
{
    if (!y->pre || !y->post || !y->csr) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "%s; give two groups and connections from one to the other",
                       !y->pre    ? "pre is NULL"
                       : !y->post ? "post is NULL"
                                  : "the connections are NULL");
        return false;
    }
    if (eg_system_context(y->pre) != eg_system_context(self) || eg_system_context(y->post) != eg_system_context(self)) {
        eg_system_fail(self, EG_ERR_SCOPE, "pre and post must be of its own context");
        return false;
    }
    if (eg_csr_num_pre(y->csr) != eg_num(y->pre) || eg_csr_num_post(y->csr) != eg_num(y->post)) {
        eg_system_fail(self, EG_ERR_SHAPE,
                       "the connections go from %lld to %lld, but '%s' has %lld elements and '%s' %lld; make them for "
                       "these sizes",
                       (long long)eg_csr_num_pre(y->csr), (long long)eg_csr_num_post(y->csr), eg_system_path(y->pre),
                       (long long)eg_num(y->pre), eg_system_path(y->post), (long long)eg_num(y->post));
        return false;
    }
    return true;
}

static bool weighted(eg_system *self, const exp_synapse *y)
{
    if (!y->p.weight) return eg_check_param(self, isfinite(y->p.g_max), "g_max", y->p.g_max, "use a finite weight");
    eg_spec s = eg_array_spec(y->p.weight);
    if (s.rank == 1 && s.dtype == eg_float_type(self) &&
        (s.dim[0] == eg_num(y->pre) || s.dim[0] == eg_csr_size(y->csr)))
        return true;
    eg_system_fail(self, EG_ERR_SHAPE,
                   "the weights are %s, rank %d, %lld long; give a vector of %s, %lld (one a source) "
                   "or %lld (one a synapse) long",
                   eg_dtype_name(s.dtype), s.rank, (long long)(s.rank > 0 ? s.dim[0] : 1),
                   eg_dtype_name(eg_float_type(self)), (long long)eg_num(y->pre), (long long)eg_csr_size(y->csr));
    return false;
}

static void setup(eg_system *self)
{
    exp_synapse *y = eg_self(self);
    eg_check_param(self, y->p.tau > 0 && isfinite(y->p.tau), "tau", y->p.tau, "use a time constant in ms above 0");
    if (!connected(self, y) || !weighted(self, y)) return;
    if (!y->p.output.current)
        eg_system_fail(self, EG_ERR_ARGUMENT, "it has no output; use eg_cuba() or eg_coba(E_rev)");
    if (!y->p.output.target) y->p.output.target = "input";
    eg_system_variable(y->pre, "spike");
    eg_system_variable(y->post, y->p.output.target);
    y->g = eg_add_variable(self, "g", eg_floats(y->post), eg_init_constant(0));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    exp_synapse *y = eg_self(self);
    eg_val weight = y->p.weight ? eg_constant(y->p.weight) : eg_real(y->p.g_max);
    eg_val decay = eg_exp(eg_div(eg_neg(s.dt), y->p.tau));
    eg_val g = eg_event_add(eg_mul(eg_get(y->g), decay), y->csr, eg_value(y->pre, "spike"), weight);
    (void)x;
    eg_set(y->g, g);
    eg_accumulate(y->post, y->p.output.target, y->p.output.current(&y->p.output, y->post, g));
    return g;
}

static const eg_class exponential_class = {
    .name = "Exponential", .role = EG_PROJECTION, .size = sizeof(exp_synapse), .setup = setup, .update = update};

eg_system *(eg_exp_synapse)(eg_system *parent, const char *name, eg_system *pre, eg_system *post, eg_csr *connections,
                            const eg_exp_synapse_params *params, const char *file, int line)
{
    exp_synapse y = {.p = params ? *params : eg_exp_synapse_defaults(), .pre = pre, .post = post, .csr = connections};
    return (eg_system_new)(parent, name, &exponential_class, eg_num(post), &y, file, line);
}
