/* Data of trainers as batches, and what a fit reports of them. */
#include <stdio.h>
#include <unistd.h>

#include "learner.h"

/* -- which samples a batch has ------------------------------------------------------------------------------------- */

/* A metric that shows samples: each has another power of 3 as its target. */
static eg_val seen(void *user, eg_val p, eg_val y)
{
    (void)user;
    return eg_tuple(eg_context_of(p), 2, (eg_val[]){eg_mean(p), eg_sum(y)});
}

static learner shower(int way, uint64_t seed)
{
    static const char *const name[] = {"seen"};
    learner l = learner_new(way, EG_F32, &linear_class);
    l.trainer =
        eg_bpff(l.model, NULL, &(eg_bptt_options){.loss_fn = seen, .num_metrics = 1, .metrics = name, .seed = seed});
    test_fine(l.eg);
    return l;
}

static eg_dataset powers(void)
{
    static int64_t y[SAMPLES];
    for (int64_t k = 0, power = 1; k < SAMPLES; k++, power *= 3) y[k] = power;
    eg_dataset d = stills();
    d.y_spec = eg_vector(EG_I64, SAMPLES);
    d.y = y;
    return d;
}

/* Sums of the batches of some epochs; their number. */
static int sums(learner *l, eg_dataset d, int64_t epochs, double *to)
{
    int64_t num = 0;
    eg_fit(l->trainer, &d, &(eg_fit_options){.num_epoch = epochs});
    test_fine(l->eg);
    const double *at = eg_fit_history(l->trainer, "fit", "seen", EG_BY_BATCH, &num);
    memcpy(to, at, (size_t)num * sizeof *to);
    return (int)num;
}

START_TEST(samples_come_in_order_and_the_last_batch_is_smaller)
{
    learner l = shower(_i, 0);
    double s[8];
    eg_dataset d = powers();
    ck_assert_int_eq(sums(&l, d, 1, s), 3);
    ck_assert_double_eq(s[0], 1 + 3 + 9 + 27);
    ck_assert_double_eq(s[1], 81 * (1 + 3 + 9 + 27));
    ck_assert_double_eq(s[2], 6561 * (1 + 3));
    d.drop_last = true;
    ck_assert_int_eq(sums(&l, d, 1, s), 2);
    d.batch_size = 0;
    ck_assert_int_eq(sums(&l, d, 1, s), 1);
    d.batch_size = 1;
    ck_assert_int_eq(sums(&l, d, 0 + 1, (double[SAMPLES]){0}), SAMPLES);
    d.batch_size = 100;
    d.drop_last = false;
    ck_assert_int_eq(sums(&l, d, 1, s), 1);
    learner_close(&l);
}
END_TEST

START_TEST(batches_are_of_32_by_default)
{
    enum { N = 70 };
    static const float zero[N * IN] = {0};
    static const int64_t none[N] = {0};
    learner l = shower(1, 0);
    double s[4];
    eg_dataset d = {
        .x_spec = eg_matrix(EG_F32, N, IN), .x = zero, .y_spec = eg_vector(EG_I64, N), .y = none, .drop_last = true};
    ck_assert_int_eq(sums(&l, d, 1, s), 2);
    d.drop_last = false;
    ck_assert_int_eq(sums(&l, d, 1, s), 3);
    learner_close(&l);
}
END_TEST

/* Orders of 3 epochs in batches of one sample. */
static void orders(uint64_t seed, double order[3][SAMPLES])
{
    learner l = shower(1, seed);
    eg_dataset d = powers();
    d.batch_size = 1;
    d.shuffle = true;
    ck_assert_int_eq(sums(&l, d, 3, order[0]), 3 * SAMPLES);
    learner_close(&l);
}

