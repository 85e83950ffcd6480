/* Functions by hand that tempt the compiler: variables and arguments for them, and the runs that must agree. */
#ifndef ENGRAM_TESTS_CORNERS_H
#define ENGRAM_TESTS_CORNERS_H

#include <math.h>

#include "engram/random.h"
#include "session.h"

enum { ROWS = 5, ARGS = 4, MOST = 8 };

static int64_t N;
static eg_dtype T;
static eg_var *v[4], *m, *g[3], *total, *fired[2], *whole;
static eg_csr *csr[2];
static const char *const names[] = {"v0", "v1", "v2", "v3", "m", "g0", "g1", "g2", "total", "f0", "f1", "whole", NULL};

/* -- data ---------------------------------------------------------------------------------------------------------- */

static inline uint32_t rough(uint32_t x)
{
    x = x * 2654435761u + 12345u;
    return x ^ x >> 13;
}

/* Small numbers with many ties; with a special one now and then. */
static inline double number(int64_t i, uint32_t salt, bool special)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, -0.0, 0.0, 1e-42, -1e-42, 3e38, -3e38, 1e-310};
    uint32_t r = rough((uint32_t)i * 31 + salt);
    if (special && r % 7 == 3) return odd[r / 7 % LEN(odd)];
    return (double)((int)(r / 16 % 41) - 20) / 8;
}

static inline void *filled(eg_spec s, uint32_t salt, bool special)
{
    int64_t n = 1;
    for (int k = 0; k < s.rank; k++) n *= s.dim[k];
    void *data = calloc((size_t)n + 1, 8);
    for (int64_t i = 0; i < n; i++) {
        double x = number(i, salt, special);
        uint32_t r = rough((uint32_t)i + salt);
        switch (s.dtype) {
        case EG_F32: ((float *)data)[i] = (float)x; break;
        case EG_F64: ((double *)data)[i] = x; break;
        case EG_BOOL: ((uint8_t *)data)[i] = r % 3 == 0; break;
        case EG_I64: {
            static const int64_t edge[] = {INT64_MIN, INT64_MAX, -1, 0, 1, INT64_MIN + 1, 1ll << 62, -(1ll << 32), 7};
            ((int64_t *)data)[i] = edge[r % LEN(edge)];
            break;
        }
        default: ((int32_t *)data)[i] = (int32_t)(r % 9 == 0 ? r : r % (uint32_t)(N + 3)) - 2;
        }
    }
    return data;
}

static inline eg_var *variable(const char *name, eg_spec s, uint32_t salt, bool special)
{
    eg_var *w = eg_variable(eg, name, s);
    void *data = filled(s, salt, special);
    eg_init(w, data, bytes_of(s));
    free(data);
    return w;
}

/* Rows of up to 5 synapses, some empty, some with equal targets. */
static inline eg_csr *connections(int64_t pre, int64_t post, uint32_t salt)
{
    int64_t *ptr = calloc((size_t)pre + 1, sizeof *ptr), n = 0;
    int32_t *target = calloc((size_t)pre * 5 + 1, sizeof *target);
    for (int64_t i = 0; i < pre; i++) {
        for (uint32_t k = 0; k < rough((uint32_t)i + salt) % 6 && post; k++)
            target[n++] = (int32_t)(rough((uint32_t)i * 5 + k / 2 + salt) % (uint32_t)post);
        ptr[i + 1] = n;
    }
    eg_csr *c = eg_csr_new(eg, pre, post, ptr, target);
    free(ptr);
    free(target);
    return c;
}

static inline void open_with(const eg_options *o, int64_t n, eg_dtype t, bool special)
{
    eg = eg_open(o);
    N = n;
    T = t;
    for (uint32_t k = 0; k < LEN(v); k++) v[k] = variable(names[k], eg_vector(t, n), k, special);
    m = variable("m", eg_matrix(t, ROWS, n), 50, special);
    for (uint32_t k = 0; k < LEN(g); k++) g[k] = variable(names[5 + k], eg_vector(t, n), 10 + k, false);
    total = variable("total", eg_scalar(t), 90, false);
    for (uint32_t k = 0; k < LEN(fired); k++) fired[k] = variable(names[9 + k], eg_vector(EG_BOOL, n), 30 + k, false);
    whole = variable("whole", eg_vector(EG_I64, n), 40, false);
    for (uint32_t k = 0; k < LEN(csr); k++) csr[k] = connections(n, n, 100 + k);
    fine();
}

/* -- runs ---------------------------------------------------------------------------------------------------------- */

static inline bool same(eg_dtype t, const void *a, const void *b, int64_t i)
{
    if (t == EG_F32) return test_same_f32(((const float *)a)[i], ((const float *)b)[i]);
    if (t == EG_F64) {
        double x = ((const double *)a)[i], y = ((const double *)b)[i];
        return (isnan(x) && isnan(y)) || !memcmp(&x, &y, sizeof x);
    }
    size_t size = eg_dtype_size(t);
    return !memcmp((const char *)a + (size_t)i * size, (const char *)b + (size_t)i * size, size);
}

