/* Layers: dense, convolutional, pooling, normalising and recurrent ones, and sequences of them.
 *
 * A layer is a system (dynsys.h) that is written for ONE sample: it takes [in] and gives [out], an image is [height,
 * width, channels], channels last.  Batches are made of it by eg_vmap() (eg_batched(), runners, trainers; modes.h):
 * they share weights (parameters) and running averages (buffers), states are each sample's own.  Networks do not update
 * layers; whoever feeds one does, mostly a Sequential:
 *
 *     eg_system *net = eg_network(eg, NULL, NULL), *seq = eg_sequential(net, "classify");
 *     eg_conv2d(seq, "conv", 1, 8, 3, 3, NULL);
 *     eg_activation(seq, NULL, "relu", NULL);
 *     eg_max_pool(seq, NULL, 1, (int64_t[]){2}, NULL);
 *     eg_flatten(seq, NULL);
 *     eg_dense(seq, "out", 14 * 14 * 8, 10, NULL);
 *     ...
 *     eg_val y = eg_update(seq, shared, x);
 *
 * x of another type is converted to the network's float type.  `shared.fit` says whether this is training, for dropout
 * and batch normalisation alone.  Parameters are taken literally; begin with the ..._defaults(), or pass NULL for them.
 * Initialisers left at 0 are the defaults, too.  Errors name the layer, what it got and what it takes; shapes of x are
 * checked when it is traced.
 */
#ifndef ENGRAM_LAYERS_H
#define ENGRAM_LAYERS_H

#include "engram/activations.h"
#include "engram/dynsys.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- sequences ----------------------------------------------------------------------------------------------------- */

/* What is made in it is updated in the order of making, each with what the one before returned, the first with x; gives
 * what the last returns, x if it is empty.  That goes for layers, groups (LIF: x is its input, its spikes go on),
 * nested Sequentials and systems of yours; projections in it are updated before, runners not at all.  Errors: one of
 * them returns nothing. */
EG_API eg_system *(eg_sequential)(eg_system *parent, const char *name, EG_PLACE);

/* y = fn(user, x), traced each time: any function as a layer. */
EG_API eg_system *(eg_fun_layer)(eg_system *parent, const char *name, eg_fn fn, void *user, EG_PLACE);

/* Numbers of the activations that have some. */
typedef struct eg_activation_params {
    double alpha;   /* of celu, elu */
    double slope;   /* of leaky_relu */
    double epsilon; /* of normalize */
    int axis;       /* of one sample, -1 the last: of softmax, log_softmax, normalize, glu */
} eg_activation_params;
/* alpha 1, slope 0.01, epsilon 1e-5, axis -1. */
EG_API eg_activation_params eg_activation_defaults(void);
/* y = a function of activations.h by its name, "relu"; of any shape. */
EG_API eg_system *(eg_activation)(eg_system *parent, const char *name, const char *function,
                                  const eg_activation_params *params, EG_PLACE);

/* All elements of a sample as one axis. */
EG_API eg_system *(eg_flatten)(eg_system *parent, const char *name, EG_PLACE);

/* -- dense --------------------------------------------------------------------------------------------------------- */

/* Weights and bias. */
typedef struct eg_dense_params {
    eg_initializer W; /* [num_in, num_out]; default: Xavier, normal */
    eg_initializer b; /* [num_out]; default: zeros */
    bool no_bias;
} eg_dense_params;
/* Xavier, zeros, with a bias. */
EG_API eg_dense_params eg_dense_defaults(void);
/* y = x W + b for x [..., num_in]; y is [..., num_out].  Parameters: W, b.  Errors: sizes below 1. */
EG_API eg_system *(eg_dense)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out,
                             const eg_dense_params *params, EG_PLACE);

/* -- windows: convolution and pooling ------------------------------------------------------------------------------ */

