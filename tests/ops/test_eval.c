/* Running graphs: loops, variables, composites, random numbers. */
#include <math.h>

#include "ops/graphs.h"

static const eg_spec F = {.dtype = EG_F32}, I = {.dtype = EG_I64}, B = {.dtype = EG_BOOL};

static eg_status run(const egi_graph *g, egi_run *r, const void *const *args, void *const *results)
{
    r->args = args;
    r->results = results;
    return egi_eval(g, r);
}

/* -- control ------------------------------------------------------------------------------------------------------- */

START_TEST(a_loop_may_swap_its_states)
{
    egi_graph *g = graph_begin();
    egi_id a = graph_arg(g, F), b = graph_arg(g, F);
    uint16_t r = region_open(g, false);
    region_param(g, r, I);
    egi_id p = region_param(g, r, F), q = region_param(g, r, F);
    region_result(g, r, q);
    region_result(g, r, egi_op2(g, EGI_ADD, p, q));
    region_close(g, r);
    egi_id loop = region_owner(g, EGI_LOOP, 3, (egi_id[]){egi_const_i(g, EG_I64, 10), a, b}, AXES(r, 2, 0, 0));
    graph_result(g, egi_item(g, loop, 0, F));
    graph_result(g, egi_item(g, loop, 1, F));
    float x = 0, y = 1, fib[2];
    graph_run(g, (const void *[]){&x, &y}, (void *[]){fib, fib + 1});
    ck_assert(fib[0] == 55 && fib[1] == 89);
    graph_end(g);
}
END_TEST

START_TEST(a_loop_reads_rows_and_stacks_rows)
{
    egi_graph *g = graph_begin();
    egi_id xs = graph_arg(g, eg_matrix(EG_F32, 3, 2));
    uint16_t r = region_open(g, false);
    egi_id i = region_param(g, r, I), x = region_param(g, r, eg_vector(EG_F32, 2));
    region_result(g, r, egi_op2(g, EGI_MUL, x, egi_convert(g, EG_F32, i)));
    region_close(g, r);
    egi_id loop = region_owner(g, EGI_LOOP, 2, (egi_id[]){egi_const_i(g, EG_I64, 3), xs}, AXES(r, 0, 1, 1));
    graph_result(g, egi_item(g, loop, 0, eg_matrix(EG_F32, 3, 2)));
    const float in[] = {1, 2, 3, 4, 5, 6}, want[] = {0, 0, 3, 4, 10, 12};
    float out[6];
    graph_run(g, (const void *[]){in}, (void *[]){out});
    test_check_f32("rows", out, want, 6);
    graph_end(g);
}
END_TEST

START_TEST(a_while_runs_until_its_condition_fails)
{
    egi_graph *g = graph_halving();
    float x = 100;
    int64_t n;
    egi_run r = {.execution = 5};
    ck_assert_int_eq(run(g, &r, (const void *[]){&x}, (void *[]){&n}), EG_OK);
    ck_assert_int_eq(n, 7);
    ck_assert_int_eq(r.done, 7);
    ck_assert_uint_eq(r.execution, 12);
    x = 0;
    graph_run(g, (const void *[]){&x}, (void *[]){&n});
    ck_assert_int_eq(n, 0);
    graph_end(g);
}
END_TEST

START_TEST(a_cond_runs_one_arm)
{
    egi_graph *g = graph_begin();
    egi_id yes = graph_arg(g, B), x = graph_arg(g, F), y = graph_arg(g, F);
    uint16_t a = region_open(g, true);
    region_result(g, a, egi_op2(g, EGI_ADD, x, y));
    region_close(g, a);
    uint16_t b = region_open(g, true);
    region_result(g, b, y);
    region_close(g, b);
    egi_id cond = region_owner(g, EGI_COND, 1, &yes, AXES(a, b));
    graph_result(g, egi_item(g, cond, 0, F));
    for (uint8_t k = 0; k < 2; k++) {
        float p = 1, q = 2, out;
        graph_run(g, (const void *[]){&k, &p, &q}, (void *[]){&out});
        ck_assert(out == (k ? 3 : 2));
    }
    graph_end(g);
}
END_TEST

