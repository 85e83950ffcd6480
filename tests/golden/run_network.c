/* Kind `network`: excitatory and inhibitory neurons with exponential conductances. */
#include <stdlib.h>

#include "golden.h"
#include "neurons.h"

typedef struct scene {
    golden *g;
    eg_system *net, *all, *synapse[2];
    int64_t num, num_exc;
} scene;

/* From one of the two parts of the group to all of it. */
static void project(scene *s, int k, const golden_array *conn)
{
    golden *g = s->g;
    static const char *const name[] = {"E", "I"};
    int64_t from = k ? s->num_exc : 0, n = k ? s->num - s->num_exc : s->num_exc;
    bool *matrix = calloc((size_t)(n * s->num) + 1, sizeof *matrix);
    for (int64_t j = 0; j < n * s->num; j++) matrix[j] = conn->data[from * s->num + j] != 0;
    eg_exp_synapse_params p = {.tau = golden_param(g, "tau_syn", name[k], 0),
                               .g_max = golden_param(g, "g_max", name[k], 0),
                               .output = eg_coba(golden_param(g, "E_rev", name[k], 0))};
    eg_csr *csr = eg_from_matrix(g->eg, n, s->num, matrix);
    s->synapse[k] = eg_exp_synapse(s->net, name[k], eg_part(s->all, name[k], from, n), s->all, csr, &p);
    free(matrix);
}

static void check_spikes(scene *s, const double *spikes, int64_t steps)
{
    int64_t n = 0, most = steps * s->num;
    double *step = malloc((size_t)(most + 1) * sizeof *step), *neuron = malloc((size_t)(most + 1) * sizeof *neuron);
    for (int64_t k = 0; k < most; k++) {
        if (spikes[k] == 0) continue;
        step[n] = (double)(k / s->num);
        neuron[n++] = (double)(k % s->num);
    }
    golden_check(s->g, "spike_steps", step, n);
    golden_check(s->g, "spike_neurons", neuron, n);
    free(step);
    free(neuron);
}

static void run(scene *s)
{
    golden *g = s->g;
    int64_t steps = (int64_t)golden_number(g, "steps"), every = (int64_t)golden_number(g, "record_every");
    eg_var *record[] = {eg_system_variable(s->all, "V"), eg_system_variable(s->all, "spike"),
                        eg_system_variable(s->synapse[0], "g"), eg_system_variable(s->synapse[1], "g")};
    double *rows[4] = {0};
    golden_simulate(g, s->net, steps, 4, record, rows);
    if (!*g->why) {
        check_spikes(s, rows[1], steps);
        golden_check(g, "gE_last", rows[2] + (steps - 1) * s->num, s->num);
        golden_check(g, "gI_last", rows[3] + (steps - 1) * s->num, s->num);
        golden_check(g, "V", rows[0], golden_every(rows[0], steps, s->num, every) * s->num);
    }
    for (int k = 0; k < 4; k++) free(rows[k]);
}

void golden_network(golden *g)
{
    const golden_array *conn = golden_input_array(g, "conn", NULL);
    if (!conn) return;
    scene s = {.g = g, .num_exc = (int64_t)golden_number(g, "num_exc")};
    s.num = s.num_exc + (int64_t)golden_number(g, "num_inh");
    if (conn->num != s.num * s.num) {
        golden_fail(g, "conn is not [%lld, %lld]", (long long)s.num, (long long)s.num);
        return;
    }
    s.net = eg_network(g->eg, NULL, &(eg_network_options){.dt = golden_number(g, "dt"), .dtype = EG_F64});
    s.all = golden_group(g, s.net, "N", s.num, golden_name(g, "neuron"), "params");
    if (!s.all) return;
    eg_current(s.net, NULL, s.all, golden_number(g, "constant_input"));
    for (int k = 0; k < 2; k++) project(&s, k, conn);
    const char *state;
    json_t *from;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(g->run, "init"), state, from)
        golden_start(g, s.all, state, golden_input_array(g, "init", state));
    if (eg_error(g->eg)) golden_fail(g, "%s", eg_message(g->eg));
    if (!*g->why) run(&s);
}
