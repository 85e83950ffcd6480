/* A host with a loop of its own: it calls the network as a plain C function, feeds a current into it in every step and
 * reads its spikes where they lie. */
#include <engram/export.h>
#include <engram/models.h>
#include <math.h>
#include <stdio.h>

enum { N = 100 };

static eg_system *net, *cells;

/* One step of the network: its argument is the current, uA, that the host injects. */
static eg_val step(void *user, eg_val current)
{
    eg_context *eg = user;
    eg_var *count = eg_system_variable(net, "step");
    eg_val i = eg_get(count), dt = eg_full(eg, eg_scalar(EG_F32), eg_dt(net));
    eg_shared shared = {.t = eg_mul(eg_convert(i, EG_F32), dt), .dt = dt, .i = i};
    eg_clear_input(net);
    eg_accumulate(net, "cells.input", current);
    eg_update(net, shared, eg_no_input());
    eg_set(count, eg_add(i, 1));
    return eg_nothing();
}

int main(void)
{
    eg_context *eg = eg_open(NULL);
    net = eg_network(eg, NULL, &(eg_network_options){.dt = 0.1});
    cells = eg_lif(net, "cells", N, &(eg_lif_params){.V_th = 20, .R = 1, .tau = 10});
    eg_func *f = eg_trace(eg, "step", step, eg, 1, &eg_vector(EG_F32, N));

    eg_step_fn call = eg_func_pointer(f);
    void *block = eg_block_of(f, NULL);
    const bool *spike = eg_block_data(f, block, eg_system_variable(cells, "spike"));
    if (!call || !block || !spike) {
        fprintf(stderr, "%s\n", eg_message(eg));
        return 1;
    }
    float current[N] = {0};
    int sensed = 0, spikes = 0;
    for (int k = 0; k < 10000; k++) { /* 1 s */
        /* The host's world: whoever spiked rests, unit 99 is driven throughout, the others in turn. */
        for (int j = 0; j < N; j++) current[j] = j == N - 1 || k / 100 == j ? 30.0f : 0.0f;
        if (call(block, (const void *[]){current}, NULL) != EG_STEP_OK) return 1;
        for (int j = 0; j < N - 1; j++) sensed += spike[j];
        spikes += spike[N - 1];
    }
    /* At 30, V reaches 20 after tau ln(30 / 10) = 11 ms: 110 steps; the others have 100 steps each. */
    int want = (int)(10000 / ceil(100 * log(30.0 / 10)));
    printf("%d spikes of the one driven, %d expected; %d of the others%s\n", spikes, want, sensed, eg_message(eg));
    bool good = !eg_error(eg) && spikes == want && sensed == 0;
    eg_close(eg);
    return good ? 0 : 1;
}
