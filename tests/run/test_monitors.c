/* What is recorded: variables, elements, functions, strides, events. */
#include "scene.h"

enum { MANY = 20 };

static eg_system *watch(eg_system *net, int num, const eg_monitor *m)
{
    static const eg_input in = {.variable = "A.input", .value = 1};
    return eg_dsrunner(net, NULL,
                       &(eg_dsrunner_options){.num_monitors = num, .monitors = m, .num_inputs = 1, .inputs = &in});
}

/* Each element has values of its own: element k begins at 1000 k. */
static eg_system *graded(eg_context *eg, int64_t num)
{
    eg_system *net = scene_net(eg, num);
    double *V = calloc((size_t)num, sizeof *V);
    for (int64_t k = 0; k < num; k++) V[k] = 1000.0 * (double)k;
    eg_init(eg_system_variable(net, "A.V"), V, (size_t)num * sizeof *V);
    free(V);
    return net;
}

START_TEST(one_index_keeps_the_axis_and_several_come_in_their_order)
{
    eg_context *eg = test_open(_i);
    int64_t one = 2, some[] = {3, 0, 3}, range[] = {1, 2};
    eg_monitor m[] = {{.key = "one", .variable = "A.V", .indices = &one, .num_indices = 1},
                      {.key = "some", .variable = "A.V", .indices = some, .num_indices = 3},
                      {.key = "range", .variable = "A.V", .indices = range, .num_indices = 2}};
    eg_system *run = watch(graded(eg, 4), 3, m);
    one = some[0] = range[0] = 77; /* copied */
    eg_run(run, 2, NULL);
    const double *a = scene_f64(eg_history_of(run, "one"), 2, 20, 1);
    const double *b = scene_f64(eg_history_of(run, "some"), 2, 20, 3);
    const double *c = scene_f64(eg_history_of(run, "range"), 2, 20, 2);
    for (int t = 0; t < 20; t++) {
        ck_assert_double_eq(a[t], 2001 + t);
        ck_assert_double_eq(b[3 * t], 3001 + t);
        ck_assert_double_eq(b[3 * t + 1], 1 + t);
        ck_assert_double_eq(c[2 * t + 1], 2001 + t);
    }
    test_close(eg);
}
END_TEST

/* On two threads the last element is another thread's than the first; neither needs a barrier. */
START_TEST(single_elements_of_large_groups_are_right_wherever_they_lie)
{
    eg_context *eg = test_open(_i);
    enum { N = 5000 };
    int64_t at[] = {0, 63, 64, 2495, 2496, 2497, N - 1}, range[N / 50];
    eg_monitor m[8];
    char key[8][8];
    for (int k = 0; k < 7; k++) {
        snprintf(key[k], sizeof key[k], "m%d", k);
        m[k] = (eg_monitor){.key = key[k], .variable = "A.V", .indices = &at[k], .num_indices = 1};
    }
    for (int k = 0; k < N / 50; k++) range[k] = 2450 + k; /* across the border of the slices */
    m[7] = (eg_monitor){.key = "range", .variable = "A.spike", .indices = range, .num_indices = N / 50};
    eg_system *run = watch(graded(eg, N), 8, m);
    eg_run(run, 30, NULL);
    for (int k = 0; k < 7; k++) {
        const double *V = scene_f64(eg_history_of(run, key[k]), 2, 300, 1);
        for (int t = 0; t < 300; t += 7) ck_assert_double_eq(V[t], 1000.0 * (double)at[k] + t + 1);
    }
    const bool *s = eg_history_of(run, "range").data;
    for (int t = 0; t < 300; t++) {
        for (int k = 0; k < N / 50; k++) ck_assert_int_eq(s[t * (N / 50) + k], scene_spikes(t, 2450 + k));
    }
    test_close(eg);
}
END_TEST

/* -- functions ----------------------------------------------------------------------------------------------------- */

static eg_val sum_V(void *user, eg_system *target, eg_shared s)
{
    (void)s;
    return eg_mul(*(double *)user, eg_sum(eg_value(target, "A.V")));
}

