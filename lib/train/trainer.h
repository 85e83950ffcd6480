/* What the files of trainers share.
 *
 *     trainer.c        making one: options, checks         fit.c         epochs and batches
 *     trainer_step.c   what is done with a batch, traced   fit_report.c  means, histories
 *     dataset.c        data as batches                     fit_bar.c     a line in the terminal
 *     predict.c        what a model gives for a batch
 */
#ifndef EGT_TRAINER_H
#define EGT_TRAINER_H

#include "engram/parallel.h"
#include "engram/train.h"

/* A function for batches of one type and shape. */
typedef struct egt_step {
    struct egt_step *next;
    eg_spec x, y;
    bool fit, time_first, predicts; /* predicts: y is not used */
    int64_t made;                   /* eg_num_made() then */
    eg_func *func;
} egt_step;

/* Numbers that grow. */
typedef struct egt_series {
    double *at;
    int64_t num, room;
} egt_series;

enum { EGT_FIT, EGT_TEST, EGT_EVALUATE, EGT_PHASES };

/* Sums over the batches since the last report, and what was reported. */
typedef struct egt_record {
    double *sum, *mean; /* [num_values] */
    int64_t since, batches;
    egt_series *report, *batch; /* [num_values] */
} egt_record;

typedef struct egt_trainer {
    eg_context *eg;
    eg_system *self, *target, *runner;
    bool through_time;
    eg_bptt_options o;
    eg_loss_fn named;
    eg_optimizer *optimizer;
    eg_var *epoch, *i0;
    const char **name; /* of the values: "loss", ... */
    int num_values;
    egt_step *steps;
    egt_record record[EGT_PHASES];
    void *predicted; /* by the last eg_predict() */
    size_t predicted_room;
    void *x, *y; /* room for a batch */
    size_t x_room, y_room;
    int64_t *order; /* of the samples */
    int64_t order_room;
    bool running;
} egt_trainer;

/* The trainer behind a system; NULL and an error if it is none. */
egt_trainer *egt_of(eg_system *s, const char *what, const char *file, int line);

/* -- trainer_step.c */
/* The function for batches of that kind: traced when it is first asked for.  NULL after an error. */
eg_func *egt_step_of(egt_trainer *t, eg_spec x, eg_spec y, bool fit, bool time_first, const char *file, int line);
/* The model of such a batch; its result is its first output. */
eg_func *egt_prediction_of(egt_trainer *t, eg_spec x, const char *file, int line);
void egt_free_steps(egt_trainer *t);

/* -- dataset.c */
/* Is it a type and shape with an axis that counts samples? */
bool egt_good_spec(eg_spec s);
/* Batches of one epoch. */
typedef struct egt_batches {
    egt_trainer *t;
    const eg_dataset *d;
    int64_t epoch, k; /* for the function; the next batch */
    int64_t at, size; /* of arrays: next sample, samples in a batch */
    bool shuffled;
} egt_batches;

bool egt_check_dataset(egt_trainer *t, const eg_dataset *d, const char *what, const char *file, int line);
/* shuffle_as: number of the epoch by which samples are shuffled; negative: they are not. */
bool egt_begin_epoch(egt_batches *b, egt_trainer *t, const eg_dataset *d, int64_t epoch, int64_t shuffle_as);
/* False: there is no more, or an error. */
bool egt_next_batch(egt_batches *b, eg_batch *to, const char *file, int line);

/* -- fit_report.c */
/* Phases first..last begin anew. */
bool egt_begin_records(egt_trainer *t, int first, int last);
void egt_free_records(egt_trainer *t);
/* Adds the values of a batch. */
bool egt_add_batch(egt_trainer *t, int phase, const double *value);
/* The means since the last report, which begins anew; value NULL without a batch. */
eg_metrics egt_report(egt_trainer *t, int phase);

#endif
