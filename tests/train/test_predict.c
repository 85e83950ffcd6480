/* Predictions of trainers. */
#include <engram/engram.h>
#include <math.h>
#include <string.h>

#include "support/context.h"
#include "support/support.h"

enum { B = 3, T = 5, IN = 2, OUT = 4, WAYS = 3 };

typedef struct scene {
    eg_context *eg;
    eg_system *net, *model;
    double x[B][T][IN];
} scene;

static void build(scene *s, int way, bool recurrent)
{
    *s = (scene){.eg = test_open(way)};
    s->net = eg_network(s->eg, NULL, &(eg_network_options){.dtype = EG_F64});
    s->model = eg_sequential(s->net, "model");
    if (recurrent)
        eg_rnn_cell(s->model, "cell", IN, OUT, &(eg_cell_params){.activation = "tanh"});
    else
        eg_dense(s->model, "dense", IN, OUT, NULL);
    eg_set_mode(s->net, EG_TRAINING, 0);
    for (int k = 0; k < B * T * IN; k++) (&s->x[0][0][0])[k] = sin(k);
    test_fine(s->eg);
}

START_TEST(a_model_without_time_predicts)
{
    scene s;
    build(&s, _i, false);
    eg_system *t = eg_bpff(s.model, NULL, &(eg_bptt_options){.loss = "mean_squared_error"});
    eg_history h = eg_predict(t, eg_matrix(EG_F64, B * T, IN), s.x, NULL);
    test_fine(s.eg);
    ck_assert_int_eq(h.spec.rank, 2);
    ck_assert_int_eq(h.spec.dim[0], B * T);
    ck_assert_int_eq(h.spec.dim[1], OUT);
    const double *W = eg_data(NULL, eg_parameter(s.model, 0)), *y = h.data, *x = &s.x[0][0][0];
    for (int k = 0; k < B * T; k++) {
        for (int j = 0; j < OUT; j++)
            ck_assert_double_eq_tol(y[k * OUT + j], x[k * IN] * W[j] + x[k * IN + 1] * W[OUT + j], 1e-14);
    }
    test_close(s.eg);
}
END_TEST

START_TEST(each_prediction_begins_with_the_initial_state)
{
    scene s;
    build(&s, _i, true);
    eg_system *t = eg_bptt(s.model, NULL, &(eg_bptt_options){.loss = "mean_squared_error"});
    const eg_spec spec = {EG_F64, 3, {B, T, IN}};
    double first[B][T][OUT];
    for (int k = 0; k < 3; k++) {
        eg_history h = eg_predict(t, spec, s.x, NULL);
        test_fine(s.eg);
        ck_assert_int_eq(h.spec.rank, 3);
        if (k == 0) memcpy(first, h.data, sizeof first);
        ck_assert_mem_eq(first, h.data, sizeof first);
        eg_system *run = eg_trainer_runner(t);
        eg_run_inputs(run, spec, s.x, &(eg_dsrun_options){.reset_state = k == 0});
        if (k == 0) ck_assert_mem_eq(first, eg_output_of(run, 0).data, sizeof first);
    }
    test_fine(s.eg);
    test_close(s.eg);
}
END_TEST

START_TEST(outputs_are_predicted_beside_monitors_and_from_x_without_time)
{
    scene s;
    build(&s, _i, true);
    eg_monitor see = {.variable = "cell.h"};
    eg_system *t =
        eg_bptt(s.model, NULL,
                &(eg_bptt_options){.loss = "mean_squared_error", .steps = T, .num_monitors = 1, .monitors = &see});
    eg_history h = eg_predict(t, eg_matrix(EG_F64, B, IN), s.x, NULL);
    test_fine(s.eg);
    ck_assert_int_eq(h.spec.rank, 3);
    ck_assert_int_eq(h.spec.dim[1], T);
    ck_assert_int_eq(h.spec.dim[2], OUT);
    test_close(s.eg);
}
END_TEST

START_TEST(wrong_data_is_an_error)
{
    scene s;
    build(&s, _i, true);
    eg_system *t = eg_bptt(s.model, NULL, &(eg_bptt_options){.loss = "mean_squared_error"});
    ck_assert_ptr_null(eg_predict(t, eg_matrix(EG_F64, B, IN), NULL, NULL).data);
    test_expect(s.eg, EG_ERR_ARGUMENT, "eg_predict", "NULL", NULL);
    ck_assert_ptr_null(eg_predict(t, eg_vector(EG_F64, B), s.x, NULL).data);
    test_expect(s.eg, EG_ERR_SHAPE, "BPTT", "[B, T, ...]", NULL);
    ck_assert_ptr_null(eg_predict(t, (eg_spec){EG_F64, 3, {B, T, IN + 1}}, s.x, NULL).data);
    test_expect(s.eg, EG_ERR_SHAPE, "cell", NULL);
    ck_assert_ptr_null(eg_predict(s.model, eg_matrix(EG_F64, B, IN), s.x, NULL).data);
    test_expect(s.eg, EG_ERR_ARGUMENT, "eg_predict", "not a trainer", NULL);
    ck_assert_ptr_null(eg_predict(NULL, eg_matrix(EG_F64, B, IN), s.x, NULL).data);
    test_close(s.eg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("predict");
    TCase *c = tcase_create("predict");
    tcase_add_loop_test(c, a_model_without_time_predicts, 0, WAYS);
    tcase_add_loop_test(c, each_prediction_begins_with_the_initial_state, 0, WAYS);
    tcase_add_loop_test(c, outputs_are_predicted_beside_monitors_and_from_x_without_time, 0, WAYS);
    tcase_add_loop_test(c, wrong_data_is_an_error, 0, WAYS);
    suite_add_tcase(suite, c);
    return test_run(suite);
}
