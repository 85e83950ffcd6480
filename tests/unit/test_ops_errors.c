/* Every public operation with every kind of wrong operand, from one table: a new operation is one row. */
#include "ops_session.h"

typedef struct call {
    const char *name;
    eg_val (*call)(eg_val x); /* x: f32[3,3] when it is right */
} call;

static eg_csr *csr3;
static eg_delay *line3;
static session other_session; /* the foreign context */

/* A row of x when it is right, else x as it is. */
static eg_val vector(eg_val x) { return eg_spec_of(x).rank == 2 && !eg_error(eg) ? eg_row(x, 0) : x; }

#define ONE(op) {"eg_" #op, one_##op},
#define X(op, OP)                                                                                                      \
    static eg_val one_##op(eg_val x) { return (eg_##op)(x, EG_HERE); }
EG_UNARY_OPS(X)
X(square, )
#undef X
#define X(op, OP)                                                                                                      \
    static eg_val left_##op(eg_val x) { return (eg_##op)(x, eg_real(2), EG_HERE); }                                    \
    static eg_val right_##op(eg_val x) { return (eg_##op)(eg_int(2), x, EG_HERE); }
EG_BINARY_OPS(X)
#undef X
#define X(op)                                                                                                          \
    static eg_val one_##op(eg_val x) { return eg_##op(x, 0); }
EG_REDUCTIONS(X)
X(argmin)
X(argmax)
X(cumsum)
X(sort)
X(argsort)
X(new_axis)
X(flip)
#undef X
#define C(op, expression)                                                                                              \
    static eg_val one_##op(eg_val x) { return expression; }
#define MORE(C)                                                                                                        \
    C(fma, eg_fma(1, x, 2.0))                                                                                          \
    C(clip, eg_clip(1, 0, x))                                                                                          \
    C(where, eg_where(1, 0, x))                                                                                        \
    C(re, eg_re(x))                                                                                                    \
    C(im, eg_im(x))                                                                                                    \
    C(conj, eg_conj(x))                                                                                                \
    C(angle, eg_angle(x))                                                                                              \
    C(convert, eg_convert(x, EG_F64))                                                                                  \
    C(full, eg_full(eg, eg_scalar(EG_F32), egi_context_of(x) == eg && eg_spec_of(x).rank == 2 ? eg_sum(x) : x))        \
    C(one_hot, eg_one_hot(eg_spec_of(x).rank == 2 ? eg_convert(x, EG_I32) : x, 3, EG_F32))                             \
    C(broadcast, eg_broadcast(x, 2, 3, 3))                                                                             \
    C(reshape, eg_reshape(x, 9))                                                                                       \
    C(swap_axes, eg_swap_axes(x, 0, 0))                                                                                \
    C(transpose, eg_transpose(x))                                                                                      \
    C(roll, eg_roll(x, 1, 0))                                                                                          \
    C(pad, eg_pad(x, 0, 1, 1, 0))                                                                                      \
    C(concat, eg_concat(0, x, x))                                                                                      \
    C(stack, eg_stack(0, x, x))                                                                                        \
    C(slice, eg_slice(x, 0, 0, 2, 1))                                                                                  \
    C(slice_at, eg_slice_at(x, 0, 1, 2))                                                                               \
    C(row, eg_row(x, 1))                                                                                               \
    C(update_slice, eg_update_slice(x, 1, 0, 0))                                                                       \
    C(update_row, eg_update_row(x, 0, 1))                                                                              \
    C(gather, eg_gather(x, 1, 0))                                                                                      \
    C(scatter_add, eg_scatter_add(x, 1, 1))                                                                            \
    C(dot, eg_dot(x, x))                                                                                               \
    C(outer, eg_outer(vector(x), vector(x)))                                                                           \
    C(event, eg_event(csr3, vector(x), 1))                                                                             \
    C(event_add, eg_event_add(0, csr3, vector(x), 1))                                                                  \
    C(event_transposed, eg_event_transposed(csr3, vector(x), 1))                                                       \
    C(delay_read, eg_delay_read(line3, eg_spec_of(x).rank == 2 ? eg_int(1) : x))
MORE(C)
#undef C

/* clang-format off: it would indent the rows like a staircase */
static const call calls[] = {
#define X(op, OP) ONE(op)
    EG_UNARY_OPS(X) X(square, )
#undef X
#define X(op) ONE(op)
        EG_REDUCTIONS(X) X(argmin) X(argmax) X(cumsum) X(sort) X(argsort) X(new_axis) X(flip)
#undef X
#define C(op, expression) ONE(op)
            MORE(C)
#undef C
#define X(op, OP) {"eg_" #op, left_##op}, {"eg_" #op, right_##op},
                EG_BINARY_OPS(X)
#undef X
};
/* clang-format on */

static bool integers_only(const char *name)
{
    static const char *const names[] = {"eg_not", "eg_and", "eg_or", "eg_xor", "eg_shl", "eg_shr"};
    for (size_t k = 0; k < EGI_LEN(names); k++) {
        if (!strcmp(name, names[k])) return true;
    }
    return false;
}

