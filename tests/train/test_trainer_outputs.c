/* What a loss is given beside the output: monitors, inputs, several outputs. */
#include <stdio.h>
#include <unistd.h>

#include "learner.h"

/* -- monitors and inputs ------------------------------------------------------------------------------------------- */

/* Spikes, their targets, and a penalty of potentials. */
static eg_val with_monitors(void *user, eg_val p, eg_val y)
{
    (void)user;
    eg_val out = eg_item(p, 0), V = eg_item(eg_item(p, 1), 0), spike = eg_item(eg_item(p, 1), 1);
    ck_assert_int_eq(eg_tuple_size(eg_item(p, 1)), 2);
    ck_assert_int_eq(eg_spec_of(out).rank, 3);
    ck_assert_int_eq(eg_spec_of(V).dim[1], STEPS);
    ck_assert_int_eq(eg_spec_of(spike).dim[2], HIDDEN);
    eg_val rate = eg_mean(spike);
    eg_val item[] = {eg_add(label_loss(NULL, out, y), eg_mul(0.1, rate)), rate, eg_mean(V)};
    return eg_tuple(eg_context_of(out), 3, item);
}

START_TEST(monitors_and_inputs_are_part_of_the_loss)
{
    static const char *const name[] = {"rate", "V"};
    static const eg_monitor see[] = {{.variable = "readout.V"}, {.variable = "hidden.spike"}};
    double rate[2];
    for (int k = 0; k < 2; k++) {
        eg_input give[] = {{.variable = "hidden.input", .value = 5}};
        learner l = learner_new(_i, EG_F32, &spiking_class);
        l.trainer = eg_bptt(l.model, NULL,
                            &(eg_bptt_options){.loss_fn = with_monitors,
                                               .num_metrics = 2,
                                               .metrics = name,
                                               .num_monitors = 2,
                                               .monitors = see,
                                               .num_inputs = k,
                                               .inputs = give});
        eg_dataset d = sequences();
        eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
        test_fine(l.eg);
        rate[k] = *past(&l, "fit", "rate", EG_BY_BATCH, 3);
        learner_close(&l);
    }
    ck_assert_double_gt(rate[1], rate[0]);
}
END_TEST

static eg_val every_second(void *user, eg_val p, eg_val y)
{
    (void)user;
    eg_val h = eg_item(eg_item(p, 1), 0);
    ck_assert_int_eq(eg_tuple_size(eg_item(p, 1)), 1);
    ck_assert_int_eq(eg_spec_of(h).dim[0], 4);
    ck_assert_int_eq(eg_spec_of(h).dim[1], STEPS / 2);
    ck_assert_int_eq(eg_spec_of(h).dim[2], 1);
    return eg_add(label_loss(NULL, eg_item(p, 0), y), eg_mean(eg_square(h)));
}

START_TEST(monitors_record_what_a_runner_would)
{
    static const int64_t second[] = {1};
    static const eg_monitor see[] = {{.variable = "h", .every = 2, .indices = second, .num_indices = 1}};
    learner l = learner_new(_i, EG_F32, &recurrent_class);
    eg_bptt_options o = {.loss_fn = every_second, .num_monitors = 1, .monitors = see};
    l.trainer = eg_bptt(l.model, NULL, &o);
    eg_dataset d = sequences();
    d.drop_last = true;
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_fine(l.eg);
    learner_close(&l);
}
END_TEST

/* -- several outputs ----------------------------------------------------------------------------------------------- */

static eg_val both_update(eg_system *s, eg_shared shared, eg_val x)
{
    eg_val y = linear_class.update(s, shared, x);
    return eg_tuple(eg_system_context(s), 2, (eg_val[]){y, eg_tanh(eg_sum(y))});
}

static eg_val both_loss(void *user, eg_val p, eg_val y)
{
    (void)user;
    ck_assert_int_eq(eg_tuple_size(p), 2);
    return eg_add(label_loss(NULL, eg_item(p, 0), y), eg_mean(eg_item(p, 1)));
}

START_TEST(a_model_may_return_several_values)
{
    eg_class both = linear_class;
    both.name = "Both";
    both.update = both_update;
    learner l = learner_new(_i, EG_F32, &spiking_class);
    eg_system *model = eg_system_new(l.net, NULL, &both, OUT, NULL);
    eg_dataset d = sequences();
    l.trainer = eg_bptt(model, NULL, &(eg_bptt_options){.loss_fn = both_loss});
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 20});
    const double *loss = past(&l, "fit", "loss", EG_BY_REPORT, 20);
    ck_assert_double_lt(loss[19], loss[0]);
    l.trainer = eg_bptt(model, NULL, &(eg_bptt_options){.loss = "l2_loss"});
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
    test_expect(l.eg, EG_ERR_ARGUMENT, "eg_l2_loss: predicts has 2 parts, targets 1", NULL);
    learner_close(&l);
}
END_TEST

START_TEST(a_loss_by_name_leaves_monitors_out)
{
    static const eg_monitor see[] = {{.variable = "h"}};
    double want[MOST_WEIGHTS];
    for (int k = 0; k < 2; k++) {
        learner l = learner_new(_i, EG_F32, &recurrent_class);
        l.trainer = eg_bptt(l.model, NULL,
                            &(eg_bptt_options){.loss = "mean_squared_error", .num_monitors = k, .monitors = see});
        eg_dataset d = series();
        eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1});
        test_fine(l.eg);
        if (k)
            check_weights(l.model, want);
        else
            weights(l.model, NULL, want);
        learner_close(&l);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer outputs");
    TCase *c = tcase_create("outputs");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, monitors_and_inputs_are_part_of_the_loss, 0, 2);
    tcase_add_loop_test(c, monitors_record_what_a_runner_would, 0, 2);
    tcase_add_loop_test(c, a_model_may_return_several_values, 0, 2);
    tcase_add_loop_test(c, a_loss_by_name_leaves_monitors_out, 0, 2);
    suite_add_tcase(suite, c);
    return test_run(suite);
}
