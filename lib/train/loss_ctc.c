/* Connectionist temporal classification.
 *
 * Graves et al., 2006, section 4.1, in logarithms.  After each frame, `blank` [B, N + 1] holds of every number of
 * labels given so far the log probability that the frame was a blank, `label` [B, N] that it was the last of them. */
#include <math.h>

#include "loss.h"

/* What all frames share. */
typedef struct ctc {
    const loss *at;
    eg_spec logits;     /* [B, T, K] */
    int64_t num_labels; /* N */
    int64_t blank_id;
    double log_epsilon;
    bool probs;        /* keep what every frame gives */
    eg_val repeated;   /* bool [B, N]: the label is the one before it again */
    eg_val num_wanted; /* i32 [B, 1]: labels that are not left out */
    eg_val bad;        /* bool [B]: a label that cannot be */
} ctc;

/* log(exp(a) + exp(b)), each of which may be log 0 = -infinity, in two ways that are equal as functions:
 * a + softplus(b - a) and the same with a and b exchanged.  So all derivatives of either are right, also where a = b;
 * the one with the larger number in front keeps the digits. */
static eg_val log_add(const loss *at, eg_val a, eg_val b)
{
    eg_val never = eg_and(eg_eq(a, -INFINITY), eg_eq(b, -INFINITY)), swap = eg_lt(a, b);
    eg_val most = eg_where(never, 0, eg_where(swap, b, a)), least = eg_where(swap, a, b);
    return eg_where(never, -INFINITY, eg_add(most, eg_softplus(eg_sub(least, most))));
}

static eg_val first_column(const loss *at, eg_val x) { return eg_slice(x, 1, 0, 1, 1); }

/* n labels given, whatever the frame was. */
static eg_val either(const loss *at, eg_val blank, eg_val label)
{
    return eg_concat(1, first_column(at, blank), log_add(at, eg_slice(blank, 1, 1, EG_END, 1), label));
}

/* One frame: (i, (blank, label), (log p of the blank, of the labels, left out)).  A label comes after itself, and after
 * all that gave one label less; but if that was the same label, only with a blank between. */
static eg_val frame(void *user, eg_val x)
{
    const ctc *c = user;
    const loss *at = c->at;
    eg_val carry = eg_item(x, 1), row = eg_item(x, 2), left_out = eg_item(row, 2);
    eg_val blank = eg_item(carry, 0), label = eg_item(carry, 1), given = either(at, blank, label);
    eg_val before =
        eg_where(c->repeated, eg_slice(blank, 1, 0, c->num_labels, 1), eg_slice(given, 1, 0, c->num_labels, 1));
    eg_val next[2] = {eg_add(given, eg_item(row, 0)), eg_add(log_add(at, label, before), eg_item(row, 1))};
    next[0] = eg_where(left_out, blank, next[0]);
    next[1] = eg_where(left_out, label, next[1]);
    eg_val both = eg_tuple(at->eg, 2, next);
    return eg_tuple(at->eg, 2, (const eg_val[]){both, c->probs ? both : eg_nothing()});
}

/* -- what the frames read ----------------------------------------------------------------------------------------- */

/* log p of the labels in every frame, [T, B, N].  Labels are moved inside first: what is outside is found by `bad`. */
static eg_val log_p_of_labels(const ctc *c, eg_val log_p, eg_val labels)
{
    const loss *at = c->at;
    int64_t B = c->logits.dim[0], T = c->logits.dim[1], K = c->logits.dim[2];
    eg_val rows = eg_reshape(eg_transpose(log_p, 1, 0, 2), T, B * K);
    eg_val at_row = eg_mul(eg_new_axis(eg_iota(at->eg, B, EG_I64), 1), K);
    return eg_gather(rows, eg_add(eg_clip(labels, 0, K - 1), at_row), 1);
}

