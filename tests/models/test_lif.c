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
    eg_context *eg = model_open(_i, EG_MATH_STRICT);
    eg_lif_params p = {.V_rest = -2, .V_reset = -5, .V_th = 15, .R = 1.5, .tau = 7, .tau_ref = 0.7};
    p.method = EG_LIF_EULER;
    eg_system *net = driven(eg, &p, EG_F32);
    static float got[T][N], want[T][N];
    record(net, "N.V", got, T);
    float V[N], dt = 0.1f;
    int left[N] = {0}, spikes = 0;
    for (int k = 0; k < N; k++) V[k] = -2;
    for (int t = 0; t < T; t++) {
        for (int k = 0; k < N; k++) {
            float I = (float)k * 0.6f, v = V[k] + dt / 7.0f * ((-2.0f - V[k]) + 1.5f * I);
            if (left[k] > 0) v = V[k];
            bool spike = v >= 15.0f;
            left[k] = spike ? 7 : left[k] > 0 ? left[k] - 1 : 0;
            V[k] = want[t][k] = spike ? -5.0f : v;
            spikes += spike;
        }
    }
    ck_assert_int_gt(spikes, 10);
    test_check_f32("V", &got[0][0], &want[0][0], (size_t)T * N);
    model_close(eg);
}
END_TEST

START_TEST(exact_steps_in_f64_agree_with_a_plain_loop)
{
    eg_context *eg = model_open(_i, EG_MATH_CONTRACT);
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
    model_close(eg);
}
END_TEST

/* Steps between two spikes of a neuron that rises in `rise` steps without refractory period. */
static int interval(double tau_ref, double dt, int way)
{
    eg_context *eg = model_open(way, EG_MATH_CONTRACT);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = dt});
    eg_lif_params p = eg_lif_defaults();
    p.V_reset = 0;
    p.tau_ref = tau_ref;
    eg_system *n = eg_lif(net, "N", 1, &p);
    eg_current(net, NULL, n, 1e5); /* above threshold in one step */
    static bool spike[400];
    record(net, "N.spike", spike, 400);
    int first = 0;
    while (!spike[first]) first++;
    int second = first + 1;
    while (second < 400 && !spike[second]) second++;
    model_close(eg);
    return second - first;
}

START_TEST(potential_is_held_for_whole_steps_of_tau_ref)
{
    ck_assert_int_eq(interval(0, 0.1, _i), 1);
    ck_assert_int_eq(interval(5, 0.1, _i), 51);
    ck_assert_int_eq(interval(2, 0.1, _i), 21);
    ck_assert_int_eq(interval(0.3, 0.1, _i), 4); /* 0.3 / 0.1 is below 3 */
    ck_assert_int_eq(interval(0.7, 0.1, _i), 8);
    ck_assert_int_eq(interval(0.25, 0.1, _i), 3);
    ck_assert_int_eq(interval(0.05, 0.1, _i), 1);
    ck_assert_int_eq(interval(30, 0.1, _i), 301);
}
END_TEST

START_TEST(potential_starts_at_rest_or_where_it_is_told)
{
    eg_context *eg = model_open(_i, EG_MATH_CONTRACT);
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
    model_close(eg);
}
END_TEST

static void wrong(const char *parameter, eg_lif_params p)
{
    eg_context *eg = model_open(0, EG_MATH_CONTRACT);
    eg_system *net = eg_network(eg, NULL, NULL);
    ck_assert_ptr_null(eg_lif(net, "N", 5, &p));
    model_expect(eg, EG_ERR_ARGUMENT, "LIF 'N'", parameter, "use", "test_lif.c", NULL);
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
    tcase_add_loop_test(c, potential_is_held_for_whole_steps_of_tau_ref, 0, 2);
    tcase_add_loop_test(c, potential_starts_at_rest_or_where_it_is_told, 0, WAYS);
    tcase_add_test(c, wrong_parameters_are_named);
    suite_add_tcase(s, c);
    return test_run(s);
}
