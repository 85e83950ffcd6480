/* Exponential synapses, their outputs, currents and counters against loops in plain C. */
#include "model.h"

enum { PRE = 40, POST = 30, T = 300 };

/* A group that fires where (7 i + step) is a multiple of 11. */
typedef struct clock_group {
    eg_var *spike;
} clock_group;

static void clock_setup(eg_system *self)
{
    clock_group *c = eg_self(self);
    c->spike = eg_add_variable(self, "spike", eg_vector(EG_BOOL, eg_num(self)), eg_init_constant(0));
}

static eg_val clock_update(eg_system *self, eg_shared s, eg_val x)
{
    clock_group *c = eg_self(self);
    eg_val place = eg_mul(eg_iota(eg_system_context(self), eg_num(self), EG_I64), 7);
    (void)x;
    eg_set(c->spike, eg_eq(eg_mod(eg_add(place, s.i), 11), 0));
    return eg_get(c->spike);
}

static const eg_class clock_class = {
    .name = "Clock", .role = EG_GROUP, .size = sizeof(clock_group), .setup = clock_setup, .update = clock_update};

typedef struct built {
    eg_context *eg;
    eg_system *net, *pre, *post;
    eg_csr *csr;
} built;

static built build(int way, eg_math math)
{
    built b = {.eg = test_open_math(way, math)};
    b.net = eg_network(b.eg, NULL, NULL);
    b.pre = eg_system_new(b.net, "A", &clock_class, PRE, NULL);
    b.post = eg_lif(b.net, "B", POST, NULL);
    b.csr = eg_fixed_prob(b.eg, PRE, POST, &(eg_fixed_prob_options){.prob = 0.3});
    return b;
}

/* g after every step, weights [size]. */
static void reference(const built *b, const float *weight, float decay, float g[T][POST])
{
    const int64_t *indptr = eg_csr_indptr(b->csr);
    const int32_t *indices = eg_csr_indices(b->csr);
    float now[POST] = {0};
    for (int t = 0; t < T; t++) {
        for (int j = 0; j < POST; j++) now[j] *= decay;
        for (int i = 0; i < PRE && t > 0; i++) {
            if ((7 * i + t - 1) % 11) continue; /* spikes of the step before */
            for (int64_t e = indptr[i]; e < indptr[i + 1]; e++) now[indices[e]] += weight[e];
        }
        memcpy(g[t], now, sizeof now);
    }
}

START_TEST(conductance_equals_a_plain_loop_bit_for_bit)
{
    built b = build(_i, EG_MATH_STRICT);
    eg_exp_synapse(b.net, "S", b.pre, b.post, b.csr,
                   &(eg_exp_synapse_params){.tau = 5, .g_max = 0.6, .output = eg_cuba()});
    eg_var *v[2] = {eg_system_variable(b.net, "S.g"), eg_system_variable(b.net, "B.input")};
    static float g[T][POST], input[T][POST], want[T][POST];
    eg_simulate(b.net, T, &(eg_simulate_options){.num_record = 2, .record = v, .out = (void *[]){g, input}});
    float weight[PRE * POST];
    for (int k = 0; k < PRE * POST; k++) weight[k] = 0.6f;
    reference(&b, weight, model_decay(b.eg, 0.1f, 5), want);
    test_check_f32("g", &g[0][0], &want[0][0], (size_t)T * POST);
    test_check_f32("input", &input[0][0], &want[0][0], (size_t)T * POST);
    ck_assert_float_gt(g[T - 1][3], 0);
    test_close(b.eg);
}
END_TEST

