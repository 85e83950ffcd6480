/* Networks: the order of a step, clocks, continuing, resetting, recording, states. */
#include "model.h"

#include <stdio.h>

enum { N = 200 };

/* -- systems that note when they are traced ------------------------------------------------------------------------ */

static char noted[200];

static eg_val note_update(eg_system *self, eg_shared s, eg_val x)
{
    (void)s;
    (void)x;
    strcat(strcat(noted, eg_system_path(self)), " ");
    return eg_nothing();
}

static const eg_class other_class = {.name = "Other", .role = EG_OTHER, .update = note_update};
static const eg_class projection_class = {.name = "Projection", .role = EG_PROJECTION, .update = note_update};
static const eg_class group_class = {.name = "Group", .role = EG_GROUP, .update = note_update};

START_TEST(projections_then_groups_then_others_each_in_order_of_making)
{
    eg_context *eg = test_open(0);
    eg_system *net = eg_network(eg, NULL, NULL);
    noted[0] = 0;
    eg_system_new(net, "o1", &other_class, 0, NULL);
    eg_system *sub = eg_system_new(net, "sub", &eg_network_class, 0, NULL);
    eg_system_new(net, "g1", &group_class, 3, NULL);
    eg_system_new(net, "p1", &projection_class, 0, NULL);
    eg_system_new(net, "o2", &other_class, 0, NULL);
    eg_system_new(net, "g2", &group_class, 3, NULL);
    eg_system_new(net, "p2", &projection_class, 0, NULL);
    eg_system_new(sub, "g", &group_class, 3, NULL);
    eg_system_new(sub, "p", &projection_class, 0, NULL);
    eg_simulate(net, 3, NULL);
    ck_assert_str_eq(noted, "p1 p2 g1 g2 o1 sub.p sub.g o2 ");
    test_close(eg);
}
END_TEST

/* -- the clock ----------------------------------------------------------------------------------------------------- */

typedef struct watch {
    eg_var *t, *dt, *i;
} watch;

static void watch_setup(eg_system *self)
{
    watch *w = eg_self(self);
    w->t = eg_add_variable(self, "t", eg_scalar(eg_float_type(self)), eg_init_constant(-1));
    w->dt = eg_add_variable(self, "dt", eg_scalar(eg_float_type(self)), eg_init_constant(-1));
    w->i = eg_add_variable(self, "i", eg_scalar(EG_I64), eg_init_constant(-1));
}

static eg_val watch_update(eg_system *self, eg_shared s, eg_val x)
{
    watch *w = eg_self(self);
    (void)x;
    eg_set(w->t, s.t);
    eg_set(w->dt, s.dt);
    eg_set(w->i, s.i);
    return s.t;
}

static const eg_class watch_class = {
    .name = "Watch", .role = EG_OTHER, .size = sizeof(watch), .setup = watch_setup, .update = watch_update};

START_TEST(time_is_step_times_dt_and_never_summed_up)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = 0.1, .dtype = EG_F64});
    eg_system *w = eg_system_new(net, "w", &watch_class, 0, NULL);
    eg_var *v[3] = {eg_system_variable(w, "t"), eg_system_variable(w, "dt"), eg_system_variable(w, "i")};
    static double t[3000], dt[3000];
    static int64_t i[3000];
    eg_simulate_options o = {.num_record = 3, .record = v, .out = (void *[]){t, dt, i}};
    for (int run = 0; run < 2; run++) {
        ck_assert_int_eq(eg_simulate(net, 3000, &o), EG_OK);
        for (int k = 0; k < 3000; k++) {
            ck_assert_int_eq(i[k], run * 3000 + k);
            ck_assert_double_eq(t[k], (double)i[k] * 0.1);
            ck_assert_double_eq(dt[k], 0.1);
        }
    }
    test_close(eg);
}
END_TEST

START_TEST(another_dt_or_number_of_steps_needs_no_trace)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_system *w = eg_system_new(net, "w", &watch_class, 0, NULL);
    float dt;
    ck_assert_double_eq(eg_dt(w), 0.1);
    eg_simulate(net, 3, NULL);
    eg_set_dt(net, 0.25);
    eg_simulate(net, 7, NULL);
    eg_read(eg_system_variable(w, "dt"), &dt, sizeof dt);
    ck_assert_float_eq(dt, 0.25f);
    ck_assert_int_eq(eg_get_stats(eg).traces, 1);
    eg_system_new(net, NULL, &watch_class, 0, NULL);
    eg_simulate(net, 1, NULL);
    ck_assert_int_eq(eg_get_stats(eg).traces, 2);
    test_close(eg);
}
END_TEST

/* -- a network with everything in it ------------------------------------------------------------------------------- */

