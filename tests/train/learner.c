#include "learner.h"

/* -- data ---------------------------------------------------------------------------------------------------------- */

static void fill(task *t)
{
    for (int i = 0; i < SAMPLES; i++) {
        t->label[i] = i % OUT;
        for (int j = 0; j < IN; j++) t->still[i][j] = (float)train_number((uint64_t)(i * IN + j), -1, 1);
        for (int j = 0; j < OUT; j++) t->still_y[i][j] = (float)train_number((uint64_t)(900 + i * OUT + j), -1, 1);
        for (int k = 0; k < STEPS; k++) {
            uint64_t at = (uint64_t)(i * STEPS + k) * 8;
            for (int j = 0; j < IN; j++) t->x[i][k][j] = (float)train_number(2000 + at + (uint64_t)j, -1, 3);
            for (int j = 0; j < OUT; j++) t->y[i][k][j] = (float)train_number(5000 + at + (uint64_t)j, -1, 1);
        }
    }
}

const task *task_of(void)
{
    static task t;
    if (t.label[1] == 0) fill(&t);
    return &t;
}

eg_dataset sequences(void)
{
    const task *t = task_of();
    return (eg_dataset){.x_spec = {EG_F32, 3, {SAMPLES, STEPS, IN}},
                        .x = t->x,
                        .y_spec = eg_vector(EG_I32, SAMPLES),
                        .y = t->label,
                        .batch_size = 4};
}

eg_dataset series(void)
{
    eg_dataset d = sequences();
    d.y_spec = (eg_spec){EG_F32, 3, {SAMPLES, STEPS, OUT}};
    d.y = task_of()->y;
    return d;
}

eg_dataset stills(void)
{
    const task *t = task_of();
    return (eg_dataset){.x_spec = eg_matrix(EG_F32, SAMPLES, IN),
                        .x = t->still,
                        .y_spec = eg_matrix(EG_F32, SAMPLES, OUT),
                        .y = t->still_y,
                        .batch_size = 4};
}

/* -- models -------------------------------------------------------------------------------------------------------- */

static void linear_setup(eg_system *s)
{
    linear *l = eg_self(s);
    if (l->in == 0) l->in = IN;
    l->W = eg_add_parameter(s, "W", eg_matrix(eg_float_type(s), l->in, eg_num(s)), eg_init_normal(0, 0.8));
    l->b = eg_add_parameter(s, "b", eg_floats(s), eg_init_constant(0.1));
}

static eg_val linear_update(eg_system *s, eg_shared shared, eg_val x)
{
    const linear *l = eg_self(s);
    (void)shared;
    return eg_add(eg_dot(x, eg_get(l->W)), eg_get(l->b));
}

const eg_class linear_class = {
    .name = "Linear", .role = EG_OTHER, .size = sizeof(linear), .setup = linear_setup, .update = linear_update};

static void spiking_setup(eg_system *s)
{
    eg_system_new(s, "in", &linear_class, HIDDEN, &(linear){.in = IN});
    eg_lif(s, "hidden", HIDDEN, &(eg_lif_params){.V_th = 1, .R = 1, .tau = 2, .surrogate = eg_surrogate_arctan(2)});
    eg_system_new(s, "out", &linear_class, OUT, &(linear){.in = HIDDEN});
    eg_leaky_integrator(s, "readout", OUT, &(eg_leaky_integrator_params){.R = 1, .tau = 4});
}

static eg_val in_turn(eg_system *s, eg_shared shared, eg_val x)
{
    for (int k = 0; k < 4; k++) x = eg_update(eg_system_child(s, k), shared, x);
    return x;
}

const eg_class spiking_class = {.name = "Spiking", .role = EG_OTHER, .setup = spiking_setup, .update = in_turn};

typedef struct recurrent {
    eg_var *W, *U, *V, *h;
} recurrent;

static void recurrent_setup(eg_system *s)
{
    recurrent *r = eg_self(s);
    eg_dtype f = eg_float_type(s);
    r->W = eg_add_parameter(s, "W", eg_matrix(f, IN, HIDDEN), eg_init_normal(0, 0.5));
    r->U = eg_add_parameter(s, "U", eg_matrix(f, HIDDEN, HIDDEN), eg_init_normal(0, 0.5));
    r->V = eg_add_parameter(s, "V", eg_matrix(f, HIDDEN, OUT), eg_init_normal(0, 0.5));
    r->h = eg_add_variable(s, "h", eg_vector(f, HIDDEN), eg_init_constant(0.25));
}

