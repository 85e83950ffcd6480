/* Normalising layers against plain loops; batch normalisation in training and after it. */
#include "nn/layered.h"

static eg_system *layer;
enum { H = 3, W_ = 2, C = 4 };

/* x[from], x[from + step], ... , num of them `inner` in a row, to mean 0 and variance 1. */
typedef struct part {
    int64_t from[64];
    int num;
} part;

static void normalize(const double *x, double *y, const part *p, double epsilon)
{
    double mean = 0, variance = 0;
    for (int k = 0; k < p->num; k++) mean += x[p->from[k]] / p->num;
    for (int k = 0; k < p->num; k++) variance += (x[p->from[k]] - mean) * (x[p->from[k]] - mean) / p->num;
    for (int k = 0; k < p->num; k++) y[p->from[k]] = (x[p->from[k]] - mean) / sqrt(variance + epsilon);
}

/* scale and bias of n elements, over and over. */
static void affine(double *y, int64_t all, int64_t n)
{
    const double *scale = values_of(layer, "scale"), *bias = values_of(layer, "bias");
    for (int64_t k = 0; k < all; k++) y[k] = y[k] * scale[k % n] + bias[k % n];
}

static eg_norm_params some(void)
{
    eg_norm_params p = eg_norm_defaults();
    p.scale = eg_init_uniform(0.5, 2);
    p.bias = eg_init_uniform(-1, 1);
    p.epsilon = 1e-3;
    return p;
}

/* -- layers -------------------------------------------------------------------------------------------------------- */

static void by_row(const double *x, double *y)
{
    for (int r = 0; r < H * W_; r++) {
        part p = {.num = C};
        for (int k = 0; k < C; k++) p.from[k] = r * C + k;
        normalize(x, y, &p, 1e-3);
    }
    affine(y, H * W_ * C, C);
}
static void bare_plane(const double *x, double *y)
{
    for (int r = 0; r < H; r++) {
        part p = {.num = W_ * C};
        for (int k = 0; k < p.num; k++) p.from[k] = r * W_ * C + k;
        normalize(x, y, &p, 1e-3);
    }
}
static void by_plane(const double *x, double *y)
{
    bare_plane(x, y);
    affine(y, H * W_ * C, W_ * C);
}

START_TEST(a_layer_norm_is_over_the_last_axes)
{
    eg_norm_params p = some();
    layer = eg_layer_norm(net, NULL, 1, (int64_t[]){C}, &p);
    check_layer(layer, one_step, X3(H, W_, C), by_row);
    layer = eg_layer_norm(net, NULL, 2, (int64_t[]){W_, C}, &p);
    check_layer(layer, one_step, X3(H, W_, C), by_plane);
    p.no_affine = true;
    layer = eg_layer_norm(net, NULL, 2, (int64_t[]){W_, C}, &p);
    ck_assert_int_eq(eg_num_parameters(layer), 0);
    check_layer(layer, one_step, X3(H, W_, C), bare_plane);
}
END_TEST

/* -- groups -------------------------------------------------------------------------------------------------------- */

static int groups;

static void by_group(const double *x, double *y)
{
    const int each = C / groups;
    for (int g = 0; g < groups; g++) {
        part p = {.num = 0};
        for (int k = 0; k < H * W_ * C; k++) {
            if (k % C / each == g) p.from[p.num++] = k;
        }
        normalize(x, y, &p, 1e-3);
    }
    affine(y, H * W_ * C, C);
}

START_TEST(a_group_norm_is_for_each_group_by_itself)
{
    eg_norm_params p = some();
    for (groups = 1; groups <= C; groups *= 2) {
        layer = eg_group_norm(net, NULL, groups, C, &p);
        check_layer(layer, one_step, X3(H, W_, C), by_group);
        check_layer(layer, one_step, X2(H * W_, C), by_group);
    }
    groups = C;
    layer = eg_instance_norm(net, NULL, C, &p);
    ck_assert_str_eq(eg_class_of(layer)->name, "InstanceNorm");
    check_layer(layer, one_step, X3(H, W_, C), by_group);
}
END_TEST

START_TEST(norms_by_default_change_nothing_that_is_normal)
{
    double x[4] = {-1, 1, -1, 1}, y[4];
    const eg_norm_params d = eg_norm_defaults();
    ck_assert_double_eq(d.epsilon, 1e-5);
    ck_assert_double_eq(d.momentum, 0.99);
    BOTH(traced(eg_layer_norm(net, NULL, 1, (int64_t[]){4}, NULL), one_step, X1(4)), IN(x), y);
    for (int k = 0; k < 4; k++) ck_assert_double_eq_tol(y[k], x[k] / sqrt(1 + 1e-5), 1e-15);
}
END_TEST

/* -- batches ------------------------------------------------------------------------------------------------------- */

static void by_running(const double *x, double *y)
{
    const double *mean = values_of(layer, "mean"), *variance = values_of(layer, "variance");
    for (int k = 0; k < H * W_ * C; k++) y[k] = (x[k] - mean[k % C]) / sqrt(variance[k % C] + 1e-3);
    affine(y, H * W_ * C, C);
}

