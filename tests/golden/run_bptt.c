/* Kind `bptt`: losses, gradients and a few steps of optimisers through trainers. */
#include <stdlib.h>
#include <string.h>

#include "layers.h"

enum { MOST = 8 };

typedef struct scene {
    golden *g;
    eg_system *model, *hidden; /* hidden: spiking neurons, if there are some */
    const golden_array *x, *y;
    int32_t *labels; /* y as numbers of classes */
    int num;         /* weights: the parameters of the model, in its order, and their names in the case */
    const char *name[MOST];
    int64_t batches; /* given */
} scene;

/* -- models -------------------------------------------------------------------------------------------------------- */

static eg_surrogate surrogate_of(golden *g)
{
    eg_surrogate_param params[EG_SURROGATE_PARAMS];
    int num = 0;
    const char *key, *name = json_string_value(golden_entry(g, "surrogate", "function"));
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)golden_entry(g, "surrogate", "params"), key, v)
    {
        if (num == EG_SURROGATE_PARAMS) break;
        params[num++] = (eg_surrogate_param){key, json_number_value(v)};
    }
    eg_surrogate s = eg_surrogate_named(g->eg, name ? name : "", num, params);
    if (eg_error(g->eg)) golden_unsupported(g, "surrogate", eg_message(g->eg));
    return s;
}

static void snn(scene *s)
{
    golden *g = s->g;
    static const golden_weights in = {.map = "weights", .W = "W1", .b = "b1"},
                                out = {.map = "weights", .W = "W2", .b = "b2"};
    static const char *const names[] = {"W1", "b1", "W2", "b2"};
    eg_lif_params p = {.V_rest = golden_param(g, "params", "V_rest", 0),
                       .V_reset = golden_param(g, "params", "V_reset", 0),
                       .V_th = golden_param(g, "params", "V_th", 1),
                       .tau = golden_param(g, "params", "tau", 10),
                       .R = 1,
                       .V_init = eg_init_constant(0),
                       .surrogate = surrogate_of(g)};
    eg_leaky_integrator_params q = {.tau = golden_param(g, "params", "tau_out", 10), .R = 1};
    const golden_array *W1 = golden_input_array(g, "weights", "W1"), *W2 = golden_input_array(g, "weights", "W2");
    if (!W1 || !W2) return;
    golden_weighted(g, s->model, "in", "Dense", &in);
    s->hidden = eg_lif(s->model, "hidden", W1->dim[1], &p);
    golden_weighted(g, s->model, "out", "Dense", &out);
    eg_leaky_integrator(s->model, "readout", W2->dim[1], &q);
    s->num = 4;
    memcpy(s->name, names, sizeof names);
}

static void cell_readout(scene *s)
{
    golden *g = s->g;
    static const golden_weights cell = {.map = "weights", .Wi = "Wi", .Wh = "Wh", .b = "b"},
                                out = {.map = "weights", .W = "Wo", .b = "bo"};
    static const char *const names[] = {"Wi", "Wh", "b", "Wo", "bo"};
    golden_weighted(g, s->model, "cell", golden_name(g, "layer"), &cell);
    golden_weighted(g, s->model, "out", "Dense", &out);
    s->num = 5;
    memcpy(s->name, names, sizeof names);
}

/* -- trainers ------------------------------------------------------------------------------------------------------ */

static eg_val of_time_mean(void *user, eg_val predicts, eg_val targets)
{
    (void)user;
    return eg_cross_entropy_loss(eg_mean(predicts, 1), targets, NULL);
}

static eg_system *trainer_of(scene *s, eg_optimizer *opt)
{
    const char *loss = golden_name(s->g, "loss");
    eg_bptt_options o = {.optimizer = opt, .data_first_axis = EG_TIME_FIRST};
    if (!strcmp(loss, "cross_entropy_of_time_mean"))
        o.loss_fn = of_time_mean;
    else if (!strcmp(loss, "mean_squared_error"))
        o.loss = loss;
    else
        golden_unsupported(s->g, "loss", loss);
    return *s->g->why ? NULL : eg_bptt(s->model, NULL, &o);
}

static eg_spec spec_of(const golden_array *a, eg_dtype type)
{
    eg_spec s = {.dtype = type, .rank = a->rank};
    for (int k = 0; k < a->rank && k < EG_MAX_RANK; k++) s.dim[k] = a->dim[k];
    return s;
}

static eg_spec x_spec(const scene *s) { return spec_of(s->x, EG_F64); }
static eg_spec y_spec(const scene *s) { return spec_of(s->y, s->labels ? EG_I32 : EG_F64); }
static const void *y_data(const scene *s) { return s->labels ? (const void *)s->labels : s->y->data; }

static int64_t elements(const eg_var *v)
{
    eg_spec s = eg_variable_spec(v);
    int64_t n = 1;
    for (int k = 0; k < s.rank; k++) n *= s.dim[k];
    return n;
}

