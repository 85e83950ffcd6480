/* Variables that the arms of a cond change where they lie, and all the ways in which the old values may still be
 * needed. */
#include "ir/func.h"
#include "opt/plan.h"
#include "session.h"

enum { N = 1000, VARS = 3 };
static eg_var *var[VARS];
#define A eg_get(var[0])
#define B eg_get(var[1])
#define C eg_get(var[2])

static void variables(void)
{
    setup();
    var[0] = eg_variable(eg, "A", eg_vector(EG_F32, N));
    var[1] = eg_variable(eg, "B", eg_vector(EG_F32, N));
    var[2] = eg_variable(eg, "C", eg_vector(EG_F32, N));
    fine();
}

#define FN(name, ...)                                                                                                  \
    static eg_val name(void *user, eg_val x)                                                                           \
    {                                                                                                                  \
        (void)user;                                                                                                    \
        (void)x;                                                                                                       \
        __VA_ARGS__;                                                                                                   \
        return eg_nothing();                                                                                           \
    }
#define SUM_POSITIVE eg_gt(eg_sum(x), 0)

FN(none, )
/* as an optimiser does */
FN(moments, eg_set(var[1], eg_add(eg_mul(B, 0.9), x)), eg_set(var[2], eg_add(eg_mul(C, 0.5), eg_square(x))),
   eg_set(var[0], eg_sub(A, eg_div(B, eg_add(eg_sqrt(C), 1)))))
FN(doubled, eg_set(var[0], eg_mul(A, 2)), eg_set(var[1], eg_add(B, x)))
FN(swapped, eg_val a = A; eg_set(var[0], B); eg_set(var[1], a))
FN(swapped_and_scaled, eg_val a = A; eg_set(var[0], eg_mul(B, 2)); eg_set(var[1], eg_mul(a, 3)))
FN(flipped, eg_set(var[0], eg_flip(A, 0)))
FN(seen_flipped, eg_val a = A; eg_set(var[0], eg_add(a, x)); eg_set(var[1], eg_add(eg_flip(a, 0), B)))
FN(needed_later, eg_val a = A; eg_set(var[0], eg_add(a, x)); eg_set(var[1], eg_mul(a, eg_sum(A))))
FN(copied, eg_set(var[1], A), eg_set(var[0], eg_add(A, x)))
FN(both_alike, eg_val y = eg_add(A, B); eg_set(var[0], y); eg_set(var[1], y))
FN(in_a_cond, eg_cond(eg_gt(eg_sum(A), 0), doubled, moments, NULL, x))
FN(summed, eg_set(var[0], eg_cumsum(A, 0)))

/* name, yes, no, what the function returns behind the cond; are A, B and C changed in place? */
#define CASES(X)                                                                                                       \
    X(optimiser, moments, none, A, 1)                                                                                  \
    X(other_arm, none, moments, A, 1)                                                                                  \
    X(two_arms, moments, doubled, eg_add(A, B), 1)                                                                     \
    X(transposed_before, moments, none, eg_sum(before), 1)                                                             \
    X(needed_behind, moments, doubled, eg_add(old, A), 0)                                                              \
    X(returned, doubled, none, old, 0)                                                                                 \
    X(seen_behind, doubled, none, eg_flip(old, 0), 0)                                                                  \
    X(exchanged, swapped, none, A, 0)                                                                                  \
    X(exchanged_scaled, swapped_and_scaled, doubled, A, 1)                                                             \
    X(turned_round, flipped, doubled, A, 0)                                                                            \
    X(seen_turned_round, seen_flipped, none, A, 0)                                                                     \
    X(later_in_the_arm, needed_later, none, A, 0)                                                                      \
    X(into_another, copied, doubled, A, 0)                                                                             \
    X(one_for_two, both_alike, moments, A, 0)                                                                          \
    X(nested, in_a_cond, doubled, A, 0)                                                                                \
    X(by_a_stage, summed, none, A, 0)