/* What stands around x where a window reaches beyond it: zeros for convolutions and averages, nothing for extremes. */
typedef enum eg_padding {
    EG_PAD_SAME,  /* as many positions as ceil(n / stride): max((that - 1) stride + (size - 1) dilation + 1 - n, 0) more
                     elements in all, the smaller half first (as XLA's SAME; n counted before lhs_dilation) */
    EG_PAD_VALID, /* none */
    EG_PAD_PAIRS  /* as `pads` says */
} eg_padding;

/* Entry k of each list belongs to spatial axis k. */
typedef struct eg_conv_params {
    eg_initializer w; /* [kernel..., num_in / groups, num_out]; default: Xavier, normal */
    eg_initializer b; /* [1, ..., num_out]; default: zeros */
    bool no_bias;
    int64_t strides[3];
    eg_padding padding;
    int64_t pads[3][2];      /* before and after, for EG_PAD_PAIRS */
    int64_t lhs_dilation[3]; /* distance of x's elements, with zeros between them: transposed convolution */
    int64_t rhs_dilation[3]; /* distance of the kernel's elements */
    int64_t groups;          /* group g of the outputs sees group g of the inputs alone */
    eg_array *mask;          /* [kernel..., num_in / groups, num_out], multiplies w; NULL = none */
} eg_conv_params;
/* Strides, dilations and groups 1, SAME, with a bias. */
EG_API eg_conv_params eg_conv_defaults(void);
/* Cross-correlation (no kernel is turned round), channels last:
 *     y[p, o] = b[o] + sum over k, c of w[k, c, o] x[p stride + k rhs_dilation - pad, c]
 * for x [spatial..., num_in]; y is [positions..., num_out].  Parameters: w, b.  It is one product: of columns that hold
 * what each position sees, and the kernel.  Errors: sizes, strides, dilations or groups below 1, pads below 0, groups
 * that do not divide both numbers of channels, a mask of another shape, a kernel larger than x with its padding. */
EG_API eg_system *(eg_conv1d)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out, int64_t size,
                              const eg_conv_params *params, EG_PLACE);
EG_API eg_system *(eg_conv2d)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out, int64_t height,
                              int64_t width, const eg_conv_params *params, EG_PLACE);
EG_API eg_system *(eg_conv3d)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out, int64_t depth,
                              int64_t height, int64_t width, const eg_conv_params *params, EG_PLACE);

/* Entry k of each list belongs to the k-th axis that is pooled, entry 0 to all if the window is one number. */
typedef struct eg_pool_params {
    int64_t strides[EG_MAX_RANK];
    eg_padding padding;
    int64_t pads[EG_MAX_RANK][2]; /* before and after, for EG_PAD_PAIRS; less than the window */
    int channel_axis;             /* of one sample, -1 the last: is not pooled */
    bool no_channels;             /* there is no such axis: all are pooled */
} eg_pool_params;
/* Strides 1, VALID, channels last. */
EG_API eg_pool_params eg_pool_defaults(void);
/* Largest, smallest element and mean of a window that moves over all axes but the channels' one.  window: `num` sizes,
 * one for each of these axes, or one for all (num 1).  A mean is that of what the window sees of x, not of padding.
 * Errors: sizes or strides below 1, num that is neither 1 nor the number of pooled axes, pads not in 0 .. size - 1, no
 * such axis, a window larger than x with its padding.  A window that sees NaN gives NaN.  Of equal
 * extremes each has a share of the gradient: that of the last element is a half, of the one before a quarter, ... */
EG_API eg_system *(eg_max_pool)(eg_system *parent, const char *name, int num, const int64_t *window,
                                const eg_pool_params *params, EG_PLACE);
EG_API eg_system *(eg_min_pool)(eg_system *parent, const char *name, int num, const int64_t *window,
                                const eg_pool_params *params, EG_PLACE);
EG_API eg_system *(eg_avg_pool)(eg_system *parent, const char *name, int num, const int64_t *window,
                                const eg_pool_params *params, EG_PLACE);

/* -- dropout ------------------------------------------------------------------------------------------------------- */

