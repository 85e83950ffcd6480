/* Public operations: types, shapes, contraction, values, and their messages. */
#include "ops_session.h"

static double plain(eg_val v)
{
    ck_assert(egi_is_plain(v));
    return egi_plain_real(v);
}

/* -- types -------------------------------------------------------------------------------------------------------- */

START_TEST(plain_numbers_fold_without_a_context)
{
    ck_assert_double_eq(plain(eg_add(1.0, 2.0)), 3.0);
    ck_assert_double_eq(plain(eg_div(7, 2)), 3.0);
    ck_assert_double_eq(plain(eg_div(7, 2.0)), 3.5);
    ck_assert_double_eq(plain(eg_exp(1.0)), exp(1.0));
    ck_assert_double_eq(plain(eg_where(eg_lt(1, 2), 5, 6)), 5);
    ck_assert_double_eq(plain(eg_not(eg_lt(1, 2))), 0);
    ck_assert_double_eq(plain(eg_not(5)), -6);
    ck_assert_double_eq(plain(eg_clip(9, 0, 3)), 3);
    ck_assert_double_eq(plain(eg_pow(2, 0.5)), sqrt(2));
    ck_assert_double_eq(plain(eg_sum(4)), 4);
    ck_assert_double_eq(plain(eg_convert(2.9, EG_I32)), 2);
    ck_assert_double_eq(plain(eg_floor(3)), 3);
    ck_assert_double_eq(plain(eg_fma(2, 3, 4)), 10);
    for (double y = -0.999; y < 1; y += 0.111) ck_assert_double_eq_tol(erf(plain(eg_erfinv(y))), y, 1e-15);
    ck_assert_double_eq_tol(erfc(plain(eg_erfinv(1 - 0x1p-50))) * 0x1p50, 1, 1e-9);
    ck_assert_int_eq(isinf(plain(eg_erfinv(-1))), -1);
    ck_assert(eg_and(1.5, 2).of == NULL);
}
END_TEST

/* Types of real numbers; those of complex ones: tests/unit/test_complex.c. */
static const eg_dtype last_real = EG_F64;

START_TEST(plain_numbers_take_the_type_of_the_other_operand)
{
    static const eg_dtype with_int[] = {EG_I32, EG_I32, EG_U32, EG_I64, EG_F32, EG_F64};
    static const eg_dtype with_real[] = {EG_F32, EG_F32, EG_F32, EG_F32, EG_F32, EG_F64};
    for (eg_dtype t = 0; t <= last_real; t++) {
        eg_val x = arg(eg_vector(t, 3), "x");
        is_spec(eg_add(x, 2), eg_vector(with_int[t], 3));
        is_spec(eg_add(2.5, x), eg_vector(with_real[t], 3));
        is_spec(eg_lt(x, 2), eg_vector(EG_BOOL, 3));
        is_spec(eg_where(eg_gt(x, 0), x, 1), eg_vector(t, 3));
    }
    ck_assert_int_eq(eg_error(eg), EG_OK);
}
END_TEST

START_TEST(traced_types_meet_in_the_higher_one)
{
    for (eg_dtype t = 0; t <= last_real; t++) {
        for (eg_dtype u = 0; u <= last_real; u++) {
            eg_dtype want = t > u ? t : u;
            if (want == EG_BOOL) want = EG_I32;
            if ((t == EG_I32 && u == EG_U32) || (t == EG_U32 && u == EG_I32)) want = EG_I64;
            is_spec(eg_mul(arg(eg_scalar(t), "a"), arg(eg_vector(u, 2), "b")), eg_vector(want, 2));
        }
    }
    eg_val b = arg(eg_scalar(EG_BOOL), "b"), i = arg(eg_scalar(EG_I64), "i");
    is_spec(eg_and(b, true), eg_scalar(EG_BOOL));
    is_spec(eg_and(b, i), eg_scalar(EG_I64));
    is_spec(eg_exp(i), eg_scalar(EG_F32));
    is_spec(eg_sum(b), eg_scalar(EG_I32));
    is_spec(eg_mean(b), eg_scalar(EG_F32));
    is_spec(eg_any(i), eg_scalar(EG_BOOL));
    is_spec(eg_shl(arg(eg_scalar(EG_U32), "u"), i), eg_scalar(EG_U32));
    is_spec(eg_round(i), eg_scalar(EG_I64));
    is_spec(eg_pow(i, 3), eg_scalar(EG_I64));
    is_spec(eg_pow(i, 0), eg_scalar(EG_I64));
    is_spec(eg_pow(i, 0.5), eg_scalar(EG_F32));
    is_spec(eg_fma(i, 2, b), eg_scalar(EG_I64));
    is_spec(eg_where(1.5, b, i), eg_scalar(EG_I64));
    is_spec(eg_argmax(arg(eg_vector(EG_BOOL, 4), "v"), 0), eg_scalar(EG_I32));
    ck_assert_int_eq(eg_error(eg), EG_OK);
}
END_TEST

