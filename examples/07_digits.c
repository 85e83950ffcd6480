/* ./run demo train: spiking neurons learn handwritten digits.  Writes digits_loss.png and digits_raster.png. */
#include <engram/engram.h>
enum { STEPS = 20, HIDDEN = 256, PIXELS = 64 };
static double best;
static eg_val grey(void *user, eg_val x) { return (void)user, eg_div(eg_convert(eg_reshape(x, PIXELS), EG_F32), 16); }

static eg_val loss(void *eg, eg_val y, eg_val label)
{
    eg_val mean = eg_mean(y, 1), digit = eg_convert(label, EG_I64), right = eg_eq(eg_argmax(mean, 1), digit);
    eg_val both[] = {eg_cross_entropy_loss(mean, digit, NULL), eg_mean(eg_convert(right, EG_F32))};
    return eg_tuple(eg, 2, both);
}

static int report(void *model, int64_t epoch, const eg_metrics *m, const char *phase)
{
    const double *v = m->value;
    printf("%s %2d: loss %.4f, %5.1f %% right%s", phase, (int)epoch + 1, v[0], 100 * v[1],
           *phase == 't' ? "\n" : "   ");
    if (*phase == 't' && v[1] > best) best = v[1], eg_remember_parameters(model, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    eg_context *eg = eg_open(NULL);
    const char *folder = argc > 1 ? argv[1] : "examples/data/digits", *metrics[] = {"right"};
    eg_dataset train = eg_mnist_read(eg, folder, false), test = eg_mnist_read(eg, folder, true);
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = 1}), *model = eg_sequential(net, "model");
    eg_lif_params cell = {.V_th = 1, .R = 1, .tau = 10, .surrogate = eg_surrogate_arctan(2)};
    eg_fun_layer(model, NULL, grey, NULL);
    eg_dropout(model, NULL, 0.5); /* in each step anew */
    eg_dense(model, "in", PIXELS, HIDDEN, NULL);
    eg_lif(model, "hidden", HIDDEN, &cell);
    eg_dropout(model, NULL, 0.5);
    eg_dense(model, "out", HIDDEN, 10, NULL);
    eg_leaky_integrator(model, "readout", 10, NULL);
    eg_set_mode(net, EG_TRAINING, 0);
    eg_bptt_options o = {.loss_fn = loss, .user = eg, .num_metrics = 1, .metrics = metrics, .steps = STEPS};
    o.lr = eg_exponential_decay(0.08, 29, 0.93);
    eg_system *trainer = eg_bptt(model, NULL, &o);
    train.batch_size = 50, train.shuffle = true, test.batch_size = 360;
    eg_fit(trainer, &train, &(eg_fit_options){.test = &test, .num_epoch = 30, .report = report, .report_user = model});
    eg_recall_parameters(model, NULL);
    eg_plot_series curve[] = {{.label = "training"}, {.label = "test"}};
    for (int k = 0; k < 2; k++)
        curve[k].y = eg_column_f64(eg_fit_history(trainer, k ? "test" : "fit", "loss", EG_BY_REPORT, &curve[k].num), 1);
    eg_plot_lines(eg, "digits_loss.png", 2, curve, &(eg_plot_options){.xlabel = "epoch", .ylabel = "loss"});
    eg_set_mode(net, EG_NONBATCHING, 0);
    eg_monitor see = {.key = "spikes", .variable = "hidden.spike", .events = true};
    eg_system *run = eg_dsrunner(model, NULL, &(eg_dsrunner_options){.num_monitors = 1, .monitors = &see});
    uint32_t digit[STEPS * PIXELS];
    for (int k = 0; k < STEPS * PIXELS && test.x; k++) digit[k] = ((const uint32_t *)test.x)[k % PIXELS];
    eg_run_inputs(run, (eg_spec){EG_U32, 3, {STEPS, 8, 8}}, digit, NULL);
    eg_history h = eg_history_of(run, "spikes");
    eg_plot_series dots = eg_plot_events(h.data, h.spec.dim[0], NULL);
    eg_plot_raster(eg, "digits_raster.png", 1, &dots, &(eg_plot_options){.xlabel = "step", .ylabel = "neuron"});
    printf("best: %.1f %% of the test digits right   %s\n", 100 * best, eg_message(eg));
    eg_close(eg);
    return best >= 0.93 ? 0 : 1;
}
