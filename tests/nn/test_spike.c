/* Spikes in use: what they are of, two inputs, names, surrogates of one's own, errors, training. */
#include "nn/spiking.h"

#define FN(name) static eg_val name(void *user, eg_val x)
#define PAIR(a, b) eg_tuple(eg, 2, ((eg_val[]){a, b}))
#define WHERE "test_spike.c"

static eg_surrogate s0;
FN(spike) { return (void)user, eg_spike(eg, x, s0); }
FN(spike2) { return (void)user, eg_spike2(eg, eg_item(x, 0), eg_item(x, 1), s0); }

/* -- what spikes are of -------------------------------------------------------------------------------------------- */

START_TEST(spikes_have_the_type_of_their_input)
{
    int64_t in[3] = {-2, 0, 5}, out[3];
    double x[3] = {-2, 0, 5};
    s0 = eg_surrogate_arctan(1);
    eg_func *f = TRACE(spike, eg_vector(EG_I64, 3));
    ck_assert_int_eq(eg_result_spec(f, 0).dtype, EG_I64);
    BOTH(f, IN(in), out);
    for (int k = 0; k < 3; k++) ck_assert_int_eq(out[k], x[k] >= 0);
    ck_assert_int_eq(eg_result_spec(TRACE(spike, eg_scalar(EG_BOOL)), 0).dtype, EG_BOOL);
    ck_assert_int_eq(eg_result_spec(TRACE(spike, eg_matrix(EG_F32, 2, 3)), 0).dtype, EG_F32);
    s0.origin = true;
    float smooth[3];
    f = TRACE(spike, eg_vector(EG_I64, 3));
    BOTH(f, IN(in), smooth);
    for (int k = 0; k < 3; k++) ck_assert_float_eq_tol(smooth[k], (float)(atan(M_PI / 2 * x[k]) / M_PI + 0.5), 1e-6f);
}
END_TEST

static double number_of(eg_val v)
{
    double x = NAN;
    ck_assert(eg_is_number(v, &x));
    return x;
}

START_TEST(plain_numbers_give_plain_numbers)
{
    eg_surrogate s = eg_surrogate_sigmoid(2), flat = eg_surrogate_sigmoid(0);
    ck_assert_double_eq(number_of(eg_spike(eg, 0.5, s)), 1);
    ck_assert_double_eq(number_of(eg_spike(eg, -0.0, s)), 1);
    ck_assert_double_eq(number_of(eg_spike(eg, -1, s)), 0);
    ck_assert_double_eq(number_of(eg_spike(eg, NAN, s)), 0);
    ck_assert_double_eq(number_of(eg_spike2(eg, 0.5, -1, s)), 1);
    ck_assert_double_eq(number_of(eg_spike2(eg, 0.5, 0, s)), 0);
    ck_assert_int_eq(eg_spec_of(eg_spike(eg, 3, s)).dtype, EG_I64);
    ck_assert_int_eq(eg_spec_of(eg_spike(eg, 3.0, s)).dtype, EG_F64);
    s.origin = flat.origin = true;
    ck_assert_double_eq_tol(number_of(eg_spike(eg, 3, s)), 1 / (1 + exp(-6)), 1e-15);
    ck_assert_double_eq(number_of(eg_spike(eg, 0.3, flat)), 0.5);
    for (int k = 0; k < NUM_FORMULAS; k++) {
        const formula *f = &formulas[k];
        s = f->make(f->defaults);
        s.origin = true;
        for (double x = -2.3; x < 3 && f->primitive; x += 1)
            ck_assert_double_eq_tol(number_of(eg_spike(eg, x, s)), f->primitive(f->defaults, x), 1e-14);
    }
    fine();
}
END_TEST

START_TEST(without_a_gradient_a_spike_is_a_comparison)
{
    s0 = eg_surrogate_multi_gaussian_grad(0.15, 6, 0.5, 0.5);
    eg_func *f = TRACE(spike, eg_vector(EG_F32, 4));
    ck_assert_int_eq(count_of(eg_text(f), " = "), 4); /* arg, 0, ge, convert */
}
END_TEST

START_TEST(all_zeros_are_the_default)
{
    double x[] = {-0.3, 0.01, 2}, y[2][3], g[2][3];
    spikes_at(eg, (eg_surrogate){0}, EG_F64, 3, x, y[0], g[0], NULL);
    spikes_at(eg, eg_surrogate_inv_square_grad(100), EG_F64, 3, x, y[1], g[1], NULL);
    ck_assert_mem_eq(g[0], g[1], sizeof g[0]);
}
END_TEST

