/* Dense layers, functions, dropout and sequences. */
#include "engram/models.h"
#include "engram/run.h"
#include "nn/layered.h"
#include "support/faulty.h"

static eg_system *layer;

/* -- dense --------------------------------------------------------------------------------------------------------- */

enum { IN_ = 4, OUT = 3, ROWS = 5 };

static void dense_rows(const double *x, double *y, int rows, bool bias)
{
    const double *W = values_of(layer, "W"), *b = bias ? values_of(layer, "b") : NULL;
    for (int r = 0; r < rows; r++) {
        for (int o = 0; o < OUT; o++) {
            double sum = 0;
            for (int k = 0; k < IN_; k++) sum += x[r * IN_ + k] * W[k * OUT + o];
            y[r * OUT + o] = sum + (b ? b[o] : 0);
        }
    }
}
static void dense_one(const double *x, double *y) { dense_rows(x, y, 1, true); }
static void dense_bare(const double *x, double *y) { dense_rows(x, y, 1, false); }
static void dense_more(const double *x, double *y) { dense_rows(x, y, ROWS, true); }

START_TEST(a_dense_layer_is_its_formula)
{
    eg_dense_params p = eg_dense_defaults();
    p.b = eg_init_uniform(-1, 1);
    layer = eg_dense(net, NULL, IN_, OUT, &p);
    ck_assert_str_eq(eg_system_path(layer), "Dense0");
    ck_assert_int_eq(eg_num(layer), OUT);
    check_layer(layer, one_step, X1(IN_), dense_one);
    check_layer(layer, one_step, X2(ROWS, IN_), dense_more);
    check_layer(layer, one_step, X3(1, ROWS, IN_), dense_more);
    p.no_bias = true;
    layer = eg_dense(net, NULL, IN_, OUT, &p);
    ck_assert_int_eq(eg_num_parameters(layer), 1);
    check_layer(layer, one_step, X1(IN_), dense_bare);
}
END_TEST

START_TEST(weights_left_out_are_the_defaults)
{
    layer = eg_dense(net, NULL, 300, 100, &(eg_dense_params){0});
    const double *W = values_of(layer, "W"), *b = values_of(layer, "b");
    double square = 0;
    for (int k = 0; k < 300 * 100; k++) square += W[k] * W[k] / 30000;
    ck_assert_double_eq_tol(square, 2.0 / 400, 1e-4); /* Xavier: 1 / mean of both */
    for (int k = 0; k < 100; k++) ck_assert_double_eq(b[k], 0);
}
END_TEST

START_TEST(spikes_and_whole_numbers_are_converted)
{
    layer = eg_dense(net, NULL, IN_, OUT, NULL);
    bool spikes[IN_] = {true, false, false, true};
    const double as_floats[IN_] = {1, 0, 0, 1};
    double y[2][OUT];
    BOTH(traced(layer, one_step, eg_vector(EG_BOOL, IN_)), IN(spikes), y[0]);
    BOTH(traced(layer, one_step, X1(IN_)), IN(as_floats), y[1]);
    test_check_f64("spikes", y[0], y[1], OUT);
    ck_assert_int_eq(eg_result_spec(traced(layer, one_step, eg_vector(EG_F32, IN_)), 0).dtype, EG_F64);
}
END_TEST

START_TEST(wrong_dense_layers_are_errors)
{
    ck_assert_ptr_null(eg_dense(net, "d", -4, 3, NULL));
    SAYS(EG_ERR_ARGUMENT, "Dense 'd'", "num_in is -4", "test_layers.c");
    ck_assert_ptr_null(eg_dense(net, "d", 4, 0, NULL));
    SAYS(EG_ERR_ARGUMENT, "Dense 'd'", "num_out is 0");
    ck_assert_ptr_null(eg_dense(net, "d", 4, -1, NULL));
    SAYS(EG_ERR_ARGUMENT, "num_out is -1");
    ck_assert_ptr_null(eg_dense(NULL, "d", 4, 1, NULL));
    layer = eg_dense(net, "d", 4, 3, NULL);
    REFUSES(layer, X2(4, 3), EG_ERR_SHAPE, "Dense 'd'", "x is f64[4, 3]", "num_in, 4", "test_layers.c");
    REFUSES(layer, eg_scalar(EG_F64), EG_ERR_SHAPE, "x is f64[]", "num_in, 4");
    ck_assert_ptr_null(eg_trace(eg, "layer", one_step, layer, 0, NULL));
    SAYS(EG_ERR_SHAPE, "Dense 'd'", "nothing");
}
END_TEST