/* In training (shared.fit) each element is kept with probability `keep`, as x / keep, else 0; otherwise y = x.  Every
 * sample and step draws anew.  Errors: keep not in (0, 1].  (Srivastava et al., JMLR 15, 2014.) */
EG_API eg_system *(eg_dropout)(eg_system *parent, const char *name, double keep, EG_PLACE);

/* -- normalisation: y = (x - mean) / sqrt(variance + epsilon) scale + bias ----------------------------------------- */

/* Of all of them. */
typedef struct eg_norm_params {
    double epsilon;       /* > 0, also in the network's floats */
    double momentum;      /* of batch normalisation: running averages become momentum * old + (1 - momentum) * new */
    bool no_affine;       /* neither scale nor bias */
    eg_initializer scale; /* default: ones */
    eg_initializer bias;  /* default: zeros */
} eg_norm_params;
/* epsilon 1e-5, momentum 0.99, affine. */
EG_API eg_norm_params eg_norm_defaults(void);

/* For each channel, over all axes of x but the last and over the batch; the variance divides by the number of elements.
 * In training (shared.fit) the statistics are those of the batch, and the running ones follow them; otherwise they are
 * the running ones; a channel whose statistics are not finite leaves them alone.  x: 1d [channels] or [length,
 * channels], 2d [height, width, channels], 3d one axis more.  One sample without axes but the channels has nothing to
 * be normalised by but the batch.  Parameters: scale, bias; buffers: mean (0 at first), variance (1), all
 * [num_channels].  Errors: num_channels below 1, epsilon not above 0, momentum not in [0, 1], x of other axes.  (Ioffe
 * and Szegedy, ICML 2015.) */
EG_API eg_system *(eg_batch_norm1d)(eg_system *parent, const char *name, int64_t num_channels,
                                    const eg_norm_params *params, EG_PLACE);
EG_API eg_system *(eg_batch_norm2d)(eg_system *parent, const char *name, int64_t num_channels,
                                    const eg_norm_params *params, EG_PLACE);
EG_API eg_system *(eg_batch_norm3d)(eg_system *parent, const char *name, int64_t num_channels,
                                    const eg_norm_params *params, EG_PLACE);

/* Over the last `rank` axes of each sample, whose extents are `shape`; parameters scale and bias have that shape.
 * Errors: rank not in 1 .. EG_MAX_RANK, extents below 1, x that does not end in them.  (Ba, Kiros and Hinton, 2016.) */
EG_API eg_system *(eg_layer_norm)(eg_system *parent, const char *name, int rank, const int64_t *shape,
                                  const eg_norm_params *params, EG_PLACE);
/* Over all axes but the last and the channels of a group, for each group of num_channels / num_groups channels and each
 * sample; x is [..., num_channels].  Parameters scale and bias are [num_channels].  Errors: numbers below 1, groups
 * that do not divide the channels.  (Wu and He, ECCV 2018.) */
EG_API eg_system *(eg_group_norm)(eg_system *parent, const char *name, int64_t num_groups, int64_t num_channels,
                                  const eg_norm_params *params, EG_PLACE);
/* The same with one channel a group.  (Ulyanov, Vedaldi and Lempitsky, 2016.) */
EG_API eg_system *(eg_instance_norm)(eg_system *parent, const char *name, int64_t num_channels,
                                     const eg_norm_params *params, EG_PLACE);

/* -- recurrent cells ----------------------------------------------------------------------------------------------- */

