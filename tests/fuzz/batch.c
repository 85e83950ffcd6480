/* A batch of B against B singles: a program over [B, n] computes in row b what the same program over [n] computes of
 * row b.  Operations that keep leading axes apart: elementwise, along the last axis, products with a shared matrix. */
#include "fuzz.h"

enum { ARGS = 3, VALUES = 24, RESULTS = 3 };

typedef struct batch {
    eg_context *eg;
    uint64_t seed;
    eg_array *matrix;
    bool inner;
} batch;

static eg_val step(batch *b, fz_rng *r, int n, const eg_val *v)
{
    eg_val x = v[fz_below(r, n)], y = v[n - 1 - fz_below(r, n > 4 ? 4 : n)];
    switch (fz_below(r, 14)) {
    case 0: return eg_add(x, eg_mul(y, fz_unit(r)));
    case 1: return eg_sub(eg_mul(x, 0.5), y);
    case 2: return eg_where(eg_lt(x, y), x, eg_mul(y, -0.75));
    case 3: return eg_tanh(x);
    case 4: return eg_sin(eg_add(x, y));
    case 5: return eg_flip(x, -1);
    case 6: return eg_roll(x, 2, -1);
    case 7: {
        int last = -1;
        return eg_mul(y, eg_sum_axes(eg_tanh(x), 1, &last, true));
    }
    case 8: {
        int last = -1;
        return eg_sub(x, eg_amax_axes(y, 1, &last, true));
    }
    case 9: return eg_mul(eg_cumsum(x, -1), 0.125);
    case 10: return eg_sort(x, -1);
    case 11: return eg_dot(eg_clip(x, -2, 2), eg_constant(b->matrix));
    case 12: return eg_exp(eg_clip(eg_mul(x, y), -4, 2));
    default: return eg_max(eg_min(x, 1.5), eg_neg(y));
    }
}

static eg_val body(void *user, eg_val x)
{
    batch *b = user;
    fz_rng r = fz_rng_of(b->seed, 999);
    eg_val v[VALUES], out[2] = {eg_nothing(), eg_nothing()};
    int n = 0;
    v[n++] = eg_item(eg_item(x, 1), 0);
    v[n++] = eg_item(eg_item(x, 1), 1);
    for (int k = 0; k < 5; k++, n++) v[n] = eg_clip(step(b, &r, n, v), -8, 8);
    out[0] = eg_tuple(b->eg, 2, v + n - 2);
    return eg_tuple(b->eg, 2, out);
}

static eg_val function(void *user, eg_val x)
{
    batch *b = user;
    fz_rng r = fz_rng_of(b->seed, 17);
    eg_val v[VALUES];
    int n = 0, steps = 3 + (int)fz_below(&r, 10);
    for (; n < ARGS; n++) v[n] = eg_item(x, n);
    for (int k = 0; k < steps; k++, n++) {
        if (k == 3 && fz_chance(&r, 50)) {
            eg_val out = eg_loop(b->eg, 3, body, b, eg_tuple(b->eg, 2, v + n - 2), eg_nothing());
            v[n] = eg_item(eg_item(out, 0), 1);
        } else {
            v[n] = eg_clip(step(b, &r, n, v), -50, 50);
        }
    }
    return eg_tuple(b->eg, RESULTS, v + n - RESULTS);
}

static bool differs(eg_dtype t, const char *a, const char *b, int64_t n, char *why, int64_t row)
{
    size_t size = eg_dtype_size(t);
    for (int64_t k = 0; k < n; k++) {
        double x = t == EG_F32 ? (double)((const float *)(const void *)a)[k] : ((const double *)(const void *)a)[k];
        double y = t == EG_F32 ? (double)((const float *)(const void *)b)[k] : ((const double *)(const void *)b)[k];
        if (!memcmp(a + (size_t)k * size, b + (size_t)k * size, size) || (x != x && y != y)) continue;
        snprintf(why, FZ_WHY, "batch: row %lld, element %lld: %.17g in the batch, %.17g alone", (long long)row,
                 (long long)k, x, y);
        return true;
    }
    return false;
}

bool fz_check_batch(uint64_t seed, char *why)
{
    static const int16_t lengths[] = {1, 2, 7, 15, 16, 17, 33, 64, 65, 100}, rows[] = {1, 2, 3, 5, 17, 20};
    fz_rng r = fz_rng_of(seed, 3);
    int64_t n = lengths[fz_below(&r, EGI_LEN(lengths))], B = rows[fz_below(&r, EGI_LEN(rows))];
    eg_dtype t = fz_chance(&r, 70) ? EG_F32 : EG_F64;
    size_t size = eg_dtype_size(t), row = (size_t)n * size;
    batch b = {.eg = eg_open(&(eg_options){.threads = 1 + (int)fz_below(&r, 4)}), .seed = seed};
    char *in[ARGS], *out[RESULTS], *one[RESULTS], *m = malloc((size_t)(n * n) * size);
    eg_spec single[ARGS], many[ARGS];
    for (int k = 0; k < ARGS; k++) {
        single[k] = eg_vector(t, n);
        many[k] = eg_matrix(t, B, n);
        in[k] = malloc((size_t)B * row);
        out[k] = malloc((size_t)B * row);
        one[k] = malloc(row);
        if (!in[k] || !out[k] || !one[k]) abort();
        fz_fill(many[k], seed * 8 + (uint64_t)k, false, false, in[k]);
    }
    fz_fill(eg_matrix(t, n, n), seed, false, false, m);
    b.matrix = eg_array_new(b.eg, eg_matrix(t, n, n), m);
    eg_func *f = eg_trace(b.eg, "batch", function, &b, ARGS, many),
            *g = eg_trace(b.eg, "single", function, &b, ARGS, single);
    bool ok = f && g && eg_call(f, NULL, (const void *const *)in, (void *const *)out, NULL) == EG_OK;
    for (int64_t k = 0; k < B && ok; k++) {
        const void *part[ARGS];
        for (int j = 0; j < ARGS; j++) part[j] = in[j] + (size_t)k * row;
        ok = eg_call(g, NULL, part, (void *const *)one, &(eg_run_options){.interpret = fz_chance(&r, 30)}) == EG_OK;
        for (int j = 0; j < RESULTS && ok; j++) ok = !differs(t, out[j] + (size_t)k * row, one[j], n, why, k);
    }
    if (eg_error(b.eg)) snprintf(why, FZ_WHY, "batch: %s", eg_message(b.eg));
    for (int k = 0; k < ARGS; k++) {
        free(in[k]);
        free(out[k]);
        free(one[k]);
    }
    free(m);
    eg_close(b.eg);
    return ok;
}
