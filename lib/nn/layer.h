/* What layers share: their input, the text of their errors, windows that move over it. */
#ifndef EGN_LAYER_H
#define EGN_LAYER_H

#include "engram/layers.h"

/* x in the network's float type; nothing after an error. */
eg_val layer_input(eg_system *self, eg_val x);
/* The error "x is f64[3, 5]; <format>"; gives nothing. */
eg_val layer_refuse(eg_system *self, eg_val x, const char *format, ...) EG_PRINTF(3, 4);
/* Is the size within 1 .. 2147483647?  If not, an error that names it. */
bool layer_size(eg_system *self, const char *name, int64_t size);
/* The network's floats in that shape. */
eg_spec layer_floats(eg_system *self, int rank, const int64_t *dim);
/* What the user gave; if that is nothing, the other. */
static inline eg_initializer layer_init(eg_initializer given, eg_initializer otherwise)
{
    return given.kind == EG_INIT_DEFAULT ? otherwise : given;
}
/* A number of elements to make a system with: setup says what is wrong with others. */
static inline int64_t layer_num(int64_t size) { return size < 0 || size > INT32_MAX ? 0 : size; }

/* How a window moves along an axis. */
typedef struct window {
    int64_t size, stride, dilation;
    int64_t low, high; /* padding */
    int64_t num;       /* positions */
} window;

/* Are its numbers possible?  k: number of the axis, for the error. */
bool window_check(eg_system *self, const window *w, int k);
/* Padding and positions on an axis of n elements, which stand `apart` from each other.  False if there is no position.
 */
bool window_place(window *w, eg_padding padding, const int64_t *pads, int64_t n, int64_t apart);
/* Element k of the window at all positions. */
eg_val window_element(const window *w, eg_val x, int axis, int64_t k);

#endif