/* -- two inputs ---------------------------------------------------------------------------------------------------- */

/* Value and gradients of the sum of w times the spikes. */
static void two_at(const eg_spec *specs, const double *a, const double *b, double *ga, double *gb)
{
    double memory[2][MOST];
    point p = {2, {specs[0], specs[1]}, {memory[0], memory[1]}};
    memcpy(memory[0], a, count_in(specs[0]) * sizeof *a);
    memcpy(memory[1], b, count_in(specs[1]) * sizeof *b);
    subject s = {spike2, NULL, 0};
    eg_func *df = eg_gradient(eg_trace(eg, "spike2", subject_fn, &s, 2, specs), NULL);
    fine();
    gradient_at(df, &p, (double *[]){ga, gb});
}

START_TEST(a_crossing_has_two_gradients)
{
    static const double x_new[] = {0.2, 0.2, -0.3, -0.3, 0, -0.0, 0.5, NAN, 1};
    static const double x_old[] = {-0.1, 0.1, -0.2, 0.2, -0.0, -1, NAN, -1, -INFINITY};
    enum { N = LEN(x_new) };
    const eg_spec vec = eg_vector(EG_F64, N), specs[] = {vec, vec};
    double y[N], ga[N], gb[N];
    for (int k = 0; k < 2; k++) {
        s0 = k ? eg_surrogate_relu_grad(0.3, 1) : eg_surrogate_inv_square_grad(100);
        const formula *f = k ? &formulas[13] : &formulas[16];
        eg_func *v = eg_trace(eg, "spike2", spike2, NULL, 2, specs);
        BOTH(v, IN(x_new, x_old), y);
        two_at(specs, x_new, x_old, ga, gb);
        for (int j = 0; j < N; j++) {
            double w = number((uint64_t)j, 0.5, 1.5);
            double a = x_old[j] < 0 ? f->slope(s0.p, x_new[j]) : 0, b = x_new[j] >= 0 ? -f->slope(s0.p, x_old[j]) : 0;
            ck_assert_double_eq(y[j], x_new[j] >= 0 && x_old[j] < 0);
            if (x_old[j] < 0 && isnan(x_new[j])) a = NAN;
            if (x_new[j] >= 0 && isnan(x_old[j])) b = NAN;
            ck_assert(isnan(a) ? isnan(ga[j]) : fabs(ga[j] - w * a) <= 1e-14);
            ck_assert(isnan(b) ? isnan(gb[j]) : fabs(gb[j] - w * b) <= 1e-14);
        }
    }
}
END_TEST

START_TEST(crossings_broadcast)
{
    const eg_spec specs[] = {eg_matrix(EG_F64, 2, 3), eg_scalar(EG_F64)};
    double x[] = {-0.5, 0.1, 0.2, 0.3, -0.1, 0}, old = -0.4, ga[6], gb, of_new[6], want = 0;
    s0 = eg_surrogate_slayer_grad(2);
    two_at(specs, x, &old, ga, &gb);
    for (int k = 0; k < 6; k++) {
        double w = number((uint64_t)k, 0.5, 1.5);
        of_new[k] = w * exp(-2 * fabs(x[k]));
        want -= x[k] >= 0 ? w * exp(-0.8) : 0;
        ck_assert_double_eq_tol(ga[k], of_new[k], 1e-14);
    }
    ck_assert_double_eq_tol(gb, want, 1e-14);
}
END_TEST

FN(below_before) { return (void)user, eg_spike2(eg, x, -1, s0); }

START_TEST(crossings_meet_in_one_type)
{
    s0 = eg_surrogate_relu_grad(0.3, 1);
    eg_func *f = TRACE(spike2, eg_vector(EG_F32, 2), eg_vector(EG_F64, 2));
    ck_assert_int_eq(eg_result_spec(f, 0).dtype, EG_F64);
    f = TRACE(spike2, eg_vector(EG_I32, 2), eg_scalar(EG_I64));
    ck_assert_int_eq(eg_result_spec(f, 0).dtype, EG_I64);
    f = TRACE(below_before, eg_vector(EG_F32, 2));
    float x[] = {-0.5f, 0.5f}, y[2], g[2];
    BOTH(f, IN(x), y);
    ck_assert(y[0] == 0 && y[1] == 1);
    eg_func *df = eg_gradient(f, &(eg_gradient_options){.pullback = true});
    ck_assert_int_eq(eg_call(df, NULL, IN(x, y), (void *[]){x, g}, NULL), EG_OK);
    ck_assert_float_eq(g[0], 0);
    ck_assert_float_eq_tol(g[1], 0.15f, 1e-6f);
}
END_TEST

