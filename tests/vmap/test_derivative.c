/* Forward mode, Jacobians and Hessians, against each other and against differences. */
#include <math.h>

#include "engram/random.h"
#include "engram/transform.h"
#include "unit/session.h"

#define FN(name) static eg_val name(void *user, eg_val x)
#define I(k) eg_item(x, k)
#define PAIR(a, b) eg_tuple(eg, 2, ((eg_val[]){a, b}))
enum { N = 4, M = 3 };
static const eg_spec mat = {EG_F64, 2, {M, N}}, vec = {EG_F64, 1, {N}};
static eg_var *count;

FN(decay)
{
    (void)user;
    return PAIR(eg_tanh(eg_add(eg_mul(I(1), 0.9), 0.1)), eg_nothing());
}
/* A [M, N], b [N] -> y [M], how many are above 0, the sum of y^3 and some */
FN(model)
{
    (void)user;
    eg_val b = eg_item(eg_loop(eg, 3, decay, NULL, I(1), eg_nothing()), 0);
    eg_val y = eg_dot(I(0), b), noise = eg_normal(eg, eg_vector(EG_F64, M), 0, 0.1);
    eg_set(count, eg_add(eg_get(count), 1));
    y = eg_add(eg_mul(eg_sin(y), eg_add(noise, 1)), eg_convert(eg_get(count), EG_F64));
    return eg_tuple(eg, 3,
                    (eg_val[]){y, eg_sum(eg_convert(eg_gt(y, 0), EG_I32)),
                               eg_add(eg_sum(eg_mul(eg_square(y), y)), eg_sum(eg_exp(eg_mul(I(1), 0.5))))});
}

static double A[M][N], b[N], dA[M][N], db[N];

static void numbers(double *to, int n, double phase)
{
    for (int k = 0; k < n; k++) to[k] = sin(phase + 1.7 * k);
}

static eg_func *open_model(void)
{
    eg = eg_open(NULL);
    count = eg_variable(eg, "count", eg_scalar(EG_I64));
    numbers(&A[0][0], M * N, 1);
    numbers(b, N, 2);
    numbers(&dA[0][0], M * N, 3);
    numbers(db, N, 4);
    eg_func *f = TRACE(model, mat, vec);
    fine();
    return f;
}

/* From the same state each time: the same draws. */
static void run(eg_func *f, const void *const *in, void *const *out, bool interpret)
{
    fine();
    eg_reset(eg, NULL);
    eg_call(f, NULL, in, out, &(eg_run_options){.interpret = interpret});
    fine();
    int64_t n;
    eg_read(count, &n, sizeof n);
    ck_assert_int_eq(n, 1); /* set once, however often it was computed */
}

typedef struct values {
    double y[M];
    int32_t above;
    double s;
} values;

static values value_at(eg_func *f, double h)
{
    double at[M][N], c[N];
    values v;
    for (int k = 0; k < M * N; k++) (&at[0][0])[k] = (&A[0][0])[k] + h * (&dA[0][0])[k];
    for (int k = 0; k < N; k++) c[k] = b[k] + h * db[k];
    run(f, (const void *[]){at, c}, (void *[]){v.y, &v.above, &v.s}, true);
    return v;
}

START_TEST(a_tangent_is_the_derivative_along_a_direction)
{
    eg_func *f = open_model(), *j = eg_jvp(f, NULL);
    fine();
    ck_assert_int_eq(eg_num_args(j), 4);
    ck_assert_int_eq(eg_num_results(j), 5);
    values v, got[2];
    double ty[2][M], ts[2];
    for (int way = 0; way < 2; way++)
        run(j, (const void *[]){A, b, dA, db}, (void *[]){got[way].y, &got[way].above, &got[way].s, ty[way], &ts[way]},
            way);
    ck_assert_mem_eq(ty[0], ty[1], sizeof ty[0]);
    ck_assert_double_eq(ts[0], ts[1]);
    v = value_at(f, 0);
    ck_assert_mem_eq(v.y, got[0].y, sizeof v.y);
    ck_assert_int_eq(v.above, got[0].above);
    ck_assert_double_eq(v.s, got[0].s);
    const double h = 1e-5;
    values up = value_at(f, h), down = value_at(f, -h);
    for (int k = 0; k < M; k++) ck_assert_double_eq_tol(ty[0][k], (up.y[k] - down.y[k]) / (2 * h), 1e-8);
    ck_assert_double_eq_tol(ts[0], (up.s - down.s) / (2 * h), 1e-7);
    eg_close(eg);
}
END_TEST

