/* Faults in conds, whiles and loops, around them, and in host functions. */
#include "planted.h"

static eg_val pair(eg_val a, eg_val b) { return eg_tuple(eg, 2, ((eg_val[]){a, b})); }

static eg_val divides(void *user, eg_val x)
{
    (void)user;
    keep(g, BAD(eg_div(eg_get(V), x)));
    return eg_nothing();
}
static eg_val keeps(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return eg_nothing();
}
static void arm(eg_val n, eg_val row)
{
    (void)row;
    eg_cond(eg_eq(eg_mod(n, 10), 7), divides, keeps, NULL, plant(n, 47, 6, 0, 2));
}

static eg_val small(void *user, eg_val x)
{
    (void)user;
    return eg_lt(eg_item(x, 0), 20);
}
static eg_val squared(void *user, eg_val x)
{
    (void)user;
    eg_val y = eg_item(x, 1);
    return pair(eg_add(eg_item(x, 0), 1), BAD(eg_mul(y, y)));
}
static void inner_while(eg_val n, eg_val row)
{
    (void)row;
    eg_val zero = eg_convert(eg_mul(n, 0), EG_I32);
    eg_val out =
        eg_while(eg, small, squared, NULL, pair(zero, eg_where(here(n, 3), 10.0, eg_full(eg, eg_scalar(EG_F32), 1))));
    keep(s, eg_item(out, 1));
}

static eg_val innermost(void *user, eg_val x)
{
    eg_val i = eg_item(x, 0), at = *(eg_val *)user; /* the middle loop's step, or -1 */
    eg_val bad = eg_and(eg_eq(at, 4), eg_eq(i, 2));
    eg_val y = BAD(eg_div(eg_item(x, 1), eg_where(bad, 0.0, 1.0)));
    return pair(y, eg_nothing());
}
static eg_val middle(void *user, eg_val x)
{
    eg_val at = eg_where(here(*(eg_val *)user, 5), eg_item(x, 0), -1);
    eg_val out = eg_loop(eg, 3, innermost, &at, eg_item(x, 1), eg_nothing());
    return pair(eg_item(out, 0), eg_item(out, 0));
}
static void nested(eg_val n, eg_val row)
{
    (void)row;
    eg_val out = eg_loop(eg, 7, middle, &n, eg_full(eg, eg_scalar(EG_F32), 3), eg_nothing());
    keep(s, eg_amax(eg_item(out, 1)));
}

/* Masked in all iterations but the last: only that one counts. */
static eg_val masked(void *user, eg_val x)
{
    eg_val i = eg_item(x, 0), bad = BAD(eg_log(eg_sub(eg_convert(i, EG_F32), 9)));
    eg_val last = eg_and(eg_eq(i, 6), here(*(eg_val *)user, 8));
    return pair(eg_where(last, bad, eg_item(x, 1)), eg_nothing());
}
static void masked_before(eg_val n, eg_val row)
{
    (void)row;
    eg_val out = eg_loop(eg, 7, masked, &n, eg_full(eg, eg_scalar(EG_F32), 3), eg_nothing());
    keep(s, eg_item(out, 0));
}

static eg_val random_value(void) { return eg_mul(eg_convert(eg_iota(eg, N, EG_I32), EG_F32), 1e-3); }

/* Two populations of one model. */
static void update(eg_var *v, eg_val x)
{
    eg_val slope = eg_mul(eg_sub(-60, eg_get(v)), BAD(eg_div(0.125, x)));
    eg_set(v, eg_add(eg_get(v), eg_mul(slope, 0.001)));
}
static void second_population(eg_val n, eg_val row)
{
    (void)row;
    update(V, plant(n, 300, 0, 0, 20));
    update(W, plant(n, 36, 130, 0, 20));
}

static int gives(void *user, const void *const *in, void *const *out)
{
    (void)user;
    for (int k = 0; k < N; k++) ((float *)out[0])[k] = *(const int64_t *)in[0] == 37 && k == 13 ? NAN : 1;
    return 0;
}
static void host(eg_val n, eg_val row)
{
    (void)row;
    keep(g, eg_add(BAD(eg_host(eg, "gives", gives, NULL, 1, &n, 1, &eg_vector(EG_F32, N))), 1));
}

