/* Initial values of weights: their distributions, fans, orthogonality, distances, what is wrong and how it is said. */
#include "model.h"

#include <stdio.h>

static eg_val nothing_update(eg_system *self, eg_shared s, eg_val x)
{
    (void)self;
    (void)s;
    return x;
}

static const eg_class plain = {.name = "Plain", .role = EG_GROUP, .size = 16, .update = nothing_update};

enum { IN = 400, OUT = 300, MOST = IN * OUT };

/* The values in w that such a variable starts with, in a context of its own. */
static void start(eg_initializer init, eg_spec spec, int threads, double *w)
{
    eg_context *eg = eg_open(&(eg_options){.threads = threads, .seed = 5});
    eg_system *s = eg_system_new(eg_network(eg, NULL, NULL), "s", &plain, 1, NULL);
    eg_var *v = eg_add_variable(s, "W", spec, init);
    test_fine(eg);
    size_t bytes = eg_dtype_size(spec.dtype);
    for (int k = 0; k < spec.rank; k++) bytes *= (size_t)spec.dim[k];
    eg_read(v, w, bytes);
    test_close(eg);
}

/* -- scaled by fans ------------------------------------------------------------------------------------------------ */

/* Checks mean, variance and the bound (0: none) of n numbers that were drawn with such a variance. */
static void check_drawn(const double *w, int n, double variance, double bound)
{
    double sum = 0, square = 0, fourth = 0, largest = 0, smallest = 0;
    for (int k = 0; k < n; k++) {
        sum += w[k];
        square += w[k] * w[k];
        fourth += pow(w[k], 4);
        largest = fmax(largest, w[k]);
        smallest = fmin(smallest, w[k]);
    }
    ck_assert_double_le(fabs(sum / n), 4 * sqrt(variance / n));
    double error = sqrt((fourth / n - variance * variance) / n);
    ck_assert_double_le(fabs(square / n - variance), 4 * error);
    if (bound > 0) {
        ck_assert_double_le(largest, bound * (1 + 1e-9));
        ck_assert_double_ge(smallest, -bound * (1 + 1e-9));
    }
    /* Nothing is cut off inside. */
    ck_assert_double_ge(largest, (bound > 0 ? 0.99 * bound : 4 * sqrt(variance)));
    ck_assert_double_le(smallest, -(bound > 0 ? 0.99 * bound : 4 * sqrt(variance)));
}

static const double truncated = 2 / 0.87962566103423978, flat = 1.7320508075688772;

START_TEST(named_initializers_have_their_variance_and_bounds)
{
    static double w[MOST];
    const double in = IN, out = OUT, average = (in + out) / 2;
    const struct {
        eg_initializer init;
        double variance, bound;
    } each[] = {
        {eg_init_kaiming_normal(), 2 / in, truncated},
        {eg_init_kaiming_uniform(), 2 / in, flat},
        {eg_init_xavier_normal(), 1 / average, truncated},
        {eg_init_xavier_uniform(), 1 / average, flat},
        {eg_init_lecun_normal(), 1 / in, truncated},
        {eg_init_lecun_uniform(), 1 / in, flat},
        {eg_init_variance_scaling(3, EG_FAN_OUT, EG_INIT_NORMAL), 3 / out, 0},
        {eg_init_variance_scaling(3, EG_FAN_OUT, EG_INIT_DEFAULT), 3 / out, truncated},
        {eg_init_variance_scaling(0.5, EG_FAN_AVG, EG_INIT_UNIFORM), 0.5 / average, flat},
    };
    for (size_t k = 0; k < sizeof each / sizeof *each; k++) {
        start(each[k].init, eg_matrix(EG_F64, IN, OUT), 1, w);
        check_drawn(w, MOST, each[k].variance, each[k].bound * sqrt(each[k].variance));
    }
}
END_TEST

