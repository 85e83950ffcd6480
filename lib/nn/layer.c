/* What layers share. */
#include "layer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

eg_val layer_refuse(eg_system *self, eg_val x, const char *format, ...)
{
    const eg_spec s = eg_spec_of(x);
    char shape[200] = "", why[300];
    for (int k = 0; k < s.rank; k++) {
        size_t n = strlen(shape);
        snprintf(shape + n, sizeof shape - n, "%s%lld", k ? ", " : "", (long long)s.dim[k]);
    }
    va_list ap;
    va_start(ap, format);
    vsnprintf(why, sizeof why, format, ap);
    va_end(ap);
    if (s.rank < 0)
        eg_system_fail(self, EG_ERR_SHAPE, "x is nothing or a tuple; %s", why);
    else
        eg_system_fail(self, EG_ERR_SHAPE, "x is %s[%s]; %s", eg_dtype_name(s.dtype), shape, why);
    return eg_nothing();
}

eg_val layer_input(eg_system *self, eg_val x)
{
    const eg_spec s = eg_spec_of(x);
    if (eg_error(eg_system_context(self))) return eg_nothing();
    if (s.rank < 0) return layer_refuse(self, x, "give it one value");
    return s.dtype == eg_float_type(self) ? x : eg_convert(x, eg_float_type(self));
}

bool layer_size(eg_system *self, const char *name, int64_t size)
{
    return eg_check_param(self, size >= 1 && size <= INT32_MAX, name, (double)size, "use 1 to 2147483647");
}

eg_spec layer_floats(eg_system *self, int rank, const int64_t *dim)
{
    eg_spec s = {.dtype = eg_float_type(self), .rank = rank};
    memcpy(s.dim, dim, (size_t)rank * sizeof *dim);
    return s;
}

/* -- windows ------------------------------------------------------------------------------------------------------- */

bool window_check(eg_system *self, const window *w, int k)
{
    const int64_t number[] = {w->size, w->stride, w->dilation};
    static const char *const name[] = {"size", "stride", "dilation"};
    for (int j = 0; j < 3; j++) {
        if (number[j] >= 1 && number[j] <= INT32_MAX) continue;
        eg_system_fail(self, EG_ERR_ARGUMENT, "the window's %s on axis %d is %lld; use 1 to 2147483647", name[j], k,
                       (long long)number[j]);
        return false;
    }
    return true;
}

bool window_place(window *w, eg_padding padding, const int64_t *pads, int64_t n, int64_t apart)
{
    const int64_t reach = (w->size - 1) * w->dilation + 1, span = n ? (n - 1) * apart + 1 : 0;
    int64_t more = ((n + w->stride - 1) / w->stride - 1) * w->stride + reach - n;
    if (padding != EG_PAD_SAME || more < 0) more = 0;
    w->low = padding == EG_PAD_PAIRS ? pads[0] : more / 2;
    w->high = padding == EG_PAD_PAIRS ? pads[1] : more - more / 2;
    const int64_t last = w->low + span + w->high - reach;
    w->num = last < 0 ? 0 : last / w->stride + 1;
    return w->num > 0;
}

eg_val window_element(const window *w, eg_val x, int axis, int64_t k)
{
    const int64_t from = k * w->dilation;
    return eg_slice(x, axis, from, from + (w->num - 1) * w->stride + 1, w->stride);
}
