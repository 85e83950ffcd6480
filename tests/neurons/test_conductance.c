/* Neurons with conductances: where gates begin, rates where they are 0/0, methods, the two compartments. */
#include "zoo.h"

enum { B = 3 };

static double expo(double x) { return exp(x); }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double linear(double x) { return fabs(x) < 1e-8 ? 1 + x / 2 : x / (1 - exp(-x)); }
static double steady(double alpha, double beta) { return alpha / (alpha + beta); }

/* -- where gates begin --------------------------------------------------------------------------------------------- */

static double hh_m(double V) { return steady(linear((V + 40) / 10), 4 * expo(-(V + 65) / 18)); }
static double hh_h(double V) { return steady(0.07 * expo(-(V + 65) / 20), sigmoid((V + 35) / 10)); }
static double hh_n(double V) { return steady(0.1 * linear((V + 55) / 10), 0.125 * expo(-(V + 65) / 80)); }

static void check_steady(const double *V, const double *m, const double *h, const double *n, int num)
{
    for (int k = 0; k < num; k++) {
        ck_assert(V[k] >= -70 && V[k] < -60);
        ck_assert(k == 0 || V[k] != V[k - 1]);
        ck_assert_double_eq_tol(m[k], hh_m(V[k]), 1e-14);
        ck_assert_double_eq_tol(h[k], hh_h(V[k]), 1e-14);
        ck_assert_double_eq_tol(n[k], hh_n(V[k]), 1e-14);
    }
}

START_TEST(gates_begin_in_the_steady_state_of_their_own_potential)
{
    static const char *const name[] = {"V", "m", "h", "n"};
    eg_context *eg = test_open(1);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64}), *group = eg_hh(net, "N", N, NULL);
    double x[4][N], first[4][N], all[4][B * N];
    eg_set_mode(net, EG_BATCHING, B);
    eg_var *batch[4];
    for (int k = 0; k < 4; k++) batch[k] = eg_batch_variable(group, name[k], B);
    for (int reset = 0; reset < 2; reset++) {
        for (int k = 0; k < 4; k++) {
            eg_read(eg_system_variable(group, name[k]), x[k], sizeof x[k]);
            eg_read(batch[k], all[k], sizeof all[k]);
            if (reset) ck_assert_mem_eq(x[k], first[k], sizeof x[k]);
            memcpy(first[k], x[k], sizeof x[k]);
            for (int j = 0; j < N; j++) x[k][j] = 7;
            if (reset == 0) eg_write(eg_system_variable(group, name[k]), x[k], sizeof x[k]), eg_fill(batch[k], 7);
        }
        test_fine(eg);
        check_steady(first[0], first[1], first[2], first[3], N);
        check_steady(all[0], all[1], all[2], all[3], B * N);
        if (reset == 0) eg_reset_state(net, NULL);
    }
    test_close(eg);
}
END_TEST

START_TEST(initialisers_of_gates_come_first)
{
    eg_context *eg = test_open(1);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_hh_params p = eg_hh_defaults();
    p.V_init = eg_init_constant(-40), p.h_init = eg_init_constant(0.25); /* alpha_m is 0/0 there */
    eg_system *group = eg_hh(net, "N", 1, &p);
    double m, h, n;
    eg_read(eg_system_variable(group, "m"), &m, sizeof m);
    eg_read(eg_system_variable(group, "h"), &h, sizeof h);
    eg_read(eg_system_variable(group, "n"), &n, sizeof n);
    ck_assert_double_eq_tol(m, hh_m(-40), 1e-15);
    ck_assert_double_eq(h, 0.25);
    ck_assert_double_eq_tol(n, hh_n(-40), 1e-15);
    test_close(eg);
}
END_TEST

