/* Batch normalisation. */
#include "engram/transform.h"
#include "norm.h"

typedef struct batch_norm {
    eg_norm_params p;
    int rank; /* spatial axes; 1: also none */
    int64_t channels;
    eg_var *scale, *bias, *mean, *variance;
} batch_norm;

static void setup(eg_system *self)
{
    batch_norm *l = eg_self(self);
    if (!layer_size(self, "num_channels", l->channels)) return;
    const eg_spec each = layer_floats(self, 1, &l->channels);
    if (!norm_setup(self, &l->p, each, &l->scale, &l->bias)) return;
    l->mean = eg_add_buffer(self, "mean", each, eg_init_constant(0));
    l->variance = eg_add_buffer(self, "variance", each, eg_init_constant(1));
}

/* Over all axes but the channels, then over the batch. */
static eg_val mean_of(eg_val x, int rank)
{
    static const int axes[] = {0, 1, 2};
    return eg_batch_mean(rank > 1 ? eg_mean_axes(x, rank - 1, axes, false) : x);
}

/* What is remembered has no part in the loss.  Nothing follows a channel's statistics if they are not finite: running
 * averages would be so for ever. */
static void follow(eg_var *running, eg_val now, eg_val spoilt, double momentum)
{
    eg_val old = eg_get(running), next = eg_add(eg_mul(old, momentum), eg_mul(eg_stop_gradient(now), 1 - momentum));
    eg_set(running, eg_where(spoilt, old, next));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    batch_norm *l = eg_self(self);
    const eg_spec in = eg_spec_of(x = layer_input(self, x));
    const bool axes = in.rank == l->rank + 1 || (l->rank == 1 && in.rank == 1);
    if (!axes || in.dim[in.rank - 1] != l->channels)
        return layer_refuse(self, x, "it must have %d axes, the last of num_channels, %lld", l->rank + 1,
                            (long long)l->channels);
    eg_val mean = s.fit ? mean_of(x, in.rank) : eg_get(l->mean), from_mean = eg_sub(x, mean);
    eg_val variance = s.fit ? mean_of(eg_mul(from_mean, from_mean), in.rank) : eg_get(l->variance);
    if (s.fit) {
        /* v - v is NaN if v is not finite, and the variance is not if the mean is not. */
        eg_val spoilt = eg_isnan(eg_sub(variance, variance));
        follow(l->mean, mean, spoilt, l->p.momentum);
        follow(l->variance, variance, spoilt, l->p.momentum);
    }
    return norm_affine(eg_mul(from_mean, eg_rsqrt(eg_add(variance, l->p.epsilon))), l->scale, l->bias);
}

static const eg_class classes[] = {
    {.name = "BatchNorm1D", .role = EG_LAYER, .size = sizeof(batch_norm), .setup = setup, .update = update},
    {.name = "BatchNorm2D", .role = EG_LAYER, .size = sizeof(batch_norm), .setup = setup, .update = update},
    {.name = "BatchNorm3D", .role = EG_LAYER, .size = sizeof(batch_norm), .setup = setup, .update = update}};

static eg_system *make(eg_system *parent, const char *name, int rank, int64_t channels, const eg_norm_params *params,
                       const char *file, int line)
{
    batch_norm l = {.p = params ? *params : eg_norm_defaults(), .rank = rank, .channels = channels};
    return (eg_system_new)(parent, name, &classes[rank - 1], 0, &l, file, line);
}

eg_system *(eg_batch_norm1d)(eg_system *parent, const char *name, int64_t num_channels, const eg_norm_params *params,
                             const char *file, int line)
{
    return make(parent, name, 1, num_channels, params, file, line);
}

eg_system *(eg_batch_norm2d)(eg_system *parent, const char *name, int64_t num_channels, const eg_norm_params *params,
                             const char *file, int line)
{
    return make(parent, name, 2, num_channels, params, file, line);
}

eg_system *(eg_batch_norm3d)(eg_system *parent, const char *name, int64_t num_channels, const eg_norm_params *params,
                             const char *file, int line)
{
    return make(parent, name, 3, num_channels, params, file, line);
}
