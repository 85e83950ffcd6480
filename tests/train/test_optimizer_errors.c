/* Optimisers: names, what is wrong and how it is said. */
#include "support/faulty.h"
#include "train.h"

/* -- names --------------------------------------------------------------------------------------------------------- */

static void check_names(eg_optimizer_kind kind, bool all, const char *const *want)
{
    eg_context *eg = test_open(0);
    eg_var *W = eg_variable(eg, "net.W", eg_matrix(EG_F32, 4, 3));
    eg_optimizer_params p = eg_optimizer_defaults(kind);
    p.lr = eg_constant_lr(0.1);
    if (all && kind == EG_SM3) p.momentum = 0.9;
    if (all && kind == EG_ADAMW) p.amsgrad = true;
    eg_optimizer *o = eg_optimizer_new(eg, NULL, &p, 1, &W);
    test_fine(eg);
    int n = 0;
    for (; want[n]; n++) {
        ck_assert_str_eq(eg_variable_name(eg_optimizer_variable(o, n)), want[n]);
        ck_assert_ptr_eq(eg_find_variable(eg, want[n]), eg_optimizer_variable(o, n));
    }
    ck_assert_int_eq(eg_optimizer_num_variables(o), n);
    ck_assert_ptr_null(eg_optimizer_variable(o, n));
    ck_assert_ptr_null(eg_optimizer_variable(o, -1));
    test_close(eg);
}

START_TEST(what_it_remembers_is_named_below_its_own_name)
{
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
    check_names(EG_SGD, false, NAMES("SGD0.step"));
    check_names(EG_MOMENTUM, false, NAMES("Momentum0.step", "Momentum0.v.net.W"));
    check_names(EG_ADADELTA, false, NAMES("Adadelta0.step", "Adadelta0.c.net.W", "Adadelta0.d.net.W"));
    check_names(EG_ADAM, false, NAMES("Adam0.step", "Adam0.m.net.W", "Adam0.v.net.W"));
    check_names(EG_ADAMW, false, NAMES("AdamW0.step", "AdamW0.m.net.W", "AdamW0.v.net.W"));
    check_names(EG_ADAMW, true, NAMES("AdamW0.step", "AdamW0.m.net.W", "AdamW0.v.net.W", "AdamW0.v_max.net.W"));
    check_names(EG_ADAN, false,
                NAMES("Adan0.step", "Adan0.m.net.W", "Adan0.v.net.W", "Adan0.n.net.W", "Adan0.g.net.W"));
    check_names(EG_SM3, false, NAMES("SM3_0.step", "SM3_0.axis0.net.W", "SM3_0.axis1.net.W"));
    check_names(EG_SM3, true, NAMES("SM3_0.step", "SM3_0.axis0.net.W", "SM3_0.axis1.net.W", "SM3_0.momentum.net.W"));
}
END_TEST

