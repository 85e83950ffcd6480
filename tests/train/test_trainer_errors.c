/* What is wrong with trainers, data and losses: said with their names, and nothing is changed. */
#include "learner.h"

/* -- making -------------------------------------------------------------------------------------------------------- */

static const char *const names[] = {"a", "b"};
static const char *const no_name[] = {"a", NULL};

/* X(status, what is made, options, words of the message) */
#define WRONG(X)                                                                                                       \
    X(ARGUMENT, eg_bptt, {0}, "BPTT 'model.wrong': it has no loss")                                                    \
    X(ARGUMENT, eg_bpff, {0}, "BPFF 'model.wrong': it has no loss")                                                    \
    X(ARGUMENT, eg_bptt, {.loss = "l2_loss" COMMA.loss_fn = square_loss}, "it has two losses")                         \
    X(ARGUMENT, eg_bptt, {.loss = "squares"}, "squares")                                                               \
    X(ARGUMENT, eg_bptt, {.loss = "l2_loss" COMMA.num_metrics = 2 COMMA.metrics = names}, "metrics are what loss_fn")  \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.num_metrics = 2}, "metrics are what loss_fn")                   \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.num_metrics = -1}, "metrics are what loss_fn")                  \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.num_metrics = 2 COMMA.metrics = no_name}, "a metric is NULL")   \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.clip_value = -1}, "clip_value is -1; use a number above 0")     \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.clip_value = NAN}, "clip_value is")                             \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.clip_norm = -2}, "clip_norm is -2; use a number above 0")       \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.steps = -3}, "steps is negative")                               \
    X(ARGUMENT, eg_bpff, {.loss_fn = square_loss COMMA.steps = 3}, "it has no time")                                   \
    X(ARGUMENT, eg_bpff, {.loss_fn = square_loss COMMA.data_first_axis = EG_TIME_FIRST}, "it has no time")             \
    X(ARGUMENT, eg_bpff, {.loss_fn = square_loss COMMA.num_monitors = 1}, "it has no runner")                          \
    X(ARGUMENT, eg_bpff, {.loss_fn = square_loss COMMA.num_inputs = 1}, "it has no runner")                            \
    X(ARGUMENT, eg_bpff, {.loss_fn = square_loss COMMA.dt = 1}, "it has no runner")                                    \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.steps = 3 COMMA.data_first_axis = EG_TIME_FIRST}, "with steps") \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.data_first_axis = (eg_data_axis)7}, "data_first_axis is 7")     \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.num_monitors = 1}, "1 monitors")                                \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.num_inputs = -1}, "-1 inputs")                                  \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.dt = -1}, "dt is -1")                                           \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.t0 = INFINITY}, "t0 is inf")                                    \
    X(ARGUMENT, eg_bpff, {.loss_fn = square_loss COMMA.t0 = NAN}, "t0 is")                                             \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.policy = (eg_checkpoint)9}, "policy")                           \
    X(ARGUMENT, eg_bptt, {.loss_fn = square_loss COMMA.policy = EG_CHECKPOINT_EVERY COMMA.every = -1}, "every")
#define COMMA ,

START_TEST(wrong_options_are_said_and_nothing_is_made)
{
    static const struct {
        eg_status status;
        eg_system *(*make)(eg_system *, const char *, const eg_bptt_options *, const char *, int);
        eg_bptt_options o;
        const char *words;
    } cases[] = {
#define X(status, make, options, words) {EG_ERR_##status, (make), options, words},
        WRONG(X)
#undef X
    };
    learner l = learner_new(0, EG_F32, &recurrent_class);
    int64_t variables = eg_num_variables(l.eg);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        ck_assert_msg(!cases[k].make(l.model, "wrong", &cases[k].o, "user.c", 12), "%s", cases[k].words);
        test_expect(l.eg, cases[k].status, cases[k].words, "user.c:12", NULL);
        ck_assert_int_eq(eg_num_variables(l.eg), variables);
    }
    ck_assert_ptr_nonnull(eg_bptt(l.model, "wrong", &(eg_bptt_options){.loss_fn = square_loss}));
    ck_assert_ptr_null(eg_bptt(l.model, "wrong", &(eg_bptt_options){.loss_fn = square_loss}));
    test_expect(l.eg, EG_ERR_ARGUMENT, "a BPTT of that name was made at", NULL);
    learner_close(&l);
}
END_TEST