START_TEST(rows_and_columns_make_the_same_jacobian)
{
    eg_func *f = open_model();
    values v;
    static double byA[2][M][M][N], byb[2][M][N], ty[M], ts;
    for (int way = 0; way < 2; way++) {
        eg_func *j = eg_jacobian(f, &(eg_derivative_options){.forward = way});
        fine();
        ck_assert_int_eq(eg_result_spec(j, 3).rank, 3);
        run(j, (const void *[]){A, b}, (void *[]){v.y, &v.above, &v.s, byA[way], byb[way]}, false);
    }
    run(eg_jvp(f, NULL), (const void *[]){A, b, dA, db}, (void *[]){v.y, &v.above, &v.s, ty, &ts}, false);
    for (int r = 0; r < M; r++) {
        double sum = 0;
        for (int k = 0; k < M * N; k++) {
            double x = (&byA[0][r][0][0])[k];
            ck_assert_double_eq_tol(x, (&byA[1][r][0][0])[k], 1e-14);
            sum += x * (&dA[0][0])[k];
        }
        for (int k = 0; k < N; k++) {
            ck_assert_double_eq_tol(byb[0][r][k], byb[1][r][k], 1e-14);
            sum += byb[0][r][k] * db[k];
        }
        ck_assert_double_eq_tol(sum, ty[r], 1e-13);
    }
    eg_close(eg);
}
END_TEST

START_TEST(a_hessian_is_symmetric_and_the_derivative_of_the_gradient)
{
    eg_func *f = open_model();
    const eg_derivative_options o = {.result = 2, .num_args = 1, .args = (const int[]){1}};
    eg_func *h = eg_hessian(f, &o),
            *g = eg_gradient(f, &(eg_gradient_options){.result = 2, .num_args = 1, .args = o.args});
    values v;
    double H[N][N], up[N], down[N];
    run(h, (const void *[]){A, b}, (void *[]){v.y, &v.above, &v.s, H}, false);
    for (int k = 0; k < N; k++) {
        const double step = 1e-5, kept = b[k];
        b[k] = kept + step;
        run(g, (const void *[]){A, b}, (void *[]){v.y, &v.above, &v.s, up}, false);
        b[k] = kept - step;
        run(g, (const void *[]){A, b}, (void *[]){v.y, &v.above, &v.s, down}, false);
        b[k] = kept;
        for (int j = 0; j < N; j++) {
            ck_assert_double_eq_tol(H[j][k], (up[j] - down[j]) / (2 * step), 1e-6 * (1 + fabs(H[j][k])));
            ck_assert_double_eq_tol(H[j][k], H[k][j], 1e-12 * (1 + fabs(H[j][k])));
        }
    }
    ck_assert_double_ne(H[0][1], 0);
    eg_close(eg);
}
END_TEST

START_TEST(a_vector_gradient_is_that_of_the_sum)
{
    eg_func *f = open_model(), *g = eg_vector_gradient(f, NULL), *j = eg_jacobian(f, NULL);
    values v;
    double gA[M][N], gb[N];
    static double JA[M][M][N], Jb[M][N];
    run(g, (const void *[]){A, b}, (void *[]){v.y, &v.above, &v.s, gA, gb}, false);
    run(j, (const void *[]){A, b}, (void *[]){v.y, &v.above, &v.s, JA, Jb}, false);
    for (int k = 0; k < N; k++) ck_assert_double_eq_tol(gb[k], Jb[0][k] + Jb[1][k] + Jb[2][k], 1e-13);
    for (int r = 0; r < M; r++) {
        for (int k = 0; k < N; k++) ck_assert_double_eq_tol(gA[r][k], JA[0][r][k] + JA[1][r][k] + JA[2][r][k], 1e-13);
    }
    eg_close(eg);
}
END_TEST

START_TEST(wrong_choices_are_errors)
{
    eg_func *f = open_model();
    ck_assert_ptr_null(eg_jacobian(f, &(eg_derivative_options){.result = 1}));
    SAYS(EG_ERR_ARGUMENT, "eg_jacobian", "'model'", "floating", "test_derivative.c");
    ck_assert_ptr_null(eg_jvp(f, &(eg_derivative_options){.num_args = 1, .args = (const int[]){2}}));
    SAYS(EG_ERR_ARGUMENT, "eg_jvp", "argument chosen");
    ck_assert_ptr_null(eg_hessian(f, &(eg_derivative_options){.result = 0}));
    SAYS(EG_ERR_SHAPE, "result 0");
    ck_assert_ptr_null(eg_jvp(f, &(eg_derivative_options){.num_args = 1}));
    SAYS(EG_ERR_ARGUMENT, "list of arguments");
    ck_assert_ptr_null(eg_jvp(NULL, NULL));
    eg_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("derivatives");
    TCase *c = tcase_create("derivatives");
    tcase_set_timeout(c, 0);
    tcase_add_test(c, a_tangent_is_the_derivative_along_a_direction);
    tcase_add_test(c, rows_and_columns_make_the_same_jacobian);
    tcase_add_test(c, a_hessian_is_symmetric_and_the_derivative_of_the_gradient);
    tcase_add_test(c, a_vector_gradient_is_that_of_the_sum);
    tcase_add_test(c, wrong_choices_are_errors);
    suite_add_tcase(s, c);
    return test_run(s);
}
