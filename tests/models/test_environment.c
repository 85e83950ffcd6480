/* Environments: what takes what from them, nesting, coming back, errors. */
#include "model.h"

#include <engram/environment.h>
#include <engram/inputs.h>

#define ENV(...) (&(eg_environment){__VA_ARGS__})

static void same(eg_environment a, eg_environment b)
{
    ck_assert_int_eq(a.mode, b.mode);
    ck_assert_int_eq(a.nonbatching, b.nonbatching);
    ck_assert_int_eq(a.batch_size, b.batch_size);
    ck_assert_double_eq(a.dt, b.dt);
    ck_assert_int_eq(a.x64, b.x64);
    ck_assert_int_eq(a.float_, b.float_);
    ck_assert_int_eq(a.int_, b.int_);
    ck_assert_int_eq(a.bool_, b.bool_);
    ck_assert_int_eq(a.complex_, b.complex_);
}

static const eg_environment at_first = {.nonbatching = true,
                                        .batch_size = 1,
                                        .dt = 0.1,
                                        .x64 = EG_X64_OFF,
                                        .float_ = EG_F32,
                                        .int_ = EG_I32,
                                        .complex_ = EG_C64};

static eg_val plain(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return eg_real(0.1);
}

START_TEST(networks_inputs_and_plain_numbers_take_from_it)
{
    eg_context *eg = test_open(0);
    same(eg_get_environment(eg), at_first);
    same(eg_get_environment(NULL), at_first);
    ck_assert_double_eq(eg_dt(eg_network(eg, "before", NULL)), 0.1);
    eg_set_environment(eg, ENV(.mode = EG_TRAINING, .batch_size = 8, .dt = 0.5, .x64 = EG_X64_ON));
    eg_system *net = eg_network(eg, "net", NULL);
    ck_assert_double_eq(eg_dt(net), 0.5);
    ck_assert_int_eq(eg_float_type(net), EG_F64);
    ck_assert_int_eq(eg_mode_of(net), EG_TRAINING);
    ck_assert_int_eq(eg_batch_size(net), 8);
    ck_assert_ptr_nonnull(eg_find_variable(
        eg, eg_variable_name(eg_system_variable(eg_lif(net, "E", 2, NULL), "spike")))); /* floats, in training */
    ck_assert_int_eq(eg_variable_spec(eg_system_variable(net, "E.spike")).dtype, EG_F64);
    eg_system *own = eg_network(eg, "own", &(eg_network_options){.dt = 0.2, .dtype = EG_F32});
    ck_assert_double_eq(eg_dt(own), 0.2);
    ck_assert_int_eq(eg_float_type(own), EG_F32);
    eg_spec in = eg_array_spec(eg_constant_input(eg, 1, &(eg_input_section){1, 10}, NULL));
    ck_assert_int_eq(in.dtype, EG_F64);
    ck_assert_int_eq(in.dim[0], 20);
    ck_assert_int_eq(eg_result_spec(eg_trace(eg, "plain", plain, NULL, 0, NULL), 0).dtype, EG_F64);
    ck_assert_int_eq(eg_float_type(eg_find_system(net, "E")), EG_F64);
    test_close(eg);
}
END_TEST

/* A network of single precision where the environment says double. */
START_TEST(options_win_and_models_stay_of_one_type)
{
    float V[2][3];
    for (int k = 0; k < 2; k++) {
        eg_context *eg = test_open(_i);
        if (k) eg_set_environment(eg, ENV(.x64 = EG_X64_ON));
        eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F32});
        eg_system *E = eg_lif(net, "E", 3, NULL);
        eg_current(net, NULL, E, 30);
        eg_exp_synapse(net, NULL, E, E, NULL,
                       &(eg_exp_synapse_params){.rule = EG_RULE_ALL_TO_OTHERS,
                                                .tau = 5,
                                                .g_max = 0.5,
                                                .output = eg_coba(10),
                                                .delay_step = {.steps = 2}});
        eg_simulate(net, 300, NULL);
        eg_read(eg_system_variable(E, "V"), V[k], sizeof V[k]);
        test_close(eg);
    }
    test_check_f32("V", V[1], V[0], 3);
}
END_TEST

