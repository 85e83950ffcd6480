/* Layers under test: against plain C, both ways of running, their gradients against differences, batches against single
 * samples. */
#ifndef TESTS_LAYERED_H
#define TESTS_LAYERED_H

#include "engram/layers.h"
#include "engram/modes.h"
#include "grad/grad.h"

static eg_system *net;
static bool fit; /* what layers are told while they are traced */

static inline void open_net(void)
{
    setup();
    fit = false;
    net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    fine();
}

static inline eg_spec shaped(int rank, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return (eg_spec){.dtype = EG_F64, .rank = rank, .dim = {a, b, c, d}};
}
#define X1(a) shaped(1, a, 0, 0, 0)
#define X2(a, b) shaped(2, a, b, 0, 0)
#define X3(a, b, c) shaped(3, a, b, c, 0)
#define X4(a, b, c, d) shaped(4, a, b, c, d)

static inline eg_val one_step(void *user, eg_val x)
{
    eg_shared s = eg_shared_at(user, eg_int(0), eg_real(0.1));
    s.fit = fit;
    return eg_update(user, s, x);
}

static inline eg_val step_of_loop(void *user, eg_val x)
{
    return eg_tuple(eg, 2, (eg_val[]){eg_nothing(), one_step(user, eg_item(x, 2))});
}

/* From the initial state, x [time, ...]. */
static inline eg_val over_time(void *user, eg_val x)
{
    eg_val n = eg_int(eg_spec_of(x).dim[0]);
    eg_begin(user);
    return eg_item(eg_loop(eg, n, step_of_loop, user, eg_nothing(), x), 1);
}

static inline const double *values_of(eg_system *layer, const char *name)
{
    const double *v = eg_data(NULL, eg_system_variable(layer, name));
    fine();
    return v;
}

static inline void fill(double *x, size_t n, uint64_t from)
{
    for (size_t k = 0; k < n; k++) x[k] = number(from + k, -1, 1);
}

static inline eg_func *traced(eg_system *layer, eg_fn fn, eg_spec x)
{
    eg_func *f = eg_trace(eg, "layer", fn, layer, 1, &x);
    ck_assert_msg(f != NULL, "%s", eg_message(eg));
    return f;
}

/* What plain C makes of x. */
typedef void reference(const double *x, double *y);

static inline void check_formula(eg_system *layer, eg_fn fn, eg_spec spec, reference *want)
{
    double x[MOST], y[MOST], plain[MOST];
    fill(x, count_in(spec), 7);
    eg_func *f = traced(layer, fn, spec);
    const size_t n = count_in(eg_result_spec(f, 0));
    ck_assert_uint_le(n, MOST);
    BOTH(f, IN(x), y);
    want(x, plain);
    for (size_t k = 0; k < n; k++)
        ck_assert_msg(fabs(y[k] - plain[k]) <= 1e-13 * (1 + fabs(plain[k])), "%s: element %zu is %.17g, not %.17g",
                      eg_class_of(layer)->name, k, y[k], plain[k]);
}

/* -- gradients ----------------------------------------------------------------------------------------------------- */

/* The loss, and by which number: an element of x or of a parameter, in the context's own state. */
static inline double loss_at(eg_func *f, const double *x, double *at, double value)
{
    const double kept = *at;
    double y;
    *at = value;
    eg_reset_state(net, NULL);
    eg_call(f, NULL, (const void *[]){x}, (void *[]){&y}, &(eg_run_options){.interpret = true});
    *at = kept;
    fine();
    return y;
}

static inline void check_part(const char *what, eg_func *f, double *x, double *part, size_t n, const double *g)
{
    for (size_t k = 0; k < n; k++) {
        const double h = 1e-3, at = part[k];
        double want = (loss_at(f, x, &part[k], at - 2 * h) - 8 * loss_at(f, x, &part[k], at - h) +
                       8 * loss_at(f, x, &part[k], at + h) - loss_at(f, x, &part[k], at + 2 * h)) /
                      (12 * h);
        ck_assert_msg(fabs(g[k] - want) <= 1e-6 * fmax(1, fabs(want)), "%s[%zu]: gradient %.12g, differences %.12g",
                      what, k, g[k], want);
    }
}

