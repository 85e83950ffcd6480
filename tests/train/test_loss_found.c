/* What was once wrong with the losses: each has failed before. */
#include <math.h>

#include "engram/losses.h"
#include "grad/grad.h"

static void same(const char *what, double got, double want, double tolerance)
{
    ck_assert_msg(got == want || fabs(got - want) <= tolerance * fmax(1, fabs(want)), "%s: %.17g, not %.17g", what, got,
                  want);
}

/* The function of one f64 argument, run both ways, and the gradient of the sum of what it gives. */
static eg_fn summed_fn;
static eg_val summed(void *user, eg_val x) { return eg_sum(summed_fn(user, x)); }
static eg_func *traced_sum(eg_fn fn, eg_spec s)
{
    summed_fn = fn;
    return trace_fn("sum", summed, 1, &s);
}
static void value_and_gradient(eg_fn fn, eg_spec s, const double *in, double *value, double *gradient)
{
    double sum;
    eg_func *f = trace_fn("fn", fn, 1, &s);
    BOTH(f, IN(in), value);
    eg_func *df = eg_gradient(traced_sum(fn, s), NULL);
    fine();
    eg_state_free(run_on_new(df, IN(in), (void *[]){&sum, gradient}, false));
}

/* Row `k` of the second derivative of the sum. */
static eg_func *first;
static int row_of_hessian;
static eg_val one_slope(void *user, eg_val x)
{
    (void)user;
    return eg_row(eg_reshape(eg_item(eg_apply(first, x), 1), -1), row_of_hessian);
}
static void hessian_row(eg_fn fn, eg_spec s, int k, const double *in, double *row)
{
    double slope;
    first = eg_gradient(traced_sum(fn, s), NULL);
    row_of_hessian = k;
    eg_func *second = eg_gradient(trace_fn("slope", one_slope, 1, &s), NULL);
    fine();
    eg_state_free(run_on_new(second, IN(in), (void *[]){&slope, row}, false));
}

static eg_val integers(eg_dtype type, eg_spec s, const void *data)
{
    s.dtype = type;
    return eg_constant(eg_array_new(eg, s, data));
}

/* -- what is left out ---------------------------------------------------------------------------------------------- */

static eg_val sparse(void *user, eg_val x)
{
    (void)user;
    return eg_cross_entropy_sparse(x, integers(EG_I32, eg_vector(EG_I32, 3), (int32_t[]){0, -1, -1}));
}
static eg_val weighted_mean(void *user, eg_val x)
{
    (void)user;
    eg_val i = integers(EG_I32, eg_vector(EG_I32, 3), (int32_t[]){0, -1, -1});
    eg_val w = integers(EG_F64, eg_vector(EG_F64, 2), (double[]){2, 3});
    return eg_cross_entropy_loss(x, i, &(eg_cross_entropy_options){.reduction = EG_REDUCTION_MEAN, .weight = w});
}

START_TEST(rows_that_are_left_out_may_hold_anything)
{
    double in[6] = {0, 0, NAN, 1, -INFINITY, -INFINITY}, out[3], g[6];
    value_and_gradient(sparse, eg_matrix(EG_F64, 3, 2), in, out, g);
    same("loss", out[0], log(2), 1e-15);
    ck_assert(out[1] == 0 && out[2] == 0);
    same("gradient", g[0], -0.5, 1e-15);
    for (int k = 2; k < 6; k++) ck_assert_msg(g[k] == 0, "%d: %g", k, g[k]);
    value_and_gradient(weighted_mean, eg_matrix(EG_F64, 3, 2), in, out, g);
    same("mean", out[0], log(2), 1e-15);
    for (int k = 2; k < 6; k++) ck_assert_msg(g[k] == 0, "%d: %g", k, g[k]);
}
END_TEST

static eg_val half_of_frames(void *user, eg_val x)
{
    (void)user;
    eg_val frames = integers(EG_BOOL, eg_matrix(EG_BOOL, 1, 4), (uint8_t[]){0, 1, 0, 1});
    eg_val labels = integers(EG_I32, eg_matrix(EG_I32, 1, 1), (int32_t[]){1});
    return eg_ctc_loss(x, frames, labels, eg_nothing(), &(eg_ctc_options){.blank_id = 0, .log_epsilon = -1e4});
}

