/* Normalisation of each sample by itself: over its trailing axes, or over groups of channels. */
#include "norm.h"

#include <float.h>
#include <string.h>

eg_norm_params eg_norm_defaults(void)
{
    return (eg_norm_params){
        .epsilon = 1e-5, .momentum = 0.99, .scale = eg_init_constant(1), .bias = eg_init_constant(0)};
}

bool norm_setup(eg_system *self, const eg_norm_params *p, eg_spec shape, eg_var **scale, eg_var **bias)
{
    const bool f32 = eg_float_type(self) == EG_F32; /* in which smaller ones would be 0 */
    if (!eg_check_param(self, p->epsilon >= (f32 ? FLT_MIN : DBL_MIN) && p->epsilon <= (f32 ? FLT_MAX : DBL_MAX),
                        "epsilon", p->epsilon, f32 ? "use a number above 0 that f32 holds" : "use a number above 0") ||
        !eg_check_param(self, p->momentum >= 0 && p->momentum <= 1, "momentum", p->momentum, "use 0 to 1"))
        return false;
    if (p->no_affine) return true;
    *scale = eg_add_parameter(self, "scale", shape, layer_init(p->scale, eg_init_constant(1)));
    *bias = eg_add_parameter(self, "bias", shape, p->bias);
    return *bias != NULL;
}

eg_val norm_affine(eg_val y, eg_var *scale, eg_var *bias)
{
    return scale ? eg_add(eg_mul(y, eg_get(scale)), eg_get(bias)) : y;
}

eg_val norm_over(eg_val x, int n, const int *axes, double epsilon)
{
    eg_val from_mean = eg_sub(x, eg_mean_axes(x, n, axes, true));
    eg_val variance = eg_mean_axes(eg_mul(from_mean, from_mean), n, axes, true);
    return eg_mul(from_mean, eg_rsqrt(eg_add(variance, epsilon)));
}

/* -- the last axes ------------------------------------------------------------------------------------------------- */

typedef struct layer_norm {
    eg_norm_params p;
    int rank;
    const int64_t *given; /* lasts for the setup only */
    eg_spec shape;
    eg_var *scale, *bias;
} layer_norm;

static void layer_setup(eg_system *self)
{
    layer_norm *l = eg_self(self);
    if (l->rank < 1 || l->rank > EG_MAX_RANK || !l->given) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "its shape has %d axes%s; give 1 to %d", l->rank,
                       l->given ? "" : " at NULL", EG_MAX_RANK);
        return;
    }
    l->shape = layer_floats(self, l->rank, l->given);
    l->given = NULL;
    for (int k = 0; k < l->rank; k++) {
        if (!layer_size(self, "an extent", l->shape.dim[k])) return;
    }
    norm_setup(self, &l->p, l->shape, &l->scale, &l->bias);
}

static eg_val layer_update(eg_system *self, eg_shared s, eg_val x)
{
    const layer_norm *l = eg_self(self);
    const eg_spec in = eg_spec_of(x = layer_input(self, x));
    int axes[EG_MAX_RANK];
    (void)s;
    if (in.rank < 0) return eg_nothing();
    const int first = in.rank - l->rank;
    if (first < 0 || memcmp(in.dim + first, l->shape.dim, (size_t)l->rank * sizeof *in.dim) != 0)
        return layer_refuse(self, x, "its last %d extents must be those that are normalised, the last of them %lld",
                            l->rank, (long long)l->shape.dim[l->rank - 1]);
    for (int k = 0; k < l->rank; k++) axes[k] = first + k;
    return norm_affine(norm_over(x, l->rank, axes, l->p.epsilon), l->scale, l->bias);
}

static const eg_class layer_class = {
    .name = "LayerNorm", .role = EG_LAYER, .size = sizeof(layer_norm), .setup = layer_setup, .update = layer_update};

eg_system *(eg_layer_norm)(eg_system *parent, const char *name, int rank, const int64_t *shape,
                           const eg_norm_params *params, const char *file, int line)
{
    layer_norm l = {.p = params ? *params : eg_norm_defaults(), .rank = rank, .given = shape};
    return (eg_system_new)(parent, name, &layer_class, 0, &l, file, line);
}

/* -- groups of channels -------------------------------------------------------------------------------------------- */

typedef struct group_norm {
    eg_norm_params p;
    int64_t groups, channels;
    eg_var *scale, *bias;
} group_norm;

static void group_setup(eg_system *self)
{
    group_norm *l = eg_self(self);
    if (!layer_size(self, "num_channels", l->channels) || !layer_size(self, "num_groups", l->groups)) return;
    if (eg_check_param(self, l->channels % l->groups == 0, "num_groups", (double)l->groups,
                       "use a number that divides num_channels"))
        norm_setup(self, &l->p, layer_floats(self, 1, &l->channels), &l->scale, &l->bias);
}

static eg_val group_update(eg_system *self, eg_shared s, eg_val x)
{
    const group_norm *l = eg_self(self);
    const eg_spec in = eg_spec_of(x = layer_input(self, x));
    int64_t dim[EG_MAX_RANK];
    int axes[EG_MAX_RANK];
    (void)s;
    if (in.rank < 1 || in.rank == EG_MAX_RANK || in.dim[in.rank - 1] != l->channels)
        return layer_refuse(self, x, "it must have 1 to %d axes, the last of num_channels, %lld", EG_MAX_RANK - 1,
                            (long long)l->channels);
    /* [..., groups, channels of one]: all axes but the groups' one are averaged over. */
    const int group = in.rank - 1;
    memcpy(dim, in.dim, sizeof dim);
    dim[group] = l->groups;
    dim[group + 1] = l->channels / l->groups;
    for (int k = 0; k < in.rank; k++) axes[k] = k < group ? k : k + 1;
    eg_val y = norm_over(eg_reshape_to(x, in.rank + 1, dim), in.rank, axes, l->p.epsilon);
    return norm_affine(eg_reshape_to(y, in.rank, in.dim), l->scale, l->bias);
}

static const eg_class group_class = {
    .name = "GroupNorm", .role = EG_LAYER, .size = sizeof(group_norm), .setup = group_setup, .update = group_update};
static const eg_class instance_class = {
    .name = "InstanceNorm", .role = EG_LAYER, .size = sizeof(group_norm), .setup = group_setup, .update = group_update};

eg_system *(eg_group_norm)(eg_system *parent, const char *name, int64_t num_groups, int64_t num_channels,
                           const eg_norm_params *params, const char *file, int line)
{
    group_norm l = {.p = params ? *params : eg_norm_defaults(), .groups = num_groups, .channels = num_channels};
    return (eg_system_new)(parent, name, &group_class, 0, &l, file, line);
}

eg_system *(eg_instance_norm)(eg_system *parent, const char *name, int64_t num_channels, const eg_norm_params *params,
                              const char *file, int line)
{
    group_norm l = {.p = params ? *params : eg_norm_defaults(), .groups = num_channels, .channels = num_channels};
    return (eg_system_new)(parent, name, &instance_class, 0, &l, file, line);
}
