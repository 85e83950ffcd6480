/* Convolutions and pools against plain loops over three axes, of which those left out have extent 1. */
#include "nn/layered.h"

static eg_system *layer;

/* -- convolutions -------------------------------------------------------------------------------------------------- */

typedef struct shape {
    int axes;
    int64_t n[3], size[3], in, out;
    eg_conv_params p;
    const double *mask;
} shape;
static shape of;

/* Padding before axis k, and positions on it. */
static int64_t place(const shape *s, int k, int64_t *num)
{
    const int64_t reach = (s->size[k] - 1) * s->p.rhs_dilation[k] + 1, stride = s->p.strides[k];
    int64_t low = 0, high = 0, span = (s->n[k] - 1) * s->p.lhs_dilation[k] + 1;
    if (s->p.padding == EG_PAD_PAIRS) low = s->p.pads[k][0], high = s->p.pads[k][1];
    if (s->p.padding == EG_PAD_SAME) {
        int64_t more = ((s->n[k] + stride - 1) / stride - 1) * stride + reach - s->n[k];
        more = more < 0 ? 0 : more;
        low = more / 2;
        high = more - low;
    }
    *num = 0;
    while (*num * stride + reach <= span + low + high) ++*num;
    return low;
}

/* Element of x at a place of the padded, dilated one; 0 between and outside. */
static double x_at(const shape *s, const double *x, const int64_t *at, int64_t c)
{
    int64_t flat = 0;
    for (int k = 0; k < 3; k++) {
        const int64_t d = s->p.lhs_dilation[k];
        if (at[k] < 0 || at[k] % d || at[k] / d >= s->n[k]) return 0;
        flat = flat * s->n[k] + at[k] / d;
    }
    return x[flat * s->in + c];
}

/* The digits of k, most significant first. */
static void digits(int64_t k, const int64_t *base, int64_t *to)
{
    for (int a = 2; a >= 0; k /= base[a--]) to[a] = k % base[a];
}

static void plain_conv(const double *x, double *y)
{
    const shape *s = &of;
    const double *w = values_of(layer, "w"), *b = s->p.no_bias ? NULL : values_of(layer, "b");
    const int64_t each = s->in / s->p.groups, places = s->size[0] * s->size[1] * s->size[2];
    int64_t low[3], num[3], p[3], q[3], at[3];
    for (int k = 0; k < 3; k++) low[k] = place(s, k, &num[k]);
    for (int64_t j = 0; j < num[0] * num[1] * num[2]; j++) {
        digits(j, num, p);
        for (int64_t o = 0; o < s->out; o++) {
            double sum = b ? b[o] : 0;
            for (int64_t k = 0; k < places * each; k++) {
                digits(k / each, s->size, q);
                for (int a = 0; a < 3; a++) at[a] = p[a] * s->p.strides[a] + q[a] * s->p.rhs_dilation[a] - low[a];
                double weight = w[k * s->out + o] * (s->mask ? s->mask[k * s->out + o] : 1);
                sum += weight * x_at(s, x, at, o / (s->out / s->p.groups) * each + k % each);
            }
            y[j * s->out + o] = sum;
        }
    }
}

static void check_conv(void)
{
    eg_spec x = {.dtype = EG_F64, .rank = of.axes + 1};
    of.p.b = eg_init_uniform(-1, 1);
    for (int k = 0; k < of.axes; k++) x.dim[k] = of.n[3 - of.axes + k];
    x.dim[of.axes] = of.in;
    /* The parameters of the layer count from its first axis. */
    eg_conv_params p = of.p;
    const int64_t *size = of.size + 3 - of.axes;
    for (int k = 0; k < of.axes; k++) {
        const int from = 3 - of.axes + k;
        p.strides[k] = of.p.strides[from];
        p.lhs_dilation[k] = of.p.lhs_dilation[from];
        p.rhs_dilation[k] = of.p.rhs_dilation[from];
        memcpy(p.pads[k], of.p.pads[from], sizeof p.pads[k]);
    }
    if (of.axes == 1) layer = eg_conv1d(net, NULL, of.in, of.out, size[0], &p);
    if (of.axes == 2) layer = eg_conv2d(net, NULL, of.in, of.out, size[0], size[1], &p);
    if (of.axes == 3) layer = eg_conv3d(net, NULL, of.in, of.out, size[0], size[1], size[2], &p);
    check_layer(layer, one_step, x, plain_conv);
}

static void begin(int axes, int64_t in, int64_t out)
{
    of = (shape){.axes = axes, .n = {1, 1, 1}, .size = {1, 1, 1}, .in = in, .out = out, .p = eg_conv_defaults()};
}

