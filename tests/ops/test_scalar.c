/* Elementwise primitives on single values: the edges of integers, zeros, NaN, infinities, denormals. */
#include <math.h>

#include "ops/graphs.h"

static uint64_t f32(double x) { return egi_bits_of_real(EG_F32, x); }
static uint64_t f64(double x) { return egi_bits_of_real(EG_F64, x); }
static uint64_t i32(int64_t x) { return egi_bits_of_int(EG_I32, x); }

static uint64_t op(egi_op o, eg_dtype from, eg_dtype to, uint64_t a, uint64_t b)
{
    unsigned fp = egi_fp_enter(false);
    uint64_t r = egi_scalar_op(o, from, to, (uint64_t[]){a, b, 0});
    egi_fp_leave(fp);
    return r;
}
static uint64_t same(egi_op o, eg_dtype t, uint64_t a, uint64_t b) { return op(o, t, t, a, b); }
static int64_t int32_of(egi_op o, int64_t a, int64_t b)
{
    return egi_int_of_bits(EG_I32, same(o, EG_I32, i32(a), i32(b)));
}
static int64_t int64_of(egi_op o, int64_t a, int64_t b) { return (int64_t)same(o, EG_I64, (uint64_t)a, (uint64_t)b); }
static float f32_of(egi_op o, double a, double b)
{
    return (float)egi_real_of_bits(EG_F32, same(o, EG_F32, f32(a), f32(b)));
}
static int64_t convert(eg_dtype from, double x, eg_dtype to)
{
    return egi_int_of_bits(to, op(EGI_CONVERT, from, to, egi_bits_of_real(from, x), 0));
}

START_TEST(every_primitive_has_a_kernel_for_every_type_it_takes)
{
    for (int o = 0; o < EGI_OP_COUNT; o++) {
        if (!(egi_flags((egi_op)o) & FE) || (egi_flags((egi_op)o) & FX)) continue;
        for (eg_dtype t = EG_BOOL; t < EG_DTYPE_COUNT; t++) {
            unsigned is = t == EG_BOOL ? EGI_ALLOW_B : egi_is_int(t) ? EGI_ALLOW_I : egi_is_float(t) ? EGI_ALLOW_F : 0;
            if (egi_ops[o].allowed & is) ck_assert_msg(egi_kernel_of((egi_op)o, t, t), "%s %d", egi_ops[o].text, t);
        }
    }
}
END_TEST

START_TEST(integers_wrap)
{
    ck_assert_int_eq(int32_of(EGI_ADD, INT32_MAX, 1), INT32_MIN);
    ck_assert_int_eq(int32_of(EGI_SUB, INT32_MIN, 1), INT32_MAX);
    ck_assert_int_eq(int32_of(EGI_MUL, 65536, 65536), 0);
    ck_assert_int_eq(int32_of(EGI_NEG, INT32_MIN, 0), INT32_MIN);
    ck_assert_int_eq(int32_of(EGI_ABS, INT32_MIN, 0), INT32_MIN);
    ck_assert_int_eq(int64_of(EGI_MUL, INT64_MIN, -1), INT64_MIN);
    ck_assert_uint_eq(same(EGI_NEG, EG_U32, 1, 0), UINT32_MAX);
}
END_TEST

START_TEST(division_is_total)
{
    ck_assert_int_eq(int32_of(EGI_DIV, 7, 0), 0);
    ck_assert_int_eq(int32_of(EGI_DIV, INT32_MIN, -1), INT32_MIN);
    ck_assert_int_eq(int64_of(EGI_DIV, INT64_MIN, -1), INT64_MIN);
    ck_assert_int_eq(int32_of(EGI_DIV, -7, 2), -3);
    ck_assert_int_eq(int32_of(EGI_FMOD, INT32_MIN, -1), 0);
    ck_assert_int_eq(int64_of(EGI_MOD, INT64_MIN, -1), 0);
    ck_assert_int_eq(int32_of(EGI_FMOD, -7, 2), -1);
    ck_assert_int_eq(int32_of(EGI_MOD, -7, 2), 1);
    ck_assert_int_eq(int32_of(EGI_MOD, 7, -2), -1);
    ck_assert_int_eq(int32_of(EGI_MOD, 6, -2), 0);
    ck_assert_int_eq(int32_of(EGI_MOD, 6, 0), 0);
    ck_assert_uint_eq(same(EGI_DIV, EG_U32, UINT32_MAX, UINT32_MAX), 1);
    ck_assert_uint_eq(same(EGI_FMOD, EG_U32, 5, 0), 0);
}
END_TEST

