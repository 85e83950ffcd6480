/* Accuracy of every composite in f32 and f64: at most 2 units in the last place wherever argument and result are
 * normal, special values exact.
 *
 * A million points a function and type: bit patterns of the whole range, and dense intervals.  They are measured
 * against the C library one format wider; the worst point and a sample are measured again with MPFR.
 *
 * Arguments: names of composites, to look at only these; before them --long (or EG_LONG=1): every f32, about six
 * minutes a function; --stride=N: every Nth f32. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "math/batch.h"
#include "math/reference.h"
#include "support/support.h"

enum { POINTS = 1000000, SAMPLE_EVERY = 64, PRECISION = 140 };
static const double bound = 2;
static bool all_f32;
static uint64_t stride = 1;
static int num_names;
static char **names;

typedef struct format {
    eg_dtype t;
    int digits, min_exp, max_exp; /* smallest normal number is 2^(min_exp - 1); 2^max_exp overflows */
} format;
static const format f32 = {EG_F32, FLT_MANT_DIG, FLT_MIN_EXP, FLT_MAX_EXP};
static const format f64 = {EG_F64, DBL_MANT_DIG, DBL_MIN_EXP, DBL_MAX_EXP};

typedef struct worst {
    double ulp, x, y, got;
} worst;

static uint64_t random_state = 1;
static uint64_t random64(void)
{
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* Error in units in the last place of a normal result; below the normal range any flushed or smallest number is right.
 */
static double error_of(const format *f, double got, long double want)
{
    double least = ldexp(1, f->min_exp - 1);
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
    if (fabsl(want) < (long double)least) return fabs(got) <= least ? 0 : INFINITY;
    long double overflow = ldexpl(1, f->max_exp) - ldexpl(0.5L, f->max_exp - f->digits);
    if (fabsl(want) >= overflow) return isinf(got) && (got > 0) == (want > 0) ? 0 : INFINITY;
    if (isinf(got)) return INFINITY;
    long double ulp = ldexpl(1, ilogbl(want) - f->digits + 1);
    return (double)(fabsl((long double)got - want) / ulp);
}

static long double exact(const reference *r, double x, double y)
{
    static mpfr_t mx, my, mr;
    static bool ready;
    if (!ready) mpfr_inits2(PRECISION, mx, my, mr, (mpfr_ptr)0);
    ready = true;
    mpfr_set_d(mx, x, MPFR_RNDN);
    mpfr_set_d(my, y, MPFR_RNDN);
    r->exact(mr, mx, my);
    return mpfr_get_ld(mr, MPFR_RNDN);
}

static long double wide(const reference *r, const format *f, double x, double y)
{
    return f->t == EG_F32 ? (long double)r->wide32(x, y) : r->wide64(x, y);
}

static double load(const format *f, const void *v, int k)
{
    return f->t == EG_F32 ? (double)((const float *)v)[k] : ((const double *)v)[k];
}

static void store(const format *f, void *v, int k, double x)
{
    if (f->t == EG_F32)
        ((float *)v)[k] = (float)x;
    else
        ((double *)v)[k] = x;
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

static bool usable(const format *f, double x) { return !(fabs(x) < ldexp(1, f->min_exp - 1)) || x == 0; }

/* Next to a multiple of pi/2, where a reduction loses most. */
static double near_multiple(const format *f, uint64_t bits)
{
    double k = (double)(bits >> 44) * (f->t == EG_F32 ? 1 / 16.0 : 1); /* about 1e5 and 1.6e6 in radians */
    double x = round(k) * 1.5707963267948966;
    return f->t == EG_F32 ? (double)(float)x : x;
}

static double next_point(const reference *r, const format *f, int ranges)
{
    bool periodic = r->op == EGI_SIN || r->op == EGI_COS || r->op == EGI_TAN;
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

static void measure(const reference *r, const format *f, batch *b, const void *x, const void *y, worst *w)
{
    static double out[BATCH];
    batch_run(b, x, y, out);
    for (int k = 0; k < BATCH; k++) {
        double px = load(f, x, k), py = r->args == 2 ? load(f, y, k) : 0, got = load(f, out, k);
        double e = error_of(f, got, wide(r, f, px, py));
        if (e > w->ulp || k % SAMPLE_EVERY == 0) e = error_of(f, got, exact(r, px, py));
        if (e > w->ulp) *w = (worst){e, px, py, got};
    }
}

static worst sweep_random(const reference *r, const format *f, batch *b)
{
    static double x[BATCH], y[BATCH];
    worst w = {0};
    int ranges = 0;
    while (ranges < MAX_RANGES && r->range[ranges][0] != r->range[ranges][1]) ranges++;
    for (int n = 0; n < POINTS; n += BATCH) {
        for (int k = 0; k < BATCH; k++) {
            store(f, x, k, next_point(r, f, ranges));
            store(f, y, k, next_point(r, f, ranges));
        }
        measure(r, f, b, x, y, &w);
    }
    return w;
}

/* Every f32 (or every `stride`th). */
static worst sweep_f32(const reference *r, batch *b)
{
    static float x[BATCH];
    worst w = {0};
    for (uint64_t n = 0; n < (uint64_t)1 << 32; n += BATCH * stride) {
        for (int k = 0; k < BATCH; k++) {
            uint32_t bits = (uint32_t)(n + (uint64_t)k * stride);
            memcpy(&x[k], &bits, sizeof bits);
            if (!usable(&f32, x[k])) x[k] = 0;
        }
        measure(r, &f32, b, x, NULL, &w);
    }
    return w;
}

/* Arguments at which a result must be exact: sign of zero, infinities, NaN, quadrants, integers. */
static bool specials(const reference *r, const format *f, batch *b)
{
    static const double values[] = {
        0.0, 1, 0.5, 2, 3, 4, 0.25, 8, 1.5, 27, 100, 1e30, INFINITY, NAN, FLT_MIN, FLT_MAX, DBL_MIN, DBL_MAX,
        /* the last ordinary and first other argument of the exponential family and its relatives */
        88.72283, 88.722839, 89.41598, 89.41600, 93.25, 93.5, 87.336540, 87.336548, 127.99999, 126, 126.00001, 10.05,
        709.782712893384, 709.7827128933841, 710.4758600739439, 710.4758600739441, 708.3964185322641, 708.3964185322642,
        1023.9999999999999, 1024, 1022, 26.54, 26.55, 9.19, 9.2, 1e5, 100000.01, 1e6, 1000000.0000000001,
        /* nearest to multiples of pi/2: f32 and f64 */
        0x1.6ac5b262ca1ffp849, 0x1.f9cbe2p30, 0x1.d5dd6ap73, 0.99999994, 0.9999999999999999, 1.0000001};
    enum { N = 2 * (int)EGI_LEN(values) };
    bool good = true;
    for (int i = 0; i < N; i++) {
        static double x[BATCH], y[BATCH], out[BATCH];
        double px = i % 2 ? -values[i / 2] : values[i / 2];
        px = f->t == EG_F32 ? (double)(float)px : px;
        if (!usable(f, px)) continue;
        for (int k = 0; k < N; k++) {
            double py = k % 2 ? -values[k / 2] : values[k / 2];
            store(f, x, k, px);
            store(f, y, k, usable(f, py) ? py : 0);
        }
        batch_run(b, x, y, out);
        for (int k = 0; k < (r->args == 2 ? N : 1); k++) {
            double py = load(f, y, k), got = load(f, out, k);
            long double want = exact(r, px, py);
            bool fits = error_of(f, got, want) <= bound;
            if (want == 0 || !isfinite(want)) fits = fits && (isnan(want) || !signbit(got) == !signbit(want));
            if (fabsl(want) == 1) fits = fits && (long double)got == want;
            if (fits) continue;
            printf("  %s %s(%g, %g) is %a, must be %La\n", eg_dtype_name(f->t), egi_ops[r->op].text, px, py, got, want);
            good = false;
        }
    }
    return good;
}

static bool wanted(const reference *r)
{
    for (int k = 0; k < num_names; k++) {
        if (strcmp(names[k], egi_ops[r->op].text) == 0) return true;
    }
    return num_names == 0;
}

static bool check(const reference *r, const format *f)
{
    batch b;
    batch_open(&b, r->op, f->t);
    worst w = all_f32 && f->t == EG_F32 && r->args == 1 ? sweep_f32(r, &b) : sweep_random(r, f, &b);
    bool good = specials(r, f, &b) && w.ulp <= bound;
    printf("%-9s %s  %6.3f ulp at %-24.17g", egi_ops[r->op].text, eg_dtype_name(f->t), w.ulp, w.x);
    if (r->args == 2) printf(" %-24.17g", w.y);
    printf(" %3d nodes%s\n", b.nodes, good ? "" : "  FAILED");
    if (!good) printf("    got %a, exact %La\n", w.got, exact(r, w.x, w.y));
    fflush(stdout);
    batch_close(&b);
    return good;
}

START_TEST(every_composite_is_within_2_ulp)
{
    bool good = true;
    for (int k = 0; k < num_references; k++) {
        if (!wanted(&references[k])) continue;
        good &= check(&references[k], &f32);
        good &= check(&references[k], &f64);
    }
    ck_assert(good);
}
END_TEST

int main(int argc, char **argv)
{
    all_f32 = test_long();
    if (argc > 1 && strcmp(argv[1], "--long") == 0) {
        all_f32 = true;
        argc--;
        argv++;
    }
    if (argc > 1 && strncmp(argv[1], "--stride=", 9) == 0) {
        all_f32 = true;
        stride = strtoull(argv[1] + 9, NULL, 10);
        if (stride == 0) stride = 1;
        argc--;
        argv++;
    }
    num_names = argc - 1;
    names = argv + 1;
    Suite *suite = suite_create("accuracy");
    TCase *tcase = tcase_create("accuracy");
    tcase_set_timeout(tcase, 0);
    tcase_add_test(tcase, every_composite_is_within_2_ulp);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
