/* Numbers as text: readable where that is exact, bits where not; read back to the same bits. */
#include "ir/check.h"
#include "support/support.h"

static void check_literal(eg_dtype type, uint64_t bits, const char *want)
{
    egi_text t = {.allocator = &egi_malloc_allocator};
    uint64_t back = ~bits;
    egi_put_literal(&t, type, bits);
    if (want) ck_assert_str_eq(t.s, want);
    const char *s = t.s;
    ck_assert_msg(egi_read_literal(&s, type, &back) && *s == 0, "%s is not read", t.s);
    ck_assert_msg(back == bits, "%s %s: %llx is read, not %llx", eg_dtype_name(type), t.s, (unsigned long long)back,
                  (unsigned long long)bits);
    egi_text_free(&t);
}

static uint64_t next_random(uint64_t *s)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return *s ^ *s >> 32;
}

START_TEST(numbers_read_well)
{
    check_literal(EG_F32, egi_bits_of_real(EG_F32, 0.1), "0.1");
    check_literal(EG_F64, egi_bits_of_real(EG_F64, 0.1), "0.1");
    check_literal(EG_F32, egi_bits_of_real(EG_F32, -65), "-65");
    check_literal(EG_F64, egi_bits_of_real(EG_F64, -0.0), "-0");
    check_literal(EG_F64, egi_bits_of_real(EG_F64, 0.001), "0.001");
    check_literal(EG_F64, egi_bits_of_real(EG_F64, 1e-20), "1e-20");
    check_literal(EG_F64, egi_bits_of_real(EG_F64, 1e20), "1e20");
    check_literal(EG_F64, egi_bits_of_real(EG_F64, 123.456), "123.456");
    check_literal(EG_F32, 0x7fc00000, "nan");
    check_literal(EG_F32, 0xff800000, "-inf");
    check_literal(EG_F64, 0x7ff0000000000000, "inf");
    check_literal(EG_F32, 0xffc00001, "0xffc00001");
    check_literal(EG_F64, 1, "0x0000000000000001");
    check_literal(EG_I32, 0x80000000, "-2147483648");
    check_literal(EG_U32, 0xffffffff, "4294967295");
    check_literal(EG_I64, 0x8000000000000000, "-9223372036854775808");
    check_literal(EG_BOOL, 1, "true");
    check_literal(EG_BOOL, 0, "false");
}
END_TEST

START_TEST(numbers_of_any_bits_are_exact)
{
    uint64_t s = 1;
    int n = test_long() ? 20000000 : 50000;
    for (int k = 0; k < n; k++) {
        check_literal(EG_F32, (uint32_t)next_random(&s), NULL);
        check_literal(EG_F64, next_random(&s), NULL);
        /* Numbers as people write them. */
        double x = (double)(int64_t)(next_random(&s) % 2000001 - 1000000) / 1000.0;
        check_literal(EG_F32, egi_bits_of_real(EG_F32, x), NULL);
        check_literal(EG_F64, egi_bits_of_real(EG_F64, x), NULL);
    }
}
END_TEST

START_TEST(wrong_numbers_are_refused)
{
    static const struct {
        eg_dtype type;
        const char *text;
    } wrong[] = {{EG_I32, "2147483648"}, {EG_U32, "-1"},          {EG_I64, "9223372036854775808"},
                 {EG_F32, "1e400"},      {EG_F32, "0x100000000"}, {EG_F64, "99999999999999999999"},
                 {EG_F64, "-"},          {EG_F64, "0x"},          {EG_F64, "1e99999999999999999999"},
                 {EG_BOOL, "1"},         {EG_F64, ".5"},          {EG_F64, "1e"}};
    for (size_t k = 0; k < EGI_LEN(wrong); k++) {
        uint64_t bits;
        const char *s = wrong[k].text;
        ck_assert_msg(!egi_read_literal(&s, wrong[k].type, &bits), "%s is read", wrong[k].text);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("literal");
    TCase *tcase = tcase_create("literal");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, numbers_read_well);
    tcase_add_test(tcase, numbers_of_any_bits_are_exact);
    tcase_add_test(tcase, wrong_numbers_are_refused);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
