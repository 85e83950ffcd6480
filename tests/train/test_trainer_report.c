/* What a fit tells while it goes on: reports, the flag of training, progress. */
#include <stdio.h>
#include <unistd.h>

#include "learner.h"

/* -- reports ------------------------------------------------------------------------------------------------------- */

typedef struct diary {
    int num, end_at;
    int64_t idx[32];
    double loss[32], accuracy[32];
    char phase[32];
} diary;

static int note(void *user, int64_t idx, const eg_metrics *m, const char *phase)
{
    diary *d = user;
    ck_assert_int_lt(d->num, 32);
    ck_assert_int_eq(m->num, 2);
    ck_assert_str_eq(m->name[0], "loss");
    ck_assert_str_eq(m->name[1], "accuracy");
    d->idx[d->num] = idx;
    d->loss[d->num] = m->value[0];
    d->accuracy[d->num] = m->value[1];
    d->phase[d->num++] = phase[0];
    return d->end_at == d->num;
}

static learner reporter(int way)
{
    static const char *const name[] = {"accuracy"};
    learner l = learner_new(way, EG_F32, &spiking_class);
    l.trainer = eg_bptt(l.model, NULL,
                        &(eg_bptt_options){.loss_fn = label_loss_and_accuracy, .num_metrics = 1, .metrics = name});
    test_fine(l.eg);
    return l;
}

START_TEST(training_is_reported_after_each_epoch_and_then_the_test)
{
    learner l = reporter(_i);
    diary all = {0};
    eg_dataset d = sequences();
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 3, .test = &d, .report = note, .report_user = &all});
    test_fine(l.eg);
    ck_assert_str_eq(all.phase, "ftftft");
    const double *loss = past(&l, "fit", "loss", EG_BY_BATCH, 9), *test = past(&l, "test", "loss", EG_BY_BATCH, 9);
    for (int k = 0; k < 3; k++) {
        ck_assert_int_eq(all.idx[2 * k], k);
        ck_assert_int_eq(all.idx[2 * k + 1], k);
        ck_assert_double_eq(all.loss[2 * k], (loss[3 * k] + loss[3 * k + 1] + loss[3 * k + 2]) / 3);
        ck_assert_double_eq(all.loss[2 * k + 1], (test[3 * k] + test[3 * k + 1] + test[3 * k + 2]) / 3);
    }
    ck_assert_double_eq(past(&l, "train", "loss", EG_BY_REPORT, 3)[2], all.loss[4]);
    ck_assert_double_eq(past(&l, "predict", "accuracy", EG_BY_REPORT, 3)[2], all.accuracy[5]);
    past(&l, "fit", "accuracy", EG_BY_BATCH, 9);
    learner_close(&l);
}
END_TEST

START_TEST(reports_by_batches_count_over_epochs_and_lose_none)
{
    learner l = reporter(_i);
    diary all = {0};
    eg_dataset d = sequences();
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 2, .num_report = 2, .report = note, .report_user = &all});
    test_fine(l.eg);
    ck_assert_str_eq(all.phase, "fff");
    const double *loss = past(&l, "fit", "loss", EG_BY_BATCH, 6);
    for (int k = 0; k < 3; k++) {
        ck_assert_int_eq(all.idx[k], 2 * k + 2);
        ck_assert_double_eq(all.loss[k], (loss[2 * k] + loss[2 * k + 1]) / 2);
    }
    all = (diary){0};
    eg_fit(l.trainer, &d,
           &(eg_fit_options){.num_epoch = 2, .num_report = 2, .test = &d, .report = note, .report_user = &all});
    ck_assert_str_eq(all.phase, "ftfftt");
    learner_close(&l);
}
END_TEST

