/* Bools as bits and back, and short vectors cut out of long ones inside a loop: through the public API, compiled on 1
 * to 4 threads and interpreted. */
#include "session.h"

#include "engram/parallel.h"

static bool fires(int64_t k) { return (k * 7919 + k / 13) % 5 == 0; }

static eg_val pack(void *user, eg_val x)
{
    (void)user;
    eg_val words = eg_pack(x);
    eg_val v[2] = {words, eg_unpack(words, eg_spec_of(x).dim[eg_spec_of(x).rank - 1])};
    return (eg_tuple)(eg, 2, v, EG_HERE);
}

static void check_rows(int64_t rows, int64_t n, const uint32_t *words, const bool *back)
{
    int64_t w = (n + 31) / 32;
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t k = 0; k < 32 * w; k++) {
            bool on = words[r * w + k / 32] >> (k % 32) & 1;
            ck_assert_msg(on == (k < n && fires(r * n + k)), "row %lld of %lld, bit %lld", (long long)r, (long long)n,
                          (long long)k);
            if (k < n) ck_assert_int_eq(back[r * n + k], on);
        }
    }
}

START_TEST(bits_are_the_bools_in_order_and_zero_behind_them)
{
    static const int64_t sizes[] = {0, 1, 31, 32, 33, 63, 64, 65, 127, 1000, 4097};
    for (size_t k = 0; k < LEN(sizes); k++) {
        int64_t n = sizes[k], rows = _i;
        setup();
        eg_spec spec = rows == 1 ? eg_vector(EG_BOOL, n) : eg_matrix(EG_BOOL, rows, n);
        eg_func *f = eg_trace(eg, "pack", pack, NULL, 1, &spec);
        fine();
        bool *x = calloc((size_t)(rows * n + 1), 1), *back = calloc((size_t)(rows * n + 1), 1);
        uint32_t *words = calloc((size_t)(rows * (n / 32 + 1) + 1), sizeof *words);
        for (int64_t j = 0; j < rows * n; j++) x[j] = fires(j);
        for (int threads = 0; threads <= 4; threads++) {
            memset(words, 0xff, (size_t)(rows * ((n + 31) / 32)) * sizeof *words);
            eg_call(f, NULL, (const void *[]){x}, (void *[]){words, back},
                    &(eg_run_options){.threads = threads ? threads : 1, .interpret = threads == 0});
            fine();
            check_rows(rows, n, words, back);
        }
        free(x);
        free(back);
        free(words);
        teardown();
    }
}
END_TEST

static eg_val pack_float(void *user, eg_val x) { return *(int *)user ? eg_unpack(x, 40) : eg_pack(x); }

START_TEST(what_is_no_bool_or_no_bits_is_an_error)
{
    setup();
    int unpack = 0;
    const eg_spec wrong[] = {eg_vector(EG_F32, 4), eg_scalar(EG_BOOL), eg_vector(EG_I32, 2), eg_vector(EG_U32, 3)};
    for (int k = 0; k < 4; k++) {
        unpack = k >= 2;
        ck_assert_ptr_null(eg_trace(eg, "wrong", pack_float, &unpack, 1, &wrong[k]));
        if (k == 3)
            SAYS(EG_ERR_SHAPE, "eg_unpack", "40 elements");
        else
            SAYS(EG_ERR_TYPE, k == 2 ? "eg_unpack" : "eg_pack");
    }
    teardown();
}
END_TEST

/* -- arguments and results in place -------------------------------------------------------------------------------- */

static eg_val twice(void *user, eg_val x)
{
    (void)user;
    return eg_mul(x, 2);
}

START_TEST(in_place_runs_write_parts_of_memory_and_nothing_else)
{
    enum { N = 1003, PARTS = 3 };
    setup();
    eg_spec spec = eg_vector(EG_F32, N);
    eg_func *f = eg_trace(eg, "twice", twice, NULL, 1, &spec);
    float *in = eg_alloc(eg, N * PARTS, sizeof *in), *out = eg_alloc(eg, N * PARTS, sizeof *out);
    for (int k = 0; k < N * PARTS; k++) in[k] = (float)k, out[k] = -1;
    for (int part = 0; part < PARTS; part++) {
        eg_call(f, NULL, (const void *[]){in + part * N}, (void *[]){out + part * N},
                &(eg_run_options){.in_place = true, .threads = 1 + part});
        fine();
        for (int k = 0; k < N * (part + 1); k++) ck_assert(out[k] == 2 * in[k]);
    }
    eg_release(eg, in);
    eg_release(eg, out);
    teardown();
}
END_TEST

