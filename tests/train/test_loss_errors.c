/* Losses by name, and what is wrong with calls: named, with shapes, and with the user's line. */
#include "engram/losses.h"

#include <math.h>

#include "support/faulty.h"
#include "unit/session.h"

#define P eg_item(x, 0) /* f32[4,3] */
#define T eg_item(x, 1) /* f32[4] */
#define I eg_item(x, 2) /* i64[4] */
#define L eg_item(x, 3) /* f64[2,5,3] */
#define BOTH_OF(a, b) eg_tuple(eg, 2, (const eg_val[]){a, b})
#define LABELS zeros(2, 2)

static eg_val stale; /* of a trace that has ended */
static eg_val zeros(int64_t m, int64_t n) { return eg_zeros(eg, eg_matrix(EG_I32, m, n)); }

/* X(status, call, words of the message) */
#define WRONG(X)                                                                                                       \
    X(TYPE, eg_l2_loss(I, T), "eg_l2_loss: predicts is i64[4]; it must be f32 or f64")                                 \
    X(SHAPE, eg_l2_loss(P, T), "eg_l2_loss: predicts is f32[4,3], targets f32[4]; give them one shape")                \
    X(SHAPE, eg_mean_squared_error(T, eg_new_axis(T, 1)),                                                              \
      "eg_mean_squared_error: predicts is f32[4], targets f32[4,1]")                                                   \
    X(SHAPE, eg_l1_loss(P, T, 0), "eg_l1_loss: predicts is f32[4,3]")                                                  \
    X(SHAPE, eg_log_cosh_loss(P, T), "eg_log_cosh_loss")                                                               \
    X(SHAPE, eg_mean_squared_log_error(P, T), "eg_mean_squared_log_error")                                             \
    X(SHAPE, eg_mean_absolute_error(P, T), "eg_mean_absolute_error")                                                   \
    X(SHAPE, eg_cross_entropy_sigmoid(P, T), "eg_cross_entropy_sigmoid")                                               \
    X(SHAPE, eg_binary_logistic_loss(P, T), "eg_binary_logistic_loss")                                                 \
    X(SHAPE, eg_sigmoid_binary_cross_entropy(P, T), "eg_sigmoid_binary_cross_entropy")                                 \
    X(SHAPE, eg_mean_squared_error(P, P, 2), "eg_mean_squared_error: axis 2 of a value of rank 2; use -2 to 1")        \
    X(SHAPE, eg_mean_square(P, 0, -2), "eg_mean_square: axis -2 is given twice")                                       \
    X(ARGUMENT, (eg_mean_absolute)(P, -1, NULL, EG_HERE), "eg_mean_absolute: -1 axes")                                 \
    X(ARGUMENT, eg_huber_loss(P, P, -0.5), "eg_huber_loss: delta is -0.5; use a number above 0")                       \
    X(ARGUMENT, eg_huber_loss(P, P, NAN), "delta is")                                                                  \
    X(ARGUMENT, eg_l1_loss(P, P, 7), "eg_l1_loss: reduction is 7")                                                     \
    X(ARGUMENT, eg_cross_entropy_loss(P, I, &(eg_cross_entropy_options){.reduction = 9}), "reduction is 9")            \
    X(ARGUMENT, eg_l2_loss(1.5, P), "eg_l2_loss: predicts is a plain number")                                          \
    X(ARGUMENT, eg_l2_loss(1.5, 2), "eg_l2_loss: predicts is a plain number")                                          \
    X(ARGUMENT, eg_l2_loss(P, eg_nothing()), "eg_l2_loss: targets is nothing")                                         \
    X(ARGUMENT, eg_l2_loss(eg_nothing(), P), "eg_l2_loss: predicts is nothing")                                        \
    X(TYPE, eg_cross_entropy_loss(P, T, NULL), "targets is f32[4]; class indices must be i32, u32 or i64")             \
    X(SHAPE, eg_cross_entropy_loss(P, eg_new_axis(T, 1), NULL), "predicts is f32[4,3], targets f32[4,1]; give an")     \
    X(SHAPE, eg_cross_entropy_loss(eg_new_axis(T, 1), eg_new_axis(I, 1), NULL),                                        \
      "predicts is f32[4,1], targets i64[4,1]: indices or probabilities?")                                             \
    X(TYPE, eg_cross_entropy_loss(P, 1.5, NULL), "eg_cross_entropy_loss: targets is f64; class indices must be")       \
    X(SHAPE, eg_cross_entropy_loss(P, eg_slice(eg_new_axis(I, 1), 0, 1, 4, 1), NULL), "targets i64[3,1]; class")       \
    X(ARGUMENT, eg_cross_entropy_loss(P, I, WEIGHT(stale)), "weight is nothing, or a value of a trace that has ended") \
    X(ARGUMENT, eg_ctc_loss(L, stale, LABELS, NONE, NULL), "logit_paddings is nothing, or a value of a trace that")    \
    X(ARGUMENT, eg_ctc_loss(L, NONE, LABELS, stale, NULL), "label_paddings is nothing, or a value of a trace that")    \
    X(SHAPE, eg_cross_entropy_loss(P, eg_slice(I, 0, 1, 4, 1), NULL), "targets i64[3]; class indices have the shape")  \
    X(SHAPE, eg_cross_entropy_loss(P, I, WEIGHT(T)), "eg_cross_entropy_loss: weight is f32[4], predicts f32[4,3]")     \
    X(TYPE, eg_cross_entropy_loss(P, I, WEIGHT(eg_slice(I, 0, 0, 3, 1))), "weight is i64[3]; it must be f32 or f64")   \
    X(SHAPE, eg_cross_entropy_loss(eg_sum(P), I, NULL), "predicts is f32; its last axis must be that of the classes")  \
    X(TYPE, eg_cross_entropy_sparse(P, 1.5), "eg_cross_entropy_sparse: targets is f64; class indices")                 \
    X(SHAPE, eg_cross_entropy_sparse(P, eg_slice(I, 0, 1, 3, 1)), "targets i64[2]")                                    \
    X(SHAPE, eg_multiclass_logistic_loss(P, I), "eg_multiclass_logistic_loss: predicts is f32[4,3]; give one row")     \
    X(SHAPE, eg_softmax_cross_entropy(P, I), "eg_softmax_cross_entropy: predicts is f32[4,3], targets i64[4]; give a") \
    X(ARGUMENT, eg_l2_loss(BOTH_OF(P, P), P),                                                                          \
      "eg_l2_loss: predicts has 2 parts, targets 1; give tuples of one structure")                                     \
    X(ARGUMENT, eg_l2_loss(P, x), "predicts has 1 parts, targets 4")                                                   \
    X(SHAPE, eg_l2_loss(BOTH_OF(P, T), BOTH_OF(P, T)), "eg_l2_loss: the loss of part 1 of the tuple is f32[4], of")    \
    X(TYPE, eg_l2_norm(x), "eg_l2_norm: x is i64[4]; it must be f32 or f64")                                           \
    X(TYPE, eg_mean_square(I), "eg_mean_square: x is i64[4]")                                                          \
    X(ARGUMENT, eg_log_cosh(2), "eg_log_cosh: x is a plain number")                                                    \
    X(ARGUMENT, eg_smooth_labels(P, 1.5), "eg_smooth_labels: alpha is 1.5; use a number in 0 .. 1")                    \
    X(SHAPE, eg_smooth_labels(eg_sum(P), 0.1), "eg_smooth_labels: x is a scalar")                                      \
    X(SHAPE, eg_ctc_loss(P, NONE, LABELS, NONE, NULL), "eg_ctc_loss: logits is f32[4,3]; give [sequences, frames")     \
    X(TYPE, eg_ctc_loss(L, NONE, eg_convert(LABELS, EG_F32), NONE, NULL), "eg_ctc_loss: labels is f32[2,2]; class")    \
    X(SHAPE, eg_ctc_loss(L, NONE, I, NONE, NULL), "labels is i64[4], logits f64[2,5,3]; it must be i64[2,0]")          \
    X(SHAPE, eg_ctc_loss(L, NONE, zeros(3, 2), NONE, NULL), "labels is i32[3,2]")                                      \
    X(SHAPE, eg_ctc_loss(L, LABELS, LABELS, NONE, NULL), "logit_paddings is i32[2,2], logits f64[2,5,3]")              \
    X(SHAPE, eg_ctc_loss(L, NONE, LABELS, T, NULL), "label_paddings is f32[4]")                                        \
    X(ARGUMENT, eg_ctc_loss(L, NONE, LABELS, NONE, &(eg_ctc_options){.blank_id = 3}), "blank_id is 3; logits")         \
    X(ARGUMENT, eg_ctc_loss(L, NONE, LABELS, NONE, &(eg_ctc_options){.log_epsilon = 1}), "log_epsilon is 1")           \
    X(SHAPE, eg_ctc_loss_with_forward_probs(P, NONE, LABELS, NONE, NULL), "eg_ctc_loss_with_forward_probs: logits")