/* -- names --------------------------------------------------------------------------------------------------------- */

static void named(const char *name, const char *of, const char *param, int at)
{
    eg_surrogate_param one = {param, 0.75};
    eg_surrogate s = eg_surrogate_named(eg, name, 1, &one), plain = eg_surrogate_named(eg, name, 0, NULL);
    fine();
    ck_assert_str_eq(s.name, of);
    for (int k = 0; k < EG_SURROGATE_PARAMS; k++) ck_assert_double_eq(s.p[k], k == at ? 0.75 : plain.p[k]);
}

START_TEST(every_name_of_brainpy_is_known)
{
    named("multi_gaussian_grad", "multi_gaussian_grad", "sigma", 2);
    named("piecewise_leaky_relu", "piecewise_leaky_relu", "scale", 2);
    named("inv_square_grad2", "inv_square_grad", "alpha", 0);
    named("relu_grad2", "relu_grad", "width", 1);
    named("spike_with_sigmoid_grad", "inv_square_grad", "scale", 0);
    named("spike2_with_sigmoid_grad", "inv_square_grad", "scale", 0);
    named("spike_with_linear_grad", "relu_grad", "scale", 0);
    named("spike2_with_linear_grad", "relu_grad", "scale", 0);
    named("spike_with_gaussian_grad", "gaussian_grad", "scale", 1);
    named("spike_with_gaussian_grad", "gaussian_grad", "sigma", 0);
    named("spike_with_mg_grad", "multi_gaussian_grad", "scale", 3);
}
END_TEST

START_TEST(wrong_names_are_told_the_right_ones)
{
    eg_surrogate_param p[] = {{"alpha", 2}, {"gamma", 1}, {NULL, 1}};
    ck_assert(!eg_surrogate_named(eg, "sigmoidal", 0, NULL).slope);
    SAYS(EG_ERR_ARGUMENT, "eg_surrogate_named: no surrogate 'sigmoidal'; there are sigmoid, piecewise_quadratic,",
         ", slayer_grad", WHERE);
    ck_assert(!eg_surrogate_named(eg, NULL, 0, NULL).slope);
    SAYS(EG_ERR_ARGUMENT, "eg_surrogate_named: no surrogate '(null)'", WHERE);
    ck_assert(!eg_surrogate_named(eg, "s2nn", 2, p).slope);
    SAYS(EG_ERR_ARGUMENT, "s2nn has no parameter 'gamma'; it has alpha, beta, epsilon", WHERE);
    eg_surrogate_named(eg, "s2nn", 1, p + 2);
    SAYS(EG_ERR_ARGUMENT, "no parameter '(null)'");
    eg_surrogate_named(eg, "arctan", 1, NULL);
    SAYS(EG_ERR_ARGUMENT, "eg_surrogate_named: 1 parameters of arctan", WHERE);
    eg_surrogate_named(eg, "arctan", -1, p);
    SAYS(EG_ERR_ARGUMENT, "eg_surrogate_named: -1 parameters of arctan", WHERE);
    p[0].value = 1;
    eg_surrogate_named(eg, "q_pseudo_spike", 1, p);
    SAYS(EG_ERR_ARGUMENT, "eg_surrogate_named: alpha of q_pseudo_spike is 1; use a finite number above 1", WHERE);
    ck_assert(!eg_surrogate_named(NULL, "arctan", 0, NULL).slope);
}
END_TEST

/* -- wrong parameters ---------------------------------------------------------------------------------------------- */

