/* Runs that stop, run out of memory, or meet the host's floating-point state. */
#include <stdlib.h>

#include "ops/graphs.h"

static const eg_spec F = {.dtype = EG_F32}, I = {.dtype = EG_I64};

static eg_status run(const egi_graph *g, egi_run *r, const void *const *args, void *const *results)
{
    r->args = args;
    r->results = results;
    return egi_eval(g, r);
}

/* -- stopping ------------------------------------------------------------------------------------------------------ */

typedef struct stop {
    int64_t at, calls;
    atomic_int *cancel;
} stop;

static int host_step(void *user, const void *const *in, void *const *out)
{
    stop *s = user;
    s->calls++;
    *(float *)out[0] = *(const float *)in[0] + 1;
    if (s->cancel && s->calls == s->at) atomic_store(s->cancel, 1);
    return !s->cancel && s->calls == s->at ? 42 : 0;
}

static int stop_after(void *user, int64_t step, int64_t steps)
{
    ck_assert_int_eq(steps, 10);
    return step == *(int64_t *)user;
}

static eg_spec out_spec = {.dtype = EG_F32};
static eg_var counter = {.name = "counter", .spec = {.dtype = EG_F32}};

/* Ten times: counter = host(counter), stacked; then twice the last counter is the result. */
static egi_graph *counting(stop *s)
{
    egi_graph *g = graph_begin();
    egi_host h = {.name = "step", .fn = host_step, .user = s, .num_out = 1, .out = &out_spec};
    ck_assert(egi_push(&g->eg->allocator, &g->hosts, h));
    egi_id x = graph_var(g, &counter);
    uint16_t r = region_open(g, false);
    region_param(g, r, I);
    egi_id p = region_param(g, r, F);
    egi_id host = graph_node(g, EGI_HOST, (eg_spec){.dtype = EG_DTYPE_COUNT}, 1, &p, 0, NULL, 0);
    egi_id y = egi_item(g, host, 0, F);
    region_result(g, r, y);
    region_result(g, r, y);
    region_close(g, r);
    egi_id loop = region_owner(g, EGI_LOOP, 2, (egi_id[]){egi_const_i(g, EG_I64, 10), x}, AXES(r, 1, 0, 1));
    egi_id last = egi_item(g, loop, 0, F);
    graph_write(g, 0, last);
    graph_result(g, egi_op2(g, EGI_ADD, last, last));
    graph_result(g, egi_item(g, loop, 1, eg_vector(EG_F32, 10)));
    return g;
}

static void expect_steps(egi_run *r, stop *s, eg_status status, int64_t steps)
{
    float value = 100, twice, rows[10];
    egi_graph *g = counting(s);
    r->vars = (void *[]){&value};
    ck_assert_int_eq(run(g, r, NULL, (void *[]){&twice, rows}), status);
    ck_assert_int_eq(r->done, steps);
    ck_assert(value == (float)(100 + steps) && twice == 2 * value);
    for (int64_t k = 0; k < 10; k++) ck_assert(rows[k] == (float)(k < steps ? 101 + k : 0));
    ck_assert_uint_eq(r->execution, (uint64_t)steps);
    graph_end(g);
}

START_TEST(cancelling_keeps_whole_steps)
{
    atomic_int cancel = 0;
    stop s = {.at = 4, .cancel = &cancel};
    egi_run r = {.cancel = &cancel};
    expect_steps(&r, &s, EG_ERR_CANCELLED, 4);
}
END_TEST

START_TEST(a_failing_host_function_undoes_its_step)
{
    stop s = {.at = 4};
    egi_run r = {0};
    expect_steps(&r, &s, EG_ERR_RUN, 3);
    ck_assert_ptr_nonnull(strstr(r.message, "'step'"));
    ck_assert_ptr_nonnull(strstr(r.message, "42"));
    ck_assert_int_eq(s.calls, 4);
}
END_TEST

START_TEST(progress_may_stop_a_run)
{
    stop s = {0};
    int64_t at = 6;
    egi_run r = {.progress = stop_after, .user = &at};
    expect_steps(&r, &s, EG_ERR_CANCELLED, 6);
}
END_TEST

