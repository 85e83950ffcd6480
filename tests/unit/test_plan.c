/* The planner and its guard: whatever barrier is taken away, verify_stages finds the race, in what it derives itself.
 */
#include "ir/func.h"
#include "opt/plan.h"
#include "session.h"

enum { N = 300, STEPS = 7 };
static eg_var *V, *g, *ring;
static eg_csr *csr;

static void network(void)
{
    int64_t ptr[N + 1];
    int32_t target[2 * N];
    setup();
    V = eg_variable(eg, "V", eg_vector(EG_F32, N));
    g = eg_variable(eg, "g", eg_vector(EG_F32, N));
    ring = eg_variable(eg, "ring", eg_matrix(EG_F32, 4, N));
    for (int i = 0; i <= N; i++) ptr[i] = 2 * i;
    for (int i = 0; i < N; i++) {
        target[2 * i] = (i * 7) % (N / 2);
        target[2 * i + 1] = N / 2 + (i * 11) % (N / 2);
    }
    csr = eg_csr_new(eg, N, N, ptr, target);
    fine();
}

static eg_val neurons(void *user, eg_val x)
{
    (void)user;
    eg_val v = eg_add(eg_mul(eg_get(V), 0.9), eg_get(g)), spike = eg_gt(v, 1);
    eg_set(V, eg_where(spike, 0, v));
    eg_set(g, eg_event_add(eg_mul(eg_get(g), 0.5), csr, spike, 0.25));
    eg_val row = eg_mod(eg_item(x, 0), (int64_t)4);
    eg_set(ring, eg_update_row(eg_get(ring), row, eg_flip(eg_get(V), 0)));
    return eg_tuple(eg, 2, ((eg_val[]){eg_nothing(), eg_sum(eg_sort(eg_get(V), 0))}));
}
static eg_val simulate(void *user, eg_val x)
{
    (void)user;
    eg_val rows = eg_item(eg_loop(eg, STEPS, neurons, NULL, eg_nothing(), eg_nothing()), 1);
    return eg_add(eg_cumsum(rows, 0), eg_sum(eg_dot(eg_get(ring), x)));
}

static eg_val shifts(void *user, eg_val x)
{
    (void)user;
    return eg_concat(0, eg_slice(x, 0, 1, N, 1), eg_slice(x, 0, 0, 1, 1));
}
static eg_val not_far(void *user, eg_val x)
{
    (void)user;
    return eg_lt(eg_sum(x), 1000);
}
static eg_val grow(void *user, eg_val x)
{
    (void)user;
    return eg_add(eg_flip(eg_mul(x, 1.25), 0), 1);
}
static eg_val turned(void *user, eg_val x)
{
    (void)user;
    return eg_flip(x, 0);
}
static eg_val same(void *user, eg_val x)
{
    (void)user;
    return x;
}
static eg_val regions(void *user, eg_val x)
{
    (void)user;
    eg_set(V, eg_add(shifts(NULL, eg_get(V)), x));
    eg_val y = eg_while(eg, not_far, grow, NULL, eg_get(V));
    eg_set(g, eg_cond(eg_gt(eg_sum(y), 1500), turned, same, NULL, y));
    return eg_gather(eg_get(g), eg_argsort(x, 0), 0);
}

static egi_plan *plan_of(eg_fn fn)
{
    eg_func *f = TRACE(fn, eg_vector(EG_F32, N));
    egi_plan *p = egi_plan_new(f->graph, false);
    ck_assert_ptr_nonnull(p);
    return p;
}

static bool safe(const egi_plan *p)
{
    egi_text why = {.allocator = &egi_malloc_allocator};
    bool ok = egi_verify_stages(p, &why);
    ck_assert_msg(ok || (why.s && strstr(why.s, "without a barrier")), "no reason is given");
    egi_text_free(&why);
    return ok;
}

