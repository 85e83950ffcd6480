/* Cases of the table test: data, graphs, runs, comparison. */
#include "ops/cases.h"

#include <math.h>
#include <stdlib.h>

#include "opt/rebuild.h"
#include "runtime/state.h"

/* -- data ---------------------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

/* Half of them from the list of those that break things, half with any exponent that ordinary work meets. */
static double number(uint64_t r)
{
    static const double hard[] = {0.0,
                                  -0.0,
                                  1.0,
                                  -1.0,
                                  0.5,
                                  -0.5,
                                  1.5,
                                  2.5,
                                  -2.5,
                                  2.0,
                                  INFINITY,
                                  -INFINITY,
                                  NAN,
                                  1e-40,
                                  -1e-40,
                                  1e-310,
                                  -1e-310,
                                  0x1p-126,
                                  -0x1p-126,
                                  0x1p-1022,
                                  0x1.fffffep127,
                                  -0x1.fffffep127,
                                  1e300,
                                  -1e300,
                                  0x1p31,
                                  -0x1p31,
                                  0x1p32,
                                  0x1p63,
                                  -0x1p63,
                                  2147483520.0,
                                  4294967040.0,
                                  8388609.5,
                                  1e-20,
                                  3.14159265358979,
                                  -1.57079632679490,
                                  88.7,
                                  -87.4,
                                  709.8};
    if (r & 1) return hard[(r >> 8) % EGI_LEN(hard)];
    double x = (double)(r >> 11) * 0x1p-53 + 0x1p-54;
    return ldexp(r & 2 ? -x : x, (int)(r >> 2 & 15) - 7);
}

static int64_t integer(uint64_t r)
{
    static const int64_t hard[] = {0,  1,  -1,        2,         3,         -3,        7,          31, 32,   33,
                                   63, 64, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, UINT32_MAX, -5, 1000, -1000};
    return r & 1 ? hard[(r >> 8) % EGI_LEN(hard)] : (int64_t)(mix(r) >> (r >> 2 & 63));
}

