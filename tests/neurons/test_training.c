/* Every model in training: spikes as floats, surrogate gradients through time, batches. */
#include "zoo.h"

enum { WAYS = 2, T = 300, B = 3 };

static bool fires(const zoo_model *m) { return strcmp(m->name, "LeakyIntegrator") != 0; }

/* Currents around one, a different one for each neuron. */
static void currents(double around, double *I)
{
    for (int k = 0; k < N; k++) I[k] = around * (1 + 0.02 * k);
}

/* Calls f with I: its three results, and gradients of two of them if they are wanted. */
static void call(zoo_scene *s, eg_func *f, const double *I, double *states, double *spikes, double *each, double *grad)
{
    const bool f32 = eg_float_type(s->net) == EG_F32;
    float in[N], sum[2], of[N], g[N] = {0};
    for (int k = 0; k < N; k++) in[k] = (float)I[k];
    eg_reset_state(s->net, NULL);
    if (f32) {
        eg_call(f, NULL, (const void *[]){in}, (void *[]){&sum[0], &sum[1], of, g}, NULL);
        *states = (double)sum[0], *spikes = (double)sum[1];
        for (int k = 0; k < N; k++) each[k] = (double)of[k], grad[k] = (double)g[k];
    } else {
        eg_call(f, NULL, (const void *[]){I}, (void *[]){states, spikes, each, grad}, NULL);
    }
    test_fine(s->eg);
}

static eg_func *gradient_of(zoo_scene *s, eg_func *f, int result)
{
    eg_func *df = eg_gradient(f, &(eg_gradient_options){.result = result});
    test_fine(s->eg);
    return df;
}

/* -- where it is smooth -------------------------------------------------------------------------------------------- */

START_TEST(without_spikes_the_gradient_is_that_of_central_differences)
{
    const zoo_model *m = &zoo[_i];
    zoo_scene s = zoo_open(1, m, EG_F64, NULL, 0);
    eg_set_mode(s.net, EG_TRAINING, 1);
    eg_func *f = zoo_trace(&s, 40), *df = gradient_of(&s, f, 0);
    double I[N], states, spikes, each[N], grad[N], none[N];
    for (int k = 0; k < N; k++) I[k] = m->quiet * (1 - 0.02 * k) - 0.01 * k;
    call(&s, df, I, &states, &spikes, each, grad);
    if (fires(m)) ck_assert_double_eq(spikes, 0);
    for (int k = 0; k < N; k++) {
        const double h = 1e-5, at = I[k];
        double up, down;
        I[k] = at + h, call(&s, f, I, &up, &spikes, each, none);
        I[k] = at - h, call(&s, f, I, &down, &spikes, each, none);
        I[k] = at;
        double want = (up - down) / (2 * h);
        ck_assert_msg(fabs(want) > 1e-3 && fabs(grad[k] - want) < 1e-6 * (1 + fabs(want)), "%s, neuron %d: %g, not %g",
                      m->name, k, grad[k], want);
    }
    test_close(s.eg);
}
END_TEST

/* -- spikes -------------------------------------------------------------------------------------------------------- */

START_TEST(spikes_and_states_are_those_of_the_other_modes)
{
    const zoo_model *m = &zoo[_i];
    for (int type = 0; type < 2; type++) {
        double I[N], states[2], spikes[2], each[2][N], none[N];
        currents(m->drive, I);
        zoo_scene s = zoo_open(1, m, type ? EG_F64 : EG_F32, NULL, 0);
        for (int k = 0; k < 2; k++) {
            eg_set_mode(s.net, k ? EG_TRAINING : EG_NONBATCHING, 1);
            call(&s, zoo_trace(&s, T), I, &states[k], &spikes[k], each[k], none);
        }
        ck_assert_double_eq(states[0], states[1]);
        ck_assert_mem_eq(each[0], each[1], sizeof each[0]);
        for (int k = 0; k < N && fires(m); k++) ck_assert_msg(each[0][k] >= 1, "%s: %g spikes", m->name, each[0][k]);
        test_close(s.eg);
    }
}
END_TEST

/* The gradient of the number of spikes with respect to the currents. */
static void spike_gradient(int way, const zoo_model *m, eg_dtype type, double *grad)
{
    zoo_scene s = zoo_open(way, m, type, NULL, 0);
    eg_set_mode(s.net, EG_TRAINING, 1);
    double I[N], states, spikes, each[N];
    currents(m->drive, I);
    call(&s, gradient_of(&s, zoo_trace(&s, T), 1), I, &states, &spikes, each, grad);
    ck_assert_double_ge(spikes, N);
    test_close(s.eg);
}

