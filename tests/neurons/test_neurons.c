/* What holds for every model: where it begins, how it runs, how long it is held; what it says of wrong parameters. */
#include <float.h>

#include "zoo.h"

enum { WAYS = 3, T = 400 };

static void record(zoo_scene *s, const char *name, void *out, int64_t steps)
{
    eg_var *v = eg_system_variable(s->group, name);
    eg_simulate(s->net, steps, &(eg_simulate_options){.num_record = 1, .record = &v, .out = &out});
    test_fine(s->eg);
}

START_TEST(defaults_are_those_of_the_header)
{
    const zoo_model *m = &zoo[_i];
    _Alignas(16) char params[ZOO_SIZE];
    m->defaults(params);
    for (int k = 0; k < ZOO_PARAMS && m->param[k].name; k++)
        ck_assert_double_eq(*zoo_param_of(m, params, m->param[k].name), m->param[k].value);
}
END_TEST

START_TEST(states_begin_where_the_header_says)
{
    const zoo_model *m = &zoo[_i];
    eg_context *eg = test_open(1);
    eg_system *net = eg_network(eg, NULL, NULL), *group = m->make(net, "N", N, NULL);
    test_fine(eg);
    ck_assert_str_eq(eg_class_of(group)->name, m->name);
    for (int k = 0; k < zoo_states(m); k++) {
        float x[N];
        eg_read(eg_system_variable(group, m->state[k].name), x, sizeof x);
        for (int j = 0; j < N && !isnan(m->state[k].start); j++) ck_assert_float_eq(x[j], (float)m->state[k].start);
    }
    test_close(eg);
}
END_TEST

/* States after T steps of each neuron's own current, and all spikes. */
static void run(int way, const zoo_model *m, eg_dtype type, const char *change, double value, char *end, bool *spike)
{
    zoo_scene s = zoo_open(way, m, type, change, value);
    double I[N];
    for (int k = 0; k < N; k++) I[k] = m->drive * (0.2 + 0.8 * k / (N - 1));
    eg_input in = {.variable = "input", .array = eg_floats_of(s.net, N, I)};
    eg_system *run =
        eg_dsrunner(s.group, NULL,
                    &(eg_dsrunner_options){.num_inputs = 1,
                                           .inputs = &in,
                                           .num_monitors = strcmp(m->name, "LeakyIntegrator") ? 1 : 0,
                                           .monitors = &(eg_monitor){.variable = "spike", .key = "spike"}});
    eg_run(run, T, NULL);
    test_fine(s.eg);
    if (strcmp(m->name, "LeakyIntegrator")) memcpy(spike, eg_history_of(run, "spike").data, T * N);
    const size_t bytes = N * eg_dtype_size(type);
    for (int k = 0; k < zoo_states(m); k++)
        memcpy(end + (size_t)k * bytes, eg_data(NULL, eg_system_variable(s.group, m->state[k].name)), bytes);
    test_close(s.eg);
}

START_TEST(compiled_code_on_any_number_of_threads_is_the_interpreter_bit_for_bit)
{
    const zoo_model *m = &zoo[_i];
    for (int type = 0; type < 2; type++) {
        for (int noisy = 0; noisy < 2; noisy++) {
            char end[WAYS][ZOO_STATES * N * 8] = {{0}};
            static bool spike[WAYS][T * N];
            for (int way = 0; way < WAYS; way++)
                run(way, m, type ? EG_F64 : EG_F32, "noise", noisy * 0.3, end[way], spike[way]);
            for (int way = 1; way < WAYS; way++) {
                ck_assert_mem_eq(end[way], end[0], sizeof end[0]);
                ck_assert_mem_eq(spike[way], spike[0], sizeof spike[0]);
            }
            int fired = 0;
            for (int k = 0; k < T * N; k++) fired += spike[0][k];
            if (strcmp(m->name, "LeakyIntegrator")) ck_assert_msg(fired > 3, "%s: %d spikes", m->name, fired);
        }
    }
}
END_TEST

START_TEST(nothing_happens_below_the_threshold_and_noise_does)
{
    const zoo_model *m = &zoo[_i];
    const bool spikes = strcmp(m->name, "LeakyIntegrator") != 0;
    for (int noisy = 0; noisy < 2; noisy++) {
        zoo_scene s = zoo_open(1, m, EG_F32, "noise", noisy);
        eg_current(s.net, NULL, s.group, m->quiet);
        static bool spike[T * N];
        if (spikes) record(&s, "spike", spike, T);
        if (!spikes) eg_simulate(s.net, T, NULL);
        for (int k = 0; k < T * N && spikes && !noisy; k++) ck_assert_msg(!spike[k], "%s: step %d", m->name, k / N);
        float x[N];
        eg_read(eg_system_variable(s.group, m->state[0].name), x, sizeof x);
        ck_assert_msg((x[0] != x[1]) == noisy, "%s", m->name);
        ck_assert(isfinite(x[0]));
        test_close(s.eg);
    }
}
END_TEST

