/* Faults in sums and products of many, and far from where they are seen. */
#include "planted.h"

static eg_val big(eg_val n, int64_t k) { return eg_where(here(n, k), eg_constant(large), 1.0); }

static void sum(eg_val n, eg_val row)
{
    (void)row;
    keep(s, BAD(eg_name(eg_sum(big(n, 12)), "total")));
}
static void partial_sum(eg_val n, eg_val row)
{
    (void)row;
    eg_val x = eg_reshape(big(n, 13), 3, 50);
    keep(m, eg_broadcast(eg_new_axis(BAD(eg_sum(x, 1)), 1), 3, N));
}
static void product(eg_val n, eg_val row)
{
    (void)row;
    keep(s, BAD(eg_prod(plant(n, 14, 8, 3e38, 1.5))));
}
static void running_sum(eg_val n, eg_val row)
{
    (void)row;
    keep(g, BAD(eg_cumsum(big(n, 15), 0)));
}
static void dot(eg_val n, eg_val row)
{
    (void)row;
    eg_val x = eg_reshape(plant(n, 16, 137, 3e38, 1), 10, 15), w = eg_full(eg, eg_matrix(EG_F32, 15, 15), 2);
    keep(g, eg_reshape(BAD(eg_dot(x, w)), N));
}
static void scattered(eg_val n, eg_val row)
{
    (void)row;
    eg_val to = eg_div(eg_iota(eg, N, EG_I32), 10); /* ten go to one */
    keep(g, BAD(eg_scatter_add(eg_zeros(eg, eg_vector(EG_F32, N)), to, big(n, 18))));
}
static void delivered(eg_val n, eg_val row)
{
    (void)row;
    eg_val fired = eg_and(eg_eq(n, 19), eg_lt(eg_iota(eg, N, EG_I32), 3));
    keep(g, BAD(eg_event_add(eg_constant(large), csr, fired, 2e38)));
}
static void delivered_values(eg_val n, eg_val row)
{
    (void)row;
    keep(g, BAD(eg_event(csr, plant(n, 20, 100, 1e30, 0), 1e20)));
}
static void read_back(eg_val n, eg_val row)
{
    (void)row;
    keep(g, BAD(eg_event_transposed(csr, plant(n, 22, 101, -1e30, 0), 1e20)));
}
static void ring(eg_val n, eg_val row)
{
    (void)row;
    eg_delay_push(lag, BAD(eg_div(1, plant(n, 23, 44, 0, 1))));
    keep(g, eg_delay_read(lag, eg_int(5)));
}
/* An infinity that was meant is none, until five steps later a NaN is made of it. */
static void later(eg_val n, eg_val row)
{
    (void)row;
    eg_val old = eg_delay_read(lag, eg_int(4));
    eg_delay_push(lag, plant(n, 24, 45, INFINITY, 1));
    keep_nan(g, BAD(eg_sub(old, old)));
}
static void turned(eg_val n, eg_val row)
{
    (void)row;
    eg_val x = eg_reshape(BAD(eg_sqrt(plant(n, 25, 7, -4, 4))), 3, 50);
    x = eg_slice(eg_transpose(eg_flip(x, 1)), 0, 10, 50, 2); /* [20, 3] */
    keep(g, eg_pad(eg_reshape(x, 60), 0, 5, N - 65, 0));
}
static void put_in(eg_val n, eg_val row)
{
    (void)row;
    eg_val part = eg_slice(BAD(eg_log(plant(n, 26, 11, -1, 1))), 0, 10, 20, 1);
    keep(g, eg_update_slice(eg_get(g), part, 0, eg_int(100)));
}
static void put_row(eg_val n, eg_val row)
{
    (void)row;
    keep(m, eg_update_row(eg_get(m), eg_mod(n, 3), BAD(eg_log(plant(n, 28, 11, -1, 1)))));
}
static void joined(eg_val n, eg_val row)
{
    (void)row;
    eg_val x = BAD(eg_asin(plant(n, 29, 149, 5, 0)));
    keep(g, eg_concat(0, eg_slice(x, 0, 100, N, 1), eg_slice(x, 0, 0, 100, 1)));
}
static void picked(eg_val n, eg_val row)
{
    (void)row;
    keep(g, eg_gather(BAD(eg_asin(plant(n, 30, 1, 5, 0))), eg_constant(index_of), 0));
}
static void sorted(eg_val n, eg_val row)
{
    (void)row;
    keep(g, eg_sort(BAD(eg_div(-1, plant(n, 31, 90, 0, 1))), 0));
}
static void largest(eg_val n, eg_val row)
{
    (void)row;
    keep(s, eg_amax(BAD(eg_div(1, plant(n, 32, 91, 0, 1)))));
}
static void spread(eg_val n, eg_val row)
{
    (void)row;
    eg_val mean = eg_mean(BAD(eg_log(plant(n, 34, 2, -7, 1))));
    eg_set(g, eg_add(eg_get(g), mean));
}