/* What the planner noted about its stages is forgotten: the guard does not look at it. */
static void forget(egi_stages *list)
{
    for (int64_t k = 0; k < list->n; k++) list->at[k].accesses.n = 0;
}

/* Takes away one barrier after the other; counts all, and those without which there is a race. */
static void without_each(egi_plan *p, egi_stages *list, int *all, int *needed)
{
    for (int64_t k = 0; k < list->n; k++) {
        egi_stage *s = &list->at[k];
        if (!s->barrier) continue;
        s->barrier = false;
        *needed += !safe(p);
        s->barrier = true;
        ++*all;
    }
}

/* `spare`: barriers that stand where none had to. */
static void check_barriers(eg_fn fn, int least, int spare)
{
    egi_plan *p = plan_of(fn);
    int all = 0, needed = 0;
    for (int64_t r = 0; r < p->g->regions.n; r++) {
        egi_region_plan *rp = &p->region[r];
        egi_stages *list[] = {&rp->before, &rp->enter, &rp->stages};
        for (size_t k = 0; k < LEN(list); k++) forget(list[k]);
    }
    ck_assert(safe(p));
    for (int64_t r = 0; r < p->g->regions.n; r++) {
        egi_region_plan *rp = &p->region[r];
        egi_stages *list[] = {&rp->before, &rp->enter, &rp->stages};
        for (size_t k = 0; k < LEN(list); k++) without_each(p, list[k], &all, &needed);
    }
    ck_assert_int_ge(needed, least);
    ck_assert_int_eq(all, needed + spare);
    egi_plan_free(p);
}

START_TEST(no_barrier_of_a_network_can_be_left_out) { check_barriers(simulate, 5, 0); }
END_TEST

/* The condition of a while is its last stage, which the planner does not make use of. */
START_TEST(no_barrier_around_whiles_and_conds_can_be_left_out) { check_barriers(regions, 5, 1); }
END_TEST

/* One row has the slices of the whole stack, but what a cancelled loop did not reach is cleared by the first thread. */
static eg_val one_step(void *user, eg_val x)
{
    (void)user;
    return eg_tuple(eg, 2, ((eg_val[]){eg_nothing(), eg_mul(eg_item(x, 2), 2)}));
}
static eg_val one_row(void *user, eg_val x)
{
    (void)user;
    eg_val rows = eg_reshape(x, 1, N);
    return eg_add(eg_item(eg_loop(eg, 1, one_step, NULL, eg_nothing(), rows), 1), 1);
}

START_TEST(rows_of_a_loop_are_read_behind_a_barrier) { check_barriers(one_row, 1, 0); }
END_TEST

static eg_val counts(void *user, eg_val x)
{
    (void)user;
    eg_var *n = eg_find_variable(eg, "n");
    eg_set(n, eg_add(eg_get(n), 1));
    return x;
}

START_TEST(a_variable_of_rank_0_is_written_behind_a_barrier)
{
    eg_variable(eg, "n", eg_scalar(EG_F32));
    egi_plan *p = plan_of(counts);
    ck_assert(safe(p));
    p->region[0].end_barrier = false;
    ck_assert(!safe(p));
    egi_plan_free(p);
}
END_TEST

/* A loop may make no step: a barrier inside does not stand between what is before and behind it. */
static eg_val steps_once(void *user, eg_val x)
{
    (void)user;
    (void)x;
    eg_set(ring, eg_add(eg_get(ring), eg_sum(eg_get(ring))));
    return eg_nothing();
}
static eg_val outer(void *user, eg_val x)
{
    (void)user;
    eg_set(V, eg_add(eg_get(V), 1));
    eg_loop(eg, eg_convert(eg_sum(eg_get(g)), EG_I64), steps_once, NULL, eg_nothing(), eg_nothing());
    eg_set(g, eg_add(eg_get(g), eg_flip(eg_get(V), 0)));
    (void)x;
    return eg_nothing();
}
static eg_val around(void *user, eg_val x)
{
    (void)user;
    eg_loop(eg, 3, outer, NULL, eg_nothing(), eg_nothing());
    return x;
}