START_TEST(a_model_must_be_in_training_and_have_parameters)
{
    learner l = learner_new(0, EG_F32, &spiking_class);
    eg_bptt_options o = {.loss_fn = label_loss};
    for (eg_mode mode = EG_NONBATCHING; mode <= EG_BATCHING; mode++) {
        eg_set_mode(l.net, mode, 0);
        ck_assert_ptr_null(eg_bptt(l.model, NULL, &o));
        test_expect(l.eg, EG_ERR_STATE, "BPTT 'model.BPTT0'", "not in training mode", "eg_set_mode(net, EG_TRAINING",
                    NULL);
    }
    eg_set_mode(l.net, EG_TRAINING, 0);
    eg_system *bare = eg_lif(l.net, "bare", 3, NULL);
    ck_assert_ptr_null(eg_bptt(bare, NULL, &o));
    test_expect(l.eg, EG_ERR_STATE, "BPTT 'bare.BPTT0'", "no parameters", "eg_add_parameter", NULL);
    ck_assert_ptr_null(eg_bptt(l.model, NULL, NULL));
    test_expect(l.eg, EG_ERR_ARGUMENT, "no loss", NULL);
    learner_close(&l);
}
END_TEST

START_TEST(an_optimiser_of_what_is_no_parameter_is_refused)
{
    learner l = learner_new(0, EG_F32, &linear_class), other = learner_new(0, EG_F32, &linear_class);
    eg_bptt_options o = {.loss_fn = square_loss, .optimizer = sgd(other.model, 1)};
    ck_assert_ptr_null(eg_bpff(l.model, NULL, &o));
    test_expect(l.eg, EG_ERR_ARGUMENT, "BPFF 'model.BPFF0'", "trains 'model.W'", "no parameter", NULL);
    eg_var *loose = eg_variable(l.eg, "loose", eg_vector(EG_F32, 2));
    eg_optimizer_params p = eg_optimizer_defaults(EG_SGD);
    p.lr = eg_constant_lr(1);
    o.optimizer = eg_optimizer_new(l.eg, NULL, &p, 1, &loose);
    ck_assert_ptr_null(eg_bpff(l.model, NULL, &o));
    test_expect(l.eg, EG_ERR_ARGUMENT, "trains 'loose'", NULL);
    learner_close(&l);
    learner_close(&other);
}
END_TEST

START_TEST(a_fit_needs_training_mode_even_later)
{
    learner l = learner_new(_i, EG_F32, &spiking_class);
    l.trainer = eg_bptt(l.model, NULL, &(eg_bptt_options){.loss_fn = label_loss});
    eg_dataset d = sequences();
    double before[MOST_WEIGHTS];
    weights(l.model, NULL, before);
    eg_set_mode(l.net, EG_BATCHING, 0);
    eg_fit(l.trainer, &d, NULL);
    test_expect(l.eg, EG_ERR_STATE, "BPTT 'model.BPTT0'", "not in training mode any more", NULL);
    check_weights(l.model, before);
    eg_metrics m;
    eg_evaluate(l.trainer, &d, NULL, &m);
    test_fine(l.eg);
    double loss = m.value[0];
    eg_set_mode(l.net, EG_NONBATCHING, 0);
    eg_evaluate(l.trainer, &d, NULL, &m);
    test_expect(l.eg, EG_ERR_STATE, "not in training mode any more", NULL);
    ck_assert_ptr_null(m.value);
    eg_set_mode(l.net, EG_TRAINING, 0);
    eg_evaluate(l.trainer, &d, NULL, &m);
    ck_assert_double_eq(m.value[0], loss);
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    learner_close(&l);
}
END_TEST

/* -- losses -------------------------------------------------------------------------------------------------------- */

static eg_val vector_loss(void *user, eg_val p, eg_val y)
{
    (void)user;
    return eg_mean(eg_square(eg_sub(p, y)), 0);
}
static eg_val whole_loss(void *user, eg_val p, eg_val y)
{
    (void)user;
    (void)y;
    return eg_argmax(eg_reshape(p, -1), 0);
}
static eg_val number_loss(void *user, eg_val p, eg_val y)
{
    (void)user, (void)p, (void)y;
    return eg_real(1);
}
static eg_val no_loss(void *user, eg_val p, eg_val y)
{
    (void)user, (void)p, (void)y;
    return eg_nothing();
}
static eg_val with_vector(void *user, eg_val p, eg_val y)
{
    (void)user;
    return eg_tuple(eg_context_of(p), 2, (eg_val[]){square_loss(NULL, p, y), eg_mean(p, 0)});
}