/* Sums i * j over two nested loops, the inner one 3 long. */
START_TEST(loops_nest_and_read_outer_values)
{
    egi_graph *g = graph_begin();
    egi_id n = graph_arg(g, I), zero = egi_const_i(g, EG_I64, 0);
    uint16_t r = region_open(g, false);
    egi_id i = region_param(g, r, I), sum = region_param(g, r, I);
    uint16_t s = region_open(g, false);
    egi_id j = region_param(g, s, I), t = region_param(g, s, I);
    region_result(g, s, egi_op2(g, EGI_ADD, t, egi_op2(g, EGI_MUL, i, j)));
    region_close(g, s);
    egi_id inner = region_owner(g, EGI_LOOP, 2, (egi_id[]){egi_const_i(g, EG_I64, 3), sum}, AXES(s, 1, 0, 0));
    region_result(g, r, egi_item(g, inner, 0, I));
    region_close(g, r);
    egi_id outer = region_owner(g, EGI_LOOP, 2, (egi_id[]){n, zero}, AXES(r, 1, 0, 0));
    graph_result(g, egi_item(g, outer, 0, I));
    int64_t steps = 4, got;
    graph_run(g, (const void *[]){&steps}, (void *[]){&got});
    ck_assert_int_eq(got, (0 + 1 + 2 + 3) * (0 + 1 + 2));
    graph_end(g);
}
END_TEST

/* -- variables ----------------------------------------------------------------------------------------------------- */

START_TEST(variables_are_read_before_any_is_written)
{
    eg_var a = {.name = "a", .spec = F}, b = {.name = "b", .spec = F};
    egi_graph *g = graph_begin();
    egi_id x = graph_var(g, &a), y = graph_var(g, &b);
    graph_write(g, 0, y);
    graph_write(g, 1, x);
    graph_result(g, x);
    float va = 1, vb = 2, old;
    egi_run r = {.vars = (void *[]){&va, &vb}};
    ck_assert_int_eq(run(g, &r, NULL, (void *[]){&old}), EG_OK);
    ck_assert(va == 2 && vb == 1 && old == 1);
    ck_assert_uint_eq(r.execution, 1);
    graph_end(g);
}
END_TEST

/* -- composites ---------------------------------------------------------------------------------------------------- */

START_TEST(a_composite_is_its_expansion_element_by_element)
{
    enum { N = 3 * 256 + 17 };
    static float x[N], got[N], want[N];
    egi_graph *g = graph_begin();
    egi_id a = graph_arg(g, eg_vector(EG_F32, N));
    graph_result(g, egi_op1(g, EGI_EXP, a));
    graph_result(g, egi_expand(g, EGI_EXP, &a));
    for (int i = 0; i < N; i++) x[i] = (float)(i - N / 2) * 0.3F;
    x[5] = NAN;
    graph_run(g, (const void *[]){x}, (void *[]){got, want});
    test_check_f32("exp", got, want, N);
    ck_assert(got[N / 2] == 1);
    graph_end(g);
}
END_TEST

/* -- random bits --------------------------------------------------------------------------------------------------- */

START_TEST(philox_gives_the_known_answers)
{
    static const uint32_t cases[3][10] = {
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {~0u, ~0u, ~0u, ~0u, ~0u, ~0u, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420,
         0x24126ea1},
    };
    for (int k = 0; k < 3; k++) {
        uint32_t out[4];
        egi_philox(cases[k], cases[k] + 4, out);
        ck_assert_mem_eq(out, cases[k] + 6, sizeof out);
    }
}
END_TEST