START_TEST(frames_that_are_left_out_may_hold_anything)
{
    double in[8] = {0, 0, NAN, INFINITY, 0, 0, -INFINITY, -INFINITY}, out, g[8];
    value_and_gradient(half_of_frames, (eg_spec){EG_F64, 3, {1, 4, 2}}, in, &out, g);
    same("loss", out, -log(0.75), 1e-15);
    for (int k = 0; k < 8; k++) {
        double p = k % 2 ? 1 / 6.0 : -1 / 6.0; /* -dp/p: of 3 of 4 paths, 1 has this frame blank */
        same("gradient", g[k], k % 4 < 2 ? -p : 0, 1e-15);
    }
}
END_TEST

/* -- classes ------------------------------------------------------------------------------------------------------- */

static eg_val weight_0(void *user, eg_val x)
{
    (void)user;
    eg_val i = integers(EG_I32, eg_vector(EG_I32, 2), (int32_t[]){0, 1});
    eg_val w = integers(EG_F64, eg_vector(EG_F64, 2), (double[]){0, 1});
    eg_val one_hot = eg_one_hot(i, 2, EG_F64);
    return eg_stack(
        0, eg_cross_entropy_loss(x, i, &(eg_cross_entropy_options){.reduction = EG_REDUCTION_MEAN, .weight = w}),
        eg_cross_entropy_loss(x, one_hot, &(eg_cross_entropy_options){.reduction = EG_REDUCTION_MEAN, .weight = w}));
}

START_TEST(classes_of_weight_0_add_nothing)
{
    double in[4] = {-INFINITY, 1, 0, 0}, out[2], g[4];
    value_and_gradient(weight_0, eg_matrix(EG_F64, 2, 2), in, out, g);
    for (int k = 0; k < 2; k++) same("loss", out[k], log(2), 1e-15);
    ck_assert(g[0] == 0 && g[1] == 0);
    same("gradient", g[3], -1, 1e-15);
}
END_TEST

static eg_val yes_or_no(void *user, eg_val x)
{
    (void)user;
    return eg_binary_logistic_loss(x, integers(EG_F64, eg_vector(EG_F64, 3), (double[]){1, 0, 0}));
}

START_TEST(infinite_logits_are_sure)
{
    double in[3] = {INFINITY, -INFINITY, INFINITY}, out[3], g[3];
    value_and_gradient(yes_or_no, eg_vector(EG_F64, 3), in, out, g);
    ck_assert(out[0] == 0 && out[1] == 0 && out[2] == INFINITY);
    ck_assert(g[0] == 0 && g[1] == 0 && g[2] == 1);
}
END_TEST

static eg_val shapes_of_indices(void *user, eg_val x)
{
    (void)user;
    eg_val column = integers(EG_I64, eg_matrix(EG_I64, 2, 1), (int64_t[]){1, 1});
    return eg_stack(0, eg_cross_entropy_loss(x, 1, NULL),
                    eg_cross_entropy_loss(x, eg_full(eg, eg_scalar(EG_I32), 1), NULL),
                    eg_cross_entropy_loss(x, column, NULL), eg_mean(eg_cross_entropy_sparse(x, 1)));
}
static eg_val one_class(void *user, eg_val x)
{
    (void)user;
    eg_val yes = eg_full(eg, eg_matrix(EG_BOOL, 2, 1), 1), all = eg_full(eg, eg_matrix(EG_F64, 2, 1), 1);
    return eg_stack(0, eg_cross_entropy_loss(x, yes, NULL), eg_cross_entropy_loss(x, all, NULL),
                    eg_cross_entropy_loss(x, eg_full(eg, eg_vector(EG_I32, 2), 0), NULL),
                    eg_cross_entropy_loss(x, 0, NULL));
}