START_TEST(a_number_that_does_not_fit_is_an_error)
{
    eg_val u = arg(eg_vector(EG_U32, 4), "u"), f = arg(eg_vector(EG_F64, 4), "V");
    SAYS(eg_add(u, -1), EG_ERR_TYPE, "eg_add", "-1", "u32", "eg_convert");
    SAYS(eg_xor(f, 1), EG_ERR_TYPE, "eg_xor", "V f64[4]", "compare first");
    SAYS(eg_convert(f, (eg_dtype)77), EG_ERR_TYPE, "eg_convert", "77");
    is_spec(eg_xor(u, 0xFFFFFFFFu), eg_vector(EG_U32, 4));
}
END_TEST

/* -- shapes ------------------------------------------------------------------------------------------------------- */

START_TEST(shapes_broadcast_from_the_last_axis)
{
    eg_val a = arg(eg_matrix(EG_F32, 2, 3), "a"), b = arg(eg_vector(EG_F32, 3), "b");
    eg_val col = arg(eg_matrix(EG_F32, 2, 1), "col"), s = arg(eg_scalar(EG_F32), "s");
    is_spec(eg_add(a, b), eg_matrix(EG_F32, 2, 3));
    is_spec(eg_add(col, b), eg_matrix(EG_F32, 2, 3));
    ck_assert_int_eq(op_of_arg(eg_sub(col, b), 0), EGI_BROADCAST);
    ck_assert_int_eq(op_of_arg(eg_sub(a, s), 1), EGI_ARG); /* scalars stay */
    const float A[] = {0, 1, 2, 3, 4, 5}, B[] = {10, 20, 30}, C[] = {100, 200}, S[] = {0};
    CHECK_F32(eg_add(col, b), ARGS(A, B, C, S), 110, 120, 130, 210, 220, 230);
    CHECK_F32(eg_sub(a, b), ARGS(A, B, C, S), -10, -19, -28, -7, -16, -25);
    CHECK_F32(eg_where(eg_gt(a, 2), a, -1.0), ARGS(A, B, C, S), -1, -1, -1, 3, 4, 5);
    is_spec(eg_where(1, s, a), eg_matrix(EG_F32, 2, 3));
    is_spec(eg_where(0, eg_where(1, 2.0, s), a), eg_matrix(EG_F32, 2, 3));
}
END_TEST

START_TEST(shapes_that_do_not_fit_are_named)
{
    eg_val V = arg(eg_vector(EG_F32, 10), "V"), I = arg(eg_vector(EG_F32, 20), "I");
    SAYS(eg_add(V, I), EG_ERR_SHAPE, "eg_add", "V f32[10]", "I f32[20]", "10 and 20", "eg_reshape");
    SAYS(eg_fma(1, V, I), EG_ERR_SHAPE, "eg_fma", "V f32[10]", "I f32[20]");
    eg_var *v = eg_variable(eg, "E.V", eg_vector(EG_F32, 7));
    SAYS(eg_mul(eg_get(v), V), EG_ERR_SHAPE, "eg_mul", "E.V f32[7]", "V f32[10]");
    SAYS(eg_reshape(V, 3, 4), EG_ERR_SHAPE, "eg_reshape", "V f32[10]", "10 elements", "12");
    SAYS(eg_reshape(V, 3, -1), EG_ERR_SHAPE, "eg_reshape", "10 elements", "3");
    SAYS(eg_reshape(V, -1, -1), EG_ERR_SHAPE, "eg_reshape", "-1");
    SAYS(eg_reshape(V, -2, -5), EG_ERR_SHAPE, "eg_reshape", "[-2,-5]");
    SAYS(eg_reshape_to(V, 9, NULL), EG_ERR_SHAPE, "eg_reshape", "rank 9");
    SAYS(eg_reshape_to(V, 2, NULL), EG_ERR_ARGUMENT, "eg_reshape", "NULL");
    SAYS(eg_broadcast(V, 10, 11), EG_ERR_SHAPE, "eg_broadcast", "V f32[10]", "[10,11]");
    SAYS(eg_transpose(V, 1, 0), EG_ERR_SHAPE, "eg_transpose", "V f32[10]");
    SAYS(eg_transpose(eg_reshape(V, 2, 5), 1, 1), EG_ERR_SHAPE, "eg_transpose", "twice");
    SAYS(eg_swap_axes(V, 0, 1), EG_ERR_SHAPE, "eg_swap_axes", "axis 1");
    SAYS(eg_swap_axes(V, -2, 0), EG_ERR_SHAPE, "eg_swap_axes");
    SAYS(eg_sum(V, 1), EG_ERR_SHAPE, "eg_sum", "axis 1");
    SAYS(eg_mean(V, 0, -1), EG_ERR_SHAPE, "eg_mean", "twice");
    SAYS(eg_sum_axes(V, -1, NULL, false), EG_ERR_ARGUMENT, "eg_sum");
    SAYS(eg_sort(eg_sum(V), 0), EG_ERR_SHAPE, "eg_sort", "no axis");
    SAYS(eg_dot(V, I), EG_ERR_SHAPE, "eg_dot", "V f32[10]", "I f32[20]");
    SAYS(eg_dot(V, eg_sum(I)), EG_ERR_SHAPE, "eg_dot", "eg_mul");
    SAYS(eg_outer(V, eg_reshape(I, 4, 5)), EG_ERR_SHAPE, "eg_outer", "V f32[10]", "f32[4,5]");
    SAYS(eg_concat(1, V, I), EG_ERR_SHAPE, "eg_concat", "axis 1");
    SAYS(eg_stack(0, V, I), EG_ERR_SHAPE, "eg_stack", "V f32[10]", "I f32[20]");
    SAYS(eg_concat(0, eg_sum(V), eg_sum(I)), EG_ERR_SHAPE, "eg_concat", "eg_stack");
    ck_assert_ptr_null(eg_concat_n(0, 0, NULL).of);
}
END_TEST

