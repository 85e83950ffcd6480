/* What gradients store of each step: bools and spikes as bits, sums in place of products.  A gradient has the bits of
 * the same function written so that nothing of that is found. */
#include "grad/grad.h"

enum { T = 11, N = 40, M = 7 };
static bool hidden; /* written so that it is not found */

static size_t times(const char *text, const char *word)
{
    size_t n = 0;
    while ((text = strstr(text, word))) n++, text++;
    return n;
}

/* The gradient of fn for all arguments, found and hidden, by every policy: the same bits on 1 to 3 threads.  How many
 * values are packed. */
static size_t compare(eg_fn fn, int n, const eg_spec *specs)
{
    double memory[8][MOST], g[2][8][MOST], *to[2][8];
    point p;
    size_t packs = 0;
    fill_point(&p, n, specs, -0.8, 1.4, memory);
    for (int k = 0; k < 2; k++) {
        subject s = {fn, NULL, 0};
        hidden = k;
        eg_func *f = eg_trace(eg, "f", subject_fn, &s, n, specs), *df = eg_gradient(f, NULL);
        fine();
        for (int j = 0; j < n; j++) to[k][j] = g[k][j];
        gradient_at(df, &p, to[k]);
        check_policies(f, &p, to[k]);
        size_t found = times(eg_text(df), " = pack u32");
        ck_assert_uint_eq(times(eg_text(df), " = unpack bool"), found);
        if (k)
            ck_assert_uint_eq(found, 0);
        else
            packs = found;
    }
    double some = 0;
    for (int j = 0; j < n; j++) {
        test_check_f64("found and hidden", g[0][j], g[1][j], count_in(specs[j]));
        for (size_t i = 0; i < count_in(specs[j]); i++) some += fabs(g[0][j][i]);
    }
    ck_assert_double_gt(some, 0);
    return packs;
}

/* -- spikes -------------------------------------------------------------------------------------------------------- */

static eg_val fires(void *user, eg_val x)
{
    (void)user;
    eg_val s = eg_convert(eg_ge(x, 0), EG_F64);
    return hidden ? eg_abs(s) : s;
}

static eg_val slope(void *user, eg_val v)
{
    (void)user;
    return eg_mul(eg_item(v, 2), eg_exp(eg_neg(eg_abs(eg_item(v, 0)))));
}

static eg_val spiking_step(void *user, eg_val x)
{
    eg_val w = *(eg_val *)user, V = eg_item(eg_item(x, 1), 0), s = eg_item(eg_item(x, 1), 1), I = eg_item(x, 2);
    eg_val next = eg_add(eg_mul(V, 0.9), eg_add(I, eg_dot(s, w)));
    eg_val spike = eg_custom_gradient(eg, fires, slope, NULL, eg_sub(next, 0.4));
    eg_val carried = eg_tuple(eg, 2, ((eg_val[]){eg_where(eg_ge(next, 0.4), 0, next), spike}));
    return eg_tuple(eg, 2, ((eg_val[]){carried, eg_mean(eg_mul(spike, next))}));
}

/* x: input [T, M], V, what the spikes are before the first step (any numbers), weights [N, M]. */
static eg_val spiking(void *user, eg_val x)
{
    (void)user;
    eg_val wide = eg_item(x, 3), w = eg_dot(wide, eg_transpose(wide)), in = eg_dot(eg_item(x, 0), eg_transpose(wide));
    eg_val init = eg_tuple(eg, 2, ((eg_val[]){eg_item(x, 1), eg_item(x, 2)}));
    eg_val out = eg_loop(eg, T, spiking_step, &w, init, in);
    return eg_tuple(eg, 2, ((eg_val[]){eg_item(eg_item(out, 0), 1), eg_item(out, 1)}));
}

static eg_val silent(void *user, eg_val x)
{
    eg_val none = eg_full(eg, eg_vector(EG_F64, N), 0.0);
    return spiking(user, eg_tuple(eg, 4, ((eg_val[]){eg_item(x, 0), eg_item(x, 1), none, eg_item(x, 2)})));
}

START_TEST(spikes_are_stored_as_bits_whatever_they_start_from)
{
    const eg_spec v = eg_vector(EG_F64, N), in = eg_matrix(EG_F64, T, M), w = eg_matrix(EG_F64, N, M);
    ck_assert_uint_eq(compare(spiking, 4, (eg_spec[]){in, v, v, w}), 1);
    ck_assert_uint_eq(compare(silent, 3, (eg_spec[]){in, v, w}), 1);
}
END_TEST

START_TEST(of_a_membrane_and_its_inputs_the_sum_is_stored)
{
    const eg_spec v = eg_vector(EG_F64, N), in = eg_matrix(EG_F64, T, M), w = eg_matrix(EG_F64, N, M);
    int64_t stacked[2];
    /* Checked runs make products where they stand; others may keep more rows, for speed (lib/opt/lift.h). */
    teardown();
    eg = eg_open(&(eg_options){.check = EG_CHECK_OUTPUT});
    for (int k = 0; k < 2; k++) {
        subject s = {spiking, NULL, 0};
        eg_memory m;
        hidden = k;
        eg_func *df = eg_gradient(eg_trace(eg, "f", subject_fn, &s, 4, (eg_spec[]){in, v, v, w}), NULL);
        ck_assert_int_eq(eg_plan(df, 1, &m), EG_OK);
        stacked[k] = m.bytes[EG_MEMORY_STACKS];
    }
    /* Rows of V and of the input's gradient; what is beside them are bits, means and the ends of arrays. */
    ck_assert_int_le(stacked[0], 2 * 8 * T * N + 1500);
    ck_assert_int_ge(stacked[1], 3 * 8 * T * N);
}
END_TEST