START_TEST(the_axon_rests_at_minus_65_mV)
{
    eg_context *eg = test_open(1);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64}), *group = eg_hh(net, "N", N, NULL);
    eg_simulate(net, 3000, NULL);
    double V[N];
    eg_read(eg_system_variable(group, "V"), V, sizeof V);
    for (int k = 0; k < N; k++) ck_assert_double_eq_tol(V[k], -65, 0.05);
    test_close(eg);
}
END_TEST

/* -- limits -------------------------------------------------------------------------------------------------------- */

/* All states of both methods a step after V, for a model made with every potential at V. */
static void step_from(const zoo_model *m, const size_t *V_init, double V, eg_dtype type, size_t method_at,
                      eg_method method, double *x)
{
    _Alignas(16) char params[ZOO_SIZE];
    eg_context *eg = test_open(1);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = type});
    m->defaults(params);
    for (int k = 0; k < 2; k++) *(eg_initializer *)(void *)(params + V_init[k]) = eg_init_constant(V);
    *(eg_method *)(void *)(params + method_at) = method;
    eg_system *group = m->make(net, "N", 1, params);
    eg_simulate(net, 1, &(eg_simulate_options){.run = &(eg_run_options){.check = EG_CHECK_ALL}});
    test_fine(eg);
    for (int k = 0; k < zoo_states(m); k++) {
        float f;
        eg_var *v = eg_system_variable(group, m->state[k].name);
        eg_read(v, type == EG_F32 ? (void *)&f : &x[k], eg_dtype_size(type));
        if (type == EG_F32) x[k] = (double)f;
    }
    test_close(eg);
}

START_TEST(rates_have_their_limits)
{
    static const struct {
        const char *model;
        size_t V_init[2], method;
        double V[4];
    } at[] = {{"HH",
               {offsetof(eg_hh_params, V_init), offsetof(eg_hh_params, V_init)},
               offsetof(eg_hh_params, method),
               {-40, -55, -40, -55}},
              {"WangBuzsaki",
               {offsetof(eg_wang_buzsaki_params, V_init), offsetof(eg_wang_buzsaki_params, V_init)},
               offsetof(eg_wang_buzsaki_params, method),
               {-35, -34, -35, -34}},
              {"PinskyRinzel",
               {offsetof(eg_pinsky_rinzel_params, Vs_init), offsetof(eg_pinsky_rinzel_params, Vd_init)},
               offsetof(eg_pinsky_rinzel_params, method),
               {-46.9, -19.9, -24.9, -8.9}}};
    for (int k = 0; k < (int)(sizeof at / sizeof *at); k++) {
        const zoo_model *m = zoo_named(at[k].model);
        for (int j = 0; j < 16; j++) {
            const double V = at[k].V[j / 4], h = 1e-4;
            const eg_dtype type = j & 1 ? EG_F64 : EG_F32;
            const eg_method method = j & 2 ? EG_METHOD_RK4 : EG_METHOD_EXP_EULER;
            double x[3][ZOO_STATES];
            for (int i = 0; i < 3; i++) step_from(m, at[k].V_init, V + (i - 1) * h, type, at[k].method, method, x[i]);
            /* In the middle between its neighbours, but for a curvature of order h^2 and rounding. */
            for (int i = 0; i < zoo_states(m); i++) {
                double middle = (x[0][i] + x[2][i]) / 2, most = type == EG_F64 ? 1e-6 : 1e-4 * (1 + fabs(middle));
                ck_assert_msg(fabs(x[1][i] - middle) <= most, "%s at %g: %s is %.17g, not %.17g", m->name, V,
                              m->state[i].name, x[1][i], middle);
            }
        }
    }
}
END_TEST

/* -- methods ------------------------------------------------------------------------------------------------------- */

typedef struct trial {
    const char *model;
    size_t method;
} trial;

static const trial trials[] = {{"HH", offsetof(eg_hh_params, method)},
                               {"MorrisLecar", offsetof(eg_morris_lecar_params, method)},
                               {"WangBuzsaki", offsetof(eg_wang_buzsaki_params, method)},
                               {"PinskyRinzel", offsetof(eg_pinsky_rinzel_params, method)}};

