/* Models and data of the tests of trainers. */
#ifndef TESTS_LEARNER_H
#define TESTS_LEARNER_H

#include "train.h"

enum { IN = 3, HIDDEN = 6, OUT = 2, STEPS = 5, SAMPLES = 10 };

/* Samples over time, without, and what they should give. */
typedef struct task {
    float x[SAMPLES][STEPS][IN], still[SAMPLES][IN], y[SAMPLES][STEPS][OUT], still_y[SAMPLES][OUT];
    int32_t label[SAMPLES];
} task;

typedef struct learner {
    eg_context *eg;
    eg_system *net, *model, *trainer;
} learner;

/* x W + b; parameters W [in, num], b [num]. */
typedef struct linear {
    int64_t in;
    eg_var *W, *b;
} linear;
extern const eg_class linear_class;

/* Linear, LIF, linear, leaky integrator. */
extern const eg_class spiking_class;
/* h = tanh(x W + h U), of which the output is h V: no spikes. */
extern const eg_class recurrent_class;
/* h <- h + x W, the output: goes on over time. */
extern const eg_class sum_class;

const task *task_of(void);
/* A net in training with a model of the class, no trainer yet. */
learner learner_new(int way, eg_dtype dtype, const eg_class *type);
void learner_close(learner *l);
eg_dataset sequences(void); /* x [N, T, IN], labels [N] */
eg_dataset series(void);    /* x [N, T, IN], y [N, T, OUT] */
eg_dataset stills(void);    /* x [N, IN], y [N, OUT] */

/* Cross entropy of the mean over time; with accuracy as a metric. */
eg_val label_loss(void *user, eg_val p, eg_val y);
eg_val label_loss_and_accuracy(void *user, eg_val p, eg_val y);

enum { MOST_WEIGHTS = 256 };
/* Copies all parameters of the model in that state; their bytes. */
size_t weights(eg_system *model, eg_state *state, void *to);
/* Checks that the model has these weights, bit for bit. */
void check_weights(eg_system *model, const void *want);
/* A history of the last fit, of so many numbers. */
const double *past(learner *l, const char *phase, const char *metric, eg_history_of_fit which, int want);
/* Mean squared difference. */
eg_val square_loss(void *user, eg_val p, eg_val y);
/* An optimiser of all parameters. */
eg_optimizer *sgd(eg_system *model, double lr);

#endif