START_TEST(indices_are_taken_in_each_shape)
{
    double in[4] = {0, 0, 0, log(3)}, out[4], g[4];
    value_and_gradient(shapes_of_indices, eg_matrix(EG_F64, 2, 2), in, out, g);
    for (int k = 0; k < 4; k++) same("loss", out[k], (log(2) + log(4 / 3.0)) / 2, 1e-15);
    value_and_gradient(one_class, eg_matrix(EG_F64, 2, 1), in, out, g);
    for (int k = 0; k < 4; k++) ck_assert(out[k] == 0);
}
END_TEST

/* -- differences --------------------------------------------------------------------------------------------------- */

static eg_val huber(void *user, eg_val x) { return (void)user, eg_huber_loss(x, 0, 2); }

START_TEST(huber_is_a_parabola_also_at_0)
{
    double in[5] = {0, 1, -1, 3, -3}, out[5], g[5], row[5];
    value_and_gradient(huber, eg_vector(EG_F64, 5), in, out, g);
    for (int k = 0; k < 5; k++) {
        same("loss", out[k], fabs(in[k]) < 2 ? in[k] * in[k] / 2 : 4, 0);
        same("gradient", g[k], fmin(fmax(in[k], -2), 2), 0);
        hessian_row(huber, eg_vector(EG_F64, 5), k, in, row);
        for (int j = 0; j < 5; j++) same("second derivative", row[j], j == k && k < 3, 0);
    }
}
END_TEST

static eg_val log_of_integers(void *user, eg_val x)
{
    (void)user;
    eg_val i = integers(EG_I32, eg_vector(EG_I32, 2), (int32_t[]){2, 6}), yes = eg_gt(x, 0);
    eg_val f = eg_convert(i, EG_F32);
    return eg_stack(0, eg_mean_squared_log_error(x, i), eg_mean_squared_log_error(x, yes),
                    eg_mean_squared_log_error(x, f), eg_convert(eg_mean_squared_log_error(f, x), EG_F64));
}

START_TEST(logs_of_integer_targets_keep_the_digits_of_f64)
{
    double in[2] = {4, 0.5}, out[4], g[2], want = 0, yes = 0;
    for (int k = 0; k < 2; k++) {
        want += pow(log1p(in[k]) - log1p(k ? 6 : 2), 2) / 2;
        yes += pow(log1p(in[k]) - log(2), 2) / 2;
    }
    value_and_gradient(log_of_integers, eg_vector(EG_F64, 2), in, out, g);
    for (int k = 0; k < 4; k++) same("loss", out[k], k == 1 ? yes : want, 1e-15);
}
END_TEST

static eg_val of_nothing(void *user, eg_val x)
{
    (void)user;
    eg_val all[] = {eg_mean_squared_error(x, x),
                    eg_mean_absolute_error(x, 1),
                    eg_mean_squared_log_error(x, x, 0, -1),
                    eg_l1_loss(x, x, EG_REDUCTION_MEAN),
                    eg_mean_square(x),
                    eg_cross_entropy_loss(x, x, NULL),
                    eg_amax(eg_mean_squared_error(x, x, 0))};
    ck_assert_int_eq(eg_spec_of(eg_mean_squared_error(x, x, 1)).dim[0], 0);
    return eg_stack_n(0, (int)LEN(all), all);
}

START_TEST(means_of_nothing_are_0)
{
    double in = 0, out[7], g = 0;
    value_and_gradient(of_nothing, eg_matrix(EG_F64, 0, 3), &in, out, &g);
    for (int k = 0; k < 7; k++) ck_assert_msg(out[k] == 0, "%d: %g", k, out[k]);
}
END_TEST

/* -- sequences ----------------------------------------------------------------------------------------------------- */

static eg_val ctc_of(eg_val x, int n, const int32_t *labels)
{
    return eg_ctc_loss(x, eg_nothing(), integers(EG_I32, eg_matrix(EG_I32, 1, n), labels), eg_nothing(), NULL);
}
static eg_val one_label(void *user, eg_val x) { return (void)user, ctc_of(x, 1, (int32_t[]){1}); }
static eg_val two_labels(void *user, eg_val x) { return (void)user, ctc_of(x, 2, (int32_t[]){1, 2}); }
static eg_val twice_1(void *user, eg_val x) { return (void)user, ctc_of(x, 2, (int32_t[]){1, 1}); }