#define NONE eg_nothing()
#define WEIGHT(w) (&(eg_cross_entropy_options){.weight = w})

static eg_val wrong_calls(void *user, eg_val x)
{
    (void)user;
#define X(status, call, ...)                                                                                           \
    {                                                                                                                  \
        char line[32];                                                                                                 \
        snprintf(line, sizeof line, "test_loss_errors.c:%d", __LINE__);                                                \
        eg_val v = call;                                                                                               \
        ck_assert_msg(eg_tuple_size(v) == 0, "%s", #call);                                                             \
        SAYS(EG_ERR_##status, __VA_ARGS__, line);                                                                      \
    }
    WRONG(X)
#undef X
    return P;
}

static const eg_spec specs[] = {{EG_F32, 2, {4, 3}}, {EG_F32, 1, {4}}, {EG_I64, 1, {4}}, {EG_F64, 3, {2, 5, 3}}};

static eg_val keep_stale(void *user, eg_val x) { return (void)user, stale = x; }

START_TEST(wrong_calls_are_named)
{
    ck_assert_ptr_nonnull(eg_trace(eg, "stale", keep_stale, NULL, 1, specs));
    ck_assert_ptr_nonnull(eg_trace(eg, "wrong", wrong_calls, NULL, 4, specs));
    fine();
}
END_TEST

START_TEST(values_outside_of_their_trace_are_errors)
{
    ck_assert_ptr_nonnull(eg_trace(eg, "stale", keep_stale, NULL, 1, specs));
    ck_assert_int_eq(eg_tuple_size(eg_l2_loss(stale, 1)), 0);
    SAYS(EG_ERR_ARGUMENT, "eg_l2_loss: predicts is nothing, or a value of a trace that has ended");
    ck_assert_int_eq(eg_tuple_size(eg_l2_loss(1, 2)), 0); /* no context to tell it to */
    ck_assert_int_eq(eg_tuple_size(eg_l2_norm(eg_nothing())), 0);
    ck_assert_int_eq(eg_tuple_size(eg_ctc_loss(NONE, NONE, NONE, NONE, NULL)), 0);
    fine();
}
END_TEST

static eg_val contexts(void *user, eg_val x)
{
    (void)user;
    ck_assert_ptr_eq(eg_context_of(x), eg);
    ck_assert_ptr_eq(eg_context_of(eg_real(1)), eg);
    ck_assert_ptr_eq(eg_context_of(eg_nothing()), eg);
    return x;
}

START_TEST(values_know_their_context)
{
    ck_assert_ptr_nonnull(eg_trace(eg, "contexts", contexts, NULL, 1, specs));
    ck_assert_ptr_null(eg_context_of(eg_int(1)));
    ck_assert_ptr_null(eg_context_of(eg_nothing()));
}
END_TEST

static eg_val several(void *user, eg_val x)
{
    eg_context *eg_here = user;
    eg_val i = eg_cross_entropy_loss(P, I, WEIGHT(eg_slice(T, 0, 0, 3, 1)));
    eg_val pair = eg_tuple(eg_here, 2, (const eg_val[]){P, T});
    eg_val ctc = eg_ctc_loss(L, NONE, eg_zeros(eg_here, eg_matrix(EG_I32, 2, 2)), NONE, NULL);
    eg_val all[] = {i, eg_l1_loss(pair, pair, 0), eg_l2_norm(pair), eg_smooth_labels(pair, 0.5), ctc};
    return eg_tuple(eg_here, 5, all);
}

static bool traces(eg_context *of) { return eg_trace(of, "several", several, of, 4, specs) != NULL; }

START_TEST(memory_may_end_at_any_time) { faulty_every(traces); }
END_TEST

/* -- by name ------------------------------------------------------------------------------------------------------ */

#define NAMES(X)                                                                                                       \
    X(cross_entropy_loss, eg_cross_entropy_loss(P, I, NULL), I)                                                        \
    X(cross_entropy_sparse, eg_cross_entropy_sparse(P, I), I)                                                          \
    X(cross_entropy_sigmoid, eg_cross_entropy_sigmoid(P, Q), Q)                                                        \
    X(l1_loss, eg_l1_loss(P, Q, EG_REDUCTION_SUM), Q)                                                                  \
    X(l1_loos, eg_l1_loss(P, Q, EG_REDUCTION_SUM), Q)                                                                  \
    X(l2_loss, eg_l2_loss(P, Q), Q)                                                                                    \
    X(huber_loss, eg_huber_loss(P, Q, 1), Q)                                                                           \
    X(mean_absolute_error, eg_mean_absolute_error(P, Q), Q)                                                            \
    X(mean_squared_error, eg_mean_squared_error(P, Q), Q)                                                              \
    X(mean_squared_log_error, eg_mean_squared_log_error(P, Q), Q)                                                      \
    X(binary_logistic_loss, eg_binary_logistic_loss(P, Q), Q)                                                          \
    X(sigmoid_binary_cross_entropy, eg_sigmoid_binary_cross_entropy(P, Q), Q)                                          \
    X(softmax_cross_entropy, eg_softmax_cross_entropy(P, Q), Q)                                                        \
    X(log_cosh_loss, eg_log_cosh_loss(P, Q), Q)
#define Q eg_exp(P)

/* The largest difference of any of them from the call itself. */
static eg_val differences(void *user, eg_val x)
{
    eg_val most = eg_real(0);
    (void)user;
#define X(name, direct, targets)                                                                                       \
    {                                                                                                                  \
        eg_loss_fn loss = eg_loss_by_name(eg, #name);                                                                  \
        fine();                                                                                                        \
        most = eg_max(most, eg_amax(eg_abs(eg_sub(loss(P, targets, EG_HERE), direct))));                               \
    }
    NAMES(X)
#undef X
    ck_assert(eg_loss_by_name(eg, "multiclass_logistic_loss") != NULL);
    return most;
}

START_TEST(names_give_the_losses)
{
    float p[12] = {0.5f, 1, -2, 3, 0, 0.25f}, t[4] = {0}, out = 1;
    int64_t i[4] = {0, 1, 2, 1};
    eg_func *f = eg_trace(eg, "differences", differences, NULL, 3, specs);
    fine();
    BOTH(f, IN(p, t, i), &out);
    ck_assert_float_eq(out, 0);
}
END_TEST

START_TEST(other_names_list_what_there_is)
{
    ck_assert(eg_loss_by_name(eg, "mse") == NULL);
    SAYS(EG_ERR_ARGUMENT, "eg_loss_by_name: no loss is called 'mse'; there are cross_entropy_loss, ",
         "multiclass_logistic_loss, ", "log_cosh_loss (", "test_loss_errors.c:");
    ck_assert(eg_loss_by_name(eg, NULL) == NULL);
    SAYS(EG_ERR_ARGUMENT, "no loss is called '(NULL)'");
    ck_assert(eg_loss_by_name(NULL, "mse") == NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loss_errors");
    TCase *t = tcase_create("loss_errors");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, wrong_calls_are_named);
    tcase_add_test(t, values_outside_of_their_trace_are_errors);
    tcase_add_test(t, values_know_their_context);
    tcase_add_test(t, memory_may_end_at_any_time);
    tcase_add_test(t, names_give_the_losses);
    tcase_add_test(t, other_names_list_what_there_is);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