START_TEST(what_a_loss_returns_is_checked)
{
    static const struct {
        eg_train_loss_fn fn;
        int metrics;
        const char *words;
    } cases[] = {
        {vector_loss, 0, "the loss must be a floating scalar; take a mean"},
        {whole_loss, 0, "the loss must be a floating scalar"},
        {number_loss, 0, "loss_fn must return the loss, one value"},
        {no_loss, 0, "loss_fn must return the loss, one value"},
        {with_vector, 0, "loss_fn must return the loss, one value"},
        {with_vector, 1, "a metric must be a scalar"},
        {with_vector, 2, "as many metrics as are named"},
        {square_loss, 1, "as many metrics as are named"},
        {number_loss, 1, "as many metrics as are named"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        learner l = learner_new(0, EG_F32, &linear_class);
        l.trainer =
            eg_bpff(l.model, NULL,
                    &(eg_bptt_options){.loss_fn = cases[k].fn, .num_metrics = cases[k].metrics, .metrics = names});
        eg_dataset d = stills();
        eg_fit(l.trainer, &d, NULL);
        test_expect(l.eg, EG_ERR_SHAPE, "BPFF 'model.BPFF0'", cases[k].words, NULL);
        eg_evaluate(l.trainer, &d, NULL, NULL);
        test_expect(l.eg, EG_ERR_SHAPE, cases[k].words, NULL);
        learner_close(&l);
    }
}
END_TEST

START_TEST(there_may_be_63_metrics_and_64_monitors)
{
    static const char *many[64];
    static eg_monitor see[65];
    static char key[65][8];
    for (int k = 0; k < 65; k++) {
        snprintf(key[k], sizeof key[k], "m%d", k);
        see[k] = (eg_monitor){.key = key[k], .variable = "h"};
        if (k < 64) many[k] = key[k];
    }
    learner l = learner_new(0, EG_F32, &recurrent_class);
    eg_dataset d = series();
    l.trainer = eg_bptt(l.model, NULL, &(eg_bptt_options){.loss_fn = square_loss, .num_metrics = 64, .metrics = many});
    eg_fit(l.trainer, &d, NULL);
    test_expect(l.eg, EG_ERR_ARGUMENT, "more than 63 metrics", NULL);
    l.trainer = eg_bptt(l.model, NULL, &(eg_bptt_options){.loss_fn = square_loss, .num_monitors = 65, .monitors = see});
    eg_fit(l.trainer, &d, NULL);
    test_expect(l.eg, EG_ERR_SHAPE, "more than 64 outputs or monitors", NULL);
    learner_close(&l);
}
END_TEST

static eg_val silent(eg_system *s, eg_shared shared, eg_val x)
{
    (void)s, (void)shared, (void)x;
    return eg_nothing();
}

START_TEST(a_model_that_returns_nothing_is_refused)
{
    static const eg_class silent_class = {.name = "Silent", .role = EG_OTHER, .update = silent};
    learner l = learner_new(0, EG_F32, &linear_class);
    eg_system *mute = eg_system_new(l.net, NULL, &silent_class, 0, NULL);
    eg_bptt_options o = {.loss_fn = label_loss, .optimizer = sgd(l.model, 1)};
    eg_dataset d = sequences();
    eg_fit(eg_bptt(mute, NULL, &o), &d, NULL);
    test_expect(l.eg, EG_ERR_SHAPE, "Silent0", "returns nothing", NULL);
    eg_fit(eg_bpff(mute, NULL, &o), &d, NULL);
    test_expect(l.eg, EG_ERR_SHAPE, "Silent0", "returns nothing", NULL);
    learner_close(&l);
}
END_TEST

/* -- data ---------------------------------------------------------------------------------------------------------- */

static void expect_data(learner *l, eg_dataset d, const char *words)
{
    eg_fit(l->trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_expect(l->eg, EG_ERR_ARGUMENT, "BPTT 'model.BPTT0': training data: ", words, NULL);
    eg_dataset good = sequences();
    eg_fit(l->trainer, &good, &(eg_fit_options){.num_epoch = 1, .test = &d});
    test_expect(l->eg, EG_ERR_ARGUMENT, "BPTT 'model.BPTT0': test data: ", words, NULL);
    eg_evaluate(l->trainer, &d, NULL, NULL);
    test_expect(l->eg, EG_ERR_ARGUMENT, words, NULL);
}

static learner trained_learner(int way)
{
    learner l = learner_new(way, EG_F32, &spiking_class);
    l.trainer = eg_bptt(l.model, NULL, &(eg_bptt_options){.loss_fn = label_loss});
    test_fine(l.eg);
    return l;
}

START_TEST(wrong_data_are_said_before_anything_runs)
{
    learner l = trained_learner(_i);
    double before[MOST_WEIGHTS];
    weights(l.model, NULL, before);
    eg_fit(l.trainer, NULL, NULL);
    test_expect(l.eg, EG_ERR_ARGUMENT, "training data: there are none", NULL);
    eg_evaluate(l.trainer, NULL, NULL, NULL);
    test_expect(l.eg, EG_ERR_ARGUMENT, "there are none", NULL);
    eg_dataset d = sequences();
    d.x = NULL;
    expect_data(&l, d, "x or y is NULL");
    d = sequences(), d.y = NULL;
    expect_data(&l, d, "x or y is NULL");
    d = sequences(), d.x_spec.rank = -1;
    expect_data(&l, d, "the shape of x or y is none");
    d = sequences(), d.y_spec.rank = EG_MAX_RANK + 1;
    expect_data(&l, d, "the shape of x or y is none");
    d = sequences(), d.x_spec.dim[2] = -1;
    expect_data(&l, d, "the shape of x or y is none");
    d = sequences(), d.y_spec.dim[0]--;
    expect_data(&l, d, "x and y have another number of samples");
    d = sequences(), d.x_spec.dim[0] = d.y_spec.dim[0] = 0;
    expect_data(&l, d, "there is no sample");
    d = sequences(), d.batch_size = -4;
    expect_data(&l, d, "batch_size is negative");
    d = sequences(), d.batch_size = SAMPLES + 1, d.drop_last = true;
    expect_data(&l, d, "drop_last leaves none");
    check_weights(l.model, before);
    learner_close(&l);
}
END_TEST

START_TEST(data_that_the_model_does_not_take_are_said)
{
    learner l = trained_learner(_i);
    eg_dataset d = sequences();
    d.x_spec = eg_vector(EG_F32, SAMPLES);
    eg_fit(l.trainer, &d, NULL);
    test_expect(l.eg, EG_ERR_SHAPE, "BPTT 'model.BPTT0'", "[B, T, ...]", "x has 1 axes", NULL);
    d.x_spec = eg_matrix(EG_F32, SAMPLES, IN);
    eg_fit(l.trainer, &d, NULL);
    ck_assert_int_ne(eg_error(l.eg), EG_OK);
    eg_clear_error(l.eg);
    d = sequences(), d.x_spec.dim[2] = IN - 1;
    eg_fit(l.trainer, &d, NULL);
    test_expect(l.eg, EG_ERR_SHAPE, "eg_dot", NULL);
    d = sequences(), d.y_spec = eg_matrix(EG_F32, SAMPLES, 7);
    d.y = d.x;
    eg_fit(l.trainer, &d, NULL);
    test_expect(l.eg, EG_ERR_SHAPE, "eg_cross_entropy_loss", NULL);
    l.trainer = eg_bptt(l.model, "steps", &(eg_bptt_options){.loss_fn = label_loss, .steps = 3});
    d = sequences(), d.x_spec = (eg_spec){EG_F32, EG_MAX_RANK, {SAMPLES, 1, 1, 1, 1, 1}};
    eg_fit(l.trainer, &d, NULL);
    ck_assert_int_eq(eg_error(l.eg), EG_ERR_SHAPE);
    eg_clear_error(l.eg);
    learner_close(&l);
}
END_TEST

/* A function that gives what it is told to. */
typedef struct source {
    eg_batch batch;
    int64_t num;
    eg_context *fails;
} source;

static bool give(void *user, int64_t epoch, int64_t k, eg_batch *b)
{
    source *s = user;
    (void)epoch;
    if (s->fails) eg_fail(s->fails, EG_ERR_IO, "file.c", 3, "the disk is full");
    *b = s->batch;
    return k < s->num;
}

START_TEST(batches_of_functions_are_looked_at)
{
    learner l = trained_learner(_i);
    eg_dataset a = sequences();
    source s = {.batch = {a.x_spec, a.y_spec, a.x, a.y}};
    eg_dataset d = {.next = give, .user = &s};
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_expect(l.eg, EG_ERR_ARGUMENT, "BPTT 'model.BPTT0': epoch 0 has no batch of training data", NULL);
    eg_fit(l.trainer, &a, &(eg_fit_options){.num_epoch = 1, .test = &d});
    test_expect(l.eg, EG_ERR_ARGUMENT, "no batch of test data", NULL);
    eg_evaluate(l.trainer, &d, NULL, NULL);
    test_expect(l.eg, EG_ERR_ARGUMENT, "no batch of test data", NULL);
    s.num = 1;
    s.batch.x = NULL;
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_expect(l.eg, EG_ERR_ARGUMENT, "batch 0 of epoch 1 has no x or y", NULL);
    s.batch.x = a.x, s.batch.y_spec.dtype = (eg_dtype)77;
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_expect(l.eg, EG_ERR_ARGUMENT, "no proper shape", NULL);
    s.batch.y_spec = eg_vector(EG_I32, SAMPLES - 1);
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_expect(l.eg, EG_ERR_SHAPE, "as many samples", "10 samples, y 1 and 9", NULL);
    s.batch.x_spec.dim[0] = s.batch.y_spec.dim[0] = 0;
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_expect(l.eg, EG_ERR_SHAPE, "at least one", NULL);
    s.fails = l.eg;
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_expect(l.eg, EG_ERR_IO, "the disk is full", NULL);
    eg_fit(l.trainer, &a, &(eg_fit_options){.num_epoch = 1});
    learner_close(&l);
}
END_TEST

/* -- calls --------------------------------------------------------------------------------------------------------- */

static int fit_again(void *user, int64_t idx, const eg_metrics *m, const char *phase)
{
    learner *l = user;
    eg_dataset d = sequences();
    (void)idx, (void)m, (void)phase;
    ck_assert_int_eq(eg_evaluate(l->trainer, &d, NULL, NULL), EG_ERR_STATE);
    test_expect(l->eg, EG_ERR_STATE, "eg_evaluate: 'model.BPTT0' is running", NULL);
    ck_assert_int_eq(eg_fit(l->trainer, &d, NULL), EG_ERR_STATE);
    return 0;
}

START_TEST(a_trainer_runs_once_at_a_time)
{
    learner l = trained_learner(_i);
    eg_dataset d = sequences();
    ck_assert_int_eq(eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 5, .report = fit_again, .report_user = &l}),
                     EG_ERR_STATE);
    test_expect(l.eg, EG_ERR_STATE, "eg_fit: 'model.BPTT0' is running", NULL);
    int64_t num;
    eg_fit_history(l.trainer, "fit", "loss", EG_BY_REPORT, &num);
    ck_assert_int_eq(num, 1);
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    learner_close(&l);
}
END_TEST

