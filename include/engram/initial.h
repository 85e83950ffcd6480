/* Initial values: how a variable of a system starts, and starts again when its state is reset.
 *
 *     eg_add_variable(self, "V", eg_floats(self), eg_init_normal(-55, 5));
 *     eg_add_variable(self, "W", eg_matrix(EG_F32, 784, 100), eg_init_xavier_normal());
 *
 * Random ones are drawn by the context's seed and the variable's path: the same for any number of threads.
 *
 * Weights are shaped [..., in, out]: the last axis counts the targets, the last but one the sources, and the others are
 * the places of a kernel.
 */
#ifndef ENGRAM_INITIAL_H
#define ENGRAM_INITIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a variable starts. */
typedef enum eg_init_kind {
    EG_INIT_DEFAULT, /* what the model says, else zeros */
    EG_INIT_CONSTANT,
    EG_INIT_NORMAL,
    EG_INIT_TRUNCATED_NORMAL,
    EG_INIT_UNIFORM,
    EG_INIT_ARRAY,
    EG_INIT_IDENTITY,
    EG_INIT_VARIANCE_SCALING,
    EG_INIT_ORTHOGONAL,
    EG_INIT_DELTA_ORTHOGONAL,
    EG_INIT_GAUSSIAN_DECAY,
    EG_INIT_DOG_DECAY,
    EG_INIT_FROM
} eg_init_kind;

/* What the variance of random weights is divided by: the inputs of an output, the outputs of an input, each with all
 * places of a kernel, or the mean of both. */
typedef enum eg_fan { EG_FAN_IN, EG_FAN_OUT, EG_FAN_AVG } eg_fan;

/* The functions below fill it.  What stands behind num may then be set besides; 0 is the default. */
typedef struct eg_initializer {
    eg_init_kind kind;
    double a, b;
    const double *data; /* EG_INIT_ARRAY: copied when the variable is made */
    int64_t num;
    /* Variance scaling: */
    eg_fan fan;
    eg_init_kind distribution; /* normal, uniform or, the default, truncated normal */
    /* Variance scaling and orthogonal matrices.  Axes are counted from the last, which is -1. */
    int in_axis;  /* 0 = -2 */
    int out_axis; /* 0 = -1; of an orthogonal matrix: the axis that is its rows */
    /* Decay with distance: */
    double c, d;   /* difference of Gaussians: sigma and max_w of the one taken off */
    double min_w;  /* smaller weights are 0; 0 = 0.005 of max_w, of a difference the smaller one; negative = keep all */
    int64_t width; /* of a matrix: source and target lie in rows of so many; 0 = each in one line */
    double low, high; /* the range that the places along each axis divide; both 0 = places lie 1 apart */
    bool periodic;    /* the range is a circle: the distance is that of the shorter way */
    bool no_self;     /* 0 between elements of the same index */
    /* From another variable: */
    const char *from;
    double (*f)(void *user, double x);
    void *user;
} eg_initializer;

/* An initialiser by its parts; the functions below are easier to read. */
static inline eg_initializer eg_init_of(eg_init_kind kind, double a, double b, const double *data, int64_t num)
{
    eg_initializer i;
    i.kind = kind;
    i.a = a;
    i.b = b;
    i.data = data;
    i.num = num;
    i.fan = EG_FAN_IN;
    i.distribution = EG_INIT_DEFAULT;
    i.in_axis = i.out_axis = 0;
    i.c = i.d = i.min_w = i.low = i.high = 0;
    i.width = 0;
    i.periodic = i.no_self = false;
    i.from = NULL;
    i.f = NULL;
    i.user = NULL;
    return i;
}
/* The same number in all elements; normal with that mean and standard deviation. */
static inline eg_initializer eg_init_constant(double x) { return eg_init_of(EG_INIT_CONSTANT, x, 0, 0, 0); }
static inline eg_initializer eg_init_normal(double mean, double std)
{
    return eg_init_of(EG_INIT_NORMAL, mean, std, 0, 0);
}
/* Normal, drawn within two standard deviations. */
static inline eg_initializer eg_init_truncated_normal(double mean, double std)
{
    return eg_init_of(EG_INIT_TRUNCATED_NORMAL, mean, std, 0, 0);
}
/* Uniform in [low, high). */
static inline eg_initializer eg_init_uniform(double low, double high)
{
    return eg_init_of(EG_INIT_UNIFORM, low, high, 0, 0);
}
/* num must be the number of elements of the variable. */
static inline eg_initializer eg_init_array(const double *data, int64_t num)
{
    return eg_init_of(EG_INIT_ARRAY, 0, 0, data, num);
}
/* Element k is f(user, x), x being what element k of another floating variable begins with: the steady state of a gate
 * at the first V.  `from` names a variable of the same system and shape that was made before; the name is copied.  x is
 * what the initialiser of `from` gives, also in each sample of a batch.  f is called at every reset, by several threads
 * at once. */