START_TEST(shuffled_samples_come_once_an_epoch_in_an_order_of_seed_and_epoch)
{
    double a[3][SAMPLES], b[3][SAMPLES], other[3][SAMPLES];
    orders(7, a);
    orders(7, b);
    orders(8, other);
    ck_assert_mem_eq(a, b, sizeof a);
    ck_assert_mem_ne(a, other, sizeof a);
    for (int epoch = 0; epoch < 3; epoch++) {
        double sum = 0;
        bool in_order = true;
        for (int k = 0; k < SAMPLES; k++) sum += a[epoch][k];
        for (int k = 1; k < SAMPLES; k++) in_order = in_order && a[epoch][k] > a[epoch][k - 1];
        ck_assert_double_eq(sum, (59049 - 1) / 2); /* base 3: ten digits 1 */
        ck_assert(!in_order);
        ck_assert_mem_ne(a[epoch], a[(epoch + 1) % 3], sizeof a[0]);
    }
}
END_TEST

START_TEST(all_orders_are_equally_likely)
{
    enum { EPOCHS = 1200 };
    learner l = shower(0, 3);
    static double s[EPOCHS * 3];
    eg_dataset d = powers();
    d.batch_size = 1;
    d.shuffle = true;
    d.x_spec.dim[0] = d.y_spec.dim[0] = 3;
    ck_assert_int_eq(sums(&l, d, EPOCHS, s), EPOCHS * 3);
    int count[9] = {0};
    for (int k = 0; k < EPOCHS; k++)
        count[(s[3 * k] > 1) + (s[3 * k] > 3) + 3 * ((s[3 * k + 1] > 1) + (s[3 * k + 1] > 3))]++;
    for (int k = 0; k < 9; k++) ck_assert_int_eq(count[k] > 140 && count[k] < 260, k % 4 != 0);
    learner_close(&l);
}
END_TEST

/* -- data by a function -------------------------------------------------------------------------------------------- */

typedef struct source {
    eg_dataset whole;
    bool time_first;
    float x[STEPS * SAMPLES * IN];
    int64_t calls, last_epoch;
} source;

static bool give(void *user, int64_t epoch, int64_t k, eg_batch *b)
{
    source *s = user;
    int64_t size = s->whole.batch_size, from = k * size, n = SAMPLES - from < size ? SAMPLES - from : size;
    s->calls++;
    s->last_epoch = epoch;
    if (n <= 0) return false;
    *b = (eg_batch){.x_spec = s->whole.x_spec,
                    .y_spec = s->whole.y_spec,
                    .x = task_of()->x[from],
                    .y = (const char *)s->whole.y + from * 4};
    b->x_spec.dim[0] = b->y_spec.dim[0] = n;
    if (!s->time_first) return true;
    for (int t = 0; t < STEPS; t++) {
        for (int i = 0; i < n; i++) memcpy(s->x + (t * n + i) * IN, task_of()->x[from + i][t], sizeof(float[IN]));
    }
    b->x = s->x;
    b->x_spec.dim[0] = STEPS;
    b->x_spec.dim[1] = n;
    return true;
}

typedef enum how { ARRAYS, FUNCTION, TIME_FIRST, TIME_FIRST_ARRAYS } how;

static size_t trained(int way, how h, void *to)
{
    learner l = learner_new(way, EG_F32, &spiking_class);
    bool time = h == TIME_FIRST || h == TIME_FIRST_ARRAYS;
    l.trainer =
        eg_bptt(l.model, NULL,
                &(eg_bptt_options){.loss_fn = label_loss, .data_first_axis = time ? EG_TIME_FIRST : EG_AXIS_BY_MODE});
    source s = {.whole = sequences(), .time_first = h == TIME_FIRST};
    eg_dataset d = {.next = give, .user = &s}, arrays = sequences();
    eg_fit(l.trainer, h == FUNCTION || h == TIME_FIRST ? &d : &arrays, &(eg_fit_options){.num_epoch = 2});
    test_fine(l.eg);
    size_t bytes = weights(l.model, NULL, to);
    learner_close(&l);
    return bytes;
}

START_TEST(all_kinds_of_data_train_the_same)
{
    double want[MOST_WEIGHTS], have[MOST_WEIGHTS];
    size_t bytes = trained(_i, ARRAYS, want);
    for (how h = FUNCTION; h <= TIME_FIRST_ARRAYS; h++) {
        trained(_i, h, have);
        ck_assert_mem_eq(have, want, bytes);
    }
}
END_TEST