START_TEST(spikes_have_a_gradient_through_time_that_is_finite_and_not_zero)
{
    const zoo_model *m = &zoo[_i];
    if (!fires(m)) return; /* that of V is checked above */
    for (int type = 0; type < 2; type++) {
        double grad[WAYS][N];
        for (int way = 0; way < WAYS; way++) spike_gradient(way, m, type ? EG_F64 : EG_F32, grad[way]);
        ck_assert_mem_eq(grad[0], grad[1], sizeof grad[0]);
        for (int k = 0; k < N; k++)
            ck_assert_msg(isfinite(grad[0][k]) && grad[0][k] != 0, "%s, neuron %d: %g", m->name, k, grad[0][k]);
    }
}
END_TEST

START_TEST(gradients_stay_finite_however_sharp_the_upstroke_is)
{
    for (int type = 0; type < 2; type++) {
        for (int k = 0; k < zoo_num; k++) {
            if (!strstr(zoo[k].name, "ExIF") && !strstr(zoo[k].name, "ExpIF")) continue;
            for (double sharp = 2; sharp > 1e-3; sharp /= 3) {
                zoo_scene s = zoo_open(1, &zoo[k], type ? EG_F64 : EG_F32, "delta_T", sharp);
                eg_set_mode(s.net, EG_TRAINING, 1);
                double I[N], states, spikes, each[N], grad[N];
                currents(zoo[k].drive, I);
                call(&s, gradient_of(&s, zoo_trace(&s, T), 1), I, &states, &spikes, each, grad);
                ck_assert_double_ge(spikes, N);
                for (int j = 0; j < N; j++)
                    ck_assert_msg(isfinite(grad[j]), "%s, delta_T %g: %g", zoo[k].name, sharp, grad[j]);
                test_close(s.eg);
            }
        }
    }
}
END_TEST

/* -- resets -------------------------------------------------------------------------------------------------------- */

/* Two steps of an ALIF neuron that spikes in the first: the gradient of V + 10 a after both with respect to I. */
static double alif_gradient(bool eprop)
{
    eg_context *eg = test_open(1);
    zoo_scene s = {.eg = eg};
    for (int k = 0; k < zoo_num; k++) {
        if (!strcmp(zoo[k].name, "ALIF")) s.m = &zoo[k];
    }
    s.net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
    eg_alif_params p = eg_alif_defaults();
    p.eprop = eprop;
    p.V_init = eg_init_constant(1.2);
    s.group = eg_alif(s.net, "N", N, &p);
    eg_set_mode(s.net, EG_TRAINING, 1);
    double I[N] = {0}, states, spikes, each[N], grad[N];
    call(&s, gradient_of(&s, zoo_trace(&s, 1), 0), I, &states, &spikes, each, grad);
    ck_assert_double_eq(spikes, N);
    test_close(eg);
    return grad[0];
}

START_TEST(gradients_pass_through_the_reset_of_alif_unless_it_is_eprop)
{
    /* dV/dI before the spike; slope of relu_grad(0.3, 1) of V - 1; a counts one half. */
    const double dV = 1 - exp(-0.1 / 20), slope = 0.3 * (1 - (1.2 * exp(-0.1 / 20) - 1));
    ck_assert_double_eq_tol(alif_gradient(true), dV + slope * dV / 2, 1e-12);
    ck_assert_double_eq_tol(alif_gradient(false), dV - slope * dV + slope * dV / 2, 1e-12);
}
END_TEST

START_TEST(the_surrogate_of_alif_is_one_of_thresholds_of_either_sign)
{
    static const double V_th[] = {4, -60};
    for (int k = 0; k < 2; k++) {
        eg_context *eg = test_open(1);
        zoo_scene s = {.eg = eg};
        for (int j = 0; j < zoo_num; j++) {
            if (!strcmp(zoo[j].name, "ALIF")) s.m = &zoo[j];
        }
        s.net = eg_network(eg, NULL, &(eg_network_options){.dtype = EG_F64});
        eg_alif_params p = eg_alif_defaults();
        p.V_th = V_th[k];
        p.V_rest = V_th[k] - 1;
        s.group = eg_alif(s.net, "N", N, &p);
        eg_set_mode(s.net, EG_TRAINING, 1);
        double I[N] = {0}, states, spikes, each[N], grad[N];
        call(&s, gradient_of(&s, zoo_trace(&s, 1), 1), I, &states, &spikes, each, grad);
        ck_assert_double_eq(spikes, 0);
        const double scale = fabs(V_th[k]), want = 0.3 * (1 - 1 / scale) / scale * (1 - exp(-0.1 / 20));
        ck_assert_double_eq_tol(grad[0], want, 1e-14);
        test_close(eg);
    }
}
END_TEST

