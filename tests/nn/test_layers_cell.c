/* Recurrent cells over time against plain loops; how they begin. */
#include "nn/layered.h"

static eg_system *layer;
enum { T = 5, IN_ = 3, OUT = 4 };

typedef eg_system *maker(eg_system *parent, const char *name, int64_t num_in, int64_t num_out,
                         const eg_cell_params *params, const char *file, int line);
static maker *const makers[] = {(eg_rnn_cell), (eg_gru_cell), (eg_lstm_cell)};
static const char *const classes[] = {"RNNCell", "GRUCell", "LSTMCell"};
static const int gates[] = {1, 3, 4};
static int kind;

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* Sum over x (or h) of gate column o. */
static double sum_of(const double *x, int n, const double *W, int column)
{
    double sum = 0;
    for (int k = 0; k < n; k++) sum += x[k] * W[k * gates[kind] * OUT + column];
    return sum;
}

static double before(const double *x, const double *h, int column)
{
    const double b = eg_num_parameters(layer) > 2 ? values_of(layer, "b")[column] : 0;
    return sum_of(x, IN_, values_of(layer, "Wi"), column) + (h ? sum_of(h, OUT, values_of(layer, "Wh"), column) : 0) +
           b;
}

static void rnn(const double *x, const double *h, double *next)
{
    for (int o = 0; o < OUT; o++) next[o] = tanh(before(x, h, o));
}

static void gru(const double *x, const double *h, double *next)
{
    double rh[OUT];
    for (int o = 0; o < OUT; o++) rh[o] = sigmoid(before(x, h, OUT + o)) * h[o];
    for (int o = 0; o < OUT; o++) {
        const double z = sigmoid(before(x, h, o)), a = tanh(before(x, rh, 2 * OUT + o));
        next[o] = (1 - z) * h[o] + z * a;
    }
}

static void lstm(const double *x, const double *h, double *c, double *next)
{
    for (int o = 0; o < OUT; o++) {
        const double i = sigmoid(before(x, h, o)), g = tanh(before(x, h, OUT + o)),
                     f = sigmoid(before(x, h, 2 * OUT + o) + 1);
        c[o] = f * c[o] + i * g;
        next[o] = sigmoid(before(x, h, 3 * OUT + o)) * tanh(c[o]);
    }
}

static void plain(const double *x, double *y)
{
    double h[OUT], c[OUT] = {0};
    memcpy(h, values_of(layer, "h"), sizeof h);
    if (kind == 2) memcpy(c, values_of(layer, "c"), sizeof c);
    for (int t = 0; t < T; t++) {
        double *next = y + t * OUT;
        if (kind == 0) rnn(x + t * IN_, h, next);
        if (kind == 1) gru(x + t * IN_, h, next);
        if (kind == 2) lstm(x + t * IN_, h, c, next);
        memcpy(h, next, sizeof h);
    }
}

static eg_cell_params some(void)
{
    eg_cell_params p = eg_cell_defaults();
    p.activation = "tanh";
    p.b = eg_init_uniform(-1, 1);
    return p;
}

START_TEST(cells_are_their_formulas)
{
    eg_cell_params p = some();
    for (int way = 0; way < 3; way++) {
        p.state = way ? eg_init_array((double[]){0.1, -0.2, 0.3, -0.4}, OUT) : (eg_initializer){0};
        p.no_bias = way == 2;
        layer = makers[kind](net, NULL, IN_, OUT, &p, __FILE__, __LINE__);
        fine();
        ck_assert_str_eq(eg_class_of(layer)->name, classes[kind]);
        ck_assert_int_eq(eg_num(layer), OUT);
        check_layer(layer, over_time, X2(T, IN_), plain);
    }
}
END_TEST