/* -- functions ----------------------------------------------------------------------------------------------------- */

static eg_val twice(void *user, eg_val x) { return eg_mul(x, *(double *)user); }
static void doubled(const double *x, double *y)
{
    for (int k = 0; k < 6; k++) y[k] = 2 * x[k];
}
static void as_it_is(const double *x, double *y) { memcpy(y, x, 6 * sizeof *x); }

START_TEST(functions_and_flattening_are_layers)
{
    double factor = 2;
    layer = eg_fun_layer(net, NULL, twice, &factor);
    check_layer(layer, one_step, X2(2, 3), doubled);
    layer = eg_flatten(net, NULL);
    check_layer(layer, one_step, X3(1, 2, 3), as_it_is);
    check_layer(layer, one_step, X1(6), as_it_is);
    ck_assert_int_eq(eg_result_spec(traced(layer, one_step, X3(1, 2, 3)), 0).rank, 1);
    ck_assert_int_eq(eg_result_spec(traced(layer, one_step, eg_scalar(EG_F32)), 0).dim[0], 1);
    ck_assert_ptr_null(eg_fun_layer(net, "f", NULL, NULL));
    SAYS(EG_ERR_ARGUMENT, "FunLayer 'f'", "NULL");
}
END_TEST

static void relu(const double *x, double *y)
{
    for (int k = 0; k < 6; k++) y[k] = fmax(x[k], 0);
}
static void elu3(const double *x, double *y)
{
    for (int k = 0; k < 6; k++) y[k] = x[k] > 0 ? x[k] : 3 * expm1(x[k]);
}
static void celu3(const double *x, double *y)
{
    for (int k = 0; k < 6; k++) y[k] = x[k] > 0 ? x[k] : 3 * expm1(x[k] / 3);
}
static void leaky(const double *x, double *y)
{
    for (int k = 0; k < 6; k++) y[k] = x[k] < 0 ? 0.2 * x[k] : x[k];
}
/* Along the columns of [2, 3]. */
static void softmax(const double *x, double *y)
{
    for (int k = 0; k < 6; k++) y[k] = exp(x[k]) / (exp(x[k % 3]) + exp(x[k % 3 + 3]));
}
static void log_softmax(const double *x, double *y)
{
    softmax(x, y);
    for (int k = 0; k < 6; k++) y[k] = log(y[k]);
}
static void glu(const double *x, double *y)
{
    for (int k = 0; k < 3; k++) y[k] = x[k] / (1 + exp(-x[k + 3]));
}
static void normalized(const double *x, double *y)
{
    for (int k = 0; k < 3; k++) {
        const double half = (x[k] - x[k + 3]) / 2, d = sqrt(half * half + 0.5);
        y[k] = half / d, y[k + 3] = -half / d;
    }
}

START_TEST(activations_are_layers_with_their_numbers)
{
    const eg_activation_params p = {.alpha = 3, .slope = 0.2, .axis = 0, .epsilon = 0.5};
    check_layer(eg_activation(net, NULL, "relu", NULL), one_step, X2(2, 3), relu);
    check_layer(eg_activation(net, NULL, "elu", &p), one_step, X2(2, 3), elu3);
    check_layer(eg_activation(net, NULL, "celu", &p), one_step, X2(2, 3), celu3);
    check_layer(eg_activation(net, NULL, "leaky_relu", &p), one_step, X2(2, 3), leaky);
    check_layer(eg_activation(net, NULL, "softmax", &p), one_step, X2(2, 3), softmax);
    check_layer(eg_activation(net, NULL, "log_softmax", &p), one_step, X2(2, 3), log_softmax);
    check_layer(eg_activation(net, NULL, "glu", &p), one_step, X2(2, 3), glu);
    check_layer(eg_activation(net, NULL, "normalize", &p), one_step, X2(2, 3), normalized);
    ck_assert_double_eq(eg_activation_defaults().slope, 0.01);
    check_layer(eg_activation(net, NULL, NULL, NULL), one_step, X2(2, 3), as_it_is);
    ck_assert_ptr_null(eg_activation(net, NULL, "rely", NULL));
    SAYS(EG_ERR_ARGUMENT, "'rely'", "relu", "test_layers.c");
    eg_activation_params wrong = eg_activation_defaults();
    wrong.alpha = NAN;
    ck_assert_ptr_null(eg_activation(net, NULL, "celu", &wrong));
    SAYS(EG_ERR_ARGUMENT, "Activation", "alpha is nan", "test_layers.c");
    wrong = eg_activation_defaults();
    wrong.axis = 99;
    ck_assert_ptr_null(eg_activation(net, NULL, "softmax", &wrong));
    SAYS(EG_ERR_ARGUMENT, "axis is 99");
}
END_TEST

