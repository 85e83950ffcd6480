/* Corners of the losses: rows without a class, logits of -infinity, sure answers, norms of any size, trees of labels.
 */
#include "engram/losses.h"

#include <math.h>

#include "engram/transform.h"
#include "unit/session.h"

/* Runs fn of one f32 vector or matrix; the gradient of the sum of what it gives as well. */
static eg_fn single_fn;
static eg_val single_sum(void *user, eg_val x) { return eg_sum(single_fn(user, x)); }
static void run_single(eg_fn fn, eg_spec s, const float *in, float *value, float *gradient)
{
    single_fn = fn;
    eg_func *f = trace_fn("single", fn, 1, &s), *sum = trace_fn("sum", single_sum, 1, &s);
    float out;
    BOTH(f, IN(in), value);
    eg_func *df = eg_gradient(sum, NULL);
    fine();
    eg_state_free(run_on_new(df, IN(in), (void *[]){&out, gradient}, false));
}

static eg_val rows_of_odd_targets(void *user, eg_val x)
{
    (void)user;
    eg_val i = eg_constant(eg_array_new(eg, eg_vector(EG_I64, 4), (int64_t[]){1, -1, INT64_MIN, 3}));
    return eg_cross_entropy_loss(x, i, &(eg_cross_entropy_options){.reduction = EG_REDUCTION_NONE});
}
static eg_val mean_of_odd_targets(void *user, eg_val x)
{
    (void)user;
    eg_val i = eg_constant(eg_array_new(eg, eg_vector(EG_I32, 4), (int32_t[]){1, -1, -100, 0}));
    return eg_cross_entropy_loss(x, i, NULL);
}
static eg_val mean_of_no_targets(void *user, eg_val x)
{
    (void)user;
    return eg_cross_entropy_loss(x, eg_full(eg, eg_vector(EG_I32, 4), -1), NULL);
}

START_TEST(rows_without_a_class_are_left_out_and_wrong_classes_are_seen)
{
    float in[12] = {0}, out[4], g[12];
    eg_spec s = eg_matrix(EG_F32, 4, 3);
    run_single(rows_of_odd_targets, s, in, out, g);
    ck_assert_float_eq_tol(out[0], logf(3), 1e-6f);
    ck_assert(out[1] == 0 && out[2] == 0 && isnan(out[3]));
    for (int k = 3; k < 9; k++) ck_assert_float_eq(g[k], 0);
    run_single(mean_of_odd_targets, s, in, out, g);
    ck_assert_float_eq_tol(out[0], logf(3), 1e-6f);
    ck_assert_float_eq_tol(g[0], 1 / 6.0f, 1e-6f);
    ck_assert_float_eq(g[3], 0);
    run_single(mean_of_no_targets, s, in, out, g);
    ck_assert_float_eq(out[0], 0);
    for (int k = 0; k < 12; k++) ck_assert_float_eq(g[k], 0);
}
END_TEST

static eg_val certain(void *user, eg_val x)
{
    (void)user;
    eg_val none = eg_slice(x, 0, 0, 0, 1);
    eg_val one = eg_cross_entropy_loss(x, eg_full(eg, eg_vector(EG_I32, 2), 0), NULL);
    return eg_stack(0, one, eg_cross_entropy_loss(none, none, NULL),
                    eg_softmax_cross_entropy(eg_row(x, 0), eg_row(x, 1)));
}

START_TEST(losses_of_nothing_are_a_positive_zero)
{
    float in[4] = {1000, 0, 1000, 0}, out[3], g[4];
    run_single(certain, eg_matrix(EG_F32, 2, 2), in, out, g);
    for (int k = 0; k < 3; k++) ck_assert(out[k] == 0 && !signbit(out[k]));
}
END_TEST

static eg_val masked(void *user, eg_val x)
{
    (void)user;
    eg_val q = eg_one_hot(eg_full(eg, eg_vector(EG_I32, 1), 2), 3, EG_F32);
    return eg_stack(0, eg_cross_entropy_sparse(x, 2), eg_softmax_cross_entropy(x, q));
}

