/* Losses and regularisers: every one against scalar code in long double, in f32 and f64, of moderate, large and small
 * numbers, compiled and interpreted; their gradients. */
#include "engram/losses.h"

#include <math.h>

#include "grad/grad.h"

enum { R = 6, C = 5, N = R * C };

/* What all are computed of: predictions, targets, probabilities of rows, answers between 0 and 1, class indices. */
typedef struct data {
    double p[N], t[N], q[N], y[N];
    int32_t i[R];
} data;

static const float weights[C] = {1, 0.5f, 2, 0.25f, 3};

static data make(double size)
{
    data d;
    for (int k = 0; k < N; k++) {
        d.p[k] = (float)number((uint64_t)k, -size, size);
        d.t[k] = (float)number((uint64_t)k + 100, -size, size);
        d.y[k] = k % 3 == 2 ? number((uint64_t)k + 200, 0, 1) : k % 3;
        d.y[k] = (float)d.y[k];
        d.q[k] = (1 + (k % C == k / C)) / 6.0;
    }
    for (int r = 0; r < R; r++) d.i[r] = (3 * r + 1) % C;
    return d;
}

/* -- the scalar code ---------------------------------------------------------------------------------------------- */

static long double log_p(const data *d, int r, int c)
{
    long double sum = 0;
    for (int k = 0; k < C; k++) sum += expl((long double)d->p[r * C + k] - d->p[r * C + c]);
    return -logl(sum);
}

static long double total_weight(const data *d)
{
    long double sum = 0;
    for (int r = 0; r < R; r++) sum += weights[d->i[r]];
    return sum;
}

static long double total_share(const data *d)
{
    long double sum = 0;
    for (int k = 0; k < N; k++) sum += weights[k % C] * d->q[k];
    return sum;
}

/* How the elements' numbers become the result. */
typedef enum fold { EACH, ROWS, SUM, MEAN, MEAN_0, MEAN_1, MEAN_ROWS, NORM } fold;