static inline void same_array(const char *title, const char *what, eg_spec s, const void *want, const void *got,
                              int threads)
{
    int64_t n = (int64_t)(bytes_of(s) / eg_dtype_size(s.dtype));
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(same(s.dtype, want, got, i), "%s of %lld %s, %d threads: %s [%lld]", title, (long long)N,
                      eg_dtype_name(T), threads, what, (long long)i);
}

typedef struct outcome {
    eg_state *s;
    void *out[MOST];
} outcome;

static inline outcome outcome_of(eg_func *f, const void *const *in, const eg_run_options *o, int times)
{
    outcome r = {.s = eg_state_new(eg)};
    for (int k = 0; k < eg_num_results(f); k++) r.out[k] = calloc(1, bytes_of(eg_result_spec(f, k)) + 1);
    for (int k = 0; k < times; k++)
        ck_assert_msg(eg_call(f, r.s, in, r.out, o) == EG_OK, "%s%s", eg_run_message(r.s), eg_message(eg));
    return r;
}

static inline void outcome_free(outcome *r)
{
    for (int k = 0; k < MOST; k++) free(r->out[k]);
    eg_state_free(r->s);
}

/* Twice in a row, interpreted and compiled on 1 to 3 threads: the same bits in all results and variables. */
static inline void agrees(const char *title, eg_fn fn)
{
    const eg_spec args[ARGS] = {eg_vector(T, N), eg_scalar(EG_I64), eg_vector(EG_I32, N), eg_vector(EG_I64, N)};
    int64_t count = N % 4;
    void *x = filled(args[0], 70, false), *index = filled(args[2], 71, false), *big = filled(args[3], 72, false);
    const void *const in[ARGS] = {x, &count, index, big};
    eg_func *f = eg_trace(eg, title, fn, NULL, ARGS, args);
    ck_assert_msg(f != NULL, "%s of %lld: %s", title, (long long)N, eg_message(eg));
    ck_assert_int_le(eg_num_results(f), MOST);
    outcome want = outcome_of(f, in, &(eg_run_options){.interpret = true}, 2);
    for (int threads = 1; threads <= 3; threads++) {
        outcome got = outcome_of(f, in, &(eg_run_options){.threads = threads}, 2);
        for (int k = 0; k < eg_num_results(f); k++)
            same_array(title, "a result", eg_result_spec(f, k), want.out[k], got.out[k], threads);
        for (const char *const *name = names; *name; name++) {
            eg_var *w = eg_find_variable(eg, *name);
            same_array(title, *name, eg_variable_spec(w), eg_data(want.s, w), eg_data(got.s, w), threads);
        }
        outcome_free(&got);
    }
    outcome_free(&want);
    eg_func_free(f);
    free(x);
    free(index);
    free(big);
}

/* Every size with every way of compiling; the types take turns. */
static inline void agrees_always(const char *title, eg_fn fn)
{
    static const int64_t sizes[] = {0, 1, 17, 300};
    static const eg_options with[] = {
        {0}, {.no_passes = true}, {.chunk_ms = 1e-6, .lanes = 4}, {.keep_denormals = true}};
    for (size_t o = 0; o < LEN(with); o++) {
        for (size_t k = 0; k < LEN(sizes); k++) {
            open_with(&with[o], sizes[k], (k + o) % 2 ? EG_F64 : EG_F32, k / 2 == o % 2);
            agrees(title, fn);
            fine();
            eg_close(eg);
        }
    }
}

/* -- words --------------------------------------------------------------------------------------------------------- */

/* Arguments of the function. */
static inline eg_val arg_x(eg_val args) { return eg_item(args, 0); }
static inline eg_val arg_count(eg_val args) { return eg_item(args, 1); }
static inline eg_val arg_index(eg_val args) { return eg_item(args, 2); }
static inline eg_val arg_big(eg_val args) { return eg_item(args, 3); }

static inline eg_val pair(eg_val carry, eg_val y) { return eg_tuple(eg, 2, ((eg_val[]){carry, y})); }
static inline eg_val none(void) { return eg_nothing(); }
static inline eg_val list2(eg_val a, eg_val b) { return eg_tuple(eg, 2, ((eg_val[]){a, b})); }
static inline eg_val list3(eg_val a, eg_val b, eg_val c) { return eg_tuple(eg, 3, ((eg_val[]){a, b, c})); }
static inline eg_val list4(eg_val a, eg_val b, eg_val c, eg_val d) { return eg_tuple(eg, 4, ((eg_val[]){a, b, c, d})); }

#define ARGS_OF(user) (*(eg_val *)(user))

typedef struct repeated {
    eg_fn body;
    eg_val args;
} repeated;
static inline eg_val unstacked(void *user, eg_val x)
{
    repeated *r = user;
    r->body(&r->args, x);
    return none();
}
/* A body that works on variables so many times; what it would stack is dropped. */
static inline void repeat(eg_val n, eg_fn body, eg_val args)
{
    repeated r = {body, args};
    eg_loop(eg, n, unstacked, &r, none(), none());
}
#define STEPS(n, body, args) repeat(EG_VAL(n), body, args)

#endif
