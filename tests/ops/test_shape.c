/* Operations that move elements, products, events. */
#include <math.h>

#include "ops/graphs.h"
#include "runtime/csr.h"

static const int32_t count[24] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};

#define EXPECT(got, ...)                                                                                               \
    do {                                                                                                               \
        const int32_t want[] = {__VA_ARGS__};                                                                          \
        for (size_t i_ = 0; i_ < EGI_LEN(want); i_++) ck_assert_int_eq((got)[i_], want[i_]);                           \
    } while (0)

START_TEST(broadcast_places_axes_and_repeats_extents_of_one)
{
    int32_t got[6];
    run_op(EGI_BROADCAST, eg_matrix(EG_I32, 2, 3), 1, &eg_vector(EG_I32, 2), (const void *[]){count}, AXES(0), got);
    EXPECT(got, 0, 0, 0, 1, 1, 1);
    run_op(EGI_BROADCAST, eg_matrix(EG_I32, 2, 3), 1, &eg_matrix(EG_I32, 3, 1), (const void *[]){count}, AXES(1, 0),
           got);
    EXPECT(got, 0, 1, 2, 0, 1, 2);
    run_op(EGI_BROADCAST, eg_vector(EG_I32, 3), 1, &eg_scalar(EG_I32), (const void *[]){count + 7}, 0, NULL, got);
    EXPECT(got, 7, 7, 7);
}
END_TEST

START_TEST(transpose_permutes)
{
    int32_t got[24];
    eg_spec from = {.dtype = EG_I32, .rank = 3, .dim = {2, 3, 4}}, to = {.dtype = EG_I32, .rank = 3, .dim = {4, 2, 3}};
    run_op(EGI_TRANSPOSE, to, 1, &from, (const void *[]){count}, AXES(2, 0, 1), got);
    EXPECT(got, 0, 4, 8, 12, 16, 20, 1, 5, 9);
}
END_TEST

START_TEST(slices_step_both_ways)
{
    int32_t got[4];
    run_op(EGI_SLICE, eg_matrix(EG_I32, 2, 2), 1, &eg_matrix(EG_I32, 4, 6), (const void *[]){count}, AXES(3, -2, 1, 3),
           got);
    EXPECT(got, 19, 22, 7, 10);
}
END_TEST

START_TEST(dynamic_starts_are_clamped)
{
    int32_t got[6], u[2] = {-1, -2};
    int64_t far = 100, before = -3;
    eg_spec specs[] = {eg_matrix(EG_I32, 2, 3), eg_scalar(EG_I64), eg_scalar(EG_I64)};
    run_op(EGI_DSLICE, eg_matrix(EG_I32, 1, 2), 3, specs, (const void *[]){count, &far, &before}, 0, NULL, got);
    EXPECT(got, 3, 4);
    eg_spec put[] = {eg_matrix(EG_I32, 2, 3), eg_matrix(EG_I32, 1, 2), eg_scalar(EG_I64), eg_scalar(EG_I64)};
    run_op(EGI_UPDATE, specs[0], 4, put, (const void *[]){count, u, &before, &far}, 0, NULL, got);
    EXPECT(got, 0, -1, -2, 3, 4, 5);
}
END_TEST

START_TEST(concat_joins_along_its_axis)
{
    int32_t got[8];
    eg_spec specs[] = {eg_matrix(EG_I32, 2, 1), eg_matrix(EG_I32, 2, 3)};
    run_op(EGI_CONCAT, eg_matrix(EG_I32, 2, 4), 2, specs, (const void *[]){count + 10, count}, AXES(1), got);
    EXPECT(got, 10, 0, 1, 2, 11, 3, 4, 5);
}
END_TEST

START_TEST(pad_surrounds_with_a_value)
{
    int32_t got[8];
    eg_spec specs[] = {eg_matrix(EG_I32, 1, 2), eg_scalar(EG_I32)};
    run_op(EGI_PAD, eg_matrix(EG_I32, 2, 4), 2, specs, (const void *[]){count + 1, count + 9}, AXES(1, 1), got);
    EXPECT(got, 9, 9, 9, 9, 9, 1, 2, 9);
}
END_TEST

START_TEST(gather_clamps_its_index)
{
    int32_t got[6], rows[] = {2, -1, 99};
    uint32_t columns[] = {1, UINT32_MAX};
    eg_spec specs[] = {eg_matrix(EG_I32, 3, 2), eg_vector(EG_I32, 3)};
    run_op(EGI_GATHER, eg_matrix(EG_I32, 3, 2), 2, specs, (const void *[]){count, rows}, AXES(0), got);
    EXPECT(got, 4, 5, 0, 1, 4, 5);
    specs[0] = eg_matrix(EG_I32, 2, 3);
    specs[1] = eg_vector(EG_U32, 2);
    run_op(EGI_GATHER, eg_matrix(EG_I32, 2, 2), 2, specs, (const void *[]){count, columns}, AXES(1), got);
    EXPECT(got, 1, 2, 4, 5);
}
END_TEST