START_TEST(noise_has_the_spread_of_its_process)
{
    /* dV = -V/tau dt + noise dW, steps as documented: the variance of V comes to noise^2 dt / (1 - exp(-2 dt/tau)). */
    const int many = 20000;
    eg_context *eg = test_open(1);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = 0.5, .dtype = EG_F64});
    eg_lif_params p = {.V_th = INFINITY, .R = 1, .tau = 5, .noise = 0.7};
    eg_leaky_integrator_params q = {.R = 1, .tau = 5, .noise = 0.7};
    eg_system *group[] = {eg_lif(net, "A", many, &p), eg_leaky_integrator(net, "B", many, &q)};
    eg_simulate(net, 100, NULL);
    test_fine(eg);
    for (int k = 0; k < 2; k++) {
        const double *V = eg_data(NULL, eg_system_variable(group[k], "V"));
        double mean = 0, square = 0, want = 0.7 * 0.7 * 0.5 / (1 - exp(-2 * 0.5 / 5));
        for (int j = 0; j < many; j++) mean += V[j] / many, square += V[j] * V[j] / many;
        ck_assert_double_lt(fabs(mean), 5 * sqrt(want / many));
        ck_assert_double_lt(fabs(square / want - 1), 5 * sqrt(2.0 / many));
    }
    test_close(eg);
}
END_TEST

/* -- refractory periods -------------------------------------------------------------------------------------------- */

/* One that reaches its threshold in every step spikes when t - t_last > tau_ref, times being products in f64. */
static void check_held(const zoo_model *m, double tau_ref, double dt, eg_dtype type)
{
    zoo_scene s = zoo_open(1, m, type, "tau_ref", tau_ref);
    eg_set_dt(s.net, dt);
    eg_current(s.net, NULL, s.group, 1e7);
    static bool spike[T * N];
    record(&s, "spike", spike, T);
    double last = -INFINITY;
    for (int k = 0; k < T; k++) {
        bool want = k * dt - last > tau_ref;
        if (want) last = k * dt;
        ck_assert_msg(spike[k * N + 3] == want, "%s: tau_ref %g, dt %g, step %d", m->name, tau_ref, dt, k);
    }
    ck_assert_int_eq(eg_variable_spec(eg_system_variable(s.group, "refractory")).dtype, EG_I32);
    test_close(s.eg);
}

START_TEST(V_may_be_held_longer_than_steps_can_be_counted)
{
    const double ever[] = {2e8, 1e12, DBL_MAX};
    for (size_t k = 0; k < sizeof ever / sizeof *ever; k++) check_held(&zoo[0], ever[k], 0.1, EG_F32);
}
END_TEST

START_TEST(V_is_held_while_the_time_since_the_spike_is_at_most_tau_ref)
{
    static const char *const model[] = {"LIF", "GIF", "ExpIF", "AdExIF", "QuaIF", "AdQuaIF", "Izhikevich"};
    for (size_t k = 0; k < sizeof model / sizeof *model; k++) {
        check_held(zoo_named(model[k]), 0.7, 0.1, EG_F32);
        check_held(zoo_named(model[k]), 3, 0.1, EG_F64);
        check_held(zoo_named(model[k]), 0.25, 0.05, EG_F32);
    }
}
END_TEST

START_TEST(without_tau_ref_there_is_no_refractory)
{
    const zoo_model *m = &zoo[_i];
    _Alignas(16) char params[ZOO_SIZE];
    const bool has = zoo_param_of(m, params, "tau_ref") != NULL;
    zoo_scene s = zoo_open(1, m, EG_F32, has ? "tau_ref" : NULL, 0);
    ck_assert_ptr_null(eg_find_variable(s.eg, "N.refractory"));
    test_close(s.eg);
}
END_TEST

START_TEST(other_variables_go_on_while_V_is_held)
{
    eg_context *eg = test_open(1);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_adex_if_params p = eg_adex_if_defaults();
    p.w_init = eg_init_constant(5);
    p.V_init = eg_init_constant(0); /* a spike in the first step */
    eg_system *group = eg_adex_if(net, "N", 1, &p);
    double V[50], w[50];
    eg_var *see[] = {eg_system_variable(group, "V"), eg_system_variable(group, "w")};
    eg_simulate(net, 50, &(eg_simulate_options){.num_record = 2, .record = see, .out = (void *[]){V, w}});
    /* While V is held dw/dt is linear: w goes to a (V - V_rest) exactly. */
    double first = 65 + (5 - 65) * exp(-0.1 / 30) + 1, rest = -3;
    ck_assert_double_eq_tol(w[0], first, 1e-12);
    for (int k = 1; k < 50; k++) {
        ck_assert_double_eq(V[k], -68);
        ck_assert_double_eq_tol(w[k], rest + (first - rest) * exp(-0.1 * k / 30), 1e-11);
    }
    test_close(eg);
}
END_TEST