START_TEST(fans_of_a_kernel_count_its_places)
{
    static double w[3 * 5 * 40 * 60];
    const int n = sizeof w / sizeof *w;
    const eg_spec kernel = {.dtype = EG_F64, .rank = 4, .dim = {3, 5, 40, 60}};
    start(eg_init_variance_scaling(1, EG_FAN_IN, EG_INIT_UNIFORM), kernel, 1, w);
    check_drawn(w, n, 1.0 / (15 * 40), flat * sqrt(1.0 / (15 * 40)));
    start(eg_init_variance_scaling(1, EG_FAN_OUT, EG_INIT_UNIFORM), kernel, 1, w);
    check_drawn(w, n, 1.0 / (15 * 60), flat * sqrt(1.0 / (15 * 60)));
    start(eg_init_variance_scaling(1, EG_FAN_AVG, EG_INIT_UNIFORM), kernel, 1, w);
    check_drawn(w, n, 1.0 / (15 * 50), flat * sqrt(1.0 / (15 * 50)));
    eg_initializer first = eg_init_lecun_uniform(); /* in from the first axis, out to the third */
    first.in_axis = -4;
    first.out_axis = -2;
    start(first, kernel, 1, w);
    check_drawn(w, n, 1.0 / (3 * 5 * 60), flat * sqrt(1.0 / (3 * 5 * 60)));
}
END_TEST

/* Two neighbours, of which the rounding of what lies between would give either. */
START_TEST(the_upper_bound_of_a_uniform_is_not_reached)
{
    enum { NUM = 1000 };
    double room[NUM];
    start(eg_init_uniform(1, 1 + 0x1p-23), eg_vector(EG_F32, NUM), 1, room);
    for (int k = 0; k < NUM; k++) ck_assert_float_eq(((const float *)room)[k], 1);
    start(eg_init_uniform(1, 1 + 0x1p-52), eg_vector(EG_F64, NUM), 1, room);
    for (int k = 0; k < NUM; k++) ck_assert_double_eq(room[k], 1);
    start(eg_init_uniform(2, 2), eg_vector(EG_F64, NUM), 1, room);
    ck_assert_double_eq(room[0], 2);
}
END_TEST

START_TEST(a_scale_of_zero_gives_zeros)
{
    double w[6] = {1, 1, 1, 1, 1, 1};
    const double zeros[6] = {0};
    start(eg_init_variance_scaling(0, EG_FAN_IN, EG_INIT_UNIFORM), eg_matrix(EG_F64, 2, 3), 1, w);
    for (int k = 0; k < 6; k++) ck_assert(w[k] == zeros[k]);
    start(eg_init_orthogonal(0), eg_matrix(EG_F64, 2, 3), 1, w);
    for (int k = 0; k < 6; k++) ck_assert(w[k] == zeros[k]);
}
END_TEST

/* -- matrices ------------------------------------------------------------------------------------------------------ */

START_TEST(an_identity_has_its_value_on_the_diagonal)
{
    double w[15];
    start(eg_init_identity(2.5), eg_matrix(EG_F64, 3, 5), 1, w);
    for (int k = 0; k < 15; k++) ck_assert(w[k] == (k / 5 == k % 5 ? 2.5 : 0));
    start(eg_init_identity(-1), eg_matrix(EG_F64, 5, 3), 1, w);
    for (int k = 0; k < 15; k++) ck_assert(w[k] == (k / 3 == k % 3 ? -1 : 0));
    int32_t whole[4];
    start(eg_init_identity(7), eg_matrix(EG_I32, 2, 2), 1, (double *)(void *)whole);
    ck_assert_mem_eq(whole, ((int32_t[]){7, 0, 0, 7}), sizeof whole);
}
END_TEST

/* Largest error of "vectors are orthogonal and of that length": `count` of `n` numbers, whose starts are `apart` and
 * whose numbers are `stride` apart. */
static double skew(const double *w, int count, int apart, int n, int stride, double length)
{
    double worst = 0;
    for (int a = 0; a < count; a++) {
        for (int b = a; b < count; b++) {
            double sum = 0;
            for (int k = 0; k < n; k++) sum += w[a * apart + k * stride] * w[b * apart + k * stride];
            worst = fmax(worst, fabs(sum - (a == b ? length * length : 0)));
        }
    }
    return worst;
}