/* Two draws of 6 in each step of two nested loops of 2 and 3. */
START_TEST(bits_depend_on_seed_stream_step_and_lane_alone)
{
    enum { OUTER = 2, INNER = 3, N = 6 };
    egi_graph *g = graph_begin();
    eg_spec n32 = eg_vector(EG_U32, N), n64 = eg_vector(EG_I64, N);
    egi_id lane = graph_arg(g, (eg_spec){.dtype = EG_U32});
    uint16_t r = region_open(g, false), s;
    region_param(g, r, I);
    s = region_open(g, false);
    region_param(g, s, I);
    region_result(g, s, graph_node(g, EGI_BITS, n32, 1, &lane, 0, NULL, 7));
    region_result(g, s, graph_node(g, EGI_BITS, n64, 1, &lane, 0, NULL, 8));
    region_close(g, s);
    egi_id n = egi_const_i(g, EG_I64, INNER);
    egi_id inner = region_owner(g, EGI_LOOP, 1, &n, AXES(s, 0, 0, 2));
    eg_spec rows32 = eg_matrix(EG_U32, INNER, N), rows64 = eg_matrix(EG_I64, INNER, N);
    region_result(g, r, egi_item(g, inner, 0, rows32));
    region_result(g, r, egi_item(g, inner, 1, rows64));
    region_close(g, r);
    n = egi_const_i(g, EG_I64, OUTER);
    egi_id outer = region_owner(g, EGI_LOOP, 1, &n, AXES(r, 0, 0, 2));
    graph_result(g, egi_item(g, outer, 0, (eg_spec){.dtype = EG_U32, .rank = 3, .dim = {OUTER, INNER, N}}));
    graph_result(g, egi_item(g, outer, 1, (eg_spec){.dtype = EG_I64, .rank = 3, .dim = {OUTER, INNER, N}}));

    uint32_t three = 3, got32[OUTER][INNER][N], key[2];
    uint64_t got64[OUTER][INNER][N];
    egi_run run_ = {.seed = 11, .execution = 0xFFFFFFFFu};
    ck_assert_int_eq(run(g, &run_, (const void *[]){&three}, (void *[]){got32, got64}), EG_OK);
    ck_assert_uint_eq(run_.execution, 0xFFFFFFFFull + OUTER);
    for (uint32_t i = 0; i < OUTER; i++) {
        for (uint32_t j = 0; j < INNER; j++) {
            for (uint32_t e = 0; e < N; e++) {
                uint64_t T = 0xFFFFFFFFull + i;
                uint32_t c[4] = {e / 4, (uint32_t)T, j + 1, (uint32_t)(T >> 32) ^ 3 * 0x85EBCA6Bu}, w[4];
                egi_stream_key(11, 7, key);
                egi_philox(c, key, w);
                ck_assert_uint_eq(got32[i][j][e], w[e % 4]);
                c[0] = e / 2;
                egi_stream_key(11, 8, key);
                egi_philox(c, key, w);
                ck_assert_uint_eq(got64[i][j][e], w[2 * (e % 2)] | (uint64_t)w[2 * (e % 2) + 1] << 32);
            }
        }
    }
    graph_end(g);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("eval");
    TCase *c = tcase_create("eval");
    tcase_add_test(c, a_loop_may_swap_its_states);
    tcase_add_test(c, a_loop_reads_rows_and_stacks_rows);
    tcase_add_test(c, a_while_runs_until_its_condition_fails);
    tcase_add_test(c, a_cond_runs_one_arm);
    tcase_add_test(c, loops_nest_and_read_outer_values);
    tcase_add_test(c, variables_are_read_before_any_is_written);
    tcase_add_test(c, a_composite_is_its_expansion_element_by_element);
    tcase_add_test(c, philox_gives_the_known_answers);
    tcase_add_test(c, bits_depend_on_seed_stream_step_and_lane_alone);
    suite_add_tcase(s, c);
    return test_run(s);
}
