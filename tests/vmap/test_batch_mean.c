/* Means over the samples of a batch: functions of one sample, of which eg_vmap() makes copies. */
#include <math.h>

#include "engram/transform.h"
#include "unit/session.h"

#define FN(name) static eg_val name(void *user, eg_val x)
#define I(k) eg_item(x, k)
#define PAIR(a, b) eg_tuple(eg, 2, ((eg_val[]){a, b}))
enum { N = 5, M = 4, MOST = 17 };
static const eg_spec vec = {EG_F64, 1, {N}}, one = {EG_F64, 0, {0}};

/* -- numbers, runs ------------------------------------------------------------------------------------------------- */

static void numbers(double *to, int n, double phase)
{
    for (int k = 0; k < n; k++) to[k] = sin(phase + 1.7 * k + 0.3 * k * k);
}

/* Interpreter, then compiled code on one and two threads: the same bits; `bytes` of each result. */
static void call(eg_func *f, const void *const *in, int num_out, void *const *out)
{
    fine();
    ck_assert_int_eq(eg_num_results(f), num_out);
    void *again[8] = {0};
    for (int k = 0; k < num_out; k++) ck_assert_ptr_nonnull(again[k] = malloc(bytes_of(eg_result_spec(f, k)) + 1));
    for (int way = 0; way < 3; way++) {
        eg_state *s = eg_state_new(eg);
        eg_run_options o = {.interpret = way == 0, .threads = way};
        eg_call(f, s, in, way ? again : out, &o);
        ck_assert_msg(eg_run_status(s) == EG_OK, "%s", eg_run_message(s));
        eg_state_free(s);
        for (int k = 0; way && k < num_out; k++) ck_assert_mem_eq(out[k], again[k], bytes_of(eg_result_spec(f, k)));
    }
    for (int k = 0; k < num_out; k++) free(again[k]);
    fine();
}
#define OUT(...) (int)(sizeof((void *[]){__VA_ARGS__}) / sizeof(void *)), ((void *[]){__VA_ARGS__})

static void close_to(double a, double b, double tolerance)
{
    ck_assert_msg(fabs(a - b) <= tolerance * (1 + fabs(b)), "%.17g, not %.17g", a, b);
}

/* -- values -------------------------------------------------------------------------------------------------------- */

FN(centred)
{
    (void)user;
    eg_val m = eg_batch_mean(I(0));
    return eg_tuple(eg, 4, (eg_val[]){m, eg_sub(I(0), m), eg_batch_mean(I(1)), eg_batch_mean(I(2))});
}

START_TEST(a_mean_is_that_of_all_copies)
{
    static const int sizes[] = {1, 3, MOST};
    const int num = sizes[_i];
    static double x[MOST * N], s[MOST], m[MOST * N], d[MOST * N], ms[MOST];
    static float y[MOST * N], my[MOST * N];
    numbers(x, MOST * N, 1);
    numbers(s, MOST, 2);
    for (int k = 0; k < MOST * N; k++) y[k] = (float)x[k] * 3;
    eg_func *f = TRACE(centred, vec, one, eg_vector(EG_F32, N));
    call(f, IN(x, s, y), OUT(m, d, ms, my)); /* one sample is its own mean */
    ck_assert_mem_eq(m, x, sizeof(double[N]));
    ck_assert_mem_eq(my, y, sizeof(float[N]));
    ck_assert_double_eq(ms[0], s[0]);
    call(eg_vmap(f, num, NULL), IN(x, s, y), OUT(m, d, ms, my));
    double total = 0;
    for (int j = 0; j < num; j++) total += s[j];
    for (int k = 0; k < N; k++) {
        double sum = 0;
        float sum32 = 0;
        for (int j = 0; j < num; j++) sum += x[j * N + k], sum32 += y[j * N + k];
        for (int j = 0; j < num; j++) {
            ck_assert_double_eq(m[j * N + k], sum / num);
            ck_assert_double_eq(d[j * N + k], x[j * N + k] - sum / num);
            ck_assert_float_eq(my[j * N + k], sum32 / (float)num);
            close_to(ms[j], total / num, 1e-15);
        }
    }
}
END_TEST

