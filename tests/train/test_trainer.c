/* Trainers: what a fit does to the weights, and what it leaves alone. */
#include "learner.h"

typedef struct saved {
    double at[MOST_WEIGHTS];
} saved;

static saved save(const learner *l)
{
    saved s = {{0}};
    weights(l->model, NULL, &s);
    return s;
}

/* -- without time -------------------------------------------------------------------------------------------------- */

/* Three steps of plain gradient descent of a linear regression, in plain C. */
static void regress(double W[IN][OUT], double b[OUT], double loss[3], double lr)
{
    const task *t = task_of();
    for (int step = 0; step < 3; step++) {
        double gW[IN][OUT] = {{0}}, gb[OUT] = {0};
        loss[step] = 0;
        for (int i = 0; i < SAMPLES; i++) {
            for (int o = 0; o < OUT; o++) {
                double e = b[o] - (double)t->still_y[i][o];
                for (int j = 0; j < IN; j++) e += (double)t->still[i][j] * W[j][o];
                loss[step] += e * e / (SAMPLES * OUT);
                gb[o] += 2 * e / (SAMPLES * OUT);
                for (int j = 0; j < IN; j++) gW[j][o] += 2 * e * (double)t->still[i][j] / (SAMPLES * OUT);
            }
        }
        for (int o = 0; o < OUT; o++) b[o] -= lr * gb[o];
        for (int k = 0; k < IN * OUT; k++) W[k / OUT][k % OUT] -= lr * gW[k / OUT][k % OUT];
    }
}

START_TEST(a_linear_regression_is_that_of_plain_c)
{
    learner l = learner_new(_i, EG_F64, &linear_class);
    double W[IN][OUT], b[OUT], want[3];
    memcpy(W, eg_data(NULL, eg_parameter(l.model, 0)), sizeof W);
    memcpy(b, eg_data(NULL, eg_parameter(l.model, 1)), sizeof b);
    l.trainer =
        eg_bpff(l.model, NULL, &(eg_bptt_options){.loss = "mean_squared_error", .optimizer = sgd(l.model, 0.3)});
    eg_dataset d = stills();
    d.batch_size = SAMPLES;
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 3});
    test_fine(l.eg);
    regress(W, b, want, 0.3);
    int64_t num;
    const double *loss = eg_fit_history(l.trainer, "fit", "loss", EG_BY_REPORT, &num);
    ck_assert_int_eq(num, 3);
    for (int k = 0; k < 3; k++) ck_assert_double_eq_tol(loss[k], want[k], 1e-12);
    const double *have = eg_data(NULL, eg_parameter(l.model, 0));
    for (int k = 0; k < IN * OUT; k++) ck_assert_double_eq_tol(have[k], W[k / OUT][k % OUT], 1e-12);
    have = eg_data(NULL, eg_parameter(l.model, 1));
    for (int k = 0; k < OUT; k++) ck_assert_double_eq_tol(have[k], b[k], 1e-12);
    ck_assert_ptr_null(eg_trainer_runner(l.trainer));
    learner_close(&l);
}
END_TEST

/* -- through time -------------------------------------------------------------------------------------------------- */

static learner spiking(int way, eg_bptt_options o)
{
    learner l = learner_new(way, EG_F32, &spiking_class);
    o.loss_fn = label_loss;
    l.trainer = eg_bptt(l.model, NULL, &o);
    test_fine(l.eg);
    return l;
}

static saved after(learner *l, int64_t epochs)
{
    eg_dataset d = sequences();
    d.shuffle = true;
    eg_fit(l->trainer, &d, &(eg_fit_options){.num_epoch = epochs});
    test_fine(l->eg);
    return save(l);
}

START_TEST(a_spiking_net_learns_the_same_in_every_way)
{
    saved first = {{0}};
    for (int way = 0; way < WAYS; way++) {
        learner l = spiking(way, (eg_bptt_options){0});
        saved before = save(&l), s = after(&l, 4);
        ck_assert_mem_ne(&s, &before, sizeof s);
        if (way == 0) first = s;
        ck_assert_mem_eq(&s, &first, sizeof s);
        learner_close(&l);
    }
}
END_TEST

