/* Optimisers: digits, NaN, zeros; clipping of gradients. */
#include "reference.h"
#include "train.h"

/* -- numbers ------------------------------------------------------------------------------------------------------- */

/* One variable x of that type; its gradient is the argument. */
typedef struct single {
    eg_context *eg;
    eg_var *x;
    eg_optimizer *opt;
    eg_func *step;
} single;

static eg_val single_step(void *user, eg_val g)
{
    single *s = user;
    eg_optimizer_update(s->opt, 1, &g);
    return eg_get(s->x);
}

static single single_open(const eg_optimizer_params *p, eg_spec spec)
{
    single s = {.eg = test_open(1)};
    s.x = eg_variable(s.eg, "x", spec);
    s.opt = eg_optimizer_new(s.eg, NULL, p, 1, &s.x);
    s.step = eg_trace(s.eg, "step", single_step, &s, 1, &spec);
    test_fine(s.eg);
    return s;
}

static void single_call(single *s, const void *g, void *x)
{
    ck_assert_msg(!eg_call(s->step, NULL, &g, &x, NULL), "%s", eg_message(s->eg));
}

/* The first update of Adam moves x by lr, whatever the betas: the corrections undo them. */
START_TEST(corrections_keep_their_digits)
{
    static const double betas[] = {0, 0.5, 0.9, 0.999, 1 - 1e-9, 1 - 1e-14};
    static const double steps[] = {0, 1, 1000, 1e6, 1e12};
    for (size_t k = 0; k < sizeof betas / sizeof *betas; k++) {
        eg_optimizer_params p = eg_optimizer_defaults(EG_ADAM);
        p.lr = eg_constant_lr(0.5);
        p.beta1 = p.beta2 = betas[k];
        p.eps = 0;
        single s = single_open(&p, eg_scalar(EG_F64));
        for (size_t j = 0; j < sizeof steps / sizeof *steps; j++) {
            double x, g = 3, zero = 0;
            int64_t step = (int64_t)steps[j];
            eg_reset(s.eg, NULL);
            eg_write(eg_optimizer_variable(s.opt, 0), &step, sizeof step);
            single_call(&s, &g, &x);
            /* m = (1 - b) g, v = (1 - b) g^2, x = -lr m / sqrt(v) sqrt(1 - b^k) / (1 - b^k) */
            long double power = -expm1l((long double)(step + 1) * logl((long double)p.beta1));
            if (p.beta1 == 0) power = 1;
            double want = (double)(-0.5L * sqrtl(1 - (long double)p.beta1) / sqrtl(power));
            ck_assert_msg(fabs(x / want - 1) < 1e-14, "beta %g, %g updates: %.17g, wanted %.17g", betas[k], steps[j], x,
                          want);
            ck_assert_int_eq(eg_optimizer_steps(s.opt, NULL), step + 1);
            eg_write(s.x, &zero, sizeof zero);
        }
        test_close(s.eg);
    }
}
END_TEST

static eg_val update_both(void *user, eg_val x)
{
    single *s = user;
    (void)x;
    eg_optimizer_update(s->opt, 2, (eg_val[]){eg_real(1), eg_real(1)});
    return eg_nothing();
}

START_TEST(rates_are_double_precision_beside_f32)
{
    single s = {.eg = test_open(2)};
    eg_var *v[2] = {eg_variable(s.eg, "a", eg_scalar(EG_F32)), eg_variable(s.eg, "b", eg_scalar(EG_F64))};
    eg_optimizer_params p = eg_optimizer_defaults(EG_SGD);
    p.lr = eg_exponential_decay(0.1, 1, 0.99975);
    s.opt = eg_optimizer_new(s.eg, NULL, &p, 2, v);
    int64_t step = 100000;
    eg_write(eg_optimizer_variable(s.opt, 0), &step, sizeof step);
    double lr = 0.1 * pow(0.99975, 100000), b;
    float a;
    ck_assert_double_eq_tol(eg_optimizer_lr(s.opt, NULL) / lr, 1, 1e-14);
    eg_call(eg_trace(s.eg, "both", update_both, &s, 0, NULL), NULL, NULL, NULL, NULL);
    eg_read(v[0], &a, sizeof a);
    eg_read(v[1], &b, sizeof b);
    ck_assert_double_eq_tol(b / -lr, 1, 1e-14);
    ck_assert_float_eq(a, (float)b);
    test_close(s.eg);
}
END_TEST