START_TEST(a_function_is_told_the_epochs_done_and_asked_until_it_has_none)
{
    learner l = learner_new(_i, EG_F32, &spiking_class);
    l.trainer = eg_bptt(l.model, NULL, &(eg_bptt_options){.loss_fn = label_loss});
    source s = {.whole = sequences()};
    eg_dataset d = {.next = give, .user = &s};
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 2});
    ck_assert_int_eq(s.calls, 2 * 4);
    ck_assert_int_eq(s.last_epoch, 1);
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    ck_assert_int_eq(s.last_epoch, 2);
    learner_close(&l);
}
END_TEST

START_TEST(steps_repeat_an_x_without_time)
{
    static float repeated[SAMPLES][STEPS][IN];
    for (int i = 0; i < SAMPLES; i++) {
        for (int t = 0; t < STEPS; t++) memcpy(repeated[i][t], task_of()->still[i], sizeof repeated[i][t]);
    }
    double want[MOST_WEIGHTS];
    for (int k = 0; k < 2; k++) {
        learner l = learner_new(_i, EG_F32, &spiking_class);
        l.trainer = eg_bptt(l.model, NULL, &(eg_bptt_options){.loss_fn = label_loss, .steps = k ? STEPS : 0});
        eg_dataset d = sequences();
        d.x = repeated;
        if (k) d.x = task_of()->still, d.x_spec = eg_matrix(EG_F32, SAMPLES, IN);
        eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 2});
        test_fine(l.eg);
        if (k)
            check_weights(l.model, want);
        else
            weights(l.model, NULL, want);
        learner_close(&l);
    }
}
END_TEST

/* -- types --------------------------------------------------------------------------------------------------------- */

START_TEST(a_double_net_takes_single_data)
{
    double x[SAMPLES][IN], y[SAMPLES][OUT], want[MOST_WEIGHTS];
    for (int k = 0; k < SAMPLES * IN; k++) x[k / IN][k % IN] = (double)task_of()->still[k / IN][k % IN];
    for (int k = 0; k < SAMPLES * OUT; k++) y[k / OUT][k % OUT] = (double)task_of()->still_y[k / OUT][k % OUT];
    for (int k = 0; k < 2; k++) {
        learner l = learner_new(_i, EG_F64, &linear_class);
        l.trainer = eg_bpff(l.model, NULL, &(eg_bptt_options){.loss = "mean_squared_error"});
        eg_dataset d = stills();
        if (k == 0) d.x = x, d.y = y, d.x_spec.dtype = d.y_spec.dtype = EG_F64;
        eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 2});
        test_fine(l.eg);
        if (k)
            check_weights(l.model, want);
        else
            weights(l.model, NULL, want);
        learner_close(&l);
    }
}
END_TEST

static eg_val typed(void *user, eg_val p, eg_val y)
{
    eg_context *eg = eg_context_of(p);
    (void)user;
    eg_val item[] = {eg_cross_entropy_loss(p, y, NULL), eg_gt(eg_sum(y), 0), eg_sum(y),
                     eg_full(eg, eg_scalar(EG_U32), eg_int(7)), eg_full(eg, eg_scalar(EG_F64), eg_real(0.25))};
    return eg_tuple(eg, 5, item);
}

START_TEST(targets_may_be_whole_and_metrics_of_any_type)
{
    static const char *const name[] = {"any", "sum", "seven", "quarter"};
    learner l = learner_new(_i, EG_F32, &linear_class);
    l.trainer = eg_bpff(l.model, NULL, &(eg_bptt_options){.loss_fn = typed, .num_metrics = 4, .metrics = name});
    eg_dataset d = stills();
    d.y_spec = eg_vector(EG_I32, SAMPLES);
    d.y = task_of()->label;
    eg_metrics m;
    eg_evaluate(l.trainer, &d, NULL, &m);
    test_fine(l.eg);
    ck_assert_int_eq(m.num, 5);
    ck_assert_str_eq(m.name[0], "loss");
    ck_assert_str_eq(m.name[4], "quarter");
    ck_assert_double_eq(m.value[1], 1);
    ck_assert_double_eq_tol(m.value[2], (2 + 2 + 1) / 3.0, 1e-15);
    ck_assert_double_eq(m.value[3], 7);
    ck_assert_double_eq(m.value[4], 0.25);
    learner_close(&l);
}
END_TEST

