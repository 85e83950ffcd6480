/* Pooling: axis by axis, as a window's extreme or sum is that of its rows' ones. */
#include <string.h>

#include "layer.h"

typedef struct pool {
    eg_pool_params p;
    int num;
    const int64_t *given; /* lasts for the setup only */
    int64_t window[EG_MAX_RANK];
} pool;

eg_pool_params eg_pool_defaults(void)
{
    eg_pool_params p = {.padding = EG_PAD_VALID, .channel_axis = -1};
    for (int k = 0; k < EG_MAX_RANK; k++) p.strides[k] = 1;
    return p;
}

static window window_of(const pool *l, int k)
{
    return (window){.size = l->window[k], .stride = l->p.strides[k], .dilation = 1};
}

static bool check_axis(eg_system *self, const pool *l, int k)
{
    const window w = window_of(l, k);
    const int64_t *pads = l->p.pads[k];
    if (!window_check(self, &w, k)) return false;
    bool ok = l->p.padding != EG_PAD_PAIRS || (pads[0] >= 0 && pads[0] < w.size && pads[1] >= 0 && pads[1] < w.size);
    if (!ok)
        eg_system_fail(self, EG_ERR_ARGUMENT, "pads on axis %d are %lld and %lld; use 0 to the window's size less 1", k,
                       (long long)pads[0], (long long)pads[1]);
    return ok;
}

static void setup(eg_system *self)
{
    pool *l = eg_self(self);
    if (l->num < 1 || l->num > EG_MAX_RANK || !l->given) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "its window is %d sizes%s; give 1 to %d", l->num,
                       l->given ? "" : " at NULL", EG_MAX_RANK);
        return;
    }
    memcpy(l->window, l->given, (size_t)l->num * sizeof *l->given);
    l->given = NULL;
    for (int k = 0; k < l->num && check_axis(self, l, k); k++) {}
    eg_check_param(self, l->p.padding >= EG_PAD_SAME && l->p.padding <= EG_PAD_PAIRS, "padding", (double)l->p.padding,
                   "use EG_PAD_SAME, EG_PAD_VALID or EG_PAD_PAIRS");
}

/* -- a step -------------------------------------------------------------------------------------------------------- */

/* A window's value from what it has so far and one more element. */
typedef struct rule {
    eg_val (*join)(eg_val so_far, eg_val x);
    bool mean;
} rule;

/* How many elements of x the window sees at each position. */
static eg_val seen(eg_system *self, const window *w, int64_t n, int rank, int axis)
{
    eg_spec s = {.dtype = eg_float_type(self), .rank = rank};
    for (int k = 0; k < rank; k++) s.dim[k] = k == axis ? w->num : 1;
    if (!w->low && !w->high) return eg_real((double)w->size);
    /* Positions are few: a ramp up from the first, a ramp down to the last, and never more than the window. */
    eg_val first = eg_sub(eg_mul(eg_iota(eg_system_context(self), w->num, EG_I64), w->stride), w->low);
    eg_val num = eg_sub(eg_min(eg_add(first, w->size), n), eg_max(first, 0));
    return eg_convert(eg_reshape_to(num, rank, s.dim), s.dtype);
}

/* x between copies of its first and last element.  A window that reaches beyond an end holds that end, so that they do
 * not change its extreme, and no infinity is needed, which checked runs would report. */
static eg_val with_edges(const window *w, eg_val x, int axis)
{
    eg_spec s = eg_spec_of(x);
    const int64_t last = s.dim[axis] - 1, num[] = {w->low, 1, w->high};
    eg_val part[] = {eg_slice(x, axis, 0, 1, 1), x, eg_slice(x, axis, last, last + 1, 1)}, all[3];
    int n = 0;
    for (int k = 0; k < 3; k++) {
        s.dim[axis] = num[k];
        if (num[k]) all[n++] = k == 1 ? x : eg_broadcast_to(part[k], s.rank, s.dim);
    }
    return eg_concat_n(axis, n, all);
}