FN(shared_mean) { return (void)user, eg_add(eg_batch_mean(I(0)), eg_mul(I(1), 0)); }

START_TEST(what_does_not_differ_is_its_own_mean)
{
    double w[N], x[3][N] = {{0}}, y[3][N];
    numbers(w, N, 1);
    eg_func *f = TRACE(shared_mean, vec, vec);
    call(eg_vmap(f, 3, &(eg_vmap_options){.num_shared = 1, .shared = (const int[]){0}}), IN(w, x), OUT(y));
    for (int k = 0; k < 3; k++) ck_assert_mem_eq(y[k], w, sizeof w);
}
END_TEST

FN(mean) { return (void)user, eg_batch_mean(x); }

START_TEST(the_first_of_nested_vmaps_averages)
{
    double x[2][3] = {{1, 2, 6}, {10, 20, 60}}, y[2][3], z[2][3];
    eg_func *f = TRACE(mean, one);
    call(eg_vmap(eg_vmap(f, 3, NULL), 2, NULL), IN(x), OUT(y));
    for (int k = 0; k < 3; k++) ck_assert(y[0][k] == 3 && y[1][k] == 30);
    /* the first one shares it: that is settled, the second one has none to take */
    eg_func *shared = eg_vmap(f, 3, &(eg_vmap_options){.num_shared = 1, .shared = (const int[]){0}});
    call(eg_vmap(shared, 2, NULL), IN(((double[]){4, 5})), OUT(z));
    for (int k = 0; k < 3; k++) ck_assert(z[0][k] == 4 && z[1][k] == 5);
}
END_TEST

static eg_var *running;

FN(tracks)
{
    (void)user;
    eg_val m = eg_batch_mean(x);
    eg_set(running, eg_add(eg_mul(eg_get(running), 0.5), m));
    return eg_sub(x, eg_get(running));
}

START_TEST(a_shared_variable_may_be_set_to_a_mean)
{
    double x[] = {1, 2, 6}, y[3], r;
    running = eg_variable(eg, "running", one);
    eg_func *all = eg_vmap(TRACE(tracks, one), 3, NULL);
    fine();
    for (int k = 0; k < 2; k++) eg_call(all, NULL, IN(x), (void *[]){y}, NULL);
    eg_read(running, &r, sizeof r);
    ck_assert_double_eq(r, 4.5);
    ck_assert(y[0] == -3.5 && y[2] == 1.5);
}
END_TEST

START_TEST(the_text_keeps_means)
{
    double x[] = {1, 2, 6}, y[3];
    eg_func *f = TRACE(mean, one);
    ck_assert_msg(strstr(eg_text(f), "= batch_mean f64") != NULL, "%s", eg_text(f));
    eg_func *g = eg_parse(eg, eg_text(f));
    fine();
    ck_assert_str_eq(eg_text(f), eg_text(g));
    call(eg_vmap(g, 3, NULL), IN(x), OUT(y));
    ck_assert_double_eq(y[1], 3);
    ck_assert_ptr_null(strstr(eg_text(eg_vmap(g, 3, NULL)), "= batch_mean"));
}
END_TEST

/* -- loops, conds: only active copies ------------------------------------------------------------------------------ */

FN(pull)
{
    (void)user;
    eg_val c = eg_add(eg_mul(I(1), 0.5), I(2)), m = eg_batch_mean(c);
    return PAIR(eg_sub(c, eg_mul(m, 0.25)), m);
}
FN(loops)
{
    eg_val r = eg_loop(eg, M, pull, user, eg_zeros(eg, one), x); /* x [M] */
    return PAIR(eg_item(r, 0), eg_item(r, 1));
}

START_TEST(a_loop_averages_in_each_step)
{
    double x[3][M], c[3], m[3][M], want[3] = {0};
    numbers(x[0], 3 * M, 1);
    call(eg_vmap(TRACE(loops, eg_vector(EG_F64, M)), 3, NULL), IN(x), OUT(c, m));
    for (int t = 0; t < M; t++) {
        double sum = 0;
        for (int k = 0; k < 3; k++) sum += want[k] = want[k] * 0.5 + x[k][t];
        for (int k = 0; k < 3; k++) {
            close_to(m[k][t], sum / 3, 1e-15);
            want[k] -= 0.25 * sum / 3;
        }
    }
    for (int k = 0; k < 3; k++) close_to(c[k], want[k], 1e-15);
}
END_TEST