START_TEST(coba_output_is_g_times_distance_from_reversal)
{
    built b = build(_i, EG_MATH_STRICT);
    eg_current(b.net, NULL, b.post, 2.5);
    eg_exp_synapse(b.net, "S", b.pre, b.post, b.csr,
                   &(eg_exp_synapse_params){.tau = 5, .g_max = 0.1, .output = eg_coba(40)});
    eg_exp_synapse(b.net, "R", b.pre, b.post, b.csr,
                   &(eg_exp_synapse_params){.tau = 3, .g_max = 0.2, .output = eg_coba(-9)});
    eg_var *v[4] = {eg_system_variable(b.net, "S.g"), eg_system_variable(b.net, "R.g"),
                    eg_system_variable(b.net, "B.input"), eg_system_variable(b.net, "B.V")};
    static float g[T][POST], h[T][POST], input[T][POST], V[T][POST];
    eg_simulate(b.net, T, &(eg_simulate_options){.num_record = 4, .record = v, .out = (void *[]){g, h, input, V}});
    for (int t = 1; t < T; t++) {
        for (int j = 0; j < POST; j++) {
            float before = V[t - 1][j], want = 2.5f + g[t][j] * (40.0f - before);
            want += h[t][j] * (-9.0f - before);
            ck_assert_float_eq(input[t][j], want);
        }
    }
    test_close(b.eg);
}
END_TEST

START_TEST(weights_can_differ_by_synapse_and_by_source)
{
    built b = build(_i, EG_MATH_STRICT);
    int64_t size = eg_csr_size(b.csr);
    static float all[PRE * POST], each[PRE * POST], g[T][POST], h[T][POST], want[T][POST];
    float source[PRE];
    for (int i = 0; i < PRE; i++) {
        source[i] = (float)i * 0.25f;
        for (int64_t e = eg_csr_indptr(b.csr)[i]; e < eg_csr_indptr(b.csr)[i + 1]; e++) {
            all[e] = source[i];
            each[e] = (float)(e % 17) * 0.3f;
        }
    }
    eg_exp_synapse_params p = {.tau = 5, .output = eg_cuba()};
    p.weight = eg_array_new(b.eg, eg_vector(EG_F32, size), each);
    eg_exp_synapse(b.net, "S", b.pre, b.post, b.csr, &p);
    p.weight = eg_array_new(b.eg, eg_vector(EG_F32, PRE), source);
    eg_exp_synapse(b.net, "R", b.pre, b.post, b.csr, &p);
    eg_var *v[2] = {eg_system_variable(b.net, "S.g"), eg_system_variable(b.net, "R.g")};
    eg_simulate(b.net, T, &(eg_simulate_options){.num_record = 2, .record = v, .out = (void *[]){g, h}});
    float decay = model_decay(b.eg, 0.1f, 5);
    reference(&b, each, decay, want);
    test_check_f32("one a synapse", &g[0][0], &want[0][0], (size_t)T * POST);
    reference(&b, all, decay, want);
    test_check_f32("one a source", &h[0][0], &want[0][0], (size_t)T * POST);
    test_close(b.eg);
}
END_TEST

START_TEST(counter_counts_every_spike_also_the_last)
{
    built b = build(_i, EG_MATH_CONTRACT);
    eg_system *counter = eg_spike_counter(b.net, NULL, b.pre);
    int want = 0;
    for (int t = 0; t < 50; t++) {
        eg_simulate(b.net, 1, NULL);
        for (int i = 0; i < PRE; i++) want += (7 * i + t) % 11 == 0;
        ck_assert_int_eq(eg_spike_count(counter, NULL), want);
    }
    ck_assert_int_eq(eg_spike_count(b.pre, NULL), -1);
    test_expect(b.eg, EG_ERR_ARGUMENT, "Clock 'A'", "eg_spike_counter", NULL);
    test_close(b.eg);
}
END_TEST