/* -- rules at a spike ---------------------------------------------------------------------------------------------- */

START_TEST(oscillators_spike_when_V_comes_from_below)
{
    static const char *const model[] = {"HindmarshRose", "FHN", "HH", "MorrisLecar", "WangBuzsaki", "PinskyRinzel"};
    for (size_t k = 0; k < sizeof model / sizeof *model; k++) {
        const zoo_model *m = zoo_named(model[k]);
        _Alignas(16) char params[ZOO_SIZE];
        m->defaults(params);
        const double V_th = *zoo_param_of(m, params, "V_th");
        zoo_scene s = zoo_open(1, m, EG_F64, NULL, 0);
        eg_current(s.net, NULL, s.group, m->drive);
        static double V[T * 4][N];
        static bool spike[T * 4][N];
        eg_var *see[] = {eg_system_variable(s.group, m->state[0].name), eg_system_variable(s.group, "spike")};
        eg_simulate(s.net, T * 4, &(eg_simulate_options){.num_record = 2, .record = see, .out = (void *[]){V, spike}});
        test_fine(s.eg);
        int fired = 0, above = 0;
        for (int t = 0; t < T * 4; t++) {
            bool want = (t ? V[t - 1][0] : 0) < V_th && V[t][0] >= V_th;
            ck_assert_int_eq(spike[t][0], want);
            fired += want, above += V[t][0] >= V_th;
        }
        ck_assert_int_gt(fired, 2);
        ck_assert_int_gt(above, fired);
        test_close(s.eg);
    }
}
END_TEST

START_TEST(a_spike_of_alif_subtracts_the_threshold_and_raises_it)
{
    eg_context *eg = test_open(1);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_alif_params p = eg_alif_defaults();
    p.V_init = eg_init_constant(3);
    eg_alif(net, "N", 1, &p);
    bool spike[3];
    double V[3], a[3], v = 3, w = 0;
    eg_var *see[] = {eg_system_variable(net, "N.spike"), eg_system_variable(net, "N.V"),
                     eg_system_variable(net, "N.a")};
    eg_simulate(net, 3, &(eg_simulate_options){.num_record = 3, .record = see, .out = (void *[]){spike, V, a}});
    for (int k = 0; k < 3; k++) {
        v *= exp(-0.1 / 20);
        bool fires = v >= 1 + 1.6 * w;
        w = w * exp(-0.1 / 2000) + fires;
        v -= fires;
        ck_assert_int_eq(spike[k], k == 0);
        ck_assert_double_eq_tol(V[k], v, 1e-13);
        ck_assert_double_eq_tol(a[k], w, 1e-13);
    }
    test_close(eg);
}
END_TEST

START_TEST(gif_compares_with_the_threshold_of_before_the_step)
{
    eg_context *eg = test_open(1);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_gif_params p = eg_gif_defaults();
    p.V_init = eg_init_constant(-50);
    p.V_th_init = eg_init_constant(-50.05); /* V falls below it by 0.1, V_th rises: at once, or never */
    p.R1 = 0.5, p.A1 = 3, p.A2 = -2, p.R2 = 0.25, p.I1_init = eg_init_constant(1), p.I2_init = eg_init_constant(4);
    p.V_th_reset = -40;
    eg_system *group = eg_gif(net, "N", 1, &p);
    eg_simulate(net, 1, NULL);
    bool spike;
    double V, V_th, I1, I2;
    eg_read(eg_system_variable(group, "spike"), &spike, 1);
    eg_read(eg_system_variable(group, "V"), &V, 8);
    eg_read(eg_system_variable(group, "V_th"), &V_th, 8);
    eg_read(eg_system_variable(group, "I1"), &I1, 8);
    eg_read(eg_system_variable(group, "I2"), &I2, 8);
    ck_assert(spike);
    ck_assert_double_eq(V, -70);
    ck_assert_double_eq(V_th, -40);
    ck_assert_double_eq_tol(I1, 0.5 * exp(-0.02) + 3, 1e-14);
    ck_assert_double_eq_tol(I2, 0.25 * 4 * exp(-0.002) - 2, 1e-14);
    test_close(eg);
}
END_TEST

