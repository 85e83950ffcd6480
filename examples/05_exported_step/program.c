/* Stage two: a program without Engram and LLVM, which knows the network by its header. */
#include <stdio.h>

#include "coba.h"

static coba_state net; /* or from any allocator: aligned to 64 bytes */

int main(void)
{
    int status = coba_init(&net);
    if (status) {
        fprintf(stderr, "this CPU is too old: status %d\n", status);
        return 1;
    }
    int E = 0, I = 0;
    for (int k = 0; k < 10000; k++) { /* 1 s */
        if (coba_call(&net, 1, 0.1)) return 1;
        for (int j = 0; j < 3200; j++) E += net.E_spike[j];
        for (int j = 0; j < 800; j++) I += net.I_spike[j];
    }
    double rate_E = E / 3200.0, rate_I = I / 800.0;
    printf("E %.1f Hz, I %.1f Hz, V[0] %.2f mV\n", rate_E, rate_I, (double)net.E_V[0]);
    return rate_E > 19 && rate_E < 23.5 && rate_I > 19 && rate_I < 24 ? 0 : 1;
}
