/* Optimisers where numbers end, and where what they compute is said to be. */
#include "train.h"

#define HERE "test_optimizer_found.c"

/* -- clipping far away --------------------------------------------------------------------------------------------- */

typedef struct clip {
    eg_context *eg;
    double max_norm;
} clip;

static eg_val clip_both(void *user, eg_val x)
{
    clip *c = user;
    eg_val g[] = {eg_item(x, 0), eg_item(x, 1)};
    eg_val norm = eg_clip_by_global_norm(c->eg, 2, g, c->max_norm);
    return eg_tuple(c->eg, 3, (eg_val[]){norm, g[0], g[1]});
}

/* Of two doubles and two floats: the norm, and what they become. */
static void check_clip(double max_norm, const double *wide, const float *narrow, double norm, const double *want)
{
    for (int way = 0; way < WAYS; way++) {
        clip c = {test_open(way), max_norm};
        eg_spec specs[] = {eg_vector(EG_F64, 2), eg_vector(EG_F32, 2)};
        double got = 0, a[2];
        float b[2];
        eg_call(eg_trace(c.eg, "clip", clip_both, &c, 2, specs), NULL, (const void *[]){wide, narrow},
                (void *[]){&got, a, b}, NULL);
        test_fine(c.eg);
        const double all[] = {got, a[0], a[1], b[0], b[1]}, wanted[] = {norm, want[0], want[1], want[2], want[3]};
        for (int k = 0; k < 5; k++) {
            double eps = k < 3 ? 1e-14 : 1e-6, w = k < 3 ? wanted[k] : (double)(float)wanted[k];
            bool same = isnan(w) ? isnan(all[k]) : all[k] == w || fabs(all[k] - w) <= eps * fabs(w);
            ck_assert_msg(same, "max_norm %g, number %d: %g, not %g", max_norm, k, all[k], w);
        }
        test_close(c.eg);
    }
}
#define CLIP(max, a, b, c, d, norm, ...)                                                                               \
    check_clip(max, (const double[]){a, b}, (const float[]){c, d}, norm, (const double[]){__VA_ARGS__})

START_TEST(no_limit_changes_nothing)
{
    CLIP(INFINITY, 3, -4, 0, 12, 13, 3, -4, 0, 12);
    CLIP(INFINITY, 3, INFINITY, 0, 12, INFINITY, 3, INFINITY, 0, 12);
    CLIP(INFINITY, 3, NAN, 0, 12, NAN, 3, NAN, 0, 12);
    CLIP(INFINITY, 3e200, -4e200, 0, 12, 5e200, 3e200, -4e200, 0, 12);
}
END_TEST

