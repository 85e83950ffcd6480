/* Initial values, drawn on the host: element k is a function of the seed, the variable's path and k. */
#include <math.h>
#include <string.h>

#include "../net/draw.h"
#include "engram/parallel.h"
#include "system.h"

enum { BLOCK = 1024, DRAW_VALUES = 3 };

static bool fail(eg_system *s, const char *name, const char *what, double a, double b, const char *remedy)
{
    eg_system_fail(s, EG_ERR_ARGUMENT, "the initial value of '%s' is %s(%g, %g); %s", name, what, a, b, remedy);
    return false;
}

bool check_initial(eg_system *s, const char *name, int64_t elements, const eg_initializer *i)
{
    switch (i->kind) {
    case EG_INIT_DEFAULT: return true;
    case EG_INIT_CONSTANT: return !isnan(i->a) || fail(s, name, "constant", i->a, 0, "give a number");
    case EG_INIT_NORMAL:
    case EG_INIT_TRUNCATED_NORMAL:
        return (isfinite(i->a) && i->b >= 0 && isfinite(i->b)) ||
               fail(s, name, "normal", i->a, i->b, "use a finite mean and a standard deviation of at least 0");
    case EG_INIT_UNIFORM:
        return (isfinite(i->a) && isfinite(i->b) && i->a <= i->b) ||
               fail(s, name, "uniform", i->a, i->b, "use finite bounds, the lower one first");
    case EG_INIT_ARRAY:
        if (i->data && i->num == elements) return true;
        eg_system_fail(s, EG_ERR_SHAPE, "the initial value of '%s' is %s of %lld; give one of %lld numbers", name,
                       i->data ? "an array" : "a NULL array", (long long)i->num, (long long)elements);
        return false;
    }
    eg_system_fail(s, EG_ERR_ARGUMENT, "the initial value of '%s' is of unknown kind %d; use eg_init_...()", name,
                   (int)i->kind);
    return false;
}

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

static double value(const eg_initializer *i, draw *d, int64_t k)
{
    /* Normal distribution within two standard deviations on both sides: from `tail` to 1 - tail. */
    const double tail = 0.022750131948179207;
    switch (i->kind) {
    case EG_INIT_DEFAULT: return 0;
    case EG_INIT_CONSTANT: return i->a;
    case EG_INIT_ARRAY: return i->data[k % i->num]; /* of a batch: for each sample */
    case EG_INIT_UNIFORM: return i->a + (i->b - i->a) * draw_unit(d);
    case EG_INIT_NORMAL: return i->a + i->b * normal_quantile(draw_unit(d) + 0x1p-54);
    case EG_INIT_TRUNCATED_NORMAL: return i->a + i->b * normal_quantile(tail + (1 - 2 * tail) * draw_unit(d));
    }
    return 0;
}

static void store(eg_dtype type, void *to, int64_t k, double x)
{
    switch (type) {
    case EG_F32: ((float *)to)[k] = (float)x; break;
    case EG_F64: ((double *)to)[k] = x; break;
    case EG_I32: ((int32_t *)to)[k] = (int32_t)fmin(fmax(trunc(x), INT32_MIN), INT32_MAX); break;
    case EG_U32: ((uint32_t *)to)[k] = (uint32_t)fmin(fmax(trunc(x), 0), UINT32_MAX); break;
    case EG_I64: ((int64_t *)to)[k] = x >= 0x1p63 ? INT64_MAX : x > -0x1p63 ? (int64_t)x : INT64_MIN; break;
    case EG_BOOL: ((uint8_t *)to)[k] = x != 0; break;
    case EG_DTYPE_COUNT: break;
    }
}

typedef struct job {
    const eg_initializer *init;
    eg_dtype type;
    int64_t elements;
    uint64_t seed;
    void *to;
} job;

static void draw_blocks(void *user, int64_t lo, int64_t hi)
{
    job *j = user;
    for (int64_t block = lo; block < hi; block++) {
        draw d = draw_of(j->seed, block, (draw_purpose)DRAW_VALUES);
        int64_t end = (block + 1) * BLOCK < j->elements ? (block + 1) * BLOCK : j->elements;
        for (int64_t k = block * BLOCK; k < end; k++) store(j->type, j->to, k, value(j->init, &d, k));
    }
}

void draw_initial(const eg_system *s, const eg_initializer *init, eg_var *v, void *to)
{
    eg_spec spec = eg_variable_spec(v);
    job j = {.init = init, .type = spec.dtype, .elements = elements_of(spec), .to = to};
    j.seed = s->root->seed ^ 0xCBF29CE484222325u; /* FNV-1a of the path */
    for (const char *c = eg_variable_name(v); *c; c++) j.seed = (j.seed ^ (unsigned char)*c) * 0x100000001B3u;
    eg_parallel_for(s->eg, (j.elements + BLOCK - 1) / BLOCK, 8, draw_blocks, &j);
}
