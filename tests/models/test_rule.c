/* Projections by a rule against the same connections spelled out, and large ones whose synapses all differ. */
#include "model.h"

enum { N = 13, M = 9, T = 80, SPIKES = 60 };
static double times[SPIKES];
static int32_t who[SPIKES];

typedef struct scene {
    eg_context *eg;
    eg_system *net, *pre, *post;
} scene;

static scene build(int way, int64_t num_pre, int64_t num_post)
{
    scene s = {.eg = test_open(way)};
    for (int k = 0; k < SPIKES; k++) {
        times[k] = 0.1 * ((k * 11) % 70);
        who[k] = (int32_t)((k * 5 + k / 7) % num_pre);
    }
    s.net = eg_network(s.eg, NULL, &(eg_network_options){.dtype = EG_F64});
    s.pre = eg_spike_time_group(s.net, "pre", num_pre, SPIKES, times, who);
    s.post = eg_leaky_integrator(s.net, "post", num_post, NULL);
    return s;
}

/* g of two synapses, step by step. */
static void check_equal(scene *s, eg_system *a, eg_system *b, int64_t num)
{
    ck_assert_msg(!eg_error(s->eg), "%s", eg_message(s->eg));
    eg_var *v[] = {eg_system_variable(a, "g"), eg_system_variable(b, "g")};
    double *g = calloc((size_t)(T * num), sizeof *g), *h = calloc((size_t)(T * num), sizeof *h), sum = 0;
    eg_simulate(s->net, T, &(eg_simulate_options){.num_record = 2, .record = v, .out = (void *[]){g, h}});
    ck_assert_msg(!eg_error(s->eg), "%s", eg_message(s->eg));
    for (int64_t k = 0; k < T * num; k++) {
        ck_assert_double_eq_tol(g[k], h[k], 1e-12 * (1 + fabs(h[k])));
        sum += fabs(h[k]);
    }
    ck_assert_double_gt(sum, 1);
    free(g);
    free(h);
}

static eg_csr *spelled_out(eg_context *eg, eg_rule rule, int64_t pre, int64_t post)
{
    return rule == EG_RULE_ONE_TO_ONE ? eg_one_to_one(eg, pre)
                                      : eg_all_to_all(eg, pre, post, rule == EG_RULE_ALL_TO_ALL);
}

/* The rule and its connections with the same parameters. */
static void check_rule(int way, eg_rule rule, int weights, int delays)
{
    int64_t num_post = rule == EG_RULE_ALL_TO_ALL ? M : N;
    scene s = build(way, N, num_post);
    int64_t size = rule == EG_RULE_ONE_TO_ONE ? N : N * (num_post - (rule == EG_RULE_ALL_TO_OTHERS));
    int64_t numbers[] = {0, N, N * num_post, size};
    double w[N * N];
    int32_t steps[N * N];
    for (int k = 0; k < N * N; k++) {
        w[k] = 1 + 0.25 * k;
        steps[k] = (k * 7) % 5;
    }
    eg_exp_synapse_params p = {.tau = 3, .g_max = 0.7, .output = eg_cuba()};
    if (weights) p.weight = eg_floats_of(s.net, numbers[weights], w);
    if (weights == 2) p.weight = eg_array_new(s.eg, eg_matrix(EG_F64, N, num_post), w);
    if (delays == 1) p.delay_step.steps = 4;
    if (delays == 2) p.delay_step = (eg_delay_step){.each = steps, .num = N};
    if (delays == 3) p.delay_step = (eg_delay_step){.each = steps, .num = size};
    eg_system *b = eg_exp_synapse(s.net, "spelled", s.pre, s.post, spelled_out(s.eg, rule, N, num_post), &p);
    p.rule = rule;
    check_equal(&s, eg_exp_synapse(s.net, "rule", s.pre, s.post, NULL, &p), b, num_post);
    test_close(s.eg);
}

START_TEST(rules_are_the_connections_that_they_stand_for)
{
    for (int weights = 0; weights < 4; weights++) {
        for (int delays = 0; delays < 4; delays++) {
            if (_i && (weights + delays) % 2) continue; /* compiled ones take their time */
            check_rule(_i, EG_RULE_ONE_TO_ONE, weights, delays);
            check_rule(_i, EG_RULE_ALL_TO_ALL, weights, delays);
            check_rule(_i, EG_RULE_ALL_TO_OTHERS, weights, delays);
        }
    }
}
END_TEST

START_TEST(all_to_all_of_a_million_by_a_million_needs_no_memory_for_pairs)
{
    eg_context *eg = test_open(2);
    eg_system *net = eg_network(eg, NULL, NULL);
    int64_t n = 1000000;
    eg_lif_params cell = eg_lif_defaults();
    cell.V_init = eg_init_constant(20); /* all spike in the first step, then none */
    eg_system *A = eg_lif(net, "A", n, &cell);
    eg_exp_synapse_params p = {.tau = 1e9, .g_max = 1, .rule = EG_RULE_ALL_TO_OTHERS, .output = eg_cuba()};
    eg_system *y = eg_exp_synapse(net, "y", A, A, NULL, &p);
    eg_current(net, NULL, A, 25);
    eg_simulate(net, 2, NULL);
    float *g = malloc(sizeof *g * (size_t)n);
    eg_read(eg_system_variable(y, "g"), g, sizeof *g * (size_t)n);
    for (int64_t k = 0; k < n; k++) ck_assert_float_eq(g[k], 999999);
    free(g);
    test_close(eg);
}
END_TEST

