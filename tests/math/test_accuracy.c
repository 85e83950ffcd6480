/* Accuracy of every composite in f32 and f64: at most 2 units in the last place wherever argument and result are
 * normal, special values exact.
 *
 * A million points a function and type: bit patterns of the whole range, and dense intervals.  They are measured
 * against the C library one format wider; the worst point and a sample are measured again with MPFR.
 *
 * Arguments: names of composites, to look at only these; before them --long (or EG_LONG=1): every f32, some twenty
 * seconds a function; --stride=N: every Nth f32. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "math/batch.h"
#include "math/compiled.h"
#include "math/points.h"
#include "support/support.h"

enum { POINTS = 1000000, SAMPLE_EVERY = 64, PRECISION = 140 };
static const double bound = 2, resolution = 0.001;
static bool all_f32;
static uint64_t stride = 1;
static int num_names;
static char **names;

typedef struct worst {
    double ulp, x, y, got;
} worst;

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
    const int points = test_sanitized() ? POINTS / 16 : POINTS;
    for (int n = 0; n < points; n += BATCH) {
        for (int k = 0; k < BATCH; k++) {
            store(f, x, k, next_point(r, f));
            store(f, y, k, next_point(r, f));
        }
        measure(r, f, b, x, y, &w);
    }
    return w;
}

/* error_of f32 against a result in f64, in the quick way: by its bits where it is normal, neither NaN nor infinite. */
static double quick_error(float got, double want)
{
    uint64_t bits;
    double per_ulp;
    memcpy(&bits, &want, sizeof bits);
    uint64_t e = bits >> 52 & 0x7FF;
    if (e < 1023 - 126) return fabsf(got) <= FLT_MIN ? 0 : INFINITY;
    if (isnan(want)) return isnan(got) ? 0 : INFINITY;
    if (isinf(want)) return (double)got == want ? 0 : INFINITY;
    if (e >= 1023 + 127 || isinf(got)) return error_of(&format_f32, (double)got, (long double)want);
    bits = (2 * 1023 + 23 - e) << 52;
    memcpy(&per_ulp, &bits, sizeof per_ulp);
    double error = fabs((double)got - want) * per_ulp;
    return isnan(error) ? INFINITY : error;
}

/* Every f32 (or every `stride`th), in compiled code, which gives the interpreter's bits (test_compiled.c).  Measured
 * against the composite in f64; what is worse than all before by more than the resolution, and a sample,
 * again with MPFR. */
static worst sweep_f32(const reference *r)
{
    enum { BLOCK = 1 << 14 };
    static float x[BLOCK], got[BLOCK];
    static double wide_x[BLOCK], want[BLOCK];
    compiled narrow = compiled_open(r->op, EG_F32, BLOCK, 0), in_f64 = compiled_open(r->op, EG_F64, BLOCK, 0);
    worst w = {0};
    uint64_t blocks = 0;
    for (uint64_t n = 0; n < (uint64_t)1 << 32; n += BLOCK * stride) {
        const bool sample = blocks++ % SAMPLE_EVERY == 0;
        for (int k = 0; k < BLOCK; k++) {
            uint32_t bits = (uint32_t)(n + (uint64_t)k * stride);
            if (!(bits & 0x7F800000)) bits &= 0x80000000;
            memcpy(&x[k], &bits, sizeof bits);
            wide_x[k] = (double)x[k];
        }
        compiled_run(&narrow, x, NULL, got, false);
        compiled_run(&in_f64, wide_x, NULL, want, false);
        for (int k = 0; k < BLOCK; k++) {
            double e = quick_error(got[k], want[k]);
            if (e > w.ulp + resolution || (sample && k == 0))
                e = error_of(&format_f32, (double)got[k], exact(r, wide_x[k], 0));
            if (e > w.ulp) w = (worst){e, wide_x[k], 0, (double)got[k]};
        }
    }
    compiled_close(&narrow);
    compiled_close(&in_f64);
    return w;
}

/* Arguments at which a result must be exact: sign of zero, infinities, NaN, quadrants, integers. */
static bool specials(const reference *r, const format *f, batch *b)
{
    const int num = 2 * num_special_points;
    ck_assert_int_le(num, BATCH);
    bool good = true;
    for (int i = 0; i < num; i++) {
        static double x[BATCH], y[BATCH], out[BATCH];
        double px = i % 2 ? -special_points[i / 2] : special_points[i / 2];
        px = f->t == EG_F32 ? (double)(float)px : px;
        if (!usable(f, px)) continue;
        for (int k = 0; k < num; k++) {
            double py = k % 2 ? -special_points[k / 2] : special_points[k / 2];
            store(f, x, k, px);
            store(f, y, k, usable(f, py) ? py : 0);
        }
        batch_run(b, x, y, out);
        for (int k = 0; k < (r->args == 2 ? num : 1); k++) {
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
    worst w = all_f32 && f->t == EG_F32 && r->args == 1 ? sweep_f32(r) : sweep_random(r, f, &b);
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
        good &= check(&references[k], &format_f32);
        good &= check(&references[k], &format_f64);
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