START_TEST(orthogonal_matrices_are_orthogonal)
{
    static double w[200 * 200];
    start(eg_init_orthogonal(1), eg_matrix(EG_F64, 200, 70), 2, w);
    ck_assert_double_lt(skew(w, 70, 1, 200, 70, 1), 1e-12);
    start(eg_init_orthogonal(1), eg_matrix(EG_F64, 70, 200), 2, w);
    ck_assert_double_lt(skew(w, 70, 200, 200, 1, 1), 1e-12);
    start(eg_init_orthogonal(3), eg_matrix(EG_F64, 200, 200), 2, w);
    ck_assert_double_lt(skew(w, 200, 1, 200, 200, 3), 1e-11);
    ck_assert_double_lt(skew(w, 200, 200, 200, 1, 3), 1e-11);
    start(eg_init_orthogonal(1), eg_matrix(EG_F64, 1, 1), 1, w);
    ck_assert_double_eq_tol(fabs(w[0]), 1, 1e-15);
}
END_TEST

START_TEST(orthogonal_kernels_are_matrices_of_an_axis_and_the_rest)
{
    static double w[4 * 5 * 6];
    const eg_spec kernel = {.dtype = EG_F64, .rank = 3, .dim = {4, 5, 6}};
    start(eg_init_orthogonal(1), kernel, 1, w); /* 6 rows, one for each last index */
    ck_assert_double_lt(skew(w, 6, 1, 20, 6, 1), 1e-14);
    eg_initializer first = eg_init_orthogonal(1);
    first.out_axis = -3;
    start(first, kernel, 1, w);
    ck_assert_double_lt(skew(w, 4, 30, 30, 1, 1), 1e-14);
    eg_initializer middle = eg_init_orthogonal(1);
    middle.out_axis = -2;
    start(middle, kernel, 1, w);
    for (int a = 0; a < 5; a++) {
        for (int b = 0; b < 5; b++) {
            double sum = 0;
            for (int k = 0; k < 24; k++) sum += w[k / 6 * 30 + a * 6 + k % 6] * w[k / 6 * 30 + b * 6 + k % 6];
            ck_assert_double_eq_tol(sum, a == b, 1e-14);
        }
    }
}
END_TEST

/* Of a uniformly distributed one each element has variance 1 / n and both signs; without the sign fix of the
 * decomposition the diagonal would lean to one side. */
START_TEST(orthogonal_matrices_are_uniformly_distributed)
{
    enum { N = 4, DRAWS = 400 };
    eg_context *eg = eg_open(&(eg_options){.threads = 1, .seed = 11});
    eg_system *s = eg_system_new(eg_network(eg, NULL, NULL), "s", &plain, 1, NULL);
    const double n = N, draws = DRAWS;
    double sum[N * N] = {0}, square[N * N] = {0}, w[N * N];
    for (int k = 0; k < DRAWS; k++) {
        char name[20];
        snprintf(name, sizeof name, "W%d", k);
        eg_read(eg_add_variable(s, name, eg_matrix(EG_F64, N, N), eg_init_orthogonal(1)), w, sizeof w);
        for (int j = 0; j < N * N; j++) {
            sum[j] += w[j];
            square[j] += w[j] * w[j];
        }
    }
    for (int j = 0; j < N * N; j++) {
        ck_assert_double_eq_tol(sum[j] / draws, 0, 4 * sqrt(1 / n / draws));
        ck_assert_double_eq_tol(square[j] / draws, 1 / n, 4 * 0.22 / sqrt(draws));
    }
    test_close(eg);
}
END_TEST

