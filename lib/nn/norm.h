/* What normalising layers share. */
#ifndef EGN_NORM_H
#define EGN_NORM_H

#include "layer.h"

/* Checks epsilon and momentum, makes scale and bias of that shape (NULL without them).  False after an error. */
bool norm_setup(eg_system *self, const eg_norm_params *p, eg_spec shape, eg_var **scale, eg_var **bias);
/* y scale + bias. */
eg_val norm_affine(eg_val y, eg_var *scale, eg_var *bias);
/* x without its mean over the axes, divided by its deviation. */
eg_val norm_over(eg_val x, int n, const int *axes, double epsilon);

#endif