START_TEST(wrong_calls_are_said)
{
    learner l = trained_learner(_i);
    eg_dataset d = sequences();
    int64_t num = 5;
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = -1});
    test_expect(l.eg, EG_ERR_ARGUMENT, "eg_fit: num_epoch is -1; use a number of epochs", NULL);
    eg_fit(l.model, &d, NULL);
    test_expect(l.eg, EG_ERR_ARGUMENT, "eg_fit: 'model' is a Spiking, not a trainer", NULL);
    eg_evaluate(l.net, &d, NULL, NULL);
    test_expect(l.eg, EG_ERR_ARGUMENT, "eg_evaluate: '' is a Network, not a trainer", NULL);
    ck_assert_ptr_null(eg_train_function(eg_trainer_runner(l.trainer), d.x_spec, d.y_spec, true));
    test_expect(l.eg, EG_ERR_ARGUMENT, "eg_train_function: 'model.BPTT0_runner' is a DSRunner", NULL);
    ck_assert_ptr_null(eg_fit_history(l.model, "fit", "loss", EG_BY_BATCH, &num));
    test_expect(l.eg, EG_ERR_ARGUMENT, "eg_fit_history: 'model'", NULL);
    ck_assert_int_eq(num, 0);
    eg_fit_history(l.trainer, "fit", "acc", EG_BY_BATCH, &num);
    test_expect(l.eg, EG_ERR_ARGUMENT, "'model.BPTT0' has no 'acc' of 'fit'", "metrics loss", NULL);
    eg_fit_history(l.trainer, "training", "loss", EG_BY_BATCH, NULL);
    test_expect(l.eg, EG_ERR_ARGUMENT, "no 'loss' of 'training'; phases are fit and test", NULL);
    eg_fit_history(l.trainer, NULL, NULL, EG_BY_BATCH, NULL);
    test_expect(l.eg, EG_ERR_ARGUMENT, "no 'NULL' of 'NULL'", NULL);
    eg_train_function(l.trainer, (eg_spec){EG_F32, EG_MAX_RANK + 1, {1}}, d.y_spec, true);
    test_expect(l.eg, EG_ERR_SHAPE, "BPTT 'model.BPTT0': x or y has a type or shape that is none", NULL);
    eg_train_function(l.trainer, d.x_spec, (eg_spec){.rank = -1}, false);
    test_expect(l.eg, EG_ERR_SHAPE, "none", NULL);
    ck_assert_ptr_null(eg_trainer_runner(l.model));
    ck_assert_ptr_null(eg_trainer_optimizer(l.model));
    learner_close(&l);
}
END_TEST