/* [num, C]: over all rows of it. */
static void by_channel(const double *x, double *y, int num)
{
    groups = C;
    for (int c = 0; c < C; c++) {
        part p = {.num = num};
        for (int k = 0; k < num; k++) p.from[k] = k * C + c;
        normalize(x, y, &p, 1e-3);
    }
    affine(y, num * C, C);
}
static void by_itself(const double *x, double *y) { by_channel(x, y, H * W_); }

static void set_running(void)
{
    double *mean = eg_data(NULL, eg_system_variable(layer, "mean"));
    double *variance = eg_data(NULL, eg_system_variable(layer, "variance"));
    for (int c = 0; c < C; c++) mean[c] = 0.1 * c, variance[c] = 1 + c;
    eg_init(eg_system_variable(layer, "mean"), mean, C * sizeof *mean);
    eg_init(eg_system_variable(layer, "variance"), variance, C * sizeof *variance);
    fine();
}

START_TEST(after_training_a_batch_norm_uses_what_it_has_seen)
{
    eg_norm_params p = some();
    layer = eg_batch_norm2d(net, NULL, C, &p);
    set_running();
    check_layer(layer, one_step, X3(H, W_, C), by_running);
    layer = eg_batch_norm1d(net, NULL, C, &p);
    set_running();
    check_layer(layer, one_step, X2(H * W_, C), by_running);
    layer = eg_batch_norm3d(net, NULL, C, &p);
    set_running();
    check_layer(layer, one_step, X4(1, H, W_, C), by_running);
}
END_TEST

START_TEST(in_training_one_sample_is_normalised_by_itself)
{
    eg_norm_params p = some();
    fit = true;
    layer = eg_batch_norm2d(net, NULL, C, &p);
    check_formula(layer, one_step, X3(H, W_, C), by_itself);
    check_gradients(layer, one_step, X3(H, W_, C));
    layer = eg_batch_norm3d(net, NULL, C, &p);
    check_formula(layer, one_step, X4(H, 1, W_, C), by_itself);
}
END_TEST

/* Three samples in training: y, and what is remembered of them. */
static void check_training(eg_spec sample, int rows)
{
    enum { B = 3 };
    const int num = B * rows;
    double x[B * MOST], y[B * MOST], want[B * MOST];
    eg_func *all = eg_batched(layer, traced(layer, one_step, sample), B, NULL);
    fine();
    fill(x, (size_t)(num * C), 3);
    BOTH(all, IN(x), y);
    by_channel(x, want, num);
    for (int k = 0; k < num * C; k++) ck_assert_double_eq_tol(y[k], want[k], 1e-13 * (1 + fabs(want[k])));
    const double *mean = eg_data(state, eg_system_variable(layer, "mean"));
    const double *variance = eg_data(state, eg_system_variable(layer, "variance"));
    for (int c = 0; c < C; c++) {
        double m = 0, v = 0;
        for (int k = 0; k < num; k++) m += x[k * C + c] / num;
        for (int k = 0; k < num; k++) v += (x[k * C + c] - m) * (x[k * C + c] - m) / num;
        ck_assert_double_eq_tol(mean[c], 0.01 * m, 1e-15);
        ck_assert_double_eq_tol(variance[c], 0.99 + 0.01 * v, 1e-14);
    }
}

START_TEST(in_training_a_batch_is_normalised_and_remembered)
{
    eg_norm_params p = some();
    fit = true;
    layer = eg_batch_norm2d(net, NULL, C, &p);
    check_training(X3(H, W_, C), H * W_);
    layer = eg_batch_norm1d(net, NULL, C, &p);
    check_training(X2(H, C), H);
    layer = eg_batch_norm1d(net, NULL, C, &p);
    check_training(X1(C), 1);
}
END_TEST

static eg_val loss_of_batch(void *user, eg_val x)
{
    subject s = {one_step, layer, 0};
    eg_val y = eg_apply(user, x);
    return eg_add(weighted(&s, eg_mul(y, eg_add(y, 1))), 0);
}

/* The layer itself as a function of one sample, in a trace of its own, then of the batch: gradients pass through the
 * mean over the batch. */
START_TEST(in_training_gradients_pass_through_the_mean_of_the_batch)
{
    enum { B = 3 };
    double x[B * C], g[B * C], y;
    eg_norm_params p = some();
    eg_spec batch = X2(B, C);
    fit = true;
    layer = eg_batch_norm1d(net, NULL, C, &p);
    eg_func *all = eg_batched(layer, traced(layer, one_step, X1(C)), B, NULL);
    eg_func *f = eg_trace(eg, "loss", loss_of_batch, all, 1, &batch), *df = eg_gradient(f, NULL);
    fine();
    fill(x, B * C, 11);
    eg_state_free(run_on_new(df, IN(x), (void *[]){&y, g}, false));
    check_part("x", f, x, x, B * C, g);
}
END_TEST

