/* The gradient of a whole run: which constant current brings a leaky membrane to a potential after 50 ms?  Found by
 * Newton's method on (V - target)^2 through the gradient; exact is I = target / (1 - exp(-50 / tau)). */
#include <engram/engram.h>
#include <math.h>

enum { STEPS = 500 };
static const double dt = 0.1, tau = 20, target = 15;

typedef struct experiment {
    eg_system *net, *run;
    eg_val I; /* traced */
} experiment;

static eg_val current(void *user, eg_system *group, eg_shared s)
{
    (void)group;
    (void)s;
    return ((experiment *)user)->I;
}

/* V after the run; it begins at 0 whatever the last one left. */
static eg_val last_V(void *user, eg_val I)
{
    experiment *e = user;
    e->I = I;
    eg_set(eg_system_variable(e->net, "N.V"), 0);
    eg_update(e->run, eg_shared_at(e->net, eg_int(0), eg_real(dt)), STEPS);
    return eg_sum(eg_value(e->net, "N.V"));
}

int main(void)
{
    eg_context *eg = eg_open(NULL);
    experiment e = {.net = eg_network(eg, NULL, &(eg_network_options){.dt = dt, .dtype = EG_F64})};
    eg_leaky_integrator(e.net, "N", 1, &(eg_leaky_integrator_params){.R = 1, .tau = tau});
    eg_input give = {.variable = "N.input", .kind = EG_INPUT_FUNC, .fn = current, .user = &e};
    e.run = eg_dsrunner(e.net, NULL, &(eg_dsrunner_options){.num_inputs = 1, .inputs = &give, .no_outputs = true});
    eg_spec scalar = eg_scalar(EG_F64);
    eg_func *f = eg_trace(eg, "last_V", last_V, &e, 1, &scalar);
    eg_func *slope = eg_gradient(f, &(eg_gradient_options){.policy = EG_CHECKPOINT_SQRT});
    double I = 1, V = 0, dV = 1, exact = target / (1 - exp(-STEPS * dt / tau));
    for (int k = 0; k < 3 && !eg_error(eg); k++) {
        eg_call(slope, NULL, (const void *[]){&I}, (void *[]){&V, &dV}, NULL);
        printf("I = %.9f: V = %.9f mV, dV/dI = %.9f\n", I, V, dV);
        I -= (V - target) / dV;
    }
    printf("found %.12f, exact %.12f   %s\n", I, exact, eg_message(eg));
    bool good = !eg_error(eg) && fabs(I - exact) < 1e-9;
    eg_close(eg);
    return good ? 0 : 1;
}