START_TEST(a_spiking_net_learns)
{
    learner l = spiking(1, (eg_bptt_options){0});
    after(&l, 60);
    int64_t num;
    const double *loss = eg_fit_history(l.trainer, "train", "loss", EG_BY_REPORT, &num);
    ck_assert_int_eq(num, 60);
    ck_assert_double_lt(loss[59], 0.7 * loss[0]);
    learner_close(&l);
}
END_TEST

START_TEST(all_policies_of_checkpoints_give_the_same_bits)
{
    saved first = {{0}};
    for (int k = 0; k < 4; k++) {
        eg_checkpoint policy = k < 3 ? (eg_checkpoint)k : EG_CHECKPOINT_EVERY;
        learner l = spiking(_i, (eg_bptt_options){.policy = policy, .every = k - 1});
        saved s = after(&l, 2);
        if (k == 0) first = s;
        ck_assert_mem_eq(&s, &first, sizeof s);
        learner_close(&l);
    }
}
END_TEST

static eg_val squared(void *user, eg_val p, eg_val y)
{
    (void)user;
    return eg_mean(eg_square(eg_sub(p, eg_convert(y, EG_F64))));
}

static double loss_of(learner *l, eg_dataset *d)
{
    eg_metrics m;
    eg_evaluate(l->trainer, d, NULL, &m);
    test_fine(l->eg);
    return m.value[0];
}

/* The step that SGD with rate 1 has made is the gradient. */
static void check_gradient(learner *l, eg_dataset *d, int which, const double *before)
{
    eg_var *v = eg_parameter(l->model, which);
    int64_t n = train_count(eg_variable_spec(v));
    double *w = eg_data(NULL, v), stepped[64];
    memcpy(stepped, w, (size_t)n * sizeof *w);
    memcpy(w, before, (size_t)n * sizeof *w);
    for (int64_t k = 0; k < n; k++) {
        const double h = 1e-5, at = w[k];
        w[k] = at + h;
        double up = loss_of(l, d);
        w = eg_data(NULL, v);
        w[k] = at - h;
        double down = loss_of(l, d);
        w = eg_data(NULL, v);
        w[k] = at;
        ck_assert_double_eq_tol(at - stepped[k], (up - down) / (2 * h), 1e-8);
    }
}

START_TEST(a_step_is_the_gradient_by_central_differences)
{
    learner l = learner_new(_i, EG_F64, &recurrent_class);
    l.trainer = eg_bptt(l.model, NULL, &(eg_bptt_options){.loss_fn = squared, .optimizer = sgd(l.model, 1)});
    eg_dataset d = series();
    d.batch_size = SAMPLES;
    saved before = save(&l);
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_fine(l.eg);
    saved stepped = save(&l);
    const double *at = before.at;
    for (int k = 0; k < 3; k++) {
        /* all others stand where they stood */
        const double *from = before.at;
        for (int j = 0; j < 3; j++) {
            int64_t n = train_count(eg_variable_spec(eg_parameter(l.model, j)));
            memcpy(eg_data(NULL, eg_parameter(l.model, j)), j == k ? stepped.at + (from - before.at) : from,
                   (size_t)n * sizeof(double));
            from += n;
        }
        check_gradient(&l, &d, k, at);
        at += train_count(eg_variable_spec(eg_parameter(l.model, k)));
    }
    learner_close(&l);
}
END_TEST

/* -- going on ------------------------------------------------------------------------------------------------------ */

