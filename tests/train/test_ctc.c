/* Connectionist temporal classification against the sum over all alignments, one by one. */
#include <math.h>

#include "engram/losses.h"
#include "grad/grad.h"

enum { B = 3, T = 5, K = 3, MAX_N = 4 };

/* Sequences, and what is left out of them. */
typedef struct batch {
    int n; /* labels a row */
    int64_t blank;
    double logits[B * T * K];
    uint8_t frame_out[B * T], label_out[B * MAX_N];
    int32_t labels[B * MAX_N];
    bool probs, no_paddings;
} batch;

/* -- by hand ------------------------------------------------------------------------------------------------------ */

static double p_of(const batch *s, int b, int t, int k)
{
    const double *x = &s->logits[(b * T + t) * K];
    double sum = 0;
    for (int j = 0; j < K; j++) sum += exp(x[j] - x[k]);
    return 1 / sum;
}

/* Frames 0 .. end - 1 of sequence b, without those left out; how many. */
static int frames_of(const batch *s, int b, int end, int *at)
{
    int n = 0;
    for (int t = 0; t < end; t++) {
        if (s->no_paddings || !s->frame_out[b * T + t]) at[n++] = t;
    }
    return n;
}

static int labels_of(const batch *s, int b)
{
    int n = 0;
    while (n < s->n && (s->no_paddings || !s->label_out[b * s->n + n])) n++;
    return n;
}

/* Does the path collapse to the first n labels? */
static bool gives(const batch *s, int b, int n, const int *path, int frames)
{
    int given = 0;
    for (int t = 0; t < frames; t++) {
        if (path[t] == s->blank || (t > 0 && path[t] == path[t - 1])) continue;
        if (given == n || path[t] != s->labels[b * s->n + given]) return false;
        given++;
    }
    return given == n;
}

typedef enum ending { IN_BLANK = 1, IN_LABEL = 2 } ending;

/* Probability that the frames before `end` give the first n labels and end so. */
static double probability(const batch *s, int b, int end, int n, int endings)
{
    int at[T], path[T], frames = frames_of(s, b, end, at), paths = 1;
    double sum = 0;
    for (int k = 0; k < frames; k++) paths *= K;
    for (int which = 0; which < paths; which++) {
        double p = 1;
        for (int k = 0, rest = which; k < frames; k++, rest /= K) p *= p_of(s, b, at[k], path[k] = rest % K);
        bool blank = frames == 0 || path[frames - 1] == s->blank;
        if (gives(s, b, n, path, frames) && (endings & (blank ? IN_BLANK : IN_LABEL))) sum += p;
    }
    return sum;
}

/* -- batches ------------------------------------------------------------------------------------------------------ */

static batch make(int n, int64_t blank, double size, uint64_t seed)
{
    batch s = {.n = n, .blank = blank};
    for (int k = 0; k < B * T * K; k++) s.logits[k] = (float)number(seed + (uint64_t)k, -size, size);
    for (int b = 0; b < B; b++) {
        for (int k = 0; k < n; k++) s.labels[b * n + k] = (int32_t)((blank + 1 + (k * b + (int)seed) % 2) % K);
        s.frame_out[b * T + T - 1] = b == 1;
        s.frame_out[b * T + 1] = b == 2;
        for (int k = n - b; k < n; k++) {
            if (k < 0) continue;
            s.label_out[b * n + k] = 1;
            s.labels[b * n + k] = b == 1 ? -7 : 99; /* nobody looks at them */
        }
    }
    return s;
}

static eg_val captured(eg_dtype type, int width, const void *data)
{
    return eg_constant(eg_array_new(eg, eg_matrix(type, B, width), data));
}

static eg_val traced(void *user, eg_val logits)
{
    const batch *s = user;
    eg_ctc_options o = {.blank_id = s->blank};
    eg_val frames = s->no_paddings ? eg_nothing() : captured(EG_BOOL, T, s->frame_out);
    eg_val labels = captured(EG_I32, s->n, s->labels), left_out = eg_nothing();
    if (!s->no_paddings) left_out = eg_convert(captured(EG_BOOL, s->n, s->label_out), EG_F32);
    if (s->probs) return eg_ctc_loss_with_forward_probs(logits, frames, labels, left_out, &o);
    return eg_ctc_loss(logits, frames, labels, left_out, &o);
}

static eg_spec of_rank_3(eg_dtype type) { return (eg_spec){type, 3, {B, T, K}}; }

/* -- values ------------------------------------------------------------------------------------------------------- */

static void near_log(const char *what, double got, double p, double tolerance)
{
    if (p == 0)
        ck_assert_msg(got < -0.9e5 && isfinite(got), "%s: %g stands for log 0", what, got);
    else
        ck_assert_msg(fabs(got - log(p)) <= tolerance * fmax(1, fabs(log(p))), "%s: %.17g, not %.17g", what, got,
                      log(p));
}

static double at(eg_dtype type, const void *x, int k)
{
    return type == EG_F64 ? ((const double *)x)[k] : (double)((const float *)x)[k];
}

