/* Running averages in training: they follow the batches, but neither tests nor batches that fail. */
#include <engram/engram.h>
#include <math.h>
#include <string.h>

#include "support/context.h"
#include "support/support.h"

enum { N = 16, B = 8, IN = 4, WAYS = 3 };

typedef struct scene {
    eg_context *eg;
    eg_system *model, *trainer;
    double x[N][IN], y[N][1];
} scene;

static void build(scene *s, int way)
{
    *s = (scene){.eg = test_open(way)};
    eg_system *net = eg_network(s->eg, NULL, &(eg_network_options){.dtype = EG_F64});
    s->model = eg_sequential(net, "model");
    eg_batch_norm1d(s->model, "norm", IN, NULL);
    eg_dense(s->model, "out", IN, 1, NULL);
    eg_set_mode(net, EG_TRAINING, 0);
    s->trainer = eg_bpff(s->model, NULL, &(eg_bptt_options){.loss = "mean_squared_error", .lr = eg_constant_lr(0.1)});
    for (int k = 0; k < N; k++) {
        for (int j = 0; j < IN; j++) s->x[k][j] = sin(3.0 * k + j) + j;
        s->y[k][0] = cos(k);
    }
    test_fine(s->eg);
}

static eg_dataset data(scene *s, int num)
{
    return (eg_dataset){.x_spec = eg_matrix(EG_F64, num, IN),
                        .x = s->x,
                        .y_spec = eg_matrix(EG_F64, num, 1),
                        .y = s->y,
                        .batch_size = B};
}

static const double *buffer(scene *s, const char *name) { return eg_data(NULL, eg_system_variable(s->model, name)); }

START_TEST(running_averages_follow_the_batches_of_training_alone)
{
    scene s;
    build(&s, _i);
    eg_dataset first = data(&s, B), all = data(&s, N);
    eg_fit(s.trainer, &first, &(eg_fit_options){.num_epoch = 1, .test = &all});
    test_fine(s.eg);
    double mean = 0, var = 0;
    for (int k = 0; k < B; k++) mean += s.x[k][2] / (double)B;
    for (int k = 0; k < B; k++) var += (s.x[k][2] - mean) * (s.x[k][2] - mean) / (double)B;
    ck_assert_double_eq_tol(buffer(&s, "norm.mean")[2], 0.01 * mean, 1e-12);
    ck_assert_double_eq_tol(buffer(&s, "norm.variance")[2], 0.99 + 0.01 * var, 1e-12);
    eg_metrics m;
    eg_evaluate(s.trainer, &all, NULL, &m);
    test_fine(s.eg);
    ck_assert_double_eq_tol(buffer(&s, "norm.mean")[2], 0.01 * mean, 1e-12);
    test_close(s.eg);
}
END_TEST

START_TEST(a_batch_that_fails_leaves_them)
{
    scene good, bad;
    build(&good, _i);
    build(&bad, _i);
    eg_dataset first = data(&good, B), both = data(&bad, N);
    eg_fit(good.trainer, &first, &(eg_fit_options){.num_epoch = 1});
    bad.x[B + 1][0] = NAN;
    eg_fit(bad.trainer, &both, &(eg_fit_options){.num_epoch = 1});
    test_expect(bad.eg, EG_ERR_RUN, "epoch 0, batch 1", "not finite", NULL);
    const char *const names[] = {"norm.mean", "norm.variance"};
    for (int k = 0; k < 2; k++) ck_assert_mem_eq(buffer(&bad, names[k]), buffer(&good, names[k]), sizeof(double[IN]));
    test_close(good.eg);
    test_close(bad.eg);
}
END_TEST

START_TEST(the_best_parameters_are_kept_and_put_back)
{
    scene s;
    build(&s, _i);
    eg_recall_parameters(s.model, NULL);
    test_expect(s.eg, EG_ERR_STATE, "Sequential 'model'", "eg_remember_parameters", NULL);
    eg_dataset all = data(&s, N);
    eg_fit(s.trainer, &all, &(eg_fit_options){.num_epoch = 2});
    double W[IN], mean[IN];
    memcpy(W, buffer(&s, "out.W"), sizeof W);
    memcpy(mean, buffer(&s, "norm.mean"), sizeof mean);
    eg_remember_parameters(s.model, NULL);
    eg_fit(s.trainer, &all, &(eg_fit_options){.num_epoch = 2});
    ck_assert(memcmp(W, buffer(&s, "out.W"), sizeof W) != 0);
    eg_recall_parameters(s.model, NULL);
    ck_assert_mem_eq(W, buffer(&s, "out.W"), sizeof W);
    ck_assert_mem_eq(mean, buffer(&s, "norm.mean"), sizeof mean);
    ck_assert_int_eq(eg_remember_parameters(NULL, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_recall_parameters(NULL, NULL), EG_ERR_ARGUMENT);
    test_close(s.eg);
}
END_TEST

START_TEST(folders_of_images_are_read)
{
    eg_context *eg = test_open(0);
    eg_mnist_read(eg, NULL, false);
    test_expect(eg, EG_ERR_ARGUMENT, "eg_mnist_read", "NULL", NULL);
    eg_dataset d = eg_mnist_read(eg, "/nowhere", true);
    test_expect(eg, EG_ERR_IO, "/nowhere/t10k-images-idx3-ubyte", NULL);
    ck_assert_ptr_null(d.x);
    d = eg_mnist_read(eg, EG_TEST_DIR "/../examples/data/digits", true);
    test_fine(eg);
    ck_assert_int_eq(d.x_spec.rank, 3);
    ck_assert_int_eq(d.x_spec.dim[0], 360);
    ck_assert_int_eq(d.y_spec.dim[0], 360);
    eg_system *net = eg_network(eg, NULL, NULL);
    ck_assert_ptr_null(eg_optimizer_of(net, NULL, &(eg_optimizer_params){.kind = EG_SGD}));
    test_expect(eg, EG_ERR_STATE, "eg_optimizer_of", "eg_add_parameter", NULL);
    test_close(eg);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trainer buffers");
    TCase *c = tcase_create("buffers");
    tcase_add_loop_test(c, running_averages_follow_the_batches_of_training_alone, 0, WAYS);
    tcase_add_loop_test(c, a_batch_that_fails_leaves_them, 0, WAYS);
    tcase_add_loop_test(c, the_best_parameters_are_kept_and_put_back, 0, WAYS);
    tcase_add_test(c, folders_of_images_are_read);
    suite_add_tcase(suite, c);
    return test_run(suite);
}