START_TEST(second_derivatives_are_right_at_ties)
{
    double in[12] = {0}, row[12], out, g[12], up[12], down[12];
    /* Of two frames and classes it is -log(1 - q r), q and r being the probabilities of the blank: in the logit of the
     * blank the slope is q r (1 - q)/(1 - q r). */
    hessian_row(one_label, (eg_spec){EG_F64, 3, {1, 2, 2}}, 0, in, row);
    same("own", row[0], 1 / 36.0, 1e-14);
    same("other class", row[1], -1 / 36.0, 1e-14);
    same("other frame", row[2], 1 / 9.0, 1e-14);
    same("its other class", row[3], -1 / 9.0, 1e-14);
    eg_spec s = {EG_F64, 3, {1, 4, 3}};
    for (int k = 0; k < 12; k++) {
        hessian_row(two_labels, s, k, in, row);
        double h = 1e-4;
        in[k] = h;
        value_and_gradient(two_labels, s, in, &out, up);
        in[k] = -h;
        value_and_gradient(two_labels, s, in, &out, down);
        in[k] = 0;
        for (int j = 0; j < 12; j++) same("element", row[j], (up[j] - down[j]) / (2 * h), 1e-7);
    }
    value_and_gradient(one_label, (eg_spec){EG_F64, 3, {1, 2, 2}}, in, &out, g);
    same("loss", out, -log(0.75), 1e-15);
    same("gradient", g[0], 1 / 6.0, 1e-15);
}
END_TEST

START_TEST(certain_frames_have_a_loss_of_0)
{
    double in[6] = {-INFINITY, 0, -INFINITY, -INFINITY, 0, -INFINITY}, out, g[6];
    eg_spec s = {EG_F64, 3, {1, 2, 3}};
    value_and_gradient(one_label, s, in, &out, g);
    ck_assert_msg(out == 0, "%g", out);
    for (int k = 0; k < 6; k++) ck_assert_msg(g[k] == 0, "%d: %g", k, g[k]);
    value_and_gradient(two_labels, s, in, &out, g); /* cannot be given */
    ck_assert_msg(out == 1e5, "%g", out);
    for (int k = 0; k < 6; k++) ck_assert_msg(g[k] == 0, "%d: %g", k, g[k]);
    value_and_gradient(twice_1, s, (double[6]){0}, &out, g); /* too few frames */
    ck_assert_msg(out == 1e5, "%g", out);
    for (int k = 0; k < 6; k++) ck_assert_msg(g[k] == 0, "%d: %g", k, g[k]);
}
END_TEST

START_TEST(losses_beyond_log_epsilon_are_given)
{
    double in[4] = {3e5, 0, 3e5, 0}, out, g[4];
    value_and_gradient(one_label, (eg_spec){EG_F64, 3, {1, 2, 2}}, in, &out, g);
    same("loss", out, 3e5 - log(2), 1e-15);
    for (int k = 0; k < 4; k++) same("gradient", g[k], k % 2 ? -0.5 : 0.5, 1e-10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loss_found");
    TCase *t = tcase_create("loss_found");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, rows_that_are_left_out_may_hold_anything);
    tcase_add_test(t, frames_that_are_left_out_may_hold_anything);
    tcase_add_test(t, classes_of_weight_0_add_nothing);
    tcase_add_test(t, infinite_logits_are_sure);
    tcase_add_test(t, indices_are_taken_in_each_shape);
    tcase_add_test(t, huber_is_a_parabola_also_at_0);
    tcase_add_test(t, logs_of_integer_targets_keep_the_digits_of_f64);
    tcase_add_test(t, means_of_nothing_are_0);
    tcase_add_test(t, second_derivatives_are_right_at_ties);
    tcase_add_test(t, certain_frames_have_a_loss_of_0);
    tcase_add_test(t, losses_beyond_log_epsilon_are_given);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
