/* What a checked run does not call a fault: values that the user gave, that are masked, or were so before; and it gives
 * the bits that a run without check gives. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engram/random.h"
#include "planted.h"

/* -- steps --------------------------------------------------------------------------------------------------------- */

static eg_val time_of(eg_val n) { return eg_mul(eg_convert(n, EG_F32), 0.1); }

static eg_val never_before(eg_val n)
{
    eg_val t = time_of(n), since = eg_sub(t, eg_get(t_last)); /* inf until the first spike */
    eg_val spike = eg_and(eg_gt(since, 2), eg_gt(eg_mod(eg_add(eg_get(V), eg_convert(n, EG_F32)), 100), 95));
    eg_set(t_last, eg_where(spike, t, eg_get(t_last)));
    eg_set(g, eg_exp(eg_neg(since)));
    return since;
}
static eg_val puts_back(eg_val n)
{
    eg_val again = eg_eq(eg_mod(eg_add(eg_convert(eg_get(V), EG_I64), n), 7), 0);
    eg_set(t_last, eg_where(again, -INFINITY, time_of(n)));
    return eg_get(t_last);
}
static eg_val no_limit(eg_val n)
{
    (void)n;
    eg_set(g, eg_min(eg_max(eg_get(V), -INFINITY), INFINITY));
    return eg_lt(eg_get(g), INFINITY);
}
static eg_val marked_by_nan(eg_val n)
{
    eg_val first = eg_isnan(eg_get(D)), now = eg_and(first, eg_lt(eg_convert(eg_get(V), EG_I64), n));
    eg_set(D, eg_where(now, eg_convert(time_of(n), EG_F64), eg_get(D)));
    eg_delay_push(lag, eg_convert(eg_get(D), EG_F32));
    return eg_roll(eg_delay_read(lag, eg_int(3)), 2, 0);
}
static eg_val masked(eg_val n)
{
    (void)n;
    eg_val x = eg_sub(eg_get(V), 70);
    return eg_where(eg_gt(x, 0), eg_log(x), eg_where(eg_eq(x, 0), 0, eg_div(1, x)));
}
static eg_val saturated(eg_val n)
{
    (void)n;
    return eg_div(1, eg_add(1, eg_exp(eg_mul(eg_get(V), 10)))); /* 1 / (1 + inf) */
}
static eg_val to_integers(eg_val n)
{
    (void)n;
    return eg_convert(eg_log(eg_sub(eg_get(V), 5)), EG_I32);
}
static eg_val compared(eg_val n)
{
    (void)n;
    return eg_and(eg_ge(eg_sqrt(eg_sub(eg_get(V), 5)), 3), eg_isnan(eg_log(eg_get(V))));
}
static eg_val drawn(eg_val n)
{
    (void)n;
    eg_spec f = eg_vector(EG_F32, N);
    eg_val x = eg_add(eg_normal(eg, f, 0, 1), eg_exponential(eg, f, 2));
    x = eg_add(x, eg_add(eg_gamma(eg, f, 0.7, 1), eg_poisson(eg, f, 20)));
    x = eg_add(x, eg_add(eg_binomial(eg, f, 50, 0.4), eg_truncated_normal(eg, f, 0, 1, -1, INFINITY)));
    eg_set(V, eg_add(eg_mul(eg_get(V), 0.9), x));
    return eg_get(V);
}
static eg_val spiking(eg_val n)
{
    eg_val V_new = eg_add(eg_mul(eg_get(W), 0.95), eg_add(eg_get(g), 0.7));
    eg_val spike = eg_gt(V_new, eg_add(10, eg_mul(eg_get(V), 0.01)));
    eg_set(W, eg_where(spike, 0, V_new));
    eg_set(g, eg_event_add(eg_mul(eg_get(g), 0.8), csr, spike, 0.3));
    eg_set(s, eg_add(eg_get(s), eg_sum(eg_convert(spike, EG_F32))));
    eg_set(t_last, eg_where(spike, time_of(n), eg_get(t_last)));
    return V_new;
}
static int calls;
static int counts(void *user, const void *const *in, void *const *out)
{
    (void)user;
    calls++;
    for (int k = 0; k < N; k++) ((float *)out[0])[k] = ((const float *)in[0])[k] + 1;
    return 0;
}
static eg_val hosted(eg_val n)
{
    (void)n;
    eg_val x = eg_get(V);
    eg_set(V, eg_host(eg, "counts", counts, NULL, 1, &x, 1, &eg_vector(EG_F32, N)));
    eg_set(t_last, eg_where(eg_gt(eg_get(V), 160), 1, -INFINITY));
    return eg_get(t_last);
}