START_TEST(scatter_adds_rows_and_drops_what_is_out_of_range)
{
    int32_t got[6];
    int64_t index[] = {1, 3, 1, -1};
    eg_spec specs[] = {eg_matrix(EG_I32, 3, 2), eg_vector(EG_I64, 4), eg_matrix(EG_I32, 4, 2)};
    run_op(EGI_SCATTER, specs[0], 3, specs, (const void *[]){count, index, count + 10}, 0, NULL, got);
    EXPECT(got, 0, 1, 2 + 10 + 14, 3 + 11 + 15, 4, 5);
}
END_TEST

START_TEST(iota_counts_along_its_axis)
{
    float got[6];
    const float want[] = {0, 1, 2, 0, 1, 2};
    run_op(EGI_IOTA, eg_matrix(EG_F32, 2, 3), 0, NULL, NULL, AXES(1), got);
    test_check_f32("iota", got, want, 6);
}
END_TEST

START_TEST(a_dot_is_batched_over_leading_axes)
{
    float a[2][1][2] = {{{1, 2}}, {{3, 4}}}, b[2][2][2] = {{{1, 10}, {100, 1000}}, {{1, 1}, {2, 2}}}, got[2][1][2];
    const float want[] = {201, 2010, 11, 11};
    eg_spec specs[] = {{.dtype = EG_F32, .rank = 3, .dim = {2, 1, 2}}, {.dtype = EG_F32, .rank = 3, .dim = {2, 2, 2}}};
    run_op(EGI_DOT, specs[0], 2, specs, (const void *[]){a, b}, 0, NULL, got);
    test_check_f32("product", &got[0][0][0], want, 4);
}
END_TEST

START_TEST(the_chains_of_a_dot_start_from_its_base)
{
    float a[1][2] = {{1, 2}}, b[2][2] = {{1, 10}, {100, 1000}}, base[1][2] = {{5, -6}}, got[1][2];
    const float want[] = {206, 2004};
    eg_spec specs[] = {eg_matrix(EG_F32, 1, 2), eg_matrix(EG_F32, 2, 2), eg_matrix(EG_F32, 1, 2)};
    run_op(EGI_DOT, specs[0], 3, specs, (const void *[]){a, b, base}, 0, NULL, got);
    test_check_f32("product", &got[0][0], want, 2);
}
END_TEST

/* -- products by the rows that fired ------------------------------------------------------------------------------- */

static void run_fired(eg_dtype spikes, const void *base, const void *x, const void *w, void *out)
{
    eg_spec specs[] = {eg_matrix(EG_F32, 2, 2), eg_matrix(spikes, 2, 3), eg_matrix(EG_F32, 3, 2)};
    run_op(EGI_DOT_EVENT, specs[0], 3, specs, (const void *[]){base, x, w}, 0, NULL, out);
}

START_TEST(rows_of_a_matrix_that_fired_are_added_to_the_base)
{
    const float base[] = {0.5F, -0.0F, 1, 2}, w[] = {1, -0.0F, 10, INFINITY, 100, 200};
    float got[4];
    run_fired(EG_BOOL, base, (const uint8_t[]){1, 0, 0, 1, 0, 1}, w, got);
    /* silent sources are not looked at: neither infinite weights nor the sign of a zero */
    test_check_f32("bool", got, (const float[]){1.5F, -0.0F, 102, 202}, 4);
    ck_assert(signbit(got[1]));
    run_fired(EG_BOOL, base, (const uint8_t[]){0, 0, 0, 0, 2, 0}, w, got);
    test_check_f32("other bytes", got, (const float[]){0.5F, -0.0F, 11, INFINITY}, 4);
}
END_TEST

START_TEST(values_of_spikes_are_fused_and_nan_is_one)
{
    const float u = 1 + 0x1p-12F, base[] = {-1, 0, 1, 2}, w[] = {u, NAN, 10, 0, 100, 200};
    float got[4];
    run_fired(EG_F32, base, (const float[]){u, 0, -0.0F, -0.0F, -2, 0}, w, got);
    ck_assert(got[0] == fmaf(u, u, -1) && isnan(got[1]) && got[2] == -19 && got[3] == 2);
    run_fired(EG_F32, base, (const float[]){0, 0, 0, 0, 0, NAN}, w, got);
    ck_assert(got[0] == -1 && got[1] == 0 && isnan(got[2]) && isnan(got[3]));
}
END_TEST

/* -- events: 3 sources, 2 targets ---------------------------------------------------------------------------------- */

static int64_t indptr[] = {0, 2, 2, 5};
static int32_t indices[] = {0, 1, 0, 0, 1};
static eg_csr connections = {.num_pre = 3, .num_post = 2, .size = 5, .indptr = indptr, .indices = indices};