static eg_val pool_axis(const window *w, const rule *r, eg_val x, int axis)
{
    if (r->mean && (w->low || w->high)) x = eg_pad(x, axis, w->low, w->high, 0);
    if (!r->mean && (w->low || w->high)) x = with_edges(w, x, axis);
    eg_val y = window_element(w, x, axis, 0);
    for (int64_t k = 1; k < w->size; k++) y = r->join(y, window_element(w, x, axis, k));
    return y;
}

static eg_val pooled(eg_system *self, const rule *r, eg_val x)
{
    const pool *l = eg_self(self);
    const eg_spec in = eg_spec_of(x = layer_input(self, x));
    const int channels = l->p.channel_axis + (l->p.channel_axis < 0 ? in.rank : 0);
    const int axes = l->p.no_channels ? in.rank : in.rank - 1;
    if (in.rank < 0) return eg_nothing();
    if (!l->p.no_channels && (channels < 0 || channels >= in.rank))
        return layer_refuse(self, x, "it has no axis %d for channels", l->p.channel_axis);
    if (axes < 1 || (l->num != 1 && l->num != axes))
        return layer_refuse(self, x, "%d axes are pooled, its window has %d", axes, l->num);
    eg_val y = x, num = eg_real(1);
    for (int axis = 0, k = 0; axis < in.rank; axis++) {
        if (axis == channels && !l->p.no_channels) continue;
        const int at = l->num == 1 ? 0 : k++;
        window w = window_of(l, at);
        if (in.dim[axis] < 1 || !window_place(&w, l->p.padding, l->p.pads[at], in.dim[axis], 1))
            return layer_refuse(self, x, "with its padding it is smaller than the window on axis %d", axis);
        y = pool_axis(&w, r, y, axis);
        if (r->mean) num = eg_mul(num, seen(self, &w, in.dim[axis], in.rank, axis));
    }
    return r->mean ? eg_div(y, num) : y;
}

/* NaN is not hidden, as eg_max() would: a window that sees one gives one. */
static eg_val or_nan(eg_val a, eg_val b, eg_val y) { return eg_where(eg_isnan(a), a, eg_where(eg_isnan(b), b, y)); }
static eg_val larger(eg_val a, eg_val b) { return or_nan(a, b, eg_max(a, b)); }
static eg_val smaller(eg_val a, eg_val b) { return or_nan(a, b, eg_min(a, b)); }
static eg_val sum(eg_val a, eg_val b) { return eg_add(a, b); }

static eg_val update_max(eg_system *self, eg_shared s, eg_val x)
{
    return (void)s, pooled(self, &(rule){.join = larger}, x);
}
static eg_val update_min(eg_system *self, eg_shared s, eg_val x)
{
    return (void)s, pooled(self, &(rule){.join = smaller}, x);
}
static eg_val update_avg(eg_system *self, eg_shared s, eg_val x)
{
    return (void)s, pooled(self, &(rule){.join = sum, .mean = true}, x);
}

/* X(function, class, name): the three of them. */
#define POOLS(X)                                                                                                       \
    X(eg_max_pool, max, "MaxPool")                                                                                     \
    X(eg_min_pool, min, "MinPool")                                                                                     \
    X(eg_avg_pool, avg, "AvgPool")

#define X(function, kind, text)                                                                                        \
    static const eg_class kind##_class = {                                                                             \
        .name = text, .role = EG_LAYER, .size = sizeof(pool), .setup = setup, .update = update_##kind};                \
    eg_system *(function)(eg_system * parent, const char *name, int num, const int64_t *sizes,                         \
                          const eg_pool_params *params, const char *file, int line)                                    \
    {                                                                                                                  \
        pool l = {.p = params ? *params : eg_pool_defaults(), .num = num, .given = sizes};                             \
        return (eg_system_new)(parent, name, &kind##_class, 0, &l, file, line);                                        \
    }
POOLS(X)
#undef X