/* Not 0, of shape [B, width]; nothing: nowhere. */
static eg_val padding(const ctc *c, eg_val x, int64_t width)
{
    const loss *at = c->at;
    if (eg_tuple_size(x) > 0) return eg_convert(x, EG_BOOL);
    return eg_zeros(at->eg, eg_matrix(EG_BOOL, c->logits.dim[0], width));
}

static void read_labels(ctc *c, eg_val labels, eg_val left_out)
{
    const loss *at = c->at;
    eg_val same = eg_eq(eg_slice(labels, 1, 1, EG_END, 1), eg_slice(labels, 1, 0, -1, 1));
    c->repeated = c->num_labels > 0 ? eg_pad(same, 1, 1, 0, 0) : eg_zeros(at->eg, eg_spec_of(labels));
    c->num_wanted = eg_sum_axes(eg_not(left_out), 1, (const int[]){1}, true);
    eg_val outside = eg_or(eg_lt(labels, 0), eg_ge(labels, c->logits.dim[2]));
    eg_val wrong = eg_or(outside, eg_eq(labels, c->blank_id));
    c->bad = eg_any(eg_and(wrong, eg_not(left_out)), 1);
}

/* -- the loss ----------------------------------------------------------------------------------------------------- */

/* Nothing is given before the first frame, with certainty: all else has log p = -infinity. */
static eg_val start(const ctc *c)
{
    const loss *at = c->at;
    eg_spec s = eg_matrix(c->logits.dtype, c->logits.dim[0], c->num_labels);
    eg_val none = eg_full(at->eg, s, -INFINITY);
    return eg_tuple(at->eg, 2, (const eg_val[]){eg_pad(none, 1, 1, 0, 0), none});
}

/* What stands for log 0 in its place. */
static eg_val or_epsilon(const ctc *c, eg_val x)
{
    const loss *at = c->at;
    return eg_where(eg_eq(x, -INFINITY), c->log_epsilon, x);
}

/* Of the sequences whose labels are all given, and NaN where they cannot be. */
static eg_val loss_of_end(const ctc *c, eg_val given)
{
    const loss *at = c->at;
    eg_val here = eg_eq(eg_iota(at->eg, c->num_labels + 1, EG_I32), c->num_wanted);
    eg_val log_p = or_epsilon(c, eg_sum(eg_where(here, given, 0), 1));
    return eg_where(c->bad, NAN, eg_sub(0, log_p));
}

/* The loss, or with `probs` the tuple; all arguments are right. */
static eg_val run(ctc *c, eg_val logits, eg_val logit_paddings, eg_val labels, eg_val label_paddings)
{
    const loss *at = c->at;
    int64_t T = c->logits.dim[1];
    labels = eg_convert(labels, EG_I64);
    read_labels(c, labels, padding(c, label_paddings, c->num_labels));
    eg_val frames_out = padding(c, logit_paddings, T); /* their logits, whatever they are, have no gradient */
    eg_val log_p = loss_log_softmax(at, eg_where(eg_new_axis(frames_out, 2), 0, logits));
    eg_val log_p_blank = eg_transpose(eg_slice(log_p, 2, c->blank_id, c->blank_id + 1, 1), 1, 0, 2);
    eg_val left_out = eg_new_axis(eg_transpose(frames_out, 1, 0), 2);
    eg_val rows[] = {log_p_blank, log_p_of_labels(c, log_p, labels), left_out};
    eg_val end = eg_loop(at->eg, T, frame, c, start(c), eg_tuple(at->eg, 3, rows));
    eg_val last = eg_item(end, 0), given = either(at, eg_item(last, 0), eg_item(last, 1));
    eg_val result = loss_of_end(c, given);
    if (!c->probs) return result;
    eg_val all = eg_item(end, 1);
    eg_val blank = eg_update_row(eg_item(all, 0), T - 1, given);
    eg_val parts[] = {result, or_epsilon(c, blank), or_epsilon(c, eg_item(all, 1))};
    return eg_tuple(at->eg, 3, parts);
}