START_TEST(a_barrier_inside_a_loop_is_none_where_the_loop_makes_no_step)
{
    egi_plan *p = plan_of(around);
    ck_assert(safe(p));
    egi_stages *list = NULL;
    for (int64_t r = 1; r < p->g->regions.n && !list; r++) {
        for (int64_t k = 0; k < p->region[r].stages.n; k++) {
            const egi_stage *s = &p->region[r].stages.at[k];
            if (s->kind == EGI_STAGE_NODE && egi_at(p->g, s->node)->op == EGI_LOOP) list = &p->region[r].stages;
        }
    }
    ck_assert_ptr_nonnull(list);
    int all = 0, needed = 0;
    without_each(p, list, &all, &needed);
    ck_assert_int_ge(all, 1);
    ck_assert_int_eq(needed, all);
    egi_plan_free(p);
}
END_TEST

/* -- what is updated where it lies --------------------------------------------------------------------------------- */

/* Readers of the old ring that depend on what the update depends on. */
static eg_val line(void *user, eg_val x)
{
    (void)user;
    eg_val old = eg_get(ring), i = eg_mod(eg_item(x, 0), 4), row = eg_row(old, i);
    eg_set(ring, eg_update_row(old, i, eg_zeros(eg, eg_vector(EG_F32, N))));
    eg_set(V, eg_mul(eg_sin(eg_get(V)), row));
    return eg_tuple(eg, 2, ((eg_val[]){eg_nothing(), eg_sum(row)}));
}
/* One element of each row, of the new ring seen as a vector. */
static eg_val picks(void *user, eg_val x)
{
    (void)user;
    const int64_t all = 4 * N;
    eg_val i = eg_mod(eg_item(x, 0), 4), at = eg_mod(eg_mul(eg_iota(eg, N, EG_I32), 7), (int)all);
    eg_set(ring, eg_update_row(eg_get(ring), i, eg_get(V)));
    eg_set(V, eg_gather(eg_reshape(eg_get(ring), all), at, 0));
    return eg_tuple(eg, 2, ((eg_val[]){eg_nothing(), eg_nothing()}));
}
static eg_val lines(void *user, eg_val x)
{
    (void)user;
    eg_loop(eg, STEPS, line, NULL, eg_nothing(), eg_nothing());
    eg_loop(eg, STEPS, picks, NULL, eg_nothing(), eg_nothing());
    return x;
}

START_TEST(a_ring_is_not_copied)
{
    egi_plan *p = plan_of(lines);
    ck_assert(safe(p));
    for (int64_t r = 1; r < p->g->regions.n; r++) {
        for (int64_t k = 0; k < p->region[r].stages.n; k++) {
            const egi_stage *st = &p->region[r].stages.at[k];
            const egi_shape *s = &p->g->shapes.at[st->shape];
            bool whole = (s->rank == 2 && s->dim[0] == 4) || (s->rank == 1 && s->dim[0] == 4 * N);
            ck_assert_msg(st->kind != EGI_STAGE_FUSED || !whole, "region %lld, stage %lld", (long long)r, (long long)k);
        }
    }
    egi_plan_free(p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("plan");
    TCase *t = tcase_create("plan");
    tcase_add_checked_fixture(t, network, teardown);
    tcase_add_test(t, no_barrier_of_a_network_can_be_left_out);
    tcase_add_test(t, no_barrier_around_whiles_and_conds_can_be_left_out);
    tcase_add_test(t, rows_of_a_loop_are_read_behind_a_barrier);
    tcase_add_test(t, a_variable_of_rank_0_is_written_behind_a_barrier);
    tcase_add_test(t, a_barrier_inside_a_loop_is_none_where_the_loop_makes_no_step);
    tcase_add_test(t, a_ring_is_not_copied);
    suite_add_tcase(s, t);
    return test_run(s);
}
