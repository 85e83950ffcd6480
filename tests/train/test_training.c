/* Optimisers and gradients together: what they are for. */
#include "train.h"

/* How each is set here; rates fall to 0 in a straight line. */
static eg_optimizer_params params_of(eg_optimizer_kind kind, double steps)
{
    static const double lr[EG_OPTIMIZER_COUNT] = {
        [EG_SGD] = 0.5,     [EG_MOMENTUM] = 0.1, [EG_MOMENTUM_NESTEROV] = 0.1,
        [EG_ADAGRAD] = 0.5, [EG_RMSPROP] = 0.05, [EG_ADAM] = 0.1,
        [EG_LARS] = 0.2,    [EG_ADAN] = 0.1,     [EG_ADAMW] = 0.1,
        [EG_SM3] = 0.5,
    };
    eg_optimizer_params p = eg_optimizer_defaults(kind);
    p.lr = eg_polynomial_decay(lr[kind], steps, 0, 1);
    p.weight_decay = 0; /* its minimum is another one */
    if (kind == EG_ADADELTA) p.eps = 1e-3;
    if (kind == EG_LARS) p.tc = 0.1;
    return p;
}

/* A loss of the variables, and all updates in one loop. */
typedef struct training {
    eg_context *eg;
    int n;
    eg_var *var[2];
    eg_array *x, *y;
    eg_func *loss, *gradient;
    eg_optimizer *opt;
    int64_t steps;
} training;

static eg_val update(void *user, eg_val carry)
{
    training *t = user;
    (void)carry;
    eg_val y = eg_apply(t->gradient, eg_nothing()), g[2];
    for (int k = 0; k < t->n; k++) g[k] = eg_item(y, 1 + k);
    eg_clip_by_global_norm(t->eg, t->n, g, 10);
    eg_optimizer_update(t->opt, t->n, g);
    return eg_tuple(t->eg, 2, (eg_val[]){eg_nothing(), eg_item(y, 0)});
}

/* The losses before each update. */
static eg_val all(void *user, eg_val x)
{
    training *t = user;
    (void)x;
    return eg_item(eg_loop(t->eg, t->steps, update, t, eg_nothing(), eg_nothing()), 1);
}

/* Trains; losses [steps + 1], the last one behind the last update. */
static void train(training *t, eg_fn loss, const eg_optimizer_params *p, double *losses)
{
    t->loss = eg_trace(t->eg, "loss", loss, t, 0, NULL);
    t->gradient = eg_gradient(t->loss, &(eg_gradient_options){.num_vars = t->n, .vars = t->var});
    t->opt = eg_optimizer_new(t->eg, NULL, p, t->n, t->var);
    eg_call(eg_trace(t->eg, "train", all, t, 0, NULL), NULL, NULL, (void *[]){losses}, NULL);
    eg_call(t->loss, NULL, NULL, (void *[]){losses + t->steps}, NULL);
    test_fine(t->eg);
    ck_assert_int_eq(eg_optimizer_steps(t->opt, NULL), t->steps);
}

/* -- a quadratic --------------------------------------------------------------------------------------------------- */

/* sum of h (x - c)^2 / 2, h from 1/2 to 2 */
static eg_val quadratic(void *user, eg_val x)
{
    training *t = user;
    (void)x;
    eg_val off = eg_sub(eg_get(t->var[0]), eg_constant(t->y));
    return eg_mul(0.5, eg_sum(eg_mul(eg_constant(t->x), eg_square(off))));
}

START_TEST(a_quadratic_is_minimised)
{
    enum { N = 6, MOST = 1000 };
    double c[N], h[N], losses[MOST + 1];
    for (int k = 0; k < N; k++) {
        c[k] = train_number((uint64_t)k, -2, 2);
        h[k] = 0.5 + 0.3 * k;
    }
    training t = {.eg = test_open(1), .n = 1, .steps = MOST};
    t.var[0] = eg_variable(t.eg, "x", eg_matrix(EG_F64, 2, 3));
    t.x = eg_array_new(t.eg, eg_matrix(EG_F64, 2, 3), h);
    t.y = eg_array_new(t.eg, eg_matrix(EG_F64, 2, 3), c);
    eg_optimizer_params p = params_of((eg_optimizer_kind)_i, MOST);
    train(&t, quadratic, &p, losses);
    ck_assert_msg(losses[MOST] < 1e-4 * losses[0], "%s: from %g to %g", eg_optimizer_kind_name(p.kind), losses[0],
                  losses[MOST]);
    test_close(t.eg);
}
END_TEST