START_TEST(delta_orthogonal_kernels_are_orthogonal_in_their_middle)
{
    static double w[3 * 4 * 5 * 6 * 8];
    for (int rank = 3; rank <= 5; rank++) {
        eg_spec kernel = {.dtype = EG_F64, .rank = rank};
        const int64_t dim[5] = {3, 4, 5, 6, 8}; /* the middle of 4 is 1 */
        int place = 0, places = 1;
        for (int k = 0; k < rank; k++) kernel.dim[k] = dim[5 - rank + k];
        for (int k = 0; k < rank - 2; k++) {
            place = place * (int)kernel.dim[k] + (int)(kernel.dim[k] - 1) / 2;
            places *= (int)kernel.dim[k];
        }
        memset(w, 0xFF, sizeof w);
        start(eg_init_delta_orthogonal(2), kernel, 1, w);
        ck_assert_double_lt(skew(w + place * 48, 6, 8, 8, 1, 2), 1e-14);
        for (int k = 0; k < places * 48; k++) ck_assert(k / 48 == place || w[k] == 0);
    }
}
END_TEST

/* -- by distance --------------------------------------------------------------------------------------------------- */

static void check_near(const double *w, const double *wanted, int n)
{
    for (int k = 0; k < n; k++) ck_assert_double_eq_tol(w[k], wanted[k], 2e-7);
}

/* The numbers wanted are those of BrainPy 2.3.1 for the same arguments. */
START_TEST(gaussian_weights_decay_with_distance)
{
    double w[64];
    start(eg_init_gaussian_decay(1.5, 2), eg_matrix(EG_F64, 8, 8), 1, w);
    check_near(w + 16,
               (const double[]){0.822224581, 1.60147481, 2, 1.60147481, 0.822224581, 0.270670566, 0.0571310016, 0}, 8);
    eg_initializer ring = eg_init_gaussian_decay(1.5, 2);
    ring.low = -M_PI;
    ring.high = M_PI;
    ring.periodic = true;
    start(ring, eg_matrix(EG_F64, 6, 6), 1, w);
    check_near(w + 6, (const double[]){1.56745494, 2, 1.56745494, 0.754553902, 0.22310824, 0.754553902}, 6);
}
END_TEST

START_TEST(difference_of_gaussians_is_one)
{
    double w[144];
    start(eg_init_dog_decay(1, 3, 2, 1), eg_matrix(EG_F64, 12, 12), 1, w);
    check_near(w,
               (const double[]){2, 0.937095077, -0.20052481, -0.291325478, -0.134328895, -0.0439257537, -0.0111089508,
                                0, 0, 0, 0, 0},
               12);
    eg_initializer grid = eg_init_dog_decay(1, 3, 2, 1);
    grid.no_self = true;
    const eg_spec squares = {.dtype = EG_F64, .rank = 4, .dim = {3, 3, 3, 3}};
    start(grid, squares, 1, w);
    /* BrainPy counts the places of the source by columns and those of the target by rows; here both go by rows. */
    check_near(w + 9,
               (const double[]){0.937095077, 0, 0.937095077, 0.32483754, 0.937095077, 0.32483754, -0.289006433,
                                -0.20052481, -0.289006433},
               9);
    grid.width = 3; /* the same as rows of a matrix */
    double same[81];
    start(grid, eg_matrix(EG_F64, 9, 9), 1, same);
    ck_assert_mem_eq(w, same, sizeof same);
}
END_TEST

START_TEST(decay_leaves_out_small_weights)
{
    double w[21];
    eg_initializer all = eg_init_gaussian_decay(1, -1), few = all;
    start(all, eg_matrix(EG_F64, 3, 7), 1, w);
    for (int k = 0; k < 7; k++) ck_assert_double_eq_tol(w[k], k <= 3 ? -exp(-k * k / 2.0) : 0, 1e-15);
    ck_assert(w[14 + 6] == 0); /* from 2 to 6 */
    ck_assert_double_eq_tol(w[14 + 5], -exp(-4.5), 1e-15);
    all.min_w = -1;
    start(all, eg_matrix(EG_F64, 3, 7), 1, w);
    for (int k = 0; k < 7; k++) ck_assert_double_eq_tol(w[k], -exp(-k * k / 2.0), 1e-15);
    few.min_w = 0.5;
    start(few, eg_matrix(EG_F64, 3, 7), 1, w);
    for (int k = 0; k < 7; k++) ck_assert(k < 2 ? w[k] != 0 : w[k] == 0);
}
END_TEST

