/* The gradient of every operation, against central differences, and the interpreter's bits compiled; once more of the
 * gradient. */
#include "api/ops.h"
#include "grad/grad.h"

#define V(...) eg_val_of_rank_(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})
static eg_spec eg_val_of_rank_(size_t rank, const int64_t *dim)
{
    eg_spec s = {.dtype = EG_F64, .rank = (int)rank};
    memcpy(s.dim, dim, rank * sizeof *dim);
    return s;
}

#define A eg_item(x, 0)
#define B eg_item(x, 1)
#define C eg_item(x, 2)
#define FN(name, expression)                                                                                           \
    static eg_val name(void *user, eg_val x)                                                                           \
    {                                                                                                                  \
        (void)user;                                                                                                    \
        return expression;                                                                                             \
    }

/* -- elementwise: X(name, low, high, expression of x) -------------------------------------------------------------- */

#define UNARY(X)                                                                                                       \
    X(neg, -2, 2, eg_neg(x))                                                                                           \
    X(abs, 0.5, 2, eg_abs(eg_neg(x)))                                                                                  \
    X(square, -2, 2, eg_square(x))                                                                                     \
    X(sqrt, 0.5, 3, eg_sqrt(x))                                                                                        \
    X(rsqrt, 0.5, 3, eg_rsqrt(x))                                                                                      \
    X(cbrt, -3, -0.5, eg_cbrt(x))                                                                                      \
    X(exp, -3, 3, eg_exp(x))                                                                                           \
    X(exp2, -3, 3, eg_exp2(x))                                                                                         \
    X(expm1, -3, 3, eg_expm1(x))                                                                                       \
    X(log, 0.5, 3, eg_log(x))                                                                                          \
    X(log2, 0.5, 3, eg_log2(x))                                                                                        \
    X(log10, 0.5, 3, eg_log10(x))                                                                                      \
    X(log1p, -0.5, 3, eg_log1p(x))                                                                                     \
    X(sin, -3, 3, eg_sin(x))                                                                                           \
    X(cos, -3, 3, eg_cos(x))                                                                                           \
    X(tan, -1, 1, eg_tan(x))                                                                                           \
    X(asin, -0.8, 0.8, eg_asin(x))                                                                                     \
    X(acos, -0.8, 0.8, eg_acos(x))                                                                                     \
    X(atan, -3, 3, eg_atan(x))                                                                                         \
    X(sinh, -3, 3, eg_sinh(x))                                                                                         \
    X(cosh, -3, 3, eg_cosh(x))                                                                                         \
    X(tanh, -3, 3, eg_tanh(x))                                                                                         \
    X(asinh, -3, 3, eg_asinh(x))                                                                                       \
    X(acosh, 1.5, 3, eg_acosh(x))                                                                                      \
    X(atanh, -0.8, 0.8, eg_atanh(x))                                                                                   \
    X(erf, -2, 2, eg_erf(x))                                                                                           \
    X(erfc, -2, 2, eg_erfc(x))                                                                                         \
    X(erfinv, -0.8, 0.8, eg_erfinv(x))                                                                                 \
    X(sigmoid, -4, 4, eg_sigmoid(x))                                                                                   \
    X(softplus, -4, 4, eg_softplus(x))                                                                                 \
    X(exprel, -2, 2, eg_exprel(x))                                                                                     \
    X(exprel_near_zero, -0.1, 0.1, eg_exprel(x))                                                                       \
    X(convert, -2, 2, eg_mul(eg_convert(eg_convert(x, EG_F64), EG_F64), x))                                            \
    X(flat, 0.1, 0.4, eg_mul(x, eg_add(eg_floor(x), eg_add(eg_ceil(x), eg_add(eg_trunc(x), eg_sign(x))))))             \
    X(rounded, 0.1, 0.4, eg_add(x, eg_round(x)))                                                                       \
    X(where, -2, 2, eg_where(eg_gt(x, 0.25), eg_square(x), eg_mul(x, 3)))                                              \
    X(clip, -2, 2, eg_clip(x, -1.03, 1.04))

#define BINARY(X)                                                                                                      \
    X(add, -2, 2, eg_add(A, B))                                                                                        \
    X(sub, -2, 2, eg_sub(A, B))                                                                                        \
    X(mul, -2, 2, eg_mul(A, B))                                                                                        \
    X(div, 0.5, 2, eg_div(A, B))                                                                                       \
    X(fmod, 0.5, 2, eg_fmod(eg_mul(A, 3.3), B))                                                                        \
    X(mod, 0.5, 2, eg_mod(eg_mul(A, -3.3), B))                                                                         \
    X(fma, -2, 2, eg_fma(A, B, eg_sin(A)))                                                                             \
    X(minimum, -2, 2, eg_min(A, B))                                                                                    \
    X(maximum, -2, 2, eg_max(A, B))                                                                                    \
    X(atan2, 0.5, 2, eg_atan2(A, eg_neg(B)))                                                                           \
    X(hypot, 0.5, 2, eg_hypot(A, B))                                                                                   \
    X(pow, 0.5, 2, eg_pow(A, B))                                                                                       \
    X(shared, -2, 2, eg_mul(eg_add(A, B), eg_sub(A, eg_mul(A, B))))