/* -- other numbers, and bools -------------------------------------------------------------------------------------- */

/* A float that is one of two numbers chooses what is added; before the first step it is an argument. */
static eg_val chosen_step(void *user, eg_val x)
{
    (void)user;
    eg_val V = eg_item(eg_item(x, 1), 0), kick = eg_item(eg_item(x, 1), 1);
    eg_val next = eg_sub(eg_mul(V, eg_cos(V)), eg_mul(kick, eg_sin(V)));
    eg_val two = eg_where(eg_gt(next, 0.1), eg_full(eg, eg_vector(EG_F64, N), 0.75), -0.25);
    if (hidden) two = eg_sub(eg_add(two, 1), 1);
    return eg_tuple(eg, 2, ((eg_val[]){eg_tuple(eg, 2, ((eg_val[]){next, two})), eg_nothing()}));
}

static eg_val chosen(void *user, eg_val x)
{
    (void)user;
    return eg_item(eg_loop(eg, T, chosen_step, NULL, x, eg_nothing()), 0);
}

START_TEST(floats_of_two_numbers_are_stored_as_bits)
{
    const eg_spec v = eg_vector(EG_F64, N);
    ck_assert_uint_eq(compare(chosen, 2, (eg_spec[]){v, v}), 1);
}
END_TEST

/* Did it fire in the last step?  The flag changes the next. */
static eg_val flagged_step(void *user, eg_val x)
{
    (void)user;
    eg_val V = eg_item(eg_item(x, 1), 0), flag = eg_item(eg_item(x, 1), 1);
    eg_val was = hidden ? eg_ne(flag, 0) : flag;
    eg_val next = eg_mul(eg_where(was, eg_sin(V), eg_add(V, eg_mul(V, V))), 0.8), now = eg_gt(next, 0.2);
    eg_val flags = eg_tuple(eg, 2, ((eg_val[]){next, hidden ? eg_convert(now, EG_I32) : now}));
    return eg_tuple(eg, 2, ((eg_val[]){flags, eg_nothing()}));
}

static eg_val flagged(void *user, eg_val x)
{
    (void)user;
    eg_val flag = eg_lt(x, 0);
    eg_val init = eg_tuple(eg, 2, ((eg_val[]){x, hidden ? eg_convert(flag, EG_I32) : flag}));
    return eg_item(eg_item(eg_loop(eg, T, flagged_step, NULL, init, eg_nothing()), 0), 0);
}

START_TEST(bools_of_every_shape_are_stored_as_bits_but_for_a_few)
{
    static const struct {
        eg_spec spec;
        size_t packs;
    } of[] = {{{EG_F64, 1, {31}}, 0},
              {{EG_F64, 1, {32}}, 1},
              {{EG_F64, 1, {100}}, 1},
              {{EG_F64, 2, {3, 64}}, 1},
              {{EG_F64, 2, {5, 33}}, 1},
              {{EG_F64, 2, {9, 5}}, 1},
              {{EG_F64, 3, {2, 3, 7}}, 1},
              {{EG_F64, 3, {2, 3, 4}}, 0},
              {{EG_F64, 6, {1, 2, 2, 3, 2, 2}}, 1},
              {{EG_F64, 6, {1, 1, 2, 1, 1, 40}}, 1}};
    for (size_t k = 0; k < LEN(of); k++) ck_assert_uint_eq(compare(flagged, 1, &of[k].spec), of[k].packs);
}
END_TEST

/* -- loops in loops ------------------------------------------------------------------------------------------------ */

static eg_val outer_step(void *user, eg_val x)
{
    eg_val y = eg_mul(flagged(user, eg_item(x, 1)), 1.5);
    return eg_tuple(eg, 2, ((eg_val[]){y, eg_nothing()}));
}

static eg_val nested(void *user, eg_val x) { return eg_item(eg_loop(eg, 6, outer_step, user, x, eg_nothing()), 0); }

START_TEST(loops_in_loops_store_bits_too)
{
    ck_assert_uint_ge(compare(nested, 1, &(eg_spec){EG_F64, 1, {N}}), 1);
    ck_assert_uint_ge(compare(nested, 1, &(eg_spec){EG_F64, 2, {4, 9}}), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bits");
    TCase *c = tcase_create("bits");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 300);
    tcase_add_test(c, spikes_are_stored_as_bits_whatever_they_start_from);
    tcase_add_test(c, of_a_membrane_and_its_inputs_the_sum_is_stored);
    tcase_add_test(c, floats_of_two_numbers_are_stored_as_bits);
    tcase_add_test(c, bools_of_every_shape_are_stored_as_bits_but_for_a_few);
    tcase_add_test(c, loops_in_loops_store_bits_too);
    suite_add_tcase(s, c);
    return test_run(s);
}