START_TEST(two_epochs_and_two_are_four)
{
    learner whole = spiking(_i, (eg_bptt_options){.seed = 5}), halves = spiking(_i, (eg_bptt_options){.seed = 5});
    saved want = after(&whole, 4);
    after(&halves, 2);
    saved s = after(&halves, 2);
    ck_assert_mem_eq(&s, &want, sizeof s);
    ck_assert_int_eq(*(int64_t *)eg_data(NULL, eg_system_variable(halves.trainer, "epoch")), 4);
    ck_assert_int_eq(eg_optimizer_steps(eg_trainer_optimizer(halves.trainer), NULL), 4 * 3);
    learner_close(&whole);
    learner_close(&halves);
}
END_TEST

START_TEST(predictions_and_tests_between_change_nothing)
{
    learner whole = spiking(_i, (eg_bptt_options){0}), parts = spiking(_i, (eg_bptt_options){0});
    saved want = after(&whole, 4);
    after(&parts, 2);
    eg_spec x = {EG_F32, 3, {4, STEPS, IN}};
    eg_run_inputs(eg_trainer_runner(parts.trainer), x, task_of()->x, NULL);
    x.dim[0] = 2;
    eg_run_inputs(eg_trainer_runner(parts.trainer), x, task_of()->x, NULL);
    eg_dataset d = sequences();
    eg_evaluate(parts.trainer, &d, NULL, NULL);
    saved s = after(&parts, 2);
    ck_assert_mem_eq(&s, &want, sizeof s);
    learner_close(&whole);
    learner_close(&parts);
}
END_TEST

START_TEST(a_fit_leaves_the_clock_and_states_alone)
{
    learner l = spiking(_i, (eg_bptt_options){0});
    eg_system *runner = eg_trainer_runner(l.trainer);
    ck_assert_str_eq(eg_system_path(runner), "model.BPTT0_runner");
    eg_set_mode(l.net, EG_NONBATCHING, 0);
    eg_run_inputs(runner, eg_matrix(EG_F32, STEPS, IN), task_of()->x, NULL);
    eg_set_mode(l.net, EG_BATCHING, 4);
    eg_run_inputs(runner, (eg_spec){EG_F32, 3, {4, STEPS, IN}}, task_of()->x, NULL);
    eg_set_mode(l.net, EG_TRAINING, 0);
    test_fine(l.eg);
    eg_var *one = eg_system_variable(l.model, "hidden.V"), *four = eg_batch_variable(l.model, "hidden.V", 4);
    float alone[HIDDEN], all[4 * HIDDEN];
    memcpy(alone, eg_data(NULL, one), sizeof alone);
    memcpy(all, eg_data(NULL, four), sizeof all);
    after(&l, 2);
    ck_assert_mem_eq(eg_data(NULL, one), alone, sizeof alone);
    ck_assert_mem_eq(eg_data(NULL, four), all, sizeof all);
    ck_assert_int_eq(*(int64_t *)eg_data(NULL, eg_system_variable(runner, "i0")), 2 * STEPS);
    learner_close(&l);
}
END_TEST

START_TEST(reset_state_leaves_parameters_and_reset_parameters_does_not)
{
    learner l = spiking(_i, (eg_bptt_options){0});
    saved before = save(&l), trained = after(&l, 2);
    eg_reset_state(l.net, NULL);
    check_weights(l.model, &trained);
    eg_reset_parameters(l.net, NULL);
    check_weights(l.model, &before);
    ck_assert_int_eq(*(int64_t *)eg_data(NULL, eg_system_variable(l.trainer, "epoch")), 0);
    learner_close(&l);
}
END_TEST

START_TEST(a_state_of_its_own_is_trained_alone)
{
    learner own = learner_new(_i, EG_F32, &spiking_class), l = spiking(_i, (eg_bptt_options){0});
    eg_state *early = eg_state_new(own.eg);
    own.trainer = eg_bptt(own.model, NULL, &(eg_bptt_options){.loss_fn = label_loss});
    saved before = save(&own), want = after(&l, 3);
    eg_dataset d = sequences();
    d.shuffle = true;
    eg_fit(own.trainer, &d, &(eg_fit_options){.num_epoch = 3, .state = early});
    test_fine(own.eg);
    check_weights(own.model, &before);
    saved s = {{0}};
    weights(own.model, early, &s);
    ck_assert_mem_eq(&s, &want, sizeof s);
    eg_state_free(early);
    learner_close(&own);
    learner_close(&l);
}
END_TEST

