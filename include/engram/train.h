/* Trainers: models that learn by backpropagation, through time (BPTT) or without (BPFF).
 *
 *     eg_set_mode(net, EG_TRAINING, 0);
 *     eg_system *trainer = eg_bptt(model, NULL, &(eg_bptt_options){.loss = "cross_entropy_loss"});
 *     eg_dataset train = {.x_spec = x, .x = images, .y_spec = y, .y = labels, .batch_size = 50, .shuffle = true};
 *     eg_fit(trainer, &train, &(eg_fit_options){.num_epoch = 30});
 *
 * For each batch one compiled function is called: the model over the whole sequence for all samples, the loss, its
 * gradient by every parameter, and a step of the optimiser.  Data, losses and metrics have the batch first.
 *
 * Every batch begins with the initial state.  Shared arguments are those of a runner; `fit` is true in training and
 * false in tests and predictions.  Results do not depend on the number of threads.
 *
 * A batch of training whose loss or gradient is NaN or infinite is an error that names epoch and batch, from 0, and the
 * parameter: its step is not done, so that the model keeps the weights and running averages of the batch before.  In
 * tests it is a number like others.
 */
#ifndef ENGRAM_TRAIN_H
#define ENGRAM_TRAIN_H

#include <stdio.h>

#include "engram/losses.h"
#include "engram/optimizers.h"
#include "engram/run.h"
#include "engram/transform.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- trainers ------------------------------------------------------------------------------------------------------ */

/* Traced: the loss of a batch, a floating scalar, or the tuple (loss, metrics...) of scalars.  predicts: what the
 * target's update returned, [B, T, ...] (BPFF: [B, ...]); with monitors the pair (that, tuple of their histories). */
typedef eg_val (*eg_train_loss_fn)(void *user, eg_val predicts, eg_val targets);

/* 0 means the default. */
typedef struct eg_bptt_options {
    const char *loss;         /* by name (eg_loss_by_name), of which the mean is taken; or ... */
    eg_train_loss_fn loss_fn; /* ... this */
    void *user;
    int num_metrics; /* scalars that loss_fn returns behind the loss, and their names */
    const char *const *metrics;
    eg_optimizer *optimizer; /* NULL = Adam of all parameters of the target, at this learning rate: */
    eg_schedule lr;          /* all 0 = 0.025 * 0.99975^step */
    double clip_value;       /* gradients are moved into [-clip_value, clip_value]; 0 = not */
    double clip_norm;        /* then scaled down to this norm all together; 0 = not */
    int64_t steps;           /* x has no time axis: it is fed in each of so many steps */
    uint64_t seed;           /* of shuffling */
    eg_checkpoint policy;    /* what is stored for the gradient, and every which step */
    int64_t every;
    /* Of the runner inside, as in eg_dsrunner_options; not for eg_bpff. */
    int num_monitors;
    const eg_monitor *monitors;
    int num_inputs;
    const eg_input *inputs;
    double dt;
    double t0;
    eg_data_axis data_first_axis; /* of x: [B, T, ...] (the default), or [T, B, ...] */
} eg_bptt_options;

/* Makes a trainer of target, a system that takes x and returns something in a step: a layer, a Sequential, a group, a
 * class of yours.  It is a system, child of the target, which the target's update leaves out; so is its runner,
 * "<trainer>_runner".  Its variable "epoch" (i64) counts the epochs done, by which data are shuffled; one that a
 * callback ended is done.
 * Errors: the tree is not in EG_TRAINING (eg_set_mode first: without it spikes have no gradient), no loss or two,
 * unknown losses, no parameters, an optimiser of others, what eg_dsrunner() says. */
EG_API eg_system *(eg_bptt)(eg_system *target, const char *name, const eg_bptt_options *options, EG_PLACE);
/* The same for models without time: one update a sample, x is [B, ...].  t0 is its time.  Errors: steps or
 * EG_TIME_FIRST are given, and the above. */
