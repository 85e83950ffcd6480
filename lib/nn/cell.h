/* What recurrent cells share. */
#ifndef EGN_CELL_H
#define EGN_CELL_H

#include "layer.h"

typedef struct cell {
    eg_cell_params p;
    int64_t num_in, num_out;
    eg_activation_fn f;
    eg_var *Wi, *Wh, *b, *h, *c; /* b, c: NULL if it has none */
    eg_var *h0, *c0;             /* with train_state */
} cell;

/* A cell of that class with these numbers. */
eg_system *cell_make(eg_system *parent, const char *name, const eg_class *type, int64_t num_in, int64_t num_out,
                     const eg_cell_params *params, const char *file, int line);
/* Checks, and makes the variables of `gates` gates, which use the activation and weights if none are given. */
void cell_setup(eg_system *self, int gates, const char *activation, eg_initializer weights, bool has_c);
/* Hooks: the state begins as the parameters say. */
void cell_begin(eg_system *self);
void cell_reset(eg_system *self, eg_state *state);
/* x Wi + b; nothing after an error. */
eg_val cell_input(eg_system *self, eg_val x);
/* Gate k, or gates k .. k + n - 1, of a row or matrix of them. */
eg_val cell_gates(eg_system *self, eg_val all, int k, int n);
/* The activation. */
eg_val cell_f(eg_system *self, eg_val x);

#endif
