/* Systems: names, finding, initial values, what is wrong and how it is said. */
#include "model.h"

#include <stdio.h>

static eg_val nothing_update(eg_system *self, eg_shared s, eg_val x)
{
    (void)self;
    (void)s;
    return x;
}

static const eg_class plain = {.name = "Plain", .role = EG_GROUP, .size = 16, .update = nothing_update};

/* -- names --------------------------------------------------------------------------------------------------------- */

START_TEST(paths_are_names_from_the_root)
{
    eg_context *eg = test_open(0);
    eg_system *net = eg_network(eg, NULL, NULL), *named = eg_network(eg, "net", NULL);
    eg_system *sub = eg_system_new(net, "sub", &eg_network_class, 0, NULL);
    eg_system *E = eg_lif(sub, "E", 4, NULL), *F = eg_lif(named, "E", 4, NULL);
    ck_assert_str_eq(eg_system_path(E), "sub.E");
    ck_assert_str_eq(eg_system_name(E), "E");
    ck_assert_str_eq(eg_system_path(F), "net.E");
    ck_assert_str_eq(eg_variable_name(eg_system_variable(net, "sub.E.V")), "sub.E.V");
    ck_assert_str_eq(eg_variable_name(eg_system_variable(named, "E.V")), "net.E.V");
    ck_assert_ptr_eq(eg_find_variable(eg, "net.E.V"), eg_system_variable(F, "V"));
    ck_assert_ptr_eq(eg_find_system(net, "sub.E"), E);
    ck_assert_ptr_null(eg_find_system(net, "E"));
    ck_assert_ptr_null(eg_find_system(net, "sub.X.E"));
    ck_assert_ptr_eq(eg_system_parent(E), sub);
    ck_assert_ptr_eq(eg_system_child(sub, 0), E);
    ck_assert_ptr_null(eg_system_child(sub, 1));
    ck_assert_ptr_null(eg_system_child(sub, -1));
    ck_assert_ptr_eq(eg_system_context(E), eg);
    ck_assert_str_eq(eg_class_of(E)->name, "LIF");
    ck_assert_int_eq(eg_num(E), 4);
    test_close(eg);
}
END_TEST

START_TEST(unnamed_children_are_counted_by_class_and_parent)
{
    eg_context *eg = test_open(0);
    eg_system *net = eg_network(eg, NULL, NULL), *sub = eg_system_new(net, NULL, &eg_network_class, 0, NULL);
    ck_assert_str_eq(eg_system_path(sub), "Network0");
    ck_assert_str_eq(eg_system_path(eg_lif(net, NULL, 1, NULL)), "LIF0");
    ck_assert_str_eq(eg_system_path(eg_system_new(net, NULL, &plain, 1, NULL)), "Plain0");
    ck_assert_str_eq(eg_system_path(eg_lif(net, "LIF1", 1, NULL)), "LIF1");
    ck_assert_str_eq(eg_system_path(eg_lif(net, NULL, 1, NULL)), "LIF2");
    ck_assert_str_eq(eg_system_path(eg_lif(sub, NULL, 1, NULL)), "Network0.LIF0");
    test_close(eg);
}
END_TEST

START_TEST(a_name_taken_or_wrong_is_an_error)
{
    eg_context *eg = test_open(0);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_lif(net, "E", 4, NULL);
    ck_assert_ptr_null(eg_lif(net, "E", 4, NULL));
    test_expect(eg, EG_ERR_ARGUMENT, "LIF 'E'", "another name", "test_system.c", NULL);
    static const char *const wrong[] = {"", "a.b", "a b", "\xC3\xA4"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        ck_assert_ptr_null(eg_lif(net, wrong[k], 4, NULL));
        test_expect(eg, EG_ERR_ARGUMENT, "no name", "letters, digits", NULL);
    }
    ck_assert_ptr_null(eg_lif(net, "F", -4, NULL));
    test_expect(eg, EG_ERR_ARGUMENT, "LIF 'F'", "number of elements", NULL);
    ck_assert_ptr_null(eg_network(eg, NULL, NULL));
    test_expect(eg, EG_ERR_ARGUMENT, "name the second", NULL);
    ck_assert_ptr_null(eg_network(eg, "a.b", NULL));
    test_expect(eg, EG_ERR_ARGUMENT, "'a.b'", NULL);
    ck_assert_ptr_null(eg_system_new(net, "G", NULL, 4, NULL));
    test_expect(eg, EG_ERR_ARGUMENT, "class is NULL", NULL);
    test_close(eg);
}
END_TEST