/* Of all cells; k is the number of gates: 1, 3 and 4. */
typedef struct eg_cell_params {
    const char *activation; /* f, by its name; NULL: relu for RNN, tanh for GRU and LSTM */
    eg_initializer Wi;      /* [num_in, k num_out]; default: Xavier, normal; GRU: orthogonal */
    eg_initializer Wh;      /* [num_out, k num_out]; default: the same */
    eg_initializer b;       /* [k num_out]; default: zeros */
    bool no_bias;
    eg_initializer state; /* [num_out]: how h and c begin; default: zeros */
    bool train_state;     /* what they begin with are the parameters h0 and c0: eg_begin() takes them, eg_reset_state()
                             copies them as they are and leaves them alone */
} eg_cell_params;
/* All of it 0: the defaults above. */
EG_API eg_cell_params eg_cell_defaults(void);
/* One step of a recurrent network for x [num_in]; gives the new h [num_out].  Variables: h, of LSTM also c; parameters:
 * Wi, Wh, b, with train_state h0 and c0.  Gates stand side by side in the columns of Wi, Wh and b, in the order
 * written; S is the sigmoid, f the activation:
 *
 *     RNN   h' = f(x Wi + h Wh + b)
 *     GRU   [z r a] = x Wi + b;  z = S(z + h Wh_z), r = S(r + h Wh_r), a = f(a + (r h) Wh_a);  h' = (1 - z) h + z a
 *     LSTM  [i g k o] = x Wi + h Wh + b;  c' = S(k + 1) c + S(i) f(g);  h' = S(o) f(c')
 *
 * Errors: sizes below 1, an unknown activation, x of another shape.  (Elman, 1990; Cho et al., EMNLP 2014; Hochreiter
 * and Schmidhuber, 1997, with the forget gate's bias of 1 of Jozefowicz et al., ICML 2015.) */
EG_API eg_system *(eg_rnn_cell)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out,
                                const eg_cell_params *params, EG_PLACE);
EG_API eg_system *(eg_gru_cell)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out,
                                const eg_cell_params *params, EG_PLACE);
EG_API eg_system *(eg_lstm_cell)(eg_system *parent, const char *name, int64_t num_in, int64_t num_out,
                                 const eg_cell_params *params, EG_PLACE);

#ifndef __cplusplus
#define eg_sequential(...) (eg_sequential)(__VA_ARGS__, EG_HERE)
#define eg_fun_layer(...) (eg_fun_layer)(__VA_ARGS__, EG_HERE)
#define eg_activation(...) (eg_activation)(__VA_ARGS__, EG_HERE)
#define eg_flatten(...) (eg_flatten)(__VA_ARGS__, EG_HERE)
#define eg_dense(...) (eg_dense)(__VA_ARGS__, EG_HERE)
#define eg_conv1d(...) (eg_conv1d)(__VA_ARGS__, EG_HERE)
#define eg_conv2d(...) (eg_conv2d)(__VA_ARGS__, EG_HERE)
#define eg_conv3d(...) (eg_conv3d)(__VA_ARGS__, EG_HERE)
#define eg_max_pool(...) (eg_max_pool)(__VA_ARGS__, EG_HERE)
#define eg_min_pool(...) (eg_min_pool)(__VA_ARGS__, EG_HERE)
#define eg_avg_pool(...) (eg_avg_pool)(__VA_ARGS__, EG_HERE)
#define eg_dropout(...) (eg_dropout)(__VA_ARGS__, EG_HERE)
#define eg_batch_norm1d(...) (eg_batch_norm1d)(__VA_ARGS__, EG_HERE)
#define eg_batch_norm2d(...) (eg_batch_norm2d)(__VA_ARGS__, EG_HERE)
#define eg_batch_norm3d(...) (eg_batch_norm3d)(__VA_ARGS__, EG_HERE)
#define eg_layer_norm(...) (eg_layer_norm)(__VA_ARGS__, EG_HERE)
#define eg_group_norm(...) (eg_group_norm)(__VA_ARGS__, EG_HERE)
#define eg_instance_norm(...) (eg_instance_norm)(__VA_ARGS__, EG_HERE)
#define eg_rnn_cell(...) (eg_rnn_cell)(__VA_ARGS__, EG_HERE)
#define eg_gru_cell(...) (eg_gru_cell)(__VA_ARGS__, EG_HERE)
#define eg_lstm_cell(...) (eg_lstm_cell)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