EG_API eg_system *(eg_bpff)(eg_system *target, const char *name, const eg_bptt_options *options, EG_PLACE);

/* An optimiser of all parameters of s and of what is in it; as eg_optimizer_new(), which says the rest. */
EG_API eg_optimizer *(eg_optimizer_of)(eg_system *s, const char *name, const eg_optimizer_params *params, EG_PLACE);

/* The runner inside (of eg_bptt), whose eg_run_inputs() predicts, and its optimiser. */
EG_API eg_system *eg_trainer_runner(eg_system *trainer);
EG_API eg_optimizer *eg_trainer_optimizer(eg_system *trainer);

/* -- data ---------------------------------------------------------------------------------------------------------- */

/* A batch: x and y in C order, to be read until the next one is asked for. */
typedef struct eg_batch {
    eg_spec x_spec, y_spec; /* of the whole: [B, T, ...], [T, B, ...], [B, ...]; y [B, ...] */
    const void *x, *y;
} eg_batch;

/* Gives batch k (from 0) of an epoch, which is the count of epochs done before; false: there is none, the epoch is
 * over.
 */
typedef bool (*eg_batch_fn)(void *user, int64_t epoch, int64_t k, eg_batch *batch);

/* Data as arrays of samples, cut into batches, or by a function. */
typedef struct eg_dataset {
    eg_spec x_spec, y_spec; /* [N, ...]: the samples are the first axis, also with EG_TIME_FIRST */
    const void *x, *y;
    int64_t batch_size; /* 0 = 32, or all if there are fewer */
    bool shuffle;       /* in every epoch anew, by the trainer's seed and its count of epochs */
    bool drop_last;     /* the last batch of an epoch, if it is smaller */
    eg_batch_fn next;   /* instead of arrays; called on the thread that called eg_fit() */
    void *user;
} eg_dataset;

/* The training data of a folder of MNIST, Fashion-MNIST or what has their form, or its test data: the files
 * train-images-idx3-ubyte and train-labels-idx1-ubyte, or t10k-..., as they are or with .gz behind their names.  x is
 * u32 [N, height, width], y u32 [N]; they last as long as the context.  Errors: those of eg_idx_read(), files of other
 * types or axes, and other numbers of images than of labels; x is then NULL. */
EG_API eg_dataset(eg_mnist_read)(eg_context *eg, const char *folder, bool test, EG_PLACE);

/* -- fitting ------------------------------------------------------------------------------------------------------- */

/* Means over the batches since the last report: value[0] is the loss, the others are the metrics, by their names. */
typedef struct eg_metrics {
    int num;
    const char *const *name; /* "loss", ... */
    const double *value;
} eg_metrics;

/* After each report; idx: the epoch of this eg_fit(), from 0, or with num_report the number of batches so far.  phase:
 * "fit" or "test".  Returning other than 0 ends the fit without an error. */
typedef int (*eg_report_fn)(void *user, int64_t idx, const eg_metrics *metrics, const char *phase);

/* How far a fit is. */
typedef struct eg_fit_progress {
    int64_t epoch, epochs; /* begun, from 1; of */
    int64_t batch;         /* done in this epoch */
    double compile_s, run_s;
    double loss, test_loss; /* of the last report; NaN before the first */
    bool over;              /* the last call: all is done and reported */
} eg_fit_progress;
typedef int (*eg_fit_progress_fn)(void *user, const eg_fit_progress *p);

/* 0 means the default; the pointer may be NULL. */
typedef struct eg_fit_options {
    const eg_dataset *test; /* looked at after every epoch, all of it, and reported in the same way */
    int64_t num_epoch;      /* 0 = 100 */
    int64_t num_report;     /* a report after so many batches, counted over epochs; 0 = after every epoch */
    eg_report_fn report;    /* fun_after_report */
    void *report_user;      /* for it */
    eg_fit_progress_fn
        progress; /* after each batch, and at the end; returning other than 0 ends the fit without an error */
    void *progress_user;
    eg_state *state; /* NULL = the context's own */
    int threads;     /* 0 = the context's */
    bool interpret;  /* in the interpreter */
} eg_fit_options;