#define DEFINE(name, yes, no, result, there)                                                                           \
    static eg_val name(void *user, eg_val x)                                                                           \
    {                                                                                                                  \
        (void)user;                                                                                                    \
        eg_val old = A, before = eg_flip(eg_mul(eg_flip(old, 0), x), 0);                                               \
        eg_cond(SUM_POSITIVE, yes, no, NULL, x);                                                                       \
        (void)before;                                                                                                  \
        return result;                                                                                                 \
    }                                                                                                                  \
    static eg_val name##_step(void *user, eg_val x)                                                                    \
    {                                                                                                                  \
        eg_val y = name(user, eg_item(x, 2));                                                                          \
        return eg_tuple(eg, 2, ((eg_val[]){eg_nothing(), y}));                                                         \
    }                                                                                                                  \
    static eg_val name##_loop(void *user, eg_val x)                                                                    \
    {                                                                                                                  \
        (void)user;                                                                                                    \
        eg_val rows = eg_concat(0, eg_reshape(x, 1, N), eg_reshape(eg_neg(x), 1, N), eg_reshape(eg_mul(x, 2), 1, N));  \
        return eg_sum(eg_item(eg_loop(eg, 3, name##_step, NULL, eg_nothing(), rows), 1));                              \
    }
CASES(DEFINE)
#undef DEFINE

static const struct {
    const char *name;
    eg_fn fn, loop;
    bool there;
} cases[] = {
#define ROW(name, yes, no, result, there) {#name, name, name##_loop, there},
    CASES(ROW)
#undef ROW
};

static eg_state *run(eg_func *f, const float *x, float *y, const eg_run_options *o)
{
    eg_state *s = eg_state_new(eg);
    fine();
    for (int k = 0; k < VARS; k++) {
        float *p = eg_data(s, var[k]);
        for (int i = 0; i < N; i++) p[i] = (float)((i * (k + 3)) % 17) - 7 * (float)(k < 2);
    }
    ck_assert_msg(eg_call(f, s, IN(x), (void *[]){y}, o) == EG_OK, "%s%s", eg_run_message(s), eg_message(eg));
    return s;
}

static void agrees(const char *name, eg_func *f)
{
    float x[N], want[N], got[N];
    size_t bytes = bytes_of(eg_result_spec(f, 0));
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int i = 0; i < N; i++) x[i] = (float)sign * (float)(i % 13) / 8;
        eg_state *s = run(f, x, want, &(eg_run_options){.interpret = true});
        for (int threads = 1; threads <= 3; threads++) {
            eg_state *t = run(f, x, got, &(eg_run_options){.threads = threads});
            ck_assert_msg(!memcmp(want, got, bytes), "%s: the result on %d threads", name, threads);
            for (int k = 0; k < VARS; k++)
                ck_assert_msg(!memcmp(eg_data(s, var[k]), eg_data(t, var[k]), sizeof x), "%s: %c on %d threads", name,
                              "ABC"[k], threads);
            eg_state_free(t);
        }
        eg_state_free(s);
    }
}

START_TEST(conds_change_variables_as_they_should)
{
    for (size_t k = 0; k < LEN(cases); k++) {
        eg_func *f = TRACE(cases[k].fn, eg_vector(EG_F32, N)), *loop = TRACE(cases[k].loop, eg_vector(EG_F32, N));
        agrees(cases[k].name, f);
        agrees(cases[k].name, loop);
        eg_func_free(f);
        eg_func_free(loop);
    }
}
END_TEST

/* Loops over all elements outside of the cond that write a variable: copies. */
static int copies(const egi_plan *p)
{
    int n = 0;
    for (int64_t k = 0; k < p->region[0].stages.n; k++) {
        const egi_stage *s = &p->region[0].stages.at[k];
        for (int64_t j = 0; j < s->stores.n; j++) n += p->buffers.at[s->stores.at[j].place.buffer].kind == EGI_BUF_VAR;
    }
    return n;
}

START_TEST(what_conds_change_in_place_is_not_copied)
{
    for (size_t k = 0; k < LEN(cases); k++) {
        eg_func *f = TRACE(cases[k].fn, eg_vector(EG_F32, N));
        egi_plan *p = egi_plan_new(f->graph, false);
        ck_assert_ptr_nonnull(p);
        ck_assert_msg(!copies(p) == cases[k].there, "%s: %d copies", cases[k].name, copies(p));
        egi_plan_free(p);
        eg_func_free(f);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cond_place");
    TCase *t = tcase_create("cond_place");
    tcase_add_checked_fixture(t, variables, teardown);
    tcase_add_test(t, conds_change_variables_as_they_should);
    tcase_add_test(t, what_conds_change_in_place_is_not_copied);
    suite_add_tcase(s, t);
    return test_run(s);
}