FN(meet) { return (void)user, PAIR(eg_add(eg_mul(eg_batch_mean(I(1)), 0.5), eg_mul(I(1), 0.25)), eg_nothing()); }
FN(own_length) { return eg_item(eg_loop(eg, I(1), meet, user, I(0), eg_nothing()), 0); }
FN(left) { return (void)user, eg_gt(I(1), 0); }
FN(one_turn)
{
    eg_val c = I(0), next = eg_add(eg_mul(eg_batch_mean(c), 0.5), eg_mul(c, 0.25));
    return (void)user, PAIR(next, eg_sub(I(1), 1));
}
FN(own_turns) { return eg_item(eg_while(eg, left, one_turn, user, x), 0); }

START_TEST(steps_average_over_those_that_still_go_on)
{
    const int64_t n[] = {0, 3, 1, 3};
    double x[] = {8, 1, 2, -4}, y[4], z[4];
    eg_func *f = TRACE(own_length, one, eg_scalar(EG_I64)), *g = TRACE(own_turns, one, eg_scalar(EG_I64));
    call(eg_vmap(f, 4, NULL), IN(x, n), OUT(y));
    call(eg_vmap(g, 4, NULL), IN(x, n), OUT(z));
    for (int t = 0; t < 3; t++) {
        double sum = 0, active = 0;
        for (int k = 0; k < 4; k++) sum += t < n[k] ? x[k] : 0, active += t < n[k];
        for (int k = 0; k < 4; k++) x[k] = t < n[k] ? 0.5 * sum / active + 0.25 * x[k] : x[k];
    }
    for (int k = 0; k < 4; k++) {
        close_to(y[k], x[k], 1e-15);
        close_to(z[k], x[k], 1e-15);
    }
}
END_TEST

FN(above) { return (void)user, eg_mul(I(0), eg_sub(I(0), eg_batch_mean(I(0)))); }
FN(below) { return (void)user, eg_sin(eg_mul(eg_batch_mean(I(0)), I(1))); }
FN(arms) { return eg_cond(eg_gt(I(0), 0), above, below, user, x); }
/* an arm in an arm */
FN(high_or_low) { return eg_cond(eg_gt(I(0), 1), above, below, user, x); }
FN(arms_in_arms) { return eg_cond(eg_gt(I(0), 0), high_or_low, below, user, x); }

static double arms_want(int n, const double *x, const double *w, int k, bool inner)
{
    double sum = 0, active = 0;
    const int own = (x[k] > 0) + (inner && x[k] > 1);
    for (int j = 0; j < n; j++) {
        if ((x[j] > 0) + (inner && x[j] > 1) == own) sum += x[j], active++;
    }
    const double m = sum / active;
    return own == 1 + inner ? x[k] * (x[k] - m) : sin(m * w[k]);
}

START_TEST(arms_average_over_the_copies_that_chose_them)
{
    double x[][6] = {{1, -2, 3, -4, 0.5, 6}, {1, 2, 3, 4, 5, 6}, {-1, -2, -3, -4, -5, 7}}, w[6], y[6];
    numbers(w, 6, 3);
    eg_func *f = eg_vmap(TRACE(arms, one, one), 6, NULL), *g = eg_vmap(TRACE(arms_in_arms, one, one), 6, NULL);
    for (size_t c = 0; c < LEN(x); c++) {
        call(f, IN(x[c], w), OUT(y));
        for (int k = 0; k < 6; k++) close_to(y[k], arms_want(6, x[c], w, k, false), 1e-14);
        call(g, IN(x[c], w), OUT(y));
        for (int k = 0; k < 6; k++) close_to(y[k], arms_want(6, x[c], w, k, true), 1e-14);
    }
}
END_TEST

