/* Checked runs: planted NaN and infinities are found, with operation, line, element, step and operands. */
#include <math.h>

#include "engram/random.h"
#include "unit/session.h"

enum { N = 40, STEPS = 30 };
static eg_var *V;
static const eg_spec vec = {EG_F32, 1, {N}};
static float input[N];

static void scene(void)
{
    setup();
    V = eg_variable(eg, "V", vec);
    for (int k = 0; k < N; k++) input[k] = (float)(k + 1);
}

/* What is wrong happens at element 7, in step 20 of a loop in which V counts steps. */
#define AT(x, bad) eg_where(eg_and(eg_eq(eg_iota(eg, N, EG_I32), 7), eg_ge(V_now(), 20)), bad, x)
static eg_val V_now(void) { return eg_get(V); }
static int bad_line;

typedef eg_val (*plant_fn)(eg_val x);
#define PLANT(name, expression)                                                                                        \
    static eg_val name(eg_val x)                                                                                       \
    {                                                                                                                  \
        (void)x;                                                                                                       \
        bad_line = __LINE__;                                                                                           \
        return expression;                                                                                             \
    }
PLANT(division, eg_div(x, AT(1.0, 0.0)))
PLANT(logarithm, eg_log(AT(x, -1.0)))
PLANT(root, eg_sqrt(AT(x, -4.0)))
PLANT(overflow, eg_exp(AT(1.0, 100.0)))
PLANT(power, eg_pow(AT(x, -2.0), 0.5))
PLANT(product, eg_mul(x, AT(1.0, 3e38)))
PLANT(narrowed, eg_convert(eg_mul(eg_convert(x, EG_F64), eg_convert(AT(1.0, 1e38), EG_F64)), EG_F32))
PLANT(arc, eg_acos(AT(0.5, 1.5)))
PLANT(hyperbolic, eg_atanh(AT(0.5, 1.5)))
PLANT(remainder_of, eg_fmod(x, AT(3.0, 0.0)))

static plant_fn planted;
static eg_val body(void *user, eg_val i)
{
    (void)user;
    (void)i;
    eg_val y = planted(eg_constant(eg_array_new(eg, vec, input)));
    eg_set(V, eg_add(eg_add(V_now(), 1), eg_mul(y, 0)));
    return eg_nothing();
}
static eg_val loop(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_loop(eg, STEPS, body, NULL, eg_nothing(), eg_nothing());
    return eg_nothing();
}

static const struct {
    plant_fn fn;
    const char *op;
} plants[] = {{division, "div"}, {logarithm, "log"},    {root, "sqrt"}, {overflow, "exp"},     {power, "pow"},
              {product, "mul"},  {narrowed, "convert"}, {arc, "acos"},  {hyperbolic, "atanh"}, {remainder_of, "fmod"}};

START_TEST(planted_numbers_are_located)
{
    planted = plants[_i].fn;
    eg_func *f = eg_trace(eg, "model", loop, NULL, 0, NULL);
    fine();
    char first[600] = "", line[40];
    snprintf(line, sizeof line, "test_check.c:%d", bad_line);
    for (int way = 0; way < 4; way++) {
        eg_state *s = eg_state_new(eg);
        eg_run_options o = {.threads = way ? way : 1, .interpret = way == 0, .check = EG_CHECK_OUTPUT};
        ck_assert_int_eq(eg_call(f, s, NULL, NULL, &o), EG_ERR_RUN);
        const char *m = eg_run_message(s);
        ck_assert_msg(strstr(m, plants[_i].op) && strstr(m, line) && strstr(m, "[7]") && strstr(m, "step 20"), "%s", m);
        if (!way) snprintf(first, sizeof first, "%s", m);
        ck_assert_str_eq(m, first);
        eg_state_free(s);
    }
    eg_state *s = eg_state_new(eg);
    ck_assert_int_eq(eg_call(f, s, NULL, NULL, NULL), EG_OK); /* unchecked: nothing is said */
}
END_TEST

static eg_val harmless(void *user, eg_val x)
{
    (void)user;
    eg_val none = eg_lt(x, (double)INFINITY), far = eg_min(x, (double)INFINITY);
    eg_val masked = eg_where(eg_gt(x, 0.0), eg_log(x), 0.0);
    eg_set(V, eg_where(none, eg_add(far, masked), eg_get(V)));
    return eg_nothing();
}

START_TEST(infinite_thresholds_and_what_is_masked_away_are_fine)
{
    eg_func *f = eg_trace(eg, "fine", harmless, NULL, 1, &vec);
    float x[N];
    for (int k = 0; k < N; k++) x[k] = (float)(k - 10);
    for (int way = 0; way < 3; way++) {
        eg_run_options o = {.threads = way ? way : 1, .interpret = way == 0, .check = EG_CHECK_OUTPUT};
        ck_assert_int_eq(eg_call(f, NULL, IN(x), NULL, &o), EG_OK);
    }
    eg_run_options all = {.check = EG_CHECK_ALL};
    ck_assert_int_eq(eg_call(f, NULL, IN(x), NULL, &all), EG_ERR_RUN);
    SAYS(EG_ERR_RUN, "log", "test_check.c");
}
END_TEST

static eg_val sum_of(void *user, eg_val x) { return (void)user, eg_sum(eg_mul(x, 2)); }

START_TEST(a_bad_argument_is_named_as_such)
{
    eg_func *f = eg_trace(eg, "sum", sum_of, NULL, 1, &vec);
    float out, x[N] = {0};
    x[13] = NAN;
    eg_run_options o = {.check = EG_CHECK_OUTPUT};
    ck_assert_int_eq(eg_call(f, NULL, IN(x), (void *[]){&out}, &o), EG_ERR_RUN);
    SAYS(EG_ERR_RUN, "argument 0", "[13]", "nan");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check");
    TCase *t = tcase_create("check");
    tcase_add_checked_fixture(t, scene, teardown);
    tcase_add_loop_test(t, planted_numbers_are_located, 0, LEN(plants));
    tcase_add_test(t, infinite_thresholds_and_what_is_masked_away_are_fine);
    tcase_add_test(t, a_bad_argument_is_named_as_such);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
