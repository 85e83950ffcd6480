/* What the losses share: a call and its place, checks, trees, reductions, log softmax. */
#ifndef TRAIN_LOSS_H
#define TRAIN_LOSS_H

#include "engram/losses.h"
#include "engram/parallel.h"
#include "engram/transform.h"

/* A call of a loss by a user. */
typedef struct loss {
    eg_context *eg; /* never NULL, and without an error when the call began */
    const char *name, *file;
    int line;
    /* What the leaves of a tree need; most losses set none of it. */
    eg_reduction reduction; /* never the default */
    eg_val value;           /* weights of classes, scale of a norm */
    double number;          /* delta, alpha */
    int num_axes;
    const int *axes;
} loss;

/* Every operation of a loss stands where the user called the loss: in errors, in the text of the graph, and in what a
 * check for NaN names. */
#undef EG_HERE
#define EG_HERE at->file, at->line

/* Begins a call on that value; false if there is nothing to do: no context, or one with an error. */
bool loss_begin(loss *at, const char *name, eg_val x, const char *file, int line);
/* An error of the call: "eg_l1_loss: ...".  Gives eg_nothing(). */
eg_val loss_fail(const loss *at, eg_status status, const char *format, ...) EG_PRINTF(3, 4);

/* "f32[4,5]" for messages. */
typedef struct loss_text {
    char s[160];
} loss_text;
loss_text loss_spec(eg_spec s);
/* Equal shapes. */
bool loss_equal(eg_spec a, eg_spec b);

/* -- checks: an error and false if it is not so ------------------------------------------------------------------- */

/* An optional value that is not given; one of a trace that has ended is given, and wrong. */
bool loss_absent(eg_val v);
/* A traced value, not a tuple, not nothing. */
bool loss_traced(const loss *at, const char *what, eg_val x);
/* The same, and a float. */
bool loss_float(const loss *at, const char *what, eg_val x);
/* Targets of predicts' shape; scalars and plain numbers are of every shape. */
bool loss_same_shape(const loss *at, eg_val predicts, eg_val targets);
/* Class indices. */
bool loss_integers(const loss *at, const char *what, eg_val x);
/* Chooses how rows are reduced. */
bool loss_reduction(loss *at, eg_reduction chosen, eg_reduction otherwise);

/* -- trees -------------------------------------------------------------------------------------------------------- */

bool loss_is_tree(eg_val v);

/* The loss of values; the second is nothing where a loss takes but one. */
typedef eg_val loss_leaf(const loss *at, eg_val x, eg_val y);

/* Sum of the losses of the pairs of a tree, predicts being floats; and of single values. */
eg_val loss_of_pairs(const loss *at, eg_val predicts, eg_val targets, loss_leaf *leaf);
eg_val loss_of_values(const loss *at, eg_val x, loss_leaf *leaf);

/* -- pieces ------------------------------------------------------------------------------------------------------- */

/* Mean over the call's axes, 0 of nothing; or an error that names a wrong one. */
eg_val loss_mean(const loss *at, eg_val x);
/* log(softmax(x)) along the last axis, [..., C]. */
eg_val loss_log_softmax(const loss *at, eg_val x);
/* log(cosh(x)). */
eg_val loss_log_cosh(const loss *at, eg_val x);

#endif
