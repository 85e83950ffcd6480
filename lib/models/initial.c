/* Initial values, drawn on the host: element k is a function of the seed, the variable's path and k, but for orthogonal
 * matrices, which are one of all such elements. */
#include <math.h>
#include <string.h>

#include "../net/draw.h"
#include "engram/parallel.h"
#include "initial.h"
#include "system.h"

enum { BLOCK = 1024, DRAW_VALUES = 3 };

static double ratio(double x, const double p[8], const double q[8])
{
    double a = p[7], b = q[7];
    for (int k = 6; k >= 0; k--) {
        a = a * x + p[k];
        b = b * x + q[k];
    }
    return a / b;
}

/* Quantile of the standard normal distribution, to 1e-16 (Wichura 1988, algorithm AS 241). */
static double normal_quantile(double u)
{
    static const double a[8] = {3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427,
                                13731.693765509461125, 45921.953931549871457, 67265.770927008700853,
                                33430.575583588128105, 2509.0809287301226727};
    static const double b[8] = {1,
                                42.313330701600911252,
                                687.18700749205790830,
                                5394.1960214247511077,
                                21213.794301586595867,
                                39307.895800092710610,
                                28729.085735721942674,
                                5226.4952788528545610};
    static const double c[8] = {1.42343711074968357734,   4.63033784615654529590,   5.76949722146069140550,
                                3.64784832476320460504,   1.27045825245236838258,   0.241780725177450611770,
                                0.0227238449892691845833, 7.74545014278341407640e-4};
    static const double d[8] = {1,
                                2.05319162663775882187,
                                1.67638483018380384940,
                                0.689767334985100004550,
                                0.148103976427480074590,
                                0.0151986665636164571966,
                                5.47593808499534494600e-4,
                                1.05075007164441684324e-9};
    static const double e[8] = {6.65790464350110377720,    5.46378491116411436990,   1.78482653991729133580,
                                0.296560571828504891230,   0.0265321895265761230930, 1.24266094738807843860e-3,
                                2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[8] = {1,
                                0.599832206555887937690,
                                0.136929880922735805310,
                                0.0148753612908506148525,
                                7.86869131145613259100e-4,
                                1.84631831751005468180e-5,
                                1.42151175831644588870e-7,
                                2.04426310338993978564e-15};
    double q = u - 0.5;
    if (fabs(q) <= 0.425) return q * ratio(0.180625 - q * q, a, b);
    double r = sqrt(-log(q < 0 ? u : 1 - u));
    double z = r <= 5 ? ratio(r - 1.6, c, d) : ratio(r - 5, e, f);
    return q < 0 ? -z : z;
}

typedef struct job {
    eg_initializer init;
    eg_spec spec;
    grids where; /* of decays */
    int64_t elements;
    uint64_t seed;
    void *to;
} job;

/* In [low, high), also after it was rounded to the variable's type. */
static double uniform(const job *j, double u)
{
    const double low = j->init.a, high = j->init.b, x = low + (high - low) * u;
    if (j->spec.dtype == EG_F32 && (double)(float)x >= high && low < high)
        return (double)nextafterf((float)high, (float)low);
    return x < high ? x : nextafter(high, low);
}

static double value(const job *j, draw *d, int64_t k)
{
    /* Normal distribution within two standard deviations on both sides: from `tail` to 1 - tail. */
    const double tail = 0.022750131948179207;
    const eg_initializer *i = &j->init;
    switch (i->kind) {
    case EG_INIT_CONSTANT: return i->a;
    case EG_INIT_ARRAY: return i->data[k];
    case EG_INIT_UNIFORM: return uniform(j, draw_unit(d));
    case EG_INIT_NORMAL: return i->a + i->b * normal_quantile(draw_unit(d) + 0x1p-54);
    case EG_INIT_TRUNCATED_NORMAL: return i->a + i->b * normal_quantile(tail + (1 - 2 * tail) * draw_unit(d));
    case EG_INIT_IDENTITY: return k / j->spec.dim[1] == k % j->spec.dim[1] ? i->a : 0;
    case EG_INIT_GAUSSIAN_DECAY:
    case EG_INIT_DOG_DECAY: return decay_weight(i, &j->where, k);
    case EG_INIT_DEFAULT:
    case EG_INIT_VARIANCE_SCALING: /* is another kind by now, and the next three are drawn elsewhere */
    case EG_INIT_ORTHOGONAL:
    case EG_INIT_FROM:
    case EG_INIT_DELTA_ORTHOGONAL: return 0;
    }
    return 0;
}

void store_initial(eg_dtype type, void *to, int64_t k, double x)
{
    switch (type) {
    case EG_F32: ((float *)to)[k] = (float)x; break;
    case EG_F64: ((double *)to)[k] = x; break;
    case EG_I32: ((int32_t *)to)[k] = (int32_t)fmin(fmax(trunc(x), INT32_MIN), INT32_MAX); break;
    case EG_U32: ((uint32_t *)to)[k] = (uint32_t)fmin(fmax(trunc(x), 0), UINT32_MAX); break;
    case EG_I64: ((int64_t *)to)[k] = x >= 0x1p63 ? INT64_MAX : x > -0x1p63 ? (int64_t)x : INT64_MIN; break;
    case EG_BOOL: ((uint8_t *)to)[k] = x != 0; break;
    case EG_C64: memcpy((float *)to + 2 * k, (const float[]){(float)x, 0}, 2 * sizeof(float)); break;
    case EG_C128: memcpy((double *)to + 2 * k, (const double[]){x, 0}, 2 * sizeof(double)); break;
    case EG_DTYPE_COUNT: break;
    }
}

static void draw_blocks(void *user, int64_t lo, int64_t hi)
{
    job *j = user;
    for (int64_t block = lo; block < hi; block++) {
        draw d = draw_of(j->seed, block, (draw_purpose)DRAW_VALUES);
        int64_t end = (block + 1) * BLOCK < j->elements ? (block + 1) * BLOCK : j->elements;
        for (int64_t k = block * BLOCK; k < end; k++) store_initial(j->spec.dtype, j->to, k, value(j, &d, k));
    }
}

/* What weights scaled by their fans are drawn from. */
static eg_initializer scaled(const eg_initializer *i, eg_spec spec)
{
    const double truncated_std = 0.87962566103423978; /* of a normal distribution within two standard deviations */
    double elements = (double)eg_num_elements(spec);
    double in = elements / (double)spec.dim[axis_of(spec, i->out_axis, -1)];
    double out = elements / (double)spec.dim[axis_of(spec, i->in_axis, -2)];
    double variance = i->a / (i->fan == EG_FAN_IN ? in : i->fan == EG_FAN_OUT ? out : (in + out) / 2);
    if (i->distribution == EG_INIT_UNIFORM) return eg_init_uniform(-sqrt(3 * variance), sqrt(3 * variance));
    if (i->distribution == EG_INIT_NORMAL) return eg_init_normal(0, sqrt(variance));
    return eg_init_truncated_normal(0, sqrt(variance) / truncated_std);
}

void draw_values(eg_context *eg, uint64_t seed, const eg_initializer *i, eg_spec spec, void *to)
{
    job j = {.init = *i, .spec = spec, .elements = eg_num_elements(spec), .seed = seed, .to = to};
    if (i->kind == EG_INIT_VARIANCE_SCALING) j.init = scaled(i, spec);
    if (i->kind == EG_INIT_GAUSSIAN_DECAY || i->kind == EG_INIT_DOG_DECAY) j.where = grids_of(i, spec);
    eg_parallel_for(eg, (j.elements + BLOCK - 1) / BLOCK, 8, draw_blocks, &j);
}

static void draw_one(eg_context *eg, uint64_t seed, const eg_initializer *i, eg_spec spec, void *to)
{
    if (i->kind == EG_INIT_ORTHOGONAL)
        draw_orthogonal(eg, seed, i, spec, to);
    else if (i->kind == EG_INIT_DELTA_ORTHOGONAL)
        draw_delta_orthogonal(eg, seed, i, spec, to);
    else
        draw_values(eg, seed, i, spec, to);
}

/* FNV-1a of a name that goes on. */
static uint64_t named(uint64_t seed, const char *name)
{
    /* What fits begin with is what runs of as many samples begin with: <path>.batch<B>.initial as <path>.batch<B>. */
    for (; *name && strcmp(name, ".initial") != 0; name++) seed = (seed ^ (unsigned char)*name) * 0x100000001B3u;
    return seed;
}

/* A sample of a batch, and how its variable's name goes on behind that of one sample's. */
typedef struct sample {
    const eg_system *s;
    const char *suffix;
    int64_t k;
} sample;

static void draw_sample(const sample *of, const member *m, eg_spec spec, void *to);

typedef struct made_from {
    const eg_initializer *init;
    eg_dtype from_type, type;
    const void *from;
    void *to;
} made_from;

static void make_from(void *user, int64_t lo, int64_t hi)
{
    const made_from *j = user;
    for (int64_t k = lo; k < hi; k++) {
        double x = j->from_type == EG_F64 ? ((const double *)j->from)[k] : (double)((const float *)j->from)[k];
        store_initial(j->type, j->to, k, j->init->f(j->init->user, x));
    }
}

/* From what the other variable begins with in the same sample, which is drawn again: it is a function of its name. */
static void draw_from(const sample *of, const member *m, eg_spec spec, void *to)
{
    eg_context *eg = of->s->eg;
    const member *other = of->s->first_member;
    while (strcmp(other->name, m->init.from) != 0) other = other->next;
    eg_spec from = eg_variable_spec(other->var);
    void *x = eg_alloc(eg, eg_num_elements(from), eg_dtype_size(from.dtype));
    if (!x) return;
    draw_sample(of, other, from, x);
    eg_parallel_for(eg, eg_num_elements(from), BLOCK, make_from, &(made_from){&m->init, from.dtype, spec.dtype, x, to});
    eg_release(eg, x);
}

static void draw_sample(const sample *of, const member *m, eg_spec spec, void *to)
{
    uint64_t seed = named(named(of->s->root->seed ^ 0xCBF29CE484222325u, eg_variable_name(m->var)), of->suffix);
    if (m->init.kind == EG_INIT_FROM)
        draw_from(of, m, spec, to);
    else
        draw_one(of->s->eg, seed + (uint64_t)of->k * 0x9E3779B97F4A7C15u, &m->init, spec, to);
}

void draw_initial(const eg_system *s, const member *m, eg_var *v, void *to)
{
    eg_spec all = eg_variable_spec(v), spec = eg_variable_spec(m->var);
    spec.dtype = all.dtype; /* spikes are floats in training */
    int64_t num = all.rank > spec.rank ? all.dim[0] : 1;
    size_t bytes = (size_t)eg_num_elements(spec) * eg_dtype_size(spec.dtype);
    for (int64_t k = 0; k < num && bytes && !eg_error(s->eg); k++) {
        const sample of = {s, eg_variable_name(v) + strlen(eg_variable_name(m->var)), k};
        draw_sample(&of, m, spec, (char *)to + (size_t)k * bytes);
    }
}