static eg_system *full(eg_context *eg, const char *name)
{
    eg_system *net = eg_network(eg, name, NULL);
    eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
    cell.V_init = eg_init_normal(-55, 5);
    eg_system *E = eg_lif(net, "E", N, &cell), *I = eg_lif(net, "I", N / 4, &cell);
    eg_current(net, NULL, E, 20);
    eg_current(net, NULL, I, 20);
    eg_exp_synapse_params excite = {.tau = 5, .g_max = 0.6, .output = eg_coba(0)};
    eg_exp_synapse_params inhibit = {.tau = 10, .g_max = 6.7, .output = eg_coba(-80)};
    eg_fixed_prob_options p = {.prob = 0.1, .seed = 3};
    eg_exp_synapse(net, "E2E", E, E, eg_fixed_prob(eg, N, N, &p), &excite);
    eg_exp_synapse(net, "E2I", E, I, eg_fixed_prob(eg, N, N / 4, &p), &excite);
    eg_exp_synapse(net, "I2E", I, E, eg_fixed_prob(eg, N / 4, N, &p), &inhibit);
    eg_exp_synapse(net, "I2I", I, I, eg_fixed_prob(eg, N / 4, N / 4, &p), &inhibit);
    eg_spike_counter(net, "count", E);
    return net;
}

static const char *const names[] = {"E.V", "E.refractory", "I.V", "E2E.g", "I2E.g", "count.count", "E.spike"};
enum { NAMES = sizeof names / sizeof *names };

typedef struct picture {
    char data[NAMES][4 * N];
} picture;

static void take(eg_system *net, eg_state *s, picture *p)
{
    memset(p, 0, sizeof *p);
    for (int k = 0; k < NAMES; k++) {
        eg_var *v = eg_system_variable(net, names[k]);
        ck_assert_ptr_nonnull(v);
        eg_spec spec = eg_variable_spec(v);
        memcpy(p->data[k], eg_data(s, v), (size_t)spec.dim[0] * eg_dtype_size(spec.dtype));
    }
}

static void same(const picture *a, const picture *b)
{
    for (int k = 0; k < NAMES; k++) ck_assert_msg(!memcmp(a->data[k], b->data[k], 4 * N), "%s differs", names[k]);
}

START_TEST(continued_runs_equal_one_long_run)
{
    eg_context *eg = test_open(_i);
    eg_system *net = full(eg, NULL);
    static picture whole, parts;
    ck_assert_int_eq(eg_simulate(net, 600, NULL), EG_OK);
    take(net, NULL, &whole);
    ck_assert_int_gt(eg_spike_count(eg_find_system(net, "count"), NULL), N);
    eg_reset_state(net, NULL);
    eg_simulate(net, 0, NULL);
    eg_simulate(net, 1, NULL);
    eg_simulate(net, 7, NULL);
    eg_simulate(net, 592, NULL);
    take(net, NULL, &parts);
    same(&whole, &parts);
    test_close(eg);
}
END_TEST

START_TEST(recording_changes_nothing_and_takes_every_step)
{
    eg_context *eg = test_open(_i);
    eg_system *net = full(eg, NULL);
    static picture plain, recorded;
    eg_simulate(net, 300, NULL);
    take(net, NULL, &plain);
    eg_reset(eg, NULL);
    static bool spike[300][N];
    static float V[300][N];
    eg_var *v[2] = {eg_system_variable(net, "E.spike"), eg_system_variable(net, "E.V")};
    eg_simulate(net, 300, &(eg_simulate_options){.num_record = 2, .record = v, .out = (void *[]){spike, V}});
    take(net, NULL, &recorded);
    same(&plain, &recorded);
    int64_t spikes = 0;
    for (int t = 0; t < 300; t++) {
        for (int k = 0; k < N; k++) {
            spikes += spike[t][k];
            ck_assert_msg(!spike[t][k] || V[t][k] == -60, "a spike without a reset");
        }
    }
    ck_assert_int_eq(spikes, eg_spike_count(eg_find_system(net, "count"), NULL));
    ck_assert_mem_eq(V[299], eg_data(NULL, v[1]), sizeof V[299]);
    test_close(eg);
}
END_TEST

START_TEST(interpreter_and_threads_give_the_same_bits)
{
    static picture want, got;
    for (int way = 0; way < WAYS; way++) {
        eg_context *eg = test_open(way);
        eg_system *net = full(eg, NULL);
        eg_simulate(net, 500, NULL);
        take(net, NULL, way ? &got : &want);
        if (way) same(&want, &got);
        test_close(eg);
    }
}
END_TEST

START_TEST(inputs_are_gone_after_a_step_and_seen_within)
{
    eg_context *eg = test_open_math(_i, EG_MATH_STRICT);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_system *A = eg_lif(net, "A", 3, NULL);
    eg_current(net, NULL, A, 1.5);
    eg_current(net, NULL, A, 2);
    eg_var *input = eg_system_variable(A, "input");
    float seen[4][3], after[3];
    eg_simulate(net, 4, &(eg_simulate_options){.num_record = 1, .record = &input, .out = (void *[]){seen}});
    eg_read(input, after, sizeof after);
    for (int k = 0; k < 12; k++) ck_assert_float_eq(seen[k / 3][k % 3], 3.5);
    for (int k = 0; k < 3; k++) ck_assert_float_eq(after[k], 0);
    test_close(eg);
}
END_TEST