START_TEST(every_operation_reports_wrong_values_and_takes_right_ones)
{
    static const int64_t indptr[] = {0, 1, 2, 3};
    static const int32_t indices[] = {0, 1, 2};
    eg_val stale = arg(eg_matrix(EG_F32, 3, 3), "old");
    start(&other_session, NULL);
    trace_begin(&other_session);
    eg_val foreign = arg_in(&other_session, eg_matrix(EG_F32, 3, 3), "theirs");
    trace_end(&main_session);
    trace_begin(&main_session);
    g = main_session.trace.g;
    csr3 = eg_csr_new(eg, 3, 3, indptr, indices);
    line3 = eg_delay_new(eg, "line", eg_scalar(EG_F32), 2);
    eg_val good = arg(eg_matrix(EG_F32, 3, 3), "x"), tuple = eg_tuple(eg, 2, ((eg_val[]){good, good}));
    eg_val wild = {good.of, good.generation, 1u << 30};
    const struct {
        const char *what, *word;
        eg_val v;
    } bad[] = {{"stale", "ended", stale}, {"wild", "ended", wild}, {"tuple", "eg_item", tuple}};
    for (size_t k = 0; k < EGI_LEN(calls); k++) {
        const call *c = &calls[k];
        for (size_t b = 0; b < EGI_LEN(bad); b++) {
            eg_val v = c->call(bad[b].v);
            ck_assert_msg(!v.of, "%s takes a %s value", c->name, bad[b].what);
            ck_assert_msg(eg_error(eg) != EG_OK, "%s of a %s value: no error", c->name, bad[b].what);
            ck_assert_msg(strstr(eg_message(eg), c->name) && strstr(eg_message(eg), "test_ops_errors.c:") &&
                              strstr(eg_message(eg), bad[b].word),
                          "%s of a %s value: %s", c->name, bad[b].what, eg_message(eg));
            eg_clear_error(eg);
        }
        ck_assert_msg(!c->call(eg_nothing()).of, "%s of nothing", c->name);
        eg_clear_error(eg);
        eg_val r = c->call(good);
        if (integers_only(c->name))
            SAYS(r, EG_ERR_TYPE, c->name, "eg_convert");
        else
            ck_assert_msg(r.of && !eg_error(eg), "%s: %s", c->name, eg_message(eg));
        /* a sticky error: nothing happens, and the first message stays */
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "first");
        ck_assert_msg(!c->call(good).of, "%s goes on after an error", c->name);
        ck_assert_str_eq(eg_message(eg), "first");
        eg_clear_error(eg);
    }
    ck_assert_msg(egi_verify(g, "test"), "%s", eg_message(eg));
    SAYS(eg_add(good, foreign), EG_ERR_SCOPE, "eg_add", "another context");
    SAYS(eg_add(good, eg_nothing()), EG_ERR_ARGUMENT, "eg_add", "nothing");
    SAYS(eg_event(csr3, foreign, 1), EG_ERR_SCOPE, "eg_event", "another context");
    SAYS(eg_full(eg, eg_scalar(EG_F32), foreign), EG_ERR_SCOPE, "eg_full", "another context");
    trace_end(&other_session);
    SAYS(eg_stack(0, good, foreign), EG_ERR_SCOPE, "eg_stack", "another context");
    eg_close(other_session.eg);
}
END_TEST

START_TEST(null_and_nothing_are_survived)
{
    ck_assert(!eg_zeros(NULL, eg_scalar(EG_F32)).of);
    ck_assert(!eg_iota(NULL, 3, EG_F32).of);
    ck_assert(!eg_full(NULL, eg_scalar(EG_F32), 1).of);
    ck_assert(!eg_event(NULL, 1, 1).of);
    ck_assert(!eg_concat_n(0, 2, NULL).of);
    ck_assert(!eg_delay_read(NULL, 0).of);
    ck_assert_ptr_null(eg_delay_new(NULL, "d", eg_scalar(EG_F32), 1));
    ck_assert_ptr_null(eg_delay_ring(NULL));
    ck_assert_ptr_null(eg_delay_head(NULL));
    eg_delay_push(NULL, 1);
    eg_csr *c = eg_csr_new(eg, 1, 1, ((int64_t[]){0, 1}), &(int32_t){0});
    eg_delay *d = eg_delay_new(eg, "d", eg_scalar(EG_F32), 1);
    trace_end(&main_session);
    SAYS(eg_zeros(eg, eg_scalar(EG_F32)), EG_ERR_STATE, "eg_zeros", "traced");
    SAYS(eg_event(c, 1, 1), EG_ERR_STATE, "eg_event", "traced");
    SAYS(eg_delay_read(d, 0), EG_ERR_STATE, "eg_delay_read", "traced");
    eg_delay_push(d, 1);
    ck_assert_int_eq(eg_error(eg), EG_ERR_STATE);
    eg_clear_error(eg);
    trace_begin(&main_session);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ops_errors");
    TCase *tcase = tcase_create("ops_errors");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_operation_reports_wrong_values_and_takes_right_ones);
    tcase_add_test(tcase, null_and_nothing_are_survived);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