/* -- gradients ----------------------------------------------------------------------------------------------------- */

static eg_val normalised(eg_val x)
{
    eg_val d = eg_sub(x, eg_batch_mean(x)), v = eg_batch_mean(eg_square(d));
    return eg_div(d, eg_sqrt(eg_add(v, 0.01)));
}
/* x [N], w [N]: a loss */
FN(layer) { return (void)user, eg_sum(eg_mul(eg_tanh(eg_mul(normalised(eg_mul(I(0), eg_add(I(1), 2))), I(1))), I(0))); }
FN(loop_step)
{
    (void)user;
    eg_val u = eg_add(eg_mul(I(1), 0.5), eg_sin(I(2)));
    return PAIR(eg_sub(u, eg_mul(eg_batch_mean(u), I(2))), eg_batch_mean(eg_square(u)));
}
FN(loop_loss)
{
    eg_val r = eg_loop(eg, N, loop_step, user, eg_sum(I(1)), eg_mul(I(0), I(1)));
    return eg_add(eg_square(eg_item(r, 0)), eg_sum(eg_mul(eg_item(r, 1), I(0))));
}
FN(arm_loss)
{
    eg_val s = eg_sum(I(0)), v = eg_add(eg_sum(eg_mul(I(0), I(1))), 0.25);
    return eg_mul(eg_cond(eg_gt(s, 0), above, below, user, PAIR(v, s)), v);
}
FN(unmapped_loss) { return (void)user, eg_sum(eg_mul(eg_square(eg_batch_mean(I(1))), I(0))); }

FN(total)
{
    eg_func *all = user;
    return eg_sum(eg_apply(all, x));
}

enum { B = 4 };

static const eg_vmap_options share_w = {.num_shared = 1, .shared = (const int[]){1}};
static eg_func *total_of(eg_fn fn, const char *name)
{
    eg_func *all = eg_vmap(eg_trace(eg, name, fn, NULL, 2, (const eg_spec[]){vec, vec}), B, &share_w);
    eg_func *f = eg_trace(eg, "total", total, all, 2, (const eg_spec[]){eg_matrix(EG_F64, B, N), vec});
    fine();
    return f;
}

static double loss_at(eg_func *f, const double *x, const double *w)
{
    double y;
    eg_call(f, NULL, IN(x, w), (void *[]){&y}, &(eg_run_options){.interpret = true});
    fine();
    return y;
}

static const struct {
    const char *name;
    eg_fn fn;
} losses[] = {{"layer", layer}, {"loop_loss", loop_loss}, {"arm_loss", arm_loss}, {"unmapped_loss", unmapped_loss}};

START_TEST(copies_of_a_gradient_are_the_gradient_of_the_sum_over_copies)
{
    double x[B * N], w[N], y[B], gx[B * N], gw[B * N], sum, hx[B * N], hw[N];
    numbers(x, B * N, 1);
    numbers(w, N, 2);
    eg_func *f = total_of(losses[_i].fn, losses[_i].name);
    eg_func *one_sample = eg_trace(eg, losses[_i].name, losses[_i].fn, NULL, 2, (const eg_spec[]){vec, vec});
    call(eg_vmap(eg_gradient(one_sample, NULL), B, &share_w), IN(x, w), OUT(y, gx, gw));
    call(eg_gradient(f, NULL), IN(x, w), OUT(&sum, hx, hw));
    close_to(y[0] + y[1] + y[2] + y[3], sum, 1e-13);
    const double h = 1e-6;
    for (int k = 0; k < B * N; k++) {
        const double before = x[k];
        close_to(gx[k], hx[k], 1e-12);
        x[k] = before + h;
        double up = loss_at(f, x, w);
        x[k] = before - h;
        close_to(gx[k], (up - loss_at(f, x, w)) / (2 * h), 1e-7);
        x[k] = before;
    }
    for (int k = 0; k < N; k++) {
        const double before = w[k];
        close_to(gw[k] + gw[N + k] + gw[2 * N + k] + gw[3 * N + k], hw[k], 1e-12);
        w[k] = before + h;
        double up = loss_at(f, x, w);
        w[k] = before - h;
        close_to(hw[k], (up - loss_at(f, x, w)) / (2 * h), 1e-7);
        w[k] = before;
    }
}
END_TEST

