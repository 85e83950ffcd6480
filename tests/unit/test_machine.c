/* What options change and what they must not: denormals, vector widths, CPUs, the cache, the perf map, rounding. */
#include <fenv.h>
#include <math.h>
#include <unistd.h>
#include <xmmintrin.h>

#include "session.h"

static void no_context(void) { eg = NULL, state = NULL; }
static void close_context(void)
{
    eg_close(eg);
    eg = NULL, state = NULL;
}
static void open_with(eg_options o)
{
    close_context();
    eg = eg_open(&o);
    ck_assert_ptr_nonnull(eg);
    fine();
}

/* -- denormals and the host's state -------------------------------------------------------------------------------- */

static eg_val halves(void *user, eg_val x)
{
    (void)user;
    return eg_mul(x, 0.5);
}

START_TEST(denormals_are_zero_unless_they_are_kept)
{
    float x[20], y[20];
    for (int k = 0; k < 20; k++) x[k] = k < 10 ? 0x1p-126F : 0x1p-140F;
    for (int keep = 0; keep < 2; keep++) {
        open_with((eg_options){.keep_denormals = keep});
        BOTH(TRACE(halves, eg_vector(EG_F32, 20)), IN(x), y);
        for (int k = 0; k < 20; k++) {
            float want = keep ? x[k] * 0.5F : 0;
            ck_assert_msg(!memcmp(&y[k], &want, sizeof want), "element %d, keep %d: %a", k, keep, (double)y[k]);
        }
    }
}
END_TEST

static unsigned in_host, in_progress;

static int look(void *user, const void *const *in, void *const *out)
{
    (void)user;
    (void)in;
    (void)out;
    in_host = _mm_getcsr() & ~0x3FU;
    return 0;
}
static int look_too(void *user, int64_t now, int64_t steps)
{
    (void)user;
    (void)now;
    (void)steps;
    in_progress = _mm_getcsr() & ~0x3FU;
    return 0;
}
static eg_val calls_host(void *user, eg_val x)
{
    (void)user;
    eg_host(eg, "look", look, NULL, 0, NULL, 0, NULL);
    return eg_tuple(eg, 2, ((eg_val[]){eg_div(eg_item(x, 1), 3), eg_nothing()}));
}
static eg_val looped(void *user, eg_val x)
{
    (void)user;
    return eg_item(eg_loop(eg, 5, calls_host, NULL, x, eg_nothing()), 0);
}

START_TEST(the_hosts_rounding_is_not_used_and_comes_back)
{
    open_with((eg_options){.chunk_ms = 1e-6});
    eg_func *f = TRACE(looped, eg_vector(EG_F32, 5000));
    static float x[5000], near[5000], y[5000];
    for (int k = 0; k < 5000; k++) x[k] = (float)k + 0.1F;
    eg_call(f, NULL, IN(x), (void *[]){near}, NULL);
    fesetround(FE_UPWARD);
    unsigned before = _mm_getcsr() & ~0x3FU;
    for (int nt = 0; nt <= 2; nt++) {
        eg_run_options o = {.threads = nt, .interpret = nt == 0, .progress = look_too};
        memset(y, 0, sizeof y);
        eg_status status = eg_call(f, NULL, IN(x), (void *[]){y}, &o);
        unsigned after = _mm_getcsr() & ~0x3FU;
        fesetround(FE_TONEAREST);
        ck_assert_int_eq(status, EG_OK);
        ck_assert_uint_eq(after, before);
        ck_assert_uint_eq(in_host, before);
        ck_assert_uint_eq(in_progress, before);
        ck_assert(!memcmp(y, near, sizeof y));
        fesetround(FE_UPWARD);
    }
    fesetround(FE_TONEAREST);
}
END_TEST

/* -- widths, CPUs, interpreter ------------------------------------------------------------------------------------- */

static eg_val mixture(void *user, eg_val x)
{
    (void)user;
    eg_val v = eg_item(x, 0), w = eg_convert(eg_item(x, 1), EG_F64);
    eg_val a = eg_add(eg_exp(eg_mul(v, -0.01)), eg_cumsum(v, 0));
    return eg_add(eg_add(eg_convert(a, EG_F64), eg_sum(w)), eg_mul(w, w));
}

START_TEST(every_width_and_cpu_gives_the_same_bits)
{
    static const eg_options options[] = {{.interpret = true},  {.lanes = 4},         {.lanes = 8},
                                         {.lanes = 16},        {.cpu = "x86-64-v3"}, {.cpu = "x86-64-v3", .lanes = 4},
                                         {.cpu = "x86-64-v4"}, {.no_passes = true},  {.lanes = 16, .cpu = "x86-64-v3"},
                                         {.threads = 3}};
    static float x[1037];
    static int32_t w[1037];
    static double first[1037], y[1037];
    for (int k = 0; k < 1037; k++) x[k] = (float)(k % 91) - 40.5F, w[k] = k * 7919 % 1000;
    for (size_t k = 0; k < LEN(options); k++) {
        open_with(options[k]);
        eg_func *f = TRACE(mixture, eg_vector(EG_F32, 1037), eg_vector(EG_I32, 1037));
        eg_status status = eg_call(f, NULL, IN(x, w), (void *[]){k ? y : first}, NULL);
        if (status == EG_ERR_COMPILE && strstr(eg_message(eg), "no AVX-512")) continue;
        ck_assert_msg(status == EG_OK, "options %zu: %s", k, eg_message(eg));
        ck_assert_int_eq(eg_get_stats(eg).compiles, !options[k].interpret);
        if (k) test_check_f64("mixture", y, first, 1037);
    }
}
END_TEST