START_TEST(what_failed_can_be_made_again)
{
    eg_context *eg = test_open(0);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_lif_params p = eg_lif_defaults();
    p.tau = -1;
    for (int k = 0; k < 2; k++) {
        ck_assert_ptr_null(eg_lif(net, "E", 4, &p));
        test_expect(eg, EG_ERR_ARGUMENT, "tau", NULL);
        ck_assert_ptr_null(eg_system_child(net, k));
        if (k == 0) eg_lif(net, "F", 4, NULL);
    }
    p.tau = 1;
    ck_assert_ptr_nonnull(eg_lif(net, "E", 4, &p));
    ck_assert_ptr_eq(eg_system_child(net, 1), eg_find_system(net, "E"));
    test_close(eg);
}
END_TEST

START_TEST(an_unknown_variable_lists_what_there_is)
{
    eg_context *eg = test_open(0);
    eg_system *net = eg_network(eg, "net", NULL);
    eg_lif(net, "E", 4, NULL);
    ck_assert_ptr_null(eg_system_variable(net, "E.W"));
    test_expect(eg, EG_ERR_ARGUMENT, "'E.W'", "there is step, E.V, E.spike, E.input", "test_system.c", NULL);
    ck_assert_ptr_null(eg_system_variable(net, "X.V"));
    test_expect(eg, EG_ERR_ARGUMENT, "'X.V'", NULL);
    ck_assert_ptr_null(eg_system_variable(net, NULL));
    test_expect(eg, EG_ERR_ARGUMENT, "'NULL'", NULL);
    for (int k = 0; k < 100; k++) eg_lif(net, NULL, 1, NULL);
    ck_assert_ptr_null(eg_system_variable(net, "E.W"));
    test_expect(eg, EG_ERR_ARGUMENT, "...", NULL);
    test_close(eg);
}
END_TEST

/* -- what is wrong ------------------------------------------------------------------------------------------------- */

START_TEST(dt_must_be_a_time)
{
    eg_context *eg = test_open(0);
    for (int k = 0; k < 3; k++) {
        double dt = (const double[]){-0.1, NAN, INFINITY}[k];
        ck_assert_ptr_null(eg_network(eg, "n", &(eg_network_options){.dt = dt}));
        test_expect(eg, EG_ERR_ARGUMENT, "Network 'n'", "dt is", "above 0", NULL);
    }
    ck_assert_ptr_null(eg_network(eg, "n", &(eg_network_options){.dtype = EG_I32}));
    test_expect(eg, EG_ERR_TYPE, "dtype is i32", NULL);
    eg_system *net = eg_network(eg, "n", NULL);
    ck_assert_int_eq(eg_set_dt(net, 0), EG_ERR_ARGUMENT);
    test_expect(eg, EG_ERR_ARGUMENT, "dt is 0", NULL);
    ck_assert_double_eq(eg_dt(net), 0.1);
    test_close(eg);
}
END_TEST

START_TEST(simulate_refuses_what_it_cannot_run)
{
    eg_context *eg = test_open(0);
    eg_system *net = eg_network(eg, "a", NULL), *other = eg_network(eg, "b", NULL), *E = eg_lif(net, "E", 4, NULL);
    eg_var *theirs = eg_system_variable(eg_lif(other, "E", 4, NULL), "V");
    float out[4];
    ck_assert_int_eq(eg_simulate(NULL, 1, NULL), EG_ERR_ARGUMENT);
    eg_simulate(E, 1, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "'a.E'", "the network it is in", NULL);
    eg_simulate(net, -1, NULL);
    test_expect(eg, EG_ERR_ARGUMENT, "steps is -1", NULL);
    eg_simulate(net, 1, &(eg_simulate_options){.num_record = 1, .record = &theirs, .out = (void *[]){out}});
    test_expect(eg, EG_ERR_ARGUMENT, "record[0]", "'b.E.V'", "eg_system_variable", NULL);
    eg_simulate(net, 1, &(eg_simulate_options){.num_record = 1, .record = (eg_var *[]){NULL}, .out = (void *[]){out}});
    test_expect(eg, EG_ERR_ARGUMENT, "record[0]", "NULL", NULL);
    eg_simulate(net, 1, &(eg_simulate_options){.num_record = 1});
    test_expect(eg, EG_ERR_ARGUMENT, "record and out", NULL);
    ck_assert_ptr_null(eg_stepper(E));
    test_expect(eg, EG_ERR_ARGUMENT, "eg_stepper", NULL);
    static const eg_class still = {.name = "Still"};
    eg_system_new(net, "S", &still, 0, NULL);
    eg_simulate(net, 1, NULL);
    test_expect(eg, EG_ERR_STATE, "Still 'a.S'", "no update", NULL);
    test_close(eg);
}
END_TEST