START_TEST(what_is_remembered_outlives_a_reset_of_the_state)
{
    fit = true;
    layer = eg_batch_norm1d(net, NULL, C, NULL);
    double x[C] = {1, 2, 3, 4}, y[C];
    eg_call(traced(layer, one_step, X1(C)), NULL, IN(x), (void *[]){y}, NULL);
    ck_assert_double_eq_tol(values_of(layer, "mean")[3], 0.04, 1e-15);
    eg_reset_state(net, NULL);
    ck_assert_double_eq_tol(values_of(layer, "mean")[3], 0.04, 1e-15);
    eg_reset_parameters(net, NULL);
    ck_assert_double_eq(values_of(layer, "mean")[3], 0);
    ck_assert_double_eq(values_of(layer, "variance")[3], 1);
}
END_TEST

/* -- errors -------------------------------------------------------------------------------------------------------- */

START_TEST(wrong_norms_are_errors)
{
    eg_norm_params p = eg_norm_defaults();
    p.epsilon = 0;
    ck_assert_ptr_null(eg_layer_norm(net, "n", 1, (int64_t[]){3}, &p));
    SAYS(EG_ERR_ARGUMENT, "LayerNorm 'n'", "epsilon is 0", "test_layers_norm.c");
    p.epsilon = 1e-50; /* 0 in f32 */
    ck_assert_ptr_nonnull(eg_layer_norm(net, "small", 1, (int64_t[]){3}, &p));
    eg_system *of_f32 = eg_network(eg, "f32", &(eg_network_options){.dtype = EG_F32});
    ck_assert_ptr_null(eg_layer_norm(of_f32, "n", 1, (int64_t[]){3}, &p));
    SAYS(EG_ERR_ARGUMENT, "LayerNorm 'f32.n'", "epsilon is 1e-50; use a number above 0 that f32 holds");
    p = eg_norm_defaults();
    p.momentum = 1.5;
    ck_assert_ptr_null(eg_batch_norm1d(net, "n", 3, &p));
    SAYS(EG_ERR_ARGUMENT, "BatchNorm1D 'n'", "momentum is 1.5");
    ck_assert_ptr_null(eg_batch_norm2d(net, "n", -3, NULL));
    SAYS(EG_ERR_ARGUMENT, "BatchNorm2D 'n'", "num_channels is -3");
    ck_assert_ptr_null(eg_layer_norm(net, "n", 0, NULL, NULL));
    SAYS(EG_ERR_ARGUMENT, "LayerNorm 'n'", "0 axes at NULL");
    ck_assert_ptr_null(eg_layer_norm(net, "n", 2, (int64_t[]){3, -1}, NULL));
    SAYS(EG_ERR_ARGUMENT, "extent is -1");
    ck_assert_ptr_null(eg_group_norm(net, "n", 3, 4, NULL));
    SAYS(EG_ERR_ARGUMENT, "GroupNorm 'n'", "num_groups is 3", "divides");
    ck_assert_ptr_null(eg_group_norm(net, "n", 0, 4, NULL));
    SAYS(EG_ERR_ARGUMENT, "num_groups is 0");
    ck_assert_ptr_null(eg_instance_norm(net, "n", 0, NULL));
    SAYS(EG_ERR_ARGUMENT, "InstanceNorm 'n'", "num_channels is 0");
}
END_TEST

START_TEST(norms_refuse_other_shapes)
{
    layer = eg_batch_norm3d(net, "b", C, NULL);
    REFUSES(layer, X3(H, W_, C), EG_ERR_SHAPE, "BatchNorm3D 'b'", "x is f64[3, 2, 4]", "4 axes");
    layer = eg_batch_norm1d(net, "one", C, NULL);
    REFUSES(layer, X2(H, W_), EG_ERR_SHAPE, "num_channels, 4");
    layer = eg_layer_norm(net, "l", 2, (int64_t[]){W_, C}, NULL);
    REFUSES(layer, X2(H, C), EG_ERR_SHAPE, "last 2 extents");
    REFUSES(layer, X1(C), EG_ERR_SHAPE, "last 2 extents");
    layer = eg_group_norm(net, "g", 2, C, NULL);
    REFUSES(layer, X2(C, H), EG_ERR_SHAPE, "GroupNorm 'g'", "num_channels, 4");
}
END_TEST

int main(void)
{
    return LAYER_TESTS(
        "norms", a_layer_norm_is_over_the_last_axes, a_group_norm_is_for_each_group_by_itself,
        norms_by_default_change_nothing_that_is_normal, after_training_a_batch_norm_uses_what_it_has_seen,
        in_training_one_sample_is_normalised_by_itself, in_training_a_batch_is_normalised_and_remembered,
        in_training_gradients_pass_through_the_mean_of_the_batch, what_is_remembered_outlives_a_reset_of_the_state,
        wrong_norms_are_errors, norms_refuse_other_shapes);
}