#define DEFINE(name, low, high, expression) FN(u_##name, expression)
UNARY(DEFINE)
#undef DEFINE
#define DEFINE(name, low, high, expression) FN(b_##name, expression)
BINARY(DEFINE)
#undef DEFINE

typedef void check(const char *name, eg_fn fn, void *user, int n, const eg_spec *specs, double low, double high);

static void unary(check *c)
{
    const eg_spec shapes[] = {eg_scalar(EG_F64), V(5), V(3, 17)};
    for (size_t k = 0; k < LEN(shapes); k++) {
#define RUN(name, low, high, expression) c(#name, u_##name, NULL, 1, &shapes[k], low, high);
        UNARY(RUN)
#undef RUN
    }
}

static void binary(check *c)
{
    const eg_spec shapes[][2] = {
        {V(5), V(5)}, {V(3, 4), eg_scalar(EG_F64)}, {eg_scalar(EG_F64), V(7)}, {V(3, 1), V(4)}};
    for (size_t k = 0; k < LEN(shapes); k++) {
#define RUN(name, low, high, expression) c(#name, b_##name, NULL, 2, shapes[k], low, high);
        BINARY(RUN)
#undef RUN
    }
}

START_TEST(elementwise_of_one) { unary(check_gradient); }
END_TEST
START_TEST(elementwise_of_two) { binary(check_gradient); }
END_TEST
START_TEST(second_of_elementwise_of_one) { unary(check_second); }
END_TEST
START_TEST(second_of_elementwise_of_two) { binary(check_second); }
END_TEST

/* -- shapes, reductions, products ---------------------------------------------------------------------------------- */

static eg_val places(int n, const int32_t *at) { return eg_constant(eg_array_new(eg, eg_vector(EG_I32, n), at)); }
static eg_csr *ring(int pre, int post)
{
    int64_t indptr[64] = {0};
    int32_t indices[256];
    for (int k = 0, n = 0; k < pre; k++) {
        for (int j = k % 3; j < post; j += 2) indices[n++] = j;
        indptr[k + 1] = n;
    }
    return eg_csr_new(eg, pre, post, indptr, indices);
}

#define SHAPES(X)                                                                                                      \
    X(sum_all, eg_square(eg_sum(A)), V(3, 4))                                                                          \
    X(sum_axis, eg_square(eg_sum(A, 1)), V(3, 4, 2))                                                                   \
    X(mean, eg_square(eg_mean(A, 0)), V(3, 4))                                                                         \
    X(variance, eg_variance(A, 0, 2), V(3, 4, 2))                                                                      \
    X(logsumexp, eg_logsumexp(A, -1), V(3, 4))                                                                         \
    X(prod_all, eg_prod(A), V(7))                                                                                      \
    X(prod_axis, eg_prod(A, 0, 2), V(3, 2, 5))                                                                         \
    X(prod_zero, eg_prod(eg_mul(A, eg_ne(eg_iota(eg, 5, EG_F64), 2.0)), 0), V(5))                                      \
    X(amin, eg_square(eg_amin(A, 1)), V(3, 4))                                                                         \
    X(amax, eg_square(eg_amax(A)), V(3, 4))                                                                            \
    X(cumsum, eg_square(eg_cumsum(A, 0)), V(5, 2))                                                                     \
    X(cumsum_last, eg_square(eg_cumsum(A, -1)), V(2, 5))                                                               \
    X(sort, eg_square(eg_sort(A, 0)), V(6))                                                                            \
    X(sort_rows, eg_mul(eg_sort(A, 1), eg_sort(eg_square(A), 1)), V(3, 5))                                             \
    X(broadcast, eg_square(eg_broadcast(A, 2, 3, 4)), V(3, 1))                                                         \
    X(reshape, eg_square(eg_reshape(A, 2, 6)), V(3, 4))                                                                \
    X(transpose, eg_square(eg_mul(eg_transpose(A, 2, 0, 1), eg_reshape(A, 4, 2, 3))), V(2, 3, 4))                      \
    X(slice, eg_square(eg_slice(A, 1, 1, 3, 1)), V(3, 4))                                                              \
    X(slices, eg_add(eg_square(eg_slice(A, 0, 0, 2, 1)), eg_exp(eg_slice(A, 0, 1, 3, 1))), V(3, 4))                    \
    X(slice_step, eg_square(eg_slice(eg_slice(A, 1, 6, 0, -2), 0, 0, 5, 2)), V(5, 7))                                  \
    X(flip, eg_mul(eg_flip(A, 0), A), V(4, 2))                                                                         \
    X(roll, eg_mul(eg_roll(A, 2, 0), A), V(5))                                                                         \
    X(slice_at, eg_square(eg_slice_at(A, 0, eg_convert(eg_add(eg_mul(eg_sum(A), 0), 7), EG_I32), 2)), V(5))            \
    X(slices_at, eg_mul(eg_slice_at(A, 0, eg_iota_1(), 2), eg_slice_at(A, 0, eg_iota_1(), 2)), V(5, 2))                \
    X(update, eg_square(eg_update_slice(A, eg_exp(eg_slice(A, 0, 0, 2, 1)), 0, eg_iota_1())), V(5))                    \
    X(concat, eg_square(eg_concat(1, A, eg_sin(A), eg_slice(A, 1, 0, 1, 1))), V(2, 3))                                 \
    X(stack, eg_square(eg_stack(0, A, eg_sin(A))), V(3))                                                               \
    X(pad, eg_square(eg_pad(eg_pad(A, 0, 1, 2, eg_sum(A)), 1, 0, 3, 0.5)), V(2, 3))                                    \
    X(gather, eg_square(eg_gather(A, places(6, (int32_t[]){0, 2, 2, -1, 9, 3}), 0)), V(4, 2))                          \
    X(gather_axis, eg_square(eg_gather(A, places(3, (int32_t[]){0, 2, 2}), 1)), V(2, 3, 2))                            \
    X(row, eg_square(eg_row(A, 1)), V(3, 2))                                                                           \
    X(four, eg_sum(eg_mul(A, eg_transpose(A, 1, 0, 3, 2)), 1, 3), V(2, 2, 3, 3))                                       \
    X(matvec_self, eg_dot(A, A), V(4))                                                                                 \
    X(event_float, eg_square(eg_event(ring(6, 5), A, 0.5)), V(6))                                                      \
    X(event_t, eg_square(eg_event_transposed(ring(6, 5), A, 0.5)), V(5))