/* -- dropout ------------------------------------------------------------------------------------------------------- */

START_TEST(dropout_keeps_its_share_in_training_alone)
{
    enum { N = 4000, B = 2 };
    static double x[B * N], y[B * N], again[B * N];
    for (int k = 0; k < B * N; k++) x[k] = 1 + k % N;
    layer = eg_dropout(net, NULL, 0.8);
    BOTH(traced(layer, one_step, X1(N)), IN(x), y);
    test_check_f64("not in training", y, x, N);
    fit = true;
    eg_func *f = traced(layer, one_step, X1(N)), *all = eg_batched(layer, f, B, NULL);
    int kept = 0, differ = 0;
    BOTH(all, IN(x), y);
    for (int k = 0; k < B * N; k++) {
        ck_assert_msg(y[k] == 0 || y[k] == x[k] / 0.8, "%g of %g", y[k], x[k]);
        kept += y[k] != 0;
        differ += (y[k] != 0) != (y[(k + N) % (B * N)] != 0);
    }
    ck_assert_double_eq_tol(kept / (double)(B * N), 0.8, 4 * sqrt(0.16 / (B * N)));
    ck_assert_double_eq_tol(differ / (double)(B * N), 0.32, 0.04); /* each sample has a mask of its own */
    eg_state *s = eg_state_new(eg);
    eg_call(f, s, IN(x), (void *[]){y}, NULL);
    eg_call(f, s, IN(x), (void *[]){again}, NULL);
    ck_assert(memcmp(y, again, N * sizeof *y)); /* and each call */
    eg_func *df = eg_gradient(f, &(eg_gradient_options){.pullback = true});
    fine();
    eg_state_free(run_on_new(df, IN(x, x), (void *[]){y, again}, false));
    test_check_f64("kept in the gradient, too", again, y, N); /* linear: of x the gradient is y */
    BOTH(traced(eg_dropout(net, NULL, 1), one_step, X1(N)), IN(x), y);
    test_check_f64("all are kept", y, x, N);
}
END_TEST

START_TEST(wrong_probabilities_are_errors)
{
    static const double wrong[] = {0, -0.1, 1.1, NAN};
    for (size_t k = 0; k < LEN(wrong); k++) {
        ck_assert_ptr_null(eg_dropout(net, "drop", wrong[k]));
        SAYS(EG_ERR_ARGUMENT, "Dropout 'drop'", "keep is", "above 0");
    }
}
END_TEST

/* -- sequences ----------------------------------------------------------------------------------------------------- */

static eg_system *hidden, *last;

static void two_layers(const double *x, double *y)
{
    double h[OUT];
    layer = hidden;
    dense_rows(x, h, 1, true);
    const double *W = values_of(last, "W"), *b = values_of(last, "b");
    for (int o = 0; o < 2; o++) {
        y[o] = b[o];
        for (int k = 0; k < OUT; k++) y[o] += tanh(h[k]) * W[k * 2 + o];
    }
}

START_TEST(a_sequence_is_its_layers_one_after_the_other)
{
    eg_dense_params p = {.b = eg_init_uniform(-1, 1)};
    eg_system *seq = eg_sequential(net, "seq"), *inner;
    hidden = eg_dense(seq, "hidden", IN_, OUT, &p);
    inner = eg_sequential(seq, NULL);
    eg_activation(inner, NULL, "tanh", NULL);
    last = eg_dense(inner, "out", OUT, 2, &p);
    ck_assert_str_eq(eg_system_path(last), "seq.Sequential0.out");
    ck_assert_int_eq(eg_num_parameters(seq), 4);
    check_layer(seq, one_step, X1(IN_), two_layers);
    check_layer(eg_sequential(net, "empty"), one_step, X1(6), as_it_is);
    ck_assert_ptr_null(eg_sequential(NULL, NULL));
}
END_TEST

static eg_val drive(void *user, eg_val x)
{
    (void)x;
    eg_shared s = eg_shared_at(user, eg_int(0), eg_real(0.1));
    eg_clear_input(user);
    return eg_update(user, s, eg_full(eg, X1(IN_), 30.0));
}