START_TEST(what_does_not_fit_is_named_with_its_remedy)
{
    built b = build(0, EG_MATH_CONTRACT);
    eg_exp_synapse_params p = eg_exp_synapse_defaults();
    eg_exp_synapse(b.net, "S0", b.post, b.pre, b.csr, &p);
    test_expect(b.eg, EG_ERR_SHAPE, "Exponential 'S0'", "from 40 to 30", "'B' has 30", "make them for", NULL);
    eg_exp_synapse(b.net, "S1", NULL, b.post, b.csr, &p);
    test_expect(b.eg, EG_ERR_ARGUMENT, "'S1'", "pre is NULL", NULL);
    eg_exp_synapse(b.net, "S2", b.pre, NULL, b.csr, &p);
    test_expect(b.eg, EG_ERR_ARGUMENT, "'S2'", "post is NULL", NULL);
    eg_exp_synapse(b.net, "S3", b.pre, b.post, NULL, &p);
    test_expect(b.eg, EG_ERR_ARGUMENT, "'S3'", "connections are NULL", NULL);
    for (int k = 0; k < 3; k++) {
        p.tau = (const double[]){0, -2, NAN}[k];
        eg_exp_synapse(b.net, NULL, b.pre, b.post, b.csr, &p);
        test_expect(b.eg, EG_ERR_ARGUMENT, "tau is", "ms above 0", "test_exp_synapse.c", NULL);
    }
    p = eg_exp_synapse_defaults();
    p.g_max = NAN;
    eg_exp_synapse(b.net, "S4", b.pre, b.post, b.csr, &p);
    test_expect(b.eg, EG_ERR_ARGUMENT, "'S4'", "g_max is", NULL);
    p = eg_exp_synapse_defaults();
    p.weight = eg_array_new(b.eg, eg_vector(EG_F32, 7), NULL);
    eg_exp_synapse(b.net, "S5", b.pre, b.post, b.csr, &p);
    test_expect(b.eg, EG_ERR_SHAPE, "'S5'", "7 long", "40 (one a source)", NULL);
    p = (eg_exp_synapse_params){.tau = 3};
    eg_exp_synapse(b.net, "S6", b.pre, b.post, b.csr, &p);
    test_expect(b.eg, EG_ERR_ARGUMENT, "'S6'", "no output", "eg_cuba", NULL);
    p.output = eg_cuba();
    p.output.target = "W";
    eg_exp_synapse(b.net, "S7", b.pre, b.post, b.csr, &p);
    test_expect(b.eg, EG_ERR_ARGUMENT, "LIF 'B'", "'W'", "V, spike, input", NULL);
    eg_current(b.net, "C0", b.post, NAN);
    test_expect(b.eg, EG_ERR_ARGUMENT, "Current 'C0'", "I is", NULL);
    eg_current(b.net, "C1", NULL, 1);
    test_expect(b.eg, EG_ERR_ARGUMENT, "'C1'", "target is NULL", NULL);
    eg_current(b.net, "C2", b.pre, 1);
    test_expect(b.eg, EG_ERR_ARGUMENT, "Clock 'A'", "'input'", "there is spike", NULL);
    eg_spike_counter(b.net, "N0", NULL);
    test_expect(b.eg, EG_ERR_ARGUMENT, "SpikeCounter 'N0'", "group is NULL", NULL);
    eg_context *other = test_open(0);
    eg_system *far = eg_lif(eg_network(other, NULL, NULL), "F", POST, NULL);
    p = eg_exp_synapse_defaults();
    eg_exp_synapse(b.net, "S8", b.pre, far, b.csr, &p);
    test_expect(b.eg, EG_ERR_SCOPE, "'S8'", "own context", NULL);
    test_close(other);
    test_close(b.eg);
}
END_TEST

START_TEST(null_gives_null_and_no_crash)
{
    ck_assert_ptr_null(eg_lif(NULL, "N", 3, NULL));
    ck_assert_ptr_null(eg_exp_synapse(NULL, NULL, NULL, NULL, NULL, NULL));
    ck_assert_ptr_null(eg_current(NULL, NULL, NULL, 1));
    ck_assert_ptr_null(eg_spike_counter(NULL, NULL, NULL));
    ck_assert_int_eq(eg_spike_count(NULL, NULL), -1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("exp_synapse");
    TCase *c = tcase_create("exp_synapse");
    tcase_add_loop_test(c, conductance_equals_a_plain_loop_bit_for_bit, 0, WAYS);
    tcase_add_loop_test(c, coba_output_is_g_times_distance_from_reversal, 0, WAYS);
    tcase_add_loop_test(c, weights_can_differ_by_synapse_and_by_source, 0, WAYS);
    tcase_add_loop_test(c, counter_counts_every_spike_also_the_last, 0, WAYS);
    tcase_add_test(c, what_does_not_fit_is_named_with_its_remedy);
    tcase_add_test(c, null_gives_null_and_no_crash);
    suite_add_tcase(s, c);
    return test_run(s);
}