START_TEST(a_convolution_of_one_axis_is_its_formula)
{
    static const eg_padding paddings[] = {EG_PAD_SAME, EG_PAD_VALID, EG_PAD_PAIRS};
    for (int k = 0; k < 12; k++) {
        begin(1, 2, 3);
        of.n[2] = 8 + k % 2;
        of.size[2] = 2 + k % 3;
        of.p.padding = paddings[k / 4];
        of.p.strides[2] = 1 + k % 3;
        of.p.rhs_dilation[2] = 1 + k / 2 % 2;
        of.p.lhs_dilation[2] = k % 4 == 3 ? 3 : 1;
        of.p.pads[2][0] = 1, of.p.pads[2][1] = 3;
        of.p.no_bias = k == 5;
        check_conv();
    }
}
END_TEST

START_TEST(a_convolution_of_two_axes_is_its_formula)
{
    for (int k = 0; k < 6; k++) {
        begin(2, 4, 6);
        of.n[1] = 5, of.n[2] = 4;
        of.size[1] = 3, of.size[2] = 1 + k % 3;
        of.p.padding = k % 3 == 2 ? EG_PAD_PAIRS : k % 3 ? EG_PAD_VALID : EG_PAD_SAME;
        of.p.strides[1] = 1 + k % 2;
        of.p.pads[1][0] = 2, of.p.pads[2][1] = 1;
        of.p.groups = k > 2 ? 2 : 1;
        of.p.lhs_dilation[2] = 1 + k / 4;
        check_conv();
    }
    begin(2, 3, 3); /* each channel by itself */
    of.n[1] = 3, of.n[2] = 4;
    of.size[1] = of.size[2] = 2;
    of.p.groups = 3;
    check_conv();
}
END_TEST

START_TEST(a_convolution_of_three_axes_is_its_formula)
{
    begin(3, 2, 2);
    for (int k = 0; k < 3; k++) of.n[k] = 3 + k % 2, of.size[k] = 2;
    of.p.strides[1] = 2;
    check_conv();
    of.p.groups = 2;
    of.p.padding = EG_PAD_VALID;
    check_conv();
}
END_TEST

START_TEST(a_mask_multiplies_the_kernel)
{
    double mask[3 * 2 * 3];
    for (int k = 0; k < 18; k++) mask[k] = k % 3 ? 1 : 0.5 * (k % 2);
    begin(1, 2, 3);
    of.n[2] = 5;
    of.size[2] = 3;
    of.p.mask = eg_array_new(eg, X3(3, 2, 3), mask);
    of.mask = mask;
    check_conv();
}
END_TEST

#define WRONG_CONV(change, ...)                                                                                        \
    do {                                                                                                               \
        eg_conv_params p = eg_conv_defaults();                                                                         \
        p.change;                                                                                                      \
        ck_assert_ptr_null(eg_conv2d(net, "c", 4, 6, 3, 3, &p));                                                       \
        SAYS(__VA_ARGS__, "Conv2D 'c'", "test_layers_conv.c");                                                         \
    } while (0)

START_TEST(wrong_convolutions_are_errors)
{
    WRONG_CONV(strides[1] = 0, EG_ERR_ARGUMENT, "stride on axis 1 is 0");
    WRONG_CONV(rhs_dilation[0] = -1, EG_ERR_ARGUMENT, "dilation on axis 0 is -1");
    WRONG_CONV(lhs_dilation[0] = 0, EG_ERR_ARGUMENT, "lhs_dilation is 0");
    WRONG_CONV(groups = 3, EG_ERR_ARGUMENT, "groups is 3", "divides");
    WRONG_CONV(groups = 0, EG_ERR_ARGUMENT, "groups is 0");
    WRONG_CONV(padding = (eg_padding)7, EG_ERR_ARGUMENT, "padding is 7");
    WRONG_CONV(padding = EG_PAD_PAIRS; p.pads[1][0] = -2, EG_ERR_ARGUMENT, "pads on axis 1 are -2 and 0");
    WRONG_CONV(mask = eg_array_new(eg, X2(3, 3), NULL), EG_ERR_SHAPE, "mask", "4, 6");
    eg_context *other = eg_open(NULL);
    WRONG_CONV(mask = eg_array_new(other, X3(3, 3, 4), NULL), EG_ERR_ARGUMENT, "mask", "another context");
    eg_close(other);
    ck_assert_ptr_null(eg_conv1d(net, "c", 4, 6, 0, NULL));
    SAYS(EG_ERR_ARGUMENT, "Conv1D 'c'", "size on axis 0 is 0");
    ck_assert_ptr_null(eg_conv1d(net, "c", 4, 6, 1 << 20, NULL));
    SAYS(EG_ERR_ARGUMENT, "Conv1D 'c'", "at most 65536");
    ck_assert_ptr_null(eg_conv3d(net, "c", -4, 6, 1, 1, 1, NULL));
    SAYS(EG_ERR_ARGUMENT, "Conv3D 'c'", "num_in is -4");
    ck_assert_ptr_null(eg_conv3d(net, "c", 4, 0, 1, 1, 1, NULL));
    SAYS(EG_ERR_ARGUMENT, "num_out is 0");
    eg_conv_params p = eg_conv_defaults();
    p.padding = EG_PAD_VALID;
    layer = eg_conv2d(net, "c", 4, 6, 3, 3, &p);
    REFUSES(layer, X3(5, 5, 3), EG_ERR_SHAPE, "Conv2D 'c'", "x is f64[5, 5, 3]", "3 axes and 4 channels");
    REFUSES(layer, X2(5, 4), EG_ERR_SHAPE, "3 axes");
    REFUSES(layer, X3(5, 2, 4), EG_ERR_SHAPE, "smaller than the kernel");
    REFUSES(layer, X3(0, 5, 4), EG_ERR_SHAPE, "smaller than the kernel");
}
END_TEST

