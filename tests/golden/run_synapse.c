/* Kind `synapse`: given spikes, one projection, LIF neurons behind it. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"
#include "neurons.h"

typedef struct scene {
    golden *of;       /* the case ... */
    golden pre, post; /* ... and as if its `pre` and `post` were its `run` */
    eg_system *net, *source, *target, *synapse;
    eg_csr *csr;
    int64_t num_pre, num_post;
} scene;

static void groups(scene *s)
{
    const golden_array *times = golden_input_array(&s->pre, "times", NULL),
                       *indices = golden_input_array(&s->pre, "indices", NULL);
    if (!times || !indices) return;
    int32_t *who = calloc((size_t)indices->num + 1, sizeof *who);
    for (int64_t k = 0; k < indices->num; k++) who[k] = (int32_t)indices->data[k];
    s->source = eg_spike_time_group(s->net, "pre", s->num_pre, times->num, times->data, who);
    free(who);
    s->target = golden_group(&s->post, s->net, "post", s->num_post, golden_name(&s->post, "model"), "params");
    golden_fail(s->of, "%s", s->post.why);
    if (s->target) eg_current(s->net, NULL, s->target, golden_number(&s->post, "constant_input"));
}

static eg_output output_of(golden *g)
{
    const char *name = golden_name(g, "output");
    eg_output o = eg_cuba();
    if (!strcmp(name, "COBA"))
        o = eg_coba(golden_param(g, "output_params", "E", 0));
    else if (strcmp(name, "CUBA") != 0)
        golden_unsupported(g, "output", name);
    o.target = golden_name(g, "output_target");
    return o;
}

static void connect(scene *s)
{
    golden *g = s->of;
    const golden_array *conn = golden_input_array(g, "conn", NULL), *w = NULL;
    if (golden_has(g, "weights", NULL)) w = golden_input_array(g, "weights", NULL);
    if (!conn || *g->why) return;
    bool *matrix = calloc((size_t)conn->num + 1, sizeof *matrix);
    for (int64_t k = 0; k < conn->num; k++) matrix[k] = conn->data[k] != 0;
    s->csr = eg_from_matrix(g->eg, s->num_pre, s->num_post, matrix);
    free(matrix);
    eg_array *weight = w ? eg_array_new(g->eg, eg_matrix(EG_F64, s->num_pre, s->num_post), w->data) : NULL;
    double g_max = golden_has(g, "g_max", NULL) ? golden_number(g, "g_max") : 1;
    eg_delay_step delay = {.steps = (int32_t)golden_number(g, "delay_step")};
    const char *model = golden_name(g, "model");
    eg_output output = output_of(g);
    if (golden_has(g, "stp", NULL)) golden_unsupported(g, "plasticity", "stp");
    if (*g->why) return;
    if (!strcmp(model, "Delta")) {
        eg_delta_synapse_params p = {.g_max = g_max, .weight = weight, .delay_step = delay, .output = output};
        s->synapse = eg_delta_synapse(s->net, "synapse", s->source, s->target, s->csr, &p);
    } else if (!strcmp(model, "Exponential")) {
        eg_exp_synapse_params p = {.tau = golden_param(g, "params", "tau", 8),
                                   .g_max = g_max,
                                   .weight = weight,
                                   .delay_step = delay,
                                   .output = output};
        s->synapse = eg_exp_synapse(s->net, "synapse", s->source, s->target, s->csr, &p);
    } else {
        golden_unsupported(g, "model", model);
    }
}

static void run(scene *s)
{
    golden *g = s->of;
    int64_t steps = (int64_t)golden_number(g, "steps");
    bool has_g = golden_has(g, "outputs", "g");
    eg_var *record[] = {eg_system_variable(s->source, "spike"), eg_system_variable(s->target, "V"),
                        eg_system_variable(s->target, "spike"), golden_keep(g, s->target, "input"),
                        has_g ? eg_system_variable(s->synapse, "g") : NULL};
    double *rows[5] = {0};
    golden_start(g, s->target, "V", golden_input_array(g, "init", "V"));
    if (!*g->why) golden_simulate(g, s->net, steps, has_g ? 5 : 4, record, rows);
    golden_check(g, "pre_spike", rows[0], steps * s->num_pre);
    golden_check(g, "V", rows[1], steps * s->num_post);
    golden_check(g, "post_spike", rows[2], steps * s->num_post);
    golden_check(g, "post_input", rows[3], steps * s->num_post);
    if (has_g) golden_check(g, "g", rows[4], steps * s->num_post);
    for (int k = 0; k < 5; k++) free(rows[k]);
}

void golden_synapse(golden *g)
{
    scene s = {.of = g, .pre = *g, .post = *g};
    s.pre.run = json_object_get(g->run, "pre");
    s.post.run = json_object_get(g->run, "post");
    s.num_pre = (int64_t)golden_number(&s.pre, "num");
    s.num_post = (int64_t)golden_number(&s.post, "num");
    s.net = eg_network(g->eg, NULL, &(eg_network_options){.dt = golden_number(g, "dt"), .dtype = EG_F64});
    groups(&s);
    if (!*g->why) connect(&s);
    if (eg_error(g->eg)) golden_fail(g, "%s", eg_message(g->eg));
    if (!*g->why) run(&s);
    golden_free_arrays(&s.pre);
}