START_TEST(shift_counts_are_masked)
{
    ck_assert_int_eq(int32_of(EGI_SHL, 1, 33), 2);
    ck_assert_int_eq(int32_of(EGI_SHR, -8, 1), -4);
    ck_assert_int_eq(int64_of(EGI_SHR, -8, 65), -4);
    ck_assert_uint_eq(same(EGI_SHR, EG_U32, 0x80000000u, 31), 1);
    ck_assert_int_eq(int32_of(EGI_NOT, 0, 0), -1);
    ck_assert_uint_eq(same(EGI_NOT, EG_BOOL, 1, 0), 0);
}
END_TEST

START_TEST(min_and_max_prefer_numbers_and_order_zeros)
{
    ck_assert(f32_of(EGI_MIN, NAN, 2) == 2 && f32_of(EGI_MIN, 2, NAN) == 2);
    ck_assert(f32_of(EGI_MAX, NAN, -2) == -2 && f32_of(EGI_MAX, -2, NAN) == -2);
    ck_assert(isnan(f32_of(EGI_MAX, NAN, NAN)));
    ck_assert(signbit(f32_of(EGI_MIN, 0.0, -0.0)) && signbit(f32_of(EGI_MIN, -0.0, 0.0)));
    ck_assert(!signbit(f32_of(EGI_MAX, 0.0, -0.0)) && !signbit(f32_of(EGI_MAX, -0.0, 0.0)));
    ck_assert(f32_of(EGI_MIN, 1, 2) == 1 && f32_of(EGI_MIN, 2, 1) == 1);
    ck_assert(f32_of(EGI_MAX, 1, 2) == 2 && f32_of(EGI_MAX, 2, 1) == 2);
    ck_assert_uint_eq(same(EGI_MAX, EG_U32, 1, 0x80000000u), 0x80000000u);
}
END_TEST

START_TEST(sign_keeps_zeros_and_nan)
{
    ck_assert(f32_of(EGI_SIGN, -3, 0) == -1 && f32_of(EGI_SIGN, INFINITY, 0) == 1);
    ck_assert(f32_of(EGI_SIGN, -0.0, 0) == 0 && signbit(f32_of(EGI_SIGN, -0.0, 0)));
    ck_assert(isnan(f32_of(EGI_SIGN, NAN, 0)));
    ck_assert_int_eq(int32_of(EGI_SIGN, -9, 0), -1);
    ck_assert_uint_eq(same(EGI_SIGN, EG_U32, 0x80000000u, 0), 1);
}
END_TEST

START_TEST(rounding_is_half_to_even)
{
    ck_assert(f32_of(EGI_ROUND, 0.5, 0) == 0 && f32_of(EGI_ROUND, 1.5, 0) == 2 && f32_of(EGI_ROUND, 2.5, 0) == 2);
    ck_assert(f32_of(EGI_ROUND, -2.5, 0) == -2 && signbit(f32_of(EGI_ROUND, -0.25, 0)));
    ck_assert(f32_of(EGI_FLOOR, -0.5, 0) == -1 && f32_of(EGI_CEIL, 0.5, 0) == 1 && f32_of(EGI_TRUNC, -1.5, 0) == -1);
}
END_TEST

START_TEST(floating_mod_has_the_sign_of_the_divisor)
{
    ck_assert(f32_of(EGI_FMOD, -5.5, 2) == -1.5F && f32_of(EGI_MOD, -5.5, 2) == 0.5F);
    ck_assert(f32_of(EGI_MOD, 5.5, -2) == -0.5F);
    ck_assert(f32_of(EGI_MOD, 4, -2) == 0 && signbit(f32_of(EGI_MOD, 4, -2)));
    ck_assert(!signbit(f32_of(EGI_MOD, -4, 2)));
    ck_assert(isnan(f32_of(EGI_MOD, 1, 0)) && isnan(f32_of(EGI_FMOD, 1, 0)));
}
END_TEST

START_TEST(floats_saturate_into_integers)
{
    ck_assert_int_eq(convert(EG_F64, NAN, EG_I32), 0);
    ck_assert_int_eq(convert(EG_F64, 1e300, EG_I32), INT32_MAX);
    ck_assert_int_eq(convert(EG_F64, -1e300, EG_I32), INT32_MIN);
    ck_assert_int_eq(convert(EG_F64, -2147483648.9, EG_I32), INT32_MIN);
    ck_assert_int_eq(convert(EG_F64, 2147483647.9, EG_I32), INT32_MAX);
    ck_assert_int_eq(convert(EG_F32, -1.9, EG_I32), -1);
    ck_assert_int_eq(convert(EG_F32, -1, EG_U32), 0);
    ck_assert_int_eq(convert(EG_F32, 1e20, EG_U32), UINT32_MAX);
    ck_assert_int_eq(convert(EG_F64, 4294967295.5, EG_U32), UINT32_MAX);
    ck_assert_int_eq(convert(EG_F32, INFINITY, EG_I64), INT64_MAX);
    ck_assert_int_eq(convert(EG_F64, -0x1p63, EG_I64), INT64_MIN);
}
END_TEST