/* Two populations of different sizes over one range: places are low + k (high - low) / size. */
START_TEST(decay_between_populations_spans_their_range)
{
    double w[2 * 4];
    eg_initializer i = eg_init_gaussian_decay(1, 1);
    i.low = 0;
    i.high = 2;
    start(i, eg_matrix(EG_F64, 2, 4), 1, w);
    for (int k = 0; k < 8; k++) ck_assert_double_eq_tol(w[k], exp(-pow(k / 4 - k % 4 * 0.5, 2) / 2), 1e-15);
    i.periodic = true;
    start(i, eg_matrix(EG_F64, 2, 4), 1, w);
    ck_assert_double_eq_tol(w[3], exp(-0.125), 1e-15); /* from 0 to 1.5, which is 0.5 the other way */
}
END_TEST

START_TEST(periodic_grids_close_along_every_axis)
{
    double w[16 * 16];
    eg_initializer i = eg_init_gaussian_decay(1, 1);
    i.periodic = true;
    i.width = 4;
    start(i, eg_matrix(EG_F64, 16, 16), 1, w);
    ck_assert_double_eq_tol(w[3], exp(-0.5), 1e-15);  /* (0, 0) to (0, 3) */
    ck_assert_double_eq_tol(w[12], exp(-0.5), 1e-15); /* to (3, 0) */
    ck_assert_double_eq_tol(w[15], exp(-1), 1e-15);
    ck_assert_double_eq_tol(w[10], exp(-4), 1e-15);
}
END_TEST

/* -- from another variable ----------------------------------------------------------------------------------------- */

static double halved(void *user, double x) { return *(const double *)user + x / 2; }

START_TEST(values_are_made_from_what_another_variable_begins_with)
{
    enum { N = 3000, B = 2 };
    for (int type = 0; type < 2; type++) {
        static double f64[4][B * N];
        static float f32[4][B * N];
        const eg_dtype dtype = type ? EG_F64 : EG_F32;
        double plus = 3;
        char name[] = "x";
        eg_context *eg = eg_open(&(eg_options){.threads = 2, .seed = 5});
        eg_system *s = eg_system_new(eg_network(eg, NULL, NULL), "s", &plain, 1, NULL);
        eg_var *v[4] = {eg_add_variable(s, "x", eg_vector(dtype, N), eg_init_normal(0, 1)),
                        eg_add_variable(s, "y", eg_vector(EG_F64, N), eg_init_from(name, halved, &plus)),
                        eg_add_variable(s, "z", eg_vector(dtype, N), eg_init_from("y", halved, &plus))};
        name[0] = '?';
        v[3] = eg_add_variable(s, "i", eg_vector(EG_I32, N), eg_init_from("y", halved, &plus));
        test_fine(eg);
        for (int batch = 0; batch < 2; batch++) {
            const int num = batch ? B * N : N;
            int32_t i[B * N];
            for (int k = 0; k < 4 && batch; k++) v[k] = eg_batch_variable(s, (const char[]){"xyzi"[k], 0}, B);
            for (int reset = 0; reset < 2; reset++) {
                for (int k = 0; k < 3; k++) {
                    bool wide = type || k == 1;
                    eg_read(v[k], wide ? (void *)f64[k] : (void *)f32[k], (size_t)num * (wide ? 8 : 4));
                    for (int j = 0; j < num && !wide; j++) f64[k][j] = (double)f32[k][j];
                    eg_fill(v[k], -1);
                }
                eg_read(v[3], i, (size_t)num * 4);
                test_fine(eg);
                for (int j = 0; j < num; j++) {
                    double y = 3 + f64[0][j] / 2, z = 3 + y / 2;
                    ck_assert_double_eq(f64[1][j], y);
                    ck_assert_double_eq(f64[2][j], type ? z : (double)(float)z);
                    ck_assert_int_eq(i[j], (int)z);
                }
                ck_assert_int_eq(eg_reset_state(s, NULL), EG_OK);
            }
            if (batch) ck_assert(memcmp(f64[0], f64[0] + N, N * sizeof(double)) != 0);
        }
        test_close(eg);
    }
}
END_TEST

