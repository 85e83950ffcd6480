/* The table test: every operation of ops.def, for every type it takes, compiled at every width and run on 1 to 4
 * threads, gives the interpreter's bits at sizes 0, 1, 15, 16, 17, 1023 and 4096.  It walks the table: a new operation
 * needs no new test.  EG_OP=name walks one row and tells what it cost. */
#include "ops/cases.h"

#include <stdio.h>
#include <stdlib.h>

/* Leaves that have no value of their own, and regions, which tests/ops/test_run.c and tests/fuzz are about. */
static bool is_walked(egi_op op)
{
    switch ((int)op) {
    case EGI_NONE:
    case EGI_CONST:
    case EGI_ARG:
    case EGI_VAR:
    case EGI_ARRAY:
    case EGI_PARAM:
    case EGI_TUPLE:
    case EGI_COMPLEX: /* while tracing only */
    case EGI_ITEM:
    case EGI_HOST:
    case EGI_CUSTOM: return false; /* stripped from what runs */
    default: return !(egi_ops[op].flags & FL);
    }
}

static void walk(int lanes, eg_math math)
{
    static const int64_t sizes[] = {0, 1, 15, 16, 17, 1023, 4096};
    const char *only = getenv("EG_OP");
    for (int op = 0; op < EGI_OP_COUNT; op++) {
        if (!is_walked((egi_op)op) || (only && strcmp(only, egi_ops[op].text))) continue;
        eg_context *eg = eg_open(&(eg_options){.lanes = lanes, .math = math, .seed = 7});
        ck_assert_ptr_nonnull(eg);
        for (size_t k = 0; k < EGI_LEN(sizes); k++) {
            test_case c;
            case_begin(&c, eg, sizes[k]);
            case_of_op(&c, (egi_op)op);
            case_end(&c, egi_ops[op].text);
        }
        if (only)
            printf("%s: %d lanes, %lld compiled, %.3f s\n", egi_ops[op].text, lanes,
                   (long long)eg_get_stats(eg).compiles, eg_get_stats(eg).codegen_s + eg_get_stats(eg).pass_s);
        eg_close(eg);
    }
}

START_TEST(every_operation_agrees_with_the_interpreter_at_4_lanes) { walk(4, EG_MATH_CONTRACT); }
END_TEST

START_TEST(every_operation_agrees_with_the_interpreter_at_8_lanes) { walk(8, EG_MATH_STRICT); }
END_TEST

START_TEST(every_operation_agrees_with_the_interpreter_at_16_lanes) { walk(16, EG_MATH_CONTRACT); }
END_TEST

int main(void)
{
    Suite *s = suite_create("ops");
    TCase *c = tcase_create("ops");
    tcase_set_timeout(c, 280);
    if (!test_sanitized()) {
        tcase_add_test(c, every_operation_agrees_with_the_interpreter_at_4_lanes);
        tcase_add_test(c, every_operation_agrees_with_the_interpreter_at_8_lanes);
    }
    tcase_add_test(c, every_operation_agrees_with_the_interpreter_at_16_lanes);
    suite_add_tcase(s, c);
    return test_run(s);
}