START_TEST(null_is_borne_everywhere)
{
    eg_spec x = eg_vector(EG_F32, 1);
    eg_dataset d = sequences();
    eg_metrics m = {.num = 4};
    int64_t num = 4;
    ck_assert_ptr_null(eg_bptt(NULL, NULL, NULL));
    ck_assert_ptr_null(eg_bpff(NULL, NULL, NULL));
    ck_assert_ptr_null(eg_trainer_runner(NULL));
    ck_assert_ptr_null(eg_trainer_optimizer(NULL));
    ck_assert_ptr_null(eg_optimizer_trained(NULL, 0));
    ck_assert_int_eq(eg_optimizer_num_trained(NULL), 0);
    ck_assert_int_eq(eg_fit(NULL, &d, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_evaluate(NULL, &d, NULL, &m), EG_ERR_ARGUMENT);
    ck_assert_int_eq(m.num, 0);
    ck_assert_ptr_null(eg_fit_history(NULL, "fit", "loss", EG_BY_REPORT, &num));
    ck_assert_int_eq(num, 0);
    ck_assert_ptr_null(eg_train_function(NULL, x, x, true));
    ck_assert_int_eq(eg_fit_bar_show(&(eg_fit_bar){0}, &(eg_fit_progress){0}), 0);
    ck_assert_int_eq(eg_fit_bar_show(NULL, NULL), 0);
    ck_assert_ptr_null(eg_batch_variable(NULL, "V", 2));
    ck_assert_ptr_null(eg_batched(NULL, NULL, 2, NULL));
    ck_assert_ptr_null(eg_add_spike(NULL));
    ck_assert(eg_spec_of(eg_fire(NULL, 1, 1, NULL)).rank < 0);
    ck_assert_int_eq(eg_set_mode(NULL, EG_TRAINING, 0), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_mode_of(NULL), EG_NONBATCHING);
    ck_assert_int_eq(eg_batch_size(NULL), 1);
    ck_assert_int_eq(eg_num_parameters(NULL), 0);
    ck_assert_ptr_null(eg_parameter(NULL, 0));
}
END_TEST

/* -- modes --------------------------------------------------------------------------------------------------------- */

static eg_val fires_without(eg_system *s, eg_shared shared, eg_val x)
{
    (void)shared;
    return eg_fire(s, x, 1, NULL);
}

typedef struct counter {
    eg_var *count;
} counter;

static void count_setup(eg_system *s)
{
    ((counter *)eg_self(s))->count = eg_add_buffer(s, "count", eg_scalar(EG_F32), eg_init_constant(0));
}

static eg_val count_update(eg_system *s, eg_shared shared, eg_val x)
{
    const counter *c = eg_self(s);
    (void)shared;
    eg_set(c->count, eg_sum(x));
    return x;
}

START_TEST(what_modes_cannot_do_is_said)
{
    static const eg_class firing = {.name = "Firing", .role = EG_OTHER, .update = fires_without};
    static const eg_class counting = {
        .name = "Counting", .role = EG_OTHER, .size = sizeof(counter), .setup = count_setup, .update = count_update};
    learner l = learner_new(_i, EG_F32, &linear_class);
    eg_dataset d = stills();
    eg_bptt_options o = {.loss_fn = square_loss, .optimizer = sgd(l.model, 1)};
    eg_fit(eg_bpff(eg_system_new(l.net, NULL, &firing, 3, NULL), NULL, &o), &d, NULL);
    test_expect(l.eg, EG_ERR_STATE, "eg_fire: Firing 'Firing0' has no spikes", "eg_add_spike", NULL);
    eg_fit(eg_bpff(eg_system_new(l.net, NULL, &counting, 0, NULL), NULL, &o), &d, NULL);
    ck_assert_int_ne(eg_error(l.eg), EG_OK);
    ck_assert_msg(strstr(eg_message(l.eg), "Counting0.count"), "%s", eg_message(l.eg));
    eg_clear_error(l.eg);
    eg_set_mode(l.net, EG_BATCHING, (int64_t)INT32_MAX + 1);
    test_expect(l.eg, EG_ERR_ARGUMENT, "a batch of 2147483648 samples", NULL);
    eg_set_mode(l.net, (eg_mode)-1, 0);
    test_expect(l.eg, EG_ERR_ARGUMENT, "mode -1 is unknown", NULL);
    ck_assert_int_eq(eg_mode_of(l.model), EG_TRAINING);
    eg_system *trainer = eg_bpff(l.model, NULL, &o);
    eg_batched(l.net, eg_train_function(trainer, d.x_spec, d.y_spec, false), -2, NULL);
    test_expect(l.eg, EG_ERR_ARGUMENT, "eg_batched: a batch of -2 samples", NULL);
    eg_batch_variable(l.model, NULL, 2);
    test_expect(l.eg, EG_ERR_ARGUMENT, "no variable 'NULL'", "W", NULL);
    ck_assert_ptr_eq(eg_batch_variable(l.model, "W", 5), eg_parameter(l.model, 0));
    learner_close(&l);
}
END_TEST

START_TEST(a_variable_of_all_axes_has_no_batch)
{
    learner l = learner_new(0, EG_F32, &linear_class);
    eg_add_variable(l.model, "full", (eg_spec){EG_F32, EG_MAX_RANK, {1, 1, 1, 1, 1, 1}}, eg_init_constant(0));
    eg_batch_variable(l.model, "full", 2);
    test_expect(l.eg, EG_ERR_SHAPE, "a batch of 2 of 'model.full'", "as many axes as there can be", NULL);
    eg_batch_variable(l.model, "full", (int64_t)1 << 40);
    test_expect(l.eg, EG_ERR_SHAPE, "'model.full'", NULL);
    learner_close(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer errors");
    TCase *c = tcase_create("errors");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, wrong_options_are_said_and_nothing_is_made);
    tcase_add_test(c, a_model_must_be_in_training_and_have_parameters);
    tcase_add_test(c, an_optimiser_of_what_is_no_parameter_is_refused);
    tcase_add_loop_test(c, a_fit_needs_training_mode_even_later, 0, 2);
    tcase_add_test(c, what_a_loss_returns_is_checked);
    tcase_add_test(c, there_may_be_63_metrics_and_64_monitors);
    tcase_add_test(c, a_model_that_returns_nothing_is_refused);
    tcase_add_loop_test(c, wrong_data_are_said_before_anything_runs, 0, 2);
    tcase_add_loop_test(c, data_that_the_model_does_not_take_are_said, 0, 2);
    tcase_add_loop_test(c, batches_of_functions_are_looked_at, 0, 2);
    tcase_add_loop_test(c, a_trainer_runs_once_at_a_time, 0, 2);
    tcase_add_loop_test(c, wrong_calls_are_said, 0, 2);
    tcase_add_test(c, null_is_borne_everywhere);
    tcase_add_loop_test(c, what_modes_cannot_do_is_said, 0, 2);
    tcase_add_test(c, a_variable_of_all_axes_has_no_batch);
    suite_add_tcase(suite, c);
    return test_run(suite);
}