START_TEST(states_run_apart)
{
    eg_context *eg = test_open(_i);
    eg_system *net = full(eg, NULL);
    eg_state *a = eg_state_new(eg), *b = eg_state_new(eg);
    static picture of_a, of_b;
    eg_simulate(net, 100, &(eg_simulate_options){.state = a});
    eg_simulate(net, 40, &(eg_simulate_options){.state = b});
    eg_simulate(net, 60, &(eg_simulate_options){.state = b});
    take(net, a, &of_a);
    take(net, b, &of_b);
    same(&of_a, &of_b);
    ck_assert_int_eq(eg_spike_count(eg_find_system(net, "count"), NULL), 0);
    ck_assert_int_gt(eg_spike_count(eg_find_system(net, "count"), a), 0);
    test_close(eg);
}
END_TEST

static int hooks;

static void count_reset(eg_system *self, eg_state *state)
{
    (void)self;
    (void)state;
    hooks++;
}
static void count_clear(eg_system *self)
{
    (void)self;
    hooks += 100;
}

START_TEST(reset_gives_initial_values_and_calls_hooks)
{
    static const eg_class hooked = {.name = "Hooked",
                                    .role = EG_OTHER,
                                    .update = note_update,
                                    .reset_state = count_reset,
                                    .clear_input = count_clear};
    eg_context *eg = test_open(_i);
    eg_system *net = full(eg, "net");
    eg_system_new(net, NULL, &hooked, 0, NULL);
    static picture start, now;
    take(net, NULL, &start);
    hooks = 0;
    noted[0] = 0;
    eg_simulate(net, 50, NULL);
    ck_assert_int_eq(hooks, 100);
    take(net, NULL, &now);
    ck_assert_msg(memcmp(&start, &now, sizeof now) != 0, "nothing happened");
    eg_reset_state(net, NULL);
    ck_assert_int_eq(hooks, 101);
    take(net, NULL, &now);
    same(&start, &now);
    int64_t step;
    eg_read(eg_system_variable(net, "step"), &step, sizeof step);
    ck_assert_int_eq(step, 0);
    eg_simulate(net, 20, NULL);
    eg_reset_state(eg_find_system(net, "E"), NULL); /* only these */
    eg_read(eg_system_variable(net, "step"), &step, sizeof step);
    ck_assert_int_eq(step, 20);
    test_close(eg);
}
END_TEST

/* Brette et al. 2007: rates of this network lie around 20 Hz. */
START_TEST(coba_fires_at_its_known_rate_for_ten_seeds)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        eg_context *eg = eg_open(&(eg_options){.seed = seed, .threads = 1});
        eg_system *net = eg_network(eg, NULL, NULL);
        eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
        cell.V_init = eg_init_normal(-55, 5);
        cell.method = seed % 2 ? EG_LIF_EULER : EG_LIF_EXACT;
        eg_system *pre[2] = {eg_lif(net, "E", 3200, &cell), eg_lif(net, "I", 800, &cell)}, *count[2];
        eg_exp_synapse_params p[2] = {{.tau = 5, .g_max = 0.6, .output = eg_coba(0)},
                                      {.tau = 10, .g_max = 6.7, .output = eg_coba(-80)}};
        for (int a = 0; a < 2; a++) {
            eg_current(net, NULL, pre[a], 20);
            count[a] = eg_spike_counter(net, NULL, pre[a]);
            for (int b = 0; b < 2; b++) {
                eg_csr *c = eg_fixed_prob(eg, eg_num(pre[a]), eg_num(pre[b]), &(eg_fixed_prob_options){.prob = 0.02});
                eg_exp_synapse(net, NULL, pre[a], pre[b], c, &p[a]);
            }
        }
        eg_simulate(net, 10000, NULL);
        double rate = (double)(eg_spike_count(count[0], NULL) + eg_spike_count(count[1], NULL)) / 4000;
        ck_assert_msg(rate > 19.5 && rate < 23, "seed %d: %g Hz", (int)seed, rate);
        test_close(eg);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("network");
    TCase *c = tcase_create("network");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, projections_then_groups_then_others_each_in_order_of_making);
    tcase_add_loop_test(c, time_is_step_times_dt_and_never_summed_up, 0, WAYS);
    tcase_add_loop_test(c, another_dt_or_number_of_steps_needs_no_trace, 0, WAYS);
    tcase_add_loop_test(c, continued_runs_equal_one_long_run, 0, WAYS);
    tcase_add_loop_test(c, recording_changes_nothing_and_takes_every_step, 0, WAYS);
    tcase_add_test(c, interpreter_and_threads_give_the_same_bits);
    tcase_add_loop_test(c, inputs_are_gone_after_a_step_and_seen_within, 0, WAYS);
    tcase_add_loop_test(c, states_run_apart, 0, WAYS);
    tcase_add_loop_test(c, reset_gives_initial_values_and_calls_hooks, 0, WAYS);
    tcase_add_test(c, coba_fires_at_its_known_rate_for_ten_seeds);
    suite_add_tcase(s, c);
    return test_run(s);
}