/* x, w, v: v times the gradient with respect to x */
FN(along)
{
    eg_func *df = user;
    return eg_sum(eg_mul(eg_item(eg_apply(df, PAIR(I(0), I(1))), 1), I(2)));
}

START_TEST(second_derivatives_go_through_batch_normalisation)
{
    static double x[B * N], w[N], v[B * N], y[B], Hv[B * N], up[B * N], down[B * N], H[B * N][B * N], sum, at[B * N];
    numbers(x, B * N, 1);
    numbers(w, N, 2);
    numbers(v, B * N, 3);
    const int first[] = {0};
    eg_func *f = TRACE(layer, vec, vec), *df = eg_gradient(f, &(eg_gradient_options){.num_args = 1, .args = first});
    eg_func *g = eg_trace(eg, "along", along, df, 3, (const eg_spec[]){vec, vec, vec});
    eg_func *dg = eg_vmap(eg_gradient(g, &(eg_gradient_options){.num_args = 1, .args = first}), B, &share_w);
    eg_func *all = eg_vmap(df, B, &share_w);
    call(dg, IN(x, w, v), OUT(y, Hv));
    const double h = 1e-5;
    for (int k = 0; k < B * N; k++) at[k] = x[k] + h * v[k];
    call(all, IN(at, w), OUT(y, up));
    for (int k = 0; k < B * N; k++) at[k] = x[k] - h * v[k];
    call(all, IN(at, w), OUT(y, down));
    eg_func *hessian = eg_hessian(total_of(layer, "layer"), &(eg_derivative_options){.num_args = 1, .args = first});
    call(hessian, IN(x, w), OUT(&sum, H));
    for (int k = 0; k < B * N; k++) {
        double product = 0;
        for (int j = 0; j < B * N; j++) product += H[k][j] * v[j];
        close_to(Hv[k], (up[k] - down[k]) / (2 * h), 1e-6);
        close_to(Hv[k], product, 1e-10);
    }
}
END_TEST

FN(centred_square) { return (void)user, eg_mul(eg_sub(x, eg_mul(eg_batch_mean(x), 0.5)), x); }
FN(sum_of_rows) { return eg_sum(eg_apply((eg_func *)user, x), 0); }

START_TEST(rows_of_a_jacobian_are_no_samples)
{
    double x[B * N], y[B * N], z[N], J[B][N][N], K[N * N], G[N][B][N];
    numbers(x, B * N, 1);
    eg_func *f = TRACE(centred_square, vec);
    for (int way = 0; way < 2; way++) { /* of one sample: of x^2 / 2 */
        call(eg_jacobian(f, &(eg_derivative_options){.forward = way}), IN(x), OUT(y, K));
        for (int k = 0; k < N * N; k++) close_to(K[k], k % (N + 1) ? 0 : x[k / N], 1e-15);
    }
    call(eg_vmap(eg_jacobian(f, NULL), B, NULL), IN(x), OUT(y, J));
    eg_func *sum = eg_trace(eg, "sum", sum_of_rows, eg_vmap(f, B, NULL), 1, (const eg_spec[]){{EG_F64, 2, {B, N}}});
    call(eg_jacobian(sum, NULL), IN(x), OUT(z, G));
    for (int b = 0; b < B; b++) {
        for (int k = 0; k < N * N; k++) close_to(J[b][k / N][k % N], G[k / N][b][k % N], 1e-14);
    }
}
END_TEST

/* -- custom gradients ---------------------------------------------------------------------------------------------- */

FN(squares) { return (void)user, eg_square(x); }
FN(mean_slope) { return (void)user, eg_batch_mean(eg_mul(I(2), eg_mul(I(0), 2))); }
FN(custom) { return eg_custom_gradient(eg, squares, mean_slope, user, x); }
FN(custom_in_arm) { return eg_cond(eg_gt(x, 0), custom, NULL, user, x); }
FN(stopped) { return (void)user, eg_mul(x, eg_stop_gradient(eg_batch_mean(x))); }

