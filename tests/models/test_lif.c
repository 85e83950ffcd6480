/* LIF neurons against loops in plain C. */
#include "model.h"

enum { N = 37, T = 400 };

/* Neuron k gets 0.6 k. */
static eg_val ramp_update(eg_system *self, eg_shared s, eg_val x)
{
    (void)s;
    (void)x;
    eg_dtype t = eg_float_type(self);
    eg_accumulate(eg_system_parent(self), "N.input", eg_mul(eg_iota(eg_system_context(self), N, t), 0.6));
    return eg_nothing();
}

static const eg_class ramp = {.name = "Ramp", .role = EG_PROJECTION, .update = ramp_update};

static eg_system *driven(eg_context *eg, const eg_lif_params *p, eg_dtype type)
{
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = type});
    eg_lif(net, "N", N, p);
    eg_system_new(net, NULL, &ramp, 0, NULL);
    return net;
}

static void record(eg_system *net, const char *name, void *out, int64_t steps)
{
    eg_var *v = eg_system_variable(net, name);
    eg_simulate(net, steps, &(eg_simulate_options){.num_record = 1, .record = &v, .out = &out});
    ck_assert_msg(!eg_error(eg_system_context(net)), "%s", eg_message(eg_system_context(net)));
}

START_TEST(euler_steps_equal_a_plain_loop_bit_for_bit)
{
    eg_context *eg = test_open_math(_i, EG_MATH_STRICT);
    eg_lif_params p = {.V_rest = -2, .V_reset = -5, .V_th = 15, .R = 1.5, .tau = 7, .tau_ref = 0.7};
    p.method = EG_LIF_EULER;
    eg_system *net = driven(eg, &p, EG_F32);
    static float got[T][N], want[T][N];
    record(net, "N.V", got, T);
    float V[N], dt = 0.1f;
    double last[N];
    int spikes = 0;
    for (int k = 0; k < N; k++) V[k] = -2, last[k] = -1e7;
    for (int t = 0; t < T; t++) {
        for (int k = 0; k < N; k++) {
            float I = (float)k * 0.6f, v = V[k] + dt / 7.0f * ((-2.0f - V[k]) + 1.5f * I);
            if (t * 0.1 - last[k] <= 0.7) v = V[k];
            bool spike = v >= 15.0f;
            if (spike) last[k] = t * 0.1;
            V[k] = want[t][k] = spike ? -5.0f : v;
            spikes += spike;
        }
    }
    ck_assert_int_gt(spikes, 10);
    test_check_f32("V", &got[0][0], &want[0][0], (size_t)T * N);
    test_close(eg);
}
END_TEST

START_TEST(exact_steps_in_f64_agree_with_a_plain_loop)
{
    eg_context *eg = test_open(_i);
    eg_lif_params p = {.V_rest = -2, .V_reset = -5, .V_th = 1e6, .R = 1.5, .tau = 7};
    eg_system *net = driven(eg, &p, EG_F64);
    static double got[T][N];
    record(net, "N.V", got, T);
    for (int t = 0; t < T; t++) {
        for (int k = 0; k < N; k++) {
            double V_inf = -2 + 1.5 * 0.6 * k, want = V_inf + (-2 - V_inf) * exp(-0.1 * (t + 1) / 7);
            ck_assert_double_eq_tol(got[t][k], want, 1e-12 * (1 + fabs(V_inf)));
        }
    }
    test_close(eg);
}
END_TEST

/* A neuron that rises above its threshold in one step: its spikes are where comparing times as double-precision
 * products puts them, whatever the network's type. */
static void check_spikes(double tau_ref, double dt, eg_dtype type, int way)
{
    eg_context *eg = test_open(way);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = dt, .dtype = type});
    eg_lif_params p = eg_lif_defaults();
    p.V_reset = 0;
    p.tau_ref = tau_ref;
    eg_current(net, NULL, eg_lif(net, "N", 1, &p), 1e5);
    static bool spike[1000];
    record(net, "N.spike", spike, 1000);
    double last = -1e7;
    for (int k = 0; k < 1000; k++) {
        bool want = k * dt - last > tau_ref;
        if (want) last = k * dt;
        ck_assert_msg(spike[k] == want, "tau_ref %g, dt %g, step %d: %d", tau_ref, dt, k, spike[k]);
    }
    test_close(eg);
}

START_TEST(potential_is_held_while_the_time_since_the_spike_is_at_most_tau_ref)
{
    static const double tau_ref[] = {0.05, 0.1, 0.25, 0.3, 0.7, 1.05, 2, 5, 30}, dt[] = {0.1, 0.05, 0.025, 0.3};
    for (size_t a = 0; a < sizeof tau_ref / sizeof *tau_ref; a++) {
        for (size_t b = 0; b < sizeof dt / sizeof *dt; b++)
            check_spikes(tau_ref[a], dt[b], b % 2 ? EG_F64 : EG_F32, _i);
    }
}
END_TEST