static inline eg_initializer eg_init_from(const char *from, double (*f)(void *user, double x), void *user)
{
    eg_initializer i = eg_init_of(EG_INIT_FROM, 0, 0, NULL, 0);
    i.from = from;
    i.f = f;
    i.user = user;
    return i;
}

/* -- weights ------------------------------------------------------------------------------------------------------- */

/* Of a matrix: that number on the diagonal, 0 elsewhere. */
static inline eg_initializer eg_init_identity(double value) { return eg_init_of(EG_INIT_IDENTITY, value, 0, 0, 0); }
/* Random weights of mean 0 and variance scale / fan, for shapes of rank 2 and more. */
static inline eg_initializer eg_init_variance_scaling(double scale, eg_fan fan, eg_init_kind distribution)
{
    eg_initializer i = eg_init_of(EG_INIT_VARIANCE_SCALING, scale, 0, 0, 0);
    i.fan = fan;
    i.distribution = distribution;
    return i;
}
/* Variance 2 / fan_in, for units that are 0 below 0 (He et al. 2015).  Normal ones here and below are truncated at two
 * standard deviations and as much wider as this takes of their variance. */
static inline eg_initializer eg_init_kaiming_normal(void)
{
    return eg_init_variance_scaling(2, EG_FAN_IN, EG_INIT_TRUNCATED_NORMAL);
}
static inline eg_initializer eg_init_kaiming_uniform(void)
{
    return eg_init_variance_scaling(2, EG_FAN_IN, EG_INIT_UNIFORM);
}
/* Variance 1 / the mean of both fans (Glorot and Bengio 2010). */
static inline eg_initializer eg_init_xavier_normal(void)
{
    return eg_init_variance_scaling(1, EG_FAN_AVG, EG_INIT_TRUNCATED_NORMAL);
}
static inline eg_initializer eg_init_xavier_uniform(void)
{
    return eg_init_variance_scaling(1, EG_FAN_AVG, EG_INIT_UNIFORM);
}
/* Variance 1 / fan_in (LeCun et al. 1998). */
static inline eg_initializer eg_init_lecun_normal(void)
{
    return eg_init_variance_scaling(1, EG_FAN_IN, EG_INIT_TRUNCATED_NORMAL);
}
static inline eg_initializer eg_init_lecun_uniform(void)
{
    return eg_init_variance_scaling(1, EG_FAN_IN, EG_INIT_UNIFORM);
}
/* Uniform among the matrices with orthogonal columns of length scale, or rows if there are fewer of these.  Other
 * shapes of rank 2 and more are taken as the matrix of out_axis and all other axes.  Costs rows x columns x the smaller
 * of the two, at every reset. */
static inline eg_initializer eg_init_orthogonal(double scale) { return eg_init_of(EG_INIT_ORTHOGONAL, scale, 0, 0, 0); }
/* Of a kernel of rank 3 to 5 with out >= in: an orthogonal matrix in its middle, 0 elsewhere (Xiao et al. 2018).  The
 * middle of an even number of places is the first of the two. */
static inline eg_initializer eg_init_delta_orthogonal(double scale)
{
    return eg_init_of(EG_INIT_DELTA_ORTHOGONAL, scale, 0, 0, 0);
}
/* max_w exp(-distance^2 / (2 sigma^2)) between the places of source and target.  The first half of the shape's axes is
 * the grid of the source, the second that of the target: [source, target], [rows, columns, rows, columns]. */
static inline eg_initializer eg_init_gaussian_decay(double sigma, double max_w)
{
    return eg_init_of(EG_INIT_GAUSSIAN_DECAY, sigma, max_w, 0, 0);
}
/* Such a Gaussian, minus another one. */
static inline eg_initializer eg_init_dog_decay(double sigma, double max_w, double minus_sigma, double minus_max_w)
{
    eg_initializer i = eg_init_of(EG_INIT_DOG_DECAY, sigma, max_w, 0, 0);
    i.c = minus_sigma;
    i.d = minus_max_w;
    return i;
}

#ifdef __cplusplus
}
#endif
#endif
