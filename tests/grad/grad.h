/* Gradients against central differences and against the interpreter, for any function of floats. */
#ifndef ENGRAM_TESTS_GRAD_H
#define ENGRAM_TESTS_GRAD_H

#include <math.h>

#include "engram/random.h"
#include "engram/transform.h"
#include "ir/func.h"
#include "unit/session.h"

enum { MOST = 512 };

/* Numbers without pattern in (low, high). */
static inline double number(uint64_t k, double low, double high)
{
    uint64_t z = (k + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return low + (high - low) * ((double)((z ^ (z >> 31)) >> 11) * 0x1p-53);
}

/* A function under test; what it returns (any tuple of floats) is weighted and summed to a scalar. */
typedef struct subject {
    eg_fn fn;
    void *user;
    uint64_t weights; /* given out */
} subject;

static inline eg_val weighted(subject *s, eg_val y)
{
    if (eg_tuple_size(y) != 1) {
        eg_val sum = eg_real(0);
        for (int k = 0; k < eg_tuple_size(y); k++) sum = eg_add(sum, weighted(s, eg_item(y, k)));
        return sum;
    }
    eg_spec spec = eg_spec_of(y);
    if (spec.rank < 0) return eg_real(0);
    double w[MOST];
    size_t n = bytes_of(spec) / eg_dtype_size(spec.dtype);
    ck_assert_uint_le(n, MOST);
    for (size_t k = 0; k < n; k++) w[k] = number(s->weights++, 0.5, 1.5);
    spec.dtype = EG_F64;
    return eg_sum(eg_mul(eg_convert(y, EG_F64), eg_constant(eg_array_new(eg, spec, w))));
}

static inline eg_val subject_fn(void *user, eg_val x)
{
    subject *s = user;
    return eg_add(weighted(s, s->fn(s->user, x)), eg_full(eg, eg_scalar(EG_F64), 0.0));
}

typedef struct point {
    int n;
    eg_spec spec[8];
    double *x[8]; /* f64 and f32 are converted */
} point;

static inline size_t count_in(eg_spec s) { return bytes_of(s) / eg_dtype_size(s.dtype); }

static inline void run_at(eg_func *f, const point *p, void *const *out, int threads, bool interpret)
{
    const void *in[8];
    eg_state *s = eg_state_new(eg);
    for (int k = 0; k < p->n; k++) in[k] = p->x[k];
    eg_status status = eg_call(f, s, in, out, &(eg_run_options){.threads = threads, .interpret = interpret});
    ck_assert_msg(status == EG_OK, "%s%s", eg_run_message(s), eg_message(eg));
    eg_state_free(s);
}

static inline double value_at(eg_func *f, const point *p)
{
    double y = 0;
    void *out[] = {&y};
    run_at(f, p, out, 1, true);
    return y;
}

/* The gradient function's results, the same bits interpreted and compiled on 1 to 3 threads. */
static inline void gradient_at(eg_func *df, const point *p, double **g)
{
    double value[2], other[8][MOST];
    void *out[9] = {&value[0]}, *again[9] = {&value[1]};
    for (int k = 0; k < p->n; k++) out[1 + k] = g[k], again[1 + k] = other[k];
    run_at(df, p, out, 1, true);
    for (int threads = 1; threads <= 3; threads++) {
        run_at(df, p, again, threads, false);
        ck_assert_msg(test_same_f64(value[0], value[1]), "value: %a and %a", value[0], value[1]);
        for (int k = 0; k < p->n; k++) test_check_f64("gradient", other[k], g[k], count_in(p->spec[k]));
    }
}

/* Every policy gives the same bits. */
static inline void check_policies(eg_func *f, const point *p, double **want)
{
    const eg_gradient_options o[] = {{.policy = EG_CHECKPOINT_SQRT},
                                     {.policy = EG_CHECKPOINT_EVERY, .every = 1},
                                     {.policy = EG_CHECKPOINT_EVERY, .every = 2},
                                     {.policy = EG_CHECKPOINT_EVERY, .every = 5}};
    for (size_t k = 0; k < LEN(o) && strstr(eg_text(f), " = loop"); k++) {
        double g[8][MOST], *to[8];
        for (int j = 0; j < p->n; j++) to[j] = g[j];
        eg_func *df = eg_gradient(f, &o[k]);
        fine();
        gradient_at(df, p, to);
        for (int j = 0; j < p->n; j++) test_check_f64("policy", g[j], want[j], count_in(p->spec[j]));
    }
}

/* All arguments are f64.  rtol of the largest element; 4th order central differences. */
static inline void check_gradient_of(eg_func *f, const char *name, const point *p, double rtol)
{
    eg_func *df = eg_gradient(f, NULL);
    ck_assert_msg(df != NULL, "%s: %s", name, eg_message(eg));
    ck_assert_int_eq(eg_num_results(df), 1 + p->n);
    double g[8][MOST], *to[8];
    for (int k = 0; k < p->n; k++) to[k] = g[k];
    gradient_at(df, p, to);
    check_policies(f, p, to);
    for (int k = 0; k < p->n; k++) {
        for (size_t j = 0; j < count_in(p->spec[k]); j++) {
            double *x = &p->x[k][j], x0 = *x, h = 1e-3 * fmax(0.1, fabs(x0)), y[4];
            static const double at[] = {-2, -1, 1, 2};
            for (int i = 0; i < 4; i++) {
                *x = x0 + at[i] * h;
                y[i] = value_at(f, p);
            }
            *x = x0;
            double want = (y[0] - 8 * y[1] + 8 * y[2] - y[3]) / (12 * h);
            ck_assert_msg(fabs(g[k][j] - want) <= rtol * fmax(1, fabs(want)),
                          "%s: argument %d, element %zu at %g: gradient %.12g, differences %.12g", name, k, j, x0,
                          g[k][j], want);
        }
    }
}

static inline void fill_point(point *p, int n, const eg_spec *specs, double low, double high, double (*memory)[MOST])
{
    p->n = n;
    for (int k = 0; k < n; k++) {
        p->spec[k] = specs[k];
        p->x[k] = memory[k];
        ck_assert_uint_le(count_in(specs[k]), MOST);
        for (size_t j = 0; j < count_in(specs[k]); j++) memory[k][j] = number(1000 * (uint64_t)k + j, low, high);
    }
}

/* Traces, differentiates, compares; and the gradient's gradient as well. */
static inline void check_gradient(const char *name, eg_fn fn, void *user, int n, const eg_spec *specs, double low,
                                  double high)
{
    double memory[8][MOST];
    point p;
    fill_point(&p, n, specs, low, high, memory);
    subject s = {fn, user, 0};
    eg_func *f = eg_trace(eg, name, subject_fn, &s, n, specs);
    ck_assert_msg(f != NULL, "%s: %s", name, eg_message(eg));
    check_gradient_of(f, name, &p, 1e-6);
}

/* The weighted gradient of the function itself is differentiated once more. */
static eg_func *first_gradient;
static inline eg_val of_gradient(void *user, eg_val x)
{
    (void)user;
    eg_val all = eg_apply(first_gradient, x);
    eg_val part[8];
    int n = eg_tuple_size(all);
    for (int k = 1; k < n; k++) part[k - 1] = eg_item(all, k);
    return n == 2 ? part[0] : eg_tuple(eg, n - 1, part);
}

static inline void check_second(const char *name, eg_fn fn, void *user, int n, const eg_spec *specs, double low,
                                double high)
{
    subject s = {fn, user, 0};
    eg_func *f = eg_trace(eg, name, subject_fn, &s, n, specs);
    ck_assert_msg(f != NULL, "%s: %s", name, eg_message(eg));
    first_gradient = eg_gradient(f, NULL);
    ck_assert_msg(first_gradient != NULL, "%s: %s", name, eg_message(eg));
    check_gradient(name, of_gradient, NULL, n, specs, low, high);
}

#endif