START_TEST(large_projections_divide_by_delay_as_each_synapse_says)
{
    /* Against one projection a delay, made of the pairs that have it. */
    enum { PRE = 3000, POST = 700, LAGS = 6 };
    scene s = build(_i, PRE, POST);
    eg_csr *c = eg_fixed_post_num(s.eg, PRE, POST, &(eg_fixed_num_options){.num = 40, .seed = 3});
    int64_t size = eg_csr_size(c), sum = 0;
    int32_t *pre = malloc(sizeof *pre * (size_t)size), *post = malloc(sizeof *post * (size_t)size);
    int32_t *steps = malloc(sizeof *steps * (size_t)size);
    double *w = malloc(sizeof *w * (size_t)size);
    eg_csr_pairs(c, pre, post);
    for (int64_t e = 0; e < size; e++) {
        steps[e] = (int32_t)((e * e + 3 * e) % LAGS * 3);
        w[e] = 1 + (double)(e % 1000) / 512;
    }
    eg_exp_synapse_params p = {.tau = 3, .output = eg_cuba(), .weight = eg_floats_of(s.net, size, w)};
    p.delay_step = (eg_delay_step){.each = steps, .num = size};
    eg_system *y = eg_exp_synapse(s.net, "y", s.pre, s.post, c, &p), *z[LAGS];
    int32_t *a = malloc(sizeof *a * (size_t)size), *b = malloc(sizeof *b * (size_t)size);
    double *v = malloc(sizeof *v * (size_t)size);
    for (int l = 0; l < LAGS; l++) {
        int64_t n = 0;
        for (int64_t e = 0; e < size; e++) {
            if (steps[e] != 3 * l) continue;
            a[n] = pre[e];
            b[n] = post[e];
            v[n++] = w[e];
        }
        p.weight = eg_floats_of(s.net, n, v);
        p.delay_step = (eg_delay_step){.steps = 3 * l};
        z[l] = eg_exp_synapse(s.net, NULL, s.pre, s.post, eg_from_pairs(s.eg, PRE, POST, n, a, b), &p);
        sum += n;
    }
    free(a);
    free(b);
    free(v);
    ck_assert_int_eq(sum, size);
    eg_simulate(s.net, T, NULL);
    double g[POST], part[POST], all[POST] = {0};
    eg_read(eg_system_variable(y, "g"), g, sizeof g);
    for (int l = 0; l < LAGS; l++) {
        eg_read(eg_system_variable(z[l], "g"), part, sizeof part);
        for (int k = 0; k < POST; k++) all[k] += part[k];
    }
    for (int k = 0; k < POST; k++) ck_assert_double_eq_tol(g[k], all[k], 1e-10 * (1 + fabs(g[k])));
    free(pre);
    free(post);
    free(steps);
    free(w);
    test_close(s.eg);
}
END_TEST

START_TEST(rules_that_do_not_fit_are_named)
{
    scene s = build(0, N, M);
    eg_exp_synapse_params p = {.tau = 3, .g_max = 1, .rule = EG_RULE_ONE_TO_ONE, .output = eg_cuba()};
    for (int k = 0; k < 2; k++) {
        p.rule = k ? EG_RULE_ALL_TO_OTHERS : EG_RULE_ONE_TO_ONE;
        ck_assert_ptr_null(eg_exp_synapse(s.net, "y", s.pre, s.post, NULL, &p));
        test_expect(s.eg, EG_ERR_SHAPE, "Exponential 'y'", "groups of one size", "13", "9", NULL);
    }
    p.rule = EG_RULE_ALL_TO_ALL;
    eg_exp_synapse(s.net, "y", s.pre, s.post, eg_all_to_all(s.eg, N, M, true), &p);
    test_expect(s.eg, EG_ERR_ARGUMENT, "connections and a rule", NULL);
    p.rule = (eg_rule)17;
    eg_exp_synapse(s.net, "y", s.pre, s.post, NULL, &p);
    test_expect(s.eg, EG_ERR_ARGUMENT, "rule is 17", NULL);
    test_close(s.eg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rule");
    TCase *t = tcase_create("rule");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, rules_are_the_connections_that_they_stand_for, 0, 2);
    tcase_add_test(t, all_to_all_of_a_million_by_a_million_needs_no_memory_for_pairs);
    tcase_add_loop_test(t, large_projections_divide_by_delay_as_each_synapse_says, 0, WAYS);
    tcase_add_test(t, rules_that_do_not_fit_are_named);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
