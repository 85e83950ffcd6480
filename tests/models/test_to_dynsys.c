/* Functions as systems: what moves into them, and what is reached through them. */
#include "loop_scene.h"

/* What the function is given: the group that it updates. */
static eg_val run_group(void *user, eg_system *self, eg_shared s, eg_val x)
{
    ck_assert_ptr_eq(eg_system_child(self, 0), user);
    eg_accumulate(user, "input", x);
    return eg_update(user, s, eg_no_input());
}

static eg_system *integrator(eg_system *net, const char *name) { return eg_leaky_integrator(net, name, 1, NULL); }

static eg_system *network(eg_context *eg) { return eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64}); }

START_TEST(a_function_runs_as_the_system_that_it_updates_would)
{
    eg_context *eg = test_open(_i);
    eg_system *net = network(eg), *E = integrator(net, "E"), *F = integrator(net, "F");
    eg_system *f = eg_to_dynsys(net, "f", run_group, E, 1, &E);
    eg_monitor see = {.variable = "E.V"}, other = {.variable = "V"};
    eg_system *r = eg_dsrunner(f, NULL, &(eg_dsrunner_options){.num_monitors = 1, .monitors = &see});
    eg_system *q = eg_dsrunner(F, NULL, &(eg_dsrunner_options){.num_monitors = 1, .monitors = &other});
    double x[50];
    for (int k = 0; k < 50; k++) x[k] = k % 7;
    eg_run_inputs(r, eg_vector(EG_F64, 50), x, NULL);
    eg_run_inputs(q, eg_vector(EG_F64, 50), x, NULL);
    test_fine(eg);
    test_check_f64("V", eg_history_of(r, "E.V").data, eg_history_of(q, "V").data, 50);
    test_check_f64("output", eg_output_of(r, 0).data, eg_history_of(q, "V").data, 50);
    eg_system *loop = LOOP(f, .num_out_vars = 1, .out_vars = PATHS("E.V"));
    eg_reset_state(f, NULL);
    eg_loop_run(loop, eg_vector(EG_F64, 50), x, NULL);
    test_check_f64("V", eg_loop_history(loop, "E.V").data, eg_history_of(q, "V").data, 50);
    test_close(eg);
}
END_TEST

START_TEST(children_move_into_it)
{
    eg_context *eg = test_open(_i);
    eg_system *net = network(eg), *two[] = {integrator(net, "E"), integrator(net, "F")}, *G = integrator(net, "G");
    eg_var *V = eg_system_variable(net, "F.V");
    eg_system *f = eg_to_dynsys(net, NULL, run_group, two[0], 2, two);
    ck_assert_str_eq(eg_system_path(f), "FuncAsDynSys0");
    ck_assert_str_eq(eg_system_path(two[1]), "FuncAsDynSys0.F");
    ck_assert_ptr_eq(eg_system_child(f, 0), two[0]);
    ck_assert_ptr_eq(eg_system_child(f, 1), two[1]);
    ck_assert_ptr_null(eg_system_child(f, 2));
    ck_assert_ptr_eq(eg_system_parent(two[1]), f);
    ck_assert_ptr_eq(eg_system_child(net, 0), G);
    ck_assert_ptr_eq(eg_system_child(net, 1), f);
    ck_assert_ptr_null(eg_system_child(net, 2));
    ck_assert_ptr_eq(eg_system_variable(net, "FuncAsDynSys0.F.V"), V);
    ck_assert_ptr_eq(eg_find_variable(eg, "F.V"), V);
    eg_system_variable(net, "F.V");
    test_expect(eg, EG_ERR_ARGUMENT, "no variable 'F.V'", "G.V, G.input, FuncAsDynSys0.E.V", NULL);
    eg_system_variable(f, "V");
    test_expect(eg, EG_ERR_ARGUMENT, "there is E.V, E.input, F.V, F.input", NULL);
    eg_var *late = eg_add_variable(two[1], "late", eg_scalar(EG_F64), eg_init_constant(0));
    ck_assert_str_eq(eg_variable_name(late), "FuncAsDynSys0.F.late");
    double one = 1, read = 0;
    eg_write(V, &one, sizeof one);
    eg_reset_state(f, NULL);
    eg_read(V, &read, sizeof read);
    ck_assert_double_eq(read, 0);
    test_close(eg);
}
END_TEST

/* The network updates what the function updates once: through the function. */
START_TEST(the_parent_leaves_the_children_to_it)
{
    eg_context *eg = test_open(_i);
    eg_system *net = network(eg), *A = eg_system_new(net, "A", &adder_class, 0, NULL);
    eg_fill(eg_system_variable(A, "V"), 1);
    eg_system *f = eg_to_dynsys(net, "f", run_group, A, 1, &A);
    eg_current(net, "I", A, 3);
    eg_simulate(net, 4, NULL); /* V += 0.5 * 3 */
    test_fine(eg);
    ck_assert_double_eq(value_of(f, "A.V"), 7);
    test_close(eg);
}
END_TEST