START_TEST(a_shape_is_traced_and_compiled_once)
{
    learner l = spiking(1, (eg_bptt_options){0});
    after(&l, 1);
    eg_stats first = eg_get_stats(l.eg);
    after(&l, 2);
    ck_assert_int_eq(eg_get_stats(l.eg).compiles, first.compiles);
    ck_assert_int_eq(eg_get_stats(l.eg).traces, first.traces);
    learner_close(&l);
}
END_TEST

/* -- predictions --------------------------------------------------------------------------------------------------- */

START_TEST(a_trained_model_predicts_through_the_runner)
{
    learner l = spiking(_i, (eg_bptt_options){0});
    after(&l, 3);
    eg_dataset d = sequences();
    d.batch_size = SAMPLES;
    double want = loss_of(&l, &d), loss = 0;
    eg_system *runner = eg_trainer_runner(l.trainer);
    eg_run_inputs(runner, d.x_spec, d.x, NULL);
    eg_history h = eg_output_of(runner, 0);
    ck_assert_int_eq(h.spec.rank, 3);
    ck_assert_int_eq(h.spec.dim[0], SAMPLES);
    const float *p = h.data;
    for (int i = 0; i < SAMPLES; i++) {
        double m[OUT] = {0}, sum = 0;
        for (int k = 0; k < STEPS * OUT; k++) m[k % OUT] += (double)*p++ / (int)STEPS;
        for (int o = 0; o < OUT; o++) sum += exp(m[o]);
        loss += (log(sum) - m[task_of()->label[i]]) / (int)SAMPLES;
    }
    ck_assert_double_eq_tol(loss, want, 1e-5);
    learner_close(&l);
}
END_TEST