START_TEST(parameters_out_of_range_are_named)
{
    const struct {
        eg_surrogate s;
        const char *says;
    } wrong[] = {{eg_surrogate_q_pseudo_spike(0.5), "alpha of q_pseudo_spike is 0.5; use a finite number above 1"},
                 {eg_surrogate_sigmoid(-1), "alpha of sigmoid is -1; use a finite number of at least 0"},
                 {eg_surrogate_arctan(NAN), "alpha of arctan is nan"},
                 {eg_surrogate_leaky_relu(INFINITY, 1), "alpha of leaky_relu is inf; use a finite number"},
                 {eg_surrogate_leaky_relu(0, NAN), "beta of leaky_relu is nan"},
                 {eg_surrogate_relu_grad(1, 0), "width of relu_grad is 0; use a finite number above 0"},
                 {eg_surrogate_piecewise_leaky_relu(0, -2, 1), "w of piecewise_leaky_relu is -2"},
                 {eg_surrogate_gaussian_grad(0, 1), "sigma of gaussian_grad is 0"},
                 {eg_surrogate_multi_gaussian_grad(0, 0, 1, 1), "s of multi_gaussian_grad is 0"},
                 {eg_surrogate_s2nn(1, 1, -1e-8), "epsilon of s2nn is -1e-08"},
                 {eg_surrogate_squarewave_fourier_series(0, 8),
                  "n of squarewave_fourier_series is 0; use a whole number from 1"},
                 {eg_surrogate_squarewave_fourier_series(2.5, 8), "n of squarewave_fourier_series is 2.5"},
                 {eg_surrogate_squarewave_fourier_series(101, 8), "n of squarewave_fourier_series is 101"},
                 {eg_surrogate_squarewave_fourier_series(2, 0), "t_period of squarewave_fourier_series is 0"}};
    for (size_t k = 0; k < LEN(wrong); k++) {
        ck_assert_ptr_null(eg_spike(eg, 1.0, wrong[k].s).of);
        SAYS(EG_ERR_ARGUMENT, "eg_spike: ", wrong[k].says, WHERE);
        eg_spike2(eg, 1.0, 0.0, wrong[k].s);
        SAYS(EG_ERR_ARGUMENT, "eg_spike2: ", wrong[k].says, WHERE);
    }
}
END_TEST

FN(spike_of_tuple) { return (void)user, eg_spike(eg, PAIR(x, x), s0); }

START_TEST(wrong_uses_are_errors)
{
    const eg_spec vec = eg_vector(EG_F32, 3), other = eg_vector(EG_F32, 4);
    s0 = eg_surrogate_slayer_grad(1);
    s0.origin = true;
    ck_assert_ptr_null(eg_trace(eg, "f", spike, NULL, 1, &vec));
    SAYS(EG_ERR_ARGUMENT, "eg_spike: slayer_grad has no smooth form", WHERE);
    s0 = (eg_surrogate){.origin = true};
    eg_spike(eg, 1.0, s0);
    SAYS(EG_ERR_ARGUMENT, "eg_spike: inv_square_grad has no smooth form", WHERE);
    s0 = eg_surrogate_arctan(1);
    ck_assert_ptr_null(eg_trace(eg, "f", spike_of_tuple, NULL, 1, &vec));
    SAYS(EG_ERR_TYPE, "eg_spike: x is a tuple", WHERE);
    ck_assert_ptr_null(eg_trace(eg, "f", spike2, NULL, 2, (eg_spec[]){vec, other}));
    SAYS(EG_ERR_SHAPE, "eg_spike2: axis 0 of x_new has 3 elements, axis 0 of x_old 4", WHERE);
    s0.origin = true;
    eg_spike2(eg, 1.0, 0.0, s0);
    SAYS(EG_ERR_ARGUMENT, "eg_spike2: arctan has no smooth form of two inputs", WHERE);
    s0.slope = NULL;
    eg_spike(eg, 1.0, s0);
    SAYS(EG_ERR_ARGUMENT, "eg_spike: arctan has no slope; set it", WHERE);
    eg_spike(eg, 1.0, (eg_surrogate){.p = {2}});
    SAYS(EG_ERR_ARGUMENT, "eg_spike: the surrogate has no slope", WHERE);
    eg_spike(eg, eg_nothing(), (eg_surrogate){0});
    SAYS(EG_ERR_TYPE, "eg_spike: x is a tuple, nothing", WHERE);
    ck_assert_ptr_null(eg_spike(NULL, 1.0, (eg_surrogate){0}).of);
    ck_assert_ptr_null(eg_spike2(NULL, 1.0, 1.0, (eg_surrogate){0}).of);
    fine();
}
END_TEST

/* -- one's own ----------------------------------------------------------------------------------------------------- */