/* All states of N neurons after `steps` of dt. */
static void run_trial(int way, const trial *t, eg_method method, eg_dtype type, double dt, int steps, char *end)
{
    const zoo_model *m = zoo_named(t->model);
    _Alignas(16) char params[ZOO_SIZE];
    eg_context *eg = test_open(way);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = dt, .dtype = type});
    m->defaults(params);
    *(eg_method *)(void *)(params + t->method) = method;
    if (m->drawn) *(eg_initializer *)(void *)(params + m->drawn) = eg_init_constant(-65);
    eg_system *group = m->make(net, "N", N, params);
    eg_current(net, NULL, group, m->drive);
    eg_simulate(net, steps, NULL);
    test_fine(eg);
    const size_t bytes = N * eg_dtype_size(type);
    for (int k = 0; k < zoo_states(m); k++)
        eg_read(eg_system_variable(group, m->state[k].name), end + (size_t)k * bytes, bytes);
    test_close(eg);
}

START_TEST(runge_kutta_is_the_same_interpreted_and_compiled)
{
    for (int type = 0; type < 2; type++) {
        char end[3][ZOO_STATES * N * 8] = {{0}};
        for (int way = 0; way < 3; way++)
            run_trial(way, &trials[_i], EG_METHOD_RK4, type ? EG_F64 : EG_F32, 0.05, 200, end[way]);
        ck_assert_mem_eq(end[0], end[1], sizeof end[0]);
        ck_assert_mem_eq(end[0], end[2], sizeof end[0]);
    }
}
END_TEST

START_TEST(both_methods_come_to_the_same_and_runge_kutta_sooner)
{
    static _Alignas(16) char fine[ZOO_STATES * N * 8], x[ZOO_STATES * N * 8];
    double error[2] = {0};
    run_trial(1, &trials[_i], EG_METHOD_RK4, EG_F64, 0.0005, 6000, fine);
    for (int method = 0; method < 2; method++) {
        run_trial(1, &trials[_i], (eg_method)method, EG_F64, 0.005, 600, x);
        for (int k = 0; k < zoo_states(zoo_named(trials[_i].model)); k++) {
            double a = ((double *)(void *)x)[k * N], b = ((double *)(void *)fine)[k * N];
            error[method] = fmax(error[method], fabs(a - b) / (1 + fabs(b)));
        }
    }
    ck_assert_msg(error[EG_METHOD_EXP_EULER] < 0.1, "%s: %g", trials[_i].model, error[0]);
    ck_assert_msg(error[EG_METHOD_RK4] < 1e-4 * error[EG_METHOD_EXP_EULER], "%s: %g and %g", trials[_i].model, error[0],
                  error[1]);
}
END_TEST

START_TEST(an_unknown_method_is_an_error)
{
    const zoo_model *m = zoo_named(trials[_i].model);
    _Alignas(16) char params[ZOO_SIZE];
    eg_context *eg = test_open(0);
    m->defaults(params);
    *(int *)(void *)(params + trials[_i].method) = 2;
    ck_assert_ptr_null(m->make(eg_network(eg, NULL, NULL), "N", N, params));
    test_expect(eg, EG_ERR_ARGUMENT, m->name, "method is 2", "EG_METHOD_RK4", NULL);
    eg_close(eg);
}
END_TEST

/* -- soma and dendrite, against formulas written down once more ---------------------------------------------------- */

enum { VS, VD, CA, H, NN, S, C, Q };