START_TEST(the_activation_of_an_rnn_is_relu)
{
    double x[IN_] = {0.3, -0.2, 0.9}, y[OUT], z[OUT];
    eg_cell_params p = {.activation = "relu"};
    BOTH(traced(eg_rnn_cell(net, "a", IN_, OUT, NULL), one_step, X1(IN_)), IN(x), y);
    layer = eg_rnn_cell(net, "b", IN_, OUT, &p);
    double *W = eg_data(NULL, eg_system_variable(layer, "Wi"));
    eg_init(eg_system_variable(layer, "Wi"), values_of(net, "a.Wi"), IN_ * OUT * sizeof *W);
    BOTH(traced(layer, one_step, X1(IN_)), IN(x), z);
    test_check_f64("relu", y, z, OUT);
}
END_TEST

START_TEST(the_columns_of_a_gru_are_orthogonal)
{
    layer = eg_gru_cell(net, NULL, 20, OUT, NULL);
    const double *W = values_of(layer, "Wi");
    for (int a = 0; a < 3 * OUT; a++) {
        for (int b = 0; b <= a; b++) {
            double product = 0;
            for (int k = 0; k < 20; k++) product += W[k * 3 * OUT + a] * W[k * 3 * OUT + b];
            ck_assert_double_eq_tol(product, a == b, 1e-12);
        }
    }
}
END_TEST

/* -- how they begin ------------------------------------------------------------------------------------------------ */

static double learned[OUT] = {0.5, -0.5, 0.25, 1};

static void set_learned(void)
{
    memcpy(eg_data(NULL, eg_system_variable(layer, "h0")), learned, sizeof learned);
    fine();
}

START_TEST(a_learned_beginning_has_its_gradient)
{
    eg_cell_params p = some();
    p.train_state = true;
    p.state = eg_init_uniform(-1, 1);
    layer = makers[kind](net, NULL, IN_, OUT, &p, __FILE__, __LINE__);
    fine();
    ck_assert_int_eq(eg_num_parameters(layer), kind == 2 ? 5 : 4);
    /* States that are new begin as the parameters do. */
    test_check_f64("new", values_of(layer, "h"), values_of(layer, "h0"), OUT);
    check_layer(layer, over_time, X2(T, IN_), plain);
}
END_TEST

START_TEST(a_reset_copies_what_was_learned_and_leaves_it)
{
    enum { B = 2 };
    eg_cell_params p = some();
    p.train_state = true;
    layer = makers[kind](net, NULL, IN_, OUT, &p, __FILE__, __LINE__);
    eg_var *all = eg_batch_variable(layer, "h", B);
    set_learned();
    ck_assert_int_eq(eg_reset_state(net, NULL), EG_OK);
    test_check_f64("h", values_of(layer, "h"), learned, OUT);
    test_check_f64("h0", values_of(layer, "h0"), learned, OUT);
    for (int b = 0; b < B; b++) test_check_f64("a batch", (double *)eg_data(NULL, all) + b * OUT, learned, OUT);
    eg_var *late = eg_batch_variable(layer, "h", B + 1); /* made behind the reset */
    for (int b = 0; b <= B; b++) test_check_f64("a batch", (double *)eg_data(NULL, late) + b * OUT, learned, OUT);
    ck_assert_int_eq(eg_reset_parameters(net, NULL), EG_OK);
    ck_assert_double_eq(values_of(layer, "h0")[0], 0);
    eg_reset_state(net, NULL);
    /* Another state has parameters of its own. */
    eg_state *s = eg_state_new(eg);
    memcpy(eg_data(s, eg_system_variable(layer, "h0")), learned, sizeof learned);
    eg_reset_state(net, s);
    test_check_f64("h", eg_data(s, eg_system_variable(layer, "h")), learned, OUT);
    ck_assert_double_eq(values_of(layer, "h")[0], 0);
}
END_TEST