/* -- whole functions ----------------------------------------------------------------------------------------------- */

static eg_val add_to_V(void *user, eg_val x)
{
    (void)user;
    eg_set(V, eg_add(eg_get(V), eg_item(x, 1)));
    return pair(eg_mul(eg_item(x, 1), 0.5), eg_nothing());
}
static eg_val before_the_loop(eg_val x)
{
    (void)x;
    eg_val bad = BAD(eg_name(eg_log(eg_sub(eg_get(W), 4)), "W_log"));
    eg_loop(eg, 30, add_to_V, NULL, eg_where(eg_lt(eg_get(W), 4), 0, bad), eg_nothing());
    return eg_nothing();
}
/* Made outside, used by the 11th step. */
static eg_val uses(void *user, eg_val x)
{
    eg_set(V, eg_where(eg_eq(eg_item(x, 0), 10), *(eg_val *)user, eg_get(V)));
    return pair(eg_nothing(), eg_nothing());
}
static eg_val invariant(eg_val x)
{
    (void)x;
    eg_val bad = BAD(eg_div(1, eg_sub(eg_get(W), 3)));
    eg_loop(eg, 30, uses, &bad, eg_nothing(), eg_nothing());
    return eg_nothing();
}
static eg_val counts(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_set(V, eg_add(eg_get(V), 1));
    return pair(eg_nothing(), eg_get(V));
}
static eg_val behind_the_loop(eg_val x)
{
    (void)x;
    eg_val rows = eg_item(eg_loop(eg, 30, counts, NULL, eg_nothing(), eg_nothing()), 1);
    eg_val mean = eg_mean(rows, 0);
    return BAD(eg_sqrt(eg_sub(mean, 20)));
}
static eg_val records(void *user, eg_val x)
{
    (void)user;
    return pair(eg_nothing(), BAD(eg_rsqrt(eg_convert(eg_sub(17, eg_item(x, 0)), EG_F32))));
}
static eg_val recorded_only(eg_val x)
{
    (void)x;
    return eg_item(eg_loop(eg, 30, records, NULL, eg_nothing(), eg_nothing()), 1);
}
static eg_val second_loop(eg_val x)
{
    (void)x;
    eg_val rows = eg_item(eg_loop(eg, 40, counts, NULL, eg_nothing(), eg_nothing()), 1);
    eg_set(W, eg_add(eg_get(W), eg_row(rows, 2)));
    return recorded_only(x);
}
static eg_val goes_on(void *user, eg_val x)
{
    (void)user;
    return eg_lt(eg_item(x, 0), 100);
}
static eg_val turn(void *user, eg_val x)
{
    (void)user;
    eg_val i = eg_item(x, 0);
    return pair(eg_add(i, 1), BAD(eg_div(eg_item(x, 1), eg_sub(90, i))));
}
static eg_val outermost_while(eg_val x)
{
    (void)x;
    eg_val zero = eg_full(eg, eg_scalar(EG_F32), 0);
    return eg_item(eg_while(eg, goes_on, turn, NULL, pair(zero, eg_add(eg_mul(eg_get(W), 0), 1))), 1);
}
static eg_val while_after_while(eg_val x)
{
    eg_val zero = eg_full(eg, eg_scalar(EG_F32), 50), one = eg_full(eg, eg_scalar(EG_F32), 1);
    eg_val out = eg_while(eg, small, squared, NULL, pair(eg_convert(zero, EG_I32), one)); /* no turn */
    eg_set(s, eg_item(out, 1));
    out = eg_while(eg, small, squared, NULL, pair(eg_full(eg, eg_scalar(EG_I32), 0), one));
    (void)x;
    return eg_div(one, eg_item(eg_while(eg, small, squared, NULL,
                                        pair(eg_full(eg, eg_scalar(EG_I32), 10), eg_mul(2, eg_item(out, 1)))),
                               1));
}
static eg_val no_loop(eg_val x)
{
    (void)x;
    eg_set(V, eg_add(1, eg_get(V)));
    eg_set(D, BAD(eg_log(eg_convert(eg_sub(eg_get(W), 1), EG_F64))));
    return eg_get(V);
}
static eg_val loop_in_an_arm(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return eg_item(eg_loop(eg, 30, records, NULL, eg_nothing(), eg_nothing()), 1);
}
static eg_val zeros(void *user, eg_val x)
{
    (void)user;
    (void)x;
    return eg_zeros(eg, eg_vector(EG_F32, 30));
}
static eg_val in_an_arm(eg_val x) { return eg_cond(eg_gt(eg_sum(eg_get(W)), 0), loop_in_an_arm, zeros, NULL, x); }