/* Values that are 0 where x is small: spikes with values. */
static eg_val some(eg_val x) { return eg_where(eg_gt(x, 0.8), x, 0); }

/* base + x w by the rows that fired, which no public call makes with a base of its own. */
static eg_val onto(eg_val base, eg_val x, eg_val w)
{
    eg_val v[] = {base, x, w};
    egi_call c = egi_begin("onto", __FILE__, __LINE__, 3, v);
    return c.g ? egi_end(&c, egi_dot_event(c.g, base.id, x.id, w.id)) : eg_nothing();
}

/* Each step puts products into what it carries, with weights from outside: their gradient is carried as well. */
static eg_val one_step(void *user, eg_val all)
{
    const eg_val *v = user;
    eg_val c = eg_item(all, 1), y = onto(eg_mul(c, 0.5), some(v[0]), v[1]);
    y = eg_mul(0.1, eg_add(y, eg_dot(eg_gt(eg_transpose(v[0]), 0.9), c)));
    return eg_tuple(eg, 2, ((eg_val[]){y, eg_nothing()}));
}
static eg_val in_a_loop(eg_val a, eg_val b)
{
    return eg_item(eg_loop(eg, 3, one_step, ((eg_val[]){a, b}), eg_square(b), eg_nothing()), 0);
}