START_TEST(nan_is_not_lost)
{
    eg_optimizer_params p = variant_params(_i);
    single s = single_open(&p, eg_matrix(EG_F32, 2, 3));
    float g[6] = {1, 2, NAN, 3, 4, 5}, x[6];
    for (int k = 0; k < 2; k++) {
        single_call(&s, g, x);
        ck_assert_float_nan(x[2]);
        if (p.kind != EG_LARS) ck_assert(isfinite(x[0]));
    }
    test_close(s.eg);
}
END_TEST

/* The strictest check looks at every value on the way, taken or not. */
START_TEST(nothing_is_infinite_on_the_way)
{
    eg_optimizer_params p = variant_params(_i / 2);
    if (_i % 2) { /* zeros where they may be */
        p.beta1 = p.beta2 = p.rho = 0;
        if (p.kind != EG_SM3) p.momentum = 0;
        if (p.kind == EG_LARS) p.eps = p.weight_decay = 0;
    }
    single s = single_open(&p, eg_matrix(EG_F32, 2, 3));
    float g[2][6] = {{0, 1e-20f, -1, 2, 1e15f, 0}, {0}}, x[6];
    for (int k = 0; k < 6; k++) {
        eg_status status = eg_call(s.step, NULL, (const void *[]){g[k % 3 == 1]}, (void *[]){x},
                                   &(eg_run_options){.check = EG_CHECK_ALL});
        ck_assert_msg(status == EG_OK, "%s: %s", eg_optimizer_kind_name(p.kind), eg_message(s.eg));
        for (int i = 0; i < 6; i++) ck_assert(isfinite(x[i]));
    }
    test_close(s.eg);
}
END_TEST

START_TEST(lars_takes_1_where_a_norm_is_0)
{
    eg_optimizer_params p = eg_optimizer_defaults(EG_LARS);
    p.lr = eg_constant_lr(0.5);
    p.eps = p.weight_decay = 0;
    single s = single_open(&p, eg_vector(EG_F32, 2));
    float g[2] = {1, 2}, none[2] = {0, 0}, x[2];
    single_call(&s, g, x);
    ck_assert_float_eq(x[0], -0.5f);
    ck_assert_float_eq(x[1], -1);
    single_call(&s, none, x);
    ck_assert_float_eq_tol(x[0], -0.95f, 1e-6f);
    /* Squares that f32 does not hold are no zeros. */
    eg_reset(s.eg, NULL);
    float tiny[2] = {3e-25f, 4e-25f}, at[2] = {-6e-25f, 8e-25f};
    eg_write(s.x, at, sizeof at);
    single_call(&s, tiny, x);
    ck_assert_float_eq_tol(x[0] / -6e-25f, 1 + 0.5f * 2e-3f * 0.5f, 1e-6f);
    test_close(s.eg);
}
END_TEST

/* -- clipping ------------------------------------------------------------------------------------------------------ */

typedef struct clip {
    eg_context *eg;
    double value, norm;
} clip;

static eg_val clipped(void *user, eg_val x)
{
    clip *c = user;
    eg_val g[2] = {eg_item(x, 0), eg_item(x, 1)}, norm = eg_real(0);
    if (c->value != 0) eg_clip_by_value(c->eg, 2, g, c->value);
    if (c->norm != 0) norm = eg_clip_by_global_norm(c->eg, 2, g, c->norm);
    return eg_tuple(c->eg, 3, (eg_val[]){g[0], g[1], eg_convert(norm, EG_F64)});
}

static eg_func *clip_trace(clip *c)
{
    return eg_trace(c->eg, "clip", clipped, c, 2, (eg_spec[]){eg_vector(EG_F32, 4), eg_scalar(EG_F64)});
}