static eg_val time_of(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    (void)target;
    return s.t;
}

static eg_val step_of(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    (void)target;
    return s.i;
}

/* -- complex variables --------------------------------------------------------------------------------------------- */

typedef struct rotors {
    eg_var *z;
} rotors;

static void rotors_setup(eg_system *self)
{
    ((rotors *)eg_self(self))->z = eg_add_variable(self, "z", eg_vector(EG_C64, eg_num(self)), eg_init_constant(2));
}

/* A quarter of a turn each step. */
static eg_val rotors_update(eg_system *self, eg_shared s, eg_val x)
{
    rotors *r = eg_self(self);
    (void)s;
    (void)x;
    eg_set(r->z, eg_mul(eg_get(r->z), eg_complex(0, 1)));
    return eg_re(eg_get(r->z));
}

static eg_val turned(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    return eg_mul(eg_sum(eg_value(target, "R.z")), s.t64);
}

START_TEST(complex_variables_are_recorded)
{
    static const eg_class rotor = {
        .name = "Rotors", .role = EG_GROUP, .size = sizeof(rotors), .setup = rotors_setup, .update = rotors_update};
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_system_new(net, "R", &rotor, 3, NULL);
    const int64_t at = 1;
    eg_monitor m[] = {{.key = "z", .variable = "R.z"},
                      {.key = "one", .variable = "R.z", .indices = &at, .num_indices = 1, .every = 3},
                      {.key = "sum", .fn = turned}};
    eg_system *run = eg_dsrunner(net, NULL, &(eg_dsrunner_options){.num_monitors = 3, .monitors = m});
    eg_run(run, 1.2, NULL);
    test_fine(eg);
    eg_history z = eg_history_of(run, "z"), one = eg_history_of(run, "one"), sum = eg_history_of(run, "sum");
    ck_assert(eg_same_spec(z.spec, eg_matrix(EG_C64, 12, 3)) && eg_same_spec(one.spec, eg_matrix(EG_C64, 4, 1)));
    ck_assert(eg_same_spec(sum.spec, eg_vector(EG_C128, 12)));
    static const float re[] = {0, -2, 0, 2}, im[] = {2, 0, -2, 0};
    for (int t = 0; t < 12; t++) {
        const float *now = (const float *)z.data + 6 * t;
        for (int k = 0; k < 3; k++) ck_assert(now[2 * k] == re[t % 4] && now[2 * k + 1] == im[t % 4]);
        ck_assert(((const double *)sum.data)[2 * t + 1] == 3 * (double)im[t % 4] * ((t + 1) * 0.1));
        if (t % 3 == 2) ck_assert_mem_eq((const float *)one.data + 2 * (t / 3), now + 2, 8);
    }
    test_close(eg);
}
END_TEST

static eg_val number(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    (void)target;
    (void)s;
    return eg_real(7);
}

START_TEST(functions_see_the_end_of_the_step)
{
    eg_context *eg = test_open(_i);
    double two = 2;
    eg_monitor m[] = {{.key = "sum", .fn = sum_V, .user = &two},
                      {.key = "t", .fn = time_of},
                      {.key = "i", .fn = step_of},
                      {.key = "i5", .fn = step_of, .every = 5},
                      {.key = "t5", .fn = time_of, .every = 5},
                      {.key = "seven", .fn = number}};
    eg_system *run = watch(scene_net(eg, 4), 6, m);
    eg_run(run, 2, NULL);
    const double *sum = scene_f64(eg_history_of(run, "sum"), 1, 20, 0);
    const double *t = scene_f64(eg_history_of(run, "t"), 1, 20, 0);
    const double *t5 = scene_f64(eg_history_of(run, "t5"), 1, 4, 0);
    const int64_t *i = eg_history_of(run, "i").data, *i5 = eg_history_of(run, "i5").data;
    for (int k = 0; k < 20; k++) {
        ck_assert_double_eq(sum[k], 2 * 4 * (k + 1));
        ck_assert_double_eq(t[k], (k + 1) * 0.1);
        ck_assert_int_eq(i[k], k);
    }
    for (int k = 0; k < 4; k++) {
        ck_assert_int_eq(i5[k], 5 * k + 4);
        ck_assert_double_eq(t5[k], (5 * k + 5) * 0.1);
    }
    ck_assert_double_eq(scene_f64(eg_history_of(run, "seven"), 1, 20, 0)[19], 7);
    test_close(eg);
}
END_TEST