static void run_event(egi_op op, eg_dtype spikes, eg_spec weight, const void *base, const void *x, const void *w,
                      void *out)
{
    egi_graph *g = graph_begin();
    int64_t pre = connections.num_pre, post = connections.num_post;
    eg_spec b = eg_vector(weight.dtype, op == EGI_EVENT ? post : pre);
    eg_spec s = eg_vector(spikes, op == EGI_EVENT ? pre : post);
    egi_id args[] = {graph_arg(g, b), graph_arg(g, s), graph_arg(g, weight)};
    ck_assert(egi_push(&g->eg->allocator, &g->csrs, &connections));
    graph_result(g, graph_node(g, op, b, 3, args, 0, NULL, 0));
    graph_run(g, (const void *[]){base, x, w}, &out);
    graph_end(g);
}

START_TEST(rows_that_fired_add_their_weights)
{
    const uint8_t fired[] = {1, 1, 1};
    float base[] = {0.5F, 0.25F}, one = 2, rows[] = {1, 10, 100}, each[] = {1, 2, 4, 8, 16}, got[2];
    run_event(EGI_EVENT, EG_BOOL, eg_scalar(EG_F32), base, fired, &one, got);
    ck_assert(got[0] == 6.5F && got[1] == 4.25F);
    run_event(EGI_EVENT, EG_BOOL, eg_vector(EG_F32, 3), base, fired, rows, got);
    ck_assert(got[0] == 201.5F && got[1] == 101.25F);
    run_event(EGI_EVENT, EG_BOOL, eg_vector(EG_F32, 5), base, (const uint8_t[]){1, 0, 0}, each, got);
    ck_assert(got[0] == 1.5F && got[1] == 2.25F);
}
END_TEST

START_TEST(valued_spikes_are_fused_and_nan_counts_as_fired)
{
    float base[] = {-1, 0}, w = 1 + 0x1p-12F, got[2];
    run_event(EGI_EVENT, EG_F32, eg_scalar(EG_F32), base, (const float[]){1 + 0x1p-12F, 0, -0.0F}, &w, got);
    ck_assert(got[0] == fmaf(w, w, -1) && got[1] == w * w);
    run_event(EGI_EVENT, EG_F32, eg_scalar(EG_F32), base, (const float[]){NAN, 0, 0}, &w, got);
    ck_assert(isnan(got[0]) && isnan(got[1]));
}
END_TEST

START_TEST(transposed_events_read_the_targets)
{
    float base[] = {0, 7, 1}, each[] = {1, 2, 4, 8, 16}, got[3];
    run_event(EGI_EVENT_T, EG_BOOL, eg_vector(EG_F32, 5), base, (const uint8_t[]){0, 1}, each, got);
    ck_assert(got[0] == 2 && got[1] == 7 && got[2] == 17);
    run_event(EGI_EVENT_T, EG_F32, eg_vector(EG_F32, 5), base, (const float[]){2, 3}, each, got);
    ck_assert(got[0] == 8 && got[1] == 7 && got[2] == 1 + 8 + 16 + 48);
}
END_TEST

START_TEST(integer_events_wrap)
{
    int32_t base[] = {INT32_MAX, 0}, w = 1, got[2];
    run_event(EGI_EVENT, EG_BOOL, eg_scalar(EG_I32), base, (const uint8_t[]){1, 0, 0}, &w, got);
    ck_assert_int_eq(got[0], INT32_MIN);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shape");
    TCase *c = tcase_create("shape");
    tcase_add_test(c, broadcast_places_axes_and_repeats_extents_of_one);
    tcase_add_test(c, transpose_permutes);
    tcase_add_test(c, slices_step_both_ways);
    tcase_add_test(c, dynamic_starts_are_clamped);
    tcase_add_test(c, concat_joins_along_its_axis);
    tcase_add_test(c, pad_surrounds_with_a_value);
    tcase_add_test(c, gather_clamps_its_index);
    tcase_add_test(c, scatter_adds_rows_and_drops_what_is_out_of_range);
    tcase_add_test(c, iota_counts_along_its_axis);
    tcase_add_test(c, a_dot_is_batched_over_leading_axes);
    tcase_add_test(c, rows_of_a_matrix_that_fired_are_added_to_the_base);
    tcase_add_test(c, values_of_spikes_are_fused_and_nan_is_one);
    tcase_add_test(c, the_chains_of_a_dot_start_from_its_base);
    tcase_add_test(c, rows_that_fired_add_their_weights);
    tcase_add_test(c, valued_spikes_are_fused_and_nan_counts_as_fired);
    tcase_add_test(c, transposed_events_read_the_targets);
    tcase_add_test(c, integer_events_wrap);
    suite_add_tcase(s, c);
    return test_run(s);
}