START_TEST(classes_that_cannot_be_have_no_gradient)
{
    float in[3] = {-INFINITY, 1, 1}, out[2], g[3];
    run_single(masked, eg_matrix(EG_F32, 1, 3), in, out, g);
    for (int k = 0; k < 2; k++) ck_assert_float_eq_tol(out[k], logf(2), 1e-6f);
    ck_assert_float_eq(g[0], 0);
    ck_assert_float_eq_tol(g[1], 1, 1e-6f);
    ck_assert_float_eq_tol(g[2], -1, 1e-6f);
}
END_TEST

static eg_val sure(void *user, eg_val x)
{
    (void)user;
    eg_val yes = eg_convert(eg_gt(x, 0), EG_F32); /* known to no rule of building */
    return eg_binary_logistic_loss(x, yes);
}

START_TEST(sure_and_right_answers_keep_their_digits)
{
    float in[4] = {20, 60, -40, 3e38f}, out[4], g[4];
    run_single(sure, eg_vector(EG_F32, 4), in, out, g);
    for (int k = 0; k < 3; k++) {
        float want = expf(-fabsf(in[k]));
        ck_assert_float_eq_tol(out[k] / want, 1, 1e-5f);
        ck_assert_float_eq_tol(g[k] / want, in[k] > 0 ? -1 : 1, 1e-5f);
    }
    ck_assert(out[3] == 0 && g[3] == 0);
}
END_TEST

static eg_val norm(void *user, eg_val x) { return (void)user, eg_l2_norm(x); }

START_TEST(norms_neither_overflow_nor_vanish)
{
    static const float units[] = {1, 1e-30f, 1e37f};
    float in[2], out, g[2];
    for (size_t k = 0; k < LEN(units); k++) {
        in[0] = 3 * units[k];
        in[1] = -4 * units[k];
        run_single(norm, eg_vector(EG_F32, 2), in, &out, g);
        ck_assert_float_eq_tol(out / units[k], 5, 1e-5f);
        ck_assert_float_eq_tol(g[0], 0.6f, 1e-6f);
        ck_assert_float_eq_tol(g[1], -0.8f, 1e-6f);
    }
    in[0] = INFINITY;
    run_single(norm, eg_vector(EG_F32, 2), in, &out, g);
    ck_assert(isinf(out));
    in[0] = NAN;
    run_single(norm, eg_vector(EG_F32, 2), in, &out, g);
    ck_assert(isnan(out));
}
END_TEST

static eg_val smoothed(void *user, eg_val x)
{
    (void)user;
    eg_val t = eg_smooth_labels(eg_tuple(eg, 2, (const eg_val[]){x, eg_gt(x, 0)}), 0.5);
    ck_assert_int_eq(eg_tuple_size(t), 2);
    ck_assert_int_eq(eg_spec_of(eg_item(t, 1)).dtype, EG_F32);
    return eg_sub(eg_item(t, 0), eg_item(t, 1));
}

START_TEST(trees_of_labels_stay_trees)
{
    float in[4] = {0, 0, 1, 0}, out[4], g[4];
    run_single(smoothed, eg_vector(EG_F32, 4), in, out, g);
    for (int k = 0; k < 4; k++) ck_assert(out[k] == 0 && g[k] == 0.5f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loss_corners");
    TCase *t = tcase_create("loss_corners");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, rows_without_a_class_are_left_out_and_wrong_classes_are_seen);
    tcase_add_test(t, losses_of_nothing_are_a_positive_zero);
    tcase_add_test(t, classes_that_cannot_be_have_no_gradient);
    tcase_add_test(t, sure_and_right_answers_keep_their_digits);
    tcase_add_test(t, norms_neither_overflow_nor_vanish);
    tcase_add_test(t, trees_of_labels_stay_trees);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