/* -- checks ------------------------------------------------------------------------------------------------------- */

static bool matrix_fits(const ctc *c, const char *what, eg_val x, int64_t width)
{
    eg_spec s = eg_spec_of(x), want = eg_matrix(s.dtype, c->logits.dim[0], width);
    if (!loss_traced(c->at, what, x)) return false;
    if (loss_equal(s, want)) return true;
    loss_fail(c->at, EG_ERR_SHAPE, "%s is %s, logits %s; it must be %s", what, loss_spec(s).s, loss_spec(c->logits).s,
              loss_spec(want).s);
    return false;
}

static bool check_options(const ctc *c)
{
    const loss *at = c->at;
    if (c->blank_id < 0 || c->blank_id >= c->logits.dim[2])
        loss_fail(at, EG_ERR_ARGUMENT, "blank_id is %lld; logits %s have the classes 0 to %lld", (long long)c->blank_id,
                  loss_spec(c->logits).s, (long long)c->logits.dim[2] - 1);
    else if (!(c->log_epsilon < 0 && isfinite(c->log_epsilon)))
        loss_fail(at, EG_ERR_ARGUMENT, "log_epsilon is %g; use a number far below 0", c->log_epsilon);
    return !eg_error(at->eg);
}

static bool check(ctc *c, eg_val logits, eg_val logit_paddings, eg_val labels, eg_val label_paddings)
{
    const loss *at = c->at;
    if (!loss_float(at, "logits", logits) || !loss_traced(at, "labels", labels) || !loss_integers(at, "labels", labels))
        return false;
    eg_spec s = c->logits = eg_spec_of(logits), l = eg_spec_of(labels);
    if (s.rank != 3 || s.dim[1] < 1 || s.dim[2] < 1) {
        loss_fail(at, EG_ERR_SHAPE, "logits is %s; give [sequences, frames, classes], at least one frame and class",
                  loss_spec(s).s);
        return false;
    }
    c->num_labels = l.rank == 2 ? l.dim[1] : 0;
    if (!matrix_fits(c, "labels", labels, c->num_labels) || !check_options(c)) return false;
    if (!loss_absent(logit_paddings) && !matrix_fits(c, "logit_paddings", logit_paddings, s.dim[1])) return false;
    return loss_absent(label_paddings) || matrix_fits(c, "label_paddings", label_paddings, c->num_labels);
}

static eg_val ctc_loss(const loss *at, bool probs, eg_val logits, eg_val logit_paddings, eg_val labels,
                       eg_val label_paddings, const eg_ctc_options *o)
{
    ctc c = {.at = at, .probs = probs, .blank_id = o ? o->blank_id : 0, .log_epsilon = o ? o->log_epsilon : 0};
    if (c.log_epsilon == 0) c.log_epsilon = -1e5;
    if (!check(&c, logits, logit_paddings, labels, label_paddings)) return eg_nothing();
    return run(&c, logits, logit_paddings, labels, label_paddings);
}

eg_val(eg_ctc_loss)(eg_val logits, eg_val logit_paddings, eg_val labels, eg_val label_paddings,
                    const eg_ctc_options *options, const char *file, int line)
{
    loss at;
    if (!loss_begin(&at, "eg_ctc_loss", logits, file, line)) return eg_nothing();
    return ctc_loss(&at, false, logits, logit_paddings, labels, label_paddings, options);
}

eg_val(eg_ctc_loss_with_forward_probs)(eg_val logits, eg_val logit_paddings, eg_val labels, eg_val label_paddings,
                                       const eg_ctc_options *options, const char *file, int line)
{
    loss at;
    if (!loss_begin(&at, "eg_ctc_loss_with_forward_probs", logits, file, line)) return eg_nothing();
    return ctc_loss(&at, true, logits, logit_paddings, labels, label_paddings, options);
}
