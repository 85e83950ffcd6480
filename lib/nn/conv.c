/* Convolutions: columns of what each position sees, times the kernel. */
#include <string.h>

#include "engram/parallel.h"
#include "layer.h"

enum { MOST_PLACES = 1 << 16 }; /* elements of a kernel: each is an operand of the columns */

typedef struct conv {
    eg_conv_params p;
    int rank; /* spatial axes */
    int64_t num_in, num_out, size[3];
    int64_t places;
    eg_var *w, *b;
} conv;

eg_conv_params eg_conv_defaults(void)
{
    return (eg_conv_params){.w = eg_init_xavier_normal(),
                            .strides = {1, 1, 1},
                            .lhs_dilation = {1, 1, 1},
                            .rhs_dilation = {1, 1, 1},
                            .groups = 1};
}

/* -- making -------------------------------------------------------------------------------------------------------- */

static window window_of(const conv *c, int k)
{
    return (window){.size = c->size[k], .stride = c->p.strides[k], .dilation = c->p.rhs_dilation[k]};
}

static bool check_axis(eg_system *self, conv *c, int k)
{
    const window w = window_of(c, k);
    const int64_t *pads = c->p.pads[k];
    if (!window_check(self, &w, k) || !layer_size(self, "lhs_dilation", c->p.lhs_dilation[k])) return false;
    c->places = w.size > MOST_PLACES ? w.size : c->places * w.size;
    bool ok =
        c->p.padding != EG_PAD_PAIRS || (pads[0] >= 0 && pads[1] >= 0 && pads[0] <= INT32_MAX && pads[1] <= INT32_MAX);
    if (!ok)
        eg_system_fail(self, EG_ERR_ARGUMENT, "pads on axis %d are %lld and %lld; use 0 to 2147483647", k,
                       (long long)pads[0], (long long)pads[1]);
    return ok && eg_check_param(self, c->places <= MOST_PLACES, "the number of places in the kernel", (double)c->places,
                                "use at most 65536");
}

static bool check(eg_system *self, conv *c)
{
    const int64_t groups = c->p.groups;
    c->places = 1;
    if (!layer_size(self, "num_in", c->num_in) || !layer_size(self, "num_out", c->num_out)) return false;
    for (int k = 0; k < c->rank; k++) {
        if (!check_axis(self, c, k)) return false;
    }
    return eg_check_param(self, c->p.padding >= EG_PAD_SAME && c->p.padding <= EG_PAD_PAIRS, "padding",
                          (double)c->p.padding, "use EG_PAD_SAME, EG_PAD_VALID or EG_PAD_PAIRS") &&
           eg_check_param(self, groups >= 1 && c->num_in % groups == 0 && c->num_out % groups == 0, "groups",
                          (double)groups, "use a number that divides num_in and num_out");
}

static bool fits(eg_system *self, const eg_array *mask, eg_spec kernel)
{
    const eg_spec m = eg_array_spec(mask);
    if (eg_array_context(mask) != eg_system_context(self)) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "its mask is an array of another context");
        return false;
    }
    bool same =
        m.rank == kernel.rank && m.dtype == kernel.dtype && !memcmp(m.dim, kernel.dim, (size_t)m.rank * sizeof *m.dim);
    if (!same)
        eg_system_fail(self, EG_ERR_SHAPE,
                       "its mask is not of the network's floats in the kernel's shape, [sizes..., %lld, %lld]",
                       (long long)kernel.dim[kernel.rank - 2], (long long)kernel.dim[kernel.rank - 1]);
    return same;
}

static void setup(eg_system *self)
{
    conv *c = eg_self(self);
    if (!check(self, c)) return;
    eg_spec kernel = layer_floats(self, c->rank, c->size), bias = kernel;
    kernel.dim[kernel.rank++] = c->num_in / c->p.groups;
    kernel.dim[kernel.rank++] = c->num_out;
    for (int k = 0; k < c->rank; k++) bias.dim[k] = 1;
    bias.dim[bias.rank++] = c->num_out;
    if (c->p.mask && !fits(self, c->p.mask, kernel)) return;
    c->w = eg_add_parameter(self, "w", kernel, layer_init(c->p.w, eg_init_xavier_normal()));
    if (!c->p.no_bias) c->b = eg_add_parameter(self, "b", bias, c->p.b);
}

/* -- a step -------------------------------------------------------------------------------------------------------- */

/* [.., n, ..] with `apart` - 1 zeros between neighbours. */
static eg_val dilate(eg_val x, int axis, int64_t apart)
{
    eg_spec s = eg_spec_of(x);
    const int64_t n = s.dim[axis];
    if (apart == 1 || n < 2) return x;
    eg_val wide = eg_pad(eg_new_axis(x, axis + 1), axis + 1, 0, apart - 1, 0);
    s.dim[axis] = n * apart;
    return eg_slice(eg_reshape_to(wide, s.rank, s.dim), axis, 0, (n - 1) * apart + 1, 1);
}

