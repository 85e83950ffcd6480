/* A step of training inside a loop of one's own: an epoch of a recurrent network is one compiled function, with the
 * loop over its batches inside.  The network learns to add up what it is shown. */
#include <engram/engram.h>
#include <math.h>

enum { BATCHES = 60, B = 20, T = 8, EPOCHS = 25 };

static eg_val one_batch(void *step, eg_val x)
{
    eg_val y = eg_apply(step, eg_item(x, 2)); /* row k of both: loss, and whether all was finite */
    return eg_tuple(eg_context_of(y), 2, ((eg_val[]){eg_nothing(), eg_item(y, 0)}));
}

/* X [BATCHES, B, T, 1], Y [BATCHES, B, T, 1]: the mean of their losses. */
static eg_val epoch(void *step, eg_val data)
{
    eg_val done = eg_loop(eg_context_of(eg_item(data, 0)), BATCHES, one_batch, step, eg_nothing(), data);
    return eg_mean(eg_item(done, 1));
}

int main(void)
{
    eg_context *eg = eg_open(NULL);
    eg_system *net = eg_network(eg, NULL, NULL), *model = eg_sequential(net, "model");
    eg_gru_cell(model, "cell", 1, 16, NULL);
    eg_dense(model, "out", 16, 1, NULL);
    eg_set_mode(net, EG_TRAINING, 0);
    eg_system *trainer =
        eg_bptt(model, NULL, &(eg_bptt_options){.loss = "mean_squared_error", .lr = eg_constant_lr(0.01)});
    eg_spec one = {EG_F32, 3, {B, T, 1}}, all[] = {{EG_F32, 4, {BATCHES, B, T, 1}}, {EG_F32, 4, {BATCHES, B, T, 1}}};
    eg_func *step = eg_train_function(trainer, one, one, true), *f = eg_trace(eg, "epoch", epoch, step, 2, all);

    static float x[BATCHES][B][T], y[BATCHES][B][T];
    unsigned seed = 1;
    for (int k = 0; k < BATCHES * B; k++) {
        float sum = 0, *in = &x[0][0][0] + k * T, *out = &y[0][0][0] + k * T;
        for (int t = 0; t < T; t++) {
            seed = seed * 1664525u + 1013904223u;
            in[t] = (float)(seed >> 8) / (1 << 24) - 0.5f;
            out[t] = sum += in[t];
        }
    }
    float loss = NAN, first = NAN;
    for (int k = 0; k < EPOCHS && !eg_error(eg); k++) {
        eg_call(f, NULL, (const void *[]){x, y}, (void *[]){&loss}, NULL);
        if (k == 0) first = loss;
        if (k % 6 == 0) printf("epoch %2d: loss %.5f\n", k, (double)loss);
    }
    printf("%.5f at first, %.5f at last   %s\n", (double)first, (double)loss, eg_message(eg));
    bool good = !eg_error(eg) && loss < 0.01f * first;
    eg_close(eg);
    return good ? 0 : 1;
}