/* -- contraction -------------------------------------------------------------------------------------------------- */

START_TEST(a_product_in_a_sum_becomes_fma)
{
    eg_val a = arg(eg_vector(EG_F32, 4), "a"), b = arg(eg_vector(EG_F32, 4), "b"), s = arg(eg_scalar(EG_F32), "s");
    eg_val i = arg(eg_vector(EG_I32, 4), "i");
    ck_assert_int_eq(op_of(eg_add(eg_mul(a, b), s)), EGI_FMA);
    ck_assert_int_eq(op_of(eg_add(s, eg_mul(a, b))), EGI_FMA);
    ck_assert_int_eq(op_of(eg_add(1, eg_mul(a, s))), EGI_FMA);
    eg_val d = eg_sub(eg_mul(a, b), s), e = eg_sub(s, eg_mul(a, b));
    ck_assert_int_eq(op_of(d), EGI_FMA);
    ck_assert_int_eq(op_of_arg(d, 2), EGI_NEG);
    ck_assert_int_eq(op_of(e), EGI_FMA);
    /* The factors of a product have one order, whoever made them. */
    ck_assert(op_of_arg(e, 0) == EGI_NEG || op_of_arg(e, 1) == EGI_NEG);
    ck_assert_int_eq(op_of(eg_sub(eg_mul(s, s), s)), EGI_FMA);
    ck_assert_int_eq(op_of(eg_add(a, eg_mul(s, s))), EGI_ADD); /* the product is a scalar, the sum is not */
    ck_assert_int_eq(op_of(eg_add(eg_mul(i, i), i)), EGI_ADD);
    ck_assert_int_eq(op_of(eg_sub(eg_mul(a, b), 0.0)), EGI_MUL);
    const float A[] = {1, 2, 3, 4}, B[] = {5, 6, 7, 8}, S[] = {0.5F};
    const int32_t I[4] = {0};
    CHECK_F32(d, ARGS(A, B, S, I), 4.5F, 11.5F, 20.5F, 31.5F);
    CHECK_F32(e, ARGS(A, B, S, I), -4.5F, -11.5F, -20.5F, -31.5F);
}
END_TEST

START_TEST(strict_mode_does_not_contract)
{
    teardown();
    setup_mode(EG_MATH_STRICT);
    eg_val a = arg(eg_vector(EG_F32, 4), "a");
    ck_assert_int_eq(op_of(eg_add(eg_mul(a, a), a)), EGI_ADD);
    ck_assert_int_eq(op_of(eg_sub(a, eg_mul(a, a))), EGI_SUB);
    ck_assert_int_eq(op_of(eg_fma(a, a, a)), EGI_FMA);
}
END_TEST

/* -- values ------------------------------------------------------------------------------------------------------- */