static void compare(batch *s, eg_dtype type)
{
    double loss[2][B], blank[2][T * B * (MAX_N + 1)], label[2][T * B * MAX_N], alone[B], tolerance = 1e-13;
    float in[B * T * K];
    eg_spec spec = of_rank_3(type);
    for (int k = 0; k < B * T * K; k++) in[k] = (float)s->logits[k];
    if (type == EG_F32) tolerance = 2e-6;
    const void *x = type == EG_F64 ? (const void *)s->logits : in;
    s->probs = true;
    eg_func *f = eg_trace(eg, "ctc", traced, s, 1, &spec);
    fine();
    for (int k = 0; k < 2; k++) eg_state_free(run_on_new(f, IN(x), (void *[]){loss[k], blank[k], label[k]}, k == 0));
    size_t size = eg_dtype_size(type);
    ck_assert(!memcmp(loss[0], loss[1], B * size));
    ck_assert(!memcmp(blank[0], blank[1], (size_t)(T * B * (s->n + 1)) * size));
    ck_assert(!memcmp(label[0], label[1], (size_t)(T * B * s->n) * size));
    s->probs = false;
    f = eg_trace(eg, "ctc", traced, s, 1, &spec);
    BOTH(f, IN(x), alone);
    ck_assert(!memcmp(loss[0], alone, B * size));
    for (int b = 0; b < B; b++) {
        int wanted = labels_of(s, b);
        near_log("loss", -at(type, loss[0], b), probability(s, b, T, wanted, IN_BLANK | IN_LABEL), tolerance);
        for (int t = 0; t < T; t++) {
            for (int n = 0; n <= wanted; n++) {
                double p = probability(s, b, t + 1, n, t == T - 1 ? IN_BLANK | IN_LABEL : IN_BLANK);
                near_log("blank", at(type, blank[0], (t * B + b) * (s->n + 1) + n), p, tolerance);
                if (n == wanted) continue;
                p = probability(s, b, t + 1, n + 1, IN_LABEL);
                near_log("label", at(type, label[0], (t * B + b) * s->n + n), p, tolerance);
            }
        }
    }
}

START_TEST(losses_are_sums_over_all_alignments)
{
    for (int n = 0; n <= MAX_N; n++) {
        for (int64_t blank = 0; blank < K; blank++) {
            batch s = make(n, blank, blank == 1 ? 20 : 2, (uint64_t)(7 * n + blank));
            compare(&s, EG_F64);
            compare(&s, EG_F32);
        }
    }
}
END_TEST

START_TEST(without_paddings_all_counts)
{
    batch s = make(2, 0, 1, 3);
    s.no_paddings = true;
    for (int k = 0; k < B * 2; k++) s.labels[k] = 1 + k % 2;
    compare(&s, EG_F64);
    for (int k = 0; k < B * 2; k++) s.labels[k] = 2; /* the same twice: a blank must lie between */
    compare(&s, EG_F64);
}
END_TEST

START_TEST(labels_that_cannot_be_are_seen)
{
    batch s = make(2, 1, 1, 3);
    const int32_t wrong[] = {1, -1, 3};
    eg_spec spec = of_rank_3(EG_F64);
    double out[B];
    for (int k = 0; k < 3; k++) {
        s.labels[1] = wrong[k];
        eg_func *f = eg_trace(eg, "ctc", traced, &s, 1, &spec);
        BOTH(f, IN(s.logits), out);
        ck_assert(isnan(out[0]) && isfinite(out[1]) && isfinite(out[2]));
    }
}
END_TEST

/* -- gradients ---------------------------------------------------------------------------------------------------- */

/* As probabilities, for logs of 0 are too large for differences. */
static eg_val probabilities(void *user, eg_val logits)
{
    eg_val all = traced(user, logits), p[3];
    for (int k = 0; k < 3; k++) p[k] = k ? eg_exp(eg_item(all, k)) : eg_item(all, k);
    return eg_tuple(eg, 3, p);
}

START_TEST(gradients_agree_with_differences)
{
    eg_spec spec = of_rank_3(EG_F64);
    for (uint64_t k = 0; k < 2; k++) {
        batch s = make(2, 0, 1, k);
        s.probs = k == 1;
        check_gradient("ctc", s.probs ? probabilities : traced, &s, 1, &spec, -2, 2);
    }
}
END_TEST

static eg_val summed(void *user, eg_val logits) { return eg_sum(traced(user, logits)); }

START_TEST(gradients_of_large_logits_and_too_few_frames_are_finite)
{
    eg_spec spec = of_rank_3(EG_F32);
    for (int n = 1; n <= MAX_N; n++) {
        batch s = make(n, 0, n == 2 ? 1e4 : 300, 5);
        float in[B * T * K], value, g[B * T * K];
        for (int k = 0; k < B * T * K; k++) in[k] = (float)s.logits[k];
        for (int k = 0; n == MAX_N && k < n; k++) s.labels[k] = 1; /* needs 7 frames */
        eg_func *df = eg_gradient(eg_trace(eg, "ctc", summed, &s, 1, &spec), NULL);
        fine();
        eg_state_free(run_on_new(df, IN(in), (void *[]){&value, g}, false));
        ck_assert(isfinite(value));
        for (int k = 0; k < B * T * K; k++) ck_assert_msg(isfinite(g[k]), "%d: %g", k, (double)g[k]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ctc");
    TCase *t = tcase_create("ctc");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 240);
    tcase_add_test(t, losses_are_sums_over_all_alignments);
    tcase_add_test(t, without_paddings_all_counts);
    tcase_add_test(t, labels_that_cannot_be_are_seen);
    tcase_add_test(t, gradients_agree_with_differences);
    tcase_add_test(t, gradients_of_large_logits_and_too_few_frames_are_finite);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