const planted planted_moved[] = {
    {"sum", sum, NULL,
     "step 12: sum made inf of finite numbers at @ ('total'): sum(150 elements, the largest 9.99999968e+37 [0]); seen "
     "in "
     "variable 's'"},
    {"sum of an axis", partial_sum, NULL,
     "step 13: sum made inf of finite numbers at @: [0] sum(50 elements, the largest 9.99999968e+37 [0, 0]); seen in "
     "variable 'm' [0, 0]"},
    {"product of all", product, NULL,
     "step 14: prod made inf of finite numbers at @: prod(150 elements, the largest 3.00000001e+38 [8]); seen in "
     "variable 's'"},
    {"cumsum", running_sum, NULL,
     "step 15: cumsum made inf of finite numbers at @: [3] cumsum(3.00000001e+38, 9.99999968e+37); seen in variable "
     "'g' "
     "[3]"},
    {"dot", dot, NULL,
     "step 16: dot made inf of finite numbers at @: [9, 0] dot(15 products, the largest 6.00000001e+38); seen in "
     "variable 'g' [135]"},
    {"scatter_add", scattered, NULL,
     "step 18: scatter_add made inf of finite numbers at @: [0] scatter_add(0, 10 contributions, the largest "
     "9.99999968e+37); seen in variable 'g' [0]"},
    {"event", delivered, NULL,
     "step 19: event made inf of finite numbers at @: [1] event(9.99999968e+37, 2 contributions, the largest "
     "1.99999994e+38); seen in variable 'g' [1]"},
    {"event with values", delivered_values, NULL,
     "step 20: event made inf of finite numbers at @: [100] event(0, 1 contribution, the largest 1.00000004e+50); seen "
     "in variable 'g' [100]"},
    {"event_t", read_back, NULL,
     "step 22: event_t made -inf of finite numbers at @: [100] event_t(0, 1 contribution, the largest "
     "-1.00000004e+50); "
     "seen in variable 'g' [100]"},
    {"a delay ring", ring, NULL,
     "step 23: div made inf of finite numbers at @: [44] div(1, 0); seen in variable 'lag.ring' [0, 44]"},
    {"a delay ring several steps later", later, NULL,
     "step 29: sub made nan of infinities at @: [45] sub(inf, inf); seen in variable 'g' [45]"},
    {"through views", turned, NULL,
     "step 25: sqrt made nan of finite numbers at @: [7] sqrt(-4); seen in variable 'g' [53]"},
    {"update of a slice", put_in, NULL,
     "step 26: log made nan of finite numbers at @: [11] log(-1); seen in variable 'g' [101]"},
    {"update of a row", put_row, NULL,
     "step 28: log made nan of finite numbers at @: [11] log(-1); seen in variable 'm' [1, 11]"},
    {"concat", joined, NULL, "step 29: asin made nan of finite numbers at @: [149] asin(5); seen in variable 'g' [49]"},
    {"gather", picked, NULL, "step 30: asin made nan of finite numbers at @: [1] asin(5); seen in variable 'g' [148]"},
    {"sort", sorted, NULL, "step 31: div made -inf of finite numbers at @: [90] div(-1, 0); seen in variable 'g' [0]"},
    {"largest", largest, NULL, "step 32: div made inf of finite numbers at @: [91] div(1, 0); seen in variable 's'"},
    {"a mean that reaches all", spread, NULL,
     "step 34: log made nan of finite numbers at @: [2] log(-7); seen in variable 'g' [0]"},
};

const size_t num_moved = LEN(planted_moved);