START_TEST(unnamed_ones_are_counted_and_failed_ones_leave_nothing)
{
    eg_context *eg = test_open(0);
    eg_var *W = eg_variable(eg, "W", eg_scalar(EG_F32));
    eg_optimizer_params p = eg_optimizer_defaults(EG_ADAM);
    p.lr = eg_constant_lr(0.1);
    ck_assert_str_eq(eg_optimizer_name(eg_optimizer_new(eg, NULL, &p, 1, &W)), "Adam0");
    ck_assert_str_eq(eg_optimizer_name(eg_optimizer_new(eg, NULL, &p, 1, &W)), "Adam1");
    ck_assert_str_eq(eg_optimizer_name(eg_optimizer_new(eg, "trainer.opt", &p, 1, &W)), "trainer.opt");
    ck_assert_ptr_nonnull(eg_find_variable(eg, "trainer.opt.m.W"));
    /* One of the names is enough to take them all. */
    eg_variable(eg, "Adam2.v.W", eg_scalar(EG_F32));
    eg_variable(eg, "Adam3.step", eg_scalar(EG_F32));
    ck_assert_str_eq(eg_optimizer_name(eg_optimizer_new(eg, NULL, &p, 1, &W)), "Adam4");
    int64_t before = eg_num_variables(eg);
    ck_assert_ptr_null(eg_optimizer_new(eg, "trainer.opt", &p, 1, &W));
    test_expect(eg, EG_ERR_ARGUMENT, "eg_optimizer_new: Adam 'trainer.opt': the variable 'trainer.opt.step' exists",
                "another name", "test_optimizer_errors.c", NULL);
    for (int k = 0; k < 2; k++) {
        eg_variable(eg, k ? "other.x" : "late.v.W", eg_scalar(EG_F32));
        ck_assert_ptr_null(eg_optimizer_new(eg, k ? "a b" : "late", &p, 1, &W));
        test_expect(eg, EG_ERR_ARGUMENT,
                    k ? "eg_optimizer_new: Adam 'a b': this is no name"
                      : "eg_optimizer_new: Adam 'late': the variable 'late.v.W' exists already",
                    NULL);
        ck_assert_int_eq(eg_num_variables(eg), ++before);
    }
    ck_assert_ptr_null(eg_optimizer_new(eg, "", &p, 1, &W));
    test_expect(eg, EG_ERR_ARGUMENT, "no name", "letters", NULL);
    char name[256];
    memset(name, 'q', sizeof name);
    name[194] = 0; /* with .step 199 letters, with .m.W 198 */
    ck_assert_ptr_nonnull(eg_optimizer_new(eg, name, &p, 1, &W));
    for (int n = 196; n < 256; n += 50) {
        memset(name, 'r', sizeof name);
        name[n] = 0;
        ck_assert_ptr_null(eg_optimizer_new(eg, name, &p, 1, &W));
        test_expect(eg, EG_ERR_ARGUMENT, "eg_optimizer_new: Adam 'rrr", "longer than 200", NULL);
    }
    ck_assert_ptr_null(eg_find_variable(eg, "late.m.W"));
    test_close(eg);
}
END_TEST

START_TEST(kinds_are_found_by_name)
{
    eg_context *eg = test_open(0);
    for (unsigned k = 0; k < EG_OPTIMIZER_COUNT; k++) {
        ck_assert_uint_eq(eg_optimizer_by_name(eg, eg_optimizer_kind_name(k)), k);
        ck_assert_uint_eq(eg_optimizer_defaults(k).kind, k);
    }
    ck_assert_uint_eq(eg_optimizer_by_name(eg, "adam"), EG_OPTIMIZER_COUNT);
    test_expect(eg, EG_ERR_ARGUMENT, "'adam'", "SGD, Momentum, MomentumNesterov", "AdamW, SM3",
                "test_optimizer_errors.c", NULL);
    ck_assert_uint_eq(eg_optimizer_by_name(eg, NULL), EG_OPTIMIZER_COUNT);
    test_expect(eg, EG_ERR_ARGUMENT, "'NULL'", NULL);
    ck_assert_uint_eq(eg_optimizer_by_name(NULL, "LARS"), EG_LARS);
    ck_assert_uint_eq(eg_optimizer_by_name(NULL, "LARSE"), EG_OPTIMIZER_COUNT);
    ck_assert_str_eq(eg_optimizer_kind_name(EG_OPTIMIZER_COUNT), "?");
    test_close(eg);
}
END_TEST

/* -- what is wrong ------------------------------------------------------------------------------------------------- */