/* -- logistic regression ------------------------------------------------------------------------------------------- */

enum { SAMPLES = 80, FEATURES = 3, UPDATES = 600 };
typedef struct data {
    double x[SAMPLES][FEATURES], y[SAMPLES];
} data;

/* Classes that overlap, so that the minimum is finite. */
static data samples(void)
{
    data d;
    for (int i = 0; i < SAMPLES; i++) {
        double z = 0.3;
        for (int j = 0; j < FEATURES; j++) {
            d.x[i][j] = train_number((uint64_t)(i * FEATURES + j), -2, 2);
            z += d.x[i][j] * (j - 0.7);
        }
        d.y[i] = train_number((uint64_t)(5000 + i), 0, 1) < 1 / (1 + exp(-z));
    }
    return d;
}

static double loss_at(const data *d, const double *w)
{
    double sum = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double z = w[FEATURES];
        for (int j = 0; j < FEATURES; j++) z += w[j] * d->x[i][j];
        sum += log1p(exp(-fabs(z))) + fmax(z, 0) - d->y[i] * z;
    }
    return sum / (int)SAMPLES;
}

/* The least loss, by plain gradient descent for very long. */
static double least_loss(const data *d)
{
    double w[FEATURES + 1] = {0};
    for (int k = 0; k < 20000; k++) {
        double g[FEATURES + 1] = {0};
        for (int i = 0; i < SAMPLES; i++) {
            double z = w[FEATURES];
            for (int j = 0; j < FEATURES; j++) z += w[j] * d->x[i][j];
            double e = 1 / (1 + exp(-z)) - d->y[i];
            for (int j = 0; j < FEATURES; j++) g[j] += e * d->x[i][j];
            g[FEATURES] += e;
        }
        for (int j = 0; j <= FEATURES; j++) w[j] -= 0.5 * g[j] / (int)SAMPLES;
    }
    return loss_at(d, w);
}

static eg_val logistic(void *user, eg_val x)
{
    training *t = user;
    (void)x;
    eg_val z = eg_add(eg_dot(eg_constant(t->x), eg_get(t->var[0])), eg_get(t->var[1]));
    return eg_mean(eg_sub(eg_softplus(z), eg_mul(eg_constant(t->y), z)));
}

static void regress(int way, const eg_optimizer_params *p, const data *d, double *losses)
{
    training t = {.eg = test_open(way), .n = 2, .steps = UPDATES};
    t.var[0] = eg_variable(t.eg, "W", eg_vector(EG_F64, FEATURES));
    t.var[1] = eg_variable(t.eg, "b", eg_scalar(EG_F64));
    /* LARS stays for long where a norm is small. */
    eg_init_fill(t.var[0], 0.1);
    eg_init_fill(t.var[1], 0.1);
    t.x = eg_array_new(t.eg, eg_matrix(EG_F64, SAMPLES, FEATURES), d->x);
    t.y = eg_array_new(t.eg, eg_vector(EG_F64, SAMPLES), d->y);
    train(&t, logistic, p, losses);
    test_close(t.eg);
}

START_TEST(a_logistic_regression_converges)
{
    const data d = samples();
    double losses[WAYS][UPDATES + 1], least = least_loss(&d);
    eg_optimizer_params p = params_of((eg_optimizer_kind)_i, UPDATES);
    for (int way = 0; way < WAYS; way++) {
        regress(way, &p, &d, losses[way]);
        test_check_f64("loss", losses[way], losses[0], UPDATES + 1);
    }
    double start[FEATURES + 1] = {0.1, 0.1, 0.1, 0.1};
    ck_assert_double_eq_tol(losses[0][0], loss_at(&d, start), 1e-14);
    ck_assert_msg(losses[0][UPDATES] - least < 1e-4, "%s: from %g to %g, the least is %g",
                  eg_optimizer_kind_name(p.kind), losses[0][0], losses[0][UPDATES], least);
    ck_assert_double_gt(losses[0][UPDATES], least - 1e-12);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("training");
    TCase *t = tcase_create("training");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, a_quadratic_is_minimised, 0, EG_OPTIMIZER_COUNT);
    tcase_add_loop_test(t, a_logistic_regression_converges, 0, EG_OPTIMIZER_COUNT);
    suite_add_tcase(s, t);
    return s;
}

int main(void) { return test_run(suite()); }