START_TEST(x64_sets_both_types_and_a_given_type_wins)
{
    eg_context *eg = test_open(0);
    eg_set_environment(eg, ENV(.x64 = EG_X64_ON));
    ck_assert_int_eq(eg_get_environment(eg).float_, EG_F64);
    ck_assert_int_eq(eg_get_environment(eg).int_, EG_I64);
    ck_assert_int_eq(eg_get_environment(eg).complex_, EG_C128);
    eg_set_environment(eg, ENV(.x64 = EG_X64_ON, .float_ = EG_F32, .complex_ = EG_C64));
    ck_assert_int_eq(eg_get_environment(eg).complex_, EG_C64);
    ck_assert_int_eq(eg_get_environment(eg).float_, EG_F32);
    ck_assert_int_eq(eg_get_environment(eg).int_, EG_I64);
    eg_set_environment(eg, ENV(.x64 = EG_X64_OFF, .int_ = EG_U32));
    ck_assert_int_eq(eg_get_environment(eg).float_, EG_F32);
    ck_assert_int_eq(eg_get_environment(eg).int_, EG_U32);
    eg_set_environment(eg, ENV(.float_ = EG_F64));
    ck_assert_int_eq(eg_get_environment(eg).x64, EG_X64_OFF);
    eg_environment all = eg_get_environment(eg);
    eg_set_environment(eg, ENV(.x64 = EG_X64_ON, .mode = EG_BATCHING, .dt = 2));
    eg_set_environment(eg, &all); /* what was asked can be set again, the mode too */
    same(eg_get_environment(eg), all);
    eg_set_environment(eg, NULL);
    same(eg_get_environment(eg), all);
    test_close(eg);
}
END_TEST

/* -- scopes -------------------------------------------------------------------------------------------------------- */

START_TEST(what_was_when_it_was_entered_comes_back)
{
    eg_context *eg = test_open(0);
    eg_environment e = eg_training_environment((eg_environment){.dt = 0.3, .nonbatching = true});
    eg_set_environment(eg, ENV(.dt = 0.2, .float_ = EG_F64)); /* after e was made */
    eg_environment before = eg_get_environment(eg);
    eg_enter_environment(eg, &e);
    ck_assert_int_eq(eg_get_environment(eg).mode, EG_TRAINING);
    ck_assert_double_eq(eg_get_environment(eg).dt, 0.3);
    e = eg_batching_environment((eg_environment){.x64 = EG_X64_OFF, .batch_size = 4});
    eg_enter_environment(eg, &e);
    ck_assert_int_eq(eg_get_environment(eg).mode, EG_BATCHING);
    ck_assert_int_eq(eg_get_environment(eg).float_, EG_F32);
    ck_assert_double_eq(eg_get_environment(eg).dt, 0.3);
    eg_set_environment(eg, ENV(.dt = 7));
    eg_leave_environment(eg);
    ck_assert_int_eq(eg_get_environment(eg).mode, EG_TRAINING);
    ck_assert_double_eq(eg_get_environment(eg).dt, 0.3);
    eg_leave_environment(eg);
    same(eg_get_environment(eg), before);
    ck_assert_int_eq(eg_float_type(eg_network(eg, NULL, NULL)), EG_F64);
    test_close(eg);
}
END_TEST