static eg_val bell(const eg_surrogate *s, eg_val x) { return eg_exp(eg_neg(eg_square(eg_div(x, s->p[0])))); }
static eg_val box(const eg_surrogate *s, eg_val x) { return eg_lt(eg_abs(x), *(const double *)s->user); }
static eg_val line(const eg_surrogate *s, eg_val x) { return (void)s, eg_clip(eg_add(x, 0.5), 0, 1); }
static eg_val two_rows(const eg_surrogate *s, eg_val x) { return (void)s, eg_stack(0, x, x); }
static eg_val none(const eg_surrogate *s, eg_val x) { return (void)s, (void)x, eg_nothing(); }
static eg_val both(const eg_surrogate *s, eg_val x) { return (void)s, PAIR(x, x); }
static eg_val total(const eg_surrogate *s, eg_val x) { return (void)s, eg_sum(x); }
static eg_val seven(const eg_surrogate *s, eg_val x) { return (void)s, (void)x, eg_zeros(eg, eg_vector(EG_F32, 7)); }
static eg_val doubles(const eg_surrogate *s, eg_val x) { return (void)s, eg_convert(x, EG_F64); }
static eg_val integers(const eg_surrogate *s, eg_val x) { return (void)s, eg_convert(x, EG_I32); }
static eg_val third(const eg_surrogate *s, eg_val x) { return (void)s, (void)x, eg_real(1.0 / 3); }
static eg_val misshapen(const eg_surrogate *s, eg_val x) { return eg_add(x, seven(s, x)); }
/* Calls another one's. */
static eg_val around_arctan(const eg_surrogate *s, eg_val x)
{
    (void)s;
    eg_surrogate arctan = eg_surrogate_arctan(2);
    return eg_mul(2, arctan.slope(&arctan, x));
}

START_TEST(a_surrogate_is_a_function)
{
    double x[] = {-1, -0.2, 0, 0.7}, y[4], g[4], gg[4], width = 0.5;
    spikes_at(eg, (eg_surrogate){.slope = bell, .p = {2}}, EG_F64, 4, x, y, g, gg);
    for (int k = 0; k < 4; k++) {
        double want = exp(-x[k] * x[k] / 4);
        ck_assert_double_eq_tol(g[k], want, 1e-15);
        ck_assert_double_eq_tol(gg[k], -x[k] / 2 * want, 1e-15);
    }
    eg_surrogate mine = {.name = "box", .slope = box, .primitive = line, .user = &width};
    spikes_at(eg, mine, EG_F64, 4, x, y, g, gg);
    for (int k = 0; k < 4; k++) ck_assert(g[k] == (fabs(x[k]) < 0.5) && gg[k] == 0 && y[k] == (x[k] >= 0));
    mine.origin = true;
    spikes_at(eg, mine, EG_F32, 4, x, y, g, NULL);
    for (int k = 0; k < 4; k++)
        ck_assert(g[k] == (fabs(x[k]) < 0.5) && fabs(y[k] - fmin(fmax(x[k] + 0.5, 0), 1)) < 1e-7);
}
END_TEST

START_TEST(functions_that_return_something_else)
{
    const struct {
        eg_surrogate_fn fn;
        eg_status status;
        const char *says;
    } wrong[] = {{two_rows, EG_ERR_SHAPE, "gave 2 axes where x has 1; return a value of just its shape"},
                 {total, EG_ERR_SHAPE, "gave 0 axes where x has 1"},
                 {seven, EG_ERR_SHAPE, "gave 7 elements along axis 0 where x has 3"},
                 {none, EG_ERR_TYPE, "gave nothing, a tuple"},
                 {both, EG_ERR_TYPE, "gave nothing, a tuple"},
                 {doubles, EG_ERR_TYPE, "gave f64 where x is f32"},
                 {integers, EG_ERR_TYPE, "gave i32 where x is f32"}};
    const eg_spec vec = eg_vector(EG_F32, 3), two[] = {vec, vec};
    for (size_t k = 0; k < LEN(wrong); k++) {
        s0 = (eg_surrogate){.slope = wrong[k].fn};
        ck_assert_ptr_null(eg_trace(eg, "f", spike, NULL, 1, &vec));
        SAYS(wrong[k].status, "eg_spike: the slope of the surrogate ", wrong[k].says, WHERE);
        ck_assert_ptr_null(eg_trace(eg, "f", spike2, NULL, 2, two));
        SAYS(wrong[k].status, "eg_spike2: the slope of the surrogate ", wrong[k].says, WHERE);
        s0 = (eg_surrogate){.name = "mine", .slope = bell, .p = {1}, .primitive = wrong[k].fn, .origin = true};
        ck_assert_ptr_null(eg_trace(eg, "f", spike, NULL, 1, &vec));
        SAYS(wrong[k].status, "eg_spike: the primitive of mine ", wrong[k].says, WHERE);
    }
    /* A number is of any shape; what is wrong inside of the function is said as it is. */
    s0 = (eg_surrogate){.slope = third, .primitive = third, .origin = true};
    ck_assert_int_eq(eg_result_spec(TRACE(spike, vec), 0).rank, 1);
    s0 = (eg_surrogate){.slope = misshapen};
    ck_assert_ptr_null(eg_trace(eg, "f", spike, NULL, 1, &vec));
    SAYS(EG_ERR_SHAPE, "eg_add", WHERE);
}
END_TEST