static void slopes(const double *x, double Is, double Id, bool as_brainpy, double *d)
{
    const double Vs = x[VS], Vd = x[VD], Ca = x[CA], p = 0.5, gc = 2.1, Cm = 3;
    double m =
        steady(0.32 * (-46.9 - Vs) / (exp((-46.9 - Vs) / 4) - 1), 0.28 * (Vs + 19.9) / (exp((Vs + 19.9) / 5) - 1));
    double I_Na = 30 * m * m * x[H] * (Vs - 60), I_K = 15 * x[NN] * (Vs + 75);
    double I_Ca = 10 * x[S] * x[S] * (Vd - 80), I_AHP = 0.8 * x[Q] * (Vd + 75);
    double I_C = 15 * (as_brainpy ? 1 : x[C]) * fmin(Ca / 250, 1) * (Vd + 75);
    double ac =
        (as_brainpy ? exp((Vd + 50) / 11) - exp((Vd + 53.5) / 27) : exp((Vd + 50) / 11 - (Vd + 53.5) / 27)) / 18.975;
    double both = 2 * exp((-53.5 - Vd) / 27);
    if (Vd > -10) ac = both;
    d[VS] = (-I_Na - I_K - 0.1 * (Vs + 60) + gc / p * (Vd - Vs) + Is / p) / Cm;
    d[VD] = (-I_Ca - I_AHP - I_C - 0.1 * (Vd + 60) + gc / (1 - p) * (Vs - Vd) + Id / (1 - p)) / Cm;
    d[CA] = -0.13 * I_Ca - 0.075 * Ca;
    d[H] = 0.128 * exp((-43 - Vs) / 18) * (1 - x[H]) - 4 / (1 + exp((-20 - Vs) / 5)) * x[H];
    d[NN] = 0.016 * (-24.9 - Vs) / (exp((-24.9 - Vs) / 5) - 1) * (1 - x[NN]) - 0.25 * exp(-1 - 0.025 * Vs) * x[NN];
    d[S] = 1.6 / (1 + exp(-0.072 * (Vd - 5))) * (1 - x[S]) - 0.02 * (Vd + 8.9) / (exp((Vd + 8.9) / 5) - 1) * x[S];
    d[C] = ac * (1 - x[C]) - (both - ac) * x[C];
    d[Q] = fmin(2e-5 * Ca, 0.01) * (1 - x[Q]) - 0.001 * x[Q];
}

static void rk4(double *x, double dt, double Is, double Id, bool as_brainpy)
{
    static const double along[] = {0, 0.5, 0.5, 1}, weight[] = {1, 2, 2, 1};
    double d[ZOO_STATES] = {0}, sum[ZOO_STATES] = {0}, y[ZOO_STATES];
    for (int stage = 0; stage < 4; stage++) {
        for (int k = 0; k < ZOO_STATES; k++) y[k] = x[k] + along[stage] * dt * d[k];
        slopes(y, Is, Id, as_brainpy, d);
        for (int k = 0; k < ZOO_STATES; k++) sum[k] += weight[stage] / 6 * d[k];
    }
    for (int k = 0; k < ZOO_STATES; k++) x[k] += dt * sum[k];
}

static eg_val to_dendrite(eg_system *self, eg_shared s, eg_val x)
{
    eg_accumulate(*(eg_system **)eg_self(self), "Id", 4);
    return (void)s, x;
}
static const eg_class dendritic = {
    .name = "Dendritic", .role = EG_PROJECTION, .size = sizeof(eg_system *), .update = to_dendrite};