/* X(name, fold, the loss of P T Q Y I W, the number of an element of d r c p t q y e = p - t) */
#define THINGS(X)                                                                                                      \
    X(cross_entropy_loss, MEAN_ROWS, eg_cross_entropy_loss(P, I, NULL), HIT)                                           \
    X(cross_entropy_sum, SUM, eg_cross_entropy_loss(P, I, TO(SUM)), HIT)                                               \
    X(cross_entropy_none, ROWS, eg_cross_entropy_loss(P, I, TO(NONE)), HIT)                                            \
    X(cross_entropy_of_one_hot, MEAN_ROWS, eg_cross_entropy_loss(P, eg_one_hot(I, C, EG_I32), NULL), HIT)              \
    X(cross_entropy_of_probabilities, MEAN_ROWS, eg_cross_entropy_loss(P, Q, TO(MEAN)), -q *log_p(d, r, c))            \
    X(weighted_none, ROWS, eg_cross_entropy_loss(P, I, WEIGHTED(NONE)), weights[c] * HIT)                              \
    X(weighted_sum, SUM, eg_cross_entropy_loss(P, I, WEIGHTED(SUM)), weights[c] * HIT)                                 \
    X(weighted_mean, SUM, eg_cross_entropy_loss(P, I, WEIGHTED(MEAN)), weights[c] * HIT / total_weight(d))             \
    X(weighted_one_hot, SUM, eg_cross_entropy_loss(P, eg_one_hot(I, C, EG_F32), WEIGHTED(MEAN)),                       \
      weights[c] * HIT / total_weight(d))                                                                              \
    X(weighted_probabilities, SUM, eg_cross_entropy_loss(P, Q, WEIGHTED(DEFAULT)),                                     \
      -weights[c] * q * log_p(d, r, c) / total_share(d))                                                               \
    X(cross_entropy_sparse, ROWS, eg_cross_entropy_sparse(P, I), HIT)                                                  \
    X(sparse_with_an_axis, ROWS, eg_cross_entropy_sparse(P, eg_new_axis(I, 1)), HIT)                                   \
    X(sparse_of_one_number, ROWS, eg_cross_entropy_sparse(P, 2), -(c == 2) * log_p(d, r, c))                           \
    X(multiclass_logistic_loss, SUM, eg_multiclass_logistic_loss(eg_row(P, 1), eg_slice(I, 0, 1, 2, 1)),               \
      (r == 1) * HIT)                                                                                                  \
    X(softmax_cross_entropy, ROWS, eg_softmax_cross_entropy(P, Q), -q *log_p(d, r, c))                                 \
    X(cross_entropy_sigmoid, EACH, eg_cross_entropy_sigmoid(P, Y), YES_OR_NO)                                          \
    X(binary_logistic_loss, EACH, eg_binary_logistic_loss(P, Y), YES_OR_NO)                                            \
    X(sigmoid_binary_cross_entropy, EACH, eg_sigmoid_binary_cross_entropy(P, Y), YES_OR_NO)                            \
    X(l1_loss, SUM, eg_l1_loss(P, T, 0), fabsl(e))                                                                     \
    X(l1_mean, MEAN_ROWS, eg_l1_loss(P, T, EG_REDUCTION_MEAN), fabsl(e))                                               \
    X(l1_none, ROWS, eg_l1_loss(P, T, EG_REDUCTION_NONE), fabsl(e))                                                    \
    X(l2_loss, EACH, eg_l2_loss(P, T), e *e / 2)                                                                       \
    X(l2_of_a_number, EACH, eg_l2_loss(P, 0.5), (p - 0.5L) * (p - 0.5L) / 2)                                           \
    X(huber_loss, EACH, eg_huber_loss(P, T, 0), HUBER(1.0L))                                                           \
    X(huber_loss_of_delta, EACH, eg_huber_loss(P, T, 0.375), HUBER(0.375L))                                            \
    X(log_cosh_loss, EACH, eg_log_cosh_loss(P, T), LOG_COSH(e))                                                        \
    X(mean_absolute_error, MEAN, eg_mean_absolute_error(P, T), fabsl(e))                                               \
    X(mean_absolute_error_0, MEAN_0, eg_mean_absolute_error(P, T, 0), fabsl(e))                                        \
    X(mean_squared_error, MEAN, eg_mean_squared_error(P, T), e *e)                                                     \
    X(mean_squared_error_1, MEAN_1, eg_mean_squared_error(P, T, -1), e *e)                                             \
    X(mean_squared_log_error, MEAN, eg_mean_squared_log_error(eg_abs(P), eg_abs(T)), SQUARED_LOG)                      \
    X(mean_squared_log_error_0, MEAN_0, eg_mean_squared_log_error(eg_abs(P), eg_abs(T), 0), SQUARED_LOG)               \
    X(l2_norm, NORM, eg_l2_norm(P), p *p)                                                                              \
    X(l2_norm_of_tree, NORM, eg_l2_norm(PAIR(P, T)), p *p + t * t)                                                     \
    X(mean_absolute, MEAN, eg_mean_absolute(P), fabsl(p))                                                              \
    X(mean_absolute_1, MEAN_1, eg_mean_absolute(P, 1), fabsl(p))                                                       \
    X(mean_square, MEAN, eg_mean_square(P), p *p)                                                                      \
    X(mean_square_0_1, MEAN, eg_mean_square(P, 0, -1), p *p)                                                           \
    X(log_cosh, EACH, eg_log_cosh(P), LOG_COSH(p))                                                                     \
    X(smooth_labels, EACH, eg_smooth_labels(Q, 0.1), 0.9L * q + 0.1L / 5)                                              \
    X(tree, SUM, eg_l1_loss(PAIR(P, PAIR(P, T)), PAIR(T, PAIR(T, P)), 0), 3 * fabsl(e))                                \
    X(tree_of_rows, ROWS, eg_cross_entropy_sparse(PAIR(P, P), PAIR(I, I)), 2 * HIT)

#define P eg_item(x, 0)
#define T eg_item(x, 1)
#define Q eg_item(x, 2)
#define Y eg_item(x, 3)
#define I eg_item(x, 4)
#define W eg_constant(eg_array_new(eg, eg_vector(EG_F32, C), weights))
#define PAIR(a, b) eg_tuple(eg, 2, (const eg_val[]){a, b})
#define TO(how) (&(eg_cross_entropy_options){.reduction = EG_REDUCTION_##how})
#define WEIGHTED(how) (&(eg_cross_entropy_options){.reduction = EG_REDUCTION_##how, .weight = W})
#define HIT (c == d->i[r] ? -log_p(d, r, c) : 0)
#define YES_OR_NO (y * logl(1 + expl(-p)) + (1 - y) * logl(1 + expl(p)))
#define HUBER(delta) (fabsl(e) > delta ? delta * (fabsl(e) - delta / 2) : e * e / 2)
#define LOG_COSH(z) log1pl(2 * sinhl((z) / 2) * sinhl((z) / 2))
#define SQUARED_LOG (powl(log1pl(fabsl(p)) - log1pl(fabsl(t)), 2))