static const struct quiet {
    const char *name;
    eg_val (*step)(eg_val n);
    bool all; /* nothing is masked: EG_CHECK_ALL is quiet too */
} quiet[] = {
    {"a variable that began as -inf", never_before, true},
    {"-inf put back", puts_back, true},
    {"no limit", no_limit, true},
    {"NaN as mark", marked_by_nan, true},
    {"masked values", masked, false},
    {"saturation", saturated, false},
    {"integers", to_integers, false},
    {"comparisons", compared, false},
    {"draws", drawn, false},
    {"spikes", spiking, true},
    {"a host function", hosted, true},
};

/* -- runs ---------------------------------------------------------------------------------------------------------- */

static eg_val one_step(void *user, eg_val x)
{
    const struct quiet *q = user;
    return eg_tuple(eg, 2, ((eg_val[]){eg_nothing(), q->step(eg_item(x, 0))}));
}
static eg_val steps(void *user, eg_val x)
{
    (void)x;
    eg_val rows = eg_item(eg_loop(eg, STEPS, one_step, user, eg_nothing(), eg_nothing()), 1);
    return eg_tuple(eg, 2, ((eg_val[]){rows, eg_roll(rows, 1, 1)}));
}

typedef struct left {
    float rows[2][STEPS][N], V[N], W[N], g[N], t_last[N], s;
    double D[N];
    int calls;
} left;

static void run(const struct quiet *q, const eg_options *o, const eg_run_options *r, left *l)
{
    eg = eg_open(o);
    planted_objects(true);
    eg_func *f = eg_trace(eg, "quiet", steps, (void *)(uintptr_t)q, 0, NULL);
    ck_assert_msg(f != NULL, "%s: %s", q->name, eg_message(eg));
    memset(l, 0, sizeof *l);
    calls = 0;
    eg_status status = EG_OK;
    for (int k = 0; k < 2 && !status; k++) status = eg_call(f, NULL, NULL, (void *[]){l->rows[0], l->rows[1]}, r);
    ck_assert_msg(status == EG_OK, "%s, %s, %d threads: %s", q->name, r->interpret ? "interpreted" : "compiled",
                  r->threads, eg_message(eg));
    l->calls = calls;
    eg_read(V, l->V, sizeof l->V);
    eg_read(W, l->W, sizeof l->W);
    eg_read(g, l->g, sizeof l->g);
    eg_read(s, &l->s, sizeof l->s);
    eg_read(D, l->D, sizeof l->D);
    eg_read(t_last, l->t_last, sizeof l->t_last);
    eg_close(eg);
}

START_TEST(what_is_given_masked_or_was_so_before_is_no_fault)
{
    const struct quiet *q = &quiet[_i];
    static left want, got;
    run(q, NULL, &(eg_run_options){.threads = 1}, &want);
    for (int k = 0; k < 5; k++) {
        eg_options o = {.chunk_ms = k > 3 ? 1e-6 : 0};
        eg_run_options r = {.interpret = k == 0, .threads = k, .check = EG_CHECK_OUTPUT};
        run(q, &o, &r, &got);
        ck_assert_msg(!memcmp(&want, &got, sizeof want), "%s, %d threads: other bits", q->name, k);
    }
    if (!q->all) return;
    run(q, NULL, &(eg_run_options){.check = EG_CHECK_ALL}, &got);
    ck_assert_msg(!memcmp(&want, &got, sizeof want), "%s, all: other bits", q->name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quiet");
    TCase *t = tcase_create("quiet");
    tcase_set_timeout(t, 0);
    tcase_add_loop_test(t, what_is_given_masked_or_was_so_before_is_no_fault, 0, LEN(quiet));
    suite_add_tcase(suite, t);
    return test_run(suite);
}