static void put(eg_dtype t, char *at, uint64_t r)
{
    double f64 = number(r);
    float f32 = (float)f64;
    int64_t i64 = integer(r);
    uint32_t u32 = (uint32_t)i64;
    switch (t) {
    case EG_BOOL: *at = r & 1; break;
    case EG_I32:
    case EG_U32: memcpy(at, &u32, 4); break;
    case EG_I64: memcpy(at, &i64, 8); break;
    case EG_F32: memcpy(at, &f32, 4); break;
    case EG_F64: memcpy(at, &f64, 8); break;
    case EG_C64:
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
}

static void *room(test_case *c, eg_spec spec)
{
    char *data = calloc((size_t)egi_spec_count(spec) + 1, eg_dtype_size(spec.dtype));
    ck_assert_ptr_nonnull(data);
    ck_assert(egi_push(&c->eg->allocator, &c->args, data));
    return data;
}

static egi_id argument(test_case *c, eg_spec spec)
{
    ck_assert(egi_push(&c->eg->allocator, &c->g->args, spec));
    return case_node(c, EGI_ARG, spec, 0, NULL, 0, NULL, (uint64_t)c->g->args.n - 1);
}

egi_id case_arg(test_case *c, eg_spec spec)
{
    char *data = room(c, spec);
    uint64_t seed = mix((uint64_t)c->args.n * 0x9E3779B97F4A7C15u + 1);
    for (int64_t i = 0; i < egi_spec_count(spec); i++)
        put(spec.dtype, data + (size_t)i * eg_dtype_size(spec.dtype), mix(seed + (uint64_t)i));
    return argument(c, spec);
}

egi_id case_index(test_case *c, eg_spec spec, int64_t least, int64_t most)
{
    char *data = room(c, spec);
    for (int64_t i = 0; i < egi_spec_count(spec); i++) {
        int64_t x = least - 2 + (int64_t)(mix((uint64_t)(i + 77 * c->args.n)) % (uint64_t)(most - least + 5));
        memcpy(data + (size_t)i * eg_dtype_size(spec.dtype), &x, eg_dtype_size(spec.dtype));
    }
    return argument(c, spec);
}

/* -- graphs -------------------------------------------------------------------------------------------------------- */

void case_begin(test_case *c, eg_context *eg, int64_t n)
{
    *c = (test_case){.eg = eg, .g = egi_graph_new(eg), .n = n, .what = ""};
    ck_assert_ptr_nonnull(c->g);
}

egi_id case_node(test_case *c, egi_op op, eg_spec spec, uint32_t num_args, const egi_id *args, int num_ints,
                 const int64_t *ints, uint64_t imm)
{
    egi_shape s = {.rank = spec.rank};
    memcpy(s.dim, spec.dim, sizeof s.dim);
    egi_id id = egi_node_make(c->g, &(egi_make){.op = op,
                                                .dtype = spec.dtype,
                                                .shape = egi_shape_intern(c->g, &s),
                                                .num_args = num_args,
                                                .args = args,
                                                .attr = egi_ints(c->g, num_ints, ints),
                                                .imm = imm});
    ck_assert_msg(id, "%s: %s", egi_ops[op].text, eg_message(c->eg));
    return id;
}

void case_result(test_case *c, egi_id id)
{
    ck_assert_uint_ne(id, 0);
    ck_assert(egi_push(&c->eg->allocator, &c->g->regions.at[0].results, id));
    ck_assert(egi_push(&c->eg->allocator, &c->names, c->what));
}

/* As lib/api/trace.c does after tracing. */
static eg_func *function(test_case *c, const char *title, egi_graph *g)
{
    eg_func *f = egi_alloc(&c->eg->allocator, sizeof *f, 16);
    ck_assert(f && egi_push(&c->eg->allocator, &c->eg->funcs, f));
    *f = (eg_func){.eg = c->eg, .name = title, .graph = g};
    return f;
}

/* -- comparison ---------------------------------------------------------------------------------------------------- */

static bool same(eg_dtype t, const char *a, const char *b)
{
    float f[2];
    double d[2];
    if (t == EG_F32) {
        memcpy(f, a, 4);
        memcpy(f + 1, b, 4);
        return test_same_f32(f[0], f[1]);
    }
    if (t == EG_F64) {
        memcpy(d, a, 8);
        memcpy(d + 1, b, 8);
        return test_same_f64(d[0], d[1]);
    }
    return !memcmp(a, b, eg_dtype_size(t));
}

static void compare(const test_case *c, const char *title, int threads, int64_t k, const char *want, const char *got)
{
    eg_spec s = egi_spec(c->g, c->g->regions.at[0].results.at[k]);
    size_t size = eg_dtype_size(s.dtype);
    for (int64_t i = 0; i < egi_spec_count(s); i++) {
        const char *a = want + (size_t)i * size, *b = got + (size_t)i * size;
        uint64_t x = 0, y = 0;
        if (same(s.dtype, a, b)) continue;
        memcpy(&x, a, size);
        memcpy(&y, b, size);
        ck_abort_msg(
            "%s, n %lld, %d lanes, %d threads: %s (result %lld, %s) element %lld is %.17g (%llx), not %.17g (%llx)",
            title, (long long)c->n, c->eg->options.lanes, threads, c->names.at[k], (long long)k, eg_dtype_name(s.dtype),
            (long long)i, egi_real_of_bits(s.dtype, y), (unsigned long long)y, egi_real_of_bits(s.dtype, x),
            (unsigned long long)x);
    }
}

static void run(test_case *c, eg_func *f, int threads, void **out)
{
    eg_run_options o = {.threads = threads, .interpret = threads == 0};
    egi_block_head(eg_own_state(c->eg))->execution = 3;
    ck_assert_msg(eg_call(f, NULL, (const void *const *)c->args.at, out, &o) == EG_OK, "%s: %s", f->name,
                  eg_message(c->eg));
}

void case_end(test_case *c, const char *title)
{
    const egi_ids *results = &c->g->regions.at[0].results;
    size_t num = (size_t)results->n;
    void **want = calloc(num + 1, sizeof *want), **got = calloc(num + 1, sizeof *got);
    ck_assert(want && got);
    ck_assert_msg(egi_verify(c->g, title), "%s: %s", title, eg_message(c->eg));
    for (size_t k = 0; k < num; k++) {
        size_t bytes = (size_t)egi_count(c->g, results->at[k]) * eg_dtype_size(egi_dtype_of(c->g, results->at[k]));
        want[k] = malloc(bytes + 1);
        got[k] = malloc(bytes + 1);
        ck_assert(want[k] && got[k]);
        memset(want[k], 0x55, bytes + 1);
    }
    /* The interpreter knows also what is stripped before it is compiled. */
    const bool stripped = egi_holds(c->g, EGI_BATCH_MEAN);
    eg_func *whole = function(c, title, c->g), *f = stripped ? function(c, title, egi_strip(c->g)) : whole;
    ck_assert_ptr_nonnull(f->graph);
    run(c, whole, 0, want);
    for (int threads = 1; threads <= 4; threads++) {
        for (size_t k = 0; k < num; k++) {
            size_t bytes = (size_t)egi_count(c->g, results->at[k]) * eg_dtype_size(egi_dtype_of(c->g, results->at[k]));
            memset(got[k], 0xAA, bytes + 1);
        }
        run(c, f, threads, got);
        for (size_t k = 0; k < num; k++) compare(c, title, threads, (int64_t)k, want[k], got[k]);
    }
    for (size_t k = 0; k < num; k++) {
        free(want[k]);
        free(got[k]);
    }
    free(want);
    free(got);
    for (int64_t k = 0; k < c->args.n; k++) free(c->args.at[k]);
    egi_vec_free(&c->eg->allocator, &c->args);
    egi_vec_free(&c->eg->allocator, &c->names);
    if (stripped) eg_func_free(f);
    eg_func_free(whole);
}