/* What overflows, or vanishes, in the type of x is none for it. */
START_TEST(parameters_fit_the_type_of_x)
{
    const struct {
        eg_surrogate s;
        eg_dtype type;
        const char *says;
    } wrong[] = {
        {eg_surrogate_sigmoid(1e39), EG_F32,
         "alpha of sigmoid is 1e+39, too large for an x of f32; use a number up to"},
        {eg_surrogate_inv_square_grad(1e39), EG_F32, "alpha of inv_square_grad is 1e+39, too large"},
        {eg_surrogate_gaussian_grad(1e-40, 1), EG_F32, "sigma of gaussian_grad is 1e-40, too small for an x of f32"},
        {eg_surrogate_leaky_relu(0, -1e39), EG_F32, "beta of leaky_relu is -1e+39, too large"},
        {eg_surrogate_gaussian_grad(1e-310, 1), EG_F64, "sigma of gaussian_grad is 1e-310, too small for doubles"},
        {eg_surrogate_squarewave_fourier_series(3, 5e-324), EG_F64, "t_period of squarewave_fourier_series is 4.9"}};
    for (size_t k = 0; k < LEN(wrong); k++) {
        const eg_spec vec = eg_vector(wrong[k].type, 3), two[] = {vec, vec};
        s0 = wrong[k].s;
        ck_assert_ptr_null(eg_trace(eg, "f", spike, NULL, 1, &vec));
        SAYS(EG_ERR_ARGUMENT, "eg_spike: ", wrong[k].says, WHERE);
        ck_assert_ptr_null(eg_trace(eg, "f", spike2, NULL, 2, two));
        SAYS(EG_ERR_ARGUMENT, "eg_spike2: ", wrong[k].says, WHERE);
    }
    double x[] = {0, 1e-20, -1}, y[3], g[3];
    spikes_at(eg, eg_surrogate_sigmoid(1e39), EG_F64, 3, x, y, g, NULL);
    ck_assert_double_eq(g[0], 1e39 / 4);
    spikes_at(eg, eg_surrogate_sigmoid(1e18), EG_F32, 3, x, y, g, NULL);
    ck_assert_double_eq_tol(g[0] / 1e18, 0.25, 1e-6);
}
END_TEST

static eg_context *another;
FN(spike_elsewhere) { return (void)user, eg_spike(another, x, s0), eg_spike2(another, x, 0, s0); }

START_TEST(the_other_context_is_wrong)
{
    const eg_spec vec = eg_vector(EG_F32, 3);
    s0 = eg_surrogate_arctan(1);
    another = eg_open(NULL);
    for (int k = 0; k < 2; k++) {
        s0.origin = k;
        eg_trace(eg, "f", spike_elsewhere, NULL, 1, &vec);
        ck_assert_int_eq(eg_error(another), EG_ERR_ARGUMENT);
        ck_assert_ptr_nonnull(strstr(eg_message(another), "eg_spike: x is of another context"));
        ck_assert_ptr_nonnull(strstr(eg_message(another), WHERE));
        eg_clear_error(another);
        eg_clear_error(eg);
    }
    eg_close(another);
}
END_TEST