START_TEST(the_function_of_a_batch_does_what_a_fit_does)
{
    learner fitted = spiking(_i, (eg_bptt_options){0}), called = spiking(_i, (eg_bptt_options){0});
    eg_dataset d = sequences();
    d.batch_size = SAMPLES;
    eg_fit(fitted.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    saved want = save(&fitted);
    eg_func *f = eg_train_function(called.trainer, d.x_spec, d.y_spec, true);
    ck_assert_int_eq(eg_num_results(f), 2);
    float loss;
    int64_t bad;
    eg_call(f, NULL, (const void *[]){d.x, d.y}, (void *[]){&loss, &bad}, NULL);
    check_weights(called.model, &want);
    int64_t num;
    ck_assert((double)loss == *eg_fit_history(fitted.trainer, "fit", "loss", EG_BY_BATCH, &num));
    ck_assert_int_eq(bad, -1);
    f = eg_train_function(called.trainer, d.x_spec, d.y_spec, false);
    ck_assert_int_eq(eg_num_results(f), 1);
    eg_call(f, NULL, (const void *[]){d.x, d.y}, (void *[]){&loss}, NULL);
    ck_assert((double)loss == loss_of(&fitted, &d));
    check_weights(called.model, &want);
    learner_close(&fitted);
    learner_close(&called);
}
END_TEST

/* -- the optimiser ------------------------------------------------------------------------------------------------- */

/* What one step of SGD with rate 1 does to the weights. */
static saved moved(int way, double clip_value, double clip_norm)
{
    learner l = learner_new(way, EG_F64, &recurrent_class);
    l.trainer = eg_bptt(
        l.model, NULL,
        &(eg_bptt_options){
            .loss_fn = squared, .clip_value = clip_value, .clip_norm = clip_norm, .optimizer = sgd(l.model, 1)});
    eg_dataset d = series();
    saved before = save(&l);
    d.batch_size = SAMPLES;
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    saved s = save(&l);
    for (int k = 0; k < MOST_WEIGHTS; k++) s.at[k] = before.at[k] - s.at[k];
    learner_close(&l);
    return s;
}

static double norm(const saved *s)
{
    double sum = 0;
    for (int k = 0; k < MOST_WEIGHTS; k++) sum += s->at[k] * s->at[k];
    return sqrt(sum);
}

START_TEST(gradients_are_clipped_by_value_then_by_norm)
{
    saved free = moved(_i, 0, 0), value = moved(_i, 0.02, 0), both = moved(_i, 0.02, 0.01);
    double limit = norm(&value), most = 0;
    for (int k = 0; k < MOST_WEIGHTS; k++) {
        double want = fmin(fmax(free.at[k], -0.02), 0.02);
        most = fmax(most, fabs(free.at[k]));
        ck_assert_double_eq_tol(value.at[k], want, 1e-15);
        ck_assert_double_eq_tol(both.at[k], want * 0.01 / limit, 1e-12);
    }
    ck_assert_double_gt(most, 0.02);
    ck_assert_double_eq_tol(norm(&both), 0.01, 1e-9);
}
END_TEST

START_TEST(an_optimiser_of_one_parameter_trains_it_alone)
{
    learner l = learner_new(_i, EG_F32, &spiking_class);
    eg_optimizer_params p = eg_optimizer_defaults(EG_ADAM);
    p.lr = eg_constant_lr(0.01);
    eg_var *V = eg_system_variable(l.model, "out.W");
    eg_optimizer *o = eg_optimizer_new(l.eg, "mine", &p, 1, &V);
    l.trainer = eg_bptt(l.model, NULL, &(eg_bptt_options){.loss_fn = label_loss, .optimizer = o});
    test_fine(l.eg);
    ck_assert_ptr_eq(eg_trainer_optimizer(l.trainer), o);
    saved before = save(&l);
    float W[HIDDEN * OUT];
    memcpy(W, eg_data(NULL, V), sizeof W);
    after(&l, 2);
    ck_assert_mem_ne(eg_data(NULL, V), W, sizeof W);
    memcpy(eg_data(NULL, V), W, sizeof W);
    check_weights(l.model, &before);
    learner_close(&l);
}
END_TEST

START_TEST(the_default_optimiser_is_adam_whose_rate_decays)
{
    learner l = spiking(_i, (eg_bptt_options){0});
    eg_optimizer *o = eg_trainer_optimizer(l.trainer);
    ck_assert_int_eq(eg_optimizer_params_of(o).kind, EG_ADAM);
    ck_assert_int_eq(eg_optimizer_num_trained(o), 4);
    ck_assert_double_eq_tol(eg_optimizer_lr(o, NULL), 0.025, 1e-8);
    after(&l, 1);
    ck_assert_double_eq_tol(eg_optimizer_lr(o, NULL), 0.025 * pow(0.99975, 3), 1e-7);
    learner_close(&l);
}
END_TEST

/* -- several ------------------------------------------------------------------------------------------------------- */

static eg_val first_only(void *user, eg_val p, eg_val y)
{
    (void)user;
    return eg_mean(eg_square(eg_sub(p, y)));
}

START_TEST(what_the_loss_does_not_need_stays)
{
    learner l = learner_new(_i, EG_F32, &linear_class);
    eg_system *idle = eg_system_new(l.model, "idle", &linear_class, 3, NULL);
    saved before = {{0}};
    weights(idle, NULL, &before);
    l.trainer = eg_bpff(l.model, NULL, &(eg_bptt_options){.loss_fn = first_only});
    eg_dataset d = stills();
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 2});
    test_fine(l.eg);
    check_weights(idle, &before);
    learner_close(&l);
}
END_TEST