/* -- every k-th step ----------------------------------------------------------------------------------------------- */

START_TEST(every_k_th_step_is_recorded_whatever_the_strides)
{
    eg_context *eg = test_open(_i);
    static const int64_t every[] = {1, 10, 100, 25, 4, 7, 1000, 3, 0, 50};
    enum { NUM = sizeof every / sizeof *every };
    eg_monitor m[NUM];
    char key[NUM][16];
    eg_system *net = scene_net(eg, 3);
    for (int first = 0; first < NUM; first++) {
        int num = NUM - first;
        for (int k = 0; k < num; k++) {
            snprintf(key[k], sizeof key[k], "every%d", k);
            m[k] = (eg_monitor){.key = key[k], .variable = "A.V", .every = every[first + k]};
        }
        eg_system *run = watch(net, num, m);
        eg_run(run, 23.7, &(eg_dsrun_options){.reset_state = true});
        test_fine(eg);
        for (int k = 0; k < num; k++) {
            int64_t step = every[first + k] ? every[first + k] : 1, rows = 237 / step;
            eg_history h = eg_history_of(run, key[k]);
            ck_assert_int_eq(h.spec.dim[0], rows);
            const double *V = h.data, *t = eg_times_of(run, key[k]).data;
            for (int64_t j = 0; j < rows; j++) {
                ck_assert_double_eq(V[3 * j + 1], (double)((j + 1) * step));
                ck_assert_double_eq(t[j], (double)((j + 1) * step) * 0.1);
            }
        }
        int64_t i0 = 0;
        eg_read(eg_system_variable(run, "i0"), &i0, sizeof i0);
        ck_assert_int_eq(i0, 237);
    }
    test_close(eg);
}
END_TEST

START_TEST(inputs_can_be_seen_in_every_k_th_step)
{
    eg_monitor m[] = {{.key = "all", .variable = "A.input"}, {.key = "few", .variable = "A.input", .every = 10}};
    for (int first = 0; first < 2; first++) { /* with and without a record in every step */
        eg_context *one = test_open(_i);
        eg_system *net = scene_net(one, 3), *run = watch(net, 2 - first, m + first);
        eg_run(run, 3, NULL);
        const double *few = scene_f64(eg_history_of(run, "few"), 2, 3, 3);
        for (int k = 0; k < 9; k++) ck_assert_double_eq(few[k], 1);
        double after[3];
        eg_read(eg_system_variable(net, "A.input"), after, sizeof after);
        ck_assert_double_eq(after[0], 0); /* inputs are those of a step */
        test_close(one);
    }
}
END_TEST

/* -- events -------------------------------------------------------------------------------------------------------- */

static eg_val two_axes(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    eg_val k = eg_iota(eg_system_context(target), 6, EG_I64);
    return eg_reshape(eg_eq(eg_mod(eg_add(k, s.i), 5), 0), 2, 3);
}

/* Each assertion of Check costs a write: they stand outside of the loops. */
static void check_events(eg_history h, int64_t steps, int64_t every, int64_t from, int64_t num)
{
    const int64_t *got = h.data;
    int64_t at = 0, wrong = -1;
    for (int64_t t = every - 1; t < steps; t += every) {
        for (int64_t k = 0; k < num; k++) {
            if (!scene_spikes(t, from + k)) continue;
            if (at < h.spec.dim[0] && wrong < 0 && (got[2 * at] != t || got[2 * at + 1] != from + k)) wrong = at;
            at++;
        }
    }
    ck_assert_msg(wrong < 0, "pair %lld of %lld is wrong", (long long)wrong, (long long)at);
    scene_pairs(h, at);
}