static const float ramp[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

START_TEST(reductions_choose_axes)
{
    eg_val x = arg(eg_matrix(EG_F32, 3, 4), "x");
    CHECK_F32(eg_sum(x), ARGS(ramp), 66);
    CHECK_F32(eg_sum(x, 0), ARGS(ramp), 12, 15, 18, 21);
    CHECK_F32(eg_sum(x, -1), ARGS(ramp), 6, 22, 38);
    CHECK_F32(eg_sum(x, 1, 0), ARGS(ramp), 66);
    is_spec(eg_sum_axes(x, 1, &(int){1}, true), eg_matrix(EG_F32, 3, 1));
    CHECK_F32(eg_mean(x, 1), ARGS(ramp), 1.5F, 5.5F, 9.5F);
    CHECK_F32(eg_variance(x, 0), ARGS(ramp), 32 / 3.0F, 32 / 3.0F, 32 / 3.0F, 32 / 3.0F);
    CHECK_F32(eg_prod(eg_add(x, 1), 1), ARGS(ramp), 24, 1680, 11880);
    CHECK_F32(eg_amax(x, 1), ARGS(ramp), 3, 7, 11);
    CHECK_F32(eg_amin(x), ARGS(ramp), 0);
    CHECK_I32(eg_argmax(x, 0), ARGS(ramp), 2, 2, 2, 2);
    CHECK_I32(eg_sum(eg_gt(x, 4), 1), ARGS(ramp), 0, 3, 4);
    CHECK_I32(eg_convert(eg_any(x, 1), EG_I32), ARGS(ramp), 1, 1, 1);
    CHECK_I32(eg_convert(eg_all(x, 1), EG_I32), ARGS(ramp), 0, 1, 1);
    CHECK_F32(eg_cumsum(x, 1), ARGS(ramp), 0, 1, 3, 6, 4, 9, 15, 22, 8, 17, 27, 38);
    CHECK_F32(eg_cumsum(x, 0), ARGS(ramp), 0, 1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21);
}
END_TEST

START_TEST(logsumexp_survives_infinities)
{
    eg_val x = arg(eg_matrix(EG_F32, 4, 2), "x");
    const float X[] = {1000, 1000, -INFINITY, -INFINITY, INFINITY, 0, NAN, 1};
    float out[4];
    run(eg_logsumexp(x, 1), out, ARGS(X));
    ck_assert_float_eq_tol(out[0], 1000.6931F, 1e-3F);
    ck_assert(out[1] == -INFINITY && out[2] == INFINITY && isnan(out[3]));
}
END_TEST

START_TEST(sorting_works_along_any_axis)
{
    eg_val x = arg(eg_matrix(EG_F32, 2, 3), "x");
    const float X[] = {3, 1, 2, 0, 5, 4};
    CHECK_F32(eg_sort(x, 1), ARGS(X), 1, 2, 3, 0, 4, 5);
    CHECK_F32(eg_sort(x, 0), ARGS(X), 0, 1, 2, 3, 5, 4);
    CHECK_I32(eg_argsort(x, 1), ARGS(X), 1, 2, 0, 0, 2, 1);
    CHECK_I32(eg_argsort(x, 0), ARGS(X), 1, 0, 0, 0, 1, 1);
}
END_TEST

START_TEST(values_are_made)
{
    eg_val s = arg(eg_scalar(EG_F32), "s"), i = arg(eg_vector(EG_I32, 3), "i");
    const float S[] = {2.5F};
    const int32_t I[] = {2, -1, 0};
    CHECK_F32(eg_zeros(eg, eg_vector(EG_F32, 2)), ARGS(S, I), 0, 0);
    CHECK_I32(eg_ones(eg, eg_matrix(EG_I32, 1, 2)), ARGS(S, I), 1, 1);
    CHECK_F32(eg_full(eg, eg_vector(EG_F32, 3), s), ARGS(S, I), 2.5F, 2.5F, 2.5F);
    CHECK_F32(eg_full(eg, eg_scalar(EG_F32), 7), ARGS(S, I), 7);
    CHECK_F32(eg_iota(eg, 3, EG_F32), ARGS(S, I), 0, 1, 2);
    is_spec(eg_iota(eg, 3, EG_U32), eg_vector(EG_U32, 3));
    CHECK_F32(eg_one_hot(i, 3, EG_F32), ARGS(S, I), 0, 0, 1, 0, 0, 0, 1, 0, 0);
    SAYS(eg_full(eg, eg_vector(EG_F32, 3), i), EG_ERR_SHAPE, "eg_full", "i i32[3]");
    SAYS(eg_zeros(eg, eg_vector(EG_F32, -3)), EG_ERR_SHAPE, "eg_zeros", "negative");
    SAYS(eg_one_hot(s, 3, EG_F32), EG_ERR_TYPE, "eg_one_hot", "s f32");
}
END_TEST

START_TEST(shapes_change)
{
    eg_val x = arg(eg_matrix(EG_F32, 2, 3), "x"), y = arg(eg_matrix(EG_F32, 1, 3), "y");
    const float Y[] = {7, 8, 9};
    CHECK_F32(eg_transpose(x), ARGS(ramp, Y), 0, 3, 1, 4, 2, 5);
    is_spec(eg_transpose(x, 1, 0), eg_matrix(EG_F32, 3, 2));
    CHECK_F32(eg_swap_axes(x, 0, -1), ARGS(ramp, Y), 0, 3, 1, 4, 2, 5);
    is_spec(eg_swap_axes(eg_new_axis(x, 0), 2, 0), ((eg_spec){EG_F32, 3, {3, 2, 1}}));
    is_spec(eg_swap_axes(x, 1, 1), eg_matrix(EG_F32, 2, 3));
    ck_assert(eg_same_value(x, x) && !eg_same_value(x, eg_neg(x)));
    is_spec(eg_reshape(x, 3, -1), eg_matrix(EG_F32, 3, 2));
    is_spec(eg_reshape(eg_sum(x)), eg_scalar(EG_F32));
    ck_assert_uint_eq(eg_reshape(eg_reshape(x, 6), 2, 3).id, x.id);
    is_spec(eg_broadcast(y, 4, 3), eg_matrix(EG_F32, 4, 3));
    is_spec(eg_new_axis(eg_sum(x, 0), -1), eg_matrix(EG_F32, 3, 1));
    CHECK_F32(eg_flip(x, 1), ARGS(ramp, Y), 2, 1, 0, 5, 4, 3);
    CHECK_F32(eg_roll(x, 1, 1), ARGS(ramp, Y), 2, 0, 1, 5, 3, 4);
    CHECK_F32(eg_roll(x, -4, 1), ARGS(ramp, Y), 1, 2, 0, 4, 5, 3);
    CHECK_F32(eg_pad(y, 1, 1, 2, -1), ARGS(ramp, Y), -1, 7, 8, 9, -1, -1);
    CHECK_F32(eg_concat(0, x, y), ARGS(ramp, Y), 0, 1, 2, 3, 4, 5, 7, 8, 9);
    CHECK_F32(eg_stack(1, eg_row(x, 0), eg_row(y, 0)), ARGS(ramp, Y), 0, 7, 1, 8, 2, 9);
    CHECK_F32(eg_stack(0, eg_sum(x), eg_real(2)), ARGS(ramp, Y), 15, 2);
    SAYS(eg_pad(x, 0, -1, 0, 0), EG_ERR_ARGUMENT, "eg_pad", "-1");
    SAYS(eg_roll(x, 1, 2), EG_ERR_SHAPE, "eg_roll", "axis 2");
}
END_TEST

START_TEST(slices_follow_python)
{
    eg_val x = arg(eg_vector(EG_F32, 5), "x");
    CHECK_F32(eg_slice(x, 0, 1, 4, 2), ARGS(ramp), 1, 3);
    CHECK_F32(eg_slice(x, 0, -2, EG_END, 1), ARGS(ramp), 3, 4);
    CHECK_F32(eg_slice(x, 0, EG_END, EG_END, -2), ARGS(ramp), 4, 2, 0);
    CHECK_F32(eg_slice(x, 0, 3, 0, -1), ARGS(ramp), 3, 2, 1);
    CHECK_F32(eg_slice(x, 0, -100, 100, 100), ARGS(ramp), 0);
    CHECK_F32(eg_slice(x, 0, 0, -1, INT64_MAX), ARGS(ramp), 0);
    CHECK_F32(eg_slice(x, 0, 4, -100, INT64_MIN), ARGS(ramp), 4);
    is_spec(eg_slice(x, 0, 4, 2, 1), eg_vector(EG_F32, 0));
    is_spec(eg_slice(x, 0, INT64_MIN, -100, 1), eg_vector(EG_F32, 0));
    SAYS(eg_slice(x, 0, 0, 1, 0), EG_ERR_ARGUMENT, "eg_slice", "step");
}
END_TEST

START_TEST(rows_are_taken_and_put_in)
{
    eg_val x = arg(eg_matrix(EG_F32, 3, 2), "x"), i = arg(eg_scalar(EG_I32), "i"), r = arg(eg_vector(EG_F32, 2), "r");
    const int32_t at = 1, far = 99;
    const float R[] = {70, 80};
    CHECK_F32(eg_row(x, i), ARGS(ramp, &at, R), 2, 3);
    CHECK_F32(eg_row(x, i), ARGS(ramp, &far, R), 4, 5);
    CHECK_F32(eg_row(x, -1), ARGS(ramp, &at, R), 4, 5);
    CHECK_F32(eg_update_row(x, i, r), ARGS(ramp, &at, R), 0, 1, 70, 80, 4, 5);
    CHECK_F32(eg_update_row(x, -3, 9), ARGS(ramp, &at, R), 9, 9, 2, 3, 4, 5);
    CHECK_F32(eg_slice_at(x, 0, i, 2), ARGS(ramp, &far, R), 2, 3, 4, 5);
    CHECK_F32(eg_slice_at(x, 1, 1, 1), ARGS(ramp, &far, R), 1, 3, 5);
    CHECK_F32(eg_update_slice(x, eg_slice(x, 0, 0, 2, 1), 0, i), ARGS(ramp, &at, R), 0, 1, 0, 1, 2, 3);
    CHECK_F32(eg_update_slice(x, 9, 1, 0), ARGS(ramp, &at, R), 9, 1, 9, 3, 9, 5);
    SAYS(eg_row(x, 3), EG_ERR_ARGUMENT, "eg_row", "index 3", "x f32[3,2]");
    SAYS(eg_row(x, 0.5), EG_ERR_TYPE, "eg_row", "0.5");
    SAYS(eg_row(x, r), EG_ERR_TYPE, "eg_row", "r f32[2]");
    SAYS(eg_row(2.0, i), EG_ERR_TYPE, "eg_row", "2", "eg_full");
    SAYS(eg_slice_at(x, 0, i, 4), EG_ERR_SHAPE, "eg_slice_at", "4");
    SAYS(eg_update_slice(x, r, 0, i), EG_ERR_SHAPE, "eg_update_slice", "r f32[2]", "x f32[3,2]");
    SAYS(eg_update_row(eg_convert(x, EG_I32), i, r), EG_ERR_TYPE, "eg_update_row", "r f32[2]", "i32[3,2]");
    SAYS(eg_update_row(x, i, eg_slice(x, 0, 0, 2, 1)), EG_ERR_SHAPE, "eg_update_row", "[2]");
}
END_TEST

START_TEST(gather_and_scatter_use_any_index_shape)
{
    eg_val x = arg(eg_matrix(EG_F32, 3, 2), "x"), k = arg(eg_matrix(EG_I32, 2, 2), "k");
    const int32_t K[] = {2, 0, 5, -4};
    CHECK_F32(eg_gather(x, k, 0), ARGS(ramp, K), 4, 5, 0, 1, 4, 5, 0, 1);
    is_spec(eg_gather(x, k, 1), ((eg_spec){EG_F32, 3, {3, 2, 2}}));
    CHECK_F32(eg_gather(x, -1, 1), ARGS(ramp, K), 1, 3, 5);
    CHECK_F32(eg_scatter_add(x, k, 10), ARGS(ramp, K), 10, 11, 2, 3, 14, 15);
    CHECK_F32(eg_scatter_add(eg_row(x, 2), eg_row(k, 0), eg_row(x, 1)), ARGS(ramp, K), 7, 5);
    SAYS(eg_gather(x, x, 0), EG_ERR_TYPE, "eg_gather", "x f32[3,2]");
    SAYS(eg_scatter_add(x, k, eg_reshape(x, 2, 3)), EG_ERR_SHAPE, "eg_scatter_add", "f32[2,3]", "[2,2,2]");
    SAYS(eg_scatter_add(eg_gt(x, 0), k, 1), EG_ERR_TYPE, "eg_scatter_add", "bool[3,2]");
}
END_TEST

START_TEST(dot_takes_vectors_matrices_and_batches)
{
    eg_val a = arg(eg_matrix(EG_F32, 2, 3), "a"), b = arg(eg_matrix(EG_F32, 3, 2), "b");
    const void *const *in = ARGS(ramp, ramp);
    CHECK_F32(eg_dot(a, b), in, 10, 13, 28, 40);
    CHECK_F32(eg_dot(eg_row(a, 1), eg_row(a, 1)), in, 50);
    CHECK_F32(eg_dot(a, eg_row(a, 0)), in, 5, 14);
    CHECK_F32(eg_dot(eg_row(a, 0), b), in, 10, 13);
    eg_val batch = eg_reshape(eg_concat(0, a, a), 2, 2, 3), other = eg_broadcast(b, 4, 1, 3, 2);
    CHECK_F32(eg_dot(batch, b), in, 10, 13, 28, 40, 10, 13, 28, 40);
    is_spec(eg_dot(batch, other), ((eg_spec){EG_F32, 4, {4, 2, 2, 2}}));
    is_spec(eg_dot(eg_row(a, 0), other), ((eg_spec){EG_F32, 3, {4, 1, 2}}));
    is_spec(eg_dot(batch, eg_row(a, 0)), eg_matrix(EG_F32, 2, 2));
    CHECK_F32(eg_dot(eg_row(a, 0), eg_concat(0, eg_new_axis(b, 0), eg_new_axis(b, 0))), in, 10, 13, 10, 13);
    is_spec(eg_dot(eg_gt(a, 0), b), eg_matrix(EG_F32, 2, 2));
    CHECK_F32(eg_outer(eg_row(a, 0), eg_row(b, 2)), in, 0, 0, 4, 5, 8, 10);
    is_spec(eg_dot(eg_slice(a, 1, 0, 0, 1), eg_slice(b, 0, 0, 0, 1)), eg_matrix(EG_F32, 2, 2));
    SAYS(eg_dot(2.0, b), EG_ERR_TYPE, "eg_dot", "eg_full");
}
END_TEST

START_TEST(powers_and_squares_are_products)
{
    eg_val x = arg(eg_vector(EG_F32, 2), "x");
    const float X[] = {-3, 2};
    ck_assert_int_eq(op_of(eg_square(x)), EGI_MUL);
    ck_assert_int_eq(op_of(eg_pow(x, 2)), EGI_MUL);
    ck_assert_uint_eq(eg_pow(x, 1).id, x.id);
    ck_assert_int_eq(op_of(eg_pow(x, 5)), EGI_POW);
    ck_assert_int_eq(op_of(eg_pow(x, 2.0)), EGI_POW);
    CHECK_F32(eg_pow(x, 3), ARGS(X), -27, 8);
    CHECK_F32(eg_pow(x, 0), ARGS(X), 1, 1);
    CHECK_F32(eg_clip(x, -1, 1), ARGS(X), -1, 1);
}
END_TEST

/* -- events ------------------------------------------------------------------------------------------------------- */

static eg_csr *connections(void)
{
    static const int64_t indptr[] = {0, 2, 2, 4};
    static const int32_t indices[] = {3, 0, 1, 0}; /* rows are not ascending: 0 -> 0 3, 2 -> 0 1 */
    return eg_csr_new(eg, 3, 4, indptr, indices);
}

START_TEST(events_add_weights_of_rows_that_fired)
{
    eg_csr *c = connections();
    eg_val spike = arg(eg_vector(EG_BOOL, 3), "spike"), w = arg(eg_vector(EG_F32, 3), "w");
    eg_val each = arg(eg_vector(EG_F32, 4), "each");
    const uint8_t S[] = {1, 1, 1};
    const float W[] = {1, 2, 4}, E[] = {1, 10, 100, 1000};
    const void *const *in = ARGS(S, W, E);
    CHECK_F32(eg_event(c, spike, 0.5), in, 1, 0.5F, 0, 0.5F);
    CHECK_F32(eg_event(c, spike, w), in, 5, 4, 0, 1);
    CHECK_F32(eg_event(c, spike, each), in, 1010, 100, 0, 1); /* weights in the user's order */
    CHECK_F32(eg_event(c, w, 2), in, 10, 8, 0, 2);
    CHECK_F32(eg_event_add(each, c, spike, 1), in, 3, 11, 100, 1001);
    CHECK_F32(eg_event_transposed(c, each, 1), in, 1001, 0, 11);
    is_spec(eg_event(c, spike, 1), eg_vector(EG_F32, 4));
    is_spec(eg_event(c, spike, eg_convert(w, EG_F64)), eg_vector(EG_F64, 4));
    is_spec(eg_event(c, spike, eg_convert(w, EG_I32)), eg_vector(EG_I32, 4));
    SAYS(eg_event(NULL, spike, 1), EG_ERR_ARGUMENT, "eg_event", "NULL", "eg_csr_new");
    SAYS(eg_event(c, each, 1), EG_ERR_SHAPE, "eg_event", "each f32[4]", "[3]");
    SAYS(eg_event(c, 1, 1), EG_ERR_TYPE, "eg_event", "eg_full");
    SAYS(eg_event(c, eg_convert(w, EG_I32), 1), EG_ERR_TYPE, "eg_event", "eg_ne");
    SAYS(eg_event(c, spike, eg_concat(0, w, w)), EG_ERR_SHAPE, "eg_event", "f32[6]", "[3]", "[4]");
    SAYS(eg_event_add(w, c, spike, 1), EG_ERR_SHAPE, "eg_event_add", "w f32[3]", "[4]");
}
END_TEST

/* -- delays ------------------------------------------------------------------------------------------------------- */

START_TEST(a_delay_line_remembers)
{
    eg_delay *d = eg_delay_new(eg, "line", eg_vector(EG_F32, 2), 3);
    ck_assert_ptr_nonnull(d);
    ck_assert_str_eq(eg_variable_name(eg_delay_ring(d)), "line.ring");
    eg_val x = arg(eg_vector(EG_F32, 2), "x"), k = arg(eg_scalar(EG_I64), "k"),
           each = arg(eg_vector(EG_I32, 2), "each");
    for (int n = 0; n < 6; n++) eg_delay_push(d, eg_add(x, 10 * n));
    float ring[8] = {0};
    int32_t head = 0;
    void *vars[2];
    for (int64_t v = 0; v < g->vars.n; v++) vars[v] = g->vars.at[v] == eg_delay_ring(d) ? (void *)ring : &head;
    eg_val all = eg_concat(0, eg_delay_read(d, 0), eg_delay_read(d, 3), eg_delay_read(d, k), eg_delay_read(d, each));
    ck_assert_msg(all.of != NULL, "%s", eg_message(eg));
    (void)egi_push(&eg->allocator, &g->regions.at[0].results, all.id);
    ck_assert_msg(egi_verify(g, "test"), "%s", eg_message(eg));
    const float X[] = {1, 2}, want[] = {51, 52, 21, 22, 21, 22, 41, 32};
    const int64_t K = 99; /* moved inside: 3 */
    const int32_t E[] = {1, 2};
    float got[8];
    egi_run r = {.args = ARGS(X, &K, E), .results = &(void *){got}, .vars = vars, .allocator = &eg->allocator};
    ck_assert_msg(egi_eval(g, &r) == EG_OK, "%s", r.message);
    test_check_f32("read", got, want, 8);
    SAYS(eg_delay_read(d, 4), EG_ERR_ARGUMENT, "eg_delay_read", "4 steps", "line.ring");
    SAYS(eg_delay_read(d, x), EG_ERR_TYPE, "eg_delay_read", "x f32[2]");
    eg_delay_push(d, eg_name(eg_convert(k, EG_F64), "z"));
    SAYS(eg_nothing(), EG_ERR_TYPE, "eg_delay_push", "z f64", "line.ring");
    eg_delay_push(d, eg_concat(0, x, x));
    SAYS(eg_nothing(), EG_ERR_SHAPE, "eg_delay_push", "line.ring", "[2]");
    ck_assert_ptr_null(eg_delay_new(eg, "bad", eg_scalar(EG_F32), -1));
    SAYS(eg_nothing(), EG_ERR_ARGUMENT, "eg_delay_new", "bad", "-1");
    ck_assert_ptr_null(eg_delay_new(eg, NULL, eg_scalar(EG_F32), 1));
    SAYS(eg_nothing(), EG_ERR_ARGUMENT, "eg_delay_new", "NULL");
}
END_TEST

START_TEST(nodes_know_the_users_line)
{
    eg_val x = arg(eg_scalar(EG_F32), "x");
    eg_val y = eg_exp(x);
    const egi_loc *l = &g->locs.at[egi_at(g, y.id)->loc];
    ck_assert_int_eq(l->line, __LINE__ - 2);
    ck_assert_ptr_nonnull(strstr(l->file, "test_ops_api.c"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops_api");
    TCase *tcase = tcase_create("ops_api");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, plain_numbers_fold_without_a_context);
    tcase_add_test(tcase, plain_numbers_take_the_type_of_the_other_operand);
    tcase_add_test(tcase, traced_types_meet_in_the_higher_one);
    tcase_add_test(tcase, a_number_that_does_not_fit_is_an_error);
    tcase_add_test(tcase, shapes_broadcast_from_the_last_axis);
    tcase_add_test(tcase, shapes_that_do_not_fit_are_named);
    tcase_add_test(tcase, a_product_in_a_sum_becomes_fma);
    tcase_add_test(tcase, strict_mode_does_not_contract);
    tcase_add_test(tcase, reductions_choose_axes);
    tcase_add_test(tcase, logsumexp_survives_infinities);
    tcase_add_test(tcase, sorting_works_along_any_axis);
    tcase_add_test(tcase, values_are_made);
    tcase_add_test(tcase, shapes_change);
    tcase_add_test(tcase, slices_follow_python);
    tcase_add_test(tcase, rows_are_taken_and_put_in);
    tcase_add_test(tcase, gather_and_scatter_use_any_index_shape);
    tcase_add_test(tcase, dot_takes_vectors_matrices_and_batches);
    tcase_add_test(tcase, powers_and_squares_are_products);
    tcase_add_test(tcase, events_add_weights_of_rows_that_fired);
    tcase_add_test(tcase, a_delay_line_remembers);
    tcase_add_test(tcase, nodes_know_the_users_line);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
