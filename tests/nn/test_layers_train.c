/* Layers in training: what is learned, remembered and dropped by trainers. */
#include "engram/train.h"
#include "nn/layered.h"

enum { B = 32 };

static void fit_all(eg_system *trainer, eg_dataset *data, int64_t epochs)
{
    ck_assert_msg(eg_fit(trainer, data, &(eg_fit_options){.num_epoch = epochs}) == EG_OK, "%s", eg_message(eg));
}

static double first_and_last(eg_system *trainer, double *first)
{
    int64_t num;
    const double *loss = eg_fit_history(trainer, "fit", "loss", EG_BY_REPORT, &num);
    fine();
    ck_assert_int_gt(num, 1);
    *first = loss[0];
    return loss[num - 1];
}

/* Which of two halves of a picture is brighter. */
static void pictures(double *x, int32_t *y)
{
    for (int b = 0; b < B; b++) {
        y[b] = b % 2;
        for (int k = 0; k < 36; k++)
            x[b * 36 + k] = number((uint64_t)(b * 36 + k), 0, 1) + (k % 6 / 3 == y[b] ? 0.3 : 0);
    }
}

START_TEST(a_convolutional_network_learns)
{
    double x[B * 36], first;
    int32_t y[B];
    pictures(x, y);
    eg_set_mode(net, EG_TRAINING, 0);
    eg_system *seq = eg_sequential(net, "net");
    eg_conv2d(seq, NULL, 1, 4, 3, 3, NULL);
    eg_system *norm = eg_batch_norm2d(seq, NULL, 4, NULL);
    eg_activation(seq, NULL, "relu", NULL);
    eg_pool_params p = eg_pool_defaults();
    p.strides[0] = 2;
    eg_max_pool(seq, NULL, 1, (int64_t[]){2}, &p);
    eg_flatten(seq, NULL);
    eg_dropout(seq, NULL, 0.9);
    eg_dense(seq, NULL, 3 * 3 * 4, 2, NULL);
    eg_system *trainer = eg_bpff(seq, NULL, &(eg_bptt_options){.loss = "cross_entropy_loss"});
    fine();
    eg_dataset data = {.x_spec = X4(B, 6, 6, 1), .x = x, .y_spec = eg_vector(EG_I32, B), .y = y};
    fit_all(trainer, &data, 30);
    ck_assert_double_lt(first_and_last(trainer, &first), 0.2 * first);
    ck_assert_double_ne(values_of(norm, "mean")[0], 0); /* has followed the batches */
    ck_assert_double_ne(values_of(norm, "variance")[0], 1);
    /* After training nothing is dropped and nothing remembered: twice the same. */
    eg_metrics m;
    const double mean = values_of(norm, "mean")[0];
    ck_assert_int_eq(eg_evaluate(trainer, &data, NULL, &m), EG_OK);
    const double loss = m.value[0];
    ck_assert_int_eq(eg_evaluate(trainer, &data, NULL, &m), EG_OK);
    ck_assert_double_eq(m.value[0], loss);
    ck_assert_double_eq(values_of(norm, "mean")[0], mean);
    ck_assert_double_lt(loss, 0.5);
}
END_TEST

/* The target does not depend on x: only where the cell begins can be learned. */
START_TEST(where_a_cell_begins_is_learned)
{
    enum { T = 3 };
    static double x[B * T], y[B * T];
    double first;
    for (int k = 0; k < B * T; k++) y[k] = 0.5 - 0.1 * (k % T);
    eg_set_mode(net, EG_TRAINING, 0);
    eg_cell_params p = {.train_state = true, .no_bias = true, .state = eg_init_constant(0.1)};
    eg_system *cell = eg_gru_cell(net, "cell", 1, 1, &p);
    eg_system *trainer = eg_bptt(cell, NULL, &(eg_bptt_options){.loss = "mean_squared_error"});
    eg_dataset data = {.x_spec = X3(B, T, 1), .x = x, .y_spec = X3(B, T, 1), .y = y};
    fine();
    fit_all(trainer, &data, 200);
    ck_assert_double_lt(first_and_last(trainer, &first), 0.1 * first);
    const double begins = values_of(cell, "h0")[0];
    ck_assert_double_gt(begins, 0.3);
    eg_reset_state(net, NULL);
    ck_assert_double_eq(values_of(cell, "h0")[0], begins);
    ck_assert_double_eq(values_of(cell, "h")[0], begins);
}
END_TEST

/* Two batches, the second spoilt: nothing of its step is done, not even to channels that are good. */
static void check_spoilt(double bad, bool is_error, bool interpret)
{
    enum { CHANNELS = 2 };
    double x[2 * B][CHANNELS], y[2 * B][1], mean[CHANNELS], variance[CHANNELS];
    fill(&x[0][0], 2 * B * CHANNELS, 1);
    fill(&y[0][0], 2 * B, 500);
    eg_system *seq = eg_sequential(net, is_error ? interpret ? "a" : "b" : interpret ? "c" : "d");
    eg_system *norm = eg_batch_norm1d(seq, NULL, CHANNELS, NULL);
    eg_dense(seq, NULL, CHANNELS, 1, NULL);
    eg_system *trainer = eg_bpff(seq, NULL, &(eg_bptt_options){.loss = "mean_squared_error"});
    eg_dataset data = {.x_spec = X2(B, CHANNELS), .x = x, .y_spec = X2(B, 1), .y = y, .batch_size = B};
    const eg_fit_options once = {.num_epoch = 1, .interpret = interpret};
    ck_assert_int_eq(eg_fit(trainer, &data, &once), EG_OK);
    memcpy(mean, values_of(norm, "mean"), sizeof mean);
    memcpy(variance, values_of(norm, "variance"), sizeof variance);
    x[3][1] = bad;
    eg_fit(trainer, &data, &once);
    if (is_error) SAYS(EG_ERR_RUN, "the loss is not finite");
    fine();
    const double *now = values_of(norm, "mean"), *spread = values_of(norm, "variance");
    for (int k = 0; k < CHANNELS; k++) {
        bool follows = k == 0 && !is_error;
        ck_assert_int_eq(now[k] != mean[k], follows);
        ck_assert_int_eq(spread[k] != variance[k], follows);
    }
}

START_TEST(a_spoilt_batch_leaves_running_averages_alone)
{
    eg_set_mode(net, EG_TRAINING, 0);
    for (int way = 0; way < 2; way++) {
        check_spoilt(NAN, true, way);
        check_spoilt(1e200, false, way); /* the variance overflows, the loss does not */
    }
}
END_TEST

int main(void)
{
    return LAYER_TESTS("layers in training", a_convolutional_network_learns, where_a_cell_begins_is_learned,
                       a_spoilt_batch_leaves_running_averages_alone);
}