START_TEST(wrong_options_are_an_error_of_the_context)
{
    static const struct {
        eg_options o;
        const char *word;
    } cases[] = {
        {{.threads = -1}, "threads"},      {{.threads = 5000}, "threads"}, {{.lanes = 5}, "lanes"},
        {{.cpu = "pentium"}, "'pentium'"}, {{.math = 9}, "math"},          {{.chunk_ms = 1e9}, "chunk_ms"},
        {{.chunk_ms = NAN}, "chunk_ms"},   {{.chunk_ms = -1}, "chunk_ms"}, {{.dump = "trace,asn"}, "trace,asn"}};
    for (size_t k = 0; k < LEN(cases); k++) {
        close_context();
        eg = eg_open(&cases[k].o);
        ck_assert_ptr_nonnull(eg);
        ck_assert_ptr_null(eg_variable(eg, "v", eg_scalar(EG_F32)));
        SAYS(EG_ERR_ARGUMENT, "eg_open", cases[k].word);
    }
}
END_TEST

/* -- cache --------------------------------------------------------------------------------------------------------- */

typedef struct model {
    int64_t n, steps;
    double dt, tau;
    bool squared;
    const char *name;
} model;

static eg_val decay(void *user, eg_val x)
{
    const model *m = user;
    eg_val v = eg_item(x, 1);
    if (m->squared) v = eg_mul(v, v);
    return eg_tuple(eg, 2, ((eg_val[]){eg_mul(v, eg_exp(eg_div(eg_mul(-1, m->dt), m->tau))), eg_nothing()}));
}
static eg_val modelled(void *user, eg_val x)
{
    const model *m = user;
    return eg_item(eg_loop(eg, m->steps, decay, user, x, eg_nothing()), 0);
}

START_TEST(sizes_steps_numbers_and_names_do_not_compile_again_but_structure_does)
{
    static const struct {
        model m;
        int64_t compiles, hits;
    } cases[] = {{{1000, 50, 0.1, 10, false, "a"}, 1, 0}, {{1000, 50, 0.1, 10, false, "a"}, 1, 1},
                 {{4001, 50, 0.1, 10, false, "a"}, 1, 2}, {{1000, 77, 0.1, 10, false, "a"}, 1, 3},
                 {{1000, 50, 0.5, 10, false, "a"}, 1, 4}, {{1000, 50, 0.1, 20, false, "b"}, 1, 5},
                 {{1000, 50, 0.1, 10, true, "a"}, 2, 5},  {{333, 44, 0.3, 17, true, "c"}, 2, 6}};
    static float x[4001], y[4001];
    open_with((eg_options){0});
    for (int k = 0; k < 4001; k++) x[k] = 1.25F - (float)k / 5000;
    for (size_t k = 0; k < LEN(cases); k++) {
        model m = cases[k].m;
        eg_func *f = eg_trace(eg, m.name, modelled, &m, 1, &eg_vector(EG_F32, m.n));
        fine();
        BOTH(f, IN(x), y);
        eg_stats s = eg_get_stats(eg);
        ck_assert_msg(s.compiles == cases[k].compiles && s.cache_hits == cases[k].hits,
                      "case %zu: %d compiles, %d hits", k, (int)s.compiles, (int)s.cache_hits);
        ck_assert_int_eq(s.traces, (int64_t)k + 1);
        ck_assert(s.last_trace_s > 0 && s.trace_s >= s.last_trace_s && s.codegen_s > 0 && s.last_run_s > 0);
        ck_assert_int_gt(s.last_nodes, 3);
    }
}
END_TEST

START_TEST(nothing_is_compiled_where_everything_is_interpreted)
{
    open_with((eg_options){.interpret = true});
    float x[20] = {1}, y[20];
    eg_func *f = TRACE(halves, eg_vector(EG_F32, 20));
    ck_assert_int_eq(eg_compile(f), EG_OK);
    BOTH(f, IN(x), y);
    ck_assert_int_eq(eg_get_stats(eg).compiles, 0);
}
END_TEST

START_TEST(the_perf_map_names_compiled_functions)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
    remove(path);
    open_with((eg_options){.perf_map = true});
    eg_compile(TRACE(halves, eg_vector(EG_F32, 20)));
    fine();
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    bool found = false;
    unsigned long long at, size;
    char name[200];
    while (fgets(line, sizeof line, f)) {
        ck_assert_int_eq(sscanf(line, "%llx %llx %199s", &at, &size, name), 3);
        found |= strstr(name, "halves") && size > 0;
    }
    fclose(f);
    remove(path);
    ck_assert(found);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("machine");
    TCase *t = tcase_create("machine");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, no_context, close_context);
    tcase_add_test(t, denormals_are_zero_unless_they_are_kept);
    tcase_add_test(t, the_hosts_rounding_is_not_used_and_comes_back);
    tcase_add_test(t, every_width_and_cpu_gives_the_same_bits);
    tcase_add_test(t, wrong_options_are_an_error_of_the_context);
    tcase_add_test(t, sizes_steps_numbers_and_names_do_not_compile_again_but_structure_does);
    tcase_add_test(t, nothing_is_compiled_where_everything_is_interpreted);
    tcase_add_test(t, the_perf_map_names_compiled_functions);
    suite_add_tcase(s, t);
    return test_run(s);
}