static eg_val recurrent_update(eg_system *s, eg_shared shared, eg_val x)
{
    const recurrent *r = eg_self(s);
    (void)shared;
    eg_set(r->h, eg_tanh(eg_add(eg_dot(x, eg_get(r->W)), eg_dot(eg_get(r->h), eg_get(r->U)))));
    return eg_dot(eg_get(r->h), eg_get(r->V));
}

const eg_class recurrent_class = {.name = "Recurrent",
                                  .role = EG_OTHER,
                                  .size = sizeof(recurrent),
                                  .setup = recurrent_setup,
                                  .update = recurrent_update};

typedef struct sum {
    eg_var *W, *h;
} sum;

static void sum_setup(eg_system *s)
{
    sum *m = eg_self(s);
    m->W = eg_add_parameter(s, "W", eg_matrix(eg_float_type(s), IN, OUT), eg_init_constant(0.5));
    m->h = eg_add_variable(s, "h", eg_vector(eg_float_type(s), OUT), eg_init_constant(0));
}

static eg_val sum_update(eg_system *s, eg_shared shared, eg_val x)
{
    const sum *m = eg_self(s);
    (void)shared;
    eg_set(m->h, eg_add(eg_get(m->h), eg_dot(x, eg_get(m->W))));
    return eg_get(m->h);
}

const eg_class sum_class = {
    .name = "Sum", .role = EG_OTHER, .size = sizeof(sum), .setup = sum_setup, .update = sum_update};

learner learner_new(int way, eg_dtype dtype, const eg_class *type)
{
    learner l = {.eg = test_open(way)};
    l.net = eg_network(l.eg, NULL, &(eg_network_options){.dt = 1, .dtype = dtype});
    l.model = eg_system_new(l.net, "model", type, type == &linear_class ? OUT : 0, NULL);
    eg_set_mode(l.net, EG_TRAINING, 0);
    test_fine(l.eg);
    return l;
}

void learner_close(learner *l) { test_close(l->eg); }

/* -- losses, weights ----------------------------------------------------------------------------------------------- */

eg_val label_loss(void *user, eg_val p, eg_val y)
{
    (void)user;
    return eg_cross_entropy_loss(eg_mean(p, 1), y, NULL);
}

eg_val label_loss_and_accuracy(void *user, eg_val p, eg_val y)
{
    (void)user;
    eg_val m = eg_mean(p, 1), right = eg_eq(eg_argmax(m, 1), y);
    eg_val item[] = {eg_cross_entropy_loss(m, y, NULL), eg_mean(eg_convert(right, EG_F32))};
    return eg_tuple(eg_context_of(p), 2, item);
}

size_t weights(eg_system *model, eg_state *state, void *to)
{
    size_t bytes = 0;
    for (int k = 0; k < eg_num_parameters(model); k++) {
        eg_var *v = eg_parameter(model, k);
        eg_spec s = eg_variable_spec(v);
        size_t size = (size_t)train_count(s) * eg_dtype_size(s.dtype);
        const void *data = eg_data(state, v);
        ck_assert_ptr_nonnull(data);
        ck_assert_uint_le(bytes + size, sizeof(double[MOST_WEIGHTS]));
        memcpy((char *)to + bytes, data, size);
        bytes += size;
    }
    return bytes;
}

void check_weights(eg_system *model, const void *want)
{
    double have[MOST_WEIGHTS];
    size_t bytes = weights(model, NULL, have);
    ck_assert_mem_eq(have, want, bytes);
}

eg_optimizer *sgd(eg_system *model, double lr)
{
    eg_optimizer_params p = eg_optimizer_defaults(EG_SGD);
    p.lr = eg_constant_lr(lr);
    eg_var *vars[8];
    int num = eg_num_parameters(model);
    for (int k = 0; k < num; k++) vars[k] = eg_parameter(model, k);
    return eg_optimizer_new(eg_system_context(model), NULL, &p, num, vars);
}

const double *past(learner *l, const char *phase, const char *metric, eg_history_of_fit which, int want)
{
    int64_t num = -1;
    const double *at = eg_fit_history(l->trainer, phase, metric, which, &num);
    test_fine(l->eg);
    ck_assert_int_eq(num, want);
    return at;
}

eg_val square_loss(void *user, eg_val p, eg_val y)
{
    (void)user;
    return eg_mean(eg_square(eg_sub(p, y)));
}