START_TEST(conversions_to_bool_ask_for_not_zero)
{
    ck_assert_int_eq(convert(EG_F32, NAN, EG_BOOL), 1);
    ck_assert_int_eq(convert(EG_F32, -0.0, EG_BOOL), 0);
    ck_assert_int_eq(convert(EG_I64, 0x1p32, EG_BOOL), 1);
    ck_assert_uint_eq(op(EGI_CONVERT, EG_BOOL, EG_F32, 1, 0), f32(1));
}
END_TEST

START_TEST(integer_conversions_wrap_and_extend)
{
    ck_assert_uint_eq(op(EGI_CONVERT, EG_I64, EG_I32, 0x1FFFFFFFFu, 0), 0xFFFFFFFFu);
    ck_assert_uint_eq(op(EGI_CONVERT, EG_I32, EG_I64, i32(-1), 0), UINT64_MAX);
    ck_assert_uint_eq(op(EGI_CONVERT, EG_U32, EG_I64, UINT32_MAX, 0), UINT32_MAX);
    ck_assert_uint_eq(op(EGI_CONVERT, EG_U32, EG_F32, UINT32_MAX, 0), f32(0x1p32));
    /* once, not through f64: 2^24 + 1 + 2^-29 of the halfway point upwards */
    ck_assert_uint_eq(op(EGI_CONVERT, EG_I64, EG_F32, (1ull << 60) + (1ull << 36) + 1, 0), f32(0x1.000002p60));
}
END_TEST

START_TEST(comparisons_with_nan_are_false_except_ne)
{
    for (egi_op o = EGI_EQ; o <= EGI_GE; o++) {
        ck_assert_uint_eq(op(o, EG_F64, EG_BOOL, f64(NAN), f64(1)), o == EGI_NE);
    }
    ck_assert_uint_eq(op(EGI_EQ, EG_F32, EG_BOOL, f32(0.0), f32(-0.0)), 1);
    ck_assert_uint_eq(op(EGI_LT, EG_U32, EG_BOOL, 1, 0x80000000u), 1);
    ck_assert_uint_eq(op(EGI_LT, EG_BOOL, EG_BOOL, 0, 1), 1);
    ck_assert_uint_eq(op(EGI_ISINF, EG_F32, EG_BOOL, f32(-INFINITY), 0), 1);
}
END_TEST

START_TEST(fma_rounds_once)
{
    double a = 1 + 0x1p-30;
    uint64_t bits[] = {f64(a), f64(a), f64(-(1 + 0x1p-29))};
    ck_assert_uint_eq(egi_scalar_op(EGI_FMA, EG_F64, EG_F64, bits), f64(0x1p-60));
}
END_TEST

START_TEST(denormals_are_flushed)
{
    uint64_t tiny = 1;
    ck_assert_uint_eq(same(EGI_MUL, EG_F32, f32(0x1p-126), f32(0.5)), 0);
    ck_assert_uint_eq(same(EGI_ADD, EG_F32, tiny, tiny), 0);
    ck_assert_uint_eq(same(EGI_FMOD, EG_F32, f32(0x1.8p-126), f32(0x1p-126)), 0);
    ck_assert_uint_eq(same(EGI_FMOD, EG_F32, tiny, f32(1)), 0);
    ck_assert_uint_eq(op(EGI_EQ, EG_F64, EG_BOOL, tiny, 0), 1);
    unsigned fp = egi_fp_enter(true);
    ck_assert_uint_eq(egi_scalar_op(EGI_FMOD, EG_F32, EG_F32, (uint64_t[]){f32(0x1.8p-126), f32(0x1p-126), 0}),
                      f32(0x1p-127));
    egi_fp_leave(fp);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("scalar");
    TCase *c = tcase_create("scalar");
    tcase_add_test(c, every_primitive_has_a_kernel_for_every_type_it_takes);
    tcase_add_test(c, integers_wrap);
    tcase_add_test(c, division_is_total);
    tcase_add_test(c, shift_counts_are_masked);
    tcase_add_test(c, min_and_max_prefer_numbers_and_order_zeros);
    tcase_add_test(c, sign_keeps_zeros_and_nan);
    tcase_add_test(c, rounding_is_half_to_even);
    tcase_add_test(c, floating_mod_has_the_sign_of_the_divisor);
    tcase_add_test(c, floats_saturate_into_integers);
    tcase_add_test(c, conversions_to_bool_ask_for_not_zero);
    tcase_add_test(c, integer_conversions_wrap_and_extend);
    tcase_add_test(c, comparisons_with_nan_are_false_except_ne);
    tcase_add_test(c, fma_rounds_once);
    tcase_add_test(c, denormals_are_flushed);
    suite_add_tcase(s, c);
    return test_run(s);
}