START_TEST(a_report_may_end_the_fit)
{
    learner l = reporter(_i);
    diary all = {.end_at = 3};
    eg_dataset d = sequences();
    ck_assert_int_eq(
        eg_fit(l.trainer, &d,
               &(eg_fit_options){.num_epoch = 9, .num_report = 1, .test = &d, .report = note, .report_user = &all}),
        EG_OK);
    ck_assert_int_eq(all.num, 3);
    past(&l, "fit", "loss", EG_BY_BATCH, 3);
    past(&l, "test", "loss", EG_BY_BATCH, 0);
    all = (diary){.end_at = 2};
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 9, .test = &d, .report = note, .report_user = &all});
    ck_assert_str_eq(all.phase, "ft");
    learner_close(&l);
}
END_TEST

START_TEST(an_evaluation_is_what_a_fit_tests_and_leaves_histories)
{
    learner l = reporter(_i);
    ck_assert_ptr_null(eg_fit_history(l.trainer, "fit", "loss", EG_BY_REPORT, &(int64_t){1}));
    eg_dataset d = sequences(), few = sequences();
    few.x_spec.dim[0] = few.y_spec.dim[0] = 7;
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 2, .test = &few});
    test_fine(l.eg);
    eg_metrics m;
    ck_assert_int_eq(eg_evaluate(l.trainer, &few, NULL, &m), EG_OK);
    ck_assert_double_eq(m.value[0], past(&l, "test", "loss", EG_BY_REPORT, 2)[1]);
    ck_assert_double_eq(m.value[1], past(&l, "test", "accuracy", EG_BY_REPORT, 2)[1]);
    past(&l, "fit", "loss", EG_BY_BATCH, 6);
    past(&l, "test", "loss", EG_BY_BATCH, 4);
    learner_close(&l);
}
END_TEST

/* -- shared.fit ---------------------------------------------------------------------------------------------------- */

static eg_val flag_update(eg_system *s, eg_shared shared, eg_val x)
{
    const linear *l = eg_self(s);
    return eg_add(eg_add(eg_dot(x, eg_get(l->W)), eg_get(l->b)), shared.fit ? 100 : 0);
}

static eg_val greatest(void *user, eg_val p, eg_val y)
{
    (void)user;
    (void)y;
    return eg_add(eg_amax(p), eg_mul(0, eg_sum(p)));
}

static void check_fit(int way, bool over_time)
{
    eg_class flag_class = linear_class;
    flag_class.name = "Flag";
    flag_class.update = flag_update;
    learner l = learner_new(way, EG_F32, &spiking_class);
    eg_system *flag = eg_system_new(l.net, "flag", &flag_class, OUT, NULL);
    eg_bptt_options o = {.loss_fn = greatest};
    l.trainer = over_time ? eg_bptt(flag, NULL, &o) : eg_bpff(flag, NULL, &o);
    eg_dataset d = over_time ? sequences() : stills();
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 1, .test = &d});
    ck_assert_double_gt(*past(&l, "fit", "loss", EG_BY_BATCH, 3), 50);
    ck_assert_double_lt(*past(&l, "test", "loss", EG_BY_BATCH, 3), 50);
    if (over_time) {
        eg_run_inputs(eg_trainer_runner(l.trainer), d.x_spec, d.x, NULL);
        ck_assert_float_lt(*(const float *)eg_output_of(eg_trainer_runner(l.trainer), 0).data, 50);
    }
    learner_close(&l);
}

START_TEST(fit_is_true_in_training_alone)
{
    check_fit(_i, false);
    check_fit(_i, true);
}
END_TEST

/* -- progress ------------------------------------------------------------------------------------------------------ */

typedef struct watch {
    int num, end_at, over;
    eg_fit_progress last;
} watch;

static int look(void *user, const eg_fit_progress *p)
{
    watch *w = user;
    ck_assert_int_eq(p->epochs, 2);
    w->last = *p;
    w->over += p->over;
    if (p->over) return 0;
    ck_assert_int_eq(p->epoch, 1 + w->num / 3);
    ck_assert_int_eq(p->batch, 1 + w->num % 3);
    ck_assert(p->compile_s >= 0 && p->run_s >= 0);
    ck_assert_int_eq(isnan(p->loss), w->num < 3);
    ck_assert_int_eq(isnan(p->test_loss), w->num < 3);
    return ++w->num == w->end_at;
}