START_TEST(events_are_the_steps_and_indices_of_what_is_true)
{
    static const int64_t sizes[] = {1, 31, 32, 33, 64, 95, 700};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        eg_context *one = test_open(_i);
        int64_t some[] = {0, 7, 3}, range[] = {5, 6, 7, 8};
        bool large = sizes[k] > 8;
        eg_monitor m[] = {{.variable = "A.spike", .events = true},
                          {.key = "third", .variable = "A.spike", .events = true, .every = 3},
                          {.key = "tenth", .variable = "A.spike", .events = true, .every = 10},
                          {.key = "fn", .fn = two_axes, .events = true},
                          {.key = "range", .variable = "A.spike", .events = true, .indices = range, .num_indices = 4},
                          {.key = "some", .variable = "A.spike", .events = true, .indices = some, .num_indices = 3}};
        eg_system *run = watch(scene_net(one, sizes[k]), large ? 6 : 4, m);
        eg_run(run, 10.7, NULL);
        test_fine(one);
        check_events(eg_history_of(run, "A.spike"), 107, 1, 0, sizes[k]);
        check_events(eg_history_of(run, "third"), 107, 3, 0, sizes[k]);
        check_events(eg_history_of(run, "tenth"), 107, 10, 0, sizes[k]);
        check_events(eg_history_of(run, "fn"), 107, 1, 0, 6);
        if (large) {
            check_events(eg_history_of(run, "range"), 107, 1, 5, 4);
            const int64_t *p = eg_history_of(run, "some").data;
            ck_assert_int_eq(p[0], 0); /* step 0: 0 fires, of 0, 7, 3 */
            ck_assert_int_eq(p[1], 0);
            ck_assert_int_eq(p[2], 2); /* step 2: 3 */
            ck_assert_int_eq(p[3], 3);
            ck_assert_int_eq(p[4], 3); /* step 3: 7 */
            ck_assert_int_eq(p[5], 7);
        }
        eg_run(run, 0.8, NULL); /* steps are counted from the beginning of the run: 107 + 3 is its first of these */
        const int64_t *again = eg_history_of(run, "A.spike").data;
        ck_assert_int_eq(again[0], sizes[k] > 2 ? 0 : 3);
        test_close(one);
    }
}
END_TEST

/* Several pieces, searched by several threads. */
START_TEST(long_runs_of_large_groups_lose_no_event)
{
    eg_context *eg = test_open(_i ? 2 : 1);
    enum { N = 40000, T = 400 };
    eg_monitor m = {.variable = "A.spike", .events = true};
    eg_system *run = watch(scene_net(eg, N), 1, &m);
    eg_run(run, (double)T * 0.1, NULL);
    eg_history h = eg_history_of(run, "A.spike");
    check_events(h, T, 1, 0, N);
    test_close(eg);
}
END_TEST

START_TEST(parts_of_groups_are_seen_as_they_are)
{
    eg_context *eg = test_open(_i);
    eg_system *net = graded(eg, 10);
    eg_part(eg_find_system(net, "A"), "tail", 6, 4);
    test_fine(eg);
    int64_t one = 1;
    const char *path = "A.tail.V", *spike = "A.tail.spike";
    eg_monitor m[] = {{.key = "V", .variable = path},
                      {.key = "one", .variable = path, .indices = &one, .num_indices = 1},
                      {.key = "spike", .variable = spike, .events = true}};
    eg_system *run = watch(net, 3, m);
    test_fine(eg);
    eg_run(run, 1, NULL);
    const double *V = scene_f64(eg_history_of(run, "V"), 2, 10, 4);
    ck_assert_double_eq(V[0], 6001);
    ck_assert_double_eq(scene_f64(eg_history_of(run, "one"), 2, 10, 1)[9], 7010);
    const int64_t *p = eg_history_of(run, "spike").data;
    ck_assert_int_eq(p[0], 1); /* step 1: element 9, number 3 of the part */
    ck_assert_int_eq(p[1], 3);
    one = 4;
    watch(net, 3, m);
    test_expect(eg, EG_ERR_ARGUMENT, "index 4 is outside of 0 .. 3", NULL);
    test_close(eg);
}
END_TEST