START_TEST(gradients_are_clipped)
{
    for (int way = 0; way < WAYS; way++) {
        clip c = {.eg = test_open(way), .value = 2};
        float a[4] = {-3, 0.1f, NAN, INFINITY}, x[4];
        double b = -5, y, norm;
        const void *in[2] = {a, &b};
        void *out[3] = {x, &y, NULL};
        eg_call(clip_trace(&c), NULL, in, out, NULL);
        ck_assert_float_eq(x[0], -2);
        ck_assert_float_eq(x[1], 0.1f);
        ck_assert_float_nan(x[2]);
        ck_assert_float_eq(x[3], 2);
        ck_assert_double_eq(y, -2);

        c.value = 0;
        c.norm = 1;
        eg_func *f = clip_trace(&c);
        float small[4] = {0.1f, 0.3f, -0.2f, 0}, large[4] = {3, 0, 0, 0}, infinite[4] = {1, INFINITY, 0, 2};
        out[2] = &norm;
        in[0] = small;
        b = 0.7;
        eg_call(f, NULL, in, out, NULL); /* as they were */
        ck_assert_mem_eq(x, small, sizeof x);
        ck_assert_double_eq(y, 0.7);
        ck_assert_double_eq_tol(norm, sqrt(0.63), 1e-7);
        in[0] = large;
        b = 4;
        eg_call(f, NULL, in, out, NULL);
        ck_assert_float_eq(x[0], 0.6f);
        ck_assert_double_eq(y, 0.8);
        ck_assert_double_eq(norm, 5);
        in[0] = a; /* NaN is left, and leaves the rest */
        eg_call(f, NULL, in, out, NULL);
        ck_assert_float_eq(x[0], -3);
        ck_assert_float_nan(x[2]);
        ck_assert_double_nan(norm);
        in[0] = infinite;
        eg_call(f, NULL, in, out, NULL);
        ck_assert_float_eq(x[0], 0);
        ck_assert_float_nan(x[1]);
        ck_assert_double_infinite(norm);
        float tiny[4] = {3e-30f, 0, 0, 0};
        in[0] = tiny;
        b = 4e-30;
        eg_call(f, NULL, in, out, NULL);
        ck_assert_double_eq_tol(norm / 5e-30, 1, 1e-6);
        test_close(c.eg);
    }
}
END_TEST

static eg_val clip_wrong(void *user, eg_val x)
{
    clip *c = user;
    eg_val g[2] = {x, x};
    if (c->value != 0)
        eg_clip_by_value(c->eg, 1, c->value == 7 ? NULL : g, c->value);
    else
        eg_clip_by_global_norm(c->eg, 2, g, c->norm);
    return eg_nothing();
}

START_TEST(clipping_refuses_what_it_cannot_bound)
{
    clip c = {.eg = test_open(0)};
    eg_spec whole = eg_scalar(EG_I32), real = eg_scalar(EG_F32);
    for (int k = 0; k < 3; k++) {
        c.norm = (const double[]){-1, 0, NAN}[k];
        eg_trace(c.eg, "clip", clip_wrong, &c, 1, &real);
        test_expect(c.eg, EG_ERR_ARGUMENT, "eg_clip_by_global_norm", "above 0", NULL);
    }
    c.value = 1;
    eg_trace(c.eg, "clip", clip_wrong, &c, 1, &whole);
    test_expect(c.eg, EG_ERR_TYPE, "eg_clip_by_value", "gradient 0", NULL);
    c.value = 7;
    eg_trace(c.eg, "clip", clip_wrong, &c, 1, &real);
    test_expect(c.eg, EG_ERR_ARGUMENT, "NULL", NULL);
    eg_clip_by_value(NULL, 1, NULL, 1);
    eg_clip_by_global_norm(NULL, 1, NULL, 1);
    test_close(c.eg);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("optimizer_numbers");
    TCase *t = tcase_create("numbers");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, corrections_keep_their_digits);
    tcase_add_test(t, rates_are_double_precision_beside_f32);
    tcase_add_loop_test(t, nan_is_not_lost, 0, VARIANTS);
    tcase_add_loop_test(t, nothing_is_infinite_on_the_way, 0, 2 * VARIANTS);
    tcase_add_test(t, lars_takes_1_where_a_norm_is_0);
    suite_add_tcase(s, t);
    t = tcase_create("clipping");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, gradients_are_clipped);
    tcase_add_test(t, clipping_refuses_what_it_cannot_bound);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return test_run(suite()); }