START_TEST(progress_is_told_after_each_batch_and_may_end_the_fit)
{
    learner l = reporter(_i);
    watch w = {0};
    eg_dataset d = sequences();
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 2, .test = &d, .progress = look, .progress_user = &w});
    test_fine(l.eg);
    ck_assert_int_eq(w.num, 6);
    ck_assert_int_eq(w.over, 1);
    ck_assert_int_eq(w.last.epoch, 2);
    ck_assert_double_eq(w.last.loss, past(&l, "fit", "loss", EG_BY_REPORT, 2)[1]);
    ck_assert_double_eq(w.last.test_loss, past(&l, "test", "loss", EG_BY_REPORT, 2)[1]);
    w = (watch){.end_at = 2};
    eg_fit(l.trainer, &d, &(eg_fit_options){.num_epoch = 2, .test = &d, .progress = look, .progress_user = &w});
    test_fine(l.eg);
    ck_assert_int_eq(w.num, 2);
    ck_assert_int_eq(w.over, 1);
    past(&l, "test", "loss", EG_BY_BATCH, 0);
    learner_close(&l);
}
END_TEST

static int lines(FILE *f)
{
    int n = 0;
    rewind(f);
    for (int c; (c = getc(f)) != EOF;) n += c == '\n';
    return n;
}

START_TEST(a_bar_writes_a_line_an_epoch_into_a_file_and_one_at_the_end)
{
    learner l = reporter(1);
    FILE *f = tmpfile();
    ck_assert_ptr_nonnull(f);
    eg_fit_bar bar = {.file = f};
    eg_dataset d = sequences();
    eg_fit_options o = {.num_epoch = 3, .test = &d, .progress = eg_fit_bar_show, .progress_user = &bar};
    eg_fit(l.trainer, &d, &o);
    ck_assert_int_eq(lines(f), 4);
    char text[2000] = {0};
    rewind(f);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, f), 0);
    ck_assert_ptr_nonnull(strstr(text, "fit epoch 2 of 3, batch 1, loss "));
    ck_assert_ptr_nonnull(strstr(text, ", test "));
    o.num_epoch = 1;
    eg_fit(l.trainer, &d, &o);
    eg_fit(l.trainer, &d, &o);
    ck_assert_int_eq(lines(f), 8);
    bar = (eg_fit_bar){.file = f, .label = "digits", .always = true};
    ck_assert_int_eq(ftruncate(fileno(f), 0), 0);
    rewind(f);
    eg_fit(l.trainer, &d, &o);
    memset(text, 0, sizeof text);
    rewind(f);
    ck_assert_uint_gt(fread(text, 1, sizeof text - 1, f), 0);
    ck_assert_ptr_nonnull(strstr(text, "\rdigits epoch 1 of 1"));
    ck_assert_int_eq(eg_fit_bar_show(NULL, NULL), 0);
    fclose(f);
    learner_close(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer report");
    TCase *c = tcase_create("report");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, training_is_reported_after_each_epoch_and_then_the_test, 0, 2);
    tcase_add_loop_test(c, reports_by_batches_count_over_epochs_and_lose_none, 0, 2);
    tcase_add_loop_test(c, a_report_may_end_the_fit, 0, 2);
    tcase_add_loop_test(c, an_evaluation_is_what_a_fit_tests_and_leaves_histories, 0, 2);
    tcase_add_loop_test(c, fit_is_true_in_training_alone, 0, 2);
    tcase_add_loop_test(c, progress_is_told_after_each_batch_and_may_end_the_fit, 0, 2);
    tcase_add_test(c, a_bar_writes_a_line_an_epoch_into_a_file_and_one_at_the_end);
    suite_add_tcase(suite, c);
    return test_run(suite);
}