#define X(name, how, value, element)                                                                                   \
    static eg_val value_##name(void *user, eg_val x) { return (void)user, value; }                                     \
    static long double element_##name(const data *d, int r, int c)                                                     \
    {                                                                                                                  \
        long double p = d->p[r * C + c], t = d->t[r * C + c], q = d->q[r * C + c], y = d->y[r * C + c], e = p - t;     \
        return (void)t, (void)q, (void)y, (void)e, (element);                                                          \
    }
THINGS(X)
#undef X

static const struct thing {
    const char *name;
    fold how;
    eg_fn value;
    long double (*element)(const data *d, int r, int c);
} things[] = {
#define X(name, how, value, element) {#name, how, value_##name, element_##name},
    THINGS(X)
#undef X
};

/* The result of scalar code; how many numbers. */
static int wanted(const struct thing *thing, const data *d, long double *out)
{
    bool rows = thing->how == ROWS || thing->how == MEAN_1;
    int n = thing->how == EACH ? N : thing->how == MEAN_0 ? C : rows ? R : 1;
    for (int k = 0; k < n; k++) out[k] = 0;
    for (int k = 0; k < N; k++)
        out[n == N ? k : n == C ? k % C : n == R ? k / C : 0] += thing->element(d, k / C, k % C);
    for (int k = 0; k < n; k++) {
        switch (thing->how) {
        case MEAN: out[k] /= (int)N; break;
        case MEAN_0:
        case MEAN_ROWS: out[k] /= (int)R; break;
        case MEAN_1: out[k] /= (int)C; break;
        case NORM: out[k] = sqrtl(out[k]); break;
        default: break;
        }
    }
    return n;
}

/* -- values ------------------------------------------------------------------------------------------------------- */

static void put(eg_dtype type, const double *from, int n, void *to)
{
    for (int k = 0; k < n; k++) {
        if (type == EG_F64)
            ((double *)to)[k] = from[k];
        else
            ((float *)to)[k] = (float)from[k];
    }
}

/* No operation gives a NaN or infinity, not even where it is masked. */
static void check_quiet(const struct thing *thing, eg_func *f, const void *const *in)
{
    double out[N];
    eg_status status = eg_call(f, NULL, in, (void *[]){out}, &(eg_run_options){.check = EG_CHECK_ALL});
    ck_assert_msg(status == EG_OK, "%s: %s", thing->name, eg_message(eg));
}

/* Compiled and interpreted give the same bits, near those of scalar code. */
static void compare(const struct thing *thing, const data *d, eg_dtype type)
{
    const eg_spec m = eg_matrix(type, R, C), specs[] = {m, m, m, m, eg_vector(EG_I32, R)};
    double in[4][N], out[N];
    long double want[N];
    const double *from[] = {d->p, d->t, d->q, d->y};
    for (int k = 0; k < 4; k++) put(type, from[k], N, in[k]);
    eg_func *f = eg_trace(eg, thing->name, thing->value, NULL, 5, specs);
    ck_assert_msg(f != NULL, "%s: %s", thing->name, eg_message(eg));
    int n = wanted(thing, d, want);
    eg_spec s = eg_result_spec(f, 0);
    ck_assert_msg(count_in(s) == (size_t)n, "%s: %zu numbers, not %d", thing->name, count_in(s), n);
    BOTH(f, IN(in[0], in[1], in[2], in[3], d->i), out);
    check_quiet(thing, f, IN(in[0], in[1], in[2], in[3], d->i));
    double eps = type == EG_F64 ? 0x1p-52 : 0x1p-23;
    for (int k = 0; k < n; k++) {
        double got = s.dtype == EG_F64 ? out[k] : (double)((float *)out)[k];
        double error = fabs((double)(got - want[k])), most = 32 * eps * (double)fabsl(want[k]) + 2 * eps;
        ck_assert_msg(error <= most, "%s of %s, element %d: %.17g, not %.17Lg", thing->name, eg_dtype_name(type), k,
                      got, want[k]);
    }
}