/* x around which zeros stand, and how the windows move over it. */
static eg_val padded(const conv *c, eg_val x, window *w)
{
    for (int k = 0; k < c->rank; k++) {
        const int64_t apart = c->p.lhs_dilation[k];
        w[k] = window_of(c, k);
        if (!window_place(&w[k], c->p.padding, c->p.pads[k], eg_spec_of(x).dim[k], apart)) return eg_nothing();
        x = dilate(x, k, apart);
        if (w[k].low || w[k].high) x = eg_pad(x, k, w[k].low, w[k].high, 0);
    }
    return x;
}

/* [positions..., groups, channels of a group]. */
static eg_val in_groups(const conv *c, eg_val x)
{
    eg_spec s = eg_spec_of(x);
    s.dim[c->rank] = c->p.groups;
    s.dim[c->rank + 1] = c->num_in / c->p.groups;
    return eg_reshape_to(x, c->rank + 2, s.dim);
}

/* What each position sees: [positions..., groups, places * channels of a group]. */
static eg_val columns(eg_system *self, const conv *c, eg_val x, const window *w)
{
    eg_context *eg = eg_system_context(self);
    eg_val *place = eg_alloc(eg, c->places, sizeof *place), all = eg_nothing();
    for (int64_t k = 0; place && k < c->places; k++) {
        int64_t rest = k;
        place[k] = x;
        for (int axis = c->rank - 1; axis >= 0; rest /= w[axis--].size)
            place[k] = window_element(&w[axis], place[k], axis, rest % w[axis].size);
        place[k] = in_groups(c, place[k]);
    }
    if (place) all = eg_concat_n(c->rank + 1, (int)c->places, place);
    eg_release(eg, place);
    return all;
}

/* [positions, num_out]: one product, of groups a batch of them. */
static eg_val product(const conv *c, eg_val all, int64_t num, eg_val w)
{
    const int64_t g = c->p.groups, sees = c->places * (c->num_in / g);
    if (g == 1) return eg_dot(eg_reshape(all, num, sees), eg_reshape(w, sees, c->num_out));
    all = eg_transpose(eg_reshape(all, num, g, sees), 1, 0, 2);
    w = eg_transpose(eg_reshape(w, sees, g, c->num_out / g), 1, 0, 2);
    return eg_transpose(eg_dot(all, w), 1, 0, 2);
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    const conv *c = eg_self(self);
    const eg_spec in = eg_spec_of(x = layer_input(self, x));
    window w[3];
    (void)s;
    if (in.rank != c->rank + 1 || in.dim[c->rank] != c->num_in)
        return layer_refuse(self, x, "it must have %d axes and %lld channels, its last extent", c->rank + 1,
                            (long long)c->num_in);
    eg_val around = padded(c, x, w);
    if (eg_tuple_size(around) == 0) return layer_refuse(self, x, "with its padding it is smaller than the kernel");
    int64_t dim[4], num = 1;
    for (int k = 0; k < c->rank; k++) num *= dim[k] = w[k].num;
    dim[c->rank] = c->num_out;
    eg_val kernel = eg_get(c->w);
    if (c->p.mask) kernel = eg_mul(kernel, eg_constant(c->p.mask));
    eg_val y = eg_reshape_to(product(c, columns(self, c, around, w), num, kernel), c->rank + 1, dim);
    return c->b ? eg_add(y, eg_get(c->b)) : y;
}

/* -- classes ------------------------------------------------------------------------------------------------------- */

static const eg_class classes[] = {
    {.name = "Conv1D", .role = EG_LAYER, .size = sizeof(conv), .setup = setup, .update = update},
    {.name = "Conv2D", .role = EG_LAYER, .size = sizeof(conv), .setup = setup, .update = update},
    {.name = "Conv3D", .role = EG_LAYER, .size = sizeof(conv), .setup = setup, .update = update}};

static eg_system *make(eg_system *parent, const char *name, conv c, const eg_conv_params *params, const char *file,
                       int line)
{
    c.p = params ? *params : eg_conv_defaults();
    return (eg_system_new)(parent, name, &classes[c.rank - 1], 0, &c, file, line);
}

eg_system *(eg_conv1d)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out, int64_t size,
                       const eg_conv_params *params, const char *file, int line)
{
    conv c = {.rank = 1, .num_in = num_in, .num_out = num_out, .size = {size}};
    return make(parent, name, c, params, file, line);
}

eg_system *(eg_conv2d)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out, int64_t height,
                       int64_t width, const eg_conv_params *params, const char *file, int line)
{
    conv c = {.rank = 2, .num_in = num_in, .num_out = num_out, .size = {height, width}};
    return make(parent, name, c, params, file, line);
}

eg_system *(eg_conv3d)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out, int64_t depth,
                       int64_t height, int64_t width, const eg_conv_params *params, const char *file, int line)
{
    conv c = {.rank = 3, .num_in = num_in, .num_out = num_out, .size = {depth, height, width}};
    return make(parent, name, c, params, file, line);
}