START_TEST(null_systems_are_survived)
{
    int line = 7;
    ck_assert(!eg_system_place(NULL, &line) && line == 0);
    ck_assert_ptr_null(eg_network(NULL, NULL, NULL));
    ck_assert_ptr_null(eg_system_new(NULL, NULL, NULL, 0, NULL));
    ck_assert_ptr_null(eg_self(NULL));
    ck_assert_ptr_null(eg_class_of(NULL));
    ck_assert_ptr_null(eg_system_context(NULL));
    ck_assert_ptr_null(eg_system_parent(NULL));
    ck_assert_ptr_null(eg_system_child(NULL, 0));
    ck_assert_str_eq(eg_system_name(NULL), "");
    ck_assert_str_eq(eg_system_path(NULL), "");
    ck_assert_int_eq(eg_num(NULL), 0);
    ck_assert_double_eq(eg_dt(NULL), 0);
    ck_assert_int_eq(eg_set_dt(NULL, 1), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_float_type(NULL), EG_F32);
    ck_assert_ptr_null(eg_find_system(NULL, "E"));
    ck_assert_ptr_null(eg_add_variable(NULL, "V", eg_scalar(EG_F32), eg_init_constant(0)));
    ck_assert_ptr_null(eg_add_input(NULL, "V", eg_scalar(EG_F32)));
    ck_assert_ptr_null(eg_system_variable(NULL, "V"));
    ck_assert_ptr_null(eg_keep(NULL, 10));
    ck_assert_ptr_null(eg_stepper(NULL));
    ck_assert_int_eq(eg_reset_state(NULL, NULL), EG_ERR_ARGUMENT);
    eg_accumulate(NULL, "V", 1);
    eg_clear_input(NULL);
    eg_system_fail(NULL, EG_ERR_STATE, "nothing");
    eg_update(NULL, (eg_shared){.fit = false}, eg_no_input());
    ck_assert_int_eq(eg_tuple_size(eg_value(NULL, "V")), 0);
}
END_TEST

/* -- initial values ------------------------------------------------------------------------------------------------ */

enum { DRAWN = 100000 };
static double drawn[DRAWN];

static void draw(eg_initializer init, const char *name, int threads)
{
    eg_context *eg = eg_open(&(eg_options){.threads = threads, .seed = 5});
    eg_system *s = eg_system_new(eg_network(eg, NULL, NULL), name, &plain, DRAWN, NULL);
    eg_read(eg_add_variable(s, "x", eg_vector(EG_F64, DRAWN), init), drawn, sizeof drawn);
    test_close(eg);
}

