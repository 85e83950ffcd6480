/* Systems as functions y = f(x), with and without shared arguments; these arguments as arrays. */
#include "loop_scene.h"

START_TEST(a_target_without_time_is_called_as_it_is)
{
    eg_context *eg = test_open(_i);
    eg_system *A = adder_of(eg), *f = eg_no_shared_arg(A, NULL);
    ck_assert_str_eq(eg_system_path(f), "A.NoSharedArg0");
    eg_func *one = eg_system_function(f, eg_scalar(EG_F64));
    const double x = 4, many[] = {2, 4, 6};
    double y = 0, ys[3] = {0};
    for (int k = 1; k < 3; k++) {
        eg_call(one, NULL, (const void *[]){&x}, (void *[]){&y}, NULL);
        ck_assert_double_eq(y, 2 + 4 * k); /* the state goes on */
    }
    eg_func_free(one);
    eg_set_mode(A, EG_BATCHING, 0);
    eg_func *all = eg_system_function(f, eg_vector(EG_F64, 3));
    eg_call(all, NULL, (const void *[]){many}, (void *[]){ys}, NULL);
    test_fine(eg);
    for (int k = 0; k < 3; k++) ck_assert_double_eq(ys[k], 2 + many[k]);
    eg_func_free(all);
    test_close(eg);
}
END_TEST

START_TEST(a_target_that_needs_time_says_so)
{
    eg_context *eg = test_open(0);
    eg_system *E = eg_lif(eg_network(eg, NULL, NULL), "E", 2, NULL), *f = eg_no_shared_arg(E, "f");
    ck_assert_ptr_null(eg_system_function(f, eg_vector(EG_F32, 2)));
    ck_assert_int_ne(eg_error(eg), EG_OK);
    test_expect(eg, eg_error(eg), "NoSharedArg 'E.f' calls it without t, dt and i", NULL);
    ck_assert_ptr_null(eg_no_shared_arg(E, "f"));
    test_expect(eg, EG_ERR_ARGUMENT, "another name", NULL);
    ck_assert_ptr_null(eg_no_shared_arg(NULL, NULL));
    test_close(eg);
}
END_TEST

START_TEST(any_system_is_a_function)
{
    eg_context *eg = test_open(_i);
    eg_system *C = clock_of(eg);
    eg_func *f = eg_system_function(C, (eg_spec){.rank = -1});
    double t = -1, dt = -1;
    int64_t i = -1;
    eg_call(f, NULL, NULL, (void *[]){&t, &i, NULL, &dt, NULL}, NULL);
    test_fine(eg);
    ck_assert_double_eq(t, 0);
    ck_assert_double_eq(dt, 0.1);
    ck_assert_int_eq(i, 0);
    eg_set_mode(C, EG_BATCHING, 2);
    double ts[2] = {-1, -1};
    eg_call(eg_system_function(C, (eg_spec){.rank = -1}), NULL, NULL, (void *[]){ts, NULL, NULL, NULL, NULL}, NULL);
    test_fine(eg);
    ck_assert_double_eq(ts[1], 0);
    eg_system_function(C, eg_scalar(EG_F64));
    test_expect(eg, EG_ERR_SHAPE, "eg_system_function: x of", "[B, ...]", NULL);
    eg_system_function(C, eg_vector(EG_F64, 0));
    test_expect(eg, EG_ERR_ARGUMENT, "a batch of 0 samples", NULL);
    ck_assert_ptr_null(eg_system_function(NULL, eg_scalar(EG_F64)));
    test_close(eg);
}
END_TEST

START_TEST(shared_arguments_over_time_are_products)
{
    eg_context *eg = test_open(0);
    eg_system *d = eg_network(eg, "d", &(eg_network_options){.dtype = EG_F64}), *f = eg_network(eg, "f", NULL);
    eg_over_time a = eg_shared_over_time(d, &(eg_over_time_options){.steps = 29, .t0 = -1});
    eg_over_time b = eg_shared_over_time(f, &(eg_over_time_options){.duration = 4.8, .dt = 0.2});
    test_fine(eg);
    ck_assert_int_eq(eg_array_spec(a.t).dim[0], 29);
    ck_assert_int_eq(eg_array_spec(b.i).dim[0], 24);
    for (int k = 0; k < 24; k++) {
        ck_assert_int_eq(((int64_t *)eg_array_data(a.i))[k], k);
        ck_assert_double_eq(((double *)eg_array_data(a.t))[k], fma(k, 0.1, -1));
        ck_assert_double_eq(((double *)eg_array_data(a.dt))[k], 0.1);
        ck_assert_float_eq(((float *)eg_array_data(b.t))[k], (float)(k * 0.2));
        ck_assert_float_eq(((float *)eg_array_data(b.dt))[k], 0.2f);
    }
    ck_assert_int_eq(eg_array_spec(eg_shared_over_time(d, NULL).i).dim[0], 0);
    eg_shared_over_time(d, &(eg_over_time_options){.steps = -2});
    test_expect(eg, EG_ERR_ARGUMENT, "eg_shared_over_time: steps is -2", NULL);
    eg_shared_over_time(d, &(eg_over_time_options){.duration = -2});
    test_expect(eg, EG_ERR_ARGUMENT, "duration is -2", NULL);
    eg_shared_over_time(d, &(eg_over_time_options){.steps = 2, .dt = -1});
    test_expect(eg, EG_ERR_ARGUMENT, "dt is -1", NULL);
    eg_shared_over_time(d, &(eg_over_time_options){.steps = 2, .t0 = NAN});
    test_expect(eg, EG_ERR_ARGUMENT, "t0 is nan", NULL);
    ck_assert_ptr_null(eg_shared_over_time(NULL, NULL).t);
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("no_shared_arg");
    TCase *t = tcase_create("no_shared_arg");
    tcase_set_timeout(t, 0);
    tcase_add_loop_test(t, a_target_without_time_is_called_as_it_is, 0, WAYS);
    tcase_add_test(t, a_target_that_needs_time_says_so);
    tcase_add_loop_test(t, any_system_is_a_function, 0, WAYS);
    tcase_add_test(t, shared_arguments_over_time_are_products);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