START_TEST(parameters_outside_of_their_range)
{
    eg_context *eg = test_open(0);
    eg_var *W = eg_variable(eg, "W", eg_vector(EG_F32, 3));
    const struct {
        eg_optimizer_kind kind;
        size_t at;
        double x;
        const char *name;
    } wrong[] = {
#define W(kind, field, x, name) {kind, offsetof(eg_optimizer_params, field), x, name}
        W(EG_SGD, lr.lr, -0.1, "lr is -0.1"),
        W(EG_SGD, lr.lr, NAN, "lr is nan"),
        W(EG_SGD, lr.lr, INFINITY, "lr is inf"),
        W(EG_MOMENTUM, momentum, 1, "momentum is 1"),
        W(EG_MOMENTUM, momentum, -0.1, "momentum is -0.1"),
        W(EG_RMSPROP, rho, 1.5, "rho is 1.5"),
        W(EG_ADADELTA, rho, NAN, "rho is nan"),
        W(EG_ADAM, beta1, 1, "beta1 is 1"),
        W(EG_ADAMW, beta2, -1, "beta2 is -1"),
        W(EG_ADAM, eps, -1e-8, "eps is -1e-08"),
        W(EG_ADAN, betas[1], 0, "betas[1] is 0"),
        W(EG_ADAN, betas[2], 1.1, "betas[2] is 1.1"),
        W(EG_LARS, tc, 0, "tc is 0"),
        W(EG_LARS, weight_decay, -1, "weight_decay is -1"),
        W(EG_SGD, weight_decay, 2, "weight_decay is 2; use a number from 0 to 1"),
        W(EG_ADAM, weight_decay, 1.5, "weight_decay is 1.5"),
        W(EG_ADAMW, weight_decay, INFINITY, "weight_decay is inf; use a finite number from 0 on"),
        W(EG_ADAN, weight_decay, NAN, "weight_decay is nan"),
        W(EG_SM3, beta, 1, "beta is 1"),
        W(EG_SGD, momentum, 0.9, "momentum is 0.9; use 0, it has no such parameter"),
        W(EG_SM3, beta1, 0.9, "beta1 is 0.9; use 0"),
#undef W
    };
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        eg_optimizer_params p = eg_optimizer_defaults(wrong[k].kind);
        p.lr = eg_constant_lr(0.1);
        memcpy((char *)&p + wrong[k].at, &wrong[k].x, sizeof wrong[k].x);
        ck_assert_ptr_null(eg_optimizer_new(eg, "opt", &p, 1, &W));
        test_expect(eg, EG_ERR_ARGUMENT, "eg_optimizer_new: ", eg_optimizer_kind_name(p.kind),
                    " 'opt': ", wrong[k].name, "test_optimizer_errors.c", NULL);
    }
    eg_optimizer_params p = eg_optimizer_defaults(EG_ADAM);
    ck_assert_ptr_null(eg_optimizer_new(eg, NULL, &p, 1, &W));
    test_expect(eg, EG_ERR_ARGUMENT, "eg_optimizer_new: Adam: lr is nan", NULL);
    p.lr = eg_exponential_decay(0.1, 0, 0.9);
    ck_assert_ptr_null(eg_optimizer_new(eg, NULL, &p, 1, &W));
    test_expect(eg, EG_ERR_ARGUMENT, "eg_optimizer_new: Adam: lr.decay_steps is 0", NULL);
    p.lr = eg_constant_lr(0.1);
    p.amsgrad = true;
    ck_assert_ptr_null(eg_optimizer_new(eg, NULL, &p, 1, &W));
    test_expect(eg, EG_ERR_ARGUMENT, "no amsgrad", NULL);
    p.amsgrad = false;
    p.no_prox = true;
    ck_assert_ptr_null(eg_optimizer_new(eg, NULL, &p, 1, &W));
    test_expect(eg, EG_ERR_ARGUMENT, "no no_prox", NULL);
    p = eg_optimizer_defaults(EG_OPTIMIZER_COUNT);
    ck_assert_ptr_null(eg_optimizer_new(eg, NULL, &p, 1, &W));
    test_expect(eg, EG_ERR_ARGUMENT, "no kind", NULL);
    ck_assert_ptr_null(eg_optimizer_new(eg, NULL, NULL, 1, &W));
    test_expect(eg, EG_ERR_ARGUMENT, "NULL", "eg_optimizer_defaults", NULL);
    /* What lr is a factor of may be above 1. */
    static const eg_optimizer_kind times_lr[] = {EG_LARS, EG_ADAN, EG_ADAMW};
    for (int k = 0; k < 3; k++) {
        p = eg_optimizer_defaults(times_lr[k]);
        p.lr = eg_constant_lr(0.1);
        p.weight_decay = 2;
        ck_assert_ptr_nonnull(eg_optimizer_new(eg, NULL, &p, 1, &W));
    }
    /* A real 0 is one. */
    p = eg_optimizer_defaults(EG_ADAM);
    p.lr = eg_constant_lr(0);
    p.beta1 = p.beta2 = p.eps = 0;
    ck_assert_ptr_nonnull(eg_optimizer_new(eg, NULL, &p, 1, &W));
    /* These have a rate of their own. */
    p = eg_optimizer_defaults(EG_ADAN);
    ck_assert_ptr_nonnull(eg_optimizer_new(eg, NULL, &p, 1, &W));
    p = eg_optimizer_defaults(EG_ADADELTA);
    ck_assert_ptr_nonnull(eg_optimizer_new(eg, NULL, &p, 1, &W));
    test_close(eg);
}
END_TEST