START_TEST(soma_and_dendrite_follow_their_equations)
{
    static const char *const name[] = {"Vs", "Vd", "Ca", "h", "n", "s", "c", "q"};
    for (int as_brainpy = 0; as_brainpy < 2; as_brainpy++) {
        eg_context *eg = test_open(1);
        eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = 0.01, .dtype = EG_F64});
        eg_pinsky_rinzel_params p = eg_pinsky_rinzel_defaults();
        p.method = EG_METHOD_RK4, p.as_brainpy = as_brainpy;
        eg_system *group = eg_pinsky_rinzel(net, "N", 1, &p);
        eg_current(net, NULL, group, 0.75);
        eg_system_new(net, NULL, &dendritic, 0, &group);
        double x[ZOO_STATES], got, highest = -100;
        for (int k = 0; k < ZOO_STATES; k++) eg_read(eg_system_variable(group, name[k]), &x[k], sizeof x[k]);
        double d[ZOO_STATES];
        slopes(x, 0, 0, as_brainpy, d);
        for (int k = H; k < ZOO_STATES; k++) ck_assert_double_lt(fabs(d[k]), 1e-15); /* the gates are steady */
        for (int t = 0; t < 20; t++) {
            eg_simulate(net, 100, NULL);
            for (int k = 0; k < 100; k++) rk4(x, 0.01, 0.75, 4, as_brainpy);
            for (int k = 0; k < ZOO_STATES; k++) {
                eg_read(eg_system_variable(group, name[k]), &got, sizeof got);
                ck_assert_msg(fabs(got - x[k]) < 1e-7 * (1 + fabs(x[k])), "%s after %d ms: %.12g, not %.12g", name[k],
                              t + 1, got, x[k]);
            }
            highest = fmax(highest, x[VD]);
        }
        ck_assert_double_gt(highest, -10); /* both forms of c's rates were met */
        test_close(eg);
    }
}
END_TEST

START_TEST(synapses_reach_the_dendrite)
{
    eg_context *eg = test_open(1);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_system *cell = eg_pinsky_rinzel(net, "N", 2, NULL),
              *pre = eg_spike_time_group(net, "pre", 1, 1, &(double){0}, &(int32_t){0});
    eg_exp_synapse_params p = {.tau = 5, .g_max = 0.5, .rule = EG_RULE_ALL_TO_ALL, .output = eg_coba(0)};
    p.output.target = "Id", p.output.potential = "Vd";
    eg_system *synapse = eg_exp_synapse(net, "syn", pre, cell, NULL, &p);
    eg_simulate(net, 2, NULL);
    test_fine(eg);
    double Vs[2], Vd[2], g[2];
    eg_read(eg_system_variable(cell, "Vs"), Vs, sizeof Vs);
    eg_read(eg_system_variable(cell, "Vd"), Vd, sizeof Vd);
    eg_read(eg_system_variable(synapse, "g"), g, sizeof g);
    ck_assert_double_eq(g[0], 0.5);
    /* About 0.1 ms / Cm (2 g 64.5), for the dendrite is half of the cell. */
    ck_assert_double_gt(Vd[0], Vs[0] + 1.5);
    ck_assert_double_lt(Vd[0], Vs[0] + 2.2);
    p.output.potential = "V";
    ck_assert_ptr_null(eg_exp_synapse(net, "no", pre, cell, NULL, &p));
    test_expect(eg, EG_ERR_ARGUMENT, "PinskyRinzel 'N' has no variable 'V'", "Vs", NULL);
    test_close(eg);
}
END_TEST

int main(void)
{
    const int num = (int)(sizeof trials / sizeof *trials);
    Suite *s = suite_create("conductance");
    TCase *c = tcase_create("conductance");
    tcase_set_timeout(c, 0);
    tcase_add_test(c, gates_begin_in_the_steady_state_of_their_own_potential);
    tcase_add_test(c, initialisers_of_gates_come_first);
    tcase_add_test(c, the_axon_rests_at_minus_65_mV);
    tcase_add_test(c, rates_have_their_limits);
    tcase_add_loop_test(c, runge_kutta_is_the_same_interpreted_and_compiled, 0, num);
    tcase_add_loop_test(c, both_methods_come_to_the_same_and_runge_kutta_sooner, 0, num);
    tcase_add_loop_test(c, an_unknown_method_is_an_error, 0, num);
    tcase_add_test(c, soma_and_dendrite_follow_their_equations);
    tcase_add_test(c, synapses_reach_the_dendrite);
    suite_add_tcase(s, c);
    return test_run(s);
}