START_TEST(two_trainers_of_one_model_take_turns)
{
    learner l = spiking(_i, (eg_bptt_options){0});
    eg_system *second = eg_bptt(l.model, "second", &(eg_bptt_options){.loss_fn = label_loss});
    ck_assert_ptr_ne(eg_trainer_optimizer(second), eg_trainer_optimizer(l.trainer));
    ck_assert_str_eq(eg_system_path(eg_trainer_runner(second)), "model.second_runner");
    saved a = after(&l, 1);
    eg_dataset d = sequences();
    eg_fit(second, &d, &(eg_fit_options){.num_epoch = 1});
    test_fine(l.eg);
    saved b = save(&l);
    ck_assert_mem_ne(&a, &b, sizeof a);
    a = after(&l, 1);
    ck_assert_mem_ne(&a, &b, sizeof a);
    ck_assert_int_eq(eg_optimizer_steps(eg_trainer_optimizer(second), NULL), 3);
    learner_close(&l);
}
END_TEST

/* -- whole nets ---------------------------------------------------------------------------------------------------- */

/* Noisy neurons that start anywhere, and project with a delay. */
static void noisy_setup(eg_system *s)
{
    linear *l = eg_self(s);
    l->W = eg_add_parameter(s, "W", eg_vector(EG_F32, IN), eg_init_constant(1));
    eg_lif_params p = {.V_th = 1, .R = 1, .tau = 2, .V_init = eg_init_uniform(0, 1)};
    eg_system *from = eg_lif(s, "from", IN, &p);
    eg_system *to = eg_leaky_integrator(s, "to", OUT, &(eg_leaky_integrator_params){.R = 1, .tau = 4});
    eg_csr *c = eg_fixed_prob(eg_system_context(s), IN, OUT, &(eg_fixed_prob_options){.prob = 0.8, .seed = 2});
    eg_exp_synapse_params syn = {.tau = 3, .g_max = 1, .output = eg_cuba(), .delay_step.steps = 1};
    eg_exp_synapse(s, "synapse", from, to, c, &syn);
}

static eg_val noisy_update(eg_system *s, eg_shared shared, eg_val x)
{
    const linear *l = eg_self(s);
    eg_val noise = eg_normal(eg_system_context(s), eg_vector(EG_F32, IN), 0, 0.3), y = eg_nothing();
    eg_system *child;
    eg_update(eg_find_system(s, "synapse"), shared, eg_no_input());
    eg_update(eg_find_system(s, "from"), shared, eg_add(eg_mul(x, eg_get(l->W)), noise));
    y = eg_update(eg_find_system(s, "to"), shared, eg_no_input());
    for (int k = 0; (child = eg_system_child(s, k)); k++) {
        if (eg_class_of(child)->role == EG_OTHER) eg_update(child, shared, eg_no_input());
    }
    return y;
}

static const eg_class noisy_class = {
    .name = "Noisy", .role = EG_OTHER, .size = sizeof(linear), .setup = noisy_setup, .update = noisy_update};

START_TEST(a_noisy_net_with_delays_learns_the_same_in_every_way)
{
    saved first = {{0}};
    for (int way = 0; way < WAYS; way++) {
        learner l = learner_new(way, EG_F32, &noisy_class);
        l.trainer = eg_bptt(l.model, NULL, &(eg_bptt_options){.loss_fn = label_loss});
        saved before = save(&l), s = after(&l, 3);
        if (way == 0) first = s;
        ck_assert_mem_ne(&s, &before, sizeof s);
        ck_assert_mem_eq(&s, &first, sizeof s);
        learner_close(&l);
    }
}
END_TEST

/* The mean potential. */
static eg_val start_only(void *user, eg_val p, eg_val y)
{
    (void)user;
    (void)y;
    return eg_mean(eg_item(eg_item(p, 1), 0));
}