/* -- extents ------------------------------------------------------------------------------------------------------- */

static eg_val mean_of_all(void *user, eg_val p, eg_val y)
{
    (void)user;
    return eg_add(eg_mean(p), eg_mul(0, eg_sum(eg_convert(y, EG_F32))));
}

static void scale_setup(eg_system *s)
{
    linear *l = eg_self(s);
    l->W = eg_add_parameter(s, "W", eg_scalar(EG_F32), eg_init_constant(2));
}

static eg_val scale_update(eg_system *s, eg_shared shared, eg_val x)
{
    const linear *l = eg_self(s);
    (void)shared;
    return eg_mul(x, eg_get(l->W));
}

/* Data of every rank, the highest among them, without and with time. */
START_TEST(data_have_as_many_axes_as_there_are)
{
    static const eg_class scale_class = {
        .name = "Scale", .role = EG_OTHER, .size = sizeof(linear), .setup = scale_setup, .update = scale_update};
    static const float x[1 << EG_MAX_RANK] = {1, 2, 3};
    static const float y[2] = {0};
    for (int rank = 1; rank <= EG_MAX_RANK; rank++) {
        learner l = learner_new(_i, EG_F32, &spiking_class);
        eg_system *scale = eg_system_new(l.net, NULL, &scale_class, 0, NULL);
        bool over_time = rank > 1;
        eg_bptt_options o = {.loss_fn = mean_of_all};
        l.trainer = over_time ? eg_bptt(scale, NULL, &o) : eg_bpff(scale, NULL, &o);
        eg_dataset d = {.x_spec = {EG_F32, rank, {2, 2, 2, 2, 2, 2}}, .x = x, .y_spec = eg_vector(EG_F32, 2)};
        d.y = y;
        double mean = (rank == 1 ? 3.0 : 6.0) / (1 << rank);
        eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
        ck_assert_double_eq(past(&l, "fit", "loss", EG_BY_BATCH, 1)[0], 2 * mean);
        if (over_time) {
            double W = (double)*(const float *)eg_data(NULL, eg_parameter(scale, 0));
            l.trainer = eg_bpff(scale, "once", &o);
            eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
            ck_assert_double_eq_tol(past(&l, "fit", "loss", EG_BY_BATCH, 1)[0], W * mean, 1e-6);
        }
        learner_close(&l);
    }
}
END_TEST

/* Weights of no inputs: what is learnt is the bias. */
static void empty_setup(eg_system *s)
{
    linear *l = eg_self(s);
    l->W = eg_add_parameter(s, "W", eg_matrix(EG_F32, 0, OUT), eg_init_constant(0));
    l->b = eg_add_parameter(s, "b", eg_floats(s), eg_init_constant(0.1));
}

START_TEST(data_without_steps_are_refused_and_without_elements_taken)
{
    static const float none[1] = {0};
    static const int32_t y[2] = {0, 1};
    learner l = learner_new(_i, EG_F32, &spiking_class);
    l.trainer = eg_bptt(l.model, NULL, &(eg_bptt_options){.loss_fn = label_loss});
    eg_dataset d = {.x_spec = {EG_F32, 3, {2, 0, IN}}, .x = none, .y_spec = eg_vector(EG_I32, 2), .y = y};
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_expect(l.eg, EG_ERR_SHAPE, "BPTT 'model.BPTT0'", "[B, T, ...]", "of a step", NULL);
    eg_class empty_class = linear_class;
    empty_class.setup = empty_setup;
    eg_system *empty = eg_system_new(l.net, NULL, &empty_class, OUT, NULL);
    l.trainer = eg_bptt(empty, NULL, &(eg_bptt_options){.loss_fn = label_loss});
    d.x_spec = (eg_spec){EG_F32, 3, {2, 3, 0}};
    d.shuffle = true;
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 2});
    learner_close(&l);
}
END_TEST

