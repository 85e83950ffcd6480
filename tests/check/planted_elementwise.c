/* Faults of elementwise operations. */
#include "planted.h"

/* A step that sets g (or s) to an operation of what is planted. */
#define CASE(name, value) CASE_BY(keep, name, value)
#define CASE_BY(keep, name, value)                                                                                     \
    static void name(eg_val n, eg_val row)                                                                             \
    {                                                                                                                  \
        (void)row;                                                                                                     \
        keep(g, BAD(value));                                                                                           \
    }

CASE(division, eg_name(eg_div(eg_get(V), plant(n, 137, 5, 0, 2)), "q"))
CASE(minus, eg_div(-1, plant(n, 99, 64, 0, 2)))
CASE(singular, eg_div(eg_sub(plant(n, 21, 128, 1, 2), 1), eg_sub(eg_exp(eg_sub(plant(n, 21, 128, 1, 2), 1)), 1)))
CASE(log_of_negative, eg_log(plant(n, 0, 149, -2, 1)))
CASE(log_of_zero, eg_log(plant(n, 199, 0, 0, 1)))
CASE(log1p_of_less, eg_log1p(plant(n, 18, 1, -1.5, 1)))
CASE(root, eg_sqrt(plant(n, 1, 77, -1, 1)))
CASE(one_over_root, eg_rsqrt(plant(n, 17, 77, 0, 1)))
CASE(exponential, eg_exp(plant(n, 16, 100, 100, 1)))
CASE(power, eg_pow(plant(n, 15, 3, -8, 8), 0.5))
CASE(power_of_zero, eg_pow(plant(n, 15, 3, 0, 8), -2))
CASE(arc, eg_asin(plant(n, 150, 63, 2, 0.5)))
CASE(area, eg_acosh(plant(n, 150, 63, 0.5, 2)))
CASE(area_tangent, eg_atanh(plant(n, 33, 12, 1, 0.5)))
CASE(remainder_of_nothing, eg_mod(eg_get(V), plant(n, 3, 9, 0, 2)))
CASE(inverse_erf, eg_erfinv(plant(n, 31, 7, -1, 0.5)))
/* Compilers differ in which argument they evaluate first. */
static eg_val first;
CASE(product, (first = plant(n, 40, 20, -2e10, 2), eg_mul(first, plant(n, 40, 20, 3e30, 2))))
CASE(difference, eg_sub(plant(n, 41, 21, 3e38, 2), plant(n, 41, 21, -3e38, 2)))
CASE(contracted, (first = plant(n, 42, 22, 1e10, 2), eg_add(eg_mul(first, plant(n, 42, 22, 3e30, 2)), eg_get(V))))
CASE_BY(keep_nan, zero_times_infinity, eg_mul(plant(n, 50, 30, 0, 1), INFINITY))
CASE_BY(keep_nan, infinity_minus_infinity, eg_sub(eg_get(t_last), plant(n, 51, 31, -INFINITY, 1)))
CASE(narrowed, eg_convert(eg_mul(eg_convert(plant(n, 60, 40, 1e30, 2), EG_F64), 1e20), EG_F32))

/* The state goes on with a value that is bad only after the threshold was asked. */
static void after_a_choice(eg_val n, eg_val row)
{
    (void)row;
    eg_val bad = BAD(eg_log(eg_sub(plant(n, 70, 50, 1, 2), 1)));
    eg_val masked = eg_log(eg_sub(eg_get(V), 5)); /* NaN below 5, all the time, and never used there */
    keep(g, eg_where(eg_gt(eg_get(V), 20), bad, eg_where(eg_gt(eg_get(V), 10), masked, 0)));
}

static void of_a_scalar(eg_val n, eg_val row)
{
    (void)row;
    keep(s, BAD(eg_name(eg_div(1, eg_where(here(n, 111), 0.0, 4.0)), "rate")));
}

static void of_doubles(eg_val n, eg_val row)
{
    (void)row;
    keep(D, BAD(eg_exp(eg_convert(plant(n, 80, 60, 710, 1), EG_F64))));
}

/* Overflow over many steps: 1.5^n. */
static void growth(eg_val n, eg_val row)
{
    (void)row;
    (void)n;
    eg_set(W, BAD(eg_mul(eg_get(W), 2)));
}

/* x / y, where y is bad first: the first is told, whatever follows from it. */
static void first_of_two(eg_val n, eg_val row)
{
    (void)row;
    eg_val y = BAD(eg_div(3, plant(n, 90, 70, 0, 2)));
    keep(g, eg_sub(eg_mul(y, 0), eg_sqrt(y)));
    eg_set(W, eg_log(plant(n, 90, 10, -1, 1)));
}