START_TEST(refractory_periods_are_exact_after_long_times)
{
    /* At large times products round to coarser numbers than at small ones. */
    eg_context *eg = test_open(1);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = 0.1});
    eg_lif_params p = eg_lif_defaults();
    p.V_reset = 0;
    p.tau_ref = 0.7;
    eg_current(net, NULL, eg_lif(net, "N", 1, &p), 1e5);
    enum { MANY = 300000 };
    bool *spike = malloc(MANY);
    record(net, "N.spike", spike, MANY);
    double last = -1e7;
    int intervals[2] = {0}, before = 0;
    for (int k = 0; k < MANY; k++) {
        bool want = k * 0.1 - last > 0.7;
        ck_assert_msg(spike[k] == want, "step %d: %d", k, spike[k]);
        if (!want) continue;
        if (k) intervals[k - before == 8]++;
        last = k * 0.1;
        before = k;
    }
    ck_assert(intervals[0] > 100 && intervals[1] > 100); /* both lengths occur: rounding decides */
    free(spike);
    test_close(eg);
}
END_TEST

START_TEST(leaky_integrators_step_exactly_or_by_euler)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_leaky_integrator_params p = {.V_rest = -2, .R = 1.5, .tau = 7, .V_init = eg_init_constant(3)};
    eg_system *exact = eg_leaky_integrator(net, "exact", 2, &p);
    p.method = EG_LIF_EULER;
    eg_system *euler = eg_leaky_integrator(net, "euler", 2, &p);
    eg_current(net, NULL, exact, 4);
    eg_current(net, NULL, euler, 4);
    double V[T][2], W[T][2], w = 3;
    eg_var *v[] = {eg_system_variable(exact, "V"), eg_system_variable(euler, "V")};
    eg_simulate(net, T, &(eg_simulate_options){.num_record = 2, .record = v, .out = (void *[]){V, W}});
    for (int k = 0; k < T; k++) {
        w += 0.1 / 7 * (-2 - w + 1.5 * 4);
        for (int j = 0; j < 2; j++) {
            ck_assert_double_eq_tol(V[k][j], 4 - exp(-0.1 * (k + 1) / 7), 1e-12);
            ck_assert_double_eq_tol(W[k][j], w, 1e-12);
        }
    }
    p.tau = 0;
    ck_assert_ptr_null(eg_leaky_integrator(net, "N", 5, &p));
    test_expect(eg, EG_ERR_ARGUMENT, "LeakyIntegrator 'N'", "tau is 0", "test_lif.c", NULL);
    test_close(eg);
}
END_TEST

START_TEST(potential_starts_at_rest_or_where_it_is_told)
{
    eg_context *eg = test_open(_i);
    eg_system *net = eg_network(eg, NULL, NULL);
    eg_lif_params p = eg_lif_defaults();
    p.V_rest = -3;
    eg_lif(net, "A", 5, &p);
    p.V_init = eg_init_constant(4);
    eg_lif(net, "B", 5, &p);
    eg_lif(net, "C", 5, NULL);
    float a[5], b[5], c[5];
    eg_read(eg_system_variable(net, "A.V"), a, sizeof a);
    eg_read(eg_system_variable(net, "B.V"), b, sizeof b);
    eg_read(eg_system_variable(net, "C.V"), c, sizeof c);
    for (int k = 0; k < 5; k++) {
        ck_assert_float_eq(a[k], -3);
        ck_assert_float_eq(b[k], 4);
        ck_assert_float_eq(c[k], 0);
    }
    ck_assert_ptr_null(eg_find_variable(eg, "C.refractory"));
    test_close(eg);
}
END_TEST

static void wrong(const char *parameter, eg_lif_params p)
{
    eg_context *eg = test_open(0);
    eg_system *net = eg_network(eg, NULL, NULL);
    ck_assert_ptr_null(eg_lif(net, "N", 5, &p));
    test_expect(eg, EG_ERR_ARGUMENT, "LIF 'N'", parameter, "use", "test_lif.c", NULL);
    eg_close(eg);
}

START_TEST(wrong_parameters_are_named)
{
    const eg_lif_params good = eg_lif_defaults();
    eg_lif_params p = good;
    for (int k = 0; k < 4; k++) {
        p.tau = (const double[]){0, -1, NAN, INFINITY}[k];
        wrong("tau is", p);
    }
    p = good;
    p.tau_ref = -1;
    wrong("tau_ref is -1", p);
    p.tau_ref = NAN;
    wrong("tau_ref is", p);
    p = good;
    p.R = NAN;
    wrong("R is", p);
    p = good;
    p.V_rest = INFINITY;
    wrong("V_rest is", p);
    p = good;
    p.V_reset = NAN;
    wrong("V_reset is", p);
    p = good;
    p.V_th = NAN;
    wrong("V_th is", p);
    p = good;
    p.method = (eg_lif_method)9;
    wrong("method is", p);
    p = good;
    p.V_init = eg_init_normal(0, -1);
    wrong("normal(0, -1)", p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lif");
    TCase *c = tcase_create("lif");
    tcase_add_loop_test(c, euler_steps_equal_a_plain_loop_bit_for_bit, 0, WAYS);
    tcase_add_loop_test(c, exact_steps_in_f64_agree_with_a_plain_loop, 0, WAYS);
    tcase_add_loop_test(c, potential_is_held_while_the_time_since_the_spike_is_at_most_tau_ref, 0, 2);
    tcase_add_test(c, refractory_periods_are_exact_after_long_times);
    tcase_add_loop_test(c, leaky_integrators_step_exactly_or_by_euler, 0, WAYS);
    tcase_add_loop_test(c, potential_starts_at_rest_or_where_it_is_told, 0, WAYS);
    tcase_add_test(c, wrong_parameters_are_named);
    suite_add_tcase(s, c);
    return test_run(s);
}