START_TEST(all_agree_with_scalar_code)
{
    static const double sizes[] = {2, 1e-2, 50, 2000};
    for (size_t k = 0; k < LEN(sizes); k++) {
        data d = make(sizes[k]);
        for (size_t j = 0; j < LEN(things); j++) {
            compare(&things[j], &d, EG_F64);
            compare(&things[j], &d, EG_F32);
        }
    }
}
END_TEST

/* -- gradients ---------------------------------------------------------------------------------------------------- */

/* With respect to all floats; class indices do not change. */
static data indices_of;
static eg_val with_indices(void *user, eg_val x)
{
    const struct thing *thing = user;
    eg_val i = eg_constant(eg_array_new(eg, eg_vector(EG_I32, R), indices_of.i)), all[5];
    for (int k = 0; k < 4; k++) all[k] = eg_item(x, k);
    all[4] = i;
    return thing->value(NULL, eg_tuple(eg, 5, all));
}

START_TEST(gradients_agree_with_differences)
{
    const eg_spec m = eg_matrix(EG_F64, R, C), specs[] = {m, m, m, m};
    indices_of = make(1);
    for (size_t j = 0; j < LEN(things); j++)
        check_gradient(things[j].name, with_indices, (void *)(uintptr_t)&things[j], 4, specs, 0.05, 1.6);
}
END_TEST

START_TEST(gradients_of_gradients_agree_with_differences)
{
    static const char *const smooth[] = {"weighted_probabilities", "weighted_mean",          "cross_entropy_sigmoid",
                                         "log_cosh_loss",          "mean_squared_log_error", "l2_norm"};
    const eg_spec m = eg_matrix(EG_F64, R, C), specs[] = {m, m, m, m};
    indices_of = make(1);
    for (size_t j = 0; j < LEN(things); j++) {
        for (size_t k = 0; k < LEN(smooth); k++) {
            if (strcmp(things[j].name, smooth[k]) != 0) continue;
            check_second(smooth[k], with_indices, (void *)(uintptr_t)&things[j], 4, specs, 0.05, 0.9);
        }
    }
}
END_TEST

/* Gradients with respect to predictions, in f32, of numbers of that size: finite, and the value as well. */
static eg_val summed(void *user, eg_val x)
{
    const struct thing *thing = user;
    eg_val y = thing->value(NULL, x);
    return eg_sum(eg_convert(y, EG_F32));
}

static void check_finite(const struct thing *thing, double size)
{
    const eg_spec m = eg_matrix(EG_F32, R, C), specs[] = {m, m, m, m, eg_vector(EG_I32, R)};
    data d = make(size);
    float in[4][N], value, g[N];
    const double *from[] = {d.p, d.t, d.q, d.y};
    for (int k = 0; k < 4; k++) put(EG_F32, from[k], N, in[k]);
    eg_func *f = eg_trace(eg, thing->name, summed, (void *)(uintptr_t)thing, 5, specs);
    eg_func *df = eg_gradient(f, &(eg_gradient_options){.num_args = 1, .args = (int[]){0}});
    ck_assert_msg(df != NULL, "%s: %s", thing->name, eg_message(eg));
    eg_state_free(run_on_new(df, IN(in[0], in[1], in[2], in[3], d.i), (void *[]){&value, g}, false));
    ck_assert_msg(isfinite(value), "%s of %g: %g", thing->name, size, (double)value);
    for (int k = 0; k < N; k++)
        ck_assert_msg(isfinite(g[k]), "%s of %g: gradient of %g is %g", thing->name, size, (double)in[0][k],
                      (double)g[k]);
}

START_TEST(large_and_zero_numbers_have_finite_gradients)
{
    for (size_t j = 0; j < LEN(things); j++) {
        const char *name = things[j].name;
        check_finite(&things[j], 0);
        check_finite(&things[j], 1e17);
        if (!strstr(name, "square") && strcmp(name, "l2_loss") != 0 && strcmp(name, "l2_of_a_number") != 0)
            check_finite(&things[j], 1e35);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("losses");
    TCase *t = tcase_create("losses");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 240);
    tcase_add_test(t, all_agree_with_scalar_code);
    tcase_add_test(t, gradients_agree_with_differences);
    tcase_add_test(t, gradients_of_gradients_agree_with_differences);
    tcase_add_test(t, large_and_zero_numbers_have_finite_gradients);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