START_TEST(squares_that_are_no_doubles)
{
    CLIP(1, 3e200, -4e200, 0, 0, 5e200, 0.6, -0.8, 0, 0);
    CLIP(1, 3e200, -4e200, 1, 3e38f, 5e200, 0.6, -0.8, 0, 3e38 / 5e200);
    CLIP(1e-200, 3e-180, -4e-180, 0, 0, 5e-180, 0.6e-200, -0.8e-200, 0, 0);
    CLIP(1e-100, 3e300, -4e300, 0, 0, 5e300, 0.6e-100, -0.8e-100, 0, 0);
    CLIP(1, 3e-180, -4e-180, 0, 0, 5e-180, 3e-180, -4e-180, 0, 0);
    CLIP(1e300, 1e-300, 0, 0, 0, 1e-300, 1e-300, 0, 0, 0);
    CLIP(1, 3, 0, 0, 4, 5, 0.6, 0, 0, 0.8);
    /* The norm itself is no double. */
    CLIP(1, 1.7e308, -1.7e308, 0, 0, INFINITY, sqrt(0.5), -sqrt(0.5), 0, 0);
    CLIP(1, 3, INFINITY, 0, 12, INFINITY, 0, NAN, 0, 0);
    CLIP(1, 3, NAN, 0, 12, NAN, 3, NAN, 0, 12);
    CLIP(1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}
END_TEST

static eg_val update(void *user, eg_val g)
{
    eg_optimizer_update(user, 1, &g);
    return eg_nothing();
}

START_TEST(norms_of_lars_far_away)
{
    static const double at[] = {1e200, 1e-170, 1, 1e140, 1e-140};
    for (int way = 0; way < WAYS; way++) {
        for (int k = 0; k < 5; k++) {
            eg_context *eg = test_open(way);
            eg_spec spec = eg_vector(EG_F64, 2);
            double x[] = {3 * at[k], 4 * at[k]}, g[] = {-12 * at[k], 5 * at[k]}, got[2];
            eg_var *W = eg_variable(eg, "W", spec);
            eg_init(W, x, sizeof x);
            eg_optimizer_params p = eg_optimizer_defaults(EG_LARS);
            p.lr = eg_constant_lr(0.5);
            p.eps = p.weight_decay = 0;
            eg_optimizer *o = eg_optimizer_new(eg, NULL, &p, 1, &W);
            eg_call(eg_trace(eg, "update", update, o, 1, &spec), NULL, (const void *[]){g}, NULL, NULL);
            eg_read(W, got, sizeof got);
            for (int j = 0; j < 2; j++) {
                double want = x[j] - 0.5 * 1e-3 * 5 / 13 * g[j];
                ck_assert_msg(fabs(got[j] - want) <= 1e-14 * at[k], "at %g: %g, not %g", at[k], got[j], want);
            }
            test_close(eg);
        }
    }
}
END_TEST

/* -- where it stands ----------------------------------------------------------------------------------------------- */

static eg_val clip_one(void *user, eg_val g)
{
    eg_clip_by_global_norm(user, 1, &g, 1);
    return g;
}

static eg_val clip_values(void *user, eg_val g)
{
    eg_clip_by_value(user, 1, &g, 1);
    return g;
}

static eg_val grow(void *user, eg_val i)
{
    return eg_schedule_at(
        user, i, &(eg_schedule){.kind = EG_SCHEDULE_EXPONENTIAL_DECAY, .lr = 1, .decay_steps = 1, .decay_rate = 10});
}

static void says_here(eg_context *eg, eg_func *f, const void *in)
{
    double out[2];
    test_fine(eg);
    ck_assert_ptr_null(strstr(eg_text(f), "lib/train"));
    ck_assert_int_ne(eg_call(f, NULL, (const void *[]){in}, (void *[]){out}, &(eg_run_options){.check = EG_CHECK_ALL}),
                     EG_OK);
    ck_assert_msg(strstr(eg_message(eg), HERE) && !strstr(eg_message(eg), "lib/train"), "%s", eg_message(eg));
    eg_clear_error(eg);
}

START_TEST(checks_name_the_users_line)
{
    eg_context *eg = test_open(0);
    eg_spec vec = eg_vector(EG_F32, 2), count = eg_scalar(EG_I64);
    const float broken[] = {1, NAN};
    const int64_t far = 1000;
    eg_var *W = eg_variable(eg, "W", vec);
    for (unsigned k = 0; k < EG_OPTIMIZER_COUNT; k++) {
        eg_optimizer_params p = eg_optimizer_defaults(k);
        p.lr = eg_constant_lr(1e10);
        p.weight_decay = 0.5;
        if (k == EG_SM3) p.momentum = p.beta = 0.5;
        p.amsgrad = k == EG_ADAMW;
        eg_optimizer *o = eg_optimizer_new(eg, NULL, &p, 1, &W);
        says_here(eg, eg_trace(eg, "update", update, o, 1, &vec), broken);
    }
    says_here(eg, eg_trace(eg, "clip", clip_one, eg, 1, &vec), broken);
    ck_assert_ptr_null(strstr(eg_text(eg_trace(eg, "clip", clip_values, eg, 1, &vec)), "lib/train"));
    says_here(eg, eg_trace(eg, "grow", grow, eg, 1, &count), &far);
    test_close(eg);
}
END_TEST

/* Nothing that a check finds where nothing is wrong. */
START_TEST(checks_are_quiet)
{
    static const double limits[] = {1, 1e-300, INFINITY};
    eg_spec specs[] = {eg_vector(EG_F64, 2), eg_vector(EG_F32, 2)};
    for (int k = 0; k < 9; k++) {
        clip c = {test_open(0), limits[k % 3]};
        double wide[] = {0, k < 3 ? 0 : k < 6 ? 3 : 3e200}, a[2], norm;
        float narrow[] = {0, 0}, b[2];
        eg_call(eg_trace(c.eg, "clip", clip_both, &c, 2, specs), NULL, (const void *[]){wide, narrow},
                (void *[]){&norm, a, b}, &(eg_run_options){.check = EG_CHECK_ALL});
        test_close(c.eg);
    }
}
END_TEST

static eg_val no_limit(void *user, eg_val g)
{
    eg_clip_by_global_norm(user, 1, &g, -1);
    return g;
}

START_TEST(parameters_are_called_as_they_are)
{
    eg_context *eg = test_open(0);
    eg_spec vec = eg_vector(EG_F32, 2);
    ck_assert_ptr_null(eg_trace(eg, "clip", no_limit, eg, 1, &vec));
    test_expect(eg, EG_ERR_ARGUMENT, "eg_clip_by_global_norm: max_norm is -1; use a number above 0", HERE, NULL);
    test_close(eg);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("optimizer_found");
    TCase *t = tcase_create("found");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, no_limit_changes_nothing);
    tcase_add_test(t, squares_that_are_no_doubles);
    tcase_add_test(t, norms_of_lars_far_away);
    tcase_add_test(t, checks_name_the_users_line);
    tcase_add_test(t, checks_are_quiet);
    tcase_add_test(t, parameters_are_called_as_they_are);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return test_run(suite()); }