START_TEST(it_comes_back_after_errors)
{
    eg_context *eg = test_open(0);
    eg_enter_environment(eg, ENV(.dt = 0.5));
    eg_enter_environment(eg, ENV(.dt = -1));
    test_expect(eg, EG_ERR_ARGUMENT, "dt is -1", NULL);
    ck_assert_double_eq(eg_get_environment(eg).dt, 0.5);
    eg_leave_environment(eg); /* what could not be entered is left all the same */
    ck_assert_double_eq(eg_get_environment(eg).dt, 0.5);
    eg_network(eg, "a.b", NULL);
    eg_leave_environment(eg);
    ck_assert_int_eq(eg_error(eg), EG_ERR_ARGUMENT);
    same(eg_get_environment(eg), at_first);
    test_expect(eg, EG_ERR_ARGUMENT, "a.b", NULL);
    for (int k = 0; k < 66; k++) eg_enter_environment(eg, ENV(.dt = k + 1));
    test_expect(eg, EG_ERR_STATE, "64 are nested", NULL);
    for (int k = 66; k > 0; k--) {
        ck_assert_double_eq(eg_get_environment(eg).dt, k < 64 ? k : 64);
        eg_leave_environment(eg);
    }
    same(eg_get_environment(eg), at_first);
    eg_leave_environment(eg);
    test_expect(eg, EG_ERR_STATE, "none was entered", "test_environment.c", NULL);
    ck_assert_int_eq(eg_leave_environment(NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_enter_environment(NULL, NULL), EG_ERR_ARGUMENT);
    test_close(eg);
}
END_TEST

typedef struct visit {
    eg_context *eg;
    double dt;
    int calls;
    bool fail;
} visit;

static void inner(void *user)
{
    visit *v = user;
    v->dt = eg_get_environment(v->eg).dt;
    v->calls++;
    eg_enter_environment(v->eg, ENV(.dt = 9)); /* and never left */
    if (v->fail) eg_network(v->eg, "a.b", NULL);
}
static void outer(void *user)
{
    visit *v = user;
    eg_with_environment(v->eg, ENV(.dt = 4), inner, v);
    ck_assert_double_eq(eg_get_environment(v->eg).dt, 3);
}

START_TEST(a_call_has_an_environment_of_its_own)
{
    eg_context *eg = test_open(0);
    visit v = {.eg = eg};
    ck_assert_int_eq(eg_with_environment(eg, ENV(.dt = 3, .mode = EG_BATCHING), outer, &v), EG_OK);
    ck_assert_double_eq(v.dt, 4);
    same(eg_get_environment(eg), at_first);
    v.fail = true;
    ck_assert_int_eq(eg_with_environment(eg, ENV(.dt = 3), outer, &v), EG_ERR_ARGUMENT);
    same(eg_get_environment(eg), at_first);
    ck_assert_int_eq(eg_with_environment(eg, ENV(.dt = 3), outer, &v), EG_ERR_ARGUMENT); /* the error is still there */
    ck_assert_int_eq(v.calls, 2);
    test_expect(eg, EG_ERR_ARGUMENT, "a.b", NULL);
    eg_with_environment(eg, ENV(.dt = -3), outer, &v);
    test_expect(eg, EG_ERR_ARGUMENT, "dt is -3", NULL);
    ck_assert_int_eq(v.calls, 2);
    eg_with_environment(eg, NULL, NULL, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "fn is NULL", NULL);
    ck_assert_int_eq(eg_with_environment(NULL, NULL, outer, &v), EG_ERR_ARGUMENT);
    same(eg_get_environment(eg), at_first);
    eg_leave_environment(eg);
    test_expect(eg, EG_ERR_STATE, "none was entered", NULL);
    test_close(eg);
}
END_TEST

/* Leaves what others entered, and enters in its place. */
static void careless(void *user)
{
    eg_leave_environment(user);
    test_expect(user, EG_ERR_STATE, "none was entered", NULL);
    eg_set_environment(user, ENV(.dt = 7));
    eg_enter_environment(user, ENV(.dt = 8));
}

START_TEST(a_call_cannot_leave_what_was_entered_outside)
{
    eg_context *eg = test_open(0);
    eg_enter_environment(eg, ENV(.dt = 5));
    eg_with_environment(eg, NULL, careless, eg);
    ck_assert_double_eq(eg_get_environment(eg).dt, 5);
    eg_leave_environment(eg);
    same(eg_get_environment(eg), at_first);
    test_fine(eg);
    eg_leave_environment(eg);
    test_expect(eg, EG_ERR_STATE, "none was entered", NULL);
    test_close(eg);
}
END_TEST

START_TEST(what_is_wrong_is_said_and_nothing_set)
{
    static const struct {
        eg_environment e;
        eg_status status;
        const char *text;
    } rows[] = {{{.dt = -1}, EG_ERR_ARGUMENT, "dt is -1"},
                {{.dt = INFINITY}, EG_ERR_ARGUMENT, "dt is inf"},
                {{.dt = NAN}, EG_ERR_ARGUMENT, "dt is "},
                {{.dt = 5, .mode = (eg_mode)3}, EG_ERR_ARGUMENT, "mode is 3; use EG_NONBATCHING"},
                {{.mode = EG_BATCHING, .nonbatching = true}, EG_ERR_ARGUMENT, "contradicts"},
                {{.batch_size = -4}, EG_ERR_ARGUMENT, "batch_size is -4"},
                {{.batch_size = INT64_C(1) << 40}, EG_ERR_ARGUMENT, "batch_size is 1.09951e+12"},
                {{.x64 = (eg_x64)3}, EG_ERR_ARGUMENT, "x64 is 3"},
                {{.dt = 5, .float_ = EG_I32}, EG_ERR_TYPE, "float_ is i32; use EG_F32 or EG_F64"},
                {{.int_ = EG_F32}, EG_ERR_TYPE, "int_ is f32"},
                {{.bool_ = EG_I32}, EG_ERR_TYPE, "bool_ is i32"},
                {{.complex_ = EG_F64}, EG_ERR_TYPE, "complex_ is f64; use EG_C64 or EG_C128"},
                {{.float_ = EG_C64}, EG_ERR_TYPE, "float_ is c64"}};
    eg_context *eg = test_open(0);
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        ck_assert_int_eq(eg_set_environment(eg, &rows[k].e), rows[k].status);
        test_expect(eg, rows[k].status, rows[k].text, "test_environment.c", NULL);
        same(eg_get_environment(eg), at_first);
    }
    ck_assert_int_eq(eg_set_environment(NULL, &at_first), EG_ERR_ARGUMENT);
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("environment");
    TCase *t = tcase_create("environment");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, networks_inputs_and_plain_numbers_take_from_it);
    tcase_add_loop_test(t, options_win_and_models_stay_of_one_type, 0, WAYS);
    tcase_add_test(t, x64_sets_both_types_and_a_given_type_wins);
    tcase_add_test(t, what_was_when_it_was_entered_comes_back);
    tcase_add_test(t, it_comes_back_after_errors);
    tcase_add_test(t, a_call_has_an_environment_of_its_own);
    tcase_add_test(t, a_call_cannot_leave_what_was_entered_outside);
    tcase_add_test(t, what_is_wrong_is_said_and_nothing_set);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
