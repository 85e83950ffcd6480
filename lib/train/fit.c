/* Fitting: epochs, batches, reports. */
#include <math.h>
#include <string.h>

#include "trainer.h"

typedef struct fit {
    egt_trainer *t;
    eg_fit_options o;
    const char *file;
    int line;
    int64_t before; /* epochs of fits before */
    int64_t epoch, epochs, batch;
    double started, compiled; /* clock and seconds of compiling at the beginning */
    double loss, test_loss;
    bool over; /* a callback has ended it */
} fit;

/* -- one batch ----------------------------------------------------------------------------------------------------- */

static double number(eg_spec s, const void *at)
{
    switch (s.dtype) {
    case EG_F32: return (double)*(const float *)at;
    case EG_F64: return *(const double *)at;
    case EG_I32: return *(const int32_t *)at;
    case EG_U32: return *(const uint32_t *)at;
    case EG_I64: return (double)*(const int64_t *)at;
    case EG_BOOL: return *(const uint8_t *)at;
    case EG_C64: /* no loss is complex */
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return NAN;
}

/* A parameter of which the gradient was not finite, or the loss: the weights are those of the batch before. */
static bool check_finite(fit *f, int64_t bad, double loss)
{
    const egt_trainer *t = f->t;
    if (bad < 0) return true;
    bool is_loss = bad >= eg_optimizer_num_trained(t->optimizer);
    const eg_var *v = is_loss ? NULL : eg_optimizer_trained(t->optimizer, (int)bad);
    eg_fail(t->eg, EG_ERR_RUN, f->file, f->line,
            "%s '%s': epoch %lld, batch %lld: %s%s is not finite (loss %g); the weights are those of the batch before; "
            "lower the learning rate, clip gradients, or look where it arises by EG_CHECK_ALL",
            eg_class_of(t->self)->name, eg_system_path(t->self), (long long)f->epoch, (long long)f->batch,
            v ? "the gradient of " : "the loss", v ? eg_variable_name(v) : "", loss);
    return false;
}

static bool run_batch(fit *f, const eg_batch *b, int phase, bool time_first)
{
    egt_trainer *t = f->t;
    bool training = phase == EGT_FIT;
    eg_func *func = egt_step_of(t, b->x_spec, b->y_spec, training, time_first, f->file, f->line);
    if (!func) return false;
    int num = eg_num_results(func);
    double raw[65], value[64];
    void *out[65];
    for (int k = 0; k < num; k++) out[k] = &raw[k];
    const void *in[2] = {b->x, b->y};
    eg_run_options o = {.threads = f->o.threads, .interpret = f->o.interpret};
    eg_status status = eg_call(func, f->o.state, in, out, &o);
    if (status || eg_error(t->eg)) {
        if (!eg_error(t->eg))
            eg_fail(t->eg, status, f->file, f->line, "%s '%s': %s", eg_class_of(t->self)->name, eg_system_path(t->self),
                    eg_run_message(f->o.state));
        return false;
    }
    for (int k = 0; k < t->num_values; k++) value[k] = number(eg_result_spec(func, k), &raw[k]);
    int64_t bad = -1;
    if (training) memcpy(&bad, &raw[t->num_values], sizeof bad);
    return check_finite(f, bad, value[0]) && egt_add_batch(t, phase, value);
}

/* -- reports ------------------------------------------------------------------------------------------------------- */

static void report(fit *f, int phase, int64_t idx)
{
    eg_metrics m = egt_report(f->t, phase);
    if (!m.value) return;
    *(phase == EGT_FIT ? &f->loss : &f->test_loss) = m.value[0];
    if (f->o.report && f->o.report(f->o.report_user, idx, &m, phase == EGT_FIT ? "fit" : "test")) f->over = true;
}

static void tell(fit *f, bool over)
{
    if (!f->o.progress) return;
    double compile_s = eg_compile_seconds(f->t->eg) - f->compiled;
    eg_fit_progress p = {.epoch = f->epoch + !over,
                         .epochs = f->epochs,
                         .batch = f->batch,
                         .compile_s = compile_s,
                         .run_s = eg_seconds() - f->started - compile_s,
                         .loss = f->loss,
                         .test_loss = f->test_loss,
                         .over = over};
    if (f->o.progress(f->o.progress_user, &p)) f->over = true;
}

/* -- an epoch ------------------------------------------------------------------------------------------------------ */

static bool pass(fit *f, const eg_dataset *d, int phase)
{
    egt_trainer *t = f->t;
    bool training = phase == EGT_FIT, time_first = d->next && t->o.data_first_axis == EG_TIME_FIRST;
    egt_batches all;
    eg_batch b;
    int64_t epoch = f->before + f->epoch;
    if (!egt_begin_epoch(&all, t, d, epoch, training ? epoch : -1)) return false;
    if (training) f->batch = 0;
    while (!f->over && egt_next_batch(&all, &b, f->file, f->line)) {
        if (!run_batch(f, &b, phase, time_first)) return false;
        if (training) f->batch++;
        const egt_record *r = &t->record[phase];
        if (f->o.num_report > 0 && r->since == f->o.num_report) report(f, phase, r->batches);
        if (training) tell(f, false);
    }
    if (eg_error(t->eg)) return false;
    if (!all.k) {
        eg_fail(t->eg, EG_ERR_ARGUMENT, f->file, f->line, "%s '%s': epoch %lld has no batch of %s data",
                eg_class_of(t->self)->name, eg_system_path(t->self), (long long)f->epoch,
                training ? "training" : "test");
        return false;
    }
    if (f->o.num_report <= 0) report(f, phase, f->epoch);
    return !eg_error(t->eg);
}

static bool run_epoch(fit *f, const eg_dataset *train)
{
    if (!pass(f, train, EGT_FIT)) return false;
    int64_t *done = eg_data(f->o.state, f->t->epoch);
    if (done) *done = f->before + f->epoch + 1;
    return f->over || !f->o.test || pass(f, f->o.test, EGT_TEST);
}

static bool begin(fit *f, eg_system *trainer, const char *what)
{
    f->t = egt_of(trainer, what, f->file, f->line);
    f->loss = f->test_loss = NAN;
    if (!f->t) return false;
    if (f->t->running) {
        eg_fail(f->t->eg, EG_ERR_STATE, f->file, f->line, "%s: '%s' is running", what, eg_system_path(trainer));
        return false;
    }
    const int64_t *done = eg_data(f->o.state, f->t->epoch);
    if (!done) return false;
    f->before = *done;
    f->compiled = eg_compile_seconds(f->t->eg);
    f->started = eg_seconds();
    return true;
}

static eg_status none(const eg_system *s)
{
    eg_status status = s ? eg_error(eg_system_context(s)) : EG_ERR_ARGUMENT;
    return status ? status : EG_ERR_ARGUMENT;
}

eg_status(eg_fit)(eg_system *trainer, const eg_dataset *train, const eg_fit_options *options, const char *file,
                  int line)
{
    fit f = {.o = options ? *options : (eg_fit_options){0}, .file = file, .line = line};
    if (!begin(&f, trainer, "eg_fit")) return none(trainer);
    egt_trainer *t = f.t;
    f.epochs = f.o.num_epoch ? f.o.num_epoch : 100;
    if (f.epochs < 0)
        eg_fail(t->eg, EG_ERR_ARGUMENT, file, line, "eg_fit: num_epoch is %lld; use a number of epochs, 0 for 100",
                (long long)f.epochs);
    if (eg_error(t->eg) || !egt_check_dataset(t, train, "training", file, line) ||
        (f.o.test && !egt_check_dataset(t, f.o.test, "test", file, line)) || !egt_begin_records(t, EGT_FIT, EGT_TEST))
        return eg_error(t->eg);
    t->running = true;
    for (; f.epoch < f.epochs && !f.over; f.epoch++) {
        if (!run_epoch(&f, train)) break;
    }
    if (!eg_error(t->eg)) tell(&f, true);
    t->running = false;
    return eg_error(t->eg);
}

eg_status(eg_evaluate)(eg_system *trainer, const eg_dataset *data, const eg_fit_options *options, eg_metrics *metrics,
                       const char *file, int line)
{
    fit f = {.o = options ? *options : (eg_fit_options){0}, .file = file, .line = line};
    if (metrics) *metrics = (eg_metrics){0};
    if (!begin(&f, trainer, "eg_evaluate")) return none(trainer);
    egt_trainer *t = f.t;
    f.o.num_report = INT64_MAX; /* by the caller, below */
    if (!egt_check_dataset(t, data, "test", file, line) || !egt_begin_records(t, EGT_EVALUATE, EGT_EVALUATE))
        return eg_error(t->eg);
    t->running = true;
    bool good = pass(&f, data, EGT_EVALUATE);
    t->running = false;
    if (good && metrics) *metrics = egt_report(t, EGT_EVALUATE);
    return eg_error(t->eg);
}