/* With respect to x and to all parameters, interpreted and compiled with the same bits. */
static inline void check_gradients(eg_system *layer, eg_fn fn, eg_spec spec)
{
    enum { VARS = 8 };
    eg_var *vars[VARS];
    double x[MOST], g[2][VARS + 1][MOST];
    const int n = eg_num_parameters(layer);
    ck_assert_int_le(n, VARS);
    for (int k = 0; k < n; k++) vars[k] = eg_parameter(layer, k);
    subject s = {fn, layer, 0};
    eg_func *f = eg_trace(eg, "loss", subject_fn, &s, 1, &spec);
    eg_func *df =
        eg_gradient(f, &(eg_gradient_options){.num_args = 1, .args = (int[]){0}, .num_vars = n, .vars = vars});
    fine();
    fill(x, count_in(spec), 7);
    for (int way = 0; way < 2; way++) {
        void *out[VARS + 2] = {NULL};
        for (int k = 0; k <= n; k++) out[k + 1] = g[way][k];
        eg_state *at = run_on_new(df, IN(x), out, way);
        eg_state_free(at);
    }
    for (int k = 0; k <= n; k++) {
        const size_t num = count_in(k ? eg_variable_spec(vars[k - 1]) : spec);
        test_check_f64("both ways", g[0][k], g[1][k], num);
        double *part = k ? eg_data(NULL, vars[k - 1]) : x;
        check_part(k ? eg_variable_name(vars[k - 1]) : "x", f, x, part, num, g[0][k]);
    }
}

/* -- batches ------------------------------------------------------------------------------------------------------- */

/* Three samples at once are three by themselves, to the bit. */
static inline void check_batch(eg_system *layer, eg_fn fn, eg_spec spec)
{
    enum { B = 3 };
    const size_t in = count_in(spec);
    double x[B * MOST], y[B * MOST], one[MOST];
    eg_func *f = traced(layer, fn, spec), *all = eg_batched(layer, f, B, NULL);
    fine();
    const size_t out = count_in(eg_result_spec(f, 0));
    fill(x, B * in, 7);
    BOTH(all, IN(x), y);
    for (size_t b = 0; b < B; b++) {
        BOTH(f, IN(x + b * in), one);
        test_check_f64("a sample of a batch", y + b * out, one, out);
    }
}

/* All of it. */
static inline void check_layer(eg_system *layer, eg_fn fn, eg_spec spec, reference *want)
{
    fine();
    ck_assert_ptr_nonnull(layer);
    check_formula(layer, fn, spec, want);
    check_gradients(layer, fn, spec);
    check_batch(layer, fn, spec);
}

/* Tracing the layer for this x is an error with these words. */
#define REFUSES(layer, spec, ...)                                                                                      \
    do {                                                                                                               \
        ck_assert_ptr_null(eg_trace(eg, "layer", one_step, layer, 1, &(eg_spec[]){spec}[0]));                          \
        SAYS(__VA_ARGS__);                                                                                             \
    } while (0)

static inline int layer_tests(const char *name, const TTest *const *tests, size_t num)
{
    Suite *s = suite_create(name);
    TCase *c = tcase_create(name);
    tcase_set_timeout(c, 0);
    tcase_add_checked_fixture(c, open_net, teardown);
    for (size_t k = 0; k < num; k++) tcase_add_test(c, tests[k]);
    suite_add_tcase(s, c);
    return test_run(s);
}
#define LAYER_TESTS(name, ...)                                                                                         \
    layer_tests(name, (const TTest *const[]){__VA_ARGS__}, LEN(((const TTest *const[]){__VA_ARGS__})))

#endif