/* -- errors -------------------------------------------------------------------------------------------------------- */

static eg_val two_values(void *user, eg_system *target, eg_shared s)
{
    (void)user;
    (void)target;
    eg_val v[] = {s.t, s.i};
    return (eg_tuple)(eg_system_context(target), 2, v, __FILE__, __LINE__);
}

START_TEST(wrong_monitors_are_named_when_the_runner_is_made)
{
    eg_context *eg = test_open(1);
    eg_system *net = scene_net(eg, 3);
    int64_t bad = 3, negative = -1, zero = 0;
    const struct {
        eg_monitor m;
        eg_status status;
        const char *text, *more;
    } wrong[] = {
        {{.variable = "A.U"}, EG_ERR_ARGUMENT, "A.U", "there is step, A.V, A.input, A.spike"},
        {{.variable = "B.V"}, EG_ERR_ARGUMENT, "B.V", "A.V"},
        {{.variable = "A.V", .indices = &bad, .num_indices = 1},
         EG_ERR_ARGUMENT,
         "index 3 is outside of 0 .. 2",
         "A.V"},
        {{.variable = "A.V", .indices = &negative, .num_indices = 1}, EG_ERR_ARGUMENT, "index -1", "A.V"},
        {{.variable = "step", .indices = &zero, .num_indices = 1}, EG_ERR_SHAPE, "scalar", "step"},
        {{.variable = "A.V", .num_indices = 2}, EG_ERR_ARGUMENT, "2 indices, but none", "A.V"},
        {{.variable = "A.V", .num_indices = -2}, EG_ERR_ARGUMENT, "-2 indices", "A.V"},
        {{.variable = "A.V", .every = -3}, EG_ERR_ARGUMENT, "every is -3", "A.V"},
        {{.variable = "A.V", .events = true}, EG_ERR_TYPE, "arrays of bool", "f64"},
        {{.variable = "step", .events = true}, EG_ERR_TYPE, "arrays of bool", "a scalar"},
        {{.key = "x"}, EG_ERR_ARGUMENT, "neither variable nor function", "monitor 0"},
        {{.fn = time_of}, EG_ERR_ARGUMENT, "no key", "monitor 0"},
        {{.variable = "A.V", .fn = time_of}, EG_ERR_ARGUMENT, "both a variable and a function", "monitor 0"},
        {{.key = "f", .fn = time_of, .indices = &zero, .num_indices = 1}, EG_ERR_ARGUMENT, "it is a function", "'f'"},
        {{.variable = "A.V", .file = ""}, EG_ERR_ARGUMENT, "its file is empty", "A.V"},
    };
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        ck_assert_ptr_null(watch(net, 1, &wrong[k].m));
        test_expect(eg, wrong[k].status, wrong[k].text, wrong[k].more, "test_monitors.c", NULL);
    }
    eg_monitor twice[] = {{.variable = "A.V"}, {.variable = "A.spike", .key = "A.V"}};
    ck_assert_ptr_null(watch(net, 2, twice));
    test_expect(eg, EG_ERR_ARGUMENT, "monitors 0 and 1 are both called 'A.V'", NULL);
    eg_monitor file = {.variable = "A.V", .file = "x.npy"};
    ck_assert_ptr_null(eg_dsrunner(
        net, NULL, &(eg_dsrunner_options){.num_monitors = 1, .monitors = &file, .data_first_axis = EG_BATCH_FIRST}));
    test_expect(eg, EG_ERR_ARGUMENT, "time first", NULL);
    ck_assert_ptr_nonnull(watch(net, 1, twice));
    test_close(eg);
}
END_TEST