START_TEST(an_f32_cell_begins_as_it_learned)
{
    eg_system *small = eg_network(eg, "small", NULL);
    eg_cell_params p = some();
    p.train_state = true;
    p.state = eg_init_constant(0.25);
    layer = eg_lstm_cell(small, "cell", IN_, OUT, &p);
    fine();
    ck_assert_float_eq(((float *)eg_data(NULL, eg_system_variable(layer, "h")))[3], 0.25f);
    ck_assert_float_eq(((float *)eg_data(NULL, eg_batch_variable(layer, "c", 7)))[27], 0.25f);
}
END_TEST

START_TEST(beginning_and_resetting_survive_wrong_use)
{
    eg_begin(NULL);
    ck_assert_int_eq(eg_reset_from(NULL, NULL, "h", "h"), EG_ERR_ARGUMENT);
    layer = eg_lstm_cell(net, "cell", IN_, OUT, NULL);
    ck_assert_int_eq(eg_reset_from(layer, NULL, "h", "x"), EG_ERR_ARGUMENT);
    SAYS(EG_ERR_ARGUMENT, "'x'", "Wh, b, h, c");
    ck_assert_int_eq(eg_reset_from(layer, NULL, "h", "Wh"), EG_ERR_SHAPE);
    SAYS(EG_ERR_SHAPE, "LSTMCell 'cell'", "'h'", "'Wh'");
    ck_assert_int_eq(eg_reset_from(layer, NULL, "h", "c"), EG_OK);
}
END_TEST

START_TEST(wrong_cells_are_errors)
{
    ck_assert_ptr_null(makers[kind](net, "cell", -3, 4, NULL, __FILE__, __LINE__));
    SAYS(EG_ERR_ARGUMENT, classes[kind], "num_in is -3", "test_layers_cell.c");
    ck_assert_ptr_null(makers[kind](net, "cell", 3, 0, NULL, __FILE__, __LINE__));
    SAYS(EG_ERR_ARGUMENT, "num_out is 0");
    ck_assert_ptr_null(makers[kind](net, "cell", 3, 4, &(eg_cell_params){.activation = "tank"}, __FILE__, __LINE__));
    SAYS(EG_ERR_ARGUMENT, "'tank'", "tanh");
    ck_assert_ptr_null(
        makers[kind](net, "cell", 3, 4, &(eg_cell_params){.state = eg_init_array(learned, 3)}, __FILE__, __LINE__));
    SAYS(EG_ERR_SHAPE, "'h'", "of 4");
    layer = makers[kind](net, "cell", IN_, OUT, NULL, __FILE__, __LINE__);
    REFUSES(layer, X2(2, IN_), EG_ERR_SHAPE, classes[kind], "x is f64[2, 3]", "[num_in], 3");
    REFUSES(layer, X1(OUT), EG_ERR_SHAPE, classes[kind], "x is f64[4]");
}
END_TEST

/* Those of all three cells in turn. */
static void rnn_kind(void)
{
    open_net();
    kind = 0;
}
static void gru_kind(void)
{
    open_net();
    kind = 1;
}
static void lstm_kind(void)
{
    open_net();
    kind = 2;
}

int main(void)
{
    Suite *s = suite_create("cells");
    static void (*const begin[])(void) = {rnn_kind, gru_kind, lstm_kind};
    for (int k = 0; k < 3; k++) {
        TCase *c = tcase_create(classes[k]);
        tcase_set_timeout(c, 0);
        tcase_add_checked_fixture(c, begin[k], teardown);
        tcase_add_test(c, cells_are_their_formulas);
        tcase_add_test(c, a_learned_beginning_has_its_gradient);
        tcase_add_test(c, a_reset_copies_what_was_learned_and_leaves_it);
        tcase_add_test(c, wrong_cells_are_errors);
        if (k == 0) tcase_add_test(c, the_activation_of_an_rnn_is_relu);
        if (k == 1) tcase_add_test(c, the_columns_of_a_gru_are_orthogonal);
        if (k == 2) tcase_add_test(c, an_f32_cell_begins_as_it_learned);
        if (k == 2) tcase_add_test(c, beginning_and_resetting_survive_wrong_use);
        suite_add_tcase(s, c);
    }
    return test_run(s);
}