/* -- pools --------------------------------------------------------------------------------------------------------- */

typedef struct pooling {
    eg_system *(*make)(eg_system *parent, const char *name, int num, const int64_t *window,
                       const eg_pool_params *params, const char *file, int line);
    int num, channels; /* axis of channels; -1: all axes are pooled */
    int64_t n[3], window[3];
    eg_pool_params p;
} pooling;
static pooling how;

/* Largest, smallest, sum and number of what the window sees. */
typedef struct seen {
    double max, min, sum;
    int num;
} seen;

static void look(const double *x, const int64_t *from, const int64_t *size, seen *s)
{
    int64_t q[3];
    for (int64_t k = 0; k < size[0] * size[1] * size[2]; k++) {
        digits(k, size, q);
        int64_t flat = 0;
        bool inside = true;
        for (int a = 0; a < 3; a++) {
            inside &= from[a] + q[a] >= 0 && from[a] + q[a] < how.n[a];
            flat = flat * how.n[a] + from[a] + q[a];
        }
        if (!inside) continue;
        s->max = fmax(s->max, x[flat]);
        s->min = fmin(s->min, x[flat]);
        s->sum += x[flat];
        s->num++;
    }
}

static void plain_pool(const double *x, double *y)
{
    shape s = {.p = eg_conv_defaults()};
    int64_t low[3], num[3], p[3], from[3];
    for (int a = 0, k = 0; a < 3; a++) {
        s.n[a] = how.n[a];
        s.size[a] = 1;
        if (a != how.channels) {
            const int at = how.num == 1 ? 0 : k++;
            s.size[a] = how.window[at];
            s.p.strides[a] = how.p.strides[at];
            memcpy(s.p.pads[a], how.p.pads[at], sizeof s.p.pads[a]);
        }
        s.p.padding = how.p.padding;
        if (a == how.channels) s.p.padding = EG_PAD_VALID;
        low[a] = place(&s, a, &num[a]);
    }
    for (int64_t j = 0; j < num[0] * num[1] * num[2]; j++) {
        seen all = {-INFINITY, INFINITY, 0, 0};
        digits(j, num, p);
        for (int a = 0; a < 3; a++) from[a] = p[a] * s.p.strides[a] - low[a];
        look(x, from, s.size, &all);
        y[j] = how.make == (eg_max_pool) ? all.max : how.make == (eg_min_pool) ? all.min : all.sum / all.num;
    }
}

static void check_pool(void)
{
    layer = how.make(net, NULL, how.num, how.window, &how.p, __FILE__, __LINE__);
    check_layer(layer, one_step, X3(how.n[0], how.n[1], how.n[2]), plain_pool);
}

START_TEST(pools_are_their_formulas)
{
    for (int k = 0; k < 3; k++) {
        how = (pooling){.make = k == 0 ? (eg_max_pool) : k == 1 ? (eg_min_pool) : (eg_avg_pool)};
        how.num = 2, how.channels = 2;
        memcpy(how.n, (int64_t[]){5, 6, 2}, sizeof how.n);
        memcpy(how.window, (int64_t[]){2, 3}, 2 * sizeof(int64_t));
        how.p = eg_pool_defaults();
        check_pool();
        how.p.padding = EG_PAD_SAME;
        how.p.strides[0] = 2, how.p.strides[1] = 3;
        check_pool();
        how.p.padding = EG_PAD_PAIRS;
        how.p.pads[0][0] = 1, how.p.pads[1][1] = 2;
        check_pool();
        how.num = 1; /* for both axes */
        how.window[0] = 3;
        check_pool();
        how.channels = how.p.channel_axis = 0;
        check_pool();
        how.channels = -1;
        how.p.no_channels = true;
        how.p.padding = EG_PAD_SAME;
        check_pool();
    }
}
END_TEST