/* Names that variables have are not given again. */
START_TEST(a_name_stays_taken_when_its_owner_has_moved)
{
    eg_context *eg = test_open(0);
    eg_system *net = network(eg), *E = integrator(net, NULL), *F = integrator(net, "F"), *two[] = {E, F};
    eg_system *f = eg_to_dynsys(net, "f", run_group, E, 2, two);
    ck_assert_str_eq(eg_system_path(E), "f.LeakyIntegrator0");
    ck_assert_str_eq(eg_system_path(integrator(net, NULL)), "LeakyIntegrator1");
    test_fine(eg);
    ck_assert_ptr_null(integrator(net, "F"));
    test_expect(eg, EG_ERR_ARGUMENT, "LeakyIntegrator 'F': a LeakyIntegrator of that name was made at",
                "test_to_dynsys.c", NULL);
    ck_assert_str_eq(eg_system_path(integrator(f, "G")), "f.G");
    eg_to_dynsys(f, "g", run_group, F, 1, &F); /* a second time */
    ck_assert_str_eq(eg_system_path(F), "f.g.F");
    test_fine(eg);
    ck_assert_ptr_null(integrator(f, "F"));
    test_expect(eg, EG_ERR_ARGUMENT, "'f.F': a LeakyIntegrator of that name", NULL);
    test_close(eg);
}
END_TEST

START_TEST(what_is_wrong_is_said_and_nothing_moves)
{
    eg_context *eg = test_open(0);
    eg_system *net = network(eg), *other = eg_network(eg, "other", NULL), *E = integrator(net, "E");
    eg_system *sub = eg_system_new(net, "sub", &eg_network_class, 0, NULL), *in = integrator(sub, "E");
    eg_system *foreign = integrator(other, "E"), *none = NULL, *twice[] = {E, E};
    eg_system *loop = eg_loop_over_time(net, "loop", NULL), *part = eg_part(E, "p", 0, 1);
    ck_assert_ptr_null(eg_to_dynsys(net, NULL, NULL, NULL, 1, &E));
    test_expect(eg, EG_ERR_ARGUMENT, "eg_to_dynsys: fn is NULL", "test_to_dynsys.c", NULL);
    eg_to_dynsys(net, NULL, run_group, E, 0, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "there are no children", NULL);
    eg_to_dynsys(net, NULL, run_group, E, 1, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "there are no children", NULL);
    eg_to_dynsys(net, NULL, run_group, E, 1, &none);
    test_expect(eg, EG_ERR_ARGUMENT, "child 0 is NULL", NULL);
    eg_to_dynsys(net, NULL, run_group, E, 1, &foreign);
    test_expect(eg, EG_ERR_SCOPE, "child 0, 'other.E', is of another network", NULL);
    eg_to_dynsys(net, NULL, run_group, E, 1, &in);
    test_expect(eg, EG_ERR_ARGUMENT, "child 0, 'sub.E', was not made in that parent", NULL);
    eg_to_dynsys(net, NULL, run_group, E, 1, &net);
    test_expect(eg, EG_ERR_ARGUMENT, "was not made in that parent", NULL);
    eg_to_dynsys(E, NULL, run_group, E, 1, &part);
    test_expect(eg, EG_ERR_ARGUMENT, "is a part of a group", NULL);
    eg_to_dynsys(net, NULL, run_group, E, 1, &loop);
    test_expect(eg, EG_ERR_ARGUMENT, "'loop', runs a system that stays behind", NULL);
    eg_to_dynsys(net, NULL, run_group, E, 2, twice);
    test_expect(eg, EG_ERR_ARGUMENT, "child 1, 'E', is given twice", NULL);
    eg_to_dynsys(net, "sub", run_group, E, 1, &E);
    test_expect(eg, EG_ERR_ARGUMENT, "another name", NULL);
    ck_assert_ptr_null(eg_to_dynsys(NULL, NULL, run_group, E, 1, &E));
    ck_assert_ptr_eq(eg_system_parent(E), net);
    ck_assert_ptr_eq(eg_system_child(net, 0), E);
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("to_dynsys");
    TCase *t = tcase_create("to_dynsys");
    tcase_set_timeout(t, 0);
    tcase_add_loop_test(t, a_function_runs_as_the_system_that_it_updates_would, 0, WAYS);
    tcase_add_loop_test(t, children_move_into_it, 0, 1);
    tcase_add_loop_test(t, the_parent_leaves_the_children_to_it, 0, WAYS);
    tcase_add_test(t, a_name_stays_taken_when_its_owner_has_moved);
    tcase_add_test(t, what_is_wrong_is_said_and_nothing_moves);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
