/* Sixty-four experiments at once: a runner inside a function, of which eg_batched() makes as many copies as there are
 * currents.  Gives the f-I curve of a LIF neuron, f = 1 / (tau_ref + tau ln(I / (I - V_th))), as sweep.png. */
#include <engram/engram.h>
#include <math.h>

enum { COPIES = 64, STEPS = 10000 };
static const double dt = 0.1, tau = 20, tau_ref = 5, V_th = 20;

typedef struct experiment {
    eg_system *net, *run;
    eg_val I; /* of the copy being traced */
} experiment;

static eg_val current(void *user, eg_system *target, eg_shared s)
{
    (void)target;
    (void)s;
    return ((experiment *)user)->I;
}

/* The rate in Hz for a current. */
static eg_val rate(void *user, eg_val I)
{
    experiment *e = user;
    e->I = I;
    eg_val y = eg_update(e->run, eg_shared_at(e->net, eg_int(0), eg_real(dt)), STEPS);
    eg_val spikes = eg_item(eg_item(y, 1), 0); /* of the first monitor: [STEPS, 1] */
    return eg_div(eg_sum(eg_convert(spikes, EG_F32)), (double)STEPS * dt / 1000);
}

int main(void)
{
    eg_context *eg = eg_open(NULL);
    experiment e = {.net = eg_network(eg, NULL, &(eg_network_options){.dt = dt})};
    eg_lif(e.net, "N", 1, &(eg_lif_params){.V_th = V_th, .R = 1, .tau = tau, .tau_ref = tau_ref});
    eg_monitor see = {.variable = "N.spike"};
    eg_input give = {.variable = "N.input", .kind = EG_INPUT_FUNC, .fn = current, .user = &e};
    e.run = eg_dsrunner(e.net, NULL,
                        &(eg_dsrunner_options){.num_monitors = 1, .monitors = &see, .num_inputs = 1, .inputs = &give});
    eg_spec scalar = eg_scalar(EG_F32);
    eg_func *one = eg_trace(eg, "rate", rate, &e, 1, &scalar), *all = eg_batched(e.net, one, COPIES, NULL);
    float I[COPIES], f[COPIES] = {0};
    for (int k = 0; k < COPIES; k++) I[k] = 15 + (float)k;
    eg_call(all, NULL, (const void *[]){I}, (void *[]){f}, NULL);
    double worst = 0;
    for (int k = 0; k < COPIES; k++) {
        double x = I[k], want = x <= V_th ? 0 : 1000 / (tau_ref + tau * log(x / (x - V_th)));
        worst = fmax(worst, fabs(f[k] - want));
    }
    printf("%d currents, %d steps: at most %.2f Hz from the formula   %s\n", COPIES, STEPS, worst, eg_message(eg));
    eg_plot_series s = {.num = COPIES, .x = eg_column_f32(I, 1), .y = eg_column_f32(f, 1)};
    eg_plot_lines(eg, "sweep.png", 1, &s, &(eg_plot_options){.xlabel = "current", .ylabel = "rate (Hz)"});
    bool good = !eg_error(eg) && worst < 1.5;
    eg_close(eg);
    return good ? 0 : 1;
}