/* The fault is in a draw's parameter, not in the numbers drawn. */
static void draw(eg_val n, eg_val row)
{
    (void)row;
    keep(g, eg_mul(random_value(), BAD(eg_sqrt(plant(n, 39, 23, -0.25, 4)))));
}

const planted planted_flow[] = {
    {"an arm of a cond", arm, NULL,
     "step 47: div made inf of finite numbers at @: [6] div(6, 0); seen in variable 'g' [6]"},
    {"a while inside a step", inner_while, NULL,
     "step 3, inner iteration 5: mul made inf of finite numbers at @: mul(1.00000003e+32, 1.00000003e+32); seen in "
     "variable 's'"},
    {"nested loops", nested, NULL,
     "step 5, inner iteration 4, 2: div made inf of finite numbers at @: div(3, 0); seen in variable 's'"},
    {"iterations that do not count", masked_before, NULL,
     "step 8, inner iteration 6: log made nan of finite numbers at @: log(-3); seen in variable 's'"},
    {"a second population of one model", second_population, NULL,
     "step 36: div made inf of finite numbers at @: [130] div(0.125, 0); seen in variable 'W' [130]"},
    {"a host function", host, NULL,
     "step 37: output 0 of host function 'gives' [13] at @ is nan; seen in variable 'g' [13]"},
    {"the scale of random numbers", draw, NULL,
     "step 39: sqrt made nan of finite numbers at @: [23] sqrt(-0.25); seen in variable 'g' [23]"},
    {"what a loop begins with", NULL, before_the_loop,
     "outside of its loops: log made -inf of finite numbers at @ ('W_log'): [4] log(0); seen in carried value 0 of the "
     "loop [4]"},
    {"what is made outside, used inside", NULL, invariant,
     "outside of its loops: div made inf of finite numbers at @: [3] div(1, 0); seen in variable 'V' [3]"},
    {"behind the loop", NULL, behind_the_loop,
     "outside of its loops: sqrt made nan of finite numbers at @: [0] sqrt(-4.5); seen in result 0 [0]"},
    {"what is only recorded", NULL, recorded_only,
     "step 17: rsqrt made inf of finite numbers at @: rsqrt(0); seen in result 0 [17]"},
    {"the second of two loops", NULL, second_loop,
     "step 17: rsqrt made inf of finite numbers at @: rsqrt(0); seen in result 0 [17]"},
    {"an outermost while", NULL, outermost_while,
     "step 90: div made nan of finite numbers at @: [0] div(0, 0); seen in result 0 [0]"},
    {"whiles after whiles", NULL, while_after_while,
     "step 6: mul made inf of finite numbers at @: mul(1.84467441e+19, 1.84467441e+19); seen in carried value 1 of the "
     "loop"},
    {"a function without loops", NULL, no_loop,
     "outside of its loops: log made nan of finite numbers at @: [0] log(-1); seen in variable 'D' [0]"},
    {"a loop in an arm of a cond", NULL, in_an_arm,
     "step 17: rsqrt made inf of finite numbers at @: rsqrt(0); seen in stacked value 0 of the loop [17]"},
};

const size_t num_flow = LEN(planted_flow);