START_TEST(a_plain_number_is_told_from_a_value)
{
    double x = 0;
    ck_assert(eg_is_number(eg_real(2.5), &x) && x == 2.5);
    ck_assert(eg_is_number(eg_int(-3), &x) && x == -3);
    ck_assert(eg_is_number(eg_uint(7), NULL));
    ck_assert(!eg_is_number(eg_nothing(), &x));
}
END_TEST

/* -- windows ------------------------------------------------------------------------------------------------------- */

enum { LONG = 9000, STEPS = 40 };

static eg_var *grown;

static eg_val grow(void *user, eg_val x)
{
    const int64_t *at = user;
    (void)x;
    eg_val v = eg_add(eg_mul(eg_get(grown), 1.25), eg_iota(eg, LONG, EG_F32));
    eg_set(grown, v);
    eg_val part = eg_slice(v, 0, at[0], at[0] + at[1], 1);
    eg_val pair[2] = {part, eg_add(part, eg_slice(v, 0, at[0], at[0] + at[1], 1))};
    eg_val done[2] = {eg_nothing(), (eg_tuple)(eg, 2, pair, EG_HERE)};
    return (eg_tuple)(eg, 2, done, EG_HERE);
}

static eg_val grow_all(void *user, eg_val x)
{
    (void)x;
    return eg_item(eg_loop(eg, STEPS, grow, user, eg_nothing(), eg_nothing()), 1);
}

/* Slices of 9000 on 2 threads meet at 4480, on 3 at 2944 and 5952. */
START_TEST(short_parts_of_long_vectors_are_recorded_wherever_they_lie)
{
    static const int64_t where[][2] = {{0, 1},     {17, 16},    {4479, 1}, {4480, 1},  {4400, 200},
                                       {2943, 17}, {5900, 100}, {8999, 1}, {8700, 256}};
    for (size_t k = 0; k < LEN(where); k++) {
        setup();
        grown = eg_variable(eg, "grown", eg_vector(EG_F32, LONG));
        eg_func *f = eg_trace(eg, "grow", grow_all, (void *)(uintptr_t)where[k], 0, NULL);
        fine();
        size_t n = (size_t)(STEPS * where[k][1]);
        float *want[2], *got[2];
        for (int j = 0; j < 2; j++) want[j] = calloc(n, 4), got[j] = calloc(n, 4);
        eg_call(f, eg_state_new(eg), NULL, (void *const *)want, &(eg_run_options){.interpret = true});
        for (int threads = 1; threads <= 4; threads++) {
            eg_call(f, eg_state_new(eg), NULL, (void *const *)got, &(eg_run_options){.threads = threads});
            fine();
            for (int j = 0; j < 2; j++) test_check_f32("part", got[j], want[j], n);
        }
        for (int j = 0; j < 2; j++) free(want[j]), free(got[j]);
        teardown();
    }
}
END_TEST

/* What is dumped of the plan: the stage that records has no barrier before it. */
static char plan[20000];

static void listen(void *user, const char *text)
{
    (void)user;
    strncat(plan, text, sizeof plan - strlen(plan) - 1);
}

START_TEST(recording_a_few_elements_costs_no_barrier)
{
    static const int64_t one[] = {4480, 1};
    eg = eg_open(&(eg_options){.threads = 2, .dump = "stage"});
    eg_set_log(eg, listen, NULL);
    grown = eg_variable(eg, "grown", eg_vector(EG_F32, LONG));
    eg_compile(eg_trace(eg, "grow", grow_all, (void *)(uintptr_t)one, 0, NULL));
    fine();
    ck_assert_ptr_nonnull(strstr(plan, "loop 1,"));
    ck_assert_msg(!strstr(plan, "barrier; loop 1,"), "%s", plan);
    teardown();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pack");
    TCase *c = tcase_create("pack");
    tcase_add_loop_test(c, bits_are_the_bools_in_order_and_zero_behind_them, 1, 4);
    tcase_add_test(c, what_is_no_bool_or_no_bits_is_an_error);
    tcase_add_test(c, in_place_runs_write_parts_of_memory_and_nothing_else);
    tcase_add_test(c, a_plain_number_is_told_from_a_value);
    tcase_add_test(c, short_parts_of_long_vectors_are_recorded_wherever_they_lie);
    tcase_add_test(c, recording_a_few_elements_costs_no_barrier);
    suite_add_tcase(s, c);
    return test_run(s);
}