START_TEST(batches_start_as_predictions_do_and_stay_there)
{
    static const eg_monitor see[] = {{.variable = "V"}};
    learner l = learner_new(_i, EG_F32, &spiking_class);
    eg_lif_params p = {.V_th = 1e3, .R = 1, .tau = 50, .V_init = eg_init_uniform(0, 100)};
    eg_system *cells = eg_lif(l.net, "cells", IN, &p);
    eg_bptt_options o = {.loss_fn = start_only, .optimizer = sgd(l.model, 1), .num_monitors = 1, .monitors = see};
    l.trainer = eg_bptt(cells, NULL, &o);
    eg_dataset d = sequences();
    d.batch_size = SAMPLES;
    double first = loss_of(&l, &d), sum = 0;
    for (int k = 0; k < 2; k++) eg_run_inputs(eg_trainer_runner(l.trainer), d.x_spec, d.x, NULL);
    ck_assert_double_eq(loss_of(&l, &d), first);
    eg_reset_state(l.net, NULL);
    ck_assert_double_eq(loss_of(&l, &d), first);
    eg_run_inputs(eg_trainer_runner(l.trainer), d.x_spec, d.x, NULL);
    const float *V = eg_history_of(eg_trainer_runner(l.trainer), "V").data;
    for (int k = 0; k < SAMPLES * STEPS * IN; k++) sum += (double)V[k];
    ck_assert_double_eq_tol(sum / (int)(SAMPLES * STEPS * IN), first, 1e-3);
    learner_close(&l);
}
END_TEST

START_TEST(what_is_made_after_the_trainer_is_traced_again)
{
    learner plain = spiking(_i, (eg_bptt_options){0}), late = spiking(_i, (eg_bptt_options){0});
    saved want = after(&plain, 2);
    after(&late, 1);
    eg_lif(late.net, "more", 3, NULL);
    eg_dsrunner(late.net, NULL, NULL);
    saved s = after(&late, 1);
    ck_assert_mem_eq(&s, &want, sizeof s);
    learner_close(&plain);
    learner_close(&late);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer");
    TCase *c = tcase_create("fits");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, a_linear_regression_is_that_of_plain_c, 0, WAYS);
    tcase_add_test(c, a_spiking_net_learns_the_same_in_every_way);
    tcase_add_test(c, a_spiking_net_learns);
    tcase_add_loop_test(c, all_policies_of_checkpoints_give_the_same_bits, 0, 3);
    tcase_add_loop_test(c, a_step_is_the_gradient_by_central_differences, 0, 2);
    tcase_add_loop_test(c, two_epochs_and_two_are_four, 0, 3);
    tcase_add_loop_test(c, predictions_and_tests_between_change_nothing, 0, 2);
    tcase_add_loop_test(c, a_fit_leaves_the_clock_and_states_alone, 0, 2);
    tcase_add_loop_test(c, reset_state_leaves_parameters_and_reset_parameters_does_not, 0, 2);
    tcase_add_loop_test(c, a_state_of_its_own_is_trained_alone, 0, 2);
    tcase_add_test(c, a_shape_is_traced_and_compiled_once);
    tcase_add_loop_test(c, a_trained_model_predicts_through_the_runner, 0, 2);
    tcase_add_loop_test(c, the_function_of_a_batch_does_what_a_fit_does, 0, 2);
    tcase_add_loop_test(c, gradients_are_clipped_by_value_then_by_norm, 0, 2);
    tcase_add_loop_test(c, an_optimiser_of_one_parameter_trains_it_alone, 0, 2);
    tcase_add_loop_test(c, the_default_optimiser_is_adam_whose_rate_decays, 0, 2);
    tcase_add_loop_test(c, what_the_loss_does_not_need_stays, 0, 2);
    tcase_add_loop_test(c, two_trainers_of_one_model_take_turns, 0, 2);
    tcase_add_test(c, a_noisy_net_with_delays_learns_the_same_in_every_way);
    tcase_add_loop_test(c, batches_start_as_predictions_do_and_stay_there, 0, 2);
    tcase_add_loop_test(c, what_is_made_after_the_trainer_is_traced_again, 0, 2);
    suite_add_tcase(suite, c);
    return test_run(suite);
}