static double mean_of(double power, double about)
{
    double sum = 0;
    for (int k = 0; k < DRAWN; k++) sum += pow(drawn[k] - about, power);
    return sum / (double)DRAWN;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Largest distance of the distribution drawn from Phi((x - mean) / std) (Kolmogorov and Smirnov). */
static double distance_from_normal(double mean, double std)
{
    qsort(drawn, DRAWN, sizeof *drawn, compare);
    double worst = 0;
    for (int k = 0; k < DRAWN; k++)
        worst = fmax(worst, fabs(0.5 * erfc((mean - drawn[k]) / std * M_SQRT1_2) - (k + 0.5) / (double)DRAWN));
    return worst;
}

START_TEST(random_initial_values_have_their_distribution)
{
    draw(eg_init_normal(-55, 5), "a", 1);
    ck_assert_double_lt(distance_from_normal(-55, 5), 1.95 / sqrt(DRAWN)); /* p = 0.001 */
    ck_assert_double_lt(drawn[0], -55 - 5 * 3.5);
    ck_assert_double_gt(drawn[DRAWN - 1], -55 + 5 * 3.5);
    draw(eg_init_uniform(2, 4), "a", 1);
    ck_assert_double_eq_tol(mean_of(1, 0), 3, 0.01);
    ck_assert_double_eq_tol(mean_of(2, 3), 1.0 / 3, 0.01);
    qsort(drawn, DRAWN, sizeof *drawn, compare);
    ck_assert_double_ge(drawn[0], 2);
    ck_assert_double_lt(drawn[DRAWN - 1], 4);
    draw(eg_init_truncated_normal(1, 3), "a", 1);
    ck_assert_double_eq_tol(sqrt(mean_of(2, 1)), 3 * 0.87962566, 0.03);
    qsort(drawn, DRAWN, sizeof *drawn, compare);
    ck_assert_double_ge(drawn[0], 1 - 6 - 1e-9);
    ck_assert_double_le(drawn[DRAWN - 1], 1 + 6 + 1e-9);
}
END_TEST

START_TEST(random_initial_values_depend_on_path_and_not_on_threads)
{
    static double first[DRAWN];
    draw(eg_init_normal(0, 1), "a", 1);
    memcpy(first, drawn, sizeof first);
    draw(eg_init_normal(0, 1), "a", 2);
    ck_assert_mem_eq(first, drawn, sizeof first);
    draw(eg_init_normal(0, 1), "b", 1);
    int equal = 0;
    for (int k = 0; k < DRAWN; k++) equal += first[k] == drawn[k];
    ck_assert_int_eq(equal, 0);
}
END_TEST

START_TEST(initial_values_convert_to_every_type_and_outlive_their_array)
{
    eg_context *eg = test_open(0);
    eg_system *s = eg_system_new(eg_network(eg, NULL, NULL), "s", &plain, 3, NULL);
    double given[3] = {1.75, 0, 3e9};
    eg_var *v[EG_DTYPE_COUNT];
    for (int t = 0; t < EG_DTYPE_COUNT; t++)
        v[t] = eg_add_variable(s, eg_dtype_name((eg_dtype)t), eg_vector((eg_dtype)t, 3), eg_init_array(given, 3));
    memset(given, 0, sizeof given);
    for (int pass = 0; pass < 2; pass++) {
        ck_assert_mem_eq(eg_data(NULL, v[EG_BOOL]), "\1\0\1", 3);
        ck_assert_mem_eq(eg_data(NULL, v[EG_I32]), ((int32_t[]){1, 0, INT32_MAX}), 12);
        ck_assert_mem_eq(eg_data(NULL, v[EG_U32]), ((uint32_t[]){1, 0, 3000000000}), 12);
        ck_assert_mem_eq(eg_data(NULL, v[EG_I64]), ((int64_t[]){1, 0, 3000000000}), 24);
        ck_assert_mem_eq(eg_data(NULL, v[EG_F32]), ((float[]){1.75f, 0, 3e9f}), 12);
        ck_assert_mem_eq(eg_data(NULL, v[EG_F64]), ((double[]){1.75, 0, 3e9}), 24);
        ck_assert_mem_eq(eg_data(NULL, v[EG_C64]), ((float[]){1.75f, 0, 0, 0, 3e9f, 0}), 24);
        ck_assert_mem_eq(eg_data(NULL, v[EG_C128]), ((double[]){1.75, 0, 0, 0, 3e9, 0}), 48);
        for (int t = 0; t < EG_DTYPE_COUNT; t++) eg_fill(v[t], 7);
        eg_reset_state(s, NULL);
    }
    test_close(eg);
}
END_TEST

START_TEST(wrong_initial_values_are_named)
{
    eg_context *eg = test_open(0);
    eg_system *s = eg_system_new(eg_network(eg, NULL, NULL), "s", &plain, 3, NULL);
    const eg_initializer wrong[] = {eg_init_constant(NAN),     eg_init_normal(NAN, 1),
                                    eg_init_normal(0, -1),     eg_init_truncated_normal(0, INFINITY),
                                    eg_init_uniform(2, 1),     eg_init_uniform(-INFINITY, 1),
                                    eg_init_array(NULL, 3),    eg_init_array((double[]){1, 2}, 2),
                                    {.kind = (eg_init_kind)77}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        char name[20];
        snprintf(name, sizeof name, "v%zu", k);
        ck_assert_ptr_null(eg_add_variable(s, name, eg_floats(s), wrong[k]));
        test_expect(eg, k == 6 || k == 7 ? EG_ERR_SHAPE : EG_ERR_ARGUMENT, "Plain 's'", name, NULL);
    }
    ck_assert_ptr_null(eg_add_variable(s, "a.b", eg_floats(s), eg_init_constant(0)));
    test_expect(eg, EG_ERR_ARGUMENT, "'a.b'", NULL);
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("system");
    TCase *c = tcase_create("system");
    tcase_add_test(c, paths_are_names_from_the_root);
    tcase_add_test(c, unnamed_children_are_counted_by_class_and_parent);
    tcase_add_test(c, a_name_taken_or_wrong_is_an_error);
    tcase_add_test(c, what_failed_can_be_made_again);
    tcase_add_test(c, an_unknown_variable_lists_what_there_is);
    tcase_add_test(c, dt_must_be_a_time);
    tcase_add_test(c, simulate_refuses_what_it_cannot_run);
    tcase_add_test(c, null_systems_are_survived);
    tcase_add_test(c, random_initial_values_have_their_distribution);
    tcase_add_test(c, random_initial_values_depend_on_path_and_not_on_threads);
    tcase_add_test(c, initial_values_convert_to_every_type_and_outlive_their_array);
    tcase_add_test(c, wrong_initial_values_are_named);
    suite_add_tcase(s, c);
    return test_run(s);
}