/* All that a spike and its slope are made of stands where the user wrote eg_spike(). */
START_TEST(formulas_stand_where_the_user_called)
{
    for (int k = 0; k < NUM_FORMULAS; k++) {
        s0 = formulas[k].make(formulas[k].defaults);
        eg_func *f = eg_gradient(TRACE(spike, eg_scalar(EG_F32)), NULL), *two = NULL;
        fine();
        ck_assert_ptr_null(strstr(eg_text(f), "surrogate"));
        two = eg_gradient(TRACE(spike2, eg_scalar(EG_F32), eg_scalar(EG_F32)), NULL);
        fine();
        ck_assert_ptr_null(strstr(eg_text(two), "surrogate"));
    }
    s0 = (eg_surrogate){.slope = around_arctan};
    eg_func *f = eg_gradient(TRACE(spike, eg_scalar(EG_F32)), NULL);
    fine();
    ck_assert_ptr_null(strstr(eg_text(f), "surrogate"));
}
END_TEST

/* -- training ------------------------------------------------------------------------------------------------------ */

enum { NEURONS = 4, STEPS = 40 };
static const double WANTED = 12; /* spikes */

/* x: V, w.  V decays, takes w, loses 1 with a spike. */
FN(step)
{
    eg_val carry = eg_item(x, 1), w = eg_item(carry, 1), V = eg_add(eg_mul(eg_item(carry, 0), 0.9), w);
    eg_val s = eg_spike(eg, eg_sub(V, 1), *(eg_surrogate *)user);
    return PAIR(PAIR(eg_sub(V, s), w), s);
}
/* How far the numbers of spikes are from what is wanted. */
FN(loss)
{
    eg_val w = x, V = eg_mul(w, 0.0), out = eg_loop(eg, STEPS, step, user, PAIR(V, w), eg_nothing());
    return eg_sum(eg_square(eg_sub(eg_sum(eg_item(out, 1), 0), WANTED)));
}

/* The same by hand, with the derivative carried along. */
static double loss_by_hand(double w, double *dw)
{
    double V = 0, dV = 0, count = 0, dcount = 0;
    for (int k = 0; k < STEPS; k++) {
        V = 0.9 * V + w;
        dV = 0.9 * dV + 1;
        double s = V - 1 >= 0, ds = dV / (1 + pow(M_PI * (V - 1), 2));
        V -= s;
        dV -= ds;
        count += s;
        dcount += ds;
    }
    *dw = 2 * (count - WANTED) * dcount;
    return (count - WANTED) * (count - WANTED);
}

START_TEST(a_loop_of_neurons_learns_to_spike)
{
    const eg_spec vec = eg_vector(EG_F64, NEURONS);
    eg_surrogate arctan = eg_surrogate_arctan(2);
    double w[NEURONS] = {0.01, 0.15, 0.6, 1.2}, value = 0, g[NEURONS], first = 0;
    eg_func *df = eg_gradient(eg_trace(eg, "loss", loss, &arctan, 1, &vec), NULL);
    fine();
    point p = {1, {vec}, {w}};
    for (int round = 0; round < 400; round++) {
        double want = 0, dw;
        run_at(df, &p, (void *[]){&value, g}, 1, round % 2);
        for (int k = 0; k < NEURONS; k++) {
            want += loss_by_hand(w[k], &dw);
            ck_assert_double_eq_tol(g[k], dw, 1e-9 * fmax(1, fabs(dw)));
            w[k] -= 1e-4 * g[k];
        }
        ck_assert_double_eq(value, want);
        if (!round) first = value;
    }
    ck_assert_double_gt(first, 500);
    ck_assert_double_eq(value, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("spike");
    TCase *t = tcase_create("spike");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, spikes_have_the_type_of_their_input);
    tcase_add_test(t, plain_numbers_give_plain_numbers);
    tcase_add_test(t, without_a_gradient_a_spike_is_a_comparison);
    tcase_add_test(t, all_zeros_are_the_default);
    tcase_add_test(t, a_crossing_has_two_gradients);
    tcase_add_test(t, crossings_broadcast);
    tcase_add_test(t, crossings_meet_in_one_type);
    tcase_add_test(t, every_name_of_brainpy_is_known);
    tcase_add_test(t, wrong_names_are_told_the_right_ones);
    tcase_add_test(t, parameters_out_of_range_are_named);
    tcase_add_test(t, wrong_uses_are_errors);
    tcase_add_test(t, a_surrogate_is_a_function);
    tcase_add_test(t, functions_that_return_something_else);
    tcase_add_test(t, parameters_fit_the_type_of_x);
    tcase_add_test(t, the_other_context_is_wrong);
    tcase_add_test(t, formulas_stand_where_the_user_called);
    tcase_add_test(t, a_loop_of_neurons_learns_to_spike);
    suite_add_tcase(s, t);
    return test_run(s);
}