START_TEST(a_batch_of_one_sample_is_a_batch)
{
    learner l = learner_new(_i, EG_F32, &spiking_class);
    l.trainer = eg_bptt(l.model, NULL, &(eg_bptt_options){.loss_fn = label_loss});
    eg_dataset d = sequences();
    d.x_spec.dim[0] = d.y_spec.dim[0] = 1;
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 30});
    test_fine(l.eg);
    const double *loss = past(&l, "fit", "loss", EG_BY_REPORT, 30);
    ck_assert_double_lt(loss[29], loss[0]);
    learner_close(&l);
}
END_TEST

/* A group alone: its spikes are what is compared. */
static void tuned_setup(eg_system *s)
{
    linear *l = eg_self(s);
    l->W = eg_add_parameter(s, "gain", eg_vector(EG_F32, IN), eg_init_constant(0.5));
    eg_lif(s, "cells", IN, &(eg_lif_params){.V_th = 1, .R = 1, .tau = 2});
}

static eg_val tuned_update(eg_system *s, eg_shared shared, eg_val x)
{
    const linear *l = eg_self(s);
    return eg_update(eg_system_child(s, 0), shared, eg_mul(x, eg_get(l->W)));
}

START_TEST(spikes_themselves_can_be_the_output)
{
    static const eg_class tuned_class = {
        .name = "Tuned", .role = EG_OTHER, .size = sizeof(linear), .setup = tuned_setup, .update = tuned_update};
    learner l = learner_new(_i, EG_F32, &spiking_class);
    eg_system *tuned = eg_system_new(l.net, NULL, &tuned_class, 0, NULL);
    l.trainer = eg_bptt(tuned, NULL, &(eg_bptt_options){.loss_fn = mean_of_all});
    eg_dataset d = sequences();
    double before[MOST_WEIGHTS], after[MOST_WEIGHTS];
    size_t bytes = weights(tuned, NULL, before);
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_fine(l.eg);
    weights(tuned, NULL, after);
    ck_assert_mem_ne(before, after, bytes);
    learner_close(&l);
}
END_TEST

START_TEST(a_group_that_has_no_parameters_can_be_evaluated_by_an_optimiser_of_others)
{
    learner l = learner_new(_i, EG_F32, &linear_class);
    eg_system *cells = eg_lif(l.net, "cells", IN, &(eg_lif_params){.V_th = 0.3, .R = 1, .tau = 2});
    l.trainer = eg_bptt(cells, NULL, &(eg_bptt_options){.loss_fn = mean_of_all, .optimizer = sgd(l.model, 0.1)});
    eg_dataset d = sequences();
    eg_metrics m;
    eg_evaluate(l.trainer, &d, NULL, &m);
    test_fine(l.eg);
    ck_assert_double_gt(m.value[0], 0);
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_fine(l.eg);
    learner_close(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer data");
    TCase *c = tcase_create("data");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, samples_come_in_order_and_the_last_batch_is_smaller, 0, 2);
    tcase_add_test(c, batches_are_of_32_by_default);
    tcase_add_test(c, shuffled_samples_come_once_an_epoch_in_an_order_of_seed_and_epoch);
    tcase_add_test(c, all_orders_are_equally_likely);
    tcase_add_loop_test(c, all_kinds_of_data_train_the_same, 0, 3);
    tcase_add_loop_test(c, a_function_is_told_the_epochs_done_and_asked_until_it_has_none, 0, 2);
    tcase_add_loop_test(c, steps_repeat_an_x_without_time, 0, 2);
    tcase_add_loop_test(c, a_double_net_takes_single_data, 0, 2);
    tcase_add_loop_test(c, targets_may_be_whole_and_metrics_of_any_type, 0, 2);
    tcase_add_loop_test(c, data_have_as_many_axes_as_there_are, 0, 2);
    tcase_add_loop_test(c, data_without_steps_are_refused_and_without_elements_taken, 0, 2);
    tcase_add_loop_test(c, a_batch_of_one_sample_is_a_batch, 0, 2);
    tcase_add_loop_test(c, spikes_themselves_can_be_the_output, 0, 2);
    tcase_add_loop_test(c, a_group_that_has_no_parameters_can_be_evaluated_by_an_optimiser_of_others, 0, 2);
    suite_add_tcase(suite, c);
    return test_run(suite);
}
