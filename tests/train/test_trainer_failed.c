/* Fits that fail on the way: what is not finite, and memory that ends. */
#include "learner.h"
#include "support/faulty.h"

/* -- not finite ---------------------------------------------------------------------------------------------------- */

/* sqrt has no slope at 0: where y is 0 the loss is finite and its gradient is not. */
static eg_val root_loss(void *user, eg_val p, eg_val y)
{
    (void)user;
    return eg_sqrt(eg_mul(eg_square(eg_sum(p)), eg_sum(eg_square(y))));
}

/* Fits with a bad last batch of the first or second epoch; weights must be those of a fit that ends before it. */
static void check_spoilt(int way, bool own, eg_train_loss_fn fn, eg_dataset bad, const char *what)
{
    learner l = learner_new(way, EG_F32, &linear_class), good = learner_new(way, EG_F32, &linear_class);
    eg_bptt_options o = {.loss_fn = fn};
    l.trainer = eg_bpff(l.model, NULL, &o);
    good.trainer = eg_bpff(good.model, NULL, &o);
    eg_state *state = own ? eg_state_new(l.eg) : NULL;
    eg_fit(l.trainer, &bad, &(eg_fit_options){.num_epoch = 2, .state = state});
    test_expect(l.eg, EG_ERR_RUN, "BPFF 'model.BPFF0': epoch 0, batch 2: ", what, "is not finite", NULL);
    eg_dataset d = bad;
    d.x_spec.dim[0] = d.y_spec.dim[0] = 8;
    eg_fit(good.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    double want[MOST_WEIGHTS], have[MOST_WEIGHTS];
    size_t bytes = weights(good.model, NULL, want);
    weights(l.model, state, have);
    ck_assert_mem_eq(have, want, bytes);
    ck_assert_int_eq(eg_optimizer_steps(eg_trainer_optimizer(l.trainer), state), 2);
    int64_t num;
    eg_fit_history(l.trainer, "fit", "loss", EG_BY_BATCH, &num);
    ck_assert_int_eq(num, 2);
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1, .state = state});
    test_fine(l.eg);
    weights(l.model, state, have);
    ck_assert_mem_ne(have, want, bytes);
    eg_state_free(state);
    learner_close(&l);
    learner_close(&good);
}

START_TEST(a_loss_that_is_not_finite_ends_the_fit_before_its_step)
{
    static float x[SAMPLES][IN], y[SAMPLES][OUT];
    eg_dataset d = stills();
    memcpy(x, d.x, sizeof x);
    x[9][1] = _i % 2 ? NAN : INFINITY;
    d.x = x;
    check_spoilt(_i / 2, _i % 2, square_loss, d, "the loss");
    d = stills();
    for (int k = 0; k < SAMPLES * OUT; k++) y[k / OUT][k % OUT] = k < 8 * OUT;
    d.y = y;
    check_spoilt(_i / 2, _i % 2, root_loss, d, "the gradient of model.W");
}
END_TEST

/* Counts batches in a buffer. */
typedef struct average {
    linear l;
    eg_var *count;
} average;

static void average_setup(eg_system *s)
{
    linear_class.setup(s);
    average *a = eg_self(s);
    a->count = eg_add_buffer(s, "count", eg_scalar(EG_F32), eg_init_constant(0));
}

static eg_val average_update(eg_system *s, eg_shared shared, eg_val x)
{
    const average *a = eg_self(s);
    if (shared.fit) eg_set(a->count, eg_add(eg_get(a->count), 1));
    return linear_class.update(s, shared, x);
}

START_TEST(what_the_model_sets_in_a_batch_that_is_not_finite_is_taken_back)
{
    static const eg_class average_class = {
        .name = "Average", .role = EG_OTHER, .size = sizeof(average), .setup = average_setup, .update = average_update};
    static float x[SAMPLES][IN];
    learner l = learner_new(_i, EG_F32, &sum_class);
    eg_system *model = eg_system_new(l.net, NULL, &average_class, OUT, NULL);
    l.trainer = eg_bpff(model, NULL, &(eg_bptt_options){.loss_fn = square_loss});
    eg_dataset d = stills();
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 2, .test = &d});
    test_fine(l.eg);
    eg_var *count = eg_system_variable(model, "count");
    ck_assert_float_eq(*(const float *)eg_data(NULL, count), 6);
    memcpy(x, d.x, sizeof x);
    x[9][0] = NAN;
    d.x = x;
    eg_fit(l.trainer, &d, NULL);
    test_expect(l.eg, EG_ERR_RUN, "epoch 0, batch 2: the loss is not finite", NULL);
    ck_assert_float_eq(*(const float *)eg_data(NULL, count), 8);
    learner_close(&l);
}
END_TEST

START_TEST(a_test_that_is_not_finite_is_reported_as_it_is)
{
    static float x[SAMPLES][IN];
    learner l = learner_new(_i, EG_F32, &linear_class);
    l.trainer = eg_bpff(l.model, NULL, &(eg_bptt_options){.loss_fn = square_loss});
    eg_dataset d = stills();
    memcpy(x, d.x, sizeof x);
    x[0][0] = NAN;
    d.x = x;
    eg_metrics m;
    eg_evaluate(l.trainer, &d, NULL, &m);
    test_fine(l.eg);
    ck_assert(isnan(m.value[0]));
    learner_close(&l);
}
END_TEST

/* -- memory -------------------------------------------------------------------------------------------------------- */

static bool fits_without_memory(eg_context *eg)
{
    eg_system *net = eg_network(eg, NULL, NULL), *model = eg_system_new(net, "model", &recurrent_class, 0, NULL);
    eg_set_mode(net, EG_TRAINING, 0);
    eg_system *trainer = eg_bptt(model, NULL, &(eg_bptt_options){.loss_fn = square_loss});
    eg_dataset d = series();
    d.shuffle = true;
    d.batch_size = SAMPLES;
    eg_fit_options o = {.num_epoch = 1, .test = &d, .interpret = true};
    if (eg_fit(trainer, &d, &o)) return false;
    eg_metrics m;
    return !eg_evaluate(trainer, &d, &o, &m) && m.value && eg_data(NULL, eg_parameter(model, 0));
}

START_TEST(memory_may_end_at_any_time) { faulty_every(fits_without_memory); }
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer failed");
    TCase *c = tcase_create("failed");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, a_loss_that_is_not_finite_ends_the_fit_before_its_step, 0, 4);
    tcase_add_loop_test(c, what_the_model_sets_in_a_batch_that_is_not_finite_is_taken_back, 0, 3);
    tcase_add_loop_test(c, a_test_that_is_not_finite_is_reported_as_it_is, 0, 2);
    tcase_add_test(c, memory_may_end_at_any_time);
    suite_add_tcase(suite, c);
    return test_run(suite);
}