START_TEST(upstrokes_end_without_infinities_however_sharp_they_are)
{
    for (int type = 0; type < 2; type++) {
        for (int k = 0; k < 2; k++) {
            eg_context *eg = test_open(1);
            eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = type ? EG_F64 : EG_F32});
            eg_exp_if_params p = eg_exp_if_defaults();
            p.delta_T = k ? 1e-3 : 0.3;
            p.V_init = eg_init_uniform(-70, 40);
            eg_current(net, NULL, eg_exp_if(net, "N", 100, &p), 20);
            eg_system *count = eg_spike_counter(net, NULL, eg_find_system(net, "N"));
            eg_simulate(net, 2000, &(eg_simulate_options){.run = &(eg_run_options){.check = EG_CHECK_ALL}});
            test_fine(eg);
            ck_assert_int_gt(eg_spike_count(count, NULL), 1000);
            test_close(eg);
        }
    }
}
END_TEST

/* -- wrong parameters ---------------------------------------------------------------------------------------------- */

static bool allows(zoo_kind kind, double x)
{
    switch (kind) {
    case FINITE: return isfinite(x);
    case TIME:
    case WIDTH: return isfinite(x) && x > 0;
    case NOT_ZERO: return isfinite(x) && x != 0;
    case SHARE: return x > 0 && x < 1;
    case THRESHOLD: return !isnan(x);
    case TAU_REF:
    case NOISE: return isfinite(x) && x >= 0;
    }
    return false;
}

START_TEST(wrong_parameters_are_named_with_their_value_and_a_remedy)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY, -1, 0};
    const zoo_model *m = &zoo[_i];
    for (int k = 0; k < ZOO_PARAMS && m->param[k].name; k++) {
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++) {
            _Alignas(16) char params[ZOO_SIZE];
            m->defaults(params);
            *(double *)(void *)(params + m->param[k].at) = bad[j];
            eg_context *eg = test_open(0);
            eg_system *net = eg_network(eg, NULL, NULL), *group = m->make(net, "N", N, params);
            if (allows(m->param[k].kind, bad[j])) {
                test_fine(eg);
                ck_assert_ptr_nonnull(group);
            } else {
                char who[60], what[60];
                snprintf(who, sizeof who, "%s 'N'", m->name);
                snprintf(what, sizeof what, "%s is %g; use ", m->param[k].name, bad[j]);
                ck_assert_ptr_null(group);
                test_expect(eg, EG_ERR_ARGUMENT, who, what, "zoo.c", NULL);
            }
            eg_close(eg);
        }
    }
}
END_TEST

START_TEST(nothing_is_made_where_nothing_can_be)
{
    const zoo_model *m = &zoo[_i];
    eg_context *eg = test_open(0);
    eg_system *net = eg_network(eg, NULL, NULL);
    ck_assert_ptr_null(m->make(NULL, "N", N, NULL));
    ck_assert_ptr_null(m->make(net, "N", -1, NULL));
    ck_assert_int_ne(eg_error(eg), EG_OK);
    ck_assert_ptr_null(m->make(net, "M", N, NULL)); /* the error stands */
    eg_clear_error(eg);
    ck_assert_ptr_nonnull(m->make(net, "N", N, NULL));
    ck_assert_ptr_null(m->make(net, "N", N, NULL));
    test_expect(eg, EG_ERR_ARGUMENT, "'N'", "zoo.c", NULL);
    eg_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("neurons");
    TCase *c = tcase_create("neurons");
    tcase_set_timeout(c, 0);
    tcase_add_loop_test(c, defaults_are_those_of_the_header, 0, zoo_num);
    tcase_add_loop_test(c, states_begin_where_the_header_says, 0, zoo_num);
    tcase_add_loop_test(c, compiled_code_on_any_number_of_threads_is_the_interpreter_bit_for_bit, 0, zoo_num);
    tcase_add_loop_test(c, nothing_happens_below_the_threshold_and_noise_does, 0, zoo_num);
    tcase_add_test(c, noise_has_the_spread_of_its_process);
    tcase_add_test(c, V_may_be_held_longer_than_steps_can_be_counted);
    tcase_add_test(c, V_is_held_while_the_time_since_the_spike_is_at_most_tau_ref);
    tcase_add_loop_test(c, without_tau_ref_there_is_no_refractory, 0, zoo_num);
    tcase_add_test(c, other_variables_go_on_while_V_is_held);
    tcase_add_test(c, oscillators_spike_when_V_comes_from_below);
    tcase_add_test(c, a_spike_of_alif_subtracts_the_threshold_and_raises_it);
    tcase_add_test(c, gif_compares_with_the_threshold_of_before_the_step);
    tcase_add_test(c, upstrokes_end_without_infinities_however_sharp_they_are);
    tcase_add_loop_test(c, wrong_parameters_are_named_with_their_value_and_a_remedy, 0, zoo_num);
    tcase_add_loop_test(c, nothing_is_made_where_nothing_can_be, 0, zoo_num);
    suite_add_tcase(s, c);
    return test_run(s);
}