START_TEST(variables_that_cannot_be_trained)
{
    eg_context *eg = test_open(0), *other = test_open(0);
    eg_var *W = eg_variable(eg, "W", eg_vector(EG_F32, 3)), *n = eg_variable(eg, "n", eg_scalar(EG_I64));
    eg_var *foreign = eg_variable(other, "W", eg_vector(EG_F32, 3));
    eg_optimizer_params p = eg_optimizer_defaults(EG_ADAM);
    p.lr = eg_constant_lr(0.1);
    ck_assert_ptr_null(eg_optimizer_new(eg, "o", &p, 0, &W));
    test_expect(eg, EG_ERR_ARGUMENT, "Adam 'o': 0 variables", NULL);
    ck_assert_ptr_null(eg_optimizer_new(eg, "o", &p, -1, &W));
    test_expect(eg, EG_ERR_ARGUMENT, "-1 variables", NULL);
    ck_assert_ptr_null(eg_optimizer_new(eg, "o", &p, 1, NULL));
    test_expect(eg, EG_ERR_ARGUMENT, "NULL", NULL);
    ck_assert_ptr_null(eg_optimizer_new(eg, "o", &p, 2, (eg_var *[]){W, NULL}));
    test_expect(eg, EG_ERR_ARGUMENT, "variable 1, 'NULL'", NULL);
    ck_assert_ptr_null(eg_optimizer_new(eg, "o", &p, 2, (eg_var *[]){W, n}));
    test_expect(eg, EG_ERR_TYPE, "variable 1, 'n', is no float", NULL);
    ck_assert_ptr_null(eg_optimizer_new(eg, "o", &p, 2, (eg_var *[]){W, W}));
    test_expect(eg, EG_ERR_ARGUMENT, "'W', is twice", NULL);
    ck_assert_ptr_null(eg_optimizer_new(eg, "o", &p, 1, &foreign));
    test_expect(eg, EG_ERR_ARGUMENT, "'W', is of another context", NULL);
    ck_assert_ptr_null(eg_optimizer_new(NULL, "o", &p, 1, &W));
    ck_assert_int_eq(eg_num_variables(eg), 2);
    ck_assert_ptr_nonnull(eg_optimizer_new(eg, "o", &p, 1, &W));
    test_close(eg);
    test_close(other);
}
END_TEST

/* What is given as gradients of W f32[3] and b f64. */
typedef struct given {
    eg_context *eg;
    eg_optimizer *opt;
    int num;
    bool null, swapped;
    eg_val foreign;
} given;

static eg_val give(void *user, eg_val x)
{
    given *a = user;
    eg_val g[2] = {eg_item(x, 0), eg_item(x, 1)};
    if (a->swapped) g[0] = eg_item(x, 1);
    if (a->foreign.of) g[0] = a->foreign;
    eg_optimizer_update(a->opt, a->num, a->null ? NULL : g);
    return eg_nothing();
}

static eg_val foreign_trace(void *user, eg_val x)
{
    given *a = user;
    a->foreign = x;
    eg_trace(a->eg, "give", give, a, 2, (eg_spec[]){eg_vector(EG_F32, 3), eg_scalar(EG_F64)});
    return eg_nothing();
}

static void give_expect(given a, eg_spec w, eg_spec b, eg_status status, const char *one, const char *two)
{
    eg_trace(a.eg, "give", give, &a, 2, (eg_spec[]){w, b});
    test_expect(a.eg, status, "eg_optimizer_update: SGD 'o': ", one, two, "test_optimizer_errors.c", NULL);
}