const planted planted_elementwise[] = {
    {"division", division, NULL,
     "step 137: div made inf of finite numbers at @ ('q'): [5] div(5, 0); seen in variable 'g' [5]"},
    {"division of a negative number", minus, NULL,
     "step 99: div made -inf of finite numbers at @: [64] div(-1, 0); seen in variable 'g' [64]"},
    {"x / (exp(x) - 1) at 0", singular, NULL,
     "step 21: div made nan of finite numbers at @: [128] div(0, 0); seen in variable 'g' [128]"},
    {"log of a negative number", log_of_negative, NULL,
     "step 0: log made nan of finite numbers at @: [149] log(-2); seen in variable 'g' [149]"},
    {"log of 0", log_of_zero, NULL,
     "step 199: log made -inf of finite numbers at @: [0] log(0); seen in variable 'g' [0]"},
    {"log1p", log1p_of_less, NULL,
     "step 18: log1p made nan of finite numbers at @: [1] log1p(-1.5); seen in variable 'g' [1]"},
    {"sqrt", root, NULL, "step 1: sqrt made nan of finite numbers at @: [77] sqrt(-1); seen in variable 'g' [77]"},
    {"rsqrt", one_over_root, NULL,
     "step 17: rsqrt made inf of finite numbers at @: [77] rsqrt(0); seen in variable 'g' [77]"},
    {"exp", exponential, NULL,
     "step 16: exp made inf of finite numbers at @: [100] exp(100); seen in variable 'g' [100]"},
    {"pow of a negative base", power, NULL,
     "step 15: pow made nan of finite numbers at @: [3] pow(-8, 0.5); seen in variable 'g' [3]"},
    {"pow of 0", power_of_zero, NULL,
     "step 15: pow made inf of finite numbers at @: [3] pow(0, -2); seen in variable 'g' [3]"},
    {"asin", arc, NULL, "step 150: asin made nan of finite numbers at @: [63] asin(2); seen in variable 'g' [63]"},
    {"acosh", area, NULL,
     "step 150: acosh made nan of finite numbers at @: [63] acosh(0.5); seen in variable 'g' [63]"},
    {"atanh", area_tangent, NULL,
     "step 33: atanh made inf of finite numbers at @: [12] atanh(1); seen in variable 'g' [12]"},
    {"mod", remainder_of_nothing, NULL,
     "step 3: mod made nan of finite numbers at @: [9] mod(9, 0); seen in variable 'g' [9]"},
    {"erfinv", inverse_erf, NULL,
     "step 31: erfinv made -inf of finite numbers at @: [7] erfinv(-1); seen in variable 'g' [7]"},
    {"overflow of a product", product, NULL,
     "step 40: mul made -inf of finite numbers at @: [20] mul(-2e+10, 2.99999989e+30); seen in variable 'g' [20]"},
    {"overflow of a difference", difference, NULL,
     "step 41: sub made inf of finite numbers at @: [21] sub(3.00000001e+38, -3.00000001e+38); seen in variable 'g' "
     "[21]"},
    {"overflow of a contracted product and sum", contracted, NULL,
     "step 42: fma made inf of finite numbers at @: [22] fma(1e+10, 2.99999989e+30, 22); seen in variable 'g' [22]"},
    {"0 * inf", zero_times_infinity, NULL,
     "step 50: mul made nan of infinities at @: [30] mul(0, inf); seen in variable 'g' [30]"},
    {"inf - inf", infinity_minus_infinity, NULL,
     "step 51: sub made nan of infinities at @: [31] sub(-inf, -inf); seen in variable 'g' [31]"},
    {"f64 beyond f32", narrowed, NULL,
     "step 60: convert made inf of finite numbers at @: [40] convert(1.00000002e+50); seen in variable 'g' [40]"},
    {"a choice among bad and masked values", after_a_choice, NULL,
     "step 70: log made -inf of finite numbers at @: [50] log(0); seen in variable 'g' [50]"},
    {"a scalar", of_a_scalar, NULL,
     "step 111: div made inf of finite numbers at @ ('rate'): div(1, 0); seen in variable 's'"},
    {"f64", of_doubles, NULL, "step 80: exp made inf of finite numbers at @: [60] exp(710); seen in variable 'D' [60]"},
    {"growth over many steps", growth, NULL,
     "step 120: mul made inf of finite numbers at @: [128] mul(1.70141183e+38, 2); seen in variable 'W' [128]"},
    {"the first of two", first_of_two, NULL,
     "step 90: div made inf of finite numbers at @: [70] div(3, 0); seen in variable 'g' [70]"},
};

const size_t num_elementwise = LEN(planted_elementwise);