START_TEST(groups_go_on_with_their_spikes_and_runners_are_left_out)
{
    eg_system *seq = eg_sequential(net, "seq"), *group = eg_lif(seq, "lif", IN_, NULL);
    eg_leaky_integrator(seq, "sum", IN_, NULL);
    eg_dsrunner(seq, NULL, NULL);
    eg_delta_synapse_params p = eg_delta_synapse_defaults();
    p.rule = EG_RULE_ONE_TO_ONE;
    p.g_max = 3;
    p.delay_step.steps = 2;
    eg_delta_synapse(seq, "back", group, group, NULL, &p);
    fine();
    double y[IN_];
    eg_func *f = eg_trace(eg, "drive", drive, seq, 0, NULL);
    fine();
    eg_state *s = eg_state_new(eg);
    int64_t spikes = 0, first = -1;
    for (int step = 0; step < 400; step++) {
        eg_call(f, s, NULL, (void *[]){y}, NULL);
        spikes += ((bool *)eg_data(s, eg_system_variable(group, "spike")))[0];
        if (spikes && first < 0) first = step;
        ck_assert(spikes ? y[0] > 0 : y[0] == 0); /* the integrator has seen the spike of the same step */
    }
    ck_assert_int_gt(first, 10);
    ck_assert_int_gt(spikes, 2);
    fine();
}
END_TEST

static eg_val gives_nothing(eg_system *self, eg_shared s, eg_val x)
{
    (void)self, (void)s, (void)x;
    return eg_nothing();
}

START_TEST(what_gives_nothing_ends_a_sequence_in_an_error)
{
    static const eg_class silent = {.name = "Silent", .role = EG_OTHER, .size = 1, .update = gives_nothing};
    eg_system *seq = eg_sequential(net, "seq");
    eg_system_new(seq, "quiet", &silent, 0, NULL);
    REFUSES(seq, X1(2), EG_ERR_STATE, "Sequential 'seq'", "Silent 'seq.quiet'", "returns nothing");
}
END_TEST

static eg_val count_updates(void *user, eg_val x)
{
    ++*(int *)user;
    return x;
}

START_TEST(a_network_leaves_its_layers_to_whoever_feeds_them)
{
    int updates = 0;
    eg_fun_layer(net, NULL, count_updates, &updates);
    eg_fun_layer(eg_sequential(net, NULL), NULL, count_updates, &updates);
    ck_assert_int_eq(eg_simulate(net, 3, NULL), EG_OK);
    ck_assert_int_eq(updates, 0);
}
END_TEST

/* -- without memory ------------------------------------------------------------------------------------------------ */

static eg_val plain_step(void *user, eg_val x)
{
    return eg_update(user, eg_shared_at(user, eg_int(0), eg_real(0.1)), x);
}

/* Layers of every kind, in f32, for two samples. */
static bool made_and_run(eg_context *at)
{
    eg_system *root = eg_network(at, NULL, NULL), *seq = eg_sequential(root, NULL);
    eg_cell_params p = {.train_state = true};
    eg_conv1d(seq, NULL, 2, 2, 2, NULL);
    eg_batch_norm1d(seq, NULL, 2, NULL);
    eg_max_pool(seq, NULL, 1, (int64_t[]){2}, NULL);
    eg_layer_norm(seq, NULL, 1, (int64_t[]){2}, NULL);
    eg_flatten(seq, NULL);
    eg_dense(seq, NULL, 4, 3, NULL);
    eg_activation(seq, NULL, "tanh", NULL);
    eg_lstm_cell(seq, NULL, 3, 1, &p);
    const float x[2 * 3 * 2] = {0};
    float y[2];
    eg_func *f = eg_trace(at, "layers", plain_step, seq, 1, &eg_matrix(EG_F32, 3, 2));
    eg_func *all = eg_batched(root, f, 2, NULL);
    eg_reset_state(root, NULL);
    return all && eg_call(all, NULL, IN(x), (void *[]){y}, &(eg_run_options){.interpret = true}) == EG_OK;
}

START_TEST(memory_may_end_at_any_time) { faulty_every(made_and_run); }
END_TEST

int main(void)
{
    return LAYER_TESTS(
        "layers", a_dense_layer_is_its_formula, weights_left_out_are_the_defaults,
        spikes_and_whole_numbers_are_converted, wrong_dense_layers_are_errors, functions_and_flattening_are_layers,
        activations_are_layers_with_their_numbers, dropout_keeps_its_share_in_training_alone,
        wrong_probabilities_are_errors, a_sequence_is_its_layers_one_after_the_other,
        groups_go_on_with_their_spikes_and_runners_are_left_out, what_gives_nothing_ends_a_sequence_in_an_error,
        a_network_leaves_its_layers_to_whoever_feeds_them, memory_may_end_at_any_time);
}