/* Loss and gradients at the stored weights. */
static void check_gradients(scene *s, eg_system *trainer)
{
    golden *g = s->g;
    eg_var *vars[MOST];
    for (int k = 0; k < s->num; k++) vars[k] = eg_parameter(s->model, k);
    eg_func *f = eg_train_function(trainer, x_spec(s), y_spec(s), false);
    eg_func *df = eg_gradient(f, &(eg_gradient_options){.num_vars = s->num, .vars = vars});
    double loss = 0, *grad[MOST + 1] = {&loss};
    for (int k = 0; df && k < s->num; k++) grad[k + 1] = calloc((size_t)elements(vars[k]) + 1, sizeof **grad);
    if (df) eg_call(df, NULL, (const void *[]){s->x->data, y_data(s)}, (void *const *)grad, NULL);
    golden_check(g, "loss", &loss, 1);
    for (int k = 0; df && k < s->num; k++) {
        char name[40];
        snprintf(name, sizeof name, "grad_%s", s->name[k]);
        golden_check(g, name, grad[k + 1], elements(vars[k]));
        free(grad[k + 1]);
    }
}

/* -- a few steps --------------------------------------------------------------------------------------------------- */

static bool whole_batch(void *user, int64_t epoch, int64_t k, eg_batch *b)
{
    const scene *s = user;
    (void)epoch;
    *b = (eg_batch){.x_spec = x_spec(s), .y_spec = y_spec(s), .x = s->x->data, .y = y_data(s)};
    return k == 0;
}

static eg_optimizer *optimizer_of(scene *s, const char *which)
{
    golden *g = s->g;
    const json_t *entry = golden_entry(g, "optimizers", which);
    eg_var *vars[MOST];
    for (int k = 0; k < s->num; k++) vars[k] = eg_parameter(s->model, k);
    eg_optimizer_params p =
        eg_optimizer_defaults(eg_optimizer_by_name(g->eg, json_string_value(json_object_get(entry, "optimizer"))));
    p.lr = eg_constant_lr(golden_number(g, "lr"));
    const json_t *given = json_object_get(entry, "params");
    if (json_object_get(given, "beta1")) p.beta1 = json_number_value(json_object_get(given, "beta1"));
    if (json_object_get(given, "beta2")) p.beta2 = json_number_value(json_object_get(given, "beta2"));
    if (json_object_get(given, "eps")) p.eps = json_number_value(json_object_get(given, "eps"));
    return eg_optimizer_new(g->eg, which, &p, s->num, vars);
}

static void check_steps(scene *s, const char *which)
{
    golden *g = s->g;
    char name[60];
    eg_reset_parameters(s->model, NULL);
    eg_system *trainer = trainer_of(s, optimizer_of(s, which));
    eg_dataset all = {.next = whole_batch, .user = s};
    int64_t num = 0;
    eg_fit(trainer, &all, &(eg_fit_options){.num_epoch = (int64_t)golden_number(g, "optimizer_steps")});
    const double *losses = eg_fit_history(trainer, "fit", "loss", EG_BY_BATCH, &num);
    snprintf(name, sizeof name, "%s_losses", which);
    if (losses) golden_check(g, name, losses, num);
    for (int k = 0; k < s->num; k++) {
        eg_var *v = eg_parameter(s->model, k);
        const double *now = eg_data(NULL, v);
        snprintf(name, sizeof name, "%s_%s", which, s->name[k]);
        if (now) golden_check(g, name, now, elements(v));
    }
}

/* Time first. */
static void check_outputs(scene *s)
{
    eg_monitor see = {.key = "spikes", .variable = "hidden.spike"};
    eg_system *r = eg_dsrunner(
        s->model, NULL, &(eg_dsrunner_options){.num_monitors = 1, .monitors = &see, .data_first_axis = EG_TIME_FIRST});
    eg_run_inputs(r, x_spec(s), s->x->data, NULL);
    golden_check_history(s->g, "outputs", eg_output_of(r, 0));
    golden_check_history(s->g, "spikes", eg_history_of(r, "spikes"));
}

void golden_bptt(golden *g)
{
    scene s = {.g = g, .x = golden_input_array(g, "args", "x"), .y = golden_input_array(g, "args", "y")};
    const char *model = golden_name(g, "model");
    if (!s.x || !s.y) return;
    if (s.y->dtype != EG_F64) {
        s.labels = calloc((size_t)s.y->num + 1, sizeof *s.labels);
        for (int64_t k = 0; s.labels && k < s.y->num; k++) s.labels[k] = (int32_t)s.y->data[k];
    }
    double dt = golden_has(g, "dt", NULL) ? golden_number(g, "dt") : 1;
    eg_system *net = eg_network(g->eg, NULL, &(eg_network_options){.dt = dt, .dtype = EG_F64});
    s.model = eg_sequential(net, "model");
    if (!strcmp(model, "snn_lif"))
        snn(&s);
    else if (!strcmp(model, "cell_readout"))
        cell_readout(&s);
    else
        golden_unsupported(g, "model", model);
    eg_set_mode(net, EG_TRAINING, 0);
    if (!*g->why && !eg_error(g->eg)) check_gradients(&s, trainer_of(&s, NULL));
    if (s.hidden && !*g->why) check_outputs(&s);
    if (!*g->why && !eg_error(g->eg)) check_steps(&s, "sgd");
    if (!*g->why && !eg_error(g->eg)) check_steps(&s, "adam");
    free(s.labels);
}