START_TEST(gradients_that_do_not_fit)
{
    eg_context *eg = test_open(0), *other = test_open(0);
    eg_var *v[2] = {eg_variable(eg, "W", eg_vector(EG_F32, 3)), eg_variable(eg, "b", eg_scalar(EG_F64))};
    eg_optimizer_params p = eg_optimizer_defaults(EG_SGD);
    p.lr = eg_constant_lr(0.1);
    given a = {.eg = eg, .opt = eg_optimizer_new(eg, "o", &p, 2, v), .num = 2};
    eg_spec W = eg_vector(EG_F32, 3), b = eg_scalar(EG_F64);
    given one = a, null = a, swapped = a;
    one.num = 1;
    null.null = swapped.swapped = true;
    give_expect(one, W, b, EG_ERR_ARGUMENT, "1 gradients for 2 variables", "the first without one is 'b'");
    one.num = 3;
    give_expect(one, W, b, EG_ERR_ARGUMENT, "3 gradients for 2 variables", "the last is 'b'");
    give_expect(null, W, b, EG_ERR_ARGUMENT, "(NULL)", "'b'");
    give_expect(a, eg_vector(EG_F32, 4), b, EG_ERR_SHAPE, "'W' is f32[4]", "f32[3]");
    give_expect(a, eg_matrix(EG_F32, 3, 1), b, EG_ERR_SHAPE, "'W' is f32[3,1]", "f32[3]");
    give_expect(a, eg_vector(EG_F64, 3), b, EG_ERR_TYPE, "'W' is f64[3]", "f32[3]");
    give_expect(a, W, eg_scalar(EG_I64), EG_ERR_TYPE, "'b' is i64", "f64");
    give_expect(swapped, W, b, EG_ERR_TYPE, "'W' is f64", "f32[3]");
    /* Of a trace in another context; outside of any. */
    eg_spec x = W;
    eg_trace(other, "foreign", foreign_trace, &a, 1, &x);
    ck_assert_int_ne(eg_error(eg), EG_OK);
    eg_clear_error(eg);
    eg_optimizer_update(a.opt, 2, (eg_val[]){eg_nothing(), eg_nothing()});
    ck_assert_int_ne(eg_error(eg), EG_OK);
    eg_clear_error(eg);
    /* NULL is an earlier error. */
    eg_optimizer_update(NULL, 2, NULL);
    ck_assert_str_eq(eg_optimizer_name(NULL), "");
    ck_assert_uint_eq(eg_optimizer_params_of(NULL).kind, EG_SGD);
    ck_assert_int_eq(eg_optimizer_num_variables(NULL), 0);
    ck_assert_ptr_null(eg_optimizer_variable(NULL, 0));
    ck_assert_int_eq(eg_optimizer_steps(NULL, NULL), -1);
    ck_assert_double_nan(eg_optimizer_lr(NULL, NULL));
    ck_assert_int_eq(eg_optimizer_reset(NULL, NULL), EG_ERR_ARGUMENT);
    test_close(eg);
    test_close(other);
}
END_TEST

/* -- without memory ------------------------------------------------------------------------------------------------ */

static eg_val step_without_memory(void *user, eg_val x)
{
    eg_optimizer *opt = user;
    eg_optimizer_update(opt, 1, &x);
    return eg_nothing();
}

static bool train_without_memory(eg_context *eg)
{
    static const int64_t boundaries[] = {1, 2};
    static const double rates[] = {3, 2, 1};
    eg_var *W = eg_variable(eg, "W", eg_matrix(EG_F32, 2, 2));
    eg_optimizer_params p = eg_optimizer_defaults(EG_SM3);
    p.momentum = 0.5;
    p.lr = eg_piecewise_constant(2, boundaries, rates);
    eg_optimizer *opt = eg_optimizer_new(eg, NULL, &p, 1, &W);
    if (!opt) return false;
    eg_spec spec = eg_matrix(EG_F32, 2, 2);
    float g[4] = {1, 2, 3, 4};
    eg_func *f = eg_trace(eg, "step", step_without_memory, opt, 1, &spec);
    if (!f || eg_call(f, NULL, (const void *[]){g}, NULL, &(eg_run_options){.interpret = true})) return false;
    return eg_optimizer_steps(opt, NULL) == 1 && !eg_optimizer_reset(opt, NULL) && eg_optimizer_steps(opt, NULL) == 0;
}

START_TEST(every_allocation_may_fail) { faulty_every(train_without_memory); }
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("optimizer_errors");
    TCase *t = tcase_create("names");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, what_it_remembers_is_named_below_its_own_name);
    tcase_add_test(t, unnamed_ones_are_counted_and_failed_ones_leave_nothing);
    tcase_add_test(t, kinds_are_found_by_name);
    suite_add_tcase(s, t);
    t = tcase_create("errors");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, parameters_outside_of_their_range);
    tcase_add_test(t, variables_that_cannot_be_trained);
    tcase_add_test(t, gradients_that_do_not_fit);
    tcase_add_test(t, every_allocation_may_fail);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return test_run(suite()); }