START_TEST(functions_that_give_the_wrong_thing_are_named_before_anything_runs)
{
    eg_context *eg = test_open(1);
    eg_system *net = scene_net(eg, 3);
    eg_monitor pair = {.key = "pair", .fn = two_values}, real = {.key = "real", .fn = time_of, .events = true};
    eg_run(watch(net, 1, &pair), 1, NULL);
    test_expect(eg, EG_ERR_TYPE, "'pair'", "return one value", NULL);
    eg_run(watch(net, 1, &real), 1, NULL);
    test_expect(eg, EG_ERR_TYPE, "'real'", "arrays of bool", "a scalar", NULL);
    double V[3] = {5, 5, 5};
    eg_read(eg_system_variable(net, "A.V"), V, sizeof V);
    ck_assert_double_eq(V[0], 0);
    test_close(eg);
}
END_TEST

START_TEST(unknown_keys_list_the_known_ones)
{
    eg_context *eg = test_open(1);
    eg_monitor m[] = {{.variable = "A.V"}, {.key = "spikes", .variable = "A.spike"}};
    eg_system *run = watch(scene_net(eg, 3), 2, m);
    eg_run(run, 1, NULL);
    ck_assert_ptr_null(eg_history_of(run, "V").data);
    test_expect(eg, EG_ERR_ARGUMENT, "no monitor 'V'", "there is A.V, spikes", NULL);
    ck_assert_ptr_null(eg_history_of(run, NULL).data);
    test_expect(eg, EG_ERR_ARGUMENT, "NULL", NULL);
    ck_assert_ptr_null(eg_times_of(run, "nothing").data);
    test_expect(eg, EG_ERR_ARGUMENT, "nothing", "A.V, spikes", NULL);
    test_close(eg);
}
END_TEST

START_TEST(many_monitors_are_recorded_at_once)
{
    eg_context *eg = test_open(_i);
    eg_monitor m[MANY + 30];
    char key[MANY + 30][16];
    for (int k = 0; k < MANY + 30; k++) {
        snprintf(key[k], sizeof key[k], "m%d", k);
        m[k] = (eg_monitor){.key = key[k], .variable = "A.V", .every = 1 + k % 4};
    }
    eg_system *run = watch(scene_net(eg, 3), MANY + 30, m);
    eg_run(run, 6, NULL);
    for (int k = 0; k < MANY + 30; k++) {
        int step = 1 + k % 4;
        ck_assert_double_eq(scene_f64(eg_history_of(run, key[k]), 2, 60 / step, 3)[3], 2 * step);
    }
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("monitors");
    TCase *c = tcase_create("monitors");
    tcase_add_loop_test(c, complex_variables_are_recorded, 0, WAYS);
    tcase_add_loop_test(c, one_index_keeps_the_axis_and_several_come_in_their_order, 0, WAYS);
    tcase_add_loop_test(c, single_elements_of_large_groups_are_right_wherever_they_lie, 0, WAYS);
    tcase_add_loop_test(c, functions_see_the_end_of_the_step, 0, WAYS);
    tcase_add_loop_test(c, every_k_th_step_is_recorded_whatever_the_strides, 0, WAYS);
    tcase_add_loop_test(c, inputs_can_be_seen_in_every_k_th_step, 0, WAYS);
    tcase_add_loop_test(c, events_are_the_steps_and_indices_of_what_is_true, 0, WAYS);
    tcase_add_loop_test(c, long_runs_of_large_groups_lose_no_event, 0, 2);
    tcase_add_loop_test(c, parts_of_groups_are_seen_as_they_are, 0, WAYS);
    tcase_add_test(c, wrong_monitors_are_named_when_the_runner_is_made);
    tcase_add_test(c, functions_that_give_the_wrong_thing_are_named_before_anything_runs);
    tcase_add_test(c, unknown_keys_list_the_known_ones);
    tcase_add_loop_test(c, many_monitors_are_recorded_at_once, 0, WAYS);
    suite_add_tcase(s, c);
    return test_run(s);
}