START_TEST(what_values_cannot_be_made_from_is_said)
{
    double plus = 3;
    eg_context *eg = test_open(0);
    eg_system *s = eg_system_new(eg_network(eg, NULL, NULL), "s", &plain, 3, NULL);
    eg_add_variable(s, "x", eg_vector(EG_F32, 4), eg_init_constant(1));
    eg_add_variable(s, "k", eg_vector(EG_I32, 4), eg_init_constant(1));
    const struct {
        eg_initializer init;
        eg_status status;
        int64_t num;
        const char *what;
    } each[] = {{eg_init_from("w", halved, &plus), EG_ERR_ARGUMENT, 4, "is from w; give a variable that it has"},
                {eg_init_from(NULL, halved, &plus), EG_ERR_ARGUMENT, 4, "is from NULL; give a variable"},
                {eg_init_from("x", NULL, NULL), EG_ERR_ARGUMENT, 4, "a NULL function of x; give one"},
                {eg_init_from("k", halved, &plus), EG_ERR_TYPE, 4, "'k', which is i32; give floats"},
                {eg_init_from("x", halved, &plus), EG_ERR_SHAPE, 5, "f32[5], is from a variable of another shape"}};
    for (size_t k = 0; k < sizeof each / sizeof *each; k++) {
        ck_assert_ptr_null(eg_add_variable(s, "W", eg_vector(EG_F32, each[k].num), each[k].init));
        test_expect(eg, each[k].status, "Plain 's'", "'W'", each[k].what, NULL);
    }
    test_close(eg);
}
END_TEST

/* -- all of them --------------------------------------------------------------------------------------------------- */

START_TEST(weights_depend_neither_on_threads_nor_on_resets)
{
    enum { N = 120 * 100, BYTES = N * (int)sizeof(double) };
    static double one[N], three[N], again[N];
    const eg_spec spec = {.dtype = EG_F64, .rank = 4, .dim = {5, 10, 12, 20}};
    const eg_initializer each[] = {eg_init_kaiming_normal(),      eg_init_xavier_uniform(),
                                   eg_init_orthogonal(1),         eg_init_delta_orthogonal(1),
                                   eg_init_gaussian_decay(20, 1), eg_init_dog_decay(5, 2, 9, 1)};
    for (size_t k = 0; k < sizeof each / sizeof *each; k++) {
        start(each[k], spec, 1, one);
        start(each[k], spec, 3, three);
        ck_assert_mem_eq(one, three, BYTES);
        eg_context *eg = eg_open(&(eg_options){.threads = 2, .seed = 5});
        eg_system *s = eg_system_new(eg_network(eg, NULL, NULL), "s", &plain, 1, NULL);
        eg_var *v = eg_add_variable(s, "W", spec, each[k]);
        eg_fill(v, 7);
        ck_assert_int_eq(eg_reset_state(s, NULL), EG_OK);
        eg_read(v, again, BYTES);
        ck_assert_mem_eq(one, again, BYTES);
        test_close(eg);
    }
}
END_TEST

START_TEST(floats_are_the_doubles_rounded)
{
    double w[20 * 30];
    float f[20 * 30];
    const eg_initializer each[] = {eg_init_lecun_normal(), eg_init_orthogonal(1)};
    for (int k = 0; k < 2; k++) {
        start(each[k], eg_matrix(EG_F64, 20, 30), 1, w);
        start(each[k], eg_matrix(EG_F32, 20, 30), 1, (double *)(void *)f);
        for (int j = 0; j < 600; j++) ck_assert(f[j] == (float)w[j]);
    }
}
END_TEST