/* Trains.  Weights, the optimiser and the count of epochs go on where the last fit ended.  Traced and compiled for each
 * shape of a batch.
 * Errors: not a trainer; data that are missing, of other shapes than the model takes, or without a batch; a loss that
 * is no scalar; NaN, see above; those of eg_call(). */
EG_API eg_status(eg_fit)(eg_system *trainer, const eg_dataset *train, const eg_fit_options *options, EG_PLACE);
/* Loss and metrics of data, without training (but random draws go on, so that a fit with dropout draws other masks
 * afterwards than without it); value of eg_metrics is to be read until the next call. */
EG_API eg_status(eg_evaluate)(eg_system *trainer, const eg_dataset *data, const eg_fit_options *options,
                              eg_metrics *metrics, EG_PLACE);

/* What the model gives for a batch x, without training: part 0 of its outputs, [B, T, ...] (eg_bpff: [B, ...]), to be
 * read until the next call.  Every call begins with the initial state; runs that go on are eg_run_inputs() of the
 * runner.  With `steps` x has no time axis.  Errors: x of another shape than the model takes; data is then NULL. */
EG_API eg_history(eg_predict)(eg_system *trainer, eg_spec x_spec, const void *x, const eg_fit_options *options,
                              EG_PLACE);

/* Which numbers of the last eg_fit(): of each report, or of each batch. */
typedef enum eg_history_of_fit { EG_BY_REPORT, EG_BY_BATCH } eg_history_of_fit;
/* phase: "fit" ("train") or "test" ("predict"); metric: "loss" or one of its names.  num: how many.  NULL and 0 after
 * an error, which lists the names, and where there is none. */
EG_API const double *(eg_fit_history)(eg_system *trainer, const char *phase, const char *metric,
                                      eg_history_of_fit which, int64_t *num, EG_PLACE);

/* What is done with a batch of that type and shape, as a function to call or to apply in traces of yours: arguments x
 * and y, results loss, metrics..., and in training (fit) the number (i64) of the first parameter of the optimiser whose
 * gradient is not finite, their number if it is the loss, else -1.  It lasts until the model or its mode is changed. */
EG_API eg_func *(eg_train_function)(eg_system *trainer, eg_spec x, eg_spec y, bool fit, EG_PLACE);

/* A line of progress in the terminal, redrawn:
 *     eg_fit_bar bar = {.file = stderr};
 *     eg_fit(trainer, &train, &(eg_fit_options){.progress = eg_fit_bar_show, .progress_user = &bar}); */
typedef struct eg_fit_bar {
    FILE *file;
    const char *label; /* NULL = "fit" */
    bool always;       /* redraw even if file is no terminal; else one line an epoch, and one at the end */
    double drawn_s;    /* set by the bar */
    int64_t epoch;     /* set by the bar */
} eg_fit_bar;
EG_API int eg_fit_bar_show(void *bar, const eg_fit_progress *p);

#ifndef __cplusplus
#define eg_bptt(...) (eg_bptt)(__VA_ARGS__, EG_HERE)
#define eg_bpff(...) (eg_bpff)(__VA_ARGS__, EG_HERE)
#define eg_optimizer_of(...) (eg_optimizer_of)(__VA_ARGS__, EG_HERE)
#define eg_mnist_read(...) (eg_mnist_read)(__VA_ARGS__, EG_HERE)
#define eg_fit(...) (eg_fit)(__VA_ARGS__, EG_HERE)
#define eg_evaluate(...) (eg_evaluate)(__VA_ARGS__, EG_HERE)
#define eg_predict(...) (eg_predict)(__VA_ARGS__, EG_HERE)
#define eg_fit_history(...) (eg_fit_history)(__VA_ARGS__, EG_HERE)
#define eg_train_function(...) (eg_train_function)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
