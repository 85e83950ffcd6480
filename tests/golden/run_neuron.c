/* Kind `neuron`: a population with given input, its states and spikes. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "neurons.h"

enum { MOST = 16 };

void golden_neuron(golden *g)
{
    /* Any of the states says how many there are. */
    const char *first = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)json_object_get(g->run, "init")));
    const golden_array *I = golden_input_array(g, "input", NULL),
                       *one = golden_input_array(g, "init", first ? first : "");
    if (!I || !one) return;
    int64_t steps = (int64_t)golden_number(g, "steps"), every = (int64_t)golden_number(g, "record_every"),
            num = one->num;
    eg_system *net = eg_network(g->eg, NULL, &(eg_network_options){.dt = golden_number(g, "dt"), .dtype = EG_F64});
    eg_system *group = golden_group(g, net, "N", num, golden_name(g, "model"), "params");
    if (!group || *g->why) return;
    golden_feed(g, group, golden_input_of(golden_name(g, "model")), I);
    const char *state;
    json_t *from;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(g->run, "init"), state, from)
        golden_start(g, group, state, golden_input_array(g, "init", state));

    eg_var *record[MOST];
    const char *result[MOST];
    double *rows[MOST] = {0};
    int n = 0;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(g->run, "outputs"), state, from)
    {
        if (n == MOST || !(record[n] = eg_system_variable(group, state))) {
            golden_fail(g, "%s%s", n == MOST ? "too many results" : "", eg_message(g->eg));
            return;
        }
        result[n++] = state;
    }
    golden_simulate(g, net, steps, n, record, rows);
    for (int k = 0; k < n; k++) {
        if (!*g->why) golden_check(g, result[k], rows[k], golden_every(rows[k], steps, num, every) * num);
        free(rows[k]);
    }
}