START_TEST(a_host_function_failing_outside_of_loops_leaves_variables_alone)
{
    stop s = {.at = 1};
    egi_graph *g = graph_begin();
    egi_host h = {.name = "once", .fn = host_step, .user = &s, .num_out = 1, .out = &out_spec};
    ck_assert(egi_push(&g->eg->allocator, &g->hosts, h));
    egi_id x = graph_var(g, &counter);
    egi_id host = graph_node(g, EGI_HOST, (eg_spec){.dtype = EG_DTYPE_COUNT}, 1, &x, 0, NULL, 0);
    graph_write(g, 0, egi_item(g, host, 0, F));
    float value = 3;
    egi_run r = {.vars = (void *[]){&value}};
    ck_assert_int_eq(run(g, &r, NULL, NULL), EG_ERR_RUN);
    ck_assert(value == 3);
    graph_end(g);
}
END_TEST

/* -- memory -------------------------------------------------------------------------------------------------------- */

typedef struct counted {
    int64_t allocations, living, fail_at;
} counted;

static void *counted_alloc(void *user, size_t size, size_t align)
{
    counted *c = user;
    if (++c->allocations == c->fail_at) return NULL;
    c->living++;
    return egi_malloc_allocator.alloc(NULL, size, align);
}

static void counted_free(void *user, void *p)
{
    ((counted *)user)->living--;
    free(p);
}

START_TEST(running_allocates_nothing_and_every_failed_allocation_is_reported)
{
    egi_graph *g = graph_halving();
    int64_t n, allocations = 0;
    for (int k = 0; k < 2; k++) {
        counted c = {0};
        eg_allocator a = {counted_alloc, counted_free, &c};
        float x = k ? 1e30F : 2;
        egi_run r = {.allocator = &a};
        ck_assert_int_eq(run(g, &r, (const void *[]){&x}, (void *[]){&n}), EG_OK);
        ck_assert_int_eq(c.living, 0);
        if (k) ck_assert_int_eq(c.allocations, allocations);
        allocations = c.allocations;
    }
    for (int64_t k = 1; k <= allocations; k++) {
        counted c = {.fail_at = k};
        eg_allocator a = {counted_alloc, counted_free, &c};
        float x = 2;
        egi_run r = {.allocator = &a};
        ck_assert_int_eq(run(g, &r, (const void *[]){&x}, (void *[]){&n}), EG_ERR_MEMORY);
        ck_assert_int_eq(c.living, 0);
    }
    graph_end(g);
}
END_TEST

/* -- floating-point state ------------------------------------------------------------------------------------------ */

static int host_state(void *user, const void *const *in, void *const *out)
{
    (void)in, (void)out;
    *(unsigned *)user = _mm_getcsr();
    return 0;
}

START_TEST(denormals_are_flushed_unless_kept_and_the_host_sees_its_own_state)
{
    unsigned seen = 0, before = _mm_getcsr();
    egi_graph *g = graph_begin();
    egi_host h = {.name = "state", .fn = host_state, .user = &seen};
    ck_assert(egi_push(&g->eg->allocator, &g->hosts, h));
    graph_node(g, EGI_HOST, (eg_spec){.dtype = EG_DTYPE_COUNT}, 0, NULL, 0, NULL, 0);
    graph_result(g, egi_op2(g, EGI_MUL, graph_arg(g, F), egi_const_f(g, EG_F32, 0.5)));
    float x = 0x1p-126F, y;
    for (int keep = 0; keep < 2; keep++) {
        egi_run r = {.keep_denormals = keep};
        ck_assert_int_eq(run(g, &r, (const void *[]){&x}, (void *[]){&y}), EG_OK);
        uint32_t bits;
        memcpy(&bits, &y, sizeof bits);
        ck_assert_uint_eq(bits, keep ? 1u << 22 : 0);
        ck_assert_uint_eq(_mm_getcsr() & 0xFFC0u, before & 0xFFC0u);
        ck_assert_uint_eq(seen & 0xFFC0u, before & 0xFFC0u);
    }
    graph_end(g);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("run");
    TCase *c = tcase_create("run");
    tcase_add_test(c, cancelling_keeps_whole_steps);
    tcase_add_test(c, a_failing_host_function_undoes_its_step);
    tcase_add_test(c, progress_may_stop_a_run);
    tcase_add_test(c, a_host_function_failing_outside_of_loops_leaves_variables_alone);
    tcase_add_test(c, running_allocates_nothing_and_every_failed_allocation_is_reported);
    tcase_add_test(c, denormals_are_flushed_unless_kept_and_the_host_sees_its_own_state);
    suite_add_tcase(s, c);
    return test_run(s);
}