START_TEST(resets_of_the_others_have_no_gradient)
{
    static const char *const model[] = {"LIF", "GIF", "ExpIF", "AdExIF", "QuaIF", "AdQuaIF", "Izhikevich"};
    for (size_t j = 0; j < sizeof model / sizeof *model; j++) {
        for (int k = 0; k < zoo_num; k++) {
            if (strcmp(zoo[k].name, model[j]) != 0) continue;
            /* Pushed over the threshold in the only step: V is V_reset, whatever I was. */
            zoo_scene s = zoo_open(1, &zoo[k], EG_F64, NULL, 0);
            eg_set_mode(s.net, EG_TRAINING, 1);
            double I[N], states, spikes, each[N], grad[N];
            currents(1e4, I);
            call(&s, gradient_of(&s, zoo_trace(&s, 1), 0), I, &states, &spikes, each, grad);
            ck_assert_double_eq(spikes, N);
            for (int i = 0; i < N; i++) ck_assert_double_eq(grad[i], 0);
            test_close(s.eg);
        }
    }
}
END_TEST

/* -- crossings ----------------------------------------------------------------------------------------------------- */

START_TEST(crossings_learn_from_both_potentials)
{
    /* FHN begins below V_th and is pushed beyond it in one step: the slope is that of V - V_th alone. */
    for (int k = 0; k < zoo_num; k++) {
        if (strcmp(zoo[k].name, "FHN") != 0) continue;
        zoo_scene s = zoo_open(1, &zoo[k], EG_F64, NULL, 0);
        eg_set_mode(s.net, EG_TRAINING, 1);
        double I[N], states, spikes, each[N], grad[N];
        currents(20, I);
        call(&s, gradient_of(&s, zoo_trace(&s, 1), 1), I, &states, &spikes, each, grad);
        const double phi = expm1(0.1) / 0.1; /* dV/dt = I, its derivative 1 at V = 0 */
        for (int i = 0; i < N; i++) {
            double V = 0.1 * phi * I[i], slope = 1 / pow(1 + 100 * fabs(V - 1.8), 2);
            ck_assert_double_eq(each[i], 1);
            ck_assert_double_eq_tol(grad[i], slope * 0.1 * phi, 1e-12);
        }
        test_close(s.eg);
    }
}
END_TEST

/* -- batches ------------------------------------------------------------------------------------------------------- */

START_TEST(a_batch_is_its_samples_bit_for_bit)
{
    const zoo_model *m = &zoo[_i];
    for (int mode = 0; mode < 2; mode++) {
        zoo_scene s = zoo_open(1 + mode, m, EG_F64, NULL, 0);
        eg_set_mode(s.net, mode ? EG_TRAINING : EG_BATCHING, B);
        eg_func *f = zoo_trace(&s, T), *all = eg_batched(s.group, f, B, NULL);
        double I[B][N], states[B], spikes[B], each[B][N];
        for (int b = 0; b < B; b++) currents(m->drive * (0.7 + 0.2 * b), I[b]);
        eg_call(all, NULL, (const void *[]){I}, (void *[]){states, spikes, each}, NULL);
        test_fine(s.eg);
        for (int b = 0; b < B; b++) {
            double one, sum, of[N], none[N];
            call(&s, f, I[b], &one, &sum, of, none);
            ck_assert_double_eq(states[b], one);
            ck_assert_double_eq(spikes[b], sum);
            ck_assert_mem_eq(each[b], of, sizeof of);
        }
        test_close(s.eg);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("training");
    TCase *c = tcase_create("training");
    tcase_set_timeout(c, 0);
    tcase_add_loop_test(c, without_spikes_the_gradient_is_that_of_central_differences, 0, zoo_num);
    tcase_add_loop_test(c, spikes_and_states_are_those_of_the_other_modes, 0, zoo_num);
    tcase_add_loop_test(c, spikes_have_a_gradient_through_time_that_is_finite_and_not_zero, 0, zoo_num);
    tcase_add_test(c, gradients_stay_finite_however_sharp_the_upstroke_is);
    tcase_add_test(c, gradients_pass_through_the_reset_of_alif_unless_it_is_eprop);
    tcase_add_test(c, the_surrogate_of_alif_is_one_of_thresholds_of_either_sign);
    tcase_add_test(c, resets_of_the_others_have_no_gradient);
    tcase_add_test(c, crossings_learn_from_both_potentials);
    tcase_add_loop_test(c, a_batch_is_its_samples_bit_for_bit, 0, zoo_num);
    suite_add_tcase(s, c);
    return test_run(s);
}