START_TEST(one_size_leaves_the_channels_alone)
{
    layer = eg_max_pool(net, NULL, 1, (int64_t[]){2}, NULL);
    const eg_spec y = eg_result_spec(traced(layer, one_step, X3(4, 4, 3)), 0);
    ck_assert(y.rank == 3 && y.dim[0] == 3 && y.dim[1] == 3 && y.dim[2] == 3);
}
END_TEST

START_TEST(checked_runs_find_no_infinity_in_a_pool)
{
    eg_pool_params p = eg_pool_defaults();
    p.padding = EG_PAD_SAME;
    double x[5] = {-1, -2, -3, -4, -5}, y[5];
    layer = eg_max_pool(net, NULL, 1, (int64_t[]){3}, &p);
    eg_func *f = traced(layer, one_step, X2(5, 1));
    ck_assert_int_eq(eg_call(f, NULL, IN(x), (void *[]){y}, &(eg_run_options){.check = EG_CHECK_ALL}), EG_OK);
    ck_assert_double_eq(y[0], -1);
    ck_assert_double_eq(y[4], -4);
}
END_TEST

#define WRONG_POOL(change, ...)                                                                                        \
    do {                                                                                                               \
        eg_pool_params p = eg_pool_defaults();                                                                         \
        p.change;                                                                                                      \
        ck_assert_ptr_null(eg_avg_pool(net, "p", 2, (int64_t[]){2, 2}, &p));                                           \
        SAYS(EG_ERR_ARGUMENT, "AvgPool 'p'", __VA_ARGS__, "test_layers_conv.c");                                       \
    } while (0)

START_TEST(a_window_that_sees_nan_gives_nan)
{
    eg_pool_params p = eg_pool_defaults();
    p.padding = EG_PAD_SAME;
    double x[6] = {NAN, 1, 2, 3, -INFINITY, INFINITY}, y[6];
    for (int k = 0; k < 2; k++) {
        layer = (k ? (eg_min_pool) : (eg_max_pool))(net, NULL, 1, (int64_t[]){3}, &p, EG_HERE);
        eg_func *f = traced(layer, one_step, X2(6, 1));
        ck_assert_int_eq(eg_call(f, NULL, IN(x), (void *[]){y}, NULL), EG_OK);
        ck_assert(isnan(y[0]) && isnan(y[1]));
        ck_assert_double_eq(y[2], k ? 1 : 3);
        ck_assert_double_eq(y[4], k ? -INFINITY : INFINITY);
    }
}
END_TEST

START_TEST(wrong_pools_are_errors)
{
    WRONG_POOL(strides[1] = 0, "stride on axis 1 is 0");
    WRONG_POOL(padding = (eg_padding)-1, "padding is");
    WRONG_POOL(padding = EG_PAD_PAIRS; p.pads[0][1] = 2, "pads on axis 0 are 0 and 2");
    ck_assert_ptr_null(eg_max_pool(net, "p", 0, NULL, NULL));
    SAYS(EG_ERR_ARGUMENT, "MaxPool 'p'", "0 sizes at NULL");
    ck_assert_ptr_null(eg_min_pool(net, "p", 1, (int64_t[]){-1}, NULL));
    SAYS(EG_ERR_ARGUMENT, "MinPool 'p'", "size on axis 0 is -1");
    layer = eg_max_pool(net, "p", 2, (int64_t[]){2, 2}, NULL);
    REFUSES(layer, X2(4, 4), EG_ERR_SHAPE, "MaxPool 'p'", "1 axes are pooled, its window has 2");
    REFUSES(layer, X3(1, 4, 4), EG_ERR_SHAPE, "smaller than the window on axis 0");
    eg_pool_params p = eg_pool_defaults();
    p.channel_axis = 5;
    layer = eg_max_pool(net, "q", 1, (int64_t[]){2}, &p);
    REFUSES(layer, X3(4, 4, 4), EG_ERR_SHAPE, "no axis 5 for channels");
}
END_TEST

int main(void)
{
    return LAYER_TESTS("convolutions", a_convolution_of_one_axis_is_its_formula,
                       a_convolution_of_two_axes_is_its_formula, a_convolution_of_three_axes_is_its_formula,
                       a_mask_multiplies_the_kernel, wrong_convolutions_are_errors, pools_are_their_formulas,
                       one_size_leaves_the_channels_alone, checked_runs_find_no_infinity_in_a_pool,
                       a_window_that_sees_nan_gives_nan, wrong_pools_are_errors);
}