#define PAIRS(X)                                                                                                       \
    X(scatter, eg_square(eg_scatter_add(A, places(4, (int32_t[]){1, 1, -1, 7}), B)), V(3, 2), V(4, 2))                 \
    X(update_two, eg_square(eg_update_slice(A, B, 1, eg_iota_1())), V(3, 4), V(3, 2))                                  \
    X(dot, eg_square(eg_dot(A, B)), V(3, 4), V(4, 5))                                                                  \
    X(dot_batched, eg_square(eg_dot(A, B)), V(2, 3, 4), V(2, 4, 2))                                                    \
    X(dot_broadcast, eg_square(eg_dot(A, B)), V(2, 3, 4), V(4, 2))                                                     \
    X(dot_vector, eg_square(eg_dot(A, B)), V(3, 4), V(4))                                                              \
    X(dot_bool, eg_square(eg_dot(eg_gt(A, 0.8), B)), V(6, 4), V(4, 5))                                                 \
    X(dot_bool_square, eg_square(eg_dot(eg_convert(eg_gt(A, 0.8), EG_F64), eg_sin(B))), V(6, 4), V(4, 5))              \
    X(dot_bool_vector, eg_square(eg_dot(eg_gt(A, 0.8), eg_square(B))), V(4), V(4, 5))                                  \
    X(dot_bool_batch, eg_square(eg_dot(eg_gt(A, 0.8), B)), V(2, 3, 4), V(2, 4, 2))                                     \
    X(dot_bool_shared, eg_square(eg_dot(eg_gt(A, 0.8), B)), V(2, 3, 4), V(4, 2))                                       \
    X(dot_bool_turned, eg_square(eg_dot(eg_transpose(eg_gt(A, 0.8)), B)), V(4, 3), V(4, 2))                            \
    X(dot_event, eg_square(onto(eg_sin(eg_slice(A, 1, 0, 2, 1)), some(A), B)), V(3, 4), V(4, 2))                       \
    X(dot_event_twice, eg_square(onto(onto(eg_dot(A, B), some(eg_sin(A)), B), some(A), eg_exp(B))), V(3, 4), V(4, 2))  \
    X(dot_event_loop, eg_square(in_a_loop(A, B)), V(4, 4), V(4, 2))                                                    \
    X(outer, eg_square(eg_outer(A, B)), V(3), V(4))                                                                    \
    X(event_scalar, eg_square(eg_event(ring(6, 5), A, B)), V(6), eg_scalar(EG_F64))                                    \
    X(event_pre, eg_square(eg_event(ring(6, 5), A, B)), V(6), V(6))                                                    \
    X(event_synapse, eg_square(eg_event_add(eg_sum(A), ring(6, 5), A, B)), V(6), V(14))                                \
    X(event_bool, eg_square(eg_event_add(A, ring(6, 5), eg_gt(B, 0.8), eg_square(B))), V(5), V(6))                     \
    X(event_bool_synapse, eg_square(eg_event(ring(6, 5), eg_gt(A, 0.8), B)), V(6), V(14))                              \
    X(event_bool_scalar, eg_square(eg_event(ring(6, 5), eg_gt(A, 0.8), eg_sum(B))), V(6), V(2))                        \
    X(event_t_scalar, eg_square(eg_event_transposed(ring(6, 5), A, eg_sum(B))), V(5), V(2))                            \
    X(event_t_pre, eg_square(eg_event_transposed(ring(6, 5), A, B)), V(5), V(6))                                       \
    X(event_t_synapse, eg_square(eg_event_transposed(ring(6, 5), A, B)), V(5), V(14))                                  \
    X(event_t_bool, eg_square(eg_event_transposed(ring(6, 5), eg_gt(A, 0.8), B)), V(5), V(14))

static eg_val eg_iota_1(void) { return eg_row(eg_iota(eg, 3, EG_I32), 1); }

#undef A
#define A x
#define DEFINE(name, expression, ...) FN(s_##name, expression)
SHAPES(DEFINE)
#undef DEFINE
#undef A
#define A eg_item(x, 0)
#define DEFINE(name, expression, ...) FN(p_##name, expression)
PAIRS(DEFINE)
#undef DEFINE

static void shapes(check *c){
#define SPEC_1(name, expression, s) c(#name, s_##name, NULL, 1, (eg_spec[]){s}, 0.3, 1.5);
    SHAPES(SPEC_1)
#define SPEC_2(name, expression, s, t) c(#name, p_##name, NULL, 2, (eg_spec[]){s, t}, 0.3, 1.5);
        PAIRS(SPEC_2)}

START_TEST(shapes_reductions_and_products)
{
    shapes(check_gradient);
}
END_TEST
START_TEST(second_of_shapes_reductions_and_products) { shapes(check_second); }
END_TEST

/* -- what is chosen ------------------------------------------------------------------------------------------------ */

FN(ties, eg_add(eg_sum(eg_max(x, 0.5)), eg_amax(x)))

START_TEST(equal_operands_share_the_gradient)
{
    double x[3] = {0.5, 0.25, 0.5}, g[3], y;
    eg_func *f = eg_trace(eg, "ties", ties, NULL, 1, (eg_spec[]){V(3)}), *df = eg_gradient(f, NULL);
    fine();
    run_at(df, &(point){1, {V(3)}, {x}}, (void *[]){&y, g}, 1, false);
    ck_assert_double_eq(g[0], 1.0);
    ck_assert_double_eq(g[1], 0.0);
    ck_assert_double_eq(g[2], 1.0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rules");
    TCase *t = tcase_create("rules");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 280);
    tcase_add_test(t, elementwise_of_one);
    tcase_add_test(t, elementwise_of_two);
    tcase_add_test(t, shapes_reductions_and_products);
    tcase_add_test(t, second_of_elementwise_of_one);
    tcase_add_test(t, second_of_elementwise_of_two);
    tcase_add_test(t, second_of_shapes_reductions_and_products);
    tcase_add_test(t, equal_operands_share_the_gradient);
    suite_add_tcase(s, t);
    return test_run(s);
}