/* -- errors -------------------------------------------------------------------------------------------------------- */

static eg_initializer scaling(double scale, int fan, int distribution, int in_axis, int out_axis)
{
    eg_initializer i = eg_init_variance_scaling(scale, (eg_fan)fan, (eg_init_kind)distribution);
    i.in_axis = in_axis;
    i.out_axis = out_axis;
    return i;
}

static eg_initializer orthogonal(double scale, int axis)
{
    eg_initializer i = eg_init_orthogonal(scale);
    i.out_axis = axis;
    return i;
}

static eg_initializer delta(int axis)
{
    eg_initializer i = eg_init_delta_orthogonal(1);
    i.out_axis = axis;
    return i;
}

static eg_initializer decay(double min_w, int64_t width, double low, double high, bool periodic)
{
    eg_initializer i = eg_init_gaussian_decay(1, 1);
    i.min_w = min_w;
    i.width = width;
    i.low = low;
    i.high = high;
    i.periodic = periodic;
    return i;
}

START_TEST(wrong_numbers_and_shapes_are_named_with_a_remedy)
{
    const eg_spec vector = eg_vector(EG_F32, 6), matrix = eg_matrix(EG_F32, 4, 6);
    const eg_spec cube = {.dtype = EG_F32, .rank = 3, .dim = {3, 4, 6}};
    const eg_spec narrow = {.dtype = EG_F32, .rank = 4, .dim = {3, 3, 6, 4}};
    const struct {
        eg_spec spec;
        eg_initializer init;
        eg_status status;
        const char *what, *remedy;
    } each[] = {
        {matrix, eg_init_identity(INFINITY), EG_ERR_ARGUMENT, "an identity with value inf", "a finite number"},
        {vector, eg_init_identity(1), EG_ERR_SHAPE, "f32[6], is an identity", "2 axes"},
        {cube, eg_init_identity(1), EG_ERR_SHAPE, "f32[3,4,6], is an identity", "2 axes"},
        {vector, eg_init_xavier_normal(), EG_ERR_SHAPE, "f32[6], is scaled by fans", "at least 2 axes"},
        {matrix, scaling(-1, 0, 0, 0, 0), EG_ERR_ARGUMENT, "scale -1", "at least 0"},
        {matrix, scaling(NAN, 0, 0, 0, 0), EG_ERR_ARGUMENT, "scale nan", "at least 0"},
        {matrix, scaling(1, 7, 0, 0, 0), EG_ERR_ARGUMENT, "fan 7", "EG_FAN_AVG"},
        {matrix, scaling(1, 0, EG_INIT_ARRAY, 0, 0), EG_ERR_ARGUMENT, "distribution 5", "EG_INIT_UNIFORM"},
        {matrix, scaling(1, 0, 0, -3, 0), EG_ERR_ARGUMENT, "in_axis -3", "-1 (the last) to -2"},
        {matrix, scaling(1, 0, 0, 1, 0), EG_ERR_ARGUMENT, "in_axis 1", "two different axes"},
        {matrix, scaling(1, 0, 0, 0, -2), EG_ERR_ARGUMENT, "out_axis -2", "two different axes"},
        {vector, orthogonal(1, 0), EG_ERR_SHAPE, "f32[6], is orthogonal", "at least 2 axes"},
        {matrix, orthogonal(INFINITY, 0), EG_ERR_ARGUMENT, "orthogonal with scale inf", "finite"},
        {matrix, orthogonal(1, -3), EG_ERR_ARGUMENT, "out_axis -3", "from the last"},
        {matrix, delta(0), EG_ERR_SHAPE, "f32[4,6], is delta-orthogonal", "3 to 5 axes"},
        {narrow, delta(0), EG_ERR_SHAPE, "f32[3,3,6,4]", "as many outputs"},
        {cube, delta(-3), EG_ERR_ARGUMENT, "out_axis -3", "-1 or -2"},
        {cube, eg_init_delta_orthogonal(-2), EG_ERR_ARGUMENT, "delta-orthogonal with scale -2", "at least 0"},
        {matrix, eg_init_gaussian_decay(0, 1), EG_ERR_ARGUMENT, "sigma 0", "greater than 0"},
        {matrix, eg_init_gaussian_decay(1, NAN), EG_ERR_ARGUMENT, "max_w nan", "finite weight"},
        {matrix, eg_init_dog_decay(1, 1, -2, 1), EG_ERR_ARGUMENT, "sigma -2", "greater than 0"},
        {matrix, eg_init_dog_decay(1, 1, 2, INFINITY), EG_ERR_ARGUMENT, "max_w inf", "finite weight"},
        {matrix, decay(NAN, 0, 0, 0, false), EG_ERR_ARGUMENT, "min_w nan", "negative to keep all"},
        {matrix, decay(0, 4, 0, 0, false), EG_ERR_ARGUMENT, "width 4", "length of the rows"},
        {matrix, decay(0, -1, 0, 0, false), EG_ERR_ARGUMENT, "width -1", "length of the rows"},
        {narrow, decay(0, 3, 0, 0, false), EG_ERR_ARGUMENT, "width 3", "of a matrix"},
        {matrix, decay(0, 0, 2, 1, false), EG_ERR_ARGUMENT, "(2, 1)", "the lower one first"},
        {matrix, decay(0, 0, 0, NAN, false), EG_ERR_ARGUMENT, "(0, nan)", "finite bounds"},
        {matrix, decay(0, 0, 0, 0, true), EG_ERR_SHAPE, "f32[4,6], is periodic", "low and high"},
        {cube, eg_init_gaussian_decay(1, 1), EG_ERR_SHAPE, "f32[3,4,6], is a decay", "as many axes"},
        {vector, eg_init_dog_decay(1, 1, 2, 1), EG_ERR_SHAPE, "f32[6], is a decay", "as many axes"},
    };
    eg_context *eg = test_open(0);
    eg_system *s = eg_system_new(eg_network(eg, NULL, NULL), "s", &plain, 3, NULL);
    for (size_t k = 0; k < sizeof each / sizeof *each; k++) {
        ck_assert_ptr_null(eg_add_variable(s, "W", each[k].spec, each[k].init));
        test_expect(eg, each[k].status, "Plain 's'", "'W'", each[k].what, each[k].remedy, NULL);
    }
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("initializers");
    TCase *c = tcase_create("initializers");
    tcase_add_test(c, named_initializers_have_their_variance_and_bounds);
    tcase_add_test(c, fans_of_a_kernel_count_its_places);
    tcase_add_test(c, the_upper_bound_of_a_uniform_is_not_reached);
    tcase_add_test(c, a_scale_of_zero_gives_zeros);
    tcase_add_test(c, an_identity_has_its_value_on_the_diagonal);
    tcase_add_test(c, orthogonal_matrices_are_orthogonal);
    tcase_add_test(c, orthogonal_kernels_are_matrices_of_an_axis_and_the_rest);
    tcase_add_test(c, orthogonal_matrices_are_uniformly_distributed);
    tcase_add_test(c, delta_orthogonal_kernels_are_orthogonal_in_their_middle);
    tcase_add_test(c, gaussian_weights_decay_with_distance);
    tcase_add_test(c, difference_of_gaussians_is_one);
    tcase_add_test(c, values_are_made_from_what_another_variable_begins_with);
    tcase_add_test(c, what_values_cannot_be_made_from_is_said);
    tcase_add_test(c, decay_leaves_out_small_weights);
    tcase_add_test(c, decay_between_populations_spans_their_range);
    tcase_add_test(c, periodic_grids_close_along_every_axis);
    tcase_add_test(c, weights_depend_neither_on_threads_nor_on_resets);
    tcase_add_test(c, floats_are_the_doubles_rounded);
    tcase_add_test(c, wrong_numbers_and_shapes_are_named_with_a_remedy);
    suite_add_tcase(s, c);
    return test_run(s);
}