START_TEST(custom_gradients_may_average)
{
    double x[] = {1, 2, 6}, ones[] = {1, 1, 1}, y[3], g[3];
    eg_func *f = TRACE(custom, one), *s = TRACE(stopped, one);
    call(eg_vmap(eg_gradient(f, NULL), 3, NULL), IN(x), OUT(y, g));
    for (int k = 0; k < 3; k++) ck_assert(g[k] == 6 && y[k] == x[k] * x[k]);
    call(eg_gradient(eg_vmap(f, 3, NULL), &(eg_gradient_options){.pullback = true}), IN(x, ones), OUT(y, g));
    for (int k = 0; k < 3; k++) ck_assert_double_eq(g[k], 6);
    call(eg_vmap(eg_gradient(s, NULL), 3, NULL), IN(x), OUT(y, g));
    for (int k = 0; k < 3; k++) ck_assert(g[k] == 3 && y[k] == 3 * x[k]);
    ck_assert_ptr_null(strstr(eg_text(s), "= custom"));
    ck_assert_ptr_nonnull(strstr(eg_text(s), "= batch_mean"));
    ck_assert_ptr_null(eg_vmap(TRACE(custom_in_arm, one), 3, NULL));
    SAYS(EG_ERR_TYPE, "eg_vmap", "batch_mean", "which of them to average over", "test_batch_mean.c");
}
END_TEST

/* -- what cannot be ------------------------------------------------------------------------------------------------ */

FN(pair_mean) { return (void)user, eg_batch_mean(PAIR(x, x)); }
FN(nothing_mean) { return (void)user, (void)x, eg_batch_mean(eg_nothing()); }
FN(plain_mean) { return (void)user, eg_mul(x, eg_batch_mean(3)); }

START_TEST(only_floats_have_a_mean)
{
    static const eg_dtype types[] = {EG_BOOL, EG_I32, EG_U32, EG_I64};
    for (size_t k = 0; k < LEN(types); k++) {
        const eg_spec s = eg_vector(types[k], N);
        ck_assert_ptr_null(eg_trace(eg, "mean", mean, NULL, 1, &s));
        SAYS(EG_ERR_TYPE, "eg_batch_mean", eg_dtype_name(types[k]), "eg_convert", "test_batch_mean.c");
    }
    ck_assert_ptr_null(eg_trace(eg, "pair", pair_mean, NULL, 1, &vec));
    SAYS(EG_ERR_TYPE, "eg_batch_mean", "test_batch_mean.c");
    ck_assert_ptr_null(eg_trace(eg, "nothing", nothing_mean, NULL, 1, &vec));
    ck_assert_int_ne(eg_error(eg), EG_OK);
    eg_clear_error(eg);
    double x = 2, y;
    call(TRACE(plain_mean, one), IN(&x), OUT(&y));
    ck_assert_double_eq(y, 6);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("batch_mean");
    TCase *c = tcase_create("batch_mean");
    tcase_set_timeout(c, 0);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, a_mean_is_that_of_all_copies, 0, 3);
    tcase_add_test(c, what_does_not_differ_is_its_own_mean);
    tcase_add_test(c, the_first_of_nested_vmaps_averages);
    tcase_add_test(c, a_shared_variable_may_be_set_to_a_mean);
    tcase_add_test(c, the_text_keeps_means);
    tcase_add_test(c, a_loop_averages_in_each_step);
    tcase_add_test(c, steps_average_over_those_that_still_go_on);
    tcase_add_test(c, arms_average_over_the_copies_that_chose_them);
    tcase_add_loop_test(c, copies_of_a_gradient_are_the_gradient_of_the_sum_over_copies, 0, (int)LEN(losses));
    tcase_add_test(c, second_derivatives_go_through_batch_normalisation);
    tcase_add_test(c, rows_of_a_jacobian_are_no_samples);
    tcase_add_test(c, custom_gradients_may_average);
    tcase_add_test(c, only_floats_have_a_mean);
    suite_add_tcase(s, c);
    return test_run(s);
}
