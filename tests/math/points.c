/* See points.h. */
#include "math/points.h"

#include <float.h>
#include <math.h>

const format format_f32 = {EG_F32, FLT_MANT_DIG, FLT_MIN_EXP, FLT_MAX_EXP};
const format format_f64 = {EG_F64, DBL_MANT_DIG, DBL_MIN_EXP, DBL_MAX_EXP};

double load(const format *f, const void *v, int64_t k)
{
    return f->t == EG_F32 ? (double)((const float *)v)[k] : ((const double *)v)[k];
}

void store(const format *f, void *v, int64_t k, double x)
{
    if (f->t == EG_F32)
        ((float *)v)[k] = (float)x;
    else
        ((double *)v)[k] = x;
}

bool usable(const format *f, double x) { return !(fabs(x) < ldexp(1, f->min_exp - 1)) || x == 0; }

static uint64_t random64(void)
{
    static uint64_t state = 1;
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static double pattern(const format *f, uint64_t bits)
{
    double d;
    float s;
    uint32_t low = (uint32_t)(bits >> 32);
    memcpy(&d, &bits, sizeof d);
    memcpy(&s, &low, sizeof s);
    return f->t == EG_F32 ? (double)s : d;
}

/* Next to a multiple of pi/2, where a reduction loses most. */
static double near_multiple(const format *f, uint64_t bits)
{
    double k = (double)(bits >> 44) * (f->t == EG_F32 ? 1 / 16.0 : 1); /* about 1e5 and 1.6e6 in radians */
    double x = round(k) * 1.5707963267948966;
    return f->t == EG_F32 ? (double)(float)x : x;
}

double next_point(const reference *r, const format *f)
{
    bool periodic = r->op == EGI_SIN || r->op == EGI_COS || r->op == EGI_TAN;
    int ranges = 0;
    while (ranges < MAX_RANGES && r->range[ranges][0] != r->range[ranges][1]) ranges++;
    for (;;) {
        uint64_t bits = random64();
        int from = (int)(random64() % (unsigned)(ranges + 2));
        double x = pattern(f, bits); /* the whole range */
        if (from < ranges) {
            const double *p = r->range[from];
            x = p[0] + (p[1] - p[0]) * ((double)(bits >> 11) * 0x1p-53);
            if (f->t == EG_F32) x = (double)(float)x;
        } else if (from == ranges && periodic) {
            x = near_multiple(f, bits);
        }
        if (usable(f, x)) return x;
    }
}

const double special_points[] = {
    0.0, 1, 0.5, 2, 3, 4, 0.25, 8, 1.5, 27, 100, 1e30, INFINITY, NAN, FLT_MIN, FLT_MAX, DBL_MIN, DBL_MAX,
    /* the last ordinary and first other argument of the exponential family and its relatives */
    88.72283, 88.722839, 89.41598, 89.41600, 93.25, 93.5, 87.336540, 87.336548, 127.99999, 126, 126.00001, 10.05,
    709.782712893384, 709.7827128933841, 710.4758600739439, 710.4758600739441, 708.3964185322641, 708.3964185322642,
    1023.9999999999999, 1024, 1022, 26.54, 26.55, 9.19, 9.2, 1e5, 100000.01, 1e6, 1000000.0000000001,
    /* nearest to multiples of pi/2: f32 and f64 */
    0x1.6ac5b262ca1ffp849, 0x1.f9cbe2p30, 0x1.d5dd6ap73, 0.99999994, 0.9999999999999999, 1.0000001};
const int num_special_points = (int)EGI_LEN(special_points);
